"""Passwords: which one may be chosen, and how it is kept and checked.

Kept as argon2id with the second recommended parameters of RFC 9106, 4, those for little memory: 3 passes over 64 MiB in 4
lanes, 16 bytes of salt, 32 of tag. A check takes some 130 ms and those 64 MiB, so it is done off the event loop, two at a time,
and only a few may wait. Some of the places are kept for known devices (`devices.py`): however many strangers knock at once,
whoever has signed in before is let in, and waits a second or two at most.

What may be chosen follows NIST SP 800-63B-4, 3.1.1.2: a length, and nothing that is tried first; no rules of composition, no
expiry. A password is hashed in its Unicode normal form NFKC, whichever way a keyboard composes its letters.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar
from unicodedata import normalize

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import Argon2Error, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from core.errors import Internal, Invalid, Unavailable
from core.ids import random_bytes
from core.texts import LATIN_DIGITS, checked_text

MIN_LENGTH = 12  # characters, of the normal form
MAX_LENGTH = 200
PARAMETERS = RFC_9106_LOW_MEMORY
AT_ONCE = 2
WAITING = 14
KEPT = 6  # further places to wait, which nobody but known devices is given
RETRY_SECONDS = 2

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it was the password; `rehash` is what to store from now on, where it was hashed with other parameters."""

    ok: bool
    rehash: str | None = field(default=None, repr=False)


REFUSED = Verdict(False)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that may be chosen, in normal form."""

    normal: str = field(repr=False)

    @classmethod
    def of(cls, given: str, *, email: str) -> "NewPassword":
        """Raises Invalid where it is too short or long, holds what cannot be seen or the e-mail's name, or is a common one."""
        normal = normalize("NFKC", checked_text(given, MAX_LENGTH))
        if not MIN_LENGTH <= len(normal) <= MAX_LENGTH:
            raise Invalid(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
        if holds_email(normal, email):
            raise Invalid("a password does not hold the name of one's e-mail address")
        if is_common(normal, email):
            raise Invalid("this password is among those that are tried first")
        return cls(normal)


class Passwords:
    """Makes and checks the stored form. Raises Unavailable, with `retry_after`, to more callers at once than may wait.

    `known`: it is for a known device, or for who has signed in. All places are open to it, to others all but the kept ones.
    """

    def __init__(
        self, parameters: Parameters = PARAMETERS, *, at_once: int = AT_ONCE, waiting: int = WAITING, kept: int = KEPT
    ) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._nobodys = _stored_of_nobody(parameters)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._places = BoundedSemaphore(at_once + waiting + kept)
        self._strangers = BoundedSemaphore(at_once + waiting)  # how many of those may be strangers'

    async def check(self, stored: str | None, given: str, *, known: bool = False) -> Verdict:
        """Whether `given` is the password. `stored` is None for an account that nobody has: refused, after the same work."""
        return await self._apart(known, self._check, stored, given)

    async def hash(self, password: NewPassword, *, known: bool = False) -> str:
        """The form to store."""
        return await self._apart(known, self._hash, password.normal.encode())

    def close(self) -> None:
        """Who waits is still seen to; nothing more is taken."""
        self._threads.shutdown(wait=False)

    async def _apart(self, known: bool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        taken = self._take([self._places] if known else [self._strangers, self._places])
        try:
            future = self._threads.submit(work, *args, **kwargs)
        except RuntimeError:
            _leave(taken)
            raise Unavailable("passwords are no longer checked here") from None
        # With the work itself, not with who waits for it: a caller who has gone away leaves a thread at work.
        future.add_done_callback(lambda _: _leave(taken))
        return await asyncio.wrap_future(future)

    def _take(self, places: Sequence[BoundedSemaphore]) -> Sequence[BoundedSemaphore]:
        """One of each kind, or none at all."""
        for n, kind in enumerate(places):
            if not kind.acquire(blocking=False):
                _leave(places[:n])
                raise Unavailable("too many passwords are being checked", retry_after=RETRY_SECONDS)
        return places

    def _check(self, stored: str | None, given: str) -> Verdict:
        password = _bytes(given)
        try:
            self._hasher.verify(self._nobodys if stored is None or password is None else stored, password or b"")
        except VerifyMismatchError:
            return REFUSED
        except (Argon2Error, ValueError):
            raise Internal("a stored password cannot be checked") from None
        if stored is None or password is None:
            return REFUSED
        return Verdict(True, self._hash(password) if self._hasher.check_needs_rehash(stored) else None)

    def _hash(self, password: bytes) -> str:
        try:
            return self._hasher.hash(password, salt=random_bytes(self._hasher.salt_len))
        except Argon2Error:
            raise Internal("a password cannot be hashed") from None


def _leave(taken: Sequence[BoundedSemaphore]) -> None:
    for kind in taken:
        kind.release()


def _bytes(given: str) -> bytes | None:
    """What is hashed; None for what cannot be a password."""
    if len(given) > MAX_LENGTH:
        return None
    try:
        return normalize("NFKC", given).encode()
    except UnicodeEncodeError:
        return None


def _stored_of_nobody(parameters: Parameters) -> str:
    """Like the stored form of a password, with a random tag: to check it is the same work, and no password fits."""
    costs = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    salt, tag = (b64encode(random_bytes(n)).rstrip(b"=").decode() for n in (parameters.salt_len, parameters.hash_len))
    return f"$argon2{parameters.type.name.lower()}$v={parameters.version}${costs}${salt}${tag}"


# --- what is tried first


def is_common(password: str, email: str = "") -> bool:
    """Whether hardly anything is left of it without common words, rows of keys, years, repetitions and the e-mail's words.

    This catches "Password2024!", "azerty123456" and "abcabcabcabc" alike, with no need of a list of each.
    """
    left = _squeezed(password)
    for word in sorted(map(_squeezed, re.split(r"[\W_]+", email)), key=len, reverse=True):
        if len(word) >= _SHORTEST_WORD:
            left = left.replace(word, "")
    for pattern in (_REPEATED, _COMMON, _ROWS, _YEAR, _REPEATED):
        left = pattern.sub("", left)
    return len(left) < _ENOUGH_LEFT


def holds_email(password: str, email: str) -> bool:
    """Whether it holds what stands before the @, however cased or broken up; fewer than four characters may do so by chance."""
    name = _squeezed(email.rpartition("@")[0] or email)
    return len(name) >= _SHORTEST_WORD and name in _squeezed(password)


def _squeezed(text: str) -> str:
    """Without case, blanks and what words are joined by."""
    return _JOINTS.sub("", normalize("NFKC", text).casefold().translate(LATIN_DIGITS))


_SHORTEST_WORD = 4  # characters; shorter ones occur in other words by chance
_ENOUGH_LEFT = 6  # characters
_JOINTS = re.compile(r"[\s\-_.,;:'’/+]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_REPEATED = re.compile(r"(.{1,6}?)\1{2,}", re.DOTALL)
_WORDS = """
    password passwort motdepasse motdepass passe pass secret letmein welcome bienvenue bonjour hello changeme changer admin
    administrator administrateur root user utilisateur login guest invite test demo temp default iloveyou jetaime monkey dragon
    master football superman princess sunshine shadow michael baseball starwars computer internet ordinateur soleil doudou
    chouchou loulou marseille nicolas sijil registre register maroc morocco maghreb rabat casablanca casa marrakech agadir
    tanger meknes raja wydad atlas mohammed mohamed muhammad ahmed fatima hassan youssef khadija bismillah inchallah inshallah
    hamdoullah allah habibi 1q2w3e4r 1qaz2wsx qazwsx zaq12wsx 1a2z3e4r abc123 a1b2c3
    كلمةالسر كلمةالمرور كلمةسر مرور مرحبا السلامعليكم بسمالله الحمدلله انشاءالله ماشاءالله الله محمد احمد فاطمة المغرب سجل حبيبي
"""
_ALSO = {"a": "a4@", "e": "e3", "i": "i1!", "l": "l1", "o": "o0", "s": "s5$", "t": "t7"}
_COMMON = re.compile(
    "|".join(
        "".join(f"[{re.escape(_ALSO[letter])}]" if letter in _ALSO else letter for letter in word)
        for word in sorted(_WORDS.split(), key=len, reverse=True)
    )
)
_KEYS = """
    01234567890 abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl zxcvbnm azertyuiop qsdfghjklm wxcvbn
    ضصثقفغعهخحجد شسيبلاتنمكط ابتثجحخدذرزسشصضطظعغفقكلمنهوي ابجدهوزحطيكلمنسعفصقرشت
"""
_ROW = 4  # keys that follow each other


def _rows() -> re.Pattern[str]:
    """Any four or more keys that follow each other in a row, forward or backward."""
    either = [row[::way] for row in _KEYS.split() for way in (1, -1)]
    runs = {row[start:end] for row in either for start in range(len(row)) for end in range(start + _ROW, len(row) + 1)}
    return re.compile("|".join(sorted(runs, key=len, reverse=True)))


_ROWS = _rows()
