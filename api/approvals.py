"""GraphQL of approvals: what waits for a second person, what exactly it changes, and the second person's answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import orjson
import strawberry
from strawberry.types import Info
from strawberry.utils.str_converters import to_camel_case

from access import account_views, agency_views, proposals
from access import approval as doors
from access.call import Purpose
from access.confirming import check_second_factor, count_try
from access.differences import Difference as Found
from access.differences import DifferenceKind, shown
from access.proposals import ProposalState, ProposalView
from access.rights import Scope
from api.access import AgencyRef, agency_ref
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import Context, opened, plain
from api.paging import PageInfo
from api.records import PersonRecord, record_of
from api.scalars import DateTime
from core.canonical import canonical
from core.errors import NotFound, Path, SijilError

Making = Callable[[], Mapping[str, Any]]
Finding = Callable[[Changing], Awaitable[Mapping[str, Any]]]
strawberry.enum(ProposalState, name="ProposalState")
strawberry.enum(DifferenceKind, name="DifferenceKind")


@strawberry.type(description="One part that becomes other than it was. A list of texts is a set: each is added or removed.")
class Difference:
    path: list[str]
    kind: DifferenceKind
    was: str | None
    becomes: str | None


@strawberry.type(description="Whose account a change is made to.")
class ProposalAccount:
    id: strawberry.ID
    email: str
    name: str


async def _account_of(root: "Proposal", info: Info[Any, Any]) -> ProposalAccount | None:
    named = orjson.loads(root.change).get("account")
    reading, call, _ = opened(info)
    if named is None or Scope.ACCOUNT_MANAGE not in call.actor.scopes:
        return None
    found = await account_views.account(reading, call, account=id_of(named))
    return None if found is None else ProposalAccount(id=strawberry.ID(named), email=found.email, name=found.name)


async def _agency_of(root: "Proposal", info: Info[Any, Any]) -> AgencyRef | None:
    change = orjson.loads(root.change)
    code = change.get("document", change).get("agency")
    reading, call, _ = opened(info)
    if code is None or Scope.AGENCY_MANAGE not in call.actor.scopes:
        return None
    found = await agency_views.agency_named(reading, call, code=code)
    return None if found is None else agency_ref(found)


# The members of a change, and of what was there before it, that are somebody on record.
_PEOPLE = ("person", "survivor", "retired")


async def _people_of(root: "Proposal", info: Info[Any, Any]) -> list[PersonRecord]:
    _, call, _ = opened(info)
    if Scope.PERSON_SEARCH not in call.actor.scopes:
        return []
    change = orjson.loads(root.change)
    told = {each.path[0]: each.was for each in root.differences if len(each.path) == 1}
    named = [person for member in _PEOPLE if isinstance(person := change.get(member, told.get(member)), str)]
    found = []
    for person in named:
        try:
            found.append(await record_of(info, id_of(person), Purpose.CASE_REVIEW))
        except NotFound:  # erased meanwhile, or who lives elsewhere now
            continue
    return found


@strawberry.type(description="A dangerous act that one person proposed and another has to approve: one exact change.")
class Proposal:
    id: strawberry.ID
    kind: str
    hash: str = strawberry.field(description="SHA-256 of what was proposed, in hex: to be sent back by who approves it.")
    change: str = strawberry.field(description="The exact change, as JSON (RFC 8785).")
    differences: list[Difference] = strawberry.field(description="What it alters in what is there now.")
    territory: list[str] | None = strawberry.field(description="The divisions that it touches; null: the whole country.")
    proposed_by: str
    proposed_at: DateTime
    expires_at: DateTime
    state: ProposalState
    decided_by: str | None
    decided_at: DateTime | None
    reason: str | None
    outcome: str | None = strawberry.field(description="What came of it, as JSON.")
    mine: bool = strawberry.field(description="You proposed it: you can take it back.")
    may_decide: bool = strawberry.field(description="You can approve or refuse it now.")
    account: ProposalAccount | None = strawberry.field(
        resolver=_account_of, description="Whose account it is about, for who manages accounts; null of all other changes."
    )
    agency: AgencyRef | None = strawberry.field(
        resolver=_agency_of, description="Which agency it is about, for who manages agencies; null where there is none (yet)."
    )
    people: list[PersonRecord] = strawberry.field(
        resolver=_people_of,
        description="Whom it is about, for who may look at their records (a look of a case review); none of all other changes.",
    )


@strawberry.type
class ProposalEdge:
    node: Proposal
    cursor: str


@strawberry.type(description="A page of proposals, newest first.")
class ProposalConnection:
    edges: list[ProposalEdge]
    page_info: PageInfo


@strawberry.type(description="The proposal as it stands now, or what is to be mended.")
class ProposalPayload:
    proposal: Proposal | None
    user_errors: list[UserError]


@strawberry.input
class ApproveInput:
    proposal: strawberry.ID
    hash: str = strawberry.field(description="Of the proposal as it was shown.")
    code: str = strawberry.field(description="Of your second factor, of this moment.")
    request_key: str | None = None


@strawberry.input
class RejectInput:
    proposal: strawberry.ID
    reason: str
    request_key: str | None = None


async def approvals(
    info: Info[Any, Any], first: int | None = None, after: str | None = None, state: ProposalState | None = None
) -> ProposalConnection:
    reading, call, _ = opened(info)
    context: Context = info.context
    page = await proposals.proposals(reading, call, context.acts, state=state, first=first, after=after)
    edges = [ProposalEdge(node=told(edge.node), cursor=edge.cursor) for edge in page.edges]
    return ProposalConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def approval(info: Info[Any, Any], id: strawberry.ID) -> Proposal | None:  # noqa: A002 the name of the schema
    return await shown_again(info, {"proposal": str(id_of(id, "id"))})


async def approve(info: Info[Any, Any], input: ApproveInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def first(at: Changing) -> None:
        await count_try(at.connection, at.keys, at.call)

    async def work(at: Changing) -> Outcome:
        proposal = id_of(given["proposal"], "proposal")
        check = check_second_factor(at.keys)
        await doors.approve(at.connection, at.call, at.acts, check, proposal=proposal, hash_=given["hash"], code=given["code"])
        return {"proposal": str(proposal)}

    return await payload(info, *await change(info, input, work, first=first))


async def reject(info: Info[Any, Any], input: RejectInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        proposal = id_of(given["proposal"], "proposal")
        await doors.reject(at.connection, at.call, at.acts, proposal=proposal, reason=given["reason"])
        return {"proposal": str(proposal)}

    return await payload(info, *await change(info, input, work))


async def propose(info: Info[Any, Any], given: object, kind: str, making: Making) -> ProposalPayload:
    """For every mutation that is dangerous: the change that `making` gives is proposed, and nothing is done yet."""

    async def finding(_: Changing) -> Mapping[str, Any]:
        return making()

    return await propose_found(info, given, kind, finding)


async def propose_found(info: Info[Any, Any], given: object, kind: str, finding: Finding) -> ProposalPayload:
    """The same, where the change is made out of what is in the database."""

    async def work(at: Changing) -> Outcome:
        asked = await finding(at)
        try:
            proposal = await doors.propose(at.connection, at.call, at.acts, kind=kind, change=asked)
        except SijilError as refusal:  # the members of a change are those of the input, in the spelling of documents
            raise type(refusal)(refusal.message, path=_as_sent(refusal.path)) from None
        await doors.announce(at.connection, at.call, at.keys, at.acts, proposal=proposal)
        return {"proposal": str(proposal)}

    return await payload(info, *await change(info, given, work))


def _as_sent(path: Path) -> Path:
    return (to_camel_case(str(path[0])), *path[1:]) if path else path


async def payload(info: Info[Any, Any], outcome: Outcome | None, errors: list[UserError]) -> ProposalPayload:
    proposal = None if outcome is None else await shown_again(info, outcome)
    return ProposalPayload(proposal=proposal, user_errors=errors)


async def shown_again(info: Info[Any, Any], outcome: Outcome) -> Proposal:
    """The proposal that an outcome names, as it stands now."""
    reading, call, _ = opened(info)
    context: Context = info.context
    return told(await proposals.proposal(reading, call, context.acts, proposal_id=id_of(outcome["proposal"])))


def told(view: ProposalView) -> Proposal:
    return Proposal(
        id=strawberry.ID(str(view.proposal_id)),
        kind=view.kind,
        hash=view.hash.hex(),
        change=view.change,
        differences=[_difference(found) for found in view.differences],
        territory=None if view.territory is None else list(view.territory),
        proposed_by=view.proposed_by,
        proposed_at=DateTime(view.proposed_at),
        expires_at=DateTime(view.expires_at),
        state=view.state,
        decided_by=view.decided_by,
        decided_at=None if view.decided_at is None else DateTime(view.decided_at),
        reason=view.reason,
        outcome=None if view.outcome is None else canonical(view.outcome).decode(),
        mine=view.mine,
        may_decide=view.may_decide,
    )


def _difference(found: Found) -> Difference:
    return Difference(
        path=list(found.path),
        kind=found.kind,
        was=None if found.kind is DifferenceKind.ADDED else shown(found.was),
        becomes=None if found.kind is DifferenceKind.REMOVED else shown(found.becomes),
    )
