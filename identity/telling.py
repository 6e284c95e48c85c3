"""Telling people of what becomes of their record: the person, and whoever is the person's guardian."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from access.notices import Notice
from core.database import raw
from core.keys import KeyRing
from identity.holders import Holder, holders_of, tell_holder

_GUARDIANS = """
select r.relative_id from relative r where r.person_id = any($1::uuid[]) and r.kind = 'GUARDIAN' and r.valid_from <= $2
   and (r.valid_to is null or $2 < r.valid_to) order by r.valid_from, r.relative_id limit 10"""


async def concerned(connection: AsyncConnection, keys: KeyRing, call: Call, *persons: UUID) -> list[Holder]:
    """Those people and their guardians, each once, alive and registered; to be asked for before a record is closed."""
    guardians = [row["relative_id"] for row in await (await raw(connection)).fetch(_GUARDIANS, persons, call.now)]
    found = await holders_of(connection, keys, list(dict.fromkeys([*persons, *guardians])), call.now)
    return [holder for holder in found if holder.person_id is not None]


async def tell_others(connection: AsyncConnection, keys: KeyRing, call: Call, person: UUID, notice: Notice) -> None:
    """Tells all whom it concerns but for the citizen who does it: of their own record alone there is nobody else."""
    told = await concerned(connection, keys, call, person)
    await tell_all(connection, keys, call, [each for each in told if each.person_id != call.actor.holder], notice)


async def tell_all(connection: AsyncConnection, keys: KeyRing, call: Call, holders: Sequence[Holder], notice: Notice) -> None:
    """By all ways that are known of each; whoever has none is told nothing."""
    for holder in holders:
        await tell_holder(connection, keys, call, holder, notice)
