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
from identity.births import births
from identity.self_view import person_of
from registry import store as registry_store
from registry.composition import is_adult
from registry.facts import FACT_KINDS, text_of
from registry.programmes import SCORE_PLACES, Programme
from registry.store import Asked
from scoring import store
from scoring.explanation import Stored, by_family, differences, is_near
from scoring.scores import ContributionView, FormulaRef, contribution_views, judge, plain_decimal

FIELD = "me"


@dataclass(frozen=True, slots=True)
class FamilyView:
    """What a family of variables adds."""

    name: str
    labels: Mapping[Any, str]
    amount: Decimal


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
    families: list[FamilyView]
    contributions: list[ContributionView]
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
        if home is None or row is None or born is None or not is_adult(born, civil_date(call.now)):
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
        families=[FamilyView(name, formula.families[name], _exact(amount)) for name, amount in by_family(score)],
        contributions=list(contribution_views(formula, row)),
        programmes=[_standing(each, row, score.value_e12) for each in programmes if each.formula == formula.code],
        change=change,
    )
    disclosure.reveal("score.value", lambda _: plain_decimal(view.value))
    disclosure.reveal(
        "score.contributions", lambda _: [[each.variable, plain_decimal(each.amount)] for each in view.contributions]
    )
    disclosure.reveal("eligibility.result", lambda _: [[its.programme.code, its.eligible] for its in view.programmes])
    disclosure.reveal("eligibility.distance", lambda _: [str(its.distance) for its in view.programmes])
    disclosure.reveal("household.facts", lambda _: [[fact.attribute, fact.was, fact.becomes] for fact in facts])
    return view


def _standing(programme: Programme, row: Row, score_e12: int) -> StandingView:
    eligible, _ = judge(programme, row)
    threshold = programme.threshold_e12
    if eligible is None or threshold is None:
        return StandingView(programme, None, None, near=False)
    return StandingView(programme, eligible, _exact(score_e12 - threshold), near=is_near(score_e12, threshold))


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
    known: list[dict[Key, Row]] = [{} for _ in asked]
    for row in await registry_store.facts_of(reading, asked, FACT_KINDS):
        known[row["n"] - 1][row["attribute"], row["person_id"]] = row
    return {
        pair[0]["score_id"]: _changed(known[2 * number + 1], known[2 * number], kinship) for number, pair in enumerate(pairs)
    }


Key = tuple[str, UUID | None]  # an attribute, and the member it is of


def _changed(old: Mapping[Key, Row], new: Mapping[Key, Row], kinship: Mapping[UUID, str]) -> list[FactChangeView]:
    found = []
    for key in sorted({*new, *old}, key=str):
        was, becomes = _text(old.get(key)), _text(new.get(key))
        if was != becomes:
            attribute, person = key
            fact = new.get(key) or old[key]
            of = None if person is None else kinship.get(person)
            found.append(FactChangeView(attribute, of, was, becomes, fact["source"], fact["valid_from"]))
    return found


def _text(fact: Row | None) -> str | None:
    return None if fact is None else text_of(fact["attribute"], fact["value"])


def _exact(value_e12: int) -> Decimal:
    return decimal_of(value_e12, SCORE_PLACES)


def _value(value: tuple[int, int]) -> Decimal:
    return Decimal(value[0]) / Decimal(value[1])
