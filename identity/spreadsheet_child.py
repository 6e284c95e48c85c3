"""The process that makes the first sheet of a spreadsheet a CSV: `spreadsheet_child.py MOST_BYTES < XLSX > CSV`.

It imports nothing of ours. It ends with `NOT_ONE` for what is no spreadsheet, and otherwise than well where its bounds are
reached: memory, time, cells, bytes of output.
"""

import csv
import datetime
import io
import resource
import sys
from typing import Final

NOT_ONE: Final = 3
TOO_MUCH: Final = 4
MAX_MEMORY: Final = 1024 * 1024 * 1024
MAX_CPU_SECONDS: Final = 45
MAX_CELLS: Final = 12_000_000


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import python_calamine  # noqa: PLC0415 within its bounds

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        sheet = book.get_sheet_by_index(0)
        if sheet.total_height * sheet.total_width > MAX_CELLS:
            return TOO_MUCH
        left = int(sys.argv[1])
        for row in sheet.iter_rows():
            line = io.StringIO()
            csv.writer(line, lineterminator="\r\n").writerow([cell_text(cell) for cell in row])
            raw = line.getvalue().encode("utf-8", "replace")
            left -= len(raw)
            if left < 0:
                return TOO_MUCH
            sys.stdout.buffer.write(raw)
    except MemoryError:
        return TOO_MUCH
    except (python_calamine.CalamineError, OSError, ValueError, IndexError):
        return NOT_ONE
    return 0


def cell_text(cell: object) -> str:
    """What somebody typed, as far as a spreadsheet still knows."""
    match cell:
        case bool():
            return "1" if cell else "0"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime.datetime():
            return cell.date().isoformat()
        case datetime.date():
            return cell.isoformat()
        case _:
            return str(cell)


if __name__ == "__main__":
    sys.exit(main())
