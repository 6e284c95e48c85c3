"""Stored scores, formulas and programmes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from core.database import Reader, Row
from core.documents import read_json
from core.errors import Internal
from registry.programmes import Programme, parse_programmes
from scoring.formula import Formula

_SCORE = """s.household_id, s.score_id, s.formula_hash, (select f.code from formula f where f.hash = s.formula_hash)
            as formula_code, s.milieu, s.region, s.value, s.complete, s.missing, s.cause,
            s.calculated_at, s.numerators, s.denominators, s.amounts"""


async def newest_scores(reader: Reader, households: Collection[UUID], as_of: datetime) -> dict[UUID, Row]:
    """The score of each household that was the newest at that instant. One statement."""
    rows = await reader.ask(
        f"""select {_SCORE}
              from unnest($1::uuid[]) asked (household_id)
              join lateral (select * from score s where s.household_id = asked.household_id and s.calculated_at <= $2
                             order by s.calculated_at desc, s.score_id desc limit 1) s on true""",
        list(households),
        as_of,
    )
    return {row["household_id"]: row for row in rows}


async def last_two(reader: Reader, household: UUID, now: datetime) -> list[list[Row]]:
    """Of each formula, the household's newest score and, behind it, the one before. One statement."""
    rows = await reader.ask(
        f"""select * from (
                   select {_SCORE}, s.effective_from, f.code,
                          row_number() over (partition by f.code order by s.calculated_at desc, s.score_id desc) as place
                     from score s join formula f on f.hash = s.formula_hash
                    where s.household_id = $1 and s.calculated_at <= $2) its
             where place <= 2 order by code, place""",
        household,
        now,
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["code"], []).append(row)
    return list(found.values())


async def scores_before(
    reader: Reader, household: UUID, now: datetime, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row]:
    """A household's scores, newest first, from just below `before` on."""
    at, score_id = before or (None, None)
    return await reader.ask(
        f"""select {_SCORE} from score s
             where s.household_id = $1 and s.calculated_at <= $2
               and ($3::timestamptz is null or (s.calculated_at, s.score_id) < ($3, $4::uuid))
             order by s.calculated_at desc, s.score_id desc limit $5""",
        household,
        now,
        at,
        score_id,
        limit,
    )


async def formula(reader: Reader, hash_: bytes) -> Formula:
    """The formula with that hash. Formulas never change, so each is fetched and understood once."""
    known = _formulas.get(hash_)
    if known is None:
        rows = await reader.ask("select document::text from formula where hash = $1", hash_)
        known = Formula.parse(read_json(rows[0]["document"]))
        if known.hash != hash_:
            raise Internal("a formula is not the one its hash names")
        _formulas[hash_] = known
    return known


# As many as were ever published: a few.
_formulas: dict[bytes, Formula] = {}


async def programmes(reader: Reader, on: date) -> Sequence[tuple[Programme, bytes]]:
    """The programmes in force on that day, of each the newest version, with the hash of its document."""
    rows = await reader.ask(
        """select distinct on (code) document::text, hash from programme
            where since <= $1 and (until is null or $1 < until) order by code, version desc""",
        on,
    )
    return [(_programme(row["document"]), row["hash"]) for row in rows]


@lru_cache(maxsize=256)
def _programme(document: str) -> Programme:
    (programme,) = parse_programmes({"programmes": [read_json(document)]})
    return programme
