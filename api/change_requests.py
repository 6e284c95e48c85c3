"""GraphQL of requests to have a record changed: asked by the person, a guardian or a centre, decided on by somebody else."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import ActorKind, Purpose
from access.confirming import check_second_factor, count_try
from api.access import instant
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import Context, opened, plain, raw
from api.enrolment_types import camel
from api.evidence import Evidence, files_about
from api.identity import Person
from api.paging import PageInfo
from api.scalars import Date, DateTime
from api.selection import Selected, selected
from core.errors import Faulty, Path, SijilError
from identity import change_views as views
from identity import changes as doors
from identity.change_forms import PARTS, ChangeKind, ChangeOrigin, ChangeRefusal, ChangeState
from identity.change_views import ChangeView, ChangeWish
from identity.changes import Wanted
from identity.codes import MaritalStatus, Sex
from identity.taken_numbers import count_numbers

strawberry.enum(ChangeKind, name="ChangeKind", description="CORRECTION: it was recorded wrongly. UPDATE: it is otherwise now.")
strawberry.enum(ChangeOrigin, name="ChangeOrigin", description="Who asked.")
strawberry.enum(ChangeState, name="ChangeRequestState")
strawberry.enum(ChangeRefusal, name="ChangeRefusal", description="Why a request was refused.")
_OPENED = frozenset({"attributes", "was", "becomes", "words", "answer"})


async def _evidence_of(root: "ChangeRequest", info: Info[Any, Any]) -> list[Evidence]:
    _, call, _ = opened(info)
    person = None if call.actor.kind is ActorKind.CITIZEN else UUID(root.person)
    return [each for each in await files_about(info, person) if each.request == root.id]


@strawberry.type(
    description="What somebody asks to have changed in a record. What is sealed of it is opened where it is asked for."
)
class ChangeRequest:
    id: strawberry.ID
    number: str = strawberry.field(description="Of the receipt.")
    person: strawberry.ID = strawberry.field(description="Whose record, for `personRecord`.")
    kind: ChangeKind
    origin: ChangeOrigin
    state: ChangeState
    hash: str = strawberry.field(description="SHA-256 of what is asked for, in hex: to be sent back by who decides.")
    attributes: list[str] | None = strawberry.field(description="What it touches, by the names of the catalogue.")
    was: Person | None = strawberry.field(description="What it touches, as it was when it was asked for; all else is null.")
    becomes: Person | None = strawberry.field(description="The same, as it is to be.")
    words: str | None = strawberry.field(description="Why, in the words of who asks.")
    answer: str | None = strawberry.field(description="The words of who decided.")
    reason: ChangeRefusal | None
    effective_on: Date | None
    division: str | None = strawberry.field(description="The code of where the person resided then.")
    submitted_at: DateTime
    due_at: DateTime = strawberry.field(description="By when it is to be decided.")
    overdue: bool
    decided_at: DateTime | None
    mine: bool = strawberry.field(description="You asked for it: somebody else decides.")
    may_decide: bool
    may_withdraw: bool
    evidence: list[Evidence] = strawberry.field(
        resolver=_evidence_of, description="The files that were given for it, for who deals with such requests."
    )


@strawberry.type
class ChangeRequestEdge:
    node: ChangeRequest
    cursor: str


@strawberry.type(description="A page of requests, the one that is due first at its head.")
class ChangeRequestConnection:
    edges: list[ChangeRequestEdge]
    page_info: PageInfo


# --- inputs and payloads


@strawberry.input(
    description="What the record is to say, as it was typed. Null leaves a part as it is; an empty text takes it out. Where "
    "one script of a name changes, say the other one too, if it does."
)
class PersonChangesInput:
    given_name_ar: str | None = None
    given_name_latin: str | None = None
    family_name_ar: str | None = None
    family_name_latin: str | None = None
    father_name: str | None = None
    mother_name: str | None = None
    birth_date: str | None = strawberry.field(default=None, description="YYYY, YYYY-MM or YYYY-MM-DD.")
    birth_place: str | None = strawberry.field(default=None, description="The code of a division.")
    sex: Sex | None = None
    marital_status: MaritalStatus | None = None
    nationality: str | None = strawberry.field(default=None, description="The code or the name of a country.")
    cnie: str | None = None
    residence_permit: str | None = None
    residence: str | None = strawberry.field(default=None, description="The code of a division.")
    address: str | None = None
    email: str | None = None


@strawberry.input(description="About your own record, or the ward's whose affairs you see to.")
class AskForCorrectionInput:
    kind: ChangeKind
    changes: PersonChangesInput
    words: str | None = strawberry.field(default=None, description="Why, in your words.")
    effective_on: Date | None = strawberry.field(default=None, description="Of an update: since when it is so.")
    evidence: list[strawberry.ID] | None = strawberry.field(default=None, description="Files that were given for nothing else.")
    request_key: str | None = None


@strawberry.input(description="At a centre, about somebody who resides where you do this.")
class CorrectPersonInput:
    person: strawberry.ID
    kind: ChangeKind
    changes: PersonChangesInput
    words: str | None = None
    effective_on: Date | None = None
    evidence: list[strawberry.ID] | None = None
    request_key: str | None = None


@strawberry.input(description="A person withdraws any request about their record, an agent their own.")
class ChangeRequestInput:
    request: strawberry.ID
    request_key: str | None = None


@strawberry.input
class DecideChangeRequestInput:
    request: strawberry.ID
    accept: bool
    hash: str = strawberry.field(description="Of the request as it was shown.")
    code: str = strawberry.field(description="Of your second factor, of this moment.")
    reason: ChangeRefusal | None = strawberry.field(default=None, description="Where it is refused.")
    words: str | None = strawberry.field(default=None, description="For the person.")
    request_key: str | None = None


@strawberry.type(description="The request as it stands now, or what is to be mended.")
class ChangeRequestPayload:
    change_request: ChangeRequest | None
    user_errors: list[UserError]


# --- asking


async def ask_for_correction(info: Info[Any, Any], input: AskForCorrectionInput) -> ChangeRequestPayload:  # noqa: A002 schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        try:
            request = await doors.ask_for_change(at.connection, at.call, at.reading, wanted=_wanted(given))
        except SijilError as refusal:
            raise _as_sent(refusal) from None
        return {"request": str(request)}

    return await _payload(info, *await change(info, input, work))


async def correct_person(info: Info[Any, Any], input: CorrectPersonInput) -> ChangeRequestPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        await count_numbers(at.connection, at.call, at.keys, members=_members(given))

    async def work(at: Changing) -> Outcome:
        person = id_of(given["person"], "person")
        try:
            request = await doors.request_change(at.connection, at.call, at.reading, person=person, wanted=_wanted(given))
        except SijilError as refusal:
            raise _as_sent(refusal) from None
        return {"request": str(request)}

    return await _payload(info, *await change(info, input, work, first=first))


async def withdraw_change_request(info: Info[Any, Any], input: ChangeRequestInput) -> ChangeRequestPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        request = id_of(given["request"], "request")
        citizen = at.call.actor.kind is ActorKind.CITIZEN
        withdraw = doors.withdraw_own_change if citizen else doors.withdraw_change
        await withdraw(at.connection, at.call, at.keys, request=request)
        return {"request": str(request)}

    return await _payload(info, *await change(info, input, work))


def _members(given: Any) -> dict[str, str | None]:
    sent = {name: given["changes"].get(camel(name)) for name in PARTS}
    return {name: value for name, value in sent.items() if value is not None}


def _wanted(given: Any) -> Wanted:
    return Wanted(
        kind=ChangeKind(given["kind"]),
        members=_members(given),
        words=given.get("words"),
        effective_on=given.get("effectiveOn"),
        evidence=[id_of(each, "evidence") for each in given.get("evidence") or ()],
    )


def _as_sent(refusal: SijilError) -> SijilError:
    """Faults lead to the parts of the input by the names that the schema has for them."""

    def renamed(path: Path) -> Path:
        return ("changes", camel(str(path[0]))) if path and path[0] in PARTS else path

    if isinstance(refusal, Faulty):
        return refusal.renamed(renamed)
    return type(refusal)(refusal.message, path=renamed(refusal.path), retry_after=refusal.retry_after)


# --- deciding


async def take_up_change_request(info: Info[Any, Any], input: ChangeRequestInput) -> ChangeRequestPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        request = id_of(given["request"], "request")
        await doors.take_up_change(at.connection, at.call, request=request)
        return {"request": str(request), "decides": True}

    return await _payload(info, *await change(info, input, work))


async def decide_change_request(info: Info[Any, Any], input: DecideChangeRequestInput) -> ChangeRequestPayload:  # noqa: A002 as above
    given = plain(input)
    context: Context = info.context

    async def first(at: Changing) -> None:
        await count_try(at.connection, at.keys, at.call)

    async def work(at: Changing) -> Outcome:
        request, refusal = id_of(given["request"], "request"), given.get("reason")
        await doors.decide_change(
            at.connection,
            at.call,
            at.reading,
            check_second_factor(at.keys),
            request=request,
            hash_=given["hash"],
            code=given["code"],
            accept=given["accept"],
            refusal=None if refusal is None else ChangeRefusal(refusal),
            words=given.get("words"),
            events=context.events,
        )
        return {"request": str(request), "decides": True}

    return await _payload(info, *await change(info, input, work, first=first))


# --- what is shown of it


async def own_requests(info: Info[Any, Any]) -> list[ChangeRequest]:
    reading, call, _ = opened(info)
    return [_told(view) for view in await views.own_change_requests(reading, call, _wish([selected(raw(info))]))]


async def own_request(info: Info[Any, Any], id: strawberry.ID) -> ChangeRequest | None:  # noqa: A002 the schema's name
    reading, call, _ = opened(info)
    found = await views.own_change_requests(reading, call, _wish([selected(raw(info))]), request=id_of(id, "id"))
    return _told(found[0]) if found else None


async def requests_of(info: Info[Any, Any], person: UUID, purpose: Purpose) -> list[ChangeRequest]:
    reading, call, _ = opened(info, purpose)
    found = await views.change_requests_of(reading, call, _wish([selected(raw(info))]), person=person)
    return [_told(view) for view in found]


async def change_requests(
    info: Info[Any, Any], state: ChangeState | None = None, first: int | None = None, after: str | None = None
) -> ChangeRequestConnection:
    reading, call, _ = opened(info)
    nodes = [node for edge in selected(raw(info)).child("edges") for node in edge.child("node")]
    page = await views.change_requests(reading, call, _wish(nodes), state=state, first=first, after=after)
    edges = [ChangeRequestEdge(node=_told(edge.node), cursor=edge.cursor) for edge in page.edges]
    return ChangeRequestConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def change_request(info: Info[Any, Any], id: strawberry.ID) -> ChangeRequest | None:  # noqa: A002 the schema's name
    reading, call, _ = opened(info)
    wish = _wish([selected(raw(info))])
    return _told(await views.change_request(reading, call, wish, request=id_of(id, "id")))


def _wish(nodes: Iterable[Selected]) -> ChangeWish:
    """Just what is asked for is opened."""
    asked = list(nodes)
    values = [part for node in asked for name in ("was", "becomes") for part in node.child(name)]
    attributes = frozenset(attribute for part in values for attribute in part.attributes())
    return ChangeWish(attributes, opened=any(part.name in _OPENED for node in asked for part in node.below()))


async def _payload(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> ChangeRequestPayload:
    if done is None:
        return ChangeRequestPayload(change_request=None, user_errors=errors)
    reading, call, _ = opened(info)
    wish, request = _wish(selected(raw(info)).child("changeRequest")), UUID(done["request"])
    if call.actor.kind is ActorKind.CITIZEN:
        (view,) = await views.own_change_requests(reading, call, wish, request=request)
    elif done.get("decides"):
        view = await views.change_request(reading, call, wish, request=request)
    else:
        view = await views.change_asked(reading, call, wish, request=request)
    return ChangeRequestPayload(change_request=_told(view), user_errors=errors)


def _told(view: ChangeView) -> ChangeRequest:
    return ChangeRequest(
        id=strawberry.ID(str(view.request_id)),
        number=view.number,
        person=strawberry.ID(str(view.person_id)),
        kind=view.kind,
        origin=view.origin,
        state=view.state,
        hash=view.hash,
        attributes=view.attributes,
        was=cast("Person | None", view.was),
        becomes=cast("Person | None", view.becomes),
        words=view.words,
        answer=view.answer,
        reason=view.refusal,
        effective_on=None if view.effective_on is None else Date(view.effective_on),
        division=view.division,
        submitted_at=DateTime(view.submitted_at),
        due_at=DateTime(view.due_at),
        overdue=view.overdue,
        decided_at=instant(view.decided_at),
        mine=view.mine,
        may_decide=view.may_decide,
        may_withdraw=view.may_withdraw,
    )
