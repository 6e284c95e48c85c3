"""One byte string per JSON document (RFC 8785), and its SHA-256: what is approved, signed and replayed is named by it.

A document is made of None, booleans, whole numbers within +-(2^53 - 1), text, lists (or tuples) and dictionaries keyed by
text. Fractions are written as decimal text: a binary fraction is refused, because two systems print it differently.
"""

import hashlib

import rfc8785

from core.errors import Invalid, Path

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1


def canonical(document: object) -> bytes:
    """The RFC 8785 form. Raises Invalid, whose path leads to the faulty part, for anything that is not a document."""
    _check(document, ())
    # Only a lone surrogate can fail now, and it fails differently in a key and in a value.
    try:
        return rfc8785.dumps(document)  # type: ignore[arg-type]  # checked just above
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        raise Invalid("a text is not Unicode") from None


def content_hash(document: object) -> bytes:
    """SHA-256 (32 bytes) of the canonical form."""
    return hashlib.sha256(canonical(document)).digest()


def _check(value: object, path: Path) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if len(path) >= MAX_DEPTH:
        raise Invalid("the document is too deep", path=path)
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Invalid("the number is beyond 2^53", path=path)
    elif isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise Invalid("a key is not text", path=path)
            _check(part, (*path, key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _check(part, (*path, index))
    else:
        raise Invalid("not a whole number, text, list or object", path=path)
