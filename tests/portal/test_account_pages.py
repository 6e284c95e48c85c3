"""Everybody with an account: taking it up, signing in, what is one's own, signing out. In a real browser."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page

from access.account_rows import INVITED_FOR
from access.rights import Role
from api.edge import DEVICE, SESSION
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from tests.api.people import Signed
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.staffed import PASSWORD, Office, press, said, seen, staffed

ARABIC, FRENCH, PLAIN = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE), Reader("fr-MA", WIDE, scripts=False)
NEW_PASSWORD = "four other words, far apart"


@pytest.fixture(scope="module")
async def office(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Office]:
    async with staffed(database, postgres.url, keys) as found:
        yield found


async def enter(office: Office, page: Page, person: Signed, *, password: str = PASSWORD, code: str = "") -> None:
    """Both steps of signing in, on the page as it stands."""
    await page.fill("#email", person.email)
    await page.fill("#password", password)
    await press(page)
    await page.fill("#code", code or office.code(person))
    await press(page)


async def kinds_of(office: Office, person: Signed) -> list[str]:
    """The sessions of theirs that have not ended."""
    rows = await office.ask("select kind from session where account_id = $1 and ended_at is null order by kind", person.account)
    return [row["kind"] for row in rows]


# --- taking an account up


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_an_invitation_is_taken_up_and_its_account_signed_in_with(
    office: Office, browser: Browser, reader: Reader
) -> None:
    newcomer = await office.invited("Amina Alami")
    link = await office.link(newcomer.email)
    async with office.reading(browser, reader) as page:
        await page.goto(link)
        assert newcomer.email in await page.inner_text("main")
        await seen(page, "invitation", reader)
        await page.fill("#password", "password1234")
        await page.fill("#again", "password1234")
        await press(page)
        assert await page.locator("#password-error").count() == 1
        await seen(page, "invitation-common", reader)
        await page.fill("#password", NEW_PASSWORD)
        await page.fill("#again", f"{NEW_PASSWORD}!")
        await press(page)
        assert await page.locator("#again-error").count() == 1
        await page.fill("#password", NEW_PASSWORD)
        await page.fill("#again", NEW_PASSWORD)
        await press(page)
        assert NEW_PASSWORD not in await page.content()
        assert (await page.get_attribute(".qr img", "src") or "").startswith("data:image/svg+xml")
        await seen(page, "invitation-qr", reader)
        assert (await office.row(newcomer))["password"] is None
        secret = await page.input_value("input[name=secret]")
        newcomer = replace(newcomer, secret=secret)
        await page.fill("#code", "000000" if office.code(newcomer) != "000000" else "111111")
        await press(page)
        assert await page.locator("#code-error").count() == 1
        assert await page.input_value("input[name=secret]") == secret
        assert (await page.get_attribute(".qr img", "src") or "").startswith("data:image/svg+xml")
        await page.fill("#code", office.code(newcomer))
        await press(page)
        codes = await page.locator(".secrets li").all_inner_texts()
        assert (len(codes), len(set(codes))) == (10, 10)
        await seen(page, "codes", reader)
        await press(page, "main a.button-main")
        await enter(office, page, newcomer, password=NEW_PASSWORD)
        assert page.url == f"{office.address}/admin"
        await page.goto("/admin/account")
        assert "Amina Alami" in await page.inner_text("main dl")
        await seen(page, "account-empty", reader)
        await page.context.clear_cookies()
        await page.goto(link)
        assert await page.locator("#password").count() == 0
        await seen(page, "invitation-over", reader)


async def test_an_invitation_that_is_over_opens_nothing(office: Office, browser: Browser) -> None:
    newcomer = await office.invited("Said Idrissi")
    link = await office.link(newcomer.email)
    async with office.reading(browser, FRENCH) as page:
        await page.goto(link)
        await page.fill("#password", NEW_PASSWORD)
        await page.fill("#again", NEW_PASSWORD)
        office.clock.turn(seconds=INVITED_FOR.total_seconds())
        await press(page)
        assert await said(page) == "Cette invitation n'est plus valable"
        await page.goto(f"/invitation/{'A' * 43}")
        assert await said(page) == "Cette invitation n'est plus valable"
    assert (await office.row(newcomer))["password"] is None


# --- signing in


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_who_signs_in_is_asked_for_password_and_code(office: Office, browser: Browser, reader: Reader) -> None:
    person = await office.with_password(Role.PUBLISHER)
    async with office.reading(browser, reader) as page:
        await page.goto("/admin/account")
        assert page.url == f"{office.address}/admin/sign-in?next=%2Fadmin%2Faccount"
        await seen(page, "sign-in", reader)
        await press(page)
        assert await page.locator("#email-error").count() == 1
        await page.fill("#email", person.email)
        await page.fill("#password", "not the password at all")
        await press(page)
        assert await page.input_value("#email") == person.email
        assert await page.input_value("#password") == ""
        await seen(page, "sign-in-wrong", reader)
        assert await kinds_of(office, person) == []
        await page.fill("#password", PASSWORD)
        await press(page)
        assert await kinds_of(office, person) == ["HALF"]
        assert PASSWORD not in await page.content()
        await seen(page, "sign-in-code", reader)
        await page.fill("#code", "12")
        await press(page)
        assert await page.locator("#code-error").count() == 1
        await seen(page, "sign-in-code-wrong", reader)
        assert await kinds_of(office, person) == ["HALF"]
        code = office.code(person)
        await page.fill("#code", code)
        await press(page)
        assert page.url == f"{office.address}/admin/account"
        assert await kinds_of(office, person) == ["ACCOUNT"]
        await seen(page, "account", reader)
        cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
        assert cookies.keys() == {SESSION, DEVICE}
        assert cookies[SESSION]["expires"] == -1
        assert cookies[DEVICE]["expires"] > 0
        await page.goto("/admin/sign-in")
        assert person.name in await page.inner_text("main")
        await press(page, "header .leave button")
        assert await kinds_of(office, person) == []
        assert page.url == f"{office.address}/admin/sign-out"
        await seen(page, "signed-out", reader)
        await page.go_back()
        await page.goto("/admin/account")
        assert page.url.startswith(f"{office.address}/admin/sign-in")


async def test_a_half_session_that_is_over_begins_anew(office: Office, browser: Browser) -> None:
    person = await office.with_password(Role.PUBLISHER)
    async with office.reading(browser, FRENCH) as page:
        await page.goto("/admin/sign-in")
        await page.fill("#email", person.email)
        await page.fill("#password", PASSWORD)
        await press(page)
        office.clock.turn(minutes=6)
        await page.fill("#code", office.code(person))
        await press(page)
        assert (
            await said(page, "#email-error") == "Erreur: Le temps prévu pour cette étape est écoulé. Recommencez la connexion."
        )
        await enter(office, page, person)
        assert page.url == f"{office.address}/admin"


async def test_a_recovery_code_stands_in_for_the_telephone_once(office: Office, browser: Browser) -> None:
    person = await office.with_password(Role.PUBLISHER)
    async with office.reading(browser, FRENCH, person) as page:
        await page.goto("/admin/account/recovery-codes")
        await seen(page, "renew-codes", FRENCH)
        await page.fill("#code", office.code(person))
        await press(page)
        codes = await page.locator(".secrets li").all_inner_texts()
        await press(page, "header .leave button")
        for number, code in enumerate((codes[0], codes[0], codes[1].lower())):
            await page.goto("/admin/sign-in")
            await page.fill("#email", person.email)
            await page.fill("#password", PASSWORD)
            await press(page)
            await page.click("summary")
            await page.fill("#recoveryCode", code)
            await press(page, "details button")
            assert (page.url == f"{office.address}/admin") is (number != 1)
            if number == 1:
                assert await page.locator("details[open] #recoveryCode-error").count() == 1
                await seen(page, "recovery-wrong", FRENCH)
            else:
                await press(page, "header .leave button")


async def test_too_many_codes_have_to_wait(office: Office, browser: Browser) -> None:
    person = await office.with_password(Role.PUBLISHER)
    async with office.reading(browser, FRENCH) as page:
        await page.goto("/admin/sign-in")
        await page.fill("#email", person.email)
        await page.fill("#password", PASSWORD)
        await press(page)
        for _ in range(6):
            await page.fill("#code", "000000")
            await press(page)
        assert await said(page) == "Trop de tentatives"
        assert await kinds_of(office, person) == ["HALF"]
        await seen(page, "too-many-codes", FRENCH)
        office.clock.turn(minutes=1)
        await press(page)  # back to the form
        await page.fill("#code", office.code(person))
        await press(page)
        assert page.url == f"{office.address}/admin"


async def test_who_comes_to_the_wrong_door_is_shown_the_right_one(office: Office, browser: Browser) -> None:
    agency = await office.agency("DOOR")
    officer = await office.with_password(Role.OFFICER, agency=agency)
    async with office.reading(browser, ARABIC) as page:
        await page.goto("/admin/sign-in")
        await enter(office, page, officer)
        assert page.url.startswith(f"{office.address}/admin/sign-in")
        assert await page.get_attribute("main a.button-main", "href") == "/agency"
        await seen(page, "wrong-door", ARABIC)
        await page.goto("/agency/account")
        assert "الصندوق الوطني" in await page.inner_text("main dl")
        await seen(page, "account-officer", ARABIC)


async def test_whose_agency_is_suspended_is_let_in_no_more(office: Office, browser: Browser) -> None:
    agency = await office.agency("STOPPED")
    officer = await office.with_password(Role.OFFICER, agency=agency)
    async with office.reading(browser, FRENCH) as page:
        await page.goto("/agency/account")
        await enter(office, page, officer)
        assert page.url == f"{office.address}/agency/account"
        await office.ask("update agency set suspended_at = $2 where agency_id = $1", agency, office.clock())
        await page.reload()
        assert page.url == f"{office.address}/agency/sign-in?next=%2Fagency%2Faccount"
        await page.fill("#email", officer.email)
        await page.fill("#password", PASSWORD)
        await press(page)
        assert await said(page, "#email-error") == "Erreur: L'adresse électronique ou le mot de passe est incorrect."


# --- what is one's own


async def test_a_password_is_changed_and_all_other_sessions_end(office: Office, browser: Browser) -> None:
    person = await office.with_password(Role.ADMINISTRATOR)
    async with office.reading(browser, FRENCH, person) as page, office.reading(browser, ARABIC, person) as elsewhere:
        await page.goto("/admin/account/password")
        await seen(page, "password", FRENCH)
        before = await office.row(person)
        for current, code in (("not the password at all", office.code(person)), (PASSWORD, "000000")):
            await page.fill("#currentPassword", current)
            await page.fill("#newPassword", NEW_PASSWORD)
            await page.fill("#again", NEW_PASSWORD)
            await page.fill("#code", code)
            await press(page)
            assert await page.locator(f"#{'code' if current == PASSWORD else 'currentPassword'}-error").count() == 1
        assert (await office.row(person))["password"] == before["password"]
        await page.fill("#currentPassword", PASSWORD)
        await page.fill("#newPassword", NEW_PASSWORD)
        await page.fill("#again", NEW_PASSWORD)
        await page.fill("#code", office.code(person))
        await press(page)
        assert page.url == f"{office.address}/admin/account?done=password"
        assert (await office.row(person))["password"] != before["password"]
        await elsewhere.goto("/admin/account")
        assert elsewhere.url.startswith(f"{office.address}/admin/sign-in")
        await enter(office, elsewhere, person, password=NEW_PASSWORD)
        assert len(await kinds_of(office, person)) == 2
        await press(elsewhere, "main form .button-second")
        assert elsewhere.url == f"{office.address}/admin/account?done=ended"
        await page.reload()
        assert page.url.startswith(f"{office.address}/admin/sign-in")


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_a_session_that_ended_in_mid_form_keeps_what_is_no_secret(
    office: Office, browser: Browser, reader: Reader
) -> None:
    person = await office.with_password(Role.ADMINISTRATOR)
    async with office.reading(browser, reader, person) as page:
        await page.goto("/admin/account/recovery-codes")
        await page.fill("#code", office.code(person))
        office.clock.turn(minutes=16)
        await press(page)
        assert await page.locator(".notice-warn").count() == 1
        await seen(page, "session-ended", reader)
        await page.fill("#email", person.email)
        await page.fill("#password", "wrong the first time")
        await press(page)
        await enter(office, page, person)
        await press(page)  # back to the form
        assert page.url == f"{office.address}/admin/account/recovery-codes"
        assert await page.input_value("#code") == ""
        await page.fill("#code", office.code(person))
        await press(page)
        assert await page.locator(".secrets li").count() == 10


async def test_signing_out_of_a_session_that_is_over_is_no_fault(office: Office, browser: Browser) -> None:
    person = await office.staff(Role.ADMINISTRATOR)
    async with office.reading(browser, FRENCH, person) as page:
        await page.goto("/admin/account")
        office.clock.turn(minutes=16)
        await press(page, "header .leave button")
        assert await said(page) == "Vous êtes déconnecté"
        assert await page.locator("#errors").count() == 0
