"""Bulk loading of people: sealed, numbered and indexed a batch at a time, and written by COPY.

Everything happens in the caller's transaction, and what a batch needs in memory is bounded by its size. The row that stands
in for strangers (`make_decoy`) and the divisions are made here too: nothing can be served without them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import asyncpg
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, Purpose, allow
from access.decision import Status
from access.models import Instance
from access.rights import Scope
from core.database import Reader, Row
from core.dates import PartialDate
from core.errors import Conflict, Invalid, SijilError, TooCostly, Unavailable
from core.ids import uuid7
from core.keys import KeyRing
from identity.blocking import Comparable, blocking_hashes
from identity.codes import MaritalStatus, Sex, normal_form
from identity.divisions import Division, region_of
from identity.models import Person
from identity.numbers import Idcs, issue
from identity.store import DECOY, SEALED_PARTS, column

MAX_BATCH = 10_000

# Looked up by a keyed hash: kind of identifier -> the sealed part that holds its normal form.
INDEXED: Mapping[str, str] = {
    "IDCS": "person.idcs",
    "CNIE": "person.cnie",
    "RESIDENCE_PERMIT": "person.residence_permit",
    "TELEPHONE": "person.telephone",
    "EMAIL": "person.email",
}
PERSON_COLUMNS = ("person_id", "data_key", "status", "status_since", "enrolled_at", *map(column, SEALED_PARTS))
IDENTIFIER_COLUMNS = ("hash", "kind", "key_version", "owner_id")
RELATIVE_COLUMNS = ("person_id", "kind", "relative_id", "valid_from")
_REVISION_COLUMNS = ("person_id", "revision_id", "cause", "source", "recorded_at")
BLOCKING_COLUMNS = ("hash", "person_id", "key_version")
_LOCK_COLUMNS = ("person_id", "lock_id", "purposes", "mandated_too", "valid_from")


@dataclass(frozen=True, slots=True)
class NewLock:
    """The holder's own lock, from now on."""

    purposes: frozenset[Purpose]
    mandated_too: bool


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be loaded. Parents and guardian are `key`s of people in the same batch.

    Cards, telephone and e-mail may be typed in any way: their normal form is kept. `idcs`: the number that the person has
    already; None: a new one is issued.
    """

    key: int
    given_name_ar: str | None
    given_name_latin: str | None
    family_name_ar: str | None
    family_name_latin: str | None
    birth_date: PartialDate
    sex: str
    nationality: str
    marital_status: str | None = None
    father_name: str | None = None  # as the birth record has it, in either script
    mother_name: str | None = None
    birth_place: str | None = None  # codes of divisions
    residence: str | None = None
    address: str | None = None
    cnie: str | None = None
    residence_permit: str | None = None
    telephone: str | None = None
    email: str | None = None
    mother: int | None = None
    father: int | None = None
    guardian: int | None = None
    status: Status = Status.ACTIVE
    locked: NewLock | None = None
    idcs: Idcs | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LoadedPerson:
    person_id: UUID
    idcs: Idcs


@allow(Scope.REGISTER_LOAD)
async def load_persons(
    connection: "asyncpg.Connection[Row]",
    call: Call,
    keys: KeyRing,
    persons: Sequence[NewPerson],
    *,
    reserved: Collection[str] = frozenset(),
) -> list[LoadedPerson]:
    """Writes a batch of people; answers in their order. Within a transaction of the caller's.

    Numbers in `reserved` are never issued. Raises Invalid with the path (position, field) of what is wrong, TooCostly for too
    large a batch, and Conflict where an identifier that nobody may share is somebody's already.
    """
    if len(persons) > MAX_BATCH:
        raise TooCostly(f"at most {MAX_BATCH} persons at a time")
    ids = [uuid7(call.now) for _ in persons]
    places = {person.key: place for place, person in enumerate(persons)}
    if len(places) != len(persons):
        raise Invalid("two persons of the batch have the same key")
    fresh = iter(await take_numbers(connection, keys, sum(person.idcs is None for person in persons), reserved))
    loaded = [LoadedPerson(person_id, person.idcs or next(fresh)) for person_id, person in zip(ids, persons, strict=True)]
    rows, relatives, locks = [], [], []
    identifiers: list[tuple[bytes, str, int, UUID]] = []
    blocking: list[tuple[bytes, UUID, int]] = []
    for place, (person, known) in enumerate(zip(persons, loaded, strict=True)):
        values = _values(place, person, known.idcs)
        rows.append(sealed_row(keys, call.now, known.person_id, person.status, values))
        identifiers += identifiers_of(keys, known.person_id, values)
        guardians = {ids[places[key]] for kind, key in _bonds(person) if kind == "GUARDIAN" and key in places}
        hashes = blocking_hashes(keys, Comparable.of(values, guardians))
        blocking += [(hash_, known.person_id, keys.index_version) for hash_ in hashes]
        for kind, key in _bonds(person):
            if key not in places or key == person.key:
                raise Invalid("nobody else in the batch has this key", path=(place, kind.lower()))
            relatives.append((known.person_id, kind, ids[places[key]], call.now))
        if person.locked:
            purposes = sorted(person.locked.purposes)
            locks.append((known.person_id, uuid7(call.now), purposes, person.locked.mandated_too, call.now))
    await connection.copy_records_to_table("person", records=rows, columns=PERSON_COLUMNS)
    try:
        await connection.copy_records_to_table("identifier", records=identifiers, columns=IDENTIFIER_COLUMNS)
    except asyncpg.UniqueViolationError:
        raise Conflict("somebody has one of these numbers already") from None
    await connection.copy_records_to_table("blocking_key", records=blocking, columns=BLOCKING_COLUMNS)
    revisions = [(known.person_id, uuid7(call.now), "ENROLMENT", "REGISTRY", call.now) for known in loaded]
    await connection.copy_records_to_table("person_revision", records=revisions, columns=_REVISION_COLUMNS)
    await connection.copy_records_to_table("relative", records=relatives, columns=RELATIVE_COLUMNS)
    await connection.copy_records_to_table("identity_lock", records=locks, columns=_LOCK_COLUMNS)
    return loaded


async def take_numbers(
    connection: "asyncpg.Connection[Row]", keys: KeyRing, count: int, reserved: Collection[str] = frozenset()
) -> list[Idcs]:
    """So many new numbers. Who else takes some waits until this transaction ends. Skipping a reserved one burns its counter."""
    counter = await connection.fetchval("select numbers_issued from instance for update")
    if counter is None:
        raise Unavailable("this database does not say which instance it belongs to")
    numbers: list[Idcs] = []
    while len(numbers) < count:
        made, counter = issue(keys.number, counter, count - len(numbers))
        numbers += [number for number in made if number.text not in reserved]
    await connection.execute("update instance set numbers_issued = $1", counter)
    return numbers


@allow(Scope.REGISTER_LOAD)
async def refuse_unless_empty(connection: AsyncConnection, _call: Call) -> None:
    """Raises Conflict where anybody is registered already. Until the transaction ends nobody else can be."""
    await connection.execute(select(Instance.numbers_issued).with_for_update())
    if await connection.scalar(select(exists().where(Person.status != Status.DECOY))):
        raise Conflict("people are registered in this database already")


@allow(Scope.REGISTER_LOAD)
async def make_decoy(connection: "asyncpg.Connection[Row]", call: Call, keys: KeyRing) -> None:
    """The record that is opened for subjects nobody knows; made once, and then left as it is, but for parts that are new."""
    row = sealed_row(keys, call.now, DECOY, Status.DECOY, _DECOY_VALUES)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await connection.execute(f"insert into person ({', '.join(PERSON_COLUMNS)}) values ({places}) on conflict do nothing", *row)
    its = await connection.fetchrow("select * from person where person_id = $1 for update", DECOY)
    assert its is not None
    key = keys.masters.unwrap(DECOY, its["data_key"])
    for part in SEALED_PARTS:
        if its[column(part)] is None:
            sealed = key.seal(part, DECOY, _DECOY_VALUES[part] or "")
            await connection.execute(f"update person set {column(part)} = $2 where person_id = $1", DECOY, sealed)


async def has_decoy(reader: Reader) -> bool:
    """Whether that record is there."""
    (row,) = await reader.ask("select exists (select from person where person_id = $1 and status = 'DECOY') as there", DECOY)
    return bool(row["there"])


@allow(Scope.REGISTER_LOAD)
async def load_divisions(connection: "asyncpg.Connection[Row]", _call: Call, divisions: Sequence[Division]) -> None:
    """Adds divisions; those with a code that is there already get these names, milieu and parent. None is removed."""
    await connection.execute(
        """insert into division (code, level, parent, name_fr, name_ar, milieu)
           select * from unnest($1::varchar[], $2::varchar[], $3::varchar[], $4::varchar[], $5::varchar[], $6::varchar[])
           on conflict (code) do update set level = excluded.level, parent = excluded.parent,
              name_fr = excluded.name_fr, name_ar = excluded.name_ar, milieu = excluded.milieu""",
        [division.code for division in divisions],
        [division.level for division in divisions],
        [division.parent for division in divisions],
        [division.name_fr for division in divisions],
        [division.name_ar for division in divisions],
        [division.milieu for division in divisions],
    )


# Somebody who is nobody, of values as long as people's are.
_DECOY_VALUES: Mapping[str, str | None] = {
    "person.idcs": "0000000000",
    "person.given_name:ar": "فلانة",
    "person.given_name:latin": "Foulana",
    "person.family_name:ar": "الفلاني",
    "person.family_name:latin": "El Foulani",
    "person.birth_date": "1900-01-01",
    "person.birth_place": "06.141",
    "person.father_name": "Foulan El Foulani",
    "person.mother_name": "Foulana El Foulania",
    "person.sex": Sex.F,
    "person.marital_status": MaritalStatus.SINGLE,
    "person.nationality": "MAR",
    "person.cnie": "ZZ000000",
    "person.residence_permit": "M000000A",
    "person.residence": "06.141",
    "person.address": "0, Rue de Nulle Part, Casablanca",
    "person.telephone": "+212730099999",
    "person.email": "foulana@example.org",
}


def _values(place: int, person: NewPerson, idcs: Idcs) -> dict[str, str | None]:
    """The text of every sealed part, in its normal form."""
    values = {
        "person.idcs": idcs.text,
        "person.given_name:ar": person.given_name_ar,
        "person.given_name:latin": person.given_name_latin,
        "person.family_name:ar": person.family_name_ar,
        "person.family_name:latin": person.family_name_latin,
        "person.birth_date": str(person.birth_date),
        "person.birth_place": person.birth_place,
        "person.father_name": person.father_name,
        "person.mother_name": person.mother_name,
        "person.sex": person.sex,
        "person.marital_status": person.marital_status,
        "person.nationality": person.nationality,
        "person.cnie": person.cnie,
        "person.residence_permit": person.residence_permit,
        "person.residence": person.residence,
        "person.address": person.address,
        "person.telephone": person.telephone,
        "person.email": person.email,
    }
    if person.sex not in _SEXES:
        raise Invalid("not a sex", path=(place, "sex"))
    if person.marital_status is not None and person.marital_status not in _MARITAL_STATUSES:
        raise Invalid("not a marital status", path=(place, "marital_status"))
    if person.status is Status.DECOY:
        raise Invalid("a person is no decoy", path=(place, "status"))
    for part, check in _CHECKED.items():
        value = values[part]
        if value is not None:
            try:
                values[part] = check(part, value)
            except SijilError as refusal:
                raise refusal.under(place, column(part)) from None
    return values


@lru_cache(maxsize=4096)
def _division(_: str, code: str) -> str:
    region_of(code)
    return code


_SEXES = frozenset(Sex)
_MARITAL_STATUSES = frozenset(MaritalStatus)
_CHECKED: Mapping[str, Callable[[str, str], str]] = {
    "person.birth_place": _division,
    "person.residence": _division,
    "person.cnie": normal_form,
    "person.residence_permit": normal_form,
    "person.telephone": normal_form,
    "person.email": normal_form,
}


def sealed_row(
    keys: KeyRing, at: datetime, person_id: UUID, status: Status, values: Mapping[str, str | None]
) -> tuple[UUID, bytes, Status, datetime, datetime, *tuple[bytes | None, ...]]:
    """A row of `person`, under a data key of its own."""
    key, wrapped = keys.masters.new_data_key(person_id)
    return person_id, wrapped, status, at, at, *key.seal_all(person_id, [(part, values[part]) for part in SEALED_PARTS])


def identifiers_of(keys: KeyRing, person_id: UUID, values: Mapping[str, str | None]) -> Iterator[tuple[bytes, str, int, UUID]]:
    for kind, part in INDEXED.items():
        value = values[part]
        if value is not None:
            yield keys.index(kind, value), kind, keys.index_version, person_id


def _bonds(person: NewPerson) -> Iterator[tuple[str, int]]:
    for kind, key in (("MOTHER", person.mother), ("FATHER", person.father), ("GUARDIAN", person.guardian)):
        if key is not None:
            yield kind, key
