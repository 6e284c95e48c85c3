"""GraphQL of attestations: papers by their holder, and whether one counts, for anybody who looks at the check page."""

import asyncio
from base64 import b64encode
from typing import Any

import strawberry
from strawberry.types import Info

from access.catalogue import Lang
from access.tokens import parse_compact
from api.access import instant
from api.changing import Changing, Outcome, UserError, change, id_of
from api.context import Context, opened, plain
from api.scalars import DateTime
from core.errors import TooCostly
from identity import attestations as doors
from identity import attested
from identity.attestations import AttestationState, AttestationView
from identity.attested import DEFAULT_DAYS, Attested

MAX_PAPERS = 3  # each takes its time, and they are made one after the other

strawberry.enum(
    Attested, name="AttestedAttribute", description="What may be attested. IDCS_MASKED: with its last four digits alone."
)
strawberry.enum(AttestationState, name="AttestationState")


@strawberry.type(description="A signed paper about you, or the ward whose affairs you see to, with what you chose.")
class Attestation:
    id: strawberry.ID
    number: str = strawberry.field(description="Twelve digits, by which anybody asks whether it counts.")
    lang: Lang
    attributes: list[Attested]
    issued_at: DateTime
    expires_at: DateTime
    revoked_at: DateTime | None
    state: AttestationState
    signed: str | None = strawberry.field(
        description="The signed document (a compact JWS), which `sijil verify-receipt` checks; null in lists."
    )

    @strawberry.field(  # type: ignore[untyped-decorator]  # by the library
        description="The paper as base64, made anew from the signed document; null in lists."
    )
    async def pdf(self, info: Info[Any, Any]) -> str | None:
        if self.signed is None:
            return None
        context: Context = info.context
        making = context.made.get(self.signed)
        if making is None:  # however often it is asked for, it is made once
            if len(context.made) >= MAX_PAPERS:
                raise TooCostly(f"one request makes at most {MAX_PAPERS} papers")
            document = attested.read(parse_compact(self.signed, attested.MAX_CHARACTERS).payload)
            making = context.made[self.signed] = asyncio.ensure_future(context.papers.pdf(document, self.signed))
        return b64encode(await making).decode()


@strawberry.type(description="Whether an attestation counts now, and nothing else: unknown, expired, revoked are one answer.")
class AttestationCheck:
    valid: bool


@strawberry.input(description="Choose what is attested, in which language, and for how many days.")
class IssueAttestationInput:
    attributes: list[Attested]
    lang: Lang = strawberry.field(description="AR or FR.")
    days: int | None = strawberry.field(default=None, description="1 to 365; 90 if none are said.")
    request_key: str | None = None


@strawberry.input
class RevokeAttestationInput:
    attestation: strawberry.ID
    request_key: str | None = None


@strawberry.type
class AttestationPayload:
    attestation: Attestation | None
    user_errors: list[UserError]


async def issue_attestation(
    info: Info[Any, Any],
    input: IssueAttestationInput,  # noqa: A002 the schema's name
) -> AttestationPayload:
    given = plain(input)
    context: Context = info.context

    async def work(at: Changing) -> Outcome:
        lang, days = Lang(given["lang"]), given.get("days")
        issued = await doors.issue_attestation(
            at.connection,
            at.call,
            at.reading,
            issuer=at.issuer,
            chosen=[Attested(each) for each in given["attributes"]],
            lang=lang,
            days=DEFAULT_DAYS if days is None else days,
        )
        context.papers.refuse_unless_possible(lang, "lang")
        return {"attestation": str(issued)}

    return await _payload(info, *await change(info, input, work))


async def revoke_attestation(
    info: Info[Any, Any],
    input: RevokeAttestationInput,  # noqa: A002 as above
) -> AttestationPayload:
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        await doors.revoke_attestation(at.connection, at.call, attestation=id_of(given["attestation"], "attestation"))
        return {"attestation": given["attestation"]}

    return await _payload(info, *await change(info, input, work))


async def check_attestation(info: Info[Any, Any], number: str, part: str | None = None) -> AttestationCheck:
    reading, call, _ = opened(info)
    return AttestationCheck(valid=await doors.check_attestation(reading, call, number=number, part=part))


async def own_attestations(info: Info[Any, Any]) -> list[Attestation]:
    reading, call, _ = opened(info)
    return [_attestation(view) for view in await doors.attestations(reading, call)]


async def own_attestation(info: Info[Any, Any], id: strawberry.ID) -> Attestation:  # noqa: A002 as above
    reading, call, _ = opened(info)
    return _attestation(await doors.attestation(reading, call, attestation=id_of(id, "id")))


async def _payload(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> AttestationPayload:
    found = None if done is None else await own_attestation(info, strawberry.ID(done["attestation"]))
    return AttestationPayload(attestation=found, user_errors=errors)


def _attestation(its: AttestationView) -> Attestation:
    return Attestation(
        id=strawberry.ID(str(its.attestation_id)),
        number=its.number,
        lang=its.lang,
        attributes=its.attributes,
        issued_at=DateTime(its.issued_at),
        expires_at=DateTime(its.expires_at),
        revoked_at=instant(its.revoked_at),
        state=its.state,
        signed=its.signed,
    )
