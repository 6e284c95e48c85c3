"""Telling people: a message is written, sealed, in the transaction of what it tells of, with the job that sends it.

If that transaction does not commit, nobody is told; if it does, somebody sends it (`sending.py`), and only once. The recipient
and the words are sealed under the data key of whom they are for; the words go once they were sent.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow, refuse_unless_everywhere
from access.catalogue import Lang
from access.models import Message
from access.notice_texts import NoticeName
from access.notices import Channel, Notice
from access.rights import Scope
from access.wording import Wording, wording
from core import jobs
from core.database import Reader, Snapshot, raw
from core.delivery import Uncertain
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.ids import uuid7
from core.jobs import Kind
from core.keys import DEMO, KeyRing
from core.sealed import DataKey

SENDING = Kind("message", attempts=30, held_at_once=(Uncertain,), run_seconds=120, priority=10, kept=timedelta(days=1))
RECIPIENT, BODY = "message.recipient", "message.body"
MAX_SHOWN = 100


class OwnerKind(StrEnum):
    PERSON = "PERSON"
    ACCOUNT = "ACCOUNT"


class MessageState(StrEnum):
    """WAITING to be sent; SENDING since it is about to be handed over; and what came of it."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    UNCERTAIN = "UNCERTAIN"  # nobody knows whether it was sent: a person says what is to be done (`resend`, `drop`)
    REFUSED = "REFUSED"  # there is no such address, say
    LAPSED = "LAPSED"  # it was of no more use before it could be sent
    SUPPRESSED = "SUPPRESSED"  # it was for nobody
    DROPPED = "DROPPED"  # a person decided that it is not sent


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a message is for, and their data key as it is stored (wrapped): the message is sealed under it."""

    kind: OwnerKind
    id: UUID
    data_key: bytes = field(repr=False)


WrappedKeys = Mapping[OwnerKind, Callable[[Reader, UUID], Awaitable[bytes | None]]]
"""How the stored data key of an owner is found, by their id; None for one that is no more."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the outbox page of a demonstration shows it."""

    message_id: UUID
    notice: NoticeName
    channel: Channel
    lang: Lang
    state: MessageState
    told_at: datetime
    settled_at: datetime | None
    recipient: str
    wording: Wording | None  # None: it has gone


async def tell(
    transaction: AsyncConnection,
    call: Call,
    keys: KeyRing,
    *,
    owner: Owner,
    notice: Notice,
    lang: Lang,
    channels: Mapping[Channel, str],
) -> list[UUID]:
    """Has the notice sent to these addresses, one message for each channel, if the transaction commits.

    The ids of the messages. Raises Invalid where there is no address. No door: whoever tells was let in by one.
    """
    if not channels:
        raise Invalid("there is nowhere to send this to")
    key = keys.masters.unwrap(owner.id, owner.data_key)
    minutes = notice.minutes_useful
    useful_until = None if minutes is None else call.now + timedelta(minutes=minutes)
    told: list[UUID] = []
    rows: list[dict[str, Any]] = []
    for channel, address in channels.items():
        message, job = uuid7(call.now), uuid7(call.now)
        said = wording(notice, lang, channel)
        rows.append(
            {
                "owner_id": owner.id,
                "message_id": message,
                "owner_kind": owner.kind,
                "job_id": job,
                "notice": notice.name,
                "channel": channel,
                "lang": lang,
                "state": MessageState.WAITING,
                "recipient": key.seal(RECIPIENT, message, address),
                "body": key.seal(BODY, message, json.dumps({"subject": said.subject, "text": said.text}, ensure_ascii=False)),
                "attempts": 0,
                "told_at": call.now,
                "useful_until": useful_until,
            }
        )
        told.append(message)
        parameters = {"owner": str(owner.id), "message": str(message)}
        await jobs.enqueue(transaction, SENDING, parameters, job_id=job, at=call.now)
    await transaction.execute(insert(Message), rows)
    return told


async def account_key(reader: Reader, account: UUID) -> bytes | None:
    """The stored data key of an account."""
    rows = await reader.ask("select data_key from account where account_id = $1", account)
    return bytes(rows[0]["data_key"]) if rows else None


def opened(key: DataKey, message: UUID, sealed: bytes) -> Wording:
    return Wording(**json.loads(key.open(BODY, message, sealed)))


# --- doors


@allow(Scope.OUTBOX_READ)
async def shown(reading: Reader, _call: Call, keys: KeyRing, owners: WrappedKeys, *, limit: int = MAX_SHOWN) -> list[Shown]:
    """The newest messages with their words. Raises Forbidden but in a demonstration."""
    if keys.mark != DEMO:
        raise Forbidden("only in a demonstration are messages shown")
    rows = await reading.ask(
        """select owner_kind, owner_id, message_id, notice, channel, lang, state, told_at, settled_at, recipient, body
             from message order by told_at desc, message_id desc limit $1""",
        min(limit, MAX_SHOWN),
    )
    found = []
    for row in rows:
        wrapped = await owners[OwnerKind(row["owner_kind"])](reading, row["owner_id"])
        if wrapped is None:
            continue
        key = keys.masters.unwrap(row["owner_id"], wrapped)
        found.append(
            Shown(
                message_id=row["message_id"],
                notice=NoticeName(row["notice"]),
                channel=Channel(row["channel"]),
                lang=Lang(row["lang"]),
                state=MessageState(row["state"]),
                told_at=row["told_at"],
                settled_at=row["settled_at"],
                recipient=key.open(RECIPIENT, row["message_id"], row["recipient"]),
                wording=None if row["body"] is None else opened(key, row["message_id"], row["body"]),
            )
        )
    return found


@allow(Scope.JOB_MANAGE)
async def resend(connection: AsyncConnection, call: Call, job: UUID) -> None:
    """Has a message sent (again) whose job is held: whoever says so has found that it did not come, or that twice does no harm.

    Raises NotFound where the job is no message's, Conflict where it is not held.
    """
    refuse_unless_everywhere(call, Scope.JOB_MANAGE)
    await _decide(connection, job, state=MessageState.WAITING)
    await jobs.release(connection, job, at=call.now, priority=SENDING.priority)


@allow(Scope.JOB_MANAGE)
async def drop(connection: AsyncConnection, call: Call, job: UUID) -> None:
    """Lets a message be whose job is held: it came after all, or nobody needs it. Raises as `resend` does."""
    refuse_unless_everywhere(call, Scope.JOB_MANAGE)
    await _decide(connection, job, state=MessageState.DROPPED, body=None, settled_at=call.now)
    await jobs.cancel(connection, job, at=call.now)


async def _decide(connection: AsyncConnection, job_id: UUID, **values: Any) -> None:
    job = await jobs.find(Snapshot(await raw(connection)), job_id)
    if job is None or job.kind != SENDING.name:
        raise NotFound("there is no such message")
    its = (Message.owner_id == UUID(job.parameters["owner"])) & (Message.message_id == UUID(job.parameters["message"]))
    state = await connection.scalar(select(Message.state).where(its).with_for_update())
    if job.state is not jobs.State.HELD or state not in (MessageState.WAITING, MessageState.SENDING, MessageState.UNCERTAIN):
        raise Conflict("the message is not held")
    await connection.execute(update(Message).where(its).values(values))
