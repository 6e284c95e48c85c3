"""Agencies, and the keys they prove themselves with.

To enrol one, to give it a key and to resume it takes two people (`ACTS`); to stop it, or to take a key back, one, and at once.
What an agency may ask for is in `publishing.py`.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import Call, allow
from access.catalogue import Labels, Lang
from access.models import Agency, AgencyKey
from access.rights import Duty, Scope
from access.tokens import ALGORITHMS, parse_jwk
from core.documents import Node
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.ids import uuid7
from core.texts import checked_text

MAX_NAME = 200  # characters
MAX_KID = 128  # characters
MAX_KEYS = 20  # of one agency, that were not revoked and have not ended
LONGEST_KEY = timedelta(days=3 * 366)
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,31}", re.ASCII)
_JWK_MEMBERS = ("kty", "crv", "x", "kid", "use", "alg", "key_ops")
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
    agency: UUID = (await of_code(connection, code, "code")).agency_id
    return agency


@allow(Scope.AGENCY_MANAGE)
async def code_of_agency(connection: AsyncConnection, _call: Call, *, agency: UUID) -> str:
    """What changes name the agency by. Raises NotFound."""
    code: str | None = await connection.scalar(select(Agency.code).where(Agency.agency_id == agency))
    if code is None:
        raise NotFound("no such agency", path=("agency",))
    return code


# --- by two people: what is changed, and the doors that change it


def enrolment(code: str, names: Labels, duties: Collection[Duty] = ()) -> Document:
    """The change that AGENCY_ENROLLED makes: {code, names: {ar, fr, en}}, and {duties} of one that is charged with any."""
    charged = {"duties": sorted(duties)} if duties else {}
    return {"code": code, "names": {lang.lower(): name for lang, name in names.items()}, **charged}


def new_key(code: str, *, kid: str, alg: str, jwk: Mapping[str, Any], valid_from: datetime, valid_to: datetime) -> Document:
    """The change that AGENCY_KEY_ADDED makes: {agency, kid, alg, jwk, valid_from, valid_to}; the agency by its code."""
    dates = {"valid_from": _written(valid_from), "valid_to": _written(valid_to)}
    return {"agency": code, "kid": kid, "alg": alg, "jwk": dict(jwk), **dates}


def resumption(code: str) -> Document:
    """The change that AGENCY_RESUMED makes: {agency}."""
    return {"agency": code}


@allow(Scope.AGENCY_MANAGE)
async def enrol_agency(connection: AsyncConnection, call: Call, approval: Approved, *, change: Document) -> UUID:
    """A new agency, with a name in each language. Raises Invalid for an ill-formed code or name, Conflict for a code in use."""
    refuse_unless_approved(approval, AGENCY_ENROLLED.kind, change)
    code, names, duties = await _enrolled(connection, change)
    agency = uuid7(call.now)
    row: dict[str, Any] = {"agency_id": agency, "code": code, "enrolled_at": call.now, "duties": duties}
    row |= {f"name_{lang}": name for lang, name in names.items()}
    made = await connection.execute(insert(Agency).values(row).on_conflict_do_nothing().returning(Agency.agency_id))
    if made.first() is None:
        raise _code_taken()
    return agency


@allow(Scope.AGENCY_MANAGE)
async def add_key(connection: AsyncConnection, call: Call, approval: Approved, *, change: Document) -> None:
    """Registers a public key of an agency; several may hold side by side.

    Raises Invalid for a key that is not public, does not fit its algorithm or is over, Conflict where the kid is taken, at
    whichever agency, NotFound for an unknown agency.
    """
    refuse_unless_approved(approval, AGENCY_KEY_ADDED.kind, change)
    agency, valid_from, valid_to = await _key(connection, call, change)
    row = {"agency_id": agency, "valid_from": valid_from, "valid_to": valid_to}
    await connection.execute(insert(AgencyKey).values(row | {name: change[name] for name in ("kid", "alg", "jwk")}))


@allow(Scope.AGENCY_MANAGE)
async def resume_agency(connection: AsyncConnection, call: Call, approval: Approved, *, change: Document) -> None:
    """From the next question on the agency has its rights again. Raises NotFound, and Conflict unless it is suspended."""
    refuse_unless_approved(approval, AGENCY_RESUMED.kind, change)
    agency = await _suspended(connection, call, change)
    await connection.execute(
        update(Agency).where(Agency.agency_id == agency.agency_id).values(suspended_at=None, suspended_by=None)
    )


async def _enrolled(connection: AsyncConnection, change: Document) -> tuple[str, dict[str, str], list[Duty]]:
    fields = Node(dict(change)).record(("code", "names"), ("duties",))
    code = fields["code"].value
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        fields["code"].refuse("a code is 2 to 32 capital letters, digits and underscores, a letter first")
    names = {name: _name(node) for name, node in fields["names"].record([lang.lower() for lang in Lang]).items()}
    if await connection.scalar(select(Agency.agency_id).where(Agency.code == code)) is not None:
        raise _code_taken()
    duties = [node.choice(Duty) for node in fields["duties"].items(most=len(Duty))] if "duties" in fields else []
    if len(set(duties)) != len(duties):
        fields["duties"].refuse("said twice")
    return code, names, duties


def _name(node: Node) -> str:
    try:
        return checked_text(node.text(MAX_NAME), MAX_NAME)
    except Invalid as fault:
        raise Invalid(fault.message, path=node.path) from None


def _code_taken() -> Conflict:
    return Conflict("there is an agency with this code", path=("code",))


async def _key(connection: AsyncConnection, call: Call, change: Document) -> tuple[UUID, datetime, datetime]:
    fields = Node(dict(change)).record(("agency", "kid", "alg", "jwk", "valid_from", "valid_to"))
    kid, alg = fields["kid"].text(MAX_KID), fields["alg"].text()
    _name(fields["kid"])
    if alg not in ALGORITHMS:
        fields["alg"].refuse(f"the algorithm is one of {', '.join(ALGORITHMS)}")
    valid_from, valid_to = (_instant(fields[name]) for name in ("valid_from", "valid_to"))
    if not timedelta(0) < valid_to - valid_from <= LONGEST_KEY:
        fields["valid_to"].refuse("a key ends after it begins, at most three years later")
    if valid_to <= call.now:
        fields["valid_to"].refuse("the key is over already")
    _check_jwk(fields["jwk"], kid, alg)
    agency = await of_code(connection, change["agency"], "agency")
    if await connection.scalar(select(AgencyKey.kid).where(AgencyKey.kid == kid)) is not None:
        raise Conflict("there is a key with this kid", path=("kid",))
    its = (AgencyKey.agency_id == agency.agency_id) & AgencyKey.revoked_at.is_(None) & (AgencyKey.valid_to > call.now)
    if (await connection.scalar(select(func.count()).where(its)) or 0) >= MAX_KEYS:
        raise Conflict(f"an agency has at most {MAX_KEYS} keys at a time", path=("agency",))
    return agency.agency_id, valid_from, valid_to


def _check_jwk(node: Node, kid: str, alg: str) -> None:
    members = node.record((), ("y", *_JWK_MEMBERS) if alg == "ES256" else _JWK_MEMBERS)
    if "kid" in members and members["kid"].value != kid:
        members["kid"].refuse("the key carries another kid")
    for operation in members["key_ops"].items() if "key_ops" in members else ():
        _name(operation)
    try:
        parse_jwk(node.value, alg)
    except Unauthenticated as refusal:
        node.refuse(refusal.message)


def _instant(node: Node) -> datetime:
    """In the one form that a change is written in, so that equal changes have equal hashes."""
    instant = node.instant()
    if _written(instant) != node.value:
        node.refuse("an instant is written in UTC here")
    return instant


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


async def _suspended(connection: AsyncConnection, call: Call, change: Document) -> Any:
    code = Node(dict(change)).record(("agency",))["agency"].value
    agency = await of_code(connection, code, "agency")
    if agency.suspended_at is None or call.now < agency.suspended_at:
        raise Conflict("the agency is not suspended", path=("agency",))
    return agency


async def of_code(connection: AsyncConnection, code: object, *path: str) -> Any:
    """The row of an agency, locked until the transaction ends: two changes of one agency come one after the other.

    Raises Invalid for what is no code, and NotFound, with that path.
    """
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise Invalid("the agency is named by its code", path=path)
    row = (await connection.execute(select(Agency).where(Agency.code == code).with_for_update())).first()
    if row is None:
        raise NotFound("no such agency", path=path)
    return row


# --- by one, and at once


def refuse_beyond(call: Call, divisions: list[str] | None) -> None:
    """Raises Forbidden where whoever calls manages agencies in another part of the country only."""
    if not call.actor.reaches(Scope.AGENCY_MANAGE, divisions):
        raise Forbidden("this lies outside of where you may do it")


def stopped(call: Call, at: InstrumentedAttribute[datetime | None], by: InstrumentedAttribute[UUID | None]) -> dict[Any, Any]:
    """What is written where something is stopped: now and by whoever calls, unless somebody did before."""
    return {at: func.coalesce(at, call.now), by: case((at.is_(None), call.actor.account), else_=by)}


@allow(Scope.AGENCY_MANAGE)
async def suspend_agency(connection: AsyncConnection, call: Call, *, agency: UUID) -> None:
    """From the next question on the agency and its officers have no rights. One suspended before stays so since then."""
    refuse_beyond(call, None)
    its = Agency.agency_id == agency
    done = await connection.execute(update(Agency).where(its).values(stopped(call, Agency.suspended_at, Agency.suspended_by)))
    if not done.rowcount:
        raise NotFound("no such agency", path=("agency",))


@allow(Scope.AGENCY_MANAGE)
async def revoke_key(connection: AsyncConnection, call: Call, *, agency: UUID, kid: str) -> None:
    """From the next question on the key proves nothing. One revoked before stays so since then."""
    refuse_beyond(call, None)
    its = (AgencyKey.agency_id == agency) & (AgencyKey.kid == kid)
    done = await connection.execute(
        update(AgencyKey).where(its).values(stopped(call, AgencyKey.revoked_at, AgencyKey.revoked_by))
    )
    if not done.rowcount:
        raise NotFound("no such key", path=("kid",))


# --- the acts


async def _before_enrolled(connection: AsyncConnection, _call: Call, change: Document) -> None:
    await _enrolled(connection, change)


async def _before_key(connection: AsyncConnection, call: Call, change: Document) -> None:
    await _key(connection, call, change)


async def _before_resumed(connection: AsyncConnection, call: Call, change: Document) -> Document:
    agency = await _suspended(connection, call, change)
    return {"agency": agency.code, "suspended_at": _written(agency.suspended_at)}


async def _enrol(connection: AsyncConnection, call: Call, change: Document, approval: Approved) -> Document:
    return {"agency": str(await enrol_agency(connection, call, approval, change=change))}


async def _add(connection: AsyncConnection, call: Call, change: Document, approval: Approved) -> Document:
    await add_key(connection, call, approval, change=change)
    return {"agency": change["agency"], "kid": change["kid"]}


async def _resume(connection: AsyncConnection, call: Call, change: Document, approval: Approved) -> Document:
    await resume_agency(connection, call, approval, change=change)
    return {"agency": change["agency"]}


def _everywhere(_change: Document) -> None:
    return None


AGENCY_ENROLLED = Act("AGENCY_ENROLLED", Scope.AGENCY_MANAGE, _everywhere, _before_enrolled, _enrol)
AGENCY_KEY_ADDED = Act("AGENCY_KEY_ADDED", Scope.AGENCY_MANAGE, _everywhere, _before_key, _add)
AGENCY_RESUMED = Act("AGENCY_RESUMED", Scope.AGENCY_MANAGE, _everywhere, _before_resumed, _resume)
ACTS = (AGENCY_ENROLLED, AGENCY_KEY_ADDED, AGENCY_RESUMED)
