"""GraphQL of identity: a person, as far as it is granted."""

from enum import Enum
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.types import Info

from access.call import Purpose
from api.access import SubjectInput, named
from api.context import opened, raw
from api.guard import bound, described
from api.scalars import PartialDate
from api.selection import selected
from core.errors import Invalid, SijilError
from identity import people
from identity.codes import MaritalStatus, Sex
from identity.divisions import Level
from identity.evidence import EvidenceKind
from registry.facts import Milieu

strawberry.enum(Sex, name="Sex")
strawberry.enum(MaritalStatus, name="MaritalStatus")
strawberry.enum(Level, name="DivisionLevel")
strawberry.enum(Milieu, name="Milieu")
strawberry.enum(EvidenceKind, name="EvidenceKind", description="What a file shows.")


@strawberry.enum
class PersonStatus(Enum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DECEASED = "DECEASED"
    CANCELLED = "CANCELLED"


@strawberry.type(description="A text in Arabic and in Latin script.")
class ScriptedText:
    ar: str | None
    latin: str | None


@described
@strawberry.type(description="A person's name.")
class Name:
    given: ScriptedText | None = bound("person.given_name")
    family: ScriptedText | None = bound("person.family_name")


@strawberry.type(description="A region, province or commune.")
class Division:
    code: str
    level: Level
    name_fr: str
    name_ar: str
    milieu: Milieu | None


@described
@strawberry.type(description="A person. What is not granted to you is null with a WITHHELD error; what is not known is null.")
class Person:
    idcs: str | None = bound("person.idcs")
    token: str | None = bound("person.token")
    status: PersonStatus | None = bound("person.status")
    name: Name | None
    birth_date: PartialDate | None = bound("person.birth_date")
    birth_place: Division | None = bound("person.birth_place")
    father_name: str | None = bound("person.father_name")
    mother_name: str | None = bound("person.mother_name")
    sex: Sex | None = bound("person.sex")
    marital_status: MaritalStatus | None = bound("person.marital_status")
    nationality: str | None = bound("person.nationality")
    cnie: str | None = bound("person.cnie")
    residence_permit: str | None = bound("person.residence_permit")
    residence: Division | None = bound("person.residence")
    address: str | None = bound("person.address")
    telephone: str | None = bound("person.telephone")
    email: str | None = bound("person.email")


def consent_id(consent: strawberry.ID | None, *place: str | int) -> UUID | None:
    """Raises Invalid with a path: `place`, then `consent`."""
    try:
        return None if consent is None else UUID(consent)
    except ValueError:
        raise Invalid("not the id of a consent", path=(*place, "consent")) from None


async def person(
    info: Info[Any, Any],
    subject: SubjectInput,
    purpose: Purpose,
    consent: strawberry.ID | None = None,
) -> Person | None:
    reading, call, _ = opened(info, purpose)
    wanted = selected(raw(info)).attributes()
    try:
        view = await people.person(reading, call, purpose=purpose, **named(subject), consent=consent_id(consent), wanted=wanted)
    except Invalid as fault:
        raise under_subject(fault) from None
    return cast("Person", view)


def under_subject(fault: SijilError) -> SijilError:
    return fault if fault.path[:1] == ("consent",) else fault.under("subject")
