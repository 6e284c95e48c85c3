"""Records that may be of one person, in a real browser: found, compared, decided, merged by two, taken apart by two."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from access.rights import Role
from api import schema
from api.portal import duplicates
from core.database import Database
from core.dates import PartialDate
from core.embedded import EmbeddedPostgres
from core.ids import uuid7
from core.keys import KeyRing
from identity.duplicates import rules
from identity.imports import LoadedPerson
from tests.api.people import Signed
from tests.identity.registered import RABAT
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE)
ARABIC_PLAIN, FRENCH_PLAIN = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
QUEUE = "/admin/duplicates"
FIELDS = (
    '{"given_name": "ALIKE", "family_name": "EXACT", "birth_date": "ONE_PART", "sex": "EXACT", "cnie": "UNKNOWN", '
    '"telephone": "DIFFERENT", "residence": "EXACT"}'
)


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(duplicates.__file__).parent / "pages"
    for page in duplicates.PAGES:
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


async def case(its: Town, later: LoadedPerson, other: LoadedPerson, division: str = "06.141") -> str:
    """The path of a case that the comparison found."""
    made, now = uuid7(its.office.clock()), its.office.clock()
    await its.office.ask(
        """insert into duplicate_case (person_id, case_id, other_id, origin, outcome, weight, fields, division, found_at, state)
           values ($1, $2, $3, 'COMPARISON', 'REVIEW', 14000, $6::jsonb, $4, $5, 'OPEN')""",
        later.person_id,
        made,
        other.person_id,
        division,
        now,
        FIELDS,
    )
    return f"{QUEUE}/{made}"


async def two(its: Town) -> tuple[LoadedPerson, LoadedPerson]:
    later = await its.register.person(given_name_latin="Ameena", given_name_ar=None, birth_date=PartialDate(1984, 3, 19))
    return later, await its.register.person()


async def send(page: Page, action: str) -> None:
    async with page.expect_navigation():
        await page.locator(f"main form:has(input[name=action][value={action}]) button[type=submit]").first.click()


async def state(its: Town, path: str) -> tuple[str, str | None]:
    (row,) = await its.office.ask("select state, reason from duplicate_case where case_id = $1", id_of(path))
    return row["state"], row["reason"]


def id_of(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


async def adjudicators(its: Town) -> tuple[Signed, Signed]:
    one = await its.office.staff(Role.ADJUDICATOR, name="Omar Fassi")
    return one, await its.office.staff(Role.ADJUDICATOR, name="Salma Idrissi")


async def approve(its: Town, page: Page, person: Signed, proposal: str) -> None:
    await page.goto(proposal)
    await page.fill("#code", its.office.code(person))
    await send(page, "approve")
    assert page.url.endswith("?done=approved")


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_every_page_can_be_read_by_everybody(its: Town, browser: Browser, reader: Reader) -> None:
    one, other = await adjudicators(its)
    later, there = await two(its)
    path = await case(its, later, there)
    async with its.office.reading(browser, reader, one) as page:
        looker = Looker(page, reader, "duplicates")
        await looker.open(QUEUE, "queue")
        await looker.open(path, "case")
        await send(page, "different")
        await looker.see("different-wrong")
        await send(page, "merge")
        await looker.see("merge-wrong")
        await looker.open(f"{path}/papers/{later.person_id}", "papers")
        await page.goto(path)
        await page.check(f"main [name=survivor][value='{there.person_id}']")
        await send(page, "merge")
        await looker.see("proposed")
        proposal = page.url.partition("?")[0]
    async with its.office.reading(browser, reader, other) as page:
        looker = Looker(page, reader, "duplicates")
        await looker.open(proposal, "to-approve")
        await approve(its, page, other, proposal)
        await looker.open(path, "merged")
        await looker.open(f"/admin/merges/{there.person_id}", "merges")
        await looker.open(f"/admin/merges/{its.karim.person_id}", "merges-none")


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, FRENCH], ids=str)
async def test_two_records_are_found_merged_by_two_and_taken_apart_by_two(its: Town, browser: Browser, reader: Reader) -> None:
    one, other = await adjudicators(its)
    later, there = await two(its)
    path = await case(its, later, there)
    status = "select status from person where person_id = $1"
    async with its.office.reading(browser, reader, one) as page:
        await page.goto(QUEUE)
        await page.click(f"main a[href='{path}']")
        told = await page.inner_text("main table")
        for shown in (later.idcs.text, there.idcs.text, "Ameena", "Amina"):
            assert shown in told
        await page.check(f"main [name=survivor][value='{there.person_id}']")
        await send(page, "merge")
        proposal = page.url.partition("?")[0]
        assert await page.locator("main form:has(input[value=approve])").count() == 0
    assert await its.office.ask(status, later.person_id) == [{"status": "ACTIVE"}]
    async with its.office.reading(browser, reader, other) as page:
        await page.goto(proposal)
        told = await page.inner_text("main")
        assert "أمينة" in told or "Amina" in told
        await approve(its, page, other, proposal)
        assert await its.office.ask(status, later.person_id) == [{"status": "CANCELLED"}]
        assert await state(its, path) == ("SAME", "MERGED")
        # The other one proposes to take it back, from the record that stayed.
        await page.goto(f"/admin/merges/{there.person_id}")
        await send(page, "undo")
        undoing = page.url.partition("?")[0]
    async with its.office.reading(browser, reader, one) as page:
        await approve(its, page, one, undoing)
        await page.goto(f"/admin/merges/{there.person_id}")
        assert await page.locator("main form").count() == 0
    assert await its.office.ask(status, later.person_id) == [{"status": "ACTIVE"}]


async def test_twins_are_two_people_and_that_is_said_once(its: Town, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "rules", lambda: replace(rules(), undo=timedelta(days=12)))
    one, other = await adjudicators(its)
    path = await case(its, *await two(its))
    async with its.office.reading(browser, FRENCH_PLAIN, one) as page, its.office.reading(browser, FRENCH_PLAIN, other) as late:
        await late.goto(path)
        await page.goto(path)
        assert "dans les 12 jours" in await page.inner_text("main")  # as the rules say
        await send(page, "different")
        assert await page.locator("#two-error").count() == 1
        await page.select_option("#two", "TWINS")
        await send(page, "different")
        assert page.url.endswith("?done=decided")
        await late.select_option("#two", "NAMESAKES")
        await send(late, "different")
        assert await late.locator("#errors").count() == 1
        assert await late.locator("main form").count() == 0
        await page.goto(QUEUE)
        assert await page.locator(f"main a[href='{path}']").count() == 0
    assert await state(its, path) == ("DIFFERENT", "TWINS")


async def test_a_case_is_shown_to_who_decides_there_and_to_nobody_else(its: Town, browser: Browser) -> None:
    path = await case(its, *await two(its), RABAT)
    elsewhere = await its.office.staff(Role.ADJUDICATOR, division="06")
    agent = await its.office.staff(Role.CENTRE_AGENT)
    for person, status in ((elsewhere, 404), (agent, 403)):
        async with its.office.reading(browser, FRENCH_PLAIN, person) as page:
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == status
    assert await state(its, path) == ("OPEN", None)
