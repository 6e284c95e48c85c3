"""An agency that asks people for consent, in tests: its agreement, its notice, its officers, and who answers."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from access.account_models import Office
from access.call import Actor, ActorKind, Call, Purpose
from access.catalogue import Lang
from access.consent_notices import parse_notice
from access.consent_records import Method
from access.consent_revisions import Revision, revision_of
from access.rights import CITIZEN_SCOPES, Role
from access.sessions import SessionKind, begin_session
from core.database import Row
from core.ids import uuid7
from identity import consent_answers, consent_requests
from identity.consent_requests import Wish
from identity.consent_store import link_token
from identity.consent_views import AgencyConsentView, ConsentView
from tests.access.consenting import notice_document
from tests.access.enrolled import NOW, Enrol, Member
from tests.identity.registered import ISSUER, Register

DAY = timedelta(days=1)
USES = {
    "person.given_name": {"uses": ["MATCH", "RELEASE"]},
    "person.birth_date": {"uses": ["MATCH"]},
    "household.size": {"uses": ["RELEASE"]},
    "person.sex": {"uses": ["RELEASE"]},
}
THREE = ("household.size", "person.birth_date", "person.given_name")


def wish(*attributes: str, **changes: Any) -> Wish:
    """Three attributes (or those), for 90 days, by a message."""
    parts: dict[str, Any] = {"purpose": Purpose.SERVICE_DELIVERY, "attributes": attributes or THREE, "method": Method.NOTICE}
    if "valid_to" not in changes:
        parts["valid_days"] = 90
    return Wish(**parts | changes)


def citizen(person: UUID, *, holder: UUID | None = None, now: datetime = NOW, **more: Any) -> Call:
    """Somebody signed in; with `holder`: for a ward."""
    actor = Actor(ActorKind.CITIZEN, CITIZEN_SCOPES, holder=holder or person, person=person, session=b"s" * 32, **more)
    return Call(actor, now, uuid7(now))


@dataclass
class Fund:
    """One agency, and all that it does, each step in a transaction of its own."""

    register: Register
    member: Member

    @classmethod
    async def of(cls, register: Register, code: str = "FUND", *, notice: bool = True, **changes: Any) -> "Fund":
        """Its agreement covers four attributes for service delivery; its notice three of them. `changes`: to the agreement."""
        agreement = {"purposes": ["SERVICE_DELIVERY", "PAYMENT"], "attributes": USES} | changes
        fund = cls(register, await Enrol(register.database)(code, mandates=False, **agreement))
        if notice:
            await fund.publish()
        return fund

    async def publish(self, **changes: Any) -> None:
        document = notice_document(agency=self.member.code, attributes=list(THREE), **changes)
        notice = parse_notice(document)
        await self.register.database.ask(
            """insert into consent_notice (agency_id, purpose, version, hash, document, valid_from, published_at)
               values ($1, $2, $3, $4, $5, $6, $6)""",
            *(self.member.agency_id, notice.purpose, notice.version, notice.hash, json.dumps(document), notice.valid_from),
        )

    def call(self, now: datetime = NOW) -> Call:
        return self.member.call(at=now)

    async def officer(self, *, purposes: list[Purpose] | None = None, now: datetime = NOW) -> Call:
        """An officer of an office, signed in."""
        office, agency = uuid7(now), self.member.agency_id
        names = dict.fromkeys(("name_ar", "name_fr", "name_en"), "Office")
        row = {"office_id": office, "agency_id": agency, "kind": "BRANCH", "code": f"O{office.hex[-8:].upper()}", **names}
        await self.register.transact(lambda c: c.execute(insert(Office).values(row | {"opened_at": now})))
        signed = await self.register.staff(Role.OFFICER, agency=agency, office=office, purposes=purposes)
        token = await self.register.transact(lambda c: begin_session(c, now, SessionKind.ACCOUNT, account=signed.account))
        return await self.register.call_of(token, now)

    # --- asking

    async def ask(self, idcs: str | None, *, call: Call | None = None, token: str | None = None, **changes: Any) -> UUID:
        call = call or self.call()
        wished = changes.pop("wished", None) or wish(**changes)
        return await self.register.change(
            lambda c, r: consent_requests.request_consent(c, call, r, wish=wished, issuer=ISSUER, idcs=idcs, token=token), call
        )

    async def link(self, idcs: str, **changes: Any) -> tuple[UUID, str]:
        """A request, and the token of its link."""
        made = await self.ask(idcs, method=Method.LINK, **changes)
        return made, link_token(self.register.keys, made)

    async def granted(self, person: Any, *attributes: str, **changes: Any) -> UUID:
        """A consent that somebody (a `LoadedPerson`) has given, whole or to those attributes."""
        made = await self.ask(person.idcs.text, **changes)
        await answer(self.register, citizen(person.person_id), made, *(attributes or THREE))
        return made

    async def seen(self, consent: UUID, *, call: Call | None = None) -> AgencyConsentView:
        call = call or self.call()
        return await self.register.read(lambda r: consent_requests.consent_asked(r, call, consent=consent), call)

    async def row(self, consent: UUID) -> Row:
        (found,) = await self.register.database.ask("select * from consent where consent_id = $1", consent)
        return found

    async def links(self, consent: UUID) -> list[Revision]:
        rows = await self.register.database.ask(
            "select document from consent_revision where consent_id = $1 order by number", consent
        )
        return [revision_of(json.loads(row["document"])) for row in rows]

    async def suspend(self, now: datetime = NOW) -> None:
        await self.register.database.ask("update agency set suspended_at = $2 where agency_id = $1", self.member.agency_id, now)


# --- answering


async def answer(register: Register, call: Call, consent: UUID, *attributes: str, lang: Lang = Lang.FR) -> None:
    await register.transact(
        lambda c: consent_answers.answer(c, call, register.keys, consent=consent, attributes=attributes, lang=lang)
    )


async def withdraw(register: Register, call: Call, consent: UUID) -> None:
    await register.transact(lambda c: consent_answers.withdraw(c, call, register.keys, consent=consent))


async def pause(register: Register, call: Call, consent: UUID) -> None:
    await register.transact(lambda c: consent_answers.pause(c, call, register.keys, consent=consent))


async def resume(register: Register, call: Call, consent: UUID) -> None:
    await register.transact(lambda c: consent_answers.resume(c, call, register.keys, consent=consent))


async def shown(register: Register, call: Call, consent: UUID) -> ConsentView | None:
    return await register.read(lambda r: consent_answers.consent(r, call, consent_id=consent, steps=True), call)


async def by_link(register: Register, call: Call, token: str) -> ConsentView | None:
    return await register.read(lambda r: consent_answers.consent_by_link(r, call, token=token), call)
