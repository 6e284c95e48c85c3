"""Dates of which only the year, or the year and the month, may be known."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.errors import Invalid

CIVIL_ZONE = ZoneInfo("Africa/Casablanca")
_FORM = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?", re.ASCII)


def civil_date(instant: datetime) -> date:
    """The day it is in Morocco at that instant (aware)."""
    return instant.astimezone(CIVIL_ZONE).date()


class Precision(StrEnum):
    YEAR = "YEAR"
    MONTH = "MONTH"
    DAY = "DAY"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A civil date known to the year, the month or the day. Text form: "1959", "1959-07" or "1959-07-14"."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    @lru_cache(maxsize=65_536)  # the days of a life are few: in a file of many people each recurs
    def parse(cls, text: str) -> "PartialDate":
        """Raises Invalid for anything but the three forms, an impossible date, or a year outside 1850-2200."""
        if not _FORM.fullmatch(text):
            raise Invalid("not a date: expected YYYY, YYYY-MM or YYYY-MM-DD")
        year = int(text[:4])
        month = int(text[5:7]) if len(text) > 4 else None
        day = int(text[8:]) if len(text) > 7 else None
        if not 1850 <= year <= 2200:
            raise Invalid("not a date: the year is out of range")
        if month is not None and not 1 <= month <= 12:
            raise Invalid("not a date: there is no such month")
        if month is not None and day is not None and not 1 <= day <= monthrange(year, month)[1]:
            raise Invalid("not a date: the month has no such day")
        return cls(year, month, day)

    @property
    def precision(self) -> Precision:
        if self.month is None:
            return Precision.YEAR
        return Precision.MONTH if self.day is None else Precision.DAY

    def for_ages(self) -> date:
        """The day from which ages count: July for a missing month, the 1st for a missing day."""
        return date(self.year, 7 if self.month is None else self.month, 1 if self.day is None else self.day)

    def age_on(self, day: date) -> int:
        """Completed years on that day; negative before birth."""
        born = self.for_ages()
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def __str__(self) -> str:
        parts = f"{self.year:04d}"
        if self.month is not None:
            parts += f"-{self.month:02d}"
        if self.day is not None:
            parts += f"-{self.day:02d}"
        return parts
