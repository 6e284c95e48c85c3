"""The real application before real browsers, for the pages of people with an account: its clock is turned, people put there.

    async with staffed(database, url, keys) as office:
        person = await office.staff(Role.PUBLISHER)
        async with office.reading(browser, Reader("fr-MA"), person) as page: ...

What people do is done on pages; what is only to be there (accounts, sessions, agencies) is put there as rows.
"""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from playwright.async_api import Browser, Page
from sqlalchemy import select, update

from access import agencies, publishing
from access.account_models import Account
from access.accounts import account_of, create_account, link_at_the_machine
from access.call import Call, system
from access.catalogue import Lang
from access.instance import create_instance
from access.passwords import NewPassword, Passwords
from access.rights import Role, Scope
from access.sessions import SessionKind, begin_session
from api.app import build
from api.edge import SESSION
from core.config import Settings
from core.database import Database
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.enrolled import Key, agreement_document
from tests.api.people import Signed, put_account
from tests.conftest import empty
from tests.portal.browser import Reader, listening, overflows, reading, served, shoot, violations

BEGAN = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
YEAR = timedelta(days=365)
NAMES = {Lang.AR: "الصندوق الوطني للضمان الاجتماعي", Lang.FR: "Caisse nationale", Lang.EN: "National fund"}
PASSWORD = "three words that do not belong"
_invited = count(1)


@dataclass
class Clock:
    """Goes on by itself from the tenth of March 2026, and by as much more as it is turned."""

    turned: timedelta = timedelta()
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return BEGAN + timedelta(seconds=time.monotonic() - self.began) + self.turned

    def turn(self, **by: float) -> None:
        self.turned += timedelta(**by)


@dataclass
class Office:
    """The served instance, and the people who work with it. `storage`: the folder of its files."""

    database: Database
    keys: KeyRing
    address: str
    clock: Clock
    storage: Path = Path()

    async def staff(self, *roles: Role, division: str | None = None, name: str = "", **options: Any) -> Signed:
        """An account that was taken up long ago; of the registry, unless `agency` says of which."""
        async with self.database.begin() as connection:
            person = await put_account(connection, self.keys, self.clock(), *roles, division=division, **options)
            if not name:
                return person
            row = (await connection.execute(select(Account).where(Account.account_id == person.account))).one()
            sealed = self.keys.masters.unwrap(person.account, row.data_key).seal("account.name", person.account, name)
            await connection.execute(update(Account).where(Account.account_id == person.account).values(name=sealed))
        return Signed(person.account, name, person.email, person.secret)

    async def with_password(self, *roles: Role, **options: Any) -> Signed:
        """The same, by whom PASSWORD is known."""
        passwords = Passwords()
        stored = await passwords.hash(NewPassword.of(PASSWORD, email="nobody@example.org"))
        passwords.close()
        return await self.staff(*roles, password=stored, **options)

    async def session(self, person: Signed) -> str:
        """The token of a new session of theirs."""
        async with self.database.begin() as connection:
            return await begin_session(connection, self.clock(), SessionKind.ACCOUNT, account=person.account)

    async def invited(self, name: str) -> Signed:
        """An account of the registry's staff that was not taken up yet; its `secret` is not known."""
        email = f"invited.{next(_invited)}@example.org"
        call = self.call(Scope.ACCOUNT_MANAGE)
        async with self.database.begin() as connection:
            account = await create_account(connection, call, self.keys, email=email, name=name, lang=Lang.FR, agency=None)
        return Signed(account, name, email, "")

    async def row(self, person: Signed) -> Mapping[str, Any]:
        (found,) = await self.ask("select * from account where account_id = $1", person.account)
        return found

    async def link(self, email: str) -> str:
        """Where whoever was invited there can take the account up."""
        call = self.call(Scope.ACCOUNT_MANAGE)
        async with self.database.begin() as connection:
            account = await account_of(connection, call, self.keys, email=email)
            link = await link_at_the_machine(connection, call, account=account, issuer=self.address)
        return link.removeprefix(self.address)

    async def agency(self, code: str, *, published: bool = True, **changes: Any) -> UUID:
        """An agency with a key and, if so, an agreement."""
        now, key = self.clock(), Key.new()
        call = self.call(Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH)
        async with self.database.begin() as connection:
            enrolled = await agencies.AGENCY_ENROLLED.at_the_machine(connection, call, agencies.enrolment(code, NAMES))
            made = agencies.new_key(
                code, kid=key.kid, alg=key.alg, jwk=key.jwk, valid_from=now, valid_to=now + timedelta(days=20)
            )
            await agencies.AGENCY_KEY_ADDED.at_the_machine(connection, call, made)
            if published:
                document = agreement_document(code, valid_from=BEGAN.isoformat(), valid_to=(BEGAN + YEAR).isoformat()) | changes
                await publishing.AGREEMENT_PUBLISHED.at_the_machine(connection, call, publishing.publication(document))
        return UUID(enrolled["agency"])

    def call(self, *scopes: Scope) -> Call:
        now = self.clock()
        return Call(system("tests", *scopes), now, uuid7(now))

    async def ask(self, statement: str, *values: Any) -> list[Mapping[str, Any]]:
        return [dict(row) for row in await self.database.ask(statement, *values)]

    def code(self, person: Signed) -> str:
        """A code of now that was not used before: the clock is turned to the next one first."""
        self.clock.turn(seconds=30)
        return person.code(self.clock())

    @asynccontextmanager
    async def reading(self, browser: Browser, reader: Reader, person: Signed | None = None) -> AsyncIterator[Page]:
        """A fresh browser, in which that person is signed in."""
        async with reading(browser, self.address, reader) as page:
            if person is not None:
                await self.enter(page, person)
            yield page

    async def enter(self, page: Page, person: Signed) -> None:
        """From here on the browser has a new session of that person's."""
        cookie = {"name": SESSION, "value": await self.session(person), "domain": "localhost", "path": "/", "secure": True}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]


@asynccontextmanager
async def staffed(database: Database, url: str, keys: KeyRing) -> AsyncIterator[Office]:
    """The application on an emptied database, for as long as it is needed."""
    await empty(database)
    listener, address = listening()
    clock = Clock()
    office = Office(database, keys, address, clock)
    async with database.begin() as connection:
        await create_instance(connection, office.call(Scope.REGISTER_LOAD), keys, mark=keys.mark, issuer=address)
    with TemporaryDirectory() as files:
        office.storage = Path(files) / "evidence"
        settings = Settings(jobs=False, storage=office.storage)
        app = build(settings, keys, database_url=url, issuer=address, clock=clock)
        async with served(app, listener):
            yield office
    await empty(database)


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that is sent while it is open, by whatever connection of this process."""
    sent: list[str] = []
    with monkeypatch.context() as patch:
        for name in ("fetch", "fetchrow", "fetchval", "execute"):
            real = getattr(asyncpg.Connection, name)

            def noted(self: object, query: str, *values: object, _real: object = real, **options: object) -> object:
                if not query.startswith(("begin", "BEGIN", "commit", "COMMIT", ";", "set ", "SET ")):
                    sent.append(query)
                return _real(self, query, *values, **options)  # type: ignore[operator]

            patch.setattr(asyncpg.Connection, name, noted)
        yield sent


async def press(page: Page, button: str = "main button.button-main") -> None:
    """Sends a form, and waits for what is answered."""
    async with page.expect_navigation():
        await page.click(button)


async def said(page: Page, selector: str = "h1") -> str:
    """What is read there, first within the page's own part."""
    return (await page.locator(f"main {selector}").first.text_content() or "").strip()


async def seen(page: Page, name: str, reader: Reader) -> None:
    """Has the page as it stands photographed and examined: nothing to find fault with, and nothing too wide.

    What looks at a page is a script in it: not of a reader who has none.
    """
    if reader.scripts:
        name = f"{name}-{reader}"
        await shoot(page, name)
        wrong = [*await violations(page), *await overflows(page)]
        assert wrong == [], (name, wrong)
        assert (name, await page.locator("h1").count()) == (name, 1)
