"""The second factor of whoever acts: a try is counted before it is judged, and no code serves twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import Account
from access.approval import SecondFactor
from access.call import Call
from access.second_factor import check_totp
from access.throttles import charges_of_second_factor, give_back, spend
from core.errors import Forbidden, Invalid, RateLimited
from core.keys import KeyRing


async def count_try(connection: AsyncConnection, keys: KeyRing, call: Call) -> None:
    """Counts a try, in a transaction of its own, before it is judged. Raises RateLimited where there were too many."""
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    wait = await spend(connection, charges_of_second_factor(keys, call.actor.account), now=call.now)
    if wait:
        raise RateLimited("too many codes were tried", retry_after=wait)


def check_second_factor(keys: KeyRing) -> SecondFactor:
    """The check of a code by time of whoever calls; a recovery code is none. What was right is not counted as a try."""

    async def check(connection: AsyncConnection, call: Call, code: str) -> None:
        account = call.actor.account
        its = (await connection.execute(select(Account).where(Account.account_id == account))).first()
        if account is None or its is None or its.totp is None:
            raise Forbidden("this needs a second factor")
        await use_code(connection, keys, its, code, now=call.now)
        await give_back(connection, charges_of_second_factor(keys, account), now=call.now)

    return check


async def use_code(connection: AsyncConnection, keys: KeyRing, row: Any, code: str, *, now: datetime) -> None:
    """Uses a code by time of an account (its row). Raises Invalid unless it is the code of now, and nobody has used it.

    Of two requests with one code, one has used it: the step is stored where it is later than the last one.
    """
    account = row.account_id
    secret = keys.masters.unwrap(account, row.data_key).open("account.totp", account, row.totp)
    step = check_totp(secret, code, now=now, last_step=row.totp_step)
    if step is not None:
        later = (Account.account_id == account) & (Account.totp_step < step)
        if (await connection.execute(update(Account).where(later).values(totp_step=step))).rowcount:
            return
    raise Invalid("this is not the code of now", path=("code",))
