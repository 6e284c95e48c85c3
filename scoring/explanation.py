"""Why a stored score is what it is, and what made it another one: exact sums over its parts, no I/O.

Everything adds up: the amounts of a score to the score, those of its families too, and the differences between two scores to
the difference of their values, also where the formula, the milieu or who belongs to the household is another one.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from core.errors import Internal
from registry.facts import Milieu
from registry.programmes import SCORE_PLACES
from scoring.formula import CONSTANT, REGION, Formula

NEAR_E12: int = 5 * 10 ** (SCORE_PLACES - 2)
"""How near to a threshold a score is told to be near it: 0.05, some five percent of what a head of the household consumes."""

Value = tuple[int, int]
"""Numerator and denominator."""


class Part(NamedTuple):
    """What one variable adds, and its value as a fraction. `weight_e8` None: nobody knows the weight."""

    variable: str
    value: Value
    weight_e8: int | None
    amount_e12: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored score, taken apart."""

    formula: Formula
    value_e12: int
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, formula: Formula, row: Any) -> "Stored":
        """From a row of `score`. Raises Internal where it is not the sum of its parts."""
        milieu = formula.milieux[Milieu(row["milieu"])]
        weights: list[tuple[str, int | None]] = [
            (CONSTANT, milieu.constant_e8),
            (REGION, milieu.regions_e8[row["region"]]),
            *((term.variable, term.weight_e8) for term in milieu.terms),
        ]
        value, amounts = int(row["value"].scaleb(SCORE_PLACES)), row["amounts"]
        if sum(amounts) != value or len(weights) != len(amounts):
            raise Internal("a stored score is not the sum of its parts")
        parts = zip(weights, row["numerators"], row["denominators"], amounts, strict=True)
        # What was not known when the score was made has no denominator.
        known = (Part(name, (above, below), weight, amount) for (name, weight), above, below, amount in parts if below)
        return cls(formula, value, tuple(known))


@dataclass(frozen=True, slots=True)
class Difference:
    """One variable of two scores: its value in each (None: it had none there), and how much of the difference it makes."""

    variable: str
    was: Value | None
    becomes: Value | None
    amount_e12: int


def by_family(score: Stored) -> list[tuple[str, int]]:
    """What each family of variables adds, in the order of the formula; all of them sum to the score."""
    sums: dict[str, int] = {}
    for part in score.parts:
        family = score.formula.family(part.variable)
        sums[family] = sums.get(family, 0) + part.amount_e12
    return list(sums.items())


def differences(before: Stored, after: Stored) -> list[Difference]:
    """What makes one score another one, the most first; all of them sum to the difference of the values."""
    was = {part.variable: part for part in before.parts}
    becomes = {part.variable: part for part in after.parts}
    found = []
    for variable in dict.fromkeys((*becomes, *was)):
        old, new = was.get(variable), becomes.get(variable)
        amount = (new.amount_e12 if new else 0) - (old.amount_e12 if old else 0)
        values = old.value if old else None, new.value if new else None
        if amount or not _same(*values):
            found.append(Difference(variable, *values, amount))
    return sorted(found, key=lambda each: (-abs(each.amount_e12), each.variable))


def is_near(score_e12: int, threshold_e12: int) -> bool:
    """Whether little would move it across the threshold."""
    return abs(score_e12 - threshold_e12) <= NEAR_E12


def _same(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one[0] * other[1] == other[0] * one[1])
