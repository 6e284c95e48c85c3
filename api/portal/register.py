"""Pages of the register for staff: somebody found, their record with its history, and where people are enrolled.

Nobody browses: one finds somebody by a number, or by name and birth, and says what for. What is typed stands in no address.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from access.call import Purpose
from access.rights import Scope
from api.portal import register_acts, register_changes
from api.portal.admin_agencies import only
from api.portal.forms import needed
from api.portal.framework import N_, Action, Audience, Data, Link, Outcome, Page, PageRequest, Show, Viewer
from api.portal.needing import actor_of, needing
from api.portal.register_parts import HOME, PURPOSES, birth_date, day_of, may, moment_of, purpose_of
from api.portal.register_words import CODES, OPEN_STATES, REQUEST_TAGS, STATUS_TAGS, RegisterWords, words
from api.portal.words import names
from core.dates import CIVIL_ZONE
from core.errors import Invalid
from core.texts import LATIN_DIGITS

OPENINGS: Final = "/admin/openings"
NUMBERS: Final[Mapping[str, str]] = {
    "idcs": N_("Identifier (IDCS)"),
    "cnie": N_("Identity card (CNIE)"),
    "residencePermit": N_("Residence permit"),
    "telephone": N_("Telephone"),
    "receipt": N_("Receipt of a request"),
}
NOT_SO: Final = N_("This cannot be looked for as it is typed. Look at it again.")
SAY_PURPOSE: Final = N_("Choose what you need it for.")
_LINKS: Final = (
    (Scope.PERSON_SEARCH, Link(HOME, N_("People"))),
    (Scope.CHANGE_DECIDE, Link(register_changes.QUEUE, N_("Requests"))),
    (Scope.ENROLMENT_OPEN, Link(OPENINGS, N_("Where people are enrolled"))),
)


def navigation(viewer: Viewer) -> Sequence[Link]:
    """What somebody of the registry's staff may open of the register."""
    scopes = actor_of(viewer).scopes
    return [link for scope, link in _LINKS if scope in scopes]


# --- search


def _sought(asked: PageRequest) -> Mapping[str, Any]:
    form = asked.form
    number, name, birth = (form[field].strip() for field in ("number", "name", "birthDate"))
    purpose = form["purpose"]
    if purpose not in PURPOSES:
        raise Invalid(SAY_PURPOSE, path=("purpose",))
    if number and (name or birth):
        raise Invalid(N_("Search by a number, or by name and birth: not by both."), path=("number",))
    if number:
        kind = form["kind"] if form["kind"] in NUMBERS else "idcs"
        return {"by": {"purpose": purpose, kind: number.translate(LATIN_DIGITS)}}
    if not name and not birth:
        raise Invalid(N_("Enter a number, or a name with the date of birth."), path=("number",))
    name = needed(form, "name", N_("Enter the name."))
    birth = needed(form, "birthDate", N_("Enter the date of birth, or its year alone."))
    return {"by": {"purpose": purpose, "name": name, "birthDate": birth_date(birth)}}


def _searching(asked: PageRequest, _: Data) -> Mapping[str, Any]:
    return {"words": words(asked.tongue), "purposes": PURPOSES, "numbers": NUMBERS, "found": None}


def _found(asked: PageRequest, data: Data) -> Outcome:
    found = data["searchPersons"]["edges"]
    more = {"found": found, "status_tags": STATUS_TAGS, "purpose": asked.form["purpose"]}
    return Show("admin/search", {**_searching(asked, data), **more})


# --- the record


def _opened(asked: PageRequest) -> Mapping[str, Any]:
    purpose, at = purpose_of(asked), _as_of(asked)
    return {
        "id": asked.params["person"],
        "purpose": purpose or Purpose.CASE_REVIEW.value,
        "at": None if at is None else at.isoformat(),
        "open": purpose is not None,
        "then": at is not None,
        "evidence": bool(actor_of(asked.viewer).scopes & {Scope.CHANGE_REQUEST, Scope.CHANGE_DECIDE, Scope.STATUS_CHANGE}),
        "after": asked.query.get("after"),
    }


def _as_of(asked: PageRequest) -> datetime | None:
    """The end of the day that is asked for, or now where that is today; None for no day, and for one to come."""
    try:
        day = date.fromisoformat(asked.query.get("asOf", "").strip().translate(LATIN_DIGITS))
        at = datetime.combine(day + timedelta(days=1), time.min, CIVIL_ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at <= asked.now else None


def _record(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known, its = words(asked.tongue), data.get("personRecord")
    more: dict[str, Any] = {"words": known, "purposes": PURPOSES, "purpose": purpose_of(asked), "its": its, "may": may(asked)}
    if its is None:
        return more
    at = _as_of(asked)
    more |= {"as_of": at, "as_of_day": asked.query.get("asOf", ""), "status_tags": STATUS_TAGS, "tags": REQUEST_TAGS}
    more |= {"known": [] if its["person"] is None else _values(known, its), "steps_back": OPEN_STATES}
    if at is None:
        more["history"] = [_entry(known, edge["node"]) for edge in its["history"]["edges"]]
        more["requests"] = its["changeRequests"]
        more["asked_now"] = next((each for each in its["changeRequests"] if each["id"] == asked.query.get("request")), None)
    return more


def _values(known: RegisterWords, its: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the record says, line by line, each with where it comes from."""
    sources = {each["attribute"]: each for each in its.get("provenance") or ()}
    return [
        {
            "attribute": attribute,
            "label": known.names.attributes[attribute],
            "said": said,
            "code": attribute in CODES,
            "changed_here": attribute in register_changes.PARTS,
            "from": sources.get(attribute),
        }
        for attribute, said in known.lines(its["person"])
    ]


def _entry(known: RegisterWords, its: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**its, "rows": known.changed(its["attributes"], its["was"], its["becomes"])}


def _withdrawal(asked: PageRequest) -> Mapping[str, Any]:
    return {"input": {"request": asked.form["request"], "requestKey": asked.form["requestKey"]}}


def _withdrawn(asked: PageRequest, _: Data) -> Outcome:
    return f"{HOME}/{asked.params['person']}?purpose={purpose_of(asked) or Purpose.CASE_REVIEW.value}&done=withdrawn"


# --- where people are enrolled


def _places(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    known = words(asked.tongue)
    told = [{**each, "place": known.place(each["division"]), "state": _stands(each, asked.now)} for each in data["openings"]]
    return {"names": names(asked.tongue), "told": told, "today": moment_of(asked.now).date().isoformat()}


def _stands(its: Mapping[str, Any], now: datetime) -> str:
    if its["open"]:
        return "open"
    return "coming" if date.fromisoformat(its["opensOn"]) > moment_of(now).date() else "closed"


def _said(asked: PageRequest) -> Mapping[str, Any]:
    given = {"division": needed(asked.form, "division", N_("Choose a region, province or prefecture."))}
    on = day_of(needed(asked.form, "on", N_("Enter the day.")), "on")
    return {"input": given | {"on": on.isoformat(), "requestKey": asked.form["requestKey"]}}


PAGES: Final = (
    Page(
        path=HOME,
        name="admin/search",
        audience=Audience.STAFF,
        more=only(Scope.PERSON_SEARCH, _searching),
        actions={
            "search": Action(
                _found,
                "Search",
                _sought,
                fields={f"by.{kind}": "number" for kind in NUMBERS} | {"by": "number"},
                messages={"INVALID": NOT_SO},
            )
        },
    ),
    Page(
        path=f"{HOME}/{{person}}",
        name="admin/record",
        audience=Audience.STAFF,
        variables=needing(Scope.PERSON_SEARCH, _opened),
        more=_record,
        actions={"withdraw": Action(_withdrawn, "WithdrawChangeRequest", _withdrawal, fields={"request": ""})},
    ),
    *register_acts.PAGES,
    *register_changes.PAGES,
    Page(
        path=OPENINGS,
        name="admin/openings",
        audience=Audience.STAFF,
        variables=needing(Scope.ENROLMENT_OPEN),
        more=_places,
        actions={
            "open": Action(f"{OPENINGS}?done=opened", "OpenEnrolment", _said),
            "close": Action(f"{OPENINGS}?done=closed", "CloseEnrolment", _said),
        },
    ),
)
