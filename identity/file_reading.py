"""Files of many rows: CSV as it comes, and what its header says. Pure.

A file is looked through once, whole, before any row of it counts: its encoding, its quotes, its columns, its length. What is
wrong with the file then voids all of it; what is wrong with a row is that row's alone. Of a spreadsheet the first sheet is made
a CSV first (`identity/spreadsheets.py`). A row has the number that a spreadsheet shows beside it; the header is row 1.

What is read at a time is one row; but the bytes of a file are held as a whole, so a file has at most `MAX_BYTES`.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final, NamedTuple, Never

from access.catalogue import Labels
from core.errors import Fault, Faulty, Invalid, Path
from identity.names import unified

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 500_000
MAX_CELL: Final = 10_000  # characters
MAX_CELLS: Final = 100  # of a row
MAX_NAMED: Final = 60  # characters of a header that are said back
_CHUNK: Final = 1024 * 1024
_DELIMITERS: Final = ",;\t"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    CP1256 = "cp1256"  # Arabic, of older programs
    CP1252 = "cp1252"  # French, of older programs


_ENCODINGS: Final = {
    **{each.value: each for each in Encoding},
    "utf8": Encoding.UTF_8,
    "windows-1256": Encoding.CP1256,
    "windows-1252": Encoding.CP1252,
}


class FileFault(StrEnum):
    """What is wrong with a file as a whole."""

    ENCODING = "ENCODING"
    NUL = "NUL"
    TORN = "TORN"  # a quote that never ends
    CELL_TOO_LONG = "CELL_TOO_LONG"
    NO_HEADER = "NO_HEADER"
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"
    MISSING_COLUMN = "MISSING_COLUMN"
    DOUBLE_COLUMN = "DOUBLE_COLUMN"
    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_ROWS = "TOO_MANY_ROWS"
    NOT_A_SPREADSHEET = "NOT_A_SPREADSHEET"


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is called. `alternative`: of the columns with the same one at least one has to be there."""

    name: str
    labels: Labels
    explained: Labels
    alternative: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What a file was found to be. `columns`: their names, in the order of the file; `rows`: how many are not blank."""

    encoding: Encoding
    delimiter: str
    columns: tuple[str, ...]
    rows: int


class Row(NamedTuple):
    """`cells` has as many members as the file has columns, or `torn` is true."""

    number: int
    cells: Sequence[str]
    torn: bool = False


def encoding_of(text: str, *path: str) -> Encoding:
    """Raises Invalid for an encoding that is not taken."""
    found = _ENCODINGS.get(text.strip().lower())
    if found is None:
        raise Invalid("expected utf-8, cp1256 or cp1252", path=path or ("encoding",))
    return found


def examined(content: bytes, encoding: Encoding, columns: Sequence[Column], *, most_rows: int = MAX_ROWS) -> Shape:
    """What the file is, having been read from its first byte to its last. Raises Faulty for a file that is not taken."""
    if len(content) > MAX_BYTES:
        refuse(FileFault.TOO_LARGE, f"a file has at most {MAX_BYTES // 1024 // 1024} MiB: send it in parts")
    _check_bytes(content, encoding)
    delimiter = _delimiter(content, encoding)
    names: tuple[str, ...] = ()
    rows = 0
    for number, cells in _records(content, encoding, delimiter):
        if number == 1:
            names = _columns(cells, columns)
            continue
        if max(map(len, cells), default=0) > MAX_CELL:
            refuse(FileFault.CELL_TOO_LONG, f"a cell has at most {MAX_CELL} characters", number)
        if any(cell.strip() for cell in cells):
            rows += 1
        if number - 1 > most_rows:
            refuse(FileFault.TOO_MANY_ROWS, f"a file has at most {most_rows} rows: send it in parts")
    if not rows:
        refuse(FileFault.EMPTY, "the file has no rows")
    return Shape(encoding, delimiter, names, rows)


def rows_of(content: bytes, shape: Shape, *, after: int = 1) -> Iterator[Row]:
    """The rows that are not blank and have a greater number than `after`, of a file that was examined."""
    width = len(shape.columns)
    for number, cells in islice(_records(content, shape.encoding, shape.delimiter), after, None):
        if len(cells) == width:
            if any(cells):
                yield Row(number, cells)
        elif any(cell.strip() for cell in cells):
            yield Row(number, cells, torn=True)


def named(row: Row, shape: Shape) -> dict[str, str]:
    """The cells of a sound row by the names of their columns."""
    return dict(zip(shape.columns, row.cells, strict=True))


def safe(text: str) -> str:
    """The text as a cell that no program takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def unsafe(text: str) -> str:
    """What `safe` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def is_formula(text: str) -> bool:
    """Whether some program would take the cell for a formula."""
    return text.lstrip().startswith(_FORMULA)


def written(rows: Iterable[Sequence[str]], *, bom: bool = False) -> bytes:
    """A CSV of these rows, in UTF-8; nothing in it is a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return (codecs.BOM_UTF8 if bom else b"") + text.getvalue().encode()


def refuse(code: FileFault, message: str, row: int | None = None, *path: str) -> Never:
    """Raises Faulty with the code: nothing of the file counts."""
    where: Path = path if row is None else ("rows", row, *path)
    raise Faulty([Fault(code, where, message)])


# --- how it is read


def _check_bytes(content: bytes, encoding: Encoding) -> None:
    at = content.find(0)
    if at >= 0:
        hint = "it may be UTF-16: save the file as CSV UTF-8"
        refuse(FileFault.NUL, f"byte {at + 1} is empty; {hint}", _line(content, at))
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    for start in range(0, max(len(content), 1), _CHUNK):
        held = len(decoder.getstate()[0])
        chunk = content[start : start + _CHUNK]
        try:
            decoder.decode(chunk, final=start + _CHUNK >= len(content))
        except UnicodeDecodeError as fault:
            at = start - held + fault.start
            hint = "if an older program wrote it, say the encoding: cp1256 (Arabic) or cp1252 (French)"
            if encoding is not Encoding.UTF_8:
                hint = "it is in another encoding"
            refuse(FileFault.ENCODING, f"byte {at + 1} is not {encoding}; {hint}", _line(content, at))


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1


def _text(content: bytes, encoding: Encoding) -> io.TextIOWrapper:
    decoding = "utf-8-sig" if encoding is Encoding.UTF_8 else encoding.value
    return io.TextIOWrapper(io.BytesIO(content), decoding, newline="")


def _delimiter(content: bytes, encoding: Encoding) -> str:
    """What stands between the cells of the header most often."""
    first = _text(content, encoding).readline(_CHUNK)
    return max(_DELIMITERS, key=first.count)


def _records(content: bytes, encoding: Encoding, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    records = csv.reader(_text(content, encoding), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        began = records.line_num + 1
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as fault:
            if "field larger" in str(fault):
                refuse(FileFault.CELL_TOO_LONG, f"a cell has at most {MAX_CELL} characters, or a quote never ends", began)
            refuse(FileFault.TORN, "a quote is not closed, or text follows one that is", began)
        if len(cells) > MAX_CELLS:
            refuse(FileFault.TORN, f"a row has at most {MAX_CELLS} cells", number)
        yield number, cells


def _columns(cells: Sequence[str], columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns that a header names. Raises Faulty with all that is wrong with it."""
    known = _known(columns)
    found = [known.get(unified(cell[:MAX_CELL])) for cell in cells]
    # Where hardly anything is a column this is no header, but somebody's data: nothing of it is said back.
    if 2 * sum(name is not None for name in found) < len(found) or not any(found):
        refuse(FileFault.NO_HEADER, "the first row has to name the columns: take the template", 1)
    faults = []
    for place, (name, cell) in enumerate(zip(found, cells, strict=True), 1):
        if name is None:
            told = unified(cell)[:MAX_NAMED] or f"column {place}"
            faults.append(Fault(FileFault.UNKNOWN_COLUMN, ("columns", told), f"column {place} is not one that is taken"))
        elif name in found[: place - 1]:
            faults.append(Fault(FileFault.DOUBLE_COLUMN, ("columns", name), "this column is there twice"))
    for column in columns:
        others = [each.name for each in columns if each.alternative == column.alternative]
        if column.alternative is not None and not set(others) & set(found) and column.name == others[0]:
            faults.append(Fault(FileFault.MISSING_COLUMN, ("columns", column.name), f"one of {', '.join(others)} is needed"))
    if faults:
        raise Faulty(faults)
    return tuple(name for name in found if name is not None)


def _known(columns: Sequence[Column]) -> Mapping[str, str]:
    return {unified(word): column.name for column in columns for word in (column.name, *column.labels.values())}
