"""What fits into one text message: the alphabet of GSM 03.38 (3GPP TS 23.038), and UCS-2 where a text leaves it.

One message holds 160 septets of that alphabet (a character of its extension takes two), or 70 units of UCS-2.
"""

from unicodedata import combining, normalize

MAX_SEPTETS = 160
MAX_UNITS = 70

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")
# What people write and the alphabet has not, in the nearest that it has.
_NEAREST = {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "…": "...",
    "œ": "oe",
    "Œ": "OE",
    "\u00a0": " ",
    "\u202f": " ",
    "°": "o",
}


def septets(text: str) -> int | None:
    """How many septets the text takes; None where a character is not of the alphabet."""
    count = 0
    for character in text:
        if character in _BASIC:
            count += 1
        elif character in _EXTENSION:
            count += 2
        else:
            return None
    return count


def units(text: str) -> int:
    """How many units of UCS-2 the text takes: two for a character beyond the basic plane."""
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def fits_one(text: str) -> bool:
    """Whether one text message holds all of it."""
    count = septets(text)
    return units(text) <= MAX_UNITS if count is None else count <= MAX_SEPTETS


def in_alphabet(text: str) -> str:
    """The text in the alphabet: letters lose the marks it does not have, and what has no likeness becomes a question mark."""
    return "".join(character if septets(character) else _nearest(character) for character in text)


def _nearest(character: str) -> str:
    if character in _NEAREST:
        return _NEAREST[character]
    bare = "".join(part for part in normalize("NFKD", character) if not combining(part))
    return bare if septets(bare) else "" if combining(character) else "?"
