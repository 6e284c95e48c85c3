"""What of the figures may be told: ratios of sums, and nothing from which a cell of fewer than ten follows."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from scoring.indicator_rules import SMALLEST, Count, checked_period, summed, tellable, within

REGIONS = ("01", "02")
COMMUNES = [f"{region}.{province}.{commune}" for region in REGIONS for province in "123" for commune in ("07", "09")]
TODAY = date(2026, 3, 14)


def told(counts: list[Count], level: int) -> dict[str, bool]:
    return {count.division: may for count, may in tellable(counts, level)}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((20, 30, 40), (True, True, True)),
        ((0, 30, 40), (False, False, True)),
        ((9, 30, 40), (False, False, True)),
        ((9, 9, 40), (False, False, True)),  # eighteen hide behind two
        ((4, 5, 40), (False, False, False)),
        ((3, 3, 3), (False, False, False)),
    ],
)
def test_what_is_left_out_does_not_follow_from_the_sum(parts: tuple[int, ...], expected: tuple[bool, ...]) -> None:
    counts = [Count(f"01.{n}", "", part) for n, part in enumerate(parts)]
    assert tuple(told(counts, 2).values()) == expected


def test_who_is_not_counted_is_not_told_either_unless_the_whole_is_published() -> None:
    assert told([Count("01", "", 95, 100)], 0) == {"": False}
    assert told([Count("01", "", 95, 100, public=True)], 0) == {"": True}
    assert told([Count("01", "", 9, 100_000, public=True)], 0) == {"": False}


def test_a_ratio_is_one_sum_through_another() -> None:
    (both,) = summed([Count("01.1", "", 10, 20), Count("01.2", "", 10, 1000)], 1)
    assert (both.division, both.part, both.whole, both.ratio) == ("01", 20, 1020, Fraction(20, 1020))
    assert summed([Count("01", "", 0, 0)], 0)[0].ratio is None


@given(
    st.lists(
        st.builds(Count, st.sampled_from(COMMUNES), st.sampled_from(["", "TELECOM"]), st.integers(0, 25)),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 3),
)
def test_nobody_finds_a_small_cell_by_taking_told_ones_from_a_told_sum(counts: list[Count], level: int) -> None:
    above = {(count.key, count.division): may for count, may in tellable(counts, level - 1)}
    here = tellable(counts, level)
    assert all(count.part >= SMALLEST for count, may in here if may)
    for (key, parent), may in above.items():
        hidden = [
            count.part for count, shown in here if not shown and (count.key, within(count.division, level - 1)) == (key, parent)
        ]
        if not may:
            assert not any(shown for count, shown in here if (count.key, within(count.division, level - 1)) == (key, parent))
        elif hidden:
            assert len(hidden) > 1
            assert sum(hidden) >= SMALLEST


@given(st.lists(st.builds(Count, st.sampled_from(COMMUNES), st.just(""), st.integers(0, 25), st.integers(25, 60)), max_size=30))
def test_the_sums_of_each_level_are_the_same_whole(counts: list[Count]) -> None:
    for level in range(4):
        found = summed(counts, level)
        assert sum(count.part for count in found) == sum(count.part for count in counts)
        assert sum(count.whole or 0 for count in found) == sum(count.whole or 0 for count in counts)


@pytest.mark.parametrize(
    ("since", "until", "at"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), "until"),
        (date(2027, 1, 1), date(2027, 2, 1), "since"),
        (date(2010, 1, 1), date(2026, 1, 1), "since"),
    ],
)
def test_a_period_that_is_none_is_refused(since: date, until: date, at: str) -> None:
    checked_period(date(2026, 1, 1), date(2026, 3, 15), TODAY)
    with pytest.raises(Invalid) as refused:
        checked_period(since, until, TODAY)
    assert refused.value.path == (at,)
