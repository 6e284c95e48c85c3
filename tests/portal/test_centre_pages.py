"""Work with citizens on the pages of staff, in a real browser: sitting beside one, a new telephone, what citizens report."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page

from access.rights import Role
from access.sessions import SessionKind, begin_session
from api.edge import ASSISTED, SESSION
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity import access_reports, accesses
from identity.imports import LoadedPerson
from tests.identity.registered import STRANGER
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.staffed import press, said, seen
from tests.portal.town import Town, town

ARABIC, FRENCH, PLAIN = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE), Reader("fr-MA", WIDE, scripts=False)


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


@pytest.fixture
async def person(its: Town) -> LoadedPerson:
    """Somebody of whom nothing is there yet."""
    return await its.register.person(given_name_latin="Leila", given_name_ar="ليلى")


async def send(page: Page, action: str) -> None:
    await press(page, f"main form:has(input[name=action][value={action}]) button[type=submit]")


async def cookies_of(page: Page) -> set[str]:
    return {cookie["name"] for cookie in await page.context.cookies()} & {SESSION, ASSISTED}


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_an_agent_sits_beside_a_citizen_with_their_code_and_leaves_again(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.office.reading(browser, reader, agent) as page:
        await page.goto("/admin/assisted")
        await page.fill("#idcs", person.idcs.text[:-1])
        await send(page, "begin")
        assert await page.locator("#form-error").count() == 1
        await page.check("input[name=form][value=CONSENTS]")
        await send(page, "begin")
        assert await page.locator("#idcs-error").count() == 1
        await page.fill("#idcs", person.idcs.text)
        await send(page, "begin")
        await seen(page, "assisted-code", reader)
        assert person.idcs.text not in page.url
        await page.fill("#code", "000000")
        await send(page, "open")
        assert await page.locator("#code-error").count() == 1
        assert await cookies_of(page) == {SESSION}
        await seen(page, "assisted-code-wrong", reader)
        await page.fill("#code", await its.register.code(person.person_id, "ASSIST_CODE"))
        await send(page, "open")
        assert page.url == f"{its.address}/consents"
        assert await cookies_of(page) == {SESSION, ASSISTED}

        # Beside the citizen's pages the agent has their own, and signs out of each by itself.
        await page.goto("/admin/assisted")
        assert agent.name in await page.inner_text("header")
        assert await page.get_attribute(".leave", "action") == "/admin/sign-out"
        await seen(page, "assisted-open", reader)
        await press(page, ".notice-info a")
        assert page.url == f"{its.address}/sign-out"
        await press(page, "header .leave button")
        assert page.url == f"{its.address}/admin/assisted?done=ended"
        assert await cookies_of(page) == {SESSION}
        await seen(page, "assisted-ended", reader)
        await page.goto("/consents")
        assert page.url.startswith(f"{its.address}/sign-in")


async def test_what_an_agent_sees_does_not_tell_whether_a_number_is_anybodys(its: Town, browser: Browser) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.office.reading(browser, FRENCH, agent) as page:
        pages = []
        for idcs in (its.karim.idcs.text, STRANGER):
            await page.goto("/admin/assisted")
            await page.fill("#idcs", idcs)
            await page.check("input[name=form][value=ACCESSES]")
            await send(page, "begin")
            pages.append(await page.inner_text("main"))
        assert pages[0] == pages[1]


async def test_a_telephone_is_changed_after_a_check_and_the_change_stopped(
    its: Town, browser: Browser, person: LoadedPerson
) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT)
    changes = "select stopped_at from telephone_change where person_id = $1"
    async with its.office.reading(browser, ARABIC, agent) as page:
        await page.goto("/admin/telephones")
        await page.fill("#idcs", person.idcs.text)
        await page.fill("#telephone", "0512345678")
        await send(page, "check")
        await seen(page, "telephone-check", ARABIC)
        await send(page, "change")
        assert await page.locator("#telephone-error").count() == 1
        assert await page.input_value("#idcs") == person.idcs.text
        assert await its.office.ask(changes, person.person_id) == []
        await page.fill("#telephone", "06 98 76 54 32")
        await send(page, "check")
        await send(page, "edit")
        assert await page.input_value("#telephone") == "06 98 76 54 32"
        await send(page, "check")
        await send(page, "change")
        assert page.url == f"{its.address}/admin/telephones?done=changed"
        assert await its.office.ask(changes, person.person_id) == [{"stopped_at": None}]
        await seen(page, "telephone-changed", ARABIC)
        await page.goto("/admin/telephones/stop")
        await page.fill("#idcs", STRANGER)
        await send(page, "stop")
        assert await page.locator("#idcs-error").count() == 1
        await page.fill("#idcs", person.idcs.text)
        await send(page, "stop")
        assert page.url == f"{its.address}/admin/telephones?done=stopped"
        assert (await its.office.ask(changes, person.person_id))[0]["stopped_at"] is not None


async def reported(its: Town, person: LoadedPerson, words: str) -> UUID:
    """The person's report of a look that the officer took."""
    await its.look(person)
    async with its.office.database.begin() as connection:
        token = await begin_session(connection, its.office.clock(), SessionKind.CITIZEN, holder=person.person_id)
    call = await its.register.call_of(token, its.office.clock())
    shown = await its.register.read(lambda reading: accesses.accesses(reading, call, first=1), call)
    entry = shown.edges[0].node.entry_id
    return await its.register.change(
        lambda connection, reading: access_reports.report_access(connection, call, reading, entry=entry, text=words), call
    )


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_what_a_citizen_reports_is_answered(its: Town, browser: Browser, person: LoadedPerson, reader: Reader) -> None:
    words = "من هؤلاء؟\nJe ne les connais pas: <b>qui</b>?"
    report = await reported(its, person, words)
    supervisor = await its.office.staff(Role.SUPERVISOR)
    async with its.office.reading(browser, reader, supervisor) as page:
        await page.goto("/admin")
        assert await page.locator("main .waiting a[href='/admin/reports']").count() > 0
        await page.goto("/admin/reports")
        await seen(page, "reports-one", reader)
        await press(page, f"main a[href$='{report}']")
        assert await page.inner_text("blockquote") == words
        assert person.idcs.text not in await page.content()
        await send(page, "answer")
        assert await page.locator("#text-error").count() == 1
        await seen(page, "report", reader)
        await page.fill("#text", "كان ذلك بطلب منكم.\nمعذرة.")
        await send(page, "answer")
        assert page.url == f"{its.address}/admin/reports/{report}?done=answered"
        assert await page.locator("main form").count() == 0
        assert (await page.locator("blockquote").all_inner_texts())[1] == "كان ذلك بطلب منكم.\nمعذرة."
        await seen(page, "report-answered", reader)
        await page.goto("/admin/reports?state=answered")
        assert str(report) in await page.content()
        await page.goto("/admin/reports")
        assert str(report) not in await page.content()


async def test_who_reads_reports_and_may_not_answer_is_offered_no_answer(
    its: Town, browser: Browser, person: LoadedPerson
) -> None:
    report = await reported(its, person, "?")
    async with its.office.reading(browser, FRENCH, await its.office.staff(Role.AUDITOR)) as page:
        await page.goto(f"/admin/reports/{report}")
        assert await page.inner_text("blockquote") == "?"
        assert await page.locator("main form").count() == 0
        assert await said(page) != ""
