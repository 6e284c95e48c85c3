"""Wrapping data keys anew after the master key was rotated: proposed by one, approved by another, done by a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.approval import Act, Approved, Document, refuse_unless_approved
from access.call import Call, allow, refuse_unless_everywhere
from access.rights import Scope
from core.documents import Node
from core.errors import Conflict
from core.ids import uuid7
from core.jobs import enqueue
from core.keys import KeyRing
from core.rewrapping import REWRAPPING

KEYS_REWRAPPED = "KEYS_REWRAPPED"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A version of the master key that this process has; the newest wraps."""

    version: int
    newest: bool


def acts(keys: KeyRing) -> tuple[Act, ...]:
    """The dangerous act of this module.

    KEYS_REWRAPPED   {version}   of the newest master key, which wraps all data keys when the job is done
    """

    async def before(_: AsyncConnection, __: Call, change: Document) -> Document:
        return {"versions": _older(keys, change)}

    async def apply(connection: AsyncConnection, call: Call, change: Document, approved: Approved) -> Document:
        job = await rewrap_keys(connection, call, keys, approved, change=change)
        return {"job": str(job)}

    return (Act(KEYS_REWRAPPED, Scope.KEY_ROTATE, lambda _: None, before, apply),)


def rewrapped(keys: KeyRing) -> Document:
    """The change that KEYS_REWRAPPED makes now."""
    return {"version": keys.masters.newest}


@allow(Scope.KEY_ROTATE)
async def rewrap_keys(connection: AsyncConnection, call: Call, keys: KeyRing, approved: Approved, *, change: Document) -> UUID:
    """The job that wraps all data keys by the newest master key, approved as KEYS_REWRAPPED.

    Raises Invalid, and Conflict where that is not the newest key or there is no older one.
    """
    refuse_unless_approved(approved, KEYS_REWRAPPED, change)
    _older(keys, change)
    parameters = {"version": change["version"]}
    return await enqueue(connection, REWRAPPING, parameters, job_id=uuid7(call.now), at=call.now, dedupe=REWRAPPING.name)


@allow(Scope.KEY_ROTATE)
async def master_keys(_reading: object, call: Call, keys: KeyRing) -> Sequence[MasterKey]:
    """The versions that the answering process has, the oldest first."""
    refuse_unless_everywhere(call, Scope.KEY_ROTATE)
    return [MasterKey(version, version == keys.masters.newest) for version in keys.masters.versions]


def _older(keys: KeyRing, change: Document) -> list[int]:
    """The versions whose data keys it wraps anew."""
    version = Node(dict(change)).record(("version",))["version"].value
    if version != keys.masters.newest:
        raise Conflict("this is not the newest master key", path=("version",))
    older = [each for each in keys.masters.versions if each != version]
    if not older:
        raise Conflict("there is one master key: make a new one first", path=("version",))
    return older
