"""Proofs of who asks: client assertions (RFC 7523), DPoP proofs (RFC 9449) and our access tokens (RFC 9068).

A strict parser goes before every signature check: compact form, canonical base64url, no doubled JSON members, bounded size, a
fixed list of algorithms, a key that was registered beforehand (or, in a DPoP proof, a public key and nothing more). What is
wrong is told to the caller in one word only: Unauthenticated.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Never
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from core.canonical import bytes64, plain_json, text64
from core.errors import BadProof, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing, SigningKey

ALGORITHMS = ("ES256", "EdDSA")
MAX_BYTES = 8 * 1024
MAX_NAME = 256
FUTURE = timedelta(seconds=10)
ASSERTION_LIFETIME = timedelta(seconds=300)
PROOF_LIFETIME = timedelta(seconds=60)
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def refuse(reason: str) -> Never:
    raise Unauthenticated(reason)


@dataclass(frozen=True, slots=True)
class Compact:
    """A JWS in compact form, taken apart but not yet believed."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """A DPoP proof that was checked: of which key (RFC 7638 thumbprint), and what to remember against replay."""

    thumbprint: str
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token says: which agency, asked for with which key, bound to which DPoP key, until when."""

    agency: UUID
    kid: str
    thumbprint: str
    scopes: tuple[str, ...]
    expires_at: datetime


# --- the strict parser


def parse_compact(text: str, most: int = MAX_BYTES) -> Compact:
    """Takes a compact JWS apart. Raises Unauthenticated for any deviation from the strict form."""
    header, payload, signature = _parts(text, most)
    return Compact(_object(_decode(header)), _object(_decode(payload)), f"{header}.{payload}".encode(), _decode(signature))


def _parts(text: str, most: int = MAX_BYTES) -> list[str]:
    if len(text) > most:
        refuse("the token is too long")
    parts = text.split(".")
    if len(parts) != 3:
        refuse("the token is malformed")
    return parts


def _decode(part: str) -> bytes:
    if not part:
        refuse("the token is malformed")
    try:
        return bytes64(part)
    except ValueError:
        refuse("the token is malformed")


def _object(raw: bytes) -> Mapping[str, Any]:
    def no_doubles(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        pairs = list(pairs)
        members = dict(pairs)
        if len(members) != len(pairs):
            refuse("the token is malformed")
        return members

    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=no_doubles, parse_constant=lambda _: refuse("the token is malformed")
        )
    except (ValueError, RecursionError):
        refuse("the token is malformed")
    if not isinstance(value, dict):
        refuse("the token is malformed")
    return value


# --- keys


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638, of an EC or OKP key."""
    names = ("crv", "kty", "x", "y") if jwk.get("kty") == "EC" else ("crv", "kty", "x")
    return text64(hashlib.sha256(plain_json({name: jwk[name] for name in names})).digest())


def parse_jwk(jwk: Any, alg: str) -> PublicKey:
    """A public key fit to check signatures of `alg`. Raises Unauthenticated for any other key."""
    if not isinstance(jwk, dict) or _PRIVATE_MEMBERS & jwk.keys():
        refuse("the key is not a public key")
    operations = jwk.get("key_ops", ["verify"])
    fit = isinstance(operations, list) and "verify" in operations
    if jwk.get("use", "sig") != "sig" or not fit or jwk.get("alg", alg) != alg:
        refuse("the key is not for this use")
    kind = ("EC", "P-256") if alg == "ES256" else ("OKP", "Ed25519")
    if (jwk.get("kty"), jwk.get("crv")) != kind:
        refuse("the key does not fit the algorithm")
    coordinates = [jwk.get(name) for name in ("x", "y")[: 2 if alg == "ES256" else 1]]
    return _public_key(alg, *(c if isinstance(c, str) else "" for c in coordinates))


@lru_cache(maxsize=1024)
def _public_key(alg: str, *coordinates: str) -> PublicKey:
    raw = [_decode(c) for c in coordinates]
    if any(len(part) != 32 for part in raw):
        refuse("the key does not fit the algorithm")
    try:
        if alg == "ES256":
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw[0] + raw[1])
        return ed25519.Ed25519PublicKey.from_public_bytes(raw[0])
    except ValueError:
        refuse("the key is not a public key")


def _check_signature(alg: str, key: PublicKey, signed: bytes, signature: bytes) -> None:
    if not jwt.get_algorithm_by_name(alg).verify(signed, key, signature):
        refuse("the signature does not fit")


def _alg(header: Mapping[str, Any]) -> str:
    alg = header.get("alg")
    if alg not in ALGORITHMS or "crit" in header:
        refuse("the algorithm is not accepted")
    return str(alg)


def _instant(payload: Mapping[str, Any], name: str) -> datetime:
    value = payload.get(name)
    if type(value) is not int or not 0 <= value < 2**36:
        refuse(f"{name} is missing or malformed")
    return datetime.fromtimestamp(value, tz=UTC)


def _name(members: Mapping[str, Any], name: str) -> str:
    """Printable ASCII: what is hashed or looked up must have one form in bytes, and one that a database can hold."""
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or not (value.isascii() and value.isprintable()):
        refuse(f"{name} is missing or malformed")
    return value


# --- client assertions


@dataclass(frozen=True, slots=True)
class Assertion:
    """A client assertion as its sender wrote it: which client, which key. Believed only after `check_assertion`."""

    compact: Compact
    client_id: str
    kid: str
    alg: str


def parse_assertion(text: str) -> Assertion:
    compact = parse_compact(text)
    header, payload = compact.header, compact.payload
    if {"jwk", "jku", "x5u", "x5c"} & header.keys():
        refuse("the assertion brings a key of its own")
    kid, client = _name(header, "kid"), _name(payload, "iss")
    if payload.get("sub") != client:
        refuse("the assertion does not say whose it is")
    return Assertion(compact, client, kid, _alg(header))


def check_assertion(
    assertion: Assertion, jwk: Mapping[str, Any], alg: str, *, issuer: str, now: datetime
) -> tuple[str, datetime]:
    """The assertion's `jti` and when it may be forgotten. `jwk` and `alg` are those registered under its `kid`."""
    payload = assertion.compact.payload
    if assertion.alg != alg:
        refuse("the algorithm is not the key's")
    _check_signature(alg, parse_jwk(jwk, alg), assertion.compact.signed, assertion.compact.signature)
    if payload.get("aud") != issuer:
        refuse("aud is not the issuer")
    expires = _instant(payload, "exp")
    if expires <= now or expires > now + ASSERTION_LIFETIME + FUTURE:
        refuse("the assertion has expired, or would live too long")
    for name in ("iat", "nbf"):
        if name in payload and _instant(payload, name) > now + FUTURE:
            refuse("the assertion comes from the future")
    if "iat" not in payload and "nbf" not in payload:
        refuse("iat is missing")
    return _name(payload, "jti"), expires


# --- DPoP


def check_proof(
    text: str, *, method: str, url: str, now: datetime, access_token: str | None = None, bound_to: str | None = None
) -> Proof:
    """Checks a DPoP proof for this request; with an access token also that it belongs to it and to its key. Raises BadProof."""
    try:
        header, body, signature = _parts(text)
        prover, payload = _prover(header), _object(_decode(body))
        if bound_to is not None and prover.thumbprint != bound_to:
            refuse("the proof is by another key")
        if payload.get("htm") != method or payload.get("htu") != url:
            refuse("the proof is for another request")
        issued = _instant(payload, "iat")
        if not now - PROOF_LIFETIME <= issued <= now + FUTURE:
            refuse("the proof is too old, or comes from the future")
        if access_token is not None and payload.get("ath") != text64(hashlib.sha256(access_token.encode()).digest()):
            refuse("the proof is for another token")
        jti = _name(payload, "jti")
        _check_signature(prover.alg, prover.key, f"{header}.{body}".encode(), _decode(signature))
    except Unauthenticated as refusal:
        raise BadProof(refusal.message) from None
    return Proof(prover.thumbprint, jti, issued + PROOF_LIFETIME + FUTURE)


@dataclass(frozen=True, slots=True)
class _Prover:
    alg: str
    key: PublicKey
    thumbprint: str


# A client's proofs differ in their payload only; the header, with its public key, is the same each time.
@lru_cache(maxsize=4096)
def _prover(header: str) -> _Prover:
    members = _object(_decode(header))
    alg = _alg(members)
    if members.get("typ") != "dpop+jwt":
        refuse("the proof is not a DPoP proof")
    jwk = members.get("jwk")
    key = parse_jwk(jwk, alg)
    assert isinstance(jwk, dict)
    return _Prover(alg, key, thumbprint(jwk))


# --- our own tokens


def sign_compact(header: Mapping[str, Any], payload: Any, key: SigningKey) -> str:
    """A compact JWS by the platform: EdDSA."""
    signed = f"{text64(plain_json({'alg': 'EdDSA', 'kid': key.kid, **header}))}.{text64(plain_json(payload))}"
    return f"{signed}.{text64(key.sign(signed.encode()))}"


def payload_of(text: str, typ: str, jwks: Mapping[str, Any], *, most: int = MAX_BYTES) -> Mapping[str, Any]:
    """What a compact JWS by the platform says, checked with its published keys and nothing else.

    Raises Unauthenticated unless it has the strict form, is of that type, and its signature is by the key that it names.
    """
    compact = parse_compact(text, most)
    try:
        known = {key["kid"]: key for key in jwks["keys"]}[compact.header["kid"]]
        if compact.header.get("alg") != "EdDSA" or compact.header.get("typ") != typ:
            refuse("the token is of another kind")
        key = jwt.PyJWK(known, algorithm="EdDSA")
    except (KeyError, TypeError, ValueError, jwt.PyJWTError):
        refuse("the key is not a published one")
    if not key.Algorithm.verify(compact.signed, key.key, compact.signature):
        refuse("the signature does not fit")
    return compact.payload


def issue(keys: KeyRing, token: AccessToken, *, issuer: str, now: datetime) -> str:
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": str(token.agency),
        "client_id": str(token.agency),
        "scope": " ".join(token.scopes),
        "iat": int(now.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "jti": str(uuid7(now)),
        "cnf": {"jkt": token.thumbprint},
        "client_kid": token.kid,
    }
    return sign_compact({"typ": "at+jwt"}, claims, keys.signer)


def read(text: str, *, keys: KeyRing, issuer: str) -> AccessToken:
    """What one of our tokens says, once its signature is checked. Its expiry is the caller's to check, on every call."""
    compact = parse_compact(text)
    key = next((key for key in keys.signing if key.kid == compact.header.get("kid")), None)
    if key is None or compact.header.get("alg") != "EdDSA" or compact.header.get("typ") != "at+jwt":
        refuse("the token is not one of ours")
    _check_signature("EdDSA", key.private.public_key(), compact.signed, compact.signature)
    claims = compact.payload
    if claims["iss"] != issuer or claims["aud"] != issuer:
        refuse("the token is for another service")
    return AccessToken(
        agency=UUID(claims["sub"]),
        kid=claims["client_kid"],
        thumbprint=claims["cnf"]["jkt"],
        scopes=tuple(claims["scope"].split()),
        expires_at=_instant(claims, "exp"),
    )
