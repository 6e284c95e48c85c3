"""Virtual numbers: what they look like, how they are issued, what they lead to, and that one for one use serves once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.authority import Documents
from access.call import Call, Purpose
from access.counters import COUNTED, SPENT
from access.ledger import LEDGER
from access.reading import Reading
from core.database import Database
from core.errors import BudgetSpent, Conflict, Forbidden, Invalid, RateLimited, SijilError, Unauthenticated, Withheld
from core.ids import uuid7
from core.settlement import Settler
from identity import people, store
from identity import virtual_ids as doors
from identity.consent_requests import request_consent
from identity.numbers import Idcs, verhoeff_valid
from identity.sessions import Form
from identity.store import DECOY, key_of
from identity.virtual_ids import ISSUED, MAX_OPEN, VirtualIdView, VirtualKind, VirtualState, end_of
from identity.virtual_numbers import VirtualNumber
from identity.virtual_uses import CLAIMED, USED
from tests.access.enrolled import NOW, Enrol, Member
from tests.identity.asking import Fund, citizen, wish
from tests.identity.registered import ISSUER, MINUTE, STRANGER, Register, at_the_door
from tests.identity.test_assisted import Centre

EFFECTS = (SPENT, CLAIMED, COUNTED, USED, LEDGER)
DAY = timedelta(days=1)
PERMANENT, TIMED, SINGLE_USE = VirtualKind
PURPOSE = Purpose.ELIGIBILITY
FAILURES = 20


# --- the number alone


@given(st.binary(min_size=16, max_size=16))
def test_a_drawn_number_is_well_formed_and_is_no_idcs(random: bytes) -> None:
    number = VirtualNumber.drawn(lambda count: random[:count])
    assert VirtualNumber.parse(number.text) == number
    assert (len(number.text), number.text[0] == "0", verhoeff_valid(number.text)) == (16, False, True)
    assert number.text not in repr(number)
    with pytest.raises(Invalid):
        Idcs.parse(number.text)


@given(st.integers(0, 9 * 10**14 - 1), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_and_two_swapped_ones_are_seen(body: int, place: int, more: int) -> None:
    text = VirtualNumber.drawn(lambda _: body.to_bytes(16, "big")).text
    wrong = text[:place] + str((int(text[place]) + more) % 10) + text[place + 1 :]
    swapped = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
    for typed in {wrong, swapped} - {text}:
        with pytest.raises(Invalid):
            VirtualNumber.parse(typed)


@pytest.mark.parametrize(
    "typed", ["", "1", "2516116556", "0000000000000000", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "1234 5678 9012 3456", "1" * 17, "1" * 10_000]
)
def test_what_is_no_number_is_refused_without_being_shown(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        VirtualNumber.parse(typed)
    assert not typed or typed not in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "minutes", "end"),
    [
        (PERMANENT, None, None),
        (TIMED, 1, timedelta(minutes=1)),
        (TIMED, 365 * 24 * 60, timedelta(days=365)),
        (SINGLE_USE, None, DAY),
        (SINGLE_USE, 5, timedelta(minutes=5)),
        (SINGLE_USE, 24 * 60, DAY),
    ],
)
def test_each_kind_has_its_end(kind: VirtualKind, minutes: int | None, end: timedelta | None) -> None:
    assert end_of(kind, minutes, NOW) == (None if end is None else NOW + end)


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [(PERMANENT, 5), (TIMED, None), (TIMED, 0), (TIMED, -1), (TIMED, 365 * 24 * 60 + 1), (SINGLE_USE, 24 * 60 + 1)],
)
def test_minutes_that_a_kind_does_not_take_are_refused(kind: VirtualKind, minutes: int | None) -> None:
    with pytest.raises(Invalid) as refusal:
        end_of(kind, minutes, NOW)
    assert refusal.value.path == ("minutes",)


# --- issued, listed, revoked


class Desk:
    """A holder's numbers, and an agency that asks by them."""

    def __init__(self, register: Register, agency: Member, settler: Settler) -> None:
        self.register, self.agency, self.settler = register, agency, settler

    async def issue(self, call: Call, kind: VirtualKind = PERMANENT, minutes: int | None = None) -> VirtualIdView:
        keys = self.register.keys
        made = await self.register.transact(lambda c: doors.issue_virtual_id(c, call, keys, kind=kind, minutes=minutes))
        return next(its for its in await self.listed(call) if its.virtual_id == made)

    async def revoke(self, call: Call, virtual_id: UUID) -> None:
        await self.register.transact(lambda c: doors.revoke_virtual_id(c, call, self.register.keys, virtual_id=virtual_id))

    async def listed(self, call: Call) -> list[VirtualIdView]:
        return list(await self.register.read(lambda r: doors.virtual_ids(r, call), call))

    async def ask(self, number: Any, now: datetime = NOW + MINUTE, **how: Any) -> bool:
        """Whether the agency is told the given name; the answer is settled as the edge has it, computed again on a conflict."""
        call = self.agency.call(PURPOSE, now)
        named = how or {"virtual_id": str(number)}
        for _ in range(5):
            reading = Reading(self.register.database, self.register.keys, Documents())
            try:
                found = await people.person(reading, call, purpose=PURPOSE, wanted=["person.given_name"], **named)
                told = found.name is not None and found.name.given is not None
            except Withheld:
                told = False
            try:
                await self.settler.settle(reading.close(call))
            except Conflict:
                continue
            return told
        raise AssertionError("overtaken again and again")


@pytest.fixture
async def desk(register: Register, enrol: Enrol, database: Database) -> AsyncIterator[Desk]:
    await register.set_up()  # the agency's fixture has emptied all tables
    settler = Settler(database, EFFECTS, queue=1000)
    settler.start()
    yield Desk(register, await enrol(failures_per_hour={"subject": FAILURES, "agency": 1000}), settler)
    await settler.stop()


async def test_a_number_is_sealed_shown_to_its_holder_and_its_hash_leads_to_the_holder(register: Register, desk: Desk) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    made = await desk.issue(me, TIMED, 30)
    number = VirtualNumber.parse(str(made.number))
    assert made == VirtualIdView(made.virtual_id, TIMED, number.text, VirtualState.OPEN, NOW, NOW + 30 * MINUTE, 0, None, None)
    (row,) = await register.database.ask("select * from virtual_id")
    assert number.text.encode() not in bytes(row["number"])
    (found,) = await register.database.ask("select owner_id, hash from identifier where kind = 'VIRTUAL_ID'")
    assert (found["owner_id"], found["hash"]) == (amina.person_id, register.keys.index("VIRTUAL_ID", number.text))
    (look,) = await register.database.ask("select actor from ledger_entry where subject_id = $1", amina.person_id)
    assert look["actor"] == "CITIZEN"


async def test_a_new_permanent_number_takes_the_place_of_the_one_before(register: Register, desk: Desk) -> None:
    me = citizen((await register.person()).person_id)
    first = await desk.issue(me)
    second = await desk.issue(me)
    states = {its.number: its.state for its in await desk.listed(me)}
    assert states == {first.number: VirtualState.REVOKED, second.number: VirtualState.OPEN}
    assert [await desk.ask(first.number), await desk.ask(second.number)] == [False, True]
    assert (await desk.listed(me))[0].number == second.number


async def test_two_permanent_numbers_at_once_leave_one(register: Register, desk: Desk) -> None:
    me = citizen((await register.person()).person_id)
    await asyncio.gather(*(desk.issue(me) for _ in range(4)))
    assert Counter(its.state for its in await desk.listed(me)) == {VirtualState.OPEN: 1, VirtualState.REVOKED: 3}


async def test_so_many_are_open_at_a_time_and_so_many_issued_in_a_day(register: Register, desk: Desk) -> None:
    me = citizen((await register.person()).person_id)
    made = [await desk.issue(me, TIMED, 5) for _ in range(MAX_OPEN)]
    with pytest.raises(Conflict) as refusal:
        await desk.issue(me, SINGLE_USE)
    assert refusal.value.path == ("kind",)
    for its in made:
        await desk.revoke(me, its.virtual_id)
    for _ in range(ISSUED.limit - MAX_OPEN):
        await desk.revoke(me, (await desk.issue(me, SINGLE_USE)).virtual_id)
    with pytest.raises(RateLimited):
        await desk.issue(me)
    assert await register.count("virtual_id") == ISSUED.limit == await register.count("identifier", "kind = 'VIRTUAL_ID'")
    await desk.issue(citizen((await register.person()).person_id))
    later = Call(me.actor, NOW + DAY, me.request_id)
    await desk.issue(later)


async def test_whoever_is_not_the_holder_has_nothing_of_it(register: Register, desk: Desk) -> None:
    guardian, ward = await register.guardian_and_ward()
    other = citizen((await register.person()).person_id)
    made = await desk.issue(citizen(ward.person_id, holder=guardian.person_id))
    for call in (other, citizen(guardian.person_id)):
        assert await desk.listed(call) == []
        with pytest.raises(Invalid) as refusal:
            await desk.revoke(call, made.virtual_id)
        assert refusal.value.path == ("id",)
    assert await register.count("virtual_id", "person_id = $1 and revoked_at is null", ward.person_id) == 1
    assert await desk.ask(made.number)


async def test_nobody_an_agency_and_who_is_assisted_issue_none(register: Register, desk: Desk) -> None:
    amina = await register.person()
    centre = await Centre.of(register)
    beside = await register.call_of(await centre.beside(amina, Form.CONSENTS))
    for call, refusal in ((at_the_door(), Unauthenticated), (desk.agency.call(), Forbidden), (beside, Forbidden)):
        with pytest.raises(refusal):
            await desk.issue(call)
    assert await register.count("virtual_id") == 0


async def test_a_number_is_never_given_a_second_time(register: Register, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    me, other = [citizen((await register.person()).person_id) for _ in range(2)]
    draws = [b"\x01" * 16, b"\x01" * 16, b"\x02" * 16]
    monkeypatch.setattr(doors, "random_bytes", lambda _: draws.pop(0))
    first = await desk.issue(me)
    await desk.revoke(me, first.virtual_id)
    second = await desk.issue(other)
    assert draws == []
    assert first.number != second.number


async def test_no_virtual_number_lets_anybody_sign_in(register: Register, desk: Desk) -> None:
    amina = await register.person()
    made = await desk.issue(citizen(amina.person_id))
    with pytest.raises(Invalid):
        await register.begin(str(made.number))
    assert await register.count("one_time_code") == 0


# --- as the subject of a question


async def test_uses_are_counted_with_the_answer(register: Register, desk: Desk) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    made = await desk.issue(me)
    assert [await desk.ask(made.number, NOW + n * MINUTE) for n in (1, 2, 3)] == [True] * 3
    (its,) = await desk.listed(me)
    assert (its.uses, its.last_used_at, its.state) == (3, NOW + 3 * MINUTE, VirtualState.OPEN)
    agencies = "subject_id = $1 and actor = 'AGENCY'"
    assert await register.count("ledger_entry", agencies, amina.person_id) == 3


async def test_a_number_for_one_use_is_spent_by_one_answer(register: Register, desk: Desk) -> None:
    me = citizen((await register.person()).person_id)
    made = await desk.issue(me, SINGLE_USE)
    assert [await desk.ask(made.number) for _ in range(3)] == [True, False, False]
    (its,) = await desk.listed(me)
    assert (its.uses, its.state) == (1, VirtualState.USED)


async def test_twenty_answers_at_once_spend_it_once_and_lose_nothing_else(register: Register, desk: Desk) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    made = await desk.issue(me, SINGLE_USE)
    again = await desk.issue(me)
    second = Settler(register.database, EFFECTS, queue=1000)
    second.start()
    other = Desk(register, desk.agency, second)
    asked = [(desk if n % 2 else other).ask(number) for n in range(20) for number in (made.number, again.number)]
    answers = await asyncio.gather(*asked)
    await second.stop()
    assert Counter(answers[0::2]) == {True: 1, False: 19}
    assert all(answers[1::2])
    uses = {its.kind: its.uses for its in await desk.listed(me)}
    assert uses == {SINGLE_USE: 1, PERMANENT: 20}
    assert await register.count("ledger_entry", "actor = 'AGENCY'") == 40
    points = await register.database.ask("select sum(used) as n from counter where kind = 'POINTS'")
    assert points[0]["n"] == 40, "what was discarded was not counted"


async def test_within_one_request_a_number_for_one_use_serves_one_row(register: Register, desk: Desk) -> None:
    amina = await register.person()
    made = await desk.issue(citizen(amina.person_id), SINGLE_USE)
    call = desk.agency.call(PURPOSE, NOW + MINUTE)
    keys = register.keys
    reading = Reading(register.database, keys, Documents())
    key = key_of(keys, desk.agency.agency_id, idcs=None, token=None, virtual_id=str(made.number))
    idcs = key_of(keys, desk.agency.agency_id, idcs=amina.idcs.text, token=None)
    _, found = await store.subjects(reading, call, PURPOSE, [(key, None), (key, None), (idcs, None)], ())
    assert [subject.person_id for subject in found] == [amina.person_id, None, amina.person_id]
    _, (later,) = await store.subjects(reading, call, PURPOSE, [(key, None)], ())
    assert later.person_id is None
    await desk.settler.settle(reading.settlement)
    assert (await desk.listed(citizen(amina.person_id)))[0].uses == 1


async def test_an_answer_that_is_refused_for_another_reason_spends_nothing(register: Register, desk: Desk) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    made = await desk.issue(me, SINGLE_USE)
    call = desk.agency.call(PURPOSE, NOW + MINUTE)
    reading = Reading(register.database, register.keys, Documents())
    await people.person(reading, call, purpose=PURPOSE, wanted=["person.given_name"], virtual_id=str(made.number))
    settlement = reading.close(call)
    await register.database.ask("update counter set used = 6000")
    count = settlement.effects[COUNTED][0]
    await register.database.ask(
        "insert into counter values ($1, $2, $3, $4, 6000)", count.owner, count.agency, count.kind, count.window_end
    )
    with pytest.raises(Conflict):
        await desk.settler.settle(settlement)
    assert [(its.uses, its.state) for its in await desk.listed(me)] == [(0, VirtualState.OPEN)]


async def spoiled(desk: Desk, me: Call, how: str) -> tuple[str, datetime]:
    """A number that leads to nobody any more, and an instant at which it is asked by."""
    if how == "never issued":
        return VirtualNumber.drawn(lambda n: b"\x07" * n).text, NOW + MINUTE
    made = await desk.issue(me, SINGLE_USE if how == "used" else TIMED, None if how == "used" else 5)
    if how == "used":
        assert await desk.ask(made.number)
    if how == "revoked":
        await desk.revoke(me, made.virtual_id)
    return str(made.number), NOW + (5 * MINUTE if how == "expired" else MINUTE)


@pytest.mark.parametrize("how", ["never issued", "used", "revoked", "expired"])
async def test_what_does_not_count_any_more_is_answered_as_a_stranger(
    register: Register, desk: Desk, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    amina = await register.person()
    number, at = await spoiled(desk, citizen(amina.person_id), how)
    entries = await register.count("ledger_entry", "subject_id = $1", amina.person_id)
    statements: dict[str, list[str]] = {}
    real = Reading.ask

    async def noted(self: Reading, sql: str, *values: Any) -> Any:
        statements.setdefault(asked, []).append(sql)
        return await real(self, sql, *values)

    monkeypatch.setattr(Reading, "ask", noted)
    stranger = VirtualNumber.drawn(lambda n: b"\x55" * n).text
    for asked in (number, stranger):
        assert not await desk.ask(asked, at)
    assert statements[number] == statements[stranger]
    of_others = "select subject_id from ledger_entry where actor = 'AGENCY' and subject_id <> $1"
    owners = await register.database.ask(of_others, amina.person_id)
    expected = {register.keys.stranger("VIRTUAL_ID", each) for each in (number, stranger)}
    assert {row["subject_id"] for row in owners} == expected
    assert await register.count("ledger_entry", "subject_id = $1", amina.person_id) == entries


async def test_a_person_is_one_for_entries_and_budgets_however_asked(register: Register, desk: Desk) -> None:
    """Many numbers give nobody more wrong guesses at one person."""
    amina = await register.person()
    made = [await desk.issue(citizen(amina.person_id), TIMED, 60) for _ in range(3)]
    await register.database.ask(
        """insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from)
           values ($1, $2, array['ELIGIBILITY'], true, $3)""",
        amina.person_id,
        uuid7(NOW),
        NOW,
    )
    for _ in range(FAILURES // 2):
        for its in made[:2]:
            assert not await desk.ask(its.number)
    with pytest.raises(BudgetSpent):
        await desk.ask(None, idcs=amina.idcs.text)
    rows = await register.database.ask("select used from counter where owner_id = $1 and kind = 'FAILURES'", amina.person_id)
    assert [row["used"] for row in rows] == [FAILURES]
    with pytest.raises(BudgetSpent):
        await desk.ask(made[2].number)


@pytest.mark.parametrize("how", [{}, {"idcs": STRANGER, "virtual_id": "1"}, {"token": "p1.x", "virtual_id": "1"}])
async def test_a_subject_is_named_in_exactly_one_way(register: Register, desk: Desk, how: dict[str, str]) -> None:
    named: dict[str, str | None] = {"idcs": None, "token": None, "virtual_id": None} | how
    with pytest.raises(Invalid):
        key_of(register.keys, desk.agency.agency_id, **named)


async def test_an_ill_formed_number_is_refused_with_its_path(register: Register, desk: Desk) -> None:
    with pytest.raises(SijilError) as refusal:
        key_of(register.keys, desk.agency.agency_id, idcs=None, token=None, virtual_id="1234567890123456")
    assert (type(refusal.value), refusal.value.path) == (Invalid, ("virtualId",))


# --- a request for consent


@pytest.fixture
async def fund(register: Register) -> Fund:
    return await Fund.of(register)


async def asked_for(register: Register, fund: Fund, number: Any) -> UUID:
    call = fund.call(NOW + MINUTE)
    return await register.change(
        lambda c, r: request_consent(c, call, r, wish=wish(), issuer=ISSUER, virtual_id=str(number)), call
    )


async def test_asking_for_consent_spends_a_number_for_one_use_with_the_request(register: Register, fund: Fund) -> None:
    amina = await register.person()
    me, keys = citizen(amina.person_id), register.keys
    await register.transact(lambda c: doors.issue_virtual_id(c, me, keys, kind=SINGLE_USE, minutes=None))
    (its,) = await register.read(lambda r: doors.virtual_ids(r, me), me)
    with pytest.raises(Invalid):
        await asked_for(register, fund, "1" * 16)
    assert (await register.database.ask("select uses from virtual_id"))[0]["uses"] == 0
    for _ in range(2):
        await asked_for(register, fund, its.number)
    (its,) = await register.read(lambda r: doors.virtual_ids(r, me), me)
    assert (its.uses, its.state) == (1, VirtualState.USED)
    people_asked = [
        row["person_id"] for row in await register.database.ask("select person_id from consent order by consent_id")
    ]
    assert Counter(people_asked) == {amina.person_id: 1, DECOY: 1}


async def test_of_requests_at_once_one_has_the_number(register: Register, fund: Fund) -> None:
    amina = await register.person()
    me, keys = citizen(amina.person_id), register.keys
    await register.transact(lambda c: doors.issue_virtual_id(c, me, keys, kind=SINGLE_USE, minutes=None))
    (its,) = await register.read(lambda r: doors.virtual_ids(r, me), me)
    outcomes = await asyncio.gather(*(asked_for(register, fund, its.number) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(each, UUID | SijilError) for each in outcomes), outcomes
    assert await register.count("consent", "person_id = $1", amina.person_id) == 1
    assert (await register.database.ask("select uses from virtual_id"))[0]["uses"] == 1
