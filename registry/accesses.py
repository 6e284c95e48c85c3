"""Who has looked at a person, or at a household while the person belonged to it: one list.

Entries about a household are kept under the household. Its members find them in the list of looks at themselves: those from
while they were members, so that after leaving neither side sees the other's later looks.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.disclosure import SealedRecord
from access.reading import Reading
from access.rights import Scope
from core.paging import Page
from identity import access_reports
from identity import accesses as looks
from identity.accesses import AccessView, Kept
from identity.self_view import person_of
from registry import store

MAX_HOMES = 50  # memberships of one person: the newest


@allow(Scope.ACCESS_REPORT)
async def accesses(
    reading: Reading, call: Call, *, first: int | None = None, after: str | None = None, include_own: bool = False
) -> Page[AccessView]:
    """The looks at the caller (or the ward) and at their household, the newest first: three statements, however many.

    That they were listed is recorded. `include_own`: also those that the caller made without anybody beside. Raises Invalid
    for a cursor of another list.
    """
    kept = await _homes(reading, call)
    return await looks.accesses(reading, call, first=first, after=after, include_own=include_own, kept=kept)


@allow(Scope.ACCESS_REPORT)
async def access(reading: Reading, call: Call, *, entry: UUID) -> AccessView:
    """One of them. That it was shown is recorded. Raises NotFound for anything else."""
    return await looks.access(reading, call, entry=entry, kept=await _homes(reading, call))


@allow(Scope.ACCESS_REPORT)
async def report_access(connection: AsyncConnection, call: Call, reading: Reading, *, entry: UUID, text: str) -> UUID:
    """Reports one of them: see `identity/access_reports.py: report_access`."""
    kept = await _homes(reading, call)
    return await access_reports.report_access(connection, call, reading, entry=entry, text=text, kept=kept)


async def _homes(reading: Reading, call: Call) -> list[Kept]:
    masters = reading.keys.masters
    rows = await store.homes(reading, person_of(call), call.now, MAX_HOMES)
    found = [(row, SealedRecord(row["household_id"], masters.unwrap(row["household_id"], row["data_key"]), {})) for row in rows]
    return [Kept(record, row["valid_from"], row["valid_to"]) for row, record in found]
