"""When two records of one person become one: their place in a household goes along, and comes back where that is undone.

Whoever belongs to a household under the record that is retired belongs to it under the other from then on, with what is known
of them there. Members of two households are two members: which of them is right has to be said first, by whoever declares.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.rights import Scope
from core.database import raw
from core.errors import Conflict
from identity.merging import MergeTakenBack, PersonsMerged

KEPT = "household"
_HOMES = """
select p.person_id, p.household_id, p.membership_id, m.kinship
  from person_household p join household h on h.household_id = p.household_id and h.withdrawn_at is null
  join membership m on m.household_id = p.household_id and m.membership_id = p.membership_id
 where p.person_id = any($1::uuid[]) and p.valid_from <= $2 and (p.valid_to is null or $2 < p.valid_to)"""
_BOTH_AT_ONCE = """
select exists (select from person_household s join person_household r on r.person_id = $2 and r.membership_id = $3
                where s.person_id = $1
                  and tstzrange(s.valid_from, s.valid_to) && tstzrange(r.valid_from, r.valid_to))"""
_FACTS = "select fact_id from fact where household_id = $1 and person_id = $2"
_FACTS_STAY = "update fact set person_id = $3 where household_id = $1 and fact_id = any($2::uuid[])"
_DECLARES = "select declarant_id = $2 from household where household_id = $1"
_DECLARES_AGAIN = "update household set declarant_id = $2 where household_id = $1"
_MOVED = (
    "update person_household set person_id = $4 where person_id = $3 and membership_id = $2 and household_id = $1",
    "update membership set person_id = $4 where household_id = $1 and membership_id = $2 and person_id = $3",
    "update fact set person_id = $4 where household_id = $1 and person_id = $3 and $2::uuid is not null",
    "update household set declarant_id = $4 where household_id = $1 and declarant_id = $3 and $2::uuid is not null",
)


@allow(Scope.PERSON_MERGE)
async def follow(connection: AsyncConnection, call: Call, event: PersonsMerged) -> None:
    """Moves the membership where only the record that is retired has one. Raises Conflict where both have."""
    driver = await raw(connection)
    homes = {row["person_id"]: row for row in await driver.fetch(_HOMES, [event.survivor, event.retired], call.now)}
    home = homes.get(event.retired)
    if home is None:
        return
    if event.survivor in homes:
        where = "the same household" if homes[event.survivor]["household_id"] == home["household_id"] else "two households"
        raise Conflict(f"both are members of {where}: one of them has to leave first", path=("retired",))
    if await driver.fetchval(_BOTH_AT_ONCE, event.survivor, event.retired, home["membership_id"]):
        raise Conflict("both were members of a household at one time: that has to be corrected first", path=("retired",))
    own = [row["fact_id"] for row in await driver.fetch(_FACTS, home["household_id"], event.survivor)]
    declares = await driver.fetchval(_DECLARES, home["household_id"], event.survivor)
    await _move(connection, home["household_id"], home["membership_id"], event.retired, event.survivor)
    event.kept[KEPT] = {
        "household": str(home["household_id"]),
        "membership": str(home["membership_id"]),
        "own": list(map(str, own)),  # facts of the other record, from a time before in the same household
        "declares": declares,
    }


@allow(Scope.PERSON_MERGE)
async def come_back(connection: AsyncConnection, _call: Call, event: MergeTakenBack) -> None:
    """The reverse of it."""
    its: dict[str, Any] | None = event.kept.get(KEPT)
    if its is not None:
        household, own = UUID(its["household"]), list(map(UUID, its["own"]))
        await _move(connection, household, UUID(its["membership"]), event.survivor, event.retired)
        driver = await raw(connection)
        await driver.execute(_FACTS_STAY, household, own, event.survivor)
        if its["declares"]:
            await driver.execute(_DECLARES_AGAIN, household, event.survivor)


async def _move(connection: AsyncConnection, household: UUID, membership: UUID, whose: UUID, becomes: UUID) -> None:
    driver = await raw(connection)
    for statement in _MOVED:
        await driver.execute(statement, household, membership, whose, becomes)
