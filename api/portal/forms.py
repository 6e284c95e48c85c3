"""What a form brought: read within limits, and kept where a session ended between the first key and the last.

form = await read_form(request, upload_bytes=0)
text = keep(form, "/consents/0198…")     # for a hidden field, never for an address
path, typed = kept(text)                 # as it was typed; None where it is not such a text
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from api.portal import addresses
from core.errors import Invalid

MAX_FIELDS = 200
MAX_VALUE_CHARACTERS = 20_000
MAX_FORM_CHARACTERS = 64 * 1024  # of all values together, without what is kept of another form
MAX_BODY_BYTES = 512 * 1024  # the same, percent-encoded, with what is kept
MAX_KEPT_CHARACTERS = 256 * 1024
# What belongs to one showing of a form and not to who fills it in.
MACHINERY: Final = frozenset({"csrf", "requestKey", "action", "kept", "next"})
REFILL: Final = "refill"


class TooLarge(Exception):
    """The form has more than a form may have."""


class Unreadable(Exception):
    """The body is no form."""


class Form(Mapping[str, str]):
    """The fields of a form. `form["name"]` is the last value of that name; a missing field is "" there, and not in the form."""

    def __init__(self, fields: Iterable[tuple[str, str]] = (), uploads: Mapping[str, UploadFile] | None = None) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)
        self.uploads: Mapping[str, UploadFile] = uploads or {}

    def __getitem__(self, name: str) -> str:
        return self._fields[name][-1] if name in self._fields else ""

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def all(self, name: str) -> list[str]:
        """Every value of that name, as of checkboxes."""
        return list(self._fields.get(name, ()))

    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self._fields.items() for value in values]

    def without(self, names: Iterable[str]) -> "Form":
        left_out = frozenset(names)
        return Form((name, value) for name, value in self.pairs() if name not in left_out)


def needed(form: Form, field: str, message: str) -> str:
    """What was typed there, without blanks around it. Raises Invalid, saying that, where it is nothing."""
    typed = form[field].strip()
    if not typed:
        raise Invalid(message, path=(field,))
    return typed


async def read_form(request: Request, *, upload_bytes: int) -> Form:
    """The form of a request. Files only where `upload_bytes` of them are allowed. Raises TooLarge or Unreadable."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Unreadable
    bounded = Request(request.scope, _Bounded(request, MAX_BODY_BYTES + upload_bytes))
    try:
        data = await bounded.form(max_files=1 if upload_bytes else 0, max_fields=MAX_FIELDS, max_part_size=MAX_KEPT_CHARACTERS)
    except HTTPException:
        raise Unreadable from None
    return _form(data)


class _Bounded:
    """The parts of a body, up to so many bytes."""

    def __init__(self, request: Request, left_bytes: int) -> None:
        self._receive = request.receive
        self._left_bytes = left_bytes

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            raise TooLarge
        return message


def _form(data: FormData) -> Form:
    fields: list[tuple[str, str]] = []
    uploads: dict[str, UploadFile] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            uploads[name] = value
        else:
            # Browsers end lines with CR LF, whatever was typed.
            fields.append((name, value.replace("\r\n", "\n")))
    form = Form(fields, uploads)
    if any(len(value) > MAX_VALUE_CHARACTERS for name, value in fields if name != "kept"):
        raise TooLarge
    if sum(len(name) + len(value) for name, value in fields if name != "kept") > MAX_FORM_CHARACTERS:
        raise TooLarge
    if not all(_is_text(name) and _is_text(value) for name, value in fields):
        raise Unreadable
    return form


def _is_text(part: str) -> bool:
    """Whether it can be stored and sent: without NUL and lone surrogates."""
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in part


def keep(form: Form, path: str) -> str:
    """The form and where it was, as one text; nothing where it is too long. What is secret is left out before."""
    document = [path, form.without(MACHINERY).pairs()]
    text = urlsafe_b64encode(orjson.dumps(document)).decode().rstrip("=")
    return text if len(text) <= MAX_KEPT_CHARACTERS else ""


def kept(text: str) -> tuple[str, Form] | None:
    """Path and form; None for a text that `keep` does not make."""
    if not text or len(text) > MAX_KEPT_CHARACTERS:
        return None
    try:
        path, pairs = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        local = addresses.local(path) if isinstance(path, str) else None
        if local is None or not isinstance(pairs, list) or len(pairs) > MAX_FIELDS:
            return None
        fields = [(name, value) for name, value in pairs]
    except (ValueError, TypeError, UnicodeError, Error):
        return None
    if not all(isinstance(part, str) for field in fields for part in field):
        return None
    return local, Form(fields).without(MACHINERY)
