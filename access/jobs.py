"""Seeing to jobs: what stands still or runs long, and letting it go on or ending it. `outbox.py` decides about messages."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.rights import Scope
from core import jobs
from core.database import Reader
from core.errors import NotFound
from core.jobs import Job, State

OPEN = (State.HELD, State.RUNNING, State.WAITING)


@allow(Scope.JOB_MANAGE)
async def list_jobs(reading: Reader, _call: Call, *, states: Sequence[State] = OPEN, limit: int = jobs.MAX_LISTED) -> list[Job]:
    """The newest jobs in one of these states. Their parameters tell of nobody."""
    return await jobs.listed(reading, states, limit=limit)


@allow(Scope.JOB_MANAGE)
async def job(reading: Reader, _call: Call, job_id: UUID) -> Job:
    """Raises NotFound where there is none."""
    found = await jobs.find(reading, job_id)
    if found is None:
        raise NotFound("there is no such job")
    return found


@allow(Scope.JOB_MANAGE)
async def release_job(connection: AsyncConnection, call: Call, job_id: UUID) -> None:
    """Lets a held job go on from its last checkpoint. A message that may have been sent is held again: see `outbox.resend`.

    Raises NotFound, and Conflict where it is not held.
    """
    await jobs.release(connection, job_id, at=call.now)


@allow(Scope.JOB_MANAGE)
async def cancel_job(connection: AsyncConnection, call: Call, job_id: UUID) -> State:
    """Ends a job: at once while it waits or is held, else at its next checkpoint. The state it has now.

    Raises NotFound, and Conflict where it has ended already.
    """
    return await jobs.cancel(connection, job_id, at=call.now)
