"""Wrapping all data keys anew by the newest master key, while all goes on.

Which tables hold data keys, the tables themselves say: those with a column `data_key`, each kept under the owner's id. They
are gone over in the order of the ids, some hundred rows in a transaction, which also notes how far it has come: whenever the
worker dies, another goes on from there. A row is replaced only where it still is what was read, so nothing that others write
meanwhile, a key or that there is none any more, is overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from sqlalchemy import MetaData

from core.database import NAME, Database, Row
from core.errors import Conflict, Internal, Unavailable
from core.jobs import Handler, Kind, Work
from core.keys import KeyRing
from core.sealed import version_of

REWRAPPING = Kind("rewrap-keys", attempts=20, run_seconds=24 * 3600, at_once=1)
COLUMN = "data_key"
BATCH = 500
COUNT_SECONDS = 3600.0
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A table with data keys, and the column of the ids that they are bound to."""

    table: str
    owner: str


def wrapped_in(metadata: MetaData) -> list[Wrapped]:
    """All tables with data keys, by name. Raises Internal for one whose rows are not known by the owner's id alone."""
    found = []
    for table in metadata.sorted_tables:
        if COLUMN in table.columns:
            keys = list(table.primary_key.columns)
            if len(keys) != 1:
                raise Internal("data keys lie in a table that is not known by their owners")
            found.append(Wrapped(table.name, keys[0].name))
    return sorted(found, key=lambda its: its.table)


def rewrapping(keys: KeyRing, tables: Sequence[Wrapped]) -> Handler:
    """What does the job. Its parameters: {version}, of the master key that all are to be wrapped by.

    `progress`: [table, id], all up to there is done. Raises Unavailable where this process has not that key yet: another that
    was started since does it.
    """

    async def work(its: Work) -> None:
        if its.parameters["version"] > keys.masters.newest:
            raise Unavailable("this process was started before that key was made")
        total = await _rows(its.database, tables)
        table, after = its.progress or [tables[0].table, str(FIRST)]
        place = next(number for number, wrapped in enumerate(tables) if wrapped.table == table)
        last = UUID(after)
        for wrapped in tables[place:]:
            while True:
                async with its.database.connection() as connection, connection.transaction():
                    owners = await _rewrap(connection, keys, wrapped, last)
                    if not owners:
                        break
                    last, done = owners[-1], its.done + len(owners)
                    await its.checkpoint([wrapped.table, str(last)], done, max(total, done), transaction=connection)
            last = FIRST

    return work


async def _rewrap(connection: "asyncpg.Connection[Row]", keys: KeyRing, its: Wrapped, after: UUID) -> list[UUID]:
    """The owners of the next rows; those wrapped by older keys are wrapped by the newest now."""
    rows = await connection.fetch(
        f"select {its.owner} as owner, {COLUMN} from {its.table} where {its.owner} > $1 order by {its.owner} limit $2",
        after,
        BATCH,
    )
    left = list(rows)
    while left := [row for row in left if row[COLUMN] and version_of(row[COLUMN]) < keys.masters.newest]:
        done = await connection.fetch(
            f"""update {its.table} t set {COLUMN} = given.anew
                  from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as given (owner, was, anew)
                 where t.{its.owner} = given.owner and t.{COLUMN} = given.was returning given.owner""",
            [row["owner"] for row in left],
            [row[COLUMN] for row in left],
            [keys.masters.rewrap(row["owner"], row[COLUMN]) for row in left],
        )
        written = {row["owner"] for row in done}
        # What somebody else wrote meanwhile is looked at again: it may be by an older key, too.
        left = await connection.fetch(
            f"select {its.owner} as owner, {COLUMN} from {its.table} where {its.owner} = any($1::uuid[])",
            [row["owner"] for row in left if row["owner"] not in written],
        )
    return [row["owner"] for row in rows]


async def _rows(database: Database, tables: Sequence[Wrapped]) -> int:
    """About how many rows there are: as the server estimates where it has counted many, else counted."""
    total = 0
    for its in tables:
        (estimate,) = await database.ask("select reltuples::bigint as n from pg_class where oid = $1::regclass", its.table)
        rows = estimate["n"]
        if rows < 100_000:
            rows = (await database.ask(f"select count(*) as n from {its.table}"))[0]["n"]
        total += rows
    return total


async def counted(database: Database, tables: Sequence[Wrapped]) -> Mapping[int, Mapping[str, int]]:
    """How many data keys of each table each version wraps. Every row is read: it takes its time."""
    found: dict[int, dict[str, int]] = {}
    async with database.apart() as connection:
        for its in tables:
            rows = await connection.fetch(
                f"""select get_byte({COLUMN}, 0) * 256 + get_byte({COLUMN}, 1) as version, count(*) as n
                      from {its.table} where {COLUMN} is not null group by 1""",
                timeout=COUNT_SECONDS,
            )
            for row in rows:
                found.setdefault(row["version"], {})[its.table] = row["n"]
    return found


async def refuse_use(database: Database, tables: Sequence[Wrapped], version: int) -> None:
    """Raises Conflict while any data key is wrapped by that version."""
    async with database.apart() as connection:
        for its in tables:
            used = await connection.fetchval(
                f"select exists (select from {its.table} where substring({COLUMN} from 1 for 2) = $1)",
                version.to_bytes(2, "big"),
                timeout=COUNT_SECONDS,
            )
            if used:
                raise Conflict(f"data keys in {its.table} are wrapped by this version: wrap them anew first", path=("version",))


def name_of(keys: KeyRing) -> str:
    """By which the connections of a serving process tell which key it wraps with (see `Database`)."""
    return f"{NAME} {keys.masters.newest}"


async def refuse_older_processes(database: Database, newest: int) -> None:
    """Raises Conflict while a process serves that was started before that version was there: what it wraps, only older open."""
    rows = await database.ask(
        """select distinct substring(application_name from $1) as version from pg_stat_activity
            where datname = current_database() and application_name ~ $1""",
        f"^{NAME} ([0-9]+)$",
    )
    if any(int(row["version"]) < newest for row in rows):
        raise Conflict("a process serves that was started before the newest version was made: start it anew", path=("version",))
