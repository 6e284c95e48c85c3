"""Sealed values: AES-256-GCM under a data key of the owner, itself wrapped by a versioned master key.

A sealed value is 1 byte of format, 12 of nonce, then ciphertext and tag. What it is bound to (its associated data) is the
format, the catalogue attribute, the owner's id and the row's id: a value moved to another place does not open.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Internal
from core.ids import random_bytes

FORMAT = 1
_FORMAT_BYTE = bytes([FORMAT])
_WRAPPING = b"\x01data-key"


class DataKey:
    """The key that seals and opens the values of one owner."""

    __slots__ = ("_aead", "_owner")

    def __init__(self, key: bytes, owner: UUID) -> None:
        self._aead = AESGCM(key)
        self._owner = owner.bytes

    def seal(self, attribute: str, row: UUID, value: str) -> bytes:
        return self.seal_bytes(attribute, row, value.encode())

    def open(self, attribute: str, row: UUID, sealed: bytes) -> str:
        """Raises Internal where the bytes are not what was sealed for this attribute, owner and row."""
        try:
            return self.open_bytes(attribute, row, sealed).decode()
        except UnicodeDecodeError:
            raise Internal("a sealed value does not open") from None

    def seal_bytes(self, attribute: str, row: UUID, value: bytes) -> bytes:
        """The same of bytes that are no text, as of a file."""
        return self._sealed(random_bytes(12), value, self._bound(attribute, row))

    def open_bytes(self, attribute: str, row: UUID, sealed: bytes) -> bytes:
        """Raises Internal as `open` does."""
        if sealed[:1] != _FORMAT_BYTE:
            raise Internal("a sealed value has an unknown format")
        try:
            return self._aead.decrypt(sealed[1:13], sealed[13:], self._bound(attribute, row))
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise Internal("a sealed value does not open") from None

    def seal_all(self, row: UUID, values: Iterable[tuple[str, str | None]]) -> list[bytes | None]:
        """Each of (attribute, value) sealed for one row, in their order; what is not there stays so."""
        given, place = list(values), self._bound("", row)
        nonces = random_bytes(12 * len(given))  # one call for all: each takes as long as to seal
        return [
            None if value is None else self._sealed(nonces[at : at + 12], value.encode(), place + attribute.encode())
            for at, (attribute, value) in zip(range(0, len(nonces), 12), given, strict=True)
        ]

    def _sealed(self, nonce: bytes, value: bytes, bound: bytes) -> bytes:
        return _FORMAT_BYTE + nonce + self._aead.encrypt(nonce, value, bound)

    def _bound(self, attribute: str, row: UUID) -> bytes:
        return _FORMAT_BYTE + self._owner + row.bytes + attribute.encode()


class MasterKeys:
    """The versioned keys that wrap data keys; new ones are wrapped by the newest."""

    __slots__ = ("_aeads", "_newest")

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._aeads = {version: AESGCM(key) for version, key in keys.items()}
        self._newest = max(keys)

    @property
    def newest(self) -> int:
        return self._newest

    @property
    def versions(self) -> list[int]:
        return sorted(self._aeads)

    def new_data_key(self, owner: UUID) -> tuple[DataKey, bytes]:
        """A fresh data key, and its wrapped form to be stored with the owner (version in 2 bytes, nonce, ciphertext, tag)."""
        key = random_bytes(32)
        return DataKey(key, owner), self._wrap(owner, key)

    def unwrap(self, owner: UUID, wrapped: bytes) -> DataKey:
        """Raises Internal where the version is unknown or the bytes were not wrapped for this owner."""
        return DataKey(self._unwrapped(owner, wrapped), owner)

    def rewrap(self, owner: UUID, wrapped: bytes) -> bytes:
        """The same data key, wrapped by the newest master key. Raises as `unwrap`."""
        return self._wrap(owner, self._unwrapped(owner, wrapped))

    def _wrap(self, owner: UUID, key: bytes) -> bytes:
        nonce, version = random_bytes(12), self._newest.to_bytes(2, "big")
        return version + nonce + self._aeads[self._newest].encrypt(nonce, key, _WRAPPING + version + owner.bytes)

    def _unwrapped(self, owner: UUID, wrapped: bytes) -> bytes:
        aead = self._aeads.get(version_of(wrapped))
        if aead is None:
            raise Internal("a data key is wrapped by an unknown master key")
        try:
            return aead.decrypt(wrapped[2:14], wrapped[14:], _WRAPPING + wrapped[:2] + owner.bytes)
        except (InvalidTag, ValueError):
            raise Internal("a data key does not open") from None


def version_of(wrapped: bytes) -> int:
    """Of the master key that a data key is wrapped by."""
    return int.from_bytes(wrapped[:2], "big")
