"""The whole way of a consent, on pages: an officer asks, a citizen grants a part, the agency reads it, and it is taken back.

In Arabic and in French, with scripts and without. What the officer may read, the agency's machine may read, and no longer; and
two people of the registry publish what an agency may ask for.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page

from access.rights import Role
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.imports import LoadedPerson
from tests.api.serving import Caller
from tests.portal.browser import NARROW, WIDE, Reader
from tests.portal.staffed import PASSWORD, seen
from tests.portal.town import ASKED, TEXTS, Town, town

READERS = [
    Reader(lang, width, scripts=scripts) for lang, width in (("ar-MA", NARROW), ("fr-MA", WIDE)) for scripts in (True, False)
]
GRANTED, KEPT = ("person.birth_date", "person.given_name"), "person.address"
LOOK = """query Look($idcs: String!) { person(subject: {idcs: $idcs}, purpose: SERVICE_DELIVERY) {
  name { given { latin } } birthDate address } }"""


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


async def press(page: Page, action: str, value: str = "") -> None:
    button = f"button[value={value}]" if value else "button"
    async with page.expect_navigation():
        await page.locator(f"main form:has(input[name=action][value={action}]) {button}").first.click()


def squeezed(text: str) -> str:
    return " ".join(text.split())


async def signed_in(its: Town, page: Page) -> None:
    """The officer signs in, with password and authenticator."""
    await page.goto("/agency")
    await page.fill("#email", its.officer.email)
    await page.fill("#password", PASSWORD)
    await press(page, "enter")
    await page.fill("#code", its.office.code(its.officer))
    await press(page, "confirm")
    assert page.url == f"{its.address}/agency"


async def asked_on_pages(its: Town, page: Page, person: LoadedPerson, reader: Reader) -> tuple[str, str]:
    """The link that the officer is given, and what was previewed in the reader's language."""
    await page.goto("/agency/consents/new")
    await page.check("input[value=SERVICE_DELIVERY]")
    await page.click("main button.button-main")
    await page.fill("#subject", person.idcs.text)
    for name in ASKED:
        await page.check(f"input[name=attributes][value='{name}']")
    await page.fill("#validDays", "30")
    await page.check("input[name=method][value=LINK]")
    await press(page, "preview")
    await seen(page, "journey-preview", reader)
    previewed = squeezed(await page.inner_text(f"main section[lang={reader.lang[:2]}]"))
    assert (await its.office.ask("select 1 from consent where person_id = $1", person.person_id)) == []
    await press(page, "send")
    link = "".join((await page.inner_text(".link-text")).split())
    assert re.fullmatch(rf"{its.address}/consent/[\w-]{{22}}", link)
    await seen(page, "journey-link", reader)
    return link, previewed


async def looked_up(page: Page, person: LoadedPerson) -> str:
    """What the officer's page answers about that person."""
    await page.goto("/agency/person/SERVICE_DELIVERY")
    await page.fill("#subject", person.idcs.text)
    for name in ASKED:
        await page.check(f"input[name=attributes][value='{name}']")
    await press(page, "look-up")
    return await page.inner_text("main")


async def by_machine(machine: Caller, person: LoadedPerson) -> dict[str, Any]:
    answer = await asyncio.to_thread(machine.ask, LOOK, {"idcs": person.idcs.text})
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("reader", READERS, ids=str)
async def test_a_consent_is_asked_for_granted_in_part_used_seen_and_taken_back(
    its: Town, browser: Browser, reader: Reader
) -> None:
    lang, machine = reader.lang[:2], its.machine()
    person = await its.register.person(address="7, rue des Roses")
    async with its.office.reading(browser, reader) as officer, its.reading(browser, reader) as citizen:
        await signed_in(its, officer)
        link, previewed = await asked_on_pages(its, officer, person, reader)
        assert (await by_machine(machine, person))["data"] == {"person": None}

        await citizen.goto(link)
        assert urlsplit(citizen.url).path == "/sign-in"
        await its.sign_in(citizen, person)
        assert citizen.url == link
        shown = squeezed(await citizen.inner_text("main"))
        facts = await citizen.locator(".facts dd").all_inner_texts()
        assert len(facts) == 7
        # Minutes go by between the preview and the request.
        for words in (*TEXTS[lang].values(), *(fact for fact in facts if not re.search(r"\d:\d\d", fact))):
            assert (words, squeezed(words) in previewed, squeezed(words) in shown) == (words, True, True)
        await seen(citizen, "journey-asked", reader)
        for name in GRANTED:
            await citizen.check(f"input[value='{name}']")
        await press(citizen, "answer", "agree")
        consent = urlsplit(citizen.url).path
        assert await citizen.locator(".receipt-number").count() == 1
        await seen(citizen, "journey-granted", reader)

        words = await looked_up(officer, person)
        assert ("1984" in words, "Amina" in words, "Roses" in words) == (True, True, False)
        assert await officer.locator(".facts .tag-warn").count() == 1
        await seen(officer, "journey-read", reader)
        answer = await by_machine(machine, person)
        assert answer["data"]["person"] == {"name": {"given": {"latin": "Amina"}}, "birthDate": "1984-03-09", "address": None}
        assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
            (["person", "address"], "WITHHELD")
        ]

        await citizen.goto("/accesses")
        looks = citizen.locator(".timeline > li")
        assert await looks.count() == 3  # the machine's first was refused
        assert await citizen.locator(".timeline > li .tag-bad").count() == 1
        assert await looks.locator(f"a[href='{consent}']").count() == 2
        for look in (looks.nth(0), looks.nth(1)):
            assert its.names[lang] in await look.inner_text()
        await seen(citizen, "journey-looks", reader)

        await citizen.goto(consent)
        await press(citizen, "withdraw")
        assert citizen.url == f"{its.address}{consent}?done=withdrawn"
        answer = await by_machine(machine, person)
        assert answer["data"] == {"person": None}
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["WITHHELD"]
        words = await looked_up(officer, person)
        assert ("1984" in words, "Amina" in words, "Roses" in words) == (False, False, False)
        await seen(officer, "journey-refused", reader)
        await citizen.goto("/accesses")
        assert await citizen.locator(".timeline > li").count() == 5
        assert await citizen.locator(".timeline > li .tag-bad").count() == 3
        await citizen.goto(link)
        assert await citizen.locator("main form").count() == 0


@pytest.mark.parametrize("reader", READERS, ids=str)
async def test_two_administrators_publish_an_agreement(its: Town, browser: Browser, reader: Reader) -> None:
    office = its.office
    agency = await office.agency(f"PAIR_{reader.lang[:2].upper()}_{int(reader.scripts)}", published=False)
    first, second = [await office.staff(Role.PUBLISHER, name=name) for name in ("Hind Berrada", "Omar Sefrioui")]
    published = "select version from agreement where agency_id = $1"
    async with office.reading(browser, reader, first) as one, office.reading(browser, reader, second) as other:
        await one.goto(f"/admin/agencies/{agency}/agreements/new")
        await one.check("input[name=purposes][value=IDENTITY_PROOFING]")
        await one.check("input[name='uses-person.given_name'][value=MATCH]")
        await press(one, "check")
        await press(one, "propose")
        proposal = urlsplit(one.url).path
        assert re.fullmatch(r"/admin/approvals/[0-9a-f-]{36}", proposal)
        assert await one.locator("form:has(input[value=approve])").count() == 0  # nobody approves what is their own
        await seen(one, "journey-proposed", reader)
        assert await office.ask(published, agency) == []

        await other.goto("/admin/approvals")
        await other.click(f"main a[href='{proposal}']")
        assert first.name in await other.inner_text(".facts")
        rows = await other.locator("table.diff tbody tr").all_inner_texts()
        assert len(rows) >= 3
        await seen(other, "journey-to-approve", reader)
        code = office.code(second)
        await other.fill("#code", "000000" if code != "000000" else "111111")
        await press(other, "approve")
        assert await other.locator("#code-error").count() == 1
        assert await office.ask(published, agency) == []
        await other.fill("#code", code)
        await press(other, "approve")
        assert other.url == f"{its.address}{proposal}?done=approved"
        await seen(other, "journey-approved", reader)
        assert await office.ask(published, agency) == [{"version": 1}]

        await one.goto(f"/admin/agencies/{agency}/agreements/1")
        assert await one.locator("h1").count() == 1
        await one.goto(proposal)
        assert second.name in await one.inner_text(".facts")
