"""What a death does to a household: the dead leave, somebody follows the head, and it is kept and told."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from access.call import Call
from access.decision import Status
from core.events import Events
from identity.imports import LoadedPerson
from identity.lifecycle import PersonStatusChanged
from registry.events import ChangeCause, HouseholdsChanged
from registry.facts import Kinship
from registry.imports import agreement_of_memberships
from registry.life_events import following_deaths
from tests.registry.homes import LATER, MOMENT, Homes, at

K = Kinship
DIED = date(2026, 4, 2)


@dataclass
class Deaths:
    homes: Homes
    told: list[HouseholdsChanged] = field(default_factory=list)

    async def _hear(self, _: Any, __: Any, event: HouseholdsChanged) -> None:
        self.told.append(event)

    async def become(self, person: LoadedPerson, becomes: Status, call: Call | None = None) -> None:
        events = Events()
        events.on(HouseholdsChanged, self._hear)
        event = PersonStatusChanged(person.person_id, Status.ACTIVE, becomes, DIED)
        async with self.homes.register.database.begin() as connection:
            await following_deaths(self.homes.register.keys, events)(connection, call or at(), event)

    async def entered(self) -> list[Any]:
        return list(await self.homes.register.database.ask("select * from life_event order by recorded_at"))


@pytest.fixture
def deaths(homes: Homes) -> Deaths:
    return Deaths(homes)


async def test_whoever_died_leaves_and_the_spouse_is_the_head_under_a_code_of_their_own(homes: Homes, deaths: Deaths) -> None:
    head, spouse, child, mother = await homes.people("1960", "1965", "2012", "1938")
    its = (head, K.HEAD), (spouse, K.SPOUSE), (child, K.CHILD), (mother, K.PARENT)
    home = (await homes.home(*its)).household_id
    await deaths.become(head, Status.DECEASED)
    assert await homes.members(home, LATER - MOMENT) == {person.person_id: kinship for person, kinship in its}
    assert await homes.members(home) == {
        spouse.person_id: K.HEAD,
        child.person_id: K.CHILD,
        mother.person_id: K.SPOUSE_PARENT,
    }
    assert await homes.code(home) == f"{spouse.idcs.text}0"
    (event,) = await deaths.entered()
    assert (event["household_id"], event["kind"], event["person_id"]) == (home, "DEATH", head.person_id)
    assert (event["happened_on"], event["source"], event["recorded_at"]) == (DIED, "REGISTRY", LATER)
    left = {"left": {str(head.person_id): "HEAD"}, "head": str(spouse.person_id)}
    assert json.loads(event["changes"]) == left
    assert deaths.told == [HouseholdsChanged((home,), ChangeCause.EVENT, LATER, event["event_id"])]
    (row,) = await homes.register.database.ask("select declarant_id from household")
    assert row["declarant_id"] == spouse.person_id
    assert await agreement_of_memberships(homes.register.database) == 0


async def test_where_children_alone_remain_the_household_stays_and_has_no_head(homes: Homes, deaths: Deaths) -> None:
    head, child = await homes.people("1980", "2012")
    loaded = await homes.home((head, K.HEAD), (child, K.CHILD))
    await deaths.become(head, Status.DECEASED)
    assert await homes.members(loaded.household_id) == {child.person_id: K.CHILD}
    assert await homes.code(loaded.household_id) == loaded.code.text
    assert json.loads((await deaths.entered())[0]["changes"])["head"] is None
    assert await homes.register.count("household", "withdrawn_at is null") == 1
    assert len(deaths.told) == 1


async def test_with_whoever_lived_alone_the_household_ends(homes: Homes, deaths: Deaths) -> None:
    (head,) = await homes.people("1950")
    await homes.home((head, K.HEAD))
    await deaths.become(head, Status.DECEASED)
    assert await homes.register.count("household", "withdrawn_at = $1", LATER) == 1
    assert await homes.register.count("membership", "valid_to is null") == 0


@pytest.mark.parametrize("becomes", [Status.SUSPENDED, Status.CANCELLED, Status.ACTIVE])
async def test_nothing_but_a_death_moves_anybody(homes: Homes, deaths: Deaths, becomes: Status) -> None:
    head, spouse = await homes.people("1960", "1965")
    home = (await homes.home((head, K.HEAD), (spouse, K.SPOUSE))).household_id
    await deaths.become(head, becomes)
    assert list(await homes.members(home)) == [head.person_id, spouse.person_id]
    assert (await deaths.entered(), deaths.told) == ([], [])


async def test_the_death_of_somebody_of_no_household_is_no_event_of_one(homes: Homes, deaths: Deaths) -> None:
    head, alone = await homes.people("1960", "1965")
    await homes.home((head, K.HEAD))
    await deaths.become(alone, Status.DECEASED)
    assert (await deaths.entered(), deaths.told) == ([], [])


async def test_who_dies_after_the_head_is_followed_from_there(homes: Homes, deaths: Deaths) -> None:
    head, spouse, son = await homes.people("1960", "1965", "1990")
    home = (await homes.home((head, K.HEAD), (spouse, K.SPOUSE), (son, K.CHILD))).household_id
    await deaths.become(head, Status.DECEASED)
    later = LATER + timedelta(days=9)
    await deaths.become(spouse, Status.DECEASED, at(later))
    assert await homes.members(home, later) == {son.person_id: K.HEAD}
    assert [UUID(json.loads(event["changes"])["head"]) for event in await deaths.entered()] == [
        spouse.person_id,
        son.person_id,
    ]
