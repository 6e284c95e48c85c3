"""A new telephone that two registered people vouch for, where its owner cannot come to a centre.

Whoever asks is not signed in, and learns nothing: whether anybody has the numbers, whether the names fit, whether the witnesses
will do, the answer is the same, and the same statements write as many rows. Witnesses who can be reached are asked in any case,
and shown what was typed and nothing of the register; but unless all of it holds, nothing comes of what they answer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, allow, open_to_all
from access.catalogue import Use
from access.devices import known_among
from access.disclosure import SealedRecord
from access.invitations import refuse_unless_at_the_door
from access.reading import Reading
from access.rights import Scope
from access.throttles import Budget, Charge, network_of, spend
from core.errors import Forbidden, Invalid, RateLimited
from core.ids import uuid7
from core.keys import KeyRing
from core.sealed import DataKey
from core.texts import checked_text
from identity.contacts import hold, new_row, typed_telephone, wait
from identity.holders import Holder, holders, holders_of, look, tell_holder, typed_number
from identity.models import TelephoneChange, TelephoneWitness
from identity.names import folded
from identity.numbers import Idcs
from identity.self_view import NAMES, enter_own
from identity.telephone_rules import TELEPHONE

WITNESSES = 2
CONFIRM_WITHIN = timedelta(days=7)
MAX_NAME = 120  # characters
MAX_SHOWN = 20
CLAIM = "telephone_witness.claim"
EMAIL = "person.email"
# How often it is asked: for one person at the wish of strangers (of one address only a small part), or of a known device; of
# one witness; by one address.
ASKED = Budget("TELEPHONE", limit=20, window_seconds=86_400)
ASKED_PAIR = Budget("TELEPHONE_PAIR", limit=3, window_seconds=86_400)
ASKED_DEVICE = Budget("TELEPHONE_DEVICE", limit=5, window_seconds=86_400)
ASKED_WITNESS = Budget("WITNESS", limit=10, window_seconds=86_400)
ASKED_ADDRESS = Budget("TELEPHONE_ADDRESS", limit=30, window_seconds=3600)


@dataclass(frozen=True, slots=True)
class Typed:
    """What an applicant typed."""

    idcs: str = field(repr=False)
    name: str = field(repr=False)
    telephone: str = field(repr=False)
    witnesses: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The same, in normal form."""

    applicant: Idcs
    name: str = field(repr=False)
    telephone: str = field(repr=False)
    witnesses: tuple[Idcs, ...]

    @classmethod
    def of(cls, typed: Typed) -> "Claimed":
        """Raises Invalid, with the path, for what cannot be: also for one who would be a witness twice, or to themselves."""
        applicant = typed_number(typed.idcs)
        try:
            checked_text(typed.name, MAX_NAME)
        except Invalid as fault:
            raise fault.under("name") from None
        if len(typed.witnesses) != WITNESSES:
            raise Invalid(f"{WITNESSES} witnesses are needed", path=("witnesses",))
        numbers = tuple(typed_number(each, "witnesses", str(place)) for place, each in enumerate(typed.witnesses))
        for place, number in enumerate(numbers):
            if number == applicant or number in numbers[:place]:
                raise Invalid("a witness is another person", path=("witnesses", str(place)))
        return cls(applicant, " ".join(typed.name.split()), typed_telephone(typed.telephone), numbers)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the rule needs to know of a witness. `known`: by a record that counts now. `marks`: keyed hashes of their telephone
    and e-mail."""

    known: bool
    is_ward: bool
    marks: frozenset[bytes]


def will_do(witnesses: Sequence[Candidate], applicants: frozenset[bytes]) -> bool:
    """Whether these are witnesses independent of each other and of the applicant. Pure.

    Each is somebody else, who answers for themselves: nobody's ward, and no two of them (nor a witness and the applicant, by
    the old or the new number) are reached at one telephone or e-mail, where one person could confirm for both.
    """
    seen = set(applicants)
    for witness in witnesses:
        if not witness.known or witness.is_ward or not witness.marks or seen & witness.marks:
            return False
        seen |= witness.marks
    return True


def same_name(typed: str, given: str | None, family: str | None) -> bool:
    """Whether somebody typed these names, in whatever order and spelling of the same letters. Pure."""
    words = sorted(folded(typed))
    return bool(given and family and words) and words == sorted((*folded(given or ""), *folded(family or "")))


# --- asking


@open_to_all
async def count_request(connection: AsyncConnection, call: Call, keys: KeyRing, *, typed: Typed, device: str | None) -> None:
    """Counts a request: to be committed before it is made.

    Raises Invalid for what cannot be, RateLimited, to numbers that nobody has just the same.
    """
    refuse_unless_at_the_door(call)
    claimed = Claimed.of(typed)
    (applicant, *witnesses), _ = await _found(connection, keys, claimed, call.now)
    known = known_among(keys, applicant.owner, device, call.now)
    owner, network = str(applicant.owner), network_of(call.address or "")
    strangers = [Charge.of(keys, ASKED, owner), Charge.of(keys, ASKED_PAIR, owner, network)]
    charges = [
        *(strangers if known is None else [Charge.of(keys, ASKED_DEVICE, owner)]),
        Charge.of(keys, ASKED_ADDRESS, network),
        *(Charge.of(keys, ASKED_WITNESS, str(witness.owner)) for witness in witnesses),
    ]
    wait_seconds = await spend(connection, charges, now=call.now)
    if wait_seconds:
        raise RateLimited("this was asked for too often", retry_after=wait_seconds)


@open_to_all
async def ask_for_change(connection: AsyncConnection, call: Call, reading: Reading, *, typed: Typed) -> None:
    """Asks the witnesses to vouch for the applicant's new telephone. The same, whoever has these numbers.

    Raises Invalid for what cannot be.
    """
    refuse_unless_at_the_door(call)
    keys, claimed = reading.keys, Claimed.of(typed)
    (applicant, *witnesses), nobody = await _found(connection, keys, claimed, call.now)
    holds = _holds(reading, call, claimed, applicant, witnesses)
    change = uuid7(call.now)
    row = new_row(applicant if holds else nobody, change, claimed.telephone, call)
    expires_at = call.now + CONFIRM_WITHIN
    await connection.execute(insert(TelephoneChange).values(row | {"method": "WITNESSES", "expires_at": expires_at}))
    for witness in witnesses:
        # Two that are nobody hang on one row: each gets an id of its own, which leads nowhere.
        asked = change if witness.person_id is not None else uuid7(call.now)
        said = json.dumps({"name": claimed.name, "telephone": claimed.telephone}, ensure_ascii=False)
        its = {
            "person_id": witness.row,
            "change_id": asked,
            "applicant_id": applicant.owner,
            "claim": witness.record.key.seal(CLAIM, asked, said),
            "asked_at": call.now,
            "expires_at": expires_at,
        }
        await connection.execute(insert(TelephoneWitness).values(its))
        await tell_holder(connection, keys, call, witness, notices.WitnessAsked(), ways=witness.way())


async def _found(connection: AsyncConnection, keys: KeyRing, claimed: Claimed, now: datetime) -> tuple[list[Holder], Holder]:
    numbers = (claimed.applicant, *claimed.witnesses)
    return await holders(connection, keys, numbers, now, reachable=[False, *(True for _ in claimed.witnesses)])


def _holds(reading: Reading, call: Call, claimed: Claimed, applicant: Holder, witnesses: Sequence[Holder]) -> bool:
    """Whether anything can come of it. All of it is looked at in any case, and each look is recorded."""
    keys = reading.keys

    def marks(holder: Holder, *attributes: str) -> frozenset[bytes]:
        disclosure = look(holder, reading, call, "askForTelephoneChange", TELEPHONE, EMAIL)
        found = [disclosure.compare(name, Use.MATCH, partial(_mark, keys, name))[1] for name in attributes]
        return frozenset(mark for mark in found if mark is not None)

    named = look(applicant, reading, call, "askForTelephoneChange", *NAMES, TELEPHONE)
    fits = [named.compare(name, Use.MATCH, lambda record: _is_named(record, claimed.name)) for name in sorted(NAMES)]
    _, old = named.compare(TELEPHONE, Use.MATCH, lambda record: _mark(keys, TELEPHONE, record))
    new = keys.index(TELEPHONE, claimed.telephone)
    candidates = [Candidate(w.active, w.is_ward, marks(w, TELEPHONE, EMAIL)) for w in witnesses]
    independent = will_do(candidates, frozenset(mark for mark in (old, new) if mark is not None))
    return applicant.person_id is not None and all(all(each) for each in fits) and old != new and independent


def _is_named(record: SealedRecord, typed: str) -> bool:
    scripts = [(record.open(f"person.given_name:{s}"), record.open(f"person.family_name:{s}")) for s in ("ar", "latin")]
    fits = [same_name(typed, given, family) for given, family in scripts]
    return any(fits)


def _mark(keys: KeyRing, attribute: str, record: SealedRecord) -> bytes | None:
    value = record.open(attribute)
    return None if value is None else keys.index(attribute, value)


# --- answering


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request to vouch for somebody. `name`, `telephone`: what whoever asks typed."""

    change_id: UUID
    name: str
    telephone: str
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    confirmed: bool | None


_REQUESTS = """
select p.person_id, p.data_key, w.change_id, w.claim, w.asked_at, w.expires_at, w.answered_at, w.confirmed
  from person p left join telephone_witness w on w.person_id = p.person_id
 where p.person_id = $1 order by w.change_id desc limit $2"""


@allow(Scope.WITNESS)
async def witness_requests(reading: Reading, call: Call) -> list[RequestView]:
    """What the caller was asked to vouch for, the newest first; nobody answers in the place of a ward. It is a look, too."""
    rows = await reading.ask(_REQUESTS, _witness(call), MAX_SHOWN)
    key = enter_own(rows, reading, call, "witnessRequests").key
    return [_request(key, row) for row in rows if row["change_id"] is not None]


def _request(key: DataKey, row: Any) -> RequestView:
    said = json.loads(key.open(CLAIM, row["change_id"], row["claim"]))
    times = row["asked_at"], row["expires_at"], row["answered_at"]
    return RequestView(row["change_id"], said["name"], said["telephone"], *times, row["confirmed"])


@allow(Scope.WITNESS)
async def answer_as_witness(
    connection: AsyncConnection, call: Call, keys: KeyRing, *, change: UUID, confirmed: bool, issuer: str
) -> None:
    """Vouches for a change, or says no to it; that ends it. With the last witness's word the waiting begins.

    Raises Invalid for what the caller was not asked, has answered, or would answer too late.
    """
    me = _witness(call)
    (witness,) = await holders_of(connection, keys, [me], call.now)
    if confirmed and not witness.active:
        raise Forbidden("whose record is suspended vouches for nobody")
    its = (TelephoneWitness.person_id == me) & (TelephoneWitness.change_id == change)
    its &= TelephoneWitness.answered_at.is_(None) & (TelephoneWitness.expires_at > call.now)
    answer = update(TelephoneWitness).where(its).values(answered_at=call.now, confirmed=confirmed)
    asked = (await connection.execute(answer.returning(TelephoneWitness.applicant_id))).first()
    if asked is None:
        raise Invalid("no such request is open", path=("request",))
    await hold(connection, asked.applicant_id)
    its = (TelephoneChange.person_id == asked.applicant_id) & (TelephoneChange.change_id == change)
    found = (await connection.execute(select(TelephoneChange).where(its))).first()
    if found is None or found.stopped_at is not None or found.takes_effect_at is not None or found.expires_at <= call.now:
        return
    confirming = (TelephoneWitness.change_id == change) & TelephoneWitness.confirmed
    words = await connection.scalar(select(func.count()).select_from(TelephoneWitness).where(confirming))
    if confirmed and words != WITNESSES:
        return
    (applicant,) = await holders_of(connection, keys, [found.person_id], call.now)
    if not confirmed or applicant.person_id is None or await _another_waits(connection, found.person_id):
        await connection.execute(update(TelephoneChange).where(its).values(stopped_at=call.now))
        return
    await wait(connection, keys, call, applicant, change, issuer=issuer)


async def _another_waits(connection: AsyncConnection, person: UUID) -> bool:
    """A change that waits already goes first: what was set at a centre is not overtaken by witnesses' words."""
    its = (TelephoneChange.person_id == person) & TelephoneChange.takes_effect_at.is_not(None)
    its &= TelephoneChange.stopped_at.is_(None) & TelephoneChange.applied_at.is_(None)
    return await connection.scalar(select(TelephoneChange.change_id).where(its).limit(1)) is not None


def _witness(call: Call) -> UUID:
    if call.actor.holder is None or call.actor.person != call.actor.holder:
        raise Forbidden("a witness answers for themselves")
    return call.actor.holder
