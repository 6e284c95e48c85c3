"""A sealed value opens in its own place, with its owner's key, unchanged: or not at all."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Internal
from core.sealed import FORMAT, DataKey, MasterKeys

OWNER, OTHER, ROW, ELSEWHERE = (UUID(int=n) for n in (1, 2, 3, 4))
MASTERS = MasterKeys({1: b"1" * 32, 2: b"2" * 32})
KEY, WRAPPED = MASTERS.new_data_key(OWNER)
ATTRIBUTE = "person.given_name:ar"


@given(st.text(st.characters(codec="utf-8")))
def test_a_sealed_value_opens_in_its_place(value: str) -> None:
    sealed = KEY.seal(ATTRIBUTE, ROW, value)
    assert KEY.open(ATTRIBUTE, ROW, sealed) == value
    assert sealed[0] == FORMAT
    assert len(sealed) == 1 + 12 + len(value.encode()) + 16
    assert len(value) < 4 or value.encode() not in sealed


@pytest.mark.parametrize(
    "misplaced",
    [
        lambda sealed: KEY.open("person.given_name:latin", ROW, sealed),
        lambda sealed: KEY.open("person.given_name", ROW, sealed),
        lambda sealed: KEY.open("", ROW, sealed),
        lambda sealed: KEY.open(ATTRIBUTE, ELSEWHERE, sealed),
        lambda sealed: DataKey(b"k" * 32, OWNER).open(ATTRIBUTE, ROW, sealed),
        lambda sealed: MASTERS.new_data_key(OWNER)[0].open(ATTRIBUTE, ROW, sealed),
    ],
    ids=["another script", "the attribute's beginning", "no attribute", "another row", "another key", "a new key of the owner"],
)
def test_a_value_that_was_moved_does_not_open(misplaced: Callable[[bytes], str]) -> None:
    sealed = KEY.seal(ATTRIBUTE, ROW, "Zineb")
    assert KEY.open(ATTRIBUTE, ROW, sealed) == "Zineb"
    with pytest.raises(Internal):
        misplaced(sealed)


def test_a_value_of_another_owner_does_not_open_even_under_the_same_key() -> None:
    mine, theirs = DataKey(b"k" * 32, OWNER), DataKey(b"k" * 32, OTHER)
    assert mine.open(ATTRIBUTE, ROW, mine.seal(ATTRIBUTE, ROW, "Zineb")) == "Zineb"
    with pytest.raises(Internal):
        theirs.open(ATTRIBUTE, ROW, mine.seal(ATTRIBUTE, ROW, "Zineb"))


def test_any_changed_or_missing_byte_makes_it_fail_and_the_refusal_holds_nothing_of_it() -> None:
    sealed = KEY.seal(ATTRIBUTE, ROW, "Zineb")
    changed = [sealed[:n] + bytes([sealed[n] ^ bit]) + sealed[n + 1 :] for n in range(len(sealed)) for bit in (1, 128)]
    cut = [sealed[:n] for n in range(len(sealed))]
    for wrong in [*changed, *cut, sealed + b"\0"]:
        with pytest.raises(Internal) as refusal:
            KEY.open(ATTRIBUTE, ROW, wrong)
        assert "Zineb" not in repr(refusal.value)


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert len({KEY.seal(ATTRIBUTE, ROW, "Zineb") for _ in range(50)}) == 50


def test_a_data_key_is_wrapped_by_the_newest_master_and_opens_for_its_owner() -> None:
    assert WRAPPED[:2] == b"\x00\x02"
    assert len(WRAPPED) == 2 + 12 + 32 + 16
    again = MASTERS.unwrap(OWNER, WRAPPED)
    assert again.open(ATTRIBUTE, ROW, KEY.seal(ATTRIBUTE, ROW, "Zineb")) == "Zineb"
    with pytest.raises(Internal):
        MASTERS.unwrap(OTHER, WRAPPED)


def test_an_older_master_still_unwraps_and_a_missing_or_other_one_does_not() -> None:
    old = MasterKeys({1: b"1" * 32})
    key, wrapped = old.new_data_key(OWNER)
    assert wrapped[:2] == b"\x00\x01"
    sealed = key.seal(ATTRIBUTE, ROW, "Zineb")
    assert MASTERS.unwrap(OWNER, wrapped).open(ATTRIBUTE, ROW, sealed) == "Zineb"
    with pytest.raises(Internal, match="unknown master key"):
        old.unwrap(OWNER, WRAPPED)
    with pytest.raises(Internal):
        MasterKeys({2: b"3" * 32}).unwrap(OWNER, WRAPPED)


def test_a_wrapped_key_does_not_pass_for_one_of_another_version() -> None:
    twins = MasterKeys({1: b"1" * 32, 2: b"1" * 32})
    _, wrapped = twins.new_data_key(OWNER)
    twins.unwrap(OWNER, wrapped)
    with pytest.raises(Internal):
        twins.unwrap(OWNER, b"\x00\x01" + wrapped[2:])


def test_a_changed_or_cut_wrapped_key_does_not_open() -> None:
    for n in range(len(WRAPPED)):
        for wrong in (WRAPPED[:n] + bytes([WRAPPED[n] ^ 1]) + WRAPPED[n + 1 :], WRAPPED[:n]):
            with pytest.raises(Internal):
                MASTERS.unwrap(OWNER, wrong)


def test_keys_are_not_printed() -> None:
    assert "6b6b6b" not in repr(DataKey(b"k" * 32, OWNER)) + repr(MASTERS)
    assert "kkkk" not in repr(DataKey(b"k" * 32, OWNER)) + str(MASTERS)


@given(st.binary())
def test_bytes_are_sealed_as_texts_are_and_what_is_no_text_is_not_told_as_one(value: bytes) -> None:
    sealed = KEY.seal_bytes(ATTRIBUTE, ROW, value)
    assert KEY.open_bytes(ATTRIBUTE, ROW, sealed) == value
    for wrong in (sealed[:-1], sealed + b"\0", b"\2" + sealed[1:], b""):
        with pytest.raises(Internal):
            KEY.open_bytes(ATTRIBUTE, ROW, wrong)
    with pytest.raises(Internal):
        KEY.open(ATTRIBUTE, ROW, KEY.seal_bytes(ATTRIBUTE, ROW, value + b"\xff"))
    assert KEY.open_bytes(ATTRIBUTE, ROW, KEY.seal(ATTRIBUTE, ROW, "Zineb")) == b"Zineb"
