"""Staff enrol somebody, in a real browser: taken down with papers or two witnesses, and decided on by somebody else."""

import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from access.rights import Role, Scope
from api import schema
from api.portal import enrolment
from core.database import Database
from core.dates import PartialDate
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity import openings
from identity.imports import LoadedPerson
from identity.receipts import drawn, shown_number
from tests.api.people import Signed
from tests.identity.files import png
from tests.identity.registered import CASABLANCA, RABAT
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE, dark=True)
ARABIC_PLAIN, FRENCH_PLAIN = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
ENGLISH = Reader("en", WIDE, scripts=False)
QUEUE = "/admin/enrolments"
CARD = {"name": "card.png", "mimeType": "image/png", "buffer": png(8, 8)}
# What is filled in, step by step: in fields, choices and boxes.
ADULT: Mapping[str, Mapping[str, str]] = {
    "whom": {"whom": "self", "lang": "FR"},
    "names": {
        "given_name_ar": "حسناء",
        "family_name_ar": "الودغيري",
        "given_name_latin": "Hasnae",
        "family_name_latin": "Oudghiri",
    },
    "birth": {"birth_day": "7", "birth_month": "5", "birth_year": "1991", "birth_place": RABAT},
    "person": {"sex": "F", "marital_status": "MARRIED"},
    "parents": {"father_name": "Driss Oudghiri", "mother_name": "فاطمة بنيس"},
    "nationality": {"nationality": "MAR", "cnie": "HO 700100"},
    "papers": {"basis": "DOCUMENTS"},
    "home": {"residence": CASABLANCA, "address": "12, rue des Orangers"},
    "contact": {"telephone": "0698765432", "email": "hasnae@example.org"},
}


def adult(number: int, **steps: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Somebody else each time, whom nobody else resembles."""
    first, last = {1: ("Hasnae", "Oudghiri"), 2: ("Btissam", "Zemmouri"), 3: ("Rkia", "Sefrioui")}[number]
    other = {
        "names": {"given_name_ar": "", "family_name_ar": "", "given_name_latin": first, "family_name_latin": last},
        "birth": {"birth_day": str(3 + number), "birth_month": str(2 + number), "birth_year": str(1950 + 9 * number)},
        "nationality": {"nationality": "MAR", "cnie": f"HO70010{number}"},
        "contact": {"telephone": f"069876540{number}", "email": ""},
        "parents": {},
    }
    return {**ADULT, **other, **steps}


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        for division in (CASABLANCA, RABAT):
            call = found.office.call(Scope.ENROLMENT_OPEN)
            async with database.begin() as connection:
                await openings.open_enrolment(connection, call, division=division, on=found.office.clock().date())
        yield found


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(enrolment.__file__).parent / "pages"
    for page in enrolment.PAGES:
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


# --- going through it


async def go(page: Page, action: str = "") -> None:
    """On, or by the button or the form of that action."""
    button = "main form:has(.button-main) button.button-main"
    if action:
        button = f"main button[value={action}], main form:has(input[name=action][value={action}]) button[type=submit]"
    async with page.expect_navigation():
        await page.locator(button).first.click()


async def fill(page: Page, typed: Mapping[str, str]) -> None:
    for name, value in typed.items():
        field = page.locator(f"main [name={name}]").first
        if await field.get_attribute("type") == "radio":
            await page.check(f"main [name={name}][value='{value}']")
        elif await field.evaluate("(e) => e.tagName") == "SELECT":
            await field.select_option(value)
        else:
            await field.fill(value)


async def step(page: Page) -> str:
    return await page.locator("main [name=step]").first.get_attribute("value") or ""


async def taken_down(page: Page, steps: Mapping[str, Mapping[str, str]]) -> str:
    """From the beginning until it is saved: the path of the request."""
    await page.goto("/admin/enrol")
    await go(page, "begin")
    for name, typed in steps.items():
        assert await step(page) == name
        await fill(page, typed)
        await go(page)
        assert (name, await page.locator("#errors").count()) == (name, 0)
    assert await step(page) == "check"
    await go(page, "keep")
    assert page.url.endswith("?done=begun")
    return page.url.partition("?")[0]


async def add_paper(page: Page, request: str, kind: str = "CNIE", file: Any = CARD) -> None:
    await page.goto(f"{request}/papers")
    await page.select_option("#kind", kind)
    await page.set_input_files("#file", file)
    await go(page, "add")


async def state(its: Town, request: str) -> str:
    (row,) = await its.office.ask("select state from enrolment where person_id = $1", id_of(request))
    return str(row["state"])


def id_of(request: str) -> UUID:
    return UUID(request.rpartition("/")[2])


async def vouch(its: Town, page: Page, request: str, witness: LoadedPerson) -> None:
    await page.goto(f"{request}/witness")
    await page.fill("#idcs", witness.idcs.text)
    await go(page, "ask")
    assert witness.idcs.text not in page.url
    await page.fill("#code", await its.register.code(witness.person_id, "TESTIMONY_CODE"))
    await go(page, "give")
    assert page.url.endswith("?done=witness")


async def staff(its: Town) -> tuple[Signed, Signed]:
    agent = await its.office.staff(Role.CENTRE_AGENT, name="Samira Alaoui")
    return agent, await its.office.staff(Role.ADJUDICATOR, name="Omar Fassi")


# --- every page


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_every_page_can_be_read_by_everybody(its: Town, browser: Browser, reader: Reader) -> None:
    agent, decider = await staff(its)
    steps = adult(3 if reader is ARABIC else 2, papers={"basis": "TESTIMONY"})
    async with its.office.reading(browser, reader, agent) as page:
        looker = Looker(page, reader, "enrolment")
        await looker.open("/admin/enrol", "begin")
        await page.fill("#number", "1000-0000-0008")
        await go(page, "find")
        await looker.see("begin-wrong")
        await go(page, "begin")
        for name, typed in steps.items():
            if name in ("whom", "names", "papers"):
                await looker.see(name)
            await fill(page, typed)
            await go(page)
        await looker.see("check")
        await go(page, "keep")
        request = page.url.partition("?")[0]
        await looker.see("begun")
        await looker.open(f"{request}/papers", "paper")
        await go(page, "add")
        await looker.see("paper-wrong")
        await looker.open(f"{request}/witness", "witness")
        await page.fill("#idcs", its.karim.idcs.text)
        await go(page, "ask")
        await looker.see("witness-code")
        await go(page, "give")
        await looker.see("witness-wrong")
        await page.goto(request)
        await go(page, "submit")
        await looker.see("receipt")
        await looker.open(request, "handed-in")
        await looker.open(f"{QUEUE}?state=ALL", "drafts")
    async with its.office.reading(browser, reader, decider) as page:
        looker = Looker(page, reader, "enrolment")
        await looker.open(QUEUE, "queue")
        await looker.open(request, "to-be-reviewed")
        await go(page, "review")
        await looker.see("in-review")
        await go(page, "ask-reject")
        await looker.see("refusing")
        await go(page, "reject")
        await looker.see("refusing-wrong")
        await page.check("main [name=reason][value=EVIDENCE_MISSING]")
        await go(page, "reject")
        await looker.see("refused")


# --- journeys


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, Reader("fr-MA", WIDE)], ids=str)
async def test_somebody_with_papers_is_enrolled_by_two_people_and_signs_in(its: Town, browser: Browser, reader: Reader) -> None:
    agent, decider = await staff(its)
    steps: Any = (
        ADULT if reader is ARABIC_PLAIN else adult(1, nationality={"nationality": "FRA", "residence_permit": "A700123"})
    )
    kind = "CNIE" if reader is ARABIC_PLAIN else "RESIDENCE_PERMIT"
    async with its.office.reading(browser, reader, agent) as page:
        request = await taken_down(page, steps)
        await add_paper(page, request, kind, {**CARD, "buffer": b"GIF89a"})
        assert await page.locator("#file-error").count() == 1
        assert await page.input_value("#kind") == kind
        await add_paper(page, request, kind)
        assert page.url == f"{request}?done=paper"
        # Something is changed before it is handed in: nothing else is lost.
        await go(page, "to")
        assert await step(page) == "check"
        await page.locator("main button[value=home]").click()
        await fill(page, {"address": "14, rue des Orangers"})
        await go(page)
        await go(page, "amend")
        assert page.url == f"{request}?done=amended"
        told = await page.inner_text("main")
        assert "14, rue des Orangers" in told
        assert steps["names"]["family_name_latin"] in told
        await go(page, "submit")
        assert page.url == f"{request}/receipt"
        number = (await page.locator(".receipt-number").inner_text()).replace("\u200b", "").strip()
        assert re.fullmatch(r"\d{4}(-\d{4}){2}", number)
        await page.goto(request)
        assert await page.locator("main form:has(input[value=accept]), main form:has(input[value=review])").count() == 0
    async with its.office.reading(browser, reader, decider) as page:
        await page.goto(QUEUE)
        await page.fill("#number", number.replace("-", " "))
        await go(page, "find")
        assert page.url == request
        paper = await page.locator("main a[href^='/admin/evidence/']").first.get_attribute("href")
        answer = await page.request.get(f"{its.address}{paper}")
        assert (answer.status, await answer.body()) == (200, CARD["buffer"])
        await go(page, "review")
        assert await state(its, request) == "IN_REVIEW"
        await go(page, "accept")
        assert page.url == f"{request}?done=accepted"
    (told_now,) = [
        text for channel, _, text in await its.register.told(id_of(request), "ENROLMENT_ACCEPTED") if channel == "SMS"
    ]
    found = re.search(r"\b\d{10}\b", told_now)
    assert found is not None
    async with its.reading(browser, reader) as page:
        await page.goto("/sign-in")
        await page.fill("#idcs", found[0])
        await page.click("main button.button-main")
        await page.fill("#code", await its.register.code(id_of(request)))
        await page.click("main button.button-main")
        await page.wait_for_url(f"{its.address}/me")


async def test_two_registered_people_vouch_for_somebody_without_papers(its: Town, browser: Browser) -> None:
    agent, decider = await staff(its)
    other = await its.register.person(given_name_latin="Zineb", family_name_latin="Chraibi", family_name_ar="الشرايبي")
    steps = adult(2, papers={"basis": "TESTIMONY"}, nationality={"nationality": "MAR"}, birth={"birth_year": "1958"})
    async with its.office.reading(browser, ENGLISH, agent) as page:
        request = await taken_down(page, steps)
        await vouch(its, page, request, its.karim)
        # The same once more, a child, and a wrong code: each is said, and counts for nothing.
        await page.goto(f"{request}/witness")
        await page.fill("#idcs", its.karim.idcs.text)
        await go(page, "ask")
        await page.fill("#code", "000000")
        await go(page, "give")
        assert await page.locator("#code-error").count() == 1
        await page.fill("#code", await its.register.code(its.karim.person_id, "TESTIMONY_CODE"))
        await go(page, "give")
        assert "already" in await page.inner_text("#errors")
        await page.goto(f"{request}/witness")
        await page.fill("#idcs", its.karim.idcs.text[:-1])
        await go(page, "ask")
        assert await page.locator("#idcs-error").count() == 1
        await page.goto(request)
        assert "1 of 2" in await page.inner_text("main")
        await go(page, "submit")
        await vouch(its, page, request, other)
        assert "2 of 2" in await page.inner_text("main")
    async with its.office.reading(browser, ENGLISH, decider) as page:
        await page.goto(request)
        await go(page, "review")
        await go(page, "accept")
        assert page.url == f"{request}?done=accepted"
    assert await state(its, request) == "ACCEPTED"


@pytest.mark.parametrize(
    ("reader", "double"), [(ARABIC_PLAIN, True), (Reader("fr-MA", WIDE), False)], ids=["it is one person", "they are two"]
)
async def test_who_may_be_on_record_already_is_compared_before_anything_is_decided(
    its: Town, browser: Browser, reader: Reader, double: bool
) -> None:
    agent, decider = await staff(its)
    known = {"given_name_latin": "Rachida" if double else "Mounia", "family_name_latin": "Guennoun"}
    there = await its.register.person(**known, given_name_ar=None, family_name_ar=None, birth_date=PartialDate(1949, 2, 3))
    names = {"given_name_ar": "", "family_name_ar": "", **known}
    born = {"birth_day": "3", "birth_month": "2", "birth_year": "1949"}
    number = {"nationality": "MAR", "cnie": f"HO70020{int(double)}"}
    contact = {"telephone": f"069876550{int(double)}", "email": ""}
    async with its.office.reading(browser, reader, agent) as page:
        request = await taken_down(page, {**ADULT, "names": names, "birth": born, "nationality": number, "contact": contact})
        await add_paper(page, request)
        await go(page, "submit")
    async with its.office.reading(browser, reader, decider) as page:
        await page.goto(request)
        await go(page, "review")
        assert await page.locator("main form:has(input[value=accept])").count() == 0
        await page.click("main a[href^='/admin/duplicates/']")
        assert there.idcs.text in await page.inner_text("main table")
        await page.select_option("#one" if double else "#two", "PAPERS" if double else "NAMESAKES")
        await go(page, "same" if double else "different")
        assert page.url.endswith("?done=decided")
        await page.goto(request)
        if double:
            assert await page.locator("main form:has(input[value=accept])").count() == 0
            await go(page, "ask-reject")
            await page.check("main [name=reason][value=DUPLICATE]")
            await go(page, "reject")
        else:
            await go(page, "accept")
    assert await state(its, request) == ("REJECTED" if double else "ACCEPTED")
    told = await its.office.ask("select notice from message where owner_id = $1", id_of(request))
    assert ("ENROLMENT_ACCEPTED" in {row["notice"] for row in told}) is not double


async def test_a_draft_that_lacks_something_says_where_to_mend_it(its: Town, browser: Browser) -> None:
    agent, _ = await staff(its)
    async with its.office.reading(browser, FRENCH_PLAIN, agent) as page:
        await page.goto("/admin/enrol")
        await go(page, "begin")
        await fill(page, ADULT["whom"])
        await go(page)
        await fill(page, ADULT["names"])
        await go(page, "keep")
        request = page.url.partition("?")[0]
        await go(page, "submit")
        assert await page.locator("#errors a[href='#birth_year']").count() == 1
        assert await state(its, request) == "DRAFT"
        await page.locator("#birth_year button").click()
        assert await step(page) == "birth"
        assert await page.locator("main [name=given_name_latin]").first.get_attribute("value") == "Hasnae"


async def test_requests_are_found_by_their_receipt_where_one_works_and_nowhere_else(its: Town, browser: Browser) -> None:
    agent, _ = await staff(its)
    elsewhere = await its.office.staff(Role.CENTRE_AGENT, division="04")
    async with its.office.reading(browser, FRENCH_PLAIN, agent) as page:
        request = await taken_down(page, adult(3))
    (row,) = await its.office.ask("select number from enrolment where person_id = $1", id_of(request))
    async with its.office.reading(browser, FRENCH_PLAIN, elsewhere) as page:
        shown = []
        for number in (row["number"], shown_number(drawn()), "1234"):
            await page.goto("/admin/enrol")
            await page.fill("#number", number)
            await go(page, "find")
            assert await page.input_value("#number") == number
            shown.append(await page.locator("#number-error").inner_text())
        assert shown[0] == shown[1]
        for path in ("", "/papers", "/witness", "/receipt"):
            answer = await page.goto(f"{request}{path}")
            assert answer is not None
            assert answer.status == 404
    nobody = await its.office.staff(Role.PUBLISHER)
    async with its.office.reading(browser, FRENCH_PLAIN, nobody) as page:
        for path in (QUEUE, "/admin/enrol", request):
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == 403
