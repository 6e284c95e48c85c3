"""Pages on which a citizen reads their record and says what is wrong in it: by source and date, with papers, to a receipt.

What is asked for is typed, shown by papers, checked, and sent; files are stored as they are chosen, and become the request's
when it is sent.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from api.portal import enrolling_form, register_words
from api.portal.citizen_parts import framed, keyed
from api.portal.enrolling import choices
from api.portal.files import MAX_UPLOAD_BYTES, uploaded
from api.portal.forms import needed
from api.portal.framework import N_, Action, Again, Audience, Data, Form, Outcome, Page, PageRequest
from core.dates import civil_date
from core.errors import Fault, Faulty, Invalid, NotFound
from core.texts import LATIN_DIGITS
from identity.applications import FIRST_YEAR, FaultCode, examined
from identity.applications import Form as Declared

# What may be said to be wrong, with the parts of the record that it is made of, as the schema takes them.
BIRTH: Final = ("birth_day", "birth_month", "birth_year")
ITEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("given_name_ar", "family_name_ar", "given_name_latin", "family_name_latin"),
    "birth-date": ("birth_date",),
    "birth-place": ("birth_place",),
    "sex": ("sex",),
    "father-name": ("father_name",),
    "mother-name": ("mother_name",),
    "marital-status": ("marital_status",),
    "nationality": ("nationality",),
    "cnie": ("cnie",),
    "residence-permit": ("residence_permit",),
    "residence": ("residence",),
    "address": ("address",),
    "email": ("email",),
}
# The attributes of each item, for the words and the sources of its value.
ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "name": ("person.given_name", "person.family_name"),
    **{item: (f"person.{item.replace('-', '_')}",) for item in ITEMS if item != "name"},
}
FIXED: Final = {"idcs": ("person.idcs",)}  # for life
REACHED: Final = {"telephone": ("person.telephone",)}  # of which there are pages of their own: by it one signs in
CODED: Final = frozenset({"idcs", "cnie", "residence-permit", "email", "telephone"})
# What becomes otherwise in a life; all else can only have been recorded wrongly.
LIVED: Final = frozenset({"name", "marital-status", "nationality", "cnie", "residence-permit", "residence", "address", "email"})
# What is believed without a paper.
BELIEVED: Final = frozenset({"address", "email"})
# The paper that is offered first.
PAPER: Final[Mapping[str, str]] = {
    "name": "BIRTH_RECORD",
    "birth-date": "BIRTH_RECORD",
    "birth-place": "BIRTH_RECORD",
    "sex": "BIRTH_RECORD",
    "father-name": "BIRTH_RECORD",
    "mother-name": "BIRTH_RECORD",
    "marital-status": "MARRIAGE_RECORD",
    "nationality": "PASSPORT",
    "cnie": "CNIE",
    "residence-permit": "RESIDENCE_PERMIT",
    "residence": "PROOF_OF_ADDRESS",
    "address": "PROOF_OF_ADDRESS",
}
KINDS: Final = ("CORRECTION", "UPDATE")
BAD_FILE: Final = N_(
    "This file cannot be taken. Choose a whole PDF, JPEG or PNG, as it comes from a scanner or a camera, of 5 MB at most."
)
NO_FILE: Final = N_("Choose a file.")
NO_DAY: Final = N_("Enter a day that is not to come, such as 2026-01-31.")
NO_WORDS: Final = N_("Write in a few words what is wrong, or what has changed: 1,000 characters at most.")
CHANGED: Final = N_(
    "This is not possible now: five requests are open already, your record is closed, or this number is somebody's."
)
SAME: Final = N_("The register says so already. Or a day or a word of yours cannot be taken: check what you typed.")
DECIDED: Final = N_("This was decided already.")


# --- the record


def _record(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """`groups`: what came from one source on one day, the newest first, and its items; `missing`: items without a value."""
    known = register_words.words(asked.tongue)
    sources = {its["attribute"]: its for its in data["me"]["provenance"] or ()}
    person = data["me"]["person"]
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    missing = []
    for item, attributes in (FIXED | ATTRIBUTES | REACHED).items():
        its = {"item": item, "label": label(known, item), "values": values(known, person, item), "since": ""}
        if not its["values"]:
            missing.append(its)
            continue
        found = [sources[each] for each in attributes if each in sources]
        source = max(found, key=lambda each: str(each["recordedAt"]), default=None)
        key = (
            ("", "", "") if source is None else (source["recordedAt"], source["source"], asked.tongue.day(source["recordedAt"]))
        )
        day = next((each for each in groups if each[1:] == key[1:]), key)
        groups.setdefault(day, []).append(its | {"since": (source or {}).get("effectiveOn") or ""})
    waiting = [its for its in data["me"]["changeRequests"] or () if its["state"] in register_words.OPEN_STATES]
    ordered = sorted(groups.items(), key=lambda group: group[0][0], reverse=True)
    told = [(source, day, its) for (_, source, day), its in ordered]
    return {"groups": told, "missing": missing, "waiting": waiting, "coded": CODED, "addresses": _addresses()}


def _addresses() -> dict[str, str]:
    """Where each item is said to be wrong; the identifier never is."""
    return {item: f"/me/data/{item}/wrong" for item in ITEMS} | {"telephone": "/telephone-changed"}


def label(say: register_words.RegisterWords, item: str) -> str:
    return say.tongue.say(NAME) if item == "name" else say.names.attributes[_attribute(item)]


NAME: Final = N_("Name")


def values(say: register_words.RegisterWords, person: Mapping[str, Any], item: str) -> list[str]:
    """What the record says of it, in the reader's words: a name in each script; nothing where it says nothing."""
    told = [say.called(person), say.called_otherwise(person)] if item == "name" else [say.value(person, _attribute(item))]
    return [text for text in told if text]


def _attribute(item: str) -> str:
    return (FIXED | ATTRIBUTES | REACHED)[item][0]


# --- what is wrong


def _item(asked: PageRequest) -> str:
    item = asked.params["item"]
    if item not in ITEMS:
        raise NotFound("no such part of a record")
    return item


def _wrong(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """`before`: the fields as the record has them; `stored`: the papers that were added; `said`: the change, to be checked."""
    item, say = _item(asked), register_words.words(asked.tongue)
    person = data["me"]["person"]
    before = _fields(person, item)
    typed = before | {name: asked.form[name] for name in before if name in asked.form}
    names = _of_item(item)
    stored = {its["id"]: its for its in data["me"]["evidence"] or ()}
    return {
        "item": item,
        "label": label(say, item),
        "data_values": values(say, person, item),
        "values_step": _at(asked.form),
        "fields": names,
        "before": before,
        "said": _difference(say, item, person, typed) if names else [],
        "stored": [stored[its] for its in asked.form.all("evidence") if its in stored],
        "lived": item in LIVED,
        "believed": item in BELIEVED,
        "paper": PAPER.get(item, "OTHER"),
        "day_told": _day_told(asked),
        "known": say,
        **choices(asked.tongue),
    }


def _at(form: Form) -> str:
    """The step that was filled in; what is to be mended of a request as a whole is mended where it was typed."""
    return "papers" if form["step"] == "papers" else ""


def _of_item(item: str) -> tuple[str, ...]:
    """The form's fields of an item."""
    return BIRTH if item == "birth-date" else ITEMS[item]


def _fields(person: Mapping[str, Any], item: str) -> dict[str, str]:
    nothing = {"guarded": False, "guardian": None, "mother": None, "father": None, "person": _WHOLE | dict(person)}
    known = enrolling_form.fields_of(nothing, None)
    return {name: known[name] for name in _of_item(item)}


_WHOLE: Final = dict.fromkeys(
    (
        *("name", "birthDate", "birthPlace", "sex", "maritalStatus", "nationality", "fatherName", "motherName"),
        *("cnie", "residencePermit", "residence", "address", "telephone", "email"),
    )
)


def _difference(
    say: register_words.RegisterWords, item: str, person: Mapping[str, Any], typed: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Label, what the record says, what it is to say."""
    becomes = {name: typed[name].strip() for name in _of_item(item)}
    if item == "name":
        told = {part: {script: becomes[f"{part}_name_{script}"] for script in ("ar", "latin")} for part in ("given", "family")}
        return [row for row in say.changed(ATTRIBUTES[item], person, {"name": told}) if row[1] != row[2]]
    code = becomes.get(ITEMS[item][0], "")
    if item == "birth-date":
        try:
            born = enrolling_form.birth_of(Form([*becomes.items()]))
        except Invalid:
            born = None
        code = born or ""
    places = choices(say.tongue)["places_by_code"]
    shown: Any = code or None
    if item in ("birth-place", "residence") and code:
        shown = dict.fromkeys(("nameAr", "nameFr"), places.get(code, code))
    member = enrolling_form.camel(ITEMS[item][0])
    return say.changed(ATTRIBUTES[item], person, {member: shown})


def _day_told(asked: PageRequest) -> str:
    try:
        return _since(asked) or ""
    except Invalid:
        return ""


def _since(asked: PageRequest) -> str | None:
    """Since when it is so, of what has changed; None where that is not said."""
    typed = asked.form["since"].strip().translate(LATIN_DIGITS)
    if not typed or asked.form["kind"] != "UPDATE":
        return None
    try:
        since = date.fromisoformat(typed)
    except ValueError:
        raise Invalid(NO_DAY, path=("since",)) from None
    if since.year < FIRST_YEAR or since > civil_date(asked.now):
        raise Invalid(NO_DAY, path=("since",))
    return since.isoformat()


def _asked_for(asked: PageRequest) -> dict[str, Any]:
    """What is asked for, as the mutation takes it. Raises Faulty or Invalid, in plain words, for what cannot be."""
    form, item = asked.form, _item(asked)
    declared = enrolling_form.form_of(form)
    kind = form["kind"] if item in LIVED else "CORRECTION"
    faults = []
    for fault in examined(declared, civil_date(asked.now), complete=False)[1]:
        member = str(fault.path[0])
        if member in ITEMS[item]:
            faults.append(Fault(fault.code, (enrolling_form.field_of(member),), enrolling_form.said(fault.code, member)))
    if kind not in KINDS:
        faults.append(Fault(FaultCode.MISSING, ("kind",), enrolling_form.CHOOSE))
    if faults:
        raise Faulty(faults)
    words = needed(form, "words", NO_WORDS)
    changes = {enrolling_form.camel(name): _sent(declared, name) for name in ITEMS[item]}
    return {"kind": kind, "changes": changes, "words": words, "effectiveOn": _since(asked)}


def _sent(declared: Declared, name: str) -> str | None:
    """A text that is empty takes a part out of the record; what is one of a list cannot be taken out."""
    value: str | None = getattr(declared, name)
    return value if value is not None or name in ("sex", "marital_status") else ""


def _typed(asked: PageRequest) -> Mapping[str, Any]:
    _asked_for(asked)
    return {}


def _file(asked: PageRequest) -> Mapping[str, Any]:
    return keyed(asked, kind=asked.form["paper"] or "OTHER", **uploaded(asked, "file", NO_FILE))


def _stored(_: PageRequest, data: Data) -> Outcome:
    return Again("check", (("evidence", data["addEvidence"]["evidence"]["id"]),))


def _send(asked: PageRequest) -> Mapping[str, Any]:
    return keyed(asked, **_asked_for(asked), evidence=asked.form.all("evidence"))


def _sent_on(_: PageRequest, data: Data) -> Outcome:
    return f"/me/requests/{data['askForCorrection']['changeRequest']['id']}?done=sent"


_PATHS: Final[Mapping[str, str]] = {
    "changes": "words",
    "effectiveOn": "since",
    **{f"changes.{enrolling_form.camel(name)}": enrolling_form.field_of(name) for names in ITEMS.values() for name in names},
}


# --- requests


def _request(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    say, its = register_words.words(asked.tongue), data["me"]["changeRequest"]
    steps = [("submittedAt", _ASKED)]
    if its["decidedAt"]:
        steps.append(("decidedAt", _ENDS[its["state"]]))
    rows = say.changed(its["attributes"] or (), its["was"], its["becomes"])
    return {
        "known": say,
        "its": its,
        "rows": [row for row in rows if row[1] != row[2]],
        "steps": [(its[at], asked.tongue.say(text)) for at, text in steps],
        "state_tags": register_words.REQUEST_TAGS,
    }


_ASKED: Final = N_("The request was sent")
_ENDS: Final[Mapping[str, str]] = {
    "ACCEPTED": N_("It was accepted, and your record was changed"),
    "REJECTED": N_("It was not accepted"),
    "WITHDRAWN": N_("It was taken back"),
}


def _worded(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {"known": register_words.words(asked.tongue), "state_tags": register_words.REQUEST_TAGS}


PAGES: Final[Sequence[Page]] = (
    Page("/me/data", "citizen/data", Audience.CITIZEN, framed(), more=_record),
    Page(
        path="/me/data/{item}/wrong",
        name="citizen/wrong",
        audience=Audience.CITIZEN,
        variables=framed(),
        more=_wrong,
        upload_bytes=MAX_UPLOAD_BYTES,
        actions={
            "papers": Action(lambda *_: Again("papers"), variables=_typed),
            "back": Action(lambda *_: Again("")),
            "more": Action(lambda *_: Again("papers")),
            "check": Action(lambda *_: Again("check")),
            "upload": Action(
                _stored,
                "AddEvidence",
                _file,
                fields={"content": "file", "mediaType": "file", "kind": "paper"},
                messages={"INVALID": BAD_FILE, "CONFLICT": BAD_FILE},
            ),
            "send": Action(
                _sent_on,
                "AskForCorrection",
                _send,
                fields=_PATHS,
                messages={**enrolling_form.WRONG, "INVALID": SAME, "CONFLICT": CHANGED, "MISSING": enrolling_form.CHOOSE},
            ),
        },
    ),
    Page("/me/requests", "citizen/requests", Audience.CITIZEN, framed(), more=_worded),
    Page(
        path="/me/requests/{request}",
        name="citizen/request",
        audience=Audience.CITIZEN,
        variables=framed(lambda asked: {"id": asked.params["request"]}),
        needs="me.changeRequest",
        more=_request,
        actions={
            "ask": Action(lambda *_: Again("withdraw")),
            "withdraw": Action(
                "/me/requests/{request}?done=withdrawn",
                "WithdrawChangeRequest",
                lambda asked: keyed(asked, request=asked.params["request"]),
                fields={"request": ""},
                messages={"CONFLICT": DECIDED, "NOT_FOUND": DECIDED},
            ),
        },
    ),
)
