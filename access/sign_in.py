"""Signing in with an account: a password opens a half session, and only a second factor makes a whole one of it.

    count_try ──> Passwords.check ──> begin_sign_in ──> count_second_factor ──> confirm_sign_in
    (durable)     (off the loop)      (HALF, 5 min)     (durable)               (ACCOUNT)

An e-mail that nobody has, an account that was disabled or never taken up, and a wrong password are one answer, after the same
statements and the same work. Each step makes a token of its own, so that none that was there before is worth anything.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.account_models import Account, RecoveryCode, Session
from access.account_rows import HOLDS, data_key, logins, renew_codes, tell_account
from access.call import ActorKind, Call, allow, open_to_all
from access.confirming import check_second_factor, use_code
from access.devices import known_among, with_device
from access.invitations import refuse_unless_at_the_door
from access.passwords import NewPassword, Verdict
from access.rights import Scope
from access.second_factor import recovery_hashes
from access.sessions import SessionKind, begin_session, end_session, end_sessions_of, find, token_hash
from access.throttles import Charge, charges_of_second_factor, charges_of_sign_in, give_back, spend
from core import emails
from core.database import Snapshot, raw
from core.errors import Forbidden, Invalid, RateLimited
from core.keys import KeyRing

_KIND = "EMAIL_LOGIN"
_ACCOUNT = text(f"select account_id, data_key, password, ({HOLDS}) as holds from account a where login = any(:logins)")
_WRONG = "the e-mail address or the password is wrong"
_OVER = "the time for this is over: sign in anew"


# --- the first step


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted. `known`: on a known device; `stored`: what to check the password against, None: nothing fits."""

    charges: tuple[Charge, ...] = field(repr=False)
    known: bool
    account: UUID | None
    stored: str | None = field(repr=False)
    sealed: bytes | None = field(repr=False)


@open_to_all
async def count_try(connection: AsyncConnection, call: Call, keys: KeyRing, *, email: str, device: str | None) -> Try:
    """Counts a try, and says what to check its password against: to be committed before that.

    `device`: what the browser sent as its cookie. Raises RateLimited, to a stranger's e-mail just as to a known one.
    """
    refuse_unless_at_the_door(call)
    address = _as_typed(email)
    row = (await connection.execute(_ACCOUNT, {"logins": logins(keys, address), "now": call.now})).first()
    subject: UUID = keys.stranger(_KIND, address) if row is None else row.account_id
    its_device = known_among(keys, subject, device, call.now)
    charges, known = charges_of_sign_in(keys, subject, address=call.address or "", device=its_device), its_device is not None
    await _spend(connection, call, charges)
    if row is None or row.password is None or not row.holds:
        return Try(charges, known, None, None, None)
    return Try(charges, known, subject, data_key(keys, row).open("account.password", subject, row.password), row.password)


@open_to_all
async def begin_sign_in(connection: AsyncConnection, call: Call, keys: KeyRing, *, tried: Try, verdict: Verdict) -> str:
    """The token of a half session, after the right password. Raises Invalid after any other."""
    refuse_unless_at_the_door(call)
    if not verdict.ok or tried.account is None:
        raise Invalid(_WRONG)
    row = await _account(connection, call, tried.account)
    if row is None or row.password != tried.sealed:  # it ended, or has another password, since the try was counted
        raise Invalid(_WRONG)
    if verdict.rehash is not None:
        anew = data_key(keys, row).seal("account.password", tried.account, verdict.rehash)
        await connection.execute(update(Account).where(Account.account_id == tried.account).values(password=anew))
    await give_back(connection, tried.charges, now=call.now)
    return await begin_session(connection, call.now, SessionKind.HALF, account=tried.account)


def _as_typed(email: str) -> str:
    """The e-mail in normal form where it can be one; else some text that nobody has."""
    try:
        return emails.normal_email(email)
    except Invalid:
        return f" {email[: emails.MAX_LENGTH]}".encode("utf-8", "replace").decode()


# --- the second step


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`token` of the session; `device`: what the browser's cookie of its devices is from now on."""

    token: str = field(repr=False)
    device: str = field(repr=False)


@open_to_all
async def count_second_factor(connection: AsyncConnection, call: Call, keys: KeyRing, *, token: str) -> None:
    """Counts a try at the second factor of a half session: to be committed before it is judged.

    Raises Invalid for a session that is no half one (any more), RateLimited.
    """
    refuse_unless_at_the_door(call)
    await _spend(connection, call, charges_of_second_factor(keys, await _half(connection, call, token)))


@open_to_all
async def confirm_sign_in(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    token: str,
    code: str | None = None,
    recovery_code: str | None = None,
    device: str | None = None,
) -> SignedIn:
    """A whole session in place of the half one, for a code of now or (once) a recovery code: exactly one of both.

    Whoever has the account is told of a device that it was not signed in on before. Raises Invalid for a half session that is
    none (any more) and for a wrong code.
    """
    refuse_unless_at_the_door(call)
    if (code is None) == (recovery_code is None):
        raise Invalid("a code, or a recovery code", path=("code",))
    account = await _half(connection, call, token)
    row = await _account(connection, call, account)
    if row is None or not await _ended(connection, call, token):
        raise Invalid(_OVER, path=("token",))
    if code is not None:
        await use_code(connection, keys, row, code, now=call.now)
    if recovery_code is not None:
        await _use_recovery_code(connection, call, keys, account, recovery_code)
    await give_back(connection, charges_of_second_factor(keys, account), now=call.now)
    if known_among(keys, account, device, call.now) is None:
        await tell_account(connection, keys, call, account, notices.NewSignIn())
    whole = await begin_session(connection, call.now, SessionKind.ACCOUNT, account=account)
    return SignedIn(whole, with_device(keys, account, device, call.now))


async def _half(connection: AsyncConnection, call: Call, token: str) -> UUID:
    row = await find(Snapshot(await raw(connection)), token, call.now)
    if row is None or row["kind"] != SessionKind.HALF:
        raise Invalid(_OVER, path=("token",))
    account: UUID = row["account_id"]
    return account


async def _ended(connection: AsyncConnection, call: Call, token: str) -> bool:
    """Ends the half session; false where another request did meanwhile, so that no two sessions come of it."""
    its = (Session.session_hash == token_hash(token)) & (Session.kind == SessionKind.HALF) & Session.ended_at.is_(None)
    done = await connection.execute(update(Session).where(its).values(ended_at=call.now))
    return bool(done.rowcount)


async def _use_recovery_code(connection: AsyncConnection, call: Call, keys: KeyRing, account: UUID, typed: str) -> None:
    its = (RecoveryCode.account_id == account) & RecoveryCode.hash.in_(recovery_hashes(keys, account, typed))
    its &= RecoveryCode.used_at.is_(None)
    if not (await connection.execute(update(RecoveryCode).where(its).values(used_at=call.now))).rowcount:
        raise Invalid("this is not one of the recovery codes, or it was used already", path=("recoveryCode",))


# --- whoever is signed in


@open_to_all
async def sign_out(connection: AsyncConnection, call: Call) -> None:
    """The session that asks is of no use any more. Nobody's ends nothing."""
    if call.actor.session is not None:
        await end_session(connection, call.now, call.actor.session)


@allow(Scope.SELF_READ)
async def end_other_sessions(connection: AsyncConnection, call: Call) -> None:
    """All of one's own sessions but this one. Raises Forbidden to who has none, and in a session for one form."""
    mine = call.actor.account or call.actor.holder
    if mine is None or call.actor.session is None or call.actor.assistant is not None:
        raise Forbidden("this is for people who signed in by themselves")
    await end_sessions_of(connection, call.now, mine, but=call.actor.session)


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """A change of one's own password, counted and not yet checked."""

    stored: str = field(repr=False)
    sealed: bytes = field(repr=False)
    new: NewPassword = field(repr=False)


@allow(Scope.SELF_READ)
async def choose_own_password(connection: AsyncConnection, call: Call, keys: KeyRing, *, new: str) -> OwnPassword:
    """Counts a try, and says what to check the current password against: to be committed before that.

    Raises Invalid for a password that may not be chosen, RateLimited.
    """
    row = await _account(connection, call, _own(call))
    if row is None:
        raise Forbidden("this account is of no use any more")
    key = data_key(keys, row)
    try:
        chosen = NewPassword.of(new, email=key.open("account.email", row.account_id, row.email))
    except Invalid as fault:
        raise fault.under("newPassword") from None
    await _spend(connection, call, charges_of_second_factor(keys, row.account_id))
    return OwnPassword(key.open("account.password", row.account_id, row.password), row.password, chosen)


@allow(Scope.SELF_READ)
async def change_password(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, chosen: OwnPassword, verdict: Verdict, stored: str, code: str
) -> None:
    """Puts the chosen password (`stored`: its hash) in place of the current one, and ends all other sessions.

    Whoever has the account is told. Raises Invalid where the current one or the code of the second factor is wrong.
    """
    account = _own(call)
    row = await _account(connection, call, account)
    if not verdict.ok or row is None or row.password != chosen.sealed:
        raise Invalid("this is not the current password", path=("currentPassword",))
    await check_second_factor(keys)(connection, call, code)
    sealed = data_key(keys, row).seal("account.password", account, stored)
    await connection.execute(update(Account).where(Account.account_id == account).values(password=sealed))
    await end_sessions_of(connection, call.now, account, but=call.actor.session)
    await tell_account(connection, keys, call, account, notices.PasswordChanged())


@allow(Scope.SELF_READ)
async def renew_recovery_codes(connection: AsyncConnection, call: Call, keys: KeyRing, *, code: str) -> tuple[str, ...]:
    """New recovery codes, told this once; the older ones are of no use any more, and one is told that there are new ones.

    The try was counted (`confirming.py`).
    Raises Invalid for a wrong code of the second factor.
    """
    account = _own(call)
    await check_second_factor(keys)(connection, call, code)
    codes = await renew_codes(connection, keys, account)
    await tell_account(connection, keys, call, account, notices.RecoveryCodesRenewed())
    return codes


# --- parts


def _own(call: Call) -> UUID:
    if call.actor.account is None or call.actor.kind not in (ActorKind.STAFF, ActorKind.OFFICER):
        raise Forbidden("this is for who has an account")
    return call.actor.account


async def _spend(connection: AsyncConnection, call: Call, charges: tuple[Charge, ...]) -> None:
    wait = await spend(connection, charges, now=call.now)
    if wait:
        raise RateLimited("too many tries", retry_after=wait)


async def _account(connection: AsyncConnection, call: Call, account: UUID) -> Row[Any] | None:
    """The account, locked, where it was taken up and holds; else None."""
    alias = Account.__table__.alias("a")
    its = (alias.c.account_id == account) & alias.c.password.is_not(None) & text(HOLDS).bindparams(now=call.now)
    return (await connection.execute(select(alias).where(its).with_for_update())).first()
