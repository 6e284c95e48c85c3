"""Who asks proves it in exactly one form; every deviation is refused, and refused by the check that is meant for it."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from access import receipts
from access.counters import replay_key
from access.tokens import (
    MAX_BYTES,
    AccessToken,
    check_assertion,
    check_proof,
    issue,
    parse_assertion,
    parse_compact,
    parse_jwk,
    read,
    sign_compact,
    thumbprint,
)
from core.errors import Invalid, Unauthenticated
from core.keys import KeyRing, create
from tests.access.enrolled import NOW, Key

ISSUER = "https://sijil.example"
URL = f"{ISSUER}/graphql"
SECONDS = int(NOW.timestamp())
CLIENT = "0198a1b2-0000-7000-8000-000000000001"
AGENCY = UUID(CLIENT)
KEYS = {alg: Key.new(alg) for alg in ("ES256", "EdDSA")}
STRANGER = Key.new("EdDSA")
ACCESS_TOKEN = "an.access.token"


def text64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signature(key: Key, signed: str) -> bytes:
    return bytes(jwt.get_algorithm_by_name(key.alg).sign(signed.encode(), key.private))


def compact(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, key: Key) -> str:
    """A JWS over these very bytes, well signed."""
    parts = [text64(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)]
    signed = ".".join(parts)
    return f"{signed}.{text64(signature(key, signed))}"


def without(members: Mapping[str, Any]) -> dict[str, Any]:
    """`None` stands for: left out."""
    return {name: value for name, value in members.items() if value is not None}


# Client assertions


def claims(**changes: Any) -> dict[str, Any]:
    given = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "j-1", "iat": SECONDS, "exp": SECONDS + 60}
    return without(given | changes)


def assertion(key: Key = KEYS["EdDSA"], header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    return compact(without({"alg": key.alg, "kid": key.kid, **(header or {})}), claims(**changes), key)


def believe(text: str, key: Key = KEYS["EdDSA"], **registered: Any) -> tuple[str, datetime]:
    return check_assertion(parse_assertion(text), {**key.jwk, **registered}, key.alg, issuer=ISSUER, now=NOW)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_an_assertion_made_by_pyjwt_is_believed(alg: str) -> None:
    key = KEYS[alg]
    text = key.sign(claims(nbf=SECONDS), kid=key.kid)
    parsed = parse_assertion(text)
    assert (parsed.client_id, parsed.kid, parsed.alg) == (CLIENT, key.kid, alg)
    assert believe(text, key) == ("j-1", NOW + timedelta(seconds=60))
    assert believe(text, key, use="sig", key_ops=["verify"], alg=alg, kid=key.kid) == ("j-1", NOW + timedelta(seconds=60))


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": SECONDS + 10},
        {"nbf": SECONDS + 10},
        {"iat": None, "nbf": SECONDS},
        {"exp": SECONDS + 1},
        {"exp": SECONDS + 310},
        {"jti": "j" * 256},
        {"more": {"of": ["the", None, 1.5]}},
    ],
)
def test_an_assertion_at_the_edge_of_what_is_allowed_is_believed(changes: dict[str, Any]) -> None:
    assert believe(assertion(**changes))[0] == changes.get("jti", "j-1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": None}, "iss is missing"),
        ({"iss": ["x"]}, "iss is missing"),
        ({"iss": ""}, "iss is missing"),
        ({"sub": None}, "does not say whose"),
        ({"sub": "another"}, "does not say whose"),
        ({"iss": "a\0b", "sub": "a\0b"}, "iss is missing"),
        ({"aud": None}, "aud is not the issuer"),
        ({"aud": [ISSUER]}, "aud is not the issuer"),
        ({"aud": [ISSUER, "https://other.example"]}, "aud is not the issuer"),
        ({"aud": f"{ISSUER}/"}, "aud is not the issuer"),
        ({"aud": f"{ISSUER}/oauth/token"}, "aud is not the issuer"),
        ({"aud": "https://other.example"}, "aud is not the issuer"),
        ({"aud": ISSUER.upper()}, "aud is not the issuer"),
        ({"exp": None}, "exp is missing"),
        ({"exp": str(SECONDS + 60)}, "exp is missing"),
        ({"exp": SECONDS + 60.0}, "exp is missing"),
        ({"exp": True}, "exp is missing"),
        ({"exp": 2**39}, "exp is missing"),
        ({"exp": 10**30}, "exp is missing"),
        ({"exp": -1}, "exp is missing"),
        ({"exp": SECONDS}, "has expired"),
        ({"exp": SECONDS - 1}, "has expired"),
        ({"exp": SECONDS + 311}, "live too long"),
        ({"iat": SECONDS + 11}, "from the future"),
        ({"nbf": SECONDS + 11}, "from the future"),
        ({"nbf": SECONDS + 61}, "from the future"),
        ({"iat": None}, "iat is missing"),
        ({"iat": "now"}, "iat is missing"),
        ({"nbf": 1.5}, "nbf is missing"),
        ({"jti": None}, "jti is missing"),
        ({"jti": ""}, "jti is missing"),
        ({"jti": 7}, "jti is missing"),
        ({"jti": "j" * 257}, "jti is missing"),
        ({"jti": "\ud800"}, "jti is missing"),
        ({"jti": "\0"}, "jti is missing"),
        ({"jti": "ز"}, "jti is missing"),
    ],
)
def test_an_assertion_with_a_claim_that_does_not_hold_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        believe(assertion(**changes))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": None}, "algorithm is not accepted"),
        ({"alg": "none"}, "algorithm is not accepted"),
        ({"alg": "None"}, "algorithm is not accepted"),
        ({"alg": "HS256"}, "algorithm is not accepted"),
        ({"alg": "RS256"}, "algorithm is not accepted"),
        ({"alg": "PS256"}, "algorithm is not accepted"),
        ({"alg": "ES384"}, "algorithm is not accepted"),
        ({"alg": "Ed25519"}, "algorithm is not accepted"),
        ({"alg": ["EdDSA"]}, "algorithm is not accepted"),
        ({"alg": "ES256"}, "algorithm is not the key's"),
        ({"crit": ["exp"]}, "algorithm is not accepted"),
        ({"crit": []}, "algorithm is not accepted"),
        ({"jwk": STRANGER.jwk}, "a key of its own"),
        ({"jku": "https://evil.example/keys"}, "a key of its own"),
        ({"x5u": "https://evil.example/cert"}, "a key of its own"),
        ({"x5c": ["MIIB"]}, "a key of its own"),
        ({"kid": None}, "kid is missing"),
        ({"kid": 1}, "kid is missing"),
        ({"kid": "k" * 257}, "kid is missing"),
        ({"kid": "k\0"}, "kid is missing"),
    ],
)
def test_an_assertion_with_another_header_is_refused(header: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        believe(assertion(header=header))


def test_an_assertion_without_signature_is_refused() -> None:
    head, payload = (text64(json.dumps(part).encode()) for part in ({"alg": "none", "kid": "k"}, claims()))
    for text in (f"{head}.{payload}.", f"{head}.{payload}", jwt.encode(claims(), "", "none", headers={"kid": "k"})):
        with pytest.raises(Unauthenticated, match="malformed"):
            parse_assertion(text)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_the_public_key_does_not_serve_as_a_shared_secret(alg: str) -> None:
    key = KEYS[alg]
    public = key.private.public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(key.jwk).encode(),
    ]
    signed = ".".join(text64(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": key.kid}, claims()))
    for secret in secrets:
        text = f"{signed}.{text64(hmac.digest(secret, signed.encode(), 'sha256'))}"
        with pytest.raises(Unauthenticated, match="algorithm is not accepted"):
            believe(text, key)


def test_the_key_is_looked_up_by_the_kid_and_never_taken_from_the_assertion() -> None:
    text = assertion(STRANGER, {"kid": "unknown"})
    assert parse_assertion(text).kid == "unknown"  # which the caller does not find
    with pytest.raises(Unauthenticated, match="signature does not fit"):
        believe(text)  # nor does any other key stand in for it


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_an_assertion_that_was_changed_after_signing_is_refused(alg: str) -> None:
    key = KEYS[alg]
    head, payload, sign = assertion(key).split(".")
    other = text64(json.dumps(claims(jti="j-2")).encode())
    raw = signature(key, f"{head}.{payload}")
    forged = [f"{head}.{other}.{sign}"]
    forged += [
        f"{head}.{payload}.{text64(changed)}" for changed in (raw[:-1], raw + b"\0", bytes(64), raw[:63] + bytes([raw[63] ^ 1]))
    ]
    for text in forged:
        with pytest.raises(Unauthenticated, match="signature does not fit"):
            believe(text, key)


@pytest.mark.parametrize(
    ("registered", "reason"),
    [
        ({"use": "enc"}, "not for this use"),
        ({"use": None}, "not for this use"),
        ({"key_ops": ["sign"]}, "not for this use"),
        ({"key_ops": []}, "not for this use"),
        ({"key_ops": "verify"}, "not for this use"),
        ({"key_ops": 1}, "not for this use"),
        ({"key_ops": None}, "not for this use"),
        ({"alg": "ES256"}, "not for this use"),
        ({"kty": "EC"}, "does not fit the algorithm"),
        ({"kty": "RSA"}, "does not fit the algorithm"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "not a public key"),
        ({"crv": "Ed448"}, "does not fit the algorithm"),
        ({"crv": "X25519"}, "does not fit the algorithm"),
        ({"x": None}, "malformed"),
        ({"x": 3}, "malformed"),
        ({"x": ["a"]}, "malformed"),
        ({"x": "AAAA"}, "does not fit the algorithm"),
        ({"x": KEYS["EdDSA"].jwk["x"] + "="}, "malformed"),
        ({"d": "AAAA"}, "not a public key"),
    ],
)
def test_a_key_that_is_not_for_this_is_refused(registered: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        believe(assertion(), **registered)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_a_private_key_is_refused_as_a_public_one(alg: str, member: str) -> None:
    assert parse_jwk(dict(KEYS[alg].jwk), alg) == KEYS[alg].private.public_key()
    with pytest.raises(Unauthenticated, match="not a public key"):
        parse_jwk({**KEYS[alg].jwk, member: "AAAA"}, alg)


def test_a_key_fits_its_own_algorithm_only() -> None:
    for alg, other in (("ES256", "EdDSA"), ("EdDSA", "ES256")):
        with pytest.raises(Unauthenticated, match="does not fit the algorithm"):
            parse_jwk(dict(KEYS[alg].jwk), other)


def test_a_point_that_is_not_on_the_curve_is_no_key() -> None:
    with pytest.raises(Unauthenticated, match="not a public key"):
        parse_jwk({**KEYS["ES256"].jwk, "y": text64(bytes(32))}, "ES256")


def test_nothing_but_an_object_is_a_key() -> None:
    for value in (None, "key", ["kty"], 1):
        with pytest.raises(Unauthenticated, match="not a public key"):
            parse_jwk(value, "EdDSA")


# The strict parser


def malformed() -> list[tuple[str, str]]:
    key = KEYS["EdDSA"]
    good = assertion()
    head, payload, sign = good.split(".")
    header = json.dumps({"alg": key.alg, "kid": key.kid}).encode()
    body = json.dumps(claims()).encode()

    def signed(header: bytes, payload: bytes) -> str:
        return compact(header, payload, key)

    return [
        ("nothing", ""),
        ("two dots", ".."),
        ("two parts", f"{head}.{payload}"),
        ("four parts", f"{good}.{sign}"),
        ("five parts, as encrypted ones have", f"{good}.{sign}.{sign}"),
        ("an empty header", f".{payload}.{sign}"),
        ("an empty payload", f"{head}..{sign}"),
        ("an empty signature", f"{head}.{payload}."),
        ("a space before", f" {good}"),
        ("a line end after", f"{good}\n"),
        ("a scheme before", f"Bearer {good}"),
        ("a padded header", f"{head}{'=' * (-len(head) % 4) or '='}.{payload}.{sign}"),
        ("a padded signature", f"{good}=="),
        ("plain base64", f"{head}.{payload}.{sign[:-2]}+/"),
        ("letters beyond ASCII", f"{head}.{payload}.{sign[:-1]}é"),
        ("digits beyond ASCII", f"{head}.{payload}.{sign[:-1]}٣"),
        ("a length that no bytes have", f"{head}.{payload}.{sign}AAA"),
        ("a header that is not JSON", signed(b"{", body)),
        ("a header that is a list", signed(b"[]", body)),
        ("a header that is a text", signed(b'"alg"', body)),
        ("a payload that is a number", signed(header, b"1")),
        ("a payload that is null", signed(header, b"null")),
        ("a payload with something after it", signed(header, body + b"{}")),
        ("a payload that is not UTF-8", signed(header, body[:-1] + b',"x":"\xff"}')),
        ("a payload in UTF-16", signed(header, body.decode().encode("utf-16"))),
        ("a byte order mark", signed(header, b"\xef\xbb\xbf" + body)),
        ("alg twice", signed(header[:-1] + b',"alg":"EdDSA"}', body)),
        ("kid twice", signed(header[:-1] + b',"kid":"other"}', body)),
        ("sub twice", signed(header, body[:-1] + b',"sub":"other"}')),
        ("a doubled member within", signed(header, body[:-1] + b',"x":{"a":1,"a":1}}')),
        ("a doubled member, once escaped", signed(header, body[:-1] + b',"s\\u0075b":"other"}')),
        ("NaN", signed(header, body[:-1] + b',"x":NaN}')),
        ("Infinity", signed(header, body[:-1] + b',"x":Infinity}')),
        ("-Infinity in the header", signed(header[:-1] + b',"x":-Infinity}', body)),
        ("a single quote", signed(header, body.replace(b'"', b"'"))),
        ("a deep nest", signed(header, b'{"x":' + b"[" * 3000)),
        ("a number of many digits", signed(header, body[:-1] + b',"x":' + b"9" * 5000 + b"}")),
    ]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in malformed()])
def test_a_token_in_another_form_is_refused(text: str) -> None:
    for parse in (parse_compact, parse_assertion):
        with pytest.raises(Unauthenticated, match=r"malformed"):
            parse(text)


def test_a_token_has_one_text_only() -> None:
    """The last letter of a signature of 64 bytes has four unused bits, which have to be zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = assertion()
    same = [alphabet[alphabet.index(good[-1]) + spare] for spare in range(16)]
    parse_assertion(good)
    for letter in same[1:]:
        with pytest.raises(Unauthenticated, match="malformed"):
            parse_assertion(good[:-1] + letter)


def test_a_token_of_more_than_8_kib_is_refused() -> None:
    fits, over = (assertion(more="m" * length) for length in (5700, 5900))
    assert len(fits) <= MAX_BYTES < len(over)
    assert believe(fits)[0] == "j-1"
    with pytest.raises(Unauthenticated, match="too long"):
        believe(over)


# DPoP proofs


def proof(key: Key = KEYS["EdDSA"], header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    given = {
        "htm": "POST",
        "htu": URL,
        "iat": SECONDS,
        "jti": "p-1",
        "ath": text64(hashlib.sha256(ACCESS_TOKEN.encode()).digest()),
    }
    head = {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.jwk, **(header or {})}
    return compact(without(head), without(given | changes), key)


def check(text: str, **changes: Any) -> Any:
    arguments: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "now": NOW,
        "access_token": ACCESS_TOKEN,
        "bound_to": KEYS["EdDSA"].kid,
    }
    return check_proof(text, **(arguments | changes))


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_a_proof_made_by_pyjwt_is_believed(alg: str) -> None:
    key = KEYS[alg]
    payload = {"htm": "POST", "htu": f"{ISSUER}/oauth/token", "iat": SECONDS - 5, "jti": "p-2"}
    text = key.sign(payload, typ="dpop+jwt", jwk=key.jwk)
    told = check_proof(text, method="POST", url=f"{ISSUER}/oauth/token", now=NOW)
    assert (told.thumbprint, told.jti) == (key.kid, "p-2")
    payload |= {"ath": text64(hashlib.sha256(b"t").digest())}
    text = key.sign(payload, typ="dpop+jwt", jwk={**key.jwk, "use": "sig", "alg": alg, "kid": "mine"})
    assert check_proof(
        text, method="POST", url=f"{ISSUER}/oauth/token", now=NOW, access_token="t", bound_to=key.kid
    ) == replace(told)


@pytest.mark.parametrize("seconds", [-60, 0, 10])
def test_a_proof_is_remembered_for_as_long_as_it_would_be_believed(seconds: int) -> None:
    text = proof(iat=SECONDS + seconds)
    until = check(text).expires_at
    for later in range(0, 75, 5):
        try:
            check(text, now=NOW + timedelta(seconds=later))
        except Unauthenticated:
            continue
        assert NOW + timedelta(seconds=later) < until


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"htm": "GET"}, "another request"),
        ({"htm": "post"}, "another request"),
        ({"htm": None}, "another request"),
        ({"htu": f"{URL}/"}, "another request"),
        ({"htu": f"{URL}?a=1"}, "another request"),
        ({"htu": "https://other.example/graphql"}, "another request"),
        ({"htu": [URL]}, "another request"),
        ({"htu": None}, "another request"),
        ({"ath": None}, "another token"),
        ({"ath": text64(hashlib.sha256(b"another").digest())}, "another token"),
        ({"ath": hashlib.sha256(ACCESS_TOKEN.encode()).hexdigest()}, "another token"),
        ({"iat": None}, "iat is missing"),
        ({"iat": "1"}, "iat is missing"),
        ({"iat": float(SECONDS)}, "iat is missing"),
        ({"iat": 2**39}, "iat is missing"),
        ({"iat": SECONDS - 61}, "too old"),
        ({"iat": SECONDS + 11}, "from the future"),
        ({"iat": SECONDS + 61}, "from the future"),
        ({"jti": None}, "jti is missing"),
        ({"jti": ""}, "jti is missing"),
        ({"jti": ["p"]}, "jti is missing"),
        ({"jti": "p" * 257}, "jti is missing"),
        ({"jti": "\udfff"}, "jti is missing"),
    ],
)
def test_a_proof_with_a_claim_that_does_not_hold_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        check(proof(**changes))


OWN = KEYS["EdDSA"].jwk


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": None}, "not a DPoP proof"),
        ({"typ": "JWT"}, "not a DPoP proof"),
        ({"typ": "at+jwt"}, "not a DPoP proof"),
        ({"typ": "DPOP+JWT"}, "not a DPoP proof"),
        ({"alg": None}, "algorithm is not accepted"),
        ({"alg": "none"}, "algorithm is not accepted"),
        ({"alg": "HS256"}, "algorithm is not accepted"),
        ({"alg": "ES256"}, "does not fit the algorithm"),
        ({"crit": ["b64"], "b64": False}, "algorithm is not accepted"),
        ({"jwk": None}, "not a public key"),
        ({"jwk": text64(b"key")}, "not a public key"),
        ({"jwk": [OWN]}, "not a public key"),
        ({"jwk": {**OWN, "d": "AAAA"}}, "not a public key"),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, "not a public key"),
        ({"jwk": {**OWN, "use": "enc"}}, "not for this use"),
        ({"jwk": {**OWN, "key_ops": ["sign"]}}, "not for this use"),
        ({"jwk": {**OWN, "key_ops": {"verify": 1}}}, "not for this use"),
        ({"jwk": {**OWN, "alg": "ES256"}}, "not for this use"),
        ({"jwk": {**OWN, "x": OWN["x"] + "="}}, "malformed"),
        ({"jwk": {**OWN, "x": [OWN["x"]]}}, "malformed"),
        ({"jwk": {"kty": "OKP", "crv": "Ed25519"}}, "malformed"),
        ({"jwk": STRANGER.jwk}, "by another key"),
    ],
)
def test_a_proof_with_another_header_is_refused(header: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        check(proof(header=header))


def test_a_proof_by_another_key_than_the_tokens_is_refused() -> None:
    assert check(proof(STRANGER), bound_to=STRANGER.kid).thumbprint == STRANGER.kid
    with pytest.raises(Unauthenticated, match="by another key"):
        check(proof(STRANGER))


def test_a_proof_that_names_a_key_it_is_not_signed_by_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="signature does not fit"):
        check(proof(STRANGER, {"jwk": OWN}))


def test_an_assertion_is_not_a_proof_and_a_proof_is_not_an_assertion() -> None:
    with pytest.raises(Unauthenticated):
        check(assertion())
    with pytest.raises(Unauthenticated):
        believe(proof())


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "sig"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_what_is_remembered_tells_key_and_jti_apart() -> None:
    assert len({replay_key("ab", "c"), replay_key("a", "bc"), replay_key("abc", "")}) == 3
    assert len(replay_key("k", "j")) == 32


# Our own access tokens

TOKEN = AccessToken(AGENCY, "kid-1", STRANGER.kid, ("verification:run", "person:read"), NOW + timedelta(seconds=300))


def test_our_access_token_reads_back_as_it_was_issued(keys: KeyRing) -> None:
    text = issue(keys, TOKEN, issuer=ISSUER, now=NOW)
    assert read(text, keys=keys, issuer=ISSUER) == TOKEN
    # RFC 9068: what others read in it
    header, payload = jwt.get_unverified_header(text), jwt.decode(text, options={"verify_signature": False})
    assert header == {"typ": "at+jwt", "alg": "EdDSA", "kid": keys.signer.kid}
    assert {name: payload[name] for name in ("iss", "aud", "sub", "client_id", "scope", "iat", "exp", "cnf")} == {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": CLIENT,
        "client_id": CLIENT,
        "scope": "verification:run person:read",
        "iat": SECONDS,
        "exp": SECONDS + 300,
        "cnf": {"jkt": STRANGER.kid},
    }
    assert UUID(payload["jti"]).version == 7


def test_an_older_key_of_ours_still_reads_and_a_removed_one_does_not(keys: KeyRing, tmp_path: Any) -> None:
    other = create(tmp_path / "keys.json", mark="test", at=NOW)
    text = issue(keys, TOKEN, issuer=ISSUER, now=NOW)
    both = replace(other, signing=(*keys.signing, *other.signing))
    assert both.signer == other.signer
    assert read(text, keys=both, issuer=ISSUER) == TOKEN
    with pytest.raises(Unauthenticated, match="not one of ours"):
        read(text, keys=other, issuer=ISSUER)


def test_a_changed_access_token_is_refused(keys: KeyRing) -> None:
    text = issue(keys, TOKEN, issuer=ISSUER, now=NOW)
    head, payload, sign = text.split(".")
    wider = jwt.decode(text, options={"verify_signature": False}) | {"scope": "register:load"}
    other = compact({"typ": "at+jwt", "alg": "EdDSA", "kid": keys.signer.kid}, wider, STRANGER)
    for forged in (f"{head}.{text64(json.dumps(wider).encode())}.{sign}", other, f"{head}.{payload}.{text64(bytes(64))}"):
        with pytest.raises(Unauthenticated, match="signature does not fit"):
            read(forged, keys=keys, issuer=ISSUER)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "dpop+jwt"},
        {"typ": None},
        {"typ": "at+jwt", "alg": "ES256"},
        {"typ": "at+jwt", "kid": "another"},
    ],
)
def test_nothing_else_that_our_key_signed_is_an_access_token(keys: KeyRing, header: dict[str, Any]) -> None:
    payload = jwt.decode(issue(keys, TOKEN, issuer=ISSUER, now=NOW), options={"verify_signature": False})
    assert read(sign_compact({"typ": "at+jwt"}, payload, keys.signer), keys=keys, issuer=ISSUER) == TOKEN
    with pytest.raises(Unauthenticated, match="not one of ours"):
        read(sign_compact(header, payload, keys.signer), keys=keys, issuer=ISSUER)


def test_an_access_token_of_another_instance_is_refused(keys: KeyRing) -> None:
    text = issue(keys, TOKEN, issuer="https://other.example", now=NOW)
    with pytest.raises(Unauthenticated, match="another service"):
        read(text, keys=keys, issuer=ISSUER)


def test_a_receipt_is_not_an_access_token_and_an_access_token_is_not_a_receipt(keys: KeyRing) -> None:
    row = {"agency": CLIENT, "as_of": NOW.isoformat(timespec="microseconds")}
    batch = receipts.sign([row], agency=AGENCY, issuer=ISSUER, at=NOW, key=keys.signer)
    for text in (batch.jws, batch.receipt(0)):
        with pytest.raises(Unauthenticated):
            read(text, keys=keys, issuer=ISSUER)
    _, *rest = batch.receipt(0).split("~")
    forged = "~".join([issue(keys, TOKEN, issuer=ISSUER, now=NOW), *rest])
    with pytest.raises(Invalid):
        receipts.verify(forged, keys.jwks())


# Whatever is sent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=4), part, max_size=3),
    max_leaves=6,
)


def members(sound: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The sound members, some of them changed into anything or left out."""
    return st.fixed_dictionaries({}, optional={name: st.just(value) | JSON for name, value in sound.items()})


OWN_KEY = members({**OWN, "use": "sig", "key_ops": ["verify"], "alg": "EdDSA"})
HEADERS = members({"typ": "dpop+jwt", "alg": "EdDSA", "kid": "k", "jwk": OWN}) | st.fixed_dictionaries(
    {"typ": st.just("dpop+jwt"), "alg": st.just("EdDSA"), "jwk": OWN_KEY | JSON}
)
PAYLOADS = members({**claims(), "htm": "POST", "htu": URL, "nbf": SECONDS, "ath": "a"})


def only_unauthenticated(act: Callable[[], Any]) -> None:
    with suppress(Unauthenticated):
        act()


@given(st.text() | st.text("eyJ.-_A=", max_size=60) | st.binary().map(lambda raw: ".".join([text64(raw)] * 3)))
def test_any_text_is_refused_with_one_word(keys: KeyRing, text: str) -> None:
    for act in (
        lambda: parse_compact(text),
        lambda: parse_assertion(text),
        lambda: check(text),
        lambda: read(text, keys=keys, issuer=ISSUER),
    ):
        with pytest.raises(Unauthenticated):
            act()


@given(HEADERS, PAYLOADS, JSON)
def test_any_well_signed_members_are_taken_or_refused_with_one_word(
    keys: KeyRing, header: dict[str, Any], payload: dict[str, Any], jwk: Any
) -> None:
    text = compact(header, payload, KEYS["EdDSA"])
    only_unauthenticated(lambda: believe(text))
    only_unauthenticated(lambda: check(text, access_token=None))
    only_unauthenticated(lambda: read(text, keys=keys, issuer=ISSUER))
    only_unauthenticated(lambda: parse_jwk(jwk, "EdDSA"))


@given(OWN_KEY, st.sampled_from(["EdDSA", "ES256"]))
def test_any_key_is_taken_or_refused_with_one_word(jwk: dict[str, Any], alg: str) -> None:
    only_unauthenticated(lambda: parse_jwk(jwk, alg))
