"""Virtual numbers, by their holder: what stands for somebody in the place of the IDCS, for as long as they choose.

    PERMANENT   one at a time, until it is replaced or revoked
    TIMED       for minutes to a year
    SINGLE_USE  for one answer, within a day

What state one is in follows from its dates and uses, and counts from the next question on. Its hash stays for ever: a number
is given to nobody a second time, and once it does not count any more it leads to nobody. No number lets anybody sign in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import ActorKind, Call, allow
from access.disclosure import Withheld
from access.reading import Reading
from access.rights import Scope
from access.throttles import Budget, Charge, spend
from core.errors import Conflict, Forbidden, Invalid, RateLimited, Unauthenticated, Unavailable
from core.ids import random_bytes, uuid7
from core.keys import KeyRing
from identity.models import Identifier, Person
from identity.register_models import PersonAlias, VirtualId
from identity.self_view import enter_own, person_of
from identity.telling import tell_others
from identity.virtual_numbers import VirtualNumber

KIND = "VIRTUAL_ID"  # of identifiers
NUMBER = "person.virtual_id"
MAX_OPEN = 10
MAX_SHOWN = 50
ISSUED = Budget("VIRTUAL_IDS", limit=20, window_seconds=24 * 3600)
_DRAWS = 10


class VirtualKind(StrEnum):
    PERMANENT = "PERMANENT"
    TIMED = "TIMED"
    SINGLE_USE = "SINGLE_USE"


class VirtualState(StrEnum):
    OPEN = "OPEN"
    USED = "USED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


LONGEST: Mapping[VirtualKind, timedelta] = {
    VirtualKind.TIMED: timedelta(days=365),
    VirtualKind.SINGLE_USE: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class VirtualIdView:
    """A number as its holder sees it. `valid_to`: None for the permanent one."""

    virtual_id: UUID
    kind: VirtualKind
    number: str | Withheld
    state: VirtualState
    valid_from: datetime
    valid_to: datetime | None
    uses: int
    last_used_at: datetime | None
    revoked_at: datetime | None


def end_of(kind: VirtualKind, minutes: int | None, now: datetime) -> datetime | None:
    """Until when a number of that kind is good. Pure. Raises Invalid for minutes that the kind does not take."""
    longest = LONGEST.get(kind)
    if longest is None:
        if minutes is not None:
            raise Invalid("a permanent number has no end", path=("minutes",))
        return None
    if minutes is None:
        if kind is VirtualKind.TIMED:
            raise Invalid("a number for a time needs its minutes", path=("minutes",))
        return now + longest
    most = int(longest.total_seconds()) // 60
    if not 1 <= minutes <= most:
        raise Invalid(f"expected 1 to {most} minutes", path=("minutes",))
    return now + timedelta(minutes=minutes)


def state_of(row: Any, now: datetime) -> VirtualState:
    """What state the number of that row is in at that instant. Pure."""
    if row["revoked_at"] is not None and row["revoked_at"] <= now:
        return VirtualState.REVOKED
    if row["kind"] == VirtualKind.SINGLE_USE and row["uses"]:
        return VirtualState.USED
    if row["valid_to"] is not None and row["valid_to"] <= now:
        return VirtualState.EXPIRED
    return VirtualState.OPEN


@allow(Scope.SELF_MANAGE)
async def issue_virtual_id(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, kind: VirtualKind, minutes: int | None
) -> UUID:
    """A new number of the caller's (or the ward's). A permanent one takes the place of the one before, which is revoked.

    Of a ward the guardians are told, and the ward: all but whoever does it.
    Raises Invalid for minutes that the kind does not take, Conflict where MAX_OPEN are open, RateLimited after many in a day.
    """
    person = own_person(call)
    valid_to = end_of(kind, minutes, call.now)
    data_key = await held(connection, person)
    if kind is VirtualKind.PERMANENT:
        its = _open(person, call.now) & (VirtualId.kind == VirtualKind.PERMANENT)
        await connection.execute(update(VirtualId).where(its).values(revoked_at=call.now))
    if (await connection.scalar(select(func.count()).where(_open(person, call.now))) or 0) >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} of your numbers are open: revoke one first", path=("kind",))
    wait = await spend(connection, [Charge.of(keys, ISSUED, str(person))], now=call.now)
    if wait:
        raise RateLimited("too many numbers within a day", retry_after=wait)
    number, hash_ = await _new_number(connection, keys, person)
    virtual_id = uuid7(call.now)
    row = {
        "person_id": person,
        "virtual_id": virtual_id,
        "kind": kind,
        "number": keys.masters.unwrap(person, data_key).seal(NUMBER, virtual_id, number.text),
        "hash": hash_,
        "valid_from": call.now,
        "valid_to": valid_to,
        "uses": 0,
    }
    await connection.execute(insert(VirtualId).values(row))
    await tell_others(connection, keys, call, person, notices.VirtualIdIssued())
    return virtual_id


@allow(Scope.SELF_MANAGE)
async def revoke_virtual_id(connection: AsyncConnection, call: Call, keys: KeyRing, *, virtual_id: UUID) -> None:
    """From the next question on it leads to nobody; who is told, is so as of a new one.

    Raises Invalid for what is no open number of the caller's or ward's.
    """
    person = own_person(call)
    merged = select(PersonAlias.person_id).where(PersonAlias.survivor_id == person, PersonAlias.undone_at.is_(None))
    whose = (VirtualId.person_id == person) | VirtualId.person_id.in_(merged)
    its = whose & _is_open(call.now) & (VirtualId.virtual_id == virtual_id)
    if not (await connection.execute(update(VirtualId).where(its).values(revoked_at=call.now))).rowcount:
        raise Invalid("no such number is open", path=("id",))
    await tell_others(connection, keys, call, person, notices.VirtualIdRevoked())


_NUMBERS = """
select p.person_id, p.data_key, v.virtual_id, v.kind, v.number, v.valid_from, v.valid_to, v.uses, v.last_used_at, v.revoked_at,
       v.person_id as owner_id, v.owner_key
  from person p left join lateral (
       select n.*, o.data_key as owner_key
         from virtual_id n join person o on o.person_id = n.person_id and o.data_key is not null
        where n.person_id = any(p.person_id || array(select a.person_id from person_alias a
                                                      where a.survivor_id = p.person_id and a.undone_at is null))) v on true
 where p.person_id = $1
 order by v.revoked_at is null and (v.valid_to is null or $2 < v.valid_to)
      and (v.kind <> 'SINGLE_USE' or v.uses = 0) desc, v.virtual_id desc limit $3"""


@allow(Scope.SELF_MANAGE)
async def virtual_ids(reading: Reading, call: Call) -> Sequence[VirtualIdView]:
    """The caller's (or the ward's) numbers: the open ones first, then the newest. That there are none is a look, too.

    Also those of records that were merged into theirs, which lead to the person.
    """
    rows = await reading.ask(_NUMBERS, own_person(call), call.now, MAX_SHOWN)
    disclosure = enter_own(rows, reading, call, "virtualIds")

    def number(row: Any) -> str | Withheld:
        key = reading.keys.masters.unwrap(row["owner_id"], row["owner_key"])
        return disclosure.reveal(NUMBER, lambda _: key.open(NUMBER, row["virtual_id"], row["number"]))

    return [
        VirtualIdView(
            virtual_id=row["virtual_id"],
            kind=VirtualKind(row["kind"]),
            number=number(row),
            state=state_of(row, call.now),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            uses=row["uses"],
            last_used_at=row["last_used_at"],
            revoked_at=row["revoked_at"],
        )
        for row in rows
        if row["virtual_id"] is not None
    ]


def own_person(call: Call) -> UUID:
    """Whose affairs are seen to, by the citizen alone. Raises Forbidden to anybody else, and where somebody sits beside."""
    if call.actor.kind is not ActorKind.CITIZEN or call.actor.assistant is not None:
        raise Forbidden("this is for citizens, with nobody beside")
    return person_of(call)


async def held(connection: AsyncConnection, person: UUID) -> bytes:
    """The stored data key of a person of whom nobody else changes such things until the transaction ends."""
    row = select(Person.data_key).where(Person.person_id == person).with_for_update(key_share=True)
    data_key = await connection.scalar(row)
    if data_key is None:
        raise Unauthenticated("the session is over")
    return data_key


async def _new_number(connection: AsyncConnection, keys: KeyRing, person: UUID) -> tuple[VirtualNumber, bytes]:
    """A number that nobody has or had, and its hash, which is the person's from now on."""
    for _ in range(_DRAWS):
        number = VirtualNumber.drawn(random_bytes)
        hash_ = keys.index(KIND, number.text)
        row = {"hash": hash_, "kind": KIND, "key_version": keys.index_version, "owner_id": person}
        if (await connection.execute(insert(Identifier).values(row).on_conflict_do_nothing())).rowcount:
            return number, hash_
    raise Unavailable("no virtual number is free")


def _open(person: UUID, now: datetime) -> Any:
    return (VirtualId.person_id == person) & _is_open(now)


def _is_open(now: datetime) -> Any:
    unspent = (VirtualId.kind != VirtualKind.SINGLE_USE) | (VirtualId.uses == 0)
    lasting = VirtualId.valid_to.is_(None) | (VirtualId.valid_to > now)
    return VirtualId.revoked_at.is_(None) & lasting & unspent
