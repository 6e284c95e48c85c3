"""What citizens do with their record on pages, in a real browser: lock it, give numbers and papers, say what is wrong."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from access import publishing
from access.rights import Role, Scope
from api import schema
from api.portal import citizen_control, citizen_register
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.imports import LoadedPerson
from identity.virtual_numbers import VirtualNumber
from tests.access.enrolled import mandate_document
from tests.identity.files import png
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker, press
from tests.portal.staffed import BEGAN, YEAR, statements
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE, dark=True)
ARABIC_PLAIN, FRENCH_PLAIN = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
MOST_STATEMENTS = 10  # of a page: who looks, what is shown, and that it was looked at
BOTH = pytest.mark.parametrize("reader", [ARABIC_PLAIN, Reader("fr-MA", WIDE)], ids=str)


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        dates = {"valid_from": BEGAN.isoformat(), "valid_to": (BEGAN + YEAR).isoformat()}
        mandate = mandate_document("FUND", purpose="IDENTITY_PROOFING", attributes=["person.given_name"], **dates)
        async with database.begin() as connection:
            call = found.office.call(Scope.AGREEMENT_PUBLISH)
            await publishing.MANDATE_PUBLISHED.at_the_machine(connection, call, publishing.publication(mandate))
        yield found


@pytest.fixture
async def person(its: Town) -> LoadedPerson:
    """Somebody of whom nothing is there yet."""
    return await its.register.person(given_name_latin="Leila", given_name_ar="ليلى")


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(citizen_control.__file__).parent / "pages"
    for page in (*citizen_control.PAGES, *citizen_register.PAGES):
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_the_pages_of_control_can_be_read_by_everybody(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    async with its.reading(browser, reader, person) as page:
        looker = Looker(page, reader, "register")
        await looker.open("/me/lock", "lock-open")
        await looker.open("/me/lock/new", "lock-new")
        await press(page, "check")
        await looker.see("lock-nothing-ticked")
        await page.check("input[value=PAYMENT]")
        await page.check("#mandatedToo")
        await page.check("input[name=lasting][value=minutes]")
        await press(page, "check")
        await looker.see("lock-no-minutes")
        await page.fill("#minutes", "90")
        await press(page, "check")
        await looker.see("lock-check")
        await press(page, "lock")
        await looker.see("lock-some")
        await press(page, "lock")
        await looker.see("lock-everything")
        await page.fill("#minutes", "30")
        await press(page, "unlock", "minutes")
        await looker.see("lock-opened")

        await looker.open("/me/numbers", "numbers-none")
        await press(page, "permanent")
        await looker.open("/me/numbers/new", "number-new")
        await press(page, "make")
        await looker.see("number-nothing-chosen")
        await page.check("input[value=TIMED]")
        await press(page, "make")
        await looker.see("number-no-time")
        await page.select_option("#lasting", "week")
        await press(page, "make")
        await looker.see("numbers")
        await press(page, "ask-replace")
        await looker.see("number-replace")
        await press(page, "permanent")
        await page.locator("section form").first.locator("button").click()
        await looker.see("number-revoke")
        await press(page, "revoke")
        await looker.see("numbers-over")

        await looker.open("/me/attestations", "attestations-none")
        await looker.open("/me/attestations/new", "attestation-new")
        await press(page, "check")
        await looker.see("attestation-nothing-ticked")
        await page.check("input[value=NAME]")
        await page.check("input[value=BIRTH_DATE]")
        await page.check("input[value=IDCS_MASKED]")
        await press(page, "check")
        await looker.see("attestation-check")
        await press(page, "issue")
        await looker.see("attestation-issued")
        await press(page, "ask")
        await looker.see("attestation-revoke")
        await press(page, "revoke")
        await looker.see("attestation-revoked")
        await looker.open("/me/attestations", "attestations")


async def test_a_page_costs_a_handful_of_statements(
    its: Town, browser: Browser, person: LoadedPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with its.reading(browser, Reader("fr-MA"), person) as page:
        await page.goto("/me/numbers")
        await press(page, "permanent")
        request = await send_wrong_address(page, "J'ai déménagé.")
        for path in ("/me/data", "/me/data/name/wrong", "/me/requests", request, "/me/lock", "/me/numbers", "/me/attestations"):
            with statements(monkeypatch) as sent:
                answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 200)
            assert 2 <= len(sent) <= MOST_STATEMENTS, (path, len(sent), sent)


# --- the lock


async def seen(its: Town, person: LoadedPerson) -> bool:
    """Whether the agency's own system is told that they are who they say."""
    caller = its.machine()
    claimed = {"subject": {"idcs": person.idcs.text}, "claims": [{"attribute": "person.given_name", "value": "Leila"}]}
    (answer,) = await asyncio.to_thread(lambda: caller.verify([claimed]))
    confirmed: bool = answer["confirmed"]
    return confirmed


@BOTH
async def test_what_is_locked_is_not_answered_until_it_is_unlocked(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    assert await seen(its, person)
    async with its.reading(browser, reader, person) as page:
        await page.goto("/me/lock/new")
        await page.check("input[value=IDENTITY_PROOFING]")
        await press(page, "check")
        await press(page, "lock")
        assert page.url == f"{its.address}/me/lock?done=locked"
        assert await page.locator(".tag-warn").count() == 1
        assert not await seen(its, person)
        await page.fill("#minutes", "١٠" if reader.lang == "ar-MA" else "10")
        await press(page, "unlock", "minutes")
        assert page.url == f"{its.address}/me/lock?done=opened"
        assert await page.locator("main .facts .tag-warn").count() == 0
        assert await seen(its, person)
        its.office.clock.turn(minutes=11)
        await page.goto("/me/lock")
        assert await page.locator("main .facts .tag-warn").count() == 1
        assert not await seen(its, person)
        await press(page, "unlock", "good")
        assert page.url == f"{its.address}/me/lock?done=unlocked"
        assert await seen(its, person)
        await press(page, "lock")
        assert await page.locator("main .facts .tag-warn").count() == 8
        assert not await seen(its, person)
    told = await its.register.told(person.person_id, "IDENTITY_LOCKED")
    assert len(told) >= 2


async def test_a_lock_until_the_end_of_a_day_ends_with_that_day(its: Town, browser: Browser, person: LoadedPerson) -> None:
    async with its.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto("/me/lock/new")
        await page.check("input[value=STATISTICS]")
        await page.check("input[name=lasting][value=day]")
        for wrong in ("", "2020-01-01", "2099-01-01"):
            await page.fill("#until", wrong)
            await press(page, "check")
            assert await page.locator("#until-error").count() == 1
            assert await page.is_checked("input[value=STATISTICS]")
        day = its.office.clock().date().isoformat()
        await page.fill("#until", day)
        await press(page, "check")
        await press(page, "lock")
    (row,) = await its.office.ask(
        "select purposes, mandated_too, valid_to from identity_lock where person_id = $1", person.person_id
    )
    assert (row["purposes"], row["mandated_too"]) == (["STATISTICS"], False)
    assert 0 <= (row["valid_to"] - its.office.clock()).total_seconds() <= 25 * 3600


async def test_locking_everything_weakens_no_lock(its: Town, browser: Browser, person: LoadedPerson) -> None:
    async with its.reading(browser, ARABIC_PLAIN, person) as page:
        await page.goto("/me/lock/new")
        await page.check("input[value=PAYMENT]")
        await page.check("#mandatedToo")
        await press(page, "check")
        await press(page, "lock")
        await press(page, "lock")
        assert await page.locator("main .facts .tag-warn").count() == 8
    rows = await its.office.ask(
        "select unnest(purposes) as purpose, mandated_too, valid_to from identity_lock where person_id = $1", person.person_id
    )
    assert {row["purpose"] for row in rows if row["mandated_too"]} == {"PAYMENT"}
    assert len(rows) == 8
    assert {row["valid_to"] for row in rows} == {None}


# --- virtual numbers


@BOTH
async def test_a_number_is_made_replaced_and_revoked(its: Town, browser: Browser, person: LoadedPerson, reader: Reader) -> None:
    async with its.reading(browser, reader, person) as page:
        await page.goto("/me/numbers")
        await press(page, "permanent")
        shown = (await page.locator("p.virtual-number").inner_text()).strip()
        assert re.fullmatch(r"\d{4}( \d{4}){3}", shown)
        VirtualNumber.parse(shown.replace(" ", ""))
        await press(page, "ask-replace")
        assert (await page.locator("p.virtual-number").inner_text()).strip() == shown
        await press(page, "permanent")
        assert page.url == f"{its.address}/me/numbers?done=replaced"
        assert (await page.locator("p.virtual-number").inner_text()).strip() != shown
        await page.goto("/me/numbers/new")
        await page.check("input[value=SINGLE_USE]")
        await press(page, "make")
        assert await page.locator("section.entry").count() == 1
        await page.locator("section.entry button").click()
        await press(page, "revoke")
        assert page.url == f"{its.address}/me/numbers?done=revoked"
        assert await page.locator("section.entry").count() == 0
        assert shown[-4:] in await page.locator("main table").inner_text()
    rows = await its.office.ask(
        "select kind, revoked_at is null as open from virtual_id where person_id = $1", person.person_id
    )
    assert sorted((row["kind"], row["open"]) for row in rows) == [
        ("PERMANENT", False),
        ("PERMANENT", True),
        ("SINGLE_USE", False),
    ]


async def test_nobody_revokes_a_number_of_somebody_else(its: Town, browser: Browser, person: LoadedPerson) -> None:
    async with its.reading(browser, FRENCH_PLAIN, its.karim) as page:
        await page.goto("/me/numbers")
        await press(page, "permanent")
        (row,) = await its.office.ask(
            "select virtual_id from virtual_id where person_id = $1 and revoked_at is null", its.karim.person_id
        )
        await its.enter(page, person)
        await page.goto("/me/numbers")
        await press(page, "permanent")
        await page.goto("/me/numbers")
        await press(page, "ask")
        await page.evaluate(f"() => document.querySelector('main input[name=id]').value = '{row['virtual_id']}'")
        await press(page, "revoke")
        assert await page.locator("#errors").count() == 1
    (row,) = await its.office.ask(
        "select count(*) as n from virtual_id where person_id = $1 and revoked_at is null", its.karim.person_id
    )
    assert row["n"] == 1


# --- attestations


@pytest.mark.parametrize("reader", [ARABIC, FRENCH_PLAIN], ids=str)
async def test_an_attestation_is_issued_downloaded_and_checked_by_anybody(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    async with its.reading(browser, reader, person) as page:
        await page.goto("/me/attestations/new")
        await page.check("input[value=NAME]")
        await page.check("input[name=days][value='30']")
        await press(page, "check")
        await press(page, "change")
        assert await page.is_checked("input[value=NAME]")
        assert await page.is_checked("input[name=days][value='30']")
        await press(page, "check")
        await press(page, "issue")
        path = urlsplit(page.url).path
        number = (await page.locator(".receipt-number").inner_text()).replace("\u200b", "").strip()
        assert re.fullmatch(r"\d{4}(-\d{4}){2}", number)
        paper = await page.request.get(f"{path}/paper")
        assert (paper.status, paper.headers["content-type"]) == (200, "application/pdf")
        assert (await paper.body()).startswith(b"%PDF")
        signed = await page.request.get(f"{path}/signed")
        assert (await signed.text()).count(".") == 2
        async with its.reading(browser, reader) as other:
            assert (await other.goto(f"{path}/paper")) is not None
            assert urlsplit(other.url).path == "/sign-in"
            await other.goto("/check")
            await other.fill("#number", number)
            await press(other, "check")
            assert await other.locator(".tag-good").count() == 1
            assert "Bennani" not in await other.content()
            await page.goto(path)
            await press(page, "ask")
            await press(page, "revoke")
            await other.reload()
            assert await other.locator(".tag-bad").count() == 1
        await its.enter(page, its.karim)
        assert (await page.request.get(path)).status == 404
        assert (await page.request.get(f"{path}/paper")).status == 404


# --- the record, and what is wrong in it


def picture() -> bytes:
    """A small PNG."""
    return png(40, 30)


async def attach(page: Page, name: str = "papier.png", content: bytes | None = None) -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": picture() if content is None else content}
    await page.set_input_files("#file", files=[file])  # type: ignore[arg-type]  # a mapping is one


async def send_wrong_address(page: Page, words: str, address: str = "7, rue du Port") -> str:
    """Says that the address is wrong: the path of the request."""
    await page.goto("/me/data/address/wrong")
    await page.fill("#address", address)
    await page.check("input[name=kind][value=UPDATE]")
    await page.fill("#words", words)
    await press(page, "papers")
    await press(page, "upload", "check")
    await press(page, "send")
    return urlsplit(page.url).path


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_the_pages_of_the_record_can_be_read_by_everybody(its: Town, browser: Browser, reader: Reader) -> None:
    person, ward, _ = await its.register.load(*its.newcomers())
    async with its.reading(browser, reader, person) as page:
        looker = Looker(page, reader, "register")
        await looker.open("/me/data", "data")
        await looker.open("/me/requests", "requests-none")
        for item in citizen_register.ITEMS:
            await looker.open(f"/me/data/{item}/wrong", f"wrong-{item}")
        await looker.open("/me/data/name/wrong")
        await page.fill("#given_name_latin", "أمينة")
        await page.fill("#family_name_ar", "")
        await press(page, "papers")
        await looker.see("wrong-mistaken")
        await page.fill("#given_name_latin", "Amîna")
        await page.fill("#family_name_ar", "بناني العلوي")
        await page.check("input[name=kind][value=CORRECTION]")
        await page.fill("#words", "كُتب اسمي ناقصا.\nMon nom est incomplet.")
        await press(page, "papers")
        await looker.see("wrong-papers")
        await press(page, "upload")
        await looker.see("wrong-no-file")
        await attach(page)
        await press(page, "upload")
        await looker.see("wrong-check")
        await press(page, "send")
        await looker.see("request-sent")
        await looker.open(urlsplit(page.url).path, "request")
        await press(page, "ask")
        await looker.see("request-withdraw")
        await press(page, "withdraw")
        await looker.see("request-withdrawn")
        await send_wrong_address(page, "J'ai déménagé.")
        await looker.open("/me/requests", "requests")
        await looker.open("/me/data", "data-waiting")
        await looker.open("/wards")
        await press(page, "act")
        await looker.open("/me/data", "data-of-a-ward")
        assert await page.locator(".notice-warn").count() == 1
        assert ward.person_id is not None


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, Reader("fr-MA", WIDE)], ids=str)
async def test_somebody_says_what_is_wrong_with_a_paper_and_takes_it_back(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    async with its.reading(browser, reader, person) as page:
        await page.goto("/me/data")
        assert await page.locator("a[href='/me/data/telephone/wrong']").count() == 0
        await page.click("a[href='/me/data/birth-date/wrong']")
        assert await page.input_value("#birth_year") == "1984"
        assert await page.locator("input[name=kind]").count() == 0  # a birth is recorded wrongly, or rightly
        await page.fill("#birth_year", "٢٩٨٤")
        await page.fill("#words", "خطأ")
        await press(page, "papers")
        assert await page.locator("#birth_year-error").count() == 1
        assert await page.input_value("#words") == "خطأ"
        await page.fill("#birth_year", "١٩٨٣")
        await press(page, "papers")
        await attach(page, content=b"<html>")
        await press(page, "upload")
        assert await page.locator("#file-error").count() == 1
        await attach(page)
        await press(page, "upload")
        assert "1984" in await page.locator("table.diff").inner_text()
        assert "1983" in await page.locator("table.diff").inner_text()
        await press(page, "send", "more")
        await page.select_option("#paper", "JUDGEMENT")
        await attach(page, content=png(50, 20))
        await press(page, "upload")
        assert await page.locator("main a[href^='/me/evidence/']").count() == 2
        await press(page, "send")
        path = urlsplit(page.url).path
        number = (await page.locator(".receipt-number").inner_text()).replace("\u200b", "").strip()
        assert re.fullmatch(r"\d{4}(-\d{4}){2}", number)
        paper = await page.locator("main a[href^='/me/evidence/']").first.get_attribute("href")
        assert paper is not None
        assert await (await page.request.get(paper)).body() == picture()
        (row,) = await its.office.ask("select kind, state from change_request where person_id = $1", person.person_id)
        assert (row["kind"], row["state"]) == ("CORRECTION", "SUBMITTED")
        await its.enter(page, its.karim)
        assert (await page.request.get(path)).status == 404
        assert (await page.request.get(paper)).status == 404
        await its.enter(page, person)
        await page.goto("/me/requests")
        await page.click(f"a[href='{path}']")
        await press(page, "ask")
        await press(page, "withdraw")
        assert page.url == f"{its.address}{path}?done=withdrawn"
        assert await page.locator("form:has(input[value=ask])").count() == 0
    (row,) = await its.office.ask("select state from change_request where person_id = $1", person.person_id)
    assert row["state"] == "WITHDRAWN"
    (row,) = await its.office.ask(
        "select count(*) as n from evidence where person_id = $1 and request_id is not null", person.person_id
    )
    assert row["n"] == 2


async def test_what_cannot_be_asked_for_is_said_beside_its_field(its: Town, browser: Browser, person: LoadedPerson) -> None:
    async with its.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto("/me/data/email/wrong")
        await page.fill("#email", "nobody")
        await press(page, "papers")
        assert await page.locator("#email-error").count() == 1
        assert await page.locator("#kind-error").count() == 1
        await page.fill("#email", "amina@example.org")
        await page.check("input[name=kind][value=UPDATE]")
        await press(page, "papers")
        assert await page.locator("#words-error").count() == 1
        await page.fill("#words", "Nouvelle adresse")
        for wrong in ("2999-01-01", str(its.office.clock().date() + timedelta(days=2)), "1066-10-14"):
            await page.fill("#since", wrong)
            await press(page, "papers")
            assert (wrong, await page.locator("#since-error").count()) == (wrong, 1)
        await page.fill("#since", "")
        await press(page, "papers")
        await press(page, "upload", "check")
        await press(page, "send")
        assert await page.locator(".receipt-number").count() == 1
        for path in ("/me/data/idcs/wrong", "/me/data/telephone/wrong", "/me/requests/0195a1b2-0000-7000-8000-000000000001"):
            assert (path, (await page.request.get(path)).status) == (path, 404)


async def test_a_session_that_ends_in_mid_request_loses_nothing(its: Town, browser: Browser, person: LoadedPerson) -> None:
    async with its.reading(browser, ARABIC_PLAIN, person) as page:
        await page.goto("/me/data/address/wrong")
        await page.fill("#address", "7, rue du Port")
        await page.check("input[name=kind][value=UPDATE]")
        await page.fill("#words", "J'ai déménagé.")
        await its.office.ask("update session set ended_at = $2 where holder_id = $1", person.person_id, its.office.clock())
        await press(page, "papers")
        await its.sign_in(page, person)
        await page.click("main button.button-main")  # back to the form
        assert await page.input_value("#address") == "7, rue du Port"
        assert await page.is_checked("input[name=kind][value=UPDATE]")
        assert await page.input_value("#words") == "J'ai déménagé."


async def test_nobody_who_is_assisted_comes_to_these_pages(its: Town, browser: Browser, person: LoadedPerson) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.reading(browser, FRENCH_PLAIN) as page:
        await its.assist(page, person, agent, "CONSENTS")
        for path in ("/me/data", "/me/lock", "/me/numbers", "/me/attestations", "/me/requests"):
            answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 403)
        assert [await link.get_attribute("href") for link in await page.locator(".places li a").all()] == ["/consents"]
