"""Making stored scores again, out of the database alone: each must come out bit by bit as it was stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from access.call import Call, allow
from access.rights import Scope
from core.database import Reader, Row
from core.errors import Invalid, SijilError
from core.keys import KeyRing
from identity.numbers import HouseholdCode
from registry.store import Asked
from scoring import store
from scoring.score_inputs import inputs_of
from scoring.score_rows import FOLLOWING, following

MAX_BATCH = 500
GONE = "the household is not there to be made again"
REFUSED = "it is refused now"
_COLUMNS = f"household_id, score_id, formula_hash, calculated_at, effective_from, {', '.join(FOLLOWING)}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One score made again. `differences`: the columns that came out otherwise, or why it could not be made; none as a rule."""

    household_id: UUID
    score_id: UUID
    calculated_at: datetime
    differences: tuple[str, ...]


@allow(Scope.REGISTER_LOAD)
async def sampled(reading: Reader, _call: Call, *, number: int) -> list[tuple[UUID, UUID]]:
    """So many stored scores by chance: household and score."""
    if number < 1:
        raise Invalid("at least one score", path=("sample",))
    rows = await reading.ask("select household_id, score_id from score order by random() limit $1", number)
    return [(row["household_id"], row["score_id"]) for row in rows]


@allow(Scope.REGISTER_LOAD)
async def in_force(
    reading: Reader, _call: Call, keys: KeyRing, *, code: HouseholdCode, as_of: datetime
) -> list[tuple[UUID, UUID]]:
    """The scores of a household that were the newest of their formulas at that instant. Raises Invalid for an unknown code."""
    rows = await reading.ask(
        """select distinct on (f.code) s.household_id, s.score_id
             from identifier i join score s on s.household_id = i.owner_id join formula f on f.hash = s.formula_hash
            where i.hash = $1 and i.kind = 'HOUSEHOLD_CODE' and i.key_version = $2 and s.calculated_at <= $3
            order by f.code, s.calculated_at desc, s.score_id desc""",
        keys.index("HOUSEHOLD_CODE", code.text),
        keys.index_version,
        as_of,
    )
    if not rows:
        raise Invalid("no score of such a household at that instant", path=("household",))
    return [(row["household_id"], row["score_id"]) for row in rows]


@allow(Scope.REGISTER_LOAD)
async def replayed(reading: Reader, _call: Call, keys: KeyRing, scores: Sequence[tuple[UUID, UUID]]) -> list[Replayed]:
    """These scores (household and score), made again from what was known when they were made; a few statements for each
    MAX_BATCH of them."""
    found: list[Replayed] = []
    for start in range(0, len(scores), MAX_BATCH):
        some = scores[start : start + MAX_BATCH]
        rows = await reading.ask(
            f"""select {_COLUMNS} from score s join unnest($1::uuid[], $2::uuid[]) asked (home, id)
                    on s.household_id = asked.home and s.score_id = asked.id""",
            [household for household, _ in some],
            [score for _, score in some],
        )
        asked = [Asked(row["household_id"], row["effective_from"], row["calculated_at"]) for row in rows]
        for row, household in zip(rows, await inputs_of(reading, keys, asked), strict=True):
            differences: tuple[str, ...] = (GONE,)
            if household is not None:
                formula = await store.formula(reading, row["formula_hash"])
                try:
                    _, its = following(formula, household, row["effective_from"])
                    differences = _different(row, {column: getattr(its, column) for column in FOLLOWING})
                except SijilError:
                    differences = (REFUSED,)
            found.append(Replayed(row["household_id"], row["score_id"], row["calculated_at"], differences))
    return found


def _different(stored: Row, made: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(column for column, value in made.items() if stored[column] != value)
