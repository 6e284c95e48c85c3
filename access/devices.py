"""Devices that somebody has signed in on: a cookie, made by the keys alone and stored nowhere.

A known device proves nothing and opens nothing; its tries to sign in are counted apart from strangers' (`throttles.py`), so
that no stranger can use up what its owner may try.
"""

import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.canonical import bytes64, text64
from core.ids import random_bytes
from core.keys import KeyRing

LIFETIME = timedelta(days=90)
FUTURE = timedelta(minutes=1)  # clocks of several servers differ
_VERSION, _NONCE, _SECONDS, _TAG = 2, 16, 6, 16  # bytes
MAX_LENGTH = 54  # characters: those bytes in base64url
MAX_SUBJECTS = 4  # that one browser is known to


def device_cookie(keys: KeyRing, subject: UUID, at: datetime) -> str:
    """A fresh value for the cookie of a device on which that subject has just signed in, with all that a sign-in takes."""
    version, nonce, seconds = keys.index_version, random_bytes(_NONCE), int(at.timestamp())
    head = version.to_bytes(_VERSION, "big") + nonce + seconds.to_bytes(_SECONDS, "big")
    return text64(head + _tag(keys, subject, head, version))


def known_device(keys: KeyRing, subject: UUID, cookie: str | None, now: datetime) -> str | None:
    """The device's own id, where the cookie was given to that subject within the last 90 days; None for any other."""
    if cookie is None or len(cookie) > MAX_LENGTH:
        return None
    try:
        raw = bytes64(cookie)
    except ValueError:
        return None
    if len(raw) != _VERSION + _NONCE + _SECONDS + _TAG:
        return None
    head, tag = raw[:-_TAG], raw[-_TAG:]
    version = int.from_bytes(head[:_VERSION], "big")
    if version not in keys.indexes or not hmac.compare_digest(tag, _tag(keys, subject, head, version)):
        return None
    made_at = datetime.fromtimestamp(int.from_bytes(head[-_SECONDS:], "big"), UTC)
    return head[_VERSION:-_SECONDS].hex() if now - LIFETIME < made_at <= now + FUTURE else None


def _tag(keys: KeyRing, subject: UUID, head: bytes, version: int) -> bytes:
    return keys.index("DEVICE", f"{subject}:{head.hex()}", version)


# --- one cookie, with a part for each subject that has signed in on it


def known_among(keys: KeyRing, subject: UUID, cookie: str | None, now: datetime) -> str | None:
    """The device's own id for that subject, where one of the cookie's parts was given to it; None for any other."""
    known = (known_device(keys, subject, part, now) for part in _parts(cookie))
    return next((device for device in known if device is not None), None)


def with_device(keys: KeyRing, subject: UUID, cookie: str | None, now: datetime) -> str:
    """The cookie from now on: a fresh part for that subject, and the latest of others'."""
    others = [part for part in _parts(cookie) if known_device(keys, subject, part, now) is None]
    return ".".join([device_cookie(keys, subject, now), *others[: MAX_SUBJECTS - 1]])


def _parts(cookie: str | None) -> list[str]:
    return cookie.split(".") if cookie and len(cookie) <= MAX_SUBJECTS * (MAX_LENGTH + 1) else []
