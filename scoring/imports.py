"""Publishing the formula that the project carries, and the first scores of households that were just loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from access.call import Call, allow
from access.rights import Scope
from core.canonical import canonical
from core.database import Row
from core.dates import PartialDate, civil_date
from core.errors import Conflict, SijilError, TooCostly
from core.events import Handler
from core.ids import uuid7
from registry.facts import Kinship, Milieu
from registry.imports import HouseholdsRegistered
from scoring.formula import CONSTANT, REGION, Formula, packaged_document
from scoring.score import Score, Why, decimal_of, score
from scoring.variables import HouseholdInputs, MemberInputs, ages_change_on, inputs_hash

MAX_BATCH = 5_000
CAUSE = "REGISTRATION"
_COLUMNS = (
    "household_id",
    "score_id",
    "formula_hash",
    "inputs_hash",
    "milieu",
    "region",
    "value",
    "complete",
    "missing",
    "cause",
    "calculated_at",
    "effective_from",
    "ages_change_on",
    "numerators",
    "denominators",
    "amounts",
)


@dataclass(frozen=True, slots=True)
class MemberToScore:
    kinship: Kinship
    birth_date: PartialDate
    facts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HouseholdToScore:
    """What a formula may read of a registered household; one of the members is the head."""

    household_id: UUID
    milieu: Milieu
    region: int
    facts: Mapping[str, int]
    members: tuple[MemberToScore, ...]

    @property
    def head_first(self) -> list[MemberToScore]:
        """The members as the register gives them back."""
        return sorted(self.members, key=lambda member: member.kinship is not Kinship.HEAD)

    def inputs(self, on: date) -> HouseholdInputs:
        """As of that civil date. Raises Invalid where they cannot be."""
        members = tuple(MemberInputs(each.kinship, each.birth_date.age_on(on), each.facts) for each in self.head_first)
        return HouseholdInputs(self.milieu, self.region, self.facts, members)


def scoring_under(formula: Formula) -> Handler[HouseholdsRegistered]:
    """What is done when households are registered: each gets its first score, in the same transaction."""

    async def score_registered(connection: "asyncpg.Connection[Row]", call: Call, event: HouseholdsRegistered) -> None:
        to_score = [
            HouseholdToScore(
                home.household_id,
                household.milieu,
                household.region,
                household.facts,
                tuple(MemberToScore(member.kinship, member.birth_date, member.facts) for member in household.members),
            )
            for home, household in event.households
        ]
        await score_households(connection, call, formula, to_score)

    return score_registered


@allow(Scope.REGISTER_LOAD)
async def publish_formula(connection: "asyncpg.Connection[Row]", _call: Call, code: str) -> Formula:
    """The packaged formula of that code, published if it was not. Raises Conflict where that version is another document."""
    document = packaged_document(code)
    formula = Formula.parse(document)
    await connection.execute(
        """insert into formula (hash, code, version, document, valid_from) values ($1, $2, $3, $4, $5)
           on conflict do nothing""",
        formula.hash,
        formula.code,
        formula.version,
        canonical(document).decode(),
        formula.valid_from,
    )
    if not await connection.fetchval("select true from formula where hash = $1", formula.hash):
        raise Conflict("this version of the formula was published with another content", path=("version",))
    return formula


@allow(Scope.REGISTER_LOAD)
async def score_households(
    connection: "asyncpg.Connection[Row]", call: Call, formula: Formula, households: Sequence[HouseholdToScore]
) -> list[Score]:
    """Writes the score of each household under that formula, as of now; answers in their order.

    Within a transaction of the caller's. Raises Invalid with the path (position, ...) of what cannot be scored, TooCostly for
    too large a batch.
    """
    if len(households) > MAX_BATCH:
        raise TooCostly(f"at most {MAX_BATCH} households at a time")
    today = civil_date(call.now)
    scores, rows = [], []
    for place, household in enumerate(households):
        try:
            inputs = household.inputs(today)
        except SijilError as refusal:
            raise refusal.under(place) from None
        scored = score(formula, inputs, today)
        births = [member.birth_date for member in household.head_first]
        changes = ages_change_on(formula, births, today, milieu=household.milieu)
        scores.append(scored)
        rows.append(_row(formula, household, inputs, scored, call.now, changes))
    await connection.copy_records_to_table("score", records=rows, columns=_COLUMNS)
    return scores


def _row(
    formula: Formula, household: HouseholdToScore, inputs: HouseholdInputs, scored: Score, now: datetime, changes: date | None
) -> tuple[object, ...]:
    return (
        household.household_id,
        uuid7(now),
        formula.hash,
        inputs_hash(inputs),
        household.milieu,
        household.region,
        decimal_of(scored.value_e12),
        scored.complete,
        unsettled(scored),
        CAUSE,
        now,
        now,
        changes,
        *arrays(formula, household.milieu, scored),
    )


def unsettled(scored: Score) -> list[str]:
    """The attributes that keep a score from being whole: those missing, then those whose weight nobody knows; each once."""
    unweighted = (fact for reason in scored.provisional if reason.why is Why.UNKNOWN_WEIGHT for fact in reason.facts)
    return list(dict.fromkeys((*scored.missing, *(fact.attribute for fact in unweighted))))


def arrays(formula: Formula, milieu: Milieu, scored: Score) -> tuple[list[int], list[int], list[int]]:
    """Numerators, denominators and amounts over constant, region and every term of the milieu; 0/0 and 0 where not known."""
    known = {part.variable: (part.numerator, part.denominator, part.amount_e12) for part in scored.contributions}
    order = (CONSTANT, REGION, *(term.variable for term in formula.terms(milieu)))
    numerators, denominators, amounts = zip(*(known.get(variable, (0, 0, 0)) for variable in order), strict=True)
    return list(numerators), list(denominators), list(amounts)
