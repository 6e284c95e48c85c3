"""One browser for all tests of pages. Each reader has a fresh profile in it (`browser.reading`)."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.portal.browser import chromium


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found
