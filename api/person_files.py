"""GraphQL of files of people: those to be enrolled, and the signed packs of mobile teams.

Bytes travel as base64; pages ask in process, where a file may be as large as a file may be (see
docs/decisions/0017-files-come-by-pages.md).
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.catalogue import Lang
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import Context, opened, plain
from api.scalars import DateTime
from core.documents import read_json
from core.errors import Invalid
from identity import packs
from identity import person_files as doors
from identity.file_rows import Outcome as RowOutcome
from identity.person_files import FileState, FileView, TemplateForm

strawberry.enum(FileState, name="PersonFileState")
strawberry.enum(RowOutcome, name="PersonFileOutcome", description="What became of a row, or (of a trial) would become of it.")
strawberry.enum(TemplateForm, name="TemplateForm")


@strawberry.type
class PersonFileCount:
    outcome: RowOutcome
    rows: int


@strawberry.type(description="What became of a row, in words, or of a trial would become of it; and no number.")
class PersonFileRow:
    row: str
    outcome: str
    column: str
    text: str


async def _rows(root: "PersonFile", info: Info[Any, Any], lang: Lang, first: int = 20) -> list[PersonFileRow]:
    reading, call, _ = opened(info)
    if root.kind == doors.LINK:
        return []
    storage, file = _context(info).cabinet.storage, UUID(root.id)
    rows = await doors.file_rows(reading, call, reading.keys, storage, file=file, lang=lang, first=first)
    return [PersonFileRow(row=row, outcome=outcome, column=column, text=text) for row, outcome, column, text in rows]


@strawberry.type(
    description="A file of people. `kind`: PERSONS to be enrolled, PACK of a mobile team, LINK of an agency. `trial`: what is "
    "counted would become of it. `held`: it waits for a person's word."
)
class PersonFile:
    id: strawberry.ID
    kind: str
    agency: str | None = strawberry.field(description="The code of the agency that a LINK file is of.")
    state: FileState
    rows: int
    done: int
    total: int | None
    counts: list[PersonFileCount]
    trial: bool
    held: bool
    has_result: bool
    mine: bool = strawberry.field(description="You sent it: its result has the numbers of those who were enrolled.")
    lang: Lang
    begun_at: DateTime
    ended_at: DateTime | None
    erased_after: DateTime
    rows_told: list[PersonFileRow] = strawberry.field(
        resolver=_rows, description="The first rows of the result: all of a trial's; else those that enrolled nobody."
    )


@strawberry.type(description="A device that signs packs. `division`: where it may enrol; null: everywhere.")
class TeamDevice:
    kid: str
    name: str
    alg: str
    division: str | None
    valid_from: DateTime
    valid_until: DateTime
    revoked_at: DateTime | None


@strawberry.input(description="CSV, or XLSX of which the first sheet counts. Nothing is done with it yet.")
class ImportPersonsInput:
    content: str = strawberry.field(description="The bytes as base64.")
    encoding: str = strawberry.field(default="utf-8", description="Of a CSV: utf-8, cp1256 or cp1252.")
    lang: Lang = strawberry.field(default=Lang.FR, description="The language that the result is written in.")
    request_key: str | None = None


@strawberry.input(description="What would become of each row, or of the first ones, is its result. Nothing else is written.")
class CheckPersonFileInput:
    file: strawberry.ID
    first: int | None = None
    request_key: str | None = None


@strawberry.input
class PersonFileInput:
    file: strawberry.ID
    request_key: str | None = None


@strawberry.input(description="A pack, checked as a whole and begun with at once.")
class TakePackInput:
    content: str = strawberry.field(description="The bytes as base64.")
    lang: Lang = Lang.FR
    request_key: str | None = None


@strawberry.input
class AddTeamDeviceInput:
    name: str
    alg: str = strawberry.field(description="ES256 or EdDSA.")
    jwk: str = strawberry.field(description="The public key, as JSON.")
    division: strawberry.ID | None = None
    valid_until: DateTime
    request_key: str | None = None


@strawberry.input
class RevokeTeamDeviceInput:
    kid: str
    request_key: str | None = None


@strawberry.type
class PersonFilePayload:
    file: PersonFile | None
    user_errors: list[UserError]


@strawberry.type(description="`content`: the result, a CSV as base64.")
class PersonFileResultPayload:
    file: PersonFile | None
    content: str | None
    user_errors: list[UserError]


@strawberry.type
class TeamDevicePayload:
    kid: str | None
    user_errors: list[UserError]


# --- queries


async def person_file(info: Info[Any, Any], id: strawberry.ID) -> PersonFile:  # noqa: A002 the schema's name
    reading, call, _ = opened(info)
    return told(await doors.person_file(reading, call, file=id_of(id, "id")))


async def person_files(info: Info[Any, Any]) -> list[PersonFile]:
    reading, call, _ = opened(info)
    return [told(view) for view in await doors.person_files(reading, call)]


async def import_template(info: Info[Any, Any], form: TemplateForm, lang: Lang) -> str:
    reading, call, _ = opened(info)
    return b64encode(await doors.import_template(reading, call, form=TemplateForm(form), lang=Lang(lang))).decode()


async def team_devices(info: Info[Any, Any]) -> list[TeamDevice]:
    reading, call, _ = opened(info)
    return [
        TeamDevice(
            kid=its.kid,
            name=its.name,
            alg=its.alg,
            division=its.division,
            valid_from=DateTime(its.valid_from),
            valid_until=DateTime(its.valid_to),
            revoked_at=None if its.revoked_at is None else DateTime(its.revoked_at),
        )
        for its in await packs.team_devices(reading, call)
    ]


# --- mutations


async def import_persons(info: Info[Any, Any], input: ImportPersonsInput) -> PersonFilePayload:  # noqa: A002 the schema's name
    given, context = plain(input), _context(info)

    async def work(at: Changing) -> UUID:
        return await doors.import_persons(
            at.connection,
            at.call,
            at.keys,
            context.cabinet.storage,
            content=bytes_of(given["content"]),
            encoding=given.get("encoding", "utf-8"),
            lang=Lang(given.get("lang", Lang.FR)),
        )

    return await _payload(info, input, work)


async def take_pack(info: Info[Any, Any], input: TakePackInput) -> PersonFilePayload:  # noqa: A002 as above
    given, context = plain(input), _context(info)

    async def work(at: Changing) -> UUID:
        return await packs.take_pack(
            at.connection,
            at.call,
            at.keys,
            context.cabinet.storage,
            content=bytes_of(given["content"]),
            lang=Lang(given.get("lang", Lang.FR)),
        )

    return await _payload(info, input, work)


async def check_person_file(info: Info[Any, Any], input: CheckPersonFileInput) -> PersonFilePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        file = id_of(given["file"], "file")
        await doors.check_file(at.connection, at.call, file=file, first=given.get("first"))
        return file

    return await _payload(info, input, work)


async def start_person_file(info: Info[Any, Any], input: PersonFileInput) -> PersonFilePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        file = id_of(given["file"], "file")
        await doors.start_file(at.connection, at.call, file=file)
        return file

    return await _payload(info, input, work)


async def cancel_person_file(info: Info[Any, Any], input: PersonFileInput) -> PersonFilePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        file = id_of(given["file"], "file")
        await doors.cancel_file(at.connection, at.call, file=file)
        return file

    return await _payload(info, input, work)


async def take_person_file_result(
    info: Info[Any, Any],
    input: PersonFileInput,  # noqa: A002 as above
) -> PersonFileResultPayload:
    given, context = plain(input), _context(info)

    async def work(at: Changing) -> Outcome:
        file = id_of(given["file"], "file")
        await doors.take_result(at.connection, at.call, file=file)
        return {"file": str(file)}

    done, errors = await change(info, input, work)
    if done is None:
        return PersonFileResultPayload(file=None, content=None, user_errors=errors)
    reading, call, _ = opened(info)
    file = UUID(done["file"])
    content = await doors.file_result(reading, call, reading.keys, context.cabinet.storage, file=file)
    view = await doors.person_file(reading, call, file=file)
    return PersonFileResultPayload(file=told(view), content=b64encode(content).decode(), user_errors=errors)


async def add_team_device(info: Info[Any, Any], input: AddTeamDeviceInput) -> TeamDevicePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        kid = await packs.add_team_device(
            at.connection,
            at.call,
            name=given["name"],
            alg=given["alg"],
            jwk=_object(given["jwk"]),
            division=given.get("division"),
            valid_to=given["validUntil"],
        )
        return {"kid": kid}

    done, errors = await change(info, input, work)
    return TeamDevicePayload(kid=None if done is None else done["kid"], user_errors=errors)


async def revoke_team_device(info: Info[Any, Any], input: RevokeTeamDeviceInput) -> TeamDevicePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        await packs.revoke_team_device(at.connection, at.call, kid=given["kid"])
        return {"kid": given["kid"]}

    done, errors = await change(info, input, work)
    return TeamDevicePayload(kid=None if done is None else done["kid"], user_errors=errors)


async def _payload(info: Info[Any, Any], given: object, work: Callable[[Changing], Awaitable[UUID]]) -> PersonFilePayload:
    async def outcome(at: Changing) -> Outcome:
        return {"file": str(await work(at))}

    done, errors = await change(info, given, outcome)
    if done is None:
        return PersonFilePayload(file=None, user_errors=errors)
    reading, call, _ = opened(info)
    return PersonFilePayload(file=told(await doors.person_file(reading, call, file=UUID(done["file"]))), user_errors=errors)


def told(view: FileView) -> PersonFile:
    return PersonFile(
        id=strawberry.ID(str(view.file_id)),
        kind=view.kind,
        agency=view.agency,
        state=view.state,
        rows=view.rows,
        done=view.done,
        total=view.total,
        counts=[PersonFileCount(outcome=RowOutcome(name), rows=count) for name, count in sorted(view.counts.items())],
        trial=view.dry,
        held=view.held,
        has_result=view.has_result,
        mine=view.mine,
        lang=view.lang,
        begun_at=DateTime(view.begun_at),
        ended_at=None if view.ended_at is None else DateTime(view.ended_at),
        erased_after=DateTime(view.erase_after),
    )


def bytes_of(content: str) -> bytes | None:
    """None for what is no base64: the door says so, to whom it is open."""
    try:
        return b64decode(content, validate=True)
    except (Error, ValueError):
        return None


def _object(text: str) -> dict[str, Any] | None:
    """None for what is no JSON object, likewise."""
    try:
        found = read_json(text)
    except Invalid:
        return None
    return found if isinstance(found, dict) else None


def _context(info: Info[Any, Any]) -> Context:
    context: Context = info.context
    return context
