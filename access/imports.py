"""Bulk loading of consents that were given elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from access.call import Call, Purpose, Scope, allow
from access.catalogue import CATALOGUE
from core.database import Row
from core.errors import Invalid, TooCostly
from core.ids import uuid7

MAX_BATCH = 10_000
_COLUMNS = ("person_id", "consent_id", "agency_id", "purpose", "attributes", "valid_from", "valid_to")


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
    rows = []
    for number, consent in enumerate(consents):
        if not consent.attributes or not consent.attributes <= CATALOGUE.keys():
            raise Invalid("a consent names attributes of the catalogue", path=(number, "attributes"))
        if consent.valid_to <= call.now:
            raise Invalid("a consent ends after it begins", path=(number, "valid_to"))
        attributes = sorted(consent.attributes)
        rows.append((consent.person, uuid7(call.now), consent.agency, consent.purpose, attributes, call.now, consent.valid_to))
    await connection.copy_records_to_table("consent", records=rows, columns=_COLUMNS)
    return [row[1] for row in rows]
