"""Text that people or machines send: what is never taken, whatever it stands for."""

import re

from core.errors import Invalid

MAX_TEXT = 200  # characters
LATIN_DIGITS = {zero + digit: str(digit) for zero in (0x0660, 0x06F0) for digit in range(10)}
"""For `str.translate`: the Arabic-Indic and the Persian digits."""
# Controls, marks and overrides of direction, line and paragraph separators, halves of a surrogate pair, what has no width
# (but the joiners, which some names are written with): they make a text look like another.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u200b\u2028-\u202e\u2060-\u2064\u2066-\u2069\u034f\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)

# What stands between the digits of a number that was copied from somewhere, and marks of direction around it.
_BETWEEN = re.compile(r"[\s.\-\u2010-\u2013\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+")


def checked_text(text: str, most: int = MAX_TEXT) -> str:
    """The text itself. Raises Invalid if it is blank, longer than that many characters, or holds what cannot be seen."""
    if len(text) > most:
        raise Invalid(f"longer than {most} characters")
    if _UNSEEN.search(text):
        raise Invalid("holds a control character")
    if not text.strip():
        raise Invalid("empty")
    return text


def typed_digits(typed: str) -> str:
    """A number as it was typed or copied, without what groups its digits, and these in Latin script."""
    return _BETWEEN.sub("", typed.translate(LATIN_DIGITS))
