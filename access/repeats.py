"""Doing a thing once however often it is sent: the caller names the request by a key of its own.

The same request under the same key gets the outcome of the first, and nothing is done again; another request under it is
refused. Two at once wait for each other. What was sent is remembered as a keyed hash, for two days.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.account_models import Done
from core.canonical import plain_json
from core.errors import Conflict, Invalid
from core.keys import KeyRing
from core.texts import checked_text

MAX_KEY = 64  # characters
KEPT = timedelta(days=2)

Outcome = Mapping[str, Any]


async def once(
    connection: AsyncConnection,
    keys: KeyRing,
    work: Callable[[], Awaitable[Outcome]],
    *,
    actor: UUID,
    key: str,
    given: object,
    now: datetime,
) -> Outcome:
    """What `work` gives (plain JSON), or what it gave when it was done for this actor under this key.

    Raises Invalid for what cannot be a key, Conflict where the key stood for something else.
    """
    try:
        checked_text(key, MAX_KEY)
    except Invalid as fault:
        raise fault.under("requestKey") from None
    row = {
        "actor_id": actor,
        "key_hash": keys.index("REQUEST_KEY", key),
        "input_hash": keys.index("REQUEST", plain_json(given).decode()),
        "expires_at": now + KEPT,
    }
    # Whoever comes second waits here until the first has committed or given up.
    made = await connection.execute(insert(Done).values(row).on_conflict_do_nothing().returning(Done.actor_id))
    its = (Done.actor_id == actor) & (Done.key_hash == row["key_hash"])
    if made.first() is None:
        before = (await connection.execute(select(Done.input_hash, Done.outcome).where(its))).one()
        if before.input_hash != row["input_hash"]:
            raise Conflict("this key stood for another request", path=("requestKey",))
        return dict(before.outcome)
    outcome = await work()
    await connection.execute(update(Done).where(its).values(outcome=dict(outcome)))
    return outcome
