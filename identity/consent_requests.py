"""Asking people for their consent, as an agency or one of its officers, and what has become of it.

Nobody learns here who is on record: for a subject that nobody knows, who has died or is suspended, has locked the record or
lives outside of the agency's territory, the same statements write the same rows, kept under the decoy; the message to nobody is
never sent, and the link leads to nobody. So what limits requests is counted apart from the rows: the same for a stranger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Never
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from access import authority
from access.call import Call, Purpose, allow
from access.catalogue import CATALOGUE, Labels, Lang
from access.consent_acts import OPEN_FOR, requested
from access.consent_notices import LONGEST, Notice, parse_notice
from access.consent_records import MAX_ATTRIBUTES, By, ConsentRecord, Evidence, Method
from access.consent_states import Frequency, Window
from access.decision import Ground, Standing, decide
from access.reading import Reading
from access.rights import Scope
from core import paging
from core.database import Reader, raw
from core.errors import Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing
from identity import store
from identity.consent_store import add, link_hash, link_token
from identity.consent_telling import tell_asked
from identity.consent_views import ONE_OF_AGENCY, PAGE_OF_AGENCY, AgencyConsentView, of_agency
from identity.virtual_uses import use_now

MAX_OPEN = 5  # requests of one agency to one person whose time to answer is not over, answered or not
ANSWERED_WITHIN = timedelta(days=14)  # what is asked by a message
LINK_PATH = "/consent/"  # and the token
CONSENT_PATH = "/consents/"  # and the id
_SLOT = "CONSENT_OPEN"
_ASKABLE = (Ground.CONSENT, Ground.NO_CONSENT)
_NOTICE = """
select a.name_ar, a.name_fr, a.name_en, (
       select n.document::text from consent_notice n where n.agency_id = a.agency_id and n.purpose = $2 and n.valid_from <= $3
        order by n.version desc limit 1) as document
  from agency a where a.agency_id = $1"""
_TAKE_SLOT = """
insert into throttle as t (key, kind, window_end, used)
select asked.key, $2, $3, 1 from unnest($1::bytea[]) with ordinality as asked (key, n)
  left join throttle taken on taken.key = asked.key and taken.kind = $2
 where taken.window_end is null or taken.window_end <= $4 order by asked.n limit 1
on conflict (key, kind) do update set window_end = excluded.window_end where t.window_end <= $4
returning true"""
_FREE_AT = "select min(window_end) from throttle where key = any($1::bytea[]) and kind = $2"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an agency asks for. It ends after `valid_days` or at `valid_to`, of which exactly one is said."""

    purpose: Purpose
    attributes: Sequence[str]
    method: Method
    valid_days: int | None = None
    valid_to: datetime | None = None
    frequency: Frequency | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What the person will be shown."""

    agency: UUID
    agency_code: str
    agency_name: Labels
    notice: Notice
    record: ConsentRecord


@dataclass(frozen=True, slots=True)
class _Offer:
    """A wish that may be asked for, and under which notice."""

    standing: Standing
    notice: Notice
    names: Labels
    valid_to: datetime


@allow(Scope.CONSENT_REQUEST)
async def request_consent(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    *,
    wish: Wish,
    issuer: str,
    idcs: str | None = None,
    token: str | None = None,
    virtual_id: str | None = None,
) -> UUID:
    """The id of a request that waits for its answer: for ten minutes by a link, for two weeks by a message to the person.

    Raises Invalid, with the path of the part, for what the agreement or the notice does not cover; Forbidden without an
    agreement for the purpose; RateLimited where MAX_OPEN requests to that subject, whoever it is, are open.
    """
    agency = _agency(call)
    reading.charge(1)
    key = store.key_of(reading.keys, agency, idcs=idcs, token=token, virtual_id=virtual_id)
    row, (subject,) = await store.subjects(reading, call, wish.purpose, [(key, None)], ())
    await use_now(reading.settlement, await raw(connection))
    offer = await _offer(reading, call, await reading.standing(row, call, wish.purpose), wish)
    askable = decide(offer.standing, subject.state(offer.standing), call.now).ground in _ASKABLE
    person = subject.person_id if askable and subject.person_id is not None else store.DECOY
    record = _record(call, wish, offer, person)
    assert record.answer_by is not None
    await _take_slot(connection, reading.keys, (agency, subject.entry_owner), record.answer_by, call.now)
    by_link = wish.method is Method.LINK
    await add(connection, record, call.now, link=link_token(reading.keys, record.consent_id) if by_link else None)
    if not by_link:
        link = f"{issuer}{CONSENT_PATH}{record.consent_id}"
        await tell_asked(connection, reading.keys, call, person=person, agency=offer.names, link=link)
    return record.consent_id


@allow(Scope.CONSENT_REQUEST)
async def preview_consent(
    reading: Reading,
    call: Call,
    *,
    wish: Wish,
    idcs: str | None = None,
    token: str | None = None,
    virtual_id: str | None = None,
) -> Preview:
    """What the person would be shown of that request; nothing is asked, and nobody is looked up. Raises as asking does."""
    agency = _agency(call)
    reading.charge(1)
    store.key_of(reading.keys, agency, idcs=idcs, token=token, virtual_id=virtual_id)
    async with reading.snapshot():
        rows = await reading.ask(authority.alone(call.actor.kind), *authority.parameters(call, wish.purpose))
        if not rows:
            raise Unauthenticated("the token is no longer valid")
        standing = await reading.standing(rows[0], call, wish.purpose)
        offer = await _offer(reading, call, standing, wish)
    return Preview(agency, offer.notice.agency, offer.names, offer.notice, _record(call, wish, offer, store.DECOY))


@allow(Scope.CONSENT_REQUEST)
async def consents_asked(
    reading: Reading, call: Call, *, first: int | None = None, after: str | None = None
) -> paging.Page[AgencyConsentView]:
    """The agency's consents, newest first: of an officer's purposes only, where the officer is limited to some."""
    agency, rows_shown = _agency(call), paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"consents asked {call.actor.id}")
    before = None if after is None else UUID(cursors.read(after)[0])
    _pay(reading)
    async with reading.snapshot():
        await reading.admit(call)
        found = await of_agency(reading, call.now, PAGE_OF_AGENCY, agency, _purposes(call), before, rows_shown + 1)
    return paging.page(found, rows_shown, cursors, lambda view: (str(view.terms.consent_id),))


@allow(Scope.CONSENT_REQUEST)
async def consent_asked(reading: Reading, call: Call, *, consent: UUID) -> AgencyConsentView:
    """Raises NotFound where it is none of the agency's (or of an officer's purposes)."""
    agency = _agency(call)
    _pay(reading)
    async with reading.snapshot():
        await reading.admit(call)
        found = await of_agency(reading, call.now, ONE_OF_AGENCY, agency, _purposes(call), consent)
    if not found:
        raise NotFound("no such consent", path=("id",))
    return found[0]


def link_of(view: AgencyConsentView, keys: KeyRing, issuer: str) -> str | None:
    """Where the person is sent, for whoever asks; None where there is no link (any more)."""
    token = link_token(keys, view.terms.consent_id)
    return f"{issuer}{LINK_PATH}{token}" if view.link_hash == link_hash(token) else None


# --- what may be asked for


async def _offer(reading: Reader, call: Call, standing: Standing, wish: Wish) -> _Offer:
    if standing.mandate is not None:
        _refuse("a legal mandate rules here: nobody is asked for consent", "purpose")
    row = (await reading.ask(_NOTICE, standing.agency, wish.purpose, call.now))[0]
    if row["document"] is None:
        _refuse("there is no published notice for this purpose", "purpose")
    notice = parse_notice(orjson.loads(row["document"]))
    _check_attributes(standing, notice, wish.attributes)
    names = {Lang.AR: row["name_ar"], Lang.FR: row["name_fr"], Lang.EN: row["name_en"]}
    return _Offer(standing, notice, names, _end(standing, notice, wish, call.now))


def _check_attributes(standing: Standing, notice: Notice, attributes: Sequence[str]) -> None:
    if not 1 <= len(attributes) <= MAX_ATTRIBUTES:
        _refuse(f"expected 1 to {MAX_ATTRIBUTES} attributes", "attributes")
    seen: set[str] = set()
    for place, name in enumerate(attributes):
        term = standing.terms.get(name) if name in CATALOGUE else None
        if name not in CATALOGUE:
            _refuse("no such attribute", "attributes", place)
        if name in seen:
            _refuse("said twice", "attributes", place)
        if term is None or not term.uses:
            _refuse("the agreement does not grant this attribute", "attributes", place)
        if name not in notice.attributes:
            _refuse("the notice does not name this attribute", "attributes", place)
        seen.add(name)


def _end(standing: Standing, notice: Notice, wish: Wish, now: datetime) -> datetime:
    if (wish.valid_days is None) == (wish.valid_to is None):
        _refuse("its end is said in exactly one way", "validDays")
    if wish.valid_days is not None:
        if not 1 <= wish.valid_days <= LONGEST.days:
            _refuse(f"expected 1 to {LONGEST.days}", "validDays")
        end, said = now + timedelta(days=wish.valid_days), "validDays"
    else:
        assert wish.valid_to is not None
        end, said = wish.valid_to, "validTo"
    if end <= now:
        _refuse("it would be over already", said)
    if end - now > notice.longest:
        _refuse("longer than the notice says", said)
    if end > standing.agreement.valid_to:
        _refuse("longer than the agreement holds", said)
    return end


def _record(call: Call, wish: Wish, offer: _Offer, person: UUID) -> ConsentRecord:
    if wish.method not in (Method.LINK, Method.NOTICE):
        _refuse("a link or a message", "method")
    within = OPEN_FOR[Method.LINK] if wish.method is Method.LINK else ANSWERED_WITHIN
    return requested(
        offer.notice,
        consent_id=uuid7(call.now),
        person_id=person,
        agency=offer.standing.agency,
        attributes=frozenset(wish.attributes),
        valid_to=offer.valid_to,
        answer_by=min(call.now + within, offer.valid_to),
        method=wish.method,
        evidence=Evidence(By.AGENCY, call.request_id, account=call.actor.account, office=call.actor.office),
        now=call.now,
        frequency=wish.frequency,
        reference=wish.reference,
    )


def frequency(uses: int, per: Window) -> Frequency:
    """Raises Invalid, with the path in the input, for a number of uses that cannot be."""
    try:
        return Frequency(uses, per)
    except Invalid as fault:
        raise fault.under("frequency") from None


def _refuse(message: str, *path: str | int) -> Never:
    raise Invalid(message, path=path)


# --- asking


async def _take_slot(
    connection: AsyncConnection, keys: KeyRing, whose: tuple[UUID, UUID], until: datetime, now: datetime
) -> None:
    """One of the few requests of an agency to one subject, whoever that is, that may be open at a time."""
    agency, subject = whose
    slots = [keys.index("CONSENT_SLOT", f"{agency}\0{subject}\0{place}") for place in range(MAX_OPEN)]
    driver = await raw(connection)
    for _ in slots:  # each time one is lost to another request at the same instant, the next statement sees that it is taken
        if await driver.fetchval(_TAKE_SLOT, slots, _SLOT, until, now):
            return
    free_at: datetime | None = await driver.fetchval(_FREE_AT, slots, _SLOT)
    seconds = 1 if free_at is None else max(int((free_at - now).total_seconds()) + 1, 1)
    raise RateLimited("too many requests to this subject are open", retry_after=seconds)


# --- who asks


def _agency(call: Call) -> UUID:
    if call.actor.agency is None:
        raise Forbidden("this is for agencies")
    return call.actor.agency


def _purposes(call: Call) -> list[str] | None:
    """Those that an officer is limited to; None: all."""
    return None if call.actor.purposes is None else sorted(call.actor.purposes)


def _pay(reading: Reading) -> None:
    """A look costs a point, unless the same request has paid for what it looks at again."""
    if not reading.points:
        reading.charge(1)
