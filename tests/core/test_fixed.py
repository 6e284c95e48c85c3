"""Decimal text and whole numbers of a small power of ten are the same numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.fixed import decimal_of, scaled, text_of


@given(st.integers(-(10**20), 10**20), st.integers(1, 12))
def test_a_number_and_its_text_are_equal(number: int, places: int) -> None:
    text = text_of(number, places)
    assert Decimal(text) * 10**places == number
    assert "." not in text or not text.endswith(("0", "."))
    assert decimal_of(number, places) == Decimal(text)


@given(st.integers(-(10**16), 10**16))
def test_text_reads_back(number: int) -> None:
    assert scaled(text_of(number, 8), 8) == number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-0.5", -50), ("1.10", 110), ("12", 1200), ("-0.01", -1)])
def test_decimals_are_scaled(text: str, number: int) -> None:
    assert scaled(text, 2) == number


@pytest.mark.parametrize("text", ["", ".5", "1.", "+1", "01", "1e2", " 1", "1\n", "NaN", "0.123", "1_0", "٣", "1" * 10])
def test_other_notations_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        scaled(text, 2)
