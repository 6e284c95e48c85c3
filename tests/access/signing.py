"""Accounts for tests, and the steps of signing in with one, each in a transaction of its own as the edge has it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from argon2.profiles import CHEAPEST
from pyotp import TOTP
from sqlalchemy.ext.asyncio import AsyncConnection

from access import invitations, sign_in
from access.account_rows import renew_codes
from access.call import NOBODY, Actor, ActorKind, Call, system
from access.passwords import NewPassword, Passwords
from access.rights import Role, Scope
from access.sessions import account_actor, find, rights_of
from core.database import Database
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.enrolled import NOW
from tests.api.people import Signed, put_account

T = TypeVar("T")
PASSWORD = "violet marble 77 lantern"
HERE = "203.0.113.7"
ISSUER = "https://sijil.example"
PASSWORDS = Passwords(CHEAPEST, at_once=4, waiting=200)


def at_the_door(now: datetime = NOW, address: str = HERE) -> Call:
    """Somebody on a page who has not signed in."""
    return Call(NOBODY, now, uuid7(now), address=address)


def machine(*scopes: Scope, now: datetime = NOW) -> Call:
    return Call(system("tests", *scopes), now, uuid7(now))


def call_of(account: UUID, *grants: str, agency: UUID | None = None, now: datetime = NOW, session: bytes | None = None) -> Call:
    """Somebody with these roles, each "ROLE" or "ROLE division"."""
    scopes, territories = rights_of(grants)
    kind = ActorKind.STAFF if agency is None else ActorKind.OFFICER
    actor = Actor(kind, scopes | {Scope.SELF_READ}, agency=agency, account=account, session=session, territories=territories)
    return Call(actor, now, uuid7(now))


@dataclass
class House:
    """A database with accounts in it."""

    database: Database
    keys: KeyRing
    stored: dict[str, str] = field(default_factory=dict)

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.database.begin() as connection:
            return await work(connection)

    async def account(self, *roles: Role, password: str = PASSWORD, **options: Any) -> Signed:
        """An account that was taken up, with that password."""
        if password not in self.stored:
            self.stored[password] = await PASSWORDS.hash(NewPassword.of(password, email="nobody@example.org"))
        put = {"password": self.stored[password], **options}
        return await self.transact(lambda connection: put_account(connection, self.keys, NOW, *roles, **put))

    async def recovery_codes(self, account: UUID) -> tuple[str, ...]:
        return await self.transact(lambda connection: renew_codes(connection, self.keys, account))

    # --- signing in

    async def first_step(
        self, email: str, password: str = PASSWORD, *, call: Call | None = None, device: str | None = None
    ) -> str:
        """The token of the half session."""
        call = call or at_the_door()
        tried = await self.transact(lambda c: sign_in.count_try(c, call, self.keys, email=email, device=device))
        verdict = await PASSWORDS.check(tried.stored, password)
        return await self.transact(lambda c: sign_in.begin_sign_in(c, call, self.keys, tried=tried, verdict=verdict))

    async def second_step(self, token: str, *, call: Call | None = None, **given: Any) -> sign_in.SignedIn:
        call = call or at_the_door()
        await self.transact(lambda c: sign_in.count_second_factor(c, call, self.keys, token=token))
        return await self.transact(lambda c: sign_in.confirm_sign_in(c, call, self.keys, token=token, **given))

    async def signed_in(self, its: Signed, *, now: datetime = NOW) -> Call:
        """A call of who has just signed in."""
        call = at_the_door(now)
        half = await self.first_step(its.email, call=call)
        whole = await self.second_step(half, call=call, code=its.code(now))
        row = await find(self.database, whole.token, now)
        assert row is not None
        return Call(account_actor(row, self.keys), now, uuid7(now), address=HERE)

    # --- taking up

    async def choose(self, token: str, password: str = PASSWORD, *, now: datetime = NOW) -> invitations.Proposed:
        call = at_the_door(now)
        chosen = await self.transact(lambda c: invitations.choose_password(c, call, self.keys, token=token, password=password))
        return invitations.propose_second_factor(chosen, await PASSWORDS.hash(chosen.password))

    async def take_up(self, token: str, ticket: str, code: str, *, now: datetime = NOW) -> tuple[str, ...]:
        call = at_the_door(now)
        return await self.transact(lambda c: invitations.take_up(c, call, self.keys, token=token, ticket=ticket, code=code))

    # --- what is there

    async def told(self, account: UUID) -> list[tuple[str, str]]:
        """Notice and text of all that the account was told, the oldest first."""
        rows = await self.database.ask(
            """select m.notice, m.message_id, m.body, a.data_key
                 from message m join account a on a.account_id = m.owner_id join job j on j.job_id = m.job_id
                where m.owner_id = $1 order by j.ticket""",
            account,
        )
        found = []
        for row in rows:
            key = self.keys.masters.unwrap(account, row["data_key"])
            found.append((row["notice"], json.loads(key.open("message.body", row["message_id"], row["body"]))["text"]))
        return found

    async def link_token(self, account: UUID) -> str:
        """The token in the newest invitation that was sent."""
        text = [text for notice, text in await self.told(account) if notice == "INVITATION"][-1]
        found = re.search(rf"{ISSUER}/invitation/([\w-]+)", text)
        assert found is not None
        return found[1]

    async def count(self, table: str, where: str = "true", *values: Any) -> int:
        return int((await self.database.ask(f"select count(*) as n from {table} where {where}", *values))[0]["n"])

    async def row(self, account: UUID) -> Any:
        return (await self.database.ask("select * from account where account_id = $1", account))[0]


def code_of(secret: str, now: datetime = NOW) -> str:
    return TOTP(secret).at(now)


async def overlapping(
    database: Database, first: Callable[[AsyncConnection], Awaitable[T]], second: Callable[[AsyncConnection], Awaitable[T]]
) -> tuple[T, T]:
    """What comes of two transactions of which the second has come as far as it can before the first commits."""

    async def behind() -> T:
        async with database.begin() as connection:
            return await second(connection)

    async with database.begin() as connection:
        before = await first(connection)
        task = asyncio.create_task(behind())
        for _ in range(200):
            await asyncio.sleep(0.01)
            (row,) = await database.ask("select count(*) as n from pg_locks where not granted")
            if row["n"] or task.done():
                break
        assert not task.done(), "the second did not wait for the first"
    return before, await task
