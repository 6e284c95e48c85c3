"""GraphQL of scoring: scores, what they are made of, programmes, and who is eligible."""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from access.call import Purpose
from access.catalogue import Lang
from api.access import SubjectInput, named
from api.context import opened, plain
from api.guard import bound, described, echo
from api.identity import consent_id
from api.paging import PageInfo
from api.scalars import Date, DateTime, Decimal
from registry.programmes import Programme as ProgrammeRow
from scoring import eligibility as doors


@strawberry.type(description="A version of a formula, known by the hash of its document.")
class FormulaRef:
    code: str
    version: int
    hash: str


@strawberry.type(description="The rule that decided, known by the hash of its document.")
class RuleRef:
    hash: str


def _programme_label(root: strawberry.Parent[Any], lang: Lang = Lang.EN) -> str:
    return cast("ProgrammeRow", root).labels[lang]


def label_of(root: strawberry.Parent[Any], lang: Lang = Lang.EN) -> str | None:
    """The words of whatever has `labels`."""
    return cast("str | None", root.labels[lang])


@strawberry.type(description="A social programme and its threshold: eligible at or under it.")
class Programme:
    code: str
    formula: str
    threshold: Decimal | None
    since: Date | None
    until: Date | None

    label = strawberry.field(resolver=_programme_label)


@described
@strawberry.type(description="What one variable adds to the score; all of them sum exactly to it.")
class Contribution:
    variable: str | None = bound("score.contributions")
    value: Decimal | None = bound("score.contributions")
    weight: Decimal | None = bound("score.contributions")
    amount: Decimal | None = bound("score.contributions")

    label = bound("score.contributions", resolver=label_of)


@described
@strawberry.type(
    description="A household's socio-economic index: lower is poorer. Not complete: `value` is provisional, it decides nothing."
)
class Score:
    value: Decimal | None = bound("score.value")
    formula: FormulaRef | None = bound("score.value")
    calculated_at: DateTime | None = bound("score.value")
    cause: str | None = bound("score.value")
    complete: bool | None = bound("score.value")
    missing: list[str] | None = bound("score.value")
    contributions: list[Contribution] | None = bound("score.contributions")


@described
@strawberry.type(description="One score in a list, and the cursor that leads on from it.")
class ScoreEdge:
    node: Score | None
    cursor: str | None = echo()


@described
@strawberry.type(description="A page of scores.")
class ScoreConnection:
    edges: list[ScoreEdge] | None
    page_info: PageInfo | None = echo()


@strawberry.type(description="Why a row was not answered, and when to come back.")
class Refusal:
    code: str
    retry_at: DateTime | None


@described
@strawberry.type(description="Whether a household is eligible. `eligible` is null where it cannot be said; `reason` says why.")
class Eligibility:
    reference: str | None = echo()
    programme: Programme | None = echo()
    eligible: bool | None = bound("eligibility.result")
    reason: str | None = bound("eligibility.result")
    distance: Decimal | None = bound("eligibility.distance")
    rule: RuleRef | None = bound("eligibility.result")
    as_of: DateTime | None = echo()
    refused: Refusal | None = echo()
    receipt: str | None = echo()


@strawberry.type(description="The answers in the order of the requests, and one signature over all of them.")
class EligibilityBatch:
    answers: list[Eligibility]
    receipt: str


@strawberry.input(description="One question: is the household of this person eligible for this programme?")
class EligibilityRequest:
    reference: str | None = None
    subject: SubjectInput
    programme: str
    consent: strawberry.ID | None = None


async def programmes(info: Info[Any, Any], on: Date | None = None) -> list[Programme]:
    reading, call, _ = opened(info)
    return cast("list[Programme]", await doors.programmes(reading, call, on=on))


async def eligibility(
    info: Info[Any, Any],
    requests: list[EligibilityRequest],
    purpose: Purpose,
) -> EligibilityBatch:
    reading, call, issuer = opened(info, purpose)
    asked = [
        doors.Question(
            row.get("reference"),
            **named(row["subject"]),
            programme=row["programme"],
            consent=consent_id(row.get("consent"), "requests", number),
        )
        for number, row in enumerate(plain(requests))
    ]
    return cast("EligibilityBatch", await doors.eligibility(reading, call, purpose=purpose, questions=asked, issuer=issuer))
