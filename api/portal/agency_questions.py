"""Pages on which an officer asks about one person: look up, verify.

Purpose first, then whom and what. What is typed is sent in the form and asked at once: it stands in no address, and the answer
is shown to whoever asked, once.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from access.catalogue import Lang
from access.rights import Scope
from api.portal.agency_parts import basis_of, granted, purpose_of, purpose_page, subject_of
from api.portal.framework import N_, Action, Again, Audience, Data, Outcome, Page, PageRequest, Show
from api.portal.needing import needing
from core.canonical import bytes64
from core.errors import Invalid
from core.texts import LATIN_DIGITS
from identity.codes import MARITAL_STATUS, NATIONALITY, SEX

# What can be looked up: the variable of the document that asks for it, and where the answer has it.
_LOOKED_UP: Final[Mapping[str, tuple[str, str]]] = {
    "person.idcs": ("idcs", "idcs"),
    "person.token": ("token", "token"),
    "person.status": ("status", "status"),
    "person.given_name": ("givenName", "name.given"),
    "person.family_name": ("familyName", "name.family"),
    "person.birth_date": ("birthDate", "birthDate"),
    "person.birth_place": ("birthPlace", "birthPlace"),
    "person.father_name": ("fatherName", "fatherName"),
    "person.mother_name": ("motherName", "motherName"),
    "person.sex": ("sex", "sex"),
    "person.marital_status": ("maritalStatus", "maritalStatus"),
    "person.nationality": ("nationality", "nationality"),
    "person.cnie": ("cnie", "cnie"),
    "person.residence_permit": ("residencePermit", "residencePermit"),
    "person.residence": ("residence", "residence"),
    "person.address": ("address", "address"),
    "person.telephone": ("telephone", "telephone"),
    "person.email": ("email", "email"),
}
# What can be claimed, in the order in which people say it; a form's field is called as the attribute, without its kind.
_CLAIMED: Final = (
    *("given_name", "family_name", "birth_date", "birth_place", "sex", "marital_status", "nationality"),
    *("cnie", "residence_permit", "residence", "address", "telephone", "email"),
)
_DAY_FIRST = re.compile(r"(\d{1,2})[\s./-]+(\d{1,2})[\s./-]+(\d{4})", re.ASCII)
_CODES: Final = {"sex": SEX, "marital_status": MARITAL_STATUS, "nationality": NATIONALITY}


def codes(lang: Lang) -> Mapping[str, Mapping[str, str]]:
    """The labels of codes about people: attribute, code, label."""
    return {name: {code: labels[lang] for code, labels in table.labels.items()} for name, table in _CODES.items()}


# --- looking up


def _offered(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    basis = basis_of(data, purpose_of(asked, data))
    releasable = [attribute for attribute in granted(data, basis, "RELEASE") if attribute["name"] in _LOOKED_UP]
    return {"basis": basis, "offered": [(each["name"], each["labels"][asked.tongue.code]) for each in releasable]}


def _looked_up(asked: PageRequest) -> Sequence[str]:
    return [name for name in _LOOKED_UP if name in asked.form.all("attributes")]


def _question(asked: PageRequest) -> Mapping[str, Any]:
    subject, names = subject_of(asked), _looked_up(asked)
    if not names:
        raise Invalid(N_("Choose what you need to know."), path=("attributes",))
    wanted = {variable: name in names for name, (variable, _) in _LOOKED_UP.items()}
    return {
        "subject": subject,
        "purpose": asked.params["purpose"],
        "named": wanted["givenName"] or wanted["familyName"],
        **wanted,
    }


def _answer(asked: PageRequest, data: Data) -> Outcome:
    labels = {attribute["name"]: attribute["labels"][asked.tongue.code] for attribute in data["catalogue"]}
    rows = [(name, labels[name], _LOOKED_UP[name][1]) for name in _looked_up(asked)]
    more = {"rows": rows, "codes": codes(asked.tongue.lang), "basis": basis_of(data, asked.params["purpose"])}
    return Show("agency/person-answer", more)


# --- verifying


def _claimable(asked: PageRequest, data: Data) -> Mapping[str, Any]:
    basis = basis_of(data, purpose_of(asked, data))
    labels = {each["name"].removeprefix("person."): each["labels"][asked.tongue.code] for each in granted(data, basis, "MATCH")}
    conditioned = {each["name"] for each in granted(data, basis, "PREDICATE")}
    return {
        "basis": basis,
        "claims": [(name, labels[name]) for name in _CLAIMED if name in labels],
        "ages": "person.birth_date" in conditioned,
        "codes": codes(asked.tongue.lang),
    }


def _claims(asked: PageRequest) -> Sequence[tuple[str, str]]:
    """The fields that were filled in."""
    filled = [(name, asked.form[name].strip()) for name in _CLAIMED]
    return [(name, _day(typed) if name == "birth_date" else typed) for name, typed in filled if typed]


def _day(typed: str) -> str:
    """A date as people write it, in the order in which it is asked."""
    found = _DAY_FIRST.fullmatch(typed.translate(LATIN_DIGITS))
    return typed if found is None else f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}"


def _request(asked: PageRequest) -> Mapping[str, Any]:
    subject, age = subject_of(asked), asked.form["age"].strip()
    request = {
        "subject": subject,
        "claims": [{"attribute": f"person.{name}", "value": value} for name, value in _claims(asked)],
        "predicates": [{"attribute": "person.birth_date", "operator": "AGE_AT_LEAST", "value": age}] if age else [],
    }
    return {"requests": [request], "purpose": asked.params["purpose"]}


def _claim_fields(asked: PageRequest) -> Mapping[str, str]:
    request = "requests.0"
    places = {f"{request}.claims.{number}.value": name for number, (name, _) in enumerate(_claims(asked))}
    subject = dict.fromkeys((f"{request}.subject", f"{request}.subject.idcs", f"{request}.subject.token"), "subject")
    return {**places, **subject, f"{request}.claims": "claims", f"{request}.predicates.0.value": "age"}


def _verdict(asked: PageRequest, data: Data) -> Outcome:
    (answer,) = data["verify"]["answers"]
    labels = {attribute["name"]: attribute["labels"][asked.tongue.code] for attribute in data["catalogue"]}
    row = orjson.loads(bytes64(answer["receipt"].split("~")[1]))  # its form: access/receipts.py
    verdicts = answer["claims"] or []
    if not any(each["verdict"] in ("MATCH", "CLOSE") for each in verdicts):
        verdicts = []  # to whoever does not know the person all is said to differ, whether it does or not
    # The claims stand before the condition.
    told = [("age" if number >= len(_claims(asked)) else "", each) for number, each in enumerate(verdicts)]
    more = {"answer": answer, "told": told, "labels": labels, "slip": row["entry"]}
    return Show("agency/verify-answer", more | {"basis": basis_of(data, asked.params["purpose"])})


_AGAIN = Action(lambda *_: Again("again"))
_SUBJECT = dict.fromkeys(("subject", "subject.idcs", "subject.token"), "subject")

PAGES = (
    purpose_page("/agency/person", "agency/person-purpose", Scope.PERSON_READ),
    Page(
        path="/agency/person/{purpose}",
        name="agency/person",
        audience=Audience.OFFICER,
        variables=needing(Scope.PERSON_READ),
        more=_offered,
        actions={
            "look-up": Action(_answer, operation="LookUp", variables=_question, fields=_SUBJECT),
            "again": _AGAIN,
        },
    ),
    purpose_page("/agency/verify", "agency/verify-purpose", Scope.VERIFICATION_RUN),
    Page(
        path="/agency/verify/{purpose}",
        name="agency/verify",
        audience=Audience.OFFICER,
        variables=needing(Scope.VERIFICATION_RUN),
        more=_claimable,
        actions={
            "verify": Action(_verdict, operation="Verify", variables=_request, fields=_claim_fields),
            "again": _AGAIN,
        },
    ),
)
