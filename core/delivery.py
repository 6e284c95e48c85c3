"""Handing a letter over to who carries it, and what may come of that.

A letter must not be sent twice, and may have been sent although nobody said so: a process can die, or a connection break,
between handing over and hearing that it was taken. So whoever sends writes down first that it is about to (durably, under an id
of the attempt) and afterwards how it ended; where the second is missing the letter is *uncertain*. What is to be done then
depends on the carrier:

- one that knows letters by their id (`repeatable`) may be handed the same letter again: it does not pass it on twice;
- one that does not (SMTP) is not asked again by a machine: once its DATA has begun, only a person can say whether the letter
  came. Its Message-ID is made from the letter's id, so that the person can look for it, and a mailbox can drop a second one.

Whatever failed for certain before may be tried again, whichever the carrier.
"""

import json
import os
from asyncio import to_thread
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from core.errors import Invalid, Unavailable


class NotTaken(Unavailable):
    """For certain it was not passed on, or the carrier will not pass it on twice: to be tried again later."""


class Uncertain(Unavailable):
    """It may have been passed on."""


class Refused(Invalid):
    """It will never be passed on as it is: no such address, say."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`letter_id` is the same however often it is tried; `lang` a language tag; a text message has no `subject`."""

    letter_id: UUID
    channel: str
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    lang: str
    at: datetime


class Carrier(Protocol):
    """Another way of sending is one class of this form."""

    @property
    def repeatable(self) -> bool:
        """Whether it passes a letter on once, however often it is handed over under one id."""
        ...

    async def send(self, letter: Letter) -> None:
        """Returns once the letter was taken. Raises NotTaken, Uncertain or Refused, none of them with a value in its text."""
        ...

    async def close(self) -> None: ...


class Nobody:
    """Where no carrier is set up: letters wait for one."""

    repeatable = True

    async def send(self, _: Letter) -> None:
        raise NotTaken("nobody is set up to carry this")

    async def close(self) -> None:
        """There is nothing to close."""


class OutboxFile:
    """For a demonstration: a line of JSON for each letter, in a file for its owner alone."""

    repeatable = False

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, letter: Letter) -> None:
        await to_thread(self._append, letter)

    def _append(self, letter: Letter) -> None:
        line = {
            "id": str(letter.letter_id),
            "at": letter.at.isoformat(),
            "channel": letter.channel,
            "to": letter.recipient,
            "lang": letter.lang,
            "subject": letter.subject,
            "text": letter.text,
        }
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            raise NotTaken("the outbox cannot be opened") from None
        try:
            # In one write, so that lines of several processes do not mix.
            os.write(file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError:
            raise Uncertain("the outbox cannot be written") from None
        finally:
            os.close(file)

    async def close(self) -> None:
        """There is nothing to close."""
