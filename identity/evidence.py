"""Evidence: files that show something about a person, given for a request to be enrolled, for a change, or for a new status.

Files lie in the storage, sealed under the data key of the person (or of who is to become one), and are opened for the person
and for who deals with that request where the person resides. A file is written before its row commits; one that no row names
is swept away a day later (`sweep`), which is also how erased files go: they are noise from the moment that the key is gone.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import ActorKind, Call, allow
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Scope
from core.database import Reader, Row
from core.errors import Conflict, Forbidden, Internal, Invalid, NotFound
from core.ids import made_before, uuid7
from core.keys import KeyRing
from core.storage import Storage
from identity.media import MediaType, sniffed
from identity.models import Person
from identity.register_models import Evidence
from identity.self_view import disclose_own, person_of
from identity.store import RESIDENCE

SEALED: Final = "evidence.bytes"
MAX_FILES: Final = 20  # of one request
KEPT_UNNAMED: Final = timedelta(days=1)
FIELD: Final = "evidence"
_BATCH: Final = 1_000


class EvidenceKind(StrEnum):
    CNIE = "CNIE"
    RESIDENCE_PERMIT = "RESIDENCE_PERMIT"
    PASSPORT = "PASSPORT"
    BIRTH_RECORD = "BIRTH_RECORD"
    GUARDIANSHIP = "GUARDIANSHIP"
    DEATH_RECORD = "DEATH_RECORD"
    MARRIAGE_RECORD = "MARRIAGE_RECORD"
    JUDGEMENT = "JUDGEMENT"
    PROOF_OF_ADDRESS = "PROOF_OF_ADDRESS"
    PHOTO = "PHOTO"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Cabinet:
    """Where files are kept, and how large one may be."""

    storage: Storage
    most_bytes: int


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """`request_id`: the change it was given for, if it was. `content`: only where it was asked for."""

    person_id: UUID
    evidence_id: UUID
    request_id: UUID | None
    kind: EvidenceKind
    media_type: MediaType
    size: int
    added_at: datetime
    by_holder: bool
    content: bytes | None = None


# Who may add evidence, and who may look at it, by what it is for.
_MAKE_ENROLMENT = frozenset({Scope.ENROLMENT_MAKE})
_OF_ENROLMENT = _MAKE_ENROLMENT | {Scope.ENROLMENT_DECIDE}
_MAKE_CHANGE = frozenset({Scope.CHANGE_REQUEST})
_OF_CHANGE = _MAKE_CHANGE | {Scope.CHANGE_DECIDE}
_MAKE_OTHER = _MAKE_CHANGE | {Scope.STATUS_CHANGE}
_OF_OTHER = _OF_CHANGE | {Scope.STATUS_CHANGE, Scope.ENROLMENT_DECIDE}
_ALL = _OF_ENROLMENT | _OF_OTHER

_RECORD = """
select asked.person_id, coalesce(p.data_key, e.data_key) as data_key, p.person_id is not null as registered, p.residence,
       e.state, e.division, e.begun_by, e.applicant_id, c.request_id, c.state as request_state
  from (select $1::uuid as person_id) asked
  left join person p on p.person_id = asked.person_id and p.status <> 'DECOY'
  left join enrolment e on e.person_id = asked.person_id
  left join change_request c on c.person_id = asked.person_id and c.request_id = $2
 where coalesce(p.data_key, e.data_key) is not null"""
_FILES = """
select evidence_id, request_id, kind, media_type, size, digest, added_at, added_by
  from evidence where person_id = $1 and ($2::uuid is null or evidence_id = $2)
 order by evidence_id"""
_OPEN = frozenset({"SUBMITTED", "IN_REVIEW"})


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom evidence is about, as far as the caller is concerned."""

    row: Row
    record: SealedRecord
    holder: UUID | None  # the caller's, where it is a citizen

    @property
    def person(self) -> UUID:
        return self.record.owner


@allow(Scope.SELF_READ)
async def add_evidence(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    cabinet: Cabinet,
    *,
    person: UUID | None,
    request: UUID | None,
    kind: EvidenceKind,
    content: bytes | None,
    said: str | None = None,
) -> tuple[UUID, UUID]:
    """Person and id of the evidence. `person`: somebody registered, or who is to be; None: the caller, or the caller's ward.
    `content`: None for what could not be read. `said`: the media type that it came with.

    The same file for the same request is added once. Raises Forbidden to who deals with nobody's requests, NotFound for what
    is not the caller's to deal with, Conflict where it was decided or has all the files it may have, Invalid for the file.
    """
    subject = await _subject(reading, call, person, request, "addEvidence", making=True)
    _refuse_unless_open(subject.row, request)
    content, media = _checked(content, said, cabinet)
    await connection.exec_driver_sql("select pg_advisory_xact_lock(hashtextextended($1, 0))", (str(subject.person),))
    digest = _digest(reading.keys, subject.person, content)
    given_for = (
        is_loose() if request is None and subject.row["registered"] else Evidence.request_id.is_not_distinct_from(request)
    )
    its = (Evidence.person_id == subject.person) & given_for
    there = (await connection.execute(select(Evidence.evidence_id, Evidence.digest, Evidence.kind).where(its))).all()
    same = next((row for row in there if hmac.compare_digest(row.digest, digest) and row.kind == kind), None)
    if same is not None:
        return subject.person, same.evidence_id
    if len(there) >= MAX_FILES:
        raise Conflict(f"one request has at most {MAX_FILES} files", path=("content",))
    evidence = uuid7(call.now)
    await cabinet.storage.put(evidence, subject.record.key.seal_bytes(SEALED, evidence, content))
    row = {
        "person_id": subject.person,
        "evidence_id": evidence,
        "request_id": request,
        "kind": kind.value,
        "media_type": media.value,
        "size": len(content),
        "digest": digest,
        "added_at": call.now,
        "added_by": call.actor.id,
    }
    await connection.execute(insert(Evidence).values(row))
    return subject.person, evidence


@allow(Scope.SELF_READ)
async def evidence_list(reading: Reading, call: Call, *, person: UUID | None) -> list[EvidenceView]:
    """What was given about somebody (None: the caller, or the ward), the oldest first, as far as the caller deals with it.

    Raises as `add_evidence` does. Of staff it is a look at that person, and recorded.
    """
    subject = await _subject(reading, call, person, None, FIELD, making=False)
    rows = await reading.ask(_FILES, subject.person, None)
    return [_view(subject, row) for row in rows if _may_see(call, subject, row)]


@allow(Scope.SELF_READ)
async def evidence_file(
    reading: Reading, call: Call, storage: Storage, *, person: UUID | None, evidence: UUID, content: bool
) -> EvidenceView:
    """One of them, with its content if so. Raises as `evidence_list` does, NotFound also for another's."""
    subject = await _subject(reading, call, person, None, FIELD, making=False)
    rows = await reading.ask(_FILES, subject.person, evidence)
    if not rows or not _may_see(call, subject, rows[0]):
        raise _unknown("id")
    if not content:
        return _view(subject, rows[0])
    found = subject.record.key.open_bytes(SEALED, evidence, await storage.get(evidence))
    if not hmac.compare_digest(_digest(reading.keys, subject.person, found), rows[0]["digest"]):
        raise Internal("a file is not the one that was given")
    return _view(subject, rows[0], found)


# --- for who decides by it


async def attach_evidence(connection: AsyncConnection, *, person: UUID, request: UUID, evidence: Collection[UUID]) -> None:
    """From here on these files, given for nothing in particular, are that request's. Raises Invalid where one is not there."""
    if not evidence:
        return
    its = (Evidence.person_id == person) & Evidence.evidence_id.in_(evidence) & is_loose()
    done = await connection.execute(update(Evidence).where(its).values(request_id=request))
    if done.rowcount != len(set(evidence)):
        raise Invalid("no such evidence, or it is another request's", path=("evidence",))


def is_loose() -> Any:
    """Whether it was given for nothing yet: what was given before somebody was enrolled is the enrolment's."""
    enrolled_at = select(Person.enrolled_at).where(Person.person_id == Evidence.person_id).scalar_subquery()
    return Evidence.request_id.is_(None) & (Evidence.added_at >= enrolled_at)


async def evidence_kinds(connection: AsyncConnection, *, person: UUID, request: UUID | None) -> list[EvidenceKind]:
    """What was given for a change; without one, for the enrolment, or for nothing in particular."""
    its = (Evidence.person_id == person) & Evidence.request_id.is_not_distinct_from(request)
    found = await connection.scalars(select(Evidence.kind).where(its).order_by(Evidence.evidence_id))
    return [EvidenceKind(kind) for kind in found]


async def erase_evidence(connection: AsyncConnection, person: UUID) -> int:
    """Forgets all evidence about somebody: how many files no row names any more. `sweep` removes them."""
    return (await connection.execute(delete(Evidence).where(Evidence.person_id == person))).rowcount


_UNNAMED = """
select name from unnest($1::uuid[]) name
 where not exists (select from evidence where evidence_id = name)
   and not exists (select from person_file where file_id = name or result_id = name)"""


async def sweep(storage: Storage, reader: Reader, now: datetime, part: int) -> int:
    """Removes the files of one part of the storage that no row has named for a day, and torn ones. How many it were."""
    until = now - KEPT_UNNAMED
    torn = {name for name in await storage.drafts(part) if made_before(name, until)}
    for name in torn:
        await storage.forget_drafts(name)
    swept = len(torn)
    old = [name for name in await storage.names(part) if made_before(name, until)]
    for at in range(0, len(old), _BATCH):
        for row in await reader.ask(_UNNAMED, old[at : at + _BATCH]):
            await storage.delete(row["name"])
            swept += 1
    return swept


# --- whose it is


async def _subject(
    reading: Reading, call: Call, person: UUID | None, request: UUID | None, root_field: str, *, making: bool
) -> _Subject:
    """Raises Forbidden before anything is looked up, NotFound for whoever is not the caller's to deal with."""
    citizen = call.actor.kind is ActorKind.CITIZEN
    if not call.actor.scopes & ({Scope.SELF_MANAGE} if citizen else _ALL):
        raise Forbidden("this is for who deals with such requests")
    if person is None:
        person = person_of(call)
    rows = await reading.ask(_RECORD, person, request)
    if not rows or (request is not None and rows[0]["request_id"] is None):
        raise _unknown("person" if not rows else "request")
    row = rows[0]
    record = SealedRecord(person, reading.keys.masters.unwrap(person, row["data_key"]), {RESIDENCE: row["residence"]})
    if citizen:
        own = row["registered"] and person == call.actor.person
        if not own and (row["registered"] or row["applicant_id"] is None or row["applicant_id"] != call.actor.holder):
            raise _unknown("person")
        disclose_own(record, reading, call, root_field)
        return _Subject(row, record, call.actor.holder)
    scopes = _scopes(row, request, making=making)
    disclosure = reading.disclose(
        decide_upkeep(*([RESIDENCE] if row["registered"] else [])), record, call, subject=person, root_field=root_field
    )
    if row["registered"]:
        _, division = disclosure.compare(RESIDENCE, Use.MATCH, lambda its: its.open(RESIDENCE))
    else:
        division = row["division"]
    if not _reaches(call, scopes, row, division):
        raise _unknown("person")
    return _Subject(row, record, call.actor.holder)


def _scopes(row: Row, request: UUID | None, *, making: bool) -> frozenset[Scope]:
    if not row["registered"]:
        return _MAKE_ENROLMENT if making else _OF_ENROLMENT
    if not making:
        return _OF_OTHER  # of which each file needs its own
    return _MAKE_OTHER if request is None else _MAKE_CHANGE


def _reaches(call: Call, scopes: frozenset[Scope], row: Row, division: str | None) -> bool:
    """Where the person resides; a draft that does not say so yet is of who began it."""
    if any(call.actor.reaches(scope, None if division is None else [division]) for scope in scopes):
        return True
    begun = not row["registered"] and division is None and row["begun_by"] is not None
    return begun and row["begun_by"] == call.actor.account and bool(scopes & call.actor.scopes)


def _may_see(call: Call, subject: _Subject, row: Row) -> bool:
    if call.actor.kind is ActorKind.CITIZEN or not subject.row["registered"]:
        return True
    return bool(call.actor.scopes & (_OF_OTHER if row["request_id"] is None else _OF_CHANGE))


def _refuse_unless_open(row: Row, request: UUID | None) -> None:
    if request is not None and row["request_state"] not in _OPEN:
        raise Conflict("this was decided already", path=("request",))
    if not row["registered"] and row["state"] not in _OPEN | {"DRAFT"}:
        raise Conflict("this was decided already", path=("person",))


def _checked(content: bytes | None, said: str | None, cabinet: Cabinet) -> tuple[bytes, MediaType]:
    if content is None:
        raise Invalid("not base64", path=("content",))
    if not content:
        raise Invalid("the file is empty", path=("content",))
    if len(content) > cabinet.most_bytes:
        raise Invalid(f"the file is larger than {cabinet.most_bytes // 1024} kB", path=("content",))
    return content, sniffed(content, said, "content")


def _digest(keys: KeyRing, person: UUID, content: bytes) -> bytes:
    """Keyed, and another for each person: it does not tell that two people have shown the same file."""
    return keys.index("EVIDENCE", f"{person}\0{sha256(content).hexdigest()}")


def _view(subject: _Subject, row: Row, content: bytes | None = None) -> EvidenceView:
    holders = subject.person, subject.row["applicant_id"], subject.holder
    return EvidenceView(
        person_id=subject.person,
        evidence_id=row["evidence_id"],
        request_id=row["request_id"],
        kind=EvidenceKind(row["kind"]),
        media_type=MediaType(row["media_type"]),
        size=row["size"],
        added_at=row["added_at"],
        by_holder=row["added_by"] is not None and row["added_by"] in holders,
        content=content,
    )


def _unknown(part: str) -> NotFound:
    return NotFound("nothing that you deal with", path=(part,))
