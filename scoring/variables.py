"""The value of each variable of a formula for one household: an exact fraction, or what must be known before it has one.

A fact that nobody gave is never taken for zero: the value is then `Missing`. Ages and kinships are always known and decide
first: a fact is asked only of the members whose age does not settle the matter (a child of 3 needs no diploma).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from core.canonical import plain_json
from core.dates import PartialDate
from core.errors import Invalid
from registry.facts import FACT_KINDS, MAX_MEMBERS, Kinship, Milieu
from scoring.definitions import (
    MAX_AGE,
    AgeIn,
    AnyMember,
    Condition,
    Count,
    Definition,
    FactIn,
    Flag,
    Head,
    HeadAge,
    Mean,
    Only,
    PerHeadYear,
    PersonsPer,
    Plain,
    Priced,
    Share,
    Size,
    Square,
    common_parts,
    has_head_age,
    member_ages,
)
from scoring.formula import REGIONS, Formula


@dataclass(frozen=True, slots=True)
class MemberInputs:
    """`age`: completed years. `facts`: whole numbers by attribute, only those that are known."""

    kinship: Kinship
    age: int
    facts: Mapping[str, int]

    def __post_init__(self) -> None:
        if type(self.age) is not int or not 0 <= self.age <= MAX_AGE:
            raise Invalid("out of the range of ages", path=("age",))
        _check(self.facts, _MEMBER_RANGES)


@dataclass(frozen=True, slots=True)
class HouseholdInputs:
    """All that a formula may read of one household. Raises Invalid unless exactly one member is its head."""

    milieu: Milieu
    region: int
    facts: Mapping[str, int]
    members: tuple[MemberInputs, ...]
    head: int = field(init=False, repr=False, compare=False)  # index of the head

    def __post_init__(self) -> None:
        heads = [index for index, member in enumerate(self.members) if member.kinship is Kinship.HEAD]
        if len(heads) != 1:
            raise Invalid("a household has exactly one head", path=("members",))
        if len(self.members) > MAX_MEMBERS:
            raise Invalid(f"a household has at most {MAX_MEMBERS} members", path=("members",))
        if type(self.region) is not int or self.region not in REGIONS:
            raise Invalid("no such region", path=("region",))
        _check(self.facts, _HOUSEHOLD_RANGES)
        object.__setattr__(self, "head", heads[0])


class FactRef(NamedTuple):
    """A fact that a value came from: an attribute of the catalogue, and whose (index of a member, None: the household)."""

    attribute: str
    member: int | None


class Known(NamedTuple):
    """The exact fraction (denominator > 0) and the facts it came from."""

    numerator: int
    denominator: int
    sources: tuple[FactRef, ...]


class Missing(NamedTuple):
    """The value cannot be told before these facts are known."""

    facts: tuple[FactRef, ...]


Value = Known | Missing
Evaluator = Callable[[HouseholdInputs, date], Value]

SIZE = (FactRef("household.size", None),)
MILIEU = (FactRef("household.milieu", None),)
RESIDENCE = (FactRef("household.residence", None),)
_MEMBERS = (FactRef("household.members", None),)
_BIRTHS = tuple(FactRef("person.birth_date", index) for index in range(MAX_MEMBERS))

_HOUSEHOLD_RANGES: Mapping[str, range | frozenset[int]]
_HOUSEHOLD_RANGES, _MEMBER_RANGES = (
    {
        name: frozenset(int(code) for code in kind.codes) if kind.codes else range(kind.low, kind.high + 1)
        for name, kind in FACT_KINDS.items()
        if kind.of_member is of_member
    }
    for of_member in (False, True)
)


def evaluate(formula: Formula, inputs: HouseholdInputs, on: date) -> dict[str, Value]:
    """The value of every variable that the formula weighs in the household's milieu, in the order of its terms.

    `on`: the civil date whose prices count.
    """
    return {name: evaluator(inputs, on) for name, evaluator in evaluators(formula, inputs.milieu)}


@lru_cache(maxsize=64)
def evaluators(formula: Formula, milieu: Milieu) -> tuple[tuple[str, Evaluator], ...]:
    """A function for each term of a milieu, in order; made once for each formula."""
    return tuple(
        (term.variable, _compiled(formula.variables[term.variable].definition, formula)) for term in formula.terms(milieu)
    )


def inputs_hash(inputs: HouseholdInputs) -> bytes:
    """SHA-256 of the canonical document of these inputs: what a stored score names as what it was computed from."""
    document = {
        "milieu": inputs.milieu,
        "region": inputs.region,
        "facts": dict(inputs.facts),
        "members": [{"kinship": member.kinship, "age": member.age, "facts": dict(member.facts)} for member in inputs.members],
    }
    return sha256(plain_json(document)).digest()


def ages_change_on(formula: Formula, birth_dates: Sequence[PartialDate], on: date, milieu: Milieu | None = None) -> date | None:
    """The next day after `on` on which an age may change a value, the head's birth date being the first of the sequence.

    Only the terms of that milieu count, where it is given. None: no birthday to come changes anything.
    """
    milieux = [milieu] if milieu else list(Milieu)
    definitions = {formula.variables[term.variable].definition for each in milieux for term in formula.terms(each)}
    boundaries = {age for definition in definitions for age in member_ages(definition)}
    days = {_birthday(born, age) for born in birth_dates for age in boundaries}
    if any(has_head_age(definition) for definition in definitions):
        days.add(_birthday(birth_dates[0], birth_dates[0].age_on(on) + 1))
    return min((day for day in days if day > on), default=None)


def _birthday(born: PartialDate, age: int) -> date:
    """The first day of that age."""
    day = born.for_ages()
    try:
        return day.replace(year=day.year + age)
    except ValueError:
        return date(day.year + age, 3, 1)  # born on 29 February


def _check(facts: Mapping[str, int], ranges: Mapping[str, range | frozenset[int]]) -> None:
    for attribute, value in facts.items():
        allowed = ranges.get(attribute)
        if allowed is None:
            raise Invalid("no such fact here", path=("facts", attribute))
        if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
            raise Invalid("out of the range of this fact", path=("facts", attribute))


def _compiled(definition: Definition, formula: Formula) -> Evaluator:  # noqa: PLR0911 one return for each form
    match definition:
        case Size():
            return lambda inputs, _: Known(len(inputs.members), 1, SIZE)
        case HeadAge():
            return lambda inputs, _: Known(inputs.members[inputs.head].age, 1, (_BIRTHS[inputs.head],))
        case Plain(attribute):
            return _plain(attribute)
        case Square(inner):
            return _square(_compiled(inner, formula))
        case Flag(condition):
            return _flag(condition)
        case Only(kinship, up_to):
            return lambda inputs, _: Known(int(_made_of(inputs, kinship, up_to)), 1, _MEMBERS)
        case PersonsPer():
            return _persons_per(definition)
        case PerHeadYear(amounts):
            return _per_head_year(amounts, formula)
        case Head(conditions):
            return _tally(conditions, lambda met, _: (met, 1), head_only=True)
        case AnyMember(conditions):
            return _tally(conditions, lambda met, _: (int(met > 0), 1))
        case Count(conditions):
            return _tally(conditions, lambda met, _: (met, 1))
        case Share(conditions):
            return _tally(conditions, lambda met, size: (met, size), sources=SIZE)


def _plain(attribute: str) -> Evaluator:
    sources = (FactRef(attribute, None),)
    missing = Missing(sources)

    def evaluator(inputs: HouseholdInputs, _: date) -> Value:
        value = inputs.facts.get(attribute)
        return missing if value is None else Known(value, 1, sources)

    return evaluator


def _square(inner: Evaluator) -> Evaluator:
    def evaluator(inputs: HouseholdInputs, on: date) -> Value:
        value = inner(inputs, on)
        if isinstance(value, Missing):
            return value
        return Known(value.numerator**2, value.denominator**2, value.sources)

    return evaluator


def _flag(condition: FactIn) -> Evaluator:
    attribute, values = condition.attribute, condition.values
    sources = (FactRef(attribute, None),)
    missing = Missing(sources)

    def evaluator(inputs: HouseholdInputs, _: date) -> Value:
        value = inputs.facts.get(attribute)
        return missing if value is None else Known(int(value in values), 1, sources)

    return evaluator


def _made_of(inputs: HouseholdInputs, kinship: frozenset[Kinship], up_to: int) -> bool:
    return len(inputs.members) <= up_to and all(member.kinship in kinship for member in inputs.members)


def _persons_per(definition: PersonsPer) -> Evaluator:
    attribute, above, up_to = definition.attribute, definition.above, definition.up_to
    facts = (FactRef(attribute, None),)
    sources = SIZE + facts
    missing = Missing(facts)

    def evaluator(inputs: HouseholdInputs, _: date) -> Value:
        divisor = inputs.facts.get(attribute)
        if divisor is None:
            return missing
        return Known(int(above * divisor < len(inputs.members) <= up_to * divisor), 1, sources)

    return evaluator


def _per_head_year(amounts: tuple[Mean | Priced, ...], formula: Formula) -> Evaluator:
    parts = common_parts(amounts)
    bills = [
        (attribute, 12 * parts // len(amount.attributes))
        for amount in amounts
        if isinstance(amount, Mean)
        for attribute in amount.attributes
    ]
    goods = [(amount.attribute, amount.price) for amount in amounts if isinstance(amount, Priced)]
    refs = tuple(FactRef(attribute, None) for attribute, _ in (*bills, *goods))
    sources = SIZE + refs

    def evaluator(inputs: HouseholdInputs, on: date) -> Value:
        facts = inputs.facts
        try:
            centimes = sum([facts[attribute] * times for attribute, times in bills])
            for attribute, price in goods:
                centimes += facts[attribute] * formula.price(price, on) * 12 * parts
        except KeyError:
            return Missing(tuple(ref for ref in refs if ref.attribute not in facts))
        return Known(centimes, 100 * parts * len(inputs.members), sources)

    return evaluator


def _tally(
    conditions: tuple[Condition, ...],
    fraction: Callable[[int, int], tuple[int, int]],
    *,
    head_only: bool = False,
    sources: tuple[FactRef, ...] = (),
) -> Evaluator:
    """Counts the members (or looks at the head alone) who meet all the conditions; `fraction` of that and the size."""
    ages = [condition for condition in conditions if isinstance(condition, AgeIn)]
    low, high = (ages[0].low, ages[0].high) if ages else (0, MAX_AGE)
    asked = [
        (condition.attribute, condition.values, tuple(FactRef(condition.attribute, i) for i in range(MAX_MEMBERS)))
        for condition in conditions
        if isinstance(condition, FactIn)
    ]

    def evaluator(inputs: HouseholdInputs, _: date) -> Value:
        met = 0
        used: list[FactRef] = []
        missing: list[FactRef] = []
        members = inputs.members
        for index in (inputs.head,) if head_only else range(len(members)):
            member = members[index]
            if not low <= member.age <= high:
                continue
            meets = 1
            for attribute, values, refs in asked:
                value = member.facts.get(attribute)
                if value is None:
                    missing.append(refs[index])
                else:
                    used.append(refs[index])
                    if value not in values:
                        meets = 0
            met += meets
        if missing:
            return Missing(tuple(missing))
        births = () if not ages else (_BIRTHS[inputs.head],) if head_only else _BIRTHS[: len(members)]
        return Known(*fraction(met, len(members)), (*sources, *births, *used))

    return evaluator
