"""Files of people to be enrolled: taken in, tried, begun, stopped, and what came of them handed out.

    import_persons ──> CHECKED ──> check_file (a trial: what would become of each row) ──> CHECKED
                          └──────> start_file ──> WAITING ──> RUNNING ──> DONE
                                                      └── cancel_file ──> CANCELLED (start_file goes on)

Who sends a file sees it, and whoever may import in the whole country. The same file again is the same file. The numbers of
those who were enrolled are for who sent it alone. File and result are erased a day after the result was taken, after thirty
days at most.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.catalogue import Lang
from access.rights import Scope
from core import jobs
from core.database import Reader, Row, Snapshot, raw
from core.errors import Conflict, Invalid, NotFound
from core.ids import uuid7
from core.jobs import Kind, enqueue
from core.keys import KeyRing
from core.storage import Storage
from identity.file_columns import EXAMPLE, PERSONS
from identity.file_jobs import CONTENT, IMPORTING, KEPT, TAKING, cells, digest_of, result_of, shape_settings, table
from identity.file_reading import Shape, encoding_of, examined
from identity.file_rows import Outcome
from identity.register_models import PersonFile, PersonFilePart
from identity.spreadsheets import csv_of, is_spreadsheet, template

KEPT_AFTER: Final = timedelta(days=1)
MAX_LISTED: Final = 100
_WELL: Final = frozenset({Outcome.ENROLLED, Outcome.THERE_ALREADY, Outcome.SUBMITTED})
PERSON_ROWS, PACK, LINK = "PERSONS", "PACK", "LINK"
JOBS: Final = {PERSON_ROWS: IMPORTING, PACK: TAKING}
_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('sijil:person-files', 0))"
SHOWN: Final = """
select f.file_id, f.kind, f.agency_id, f.settings::text, f.counts::text, f.begun_at, f.begun_by, f.ended_at, f.erase_after,
       f.result_id, f.job_id, j.done, j.total, j.state as job_state,
       case when f.state in ('WAITING', 'RUNNING') and (j.state is null or j.state in ('CANCELLED', 'DONE')) then 'CANCELLED'
            when f.state = 'RUNNING' and j.state = 'WAITING' then 'WAITING' else f.state end as state
  from person_file f left join job j on j.job_id = f.job_id"""


class FileState(StrEnum):
    CHECKED = "CHECKED"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    ERASED = "ERASED"


class TemplateForm(StrEnum):
    CSV = "CSV"
    XLSX = "XLSX"


@dataclass(frozen=True, slots=True)
class FileView:
    """`agency`: the code of that of a LINK file. `counts`: how many rows came to what; of a trial (`dry`), would come.

    `held`: its job waits for a person's word.
    """

    file_id: UUID
    kind: str
    state: FileState
    agency_id: UUID | None
    agency: str | None
    rows: int
    done: int
    total: int | None
    counts: dict[str, int]
    dry: bool
    held: bool
    has_result: bool
    mine: bool
    lang: Lang
    begun_at: datetime
    ended_at: datetime | None
    erase_after: datetime
    job_id: UUID | None


@allow(Scope.IMPORT_RUN)
async def import_persons(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    storage: Storage,
    *,
    content: bytes | None,
    encoding: str,
    lang: Lang,
) -> UUID:
    """Takes a file in (CSV, or XLSX: its first sheet), having looked through all of it; nothing of it is done yet.

    Raises Faulty with the codes of `FileFault` for a file that is not taken, Invalid for the encoding.
    """
    text, shape = await examined_persons(content, encoding)
    territory = call.actor.territories.get(Scope.IMPORT_RUN)
    settings = shape_settings(shape) | {"lang": lang, "territory": None if territory is None else sorted(territory)}
    return await keep(connection, keys, call, storage, kind=PERSON_ROWS, content=text, settings=settings)


async def examined_persons(content: bytes | None, encoding: str) -> tuple[bytes, Shape]:
    """The file as a CSV, and what it was found to be. Raises as `import_persons`."""
    content = sent(content)
    text = await csv_of(content) if is_spreadsheet(content) else content
    chosen = encoding_of("utf-8" if is_spreadsheet(content) else encoding)
    return text, examined(text, chosen, PERSONS)


async def keep(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    storage: Storage,
    *,
    kind: str,
    content: bytes,
    settings: dict[str, Any],
    agency: UUID | None = None,
) -> UUID:
    """Seals a file in the storage; the id of the one that is there, where the caller sent the same before."""
    await (await raw(connection)).execute(_LOCK)
    digest = digest_of(keys, kind, content)
    its = (PersonFile.digest == digest) & (PersonFile.kind == kind) & (PersonFile.state != FileState.ERASED)
    its &= PersonFile.begun_by.is_not_distinct_from(call.actor.account) & PersonFile.agency_id.is_not_distinct_from(agency)
    before: UUID | None = await connection.scalar(select(PersonFile.file_id).where(its).limit(1))
    if before is not None:
        return before
    file = uuid7(call.now)
    key, wrapped = keys.masters.new_data_key(file)
    await storage.put(file, key.seal_bytes(CONTENT, file, content))
    row = {
        "file_id": file,
        "kind": kind,
        "state": FileState.CHECKED,
        "agency_id": agency,
        "data_key": wrapped,
        "digest": digest,
        "settings": settings,
        "begun_at": call.now,
        "begun_by": call.actor.account,
        "erase_after": call.now + KEPT,
    }
    await connection.execute(insert(PersonFile).values(row))
    return file


@allow(Scope.IMPORT_RUN)
async def check_file(connection: AsyncConnection, call: Call, *, file: UUID, first: int | None) -> None:
    """Tries the file, or its first rows: what would become of each is the result, and nothing else is written.

    Doubles that a file has within itself are found as far as they lie within one batch. Raises NotFound, Invalid, Conflict.
    """
    if first is not None and first < 1:
        raise Invalid("one row at least", path=("first",))
    row = await _held(connection, call, file)
    if row.kind != PERSON_ROWS:
        raise Conflict("only a file of people is tried", path=("file",))
    await begin(connection, row, call, IMPORTING, {"dry": True, "first": first})


@allow(Scope.IMPORT_RUN)
async def start_file(connection: AsyncConnection, call: Call, *, file: UUID) -> None:
    """Begins with the file, or goes on with one that was stopped. Raises NotFound; Conflict where it runs, or is done."""
    row = await _held(connection, call, file)
    await begin(connection, row, call, JOBS[row.kind], {"dry": False, "first": None})


async def begin(connection: AsyncConnection, row: Any, call: Call, kind: Kind, settings: dict[str, Any]) -> UUID:
    """Puts the job of a file down, which begins anew: what was done by an earlier one is found to be done. The job's id."""
    if await _state(connection, row.file_id) not in (FileState.CHECKED, FileState.CANCELLED):
        raise Conflict("the file is worked on, or it is done", path=("file",))
    await connection.execute(PersonFilePart.__table__.delete().where(PersonFilePart.file_id == row.file_id))  # type: ignore[attr-defined]
    job = await enqueue(connection, kind, {"file": str(row.file_id)}, job_id=uuid7(call.now), at=call.now)
    begun = {
        "state": FileState.WAITING,
        "job_id": job,
        "settings": {**row.settings, **settings},
        "counts": {},
        "result_id": None,
    }
    await connection.execute(update(PersonFile).where(PersonFile.file_id == row.file_id).values(begun | {"ended_at": None}))
    return job


@allow(Scope.IMPORT_RUN)
async def cancel_file(connection: AsyncConnection, call: Call, *, file: UUID) -> None:
    """Stops a file: what was enrolled stays so. Raises NotFound, and Conflict where nothing runs."""
    row = await _held(connection, call, file)
    await stop(connection, row, call)


async def stop(connection: AsyncConnection, row: Any, call: Call) -> None:
    if row.job_id is None or row.state not in (FileState.WAITING, FileState.RUNNING):
        raise Conflict("the file is not worked on", path=("file",))
    if await jobs.cancel(connection, row.job_id, at=call.now) is jobs.State.CANCELLED:
        await connection.execute(
            update(PersonFile).where(PersonFile.file_id == row.file_id).values(state=FileState.CANCELLED, ended_at=call.now)
        )


@allow(Scope.IMPORT_RUN)
async def take_result(connection: AsyncConnection, call: Call, *, file: UUID) -> None:
    """That the result is taken (`file_result`): from now on it is kept for a day.

    Raises NotFound, and Conflict where there is none yet.
    """
    row = await _held(connection, call, file)
    if not view_of(await shown(Snapshot(await raw(connection)), file), call).has_result:
        raise Conflict("nothing came of it yet", path=("file",))
    await deliver(connection, row, call)


@allow(Scope.IMPORT_RUN)
async def file_result(reading: Reader, call: Call, keys: KeyRing, storage: Storage, *, file: UUID) -> bytes:
    """What became of the rows, as a CSV in the language of who sent it. Raises NotFound, also where it is erased."""
    view = await person_file(reading, call, file=file)
    return table(await result_of(reading, storage, keys, file), view.lang, numbers=view.mine)


@allow(Scope.IMPORT_RUN)
async def file_rows(
    reading: Reader, call: Call, keys: KeyRing, storage: Storage, *, file: UUID, lang: Lang, first: int
) -> list[list[str]]:
    """The first rows of the result, in words (`file_jobs.cells`): all of a trial's; else those that enrolled nobody.

    Nothing is taken by that: numbers are not among it. Raises NotFound, Invalid; nothing where there is no result (any more).
    """
    if not 1 <= first <= MAX_LISTED:
        raise Invalid(f"at least one row, and at most {MAX_LISTED}", path=("first",))
    view = await person_file(reading, call, file=file)
    if not view.has_result:
        return []
    told = await result_of(reading, storage, keys, file)
    return list(islice(cells((line for line in told if view.dry or line.outcome not in _WELL), lang), first))


async def deliver(connection: AsyncConnection, row: Any, call: Call) -> None:
    """A result was taken: file and result are kept for a day. That of a trial changes nothing."""
    if row.state in (FileState.DONE, FileState.CANCELLED):
        until = min(row.erase_after, call.now + KEPT_AFTER)
        await connection.execute(update(PersonFile).where(PersonFile.file_id == row.file_id).values(erase_after=until))


@allow(Scope.IMPORT_RUN)
async def person_file(reading: Reader, call: Call, *, file: UUID) -> FileView:
    """Raises NotFound, also for what somebody else sent."""
    row = await shown(reading, file)
    if row["kind"] == LINK or not _sees(call, row["begun_by"]):
        raise unknown()
    return view_of(row, call)


@allow(Scope.IMPORT_RUN)
async def person_files(reading: Reader, call: Call) -> list[FileView]:
    """The newest files and packs that the caller sent; all of them for who may import in the whole country."""
    rows = await reading.ask(
        f"""{SHOWN} where f.kind <> 'LINK' and ($1 or f.begun_by is not distinct from $2)
            order by f.begun_at desc, f.file_id desc limit $3""",
        call.actor.reaches(Scope.IMPORT_RUN, None),
        call.actor.account,
        MAX_LISTED,
    )
    return [view_of(row, call) for row in rows]


@allow(Scope.IMPORT_RUN)
async def import_template(_reading: object, _call: Call, *, form: TemplateForm, lang: Lang) -> bytes:
    """An empty file to be filled in."""
    return persons_template(form, lang)


def persons_template(form: TemplateForm, lang: Lang) -> bytes:
    example = [EXAMPLE.get(column.name, "") for column in PERSONS]
    return template(PERSONS, lang, [example], sheet=form is TemplateForm.XLSX)


# --- shared with other kinds of files


def sent(content: bytes | None) -> bytes:
    """The bytes that came. Raises Invalid where they were no base64."""
    if content is None:
        raise Invalid("this is no base64", path=("content",))
    return content


async def shown(reading: Reader, file: UUID) -> Row:
    """Raises NotFound."""
    rows = await reading.ask(f"{SHOWN} where f.file_id = $1", file)
    if not rows:
        raise unknown()
    return rows[0]


def view_of(row: Row, call: Call) -> FileView:
    settings = json.loads(row["settings"])
    state = FileState(row["state"])
    begun = state not in (FileState.WAITING, FileState.ERASED) and bool(json.loads(row["counts"] or "{}"))
    return FileView(
        file_id=row["file_id"],
        kind=row["kind"],
        state=state,
        agency_id=row["agency_id"],
        agency=settings.get("agency"),
        rows=settings["rows"],
        done=row["done"] or 0,
        total=row["total"],
        counts=json.loads(row["counts"] or "{}"),
        dry=bool(settings.get("dry")),
        held=row["job_state"] == jobs.State.HELD,
        has_result=begun and state is not FileState.RUNNING,
        mine=row["begun_by"] == call.actor.account,
        lang=Lang(settings["lang"]),
        begun_at=row["begun_at"],
        ended_at=row["ended_at"],
        erase_after=row["erase_after"],
        job_id=row["job_id"],
    )


def unknown() -> NotFound:
    return NotFound("there is no such file", path=("file",))


async def held(connection: AsyncConnection, file: UUID) -> Any:
    """The row, which nobody else changes until the transaction ends. Raises NotFound."""
    row = (await connection.execute(select(PersonFile).where(PersonFile.file_id == file).with_for_update())).first()
    if row is None:
        raise unknown()
    return row


async def _held(connection: AsyncConnection, call: Call, file: UUID) -> Any:
    row = await held(connection, file)
    if row.kind == LINK or not _sees(call, row.begun_by):
        raise unknown()
    return row


async def _state(connection: AsyncConnection, file: UUID) -> FileState:
    """As it is seen: a job that was cancelled while it ran leaves its file as it was."""
    return FileState((await shown(Snapshot(await raw(connection)), file))["state"])


def _sees(call: Call, begun_by: UUID | None) -> bool:
    return begun_by == call.actor.account or call.actor.reaches(Scope.IMPORT_RUN, None)
