"""What countries are called, by their codes of three letters: all that somebody can be of, in the reader's language. Pure."""

from collections.abc import Mapping
from typing import Final

from babel import Locale
from babel.core import get_global

from api.portal.languages import Tongue
from identity.applications import MOROCCAN
from identity.codes import NATIONALITY

# Countries by their codes of three letters (ISO 3166-1), as those of two are named; without codes that are none any more, or
# that stand for no nationality.
_NONE: Final = frozenset(
    (
        *("BUR", "DDR", "FXX", "SUN", "TMP", "YMD", "ZAR"),
        *("ASC", "ATA", "BVT", "CPT", "DGA", "ESH", "HMD", "IOT"),
        *("QUU", "TAA", "UMI", "XAA", "XBB", "XKK", "ZZZ"),
    )
)
_COUNTRIES: Final = {
    code: names[0]
    for code, names in get_global("territory_aliases").items()
    if len(code) == len("MAR") and code.isalpha() and len(names) == 1 and names[0] in Locale("en").territories
    if code not in _NONE
}


def countries(tongue: Tongue) -> dict[str, str]:
    found = {code: str(tongue.locale.territories[two]) for code, two in _COUNTRIES.items()}
    return found | {code: labels[tongue.lang] for code, labels in NATIONALITY.labels.items()}


def nationalities(known: Mapping[str, str]) -> list[tuple[str, str]]:
    """For a choice: Morocco first, then all others by name."""
    others = sorted((pair for pair in known.items() if pair[0] != MOROCCAN), key=lambda pair: pair[1])
    return [(MOROCCAN, known[MOROCCAN]), *others]
