"""The registry's staff at work, in a real browser: what is dangerous takes two, what stops takes one, and both are told so."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page

from access.rights import Role
from api import schema
from api.portal import admin, sign_in, site
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from tests.access.enrolled import Key
from tests.api.people import Signed
from tests.portal.browser import NARROW, WIDE, Reader, overflows, shoot
from tests.portal.staffed import PASSWORD, Office, press, said, seen, staffed, statements

ARABIC, FRENCH, PLAIN = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE), Reader("fr-MA", WIDE, scripts=False)
EVERYTHING = (Role.PUBLISHER, Role.ADMINISTRATOR, Role.SUPERVISOR)
MOST_STATEMENTS = 10  # of a page: who looks, what is shown, and that it was looked at
SEX, BIRTH = "input[name='uses-person.sex']", "input[name='uses-person.birth_date']"


@pytest.fixture(scope="module")
async def office(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Office]:
    async with staffed(database, postgres.url, keys) as found:
        yield found


def form(action: str) -> str:
    return f"main form:has(input[name=action][value={action}])"


async def send(page: Page, action: str) -> None:
    await press(page, f"{form(action)} button[type=submit]")


async def go(page: Page, path: str) -> int:
    answer = await page.goto(path)
    assert answer is not None
    return answer.status


async def told(page: Page, selector: str) -> list[str]:
    """The texts of all of them, with their blanks squeezed."""
    return [" ".join(text.split()) for text in await page.locator(f"main {selector}").all_inner_texts()]


async def approve(office: Office, page: Page, person: Signed, proposal: str) -> None:
    """Whoever looks approves it."""
    await page.goto(proposal)
    await page.fill("#code", office.code(person))
    await send(page, "approve")
    assert page.url == f"{office.address}{proposal}?done=approved"


def path_of(office: Office, page: Page) -> str:
    return page.url.removeprefix(office.address).partition("?")[0]


async def one(office: Office, statement: str, *values: Any) -> Any:
    """The only value of the only row."""
    ((found,),) = [tuple(row.values()) for row in await office.ask(statement, *values)]
    return found


async def proposals(office: Office, person: Signed) -> int:
    return int(await one(office, "select count(*) from proposal where proposed_by = $1", person.account))


# --- every page


@pytest.mark.parametrize(("reader", "other_width"), [(ARABIC, WIDE), (FRENCH, NARROW)], ids=str)
async def test_every_page_can_be_read(office: Office, browser: Browser, reader: Reader, other_width: int) -> None:
    agency = await office.agency(f"READ_{reader.lang[:2].upper()}_{reader.width}")
    person, other = await office.staff(*EVERYTHING), await office.staff(Role.PUBLISHER, division="04")
    place, account = f"/admin/agencies/{agency}", f"/admin/accounts/{other.account}"
    pages = {
        "home": "/admin",
        "approvals": "/admin/approvals",
        "approvals-all": "/admin/approvals?state=ALL",
        "agencies": "/admin/agencies",
        "agency-new": "/admin/agencies/new",
        "agency": place,
        "key-new": f"{place}/keys/new",
        "agreement": f"{place}/agreements/1",
        "agreement-new": f"{place}/agreements/new",
        "agreement-json": f"{place}/agreements/json",
        "mandate-new": f"{place}/mandates/new",
        "notice-new": f"{place}/notices/new",
        "accounts": "/admin/accounts",
        "account-new": "/admin/accounts/new",
        "account-agencies": "/admin/accounts/agencies",
        "agency-people": f"/admin/accounts/agencies/{agency}",
        "agency-administrator-new": f"/admin/accounts/agencies/{agency}/new",
        "account-other": account,
        "role-new": f"{account}/roles/new",
        "account-own": f"/admin/accounts/{person.account}",
        "reports": "/admin/reports",
        "assisted": "/admin/assisted",
        "telephones": "/admin/telephones",
        "telephone-stop": "/admin/telephones/stop",
    }
    async with office.reading(browser, reader, person) as page:
        for name, path in pages.items():
            assert (name, await go(page, path)) == (name, 200)
            await seen(page, name, reader)
            await page.set_viewport_size({"width": other_width, "height": 1000})
            await shoot(page, f"{name}-{Reader(reader.lang, other_width)}")
            assert (name, await overflows(page)) == (name, [])
            await page.set_viewport_size({"width": reader.width, "height": 1000})


async def test_who_has_no_right_to_a_page_is_shown_nothing_of_it(office: Office, browser: Browser) -> None:
    agency = await office.agency("CLOSED")
    nobody, officer = await office.staff(), await office.staff(Role.AGENCY_ADMINISTRATOR, agency=agency)
    place = f"/admin/agencies/{agency}"
    closed = ["/admin/approvals", "/admin/agencies", "/admin/agencies/new", place, f"{place}/agreements/new"]
    closed += ["/admin/accounts", "/admin/accounts/new", "/admin/accounts/agencies", "/admin/reports", "/admin/assisted"]
    closed += ["/admin/telephones", "/admin/telephones/stop", f"{place}/mandates/new", f"{place}/notices/new"]
    async with office.reading(browser, ARABIC, nobody) as page:
        assert await go(page, "/admin") == 200
        assert await told(page, ".empty") != []
        assert await page.locator(".places nav a").count() == 1  # one's own account
        await seen(page, "home-empty", ARABIC)
        for path in closed:
            assert (path, await go(page, path)) == (path, 403)
            assert "CLOSED" not in await page.content()
        await office.enter(page, officer)
        for path in closed:
            await page.goto(path)
            assert page.url.startswith(f"{office.address}/admin/sign-in?")
        assert await go(page, "/admin/approvals/not-an-id") == 200  # the door: it is not theirs to ask


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(admin.__file__).parent / "pages"
    names = sorted({page.name for page in (*admin.PAGES, *sign_in.PAGES)})
    for name in names:
        found = folder / f"{name}.graphql"
        assert (name, validate(built, parse(found.read_text("utf-8"))) if found.exists() else []) == (name, [])
    written = {f"{path.parent.name}/{path.stem}" for area in ("admin", "account") for path in (folder / area).glob("*.graphql")}
    assert written <= {page.name for page in site.PAGES}


async def test_a_page_costs_a_handful_of_statements(office: Office, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    agency, person = await office.agency("FRUGAL"), await office.staff(*EVERYTHING)
    place = f"/admin/agencies/{agency}"
    paths = ["/admin", "/admin/approvals", "/admin/agencies", place, f"{place}/agreements/1", f"{place}/agreements/new"]
    paths += ["/admin/accounts", f"/admin/accounts/{person.account}", "/admin/reports", "/admin/account"]
    async with office.reading(browser, FRENCH, person) as page:
        for path in paths:
            with statements(monkeypatch) as sent:
                assert await go(page, path) == 200
            assert 2 <= len(sent) <= MOST_STATEMENTS, (path, len(sent), sent)


# --- agreements


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_what_becomes_of_an_agreement_is_checked_proposed_and_approved(
    office: Office, browser: Browser, reader: Reader
) -> None:
    code = f"NEXT_{reader.lang[:2].upper()}"
    agency = await office.agency(code)
    first, second, third = [await office.staff(Role.PUBLISHER) for _ in range(3)]
    place = f"/admin/agencies/{agency}"
    async with (
        office.reading(browser, reader, first) as page,
        office.reading(browser, reader, second) as other,
        office.reading(browser, reader, third) as late,
    ):
        await page.goto(f"{place}/agreements/new")
        assert await page.is_checked("input[name='uses-person.given_name'][value=RELEASE]")
        assert await page.input_value("select[name='level-person.given_name']") == "CLOSE"
        assert await page.is_checked("input[name='verdict-person.birth_date']")
        await page.uncheck(f"{BIRTH}[value=MATCH]")
        await page.check(f"{SEX}[value=RELEASE]")
        await page.fill("#points_per_minute", "٩٠٠٠")
        await page.check("input[name=where][value=within]")
        await page.check("input[name=regions][value='04']")
        await page.fill("#divisions", "06.141, nowhere")
        await page.fill("#valid_to", "")
        await send(page, "check")
        assert await page.locator("#divisions-error").count() == 1
        await seen(page, "agreement-wrong", reader)
        await page.fill("#divisions", "06.141")
        await send(page, "check")
        assert await page.locator("#valid_to-error").count() == 1
        assert await page.is_checked(f"{SEX}[value=RELEASE]")
        assert not await page.is_checked(f"{BIRTH}[value=MATCH]")
        assert await page.input_value("#points_per_minute") == "٩٠٠٠"
        await page.fill("#valid_to", "2027-12-31")
        await send(page, "check")
        changed = await told(page, "table.diff tbody tr")
        assert len(changed) == 7
        await seen(page, "agreement-check", reader)
        await send(page, "edit")
        assert await page.is_checked("input[name=regions][value='04']")
        await send(page, "check")
        assert await proposals(office, first) == 0
        twice = await fields_of(page, "propose")
        await send(page, "propose")
        proposal = path_of(office, page)
        await seen(page, "proposal-mine", reader)
        again = await page.request.post(
            f"{office.address}{place}/agreements/new",
            data=urlencode(twice),
            headers={"content-type": "application/x-www-form-urlencoded", "origin": office.address},
            max_redirects=0,
        )
        assert (again.status, again.headers["location"]) == (303, f"{proposal}?done=proposed")
        assert await proposals(office, first) == 1
        assert await one(office, "select count(*) from agreement where agency_id = $1", agency) == 1

        # Who proposed it cannot approve it: not on the page, and not by a form made by hand.
        assert await page.locator(form("approve")).count() == 0
        if reader.scripts:
            hash_ = await one(office, "select encode(hash, 'hex') from proposal where proposed_by = $1", first.account)
            await page.evaluate(
                """([hash, code]) => { const form = document.querySelector('main form')
                  form.querySelector('[name=action]').value = 'approve'
                  for (const [name, value] of [['hash', hash], ['code', code]])
                    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value })) }""",
                [hash_, office.code(first)],
            )
            await press(page, "main form button[type=submit]")
            assert await page.locator(form("refill")).count() == 1
            assert await one(office, "select decision from proposal where proposed_by = $1", first.account) is None

        for reading in (other, late):
            await reading.goto(proposal)
            assert await told(reading, "table.diff tbody tr") == changed
        await seen(other, "proposal-other", reader)
        await approve(office, other, second, proposal)
        await late.fill("#code", office.code(third))
        await send(late, "approve")
        assert await late.locator("#errors").count() == 1
        assert await late.locator(form("approve")).count() == 0
        await seen(late, "proposal-late", reader)
        document = json.loads(await one(office, "select document from agreement where agency_id = $1 and version = 2", agency))
        assert document["attributes"] == {
            "person.given_name": {"level": "CLOSE", "uses": ["MATCH", "RELEASE"]},
            "person.sex": {"uses": ["RELEASE"]},
        }
        assert (document["points_per_minute"], document["territory"]) == (9000, ["04", "06.141"])
        assert document["valid_to"] == "2027-12-31T23:00:00+00:00"
        await page.goto(f"{place}/agreements/2")
        assert len(await told(page, "table tbody tr")) == 2
        await seen(page, "agreement-2", reader)


async def fields_of(page: Page, action: str) -> list[tuple[str, str]]:
    """What a form would send."""
    found = []
    for field in await page.locator(f"{form(action)} input").all():
        name = await field.get_attribute("name")
        assert name is not None
        found.append((name, await field.get_attribute("value") or ""))
    return found


async def test_a_form_that_is_sent_twice_proposes_once(office: Office, browser: Browser) -> None:
    agency, person = await office.agency("TWICE"), await office.staff(Role.PUBLISHER)
    async with office.reading(browser, FRENCH, person) as page:
        await page.goto(f"/admin/agencies/{agency}/agreements/new")
        await send(page, "check")
        async with page.expect_navigation():
            await page.evaluate(
                "(at) => { const b = document.querySelector(at); b.click(); b.click() }", f"{form('propose')} button"
            )
        assert page.url.startswith(f"{office.address}/admin/approvals/")
        assert await proposals(office, person) == 1


@pytest.mark.parametrize("reader", [ARABIC, PLAIN], ids=str)
async def test_a_session_that_ends_in_mid_agreement_loses_nothing(office: Office, browser: Browser, reader: Reader) -> None:
    agency = await office.agency(f"LONG_{reader.lang[:2].upper()}")
    person = await office.with_password(Role.PUBLISHER)
    async with office.reading(browser, reader, person) as page:
        await page.goto(f"/admin/agencies/{agency}/agreements/new")
        await page.check(f"{SEX}[value=RELEASE]")
        await page.fill("#points_per_minute", "7654")
        office.clock.turn(minutes=16)
        await send(page, "check")
        assert path_of(office, page) == f"/admin/agencies/{agency}/agreements/new"
        await page.fill("#email", person.email)
        await page.fill("#password", PASSWORD)
        await press(page)
        await page.fill("#code", office.code(person))
        await press(page)
        await seen(page, "resume", reader)
        await press(page)
        assert path_of(office, page) == f"/admin/agencies/{agency}/agreements/new"
        assert await page.is_checked(f"{SEX}[value=RELEASE]")
        assert await page.input_value("#points_per_minute") == "7654"
        await send(page, "check")
        assert await page.locator(form("propose")).count() == 1
        assert await proposals(office, person) == 0


async def test_an_agreement_written_as_json_says_where_it_is_to_be_mended(office: Office, browser: Browser) -> None:
    agency, person = await office.agency("EXPERT"), await office.staff(Role.PUBLISHER)
    async with office.reading(browser, FRENCH, person) as page:
        await page.goto(f"/admin/agencies/{agency}/agreements/json")
        text = await page.input_value("#document")
        assert json.loads(text)["version"] == 2
        for wrong, place in (
            (text.replace('"RELEASE"', '"EVERYTHING"'), "document.attributes.person.given_name.uses.1"),
            (text[1:], "document"),
        ):
            await page.fill("#document", wrong)
            await send(page, "propose")
            assert await page.input_value("#document") == wrong
            assert await page.locator("#document-error").count() == 1
            assert place in await page.inner_text("main")
        await seen(page, "agreement-json-wrong", FRENCH)
        assert await proposals(office, person) == 0
        await page.fill("#document", text.replace("6000", "6001"))
        await send(page, "propose")
        assert len(await told(page, "table.diff tbody tr")) == 2
        assert await proposals(office, person) == 1


async def test_a_version_is_suspended_by_one_and_counts_again_by_two(office: Office, browser: Browser) -> None:
    agency = await office.agency("STOPS")
    first, second = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    suspended = "select suspended_at from agreement where agency_id = $1"
    async with office.reading(browser, FRENCH, first) as page, office.reading(browser, ARABIC, second) as other:
        await page.goto(f"/admin/agencies/{agency}/agreements/1")
        await send(page, "ask-suspend")
        await seen(page, "agreement-suspend", FRENCH)
        assert await one(office, suspended, agency) is None
        await send(page, "suspend")
        assert await one(office, suspended, agency) is not None
        assert await page.locator(".tag-bad").count() == 1
        assert first.name in await page.inner_text("main")
        await send(page, "ask-resume")
        await send(page, "resume")
        assert await one(office, suspended, agency) is not None
        await approve(office, other, second, path_of(office, page))
        assert await one(office, suspended, agency) is None


# --- mandates and notices


async def test_a_mandate_is_published_by_two_and_taken_back_by_one(office: Office, browser: Browser) -> None:
    agency = await office.agency("LAW")
    first, second = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    async with office.reading(browser, FRENCH, first) as page, office.reading(browser, ARABIC, second) as other:
        await page.goto(f"/admin/agencies/{agency}/mandates/new")
        await page.select_option("#purpose", "ELIGIBILITY")
        await page.fill("#article", "Loi inventée 1-26, article 3")
        await page.check("input[name=disclosure][value=DELAYED]")
        await send(page, "check")
        assert await page.locator("#attributes-error").count() == 1
        await page.check("input[name=attributes][value='person.birth_date']")
        await page.fill("#disclosure_days", "a few")
        await send(page, "check")
        assert await page.locator("#disclosure_days-error").count() == 1
        assert await page.is_checked("input[name=attributes][value='person.birth_date']")
        await page.fill("#disclosure_days", "30")
        await send(page, "check")
        await seen(page, "mandate-check", FRENCH)
        await send(page, "propose")
        proposal = path_of(office, page)
        await seen(page, "mandate-proposed", FRENCH)
        assert await one(office, "select count(*) from mandate where agency_id = $1", agency) == 0
        await other.goto(proposal)
        await seen(other, "mandate-to-approve", ARABIC)
        await approve(office, other, second, proposal)
        mandate = await one(office, "select mandate_id from mandate where agency_id = $1", agency)
        await page.goto(f"/admin/agencies/{agency}/mandates/{mandate}")
        await seen(page, "mandate", FRENCH)
        await send(page, "ask-revoke")
        assert await one(office, "select revoked_at from mandate where mandate_id = $1", mandate) is None
        await send(page, "revoke")
        assert await one(office, "select revoked_at from mandate where mandate_id = $1", mandate) is not None
        assert await page.locator(form("ask-revoke")).count() == 0
        assert first.name in await page.inner_text("main")
        assert await go(page, f"/admin/agencies/{agency}/mandates/{UUID(int=7)}") == 404


async def test_a_notice_is_written_in_three_languages_and_again(office: Office, browser: Browser) -> None:
    agency = await office.agency("TELLS")
    first, second = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    words = {"ar": "طلب منحة السكن", "fr": "Votre demande d'aide", "en": "Your application"}
    async with office.reading(browser, ARABIC, first) as page, office.reading(browser, FRENCH, second) as other:
        await page.goto(f"/admin/agencies/{agency}/notices/new")
        await page.select_option("#purpose", "SERVICE_DELIVERY")
        for lang, title in words.items():
            await page.fill(f"#title-{lang}", title)
            await page.fill(f"#body-{lang}", f"{title}\n{title}")
            await page.fill(f"#why-{lang}", title)
        await page.fill("#why-en", "\t")
        await page.check("input[name=attributes][value='person.birth_date']")
        await send(page, "check")
        assert await page.locator("#why-en-error").count() == 1
        assert await page.input_value("#body-ar") == f"{words['ar']}\n{words['ar']}"
        await page.fill("#why-en", words["en"])
        await page.fill("#longest_days", "900")
        await send(page, "check")
        await send(page, "propose")
        assert await page.locator("#longest_days-error").count() == 1
        await seen(page, "notice-wrong", ARABIC)
        await page.fill("#longest_days", "90")
        await send(page, "check")
        await seen(page, "notice-check", ARABIC)
        await send(page, "propose")
        proposal = path_of(office, page)
        await other.goto(proposal)
        await seen(other, "notice-to-approve", FRENCH)
        await approve(office, other, second, proposal)
        await page.goto(f"/admin/agencies/{agency}/notices/SERVICE_DELIVERY/1")
        await seen(page, "notice", ARABIC)
        await page.goto(f"/admin/agencies/{agency}/notices/new?purpose=SERVICE_DELIVERY")
        assert await page.input_value("#title-ar") == words["ar"]
        await page.fill("#title-ar", "طلب منحة")
        await send(page, "check")
        assert len(await told(page, "table.diff tbody tr")) == 2  # version and title
        await send(page, "propose")
        change = json.loads(
            await one(office, "select change from proposal where proposed_by = $1 and decision is null", first.account)
        )
        assert (change["document"]["version"], change["document"]["texts"]["fr"]["title"]) == (2, words["fr"])


# --- agencies and their keys


async def test_an_agency_is_enrolled_given_a_key_and_loses_it(office: Office, browser: Browser) -> None:
    first, second = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    names = {"ar": "صندوق جديد", "fr": "Nouvelle caisse", "en": "New fund"}
    async with office.reading(browser, FRENCH, first) as page, office.reading(browser, ARABIC, second) as other:
        await page.goto("/admin/agencies/new")
        await page.fill("#code", "new fund")
        for lang, name in names.items():
            await page.fill(f"#name-{lang}", name)
        await send(page, "enrol")
        assert await page.locator("#code-error").count() == 1
        assert await page.input_value("#name-ar") == names["ar"]
        await seen(page, "agency-new-wrong", FRENCH)
        await page.fill("#code", "NEW_FUND")
        await send(page, "enrol")
        enrolment = path_of(office, page)

        # The one says no; it is proposed again, taken back, and proposed once more.
        await other.goto("/admin/approvals")
        await seen(other, "approvals-open", ARABIC)
        await other.goto(enrolment)
        await send(other, "reject")
        assert await other.locator("#reason-error").count() == 1
        await other.fill("#reason", "الاسم غير كامل")
        await send(other, "reject")
        await seen(other, "proposal-refused", ARABIC)
        await page.goto(enrolment)
        assert "الاسم غير كامل" in await page.inner_text("main")
        assert await one(office, "select decision from proposal where proposed_by = $1", first.account) == "REJECTED"
        for last in (False, True):
            await page.goto("/admin/agencies/new")
            await page.fill("#code", "NEW_FUND")
            for lang, name in names.items():
                await page.fill(f"#name-{lang}", name)
            await send(page, "enrol")
            if not last:
                await page.fill("#reason", "Erreur")
                await send(page, "reject")
                assert await page.locator(form("reject")).count() == 0
        assert await one(office, "select count(*) from agency where code = 'NEW_FUND'") == 0
        await approve(office, other, second, path_of(office, page))
        agency = await one(office, "select agency_id from agency where code = 'NEW_FUND'")

        await page.goto(f"/admin/agencies/{agency}/keys/new")
        key = Key.new()
        for wrong in ("", "{", json.dumps({**key.jwk, "d": "AAAA"}), json.dumps({"kty": "oct", "k": "AAAA"})):
            await page.fill("#jwk", wrong)
            await send(page, "add")
            assert (wrong, await page.locator("#jwk-error").count()) == (wrong, 1)
        await seen(page, "key-wrong", FRENCH)
        await page.fill("#jwk", json.dumps(dict(key.jwk)))
        await page.fill("#valid_to", "2031-01-01")
        await send(page, "add")
        assert await page.locator("#valid_to-error").count() == 1
        await page.fill("#valid_to", "2027-01-01")
        await send(page, "add")
        await seen(page, "key-proposed", FRENCH)
        await approve(office, other, second, path_of(office, page))
        assert await one(office, "select kid from agency_key where agency_id = $1", agency) == key.kid
        await page.goto(f"/admin/agencies/{agency}")
        await send(page, "ask-revoke-key")
        await seen(page, "key-revoke", FRENCH)
        assert await one(office, "select revoked_at from agency_key where agency_id = $1", agency) is None
        await send(page, "revoke-key")
        assert await one(office, "select revoked_at from agency_key where agency_id = $1", agency) is not None
        assert await page.locator(form("ask-revoke-key")).count() == 0
        assert first.name in await page.inner_text("main")


async def test_an_agency_is_suspended_by_one_and_asks_again_by_two(office: Office, browser: Browser) -> None:
    agency = await office.agency("PAUSE")
    first, second = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    suspended = "select suspended_at from agency where agency_id = $1"
    async with office.reading(browser, ARABIC, first) as page, office.reading(browser, FRENCH, second) as other:
        await page.goto(f"/admin/agencies/{agency}")
        await send(page, "ask-suspend")
        await seen(page, "agency-suspend", ARABIC)
        assert await one(office, suspended, agency) is None
        await send(page, "suspend")
        assert await one(office, suspended, agency) is not None
        await page.goto(f"/admin/agencies/{agency}")
        assert await page.locator(".notice-bad").count() == 1
        await seen(page, "agency-suspended", ARABIC)
        assert first.name in await page.inner_text("main")
        await send(page, "ask-resume")
        await send(page, "resume")
        proposal = path_of(office, page)
        await other.goto(proposal)
        await seen(other, "resume-to-approve", FRENCH)
        await approve(office, other, second, proposal)
        assert await one(office, suspended, agency) is None


# --- accounts


async def test_somebody_is_invited_given_a_role_by_two_and_loses_it(office: Office, browser: Browser) -> None:
    first, second = await office.staff(Role.ADMINISTRATOR), await office.staff(Role.ADMINISTRATOR)
    async with office.reading(browser, FRENCH, first) as page, office.reading(browser, ARABIC, second) as other:
        await page.goto("/admin/accounts/new")
        await page.fill("#name", "نادية Alaoui")
        await page.fill("#email", "not an address")
        await send(page, "invite")
        assert await page.locator("#email-error").count() == 1
        await seen(page, "account-new-wrong", FRENCH)
        await page.fill("#email", first.email)
        await send(page, "invite")
        assert await page.locator("#email-error").count() == 1
        await page.fill("#email", "nadia@example.org")
        await send(page, "invite")
        place = path_of(office, page)
        account = UUID(place.rpartition("/")[2])
        sent = "select count(*) from message where owner_id = $1 and notice = 'INVITATION'"
        assert await one(office, sent, account) == 1
        await seen(page, "account-invited", FRENCH)
        await send(page, "invite-again")
        assert await one(office, sent, account) == 2

        await page.goto(f"{place}/roles/new")
        await send(page, "grant")
        assert await page.locator("#role-error").count() == 1
        await page.check("input[name=role][value=CENTRE_AGENT]")
        await page.select_option("#division", "04.421")
        await page.fill("#valid_to", "2026-01-01")
        await send(page, "grant")
        assert await page.locator("#valid_to-error").count() == 1
        assert await page.input_value("#division") == "04.421"
        await page.fill("#valid_to", "2026-12-31")
        await send(page, "grant")
        proposal = path_of(office, page)
        assert "نادية Alaoui" in await page.inner_text(".facts")
        await other.goto(proposal)
        assert "nadia@example.org" in await other.inner_text(".facts")
        await seen(other, "role-to-approve", ARABIC)
        held = "select count(*) from role_grant where account_id = $1 and revoked_at is null"
        assert await one(office, held, account) == 0
        await approve(office, other, second, proposal)
        assert await one(office, held, account) == 1

        await page.goto(place)
        await seen(page, "account-with-role", FRENCH)
        await send(page, "ask-revoke")
        await seen(page, "role-revoke", FRENCH)
        await send(page, "revoke")
        assert await one(office, held, account) == 0
        await send(page, "ask-disable")
        await seen(page, "account-disable", FRENCH)
        await send(page, "disable")
        assert await one(office, "select disabled_at from account where account_id = $1", account) is not None
        assert await page.locator("main form").count() == 0
        await seen(page, "account-disabled", FRENCH)


async def test_a_lost_telephone_is_made_good_by_two(office: Office, browser: Browser) -> None:
    first, second = await office.staff(Role.ADMINISTRATOR), await office.staff(Role.ADMINISTRATOR)
    lost = await office.with_password(Role.CENTRE_AGENT)
    async with office.reading(browser, ARABIC, first) as page, office.reading(browser, FRENCH, second) as other:
        await page.goto(f"/admin/accounts/{lost.account}")
        await send(page, "ask-reset")
        await seen(page, "account-reset", ARABIC)
        await send(page, "reset")
        assert (await office.row(lost))["password"] is not None
        proposal = path_of(office, page)
        await other.goto(proposal)
        await seen(other, "reset-to-approve", FRENCH)
        await approve(office, other, second, proposal)
        assert (await office.row(lost))["password"] is None
        await page.goto(f"/admin/accounts/{first.account}")
        assert await page.locator("main form, main a[href$='/roles/new']").count() == 0  # nobody does this to themselves


async def test_an_administrator_finds_the_agency_whose_people_are_to_be_invited(office: Office, browser: Browser) -> None:
    agency, person = await office.agency("AAA_PEOPLE"), await office.staff(Role.ADMINISTRATOR)
    async with office.reading(browser, ARABIC, person) as page:
        await page.goto("/admin/accounts/agencies")
        await press(page, f"main a[href$='{agency}']")
        assert await page.locator(".empty").count() == 1
        await page.goto(f"/admin/accounts/agencies/{agency}/new")
        await page.fill("#name", "Hassan Tazi")
        await page.fill("#email", "hassan@example.org")
        await send(page, "invite")
        assert (
            await one(office, "select agency_id from account where account_id = $1", UUID(path_of(office, page)[-36:]))
            == agency
        )
        await page.goto(f"/admin/accounts/agencies/{agency}")
        await seen(page, "agency-people-one", ARABIC)


async def test_long_lists_go_on_from_page_to_page(office: Office, browser: Browser) -> None:
    people = [await office.staff(Role.PUBLISHER) for _ in range(25)]
    person = await office.staff(Role.ADMINISTRATOR)
    async with office.reading(browser, FRENCH, person) as page:
        await page.goto("/admin/accounts")
        first = await told(page, "table tbody tr")
        await seen(page, "accounts-many", FRENCH)
        await press(page, ".pager a")
        second = await told(page, "table tbody tr")
        assert (len(first), set(first) & set(second)) == (20, set())
        assert await go(page, "/admin/accounts?after=forged") == 400
        assert all(each.email in " ".join([*first, *second]) for each in people)


async def test_a_proposal_that_has_expired_is_decided_by_nobody(office: Office, browser: Browser) -> None:
    first, second = await office.staff(Role.PUBLISHER), await office.staff(Role.PUBLISHER)
    async with office.reading(browser, FRENCH, first) as page:
        await page.goto("/admin/agencies/new")
        await page.fill("#code", "LATE")
        for lang in ("ar", "fr", "en"):
            await page.fill(f"#name-{lang}", "Late")
        await send(page, "enrol")
        proposal = path_of(office, page)
        office.clock.turn(seconds=timedelta(days=7).total_seconds())
        await office.enter(page, second)
        await page.goto(proposal)
        assert await page.locator("main form").count() == 0
        assert await said(page, ".tag") == "Expiré"
        await page.goto("/admin/approvals")
        assert proposal not in await page.content()
