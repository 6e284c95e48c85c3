"""Making unreadable all that is sealed of somebody: the wrapped key goes, and with it everything that it opens.

Proposed by one, approved by another. What was sealed under the key is noise from then on, wherever it lies: in the record, its
history, requests, messages, the ledger, files. In an older backup it opens as long as a master key is kept that wrapped the key
there: once that version is retired (`core/rewrapping.py`), nowhere.

What stays: that there was somebody (a row without a name, CANCELLED), the hashes of the IDCS and of virtual numbers, which are
given to nobody again and lead to nobody, and the ledger, whose leaves are commitments and still verify. Who is asked for by
any of it is a stranger.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import ledger
from access.account_models import OneTimeCode
from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import Call, allow
from access.catalogue import Use
from access.decision import Status, decide_upkeep
from access.disclosure import Disclosure, SealedRecord
from access.models import Message
from access.reading import Reading
from access.rights import Scope
from access.sessions import end_sessions_of
from access.territory import division_code
from core.database import Row, raw
from core.documents import Node
from core.errors import Conflict, Invalid, NotFound
from core.ids import uuid7
from core.keys import KeyRing
from core.texts import checked_text
from identity.imports import INDEXED
from identity.models import Identifier, Person, TelephoneChange, TelephoneWitness
from identity.register_models import BlockingKey, DuplicateCase, Enrolment, PersonAlias, VirtualId
from identity.store import PARTS, RESIDENCE, SEALED_PARTS, column, record_of

PERSON_ERASED = "PERSON_ERASED"
REASON = "ERASED"  # of the status
FIELD = "erasePerson"
MAX_REFERENCE = 100
NOTHING = b""  # in the place of a sealed value that a row must have
# The hashes of these stay: they are given to nobody again.
_TOMBSTONES = frozenset({"IDCS"})
_COLUMNS = ", ".join(column(part) for part in SEALED_PARTS)
_RECORD = f"select person_id, data_key, status, {_COLUMNS} from person where person_id = $1 and status <> 'DECOY'"
_RECORDS = text(
    """with recursive its (person_id) as (
           select cast(:person as uuid)
           union select a.person_id from person_alias a join its on a.survivor_id = its.person_id where a.undone_at is null)
       select person_id from its order by person_id"""
)
Forgetting = Callable[[AsyncConnection, Call, UUID], Awaitable[None]]


class ErasureReason(StrEnum):
    """On what an erasure rests."""

    JUDGEMENT = "JUDGEMENT"
    UNLAWFUL_ENROLMENT = "UNLAWFUL_ENROLMENT"
    RETENTION_OVER = "RETENTION_OVER"
    ON_REQUEST = "ON_REQUEST"


@dataclass(frozen=True, slots=True)
class _Change:
    person: UUID
    division: str | None


def acts(keys: KeyRing, *forgetting: Forgetting) -> tuple[Act, ...]:
    """The dangerous act of this module. `forgetting`: what is done in the same transaction by who keeps more of a person.

    PERSON_ERASED   {person, division | null, reason, reference | null}   division: where the person resides
    """

    async def before(connection: AsyncConnection, _: Call, change: Document) -> Document:
        its = _parsed(change)
        await connection.execute(select(Person.person_id).where(Person.person_id == its.person).with_for_update())
        row = await _record(connection, its.person)
        if record_of(row, keys, (RESIDENCE,)).open(RESIDENCE) != its.division:  # by which it is said who may approve it
            raise Conflict("the person has moved", path=("division",))
        return {"status": row["status"]}

    async def apply(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        await erase_person(connection, call, keys, approved, change=change, forgetting=forgetting)
        return {"person": change["person"]}

    return (Act(PERSON_ERASED, Scope.PERSON_ERASE, _territory, before, apply),)


@allow(Scope.PERSON_ERASE)
async def erasure(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    *,
    person: UUID,
    reason: ErasureReason,
    reference: str | None,
) -> Document:
    """The change that PERSON_ERASED makes of that person. The look at where the person resides is recorded.

    Raises NotFound for nobody and for who resides where the caller may not do this, Invalid for the reference.
    """
    row = await _record(connection, person)
    disclosure = reading.disclose(
        decide_upkeep(RESIDENCE), record_of(row, reading.keys, SEALED_PARTS), call, subject=person, root_field=FIELD
    )
    _, division = disclosure.compare(RESIDENCE, Use.MATCH, lambda record: record.open(RESIDENCE))
    if not call.actor.reaches(Scope.PERSON_ERASE, None if division is None else [division]):
        raise _unknown()
    change = {"person": str(person), "division": division, "reason": reason.value, "reference": reference}
    _parsed(change)
    return change


@allow(Scope.PERSON_ERASE)
async def erase_person(
    connection: AsyncConnection,
    call: Call,
    keys: KeyRing,
    approved: Approved,
    *,
    change: Document,
    forgetting: Sequence[Forgetting] = (),
) -> None:
    """Erases somebody, and the records that were merged into theirs, approved as PERSON_ERASED.

    Raises Invalid for what is no such change, NotFound for nobody, Conflict for who was erased.
    """
    refuse_unless_approved(approved, PERSON_ERASED, change)
    person = _parsed(change).person
    # Held before it is asked what was merged into it: until the transaction ends nothing more is.
    await connection.execute(select(Person.person_id).where(Person.person_id == person).with_for_update())
    people = list(await connection.scalars(_RECORDS, {"person": person}))
    await connection.execute(select(Person.person_id).where(Person.person_id.in_(people)).with_for_update())
    for each in people:
        found = await _record(connection, each)
        await _enter(connection, call, keys, each, found)
        # Others may have the same telephone; those of a merged record may lead to the one it was merged into.
        its = Identifier.hash.in_(_hashes(keys, record_of(found, keys, SEALED_PARTS))) & Identifier.owner_id.in_(people)
        await connection.execute(delete(Identifier).where(its))
        await end_sessions_of(connection, call.now, each)
        for forget in forgetting:
            await forget(connection, call, each)
    changes = list(await connection.scalars(select(TelephoneChange.change_id).where(TelephoneChange.person_id.in_(people))))
    # Also what was typed about them where nothing could come of it: it hangs on no change of theirs.
    shown = TelephoneWitness.change_id.in_(changes) | TelephoneWitness.applicant_id.in_(people)
    await connection.execute(delete(TelephoneWitness).where(shown))
    waiting = TelephoneChange.applied_at.is_(None) & TelephoneChange.stopped_at.is_(None)
    stopped = update(TelephoneChange).where(TelephoneChange.person_id.in_(people) & waiting)
    await connection.execute(stopped.values(stopped_at=call.now))
    codes = OneTimeCode.owner_id.in_(people) & OneTimeCode.used_at.is_(None)
    await connection.execute(update(OneTimeCode).where(codes).values(used_at=call.now))
    await connection.execute(delete(BlockingKey).where(BlockingKey.person_id.in_(people)))
    # The hashes of what was led over by a merge, which nobody leads back any more.
    merged = PersonAlias.person_id.in_(people) | PersonAlias.survivor_id.in_(people)
    await connection.execute(update(PersonAlias).where(merged).values(moved={}))
    numbers = {"number": NOTHING, "revoked_at": func.coalesce(VirtualId.revoked_at, call.now)}
    await connection.execute(update(VirtualId).where(VirtualId.person_id.in_(people)).values(numbers))
    forms = {"data_key": None, "form": None, "form_hash": None}
    await connection.execute(update(Enrolment).where(Enrolment.person_id.in_(people)).values(forms))
    for double in await connection.scalars(_refused_doubles(people)):
        await connection.execute(update(Enrolment).where(Enrolment.person_id == double).values(forms))
        for forget in forgetting:
            await forget(connection, call, double)
    # What waits to be sent finds that there is nobody (`access/sending.py`).
    kept = case((Message.body.is_(None), None), else_=NOTHING)
    await connection.execute(update(Message).where(Message.owner_id.in_(people)).values(body=kept, recipient=NOTHING))
    await connection.execute(update(Person).where(Person.person_id.in_(people)).values(_tombstone(call)))


def _refused_doubles(people: Sequence[UUID]) -> Any:
    """Requests that were refused because they are these people once more: what was declared there is of them, too."""
    same = select(DuplicateCase.person_id).where(DuplicateCase.other_id.in_(people), DuplicateCase.state == "SAME")
    its = (Enrolment.state == "REJECTED") & Enrolment.data_key.is_not(None)
    return select(Enrolment.person_id).where(its, Enrolment.person_id.in_(same)).with_for_update()


def _tombstone(call: Call) -> dict[str, Any]:
    needed = {name for name, part in Person.__table__.columns.items() if not part.nullable}
    noise = {name: NOTHING if name in needed else None for name in map(column, SEALED_PARTS)}
    state = {"status": Status.CANCELLED, "status_since": call.now, "status_until": None, "status_reason": REASON}
    return noise | state | {"data_key": None, "lang": None}


async def _enter(connection: AsyncConnection, call: Call, keys: KeyRing, person: UUID, row: Row) -> None:
    """That it was done, and by whom, in the ledger: what it says of the person nobody reads any more."""
    record = record_of(row, keys, SEALED_PARTS)
    decision = decide_upkeep(*PARTS)
    disclosure = Disclosure(decision, record, subject=person, entry_id=uuid7(call.now), field=FIELD)
    for kind in sorted(INDEXED):
        disclosure.compare(INDEXED[kind].split(":")[0], Use.MATCH, lambda _: None)
    await ledger.LEDGER.apply(await raw(connection), [(0, ledger.entry(disclosure, call))])


def _hashes(keys: KeyRing, record: SealedRecord) -> list[bytes]:
    """Under which whatever leads to somebody is kept, but for what stays a tombstone."""
    values = {kind: record.open(part) for kind, part in INDEXED.items() if kind not in _TOMBSTONES}
    return [keys.index(kind, value, version) for kind, value in values.items() if value is not None for version in keys.indexes]


async def _record(connection: AsyncConnection, person: UUID) -> Row:
    row = await (await raw(connection)).fetchrow(_RECORD, person)
    if row is None:
        raise _unknown()
    if row["data_key"] is None:
        raise Conflict("this person was erased already", path=("person",))
    return row


def _unknown() -> NotFound:
    return NotFound("no such person", path=("person",))


def _territory(change: Document) -> Collection[str] | None:
    return None if change["division"] is None else [change["division"]]


def _parsed(change: Document) -> _Change:
    fields = Node(dict(change)).record(("person", "division", "reason", "reference"))
    division = None if fields["division"].value is None else division_code(fields["division"].text(16))
    fields["reason"].choice(ErasureReason)
    if fields["reference"].value is not None:
        try:
            checked_text(fields["reference"].text(MAX_REFERENCE), MAX_REFERENCE)
        except Invalid as fault:
            raise Invalid(fault.message, path=("reference",)) from None
    return _Change(fields["person"].id(), division)
