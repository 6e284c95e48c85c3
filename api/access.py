"""GraphQL of access: who asks, and what there is to ask for."""

from typing import Any

import strawberry
from strawberry.types import Info

from access import viewers
from access.agreements import Level
from access.call import ActorKind, Purpose
from access.catalogue import CATALOGUE, Labels, Lang, Sensitivity, Use
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


@strawberry.input(one_of=True, description="Whom a question is about: exactly one of these.")
class SubjectInput:
    idcs: str | None = strawberry.UNSET
    token: str | None = strawberry.field(
        default=strawberry.UNSET, description="The agency's own token, of a person or (where a household is asked about) of it."
    )


def named(subject: SubjectInput) -> dict[str, str | None]:
    """The members of a subject, by name."""
    members = plain(subject)
    return {"idcs": members.get("idcs"), "token": members.get("token")}


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


@strawberry.type(description="Who asks.")
class Viewer:
    kind: ActorKind
    id: strawberry.ID
    code: str
    name: Text
    purposes: list[Purpose]
    rights: list[str] = strawberry.field(description="The scopes of the token.")
    agreement: AgreementRef | None


async def me(info: Info[Any, Any]) -> Viewer:
    reading, call, _ = opened(info)
    found = await viewers.me(reading, call)
    agreement = found.agreement
    return Viewer(
        kind=call.actor.kind,
        id=strawberry.ID(str(found.agency)),
        code=found.code,
        name=text(found.name),
        purposes=sorted(agreement.purposes) if agreement else [],
        rights=sorted(call.actor.scopes),
        agreement=None
        if agreement is None
        else AgreementRef(version=agreement.version, hash=agreement.hash.hex(), valid_until=DateTime(agreement.valid_to)),
    )


async def attributes(info: Info[Any, Any]) -> list[Attribute]:
    reading, call, _ = opened(info)
    found = await viewers.me(reading, call)
    terms = found.agreement.attributes if found.agreement else {}
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
