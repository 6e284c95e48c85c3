"""What a change alters is told part by part, completely, and in an order that hangs on the documents alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.differences import Difference, DifferenceKind, Member, applied, differences, shown
from core.canonical import canonical

NAMES = st.sampled_from(["a", "b", "uses", "0", "é", ""])
TEXTS = st.sampled_from(["", "x", "y", "true", "1", "ء"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), TEXTS)
PARTS = st.recursive(
    st.one_of(SCALARS, st.lists(TEXTS, max_size=3)),
    lambda parts: st.one_of(st.lists(parts, max_size=3), st.dictionaries(NAMES, parts, max_size=3)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES, PARTS, max_size=4)
ADDED, REMOVED, CHANGED = DifferenceKind


def as_sets(part: Any) -> Any:
    """The same document with each list of texts in order, each text once."""
    if isinstance(part, Mapping):
        return {name: as_sets(inner) for name, inner in part.items()}
    if isinstance(part, list):
        texts = bool(part) and all(isinstance(item, str) for item in part)
        return sorted(set(part)) if texts else [as_sets(item) for item in part]
    return part


def turned(part: Any) -> Any:
    """The same document with its names, and the items of its lists of texts, in another order."""
    if isinstance(part, Mapping):
        return {name: turned(inner) for name, inner in reversed(part.items())}
    if isinstance(part, list):
        return part[::-1] if all(isinstance(item, str) for item in part) else [turned(item) for item in part]
    return part


@given(before=st.none() | DOCUMENTS, change=DOCUMENTS)
def test_what_was_with_the_differences_is_the_change(before: dict[str, Any] | None, change: dict[str, Any]) -> None:
    found = differences(before, change)
    assert canonical(applied(before, found)) == canonical(as_sets(change))


@given(document=DOCUMENTS)
def test_the_same_document_differs_in_nothing(document: dict[str, Any]) -> None:
    assert differences(document, document) == ()
    assert differences(document, turned(document)) == ()


@given(before=DOCUMENTS, change=DOCUMENTS)
def test_no_differences_are_told_of_equal_documents_and_some_of_all_others(
    before: dict[str, Any], change: dict[str, Any]
) -> None:
    same = canonical(as_sets(before)) == canonical(as_sets(change))
    assert (differences(before, change) == ()) == same


@given(before=DOCUMENTS, change=DOCUMENTS)
def test_the_order_hangs_on_the_documents_and_not_on_how_they_are_written(
    before: dict[str, Any], change: dict[str, Any]
) -> None:
    assert differences(turned(before), turned(change)) == differences(before, change)


@given(before=DOCUMENTS, change=DOCUMENTS)
def test_each_part_is_told_once_and_the_way_back_is_its_mirror(before: dict[str, Any], change: dict[str, Any]) -> None:
    found = differences(before, change)
    assert len({difference.steps for difference in found}) == len(found)
    mirror = {ADDED: REMOVED, REMOVED: ADDED, CHANGED: CHANGED}
    back = differences(change, before)
    assert [(each.steps, mirror[each.kind], each.becomes, each.was) for each in found] == [
        (each.steps, each.kind, each.was, each.becomes) for each in back
    ]


def test_a_change_of_an_agreement_reads_as_what_it_is() -> None:
    before = {
        "version": 1,
        "purposes": ["PAYMENT", "ELIGIBILITY"],
        "attributes": {"person.sex": {"uses": ["MATCH"], "verdict": True}},
        "territory": None,
    }
    change = {
        "version": 2,
        "purposes": ["ELIGIBILITY", "ENROLMENT"],
        "attributes": {"person.sex": {"uses": ["MATCH", "RELEASE"], "verdict": False}, "person.cnie": {"uses": ["MATCH"]}},
        "territory": ["04"],
    }
    assert [(each.path, each.kind, each.was, each.becomes) for each in differences(before, change)] == [
        (("attributes", "person.cnie", "uses"), ADDED, None, "MATCH"),
        (("attributes", "person.sex", "uses"), ADDED, None, "RELEASE"),
        (("attributes", "person.sex", "verdict"), CHANGED, True, False),
        (("purposes",), ADDED, None, "ENROLMENT"),
        (("purposes",), REMOVED, "PAYMENT", None),
        (("territory",), REMOVED, None, None),
        (("territory",), ADDED, None, "04"),
        (("version",), CHANGED, 1, 2),
    ]


@pytest.mark.parametrize(
    ("was", "becomes"), [(1, True), (0, False), ("1", 1), ("true", True), (None, "null"), ({}, []), ([], None), ("", None)]
)
def test_what_only_looks_alike_differs(was: Any, becomes: Any) -> None:
    assert differences({"a": was}, {"a": becomes}) == (Difference(("a",), CHANGED, was, becomes),)


def test_of_nothing_everything_is_added() -> None:
    assert differences(None, {"a": {"b": [1]}, "c": ["x"]}) == (
        Difference(("a", "b", 0), ADDED, None, 1),
        Difference(("c", Member("x")), ADDED, None, "x"),
    )
    assert differences(None, {}) == (Difference((), ADDED, None, {}),)


def test_a_value_is_shown_as_text_and_what_is_no_text_as_json() -> None:
    assert [shown(value) for value in ("x", "", 1, True, None, {}, [])] == ["x", "", "1", "true", "null", "{}", "[]"]
