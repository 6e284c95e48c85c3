"""What a variable of a formula means, as data: a definition compiles completely into these types or is refused.

A definition is one of (facts by their name in `registry/facts.py`, codes by the name of the member):

    "size"                                         members of the household
    "head_age"                                     completed years of the head
    {"fact": F}                                    a count or a flag of the household
    {"square": definition}                         of anything but a square
    {"flag": condition}                            1 if the household meets it, else 0
    {"head": [condition, ...]}                     1 if the head meets all of them, else 0
    {"any": [condition, ...]}                      1 if some member meets all of them, else 0
    {"count": [condition, ...]}                    members who meet all of them
    {"share": [condition, ...]}                    the same, divided by the size of the whole household
    {"only": {"kinship": [...], "up_to": k}}       1 if there are at most k members, each of such a kinship, else 0
    {"persons_per": {"fact": F, "above": a, "up_to": b}}   1 if a < size / F <= b, else 0; one bound may be left out
    {"per_head_year": [amount, ...]}               12 x the sum of monthly amounts / size, in dirhams

A condition is {"fact": F, "in": [code, ...]} for a code or a flag (0, 1), {"fact": F, "from": a, "to": b} for a count, or,
of members, {"age": {"from": a, "to": b}}; bounds are inclusive and one of them may be left out. An amount is
{"mean": [F, ...]} of facts that are money, or {"price": name, "times": F} for a count at a dated price of the formula.

Nothing here is code: another country's linear formula is another document.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import lcm

from core.documents import Node
from registry.facts import FACT_KINDS, MAX_MEMBERS, FactKind, Kinship, Unit

MAX_AGE = 130


@dataclass(frozen=True, slots=True)
class AgeIn:
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class FactIn:
    """The fact is one of these numbers."""

    attribute: str
    values: Collection[int]


Condition = AgeIn | FactIn


@dataclass(frozen=True, slots=True)
class Size:
    pass


@dataclass(frozen=True, slots=True)
class HeadAge:
    pass


@dataclass(frozen=True, slots=True)
class Plain:
    attribute: str


@dataclass(frozen=True, slots=True)
class Square:
    of: "Definition"


@dataclass(frozen=True, slots=True)
class Flag:
    condition: FactIn


@dataclass(frozen=True, slots=True)
class Head:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyMember:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Count:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Share:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Only:
    kinship: frozenset[Kinship]
    up_to: int


@dataclass(frozen=True, slots=True)
class PersonsPer:
    attribute: str
    above: int
    up_to: int


@dataclass(frozen=True, slots=True)
class Mean:
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Priced:
    price: str
    attribute: str


@dataclass(frozen=True, slots=True)
class PerHeadYear:
    amounts: tuple[Mean | Priced, ...]


Definition = Size | HeadAge | Plain | Square | Flag | Head | AnyMember | Count | Share | Only | PersonsPer | PerHeadYear

_ATOMS: dict[str, Definition] = {"size": Size(), "head_age": HeadAge()}
_TALLIES: dict[str, type[Head | AnyMember | Count | Share]] = {
    "head": Head,
    "any": AnyMember,
    "count": Count,
    "share": Share,
}


def parse(node: Node, prices: Collection[str]) -> Definition:  # noqa: PLR0911 one return for each form
    """The definition at that node. Raises Invalid with the path of the part that has no meaning."""
    if isinstance(node.value, str):
        atom = _ATOMS.get(node.value)
        return atom if atom is not None else node.refuse("unknown form")
    (form, body), *more = node.entries(most=20).items()
    if more:
        node.refuse("expected one form")
    if form in _TALLIES:
        return _TALLIES[form](_conditions(body))
    match form:
        case "fact":
            return Plain(_fact(body, of_member=False, units=(Unit.COUNT, Unit.FLAG)).attribute)
        case "square":
            inner = parse(body, prices) if not (isinstance(body.value, dict) and "square" in body.value) else None
            return Square(inner) if inner is not None else body.refuse("a square of a square")
        case "flag":
            condition = _condition(body, of_member=False)
            return Flag(condition) if isinstance(condition, FactIn) else body.refuse("not a condition on a household")
        case "only":
            return _only(body)
        case "persons_per":
            return _persons_per(body)
        case "per_head_year":
            return PerHeadYear(tuple(_amount(item, prices) for item in body.items(most=20)))
    return body.refuse("unknown form")


def largest(definition: Definition, prices: Mapping[str, int]) -> tuple[int, int]:  # noqa: PLR0911 likewise
    """The largest numerator and the largest denominator that the declared ranges of the facts allow; `prices` are maxima."""
    match definition:
        case Size() | Count():
            return MAX_MEMBERS, 1
        case Share():
            return MAX_MEMBERS, MAX_MEMBERS
        case HeadAge():
            return MAX_AGE, 1
        case Plain(attribute):
            kind = FACT_KINDS[attribute]
            return max(abs(kind.low), abs(kind.high)), 1
        case Square(inner):
            numerator, denominator = largest(inner, prices)
            return numerator**2, denominator**2
        case PerHeadYear(amounts):
            parts = common_parts(amounts)
            monthly = sum(
                sum(FACT_KINDS[attribute].high for attribute in amount.attributes) * (parts // len(amount.attributes))
                if isinstance(amount, Mean)
                else prices[amount.price] * FACT_KINDS[amount.attribute].high * parts
                for amount in amounts
            )
            return 12 * monthly, 100 * parts * MAX_MEMBERS
        case _:
            return 1, 1


def common_parts(amounts: tuple[Mean | Priced, ...]) -> int:
    """A number that every count of bills averaged in a mean divides."""
    return lcm(*(len(amount.attributes) for amount in amounts if isinstance(amount, Mean)))


def member_ages(definition: Definition) -> Iterator[int]:
    """The ages at which a member begins or ceases to meet a condition."""
    match definition:
        case Square(inner):
            yield from member_ages(inner)
        case Head(conditions) | AnyMember(conditions) | Count(conditions) | Share(conditions):
            for condition in conditions:
                if isinstance(condition, AgeIn):
                    yield from (condition.low, condition.high + 1)


def has_head_age(definition: Definition) -> bool:
    """Whether every birthday of the head changes the value."""
    return isinstance(definition, HeadAge) or (isinstance(definition, Square) and has_head_age(definition.of))


def prices_in(definition: Definition) -> Iterator[str]:
    match definition:
        case Square(inner):
            yield from prices_in(inner)
        case PerHeadYear(amounts):
            yield from (amount.price for amount in amounts if isinstance(amount, Priced))


def _fact(node: Node, *, of_member: bool, units: Collection[Unit]) -> FactKind:
    kind = FACT_KINDS.get(node.text())
    if kind is None:
        node.refuse("unknown fact")
    if kind.of_member is not of_member:
        node.refuse("a fact of a household" if of_member else "a fact of a member")
    if kind.unit not in units:
        node.refuse("a fact of another unit")
    return kind


def _conditions(node: Node) -> tuple[Condition, ...]:
    conditions = tuple(_condition(item, of_member=True) for item in node.items(most=10))
    subjects = [condition.attribute if isinstance(condition, FactIn) else "age" for condition in conditions]
    for index, subject in enumerate(subjects):
        if subject in subjects[:index]:
            node.items()[index].refuse("a second condition on the same")
    return conditions


def _condition(node: Node, *, of_member: bool) -> Condition:
    fields = node.entries(most=20)
    if of_member and "age" in fields:
        ages = node.record(("age",))["age"]
        return AgeIn(*_bounds(ages.record((), ("from", "to")), ages, 0, MAX_AGE))
    if "fact" not in fields:
        node.refuse("unknown form")
    kind = _fact(fields["fact"], of_member=of_member, units=(Unit.COUNT, Unit.FLAG, Unit.CODE))
    if kind.unit is Unit.COUNT:
        node.record(("fact",), ("from", "to"))
        low, high = _bounds(fields, node, kind.low, kind.high)
        return FactIn(kind.attribute, range(low, high + 1))
    return FactIn(kind.attribute, frozenset(_values(node.record(("fact", "in"))["in"], kind)))


def _bounds(fields: Mapping[str, Node], node: Node, low: int, high: int) -> tuple[int, int]:
    if "from" not in fields and "to" not in fields:
        node.refuse("expected a bound")
    first = fields["from"].integer(low, high) if "from" in fields else low
    last = fields["to"].integer(low, high) if "to" in fields else high
    if first > last:
        node.refuse("nothing lies between the bounds")
    return first, last


def _values(node: Node, kind: FactKind) -> Iterator[int]:
    names = {code.name: int(code) for code in kind.codes} if kind.codes else None
    seen: set[object] = set()
    for item in node.items(most=50):
        value = item.integer(kind.low, kind.high) if names is None else names.get(item.text())
        if value is None:
            item.refuse("unknown code")
        if value in seen:
            item.refuse("said twice")
        seen.add(value)
        yield value


def _only(node: Node) -> Only:
    fields = node.record(("kinship", "up_to"))
    kinship = [item.choice(Kinship) for item in fields["kinship"].items(most=len(Kinship))]
    if len(set(kinship)) < len(kinship):
        fields["kinship"].refuse("said twice")
    return Only(frozenset(kinship), fields["up_to"].integer(1, MAX_MEMBERS))


def _persons_per(node: Node) -> PersonsPer:
    fields = node.record(("fact",), ("above", "up_to"))
    kind = _fact(fields["fact"], of_member=False, units=(Unit.COUNT,))
    if kind.low < 1:
        fields["fact"].refuse("a fact that may be zero divides nothing")
    if len(fields) == 1:
        node.refuse("expected a bound")
    above = fields["above"].integer(0, MAX_MEMBERS) if "above" in fields else 0
    up_to = fields["up_to"].integer(1, MAX_MEMBERS) if "up_to" in fields else MAX_MEMBERS
    if above >= up_to:
        node.refuse("nothing lies between the bounds")
    return PersonsPer(kind.attribute, above, up_to)


def _amount(node: Node, prices: Collection[str]) -> Mean | Priced:
    fields = node.entries(most=20)
    if "mean" in fields:
        facts = node.record(("mean",))["mean"].items(most=12)
        attributes = tuple(_fact(item, of_member=False, units=(Unit.MONEY,)).attribute for item in facts)
        if len(set(attributes)) < len(attributes):
            fields["mean"].refuse("said twice")
        return Mean(attributes)
    if "price" not in fields:
        node.refuse("unknown form")
    fields = node.record(("price", "times"))
    if fields["price"].text() not in prices:
        fields["price"].refuse("unknown price")
    return Priced(fields["price"].text(), _fact(fields["times"], of_member=False, units=(Unit.COUNT,)).attribute)
