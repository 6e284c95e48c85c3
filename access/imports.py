"""Bulk loading of consents that were given elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from access.call import Call, Purpose, allow
from access.consent_acts import imported
from access.consent_records import By, ConsentRecord, Evidence
from access.consent_revisions import Revision, begin
from access.rights import Scope
from core.database import Row
from core.errors import Invalid, TooCostly
from core.ids import uuid7

MAX_BATCH = 10_000
DATA_LIFE_DAYS = 365  # where nobody said how long the agency may keep what it is told
_CONSENT = [
    "person_id",
    "consent_id",
    "agency_id",
    "purpose",
    "requested",
    "attributes",
    "state",
    "valid_from",
    "valid_to",
    "data_life_days",
    "method",
    "revision",
    "chain_hash",
    "changed_at",
]
_REVISION = ("person_id", "consent_id", "number", "hash", "document", "at")


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What a person lets an agency ask for, for one purpose, from now until `valid_to`."""

    person: UUID
    agency: UUID
    purpose: Purpose
    attributes: frozenset[str]
    valid_to: datetime


@allow(Scope.REGISTER_LOAD)
async def load_consents(connection: "asyncpg.Connection[Row]", call: Call, consents: Sequence[NewConsent]) -> list[UUID]:
    """The ids of the consents, in their order. Within a transaction of the caller's.

    Raises Invalid, with the path of the consent, where it names nothing, an unknown attribute, or ends before it begins.
    """
    if len(consents) > MAX_BATCH:
        raise TooCostly(f"at most {MAX_BATCH} consents at a time")
    codes = {row["agency_id"]: row["code"] for row in await connection.fetch("select agency_id, code from agency")}
    made = []
    for number, consent in enumerate(consents):
        if not consent.attributes:
            raise Invalid("a consent names attributes of the catalogue", path=(number, "attributes"))
        if consent.valid_to <= call.now:
            raise Invalid("a consent ends after it begins", path=(number, "valid_to"))
        try:
            record = _record(consent, codes.get(consent.agency, ""), call)
        except Invalid as fault:
            raise fault.under(number) from None
        made.append((record, begin(record, call.now)))
    await connection.copy_records_to_table("consent", records=[_row(*each) for each in made], columns=_CONSENT)
    revisions = [_revision_row(*each) for each in made]
    await connection.copy_records_to_table("consent_revision", records=revisions, columns=_REVISION)
    return [record.consent_id for record, _ in made]


def _record(consent: NewConsent, agency_code: str, call: Call) -> ConsentRecord:
    return imported(
        consent_id=uuid7(call.now),
        person_id=consent.person,
        agency=consent.agency,
        agency_code=agency_code,
        purpose=consent.purpose,
        attributes=consent.attributes,
        valid_from=call.now,
        valid_to=consent.valid_to,
        data_life_days=DATA_LIFE_DAYS,
        evidence=Evidence(By.REGISTRY, call.request_id),
    )


def _row(record: ConsentRecord, revision: Revision) -> tuple[Any, ...]:
    return (
        record.person_id,
        record.consent_id,
        record.agency,
        record.purpose,
        sorted(record.requested),
        sorted(record.granted),
        record.stored,
        record.valid_from,
        record.valid_to,
        record.data_life_days,
        record.method,
        revision.number,
        revision.hash,
        revision.at,
    )


def _revision_row(record: ConsentRecord, revision: Revision) -> tuple[Any, ...]:
    document = orjson.dumps(revision.document).decode()
    return record.person_id, record.consent_id, revision.number, revision.hash, document, revision.at
