"""The register on pages of staff, in a real browser: who is found, corrected, suspended, erased; each by two people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate
from playwright.async_api import Browser, FilePayload, Page

from access import publishing
from access.rights import Role, Scope
from api import schema
from api.portal import register
from core.database import Database
from core.dates import PartialDate
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.imports import LoadedPerson
from tests.access.enrolled import mandate_document
from tests.api.people import Signed
from tests.identity.files import pdf
from tests.identity.registered import CASABLANCA, RABAT, STRANGER
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.looking import Looker
from tests.portal.staffed import BEGAN, YEAR, said
from tests.portal.staffed import press as click
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE)
ARABIC_PLAIN = Reader("ar-MA", NARROW, scripts=False)
ENGLISH = Reader("en-GB", WIDE, scripts=False)
BOTH = pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
ALL = pytest.mark.parametrize("reader", [ARABIC_PLAIN, FRENCH], ids=str)
PAPER: FilePayload = {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": pdf()}
CASE = "?purpose=CASE_REVIEW"


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
    """Somebody of whom nothing has become yet."""
    names = {"given_name_latin": "Leila", "given_name_ar": "ليلى", "family_name_latin": "Alaoui", "family_name_ar": "العلوي"}
    return await its.register.person(**names, birth_date=PartialDate(1990, 5, 3), address="7, زنقة الليمون")


def form(action: str) -> str:
    return f"main form:has(> input[name=action][value={action}])"


async def send(page: Page, action: str) -> None:
    """The main button of a form of the page."""
    await click(page, f"{form(action)} .buttons button[type=submit] >> nth=0")


async def other(page: Page, action: str) -> None:
    """Another button of whatever form it stands in."""
    await click(page, f"main button[name=action][value={action}]")


async def faulty(page: Page) -> list[str]:
    """The fields beside which something is said to be wrong."""
    ids = [await each.get_attribute("id") for each in await page.locator("main .problem").all()]
    return [(name or "").removesuffix("-error") for name in ids]


async def told(page: Page, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in await page.locator(f"main {selector}").all_inner_texts()]


def path_of(its: Town, page: Page) -> str:
    return page.url.removeprefix(its.address).partition("?")[0]


async def one(its: Town, statement: str, *values: Any) -> Any:
    ((found,),) = [tuple(row.values()) for row in await its.office.ask(statement, *values)]
    return found


async def looks(its: Town, person: LoadedPerson) -> int:
    return int(await one(its, "select count(*) from ledger_entry where subject_id = $1", person.person_id))


async def verified(its: Town, person: LoadedPerson) -> bool:
    """Whether the agency is told that the given name is right."""
    caller = its.machine()
    claimed = {"subject": {"idcs": person.idcs.text}, "claims": [{"attribute": "person.given_name", "value": "Leila"}]}
    (answer,) = await asyncio.to_thread(lambda: caller.verify([claimed]))
    return bool(answer["confirmed"])


async def add_paper(page: Page, kind: str) -> None:
    await page.select_option("#fileKind", kind)
    await page.set_input_files("#file", PAPER)
    await other(page, "add")


async def approve(its: Town, page: Page, signed: Signed, proposal: str) -> None:
    await page.goto(proposal)
    await page.fill("#code", its.office.code(signed))
    await send(page, "approve")
    assert page.url == f"{its.address}{proposal}?done=approved"


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(register.__file__).parent / "pages"
    for page in register.PAGES:
        document = folder / f"{page.name}.graphql"
        assert (document.name, validate(built, parse(document.read_text("utf-8")))) == (document.name, [])


async def test_who_has_no_right_to_a_page_is_shown_nothing_of_it(its: Town, browser: Browser, person: LoadedPerson) -> None:
    place = f"/admin/people/{person.person_id}"
    closed = ["/admin/people", place + CASE, f"{place}/change", f"{place}/status", f"{place}/erase"]
    closed += [f"{place}/change/{person.person_id}", "/admin/change-requests", "/admin/openings"]
    closed += [f"/admin/change-requests/{person.person_id}"]
    nobody, agent = await its.office.staff(), await its.office.staff(Role.CENTRE_AGENT)
    elsewhere = await its.office.staff(Role.ADJUDICATOR, division=RABAT)
    async with its.office.reading(browser, ENGLISH, nobody) as page:
        before = await looks(its, person)
        for path in closed:
            answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 403)
            assert "Leila" not in await page.content()
        await its.office.enter(page, agent)
        for path in (f"{place}/status", f"{place}/erase", "/admin/change-requests", "/admin/openings"):
            answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 403)
        # Who resides elsewhere is as nobody.
        await its.office.enter(page, elsewhere)
        for path in (place + CASE, f"{place}/status", f"{place}/erase", f"/admin/people/{its.agency}{CASE}"):
            answer = await page.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 404)
            assert "Leila" not in await page.content()
        assert before <= await looks(its, person)


@BOTH
async def test_somebody_is_found_by_a_number_or_by_name_and_birth(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.office.reading(browser, reader, agent) as page:
        looker = Looker(page, reader, "staff")
        await page.goto("/admin/people")
        await send(page, "search")
        assert await faulty(page) == ["purpose"]
        await page.check("input[name=purpose][value=CASE_REVIEW]")
        await send(page, "search")
        assert await faulty(page) == ["number"]
        await page.fill("#number", person.idcs.text[:-1])
        await send(page, "search")
        assert await faulty(page) == ["number"]
        await page.fill("#name", "Leila")
        await send(page, "search")
        assert await faulty(page) == ["number"]
        if reader.scripts:
            await looker.see("search-wrong")
        await page.fill("#number", "")
        await send(page, "search")
        assert await faulty(page) == ["birthDate"]
        await page.fill("#birthDate", "٣/٥/١٩٩٠" if reader.lang == ARABIC.lang else "3.5.1990")
        await send(page, "search")
        assert str(person.person_id) in await page.content()
        assert "Leila" not in page.url
        if reader.scripts:
            await looker.see("search-found")
        # One who is nobody's and one who resides elsewhere look alike.
        elsewhere = await its.register.person(residence=RABAT)
        local = await its.office.staff(Role.CENTRE_AGENT, division=CASABLANCA)
        await its.office.enter(page, local)
        shown = []
        for idcs in (STRANGER, elsewhere.idcs.text):
            await page.goto("/admin/people")
            await page.check("input[name=purpose][value=IDENTITY_PROOFING]")
            await page.fill("#number", idcs)
            await send(page, "search")
            shown.append(await page.inner_text("#found"))
        assert shown[0] == shown[1] != ""
        if reader.scripts:
            await looker.see("search-nobody")
        await page.fill("#number", person.idcs.text)
        await send(page, "search")
        await click(page, "#found table a")
        assert page.url == f"{its.address}/admin/people/{person.person_id}?purpose=IDENTITY_PROOFING"


async def test_a_record_is_opened_only_for_a_purpose(its: Town, browser: Browser, person: LoadedPerson) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.office.reading(browser, ENGLISH, agent) as page:
        before = await looks(its, person)
        await page.goto(f"/admin/people/{person.person_id}")
        assert "Leila" not in await page.content()
        await page.goto(f"/admin/people/{person.person_id}?purpose=PAYMENT")
        assert "Leila" not in await page.content()
        await click(page, "main a[href*='purpose=CASE_REVIEW']")
        assert await said(page) == "Leila Alaoui"
        assert await looks(its, person) > before


@ALL
async def test_an_agent_corrects_a_birth_date_a_supervisor_decides_and_the_citizen_sees_it(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    agent = await its.office.staff(Role.CENTRE_AGENT, name="Said Amrani")
    supervisor = await its.office.staff(Role.SUPERVISOR, name="Hind Berrada")
    its.office.clock.turn(days=2)
    place = f"/admin/people/{person.person_id}"
    async with (
        its.office.reading(browser, reader, agent) as page,
        its.office.reading(browser, reader, supervisor) as other_page,
    ):
        looker, deciding = Looker(page, reader, "staff"), Looker(other_page, reader, "staff")

        async def see(looker: Looker, name: str) -> None:
            if reader.scripts:
                await looker.see(name)

        await page.goto(place + CASE)
        await see(looker, "record-new")
        await click(page, "main a[href$='what=person.birth_date']")
        assert await page.is_checked("input[name=what][value='person.birth_date']")
        await send(page, "begin")
        assert await faulty(page) == ["kind"]
        await page.check("input[name=kind][value=UPDATE]")
        await page.check("input[name=what][value='person.cnie']")
        await see(looker, "change-begin")
        await send(page, "begin")
        assert await page.input_value("#birthDate") == "1990-05-03"
        await page.fill("#birthDate", "31/2/1990")
        await page.fill("#cnie", "???")
        await send(page, "check")
        assert await faulty(page) == ["birthDate", "cnie"]
        assert await page.input_value("#birthDate") == "31/2/1990"
        await see(looker, "change-wrong")
        await page.fill("#birthDate", "13/5/1990")
        await page.fill("#cnie", "")
        await page.fill("#words", "الرقم 1 ساقط في السجل.")
        await page.select_option("#fileKind", "BIRTH_RECORD")
        await page.set_input_files("#file", PAPER)
        await send(page, "check")
        assert await faulty(page) == ["file"]  # it would be lost
        await add_paper(page, "BIRTH_RECORD")
        assert await page.locator("input[name=evidence]:checked").count() == 1
        assert await page.input_value("#birthDate") == "13/5/1990"
        await see(looker, "change-details")
        await send(page, "check")
        await see(looker, "change-check")
        await send(page, "send")
        assert await faulty(page) == ["birthDate"]  # nobody is born anew: it is no update
        # From the beginning, as a correction.
        await page.goto(f"{place}/change{CASE}&what=person.birth_date")
        await page.check("input[name=kind][value=CORRECTION]")
        await send(page, "begin")
        await page.fill("#birthDate", "13/5/1990")
        await page.fill("#words", "الرقم 1 ساقط في السجل.")
        await page.check("input[name=evidence]")
        await send(page, "check")
        assert await told(page, "table.diff tbody tr") != []
        await other(page, "edit")
        assert await page.input_value("#birthDate") == "13/5/1990"
        await send(page, "check")
        assert await its.office.ask("select from change_request where person_id = $1", person.person_id) == []
        await send(page, "send")
        number = await said(page, ".receipt-number")
        assert len(number.replace("\u200b", "")) >= len("123412341234")
        await see(looker, "change-receipt")
        request = path_of(its, page).rpartition("/")[2]
        assert await one(its, "select birth_date from person where person_id = $1", person.person_id) is not None

        await other_page.goto("/admin/change-requests")
        await see(deciding, "requests")
        await click(other_page, f"main a[href$='{request}']")
        assert len(await told(other_page, "table.diff tbody tr")) == 1
        async with other_page.expect_download() as download:
            await other_page.click("main table a[href*='/admin/evidence/']")
        assert (await download.value).suggested_filename.startswith("birth-record-")
        await send(other_page, "take-up")
        assert other_page.url == f"{its.address}/admin/change-requests/{request}?done=taken-up"
        await send(other_page, "decide")
        assert await faulty(other_page) == ["decision"]
        await other_page.check("input[name=decision][value=refuse]")
        await send(other_page, "decide")
        assert await faulty(other_page) == ["reason"]
        await other_page.check("input[name=decision][value=accept]")
        await other_page.fill("#code", "000000")
        await send(other_page, "decide")
        assert await faulty(other_page) == ["code"]
        await see(deciding, "request-wrong")
        await other_page.fill("#code", its.office.code(supervisor))
        await send(other_page, "decide")
        assert other_page.url == f"{its.address}/admin/change-requests/{request}?done=decided"
        assert await other_page.locator(form("decide")).count() == 0
        await see(deciding, "request-accepted")

        await page.goto(place + CASE)
        history = await told(page, ".timeline li")
        assert "Hind Berrada" in history[0]
        await see(looker, "record-corrected")
        for days, shown in ((1, "1990"), (400, "")):
            day = (its.office.clock() - timedelta(days=days)).date().isoformat()
            await page.goto(f"{place}{CASE}&asOf={day}")
            found = await page.inner_text("main")
            assert ("1990" in found, "13 " in found.partition("1990")[0][-9:]) == (bool(shown), False)
            if days == 1:
                await see(looker, "record-as-of")
    async with its.reading(browser, Reader("en-GB", scripts=False), person) as page:
        await page.goto("/me/data")
        assert "13 May 1990" in await page.inner_text("main")


@ALL
async def test_two_adjudicators_suspend_an_id_and_restore_it_and_verification_answers_so(
    its: Town, browser: Browser, person: LoadedPerson, reader: Reader
) -> None:
    first, second = [await its.office.staff(Role.ADJUDICATOR, name=name) for name in ("Omar Idrissi", "Salma Fassi")]
    place = f"/admin/people/{person.person_id}"
    assert await verified(its, person)
    async with (
        its.office.reading(browser, reader, first) as page,
        its.office.reading(browser, reader, second) as other_page,
    ):
        looker, deciding = Looker(page, reader, "staff"), Looker(other_page, reader, "staff")

        async def see(looker: Looker, name: str) -> None:
            if reader.scripts:
                await looker.see(name)

        await page.goto(f"{place}/status{CASE}")
        await send(page, "choose")
        assert await faulty(page) == ["step"]
        await see(looker, "status-choose")
        await page.check("input[name=step][value=SUSPEND]")
        await send(page, "choose")
        await send(page, "check")
        assert await faulty(page) == ["reason"]
        await page.check("input[name=reason][value=JUDGEMENT]")
        await page.fill("#until", (its.office.clock() + timedelta(days=900)).date().isoformat())
        await add_paper(page, "OTHER")
        await send(page, "check")
        await send(page, "propose")
        assert await faulty(page) == ["until"]
        last = (its.office.clock() + timedelta(days=30)).date()
        await page.fill("#until", last.isoformat())
        await send(page, "check")
        await send(page, "propose")
        assert await faulty(page) == ["evidence"]
        await see(looker, "status-evidence-wrong")
        await add_paper(page, "JUDGEMENT")
        assert await page.locator("input[name=evidence]:checked").count() == 2
        await see(looker, "status-details")
        await send(page, "check")
        await see(looker, "status-check")
        await send(page, "propose")
        proposal = path_of(its, page)
        assert await page.locator(form("approve")).count() == 0
        await see(looker, "status-proposed")
        assert await verified(its, person)

        await other_page.goto("/admin/approvals")
        await see(deciding, "approvals")
        await other_page.goto(proposal)
        named = "ليلى العلوي" if reader.lang == ARABIC.lang else "Leila Alaoui"
        assert named in await other_page.inner_text("main .facts")
        async with other_page.expect_download() as download:
            await other_page.click("main a[href*='/admin/evidence/'] >> nth=1")
        assert (await download.value).suggested_filename.startswith("judgement-")
        await see(deciding, "status-to-approve")
        await approve(its, other_page, second, proposal)
        await see(deciding, "status-approved")
        assert not await verified(its, person)
        await page.goto(place + CASE)
        await see(looker, "record-suspended")

        await page.goto(f"{place}/status{CASE}")
        await page.check("input[name=step][value=RESTORE]")
        await send(page, "choose")
        await page.check("input[name=reason][value=RESOLVED]")
        await add_paper(page, "OTHER")
        await send(page, "check")
        await send(page, "propose")
        await approve(its, other_page, second, path_of(its, page))
        assert await verified(its, person)


@BOTH
async def test_a_death_is_declared_and_taken_back(its: Town, browser: Browser, person: LoadedPerson, reader: Reader) -> None:
    first, second = [await its.office.staff(Role.SUPERVISOR) for _ in range(2)]
    place = f"/admin/people/{person.person_id}"
    status = "select status from person where person_id = $1"
    async with (
        its.office.reading(browser, reader, first) as page,
        its.office.reading(browser, reader, second) as other_page,
    ):
        for step, reason, paper, becomes in (
            ("DECLARE_DECEASED", "DEATH_RECORD", "DEATH_RECORD", "DECEASED"),
            ("UNDO_DEATH", "MISTAKE", "OTHER", "ACTIVE"),
            ("CANCEL", "LEFT_COUNTRY", "OTHER", "CANCELLED"),
        ):
            await page.goto(f"{place}/status{CASE}")
            await page.check(f"input[name=step][value={step}]")
            await send(page, "choose")
            await page.check(f"input[name=reason][value={reason}]")
            await page.fill("#effectiveOn", its.office.clock().date().isoformat())
            await add_paper(page, paper)
            if reader.scripts and step == "DECLARE_DECEASED":
                await Looker(page, reader, "staff").see("death-details")
            await send(page, "check")
            await send(page, "propose")
            await approve(its, other_page, second, path_of(its, page))
            assert await one(its, status, person.person_id) == becomes
        await page.goto(f"{place}/status{CASE}")
        assert await page.locator("main form").count() == 0
        await page.goto(place + CASE)
        assert await page.locator("main a[href*='/change']").count() == 0


@BOTH
async def test_a_person_is_erased_by_two(its: Town, browser: Browser, person: LoadedPerson, reader: Reader) -> None:
    first, second = [await its.office.staff(Role.ADJUDICATOR) for _ in range(2)]
    place = f"/admin/people/{person.person_id}"
    async with (
        its.office.reading(browser, reader, first) as page,
        its.office.reading(browser, reader, second) as other_page,
    ):
        looker = Looker(page, reader, "staff")
        await page.goto(f"{place}/erase{CASE}")
        await send(page, "check")
        assert await faulty(page) == ["reason"]
        if reader.scripts:
            await looker.see("erase-wrong")
        await page.check("input[name=reason][value=JUDGEMENT]")
        await page.fill("#reference", "TPI Casablanca 2026/118")
        await send(page, "check")
        if reader.scripts:
            await looker.see("erase-check")
        await other(page, "edit")
        assert await page.input_value("#reference") == "TPI Casablanca 2026/118"
        await send(page, "check")
        await send(page, "propose")
        proposal = path_of(its, page)
        await other_page.goto(proposal)
        if reader.scripts:
            await Looker(other_page, reader, "staff").see("erase-to-approve")
        await approve(its, other_page, second, proposal)
        assert await one(its, "select data_key from person where person_id = $1", person.person_id) is None
        answer = await page.goto(place + CASE)
        assert answer is not None
        assert answer.status == 404
        await other_page.goto(proposal)
        assert "Leila" not in await other_page.content()


@BOTH
async def test_a_request_is_taken_back_or_refused(its: Town, browser: Browser, person: LoadedPerson, reader: Reader) -> None:
    agent, supervisor = await its.office.staff(Role.CENTRE_AGENT), await its.office.staff(Role.SUPERVISOR)
    place = f"/admin/people/{person.person_id}"
    states = "select state from change_request where person_id = $1 order by submitted_at"
    async with its.office.reading(browser, reader, agent) as page:
        for _ in range(2):
            await page.goto(f"{place}/change{CASE}&what=person.address")
            await page.check("input[name=kind][value=UPDATE]")
            await send(page, "begin")
            await page.fill("#address", "9, rue des Orangers")
            await page.fill("#effectiveOn", "2026-01-15")
            await send(page, "check")
            await send(page, "send")
            request = path_of(its, page).rpartition("/")[2]
            if _ == 0:
                await page.goto(place + CASE)
                if reader.scripts:
                    await Looker(page, reader, "staff").see("record-open-request")
                await click(page, f"{form('withdraw')} button")
                assert "done=withdrawn" in page.url
        await its.office.enter(page, supervisor)
        its.office.clock.turn(days=11)
        await its.office.enter(page, supervisor)
        await page.goto("/admin/change-requests")
        assert await page.locator("main .tag-bad").count() >= 1
        await page.goto(f"/admin/change-requests/{request}")
        await page.check("input[name=decision][value=refuse]")
        await page.select_option("#reason", "NOT_FOUNDED")
        await page.fill("#words", "العنوان المسجل صحيح.")
        await page.fill("#code", its.office.code(supervisor))
        await send(page, "decide")
        assert [row["state"] for row in await its.office.ask(states, person.person_id)] == ["WITHDRAWN", "REJECTED"]
        await page.goto("/admin/change-requests?state=REJECTED")
        if reader.scripts:
            await Looker(page, reader, "staff").see("requests-refused")
        assert request in await page.content()


@BOTH
async def test_enrolment_is_opened_by_division_and_day(its: Town, browser: Browser, reader: Reader) -> None:
    person = await its.office.staff(Role.ADMINISTRATOR)
    async with its.office.reading(browser, reader, person) as page:
        await page.goto("/admin/openings")
        await send(page, "open")
        assert await faulty(page) == ["division"]
        await page.select_option("#division", RABAT)
        await page.fill("#on", "2040-01-01")
        await send(page, "open")
        assert await faulty(page) == ["on"]
        await page.fill("#on", its.office.clock().date().isoformat())
        await send(page, "open")
        assert page.url == f"{its.address}/admin/openings?done=opened"
        assert await page.locator("main .tag-good").count() >= 1
        await page.select_option("#division", CASABLANCA)
        await page.fill("#on", (its.office.clock() + timedelta(days=20)).date().isoformat())
        await send(page, "open")
        if reader.scripts:
            await Looker(page, reader, "staff").see("openings")
        await page.select_option("#division", "01.051")
        await other(page, "close")
        assert await faulty(page) == ["division"]
        await page.select_option("#division", RABAT)
        await other(page, "close")
        assert page.url == f"{its.address}/admin/openings?done=closed"
