"""What keeps a page's reader safe from other pages: headers, cookies, the proof that a form is ours."""

import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from core.canonical import text64
from core.ids import random_bytes
from core.keys import KeyRing

VISIT: Final = "__Host-visit"
POLICY: Final = "content-security-policy"
HEADERS: Final[Mapping[str, str]] = {
    POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Other sites learn nothing either way; but under `no-referrer` browsers send our own forms with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def guard(response: Response, *, personal: bool, secure: bool) -> Response:
    """Adds the headers that every page carries; a policy of the answer's own stays.

    `personal`: it is stored nowhere; `secure`: we are served by https.
    """
    for name, value in HEADERS.items():
        if name != POLICY or name not in response.headers:
            response.headers[name] = value
    response.headers["cache-control"] = "no-store" if personal else "private, no-cache"
    response.headers["vary"] = "Cookie, Accept-Language"
    if secure:
        response.headers["strict-transport-security"] = "max-age=31536000"
    return response


def csrf_token(keys: KeyRing, secret: str) -> str:
    """What a form of ours carries, for whoever holds `secret` in a cookie. Tells nothing of the secret."""
    return text64(keys.index("CSRF", secret))


def csrf_holds(keys: KeyRing, secret: str, token: str) -> bool:
    """Whether the token was made for that secret, under any index key that is still kept. In constant time."""
    if not secret:
        return False
    holds = False
    for version in keys.indexes:
        made = text64(keys.index("CSRF", secret, version))
        holds |= hmac.compare_digest(made.encode(), token.encode("utf-8", "surrogatepass"))
    return holds


def is_ours(request: Request, issuer: str) -> bool:
    """Whether a form was sent by a page of ours, as the browser tells it. Silence of both headers counts as a no."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        return False
    if site not in (None, "same-origin", "none"):  # "none": the reader sends it again from the history
        return False
    here = {request.headers.get("host"), urlsplit(issuer).netloc}
    return origin is None or _netloc(origin) in here


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def set_cookie(response: Response, name: str, value: str, *, max_age_seconds: int | None = None) -> None:
    """A cookie for this host alone that no script reads. `name` begins with `__Host-`."""
    response.set_cookie(name, value, max_age=max_age_seconds, path="/", secure=True, httponly=True, samesite="lax")


def forget_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def new_visit() -> str:
    """The secret of somebody who has not signed in, for the forms before the door."""
    return text64(random_bytes(16))


def visit_of(request: Request) -> str:
    """The visit's secret that the browser sent, or nothing."""
    value = request.cookies.get(VISIT, "")
    return value if re.fullmatch(r"[A-Za-z0-9_-]{22}", value) else ""
