"""What the parameters of notices must be, each by its name. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from core.errors import Invalid
from core.texts import checked_text

MAX_NAME = 200
MAX_LINK = 300
MAX_NUMBER = 24
MAX_MINUTES = 60
_CODE = re.compile(r"\d{6}|\d{10}", re.ASCII)
_NUMBER = re.compile(rf"[A-Z0-9-]{{1,{MAX_NUMBER}}}", re.ASCII)
_IDCS = re.compile(r"[2-9]\d{9}", re.ASCII)
_LINK = re.compile(r"https?://[!-~]+", re.ASCII)


def _check_code(code: str) -> None:
    if not _CODE.fullmatch(code):
        raise Invalid("not a code of six digits, or of ten")


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= MAX_MINUTES:
        raise Invalid(f"not 1 to {MAX_MINUTES} minutes")


def _check_name(name: str) -> None:
    checked_text(name, MAX_NAME)


def _check_link(link: str) -> None:
    if len(link) > MAX_LINK or not _LINK.fullmatch(link):
        raise Invalid("not a link")


def _check_number(number: str) -> None:
    if not _NUMBER.fullmatch(number):
        raise Invalid("not a number that is told")


def _check_idcs(number: str) -> None:
    if not _IDCS.fullmatch(number):
        raise Invalid("not the number of a person")


def _check_instant(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise Invalid("an instant without its zone")


CHECKS: Mapping[str, Callable[[Any], None]] = {
    "code": _check_code,
    "minutes": _check_minutes,
    "agency": _check_name,
    "centre": _check_name,
    "link": _check_link,
    "receipt": _check_number,
    "number": _check_number,
    "idcs": _check_idcs,
    "takes_effect": _check_instant,
}
