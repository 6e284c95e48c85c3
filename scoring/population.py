"""How many people and households live where, by a census or an estimate: the file that coverage is measured against."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import asyncpg

from access.call import Call, allow
from access.rights import Scope
from core.csv_rows import rows
from core.database import Row
from core.errors import Conflict, Invalid
from registry.facts import Milieu

COLUMNS = ("division", "milieu", "year", "persons", "households")
MAX_FIGURE = 100_000_000
MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Figure:
    division: str
    milieu: Milieu
    year: int
    persons: int
    households: int


def parse_figures(lines: Iterable[str]) -> Iterator[Figure]:
    """The figures of a CSV file, in its order.

    Raises Invalid at the first fault, with `path` (row, column): the row as a spreadsheet counts it, the header being 1.
    """
    seen: set[tuple[str, ...]] = set()
    for row, cells in rows(lines, COLUMNS, most=MAX_ROWS, of="figures"):
        if tuple(cells[:3]) in seen:
            raise Invalid("these figures are there already", path=(row,))
        seen.add(tuple(cells[:3]))
        try:
            yield _figure(dict(zip(COLUMNS, cells, strict=True)))
        except Invalid as fault:
            raise fault.under(row) from None


@allow(Scope.REGISTER_LOAD)
async def load_figures(connection: "asyncpg.Connection[Row]", _call: Call, figures: Sequence[Figure]) -> None:
    """Known figures of the same division, milieu and year become these. Raises Conflict for an unknown division."""
    try:
        await connection.execute(
            """insert into population_figure (division, milieu, year, persons, households)
               select * from unnest($1::varchar[], $2::varchar[], $3::smallint[], $4::int[], $5::int[])
               on conflict (division, milieu, year) do update
                  set persons = excluded.persons, households = excluded.households""",
            [figure.division for figure in figures],
            [str(figure.milieu) for figure in figures],
            [figure.year for figure in figures],
            [figure.persons for figure in figures],
            [figure.households for figure in figures],
        )
    except asyncpg.ForeignKeyViolationError:
        raise Conflict("a division is not registered: `sijil import divisions` adds some", path=("division",)) from None


def _figure(cells: dict[str, str]) -> Figure:
    if cells["milieu"].upper() not in set(Milieu):
        raise Invalid("the milieu is urban or rural", path=("milieu",))
    if not cells["division"]:
        raise Invalid("a division is named by its code", path=("division",))
    return Figure(
        cells["division"],
        Milieu(cells["milieu"].upper()),
        _whole(cells, "year", 1900, 2200),
        _whole(cells, "persons", 0, MAX_FIGURE),
        _whole(cells, "households", 0, MAX_FIGURE),
    )


def _whole(cells: dict[str, str], column: str, low: int, high: int) -> int:
    text = cells[column]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise Invalid(f"a whole number from {low} to {high}", path=(column,))
    return int(text)
