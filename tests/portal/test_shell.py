"""The shell in a real browser: what every page has, in both scripts, narrow and wide, light and dark."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from core.keys import KeyRing
from tests.portal.browser import NARROW, WIDE, Reader, listening, overflows, reading, served, shoot, violations
from tests.portal.sample import CONSENT, SESSION, Register, portal

READERS = [
    Reader("ar-MA", NARROW),
    Reader("ar-MA", WIDE, dark=True),
    Reader("fr-MA", NARROW, dark=True),
    Reader("fr-MA", WIDE),
]


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


SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "noscript"])
HERE = f"/consents/{CONSENT}"


async def test_what_is_wrong_would_be_found(browser: Browser, address: str) -> None:
    async with reading(browser, address, Reader("fr")) as page:
        await page.goto("/")
        await page.evaluate(
            "() => { document.documentElement.removeAttribute('lang'); document.querySelector('h1').style.minWidth = '3000px' }"
        )
        assert [found.split(":")[0] for found in await violations(page)] == ["html-has-lang"]
        assert await overflows(page) == ["H1  "]


@SCRIPTS
async def test_the_sessions_cookie_is_kept_and_sent_and_no_script_sees_it(
    browser: Browser, address: str, scripts: bool
) -> None:
    async with reading(browser, address, Reader("fr", scripts=scripts)) as page:
        await enter(page)
        kept = {cookie["name"]: cookie for cookie in await page.context.cookies()}
        assert kept.keys() == {SESSION}
        assert (kept[SESSION]["secure"], kept[SESSION]["httpOnly"], kept[SESSION]["sameSite"]) == (True, True, "Lax")
        if scripts:
            assert await page.evaluate("() => document.cookie") == ""


@SCRIPTS
async def test_a_session_that_ends_in_mid_form_loses_nothing(
    browser: Browser, address: str, register: Register, scripts: bool
) -> None:
    typed = "Je n'en veux plus: <b>non</b> و لا"
    async with reading(browser, address, Reader("fr", scripts=scripts)) as page:
        await enter(page)
        await page.goto(HERE)
        await page.fill("#reason", typed)
        register.sessions.clear()
        register.withdrawn.clear()
        await page.click("main button[type=submit]")
        assert await page.text_content(".notice-title") == "Your session has ended"
        await page.fill("#word", "sesame")
        await page.click("main button[type=submit]")
        assert await page.text_content("h1") == "Connexion réussie"
        await page.click("main button[type=submit]")
        assert await page.input_value("#reason") == typed
        assert register.withdrawn == []
        await page.click("main button[type=submit]")
        assert page.url == f"{address}{HERE}?receipt=7"
        assert [reason for _, reason, _ in register.withdrawn] == [typed]


@SCRIPTS
async def test_the_language_is_changed_where_one_is(browser: Browser, address: str, scripts: bool) -> None:
    async with reading(browser, address, Reader("ar-MA", scripts=scripts)) as page:
        await page.goto("/sample?a=%D8%A8&c=d")
        assert await page.get_attribute("html", "lang") == "ar"
        await page.click(".languages a[lang=fr]")
        assert await page.get_attribute("html", "lang") == "fr"
        assert page.url == f"{address}/sample?a=%D8%A8&c=d"
        await page.goto("/")
        assert await page.get_attribute("html", "lang") == "fr"


@SCRIPTS
async def test_what_is_to_be_mended_is_met_first_and_leads_to_its_field(browser: Browser, address: str, scripts: bool) -> None:
    async with reading(browser, address, Reader("fr", scripts=scripts)) as page:
        await page.goto("/sample")
        await page.fill("#full", "فاطمة")
        await page.click(".button-main")
        assert await page.input_value("#full") == "فاطمة"
        assert await page.locator(":focus").get_attribute("id") == "errors"
        await page.click("#errors a")
        if scripts:
            assert await page.locator(":focus").get_attribute("id") == "reason"
        assert await page.locator("#reason").is_visible()


async def test_a_form_that_is_sent_twice_arrives_once(browser: Browser, address: str, register: Register) -> None:
    async with reading(browser, address, Reader("fr")) as page:
        await enter(page)
        await page.goto(HERE)
        await page.fill("#reason", "twice")
        register.withdrawn.clear()
        async with page.expect_navigation():
            await page.evaluate("() => { const b = document.querySelector('main button'); b.click(); b.click(); b.click() }")
        assert [reason for _, reason, _ in register.withdrawn] == ["twice"]


async def test_a_part_that_goes_on_asks_for_itself_again(browser: Browser, address: str) -> None:
    async with reading(browser, address, Reader("fr")) as page:
        await page.goto("/sample?seconds=1")
        await page.evaluate("() => { window.same = true }")
        for _ in range(2):
            async with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true") as asked:
                pass
            assert (await asked.value).status == 200
        await page.wait_for_timeout(50)
        assert await page.locator("#progress").count() == 1
        assert await page.evaluate("() => window.same") is True


async def test_everything_is_reached_by_the_keyboard(browser: Browser, address: str) -> None:
    async with reading(browser, address, Reader("ar-MA", NARROW)) as page:
        await page.goto("/")
        await page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert await skip.text_content() == "الانتقال إلى المحتوى الرئيسي"
        box = await skip.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").get_attribute("href") == "/sign-in"
        outline = await page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"


@pytest.mark.parametrize("lang", ["ar-MA", "fr-MA"])
async def test_whatever_is_pressed_is_large_enough(browser: Browser, address: str, lang: str) -> None:
    async with reading(browser, address, Reader(lang, NARROW)) as page:
        await enter(page)
        await page.goto("/sample")
        small = await page.evaluate(
            """() => [...document.querySelectorAll(
              'header a, button, .button, input:not([type=hidden]), select, textarea, .choice label, .pager a')]
            .filter((e) => !e.closest('.choice') || e.tagName === 'LABEL')
            .filter((e) => e.getBoundingClientRect().height < 43.5 && !e.classList.contains('skip'))
            .map((e) => `${e.tagName} ${e.id} ${e.getBoundingClientRect().height}`)"""
        )
        assert small == []


async def test_paper_has_what_was_said_and_nothing_to_press(browser: Browser, address: str) -> None:
    async with reading(browser, address, Reader("fr", dark=True)) as page:
        await enter(page)
        await page.goto("/sample-empty")
        await page.emulate_media(media="print")
        await shoot(page, "print-fr")
        assert await page.locator("h1").is_visible()
        for unneeded in (".languages", ".places", ".bottom", ".skip"):
            assert not await page.locator(unneeded).is_visible()
        assert await page.evaluate("() => getComputedStyle(document.body).color") == "rgb(27, 35, 32)"


@pytest.mark.parametrize(("lang", "width"), [("ar-MA", NARROW), ("fr-MA", WIDE)])
async def test_without_what_is_vendored_pages_can_be_read(
    browser: Browser, keys: KeyRing, tmp_path: Path, lang: str, width: int
) -> None:
    listener, address = listening()
    async with (
        served(portal(Register(), keys, issuer=address, vendored=tmp_path), listener),
        reading(browser, address, Reader(lang, width)) as page,
    ):
        await page.goto("/sample")
        await shoot(page, f"bare-{lang[:2]}")
        assert (await violations(page), await overflows(page)) == ([], [])
