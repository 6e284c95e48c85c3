"""GraphQL of access: who asks, and what there is to ask for."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from access import account_views, viewers
from access.agreements import Level
from access.call import ActorKind, Purpose
from access.catalogue import CATALOGUE, Labels, Lang, Sensitivity, Use
from access.officers import OfficeKind
from access.rights import Role
from api.context import opened, plain
from api.scalars import DateTime

strawberry.enum(Purpose, name="Purpose", description="What a question is for; the agreement names which.")
strawberry.enum(Lang, name="Lang")
strawberry.enum(Use, name="Use", description="What an attribute can be put to.")
strawberry.enum(Sensitivity, name="Sensitivity")
strawberry.enum(
    Level,
    name="MatchLevel",
    description="EXACT: equal in normal form, or one sound spelled twice. CLOSE: one letter off, too.",
)
strawberry.enum(ActorKind, name="ViewerKind")
strawberry.enum(Role, name="Role", description="What a person is charged with.")
strawberry.enum(OfficeKind, name="OfficeKind")


@strawberry.input(one_of=True, description="Whom a question is about: exactly one of these.")
class SubjectInput:
    idcs: str | None = strawberry.UNSET
    virtual_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="A virtual number that the person gave. One for one use is spent by any answer."
    )
    token: str | None = strawberry.field(
        default=strawberry.UNSET, description="The agency's own token, of a person or (where a household is asked about) of it."
    )


def named(subject: SubjectInput) -> dict[str, str | None]:
    """The members of a subject, by name."""
    members = plain(subject)
    return {"idcs": members.get("idcs"), "token": members.get("token"), "virtual_id": members.get("virtualId")}


@strawberry.type(description="A word or sentence in the three languages.")
class Text:
    ar: str
    fr: str
    en: str


def text(labels: Labels) -> Text:
    return Text(ar=labels[Lang.AR], fr=labels[Lang.FR], en=labels[Lang.EN])


@strawberry.type(description="One thing there is to know. `uses`: all that it can ever be put to; `granted`: to you, now.")
class Attribute:
    name: str
    labels: Text
    sensitivity: Sensitivity
    uses: list[Use]
    identifying: bool = strawberry.field(description="A claim on it shows that the asker knows whom it asks about.")
    granted: list[Use]


@strawberry.type(description="The agreement version that answers you.")
class AgreementRef:
    version: int
    hash: str
    valid_until: DateTime


@strawberry.type(description="An agency, by its names.")
class AgencyRef:
    id: strawberry.ID
    code: str
    name: Text


@strawberry.type(name="AgencyOperator", description="A private body that acts for an agency, under a dated mandate.")
class Operator:
    id: strawberry.ID
    name: Text
    mandate: str = strawberry.field(description="The contract or decision that it acts under.")
    valid_from: DateTime
    valid_to: DateTime
    revoked_at: DateTime | None


@strawberry.type(description="Where officers of an agency work; of an operator's where it names one.")
class Office:
    id: strawberry.ID
    kind: OfficeKind
    code: str
    name: Text
    division: str | None
    opened_at: DateTime
    closed_at: DateTime | None
    operator: Operator | None


@strawberry.type(description="A role in force. `division`: where it holds; null: in the whole country.")
class RoleGrant:
    id: strawberry.ID
    role: Role
    division: str | None
    valid_from: DateTime
    valid_to: DateTime | None


def agency_ref(its: account_views.AgencyRef) -> AgencyRef:
    return AgencyRef(id=strawberry.ID(str(its.id)), code=its.code, name=text(its.name))


def operator(its: account_views.OperatorView) -> Operator:
    return Operator(
        id=strawberry.ID(str(its.id)),
        name=text(its.name),
        mandate=its.mandate,
        valid_from=DateTime(its.valid_from),
        valid_to=DateTime(its.valid_to),
        revoked_at=instant(its.revoked_at),
    )


def office(its: account_views.OfficeView) -> Office:
    return Office(
        id=strawberry.ID(str(its.id)),
        kind=its.kind,
        code=its.code,
        name=text(its.name),
        division=its.division,
        opened_at=DateTime(its.opened_at),
        closed_at=instant(its.closed_at),
        operator=None if its.operator is None else operator(its.operator),
    )


def role_grant(its: account_views.GrantView) -> RoleGrant:
    return RoleGrant(
        id=strawberry.ID(str(its.id)),
        role=its.role,
        division=its.division,
        valid_from=DateTime(its.valid_from),
        valid_to=instant(its.valid_to),
    )


def instant(at: datetime | None) -> DateTime | None:
    return None if at is None else DateTime(at)


async def attributes(info: Info[Any, Any]) -> list[Attribute]:
    reading, call, _ = opened(info)
    agreement = await viewers.agreement(reading, call)
    terms = agreement.attributes if agreement else {}
    return [
        Attribute(
            name=row.name,
            labels=text(row.labels),
            sensitivity=row.sensitivity,
            uses=sorted(row.uses),
            identifying=row.identifying,
            granted=sorted(terms[row.name].uses) if row.name in terms else [],
        )
        for row in CATALOGUE.values()
    ]
