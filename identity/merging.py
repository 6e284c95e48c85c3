"""Two records of one person become one: proposed by one, approved by another, and undone the same way within a stated time.

One record stays; the other becomes a tombstone that stands for it. What leads to the tombstone leads to the record that stays:
the identifiers (the old IDCS is answered for ever), agencies' tokens, the bonds of relatives, the holder's locks, and by the
events of `core/events.py` what higher rooms keep of a person. A virtual number stays the tombstone's, and leads on. Consents do
not carry over: one was given for one record, and serves nobody as long as that record is a tombstone.

All that is led elsewhere is written down in `person_alias.moved`, and an undoing leads exactly that back. Merges into one
record are undone in the reverse order.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import Call, allow
from access.catalogue import Use
from access.decision import Status, decide_upkeep
from access.disclosure import SealedRecord
from access.notices import MergeUndone, RecordsMerged
from access.reading import Reading
from access.rights import Scope
from access.sessions import end_sessions_of
from core.database import Row, raw
from core.documents import Node
from core.errors import Conflict, Invalid, NotFound
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from identity.duplicates import rules
from identity.imports import INDEXED
from identity.merged import Moved, lead_back, lead_over, refuse_given_away, returned
from identity.models import Person, Relative
from identity.register_models import DuplicateCase, PersonAlias
from identity.revisions import REASON, STATUS, UNTIL, Cause, Change, Source, write_revision
from identity.store import RESIDENCE, column, record_of
from identity.telling import concerned, tell_all

PERSONS_MERGED, MERGE_UNDONE = "PERSONS_MERGED", "MERGE_UNDONE"
MERGED = "MERGED"  # the reason of the tombstone's status
FIELD = "mergePersons"
UNDO_FIELD = "undoMerge"
_LAST = -4  # digits of an IDCS that a notice names
_PARTS = (*INDEXED.values(), RESIDENCE)
_RECORDS = f"""
select person_id, data_key, status, status_since, status_until, status_reason, {", ".join(map(column, _PARTS))} from person
 where person_id = any($1::uuid[]) and status <> 'DECOY' order by person_id for update"""
_ALIAS = """
select a.*, exists (select from person_alias b where b.undone_at is null and b.survivor_id = a.survivor_id
                       and (b.merged_at, b.alias_id) > (a.merged_at, a.alias_id)) as overtaken
  from person_alias a where a.alias_id = $1 for update of a"""


@dataclass(frozen=True, slots=True)
class PersonsMerged:
    """Told in the transaction of a merge. A handler writes in `kept`, under a name of its own, what it has to lead back."""

    survivor: UUID
    retired: UUID
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MergeTakenBack:
    """Told in the transaction of an undoing, with what was kept."""

    survivor: UUID
    retired: UUID
    kept: dict[str, Any]


def acts(keys: KeyRing, events: Events) -> tuple[Act, ...]:
    """The dangerous acts of this module. `divisions`: where both reside, as far as it is known.

    PERSONS_MERGED  {survivor, retired, case | null, divisions}
    MERGE_UNDONE    {alias, divisions}
    """

    async def before_merge(connection: AsyncConnection, _: Call, change: Document) -> Document:
        its = _merge(change)
        found = await _records(connection, keys, (its.survivor, its.retired))
        _refuse_unless_mergeable(found[its.survivor], found[its.retired])
        _refuse_elsewhere(found, its.divisions)
        await _refuse_unless_case(connection, its)
        await _refuse_relatives(connection, its)
        return {"survivor": found[its.survivor].row["status"], "retired": found[its.retired].row["status"]}

    async def merge(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        alias = await merge_persons(connection, call, keys, events, approved, change=change)
        return {"alias": str(alias), "survivor": change["survivor"], "retired": change["retired"]}

    async def before_undo(connection: AsyncConnection, call: Call, change: Document) -> Document:
        alias, divisions = _undo(change)
        row = await _standing(connection, alias, call.now)
        found = await _records(connection, keys, (row["survivor_id"], row["person_id"]))
        _refuse_elsewhere(found, divisions)
        await _led(connection, keys, row, found)
        return {"survivor": str(row["survivor_id"]), "retired": str(row["person_id"])}

    async def undo(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        await undo_merge(connection, call, keys, events, approved, change=change)
        return {"alias": change["alias"]}

    return (
        Act(PERSONS_MERGED, Scope.PERSON_MERGE, _territory, before_merge, merge),
        Act(MERGE_UNDONE, Scope.PERSON_MERGE, _territory, before_undo, undo),
    )


@allow(Scope.PERSON_MERGE)
async def merging(
    connection: AsyncConnection, call: Call, reading: Reading, *, survivor: UUID, retired: UUID, case: UUID | None
) -> Document:
    """The change that PERSONS_MERGED makes of these two. The look at where they reside is recorded.

    Raises NotFound for nobody and for who resides where the caller may not do this; Conflict for records that cannot be merged.
    """
    divisions = await _where(connection, call, reading, (survivor, retired), FIELD)
    change = {
        "survivor": str(survivor),
        "retired": str(retired),
        "case": None if case is None else str(case),
        "divisions": divisions,
    }
    _merge(change)
    return change


@allow(Scope.PERSON_MERGE)
async def undoing(connection: AsyncConnection, call: Call, reading: Reading, *, retired: UUID) -> Document:
    """The change that MERGE_UNDONE makes, of the merge by which that record is a tombstone. Raises as `merging`."""
    its = (PersonAlias.person_id == retired) & PersonAlias.undone_at.is_(None)
    row = (await connection.execute(select(PersonAlias.alias_id, PersonAlias.survivor_id).where(its))).first()
    if row is None:
        raise NotFound("this is no record that was merged", path=("retired",))
    divisions = await _where(connection, call, reading, (row.survivor_id, retired), UNDO_FIELD)
    return {"alias": str(row.alias_id), "divisions": divisions}


@allow(Scope.PERSON_MERGE)
async def merge_persons(
    connection: AsyncConnection, call: Call, keys: KeyRing, events: Events, approved: Approved, *, change: Document
) -> UUID:
    """Makes a tombstone of `retired` that stands for `survivor`, approved as PERSONS_MERGED: the id of the merge.

    Raises Invalid for what is no such change, NotFound for nobody, Conflict for records that cannot be merged.
    """
    refuse_unless_approved(approved, PERSONS_MERGED, change)
    its = _merge(change)
    found = await _records(connection, keys, (its.survivor, its.retired))
    survivor, retired = found[its.survivor], found[its.retired]
    _refuse_unless_mergeable(survivor, retired)
    await _refuse_unless_case(connection, its)
    await _refuse_relatives(connection, its)
    alias = uuid7(call.now)
    # While they are still somebody who can be told: both records may know another way to reach the person, or a guardian.
    told = await concerned(connection, keys, call, its.survivor, its.retired)
    await tell_all(connection, keys, call, told, RecordsMerged(survivor.idcs[_LAST:]))
    event = PersonsMerged(its.survivor, its.retired)
    await events.tell(connection, call, event)
    moved = await lead_over(connection, its.retired, its.survivor, call.now)
    await connection.execute(
        insert(PersonAlias).values(
            person_id=its.retired,
            alias_id=alias,
            survivor_id=its.survivor,
            status_before=retired.row["status"],
            moved={"led": moved.document, "status": _status(retired.row), "kept": event.kept},
            merged_at=call.now,
            merged_by=call.actor.account,
            undo_until=call.now + rules().undo,
        )
    )
    state = {"status": Status.CANCELLED, "status_since": call.now, "status_until": None, "status_reason": MERGED}
    await connection.execute(update(Person).where(Person.person_id == its.retired).values(state))
    await end_sessions_of(connection, call.now, its.retired)
    await _write(connection, call, retired, Cause.MERGE, alias, _changed(retired.row, state))
    await _write(connection, call, survivor, Cause.MERGE, alias, {})
    # All cases of these two, whichever was named: there is nothing left to be decided of them.
    decided = {"state": "SAME", "decided_at": call.now, "decided_by": call.actor.account, "reason": MERGED}
    both = (its.survivor, its.retired)
    open_ = DuplicateCase.person_id.in_(both) & DuplicateCase.other_id.in_(both) & (DuplicateCase.state == "OPEN")
    await connection.execute(update(DuplicateCase).where(open_).values(decided))
    return alias


@allow(Scope.PERSON_MERGE)
async def undo_merge(
    connection: AsyncConnection, call: Call, keys: KeyRing, events: Events, approved: Approved, *, change: Document
) -> None:
    """Two records again, each with what was its own, approved as MERGE_UNDONE. The one that comes back has the status that it
    had; what became of the other meanwhile stays of that one alone.

    Raises Invalid for what is no such change, NotFound for no such merge; Conflict where it was undone, its time is over,
    another record was merged into the same one since, that one has taken over a number that nobody shares, or a third has one.
    """
    refuse_unless_approved(approved, MERGE_UNDONE, change)
    alias, _ = _undo(change)
    row = await _standing(connection, alias, call.now)
    survivor_id, retired_id = row["survivor_id"], row["person_id"]
    found = await _records(connection, keys, (survivor_id, retired_id))
    moved = row["moved"]
    since, until, reason = moved["status"][-3:]  # before them an older merge has the status, too
    state = {
        "status": row["status_before"],
        "status_since": datetime.fromisoformat(since),
        "status_until": None if until is None else datetime.fromisoformat(until),
        "status_reason": reason,
    }
    await lead_back(connection, retired_id, survivor_id, await _led(connection, keys, row, found))
    await connection.execute(update(Person).where(Person.person_id == retired_id).values(state))
    its = (PersonAlias.person_id == retired_id) & (PersonAlias.alias_id == alias)
    await connection.execute(update(PersonAlias).where(its).values(undone_at=call.now, undone_by=call.actor.account))
    await events.tell(connection, call, MergeTakenBack(survivor_id, retired_id, moved["kept"]))
    await _write(connection, call, found[retired_id], Cause.UNMERGE, alias, _changed(found[retired_id].row, state))
    await _write(connection, call, found[survivor_id], Cause.UNMERGE, alias, {})
    await tell_all(connection, keys, call, await concerned(connection, keys, call, survivor_id, retired_id), MergeUndone())


# --- what is there


@dataclass(frozen=True, slots=True)
class _Merge:
    survivor: UUID
    retired: UUID
    case: UUID | None
    divisions: list[str]


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    record: SealedRecord = field(repr=False)

    @property
    def idcs(self) -> str:
        return self.record.open("person.idcs") or ""


async def _records(connection: AsyncConnection, keys: KeyRing, persons: Collection[UUID]) -> dict[UUID, _Found]:
    rows = await (await raw(connection)).fetch(_RECORDS, list(persons))
    if len(rows) != len(set(persons)):
        raise NotFound("no such person", path=("person",))
    if any(row["data_key"] is None for row in rows):
        raise Conflict("one of them was erased", path=("person",))
    return {row["person_id"]: _Found(row, record_of(row, keys, _PARTS)) for row in rows}


async def _standing(connection: AsyncConnection, alias: UUID, now: datetime) -> Row:
    row = await (await raw(connection)).fetchrow(_ALIAS, alias)
    if row is None:
        raise NotFound("no such merge", path=("alias",))
    if row["undone_at"] is not None:
        raise Conflict("this merge was undone already", path=("alias",))
    if row["undo_until"] <= now:
        raise Conflict("the time within which it can be undone is over", path=("alias",))
    if row["overtaken"]:
        raise Conflict("another record was merged into the same one since: that has to be undone first", path=("alias",))
    return row


async def _led(connection: AsyncConnection, keys: KeyRing, row: Row, found: dict[UUID, _Found]) -> Moved:
    """What an undoing leads back. Raises Conflict where a number cannot be led back."""
    survivor, retired = row["survivor_id"], row["person_id"]
    moved = Moved.of(row["moved"]["led"])
    await refuse_given_away(connection, retired, survivor, moved)
    return returned(moved, keys, found[survivor].record)


def _refuse_unless_mergeable(survivor: _Found, retired: _Found) -> None:
    for found, name in ((survivor, "survivor"), (retired, "retired")):
        if found.row["status"] == Status.CANCELLED:
            raise Conflict("this record is cancelled", path=(name,))
    if (survivor.row["status"] == Status.DECEASED) != (retired.row["status"] == Status.DECEASED):
        raise Conflict("one of them is recorded as deceased: that has to be said of both, or of none, first", path=("retired",))


def _refuse_elsewhere(found: dict[UUID, _Found], divisions: list[str]) -> None:
    """What is proposed says where both reside, and it counts for who may approve it."""
    if _resident(each.record.open(RESIDENCE) for each in found.values()) != divisions:
        raise Conflict("one of them has moved", path=("divisions",))


async def _refuse_unless_case(connection: AsyncConnection, its: _Merge) -> None:
    """The newest case of these two counts, whether it was named or not. Until the transaction ends nobody decides them."""
    both = (its.survivor, its.retired)
    of_both = DuplicateCase.person_id.in_(both) & DuplicateCase.other_id.in_(both)
    newest_first = (DuplicateCase.found_at.desc(), DuplicateCase.case_id.desc())
    cases = (await connection.execute(select(DuplicateCase).where(of_both).order_by(*newest_first).with_for_update())).all()
    if its.case is not None and its.case not in {row.case_id for row in cases}:
        raise NotFound("no such case of these two", path=("case",))
    if cases and cases[0].state == "DIFFERENT":
        raise Conflict("it was decided that they are two people", path=("case",))


async def _refuse_relatives(connection: AsyncConnection, its: _Merge) -> None:
    """Whoever is a parent or a guardian of somebody is somebody else."""
    both = (its.survivor, its.retired)
    bond = select(Relative.person_id).where(Relative.person_id.in_(both) & Relative.relative_id.in_(both))
    if await connection.scalar(bond.limit(1)) is not None:
        raise Conflict("one of them is a parent or a guardian of the other", path=("retired",))


async def _where(
    connection: AsyncConnection, call: Call, reading: Reading, persons: Collection[UUID], root_field: str
) -> list[str]:
    found = await _records(connection, reading.keys, persons)
    codes: list[str | None] = []
    for person, each in found.items():
        look = reading.disclose(decide_upkeep(RESIDENCE), each.record, call, subject=person, root_field=root_field)
        _, code = look.compare(RESIDENCE, Use.MATCH, lambda record: record.open(RESIDENCE))
        if not call.actor.reaches(Scope.PERSON_MERGE, None if code is None else [code]):
            raise NotFound("no such person", path=("person",))
        codes.append(code)
    return _resident(codes)


def _resident(codes: Any) -> list[str]:
    """Where they reside; nowhere known is the whole country, which an empty list says."""
    known = list(codes)
    return [] if None in known else sorted(set(known))


def _territory(change: Document) -> Collection[str] | None:
    return list(change["divisions"]) or None


def _merge(change: Document) -> _Merge:
    fields = Node(dict(change)).record(("survivor", "retired", "case", "divisions"))
    survivor, retired = fields["survivor"].id(), fields["retired"].id()
    if survivor == retired:
        raise Invalid("two records become one", path=("retired",))
    case = None if fields["case"].value is None else fields["case"].id()
    return _Merge(survivor, retired, case, _divisions(fields["divisions"]))


def _undo(change: Document) -> tuple[UUID, list[str]]:
    fields = Node(dict(change)).record(("alias", "divisions"))
    return fields["alias"].id(), _divisions(fields["divisions"])


def _divisions(node: Node) -> list[str]:
    return [each.text(16) for each in node.items(least=0, most=2)]


# --- what is written


def _status(row: Row) -> list[str | None]:
    """Beside `status_before`: since and until when, and why."""
    until = row["status_until"]
    return [row["status_since"].isoformat(), None if until is None else until.isoformat(), row["status_reason"]]


def _changed(row: Row, state: dict[str, Any]) -> Change:
    parts = {STATUS: "status", UNTIL: "status_until", REASON: "status_reason"}
    both = {part: (_text(row[name]), _text(state[name])) for part, name in parts.items()}
    return {part: (was, becomes) for part, (was, becomes) in both.items() if was != becomes}


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, datetime) else str(value)


async def _write(connection: AsyncConnection, call: Call, found: _Found, cause: Cause, alias: UUID, change: Change) -> None:
    await write_revision(
        connection,
        found.record.key,
        call,
        person=found.record.owner,
        cause=cause,
        source=Source.REGISTRY,
        change=change,
        request=alias,
    )
