"""GraphQL of where people are enrolled and since when, and of what a biometric matcher reports of applicants."""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from api.changing import Changing, Outcome, UserError, change
from api.context import opened, plain
from api.identity import Division
from api.scalars import Date, DateTime
from core.dates import civil_date
from core.errors import Invalid
from identity import biometrics
from identity import openings as opening
from identity.openings import OpeningView


@strawberry.type(description="Since and until when people of a division are enrolled. `closesOn`: the first day it is closed.")
class Opening:
    division: Division
    opens_on: Date
    closes_on: Date | None
    decided_at: DateTime
    open: bool = strawberry.field(description="Today.")


# --- inputs and payloads


@strawberry.input
class OpenEnrolmentInput:
    division: str
    on: Date | None = strawberry.field(default=None, description="Today, if it is not said.")
    request_key: str | None = None


@strawberry.type(description="What is said of that division now, or what is to be mended.")
class OpeningPayload:
    opening: Opening | None
    user_errors: list[UserError]


@strawberry.input(one_of=True, description="Whom a hit is of: exactly one of these.")
class CandidateInput:
    idcs: str | None = strawberry.UNSET
    token: str | None = strawberry.field(default=strawberry.UNSET, description="The agency's own, of a person.")


@strawberry.input(description="An applicant may be somebody who is on record.")
class ReportBiometricHitInput:
    receipt: str
    candidate: CandidateInput
    score: str = strawberry.field(description="From 0 to 1, in at most four decimal places.")
    request_key: str | None = None


@strawberry.type(description="The report was taken; somebody will decide.")
class ReportBiometricHitPayload:
    case: strawberry.ID | None
    user_errors: list[UserError]


# --- reading and saying it


async def openings(info: Info[Any, Any]) -> list[Opening]:
    reading, call, _ = opened(info)
    return [_opening(view) for view in await opening.openings(reading, call)]


async def open_enrolment(info: Info[Any, Any], input: OpenEnrolmentInput) -> OpeningPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        on = given.get("on") or civil_date(at.call.now)
        await opening.open_enrolment(at.connection, at.call, division=given["division"], on=on)
        return {"division": given["division"]}

    return await _said(info, *await change(info, input, work))


async def close_enrolment(info: Info[Any, Any], input: OpenEnrolmentInput) -> OpeningPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        on = given.get("on") or civil_date(at.call.now)
        await opening.close_enrolment(at.connection, at.call, division=given["division"], on=on)
        return {"division": given["division"]}

    return await _said(info, *await change(info, input, work))


async def report_biometric_hit(
    info: Info[Any, Any],
    input: ReportBiometricHitInput,  # noqa: A002 as above
) -> ReportBiometricHitPayload:
    given = plain(input)
    candidate = given["candidate"]

    async def work(at: Changing) -> Outcome:
        try:
            case = await biometrics.report_hit(
                at.connection,
                at.call,
                at.reading,
                receipt=given["receipt"],
                idcs=candidate.get("idcs"),
                token=candidate.get("token"),
                score=given["score"],
            )
        except Invalid as fault:
            raise (fault.under("candidate") if fault.path[:1] in (("idcs",), ("token",)) else fault) from None
        return {"case": str(case)}

    done, errors = await change(info, input, work)
    return ReportBiometricHitPayload(case=None if done is None else strawberry.ID(done["case"]), user_errors=errors)


async def _said(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> OpeningPayload:
    if done is None:
        return OpeningPayload(opening=None, user_errors=errors)
    reading, call, _ = opened(info)
    view = await opening.opening_of(reading, done["division"], call.now)
    return OpeningPayload(opening=None if view is None else _opening(view), user_errors=errors)


def _opening(its: OpeningView) -> Opening:
    return Opening(
        division=cast("Division", its.division),
        opens_on=Date(its.opens_on),
        closes_on=None if its.closes_on is None else Date(its.closes_on),
        decided_at=DateTime(its.decided_at),
        open=its.open,
    )
