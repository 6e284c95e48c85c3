"""Accounts, offices and operators, as they are shown to who administers them. A name or an e-mail is opened for nobody else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from access.call import Actor, Call, Purpose, allow
from access.catalogue import Labels, Lang
from access.officers import OfficeKind
from access.reading import Reading
from access.rights import Role, Scope
from access.territory import LINEAGE
from core import paging
from core.database import Reader, Row
from core.errors import Forbidden
from core.paging import Page


@dataclass(frozen=True, slots=True)
class AgencyRef:
    id: UUID
    code: str
    name: Labels


@dataclass(frozen=True, slots=True)
class OperatorView:
    id: UUID
    name: Labels
    mandate: str
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfficeView:
    id: UUID
    kind: OfficeKind
    code: str
    name: Labels
    division: str | None
    opened_at: datetime
    closed_at: datetime | None
    operator: OperatorView | None


@dataclass(frozen=True, slots=True)
class GrantView:
    """A role in force. `division` None: in the whole country."""

    id: UUID
    role: Role
    division: str | None
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """`taken_up`: it has its password and second factor; `invited_until`: until then a link that was sent can do that."""

    id: UUID
    email: str = field(repr=False)
    name: str = field(repr=False)
    lang: Lang
    made_at: datetime
    taken_up: bool
    invited_until: datetime | None
    disabled_at: datetime | None
    roles: tuple[GrantView, ...]
    agency: AgencyRef | None
    office: OfficeView | None
    purposes: tuple[Purpose, ...] | None


_IN_FORCE = """r.account_id = a.account_id and r.valid_from <= $1 and (r.valid_to is null or $1 < r.valid_to)
                 and (r.revoked_at is null or $1 < r.revoked_at)"""
_ACCOUNTS = f"""
select a.account_id, a.agency_id, a.office_id, a.purposes, a.data_key, a.email, a.name, a.lang, a.made_at, a.disabled_at,
       a.password is not null as taken_up, g.code as agency_code, g.name_ar, g.name_fr, g.name_en,
       (select max(i.expires_at) from invitation i
         where i.account_id = a.account_id and i.used_at is null and $1 < i.expires_at) as invited_until,
       (select json_agg(json_build_object('id', r.grant_id, 'role', r.role, 'division', r.division,
                                          'valid_from', r.valid_from, 'valid_to', r.valid_to) order by r.grant_id)
          from role_grant r where {_IN_FORCE}) as roles
  from account a left join agency g on g.agency_id = a.agency_id"""
# Where somebody administers a part of the country: the accounts all of whose roles hold within it.
_WITHIN = f"""($5::varchar[] is null
        or exists (select from role_grant r where {_IN_FORCE})
           and not exists (select from role_grant r where {_IN_FORCE}
                              and ({LINEAGE.format("r.division")} && $5::varchar[]) is not true))"""
_OFFICES = """
select o.office_id, o.kind, o.code, o.name_ar, o.name_fr, o.name_en, o.division, o.opened_at, o.closed_at, o.operator_id,
       p.name_ar as operator_ar, p.name_fr as operator_fr, p.name_en as operator_en, p.mandate, p.valid_from, p.valid_to,
       p.revoked_at
  from office o left join operator p on p.operator_id = o.operator_id"""
_AGENCIES = "select agency_id, code, name_ar, name_fr, name_en from agency"


# --- for the registry's administrators


@allow(Scope.ACCOUNT_MANAGE)
async def accounts(
    reading: Reading, call: Call, *, agency: UUID | None, first: int | None, after: str | None
) -> Page[AccountView]:
    """The accounts of an agency, or (None) of the registry's own staff, the newest first."""
    where = f"a.agency_id is not distinct from $2::uuid and {_WITHIN}"
    return await _page(reading, call, where, agency, call.actor.confined(Scope.ACCOUNT_MANAGE), first, after)


@allow(Scope.ACCOUNT_MANAGE)
async def account(reading: Reading, call: Call, *, account: UUID) -> AccountView | None:
    """One account; None where there is none, or it lies outside of where the caller administers."""
    found = await _one(reading, call, account)
    if found is None or not _reaches(call.actor, found):
        return None
    return found


def _reaches(actor: Actor, found: AccountView) -> bool:
    divisions = {grant.division for grant in found.roles}
    within = {division for division in divisions if division is not None}
    return actor.reaches(Scope.ACCOUNT_MANAGE, within if within and within == divisions else None)


@allow(Scope.ACCOUNT_MANAGE)
async def agencies(reading: Reading, call: Call, *, first: int | None, after: str | None) -> Page[AgencyRef]:
    """All agencies by their codes, for who invites the first of an agency's people. Nothing but their names."""
    size = paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"agencies by name {call.actor.id}")
    last = None if after is None else cursors.read(after)[0]
    rows = await reading.ask(f"{_AGENCIES} where $1::varchar is null or code > $1 order by code limit $2", last, size + 1)
    return paging.page([_agency_ref(row) for row in rows], size, cursors, lambda agency: (agency.code,))


@allow(Scope.ACCOUNT_MANAGE)
async def agency(reading: Reading, _call: Call, *, agency: UUID) -> AgencyRef | None:
    """One of them; None where there is none."""
    rows = await reading.ask(f"{_AGENCIES} where agency_id = $1", agency)
    return _agency_ref(rows[0]) if rows else None


# --- for an agency's own administrator


@allow(Scope.OFFICER_MANAGE)
async def officers(reading: Reading, call: Call, *, first: int | None, after: str | None) -> Page[AccountView]:
    """The people of one's own agency, the newest first."""
    return await _page(reading, call, f"a.agency_id = $2 and {_WITHIN}", _agency(call), None, first, after)


@allow(Scope.OFFICER_MANAGE)
async def officer(reading: Reading, call: Call, *, account: UUID) -> AccountView | None:
    """Somebody of one's own agency; None where there is nobody."""
    agency, found = _agency(call), await _one(reading, call, account)
    return found if found is not None and found.agency is not None and found.agency.id == agency else None


@allow(Scope.OFFICER_MANAGE)
async def offices(reading: Reading, call: Call, *, first: int | None, after: str | None) -> Page[OfficeView]:
    """The offices of one's own agency, the closed ones too, the newest first."""
    agency, size = _agency(call), paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"offices {agency} {call.actor.id}")
    rows = await reading.ask(
        f"""{_OFFICES} where o.agency_id = $1 and ($2::uuid is null or o.office_id < $2)
            order by o.office_id desc limit $3""",
        agency,
        _last(cursors, after),
        size + 1,
    )
    return paging.page([_office(row) for row in rows], size, cursors, lambda office: (str(office.id),))


@allow(Scope.OFFICER_MANAGE)
async def office(reading: Reading, call: Call, *, office: UUID) -> OfficeView | None:
    """An office of one's own agency; None where there is none."""
    rows = await reading.ask(f"{_OFFICES} where o.agency_id = $1 and o.office_id = $2", _agency(call), office)
    return _office(rows[0]) if rows else None


@allow(Scope.OFFICER_MANAGE)
async def operators(reading: Reading, call: Call, *, first: int | None, after: str | None) -> Page[OperatorView]:
    """The operators of one's own agency, those whose mandate is over too, the newest first."""
    agency, size = _agency(call), paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"operators {agency} {call.actor.id}")
    rows = await reading.ask(
        """select * from operator where agency_id = $1 and ($2::uuid is null or operator_id < $2)
            order by operator_id desc limit $3""",
        agency,
        _last(cursors, after),
        size + 1,
    )
    return paging.page([_operator(row) for row in rows], size, cursors, lambda operator: (str(operator.id),))


@allow(Scope.OFFICER_MANAGE)
async def operator(reading: Reading, call: Call, *, operator: UUID) -> OperatorView | None:
    """An operator of one's own agency; None where there is none."""
    rows = await reading.ask("select * from operator where agency_id = $1 and operator_id = $2", _agency(call), operator)
    return _operator(rows[0]) if rows else None


# --- about oneself


@allow(Scope.SELF_READ)
async def own_account(reading: Reading, call: Call) -> AccountView:
    """The account that asks. Raises Forbidden to who has none."""
    found = None if call.actor.account is None else await _one(reading, call, call.actor.account)
    if found is None:
        raise Forbidden("this is for who has an account")
    return found


# --- parts


def _agency(call: Call) -> UUID:
    if call.actor.agency is None:
        raise Forbidden("this is for an agency's own administrator")
    return call.actor.agency


async def _page(
    reading: Reading,
    call: Call,
    where: str,
    agency: UUID | None,
    territory: Sequence[str] | None,
    first: int | None,
    after: str | None,
) -> Page[AccountView]:
    size = paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"accounts {agency} {call.actor.id}")
    last = _last(cursors, after)
    async with reading.snapshot():
        rows = await reading.ask(
            f"{_ACCOUNTS} where {where} and ($3::uuid is null or a.account_id < $3) order by a.account_id desc limit $4",
            call.now,
            agency,
            last,
            size + 1,
            territory,
        )
        its_offices = await _offices(reading, {row["office_id"] for row in rows} - {None})
    found = [_account(reading, row, its_offices) for row in rows]
    return paging.page(found, size, cursors, lambda account: (str(account.id),))


async def _one(reading: Reading, call: Call, account: UUID) -> AccountView | None:
    async with reading.snapshot():
        rows = await reading.ask(f"{_ACCOUNTS} where a.account_id = $2", call.now, account)
        its_offices = await _offices(reading, {row["office_id"] for row in rows} - {None})
    return _account(reading, rows[0], its_offices) if rows else None


async def _offices(reader: Reader, offices: Collection[UUID]) -> Mapping[UUID, OfficeView]:
    if not offices:
        return {}
    rows = await reader.ask(f"{_OFFICES} where o.office_id = any($1::uuid[])", list(offices))
    return {row["office_id"]: _office(row) for row in rows}


def _last(cursors: paging.Cursors, after: str | None) -> UUID | None:
    """The id that a page goes on after."""
    if after is None:
        return None
    return UUID(cursors.read(after)[0])  # nobody but us wrote it


def _account(reading: Reading, row: Row, offices: Mapping[UUID, OfficeView]) -> AccountView:
    id_ = row["account_id"]
    key = reading.keys.masters.unwrap(id_, row["data_key"])
    return AccountView(
        id=id_,
        email=key.open("account.email", id_, row["email"]),
        name=key.open("account.name", id_, row["name"]),
        lang=Lang(row["lang"]),
        made_at=row["made_at"],
        taken_up=row["taken_up"],
        invited_until=row["invited_until"],
        disabled_at=row["disabled_at"],
        roles=tuple(_grant(grant) for grant in orjson.loads(row["roles"] or "[]")),
        agency=None if row["agency_id"] is None else AgencyRef(row["agency_id"], row["agency_code"], _labels(row)),
        office=offices.get(row["office_id"]),
        purposes=None if row["purposes"] is None else tuple(map(Purpose, row["purposes"])),
    )


def _grant(told: Mapping[str, Any]) -> GrantView:
    until = told["valid_to"]
    return GrantView(
        id=UUID(told["id"]),
        role=Role(told["role"]),
        division=told["division"],
        valid_from=datetime.fromisoformat(told["valid_from"]),
        valid_to=None if until is None else datetime.fromisoformat(until),
    )


def _office(row: Row) -> OfficeView:
    its = None
    if row["operator_id"] is not None:
        name = {lang: row[f"operator_{lang.lower()}"] for lang in Lang}
        dates = row["valid_from"], row["valid_to"], row["revoked_at"]
        its = OperatorView(row["operator_id"], name, row["mandate"], *dates)
    return OfficeView(
        id=row["office_id"],
        kind=OfficeKind(row["kind"]),
        code=row["code"],
        name=_labels(row),
        division=row["division"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        operator=its,
    )


def _agency_ref(row: Row) -> AgencyRef:
    return AgencyRef(row["agency_id"], row["code"], _labels(row))


def _operator(row: Row) -> OperatorView:
    dates = row["valid_from"], row["valid_to"], row["revoked_at"]
    return OperatorView(row["operator_id"], _labels(row), row["mandate"], *dates)


def _labels(row: Row) -> Labels:
    return {lang: row[f"name_{lang.lower()}"] for lang in Lang}
