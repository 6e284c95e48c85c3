"""GraphQL of enrolment: requests to be enrolled, at a centre and by whoever decides, and the testimonies they rest on.

`pre_registration.py` has what applicants do before they come to a centre, `openings.py` where people are enrolled. What was
declared is told attribute by attribute, like a person's record.
"""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.one_time_codes import LIFETIME_SECONDS
from access.rights import Scope
from api.changing import Changing, Outcome, UserError, Work, change, id_of
from api.citizens import ChallengePayload
from api.context import opened, plain, raw
from api.enrolment_types import (
    AmendEnrolmentInput,
    AskForTestimonyInput,
    BeginEnrolmentInput,
    Enrolment,
    EnrolmentConnection,
    EnrolmentEdge,
    EnrolmentInput,
    EnrolmentPayload,
    GiveTestimonyInput,
    RejectEnrolmentInput,
    by_paths,
    form_of,
    told,
)
from api.paging import PageInfo
from api.scalars import DateTime
from api.selection import selected
from core.paging import Page
from identity import acceptance, enrolment_views, testimonies
from identity import enrolment as making
from identity.enrolment_states import Obstacle, Reason, State
from identity.enrolment_views import EnrolmentView

# --- reading


async def enrolment(
    info: Info[Any, Any],
    id: strawberry.ID | None = None,  # noqa: A002 the name of the schema
    receipt: str | None = None,
) -> Enrolment | None:
    named: dict[str, Any] = {"enrolment": None if id is None else id_of(id, "id"), "receipt": receipt}
    reading, call, _ = opened(info)
    wanted = selected(raw(info)).attributes()
    if Scope.ENROLMENT_DECIDE in call.actor.scopes:
        return told(await enrolment_views.request_decided(reading, call, **named, wanted=wanted))
    return told(await enrolment_views.request_made(reading, call, **named, wanted=wanted))


async def enrolments(
    info: Info[Any, Any],
    state: State | None = None,
    division: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> EnrolmentConnection:
    reading, call, _ = opened(info)
    which: dict[str, Any] = {"state": state, "division": division, "first": first, "after": after}
    page: Page[EnrolmentView]
    if Scope.ENROLMENT_DECIDE in call.actor.scopes:
        page = await enrolment_views.requests_decided(reading, call, **which)
    else:
        page = await enrolment_views.requests_made(reading, call, **which)
    edges = [EnrolmentEdge(node=told(edge.node), cursor=edge.cursor) for edge in page.edges]
    return EnrolmentConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


# --- at a centre


async def begin_enrolment(info: Info[Any, Any], input: BeginEnrolmentInput) -> EnrolmentPayload:  # noqa: A002 the schema's name
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = await making.begin_enrolment(at.connection, at.call, at.keys, form=form_of(given["form"]), lang=given["lang"])
        return {"enrolment": str(its)}

    return await _made(info, input, work)


async def register_person(info: Info[Any, Any], input: BeginEnrolmentInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        await making.count_relatives(at.connection, at.call, at.reading, form=form_of(given["form"]))

    async def work(at: Changing) -> Outcome:
        its = await making.register_person(at.connection, at.call, at.reading, form=form_of(given["form"]), lang=given["lang"])
        return {"enrolment": str(its)}

    return await _made(info, input, work, first=first)


async def amend_enrolment(info: Info[Any, Any], input: AmendEnrolmentInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["enrolment"], "enrolment")
        await making.amend_enrolment(at.connection, at.call, at.keys, enrolment=its, form=form_of(given["form"]))
        return {"enrolment": str(its)}

    return await _made(info, input, work)


async def submit_enrolment(info: Info[Any, Any], input: EnrolmentInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        await making.count_relatives(at.connection, at.call, at.reading, enrolment=id_of(given["enrolment"], "enrolment"))

    async def work(at: Changing) -> Outcome:
        its = id_of(given["enrolment"], "enrolment")
        await making.submit_enrolment(at.connection, at.call, at.reading, enrolment=its)
        return {"enrolment": str(its)}

    return await _made(info, input, work, first=first)


# --- by whoever decides


async def review_enrolment(info: Info[Any, Any], input: EnrolmentInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["enrolment"], "enrolment")
        await making.review_enrolment(at.connection, at.call, at.reading, enrolment=its)
        return {"enrolment": str(its)}

    return await _decided(info, input, work)


async def accept_enrolment(info: Info[Any, Any], input: EnrolmentInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["enrolment"], "enrolment")
        accepted = await acceptance.accept_enrolment(at.connection, at.call, at.reading, enrolment=its)
        return {"enrolment": str(its), "blocked": not accepted}

    return await _decided(info, input, work)


async def reject_enrolment(info: Info[Any, Any], input: RejectEnrolmentInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["enrolment"], "enrolment")
        reason = Reason(given["reason"])
        await making.reject_enrolment(at.connection, at.call, at.keys, enrolment=its, reason=reason)
        return {"enrolment": str(its)}

    return await _decided(info, input, work)


# --- witnesses


async def ask_for_testimony(info: Info[Any, Any], input: AskForTestimonyInput) -> ChallengePayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        await testimonies.count_code(at.connection, at.call, at.keys, idcs=given["idcs"])

    async def work(at: Changing) -> Outcome:
        its = id_of(given["enrolment"], "enrolment")
        challenge = await testimonies.ask_witness(at.connection, at.call, at.reading, enrolment=its, idcs=given["idcs"])
        expires = at.call.now + timedelta(seconds=LIFETIME_SECONDS)
        return {"challenge": str(challenge), "expires": expires.isoformat()}

    done, errors = await change(info, input, work, first=first)
    return challenged(done, errors)


async def give_testimony(info: Info[Any, Any], input: GiveTestimonyInput) -> EnrolmentPayload:  # noqa: A002 as above
    given = plain(input)

    async def first(at: Changing) -> None:
        challenge = id_of(given["challenge"], "challenge")
        await testimonies.count_try(at.connection, at.call, at.keys, challenge=challenge, code=given["code"])

    async def work(at: Changing) -> Outcome:
        challenge = id_of(given["challenge"], "challenge")
        its = await testimonies.give_testimony(at.connection, at.call, at.reading, challenge=challenge, code=given["code"])
        return {"enrolment": str(its)}

    return await _made(info, input, work, first=first)


# --- what is shown of it


async def _made(
    info: Info[Any, Any], given: object, work: Work[Outcome], *, first: Work[None] | None = None
) -> EnrolmentPayload:
    done, errors = await change(info, given, by_paths(work), first=first)
    if done is None:
        return EnrolmentPayload(enrolment=None, user_errors=errors)
    reading, call, _ = opened(info)
    its, wanted = UUID(done["enrolment"]), selected(raw(info)).attributes()
    view = await enrolment_views.request_made(reading, call, enrolment=its, wanted=wanted)
    return EnrolmentPayload(enrolment=told(view), user_errors=errors)


async def _decided(info: Info[Any, Any], given: object, work: Work[Outcome]) -> EnrolmentPayload:
    done, errors = await change(info, given, by_paths(work))
    if done is None:
        return EnrolmentPayload(enrolment=None, user_errors=errors)
    if done.get("blocked"):
        # Nothing was refused: the case is there, and has to be decided before this is asked again.
        message = acceptance.SAID[Obstacle.CASE_OPEN]
        errors = [UserError(code=Obstacle.CASE_OPEN, path=["enrolment"], message=message)]
    reading, call, _ = opened(info)
    its, wanted = UUID(done["enrolment"]), selected(raw(info)).attributes()
    view = await enrolment_views.request_decided(reading, call, enrolment=its, wanted=wanted)
    return EnrolmentPayload(enrolment=told(view), user_errors=errors)


def challenged(done: Outcome | None, errors: list[UserError]) -> ChallengePayload:
    if done is None:
        return ChallengePayload(challenge=None, expires_at=None, user_errors=errors)
    expires = DateTime(datetime.fromisoformat(done["expires"]))
    return ChallengePayload(challenge=strawberry.ID(done["challenge"]), expires_at=expires, user_errors=errors)
