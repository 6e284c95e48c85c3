"""One document has one byte string; what has no exact one is refused."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import MAX_DEPTH, MAX_INTEGER, bytes64, canonical, content_hash, text64
from core.errors import Invalid

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(TEXT, part, max_size=4),
    max_leaves=12,
)


def test_keys_are_sorted_by_their_utf_16_units_and_nothing_is_padded() -> None:
    document = {"\ufb33": 1, "\U0001f600": 2, "é": [None, True, False], "a": {"b": -5, "\n": "\u0007/ض"}}
    expected = '{"a":{"\\n":"\\u0007/ض","b":-5},"é":[null,true,false],"\U0001f600":2,"\ufb33":1}'
    assert canonical(document) == expected.encode()


@given(DOCUMENTS)
def test_the_canonical_form_reads_back_as_the_document(document: object) -> None:
    assert json.loads(canonical(document)) == document
    assert canonical(json.loads(canonical(document))) == canonical(document)


@given(st.dictionaries(TEXT, st.integers(0, 9), max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(document: dict[str, int], rng: Any) -> None:
    pairs = list(document.items())
    rng.shuffle(pairs)
    assert content_hash(dict(pairs)) == content_hash(document)


def test_the_hash_is_sha_256_of_the_bytes() -> None:
    assert content_hash({"a": 1}) == hashlib.sha256(b'{"a":1}').digest()


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (0.5, ()),
        ({"a": [1, 2.0]}, ("a", 1)),
        ({"a": {"b": float("nan")}}, ("a", "b")),
        ([2**53], (0,)),
        ([-(2**53)], (0,)),
        ({"a": {1: 2}}, ("a",)),
        ({"a": b"x"}, ("a",)),
        ({"a": {1, 2}}, ("a",)),
        ("\ud800", ()),
        ({"\ud800": 1}, ()),
    ],
)
def test_what_has_no_exact_form_is_refused_where_it_stands(document: object, path: tuple[str | int, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        canonical(document)
    assert refusal.value.path == path


def test_the_largest_numbers_are_taken() -> None:
    assert canonical([MAX_INTEGER, -MAX_INTEGER]) == b"[9007199254740991,-9007199254740991]"


@pytest.mark.parametrize("wrap", [lambda part: [part], lambda part: {"a": part}])
def test_a_document_that_is_too_deep_is_refused(wrap: Callable[[object], object]) -> None:
    document: object = []
    for _ in range(MAX_DEPTH - 1):
        document = wrap(document)
    assert canonical(document)
    with pytest.raises(Invalid):
        canonical(wrap(document))


@given(st.binary(max_size=40))
def test_bytes_written_as_text_read_back(raw: bytes) -> None:
    assert bytes64(text64(raw)) == raw


@given(st.text(max_size=8) | st.text("AQZaz09-_+/= \n", max_size=8))
def test_bytes_have_one_text_only(text: str) -> None:
    with suppress(ValueError):
        assert text64(bytes64(text)) == text


@pytest.mark.parametrize("text", ["A", "AAAAA", "AQ==", "AR", "AAB", "A+AA", "A/AA", "AA AA", "AAAA\n", "ض", "\ud800AAA"])
def test_a_text_that_is_not_the_one_of_its_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the library says it in several ways
        bytes64(text)
