"""Pages go on after the last row shown, and only with a cursor that was written for the same list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.paging import MAX_CURSOR, MAX_FIRST, Cursors, page, size

KEY = b"k" * 32
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_cursor_is_read_as_it_was_written(parts: list[str]) -> None:
    cursors = Cursors(KEY, "list")
    assert cursors.read(cursors.write(*parts)) == tuple(parts)


@given(st.text(max_size=MAX_CURSOR + 10))
def test_whatever_was_not_written_here_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Cursors(KEY, "list").read(text)
    assert refusal.value.path == ("after",)


@pytest.mark.parametrize("other", [Cursors(KEY, "another list"), Cursors(b"x" * 32, "list")])
def test_a_cursor_of_another_list_or_key_is_refused(other: Cursors) -> None:
    with pytest.raises(Invalid):
        other.read(Cursors(KEY, "list").write("2026", "a"))


def test_a_cursor_with_one_character_changed_is_refused() -> None:
    cursors = Cursors(KEY, "list")
    cursor = cursors.write("2026-11-23", "abc")
    for place, character in enumerate(cursor[:-1]):
        changed = cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(Invalid):
            cursors.read(changed)


@pytest.mark.parametrize("first", [0, -1, MAX_FIRST + 1])
def test_a_page_of_an_impossible_size_is_refused(first: int) -> None:
    with pytest.raises(Invalid) as refusal:
        size(first)
    assert refusal.value.path == ("first",)


@given(st.integers(0, 30), st.integers(1, 10))
def test_pages_together_hold_every_row_once_and_in_order(rows: int, first: int) -> None:
    cursors, everything, seen = Cursors(KEY, "list"), [f"{number:03d}" for number in range(rows)], []
    after = None
    while True:
        left = [row for row in everything if after is None or row > after]
        shown = page(left[: first + 1], first, cursors, lambda row: (row,))
        seen += [edge.node for edge in shown.edges]
        if not shown.page_info.has_next_page:
            break
        assert shown.page_info.end_cursor is not None
        (after,) = cursors.read(shown.page_info.end_cursor)
    assert seen == everything
