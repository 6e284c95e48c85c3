"""The numbers that stand for somebody in the place of the IDCS: sixteen digits, drawn at random. Pure.

A virtual number is derived from nothing, so nothing is to be found out of it. It is longer than an IDCS: neither is ever taken
for the other. Messages and `repr` never show one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from core.errors import Invalid
from identity.numbers import verhoeff_digit, verhoeff_valid

DIGITS = 16
_FIRST = 10 ** (DIGITS - 2)  # the smallest body: its first digit is 1 to 9
_BODIES = 9 * _FIRST


@dataclass(frozen=True, slots=True, repr=False)
class VirtualNumber:
    """A well-formed one: sixteen ASCII digits, the first 1 to 9, the last a Verhoeff check digit. No other text makes one:
    anything else raises Invalid."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) != DIGITS or not (self.text.isascii() and self.text.isdigit()):
            raise Invalid("a virtual number is sixteen digits")
        if self.text[0] == "0":
            raise Invalid("a virtual number starts with a digit from 1 to 9")
        if not verhoeff_valid(self.text):
            raise Invalid("the check digit of the virtual number is wrong")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number that `text` spells, without blanks or separators. Raises Invalid, each rule with a message of its own."""
        return cls(text)

    @classmethod
    def drawn(cls, source: Callable[[int], bytes]) -> Self:
        """All bodies are as likely as each other: `source` gives random bytes, 128 bits for each (even to one part in 2^78)."""
        body = str(_FIRST + int.from_bytes(source(16), "big") % _BODIES)
        return cls(body + verhoeff_digit(body))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "VirtualNumber(hidden)"
