"""What an answer about somebody named by a virtual number leaves behind: that it was used.

    CLAIMED  before anything is counted: a number for one use is held, for one answer alone
    USED     after it: the uses are written

Both are settled with the answer (see `core/settlement.py`). An answer that finds its number claimed by another is discarded
and computed again, and then finds it spent. What is claimed is not written yet, so an answer refused later takes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core.database import Row
from core.errors import Conflict, SijilError
from core.settlement import Kind, Settlement


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a number. `hash`: of the number, as it is looked up."""

    person_id: UUID
    virtual_id: UUID
    hash: bytes
    at: datetime


class Claims(Kind):
    async def apply(
        self, connection: "asyncpg.Connection[Row]", effects: Sequence[tuple[int, Use]]
    ) -> Mapping[int, SijilError]:
        """Holds what can be used once until the transaction ends; of several that want it the first has it."""
        rows = await connection.fetch(
            f"""select v.virtual_id, v.uses from virtual_id v join {_GIVEN} on {_SAME} where v.kind = 'SINGLE_USE'
                order by v.person_id, v.virtual_id for no key update of v""",
            *_columns([its for _, its in effects]),
        )
        left = {row["virtual_id"]: 1 - row["uses"] for row in rows}
        refused: dict[int, SijilError] = {}
        for number, its in effects:
            if its.virtual_id in left:
                left[its.virtual_id] -= 1
                if left[its.virtual_id] < 0:
                    refused[number] = Conflict("a number for one use was used meanwhile")
        return refused


class Uses(Kind):
    async def apply(
        self, connection: "asyncpg.Connection[Row]", effects: Sequence[tuple[int, Use]]
    ) -> Mapping[int, SijilError]:
        await connection.execute(
            f"""with held as (
                    select v.person_id, v.virtual_id from virtual_id v join {_GIVEN} on {_SAME}
                     order by v.person_id, v.virtual_id for no key update of v),
                counted as (
                    select person_id, virtual_id, count(*) as times, max(at) as at
                      from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as used (person_id, virtual_id, at)
                     group by person_id, virtual_id)
                update virtual_id v set uses = v.uses + counted.times, last_used_at = greatest(v.last_used_at, counted.at)
                  from held join counted using (person_id, virtual_id)
                 where (v.person_id, v.virtual_id) = (held.person_id, held.virtual_id)""",
            *_columns([its for _, its in effects]),
            [its.at for _, its in effects],
        )
        return {}


CLAIMED = Claims()
USED = Uses()
_GIVEN = """(select distinct * from unnest($1::uuid[], $2::uuid[]) as asked (person_id, virtual_id)) as given"""
_SAME = "(v.person_id, v.virtual_id) = (given.person_id, given.virtual_id)"


def use(settlement: Settlement, its: Use) -> None:
    """Has the use settled with the answer."""
    settlement.add(CLAIMED, its)
    settlement.add(USED, its)


def used_already(settlement: Settlement) -> frozenset[bytes]:
    """The hashes of the numbers that the same request has named before."""
    return frozenset(its.hash for its in settlement.effects.get(USED, ()))


async def use_now(settlement: Settlement, connection: "asyncpg.Connection[Row]") -> None:
    """Writes the uses in this transaction, which does something by them, in the place of the settlement's.

    Raises Conflict where a number for one use was used meanwhile.
    """
    claimed, used = settlement.effects.pop(CLAIMED, []), settlement.effects.pop(USED, [])
    if claimed:
        for refusal in (await CLAIMED.apply(connection, [(0, its) for its in claimed])).values():
            raise refusal
        await USED.apply(connection, [(0, its) for its in used])


def _columns(uses: Sequence[Use]) -> list[list[UUID]]:
    return [[its.person_id for its in uses], [its.virtual_id for its in uses]]
