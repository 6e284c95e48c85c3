"""Requests to have a record changed, as they are shown: to the person, and by deadline to who decides on them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from access.call import Call, allow
from access.decision import decide_form
from access.disclosure import Disclosure, SealedRecord
from access.reading import Reading
from access.rights import Scope
from access.territory import LINEAGE
from core.database import Row
from core.paging import Cursors, Page, page, size
from identity.change_forms import OPEN, ChangeKind, ChangeOrigin, ChangeRefusal, ChangeState
from identity.changes import ANSWER, WORDS, frozen_change, unknown
from identity.people import PersonView, name_places
from identity.receipts import shown_number
from identity.record_history import refuse_unless_within, staff_decision
from identity.record_history import unknown as nobody
from identity.record_views import both_views
from identity.revisions import attribute_of
from identity.self_view import disclose_own, person_of, seen_since
from identity.store import RESIDENCE

MAX_SHOWN: Final = 50
FIELD: Final = "changeRequests"


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """What is opened of each: `attributes` are those of which values are shown; `opened`: whether anything sealed is."""

    attributes: frozenset[str] = frozenset()
    opened: bool = True


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A request. `attributes`, `was`, `becomes`, `words`, `answer`: None where they were not asked for.

    `hash`: of what is to be decided on, in hex. `mine`: the caller asked for it. `refusal`: why it was refused.
    """

    person_id: UUID
    request_id: UUID
    number: str
    kind: ChangeKind
    origin: ChangeOrigin
    state: ChangeState
    hash: str
    submitted_at: datetime
    due_at: datetime
    overdue: bool
    effective_on: date | None
    division: str | None
    decided_at: datetime | None
    refusal: ChangeRefusal | None
    mine: bool
    may_decide: bool
    may_withdraw: bool
    attributes: list[str] | None = None
    was: PersonView | None = field(default=None, repr=False)
    becomes: PersonView | None = field(default=None, repr=False)
    words: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)


_OWN = """
select p.person_id as owner_id, p.data_key, p.residence, c.* from person p
  left join change_request c on c.person_id = p.person_id and ($2::uuid is null or c.request_id = $2)
   and ($4::timestamptz is null or $4 <= c.submitted_at or c.decided_at is null)
 where p.person_id = $1 and p.data_key is not null order by c.submitted_at desc, c.request_id desc limit $3"""
_QUEUE = f"""
select p.person_id as owner_id, p.data_key, c.*
  from change_request c join person p on p.person_id = c.person_id and p.data_key is not null
 where ($1::varchar[] is null or {LINEAGE.format("c.division")} && $1)
   and c.state = any($2::varchar[]) and ($3::timestamptz is null or (c.due_at, c.request_id) > ($3, $4::uuid))
   and ($5::uuid is null or c.request_id = $5)
 order by c.due_at, c.request_id limit $6"""


@allow(Scope.SELF_MANAGE)
async def own_change_requests(
    reading: Reading, call: Call, wish: ChangeWish, *, request: UUID | None = None
) -> list[ChangeView]:
    """Those about the caller (or the ward), whoever asked, the newest first. That there are none is a look, too.

    A guardian sees those that are open or were asked for since the mandate began.
    """
    person = person_of(call)
    rows = await reading.ask(_OWN, person, request, MAX_SHOWN, await seen_since(person, reading, call))
    if not rows:
        return []
    record = _record(rows[0], reading)
    disclosure = disclose_own(record, reading, call, FIELD)
    views = [_view(row, call, disclosure, wish) for row in rows if row["request_id"] is not None]
    await _name_places(reading, views)
    return views


@allow(Scope.PERSON_SEARCH)
async def change_requests_of(reading: Reading, call: Call, wish: ChangeWish, *, person: UUID) -> list[ChangeView]:
    """Those about somebody who resides where the caller may look, the newest first. Raises NotFound for anybody else."""
    rows = await reading.ask(_OWN, person, None, MAX_SHOWN, None)
    if not rows:
        raise nobody()
    key = reading.keys.masters.unwrap(person, rows[0]["data_key"])
    record = SealedRecord(person, key, {RESIDENCE: rows[0]["residence"]})
    disclosure = reading.disclose(staff_decision(wish.attributes), record, call, subject=person, root_field=FIELD)
    refuse_unless_within(disclosure, call, Scope.PERSON_SEARCH)
    views = [_view(row, call, disclosure, wish) for row in rows if row["request_id"] is not None]
    await _name_places(reading, views)
    return views


@allow(Scope.CHANGE_DECIDE)
async def change_requests(
    reading: Reading,
    call: Call,
    wish: ChangeWish,
    *,
    state: ChangeState | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[ChangeView]:
    """Those (open, or in that state) of people who reside where the caller decides, by deadline.

    What is opened of one (`wish`) is recorded as a look at that person.
    """
    cursors = Cursors(reading.keys.commitment, f"change requests {call.actor.id} {state}")
    count = size(first)
    at, last = (None, None) if after is None else cursors.read(after)
    states = sorted(OPEN) if state is None else [state]
    since = None if at is None else datetime.fromisoformat(at)
    last_id = None if last is None else UUID(last)
    rows = await reading.ask(_QUEUE, call.actor.confined(Scope.CHANGE_DECIDE), states, since, last_id, None, count + 1)
    found = [_looked(row, reading, call, wish) for row in rows[:count]]
    await _name_places(reading, found)
    found += [_view(row, call, None, wish) for row in rows[count:]]
    return page(found, count, cursors, lambda view: (view.due_at.isoformat(), str(view.request_id)))


@allow(Scope.CHANGE_DECIDE)
async def change_request(reading: Reading, call: Call, wish: ChangeWish, *, request: UUID) -> ChangeView:
    """One of them, in whatever state. Raises NotFound."""
    return await _one(reading, call, wish, Scope.CHANGE_DECIDE, request)


@allow(Scope.CHANGE_REQUEST)
async def change_asked(reading: Reading, call: Call, wish: ChangeWish, *, request: UUID) -> ChangeView:
    """One that the caller asked for at a centre. Raises NotFound for another's."""
    view = await _one(reading, call, wish, Scope.CHANGE_REQUEST, request)
    if not view.mine:
        raise unknown()
    return view


async def _one(reading: Reading, call: Call, wish: ChangeWish, scope: Scope, request: UUID) -> ChangeView:
    rows = await reading.ask(_QUEUE, call.actor.confined(scope), list(ChangeState), None, None, request, 1)
    if not rows:
        raise unknown()
    if scope is Scope.CHANGE_REQUEST and rows[0]["asked_by"] != call.actor.account:
        raise unknown()
    view = _looked(rows[0], reading, call, wish)
    await _name_places(reading, [view])
    return view


def _looked(row: Row, reading: Reading, call: Call, wish: ChangeWish) -> ChangeView:
    if not wish.opened:
        return _view(row, call, None, wish)
    record = _record(row, reading)
    decision = decide_form(*wish.attributes)
    disclosure = reading.disclose(decision, record, call, subject=record.owner, root_field=FIELD)
    return _view(row, call, disclosure, wish)


def _record(row: Row, reading: Reading) -> SealedRecord:
    return SealedRecord(row["owner_id"], reading.keys.masters.unwrap(row["owner_id"], row["data_key"]), {})


def _view(row: Row, call: Call, disclosure: Disclosure | None, wish: ChangeWish) -> ChangeView:
    state = ChangeState(row["state"])
    is_open, request = state in OPEN, row["request_id"]
    mine = row["asked_by"] in (call.actor.account, call.actor.holder)
    may = is_open and not mine and call.actor.account is not None and _decides(row, call)
    told: dict[str, Any] = {}
    if disclosure is not None and wish.opened:
        key = disclosure.key
        change = frozen_change(key, row)
        was, becomes = both_views(disclosure, change, wish.attributes)
        told = {
            "attributes": sorted({attribute_of(part) for part in change}),
            "was": was,
            "becomes": becomes,
            "words": None if row["words"] is None else key.open(WORDS, request, row["words"]),
            "answer": None if row["answer"] is None else key.open(ANSWER, request, row["answer"]),
        }
    return ChangeView(
        person_id=row["owner_id"],
        request_id=request,
        number=shown_number(row["number"]),
        kind=ChangeKind(row["kind"]),
        origin=ChangeOrigin(row["origin"]),
        state=state,
        hash=row["diff_hash"].hex(),
        submitted_at=row["submitted_at"],
        due_at=row["due_at"],
        overdue=is_open and row["due_at"] <= call.now,
        effective_on=row["effective_on"],
        division=row["division"],
        decided_at=row["decided_at"],
        refusal=None if row["reason"] is None else ChangeRefusal(row["reason"]),
        mine=mine,
        may_decide=may,
        may_withdraw=is_open and (mine or call.actor.person == row["owner_id"]),
        **told,
    )


def _decides(row: Row, call: Call) -> bool:
    return call.actor.reaches(Scope.CHANGE_DECIDE, None if row["division"] is None else [row["division"]])


async def _name_places(reading: Reading, views: Collection[ChangeView]) -> None:
    people: Sequence[PersonView] = [part for view in views for part in (view.was, view.becomes) if part is not None]
    await name_places(reading, people)
