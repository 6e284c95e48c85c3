"""A person's registered telephone, and how it changes: at a centre, or vouched for by two witnesses (`witnesses.py`).

    (asked of witnesses ──both confirm──>) WAITING ──after three days──> APPLIED
                  └──────────────────────────┴──> STOPPED

The telephone lets its holder in, so it never changes at once: the old number and the e-mail are told, and until the days are
over whoever holds them can stop it, and so can a centre. A job applies it; it does so once, however often and late it runs.

Whoever holds the old number may be its thief, so a session does not stop it for ever: where another agent registers the same
within thirty days, two agents have seen the person, and only a centre stops it then. All are told of a stop.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.account_models import OneTimeCode
from access.call import ActorKind, Call, allow, system
from access.catalogue import Use
from access.disclosure import Disclosure, Withheld
from access.notices import Channel
from access.reading import Reading
from access.rights import Scope
from access.sessions import end_sessions_of
from core.database import Row
from core.errors import Conflict, Forbidden, Invalid
from core.ids import uuid7
from core.jobs import Kind, Work, enqueue
from core.keys import KeyRing
from identity.holders import Holder, holders, holders_of, lies_within, look, tell_holder, typed_number
from identity.models import Person, TelephoneChange
from identity.record_changes import held_record, write_change
from identity.revisions import Cause, Source, write_revision
from identity.self_view import enter_own, person_of
from identity.store import RESIDENCE
from identity.telephone_rules import AFTER_STOP, TELEPHONE, Before, ChangeState, StoppedBy, is_firm, masked, mobile, state_of

WAITING_TIME = timedelta(days=3)
STOP_PATH = "/me/telephone"  # of the portal: where a change is stopped
NEW_TELEPHONE = "telephone_change.telephone"
APPLYING = Kind("telephone-change", attempts=10)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change as it is shown. `telephone`: the last two digits of the new one, to its subject; None to others.

    `firm`: only a centre can stop it.
    """

    change_id: UUID
    state: ChangeState
    method: str
    telephone: str | Withheld | None
    begun_at: datetime
    takes_effect_at: datetime | None
    ended_at: datetime | None
    firm: bool


# --- at a centre


@allow(Scope.CONTACT_CHANGE)
async def change_telephone(
    connection: AsyncConnection, call: Call, reading: Reading, *, idcs: str, telephone: str, issuer: str
) -> tuple[UUID, UUID]:
    """The person and a change that takes effect in three days, unless it is stopped. One that was open before is stopped.

    Two agents' word, one after the other, is firm (`is_firm`): the new number is told, too, and only a centre can stop it.

    Raises Invalid for a number that cannot be, and one and the same for an IDCS that nobody has and one whose holder resides
    elsewhere; Conflict for the number that is registered.
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    number = typed_telephone(telephone)
    holder, disclosure = await _served(connection, call, reading, idcs, "changeTelephone")
    if all(disclosure.compare(TELEPHONE, Use.MATCH, lambda record: record.open(TELEPHONE) == number)):
        raise Conflict("this is the registered number already", path=("telephone",))
    await hold(connection, holder.row)
    firm = is_firm(await _before(connection, call.now, holder), number, call.actor.account, call.now)
    await _stop(connection, call.now, holder.row, by=None)
    change = uuid7(call.now)
    row = new_row(holder, change, number, call) | {"method": "CENTRE", "agent_id": call.actor.account, "firm": firm}
    await connection.execute(insert(TelephoneChange).values(row | {"expires_at": call.now + WAITING_TIME}))
    await wait(connection, reading.keys, call, holder, change, issuer=issuer, firm_for=number if firm else None)
    return holder.row, change


@allow(Scope.CONTACT_CHANGE)
async def stop_at_centre(connection: AsyncConnection, call: Call, reading: Reading, *, idcs: str | None) -> tuple[UUID, UUID]:
    """Stops whatever change is open for that person: the person, and the last one. Raises Invalid as `change_telephone` does,
    and Conflict where none is open."""
    if idcs is None:
        raise Invalid("at a centre a change is stopped by the IDCS", path=("idcs",))
    holder, _ = await _served(connection, call, reading, idcs, "stopTelephoneChange")
    stopped = await _stop(connection, call.now, holder.row, by=StoppedBy.CENTRE)
    if not stopped:
        raise Conflict("no change of the telephone is open")
    await _tell_stopped(connection, reading.keys, call, holder, stopped)
    return holder.row, max(row.change_id for row in stopped)


async def _before(connection: AsyncConnection, now: datetime, holder: Holder) -> list[Before]:
    """What became of the person's changes of late, under `hold`."""
    its = (TelephoneChange.person_id == holder.row) & (
        (TelephoneChange.stopped_at > now - AFTER_STOP) | (TelephoneChange.applied_at > now - AFTER_STOP)
    )
    return [
        Before(
            holder.record.key.open(NEW_TELEPHONE, row.change_id, row.telephone),
            row.agent_id,
            None if row.stopped_by is None else StoppedBy(row.stopped_by),
            row.stopped_at,
            row.applied_at,
        )
        for row in await connection.execute(select(TelephoneChange).where(its))
    ]


async def _served(
    connection: AsyncConnection, call: Call, reading: Reading, idcs: str, field: str
) -> tuple[Holder, Disclosure]:
    (holder,), _ = await holders(connection, reading.keys, [typed_number(idcs)], call.now, reachable=[False])
    disclosure = look(holder, reading, call, field, RESIDENCE, TELEPHONE)
    if not lies_within(disclosure, call, Scope.CONTACT_CHANGE):
        raise Invalid("nobody with this number resides where you may do this", path=("idcs",))
    return holder, disclosure


# --- by the holder


@allow(Scope.SELF_MANAGE)
async def stop_change(connection: AsyncConnection, call: Call, keys: KeyRing, *, change: UUID) -> None:
    """It never takes effect; the old number, the new one and the e-mail are told.

    Raises Invalid for what is no open change of the caller's (or the ward's), Conflict where only a centre can stop it.
    """
    person = person_of(call)
    stopped = await _stop(connection, call.now, person, change, by=StoppedBy.HOLDER)
    if not stopped:
        its = (TelephoneChange.person_id == person) & (TelephoneChange.change_id == change) & TelephoneChange.firm
        if await connection.scalar(select(TelephoneChange.change_id).where(its & _is_open(call.now))):
            raise Conflict("only a centre can stop this change", path=("change",))
        raise Invalid("no such change is open", path=("change",))
    (holder,) = await holders_of(connection, keys, [person], call.now)
    await _tell_stopped(connection, keys, call, holder, stopped)


_CHANGES = """
select p.person_id, p.data_key, c.change_id, c.method, c.telephone, c.begun_at, c.expires_at, c.takes_effect_at, c.stopped_at,
       c.applied_at, c.firm
  from person p left join telephone_change c on c.person_id = p.person_id and ($2::uuid is null or c.change_id = $2)
 where p.person_id = $1 order by c.change_id desc limit $3"""
MAX_SHOWN = 20


@allow(Scope.SELF_MANAGE)
async def telephone_changes(reading: Reading, call: Call) -> list[ChangeView]:
    """The caller's (or the ward's) changes, the newest first. That there are none is a look, too."""
    rows = await reading.ask(_CHANGES, person_of(call), None, MAX_SHOWN)
    disclosure = enter_own(rows, reading, call, "telephoneChanges")

    def number(row: Row) -> str | Withheld:
        return disclosure.reveal(
            TELEPHONE, lambda record: masked(record.key.open(NEW_TELEPHONE, row["change_id"], row["telephone"]))
        )

    return [_view(row, number(row), call.now) for row in rows if row["change_id"] is not None]


@allow(Scope.CONTACT_CHANGE)
async def change_made(reading: Reading, call: Call, *, person: UUID, change: UUID) -> ChangeView:
    """One that the caller has just made or stopped at a centre."""
    (row,) = await reading.ask(_CHANGES, person, change, 1)
    return _view(row, None, call.now)


def _view(row: Row, telephone: str | Withheld | None, now: datetime) -> ChangeView:
    state = state_of(row, now)
    ended = row["applied_at"] or row["stopped_at"] or (row["expires_at"] if state is ChangeState.LAPSED else None)
    times = row["begun_at"], row["takes_effect_at"], ended
    return ChangeView(row["change_id"], state, row["method"], telephone, *times, row["firm"])


# --- what the centre's way and the witnesses' have in common


def typed_telephone(typed: str) -> str:
    try:
        return mobile(typed)
    except Invalid as fault:
        raise fault.under("telephone") from None


def new_row(holder: Holder, change: UUID, number: str, call: Call) -> dict[str, Any]:
    """The parts of a change that every one has; the number is sealed under the holder's key."""
    return {
        "person_id": holder.row,
        "change_id": change,
        "telephone": holder.record.key.seal(NEW_TELEPHONE, change, number),
        "begun_at": call.now,
    }


async def hold(connection: AsyncConnection, person: UUID) -> None:
    """Until the transaction ends nobody else begins or applies a change of that person's: what is then read, stays so."""
    await connection.execute(select(Person.person_id).where(Person.person_id == person).with_for_update(key_share=True))


async def wait(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    holder: Holder,
    change: UUID,
    *,
    issuer: str,
    firm_for: str | None = None,
) -> None:
    """The waiting begins: the old number and the e-mail are told, and a job is put down for when it is over.

    `firm_for`: the new number, which is told as well where only a centre can stop it.
    """
    at = call.now + WAITING_TIME
    its = (TelephoneChange.person_id == holder.row) & (TelephoneChange.change_id == change)
    await connection.execute(update(TelephoneChange).where(its).values(takes_effect_at=at))
    if firm_for is None:
        await tell_holder(connection, keys, call, holder, notices.TelephoneChangeBegun(at, f"{issuer}{STOP_PATH}"))
    else:
        for ways in (holder.ways(), {Channel.SMS: firm_for}):
            await tell_holder(connection, keys, call, holder, notices.TelephoneChangeFirm(at), ways=ways)
    await _enqueue(connection, call.now, holder.row, change, at)


async def _enqueue(connection: AsyncConnection, now: datetime, person: UUID, change: UUID, at: datetime) -> None:
    parameters = {"person": str(person), "change": str(change)}
    await enqueue(connection, APPLYING, parameters, job_id=uuid7(now), at=now, execute_after=at)


async def _stop(
    connection: AsyncConnection, now: datetime, person: UUID, change: UUID | None = None, *, by: StoppedBy | None
) -> Sequence[Any]:
    """Stops what is open of a person's changes (that one only), and what whoever stops them can stop; those that were.

    `by`: None where a new one takes their place.
    """
    its = (TelephoneChange.person_id == person) & _is_open(now)
    if by is StoppedBy.HOLDER:
        its &= ~TelephoneChange.firm
    if change is not None:
        its &= TelephoneChange.change_id == change
    columns = TelephoneChange.change_id, TelephoneChange.telephone, TelephoneChange.takes_effect_at
    stopping = update(TelephoneChange).where(its).values(stopped_at=now, stopped_by=by).returning(*columns)
    return list(await connection.execute(stopping))


def _is_open(now: datetime) -> Any:
    its = TelephoneChange.stopped_at.is_(None) & TelephoneChange.applied_at.is_(None)
    return its & (TelephoneChange.takes_effect_at.is_not(None) | (TelephoneChange.expires_at > now))


async def _tell_stopped(connection: AsyncConnection, keys: KeyRing, call: Call, holder: Holder, stopped: Sequence[Any]) -> None:
    """Tells the old number and the e-mail, and each new number that was to count.

    One that witnesses have not both confirmed is anybody's: whoever typed it is told nothing.
    """
    if holder.person_id is None:
        return
    new = [
        {Channel.SMS: holder.record.key.open(NEW_TELEPHONE, row.change_id, row.telephone)}
        for row in stopped
        if row.takes_effect_at is not None
    ]
    for ways in (holder.ways(), *new):
        await tell_holder(connection, keys, call, holder, notices.TelephoneChangeStopped(), ways=ways)


# --- the job


def applying(keys: KeyRing) -> Callable[[Work], Awaitable[None]]:
    """The handler of `APPLYING`."""

    async def apply(work: Work) -> None:
        call = Call(system("telephone-change", Scope.CONTACT_CHANGE), work.now, uuid7(work.now))
        person, change = (UUID(work.parameters[name]) for name in ("person", "change"))
        async with work.database.begin() as connection:
            await apply_change(connection, call, keys, person=person, change=change)

    return apply


@allow(Scope.CONTACT_CHANGE)
async def apply_change(connection: AsyncConnection, call: Call, keys: KeyRing, *, person: UUID, change: UUID) -> None:
    """Puts the new number in the place of the old one, if the waiting is over and nobody has stopped it; both are told.

    All sessions of the person end. Done once: what was applied or stopped stays as it is. Raises Forbidden for people.
    """
    if call.actor.kind is not ActorKind.SYSTEM:
        raise Forbidden("a change takes effect by itself")
    await hold(connection, person)
    its = (TelephoneChange.person_id == person) & (TelephoneChange.change_id == change)
    row = (await connection.execute(select(TelephoneChange).where(its).with_for_update())).first()
    if row is None or row.applied_at is not None or row.stopped_at is not None or row.takes_effect_at is None:
        return
    if call.now < row.takes_effect_at:  # clocks differ: it is put down again
        await _enqueue(connection, call.now, person, change, row.takes_effect_at)
        return
    (holder,) = await holders_of(connection, keys, [person], call.now)
    if holder.person_id is None:  # the person died, say
        await connection.execute(update(TelephoneChange).where(its).values(stopped_at=call.now))
        return
    await _replace(connection, keys, call, holder.row, row)
    await connection.execute(update(TelephoneChange).where(its).values(applied_at=call.now))
    await end_sessions_of(connection, call.now, person)
    # What was sent to the old number opens nothing any more.
    open_codes = (OneTimeCode.owner_id == person) & OneTimeCode.used_at.is_(None)
    await connection.execute(update(OneTimeCode).where(open_codes).values(used_at=call.now))
    new = {Channel.SMS: holder.record.key.open(NEW_TELEPHONE, change, row.telephone)}
    for ways in (holder.ways(), new):
        await tell_holder(connection, keys, call, holder, notices.TelephoneChanged(), ways=ways)


async def _replace(connection: AsyncConnection, keys: KeyRing, call: Call, person: UUID, row: Any) -> None:
    """The number itself, with all that follows from it, and what it was, in the history."""
    record = await held_record(connection, keys, person)
    new = record.key.open(NEW_TELEPHONE, row.change_id, row.telephone)
    change = {TELEPHONE: (record.open(TELEPHONE), new)}
    await write_change(connection, keys, record, change, now=call.now)
    await write_revision(
        connection,
        record.key,
        call,
        person=person,
        cause=Cause.TELEPHONE,
        source=Source.CENTRE if row.method == "CENTRE" else Source.HOLDER,
        change=change,
        request=row.change_id,
    )
