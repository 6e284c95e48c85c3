"""A one-time code is as likely as any other, good once, for three minutes and five tries, and known by a keyed hash."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.one_time_codes import (
    DIGITS,
    LIFETIME_SECONDS,
    LONG_DIGITS,
    MAX_TYPED,
    TRIES,
    Challenge,
    Outcome,
    code_hash,
    judge,
    new_code,
    parse_code,
)
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.enrolled import NOW

RIGHT, WRONG = b"r" * 16, b"w" * 16
SENT = Challenge(RIGHT, NOW + timedelta(seconds=LIFETIME_SECONDS), TRIES)
MOMENT = timedelta(microseconds=1)


def source_of(*values: int) -> Callable[[int], bytes]:
    """These bytes again and again."""
    endless = cycle(values)
    return lambda length: bytes(next(endless) for _ in range(length))


# New codes


def test_every_digit_comes_of_as_many_bytes() -> None:
    digits = Counter(new_code(source_of(byte)) for byte in range(250))
    assert digits == {str(digit) * DIGITS: 25 for digit in range(10)}


@pytest.mark.parametrize("byte", range(250, 256))
def test_a_byte_that_would_favour_a_digit_is_passed_over(byte: int) -> None:
    assert new_code(source_of(byte, 1, byte, 2, byte, 3)) == "123123"
    assert new_code(source_of(*[byte] * 100, 7)) == "777777"


@pytest.mark.parametrize("digits", [DIGITS, LONG_DIGITS])
def test_new_codes_have_as_many_digits_as_are_wished_for_and_differ(digits: int) -> None:
    codes = [new_code(digits=digits) for _ in range(200)]
    assert {len(code) for code in codes} == {digits}
    assert all(parse_code(code) == code for code in codes)
    assert len(set(codes)) > 190
    assert {code[0] for code in codes} == set("0123456789")


# As typed


@pytest.mark.parametrize(
    "typed", ["012345", " 012345 ", "012 345", "0 1 2 3 4 5", "012\u00a0345", "012\u202f345\n", "٠١٢٣٤٥", "۰۱۲۳۴۵", "٠١٢ ۳۴5"]
)
def test_a_code_is_taken_in_the_digits_of_either_script_with_blanks_or_without(typed: str) -> None:
    assert parse_code(typed) == "012345"
    assert parse_code(f"{typed}6789") == "0123456789"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "12345",
        "1234567",
        "123456789",
        "12345678901",
        "12345a",
        "-12345",
        "+12345",
        "12.345",
        "１２３４５６",
        "१२३४५६",
        "12345²",
        "12345\u200f6",
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    assert parse_code(typed) is None


def test_an_endless_text_is_no_code() -> None:
    assert parse_code("123456".ljust(MAX_TYPED)) == "123456"
    assert parse_code("123456".ljust(MAX_TYPED + 1)) is None


@given(st.text(max_size=40) | st.text("0123456789٠١٢٣ ", max_size=16))
def test_whatever_is_typed_is_six_or_ten_latin_digits_or_no_code(typed: str) -> None:
    code = parse_code(typed)
    assert code is None or (len(code) in (DIGITS, LONG_DIGITS) and code.isascii() and code.isdigit())


# The hash


def test_a_code_is_known_by_a_hash_that_hangs_on_the_key_the_challenge_and_the_code(keys: KeyRing) -> None:
    one, other = UUID(int=1), UUID(int=2)
    hashes = {code_hash(keys, challenge, code) for challenge in (one, other) for code in ("123456", "123457")}
    assert len(hashes) == 4
    assert {len(hash_) for hash_ in hashes} == {16}
    assert code_hash(keys, one, "123456") == code_hash(keys, one, "123456") == keys.index("ONE_TIME_CODE", f"{one}:123456")
    another = replace(keys, indexes={1: b"k" * 32})
    assert code_hash(another, one, "123456") not in hashes


# What a try comes to


@pytest.mark.parametrize("tries_left", range(1, TRIES + 1))
def test_the_right_code_is_right_at_each_of_five_tries(tries_left: int) -> None:
    challenge = replace(SENT, tries_left=tries_left)
    assert judge(challenge, RIGHT, NOW) is Outcome.RIGHT
    assert judge(challenge, WRONG, NOW) is Outcome.WRONG


def test_at_the_sixth_try_even_the_right_code_is_spent() -> None:
    challenge = SENT
    for _ in range(5):
        assert judge(challenge, WRONG, NOW) is Outcome.WRONG
        challenge = replace(challenge, tries_left=challenge.tries_left - 1)
    assert judge(challenge, RIGHT, NOW) is Outcome.SPENT


def test_a_used_code_is_spent() -> None:
    assert judge(replace(SENT, used_at=NOW), RIGHT, NOW) is Outcome.SPENT


def test_a_code_lasts_for_three_minutes_to_the_moment() -> None:
    assert LIFETIME_SECONDS == 180
    assert judge(SENT, RIGHT, SENT.expires_at - MOMENT) is Outcome.RIGHT
    assert judge(SENT, RIGHT, SENT.expires_at) is Outcome.EXPIRED


@given(
    st.booleans(),
    st.integers(-3, 9),
    st.none() | st.just(NOW),
    st.timedeltas(timedelta(days=-400), timedelta(days=400)),
    st.binary(max_size=20),
)
def test_every_try_has_one_outcome(
    right: bool, tries_left: int, used_at: datetime | None, ago: timedelta, other: bytes
) -> None:
    challenge = Challenge(RIGHT, NOW + ago, tries_left, used_at)
    outcome = judge(challenge, RIGHT if right else other, NOW)
    good = right or other == RIGHT
    live = used_at is None and tries_left > 0 and ago > timedelta(0)
    assert (outcome is Outcome.RIGHT) == (good and live)
    assert (outcome is Outcome.WRONG) == (not good and live)
    assert (outcome is Outcome.EXPIRED) == (ago <= timedelta(0))


def test_what_is_printed_of_a_challenge_does_not_tell_its_hash(keys: KeyRing) -> None:
    challenge = Challenge(code_hash(keys, uuid7(NOW), "123456"), NOW, TRIES)
    assert "code_hash" not in repr(challenge)
