"""How a declared value is compared with the one on record: one table, one function for each kind of value, no I/O.

A claim is parsed once; what cannot be parsed is refused, never compared. What is absent from the record never matches.
EXACT takes names whose words are equal in folded form or sound alike; CLOSE also words within the published edit distance.
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias

from rapidfuzz.distance import OSA

from access.agreements import Level
from access.catalogue import CATALOGUE, Use
from core.dates import PartialDate, Precision
from core.errors import Invalid
from core.texts import LATIN_DIGITS, MAX_TEXT, checked_text
from identity.codes import MARITAL_STATUS, NATIONALITY, SEX, CodeTable, code_of, normal_form
from identity.divisions import region_of
from identity.names import Name, Script, is_foreign, script_of, unified
from identity.sounds import alike

# Two words are close if one letter was added, dropped, changed or swapped with its neighbour (optimal string alignment) and
# both have that many letters. A word that gained or lost its last vowel is another name (Samir, Samira), not a slip.
CLOSE_EDITS = 1
CLOSE_FROM = 5  # letters

MAX_WORDS = 20  # of a name
MAX_LETTERS = 50  # of a word that is compared by its sound; particles are joined to it
MAX_AGE = 150  # years


class Verdict(StrEnum):
    MATCH = "MATCH"
    CLOSE = "CLOSE"
    MISMATCH = "MISMATCH"
    WITHHELD = "WITHHELD"  # never from here: said where the attribute is not granted


class Comparison(StrEnum):
    NAME = "NAME"
    DATE = "DATE"
    CODE_SEX = "CODE_SEX"
    CODE_MARITAL = "CODE_MARITAL"
    CODE_NATIONALITY = "CODE_NATIONALITY"
    IDENTIFIER = "IDENTIFIER"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    TEXT = "TEXT"
    DIVISION = "DIVISION"


COMPARISONS: dict[str, Comparison] = {
    "person.given_name": Comparison.NAME,
    "person.family_name": Comparison.NAME,
    "person.birth_date": Comparison.DATE,
    "person.birth_place": Comparison.DIVISION,
    "person.sex": Comparison.CODE_SEX,
    "person.marital_status": Comparison.CODE_MARITAL,
    "person.nationality": Comparison.CODE_NATIONALITY,
    "person.cnie": Comparison.IDENTIFIER,
    "person.residence_permit": Comparison.IDENTIFIER,
    "person.residence": Comparison.DIVISION,
    "person.address": Comparison.TEXT,
    "person.telephone": Comparison.PHONE,
    "person.email": Comparison.EMAIL,
}

TrueName: TypeAlias = tuple[str | None, str | None]
"""The Arabic and the Latin form of a name on record."""
TrueValue: TypeAlias = TrueName | str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A declared value in its parsed form. `identifying`: if it matches, whoever asks knows whom they ask about."""

    attribute: str
    comparison: Comparison
    identifying: bool
    form: Any = field(repr=False)
    text: str = field(repr=False)


def parse_claim(attribute: str, text: str) -> Claim:
    """Raises Invalid, without a path and without the value, for an attribute that is never compared and for a text that cannot
    be a value of it."""
    comparison = COMPARISONS.get(attribute)
    if comparison is None:
        raise Invalid("this attribute is not compared")
    form = _PARSERS[comparison](attribute, checked_text(text))
    identifying = CATALOGUE[attribute].identifying
    if isinstance(form, PartialDate):
        identifying = identifying and form.precision is Precision.DAY
    return Claim(attribute, comparison, identifying, form, text)


def compare(claim: Claim, true_value: TrueValue, level: Level) -> Verdict:
    """MATCH, CLOSE or MISMATCH. `true_value` is the stored text; of a name, its Arabic and Latin forms."""
    if claim.comparison is Comparison.NAME:
        if isinstance(true_value, tuple) and claim.text in true_value:
            return Verdict.MATCH  # to the letter: nothing needs to be folded
        return _compare_name(claim.form, true_value if isinstance(true_value, tuple) else (None, None), level)
    if not isinstance(true_value, str) or len(true_value) > 2 * MAX_TEXT:
        return Verdict.MISMATCH
    return Verdict.MATCH if _EQUALITIES[claim.comparison](claim, true_value) else Verdict.MISMATCH


def precision_compared(claim: Claim, true_value: TrueValue) -> Precision | None:
    """How precisely a date was compared: the coarser of the claim and the record. None for what is no date."""
    if claim.comparison is not Comparison.DATE or not isinstance(true_value, str):
        return None
    if claim.text == true_value:
        return Precision(claim.form.precision)
    born = _stored_date(true_value)
    order = list(Precision)
    return None if born is None else min(claim.form.precision, born.precision, key=order.index)


class Operator(StrEnum):
    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    LE = "LE"
    GT = "GT"
    GE = "GE"
    AGE_AT_LEAST = "AGE_AT_LEAST"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on a value. `operand`: the day that an order is about, or the years of an age."""

    attribute: str
    operator: Operator
    operand: date | int = field(repr=False)


def parse_predicate(attribute: str, operator: Operator, text: str) -> Predicate:
    """Raises Invalid, without a path and without the value, for a condition that the attribute does not take."""
    comparison = COMPARISONS.get(attribute)
    if comparison is None or Use.PREDICATE not in CATALOGUE[attribute].uses or operator not in _OPERATORS.get(comparison, ()):
        raise Invalid("this attribute takes no such condition")
    operand = checked_text(text).strip().translate(LATIN_DIGITS)
    if operator is Operator.AGE_AT_LEAST:
        if not _AGE.fullmatch(operand) or int(operand) > MAX_AGE:
            raise Invalid(f"not an age: expected whole years, at most {MAX_AGE}")
        return Predicate(attribute, operator, int(operand))
    day = PartialDate.parse(operand)
    if day.precision is not Precision.DAY:
        raise Invalid("not a day: expected YYYY-MM-DD")
    return Predicate(attribute, operator, day.for_ages())


def holds(predicate: Predicate, true_value: str | None, today: date) -> bool:
    """Whether the condition is true of the stored value; False where there is none.

    A birth date known in part counts as the day from which ages count.
    """
    born = None if true_value is None else _stored_date(true_value)
    if born is None:
        return False
    if isinstance(predicate.operand, int):
        return born.age_on(today) >= predicate.operand
    return _ORDERS[predicate.operator](born.for_ages(), predicate.operand)


_ORDERS: dict[Operator, Callable[[date, date], bool]] = {
    Operator.EQ: eq,
    Operator.NE: ne,
    Operator.LT: lt,
    Operator.LE: le,
    Operator.GT: gt,
    Operator.GE: ge,
}
_OPERATORS: dict[Comparison, frozenset[Operator]] = {Comparison.DATE: frozenset({*_ORDERS, Operator.AGE_AT_LEAST})}
_AGE = re.compile(r"\d{1,3}", re.ASCII)


def _parse_name(_: str, text: str) -> Name:
    if is_foreign(text):
        raise Invalid("a name is in Arabic or Latin letters")
    name = Name.of(text)
    if script_of(text) is Script.NONE or not name.tokens:
        raise Invalid("a name has letters")
    if len(name.tokens) > MAX_WORDS:
        raise Invalid(f"a name has at most {MAX_WORDS} words")
    return name


def _parse_date(_: str, text: str) -> PartialDate:
    return PartialDate.parse(text.strip().translate(LATIN_DIGITS))


def _parse_division(_: str, text: str) -> str:
    code = text.strip().translate(LATIN_DIGITS)
    region_of(code)
    return code


def _parse_text(_: str, text: str) -> tuple[str, ...]:
    words = _words(text)
    if not words:
        raise Invalid("holds no letter and no digit")
    return words


def _parse_code(table: CodeTable) -> Callable[[str, str], str]:
    def parse(_: str, text: str) -> str:
        code = code_of(table, text)
        if code is None:
            raise Invalid("not in the list of codes")
        return code

    return parse


_TABLES = {
    Comparison.CODE_SEX: SEX,
    Comparison.CODE_MARITAL: MARITAL_STATUS,
    Comparison.CODE_NATIONALITY: NATIONALITY,
}
_PARSERS: Mapping[Comparison, Callable[[str, str], Any]] = {
    Comparison.NAME: _parse_name,
    Comparison.DATE: _parse_date,
    Comparison.DIVISION: _parse_division,
    Comparison.TEXT: _parse_text,
    **{comparison: _parse_code(table) for comparison, table in _TABLES.items()},
    **dict.fromkeys((Comparison.IDENTIFIER, Comparison.PHONE, Comparison.EMAIL), normal_form),
}


def _same_date(claim: Claim, stored: str) -> bool:
    """At the coarser of both precisions."""
    claimed, born = claim.form, _stored_date(stored)
    if born is None or born.year != claimed.year:
        return False
    if None in (born.month, claimed.month):
        return True
    return bool(born.month == claimed.month and (None in (born.day, claimed.day) or born.day == claimed.day))


def _stored_date(stored: str) -> PartialDate | None:
    try:
        return PartialDate.parse(stored)
    except Invalid:
        return None


def _same_number(claim: Claim, stored: str) -> bool:
    try:
        return hmac.compare_digest(claim.form.encode(), normal_form(claim.attribute, stored).encode())
    except Invalid:
        return False


def _same_code(claim: Claim, stored: str) -> bool:
    return bool(code_of(_TABLES[claim.comparison], stored) == claim.form)


def _same_words(claim: Claim, stored: str) -> bool:
    return bool(_words(stored) == claim.form)


def _same_text(claim: Claim, stored: str) -> bool:
    return bool(stored == claim.form)


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted(unified(text).split()))


_EQUALITIES: Mapping[Comparison, Callable[[Claim, str], bool]] = {
    Comparison.DATE: _same_date,
    Comparison.DIVISION: _same_text,
    Comparison.TEXT: _same_words,
    **dict.fromkeys(_TABLES, _same_code),
    **dict.fromkeys((Comparison.IDENTIFIER, Comparison.PHONE, Comparison.EMAIL), _same_number),
}


def _compare_name(claimed: Name, stored: TrueName, level: Level) -> Verdict:
    arabic_first = claimed.spelled[0] > "\u0600"
    forms = []
    for text in stored if arabic_first else reversed(stored):
        if text is not None and len(text) <= MAX_TEXT and not is_foreign(text):
            form = Name.of(text)
            if len(form.tokens) == len(claimed.tokens):
                if form.tokens == claimed.tokens or sorted(form.tokens) == sorted(claimed.tokens):
                    return Verdict.MATCH
                if max(map(len, form.tokens)) <= MAX_LETTERS:
                    forms.append(form)
    if not forms or max(map(len, claimed.tokens)) > MAX_LETTERS:
        return Verdict.MISMATCH
    sounding = [[[alike(one, other) for other in form.sounds] for one in claimed.sounds] for form in forms]
    if any(map(_paired, sounding)):
        return Verdict.MATCH
    if level is Level.CLOSE:
        for form, rows in zip(forms, sounding, strict=True):
            near = [
                [sounds or _near(token, other) for sounds, other in zip(row, form.tokens, strict=True)]
                for row, token in zip(rows, claimed.tokens, strict=True)
            ]
            if _paired(near):
                return Verdict.CLOSE
    return Verdict.MISMATCH


def _near(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < CLOSE_FROM or (long[:-1] == short and long[-1] in _LAST_VOWELS):
        return False
    return OSA.distance(one, other, score_cutoff=CLOSE_EDITS) <= CLOSE_EDITS


_LAST_VOWELS = "aeiouyاهوي"


def _paired(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether every row can be given a column of its own that fits it (augmenting paths; at most `MAX_WORDS` rows)."""
    holder: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in tried:
                tried.add(column)
                if column not in holder or place(holder[column], tried):
                    holder[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(fits)))
