"""An agency's own people, in the hands of its administrator: officers, the offices they work in, the operators behind some.

An officer has at most the agency's rights: fewer where the administrator names purposes. Whatever ends here (an officer, an
office, an operator's mandate) ends from the next request on. Administrators themselves are the registry's to make and to stop.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import Account, Office, Operator
from access.account_rows import Newcomer, close_account, give_role, grants_of, invite, locked, open_account
from access.call import Call, Purpose, allow
from access.catalogue import Labels, Lang
from access.rights import Role, Scope
from access.territory import division_code
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import uuid7
from core.keys import KeyRing
from core.texts import checked_text

LONGEST_MANDATE = timedelta(days=5 * 366)
MAX_NAME = 200  # characters
MAX_MANDATE = 400
_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]{0,30}[A-Z0-9])?", re.ASCII)
_PURPOSES = text(
    """select purpose from (select * from agreement where agency_id = :agency and valid_from <= :now
                             order by version desc limit 1) newest, jsonb_array_elements_text(document -> 'purposes') purpose
        where :now < valid_to and (suspended_at is null or :now < suspended_at)"""
)


class OfficeKind(StrEnum):
    BRANCH = "BRANCH"
    MOBILE = "MOBILE"
    PAY_POINT = "PAY_POINT"


# --- officers


@allow(Scope.OFFICER_MANAGE)
async def invite_officer(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    email: str,
    name: str,
    lang: Lang,
    office: UUID | None,
    purposes: Collection[Purpose] | None,
    issuer: str,
) -> UUID:
    """The account of an officer of one's own agency, who is sent a link. `purposes` None: all that the agency has.

    The same again, before it was taken up or after the officer was removed, sends a new link. Raises Invalid for what cannot
    be, NotFound for an office that is not the agency's or is closed, Conflict where the e-mail is that of another account.
    """
    account = await create_officer(connection, call, keys, email=email, name=name, lang=lang, office=office, purposes=purposes)
    await invite(connection, keys, call, account, issuer=issuer)
    return account


@allow(Scope.OFFICER_MANAGE)
async def create_officer(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    email: str,
    name: str,
    lang: Lang,
    office: UUID | None,
    purposes: Collection[Purpose] | None,
) -> UUID:
    """The account alone: nobody is sent anything. Raises as `invite_officer`."""
    agency = _agency(call)
    newcomer = Newcomer.of(email=email, name=name, lang=lang)
    limits = await _limits(connection, call, agency, office, purposes)
    account = await open_account(connection, keys, call, newcomer, agency=agency)
    roles = await _roles(connection, call, account)
    if Role.AGENCY_ADMINISTRATOR in roles:
        raise Conflict("there is an account with this address", path=("email",))
    if Role.OFFICER not in roles:
        await give_role(connection, call.now, account, Role.OFFICER)
    await connection.execute(update(Account).where(Account.account_id == account).values(limits))
    return account


@allow(Scope.OFFICER_MANAGE)
async def change_officer(
    connection: AsyncConnection, call: Call, *, account: UUID, office: UUID | None, purposes: Collection[Purpose] | None
) -> None:
    """Where the officer works and what the officer may ask for, from the next request on. Raises as `invite_officer`."""
    row = await _officer(connection, call, account)
    if row.disabled_at is not None:
        raise Conflict("this officer was removed", path=("account",))
    limits = await _limits(connection, call, row.agency_id, office, purposes)
    await connection.execute(update(Account).where(Account.account_id == account).values(limits))


@allow(Scope.OFFICER_MANAGE)
async def remove_officer(connection: AsyncConnection, call: Call, keys: KeyRing, *, account: UUID) -> None:
    """From the next request on the officer is let in no more, and is told so. Raises NotFound for who is none of one's own."""
    await close_account(connection, keys, call, await _officer(connection, call, account))


async def _officer(connection: AsyncConnection, call: Call, account: UUID) -> Row[Any]:
    """An officer of the caller's own agency: not an administrator, and nobody whose account is another's."""
    row = await locked(connection, account)
    if row.agency_id != _agency(call):
        raise NotFound("no such account", path=("account",))
    if call.actor.account == account:
        raise Forbidden("nobody does this to themselves: a colleague does")
    if Role.AGENCY_ADMINISTRATOR in await _roles(connection, call, account):
        raise Forbidden("an agency's administrators are the registry's to change")
    return row


async def _roles(connection: AsyncConnection, call: Call, account: UUID) -> set[str]:
    return {grant.role for grant in await grants_of(connection, call.now, account)}


async def _limits(
    connection: AsyncConnection, call: Call, agency: UUID, office: UUID | None, purposes: Collection[Purpose] | None
) -> dict[str, Any]:
    if office is not None:
        await _open_office(connection, call, agency, office)
    if purposes is None:
        return {"office_id": office, "purposes": None}
    granted = set(await connection.scalars(_PURPOSES, {"agency": agency, "now": call.now}))
    if not purposes or not set(purposes) <= granted:
        raise Invalid("an officer has some of the purposes of the agency's agreement", path=("purposes",))
    return {"office_id": office, "purposes": sorted(set(purposes))}


def _agency(call: Call) -> UUID:
    if call.actor.agency is None:
        raise Forbidden("this is for an agency's own administrator")
    return call.actor.agency


# --- offices


@allow(Scope.OFFICER_MANAGE)
async def open_office(
    connection: AsyncConnection,
    call: Call,
    *,
    kind: OfficeKind,
    code: str,
    names: Labels,
    division: str | None,
    operator: UUID | None,
) -> UUID:
    """A new office of one's own agency; of an operator's where it names one.

    Raises Invalid for an ill-formed code, name or division, Conflict for a code that the agency has, NotFound for an operator
    who has no mandate of the agency's.
    """
    agency = _agency(call)
    if not _CODE.fullmatch(code):
        raise Invalid("a code is 1 to 32 capital letters, digits, hyphens and underscores within", path=("code",))
    checked_names = _names(names)
    if division is not None:
        try:
            division_code(division)
        except Invalid as fault:
            raise fault.under("division") from None
    if operator is not None:
        await _with_mandate(connection, call, agency, operator)
    office = uuid7(call.now)
    row = {
        "office_id": office,
        "agency_id": agency,
        "operator_id": operator,
        "kind": kind,
        "code": code,
        **checked_names,
        "division": division,
        "opened_at": call.now,
    }
    made = await connection.execute(insert(Office).values(row).on_conflict_do_nothing().returning(Office.office_id))
    if made.first() is None:
        raise Conflict("the agency has an office with this code", path=("code",))
    return office


@allow(Scope.OFFICER_MANAGE)
async def close_office(connection: AsyncConnection, call: Call, *, office: UUID) -> None:
    """From the next request on none of its officers is let in, until they work elsewhere. Raises NotFound."""
    at = func.coalesce(Office.closed_at, call.now)
    its = (Office.office_id == office) & (Office.agency_id == _agency(call))
    done = await connection.execute(update(Office).where(its).values(closed_at=at))
    if not done.rowcount:
        raise NotFound("no such office", path=("office",))


async def _open_office(connection: AsyncConnection, call: Call, agency: UUID, office: UUID) -> None:
    its = (Office.office_id == office) & (Office.agency_id == agency) & Office.closed_at.is_(None)
    row = (await connection.execute(select(Office).where(its).with_for_update(read=True))).first()
    if row is None:
        raise NotFound("no such office that is open", path=("office",))
    if row.operator_id is not None:
        try:
            await _with_mandate(connection, call, agency, row.operator_id)
        except NotFound:
            raise NotFound("no such office that is open", path=("office",)) from None


# --- operators


@allow(Scope.OFFICER_MANAGE)
async def appoint_operator(
    connection: AsyncConnection,
    call: Call,
    *,
    names: Labels,
    mandate: str,
    valid_from: datetime | None,
    valid_to: datetime,
) -> UUID:
    """A private body that acts for one's own agency: from now on, if not said otherwise, and for five years at most.

    `mandate` says under which contract or decision. Raises Invalid for what cannot be.
    """
    begins = call.now if valid_from is None else valid_from
    if begins < call.now:
        raise Invalid("a mandate does not begin in the past", path=("validFrom",))
    if not timedelta(0) < valid_to - begins <= LONGEST_MANDATE:
        raise Invalid("a mandate ends after it begins, and within five years", path=("validTo",))
    try:
        checked_text(mandate, MAX_MANDATE)
    except Invalid as fault:
        raise fault.under("mandate") from None
    operator = uuid7(call.now)
    row = {
        "operator_id": operator,
        "agency_id": _agency(call),
        **_names(names),
        "mandate": mandate,
        "valid_from": begins,
        "valid_to": valid_to,
    }
    await connection.execute(insert(Operator).values(row))
    return operator


@allow(Scope.OFFICER_MANAGE)
async def revoke_operator(connection: AsyncConnection, call: Call, *, operator: UUID) -> None:
    """From the next request on none of the officers in its offices is let in. Raises NotFound."""
    at = func.coalesce(Operator.revoked_at, call.now)
    its = (Operator.operator_id == operator) & (Operator.agency_id == _agency(call))
    done = await connection.execute(update(Operator).where(its).values(revoked_at=at))
    if not done.rowcount:
        raise NotFound("no such operator", path=("operator",))


async def _with_mandate(connection: AsyncConnection, call: Call, agency: UUID, operator: UUID) -> None:
    """Raises NotFound unless the operator's mandate holds, or is still to begin."""
    its = (Operator.operator_id == operator) & (Operator.agency_id == agency) & Operator.revoked_at.is_(None)
    row = (await connection.execute(select(Operator).where(its).with_for_update(read=True))).first()
    if row is None or row.valid_to <= call.now:
        raise NotFound("no such operator with a mandate", path=("operator",))


def _names(names: Labels) -> dict[str, str]:
    found = {}
    for lang in Lang:
        try:
            found[f"name_{lang.lower()}"] = checked_text(names.get(lang, ""), MAX_NAME)
        except Invalid as fault:
            raise fault.under(f"name{lang.capitalize()}") from None
    return found
