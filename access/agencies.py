"""Agencies, the keys they prove themselves with, and what they may ask for: agreements and legal mandates.

What is published never changes: a new agreement is a new version, and a mandate ends at its date or is revoked. An
agreement and a mandate name their agency by its code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.agreements import parse_agreement, parse_mandate
from access.call import Call, Scope, allow
from access.catalogue import Labels, Lang
from access.models import Agency, AgencyKey, Agreement, Mandate
from access.tokens import ALGORITHMS, parse_jwk
from core.errors import Conflict, Invalid, NotFound, Unauthenticated
from core.ids import uuid7

MAX_NAME = 200  # characters
MAX_KID = 128  # characters
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,31}", re.ASCII)
_ALL = text(
    """select a.agency_id, a.code, a.name_ar, a.name_fr, a.name_en, a.enrolled_at, a.suspended_at,
              (select max(g.version) from agreement g where g.agency_id = a.agency_id and g.valid_from <= :now
                  and :now < g.valid_to and (g.suspended_at is null or :now < g.suspended_at)) as agreement,
              (select count(*) from mandate m where m.agency_id = a.agency_id and m.valid_from <= :now
                  and :now < m.valid_to and (m.revoked_at is null or :now < m.revoked_at)) as mandates,
              array(select k.kid from agency_key k where k.agency_id = a.agency_id and k.valid_from <= :now
                  and :now < k.valid_to and (k.revoked_at is null or :now < k.revoked_at) order by k.valid_from) as keys
         from agency a order by a.code"""
)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An agency, and what is in force: the version of its agreement, the number of its mandates, the kids of its keys."""

    agency: UUID
    code: str
    names: Labels
    enrolled_at: datetime
    suspended_at: datetime | None
    agreement: int | None
    mandates: int
    keys: tuple[str, ...]


@allow(Scope.AGENCY_MANAGE)
async def agencies(connection: AsyncConnection, call: Call) -> list[Enrolled]:
    """All of them, by their codes."""
    return [
        Enrolled(
            row.agency_id,
            row.code,
            {Lang.AR: row.name_ar, Lang.FR: row.name_fr, Lang.EN: row.name_en},
            row.enrolled_at,
            row.suspended_at,
            row.agreement,
            row.mandates,
            tuple(row.keys),
        )
        for row in await connection.execute(_ALL, {"now": call.now})
    ]


@allow(Scope.AGENCY_MANAGE)
async def agency_of_code(connection: AsyncConnection, _call: Call, *, code: str) -> UUID:
    """The agency, which nobody else can change until the transaction ends. Raises Invalid for what is no code, and NotFound."""
    return await _of_code(connection, code, "code")


@allow(Scope.AGENCY_MANAGE)
async def enrol_agency(connection: AsyncConnection, call: Call, *, code: str, names: Labels) -> UUID:
    """A new agency, with a name in each language. Raises Invalid for an ill-formed code or name, Conflict for a code in use."""
    if not _CODE.fullmatch(code):
        raise Invalid("a code is 2 to 32 capital letters, digits and underscores, a letter first", path=("code",))
    for lang in Lang:
        if not names.get(lang, "").strip() or len(names[lang]) > MAX_NAME:
            raise Invalid(f"a name has 1 to {MAX_NAME} characters", path=("names", lang.lower()))
    agency = uuid7(call.now)
    row = {
        "agency_id": agency,
        "code": code,
        "name_ar": names[Lang.AR],
        "name_fr": names[Lang.FR],
        "name_en": names[Lang.EN],
        "enrolled_at": call.now,
    }
    made = await connection.execute(insert(Agency).values(row).on_conflict_do_nothing().returning(Agency.agency_id))
    if made.first() is None:
        raise Conflict("there is an agency with this code", path=("code",))
    return agency


@allow(Scope.AGENCY_MANAGE)
async def suspend_agency(connection: AsyncConnection, call: Call, *, agency: UUID) -> None:
    """From the next question on the agency has no rights. One suspended before stays so since then."""
    at = func.coalesce(Agency.suspended_at, call.now)
    done = await connection.execute(update(Agency).where(Agency.agency_id == agency).values(suspended_at=at))
    if not done.rowcount:
        raise NotFound("no such agency", path=("agency",))


@allow(Scope.AGENCY_MANAGE)
async def add_key(
    connection: AsyncConnection,
    _call: Call,
    *,
    agency: UUID,
    kid: str,
    alg: str,
    jwk: Mapping[str, Any],
    valid_from: datetime,
    valid_to: datetime,
) -> None:
    """Registers a public key of an agency; several may hold side by side.

    Raises Invalid for a key that is not public or does not fit `alg`, Conflict where the kid is taken, at whichever agency.
    """
    if not 0 < len(kid) <= MAX_KID:
        raise Invalid(f"a kid has 1 to {MAX_KID} characters", path=("kid",))
    if alg not in ALGORITHMS:
        raise Invalid(f"the algorithm is one of {', '.join(ALGORITHMS)}", path=("alg",))
    if not valid_from < valid_to:
        raise Invalid("a key ends after it begins", path=("valid_to",))
    public = dict(jwk)
    if public.get("kid", kid) != kid:
        raise Invalid("the key carries another kid", path=("jwk", "kid"))
    try:
        parse_jwk(public, alg)
    except Unauthenticated as refusal:
        raise Invalid(refusal.message, path=("jwk",)) from None
    await _known(connection, agency)
    taken = await connection.scalar(select(AgencyKey.kid).where(AgencyKey.kid == kid))
    if taken is not None:
        raise Conflict("there is a key with this kid", path=("kid",))
    row = {"agency_id": agency, "kid": kid, "alg": alg, "jwk": public, "valid_from": valid_from, "valid_to": valid_to}
    await connection.execute(insert(AgencyKey).values(row))


@allow(Scope.AGENCY_MANAGE)
async def revoke_key(connection: AsyncConnection, call: Call, *, agency: UUID, kid: str) -> None:
    """From the next question on the key proves nothing. One revoked before stays so since then."""
    at = func.coalesce(AgencyKey.revoked_at, call.now)
    its = (AgencyKey.agency_id == agency) & (AgencyKey.kid == kid)
    done = await connection.execute(update(AgencyKey).where(its).values(revoked_at=at))
    if not done.rowcount:
        raise NotFound("no such key", path=("kid",))


@allow(Scope.AGENCY_MANAGE)
async def publish_agreement(connection: AsyncConnection, _call: Call, *, document: Mapping[str, Any]) -> bytes:
    """The hash of the agreement, now a version of its agency's for ever (form: `access/agreements.py`).

    Raises Invalid with the path of the faulty part, NotFound for an unknown agency, Conflict unless it is the next version.
    """
    agreement = parse_agreement(document)
    agency = await _of_code(connection, document["agency"], "agency")
    last = await connection.scalar(select(func.max(Agreement.version)).where(Agreement.agency_id == agency)) or 0
    if agreement.version != last + 1:
        raise Conflict(f"the next version of this agency's agreement is {last + 1}", path=("version",))
    row = {
        "agency_id": agency,
        "version": agreement.version,
        "hash": agreement.hash,
        "document": dict(document),
        "valid_from": agreement.valid_from,
        "valid_to": agreement.valid_to,
    }
    await connection.execute(insert(Agreement).values(row))
    return agreement.hash


@allow(Scope.AGENCY_MANAGE)
async def publish_mandate(connection: AsyncConnection, call: Call, *, document: Mapping[str, Any]) -> bytes:
    """The hash of the mandate, now published (form: `access/agreements.py`).

    Raises Invalid with the path of the faulty part, NotFound for an unknown agency, Conflict where it was published before.
    """
    mandate = parse_mandate(document)
    row = {
        "mandate_id": uuid7(call.now),
        "agency_id": await _of_code(connection, document["agency"], "agency"),
        "purpose": mandate.purpose,
        "hash": mandate.hash,
        "document": dict(document),
        "valid_from": mandate.valid_from,
        "valid_to": mandate.valid_to,
    }
    made = await connection.execute(insert(Mandate).values(row).on_conflict_do_nothing().returning(Mandate.mandate_id))
    if made.first() is None:
        raise Conflict("this very mandate was published before")
    return mandate.hash


async def _known(connection: AsyncConnection, agency: UUID) -> None:
    # Locked until the transaction ends: two changes of one agency come one after the other.
    found = await connection.scalar(select(Agency.agency_id).where(Agency.agency_id == agency).with_for_update())
    if found is None:
        raise NotFound("no such agency", path=("agency",))


async def _of_code(connection: AsyncConnection, code: str, field: str) -> UUID:
    if not _CODE.fullmatch(code):
        raise Invalid("the agency is named by its code", path=(field,))
    found: UUID | None = await connection.scalar(select(Agency.agency_id).where(Agency.code == code).with_for_update())
    if found is None:
        raise NotFound("no such agency", path=(field,))
    return found
