"""Publishing the formula that the project carries, and the first scores of households that were just loaded."""

from collections.abc import Sequence

import asyncpg

from access.call import Call, allow
from access.rights import Scope
from core.canonical import canonical
from core.database import Row
from core.errors import Conflict, SijilError, TooCostly
from core.events import Handler
from registry.imports import HouseholdsRegistered
from scoring.formula import Formula, packaged_document
from scoring.score import Score
from scoring.score_inputs import HouseholdToScore, MemberToScore
from scoring.score_rows import COLUMNS, Cause, Occasion, following, row_of

MAX_BATCH = 5_000


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
    occasion = Occasion(Cause.REGISTRATION, call.now, call.now)
    scores, rows = [], []
    for place, household in enumerate(households):
        try:
            scored, its = following(formula, household, call.now)
        except SijilError as refusal:
            raise refusal.under(place) from None
        scores.append(scored)
        rows.append(row_of(formula, household.household_id, its, occasion))
    await connection.copy_records_to_table("score", records=rows, columns=COLUMNS)
    return scores
