"""Telling a household's score, what it is made of, and which programmes it opens, as far as that is granted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from access.call import Call, allow
from access.disclosure import Disclosure, Withheld
from access.reading import Reading, Refusal
from access.rights import Scope
from core import paging
from core.database import Row
from core.dates import civil_date
from core.errors import Forbidden, Invalid
from core.fixed import decimal_of
from registry.households import Opened
from registry.programmes import SCORE_PLACES, Programme, eligible_under
from scoring import store
from scoring.explanation import Stored
from scoring.formula import WEIGHT_PLACES, Formula

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


_VALUE, _CONTRIBUTIONS = Withheld("score.value"), Withheld("score.contributions")


@dataclass(slots=True)
class ScoreView:
    """A score as told to one asker: each member is withheld until it is found granted."""

    value: Decimal | Withheld = _VALUE
    formula: FormulaRef | Withheld = _VALUE
    calculated_at: datetime | Withheld = _VALUE
    cause: str | Withheld = _VALUE
    complete: bool | Withheld = _VALUE
    missing: list[str] | Withheld = _VALUE
    contributions: list[ContributionView] | Withheld = _CONTRIBUTIONS


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
    refused: Refusal | None = None
    receipt: str | None = None


@allow(Scope.HOUSEHOLD_READ)
async def tell_scores(
    reading: Reading,
    call: Call,
    opened: Opened,
    *,
    instants: Collection[datetime | None],
    windows: Collection[tuple[int | None, str | None]],
    programmes: Collection[str],
    wanted: Collection[str],
) -> None:
    """Puts the scores at these instants (None: now), the pages of the history of scores from these cursors on (first, after),
    and the eligibilities for these programmes into the opened view.

    To be called within the snapshot in which the household was opened.
    """
    for instant in instants:
        as_of = call.now if instant is None else min(instant, call.now)
        row = (await store.newest_scores(reading, [opened.household_id], as_of)).get(opened.household_id)
        opened.view.scores[instant] = await _tell_score(reading, opened.disclosure, row, wanted)
    for window in windows:
        opened.view.score_pages[window] = await _tell_page(reading, call, opened, window, wanted)
    if programmes:
        if Scope.ELIGIBILITY_READ not in call.actor.scopes:
            raise Forbidden(f"this needs the right {Scope.ELIGIBILITY_READ}")
        row = (await store.newest_scores(reading, [opened.household_id], call.now)).get(opened.household_id)
        known = await programmes_by_code(reading, civil_date(call.now))
        for code in programmes:
            if code not in known:
                raise Invalid("no such programme", path=("programme",))
            opened.view.eligibilities[code] = tell_eligibility(opened.disclosure, *known[code], row, call.now, wanted)


async def _tell_page(
    reading: Reading, call: Call, opened: Opened, window: tuple[int | None, str | None], wanted: Collection[str]
) -> paging.Page[ScoreView | None] | Withheld:
    if not opened.disclosure.may_reveal("score.value"):
        return _VALUE  # not even how many there are
    first, after = paging.size(window[0]), window[1]
    cursors = paging.Cursors(reading.keys.commitment, f"scores {opened.standing.agency} {opened.household_id}")
    before = None
    if after is not None:
        at, score_id = cursors.read(after)
        before = datetime.fromisoformat(at), UUID(score_id)
    rows = await store.scores_before(reading, opened.household_id, call.now, before, first + 1)
    shown = paging.page(rows, first, cursors, lambda row: (row["calculated_at"].isoformat(), str(row["score_id"])))
    edges = [paging.Edge(await _tell_score(reading, opened.disclosure, edge.node, wanted), edge.cursor) for edge in shown.edges]
    return paging.Page(edges, shown.page_info)


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
    if not disclosure.may_reveal("eligibility.distance"):
        distance = Withheld("eligibility.distance")  # whether there is one is not told either
    elif "eligibility.distance" in wanted and row is not None and programme.threshold is not None and row["complete"]:
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
    """Whether a household with this newest score is eligible, and the reason in one word.

    A score by another formula than the programme's is none: thresholds of one formula mean nothing under another.
    """
    if row is None or row["formula_code"] != programme.formula:
        return None, NO_SCORE
    eligible = eligible_under(programme, _e12(row["value"]), row["complete"])
    if eligible is None:
        return None, INCOMPLETE
    return eligible, AT_OR_UNDER if eligible else OVER


async def _tell_score(reading: Reading, disclosure: Disclosure, row: Row | None, wanted: Collection[str]) -> ScoreView | None:
    if not disclosure.may_reveal("score.value") and not disclosure.may_reveal("score.contributions"):
        return ScoreView()  # whether there is a score is not told either
    if row is None:
        return None
    view = ScoreView()
    formula = await store.formula(reading, row["formula_hash"])
    if "score.value" in wanted:
        value = disclosure.reveal("score.value", lambda _: plain_decimal(row["value"]))
        if not isinstance(value, Withheld):
            view.value = row["value"]
            view.formula = FormulaRef(formula.code, formula.version, formula.hash.hex())
            view.calculated_at, view.cause = row["calculated_at"], row["cause"]
            view.complete, view.missing = row["complete"], row["missing"]
    if "score.contributions" in wanted:
        contributions = list(contribution_views(formula, row))
        told = disclosure.reveal(
            "score.contributions", lambda _: [[c.variable, plain_decimal(c.amount)] for c in contributions]
        )
        view.contributions = told if isinstance(told, Withheld) else contributions
    return view


def contribution_views(formula: Formula, row: Row) -> Iterable[ContributionView]:
    """A stored score taken apart again; the parts sum to it exactly, or it is not told."""
    for part in Stored.of(formula, row).parts:
        numerator, denominator = part.value
        yield ContributionView(
            variable=part.variable,
            labels=formula.labels(part.variable),
            value=Decimal(numerator) / Decimal(denominator),
            numerator=numerator,
            denominator=denominator,
            weight=None if part.weight_e8 is None else decimal_of(part.weight_e8, WEIGHT_PLACES),
            amount=decimal_of(part.amount_e12, SCORE_PLACES),
        )


def plain_decimal(value: Decimal) -> str:
    """The exact text without an exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _e12(value: Decimal) -> int:
    return int(value.scaleb(SCORE_PLACES))
