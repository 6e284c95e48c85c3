"""The life of a record: suspended, restored, closed at a death or for another reason, opened again where the death was none.

Each step is proposed by one and approved by another (`access/approval.py`), where the person resides. It counts from the
approval on, for every question that anybody asks; a suspension that has an end is over by itself.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import ledger, notices
from access.account_models import OneTimeCode
from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import Call, allow, system
from access.catalogue import Use
from access.decision import Status, decide_upkeep
from access.disclosure import Disclosure
from access.notices import Notice
from access.reading import Reading
from access.rights import Scope
from access.sessions import end_sessions_of
from access.territory import division_code
from core.database import Row, raw
from core.dates import PartialDate
from core.documents import Node
from core.errors import Conflict, Invalid, NotFound
from core.events import Events
from core.ids import uuid7
from core.jobs import Kind, Work, enqueue
from core.keys import KeyRing
from identity.evidence import attach_evidence, is_loose
from identity.lifecycle_states import (
    MAX_EVIDENCE,
    Standing,
    StatusChange,
    StatusReason,
    StatusStep,
    begins,
    refuse_unless_shown,
    refuse_unless_sound,
    standing_at,
)
from identity.models import Person
from identity.register_models import Evidence
from identity.revisions import REASON, STATUS, UNTIL, Cause, Source, write_revision
from identity.store import RESIDENCE, record_of
from identity.telling import concerned, tell_all

PERSON_STATUS: Final = "PERSON_STATUS"
FIELD: Final = "changePersonStatus"
BIRTH: Final = "person.birth_date"
ENDING = Kind("suspension-end", attempts=10)
_CLOSED = frozenset({Status.DECEASED, Status.CANCELLED})
_MEMBERS = ("person", "division", "step", "reason", "effective_on", "until", "evidence")
_ROW = """
select person_id, data_key, status, status_since, status_until, status_reason, birth_date, residence
  from person where person_id = $1 and status <> 'DECOY' and data_key is not null"""


@dataclass(frozen=True, slots=True)
class PersonStatusChanged:
    """Told in the transaction that changes it; of a suspension that ended by itself, a little later."""

    person: UUID
    was: Status
    becomes: Status
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class _Change:
    person: UUID
    division: str | None
    its: StatusChange
    evidence: tuple[UUID, ...]


def acts(keys: KeyRing, events: Events) -> tuple[Act, ...]:
    """The dangerous act of this module.

    PERSON_STATUS   {person, division | null, step, reason, effective_on, until | null, evidence: [id]}
                    division: where the person resides
    """

    async def before(connection: AsyncConnection, call: Call, change: Document) -> Document:
        its = _parsed(change)
        row = await _row(connection, its.person, hold=True)
        standing = _standing(row, call)
        refuse_unless_sound(its.its, standing, call.now, None)
        if record_of(row, keys, (RESIDENCE, BIRTH)).open(RESIDENCE) != its.division:  # by which it is said who may approve it
            raise Conflict("the person has moved", path=("division",))
        await _shown(connection, its)
        return {"status": standing.status.value, "since": standing.since.isoformat()}

    async def apply(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        await change_status(connection, call, keys, approved, change=change, events=events)
        return {"person": change["person"]}

    return (Act(PERSON_STATUS, Scope.STATUS_CHANGE, _territory, before, apply),)


@allow(Scope.STATUS_CHANGE)
async def status_change(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    *,
    person: UUID,
    step: StatusStep,
    reason: StatusReason,
    effective_on: date,
    until: date | None,
    evidence: Collection[UUID],
) -> Document:
    """The change that PERSON_STATUS makes of that person. The look at birth and residence is recorded.

    Raises NotFound for nobody and for who resides where the caller may not do this; Conflict for a step that cannot be taken;
    Invalid, with its path, for all else that is wrong (`lifecycle_states.py`), and for evidence that is not this person's.
    """
    row = await _row(connection, person)
    record = record_of(row, reading.keys, (RESIDENCE, BIRTH))
    disclosure = reading.disclose(decide_upkeep(RESIDENCE, BIRTH), record, call, subject=person, root_field=FIELD)
    _, division = disclosure.compare(RESIDENCE, Use.MATCH, lambda its: its.open(RESIDENCE))
    if not call.actor.reaches(Scope.STATUS_CHANGE, None if division is None else [division]):
        raise _unknown()
    change = {
        "person": str(person),
        "division": division,
        "step": step.value,
        "reason": reason.value,
        "effective_on": effective_on.isoformat(),
        "until": None if until is None else until.isoformat(),
        "evidence": sorted({str(each) for each in evidence}),
    }
    if not change["evidence"] or len(evidence) > MAX_EVIDENCE:
        raise Invalid(f"a change of the status is shown by evidence: 1 to {MAX_EVIDENCE} files", path=("evidence",))
    its = _parsed(change)
    refuse_unless_sound(its.its, _standing(row, call), call.now, _born(disclosure))
    await _shown(connection, its)
    return change


@allow(Scope.STATUS_CHANGE)
async def change_status(
    connection: AsyncConnection, call: Call, keys: KeyRing, approved: Approved, *, change: Document, events: Events
) -> None:
    """Makes a change approved as PERSON_STATUS, at once. The person and the guardians are told; of who died all sessions end.

    Raises as `status_change` does, for what has changed meanwhile.
    """
    refuse_unless_approved(approved, PERSON_STATUS, change)
    asked = _parsed(change)
    its, person = asked.its, asked.person
    row = await _row(connection, person, hold=True)
    standing = _standing(row, call)
    becomes = refuse_unless_sound(its, standing, call.now, await _looked(connection, call, keys, row))
    told = await concerned(connection, keys, call, person)
    until = None if its.until is None else begins(its.until)
    values = {"status": becomes, "status_since": call.now, "status_until": until, "status_reason": its.reason}
    await connection.execute(update(Person).where(Person.person_id == person).values(values))
    parts = {
        STATUS: (row["status"], becomes.value),
        UNTIL: (_text(row["status_until"]), _text(until)),
        REASON: (row["status_reason"], its.reason.value),
    }
    revision = await write_revision(
        connection,
        keys.masters.unwrap(person, row["data_key"]),
        call,
        person=person,
        cause=Cause.STATUS,
        source=Source.REGISTRY,
        change={part: both for part, both in parts.items() if both[0] != both[1]},
        effective_on=its.effective_on,
    )
    await attach_evidence(connection, person=person, request=revision, evidence=asked.evidence)
    if becomes in _CLOSED:
        await end_sessions_of(connection, call.now, person)
        codes = (OneTimeCode.owner_id == person) & OneTimeCode.used_at.is_(None)
        await connection.execute(update(OneTimeCode).where(codes).values(used_at=call.now))
    else:
        told = await concerned(connection, keys, call, person)  # whoever was declared dead is there again
    await tell_all(connection, keys, call, told, _notice(becomes))
    if until is not None:
        parameters = {"person": str(person), "revision": str(revision)}
        await enqueue(connection, ENDING, parameters, job_id=uuid7(call.now), at=call.now, execute_after=until)
    await events.tell(connection, call, PersonStatusChanged(person, standing.status, becomes, its.effective_on))


def ending(keys: KeyRing, events: Events) -> Callable[[Work], Awaitable[None]]:
    """The handler of `ENDING`: tells that a suspension is over, which it is by its date, whatever becomes of the job."""

    async def end(work: Work) -> None:
        call = Call(system("suspension-end", Scope.STATUS_CHANGE), work.now, uuid7(work.now))
        person, revision = (UUID(work.parameters[name]) for name in ("person", "revision"))
        async with work.database.begin() as connection:
            await tell_ended(connection, call, keys, person=person, revision=revision, events=events)

    return end


# The suspension of that revision is the last change of the status, and it is over.
_ENDED = """
select p.person_id from person p
 where p.person_id = $1 and p.status = 'SUSPENDED' and p.status_until <= $3
   and $2 = (select r.revision_id from person_revision r where r.person_id = p.person_id and r.cause = 'STATUS'
              order by r.recorded_at desc limit 1)
   for update of p"""


@allow(Scope.STATUS_CHANGE)
async def tell_ended(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, person: UUID, revision: UUID, events: Events
) -> None:
    """Tells it, unless something else became of the record meanwhile."""
    if await (await raw(connection)).fetchrow(_ENDED, person, revision, call.now) is None:
        return
    await tell_all(connection, keys, call, await concerned(connection, keys, call, person), notices.PersonRestored())
    await events.tell(connection, call, PersonStatusChanged(person, Status.SUSPENDED, Status.ACTIVE, None))


# --- its parts


def _notice(becomes: Status) -> Notice:
    if becomes is Status.SUSPENDED:
        return notices.PersonSuspended()
    return notices.PersonRestored() if becomes is Status.ACTIVE else notices.PersonClosed()


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


async def _row(connection: AsyncConnection, person: UUID, *, hold: bool = False) -> Row:
    if hold:
        await connection.execute(select(Person.person_id).where(Person.person_id == person).with_for_update())
    row = await (await raw(connection)).fetchrow(_ROW, person)
    if row is None:
        raise _unknown()
    return row


def _standing(row: Row, call: Call) -> Standing:
    return standing_at(row["status"], row["status_since"], row["status_until"], call.now)


def _born(disclosure: Disclosure) -> PartialDate | None:
    _, birth = disclosure.compare(BIRTH, Use.MATCH, lambda its: its.open(BIRTH))
    return None if birth is None else PartialDate.parse(birth)


async def _looked(connection: AsyncConnection, call: Call, keys: KeyRing, row: Row) -> PartialDate | None:
    """The date of birth, of which whoever approves sees nothing: that it was compared is in the ledger."""
    person = row["person_id"]
    looked = Disclosure(
        decide_upkeep(BIRTH), record_of(row, keys, (RESIDENCE, BIRTH)), subject=person, entry_id=uuid7(call.now), field=FIELD
    )
    birth = _born(looked)
    await ledger.LEDGER.apply(await raw(connection), [(0, ledger.entry(looked, call))])
    return birth


async def _shown(connection: AsyncConnection, change: _Change) -> None:
    """Raises Invalid unless all of the evidence is there, is this person's and no other change's, and shows the reason."""
    its = (Evidence.person_id == change.person) & Evidence.evidence_id.in_(change.evidence) & is_loose()
    kinds: Sequence[str] = list(await connection.scalars(select(Evidence.kind).where(its)))
    if len(kinds) != len(set(change.evidence)):
        raise Invalid("no such evidence, or it is another change's", path=("evidence",))
    refuse_unless_shown(change.its, kinds)


def _unknown() -> NotFound:
    return NotFound("no such person", path=("person",))


def _territory(change: Document) -> Collection[str] | None:
    return None if change["division"] is None else [change["division"]]


def _parsed(change: Document) -> _Change:
    fields = Node(dict(change)).record(_MEMBERS)
    division, until = fields["division"], fields["until"]
    its = StatusChange(
        step=fields["step"].choice(StatusStep),
        reason=fields["reason"].choice(StatusReason),
        effective_on=fields["effective_on"].day(),
        until=None if until.value is None else until.day(),
    )
    where = None if division.value is None else division_code(division.text(16))
    evidence = fields["evidence"].items(least=1, most=MAX_EVIDENCE)
    return _Change(fields["person"].id(), where, its, tuple(each.id() for each in evidence))
