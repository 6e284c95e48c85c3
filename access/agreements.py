"""Agreements and legal mandates: immutable, dated documents known by their hash, and what they say once they are read.

An agreement lists purposes and attributes *resolved*: an attribute that the catalogue gains later is in none of them.

Form of an agreement:
    {agency, version, purposes: [...], attributes: {name: {uses: [...], level?: "EXACT"|"CLOSE", verdict?: bool}},
     points_per_minute, failures_per_hour: {subject, agency}, tells_status: bool, territory: [division, ...] | null,
     valid_from, valid_to}
Form of a mandate:
    {agency, purpose, article, attributes: [...], disclosure: "IMMEDIATE" | "DELAYED" | "SEALED", valid_from, valid_to}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from core.canonical import content_hash
from core.errors import Invalid, SijilError

T = TypeVar("T", bound=StrEnum)
LONGEST = timedelta(days=5 * 366)


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


def parse_agreement(document: Mapping[str, Any]) -> Agreement:
    """Raises Invalid, with the path of what is wrong, unless every part of the document is understood."""
    _only(
        document,
        "agency version purposes attributes points_per_minute failures_per_hour tells_status territory valid_from valid_to",
    )
    valid_from, valid_to = _dates(document)
    failures = document["failures_per_hour"]
    _only(failures, "subject agency", "failures_per_hour")
    attributes = {name: _term(name, term) for name, term in document["attributes"].items()}
    if not attributes:
        raise Invalid("an agreement grants something", path=("attributes",))
    purposes = frozenset(_member(Purpose, purpose, "purposes", n) for n, purpose in enumerate(document["purposes"]))
    if not purposes:
        raise Invalid("an agreement has a purpose", path=("purposes",))
    return Agreement(
        hash=content_hash(document),
        version=_whole(document["version"], "version"),
        purposes=purposes,
        attributes=attributes,
        points_per_minute=_whole(document["points_per_minute"], "points_per_minute"),
        failures=FailureBudget(
            _whole(failures["subject"], "failures_per_hour", "subject"),
            _whole(failures["agency"], "failures_per_hour", "agency"),
        ),
        tells_status=document["tells_status"] is True,
        territory=None if document["territory"] is None else frozenset(document["territory"]),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def parse_mandate(document: Mapping[str, Any]) -> Mandate:
    """Raises Invalid, with the path of what is wrong, unless every part of the document is understood."""
    _only(document, "agency purpose article attributes disclosure valid_from valid_to")
    valid_from, valid_to = _dates(document)
    for number, name in enumerate(document["attributes"]):
        if name not in CATALOGUE:
            raise Invalid("no such attribute", path=("attributes", number))
    if not document["attributes"]:
        raise Invalid("a mandate names attributes", path=("attributes",))
    return Mandate(
        hash=content_hash(document),
        purpose=_member(Purpose, document["purpose"], "purpose"),
        article=str(document["article"]),
        attributes=frozenset(document["attributes"]),
        disclosure=_member(Disclosed, document["disclosure"], "disclosure"),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _term(name: str, term: Mapping[str, Any]) -> Term:
    known = CATALOGUE.get(name)
    if known is None:
        raise Invalid("no such attribute", path=("attributes", name))
    _only(term, "uses level verdict", "attributes", name, optional="level verdict")
    uses = frozenset(_member(Use, use, "attributes", name, "uses", n) for n, use in enumerate(term["uses"]))
    if not uses or not uses <= known.uses:
        raise Invalid("the catalogue does not allow this use", path=("attributes", name, "uses"))
    level = _member(Level, term.get("level", "EXACT"), "attributes", name, "level")
    return Term(uses, level, term.get("verdict", False) is True)


def _only(document: Any, keys: str, *path: str, optional: str = "") -> None:
    if not isinstance(document, Mapping):
        raise Invalid("expected an object", path=path)
    for key in document:
        if key not in keys.split():
            raise Invalid("unknown part", path=(*path, str(key)))
    for key in keys.split():
        if key not in document and key not in optional.split():
            raise Invalid("missing part", path=(*path, key))


def _dates(document: Mapping[str, Any]) -> tuple[datetime, datetime]:
    try:
        valid_from, valid_to = (datetime.fromisoformat(document[name]) for name in ("valid_from", "valid_to"))
        if valid_from.tzinfo is None or not valid_from < valid_to <= valid_from + LONGEST:
            raise Invalid("an authority has a beginning and an end, at most five years apart", path=("valid_to",))
    except SijilError:
        raise
    except (TypeError, ValueError):
        raise Invalid("expected two instants with a zone", path=("valid_from",)) from None
    return valid_from, valid_to


def _whole(value: Any, *path: str) -> int:
    if type(value) is not int or not 0 < value < 2**31:
        raise Invalid("expected a positive whole number", path=path)
    return value


def _member(kind: type[T], value: Any, *path: str | int) -> T:
    try:
        return kind(value)
    except ValueError:
        raise Invalid("no such value", path=path) from None
