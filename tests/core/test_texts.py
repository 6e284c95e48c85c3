"""Text is taken as it is, or refused: nothing unseen comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.texts import MAX_TEXT, checked_text, typed_digits


@pytest.mark.parametrize("text", ["Aït", "فاطمة الزهراء", "a" * MAX_TEXT, "O'Neill - 3"])
def test_ordinary_text_is_taken_as_it_is(text: str) -> None:
    assert checked_text(text) == text


@pytest.mark.parametrize(
    "text", ["", "  ", "a" * (MAX_TEXT + 1), "a\0b", "a\u202eb", "\u2066a", "a\u200f", "\ud800", "a\nb", "a\u061c", "a\x7f"]
)
def test_text_that_is_blank_too_long_or_unseen_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        checked_text(text)


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_without_being_quoted(text: str) -> None:
    message = None
    try:
        assert checked_text(text) == text
    except Invalid as refusal:
        message = refusal.message
    assert message in {None, "empty", "holds a control character", f"longer than {MAX_TEXT} characters"}


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1234567890", "1234567890"),
        (" 123 456\u00a07890\t", "1234567890"),
        ("123-456.78\u201390", "1234567890"),
        ("\u2066\u200f١٢٣ ۴۵۶\u2069", "123456"),
        ("12x4/5", "12x4/5"),
        (" -. ", ""),
    ],
)
def test_a_copied_number_is_read_without_what_groups_its_digits(typed: str, number: str) -> None:
    assert typed_digits(typed) == number
