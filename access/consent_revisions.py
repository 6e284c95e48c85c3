"""The history of a consent: a chain of documents, each with its predecessor's hash. Pure.

A revision is the whole record in the terms of ISO/IEC TS 27560, with what happened, when, and who did it. Its hash is SHA-256
over the canonical JSON of its document, which holds the number of the revision and the hash of the one before.

A chain is believed only if it reads as it was written, byte for byte, *and* each step is one that `apply` would have made: one
whose hashes were all made anew still cannot say that more was granted than was asked for, or by anybody but the person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from access.agreements import MAX_CODE, MAX_NUMBER
from access.call import Purpose
from access.catalogue import LANGS
from access.consent_acts import (
    Act,
    Answer,
    Invalidate,
    Pause,
    Resume,
    Supersede,
    Withdraw,
    apply,
    check_actor,
)
from access.consent_notices import MAX_DATA_LIFE_DAYS
from access.consent_records import HASH_BYTES, By, ConsentRecord, Evidence, Method, NoticeRef, Reason
from access.consent_states import MAX_USES, Event, Frequency, State, Window, after
from core.canonical import plain_json
from core.documents import Node
from core.errors import Conflict, Invalid, SijilError

SCHEMA = "sijil-consent-1"
MAX_PAUSED_REVISION = 1000  # beyond it nothing is paused any more; whatever ends a consent is always possible
_FIELDS = (
    "schema_version",
    "record_id",
    "pii_principal_id",
    "revision",
    "previous",
    "pii_controller",
    "purpose",
    "lawful_basis",
    "pii_requested",
    "pii_granted",
    "privacy_notice",
    "collection_method",
    "answer_by",
    "valid_from",
    "valid_to",
    "frequency",
    "retention_days",
    "jurisdiction",
    "controller_reference",
    "superseded_by",
    "invalidated_for",
    "event",
    "evidence",
)
_EVIDENCE = ("by", "request", "session", "holder", "account", "assistant", "office")


@dataclass(frozen=True, slots=True)
class Revision:
    """One link of the chain. `number` counts from 1, which alone has no `previous_hash`."""

    number: int
    previous_hash: bytes | None
    hash: bytes
    document: Mapping[str, Any] = field(repr=False)
    at: datetime


def begin(record: ConsentRecord, at: datetime) -> Revision:
    """The first revision, of a record that was just requested or imported."""
    return _revision(record, _first_event(record), None, at)


def revise(head: Revision, act: Act, now: datetime, *, used: int) -> tuple[ConsentRecord, Revision]:
    """The record after the act, and its revision. `head`: the newest revision there is. Raises as `apply` does.

    The instant is never before the head's: clocks of several servers differ, and nobody waits for them to withdraw.
    """
    at = max(now, head.at)
    if isinstance(act, Pause) and head.number >= MAX_PAUSED_REVISION:
        raise Conflict("the consent was paused too often")
    record = apply(record_of(head), act, at, used=used)
    return record, _revision(record, act.event, head, at)


def replay(revisions: Sequence[Revision], head: bytes) -> ConsentRecord:
    """The record that the chain ends in. `head`: the newest hash as it is kept elsewhere; nothing else shows a cut at the end.

    Raises Invalid, whose path is the place of the first broken link: a revision that was altered, left out, put in, put
    elsewhere or split off.
    """
    record, last = None, None
    for place, revision in enumerate(revisions):
        try:
            record, last = _follow(record, last, revision), revision
        except SijilError:
            raise Invalid("the chain is broken", path=(place,)) from None
    if record is None or last is None or last.hash != head:
        raise Invalid("the chain does not end where it should", path=(len(revisions),))
    return record


def _follow(record: ConsentRecord | None, last: Revision | None, revision: Revision) -> ConsentRecord:
    """The record of the next revision, if it is the one that what it says happened makes of the last."""
    expected, event = _read(revision)
    place = (1, None) if last is None else (last.number + 1, last.hash)
    if (revision.number, revision.previous_hash) != place or (last is not None and revision.at < last.at):
        raise Invalid("not the next revision")
    if record is None:
        if event is not _first_event(expected) or expected.stored is not after(None, event):
            raise Invalid("not a beginning")
        check_actor(event, expected.evidence)
    elif apply(record, _act(event, expected), revision.at, used=0) != expected:
        raise Invalid("not what the act makes of the record")
    return expected


def _first_event(record: ConsentRecord) -> Event:
    return Event.IMPORTED if record.method is Method.IMPORTED else Event.REQUESTED


def _act(event: Event, record: ConsentRecord) -> Act:
    """What was done, told by the record that came of it."""
    evidence = record.evidence
    match event:
        case Event.GRANTED | Event.DECLINED if record.notice is not None and record.notice.language is not None:
            return Answer(record.granted, record.notice.language, evidence)
        case Event.WITHDRAWN:
            return Withdraw(evidence)
        case Event.PAUSED:
            return Pause(evidence)
        case Event.RESUMED:
            return Resume(evidence)
        case Event.SUPERSEDED if record.superseded_by is not None:
            return Supersede(record.superseded_by, evidence)
        case Event.INVALIDATED if record.reason is not None:
            return Invalidate(record.reason, evidence)
    raise Invalid("nothing that is done to a record")


# --- the document


def _revision(record: ConsentRecord, event: Event, last: Revision | None, at: datetime) -> Revision:
    number, previous = (1, None) if last is None else (last.number + 1, last.hash)
    document = _document(record, event, number, previous, at)
    return Revision(number, previous, sha256(plain_json(document)).digest(), document, at)


def _document(record: ConsentRecord, event: Event, number: int, previous: bytes | None, at: datetime) -> dict[str, Any]:
    notice, limit, evidence = record.notice, record.frequency, record.evidence
    return {
        "schema_version": SCHEMA,
        "record_id": str(record.consent_id),
        "pii_principal_id": str(record.person_id),
        "revision": number,
        "previous": _hex(previous),
        "pii_controller": {"id": str(record.agency), "code": record.agency_code},
        "purpose": record.purpose.value,
        "lawful_basis": "CONSENT",
        "pii_requested": sorted(record.requested),
        "pii_granted": sorted(record.granted),
        "privacy_notice": None
        if notice is None
        else {
            "version": notice.version,
            "hash": notice.hash.hex(),
            "language": None if notice.language is None else notice.language.lower(),
        },
        "collection_method": record.method.value,
        "answer_by": None if record.answer_by is None else _time(record.answer_by),
        "valid_from": _time(record.valid_from),
        "valid_to": _time(record.valid_to),
        "frequency": None if limit is None else {"uses": limit.uses, "window": limit.window.value},
        "retention_days": record.data_life_days,
        "jurisdiction": record.jurisdiction,
        "controller_reference": record.reference,
        "superseded_by": _id(record.superseded_by),
        "invalidated_for": None if record.reason is None else record.reason.value,
        "event": {"type": event.value, "state": record.stored.value, "time": _time(at)},
        "evidence": {
            "by": evidence.by.value,
            "request": str(evidence.request_id),
            "session": _hex(evidence.session),
            "holder": _id(evidence.holder),
            "account": _id(evidence.account),
            "assistant": _id(evidence.assistant),
            "office": _id(evidence.office),
        },
    }


def record_of(revision: Revision) -> ConsentRecord:
    """The record as it was after a revision. Raises Invalid where the revision does not read as one that was written here."""
    return _read(revision)[0]


def revision_of(document: Mapping[str, Any]) -> Revision:
    """The revision that a document is. Raises Invalid where it is none."""
    try:
        fields = Node(dict(document)).record(_FIELDS)
        number, previous = fields["revision"].integer(1, MAX_NUMBER), fields["previous"]
        previous_hash = None if previous.value is None else bytes.fromhex(previous.text())
        at = fields["event"].record(("type", "state", "time"))["time"].instant()
        revision = Revision(number, previous_hash, sha256(plain_json(document)).digest(), document, at)
    except (ValueError, TypeError):
        raise Invalid("not a revision") from None
    _read(revision)
    return revision


def _read(revision: Revision) -> tuple[ConsentRecord, Event]:
    """What a revision says. Raises Invalid unless it says so in the one form there is, to the byte, and its hash fits."""
    try:
        record, event = _parse(revision.document)
        first = revision.number == 1 and revision.previous_hash is None
        later = revision.number > 1 and revision.previous_hash is not None and len(revision.previous_hash) == HASH_BYTES
        written = plain_json(_document(record, event, revision.number, revision.previous_hash, revision.at))
        # Compared as bytes: to Python, true and 1.0 are 1.
        same = plain_json(revision.document) == written and sha256(written).digest() == revision.hash
        sound = same and (first or later)
    except (ValueError, TypeError, LookupError, OverflowError):
        sound = False
    if not sound:
        raise Invalid("not a revision")
    return record, event


def _parse(document: Mapping[str, Any]) -> tuple[ConsentRecord, Event]:
    fields = Node(dict(document)).record(_FIELDS)
    controller = fields["pii_controller"].record(("id", "code"))
    event = fields["event"].record(("type", "state", "time"))
    record = ConsentRecord(
        consent_id=_uuid(fields["record_id"]),
        person_id=_uuid(fields["pii_principal_id"]),
        agency=_uuid(controller["id"]),
        agency_code=controller["code"].text(MAX_CODE),
        purpose=fields["purpose"].choice(Purpose),
        requested=frozenset(item.text() for item in fields["pii_requested"].items()),
        granted=frozenset(item.text() for item in fields["pii_granted"].items(least=0)),
        notice=_notice(fields["privacy_notice"]),
        method=fields["collection_method"].choice(Method),
        stored=event["state"].choice(State),
        answer_by=None if fields["answer_by"].value is None else fields["answer_by"].instant(),
        valid_from=fields["valid_from"].instant(),
        valid_to=fields["valid_to"].instant(),
        frequency=_frequency(fields["frequency"]),
        data_life_days=fields["retention_days"].integer(1, MAX_DATA_LIFE_DAYS),
        reference=None if fields["controller_reference"].value is None else fields["controller_reference"].text(),
        evidence=_evidence(fields["evidence"]),
        superseded_by=_uuid_or_none(fields["superseded_by"]),
        reason=None if fields["invalidated_for"].value is None else fields["invalidated_for"].choice(Reason),
        jurisdiction=fields["jurisdiction"].text(),
    )
    return record, event["type"].choice(Event)


def _notice(node: Node) -> NoticeRef | None:
    if node.value is None:
        return None
    fields = node.record(("version", "hash", "language"))
    language = fields["language"]
    return NoticeRef(
        fields["version"].integer(1, MAX_NUMBER),
        bytes.fromhex(fields["hash"].text()),
        None if language.value is None else LANGS[language.text()],
    )


def _frequency(node: Node) -> Frequency | None:
    if node.value is None:
        return None
    fields = node.record(("uses", "window"))
    return Frequency(fields["uses"].integer(1, MAX_USES), fields["window"].choice(Window))


def _evidence(node: Node) -> Evidence:
    fields = node.record(_EVIDENCE)
    return Evidence(
        by=fields["by"].choice(By),
        request_id=_uuid(fields["request"]),
        session=None if fields["session"].value is None else bytes.fromhex(fields["session"].text()),
        holder=_uuid_or_none(fields["holder"]),
        account=_uuid_or_none(fields["account"]),
        assistant=_uuid_or_none(fields["assistant"]),
        office=_uuid_or_none(fields["office"]),
    )


def _uuid(node: Node) -> UUID:
    return UUID(node.text(36))


def _uuid_or_none(node: Node) -> UUID | None:
    return None if node.value is None else _uuid(node)


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
