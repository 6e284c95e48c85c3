"""Receipts of consents: checked with published keys alone, and refused for any change."""

import json
import random
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access import receipts
from access.catalogue import CATALOGUE
from access.consent_notices import MAX_BODY, MAX_TITLE, MAX_WHY, parse_notice
from access.consent_receipts import MAX_CHARACTERS, TYPE, receipt_of, sign_receipt, verify_receipt
from access.consent_revisions import Revision, revision_of
from access.tokens import AccessToken, issue, sign_compact
from core.canonical import content_hash, text64
from core.errors import Invalid
from core.keys import KeyRing, create
from tests.access.consenting import (
    AGENCY,
    ASKED,
    DECLINE,
    GRANT,
    NOTICE,
    WITHDRAW,
    answer,
    brought,
    chain,
    notice_document,
    request,
)
from tests.access.enrolled import NOW

ISSUER = "https://sijil.example"
GRANTED: Revision = chain(request(), [GRANT])[-1]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~ ٣"


@pytest.fixture(scope="module")
def receipt(keys: KeyRing) -> str:
    return sign_receipt(GRANTED, NOTICE, issuer=ISSUER, key=keys.signer)


def refused(text: str, jwks: Mapping[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        verify_receipt(text, jwks)
    assert (refusal.value.message, refusal.value.path) == ("the receipt does not verify", ())


def test_a_receipt_says_what_was_agreed_to_in_words_and_for_machines(keys: KeyRing, receipt: str) -> None:
    told = verify_receipt(receipt, keys.jwks())
    assert told == receipt_of(GRANTED, NOTICE, ISSUER)
    assert told.keys() == {"v", "iss", "record", "hash", "notice", "attributes"}
    assert (told["v"], told["iss"]) == (1, ISSUER)
    assert told["record"] == GRANTED.document
    assert told["hash"] == GRANTED.hash.hex()
    assert told["notice"] == notice_document()
    assert told["attributes"].keys() == ASKED
    assert told["attributes"]["household.size"] == {
        "ar": "عدد أفراد الأسرة",
        "fr": "Taille du ménage",
        "en": "Size of the household",
    }


@pytest.mark.parametrize("acts", [[], [DECLINE], [GRANT], [GRANT, WITHDRAW]])
def test_each_revision_has_its_receipt(keys: KeyRing, acts: list[Any]) -> None:
    for revision in chain(request(), acts):
        told = verify_receipt(sign_receipt(revision, NOTICE, issuer=ISSUER, key=keys.signer), keys.jwks())
        assert revision_of(told["record"]) == revision


def test_what_was_given_elsewhere_has_a_receipt_without_a_notice(keys: KeyRing) -> None:
    (revision,) = chain(brought(), [])
    told = verify_receipt(sign_receipt(revision, None, issuer=ISSUER, key=keys.signer), keys.jwks())
    assert told["notice"] is None
    with pytest.raises(Invalid):
        sign_receipt(revision, NOTICE, issuer=ISSUER, key=keys.signer)


@pytest.mark.parametrize("change", [{"version": 4}, {"agency": "OTHER"}, {"purpose": "PAYMENT"}, {"longest_days": 366}])
def test_a_receipt_is_not_made_with_another_notice(keys: KeyRing, change: dict[str, Any]) -> None:
    for other in (parse_notice(notice_document(**change)), None):
        with pytest.raises(Invalid):
            sign_receipt(GRANTED, other, issuer=ISSUER, key=keys.signer)


def test_the_signature_is_one_that_others_can_check(keys: KeyRing, receipt: str) -> None:
    (published,) = keys.jwks()["keys"]
    payload = jwt.decode(receipt, jwt.PyJWK(published, algorithm="EdDSA"), algorithms=["EdDSA"])
    assert payload["hash"] == GRANTED.hash.hex()
    assert jwt.get_unverified_header(receipt) == {"alg": "EdDSA", "kid": published["kid"], "typ": TYPE}


def test_the_public_part_alone_suffices_and_older_keys_still_verify(keys: KeyRing, receipt: str, tmp_path: Path) -> None:
    published = json.loads(json.dumps(keys.jwks()))
    newer = create(tmp_path / "keys.json", mark="", at=NOW).jwks()["keys"]
    assert verify_receipt(receipt, {"keys": [*newer, *published["keys"]]})["hash"] == GRANTED.hash.hex()
    strange: list[dict[str, Any]] = [
        {"keys": newer},
        {"keys": []},
        {},
        {"keys": None},
        {"keys": [{}]},
        {"keys": [{"kid": keys.signer.kid}]},
        {"keys": [{**newer[0], "kid": keys.signer.kid}]},
    ]
    for unknown in strange:
        refused(receipt, unknown)


def test_whatever_single_character_is_changed_the_receipt_is_refused(keys: KeyRing, receipt: str) -> None:
    rng = random.Random(7)
    for place, character in enumerate(receipt):
        other = rng.choice([letter for letter in ALPHABET if letter != character])
        refused(receipt[:place] + other + receipt[place + 1 :], keys.jwks())


def test_whatever_single_bit_of_it_is_turned_the_receipt_is_refused(keys: KeyRing) -> None:
    small = sign_receipt(chain(brought(), [])[0], None, issuer=ISSUER, key=keys.signer).encode()
    for place in range(len(small)):
        for bit in range(7):
            changed = bytearray(small)
            changed[place] ^= 1 << bit
            refused(changed.decode(), keys.jwks())


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_whatever_is_cut_doubled_or_put_in_the_receipt_is_refused(keys: KeyRing, receipt: str, rng: random.Random) -> None:
    start, end = sorted(rng.sample(range(len(receipt) + 1), 2))
    changed = rng.choice(
        [
            receipt[:start] + receipt[end:],
            receipt[:end] + receipt[start:],
            receipt[:start] + rng.choice(ALPHABET) + receipt[start:],
        ]
    )
    refused(changed, keys.jwks())


@given(st.text() | st.text("e.0aA=", max_size=40))
def test_any_text_is_refused_with_one_word(keys: KeyRing, text: str) -> None:
    refused(text, keys.jwks())


def test_parts_of_two_receipts_do_not_fit(keys: KeyRing, receipt: str) -> None:
    other = sign_receipt(chain(request(), [GRANT, WITHDRAW])[-1], NOTICE, issuer=ISSUER, key=keys.signer)
    header, payload, signature = receipt.split(".")
    _, other_payload, other_signature = other.split(".")
    refused(f"{header}.{other_payload}.{signature}", keys.jwks())
    refused(f"{header}.{payload}.{other_signature}", keys.jwks())


def test_a_signature_has_one_form_only(keys: KeyRing, receipt: str) -> None:
    """The same signature with its scalar moved by the order of the group would satisfy the equation, too."""
    order = 2**252 + 27742317777372353535851937790883648493
    signed, _, signature = receipt.rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    scalar = int.from_bytes(raw[32:], "little") + order
    moved = raw[:32] + scalar.to_bytes(32, "little")
    refused(f"{signed}.{text64(moved)}", keys.jwks())


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": receipts.TYPE},
        {"typ": "at+jwt"},
        {"typ": None},
        {"typ": TYPE.upper()},
        {"typ": TYPE, "alg": "none"},
        {"typ": TYPE, "alg": "HS256"},
        {"typ": TYPE, "kid": ["k"]},
        {"typ": TYPE, "kid": "another"},
    ],
)
def test_another_thing_signed_by_our_key_is_no_receipt(keys: KeyRing, header: dict[str, Any]) -> None:
    payload = receipt_of(GRANTED, NOTICE, ISSUER)
    assert verify_receipt(sign_compact({"typ": TYPE}, payload, keys.signer), keys.jwks()) == payload
    refused(sign_compact(header, payload, keys.signer), keys.jwks())


def test_other_tokens_are_no_receipts_and_a_receipt_is_none_of_them(keys: KeyRing, receipt: str) -> None:
    refused(issue(keys, AccessToken(AGENCY, "k", "t", (), NOW), issuer=ISSUER, now=NOW), keys.jwks())
    batch = receipts.sign([{"agency": str(AGENCY)}], agency=AGENCY, issuer=ISSUER, at=NOW, key=keys.signer)
    refused(batch.jws, keys.jwks())
    refused(batch.receipt(0), keys.jwks())
    _, row, index, size, path = batch.receipt(0).split("~")
    with pytest.raises(Invalid):
        receipts.verify("~".join([receipt, row, index, size, path]), keys.jwks())


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload.update(v=2),
        lambda payload: payload.update(v=True),
        lambda payload: payload.update(v=1.0),
        lambda payload: payload.update(iss=""),
        lambda payload: payload.update(iss=None),
        lambda payload: payload.update(more=1),
        lambda payload: payload.pop("v"),
        lambda payload: payload.pop("notice"),
        lambda payload: payload.update(hash="00" * 32),
        lambda payload: payload.update(hash=payload["hash"].upper()),
        lambda payload: payload.update(record=None),
        lambda payload: payload.update(record=[]),
        lambda payload: payload["record"].update(pii_granted=sorted(ASKED)),
        lambda payload: payload["record"].update(revision=3),
        lambda payload: payload.update(notice=None),
        lambda payload: payload.update(notice=notice_document(version=4)),
        lambda payload: payload["notice"]["texts"]["fr"].update(why="Autre chose."),
        lambda payload: payload["attributes"].pop("household.size"),
        lambda payload: payload["attributes"].update({"person.cnie": payload["attributes"]["household.size"]}),
        lambda payload: payload["attributes"]["household.size"].pop("ar"),
        lambda payload: payload["attributes"]["household.size"].update(fr=" "),
        lambda payload: payload.update(attributes=[]),
    ],
)
def test_a_signed_document_of_another_form_proves_nothing(keys: KeyRing, change: Callable[[dict[str, Any]], Any]) -> None:
    payload = deepcopy(receipt_of(GRANTED, NOTICE, ISSUER))
    change(payload)
    refused(sign_compact({"typ": TYPE}, payload, keys.signer), keys.jwks())


def test_a_record_with_its_hash_made_anew_is_still_not_the_records_own_notice(keys: KeyRing) -> None:
    payload = deepcopy(receipt_of(GRANTED, NOTICE, ISSUER))
    payload["record"]["purpose"] = "PAYMENT"
    payload["hash"] = content_hash(payload["record"]).hex()
    refused(sign_compact({"typ": TYPE}, payload, keys.signer), keys.jwks())


def test_the_largest_receipt_there_can_be_is_read_and_what_is_longer_is_not(keys: KeyRing) -> None:
    """Every attribute granted, under a notice of full length in letters of four bytes."""
    full = {"title": "𞸀" * MAX_TITLE, "body": "𞸀" * MAX_BODY, "why": "𞸀" * MAX_WHY}
    notice = parse_notice(notice_document(texts={"ar": full, "fr": full, "en": full}, attributes=sorted(CATALOGUE)))
    asked = request(notice=notice, attributes=frozenset(CATALOGUE), valid_to=NOW + timedelta(days=365), reference="r" * 64)
    revision = chain(asked, [answer(*CATALOGUE)])[-1]
    receipt = sign_receipt(revision, notice, issuer=ISSUER, key=keys.signer)
    assert 56 * 1024 < len(receipt) <= MAX_CHARACTERS
    assert verify_receipt(receipt, keys.jwks())["hash"] == revision.hash.hex()
    refused(receipt + "A" * MAX_CHARACTERS, keys.jwks())
