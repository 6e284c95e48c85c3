"""What may be done to a consent. Pure: no clock, nothing is fetched or stored.

A record comes to be by `requested` (an agency asks, under a notice) or `imported` (given elsewhere), and changes by `apply`
alone. What it is about never changes: other attributes, another purpose or another recipient are another record. Only the
person, or who acts for the person by law, ever grants, pauses, resumes or withdraws; no agency can.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from access.call import Purpose
from access.catalogue import CATALOGUE, Lang
from access.consent_notices import Notice
from access.consent_records import THEMSELVES, By, ConsentRecord, Evidence, Method, NoticeRef, Reason, refuse
from access.consent_states import Event, Frequency, after

# How long a request may wait for its answer.
OPEN_FOR = {Method.LINK: timedelta(minutes=10), Method.NOTICE: timedelta(days=30), Method.ASSISTED: timedelta(days=1)}
_MAY: dict[Event, frozenset[By]] = {
    Event.REQUESTED: frozenset({By.AGENCY}),
    Event.IMPORTED: frozenset({By.REGISTRY}),
    Event.GRANTED: THEMSELVES,
    Event.DECLINED: THEMSELVES,
    Event.WITHDRAWN: THEMSELVES,
    Event.PAUSED: THEMSELVES,
    Event.RESUMED: THEMSELVES,
    Event.SUPERSEDED: THEMSELVES | {By.REGISTRY},
    Event.INVALIDATED: frozenset({By.REGISTRY}),
}


def requested(
    notice: Notice,
    *,
    consent_id: UUID,
    person_id: UUID,
    agency: UUID,
    attributes: frozenset[str],
    valid_to: datetime,
    method: Method,
    evidence: Evidence,
    now: datetime,
    valid_from: datetime | None = None,
    answer_by: datetime | None = None,
    frequency: Frequency | None = None,
    reference: str | None = None,
) -> ConsentRecord:
    """A request under a notice of the agency's, whose code, purpose and data life it takes over.

    It holds from `valid_from` (now, if not said), and not before it is granted; it waits for its answer until `answer_by` (as
    long as the method allows, if not said). Raises Invalid, with the path of the field, for what the notice does not cover.
    """
    begins = now if valid_from is None else valid_from
    if method not in OPEN_FOR:
        refuse("this is no way to ask", "method")
    latest = min(now + OPEN_FOR[method], valid_to)
    if answer_by is not None and not now < answer_by <= latest:
        refuse("a request is open for a time that depends on how it is made", "answer_by")
    if notice.valid_from > now:
        refuse("the notice has not begun", "notice")
    if not attributes <= notice.attributes:
        refuse("the notice does not name this attribute", "attributes")
    if begins < now:
        refuse("a consent does not begin in the past", "valid_from")
    if valid_to - begins > notice.longest:
        refuse("longer than the notice says", "valid_to")
    check_actor(Event.REQUESTED, evidence)
    return ConsentRecord(
        consent_id=consent_id,
        person_id=person_id,
        agency=agency,
        agency_code=notice.agency,
        purpose=notice.purpose,
        requested=attributes,
        granted=frozenset(),
        notice=NoticeRef(notice.version, notice.hash),
        method=method,
        stored=after(None, Event.REQUESTED),
        answer_by=latest if answer_by is None else answer_by,
        valid_from=begins,
        valid_to=valid_to,
        frequency=frequency,
        data_life_days=notice.data_life_days,
        reference=reference,
        evidence=evidence,
    )


def imported(
    *,
    consent_id: UUID,
    person_id: UUID,
    agency: UUID,
    agency_code: str,
    purpose: Purpose,
    attributes: frozenset[str],
    valid_from: datetime,
    valid_to: datetime,
    data_life_days: int,
    evidence: Evidence,
    reference: str | None = None,
) -> ConsentRecord:
    """A consent that was given elsewhere, whole. Raises Invalid with the path of the field."""
    if not attributes <= CATALOGUE.keys():
        refuse("a consent names attributes of the catalogue", "attributes")
    check_actor(Event.IMPORTED, evidence)
    return ConsentRecord(
        consent_id=consent_id,
        person_id=person_id,
        agency=agency,
        agency_code=agency_code,
        purpose=purpose,
        requested=attributes,
        granted=attributes,
        notice=None,
        method=Method.IMPORTED,
        stored=after(None, Event.IMPORTED),
        answer_by=None,
        valid_from=valid_from,
        valid_to=valid_to,
        frequency=None,
        data_life_days=data_life_days,
        reference=reference,
        evidence=evidence,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """Grants these of the requested attributes; none of them: declines. `language`: in which the notice was read."""

    granted: frozenset[str]
    language: Lang
    evidence: Evidence

    @property
    def event(self) -> Event:
        return Event.GRANTED if self.granted else Event.DECLINED


@dataclass(frozen=True, slots=True)
class Withdraw:
    evidence: Evidence
    event = Event.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Pause:
    evidence: Evidence
    event = Event.PAUSED


@dataclass(frozen=True, slots=True)
class Resume:
    evidence: Evidence
    event = Event.RESUMED


@dataclass(frozen=True, slots=True)
class Supersede:
    """`by`: the consent that counts in its place."""

    by: UUID
    evidence: Evidence
    event = Event.SUPERSEDED


@dataclass(frozen=True, slots=True)
class Invalidate:
    reason: Reason
    evidence: Evidence
    event = Event.INVALIDATED


Act = Answer | Withdraw | Pause | Resume | Supersede | Invalidate


def apply(record: ConsentRecord, act: Act, now: datetime, *, used: int) -> ConsentRecord:
    """The record after the act. `used`: how often it was used in its window.

    Raises Conflict, which says the state, where the act cannot happen in the state at `now`; Invalid for what was never asked
    for, or where whoever acted may not do this.
    """
    stored = after(record.state(used, now), act.event)
    check_actor(act.event, act.evidence)
    return replace(record, stored=stored, evidence=act.evidence, **_changes(record, act, now))


def _changes(record: ConsentRecord, act: Act, now: datetime) -> dict[str, Any]:
    """What an act changes beside the state: dates, attributes and purpose of what is granted never grow."""
    match act:
        case Answer():
            assert record.notice is not None
            return {
                "granted": act.granted,
                "notice": replace(record.notice, language=act.language),
                "method": record.method if act.evidence.assistant is None else Method.ASSISTED,
                # Nothing counts before it was granted.
                "valid_from": max(record.valid_from, now) if act.granted else record.valid_from,
            }
        case Supersede():
            if act.by == record.consent_id:
                refuse("a consent does not supersede itself", "by")
            return {"superseded_by": act.by}
        case Invalidate():
            return {"reason": act.reason}
        case Withdraw() | Pause() | Resume():
            return {}


def check_actor(event: Event, evidence: Evidence) -> None:
    if evidence.by not in _MAY[event]:
        refuse("this is not theirs to do", "evidence", "by")
