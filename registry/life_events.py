"""What happens in a life, entered once: the household it concerns follows in the same transaction, and the event is kept.

Who died leaves the household. Where it was the head, whoever follows by the rules (`composition.py`) is the head, and the
household has that person's code. One in which only children remain has no head: its codes
lead nowhere, and it keeps the score that it has, until an adult is its head.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from access.decision import Status
from core.canonical import plain_json
from core.database import Row, Snapshot, raw
from core.dates import civil_date
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from identity.births import births
from identity.lifecycle import PersonStatusChanged
from registry import memberships, store
from registry.composition import Member, without
from registry.events import ChangeCause, HouseholdsChanged
from registry.facts import Kinship

DEATH: Final = "DEATH"
REGISTRY: Final = "REGISTRY"
_ENTER: Final = """
insert into life_event (household_id, event_id, kind, person_id, happened_on, source, changes, recorded_at, recorded_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""


def following_deaths(keys: KeyRing, events: Events) -> Callable[[AsyncConnection, Call, PersonStatusChanged], Awaitable[None]]:
    """What is done when a record's status changes: who died leaves the household, which is told upward."""

    async def changed(connection: AsyncConnection, call: Call, event: PersonStatusChanged) -> None:
        if event.becomes is not Status.DECEASED:
            return
        driver = await raw(connection)
        homes = await store.of_persons(Snapshot(driver), [event.person], call.now)
        if event.person in homes:
            died_on = event.effective_on or civil_date(call.now)
            home = homes[event.person]
            since, entered = await _bury(driver, keys, call, home, event.person, died_on)
            await events.tell(connection, call, HouseholdsChanged((home,), ChangeCause.EVENT, since, entered))

    return changed


async def _bury(
    driver: "asyncpg.Connection[Row]", keys: KeyRing, call: Call, home: UUID, person: UUID, died_on: date
) -> tuple[datetime, UUID]:
    """Since when the household is without that person, and the event."""
    before = await memberships.members(driver, home)
    born = await births(Snapshot(driver), keys, [(each, call.now) for each in before])
    # Of who is erased no age is known: they stay what they are, and follow nobody.
    known = [Member(each, kinship, birth) for (each, kinship), birth in zip(before.items(), born, strict=True) if birth]
    after = without(known, [person], civil_date(call.now))
    after |= {each: kinship for each, kinship in before.items() if each not in after and each != person}
    since = await memberships.compose(driver, keys, call, {home: after})
    head = next((str(each) for each, kinship in after.items() if kinship is Kinship.HEAD), None)
    changes: dict[str, Any] = {"left": {str(person): before[person]}, "head": head}
    event = uuid7(call.now)
    await driver.execute(
        _ENTER, *(home, event, DEATH, person, died_on, REGISTRY), plain_json(changes).decode(), since, call.actor.account
    )
    return since, event
