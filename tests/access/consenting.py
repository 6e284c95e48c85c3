"""Consents for tests: a notice, who acts, and a record to begin with. Everybody here is invented."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from access.call import Purpose
from access.catalogue import Lang
from access.consent_acts import Act, Answer, Invalidate, Pause, Resume, Supersede, Withdraw, imported, requested
from access.consent_notices import Notice, parse_notice
from access.consent_records import By, ConsentRecord, Evidence, Method, Reason
from access.consent_revisions import Revision, begin, revise
from access.consent_states import State
from tests.access.enrolled import NOW

PERSON, AGENCY, CONSENT, OTHER_CONSENT, REQUEST = (UUID(int=number) for number in range(1, 6))
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ASKED = frozenset({"person.given_name", "person.birth_date", "household.size"})
TWO = frozenset({"person.given_name", "household.size"})
UNTIL = NOW + 90 * DAY

CITIZEN = Evidence(By.CITIZEN, REQUEST, session=b"s" * 32)
GUARDIAN = Evidence(By.GUARDIAN, REQUEST, session=b"g" * 32, holder=UUID(int=7))
BY_AGENCY = Evidence(By.AGENCY, REQUEST, account=UUID(int=8), office=UUID(int=9))
REGISTRY = Evidence(By.REGISTRY, REQUEST)


def notice_document(**changes: Any) -> dict[str, Any]:
    """A sound notice, in force at NOW."""
    return {
        "agency": "FUND",
        "purpose": "SERVICE_DELIVERY",
        "version": 3,
        "texts": {
            "ar": {"title": "طلب الموافقة", "body": "نطلب معطياتكم.", "why": "لتقديم الخدمة."},
            "fr": {
                "title": "Votre accord",
                "body": "Nous demandons vos données.\nVous pouvez refuser",
                "why": "Pour vous servir.",
            },
            "en": {"title": "Your consent", "body": "We ask for your data.", "why": "To serve you."},
        },
        "attributes": ["person.given_name", "person.family_name", "person.birth_date", "household.size", "score.band"],
        "data_life_days": 180,
        "longest_days": 365,
        "valid_from": "2026-01-01T00:00:00+00:00",
    } | changes


NOTICE: Notice = parse_notice(notice_document())


def request(**changes: Any) -> ConsentRecord:
    """A request of FUND's, made at NOW by a notice, for three attributes and 90 days."""
    fields: dict[str, Any] = {
        "notice": NOTICE,
        "consent_id": CONSENT,
        "person_id": PERSON,
        "agency": AGENCY,
        "attributes": ASKED,
        "valid_to": UNTIL,
        "method": Method.NOTICE,
        "evidence": BY_AGENCY,
        "now": NOW,
    }
    return requested(**fields | changes)


def brought(**changes: Any) -> ConsentRecord:
    """A consent that was given to FUND elsewhere."""
    fields: dict[str, Any] = {
        "consent_id": CONSENT,
        "person_id": PERSON,
        "agency": AGENCY,
        "agency_code": "FUND",
        "purpose": Purpose.PAYMENT,
        "attributes": ASKED,
        "valid_from": NOW,
        "valid_to": UNTIL,
        "data_life_days": 30,
        "evidence": REGISTRY,
    }
    return imported(**fields | changes)


def answer(*granted: str, evidence: Evidence = CITIZEN) -> Answer:
    return Answer(frozenset(granted), Lang.AR, evidence)


GRANT, DECLINE = answer(*TWO), answer()
WITHDRAW, PAUSE, RESUME = Withdraw(CITIZEN), Pause(CITIZEN), Resume(CITIZEN)
SUPERSEDE, INVALIDATE = Supersede(OTHER_CONSENT, CITIZEN), Invalidate(Reason.UNDER_PRESSURE, REGISTRY)

ACTS: dict[str, Act] = {
    "grant": GRANT,
    "decline": DECLINE,
    "withdraw": WITHDRAW,
    "pause": PAUSE,
    "resume": RESUME,
    "supersede": SUPERSEDE,
    "invalidate": INVALIDATE,
}
# What can be done in which state, and where it leads; all else is refused.
LEADS = {
    (State.REQUESTED, "grant"): State.GRANTED,
    (State.REQUESTED, "decline"): State.DECLINED,
    (State.GRANTED, "pause"): State.PAUSED,
    (State.PAUSED, "resume"): State.GRANTED,
} | {
    (state, word): end
    for state in (State.GRANTED, State.PAUSED)
    for word, end in (("withdraw", State.WITHDRAWN), ("supersede", State.SUPERSEDED), ("invalidate", State.INVALIDATED))
}
# What no act ever changes.
SUBJECT_MATTER = (
    "consent_id",
    "person_id",
    "agency",
    "agency_code",
    "purpose",
    "requested",
    "answer_by",
    "valid_to",
    "frequency",
    "data_life_days",
    "reference",
    "jurisdiction",
)


def chain(record: ConsentRecord, acts: Sequence[Act], at: datetime = NOW, step: timedelta = SECOND) -> list[Revision]:
    """The revisions of a record to which this was done, a second apart."""
    revisions = [begin(record, at)]
    for act in acts:
        at += step
        revisions.append(revise(revisions[-1], act, at, used=0)[1])
    return revisions
