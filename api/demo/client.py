"""An agency's side of the talk: it proves itself with a signed assertion, and each request with a DPoP proof (RFC 9449).

`Prover` signs and nothing else; `AgencyClient` asks over HTTP with it. A token is kept until shortly before it expires.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.demo.agencies import public_jwk
from api.edge import utc_now
from api.oauth import ASSERTION_TYPE, TOKEN_PATH
from core.canonical import text64
from core.errors import Code, Invalid, SijilError, Unauthenticated
from core.ids import random_bytes

GRAPHQL_PATH = "/graphql"
ASSERTION_SECONDS = 120
EARLY = timedelta(seconds=30)
TIMEOUT_SECONDS = 30.0
PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey


def sign(key: PrivateKey, signed: str) -> str:
    """The compact JWS of what is to be signed (header and payload, joined by a point): EdDSA, or ES256 as r || s."""
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(signed.encode())
    else:
        r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
        signature = r.to_bytes(32) + s.to_bytes(32)
    return f"{signed}.{text64(signature)}"


class Prover:
    """One agency's registered key, and a DPoP key of its own that lives as long as this object."""

    def __init__(self, *, client_id: str, kid: str, private_key_pem: str, issuer: str) -> None:
        key = load_pem_private_key(private_key_pem.encode(), password=None)
        if not isinstance(key, EllipticCurvePrivateKey | Ed25519PrivateKey):
            raise Invalid("an agency signs with a P-256 or an Ed25519 key", path=("private_key_pem",))
        self._key, self._client_id, self._issuer = key, client_id, issuer
        alg = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
        self._assertion_header = _part({"alg": alg, "kid": kid})
        self._proof_key = generate_private_key(SECP256R1())
        self._proof_header = _part({"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(self._proof_key)})

    def assertion(self, now: datetime) -> str:
        """A client assertion (RFC 7523), good once."""
        issued = int(now.timestamp())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._issuer,
            "jti": text64(random_bytes(16)),
            "iat": issued,
            "exp": issued + ASSERTION_SECONDS,
        }
        return sign(self._key, f"{self._assertion_header}.{_part(claims)}")

    def proof(self, path: str, now: datetime, token: str | None = None) -> str:
        """A DPoP proof for a POST to that path of the service, good once; with a token, bound to it."""
        claims = {
            "jti": text64(random_bytes(16)),
            "htm": "POST",
            "htu": self._issuer + path,
            "iat": int(now.timestamp()),
        }
        if token is not None:
            claims["ath"] = text64(sha256(token.encode()).digest())
        return sign(self._proof_key, f"{self._proof_header}.{_part(claims)}")

    def token_form(self, assertion: str) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }

    def headers(self, now: datetime, token: str) -> dict[str, str]:
        """Those of a question: token, proof, and the form of the body."""
        return {
            "authorization": f"DPoP {token}",
            "dpop": self.proof(GRAPHQL_PATH, now, token),
            "content-type": "application/json",
            "accept": "application/graphql-response+json",
        }


class AgencyClient:
    """Asks as one agency. `agency` is one of `demo.json`: client_id, kid and private_key_pem. Also a context manager."""

    def __init__(
        self,
        base_url: str,
        agency: Mapping[str, Any],
        *,
        issuer: str | None = None,
        http: httpx.Client | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.http = http or httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS)
        self.prover = Prover(
            client_id=agency["client_id"],
            kid=agency["kid"],
            private_key_pem=agency["private_key_pem"],
            issuer=issuer or base_url,
        )
        self._clock = clock
        self._held: tuple[str, datetime] | None = None  # a token, and until when it is used

    def token(self) -> str:
        """An access token that still holds for a while. Raises Unauthenticated where none is given."""
        now, held = self._clock(), self._held
        if held is None or now >= held[1]:
            answer = self.ask_token()
            body = answer.json()
            if answer.status_code != 200:
                raise Unauthenticated(f"no token: {body.get('error_description', answer.status_code)}")
            held = self._held = body["access_token"], now + timedelta(seconds=body["expires_in"]) - EARLY
        return held[0]

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer as it came: data, errors and extensions. Raises the service's own refusal of a whole request."""
        return _told(self.send(document, variables))

    def ask_token(self, assertion: str | None = None) -> httpx.Response:
        """The token endpoint's own answer; to that assertion if one is given."""
        now = self._clock()
        form = self.prover.token_form(assertion or self.prover.assertion(now))
        return self.http.post(TOKEN_PATH, data=form, headers={"dpop": self.prover.proof(TOKEN_PATH, now)})

    def send(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The raw answer; with those headers if they are given, else with fresh ones."""
        given = headers or self.prover.headers(self._clock(), self.token())
        return self.http.post(GRAPHQL_PATH, content=_body(document, variables), headers=dict(given))

    def fresh_headers(self) -> dict[str, str]:
        return self.prover.headers(self._clock(), self.token())

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _body(document: str, variables: Mapping[str, Any] | None) -> bytes:
    return orjson.dumps({"query": document, "variables": dict(variables or {})})


def _part(members: Mapping[str, Any]) -> str:
    return text64(orjson.dumps(members))


def _told(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if "data" not in body:
        error = body["errors"][0]
        extensions = error.get("extensions", {})
        raise _BY_CODE[Code(extensions.get("code", Code.INTERNAL))](
            error["message"], path=extensions.get("path", ()), retry_after=extensions.get("retryAfter")
        )
    return body


_BY_CODE = {kind.code: kind for kind in SijilError.__subclasses__()}
