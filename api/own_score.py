"""GraphQL of the scores of one's own household: what each is made of, and what made it another one."""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from access.catalogue import CATALOGUE, Lang
from api.context import opened
from api.guard import bound, described
from api.scalars import DateTime, Decimal
from api.scoring import Contribution, FormulaRef, Programme, label_of
from registry.facts import Kinship, Source
from scoring import own_score as doors
from scoring.own_score import FactChangeView


def _fact_label(root: strawberry.Parent[Any], lang: Lang = Lang.EN) -> str | None:
    return CATALOGUE[cast("FactChangeView", root).attribute].labels[lang]


@described
@strawberry.type(description="What a family of variables adds to the score.")
class ScoreFamily:
    name: str | None = bound("score.contributions")
    amount: Decimal | None = bound("score.contributions")

    label = bound("score.contributions", resolver=label_of)


@described
@strawberry.type(description="A variable that is another one than in the score before, and what that makes of the difference.")
class ScoreDifference:
    name: str | None = bound("score.contributions")
    was: Decimal | None = bound("score.contributions")
    becomes: Decimal | None = bound("score.contributions")
    amount: Decimal | None = bound("score.contributions")

    label = bound("score.contributions", resolver=label_of)


@described
@strawberry.type(description="A fact that is another one: who said so, from when on it holds, and of which member it is.")
class FactChange:
    attribute: str | None = bound("household.facts")
    kinship: Kinship | None = bound("household.facts")
    was: str | None = bound("household.facts")
    becomes: str | None = bound("household.facts")
    source: Source | None = bound("household.facts")
    valid_from: DateTime | None = bound("household.facts")

    label = bound("household.facts", resolver=_fact_label)


@described
@strawberry.type(description="What made the score another one than the one before: the parts sum exactly to the difference.")
class ScoreChange:
    since: DateTime | None = bound("score.value")
    difference: Decimal | None = bound("score.value")
    parts: list[ScoreDifference] | None = bound("score.contributions")
    facts: list[FactChange] | None = bound("household.facts")


@described
@strawberry.type(
    description="Where a programme's threshold is. `distance`: the score less the threshold. `near`: little moves it across."
)
class ProgrammeStanding:
    programme: Programme | None = bound("eligibility.result")
    eligible: bool | None = bound("eligibility.result")
    distance: Decimal | None = bound("eligibility.distance")
    near: bool | None = bound("eligibility.distance")


@described
@strawberry.type(
    description="Your household's newest score under one formula. Lower is poorer; not complete: it decides nothing."
)
class OwnScore:
    formula: FormulaRef | None = bound("score.value")
    value: Decimal | None = bound("score.value")
    complete: bool | None = bound("score.value")
    missing: list[str] | None = bound("score.value")
    cause: str | None = bound("score.value")
    calculated_at: DateTime | None = bound("score.value")
    effective_from: DateTime | None = bound("score.value")
    families: list[ScoreFamily] | None = bound("score.contributions")
    contributions: list[Contribution] | None = bound("score.contributions")
    programmes: list[ProgrammeStanding] | None = bound("eligibility.result")
    change: ScoreChange | None = bound("score.value")


async def own_scores(info: Info[Any, Any]) -> list[OwnScore] | None:
    reading, call, _ = opened(info)
    return cast("list[OwnScore]", await doors.own_scores(reading, call))
