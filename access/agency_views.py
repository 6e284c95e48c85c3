"""Agencies with their keys and documents, as staff who manage them see them, and each agency its own.

Of every kind the newest are shown: MAX_OF_KIND at most of one agency, MAX_IN_LIST of each in a list. Nothing of it tells of
people, but who of the staff stopped something: other staff are told so by name, an agency is not.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

import orjson

from access.account_views import AgencyRef
from access.call import ActorKind, Call, Purpose, allow
from access.catalogue import Labels, Lang
from access.reading import Reading
from access.rights import Scope
from core import paging
from core.canonical import canonical
from core.database import Row
from core.errors import Forbidden, NotFound

WARNED = timedelta(days=30)  # before a key or an agreement ends
MAX_OF_KIND = 100
MAX_IN_LIST = 10


@dataclass(frozen=True, slots=True)
class KeyView:
    """`in_force`: it proves something now; `expires_soon`: it does, and will not for long."""

    kid: str
    alg: str
    jwk: str
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    in_force: bool
    expires_soon: bool


@dataclass(frozen=True, slots=True)
class AgreementView:
    """`document`: in canonical JSON; `hash`: its SHA-256, in hex. `in_force`: it is what the agency may ask for now."""

    version: int
    hash: str
    document: str
    territory: Sequence[str] | None
    purposes: Sequence[Purpose]
    valid_from: datetime
    valid_to: datetime
    suspended_at: datetime | None
    suspended_by: str | None
    in_force: bool


@dataclass(frozen=True, slots=True)
class MandateView:
    id: str
    purpose: Purpose
    article: str
    hash: str
    document: str
    valid_from: datetime
    valid_to: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    in_force: bool


@dataclass(frozen=True, slots=True)
class NoticeView:
    """`in_force`: consents are asked for under it now, and under no older version."""

    purpose: Purpose
    version: int
    hash: str
    document: str
    valid_from: datetime
    published_at: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class AgencyDetails:
    """An agency, and what it has, newest first. `agreement`: the one in force."""

    agency: UUID
    code: str
    names: Labels
    enrolled_at: datetime
    suspended_at: datetime | None
    suspended_by: str | None
    keys: Sequence[KeyView]
    agreement: AgreementView | None
    agreements: Sequence[AgreementView]
    mandates: Sequence[MandateView]
    notices: Sequence[NoticeView]


_COLUMNS = "agency_id, code, name_ar, name_fr, name_en, enrolled_at, suspended_at, suspended_by"
_ONE = f"select {_COLUMNS} from agency where agency_id = $1"
_PAGE = f"select {_COLUMNS} from agency where $1::varchar is null or code > $1 order by code limit $2"


def _newest(table: str, order: str) -> str:
    """The rows of the agencies $1, up to $2 of each."""
    return f"""select * from (select t.*, row_number() over (partition by agency_id order by {order}) as place from {table} t
                where agency_id = any($1)) numbered where place <= $2 order by agency_id, place"""


_KEYS = _newest("agency_key", "valid_to desc, kid")
_AGREEMENTS = _newest("agreement", "version desc")
_MANDATES = _newest("mandate", "valid_from desc, hash desc")
_NOTICES = _newest("consent_notice", "purpose, version desc")
_ACCOUNTS = "select account_id, data_key, name from account where account_id = any($1)"
Names = Mapping[UUID | None, str]
"""Of those who stopped something, by their accounts."""


@allow(Scope.AGENCY_MANAGE)
async def agency(reading: Reading, call: Call, *, agency_id: UUID) -> AgencyDetails:
    """Raises NotFound."""
    async with reading.snapshot():
        return await _one(reading, call, agency_id, by_name=True)


@allow(Scope.AGENCY_MANAGE)
async def agencies(
    reading: Reading, call: Call, *, first: int | None = None, after: str | None = None
) -> paging.Page[AgencyDetails]:
    """All agencies, by their codes."""
    rows_shown = paging.size(first)
    cursors = paging.Cursors(reading.keys.commitment, f"agencies {call.actor.id}")
    last = None if after is None else cursors.read(after)[0]
    async with reading.snapshot():
        found = await _with_all(reading, call, await reading.ask(_PAGE, last, rows_shown + 1), MAX_IN_LIST, by_name=True)
    return paging.page(found, rows_shown, cursors, lambda details: (details.code,))


@allow(Scope.AGENCY_MANAGE)
async def agency_named(reading: Reading, _call: Call, *, code: str) -> AgencyRef | None:
    """The agency of that code, by its names; None where there is none (yet)."""
    rows = await reading.ask(f"select {_COLUMNS} from agency where code = $1", code)
    return AgencyRef(rows[0]["agency_id"], rows[0]["code"], _names(rows[0])) if rows else None


@allow(Scope.SELF_READ)
async def my_agency(reading: Reading, call: Call) -> AgencyDetails:
    """The agency that asks, by its key or by one of its officers. Raises Forbidden for anybody else."""
    if call.actor.kind not in (ActorKind.OFFICER, ActorKind.AGENCY) or call.actor.agency is None:
        raise Forbidden("you are of no agency")
    async with reading.snapshot():
        await reading.admit(call)
        return await _one(reading, call, call.actor.agency, by_name=False)


async def _one(reading: Reading, call: Call, agency_id: UUID, *, by_name: bool) -> AgencyDetails:
    rows = await reading.ask(_ONE, agency_id)
    if not rows:
        raise NotFound("no such agency", path=("id",))
    (found,) = await _with_all(reading, call, rows, MAX_OF_KIND, by_name=by_name)
    return found


async def _with_all(reading: Reading, call: Call, rows: Sequence[Row], most: int, *, by_name: bool) -> list[AgencyDetails]:
    ids = [row["agency_id"] for row in rows]

    async def of_each(statement: str) -> Mapping[UUID, list[Row]]:
        found = await reading.ask(statement, ids, most)
        return {agency_id: list(group) for agency_id, group in groupby(found, key=lambda row: row["agency_id"])}

    keys, agreements = await of_each(_KEYS), await of_each(_AGREEMENTS)
    mandates, notices = await of_each(_MANDATES), await of_each(_NOTICES)
    told = [(row, "suspended_by") for row in rows]
    told += [(row, "revoked_by") for of in (keys, mandates) for group in of.values() for row in group]
    told += [(row, "suspended_by") for group in agreements.values() for row in group]
    names = await _names_of(reading, {row[by] for row, by in told}) if by_name else {}
    return [
        _details(
            row,
            call.now,
            names,
            keys.get(row["agency_id"], []),
            agreements.get(row["agency_id"], []),
            mandates.get(row["agency_id"], []),
            notices.get(row["agency_id"], []),
        )
        for row in rows
    ]


async def _names_of(reading: Reading, accounts: Set[UUID | None]) -> Names:
    found = accounts - {None}
    rows = await reading.ask(_ACCOUNTS, list(found)) if found else ()
    keys = {row["account_id"]: reading.keys.masters.unwrap(row["account_id"], row["data_key"]) for row in rows}
    return {row["account_id"]: keys[row["account_id"]].open("account.name", row["account_id"], row["name"]) for row in rows}


def _details(
    row: Row, now: datetime, names: Names, keys: list[Row], agreements: list[Row], mandates: list[Row], notices: list[Row]
) -> AgencyDetails:
    begun = next((its["version"] for its in agreements if its["valid_from"] <= now), None)
    told = [_agreement(its, now, names, newest=its["version"] == begun) for its in agreements]
    return AgencyDetails(
        agency=row["agency_id"],
        code=row["code"],
        names=_names(row),
        enrolled_at=row["enrolled_at"],
        suspended_at=row["suspended_at"],
        suspended_by=names.get(row["suspended_by"]),
        keys=[_key(its, now, names) for its in keys],
        agreement=next((its for its in told if its.in_force), None),
        agreements=told,
        mandates=_mandates(mandates, now, names),
        notices=_notices(notices, now),
    )


def _names(row: Row) -> Labels:
    return {lang: row[f"name_{lang.lower()}"] for lang in Lang}


def _holds(row: Row, ended: str, now: datetime) -> bool:
    begun: bool = row["valid_from"] <= now < row["valid_to"]
    return begun and (row[ended] is None or now < row[ended])


def _key(row: Row, now: datetime, names: Names) -> KeyView:
    holds = _holds(row, "revoked_at", now)
    return KeyView(
        kid=row["kid"],
        alg=row["alg"],
        jwk=_text(row["jwk"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        revoked_at=row["revoked_at"],
        revoked_by=names.get(row["revoked_by"]),
        in_force=holds,
        expires_soon=holds and row["valid_to"] <= now + WARNED,
    )


def _agreement(row: Row, now: datetime, names: Names, *, newest: bool) -> AgreementView:
    document = orjson.loads(row["document"])
    return AgreementView(
        version=row["version"],
        hash=row["hash"].hex(),
        document=canonical(document).decode(),
        territory=document["territory"],
        purposes=[Purpose(purpose) for purpose in document["purposes"]],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        suspended_at=row["suspended_at"],
        suspended_by=names.get(row["suspended_by"]),
        # Where the newest that has begun is suspended or over, no older one comes back in its place (`authority.py`).
        in_force=newest and _holds(row, "suspended_at", now),
    )


def _mandates(rows: list[Row], now: datetime, names: Names) -> list[MandateView]:
    told, taken = [], set()
    for row in rows:
        # Of several that hold, the one that began last counts, as in `authority.py`.
        counts = _holds(row, "revoked_at", now) and row["purpose"] not in taken
        if counts:
            taken.add(row["purpose"])
        told.append(
            MandateView(
                id=str(row["mandate_id"]),
                purpose=Purpose(row["purpose"]),
                article=orjson.loads(row["document"])["article"],
                hash=row["hash"].hex(),
                document=_text(row["document"]),
                valid_from=row["valid_from"],
                valid_to=row["valid_to"],
                revoked_at=row["revoked_at"],
                revoked_by=names.get(row["revoked_by"]),
                in_force=counts,
            )
        )
    return told


def _notices(rows: list[Row], now: datetime) -> list[NoticeView]:
    told, taken = [], set()
    for row in rows:
        counts = row["valid_from"] <= now and row["purpose"] not in taken
        if counts:
            taken.add(row["purpose"])
        told.append(
            NoticeView(
                purpose=Purpose(row["purpose"]),
                version=row["version"],
                hash=row["hash"].hex(),
                document=_text(row["document"]),
                valid_from=row["valid_from"],
                published_at=row["published_at"],
                in_force=counts,
            )
        )
    return told


def _text(stored: str) -> str:
    """A stored document as its hash was made over it."""
    return canonical(orjson.loads(stored)).decode()
