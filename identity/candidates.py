"""Whom somebody new may be: those on record who share blocking keys, compared one by one.

A whole batch is one statement. A key shared by few counts by itself, one shared by more where another is shared, too, and one
shared by a crowd not at all: what is read for one newcomer has a bound, however many are registered. Of those who are found the
ones with the rarest keys in common are compared.

The registry's own comparison opens records for nobody's eyes. It is entered in the ledger of those of whom somebody will be
shown more because of it: who comes to REVIEW or SAME.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access import ledger
from access.call import Call
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import Disclosure, SealedRecord
from core.database import Row, raw
from core.ids import uuid7
from core.keys import KeyRing
from identity.blocking import PARTS, Comparable, blocking_hashes
from identity.duplicates import Compared, Finding, Outcome, Rules, compare, may_be, rules
from identity.store import column

COMPARED_PARTS = ("person.birth_date", *PARTS.values())
ATTRIBUTES = tuple(sorted({part.split(":")[0] for part in COMPARED_PARTS}))
_RARITY = 1_000_000  # of a key that one person has; a key of many is the rarer evidence the fewer they are
_LOCKS = 64  # advisory locks of a batch at most; a larger one takes the lock of all
_FIND = f"""
with asked as (select * from unnest($1::integer[], $2::bytea[]) as asked (n, hash)),
newcomers as (select * from unnest($3::uuid[]) with ordinality as newcomers (person_id, n)),
shared as (
    select a.n, b.person_id, b.size
      from asked a cross join lateral (
           select few.person_id, count(*) over () as size
             from (select k.person_id from blocking_key k where k.hash = a.hash limit $4 + 1) few) b
     where b.size <= $4),
ranked as (
    select s.n, s.person_id, row_number() over (
               partition by s.n order by sum({_RARITY} / s.size) desc, s.person_id) as place
      from shared s join newcomers w on w.n = s.n
     where s.person_id is distinct from w.person_id
     group by s.n, s.person_id having min(s.size) <= $5 or count(*) > 1)
select r.n, p.person_id, p.data_key, a.survivor_id, {", ".join(f"p.{column(part)}" for part in COMPARED_PARTS)},
       array(select v.relative_id from relative v where v.person_id = p.person_id and v.kind = 'GUARDIAN'
                and v.valid_from <= $7 and (v.valid_to is null or $7 < v.valid_to)) as guardians
  from ranked r join person p on p.person_id = r.person_id and p.data_key is not null and p.status <> 'DECOY'
  left join person_alias a on a.person_id = p.person_id and a.undone_at is null
 where r.place <= $6
 order by r.n, r.place"""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be compared. `person_id`: of a request or a record, which is not found itself."""

    record: Comparable
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on record, and how they compare. `person_id`: of a record that is no tombstone of a merge."""

    person_id: UUID
    finding: Finding
    record: SealedRecord = field(repr=False)


async def hold(connection: AsyncConnection, keys: KeyRing, records: Sequence[Comparable]) -> None:
    """Until the transaction ends whoever shares a key with one of these waits here: of two of one person, one is second.

    To be called before `check` by whoever enrols. What a statement sees is of its own start, so it sees what the first wrote.
    """
    hashes = {hash_ for record in records for hash_ in blocking_hashes(keys, record)}
    driver = await raw(connection)
    if len(records) > 1 and len(hashes) > _LOCKS:
        await driver.execute("select pg_advisory_xact_lock(hashtextextended('sijil:enrolling', 0))")
        return
    await driver.execute("select pg_advisory_xact_lock_shared(hashtextextended('sijil:enrolling', 0))")
    numbers = sorted(int.from_bytes(hash_, "big", signed=True) for hash_ in hashes)
    await driver.execute("select pg_advisory_xact_lock(n) from unnest($1::bigint[]) n", numbers)


async def check(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    newcomers: Sequence[Newcomer],
    *,
    root_field: str,
    by: Rules | None = None,
) -> list[list[Candidate]]:
    """For each newcomer whoever comes to REVIEW or SAME, the heaviest first: one statement for all of them.

    Each look at one of these is entered in the same transaction. Newcomers are not compared with one another.
    """
    chosen = rules() if by is None else by
    asked = [(n, hash_) for n, each in enumerate(newcomers, 1) for hash_ in blocking_hashes(keys, each.record)]
    driver = await raw(connection)
    rows = await driver.fetch(
        _FIND,
        [n for n, _ in asked],
        [hash_ for _, hash_ in asked],
        [each.person_id for each in newcomers],
        chosen.wide,
        chosen.narrow,
        chosen.candidates,
        call.now,
    )
    found: list[dict[UUID, Candidate]] = [{} for _ in newcomers]
    mine = [Compared(each.record) for each in newcomers]
    theirs: dict[UUID, tuple[SealedRecord, Compared]] = {}
    for row in rows:
        its = row["person_id"]
        if its not in theirs:
            theirs[its] = _opened(row, keys)
        record, compared = theirs[its]
        place = row["n"] - 1
        if not may_be(newcomers[place].record, compared.record, chosen):
            continue
        finding = compare(mine[place], compared, chosen)
        stands_for = row["survivor_id"] or its
        if finding.outcome is Outcome.CLEAR or stands_for == newcomers[place].person_id:
            continue
        before = found[place].get(stands_for)
        if before is None or before.finding.weight < finding.weight:
            found[place][stands_for] = Candidate(stands_for, finding, record)
    looks = [_look(candidate.record, call, root_field) for each in found for candidate in each.values()]
    if looks:
        await ledger.LEDGER.apply(driver, [(0, ledger.entry(look, call)) for look in looks])
    return [sorted(each.values(), key=lambda its: (-its.finding.weight, its.person_id)) for each in found]


def _opened(row: Row, keys: KeyRing) -> tuple[SealedRecord, Compared]:
    owner: UUID = row["person_id"]
    sealed = {part: row[column(part)] for part in COMPARED_PARTS}
    record = SealedRecord(owner, keys.masters.unwrap(owner, row["data_key"]), sealed)
    return record, Compared(Comparable.of({part: record.open(part) for part in COMPARED_PARTS}, row["guardians"]))


def _look(record: SealedRecord, call: Call, root_field: str) -> Disclosure:
    disclosure = Disclosure(
        decide_upkeep(*ATTRIBUTES), record, subject=record.owner, entry_id=uuid7(call.now), field=root_field
    )
    for attribute in ATTRIBUTES:
        disclosure.compare(attribute, Use.MATCH, lambda _: None)
    return disclosure
