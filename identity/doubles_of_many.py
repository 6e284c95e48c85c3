"""Whether many who are to be enrolled at once are on record already, or are two of one another: a statement for each step.

The same keys, comparison and bounds as for one (`identity/candidates.py`); but of those who share keys it takes first who
shares the most (there the rarest), and each newcomer has at most MAX_CASES cases. Whoever enrols many holds a lock that who
enrols one shares: nobody is enrolled between the comparison and the end of the transaction.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

import asyncpg

from access.disclosure import SealedRecord
from core.database import Row
from core.keys import KeyRing
from identity.blocking import HASH_BYTES, Comparable
from identity.blocking import PARTS as COMPARED_PARTS
from identity.candidates import own_of
from identity.duplicates import Compared, Finding, Outcome, Rules, compare, may_be, own_weighs
from identity.store import GUARDIANS_NOW, column, record_of

MAX_CASES: Final = 5  # of one newcomer
BETWEEN_BREATHS: Final = 50
_BIRTH: Final = "person.birth_date"
_SEALED: Final = (_BIRTH, *COMPARED_PARTS.values())
CARDS: Final = ("CNIE", "RESIDENCE_PERMIT")

ALONE: Final = "select pg_advisory_xact_lock(hashtextextended('sijil:enrolling', 0))"
"""The lock of who enrols many at once (`identity.candidates.hold` shares it)."""

# $1: all keys, of HASH_BYTES each; $2: how many each newcomer has, in their order.
# What is shared by too many is left out, after so many were seen and no more.
_SHARED: Final = """
with found as (
    select a.n, s.person_id, count(*) as keys, min(s.people) as narrowest
      from (select (c.n - 1)::int as n, substr($1::bytea, (8 * (c.before + g))::int + 1, 8) as hash
              from (select n, keys, sum(keys) over (order by n) - keys as before
                      from unnest($2::int[]) with ordinality its (keys, n)) c
             cross join generate_series(0, c.keys - 1) g) a
     cross join lateral (select b.person_id, count(*) over () as people
                           from (select person_id from blocking_key where hash = a.hash limit $3 + 1) b) s
     where s.people <= $3
     group by a.n, s.person_id having min(s.people) <= $4 or count(*) > 1),
ranked as (
    select n, person_id, row_number() over (partition by n order by keys desc, narrowest, person_id) as place from found)
select n, person_id from ranked where place <= $5"""
_OWNERS: Final = """
select hash, owner_id from identifier where hash = any($1::bytea[]) and kind in ('CNIE', 'RESIDENCE_PERMIT')"""
_OWN_PARTS: Final = (_BIRTH, *(COMPARED_PARTS[name] for name in ("sex", "cnie", "permit")))
_OWN: Final = f"""
select person_id, data_key, {", ".join(map(column, _OWN_PARTS))}
  from person where person_id = any($1::uuid[]) and data_key is not null and status <> 'DECOY'"""
_RECORDS: Final = f"""
select p.person_id, p.data_key, a.survivor_id, {", ".join(f"p.{column(part)}" for part in _SEALED)},
       {GUARDIANS_NOW.format(now="$2")} as guardians
  from person p left join person_alias a on a.person_id = p.person_id and a.undone_at is null
 where p.person_id = any($1::uuid[]) and p.data_key is not null and p.status <> 'DECOY'"""


class Newcomer:
    """Somebody who is to be enrolled.

    `hashes`: the blocking keys, one after the other; `cards`: the indexes of their card or permit. What they are compared by
    is put together only if there is anybody to compare them with.
    """

    __slots__ = ("_record", "cards", "hashes", "person_id")

    def __init__(
        self, person_id: UUID, hashes: bytes, cards: Sequence[bytes], record: Comparable | Callable[[], Comparable]
    ) -> None:
        self.person_id, self.hashes, self.cards = person_id, hashes, cards
        self._record = record

    @property
    def record(self) -> Comparable:
        if not isinstance(self._record, Comparable):
            self._record = self._record()
        return self._record

    @property
    def keys(self) -> list[bytes]:
        """The blocking keys."""
        return [self.hashes[at : at + HASH_BYTES] for at in range(0, len(self.hashes), HASH_BYTES)]


@dataclass(frozen=True, slots=True)
class Double:
    """Somebody who is, or may be, a newcomer."""

    other: UUID
    finding: Finding


async def find_doubles(
    connection: "asyncpg.Connection[Row]", keys: KeyRing, newcomers: Sequence[Newcomer], by: Rules, now: datetime
) -> dict[UUID, list[Double]]:
    """Of each newcomer who is not clear, who they may be; the likeliest first. Within the transaction that enrols the others.

    Newcomers are taken in their order: of two of one person the first may be clear.
    """
    found = await _candidates(connection, newcomers, by)
    await _drop_impossible(connection, keys, newcomers, found, by)
    others = sorted({person for people in found.values() for person in people})
    records = {row["person_id"]: _Stored(row, keys) for row in await connection.fetch(_RECORDS, others, now)}
    clear: dict[bytes, list[int]] = defaultdict(list)  # blocking key -> those of this batch, clear so far, that have it
    ready: dict[int, Compared] = {}

    def compared(number: int) -> Compared:
        if number not in ready:
            ready[number] = Compared(newcomers[number].record)
        return ready[number]

    doubles: dict[UUID, list[Double]] = {}
    for number, newcomer in enumerate(newcomers):
        if number % BETWEEN_BREATHS == BETWEEN_BREATHS - 1:
            await asyncio.sleep(0)
        hashes = newcomer.keys
        its = []
        for person in found[number]:
            stored = records.get(person)
            if stored is not None and may_be(newcomer.record, stored.record, by):
                mine, known = compared(number), stored.compared
                if own_weighs(mine, known, by):
                    its.append(Double(stored.stands_for, compare(mine, known, by)))
        for other in _among(hashes, clear, by):
            if may_be(newcomer.record, newcomers[other].record, by):
                its.append(Double(newcomers[other].person_id, compare(compared(number), compared(other), by)))
        its = [double for double in its if double.finding.outcome is not Outcome.CLEAR]
        if its:
            doubles[newcomer.person_id] = _heaviest(its)
            continue
        for hash_ in hashes:
            clear[hash_].append(number)
    return doubles


def _heaviest(doubles: list[Double]) -> list[Double]:
    """Each of those they may be once, the likeliest first."""
    doubles.sort(key=lambda double: (double.finding.outcome is not Outcome.SAME, -double.finding.weight))
    return list({double.other: double for double in reversed(doubles)}.values())[::-1][:MAX_CASES]


async def _candidates(
    connection: "asyncpg.Connection[Row]", newcomers: Sequence[Newcomer], by: Rules
) -> dict[int, dict[UUID, None]]:
    """Of each newcomer, by number, those on record who share enough keys, or a card."""
    hashes = b"".join(newcomer.hashes for newcomer in newcomers)
    counts = [len(newcomer.hashes) // HASH_BYTES for newcomer in newcomers]
    cards: dict[bytes, list[int]] = defaultdict(list)
    for number, newcomer in enumerate(newcomers):
        for card in newcomer.cards:
            cards[card].append(number)
    shared = await connection.fetch(_SHARED, hashes, counts, by.wide, by.narrow, by.candidates)
    found: dict[int, dict[UUID, None]] = defaultdict(dict)
    for row in await connection.fetch(_OWNERS, list(cards)):
        found |= {number: {row["owner_id"]: None} for number in cards[row["hash"]]}
    for row in shared:
        found[row["n"]][row["person_id"]] = None
    return found


async def _drop_impossible(
    connection: "asyncpg.Connection[Row]",
    keys: KeyRing,
    newcomers: Sequence[Newcomer],
    found: Mapping[int, dict[UUID, None]],
    by: Rules,
) -> None:
    """Leaves out who cannot come to a case whatever else agrees: of them no more is opened than birth, sex and cards."""
    others = sorted({person for people in found.values() for person in people})
    own = {row["person_id"]: own_of(record_of(row, keys, _OWN_PARTS)) for row in await connection.fetch(_OWN, others)}
    for place, (number, people) in enumerate(found.items()):
        if place % BETWEEN_BREATHS == BETWEEN_BREATHS - 1:
            await asyncio.sleep(0)
        record = newcomers[number].record
        for person in list(people):
            if person not in own or not may_be(record, own[person], by):
                del people[person]


def _among(hashes: Sequence[bytes], clear: Mapping[bytes, list[int]], by: Rules) -> Iterable[int]:
    """The earlier newcomers who share enough keys with this one."""
    keys: dict[int, int] = defaultdict(int)
    narrow: set[int] = set()
    for hash_ in hashes:
        others = clear.get(hash_)
        if others and len(others) <= by.wide:
            for other in others:
                keys[other] += 1
            if len(others) <= by.narrow:
                narrow.update(others)
    chosen = [other for other, count in keys.items() if other in narrow or count > 1]
    return sorted(chosen, key=lambda other: (-keys[other], other))[: by.candidates]


class _Stored:
    """Somebody on record, opened as far as a comparison needs it."""

    def __init__(self, row: Row, keys: KeyRing) -> None:
        owner: UUID = row["person_id"]
        sealed = {part: row[column(part)] for part in _SEALED}
        self._sealed = SealedRecord(owner, keys.masters.unwrap(owner, row["data_key"]), sealed)
        self._guardians = row["guardians"]
        self.stands_for: UUID = row["survivor_id"] or owner

    @cached_property
    def record(self) -> Comparable:
        return Comparable.of({part: self._sealed.open(part) for part in _SEALED}, self._guardians)

    @cached_property
    def compared(self) -> Compared:
        return Compared(self.record)
