"""Who has looked: one entry per subject and root field, durable before the answer leaves.

The leaf is canonical JSON, version 1. What it says of the subject are commitments HMAC-SHA256(salt, kind || value): a bare
hash of a yes or no could be guessed. The salt and the plain values are sealed under the subject's own data key, so that a
person's data can be erased and the log still verifies.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from access.call import Call
from access.disclosure import Disclosure
from core.canonical import plain_json, text64
from core.database import Row
from core.errors import SijilError
from core.ids import random_bytes
from core.settlement import Kind

VERSION = 1
SEALED_ATTRIBUTE = "ledger.details"


@dataclass(frozen=True, slots=True)
class Entry:
    subject_id: UUID
    entry_id: UUID
    recorded_at: datetime
    shown_at: datetime | None
    agency_id: UUID | None
    actor: str
    holder_id: UUID | None
    leaf: bytes
    sealed: bytes


def commitment(salt: bytes, kind: str, value: bytes) -> str:
    return text64(hmac.digest(salt, kind.encode() + b"\0" + value, "sha256"))


def answer_hash(disclosure: Disclosure) -> bytes:
    """SHA-256 over what was told: the outcome a door set, else the values revealed."""
    told = disclosure.revealed if disclosure.outcome is None else disclosure.outcome
    return sha256(plain_json(told)).digest()


def entry(disclosure: Disclosure, call: Call) -> Entry:
    """The entry of one disclosure. `disclosure.revealed` and `.outcome` must be plain JSON values by now."""
    salt = random_bytes(32)
    decision = disclosure.decision
    uses = plain_json(disclosure.notes)
    answer = answer_hash(disclosure)
    at = call.now.isoformat(timespec="microseconds")
    actor = call.actor
    agency = actor.agency
    leaf = {
        "v": VERSION,
        "id": str(disclosure.entry_id),
        "at": at,
        "request": str(call.request_id),
        "actor": actor.kind.value,
        "agency": _text(agency),
        "key": actor.kid,
        "officer": _text(actor.account or actor.assistant),
        "office": _text(actor.office),
        "operator": _text(actor.operator),
        "on_behalf": None if actor.holder is None else "SELF" if actor.holder == disclosure.subject else "WARD",
        "purpose": disclosure.purpose,
        "agreement": decision.agreement.hex(),
        "field": disclosure.field,
        "subject": commitment(salt, "subject", disclosure.subject.bytes),
        "basis": commitment(salt, "basis", f"{decision.ground} {decision.basis or ''}".encode()),
        "uses": commitment(salt, "uses", uses),
        "answer": commitment(salt, "answer", answer),
    }
    if actor.holder is not None:  # which of somebody's guardians it was, say
        leaf["holder"] = commitment(salt, "holder", actor.holder.bytes)
    details: dict[str, Any] = {
        "salt": text64(salt),
        "ground": decision.ground,
        "basis": decision.basis,
        "uses": disclosure.notes,
        "answer": text64(answer),
    }
    if disclosure.failed:
        details["failed"] = disclosure.failed
    return Entry(
        subject_id=disclosure.subject,
        entry_id=disclosure.entry_id,
        recorded_at=call.now,
        shown_at=None if decision.hidden_for is None else call.now + decision.hidden_for,
        agency_id=agency,
        actor=actor.kind,
        holder_id=actor.holder,
        leaf=plain_json(leaf),
        sealed=disclosure.key.seal(SEALED_ATTRIBUTE, disclosure.entry_id, plain_json(details).decode()),
    )


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


class Ledger(Kind):
    """The effect kind of entries: all of a group in one statement."""

    async def apply(
        self, connection: "asyncpg.Connection[Row]", effects: Sequence[tuple[int, Entry]]
    ) -> Mapping[int, SijilError]:
        entries = [entry for _, entry in effects]
        await connection.execute(
            """insert into ledger_entry (subject_id, entry_id, recorded_at, shown_at, agency_id, actor, holder_id, leaf, sealed,
                                         format)
            select *, $10::smallint
            from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::varchar[], $7::uuid[],
                        $8::bytea[], $9::bytea[])""",
            [e.subject_id for e in entries],
            [e.entry_id for e in entries],
            [e.recorded_at for e in entries],
            [e.shown_at for e in entries],
            [e.agency_id for e in entries],
            [e.actor for e in entries],
            [e.holder_id for e in entries],
            [e.leaf for e in entries],
            [e.sealed for e in entries],
            VERSION,
        )
        return {}


LEDGER = Ledger()
