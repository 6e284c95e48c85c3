"""Whether two records may be of one person: field by field, by weights that a document states, no I/O.

After Fellegi and Sunter: for each field both records know, how it compares has a weight (the logarithm to base 2 of how much
likelier this is for one person than for two, in thousandths), and the weights are added up. Family name, parents, telephone,
residence and guardians are what brothers and sisters share. So what is a person's own (given name, birth, sex, numbers) has to
weigh enough by itself: twins are not one person, however much they share, and neither are father and son of one name.

SAME takes more than weight: the same card and names, or that all that is known agrees. It proposes; two people decide.
"""

import importlib.resources
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache, cached_property

from core.canonical import content_hash
from core.documents import Node, read_json
from identity.agreements import (
    LIKE,
    OF_NAMES,
    Agreement,
    Scripts,
    births,
    equal,
    guardians,
    name_of,
    numbers,
    one_name,
    places,
    scripts,
)
from identity.blocking import Comparable
from identity.names import Name

MAX_WEIGHT = 100_000


class Outcome(StrEnum):
    CLEAR = "CLEAR"
    REVIEW = "REVIEW"
    SAME = "SAME"


class Field(StrEnum):
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    CNIE = "cnie"
    PERMIT = "permit"
    TELEPHONE = "telephone"
    FATHER = "father"
    MOTHER = "mother"
    BIRTH_PLACE = "birth_place"
    RESIDENCE = "residence"
    GUARDIANS = "guardians"


OWN = frozenset({Field.GIVEN_NAME, Field.BIRTH_DATE, Field.SEX, Field.CNIE, Field.PERMIT})
"""What brothers and sisters do not share."""


@dataclass(frozen=True)
class Rules:
    """The document. Weights in thousandths of a bit; `hash` names it.

    `review`: the least weight of a REVIEW; `own`: the least that a person's own fields must weigh. `narrow`: how many people
    may share a blocking key that counts by itself; up to `wide`, it counts where another is shared, too; beyond, not at all.
    `candidates`: the most who are compared with one. `undo`: how long a merge may be undone.
    """

    weights: Mapping[Field, Mapping[Agreement, int]]
    review: int
    own: int
    narrow: int
    wide: int
    candidates: int
    undo: timedelta
    hash: bytes

    @cached_property
    def best(self) -> Mapping[Field, int]:
        """The most that a field can weigh; nothing at least, for it may not be known."""
        return {field: max(0, *weights.values()) for field, weights in self.weights.items()}

    @cached_property
    def best_of_shared_names(self) -> int:
        return sum(self.best[field] for field in (Field.FAMILY_NAME, Field.FATHER, Field.MOTHER))


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of comparing two records: `fields` says how each field compared, and never a value."""

    outcome: Outcome
    weight: int
    fields: Mapping[Field, Agreement]

    @property
    def document(self) -> dict[str, str]:
        return {field.value: agreement.value for field, agreement in self.fields.items()}


def parse_rules(document: object) -> Rules:
    """Raises Invalid, with the path of the faulty part."""
    numbers = ("review", "own", "narrow", "wide", "candidates", "undo_days")
    parts = Node(document).record(("version", "weights", *numbers))
    parts["version"].integer(1, 1_000_000)
    weights: dict[Field, Mapping[Agreement, int]] = {}
    for name, node in parts["weights"].record(Field).items():
        agreements = {agreement: part.integer(-MAX_WEIGHT, MAX_WEIGHT) for agreement, part in node.entries().items()}
        expected = {each.value for each in _AGREEMENTS[Field(name)]}
        if agreements.keys() != expected:
            node.refuse("expected a weight for each way in which this field can compare")
        weights[Field(name)] = {Agreement(agreement): weight for agreement, weight in agreements.items()}
    narrow = parts["narrow"].integer(1, 10_000)
    return Rules(
        weights,
        parts["review"].integer(0, MAX_WEIGHT),
        parts["own"].integer(0, MAX_WEIGHT),
        narrow,
        parts["wide"].integer(narrow, 100_000),
        parts["candidates"].integer(1, 200),
        timedelta(days=parts["undo_days"].integer(1, 3_650)),
        content_hash(document),
    )


@cache
def rules() -> Rules:
    """The rules that come with the code."""
    text = importlib.resources.files("identity").joinpath("documents/duplicates.json").read_bytes()
    return parse_rules(read_json(text))


Judges = Mapping[Field, Callable[[Comparable, Comparable], Agreement]]


class Compared:
    """A record made ready to be compared, once for many."""

    def __init__(self, record: Comparable) -> None:
        self.record = record

    @cached_property
    def given(self) -> Scripts:
        return name_of(self.record.given_ar), name_of(self.record.given_latin)

    @cached_property
    def family(self) -> Scripts:
        return name_of(self.record.family_ar), name_of(self.record.family_latin)

    @cached_property
    def father(self) -> Name | None:
        return name_of(self.record.father)

    @cached_property
    def mother(self) -> Name | None:
        return name_of(self.record.mother)


def compare(one: Compared, other: Compared, by: Rules) -> Finding:
    """How two records compare. Symmetric."""
    fields = _agreements(one, other)
    known = {field: agreement for field, agreement in fields.items() if agreement is not Agreement.UNKNOWN}
    weights = {field: by.weights[field][agreement] for field, agreement in known.items()}
    weight = sum(weights.values())
    own = sum(weight for field, weight in weights.items() if field in OWN)
    if _is_hard(known):
        outcome = Outcome.SAME
    elif Agreement.EXACT in (known.get(Field.CNIE), known.get(Field.PERMIT)) or (weight >= by.review and own >= by.own):
        outcome = Outcome.REVIEW
    else:
        outcome = Outcome.CLEAR
    return Finding(outcome, max(-MAX_WEIGHT, min(weight, MAX_WEIGHT)), fields)


def may_be(one: Comparable, other: Comparable, by: Rules) -> bool:
    """Whether anything but CLEAR can come of it, whatever their names are: quick, for most of those who share a key.

    Of what one of them does not know it takes the best, but of what is a person's own: so a record of which no more than that
    was opened yet will do.
    """
    own = _one_by_one(one, other, by, _OWN_BUT_NAMES, unknown=False)
    if own is None:
        return True
    own += by.best[Field.GIVEN_NAME]
    if own < by.own:
        return False
    shared = _one_by_one(one, other, by, _SHARED_BUT_NAMES, unknown=True)
    return shared is None or own + shared + by.best_of_shared_names >= by.review


def own_weighs(one: Compared, other: Compared, by: Rules) -> bool:
    """Whether what is their own weighs enough, given names and all: without it nothing but CLEAR can come of it."""
    weight = _one_by_one(one.record, other.record, by, _OWN_BUT_NAMES, unknown=False)
    if weight is None:
        return True
    given = scripts(one.given, other.given)
    if given is Agreement.DIFFERENT and scripts(one.given, other.family) in _NAMED:
        given = Agreement.SWAPPED
    return weight + (0 if given is Agreement.UNKNOWN else by.weights[Field.GIVEN_NAME][given]) >= by.own


def _one_by_one(one: Comparable, other: Comparable, by: Rules, fields: Judges, *, unknown: bool) -> int | None:
    """The weight of these fields; `unknown`: with the best of those that are not known. None: a card is the same."""
    weight = 0
    for field, compared in fields.items():
        agreement = compared(one, other)
        if agreement is Agreement.UNKNOWN:
            weight += by.best[field] if unknown else 0
        elif agreement is Agreement.EXACT and field in _CARDS:
            return None
        else:
            weight += by.weights[field][agreement]
    return weight


_NAMED = LIKE | {Agreement.CLOSE, Agreement.PART, Agreement.SWAPPED}
_EQUAL_LEAST = 8  # fields of which all must agree where no number does


def _is_hard(known: Mapping[Field, Agreement]) -> bool:
    """Evidence that needs no weighing: the same card and names, or that all of a whole record agrees."""
    names = (known.get(Field.GIVEN_NAME), known.get(Field.FAMILY_NAME))
    if Agreement.EXACT in (known.get(Field.CNIE), known.get(Field.PERMIT)):
        return all(name in _NAMED for name in names)
    whole = {Field.GIVEN_NAME, Field.FAMILY_NAME, Field.BIRTH_DATE, Field.SEX, Field.FATHER, Field.MOTHER} <= known.keys()
    return whole and len(known) >= _EQUAL_LEAST and all(agreement in LIKE for agreement in known.values())


def _agreements(one: Compared, other: Compared) -> dict[Field, Agreement]:
    mine, its = one.record, other.record
    given, family = scripts(one.given, other.given), scripts(one.family, other.family)
    if {given, family} == {Agreement.DIFFERENT}:
        crossed = (scripts(one.given, other.family), scripts(one.family, other.given))
        if all(agreement in _NAMED for agreement in crossed):
            given = family = Agreement.SWAPPED
    return {
        Field.GIVEN_NAME: given,
        Field.FAMILY_NAME: family,
        **{field: compared(mine, its) for field, compared in _OWN_BUT_NAMES.items()},
        Field.FATHER: one_name(one.father, other.father),
        Field.MOTHER: one_name(one.mother, other.mother),
        **{field: compared(mine, its) for field, compared in _SHARED_BUT_NAMES.items()},
    }


_CARDS = frozenset({Field.CNIE, Field.PERMIT})
_OWN_BUT_NAMES: Judges = {
    Field.BIRTH_DATE: lambda one, other: births(one.birth, other.birth),
    Field.SEX: lambda one, other: equal(one.sex, other.sex),
    Field.CNIE: lambda one, other: numbers(one.cnie, other.cnie),
    Field.PERMIT: lambda one, other: numbers(one.permit, other.permit),
}
_SHARED_BUT_NAMES: Judges = {
    Field.TELEPHONE: lambda one, other: equal(one.telephone, other.telephone),
    Field.BIRTH_PLACE: lambda one, other: equal(one.birth_place, other.birth_place),
    Field.RESIDENCE: lambda one, other: places(one.residence, other.residence),
    Field.GUARDIANS: guardians,
}
_OF_NUMBERS = (Agreement.EXACT, Agreement.CLOSE, Agreement.DIFFERENT)
_OF_CODES = (Agreement.EXACT, Agreement.DIFFERENT)
_AGREEMENTS: Mapping[Field, tuple[Agreement, ...]] = {
    Field.GIVEN_NAME: (*OF_NAMES, Agreement.SWAPPED),
    Field.FAMILY_NAME: (*OF_NAMES, Agreement.SWAPPED),
    Field.BIRTH_DATE: (
        *(Agreement.EXACT, Agreement.SWAPPED, Agreement.ONE_PART, Agreement.PARTIAL),
        *(Agreement.OTHER_YEAR, Agreement.YEAR, Agreement.DIFFERENT),
    ),
    Field.SEX: _OF_CODES,
    Field.CNIE: _OF_NUMBERS,
    Field.PERMIT: _OF_NUMBERS,
    Field.TELEPHONE: _OF_CODES,
    Field.FATHER: OF_NAMES,
    Field.MOTHER: OF_NAMES,
    Field.BIRTH_PLACE: _OF_CODES,
    Field.RESIDENCE: (Agreement.EXACT, Agreement.NEAR, Agreement.DIFFERENT),
    Field.GUARDIANS: _OF_CODES,
}
