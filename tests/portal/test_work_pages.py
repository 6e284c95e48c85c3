"""Jobs and the outbox of a demonstration, as somebody reads them in a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser

from access.catalogue import Lang
from access.notices import Channel, Invitation
from access.outbox import Owner, OwnerKind, tell
from access.rights import Role, Scope
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.ids import uuid7
from core.keys import DEMO, create
from tests.portal.browser import NARROW, WIDE, Reader, overflows, shoot, violations
from tests.portal.staffed import Office, press, staffed

READERS = [Reader("ar-MA", NARROW), Reader("fr-MA", WIDE)]


@pytest.fixture(scope="module")
async def office(
    database: Database, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    folder: Path = tmp_path_factory.mktemp("demo")
    keys = create(folder / "keys.json", mark=DEMO, at=datetime.now(UTC))
    async with staffed(database, postgres.url, keys) as found:
        yield found


async def hold(office: Office) -> None:
    """A job that failed too often, and a message whose end nobody knows."""
    now = office.clock()
    await office.database.ask(
        """insert into job (job_id, kind, parameters, state, created_at, due_at, done, total, runs, failures, error, cancelling)
           values ($1, 'old-file', '{}', 'HELD', $2, $2, 5, 20, 3, 3, 'OSError', false)""",
        uuid7(now),
        now,
    )
    person = await office.staff(Role.AUDITOR)
    (row,) = await office.database.ask("select data_key from account where account_id = $1", person.account)
    async with office.database.begin() as connection:
        await tell(
            connection,
            office.call(Scope.REGISTER_LOAD),
            office.keys,
            owner=Owner(OwnerKind.ACCOUNT, person.account, row["data_key"]),
            notice=Invitation(link="https://registers.example.org/invitation/abc"),
            lang=Lang.AR,
            channels={Channel.EMAIL: "somebody@example.org"},
        )
    await office.database.ask("update job set state = 'HELD', ticket = null, error = 'Uncertain' where kind = 'message'")


@pytest.mark.parametrize("reader", READERS, ids=str)
async def test_both_pages_can_be_read_by_everybody(office: Office, browser: Browser, reader: Reader) -> None:
    await hold(office)
    person = await office.staff(Role.ADMINISTRATOR)
    async with office.reading(browser, reader, person) as page:
        for path in ("/admin/jobs", "/admin/outbox"):
            await page.goto(path)
            assert await page.locator("main section").count() > 0
            assert await violations(page) == []
            assert not await overflows(page)
            await shoot(page, f"work-{path.rpartition('/')[2]}-{reader}")


async def test_a_held_job_goes_on_and_a_doubtful_message_is_sent_again_without_scripts(
    office: Office, browser: Browser
) -> None:
    await hold(office)
    person = await office.staff(Role.ADMINISTRATOR)
    async with office.reading(browser, Reader("fr-MA", NARROW, scripts=False), person) as page:
        for action, kind in (("release", "old-file"), ("resend", "message")):
            await page.goto("/admin/jobs")
            before = await office.database.ask("select count(*) as n from job where kind = $1 and state = 'HELD'", kind)
            await press(page, f"main form:has(input[name=action][value={action}]) button[type=submit]")
            after = await office.database.ask("select count(*) as n from job where kind = $1 and state = 'HELD'", kind)
            assert after[0]["n"] == before[0]["n"] - 1
