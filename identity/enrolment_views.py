"""Requests to be enrolled, as they are shown: to those who take them down or decide, and to an applicant who comes back.

What somebody declared is told through a disclosure, attribute by attribute, and each look is recorded. A list tells nothing of
people: numbers, states, places and dates.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from access.call import Call, allow, open_to_all
from access.catalogue import Lang
from access.decision import Ground, Status, decide_form, decide_self
from access.disclosure import Disclosure, Withheld
from access.reading import Reading
from access.rights import Scope
from access.territory import LINEAGE, division_code
from core.database import Row
from core.errors import Forbidden, Invalid
from core.paging import Cursors, Page, page, size
from identity import store
from identity.acceptance import standing_of, took_part
from identity.applications import Basis, evidence_needed
from identity.enrolment_states import Obstacle, Reason, State, obstacles, state_at
from identity.enrolment_store import (
    Request,
    find,
    is_secret,
    numbered,
    refuse_unless_an_applicant,
    today_of,
    unknown,
    wrong_code,
)
from identity.people import DivisionView, PersonView, division_view, name_places, open_person
from identity.receipts import normal_number, shown_number
from identity.store import Subject

FIELD = "enrolment"
GUARDIANS = "person.guardians"
_RELATIVES = {"guardian": GUARDIANS, "mother": "person.mother_name", "father": "person.father_name"}
_OPEN = (State.DRAFT, State.SUBMITTED, State.IN_REVIEW)
_CASES = "select case_id from duplicate_case where person_id = $1 and state = 'OPEN' order by found_at, case_id"


@dataclass(slots=True)
class FormView:
    """What an applicant declared, as told to one asker."""

    person: PersonView
    guarded: bool | Withheld | None = None
    guardian: str | Withheld | None = None
    mother: str | Withheld | None = None
    father: str | Withheld | None = None


@dataclass(slots=True)
class EnrolmentView:
    """A request. `form`: None where it was not asked for, or is erased. `obstacles`: what keeps it from being accepted.

    `own`: the caller took it, or what it rests on, down, so somebody else decides. `cases`: those of doubles that are open.
    """

    id: UUID
    number: str
    state: State
    channel: str
    basis: Basis | None
    lang: Lang
    division: DivisionView | None
    begun_at: datetime
    expires_at: datetime | None
    submitted_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    reason: Reason | None
    form_hash: str | None
    own: bool = False
    form: FormView | None = None
    evidence_needed: list[list[str]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    testimonies: int = 0
    obstacles: list[Obstacle] = field(default_factory=list)
    cases: list[UUID] = field(default_factory=list)


@allow(Scope.ENROLMENT_MAKE)
async def request_made(
    reading: Reading, call: Call, *, enrolment: UUID | None = None, receipt: str | None = None, wanted: Collection[str] = ()
) -> EnrolmentView:
    """A request where the caller enrols, by its id or its receipt's number. Raises Invalid, NotFound."""
    return await _told(reading, call, Scope.ENROLMENT_MAKE, enrolment, receipt, wanted)


@allow(Scope.ENROLMENT_DECIDE)
async def request_decided(
    reading: Reading, call: Call, *, enrolment: UUID | None = None, receipt: str | None = None, wanted: Collection[str] = ()
) -> EnrolmentView:
    """A request where the caller decides. Raises Invalid, NotFound."""
    return await _told(reading, call, Scope.ENROLMENT_DECIDE, enrolment, receipt, wanted)


@open_to_all
async def own_request(reading: Reading, call: Call, *, receipt: str, code: str, wanted: Collection[str] = ()) -> EnrolmentView:
    """An applicant's own, by the receipt's number and the code that was shown with it.

    The try has to be counted before (`pre_registration.count_look`). Raises Invalid, one and the same, for any other code.
    """
    refuse_unless_an_applicant(call)
    request = await numbered(reading, reading.keys, normal_number(receipt), call.now)
    if not is_secret(reading.keys, request, code) or request is None:
        raise wrong_code()
    view = await _view(reading, call, request)
    # Who is enrolled signs in, as everybody does; a receipt that was kept or lost opens nobody's record.
    if wanted and request.state is not State.ACCEPTED and not request.erased:
        view.form = await _form(reading, call, request, wanted, own=True)
    view.obstacles, view.cases = [], []
    return view


async def _told(
    reading: Reading, call: Call, scope: Scope, enrolment: UUID | None, receipt: str | None, wanted: Collection[str]
) -> EnrolmentView:
    if (enrolment is None) == (receipt is None):
        raise Invalid("a request is named by its id or by its receipt", path=("id",))
    if receipt is not None:
        request = await numbered(reading, reading.keys, normal_number(receipt), call.now)
    else:
        assert enrolment is not None
        request = await find(reading, reading.keys, enrolment, call.now)
    if request is None or not request.within(call.actor, scope):
        raise unknown()
    view = await _view(reading, call, request)
    if wanted and not request.erased:
        view.form = await _form(reading, call, request, wanted, own=False)
    return view


async def _view(reading: Reading, call: Call, request: Request) -> EnrolmentView:
    named = await store.divisions(reading, [] if request.division is None else [request.division])
    view = _row_view(request.row, call, named)
    if not request.erased:
        form = request.record.form
        standing = await standing_of(reading, request, form, call)
        view.evidence_needed = [sorted(kinds) for kinds in evidence_needed(form, today_of(call))]
        view.evidence = sorted(standing.evidence)
        view.testimonies = standing.testimonies
        view.own = view.own or await took_part(reading, request, call)
        if "OPEN" in standing.cases:
            view.cases = [row["case_id"] for row in await reading.ask(_CASES, request.id)]
        if request.state in _OPEN:
            view.obstacles = obstacles(standing)
    return view


async def _form(reading: Reading, call: Call, request: Request, wanted: Collection[str], *, own: bool) -> FormView:
    attributes = sorted({name for name in wanted if name in store.PARTS or name == GUARDIANS})
    decision = decide_self(Ground.SELF) if own else decide_form(*attributes)
    record = request.record
    disclosure = reading.disclose(decision, record, call, subject=request.id, root_field=FIELD)
    subject = Subject.of(record, Status.ACTIVE)  # of nobody yet: it is no part of a form, and not told
    its = set(attributes) - {GUARDIANS}
    view = FormView(open_person(disclosure, subject, its, reading.keys, request.id))
    await name_places(reading, [view.person])
    for member, attribute in _RELATIVES.items():
        if attribute in attributes:
            setattr(view, member, _relative(disclosure, attribute, getattr(record.form, member)))
    if GUARDIANS in attributes:
        view.guarded = disclosure.reveal(GUARDIANS, lambda _: record.form.guarded)
    return view


def _relative(disclosure: Disclosure, attribute: str, number: str | None) -> str | Withheld | None:
    return disclosure.reveal(attribute, lambda _: number)


# --- lists


_STATE = "case when state = 'DRAFT' and expires_at <= $1 then 'REJECTED' else state end"
# What waits is few, has an index of its own, and is found by it; so is the order in which it is due. Of all others there are
# as many as there are people.
_WAITING = {
    State.SUBMITTED: ("state = 'SUBMITTED'", "due_at"),
    State.IN_REVIEW: ("state = 'IN_REVIEW'", "due_at"),
    State.DRAFT: ("state = 'DRAFT' and expires_at > $1", "expires_at"),
}
_ANY = (f"($2::varchar is null or {_STATE} = $2)", "coalesce(due_at, expires_at)")


def _list(state: State | None) -> str:
    which, order = _ANY if state is None else _WAITING.get(state, _ANY)
    return f"""
select person_id, number, state, channel, basis, lang, division, begun_at, begun_by, expires_at, submitted_at, submitted_by,
       due_at, decided_at, reason, form_hash, {order} as ordered
  from enrolment
 where {which}
   and ($1::timestamptz is not null or $2::varchar is null)  -- both are named, whichever it is
   and ($3::varchar[] is null or {LINEAGE.format("division")} && $3
        or begun_by = $4)
   and ($5::varchar is null or $5 = any({LINEAGE.format("division")}))
   and ($6::timestamptz is null or ({order}, person_id) > ($6, $7::uuid))
 order by {order}, person_id limit $8"""


@allow(Scope.ENROLMENT_MAKE)
async def requests_made(
    reading: Reading,
    call: Call,
    *,
    state: State | None = None,
    division: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[EnrolmentView]:
    """The requests where the caller enrols, whichever is due first being the first."""
    return await _listed(reading, call, Scope.ENROLMENT_MAKE, state, division, first, after)


@allow(Scope.ENROLMENT_DECIDE)
async def requests_decided(
    reading: Reading,
    call: Call,
    *,
    state: State | None = None,
    division: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[EnrolmentView]:
    """The requests where the caller decides, whichever is due first being the first."""
    return await _listed(reading, call, Scope.ENROLMENT_DECIDE, state, division, first, after)


async def _listed(
    reading: Reading,
    call: Call,
    scope: Scope,
    state: State | None,
    division: str | None,
    first: int | None,
    after: str | None,
) -> Page[EnrolmentView]:
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    if division is not None:
        try:
            division_code(division)
        except Invalid as fault:
            raise fault.under("division") from None
    cursors = Cursors(reading.keys.commitment, f"enrolments {call.actor.id} {scope} {state} {division}")
    count = size(first)
    at, last = (None, None) if after is None else _place(cursors.read(after))
    within, account = call.actor.confined(scope), call.actor.account
    rows = await reading.ask(_list(state), call.now, state, within, account, division, at, last, count + 1)
    named = await store.divisions(reading, {row["division"] for row in rows if row["division"] is not None})
    ordered = {row["person_id"]: row["ordered"] for row in rows}
    views = [_row_view(row, call, named) for row in rows]
    return page(views, count, cursors, lambda view: (ordered[view.id].isoformat(), str(view.id)))


def _place(parts: tuple[str, ...]) -> tuple[datetime, UUID]:
    at, last = parts
    return datetime.fromisoformat(at), UUID(last)


def _row_view(row: Row, call: Call, named: dict[str, Row]) -> EnrolmentView:
    state = state_at(row["state"], row["expires_at"], call.now)
    lapsed = state is State.REJECTED and row["submitted_at"] is None
    account = call.actor.account
    return EnrolmentView(
        id=row["person_id"],
        number=shown_number(row["number"]),
        state=state,
        channel=row["channel"],
        basis=None if row["basis"] is None else Basis(row["basis"]),
        lang=Lang(row["lang"]),
        division=None if row["division"] is None else division_view(named.get(row["division"])),
        begun_at=row["begun_at"],
        expires_at=row["expires_at"] if state is State.DRAFT else None,
        submitted_at=row["submitted_at"],
        due_at=row["due_at"],
        decided_at=row["expires_at"] if lapsed else row["decided_at"],
        reason=Reason.LAPSED if lapsed else None if row["reason"] is None else Reason(row["reason"]),
        form_hash=None if row["form_hash"] is None else row["form_hash"].hex(),
        own=account is not None and account in (row["begun_by"], row["submitted_by"]),
    )
