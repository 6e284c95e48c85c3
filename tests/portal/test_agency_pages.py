"""Agencies' people at work, in a real browser: questions about one person, consents, and what an administrator sees to."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest
from graphql import parse, validate
from playwright.async_api import Browser, Page
from structlog.testing import capture_logs

from access import publishing
from access.call import Actor, ActorKind, Call, Purpose
from access.catalogue import Lang
from access.ledger import SEALED_ATTRIBUTE
from access.rights import CITIZEN_SCOPES, Role, Scope
from api import schema
from api.portal import agency
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.ids import uuid7
from core.keys import KeyRing
from identity import consent_answers
from identity.divisions import built_in
from identity.imports import LoadedPerson, load_divisions, load_persons, make_decoy
from tests.access.consenting import notice_document
from tests.access.enrolled import mandate_document
from tests.api.people import Signed
from tests.identity.registered import RABAT, STRANGER, new_person
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.staffed import BEGAN, PASSWORD, YEAR, Office, seen, staffed

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", WIDE)
SCRIPTLESS = Reader("ar-MA", NARROW, scripts=False), Reader("fr-MA", WIDE, scripts=False)
READERS = pytest.mark.parametrize("reader", [SCRIPTLESS[0], FRENCH], ids=str)
ONE_EACH = pytest.mark.parametrize("reader", [ARABIC, SCRIPTLESS[1]], ids=str)
BOTH = pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)
ARTICLE = "Loi inventée 1-26, article 4"
BY_LAW = ("person.given_name", "person.family_name", "person.birth_date", "person.sex", "person.token")
ASKABLE = ("person.given_name", "person.birth_date", "person.telephone")
TERMS: dict[str, Any] = {
    "purposes": ["IDENTITY_PROOFING", "SERVICE_DELIVERY"],
    "failures_per_hour": {"subject": 1_000, "agency": 1_000},
    "attributes": {
        "person.given_name": {"uses": ["MATCH", "RELEASE"], "verdict": True},
        "person.family_name": {"uses": ["MATCH", "RELEASE"]},
        "person.birth_date": {"uses": ["MATCH", "PREDICATE", "RELEASE"], "verdict": True},
        "person.sex": {"uses": ["MATCH", "RELEASE"]},
        "person.token": {"uses": ["RELEASE"]},
        "person.telephone": {"uses": ["RELEASE"]},
        "person.email": {"uses": ["RELEASE"]},
    },
}
AGREED = {"attributes": ["person.given_name", "person.birth_date"]}
OF_OFFICERS = (
    *("/agency", "/agency/person", "/agency/person/IDENTITY_PROOFING", "/agency/person/SERVICE_DELIVERY"),
    *("/agency/verify", "/agency/verify/IDENTITY_PROOFING", "/agency/consents", "/agency/consents/new"),
    *("/agency/consents/new/SERVICE_DELIVERY", "/agency/agreement", "/agency/keys", "/agency/notices"),
)
OF_ADMINISTRATORS = (
    *("/agency", "/agency/officers", "/agency/officers/invite", "/agency/offices", "/agency/offices/open"),
    *("/agency/operators", "/agency/operators/appoint"),
)


@dataclass(frozen=True)
class Scene:
    """FUND with its people, another agency with hers, and somebody who is registered."""

    office: Office
    fund: UUID
    other: UUID
    amina: LoadedPerson
    officer: Signed
    administrator: Signed

    def citizen(self) -> Call:
        now, person = self.office.clock(), self.amina.person_id
        actor = Actor(ActorKind.CITIZEN, CITIZEN_SCOPES, holder=person, person=person, session=b"s" * 32)
        return Call(actor, now, uuid7(now))

    async def answer(self, consent: UUID, *attributes: str) -> None:
        async with self.office.database.begin() as connection:
            await consent_answers.answer(
                connection, self.citizen(), self.office.keys, consent=consent, attributes=attributes, lang=Lang.FR
            )

    async def withdraw(self, consent: UUID) -> None:
        async with self.office.database.begin() as connection:
            await consent_answers.withdraw(connection, self.citizen(), self.office.keys, consent=consent)

    async def entries(self, who: Signed) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Id, leaf and details of what that officer asked about Amina, the oldest first."""
        rows = await self.office.ask(
            """select e.entry_id, e.leaf, e.sealed, p.data_key from ledger_entry e join person p on p.person_id = e.subject_id
                where e.subject_id = $1 order by e.entry_id""",
            self.amina.person_id,
        )
        found = []
        for row in rows:
            key = self.office.keys.masters.unwrap(self.amina.person_id, row["data_key"])
            details = orjson.loads(key.open(SEALED_ATTRIBUTE, row["entry_id"], row["sealed"]))
            found.append((str(row["entry_id"]), orjson.loads(row["leaf"]), details))
        return [entry for entry in found if entry[1]["officer"] == str(who.account)]

    async def count(self, table: str) -> int:
        return int((await self.office.ask(f"select count(*) as n from {table}"))[0]["n"])


@pytest.fixture(scope="module")
async def office(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Office]:
    async with staffed(database, postgres.url, keys) as found:
        yield found


@pytest.fixture(scope="module")
async def scene(office: Office) -> Scene:
    fund, other = await office.agency("FUND", **TERMS), await office.agency("OTHER", published=False)
    call = office.call(Scope.REGISTER_LOAD, Scope.AGREEMENT_PUBLISH)
    dates = {"valid_from": BEGAN.isoformat(), "valid_to": (BEGAN + YEAR).isoformat()}
    mandate = mandate_document("FUND", purpose="IDENTITY_PROOFING", article=ARTICLE, attributes=list(BY_LAW), **dates)
    notice = notice_document(version=1, attributes=list(ASKABLE))
    async with office.database.begin() as connection:
        await publishing.MANDATE_PUBLISHED.at_the_machine(connection, call, publishing.publication(mandate))
        await publishing.NOTICE_PUBLISHED.at_the_machine(connection, call, publishing.publication(notice))
    async with office.database.connection() as driver, driver.transaction():
        await make_decoy(driver, call, office.keys)
        await load_divisions(driver, call, built_in())
        (amina,) = await load_persons(driver, call, office.keys, [new_person(residence=RABAT)])
    return Scene(
        office,
        fund,
        other,
        amina,
        await office.with_password(Role.OFFICER, agency=fund, name="سعيد Tazi"),
        await office.staff(Role.AGENCY_ADMINISTRATOR, agency=fund, name="Youssef Alaoui"),
    )


async def press(page: Page, kind: str = "main") -> None:
    await page.click(f"main button.button-{kind}")


async def told(page: Page) -> str:
    return await page.inner_text("main")


async def each(page: Page, selector: str, attribute: str) -> list[str]:
    """What that attribute is of all that the selector finds."""
    return [await found.get_attribute(attribute) or "" for found in await page.locator(selector).all()]


async def status(page: Page, path: str) -> int:
    answer = await page.goto(path)
    assert answer is not None
    return answer.status


def watched(page: Page) -> list[str]:
    """Every address that the page asks for from here on, with what a form of it would put there."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def id_in(page: Page) -> UUID:
    return UUID(page.url.partition("?")[0].rpartition("/")[2])


# --- every page


@BOTH
async def test_every_page_can_be_read_by_everybody(browser: Browser, scene: Scene, reader: Reader) -> None:
    for who, paths in ((scene.officer, OF_OFFICERS), (scene.administrator, OF_ADMINISTRATORS)):
        async with scene.office.reading(browser, reader, who) as page:
            for path in paths:
                assert (path, await status(page, path)) == (path, 200)
                assert await page.get_attribute("html", "lang") == reader.lang[:2]
                await seen(page, f"{path.strip('/').replace('/', '-')}", reader)


@BOTH
async def test_where_there_is_nothing_yet_it_says_so(browser: Browser, scene: Scene, reader: Reader) -> None:
    officer = await scene.office.staff(Role.OFFICER, Role.AGENCY_ADMINISTRATOR, agency=scene.other)
    async with scene.office.reading(browser, reader, officer) as page:
        for path in (
            *("/agency", "/agency/person", "/agency/consents", "/agency/consents/new", "/agency/offices"),
            *("/agency/operators", "/agency/agreement", "/agency/notices"),
        ):
            assert (path, await status(page, path)) == (path, 200)
            assert (path, await page.locator("main :is(.empty, .notice-bad)").count() > 0) == (path, True)
            await seen(page, f"empty-{path.strip('/').replace('/', '-')}", reader)


def test_every_document_asks_what_the_schema_has() -> None:
    built, folder = schema.build(), Path(agency.__file__).parent / "pages"
    for page in agency.PAGES:
        document = folder / f"{page.name}.graphql"
        if document.exists():
            assert (page.name, validate(built, parse(document.read_text("utf-8")))) == (page.name, [])


# --- questions about one person


@READERS
async def test_an_officer_chooses_a_purpose_then_asks_and_the_question_is_recorded(
    browser: Browser, scene: Scene, reader: Reader
) -> None:
    before = len(await scene.entries(scene.officer))
    with capture_logs() as logged:
        async with scene.office.reading(browser, reader, scene.officer) as page:
            addresses = watched(page)
            await page.goto("/agency/person")
            await press(page)
            assert await page.locator("#purpose-error").count() == 1
            await page.check("input[value=IDENTITY_PROOFING]")
            await press(page)
            assert page.url.endswith("/agency/person/IDENTITY_PROOFING")
            assert ARTICLE in await told(page)
            offered = await each(page, "input[name=attributes]", "value")
            assert sorted(offered) == sorted(BY_LAW)  # what the agreement tells, within what the law covers
            await page.fill("#subject", scene.amina.idcs.text[:-1])
            await page.check("input[value='person.birth_date']")
            await press(page)
            assert await page.locator("#errors a").get_attribute("href") == "#subject"
            assert await page.input_value("#subject") == scene.amina.idcs.text[:-1]
            assert await page.is_checked("input[value='person.birth_date']")
            assert len(await scene.entries(scene.officer)) == before
            await page.fill("#subject", f" {scene.amina.idcs.text[:4]} {scene.amina.idcs.text[4:]} ")
            await page.check("input[value='person.given_name']")
            await press(page)
            words = await told(page)
            assert ("أمينة" in words, "Amina" in words, "1984" in words) == (True, True, True)
            assert await page.locator(".notice").count() == 1
            await seen(page, "person-answer", reader)
    _, leaf, details = (await scene.entries(scene.officer))[before]
    assert len(await scene.entries(scene.officer)) == before + 1
    assert (leaf["purpose"], leaf["field"], details["ground"]) == ("IDENTITY_PROOFING", "person", "MANDATE")
    assert details["uses"] == {"person.birth_date": "RELEASE", "person.given_name": "RELEASE"}
    for number in (scene.amina.idcs.text, scene.amina.idcs.text[:-1], scene.amina.idcs.text[4:]):
        assert not [address for address in addresses if number in address]
        assert number not in repr(logged)
    assert len(addresses) > 5


@BOTH
async def test_who_is_unknown_and_who_has_not_agreed_are_answered_alike(browser: Browser, scene: Scene, reader: Reader) -> None:
    said = []
    async with scene.office.reading(browser, reader, scene.officer) as page:
        for idcs in (STRANGER, scene.amina.idcs.text):
            await page.goto("/agency/person/SERVICE_DELIVERY")
            await page.fill("#subject", idcs)
            await page.check("input[value='person.given_name']")
            await press(page)
            said.append((await told(page)).replace(idcs, "the number"))
            await seen(page, "person-none", reader)
            await press(page, "second")
            assert await page.input_value("#subject") == idcs
    assert said[0] == said[1]
    assert "Amina" not in said[1]


@ONE_EACH
async def test_what_a_person_declares_is_verified_and_the_slip_leads_to_the_entry(
    browser: Browser, scene: Scene, reader: Reader
) -> None:
    async with scene.office.reading(browser, reader, scene.officer) as page:
        addresses = watched(page)
        await page.goto("/agency/verify/IDENTITY_PROOFING")
        await page.fill("#subject", scene.amina.idcs.text)
        await press(page)
        assert await page.locator("#errors a").get_attribute("href") == "#claims"
        await page.fill("#given_name", "أمينة")
        await page.fill("#birth_date", "31/2/1984")
        await press(page)
        assert await page.locator("#errors a").get_attribute("href") == "#birth_date"
        await seen(page, "verify-errors", reader)
        await page.fill("#birth_date", "٩/٣/1984")
        await page.fill("#age", "18")
        await press(page)
        await seen(page, "verify-answer", reader)
        slip = (await page.inner_text(".receipt-number")).strip()
        assert await page.locator(".tag-good").count() == 3
        await press(page, "second")
        assert await page.input_value("#age") == "18"
        await page.fill("#given_name", "Khadija")
        await press(page)
        refused = (await page.inner_text(".receipt-number")).strip()
        assert await page.locator("table").count() == 0  # the date is not said to be wrong, which it is not
        await seen(page, "verify-no", reader)
    entries = {entry: details for entry, _, details in await scene.entries(scene.officer)}
    assert (entries[slip]["ground"], entries[slip].get("failed", [])) == ("MANDATE", [])
    assert entries[refused]["failed"] == ["person.given_name"]
    assert not [address for address in addresses if scene.amina.idcs.text in address]


async def test_an_officer_names_no_purpose_but_those_that_were_given(browser: Browser, scene: Scene) -> None:
    limited = await scene.office.staff(Role.OFFICER, agency=scene.fund, purposes=[Purpose.IDENTITY_PROOFING])
    async with scene.office.reading(browser, FRENCH, limited) as page:
        await page.goto("/agency/person")
        assert await page.locator("input[name=purpose]").count() == 1
        for question in ("person", "verify", "consents/new"):
            assert (question, await status(page, f"/agency/{question}/SERVICE_DELIVERY")) == (question, 404)
            assert (question, await status(page, f"/agency/{question}/NOTHING")) == (question, 404)


# --- consents


async def wish(page: Page, scene: Scene, method: str, reference: str = "D-2026-17") -> None:
    """A request for three things, up to its preview."""
    await page.goto("/agency/consents/new")
    await page.check("input[value=SERVICE_DELIVERY]")
    await press(page)
    await page.fill("#subject", scene.amina.idcs.text)
    for name in ASKABLE:
        await page.check(f"input[value='{name}']")
    await page.fill("#validDays", "90")
    await page.fill("#uses", "3")
    await page.select_option("#per", "DAY")
    await page.check(f"input[value={method}]")
    await page.fill("#reference", reference)
    await press(page)


@READERS
async def test_consent_is_previewed_asked_by_a_link_and_what_came_of_it_is_seen(
    browser: Browser, scene: Scene, reader: Reader
) -> None:
    reference = f"D-{reader}"
    with capture_logs() as logged:
        async with scene.office.reading(browser, reader, scene.officer) as page:
            addresses = watched(page)
            await wish(page, scene, "LINK", reference)
            assert (await each(page, ".sheet", "lang"), await each(page, ".sheet", "dir")) == (
                ["ar", "fr", "en"],
                ["rtl", "ltr", "ltr"],
            )
            words = await page.locator(".sheet").all_inner_texts()
            for text, named in zip(words, ("تاريخ الازدياد", "Date de naissance", "Date of birth"), strict=True):
                assert named in text
            assert await scene.office.ask("select 1 from consent where reference = $1", reference) == []
            await seen(page, "consent-preview", reader)
            await press(page, "second")
            assert (await page.input_value("#validDays"), await page.input_value("#uses")) == ("90", "3")
            await page.fill("#validDays", "3000")
            await press(page)
            assert await page.locator("#validDays-error").count() == 1
            await page.fill("#validDays", "30")
            await press(page)
            await press(page)
            link = "".join((await page.inner_text(".link-text")).split())
            assert re.fullmatch(rf"{scene.office.address}/consent/[\w-]+", link)
            picture = await page.locator("img.qr").get_attribute("src")
            assert picture is not None
            assert picture.startswith("data:image/svg+xml")
            await seen(page, "consent-link", reader)
            await page.click("main a.button-main")
            consent = id_in(page)
            assert await page.locator("main .tag-info").count() == 1
            await scene.answer(consent, *AGREED["attributes"])
            await page.reload()
            assert await page.locator("td .tag-good").count() == 2
            assert await page.locator("td .tag-bad").count() == 1
            await seen(page, "consent", reader)
            # What was agreed to is told, the third is withheld; at once nothing more when it is taken back.
            await page.goto("/agency/person/SERVICE_DELIVERY")
            await page.fill("#subject", scene.amina.idcs.text)
            for name in (*ASKABLE, "person.email"):
                await page.check(f"input[value='{name}']")
            await press(page)
            assert "Amina" in await told(page)
            assert await page.locator("dd .tag-warn").count() == 2
            await seen(page, "person-withheld", reader)
            await scene.withdraw(consent)
            await page.goto("/agency/person/SERVICE_DELIVERY")
            await page.fill("#subject", scene.amina.idcs.text)
            await page.check("input[value='person.given_name']")
            await press(page)
            assert "Amina" not in await told(page)
            await page.goto("/agency/consents")
            assert reference in await told(page)
            await seen(page, "consents", reader)
    token = link.rpartition("/")[2]
    for secret in (scene.amina.idcs.text, token):
        assert not [address for address in addresses if secret in address]
        assert secret not in repr(logged)
    # A slot of the few that an agency has with one person is taken until the link is over.
    scene.office.clock.turn(minutes=11)


async def test_a_request_is_made_once_however_often_its_form_is_sent(browser: Browser, scene: Scene) -> None:
    async with scene.office.reading(browser, FRENCH, scene.officer) as page:
        await wish(page, scene, "NOTICE", "once")
        fields = "main form >> nth=0 >> input"
        names, values = await each(page, fields, "name"), await each(page, fields, "value")
        assert names.count("attributes") == len(ASKABLE)
        form = [*zip(names, values, strict=True)]
        async with page.expect_navigation():
            await page.evaluate("() => { const b = document.querySelector('main .button-main'); b.click(); b.click() }")
        made = page.url
        assert made.endswith("?done=asked")
        assert await page.locator(".notice-good").count() == 1
        again = await page.request.post(
            "/agency/consents/new/SERVICE_DELIVERY",
            data=urlencode(form),
            headers={"content-type": "application/x-www-form-urlencoded", "origin": scene.office.address},
            max_redirects=0,
        )
        assert (again.status, scene.office.address + again.headers["location"]) == (303, made)
        other = await page.request.post(
            "/agency/consents/new/SERVICE_DELIVERY",
            data=urlencode([*form, ("reference", "twice")]),
            headers={"content-type": "application/x-www-form-urlencoded", "origin": scene.office.address},
            max_redirects=0,
        )
        assert other.status == 422
    made_of_them = await scene.office.ask("select reference from consent where reference in ('once', 'twice')")
    assert [row["reference"] for row in made_of_them] == ["once"]


# --- what goes wrong


@ONE_EACH
async def test_a_session_that_ends_in_mid_form_loses_nothing_but_secrets(
    browser: Browser, scene: Scene, reader: Reader
) -> None:
    consents, wrong = await scene.count("consent"), "not the password at all"
    async with scene.office.reading(browser, reader, scene.officer) as page:
        addresses = watched(page)
        await page.goto("/agency/consents/new/SERVICE_DELIVERY")
        await page.fill("#subject", scene.amina.idcs.text)
        await page.check(f"input[value='{ASKABLE[1]}']")
        await page.fill("#reference", "kept")
        scene.office.clock.turn(minutes=16)
        await press(page)
        assert "/agency/sign-in" in await page.get_attribute("main form", "action")  # type: ignore[operator]
        await page.fill("#email", scene.officer.email)
        await page.fill("#password", wrong)
        await press(page)
        assert wrong not in await page.content()
        await page.fill("#password", PASSWORD)
        await press(page)
        await page.fill("#code", scene.office.code(scene.officer))
        await press(page)
        await press(page)  # back to the form
        assert page.url.endswith("/agency/consents/new/SERVICE_DELIVERY")
        assert await page.input_value("#subject") == scene.amina.idcs.text
        assert await page.input_value("#reference") == "kept"
        assert await page.is_checked(f"input[value='{ASKABLE[1]}']")
        assert not await page.is_checked(f"input[value='{ASKABLE[0]}']")
    assert await scene.count("consent") == consents
    assert not [address for address in addresses if scene.amina.idcs.text in address]


async def test_whoever_is_not_of_an_agency_is_led_to_sign_in(browser: Browser, scene: Scene) -> None:
    staff = await scene.office.staff(Role.PUBLISHER)
    for who in (None, staff):
        async with scene.office.reading(browser, FRENCH, who) as page:
            for path in ("/agency", "/agency/person/IDENTITY_PROOFING", "/agency/officers"):
                await page.goto(path)
                assert "/agency/sign-in?next=" in page.url


async def test_who_lacks_the_right_sees_no_form_that_leads_nowhere(browser: Browser, scene: Scene) -> None:
    questions = ("/agency/person", "/agency/verify/IDENTITY_PROOFING", "/agency/consents", "/agency/consents/new")
    for who, paths in ((scene.administrator, questions), (scene.officer, OF_ADMINISTRATORS[1:])):
        async with scene.office.reading(browser, FRENCH, who) as page:
            for path in paths:
                assert (path, await status(page, path)) == (path, 403)
            await page.goto("/agency")
            assert not set(await each(page, "a", "href")) & set(paths)


async def test_what_is_another_agencys_is_no_page_and_cannot_be_touched(browser: Browser, scene: Scene) -> None:
    theirs = await scene.office.staff(Role.OFFICER, Role.AGENCY_ADMINISTRATOR, agency=scene.other)
    async with scene.office.reading(browser, FRENCH, scene.officer) as page:
        await wish(page, scene, "LINK", "ours")
        await press(page)
        await page.click("main a.button-main")
        consent = id_in(page)
    async with scene.office.reading(browser, FRENCH, scene.administrator) as page:
        await page.goto("/agency/offices/open")
        await open_office(page, "OURS")
        desk = id_in(page)
    async with scene.office.reading(browser, FRENCH, theirs) as page:
        await page.goto("/agency/offices/open")
        await open_office(page, "THEIRS")
        for path in (
            f"/agency/consents/{consent}",
            f"/agency/officers/{scene.officer.account}",
            f"/agency/offices/{desk}",
            f"/agency/operators/{consent}",
            "/agency/offices/not-an-id",
        ):
            assert (path, await status(page, path)) == (path, 404)
        # A form of theirs, bent to lead to what is ours.
        await page.goto("/agency/offices")
        await page.click("table a")
        await page.evaluate(f"() => document.querySelectorAll('main form').forEach(f => f.action = '/agency/offices/{desk}')")
        await page.evaluate("() => document.querySelector('main input[name=action]').value = 'close'")
        await press(page, "second")
        assert await page.locator("h1").count() == 1
    (row,) = await scene.office.ask("select closed_at from office where office_id = $1", desk)
    assert row["closed_at"] is None


# --- an agency's administrator


async def open_office(page: Page, code: str, operator: str = "") -> None:
    await page.check("#kind")
    await page.fill("#code", code)
    for name, text in (("nameAr", "وكالة أكدال"), ("nameFr", "Agence Agdal"), ("nameEn", "Agdal branch")):
        await page.fill(f"#{name}", text)
    await page.select_option("#division", RABAT)
    if operator:
        await page.select_option("#operator", operator)
    await press(page)


@ONE_EACH
async def test_an_administrator_appoints_an_operator_opens_its_office_and_invites_an_officer(
    browser: Browser, scene: Scene, reader: Reader
) -> None:
    async with scene.office.reading(browser, reader, scene.administrator) as page:
        addresses = watched(page)
        await page.goto("/agency/operators/appoint")
        await press(page)
        assert await page.locator("#nameAr-error").count() == 1
        for name in ("nameAr", "nameFr", "nameEn"):
            await page.fill(f"#{name}", "Barid")
        await page.fill("#mandate", "Convention 12/2026")
        await page.fill("#validTo", "2036-01-31")
        await press(page)
        assert await page.locator("#validTo-error").count() == 1
        await page.fill("#validTo", "2027-01-31")
        await press(page)
        operator = id_in(page)
        await seen(page, "operator", reader)
        (row,) = await scene.office.ask("select valid_to from operator where operator_id = $1", operator)
        assert row["valid_to"] - BEGAN > timedelta(days=326)  # it holds on its last day

        await page.goto("/agency/offices/open")
        await open_office(page, f"{reader}", str(operator))
        desk = id_in(page)
        await seen(page, "office", reader)
        await page.goto("/agency/offices/open")
        await open_office(page, f"{reader}")
        assert await page.locator("#code-error").count() == 1

        await page.goto("/agency/officers/invite")
        await page.fill("#name", "Samira Idrissi")
        await page.fill("#email", scene.officer.email)
        await page.select_option("#office", str(desk))
        await press(page)
        assert await page.locator("#extent-error").count() == 1
        await page.check("#extent")
        await press(page)
        assert await page.locator("#purposes-error").count() == 1
        await page.check("input[value=SERVICE_DELIVERY]")
        await press(page)
        assert await page.locator("#email-error").count() == 1
        email = f"samira.{reader}@example.org"
        await page.fill("#email", email)
        await press(page)
        invited = id_in(page)
        await seen(page, "officer", reader)
        account = await row_of(scene, invited)
        assert (account["office_id"], account["purposes"], account["disabled_at"]) == (desk, ["SERVICE_DELIVERY"], None)

        await page.check("input[value=all]")
        await page.select_option("#office", "")
        await press(page)
        account = await row_of(scene, invited)
        assert (account["office_id"], account["purposes"]) == (None, None)

        await press(page, "second")
        assert (await row_of(scene, invited))["disabled_at"] is None
        await seen(page, "officer-remove", reader)
        await press(page, "danger")
        assert (await row_of(scene, invited))["disabled_at"] is not None
        assert await page.locator("main .notice-good").count() == 1

        for path, table, ended in (
            (f"/agency/offices/{desk}", "office", "closed_at"),
            (f"/agency/operators/{operator}", "operator", "revoked_at"),
        ):
            await page.goto(path)
            await press(page, "second")
            await seen(page, f"{table}-end", reader)
            await press(page, "danger")
            (row,) = await scene.office.ask(f"select {ended} as at from {table} where {table}_id = $1", id_in(page))
            assert (table, row["at"] is None) == (table, False)
            assert await page.locator("main .button-danger").count() == 0
        for path in ("/agency/officers", "/agency/offices", "/agency/operators"):
            await page.goto(path)
            await seen(page, f"list-{path.rpartition('/')[2]}", reader)
    assert not [address for address in addresses if "samira" in address.lower() or scene.officer.email in address]


async def row_of(scene: Scene, account: UUID) -> dict[str, Any]:
    (row,) = await scene.office.ask("select * from account where account_id = $1", account)
    return dict(row)


async def test_an_officer_of_a_closed_office_is_let_in_no_more(browser: Browser, scene: Scene) -> None:
    async with scene.office.reading(browser, FRENCH, scene.administrator) as page:
        await page.goto("/agency/offices/open")
        await open_office(page, "SOON-CLOSED")
        desk = id_in(page)
        officer = await scene.office.staff(Role.OFFICER, agency=scene.fund, office=desk)
        async with scene.office.reading(browser, FRENCH, officer) as theirs:
            await theirs.goto("/agency")
            assert "Agence Agdal" in await told(theirs)
            await press(page, "second")
            await press(page, "danger")
            await theirs.reload()
            assert "/agency/sign-in?next=" in theirs.url


async def test_a_long_list_is_paged_and_shows_everybody_once(browser: Browser, scene: Scene) -> None:
    agency_id = await scene.office.agency("CROWD", published=False)
    administrator = await scene.office.staff(Role.AGENCY_ADMINISTRATOR, agency=agency_id)
    for _ in range(44):
        await scene.office.staff(Role.OFFICER, agency=agency_id)
    async with scene.office.reading(browser, FRENCH, administrator) as page:
        await page.goto("/agency/officers")
        found: list[str] = []
        while True:
            found += await each(page, "table a", "href")
            if not await page.locator("a[rel=next]").count():
                break
            await page.click("a[rel=next]")
        assert (len(found), len(set(found))) == (45, 45)
        assert await status(page, "/agency/officers?after=forged") == 400


async def test_a_key_and_an_agreement_that_end_soon_are_warned_of(browser: Browser, scene: Scene) -> None:
    ends = (scene.office.clock() + timedelta(days=20)).isoformat()
    agency_id = await scene.office.agency("SHORT", **TERMS, valid_to=ends)
    officer = await scene.office.staff(Role.OFFICER, agency=agency_id)
    async with scene.office.reading(browser, FRENCH, officer) as page:
        await page.goto("/agency")
        assert await page.locator(".notice-warn").count() == 2
        await page.goto("/agency/keys")
        assert await page.locator(".notice-warn").count() == 1
        assert await page.locator("td .tag-warn").count() == 1
