"""Records of consent (ISO/IEC TS 27560): what one says, and what can never be said by one. Pure.

A record comes to be and changes by `consent_acts.py` alone.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Never
from uuid import UUID

from access.call import Purpose
from access.catalogue import Lang
from access.consent_notices import AGENCY_CODE, LONGEST, MAX_DATA_LIFE_DAYS
from access.consent_states import STORED, Frequency, State, Window, state_at
from core.errors import Invalid

JURISDICTION = "MA"
MAX_ATTRIBUTES = 200
_ATTRIBUTE = re.compile(r"[a-z]+\.[a-z0-9_]{1,48}")
_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}")
HASH_BYTES = 32


class Method(StrEnum):
    """How it was collected. ASSISTED: answered with somebody of the registry beside the person, however it was asked for."""

    LINK = "LINK"  # one page that the agency sends the person to
    NOTICE = "NOTICE"  # a message to the person
    ASSISTED = "ASSISTED"
    IMPORTED = "IMPORTED"


class By(StrEnum):
    """Who acted."""

    CITIZEN = "CITIZEN"
    GUARDIAN = "GUARDIAN"
    AGENCY = "AGENCY"
    REGISTRY = "REGISTRY"


THEMSELVES = frozenset({By.CITIZEN, By.GUARDIAN})


class Reason(StrEnum):
    """Why a consent is void: it does not count, and should not have."""

    GIVEN_BY_ANOTHER = "GIVEN_BY_ANOTHER"
    UNDER_PRESSURE = "UNDER_PRESSURE"
    MISINFORMED = "MISINFORMED"
    NOT_ENTITLED = "NOT_ENTITLED"  # who acted for the person had no right to
    RECORDED_IN_ERROR = "RECORDED_IN_ERROR"
    BY_ORDER = "BY_ORDER"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who did it and how that can be shown. `session`: SHA-256 of its token; `holder`: the guardian's person id.

    `account`: the officer or member of staff who acted for an agency or the registry; `assistant`: the account of who sat
    beside the person.
    """

    by: By
    request_id: UUID
    session: bytes | None = None
    holder: UUID | None = None
    account: UUID | None = None
    assistant: UUID | None = None
    office: UUID | None = None

    def __post_init__(self) -> None:
        themselves = self.by in THEMSELVES
        if themselves != (self.session is not None) or (self.session is not None and len(self.session) != HASH_BYTES):
            refuse("who acts for themselves or a ward does so in a session, and nobody else", "session")
        if (self.by is By.GUARDIAN) != (self.holder is not None):
            refuse("a guardian is named, and nobody else", "holder")
        if themselves and self.account is not None:
            refuse("a citizen acts without an account", "account")
        if not themselves and self.assistant is not None:
            refuse("only a citizen is assisted", "assistant")


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """Under which notice of the record's agency and purpose; `language`: in which it was read by who answered."""

    version: int
    hash: bytes
    language: Lang | None = None


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One consent, complete. It cannot be made wrong: Invalid, with the path of the field, is raised for it.

    `stored` is what somebody did; `state` says what time and use have made of it. `evidence` is that of the last act. There is
    no `answer_by` of an imported one, and none of the others without a notice.
    """

    consent_id: UUID
    person_id: UUID
    agency: UUID
    agency_code: str
    purpose: Purpose
    requested: frozenset[str]
    granted: frozenset[str]
    notice: NoticeRef | None
    method: Method
    stored: State
    answer_by: datetime | None
    valid_from: datetime
    valid_to: datetime
    frequency: Frequency | None
    data_life_days: int
    reference: str | None
    evidence: Evidence
    superseded_by: UUID | None = None
    reason: Reason | None = None
    jurisdiction: str = JURISDICTION

    def __post_init__(self) -> None:
        _check_subject_matter(self)
        _check_dates(self)
        _check_state(self)

    def state(self, used: int, now: datetime) -> State:
        """`used`: how often in its window; it counts only for a limit of uses in all."""
        limit = self.frequency
        spent = limit is not None and limit.window is Window.IN_ALL and limit.spent(used)
        return state_at(self.stored, self.answer_by, self.valid_to, spent, now)


def refuse(message: str, *path: str) -> Never:
    """Raises Invalid; `path` leads to the field of a record."""
    raise Invalid(message, path=path)


def _check_subject_matter(record: ConsentRecord) -> None:
    if not 1 <= len(record.requested) <= MAX_ATTRIBUTES or not all(map(_ATTRIBUTE.fullmatch, record.requested)):
        refuse("a consent names attributes of the catalogue", "requested")
    if not record.granted <= record.requested:
        refuse("nothing is granted that was not asked for", "granted")
    if not AGENCY_CODE.fullmatch(record.agency_code):
        refuse("not the code of an agency", "agency_code")
    if record.jurisdiction != JURISDICTION:
        refuse("another jurisdiction", "jurisdiction")
    if not 1 <= record.data_life_days <= MAX_DATA_LIFE_DAYS:
        refuse(f"expected 1 to {MAX_DATA_LIFE_DAYS}", "data_life_days")
    if record.reference is not None and not _REFERENCE.fullmatch(record.reference):
        refuse("expected at most 64 of A-Z a-z 0-9 . _ -", "reference")
    if record.notice is not None and (record.notice.version < 1 or len(record.notice.hash) != HASH_BYTES):
        refuse("not a notice", "notice")


def _check_dates(record: ConsentRecord) -> None:
    for name in ("valid_from", "valid_to", "answer_by"):
        value = getattr(record, name)
        if value is not None and value.tzinfo is None:
            refuse("an instant has a zone", name)
    if not timedelta(0) < record.valid_to - record.valid_from <= LONGEST:
        refuse("a consent has a beginning and an end, at most two years apart", "valid_to")
    if record.answer_by is not None and record.answer_by > record.valid_to:
        refuse("the time to answer is over before the consent is", "answer_by")


def _check_state(record: ConsentRecord) -> None:
    imported, asked = record.method is Method.IMPORTED, record.stored is State.REQUESTED
    if record.stored not in STORED:
        refuse("this state follows from dates and counts", "stored")
    if bool(record.granted) == (asked or record.stored is State.DECLINED):
        refuse("something is granted in each state but these two", "granted")
    if imported and (asked or record.stored is State.DECLINED):
        refuse("what was given elsewhere was granted there", "stored")
    if imported != (record.answer_by is None):
        refuse("what is asked for is answered by an instant, and nothing else", "answer_by")
    if record.notice is None and not imported:
        refuse("nothing is asked for without a notice", "notice")
    if record.notice is not None and not imported and asked != (record.notice.language is None):
        refuse("an answer says in which language the notice was read", "notice", "language")
    if (record.superseded_by is not None) != (record.stored is State.SUPERSEDED):
        refuse("what is superseded names its successor", "superseded_by")
    if (record.reason is not None) != (record.stored is State.INVALIDATED):
        refuse("what is void has a reason", "reason")
