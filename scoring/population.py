"""How many people and households live where, by a census or an estimate: the file that coverage is measured against."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import asyncpg

from access.call import Call, allow
from access.rights import Scope
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
    rows = csv.reader(lines, strict=True)
    seen: set[tuple[str, ...]] = set()
    row = 0
    while True:
        row += 1
        try:
            cells = next(rows, None)
        except csv.Error as torn:
            raise Invalid("the row is torn", path=(row,)) from torn
        if cells is None:
            break
        if row == 1:
            if tuple(cells) != COLUMNS:
                raise Invalid(f"the header must be {','.join(COLUMNS)}", path=(row,))
            continue
        if row > MAX_ROWS + 1:
            raise Invalid(f"more than {MAX_ROWS} figures", path=(row,))
        if len(cells) != len(COLUMNS):
            raise Invalid(f"a row has {len(COLUMNS)} cells", path=(row,))
        if tuple(cells[:3]) in seen:
            raise Invalid("these figures are there already", path=(row,))
        seen.add(tuple(cells[:3]))
        try:
            yield _figure(dict(zip(COLUMNS, cells, strict=True)))
        except Invalid as fault:
            raise fault.under(row) from None
    if row == 1:
        raise Invalid("the file is empty", path=(1,))


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
