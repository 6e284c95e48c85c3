"""Seeing to jobs: what stands still or runs long, and letting it go on or ending it. `outbox.py` decides about messages."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow, refuse_unless_everywhere
from access.outbox import SENDING
from access.rights import Scope
from core import jobs
from core.database import Reader, Snapshot, raw
from core.errors import Conflict, NotFound
from core.jobs import Job, State

OPEN = (State.HELD, State.RUNNING, State.WAITING)
# Somebody is owed these: they are stopped where they were begun, or (a message that is held) let be.
ENDED_ELSEWHERE = frozenset({"telephone-change", SENDING.name})


@allow(Scope.JOB_MANAGE)
async def list_jobs(reading: Reader, call: Call, *, states: Sequence[State] = OPEN, limit: int = jobs.MAX_LISTED) -> list[Job]:
    """The newest jobs in one of these states. Their parameters tell of nobody."""
    refuse_unless_everywhere(call, Scope.JOB_MANAGE)
    return await jobs.listed(reading, states, limit=limit)


@allow(Scope.JOB_MANAGE)
async def job(reading: Reader, call: Call, job_id: UUID) -> Job:
    """Raises NotFound where there is none."""
    refuse_unless_everywhere(call, Scope.JOB_MANAGE)
    found = await jobs.find(reading, job_id)
    if found is None:
        raise NotFound("there is no such job")
    return found


@allow(Scope.JOB_MANAGE)
async def release_job(connection: AsyncConnection, call: Call, job_id: UUID) -> None:
    """Lets a held job go on from its last checkpoint. A message that may have been sent is held again: see `outbox.resend`.

    Raises NotFound, and Conflict where it is not held.
    """
    refuse_unless_everywhere(call, Scope.JOB_MANAGE)
    found = await jobs.find(Snapshot(await raw(connection)), job_id)
    priority = SENDING.priority if found is not None and found.kind == SENDING.name else 0
    await jobs.release(connection, job_id, at=call.now, priority=priority)


@allow(Scope.JOB_MANAGE)
async def cancel_job(connection: AsyncConnection, call: Call, job_id: UUID) -> State:
    """Ends a job: at once while it waits or is held, else at its next checkpoint. The state it has now.

    Raises NotFound, and Conflict where it has ended already, or somebody is owed it.
    """
    refuse_unless_everywhere(call, Scope.JOB_MANAGE)
    found = await jobs.find(Snapshot(await raw(connection)), job_id)
    if found is not None and found.kind in ENDED_ELSEWHERE:
        raise Conflict("this is ended where it was begun")
    return await jobs.cancel(connection, job_id, at=call.now)
