"""Enrolling the people of a file, a batch at a time: numbers, sealed records, indexes, history and what is to be decided.

A batch is one transaction. Whom a row declares has an id that follows from what it declares, so that the same row, in this
file or another, enrols nobody twice. Who is clear is enrolled; who may be on record already becomes a request that is in
review, with a case for each of whom they may be. What the machine compared and found to be nobody is no look at anybody; who
becomes part of a case has an entry.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg

from access.call import Call, allow
from access.catalogue import Lang, Use
from access.decision import decide_upkeep
from access.disclosure import Disclosure
from access.ledger import LEDGER, entry
from access.rights import Scope
from core.canonical import plain_json
from core.database import Row
from core.dates import PartialDate, civil_date
from core.ids import uuid7
from core.keys import KeyRing
from identity.applications import document, hash_of, relative_fault
from identity.arrivals import Arrival, Prepared, identifier
from identity.blocking import HASH_BYTES
from identity.candidates import ATTRIBUTES
from identity.copying import copy_rows, of_bytes, of_instant, of_small, of_text, of_uuid
from identity.copying import row as row_of
from identity.doubles import COMPARISON
from identity.doubles_of_many import ALONE, BETWEEN_BREATHS, Double, Newcomer, find_doubles
from identity.duplicates import rules
from identity.enrolment_states import DECIDED_WITHIN, DRAFT_LIFETIME
from identity.enrolment_store import FORM
from identity.file_rows import Declared, Outcome, Ready, RowFault, Told, refused
from identity.imports import (
    BLOCKING_COLUMNS,
    IDENTIFIER_COLUMNS,
    PERSON_COLUMNS,
    RELATIVE_COLUMNS,
    take_numbers,
)
from identity.receipts import KIND as RECEIPT
from identity.receipts import drawn, shown_number
from identity.relations import BIRTH, FIND, KINDS, fits
from identity.store import record_of

FIELD: Final = "importPersons"
_REVISION_COLUMNS: Final = ("person_id", "revision_id", "cause", "source", "request_id", "recorded_at", "recorded_by")
_CASE_COLUMNS: Final = (
    *("person_id", "case_id", "other_id", "origin", "outcome", "weight", "fields", "weights_hash", "division", "found_at"),
    "state",
)
_ENROLMENT_COLUMNS: Final = (
    *("person_id", "number", "state", "channel", "basis", "data_key", "form", "form_hash", "division", "lang", "applicant_id"),
    *("source", "begun_at", "begun_by", "expires_at", "submitted_at", "submitted_by", "due_at"),
)
_KEY_BEFORE: Final = row_of(columns=len(BLOCKING_COLUMNS)) + HASH_BYTES.to_bytes(4)
_THERE: Final = """
select person_id from person where person_id = any($1::uuid[])
union select person_id from enrolment where person_id = any($1::uuid[])"""
_FREE: Final = """
insert into identifier (hash, kind, key_version, owner_id) select hash, $3, $4, owner
  from unnest($1::bytea[], $2::uuid[]) asked (hash, owner) on conflict do nothing returning owner_id"""


D = TypeVar("D", bound=Declared)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from: the file, and who sent it."""

    file: UUID
    by: UUID | None
    lang: Lang
    channel: str = "FILE"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody whose request is written down: their form was checked, and whom they may be is known.

    `state`: SUBMITTED or IN_REVIEW; `since`: when the request was made.
    """

    ready: Declared
    state: str
    since: datetime
    guardian: UUID | None = None


@allow(Scope.IMPORT_RUN)
async def enrol_batch(
    connection: "asyncpg.Connection[Row]",
    call: Call,
    keys: KeyRing,
    batch: Sequence[Prepared],
    origin: Origin,
    *,
    dry: bool = False,
) -> list[Told]:
    """What becomes of each row (see `prepared`), in their order. `dry`: nothing is written, and no number is told.

    Within a transaction of the caller's, while which nobody else is enrolled.
    """
    told: dict[int, list[Told]] = {}
    await connection.execute(ALONE)
    new = await _new(connection, [Arrival(its) for its in batch], told)
    new, bonds = await _related(connection, call, keys, new, told)
    people = [arrival.newcomer(keys, _guardian(bonds[arrival.person_id])) for arrival in new]
    doubles = await find_doubles(connection, keys, people, rules(), call.now)
    clear = [(arrival, its) for arrival, its in zip(new, people, strict=True) if its.person_id not in doubles]
    doubtful = [arrival for arrival in new if arrival.person_id in doubles]
    if dry:
        told |= {arrival.row: [Told(arrival.row, Outcome.ENROLLED)] for arrival, _ in clear}
        told |= {ready.row: [Told(ready.row, Outcome.IN_REVIEW)] for ready in doubtful}
    else:
        told |= await _enrol(connection, call, keys, clear, bonds, origin)
        applicants = [Applicant(ready, "IN_REVIEW", call.now, _guardian(bonds[ready.person_id])) for ready in doubtful]
        told |= await place_requests(connection, keys, call, applicants, origin)
        await open_cases(connection, keys, call, doubtful, doubles)
    return [line for its in batch for line in told[its.row]]


Bond = tuple[str, UUID]


async def _new(connection: "asyncpg.Connection[Row]", batch: Sequence[D], told: dict[int, list[Told]]) -> list[D]:
    """Those of whom nothing is there yet, each once."""
    there = {row["person_id"] for row in await connection.fetch(_THERE, [ready.person_id for ready in batch])}
    new = []
    for ready in batch:
        if ready.person_id in there:
            told[ready.row] = [Told(ready.row, Outcome.THERE_ALREADY)]
        else:
            there.add(ready.person_id)
            new.append(ready)
    return new


async def _related(
    connection: "asyncpg.Connection[Row]", call: Call, keys: KeyRing, batch: Sequence[D], told: dict[int, list[Told]]
) -> tuple[list[D], dict[UUID, list[Bond]]]:
    """Those whose relatives can be what they are said to be, and these bonds. Each look at a relative is recorded."""
    named = {number for ready in batch for kinship in KINDS if (number := ready.named(kinship)) is not None}
    bonds: dict[UUID, list[Bond]] = {ready.person_id: [] for ready in batch}
    if not named:
        return list(batch), bonds
    hashes = {keys.index("IDCS", number): number for number in named}
    rows = await connection.fetch(FIND, list(hashes), keys.index_version, call.now)
    known = {hashes[row["hash"]]: row for row in rows}
    births = await _births(connection, call, keys, known)
    sound = []
    for ready in batch:
        faults = []
        for kinship, kind in KINDS.items():
            number = ready.named(kinship)
            if number is None:
                continue
            birth = births[number] if number in known and fits(kinship, known[number]) else None
            fault = relative_fault(kinship, birth, ready.form, civil_date(call.now))
            if fault is not None:
                faults.append(RowFault(str(fault.path[0]), fault.code))
            else:
                bonds[ready.person_id].append((kind, known[number]["person_id"]))
        if faults:
            told[ready.row] = refused(ready.row, faults)
        else:
            sound.append(ready)
    return sound, bonds


async def _births(
    connection: "asyncpg.Connection[Row]", call: Call, keys: KeyRing, known: Mapping[str, Row]
) -> dict[str, PartialDate]:
    """The birth dates of those whom a batch names, by their numbers; that they were compared is recorded."""
    entries, found = [], {}
    for number, row in known.items():
        owner: UUID = row["person_id"]
        record = record_of(row, keys, (BIRTH,))
        looked = Disclosure(decide_upkeep(BIRTH), record, subject=owner, entry_id=uuid7(call.now), field=FIELD)
        _, born = looked.compare(BIRTH, Use.MATCH, lambda its: its.open(BIRTH))
        entries.append(entry(looked, call))
        found[number] = PartialDate.parse(born or "")
    if entries:
        await LEDGER.apply(connection, list(enumerate(entries)))
    return found


def _guardian(bonds: Sequence[Bond]) -> UUID | None:
    return next((person for kind, person in bonds if kind == "GUARDIAN"), None)


# --- those who are clear


async def _enrol(
    connection: "asyncpg.Connection[Row]",
    call: Call,
    keys: KeyRing,
    clear: Sequence[tuple[Arrival, Newcomer]],
    bonds: Mapping[UUID, Sequence[Bond]],
    origin: Origin,
) -> dict[int, list[Told]]:
    numbers = await take_numbers(connection, keys, len(clear))
    rows, identifiers, blocking, told = [], [], [], {}
    version = keys.index_version
    for place, ((arrival, its), idcs) in enumerate(zip(clear, numbers, strict=True)):
        if place % BETWEEN_BREATHS == BETWEEN_BREATHS - 1:
            await asyncio.sleep(0)
        made, person = arrival.made, arrival.person_id
        sealed = keys.masters.unwrap(person, made.wrapped).seal("person.idcs", person, idcs.text)
        rows.append(b"".join((made.before, of_bytes(sealed), made.after)))
        identifiers += [identifier(keys.index("IDCS", idcs.text), "IDCS", version, person), made.identifiers]
        of_person = of_uuid(person) + of_small(version)
        blocking += [b"".join((_KEY_BEFORE, hash_, of_person)) for hash_ in its.keys]
        told[arrival.row] = [Told(arrival.row, Outcome.ENROLLED, idcs.text)]
    people = [arrival.person_id for arrival, _ in clear]
    source = of_text("ENROLMENT"), of_text("FILE"), of_uuid(origin.file), of_instant(call.now), of_uuid(origin.by)
    revisions = [row_of(of_uuid(person), of_uuid(uuid7(call.now)), *source) for person in people]
    await copy_rows(connection, "person", PERSON_COLUMNS, rows)
    await copy_rows(connection, "identifier", IDENTIFIER_COLUMNS, identifiers)
    await copy_rows(connection, "blocking_key", BLOCKING_COLUMNS, blocking)
    await copy_rows(connection, "person_revision", _REVISION_COLUMNS, revisions)
    relatives = [(person, kind, other, call.now) for person in people for kind, other in bonds[person]]
    if relatives:
        await connection.copy_records_to_table("relative", records=relatives, columns=RELATIVE_COLUMNS)
    return told


# --- those of whom somebody decides


async def place_requests(
    connection: "asyncpg.Connection[Row]", keys: KeyRing, call: Call, applicants: Sequence[Applicant], origin: Origin
) -> dict[int, list[Told]]:
    """Writes their requests down, each with the number of a receipt."""
    numbers = await _receipts(connection, keys, [applicant.ready.person_id for applicant in applicants])
    rows, told = [], {}
    for applicant in applicants:
        ready, person = applicant.ready, applicant.ready.person_id
        key, wrapped = keys.masters.new_data_key(person)
        its = document(ready.form)
        number = numbers[person]
        rows.append(
            (
                *(person, number, applicant.state, origin.channel, ready.form.basis, wrapped),
                *(key.seal(FORM, person, plain_json(its).decode()), hash_of(its), ready.form.residence, origin.lang),
                *(applicant.guardian, origin.file, applicant.since, origin.by, applicant.since + DRAFT_LIFETIME),
                *(call.now, origin.by, call.now + DECIDED_WITHIN),
            )
        )
        outcome = Outcome.IN_REVIEW if applicant.state == "IN_REVIEW" else Outcome.SUBMITTED
        told[ready.row] = [Told(ready.row, outcome, shown_number(number))]
    if rows:
        await connection.copy_records_to_table("enrolment", records=rows, columns=_ENROLMENT_COLUMNS)
    return told


async def _receipts(connection: "asyncpg.Connection[Row]", keys: KeyRing, owners: Sequence[UUID]) -> dict[UUID, str]:
    """A number that nobody had before for each."""
    numbers: dict[UUID, str] = {}
    while len(numbers) < len(owners):
        tried = {owner: drawn() for owner in owners if owner not in numbers}
        hashes = [keys.index(RECEIPT, number) for number in tried.values()]
        rows = await connection.fetch(_FREE, hashes, list(tried), RECEIPT, keys.index_version)
        numbers |= {row["owner_id"]: tried[row["owner_id"]] for row in rows}
    return numbers


async def open_cases(
    connection: "asyncpg.Connection[Row]",
    keys: KeyRing,
    call: Call,
    applicants: Sequence[Declared],
    doubles: Mapping[UUID, Sequence[Double]],
) -> None:
    """A case for each of whom these applicants may be, and an entry for each of those who are on record."""
    cases: list[tuple[Any, ...]] = []
    weights = rules().hash
    for ready in applicants:
        for double in doubles.get(ready.person_id, ()):
            its = double.finding
            fields = plain_json(its.document).decode()
            cases.append(
                (
                    *(ready.person_id, uuid7(call.now), double.other, COMPARISON, its.outcome, its.weight, fields, weights),
                    *(ready.form.residence, call.now, "OPEN"),
                )
            )
    if not cases:
        return
    await connection.copy_records_to_table("duplicate_case", records=cases, columns=_CASE_COLUMNS)
    others = sorted({case[2] for case in cases})
    rows = await connection.fetch("select person_id, data_key from person where person_id = any($1::uuid[])", others)
    entries = list(_looked(call, keys, rows))
    if entries:
        await LEDGER.apply(connection, list(enumerate(entries)))


def _looked(call: Call, keys: KeyRing, rows: Sequence[Row]) -> Iterator[Any]:
    for row in rows:
        if row["data_key"] is None:
            continue
        owner: UUID = row["person_id"]
        record = record_of(row, keys)
        disclosure = Disclosure(decide_upkeep(*ATTRIBUTES), record, subject=owner, entry_id=uuid7(call.now), field=FIELD)
        for attribute in ATTRIBUTES:
            disclosure.compare(attribute, Use.MATCH, lambda _: None)
        yield entry(disclosure, call)


@allow(Scope.IMPORT_RUN)
async def submit_batch(
    connection: "asyncpg.Connection[Row]",
    call: Call,
    keys: KeyRing,
    batch: Sequence[tuple[Ready, datetime]],
    origin: Origin,
) -> list[Told]:
    """Requests that were made elsewhere, each with the instant of that: handed in now, once, to be reviewed like any other."""
    told: dict[int, list[Told]] = {}
    since = {ready.row: at for ready, at in batch}
    new = await _new(connection, [ready for ready, _ in batch], told)
    new, bonds = await _related(connection, call, keys, new, told)
    applicants = [Applicant(ready, "SUBMITTED", since[ready.row], _guardian(bonds[ready.person_id])) for ready in new]
    told |= await place_requests(connection, keys, call, applicants, origin)
    return [line for ready, _ in batch for line in told[ready.row]]
