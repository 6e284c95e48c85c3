"""The job that enrols the people of a file.

What is made ready of a row (checked, indexed, sealed) needs nobody else: of a long file that is done by a process beside, which
reads the same key file, while this one compares and writes. Without a key file, or with another in it, all is done here.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import asyncpg

from access.call import Call
from access.rights import Scope
from core import keys as key_files
from core.database import Reader, Row
from core.dates import civil_date
from core.errors import SijilError
from core.jobs import Handler, Work
from core.keys import KeyRing
from core.storage import Storage
from identity.arrivals import Prepared, prepared
from identity.doubles_of_many import BETWEEN_BREATHS
from identity.enrolling_many import Origin, enrol_batch
from identity.file_jobs import BATCH, OpenFile, Task, run
from identity.file_reading import Row as FileRow
from identity.file_reading import Shape, rows_of
from identity.file_rows import Limits, Ready, Told, read, refused

HEADER_ROW: Final = 1
LONG: Final = 2_000  # rows from which on a process beside is worth its start


@dataclass(frozen=True, slots=True)
class Made:
    """Rows made ready: whom they declare, and what is told of those that are at fault."""

    people: list[Prepared]
    refused: list[Told]


def importing(storage: Storage, keys: KeyRing, *, key_file: Path | None = None, batch: int = BATCH) -> Handler:
    """The handler of `file_jobs.IMPORTING`. `key_file`: where the keys are, for a process beside."""

    async def work(its: Work) -> None:
        async with _beside(key_file, keys) as beside:
            await run(its, storage, keys, partial(_begin, keys, beside), Scope.IMPORT_RUN, batch=batch)

    return work


@asynccontextmanager
async def _beside(key_file: Path | None, keys: KeyRing) -> AsyncIterator[Callable[[], ProcessPoolExecutor] | None]:
    """What starts the process beside, once it is needed; it ends with the block."""
    if key_file is None:
        yield None
        return
    pool = ProcessPoolExecutor(1, get_context("spawn"), _load, (key_file, keys.fingerprint))
    try:
        yield lambda: pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_loaded: list[KeyRing] = []  # of the process beside


def _load(key_file: Path, fingerprint: str) -> None:
    gc.disable()  # nothing made here refers to itself, and to look for what does takes a third of the time
    with suppress(SijilError):
        ring = key_files.load(key_file)
        if ring.fingerprint == fingerprint:
            _loaded.append(ring)


def _made_beside(rows: Sequence[FileRow], shape: Shape, limits: Limits, at: datetime) -> Made | None:
    """In the process beside; None where it has not the keys."""
    return made(_loaded[0], rows, shape, limits, at) if _loaded else None


def made(keys: KeyRing, rows: Sequence[FileRow], shape: Shape, limits: Limits, at: datetime) -> Made:
    """These rows, made ready."""
    its = Made([], [])
    for row in rows:
        found = read(row, shape, keys, limits)
        if isinstance(found, Ready):
            its.people.append(prepared(keys, found, at))
        else:
            its.refused.extend(refused(row.number, found))
    return its


async def _begin(
    keys: KeyRing,
    beside: Callable[[], ProcessPoolExecutor] | None,
    file: OpenFile,
    after: int,
    reader: Reader,
    call: Call,
) -> Task:
    limits = await limits_of(reader, call, file.settings.get("territory"))
    origin, shape = Origin(file.file, file.begun_by, file.lang), file.shape

    async def ready(items: Sequence[tuple[int, Any]]) -> Made:
        rows = [row for _, row in items]
        if beside is not None and shape.rows >= LONG:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(beside(), _made_beside, rows, shape, limits, call.now)
            if found is not None:
                return found
        its = Made([], [])
        for at in range(0, len(rows), BETWEEN_BREATHS):
            some = made(keys, rows[at : at + BETWEEN_BREATHS], shape, limits, call.now)
            its.people.extend(some.people)
            its.refused.extend(some.refused)
            await asyncio.sleep(0)
        return its

    async def write(connection: "asyncpg.Connection[Row]", call: Call, its: Made) -> list[Told]:
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
