"""Notices: what a person is told before a consent is asked for. Immutable, dated documents known by their hash.

Form:
    {agency, purpose, version, texts: {ar: {title, body, why}, fr: {...}, en: {...}}, attributes: [...], data_life_days,
     longest_days, valid_from}
`attributes` are all that may be asked for under the notice, `longest_days` for how long at most; `data_life_days` is how long
the agency keeps what it was told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from access.agreements import MAX_NUMBER
from access.call import Purpose
from access.catalogue import CATALOGUE, LANGS, Lang
from core.canonical import content_hash
from core.documents import Node

LONGEST = timedelta(days=2 * 365 + 1)  # two years, one of which may be a leap year
MAX_DATA_LIFE_DAYS = 10 * 366
MAX_TITLE, MAX_BODY, MAX_WHY = 120, 2000, 500  # characters
_NOTICE = ("agency", "purpose", "version", "texts", "attributes", "data_life_days", "longest_days", "valid_from")
AGENCY_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,31}")
# Control characters, and those that make a text read in another order than it is written.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class NoticeText:
    """`why`: what the agency needs the data for, in one or two sentences."""

    title: str
    body: str
    why: str


@dataclass(frozen=True, slots=True)
class Notice:
    hash: bytes
    agency: str  # its code
    purpose: Purpose
    version: int
    texts: Mapping[Lang, NoticeText]
    attributes: frozenset[str]
    data_life_days: int
    longest: timedelta
    valid_from: datetime
    document: Mapping[str, Any] = field(repr=False)


def parse_notice(document: Mapping[str, Any]) -> Notice:
    """Raises Invalid, with the path of what is wrong, unless every part of the document is understood."""
    fields = Node(dict(document)).record(_NOTICE)
    texts = fields["texts"].record(LANGS)
    return Notice(
        agency=_agency(fields["agency"]),
        purpose=fields["purpose"].choice(Purpose),
        version=fields["version"].integer(1, MAX_NUMBER),
        texts={lang: _text(texts[name]) for name, lang in LANGS.items()},
        attributes=_attributes(fields["attributes"]),
        data_life_days=fields["data_life_days"].integer(1, MAX_DATA_LIFE_DAYS),
        longest=timedelta(days=fields["longest_days"].integer(1, LONGEST.days)),
        valid_from=fields["valid_from"].instant(),
        hash=content_hash(document),
        document=document,
    )


def _text(node: Node) -> NoticeText:
    """Only the body has several lines."""
    fields = node.record(("title", "body", "why"))
    texts = {name: fields[name].text(most) for name, most in (("title", MAX_TITLE), ("body", MAX_BODY), ("why", MAX_WHY))}
    for name, text in texts.items():
        if _UNREADABLE.search(text.replace("\n", "") if name == "body" else text):
            fields[name].refuse("has a character that cannot be read")
    return NoticeText(**texts)


def _agency(node: Node) -> str:
    code = node.text()
    if not AGENCY_CODE.fullmatch(code):
        node.refuse("not the code of an agency")
    return code


def _attributes(node: Node) -> frozenset[str]:
    names: set[str] = set()
    for item in node.items():
        name = item.text()
        if name not in CATALOGUE:
            item.refuse("no such attribute")
        if name in names:
            item.refuse("said twice")
        names.add(name)
    return frozenset(names)
