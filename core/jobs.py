"""Jobs: work beside requests, put down in the transaction that causes it, with progress, cancelling and resuming.

    WAITING ──> RUNNING ──> DONE
       ^  ^        │ └────> CANCELLED     asked for while it ran: at its next checkpoint
       │  └────────┤        (at once while it waits or is held)
       │           v        failed, or its worker died: again after a while, a few times
       └──release─ HELD     failed too often, or in a way that a person must look at

A job's parameters and progress are plain JSON without people's data. Of a failure only the name of its class is kept.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg

from core import queueing
from core.database import Database, Reader, Row
from core.errors import Conflict, NotFound
from core.queueing import Transaction, within

MAX_LISTED = 200


class State(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


class Cancelled(Conflict):
    """Somebody asked for the job's end; a handler lets it pass."""


class Lost(Conflict):
    """The job went on without this worker, which was taken for dead; a handler lets it pass and does no more."""


class Stopping(Conflict):
    """The worker stops in order; another resumes the job from its checkpoint. A handler lets it pass."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of job; what does it is given to the workers.

    It is held where it fails `attempts` times without progress between, at once for the failures of `held_at_once`; until
    then it waits `first_delay` after a failure, and twice as long after each next, at most `most_delay`. A run has
    `run_seconds`. `at_once`: of all workers together (0: no limit); so that long jobs leave room for short ones, of a kind
    that runs long only few may run at once. Of higher `priority` goes first. `kept`: how long its row stays once it is done.
    """

    name: str
    attempts: int = 5
    first_delay: timedelta = timedelta(seconds=2)
    most_delay: timedelta = timedelta(minutes=10)
    held_at_once: tuple[type[Exception], ...] = ()
    run_seconds: float = 3600
    at_once: int = 0
    priority: int = 0
    kept: timedelta = timedelta(days=30)

    def delay(self, failures: int) -> timedelta:
        """How long it waits after so many failures in a row (1: the first)."""
        return min(self.first_delay * int(2 ** min(failures - 1, 30)), self.most_delay)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `error`: the class of its last failure, while it was not made good."""

    job_id: UUID
    kind: str
    parameters: Mapping[str, Any]
    state: State
    created_at: datetime
    due_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    progress: Any
    done: int
    total: int | None
    failures: int
    error: str | None
    cancelling: bool


class Work:
    """One run of a job, as its handler sees it."""

    def __init__(
        self,
        database: Database,
        job: UUID,
        ticket: int,
        row: Row,
        *,
        clock: Callable[[], datetime],
        stopping: Callable[[], bool],
    ) -> None:
        self.database = database
        self.job_id = job
        self.parameters: Mapping[str, Any] = json.loads(row["parameters"])
        self.progress: Any = None if row["progress"] is None else json.loads(row["progress"])
        self.done: int = row["done"]
        self._ticket = ticket
        self._clock = clock
        self._stopping = stopping

    @property
    def now(self) -> datetime:
        """The instant it is; a handler makes its calls with it."""
        return self._clock()

    async def checkpoint(
        self, progress: Any, done: int, total: int | None = None, *, transaction: "Transaction | None" = None
    ) -> None:
        """Makes durable how far it has come: a later run begins with this `progress`.

        What a step writes belongs into one `transaction` with its checkpoint: then it happens once, whenever the worker dies.
        Raises Cancelled, Lost or Stopping; in a transaction they undo the step with it.
        """
        if transaction is None:
            async with self.database.connection() as connection:
                await self._write(connection, progress, done, total)
        else:
            await self._write(await within(transaction), progress, done, total)
        if self._stopping():
            raise Stopping("the worker stops")

    async def cancelled(self) -> bool:
        """Whether its end was asked for: the next checkpoint raises Cancelled. Raises Lost."""
        rows = await self.database.ask(f"select cancelling from job where {_MINE}", self.job_id, self._ticket)
        if not rows:
            raise Lost("the job went on elsewhere")
        return bool(rows[0]["cancelling"])

    async def _write(self, connection: "asyncpg.Connection[Row]", progress: Any, done: int, total: int | None) -> None:
        rows = await connection.fetch(
            f"""update job set progress = $3, done = $4, total = $5, failures = case when $4 > done then 0 else failures end,
                       error = case when $4 > done then null else error end
                 where {_MINE} returning cancelling""",
            self.job_id,
            self._ticket,
            json.dumps(progress),
            done,
            total,
        )
        if not rows:
            raise Lost("the job went on elsewhere")
        if rows[0]["cancelling"]:
            raise Cancelled("the job was cancelled")
        self.progress, self.done = progress, done


Handler = Callable[[Work], Awaitable[None]]
"""What does a job. Returning is being done; raising is a failure, but for Cancelled, Lost and Stopping."""


async def enqueue(
    transaction: Transaction,
    kind: Kind,
    parameters: Mapping[str, Any],
    *,
    job_id: UUID,
    at: datetime,
    execute_after: datetime | None = None,
    dedupe: str | None = None,
) -> UUID:
    """Puts a job down: it is done if the transaction commits, by whichever worker takes it up from `execute_after` on.

    Where a job with the same `dedupe` waits for its first run, that one is left to do it, and its id returned: it does not
    begin before this transaction has ended, so it sees what is written here.
    """
    connection = await within(transaction)
    if dedupe is not None:
        rows = await connection.fetch(
            "update job set dedupe = dedupe where dedupe = $1 and state = 'WAITING' and runs = 0 returning job_id", dedupe
        )
        if rows:
            return rows[0]["job_id"]  # type: ignore[no-any-return]
    due = at if execute_after is None else max(at, execute_after)
    ticket = await queueing.issue(connection, kind.name, job_id, after=due - at, priority=kind.priority)
    (row,) = await connection.fetch(
        """insert into job
                  (job_id, kind, parameters, state, ticket, dedupe, created_at, due_at, done, runs, failures, cancelling)
           values ($1, $2, $3, 'WAITING', $4, $5, $6, $7, 0, 0, 0, false)
           on conflict (dedupe) where state = 'WAITING' and runs = 0 do update set dedupe = excluded.dedupe returning job_id""",
        job_id,
        kind.name,
        json.dumps(dict(parameters)),
        ticket,
        dedupe,
        at,
        due,
    )
    if row["job_id"] != job_id:  # another put it down meanwhile
        await queueing.void(connection, ticket)
    return row["job_id"]  # type: ignore[no-any-return]


async def cancel(transaction: Transaction, job_id: UUID, *, at: datetime) -> State:
    """Ends a job that waits or is held; a running one ends at its next checkpoint, or when it is done before.

    The state it has now. Raises NotFound, and Conflict where it has ended already.
    """
    connection = await within(transaction)
    job = await _locked(connection, job_id)
    if job["state"] in (State.DONE, State.CANCELLED):
        raise Conflict("the job has ended already")
    if job["state"] == State.RUNNING:
        await connection.execute("update job set cancelling = true where job_id = $1", job_id)
        return State.RUNNING
    await connection.execute(
        "update job set state = 'CANCELLED', ticket = null, ended_at = $2 where job_id = $1",
        job_id,
        at,
    )
    await queueing.void(connection, job["ticket"])
    return State.CANCELLED


async def release(transaction: Transaction, job_id: UUID, *, at: datetime, priority: int = 0) -> None:
    """Lets a held job go on from its last checkpoint. Raises NotFound, and Conflict where it is not held.

    `priority`: of its kind.
    """
    connection = await within(transaction)
    job = await _locked(connection, job_id)
    if job["state"] != State.HELD:
        raise Conflict("the job is not held")
    ticket = await queueing.issue(connection, job["kind"], job_id, after=timedelta(), priority=priority)
    await connection.execute(
        "update job set state = 'WAITING', ticket = $2, failures = 0, due_at = $3 where job_id = $1", job_id, ticket, at
    )


async def find(reader: Reader, job_id: UUID) -> Job | None:
    rows = await reader.ask(f"select {_COLUMNS} from job where job_id = $1", job_id)
    return _job(rows[0]) if rows else None


async def listed(reader: Reader, states: Sequence[State], *, limit: int = MAX_LISTED) -> list[Job]:
    """The newest jobs in one of these states."""
    rows = await reader.ask(
        f"select {_COLUMNS} from job where state = any($1::varchar[]) order by created_at desc, job_id desc limit $2",
        [str(state) for state in states],
        min(limit, MAX_LISTED),
    )
    return [_job(row) for row in rows]


_MINE = "job_id = $1 and ticket = $2 and state = 'RUNNING'"
# As text: connections of SQLAlchemy take JSON apart by themselves, the driver's own do not.
_COLUMNS = """job_id, kind, parameters::text, state, created_at, due_at, begun_at, ended_at, progress::text, done, total,
              failures, error, cancelling"""


async def _locked(connection: "asyncpg.Connection[Row]", job_id: UUID) -> Row:
    row = await connection.fetchrow("select state, ticket, kind from job where job_id = $1 for update", job_id)
    if row is None:
        raise NotFound("there is no such job")
    return row


def _job(row: Row) -> Job:
    members = dict(row)
    progress = members.pop("progress")
    return Job(
        **members
        | {
            "state": State(row["state"]),
            "parameters": json.loads(row["parameters"]),
            "progress": None if progress is None else json.loads(progress),
        }
    )
