"""GraphQL of consents: an agency asks, a person answers and takes back, and each sees what became of it.

An agency never learns whose a consent is. A person's own are fields of `me`.
"""

from collections.abc import Mapping
from typing import Any, cast

import strawberry
from strawberry.types import Info

from access.call import Purpose
from access.catalogue import Lang
from access.consent_records import Method, Reason
from access.consent_states import Window
from api.access import named
from api.changing import Changing, Outcome, UserError, change, id_of, told
from api.consent_types import (
    AgencyConsent,
    AgencyConsentConnection,
    AgencyConsentEdge,
    AgencyConsentPayload,
    AnswerConsentInput,
    Consent,
    ConsentConnection,
    ConsentEdge,
    ConsentInput,
    ConsentPayload,
    ConsentPreviewPayload,
    InvalidateConsentInput,
    RequestConsentInput,
    RequestConsentPayload,
    agency_consent_of,
    consent_of,
    preview_of,
)
from api.context import opened, plain, raw
from api.identity import under_subject
from api.paging import PageInfo
from api.selection import selected
from core.errors import Conflict, Invalid, NotFound, SijilError
from identity import consent_answers as answers
from identity import consent_requests as requests
from identity.consent_requests import Wish

# --- of agencies


async def consents(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> AgencyConsentConnection:
    reading, call, _ = opened(info)
    page = await requests.consents_asked(reading, call, first=first, after=after)
    edges = [AgencyConsentEdge(node=agency_consent_of(edge.node), cursor=edge.cursor) for edge in page.edges]
    return AgencyConsentConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def consent(info: Info[Any, Any], id: strawberry.ID) -> AgencyConsent | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    return agency_consent_of(await requests.consent_asked(reading, call, consent=id_of(id, "id")))


async def preview_consent(
    info: Info[Any, Any],
    input: RequestConsentInput,  # noqa: A002 the name of the schema
) -> ConsentPreviewPayload:
    given = plain(input)
    reading, call, _ = opened(info, Purpose(given["purpose"]))
    try:
        preview = await requests.preview_consent(reading, call, wish=_wish(given), **named(given["subject"]))
    except (Invalid, Conflict, NotFound) as refusal:
        return ConsentPreviewPayload(preview=None, user_errors=[told(_in_input(refusal))])
    return ConsentPreviewPayload(preview=preview_of(preview), user_errors=[])


async def request_consent(
    info: Info[Any, Any],
    input: RequestConsentInput,  # noqa: A002 the name of the schema
) -> RequestConsentPayload:
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        try:
            made = await requests.request_consent(
                at.connection, at.call, at.reading, wish=_wish(given), issuer=at.issuer, **named(given["subject"])
            )
        except Invalid as refusal:
            raise _in_input(refusal) from None
        return {"consent": str(made)}

    outcome, errors = await change(info, input, work, purpose=Purpose(given["purpose"]))
    if outcome is None:
        return RequestConsentPayload(consent=None, link=None, user_errors=errors)
    reading, call, issuer = opened(info)
    view = await requests.consent_asked(reading, call, consent=id_of(outcome["consent"]))
    link = requests.link_of(view, reading.keys, issuer)
    return RequestConsentPayload(consent=agency_consent_of(view), link=link, user_errors=errors)


def _wish(given: Mapping[str, Any]) -> Wish:
    limit = given.get("frequency")
    return Wish(
        purpose=Purpose(given["purpose"]),
        attributes=given["attributes"],
        method=Method(given["method"]),
        valid_days=given.get("validDays"),
        valid_to=given.get("validTo"),
        frequency=None if limit is None else requests.frequency(limit["uses"], Window(limit["per"])),
        reference=given.get("reference"),
    )


def _in_input(refusal: SijilError) -> SijilError:
    """How a subject is named stands below `subject` in the input; all else has the path that it is refused with."""
    return under_subject(refusal) if refusal.path[:1] in ((), ("idcs",), ("token",), ("virtualId",)) else refusal


# --- of a person: fields of `me`, and what leads there


async def own_consents(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> ConsentConnection:
    reading, call, _ = opened(info)
    below = [node for edges in selected(raw(info)).child("edges") for node in edges.child("node")]
    steps = any(node.child("revisions") for node in below)
    page = await answers.consents(reading, call, first=first, after=after, steps=steps)
    edges = [ConsentEdge(node=consent_of(edge.node), cursor=edge.cursor) for edge in page.edges]
    return ConsentConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def own_consent(info: Info[Any, Any], id: strawberry.ID) -> Consent | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    found = await answers.consent(reading, call, consent_id=id_of(id, "id"), steps=True)
    return None if found is None else consent_of(found)


async def consent_by_link(info: Info[Any, Any], token: str) -> Consent | None:
    reading, call, _ = opened(info)
    found = await answers.consent_by_link(reading, call, token=token, steps=True)
    return None if found is None else consent_of(found)


async def answer_consent(info: Info[Any, Any], input: AnswerConsentInput) -> ConsentPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["consent"], "consent")
        await answers.answer(
            at.connection, at.call, at.keys, consent=its, attributes=given["attributes"], lang=Lang(given["lang"])
        )
        return {"consent": str(its)}

    return await _changed(info, *await change(info, input, work))


async def withdraw_consent(info: Info[Any, Any], input: ConsentInput) -> ConsentPayload:  # noqa: A002 the name of the schema
    async def work(at: Changing) -> Outcome:
        its = id_of(plain(input)["consent"], "consent")
        await answers.withdraw(at.connection, at.call, at.keys, consent=its)
        return {"consent": str(its)}

    return await _changed(info, *await change(info, input, work))


async def pause_consent(info: Info[Any, Any], input: ConsentInput) -> ConsentPayload:  # noqa: A002 the name of the schema
    async def work(at: Changing) -> Outcome:
        its = id_of(plain(input)["consent"], "consent")
        await answers.pause(at.connection, at.call, at.keys, consent=its)
        return {"consent": str(its)}

    return await _changed(info, *await change(info, input, work))


async def resume_consent(info: Info[Any, Any], input: ConsentInput) -> ConsentPayload:  # noqa: A002 the name of the schema
    async def work(at: Changing) -> Outcome:
        its = id_of(plain(input)["consent"], "consent")
        await answers.resume(at.connection, at.call, at.keys, consent=its)
        return {"consent": str(its)}

    return await _changed(info, *await change(info, input, work))


async def _changed(info: Info[Any, Any], outcome: Outcome | None, errors: list[UserError]) -> ConsentPayload:
    its = None if outcome is None else await own_consent(info, outcome["consent"])
    return ConsentPayload(consent=its, user_errors=errors)


# --- of the registry


async def invalidate_consent(
    info: Info[Any, Any],
    input: InvalidateConsentInput,  # noqa: A002 the name of the schema
) -> AgencyConsentPayload:
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        agency, its = (id_of(given[name], name) for name in ("agency", "consent"))
        await answers.invalidate(at.connection, at.call, at.keys, agency=agency, consent=its, reason=Reason(given["reason"]))
        return {"agency": str(agency), "consent": str(its)}

    outcome, errors = await change(info, input, work)
    if outcome is None:
        return AgencyConsentPayload(consent=None, user_errors=errors)
    reading, call, _ = opened(info)
    agency, its = (id_of(outcome[name]) for name in ("agency", "consent"))
    view = await answers.invalidated(reading, call, agency=agency, consent=its)
    return AgencyConsentPayload(consent=agency_consent_of(view), user_errors=errors)
