"""The holder's own lock: which purposes it stops, for how long, and whether also where a legal mandate rules.

All is by dates alone: a lock for an hour is over after it, and what was opened for an hour is locked again. It counts from the
next question on. PAYMENT and ELIGIBILITY under a mandate stay open unless the holder chose otherwise (`access/decision.py`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, Purpose, allow
from access.notices import Notice
from access.reading import Reading
from access.rights import Scope
from access.throttles import Budget, Charge, spend
from core.errors import Conflict, Invalid, RateLimited
from core.ids import uuid7
from core.keys import KeyRing
from identity.lock_times import Span, locked, unlocked
from identity.models import IdentityLock
from identity.self_view import enter_own
from identity.telling import concerned, tell_all
from identity.virtual_ids import held, own_person

MAX_MINUTES = 365 * 24 * 60
MAX_SPANS = 20  # of one purpose, from now on
CHANGES = Budget("LOCKS", limit=60, window_seconds=3600)
Laying = Callable[[Collection[Span]], list[Span]]


@dataclass(frozen=True, slots=True)
class LockView:
    """A span that a purpose is locked in, now or later. `until` None: for good."""

    purpose: Purpose
    mandated_too: bool
    since: datetime
    until: datetime | None


@allow(Scope.SELF_MANAGE)
async def lock_identity(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    purposes: Sequence[Purpose],
    mandated_too: bool,
    minutes: int | None,
) -> None:
    """Locks these purposes from now on, for so many minutes or for good; within that time as it is wished now, whatever was
    locked before. Raises Invalid for purposes or minutes that cannot be, Conflict, RateLimited."""
    wish = Span(call.now, _end(call.now, minutes), mandated_too)
    await _lay(connection, call, keys, _checked(purposes), lambda spans: locked(spans, wish), notices.IdentityLocked())


@allow(Scope.SELF_MANAGE)
async def unlock_identity(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, purposes: Sequence[Purpose] | None, minutes: int | None
) -> None:
    """Opens these purposes (None: all) from now on, for good or for so many minutes, after which they are locked again as they
    would be without it. Raises as `lock_identity`."""
    chosen = list(Purpose) if purposes is None else _checked(purposes)
    end = _end(call.now, minutes)
    await _lay(connection, call, keys, chosen, lambda spans: unlocked(spans, call.now, end), notices.IdentityUnlocked())


_LOCKS = """
select p.person_id, p.data_key, l.purpose, l.mandated_too, l.valid_from, l.valid_to
  from person p left join (
       select person_id, unnest(purposes) as purpose, mandated_too, valid_from, valid_to from identity_lock
        where person_id = $1 and (valid_to is null or $2 < valid_to)) l using (person_id)
 where p.person_id = $1 order by l.purpose, l.valid_from"""


@allow(Scope.SELF_MANAGE)
async def locks(reading: Reading, call: Call) -> list[LockView]:
    """What the caller (or the ward) has locked now, or will be locked again, by purpose."""
    rows = await reading.ask(_LOCKS, own_person(call), call.now)
    enter_own(rows, reading, call, "locks")
    return [
        LockView(Purpose(row["purpose"]), row["mandated_too"], row["valid_from"], row["valid_to"])
        for row in rows
        if row["purpose"] is not None
    ]


async def _lay(
    connection: AsyncConnection, call: Call, keys: KeyRing, purposes: Collection[Purpose], lay: Laying, notice: Notice
) -> None:
    """Lays a wish over the locks of these purposes, if it changes anything; the holder is told, and each (other) guardian."""
    person = own_person(call)
    await held(connection, person)
    lasting = IdentityLock.valid_to.is_(None) | (IdentityLock.valid_to > call.now)
    rows = list(await connection.execute(select(IdentityLock).where((IdentityLock.person_id == person) & lasting)))
    touched = [row for row in rows if not set(purposes).isdisjoint(row.purposes)]
    before: dict[Purpose, list[Span]] = {}
    for row in touched:
        for purpose in map(Purpose, row.purposes):
            before.setdefault(purpose, []).append(Span(row.valid_from, row.valid_to, row.mandated_too))
    after = before | {purpose: lay(before.get(purpose, ())) for purpose in purposes}
    if all(sorted(before.get(purpose, ()), key=_start) == spans for purpose, spans in after.items()):
        return
    if any(len(spans) > MAX_SPANS for spans in after.values()):
        raise Conflict("too many times are laid over each other: unlock for good, or wait", path=("minutes",))
    wait = await spend(connection, [Charge.of(keys, CHANGES, str(person))], now=call.now)
    if wait:
        raise RateLimited("too many changes within an hour", retry_after=wait)
    ids = [row.lock_id for row in touched]
    await connection.execute(delete(IdentityLock).where((IdentityLock.person_id == person) & IdentityLock.lock_id.in_(ids)))
    made = [
        {
            "person_id": person,
            "lock_id": uuid7(call.now),
            "purposes": [purpose],
            "mandated_too": span.mandated,
            "valid_from": span.start,
            "valid_to": span.end,
        }
        for purpose, spans in after.items()
        for span in spans
    ]
    if made:
        await connection.execute(insert(IdentityLock), made)
    told = await concerned(connection, keys, call, person)
    others = [each for each in told if each.person_id == person or each.person_id != call.actor.holder]
    await tell_all(connection, keys, call, others, notice)


def _start(span: Span) -> datetime:
    return span.start


def _checked(purposes: Sequence[Purpose]) -> list[Purpose]:
    if not purposes:
        raise Invalid("at least one purpose", path=("purposes",))
    if len(set(purposes)) != len(purposes):
        raise Invalid("said twice", path=("purposes",))
    return list(purposes)


def _end(now: datetime, minutes: int | None) -> datetime | None:
    if minutes is None:
        return None
    if not 1 <= minutes <= MAX_MINUTES:
        raise Invalid(f"expected 1 to {MAX_MINUTES} minutes", path=("minutes",))
    return now + timedelta(minutes=minutes)
