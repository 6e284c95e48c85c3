"""A code by time is taken once, around its time; a recovery code as it was meant, and for its own account only."""

import hmac
from base64 import b32decode, b32encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from access.second_factor import (
    RECOVERY_CODES,
    STEP_SECONDS,
    check_totp,
    new_recovery_codes,
    new_secret,
    provisioning_uri,
    recovery_hashes,
)
from core.keys import KeyRing
from tests.access.enrolled import NOW

RFC_SECRET = b32encode(b"12345678901234567890").decode()
STEP = int(NOW.timestamp()) // STEP_SECONDS
ACCOUNT, OTHER = UUID(int=1), UUID(int=2)


def code_of(step: int, secret: str = RFC_SECRET) -> str:
    return TOTP(secret).generate_otp(step)


# Codes by time


@pytest.mark.parametrize(
    ("seconds", "code"),
    [  # RFC 6238, appendix B, for SHA-1: the last six of its eight digits
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert check_totp(RFC_SECRET, code, now=now, last_step=0) == seconds // STEP_SECONDS


@pytest.mark.parametrize(("apart", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_taken_one_step_early_or_late_and_no_further(apart: int, taken: bool) -> None:
    assert check_totp(RFC_SECRET, code_of(STEP + apart), now=NOW, last_step=0) == (STEP + apart if taken else None)


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_only_a_step_later_than_the_last_one_counts(apart: int, last: int) -> None:
    taken = check_totp(RFC_SECRET, code_of(STEP + apart), now=NOW, last_step=STEP + last)
    assert taken == (STEP + apart if abs(apart) <= 1 and apart > last else None)


def test_no_code_serves_twice_however_soon_or_late() -> None:
    last = check_totp(RFC_SECRET, code_of(STEP), now=NOW, last_step=0)
    assert last == STEP
    for seconds in range(-60, 90, 10):
        assert check_totp(RFC_SECRET, code_of(STEP), now=NOW + timedelta(seconds=seconds), last_step=last) is None
    assert check_totp(RFC_SECRET, code_of(STEP - 1), now=NOW, last_step=last) is None
    assert check_totp(RFC_SECRET, code_of(STEP + 1), now=NOW + timedelta(seconds=30), last_step=last) == STEP + 1


def test_a_code_that_two_steps_share_is_used_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TOTP, "generate_otp", lambda self, step: "111111" if step in {STEP, STEP + 1} else "222222")
    last = check_totp(RFC_SECRET, "111111", now=NOW, last_step=0)
    assert last == STEP + 1
    assert check_totp(RFC_SECRET, "111111", now=NOW + timedelta(seconds=30), last_step=last) is None
    assert check_totp(RFC_SECRET, "111111", now=NOW, last_step=STEP) is None


def test_all_steps_are_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    really = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return really(one, other)

    monkeypatch.setattr("access.second_factor.hmac.compare_digest", compare)
    expected = [code_of(step) for step in (STEP - 1, STEP, STEP + 1)]
    for typed in (*expected, "000000"):
        compared.clear()
        check_totp(RFC_SECRET, typed, now=NOW, last_step=0)
        assert compared == expected


@pytest.mark.parametrize("fold", ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"])
def test_a_code_is_taken_in_the_digits_of_an_arabic_keyboard(fold: str) -> None:
    typed = code_of(STEP).translate(str.maketrans("0123456789", fold))
    assert check_totp(RFC_SECRET, f" {typed[:3]} {typed[3:]} ", now=NOW, last_step=0) == STEP


@given(st.text(max_size=12))
def test_what_is_no_code_is_refused_and_nothing_is_raised(typed: str) -> None:
    assert check_totp(RFC_SECRET, f"{typed}x", now=NOW, last_step=0) is None


def test_the_first_instants_have_no_earlier_step() -> None:
    epoch = datetime.fromtimestamp(0, UTC)
    assert check_totp(RFC_SECRET, code_of(1), now=epoch, last_step=0) == 1
    assert check_totp(RFC_SECRET, "000000", now=epoch, last_step=0) is None


def test_secrets_are_of_160_bits_and_no_two_are_alike() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(b32decode(secret)) for secret in secrets} == {20}
    assert all("=" not in secret for secret in secrets)


def test_an_authenticator_app_reads_the_secret_from_the_uri() -> None:
    uri = urlsplit(provisioning_uri(RFC_SECRET, account="amina@registre.example", issuer="Sijil"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Sijil:amina@registre.example"
    # Without algorithm, digits and period: some apps refuse even the usual ones.
    assert parse_qs(uri.query) == {"secret": [RFC_SECRET], "issuer": ["Sijil"]}


# Recovery codes


def test_recovery_codes_are_ten_of_eighty_bits_in_letters_that_are_not_mistaken() -> None:
    codes = new_recovery_codes()
    assert len(codes) == len(set(codes)) == RECOVERY_CODES == 10
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4] * 4
        assert set("".join(groups)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    letters = set("".join(new_recovery_codes(200))) - {"-"}
    assert letters == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize(
    "typed",
    [
        "01AB-CDEF-0123-WXYZ",
        "01abcdef0123wxyz",
        " 01AB CDEF 0123 WXYZ\n",
        "OIab-cdef-oL23-wxyz",
        "olab–cdef−O123‑wxyz",
        "٠١AB-CDEF-٠١٢٣-WXYZ",
    ],
)
def test_a_recovery_code_is_taken_as_it_was_meant(keys: KeyRing, typed: str) -> None:
    assert recovery_hashes(keys, ACCOUNT, typed) == (keys.index("RECOVERY_CODE", f"{ACCOUNT}:01ABCDEF0123WXYZ"),)


@pytest.mark.parametrize(
    "typed", ["", "-", "01AB-CDEF-0123-WXY", "01AB-CDEF-0123-WXYZ-0", "01AB-CDEF-0123-WXYU", "01AB_CDEF_0123_WXYZ", "0" * 65]
)
def test_anything_else_is_no_recovery_code(keys: KeyRing, typed: str) -> None:
    assert recovery_hashes(keys, ACCOUNT, typed) == ()


def test_a_recovery_code_is_its_accounts_only(keys: KeyRing) -> None:
    code = new_recovery_codes(1)[0]
    assert recovery_hashes(keys, ACCOUNT, code) != recovery_hashes(keys, OTHER, code)


def test_a_recovery_code_is_found_under_an_older_key_and_stored_under_the_newest(keys: KeyRing) -> None:
    code = new_recovery_codes(1)[0]
    (before,) = recovery_hashes(keys, ACCOUNT, code)
    rotated = replace(keys, indexes={**keys.indexes, 2: b"k" * 32})
    newest, older = recovery_hashes(rotated, ACCOUNT, code)
    assert older == before
    assert newest != before


@given(st.text(max_size=80))
def test_whatever_is_typed_has_hashes_or_none(keys: KeyRing, typed: str) -> None:
    assert [len(hash_) for hash_ in recovery_hashes(keys, ACCOUNT, typed)] in ([], [16])
