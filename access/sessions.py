"""Sessions of people: an opaque token in a cookie, known here by its SHA-256 alone, and looked up anew for each request.

So whatever ends a session, an account, a role, an office or a mandate counts from the next request on, on every server process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import Session
from access.call import Actor, ActorKind, Purpose
from access.rights import ROLE_SCOPES, Role, Scope
from core.canonical import bytes64, text64
from core.database import Database, Reader, Row
from core.ids import random_bytes
from core.keys import KeyRing

TOKEN_BYTES = 32
TOUCH = timedelta(minutes=1)  # how exactly it is remembered when somebody was last seen


class SessionKind(StrEnum):
    HALF = "HALF"  # a sign-in whose second factor is to come
    ACCOUNT = "ACCOUNT"
    CITIZEN = "CITIZEN"
    ASSISTED = "ASSISTED"  # a citizen beside an agent, for one form


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts at most, and without being used."""

    absolute: timedelta
    idle: timedelta


LIMITS = {
    SessionKind.HALF: Limits(timedelta(minutes=5), timedelta(minutes=5)),
    SessionKind.ACCOUNT: Limits(timedelta(hours=12), timedelta(minutes=15)),
    SessionKind.CITIZEN: Limits(timedelta(hours=24), timedelta(hours=1)),
    SessionKind.ASSISTED: Limits(timedelta(minutes=15), timedelta(minutes=15)),
}

_FIND = """
select s.session_hash, s.kind, s.account_id, s.holder_id, s.person_id, s.assistant_id, s.form, s.seen_at,
       a.agency_id, a.office_id, a.purposes, a.data_key, a.name, o.operator_id,
       (select array_agg(r.role || coalesce(' ' || r.division, '') order by r.role, r.division) from role_grant r
         where r.account_id = a.account_id and r.valid_from <= $2 and (r.valid_to is null or $2 < r.valid_to)
           and (r.revoked_at is null or $2 < r.revoked_at)) as roles
  from session s
  left join account a on a.account_id = coalesce(s.account_id, s.assistant_id)
  left join agency g on g.agency_id = a.agency_id
  left join office o on o.office_id = a.office_id
  left join operator p on p.operator_id = o.operator_id
 where s.session_hash = $1 and s.ended_at is null and $2 < s.expires_at
   and (a.account_id is null) = (s.kind = 'CITIZEN')
   and (s.assistant_session is null or exists (select from session b where b.session_hash = s.assistant_session
                                                  and b.ended_at is null and $2 < b.expires_at))
   and (a.disabled_at is null or $2 < a.disabled_at)
   and (g.suspended_at is null or $2 < g.suspended_at)
   and (o.closed_at is null or $2 < o.closed_at)
   and (p.operator_id is null
        or p.valid_from <= $2 and $2 < p.valid_to and (p.revoked_at is null or $2 < p.revoked_at))"""


def new_token() -> tuple[str, bytes]:
    """A token for a cookie or a link, and the hash that it is known by here."""
    token = text64(random_bytes(TOKEN_BYTES))
    return token, sha256(token.encode()).digest()


def token_hash(token: str) -> bytes | None:
    """The hash of a token; None for what cannot be one."""
    try:
        return sha256(token.encode()).digest() if len(bytes64(token)) == TOKEN_BYTES else None
    except ValueError:
        return None


async def find(reader: Reader, token: str, now: datetime) -> Row | None:
    """The session of that token if it holds, with the account it is of (or, where somebody assists, the assistant's)."""
    hash_ = token_hash(token)
    rows = () if hash_ is None else await reader.ask(_FIND, hash_, now)
    row = rows[0] if rows else None
    return row if row and now < row["seen_at"] + LIMITS[SessionKind(row["kind"])].idle else None


async def touch(database: Database, row: Row, now: datetime) -> None:
    """Remembers that the session was used, to the minute."""
    if row["seen_at"] + TOUCH <= now:
        await database.ask("update session set seen_at = $2 where session_hash = $1 and seen_at < $2", row["session_hash"], now)


def account_actor(row: Row, keys: KeyRing) -> Actor:
    """The officer or member of staff whose session `find` gave, with the rights that hold now."""
    account: UUID = row["account_id"]
    scopes, territories = rights_of(row["roles"] or ())
    key = keys.masters.unwrap(account, row["data_key"])
    return Actor(
        ActorKind.STAFF if row["agency_id"] is None else ActorKind.OFFICER,
        scopes | {Scope.SELF_READ},  # without any role yet one may still see who one is
        agency=row["agency_id"],
        name=key.open("account.name", account, row["name"]),
        account=account,
        session=row["session_hash"],
        office=row["office_id"],
        operator=row["operator_id"],
        territories=territories,
        purposes=None if row["purposes"] is None else frozenset(map(Purpose, row["purposes"])),
    )


def rights_of(grants: Sequence[str]) -> tuple[frozenset[Scope], dict[Scope, frozenset[str]]]:
    """All scopes of some roles, each "ROLE" or "ROLE division", and the territories of those that hold in a part only."""
    everywhere: set[Scope] = set()
    within: dict[Scope, set[str]] = {}
    for grant in grants:
        role, _, division = grant.partition(" ")
        for scope in ROLE_SCOPES[Role(role)]:
            if division:
                within.setdefault(scope, set()).add(division)
            else:
                everywhere.add(scope)
    territories = {scope: frozenset(divisions) for scope, divisions in within.items() if scope not in everywhere}
    return frozenset(everywhere | within.keys()), territories


async def begin_session(
    connection: AsyncConnection,
    now: datetime,
    kind: SessionKind,
    *,
    account: UUID | None = None,
    holder: UUID | None = None,
    assistant: UUID | None = None,
    assistant_session: bytes | None = None,
    form: str | None = None,
) -> str:
    """The token of a new session. Whatever token the browser sent before is of no use for it."""
    token, hash_ = new_token()
    row: dict[str, Any] = {
        "session_hash": hash_,
        "kind": kind,
        "account_id": account,
        "holder_id": holder,
        "person_id": holder,
        "assistant_id": assistant,
        "assistant_session": assistant_session,
        "form": form,
        "began_at": now,
        "seen_at": now,
        "expires_at": now + LIMITS[kind].absolute,
    }
    await connection.execute(insert(Session).values(row))
    return token


async def end_session(connection: AsyncConnection, now: datetime, hash_: bytes) -> None:
    """From the next request on it is of no use."""
    its = (Session.session_hash == hash_) & Session.ended_at.is_(None)
    await connection.execute(update(Session).where(its).values(ended_at=now))


async def end_sessions_of(connection: AsyncConnection, now: datetime, who: UUID, *, but: bytes | None = None) -> None:
    """All sessions of an account or a citizen, and those that it assists in; `but` one that stays."""
    its = or_(Session.account_id == who, Session.holder_id == who, Session.assistant_id == who)
    its &= Session.ended_at.is_(None)
    if but is not None:
        its &= Session.session_hash != but
    await connection.execute(update(Session).where(its).values(ended_at=now))
