"""A row of a file: the form that it declares, all that is wrong with it, and what became of it. Pure.

What a form may hold, `identity/applications.py` decides; here is only how a file writes it: labels in the place of codes, dates
as they are written in Morocco, yes and no.
"""

import hmac
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

from access.territory import lineage
from core.canonical import plain_json
from core.keys import KeyRing
from core.texts import LATIN_DIGITS
from identity.applications import MEMBERS, Basis, FaultCode, Form, Kinship, examined
from identity.codes import MARITAL_STATUS, NATIONALITY, SEX, CodeTable, code_of
from identity.file_columns import EXAMPLE
from identity.file_reading import Row, Shape, is_formula, named, unsafe
from identity.names import unified

_NAMES: Final = frozenset(
    {"given_name_ar", "given_name_latin", "family_name_ar", "family_name_latin", "father_name", "mother_name"}
)
_YES: Final = frozenset(map(unified, ("1", "oui", "yes", "true", "vrai", "نعم")))
_NO: Final = frozenset(map(unified, ("", "0", "non", "no", "false", "faux", "لا")))
_DAY_FIRST: Final = re.compile(r"(?:(\d{1,2})[/.-])?(\d{1,2})[/.-](\d{4})", re.ASCII)
_VERSION: Final = 8  # of a UUID that is derived (RFC 9562)


class RowCode(StrEnum):
    """What may be wrong with a row besides what its form is told (`identity.applications.FaultCode`)."""

    CELLS = "CELLS"
    OUT_OF_TERRITORY = "OUT_OF_TERRITORY"
    NOT_OPEN = "NOT_OPEN"
    EXAMPLE = "EXAMPLE"
    NOT_AN_ID = "NOT_AN_ID"  # of a pack's request
    NOT_IN_TIME = "NOT_IN_TIME"
    NOT_A_FORM = "NOT_A_FORM"
    REVOKED_DEVICE = "REVOKED_DEVICE"
    INCOMPLETE = "INCOMPLETE"  # of a row to be linked


class Outcome(StrEnum):
    """What became of a row."""

    ENROLLED = "ENROLLED"
    THERE_ALREADY = "THERE_ALREADY"
    IN_REVIEW = "IN_REVIEW"
    SUBMITTED = "SUBMITTED"
    LINKED = "LINKED"
    NOT_LINKED = "NOT_LINKED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing that is wrong with a row: in which column (None: with the row as it is)."""

    column: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the result. `number`: an IDCS, a receipt or a token, for whoever may have it; `reference`: the sender's own."""

    row: int
    outcome: Outcome
    number: str | None = field(default=None, repr=False)
    fault: RowFault | None = None
    reference: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where people may be enrolled. `territory`: of whoever sends the file (None: the whole country); `open_in`: the divisions
    that are open today; `there`: all divisions that there are."""

    today: date
    territory: frozenset[str] | None
    open_in: frozenset[str]
    there: frozenset[str]

    def faults(self, form: Form) -> list[RowFault]:
        """What is wrong with the places of a form that is sound in itself."""
        places = {name: getattr(form, name) for name in ("birth_place", "residence")}
        found = [
            RowFault(name, FaultCode.NOT_A_CODE) for name, code in places.items() if code is not None and code not in self.there
        ]
        if found or form.residence is None:
            return found
        around = lineage(form.residence)
        if self.territory is not None and not self.territory & around:
            return [RowFault("residence", RowCode.OUT_OF_TERRITORY)]
        return [] if self.open_in & around else [RowFault("residence", RowCode.NOT_OPEN)]


class Declared(Protocol):
    """Somebody to be enrolled, whose form is sound."""

    @property
    def row(self) -> int: ...
    @property
    def person_id(self) -> UUID: ...
    @property
    def form(self) -> Form: ...
    def named(self, kinship: Kinship) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Ready:
    """The same, as a row was read."""

    row: int
    person_id: UUID
    form: Form

    def named(self, kinship: Kinship) -> str | None:
        """The number of whom the form names as that relative."""
        number: str | None = getattr(self.form, kinship)
        return number


def read(row: Row, shape: Shape, keys: KeyRing, limits: Limits) -> Ready | list[RowFault]:
    """Whom a row declares, or all that is wrong with it."""
    if row.torn:
        return [RowFault(None, RowCode.CELLS)]
    cells = named(row, shape)
    if is_example(cells):
        return [RowFault(None, RowCode.EXAMPLE)]
    form, faults = declared(cells, limits.today)
    faults = faults or limits.faults(form)
    if faults:
        return faults
    return Ready(row.number, person_of(keys, members(form)), form)


def declared(cells: Mapping[str, str], today: date) -> tuple[Form, list[RowFault]]:
    """The form of a row, in its normal form, and its faults."""
    given: dict[str, Any] = {}
    faults = []
    for name, cell in cells.items():
        text = cell.strip()
        if not text or name == "guarded":
            continue
        if not text[0].isalnum():
            text = unsafe(text)
            if name in _NAMES and is_formula(text):
                faults.append(RowFault(name, FaultCode.NOT_A_NAME))
        reader = _READERS.get(name)
        given[name] = text if reader is None else reader(text)
    guarded = unified(cells["guarded"][:20]) if "guarded" in cells else ""
    if guarded not in _YES and guarded not in _NO:
        faults.append(RowFault("guarded", FaultCode.NOT_A_CODE))
    form, found = examined(Form(**given, guarded=guarded in _YES, basis=Basis.DOCUMENTS), today, complete=True)
    told = {fault.column for fault in faults}
    faults += [RowFault(str(fault.path[0]), fault.code) for fault in found if fault.path[0] not in told]
    return form, _in_order(faults) if faults else []


def _in_order(faults: Sequence[RowFault]) -> list[RowFault]:
    """As the columns are; a name that is there and at fault is not missing besides."""
    at_fault = {fault.column for fault in faults}
    kept = [
        fault
        for fault in faults
        if fault.code != FaultCode.MISSING or str(fault.column).removesuffix("_ar") + "_latin" not in at_fault
    ]
    return sorted(kept, key=lambda fault: MEMBERS.index(fault.column or ""))


def members(form: Form) -> dict[str, str | None]:
    return {name: getattr(form, name) for name in MEMBERS}


def person_of(keys: KeyRing, values: Mapping[str, Any]) -> UUID:
    """The id of whom a form declares: the same each time the same is declared, and a secret of ours what it is made from."""
    digest = hmac.digest(keys.commitment, b"file row\0" + plain_json(dict(values)), "sha256")
    return derived(digest)


def derived(digest: bytes) -> UUID:
    """A UUID of that digest's first bytes (version 8)."""
    value = int.from_bytes(digest[:16]) & ~(0xF << 76) | _VERSION << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def is_example(cells: Mapping[str, str]) -> bool:
    """Whether it is the row that the template shows."""
    return cells.get("cnie") == EXAMPLE["cnie"] and cells.get("email") == EXAMPLE["email"]


def refused(row: int, faults: Sequence[RowFault]) -> list[Told]:
    return [Told(row, Outcome.REFUSED, fault=fault) for fault in faults]


def counted(told: Collection[Told], counts: Mapping[str, int]) -> dict[str, int]:
    """How many rows came to what, with those that are told now; a row with several faults is one row."""
    now = dict(counts)
    for outcome in {line.row: line.outcome for line in told}.values():
        now[outcome] = now.get(outcome, 0) + 1
    return now


# --- how a file writes it


@lru_cache(maxsize=4096)
def date_of(text: str) -> str:
    plain = text.translate(LATIN_DIGITS)
    found = _DAY_FIRST.fullmatch(plain)
    if found is None:
        return plain
    day, month, year = found.groups()
    return f"{year}-{int(month):02d}" + ("" if day is None else f"-{int(day):02d}")


def _code(table: CodeTable) -> Callable[[str], str]:
    @lru_cache(maxsize=256)
    def code(text: str) -> str:
        return code_of(table, text[:100]) or text

    return code


_READERS: Final[Mapping[str, Callable[[str], str]]] = {
    "birth_date": date_of,
    "sex": _code(SEX),
    "marital_status": _code(MARITAL_STATUS),
    "nationality": _code(NATIONALITY),
}
