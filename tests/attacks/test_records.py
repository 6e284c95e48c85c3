"""Attacks on the life of records and on requests to change them: by who may not, elsewhere, too late, beside what was shown."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from access.approval import Acts, approve, propose
from access.call import Call
from access.confirming import check_second_factor
from access.reading import Reading
from access.rights import Role
from core.dates import civil_date
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound, RateLimited
from identity import change_views, changes, erasure, record_history, search, witnesses
from identity.change_views import ChangeWish
from identity.erasure import ErasureReason
from identity.evidence import attach_evidence
from identity.store import PARTS
from tests.access.enrolled import NOW
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, ISSUER, MINUTE, RABAT, Register, at_the_door, new_person, staff_call
from tests.identity.test_changes import AGENT, SUPERVISOR, Office, amina, refused
from tests.identity.test_lifecycle import Bench

DAY = timedelta(days=1)
ALL = frozenset(PARTS) | {"person.status"}
EVERYTHING = ChangeWish(ALL)


@pytest.fixture
async def register(database: Any, keys: Any, clean: None) -> Register:
    return await Register(database, keys).set_up()


@pytest.fixture
async def office(register: Register) -> Office:
    roles = (Role.SUPERVISOR, Role.SUPERVISOR, Role.CENTRE_AGENT)
    return Office(register, *[await register.staff(role) for role in roles])


@pytest.fixture
async def bench(register: Register) -> Bench:
    return Bench(register, await register.staff(Role.ADJUDICATOR), await register.staff(Role.ADJUDICATOR))


async def moved(register: Register, office: Office, person: UUID, to: str, now: Any = NOW) -> None:
    request = await office.ask(person, kind="UPDATE", residence=to)
    await office.evidence(person, request)
    await office.decide(request, now=now)


async def test_a_status_is_not_approved_where_the_person_resides_no_more(
    register: Register, office: Office, bench: Bench
) -> None:
    """Proposed in one province; meanwhile the person moved: whoever approves there has no say any more."""
    her = await amina(register)
    proposal = await bench.propose(await bench.change(her.person_id, "SUSPEND"))
    await moved(register, office, her.person_id, RABAT)
    with pytest.raises(Conflict):
        await bench.approve(*proposal, NOW + MINUTE)
    assert await bench.status(her.person_id) == "ACTIVE"


async def test_open_requests_follow_who_moves(register: Register, office: Office) -> None:
    her = await amina(register)
    other = await office.ask(her.person_id, address="1, Rue X")
    await moved(register, office, her.person_id, RABAT)
    old, new = (staff_call(office.second, f"{SUPERVISOR} {code}", now=NOW + MINUTE) for code in (CASABLANCA, RABAT))
    with pytest.raises(NotFound):
        await register.read(lambda r: change_views.change_request(r, old, EVERYTHING, request=other), old)
    with pytest.raises(NotFound):
        await office.decide(other, by=office.second, call=old, now=NOW + MINUTE)
    assert (await register.read(lambda r: change_views.change_request(r, new, EVERYTHING, request=other), new)).may_decide
    await office.decide(other, by=office.second, call=new, now=NOW + MINUTE)


@pytest.mark.parametrize(("column", "value"), [("kind", "CORRECTION"), ("effective_on", civil_date(NOW) - 3 * DAY)])
async def test_what_is_beside_the_frozen_change_is_not_altered_either(
    register: Register, office: Office, column: str, value: Any
) -> None:
    her = await amina(register)
    request = await office.ask(her.person_id, kind="UPDATE", address="1, Rue X", effective_on=civil_date(NOW))
    if column == "kind":
        await register.database.ask("update change_request set effective_on = effective_on, kind = $1", value)
    else:
        await register.database.ask(f"update change_request set {column} = $1", value)
    with pytest.raises(Internal):
        await office.decide(request)
    assert (await office.values(her.person_id))["person.address"] is None


async def test_asking_for_a_number_tells_nobody_who_is_on_record(register: Register, office: Office) -> None:
    """Nobody's number and somebody's are asked for alike; it comes out where somebody decides."""
    her = await amina(register)
    await register.person(cnie="EF999")
    free, taken = await office.ask(her.person_id, cnie="EF998"), await office.ask(her.person_id, cnie="EF999")
    for request in (free, taken):
        await office.evidence(her.person_id, request)
    assert isinstance(await refused(office.decide(taken)), Conflict)
    guardian, ward = await register.guardian_and_ward()
    await office.ask(ward.person_id, call=citizen(ward.person_id, holder=guardian.person_id), cnie="EF999")
    with pytest.raises(Conflict):
        await office.request(her.person_id, cnie="EF999")  # at a centre, by somebody who is named


def as_of(call: Call, at: datetime, reading: Reading) -> Any:
    return record_history.own_record_at(reading, call, wanted=ALL, at=at)


async def test_a_guardian_is_shown_nothing_of_before_the_mandate(register: Register, office: Office) -> None:
    guardian, ward = await register.guardian_and_ward()
    former = citizen(ward.person_id, holder=guardian.person_id)
    first = await office.ask(ward.person_id, call=former, address="Refuge, Rue Cachée", words="Hide it.")
    await office.decide(first, now=NOW)
    second = await office.ask(ward.person_id, call=former, address="1, Rue X")
    await office.decide(second, now=NOW + MINUTE)
    third = await office.ask(ward.person_id, call=former, address="2, Rue X")
    new = await register.person()
    since = NOW + DAY
    await register.database.ask("update relative set valid_to = $1", since)
    await register.database.ask(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
        *(ward.person_id, new.person_id, since),
    )
    call = citizen(ward.person_id, holder=new.person_id, now=since + DAY)
    page = await register.read(lambda r: record_history.own_history(r, call, wanted=ALL), call)
    assert page.edges == []
    for at, there in ((NOW, False), (since - MINUTE, False), (since, True)):
        found = await register.read(partial(as_of, call, at), call)
        assert (found is not None) is there
    views = await register.read(lambda r: change_views.own_change_requests(r, call, EVERYTHING), call)
    assert [view.request_id for view in views] == [third]
    own = citizen(ward.person_id, now=since + DAY)
    assert len(await register.read(lambda r: change_views.own_change_requests(r, own, EVERYTHING), own)) == 3
    assert len((await register.read(lambda r: record_history.own_history(r, own, wanted=ALL), own)).edges) == 3


async def test_what_was_shown_at_the_enrolment_shows_no_change(register: Register, office: Office, bench: Bench) -> None:
    """Its files stay with it, whoever names them."""
    her = await amina(register)
    old = await office.evidence(her.person_id, None)
    await register.database.ask("update evidence set added_at = added_at - interval '1 minute'")
    with pytest.raises(Invalid):
        await office.ask(her.person_id, sex="M", evidence=[old])
    with pytest.raises(Invalid):
        await bench.change(her.person_id, "SUSPEND", reason="FRAUD_SUSPECTED", evidence=[old])
    with pytest.raises(Invalid):
        await register.transact(lambda c: attach_evidence(c, person=her.person_id, request=her.person_id, evidence=[old]))


async def suspended(register: Register, person: UUID) -> None:
    await register.database.ask(
        "update person set status = 'SUSPENDED', status_reason = 'FRAUD_SUSPECTED' where person_id = $1", person
    )


async def ask(register: Register, typed: witnesses.Typed) -> None:
    call = at_the_door()
    await register.change(lambda c, r: witnesses.ask_for_change(c, call, r, typed=typed), call)


async def answered(register: Register, witness: UUID, change: UUID) -> None:
    call = citizen(witness)
    await register.transact(
        lambda c: witnesses.answer_as_witness(c, call, register.keys, change=change, confirmed=True, issuer=ISSUER)
    )


async def test_who_is_suspended_vouches_for_nobody(register: Register) -> None:
    """A suspended record is not one by which others take over a telephone."""
    her, one, other = await register.load(*(new_person(n) for n in range(3)))
    typed = witnesses.Typed(her.idcs.text, "Amina Bennani", "0612345678", [one.idcs.text, other.idcs.text])
    await suspended(register, one.person_id)
    await ask(register, typed)
    assert await register.count("telephone_change", "person_id = $1", her.person_id) == 0
    await register.database.ask("update person set status = 'ACTIVE', status_reason = null")
    await ask(register, typed)
    (change,) = await register.database.ask("select change_id from telephone_change where person_id = $1", her.person_id)
    await answered(register, other.person_id, change["change_id"])
    await suspended(register, one.person_id)
    with pytest.raises(Forbidden):
        await answered(register, one.person_id, change["change_id"])
    assert await register.count("telephone_change", "takes_effect_at is not null") == 0


async def test_two_who_decide_at_once(register: Register, office: Office) -> None:
    """On one request one of them does; on two about one person both do, one after the other."""
    her = await amina(register, residence=RABAT)
    one = await office.ask(her.person_id, address="1, Rue X")
    done = await asyncio.gather(*(office.decide(one, by=by) for by in (office.first, office.second)), return_exceptions=True)
    assert sorted(type(its).__name__ for its in done) == ["Conflict", "NoneType"]
    for round_ in range(1, 6):
        now, here = NOW + round_ * MINUTE, (RABAT, CASABLANCA)[round_ % 2]
        moving = await office.ask(her.person_id, kind="UPDATE", residence=here)
        await office.evidence(her.person_id, moving)
        other = await office.ask(her.person_id, address=f"{round_}, Rue Y")
        await asyncio.gather(office.decide(moving, by=office.first, now=now), office.decide(other, by=office.second, now=now))
    assert await register.count("person_revision", "cause <> 'ENROLMENT'") == 11


async def test_numbers_are_not_tried_out_one_after_the_other(register: Register, office: Office) -> None:
    agent, other = staff_call(office.agent, AGENT), staff_call(office.first, SUPERVISOR)
    for _ in range(search.SEARCHES.limit):
        await register.transact(lambda c: search.count_search(c, agent, register.keys))
    with pytest.raises(RateLimited):
        await register.transact(lambda c: search.count_search(c, agent, register.keys))
    await register.transact(lambda c: search.count_search(c, other, register.keys))


async def test_a_new_email_lets_nobody_in_before_its_holder_could_object(register: Register, office: Office) -> None:
    """Whoever holds a stolen session asks for an address of their own, and codes would go there at once."""
    her = await amina(register)
    request = await office.ask(her.person_id, email="thief@example.org")
    assert await register.told(her.person_id, "CHANGE_REQUEST_RECEIVED")
    for early in (NOW, NOW + 3 * DAY - MINUTE):
        with pytest.raises(Conflict):
            await office.decide(request, now=early)
    me = citizen(her.person_id)
    other = await office.ask(her.person_id, email="amina@example.org")
    await register.transact(lambda c: changes.withdraw_own_change(c, me, register.keys, request=request))
    await office.decide(other, now=NOW + 3 * DAY)
    assert (await office.values(her.person_id))["person.email"] == "amina@example.org"
    unreached = await register.person(telephone=None, email=None)
    await office.decide(await office.request(unreached.person_id, email="b@example.org"), by=office.second)


async def test_nobody_is_erased_where_they_reside_no_more(register: Register, office: Office, bench: Bench) -> None:
    her = await amina(register)
    acts, call = Acts(erasure.acts(register.keys)), staff_call(bench.first, "ADJUDICATOR")
    change = await register.change(
        lambda c, r: erasure.erasure(c, call, r, person=her.person_id, reason=ErasureReason.ON_REQUEST, reference=None), call
    )
    proposal = await register.transact(lambda c: propose(c, call, acts, kind=erasure.PERSON_ERASED, change=change))
    (row,) = await register.database.ask("select hash from proposal")
    await moved(register, office, her.person_id, RABAT)
    second, check = staff_call(bench.second, "ADJUDICATOR", now=NOW + MINUTE), check_second_factor(register.keys)
    code, hash_ = bench.second.code(NOW + MINUTE), row["hash"].hex()
    with pytest.raises(Conflict):
        await register.transact(lambda c: approve(c, second, acts, check, proposal=proposal, hash_=hash_, code=code))
    assert await register.count("person", "data_key is null") == 0
