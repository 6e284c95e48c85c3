"""Addresses of this site: what stays here, where a request was sent to, the same page with another query."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request

MAX_CHARACTERS: Final = 2_000
# Printable ASCII without the backslash, and no second slash or backslash that would name a host.
_LOCAL = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?")


def local(text: str | None) -> str | None:
    """The text, where it is a path (and query) of this site and nothing but that; else None."""
    return text if text is not None and len(text) <= MAX_CHARACTERS and _LOCAL.fullmatch(text) else None


def of(request: Request) -> str:
    """Path and query that a request was sent to; without the query where that is not plain."""
    path = quote(request.scope["path"], safe="/:@!$&'()*+,;=~-._")
    query = request.url.query
    whole = f"{path}?{query}" if query else path
    return local(whole) or local(path) or "/"


def changed(here: str, changes: Mapping[str, str | int | None]) -> str:
    """The same page with other values in its query; None takes one out."""
    path, _, query = here.partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in changes.items():
        values.pop(name, None)
        if value is not None:
            values[name] = str(value)
    return f"{path}?{urlencode(values)}" if values else path


def filled(template: str, params: Mapping[str, str]) -> str:
    """An address with the parts of a path put in: "/consents/{consent}"."""
    return template.format(**{name: quote(value, safe="") for name, value in params.items()})
