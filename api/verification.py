"""GraphQL of verification: are these claims true?"""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from access.agreements import Level
from access.call import Purpose
from api.access import SubjectInput, named
from api.context import opened, plain
from api.identity import consent_id
from api.scalars import DateTime
from api.scoring import Refusal
from core.dates import Precision
from core.errors import Invalid
from verification import questions, service
from verification.matching import Operator, Verdict

strawberry.enum(Verdict, name="Verdict")
strawberry.enum(Operator, name="Operator")
strawberry.enum(Precision, name="DatePrecision")


@strawberry.input(description="A value declared of one attribute, by its full catalogue name.")
class ClaimInput:
    attribute: str
    value: str


@strawberry.input(description="A condition on one attribute.")
class PredicateInput:
    attribute: str
    operator: Operator
    value: str


@strawberry.input(description="One row: a subject, and what is claimed of it. At least one claim must identify.")
class VerificationRequest:
    reference: str | None = None
    subject: SubjectInput
    claims: list[ClaimInput] | None = None
    predicates: list[PredicateInput] | None = None
    consent: strawberry.ID | None = None


@strawberry.type(description="How one claim or predicate compared; WITHHELD where the agreement does not tell it.")
class ClaimVerdict:
    attribute: str
    verdict: Verdict
    level: Level | None
    precision: Precision | None = strawberry.field(description="Of a date that matched: how precisely it was compared.")


@strawberry.type(description="The answer to one row. `claims` is null where the agreement tells no verdicts of single claims.")
class Verification:
    reference: str | None
    confirmed: bool
    claims: list[ClaimVerdict] | None
    token: str | None = strawberry.field(description="Your own token of the person, once confirmed.")
    refused: Refusal | None
    as_of: DateTime
    receipt: str = strawberry.field(description="This answer, signed, to be shown alone.")


@strawberry.type(description="The answers in the order of the requests, and one signature over all of them.")
class VerificationBatch:
    answers: list[Verification]
    receipt: str


async def verify(
    info: Info[Any, Any],
    requests: list[VerificationRequest],
    purpose: Purpose,
) -> VerificationBatch:
    reading, call, issuer = opened(info, purpose)
    if len(requests) > questions.MAX_QUESTIONS:
        raise Invalid(f"1 to {questions.MAX_QUESTIONS} requests at a time", path=("requests",))
    batch = [
        questions.Asked(
            reference=row.get("reference"),
            **named(row["subject"]),
            claims=[(claim["attribute"], claim["value"]) for claim in row.get("claims") or ()],
            predicates=[(p["attribute"], p["operator"], p["value"]) for p in row.get("predicates") or ()],
            consent=consent_id(row.get("consent"), "requests", number),
        )
        for number, row in enumerate(plain(requests))
    ]
    answer = await service.verify(reading, call, purpose=purpose, batch=batch, issuer=issuer)
    return cast("VerificationBatch", answer)
