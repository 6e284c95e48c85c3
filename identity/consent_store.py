"""Rows of consents: a record as it stands, and each act on it as one more link of its chain.

The row says what the newest revision says: whoever writes one writes both. What is read to be changed is locked and compared,
so that nothing is built on a row that somebody altered in the database.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.consent_acts import Act
from access.consent_models import Consent, ConsentRevision
from access.consent_records import ConsentRecord
from access.consent_revisions import Revision, begin, record_of, revise, revision_of
from access.consent_states import NEVER
from core.canonical import text64
from core.database import Row, raw
from core.errors import Conflict, Internal, NotFound, SijilError
from core.keys import KeyRing

_LOCKED = "select * from consent where person_id = $1 and consent_id = $2 for update"
_OF_AGENCY = "select person_id from consent where agency_id = $1 and consent_id = $2"
# A statement of its own: after waiting for the lock it sees what the one before has written.
_HEAD = """
select r.document::text as document, coalesce((select k.used from counter k where k.owner_id = r.consent_id and k.agency_id = $4
                                and k.kind = 'CONSENT' and k.window_end = $5), 0) as used
  from consent_revision r where r.person_id = $1 and r.consent_id = $2 and r.number = $3"""


@dataclass(frozen=True, slots=True)
class Locked:
    """A consent that nobody else can change until the transaction ends. `used`: of the uses that it has in all."""

    record: ConsentRecord
    head: Revision
    used: int


def columns(record: ConsentRecord, revision: Revision) -> dict[str, Any]:
    """The row of a record, whose newest revision this is; all of it but the hash of a link."""
    limit = record.frequency
    return {
        "person_id": record.person_id,
        "consent_id": record.consent_id,
        "agency_id": record.agency,
        "purpose": record.purpose.value,
        "requested": sorted(record.requested),
        "attributes": sorted(record.granted),
        "state": record.stored.value,
        "answer_by": record.answer_by,
        "valid_from": record.valid_from,
        "valid_to": record.valid_to,
        "uses": None if limit is None else limit.uses,
        "per": None if limit is None else limit.window.value,
        "data_life_days": record.data_life_days,
        "method": record.method.value,
        "notice_hash": None if record.notice is None else record.notice.hash,
        "reference": record.reference,
        "revision": revision.number,
        "chain_hash": revision.hash,
        "changed_at": revision.at,
    }


def says(row: Row, record: ConsentRecord, head: Revision) -> bool:
    """Whether the row says what the record does."""
    return all(row[name] == value for name, value in columns(record, head).items())


def link_token(keys: KeyRing, consent: UUID) -> str:
    """The token of a consent's link: made from its id, so that it is kept nowhere and yet told to who repeats the request."""
    return text64(keys.index("CONSENT_LINK", str(consent)))


def link_hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


async def add(connection: AsyncConnection, record: ConsentRecord, now: datetime, *, link: str | None = None) -> Revision:
    """The first revision of a record that was just made. `link`: the token of the page that the person is sent to."""
    revision = begin(record, now)
    hashed = {"link_hash": None if link is None else link_hash(link)}
    await connection.execute(insert(Consent).values(columns(record, revision) | hashed))
    await _add_revision(connection, record, revision)
    return revision


async def locked(connection: AsyncConnection, person: UUID, consent: UUID) -> Locked:
    """Raises NotFound, with the path `consent`, where the person has none of that id; Internal where it was altered."""
    driver = await raw(connection)
    row = await driver.fetchrow(_LOCKED, person, consent)
    if row is None:
        raise not_found()
    found = await driver.fetchrow(_HEAD, person, consent, row["revision"], row["agency_id"], NEVER)
    try:
        head = revision_of({} if found is None else orjson.loads(found["document"]))
        record = record_of(head)
    except SijilError:
        raise _altered() from None
    if found is None or not says(row, record, head):
        raise _altered()
    return Locked(record, head, found["used"])


async def person_of_consent(connection: AsyncConnection, agency: UUID, consent: UUID) -> UUID:
    """Whose consent to that agency it is. Raises NotFound, with the path `consent`."""
    person: UUID | None = await (await raw(connection)).fetchval(_OF_AGENCY, agency, consent)
    if person is None:
        raise not_found()
    return person


async def append(connection: AsyncConnection, its: Locked, act: Act, now: datetime) -> tuple[ConsentRecord, Revision]:
    """The record after the act, and its revision. Raises as `revise` does; Conflict where somebody else was quicker.

    A link is of no use once the request is answered, or over in another way.
    """
    record, revision = revise(its.head, act, now, used=its.used)
    mine = (
        (Consent.person_id == record.person_id)
        & (Consent.consent_id == record.consent_id)
        & (Consent.revision == its.head.number)
    )
    written = await connection.execute(update(Consent).where(mine).values(columns(record, revision) | {"link_hash": None}))
    if not written.rowcount:
        raise Conflict("somebody else has changed the consent")
    await _add_revision(connection, record, revision)
    return record, revision


def not_found() -> NotFound:
    return NotFound("no such consent", path=("consent",))


def _altered() -> Internal:
    return Internal("a consent is not what its history says")


async def _add_revision(connection: AsyncConnection, record: ConsentRecord, revision: Revision) -> None:
    row = {
        "person_id": record.person_id,
        "consent_id": record.consent_id,
        "number": revision.number,
        "previous_hash": revision.previous_hash,
        "hash": revision.hash,
        "document": dict(revision.document),
        "at": revision.at,
    }
    await connection.execute(insert(ConsentRevision).values(row))
