"""Sending what was told: the job of one message. Why it is sent once at most stands in `core/delivery.py`.

Before a message is handed over it is SENDING, under the id of this attempt, and that is durable; after it, SENT. A run that
finds it SENDING follows one that nobody knows the end of: it hands the message over again where the carrier does not pass it on
twice, else the message is UNCERTAIN and its job held for a person.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from access.catalogue import Lang
from access.notices import Channel
from access.outbox import RECIPIENT, MessageState, OwnerKind, WrappedKeys, opened
from core.config import Settings
from core.database import Database, Row, Snapshot
from core.delivery import Carrier, Letter, Nobody, NotTaken, OutboxFile, Refused, Uncertain
from core.errors import Internal, Invalid
from core.ids import uuid7
from core.jobs import Work
from core.keys import KeyRing
from core.mail import Smtp
from core.sms import HttpGateway

OUTBOX_FILE = "outbox.jsonl"
_SETTLED = frozenset(
    {MessageState.SENT, MessageState.REFUSED, MessageState.LAPSED, MessageState.SUPPRESSED, MessageState.DROPPED}
)


def carriers(settings: Settings, *, demo: bool) -> dict[Channel, Carrier]:
    """Who carries what. A demonstration sends nothing to anybody: all goes into a file in its folder.

    Raises Invalid for settings that are no addresses.
    """
    if demo:
        file = OutboxFile(settings.home / OUTBOX_FILE)
        return dict.fromkeys(Channel, file)
    mail: Carrier = Nobody()
    if settings.smtp_url is not None:
        if settings.mail_from is None:
            raise Invalid("a mail server needs an address to send from", path=("mail_from",))
        mail = Smtp(settings.smtp_url.get_secret_value(), settings.mail_from)
    text_messages: Carrier = Nobody()
    if settings.sms_url is not None:
        secret = None if settings.sms_secret is None else settings.sms_secret.get_secret_value()
        text_messages = HttpGateway(settings.sms_url, secret)
    return {Channel.EMAIL: mail, Channel.SMS: text_messages}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A message that is now SENDING, under this attempt's id."""

    owner: UUID
    message: UUID
    id: UUID
    letter: Letter = field(repr=False)


class Sender:
    """Sends messages. `nobodies`: owners that stand in for strangers, whose messages go to nobody; `keep`: sent ones keep their
    words, as a demonstration's do."""

    def __init__(
        self,
        keys: KeyRing,
        owners: WrappedKeys,
        carriers: Mapping[Channel, Carrier],
        *,
        nobodies: frozenset[UUID],
        keep: bool,
    ) -> None:
        self._keys = keys
        self._owners = owners
        self._carriers = carriers
        self._nobodies = nobodies
        self._keep = keep

    async def send(self, work: Work) -> None:
        """The handler of `outbox.SENDING`. Raises NotTaken (to be tried again) and Uncertain (to be held)."""
        owner, message = UUID(work.parameters["owner"]), UUID(work.parameters["message"])
        async with work.database.connection() as connection, connection.transaction():
            attempt = await self._begin(connection, owner, message, work.now)
        if attempt is MessageState.UNCERTAIN:  # that is durable now
            raise Uncertain("nobody knows whether the message was sent")
        if attempt is None:
            return
        carrier = self._carriers[Channel(attempt.letter.channel)]
        try:
            await carrier.send(attempt.letter)
        except Refused as fault:
            await self._settle(work.database, attempt, MessageState.REFUSED, work.now, fault)
        except NotTaken as fault:
            await self._settle(work.database, attempt, MessageState.WAITING, work.now, fault)
            raise
        except Uncertain as fault:
            state = MessageState.WAITING if carrier.repeatable else MessageState.UNCERTAIN
            await self._settle(work.database, attempt, state, work.now, fault)
            if carrier.repeatable:
                raise NotTaken("the message is handed over again") from None
            raise
        else:
            await self._settle(work.database, attempt, MessageState.SENT, work.now)

    async def close(self) -> None:
        await asyncio.gather(*(carrier.close() for carrier in set(self._carriers.values())))

    async def _begin(
        self, connection: "asyncpg.Connection[Row]", owner: UUID, message: UUID, now: datetime
    ) -> "_Attempt | Literal[MessageState.UNCERTAIN] | None":
        """Marks the message as being sent. UNCERTAIN where nobody knows whether it was; None where there is nothing to send."""
        row = await connection.fetchrow(
            """select owner_kind, channel, lang, state, recipient, body, useful_until
                 from message where owner_id = $1 and message_id = $2 for update""",
            owner,
            message,
        )
        if row is None:
            raise Internal("there is no such message")
        state = MessageState(row["state"])
        if state in _SETTLED:
            return None
        repeatable = self._carriers[Channel(row["channel"])].repeatable
        if state is MessageState.UNCERTAIN or (state is MessageState.SENDING and not repeatable):
            await self._mark(connection, owner, message, MessageState.UNCERTAIN, now, error=Uncertain.__name__)
            return MessageState.UNCERTAIN
        if owner in self._nobodies:
            await self._mark(connection, owner, message, MessageState.SUPPRESSED, now)
            return None
        if row["useful_until"] is not None and row["useful_until"] <= now:
            await self._mark(connection, owner, message, MessageState.LAPSED, now)
            return None
        wrapped = await self._owners[OwnerKind(row["owner_kind"])](Snapshot(connection), owner)
        if wrapped is None:  # erased meanwhile, and the message with them
            await self._mark(connection, owner, message, MessageState.SUPPRESSED, now)
            return None
        key = self._keys.masters.unwrap(owner, wrapped)
        said = opened(key, message, row["body"])
        letter = Letter(
            letter_id=message,
            channel=row["channel"],
            recipient=key.open(RECIPIENT, message, row["recipient"]),
            subject=said.subject,
            text=said.text,
            lang=Lang(row["lang"]).lower(),
            at=now,
        )
        attempt = uuid7(now)
        await connection.execute(
            """update message set state = 'SENDING', attempt = $3, attempts = attempts + 1, sending_at = $4
                where owner_id = $1 and message_id = $2""",
            owner,
            message,
            attempt,
            now,
        )
        return _Attempt(owner, message, attempt, letter)

    async def _settle(
        self, database: Database, attempt: _Attempt, state: MessageState, now: datetime, fault: Exception | None = None
    ) -> None:
        """What came of an attempt; nothing where another has begun since."""
        error = None if fault is None else type(fault).__name__
        async with database.connection() as connection:
            await self._mark(connection, attempt.owner, attempt.message, state, now, error=error, attempt=attempt.id)

    async def _mark(
        self,
        connection: "asyncpg.Connection[Row]",
        owner: UUID,
        message: UUID,
        state: MessageState,
        now: datetime,
        *,
        error: str | None = None,
        attempt: UUID | None = None,
    ) -> None:
        settled = state in _SETTLED
        await connection.execute(
            """update message set state = $3, error = $4, settled_at = $5, body = case when $6 then null else body end
                where owner_id = $1 and message_id = $2
                  and ($7::uuid is null or (attempt = $7 and state in ('SENDING', 'UNCERTAIN')))""",
            owner,
            message,
            state,
            error,
            now if settled else None,
            settled and not self._keep,
            attempt,
        )
