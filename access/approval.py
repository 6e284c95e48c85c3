"""Four eyes: a dangerous act is proposed by one person and approved by another, over the hash of the exact change.

What is shown, approved and applied is one frozen document, {kind, change, before}: the change as it was asked for, and what it
replaces. The second person has the same right, where the change is made, and proves it is them by a code of that moment. Same
person, altered or overtaken change, expired or decided proposal: refused. `Approved` is the proof that all of it was checked;
what is dangerous asks for it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import InitVar, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import Proposal
from access.account_rows import tell_account
from access.call import Actor, ActorKind, Call, allow, open_to_all
from access.notices import ProposalWaiting
from access.rights import ROLE_SCOPES, Scope
from access.sessions import rights_of
from core.canonical import content_hash
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound
from core.ids import uuid7
from core.keys import KeyRing
from core.texts import checked_text

LIFETIME = timedelta(days=7)
PEOPLE = 2
MAX_OPEN = 100  # proposals of one person
MAX_TOLD = 50
MAX_REASON = 1_000  # characters

Document = Mapping[str, Any]


_MADE_HERE = object()


@dataclass(frozen=True, slots=True)
class Approved:
    """Somebody else agreed to this very change. Made by `approve` alone (and, at the machine itself, by `at_the_machine`).

    `hash`: of {kind, change}, whatever the change replaces.
    """

    kind: str
    hash: bytes
    made_here: InitVar[object] = None

    def __post_init__(self, made_here: object) -> None:
        if made_here is not _MADE_HERE:
            raise Internal("an approval is not made, it is given")


def refuse_unless_approved(approval: object, kind: str, change: Document) -> None:
    """For whatever is dangerous, before its first statement. Raises Forbidden where something else was approved, or nothing."""
    if not isinstance(approval, Approved) or approval.hash != _change_hash(kind, change):
        raise Forbidden("this is not what a second person approved")


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of dangerous act.

    `scope`: the right that both people need; `territory`: the divisions that a change touches (None: the whole country);
    `before`: what it would replace, after it raised Invalid, NotFound or Conflict for a change that cannot be made; `apply`
    makes it and says what came of it.
    """

    kind: str
    scope: Scope
    territory: Callable[[Document], Collection[str] | None]
    before: Callable[[AsyncConnection, Call, Document], Awaitable[Document | None]]
    apply: Callable[[AsyncConnection, Call, Document, Approved], Awaitable[Document]]

    async def at_the_machine(self, connection: AsyncConnection, call: Call, change: Document) -> Document:
        """What came of the change, made without a second person (see `at_the_machine`)."""
        approval = at_the_machine(call, self.kind, change)
        await self.before(connection, call, change)
        return await self.apply(connection, call, change, approval)


class Acts:
    """All kinds of acts of an instance, by name."""

    def __init__(self, acts: Sequence[Act]) -> None:
        self._acts = {act.kind: act for act in acts}
        if len(self._acts) < len(acts):
            raise ValueError("two acts have the same name")

    def get(self, kind: str) -> Act | None:
        return self._acts.get(kind)

    def named(self, kind: str) -> Act:
        """Raises Invalid where there is none."""
        act = self._acts.get(kind)
        if act is None:
            raise Invalid("no such act", path=("kind",))
        return act

    def within(self, scopes: Collection[Scope]) -> list[Act]:
        """Those that somebody with these scopes takes part in."""
        return [act for act in self._acts.values() if act.scope in scopes]


_GRANTS = text(
    """select r.role || coalesce(' ' || r.division, '') from role_grant r join account a using (account_id)
        where a.account_id = :account and (a.disabled_at is null or :now < a.disabled_at) and r.valid_from <= :now
          and (r.valid_to is null or :now < r.valid_to) and (r.revoked_at is null or :now < r.revoked_at)"""
)
_STAFF = text(
    """select a.account_id, array_agg(r.role || coalesce(' ' || r.division, '')) as grants
         from account a join role_grant r using (account_id)
        where a.agency_id is null and a.password is not null and (a.disabled_at is null or :now < a.disabled_at)
          and r.role = any(:roles) and r.valid_from <= :now and (r.valid_to is null or :now < r.valid_to)
          and (r.revoked_at is null or :now < r.revoked_at)
        group by a.account_id order by a.account_id"""
)
SecondFactor = Callable[[AsyncConnection, Call, str], Awaitable[None]]
"""Checks a code of the caller's second factor. Raises Invalid, with the path `code`, for any other."""


@allow(Scope.APPROVAL_DECIDE)
async def propose(connection: AsyncConnection, call: Call, acts: Acts, *, kind: str, change: Document) -> UUID:
    """The id of a new proposal, open for a week. Raises Forbidden without the act's own right, Invalid for its change."""
    act = acts.named(kind)
    account = _account(call)
    if act.scope not in call.actor.scopes:
        raise Forbidden(f"this needs the right {act.scope}")
    before = await act.before(connection, call, change)
    territory = act.territory(change)
    if not call.actor.reaches(act.scope, territory):
        raise Forbidden("this lies outside of where you may do it")
    its = (Proposal.proposed_by == account) & Proposal.decision.is_(None) & (Proposal.expires_at > call.now)
    if (await connection.scalar(select(func.count()).where(its)) or 0) >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} of your proposals wait already")
    proposal = uuid7(call.now)
    row = {
        "proposal_id": proposal,
        "kind": kind,
        "hash": _hash(kind, change, before),
        "change": dict(change),
        "before": None if before is None else dict(before),
        "territory": _sorted(territory),
        "proposed_by": account,
        "proposed_at": call.now,
        "expires_at": call.now + LIFETIME,
    }
    await connection.execute(insert(Proposal).values(row))
    return proposal


@allow(Scope.APPROVAL_DECIDE)
async def approve(
    connection: AsyncConnection,
    call: Call,
    acts: Acts,
    check: SecondFactor,
    *,
    proposal: UUID,
    hash_: str,
    code: str,
) -> Document:
    """What came of the change, which is made now.

    `hash_`: of what the approver was shown, in hex. Raises NotFound for a proposal that is none of the caller's to see;
    Forbidden for who proposed it, or has not the right there; Conflict where it was decided, has expired, is another than was
    shown, its proposer may not propose it any more, or what it replaces has changed meanwhile; Invalid for a wrong code.
    """
    row, act = await _open(connection, call, acts, proposal)
    account = _account(call)
    if row.proposed_by == account:
        raise Forbidden("who proposed it cannot approve it")
    if not _same(hash_, row.hash) or not _is_whole(row, act):
        raise Conflict("this is not the change that was shown", path=("hash",))
    if not await _may(connection, row.proposed_by, act.scope, row.territory, call.now):
        raise Conflict("who proposed it may not do so any more: it has to be proposed anew", path=("proposal",))
    if not await _may(connection, account, act.scope, row.territory, call.now):
        raise Forbidden("you may not do this any more")
    await check(connection, call, code)
    approval = Approved(row.kind, _change_hash(row.kind, row.change), _MADE_HERE)
    try:
        if await act.before(connection, call, row.change) != row.before:
            raise Conflict("what it would replace has changed")
        outcome = await act.apply(connection, call, row.change, approval)
    except (Invalid, NotFound, Conflict) as refusal:  # of the change: its paths are none of what the approver sent
        raise Conflict(f"it has to be proposed anew: {refusal.message}", path=("proposal",)) from None
    await _decide(connection, call, proposal, "APPROVED", outcome=dict(outcome))
    return outcome


@allow(Scope.APPROVAL_DECIDE)
async def reject(connection: AsyncConnection, call: Call, acts: Acts, *, proposal: UUID, reason: str) -> None:
    """Whoever proposed it takes it back; anybody else who could approve it says no. Raises as `approve`."""
    row, _ = await _open(connection, call, acts, proposal)
    try:
        checked_text(reason, MAX_REASON)
    except Invalid as fault:
        raise fault.under("reason") from None
    mine = row.proposed_by == _account(call)
    await _decide(connection, call, proposal, "TAKEN_BACK" if mine else "REJECTED", reason=reason)


def at_the_machine(call: Call, kind: str, change: Document) -> Approved:
    """For who sets an instance up and holds its keys anyway. Raises Forbidden for anybody else."""
    if call.actor.kind is not ActorKind.SYSTEM:
        raise Forbidden("this is approved by a second person")
    return Approved(kind, _change_hash(kind, change), _MADE_HERE)


@open_to_all  # to the machine itself alone; what is done asks for its own right
async def set_up(connection: AsyncConnection, call: Call, act: Act, *, change: Document) -> Document:
    """What came of a change that is made by one, on the machine, while an instance is set up.

    Raises Conflict once two people have the right to do it there: from then on they do.
    """
    approval = at_the_machine(call, act.kind, change)
    await act.before(connection, call, change)
    if len(await _able(connection, call, act, act.territory(change))) >= PEOPLE:
        raise Conflict("two people do this now: propose it on the pages")
    return await act.apply(connection, call, change, approval)


@allow(Scope.APPROVAL_DECIDE)
async def announce(connection: AsyncConnection, call: Call, keys: KeyRing, acts: Acts, *, proposal: UUID) -> None:
    """Tells those who may approve it that it waits, some at most, if the transaction commits. Raises NotFound."""
    row = (await connection.execute(select(Proposal).where(Proposal.proposal_id == proposal))).first()
    act = None if row is None else acts.get(row.kind)
    if row is None or act is None:
        raise NotFound("no such proposal", path=("proposal",))
    able = await _able(connection, call, act, row.territory)
    for account in [account for account in able if account != row.proposed_by][:MAX_TOLD]:
        await tell_account(connection, keys, call, account, ProposalWaiting())


async def _able(connection: AsyncConnection, call: Call, act: Act, territory: Collection[str] | None) -> list[UUID]:
    """The accounts, taken up and not disabled, that may propose and approve such an act there, oldest first."""
    roles = [role for role, scopes in ROLE_SCOPES.items() if scopes & {act.scope, Scope.APPROVAL_DECIDE}]
    able = []
    for row in await connection.execute(_STAFF, {"roles": roles, "now": call.now}):
        scopes, territories = rights_of(row.grants)
        their = Actor(ActorKind.STAFF, scopes, territories=territories)
        if Scope.APPROVAL_DECIDE in scopes and their.reaches(act.scope, territory):
            able.append(row.account_id)
    return able


def _change_hash(kind: str, change: Document) -> bytes:
    return content_hash({"kind": kind, "change": change})


def _sorted(territory: Collection[str] | None) -> list[str] | None:
    return None if territory is None else sorted(territory)


def _hash(kind: str, change: Document, before: Document | None) -> bytes:
    return content_hash({"kind": kind, "change": change, "before": before})


def _same(shown: str, hash_: bytes) -> bool:
    return shown == hash_.hex()  # no secret: it is shown to both


def _is_whole(row: Any, act: Act) -> bool:
    """Whether what is stored is what was proposed: nobody changed it in the database."""
    if _hash(row.kind, row.change, row.before) != row.hash:
        return False
    return _sorted(act.territory(row.change)) == _sorted(row.territory)


def _account(call: Call) -> UUID:
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    return call.actor.account


async def _open(connection: AsyncConnection, call: Call, acts: Acts, proposal: UUID) -> tuple[Any, Act]:
    """The proposal, locked until the transaction ends, and its act."""
    row = (await connection.execute(select(Proposal).where(Proposal.proposal_id == proposal).with_for_update())).first()
    act = None if row is None else acts.get(row.kind)
    if row is None or act is None or act.scope not in call.actor.scopes:
        raise NotFound("no such proposal", path=("proposal",))
    if not call.actor.reaches(act.scope, row.territory):
        raise Forbidden("this lies outside of where you may do it")
    if row.decision is not None:
        raise Conflict("this was decided already", path=("proposal",))
    if row.expires_at <= call.now:
        raise Conflict("this has expired: it has to be proposed anew", path=("proposal",))
    return row, act


async def _may(
    connection: AsyncConnection, account: UUID, scope: Scope, territory: Collection[str] | None, now: datetime
) -> bool:
    """Whether the account has the right there, as the database says now: an account or a role may have ended since."""
    grants = await connection.scalars(_GRANTS, {"account": account, "now": now})
    scopes, territories = rights_of(list(grants))
    return Actor(ActorKind.STAFF, scopes, territories=territories).reaches(scope, territory)


async def _decide(connection: AsyncConnection, call: Call, proposal: UUID, decision: str, **members: Any) -> None:
    made = {"decision": decision, "decided_by": _account(call), "decided_at": call.now, **members}
    await connection.execute(update(Proposal).where(Proposal.proposal_id == proposal).values(made))
