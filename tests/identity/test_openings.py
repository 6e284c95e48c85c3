"""Where people are enrolled, and since when: by province and day."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from access.rights import Role, Scope
from core.dates import civil_date
from core.errors import Conflict, Forbidden, Invalid
from identity import openings
from identity.openings import is_open
from tests.access.enrolled import NOW
from tests.identity.applicants import TODAY
from tests.identity.enrolling import Centre
from tests.identity.registered import CASABLANCA, RABAT, Register, machine, staff_call

DAY = timedelta(days=1)


@pytest.fixture
async def centre(register: Register) -> Centre:
    return await Centre(register).set_up(opened=False)


async def enrolled_at(centre: Centre, division: str, day: date = TODAY) -> bool:
    return await openings.is_enrolled_at(centre.register.database, division, day)


@pytest.mark.parametrize(
    ("opens", "closes", "day", "open_then"),
    [(0, None, 0, True), (0, None, -1, False), (0, 3, 2, True), (0, 3, 3, False), (0, 0, 0, False), (-9, None, 900, True)],
)
def test_a_division_is_open_from_its_day_up_to_the_day_before_it_closes(
    opens: int, closes: int | None, day: int, open_then: bool
) -> None:
    closing = None if closes is None else TODAY + closes * DAY
    assert is_open(TODAY + opens * DAY, closing, TODAY + day * DAY) is open_then


async def test_what_is_open_around_a_place_is_open_there(centre: Centre) -> None:
    assert not await enrolled_at(centre, CASABLANCA)
    await centre.open("06")
    assert await enrolled_at(centre, CASABLANCA)
    assert await enrolled_at(centre, "06.141.01.01")
    assert not await enrolled_at(centre, CASABLANCA, TODAY - DAY)
    assert not await enrolled_at(centre, RABAT)


async def test_what_is_open_within_a_region_is_not_the_region(centre: Centre) -> None:
    await centre.open(CASABLANCA)
    assert await enrolled_at(centre, CASABLANCA)
    assert not await enrolled_at(centre, "06")


async def test_the_newest_word_counts_and_a_closed_place_is_opened_again(centre: Centre) -> None:
    await centre.open(CASABLANCA, TODAY - 10 * DAY)
    await centre.close(CASABLANCA, TODAY + DAY)
    assert await enrolled_at(centre, CASABLANCA)
    assert not await enrolled_at(centre, CASABLANCA, TODAY + DAY)
    with pytest.raises(Conflict):
        await centre.close(CASABLANCA, TODAY + 2 * DAY)
    await centre.open(CASABLANCA, TODAY + 5 * DAY)
    assert not await enrolled_at(centre, CASABLANCA)
    assert await enrolled_at(centre, CASABLANCA, TODAY + 5 * DAY)
    assert await centre.register.count("opening") == 1


async def test_the_day_is_that_of_morocco(centre: Centre) -> None:
    late = datetime.fromisoformat("2026-03-14T23:30:00+00:00")
    await centre.open(CASABLANCA, date(2026, 3, 15))
    assert await enrolled_at(centre, CASABLANCA, civil_date(late)) is (civil_date(late) == date(2026, 3, 15))


async def test_what_cannot_be_opened_is_refused(centre: Centre) -> None:
    for division in ("06.999", "nowhere", "06.141.77.77"):
        with pytest.raises(Invalid) as refused:
            await centre.open(division)
        assert refused.value.path == ("division",)
    with pytest.raises(Invalid) as refused:
        await centre.open(CASABLANCA, date(2050, 1, 1))
    assert refused.value.path == ("on",)
    await centre.open(CASABLANCA)
    with pytest.raises(Invalid) as refused:
        await centre.close(CASABLANCA, TODAY - DAY)
    assert refused.value.path == ("on",)
    with pytest.raises(Conflict):
        await centre.close(RABAT)


async def test_only_who_opens_enrolment_there_does_so(centre: Centre) -> None:
    signed = await centre.register.staff(Role.ADMINISTRATOR)
    with pytest.raises(Forbidden):
        await centre.open(RABAT, call=staff_call(signed, f"ADMINISTRATOR {CASABLANCA}"))
    with pytest.raises(Forbidden):
        await centre.open(CASABLANCA, call=centre.making())
    await centre.open(CASABLANCA, call=staff_call(signed, f"ADMINISTRATOR {CASABLANCA}"))
    (row,) = await centre.register.database.ask("select decided_by, decided_at from opening")
    assert (row["decided_by"], row["decided_at"]) == (signed.account, NOW)


async def test_everybody_who_has_signed_in_may_know_what_is_open(centre: Centre) -> None:
    await centre.open("06")
    await centre.open(RABAT, TODAY + DAY)
    call = machine(Scope.SELF_READ)
    found = await centre.register.read(lambda r: openings.openings(r, call), call)
    assert [(its.division.code, its.open) for its in found] == [(RABAT, False), ("06", True)]


async def test_the_table_refuses_to_close_before_it_opens(centre: Centre) -> None:
    await centre.open(CASABLANCA)
    with pytest.raises(Exception, match="ck_opening_dates"):
        await centre.register.transact(lambda c: c.execute(text("update opening set closes_on = opens_on - 1")))
