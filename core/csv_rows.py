"""Small tables that come as CSV, each with one header that is known: their rows, or where they are torn."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from core.errors import Invalid


def rows(lines: Iterable[str], columns: Sequence[str], *, most: int, of: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number, as a spreadsheet counts it, the header being 1; it has as many cells as there are columns.

    Raises Invalid at the first fault, with the number as path: a torn row, a wrong header or number of cells, more than `most`
    rows, no row at all. `of`: what they are of, in words.
    """
    reader = csv.reader(lines, strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader, None)
        except csv.Error as torn:
            raise Invalid("the row is torn", path=(row,)) from torn
        if cells is None:
            break
        if row == 1:
            if tuple(cells) != tuple(columns):
                raise Invalid(f"the header must be {','.join(columns)}", path=(row,))
            continue
        if row > most + 1:
            raise Invalid(f"more than {most} {of}", path=(row,))
        if len(cells) != len(columns):
            raise Invalid(f"a row has {len(columns)} cells", path=(row,))
        yield row, cells
    if row == 1:
        raise Invalid("the file is empty", path=(1,))
