"""Receipts of consents: what was agreed to, in words and for machines, signed. Shown alone, checked with published keys.

A receipt is a compact JWS (EdDSA) over
    {v, iss, record, hash, notice, attributes: {name: {ar, fr, en}}}
`record` is the document of one revision and `hash` its hash; `notice` is the whole notice, in its three languages, or null for
what was imported; `attributes` are the names of what was asked for in people's words.
"""

from collections.abc import Mapping
from typing import Any

from access.catalogue import CATALOGUE, LANGS
from access.consent_notices import Notice, parse_notice
from access.consent_records import MAX_ATTRIBUTES, ConsentRecord
from access.consent_revisions import Revision, record_of, revision_of
from access.tokens import payload_of, sign_compact
from core.documents import Node
from core.errors import Invalid, SijilError
from core.keys import SigningKey

TYPE = "sijil-consent-receipt+jws"
VERSION = 1
MAX_CHARACTERS = 64 * 1024
MAX_LABEL = 200
_FIELDS = ("v", "iss", "record", "hash", "notice", "attributes")


def receipt_of(revision: Revision, notice: Notice | None, issuer: str) -> dict[str, Any]:
    """The receipt of one revision. Raises Invalid where the notice is not the one that the consent was asked for under."""
    record = record_of(revision)
    _check_notice(record, notice)
    return {
        "v": VERSION,
        "iss": issuer,
        "record": revision.document,
        "hash": revision.hash.hex(),
        "notice": None if notice is None else notice.document,
        "attributes": {
            name: {code: CATALOGUE[name].labels[lang] for code, lang in LANGS.items()} for name in sorted(record.requested)
        },
    }


def sign_receipt(revision: Revision, notice: Notice | None, *, issuer: str, key: SigningKey) -> str:
    """Raises Invalid as `receipt_of` does."""
    return sign_compact({"typ": TYPE}, receipt_of(revision, notice, issuer), key)


def verify_receipt(text: str, jwks: Mapping[str, Any]) -> Mapping[str, Any]:
    """The receipt in that text. `jwks`: the platform's published keys.

    Raises Invalid, in one word for all reasons, unless every part fits: form, signature by one of the keys, record and hash,
    notice and record.
    """
    try:
        payload = payload_of(text, TYPE, jwks, most=MAX_CHARACTERS)
        _check(payload)
    except SijilError:
        raise Invalid("the receipt does not verify") from None
    return payload


def _check(payload: Mapping[str, Any]) -> None:
    fields = Node(dict(payload)).record(_FIELDS)
    fields["v"].integer(VERSION, VERSION)
    fields["iss"].text()
    revision = revision_of(_object(fields["record"]))
    record = record_of(revision)
    if fields["hash"].text() != revision.hash.hex():
        fields["hash"].refuse("not the hash of the record")
    notice = fields["notice"]
    _check_notice(record, None if notice.value is None else parse_notice(_object(notice)))
    labels = fields["attributes"].entries(most=MAX_ATTRIBUTES)
    if labels.keys() != record.requested:
        fields["attributes"].refuse("not what was asked for")
    for label in labels.values():
        for text in label.record(LANGS).values():
            text.text(MAX_LABEL)


def _object(node: Node) -> Mapping[str, Any]:
    return {name: part.value for name, part in node.entries().items()}


def _check_notice(record: ConsentRecord, notice: Notice | None) -> None:
    expected = (
        None if record.notice is None else (record.notice.hash, record.notice.version, record.agency_code, record.purpose)
    )
    if (None if notice is None else (notice.hash, notice.version, notice.agency, notice.purpose)) != expected:
        raise Invalid("the notice is not the consent's")
