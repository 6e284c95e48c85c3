"""Somebody without an account asks to be enrolled, in a real browser: a step at a time, comes back, and sees how it stands."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from api import schema
from api.portal import enrolling, enrolling_form
from api.portal.forms import Form
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Faulty
from core.keys import KeyRing
from identity.receipts import drawn, shown_number
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE, dark=True)
ARABIC_PLAIN, FRENCH_PLAIN = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
TODAY = date(2026, 3, 14)
NUMBER, CODE = r"\d{4}(-\d{4}){2}", r"[2-9A-Z]{4}(-[2-9A-Z]{4}){2}"
# What is filled in, step by step: in fields, choices and boxes.
ADULT: Mapping[str, Mapping[str, str]] = {
    "whom": {"whom": "self"},
    "names": {
        "given_name_ar": "سعاد",
        "family_name_ar": "العلمي",
        "given_name_latin": "Souad",
        "family_name_latin": "El Alami",
    },
    "birth": {"birth_day": "7", "birth_month": "5", "birth_year": "1991", "birth_place": "04.421"},
    "person": {"sex": "F", "marital_status": "MARRIED"},
    "parents": {"father_name": "Hassan El Alami", "mother_name": "فاطمة الزهراء بنيس"},
    "nationality": {"nationality": "MAR", "cnie": "ab 123456"},
    "papers": {"basis": "DOCUMENTS"},
    "home": {"residence": "06.141", "address": "12, rue des Orangers"},
    "contact": {"telephone": "0612345678", "email": "souad@example.org"},
}


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(enrolling.__file__).parent / "pages"
    for page in enrolling.PAGES:
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


# --- going through it


async def go(page: Page, action: str = "") -> None:
    """On, or by the button of that action."""
    button = f"main button[value={action}]" if action else "main button.button-main"
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


async def filled(page: Page, steps: Mapping[str, Mapping[str, str]] = ADULT, until: str = "") -> None:
    """From the beginning through these steps; `until` stops at one, unfilled."""
    await page.goto("/enrol")
    await go(page)
    for name, typed in steps.items():
        assert await step(page) == name
        if name == until:
            return
        await fill(page, typed)
        await go(page)
        assert (name, await page.locator("#errors").count()) == (name, 0)


async def receipt(page: Page) -> tuple[str, str]:
    number, code = [(await each.inner_text()).strip() for each in await page.locator(".receipt-number").all()]
    number = number.replace("\u200b", "")
    assert re.fullmatch(NUMBER, number)
    assert re.fullmatch(CODE, code)
    return number, code


async def come_back(page: Page, number: str, code: str) -> None:
    await page.goto("/receipt")
    await fill(page, {"receipt": number, "code": code})
    await go(page)


@pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
async def test_every_page_can_be_read_by_everybody(its: Town, browser: Browser, reader: Reader) -> None:
    async with its.reading(browser, reader) as page:
        looker = Looker(page, reader, "enrol")
        await looker.open("/", "welcome")
        await looker.open("/enrol", "begin")
        await go(page)
        await looker.see("whom")
        await go(page)
        await looker.see("whom-wrong")
        await fill(page, {"whom": "minor"})
        await go(page)
        await looker.see("names")
        await fill(page, {"given_name_ar": "Adam", "given_name_latin": "آدم"})
        await go(page)
        await looker.see("names-wrong")
        await fill(page, {"given_name_ar": "آدم", "family_name_ar": "بناني", "given_name_latin": ""})
        await go(page)
        await looker.see("birth")
        await fill(page, {"birth_day": "31", "birth_month": "2", "birth_year": "2019"})
        await go(page)
        await looker.see("birth-wrong")
        await fill(page, {"birth_day": "28"})
        await go(page)
        await looker.see("person")
        await fill(page, {"sex": "M"})
        await go(page)
        await looker.see("parents")
        await go(page)
        await looker.see("nationality")
        await fill(page, {"nationality": "MAR"})
        await go(page)
        await looker.see("papers")
        await fill(page, {"basis": "TESTIMONY"})
        await go(page)
        await looker.see("home")
        await fill(page, {"residence": "04.421"})
        await go(page)
        await looker.see("contact")
        await go(page)
        await looker.see("guardian")
        await fill(page, {"guardian": its.amina.idcs.text})
        await go(page)
        await looker.see("check")
        await go(page, "keep")
        await looker.see("kept")
        number, code = await receipt(page)
        await looker.open("/receipt", "receipt")
        await go(page)
        await looker.see("receipt-wrong")
        await come_back(page, number, code)
        await looker.see("request")
        await its.enter(page, its.karim)
        await looker.open("/enrol", "signed-in")
        await looker.open("/receipt", "receipt-signed-in")


@pytest.mark.parametrize("reader", [ARABIC_PLAIN, Reader("fr-MA", WIDE)], ids=str)
async def test_somebody_pre_registers_and_comes_back(its: Town, browser: Browser, reader: Reader) -> None:
    async with its.reading(browser, reader) as page:
        await filled(page)
        assert await step(page) == "check"
        told = await page.locator("main dl").inner_text()
        for shown in ("سعاد العلمي", "Souad El Alami", "1991", "12, rue des Orangers", "0612345678", "souad@example.org"):
            assert shown in told
        await go(page, "keep")
        assert urlsplit(page.url).query == ""
        number, code = await receipt(page)
        assert "CNIE" in await page.inner_text("main ul")
    async with its.reading(browser, reader) as page:  # on another day, from another machine
        await come_back(page, number.replace("-", " "), code.lower())
        assert await page.locator("main .tag-warn").count() == 1
        assert "Alami" not in await page.locator("main").inner_text()
        await go(page, "check")
        told = await page.locator("main dl").inner_text()
        for shown in ("سعاد العلمي", "Souad El Alami", "1991", "AB123456", "+212612345678"):
            assert shown in told
        await page.locator("main button[value=names]").click()
        assert await page.input_value("#given_name_latin") == "Souad"
        await fill(page, {"given_name_latin": "Souâd"})
        await go(page)
        assert await step(page) == "check"
        await go(page, "amend")
        assert (await receipt(page)) == (number, code)
        await come_back(page, number, code)
        await go(page, "check")
        assert "Souâd El Alami" in await page.locator("main dl").inner_text()
    rows = await its.office.ask(
        "select state, channel, division, basis, lang from enrolment where number = $1", number.replace("-", "")
    )
    lang = reader.lang[:2].upper()
    assert rows == [{"state": "DRAFT", "channel": "ONLINE", "division": "06.141", "basis": "DOCUMENTS", "lang": lang}]


async def test_a_draft_is_kept_from_the_middle_and_nothing_of_it_is_lost(its: Town, browser: Browser) -> None:
    async with its.reading(browser, ARABIC_PLAIN) as page:
        await filled(page, until="person")
        await fill(page, {"sex": "F"})
        await go(page, "keep")
        number, code = await receipt(page)
        await come_back(page, number, code)
        await go(page, "check")
        await page.locator("main button[value=person]").click()
        assert await page.is_checked("main [name=sex][value=F]")
        await go(page, "back")
        assert await step(page) == "birth"
        assert await page.input_value("#birth_year") == "1991"
        await fill(page, {"birth_year": "١٩٩٢"})
        await go(page, "amend")
        await come_back(page, number, code)
        await go(page, "check")
        assert "1992" in await page.locator("main dl").inner_text()


WRONG = [
    ("whom", {}, ["whom"]),
    (
        "names",
        {"given_name_ar": "", "family_name_ar": "", "given_name_latin": "", "family_name_latin": ""},
        ["given_name_ar", "family_name_ar"],
    ),
    ("names", {"given_name_ar": "Souad"}, ["given_name_ar"]),
    ("names", {"given_name_latin": "Sоuad"}, ["given_name_latin"]),
    ("birth", {"birth_year": ""}, ["birth_year"]),
    ("birth", {"birth_day": "30", "birth_month": "2"}, ["birth_year"]),
    ("birth", {"birth_year": "2999"}, ["birth_year"]),
    ("person", {}, ["sex"]),
    ("parents", {"father_name": "1234", "mother": "1111111111"}, ["father_name", "mother"]),
    ("nationality", {"nationality": "SEN"}, ["cnie"]),
    ("nationality", {"residence_permit": "A123456"}, ["residence_permit"]),
    ("papers", {}, ["basis"]),
    ("home", {"residence": ""}, ["residence"]),
    ("contact", {"telephone": "12", "email": "nobody"}, ["telephone", "email"]),
]


@pytest.mark.parametrize("reader", [FRENCH_PLAIN], ids=str)
async def test_what_is_wrong_is_said_beside_its_field_and_kept(its: Town, browser: Browser, reader: Reader) -> None:
    async with its.reading(browser, reader) as page:
        await page.goto("/enrol")
        await go(page)
        for name, typed in ADULT.items():
            for wrong, changes, fields in [each for each in WRONG if each[0] == name]:
                await fill(page, {**(typed if changes else {}), **changes})
                await go(page)
                assert (wrong, await step(page)) == (wrong, name)
                for field in fields:
                    assert (wrong, changes, field, await page.locator(f"#{field}-error").count()) == (wrong, changes, field, 1)
                    assert await page.locator(f"#errors a[href='#{field}']").count() == 1
                for field, value in changes.items():
                    assert await page.input_value(f"#{field}") == value
            blank = {"residence_permit": "", "mother": ""}
            await fill(
                page, {**typed} | {field: "" for field in blank if await page.locator(f"main input[id={field}]").count()}
            )
            await go(page)
        assert await step(page) == "check"


async def test_a_minor_is_asked_for_a_guardian_and_an_adult_is_not(its: Town, browser: Browser) -> None:
    child = {name: ADULT[name] for name in ADULT} | {"birth": {"birth_year": "2015"}, "nationality": {"nationality": "MAR"}}
    async with its.reading(browser, ARABIC_PLAIN) as page:
        await filled(page, child)
        assert await step(page) == "guardian"
        await fill(page, {"guardian": "1234567890"})
        await go(page)
        assert await page.locator("#guardian-error").count() == 1
        await fill(page, {"guardian": ""})
        await go(page)
        assert await step(page) == "check"
        await page.locator("main button[value=birth]").click()
        await fill(page, {"birth_year": "1980"})
        await go(page)
        assert await step(page) == "check"
        assert await page.locator("main button[value=guardian]").count() == 0


async def test_a_number_leads_nowhere_without_its_code(its: Town, browser: Browser) -> None:
    async with its.reading(browser, FRENCH_PLAIN) as page:
        await filled(page, until="person")
        await go(page, "keep")
        number, code = await receipt(page)
        shown = []
        for receipt_number, wrong in ((number, "2222-2222-2222"), (shown_number(drawn()), code)):
            await come_back(page, receipt_number, wrong)
            assert await page.locator("#code-error").count() == 1
            assert await page.input_value("#receipt") == receipt_number
            shown.append(await page.locator("#errors").inner_text())
        assert shown[0] == shown[1]
        await come_back(page, "123", code)
        assert await page.locator("#receipt-error").count() == 1
        its.office.clock.turn(days=31)
        await come_back(page, number, code)
        assert await page.locator("main .tag-bad").count() == 1
        assert await page.locator("main button[value=check]").count() == 0


async def test_whoever_works_here_is_told_to_sign_out_first(its: Town, browser: Browser) -> None:
    async with its.office.reading(browser, FRENCH_PLAIN, its.officer) as page:
        for path in ("/enrol", "/receipt"):
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == 200
            assert await page.locator("main form").count() == 0


async def test_a_citizen_pre_registers_a_child_and_finds_it_again(its: Town, browser: Browser) -> None:
    child = {name: ADULT[name] for name in ADULT} | {
        "whom": {"whom": "minor"},
        "birth": {"birth_year": "2015"},
        "nationality": {"nationality": "MAR"},
        "guardian": {"guardian": its.karim.idcs.text},
    }
    async with its.reading(browser, FRENCH_PLAIN, its.karim) as page:
        await page.goto("/wards")
        assert await page.locator('main a[href="/enrol"]').count() == 1
        await filled(page, child, until="whom")
        assert await page.locator("main [name=whom][value=self]").count() == 0, "who is signed in is registered"
        await filled(page, child)
        await go(page)
        number, code = await receipt(page)
        await come_back(page, number, code)
        assert await page.locator("main button[value=check]").count() == 1
    rows = await its.office.ask("select channel, begun_by from enrolment where number = $1", number.replace("-", ""))
    assert rows == [{"channel": "ONLINE", "begun_by": None}]


# --- the form


def typed(**changes: str) -> Form:
    given = {name: value for part in ADULT.values() for name, value in part.items()}
    return Form([*(given | changes).items()])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"birth_day": "", "birth_month": ""}, "1991"),
        ({"birth_day": ""}, "1991-05"),
        ({}, "1991-05-07"),
        ({"birth_day": "٠٧", "birth_year": "١٩٩١"}, "1991-05-07"),
        ({"birth_day": "", "birth_month": "", "birth_year": ""}, None),
    ],
)
def test_as_much_of_a_date_as_is_known_is_taken(given: Mapping[str, str], told: str | None) -> None:
    assert enrolling_form.birth_of(typed(**given)) == told
    assert enrolling_form.form_of(typed(**given)).birth_date == told


@pytest.mark.parametrize("given", [{"birth_month": ""}, {"birth_year": ""}, {"birth_day": "x"}, {"birth_year": "91"}])
def test_what_is_no_date_is_refused(given: Mapping[str, str]) -> None:
    with pytest.raises(Faulty) as refusal:
        enrolling_form.refuse_faults(typed(**given), "birth", TODAY, complete=True)
    assert [fault.path for fault in refusal.value.faults] == [("birth_year",)]
    enrolling_form.refuse_faults(typed(**given), "names", TODAY, complete=True)


def test_every_step_follows_the_one_before() -> None:
    form = typed(whom="minor")
    steps = enrolling_form.asked_for(form, TODAY)
    assert steps == [*ADULT, "guardian"]
    assert [enrolling_form.following(form, step, TODAY) for step in steps] == [*steps[1:], "check"]
    assert [enrolling_form.preceding(form, step, TODAY) for step in [*steps, "check"]] == ["", *steps]
    assert enrolling_form.asked_for(typed(), TODAY) == [*ADULT]
    assert enrolling_form.following(typed(seen="yes"), "names", TODAY) == "check"
    assert enrolling_form.following(typed(seen="yes", birth_year="2020"), "birth", TODAY) == "guardian"


def test_what_the_schema_tells_is_what_was_typed() -> None:
    told = {
        "guarded": False,
        "guardian": None,
        "mother": None,
        "father": None,
        "person": {
            "name": {
                "given": {"ar": "سعاد", "latin": "Souad"},
                "family": {"ar": "العلمي", "latin": "El Alami"},
            },
            "birthDate": "1991-05-07",
            "birthPlace": {"code": "04.421"},
            "sex": "F",
            "maritalStatus": "MARRIED",
            "nationality": "MAR",
            "fatherName": "Hassan El Alami",
            "motherName": "فاطمة الزهراء بنيس",
            "cnie": "AB123456",
            "residencePermit": None,
            "residence": {"code": "06.141"},
            "address": "12, rue des Orangers",
            "telephone": "+212612345678",
            "email": "souad@example.org",
        },
    }
    fields = enrolling_form.fields_of(told, "DOCUMENTS")
    assert {name: value for name, value in fields.items() if value} == {
        **{name: value for part in ADULT.values() for name, value in part.items()},
        "cnie": "AB123456",
        "telephone": "+212612345678",
        "whom": "self",
    }
    assert fields.keys() == {*enrolling_form.FIELDS}
