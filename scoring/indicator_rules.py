"""Figures of the process and what of them may be told: ratios of sums, and no cell of fewer than ten. Pure.

A cell that is told shows how many there are of what is counted, of all, and by difference of the rest: each has to be ten at
least. Divisions lie in one another, and the sum over a region is told as well as its provinces: so what is left out must not
follow from the sum. Then the next smallest is left out too, until two at least hide ten at least; and of what lies within a
division that is left out nothing is told. A ratio is always one sum through another, never a mean of ratios, and a percentile
is taken over all of a cell's days, never over percentiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from core.errors import Invalid

SMALLEST = 10
LONGEST_DAYS = 5 * 366


class IndicatorName(StrEnum):
    REACHED_30_DAYS = "REACHED_30_DAYS"  # of those enrolled: in a household within 30 days
    REACHED_90_DAYS = "REACHED_90_DAYS"
    ENROLMENT_DAYS = "ENROLMENT_DAYS"  # from a request's submission to its decision
    REQUEST_DAYS = "REQUEST_DAYS"
    CASE_DAYS = "CASE_DAYS"
    FEED_DELAY_DAYS = "FEED_DELAY_DAYS"  # from what a partner reports to its receipt, by source
    MISMATCHES = "MISMATCHES"  # of the facts that a partner reported too: those that differ, by field
    OPEN_CASES = "OPEN_CASES"  # by kind
    OVERDUE_CASES = "OVERDUE_CASES"  # of those open
    APPEALS_ACCEPTED = "APPEALS_ACCEPTED"  # whole or in part, of disputes, reviews and complaints that were decided
    NOT_RESCORED = "NOT_RESCORED"  # of the households: no score for over 365 days
    COVERAGE = "COVERAGE"  # of the people who live there: members of a household


class Grouping(StrEnum):
    """What the figures are told apart by: the whole country, or a level of divisions."""

    COUNTRY = "COUNTRY"
    REGION = "REGION"
    PROVINCE = "PROVINCE"
    COMMUNE = "COMMUNE"


LEVELS = {Grouping.COUNTRY: 0, Grouping.REGION: 1, Grouping.PROVINCE: 2, Grouping.COMMUNE: 3}


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted in one division: `part` of `whole`. `key`: of which kind, source, field or milieu ("": of all).

    `whole` None: a stock, of which `part` is all there is to say. `public`: the whole is a published figure, so the rest tells
    of nobody.
    """

    division: str
    key: str
    part: int
    whole: int | None = None
    public: bool = False

    @property
    def ratio(self) -> Fraction | None:
        return Fraction(self.part, self.whole) if self.whole else None

    @property
    def rest(self) -> int | None:
        """How many of the whole are not counted, where that tells of people."""
        return None if self.whole is None or self.public else self.whole - self.part

    @property
    def small(self) -> bool:
        """Whether one of the counts that it shows is of fewer than ten."""
        return min(self.part, SMALLEST if self.rest is None else self.rest) < SMALLEST


def summed(counts: Sequence[Count], level: int) -> list[Count]:
    """One sum for each key and division of that level (0: the country), in the order of their codes."""
    sums: dict[tuple[str, str], Count] = {}
    for count in counts:
        at = (count.key, within(count.division, level))
        other = sums.get(at)
        whole = count.whole if other is None or count.whole is None else count.whole + (other.whole or 0)
        part = count.part if other is None else count.part + other.part
        sums[at] = replace(count, division=at[1], part=part, whole=whole)
    return [sums[at] for at in sorted(sums)]


def tellable(counts: Sequence[Count], level: int) -> list[tuple[Count, bool]]:
    """The sums of that level, and whether each may be told."""
    told: dict[tuple[str, str], bool] = {}
    for depth in range(level + 1):
        families: dict[tuple[str, str], list[Count]] = {}
        for count in summed(counts, depth):
            families.setdefault((count.key, within(count.division, depth - 1)), []).append(count)
        below: dict[tuple[str, str], bool] = {}
        for (key, parent), family in families.items():
            open_ = not depth or told[key, parent]
            hidden = _hidden(family, alone=not depth) if open_ else {count.division for count in family}
            below |= {(key, count.division): count.division not in hidden for count in family}
        told = below
    return [(count, told[count.key, count.division]) for count in summed(counts, level)]


def within(division: str, level: int) -> str:
    """The code of the division of that level that another one is or lies in; "": the country."""
    return ".".join(division.split(".")[: max(level, 0)])


def _hidden(family: Sequence[Count], *, alone: bool) -> set[str]:
    """The divisions, of those that a told sum is made of, that are not told."""
    hidden = {count.division for count in family if count.small}
    rest = sorted((count for count in family if count.division not in hidden), key=lambda count: (count.part, count.division))
    while not alone and hidden and rest and not _hides([count for count in family if count.division in hidden]):
        hidden.add(rest.pop(0).division)
    return hidden


def _hides(counts: Sequence[Count]) -> bool:
    """Whether the sums over these, which follow from those that are told, tell of nobody."""
    rests = [count.rest for count in counts if count.rest is not None]
    enough = sum(count.part for count in counts) >= SMALLEST and (not rests or sum(rests) >= SMALLEST)
    return len(counts) > 1 and enough


def checked_period(since: date, until: date, today: date) -> None:
    """Raises Invalid unless the period, from one day up to before another, has begun and is of at most five years."""
    if since >= until:
        raise Invalid("not after the first day", path=("until",))
    if since > today:
        raise Invalid("not begun yet", path=("since",))
    if (until - since).days > LONGEST_DAYS:
        raise Invalid("at most five years", path=("since",))
