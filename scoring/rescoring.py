"""Scores made anew: of households whose members come of an age that counts, and of those of whom something became known.

A score is made under each formula in force that a programme in force goes by. The one before stays as it is: which counts at
an instant is the newest by then.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow, system
from access.rights import Scope
from core.database import Database, Reader, Row, Snapshot, raw
from core.dates import civil_date
from core.ids import uuid7
from core.jobs import Handler, Kind, Work, enqueue, find
from core.keys import KeyRing
from identity.changes import PersonChanged
from registry import store as registry_store
from registry.events import HouseholdsChanged
from registry.store import Asked
from scoring import store
from scoring.formula import Formula
from scoring.score_inputs import inputs_of
from scoring.score_rows import COLUMNS, Cause, Occasion, following, row_of

AGES: Final = Kind("rescore-ages", run_seconds=24 * 3600, at_once=1)
BATCH: Final = 500
FIRST: Final = UUID(int=0)
_ALONE: Final = "select pg_advisory_xact_lock(hashtextextended('sijil:rescore-ages', 0))"
_BIRTH: Final = "person.birth_date"
# The newest score under a formula in force, and the day has come on which an age may change it.
_OF_AGE: Final = """
select distinct s.household_id from score s join household h on h.household_id = s.household_id and h.withdrawn_at is null
 where s.ages_change_on <= $1 and s.formula_hash = any($2::bytea[]) and s.household_id > $3
   and not exists (select from score n where n.household_id = s.household_id and n.formula_hash = s.formula_hash
                      and (n.calculated_at, n.score_id) > (s.calculated_at, s.score_id))
 order by s.household_id limit $4"""
# A revision is later than all before it, and so perhaps a moment later than the call that made it.
_RECORDED: Final = "select greatest($2, max(recorded_at)) from person_revision where person_id = $1"
_IN_FORCE: Final = """
select distinct on (f.code) f.hash from formula f
 where (f.valid_from is null or f.valid_from <= $1)
   and f.code in (select p.formula from programme p where p.since <= $1 and (p.until is null or $1 < p.until))
 order by f.code, f.valid_from desc nulls last, f.version desc"""


async def formulas_on(reader: Reader, day: date) -> list[Formula]:
    """The formulas that programmes in force on that day go by, of each the newest version in force."""
    return [await store.formula(reader, row["hash"]) for row in await reader.ask(_IN_FORCE, day)]


@allow(Scope.SCORE_MAKE)
async def rescore(
    connection: "asyncpg.Connection[Row]", _call: Call, keys: KeyRing, households: Sequence[UUID], occasion: Occasion
) -> int:
    """Writes a score of each of these households under each formula in force; how many were written.

    Within a transaction of the caller's. A household that is not there at that instant, or of which somebody is erased, keeps
    the score that it has.
    """
    reader, day = Snapshot(connection), civil_date(occasion.since)
    formulas = await formulas_on(reader, day)
    found = await inputs_of(reader, keys, [Asked(home, occasion.since, occasion.at) for home in households])
    rows: list[tuple[Any, ...]] = []
    for formula in formulas:
        for household in found:
            if household is not None:
                _, its = following(formula, household, occasion.since)
                rows.append(row_of(formula, household.household_id, its, occasion))
    if rows:
        await connection.copy_records_to_table("score", records=rows, columns=COLUMNS)
    return len(rows)


def rescoring_ages(keys: KeyRing) -> Handler:
    """What does the job AGES: every household in which an age that counts has come. `progress`: {after}, the last one done."""

    async def work(its: Work) -> None:
        after = UUID(its.progress["after"]) if its.progress else FIRST
        while True:
            call = Call(system(AGES.name, Scope.SCORE_MAKE), its.now, uuid7(its.now))
            async with its.database.connection() as connection, connection.transaction():
                reader = Snapshot(connection)
                hashes = [formula.hash for formula in await formulas_on(reader, civil_date(call.now))]
                rows = await reader.ask(_OF_AGE, civil_date(call.now), hashes, after, BATCH)
                if not rows:
                    return
                homes = [row["household_id"] for row in rows]
                await rescore(connection, call, keys, homes, Occasion(Cause.AGE, call.now, call.now))
                after = homes[-1]
                await its.checkpoint({"after": str(after)}, its.done + len(homes), transaction=connection)

    return work


async def put_down_ages(database: Database, now: datetime) -> UUID | None:
    """Puts the job AGES down, once a civil day, however many processes do so at once; its id, where it was not there yet."""
    job = uuid5(NAMESPACE_OID, f"{AGES.name} {civil_date(now)}")
    if await find(database, job) is not None:
        return None
    async with database.connection() as connection, connection.transaction():
        await connection.execute(_ALONE)
        if await find(Snapshot(connection), job) is not None:
            return None
        return await enqueue(connection, AGES, {}, job_id=job, at=now, dedupe=AGES.name)


def rescoring_changed(keys: KeyRing) -> Callable[[AsyncConnection, Call, PersonChanged], Awaitable[None]]:
    """What is done when a record changes: where a birth date does, the household is scored anew in the same transaction."""

    async def changed(connection: AsyncConnection, call: Call, event: PersonChanged) -> None:
        if _BIRTH not in event.attributes:
            return
        driver = await raw(connection)
        homes = await registry_store.of_persons(Snapshot(driver), [event.person], call.now)
        if homes:
            own = Call(system("rescore", Scope.SCORE_MAKE), call.now, call.request_id)
            at = await driver.fetchval(_RECORDED, event.person, call.now)
            await rescore(driver, own, keys, list(homes.values()), Occasion(Cause.UPDATE, at, at))

    return changed


def rescoring_households(keys: KeyRing) -> Callable[[AsyncConnection, Call, HouseholdsChanged], Awaitable[None]]:
    """What is done when households change: they are scored anew, in the same transaction, since when the change counts."""

    async def changed(connection: AsyncConnection, call: Call, event: HouseholdsChanged) -> None:
        own = Call(system("rescore", Scope.SCORE_MAKE), call.now, call.request_id)
        # What changed may count from a moment after the call that changed it.
        at = max(call.now, event.effective_from)
        occasion = Occasion(Cause(event.cause.value), at, event.effective_from, event.origin)
        await rescore(await raw(connection), own, keys, list(event.households), occasion)

    return changed
