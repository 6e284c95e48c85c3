"""Attestations: papers with which a holder shows what they chose of their record, signed, for a time, and taken back at will.

Whoever is handed one asks the check page whether it counts (`check_attestation`), and is told yes or no: unknown, expired,
taken back and altered are one answer. That page opens nothing that is sealed, so that it is no look at anybody.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow, open_to_all
from access.catalogue import Lang
from access.decision import Status
from access.disclosure import Disclosure, SealedRecord, Withheld
from access.reading import Reading
from access.rights import Scope
from access.throttles import Budget, Charge, network_of, spend
from core.database import Reader, Row
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated, Unavailable
from core.ids import uuid7
from core.keys import KeyRing
from identity import attested, receipts
from identity.attested import Attested
from identity.models import Identifier
from identity.register_models import Attestation
from identity.self_view import disclose_own, enter_own, person_of
from identity.store import PARTS, STATUS_NOW, column, divisions, record_of

KIND: Final = "ATTESTATION"
SEALED: Final = "attestation.signed"
FIELD: Final = "attestations"
MAX_STANDING: Final = 20  # of one person, at a time
MAX_SHOWN: Final = 100
ISSUED: Final = Budget("ATTESTATIONS", limit=40, window_seconds=24 * 3600)  # the number of each stays for ever
# An office or a telephone network may share an address, and a counter checks a paper a minute.
CHECKS: Final = Budget("CHECK", limit=120, window_seconds=900)
_DRAWS = 10


class AttestationState(StrEnum):
    VALID = "VALID"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class AttestationView:
    """`signed`: the document itself, where it was asked for."""

    attestation_id: UUID
    number: str
    lang: Lang
    attributes: list[Attested]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    state: AttestationState
    signed: str | None = None


@allow(Scope.SELF_MANAGE)
async def issue_attestation(
    connection: AsyncConnection,
    call: Call,
    reading: Reading,
    *,
    issuer: str,
    chosen: Collection[Attested],
    lang: Lang,
    days: int = attested.DEFAULT_DAYS,
) -> UUID:
    """A new attestation about the caller, or the ward whose affairs are seen to.

    Raises Invalid for the choice or the days, and where the register does not have what was chosen, Conflict where the record
    does not count now or has as many as it may, RateLimited after many in a day.
    """
    person, wanted, life = person_of(call), attested.chosen_attributes(chosen), attested.checked_days(days)
    if lang not in attested.PAPER_LANGS:
        raise Invalid("papers are in Arabic or French", path=("lang",))
    record, status = await _record(reading, call, person, wanted)
    disclosure = disclose_own(record, reading, call, "issueAttestation")
    if status is not Status.ACTIVE:
        raise Conflict("this record does not count now")
    await connection.exec_driver_sql("select pg_advisory_xact_lock(hashtextextended($1, 0))", (f"attestation {person}",))
    its = (Attestation.person_id == person) & Attestation.revoked_at.is_(None) & (Attestation.expires_at > call.now)
    if (await connection.scalar(select(func.count()).select_from(Attestation).where(its)) or 0) >= MAX_STANDING:
        raise Conflict(f"at most {MAX_STANDING} attestations stand at a time: revoke one first")
    wait = await spend(connection, [Charge.of(reading.keys, ISSUED, str(person))], now=call.now)
    if wait:
        raise RateLimited("too many attestations within a day", retry_after=wait)
    now = call.now.replace(microsecond=0)
    values = await _values(reading, disclosure, wanted)
    number, attestation = await _new_number(connection, reading.keys, person), uuid7(call.now)
    document = attested.Attestation(number, issuer, lang, values, now, now + life)
    signed = attested.sign(document, reading.keys.signer)
    row = {
        "person_id": person,
        "attestation_id": attestation,
        "number": number,
        "lang": lang.value,
        "attributes": [each.value for each in wanted],
        "signed": record.key.seal(SEALED, attestation, signed),
        "digest": attested.digest_of(signed),
        "issued_at": now,
        "expires_at": now + life,
    }
    await connection.execute(insert(Attestation).values(row))
    return attestation


@allow(Scope.SELF_MANAGE)
async def revoke_attestation(connection: AsyncConnection, call: Call, *, attestation: UUID) -> None:
    """From now on it does not count. Raises NotFound for what is not the caller's, Conflict where it counts no more."""
    its = (Attestation.person_id == person_of(call)) & (Attestation.attestation_id == attestation)
    found = (await connection.execute(select(Attestation.expires_at).where(its))).one_or_none()
    if found is None:
        raise _unknown()
    its &= Attestation.revoked_at.is_(None) & (Attestation.expires_at > call.now)
    if not (await connection.execute(update(Attestation).where(its).values(revoked_at=call.now))).rowcount:
        raise Conflict("it counts no more already", path=("attestation",))


_OWN = """
select p.person_id, p.data_key, a.attestation_id, a.number, a.lang, a.attributes, a.signed, a.issued_at, a.expires_at,
       a.revoked_at
  from person p
  left join attestation a on a.person_id = p.person_id and ($2::uuid is null or a.attestation_id = $2)
 where p.person_id = $1 order by a.attestation_id desc limit $3"""


@allow(Scope.SELF_MANAGE)
async def attestations(reading: Reading, call: Call) -> list[AttestationView]:
    """The caller's (or the ward's), the newest first."""
    rows = await reading.ask(_OWN, person_of(call), None, MAX_SHOWN)
    enter_own(rows, reading, call, FIELD)
    return [_view(row, call.now) for row in rows if row["attestation_id"] is not None]


@allow(Scope.SELF_MANAGE)
async def attestation(reading: Reading, call: Call, *, attestation: UUID) -> AttestationView:
    """One of them, with the signed document. Raises NotFound."""
    rows = await reading.ask(_OWN, person_of(call), attestation, 1)
    enter_own(rows, reading, call, FIELD)
    if rows[0]["attestation_id"] is None:
        raise _unknown("id")
    key = record_of(rows[0], reading.keys).key
    return _view(rows[0], call.now, key.open(SEALED, attestation, rows[0]["signed"]))


# --- for anybody


_CHECK = f"""
select a.digest, a.expires_at, a.revoked_at, {STATUS_NOW.format(now="$4")} as status
  from identifier i
  join attestation a on a.person_id = i.owner_id and a.number = $3
  join person p on p.person_id = a.person_id
 where i.hash = $1 and i.kind = '{KIND}' and i.key_version = $2"""


@open_to_all
async def check_attestation(reading: Reading, call: Call, *, number: str, part: str | None) -> bool:
    """Whether the attestation of that number counts now. `part`: what the address on the paper carried of it, if it was read.

    For pages only. Raises Forbidden for whoever asks in another way, RateLimited where an address has asked too often.
    """
    if call.address is None:
        raise Forbidden("this is for the page where attestations are checked")
    charge = Charge.of(reading.keys, CHECKS, network_of(call.address))
    async with reading.database.begin() as connection:
        wait = await spend(connection, [charge], now=call.now)
    if wait:
        raise RateLimited("too many attestations were checked from here", retry_after=wait)
    try:
        normal = receipts.normal_number(number)
    except Invalid:
        return False
    keys = reading.keys
    rows = await reading.ask(_CHECK, keys.index(KIND, normal), keys.index_version, normal, call.now)
    return any(_counts(row, part, call.now) for row in rows)


def _counts(row: Row, part: str | None, now: datetime) -> bool:
    unaltered = part is None or hmac.compare_digest(part.encode(), attested.part_of(row["digest"]).encode())
    return unaltered and row["revoked_at"] is None and now < row["expires_at"] and row["status"] == Status.ACTIVE


# --- parts


async def _record(reading: Reading, call: Call, person: UUID, wanted: Sequence[Attested]) -> tuple[SealedRecord, Status]:
    names = {name.removesuffix(":masked") for each in wanted for name in attested.NAMES[each]}
    parts = [part for name in sorted(names) for part in PARTS[name]]
    columns = "".join(f", p.{column(part)}" for part in parts)
    status = STATUS_NOW.format(now="$2")
    sql = f"select p.person_id, p.data_key, {status} as status{columns} from person p where p.person_id = $1"
    rows = await reading.ask(sql, person, call.now)
    if not rows or rows[0]["data_key"] is None:
        raise Unauthenticated("the session is over")
    return record_of(rows[0], reading.keys, parts), Status(rows[0]["status"])


async def _values(reader: Reader, disclosure: Disclosure, wanted: Sequence[Attested]) -> Mapping[str, Any]:
    """What was chosen, as it stands in the document. Raises Invalid where the register has no such value."""
    values: dict[str, Any] = {}
    for each in wanted:
        for name in attested.NAMES[each]:
            value = _value(disclosure, name)
            if value is None:
                raise Invalid("the register does not have this of you", path=("attributes",))
            values[name] = value
    rows = await divisions(reader, [values[name] for name in attested.PLACES & values.keys()])
    for name in attested.PLACES & values.keys():
        place = rows.get(values[name])
        if place is None:  # a code that no division has any more
            raise Invalid("the register does not have this of you", path=("attributes",))
        values[name] = {"code": place["code"], "ar": place["name_ar"], "fr": place["name_fr"]}
    return values


def _value(disclosure: Disclosure, name: str) -> Any:
    attribute = name.removesuffix(":masked")
    if name in attested.SCRIPTED:
        found = disclosure.reveal(attribute, lambda its: [its.open(f"{name}:ar"), its.open(f"{name}:latin")])
        if not isinstance(found, Withheld):
            return dict(zip(("ar", "latin"), found, strict=True)) if any(found) else None
    else:
        masking = name == attested.MASKED
        value = disclosure.reveal(attribute, lambda its: _masked(its.open(attribute), masking))
        if not isinstance(value, Withheld):
            return value
    raise Forbidden("this is not done while somebody sits beside")


def _masked(value: str | None, masking: bool) -> str | None:
    return attested.masked(value) if masking and value is not None else value


async def _new_number(connection: AsyncConnection, keys: KeyRing, owner: UUID) -> str:
    """A number that no attestation had before."""
    for _ in range(_DRAWS):
        number = receipts.drawn()
        row = {"hash": keys.index(KIND, number), "kind": KIND, "key_version": keys.index_version, "owner_id": owner}
        if (await connection.execute(insert_unless_there(Identifier).values(row).on_conflict_do_nothing())).rowcount:
            return number
    raise Unavailable("no number of an attestation is free")


def _view(row: Row, now: datetime, signed: str | None = None) -> AttestationView:
    state = AttestationState.VALID if now < row["expires_at"] else AttestationState.EXPIRED
    return AttestationView(
        attestation_id=row["attestation_id"],
        number=row["number"],
        lang=Lang(row["lang"]),
        attributes=[Attested(each) for each in row["attributes"]],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        state=state if row["revoked_at"] is None else AttestationState.REVOKED,
        signed=signed,
    )


def _unknown(part: str = "attestation") -> NotFound:
    return NotFound("no such attestation of yours", path=(part,))
