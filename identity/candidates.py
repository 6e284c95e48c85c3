"""Whom somebody new may be: those on record who share blocking keys, compared one by one.

They are found by one statement, for one newcomer (for many at once: `doubles_of_many.py`). A key shared by few counts by
itself, one shared by more where another is shared, too, and one shared by a crowd not at all: what is read has a bound, however
many are registered. Of those who are found the ones with the rarest keys in common are compared.

The registry's own comparison opens records for nobody's eyes. It is entered in the ledger of those of whom somebody will be
shown more because of it: who comes to REVIEW or SAME.
"""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access import ledger
from access.call import Call
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import Disclosure, SealedRecord
from core.database import raw
from core.dates import PartialDate
from core.ids import uuid7
from core.keys import KeyRing
from identity.blocking import PARTS, Comparable, blocking_hashes
from identity.duplicates import Compared, Finding, Outcome, Rules, compare, may_be, own_weighs, rules
from identity.store import GUARDIANS_NOW, column, record_of

BIRTH = "person.birth_date"
COMPARED_PARTS = (BIRTH, *PARTS.values())
ATTRIBUTES = tuple(sorted({part.split(":")[0] for part in COMPARED_PARTS}))
RARITY = 1_000_000  # of a key that one person has; a key of many is the rarer evidence the fewer they are
_FIND = f"""
with shared as (
    select b.person_id, b.size
      from unnest($1::bytea[]) as asked (hash) cross join lateral (
           select few.person_id, count(*) over () as size
             from (select k.person_id from blocking_key k where k.hash = asked.hash limit $3 + 1) few) b
     where b.size <= $3),
ranked as (
    select person_id, row_number() over (order by sum({RARITY} / size) desc, person_id) as place
      from shared where person_id <> $2
     group by person_id having min(size) <= $4 or count(*) > 1)
select p.person_id, p.data_key, a.survivor_id, {", ".join(f"p.{column(part)}" for part in COMPARED_PARTS)},
       {GUARDIANS_NOW.format(now="$6")} as guardians
  from ranked r join person p on p.person_id = r.person_id and p.data_key is not null and p.status <> 'DECOY'
  left join person_alias a on a.person_id = p.person_id and a.undone_at is null
 where r.place <= $5
 order by r.place"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on record, and how they compare. `person_id`: of a record that is no tombstone of a merge."""

    person_id: UUID
    finding: Finding
    record: SealedRecord = field(repr=False)


async def hold(connection: AsyncConnection, keys: KeyRing, record: Comparable) -> None:
    """Until the transaction ends whoever shares a key with this one waits here: of two of one person, one is second.

    To be called before `check` by whoever enrols. What a statement sees is of its own start, so it sees what the first wrote.
    """
    driver = await raw(connection)
    await driver.execute("select pg_advisory_xact_lock_shared(hashtextextended('sijil:enrolling', 0))")
    numbers = sorted(int.from_bytes(hash_, "big", signed=True) for hash_ in blocking_hashes(keys, record))
    await driver.execute("select pg_advisory_xact_lock(n) from unnest($1::bigint[]) n", numbers)


async def check(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    person: UUID,
    record: Comparable,
    *,
    root_field: str,
    by: Rules | None = None,
) -> list[Candidate]:
    """Whoever comes to REVIEW or SAME, the heaviest first. Each look at one of these is entered in the same transaction.

    `person`: of the request or the record that is compared, which is not found itself.
    """
    chosen = rules() if by is None else by
    driver = await raw(connection)
    hashes = list(blocking_hashes(keys, record))
    # To plan it anew takes longer than to find them.
    await driver.execute("set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off")
    rows = await driver.fetch(_FIND, hashes, person, chosen.wide, chosen.narrow, chosen.candidates, call.now)
    found: dict[UUID, Candidate] = {}
    mine = Compared(record)
    for row in rows:
        its = record_of(row, keys, COMPARED_PARTS)
        if not may_be(record, own_of(its), chosen):
            continue
        compared = Compared(Comparable.of({part: its.open(part) for part in COMPARED_PARTS}, row["guardians"]))
        if not (may_be(record, compared.record, chosen) and own_weighs(mine, compared, chosen)):
            continue
        finding = compare(mine, compared, chosen)
        stands_for = row["survivor_id"] or row["person_id"]
        if finding.outcome is Outcome.CLEAR or stands_for == person:
            continue
        before = found.get(stands_for)
        if before is None or before.finding.weight < finding.weight:
            found[stands_for] = Candidate(stands_for, finding, its)
    looks = [_look(candidate.record, call, root_field) for candidate in found.values()]
    if looks:
        await ledger.LEDGER.apply(driver, [(0, ledger.entry(look, call)) for look in looks])
    return sorted(found.values(), key=lambda its: (-its.finding.weight, its.person_id))


def own_of(record: SealedRecord) -> Comparable:
    """No more than what is a person's own, but for the given name: enough to see of most that they are others."""
    sex, cnie, permit = (record.open(PARTS[name]) for name in ("sex", "cnie", "permit"))
    return Comparable(PartialDate.parse(record.open(BIRTH) or ""), sex=sex, cnie=cnie, permit=permit)


def _look(record: SealedRecord, call: Call, root_field: str) -> Disclosure:
    disclosure = Disclosure(
        decide_upkeep(*ATTRIBUTES), record, subject=record.owner, entry_id=uuid7(call.now), field=root_field
    )
    for attribute in ATTRIBUTES:
        disclosure.compare(attribute, Use.MATCH, lambda _: None)
    return disclosure
