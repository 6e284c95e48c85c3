"""A formula of the socio-economic index: an immutable, dated document, known by the hash of its content.

    score = constant + region + sum of weight x value, per milieu

The document has: code, version, title, unit, valid_from (null: not set), prices (dated, in centimes), families and base
(labels), variables (labels, family, definition: `scoring/definitions.py`) and, per milieu, constant, regions and terms.
Weights are decimal text of at most 8 decimals; a null weight is one that nobody knows: the score then says so. What is read
compiles completely or is refused with the path of the fault, and is proven to stay within 64-bit arithmetic.
"""

import importlib.resources
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from access.catalogue import Labels
from core.canonical import content_hash
from core.documents import Node, read_json
from core.errors import Invalid
from registry.facts import Milieu
from registry.programmes import labels_at
from scoring.definitions import Definition, largest, parse, prices_in

CONSTANT = "constant"
REGION = "region"
BASE = "base"
REGIONS = range(1, 13)
WEIGHT_PLACES = 8
SCORE_PLACES = 12
_SHIFT: int = 10 ** (SCORE_PLACES - WEIGHT_PLACES)
_BIGINT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Term:
    """`weight_e8`: whole number of 10^-8, None where the weight is not known."""

    variable: str
    weight_e8: int | None


@dataclass(frozen=True, slots=True)
class Variable:
    """`note`: what its definition takes for granted, where the source of the formula is silent."""

    name: str
    labels: Labels
    family: str
    definition: Definition
    note: str | None


@dataclass(frozen=True, slots=True)
class Price:
    """Centimes of a dirham from that day on; None: from the beginning."""

    since: date | None
    centimes: int


@dataclass(frozen=True, slots=True)
class MilieuFormula:
    """Weights are whole numbers of 10^-8; every region has one."""

    constant_e8: int
    regions_e8: Mapping[int, int]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Two formulas are equal when their documents are (same content hash)."""

    code: str
    version: int
    title: Labels
    unit: str
    valid_from: date | None
    prices: Mapping[str, tuple[Price, ...]]
    families: Mapping[str, Labels]
    base: Mapping[str, Labels]
    variables: Mapping[str, Variable]
    milieux: Mapping[Milieu, MilieuFormula]
    hash: bytes

    @classmethod
    def parse(cls, document: object) -> "Formula":
        """Raises Invalid, with the path of the faulty part, for a document that is not a whole formula."""
        root = Node(document)
        required = ("code", "version", "title", "unit", "valid_from", "prices", "families", "base", "variables", "milieux")
        fields = root.record(required, ("about",))
        prices = {name: _price(node) for name, node in fields["prices"].entries(least=0).items()}
        families = {name: labels_at(node) for name, node in fields["families"].entries().items()}
        base = {name: labels_at(node) for name, node in fields["base"].record((CONSTANT, REGION)).items()}
        variables = {name: _variable(name, node, prices, families) for name, node in fields["variables"].entries().items()}
        milieux = {
            Milieu(name): _milieu(node, variables, prices) for name, node in fields["milieux"].record(tuple(Milieu)).items()
        }
        _all_used(fields["variables"], {term.variable for milieu in milieux.values() for term in milieu.terms})
        _all_used(fields["families"], {BASE, *(variable.family for variable in variables.values())})
        _all_used(fields["prices"], {name for v in variables.values() for name in prices_in(v.definition)})
        if "about" in fields:
            fields["about"].text()
        return cls(
            code=fields["code"].text(64),
            version=fields["version"].integer(1, 32_767),
            title=labels_at(fields["title"]),
            unit=fields["unit"].text(64),
            valid_from=None if fields["valid_from"].value is None else fields["valid_from"].day(),
            prices=prices,
            families=families,
            base=base,
            variables=variables,
            milieux=milieux,
            hash=content_hash(document),
        )

    def terms(self, milieu: Milieu) -> tuple[Term, ...]:
        return self.milieux[milieu].terms

    def labels(self, variable: str) -> Labels:
        """The words for a variable, or for "constant" and "region"."""
        return self.base[variable] if variable in self.base else self.variables[variable].labels

    def family(self, variable: str) -> str:
        """The family a variable is explained under; "base" for "constant" and "region"."""
        return BASE if variable in self.base else self.variables[variable].family

    def price(self, name: str, on: date) -> int:
        """Centimes that day."""
        found = self.prices[name][0].centimes
        for price in self.prices[name][1:]:
            if price.since is not None and price.since <= on:
                found = price.centimes
        return found

    def __eq__(self, other: object) -> bool:
        return self.hash == other.hash if isinstance(other, Formula) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash)


def packaged_document(code: str) -> object:
    """The formula document of that code that the project carries. Raises Invalid for a code that it does not."""
    for file in (importlib.resources.files("scoring") / "documents").iterdir():
        if file.name == f"{code}.json":
            return read_json(file.read_bytes())
    raise Invalid("no such formula")


@cache
def packaged(code: str) -> Formula:
    """The same, compiled."""
    return Formula.parse(packaged_document(code))


def _price(node: Node) -> tuple[Price, ...]:
    found: list[Price] = []
    for item in node.items():
        fields = item.record(("from", "centimes"))
        # The first price holds from the beginning, so that no day is without one.
        since = fields["from"].day() if fields["from"].value is not None else None
        if (since is None) is not (not found):
            fields["from"].refuse("the first price, and no other, is from null")
        if since and found[-1].since and since <= found[-1].since:
            fields["from"].refuse("prices are not in the order of their days")
        found.append(Price(since, fields["centimes"].integer(0, 10_000_000)))
    return tuple(found)


def _variable(name: str, node: Node, prices: Collection[str], families: Collection[str]) -> Variable:
    if name in (CONSTANT, REGION):
        node.refuse("a reserved name")
    fields = node.record(("labels", "family", "definition"), ("note",))
    family = fields["family"].text(64)
    if family not in families:
        fields["family"].refuse("unknown family")
    return Variable(
        name=name,
        labels=labels_at(fields["labels"]),
        family=family,
        definition=parse(fields["definition"], prices),
        note=fields["note"].text() if "note" in fields else None,
    )


def _milieu(node: Node, variables: Mapping[str, Variable], prices: Mapping[str, tuple[Price, ...]]) -> MilieuFormula:
    fields = node.record((CONSTANT, "regions", "terms"))
    constant = fields[CONSTANT].fixed(WEIGHT_PLACES)
    weights = fields["regions"].record(tuple(str(region) for region in REGIONS))
    regions = {int(region): weight.fixed(WEIGHT_PLACES) for region, weight in weights.items()}
    dearest = {name: max(price.centimes for price in dated) for name, dated in prices.items()}
    total = (abs(constant) + max(abs(weight) for weight in regions.values())) * _SHIFT
    terms: dict[str, Term] = {}
    for item in fields["terms"].items():
        parts = item.record(("variable", "weight"))
        name = parts["variable"].text(64)
        if name not in variables:
            parts["variable"].refuse("no such variable is defined")
        if name in terms:
            parts["variable"].refuse("a second term of the same variable")
        weight = None if parts["weight"].value is None else parts["weight"].fixed(WEIGHT_PLACES)
        numerator, denominator = largest(variables[name].definition, dearest)
        product = abs(weight or 0) * numerator * _SHIFT
        total += product + 1
        if 2 * product + denominator > _BIGINT or numerator > _BIGINT or total > _BIGINT:
            item.refuse("beyond 64-bit arithmetic")
        terms[name] = Term(name, weight)
    return MilieuFormula(constant, regions, tuple(terms.values()))


def _all_used(node: Node, used: Collection[str]) -> None:
    for name, entry in node.entries(least=0).items():
        if name not in used:
            entry.refuse("nothing uses it")
