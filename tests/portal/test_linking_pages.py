"""An agency's old file on pages: proposed by one of the registry, agreed to by another, its result taken by the agency."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from graphql import parse, validate
from playwright.async_api import Browser

from access import publishing
from access.rights import Role, Scope
from api import schema
from api.portal import linking
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from core.storage import FolderStorage
from identity.file_jobs import LINKING
from tests.access.enrolled import mandate_document
from tests.identity.filing import Desk
from tests.portal.browser import NARROW, WIDE, Reader, shoot
from tests.portal.looking import Looker, press
from tests.portal.staffed import BEGAN, YEAR
from tests.portal.town import Town, town
from verification import linking as doors

ARABIC_PLAIN, FRENCH = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE)
NAMES = tuple(doors.ATTRIBUTES.values())
HEADER = "reference,cnie,given_name,family_name,birth_date\n"


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        office = found.office
        await office.agency("CNSS", purposes=["ELIGIBILITY"], attributes={name: {"uses": ["LINK"]} for name in NAMES})
        document = mandate_document(
            agency="CNSS",
            purpose="ELIGIBILITY",
            attributes=list(NAMES),
            valid_from=BEGAN.isoformat(),
            valid_to=(BEGAN + YEAR).isoformat(),
        )
        async with database.begin() as connection:
            call = office.call(Scope.AGREEMENT_PUBLISH)
            await publishing.MANDATE_PUBLISHED.at_the_machine(connection, call, publishing.publication(document))
        yield found


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(linking.__file__).parent / "pages"
    for page in linking.PAGES:
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, FRENCH], ids=str)
async def test_a_file_is_proposed_agreed_to_linked_and_taken_by_the_agency(its: Town, browser: Browser, reader: Reader) -> None:
    office = its.office
    proposer, approver = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    ((agency,),) = [tuple(row.values()) for row in await office.ask("select agency_id from agency where code = 'CNSS'")]
    administrator = await office.staff(Role.AGENCY_ADMINISTRATOR, agency=agency)
    content = HEADER + f"{reader},ZZ999999,Amina,Bennani,1984-03-09\n,ZZ999998,Karim,Tazi,1984\n"
    async with office.reading(browser, reader, proposer) as page:
        looker = Looker(page, reader, "linking")

        async def see(name: str) -> None:
            if reader.scripts:
                await looker.see(name)
            else:
                await shoot(page, f"linking-{name}-{reader}")

        async def send(code: str, text: str) -> None:
            await page.select_option("#agency", code)
            await page.select_option("#purpose", "ELIGIBILITY")
            await page.set_input_files("#persons", {"name": "old.csv", "mimeType": "text/csv", "buffer": text.encode()})
            await press(page, "propose")

        await looker.open(linking.HOME)
        await see("list")
        await send("CNSS", "name,age\nAmina,3\n")
        assert await page.locator("#persons-error").count() == 1
        await see("wrong-columns")
        await send("FUND", content)
        assert await page.locator("#agency-error, #purpose-error").count() == 1, await page.inner_text("main")
        await send("CNSS", content)
        assert page.url.endswith("?done=proposed"), await page.inner_text("main")
        proposal = page.url.partition("?")[0]
        (row,) = await office.ask("select file_id, state from person_file order by begun_at desc limit 1")
        path = f"{linking.HOME}/{row['file_id']}"
        assert row["state"] == "CHECKED"
        await looker.open(path)
        await see("proposed")

        await office.enter(page, approver)
        await page.goto(proposal)
        await page.fill("#code", office.code(approver))
        await press(page, "approve")
        assert page.url.endswith("?done=approved"), await page.inner_text("main")
        await page.goto(path)
        assert await page.locator("main progress, main form:has(input[value=cancel])").count() == 2
        await see("waiting")

        storage = FolderStorage(office.storage)
        desk = Desk(its.register, storage, its.register.keys, more={LINKING: doors.linking(storage, its.register.keys)})
        assert (await desk.work(UUID(str(row["file_id"])))).state == "DONE"
        await page.goto(path)
        assert await page.locator("main form").count() == 0, "the result is not for staff"

        await office.enter(page, administrator)
        own = f"{linking.OWN}/{row['file_id']}"
        await looker.open(linking.OWN)
        assert await page.locator(f'main a[href="{own}"]').count() == 1
        await see("own")
        await looker.open(own)
        await see("own-file")
        async with page.expect_download() as downloading:
            await page.locator("main form:has(input[value=result]) button[type=submit]").click()
        lines = (await (await downloading.value).path()).read_text("utf-8-sig").splitlines()
        assert [line.split(",")[:2] for line in lines[1:]] == [["2", str(reader)], ["3", ""]]


async def test_nobody_else_opens_a_page_of_linking(its: Town, browser: Browser) -> None:
    supervisor = await its.office.staff(Role.SUPERVISOR)
    async with its.office.reading(browser, FRENCH, supervisor) as page:
        looker = Looker(page, FRENCH, "linking")
        await looker.open(linking.HOME, status=403)
        await looker.open(f"{linking.HOME}/{UUID(int=7)}", status=403)
        await looker.open("/admin")
        height = await page.evaluate("() => document.querySelector('.places').getBoundingClientRect().height")
        assert height < 3 * 44, "no navigation takes three lines"
    async with its.office.reading(browser, FRENCH, its.officer) as page:
        looker = Looker(page, FRENCH, "linking")
        await looker.open(linking.OWN, status=403)
    publisher = await its.office.staff(Role.PUBLISHER)
    async with its.office.reading(browser, FRENCH, publisher) as page:
        await Looker(page, FRENCH, "linking").open(f"{linking.HOME}/{UUID(int=7)}", status=404)
