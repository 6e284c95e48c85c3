"""Requests to have a record changed: by the holder, by a guardian for a ward, or at a centre; decided on by somebody else.

What is asked for is frozen, sealed and hashed as it is asked (`change_forms.py`). Whoever decides does so over the hash of what
was shown, with a code of that moment; what is accepted is applied exactly so, in one transaction with the history, or not at
all: where the record is no longer what it was, it has to be asked anew. The person and the guardians are told of each step.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.approval import SecondFactor
from access.call import ActorKind, Call, allow
from access.catalogue import Use
from access.decision import decide_upkeep
from access.disclosure import SealedRecord
from access.notices import Notice
from access.reading import Reading
from access.rights import Scope
from core.canonical import plain_json
from core.database import Row, raw
from core.dates import civil_date
from core.errors import Conflict, Fault, Faulty, Forbidden, Invalid, NotFound
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from core.sealed import DataKey
from core.texts import checked_text
from identity import store
from identity.applications import FaultCode
from identity.candidates import ATTRIBUTES
from identity.change_forms import (
    DECIDED_WITHIN,
    MAX_OPEN,
    MAX_WORDS,
    OPEN,
    ChangeKind,
    ChangeOrigin,
    ChangeRefusal,
    ChangeState,
    ChangeStep,
    after,
    asked,
    change_of,
    document,
    hash_of,
    needs_evidence,
    refuse_day,
    refuse_too_early,
)
from identity.doubles import IDENTIFYING, find_again
from identity.evidence import attach_evidence, evidence_kinds
from identity.receipts import new_number, shown_number
from identity.record_changes import ELIGIBILITY, held_record, write_change
from identity.register_models import ChangeRequest
from identity.revisions import Cause, Change, Source, attribute_of, write_revision
from identity.self_view import disclose_own, person_of
from identity.store import RESIDENCE, SEALED_PARTS, column
from identity.taken_numbers import give_back_numbers, refuse_anothers
from identity.telling import concerned, tell_all

DIFF: Final = "change_request.diff"
WORDS: Final = "change_request.words"
ANSWER: Final = "change_request.answer"
_PLACES: Final = ("person.birth_place", "person.residence")
_LIVING: Final = ("ACTIVE", "SUSPENDED")
_FIELD: Final = "decideChangeRequest"


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """What of a person's record has become other than it was. Told in the transaction that changes it.

    `moves_eligibility`: what agencies are answered about eligibility may follow from it.
    """

    person: UUID
    attributes: frozenset[str]
    effective_on: date | None

    @property
    def moves_eligibility(self) -> bool:
        return bool(self.attributes & ELIGIBILITY)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `members`: by the names of `change_forms.PARTS`; None: there is none any more."""

    kind: ChangeKind
    members: Mapping[str, str | None] = field(repr=False)
    words: str | None = field(default=None, repr=False)
    effective_on: date | None = None
    evidence: Collection[UUID] = ()


# --- asking


@allow(Scope.SELF_MANAGE)
async def ask_for_change(connection: AsyncConnection, call: Call, reading: Reading, *, wanted: Wanted) -> UUID:
    """The id of a new request about the caller's own record, or the ward's.

    Raises Faulty with all that is wrong with the values (members are paths), Invalid for what is no change, Conflict where
    too many requests are open.
    """
    person = person_of(call)
    origin = ChangeOrigin.HOLDER if person == call.actor.holder else ChangeOrigin.GUARDIAN
    if origin is ChangeOrigin.GUARDIAN and Scope.WARD_ACT not in call.actor.scopes:
        raise Forbidden(f"this needs the right {Scope.WARD_ACT}")
    record = await held_record(connection, reading.keys, person)
    request = await _ask(connection, reading, call, record, origin, wanted)
    disclose_own(record, reading, call, "askForCorrection")
    return request


@allow(Scope.CHANGE_REQUEST)
async def request_change(connection: AsyncConnection, call: Call, reading: Reading, *, person: UUID, wanted: Wanted) -> UUID:
    """The same at a centre, about somebody who resides where the caller may do this. Numbers have to be counted before
    (`taken_numbers.py`).

    Raises NotFound for anybody else, and Conflict also where somebody else has a number (it does not say who).
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    record = await held_record(connection, reading.keys, person)
    touched = {attribute_of(PART) for PART in _parts(wanted)} | {RESIDENCE}
    disclosure = reading.disclose(decide_upkeep(*touched), record, call, subject=person, root_field="correctPerson")
    _, division = disclosure.compare(RESIDENCE, Use.MATCH, lambda its: its.open(RESIDENCE))
    if not call.actor.reaches(Scope.CHANGE_REQUEST, None if division is None else [division]):
        raise NotFound("no such person", path=("person",))
    for attribute in sorted(touched - {RESIDENCE}):
        disclosure.compare(attribute, Use.MATCH, lambda _: None)
    request = await _ask(connection, reading, call, record, ChangeOrigin.CENTRE, wanted)
    await give_back_numbers(connection, reading.keys, call, wanted.members)
    return request


def _parts(wanted: Wanted) -> list[str]:
    return [part for part in SEALED_PARTS if column(part) in wanted.members]


async def _ask(
    connection: AsyncConnection, reading: Reading, call: Call, record: SealedRecord, origin: ChangeOrigin, wanted: Wanted
) -> UUID:
    keys, person, today = reading.keys, record.owner, civil_date(call.now)
    status = await (await raw(connection)).fetchval("select status from person where person_id = $1", person)
    if status not in _LIVING:
        raise Conflict("this record is closed", path=("person",))
    current = {part: record.open(part) for part in SEALED_PARTS}
    change = asked(wanted.kind, current, wanted.members, today)
    refuse_day(wanted.kind, wanted.effective_on, today)
    words = None if wanted.words is None else checked_words(wanted.words, "words")
    await _refuse_unless_there(reading, change)
    if origin is ChangeOrigin.CENTRE:  # to anybody else it would tell who is on record: it comes out at the decision
        await refuse_anothers(connection, keys, person, change)
    its = (ChangeRequest.person_id == person) & ChangeRequest.state.in_(OPEN)
    if (await connection.scalar(select(func.count()).select_from(ChangeRequest).where(its)) or 0) >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} requests about this person are open already")
    request = uuid7(call.now)
    frozen = document(person, request, wanted.kind, wanted.effective_on, change)
    number = await new_number(connection, keys, person, call)
    row: dict[str, Any] = {
        "person_id": person,
        "request_id": request,
        "number": number,
        "kind": wanted.kind,
        "origin": origin,
        "state": ChangeState.SUBMITTED,
        "diff": record.key.seal(DIFF, request, plain_json(frozen).decode()),
        "diff_hash": hash_of(frozen),
        "words": None if words is None else record.key.seal(WORDS, request, words),
        "effective_on": wanted.effective_on,
        "division": current[RESIDENCE],
        "asked_by": call.actor.account or call.actor.holder,
        "submitted_at": call.now,
        "due_at": call.now + DECIDED_WITHIN,
    }
    await connection.execute(insert(ChangeRequest).values(row))
    await attach_evidence(connection, person=person, request=request, evidence=wanted.evidence)
    await _tell(connection, keys, call, person, notices.ChangeRequestReceived(shown_number(number)))
    return request


def checked_words(typed: str, path: str) -> str:
    """What somebody wrote, of several lines perhaps. Raises Invalid, with that path."""
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    words = "\n".join(line.rstrip() for line in lines).strip("\n")
    try:
        checked_text(words.replace("\n", " "), MAX_WORDS)
    except Invalid as fault:
        raise fault.under(path) from None
    return words


async def _refuse_unless_there(reading: Reading, change: Change) -> None:
    codes = {part: change[part][1] for part in _PLACES if part in change}
    there = await store.divisions(reading, (code for code in codes.values() if code is not None))
    faults = [
        Fault(FaultCode.NOT_A_CODE, (column(part),), "there is no such division")
        for part, code in codes.items()
        if code is not None and code not in there
    ]
    if faults:
        raise Faulty(faults)


# --- withdrawing


@allow(Scope.SELF_MANAGE)
async def withdraw_own_change(connection: AsyncConnection, call: Call, keys: KeyRing, *, request: UUID) -> None:
    """Whoever asked, a person can stop what is asked about their own record, or the ward's. Raises NotFound, Conflict."""
    row = await _held(connection, request)
    if row is None or row["person_id"] != person_of(call):
        raise unknown()
    await _withdraw(connection, call, keys, row)


@allow(Scope.CHANGE_REQUEST)
async def withdraw_change(connection: AsyncConnection, call: Call, keys: KeyRing, *, request: UUID) -> None:
    """At a centre, by who asked there. Raises NotFound for another's, Conflict where it was decided."""
    row = await _held(connection, request)
    if row is None or call.actor.account is None or row["asked_by"] != call.actor.account:
        raise unknown()
    if not _within(call, Scope.CHANGE_REQUEST, row):
        raise unknown()
    await _withdraw(connection, call, keys, row)


async def _withdraw(connection: AsyncConnection, call: Call, keys: KeyRing, row: Row) -> None:
    state = after(ChangeState(row["state"]), ChangeStep.WITHDRAW)
    await _decide(connection, call, row, state)
    await _tell(connection, keys, call, row["person_id"], notices.ChangeRequestWithdrawn(shown_number(row["number"])))


# --- deciding


@allow(Scope.CHANGE_DECIDE)
async def take_up_change(connection: AsyncConnection, call: Call, *, request: UUID) -> None:
    """Says that somebody is at it. Raises NotFound, Forbidden to who asked for it, Conflict."""
    row = await _to_decide(connection, call, request)
    state = after(ChangeState(row["state"]), ChangeStep.TAKE_UP)
    await connection.execute(update(ChangeRequest).where(_is(row)).values(state=state))


@allow(Scope.CHANGE_DECIDE)
async def decide_change(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    check: SecondFactor,
    *,
    request: UUID,
    hash_: str,
    code: str,
    accept: bool,
    refusal: ChangeRefusal | None,
    words: str | None,
    events: Events,
) -> None:
    """Accepts a request, which is applied now, or refuses it for a reason. Where the person may be somebody else on record, by
    what says now who they are, there is a case of both (`doubles.py`), which is decided afterwards.

    `hash_`: of what was shown, in hex. `words`: for the person. Raises NotFound; Forbidden to who asked for it; Conflict where
    it was decided, is another than was shown, the record is no longer what it was, somebody else has the number, or the record
    is closed; Faulty where evidence is missing; Invalid for a wrong code, and unless it has a reason just where it is refused.
    """
    if accept == (refusal is not None):
        raise Invalid("a reason is given where it is refused, and there alone", path=("reason",))
    row = await _to_decide(connection, call, request)
    state = after(ChangeState(row["state"]), ChangeStep.ACCEPT if refusal is None else ChangeStep.REJECT)
    if hash_ != row["diff_hash"].hex():
        raise Conflict("this is not the change that was shown", path=("hash",))
    answer = None if words is None else checked_words(words, "words")
    await check(connection, call, code)
    keys, person = reading.keys, row["person_id"]
    record = await held_record(connection, keys, person)
    told = await concerned(connection, keys, call, person)  # at the old address, where it is what is changed
    if refusal is None:
        change = frozen_change(record.key, row)
        changed = frozenset(map(attribute_of, change))
        looked = changed | (frozenset(ATTRIBUTES) if changed & IDENTIFYING else frozenset())
        disclosure = reading.disclose(decide_upkeep(*looked), record, call, subject=person, root_field=_FIELD)
        for attribute in sorted(looked):
            disclosure.compare(attribute, Use.MATCH, lambda _: None)
        await _apply(connection, keys, call, row, record, change)
        await events.tell(connection, call, PersonChanged(person, changed, row["effective_on"]))
    sealed = None if answer is None else record.key.seal(ANSWER, request, answer)
    await _decide(connection, call, row, state, reason=refusal, answer=sealed)
    number = shown_number(row["number"])
    notice = notices.ChangeRequestAccepted(number) if refusal is None else notices.ChangeRequestRejected(number)
    await tell_all(connection, keys, call, told, notice)


def frozen_change(key: DataKey, row: Row) -> Change:
    """What a request asks for. Raises Internal where it is not what was frozen."""
    text = key.open(DIFF, row["request_id"], row["diff"])
    return change_of(text, row["diff_hash"], row["person_id"], row["request_id"], row["kind"], row["effective_on"])


async def _apply(
    connection: AsyncConnection, keys: KeyRing, call: Call, row: Row, record: SealedRecord, change: Change
) -> None:
    """Exactly the change that was asked for. The rules are asked once more: what stands beside it may have changed."""
    status = await (await raw(connection)).fetchval("select status from person where person_id = $1", record.owner)
    if status not in _LIVING:
        raise Conflict("this record is closed", path=("request",))
    kind = ChangeKind(row["kind"])
    if needs_evidence(change) and not await evidence_kinds(connection, person=record.owner, request=row["request_id"]):
        message = "this is changed only by evidence of it"
        raise Faulty([Fault(ChangeRefusal.EVIDENCE_MISSING, ("request",), message)])
    current = {part: record.open(part) for part in SEALED_PARTS}
    refuse_too_early(change, current, row["submitted_at"], call.now)
    try:
        if any(current[part] != was for part, (was, _) in change.items()):
            raise Conflict("the record is not what it was")
        asked(kind, current, {column(part): becomes for part, (_, becomes) in change.items()}, civil_date(call.now))
        compared = await write_change(connection, keys, record, change, now=call.now)
        if RESIDENCE in change:  # who decides is who does where the person resides
            its = (ChangeRequest.person_id == record.owner) & ChangeRequest.state.in_(OPEN)
            await connection.execute(update(ChangeRequest).where(its).values(division=change[RESIDENCE][1]))
    except (Conflict, Invalid) as refusal:
        raise Conflict(f"it has to be asked for anew: {refusal.message}", path=("request",)) from None
    if IDENTIFYING & set(map(attribute_of, change)):
        await find_again(connection, keys, call, record.owner, compared, _FIELD)
    await write_revision(
        connection,
        record.key,
        call,
        person=record.owner,
        cause=Cause(kind.value),
        source=Source.CENTRE if row["origin"] == ChangeOrigin.CENTRE else Source.HOLDER,
        change=change,
        request=row["request_id"],
        effective_on=row["effective_on"],
    )


# --- its parts

_HELD = """
select c.* from change_request c join person p on p.person_id = c.person_id and p.data_key is not null
 where c.person_id = $1 and c.request_id = $2 for update of c"""
_WHOSE = """
select p.person_id from change_request c join person p on p.person_id = c.person_id where c.request_id = $1
   for no key update of p"""


async def _held(connection: AsyncConnection, request: UUID) -> Row | None:
    """The request, which nobody else decides on until the transaction ends; None for none.

    The person is held first: of two requests about one person one is decided after the other.
    """
    driver = await raw(connection)
    person = await driver.fetchval(_WHOSE, request)
    return None if person is None else await driver.fetchrow(_HELD, person, request)


async def _to_decide(connection: AsyncConnection, call: Call, request: UUID) -> Row:
    if call.actor.kind is not ActorKind.STAFF or call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    row = await _held(connection, request)
    if row is None or not _within(call, Scope.CHANGE_DECIDE, row):
        raise unknown()
    if row["asked_by"] == call.actor.account:
        raise Forbidden("who asked for it does not decide on it")
    return row


async def _decide(connection: AsyncConnection, call: Call, row: Row, state: ChangeState, **members: Any) -> None:
    by = call.actor.account or call.actor.holder
    made = {"state": state, "decided_at": call.now, "decided_by": by, **members}
    await connection.execute(update(ChangeRequest).where(_is(row)).values(made))


def _is(row: Row) -> Any:
    return (ChangeRequest.person_id == row["person_id"]) & (ChangeRequest.request_id == row["request_id"])


def _within(call: Call, scope: Scope, row: Row) -> bool:
    return call.actor.reaches(scope, None if row["division"] is None else [row["division"]])


async def _tell(connection: AsyncConnection, keys: KeyRing, call: Call, person: UUID, notice: Notice) -> None:
    await tell_all(connection, keys, call, await concerned(connection, keys, call, person), notice)


def unknown() -> NotFound:
    return NotFound("there is no such request", path=("request",))
