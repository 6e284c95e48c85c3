"""Forms in which agreements, legal mandates and notices are written, as documents, and documents as such forms. Pure.

A form says days, a document instants: a day begins and ends as it does in Morocco, and the last day counts.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from access.catalogue import CATALOGUE, LANGS, Use
from access.territory import division_code
from api.portal.forms import Form, needed
from api.portal.languages import N_
from core.dates import CIVIL_ZONE
from core.errors import Invalid
from core.texts import LATIN_DIGITS

PARTS: Final = ("title", "body", "why")
POINTS, OF_SUBJECT, OF_AGENCY = 6_000, 5, 200  # what a first agreement is offered with
DATA_LIFE_DAYS, LONGEST_DAYS = 365, 365
LONGEST_FIGURE = 10  # digits
Document = dict[str, Any]
Draft = Mapping[str, Any]


# --- parts of forms


def day(form: Form, name: str, message: str) -> date:
    """Raises Invalid where there is no day."""
    try:
        return date.fromisoformat(form[name].strip().translate(LATIN_DIGITS))
    except ValueError:
        raise Invalid(message, path=(name,)) from None


def begins(form: Form, name: str = "valid_from") -> datetime:
    """The instant at which that day begins."""
    return _midnight(day(form, name, N_("Say on which day it begins.")))


def ends(form: Form, name: str = "valid_to") -> datetime:
    """The instant at which that day ends. Raises Invalid where the last day there is has no end here."""
    try:
        return _midnight(day(form, name, N_("Say until which day it holds.")) + timedelta(days=1))
    except OverflowError:
        raise Invalid(N_("Say until which day it holds."), path=(name,)) from None


def _midnight(of: date) -> datetime:
    return datetime.combine(of, time(), CIVIL_ZONE).astimezone(UTC)


def figure(form: Form, name: str) -> int:
    """A whole number, in whichever digits. Raises Invalid for what is none."""
    typed = re.sub(r"[\s.,\u202f]", "", form[name].translate(LATIN_DIGITS))
    if not typed.isascii() or not typed.isdigit() or len(typed) > LONGEST_FIGURE or not int(typed):
        raise Invalid(N_("Enter a whole number."), path=(name,))
    return int(typed)


def ticked(form: Form, name: str, message: str, known: Iterable[str]) -> list[str]:
    found = sorted(set(form.all(name)) & set(known))
    if not found:
        raise Invalid(message, path=(name,))
    return found


def _last_day_of(instant: str) -> str:
    before = datetime.fromisoformat(instant) - timedelta(microseconds=1)
    return before.astimezone(CIVIL_ZONE).date().isoformat()


# --- agreements


def agreement(form: Form, purposes: Iterable[str]) -> Document:
    """Raises Invalid with the field that is to be mended."""
    attributes = {name: _term(form, name) for name in CATALOGUE if form.all(f"uses-{name}")}
    named = ticked(form, "purposes", N_("Tick at least one purpose."), purposes)
    if not attributes:
        raise Invalid(N_("Tick what is granted of at least one attribute."), path=("attributes",))
    return {
        "agency": form["agency"],
        "version": figure(form, "version"),
        "purposes": named,
        "attributes": attributes,
        "points_per_minute": figure(form, "points_per_minute"),
        "failures_per_hour": {"subject": figure(form, "failures_subject"), "agency": figure(form, "failures_agency")},
        "tells_status": form["tells_status"] == "yes",
        "territory": _territory(form),
        "valid_from": begins(form).isoformat(),
        "valid_to": ends(form).isoformat(),
    }


def _term(form: Form, name: str) -> Document:
    uses = sorted(set(form.all(f"uses-{name}")) & CATALOGUE[name].uses)
    term: Document = {"uses": uses}
    if Use.MATCH in uses:
        if form[f"level-{name}"] == "CLOSE":
            term["level"] = "CLOSE"
        if f"verdict-{name}" in form:
            term["verdict"] = True
    return term


def _territory(form: Form) -> list[str] | None:
    if form["where"] != "within":
        return None
    codes = [*form.all("regions"), *re.split(r"[\s,;،]+", form["divisions"].translate(LATIN_DIGITS))]
    found = sorted({code for code in codes if code})
    try:
        for code in found:
            division_code(code)
    except Invalid:
        raise Invalid(
            N_("Write the codes of divisions with blanks between them, such as 04.421."), path=("divisions",)
        ) from None
    if not found:
        raise Invalid(N_("Say at least one part of the country."), path=("where",))
    return found


def of_agreement(document: Mapping[str, Any] | None, now: datetime) -> Draft:
    """What the form says before anything is typed: the document that it is to take the place of, from today on."""
    today = now.astimezone(CIVIL_ZONE).date()
    first: Document = {"purposes": (), "attributes": {}, "points_per_minute": POINTS, "territory": None, "tells_status": False}
    its = first | {"failures_per_hour": {"subject": OF_SUBJECT, "agency": OF_AGENCY}} | dict(document or {})
    divisions = its["territory"] or ()
    return {
        **{name: its[name] for name in ("purposes", "attributes", "points_per_minute")},
        "failures_subject": its["failures_per_hour"]["subject"],
        "failures_agency": its["failures_per_hour"]["agency"],
        "tells_status": "yes" if its["tells_status"] else "no",
        "where": "everywhere" if its["territory"] is None else "within",
        "regions": [code for code in divisions if "." not in code],
        "divisions": " ".join(code for code in divisions if "." in code),
        "valid_from": today.isoformat(),
        "valid_to": _last_day_of(its["valid_to"]) if "valid_to" in its else _a_year_after(today).isoformat(),
    }


def _a_year_after(today: date) -> date:
    return today + timedelta(days=364)


# --- mandates


def mandate(form: Form, purposes: Iterable[str]) -> Document:
    """Raises Invalid with the field that is to be mended."""
    if form["purpose"] not in set(purposes):
        raise Invalid(N_("Choose a purpose."), path=("purpose",))
    document: Document = {
        "agency": form["agency"],
        "purpose": form["purpose"],
        "article": needed(form, "article", N_("Name the law and its article.")),
        "attributes": ticked(form, "attributes", N_("Tick at least one attribute."), CATALOGUE),
        "disclosure": form["disclosure"] or "IMMEDIATE",
        "valid_from": begins(form).isoformat(),
        "valid_to": ends(form).isoformat(),
    }
    if document["disclosure"] == "DELAYED":
        document["disclosure_days"] = figure(form, "disclosure_days")
    return document


def of_mandate(now: datetime) -> Draft:
    today = now.astimezone(CIVIL_ZONE).date()
    return {"valid_from": today.isoformat(), "valid_to": _a_year_after(today).isoformat()}


# --- notices


def notice(form: Form, purposes: Iterable[str]) -> Document:
    """Raises Invalid with the field that is to be mended. `next-PURPOSE` in the form: the version that it would be."""
    purpose = form["purpose"]
    if purpose not in set(purposes):
        raise Invalid(N_("Choose a purpose."), path=("purpose",))
    asked = {
        "title": N_("Write the title."),
        "body": N_("Write the text."),
        "why": N_("Write what the data are needed for."),
    }
    return {
        "agency": form["agency"],
        "purpose": purpose,
        "version": figure(form, f"next-{purpose}") if f"next-{purpose}" in form else 1,
        "texts": {lang: {part: needed(form, f"{part}-{lang}", asked[part]) for part in PARTS} for lang in LANGS},
        "attributes": ticked(form, "attributes", N_("Tick at least one attribute."), CATALOGUE),
        "data_life_days": figure(form, "data_life_days"),
        "longest_days": figure(form, "longest_days"),
        "valid_from": begins(form).isoformat(),
    }


def of_notice(document: Mapping[str, Any] | None, now: datetime) -> Draft:
    """As `of_agreement`, of a notice."""
    first: Document = {"purpose": "", "attributes": (), "data_life_days": DATA_LIFE_DAYS, "longest_days": LONGEST_DAYS}
    its = first | {"texts": {lang: dict.fromkeys(PARTS, "") for lang in LANGS}} | dict(document or {})
    kept = {name: its[name] for name in (*first, "texts")}
    return kept | {"valid_from": now.astimezone(CIVIL_ZONE).date().isoformat()}


# Where a form has another name for what a refusal calls by its place in the document.
FIELDS: Final[Mapping[str, str]] = {
    "document.failures_per_hour.subject": "failures_subject",
    "document.failures_per_hour.agency": "failures_agency",
    "document.territory": "divisions",
    "document.version": "valid_from",
    "document.agency": "valid_from",
    "document": "valid_from",
    **{f"document.texts.{lang}.{part}": f"{part}-{lang}" for lang in LANGS for part in PARTS},
}
