"""A device is known to whom it was given, for ninety days, under the keys that made it, and in one form only."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.devices import FUTURE, LIFETIME, MAX_LENGTH, device_cookie, known_device
from core.canonical import bytes64, text64
from core.keys import KeyRing
from tests.access.enrolled import NOW

SUBJECT, OTHER = UUID(int=1), UUID(int=2)
MOMENT = timedelta(microseconds=1)


def test_a_device_is_known_again_under_one_id_and_each_has_its_own(keys: KeyRing) -> None:
    one, other = device_cookie(keys, SUBJECT, NOW), device_cookie(keys, SUBJECT, NOW)
    device = known_device(keys, SUBJECT, one, NOW)
    assert device is not None
    assert len(bytes.fromhex(device)) == 16
    assert known_device(keys, SUBJECT, one, NOW + timedelta(days=40)) == device
    assert known_device(keys, SUBJECT, other, NOW) not in {None, device}


def test_a_device_is_not_known_to_another(keys: KeyRing) -> None:
    assert known_device(keys, OTHER, device_cookie(keys, SUBJECT, NOW), NOW) is None


def test_a_device_is_known_for_ninety_days_to_the_moment(keys: KeyRing) -> None:
    cookie = device_cookie(keys, SUBJECT, NOW)
    assert timedelta(days=90) == LIFETIME
    assert known_device(keys, SUBJECT, cookie, NOW + LIFETIME - MOMENT)
    assert known_device(keys, SUBJECT, cookie, NOW + LIFETIME) is None


def test_a_cookie_from_the_future_is_not_taken(keys: KeyRing) -> None:
    cookie = device_cookie(keys, SUBJECT, NOW)
    assert known_device(keys, SUBJECT, cookie, NOW - FUTURE)
    assert known_device(keys, SUBJECT, cookie, NOW - FUTURE - MOMENT) is None


def test_a_cookie_of_other_keys_is_not_taken_and_one_of_older_keys_is(keys: KeyRing) -> None:
    cookie = device_cookie(keys, SUBJECT, NOW)
    rotated = replace(keys, indexes={**keys.indexes, 2: b"k" * 32})
    assert known_device(rotated, SUBJECT, cookie, NOW) == known_device(keys, SUBJECT, cookie, NOW)
    newer = device_cookie(rotated, SUBJECT, NOW)
    assert known_device(rotated, SUBJECT, newer, NOW)
    assert known_device(keys, SUBJECT, newer, NOW) is None
    assert known_device(replace(keys, indexes={1: b"k" * 32}), SUBJECT, cookie, NOW) is None


def test_a_cookie_changed_in_any_bit_is_not_taken(keys: KeyRing) -> None:
    raw = bytes64(device_cookie(keys, SUBJECT, NOW))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert known_device(keys, SUBJECT, text64(bytes(changed)), NOW) is None
    for other in (raw[:-1], raw + b"\0", raw[1:], b""):
        assert known_device(keys, SUBJECT, text64(other), NOW) is None


def test_a_cookie_has_one_form_so_that_it_has_one_budget(keys: KeyRing) -> None:
    cookie = device_cookie(keys, SUBJECT, NOW)
    assert len(cookie) == MAX_LENGTH
    padded = urlsafe_b64encode(bytes64(cookie)).decode()
    for other in (f"{cookie}=", f"{padded}====", f" {cookie}", f"{cookie}\n", cookie.swapcase(), f"{cookie}.", cookie * 2):
        assert known_device(keys, SUBJECT, other, NOW) is None


@pytest.mark.parametrize("cookie", [None, "", "é" * 54, "\ud800" * 54, "A" * 54, "A" * 53])
def test_what_is_no_cookie_of_ours_is_nobodys_device(keys: KeyRing, cookie: str | None) -> None:
    assert known_device(keys, SUBJECT, cookie, NOW) is None


@given(st.text(max_size=60) | st.binary(min_size=40, max_size=40).map(text64))
def test_nobody_makes_up_a_cookie(keys: KeyRing, cookie: str) -> None:
    assert known_device(keys, SUBJECT, cookie, NOW) is None
