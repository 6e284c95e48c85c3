"""The shell in a real browser: what every page has, in both scripts, narrow and wide, light and dark, with scripts or without."""

from collections.abc import AsyncIterator
from itertools import product

import pytest
from playwright.async_api import Browser, Page

from core.keys import KeyRing
from tests.portal.browser import NARROW, WIDE, Reader, chromium, listening, overflows, reading, served, shoot, violations
from tests.portal.sample import Register, portal

READERS = [Reader(lang, width, dark) for lang, width, dark in product(("ar-MA", "fr-MA"), (NARROW, WIDE), (False, True))]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def register() -> Register:
    return Register()


@pytest.fixture(scope="module")
async def address(register: Register, keys: KeyRing) -> AsyncIterator[str]:
    listener, address = listening()
    async with served(portal(register, keys, issuer=address), listener):
        yield address


async def enter(page: Page) -> None:
    """Signs in on the page, and is there."""
    await page.goto("/me")
    await page.fill("#word", "sesame")
    await page.click("main button[type=submit]")
    assert await page.text_content("h1") == "فاطمة الزهراء Bennani"


@pytest.mark.parametrize("reader", READERS, ids=str)
async def test_every_part_can_be_read_by_everybody(browser: Browser, address: str, reader: Reader) -> None:
    async with reading(browser, address, reader) as page:
        await enter(page)
        for path in ("/", "/sample", "/sample-empty", "/nowhere"):
            await page.goto(path)
            assert await page.get_attribute("html", "dir") == ("rtl" if reader.lang == "ar-MA" else "ltr")
            await shoot(page, f"{path.strip('/') or 'welcome'}-{reader}")
            assert (path, await violations(page)) == (path, [])
            assert (path, await overflows(page)) == (path, [])
        await page.goto("/sample")
        await page.click("button.button-main")
        await shoot(page, f"sample-errors-{reader}")
        assert (await violations(page), await overflows(page)) == ([], [])
