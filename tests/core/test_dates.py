"""Dates of which a part may be unknown, and the day it is in Morocco."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dates import PartialDate, Precision, civil_date
from core.errors import Invalid

DAYS = st.dates(date(1850, 1, 1), date(2200, 12, 31))


@given(DAYS)
def test_a_date_reads_back_from_its_text_at_each_precision(day: date) -> None:
    text = day.isoformat()
    for length, precision in ((4, Precision.YEAR), (7, Precision.MONTH), (10, Precision.DAY)):
        parsed = PartialDate.parse(text[:length])
        assert str(parsed) == text[:length]
        assert parsed.precision is precision
        assert PartialDate.parse(str(parsed)) == parsed
    assert PartialDate.parse(text).for_ages() == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "59",
        "195",
        "19590",
        "1959-",
        "1959-7",
        "1959-07-",
        "1959-07-4",
        "1959-7-04",
        "1959/07/14",
        "14-07-1959",
        "1959-07-14 ",
        " 1959",
        "1959\n",
        "1959-07-14T00:00",
        "1959-W28-2",
        "-1959",
        "+1959",
        "1959-00",
        "1959-13",
        "1959-07-00",
        "1959-07-32",
        "1959-06-31",
        "1959-02-29",
        "1900-02-29",
        "1849",
        "2201",
        "0000",
        "9999-12-31",
        "1959--14",
        "١٩٥٩",
        "１９５９",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        PartialDate.parse(text)
    assert refusal.value.message.startswith("not a date")


def test_leap_days_are_days() -> None:
    assert PartialDate.parse("2000-02-29").for_ages() == date(2000, 2, 29)
    assert PartialDate.parse("1956-02-29").precision is Precision.DAY


@given(st.text("0123456789-", max_size=11))
def test_whatever_is_taken_is_a_real_date(text: str) -> None:
    try:
        parsed = PartialDate.parse(text)
    except Invalid:
        return
    assert str(parsed) == text
    assert 1850 <= parsed.for_ages().year <= 2200


def test_ages_count_from_july_for_a_missing_month_and_from_the_first_for_a_missing_day() -> None:
    assert PartialDate.parse("1959").for_ages() == date(1959, 7, 1)
    assert PartialDate.parse("1959-03").for_ages() == date(1959, 3, 1)
    assert PartialDate.parse("1959-03-14").for_ages() == date(1959, 3, 14)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("1990-05-17", date(2026, 5, 16), 35),
        ("1990-05-17", date(2026, 5, 17), 36),
        ("1990-05-17", date(1990, 5, 17), 0),
        ("1990-05-17", date(1990, 5, 16), -1),
        ("1990-05", date(2026, 4, 30), 35),
        ("1990-05", date(2026, 5, 1), 36),
        ("1990", date(2026, 6, 30), 35),
        ("1990", date(2026, 7, 1), 36),
        ("2004-02-29", date(2026, 2, 28), 21),
        ("2004-02-29", date(2026, 3, 1), 22),
    ],
)
def test_an_age_is_in_completed_years(born: str, on: date, age: int) -> None:
    assert PartialDate.parse(born).age_on(on) == age


@given(DAYS, st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_an_age_grows_by_one_at_most_from_day_to_day(born: date, on: date) -> None:
    age = PartialDate.parse(born.isoformat())
    assert age.age_on(on + timedelta(days=1)) - age.age_on(on) in (0, 1)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        # An hour ahead of UTC ...
        (datetime(2026, 1, 14, 22, 59, 59, tzinfo=UTC), date(2026, 1, 14)),
        (datetime(2026, 1, 14, 23, 0, tzinfo=UTC), date(2026, 1, 15)),
        # ... but in Ramadan.
        (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_the_civil_day_is_that_of_casablanca(instant: datetime, day: date) -> None:
    assert civil_date(instant) == day
