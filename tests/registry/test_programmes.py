"""Programmes hold the published thresholds; at or under is eligible; what is not known decides nothing."""

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.catalogue import Lang
from core.errors import Invalid
from registry.programmes import Programme, eligible_under, packaged_programmes, parse_programmes, programmes_on

LABELS = {"ar": "برنامج", "fr": "Programme", "en": "Programme"}
ROW: dict[str, Any] = {
    "code": "HELP",
    "labels": LABELS,
    "formula": "ise-2022",
    "threshold": "9.5",
    "since": "2024-01-01",
    "until": None,
}


def programme(**changes: object) -> Programme:
    return parse_programmes({"programmes": [ROW | changes]})[0]


def test_the_packaged_programmes_hold_the_published_figures() -> None:
    found = [(each.code, each.formula, each.threshold, each.since, each.until) for each in packaged_programmes()]
    assert found == [
        ("AMO_TADAMON", "ise-2022", Decimal("9.3264284"), date(2022, 12, 1), None),
        ("ASD", "ise-2022", Decimal("9.743001"), date(2023, 12, 1), None),
    ]
    assert all(set(each.labels) == set(Lang) and each.unset == () for each in packaged_programmes())


@given(st.integers(-(10**13), 10**13))
def test_at_or_under_the_threshold_is_eligible(score_e12: int) -> None:
    assert eligible_under(programme(), score_e12, True) is (score_e12 <= 9_500_000_000_000)
    assert eligible_under(programme(), score_e12, False) is None
    assert eligible_under(programme(threshold=None), score_e12, True) is None


def test_the_threshold_itself_is_eligible_and_the_least_bit_above_is_not() -> None:
    amo = packaged_programmes()[0]
    assert eligible_under(amo, 9_326_428_400_000, True) is True
    assert eligible_under(amo, 9_326_428_400_001, True) is False


def test_figures_that_are_not_known_are_named() -> None:
    assert programme(threshold=None, since=None).unset == ("threshold", "since")
    assert programme(threshold=None).threshold is None


def test_a_programme_is_in_force_from_its_first_day_to_the_day_before_its_end() -> None:
    ended = programme(until="2024-06-01")
    days = (date(2023, 12, 31), date(2024, 1, 1), date(2024, 5, 31), date(2024, 6, 1))
    assert [ended.in_force(day) for day in days] == [False, True, True, False]
    assert programme().in_force(date.max)
    assert not programme(since=None).in_force(date.max)
    assert programmes_on((ended, programme()), date(2024, 6, 1)) == (programme(),)


def test_versions_of_a_programme_follow_each_other() -> None:
    first = ROW | {"until": "2025-01-01"}
    second = ROW | {"since": "2025-01-01", "threshold": "9.4"}
    assert len(parse_programmes({"programmes": [first, second]})) == 2
    assert len(parse_programmes({"programmes": [second, first]})) == 2
    overlapping = second | {"since": "2024-12-31"}
    for rows in ([first, overlapping], [overlapping, first], [ROW, ROW]):
        with pytest.raises(Invalid) as refusal:
            parse_programmes({"programmes": rows})
        assert refusal.value.path == ("programmes", 1)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"threshold": 9.5}, ("threshold",)),
        ({"threshold": "9,5"}, ("threshold",)),
        ({"until": "2024-01-01"}, ("until",)),
        ({"since": None, "until": "2024-01-01"}, ("until",)),
        ({"labels": {"fr": "Aide", "en": "Help"}}, ("labels", "ar")),
        ({"budget": 1}, ("budget",)),
        ({"code": ""}, ("code",)),
    ],
)
def test_a_faulty_programme_is_refused_at_its_fault(changes: dict[str, object], path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_programmes({"programmes": [copy.deepcopy(ROW) | changes]})
    assert refusal.value.path == ("programmes", 0, *path)
