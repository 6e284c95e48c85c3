"""What citizens do on their pages, in a real browser: sign in, answer, take back, see who looked, act for a ward."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from access.consent_receipts import verify_receipt
from access.consent_records import Method
from access.consent_states import Frequency, Window
from access.rights import Role
from api import schema
from api.edge import ASSISTED, DEVICE, SESSION
from api.portal import citizen
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.imports import LoadedPerson
from tests.api.people import put_account
from tests.identity.registered import STRANGER
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker, press
from tests.portal.staffed import statements
from tests.portal.town import ASKED, Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE, dark=True)
ARABIC_PLAIN, FRENCH_PLAIN = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
BOTH_SCRIPTS = pytest.mark.parametrize("reader", [Reader("fr-MA"), ARABIC_PLAIN], ids=str)
MOST_STATEMENTS = 10  # of a page: who looks, what is shown, and that it was looked at


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


@pytest.fixture
async def person(its: Town) -> LoadedPerson:
    """Somebody of whom nothing is there yet."""
    return await its.register.person(given_name_latin="Leila", given_name_ar="ليلى")


async def heading(page: Page) -> str:
    return (await page.locator("h1").inner_text()).strip()


async def state(its: Town, consent: object) -> tuple[str, list[str]]:
    (row,) = await its.office.ask("select state, attributes from consent where consent_id = $1", consent)
    return row["state"], sorted(row["attributes"])


# --- what every page is


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_every_page_can_be_read_by_everybody(its: Town, browser: Browser, reader: Reader) -> None:
    register = its.register
    amina, _, karim = await register.load(*its.newcomers())
    vouching = [await register.person(), await register.person(given_name_latin="Nora")]
    async with its.reading(browser, reader) as page:
        looker = Looker(page, reader, "citizen")
        await looker.open("/sign-in", "sign-in")
        await page.fill("#idcs", "123")
        await press(page, "send")
        await looker.see("sign-in-wrong")
        await page.fill("#idcs", amina.idcs.text)
        await press(page, "send")
        await looker.see("sign-in-code")
        await page.fill("#code", "12")
        await press(page, "enter")
        await looker.see("sign-in-code-wrong")
        await page.fill("#code", await register.code(amina.person_id))
        await press(page, "enter")
        assert urlsplit(page.url).path == "/me"

        await looker.open("/consents", "consents-empty")
        await looker.open("/accesses", "accesses-empty")
        await looker.open("/accesses/reports", "reports-empty")
        await looker.open("/me/telephone", "telephone-empty")
        first, _ = await its.request(amina)
        _, link = await its.request(amina, method=Method.LINK, frequency=Frequency(3, Window.DAY))
        await looker.open("/me", "home")
        await looker.open("/consents", "consents")
        await looker.open(f"/consents/{first}", "consent-asked")
        await press(page, "answer", "agree")
        await looker.see("consent-nothing-ticked")
        await page.check("#attributes")
        await press(page, "answer", "agree")
        await looker.see("consent-agreed")
        assert link is not None
        await looker.open(link, "consent-link")
        await press(page, "answer", "refuse")
        await looker.see("consent-refused")
        await looker.open(link, "consent-link-used")
        await looker.open(f"/consents/{first}", "consent-given")
        await press(page, "pause")
        await looker.see("consent-paused")
        await press(page, "resume")
        assert "errors" in await its.look(amina)  # of what is withheld

        await looker.open("/accesses", "accesses")
        await page.click("main summary")
        await looker.see("accesses-open")
        await looker.open("/accesses?own=yes", "accesses-own")
        await looker.open("/accesses")
        await page.click(".timeline a[href$=report]")
        await looker.see("report")
        await press(page, "report")
        await looker.see("report-nothing-written")
        await page.fill("#text", "لم أذهب قط إلى هناك.\nJamais.")
        await press(page, "report")
        await looker.see("report-sent")
        await looker.open("/accesses/reports", "reports")
        await looker.open(f"/consents/{first}")
        await press(page, "withdraw")
        await looker.see("consent-withdrawn")
        await looker.open("/consents", "consents-over")

        await looker.open("/wards", "wards")
        await press(page, "act")
        await looker.see("home-ward")
        await looker.open("/wards", "wards-acting")
        await press(page, "act")

        await page.context.clear_cookies()
        await looker.open("/telephone-changed", "telephone-changed")
        await press(page, "check")
        await looker.see("telephone-changed-wrong")
        await fill_in(page, amina, vouching)
        await press(page, "check")
        await looker.see("telephone-changed-check")
        await press(page, "send")
        await looker.see("telephone-changed-sent")
        for number, witness in enumerate(vouching):
            await its.enter(page, witness)
            await looker.open("/me", "home-vouching" if number == 0 else "")
            await page.click("main a[href^='/witness/']")
            if number == 0:
                await looker.see("witness")
            await press(page, "answer", "yes")
        await looker.see("witness-done")
        await its.enter(page, amina)
        await looker.open("/me", "home-changing")
        await looker.open("/me/telephone", "telephone")
        await press(page, "stop")
        await looker.see("telephone-stopped")

        agent = await its.office.staff(Role.CENTRE_AGENT)
        await its.assist(page, karim, agent, "CONSENTS")
        await looker.open("/me", "home-assisted")
        await looker.open("/consents", "consents-assisted")


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(citizen.__file__).parent / "pages"
    documents = [folder / f"{page.name}.graphql" for page in citizen.PAGES]
    for document in documents:
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


async def fill_in(page: Page, person: LoadedPerson, witnesses: list[LoadedPerson], **changes: str) -> None:
    typed = {"idcs": person.idcs.text, "name": "Bennani Amina", "telephone": "06 12 34 56 78"}
    typed |= {f"witness{number}": witness.idcs.text for number, witness in enumerate(witnesses, 1)}
    for name, value in (typed | changes).items():
        await page.fill(f"#{name}", value)


async def test_a_page_costs_a_handful_of_statements(
    its: Town, browser: Browser, person: LoadedPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = await its.request(person)
    await its.look(person)
    async with its.reading(browser, Reader("fr-MA"), person) as page:
        for path in ("/me", "/me/telephone", "/consents", f"/consents/{made}", "/accesses", "/accesses/reports", "/wards"):
            with statements(monkeypatch) as sent:
                answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 200)
            assert 2 <= len(sent) <= MOST_STATEMENTS, (path, len(sent), sent)


# --- signing in


@pytest.mark.parametrize("reader", [ARABIC, FRENCH_PLAIN], ids=str)
async def test_who_signs_in_is_led_to_where_they_were_going(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    async with its.reading(browser, reader) as page:
        await page.goto("/consents?after=")
        assert urlsplit(page.url).path == "/sign-in"
        await its.sign_in(page, person)
        assert page.url == f"{its.address}/consents?after="
        cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
        assert {SESSION, DEVICE} <= cookies.keys()
        assert cookies[SESSION]["expires"] == -1
        assert cookies[DEVICE]["expires"] > 0
        assert person.idcs.text not in page.url
        await page.click(".leave button")
        await page.goto("/me")
        assert urlsplit(page.url).path == "/sign-in"
    (told,) = await its.office.ask("select lang from person where person_id = $1", person.person_id)
    assert told["lang"] == reader.lang[:2].upper()


async def test_nobody_learns_whether_somebody_has_a_number(its: Town, browser: Browser, person: LoadedPerson) -> None:
    shown = []
    async with its.reading(browser, Reader("fr-MA", scripts=False)) as page:
        for number in (person.idcs.text, STRANGER):
            await page.goto("/sign-in")
            await page.fill("#idcs", number)
            await press(page, "send")
            first = await page.locator("main").inner_text()
            await press(page, "send")
            again = await page.locator("main").inner_text()
            for _ in range(2):
                await page.fill("#code", "000000")
                await press(page, "enter")
            shown.append((first, again, await page.locator("main").inner_text(), urlsplit(page.url).path))
    assert shown[0] == shown[1]
    assert "code" in shown[0][0].lower()


async def test_a_code_is_good_for_five_tries_and_the_next_one_is_as_good_as_ever(
    its: Town, browser: Browser, person: LoadedPerson
) -> None:
    async with its.reading(browser, Reader("fr-MA")) as page:
        await page.goto("/sign-in")
        await page.fill("#idcs", person.idcs.text)
        await press(page, "send")
        code = await its.register.code(person.person_id)
        wrong = "111111" if code != "111111" else "222222"
        for _ in range(6):
            await page.fill("#code", wrong)
            await press(page, "enter")
            assert await page.locator("#code-error").count() == 1
            assert await page.input_value("#code") == ""
        await page.fill("#code", code)
        await press(page, "enter")
        assert await page.locator("#code-error").count() == 1
        assert await its.office.ask("select 1 from session where holder_id = $1", person.person_id) == []
        await press(page, "send")
        await page.fill("#code", await its.register.code(person.person_id))
        await press(page, "enter")
        assert page.url == f"{its.address}/me"


async def test_a_code_goes_to_the_e_mail_where_that_is_wished_for(its: Town, browser: Browser, person: LoadedPerson) -> None:
    async with its.reading(browser, ARABIC_PLAIN) as page:
        await page.goto("/sign-in")
        await page.fill("#idcs", person.idcs.text)
        await press(page, "send")
        await press(page, "send", "EMAIL")
        channels = [channel for channel, *_ in await its.register.told(person.person_id, "ONE_TIME_CODE")]
        assert channels == ["SMS", "EMAIL"]
        await press(page, "other")
        assert await page.input_value("#idcs") == person.idcs.text
        assert await page.locator("#code").count() == 0


# --- consents


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, Reader("fr-MA", NARROW)], ids=str)
async def test_somebody_grants_a_part_and_takes_it_back(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    _, link = await its.request(person, method=Method.LINK)
    assert link is not None
    async with its.reading(browser, reader) as page:
        await page.goto(link)
        assert urlsplit(page.url).path == "/sign-in"
        await its.sign_in(page, person)
        assert page.url == its.address + link
        boxes = page.locator("input[name=attributes]")
        assert {await boxes.nth(place).get_attribute("value") for place in range(3)} == {*ASKED}
        assert await boxes.locator("xpath=self::*[@checked]").count() == 0
        await page.check("input[value='person.birth_date']")
        await page.check("input[value='person.given_name']")
        await press(page, "answer", "agree")
        its_page = urlsplit(page.url).path
        assert await page.locator(".receipt-number").count() == 1
        number = (await page.locator(".receipt-number").inner_text()).strip()
        assert re.fullmatch(r"C(-[0-9A-F]{4}){4}", number)

        seen = await its.look(person)
        assert seen["data"]["person"]["birthDate"] == "1984-03-09"
        assert seen["data"]["person"]["address"] is None
        assert [error["path"] for error in seen["errors"]] == [["person", "address"]]
        await page.click("nav a[href='/accesses']")
        assert await page.locator(".timeline > li").count() == 1
        await page.click("main summary")
        told = await page.locator(".timeline > li").inner_text()
        consent_link = await page.get_attribute(".timeline a[href^='/consents/']", "href")
        assert consent_link == its_page
        assert re.search(r"\b\d{8}\b", told)  # the number of whoever looked

        await page.goto(its_page)
        await press(page, "withdraw")
        assert page.url == f"{its.address}{its_page}?done=withdrawn"
        assert (await page.locator(".receipt-number").inner_text()).strip() != number
        refused = await its.look(person)
        assert refused["data"]["person"] is None
        assert await page.locator("form:has(input[value=withdraw])").count() == 0
        await page.goto("/accesses")
        assert await page.locator(".timeline > li").count() == 2
        assert await page.locator(".timeline > li .tag-bad").count() == 1


async def test_everything_is_ticked_by_one_link_and_refused_by_one_button(
    its: Town, browser: Browser, person: LoadedPerson
) -> None:
    first, _ = await its.request(person)
    second, _ = await its.request(person)
    async with its.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto(f"/consents/{first}")
        await page.click("a[href*='tick=all']")
        await press(page, "answer", "agree")
        assert await state(its, first) == ("GRANTED", sorted(ASKED))
        await page.goto(f"/consents/{second}")
        await page.check("#attributes")
        await press(page, "answer", "refuse")
        assert await state(its, second) == ("DECLINED", [])
        assert await state(its, first) == ("GRANTED", sorted(ASKED))


async def test_a_receipt_can_be_checked_by_anybody(its: Town, browser: Browser, person: LoadedPerson) -> None:
    made, _ = await its.request(person)
    async with its.reading(browser, Reader("fr-MA"), person) as page:
        waiting = await page.request.get(f"/consents/{made}/receipt")
        assert waiting.status == 404
        await page.goto(f"/consents/{made}?tick=all")
        await press(page, "answer", "agree")
        number = (await page.locator(".receipt-number").inner_text()).strip()
        answer = await page.request.get(f"/consents/{made}/receipt")
        assert answer.status == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="{number}.json"'
        assert answer.headers["cache-control"] == "no-store"
        receipt = orjson.loads(await answer.body())
        keys = await (await page.request.get("/.well-known/jwks.json")).json()
    assert receipt["number"] == number
    assert verify_receipt(receipt["signed"], keys) == receipt["content"]
    assert sorted(receipt["content"]["record"]["pii_granted"]) == sorted(ASKED)


@BOTH_SCRIPTS
async def test_a_session_that_ends_in_mid_form_keeps_what_was_ticked(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    made, _ = await its.request(person)
    async with its.reading(browser, reader, person) as page:
        await page.goto(f"/consents/{made}")
        await page.check("input[value='person.address']")
        await its.office.ask("update session set ended_at = $2 where holder_id = $1", person.person_id, its.office.clock())
        await press(page, "answer", "agree")
        assert await page.locator(".notice-warn").count() == 1
        assert await state(its, made) == ("REQUESTED", [])
        await its.sign_in(page, person)
        await page.click("main button.button-main")  # back to the form
        assert page.url == f"{its.address}/consents/{made}"
        assert await page.is_checked("input[value='person.address']")
        assert not await page.is_checked("input[value='person.birth_date']")
        assert await state(its, made) == ("REQUESTED", [])
        await press(page, "answer", "agree")
        assert await state(its, made) == ("GRANTED", ["person.address"])


@BOTH_SCRIPTS
async def test_an_answer_that_is_sent_again_after_going_back_changes_nothing(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    made, _ = await its.request(person)
    async with its.reading(browser, reader, person) as page, its.reading(browser, reader, person) as other:
        await page.goto(f"/consents/{made}")
        await other.goto(f"/consents/{made}")
        await page.check("input[value='person.address']")
        await press(page, "answer", "agree")
        await page.go_back()
        assert await page.locator("input[name=attributes]").count() == 0  # it is asked for anew, and was answered
        await other.check("input[value='person.birth_date']")
        await press(other, "answer", "agree")
        assert await other.locator("#errors").count() == 1
        assert await state(its, made) == ("GRANTED", ["person.address"])
    (row,) = await its.office.ask("select count(*) as n from consent_revision where consent_id = $1", made)
    assert row["n"] == 2


async def test_an_answer_that_is_pressed_twice_is_one_answer(its: Town, browser: Browser, person: LoadedPerson) -> None:
    made, _ = await its.request(person)
    async with its.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto(f"/consents/{made}?tick=all")
        form = page.locator("main form:has(input[value=answer])")
        sent = [(name, await form.locator(f"[name={name}]").first.input_value()) for name in ("csrf", "requestKey", "consent")]
        body = "&".join(f"{name}={value}" for name, value in [*sent, ("action", "answer"), ("answer", "agree")])
        body += "".join(f"&attributes={name}" for name in ASKED)
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": its.address}
        for _ in range(2):
            answer = await page.request.post(f"/consents/{made}", data=body, headers=headers, max_redirects=0)
            assert (answer.status, answer.headers["location"]) == (303, f"/consents/{made}?done=answered")
    (row,) = await its.office.ask("select count(*) as n from consent_revision where consent_id = $1", made)
    assert row["n"] == 2


async def test_a_link_leads_nobody_but_the_one_it_is_for(its: Town, browser: Browser, person: LoadedPerson) -> None:
    made, link = await its.request(person, method=Method.LINK)
    other, other_link = await its.request(person, method=Method.LINK)
    assert link is not None
    assert other_link is not None
    shown = []
    async with its.reading(browser, ARABIC_PLAIN, its.karim) as page:
        for path in (link, "/consent/" + "A" * 22, "/consent/nothing"):
            answer = await page.goto(path)
            assert answer is not None
            shown.append((answer.status, await page.locator("main").inner_text()))
        answer = await page.goto(f"/consents/{made}")
        assert answer is not None
        assert answer.status == 404
        await its.enter(page, person)
        await page.goto(link)
        await page.check("#attributes")
        await press(page, "answer", "agree")
        await page.goto(other_link)
        its.office.clock.turn(minutes=10)
        await press(page, "answer", "refuse")
        assert await page.locator("#errors").count() == 1
        for path in (link, other_link):
            answer = await page.goto(path)
            assert answer is not None
            shown.append((answer.status, await page.locator("main").inner_text()))
    assert len(set(shown)) == 1
    assert shown[0][0] == 200
    assert (await state(its, made))[0] == "GRANTED"
    assert await state(its, other) == ("REQUESTED", [])


async def test_a_forged_answer_to_another_persons_request_is_refused(its: Town, browser: Browser, person: LoadedPerson) -> None:
    mine, _ = await its.request(person)
    theirs, _ = await its.request(its.karim)
    async with its.reading(browser, Reader("fr-MA"), person) as page:
        await page.goto(f"/consents/{mine}?tick=all")
        await page.evaluate(f"() => document.querySelector('main form').setAttribute('action', '/consents/{theirs}')")
        await press(page, "answer", "agree")
        assert await page.locator("main form").count() <= 1
    assert await state(its, theirs) == ("REQUESTED", [])
    assert await state(its, mine) == ("REQUESTED", [])


# --- who looked


async def test_a_look_is_reported_once_and_the_answer_is_shown(its: Town, browser: Browser, person: LoadedPerson) -> None:
    await its.look(person)
    words = "Ce n'était pas moi.\n<b>Jamais</b>"
    async with its.reading(browser, FRENCH_PLAIN, person) as page:
        await page.goto("/accesses")
        await page.click(".timeline a[href$=report]")
        path = urlsplit(page.url).path
        await page.fill("#text", words)
        await press(page, "report")
        assert urlsplit(page.url).path == path
        number = (await page.locator(".receipt-number").inner_text()).strip()
        assert await page.locator("textarea").count() == 0
        await page.goto("/accesses/reports")
        assert words in await page.inner_text("main")
        assert number in await page.inner_text("main")
        assert await page.locator(".tag-info").count() == 1
        await page.goto("/accesses")
        assert number in await page.inner_text(".timeline")
        assert (await page.request.get("/accesses/0195a1b2-0000-7000-8000-000000000001/report")).status == 404
    async with its.reading(browser, FRENCH_PLAIN, its.karim) as page:
        assert (await page.request.get(path)).status == 404


async def test_many_looks_are_shown_by_pages(its: Town, browser: Browser, person: LoadedPerson) -> None:
    for _ in range(21):
        await its.look(person)
    async with its.reading(browser, ARABIC_PLAIN, person) as page:
        await page.goto("/accesses")
        assert await page.locator(".timeline > li").count() == 20
        await page.click("a[rel=next]")
        assert await page.locator(".timeline > li").count() == 1
        onward = page.url
        assert person.idcs.text not in onward
        await its.enter(page, its.karim)
        answer = await page.goto(onward)
        assert answer is not None
        assert answer.status == 400  # the cursor of somebody else's list


# --- a changed telephone


async def test_two_witnesses_change_a_telephone_unless_it_is_stopped(its: Town, browser: Browser) -> None:
    person, first, second = [await its.register.person() for _ in range(3)]
    async with its.reading(browser, ARABIC_PLAIN) as page:
        await page.goto("/telephone-changed")
        await fill_in(page, person, [first, second], witness2=person.idcs.text)
        await press(page, "check")
        assert await page.locator(".problem").count() == 1
        assert await page.locator("#witness2-error").count() == 1
        assert await page.input_value("#name") == "Bennani Amina"
        await page.fill("#witness2", second.idcs.text)
        await press(page, "check")
        await press(page, "change")
        assert await page.input_value("#witness1") == first.idcs.text
        await press(page, "check")
        await press(page, "send")
        assert page.url == f"{its.address}/telephone-changed?done=yes"
        sent = await page.inner_text("main")
        for witness in (first, second):
            await its.enter(page, witness)
            await page.goto("/me")
            await page.click("main a[href^='/witness/']")
            path = urlsplit(page.url).path
            await press(page, "answer", "yes")
            assert await page.locator("main form").count() == 0
        await its.enter(page, its.karim)
        assert (await page.request.get(path)).status == 404
        await its.enter(page, person)
        await page.goto("/me")
        await press(page, "stop")
        assert page.url == f"{its.address}/me/telephone?done=stopped"
        assert await page.locator("button.button-danger").count() == 0
        # Nobody is told of it who has these numbers, or has not.
        await page.context.clear_cookies()
        await page.goto("/telephone-changed")
        await fill_in(page, first, [second, second], idcs=STRANGER, witness2=person.idcs.text)
        await press(page, "check")
        await press(page, "send")
        assert await page.inner_text("main") == sent
    (row,) = await its.office.ask("select stopped_at, applied_at from telephone_change where person_id = $1", person.person_id)
    assert row["stopped_at"] is not None
    assert row["applied_at"] is None


# --- for others, and beside others


async def test_it_is_always_said_whose_affairs_are_seen_to(its: Town, browser: Browser) -> None:
    made, _ = await its.request(its.sami)
    banner = ".notice:has(form[action='/wards'])"
    async with its.reading(browser, Reader("fr-MA"), its.amina) as page:
        await page.goto("/wards")
        assert await page.locator(banner).count() == 0
        await press(page, "act")
        for path in ("/me", "/consents", f"/consents/{made}", "/accesses", "/accesses/reports", "/me/telephone", "/wards"):
            await page.goto(path)
            assert (path, "Sami Bennani" in await page.inner_text(banner)) == (path, True)
        await page.goto(f"/consents/{made}?tick=all")
        await press(page, "answer", "agree")
        assert await page.locator(banner).count() == 1
        await page.click(f"{banner} button")
        assert page.url == f"{its.address}/me"
        assert await page.locator(banner).count() == 0
        answer = await page.goto(f"/consents/{made}")
        assert answer is not None
        assert answer.status == 404
    assert (await state(its, made))[0] == "GRANTED"
    async with its.reading(browser, Reader("fr-MA"), its.karim) as page:
        await page.goto("/wards")
        assert await page.locator("main form").count() == 0


async def test_who_is_assisted_sees_who_helps_and_only_what_they_came_for(
    its: Town, browser: Browser, person: LoadedPerson
) -> None:
    made, _ = await its.request(person)
    async with its.office.database.begin() as connection:
        agent = await put_account(connection, its.register.keys, its.office.clock(), Role.CENTRE_AGENT, division="06")
    async with its.reading(browser, Reader("fr-MA", NARROW)) as page:
        await its.assist(page, person, agent, "CONSENTS")
        for path in ("/me", "/consents", f"/consents/{made}"):
            await page.goto(path)
            banner = await page.inner_text(".notice-info")
            assert "Casablanca-Settat" in banner
            assert "Leila Bennani" in banner
            assert [await link.get_attribute("href") for link in await page.locator(".places li a").all()] == ["/consents"]
        await page.goto("/me")
        for hidden in (person.idcs.text, its.register.telephone(person)):
            assert hidden not in await page.content()
        for path in ("/accesses", "/accesses/reports"):
            answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 403)
        await page.goto(f"/consents/{made}?tick=all")
        await press(page, "answer", "agree")
        assert "centre" in await page.inner_text(".timeline")
        await page.click(".notice-info button")
        assert urlsplit(page.url).path == "/admin/assisted"
        assert ASSISTED not in {cookie["name"] for cookie in await page.context.cookies()}
        await page.goto("/me")
        assert urlsplit(page.url).path == "/sign-in"
    assert (await state(its, made))[0] == "GRANTED"
