"""Pages of requests to have a record changed: asked for at a centre, and decided on by somebody else, by deadline."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from access.rights import Scope
from api.portal.countries import nationalities
from api.portal.enrolling_form import WRONG
from api.portal.files import MAX_UPLOAD_BYTES
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Outcome, Page, PageRequest
from api.portal.needing import needing
from api.portal.register_parts import (
    HOME,
    adding,
    again,
    back_to,
    birth_date,
    chosen_files,
    day_of,
    files_to_choose,
    of_person,
    refuse_waiting_file,
    size,
)
from api.portal.register_words import (
    KIND_HINTS,
    OPEN_STATES,
    REFUSALS,
    REQUEST_STATES,
    REQUEST_TAGS,
    RegisterWords,
    words,
)
from core.dates import PartialDate, civil_date
from core.errors import Fault, Faulty, Invalid, NotFound
from identity.applications import FaultCode, Form, examined
from identity.divisions import Level, built_in

QUEUE: Final = "/admin/change-requests"
# What can be asked to be changed, in the order that people read it, with its fields.
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "person.given_name": ("givenNameAr", "givenNameLatin"),
    "person.family_name": ("familyNameAr", "familyNameLatin"),
    "person.birth_date": ("birthDate",),
    "person.birth_place": ("birthPlace",),
    "person.sex": ("sex",),
    "person.father_name": ("fatherName",),
    "person.mother_name": ("motherName",),
    "person.marital_status": ("maritalStatus",),
    "person.nationality": ("nationality",),
    "person.cnie": ("cnie",),
    "person.residence_permit": ("residencePermit",),
    "person.residence": ("residence",),
    "person.address": ("address",),
    "person.email": ("email",),
}
FIELDS: Final = tuple(field for fields in PARTS.values() for field in fields)
CARRIED: Final = ("kind", "what", "words", "effectiveOn", "evidence", *FIELDS)
MESSAGES: Final[Mapping[str, str]] = {
    **WRONG,
    "MISSING": N_("A record cannot be without this."),
    "NOT_A_NUMBER": N_("There is no such number. Look at it again."),
    "NOT_A_CODE": N_("This is not known. Look at it again."),
    "CORRECTION_ONLY": N_("This does not change in a life: ask for it to be corrected."),
}
DECIDING: Final[Mapping[str, str]] = {
    "EVIDENCE_MISSING": N_("No paper was given that shows it: it cannot be accepted."),
    "CONFLICT": N_("This was decided meanwhile, or the record is no longer what it was. Look at it as it stands now."),
}
# What is wrong only beside what else the record says: the room knows, and tells it once the request is sent.
_TOGETHER: Final = frozenset({FaultCode.NOT_FOR_FOREIGNERS, FaultCode.NOT_FOR_MOROCCANS, FaultCode.GUARDIAN_NOT_NEEDED})
SAID: Final = (
    N_("the record says so already"),
    N_("this number is on record already"),
    N_("this record is closed"),
    N_("what was recorded wrongly was never so"),
    N_("what is to come is asked for then"),
    N_("no such evidence, or it is another request's"),
)


# --- asking, at a centre


def _begun(asked: PageRequest) -> Mapping[str, Any]:
    if asked.form["kind"] not in KIND_HINTS:
        raise Invalid(N_("Say whether it was recorded wrongly, or is otherwise now."), path=("kind",))
    if not _parts(asked):
        raise Invalid(N_("Choose what is to be changed."), path=("what",))
    return {}


def _parts(asked: PageRequest) -> list[str]:
    chosen = asked.form.all("what") or [asked.query.get("what", "")]
    return [part for part in PARTS if part in chosen]


def _wanted(asked: PageRequest) -> Mapping[str, Any]:
    refuse_waiting_file(asked)
    _begun(asked)
    form = asked.form
    fields = [field for part in _parts(asked) for field in PARTS[part]]
    changes: dict[str, str | None] = {field: form[field].strip() for field in fields}
    for field in ("sex", "maritalStatus"):
        if field in changes:
            changes[field] = changes[field] or None  # a code of the schema, or nothing asked
    if changes.get("birthDate"):
        changes["birthDate"] = birth_date(form["birthDate"])
    _refuse_faults(changes, civil_date(asked.now))
    given: dict[str, Any] = {"person": asked.params["person"], "kind": form["kind"], "changes": changes}
    given["evidence"] = chosen_files(asked)
    given["words"] = form["words"].strip() or None
    if form["kind"] == "UPDATE" and form["effectiveOn"].strip():
        given["effectiveOn"] = day_of(form["effectiveOn"], "effectiveOn").isoformat()
    return {"input": given | {"requestKey": form["requestKey"]}}


def _refuse_faults(changes: Mapping[str, str | None], today: date) -> None:
    """Raises Faulty with what is wrong with these values by themselves, before the record is looked at."""
    typed: dict[str, Any] = {_snake(field): value or None for field, value in changes.items()}
    faults = [
        Fault(fault.code, (field,), MESSAGES.get(fault.code, fault.message))
        for fault in examined(Form(**typed), today, complete=False)[1]
        if fault.code not in _TOGETHER
        for field in changes
        if _snake(field) == fault.path[0]
    ]
    if faults:
        raise Faulty(faults)


def _snake(field: str) -> str:
    return re.sub("([A-Z])", lambda found: "_" + found[1].lower(), field)


def _asking(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known, its = words(asked.tongue), data["personRecord"]
    now = _typed(its["person"])
    if asked.form["action"] in ("check", "edit", "add", "send"):
        now |= {field: asked.form[field] for field in FIELDS if field in asked.form}
    parts = _parts(asked)
    return {
        "words": known,
        "its": its,
        "back": back_to(asked),
        "parts_said": [(part, known.names.attributes[part]) for part in PARTS],
        "chosen": parts,
        "current": _typed(its["person"]),
        "typed": now,
        "lines": [line for line in known.changed(parts, its["person"], _as_person(now)) if line[1] != line[2]],
        "kinds": [(code, known.kinds[code], known.tongue.say(hint)) for code, hint in KIND_HINTS.items()],
        "places": _places(known, its["person"]),
        "nationalities": nationalities(known.countries),
        "carried": CARRIED,
        **files_to_choose(asked, data, known),
    }


def _typed(person: Mapping[str, Any]) -> dict[str, str]:
    """What is in each field of the form for what the record says."""
    name = person["name"] or {}
    found = {
        f"{part}Name{script.capitalize()}": ((name.get(part) or {}).get(script)) or ""
        for part in ("given", "family")
        for script in ("ar", "latin")
    }
    found |= {field: person[field] or "" for field in FIELDS if field not in found and field not in ("birthPlace", "residence")}
    return found | {field: (person[field] or {}).get("code", "") for field in ("birthPlace", "residence")}


def _as_person(typed: Mapping[str, str]) -> Mapping[str, Any]:
    """The same the other way round, to be shown."""
    known = {division.code: division for division in built_in()}
    person: dict[str, Any] = {field: typed[field].strip() or None for field in FIELDS}
    birth = person["birthDate"]
    try:
        person["birthDate"] = None if birth is None else str(PartialDate.parse(birth_date(birth)))
    except Invalid:
        person["birthDate"] = None  # it is said beside its field
    for field in ("birthPlace", "residence"):
        code = person[field]
        division = known.get(code or "")
        names = (code, code) if division is None else (division.name_ar, division.name_fr)
        person[field] = None if code is None else {"code": code, "nameAr": names[0], "nameFr": names[1]}
    person["name"] = {
        part: {script: person[f"{part}Name{script.capitalize()}"] for script in ("ar", "latin")} for part in ("given", "family")
    }
    return person


def _places(known: RegisterWords, person: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Provinces and prefectures by name, and wherever the record says, which may be smaller."""
    found = {d.code: known.place({"nameAr": d.name_ar, "nameFr": d.name_fr}) for d in built_in() if d.level is Level.PROVINCE}
    found |= {each["code"]: known.place(each) for field in ("birthPlace", "residence") if (each := person[field]) is not None}
    return sorted(found.items(), key=lambda pair: pair[1])


def _sent(asked: PageRequest, data: Data) -> Outcome:
    request = data["correctPerson"]["changeRequest"]["id"]
    return f"{HOME}/{asked.params['person']}/change/{request}?purpose={of_person(asked)['purpose']}"


def _receipt(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    found = [each for each in data["personRecord"]["changeRequests"] if each["id"] == asked.params["request"]]
    if not found:
        raise NotFound("no such request")
    known = words(asked.tongue)
    return {
        "words": known,
        "request": found[0],
        "what": [known.names.attributes[each] for each in found[0]["attributes"]],
        "back": back_to(asked),
    }


# --- the queue


def _listed(asked: PageRequest) -> Mapping[str, Any]:
    state = asked.query.get("state", "")
    return {"state": state if state in REQUEST_STATES else None, "after": asked.query.get("after")}


def _list(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known = words(asked.tongue)
    return {
        "words": known,
        "tags": REQUEST_TAGS,
        "open_states": OPEN_STATES,
        "told": [edge["node"] for edge in data["changeRequests"]["edges"]],
        "chosen": _listed(asked)["state"],
    }


# --- one request


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known, its = words(asked.tongue), data["changeRequest"]
    return {
        "words": known,
        "its": its,
        "tag": REQUEST_TAGS.get(its["state"], "plain"),
        "open_states": OPEN_STATES,
        "diff_rows": known.changed(its["attributes"], its["was"], its["becomes"]),
        "refusals": list(known.refusals.items()),
        "sizes": {each["id"]: size(known, each["size"]) for each in its["evidence"]},
    }


def _this(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"request": asked.params["request"], "requestKey": asked.form["requestKey"]}}


def _decision(asked: PageRequest) -> Mapping[str, Any]:
    form = asked.form
    if form["decision"] not in ("accept", "refuse"):
        raise Invalid(N_("Choose what you decide."), path=("decision",))
    accept = form["decision"] == "accept"
    if not accept and form["reason"] not in REFUSALS:
        raise Invalid(N_("Choose the reason."), path=("reason",))
    given = {
        "request": asked.params["request"],
        "accept": accept,
        "hash": form["hash"],
        "code": needed(form, "code", N_("Enter the six digits.")),
        "reason": None if accept else form["reason"],
        "words": form["words"].strip() or None,
    }
    return {"input": given | {"requestKey": form["requestKey"]}}


_OF_CHANGES: Final = {f"changes.{field}": field for field in FIELDS} | {"changes": "what", "person": "", "words": "words"}

PAGES: Final = (
    Page(
        path=f"{HOME}/{{person}}/change",
        name="admin/record-change",
        audience=Audience.STAFF,
        variables=needing(Scope.CHANGE_REQUEST, of_person),
        needs="personRecord.person",
        more=_asking,
        upload_bytes=MAX_UPLOAD_BYTES,
        actions={
            "begin": Action(again("details"), None, _begun),
            "add": adding("details"),
            "check": Action(again("check"), None, _wanted, messages=MESSAGES),
            "edit": Action(again("details")),
            "send": Action(_sent, "CorrectPerson", _wanted, fields=_OF_CHANGES, messages=MESSAGES),
        },
    ),
    Page(
        path=f"{HOME}/{{person}}/change/{{request}}",
        name="admin/record-changed",
        audience=Audience.STAFF,
        variables=needing(Scope.CHANGE_REQUEST, of_person),
        needs="personRecord",
        more=_receipt,
    ),
    Page(
        path=QUEUE,
        name="admin/change-requests",
        audience=Audience.STAFF,
        variables=needing(Scope.CHANGE_DECIDE, _listed),
        more=_list,
    ),
    Page(
        path=f"{QUEUE}/{{request}}",
        name="admin/change-request",
        audience=Audience.STAFF,
        variables=needing(Scope.CHANGE_DECIDE, lambda asked: {"id": asked.params["request"]}),
        needs="changeRequest",
        more=_one,
        actions={
            "take-up": Action(f"{QUEUE}/{{request}}?done=taken-up", "TakeUpChangeRequest", _this),
            "decide": Action(
                f"{QUEUE}/{{request}}?done=decided",
                "DecideChangeRequest",
                _decision,
                fields={"request": "", "hash": ""},
                messages=DECIDING,
            ),
        },
    ),
)
