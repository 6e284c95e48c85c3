"""The frame of a job over a file: batch after batch, each in one transaction with what became of it and how far it has come.

Whenever the process dies, what was committed stays and the rest is done by the next run; nothing is done twice. While a batch
is written the next one is made ready. What became of the rows lies beside, sealed, until all of it is put together as one file.
A file is held in memory as a whole (`file_reading.MAX_BYTES`), of what is made of it just two batches.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

import asyncpg

from access.call import Actor, ActorKind, Call
from access.catalogue import Lang
from access.rights import Scope
from core.canonical import plain_json
from core.database import Database, Reader, Row
from core.errors import Forbidden, NotFound
from core.ids import uuid7
from core.jobs import Kind, Lost, Work
from core.keys import KeyRing
from core.sealed import DataKey
from core.storage import Storage
from identity.file_columns import LINK, PERSONS
from identity.file_reading import Encoding, Shape, written
from identity.file_rows import Outcome, RowFault, Told, counted
from identity.file_texts import HEADER, told

CONTENT: Final = "file.content"
RESULT: Final = "file.result"
BATCH: Final = 1_000
KEPT: Final = timedelta(days=30)
MAX_ERASED: Final = 100
IMPORTING: Final = Kind("import-persons", run_seconds=24 * 3600, at_once=1)
TAKING: Final = Kind("take-pack", run_seconds=3600, at_once=1)
LINKING: Final = Kind("link-file", run_seconds=24 * 3600, at_once=1, held_at_once=(Forbidden,))
_LABELS: Final = {column.name: column.labels for column in (*LINK, *PERSONS)}


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that a job works on."""

    file: UUID
    kind: str
    key: DataKey = field(repr=False)
    settings: dict[str, Any]
    counts: dict[str, int]
    begun_by: UUID | None
    agency: UUID | None
    content: bytes = field(repr=False)

    @property
    def lang(self) -> Lang:
        return Lang(self.settings["lang"])

    @property
    def dry(self) -> bool:
        """Whether it is only said what would become of it."""
        return bool(self.settings.get("dry"))

    @property
    def shape(self) -> Shape:
        """Of a CSV."""
        its = self.settings
        return Shape(Encoding(its["encoding"]), its["delimiter"], tuple(its["columns"]), its["rows"])


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done with a file.

    `items`: what is left of it, from where the last run ended, each with its number, which grows; `ready` makes a batch of them
    ready, beside the writing of the one before; `write` does it, in a transaction, and says what became of it.
    """

    items: Iterator[tuple[int, Any]]
    total: int
    ready: Callable[[Sequence[tuple[int, Any]]], Awaitable[Any]]
    write: Callable[["asyncpg.Connection[Row]", Call, Any], Awaitable[list[Told]]]


Begin = Callable[[OpenFile, int, Reader, Call], Awaitable[Task]]
"""The task of a file, from after the item with that number on."""


def shape_settings(shape: Shape) -> dict[str, Any]:
    """As `OpenFile.shape` finds it again."""
    its = {"encoding": shape.encoding.value, "delimiter": shape.delimiter}
    return its | {"columns": list(shape.columns), "rows": shape.rows}


def digest_of(keys: KeyRing, kind: str, content: bytes) -> bytes:
    """Keyed: by which the same bytes are known again, and nothing is told."""
    return hmac.digest(keys.commitment, f"file\0{kind}\0".encode() + content, "sha256")


async def run(its: Work, storage: Storage, keys: KeyRing, begin: Begin, *scopes: Scope, batch: int = BATCH) -> None:
    """Does the job of a file. Its parameters: {file}; `progress`: {after, part}."""
    file_id = UUID(its.parameters["file"])
    file = await _opened(its, storage, keys, file_id)
    if file is None:
        return
    state = its.progress or {"after": 0, "part": 0}
    task = await begin(file, state["after"], its.database, _call(its, file, scopes))
    counts, part = file.counts, state["part"]
    ahead = asyncio.create_task(_next(task, batch))
    try:
        while (following := await ahead) is not None:
            count, after, prepared = following
            ahead = asyncio.create_task(_next(task, batch))
            async with its.database.connection() as connection, connection.transaction():
                lines = await task.write(connection, _call(its, file, scopes), prepared)
                counts = counted(lines, counts)
                await _note(connection, its, file, part, lines, counts)
                part += 1
                progress = {"after": after, "part": part}
                await its.checkpoint(progress, its.done + count, task.total, transaction=connection)
    finally:
        ahead.cancel()
    await _finish(its, storage, file)


async def _next(task: Task, batch: int) -> tuple[int, int, Any] | None:
    items = list(islice(task.items, batch))
    if not items:
        return None
    return len(items), items[-1][0], await task.ready(items)


def _call(its: Work, file: OpenFile, scopes: Sequence[Scope]) -> Call:
    """The machine's own, in the name of whoever sent the file."""
    actor = Actor(ActorKind.SYSTEM, frozenset(scopes), name=file.kind, account=file.begun_by, agency=file.agency)
    return Call(actor, its.now, uuid7(its.now))


async def _opened(its: Work, storage: Storage, keys: KeyRing, file_id: UUID) -> OpenFile | None:
    """The file, which runs from now on. None where it is not to be worked on by this job any more."""
    rows = await its.database.ask(
        """update person_file set state = 'RUNNING' where file_id = $1 and job_id = $2 and state in ('WAITING', 'RUNNING')
           returning kind, data_key, settings::text, counts::text, begun_by, agency_id""",
        file_id,
        its.job_id,
    )
    if not rows:
        return None
    row = rows[0]
    key = keys.masters.unwrap(file_id, row["data_key"])
    return OpenFile(
        file_id,
        row["kind"],
        key,
        json.loads(row["settings"]),
        json.loads(row["counts"] or "{}"),
        row["begun_by"],
        row["agency_id"],
        key.open_bytes(CONTENT, file_id, await storage.get(file_id)),
    )


async def _note(
    connection: "asyncpg.Connection[Row]", its: Work, file: OpenFile, part: int, lines: Sequence[Told], counts: dict[str, int]
) -> None:
    """What became of a batch. Raises Lost where the file is not this job's any more."""
    done = await connection.execute(
        "update person_file set counts = $3::jsonb where file_id = $1 and job_id = $2 and state = 'RUNNING'",
        file.file,
        its.job_id,
        json.dumps(counts),
    )
    if done != "UPDATE 1":
        raise Lost("the file is not worked on any more")
    await connection.execute(
        "insert into person_file_part (file_id, part, lines) values ($1, $2, $3)",
        file.file,
        part,
        file.key.seal_bytes(_part(part), file.file, plain_json([_plain(line) for line in lines])),
    )


async def _finish(its: Work, storage: Storage, file: OpenFile) -> None:
    """Puts the result together, in the place of its parts."""
    result = uuid7(its.now)
    await storage.put(result, file.key.seal_bytes(RESULT, result, await _parts(its.database, file.key, file.file)))
    async with its.database.connection() as connection, connection.transaction():
        done = await connection.execute(
            """update person_file set state = $3, result_id = $4, ended_at = $5
                where file_id = $1 and job_id = $2 and state = 'RUNNING'""",
            file.file,
            its.job_id,
            "CHECKED" if file.dry else "DONE",
            result,
            its.now,
        )
        if done != "UPDATE 1":
            raise Lost("the file is not worked on any more")
        await connection.execute("delete from person_file_part where file_id = $1", file.file)
        await its.checkpoint(its.progress, its.done, its.done, transaction=connection)


# --- what became of the rows


def _part(part: int) -> str:
    return f"file.part:{part}"


def _plain(line: Told) -> list[Any]:
    fault = None if line.fault is None else [line.fault.column, line.fault.code]
    return [line.row, str(line.outcome), line.number, fault, line.reference]


def _told(line: Sequence[Any]) -> Told:
    row, outcome, number, fault, reference = line
    return Told(row, Outcome(outcome), number, None if fault is None else RowFault(*fault), reference)


async def _parts(reader: Reader, key: DataKey, file: UUID) -> bytes:
    """What became of each batch, a line each."""
    rows = await reader.ask("select part, lines from person_file_part where file_id = $1 order by part", file)
    return b"\n".join(key.open_bytes(_part(row["part"]), file, row["lines"]) for row in rows)


async def result_of(reader: Reader, storage: Storage, keys: KeyRing, file: UUID) -> Iterator[Told]:
    """What became of the rows so far. Raises NotFound where that is erased."""
    rows = await reader.ask("select data_key, result_id from person_file where file_id = $1", file)
    if not rows or rows[0]["data_key"] is None:
        raise NotFound("the result is not there any more", path=("file",))
    key, result = keys.masters.unwrap(file, rows[0]["data_key"]), rows[0]["result_id"]
    if result is None:
        parts = await _parts(reader, key, file)
    else:
        parts = key.open_bytes(RESULT, result, await storage.get(result))
    return (_told(line) for part in parts.splitlines() for line in json.loads(part))


def table(lines: Iterable[Told], lang: Lang, *, numbers: bool, references: bool = False) -> bytes:
    """The result as a CSV. `numbers`: for whom may have them; `references`: where rows have one of the sender's."""
    names = ["row", *(["reference"] if references else []), "outcome", "number", "column", "code", "text"]
    return written(_rows(lines, names, lang, numbers=numbers), bom=True)


def cells(lines: Iterable[Told], lang: Lang) -> Iterator[list[str]]:
    """The same for a page: row, outcome, column and explanation of each, and no number."""
    rows = _rows(lines, ("row", "outcome", "column", "text"), lang, numbers=False)
    next(rows)  # how the columns are called
    yield from rows


def _rows(lines: Iterable[Told], names: Sequence[str], lang: Lang, *, numbers: bool) -> Iterator[list[str]]:
    yield [HEADER[name][lang] for name in names]
    for line in lines:
        fault = line.fault
        column = None if fault is None else fault.column
        code = line.outcome.value if fault is None else fault.code
        cells = {
            "row": str(line.row),
            "reference": line.reference,
            "outcome": told(line.outcome, lang),
            "number": (line.number if numbers else None) or "",
            "column": "" if column is None else _LABELS[column][lang] if column in _LABELS else column,
            "code": code,
            "text": told(code, lang),
        }
        yield [cells[name] for name in names]


# --- what is erased


async def erase_files(database: Database, storage: Storage, now: datetime) -> int:
    """Erases files and results whose time is over: first the key, with which all of it is noise. How many."""
    async with database.connection() as connection, connection.transaction():
        rows = await connection.fetch(
            """select file_id, result_id from person_file f
                where erase_after <= $1 and state <> 'ERASED'
                  and not exists (select from job j where j.job_id = f.job_id and j.state in ('WAITING', 'RUNNING'))
                order by erase_after limit $2 for update skip locked""",
            now,
            MAX_ERASED,
        )
        await forget(connection, [row["file_id"] for row in rows])
    for row in rows:
        for name in (row["file_id"], row["result_id"]):
            if name is not None:
                await storage.delete(name)
    return len(rows)


async def forget(connection: "asyncpg.Connection[Row]", files: Sequence[UUID]) -> None:
    """What lies in the storage of these opens no more; what they came to stays."""
    await connection.execute("delete from person_file_part where file_id = any($1::uuid[])", files)
    await connection.execute("update person_file set state = 'ERASED', data_key = null where file_id = any($1::uuid[])", files)
