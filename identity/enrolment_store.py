"""Requests to be enrolled, as they are stored: found, opened, placed and written. No doors: whoever is here was let in by one.

The form is one document, sealed under the data key that the person will have. It is opened part by part through a disclosure,
like the record of somebody who is registered (`FormRecord`).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Actor, ActorKind, Call
from access.catalogue import Lang
from access.disclosure import SealedRecord
from access.notices import Channel, Notice
from access.outbox import Owner, OwnerKind, tell
from access.rights import Scope
from core.canonical import plain_json
from core.database import Database, Reader, Row, Snapshot, raw
from core.dates import civil_date
from core.errors import Conflict, Fault, Faulty, Forbidden, Invalid, NotFound
from core.ids import random_bytes, uuid7
from core.keys import KeyRing
from core.sealed import DataKey
from identity import store
from identity.applications import FaultCode, Form, checked, document, form_of
from identity.enrolment_states import DRAFT_LIFETIME, ERASED_AFTER, Reason, State, Step, after, state_at
from identity.evidence import erase_evidence
from identity.receipts import new_number, owner_of
from identity.register_models import Enrolment
from identity.store import SEALED_PARTS, column

FORM = "enrolment.form"
ONLINE, CENTRE = "ONLINE", "CENTRE"
SWEPT = 500
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 that are not taken for each other
_LENGTH = 12
_GROUP = 4
MAX_SECRET = 40  # characters
_PLACES = ("birth_place", "residence")


@dataclass(frozen=True, slots=True)
class FormRecord(SealedRecord):
    """What an applicant declared, opened like the record of somebody registered. It has their IDCS once they have one."""

    form: Form
    idcs: bytes | None

    def open(self, part: str) -> str | None:
        if part == "person.idcs":
            return None if self.idcs is None else self.key.open(part, self.owner, self.idcs)
        value: str | None = getattr(self.form, column(part))
        return value

    @property
    def parts(self) -> dict[str, str | None]:
        """The text of every sealed part that the person will have, but for the IDCS."""
        return {part: self.open(part) for part in SEALED_PARTS if part != "person.idcs"}


@dataclass(frozen=True)
class Request:
    """A request as it stands at an instant. `erased`: what was declared is there no more."""

    row: Row
    state: State
    keys: KeyRing

    @property
    def id(self) -> UUID:
        found: UUID = self.row["person_id"]
        return found

    @property
    def record(self) -> FormRecord:
        """Raises Conflict where it was erased."""
        if self._record is None:
            raise Conflict("what was declared is erased already")
        return self._record

    @property
    def erased(self) -> bool:
        return self._record is None

    @cached_property
    def _record(self) -> FormRecord | None:
        if self.row["data_key"] is None or self.row["form"] is None or self.lapsed:
            return None
        key = self.keys.masters.unwrap(self.id, self.row["data_key"])
        return FormRecord(self.id, key, {}, form_of(key.open(FORM, self.id, self.row["form"])), self.row["idcs"])

    @property
    def lapsed(self) -> bool:
        """Whether it is a draft that lapsed, whatever was written down by now."""
        return self.state is State.REJECTED and self.row["submitted_at"] is None

    @property
    def division(self) -> str | None:
        found: str | None = self.row["division"]
        return found

    def is_of(self, actor: Actor) -> bool:
        """Whether whoever calls took it down or handed it in: somebody else decides on it."""
        return actor.account is not None and actor.account in (self.row["begun_by"], self.row["submitted_by"])

    def within(self, actor: Actor, scope: Scope) -> bool:
        """Whether it lies where the scope holds; a draft without a residence is for whoever began it, or has its number."""
        if self.division is None:
            return scope in actor.scopes and (self.row["begun_by"] in (None, actor.account) or actor.reaches(scope, None))
        return actor.reaches(scope, [self.division])

    def follow(self, step: Step) -> State:
        """The state after that step. Raises Conflict, with a path."""
        try:
            return after(self.state, step)
        except Conflict as refusal:
            raise refusal.under("enrolment") from None


_FIND = """
select e.*, p.idcs, p.person_id as registered_id from enrolment e left join person p on p.person_id = e.person_id
   and p.data_key is not null
 where e.person_id = $1"""


async def find(reader: Reader, keys: KeyRing, enrolment: UUID, now: datetime, *, hold: bool = False) -> Request | None:
    """`hold`: until the transaction ends nobody else changes it."""
    rows = await reader.ask(_FIND + (" for update of e" if hold else ""), enrolment)
    return Request(rows[0], state_at(rows[0]["state"], rows[0]["expires_at"], now), keys) if rows else None


async def held(connection: AsyncConnection, keys: KeyRing, enrolment: UUID, call: Call, scope: Scope) -> Request:
    """The request, which nobody else changes until the transaction ends.

    Raises NotFound, also for one that lies where the scope does not hold; Forbidden to who is nobody by name.
    """
    if call.actor.account is None:
        raise Forbidden("this is done by people, under their own name")
    request = await find(Snapshot(await raw(connection)), keys, enrolment, call.now, hold=True)
    if request is None or not request.within(call.actor, scope):
        raise unknown()
    return request


async def numbered(reader: Reader, keys: KeyRing, number: str, now: datetime, *, hold: bool = False) -> Request | None:
    """The one with that receipt's number, in its normal form."""
    owner = await owner_of(reader, keys, number)
    request = await find(reader, keys, owner or _NOBODY, now, hold=hold)  # as many statements where there is none
    return request if request is not None and request.row["number"] == number else None


def unknown() -> NotFound:
    return NotFound("there is no such request", path=("enrolment",))


# --- writing


async def place(
    connection: AsyncConnection,
    keys: KeyRing,
    call: Call,
    form: Form,
    *,
    channel: str,
    lang: Lang,
    secret: str | None = None,
) -> UUID:
    """A new draft with a receipt's number. `form` was checked; `secret`: the code by which the applicant comes back."""
    person = uuid7(call.now)
    key, wrapped = keys.masters.new_data_key(person)
    row = {
        "person_id": person,
        "number": await new_number(connection, keys, person, call),
        "secret_hash": None if secret is None else secret_hash(keys, person, secret),
        "state": State.DRAFT,
        "channel": channel,
        "data_key": wrapped,
        "lang": lang,
        "begun_at": call.now,
        "begun_by": call.actor.account,
        "expires_at": call.now + DRAFT_LIFETIME,
    }
    await connection.execute(insert(Enrolment).values(row | written(key, person, form)))
    return person


def written(key: DataKey, person: UUID, form: Form) -> dict[str, Any]:
    """The columns that hold a form, or follow from it."""
    sealed = key.seal(FORM, person, plain_json(document(form)).decode())
    return {"form": sealed, "basis": form.basis, "division": form.residence}


async def sound(reader: Reader, form: Form, now: datetime, *, complete: bool) -> Form:
    """The form in its normal form. Raises Faulty, also where it names divisions that are not there."""
    found = checked(form, civil_date(now), complete=complete)
    codes = {name: getattr(found, name) for name in _PLACES if getattr(found, name) is not None}
    there = await store.divisions(reader, codes.values())
    faults = [
        Fault(FaultCode.NOT_A_CODE, (name,), "there is no such division") for name, code in codes.items() if code not in there
    ]
    if faults:
        raise Faulty(faults)
    return found


def today_of(call: Call) -> date:
    return civil_date(call.now)


# --- telling


async def tell_applicant(
    connection: AsyncConnection, keys: KeyRing, call: Call, request: Request, notice: Notice
) -> Mapping[Channel, str]:
    """Tells whoever applies by all ways that they named: those ways."""
    form = request.record.form
    ways = {Channel.SMS: form.telephone, Channel.EMAIL: form.email}
    channels = {channel: address for channel, address in ways.items() if address is not None}
    if channels:
        owner = Owner(OwnerKind.PERSON, request.id, request.row["data_key"])
        await tell(connection, call, keys, owner=owner, notice=notice, lang=Lang(request.row["lang"]), channels=channels)
    return channels


def ways_of(keys: KeyRing, form: Form) -> list[bytes]:
    """The hashes of where somebody would be reached, in all versions."""
    ways = (("TELEPHONE", form.telephone), ("EMAIL", form.email))
    return [keys.index(kind, value, version) for kind, value in ways if value is not None for version in keys.indexes]


# --- the code by which an applicant comes back


def new_secret() -> str:
    """Twelve letters and digits (60 bits), in groups of four."""
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in random_bytes(_LENGTH))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def secret_hash(keys: KeyRing, person: UUID, typed: str) -> bytes:
    letters = "".join(typed.upper().split()).replace("-", "")
    return keys.index("ENROLMENT_SECRET", f"{person}:{letters}")


_NOBODY = UUID(int=0)


def refuse_unless_an_applicant(call: Call) -> None:
    """Applying is for who has not signed in, and for citizens who sign in by themselves (a child is to be registered): on a
    page, where a try is counted by its address."""
    by_themselves = call.actor.kind is ActorKind.CITIZEN and call.actor.assistant is None
    if call.address is None or not (by_themselves or call.actor.kind is ActorKind.NOBODY):
        raise Forbidden("this is for who has not signed in, and for citizens, on a page")


def is_secret(keys: KeyRing, request: Request | None, typed: str) -> bool:
    """Whether that is the code of that request. The same work for one that is not there."""
    typed = typed if len(typed) <= MAX_SECRET else ""
    person = _NOBODY if request is None else request.id
    stored = None if request is None else request.row["secret_hash"]
    fits = hmac.compare_digest(stored or bytes(16), secret_hash(keys, person, typed))
    return fits and stored is not None


def wrong_code() -> Invalid:
    return Invalid("no request has this number and this code", path=("code",))


# --- what lapses


_SWEEP = f"""
with lapsed as (
    select person_id from enrolment where state = 'DRAFT' and expires_at <= $1
     order by expires_at limit {SWEPT} for update skip locked),
refused as (
    select person_id from enrolment where state = 'REJECTED' and data_key is not null and decided_at <= $2
     order by decided_at limit {SWEPT} for update skip locked)
update enrolment set state = 'REJECTED', reason = coalesce(reason, '{Reason.LAPSED}'),
       decided_at = coalesce(decided_at, expires_at), data_key = null, form = null
 where person_id in (select person_id from lapsed union all select person_id from refused)
returning person_id"""


async def forget_lapsed(database: Database, now: datetime) -> None:
    """Writes down what lapsed, and erases what was declared in that and in what was refused long ago; a bounded number each."""
    async with database.begin() as connection:
        for row in await (await raw(connection)).fetch(_SWEEP, now, now - ERASED_AFTER):
            await erase_evidence(connection, row["person_id"])
