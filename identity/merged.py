"""What leads to a record, led over to another one and exactly back: identifiers, bonds of relatives, locks, older tombstones.

No doors: whoever merges or undoes was let in by one (`identity/merging.py`).
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.disclosure import SealedRecord
from core.database import Reader, Row, raw
from core.errors import Conflict
from core.keys import KeyRing
from identity.imports import INDEXED
from identity.models import UNIQUE_KINDS

# These are papers and numbers given to one record; who asks by them is led on by the tombstone.
STAYING = ("VIRTUAL_ID", "RECEIPT", "ATTESTATION", "HOUSEHOLD_CODE")
_IDENTIFIERS = f"""
with its as (
    select hash, kind, key_version from identifier
     where owner_id = $1 and kind <> all(array[{", ".join(f"'{kind}'" for kind in STAYING)}])),
gone as (
    delete from identifier i using its
     where i.hash = its.hash and i.kind = its.kind and i.key_version = its.key_version and i.owner_id = $1)
select encode(hash, 'hex') as hash, kind, key_version,
       exists (select from identifier o where o.hash = its.hash and o.kind = its.kind and o.key_version = its.key_version
                  and o.owner_id = $2) as shared
  from its order by kind, hash"""
_LEAD_TO = """
insert into identifier (hash, kind, key_version, owner_id)
select decode(hash, 'hex'), kind, key_version, $1
  from unnest($2::varchar[], $3::varchar[], $4::smallint[]) as its (hash, kind, key_version)"""
_TAKE = """
delete from identifier i using unnest($2::varchar[], $3::varchar[], $4::smallint[]) as its (hash, kind, key_version)
 where i.hash = decode(its.hash, 'hex') and i.kind = its.kind and i.key_version = its.key_version and i.owner_id = $1"""
_GIVEN_AWAY = """
select exists (
    select from unnest($1::varchar[], $2::varchar[], $3::smallint[]) as its (hash, kind, key_version)
      join identifier i on i.hash = decode(its.hash, 'hex') and i.kind = its.kind and i.key_version = its.key_version
     where i.kind = any($4::varchar[]) and i.owner_id <> all($5::uuid[]))"""
_BONDS = """
update relative r set relative_id = $2
 where r.relative_id = $1 and r.person_id <> $2
   and not exists (select from relative o where o.person_id = r.person_id and o.kind = r.kind and o.relative_id = $2
                      and o.valid_from = r.valid_from)
returning r.person_id, r.kind, r.valid_from"""
_BONDS_BACK = """
update relative r set relative_id = $1
  from unnest($3::uuid[], $4::varchar[], $5::timestamptz[]) as its (person_id, kind, valid_from)
 where r.person_id = its.person_id and r.kind = its.kind and r.valid_from = its.valid_from and r.relative_id = $2"""
_LOCKS = """
insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from, valid_to)
select $2, lock_id, purposes, mandated_too, valid_from, valid_to from identity_lock
 where person_id = $1 and (valid_to is null or $3 < valid_to) on conflict do nothing
returning lock_id"""
_ALIASES = "update person_alias set survivor_id = $2 where survivor_id = $1 and undone_at is null returning alias_id"
_MERGED = """
select p.person_id, p.data_key from person_alias a join person p on p.person_id = a.person_id and p.data_key is not null
 where a.survivor_id = $1 and a.undone_at is null order by a.alias_id desc limit $2"""
MAX_MERGED = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """What was led over. `identifiers`: [hash, kind, version, the other had it, too]; `bonds`: [person, kind, since]."""

    identifiers: list[list[Any]] = field(default_factory=list)
    bonds: list[list[str]] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Moved":
        return cls(**document)

    @property
    def document(self) -> dict[str, Any]:
        return asdict(self)


async def lead_over(connection: AsyncConnection, retired: UUID, survivor: UUID, now: datetime) -> Moved:
    """All that leads to the one leads to the other: what was moved."""
    driver = await raw(connection)
    identifiers = await driver.fetch(_IDENTIFIERS, retired, survivor)
    new = [row for row in identifiers if not row["shared"]]
    await driver.execute(_LEAD_TO, survivor, *_columns(new))
    bonds = await driver.fetch(_BONDS, retired, survivor)
    locks = await driver.fetch(_LOCKS, retired, survivor, now)
    aliases = await driver.fetch(_ALIASES, retired, survivor)
    return Moved(
        [[row["hash"], row["kind"], row["key_version"], row["shared"]] for row in identifiers],
        [[str(row["person_id"]), row["kind"], row["valid_from"].isoformat()] for row in bonds],
        [str(row["lock_id"]) for row in locks],
        [str(row["alias_id"]) for row in aliases],
    )


def returned(moved: Moved, keys: KeyRing, survivor: SealedRecord) -> Moved:
    """What is to be led back, where the record that stays may have taken over a number of the other's since.

    One that many may have leads to both from then on. Raises Conflict for one that nobody shares.
    """
    values = {kind: survivor.open(part) for kind, part in INDEXED.items()}
    own = {(kind, keys.index(kind, value, at).hex()) for kind, value in values.items() if value for at in keys.indexes}
    identifiers = []
    for hash_, kind, version, shared in moved.identifiers:
        taken_over = (kind, hash_) in own
        if taken_over and kind in UNIQUE_KINDS:
            message = "the record that stayed has a number of the other one's since: that has to be corrected first"
            raise Conflict(message, path=("alias",))
        identifiers.append([hash_, kind, version, shared or taken_over])
    return replace(moved, identifiers=identifiers)


async def refuse_given_away(connection: AsyncConnection, retired: UUID, survivor: UUID, moved: Moved) -> None:
    """Raises Conflict where a third has a number of the one that comes back, which nobody shares: it was given up since."""
    names = ("hash", "kind", "key_version")
    columns = _columns([dict(zip(names, each[:3], strict=True)) for each in moved.identifiers])
    if await (await raw(connection)).fetchval(_GIVEN_AWAY, *columns, UNIQUE_KINDS, [retired, survivor]):
        message = "a number of the record that comes back is somebody else's since: that has to be corrected first"
        raise Conflict(message, path=("alias",))


async def lead_back(connection: AsyncConnection, retired: UUID, survivor: UUID, moved: Moved) -> None:
    """The reverse of it."""
    driver = await raw(connection)
    names = ("hash", "kind", "key_version", "shared")
    identifiers = [dict(zip(names, each, strict=True)) for each in moved.identifiers]
    await driver.execute(_TAKE, survivor, *_columns([each for each in identifiers if not each["shared"]]))
    await driver.execute(_LEAD_TO, retired, *_columns(identifiers))
    persons, kinds, since = ([each[at] for each in moved.bonds] for at in range(3))
    await driver.execute(
        _BONDS_BACK, retired, survivor, list(map(UUID, persons)), kinds, list(map(datetime.fromisoformat, since))
    )
    locks, aliases = list(map(UUID, moved.locks)), list(map(UUID, moved.aliases))
    await driver.execute("delete from identity_lock where person_id = $1 and lock_id = any($2::uuid[])", survivor, locks)
    back = "update person_alias set survivor_id = $1 where survivor_id = $2 and alias_id = any($3::uuid[])"
    await driver.execute(back, retired, survivor, aliases)


def _columns(rows: Any) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in ("hash", "kind", "key_version")]


async def merged_into(reader: Reader, person: UUID) -> list[Row]:
    """The tombstones that stand for somebody, with their keys."""
    return list(await reader.ask(_MERGED, person, MAX_MERGED))
