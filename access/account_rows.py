"""Accounts as they are kept: how one is opened, invited, given a role, and ends. What all doors to them share.

An account is of one body: the registry (no agency) or an agency. Whoever was disabled, or never took the account up, may be
invited again by the same body, and begins anew.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.account_models import Account, Invitation, RecoveryCode, RoleGrant
from access.call import ActorKind, Call
from access.catalogue import Lang
from access.notices import Channel, Notice
from access.outbox import Owner, OwnerKind, tell
from access.rights import Role
from access.second_factor import new_recovery_codes, recovery_hashes
from access.sessions import end_sessions_of, new_token
from core.emails import normal_email
from core.errors import Conflict, Invalid, NotFound
from core.ids import uuid7
from core.keys import KeyRing
from core.sealed import DataKey
from core.texts import checked_text

INVITED_FOR = timedelta(hours=72)
INVITATION_PATH = "/invitation/"  # and the token
MAX_NAME = 100  # characters
# What lets an account in, besides its factors: the same as lets a session live (`sessions.py`). Of account `a`, with `now`.
HOLDS = """(a.disabled_at is null or :now < a.disabled_at)
   and not exists (select from agency g where g.agency_id = a.agency_id and g.suspended_at <= :now)
   and not exists (select from office o left join operator p on p.operator_id = o.operator_id
                    where o.office_id = a.office_id
                      and (o.closed_at <= :now or p.revoked_at <= :now or :now < p.valid_from or p.valid_to <= :now))"""
_GRANTS = text(
    """select grant_id, role, division, valid_to from role_grant where account_id = :account and valid_from <= :now
          and (valid_to is null or :now < valid_to) and (revoked_at is null or :now < revoked_at)
        order by role, division nulls first, grant_id"""
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is to have an account, as it is kept: checked, in normal form."""

    email: str = field(repr=False)
    name: str = field(repr=False)
    lang: Lang

    @classmethod
    def of(cls, *, email: str, name: str, lang: Lang) -> "Newcomer":
        """Raises Invalid with the path of what cannot be."""
        try:
            address = normal_email(email)
        except Invalid as fault:
            raise fault.under("email") from None
        try:
            checked_text(name, MAX_NAME)
        except Invalid as fault:
            raise fault.under("name") from None
        return cls(address, re.sub(r"\s+", " ", name.strip()), lang)


def logins(keys: KeyRing, email: str) -> list[bytes]:
    """The keyed hashes that an e-mail in normal form may be looked up by: one for each index key."""
    return [keys.index("EMAIL_LOGIN", email, version) for version in keys.indexes]


async def locked(connection: AsyncConnection, account: UUID, *path: str) -> Row[Any]:
    """The account, which nobody else can change until the transaction ends. Raises NotFound, with that path."""
    row = (await connection.execute(select(Account).where(Account.account_id == account).with_for_update())).first()
    if row is None:
        raise NotFound("no such account", path=path or ("account",))
    return row


async def account_of_email(connection: AsyncConnection, keys: KeyRing, email: str) -> Row[Any] | None:
    """The account of that e-mail (in normal form), locked, if there is one."""
    its = Account.login.in_(logins(keys, email))
    return (await connection.execute(select(Account).where(its).with_for_update())).first()


async def open_account(
    connection: AsyncConnection, keys: KeyRing, call: Call, newcomer: Newcomer, *, agency: UUID | None
) -> UUID:
    """An account without roles.

    Raises Conflict where the e-mail is that of another, of one that is in use, or (for an agency's people) of one that the
    registry has disabled.
    """
    found = await account_of_email(connection, keys, newcomer.email)
    if found is None:
        account = uuid7(call.now)
        key, wrapped = keys.masters.new_data_key(account)
        row = {
            "account_id": account,
            "agency_id": agency,
            "login": keys.index("EMAIL_LOGIN", newcomer.email),
            "key_version": keys.index_version,
            "data_key": wrapped,
            "email": key.seal("account.email", account, newcomer.email),
            "name": key.seal("account.name", account, newcomer.name),
            "totp_step": 0,
            "lang": newcomer.lang,
            "made_at": call.now,
            "made_by": call.actor.account,
        }
        made = await connection.execute(insert(Account).values(row).on_conflict_do_nothing().returning(Account.account_id))
        if made.first() is None:
            raise _taken()
        return account
    in_use = found.password is not None and found.disabled_at is None
    barred = found.disabled_at is not None and not found.disabled_by_agency and call.actor.kind is ActorKind.OFFICER
    if in_use or barred or found.agency_id != agency:
        raise _taken()
    again: UUID = found.account_id
    await void_factors(connection, call.now, again)
    anew: dict[str, Any] = {"name": data_key(keys, found).seal("account.name", again, newcomer.name), "lang": newcomer.lang}
    if found.disabled_at is not None:
        anew |= {"disabled_at": None, "office_id": None, "purposes": None}
    await connection.execute(update(Account).where(Account.account_id == again).values(anew))
    return again


def _taken() -> Conflict:
    return Conflict("there is an account with this address", path=("email",))


def data_key(keys: KeyRing, row: Any) -> DataKey:
    """The key of an account, from a row with `account_id` and `data_key`."""
    return keys.masters.unwrap(row.account_id, row.data_key)


async def void_factors(connection: AsyncConnection, now: datetime, account: UUID) -> None:
    """No password, no second factor, no session: the account is as if it had not been taken up."""
    gone = {"password": None, "totp": None, "second_factor": None}
    await connection.execute(update(Account).where(Account.account_id == account).values(gone))
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account))
    await end_sessions_of(connection, now, account)


async def renew_codes(connection: AsyncConnection, keys: KeyRing, account: UUID) -> tuple[str, ...]:
    """New recovery codes, to be shown once; the older ones are of no use any more."""
    codes = new_recovery_codes()
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account))
    rows = [{"account_id": account, "hash": recovery_hashes(keys, account, code)[0]} for code in codes]
    await connection.execute(insert(RecoveryCode).values(rows))
    return codes


# --- invitations


async def new_invitation(connection: AsyncConnection, now: datetime, account: UUID) -> str:
    """The token of a new invitation; those before are of no use any more."""
    await void_invitations(connection, now, account)
    token, hash_ = new_token()
    row = {"token_hash": hash_, "account_id": account, "invited_at": now, "expires_at": now + INVITED_FOR}
    await connection.execute(insert(Invitation).values(row))
    return token


async def void_invitations(connection: AsyncConnection, now: datetime, account: UUID) -> None:
    its = (Invitation.account_id == account) & Invitation.used_at.is_(None) & (Invitation.expires_at > now)
    await connection.execute(update(Invitation).where(its).values(expires_at=now))


def invitation_link(issuer: str, token: str) -> str:
    return f"{issuer}{INVITATION_PATH}{token}"


async def invite(connection: AsyncConnection, keys: KeyRing, call: Call, account: UUID, *, issuer: str) -> None:
    """Sends a link by which the account is taken up, once, within 72 hours."""
    token = await new_invitation(connection, call.now, account)
    await tell_account(connection, keys, call, account, notices.Invitation(link=invitation_link(issuer, token)))


async def tell_account(connection: AsyncConnection, keys: KeyRing, call: Call, account: UUID, notice: Notice) -> None:
    """Tells whoever has the account, by e-mail, in the account's own language."""
    row = await locked(connection, account)
    address = data_key(keys, row).open("account.email", account, row.email)
    owner = Owner(OwnerKind.ACCOUNT, account, row.data_key)
    await tell(connection, call, keys, owner=owner, notice=notice, lang=Lang(row.lang), channels={Channel.EMAIL: address})


# --- roles


async def give_role(
    connection: AsyncConnection,
    now: datetime,
    account: UUID,
    role: Role,
    *,
    division: str | None = None,
    valid_to: datetime | None = None,
) -> UUID:
    grant = uuid7(now)
    row = {
        "grant_id": grant,
        "account_id": account,
        "role": role,
        "division": division,
        "valid_from": now,
        "valid_to": valid_to,
    }
    await connection.execute(insert(RoleGrant).values(row))
    return grant


async def grants_of(connection: AsyncConnection, now: datetime, account: UUID) -> list[Row[Any]]:
    """The roles in force: grant_id, role, division, valid_to."""
    return list(await connection.execute(_GRANTS, {"account": account, "now": now}))


async def end_grants(connection: AsyncConnection, now: datetime, grants: Iterable[UUID]) -> None:
    await connection.execute(update(RoleGrant).where(RoleGrant.grant_id.in_(list(grants))).values(revoked_at=now))


async def close_account(connection: AsyncConnection, keys: KeyRing, call: Call, row: Row[Any]) -> None:
    """From the next request on nobody is let in by it; it has no roles, and whoever had it is told."""
    account = row.account_id
    at = func.coalesce(Account.disabled_at, call.now)
    its_own = call.actor.kind is ActorKind.OFFICER and (row.disabled_at is None or Account.disabled_by_agency)
    values = {"disabled_at": at, "disabled_by_agency": its_own}
    await connection.execute(update(Account).where(Account.account_id == account).values(values))
    await end_grants(connection, call.now, [grant.grant_id for grant in await grants_of(connection, call.now, account)])
    await void_invitations(connection, call.now, account)
    await end_sessions_of(connection, call.now, account)
    if row.disabled_at is None:
        await tell_account(connection, keys, call, account, notices.AccountDisabled())
