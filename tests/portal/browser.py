"""Pages in Debian's Chromium: served on a port of their own, opened as readers open them, looked at and examined.

Without the browser, tests that need it are skipped, and say so loudly. All of it runs in the tests' own event loop.
"""

import asyncio
import os
import socket
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from starlette.applications import Starlette

# The shell without a window of its own is the same engine, and opens a page in a fifth of the time.
KNOWN = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((path for path in KNOWN if path.exists()), None)
THERE = CHROMIUM is not None
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
NARROW, WIDE = 390, 1600
WAIT_MILLISECONDS = 10_000


def _skip(reason: str) -> None:
    warnings.warn(f"PAGES WERE NOT LOOKED AT: {reason}", stacklevel=3)  # the skip itself is but a letter in the output
    pytest.skip(f"PAGES WERE NOT LOOKED AT: {reason}")


def listening() -> tuple[socket.socket, str]:
    """A free port, and the address that the instance on it has: to build the application with, then to serve it."""
    # With the protocol said, or asyncio holds back the second part of each answer (Nagle) until the first was acknowledged.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener, f"http://localhost:{listener.getsockname()[1]}"


@asynccontextmanager
async def served(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """The application, in this event loop, on that port."""
    # A client outside the browser keeps its connection: it is not to be closed just as the next request is sent on it.
    kept = 3600
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=2, timeout_keep_alive=kept)
    )
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        if serving.done():
            await serving
            raise AssertionError("the server ended before it began")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    if not THERE:
        _skip("THERE IS NO CHROMIUM (Debian: apt-get install chromium-headless-shell, or chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True)
class Reader:
    """How somebody reads: a language (as a browser asks for it), a width, light or dark, with scripts or without."""

    lang: str = "ar-MA"
    width: int = WIDE
    dark: bool = False
    scripts: bool = True

    def __str__(self) -> str:
        return f"{self.lang[:2]}-{self.width}-{'dark' if self.dark else 'light'}{'' if self.scripts else '-noscript'}"


@asynccontextmanager
async def reading(browser: Browser, address: str, reader: Reader) -> AsyncIterator[Page]:
    """A fresh browser of that reader's; what its pages complain of (refused scripts and styles too) fails the test."""
    context = await browser.new_context(
        base_url=address,
        locale=reader.lang,
        viewport={"width": reader.width, "height": 844 if reader.width < 800 else 1000},
        color_scheme="dark" if reader.dark else "light",
        java_script_enabled=reader.scripts,
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
    try:
        yield page
    finally:
        await context.close()
    assert complaints == []


def _is_complaint(message: Any) -> bool:
    """That an answer has an error's status is told on the console too, and is what error pages are for."""
    return message.type in ("error", "warning") and "the server responded with a status of" not in message.text


async def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands: rule and place of each. Skips loudly where it is not there.

    It is brought in through the browser's own protocol, which the page's policy does not bind.
    """
    if not AXE.is_file():
        _skip("axe-core IS NOT INSTALLED (make set-up, with the npm registry in reach)")
    session = await page.context.new_cdp_session(page)
    await session.send("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
    found = await session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.flatMap("
            "(v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`)))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    await session.detach()
    told: list[str] = found["result"]["value"]
    return told


async def overflows(page: Page) -> list[str]:
    """Elements that reach beyond the page's width."""
    found: list[str] = await page.evaluate(
        "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] : "
        "[...document.querySelectorAll('body *')].filter((e) => { const r = e.getBoundingClientRect();"
        " return r.width > 1 && (r.right > document.documentElement.clientWidth + 1 || r.left < -1) })"
        ".map((e) => `${e.tagName} ${e.className} ${e.id}`)"
    )
    return found


async def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, into the folder that SIJIL_SCREENS names; none where it names none."""
    folder = os.environ.get("SIJIL_SCREENS")
    if folder:
        await page.evaluate("() => document.fonts.ready")
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
