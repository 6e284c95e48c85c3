"""Morocco's territory: regions, provinces and prefectures, and what lies in them.

The 12 regions and 75 provinces and prefectures are built in. Communes, arrondissements and centres, with their milieu, come
from a file in the same form: `code,level,parent,name_fr,name_ar,milieu`, UTF-8, parents before their children. A code starts
with its parent's code and a point; its first two digits are the region. A file is taken whole or refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from core.csv_rows import rows
from core.errors import Invalid

COLUMNS = ("code", "level", "parent", "name_fr", "name_ar", "milieu")
MAX_DIVISIONS = 20_000
MAX_NAME = 100  # characters


class Level(StrEnum):
    REGION = "REGION"
    PROVINCE = "PROVINCE"  # or prefecture
    COMMUNE = "COMMUNE"
    ARRONDISSEMENT = "ARRONDISSEMENT"  # of a city that is divided into them
    CENTRE = "CENTRE"  # the town of a rural commune


_CODES = {
    Level.REGION: re.compile(r"\d{2}", re.ASCII),
    Level.PROVINCE: re.compile(r"\d{2}\.\d{3}", re.ASCII),
    Level.COMMUNE: re.compile(r"\d{2}\.\d{3}\.\d{2}\.\d{2}", re.ASCII),
    Level.ARRONDISSEMENT: re.compile(r"\d{2}\.\d{3}\.\d{2}\.\d{2}", re.ASCII),
    Level.CENTRE: re.compile(r"\d{2}\.\d{3}\.\d{2}\.\d{2}\.\d", re.ASCII),
}
_REGIONS = range(1, 13)


@dataclass(frozen=True, slots=True)
class Division:
    """One division. `parent` is None for a region only; `milieu` is known below the province only."""

    code: str
    level: Level
    parent: str | None
    name_fr: str
    name_ar: str
    milieu: Literal["URBAN", "RURAL"] | None = None

    @property
    def region(self) -> int:
        return region_of(self.code)


@cache
def built_in() -> tuple[Division, ...]:
    """The 12 regions, then the 75 provinces and prefectures."""
    text = files("identity").joinpath("divisions.csv").read_text(encoding="utf-8")
    return tuple(parse_csv(text.splitlines()))


def region_of(code: str) -> int:
    """The number of the region (1 to 12) that a division's code lies in; Invalid if it cannot be a code."""
    region = int(code[:2]) if any(form.fullmatch(code) for form in _CODES.values()) else 0
    if region not in _REGIONS:
        raise Invalid("not the code of a division")
    return region


def parse_csv(lines: Iterable[str]) -> Iterator[Division]:
    """The divisions of a file, in its order.

    Raises Invalid at the first fault, with `path` (row, column): the row as a spreadsheet counts it, the header being 1.
    Faults are a wrong header, a torn row, a level, code, name or milieu that cannot be, a code given twice, and a parent that
    is not among the rows before or is of the wrong level.
    """
    levels: dict[str, Level] = {}
    for row, cells in rows(lines, COLUMNS, most=MAX_DIVISIONS, of="divisions"):
        try:
            division = _division(cells, levels)
        except Invalid as fault:
            raise fault.under(row) from None
        levels[division.code] = division.level
        yield division


def _division(cells: list[str], levels: dict[str, Level]) -> Division:
    code, level_text, parent, name_fr, name_ar, milieu = cells
    if level_text != level_text.lower() or level_text.upper() not in set(Level):
        raise Invalid("no such level", path=("level",))
    level = Level(level_text.upper())
    if not _CODES[level].fullmatch(code) or int(code[:2]) not in _REGIONS:
        raise Invalid("not a code of this level", path=("code",))
    if code in levels:
        raise Invalid("this code is there already", path=("code",))
    _check_parent(code, level, parent, levels)
    for column, name in (("name_fr", name_fr), ("name_ar", name_ar)):
        if not name or name != name.strip() or len(name) > MAX_NAME:
            raise Invalid(f"a name has 1 to {MAX_NAME} characters and no blanks around it", path=(column,))
    return Division(code, level, parent or None, name_fr, name_ar, _milieu(level, milieu))


def _check_parent(code: str, level: Level, parent: str, levels: dict[str, Level]) -> None:
    if level is Level.REGION:
        if parent:
            raise Invalid("a region has no parent", path=("parent",))
        return
    expected = Level.REGION if level is Level.PROVINCE else Level.PROVINCE
    if levels.get(parent) is not expected:
        raise Invalid(f"no {expected.lower()} of this code stands before", path=("parent",))
    if not code.startswith(f"{parent}."):
        raise Invalid("the code must start with the parent's", path=("parent",))


def _milieu(level: Level, text: str) -> Literal["URBAN", "RURAL"] | None:
    if level in (Level.REGION, Level.PROVINCE):
        if text:
            raise Invalid("only what lies below a province has a milieu", path=("milieu",))
        return None
    if text == "urban":
        return "URBAN"
    if text == "rural":
        return "RURAL"
    raise Invalid("the milieu is urban or rural", path=("milieu",))
