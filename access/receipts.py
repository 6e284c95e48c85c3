"""Signed answers: one signature for a batch, and for each answer a receipt that can be shown alone.

A batch is signed once, as a compact JWS (EdDSA) over the Merkle root (RFC 6962) of its rows. A receipt is one string of five
parts joined by "~": the batch's JWS, the row (base64url of its canonical JSON), its index, the number of rows, and the path
(base64url hashes joined by "."). It is checked with the published keys and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from access import merkle
from access.tokens import payload_of, sign_compact
from core.canonical import bytes64, plain_json, text64
from core.errors import Invalid, Unauthenticated
from core.keys import SigningKey

TYPE = "sijil-receipt+jws"
VERSION = 1
MAX_CHARACTERS = 64 * 1024


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """A signed batch; `receipt(n)` makes the receipt of its n-th row."""

    jws: str
    rows: Sequence[bytes]
    levels: Sequence[Sequence[str]]  # the nodes of the tree as they stand in receipts

    def receipt(self, index: int) -> str:
        path = ".".join(merkle.path(self.levels, index))
        return f"{self.jws}~{text64(self.rows[index])}~{index}~{len(self.rows)}~{path}"


def sign(rows: Sequence[Mapping[str, Any]], *, agency: UUID, issuer: str, at: datetime, key: SigningKey) -> SignedBatch:
    """Rows are plain JSON documents, each complete in itself."""
    leaves = [plain_json(row) for row in rows]
    levels = merkle.tree(leaves)
    payload = {
        "v": VERSION,
        "iss": issuer,
        "agency": str(agency),
        "as_of": at.isoformat(timespec="microseconds"),
        "root": text64(merkle.root(levels)),
        "size": len(leaves),
    }
    return SignedBatch(
        sign_compact({"typ": TYPE}, payload, key), leaves, [[text64(node) for node in level] for level in levels]
    )


def verify(receipt: str, jwks: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row that a receipt proves. `jwks`: the platform's published keys.

    Raises Invalid unless every part fits: form, signature by one of the keys, and the path from the row to the signed root.
    """
    try:
        return _verify(receipt, jwks)
    except (Unauthenticated, ValueError, KeyError, TypeError):
        raise Invalid("the receipt does not verify") from None


def _verify(receipt: str, jwks: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(receipt) > MAX_CHARACTERS:
        raise ValueError
    jws, row, index, size, path = receipt.split("~")
    payload = payload_of(jws, TYPE, jwks)
    leaf = bytes64(row)
    proof = [bytes64(part) for part in path.split(".")] if path else []
    if payload["v"] != VERSION or payload["size"] != _number(size):
        raise ValueError
    if not merkle.included(leaf, _number(index), _number(size), proof, bytes64(payload["root"])):
        raise ValueError
    document = orjson.loads(leaf)
    if document["agency"] != payload["agency"] or document["as_of"] != payload["as_of"]:
        raise ValueError
    return dict(document)


def _number(text: str) -> int:
    # A receipt has one text only: no sign, no leading zero, no digits of other scripts.
    if str(int(text)) != text:
        raise ValueError
    return int(text)
