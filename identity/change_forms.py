"""What somebody asks to have changed in a record: what may be asked, what comes of it, and the states of a request. Pure.

    SUBMITTED ──take up──> IN_REVIEW
    either ──accept──> ACCEPTED   either ──reject──> REJECTED   either ──withdraw──> WITHDRAWN

What is asked for is frozen when it is: as a document with a random salt, whose hash is decided on, and which is then applied as
it is. Values obey the rules of a form to be enrolled (`applications.py`); what was amiss before and is not touched stays so.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from core.canonical import content_hash, text64
from core.documents import Node, read_json
from core.errors import Conflict, Fault, Faulty, Internal, Invalid
from core.ids import random_bytes
from identity.applications import FaultCode, Form, examined
from identity.revisions import Change, Values, attribute_of
from identity.store import SEALED_PARTS, column

VERSION: Final = 1
DECIDED_WITHIN: Final = timedelta(days=10)
OBJECTED_WITHIN: Final = timedelta(days=3)  # as before a new telephone counts
MAX_OPEN: Final = 5  # requests about one person
MAX_WORDS: Final = 1_000  # characters
_SALT_BYTES: Final = 16
# The telephone lets its holder in: it has a way of its own (`contacts.py`). The IDCS is for life.
PARTS: Final[Mapping[str, str]] = {
    column(part): part for part in SEALED_PARTS if part not in ("person.idcs", "person.telephone")
}
# What happens in a life; all else can only have been recorded wrongly.
_LIVED: Final = frozenset(
    {"person.given_name", "person.family_name", "person.marital_status", "person.nationality", "person.cnie"}
    | {"person.residence_permit", "person.residence", "person.address", "person.email"}
)
# Where somebody is reached and found is believed; who somebody is has to be shown.
_BELIEVED: Final = frozenset({"person.address", "person.email"})
_NEEDED: Final = ("birth_date", "sex", "nationality", "residence")
_NAMES: Final = ("given_name", "family_name")


class ChangeKind(StrEnum):
    CORRECTION = "CORRECTION"  # it was recorded wrongly
    UPDATE = "UPDATE"  # it was right, and is otherwise now


class ChangeState(StrEnum):
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


OPEN: Final = frozenset({ChangeState.SUBMITTED, ChangeState.IN_REVIEW})


class ChangeStep(StrEnum):
    TAKE_UP = "TAKE_UP"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    WITHDRAW = "WITHDRAW"


class ChangeOrigin(StrEnum):
    HOLDER = "HOLDER"
    GUARDIAN = "GUARDIAN"
    CENTRE = "CENTRE"


class ChangeRefusal(StrEnum):
    """Why a request was refused: a fixed list, which says nothing of anybody else."""

    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    EVIDENCE_DOUBTFUL = "EVIDENCE_DOUBTFUL"
    NOT_FOUNDED = "NOT_FOUNDED"
    OTHER_WAY = "OTHER_WAY"  # a court, or the civil registry, decides first


def after(state: ChangeState, step: ChangeStep) -> ChangeState:
    """The state that the step leads to. Raises Conflict where it was decided already, or is in review."""
    if state not in OPEN:
        raise Conflict("this was decided already", path=("request",))
    if step is ChangeStep.TAKE_UP and state is ChangeState.IN_REVIEW:
        raise Conflict("this is in review already", path=("request",))
    return {
        ChangeStep.TAKE_UP: ChangeState.IN_REVIEW,
        ChangeStep.ACCEPT: ChangeState.ACCEPTED,
        ChangeStep.REJECT: ChangeState.REJECTED,
        ChangeStep.WITHDRAW: ChangeState.WITHDRAWN,
    }[step]


# --- what is asked for


def asked(
    kind: ChangeKind, current: Values, wished: Mapping[str, str | None], today: date
) -> dict[str, tuple[str | None, str | None]]:
    """What each part was and becomes, in its normal form; only what becomes other than it was.

    `current`: all sealed parts as they are; `wished`: by the members of `PARTS` (None: there is none any more). Raises Faulty
    with all that is wrong, each with the member as its path; Invalid where nothing is asked for, or nothing would change.
    """
    strange = wished.keys() - PARTS.keys()
    if strange:
        raise Invalid("this is not changed so", path=(min(strange),))
    if not wished:
        raise Invalid("say what is to be changed")
    before = _form(current)
    nothing: dict[str, Any] = {name: None for name, value in wished.items() if value is None or not value.strip()}
    typed: dict[str, Any] = dict(wished) | nothing
    form, faults = examined(replace(before, **typed), today, complete=False)
    old = {(fault.code, fault.path) for fault in examined(before, today, complete=False)[1]}
    found = [fault for fault in faults if fault.path[0] in wished or (fault.code, fault.path) not in old]
    named = {fault.path[0] for fault in found}
    found += [fault for fault in _missing(form, wished) if fault.path[0] not in named]
    found += [
        Fault(ChangeFault.CORRECTION_ONLY, (name,), "this does not change in a life: ask for it to be corrected")
        for name in wished
        if kind is ChangeKind.UPDATE and attribute_of(PARTS[name]) not in _LIVED and name not in named
    ]
    if found:
        raise Faulty(found)
    change = {PARTS[name]: (current[PARTS[name]], getattr(form, name)) for name in PARTS if name in wished}
    change = {part: (was, becomes) for part, (was, becomes) in change.items() if was != becomes}
    if not change:
        raise Invalid("the record says so already")
    return change


class ChangeFault(StrEnum):
    """Beside the codes of a form (`applications.FaultCode`)."""

    CORRECTION_ONLY = "CORRECTION_ONLY"


def _form(current: Values) -> Form:
    return Form(**{column(part): value for part, value in current.items() if part != "person.idcs"})  # type: ignore[arg-type]


def _missing(form: Form, wished: Collection[str]) -> list[Fault]:
    """What a record cannot be without."""
    faults = [
        Fault(FaultCode.MISSING, (name,), "a record is not without this")
        for name in _NEEDED
        if name in wished and getattr(form, name) is None
    ]
    for name in _NAMES:
        parts = (f"{name}_ar", f"{name}_latin")
        touched = [part for part in parts if part in wished]
        if touched and not any(getattr(form, part) for part in parts):
            faults.append(Fault(FaultCode.MISSING, (touched[0],), "a name is needed, in one script at least"))
    return faults


def refuse_day(kind: ChangeKind, effective_on: date | None, today: date) -> None:
    """The day from which what is new counts. Raises Invalid, with the path `effectiveOn`."""
    if effective_on is not None and kind is ChangeKind.CORRECTION:
        raise Invalid("what was recorded wrongly was never so", path=("effectiveOn",))
    if effective_on is not None and effective_on > today:
        raise Invalid("what is to come is asked for then", path=("effectiveOn",))


def needs_evidence(change: Collection[str]) -> bool:
    """Whether these parts are changed only by what shows it."""
    return any(attribute_of(part) not in _BELIEVED for part in change)


def refuse_too_early(change: Change, current: Values, submitted_at: datetime, now: datetime) -> None:
    """By an e-mail its holder is let in, as by a telephone: whoever was reached till now has time to object.

    Raises Conflict, with the path `request`, within that time.
    """
    reached = current["person.telephone"] is not None or current["person.email"] is not None
    if "person.email" in change and reached and now < submitted_at + OBJECTED_WITHIN:
        raise Conflict(f"an e-mail is changed {OBJECTED_WITHIN.days} days after it was asked for", path=("request",))


# --- the document


def document(
    person: UUID, request: UUID, kind: ChangeKind, effective_on: date | None, change: Change, salt: bytes | None = None
) -> dict[str, Any]:
    """What is frozen, sealed and decided on; with a fresh salt, if none is given."""
    return {
        "v": VERSION,
        "salt": text64(random_bytes(_SALT_BYTES) if salt is None else salt),
        "person": str(person),
        "request": str(request),
        "kind": kind.value,
        "effective_on": None if effective_on is None else effective_on.isoformat(),
        "change": {part: list(both) for part, both in change.items()},
    }


def hash_of(document: Mapping[str, Any]) -> bytes:
    """By which it is known (32 bytes)."""
    return content_hash(document)


def change_of(
    text: str, hash_: bytes, person: UUID, request: UUID, kind: str, effective_on: date | None
) -> dict[str, tuple[str | None, str | None]]:
    """The change in the text of such a document.

    Raises Internal for any other, one of another hash, and one that says otherwise than the row beside it.
    """
    beside = {
        "person": str(person),
        "request": str(request),
        "kind": kind,
        "effective_on": None if effective_on is None else effective_on.isoformat(),
    }
    try:
        read = read_json(text)
        parts = Node(read).record(("v", "salt", "person", "request", "kind", "effective_on", "change"))
        parts["v"].integer(VERSION, VERSION)
        pairs = {part: [item.value for item in node.items(least=2, most=2)] for part, node in parts["change"].entries().items()}
    except Invalid:
        raise Internal("what was asked for is not there") from None
    if content_hash(read) != hash_ or any(parts[name].value != value for name, value in beside.items()):
        raise Internal("what was asked for is not what is stored")
    return {part: (was, becomes) for part, (was, becomes) in pairs.items()}  # type: ignore[misc]  # as it was written
