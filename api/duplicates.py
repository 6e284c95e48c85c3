"""GraphQL of records that may be of one person: the queue, one case side by side, what is decided, and merging two records."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

import strawberry
from strawberry.types import Info

from api.approvals import ProposalPayload, propose_found
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain, raw
from api.guard import described, echo
from api.identity import Division, Person
from api.paging import PageInfo
from api.scalars import DateTime
from api.selection import selected
from identity import duplicate_cases as doors
from identity import merging
from identity.agreements import Agreement
from identity.duplicate_cases import CaseOrigin, CaseReason, CaseState, CaseView, SideView
from identity.duplicates import Field

strawberry.enum(CaseOrigin, name="DuplicateOrigin", description="Who found it: the comparison, a biometric matcher, staff.")
strawberry.enum(CaseState, name="DuplicateState")
strawberry.enum(CaseReason, name="DuplicateReason", description="On what it was decided. MERGED is given by a merge alone.")
strawberry.enum(Agreement, name="FieldAgreement", description="How one field of two records compares.")
strawberry.enum(Field, name="ComparedField")


@strawberry.enum(description="How a comparison came out.")
class DuplicateOutcome(Enum):
    REVIEW = "REVIEW"
    SAME = "SAME"


@strawberry.enum
class DuplicateDecision(Enum):
    DIFFERENT = "DIFFERENT"
    SAME = "SAME"


@strawberry.type(description="How one field compared; never a value.")
class ComparedFieldAgreement:
    field: Field
    agreement: Agreement


@described
@strawberry.type(
    description="One of both records: of somebody registered, or a request to be enrolled with its receipt's number."
)
class DuplicateSide:
    id: strawberry.ID = echo()
    registered: bool = echo()
    receipt: str | None = echo()
    person: Person | None


@strawberry.type(
    description="Two records that may be of one person. `weight` is in thousandths of a bit; `score` is a biometric matcher's."
)
class Duplicate:
    id: strawberry.ID
    origin: CaseOrigin
    outcome: DuplicateOutcome
    weight: int | None
    score: str | None
    fields: list[ComparedFieldAgreement]
    division: Division | None = strawberry.field(description="Where the later of both resides.")
    found_at: DateTime
    state: CaseState
    decided_at: DateTime | None
    reason: CaseReason | None
    own: bool = strawberry.field(description="You enrolled one of both: somebody else decides. Of one case alone.")
    mergeable: bool = strawberry.field(description="Both are registered: they become one by `mergePersons`. Of one case alone.")
    sides: list[DuplicateSide] = strawberry.field(
        description="The later record, then the one that was there. Of one case alone: lists tell nothing of people."
    )


@strawberry.type
class DuplicateEdge:
    node: Duplicate
    cursor: str


@strawberry.type(description="A page of cases that wait, the oldest first.")
class DuplicateConnection:
    edges: list[DuplicateEdge]
    page_info: PageInfo


@strawberry.type
class DuplicatePayload:
    duplicate: Duplicate | None
    user_errors: list[UserError]


@strawberry.input(description="Two people, or one. Two registered records that are one person are merged instead.")
class DecideDuplicateInput:
    duplicate: strawberry.ID
    decision: DuplicateDecision
    reason: CaseReason
    request_key: str | None = None


@strawberry.input(description="One record stays, the other becomes a tombstone that stands for it. `case`: what it decides.")
class MergePersonsInput:
    survivor: strawberry.ID
    retired: strawberry.ID
    case: strawberry.ID | None = None
    request_key: str | None = None


@strawberry.input(description="Two records again, within the time in which it can be undone.")
class UndoMergeInput:
    retired: strawberry.ID
    request_key: str | None = None


async def duplicates(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> DuplicateConnection:
    reading, call, _ = opened(info)
    page = await doors.duplicates(reading, call, first=first, after=after)
    edges = [DuplicateEdge(node=_told(edge.node), cursor=edge.cursor) for edge in page.edges]
    return DuplicateConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def duplicate(info: Info[Any, Any], id: strawberry.ID) -> Duplicate | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    wanted = selected(raw(info)).attributes()
    return _told(await doors.duplicate(reading, call, case=id_of(id, "id"), wanted=wanted))


async def decide_duplicate(info: Info[Any, Any], input: DecideDuplicateInput) -> DuplicatePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        case = id_of(given["duplicate"], "duplicate")
        same = DuplicateDecision(given["decision"]) is DuplicateDecision.SAME
        await doors.decide_duplicate(at.connection, at.call, case=case, same=same, reason=CaseReason(given["reason"]))
        return {"case": str(case)}

    outcome, faults = await change(info, input, work)
    if outcome is None:
        return DuplicatePayload(duplicate=None, user_errors=faults)
    reading, call, _ = opened(info)
    wanted = selected(raw(info)).attributes()
    view = await doors.duplicate(reading, call, case=id_of(outcome["case"]), wanted=wanted)
    return DuplicatePayload(duplicate=_told(view), user_errors=[])


async def merge_persons(info: Info[Any, Any], input: MergePersonsInput) -> ProposalPayload:  # noqa: A002 as above
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        case = given.get("case")
        return await merging.merging(
            at.connection,
            at.call,
            at.reading,
            survivor=id_of(given["survivor"], "survivor"),
            retired=id_of(given["retired"], "retired"),
            case=None if case is None else id_of(case, "case"),
        )

    return await propose_found(info, input, merging.PERSONS_MERGED, finding)


async def undo_merge(info: Info[Any, Any], input: UndoMergeInput) -> ProposalPayload:  # noqa: A002 as above
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        return await merging.undoing(at.connection, at.call, at.reading, retired=id_of(given["retired"], "retired"))

    return await propose_found(info, input, merging.MERGE_UNDONE, finding)


def _told(view: CaseView) -> Duplicate:
    compared = {name: agreement for name, agreement in view.fields.items() if name in set(Field)}
    return Duplicate(
        id=strawberry.ID(str(view.case_id)),
        origin=view.origin,
        outcome=DuplicateOutcome(view.outcome),
        weight=view.weight,
        score=view.fields.get("score"),
        fields=[ComparedFieldAgreement(field=Field(name), agreement=Agreement(its)) for name, its in compared.items()],
        division=cast("Division | None", view.division),
        found_at=DateTime(view.found_at),
        state=view.state,
        decided_at=None if view.decided_at is None else DateTime(view.decided_at),
        reason=view.reason,
        own=view.own,
        mergeable=bool(view.sides) and all(side.registered for side in view.sides),
        sides=[_side(side) for side in view.sides],
    )


def _side(side: SideView) -> DuplicateSide:
    return DuplicateSide(
        id=strawberry.ID(str(side.person_id)),
        registered=side.registered,
        receipt=side.receipt,
        person=cast("Person | None", side.person),
    )
