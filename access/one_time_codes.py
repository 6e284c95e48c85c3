"""One-time codes: six digits sent to a telephone or an e-mail, good for three minutes and five tries.

Wrong tries spend the code, never the account: a stranger can neither lock anybody out nor learn who is on record. For an
identifier that nobody has a code is made just so, and told to nobody. Whoever has guessed wrong too often is sent ten digits,
which nobody guesses: how often that is, `identity/challenges.py` says.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.ids import random_bytes
from core.keys import KeyRing
from core.texts import LATIN_DIGITS

DIGITS = 6
LONG_DIGITS = 10
LIFETIME_SECONDS = 180
TRIES = 5
MAX_TYPED = 32  # characters
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}|[0-9]{{{LONG_DIGITS}}}", re.ASCII)
_FAIR = 250  # of the 256 values of a byte, those that give each digit equally often


class Outcome(StrEnum):
    RIGHT = "RIGHT"
    WRONG = "WRONG"
    SPENT = "SPENT"  # it was used, or tried too often
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code that was sent, as it is stored. `tries_left`: this try is one of them."""

    code_hash: bytes = field(repr=False)
    expires_at: datetime
    tries_left: int
    used_at: datetime | None = None


def judge(challenge: Challenge, code_hash: bytes, now: datetime) -> Outcome:
    """What a try comes to. RIGHT is to be stored as use, WRONG as one try less, before anybody is told, and under a lock."""
    fits = hmac.compare_digest(challenge.code_hash, code_hash)
    if now >= challenge.expires_at:
        return Outcome.EXPIRED
    if challenge.used_at is not None or challenge.tries_left <= 0:
        return Outcome.SPENT
    return Outcome.RIGHT if fits else Outcome.WRONG


def new_code(source: Callable[[int], bytes] = random_bytes, *, digits: int = DIGITS) -> str:
    """So many digits, each code as likely as any other: bytes that would favour some digits are passed over."""
    found = ""
    while len(found) < digits:
        found += "".join(str(byte % 10) for byte in source(16) if byte < _FAIR)
    return found[:digits]


def code_hash(keys: KeyRing, challenge: UUID, code: str) -> bytes:
    """The keyed hash (16 bytes) that a code is stored and compared by: without the key, a million guesses would find it."""
    return keys.index("ONE_TIME_CODE", f"{challenge}:{code}")


def parse_code(typed: str) -> str | None:
    """Six Latin digits, or ten, of a code typed in Latin, Arabic-Indic or Persian ones, with blanks or without.

    None for other text.
    """
    if len(typed) > MAX_TYPED:
        return None
    code = "".join(typed.split()).translate(LATIN_DIGITS)
    return code if _CODE.fullmatch(code) else None
