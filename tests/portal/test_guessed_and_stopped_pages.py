"""Pages of whoever is guessed at, and of whose telephone's change was stopped: a longer code, and a change that stands firm."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page

from access.one_time_codes import DIGITS, LONG_DIGITS, TRIES
from access.rights import Role
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Invalid
from core.keys import KeyRing
from identity.challenges import GUESSES
from identity.imports import LoadedPerson
from tests.identity.registered import at_the_door
from tests.portal.browser import NARROW, Reader
from tests.portal.staffed import press, seen
from tests.portal.town import Town, town

ARABIC, FRENCH = Reader("ar-MA", NARROW), Reader("fr-MA", NARROW, scripts=False)
BOTH = pytest.mark.parametrize("reader", [ARABIC, FRENCH], ids=str)


@pytest.fixture(scope="module")
async def its(database: Database, postgres: EmbeddedPostgres, keys: KeyRing) -> AsyncIterator[Town]:
    async with town(database, postgres.url, keys) as found:
        yield found


async def send(page: Page, action: str) -> None:
    await press(page, f"main form:has(input[name=action][value={action}]) button[type=submit]")


async def guess(its: Town, person: LoadedPerson) -> None:
    """Strangers use up what there is to guess."""
    for done in range(GUESSES.limit // TRIES):
        call = at_the_door(its.office.clock(), address=f"198.51.100.{done + 1}")
        challenge = await its.register.begin(person.idcs.text, call=call)
        code = await its.register.code(person.person_id)
        for _ in range(TRIES):
            with pytest.raises(Invalid):
                await its.register.finish(challenge, f"{(int(code) + 1) % 10**DIGITS:0{DIGITS}d}", call=call)


@BOTH
async def test_a_longer_code_is_typed_in_groups_and_opens_and_next_time_it_is_short_again(
    its: Town, browser: Browser, reader: Reader
) -> None:
    person = await its.register.person()
    await guess(its, person)
    async with its.reading(browser, reader) as page:
        await page.goto("/sign-in")
        await page.fill("#idcs", person.idcs.text)
        await press(page)
        code = await its.register.code(person.person_id)
        assert len(code) == LONG_DIGITS
        await page.locator("#code").press_sequentially(f"{code[:5]} {code[5:]} ")
        assert (await page.input_value("#code")).split() == [code[:5], code[5:]], "there is room for it"
        await press(page)
        assert page.url == f"{its.address}/me"
        await page.goto("/sign-out")
        await press(page)
        await page.goto("/sign-in")
        await page.fill("#idcs", person.idcs.text)
        await press(page)
        assert len(await its.register.code(person.person_id)) == DIGITS, "this device is known"


async def registered(its: Town, browser: Browser, reader: Reader, person: LoadedPerson, picture: str) -> str:
    """The page that an agent who has not done it before is led on to."""
    agent = await its.office.staff(Role.CENTRE_AGENT)
    async with its.office.reading(browser, reader, agent) as page:
        await page.goto("/admin/telephones")
        await page.fill("#idcs", person.idcs.text)
        await page.fill("#telephone", "06 98 76 54 31")
        await send(page, "check")
        await send(page, "change")
        await seen(page, picture, reader)
        return page.url


async def state(its: Town, person: UUID) -> list[tuple[bool, bool]]:
    """Whether each change is firm, and whether it was stopped."""
    rows = await its.office.ask("select firm, stopped_at from telephone_change where person_id = $1 order by begun_at", person)
    return [(row["firm"], row["stopped_at"] is not None) for row in rows]


@BOTH
async def test_what_a_second_agent_registers_has_no_button_to_stop_it(its: Town, browser: Browser, reader: Reader) -> None:
    person = await its.register.person()
    assert await registered(its, browser, reader, person, "telephone-first") == f"{its.address}/admin/telephones?done=changed"
    async with its.reading(browser, reader, person) as page:
        await page.goto("/me/telephone")
        late = await page.context.new_page()
        await late.goto("/me")
        await send(page, "stop")
        assert await state(its, person.person_id) == [(False, True)]
        its.office.clock.turn(seconds=60)
        assert await registered(its, browser, reader, person, "telephone-firm") == f"{its.address}/admin/telephones?done=firm"
        for path in ("/me", "/me/telephone"):
            await page.goto(path)
            assert await page.locator("button.button-danger").count() == 0
            await seen(page, f"telephone-firm-{path.rpartition('/')[2]}", reader)
        await send(late, "stop")
        assert await late.locator(".problem, #errors").count() > 0, "a page that was open before tells so"
    assert await state(its, person.person_id) == [(False, True), (True, False)]
