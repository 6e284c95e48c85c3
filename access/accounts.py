"""Accounts in the registry's hands: its own staff, and the first administrators of agencies.

Inviting somebody gives no rights. A role is given, and a lost second factor is made good, by two people (`acts`); a role is
taken, and an account disabled, by one and at once. Nobody does any of it to themselves. The role of an officer is the agency's
own to give (`officers.py`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.account_models import RoleGrant
from access.account_rows import (
    Newcomer,
    account_of_email,
    close_account,
    end_grants,
    give_role,
    grants_of,
    invitation_link,
    invite,
    locked,
    new_invitation,
    open_account,
    tell_account,
    void_factors,
)
from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import ActorKind, Call, allow
from access.catalogue import Lang
from access.models import Agency
from access.rights import OF_STAFF, Role, Scope
from access.territory import division_code
from core.documents import Node
from core.emails import normal_email
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.keys import KeyRing

ROLE_GRANTED = "ROLE_GRANTED"
ACCOUNT_RESET = "ACCOUNT_RESET"
MAX_ROLES = 20  # of one account, in force
_TAKEN_UP = text(
    """select coalesce((select max(used_at) from invitation where account_id = :account), made_at) as at
         from account where account_id = :account and password is not null"""
)


# --- inviting


@allow(Scope.ACCOUNT_MANAGE)
async def invite_staff(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, email: str, name: str, lang: Lang, issuer: str
) -> UUID:
    """The account of somebody of the registry's staff, without a role yet; whoever is invited is sent a link.

    The same again, before it was taken up or after it was disabled, sends a new link. Raises Invalid for an e-mail or a name,
    Conflict where the e-mail is that of another account.
    """
    account = await create_account(connection, call, keys, email=email, name=name, lang=lang, agency=None)
    await invite(connection, keys, call, account, issuer=issuer)
    return account


@allow(Scope.ACCOUNT_MANAGE)
async def invite_agency_administrator(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, agency: UUID, email: str, name: str, lang: Lang, issuer: str
) -> UUID:
    """The account of somebody who is to administer an agency's people. Raises as `invite_staff`, and NotFound."""
    account = await create_account(connection, call, keys, email=email, name=name, lang=lang, agency=agency)
    await invite(connection, keys, call, account, issuer=issuer)
    return account


@allow(Scope.ACCOUNT_MANAGE)
async def create_account(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, email: str, name: str, lang: Lang, agency: UUID | None
) -> UUID:
    """The account alone: nobody is sent anything. Raises as `invite_agency_administrator`."""
    _refuse_beyond(call, None)
    newcomer = Newcomer.of(email=email, name=name, lang=lang)
    if agency is not None:
        found = await connection.scalar(select(Agency.agency_id).where(Agency.agency_id == agency).with_for_update(read=True))
        if found is None:
            raise NotFound("no such agency", path=("agency",))
    return await open_account(connection, keys, call, newcomer, agency=agency)


@allow(Scope.ACCOUNT_MANAGE)
async def invite_again(connection: AsyncConnection, call: Call, keys: KeyRing, *, account: UUID, issuer: str) -> None:
    """Sends a new link; the older ones are of no use any more. Raises NotFound, and Conflict unless it waits to be taken up."""
    await _waiting(connection, call, account)
    await invite(connection, keys, call, account, issuer=issuer)


@allow(Scope.ACCOUNT_MANAGE)
async def link_at_the_machine(connection: AsyncConnection, call: Call, *, account: UUID, issuer: str) -> str:
    """A new link, for who sets an instance up and hands it over; nobody is sent it. Raises as `invite_again`, and Forbidden."""
    if call.actor.kind is not ActorKind.SYSTEM:
        raise Forbidden("an invitation is sent to whom it is for, and shown to nobody else")
    await _waiting(connection, call, account)
    return invitation_link(issuer, await new_invitation(connection, call.now, account))


@allow(Scope.ACCOUNT_MANAGE)
async def account_of(connection: AsyncConnection, _call: Call, keys: KeyRing, *, email: str) -> UUID:
    """The account of that e-mail. Raises Invalid and NotFound."""
    try:
        row = await account_of_email(connection, keys, normal_email(email))
    except Invalid as fault:
        raise fault.under("email") from None
    if row is None:
        raise NotFound("no account with this address", path=("email",))
    found: UUID = row.account_id
    return found


async def _waiting(connection: AsyncConnection, call: Call, account: UUID) -> None:
    row = await locked(connection, account)
    await _refuse_beyond_account(connection, call, account)
    if row.disabled_at is not None:
        raise Conflict("this account is disabled", path=("account",))
    if row.password is not None:
        raise Conflict("this account was taken up already", path=("account",))


# --- ending


@allow(Scope.ACCOUNT_MANAGE)
async def revoke_role(connection: AsyncConnection, call: Call, keys: KeyRing, *, grant: UUID) -> UUID:
    """The account that has the role no longer, from the next request on; whoever has it is told.

    Raises NotFound, and Forbidden for one's own.
    """
    row = (await connection.execute(select(RoleGrant).where(RoleGrant.grant_id == grant).with_for_update())).first()
    if row is None:
        raise NotFound("no such role", path=("grant",))
    _refuse_oneself(call, row.account_id)
    _refuse_beyond(call, None if row.division is None else [row.division])
    account: UUID = row.account_id
    if row.revoked_at is None:
        await end_grants(connection, call.now, [grant])
        await _tell(connection, call, keys, account, notices.RoleTaken())
    return account


@allow(Scope.ACCOUNT_MANAGE)
async def disable_account(connection: AsyncConnection, call: Call, keys: KeyRing, *, account: UUID) -> None:
    """From the next request on nobody is let in by it, all its roles have ended, and whoever had it is told.

    One disabled before stays so since then. Raises NotFound, and Forbidden for one's own.
    """
    row = await locked(connection, account)
    _refuse_oneself(call, account)
    await _refuse_beyond_account(connection, call, account)
    await close_account(connection, keys, call, row)


async def _tell(connection: AsyncConnection, call: Call, keys: KeyRing, account: UUID, notice: notices.Notice) -> None:
    """Tells whoever has taken the account up: to others it is nothing yet, or nothing any more."""
    row = await locked(connection, account)
    if row.password is not None and row.disabled_at is None:
        await tell_account(connection, keys, call, account, notice)


def _refuse_oneself(call: Call, account: UUID) -> None:
    if call.actor.account == account:
        raise Forbidden("nobody does this to themselves: a colleague does")


def _refuse_beyond(call: Call, divisions: Collection[str] | None) -> None:
    if not call.actor.reaches(Scope.ACCOUNT_MANAGE, divisions):
        raise Forbidden("this lies outside of where you may do it")


async def _refuse_beyond_account(connection: AsyncConnection, call: Call, account: UUID) -> None:
    """An account lies where its roles hold; one without any, or with one that holds everywhere, is the whole country's."""
    divisions = {grant.division for grant in await grants_of(connection, call.now, account)}
    _refuse_beyond(call, None if not divisions or None in divisions else divisions)


# --- by two people


def acts(keys: KeyRing, issuer: str) -> tuple[Act, ...]:
    """What is done to accounts only by two people.

    ROLE_GRANTED   {account, role, division | null, valid_to | null}   an instant in ISO 8601
    ACCOUNT_RESET  {account}    password, second factor and recovery codes are void, and an invitation is sent anew
    """

    async def grant(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        made = await grant_role(connection, call, keys, approved, change=change)
        return {"account": change["account"], "grant": str(made)}

    async def reset(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        await reset_account(connection, call, keys, approved, change=change, issuer=issuer)
        return {"account": change["account"]}

    return (
        Act(ROLE_GRANTED, Scope.ACCOUNT_MANAGE, _territory, _before_role, grant),
        Act(ACCOUNT_RESET, Scope.ACCOUNT_MANAGE, lambda _: None, _before_reset, reset),
    )


def role_granted(account: UUID, role: Role, *, division: str | None, valid_to: datetime | None) -> Document:
    """The change that ROLE_GRANTED makes."""
    until = None if valid_to is None else valid_to.isoformat()
    return {"account": str(account), "role": role.value, "division": division, "valid_to": until}


@allow(Scope.ACCOUNT_MANAGE)
async def grant_role(connection: AsyncConnection, call: Call, keys: KeyRing, approved: Approved, *, change: Document) -> UUID:
    """The new grant of a role, approved as ROLE_GRANTED; whoever has it is told.

    Raises Invalid, NotFound or Conflict for what cannot be.
    """
    refuse_unless_approved(approved, ROLE_GRANTED, change)
    account, role, division, valid_to = await _role_of(connection, call, change)
    grant = await give_role(connection, call.now, account, role, division=division, valid_to=valid_to)
    await _tell(connection, call, keys, account, notices.RoleGranted())
    return grant


@allow(Scope.ACCOUNT_MANAGE)
async def reset_account(
    connection: AsyncConnection, call: Call, keys: KeyRing, approved: Approved, *, change: Document, issuer: str
) -> None:
    """Voids all that the account is proven by, and sends an invitation. Approved as ACCOUNT_RESET; raises as `grant_role`."""
    refuse_unless_approved(approved, ACCOUNT_RESET, change)
    account = await _taken_up(connection, call, change)
    await void_factors(connection, call.now, account)
    await invite(connection, keys, call, account, issuer=issuer)


def _territory(change: Document) -> Collection[str] | None:
    return None if change["division"] is None else [change["division"]]


async def _before_role(connection: AsyncConnection, call: Call, change: Document) -> Document:
    account, _, _, _ = await _role_of(connection, call, change)
    return {"roles": [_said(grant) for grant in await grants_of(connection, call.now, account)]}


async def _before_reset(connection: AsyncConnection, call: Call, change: Document) -> Document:
    account = await _taken_up(connection, call, change)
    taken_up: datetime | None = await connection.scalar(_TAKEN_UP, {"account": account})
    return {"taken_up_at": None if taken_up is None else taken_up.isoformat()}


async def _role_of(connection: AsyncConnection, call: Call, change: Document) -> tuple[UUID, Role, str | None, datetime | None]:
    """The parts of a change of roles that can be made now."""
    fields = Node(dict(change)).record(("account", "role", "division", "valid_to"))
    account, role = fields["account"].id(), fields["role"].choice(Role)
    division = _division_in(fields["division"])
    valid_to = None if fields["valid_to"].value is None else fields["valid_to"].instant()
    if valid_to is not None and valid_to <= call.now:
        raise Invalid("a role ends in the future", path=("valid_to",))
    row = await locked(connection, account)
    _refuse_oneself(call, account)
    if row.disabled_at is not None:
        raise Conflict("this account is disabled", path=("account",))
    if role not in (OF_STAFF if row.agency_id is None else {Role.AGENCY_ADMINISTRATOR}):
        raise Invalid("this account cannot be given this role", path=("role",))
    if division is not None and role is Role.AGENCY_ADMINISTRATOR:
        raise Invalid("an agency is administered as a whole", path=("division",))
    held = await grants_of(connection, call.now, account)
    if any((grant.role, grant.division, grant.valid_to) == (role, division, valid_to) for grant in held):
        raise Conflict("the account has this role already", path=("role",))
    if len(held) >= MAX_ROLES:
        raise Conflict(f"an account has at most {MAX_ROLES} roles", path=("account",))
    return account, role, division, valid_to


async def _taken_up(connection: AsyncConnection, call: Call, change: Document) -> UUID:
    """The account of a change that resets it. Raises Conflict for one that there is nothing to reset of."""
    account = Node(dict(change)).record(("account",))["account"].id()
    row = await locked(connection, account)
    _refuse_oneself(call, account)
    if row.disabled_at is not None:
        raise Conflict("this account is disabled", path=("account",))
    if row.password is None:
        raise Conflict("this account was not taken up yet: it is invited again", path=("account",))
    return account


def _division_in(node: Node) -> str | None:
    if node.value is None:
        return None
    try:
        return division_code(node.text(16))
    except Invalid:
        node.refuse("not the code of a division")


def _said(grant: Any) -> str:
    """A role in force, as it is shown."""
    where = "" if grant.division is None else f" {grant.division}"
    until = "" if grant.valid_to is None else f" until {grant.valid_to.isoformat()}"
    return f"{grant.role}{where}{until}"
