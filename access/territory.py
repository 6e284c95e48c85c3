"""Where something lies, by the codes of divisions alone: a code starts with those of the divisions that it lies in."""

import re

from core.errors import Invalid

_CODE = re.compile(r"(?:0[1-9]|1[0-2])(?:\.\d{3}(?:\.\d{2}\.\d{2}(?:\.\d)?)?)?", re.ASCII)


def lineage(code: str) -> frozenset[str]:
    """The code itself and those of all divisions that it lies in."""
    return frozenset((code, code[:2], code[:6], code[:12]))


# The same of a column, in a statement: an array of varchar.
LINEAGE = "array[{0}, left({0}, 2), left({0}, 6), left({0}, 12)]::varchar[]"


def division_code(text: str) -> str:
    """The text, where it is the code of a region, province, commune or centre. Raises Invalid for any other."""
    if not _CODE.fullmatch(text):
        raise Invalid("not the code of a division")
    return text
