"""Enrolling somebody at a centre: their request is taken down, handed in, reviewed, and decided on by somebody else.

    begin_enrolment ──> amend_enrolment ──> submit_enrolment ──> review_enrolment ──> accept_enrolment (`acceptance.py`)
                                            (frozen, hashed)                    └──> reject_enrolment

Each is one transaction. What was pre-registered (`pre_registration.py`) is taken up by the number of its receipt. Staff act
where their right holds, by the residence that was declared; what lies elsewhere is answered as if it were not there.
"""

from contextlib import suppress
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, allow
from access.catalogue import Lang
from access.reading import Reading
from access.rights import Scope
from access.throttles import Charge, give_back, spend
from core.canonical import plain_json
from core.database import Snapshot, raw
from core.errors import Conflict, Fault, Faulty, Forbidden, Invalid, NotFound, RateLimited
from core.keys import KeyRing
from identity import doubles
from identity.applications import Form, document, hash_of
from identity.enrolment_states import DECIDED_WITHIN, DECIDERS_REASONS, Obstacle, Reason, Step
from identity.enrolment_store import (
    CENTRE,
    FORM,
    Request,
    held,
    place,
    sound,
    tell_applicant,
    today_of,
    written,
)
from identity.openings import is_enrolled_at
from identity.receipts import shown_number
from identity.register_models import Enrolment, Testimony
from identity.relations import Relation, charges, relations


@allow(Scope.ENROLMENT_MAKE)
async def begin_enrolment(connection: AsyncConnection, call: Call, keys: KeyRing, *, form: Form, lang: Lang) -> UUID:
    """A draft of somebody who is there: the id that they will have. It lapses after thirty days.

    Raises Faulty for what cannot be, Invalid for who lives where the caller does not enrol.
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    its = await sound(Snapshot(await raw(connection)), form, call.now, complete=False)
    _refuse_elsewhere(call, its)
    return await place(connection, keys, call, its, channel=CENTRE, lang=lang)


@allow(Scope.ENROLMENT_MAKE)
async def amend_enrolment(connection: AsyncConnection, call: Call, keys: KeyRing, *, enrolment: UUID, form: Form) -> None:
    """The draft holds this form from now on, and no part of what it held before.

    Testimonies were given for somebody: where the form says that it is somebody else, they have to be given again.
    Raises Faulty, Invalid, NotFound; Conflict unless it is a draft.
    """
    request = await held(connection, keys, enrolment, call, Scope.ENROLMENT_MAKE)
    request.follow(Step.AMEND)
    its = await sound(Snapshot(await raw(connection)), form, call.now, complete=False)
    _refuse_elsewhere(call, its)
    await write(connection, request, its)


async def write(connection: AsyncConnection, request: Request, form: Form) -> None:
    """Puts another form in the place of a draft's."""
    record = request.record
    if record.form.identifies() != form.identifies():
        await connection.execute(delete(Testimony).where(Testimony.person_id == request.id))
    await connection.execute(
        update(Enrolment).where(Enrolment.person_id == request.id).values(written(record.key, request.id, form))
    )


@allow(Scope.ENROLMENT_MAKE)
async def count_relatives(
    connection: AsyncConnection, call: Call, reading: Reading, *, enrolment: UUID | None = None, form: Form | None = None
) -> None:
    """Counts that it is asked who the relatives are whom a draft, or the form, names: to be committed before it is handed in.

    Raises RateLimited. What will be refused for something else is left to that, and nothing is counted: nobody is looked for.
    """
    its: list[Charge] = []
    with suppress(Invalid, Conflict, NotFound):
        if enrolment is not None:
            request = await held(connection, reading.keys, enrolment, call, Scope.ENROLMENT_MAKE)
            request.follow(Step.SUBMIT)
            form = request.record.form
        assert form is not None
        its = charges(reading.keys, call, await _complete(reading, form, call))
    wait = await spend(connection, its, now=call.now) if its else 0
    if wait:
        raise RateLimited("relatives were refused too often", retry_after=wait)


async def _complete(reading: Reading, form: Form, call: Call) -> Form:
    """The form in its normal form, of somebody who lives where people are enrolled. Raises Faulty."""
    its = await sound(reading, form, call.now, complete=True)
    assert its.residence is not None
    if not await is_enrolled_at(reading, its.residence, today_of(call)):
        raise Faulty([Fault(Obstacle.NOT_OPEN, ("residence",), "nobody who lives there is enrolled today")])
    return its


@allow(Scope.ENROLMENT_MAKE)
async def submit_enrolment(connection: AsyncConnection, call: Call, reading: Reading, *, enrolment: UUID) -> None:
    """Hands a draft in: what it holds is frozen, known by its hash, and waits for somebody else's decision.

    The look for relatives has to be counted before (`count_relatives`). Raises Faulty with all that is missing or wrong, also
    with relatives and where nobody is enrolled; NotFound, Conflict.
    """
    request = await held(connection, reading.keys, enrolment, call, Scope.ENROLMENT_MAKE)
    state = request.follow(Step.SUBMIT)
    form = await _complete(reading, request.record.form, call)
    related = await relations(reading, form, call, today_of(call), "submitEnrolment")
    await give_back(connection, charges(reading.keys, call, form), now=call.now)
    its = document(form)
    row = {
        "state": state,
        "form": request.record.key.seal(FORM, request.id, plain_json(its).decode()),
        "form_hash": hash_of(its),
        "basis": form.basis,
        "division": form.residence,
        "applicant_id": guardian_among(related),
        "submitted_at": call.now,
        "submitted_by": call.actor.account,
        "due_at": call.now + DECIDED_WITHIN,
    }
    await connection.execute(update(Enrolment).where(Enrolment.person_id == request.id).values(row))
    received = notices.EnrolmentReceived(shown_number(request.row["number"]))
    await tell_applicant(connection, reading.keys, call, request, received)


@allow(Scope.ENROLMENT_MAKE)
async def register_person(connection: AsyncConnection, call: Call, reading: Reading, *, form: Form, lang: Lang) -> UUID:
    """A request that is begun and handed in at once, for whoever has all that is needed. Raises as both do."""
    enrolment = await begin_enrolment(connection, call, reading.keys, form=form, lang=lang)
    await submit_enrolment(connection, call, reading, enrolment=enrolment)
    return enrolment


@allow(Scope.ENROLMENT_DECIDE)
async def review_enrolment(connection: AsyncConnection, call: Call, reading: Reading, *, enrolment: UUID) -> None:
    """Takes a request into review: it is compared with everybody on record who may be the same person.

    Raises NotFound, Conflict unless it was handed in and not taken yet.
    """
    request = await held(connection, reading.keys, enrolment, call, Scope.ENROLMENT_DECIDE)
    state = request.follow(Step.REVIEW)
    related = await _known_relations(reading, call, request, "reviewEnrolment")
    await doubles.find(connection, reading, call, request, related, "reviewEnrolment")
    await connection.execute(update(Enrolment).where(Enrolment.person_id == request.id).values(state=state))


@allow(Scope.ENROLMENT_DECIDE)
async def reject_enrolment(connection: AsyncConnection, call: Call, keys: KeyRing, *, enrolment: UUID, reason: Reason) -> None:
    """Refuses a request, for a reason of the list; the applicant is told that there is one.

    Raises NotFound, Conflict where there is nothing to decide, Forbidden to who took it down, Invalid for a reason of nobody's.
    """
    request = await held(connection, keys, enrolment, call, Scope.ENROLMENT_DECIDE)
    state = request.follow(Step.REJECT)
    refuse_own(call, request)
    if reason not in DECIDERS_REASONS:
        raise Invalid("this is no reason that somebody gives", path=("reason",))
    decided = {"state": state, "reason": reason, "decided_at": call.now, "decided_by": call.actor.account}
    await connection.execute(update(Enrolment).where(Enrolment.person_id == request.id).values(decided))
    await tell_applicant(connection, keys, call, request, notices.EnrolmentRejected(shown_number(request.row["number"])))


def refuse_own(call: Call, request: Request) -> None:
    """Raises Forbidden to whoever took the request down or handed it in."""
    if request.is_of(call.actor):
        raise Forbidden("somebody else decides on what you took down")


async def _known_relations(reading: Reading, call: Call, request: Request, root_field: str) -> list[Relation]:
    """The relatives, as far as they still are what they have to be: whether all of them are, counts at the decision."""
    try:
        return await relations(reading, request.record.form, call, today_of(call), root_field)
    except Faulty:
        return []


def guardian_among(related: list[Relation]) -> UUID | None:
    return next((each.person for each in related if each.kind == "GUARDIAN"), None)


def _refuse_elsewhere(call: Call, form: Form) -> None:
    if form.residence is not None and not call.actor.reaches(Scope.ENROLMENT_MAKE, [form.residence]):
        raise Invalid("you do not enrol who lives there", path=("residence",))
