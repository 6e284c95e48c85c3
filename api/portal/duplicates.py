"""Pages of records that may be of one person: the queue, both side by side, what is decided, merging and taking that back.

How each field compared is said in words. Two registered records become one only by a proposal that somebody else approves.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from access.call import Purpose
from access.rights import Scope
from api.portal.admin_agencies import proposed
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Link, Page, PageRequest, Viewer
from api.portal.needing import actor_of, needing, paged
from api.portal.register_words import CODES, RegisterWords, words
from core.errors import Invalid
from identity.duplicate_cases import GIVEN, CaseReason
from identity.duplicates import rules

HOME: Final = "/admin/duplicates"
_CASE: Final = f"{HOME}/{{case}}"
MERGES: Final = "/admin/merges"

ORIGINS: Final[Mapping[str, str]] = {
    "COMPARISON": N_("The comparison of records"),
    "BIOMETRIC": N_("A comparison of faces or fingers"),
    "STAFF": N_("Staff"),
}
OUTCOMES: Final[Mapping[str, str]] = {"SAME": N_("Very likely one person"), "REVIEW": N_("Perhaps one person")}
OUTCOME_TAGS: Final[Mapping[str, str]] = {"SAME": "bad", "REVIEW": "warn"}
STATES: Final[Mapping[str, str]] = {
    "OPEN": N_("Waits for a decision"),
    "DIFFERENT": N_("Two people"),
    "SAME": N_("One person"),
}
STATE_TAGS: Final[Mapping[str, str]] = {"OPEN": "info", "DIFFERENT": "good", "SAME": "bad"}
REASONS: Final[Mapping[str, str]] = {
    "TWINS": N_("They are twins"),
    "RELATIVES": N_("They are relatives"),
    "NAMESAKES": N_("They have the same name by chance"),
    "PAPERS": N_("The papers show it"),
    "INTERVIEW": N_("The people were heard"),
    "BIOMETRICS": N_("Faces or fingers were compared"),
    "MERGED": N_("The records were merged"),
}
_OF_TWO: Final = ("TWINS", "RELATIVES", "NAMESAKES")
AGREEMENTS: Final[Mapping[str, str]] = {
    "EXACT": N_("Agrees"),
    "ALIKE": N_("Agrees by its sound"),
    "CLOSE": N_("Close: a slip of the pen"),
    "PART": N_("Close: a part of the name"),
    "SWAPPED": N_("Close: swapped"),
    "ONE_PART": N_("Close: the day or the month differs"),
    "PARTIAL": N_("Agrees as far as both are known"),
    "OTHER_YEAR": N_("Close: the year before or after"),
    "YEAR": N_("Only the year agrees"),
    "NEAR": N_("Close: in one province"),
    "DIFFERENT": N_("Differs"),
    "UNKNOWN": N_("Absent in one at least"),
}
AGREEMENT_TAGS: Final[Mapping[str, str]] = {
    "EXACT": "good",
    "ALIKE": "good",
    "PARTIAL": "good",
    "YEAR": "warn",
    "DIFFERENT": "bad",
    "UNKNOWN": "plain",
}
# What is compared, with the attribute of the record that shows it, in the order in which people read it.
FIELDS: Final[Mapping[str, str]] = {
    "GIVEN_NAME": "person.given_name",
    "FAMILY_NAME": "person.family_name",
    "BIRTH_DATE": "person.birth_date",
    "BIRTH_PLACE": "person.birth_place",
    "SEX": "person.sex",
    "FATHER": "person.father_name",
    "MOTHER": "person.mother_name",
    "CNIE": "person.cnie",
    "PERMIT": "person.residence_permit",
    "TELEPHONE": "person.telephone",
    "RESIDENCE": "person.residence",
}
UNWEIGHED: Final = N_("No weight: it was not found by comparing the records.")
# The least weight, in thousandths of a bit, of which each can be said.
WEIGHTS: Final = (
    (25_000, N_("Very much speaks for one person")),
    (12_500, N_("Much speaks for one person")),
    (0, N_("Some of it speaks for one person, some against it")),
)
LITTLE: Final = N_("More speaks against one person than for it")
DECIDED: Final = N_("This was decided meanwhile, or it cannot be decided so. Look at it as it stands now.")


def navigation(viewer: Viewer) -> list[Link]:
    """What somebody of the registry's staff may open of duplicates."""
    return [Link(HOME, N_("Duplicates"))] if Scope.DUPLICATE_DECIDE in actor_of(viewer).scopes else []


def _list(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    found = [edge["node"] for edge in data["duplicates"]["edges"]]
    return {"found": found, "words": words(asked.tongue), **_SAID}


_SAID: Final[Mapping[str, Any]] = {
    "origins": ORIGINS,
    "outcomes": OUTCOMES,
    "outcome_tags": OUTCOME_TAGS,
    "states": STATES,
    "state_tags": STATE_TAGS,
    "reasons": REASONS,
}


# --- one case


def _one(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    its, known = data["duplicate"], words(asked.tongue)
    compared = {each["field"]: each["agreement"] for each in its["fields"]}
    scopes = actor_of(asked.viewer).scopes
    return {
        "its": its,
        "words": known,
        "rows": _rows(known, its),
        "guardians": compared.get("GUARDIANS"),
        "agreements": AGREEMENTS,
        "agreement_tags": {code: AGREEMENT_TAGS.get(code, "warn") for code in AGREEMENTS},
        "weight": _weight(its["weight"]),
        "two": _reasons(asked, GIVEN),
        "one": _reasons(asked, (reason for reason in GIVEN if reason not in _OF_TWO)),
        "may_merge": Scope.PERSON_MERGE in scopes,
        "undo_days": rules().undo.days,
        **_SAID,
    }


def _rows(known: RegisterWords, its: Data) -> list[Mapping[str, Any]]:
    """What is compared, line by line: what both records say, and how that compares; then what is shown besides."""
    compared = {FIELDS[each["field"]]: each["agreement"] for each in its["fields"] if each["field"] in FIELDS}
    one, other = (dict(known.lines(side["person"] or {})) for side in its["sides"])
    order = [*FIELDS.values(), *(attribute for attribute in one if attribute not in FIELDS.values())]
    found: list[Mapping[str, Any]] = []
    for attribute in order:
        values, agreement = (one.get(attribute, []), other.get(attribute, [])), compared.get(attribute)
        if attribute != "person.idcs" and (any(values) or agreement):
            label = known.names.attributes[attribute]
            found.append({"label": label, "texts": values, "code": attribute in CODES, "agreement": agreement})
    return found


def _weight(weight: int | None) -> str:
    if weight is None:
        return UNWEIGHED
    return next((text for least, text in WEIGHTS if weight >= least), LITTLE)


def _reasons(asked: PageRequest, codes: Iterable[CaseReason]) -> list[tuple[str, str]]:
    chosen = {str(code) for code in codes}
    return [(code, asked.tongue.say(text)) for code, text in REASONS.items() if code in chosen]


def _decision(decision: str, field: str) -> Any:
    def variables(asked: PageRequest) -> Mapping[str, Any]:
        reason = needed(asked.form, field, N_("Choose on what you decide it."))
        if reason not in set(CaseReason):
            raise Invalid(N_("Choose on what you decide it."), path=(field,))
        its = {"duplicate": asked.params["case"], "decision": decision, "reason": reason}
        return {"input": its | {"requestKey": asked.form["requestKey"]}}

    return variables


def _merge(asked: PageRequest) -> Mapping[str, Any]:
    """Which record stays is chosen; the other one of the case goes."""
    survivor = needed(asked.form, "survivor", N_("Choose which record stays."))
    others = [side for side in asked.form.all("side") if side != survivor]
    if len(others) != 1:
        raise Invalid(N_("Choose which record stays."), path=("survivor",))
    its = {"survivor": survivor, "retired": others[0], "case": asked.params["case"]}
    return {"input": its | {"requestKey": asked.form["requestKey"]}}


# --- papers, and taking a merge back


def _about(asked: PageRequest) -> Mapping[str, Any]:
    return {"id": asked.params["case"]}


def _record(asked: PageRequest) -> Mapping[str, Any]:
    return {"id": asked.params["person"], "purpose": Purpose.CASE_REVIEW.value}


def _undo(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"retired": asked.form["retired"], "requestKey": asked.form["requestKey"]}}


def _papers(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"files": data["evidenceOf"], "words": words(asked.tongue), "person": asked.params["person"]}


_OVER: Final = {"CONFLICT": DECIDED}

PAGES: Final = (
    Page(
        path=HOME,
        name="admin/duplicates",
        audience=Audience.STAFF,
        variables=needing(Scope.DUPLICATE_DECIDE, paged),
        more=_list,
    ),
    Page(
        path=_CASE,
        name="admin/duplicate",
        audience=Audience.STAFF,
        variables=needing(Scope.DUPLICATE_DECIDE, _about),
        needs="duplicate",
        more=_one,
        actions={
            "different": Action(
                f"{_CASE}?done=decided",
                "DecideDuplicate",
                _decision("DIFFERENT", "two"),
                fields={"reason": "two", "case": "", "duplicate": ""},
                messages=_OVER,
            ),
            "same": Action(
                f"{_CASE}?done=decided",
                "DecideDuplicate",
                _decision("SAME", "one"),
                fields={"reason": "one", "case": "", "duplicate": ""},
                messages=_OVER,
            ),
            "merge": Action(
                proposed("mergePersons"),
                "MergePersons",
                _merge,
                fields={"retired": "survivor", "case": "", "person": "", "divisions": ""},
                messages=_OVER,
            ),
        },
    ),
    Page(
        path=f"{_CASE}/papers/{{person}}",
        name="admin/duplicate-papers",
        audience=Audience.STAFF,
        variables=needing(Scope.DUPLICATE_DECIDE, lambda asked: {"person": asked.params["person"]}),
        more=_papers,
    ),
    Page(
        path=f"{MERGES}/{{person}}",
        name="admin/merges",
        audience=Audience.STAFF,
        variables=needing(Scope.PERSON_MERGE, _record),
        needs="personRecord",
        more=lambda asked, data: {"its": data["personRecord"], "words": words(asked.tongue)},
        actions={
            "undo": Action(
                proposed("undoMerge"),
                "UndoMerge",
                _undo,
                fields={"retired": "", "alias": "", "person": ""},
                messages={"CONFLICT": N_("This cannot be taken back, or was meanwhile. Look at it as it stands now.")},
            )
        },
    ),
)
