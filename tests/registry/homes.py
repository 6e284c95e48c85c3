"""Households registered for tests, and what stands in the register of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from access.call import Call
from access.rights import Scope
from core.database import raw
from core.dates import PartialDate
from core.events import Events
from identity.imports import LoadedPerson
from registry.facts import Kinship, Milieu
from registry.imports import LoadedHousehold, NewHousehold, NewMember, load_households
from tests.access.enrolled import NOW
from tests.identity.registered import CASABLANCA, Register, machine, new_person

T = TypeVar("T")
LATER = NOW + timedelta(days=30)
MOMENT = timedelta(microseconds=1)


@dataclass
class Homes:
    register: Register

    async def people(self, *births: str) -> list[LoadedPerson]:
        """One person for each of these dates of birth."""
        return await self.register.load(*(new_person(n, birth_date=PartialDate.parse(each)) for n, each in enumerate(births)))

    async def home(self, *members: tuple[LoadedPerson, Kinship], order: int = 0) -> LoadedHousehold:
        """A household of CASABLANCA with these members, the head first."""
        its = tuple(
            NewMember(person.person_id, kinship, self.register.people[person.person_id].birth_date, {})
            for person, kinship in members
        )
        head = members[0][0]
        household = NewHousehold(head.idcs, head.person_id, Milieu.URBAN, 6, CASABLANCA, its, {}, order)
        async with self.register.driver() as connection:
            (loaded,) = await load_households(
                connection, machine(Scope.REGISTER_LOAD), self.register.keys, Events(), [household]
            )
        return loaded

    async def write(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """What is done with the driver's connection, in a transaction of its own."""
        async with self.register.database.begin() as connection:
            return await work(await raw(connection))

    async def members(self, home: UUID, at: datetime = LATER) -> dict[UUID, str]:
        rows = await self.register.database.ask(
            """select person_id, kinship from membership where household_id = $1 and valid_from <= $2
                  and (valid_to is null or $2 < valid_to) order by kinship <> 'HEAD', membership_id""",
            home,
            at,
        )
        return {row["person_id"]: row["kinship"] for row in rows}

    async def code(self, home: UUID) -> str:
        (row,) = await self.register.database.ask("select data_key, code from household where household_id = $1", home)
        return self.register.keys.masters.unwrap(home, row["data_key"]).open("household.code", home, row["code"])


def at(now: datetime = LATER) -> Call:
    return machine(Scope.REGISTER_LOAD, now=now)
