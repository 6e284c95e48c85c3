"""A question, taken apart and found well-formed before anybody is looked up.

At least one claim is identifying: without it, asking for a sex twice would prove that somebody exists. A fault in one row
voids the whole batch, and says where it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from access.decision import Standing
from core.canonical import plain_json, text64
from core.errors import Forbidden, Invalid, SijilError, TooCostly
from core.texts import checked_text
from verification.matching import Claim, Operator, Predicate, parse_claim, parse_predicate

MAX_QUESTIONS = 1_000
MAX_CLAIMS = 20
MAX_CONDITIONS = 2  # on one attribute of one row: a range needs two, a search many
MAX_PARTS = 10_000  # claims and conditions of a whole batch
MAX_REFERENCE = 100
# An unknown attribute is refused like a forbidden one: which of the two it is, the catalogue tells those who may read it.
_NOT_GRANTED = "your agreement does not let you ask this of this attribute for this purpose"


@dataclass(frozen=True, slots=True)
class Asked:
    """One row as it was sent: claims are (attribute, value), predicates (attribute, operator, value)."""

    reference: str | None
    idcs: str | None
    token: str | None
    claims: Sequence[tuple[str, str]]
    predicates: Sequence[tuple[str, Operator, str]]
    consent: UUID | None
    virtual_id: str | None = None

    @property
    def subject(self) -> dict[str, str | None]:
        """How the subject is named, as the hash of a question has it."""
        if self.virtual_id is not None:
            return {"virtual_id": self.virtual_id}
        return {"idcs": self.idcs} if self.idcs is not None else {"token": self.token}


@dataclass(frozen=True, slots=True)
class Question:
    """One row, understood. `hash` is that of what was asked, as the signed answer names it."""

    asked: Asked
    claims: tuple[Claim, ...]
    predicates: tuple[Predicate, ...]
    hash: str

    @property
    def attributes(self) -> list[str]:
        """What is asked about, claims first."""
        return [claim.attribute for claim in self.claims] + [predicate.attribute for predicate in self.predicates]


def parse(batch: Sequence[Asked], purpose: Purpose) -> list[Question]:
    """Raises Invalid, or Forbidden for an attribute that cannot be asked, with the path from `requests` on."""
    if not 0 < len(batch) <= MAX_QUESTIONS:
        raise Invalid(f"1 to {MAX_QUESTIONS} requests at a time", path=("requests",))
    if sum(len(asked.claims) + len(asked.predicates) for asked in batch) > MAX_PARTS:
        raise TooCostly(f"a batch has at most {MAX_PARTS} claims and conditions", path=("requests",))
    questions = []
    for number, asked in enumerate(batch):
        try:
            questions.append(_question(asked, purpose))
        except SijilError as fault:
            raise fault.under("requests", number) from None
    return questions


def check_granted(questions: Sequence[Question], standing: Standing) -> None:
    """Raises Forbidden, with the path, where a row asks what the agency's agreement does not grant for the purpose."""
    for number, question in enumerate(questions):
        claimed = [("claims", Use.MATCH, n, claim.attribute) for n, claim in enumerate(question.claims)]
        claimed += [("predicates", Use.PREDICATE, n, predicate.attribute) for n, predicate in enumerate(question.predicates)]
        for kind, use, n, attribute in claimed:
            if not standing.may(attribute, use):
                raise Forbidden(_NOT_GRANTED, path=("requests", number, kind, n, "attribute"))


def _question(asked: Asked, purpose: Purpose) -> Question:
    if asked.reference is not None:
        _checked_reference(asked.reference)
    for name, parts in (("claims", asked.claims), ("predicates", asked.predicates)):
        if len(parts) > MAX_CLAIMS:
            raise Invalid(f"at most {MAX_CLAIMS} {name}", path=(name,))
    claims = tuple(_claim(n, attribute, value) for n, (attribute, value) in enumerate(asked.claims))
    predicates = tuple(_predicate(n, *predicate) for n, predicate in enumerate(asked.predicates))
    if not any(claim.identifying for claim in claims):
        raise Invalid(
            "at least one claim must identify: a name, a full birth date, a card number or a telephone", path=("claims",)
        )
    if len({claim.attribute for claim in claims}) != len(claims):
        raise Invalid("an attribute is claimed twice", path=("claims",))
    conditions = Counter(predicate.attribute for predicate in predicates)
    if conditions and max(conditions.values()) > MAX_CONDITIONS:
        raise Invalid(f"at most {MAX_CONDITIONS} conditions on one attribute", path=("predicates",))
    return Question(asked, claims, predicates, _hash(asked, purpose))


def _claim(number: int, attribute: str, value: str) -> Claim:
    _may_be_asked(attribute, Use.MATCH, "claims", number)
    try:
        return parse_claim(attribute, value)
    except Invalid as fault:
        raise fault.under("claims", number, "value") from None


def _predicate(number: int, attribute: str, operator: Operator, value: str) -> Predicate:
    _may_be_asked(attribute, Use.PREDICATE, "predicates", number)
    try:
        return parse_predicate(attribute, operator, value)
    except Invalid as fault:
        raise fault.under("predicates", number, "value") from None


def _may_be_asked(attribute: str, use: Use, kind: str, number: int) -> None:
    known = CATALOGUE.get(attribute)
    if known is None or use not in known.uses:
        raise Forbidden(_NOT_GRANTED, path=(kind, number, "attribute"))


def _checked_reference(reference: str) -> None:
    try:
        checked_text(reference, MAX_REFERENCE)
    except Invalid as fault:
        raise fault.under("reference") from None


def _hash(asked: Asked, purpose: Purpose) -> str:
    document: Mapping[str, Any] = {
        "v": 1,
        "purpose": purpose,
        "subject": asked.subject,
        "claims": [list(claim) for claim in asked.claims],
        "predicates": [list(predicate) for predicate in asked.predicates],
        "consent": None if asked.consent is None else str(asked.consent),
        "reference": asked.reference,
    }
    return text64(sha256(plain_json(document)).digest())
