"""A receipt proves its row with the published keys and nothing else; whatever is changed in it, it proves nothing."""

import json
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access import receipts
from access.receipts import MAX_CHARACTERS, SignedBatch, sign, verify
from access.tokens import AccessToken, issue, sign_compact
from core.errors import Invalid
from core.keys import KeyRing, create
from tests.access.enrolled import NOW

AGENCY = UUID("0198a1b2-0000-7000-8000-000000000001")
ISSUER = "https://sijil.example"
AS_OF = "2026-03-14T10:30:00.000000+00:00"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~.= ٣"


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"agency": str(AGENCY), "as_of": AS_OF, "number": number, "confirmed": number % 2 == 0, "name": "ض", **more}


def batch(keys: KeyRing, size: int) -> SignedBatch:
    return sign([row(n) for n in range(size)], agency=AGENCY, issuer=ISSUER, at=NOW, key=keys.signer)


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 100])
def test_every_row_of_a_batch_has_a_receipt_that_proves_it(keys: KeyRing, size: int) -> None:
    signed = batch(keys, size)
    assert [verify(signed.receipt(n), keys.jwks()) for n in range(size)] == [row(n) for n in range(size)]


def test_the_signature_is_one_that_others_can_check(keys: KeyRing) -> None:
    signed = batch(keys, 3)
    (published,) = keys.jwks()["keys"]
    payload = jwt.decode(
        signed.jws, jwt.PyJWK(published, algorithm="EdDSA"), algorithms=["EdDSA"], options={"verify_aud": False}
    )
    assert payload.keys() == {"v", "iss", "agency", "as_of", "root", "size"}
    assert (payload["iss"], payload["agency"], payload["as_of"], payload["size"]) == (ISSUER, str(AGENCY), AS_OF, 3)
    assert jwt.get_unverified_header(signed.jws) == {"alg": "EdDSA", "kid": published["kid"], "typ": "sijil-receipt+jws"}


def test_the_public_part_alone_suffices_and_older_keys_still_verify(keys: KeyRing, tmp_path: Path) -> None:
    receipt = batch(keys, 2).receipt(1)
    published = json.loads(json.dumps(keys.jwks()))
    newer = create(tmp_path / "keys.json", mark="", at=NOW).jwks()["keys"]
    assert verify(receipt, {"keys": [*newer, *published["keys"]]}) == row(1)
    others: list[dict[str, Any]] = [{"keys": newer}, {"keys": []}, {}]
    for unknown in others:
        with pytest.raises(Invalid):
            verify(receipt, unknown)


def test_a_key_published_under_the_kid_of_another_does_not_verify(keys: KeyRing, tmp_path: Path) -> None:
    other = create(tmp_path / "keys.json", mark="", at=NOW).signer.public_jwk
    with pytest.raises(Invalid):
        verify(batch(keys, 1).receipt(0), {"keys": [{**other, "kid": keys.signer.kid}]})


def test_whatever_single_character_is_changed_the_receipt_fails(keys: KeyRing) -> None:
    receipt = batch(keys, 5).receipt(2)
    rng = random.Random(3)
    for place, character in enumerate(receipt):
        other = rng.choice([letter for letter in ALPHABET if letter != character])
        with pytest.raises(Invalid):
            verify(receipt[:place] + other + receipt[place + 1 :], keys.jwks())


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_whatever_is_cut_doubled_or_put_in_the_receipt_fails(keys: KeyRing, rng: random.Random) -> None:
    receipt = batch(keys, 5).receipt(2)
    start, end = sorted(rng.sample(range(len(receipt) + 1), 2))
    changed = rng.choice(
        [
            receipt[:start] + receipt[end:],
            receipt[:end] + receipt[start:],
            receipt[:start] + rng.choice(ALPHABET) + receipt[start:],
        ]
    )
    with pytest.raises(Invalid):
        verify(changed, keys.jwks())


def test_parts_of_other_receipts_do_not_fit(keys: KeyRing) -> None:
    one, other = batch(keys, 5), batch(keys, 8)
    parts = one.receipt(2).split("~")
    for donor in (one.receipt(3), other.receipt(2)):
        for place, part in enumerate(donor.split("~")):
            if part != parts[place]:
                with pytest.raises(Invalid):
                    verify("~".join([*parts[:place], part, *parts[place + 1 :]]), keys.jwks())


@pytest.mark.parametrize("size", ["4", "6", "5.0", "05", "+5", " 5", "5 ", "٥", "5_", "0", "-5", "", "9" * 5000])
def test_a_size_other_than_the_signed_one_fails(keys: KeyRing, size: str) -> None:
    """In a tree of 5 and one of 6 the first leaf has the same way up: the signed size tells them apart."""
    jws, leaf, index, _, path = batch(keys, 5).receipt(0).split("~")
    with pytest.raises(Invalid):
        verify("~".join([jws, leaf, index, size, path]), keys.jwks())


@pytest.mark.parametrize("index", ["1", "-1", "00", "+0", " 0", "0.0", "٠", "5", ""])
def test_an_index_other_than_the_rows_own_fails(keys: KeyRing, index: str) -> None:
    jws, leaf, _, size, path = batch(keys, 5).receipt(0).split("~")
    with pytest.raises(Invalid):
        verify("~".join([jws, leaf, index, size, path]), keys.jwks())


def test_a_changed_row_fails(keys: KeyRing) -> None:
    jws, leaf, index, size, path = batch(keys, 3).receipt(1).split("~")
    wider = text64(json.dumps(json.loads(raw(leaf)) | {"confirmed": True}).encode())
    for other in (wider, f"{leaf}=", leaf[:-1], ""):
        with pytest.raises(Invalid):
            verify("~".join([jws, other, index, size, path]), keys.jwks())


def test_a_row_of_another_agency_or_time_does_not_pass_under_this_signature(keys: KeyRing) -> None:
    for change in ({"agency": str(UUID(int=2))}, {"as_of": "2026-03-14T10:30:00.000001+00:00"}):
        signed = sign([row(0) | change], agency=AGENCY, issuer=ISSUER, at=NOW, key=keys.signer)
        with pytest.raises(Invalid):
            verify(signed.receipt(0), keys.jwks())


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"typ": None},
        {"typ": receipts.TYPE, "alg": "none"},
        {"typ": receipts.TYPE, "kid": ["k"]},
    ],
)
def test_another_thing_signed_by_our_key_is_no_receipt(keys: KeyRing, header: dict[str, Any]) -> None:
    signed = batch(keys, 1)
    payload = jwt.decode(signed.jws, options={"verify_signature": False})
    good = sign_compact({"typ": receipts.TYPE}, payload, keys.signer)
    assert verify(replace(signed, jws=good).receipt(0), keys.jwks()) == row(0)
    with pytest.raises(Invalid):
        verify(replace(signed, jws=sign_compact(header, payload, keys.signer)).receipt(0), keys.jwks())


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"v": None}, {"size": 2}, {"size": "1"}, {"root": ""}, {"root": None}, {"agency": None}, {"as_of": None}],
)
def test_a_signed_batch_of_another_form_proves_nothing(keys: KeyRing, change: dict[str, Any]) -> None:
    signed = batch(keys, 1)
    payload = jwt.decode(signed.jws, options={"verify_signature": False}) | change
    with pytest.raises(Invalid):
        verify(replace(signed, jws=sign_compact({"typ": receipts.TYPE}, payload, keys.signer)).receipt(0), keys.jwks())


def test_an_access_token_is_no_batch(keys: KeyRing) -> None:
    token = issue(keys, AccessToken(AGENCY, "k", "t", (), NOW), issuer=ISSUER, now=NOW)
    with pytest.raises(Invalid):
        verify(replace(batch(keys, 1), jws=token).receipt(0), keys.jwks())


def test_an_empty_batch_is_signed_and_proves_nothing(keys: KeyRing) -> None:
    signed = batch(keys, 0)
    for index, size in (("0", "0"), ("0", "1")):
        with pytest.raises(Invalid):
            verify(f"{signed.jws}~{text64(b'{}')}~{index}~{size}~", keys.jwks())


@given(st.text() | st.text("~.0aA", max_size=40))
def test_any_text_is_refused_with_one_word(keys: KeyRing, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        verify(text, keys.jwks())
    assert refusal.value.message == "the receipt does not verify"


def test_a_receipt_beyond_64_kib_is_refused(keys: KeyRing) -> None:
    signed = sign([row(0, more="m" * 49_000)], agency=AGENCY, issuer=ISSUER, at=NOW, key=keys.signer)
    assert len(signed.receipt(0)) > MAX_CHARACTERS
    with pytest.raises(Invalid):
        verify(signed.receipt(0), keys.jwks())
    fits = sign([row(0, more="m" * 48_000)], agency=AGENCY, issuer=ISSUER, at=NOW, key=keys.signer)
    assert verify(fits.receipt(0), keys.jwks())["number"] == 0
