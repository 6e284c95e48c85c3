"""Pages for whoever has no account, or is to have a child enrolled: to ask for it, and to see how a request stands.

Nothing is asked of the register before a step is kept. A draft is found again by the receipt's number and its code alone, which
therefore stand in no address: they are carried in the form.
"""

from collections.abc import Mapping
from typing import Any, Final

from access.catalogue import Lang
from api.portal import enrolling_form as steps
from api.portal.countries import countries, nationalities
from api.portal.framework import N_, Action, Again, Audience, Data, Form, Outcome, Page, PageRequest, Show
from api.portal.languages import Tongue
from api.portal.page import Variables
from core.dates import civil_date
from core.errors import Invalid
from core.texts import LATIN_DIGITS
from identity.divisions import Level, built_in
from identity.receipts import normal_number

ENROL: Final = "/enrol"
RECEIPT: Final = "/receipt"
WRONG_CODE: Final = N_("No request has this number and this code. Look at both again.")
ENDED: Final = N_("This request was handed in, or its time is over: it cannot be changed here any more.")
_NUMBER: Final = N_("Enter the twelve digits of the receipt, without a mistake.")


# --- filling in


def _here(asked: PageRequest) -> str:
    return asked.form["step"]


def _sound(asked: PageRequest) -> Mapping[str, Any]:
    """Nothing is asked; raises Faulty with what is wrong in this step."""
    steps.refuse_faults(asked.form, _here(asked), civil_date(asked.now), complete=True)
    return {}


def _next(asked: PageRequest, _: Data) -> Outcome:
    return Again(steps.following(asked.form, _here(asked), civil_date(asked.now)))


def _back(asked: PageRequest, _: Data) -> Outcome:
    return Again(steps.preceding(asked.form, _here(asked), civil_date(asked.now)))


def _to(asked: PageRequest, _: Data) -> Outcome:
    step = asked.form["to"]
    return Again(step if step in steps.STEPS else steps.CHECK)


# From step to step, wherever the form is asked for.
STEPPING: Final[Mapping[str, Action]] = {
    "begin": Action(lambda *_: Again("whom")),
    "next": Action(_next, variables=_sound),
    "back": Action(_back),
    "to": Action(_to),
}


def given(asked: PageRequest) -> Mapping[str, Any]:
    """What was typed until now. Raises Faulty with what is wrong in this step; what is missing may be told later."""
    steps.refuse_faults(asked.form, _here(asked), civil_date(asked.now), complete=False)
    return steps.input_of(steps.form_of(asked.form))


def _made(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"form": given(asked), "lang": asked.lang}}


def _amended(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"receipt": asked.form["receipt"], "code": asked.form["code"], "form": given(asked)}}


def _kept(asked: PageRequest, data: Data) -> Outcome:
    """Number and code are told by the answer itself: no address may hold them."""
    made = data.get("preRegister") or data["amendPreRegistration"]
    more = {"request": made["enrolment"], "code": made.get("code") or asked.form["code"], "new": "preRegister" in data}
    return Show("public/enrolled", {**more, **choices(asked.tongue)})


def _keeping(operation: str, variables: Variables) -> Action:
    return Action(
        _kept,
        operation,
        variables,
        fields={**steps.PATHS, "receipt": "", "code": ""},
        messages={
            **steps.WRONG,
            "INVALID": WRONG_CODE,
            "CONFLICT": ENDED,
        },
    )


def asked_for(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    """What the steps of the form are shown with."""
    today = civil_date(asked.now)
    return {
        "steps": steps.asked_for(asked.form, today),
        "carried": steps.CARRIED,
        "fields_of_step": steps.STEPS,
        "step_of": steps.step_of,
        "birth": _birth(asked.form),
        "minor": steps.needs_guardian(asked.form, today),
        **choices(asked.tongue),
    }


def _birth(form: Form) -> str:
    """The date of birth as it was typed, where it is one."""
    try:
        return steps.birth_of(form) or ""
    except Invalid:
        return ""


def choices(tongue: Tongue) -> Mapping[str, Any]:
    """What there is to choose from, in the reader's language."""
    arabic = tongue.lang is Lang.AR
    places = {d.code: d.name_ar if arabic else d.name_fr for d in built_in() if d.level is Level.PROVINCE}
    known = countries(tongue)
    months = tongue.locale.months["stand-alone"]["wide"]
    return {
        "places_by_code": places,
        "provinces": sorted(places.items(), key=lambda pair: pair[1]),
        "countries": known,
        "nationalities": nationalities(known),
        "months": [(str(number), months[number]) for number in range(1, 13)],
    }


# --- how a request stands


def _looked_for(asked: PageRequest) -> Mapping[str, Any]:
    try:
        number = normal_number(asked.form["receipt"].translate(LATIN_DIGITS))
    except Invalid:
        raise Invalid(_NUMBER, path=("receipt",)) from None
    if not asked.form["code"].strip():
        raise Invalid(N_("Enter the code that was shown with the number."), path=("code",))
    return {"input": {"receipt": number, "code": asked.form["code"]}}


def _found(asked: PageRequest, data: Data) -> Outcome:
    its = data["resumePreRegistration"]["enrolment"]
    typed = {} if its["form"] is None else steps.fields_of(its["form"], its["basis"])
    more = {"request": its, "typed": typed, "code": asked.form["code"].strip().upper()}
    return Show("public/request", {**more, **choices(asked.tongue)})


PAGES: Final = (
    Page(
        path=ENROL,
        name="public/enrol",
        audience=Audience.ANYONE,
        more=asked_for,
        secrets=frozenset(),
        actions={
            **STEPPING,
            "keep": _keeping("PreRegister", _made),
            "amend": _keeping("AmendPreRegistration", _amended),
        },
    ),
    Page(
        path=RECEIPT,
        name="public/receipt",
        audience=Audience.ANYONE,
        secrets=frozenset(),
        actions={
            "look": Action(
                _found,
                "ResumePreRegistration",
                _looked_for,
                messages={"INVALID": WRONG_CODE},
            )
        },
    ),
)
