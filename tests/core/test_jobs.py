"""Jobs: put down with what causes them, done once, resumed where a worker died, cancelled, held and let go on."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from pgqueuer.adapters.persistence.schema_ddl import render_install
from sqlalchemy import text

from core import jobs, queueing
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Conflict, Internal, NotFound
from core.ids import uuid7
from core.jobs import Cancelled, Handler, Job, Kind, Lost, State, Work
from core.workers import Workers
from tests.access.enrolled import NOW
from tests.core import working_child

CHILD = Path(working_child.__file__)
SECRET = "AB123456"
HANDLERS: dict[Kind, Handler] = {}


def kind_of(name: str, handler: Handler, **more: Any) -> Kind:
    """A kind of job that `working` does by this handler."""
    kind = Kind(name, **more)
    HANDLERS[kind] = handler
    return kind


def clock() -> datetime:
    return datetime.now(UTC)


async def put(database: Database, kind: Kind, parameters: dict[str, Any] | None = None, **more: Any) -> UUID:
    async with database.begin() as transaction:
        return await jobs.enqueue(transaction, kind, parameters or {}, job_id=uuid7(clock()), at=clock(), **more)


async def job_of(database: Database, job_id: UUID) -> Job:
    found = await jobs.find(database, job_id)
    assert found is not None
    return found


async def reached(database: Database, job_id: UUID, holds: Callable[[Job], object], *, seconds: float = 60) -> Job:
    """The job, as soon as that is true of it."""
    end = monotonic() + seconds
    while True:
        job = await job_of(database, job_id)
        if holds(job):
            return job
        assert monotonic() < end, job
        await asyncio.sleep(0.01)


async def until(database: Database, job_id: UUID, state: State, *, seconds: float = 60) -> Job:
    return await reached(database, job_id, lambda job: job.state is state, seconds=seconds)


async def taken_for_dead(database: Database, job_id: UUID) -> None:
    """As if no sign of life had come for long from the worker that runs the job, until another has taken it over.

    More than once: it may be its own worker that finds the ticket first, and keeps it.
    """
    (before,) = await database.ask("select ticket from job where job_id = $1", job_id)
    end = monotonic() + 60
    while await database.ask("select 1 from job where job_id = $1 and ticket = $2", job_id, before["ticket"]):
        await database.ask("update pgqueuer set heartbeat = now() - interval '1 hour' where status = 'picked'")
        assert monotonic() < end
        await asyncio.sleep(0.1)


async def there(database: Database, sql: str, *values: Any) -> None:
    """Waits for a row."""
    end = monotonic() + 60
    while not await database.ask(sql, *values):
        assert monotonic() < end, sql
        await asyncio.sleep(0.01)


async def count(database: Database, table: str) -> int:
    (row,) = await database.ask(f"select count(*) as n from {table}")
    return int(row["n"])


@asynccontextmanager
async def working(database: Database, *kinds: Kind, **more: float) -> AsyncIterator[Workers]:
    workers = Workers(
        database,
        {kind: HANDLERS[kind] for kind in kinds},
        clock=clock,
        **{"lease_seconds": 2, "poll_seconds": 0.2, "mend_seconds": 0.3, "grace_seconds": 0.5} | more,
    )
    workers.start()
    try:
        yield workers
    finally:
        await workers.stop()


@pytest.fixture
async def traces(database: Database, clean: None) -> AsyncIterator[None]:
    await database.ask("create table step (step int, worker int)")
    await database.ask("create table begun (step int, worker int)")
    yield
    await database.ask("drop table step, begun")


class Recorder:
    """A handler that notes its runs."""

    def __init__(self) -> None:
        self.runs: list[Work] = []
        self.called = asyncio.Event()

    async def __call__(self, work: Work) -> None:
        self.runs.append(work)
        self.called.set()


# The queue's tables


async def test_the_migration_makes_the_queue_as_the_installed_release_declares_it(database: Database) -> None:
    async with database.connection() as connection:
        plan = await queueing.queries(connection).plan_upgrade()
    assert plan.statements == ()
    (row,) = await database.ask(
        "select count(*) as n from pg_class where relname like 'pgqueuer%' and relkind = 'r' and relpersistence <> 'p'"
    )
    assert row["n"] == 0  # a queue that a crash empties would lose jobs
    assert "UNLOGGED" not in render_install(queueing.SETTINGS)


def test_the_environment_does_not_name_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGQUEUER_PREFIX", "CHANNEL", "QUEUE_TABLE", "PGQUEUER_SCHEMA", "DURABILITY"):
        monkeypatch.setenv(name, "volatile" if name == "DURABILITY" else "other")
    again = queueing.DBSettings.model_validate(queueing.SETTINGS.model_dump())
    assert again == queueing.SETTINGS
    assert (again.queue_table, again.channel, again.db_schema) == ("pgqueuer", "ch_pgqueuer", None)


# Putting down


async def test_a_job_is_done_within_a_second_of_the_commit(database: Database, clean: None) -> None:
    done = Recorder()
    kind = kind_of("note", done)
    async with working(database, kind, poll_seconds=60):
        first = await put(database, kind)
        await until(database, first, State.DONE)  # by then they listen
        begun = monotonic()
        job_id = await put(database, kind, {"n": 1})
        await until(database, job_id, State.DONE)
        assert monotonic() - begun < 1
    job = await job_of(database, job_id)
    assert (job.kind, job.parameters, job.failures, job.error) == ("note", {"n": 1}, 0, None)
    assert job.ended_at is not None
    assert [work.job_id for work in done.runs] == [first, job_id]


async def test_what_is_rolled_back_was_never_put_down(database: Database, clean: None) -> None:
    done = Recorder()
    kind = kind_of("note", done)
    async with working(database, kind):
        async with database.begin() as transaction:
            await jobs.enqueue(transaction, kind, {}, job_id=uuid7(NOW), at=NOW)
            await transaction.rollback()
        await until(database, await put(database, kind), State.DONE)
    assert len(done.runs) == 1
    assert await count(database, "job") == 1


async def test_either_sort_of_transaction_takes_a_job_and_commits_it_with_the_rest(database: Database, clean: None) -> None:
    kind = kind_of("note", Recorder())
    first, second, third = (uuid7(NOW) for _ in range(3))
    async with database.begin() as transaction:  # as its first statement
        await jobs.enqueue(transaction, kind, {}, job_id=first, at=NOW)
        assert await jobs.find(database, first) is None
    async with database.begin() as transaction:
        await transaction.execute(text("select 1"))
        await jobs.enqueue(transaction, kind, {}, job_id=second, at=NOW)
        assert await jobs.find(database, second) is None
    async with database.connection() as connection, connection.transaction():
        await jobs.enqueue(connection, kind, {}, job_id=third, at=NOW)
        assert await jobs.find(database, third) is None
    assert {job.job_id for job in await jobs.listed(database, [State.WAITING])} == {first, second, third}


async def test_a_job_outside_of_a_transaction_is_refused(database: Database, clean: None) -> None:
    async with database.connection() as connection:
        with pytest.raises(Internal):
            await jobs.enqueue(connection, kind_of("note", Recorder()), {}, job_id=uuid7(NOW), at=NOW)
    assert await count(database, "pgqueuer") == 0


async def test_a_job_waits_for_its_time(database: Database, clean: None) -> None:
    done = Recorder()
    kind = kind_of("note", done)
    begun = monotonic()
    job_id = await put(database, kind, execute_after=clock() + timedelta(seconds=0.6))
    async with working(database, kind):
        await until(database, job_id, State.DONE)
    assert monotonic() - begun > 0.5
    assert len(done.runs) == 1


async def test_of_one_key_one_job_waits_and_it_sees_what_was_written_with_the_other(database: Database, traces: None) -> None:
    seen: list[int] = []

    async def look(work: Work) -> None:
        seen.append(await count(work.database, "step"))

    kind = kind_of("look", look)
    first = await put(database, kind, dedupe="one")
    async with database.begin() as transaction:
        await transaction.execute(text("insert into step values (1, 1)"))
        assert await jobs.enqueue(transaction, kind, {}, job_id=uuid7(NOW), at=NOW, dedupe="one") == first
        async with working(database, kind):
            await asyncio.sleep(0.5)  # it was picked by now, and has to wait for this transaction
            assert seen == []
            await transaction.commit()
            await until(database, first, State.DONE)
    assert seen == [1]
    assert await count(database, "job") == 1
    assert await put(database, kind, dedupe="one") != first  # that one is done: this is another


async def test_a_key_that_two_put_down_at_once_makes_one_job(database: Database, clean: None) -> None:
    kind = kind_of("note", Recorder())
    found = await asyncio.gather(*(put(database, kind, dedupe="one") for _ in range(8)))
    assert len(set(found)) == 1
    assert await count(database, "job") == 1
    assert await count(database, "pgqueuer") == 1


# Progress


async def test_a_job_that_failed_goes_on_from_its_checkpoint_and_ends_without_the_failure(
    database: Database, clean: None
) -> None:
    began: list[Any] = []

    async def count_to_four(work: Work) -> None:
        began.append((work.progress, work.done))
        for n in range(work.done, 4):
            if n == 2 and len(began) == 1:
                raise ValueError(SECRET)
            await work.checkpoint({"next": n + 1}, n + 1, 4)

    kind = kind_of("count", count_to_four, first_delay=timedelta(seconds=0.3))
    job_id = await put(database, kind)
    async with working(database, kind):
        job = await reached(database, job_id, lambda job: job.error is not None)
        assert (job.state, job.error, job.failures, job.done, job.total) == (State.WAITING, "ValueError", 1, 2, 4)
        assert job.due_at > job.created_at
        job = await until(database, job_id, State.DONE)
    assert began == [(None, 0), ({"next": 2}, 2)]
    assert (job.done, job.total, job.progress, job.failures, job.error) == (4, 4, {"next": 4}, 0, None)


async def test_of_a_failure_only_the_name_is_kept_anywhere(
    database: Database, clean: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_: Work) -> None:
        raise LookupError(SECRET)

    kind = kind_of("fail", fail, attempts=2, first_delay=timedelta(seconds=0.01))
    async with working(database, kind):
        job_id = await put(database, kind)
        job = await until(database, job_id, State.HELD)
        await asyncio.sleep(0.5)
    assert (job.error, job.failures) == ("LookupError", 2)
    written = [str(dict(row)) for table in ("job", "pgqueuer", "pgqueuer_log") for row in await database.ask(f"table {table}")]
    assert len(written) > 2
    assert SECRET not in "".join(written)
    assert SECRET not in caplog.text + str([record.__dict__ for record in caplog.records])
    printed = "".join(capsys.readouterr())
    assert "LookupError" in printed
    assert SECRET not in printed


def test_a_job_waits_twice_as_long_after_each_failure_up_to_a_limit() -> None:
    kind = kind_of("note", Recorder(), first_delay=timedelta(seconds=2), most_delay=timedelta(seconds=10))
    assert [kind.delay(n).total_seconds() for n in (1, 2, 3, 4, 1000)] == [2, 4, 8, 10, 10]


# Holding, releasing, cancelling


async def test_a_job_that_fails_too_often_is_held_and_goes_on_once_it_is_released(database: Database, clean: None) -> None:
    broken = True
    runs: list[Any] = []

    async def fail(work: Work) -> None:
        runs.append(work.progress)
        if work.progress is None:
            await work.checkpoint("begun", 1)
        if broken:
            raise ValueError

    kind = kind_of("fail", fail, attempts=3, first_delay=timedelta(seconds=0.01))
    async with working(database, kind):
        job_id = await put(database, kind)
        await until(database, job_id, State.HELD)
        await asyncio.sleep(0.3)
        assert runs == [None, "begun", "begun"]
        assert await count(database, "pgqueuer") == 0
        broken = False
        async with database.begin() as transaction:
            await jobs.release(transaction, job_id, at=clock())
        job = await until(database, job_id, State.DONE)
        assert (job.failures, job.error) == (0, None)
        async with database.begin() as transaction:
            with pytest.raises(Conflict):
                await jobs.release(transaction, job_id, at=clock())
    assert runs == [None, "begun", "begun", "begun"]


async def test_some_failures_hold_a_job_at_once(database: Database, clean: None) -> None:
    async def fail(_: Work) -> None:
        raise PermissionError

    kind = kind_of("fail", fail, held_at_once=(OSError,))
    async with working(database, kind):
        job = await until(database, await put(database, kind), State.HELD)
    assert (job.failures, job.error) == (1, "PermissionError")


async def test_a_run_that_takes_too_long_is_a_failure(database: Database, clean: None) -> None:
    async def hang(_: Work) -> None:
        await asyncio.Event().wait()

    kind = kind_of("hang", hang, attempts=1, run_seconds=0.2)
    async with working(database, kind):
        job = await until(database, await put(database, kind), State.HELD)
    assert job.error == "TimeoutError"


async def test_a_waiting_or_held_job_is_cancelled_at_once_and_never_runs(database: Database, clean: None) -> None:
    done = Recorder()
    kind = kind_of("note", done)
    job_id = await put(database, kind)
    async with database.begin() as transaction:
        assert await jobs.cancel(transaction, job_id, at=clock()) is State.CANCELLED
    assert await count(database, "pgqueuer") == 0
    async with working(database, kind):
        await until(database, await put(database, kind), State.DONE)
    assert [work.job_id for work in done.runs] != [job_id]
    async with database.begin() as transaction:
        with pytest.raises(Conflict):
            await jobs.cancel(transaction, job_id, at=clock())
        with pytest.raises(NotFound):
            await jobs.cancel(transaction, uuid7(NOW), at=clock())


async def test_a_running_job_is_cancelled_at_its_next_checkpoint_and_the_step_is_undone(
    database: Database, traces: None
) -> None:
    told: list[bool] = []

    async def endless(work: Work) -> None:
        step = 0
        while True:
            step += 1
            async with work.database.connection() as connection, connection.transaction():
                await connection.execute("insert into step values ($1, 0)", step)
                try:
                    await work.checkpoint(step, step, transaction=connection)
                except Cancelled:
                    told.append(await work.cancelled())
                    raise
            await asyncio.sleep(0.02)

    kind = kind_of("endless", endless)
    async with working(database, kind):
        job_id = await put(database, kind)
        await reached(database, job_id, lambda job: job.done >= 3)
        async with database.begin() as transaction:
            assert await jobs.cancel(transaction, job_id, at=clock()) is State.RUNNING
        job = await until(database, job_id, State.CANCELLED, seconds=2)
        await asyncio.sleep(0.2)
    assert told == [True]
    assert await count(database, "step") == job.done
    assert (job.error, job.failures, job.cancelling) == (None, 0, False)


async def test_a_job_that_fails_after_its_cancelling_is_cancelled(database: Database, clean: None) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def fail(_: Work) -> None:
        begun.set()
        await go.wait()
        raise ValueError

    kind = kind_of("fail", fail, attempts=1)
    async with working(database, kind):
        job_id = await put(database, kind)
        await begun.wait()
        async with database.begin() as transaction:
            await jobs.cancel(transaction, job_id, at=clock())
        go.set()
        await until(database, job_id, State.CANCELLED)


# Workers that stop, die, or are taken for dead


async def test_a_worker_that_stops_in_order_hands_its_job_on_without_a_failure(database: Database, clean: None) -> None:
    async def endless(work: Work) -> None:
        for n in range(work.done + 1, 1_000_000):
            await work.checkpoint(n, n)
            await asyncio.sleep(0.01)

    kind = kind_of("endless", endless)
    job_id = await put(database, kind)
    begun = monotonic()
    async with working(database, kind, grace_seconds=10):
        await reached(database, job_id, lambda job: job.done >= 3)
    assert monotonic() - begun < 5
    job = await job_of(database, job_id)
    assert (job.state, job.failures, job.error) == (State.WAITING, 0, None)
    assert job.done >= 3

    resumed = Recorder()
    async with working(database, other := kind_of("endless", resumed)):
        await until(database, job_id, State.DONE)
    assert (other.name, [work.done for work in resumed.runs]) == ("endless", [job.done])


async def test_a_handler_that_makes_no_checkpoint_is_broken_off_when_the_worker_stops(database: Database, clean: None) -> None:
    begun = asyncio.Event()

    async def hang(_: Work) -> None:
        begun.set()
        await asyncio.Event().wait()

    kind = kind_of("hang", hang)
    job_id = await put(database, kind)
    async with working(database, kind, grace_seconds=0.2):
        await begun.wait()
    job = await job_of(database, job_id)
    assert (job.state, job.failures) == (State.WAITING, 0)


@asynccontextmanager
async def child(postgres: EmbeddedPostgres, lease_seconds: float) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CHILD),
        postgres.url,
        str(lease_seconds),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=CHILD.parent.parent.parent,
        env={**os.environ, "PYTHONPATH": str(CHILD.parent.parent.parent)},
    )
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())["pid"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_job_of_a_killed_worker_is_resumed_by_another_and_no_step_is_done_twice(
    database: Database, postgres: EmbeddedPostgres, traces: None
) -> None:
    async with child(postgres, 2) as first, child(postgres, 2) as second:
        job_id = await put(database, working_child.KIND, {"pause": 0.25})
        await reached(database, job_id, lambda job: job.done >= 3)
        (row,) = await database.ask("select worker from step limit 1")
        os.kill(row["worker"], signal.SIGKILL)
        job = await until(database, job_id, State.DONE, seconds=60)
    done = {row["step"]: row["worker"] for row in await database.ask("select step, worker from step")}
    assert await count(database, "step") == working_child.STEPS
    assert sorted(done) == list(range(working_child.STEPS))
    assert set(done.values()) == {first, second}
    tried = await database.ask("select count(*) as n from begun group by step having count(*) > 1")
    assert [row["n"] for row in tried] in ([], [2])  # the one that was on its way when the worker was killed
    assert (job.done, job.failures, job.error) == (working_child.STEPS, 0, None)


async def test_a_worker_that_was_only_taken_for_dead_is_told_and_does_no_more(
    database: Database, postgres: EmbeddedPostgres, traces: None
) -> None:
    async with child(postgres, 2) as first, child(postgres, 2) as second:
        job_id = await put(database, working_child.KIND, {"pause": 0.25})
        await reached(database, job_id, lambda job: job.done >= 2)
        (row,) = await database.ask("select worker from step limit 1")
        asleep, other = row["worker"], ({first, second} - {row["worker"]}).pop()
        os.kill(asleep, signal.SIGSTOP)
        await there(database, "select 1 from begun where worker = $1", other)
        os.kill(asleep, signal.SIGCONT)
        await until(database, job_id, State.DONE, seconds=60)
        await asyncio.sleep(0.5)
    assert await count(database, "step") == working_child.STEPS
    done = await database.ask("select step, worker from step order by step")
    assert [row["step"] for row in done] == list(range(working_child.STEPS))
    assert [row["worker"] for row in done] == sorted((row["worker"] for row in done), key=[asleep, other].index)


async def test_one_job_is_never_run_by_two_workers(database: Database, clean: None) -> None:
    running: dict[UUID, int] = {}
    most: dict[UUID, int] = {}
    runs: list[UUID] = []

    async def note(work: Work) -> None:
        running[work.job_id] = running.get(work.job_id, 0) + 1
        most[work.job_id] = max(most.get(work.job_id, 0), running[work.job_id])
        runs.append(work.job_id)
        await asyncio.sleep(0.02)
        running[work.job_id] -= 1

    kind = kind_of("note", note)
    async with working(database, kind), working(database, kind), working(database, kind):
        put_down = await asyncio.gather(*(put(database, kind) for _ in range(60)))
        for job_id in put_down:
            await until(database, job_id, State.DONE)
        await asyncio.sleep(0.3)
    assert sorted(runs) == sorted(put_down)
    assert set(most.values()) == {1}
    assert await count(database, "pgqueuer") == 0


async def test_a_kind_runs_no_more_at_once_than_it_may(database: Database, clean: None) -> None:
    running, most = 0, 0

    async def note(_: Work) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    kind = kind_of("note", note, at_once=2)
    async with working(database, kind), working(database, kind):
        for job_id in [await put(database, kind) for _ in range(8)]:
            await until(database, job_id, State.DONE)
    assert most == 2


async def test_a_run_that_lost_its_job_is_told_at_its_checkpoint_and_changes_nothing(database: Database, clean: None) -> None:
    lost: list[Exception] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def wait(work: Work) -> None:
        if begun.is_set():
            return
        begun.set()
        await go.wait()
        for attempt in (work.checkpoint("late", 9), work.cancelled()):
            try:
                await attempt
            except Lost as fault:
                lost.append(fault)
        raise ValueError

    kind = kind_of("wait", wait)
    async with working(database, kind, lease_seconds=60):
        job_id = await put(database, kind)
        await begun.wait()
        async with working(database, kind, lease_seconds=60):
            await taken_for_dead(database, job_id)
            job = await until(database, job_id, State.DONE)
        go.set()
        await asyncio.sleep(0.5)
    assert len(lost) == 2
    assert await job_of(database, job_id) == job
    assert (job.done, job.progress, job.error) == (0, None, None)


async def test_a_job_that_kills_its_workers_is_held_in_the_end(database: Database, clean: None) -> None:
    kind = kind_of("note", done := Recorder(), attempts=2, first_delay=timedelta(seconds=0.01))
    job_id = await put(database, kind)
    for _ in range(2):  # picked and begun, and then nothing more
        await database.ask("update job set state = 'RUNNING', runs = runs + 1")
        await database.ask(
            "update pgqueuer set status = 'picked', (heartbeat, execute_after) = row(now() - interval '1 hour', now())"
        )
        async with working(database, kind_of("other", Recorder()), mend_seconds=0.1):
            await asyncio.sleep(0.2)
        assert (await job_of(database, job_id)).state is State.RUNNING  # not theirs
        async with working(database, kind_of("note", done, attempts=2, first_delay=timedelta(hours=1))):
            await reached(database, job_id, lambda job: job.state is not State.RUNNING)
    job = await job_of(database, job_id)
    assert (job.state, job.error, job.failures) == (State.HELD, "WorkerLost", 2)
    assert done.runs == []


async def test_a_job_whose_ticket_is_gone_gets_a_new_one(database: Database, clean: None) -> None:
    kind = kind_of("note", done := Recorder())
    job_id = await put(database, kind)
    await database.ask("truncate pgqueuer")
    async with working(database, kind):
        await until(database, job_id, State.DONE)
    assert len(done.runs) == 1


async def test_workers_begin_anew_when_their_connection_was_cut(database: Database, clean: None) -> None:
    kind = kind_of("note", Recorder())
    async with working(database, kind):
        await until(database, await put(database, kind), State.DONE)
        await database.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%pgqueuer%' and pid <> pg_backend_pid()"
        )
        await until(database, await put(database, kind), State.DONE)


async def test_workers_keep_one_connection_of_their_own(database: Database, postgres: EmbeddedPostgres, clean: None) -> None:
    listening = "select count(*) as n from pg_stat_activity where application_name = 'sijil' and pid <> pg_backend_pid()"
    other = Database(postgres.url, connections=1)
    kind = kind_of("note", Recorder())
    before = (await database.ask(listening))[0]["n"]
    async with working(other, kind):
        for _ in range(20):
            await until(database, await put(database, kind), State.DONE)
        assert (await database.ask(listening))[0]["n"] <= before + 2
    await other.close()


# Housekeeping


async def test_what_ended_long_ago_is_swept_out_and_the_rest_stays(database: Database, clean: None) -> None:
    kind = kind_of("note", Recorder(), kept=timedelta(days=1))
    old, young, held = [await put(database, kind, execute_after=clock() + timedelta(days=9)) for _ in range(3)]
    ended = "update job set state = 'DONE', ticket = null, ended_at = $2 where job_id = $1"
    await database.ask(ended, old, clock() - timedelta(days=2))
    await database.ask(ended, young, clock() - timedelta(hours=2))
    await database.ask("update job set state = 'HELD', ticket = null where job_id = $1", held)
    await database.ask("update pgqueuer_log set created = now() - interval '2 hours' where job_id % 2 = 0")
    async with working(database, kind):
        await there(database, "select 1 from job having count(*) = 2")
        await there(database, "select 1 from pgqueuer_log having count(*) > 0 and min(created) > now() - interval '1 hour'")
    assert {job.job_id for job in await jobs.listed(database, list(State))} == {young, held}
    assert await count(database, "pgqueuer_log") > 0
