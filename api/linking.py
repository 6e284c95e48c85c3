"""GraphQL of agencies' old files: sent and agreed to by the registry's staff, taken by the agency's administrators."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import Purpose
from access.catalogue import Lang
from api.approvals import ProposalPayload, propose_found
from api.changing import Changing, Outcome, change, id_of
from api.context import Context, opened, plain
from api.person_files import PersonFile, PersonFileInput, PersonFilePayload, PersonFileResultPayload, bytes_of, told
from core.errors import Fault, Faulty, Forbidden
from verification import linking as doors

NOT_GRANTED = "NOT_GRANTED"


@strawberry.input(
    description="An agency's file: reference, CNIE, given name, family name, birth date. Nothing is done with it before a "
    "second person has agreed."
)
class LinkFileInput:
    agency: str = strawberry.field(description="The code of the agency.")
    purpose: Purpose
    content: str = strawberry.field(description="The bytes as base64: CSV, or XLSX of which the first sheet counts.")
    encoding: str = strawberry.field(default="utf-8", description="Of a CSV: utf-8, cp1256 or cp1252.")
    lang: Lang = strawberry.field(default=Lang.FR, description="The language that the result is written in.")
    request_key: str | None = None


async def link_files(info: Info[Any, Any]) -> list[PersonFile]:
    reading, call, _ = opened(info)
    return [told(view) for view in await doors.link_files(reading, call)]


async def own_link_files(info: Info[Any, Any]) -> list[PersonFile]:
    reading, call, _ = opened(info)
    return [told(view) for view in await doors.own_link_files(reading, call)]


async def link_file(info: Info[Any, Any], input: LinkFileInput) -> ProposalPayload:  # noqa: A002 the schema's name
    given = plain(input)
    context: Context = info.context

    async def finding(at: Changing) -> Mapping[str, Any]:
        try:
            return await doors.take_file(
                at.connection,
                at.call,
                at.keys,
                context.cabinet.storage,
                agency=given["agency"],
                content=bytes_of(given["content"]),
                encoding=given.get("encoding", "utf-8"),
                lang=Lang(given.get("lang", Lang.FR)),
                purpose=Purpose(given["purpose"]),
            )
        except Forbidden as refusal:
            if not refusal.path:
                raise  # the caller's own right
            # Not who asks, but what they chose is refused: they can choose otherwise.
            raise Faulty([Fault(NOT_GRANTED, refusal.path, refusal.message)]) from None

    return await propose_found(info, input, doors.LINK_FILE, finding)


async def cancel_link_file(info: Info[Any, Any], input: PersonFileInput) -> PersonFilePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        file = id_of(given["file"], "file")
        await doors.cancel_link(at.connection, at.call, file=file)
        return {"file": str(file)}

    done, errors = await change(info, input, work)
    if done is None:
        return PersonFilePayload(file=None, user_errors=errors)
    reading, call, _ = opened(info)
    return PersonFilePayload(file=told(await doors.one_link(reading, call, file=UUID(done["file"]))), user_errors=errors)


async def take_link_result(info: Info[Any, Any], input: PersonFileInput) -> PersonFileResultPayload:  # noqa: A002 as above
    given = plain(input)
    context: Context = info.context

    async def work(at: Changing) -> Outcome:
        file = id_of(given["file"], "file")
        await doors.take_own_result(at.connection, at.call, file=file)
        return {"file": str(file)}

    done, errors = await change(info, input, work)
    if done is None:
        return PersonFileResultPayload(file=None, content=None, user_errors=errors)
    reading, call, _ = opened(info)
    view, content = await doors.own_result(reading, call, reading.keys, context.cabinet.storage, file=UUID(done["file"]))
    return PersonFileResultPayload(file=told(view), content=b64encode(content).decode(), user_errors=errors)
