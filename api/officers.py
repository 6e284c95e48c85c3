"""GraphQL of an agency's own people, for its administrator: officers, offices, operators."""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access import account_views
from access import officers as doors
from access.call import Purpose
from access.catalogue import Labels, Lang
from access.officers import OfficeKind
from api import access
from api.access import Office, Operator
from api.accounts import Account, AccountConnection, AccountPayload, connection, told
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import opened, plain
from api.paging import PageInfo
from api.scalars import DateTime


@strawberry.type
class OfficeEdge:
    node: Office
    cursor: str


@strawberry.type(description="A page of offices, the newest first.")
class OfficeConnection:
    edges: list[OfficeEdge]
    page_info: PageInfo


@strawberry.type
class OperatorEdge:
    node: Operator
    cursor: str


@strawberry.type(description="A page of operators, the newest first.")
class OperatorConnection:
    edges: list[OperatorEdge]
    page_info: PageInfo


@strawberry.type(description="The office as it stands now, or what is to be mended.")
class OfficePayload:
    office: Office | None
    user_errors: list[UserError]


@strawberry.type(description="The operator as it stands now, or what is to be mended.")
class OperatorPayload:
    operator: Operator | None
    user_errors: list[UserError]


@strawberry.input(description="Somebody who is to ask in the agency's name, and is sent a link.")
class InviteOfficerInput:
    email: str
    name: str
    lang: Lang
    office: strawberry.ID | None = None
    purposes: list[Purpose] | None = strawberry.field(
        default=None, description="Of the agency's; null: all that it may ask for."
    )
    request_key: str | None = None


@strawberry.input(description="Where an officer works and may ask for what, from the next request on. Both are set as given.")
class ChangeOfficerInput:
    account: strawberry.ID
    office: strawberry.ID | None = None
    purposes: list[Purpose] | None = None
    request_key: str | None = None


@strawberry.input(description="Lets an officer in no more, from the next request on.")
class RemoveOfficerInput:
    account: strawberry.ID
    request_key: str | None = None


@strawberry.input
class OpenOfficeInput:
    kind: OfficeKind
    code: str
    name_ar: str
    name_fr: str
    name_en: str
    division: str | None = None
    operator: strawberry.ID | None = None
    request_key: str | None = None


@strawberry.input(description="From the next request on nobody of it is let in, until they work elsewhere.")
class CloseOfficeInput:
    office: strawberry.ID
    request_key: str | None = None


@strawberry.input(description="A private body that acts for the agency, for five years at most.")
class AppointOperatorInput:
    name_ar: str
    name_fr: str
    name_en: str
    mandate: str = strawberry.field(description="The contract or decision that it acts under.")
    valid_from: DateTime | None = strawberry.field(default=None, description="Null: from now on.")
    valid_to: DateTime
    request_key: str | None = None


@strawberry.input(description="From the next request on nobody of its offices is let in.")
class RevokeOperatorInput:
    operator: strawberry.ID
    request_key: str | None = None


# --- asking


async def officers(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> AccountConnection:
    reading, call, _ = opened(info)
    return connection(await account_views.officers(reading, call, first=first, after=after))


async def officer(info: Info[Any, Any], id: strawberry.ID) -> Account | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    found = await account_views.officer(reading, call, account=id_of(id, "id"))
    return None if found is None else told(found)


async def offices(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> OfficeConnection:
    reading, call, _ = opened(info)
    page = await account_views.offices(reading, call, first=first, after=after)
    edges = [OfficeEdge(node=access.office(edge.node), cursor=edge.cursor) for edge in page.edges]
    return OfficeConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def one_office(info: Info[Any, Any], id: strawberry.ID) -> Office | None:  # noqa: A002 as above
    reading, call, _ = opened(info)
    found = await account_views.office(reading, call, office=id_of(id, "id"))
    return None if found is None else access.office(found)


async def operators(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> OperatorConnection:
    reading, call, _ = opened(info)
    page = await account_views.operators(reading, call, first=first, after=after)
    edges = [OperatorEdge(node=access.operator(edge.node), cursor=edge.cursor) for edge in page.edges]
    return OperatorConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def one_operator(info: Info[Any, Any], id: strawberry.ID) -> Operator | None:  # noqa: A002 as above
    reading, call, _ = opened(info)
    found = await account_views.operator(reading, call, operator=id_of(id, "id"))
    return None if found is None else access.operator(found)


# --- officers


async def invite_officer(info: Info[Any, Any], input: InviteOfficerInput) -> AccountPayload:  # noqa: A002 the schema's name
    given = plain(input)

    async def work(at: Changing) -> UUID:
        who = {name: given[name] for name in ("email", "name", "lang")}
        return await doors.invite_officer(at.connection, at.call, at.keys, **who, **_limits(given), issuer=at.issuer)

    return await _officer(info, input, work)


async def change_officer(info: Info[Any, Any], input: ChangeOfficerInput) -> AccountPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        account = id_of(given["account"], "account")
        await doors.change_officer(at.connection, at.call, account=account, **_limits(given))
        return account

    return await _officer(info, input, work)


async def remove_officer(info: Info[Any, Any], input: RemoveOfficerInput) -> AccountPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        account = id_of(given["account"], "account")
        await doors.remove_officer(at.connection, at.call, at.keys, account=account)
        return account

    return await _officer(info, input, work)


def _limits(given: Any) -> dict[str, Any]:
    office = given.get("office")
    return {"office": None if office is None else id_of(office, "office"), "purposes": given.get("purposes")}


async def _officer(info: Info[Any, Any], given: object, work: Callable[[Changing], Awaitable[UUID]]) -> AccountPayload:
    done, errors = await change(info, given, _as_outcome(work))
    return AccountPayload(account=None if done is None else await officer(info, done["id"]), user_errors=errors)


def _as_outcome(work: Callable[[Changing], Awaitable[UUID]]) -> Callable[[Changing], Awaitable[Outcome]]:
    async def outcome(at: Changing) -> Outcome:
        return {"id": str(await work(at))}

    return outcome


# --- offices


async def open_office(info: Info[Any, Any], input: OpenOfficeInput) -> OfficePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        operator = given.get("operator")
        return await doors.open_office(
            at.connection,
            at.call,
            kind=given["kind"],
            code=given["code"],
            names=_names(given),
            division=given.get("division"),
            operator=None if operator is None else id_of(operator, "operator"),
        )

    return await _office(info, input, work)


async def close_office(info: Info[Any, Any], input: CloseOfficeInput) -> OfficePayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        office = id_of(given["office"], "office")
        await doors.close_office(at.connection, at.call, office=office)
        return office

    return await _office(info, input, work)


async def _office(info: Info[Any, Any], given: object, work: Callable[[Changing], Awaitable[UUID]]) -> OfficePayload:
    done, errors = await change(info, given, _as_outcome(work))
    return OfficePayload(office=None if done is None else await one_office(info, done["id"]), user_errors=errors)


# --- operators


async def appoint_operator(info: Info[Any, Any], input: AppointOperatorInput) -> OperatorPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        return await doors.appoint_operator(
            at.connection,
            at.call,
            names=_names(given),
            mandate=given["mandate"],
            valid_from=given.get("validFrom"),
            valid_to=given["validTo"],
        )

    return await _operator(info, input, work)


async def revoke_operator(info: Info[Any, Any], input: RevokeOperatorInput) -> OperatorPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> UUID:
        operator = id_of(given["operator"], "operator")
        await doors.revoke_operator(at.connection, at.call, operator=operator)
        return operator

    return await _operator(info, input, work)


async def _operator(info: Info[Any, Any], given: object, work: Callable[[Changing], Awaitable[UUID]]) -> OperatorPayload:
    done, errors = await change(info, given, _as_outcome(work))
    return OperatorPayload(operator=None if done is None else await one_operator(info, done["id"]), user_errors=errors)


def _names(given: Any) -> Labels:
    return {lang: given[f"name{lang.capitalize()}"] for lang in Lang}
