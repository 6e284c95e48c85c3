"""The page where anybody checks an attestation, in a real browser: in each language, with scripts and without."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser

from access.catalogue import Lang
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.attestations import AttestationView, attestation, issue_attestation
from identity.attested import Attested, digest_of, part_of
from tests.portal.browser import NARROW, WIDE, Reader, reading
from tests.portal.staffed import press, said, seen
from tests.portal.town import Town, town

READERS = [
    Reader("ar-MA", NARROW),
    Reader("fr-MA", WIDE),
    Reader("en-GB", NARROW, dark=True),
    Reader("ar-MA", WIDE, scripts=False),
    Reader("fr-MA", NARROW, scripts=False),
]
VALID = {"ar": "هذه الشهادة صالحة", "fr": "Cette attestation est valable", "en": "This attestation is valid"}
NOT = {"ar": "هذه الشهادة غير صالحة", "fr": "Cette attestation n'est pas valable", "en": "This attestation is not valid"}


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


async def issued(its: Town) -> AttestationView:
    """A fresh one about somebody whose name is Leila."""
    person = await its.register.person(given_name_latin="Leila", given_name_ar="ليلى")
    call = await its.register.signed_in(person, now=its.office.clock())
    made = await its.register.change(
        lambda c, r: issue_attestation(c, call, r, issuer=its.address, chosen=[Attested.NAME], lang=Lang.FR, days=30), call
    )
    return await its.register.read(lambda r: attestation(r, call, attestation=made), call)


@pytest.mark.parametrize("reader", READERS, ids=str)
async def test_a_number_is_typed_and_answered_with_yes_or_no(its: Town, browser: Browser, reader: Reader) -> None:
    lang, paper = reader.lang[:2], await issued(its)
    async with reading(browser, its.address, reader) as page:
        await page.goto("/check")
        await seen(page, "check", reader)
        await page.fill("#number", "12345")
        await press(page)
        assert await page.locator("#number-error").count() == 1
        assert await page.input_value("#number") == "12345"
        await seen(page, "check-wrong", reader)
        await page.fill("#number", f"{paper.number[:4]} {paper.number[4:8]} {paper.number[8:]}")
        await press(page)
        assert page.url == f"{its.address}/check/{paper.number}"
        assert await said(page) == VALID[lang]
        assert "Leila" not in await page.content()
        await seen(page, "check-valid", reader)
        await page.click("main a.button")
        assert page.url == f"{its.address}/check"
        await page.fill("#number", "100000000000")  # well-formed or not, and nobody's
        await page.goto("/check/100000000000")
        assert await said(page) == NOT[lang]
        await seen(page, "check-not-valid", reader)


async def test_the_code_on_the_paper_leads_to_the_answer_and_every_no_reads_alike(its: Town, browser: Browser) -> None:
    paper, revoked = await issued(its), await issued(its)
    assert paper.signed is not None
    assert revoked.signed is not None
    part = part_of(digest_of(paper.signed))
    row = (await its.office.ask("select person_id from attestation where attestation_id = $1", revoked.attestation_id))[0]
    now = its.office.clock() + timedelta(seconds=1)
    sql = "update attestation set revoked_at = $2 where person_id = $1"
    await its.office.ask(sql, row["person_id"], now)
    async with reading(browser, its.address, Reader("fr-MA", NARROW)) as page:
        await page.goto(f"/check/{paper.number}?s={part}")
        assert await said(page) == VALID["fr"]
        told = set()
        for path in (f"{paper.number}?s={part[::-1]}", revoked.number, f"{revoked.number}?s=", "298745120398"):
            await page.goto(f"/check/{path}")
            assert await said(page) == NOT["fr"]
            told.add(await page.inner_text("main p:not(.hint)"))
        assert len(told) == 1
        its.office.clock.turn(days=31)
        await page.goto(f"/check/{paper.number}?s={part}")
        assert await said(page) == NOT["fr"]
