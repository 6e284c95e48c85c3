"""Codes that were sent to somebody (or, for nobody, to no one), as they are stored and tried.

    count_try ──> use_code
    (durable)     (once, whoever else tries it at the same instant)

Whatever is wrong with a code, or with the challenge that it was sent for, is one and the same refusal.

Wrong tries at six digits are remembered for thirty days (`GUESSES`): those of all strangers together, and apart from them those
of each known device and of each assistant. Whoever has used them up is sent ten digits from then on, and six are not judged
any more. So nobody is locked out, whatever others do, and no patience is enough to guess; a number that nobody has is treated
just so.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import OneTimeCode
from access.call import Call
from access.devices import known_among
from access.one_time_codes import (
    DIGITS,
    LIFETIME_SECONDS,
    LONG_DIGITS,
    TRIES,
    Challenge,
    Outcome,
    code_hash,
    judge,
    new_code,
    parse_code,
)
from access.throttles import Budget, Charge, give_back, is_spent, spend
from core.errors import Invalid
from core.ids import uuid7
from core.keys import KeyRing
from identity.holders import Holder

LIFETIME = timedelta(seconds=LIFETIME_SECONDS)
# Of a million codes: whoever goes on for a year finds one once in four thousand times.
GUESSES = Budget("GUESSES", limit=20, window_seconds=30 * 86_400)


class CodePurpose(StrEnum):
    SIGN_IN = "SIGN_IN"
    ASSIST = "ASSIST"
    TESTIMONY = "TESTIMONY"


async def new_challenge(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    holder: Holder,
    purpose: CodePurpose,
    *,
    form: str | None = None,
    device: str | None = None,
) -> tuple[UUID, str]:
    """A challenge and its code, which is to be told to the holder. Those before it stay as good as they were.

    `device`: what the browser sent as its cookie, where it is asked for on one.
    """
    long = await is_spent(connection, guesses(keys, call, holder.owner, device), now=call.now)
    challenge, code = uuid7(call.now), new_code(digits=LONG_DIGITS if long else DIGITS)
    row = {
        "challenge_id": challenge,
        "owner_id": holder.owner,
        "purpose": purpose,
        "assistant_id": call.actor.account,
        "form": form,
        "code_hash": code_hash(keys, challenge, code),
        "made_at": call.now,
        "expires_at": call.now + LIFETIME,
        "tries_left": TRIES,
    }
    await connection.execute(insert(OneTimeCode).values(row))
    return challenge, code


async def count_try(
    challenge: UUID,
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    code: str,
    purpose: CodePurpose,
    *,
    device: str | None = None,
) -> None:
    """Takes one of the tries that are left: to be committed before the code is judged.

    Raises Invalid where none is left to take, and (taking none) for what cannot be a code.
    """
    typed = parse_code(code)
    if typed is None:
        raise Invalid("a code has six digits, or ten", path=("code",))
    its = _open(call, challenge, purpose) & (OneTimeCode.tries_left > 0)
    counting = update(OneTimeCode).where(its).values(tries_left=OneTimeCode.tries_left - 1)
    owner = await connection.scalar(counting.returning(OneTimeCode.owner_id))
    if owner is None:
        raise refused()
    if len(typed) == DIGITS and await spend(connection, [guesses(keys, call, owner, device)], now=call.now):
        raise refused()


async def use_code(
    challenge: UUID,
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    code: str,
    purpose: CodePurpose,
    *,
    device: str | None = None,
) -> Row[Any]:
    """The challenge (`owner_id`, `form`), whose code is used by this. Raises Invalid for any other code than the right one.

    The try has to be counted before, in a transaction of its own; what was right is no guess.
    """
    row = (await connection.execute(select(OneTimeCode).where(_open(call, challenge, purpose)).with_for_update())).first()
    typed = parse_code(code)
    if row is None or typed is None:
        raise refused()
    # The one that was counted for this try is this one's to use.
    stored = Challenge(row.code_hash, row.expires_at, row.tries_left + 1, row.used_at)
    if judge(stored, code_hash(keys, challenge, typed), call.now) is not Outcome.RIGHT:
        raise refused()
    await connection.execute(update(OneTimeCode).where(OneTimeCode.challenge_id == challenge).values(used_at=call.now))
    if len(typed) == DIGITS:
        await give_back(connection, [guesses(keys, call, row.owner_id, device)], now=call.now)
    return row


def guesses(keys: KeyRing, call: Call, owner: UUID, device: str | None) -> Charge:
    """What a try at six digits adds to: the assistant's own guesses, the known device's, or those of all strangers."""
    whose = call.actor.account or known_among(keys, owner, device, call.now)
    return Charge.of(keys, GUESSES, str(owner), *(() if whose is None else (str(whose),)))


def refused() -> Invalid:
    """The one answer to a code that is wrong, used, tried too often or too old, or was never sent."""
    return Invalid("this code is wrong, or it is of no use any more: ask for a new one", path=("code",))


def _open(call: Call, challenge: UUID, purpose: CodePurpose) -> Any:
    """That challenge, where it can still be answered by who asks: what was begun by somebody is ended by them."""
    assistant = OneTimeCode.assistant_id
    return (
        (OneTimeCode.challenge_id == challenge)
        & (OneTimeCode.purpose == purpose)
        & (assistant.is_(None) if call.actor.account is None else assistant == call.actor.account)
        & OneTimeCode.used_at.is_(None)
        & (OneTimeCode.expires_at > call.now)
    )
