"""A person's consents: shown, answered, paused and taken back, by the person or a ward's guardian.

Each act is one more revision, with who did it, in which session, and who sat beside. It counts from its commit on, in every
process: what an agency is told is decided over the row itself. Consents beside each other stay as they are: a newer one does
not end an older one, since they may cover different things; where a question names none, the newest that is valid counts.

Showing them is a look at the person like any other, and recorded: of the answer, which consents in what state.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import ActorKind, Call, allow
from access.catalogue import Lang
from access.consent_acts import Act, Answer, Invalidate, Pause, Resume, Withdraw
from access.consent_records import By, Evidence, Reason
from access.notices import Notice
from access.reading import Reading
from access.rights import Scope
from core import paging
from core.database import Row, raw
from core.errors import Conflict, Forbidden, Invalid
from core.keys import KeyRing
from identity.consent_store import append, link_hash, locked, not_found, person_of_consent
from identity.consent_telling import tell_done, tell_ended
from identity.consent_views import (
    ONE_BY_LINK,
    ONE_OF_AGENCY,
    ONE_OF_PERSON,
    PAGE_OF_PERSON,
    AgencyConsentView,
    ConsentView,
    of_agency,
    of_person,
    receipt_number,
)
from identity.self_view import enter_own, person_of

_SUSPENDED = "select suspended_at <= $2 from agency where agency_id = $1"


@allow(Scope.CONSENT_READ)
async def consents(
    reading: Reading, call: Call, *, first: int | None = None, after: str | None = None, steps: bool = False
) -> paging.Page[ConsentView]:
    """Those of the caller (or the ward), the newest first. `steps`: with their histories. None at all is a look, too."""
    person, rows_shown = person_of(call), paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"consents {call.actor.holder} {person}")
    before = None if after is None else UUID(cursors.read(after)[0])
    rows, found = await of_person(reading, call.now, PAGE_OF_PERSON, person, before, rows_shown + 1, steps=steps)
    _enter(rows, found[:rows_shown], reading, call, "consents")
    return paging.page(found, rows_shown, cursors, lambda view: (str(view.terms.consent_id),))


@allow(Scope.CONSENT_READ)
async def consent(reading: Reading, call: Call, *, consent_id: UUID, steps: bool = False) -> ConsentView | None:
    """None where the caller (or the ward) has none of that id."""
    return await _one(reading, call, "consent", ONE_OF_PERSON, person_of(call), consent_id, steps=steps)


@allow(Scope.CONSENT_READ)
async def consent_by_link(reading: Reading, call: Call, *, token: str, steps: bool = False) -> ConsentView | None:
    """The request that the link leads to. None alike for a link to another person, one that is over or used, and no link."""
    values = person_of(call), link_hash(token), call.now
    return await _one(reading, call, "consentByLink", ONE_BY_LINK, *values, steps=steps)


@allow(Scope.CONSENT_ANSWER)
async def answer(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, consent: UUID, attributes: Sequence[str], lang: Lang
) -> None:
    """Grants these of the attributes that were asked for; none of them: declines. `lang`: in which the notice was read.

    Raises NotFound for what is not the caller's (or the ward's); Conflict where it waits for no answer (any more), or something
    is granted to an agency that is suspended; Invalid, with the path, for an attribute that was not asked for.
    """
    its = await locked(connection, person_of(call), consent)
    for place, name in enumerate(attributes):
        if name not in its.record.requested:
            raise Invalid("this was not asked for", path=("attributes", place))
    if attributes and await (await raw(connection)).fetchval(_SUSPENDED, its.record.agency, call.now):
        raise Conflict("the agency may not ask for anything now")
    _, revision = await append(connection, its, Answer(frozenset(attributes), lang, _evidence(call)), call.now)
    number = receipt_number(revision.hash)
    given = notices.ConsentGiven(number) if attributes else None
    await tell_done(connection, keys, call, number=number, notice=given, lang=lang)


@allow(Scope.CONSENT_ANSWER)
async def withdraw(connection: AsyncConnection, call: Call, keys: KeyRing, *, consent: UUID) -> None:
    """From the next question on it opens nothing. Raises NotFound as `answer` does, Conflict where nothing is granted."""
    await _act(connection, call, keys, consent, Withdraw(_evidence(call)), notices.ConsentWithdrawn())


@allow(Scope.CONSENT_ANSWER)
async def pause(connection: AsyncConnection, call: Call, keys: KeyRing, *, consent: UUID) -> None:
    """Until it is resumed it opens nothing. Raises as `withdraw` does."""
    await _act(connection, call, keys, consent, Pause(_evidence(call)))


@allow(Scope.CONSENT_ANSWER)
async def resume(connection: AsyncConnection, call: Call, keys: KeyRing, *, consent: UUID) -> None:
    """Raises NotFound as `answer` does, Conflict where it is not paused."""
    await _act(connection, call, keys, consent, Resume(_evidence(call)))


@allow(Scope.AGENCY_MANAGE)
async def invalidate(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, agency: UUID, consent: UUID, reason: Reason
) -> None:
    """The registry finds that it should never have counted. The person is told that it counts no more.

    Raises NotFound where the agency has none of that id, Conflict where nothing is granted by it.
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    if not call.actor.reaches(Scope.AGENCY_MANAGE, None):
        raise Forbidden("this lies outside of where you may do it")
    person = await person_of_consent(connection, agency, consent)
    act = Invalidate(reason, Evidence(By.REGISTRY, call.request_id, account=call.actor.account))
    await append(connection, await locked(connection, person, consent), act, call.now)
    await tell_ended(connection, keys, call, person=person)


@allow(Scope.AGENCY_MANAGE)
async def invalidated(reading: Reading, call: Call, *, agency: UUID, consent: UUID) -> AgencyConsentView:
    """A consent to that agency, as the agency itself sees it: whose it is, is not told. Raises NotFound."""
    found = await of_agency(reading, call.now, ONE_OF_AGENCY, agency, None, consent)
    if not found:
        raise not_found()
    return found[0]


async def _one(reading: Reading, call: Call, field: str, sql: str, *values: Any, steps: bool) -> ConsentView | None:
    """Where there is none, nothing is told of the person, and no look is recorded."""
    rows, found = await of_person(reading, call.now, sql, *values, steps=steps)
    if not found:
        return None
    _enter(rows, found, reading, call, field)
    return found[0]


def _enter(rows: Sequence[Row], shown: Sequence[ConsentView], reading: Reading, call: Call, field: str) -> None:
    """The entry of the look. Nothing is noted in it, for consents are no attribute; its answer is which, and in what state."""
    told = [[str(view.terms.consent_id), view.terms.state.value, view.chain_hash.hex()] for view in shown]
    enter_own(rows, reading, call, field).outcome = told


async def _act(
    connection: AsyncConnection, call: Call, keys: KeyRing, consent: UUID, act: Act, notice: Notice | None = None
) -> None:
    _, revision = await append(connection, await locked(connection, person_of(call), consent), act, call.now)
    await tell_done(connection, keys, call, number=receipt_number(revision.hash), notice=notice)


def _evidence(call: Call) -> Evidence:
    """Who does it: the person, or the guardian whose session sees to a ward's affairs."""
    actor = call.actor
    if actor.kind is not ActorKind.CITIZEN:
        raise Forbidden("this is for citizens")
    for_ward = actor.person != actor.holder
    return Evidence(
        By.GUARDIAN if for_ward else By.CITIZEN,
        call.request_id,
        session=actor.session,
        holder=actor.holder if for_ward else None,
        assistant=actor.assistant,
        office=actor.office,
    )
