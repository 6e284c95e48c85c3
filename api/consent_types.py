"""Types of consents, as GraphQL shows them, and what is sent to ask for one and to answer."""

from collections.abc import Sequence
from typing import Any, cast

import strawberry
from strawberry.types import Info

from access.call import Purpose
from access.catalogue import CATALOGUE, Labels, Lang, Sensitivity
from access.consent_notices import Notice
from access.consent_records import By, Method, Reason
from access.consent_states import Event, Frequency, State, Window
from api.access import AgencyRef, SubjectInput, Text, instant, text
from api.changing import UserError
from api.context import opened
from api.paging import PageInfo
from api.scalars import DateTime
from identity.consent_requests import Preview
from identity.consent_views import AgencyConsentView, ConsentView, Step, Terms

strawberry.enum(
    State,
    name="ConsentState",
    description="LAPSED (not answered in time), EXPIRED and EXHAUSTED (all uses are spent) come by themselves.",
)
strawberry.enum(Method, name="ConsentMethod", description="How it was collected. ASSISTED: with somebody beside the person.")
strawberry.enum(Event, name="ConsentEvent")
strawberry.enum(By, name="ConsentActor", description="Who did it.")
strawberry.enum(Window, name="ConsentWindow", description="Within which uses are counted. A MONTH is 30 days.")
strawberry.enum(Reason, name="ConsentInvalidReason", description="Why a consent is void.")


@strawberry.type(description="How often it may be used within a window of time.")
class ConsentFrequency:
    uses: int
    per: Window


@strawberry.type(description="An attribute that is asked for, in people's words. `granted`: by the person, and not taken back.")
class ConsentAttribute:
    name: str
    label: Text
    sensitivity: Sensitivity
    granted: bool


@strawberry.type(description="What the person is told before answering. `why`: what the agency needs the data for.")
class ConsentText:
    version: int
    hash: str = strawberry.field(description="SHA-256 of the notice, in hex.")
    title: Text
    body: Text
    why: Text


@strawberry.type(description="One link of a consent's history. `attributes`: those granted after it.")
class ConsentRevision:
    number: int
    event: Event
    state: State
    at: DateTime
    by: By
    assisted: bool = strawberry.field(description="Somebody of a centre sat beside the person.")
    attributes: list[str]
    hash: str = strawberry.field(description="SHA-256 of the revision, which holds that of the one before, in hex.")
    receipt_number: str


def _receipt(root: strawberry.Parent[Any], info: Info[Any, Any]) -> str | None:
    reading, _, issuer = opened(info)
    return cast("Consent", root).view.receipt(issuer=issuer, key=reading.keys.signer)


@strawberry.type(description="A consent of yours, or of your ward's: asked for, granted, or over.")
class Consent:
    id: strawberry.ID
    agency: AgencyRef
    purpose: Purpose
    state: State
    method: Method
    attributes: list[ConsentAttribute]
    requested: list[str]
    granted: list[str]
    notice: ConsentText | None = strawberry.field(description="Null for a consent that was given elsewhere.")
    asked_at: DateTime
    answer_by: DateTime | None
    valid_from: DateTime
    valid_to: DateTime
    frequency: ConsentFrequency | None
    uses_left: int | None = strawberry.field(description="In the window of now; null without a limit.")
    data_life_days: int = strawberry.field(description="How long the agency keeps what it was told.")
    reference: str | None = strawberry.field(description="The agency's own.")
    changed_at: DateTime
    receipt_number: str | None
    revisions: list[ConsentRevision] = strawberry.field(description="Its history, oldest first: the newest 100.")
    view: strawberry.Private[ConsentView]

    receipt = strawberry.field(resolver=_receipt, description="Signed (JWS), of how it stands now; null until it is answered.")


@strawberry.type
class ConsentEdge:
    node: Consent
    cursor: str


@strawberry.type(description="A page of your consents, newest first.")
class ConsentConnection:
    edges: list[ConsentEdge]
    page_info: PageInfo


@strawberry.type(description="A consent that your agency has asked for, or was given. Whose it is, is not told.")
class AgencyConsent:
    id: strawberry.ID
    reference: str | None
    purpose: Purpose
    state: State
    method: Method
    requested: list[str]
    granted: list[str]
    notice_version: int | None
    asked_at: DateTime
    answer_by: DateTime | None
    valid_from: DateTime
    valid_to: DateTime
    frequency: ConsentFrequency | None
    uses_left: int | None = strawberry.field(description="In the window of now; null without a limit.")
    data_life_days: int
    changed_at: DateTime


@strawberry.type
class AgencyConsentEdge:
    node: AgencyConsent
    cursor: str


@strawberry.type(description="A page of your agency's consents, newest first.")
class AgencyConsentConnection:
    edges: list[AgencyConsentEdge]
    page_info: PageInfo


@strawberry.type(description="What the person will be shown, before anything is asked.")
class ConsentPreview:
    agency: AgencyRef
    purpose: Purpose
    method: Method
    notice: ConsentText
    attributes: list[ConsentAttribute]
    answer_by: DateTime
    valid_from: DateTime
    valid_to: DateTime
    frequency: ConsentFrequency | None
    data_life_days: int


# --- inputs and payloads


@strawberry.input
class FrequencyInput:
    uses: int
    per: Window


@strawberry.input(description="What a person is asked for. It ends after `validDays` or at `validTo`: exactly one of both.")
class RequestConsentInput:
    subject: SubjectInput
    purpose: Purpose
    attributes: list[str]
    valid_days: int | None = None
    valid_to: DateTime | None = None
    frequency: FrequencyInput | None = None
    reference: str | None = strawberry.field(default=None, description="Your own: 64 of A-Z a-z 0-9 . _ - at most.")
    method: Method = strawberry.field(
        description="LINK: a page that you send the person to, open for ten minutes. NOTICE: a message, open for two weeks."
    )
    request_key: str | None = None


@strawberry.input(description="Grants these of the attributes that were asked for; none of them: declines.")
class AnswerConsentInput:
    consent: strawberry.ID
    attributes: list[str]
    lang: Lang = strawberry.field(description="In which the notice was read.")
    request_key: str | None = None


@strawberry.input
class ConsentInput:
    consent: strawberry.ID
    request_key: str | None = None


@strawberry.input
class InvalidateConsentInput:
    agency: strawberry.ID
    consent: strawberry.ID
    reason: Reason
    request_key: str | None = None


@strawberry.type(description="What the person would be shown, or what is to be mended.")
class ConsentPreviewPayload:
    preview: ConsentPreview | None
    user_errors: list[UserError]


@strawberry.type(description="The request, whoever has that number; or what is to be mended.")
class RequestConsentPayload:
    consent: AgencyConsent | None
    link: str | None = strawberry.field(description="Where the person answers, once, after signing in: told here alone.")
    user_errors: list[UserError]


@strawberry.type(description="The consent as it stands now, or what is to be mended.")
class ConsentPayload:
    consent: Consent | None
    user_errors: list[UserError]


@strawberry.type(description="The agency's consent as it stands now, or what is to be mended.")
class AgencyConsentPayload:
    consent: AgencyConsent | None
    user_errors: list[UserError]


# --- what is shown


def consent_of(view: ConsentView) -> Consent:
    return Consent(
        **_terms(view.terms),
        agency=_agency_ref(view),
        attributes=_attributes(view.terms.requested, view.terms.granted),
        notice=None if view.notice is None else _text(view.notice),
        receipt_number=view.receipt_number,
        revisions=[_revision(step) for step in view.steps],
        view=view,
    )


def agency_consent_of(view: AgencyConsentView) -> AgencyConsent:
    return AgencyConsent(**_terms(view.terms), notice_version=view.terms.notice_version)


def _terms(its: Terms) -> dict[str, Any]:
    return {
        "id": strawberry.ID(str(its.consent_id)),
        "purpose": its.purpose,
        "state": its.state,
        "method": its.method,
        "requested": list(its.requested),
        "granted": list(its.granted),
        "asked_at": DateTime(its.asked_at),
        "answer_by": instant(its.answer_by),
        "valid_from": DateTime(its.valid_from),
        "valid_to": DateTime(its.valid_to),
        "frequency": _frequency(its.frequency),
        "uses_left": its.uses_left,
        "data_life_days": its.data_life_days,
        "reference": its.reference,
        "changed_at": DateTime(its.changed_at),
    }


def preview_of(its: Preview) -> ConsentPreview:
    record = its.record
    return ConsentPreview(
        agency=_agency_ref(its),
        purpose=record.purpose,
        method=record.method,
        notice=_text(its.notice),
        attributes=_attributes(sorted(record.requested), ()),
        answer_by=DateTime(record.answer_by),  # type: ignore[arg-type]  # a request has one
        valid_from=DateTime(record.valid_from),
        valid_to=DateTime(record.valid_to),
        frequency=_frequency(record.frequency),
        data_life_days=record.data_life_days,
    )


def _agency_ref(its: ConsentView | Preview) -> AgencyRef:
    return AgencyRef(id=strawberry.ID(str(its.agency)), code=its.agency_code, name=text(its.agency_name))


def _frequency(limit: Frequency | None) -> ConsentFrequency | None:
    return None if limit is None else ConsentFrequency(uses=limit.uses, per=limit.window)


def _attributes(requested: Sequence[str], granted: Sequence[str]) -> list[ConsentAttribute]:
    return [
        ConsentAttribute(
            name=name,
            label=text(CATALOGUE[name].labels),
            sensitivity=CATALOGUE[name].sensitivity,
            granted=name in granted,
        )
        for name in requested
    ]


def _text(notice: Notice) -> ConsentText:
    def each(part: str) -> Text:
        labels: Labels = {lang: getattr(its, part) for lang, its in notice.texts.items()}
        return text(labels)

    return ConsentText(version=notice.version, hash=notice.hash.hex(), title=each("title"), body=each("body"), why=each("why"))


def _revision(step: Step) -> ConsentRevision:
    return ConsentRevision(
        number=step.number,
        event=step.event,
        state=step.state,
        at=DateTime(step.at),
        by=step.by,
        assisted=step.assisted,
        attributes=list(step.granted),
        hash=step.hash,
        receipt_number=step.receipt_number,
    )
