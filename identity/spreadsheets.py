"""Spreadsheets, made CSV by a process of its own.

An XLSX is an archive of compressed XML: a few bytes of it may stand for any number. So it is taken apart by a process that has
so much memory and time and no more; where it needs more, it ends, and the file is refused. What is computed by a formula counts
as the value that was saved with it.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import xlsxwriter  # type: ignore[import-untyped]

from access.catalogue import Lang
from identity import spreadsheet_child
from identity.file_reading import MAX_BYTES, Column, FileFault, refuse, written

MAX_SHEET_BYTES: Final = 16 * 1024 * 1024
SECONDS: Final = 60
_BEGINNING: Final = b"PK\x03\x04"
_CHILD: Final = Path(spreadsheet_child.__file__)
_WIDTH = 24


def is_spreadsheet(content: bytes) -> bool:
    return content.startswith(_BEGINNING)


async def csv_of(content: bytes) -> bytes:
    """The first sheet as a CSV in UTF-8. Raises Faulty where that cannot be had within bounds."""
    if len(content) > MAX_SHEET_BYTES:
        refuse(FileFault.TOO_LARGE, f"a spreadsheet has at most {MAX_SHEET_BYTES // 1024 // 1024} MiB: save it as CSV")
    return await asyncio.to_thread(_converted, content)


def _converted(content: bytes) -> bytes:
    command = [sys.executable, "-I", str(_CHILD), str(MAX_BYTES)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False, env={})  # noqa: S603 our own
    except subprocess.TimeoutExpired:
        refuse(FileFault.TOO_LARGE, "the spreadsheet takes too long to read: save it as CSV")
    if done.returncode == spreadsheet_child.NOT_ONE:
        refuse(FileFault.NOT_A_SPREADSHEET, "the file is no spreadsheet (XLSX), or it is damaged or locked")
    if done.returncode:
        refuse(FileFault.TOO_LARGE, "the spreadsheet holds more than is taken: save it as CSV")
    return done.stdout


def template(columns: Sequence[Column], lang: Lang, example: Iterable[Sequence[str]], *, sheet: bool) -> bytes:
    """An empty file with its header and an invented row or two; in a spreadsheet also what belongs into each column."""
    header = [column.labels[lang] for column in columns]
    if not sheet:
        return written([header, *example], bom=True)
    made = BytesIO()
    # Whatever begins like a formula is text.
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        data, help_ = book.add_worksheet(_SHEETS[lang][0]), book.add_worksheet(_SHEETS[lang][1])
        for each in (data, help_):
            if lang is Lang.AR:
                each.right_to_left()
        data.freeze_panes(1, 0)
        data.set_column(0, len(columns) - 1, _WIDTH, plain)  # text: zeros at the beginning of numbers stay
        for number, row in enumerate([header, *example]):
            for place, cell in enumerate(row):
                data.write_string(number, place, cell, bold if number == 0 else plain)
        help_.set_column(0, 0, _WIDTH, bold)
        help_.set_column(1, 1, 4 * _WIDTH)
        for number, column in enumerate(columns):
            help_.write_string(number, 0, column.labels[lang])
            help_.write_string(number, 1, column.explained[lang])
    return made.getvalue()


_SHEETS: Final = {
    Lang.AR: ("الأشخاص", "شرح"),
    Lang.FR: ("Personnes", "Explications"),
    Lang.EN: ("Persons", "Explanations"),
}
