"""Agreements and legal mandates: immutable, dated documents known by their hash, and what they say once they are read.

An agreement lists purposes and attributes *resolved*: an attribute that the catalogue gains later is in none of them.

Form of an agreement:
    {agency, version, purposes: [...], attributes: {name: {uses: [...], level?: "EXACT"|"CLOSE", verdict?: bool}},
     points_per_minute, failures_per_hour: {subject, agency}, tells_status: bool, territory: [division, ...] | null,
     valid_from, valid_to}
Form of a mandate:
    {agency, purpose, article, attributes: [...], disclosure: "IMMEDIATE" | "DELAYED" | "SEALED", disclosure_days?, valid_from,
     valid_to}
`disclosure_days` stands with DELAYED and nothing else: so many days after an access the person is shown it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from core.canonical import content_hash
from core.documents import Node
from core.errors import Invalid

LONGEST = timedelta(days=5 * 366)
MAX_NUMBER = 2**31 - 1
MAX_CODE = 32  # characters
MAX_DIVISIONS = 2000
MAX_DISCLOSURE_DAYS = 3650
_DATES = ("valid_from", "valid_to")
_LIMITS = ("points_per_minute", "failures_per_hour", "tells_status", "territory")
_AGREEMENT = ("agency", "version", "purposes", "attributes", *_LIMITS, *_DATES)
_MANDATE = ("agency", "purpose", "article", "attributes", "disclosure", *_DATES)
# Control characters, and those that make a text read in another order than it is written.
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


class Level(StrEnum):
    EXACT = "EXACT"
    CLOSE = "CLOSE"


class Disclosed(StrEnum):
    """How the person's own access list shows an access under the mandate."""

    IMMEDIATE = "IMMEDIATE"
    DELAYED = "DELAYED"
    SEALED = "SEALED"


@dataclass(frozen=True, slots=True)
class Term:
    """What an agreement grants on one attribute. `verdict`: the agency is told how this attribute by itself compared."""

    uses: frozenset[Use]
    level: Level
    verdict: bool


@dataclass(frozen=True, slots=True)
class FailureBudget:
    """How many questions may fail within an hour: about one subject, and in all."""

    subject: int
    agency: int


@dataclass(frozen=True, slots=True)
class Agreement:
    hash: bytes
    version: int
    purposes: frozenset[Purpose]
    attributes: Mapping[str, Term]
    points_per_minute: int
    failures: FailureBudget
    tells_status: bool
    territory: frozenset[str] | None
    valid_from: datetime
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class Mandate:
    hash: bytes
    purpose: Purpose
    article: str
    attributes: frozenset[str]
    disclosure: Disclosed
    valid_from: datetime
    valid_to: datetime
    disclosure_days: int | None = None  # of DELAYED


def parse_agreement(document: Mapping[str, Any]) -> Agreement:
    """Raises Invalid, with the path of what is wrong, unless every part of the document is understood."""
    fields = Node(dict(document)).record(_AGREEMENT)
    fields["agency"].text(MAX_CODE)
    failures = fields["failures_per_hour"].record(("subject", "agency"))
    territory = fields["territory"]
    divisions = None if territory.value is None else territory.items(most=MAX_DIVISIONS)
    valid_from, valid_to = _dates(fields)
    return Agreement(
        version=fields["version"].integer(1, MAX_NUMBER),
        purposes=frozenset(purpose.choice(Purpose) for purpose in fields["purposes"].items()),
        attributes={_attribute(name, term): _term(name, term) for name, term in fields["attributes"].entries().items()},
        points_per_minute=fields["points_per_minute"].integer(1, MAX_NUMBER),
        failures=FailureBudget(failures["subject"].integer(1, MAX_NUMBER), failures["agency"].integer(1, MAX_NUMBER)),
        tells_status=_flag(fields["tells_status"]),
        territory=None if divisions is None else frozenset(division.text(MAX_CODE) for division in divisions),
        valid_from=valid_from,
        valid_to=valid_to,
        hash=content_hash(document),
    )


def parse_mandate(document: Mapping[str, Any]) -> Mandate:
    """Raises Invalid, with the path of what is wrong, unless every part of the document is understood."""
    fields = Node(dict(document)).record(_MANDATE, ("disclosure_days",))
    fields["agency"].text(MAX_CODE)
    valid_from, valid_to = _dates(fields)
    disclosure = fields["disclosure"].choice(Disclosed)
    return Mandate(
        purpose=fields["purpose"].choice(Purpose),
        article=_article(fields["article"]),
        attributes=frozenset(_attribute(name.text(), name) for name in fields["attributes"].items()),
        disclosure=disclosure,
        disclosure_days=_disclosure_days(disclosure, fields),
        valid_from=valid_from,
        valid_to=valid_to,
        hash=content_hash(document),
    )


def _article(node: Node) -> str:
    text = node.text()
    if _UNREADABLE.search(text):
        node.refuse("has a character that cannot be read")
    return text


def _disclosure_days(disclosure: Disclosed, fields: Mapping[str, Node]) -> int | None:
    days = fields.get("disclosure_days")
    if disclosure is Disclosed.DELAYED:
        if days is None:
            raise Invalid("missing", path=("disclosure_days",))
        return days.integer(1, MAX_DISCLOSURE_DAYS)
    if days is not None:
        days.refuse("only what is disclosed later has a delay")
    return None


def _attribute(name: str, node: Node) -> str:
    if name not in CATALOGUE:
        node.refuse("no such attribute")
    return name


def _term(name: str, node: Node) -> Term:
    fields = node.record(("uses",), ("level", "verdict"))
    uses = frozenset(use.choice(Use) for use in fields["uses"].items())
    if not uses <= CATALOGUE[name].uses:
        fields["uses"].refuse("the catalogue does not allow this use")
    level = fields["level"].choice(Level) if "level" in fields else Level.EXACT
    return Term(uses, level, "verdict" in fields and _flag(fields["verdict"]))


def _flag(node: Node) -> bool:
    if not isinstance(node.value, bool):
        node.refuse("expected true or false")
    return node.value


def _dates(fields: Mapping[str, Node]) -> tuple[datetime, datetime]:
    valid_from, valid_to = (fields[name].instant() for name in _DATES)
    if not timedelta(0) < valid_to - valid_from <= LONGEST:
        fields["valid_to"].refuse("an authority has a beginning and an end, at most five years apart")
    return valid_from, valid_to
