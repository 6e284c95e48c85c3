"""Pages of enrolment for staff: a request is taken down at a centre, with papers or witnesses, and decided on by somebody else.

A request is found by the number of its receipt, which stands in no address, or in the queue of what is due.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from access.rights import Scope
from api.portal import enrolling, enrolling_form
from api.portal.admin_agencies import only, step
from api.portal.files import MAX_UPLOAD_BYTES, uploaded
from api.portal.forms import needed
from api.portal.framework import N_, Action, Again, Audience, Data, Link, Outcome, Page, PageRequest, Viewer
from api.portal.needing import actor_of, needing
from api.portal.page import Variables
from api.portal.register_words import CODES, EVIDENCE_KINDS, words
from core.errors import Forbidden, Invalid
from core.texts import LATIN_DIGITS
from identity.enrolment_states import DECIDERS_REASONS

HOME: Final = "/admin/enrolments"
ENROL: Final = "/admin/enrol"
_THIS: Final = f"{HOME}/{{enrolment}}"
_MENDED: Final = {**enrolling_form.PATHS, "birth_date": "birth_year", "enrolment": ""}

STATES: Final[Mapping[str, str]] = {
    "DRAFT": N_("Not handed in yet"),
    "SUBMITTED": N_("Waits to be looked at"),
    "IN_REVIEW": N_("Being looked at"),
    "ACCEPTED": N_("Accepted"),
    "REJECTED": N_("Not accepted"),
}
TAGS: Final[Mapping[str, str]] = {
    "DRAFT": "plain",
    "SUBMITTED": "info",
    "IN_REVIEW": "warn",
    "ACCEPTED": "good",
    "REJECTED": "bad",
}
OPEN: Final = ("DRAFT", "SUBMITTED", "IN_REVIEW")
CHANNELS: Final[Mapping[str, str]] = {
    "ONLINE": N_("By themselves, online"),
    "CENTRE": N_("At a centre"),
    "FILE": N_("From a file"),
    "PACK": N_("By a mobile team"),
}
REASONS: Final[Mapping[str, str]] = {
    "LAPSED": N_("Not handed in within its time"),
    "DUPLICATE": N_("Is on record already"),
    "EVIDENCE_MISSING": N_("A paper is missing"),
    "EVIDENCE_DOUBTFUL": N_("A paper cannot be relied on"),
    "DATA_WRONG": N_("What was taken down does not agree with the papers"),
    "GUARDIAN_NOT_PROVEN": N_("It was not proven who the guardian is"),
    "NOT_RESIDENT": N_("Does not live in Morocco"),
    "WITHDRAWN": N_("The person took the request back"),
}
OBSTACLES: Final[Mapping[str, str]] = {
    "EVIDENCE_MISSING": N_("Papers are missing."),
    "TESTIMONY_MISSING": N_("Two registered persons have to vouch for the applicant."),
    "NOT_OPEN": N_("Nobody who lives there is enrolled today."),
    "CASE_OPEN": N_("It has to be decided first whether the applicant is on record already."),
    "FOUND_TWICE": N_("It was decided that the applicant is on record already: the request can only be refused."),
}
# What a witness may not be, in the words of the rule.
_WITNESSES: Final = (
    N_("a witness is registered, and the registration is active"),
    N_("a witness is of age"),
    N_("a witness answers for themselves"),
    N_("a witness is somebody else than the applicant"),
    N_("a witness is not reached where the applicant or another witness is"),
    N_("this witness has vouched for the applicant already"),
    N_("a witness vouches for at most 5 people a year"),
    N_("who the applicant is has to be written down first"),
)
_FILES: Final = (
    N_("the file is no PDF, JPEG or PNG"),
    N_("the file is damaged, or holds something besides"),
    N_("the file is not what it is said to be"),
    N_("the file is empty"),
)
OVERTAKEN: Final = N_("Somebody else has dealt with this request meanwhile. Look at it as it stands now.")
# What is wrong with a draft that is handed in, each beside the step where it is mended.
FAULTS: Final[Mapping[str, str]] = {
    **enrolling_form.WRONG,
    "MISSING": N_("An answer is missing."),
    "NOT_A_NUMBER": N_("This number is not right."),
    "NOT_A_CODE": N_("There is no such place or country."),
    "GUARDIAN_NEEDED": N_("A guardian who is registered is needed."),
    "NOT_REGISTERED": N_("Nobody who could be this has that identifier (IDCS)."),
    "TOO_YOUNG": N_("This person is too young for that."),
    "NOT_OPEN": N_("Nobody who lives there is enrolled today."),
    "CONFLICT": OVERTAKEN,
}
NOT_YOURS: Final = N_("you do not enrol who lives there")
NOBODYS: Final = N_("No request has this number, or it is of somebody who lives elsewhere. Look at the number again.")
WRONG_CODE: Final = N_("This code is wrong or too old. Have another one sent.")
_LINKS: Final = (
    (Scope.ENROLMENT_MAKE, Link(ENROL, N_("Enrol somebody"))),
    (None, Link(HOME, N_("Enrolments"))),
)


def navigation(viewer: Viewer) -> list[Link]:
    """What somebody of the registry's staff may open of enrolment."""
    scopes = actor_of(viewer).scopes
    any_of = scopes & {Scope.ENROLMENT_MAKE, Scope.ENROLMENT_DECIDE}
    return [link for scope, link in _LINKS if (scope in scopes if scope else any_of)]


def _either(variables: Variables) -> Variables:
    """The variables of a page for whoever takes requests down, or decides."""

    def asked_by(asked: PageRequest) -> Mapping[str, Any]:
        if not actor_of(asked.viewer).scopes & {Scope.ENROLMENT_MAKE, Scope.ENROLMENT_DECIDE}:
            raise Forbidden("this is for who enrols, or decides")
        return variables(asked)

    return asked_by


def _may(asked: PageRequest) -> Mapping[str, bool]:
    scopes = actor_of(asked.viewer).scopes
    rights = {"make": Scope.ENROLMENT_MAKE, "decide": Scope.ENROLMENT_DECIDE, "judge": Scope.DUPLICATE_DECIDE}
    return {name: scope in scopes for name, scope in rights.items()}


# --- taking a request down


def _find(asked: PageRequest) -> Mapping[str, Any]:
    return {"receipt": needed(asked.form, "number", N_("Enter the number of the receipt.")).translate(LATIN_DIGITS)}


def _found(_: PageRequest, data: Data) -> Outcome:
    return f"{HOME}/{data['enrolment']['id']}"


FINDING: Final = Action(
    _found, "Find", _find, fields={"enrolment": "number", "receipt": "number"}, messages={"INVALID": NOBODYS}
)


def _begin(asked: PageRequest) -> Mapping[str, Any]:
    lang = asked.form["lang"] if asked.form["lang"] in ("AR", "FR", "EN") else asked.lang
    return {"input": {"form": enrolling.given(asked), "lang": lang, "requestKey": asked.form["requestKey"]}}


def _amend(asked: PageRequest) -> Mapping[str, Any]:
    its = {"enrolment": asked.form["enrolment"], "form": enrolling.given(asked)}
    return {"input": its | {"requestKey": asked.form["requestKey"]}}


def _kept(_: PageRequest, data: Data) -> Outcome:
    made = data.get("beginEnrolment")
    if made is not None:
        return f"{HOME}/{made['enrolment']['id']}?done=begun"
    return f"{HOME}/{data['amendEnrolment']['enrolment']['id']}?done=amended"


def _keeping(operation: str, variables: Variables) -> Action:
    return Action(_kept, operation, variables, fields=_MENDED, messages=FAULTS)


def _asking(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    return {**enrolling.asked_for(asked, data), "carried": (*enrolling_form.CARRIED, "enrolment", "lang")}


# --- the queue


def _listed(asked: PageRequest) -> Mapping[str, Any]:
    return {"state": _state(asked), "after": asked.query.get("after")}


def _state(asked: PageRequest) -> str:
    """The chosen one; else what waits for who looks."""
    chosen = asked.query.get("state", "")
    return chosen if chosen in STATES else "SUBMITTED" if _may(asked)["decide"] else "DRAFT"


def _list(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    found = [edge["node"] for edge in data["enrolments"]["edges"]]
    late = {its["id"] for its in found if its["state"] in OPEN and _is_over(its["dueAt"], asked.now)}
    more = {"found": found, "late": late, "chosen": _state(asked), "states": STATES, "tags": TAGS, "channels": CHANNELS}
    return {"words": words(asked.tongue), "may": _may(asked), **more}


def _is_over(due: str | None, now: datetime) -> bool:
    return due is not None and datetime.fromisoformat(due) < now


# --- one request


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    its, known = data["enrolment"], words(asked.tongue)
    form = its["form"]
    return {
        "its": its,
        "words": known,
        "may": _may(asked),
        "lines": [] if form is None else known.lines(form["person"]),
        "codes": CODES,
        "typed": {} if form is None else enrolling_form.fields_of(form, its["basis"]),
        "states": STATES,
        "tags": TAGS,
        "channels": CHANNELS,
        "reasons": REASONS,
        "given_reasons": [(code, asked.tongue.say(text)) for code, text in REASONS.items() if code in DECIDERS_REASONS],
        "obstacles": [OBSTACLES[each] for each in its["obstacles"]],
        "open": its["state"] in OPEN,
        "step_of": enrolling_form.step_of,
    }


def _request(asked: PageRequest) -> Mapping[str, Any]:
    return {"id": asked.params["enrolment"]}


def _this(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"enrolment": asked.params["enrolment"], "requestKey": asked.form["requestKey"]}}


def _refusal(asked: PageRequest) -> Mapping[str, Any]:
    reason = needed(asked.form, "reason", N_("Choose a reason."))
    return {"input": {**_this(asked)["input"], "reason": reason}}


# --- papers and witnesses


def _paper(asked: PageRequest) -> Mapping[str, Any]:
    kind = needed(asked.form, "kind", N_("Choose what the file shows."))
    if kind not in EVIDENCE_KINDS:
        raise Invalid(N_("Choose what the file shows."), path=("kind",))
    its = {"person": asked.params["enrolment"], "kind": kind, **uploaded(asked, "file", N_("Choose a file."))}
    return {"input": its | {"requestKey": asked.form["requestKey"]}}


def _witness(asked: PageRequest) -> Mapping[str, Any]:
    idcs = needed(asked.form, "idcs", N_("Enter the witness's identifier (IDCS)."))
    return {"input": {"enrolment": asked.params["enrolment"], "idcs": idcs, "requestKey": asked.form["requestKey"]}}


def _sent(_: PageRequest, data: Data) -> Outcome:
    its = data["askForTestimony"]
    return Again("code", typed=(("challenge", its["challenge"]),))


def _vouching(asked: PageRequest) -> Mapping[str, Any]:
    code = needed(asked.form, "code", N_("Enter the code."))
    its = {"challenge": asked.form["challenge"], "code": code.translate(LATIN_DIGITS)}
    return {"input": its | {"requestKey": asked.form["requestKey"]}}


def _kinds(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    """What may be given for a request, with what is needed first."""
    known = words(asked.tongue)
    missing = [kind for kinds in data["enrolment"]["evidenceNeeded"] for kind in kinds]
    order = sorted(EVIDENCE_KINDS, key=lambda kind: kind not in missing)
    return {"its": data["enrolment"], "words": known, "kinds": [(kind, known.evidence[kind]) for kind in order]}


PAGES: Final = (
    Page(
        path=ENROL,
        name="admin/enrol-form",
        audience=Audience.STAFF,
        more=only(Scope.ENROLMENT_MAKE, _asking),
        secrets=frozenset(),
        actions={
            **enrolling.STEPPING,
            "keep": _keeping("BeginEnrolment", _begin),
            "amend": _keeping("AmendEnrolment", _amend),
            "find": FINDING,
        },
    ),
    Page(
        path=HOME,
        name="admin/enrolments",
        audience=Audience.STAFF,
        variables=_either(_listed),
        more=_list,
        actions={"find": FINDING},
    ),
    Page(
        path=_THIS,
        name="admin/enrolment",
        audience=Audience.STAFF,
        variables=_either(_request),
        needs="enrolment",
        more=_one,
        actions={
            "ask-reject": step("reject"),
            "submit": Action(f"{_THIS}/receipt", "SubmitEnrolment", _this, fields=_MENDED, messages=FAULTS),
            "review": Action(
                f"{_THIS}?done=taken", "ReviewEnrolment", _this, fields={"enrolment": ""}, messages={"CONFLICT": OVERTAKEN}
            ),
            "accept": Action(
                f"{_THIS}?done=accepted",
                "AcceptEnrolment",
                _this,
                fields=_MENDED,
                messages={**FAULTS, **OBSTACLES},
            ),
            "reject": Action(
                f"{_THIS}?done=rejected",
                "RejectEnrolment",
                _refusal,
                fields={"enrolment": ""},
                messages={"CONFLICT": OVERTAKEN},
            ),
        },
    ),
    Page(
        path=f"{_THIS}/receipt",
        name="admin/enrol-receipt",
        audience=Audience.STAFF,
        variables=_either(_request),
        needs="enrolment",
        more=lambda asked, data: {"its": data["enrolment"], "words": words(asked.tongue)},
    ),
    Page(
        path=f"{_THIS}/papers",
        name="admin/enrol-paper",
        audience=Audience.STAFF,
        variables=needing(Scope.ENROLMENT_MAKE, _request),
        needs="enrolment",
        more=_kinds,
        upload_bytes=MAX_UPLOAD_BYTES,
        actions={
            "add": Action(
                f"{_THIS}?done=paper",
                "AddEvidence",
                _paper,
                fields={"content": "file", "mediaType": "file", "person": "", "request": ""},
            )
        },
    ),
    Page(
        path=f"{_THIS}/witness",
        name="admin/enrol-witness",
        audience=Audience.STAFF,
        variables=needing(Scope.ENROLMENT_MAKE, _request),
        needs="enrolment",
        more=lambda _, data: {"its": data["enrolment"]},
        actions={
            "ask": Action(_sent, "AskForTestimony", _witness, fields={"enrolment": ""}, messages={}),
            "give": Action(
                f"{_THIS}?done=witness",
                "GiveTestimony",
                _vouching,
                fields={"witness": "", "challenge": "code"},
                messages={"INVALID": WRONG_CODE},
            ),
        },
    ),
)
