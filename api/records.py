"""GraphQL of records for staff, and of a record's history: found by search first, one at a time, with all that became of it."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import Purpose
from access.rights import Scope
from api.access import instant
from api.change_requests import ChangeRequest, requests_of
from api.changing import Changing, durable, id_of
from api.context import opened, plain, raw
from api.guard import ECHO, bound, described, echo
from api.identity import Person, PersonStatus
from api.paging import PageInfo
from api.scalars import Date, DateTime
from api.selection import Selected, selected
from core.paging import Page
from identity import record_history as doors
from identity import search
from identity.lifecycle_states import StatusStep
from identity.merges import merges_into
from identity.record_history import RevisionView
from identity.revisions import Cause, Provenance, Source

strawberry.enum(Cause, name="RevisionCause", description="What kind of change it was.")
strawberry.enum(Source, name="RevisionSource", description="Where it came from.")
strawberry.enum(StatusStep, name="StatusStep", description="What leads from one status of a record to another.")


@strawberry.type(description="One change of a record. `was` and `becomes` hold what it touched; all else is null there.")
class Revision:
    id: strawberry.ID
    cause: Cause
    source: Source
    recorded_at: DateTime
    effective_on: Date | None = strawberry.field(description="From when it counts, where that was said.")
    request: strawberry.ID | None = strawberry.field(description="The request that it came of.")
    attributes: list[str] = strawberry.field(description="What it touched; none of an enrolment, by which all of it was new.")
    reason: str | None = strawberry.field(description="Of a status.")
    recorded_by: str | None = strawberry.field(description="Whose hand it was, for staff.")
    was: Person | None
    becomes: Person | None


@strawberry.type
class RevisionEdge:
    node: Revision
    cursor: str


@strawberry.type(description="A page of a record's history, newest first.")
class RevisionConnection:
    edges: list[RevisionEdge]
    page_info: PageInfo


@strawberry.type(description="Where the value of an attribute comes from: the newest change that touched it.")
class AttributeProvenance:
    attribute: str
    cause: Cause
    source: Source
    recorded_at: DateTime
    effective_on: Date | None


async def _history(
    root: "PersonRecord", info: Info[Any, Any], first: int | None = None, after: str | None = None
) -> RevisionConnection:
    reading, call, _ = opened(info, root.purpose)
    wanted = _in_revisions(info)
    page = await doors.record_history(reading, call, person=UUID(root.id), wanted=wanted, first=first, after=after)
    return _revisions(page)


async def _record_provenance(root: "PersonRecord", info: Info[Any, Any]) -> list[AttributeProvenance]:
    reading, call, _ = opened(info, root.purpose)
    return _provenance(await doors.record_provenance(reading, call, person=UUID(root.id)))


async def _requests(root: "PersonRecord", info: Info[Any, Any]) -> list[ChangeRequest]:
    return await requests_of(info, UUID(root.id), root.purpose)


@strawberry.type(description="Another record that was merged into one. `undoable`: `undoMerge` may be proposed for it now.")
class Merge:
    retired: strawberry.ID
    merged_at: DateTime
    undo_until: DateTime
    undoable: bool


async def _merges(root: "PersonRecord", info: Info[Any, Any]) -> list[Merge]:
    reading, call, _ = opened(info, root.purpose)
    if Scope.PERSON_MERGE not in call.actor.scopes:
        return []
    return [
        Merge(
            retired=strawberry.ID(str(its.retired)),
            merged_at=DateTime(its.merged_at),
            undo_until=DateTime(its.undo_until),
            undoable=its.undoable,
        )
        for its in await merges_into(reading, call, survivor=UUID(root.id))
    ]


@described
@strawberry.type(description="Somebody's record, for staff where the person resides.")
class PersonRecord:
    id: strawberry.ID = echo()
    enrolled_at: DateTime | None = bound("person.status")
    status: PersonStatus | None = bound("person.status")
    status_since: DateTime | None = bound("person.status")
    status_until: DateTime | None = bound("person.status")
    status_reason: str | None = bound("person.status")
    steps: list[StatusStep] = echo()
    person: Person | None
    purpose: strawberry.Private[Purpose]

    history: RevisionConnection | None = strawberry.field(
        resolver=_history, metadata={ECHO: True}, description="What has become of it, newest first."
    )
    provenance: list[AttributeProvenance] | None = strawberry.field(
        resolver=_record_provenance, metadata={ECHO: True}, description="Where each value comes from."
    )
    change_requests: list[ChangeRequest] | None = strawberry.field(
        resolver=_requests, metadata={ECHO: True}, description="What was asked to have changed in it, newest first."
    )
    merges: list[Merge] | None = strawberry.field(
        resolver=_merges, metadata={ECHO: True}, description="For who merges: what was merged into it and is so still."
    )


@strawberry.type(description="`id`: of the record, for `personRecord`.")
class PersonEdge:
    id: strawberry.ID
    node: Person
    cursor: str


@strawberry.type(description="Whom it may be, the likeliest first: at most twenty.")
class PersonConnection:
    edges: list[PersonEdge]
    page_info: PageInfo


@strawberry.input(description="By one number; or by a name, in either script, with a date of birth (its year at least).")
class PersonSearch:
    purpose: Purpose = strawberry.field(description="What for: the person is told.")
    idcs: str | None = None
    cnie: str | None = None
    residence_permit: str | None = None
    telephone: str | None = None
    receipt: str | None = strawberry.field(default=None, description="The number of a receipt.")
    name: str | None = None
    birth_date: str | None = strawberry.field(default=None, description="YYYY, YYYY-MM or YYYY-MM-DD.")


async def search_persons(
    info: Info[Any, Any], by: PersonSearch, first: int | None = None, after: str | None = None
) -> PersonConnection:
    given = plain(by)
    reading, call, _ = opened(info, Purpose(given["purpose"]))
    nodes = [node for edge in selected(raw(info)).child("edges") for node in edge.child("node")]
    asked = search.PersonSearch(
        idcs=given.get("idcs"),
        cnie=given.get("cnie"),
        residence_permit=given.get("residencePermit"),
        telephone=given.get("telephone"),
        receipt=given.get("receipt"),
        name=given.get("name"),
        birth_date=given.get("birthDate"),
    )
    if after is None:  # a further page tells of nobody who was not asked for

        async def count(at: Changing) -> None:
            await search.count_search(at.connection, at.call, at.keys)

        await durable(info, count)
    page = await search.search_persons(reading, call, by=asked, wanted=_attributes(nodes), first=first, after=after)
    edges = [
        PersonEdge(id=strawberry.ID(str(edge.node.person_id)), node=cast("Person", edge.node.person), cursor=edge.cursor)
        for edge in page.edges
    ]
    return PersonConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def person_record(
    info: Info[Any, Any],
    id: strawberry.ID,  # noqa: A002 the schema's name
    purpose: Purpose,
    at: DateTime | None = None,
) -> PersonRecord | None:
    return await record_of(info, id_of(id, "id"), purpose, at)


async def record_of(info: Info[Any, Any], person: UUID, purpose: Purpose, at: DateTime | None = None) -> PersonRecord:
    """What the field that is being resolved asks of that person's record. Raises NotFound for nobody, and elsewhere."""
    reading, call, _ = opened(info, purpose)
    asked = selected(raw(info))
    own = {part.attribute for part in asked.below() if part.attribute is not None}
    wanted = own | _attributes(asked.child("person"))
    view = await doors.person_record(reading, call, person=person, wanted=wanted, at=cast("datetime | None", at))
    return PersonRecord(
        id=strawberry.ID(str(view.person_id)),
        enrolled_at=DateTime(view.enrolled_at),
        status=cast("PersonStatus | None", view.status),
        status_since=instant(view.since),
        status_until=instant(view.until),
        status_reason=view.reason,
        steps=view.steps,
        person=cast("Person | None", view.person),
        purpose=purpose,
    )


# --- for the holder


async def own_history(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> RevisionConnection:
    reading, call, _ = opened(info)
    return _revisions(await doors.own_history(reading, call, wanted=_in_revisions(info), first=first, after=after))


async def own_provenance(info: Info[Any, Any]) -> list[AttributeProvenance]:
    reading, call, _ = opened(info)
    return _provenance(await doors.own_provenance(reading, call))


async def own_record_at(info: Info[Any, Any], at: DateTime) -> Person | None:
    reading, call, _ = opened(info)
    wanted = selected(raw(info)).attributes()
    return cast("Person | None", await doors.own_record_at(reading, call, wanted=wanted, at=cast("datetime", at)))


def _in_revisions(info: Info[Any, Any]) -> frozenset[str]:
    nodes = [node for edge in selected(raw(info)).child("edges") for node in edge.child("node")]
    return _attributes(part for node in nodes for name in ("was", "becomes") for part in node.child(name))


def _attributes(parts: Iterable[Selected]) -> frozenset[str]:
    return frozenset(attribute for part in parts for attribute in part.attributes())


def _revisions(page: Page[RevisionView]) -> RevisionConnection:
    edges = [RevisionEdge(node=_revision(edge.node), cursor=edge.cursor) for edge in page.edges]
    return RevisionConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


def _revision(view: RevisionView) -> Revision:
    return Revision(
        id=strawberry.ID(str(view.revision_id)),
        cause=view.cause,
        source=view.source,
        recorded_at=DateTime(view.recorded_at),
        effective_on=_day(view.effective_on),
        request=None if view.request_id is None else strawberry.ID(str(view.request_id)),
        attributes=view.attributes,
        reason=view.reason,
        recorded_by=view.recorded_by,
        was=cast("Person | None", view.was),
        becomes=cast("Person | None", view.becomes),
    )


def _provenance(found: Iterable[Provenance]) -> list[AttributeProvenance]:
    return [
        AttributeProvenance(
            attribute=its.attribute,
            cause=its.cause,
            source=its.source,
            recorded_at=DateTime(its.recorded_at),
            effective_on=_day(its.effective_on),
        )
        for its in found
    ]


def _day(day: date | None) -> Date | None:
    return None if day is None else Date(day)
