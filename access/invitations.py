"""Taking an account up, by the link of an invitation: a password is chosen, and a second factor proven, before either counts.

Between the two steps nothing is stored. What was chosen goes with whoever chose it, sealed under the account's own key and tied
to the one invitation: so there is no moment at which a password alone opens anything, nor one at which half of it is there.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.account_models import Account, Invitation
from access.account_rows import HOLDS, data_key, renew_codes, tell_account
from access.call import ActorKind, Call, open_to_all
from access.passwords import NewPassword
from access.reading import Reading
from access.second_factor import check_totp, new_secret, provisioning_uri
from access.sessions import token_hash
from access.throttles import Charge, charges_of_sign_in, give_back, spend
from core.canonical import bytes64, text64
from core.errors import Conflict, Forbidden, Internal, Invalid, RateLimited
from core.keys import KeyRing
from core.sealed import DataKey

ISSUER_NAME = "Sijil"  # as an authenticator app shows it
MAX_TICKET = 2_000  # characters
_TICKET = "account.enrolment"
_OPEN = f"""select i.token_hash, i.expires_at, a.account_id, a.agency_id, a.data_key, a.email, a.name
              from invitation i join account a on a.account_id = i.account_id
             where i.token_hash = :token and i.used_at is null and :now < i.expires_at and a.password is null and {HOLDS}"""
_READ = re.sub(r":token\b", "$1", re.sub(r":now\b", "$2", _OPEN))
_OVER = "this invitation is of no use any more: ask for another"


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom an invitation is for. `staff`: of the registry; else of an agency."""

    email: str = field(repr=False)
    name: str = field(repr=False)
    staff: bool = True


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An invitation, and the password that whoever holds it may have. It is not stored before the second factor is proven."""

    invitation: bytes
    account: UUID
    key: DataKey = field(repr=False)
    email: str = field(repr=False)
    password: NewPassword = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proposed:
    """The second factor to be proven: `secret` and `uri` (a QR code's) are for an authenticator app; `ticket` is sent back."""

    email: str = field(repr=False)
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    ticket: str = field(repr=False)


@open_to_all
async def invited(reading: Reading, call: Call, *, token: str) -> Invited | None:
    """Whom the invitation is for; None of one that is of no use (any more). Raises Forbidden to who is signed in."""
    refuse_unless_at_the_door(call)
    hash_ = token_hash(token)
    rows = () if hash_ is None else await reading.ask(_READ, hash_, call.now)
    if not rows:
        return None
    row = rows[0]
    account = row["account_id"]
    key = reading.keys.masters.unwrap(account, row["data_key"])
    email, name = (key.open(f"account.{part}", account, row[part]) for part in ("email", "name"))
    return Invited(email, name, staff=row["agency_id"] is None)


@open_to_all
async def choose_password(connection: AsyncConnection, call: Call, keys: KeyRing, *, token: str, password: str) -> Enrolment:
    """The first step, before the work of hashing: to be committed, since it is counted.

    Raises Invalid for an invitation that is of no use (any more) and for a password that may not be chosen, RateLimited
    where it was chosen too often.
    """
    refuse_unless_at_the_door(call)
    row = await _invitation(connection, call, token)
    key = data_key(keys, row)
    email = key.open("account.email", row.account_id, row.email)
    try:
        chosen = NewPassword.of(password, email=email)
    except Invalid as fault:
        raise fault.under("password") from None
    wait = await spend(connection, _charges(keys, call, row.account_id), now=call.now)
    if wait:
        raise RateLimited("too many tries", retry_after=wait)
    return Enrolment(row.token_hash, row.account_id, key, email, chosen)


def propose_second_factor(enrolment: Enrolment, stored: str) -> Proposed:
    """What the second step needs; `stored` is the form that `Passwords.hash` made of the password."""
    secret = new_secret()
    sealed = enrolment.key.seal(
        _TICKET,
        enrolment.account,
        orjson.dumps({"invitation": enrolment.invitation.hex(), "password": stored, "secret": secret}).decode(),
    )
    uri = provisioning_uri(secret, account=enrolment.email, issuer=ISSUER_NAME)
    return Proposed(enrolment.email, secret, uri, text64(sealed))


@open_to_all
async def take_up(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, token: str, ticket: str, code: str
) -> tuple[str, ...]:
    """The recovery codes, told this once: the account has its password and its second factor now, and may sign in.

    Whom the invitation was for is told, whoever had its link.
    Raises Invalid for an invitation or a ticket that is of no use (any more), and for a code that is not the one of now.
    """
    refuse_unless_at_the_door(call)
    row = await _invitation(connection, call, token)
    key, account = data_key(keys, row), row.account_id
    password, secret = _opened(key, row, ticket)
    step = check_totp(secret, code, now=call.now, last_step=0)
    if step is None:
        raise Invalid("this is not the code of now", path=("code",))
    kept = {
        "password": key.seal("account.password", account, password),
        "totp": key.seal("account.totp", account, secret),
        "second_factor": keys.index("SECOND_FACTOR", secret),
        "totp_step": step,
    }
    its = (Account.account_id == account) & Account.password.is_(None)
    if not (await connection.execute(update(Account).where(its).values(kept))).rowcount:
        raise Conflict(_OVER, path=("token",))
    used = Invitation.token_hash == row.token_hash
    await connection.execute(update(Invitation).where(used).values(used_at=call.now))
    await give_back(connection, _charges(keys, call, account), now=call.now)
    await tell_account(connection, keys, call, account, notices.SecondFactorSet())
    return await renew_codes(connection, keys, account)


def refuse_unless_at_the_door(call: Call) -> None:
    """Signing in and taking up an account are for who has not signed in, on a page: there a try is counted by its address."""
    if call.actor.kind is not ActorKind.NOBODY or call.address is None:
        raise Forbidden("this is for who has not signed in")


def _charges(keys: KeyRing, call: Call, account: UUID) -> tuple[Charge, ...]:
    """Hashing a password is work, and whoever holds a link is somebody whom nobody knows yet."""
    return charges_of_sign_in(keys, account, address=call.address or "", device=None)


async def _invitation(connection: AsyncConnection, call: Call, token: str) -> Row[Any]:
    """The invitation and its account, locked. Raises Invalid unless it can be taken up."""
    hash_ = token_hash(token)
    found = None
    if hash_ is not None:
        found = (await connection.execute(text(f"{_OPEN} for update"), {"token": hash_, "now": call.now})).first()
    if found is None:
        raise Invalid(_OVER, path=("token",))
    return found


def _opened(key: DataKey, row: Any, ticket: str) -> tuple[str, str]:
    """Password (as it is stored) and secret in a ticket. Raises Invalid for any that was not made for this invitation."""
    try:
        if len(ticket) > MAX_TICKET:
            raise ValueError
        held = orjson.loads(key.open(_TICKET, row.account_id, bytes64(ticket)))
        if held["invitation"] != row.token_hash.hex():
            raise ValueError
    except (ValueError, Internal):
        raise Invalid("begin anew with the password", path=("ticket",)) from None
    return held["password"], held["secret"]
