"""GraphQL of evidence: files that show something about a person. Their bytes travel as base64.

A request over HTTP has at most `endpoint.MAX_BODY_BYTES`; pages ask in process, so that what is uploaded there may be as large
as a file may be (docs/decisions/0017-files-come-by-pages.md).
"""

from base64 import b64decode, b64encode
from binascii import Error
from typing import Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import Context, opened, plain, raw
from api.scalars import DateTime
from api.selection import selected
from identity import evidence as doors
from identity.evidence import EvidenceKind, EvidenceView


@strawberry.type(description="A file that shows something about a person, as it was given.")
class Evidence:
    id: strawberry.ID
    person: strawberry.ID = strawberry.field(description="Whom it is about; of a request to be enrolled, who is to be.")
    request: strawberry.ID | None = strawberry.field(description="The change it was given for; null: the enrolment, or none.")
    kind: EvidenceKind
    media_type: str
    size: int = strawberry.field(description="In bytes.")
    added_at: DateTime
    by_holder: bool = strawberry.field(description="Given by the person, or whoever asks for them.")
    content: str | None = strawberry.field(description="The bytes as base64, where one file alone is asked for.")


@strawberry.input(
    description="A PDF, JPEG or PNG. Without `person` it is about you, or the ward whose affairs you see to; a request to be "
    "enrolled is named by its `person` alone."
)
class AddEvidenceInput:
    kind: EvidenceKind
    content: str = strawberry.field(description="The bytes as base64.")
    media_type: str | None = strawberry.field(default=None, description="What it is said to be: refused if it is not.")
    person: strawberry.ID | None = None
    request: strawberry.ID | None = None
    request_key: str | None = None


@strawberry.type
class EvidencePayload:
    evidence: Evidence | None
    user_errors: list[UserError]


async def add_evidence(info: Info[Any, Any], input: AddEvidenceInput) -> EvidencePayload:  # noqa: A002 the schema's name
    given = plain(input)
    context: Context = info.context

    async def work(at: Changing) -> Outcome:
        person, evidence = await doors.add_evidence(
            at.connection,
            at.call,
            at.reading,
            context.cabinet,
            person=_id(given, "person"),
            request=_id(given, "request"),
            kind=EvidenceKind(given["kind"]),
            content=_bytes(given["content"]),
            said=given.get("mediaType"),
        )
        return {"person": str(person), "evidence": str(evidence)}

    done, errors = await change(info, input, work)
    if done is None:
        return EvidencePayload(evidence=None, user_errors=errors)
    reading, call, _ = opened(info)
    person, evidence = UUID(done["person"]), UUID(done["evidence"])
    view = await doors.evidence_file(reading, call, context.cabinet.storage, person=person, evidence=evidence, content=False)
    return EvidencePayload(evidence=_evidence(view), user_errors=errors)


async def evidence_of(info: Info[Any, Any], person: strawberry.ID) -> list[Evidence]:
    return await files_about(info, id_of(person, "person"))


async def files_about(info: Info[Any, Any], person: UUID | None) -> list[Evidence]:
    """Those about somebody; None: about the caller, or the ward."""
    reading, call, _ = opened(info)
    return [_evidence(view) for view in await doors.evidence_list(reading, call, person=person)]


async def evidence(info: Info[Any, Any], person: strawberry.ID, id: strawberry.ID) -> Evidence:  # noqa: A002 as above
    return await _file(info, id_of(person, "person"), id)


async def own_evidence_file(info: Info[Any, Any], id: strawberry.ID) -> Evidence:  # noqa: A002 as above
    return await _file(info, None, id)


async def own_evidence(info: Info[Any, Any]) -> list[Evidence]:
    return await files_about(info, None)


async def _file(info: Info[Any, Any], person: UUID | None, evidence: str) -> Evidence:
    reading, call, _ = opened(info)
    content = any(field.name == "content" for field in selected(raw(info)).below())
    context: Context = info.context
    view = await doors.evidence_file(
        reading, call, context.cabinet.storage, person=person, evidence=id_of(evidence, "id"), content=content
    )
    return _evidence(view)


def _bytes(content: str) -> bytes | None:
    try:
        return b64decode(content, validate=True)
    except (Error, ValueError):
        return None


def _id(given: Any, name: str) -> UUID | None:
    return None if given.get(name) is None else id_of(given[name], name)


def _evidence(its: EvidenceView) -> Evidence:
    return Evidence(
        id=strawberry.ID(str(its.evidence_id)),
        person=strawberry.ID(str(its.person_id)),
        request=None if its.request_id is None else strawberry.ID(str(its.request_id)),
        kind=its.kind,
        media_type=its.media_type.value,
        size=its.size,
        added_at=DateTime(its.added_at),
        by_holder=its.by_holder,
        content=None if its.content is None else b64encode(its.content).decode(),
    )
