"""The registered telephone changes at a centre or by two witnesses, after three days in which it can be stopped, and once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.call import Call
from access.decision import Ground
from access.notices import Channel
from access.rights import Role, Scope
from core.errors import Conflict, Forbidden, Invalid, RateLimited, Unauthenticated
from core.workers import Workers
from identity import contacts, witnesses
from identity.contacts import APPLYING, WAITING_TIME, applying
from identity.imports import LoadedPerson
from identity.store import DECOY
from identity.telephone_rules import ChangeState, masked, mobile, state_of
from identity.witnesses import ASKED, ASKED_WITNESS, CONFIRM_WITHIN, Candidate, Claimed, Typed, same_name, will_do
from tests.access.enrolled import NOW
from tests.identity.registered import CASABLANCA, ISSUER, MINUTE, RABAT, STRANGER, Register, at_the_door, machine, staff_call

NEW = "+212612345678"
ANOTHER_STRANGER = "3516116555"
LATER = NOW + WAITING_TIME


class Desk:
    """Where telephones are changed."""

    def __init__(self, register: Register, agent: Call) -> None:
        self.register, self.agent = register, agent

    async def change(self, person: LoadedPerson | str, telephone: str = NEW, call: Call | None = None) -> UUID:
        call, idcs = call or self.agent, person if isinstance(person, str) else person.idcs.text
        _, change = await self.register.change(
            lambda c, r: contacts.change_telephone(c, call, r, idcs=idcs, telephone=telephone, issuer=ISSUER), call
        )
        return change

    async def stop_here(self, person: LoadedPerson, call: Call | None = None) -> None:
        call = call or self.agent
        await self.register.change(lambda c, r: contacts.stop_at_centre(c, call, r, idcs=person.idcs.text), call)

    async def stop(self, call: Call, change: UUID) -> None:
        await self.register.transact(lambda c: contacts.stop_change(c, call, self.register.keys, change=change))

    async def apply(self, person: LoadedPerson, change: UUID, now: datetime = LATER) -> None:
        call = machine(Scope.CONTACT_CHANGE, now=now)
        await self.register.transact(
            lambda c: contacts.apply_change(c, call, self.register.keys, person=person.person_id, change=change)
        )

    async def state(self, change: UUID, now: datetime = NOW) -> ChangeState:
        (row,) = await self.register.database.ask("select * from telephone_change where change_id = $1", change)
        return state_of(row, now)

    async def registered(self, person: LoadedPerson) -> str:
        """The number as the register has it, found by its keyed hash too."""
        (row,) = await self.register.database.ask(
            "select person_id, data_key, telephone from person where person_id = $1", person.person_id
        )
        key = self.register.keys.masters.unwrap(person.person_id, row["data_key"])
        number = key.open("person.telephone", person.person_id, row["telephone"])
        hash_ = self.register.keys.index("TELEPHONE", number)
        found = await self.register.database.ask(
            "select hash from identifier where owner_id = $1 and kind = 'TELEPHONE'", person.person_id
        )
        assert [row["hash"] for row in found] == [hash_]
        return number


@pytest.fixture
async def desk(register: Register) -> Desk:
    agent = await register.staff(Role.CENTRE_AGENT, division=CASABLANCA)
    return Desk(register, staff_call(agent, f"CENTRE_AGENT {CASABLANCA}"))


# --- at a centre


async def test_a_change_waits_three_days_and_the_old_number_and_the_email_are_told_at_once(
    register: Register, desk: Desk
) -> None:
    amina = await register.person()
    change = await desk.change(amina, "06 12 34 56 78")
    told = await register.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN")
    assert {(channel, recipient) for channel, recipient, _ in told} == {
        (Channel.SMS, register.telephone(amina)),
        (Channel.EMAIL, register.people[amina.person_id].email),
    }
    assert any(f"{ISSUER}/me/telephone" in text for _, _, text in told)
    assert await desk.state(change) is ChangeState.WAITING
    assert await desk.registered(amina) == register.telephone(amina)
    (job,) = await register.database.ask("select kind, due_at from job where kind = $1", APPLYING.name)
    assert job["due_at"] == LATER


async def test_when_the_days_are_over_it_is_applied_and_both_are_told(register: Register, desk: Desk) -> None:
    amina = await register.person()
    token = (await register.sign_in(amina)).token
    change = await desk.change(amina)
    await desk.apply(amina, change)
    assert await desk.registered(amina) == NEW
    assert await desk.state(change) is ChangeState.APPLIED
    told = await register.told(amina.person_id, "TELEPHONE_CHANGED")
    old, email = register.telephone(amina), register.people[amina.person_id].email
    assert sorted(recipient for _, recipient, _ in told) == sorted([old, NEW, str(email)])
    assert await register.session(token, NOW + MINUTE) is None, "sessions of before end"
    await register.begin(amina.idcs.text, call=at_the_door(LATER))
    assert (await register.told(amina.person_id, "ONE_TIME_CODE"))[-1][1] == NEW


async def test_it_is_applied_once_however_often_and_late_the_job_runs(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    await asyncio.gather(*(desk.apply(amina, change, LATER + timedelta(days=30)) for _ in range(4)))
    later = await desk.change(amina, "+212699999999", call=staff_call_at(desk, LATER))
    await desk.apply(amina, change, LATER + timedelta(days=60))
    assert await desk.registered(amina) == NEW
    assert len(await register.told(amina.person_id, "TELEPHONE_CHANGED")) == 3
    assert await desk.state(later) is ChangeState.WAITING


def staff_call_at(desk: Desk, now: datetime) -> Call:
    return Call(desk.agent.actor, now, uuid4())


async def test_a_job_that_runs_too_early_is_put_down_again(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    await desk.apply(amina, change, LATER - timedelta(microseconds=1))
    assert await desk.registered(amina) == register.telephone(amina)
    assert await register.count("job", "kind = $1 and due_at = $2", APPLYING.name, LATER) == 2


async def test_workers_do_the_job(register: Register, desk: Desk) -> None:
    """The real queue: the change was begun long ago, so its job is due."""
    amina = await register.person()
    long_ago = datetime(2026, 1, 1, tzinfo=NOW.tzinfo)
    await desk.change(amina, call=staff_call_at(desk, long_ago))
    await register.database.ask("update pgqueuer set execute_after = now() where entrypoint = $1", APPLYING.name)
    workers = Workers(register.database, {APPLYING: applying(register.keys)}, clock=lambda: NOW, poll_seconds=0.1)
    workers.start()
    try:
        for _ in range(100):
            if await register.count("job", "kind = $1 and state = 'DONE'", APPLYING.name):
                break
            await asyncio.sleep(0.1)
    finally:
        await workers.stop()
    assert await desk.registered(amina) == NEW


async def test_the_holder_stops_it_and_it_never_takes_effect(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    await desk.stop(await register.signed_in(amina), change)
    await desk.apply(amina, change)
    assert await desk.registered(amina) == register.telephone(amina)
    assert await desk.state(change) is ChangeState.STOPPED
    assert await register.told(amina.person_id, "TELEPHONE_CHANGED") == []


async def test_what_was_applied_or_stopped_is_not_stopped_again_nor_what_is_anothers(register: Register, desk: Desk) -> None:
    amina, salma = await register.person(), await register.person()
    mine = await register.signed_in(amina)
    applied, stopped = await desk.change(salma), await desk.change(amina)
    await desk.stop(mine, stopped)
    await desk.apply(salma, applied)
    refusals = set()
    for call, change in (
        (await register.signed_in(salma), applied),
        (mine, stopped),
        (mine, await desk.change(salma, "+212700000001")),
        (mine, uuid4()),
    ):
        with pytest.raises(Invalid) as refusal:
            await desk.stop(call, change)
        refusals.add((refusal.value.message, refusal.value.path))
    assert refusals == {("no such change is open", ("change",))}


async def test_a_centre_stops_it_too(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    await desk.stop_here(amina)
    assert await desk.state(change) is ChangeState.STOPPED
    with pytest.raises(Conflict):
        await desk.stop_here(amina)


async def test_of_stopping_and_applying_at_once_one_happens(register: Register, desk: Desk) -> None:
    for _ in range(5):
        amina = await register.person()
        change = await desk.change(amina)
        call = staff_call_at(desk, LATER)
        outcomes = await asyncio.gather(desk.apply(amina, change), desk.stop_here(amina, call), return_exceptions=True)
        assert outcomes[0] is None
        applied = await desk.state(change) is ChangeState.APPLIED
        assert (await desk.registered(amina) == NEW) is applied is isinstance(outcomes[1], Conflict)


async def test_a_new_change_at_a_centre_stops_the_one_before(register: Register, desk: Desk) -> None:
    amina = await register.person()
    first, second = await desk.change(amina), await desk.change(amina, "+212700000002")
    assert (await desk.state(first), await desk.state(second)) == (ChangeState.STOPPED, ChangeState.WAITING)
    await desk.apply(amina, first)
    await desk.apply(amina, second)
    assert await desk.registered(amina) == "+212700000002"


async def test_who_dies_meanwhile_keeps_the_number(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    await register.database.ask("update person set status = 'DECEASED' where person_id = $1", amina.person_id)
    await desk.apply(amina, change)
    assert await desk.state(change) is ChangeState.STOPPED
    assert await desk.registered(amina) == register.telephone(amina)


async def test_somebody_without_a_telephone_gets_one(register: Register, desk: Desk) -> None:
    amina = await register.person(telephone=None)
    await desk.apply(amina, await desk.change(amina))
    assert await desk.registered(amina) == NEW


async def test_a_number_may_be_shared(register: Register, desk: Desk) -> None:
    amina, salma = await register.person(), await register.person()
    await desk.apply(amina, await desk.change(amina, register.telephone(salma)))
    assert await desk.registered(amina) == await desk.registered(salma)


@pytest.mark.parametrize("case", ["elsewhere", "stranger", "DECEASED"])
async def test_nobody_else_is_served_and_all_are_refused_alike(register: Register, desk: Desk, case: str) -> None:
    person = await register.person(residence=RABAT if case == "elsewhere" else CASABLANCA)
    if case == "DECEASED":
        await register.database.ask("update person set status = 'DECEASED' where person_id = $1", person.person_id)
    with pytest.raises(Invalid) as refusal:
        await desk.change(STRANGER if case == "stranger" else person.idcs.text)
    assert (refusal.value.message, refusal.value.path) == (
        "nobody with this number resides where you may do this",
        ("idcs",),
    )
    assert await register.count("telephone_change") == await register.count("message") == 0
    assert await register.count("ledger_entry") == 1, "that somebody looked is recorded all the same"


async def test_the_look_names_the_agent_and_what_was_compared(register: Register, desk: Desk) -> None:
    amina = await register.person()
    await desk.change(amina)
    ((leaf, details),) = await register.entries(amina.person_id)
    assert (leaf["actor"], leaf["officer"], leaf["field"]) == ("STAFF", str(desk.agent.actor.account), "changeTelephone")
    assert (details["ground"], details["uses"]) == (
        Ground.UPKEEP,
        {"person.residence": "MATCH", "person.telephone": "MATCH"},
    )


async def test_the_registered_number_is_no_change(register: Register, desk: Desk) -> None:
    amina = await register.person()
    with pytest.raises(Conflict) as refusal:
        await desk.change(amina, register.telephone(amina))
    assert refusal.value.path == ("telephone",)


@pytest.mark.parametrize("typed", ["0522123456", "+33612345678", "123", "", "+2126123456789", "+212512345678"])
async def test_what_is_no_moroccan_mobile_is_refused(register: Register, desk: Desk, typed: str) -> None:
    amina = await register.person()
    with pytest.raises(Invalid) as refusal:
        await desk.change(amina, typed)
    assert refusal.value.path == ("telephone",)
    assert await register.count("telephone_change") == 0


@given(st.from_regex(r"[67][0-9]{8}", fullmatch=True))
def test_however_it_is_typed_a_mobile_has_one_form(number: str) -> None:
    spaced = " ".join(number[place : place + 2] for place in range(0, len(number), 2))
    forms = {mobile(f"0{number}"), mobile(f"+212{number}"), mobile(f"00212-{number}"), mobile(f"0{spaced}")}
    assert forms == {f"+212{number}"}
    assert masked(f"+212{number}") == f"••••••{number[-2:]}"


async def test_only_a_machine_applies_and_only_agents_change(register: Register, desk: Desk) -> None:
    amina = await register.person()
    change = await desk.change(amina)
    with pytest.raises(Forbidden):
        await register.transact(
            lambda c: contacts.apply_change(c, desk.agent, register.keys, person=amina.person_id, change=change)
        )
    with pytest.raises(Forbidden):
        await desk.change(amina, call=await register.signed_in(amina))
    with pytest.raises(Unauthenticated):
        await desk.change(amina, call=at_the_door())
    with pytest.raises(Forbidden):
        await desk.change(amina, call=machine(Scope.CONTACT_CHANGE))


async def test_its_owner_is_shown_it_masked_and_that_is_recorded(register: Register, desk: Desk) -> None:
    amina, salma = await register.person(), await register.person()
    change = await desk.change(amina)
    call = await register.signed_in(amina)
    (view,) = await register.read(lambda r: contacts.telephone_changes(r, call), call)
    assert (view.change_id, view.state, view.telephone) == (change, ChangeState.WAITING, "••••••78")
    ((_, details),) = await register.entries(amina.person_id, "telephoneChanges")
    assert details["uses"] == {"person.telephone": "RELEASE"}
    other = await register.signed_in(salma)
    assert await register.read(lambda r: contacts.telephone_changes(r, other), other) == []


# --- by witnesses


class Square:
    """Where people ask others to vouch for them."""

    def __init__(self, register: Register) -> None:
        self.register = register

    async def ask(
        self,
        person: LoadedPerson | str,
        witnesses_: Sequence[LoadedPerson | str],
        *,
        name: str = "Amina Bennani",
        telephone: str = NEW,
        call: Call | None = None,
        device: str | None = None,
    ) -> None:
        call = call or at_the_door()
        idcs, *others = (one if isinstance(one, str) else one.idcs.text for one in (person, *witnesses_))
        typed = Typed(idcs, name, telephone, others)
        await self.register.transact(lambda c: witnesses.count_request(c, call, self.register.keys, typed=typed, device=device))
        await self.register.change(lambda c, r: witnesses.ask_for_change(c, call, r, typed=typed), call)

    async def requests(self, witness: LoadedPerson, now: datetime = NOW) -> list[witnesses.RequestView]:
        call = await self.register.signed_in(witness, now=now)
        return await self.register.read(lambda r: witnesses.witness_requests(r, call), call)

    async def answer(self, witness: LoadedPerson, confirmed: bool, *, now: datetime = NOW) -> None:
        call = await self.register.signed_in(witness, now=now)
        request = (await self.requests(witness, now))[0].change_id
        await self.answer_as(call, request, confirmed)

    async def answer_as(self, call: Call, request: UUID, confirmed: bool = True) -> None:
        await self.register.transact(
            lambda c: witnesses.answer_as_witness(
                c, call, self.register.keys, change=request, confirmed=confirmed, issuer=ISSUER
            )
        )

    async def changes(self, person: LoadedPerson) -> list[ChangeState]:
        rows = await self.register.database.ask(
            "select * from telephone_change where person_id = $1 order by change_id", person.person_id
        )
        return [state_of(row, NOW) for row in rows]


@pytest.fixture
def square(register: Register) -> Square:
    return Square(register)


async def test_two_witnesses_confirm_and_the_waiting_begins(register: Register, desk: Desk, square: Square) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await square.ask(amina, [one, other])
    assert await register.told(amina.person_id) == []
    for witness in (one, other):
        ((channel, recipient, _),) = await register.told(witness.person_id, "WITNESS_ASKED")
        assert (channel, recipient) == (Channel.SMS, register.telephone(witness))
    (request,) = await square.requests(one)
    assert (request.name, request.telephone, request.confirmed) == ("Amina Bennani", NEW, None)
    await square.answer(one, True)
    assert await square.changes(amina) == [ChangeState.ASKED]
    assert await register.told(amina.person_id) == []
    await square.answer(other, True)
    assert await square.changes(amina) == [ChangeState.WAITING]
    assert {told[1] for told in await register.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN")} == {
        register.telephone(amina),
        register.people[amina.person_id].email,
    }
    await desk.apply(amina, request.change_id)
    assert await desk.registered(amina) == NEW


async def test_both_at_the_same_instant_begin_it_once(register: Register, square: Square) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await square.ask(amina, [one, other])
    (request,) = await square.requests(one)
    calls = [await register.signed_in(witness) for witness in (one, other)]
    await asyncio.gather(*(square.answer_as(call, request.change_id) for call in calls))
    assert await square.changes(amina) == [ChangeState.WAITING]
    assert await register.count("job", "kind = $1", APPLYING.name) == 1


async def test_one_who_says_no_ends_it(register: Register, square: Square) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await square.ask(amina, [one, other])
    await square.answer(one, False)
    await square.answer(other, True)
    assert await square.changes(amina) == [ChangeState.STOPPED]
    assert await register.count("job", "kind = $1", APPLYING.name) == 0


async def test_nobody_answers_twice_too_late_or_in_anothers_place(register: Register, square: Square) -> None:
    amina, one, other, salma = [await register.person() for _ in range(4)]
    await square.ask(amina, [one, other])
    request = (await square.requests(one))[0].change_id
    await square.answer(one, True)
    refusals = set()
    late = NOW + CONFIRM_WITHIN
    for call in (
        await register.signed_in(one),
        await register.signed_in(salma),
        await register.signed_in(amina),
        await register.signed_in(other, now=late),
    ):
        with pytest.raises(Invalid) as refusal:
            await square.answer_as(call, request)
        refusals.add((refusal.value.message, refusal.value.path))
    assert refusals == {("no such request is open", ("request",))}
    assert await square.changes(amina) == [ChangeState.ASKED]


async def test_nobody_answers_for_a_ward(register: Register, square: Square) -> None:
    guardian, _ = await register.guardian_and_ward()
    call = await register.signed_in(guardian)
    acting = Call(replace_person(call, uuid4()), NOW, uuid4())
    with pytest.raises(Forbidden):
        await square.answer_as(acting, uuid4())
    with pytest.raises(Forbidden):
        await register.read(lambda r: witnesses.witness_requests(r, acting), acting)


def replace_person(call: Call, person: UUID) -> Any:
    actor = call.actor
    return type(actor)(actor.kind, actor.scopes, holder=actor.holder, person=person, session=actor.session)


async def test_a_change_that_waits_already_goes_first(register: Register, desk: Desk, square: Square) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await square.ask(amina, [one, other], telephone="+212700000009")
    await square.answer(one, True)
    # At the centre all that is open is stopped; what is asked afterwards finds one that waits.
    await desk.change(amina)
    await square.answer(other, True)
    assert sorted(await square.changes(amina)) == [ChangeState.STOPPED, ChangeState.WAITING]
    await square.ask(amina, [one, other], telephone="+212700000009", call=at_the_door(NOW + MINUTE))
    await square.answer(one, True, now=NOW + MINUTE)
    await square.answer(other, True, now=NOW + MINUTE)
    assert sorted(await square.changes(amina)) == [ChangeState.STOPPED, ChangeState.STOPPED, ChangeState.WAITING]


async def test_the_holder_stops_what_witnesses_were_asked(register: Register, desk: Desk, square: Square) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await square.ask(amina, [one, other])
    request = (await square.requests(one))[0].change_id
    await desk.stop(await register.signed_in(amina), request)
    await square.answer(one, True)
    await square.answer(other, True)
    assert await square.changes(amina) == [ChangeState.STOPPED]


CASES = (
    "stranger",
    "no such name",
    "witness unknown",
    "both unknown",
    "witness unreachable",
    "one telephone",
    "the applicant's telephone",
    "the new telephone",
    "a ward as a witness",
    "the registered number",
)


@pytest.mark.parametrize("case", CASES)
async def test_where_it_does_not_hold_the_same_rows_are_written_and_nothing_comes_of_it(
    register: Register, square: Square, case: str
) -> None:
    amina, good, fine = [await register.person() for _ in range(3)]
    applicant: LoadedPerson | str = amina
    asked: list[LoadedPerson | str] = [good, fine]
    options: dict[str, Any] = {}
    if case == "stranger":
        applicant = STRANGER
    elif case == "no such name":
        options["name"] = "Amina Bennis"
    elif case == "witness unknown":
        asked[1] = STRANGER
    elif case == "both unknown":
        asked = [STRANGER, ANOTHER_STRANGER]
    elif case == "witness unreachable":
        asked[1] = await register.person(telephone=None, email=None)
    elif case == "one telephone":
        asked[1] = await register.person(telephone=register.telephone(good), email=None)
    elif case == "the applicant's telephone":
        asked[1] = await register.person(telephone=register.telephone(amina), email=None)
    elif case == "the new telephone":
        asked[1] = await register.person(telephone=NEW, email=None)
    elif case == "a ward as a witness":
        _, ward = await register.guardian_and_ward()
        asked[1] = await self_reached(register, ward)
    else:
        options["telephone"] = register.telephone(amina)
    sound = [await register.person() for _ in range(3)]
    grown = []
    for number, (who, whom, more) in enumerate(((sound[0], sound[1:], {}), (applicant, asked, options))):
        before = await register.rows()
        await square.ask(who, whom, call=at_the_door(address=f"198.51.100.{number}"), **more)  # type: ignore[arg-type]
        after = await register.rows()
        grown.append({table: after[table] - before[table] for table in after})
    assert grown[0] == grown[1]
    assert await square.changes(amina) == []
    for witness in asked:
        if isinstance(witness, LoadedPerson) and case not in ("witness unreachable",):
            await square.answer(witness, True)
    assert await register.count("telephone_change", "takes_effect_at is not null or stopped_at is not null") == 0
    assert await register.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN") == []


async def self_reached(register: Register, ward: LoadedPerson) -> LoadedPerson:
    """The ward has a telephone of their own, as some have."""
    key = register.keys.masters.unwrap(
        ward.person_id,
        (await register.database.ask("select data_key from person where person_id = $1", ward.person_id))[0]["data_key"],
    )
    sealed = key.seal("person.telephone", ward.person_id, "+212730555555")
    await register.database.ask("update person set telephone = $2 where person_id = $1", ward.person_id, sealed)
    return ward


async def test_a_witness_is_another_person_and_there_are_two(register: Register) -> None:
    amina, one = await register.person(), await register.person()
    mine, its = amina.idcs.text, one.idcs.text
    for witnesses_, path in (
        ([its], ("witnesses",)),
        ([its, its], ("witnesses", "1")),
        ([mine, its], ("witnesses", "0")),
        ([its, "123"], ("witnesses", "1")),
        ([its] * 3, ("witnesses",)),
    ):
        with pytest.raises(Invalid) as refusal:
            Claimed.of(Typed(mine, "Amina Bennani", NEW, witnesses_))
        assert refusal.value.path == path
    for name in ("", " ", "x" * 121, "a\nb"):
        with pytest.raises(Invalid) as refusal:
            Claimed.of(Typed(mine, name, NEW, [its, STRANGER]))
        assert refusal.value.path == ("name",)


async def test_every_look_at_applicant_and_witnesses_is_recorded(register: Register, square: Square) -> None:
    amina, one, other = [await register.person() for _ in range(3)]
    await square.ask(amina, [one, other])
    ((leaf, details),) = await register.entries(amina.person_id)
    assert (leaf["actor"], leaf["field"], details["ground"]) == ("NOBODY", "askForTelephoneChange", Ground.UPKEEP)
    assert set(details["uses"]) == {"person.given_name", "person.family_name", "person.telephone"}
    for witness in (one, other):
        ((_, details),) = await register.entries(witness.person_id)
        assert details["uses"] == {"person.telephone": "MATCH", "person.email": "MATCH"}


async def test_requests_are_limited_for_applicant_witness_and_address(register: Register, square: Square) -> None:
    amina = await register.person()
    people = [await register.person() for _ in range(2 * (ASKED.limit + 1))]
    for number in range(ASKED.limit):
        await square.ask(amina, people[2 * number : 2 * number + 2], call=at_the_door(address=f"198.51.100.{number}"))
    with pytest.raises(RateLimited):
        await square.ask(amina, people[-2:], call=at_the_door(address="198.51.101.1"))
    for number in range(ASKED_WITNESS.limit - 1):
        applicant = await register.person()
        await square.ask(applicant, [people[0], people[2]], call=at_the_door(address=f"198.51.102.{number}"))
    with pytest.raises(RateLimited):
        await square.ask(await register.person(), [people[0], people[4]], call=at_the_door(address="198.51.103.1"))


MARKS = st.frozensets(st.integers(0, 5).map(lambda number: bytes([number])), max_size=3)
CANDIDATES = st.builds(Candidate, st.booleans(), st.booleans(), MARKS)


@given(st.lists(CANDIDATES, min_size=2, max_size=2), MARKS)
def test_witnesses_will_do_exactly_if_all_are_known_adults_reached_apart(
    candidates: list[Candidate], own: frozenset[bytes]
) -> None:
    apart = not (candidates[0].marks & candidates[1].marks) and all(not each.marks & own for each in candidates)
    sound = all(each.known and not each.is_ward and each.marks for each in candidates)
    assert will_do(candidates, own) == bool(apart and sound)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Amina Bennani", True),
        ("bennani AMINA", True),
        ("Mme Amina  Bennani", True),
        ("Amina", False),
        ("Amina Bennani Alaoui", False),
        ("Amina Bennis", False),
        ("", False),
    ],
)
def test_a_name_is_the_same_in_any_order_and_no_other(typed: str, same: bool) -> None:
    assert same_name(typed, "Amina", "Bennani") is same


def test_who_has_no_name_has_none_that_fits() -> None:
    assert not same_name("", None, None)
    assert not same_name("Amina", "Amina", None)


async def test_nothing_of_it_hangs_on_the_decoys_own_name(register: Register, square: Square) -> None:
    one, other = await register.person(), await register.person()
    await square.ask(STRANGER, [one, other], name="Foulana El Foulani")
    for witness in (one, other):
        await square.answer(witness, True)
    assert await register.count("telephone_change", "person_id = $1 and takes_effect_at is null", DECOY) == 1
