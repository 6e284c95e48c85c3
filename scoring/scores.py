"""Telling a household's score, what it is made of, and which programmes it opens, as far as that is granted."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from access.call import Call, Scope, allow
from access.disclosure import Disclosure, Withheld
from access.reading import Reading
from core.database import Row
from core.dates import civil_date
from core.errors import Internal, Invalid
from core.fixed import decimal_of
from registry.facts import Milieu
from registry.households import Opened
from registry.programmes import SCORE_PLACES, Programme, eligible_under
from scoring import store
from scoring.formula import CONSTANT, REGION, WEIGHT_PLACES, Formula

INCOMPLETE = "SCORE_INCOMPLETE"
NO_SCORE = "NO_SCORE"
AT_OR_UNDER = "AT_OR_UNDER_THRESHOLD"
OVER = "OVER_THRESHOLD"


@dataclass(frozen=True, slots=True)
class FormulaRef:
    code: str
    version: int
    hash: str


@dataclass(frozen=True, slots=True)
class RuleRef:
    """The rule that decided: the hash of the programme's document."""

    hash: str


@dataclass(slots=True)
class ContributionView:
    variable: str
    labels: dict[Any, str]
    value: Decimal
    numerator: int
    denominator: int
    weight: Decimal | None
    amount: Decimal


@dataclass(slots=True)
class ScoreView:
    value: Decimal | Withheld
    formula: FormulaRef | Withheld
    calculated_at: datetime | Withheld
    cause: str | Withheld
    complete: bool | Withheld
    missing: list[str] | Withheld
    contributions: list[ContributionView] | Withheld | None = None


@dataclass(slots=True)
class EligibilityView:
    """`eligible` None: it cannot be said, and `reason` says why."""

    programme: Programme
    eligible: bool | Withheld | None
    reason: str | Withheld | None
    distance: Decimal | Withheld | None
    rule: RuleRef | Withheld | None
    as_of: datetime
    reference: str | None = None
    refused: Any = None
    receipt: str | None = None


@allow(Scope.HOUSEHOLD_READ)
async def tell_scores(
    reading: Reading,
    call: Call,
    opened: Opened,
    *,
    instants: Collection[datetime | None],
    programmes: Collection[str],
    wanted: Collection[str],
) -> None:
    """Puts the scores at these instants (None: now) and the eligibilities for these programmes into the opened view.

    To be called within the snapshot in which the household was opened.
    """
    for instant in instants:
        as_of = call.now if instant is None else min(instant, call.now)
        row = (await store.newest_scores(reading, [opened.household_id], as_of)).get(opened.household_id)
        opened.view.scores[instant] = None if row is None else await _tell_score(reading, opened.disclosure, row, wanted)
    if programmes:
        row = (await store.newest_scores(reading, [opened.household_id], call.now)).get(opened.household_id)
        known = await programmes_by_code(reading, civil_date(call.now))
        for code in programmes:
            if code not in known:
                raise Invalid("no such programme", path=("programme",))
            opened.view.eligibilities[code] = tell_eligibility(opened.disclosure, *known[code], row, call.now, wanted)


async def programmes_by_code(reading: Reading, on: date) -> dict[str, tuple[Programme, bytes]]:
    return {programme.code: (programme, hash_) for programme, hash_ in await store.programmes(reading, on)}


def tell_eligibility(
    disclosure: Disclosure, programme: Programme, rule: bytes, row: Row | None, now: datetime, wanted: Collection[str]
) -> EligibilityView:
    """What is granted of one household's eligibility; `row` is its newest score, if it has one."""
    eligible, reason = judge(programme, row)
    told = disclosure.reveal("eligibility.result", lambda _: {"programme": programme.code, "eligible": eligible})
    withheld = told if isinstance(told, Withheld) else None
    distance: Decimal | Withheld | None = None
    if "eligibility.distance" in wanted and row is not None and programme.threshold is not None and row["complete"]:
        gap = row["value"] - programme.threshold
        text = disclosure.reveal("eligibility.distance", lambda _: plain_decimal(gap))
        distance = text if isinstance(text, Withheld) else gap
    return EligibilityView(
        programme=programme,
        eligible=withheld or eligible,
        reason=withheld or reason,
        distance=distance,
        rule=withheld or RuleRef(rule.hex()),
        as_of=now,
    )


def judge(programme: Programme, row: Row | None) -> tuple[bool | None, str]:
    """Whether a household with this newest score is eligible, and the reason in one word."""
    if row is None:
        return None, NO_SCORE
    eligible = eligible_under(programme, _e12(row["value"]), row["complete"])
    if eligible is None:
        return None, INCOMPLETE
    return eligible, AT_OR_UNDER if eligible else OVER


async def _tell_score(reading: Reading, disclosure: Disclosure, row: Row, wanted: Collection[str]) -> ScoreView:
    formula = await store.formula(reading, row["formula_hash"])
    if "score.value" in wanted:
        value = disclosure.reveal("score.value", lambda _: plain_decimal(row["value"]))
    else:
        value = Withheld("score.value")
    withheld = value if isinstance(value, Withheld) else None
    view = ScoreView(
        value=withheld or row["value"],
        formula=withheld or FormulaRef(formula.code, formula.version, formula.hash.hex()),
        calculated_at=withheld or row["calculated_at"],
        cause=withheld or row["cause"],
        complete=row["complete"] if withheld is None else withheld,
        missing=row["missing"] if withheld is None else withheld,
    )
    if "score.contributions" in wanted:
        contributions = list(contribution_views(formula, row))
        told = disclosure.reveal(
            "score.contributions", lambda _: [[c.variable, plain_decimal(c.amount)] for c in contributions]
        )
        view.contributions = told if isinstance(told, Withheld) else contributions
    return view


def contribution_views(formula: Formula, row: Row) -> Iterable[ContributionView]:
    """A stored score taken apart again; the parts sum to it exactly, or it is not told."""
    milieu = formula.milieux[Milieu(row["milieu"])]
    weights: Sequence[tuple[str, int | None]] = [
        (CONSTANT, milieu.constant_e8),
        (REGION, milieu.regions_e8[row["region"]]),
        *((term.variable, term.weight_e8) for term in milieu.terms),
    ]
    if sum(row["amounts"]) != _e12(row["value"]) or len(weights) != len(row["amounts"]):
        raise Internal("a stored score is not the sum of its parts")
    for (variable, weight), numerator, denominator, amount in zip(
        weights, row["numerators"], row["denominators"], row["amounts"], strict=True
    ):
        if denominator == 0:  # the value was not known when the score was made
            continue
        yield ContributionView(
            variable=variable,
            labels=formula.labels(variable),
            value=Decimal(numerator) / Decimal(denominator),
            numerator=numerator,
            denominator=denominator,
            weight=None if weight is None else decimal_of(weight, WEIGHT_PLACES),
            amount=decimal_of(amount, SCORE_PLACES),
        )


def plain_decimal(value: Decimal) -> str:
    """The exact text without an exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _e12(value: Decimal) -> int:
    return int(value.scaleb(SCORE_PLACES))
