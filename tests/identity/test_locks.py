"""The holder's own lock: what is wished now is laid over what was, and all is by dates."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.authority import Documents
from access.call import Call, Purpose
from access.reading import Reading
from core.errors import Conflict, Forbidden, Invalid, Unauthenticated, Withheld
from identity import locks, people
from identity.lock_times import Span, locked, ordered, unlocked
from identity.locks import MAX_MINUTES, LockView
from identity.sessions import Form
from tests.access.enrolled import NOW, Enrol, Member
from tests.identity.asking import citizen
from tests.identity.registered import MINUTE, Register, at_the_door
from tests.identity.test_assisted import Centre

ELIGIBILITY, IDENTITY, PAYMENT = Purpose.ELIGIBILITY, Purpose.IDENTITY_PROOFING, Purpose.PAYMENT
HOUR = 60 * MINUTE

# --- the times alone

minutes = st.integers(-60, 60)
spans = st.builds(
    lambda start, length, mandated: Span(
        NOW + start * MINUTE, None if length is None else NOW + (start + length) * MINUTE, mandated
    ),
    minutes,
    st.none() | st.integers(1, 60),
    st.booleans(),
)
sets = st.lists(spans, max_size=6)
lengths = st.none() | st.integers(1, 90)


def level(given: list[Span], at: datetime) -> int:
    """0: open, 1: locked, 2: locked under a mandate, too."""
    return max((1 + span.mandated for span in given if span.holds(at)), default=0)


def sound(given: list[Span]) -> bool:
    """In their order, without overlap, and none that could be one with the next."""
    return all(
        first.end is not None
        and (first.end < second.start or (first.end == second.start and first.mandated != second.mandated))
        for first, second in pairwise(given)
    ) and all(span.end is None or span.start < span.end for span in given)


def end_of(length: int | None) -> datetime | None:
    return None if length is None else NOW + length * MINUTE


EVERY = [NOW + n * MINUTE / 2 for n in range(-300, 400)]


@given(sets)
def test_in_order_the_same_is_locked_by_spans_that_never_overlap(before: list[Span]) -> None:
    after = ordered(before)
    assert sound(after)
    assert [level(after, at) for at in EVERY] == [level(before, at) for at in EVERY]
    assert ordered(after) == after


@given(sets, lengths, st.booleans())
def test_a_lock_counts_within_its_time_alone_and_leaves_the_rest(before: list[Span], length: int | None, too: bool) -> None:
    end = end_of(length)
    after = locked(before, Span(NOW, end, too))
    assert sound(after)
    for at in EVERY:
        within = at >= NOW and (end is None or at < end)
        assert level(after, at) == (1 + too if within else level(before, at))


@given(sets, lengths)
def test_what_was_opened_for_a_time_is_locked_again_as_it_would_have_been(before: list[Span], length: int | None) -> None:
    end = end_of(length)
    after = unlocked(before, NOW, end)
    assert sound(after)
    for at in EVERY:
        within = at >= NOW and (end is None or at < end)
        assert level(after, at) == (0 if within else level(before, at))


@given(sets, lengths, st.booleans())
def test_the_same_wish_again_changes_nothing(before: list[Span], length: int | None, too: bool) -> None:
    wish = Span(NOW, end_of(length), too)
    once = locked(before, wish)
    assert locked(once, wish) == once
    opened = unlocked(before, NOW, wish.end)
    assert unlocked(opened, NOW, wish.end) == opened


# --- in the register


class Home:
    """What a holder locks, and whether an agency is answered: under a mandate, for ELIGIBILITY and PAYMENT."""

    def __init__(self, register: Register, agency: Member) -> None:
        self.register, self.agency = register, agency

    async def lock(self, call: Call, *purposes: Purpose, too: bool = False, minutes: int | None = None) -> None:
        keys = self.register.keys
        await self.register.transact(
            lambda c: locks.lock_identity(c, call, keys, purposes=purposes, mandated_too=too, minutes=minutes)
        )

    async def unlock(self, call: Call, *purposes: Purpose, minutes: int | None = None) -> None:
        keys, chosen = self.register.keys, list(purposes) or None
        await self.register.transact(lambda c: locks.unlock_identity(c, call, keys, purposes=chosen, minutes=minutes))

    async def shown(self, call: Call) -> list[LockView]:
        return await self.register.read(lambda r: locks.locks(r, call), call)

    async def answered(self, idcs: str, purpose: Purpose = ELIGIBILITY, now: datetime = NOW) -> bool:
        reading = Reading(self.register.database, self.register.keys, Documents())
        call = self.agency.call(purpose, now)
        try:
            await people.person(reading, call, purpose=purpose, wanted=["person.given_name"], idcs=idcs)
        except Withheld:
            return False
        return True


@pytest.fixture
async def home(register: Register, enrol: Enrol) -> Home:
    await register.set_up()  # the agency's fixture has emptied all tables
    agency = await enrol(purposes=["ELIGIBILITY", "IDENTITY_PROOFING"])
    await enrol.mandate(agency, purpose="IDENTITY_PROOFING")
    return Home(register, agency)


def at(call: Call, now: datetime) -> Call:
    return Call(call.actor, now, call.request_id)


async def test_a_lock_counts_from_the_next_question_on_and_the_holder_is_told(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    assert await home.answered(amina.idcs.text, IDENTITY)
    await home.lock(me, IDENTITY)
    assert not await home.answered(amina.idcs.text, IDENTITY)
    assert await home.answered(amina.idcs.text, ELIGIBILITY)
    assert await home.shown(me) == [LockView(IDENTITY, False, NOW, None)]
    assert len(await register.told(amina.person_id, "IDENTITY_LOCKED")) == 2
    await home.unlock(at(me, NOW + MINUTE))
    assert await home.answered(amina.idcs.text, IDENTITY, NOW + MINUTE)
    assert await home.shown(at(me, NOW + MINUTE)) == []
    assert len(await register.told(amina.person_id, "IDENTITY_UNLOCKED")) == 2


async def test_under_a_mandate_aid_goes_on_unless_the_holder_chose_otherwise(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    await home.lock(me, *Purpose)
    assert [await home.answered(amina.idcs.text, purpose) for purpose in (ELIGIBILITY, IDENTITY)] == [True, False]
    await home.lock(at(me, NOW + MINUTE), ELIGIBILITY, too=True)
    assert not await home.answered(amina.idcs.text, ELIGIBILITY, NOW + MINUTE)
    assert {its.purpose for its in await home.shown(at(me, NOW + MINUTE)) if its.mandated_too} == {ELIGIBILITY}


async def test_what_is_opened_for_minutes_is_locked_again_by_itself(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    await home.lock(me, IDENTITY, PAYMENT)
    later = at(me, NOW + HOUR)
    await home.unlock(later, IDENTITY, minutes=15)
    steps = {0: True, 14: True, 15: False, 16: False}
    assert {n: await home.answered(amina.idcs.text, IDENTITY, NOW + HOUR + n * MINUTE) for n in steps} == steps
    assert await home.shown(later) == [
        LockView(IDENTITY, False, NOW + HOUR + 15 * MINUTE, None),
        LockView(PAYMENT, False, NOW, None),
    ]
    past = "$1 = any(purposes) and valid_from = $2 and valid_to = $3"
    assert await register.count("identity_lock", past, IDENTITY, NOW, NOW + HOUR) == 1, "what was locked is still known"


async def test_a_lock_for_minutes_is_over_by_itself_and_keeps_a_lasting_one(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    await home.lock(me, IDENTITY, minutes=10)
    assert [await home.answered(amina.idcs.text, IDENTITY, NOW + n * MINUTE) for n in (0, 9, 10)] == [False, False, True]
    await home.lock(at(me, NOW + HOUR), IDENTITY)
    await home.lock(at(me, NOW + HOUR + MINUTE), IDENTITY, minutes=1)
    assert not await home.answered(amina.idcs.text, IDENTITY, NOW + 3 * HOUR)


async def test_a_row_that_locks_several_purposes_is_taken_apart_where_one_is_opened(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    await register.database.ask(
        """insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from)
           values ($1, $2, array['IDENTITY_PROOFING', 'PAYMENT'], false, $3)""",
        amina.person_id,
        UUID(int=5),
        NOW - HOUR,
    )
    await home.unlock(me, IDENTITY)
    assert await home.shown(me) == [LockView(PAYMENT, False, NOW - HOUR, None)]
    assert await home.answered(amina.idcs.text, IDENTITY)


async def test_what_changes_nothing_tells_nobody(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    await home.unlock(me)
    await home.lock(me, IDENTITY)
    await home.lock(at(me, NOW + MINUTE), IDENTITY)
    assert await home.shown(me) == [LockView(IDENTITY, False, NOW, None)]
    assert len(await register.told(amina.person_id)) == 2


async def test_wishes_at_once_leave_no_overlap(register: Register, home: Home) -> None:
    amina = await register.person()
    me = citizen(amina.person_id)
    wishes: list[Any] = [home.lock(me, IDENTITY, minutes=n) for n in range(1, 6)]
    await asyncio.gather(*wishes, *(home.unlock(me, minutes=n) for n in range(1, 6)))
    rows = await register.database.ask("select valid_from, valid_to from identity_lock order by valid_from")
    assert all(first["valid_to"] <= second["valid_from"] for first, second in pairwise(rows))


async def test_only_the_holder_and_the_guardian_lock(register: Register, home: Home) -> None:
    guardian, ward = await register.guardian_and_ward()
    centre = await Centre.of(register)
    beside = await register.call_of(await centre.beside(guardian, Form.CONSENTS))
    for call, refusal in ((at_the_door(), Unauthenticated), (home.agency.call(), Forbidden), (beside, Forbidden)):
        with pytest.raises(refusal):
            await home.lock(call, IDENTITY)
        with pytest.raises(refusal):
            await home.unlock(call)
        with pytest.raises(refusal):
            await home.shown(call)
    assert await register.count("identity_lock") == 0
    await home.lock(citizen(ward.person_id, holder=guardian.person_id), IDENTITY)
    rows = await register.database.ask("select person_id from identity_lock")
    assert [row["person_id"] for row in rows] == [ward.person_id]
    assert await home.shown(citizen(guardian.person_id)) == []
    await home.unlock(citizen(guardian.person_id))
    assert not await home.answered(ward.idcs.text, IDENTITY)


@pytest.mark.parametrize(
    ("purposes", "length", "path"),
    [
        ((), None, "purposes"),
        ((IDENTITY, IDENTITY), None, "purposes"),
        ((IDENTITY,), 0, "minutes"),
        ((IDENTITY,), MAX_MINUTES + 1, "minutes"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_path(
    register: Register, home: Home, purposes: tuple[Purpose, ...], length: int | None, path: str
) -> None:
    me = citizen((await register.person()).person_id)
    with pytest.raises(Invalid) as refusal:
        await home.lock(me, *purposes, minutes=length)
    assert refusal.value.path == (path,)
    assert await register.count("identity_lock") == 0


async def test_times_are_not_laid_over_each_other_without_end(register: Register, home: Home) -> None:
    me = citizen((await register.person()).person_id)

    async def lay() -> None:
        for n in range(50):
            await home.lock(at(me, NOW + timedelta(seconds=n)), IDENTITY, too=bool(n % 2), minutes=100 - n)

    with pytest.raises(Conflict):
        await lay()
    assert await register.count("identity_lock") < 60
