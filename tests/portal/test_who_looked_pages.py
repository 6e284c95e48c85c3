"""On their pages people read in words who looked: at what, in whose place, and with whose help."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from access.rights import Role
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.imports import LoadedPerson
from tests.api.people import put_account
from tests.portal.browser import NARROW, WIDE, Reader, chromium
from tests.portal.town import Town, town

ARABIC, FRENCH, ENGLISH = (
    Reader(lang, width, scripts=False) for lang, width in (("ar-MA", NARROW), ("fr-MA", WIDE), ("en", WIDE))
)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


@pytest.fixture
async def person(its: Town) -> LoadedPerson:
    """Somebody of whom nothing is there yet."""
    return await its.register.person(given_name_latin="Leila", given_name_ar="ليلى")


async def told(page: Page) -> list[list[str]]:
    """Of each look who it was, and what."""
    lines = [(await line.inner_text()).splitlines() for line in await page.locator(".timeline > li").all()]
    return [[part.strip() for part in line if part.strip()][1:3] for line in lines]


@pytest.mark.parametrize(
    ("reader", "you", "helped", "listed", "one"),
    [
        (
            FRENCH,
            "Vous",
            "Vous, avec de l'aide dans un centre",
            "A ouvert la liste de vos accords",
            "A ouvert un de vos accords",
        ),
        (ARABIC, "أنتم", "أنتم، بمساعدة في أحد المراكز", "فتح لائحة موافقاتكم", "فتح إحدى موافقاتكم"),
        (
            ENGLISH,
            "You",
            "You, with help at a centre",
            "Opened the list of your consents",
            "Opened one of your consents",
        ),
    ],
    ids=["fr", "ar", "en"],
)
async def test_that_consents_were_read_is_told_in_words(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader, you: str, helped: str, listed: str, one: str
) -> None:
    made, _ = await its.request(person)
    async with its.office.database.begin() as connection:
        agent = await put_account(connection, its.register.keys, its.office.clock(), Role.CENTRE_AGENT, division="06")
    async with its.reading(browser, reader) as page:
        await its.assist(page, person, agent, "CONSENTS")
        await page.goto("/consents")
    async with its.reading(browser, reader, person) as page:
        await page.goto(f"/consents/{made}")
        await page.goto("/accesses")
        lines = await told(page)
        assert [helped, listed] in lines
        assert {who for who, _ in lines} == {helped}
        await page.goto("/accesses?own=yes")
        assert [you, one] in await told(page)
        assert await page.locator(".timeline .tag-bad").count() == 0


async def test_another_guardians_look_is_shown_and_ones_own_is_ones_own(its: Town, browser: Browser) -> None:
    guardian, ward, other = await its.register.load(*its.newcomers())
    await its.office.ask(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
        *(ward.person_id, other.person_id, its.office.clock()),
    )
    for reader in (other, guardian):
        async with its.reading(browser, FRENCH, reader) as page:
            await page.goto("/wards")
            async with page.expect_navigation():
                await page.locator("main form:has(input[name=action][value=act]) button").first.click()
            await page.goto("/consents")
            await page.goto("/accesses")
            assert {who for who, _ in await told(page)} == (set() if reader is other else {"Le représentant légal"})
            await page.goto("/accesses?own=yes")
            assert {who for who, _ in await told(page)} == ({"Vous"} if reader is other else {"Vous", "Le représentant légal"})
