"""Workers: in each serving process tasks that take up jobs, side by side with those of other processes.

pgqueuer hands out tickets and takes back those of a worker that no longer gives a sign of life; here they are turned into runs
of jobs, and what comes of a run is written down in one transaction with the ticket for the next one. A ticket that is picked a
second time tells that its worker died: the job gets a new one, and the old worker, should it live after all, is told at its
next checkpoint that the job is its own no longer. One connection of its own listens for new tickets.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models
from pgqueuer.domain.errors import RetryRequested

from core import queueing
from core.database import Database, Row
from core.errors import Internal, SijilError
from core.jobs import Cancelled, Handler, Kind, Lost, Stopping, Work

LOG = structlog.get_logger("sijil")
AT_ONCE = 20
BATCH = 10
LEASE_SECONDS = 30.0
POLL_SECONDS = 5.0
MEND_SECONDS = 30.0
AGAIN_SECONDS = 2.0
GRACE_SECONDS = 10.0
MAX_SWEPT = 10_000
MAX_MENDED = 100
TRACE_KEPT = timedelta(hours=1)  # of what the queue notes of its tickets; of no use to us
WORKER_LOST = "WorkerLost"


@dataclass(frozen=True, slots=True)
class _Run:
    """A ticket, and the job that it is for."""

    kind: Kind
    job: UUID
    ticket: int


class Workers:
    """Does jobs, each kind with its handler. `lease_seconds`: without a sign of life for so long a worker is taken for dead."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[Kind, Handler],
        *,
        clock: Callable[[], datetime],
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        mend_seconds: float = MEND_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._kinds = {kind.name: kind for kind in handlers}
        if len(self._kinds) != len(handlers):
            raise Internal("two kinds of jobs have one name")
        self._clock = clock
        self._lease = timedelta(seconds=lease_seconds)
        self._poll = timedelta(seconds=poll_seconds)
        self._mend_seconds = mend_seconds
        self._grace_seconds = grace_seconds
        self._stopping = asyncio.Event()
        self._manager: QueueManager | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """To be called within the loop that serves. Where the database cannot be reached they begin when it can."""
        self._tasks = [
            asyncio.create_task(self._serve(), name="workers"),
            asyncio.create_task(self._keep_house(), name="housekeeping of jobs"),
        ]

    async def stop(self) -> None:
        """Takes up nothing more; what runs ends at its next checkpoint or within the grace, and is resumed elsewhere."""
        self._stopping.set()
        if self._manager is not None:
            self._manager.shutdown.set()
        if not self._tasks:
            return
        serving, keeping = self._tasks
        keeping.cancel()
        await asyncio.wait({serving}, timeout=self._grace_seconds)
        self._interrupt()
        await asyncio.wait({serving}, timeout=self._grace_seconds)
        serving.cancel()
        await asyncio.wait({serving, keeping})

    # --- taking tickets

    async def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._database.apart() as connection:
                    await self._take_tickets(connection)
            except Exception as fault:  # the database went away, most likely: from the beginning
                if not self._stopping.is_set():
                    LOG.warning("the workers begin anew", kind=type(fault).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_SECONDS)

    async def _take_tickets(self, connection: "asyncpg.Connection[Row]") -> None:
        manager = QueueManager(queueing.queries(connection), queueing.SETTINGS.channel)
        for kind in self._kinds.values():
            # What it does on failure never comes to pass: `_run` raises nothing but the wish to be asked again.
            manager.entrypoint(kind.name, concurrency_limit=kind.at_once, accepts_context=False, on_failure="hold")(
                partial(self._run, kind)
            )

        def lost(_: object) -> None:
            """Without the connection nobody hears that this worker is alive: its jobs go to others."""
            manager.shutdown.set()
            if not self._stopping.is_set():
                self._interrupt()

        connection.add_termination_listener(lost)
        self._manager = manager
        if self._stopping.is_set():
            return
        try:
            await manager.run(
                dequeue_timeout=self._poll,
                batch_size=BATCH,
                max_concurrent_tasks=AT_ONCE,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=self._lease,
                log_aggregation_interval=timedelta(),
            )
        finally:
            connection.remove_termination_listener(lost)

    def _interrupt(self) -> None:
        for run in self._running:
            run.cancel()

    # --- running jobs

    async def _run(self, kind: Kind, ticket: models.Job) -> None:
        """What a ticket is good for. Whatever happens to the job is written down here, so it raises nothing to the queue."""
        run = _Run(kind, UUID(bytes=ticket.payload or b""), ticket.id)
        try:
            work = await self._claim(run)
            if work is not None:
                await self._settle(run, await self._outcome(run, work))
        except Exception as fault:
            # Nothing could be written down; and what is raised here the queue would keep with its text. The ticket is seen
            # again, and then its job, which seems to run, gets a new one.
            LOG.warning("a job could not be settled", kind=type(fault).__name__, where=kind.name)
            raise RetryRequested(timedelta(seconds=AGAIN_SECONDS)) from None

    async def _claim(self, run: _Run) -> Work | None:
        """The work, where the job waits for this very ticket."""
        async with self._database.connection() as connection, connection.transaction():
            row = await connection.fetchrow(
                "select state, parameters::text, progress::text, done from job where job_id = $1 and ticket = $2 for update",
                run.job,
                run.ticket,
            )
            if row is None:
                return None
            if row["state"] == "RUNNING":  # this ticket was picked before, by a worker that died
                await _failed(connection, run, WORKER_LOST, self._clock(), hold=False)
                return None
            await connection.execute(
                "update job set state = 'RUNNING', runs = runs + 1, begun_at = coalesce(begun_at, $2) where job_id = $1",
                run.job,
                self._clock(),
            )
        return Work(self._database, run.job, run.ticket, row, clock=self._clock, stopping=self._stopping.is_set)

    async def _outcome(self, run: _Run, work: Work) -> BaseException | None:
        """What the handler raised, if it did."""
        running = asyncio.create_task(self._bounded(run.kind, work), name=f"job {run.kind.name}")
        self._running.add(running)
        try:
            await asyncio.wait({running})
        finally:
            running.cancel()
            self._running.discard(running)
        if running.cancelled():
            return Stopping("the run was interrupted")
        return running.exception()

    async def _bounded(self, kind: Kind, work: Work) -> None:
        async with asyncio.timeout(kind.run_seconds):
            await self._handlers[kind](work)

    async def _settle(self, run: _Run, fault: BaseException | None) -> None:
        now = self._clock()
        async with self._database.connection() as connection, connection.transaction():
            match fault:
                case Lost():
                    return
                case None:
                    await _ended(connection, run, "DONE", now)
                case Cancelled():
                    await _ended(connection, run, "CANCELLED", now)
                case Stopping():
                    await _again(connection, run, timedelta(), now)
                case _:
                    hold = isinstance(fault, run.kind.held_at_once)
                    await _failed(connection, run, type(fault).__name__, now, hold=hold)

    # --- keeping house

    async def _keep_house(self) -> None:
        while True:
            with suppress(SijilError, asyncpg.PostgresError, OSError):  # the next time will do
                await self._mend()
                await self._sweep()
            await asyncio.sleep(self._mend_seconds)

    async def _mend(self) -> None:
        """Jobs whose ticket is gone get a new one: the queue forgot it while the database was away, say."""
        missing = "not exists (select from pgqueuer q where q.id = $2 and q.status in ('queued', 'picked'))"
        candidates = await self._database.ask(
            f"""select job_id, ticket, kind from job where state in ('WAITING', 'RUNNING') and kind = any($1::varchar[])
                and {missing.replace("$2", "ticket")} limit $2""",
            list(self._kinds),
            MAX_MENDED,
        )
        for row in candidates:
            run = _Run(self._kinds[row["kind"]], row["job_id"], row["ticket"])
            async with self._database.connection() as connection, connection.transaction():
                # Locked first and only then looked at: a ticket that came meanwhile is seen.
                job = await connection.fetchrow(
                    "select state from job where job_id = $1 and ticket = $2 for update skip locked", run.job, run.ticket
                )
                if job is None or not await connection.fetchval(f"select {missing.replace('$2', '$1')}", run.ticket):
                    continue
                if job["state"] == "RUNNING":
                    await _failed(connection, run, WORKER_LOST, self._clock(), hold=False)
                else:
                    await _again(connection, run, timedelta(), self._clock())

    async def _sweep(self) -> None:
        """Takes out jobs that ended long ago, and what the queue notes for itself; a bounded number of rows each."""
        now = self._clock()
        async with self._database.connection() as connection:
            for kind in self._kinds.values():
                await connection.execute(
                    """delete from job where job_id = any(array(
                           select job_id from job where ended_at < $1 and kind = $2 limit $3))""",
                    now - kind.kept,
                    kind.name,
                    MAX_SWEPT,
                )
            await connection.execute(
                """delete from pgqueuer_log where id = any(array(
                       select id from pgqueuer_log where created < now() - $1::interval limit $2))""",
                TRACE_KEPT,
                MAX_SWEPT,
            )


_MINE = "job_id = $1 and ticket = $2 and state in ('WAITING', 'RUNNING')"


async def _ended(connection: "asyncpg.Connection[Row]", run: _Run, state: str, now: datetime) -> None:
    await connection.execute(
        f"update job set state = $3, ticket = null, ended_at = $4, error = null, cancelling = false where {_MINE}",
        run.job,
        run.ticket,
        state,
        now,
    )


async def _again(connection: "asyncpg.Connection[Row]", run: _Run, after: timedelta, now: datetime) -> None:
    """The next ticket, unless its end was asked for or it went on elsewhere."""
    job = await _mine(connection, run)
    if job is None:
        return
    if job["cancelling"]:
        await _ended(connection, run, "CANCELLED", now)
        return
    ticket = await queueing.issue(connection, run.kind.name, run.job, after=after, priority=run.kind.priority)
    await connection.execute(
        f"update job set state = 'WAITING', ticket = $3, due_at = $4 where {_MINE}", run.job, run.ticket, ticket, now + after
    )


async def _failed(connection: "asyncpg.Connection[Row]", run: _Run, error: str, now: datetime, *, hold: bool) -> None:
    """One more failure in a row: again after a while, or held."""
    job = await _mine(connection, run)
    if job is None:
        return
    failures = job["failures"] + 1
    held = (hold or failures >= run.kind.attempts) and not job["cancelling"]
    await connection.execute(
        f"update job set failures = $3, error = $4 where {_MINE}", run.job, run.ticket, failures, error[:100]
    )
    LOG.warning("a job is held" if held else "a job failed", kind=error, where=run.kind.name)
    if held:
        await connection.execute(f"update job set state = 'HELD', ticket = null where {_MINE}", run.job, run.ticket)
    else:
        await _again(connection, run, run.kind.delay(failures), now)


async def _mine(connection: "asyncpg.Connection[Row]", run: _Run) -> Row | None:
    return await connection.fetchrow(f"select failures, cancelling from job where {_MINE} for update", run.job, run.ticket)
