"""The scores of one's own household, for its members who are of age: what each is made of, and what made it another one.

To nobody else: not beside somebody who assists, nor to the guardian of a member. Each look is recorded, and the other members
see it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from access.call import Call, allow
from access.decision import decide_own_household
from access.disclosure import Disclosure, SealedRecord
from access.reading import Reading
from access.rights import Scope
from core.database import Row
from core.dates import civil_date
from core.fixed import decimal_of
from identity.applications import ADULT
from identity.births import births
from identity.self_view import person_of
from registry import store as registry_store
from registry.facts import FACT_KINDS, text_of
from registry.programmes import SCORE_PLACES, Programme, eligible_under
from registry.store import Asked
from scoring import store
from scoring.explanation import Stored, by_family, differences, is_near
from scoring.scores import FormulaRef, plain_decimal

FIELD = "me"


@dataclass(frozen=True, slots=True)
class PartView:
    """What a variable, or a family of them, adds."""

    name: str
    labels: Mapping[Any, str]
    amount: Decimal
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A variable that is another one than in the score before. `was`, `becomes`: its value, None where it had none."""

    name: str
    labels: Mapping[Any, str]
    was: Decimal | None
    becomes: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class FactChangeView:
    """A fact that is another one: who said so, and from when it holds. `kinship`: of the member it is of."""

    attribute: str
    kinship: str | None
    was: str | None
    becomes: str | None
    source: str
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What made the score another one than the one before: the parts sum exactly to the difference."""

    since: datetime
    difference: Decimal
    parts: list[DifferenceView]
    facts: list[FactChangeView]


@dataclass(frozen=True, slots=True)
class StandingView:
    """Where a programme's threshold is. `distance`: the score less the threshold; `near`: little would move it across."""

    programme: Programme
    eligible: bool | None
    distance: Decimal | None
    near: bool


@dataclass(frozen=True, slots=True)
class OwnScoreView:
    """The newest score under one formula."""

    formula: FormulaRef
    value: Decimal
    complete: bool
    missing: list[str]
    cause: str
    calculated_at: datetime
    effective_from: datetime
    families: list[PartView]
    contributions: list[PartView]
    programmes: list[StandingView]
    change: ChangeView | None


@allow(Scope.SELF_READ)
async def own_scores(reading: Reading, call: Call) -> list[OwnScoreView]:
    """The newest score of the caller's household under each formula; none to who is none of its members of age."""
    person = person_of(call)
    if person != call.actor.holder or call.actor.assistant is not None:
        return []
    async with reading.snapshot():
        home = (await registry_store.of_persons(reading, [person], call.now)).get(person)
        row = None if home is None else await registry_store.household(reading, home)
        (born,) = await births(reading, reading.keys, [(person, call.now)])
        if home is None or row is None or born is None or born.age_on(civil_date(call.now)) < ADULT:
            return []
        key = reading.keys.masters.unwrap(home, row["data_key"])
        record = SealedRecord(home, key, {})
        disclosure = reading.disclose(decide_own_household(), record, call, subject=home, root_field=FIELD)
        programmes = [programme for programme, _ in await store.programmes(reading, civil_date(call.now))]
        scores = await store.last_two(reading, home, call.now)
        facts = await _facts(reading, home, [pair for pair in scores if len(pair) > 1])
        return [await _told(reading, disclosure, pair, programmes, facts.get(pair[0]["score_id"], [])) for pair in scores]


async def _told(
    reading: Reading,
    disclosure: Disclosure,
    pair: Sequence[Row],
    programmes: Sequence[Programme],
    facts: list[FactChangeView],
) -> OwnScoreView:
    row = pair[0]
    formula = await store.formula(reading, row["formula_hash"])
    score = Stored.of(formula, row)
    change = None
    if len(pair) > 1:
        before = Stored.of(await store.formula(reading, pair[1]["formula_hash"]), pair[1])
        change = _change(before, score, pair[1]["calculated_at"], facts)
    view = OwnScoreView(
        formula=FormulaRef(formula.code, formula.version, formula.hash.hex()),
        value=row["value"],
        complete=row["complete"],
        missing=list(row["missing"]),
        cause=row["cause"],
        calculated_at=row["calculated_at"],
        effective_from=row["effective_from"],
        families=[PartView(name, formula.families[name], _exact(amount)) for name, amount in by_family(score)],
        contributions=[
            PartView(part.variable, formula.labels(part.variable), _exact(part.amount_e12), _value(part.value))
            for part in score.parts
        ],
        programmes=[_standing(each, score, row["complete"]) for each in programmes if each.formula == formula.code],
        change=change,
    )
    disclosure.reveal("score.value", lambda _: plain_decimal(view.value))
    disclosure.reveal("score.contributions", lambda _: [[each.name, plain_decimal(each.amount)] for each in view.contributions])
    disclosure.reveal("eligibility.result", lambda _: [[its.programme.code, its.eligible] for its in view.programmes])
    disclosure.reveal("eligibility.distance", lambda _: [str(its.distance) for its in view.programmes])
    disclosure.reveal("household.facts", lambda _: [[fact.attribute, fact.was, fact.becomes] for fact in facts])
    return view


def _standing(programme: Programme, score: Stored, complete: bool) -> StandingView:
    threshold = programme.threshold_e12
    if threshold is None or not complete:
        return StandingView(programme, None, None, near=False)
    distance = _exact(score.value_e12 - threshold)
    return StandingView(
        programme, eligible_under(programme, score.value_e12, complete), distance, near=is_near(score.value_e12, threshold)
    )


def _change(before: Stored, after: Stored, since: datetime, facts: list[FactChangeView]) -> ChangeView:
    parts = [
        DifferenceView(
            its.variable,
            (after.formula if its.becomes is not None else before.formula).labels(its.variable),
            None if its.was is None else _value(its.was),
            None if its.becomes is None else _value(its.becomes),
            _exact(its.amount_e12),
        )
        for its in differences(before, after)
    ]
    return ChangeView(since, _exact(after.value_e12 - before.value_e12), parts, facts)


async def _facts(reading: Reading, home: UUID, pairs: Sequence[Sequence[Row]]) -> dict[UUID, list[FactChangeView]]:
    """By the newer score of each pair, the facts that are others than those of the older one: two statements for all."""
    if not pairs:
        return {}
    asked = [Asked(home, row["effective_from"], row["calculated_at"]) for pair in pairs for row in pair]
    kinship = {row["person_id"]: row["kinship"] for row in await registry_store.members_of(reading, asked)}
    known: list[dict[tuple[str, UUID | None], Row]] = [{} for _ in asked]
    for row in await registry_store.facts_of(reading, asked, FACT_KINDS):
        known[row["n"] - 1][row["attribute"], row["person_id"]] = row
    found: dict[UUID, list[FactChangeView]] = {}
    for number, pair in enumerate(pairs):
        new, old = known[2 * number], known[2 * number + 1]
        changed = [
            FactChangeView(
                attribute,
                kinship.get(person) if person else None,
                _text(old.get((attribute, person))),
                _text(new.get((attribute, person))),
                (new.get((attribute, person)) or old[attribute, person])["source"],
                (new.get((attribute, person)) or old[attribute, person])["valid_from"],
            )
            for attribute, person in sorted({*new, *old}, key=str)
            if _text(old.get((attribute, person))) != _text(new.get((attribute, person)))
        ]
        found[pair[0]["score_id"]] = changed
    return found


def _text(fact: Row | None) -> str | None:
    return None if fact is None else text_of(fact["attribute"], fact["value"])


def _exact(value_e12: int) -> Decimal:
    return decimal_of(value_e12, SCORE_PLACES)


def _value(value: tuple[int, int]) -> Decimal:
    return Decimal(value[0]) / Decimal(value[1])
