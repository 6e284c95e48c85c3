"""GraphQL of who asks, told to itself: an agency, an officer, a member of staff, or a citizen with all that is theirs."""

from collections.abc import Iterable
from typing import Any, cast

import strawberry
from strawberry.types import Info

from access import viewers
from access.agreements import Agreement
from access.call import ActorKind, Call, Purpose
from api import accesses as looks
from api import attestations as papers
from api import change_requests as asked_for
from api import citizens, own_score, telephones
from api import consents as agreed
from api import evidence as files
from api import locks as locking
from api import records as recorded
from api import virtual_ids as numbers
from api.access import (
    AgencyRef,
    AgreementRef,
    Office,
    RoleGrant,
    Text,
    agency_ref,
    instant,
    office,
    role_grant,
    text,
)
from api.accesses import Access, AccessConnection, AccessReport
from api.attestations import Attestation
from api.change_requests import ChangeRequest
from api.citizens import Ward
from api.consent_types import Consent, ConsentConnection
from api.context import opened, raw
from api.evidence import Evidence
from api.identity import Person
from api.locks import IdentityLock
from api.own_score import OwnScore
from api.records import AttributeProvenance, RevisionConnection
from api.scalars import DateTime
from api.selection import Selected, selected
from api.telephones import TelephoneChange, WitnessRequest
from api.virtual_ids import VirtualId
from core.errors import Forbidden
from identity import self_view


@strawberry.type(
    description="Who asks. `code` and `name` are an agency's, `displayName` a person's; `agency` and `office` an officer's. "
    "From `person` on all is a citizen's, and nobody else is told any of it."
)
class Viewer:
    kind: ActorKind
    id: strawberry.ID
    code: str | None = None
    name: Text | None = None
    display_name: str | None = None
    purposes: list[Purpose] = strawberry.field(default_factory=list, description="Those that you may ask for.")
    rights: list[str] = strawberry.field(default_factory=list, description="The scopes of the token or session.")
    agreement: AgreementRef | None = None
    roles: list[RoleGrant] = strawberry.field(default_factory=list, description="Those of your account, in force.")
    agency: AgencyRef | None = None
    office: Office | None = None
    assisted: bool = strawberry.field(default=False, description="Somebody sits beside you, for one form.")
    assisted_by: Text | None = strawberry.field(
        resolver=citizens.assisted_by, description="The centre of whoever sits beside you."
    )
    ward: strawberry.ID | None = strawberry.field(default=None, description="The ward whose affairs you see to now.")
    person: Person | None = strawberry.field(default=None, description="You, or the ward whose affairs you see to.")
    person_as_of: Person | None = strawberry.field(
        resolver=recorded.own_record_at, description="The same as it was recorded at an instant; null: not yet."
    )
    history: RevisionConnection | None = strawberry.field(
        resolver=recorded.own_history, description="What has become of your record, newest first."
    )
    provenance: list[AttributeProvenance] | None = strawberry.field(
        resolver=recorded.own_provenance, description="Where each value of your record comes from."
    )
    change_requests: list[ChangeRequest] | None = strawberry.field(
        resolver=asked_for.own_requests, description="What you, or others, asked to have changed in your record, newest first."
    )
    change_request: ChangeRequest | None = strawberry.field(
        resolver=asked_for.own_request, description="One of these requests."
    )
    wards: list[Ward] | None = strawberry.field(default=None, description="Whose guardian you are now.")
    telephone_changes: list[TelephoneChange] | None = strawberry.field(
        resolver=telephones.changes, description="Changes of your registered telephone, newest first."
    )
    witness_requests: list[WitnessRequest] | None = strawberry.field(
        resolver=telephones.requests, description="What you were asked to vouch for, newest first."
    )
    accesses: AccessConnection | None = strawberry.field(
        resolver=looks.accesses, description="Who looked at you or your household. Your own looks too, if `includeOwn`."
    )
    access: Access | None = strawberry.field(resolver=looks.access, description="One look at your data.")
    access_reports: list[AccessReport] | None = strawberry.field(
        resolver=looks.own_reports, description="What you reported, newest first."
    )
    consents: ConsentConnection | None = strawberry.field(
        resolver=agreed.own_consents, description="What you were asked to consent to, newest first."
    )
    consent: Consent | None = strawberry.field(resolver=agreed.own_consent, description="One of your consents.")
    virtual_ids: list[VirtualId] | None = strawberry.field(
        resolver=numbers.virtual_ids, description="Your virtual numbers: the open ones first, then the newest."
    )
    attestations: list[Attestation] | None = strawberry.field(
        resolver=papers.own_attestations, description="Your attestations, newest first."
    )
    attestation: Attestation | None = strawberry.field(
        resolver=papers.own_attestation, description="One of your attestations, with the signed document."
    )
    evidence: list[Evidence] | None = strawberry.field(
        resolver=files.own_evidence, description="The files that were given about you, oldest first."
    )
    evidence_file: Evidence | None = strawberry.field(
        resolver=files.own_evidence_file, description="One of them, with its content."
    )
    scores: list[OwnScore] | None = strawberry.field(
        resolver=own_score.own_scores,
        description="The newest scores of your household, for its members of age; none beside somebody, or for a ward.",
    )
    locks: list[IdentityLock] | None = strawberry.field(
        resolver=locking.locks, description="What you have locked now, or what will be locked again by itself, by purpose."
    )


async def me(info: Info[Any, Any]) -> Viewer:
    reading, call, _ = opened(info)
    if call.actor.kind is ActorKind.CITIZEN:
        return await _citizen(info)
    found = await viewers.me(reading, call)
    its, account = found.agency, found.account
    rights: list[str] = [*sorted(call.actor.scopes)]
    if account is None and its is not None:
        return Viewer(
            kind=call.actor.kind,
            id=strawberry.ID(str(its.agency)),
            code=its.code,
            name=text(its.name),
            purposes=_purposes(call, its.agreement),
            rights=rights,
            agreement=_agreement(its.agreement),
        )
    if account is None:
        raise Forbidden("this is for who has signed in")
    return Viewer(
        kind=call.actor.kind,
        id=strawberry.ID(str(account.id)),
        display_name=account.name,
        purposes=[] if its is None else _purposes(call, its.agreement),
        rights=rights,
        agreement=None if its is None else _agreement(its.agreement),
        roles=[role_grant(grant) for grant in account.roles],
        agency=None if account.agency is None else agency_ref(account.agency),
        office=None if account.office is None else office(account.office),
    )


async def _citizen(info: Info[Any, Any]) -> Viewer:
    """Just what is asked for is opened: the selection is read first."""
    reading, call, _ = opened(info)
    asked = selected(raw(info))
    wards = asked.child("wards")
    wanted = _attributes(asked.child("person"))
    named = bool(asked.child("displayName"))
    wish = self_view.Wish(
        person=wanted | self_view.NAMES if named else wanted,
        wards=_attributes(person for ward in wards for person in ward.child("person")) if wards else None,
    )
    view = await self_view.oneself(reading, call, wish)
    return Viewer(
        kind=call.actor.kind,
        id=strawberry.ID(str(call.actor.person)),
        display_name=view.display_name() if named else None,
        rights=[*sorted(call.actor.scopes)],
        assisted=call.actor.assistant is not None,
        ward=None if view.ward is None else strawberry.ID(str(view.ward)),
        person=cast("Person", view.person),
        wards=[
            Ward(
                id=strawberry.ID(str(ward.person_id)),
                person=cast("Person", ward.person),
                valid_from=DateTime(ward.valid_from),
                valid_to=instant(ward.valid_to),
            )
            for ward in view.wards
        ],
    )


def _attributes(fields: Iterable[Selected]) -> frozenset[str]:
    return frozenset(attribute for field in fields for attribute in field.attributes())


def _purposes(call: Call, agreement: Agreement | None) -> list[Purpose]:
    """Those of the agreement, and of them only the officer's own."""
    granted = frozenset() if agreement is None else agreement.purposes
    return sorted(granted if call.actor.purposes is None else granted & call.actor.purposes)


def _agreement(its: Agreement | None) -> AgreementRef | None:
    if its is None:
        return None
    return AgreementRef(version=its.version, hash=its.hash.hex(), valid_until=DateTime(its.valid_to))
