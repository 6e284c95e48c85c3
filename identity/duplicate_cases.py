"""Cases of two records that may be of one person: the queue of those that wait, one of them side by side, and what is decided.

A list tells nothing of people. One case shows both records to who decides where the later of both resides: through a disclosure
each, so both people see that somebody looked. A request to be enrolled that is somebody on record is refused after that (the
states of enrolment see to it); of two registered records one is merged into the other (`identity/merging.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.decision import Status, decide_form
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Scope
from access.territory import LINEAGE
from core.database import Reader, Row, Snapshot, raw
from core.errors import Conflict, Forbidden, NotFound
from core.paging import Cursors, Page, page, size
from identity import store
from identity.enrolment_store import Request, find
from identity.people import DivisionView, PersonView, division_view, name_places, open_person
from identity.receipts import shown_number
from identity.register_models import DuplicateCase
from identity.store import SEALED_PARTS, STATUS_NOW, Subject, column, record_of

FIELD = "duplicate"
_WITHIN = f"($1::varchar[] is null or {LINEAGE.format('division')} && $1)"
_COLUMNS = """case_id, person_id, other_id, origin, outcome, weight, fields::text as fields, division, found_at, state,
       decided_at, decided_by, reason"""
_QUEUE = f"""
select {_COLUMNS} from duplicate_case
 where {_WITHIN} and state = 'OPEN' and ($2::timestamptz is null or (found_at, case_id) > ($2, $3::uuid))
 order by found_at, case_id limit $4"""
_ONE = f"select {_COLUMNS} from duplicate_case where {_WITHIN} and case_id = $2"
_PEOPLE = f"""
select p.person_id, p.data_key, {STATUS_NOW.format(now="$2")} as status,
       {", ".join(f"p.{column(part)}" for part in SEALED_PARTS)}
  from person p where p.person_id = any($1::uuid[]) and p.data_key is not null and p.status <> 'DECOY'"""
_ENROLLED_BY = """
select recorded_by from person_revision where person_id = any($1::uuid[]) and cause = 'ENROLMENT' and recorded_by is not null
union select unnest(array[begun_by, submitted_by]) from enrolment where person_id = any($1::uuid[])"""
_REGISTERED = "select count(*) from person where person_id = any($1::uuid[]) and status <> 'DECOY'"


class CaseState(StrEnum):
    OPEN = "OPEN"
    DIFFERENT = "DIFFERENT"
    SAME = "SAME"


class CaseOrigin(StrEnum):
    COMPARISON = "COMPARISON"
    BIOMETRIC = "BIOMETRIC"
    STAFF = "STAFF"


class CaseReason(StrEnum):
    """On what it was decided: a fixed list, which says nothing of anybody."""

    TWINS = "TWINS"
    RELATIVES = "RELATIVES"
    NAMESAKES = "NAMESAKES"
    PAPERS = "PAPERS"  # what was shown says so
    INTERVIEW = "INTERVIEW"
    BIOMETRICS = "BIOMETRICS"
    MERGED = "MERGED"  # given by a merge alone


GIVEN = frozenset(CaseReason) - {CaseReason.MERGED}
_OF_TWO = frozenset({CaseReason.TWINS, CaseReason.RELATIVES, CaseReason.NAMESAKES})


@dataclass(slots=True)
class SideView:
    """One of both records. `registered`: else it is a request to be enrolled, with the number of its receipt.

    `person`: None where it was not asked for, is erased, or the case is decided.
    """

    person_id: UUID
    registered: bool
    receipt: str | None
    person: PersonView | None


@dataclass(slots=True)
class CaseView:
    """`fields`: how each field compared, by its name; `weight` in thousandths of a bit. Sides: of one case alone.

    `own`: the caller enrolled one of both, so somebody else decides.
    """

    case_id: UUID
    person_id: UUID
    other_id: UUID
    origin: CaseOrigin
    outcome: str
    weight: int | None
    fields: Mapping[str, str]
    division: DivisionView | None
    found_at: datetime
    state: CaseState
    decided_at: datetime | None
    reason: CaseReason | None
    own: bool = False
    sides: Sequence[SideView] = ()


@allow(Scope.DUPLICATE_DECIDE)
async def duplicates(reading: Reading, call: Call, *, first: int | None = None, after: str | None = None) -> Page[CaseView]:
    """The cases that wait where the caller decides, the oldest first. Raises Invalid for a cursor of another list."""
    cursors = Cursors(reading.keys.commitment, f"duplicates {call.actor.id}")
    count = size(first)
    at, last = (None, None) if after is None else _place(cursors.read(after))
    rows = await reading.ask(_QUEUE, call.actor.confined(Scope.DUPLICATE_DECIDE), at, last, count + 1)
    named = await store.divisions(reading, {row["division"] for row in rows if row["division"] is not None})
    views = [_view(row, named) for row in rows]
    return page(views, count, cursors, lambda view: (view.found_at.isoformat(), str(view.case_id)))


@allow(Scope.DUPLICATE_DECIDE)
async def duplicate(reading: Reading, call: Call, *, case: UUID, wanted: Collection[str] = ()) -> CaseView:
    """One case, with the wanted attributes of both records; that they were shown is recorded at both. Raises NotFound.

    What was decided gives no reason to look at people any more, who may live elsewhere: of it nothing of them is shown.
    """
    row = await _found(reading, call, case)
    named = await store.divisions(reading, [] if row["division"] is None else [row["division"]])
    view = _view(row, named)
    ids = [view.person_id, view.other_id]
    view.own = call.actor.account in {each["recorded_by"] for each in await reading.ask(_ENROLLED_BY, ids)}
    people = {each["person_id"]: each for each in await reading.ask(_PEOPLE, ids, call.now)}
    attributes = sorted(set(wanted) & (store.PARTS.keys() | {"person.status"})) if view.state is CaseState.OPEN else []
    view.sides = [await _side(reading, call, person, people.get(person), attributes) for person in ids]
    await name_places(reading, [side.person for side in view.sides if side.person is not None])
    return view


@allow(Scope.DUPLICATE_DECIDE)
async def decide_duplicate(connection: AsyncConnection, call: Call, *, case: UUID, same: bool, reason: CaseReason) -> None:
    """Says that two are two people, or that a request to be enrolled is of somebody on record.

    Raises NotFound; Forbidden to whoever enrolled one of both; Conflict where it was decided, for a reason that is none of
    this, and where both are registered and the same: then one is merged into the other.
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    reader = Snapshot(await raw(connection))
    row = await _found(reader, call, case)
    ids = [row["person_id"], row["other_id"]]
    if call.actor.account in {each["recorded_by"] for each in await reader.ask(_ENROLLED_BY, ids)}:
        raise Forbidden("somebody else decides on whom you enrolled")
    if reason not in GIVEN or (same and reason in _OF_TWO):
        raise Conflict("this is no reason for it", path=("reason",))
    if same and (await reader.ask(_REGISTERED, ids))[0]["count"] == len(ids):
        raise Conflict("both are registered: one of them has to be merged into the other", path=("case",))
    decided = {
        "state": CaseState.SAME if same else CaseState.DIFFERENT,
        "decided_at": call.now,
        "decided_by": call.actor.account,
        "reason": reason,
    }
    its = (DuplicateCase.person_id == row["person_id"]) & (DuplicateCase.case_id == case) & (DuplicateCase.state == "OPEN")
    if not (await connection.execute(update(DuplicateCase).where(its).values(decided))).rowcount:
        raise Conflict("this was decided already", path=("case",))


async def _found(reader: Reader, call: Call, case: UUID) -> Row:
    rows = await reader.ask(_ONE, call.actor.confined(Scope.DUPLICATE_DECIDE), case)
    if not rows:
        raise NotFound("no such case", path=("case",))
    return rows[0]


def _place(read: Sequence[str]) -> tuple[datetime, UUID]:
    at, case = read
    return datetime.fromisoformat(at), UUID(case)


def _view(row: Row, named: Mapping[str, Row]) -> CaseView:
    return CaseView(
        case_id=row["case_id"],
        person_id=row["person_id"],
        other_id=row["other_id"],
        origin=CaseOrigin(row["origin"]),
        outcome=row["outcome"],
        weight=row["weight"],
        fields={} if row["fields"] is None else orjson.loads(row["fields"]),
        division=None if row["division"] is None else division_view(named.get(row["division"])),
        found_at=row["found_at"],
        state=CaseState(row["state"]),
        decided_at=row["decided_at"],
        reason=None if row["reason"] is None else CaseReason(row["reason"]),
    )


async def _side(reading: Reading, call: Call, person: UUID, row: Row | None, attributes: Collection[str]) -> SideView:
    request = await find(reading, reading.keys, person, call.now) if row is None else None
    receipt = None if request is None else shown_number(request.row["number"])
    record = _record(reading, row, request)
    if record is None or not attributes:
        return SideView(person, row is not None, receipt, None)
    status = Status.ACTIVE if row is None else Status(row["status"])
    told = set(attributes) - ({"person.status", "person.idcs"} if row is None else set())
    disclosure = reading.disclose(decide_form(*sorted(told)), record, call, subject=person, root_field=FIELD)
    subject = Subject.of(record, status)
    return SideView(person, row is not None, receipt, open_person(disclosure, subject, told, reading.keys, person))


def _record(reading: Reading, row: Row | None, request: Request | None) -> SealedRecord | None:
    if row is not None:
        return record_of(row, reading.keys, SEALED_PARTS)
    return None if request is None or request.erased else request.record
