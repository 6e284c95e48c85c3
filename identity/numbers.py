"""The numbers a person and a household are known by, and the tokens agencies get in their place.

`Idcs` and `HouseholdCode` hold only well-formed numbers. `issue` makes new IDCS from a counter that nobody without the key can
read out of them. `pairwise_token` gives each agency its own name for a subject; `resolve_token` reads it back without a table.
Messages and `repr` never show a number or a token.
"""

import re
import struct
from array import array
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import cycle
from math import isqrt
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Internal, Invalid, Unavailable

FIRST_BODY = 200_000_000
"""The smallest nine-digit body of an IDCS: its first digit is 2 to 9."""
BODIES = 800_000_000
"""How many bodies, and so how many counters, there are."""
ISSUE_LIMIT = 1_000_000
"""The most numbers that one call of `issue` makes."""


@dataclass(frozen=True, slots=True, repr=False)
class Idcs:
    """A well-formed IDCS: ten ASCII digits, the first 2 to 9, the last a Verhoeff check digit, and no refused pattern. No
    other text makes one: anything else raises `Invalid`."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) != 10 or not _digits(self.text):
            raise Invalid("an IDCS is ten digits")
        if self.text[0] in "01":
            raise Invalid("an IDCS starts with a digit from 2 to 9")
        if not verhoeff_valid(self.text):
            raise Invalid("the check digit of the IDCS is wrong")
        if pattern := _refused_pattern(self.text):
            raise Invalid(pattern)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The IDCS that `text` spells, without blanks or separators. Raises `Invalid`, each rule with a message of its own."""
        return cls(text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "Idcs(hidden)"


@dataclass(frozen=True, slots=True, repr=False)
class HouseholdCode:
    """A household's eleven digits: its head's IDCS and an order from 0 to 9, for one person may hold several households."""

    head: Idcs
    order: int

    def __post_init__(self) -> None:
        if not 0 <= self.order <= 9:
            raise Invalid("the order of a household code is one digit")

    @classmethod
    def of(cls, idcs: Idcs, order: int) -> Self:
        """The code of the household number `order` that `idcs` is the head of. Raises `Invalid` unless 0 <= order <= 9."""
        return cls(idcs, order)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code that `text` spells, without blanks or separators. Raises `Invalid`, for the head as `Idcs.parse` does."""
        if len(text) != 11 or not _digits(text):
            raise Invalid("a household code is eleven digits")
        return cls(Idcs.parse(text[:10]), int(text[10]))

    @property
    def text(self) -> str:
        return f"{self.head.text}{self.order:d}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "HouseholdCode(hidden)"


# --- new numbers


def issue(key: bytes, counter: int, count: int) -> tuple[list[Idcs], int]:
    """Exactly `count` new IDCS from `counter` on, and the counter to go on from. `key` is 32 bytes and stays the same for ever.

    The counter runs over all bodies and a keyed permutation of the bodies says which one it stands for, so two counters never
    give the same number: there is no pool to keep and no collision to look for, and a number does not say when it was given. A
    body whose number has a refused pattern (about one in 50,000) is left out and its counter is burnt, which takes nothing from
    the others. Raises `Unavailable` when the bodies end before `count` is reached, `Invalid` for a counter below 0 or a count
    outside 0 to `ISSUE_LIMIT`.
    """
    if counter < 0:
        raise Invalid("a counter starts at 0")
    if not 0 <= count <= ISSUE_LIMIT:
        raise Invalid(f"from 0 to {ISSUE_LIMIT} numbers are issued at a time")
    numbers: list[Idcs] = []
    while len(numbers) < count:
        if number := idcs_of(counter, key):
            numbers.append(number)
        counter += 1
    return numbers, counter


def idcs_of(counter: int, key: bytes) -> Idcs | None:
    """The IDCS that `counter` stands for under `key`, or None where the counter is burnt. Raises as `issue` does."""
    if counter < 0:
        raise Invalid("a counter starts at 0")
    if counter >= BODIES:
        raise Unavailable("every IDCS has been issued")
    body = str(FIRST_BODY + _bodies_under(key)[counter])
    text = body + verhoeff_digit(body)
    return None if _refused_pattern(text) else Idcs(text)


class Permutation:
    """A keyed bijection of range(size), size at most 2^32: `permutation[i]` is the image of i.

    A balanced Feistel network of ten rounds (as many as FF1 of NIST SP 800-38G) on pairs of numbers below the square root of
    the size, rounded up; an image outside the range is permuted again until it falls inside. The round function is AES-256 of
    the round and the right half. Halves are few, so each round is computed once, in one call, and kept as a table.
    """

    __slots__ = ("_rounds", "_side", "size")

    ROUNDS = 10

    def __init__(self, key: bytes, size: int) -> None:
        if not 1 <= size <= 2**32:
            raise Internal("a permutation has from 1 to 2^32 elements")
        self.size = size
        self._side = isqrt(size - 1) + 1
        cipher = _cipher(key, b"sijil permutation v1" + size.to_bytes(8))
        self._rounds = tuple(_round_table(cipher, number, self._side) for number in range(self.ROUNDS))

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError("outside the permutation")
        side = self._side
        while True:
            left, right = divmod(index, side)
            for table in self._rounds:
                left, right = right, (left + table[right]) % side
            index = left * side + right
            if index < self.size:
                return index


def _round_table(cipher: Cipher[ECB], number: int, side: int) -> Sequence[int]:
    blocks = b"".join(struct.pack(">QQ", number, half) for half in range(side))
    # The remainder of 64 bits by at most 2^16 is even to one part in 2^48.
    return array("I", (value % side for (value,) in struct.iter_unpack(">Q8x", cipher.encryptor().update(blocks))))


@lru_cache(maxsize=4)
def _bodies_under(key: bytes) -> Permutation:
    return Permutation(key, BODIES)


def _refused_pattern(text: str) -> str | None:
    """Why the RSU portal refuses these ten digits although they are checked, if it does."""
    first, last = text[:5], text[5:]
    if first == last:
        return "the first five digits of the IDCS equal its last five"
    if first == last[::-1]:
        return "the first five digits of the IDCS equal its last five reversed"
    if text == text[:2] * 5:
        return "the IDCS is one block of two digits five times"
    return None


# --- check digits


def verhoeff_digit(digits: str) -> str:
    """The digit that, put behind `digits`, makes a number with a right Verhoeff check digit. Raises `Invalid` unless there
    is at least one and all are ASCII digits."""
    if not _digits(digits):
        raise Invalid("a check digit is made over digits")
    return str(_INVERSE[_verhoeff_sum(digits + "0")])


def verhoeff_valid(number: str) -> bool:
    """Whether `number` is at least two ASCII digits, the last being the Verhoeff check digit over the others."""
    return len(number) >= 2 and _digits(number) and _verhoeff_sum(number) == 0


def _verhoeff_sum(number: str) -> int:
    """The product of all digits, each shuffled as often as its place from the right says; 0 where the check digit is right."""
    total = 0
    for step, digit in zip(cycle(_STEPS), reversed(number), strict=False):
        total = step[total][digit]
    return total


def _product(a: int, b: int) -> int:
    """In the symmetries of a pentagon: 0 to 4 turn it, 5 to 9 flip it and turn it."""
    turn = (a + b if a < 5 else a - b) % 5
    return turn if (a < 5) == (b < 5) else turn + 5


def _shuffles() -> Iterator[list[int]]:
    """The permutation of the digits that Verhoeff chose, applied 0 to 7 times; applied 8 times it is the identity again."""
    shuffle = list(range(10))
    for _ in range(8):
        yield shuffle
        shuffle = [(1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit] for digit in shuffle]


# By place from the right, the product so far, and the digit: the next product.
_STEPS = [
    [{str(digit): _product(total, shuffle[digit]) for digit in range(10)} for total in range(10)] for shuffle in _shuffles()
]
_INVERSE = [next(b for b in range(10) if _product(a, b) == 0) for a in range(10)]


def _digits(text: str) -> bool:
    # str.isdigit alone also takes Arabic-Indic digits and superscripts.
    return text.isascii() and text.isdigit()


# --- pairwise tokens


class TokenKind(StrEnum):
    """What a token stands for. The value is the letter it begins with."""

    PERSON = "p"
    HOUSEHOLD = "h"


def pairwise_token(kind: TokenKind, subject: UUID, agency: UUID, keys: Mapping[int, bytes]) -> str:
    """The name under which `agency` alone knows `subject`: kind letter, key version, dot, 22 characters of unpadded base64url.

    The 128 bits are the subject's UUID, one block of AES-256 under a key derived from the newest of `keys` (version, from 1 to
    999999, to 32 bytes) for this kind and agency: the same subject has unlinkable tokens at two agencies. Raises `Unavailable`
    without a key.
    """
    if not keys:
        raise Unavailable("there is no token key")
    version = max(keys)
    encryptor, _ = _token_ciphers(keys[version], kind, agency.bytes)
    block = encryptor.update(subject.bytes)
    return f"{kind}{version}.{urlsafe_b64encode(block)[:22].decode()}"


def resolve_token(text: str, agency: UUID, keys: Mapping[int, bytes]) -> tuple[TokenKind, UUID]:
    """What a token that `agency` shows stands for.

    A forged token, or one made for another agency, is not recognised here: it gives a random UUID, and is then treated as any
    unknown subject. Raises `Invalid` for ill-formed text, a second spelling of a token, or a version not in `keys`.
    """
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise Invalid("the token is ill-formed")
    kind, version = TokenKind(match[1]), int(match[2])
    if version not in keys:
        raise Invalid("the token's key version is unknown")
    _, decryptor = _token_ciphers(keys[version], kind, agency.bytes)
    return kind, UUID(bytes=decryptor.update(urlsafe_b64decode(match[3] + "==")))


# The last of the 22 characters carries two bits; only those with unused bits at zero pass, so that a token has one spelling.
_TOKEN = re.compile(r"([ph])([1-9][0-9]{0,5})\.([A-Za-z0-9_-]{21}[AQgw])")


@lru_cache(maxsize=4096)
def _token_ciphers(key: bytes, kind: TokenKind, agency: bytes) -> tuple[CipherContext, CipherContext]:
    # Kept running, since making one costs more than the block: fed whole blocks, a block cipher remembers nothing between them.
    cipher = _cipher(key, b"sijil pairwise token v1" + kind.encode() + agency)
    return cipher.encryptor(), cipher.decryptor()


def _cipher(key: bytes, purpose: bytes) -> Cipher[ECB]:
    """AES-256, block by block, under the key HKDF-SHA256 derives from `key` for `purpose`."""
    if len(key) != 32:
        raise Internal("a key of identifiers has 32 bytes")
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)
    return Cipher(AES(derived), ECB())  # noqa: S305 - only distinct single blocks: the block cipher itself, no mode is wanted
