"""Blocking keys of people who were registered before there were any, or under keys or a way of making them that changed.

A batch at a time, each in a transaction of its caller's: whoever stops after any of them goes on where it stopped. Records are
opened by the machine for their keys alone, and nobody is shown anything.
"""

from uuid import UUID

import asyncpg

from access.call import Call, allow
from access.rights import Scope
from core.database import Reader, Row
from core.keys import KeyRing
from identity.blocking import Comparable, blocking_hashes
from identity.candidates import COMPARED_PARTS
from identity.store import GUARDIANS_NOW, column, record_of

BATCH = 1_000  # persons
_COLUMNS = ("hash", "person_id", "key_version")
_LACKING = """p.data_key is not null and p.status <> 'DECOY' and ($2 or not exists (
           select from blocking_key b where b.person_id = p.person_id and b.key_version = $1))"""
_NEXT = f"""
select p.person_id, p.data_key, {", ".join(f"p.{column(part)}" for part in COMPARED_PARTS)},
       {GUARDIANS_NOW.format(now="$5")} as guardians
  from person p where {_LACKING} and ($3::uuid is null or p.person_id > $3) order by p.person_id limit $4 for update of p"""


@allow(Scope.REGISTER_LOAD)
async def left_to_index(reading: Reader, _call: Call, keys: KeyRing, *, anew: bool = False) -> int:
    """How many people have no blocking keys under the newest index key; `anew`: everybody."""
    (row,) = await reading.ask(f"select count(*) as left from person p where {_LACKING}", keys.index_version, anew)
    return int(row["left"])


@allow(Scope.REGISTER_LOAD)
async def index_persons(
    connection: "asyncpg.Connection[Row]", call: Call, keys: KeyRing, *, after: UUID | None, anew: bool = False
) -> tuple[UUID | None, int]:
    """Makes the keys of the next batch in the order of ids: the last of them and how many they were (None: nobody is left)."""
    rows = await connection.fetch(_NEXT, keys.index_version, anew, after, BATCH, call.now)
    made = [(hash_, row["person_id"], keys.index_version) for row in rows for hash_ in blocking_hashes(keys, _read(row, keys))]
    persons = [row["person_id"] for row in rows]
    await connection.execute("delete from blocking_key where person_id = any($1::uuid[])", persons)
    await connection.copy_records_to_table("blocking_key", records=made, columns=_COLUMNS)
    return (persons[-1] if persons else None), len(persons)


def _read(row: Row, keys: KeyRing) -> Comparable:
    record = record_of(row, keys, COMPARED_PARTS)
    return Comparable.of({part: record.open(part) for part in COMPARED_PARTS}, row["guardians"])
