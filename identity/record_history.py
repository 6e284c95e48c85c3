"""A record with its history: to the holder, and to staff where the person resides. Each look is recorded.

What was recorded at an instant is what is there now with all later revisions undone (`revisions.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from access.call import Call, allow
from access.catalogue import Use
from access.decision import Decision, Status, decide_form
from access.disclosure import Disclosure, SealedRecord, Withheld
from access.reading import Reading
from access.rights import Scope
from core.database import Row
from core.errors import Internal, Invalid, NotFound
from core.keys import KeyRing
from core.paging import Cursors, Edge, Page, page, size
from identity.lifecycle_states import StatusReason, StatusStep, standing_at, steps_from
from identity.people import PersonView, name_places
from identity.record_views import ATTRIBUTES, both_views, view_of
from identity.revisions import (
    COLUMNS,
    REASON,
    STATUS,
    UNTIL,
    Cause,
    Provenance,
    Revision,
    Source,
    provenance,
    revision_of,
    undone,
)
from identity.self_view import disclose_own, person_of, seen_since
from identity.store import PARTS, RESIDENCE, SEALED_PARTS, column

MAX_REVISIONS: Final = 1_000
FIELD, HISTORY, AS_OF, PROVENANCE = "personRecord", "history", "personAsOf", "provenance"


@dataclass(frozen=True, slots=True)
class RecordView:
    """Somebody's record. `person`: None where it was not there yet at the instant that was asked for.

    `status` and what goes with it are None where they were not asked for; `until`: of a suspension that is not over. `steps`:
    what the caller could propose for its status now.
    """

    person_id: UUID
    enrolled_at: datetime
    status: Status | None
    since: datetime | None
    until: datetime | None
    reason: str | None
    steps: list[StatusStep]
    person: PersonView | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One entry. `attributes`: what it touched; none of an enrolment, by which all of it was new. `recorded_by`: for staff."""

    revision_id: UUID
    cause: Cause
    source: Source
    recorded_at: datetime
    effective_on: date | None
    request_id: UUID | None
    attributes: list[str]
    reason: StatusReason | str | None
    recorded_by: str | None
    was: PersonView | None = field(default=None, repr=False)
    becomes: PersonView | None = field(default=None, repr=False)


def staff_decision(wanted: Collection[str]) -> Decision:
    """For staff who look at somebody: just what they asked for is told, and where the person resides is compared."""
    told = decide_form(*(attribute for attribute in ATTRIBUTES if attribute in wanted))
    uses = dict(told.uses)
    uses[RESIDENCE] = uses.get(RESIDENCE, frozenset()) | {Use.MATCH}
    return replace(told, uses=uses)


def refuse_unless_within(disclosure: Disclosure, call: Call, scope: Scope) -> None:
    """Raises NotFound, as for nobody, for who resides where the scope does not hold."""
    _, division = disclosure.compare(RESIDENCE, Use.MATCH, lambda record: record.open(RESIDENCE))
    if not call.actor.reaches(scope, None if division is None else [division]):
        raise unknown()


def unknown() -> NotFound:
    return NotFound("no such person", path=("id",))


# --- the record


_RECORD = """
select person_id, data_key, enrolled_at, status, status_since, status_until, status_reason, {columns}
  from person where person_id = $1 and status <> 'DECOY' and data_key is not null"""


@allow(Scope.PERSON_SEARCH)
async def person_record(
    reading: Reading, call: Call, *, person: UUID, wanted: Collection[str], at: datetime | None = None
) -> RecordView:
    """Somebody who resides where the caller may look, as recorded now, or at that instant.

    Raises Invalid without a purpose, NotFound for anybody else.
    """
    if call.purpose is None:
        raise Invalid("say what for", path=("purpose",))
    row = await _row(reading, person, wanted)
    record = _sealed(row, reading.keys)
    disclosure = reading.disclose(staff_decision(wanted), record, call, subject=person, root_field=FIELD)
    refuse_unless_within(disclosure, call, Scope.PERSON_SEARCH)
    view = await _view(reading, disclosure, row, record, wanted, at or call.now)
    standing = standing_at(row["status"], row["status_since"], row["status_until"], call.now)
    division = record.open(RESIDENCE)
    may = call.actor.reaches(Scope.STATUS_CHANGE, None if division is None else [division])
    told = STATUS in wanted and not isinstance(disclosure.reveal(STATUS, lambda _: standing.status.value), Withheld)
    return RecordView(
        person_id=person,
        enrolled_at=row["enrolled_at"],
        status=standing.status if told else None,
        since=standing.since if told else None,
        until=standing.until if told else None,
        reason=row["status_reason"] if told and standing.status.value == row["status"] else None,
        steps=steps_from(standing.status) if may else [],
        person=view,
    )


@allow(Scope.SELF_READ)
async def own_record_at(reading: Reading, call: Call, *, wanted: Collection[str], at: datetime) -> PersonView | None:
    """The caller's own record (or the ward's) as it was recorded at that instant.

    None where it was not there yet, and to a guardian whose mandate had not begun.
    """
    person = person_of(call)
    row = await _row(reading, person, wanted)
    record = _sealed(row, reading.keys)
    disclosure, since = disclose_own(record, reading, call, AS_OF), await seen_since(person, reading, call)
    return None if since is not None and at < since else await _view(reading, disclosure, row, record, wanted, at)


async def _row(reading: Reading, person: UUID, wanted: Collection[str]) -> Row:
    asked = {part for attribute in wanted for part in PARTS.get(attribute, ())} | {RESIDENCE}
    columns = ", ".join(column(part) for part in SEALED_PARTS if part in asked)
    rows = await reading.ask(_RECORD.format(columns=columns), person)
    if not rows:
        raise unknown()
    return rows[0]


def _sealed(row: Row, keys: KeyRing) -> SealedRecord:
    owner: UUID = row["person_id"]
    values = {part: row[column(part)] for part in SEALED_PARTS if column(part) in row.keys()}  # noqa: SIM118 a row has no names
    return SealedRecord(owner, keys.masters.unwrap(owner, row["data_key"]), values)


async def _view(
    reading: Reading, disclosure: Disclosure, row: Row, record: SealedRecord, wanted: Collection[str], at: datetime
) -> PersonView | None:
    values: dict[str, str | None] = {part: record.open(part) for part in record.values}
    values[STATUS] = row["status"]
    values[UNTIL] = None if row["status_until"] is None else row["status_until"].isoformat()
    later = await _revisions(reading, record, at)
    found: Mapping[str, str | None] | None = values
    if later:
        found = undone(values, later, at)
    if found is None or at < row["enrolled_at"]:
        return None
    until = found[UNTIL]
    standing = standing_at(found[STATUS] or "", at, None if until is None else datetime.fromisoformat(until), at)
    view = view_of(disclosure, {**found, STATUS: standing.status.value}, wanted)
    await name_places(reading, [view])
    return view


_REVISIONS = f"""
select {COLUMNS} from person_revision where person_id = $1 and ($2::timestamptz is null or recorded_at > $2)
 order by recorded_at desc limit {MAX_REVISIONS + 1}"""


async def _revisions(reading: Reading, record: SealedRecord, since: datetime | None) -> list[Revision]:
    """The newest first. Raises Internal where there are more than anybody's record ever has."""
    rows = await reading.ask(_REVISIONS, record.owner, since)
    if len(rows) > MAX_REVISIONS:
        raise Internal("a history is longer than is read")
    return [revision_of(row, record.key) for row in rows]


# --- where each value comes from


@allow(Scope.SELF_READ)
async def own_provenance(reading: Reading, call: Call) -> list[Provenance]:
    """Of each attribute of the caller's record (or the ward's), which revision it comes from, in the order of the catalogue."""
    row = await _row(reading, person_of(call), ())
    record = _sealed(row, reading.keys)
    disclose_own(record, reading, call, PROVENANCE)
    return await _provenance(reading, record)


@allow(Scope.PERSON_SEARCH)
async def record_provenance(reading: Reading, call: Call, *, person: UUID) -> list[Provenance]:
    """The same of somebody who resides where the caller may look. Raises NotFound."""
    row = await _row(reading, person, ())
    record = _sealed(row, reading.keys)
    disclosure = reading.disclose(staff_decision(()), record, call, subject=person, root_field=PROVENANCE)
    refuse_unless_within(disclosure, call, Scope.PERSON_SEARCH)
    return await _provenance(reading, record)


async def _provenance(reading: Reading, record: SealedRecord) -> list[Provenance]:
    found = provenance(ATTRIBUTES, await _revisions(reading, record, None))
    return [found[attribute] for attribute in ATTRIBUTES if attribute in found]


# --- the history


_HISTORY = """
select r.revision_id, r.cause, r.source, r.request_id, r.recorded_at, r.effective_on, r.recorded_by, r.change,
       a.data_key as by_key, a.name as by_name
  from person_revision r left join account a on a.account_id = r.recorded_by
 where r.person_id = $1 and ($2::timestamptz is null or r.recorded_at < $2) and ($4::timestamptz is null or $4 <= r.recorded_at)
 order by r.recorded_at desc limit $3"""


@allow(Scope.SELF_READ)
async def own_history(
    reading: Reading, call: Call, *, wanted: Collection[str], first: int | None = None, after: str | None = None
) -> Page[RevisionView]:
    """What has become of the caller's record (or the ward's, since the mandate began), the newest first; of `wanted` what was
    and what becomes."""
    person = person_of(call)
    record = _sealed(await _row(reading, person, ()), reading.keys)
    disclosure = disclose_own(record, reading, call, HISTORY)
    since = await seen_since(person, reading, call)
    return await _page(reading, call, disclosure, record, wanted, first, after, named=False, since=since)


@allow(Scope.PERSON_SEARCH)
async def record_history(
    reading: Reading,
    call: Call,
    *,
    person: UUID,
    wanted: Collection[str],
    first: int | None = None,
    after: str | None = None,
) -> Page[RevisionView]:
    """The same of somebody who resides where the caller may look, with who recorded it. Raises NotFound."""
    row = await _row(reading, person, ())
    record = _sealed(row, reading.keys)
    disclosure = reading.disclose(staff_decision(wanted), record, call, subject=person, root_field=HISTORY)
    refuse_unless_within(disclosure, call, Scope.PERSON_SEARCH)
    return await _page(reading, call, disclosure, record, wanted, first, after, named=True)


async def _page(
    reading: Reading,
    call: Call,
    disclosure: Disclosure,
    record: SealedRecord,
    wanted: Collection[str],
    first: int | None,
    after: str | None,
    *,
    named: bool,
    since: datetime | None = None,
) -> Page[RevisionView]:
    cursors = Cursors(reading.keys.commitment, f"history {call.actor.id} {record.owner}")
    count = size(first)
    before = None if after is None else datetime.fromisoformat(cursors.read(after)[0])
    rows = await reading.ask(_HISTORY, record.owner, before, count + 1, since)
    shown = page(rows, count, cursors, lambda row: (row["recorded_at"].isoformat(),))
    views = [_entry(edge.node, disclosure, record, wanted, reading.keys, named=named) for edge in shown.edges]
    people: Sequence[Any] = [part for view in views for part in (view.was, view.becomes) if part is not None]
    await name_places(reading, people)
    edges = [Edge(view, edge.cursor) for view, edge in zip(views, shown.edges, strict=True)]
    return Page(edges, shown.page_info)


def _entry(
    row: Row, disclosure: Disclosure, record: SealedRecord, wanted: Collection[str], keys: KeyRing, *, named: bool
) -> RevisionView:
    revision = revision_of(row, record.key)
    was, becomes = (None, None) if revision.change is None else both_views(disclosure, revision.change, wanted)
    by = row["recorded_by"]
    name = None
    if named and row["by_key"] is not None:
        name = keys.masters.unwrap(by, row["by_key"]).open("account.name", by, row["by_name"])
    return RevisionView(
        revision_id=revision.revision_id,
        cause=revision.cause,
        source=revision.source,
        recorded_at=revision.recorded_at,
        effective_on=revision.effective_on,
        request_id=revision.request_id,
        attributes=revision.attributes,
        reason=(revision.change or {}).get(REASON, (None, None))[1],
        recorded_by=name,
        was=was,
        becomes=becomes,
    )
