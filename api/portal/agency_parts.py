"""What the pages of agencies' people share: the choice of a purpose, whom a question is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from access.call import Purpose
from access.rights import Scope
from api.portal.framework import N_, Action, Audience, Data, Page, PageRequest
from api.portal.needing import needing
from core.errors import Invalid, NotFound
from core.texts import typed_digits

MAX_SUBJECT_CHARACTERS: Final = 100


def subject_of(asked: PageRequest) -> Mapping[str, str]:
    """The subject that was typed, by the name of its kind: an IDCS, in whatever digits and groups, or else a token."""
    typed = asked.form["subject"].strip()
    number = typed_digits(typed)
    if not number:
        raise Invalid(N_("Type the person's IDCS, or your agency's token of the person."), path=("subject",))
    if len(typed) > MAX_SUBJECT_CHARACTERS:
        raise Invalid(N_("This is too long."), path=("subject",))
    return {"idcs": number} if number.isdigit() else {"token": typed}


# --- purposes


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a question of one purpose rests: an article of law, or (None) the person's consent.

    `attributes`: the only ones it may be about. `disclosure`: when the person is shown that somebody asked; `days`: if later.
    """

    article: str | None = None
    attributes: frozenset[str] | None = None
    disclosure: str = "IMMEDIATE"
    days: int | None = None


def basis_of(data: Data, purpose: str) -> Basis:
    """From the agency's own mandates: `myAgency { mandates { purpose inForce article document } }`."""
    for mandate in data["myAgency"]["mandates"]:
        if mandate["inForce"] and mandate["purpose"] == purpose:
            document = orjson.loads(mandate["document"])
            return Basis(
                mandate["article"],
                frozenset(document["attributes"]),
                document["disclosure"],
                document.get("disclosure_days"),
            )
    return Basis()


def purpose_of(asked: PageRequest, data: Data) -> str:
    """The purpose in the page's path. Raises NotFound unless the reader may name it."""
    purpose = asked.params["purpose"]
    if purpose not in data["me"]["purposes"]:
        raise NotFound("no such purpose")
    return purpose


def granted(data: Data, basis: Basis, *uses: str) -> Sequence[Mapping[str, Any]]:
    """The attributes of the catalogue of which the agreement grants one of the uses, on that basis."""
    return [
        attribute
        for attribute in data["catalogue"]
        if set(uses) & set(attribute["granted"]) and (basis.attributes is None or attribute["name"] in basis.attributes)
    ]


def all_purposes(data: Data) -> Sequence[str]:
    """All that the reader may name."""
    found: Sequence[str] = data["me"]["purposes"]
    return found


def purpose_page(path: str, name: str, scope: Scope, offered: Callable[[Data], Sequence[str]] = all_purposes) -> Page:
    """The page before a question: what it is for. It leads on to the page of that purpose, below its own path."""

    def chosen(asked: PageRequest) -> Mapping[str, Any]:
        if asked.form["purpose"] not in set(Purpose):
            raise Invalid(N_("Choose what it is for."), path=("purpose",))
        return {}

    def bases(_: PageRequest, data: Data) -> Mapping[str, Any]:
        return {"bases": {purpose: basis_of(data, purpose) for purpose in offered(data)}}

    return Page(
        path=path,
        name=name,
        audience=Audience.OFFICER,
        variables=needing(scope),
        more=bases,
        actions={"choose": Action(lambda asked, _: f"{path}/{asked.form['purpose']}", variables=chosen)},
    )
