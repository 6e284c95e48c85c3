"""The job that enrols the people of a file."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import asyncpg

from access.call import Call
from access.rights import Scope
from core.database import Reader, Row
from core.dates import civil_date
from core.jobs import Handler, Work
from core.keys import KeyRing
from core.storage import Storage
from identity.doubles_of_many import BETWEEN_BREATHS, Newcomer
from identity.enrolling_many import Origin, enrol_batch, prepared
from identity.file_jobs import BATCH, OpenFile, Task, run
from identity.file_reading import Row as FileRow
from identity.file_reading import rows_of
from identity.file_rows import Limits, Ready, Told, read, refused

HEADER_ROW: Final = 1


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows made ready: whom they declare, and what is told of those that are at fault."""

    people: list[tuple[Ready, Newcomer]]
    refused: list[Told]


def importing(storage: Storage, keys: KeyRing, *, batch: int = BATCH) -> Handler:
    """The handler of `file_jobs.IMPORTING`."""

    async def work(its: Work) -> None:
        await run(its, storage, keys, partial(_begin, keys), Scope.IMPORT_RUN, batch=batch)

    return work


async def _begin(keys: KeyRing, file: OpenFile, after: int, reader: Reader, call: Call) -> Task:
    limits = await limits_of(reader, call, file.settings.get("territory"))
    origin = Origin(file.file, file.begun_by, file.lang)

    async def ready(items: Sequence[tuple[int, Any]]) -> _Batch:
        its = _Batch([], [])
        for place, (number, row) in enumerate(items):
            if place % BETWEEN_BREATHS == BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)
            found = read(row, file.shape, keys, limits)
            if isinstance(found, Ready):
                its.people.append(prepared(keys, found))
            else:
                its.refused.extend(refused(number, found))
        return its

    async def write(connection: "asyncpg.Connection[Row]", call: Call, its: _Batch) -> list[Told]:
        told = await enrol_batch(connection, call, keys, its.people, origin, dry=file.dry)
        return sorted([*told, *its.refused], key=lambda line: line.row)

    rows, total = _chosen(file, after)
    return Task(((row.number, row) for row in rows), total, ready, write)


def _chosen(file: OpenFile, after: int) -> tuple[Iterator[FileRow], int]:
    """The rows that are left, and how many there are in all: of a trial perhaps the first ones only."""
    rows = rows_of(file.content, file.shape, after=max(after, HEADER_ROW))
    first = file.settings.get("first") if file.dry else None
    if first is None:
        return rows, file.shape.rows
    return (row for row in rows if row.number <= HEADER_ROW + first), min(first, file.shape.rows)


async def limits_of(reader: Reader, call: Call, territory: Sequence[str] | None) -> Limits:
    """Where people may be enrolled today."""
    today = civil_date(call.now)
    open_in = await reader.ask(
        "select division from opening where opens_on <= $1 and (closes_on is null or $1 < closes_on)", today
    )
    there = await reader.ask("select code from division")
    return Limits(
        today,
        None if territory is None else frozenset(territory),
        frozenset(row["division"] for row in open_in),
        frozenset(row["code"] for row in there),
    )
