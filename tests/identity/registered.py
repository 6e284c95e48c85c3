"""People registered for tests, with guardians, staff and agencies around them; and what they do, each step in a transaction of
its own as the edge has it. Everybody here is invented."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.authority import Documents
from access.call import NOBODY, Actor, ActorKind, Call, system
from access.catalogue import Lang
from access.instance import create_instance
from access.ledger import LEDGER, entry
from access.reading import Reading
from access.rights import Role, Scope
from access.sessions import rights_of
from core.database import Database, Row, Snapshot, raw
from core.dates import PartialDate
from core.ids import uuid7
from core.keys import KeyRing
from identity import citizens
from identity.divisions import built_in
from identity.imports import LoadedPerson, NewPerson, load_divisions, load_persons, make_decoy
from identity.sessions import SignedIn, who
from identity.store import DECOY
from tests.access.enrolled import NOW
from tests.api.people import Signed, put_account

T = TypeVar("T")
HERE = "203.0.113.7"
ISSUER = "https://sijil.example"
STRANGER = "2516116556"  # well-formed, and nobody's
CASABLANCA, RABAT = "06.141", "04.421"
MINUTE = timedelta(minutes=1)
_numbers = count(1)


def at_the_door(now: datetime = NOW, address: str | None = HERE) -> Call:
    """Somebody on a page who has not signed in."""
    return Call(NOBODY, now, uuid7(now), address=address)


def machine(*scopes: Scope, now: datetime = NOW) -> Call:
    return Call(system("tests", *scopes), now, uuid7(now))


def staff_call(signed: Signed, *grants: str, now: datetime = NOW, session: bytes | None = b"s" * 32) -> Call:
    """Somebody of the staff with these roles, each "ROLE" or "ROLE division"."""
    scopes, territories = rights_of(grants)
    actor = Actor(ActorKind.STAFF, scopes, account=signed.account, session=session, territories=territories)
    return Call(actor, now, uuid7(now))


def new_person(key: int = 0, **changes: Any) -> NewPerson:
    number = next(_numbers)
    parts: dict[str, Any] = {
        "key": key,
        "given_name_ar": "أمينة",
        "given_name_latin": "Amina",
        "family_name_ar": "بناني",
        "family_name_latin": "Bennani",
        "birth_date": PartialDate(1984, 3, 9),
        "sex": "F",
        "nationality": "MAR",
        "residence": CASABLANCA,
        "telephone": f"+21273{number:07d}",
        "email": f"amina.{number}@example.org",
    }
    return NewPerson(**parts | changes)


@dataclass
class Register:
    """A database with people in it."""

    database: Database
    keys: KeyRing
    people: dict[UUID, NewPerson] = field(default_factory=dict)

    async def set_up(self) -> "Register":
        call = machine(Scope.REGISTER_LOAD)
        async with self.database.begin() as connection:
            await create_instance(connection, call, self.keys, mark=self.keys.mark, issuer=ISSUER)
        async with self.driver() as connection:
            await make_decoy(connection, call, self.keys)
            await load_divisions(connection, call, built_in())
        return self

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Any]:
        async with self.database.connection() as connection, connection.transaction():
            yield connection

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.database.begin() as connection:
            return await work(connection)

    async def change(self, work: Callable[[AsyncConnection, Reading], Awaitable[T]], call: Call) -> T:
        """As a mutation is made: its reading is in its transaction, and what it looked at is recorded whatever comes of it."""
        reading = Reading(self.database, self.keys, Documents())
        try:
            async with self.database.begin() as connection:
                with reading.within(Snapshot(await raw(connection))):
                    return await work(connection, reading)
        finally:
            await self.record(reading, call)

    async def read(self, work: Callable[[Reading], Awaitable[T]], call: Call) -> T:
        reading = Reading(self.database, self.keys, Documents())
        found = await work(reading)
        await self.record(reading, call)
        return found

    async def record(self, reading: Reading, call: Call) -> None:
        entries = [(number, entry(disclosure, call)) for number, disclosure in enumerate(reading.disclosures)]
        if entries:
            async with self.driver() as connection:
                await LEDGER.apply(connection, entries)

    # --- who is there

    async def person(self, **changes: Any) -> LoadedPerson:
        (loaded,) = await self.load(new_person(**changes))
        return loaded

    async def load(self, *persons: NewPerson) -> list[LoadedPerson]:
        async with self.driver() as connection:
            loaded = await load_persons(connection, machine(Scope.REGISTER_LOAD), self.keys, persons)
        self.people |= {known.person_id: person for known, person in zip(loaded, persons, strict=True)}
        return loaded

    async def guardian_and_ward(self) -> tuple[LoadedPerson, LoadedPerson]:
        ward = new_person(
            1, guardian=0, birth_date=PartialDate(2016, 5, 17), telephone=None, email=None, given_name_latin="Sami"
        )
        guardian, child = await self.load(new_person(0), ward)
        return guardian, child

    async def staff(self, *roles: Role, **options: Any) -> Signed:
        return await self.transact(lambda connection: put_account(connection, self.keys, NOW, *roles, **options))

    def telephone(self, person: LoadedPerson) -> str:
        number = self.people[person.person_id].telephone
        assert number is not None
        return number

    # --- signing in

    async def begin(
        self, idcs: str, *, call: Call | None = None, device: str | None = None, lang: Lang = Lang.FR, **more: Any
    ) -> UUID:
        call = call or at_the_door()
        await self.transact(lambda c: citizens.count_code(c, call, self.keys, idcs=idcs, device=device))
        return await self.transact(
            lambda c: citizens.begin_sign_in(c, call, self.keys, idcs=idcs, lang=lang, device=device, **more)
        )

    async def finish(self, challenge: UUID, code: str, *, call: Call | None = None, **more: Any) -> citizens.SignedIn:
        call = call or at_the_door()
        device = more.get("device")
        await self.transact(lambda c: citizens.count_try(c, call, self.keys, challenge=challenge, code=code, device=device))
        return await self.transact(
            lambda c: citizens.finish_sign_in(c, call, self.keys, challenge=challenge, code=code, **more)
        )

    async def sign_in(self, person: LoadedPerson, *, now: datetime = NOW, **more: Any) -> citizens.SignedIn:
        call = at_the_door(now)
        challenge = await self.begin(person.idcs.text, call=call, device=more.get("device"))
        return await self.finish(challenge, await self.code(person.person_id), call=call, **more)

    async def signed_in(self, person: LoadedPerson, *, now: datetime = NOW) -> Call:
        """A call of somebody who has just signed in."""
        return await self.call_of((await self.sign_in(person, now=now)).token, now)

    async def call_of(self, token: str, now: datetime = NOW) -> Call:
        found = await self.session(token, now)
        assert found is not None
        return Call(found.actor, now, uuid7(now))

    async def session(self, token: str, now: datetime = NOW) -> SignedIn | None:
        return await who(self.database, self.keys, token, now)

    # --- what was told

    async def told(self, person: UUID, notice: str | None = None) -> list[tuple[str, str, str]]:
        """Channel, recipient and words of all that somebody was told (of that notice), the oldest first."""
        rows = await self.database.ask(
            """select m.*, p.data_key from message m join person p on p.person_id = m.owner_id join job j using (job_id)
                where m.owner_id = $1 and ($2::text is null or m.notice = $2) order by j.ticket""",
            person,
            notice,
        )
        return [(row["channel"], *self._opened(person, row)) for row in rows]

    def _opened(self, person: UUID, row: Row) -> tuple[str, str]:
        key, message = self.keys.masters.unwrap(person, row["data_key"]), row["message_id"]
        recipient = key.open("message.recipient", message, row["recipient"])
        return recipient, json.loads(key.open("message.body", message, row["body"]))["text"]

    async def code(self, person: UUID, notice: str = "ONE_TIME_CODE") -> str:
        """The code in the newest message to that person; of nobody, the one that nobody is sent."""
        found = re.search(r"\b(?:\d{6}|\d{10})\b", (await self.told(person, notice))[-1][2])
        assert found is not None
        return found[0]

    async def codes_to_nobody(self) -> list[tuple[str, str, str]]:
        return await self.told(DECOY)

    async def count(self, table: str, where: str = "true", *values: Any) -> int:
        return int((await self.database.ask(f"select count(*) as n from {table} where {where}", *values))[0]["n"])

    async def rows(self) -> Mapping[str, int]:
        """How many rows each table has that a door of nobody's may write."""
        tables = (
            "one_time_code",
            "message",
            "job",
            "throttle",
            "session",
            "ledger_entry",
            "telephone_change",
            "telephone_witness",
        )
        return {table: await self.count(table) for table in tables}

    async def entries(self, person: UUID, field_: str | None = None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Leaf and details of the entries about somebody (of that field), in no order within a millisecond."""
        rows = await self.database.ask(
            """select e.entry_id, e.leaf, e.sealed, p.data_key from ledger_entry e join person p on p.person_id = e.subject_id
                where e.subject_id = $1 order by e.entry_id""",
            person,
        )
        found = []
        for row in rows:
            key = self.keys.masters.unwrap(person, row["data_key"])
            found.append((json.loads(row["leaf"]), json.loads(key.open("ledger.details", row["entry_id"], row["sealed"]))))
        return [(leaf, details) for leaf, details in found if field_ in (None, leaf["field"])]
