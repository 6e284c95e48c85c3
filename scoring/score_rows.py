"""What is stored of a score: all that follows from a household's inputs and a formula, and when and why it was made. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.dates import civil_date
from core.ids import uuid7
from registry.facts import Milieu
from scoring.formula import CONSTANT, REGION, Formula
from scoring.score import Score, Why, decimal_of, score
from scoring.score_inputs import HouseholdToScore
from scoring.variables import ages_change_on, inputs_hash

COLUMNS = (
    *("household_id", "score_id", "formula_hash", "cause", "calculated_at", "effective_from", "origin"),
    *("inputs_hash", "milieu", "region", "value", "complete", "missing", "ages_change_on", "numerators", "denominators"),
    "amounts",
)
FOLLOWING = COLUMNS[COLUMNS.index("inputs_hash") :]
"""The columns that follow from the inputs and the formula alone."""


class Cause(StrEnum):
    """What set a score off."""

    REGISTRATION = "REGISTRATION"
    UPDATE = "UPDATE"
    EVENT = "EVENT"
    FEED = "FEED"
    CORRECTION = "CORRECTION"
    AGE = "AGE"
    FORMULA = "FORMULA"
    PRICES = "PRICES"


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and why scores are made: known at `at`, of what held `since` (as a rule the same instant)."""

    cause: Cause
    at: datetime
    since: datetime
    origin: UUID | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """All that follows from the inputs, as the columns of that name."""

    inputs_hash: bytes
    milieu: str
    region: int
    value: Decimal
    complete: bool
    missing: list[str]
    ages_change_on: date | None
    numerators: list[int]
    denominators: list[int]
    amounts: list[int]


def following(formula: Formula, household: HouseholdToScore, since: datetime) -> tuple[Score, Following]:
    """The score of what the household was at that instant. Raises Invalid where it cannot be scored."""
    on = civil_date(since)
    inputs = household.inputs(on)
    scored = score(formula, inputs, on)
    born = [member.birth_date for member in household.head_first]
    return scored, Following(
        inputs_hash(inputs),
        household.milieu,
        household.region,
        decimal_of(scored.value_e12),
        scored.complete,
        unsettled(scored),
        ages_change_on(formula, born, on, milieu=household.milieu),
        *arrays(formula, household.milieu, scored),
    )


def row_of(formula: Formula, household: UUID, its: Following, occasion: Occasion) -> tuple[Any, ...]:
    """A row of `score` with a fresh id, as COLUMNS."""
    made = (household, uuid7(occasion.at), formula.hash, occasion.cause, occasion.at, occasion.since, occasion.origin)
    return *made, *(getattr(its, column) for column in FOLLOWING)


def unsettled(scored: Score) -> list[str]:
    """The attributes that keep a score from being whole: those missing, then those whose weight nobody knows; each once."""
    unweighted = (fact for reason in scored.provisional if reason.why is Why.UNKNOWN_WEIGHT for fact in reason.facts)
    return list(dict.fromkeys((*scored.missing, *(fact.attribute for fact in unweighted))))


def arrays(formula: Formula, milieu: Milieu, scored: Score) -> tuple[list[int], list[int], list[int]]:
    """Numerators, denominators and amounts over constant, region and every term of the milieu; 0/0 and 0 where not known."""
    known = {part.variable: (part.numerator, part.denominator, part.amount_e12) for part in scored.contributions}
    order = (CONSTANT, REGION, *(term.variable for term in formula.terms(milieu)))
    numerators, denominators, amounts = zip(*(known.get(variable, (0, 0, 0)) for variable in order), strict=True)
    return list(numerators), list(denominators), list(amounts)
