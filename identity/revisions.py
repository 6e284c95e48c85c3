"""The history of a record: each change of it is a revision, with what it was and what it becomes, sealed under the same key.

The record as it was recorded at an instant is what is there now with all later revisions undone, the newest first (pure). So
nothing is stored twice, and what was corrected is still known to have been otherwise.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from core.canonical import plain_json
from core.database import Row
from core.errors import Internal
from core.ids import uuid7
from core.sealed import DataKey
from identity.register_models import PersonRevision

CHANGE: Final = "person_revision.change"
# Parts that are no sealed value of the record, and change with it all the same.
STATUS, UNTIL, REASON = "person.status", "person.status:until", "person.status:reason"
Values = Mapping[str, str | None]  # by sealed part (or one of the three above)
Change = Mapping[str, tuple[str | None, str | None]]  # what each part was, and what it becomes


class Cause(StrEnum):
    ENROLMENT = "ENROLMENT"
    CORRECTION = "CORRECTION"
    UPDATE = "UPDATE"
    STATUS = "STATUS"
    MERGE = "MERGE"
    UNMERGE = "UNMERGE"
    TELEPHONE = "TELEPHONE"


class Source(StrEnum):
    """Where a change came from: what somebody declared, a centre, a file, a mobile team, a partner, the registry itself."""

    HOLDER = "HOLDER"
    CENTRE = "CENTRE"
    FILE = "FILE"
    PACK = "PACK"
    PARTNER = "PARTNER"
    REGISTRY = "REGISTRY"


@dataclass(frozen=True, slots=True)
class Revision:
    """`change` is None of an enrolment, where all of the record was new."""

    revision_id: UUID
    cause: Cause
    source: Source
    recorded_at: datetime
    effective_on: date | None = None
    request_id: UUID | None = None
    recorded_by: UUID | None = None
    change: Change | None = field(default=None, repr=False)

    @property
    def attributes(self) -> list[str]:
        """What it touched, by the names of the catalogue; nothing of an enrolment, which made all of it."""
        return sorted({attribute_of(part) for part in self.change or ()})


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an attribute's value comes from: the newest revision that touched it."""

    attribute: str
    cause: Cause
    source: Source
    recorded_at: datetime
    effective_on: date | None


# --- pure


def attribute_of(part: str) -> str:
    return part.partition(":")[0]


def undone(values: Values, revisions: Iterable[Revision], at: datetime) -> dict[str, str | None] | None:
    """The record as it was recorded at that instant; None where it was not there yet.

    `values`: as they are now; `revisions`: the newest first, at least all that are later. Raises Internal where they are not
    those of this record: where a value is not the one that a revision made.
    """
    found = dict(values)
    for revision in revisions:
        if revision.recorded_at <= at:
            return found
        if revision.change is None:
            return None
        for part, (was, becomes) in revision.change.items():
            if part in found and found[part] != becomes:
                raise Internal("a record is not what its history made of it")
            found[part] = was
    return found


def provenance(attributes: Collection[str], revisions: Iterable[Revision]) -> dict[str, Provenance]:
    """Of each attribute, where it comes from. `revisions`: the newest first. An enrolment made all that is older than it."""
    found: dict[str, Provenance] = {}
    for revision in revisions:
        touched = attributes if revision.change is None else set(revision.attributes).intersection(attributes)
        for attribute in touched:
            its = Provenance(attribute, revision.cause, revision.source, revision.recorded_at, revision.effective_on)
            found.setdefault(attribute, its)
    return found


# --- storing


async def write_revision(
    connection: AsyncConnection,
    key: DataKey,
    call: Call,
    *,
    person: UUID,
    cause: Cause,
    source: Source,
    change: Change,
    request: UUID | None = None,
    effective_on: date | None = None,
) -> UUID:
    """The id of a new revision, later than all others of that person, whose row is held; `change` says all that becomes
    other than it was. No door: whoever changes a record came in by one."""
    last = await connection.scalar(select(func.max(PersonRevision.recorded_at)).where(PersonRevision.person_id == person))
    # Of two changes the one that was made later is the later one, though its request may have come earlier.
    at = call.now if last is None or last < call.now else last + timedelta(microseconds=1)
    revision = uuid7(at)
    row: dict[str, Any] = {
        "person_id": person,
        "revision_id": revision,
        "cause": cause,
        "source": source,
        "request_id": request,
        "recorded_at": at,
        "effective_on": effective_on,
        "recorded_by": call.actor.account or call.actor.holder,
        "change": key.seal(CHANGE, revision, plain_json({part: list(both) for part, both in change.items()}).decode()),
    }
    await connection.execute(insert(PersonRevision).values(row))
    return revision


COLUMNS: Final = "revision_id, cause, source, request_id, recorded_at, effective_on, recorded_by, change"


def change_in(key: DataKey, revision: UUID, sealed: bytes) -> Change:
    """What a revision has sealed."""
    read = orjson.loads(key.open(CHANGE, revision, sealed))
    return {part: (was, becomes) for part, (was, becomes) in read.items()}


def revision_of(row: Row, key: DataKey) -> Revision:
    """From a row with `COLUMNS`."""
    change = None if row["change"] is None else change_in(key, row["revision_id"], row["change"])
    return Revision(
        revision_id=row["revision_id"],
        cause=Cause(row["cause"]),
        source=Source(row["source"]),
        recorded_at=row["recorded_at"],
        effective_on=row["effective_on"],
        request_id=row["request_id"],
        recorded_by=row["recorded_by"],
        change=change,
    )
