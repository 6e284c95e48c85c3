"""GraphQL of agencies: their keys, and what they may ask for.

What is dangerous becomes a proposal; what only stops something is done at once.
"""

from collections.abc import Mapping
from typing import Any, cast

import strawberry
from strawberry.types import Info

from access import agencies as keeping
from access import agency_views as views
from access import publishing
from access.call import Purpose
from access.catalogue import Labels, Lang
from access.rights import Duty
from access.tokens import thumbprint
from api.access import Text, text
from api.approvals import ProposalPayload, propose, propose_found
from api.changing import Changing, Outcome, UserError, Work, change, id_of
from api.context import opened, plain
from api.paging import PageInfo
from api.scalars import DateTime
from core.documents import read_json
from core.errors import Invalid

strawberry.enum(Duty, name="AgencyDuty", description="What an agency is charged with besides asking.")


@strawberry.type(description="A public key that an agency proves itself with; several may hold side by side.")
class AgencyKey:
    kid: str
    alg: str
    jwk: str = strawberry.field(description="The JSON Web Key, as JSON.")
    valid_from: DateTime
    valid_to: DateTime
    revoked_at: DateTime | None
    revoked_by: str | None = strawberry.field(description="Told to staff alone; null, too, where it was done at the machine.")
    in_force: bool
    expires_soon: bool = strawberry.field(description="It holds, and ends within 30 days.")


@strawberry.type(description="One published version of what an agency may ask for. It never changes.")
class Agreement:
    version: int
    hash: str = strawberry.field(description="SHA-256 of the document, in hex.")
    document: str = strawberry.field(description="As JSON (RFC 8785).")
    territory: list[str] | None
    purposes: list[Purpose]
    valid_from: DateTime
    valid_to: DateTime
    suspended_at: DateTime | None
    suspended_by: str | None = strawberry.field(description="Told to staff alone; null, too, where it was done at the machine.")
    in_force: bool


@strawberry.type(description="An article of law that lets an agency ask without consent, for one purpose. It never changes.")
class Mandate:
    id: strawberry.ID
    purpose: Purpose
    article: str
    hash: str = strawberry.field(description="SHA-256 of the document, in hex.")
    document: str = strawberry.field(description="As JSON (RFC 8785).")
    valid_from: DateTime
    valid_to: DateTime
    revoked_at: DateTime | None
    revoked_by: str | None = strawberry.field(description="Told to staff alone; null, too, where it was done at the machine.")
    in_force: bool


@strawberry.type(description="What people are told when an agency asks for their consent: one published version.")
class ConsentNotice:
    purpose: Purpose
    version: int
    hash: str = strawberry.field(description="SHA-256 of the document, in hex.")
    document: str = strawberry.field(description="As JSON (RFC 8785), with the texts in three languages.")
    valid_from: DateTime
    published_at: DateTime
    in_force: bool


@strawberry.type(description="An agency, with what it has: the newest first.")
class Agency:
    id: strawberry.ID
    code: str
    name: Text
    enrolled_at: DateTime
    suspended_at: DateTime | None
    suspended_by: str | None = strawberry.field(description="Told to staff alone; null, too, where it was done at the machine.")
    keys: list[AgencyKey]
    agreement: Agreement | None = strawberry.field(description="The one in force.")
    agreements: list[Agreement]
    mandates: list[Mandate]
    notices: list[ConsentNotice]


@strawberry.type
class AgencyEdge:
    node: Agency
    cursor: str


@strawberry.type(description="A page of agencies, by their codes.")
class AgencyConnection:
    edges: list[AgencyEdge]
    page_info: PageInfo


@strawberry.type(description="The agency as it stands now, or what is to be mended.")
class AgencyPayload:
    agency: Agency | None
    user_errors: list[UserError]


@strawberry.input(description="A name in each language.")
class NamesInput:
    ar: str
    fr: str
    en: str


@strawberry.input
class EnrolAgencyInput:
    code: str = strawberry.field(description="2 to 32 capital letters, digits and underscores, a letter first.")
    names: NamesInput
    duties: list[Duty] = strawberry.field(default_factory=list, description="What it is charged with besides asking.")
    request_key: str | None = None


@strawberry.input
class AddAgencyKeyInput:
    agency: strawberry.ID
    jwk: str = strawberry.field(description="The public key (P-256 or Ed25519) as a JSON Web Key, in JSON.")
    kid: str | None = strawberry.field(default=None, description="Its name; else the one in the key, else its thumbprint.")
    valid_from: DateTime | None = strawberry.field(default=None, description="Now, if it is not said.")
    valid_to: DateTime
    request_key: str | None = None


@strawberry.input
class PublishInput:
    document: str = strawberry.field(description="The whole document, as JSON: no fractions, no doubled keys.")
    request_key: str | None = None


@strawberry.input
class AgencyInput:
    agency: strawberry.ID
    request_key: str | None = None


@strawberry.input
class AgencyKeyInput:
    agency: strawberry.ID
    kid: str
    request_key: str | None = None


@strawberry.input
class AgreementInput:
    agency: strawberry.ID
    version: int
    request_key: str | None = None


@strawberry.input
class MandateInput:
    mandate: strawberry.ID
    request_key: str | None = None


# --- reading


async def agency(info: Info[Any, Any], id: strawberry.ID) -> Agency | None:  # noqa: A002 the name of the schema
    reading, call, _ = opened(info)
    return _agency(await views.agency(reading, call, agency_id=id_of(id, "id")))


async def agencies(info: Info[Any, Any], first: int | None = None, after: str | None = None) -> AgencyConnection:
    reading, call, _ = opened(info)
    page = await views.agencies(reading, call, first=first, after=after)
    edges = [AgencyEdge(node=_agency(edge.node), cursor=edge.cursor) for edge in page.edges]
    return AgencyConnection(edges=edges, page_info=cast("PageInfo", page.page_info))


async def my_agency(info: Info[Any, Any]) -> Agency | None:
    reading, call, _ = opened(info)
    return _agency(await views.my_agency(reading, call))


# --- by two people


async def enrol_agency(info: Info[Any, Any], input: EnrolAgencyInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)
    names: Labels = {lang: given["names"][lang.lower()] for lang in Lang}

    def making() -> Mapping[str, Any]:
        return keeping.enrolment(given["code"], names, [Duty(duty) for duty in given.get("duties") or ()])

    return await propose(info, input, keeping.AGENCY_ENROLLED.kind, making)


async def add_agency_key(info: Info[Any, Any], input: AddAgencyKeyInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        jwk = _document(given["jwk"], "jwk")
        code = await keeping.code_of_agency(at.connection, at.call, agency=id_of(given["agency"], "agency"))
        return keeping.new_key(
            code,
            kid=given.get("kid") or _kid(jwk),
            alg="ES256" if jwk.get("kty") == "EC" else "EdDSA",
            jwk=jwk,
            valid_from=given.get("validFrom") or at.call.now,
            valid_to=given["validTo"],
        )

    return await propose_found(info, input, keeping.AGENCY_KEY_ADDED.kind, finding)


async def publish_agreement(info: Info[Any, Any], input: PublishInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    return await _publish(info, input, publishing.AGREEMENT_PUBLISHED.kind)


async def publish_mandate(info: Info[Any, Any], input: PublishInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    return await _publish(info, input, publishing.MANDATE_PUBLISHED.kind)


async def publish_consent_notice(
    info: Info[Any, Any],
    input: PublishInput,  # noqa: A002 the name of the schema
) -> ProposalPayload:
    return await _publish(info, input, publishing.NOTICE_PUBLISHED.kind)


async def resume_agency(info: Info[Any, Any], input: AgencyInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        code = await keeping.code_of_agency(at.connection, at.call, agency=id_of(given["agency"], "agency"))
        return keeping.resumption(code)

    return await propose_found(info, input, keeping.AGENCY_RESUMED.kind, finding)


async def resume_agreement(info: Info[Any, Any], input: AgreementInput) -> ProposalPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def finding(at: Changing) -> Mapping[str, Any]:
        its = id_of(given["agency"], "agency")
        return await publishing.resumption(at.connection, at.call, agency=its, version=given["version"])

    return await propose_found(info, input, publishing.AGREEMENT_RESUMED.kind, finding)


async def _publish(info: Info[Any, Any], given: PublishInput, kind: str) -> ProposalPayload:
    def making() -> Mapping[str, Any]:
        return publishing.publication(_document(plain(given)["document"], "document"))

    return await propose(info, given, kind, making)


def _document(given: str, *path: str) -> dict[str, Any]:
    """The object in a JSON text of the input. Raises Invalid with the path that leads into it."""
    try:
        found = read_json(given)
    except Invalid as fault:
        raise fault.under(*path) from None
    if not isinstance(found, dict):
        raise Invalid("expected an object", path=path)
    return found


def _kid(jwk: Mapping[str, Any]) -> Any:
    if "kid" in jwk:
        return jwk["kid"]
    try:
        return thumbprint(jwk)
    except (KeyError, TypeError):
        raise Invalid("the key is not a public key", path=("jwk",)) from None


# --- by one, and at once


async def suspend_agency(info: Info[Any, Any], input: AgencyInput) -> AgencyPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["agency"], "agency")
        await keeping.suspend_agency(at.connection, at.call, agency=its)
        return {"agency": str(its)}

    return await _stop(info, input, work)


async def revoke_agency_key(info: Info[Any, Any], input: AgencyKeyInput) -> AgencyPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["agency"], "agency")
        await keeping.revoke_key(at.connection, at.call, agency=its, kid=given["kid"])
        return {"agency": str(its)}

    return await _stop(info, input, work)


async def suspend_agreement(info: Info[Any, Any], input: AgreementInput) -> AgencyPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        its = id_of(given["agency"], "agency")
        await publishing.suspend_agreement(at.connection, at.call, agency=its, version=given["version"])
        return {"agency": str(its)}

    return await _stop(info, input, work)


async def revoke_mandate(info: Info[Any, Any], input: MandateInput) -> AgencyPayload:  # noqa: A002 the name of the schema
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        mandate = id_of(given["mandate"], "mandate")
        return {"agency": str(await publishing.revoke_mandate(at.connection, at.call, mandate=mandate))}

    return await _stop(info, input, work)


async def _stop(info: Info[Any, Any], given: object, work: Work[Outcome]) -> AgencyPayload:
    outcome, errors = await change(info, given, work)
    if outcome is None:
        return AgencyPayload(agency=None, user_errors=errors)
    reading, call, _ = opened(info)
    found = await views.agency(reading, call, agency_id=id_of(outcome["agency"]))
    return AgencyPayload(agency=_agency(found), user_errors=errors)


# --- as they are told


def _agency(its: views.AgencyDetails) -> Agency:
    return Agency(
        id=strawberry.ID(str(its.agency)),
        code=its.code,
        name=text(its.names),
        enrolled_at=DateTime(its.enrolled_at),
        suspended_at=None if its.suspended_at is None else DateTime(its.suspended_at),
        suspended_by=its.suspended_by,
        keys=cast("list[AgencyKey]", its.keys),
        agreement=cast("Agreement | None", its.agreement),
        agreements=cast("list[Agreement]", its.agreements),
        mandates=cast("list[Mandate]", its.mandates),
        notices=cast("list[ConsentNotice]", its.notices),
    )
