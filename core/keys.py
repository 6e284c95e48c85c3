"""The key ring: every secret of an instance, in one file of mode 0600 outside the database.

Made once by `sijil keys init`; never made again over existing data, since nothing sealed under it would open. Each family
of keys is versioned: the newest makes, all of them read. A process reads the file when it starts: a version that was added
is taken up by starting it anew.
"""

import fcntl
import hashlib
import hmac
import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from core.canonical import text64
from core.errors import Conflict, NotFound, Unavailable
from core.ids import random_bytes
from core.sealed import MasterKeys

_FAMILIES = ("master", "index", "token", "number", "commitment")
_SECRET_LENGTH = 32
DEMO = "demo"
MAX_VERSION = 65_535  # a wrapping names its version in two bytes


class Family(StrEnum):
    """The families that get new versions. Of the others each value would have to be looked up, or numbered, anew."""

    MASTER = "master"
    TOKEN = "token"  # noqa: S105 the name of a family


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a family, and since when it is there (None: of a file that does not say)."""

    family: Family
    number: int
    added_at: datetime | None


@dataclass(frozen=True)
class SigningKey:
    """One Ed25519 key of the platform: signs receipts and access tokens. `kid` is its RFC 7638 thumbprint."""

    kid: str
    private: Ed25519PrivateKey = field(repr=False)
    x: str
    valid_from: str

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    @property
    def public_jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": self.x, "kid": self.kid, "use": "sig", "alg": "EdDSA"}


@dataclass(frozen=True)
class KeyRing:
    """`mark` names the kind of instance ("demo" or ""); a database carries the same mark, and they must agree."""

    mark: str
    masters: MasterKeys = field(repr=False)
    indexes: Mapping[int, bytes] = field(repr=False)
    tokens: Mapping[int, bytes] = field(repr=False)
    number: bytes = field(repr=False)
    commitment: bytes = field(repr=False)
    signing: tuple[SigningKey, ...] = field(repr=False)
    fingerprint: str

    @property
    def signer(self) -> SigningKey:
        return self.signing[-1]

    @cached_property
    def index_version(self) -> int:
        return max(self.indexes)

    def index(self, kind: str, value: str, version: int | None = None) -> bytes:
        """The keyed hash under which a value in normal form is looked up (16 bytes)."""
        keyed = self._keyed[self.index_version if version is None else version].copy()
        keyed.update(f"{kind}\0{value}".encode())
        return keyed.finalize()[:16]

    @cached_property
    def _keyed(self) -> Mapping[int, HMAC]:
        """Begun with each key, which takes longer than all the rest of a hash."""
        return {version: HMAC(key, SHA256()) for version, key in self.indexes.items()}

    def stranger(self, kind: str, value: str) -> UUID:
        """The id that stands for a subject nobody knows, the same each time the same identifier is asked about."""
        digest = hmac.digest(self.commitment, f"stranger\0{kind}\0{value}".encode(), "sha256")
        return UUID(bytes=digest[:16])

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [key.public_jwk for key in self.signing]}


def create(path: Path, *, mark: str, at: datetime) -> KeyRing:
    """Makes a new key file. Raises Conflict where there is one: keys are never replaced silently."""
    document: dict[str, Any] = {"format": 1, "mark": mark, "created": at.isoformat()}
    for family in _FAMILIES:
        document[family] = {"1": b64encode(random_bytes(_SECRET_LENGTH)).decode()}
    document["signing"] = [{"valid_from": at.isoformat(), "key": b64encode(random_bytes(_SECRET_LENGTH)).decode()}]
    path.parent.mkdir(parents=True, exist_ok=True)
    # Complete before it has its name: a killed `init` leaves no half key file behind.
    draft = _drafted(path, document)
    try:
        os.link(draft, path)
    except FileExistsError:
        raise Conflict("there is a key file already; keys are never made anew over existing ones") from None
    finally:
        draft.unlink()
    _sync(path.parent)
    return load(path)


def load(path: Path) -> KeyRing:
    """Raises Unavailable where the file is absent, readable by others, or not a key file."""
    try:
        if path.stat().st_mode & 0o077:
            raise Unavailable(f"the key file {path} may be read by others: its mode must be 0600")
        document = json.loads(path.read_bytes())
        families = {
            family: {int(version): b64decode(key, validate=True) for version, key in document[family].items()}
            for family in _FAMILIES
        }
        signing = tuple(_signing_key(b64decode(row["key"]), row["valid_from"]) for row in document["signing"])
        mark = str(document["mark"])
        # The permutation and the strangers' ids have one key for ever: another would number people twice.
        number, commitment = families["number"][1], families["commitment"][1]
    except FileNotFoundError:
        raise Unavailable(f"there is no key file at {path}; `sijil keys init` makes one") from None
    except OSError:
        raise Unavailable(f"the key file {path} cannot be read") from None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Unavailable(f"the key file {path} is damaged") from None
    whole = all(family and all(len(key) == _SECRET_LENGTH for key in family.values()) for family in families.values())
    if not signing or not whole:
        raise Unavailable(f"the key file {path} is damaged")
    return KeyRing(
        mark=mark,
        masters=MasterKeys(families["master"]),
        indexes=families["index"],
        tokens=families["token"],
        number=number,
        commitment=commitment,
        signing=signing,
        fingerprint=hashlib.sha256(number + commitment).hexdigest()[:32],
    )


def versions(path: Path) -> list[Version]:
    """All versions of the families that get new ones, the oldest first. Raises Unavailable as `load`."""
    load(path)
    document = json.loads(path.read_bytes())
    return [
        Version(family, number, _added_at(document, family, number))
        for family in Family
        for number in sorted(map(int, document[family]))
    ]


def add_version(path: Path, family: Family, *, at: datetime) -> int:
    """The number of a further version, which is in the file for good; all that were in it stay.

    Processes that run make with the older one until they start anew. Raises Unavailable as `load`.
    """
    path = path.resolve()
    with _held(path) as document:
        number = max(map(int, document[family])) + 1
        if number > MAX_VERSION:
            raise Conflict("there is no further version")
        document[family][str(number)] = b64encode(random_bytes(_SECRET_LENGTH)).decode()
        document.setdefault("added", {}).setdefault(family, {})[str(number)] = at.isoformat()
        _replace(path, document)
        return number


def retire(path: Path, family: Family, number: int) -> None:
    """Takes a version out of the file, for good: what only it opens is not opened again.

    Whether there is still such a thing, the caller has looked. Raises NotFound where there is no such version, Conflict for the
    newest.
    """
    path = path.resolve()  # not the link is to be replaced, and the file behind it kept
    with _held(path) as document:
        if str(number) not in document[family]:
            raise NotFound("there is no such version", path=("version",))
        if number == max(map(int, document[family])):
            raise Conflict("the newest version is in use", path=("version",))
        del document[family][str(number)]
        document.get("added", {}).get(family, {}).pop(str(number), None)
        _replace(path, document)


def _added_at(document: Mapping[str, Any], family: Family, number: int) -> datetime | None:
    text = document.get("added", {}).get(family, {}).get(str(number))
    if text is None and number == 1:
        text = document.get("created")
    return None if text is None else datetime.fromisoformat(text)


@contextmanager
def _held(path: Path) -> Iterator[dict[str, Any]]:
    """The document of a sound key file, which nobody else changes within the block."""
    load(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        load(path)
        _forget_drafts(path)
        yield json.loads(path.read_bytes())
    finally:
        os.close(folder)


def _forget_drafts(path: Path) -> None:
    """Whoever was killed while writing has left a draft behind, with all keys of then: a key that is retired is in none."""
    form = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}")
    for name in os.listdir(path.parent):
        if form.fullmatch(name):
            path.with_name(name).unlink(missing_ok=True)


def _drafted(path: Path, document: Mapping[str, Any]) -> Path:
    """A file beside it with that document, durable, for the owner alone."""
    draft = path.with_name(f".{path.name}.{random_bytes(8).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _replace(path: Path, document: Mapping[str, Any]) -> None:
    """The file is the old one or the new one, whenever the machine stops."""
    draft = _drafted(path, document)
    try:
        load(draft)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """The file's name outlives a loss of power, as its content does: nothing sealed may outlive its key."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _signing_key(secret: bytes, valid_from: str) -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(secret)
    x = text64(private.public_key().public_bytes_raw())
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return SigningKey(text64(thumbprint), private, x, valid_from)
