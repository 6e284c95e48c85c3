"""Fixed-point numbers: decimal text <-> a whole number of 10^-places. Exact both ways; nothing here rounds."""

import re
from decimal import Decimal

from core.errors import Invalid

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:\.([0-9]{1,12}))?")


def scaled(text: str, places: int) -> int:
    """ "0.103" at 8 places -> 10300000. Raises Invalid for other notations, 10 or more whole digits, or too many decimals."""
    found = _DECIMAL.fullmatch(text)
    if not found:
        raise Invalid("not a decimal number")
    decimals = found.group(1) or ""
    if len(decimals) > places:
        raise Invalid(f"more than {places} decimals")
    return int(text.replace(".", "") + "0" * (places - len(decimals)))


def text_of(number: int, places: int) -> str:
    """The exact decimal text, without trailing zeros: 9329974400000 at 12 places -> "9.3299744"."""
    whole, rest = divmod(abs(number), 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0")
    return f"{'-' if number < 0 else ''}{whole}{'.' if decimals else ''}{decimals}"


def decimal_of(number: int, places: int) -> Decimal:
    """The same number as a Decimal, exact whatever the decimal context."""
    return Decimal(text_of(number, places))
