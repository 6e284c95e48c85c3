"""Ways around the doors of citizens that were tried once: each stays shut."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from access import jobs
from access.call import Call, system
from access.rights import Role, Scope
from core.errors import Conflict, Forbidden, Invalid, RateLimited
from core.ids import uuid7
from identity import consent_answers, contacts, witnesses
from identity.numbers import Idcs
from identity.sessions import Form
from tests.access.enrolled import NOW
from tests.access.signing import call_of
from tests.identity.asking import Fund
from tests.identity.registered import CASABLANCA, ISSUER, MINUTE, Register, at_the_door, staff_call
from tests.identity.test_assisted import Centre


async def changing(register: Register, idcs: Idcs) -> tuple[UUID, UUID]:
    """The person and the change that an agent at a centre has begun."""
    agent = await register.staff(Role.CENTRE_AGENT, division=CASABLANCA)
    call = staff_call(agent, f"CENTRE_AGENT {CASABLANCA}")

    async def change(connection: Any, reading: Any) -> Any:
        return await contacts.change_telephone(connection, call, reading, idcs=idcs.text, telephone="0612345678", issuer=ISSUER)

    found: tuple[UUID, UUID] = await register.change(change, call)
    return found


async def test_whoever_is_helped_to_see_who_looked_shows_no_consents_and_stops_no_change(register: Register) -> None:
    amina = await register.person()
    await (await Fund.of(register)).granted(amina)
    _, change = await changing(register, amina.idcs)
    call = await register.call_of(await (await Centre.of(register)).beside(amina, Form.ACCESSES))
    with pytest.raises(Forbidden):
        await register.read(lambda r: consent_answers.consents(r, call), call)
    with pytest.raises(Forbidden):
        await register.transact(lambda c: contacts.stop_change(c, call, register.keys, change=change))


async def test_a_code_sent_to_the_old_telephone_opens_nothing_once_the_new_one_counts(register: Register) -> None:
    amina = await register.person()
    person, change = await changing(register, amina.idcs)
    due = NOW + timedelta(days=3)
    challenge = await register.begin(amina.idcs.text, call=at_the_door(due - MINUTE))
    code = await register.code(amina.person_id)
    job = Call(system("telephone-change", Scope.CONTACT_CHANGE), due, uuid7(due))
    await register.transact(lambda c: contacts.apply_change(c, job, register.keys, person=person, change=change))
    with pytest.raises(Invalid):
        await register.finish(challenge, code, call=at_the_door(due + MINUTE))


async def test_a_stranger_uses_up_nobodys_way_by_witnesses(register: Register) -> None:
    amina, one, two, three, four = [await register.person() for _ in range(5)]

    async def ask(address: str, *vouching: Any) -> None:
        call = at_the_door(address=address)
        numbers = [person.idcs.text for person in vouching]
        typed = witnesses.Typed(amina.idcs.text, "Somebody Else", "0699999999", numbers)
        await register.transact(lambda c: witnesses.count_request(c, call, register.keys, typed=typed, device=None))

    for _ in range(witnesses.ASKED_PAIR.limit):
        await ask("198.51.100.66", three, four)
    with pytest.raises(RateLimited):
        await ask("198.51.100.66", three, four)
    await ask("203.0.113.9", one, two)


async def test_what_somebody_is_owed_is_not_ended_among_the_jobs_and_jobs_are_the_whole_countrys(register: Register) -> None:
    amina = await register.person()
    await changing(register, amina.idcs)
    (row,) = await register.database.ask("select job_id from job where kind = 'telephone-change'")
    chief = call_of((await register.staff(Role.ADMINISTRATOR)).account, "ADMINISTRATOR")
    regional = call_of((await register.staff(Role.ADMINISTRATOR, division="04")).account, "ADMINISTRATOR 04")
    for call, refusal in ((regional, Forbidden), (chief, Conflict)):
        with pytest.raises(refusal):
            await register.transact(lambda c, call=call: jobs.cancel_job(c, call, row["job_id"]))  # type: ignore[misc]
    with pytest.raises(Forbidden):
        await jobs.list_jobs(register.database, regional)
    (state,) = await register.database.ask("select state from job where job_id = $1", row["job_id"])
    assert state["state"] == "WAITING"
