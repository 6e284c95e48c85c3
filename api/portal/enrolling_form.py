"""The form of somebody who asks to be enrolled, as pages ask for it: one thing at a time. Pure.

What was typed is carried from step to step; what is wrong in a step is said in it, all at once, before the next one.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from api.portal.forms import Form as Typed
from api.portal.languages import N_
from core.dates import PartialDate
from core.errors import Fault, Faulty, Invalid
from core.texts import LATIN_DIGITS
from identity.applications import FaultCode, Form, examined

SELF, MINOR, GUARDED = "self", "minor", "guarded"
CHECK: Final = "check"
# The fields of each step, in the order in which they are asked.
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "whom": ("whom",),
    "names": ("given_name_ar", "family_name_ar", "given_name_latin", "family_name_latin"),
    "birth": ("birth_day", "birth_month", "birth_year", "birth_place"),
    "person": ("sex", "marital_status"),
    "parents": ("father_name", "mother_name", "father", "mother"),
    "nationality": ("nationality", "cnie", "residence_permit"),
    "papers": ("basis",),
    "home": ("residence", "address"),
    "contact": ("telephone", "email"),
    "guardian": ("guardian",),
}
FIELDS: Final = tuple(field for fields in STEPS.values() for field in fields)
# What leads back to a draft, and whether all steps were seen.
CARRIED: Final = (*FIELDS, "receipt", "code", "seen")
_BIRTH: Final = ("birth_day", "birth_month", "birth_year")
_MEMBERS: Final = tuple(field for field in FIELDS if field not in (*_BIRTH, "whom"))
_LATER: Final = frozenset({FaultCode.GUARDIAN_NEEDED})  # the guardian comes along to the centre

_IDCS: Final = N_("Enter the ten digits of the identifier, without a mistake.")
CHOOSE: Final = N_("Choose an answer.")
_MISSING: Final[Mapping[str, str]] = {
    "given_name_ar": N_("Enter the first name, in Arabic or in Latin letters."),
    "family_name_ar": N_("Enter the family name, in Arabic or in Latin letters."),
    "birth_date": N_("Enter the year of birth at least."),
    "nationality": N_("Choose the nationality."),
    "residence": N_("Choose the province or prefecture."),
    "residence_permit": N_("Enter the number of the residence permit."),
}
_NUMBERS: Final[Mapping[str, str]] = {
    "cnie": N_("Enter the number as it stands on the card: one or two letters, then digits."),
    "residence_permit": N_("Enter the number as it stands on the permit: one or two letters, then digits."),
    "telephone": N_("Enter a telephone number, as 0612345678."),
    "email": N_("Enter an e-mail address, as name@example.org."),
}
WRONG: Final[Mapping[str, str]] = {
    FaultCode.TOO_LONG: N_("This is too long."),
    FaultCode.UNREADABLE: N_("This holds signs that cannot be read."),
    FaultCode.NOT_A_NAME: N_("A name is written with letters only."),
    FaultCode.WRONG_SCRIPT: N_("This name is in the letters of the other field."),
    FaultCode.MIXED_SCRIPTS: N_("Do not mix Arabic and Latin letters in one name."),
    FaultCode.FOREIGN_LETTERS: N_("Some letters are neither Arabic nor Latin, though they may look it."),
    FaultCode.NOT_A_DATE: N_("There is no such day. If you do not know the day or the month, leave both empty."),
    FaultCode.TOO_EARLY: N_("The year is 1900 or later."),
    FaultCode.IN_FUTURE: N_("This day is to come yet."),
    FaultCode.NOT_FOR_FOREIGNERS: N_("Only Moroccans have this card. Leave it empty."),
    FaultCode.NOT_FOR_MOROCCANS: N_("Moroccans have no residence permit. Leave it empty."),
    FaultCode.GUARDIAN_NOT_NEEDED: N_("Who was born on that day is of age and needs no guardian. Leave it empty."),
}


def camel(name: str) -> str:
    """As the schema spells it."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def form_of(typed: Typed) -> Form:
    """What was typed, as the room takes it: text, and None for what was left empty."""
    given: dict[str, Any] = {name: typed[name].strip() or None for name in _MEMBERS}
    return Form(**given, birth_date=_birth_date(typed), guarded=typed["whom"] == GUARDED)


def birth_of(typed: Typed) -> str | None:
    """The date of birth in its form ("1990-05"), where one was typed. Raises Invalid for what is none."""
    given = _birth_date(typed)
    return None if given is None else str(PartialDate.parse(given))


def _birth_date(typed: Typed) -> str | None:
    """As much of it as was typed; what is no date is one that nobody takes."""
    day, month, year = (typed[name].strip().translate(LATIN_DIGITS) for name in _BIRTH)
    if not (day or month or year):
        return None
    return "-".join([year, *(f"{part:0>2}" for part in ((month, day) if day else (month,) if month else ()))])


def input_of(form: Form) -> dict[str, Any]:
    """The same as the schema's `EnrolmentFormInput`."""
    members = {camel(name): getattr(form, name) for name in (*_MEMBERS, "birth_date")}
    return members | {"guarded": form.guarded}


def fields_of(told: Mapping[str, Any], basis: str | None) -> dict[str, str]:
    """What is typed in the fields for a form that the schema told (`EnrolmentForm`), and the basis of its request."""
    person, birth = told["person"], _parts(told["person"]["birthDate"])
    names = {
        f"{part}_name_{script}": ((person["name"] or {}).get(part) or {}).get(script)
        for part in ("given", "family")
        for script in ("ar", "latin")
    }
    plain = {
        name: person[camel(name)]
        for name in ("sex", "marital_status", "father_name", "mother_name", "nationality", "cnie", "residence_permit")
    }
    reach = {name: person[name] for name in ("address", "telephone", "email")}
    places = {name: (person[camel(name)] or {}).get("code") for name in ("birth_place", "residence")}
    others = {name: told[name] for name in ("guardian", "mother", "father")}
    others |= {"basis": basis}
    whom = {"whom": GUARDED if told["guarded"] else MINOR if told["guardian"] else SELF}
    return {name: value or "" for name, value in {**names, **birth, **plain, **reach, **places, **others, **whom}.items()}


def _parts(told: str | None) -> dict[str, str | None]:
    its = None if told is None else PartialDate.parse(told)
    values = (None, None, None) if its is None else (its.day, its.month, its.year)
    return {name: None if value is None else str(value) for name, value in zip(_BIRTH, values, strict=True)}


def asked_for(typed: Typed, today: date) -> list[str]:
    """The steps for whom that is: a guardian is asked for only where one is needed, as far as is known."""
    return [step for step in STEPS if step != "guardian" or needs_guardian(typed, today)]


def needs_guardian(typed: Typed, today: date) -> bool:
    form, _ = examined(form_of(typed), today, complete=False)
    try:
        return typed["whom"] in (MINOR, GUARDED) or form.needs_guardian(today)
    except Invalid:  # the date of birth is none yet
        return False


def following(typed: Typed, step: str, today: date) -> str:
    """The step after that one: the check of all answers once all were seen."""
    steps = asked_for(typed, today)
    guardian = "guardian" in steps and not typed["guardian"].strip() and step in ("whom", "birth")
    if typed["seen"] == "yes" or step not in steps:
        return "guardian" if guardian and typed["seen"] == "yes" else CHECK
    place = steps.index(step) + 1
    return steps[place] if place < len(steps) else CHECK


def preceding(typed: Typed, step: str, today: date) -> str:
    """The step before that one; "" (where all begins) before the first."""
    steps = asked_for(typed, today)
    place = steps.index(step) if step in steps else len(steps)
    return steps[place - 1] if place else ""


def refuse_faults(typed: Typed, step: str, today: date, *, complete: bool) -> None:
    """Raises Faulty, in plain words, with all that is wrong in the fields of that step; `complete`: or missing there."""
    faults = list(_faults(typed, step, today, complete=complete))
    if faults:
        raise Faulty(faults)


def _faults(typed: Typed, step: str, today: date, *, complete: bool) -> Sequence[Fault]:
    fields = STEPS.get(step, ())
    if step == "whom":
        known = typed["whom"] in (SELF, MINOR, GUARDED) or not complete
        return [] if known else [Fault(FaultCode.MISSING, ("whom",), N_("Say who is to be registered."))]
    found = []
    for fault in examined(form_of(typed), today, complete=complete)[1]:
        member = str(fault.path[0])
        if field_of(member) in fields and fault.code not in _LATER:
            found.append(Fault(fault.code, (field_of(member),), said(fault.code, member)))
    return sorted(found, key=lambda fault: fields.index(str(fault.path[0])))


def field_of(member: str) -> str:
    """The field beside which a fault of that member of the form is shown."""
    return "birth_year" if member == "birth_date" else member


def said(code: str, member: str) -> str:
    """The fault in plain words."""
    if code == FaultCode.MISSING:
        return _MISSING.get(member, CHOOSE)
    if code == FaultCode.NOT_A_NUMBER:
        return _NUMBERS.get(member, _IDCS)
    return WRONG.get(code, CHOOSE)


def step_of(field: str) -> str:
    """The step in which that field is asked for; the check of all answers where it is in none."""
    return next((step for step, fields in STEPS.items() if field in fields), CHECK)


# Form fields of the paths that the mutations refuse.
PATHS: Final[Mapping[str, str]] = {f"form.{camel(member)}": field_of(member) for member in (*_MEMBERS, "birth_date")}
