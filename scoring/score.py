"""The score of one household: an exact sum of contributions, or a value that says it is not whole.

Everything is a whole number: weights of 10^-8, amounts and the score of 10^-12. An amount is weight x numerator /
denominator, rounded once, half away from zero; the score is the exact sum of the amounts, compared and stored unrounded.
A score is whole (`complete`) only if every fact that the formula reads is known and every weight that counts is too.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from core.fixed import decimal_of as fixed_decimal
from core.fixed import text_of
from scoring.formula import CONSTANT, REGION, SCORE_PLACES, WEIGHT_PLACES, Formula
from scoring.variables import MILIEU, RESIDENCE, FactRef, HouseholdInputs, Missing, evaluators

_SHIFT: int = 10 ** (SCORE_PLACES - WEIGHT_PLACES)


class Contribution(NamedTuple):
    """What one variable (or "constant", "region") adds. `weight_e8` None: nobody knows the weight, and nothing is added."""

    variable: str
    numerator: int
    denominator: int
    weight_e8: int | None
    amount_e12: int
    sources: tuple[FactRef, ...]


class Why(StrEnum):
    MISSING_FACT = "MISSING_FACT"
    UNKNOWN_WEIGHT = "UNKNOWN_WEIGHT"


class Provisional(NamedTuple):
    """Why a score is not whole: the variable, and the facts that are missing or whose weight is not known."""

    why: Why
    variable: str
    facts: tuple[FactRef, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """`value_e12` is the sum of `contributions`; unless `complete`, it decides nothing and `provisional` says why.

    `missing`: the attributes to be known first, each once. A variable that lacks one has no contribution.
    """

    value_e12: int
    complete: bool
    missing: tuple[str, ...]
    contributions: tuple[Contribution, ...]
    provisional: tuple[Provisional, ...]

    @property
    def text(self) -> str:
        """The exact value, without trailing zeros."""
        return text_of(self.value_e12, SCORE_PLACES)


def score(formula: Formula, inputs: HouseholdInputs, on: date) -> Score:
    """The score under that formula, with the prices of that civil date."""
    milieu = formula.milieux[inputs.milieu]
    region = milieu.regions_e8[inputs.region]
    contributions = [
        Contribution(CONSTANT, 1, 1, milieu.constant_e8, milieu.constant_e8 * _SHIFT, MILIEU),
        Contribution(REGION, 1, 1, region, region * _SHIFT, RESIDENCE),
    ]
    total = (milieu.constant_e8 + region) * _SHIFT
    provisional: list[Provisional] = []
    for term, (variable, evaluator) in zip(milieu.terms, evaluators(formula, inputs.milieu), strict=True):
        value = evaluator(inputs, on)
        if isinstance(value, Missing):
            provisional.append(Provisional(Why.MISSING_FACT, variable, value.facts))
            continue
        numerator, denominator, sources = value
        weight = term.weight_e8
        amount = 0 if weight is None else amount_e12(weight, numerator, denominator)
        if weight is None and numerator:
            provisional.append(Provisional(Why.UNKNOWN_WEIGHT, variable, sources))
        total += amount
        contributions.append(Contribution(variable, numerator, denominator, weight, amount, sources))
    return Score(
        value_e12=total,
        complete=not provisional,
        missing=tuple(
            dict.fromkeys(fact.attribute for reason in provisional if reason.why is Why.MISSING_FACT for fact in reason.facts)
        ),
        contributions=tuple(contributions),
        provisional=tuple(provisional),
    )


def amount_e12(weight_e8: int, numerator: int, denominator: int) -> int:
    """weight x numerator / denominator in 10^-12, rounded half away from zero (denominator > 0)."""
    product = weight_e8 * numerator * _SHIFT
    if denominator == 1:
        return product
    size = (2 * abs(product) + denominator) // (2 * denominator)
    return size if product >= 0 else -size


def decimal_of(value_e12: int) -> Decimal:
    """The same value as an exact Decimal."""
    return fixed_decimal(value_e12, SCORE_PLACES)
