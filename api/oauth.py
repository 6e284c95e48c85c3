"""The token endpoint, and what it publishes of itself: metadata (RFC 8414) and keys (RFC 7517)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from access import admission
from access.reading import Reading
from access.rights import AGENCY_SCOPES
from access.tokens import ALGORITHMS
from api import errors, metrics
from api.edge import Service, proof_of
from core.errors import BadProof, Code, Invalid, Path, SijilError, TooCostly, Unauthenticated

TOKEN_PATH = "/oauth/token"  # noqa: S105
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_FORM_BYTES = 16 * 1024
NEVER_STORED = {"cache-control": "no-store", "pragma": "no-cache"}
# RFC 6749 5.2 and 4.1.2.1: by code, unless the faulty part of the form has a name of its own.
ERRORS: Mapping[Code, str] = {
    Code.UNAUTHENTICATED: "invalid_client",
    Code.INVALID: "invalid_request",
    Code.TOO_COSTLY: "invalid_request",
    Code.UNAVAILABLE: "temporarily_unavailable",
    Code.STALE: "temporarily_unavailable",
}
ERRORS_OF_PARTS: Mapping[Path, str] = {("grant_type",): "unsupported_grant_type", ("scope",): "invalid_scope"}


async def token(request: Request, service: Service) -> Response:
    """RFC 6749 4.4 with RFC 7523 and RFC 9449; errors as RFC 6749 5.2 names them, with our code beside."""
    call = service.call()
    try:
        form = await _form(request)
        proof = proof_of(request)

        async def compute(reading: Reading) -> admission.Granted:
            return await admission.grant(
                reading,
                call,
                assertion=form["client_assertion"],
                proof=proof,
                token_url=service.issuer + TOKEN_PATH,
                issuer=service.issuer,
                scope=form.get("scope"),
                lifetime_seconds=service.token_lifetime_seconds,
            )

        granted = await service.answer(call, None, compute)
    except Exception as fault:  # every fault is answered in the same form
        refusal = errors.as_refusal(fault)
        status = 401 if refusal.code is Code.UNAUTHENTICATED else errors.http_status(refusal.code)
        metrics.REFUSALS.labels(refusal.code).inc()
        metrics.observe("token", status, (service.clock() - call.now).total_seconds())
        return JSONResponse(
            {
                "error": _oauth_error(refusal),
                "error_description": refusal.message,
                "code": refusal.code,
                "request_id": str(call.request_id),
            },
            status,
            NEVER_STORED,
        )
    metrics.observe("token", 200, (service.clock() - call.now).total_seconds())
    return JSONResponse(
        {
            "access_token": granted.access_token,
            "token_type": "DPoP",
            "expires_in": granted.expires_in_seconds,
            "scope": " ".join(granted.scopes),
        },
        headers=NEVER_STORED,
    )


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Invalid("the body is to be a form")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            raise TooCostly(f"a form has at most {MAX_FORM_BYTES} bytes")
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=20)
    except ValueError:
        raise Invalid("the form is malformed") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Invalid("a field of the form is there twice")
    if form.get("grant_type") != "client_credentials":
        raise Invalid("only client credentials are granted", path=("grant_type",))
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise Unauthenticated("this needs a client assertion")
    return form


def _oauth_error(refusal: SijilError) -> str:
    if isinstance(refusal, BadProof):
        return "invalid_dpop_proof"
    return ERRORS_OF_PARTS.get(refusal.path) or ERRORS.get(refusal.code, "server_error")


def metadata(_: Request, service: Service) -> Response:
    return JSONResponse(
        {
            "issuer": service.issuer,
            "token_endpoint": service.issuer + TOKEN_PATH,
            "jwks_uri": service.issuer + "/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "dpop_signing_alg_values_supported": list(ALGORITHMS),
            "scopes_supported": sorted(AGENCY_SCOPES),
        }
    )


def jwks(_: Request, service: Service) -> Response:
    return JSONResponse(service.keys.jwks(), headers={"cache-control": "public, max-age=300"})
