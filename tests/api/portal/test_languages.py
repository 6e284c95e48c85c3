from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.catalogue import Lang
from api.portal.languages import DEFAULT, chosen, code, named, tongues
from core.errors import Invalid

AR, FR, EN = (tongues()[lang] for lang in (Lang.AR, Lang.FR, Lang.EN))


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        (None, Lang.AR),
        ("", Lang.AR),
        ("fr", Lang.FR),
        ("fr-MA,fr;q=0.9,ar;q=0.8", Lang.FR),
        ("ar-MA,fr;q=0.9", Lang.AR),
        ("EN-gb", Lang.EN),
        ("zgh, es;q=0.9, fr;q=0.5, en;q=0.6", Lang.EN),
        ("fr;q=0.8, en;q=0.8", Lang.FR),
        ("fr;q=0, en;q=0.1", Lang.EN),
        ("de, *;q=0.5", Lang.AR),
        ("fr;q=2, en;q=0.2", Lang.EN),
        ("fr;q=nan, en;q=0.2", Lang.EN),
        ("fr;level=1;q=0.5", Lang.AR),
        ("français", Lang.AR),
        (",,;;=,-", Lang.AR),
        ("de," * 20 + "fr", Lang.AR),
        (" " * 1_001 + "fr", Lang.AR),
    ],
)
def test_the_best_language_that_a_browser_asks_for_is_chosen_else_arabic(header: str | None, lang: Lang) -> None:
    assert chosen(None, header) is lang


@pytest.mark.parametrize(
    ("cookie", "lang"),
    [("fr", Lang.FR), ("ar", Lang.AR), ("FR", Lang.EN), ("../fr", Lang.EN), ("", Lang.EN), ("x" * 9_999, Lang.EN)],
)
def test_what_was_chosen_once_goes_before_what_the_browser_asks_for_unless_it_is_forged(cookie: str, lang: Lang) -> None:
    assert chosen(cookie, "en") is lang


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_header_and_no_cookie_is_too_strange(cookie: str, header: str) -> None:
    assert chosen(cookie, header) in Lang


def test_a_huge_header_is_read_no_further_than_a_browser_writes() -> None:
    assert chosen(None, "de;q=0.1," * 1_000_000 + "fr") is DEFAULT


@pytest.mark.parametrize("lang", list(Lang))
def test_a_language_is_found_by_its_own_code_alone(lang: Lang) -> None:
    assert named(code(lang)) is lang
    assert named(lang.value) is None


def test_each_language_has_its_direction() -> None:
    assert [(tongue.code, tongue.dir) for tongue in (AR, FR, EN)] == [("ar", "rtl"), ("fr", "ltr"), ("en", "ltr")]


def test_days_are_written_out_as_far_as_they_are_known() -> None:
    assert [AR.day("2026-01-05"), FR.day("2026-01-05"), EN.day("2026-01-05")] == [
        "5 يناير 2026",
        "5 janvier 2026",
        "5 January 2026",
    ]
    assert [AR.day("1959-07"), FR.day("1959-07"), EN.day("1959")] == ["يوليوز 1959", "juillet 1959", "1959"]
    assert FR.day(date(2026, 1, 5)) == "5 janvier 2026"


def test_instants_are_told_as_clocks_in_morocco_show_them() -> None:
    # One hour ahead of UTC, but not in Ramadan.
    assert FR.moment("2026-01-05T23:30:00+00:00") == "6 janvier 2026 à 00:30"
    assert FR.moment(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)) == "1 mars 2026 à 23:30"
    assert AR.moment("2026-01-05T08:05:00Z") == "5 يناير 2026، 09:05"
    assert FR.day("2026-01-05T23:30:00+00:00") == "6 janvier 2026"


def test_numbers_are_written_as_in_morocco() -> None:
    assert [AR.number("12345.5"), FR.number(12345), EN.number(Decimal("12345.5"))] == ["12.345,5", "12\u202f345", "12,345.5"]
    assert [tongue.percent("0.25").replace("\xa0", " ").strip("\u200e") for tongue in (AR, FR, EN)] == ["25%", "25 %", "25%"]
    assert FR.listed(["a", "b", "c"]) == "a, b et c"


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(Invalid):
        AR.day("yesterday")


def test_arabic_counts_in_six_ways() -> None:
    one, many = "Wait one minute, then try again.", "Wait %(num)d minutes, then try again."
    said = [AR.words.ngettext(one, many, n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111)]
    few, more = "انتظروا %(num)d دقائق ثم أعيدوا المحاولة.", "انتظروا %(num)d دقيقة ثم أعيدوا المحاولة."
    assert said[1:3] == ["انتظروا دقيقة واحدة ثم أعيدوا المحاولة.", "انتظروا دقيقتين ثم أعيدوا المحاولة."]
    assert said[3:] == [few, few, more, more, more, more, few, more]
    assert [FR.words.ngettext(one, many, n) for n in (0, 1, 2)] == ["Attendez une minute, puis réessayez."] * 2 + [
        "Attendez %(num)d minutes, puis réessayez."
    ]


def test_a_text_without_a_translation_is_told_as_it_is() -> None:
    assert [AR.say("Sijil"), AR.say("never heard of"), AR.say("")] == ["سجل", "never heard of", ""]
