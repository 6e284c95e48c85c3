"""Pages on which an officer asks a person for consent, and sees what became of the consents that the agency asked for.

Whose a consent is, no page tells: neither addresses nor lists name a person.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
import segno

from access.consent_notices import LONGEST
from access.rights import Scope
from api.portal.agency_parts import basis_of, granted, purpose_of, purpose_page, subject_of
from api.portal.framework import N_, Action, Again, Audience, Data, Outcome, Page, PageRequest, Show
from api.portal.needing import needing, paged
from core.errors import Invalid, NotFound
from core.texts import LATIN_DIGITS

ANY_USE: Final = ("RELEASE", "MASK", "MATCH", "PREDICATE", "LINK")
TYPED: Final = ("subject", "attributes", "validDays", "uses", "per", "method", "reference")
MAX_DIGITS = 9
_FIELDS: Final = {**dict.fromkeys(("subject", "subject.idcs", "subject.token"), "subject"), "validTo": "validDays"}


def _notice(data: Data, purpose: str) -> Mapping[str, Any] | None:
    """The document of the notice that people are shown for that purpose; None where nobody can be asked."""
    if basis_of(data, purpose).article is not None:
        return None
    in_force = (its for its in data["myAgency"]["notices"] if its["inForce"] and its["purpose"] == purpose)
    notice = next(in_force, None)
    return None if notice is None else orjson.loads(notice["document"])


def _askable(data: Data) -> list[str]:
    return [purpose for purpose in data["me"]["purposes"] if _notice(data, purpose) is not None]


def _offered(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    purpose = purpose_of(asked, data)
    notice = _notice(data, purpose)
    if notice is None:
        raise NotFound("nobody is asked for consent for this purpose")
    named = [its for its in granted(data, basis_of(data, purpose), *ANY_USE) if its["name"] in notice["attributes"]]
    return {
        "offered": [(its["name"], its["labels"][asked.tongue.code]) for its in named],
        "longest": min(notice["longest_days"], LONGEST.days),
        "typed": TYPED,
    }


def _number(asked: PageRequest, name: str) -> int:
    typed = asked.form[name].strip().translate(LATIN_DIGITS)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= MAX_DIGITS):
        raise Invalid(N_("Type a whole number."), path=(name,))
    return int(typed)


def _wish(asked: PageRequest) -> Mapping[str, Any]:
    attributes, per = asked.form.all("attributes"), asked.form["per"]
    wish: dict[str, Any] = {"subject": subject_of(asked), "purpose": asked.params["purpose"], "attributes": attributes}
    if not attributes:
        raise Invalid(N_("Choose what you ask for."), path=("attributes",))
    wish["validDays"] = _number(asked, "validDays")
    if asked.form["uses"].strip():
        if not per:
            raise Invalid(N_("Say within which time."), path=("per",))
        wish["frequency"] = {"uses": _number(asked, "uses"), "per": per}
    if not asked.form["method"]:
        raise Invalid(N_("Choose how you reach the person."), path=("method",))
    return wish | {"method": asked.form["method"], "reference": asked.form["reference"].strip() or None}


def _previewed(_: PageRequest, data: Data) -> Outcome:
    return Show("agency/consent-preview", {"its": data["previewConsent"]["preview"], "typed": TYPED})


def _asked(asked: PageRequest, data: Data) -> Outcome:
    """The link is told once, with the answer; who was sent a message is no page's to tell."""
    made = data["requestConsent"]
    its = f"/agency/consents/{made['consent']['id']}"
    if made["link"] is None:
        return f"{its}?done=asked"
    code = segno.make(made["link"], error="m").svg_data_uri(scale=6, border=4, light="#fff")
    left = datetime.fromisoformat(made["consent"]["answerBy"]) - asked.now
    minutes = max(-(-int(left.total_seconds()) // 60), 0)
    return Show("agency/consent-link", {"its": made["consent"], "link": made["link"], "code": code, "minutes": minutes})


def _labels(_: PageRequest, data: Data) -> Mapping[str, Any]:
    return {"labels": {attribute["name"]: attribute["labels"] for attribute in data["catalogue"]}}


PAGES = (
    Page(
        path="/agency/consents",
        name="agency/consents",
        audience=Audience.OFFICER,
        variables=needing(Scope.CONSENT_REQUEST, paged),
    ),
    purpose_page("/agency/consents/new", "agency/consent-purpose", Scope.CONSENT_REQUEST, _askable),
    Page(
        path="/agency/consents/new/{purpose}",
        name="agency/consent-new",
        audience=Audience.OFFICER,
        variables=needing(Scope.CONSENT_REQUEST),
        more=_offered,
        actions={
            "preview": Action(_previewed, operation="Preview", variables=lambda asked: {"input": _wish(asked)}, fields=_FIELDS),
            "change": Action(lambda *_: Again("change")),
            "send": Action(
                _asked,
                operation="Send",
                variables=lambda asked: {"input": {**_wish(asked), "requestKey": asked.form["requestKey"]}},
                fields=_FIELDS,
            ),
        },
    ),
    Page(
        path="/agency/consents/{consent:uuid}",
        name="agency/consent",
        audience=Audience.OFFICER,
        variables=needing(Scope.CONSENT_REQUEST, lambda asked: {"id": asked.params["consent"]}),
        needs="consent",
        more=_labels,
    ),
)
