"""The numbers of receipts: drawn at random, checked, and nobody else's."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.database import Database
from core.errors import Invalid
from core.ids import uuid7
from core.keys import KeyRing
from core.texts import typed_digits
from identity import receipts
from identity.numbers import verhoeff_digit, verhoeff_valid
from tests.access.enrolled import NOW
from tests.identity.registered import machine


@given(st.binary(min_size=16, max_size=16))
def test_what_is_drawn_is_twelve_digits_with_a_right_check_digit_that_read_back(drawn: bytes) -> None:
    number = receipts.drawn(lambda _: drawn)
    assert len(number) == 12
    assert verhoeff_valid(number)
    assert receipts.normal_number(receipts.shown_number(number)) == number


@pytest.mark.parametrize("typed", ["{}", " {} ", "{0:.4} {1} {2}", "\u200e{}\u200f"])
def test_a_number_is_read_in_groups_and_between_marks_of_direction(typed: str) -> None:
    number = receipts.drawn(lambda size: b"\x2a" * size)
    assert receipts.normal_number(typed.format(number, number[4:8], number[8:])) == number


def test_a_number_is_read_in_arabic_digits() -> None:
    number = receipts.drawn(lambda size: b"\x2a" * size)
    assert receipts.normal_number(number.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})) == number


@given(st.text(max_size=60).filter(lambda text: len(typed_digits(text)) != 12))
def test_any_other_text_is_refused_with_its_path(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        receipts.normal_number(typed, "receipt")
    assert refused.value.path == ("receipt",)


@given(st.integers(0, 10**11 - 1), st.integers(0, 11), st.integers(1, 9))
def test_one_digit_mistyped_is_seen(body: int, place: int, other: int) -> None:
    digits = f"{body:011d}"
    number = digits + verhoeff_digit(digits)
    wrong = number[:place] + str((int(number[place]) + other) % 10) + number[place + 1 :]
    with pytest.raises(Invalid):
        receipts.normal_number(wrong)


@pytest.mark.usefixtures("clean")
async def test_a_number_is_kept_for_its_owner_under_a_keyed_hash_alone(database: Database, keys: KeyRing) -> None:
    call, mine, other = machine(), uuid7(NOW), uuid7(NOW)
    async with database.begin() as connection:
        number = await receipts.new_number(connection, keys, mine, call)
        another = await receipts.new_number(connection, keys, other, call)
    assert await receipts.owner_of(database, keys, number) == mine
    assert await receipts.owner_of(database, keys, another) == other
    rows = await database.ask("select * from identifier order by owner_id")
    assert {(row["kind"], row["owner_id"]) for row in rows} == {("RECEIPT", mine), ("RECEIPT", other)}
    assert not any(number.encode() in bytes(row["hash"]) for row in rows)


@pytest.mark.usefixtures("clean")
async def test_a_number_that_is_somebodys_is_drawn_again(
    database: Database, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, first, second = machine(), uuid7(NOW), uuid7(NOW)
    draws = iter([b"\x01" * 16, b"\x01" * 16, b"\x02" * 16])
    real = receipts.drawn
    monkeypatch.setattr(receipts, "drawn", lambda: real(lambda _: next(draws)))
    async with database.begin() as connection:
        one = await receipts.new_number(connection, keys, first, call)
        two = await receipts.new_number(connection, keys, second, call)
    assert one != two
    assert await receipts.owner_of(database, keys, one) == first
    assert await receipts.owner_of(database, keys, "000000000000") is None
    assert isinstance(await receipts.owner_of(database, keys, two), UUID)
