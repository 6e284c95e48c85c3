"""The form of who asks to be enrolled: what it may hold, in which normal form, and all that is wrong with it at once. Pure.

A draft may leave out anything; what it holds has to be sound. A form that is submitted is complete, and frozen: it is known by
the hash of a document with a random salt, which therefore tells nothing about what it was made from.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal
from unicodedata import category, normalize

from access.territory import division_code
from core.canonical import content_hash, text64
from core.dates import PartialDate
from core.documents import Node, read_json
from core.errors import Fault, Faulty, Internal, Invalid
from core.ids import random_bytes
from core.texts import checked_text, typed_digits
from identity.codes import NATIONALITY, MaritalStatus, Sex, code_of, normal_form
from identity.names import Script, folded, is_foreign, script_of
from identity.numbers import Idcs

VERSION = 1
ADULT = 18  # years
FIRST_YEAR = 1900
MAX_NAME = 100  # characters, also of a whole name
MAX_ADDRESS = 200
MAX_TYPED = 40  # of a number
MOROCCAN = "MAR"
_SALT_BYTES = 16
_MARK = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
_HEAPED = re.compile(f"[{_MARK}]{{4}}|[\u0363-\u036f]")  # signs heaped on one letter, or letters that are drawn as such signs
_JOINER = re.compile("[\u200c\u200d]")  # no Latin name has one: it would only look like another name
_NAME_SIGNS = frozenset(" -'.\u2019\u02bc\u0640\u200c\u200d")  # also tatweel and the joiners


class Basis(StrEnum):
    """On what it rests that somebody is who they say."""

    DOCUMENTS = "DOCUMENTS"
    TESTIMONY = "TESTIMONY"  # of two registered persons, where there are no documents


class FaultCode(StrEnum):
    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    UNREADABLE = "UNREADABLE"  # signs that cannot be seen, or none at all
    NOT_A_NAME = "NOT_A_NAME"  # digits or signs that no name has
    WRONG_SCRIPT = "WRONG_SCRIPT"  # Latin in the Arabic field, or the other way round
    MIXED_SCRIPTS = "MIXED_SCRIPTS"
    FOREIGN_LETTERS = "FOREIGN_LETTERS"  # neither Arabic nor Latin, though they may look it
    NOT_A_DATE = "NOT_A_DATE"
    TOO_EARLY = "TOO_EARLY"
    IN_FUTURE = "IN_FUTURE"
    NOT_A_CODE = "NOT_A_CODE"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_FOR_FOREIGNERS = "NOT_FOR_FOREIGNERS"
    NOT_FOR_MOROCCANS = "NOT_FOR_MOROCCANS"
    GUARDIAN_NEEDED = "GUARDIAN_NEEDED"
    GUARDIAN_NOT_NEEDED = "GUARDIAN_NOT_NEEDED"
    NOT_REGISTERED = "NOT_REGISTERED"  # a relative is nobody who could be one; said by the doors
    TOO_YOUNG = "TOO_YOUNG"  # a relative


@dataclass(frozen=True, slots=True)
class Form:
    """What an applicant declares, as text: dates as PartialDate, codes and numbers in their normal form once it was checked.

    `guardian`, `mother`, `father`: the IDCS of registered people. `guarded`: an adult under guardianship.
    """

    given_name_ar: str | None = field(default=None, repr=False)
    given_name_latin: str | None = field(default=None, repr=False)
    family_name_ar: str | None = field(default=None, repr=False)
    family_name_latin: str | None = field(default=None, repr=False)
    father_name: str | None = field(default=None, repr=False)
    mother_name: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)
    birth_place: str | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)
    marital_status: str | None = field(default=None, repr=False)
    nationality: str | None = field(default=None, repr=False)
    cnie: str | None = field(default=None, repr=False)
    residence_permit: str | None = field(default=None, repr=False)
    residence: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    telephone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    guardian: str | None = field(default=None, repr=False)
    mother: str | None = field(default=None, repr=False)
    father: str | None = field(default=None, repr=False)
    guarded: bool = False
    basis: str | None = None

    @property
    def birth(self) -> PartialDate | None:
        """Of a form that was checked."""
        return None if self.birth_date is None else PartialDate.parse(self.birth_date)

    def is_minor(self, today: date) -> bool:
        birth = self.birth
        return birth is not None and birth.age_on(today) < ADULT

    def needs_guardian(self, today: date) -> bool:
        return self.guarded or self.is_minor(today)

    def identifies(self) -> tuple[Any, ...]:
        """What says who the applicant is, and whose: witnesses vouch for this, and no longer once it has changed."""
        return tuple(getattr(self, name) for name in _IDENTIFYING)


MEMBERS: Final = tuple(each.name for each in fields(Form))
_IDENTIFYING = (
    *("given_name_ar", "given_name_latin", "family_name_ar", "family_name_latin", "father_name", "mother_name"),
    *("birth_date", "sex", "nationality", "cnie", "residence_permit"),
    *("guardian", "mother", "father", "guarded"),
)


# --- checking


def checked(typed: Form, today: date, *, complete: bool) -> Form:
    """The form in its normal form. Raises Faulty, with everything that is wrong with it; members are paths.

    `today`: the civil date. `complete`: nothing that is needed may be left out either.
    """
    form, faults = examined(typed, today, complete=complete)
    if faults:
        raise Faulty(faults)
    return form


def examined(typed: Form, today: date, *, complete: bool) -> tuple[Form, list[Fault]]:
    """The form, with those of its members in their normal form that have one, and all its faults in the order of the form."""
    faults: dict[str, Fault] = {}
    sound: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        value = getattr(typed, name)
        if value is None or (isinstance(value, str) and not value.strip()):
            sound[name] = None
            continue
        try:
            sound[name] = check(value)
        except _Wrong as wrong:
            faults[name] = Fault(wrong.code, (name,), wrong.message)
    form = Form(**sound, guarded=typed.guarded) if not faults else replace(typed, **sound)
    usable = replace(form, **dict.fromkeys(faults)) if faults else form  # type: ignore[arg-type]  # nothing is a value of each
    for fault in (*_together(usable, today), *(_missing(usable, today) if complete else ())):
        faults.setdefault(str(fault.path[0]), fault)
    return form, [faults[name] for name in MEMBERS if name in faults]


class _Wrong(Exception):
    def __init__(self, code: FaultCode, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _text(most: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > most:
            raise _Wrong(FaultCode.TOO_LONG, f"longer than {most} characters")
        try:
            # What only looks otherwise (letters as they are joined, of full width) becomes what it stands for.
            return checked_text(" ".join(normalize("NFKC", checked_text(text, most)).split()), most)
        except Invalid:
            raise _Wrong(FaultCode.UNREADABLE, "signs that cannot be seen are of no use here") from None

    return check


def _name(script: Script | None) -> Callable[[str], str]:
    """Of that script, or (None) of either."""
    clean = _text(MAX_NAME)

    @lru_cache(maxsize=8_192)  # names recur, in a file of many people above all
    def check(text: str) -> str:
        name = clean(text)
        found = script_of(name)
        if is_foreign(name):
            raise _Wrong(FaultCode.FOREIGN_LETTERS, "some letters are neither Arabic nor Latin, though they may look it")
        if found is Script.NONE or not all(_in_a_name(sign) for sign in name):
            raise _Wrong(FaultCode.NOT_A_NAME, "a name is made of letters")
        if found is Script.MIXED:
            raise _Wrong(FaultCode.MIXED_SCRIPTS, "a name is in one script")
        if not folded(name) or _HEAPED.search(normalize("NFD", name)) or (found is Script.LATIN and _JOINER.search(name)):
            raise _Wrong(FaultCode.UNREADABLE, "signs that cannot be seen are of no use here")
        if script is not None and found is not script:
            which = "Arabic" if script is Script.ARABIC else "Latin"
            raise _Wrong(FaultCode.WRONG_SCRIPT, f"this name belongs here in {which} script")
        return name

    return check


def _in_a_name(sign: str) -> bool:
    return sign in _NAME_SIGNS or category(sign)[0] in "LM"


def _date(text: str) -> str:
    try:
        return str(PartialDate.parse(text.strip()))
    except Invalid:
        raise _Wrong(FaultCode.NOT_A_DATE, "not a date: a year, a year and a month, or a whole date") from None


def _division(text: str) -> str:
    try:
        return division_code(text)
    except Invalid:
        raise _Wrong(FaultCode.NOT_A_CODE, "not the code of a division") from None


def _nationality(text: str) -> str:
    code = code_of(NATIONALITY, text) if len(text) <= MAX_NAME else None
    if code is None:
        raise _Wrong(FaultCode.NOT_A_CODE, "not the code of a country")
    return code


def _one_of(codes: type[StrEnum]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in codes.__members__:
            raise _Wrong(FaultCode.NOT_A_CODE, "not one of the answers there are")
        return text

    return check


def _number(attribute: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            return normal_form(attribute, text)
        except Invalid as refusal:
            raise _Wrong(FaultCode.NOT_A_NUMBER, refusal.message) from None

    return check


def _idcs(text: str) -> str:
    try:
        return Idcs.parse(typed_digits(text) if len(text) <= MAX_TYPED else "").text
    except Invalid as refusal:
        raise _Wrong(FaultCode.NOT_A_NUMBER, refusal.message) from None


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "given_name_ar": _name(Script.ARABIC),
    "given_name_latin": _name(Script.LATIN),
    "family_name_ar": _name(Script.ARABIC),
    "family_name_latin": _name(Script.LATIN),
    "father_name": _name(None),
    "mother_name": _name(None),
    "birth_date": _date,
    "birth_place": _division,
    "sex": _one_of(Sex),
    "marital_status": _one_of(MaritalStatus),
    "nationality": _nationality,
    "cnie": _number("person.cnie"),
    "residence_permit": _number("person.residence_permit"),
    "residence": _division,
    "address": _text(MAX_ADDRESS),
    "telephone": _number("person.telephone"),
    "email": _number("person.email"),
    "guardian": _idcs,
    "mother": _idcs,
    "father": _idcs,
    "basis": _one_of(Basis),
}


def _together(form: Form, today: date) -> Iterator[Fault]:
    """What members say of each other."""
    birth = form.birth
    if birth is not None and birth.year < FIRST_YEAR:
        yield _fault(FaultCode.TOO_EARLY, "birth_date", f"nobody born before {FIRST_YEAR} is enrolled")
    if birth is not None and in_future(birth, today):
        yield _fault(FaultCode.IN_FUTURE, "birth_date", "this date is to come yet")
    if form.nationality not in (None, MOROCCAN) and form.cnie is not None:
        yield _fault(FaultCode.NOT_FOR_FOREIGNERS, "cnie", "only Moroccans have a national identity card")
    if form.nationality == MOROCCAN and form.residence_permit is not None:
        yield _fault(FaultCode.NOT_FOR_MOROCCANS, "residence_permit", "Moroccans have no residence permit")
    if birth is not None and form.guardian is not None and not form.needs_guardian(today):
        message = "only a minor, or an adult under guardianship, has a legal representative"
        yield _fault(FaultCode.GUARDIAN_NOT_NEEDED, "guardian", message)
    if form.mother is not None and form.mother == form.father:
        yield _fault(FaultCode.NOT_REGISTERED, "father", "mother and father are two people")


def _missing(form: Form, today: date) -> Iterator[Fault]:
    """What a complete form has besides."""
    for part in ("given_name", "family_name"):
        if not (getattr(form, f"{part}_ar") or getattr(form, f"{part}_latin")):
            yield _fault(FaultCode.MISSING, f"{part}_ar", "a name is needed, in one script at least")
    for name in ("birth_date", "sex", "nationality", "residence", "basis"):
        if getattr(form, name) is None:
            yield _fault(FaultCode.MISSING, name, "this is needed")
    foreign, minor = form.nationality not in (None, MOROCCAN), form.is_minor(today)
    if foreign and not minor and form.basis == Basis.DOCUMENTS and form.residence_permit is None:
        yield _fault(FaultCode.MISSING, "residence_permit", "a resident of another nationality has a permit")
    if form.needs_guardian(today) and form.guardian is None:
        message = "a minor, or an adult under guardianship, is enrolled with a legal representative"
        yield _fault(FaultCode.GUARDIAN_NEEDED, "guardian", message)


def _fault(code: FaultCode, name: str, message: str) -> Fault:
    return Fault(code, (name,), message)


def in_future(birth: PartialDate, today: date) -> bool:
    """Whether all days that it may stand for are to come."""
    return (birth.year, birth.month or 1, birth.day or 1) > (today.year, today.month, today.day)


Kinship = Literal["guardian", "mother", "father"]


def relative_fault(kinship: Kinship, birth: PartialDate | None, form: Form, today: date) -> Fault | None:
    """What is wrong with a relative of the applicant's.

    `birth`: of the relative; None: nobody who could be one has the number.
    """
    own = form.birth
    if birth is None:
        return _fault(FaultCode.NOT_REGISTERED, kinship, "nobody who could be this has that number")
    if kinship == "guardian" and birth.age_on(today) < ADULT:
        return _fault(FaultCode.TOO_YOUNG, kinship, "a legal representative is of age")
    if own is not None and birth.for_ages() >= own.for_ages():
        return _fault(FaultCode.TOO_YOUNG, kinship, "somebody younger cannot be this")
    return None


# --- evidence


CNIE, PERMIT, PASSPORT, BIRTH = "CNIE", "RESIDENCE_PERMIT", "PASSPORT", "BIRTH_RECORD"
GUARDIANSHIP, JUDGEMENT = "GUARDIANSHIP", "JUDGEMENT"


def evidence_needed(form: Form, today: date) -> list[frozenset[str]]:
    """The kinds of evidence that have to be there: one at least of each of these sets."""
    needed = []
    if form.basis == Basis.DOCUMENTS:
        if form.cnie is not None:
            needed.append(frozenset({CNIE}))
        elif form.residence_permit is not None:
            needed.append(frozenset({PERMIT}))
        elif form.nationality in (None, MOROCCAN):
            needed.append(frozenset({BIRTH, CNIE}))
        else:
            needed.append(frozenset({PASSPORT, BIRTH}))
    if form.guarded:
        needed.append(frozenset({GUARDIANSHIP, JUDGEMENT}))
    elif form.is_minor(today):
        needed.append(frozenset({BIRTH, GUARDIANSHIP, JUDGEMENT}))
    return needed


# --- the document


def document(form: Form, salt: bytes | None = None) -> dict[str, Any]:
    """The form as it is sealed: {v, salt, form}; with a fresh salt, if none is given."""
    return {"v": VERSION, "salt": text64(random_bytes(_SALT_BYTES) if salt is None else salt), "form": asdict(form)}


def hash_of(document: Mapping[str, Any]) -> bytes:
    """By which a submitted form is known (32 bytes)."""
    return content_hash(document)


def form_of(text: str) -> Form:
    """The form in the text of such a document. Raises Internal for any other."""
    try:
        parts = Node(read_json(text)).record(("v", "salt", "form"))
        parts["v"].integer(VERSION, VERSION)
        members = parts["form"].record(MEMBERS)
    except Invalid:
        raise Internal("a form is not one") from None
    return Form(**{name: node.value for name, node in members.items()})  # type: ignore[arg-type]  # as it was written
