"""Changing the sealed parts of somebody's record, and what follows from them: the hashes that lead there, the blocking keys.

No doors: whoever changes a record was let in by one, and holds its row.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.disclosure import SealedRecord
from core.database import raw
from core.errors import Conflict, NotFound
from core.keys import KeyRing
from identity.blocking import Comparable, blocking_hashes
from identity.imports import INDEXED
from identity.models import UNIQUE_KINDS, Identifier, Person
from identity.register_models import BlockingKey
from identity.revisions import Change
from identity.store import SEALED_PARTS, column

_COLUMNS = ", ".join(column(part) for part in SEALED_PARTS)
_RECORD = f"""
select person_id, data_key, {_COLUMNS} from person
 where person_id = $1 and status <> 'DECOY' and data_key is not null for no key update"""
_GUARDIANS = text(
    """select relative_id from relative where person_id = :person and kind = 'GUARDIAN' and valid_from <= :now
          and (valid_to is null or :now < valid_to)"""
)
# What an agency's answer about eligibility rests on: a change of it is told upward.
ELIGIBILITY: Final = frozenset({"person.birth_date", "person.residence", "person.marital_status", "person.nationality"})


async def held_record(connection: AsyncConnection, keys: KeyRing, person: UUID) -> SealedRecord:
    """All sealed parts of somebody, which nobody else changes until the transaction ends. Raises NotFound."""
    row = await (await raw(connection)).fetchrow(_RECORD, person)
    if row is None:
        raise NotFound("no such person", path=("person",))
    key = keys.masters.unwrap(person, row["data_key"])
    return SealedRecord(person, key, {part: row[column(part)] for part in SEALED_PARTS})


async def write_change(
    connection: AsyncConnection, keys: KeyRing, record: SealedRecord, change: Change, *, now: datetime
) -> Comparable:
    """Puts in place what each part becomes. `record`: as `held_record` gave it. Gives what it is compared by from now on.

    Raises Conflict where a part is not what it was, or where somebody else has a number that nobody shares, with the name of
    its column as the path; it does not say who.
    """
    values = {part: record.open(part) for part in SEALED_PARTS}
    for part, (was, _) in change.items():
        if values[part] != was:
            raise Conflict("the record is not what it was: it has to be asked for anew", path=(column(part),))
    becomes = {part: becomes for part, (_, becomes) in change.items()}
    sealed = {
        column(part): None if value is None else record.key.seal(part, record.owner, value) for part, value in becomes.items()
    }
    await connection.execute(update(Person).where(Person.person_id == record.owner).values(sealed))
    for kind, part in INDEXED.items():
        if part in change:
            await _lead(connection, keys, record.owner, kind, *change[part])
    return await _index(connection, keys, record.owner, values | becomes, now)


async def _lead(
    connection: AsyncConnection, keys: KeyRing, person: UUID, kind: str, was: str | None, becomes: str | None
) -> None:
    """The old value leads to the person no more, the new one does."""
    if was is not None:
        hashes = [keys.index(kind, was, version) for version in keys.indexes]
        its = (Identifier.owner_id == person) & (Identifier.kind == kind) & Identifier.hash.in_(hashes)
        await connection.execute(delete(Identifier).where(its))
    if becomes is None:
        return
    row = {"hash": keys.index(kind, becomes), "kind": kind, "key_version": keys.index_version, "owner_id": person}
    done = await connection.execute(upsert(Identifier).values(row).on_conflict_do_nothing())
    # It may lead to the person already: from a record that was merged into theirs.
    if not done.rowcount and kind in UNIQUE_KINDS and await is_anothers(connection, keys, person, kind, becomes):
        raise Conflict("this number is on record already", path=(column(INDEXED[kind]),))


async def _index(
    connection: AsyncConnection, keys: KeyRing, person: UUID, values: Mapping[str, str | None], now: datetime
) -> Comparable:
    guardians = await connection.scalars(_GUARDIANS, {"person": person, "now": now})
    compared = Comparable.of(values, list(guardians))
    hashes = blocking_hashes(keys, compared)
    await connection.execute(delete(BlockingKey).where(BlockingKey.person_id == person))
    rows = [{"hash": hash_, "person_id": person, "key_version": keys.index_version} for hash_ in sorted(hashes)]
    await connection.execute(insert(BlockingKey), rows)
    return compared


async def is_anothers(connection: AsyncConnection, keys: KeyRing, person: UUID, kind: str, value: str) -> bool:
    """Whether somebody else has that number, of a kind that nobody shares."""
    hashes = [keys.index(kind, value, version) for version in keys.indexes]
    its = (Identifier.kind == kind) & Identifier.hash.in_(hashes) & (Identifier.owner_id != person)
    return await connection.scalar(select(Identifier.owner_id).where(its).limit(1)) is not None
