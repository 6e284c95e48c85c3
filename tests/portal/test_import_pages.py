"""Files of people and packs of mobile teams, in a real browser: sent, tried, begun, stopped, and their results taken away."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from access.rights import Role, Scope
from api import schema
from api.portal import importing
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from core.storage import FolderStorage
from identity import openings
from tests.access.enrolled import Key
from tests.identity.filing import Desk, csv_file, person_row
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE, dark=True)
ARABIC_PLAIN, FRENCH_PLAIN = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
HOME = "/admin/imports"


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        async with database.begin() as connection:
            call = found.office.call(Scope.ENROLMENT_OPEN)
            await openings.open_enrolment(connection, call, division="06", on=found.office.clock().date())
        yield found


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(importing.__file__).parent / "pages"
    for page in importing.PAGES:
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


def people(*numbers: int, **wrong: str) -> bytes:
    """A file with these people, and one row more that is at fault."""
    return csv_file([*(person_row(number) for number in numbers), person_row(900 + numbers[0], **(wrong or {"sex": "X"}))])


def csv(content: bytes, name: str = "people.csv") -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def read(path: Path) -> str:
    return path.read_text("utf-8-sig")


async def send(page: Page, action: str) -> None:
    async with page.expect_navigation():
        await page.locator(f"main form:has(input[name=action][value={action}]) button[type=submit]").first.click()


async def sent(page: Page, content: bytes) -> str:
    """The path of the file."""
    await page.goto(HOME)
    await page.set_input_files("#persons", csv(content))
    await send(page, "import")
    assert page.url.endswith("?done=sent"), await page.inner_text("main")
    return page.url.partition("?")[0]


async def worked(its: Town, path: str) -> None:
    """The job of the file, done beside the pages."""
    desk = Desk(its.register, FolderStorage(its.office.storage), its.register.keys)
    await desk.work(UUID(path.rpartition("/")[2]))


async def enrolled(its: Town) -> int:
    return await its.register.count("person", "status <> 'DECOY'")


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_every_page_can_be_read_by_everybody(its: Town, browser: Browser, reader: Reader) -> None:
    person = await its.office.staff(Role.ADMINISTRATOR)
    first = 100 if reader is ARABIC else 130
    async with its.office.reading(browser, reader, person) as page:
        looker = Looker(page, reader, "imports")
        await looker.open(HOME, "list")
        await page.set_input_files("#persons", csv(b"name,age\nAmina,3\n"))
        await send(page, "import")
        await looker.see("wrong-columns")
        path = await sent(page, people(first, first + 1))
        await looker.see("sent")
        await send(page, "check")
        await looker.see("waiting")
        await worked(its, path)
        await looker.open(path, "tried")
        await send(page, "start")
        await worked(its, path)
        await looker.open(path, "done")
        await looker.open(f"{HOME}/devices", "devices")
        await page.fill("#name", "Tablette 7")
        await page.fill("#jwk", "{}")
        await page.fill("#valid_to", "2027-01-31")
        await send(page, "add")
        await looker.see("device-wrong")


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, Reader("fr-MA", WIDE)], ids=str)
async def test_a_file_is_tried_then_enrols_and_its_result_is_taken(its: Town, browser: Browser, reader: Reader) -> None:
    person, before = await its.office.staff(Role.SUPERVISOR), await enrolled(its)
    first = 160 if reader is ARABIC_PLAIN else 190
    async with its.office.reading(browser, reader, person) as page:
        path = await sent(page, people(first, first + 1, first + 2))
        assert await sent(page, people(first, first + 1, first + 2)) == path, "the same file is the same"
        await page.check("main [name=rows][value=all]")
        await send(page, "check")
        await worked(its, path)
        await page.goto(path)
        assert await enrolled(its) == before
        tried = await page.locator("main table").nth(1).inner_text()
        wrong = "رمز غير معروف" if reader is ARABIC_PLAIN else "Ce code n'existe pas"
        assert wrong in tried
        await send(page, "start")
        await worked(its, path)
        assert await enrolled(its) == before + 3
        await page.goto(path)
        assert await page.locator("main form:has(input[value=start]), main form:has(input[value=check])").count() == 0
        async with page.expect_download() as downloading:
            await page.locator("main form:has(input[value=result]) button[type=submit]").click()
        download = await downloading.value
        content = read(await download.path())
        assert (len(content.splitlines()), wrong in content) == (5, True)
        assert download.suggested_filename.endswith(".csv")


async def test_a_file_that_is_not_taken_says_why_and_nothing_is_kept(its: Town, browser: Browser) -> None:
    person = await its.office.staff(Role.SUPERVISOR)
    before = await its.register.count("person_file")
    async with its.office.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto(HOME)
        await send(page, "import")
        assert await page.locator("#persons-error").count() == 1
        for content in (b"", b'given_name_latin\n"Amina', b"PK\x03\x04 no spreadsheet", "الاسم\n".encode("cp1256")):
            await page.set_input_files("#persons", csv(content))
            await page.select_option("#encoding", "utf-8")
            await send(page, "import")
            assert (content, await page.locator("#persons-error, #encoding-error").count()) == (content, 1)
        await page.set_input_files("#pack", csv(b"no pack", "pack.jws"))
        await send(page, "pack")
        assert await page.locator("#pack-error").count() == 1
    assert await its.register.count("person_file") == before


async def test_a_file_is_stopped_and_is_nobodys_who_did_not_send_it(its: Town, browser: Browser) -> None:
    person = await its.office.staff(Role.SUPERVISOR, division="06")
    other = await its.office.staff(Role.SUPERVISOR, division="04")
    async with its.office.reading(browser, FRENCH_PLAIN, person) as page:
        path = await sent(page, people(220))
        await send(page, "start")
        await send(page, "cancel")
        assert page.url == f"{path}?done=stopped"
        assert await page.locator("main .tag-bad").count() == 1
    async with its.office.reading(browser, FRENCH_PLAIN, other) as page:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 404
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.office.reading(browser, FRENCH_PLAIN, agent) as page:
        for there in (HOME, path, f"{HOME}/devices", f"{HOME}/template/csv"):
            answer = await page.goto(there)
            assert answer is not None
            assert answer.status == 403


async def test_the_template_is_taken_home(its: Town, browser: Browser) -> None:
    person = await its.office.staff(Role.SUPERVISOR)
    async with its.office.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto(HOME)
        for form, beginning in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK\x03\x04")):
            answer = await page.request.get(f"{its.address}{HOME}/template/{form}")
            assert (answer.status, (await answer.body())[: len(beginning)]) == (200, beginning)
            assert f"persons.{form}" in answer.headers["content-disposition"]


async def test_a_device_is_registered_and_revoked(its: Town, browser: Browser) -> None:
    person = await its.office.staff(Role.ADMINISTRATOR)
    key = Key.new()
    async with its.office.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto(f"{HOME}/devices")
        await send(page, "add")
        assert await page.locator("#name-error").count() == 1
        await page.fill("#name", "Tablette 7")
        await page.select_option("#alg", key.alg)
        await page.fill("#jwk", json.dumps(key.jwk))
        await page.fill("#valid_to", "2027-01-31")
        await page.select_option("#division", "06")
        await send(page, "add")
        assert page.url.endswith("?done=added"), await page.inner_text("main")
        assert "Tablette 7" in await page.inner_text("main table")
        await send(page, "revoke")
        assert page.url.endswith("?done=revoked")
    rows = await its.office.ask("select name, division, revoked_at is not null as revoked from team_device")
    assert rows == [{"name": "Tablette 7", "division": "06", "revoked": True}]
