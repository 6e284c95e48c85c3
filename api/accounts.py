"""GraphQL of accounts, for the registry's administrators: who has one, inviting, roles, disabling."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access import account_views, accounts
from access.account_views import AccountView
from access.call import Purpose
from access.catalogue import Lang
from access.rights import Role
from api.access import AgencyRef, Office, RoleGrant, agency_ref, instant, office, role_grant
from api.approvals import ProposalPayload, propose
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.paging import PageInfo
from api.scalars import DateTime
from core.paging import Page


@strawberry.type(description="An account of somebody of the registry's staff, or of an agency's people.")
class Account:
    id: strawberry.ID
    email: str
    name: str
    lang: Lang
    made_at: DateTime
    taken_up: bool = strawberry.field(description="It has its password and its second factor.")
    invited_until: DateTime | None = strawberry.field(description="Until then a link that was sent can take it up.")
    disabled_at: DateTime | None
    roles: list[RoleGrant] = strawberry.field(description="Those in force.")
    agency: AgencyRef | None = strawberry.field(description="Whose officer or administrator it is; null: the registry's staff.")
    office: Office | None
    purposes: list[Purpose] | None = strawberry.field(description="Null: all that the agency may ask for.")


@strawberry.type
class AccountEdge:
    node: Account
    cursor: str


@strawberry.type(description="A page of accounts, the newest first.")
class AccountConnection:
    edges: list[AccountEdge]
    page_info: PageInfo


@strawberry.type
class AgencyRefEdge:
    node: AgencyRef
    cursor: str


@strawberry.type(description="A page of agencies, by their codes.")
class AgencyRefConnection:
    edges: list[AgencyRefEdge]
    page_info: PageInfo


@strawberry.type(description="The account as it stands now, or what is to be mended.")
class AccountPayload:
    account: Account | None
    user_errors: list[UserError]


@strawberry.input(
    description="Somebody of the registry's staff, who is sent a link. Roles are given after that, by two people."
)
class InviteStaffInput:
    email: str
    name: str
    lang: Lang
    request_key: str | None = None


@strawberry.input(description="Somebody who is to administer an agency's people, and is sent a link.")
class InviteAgencyAdministratorInput:
    agency: strawberry.ID
    email: str
    name: str
    lang: Lang
    request_key: str | None = None


@strawberry.input(description="Sends a new link for an account that was not taken up.")
class InviteAgainInput:
    account: strawberry.ID
    request_key: str | None = None


@strawberry.input(description="Proposes a role; it is given once another administrator approves it.")
class GrantRoleInput:
    account: strawberry.ID
    role: Role
    division: str | None = strawberry.field(default=None, description="Where it holds; null: in the whole country.")
    valid_to: DateTime | None = strawberry.field(default=None, description="Null: until it is revoked.")
    request_key: str | None = None


@strawberry.input(description="Takes a role away, from the next request on.")
class RevokeRoleInput:
    grant: strawberry.ID = strawberry.field(description="The id of the role among those of the account.")
    request_key: str | None = None


@strawberry.input(description="Lets nobody in by the account any more, from the next request on.")
class DisableAccountInput:
    account: strawberry.ID
    request_key: str | None = None


@strawberry.input(
    description="Proposes that password, second factor and recovery codes are void and an invitation is sent anew; "
    "another administrator approves it."
)
class ResetAccountInput:
    account: strawberry.ID
    request_key: str | None = None


# --- asking


async def accounts_(
    info: Info[Any, Any], agency: strawberry.ID | None = None, first: int | None = None, after: str | None = None
) -> AccountConnection:
    reading, call, _ = opened(info)
    whose = None if agency is None else id_of(agency, "agency")
    return connection(await account_views.accounts(reading, call, agency=whose, first=first, after=after))


async def account(info: Info[Any, Any], id: strawberry.ID) -> Account | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    found = await account_views.account(reading, call, account=id_of(id, "id"))
    return None if found is None else told(found)


async def agency_names(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> AgencyRefConnection:
    reading, call, _ = opened(info)
    page = await account_views.agencies(reading, call, first=first, after=after)
    edges = [AgencyRefEdge(node=agency_ref(edge.node), cursor=edge.cursor) for edge in page.edges]
    return AgencyRefConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def agency_name(info: Info[Any, Any], id: strawberry.ID) -> AgencyRef | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    found = await account_views.agency(reading, call, agency=id_of(id, "id"))
    return None if found is None else agency_ref(found)


def connection(page: Page[AccountView]) -> AccountConnection:
    edges = [AccountEdge(node=told(edge.node), cursor=edge.cursor) for edge in page.edges]
    return AccountConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


def told(view: AccountView) -> Account:
    return Account(
        id=strawberry.ID(str(view.id)),
        email=view.email,
        name=view.name,
        lang=view.lang,
        made_at=DateTime(view.made_at),
        taken_up=view.taken_up,
        invited_until=instant(view.invited_until),
        disabled_at=instant(view.disabled_at),
        roles=[role_grant(grant) for grant in view.roles],
        agency=None if view.agency is None else agency_ref(view.agency),
        office=None if view.office is None else office(view.office),
        purposes=None if view.purposes is None else list(view.purposes),
    )


# --- changing


async def invite_staff(info: Info[Any, Any], input: InviteStaffInput) -> AccountPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> UUID:
        who = {name: given[name] for name in ("email", "name", "lang")}
        return await accounts.invite_staff(at.connection, at.call, at.keys, **who, issuer=at.issuer)

    return await _changed(info, input, work)


async def invite_agency_administrator(
    info: Info[Any, Any],
    input: InviteAgencyAdministratorInput,  # noqa: A002 the name of the schema
) -> AccountPayload:
    given = plain(input)

    async def work(at: Changing) -> UUID:
        who = {name: given[name] for name in ("email", "name", "lang")}
        agency = id_of(given["agency"], "agency")
        return await accounts.invite_agency_administrator(
            at.connection, at.call, at.keys, agency=agency, **who, issuer=at.issuer
        )

    return await _changed(info, input, work)


async def invite_again(info: Info[Any, Any], input: InviteAgainInput) -> AccountPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> UUID:
        account = id_of(given["account"], "account")
        await accounts.invite_again(at.connection, at.call, at.keys, account=account, issuer=at.issuer)
        return account

    return await _changed(info, input, work)


async def grant_role(info: Info[Any, Any], input: GrantRoleInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    def making() -> Mapping[str, Any]:
        return accounts.role_granted(
            id_of(given["account"], "account"),
            given["role"],
            division=given.get("division"),
            valid_to=given.get("validTo"),
        )

    return await propose(info, input, accounts.ROLE_GRANTED, making)


async def revoke_role(info: Info[Any, Any], input: RevokeRoleInput) -> AccountPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> UUID:
        return await accounts.revoke_role(at.connection, at.call, at.keys, grant=id_of(given["grant"], "grant"))

    return await _changed(info, input, work)


async def disable_account(info: Info[Any, Any], input: DisableAccountInput) -> AccountPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        account = id_of(given["account"], "account")
        await accounts.disable_account(at.connection, at.call, at.keys, account=account)
        return account

    return await _changed(info, input, work)


async def reset_account(info: Info[Any, Any], input: ResetAccountInput) -> ProposalPayload:  # noqa: A002 as above
    given = plain(input)

    def making() -> Mapping[str, Any]:
        return {"account": str(id_of(given["account"], "account"))}

    return await propose(info, input, accounts.ACCOUNT_RESET, making)


async def _changed(info: Info[Any, Any], given: object, work: Callable[[Changing], Awaitable[UUID]]) -> AccountPayload:
    """The account that was changed, as it stands now."""

    async def outcome(at: Changing) -> Outcome:
        return {"account": str(await work(at))}

    done, errors = await change(info, given, outcome)
    return AccountPayload(account=None if done is None else await account(info, done["account"]), user_errors=errors)
