"""Connections are few, handed on only when they are sound, and what cannot be reached is said to be unavailable."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from core import database as module
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Forbidden, Unavailable
from tests.access.enrolled import NOW

INSERT = "insert into replay (key, expires_at) values ($1, $2)"
COUNT = "select count(*) as n from replay"
PID = "select pg_backend_pid() as pid"
KEY = b"k" * 32


@pytest.fixture
async def one(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database with one connection, so that it is seen whether it is handed on."""
    database = Database(postgres.url, connections=1)
    yield database
    await database.close()


async def backend(database: Database) -> int:
    return int((await database.ask(PID))[0]["pid"])


async def test_a_statement_answers_with_its_rows(database: Database) -> None:
    rows = await database.ask("select n, n * $2::int as twice from generate_series(1, $1::int) n", 3, 2)
    assert [tuple(row) for row in rows] == [(1, 2), (2, 4), (3, 6)]
    assert await database.ask("select 1 where false") == []


async def test_a_server_says_its_version(database: Database) -> None:
    await database.ping()
    major, version = await database.version()
    (row,) = await database.ask("select current_setting('server_version') as version")
    assert (version, str(major)) == (row["version"], re.split(r"\D", version)[0])


async def test_a_closed_database_does_not_answer(postgres: EmbeddedPostgres) -> None:
    database = Database(postgres.url, connections=1)
    await database.ping()
    await database.close()
    with pytest.raises(Unavailable):
        await database.ping()


async def test_instants_come_back_in_utc(database: Database) -> None:
    (row,) = await database.ask("select $1::timestamptz as at, current_setting('timezone') as zone", NOW)
    assert row["at"] == NOW
    assert row["at"].utcoffset() == timedelta(0)
    assert row["zone"] == "UTC"


async def test_a_snapshot_does_not_see_what_is_committed_meanwhile(database: Database, clean: None) -> None:
    async with database.snapshot() as snapshot:
        assert (await snapshot.ask(COUNT))[0]["n"] == 0
        await database.ask(INSERT, KEY, NOW)
        assert (await database.ask(COUNT))[0]["n"] == 1
        assert (await snapshot.ask(COUNT))[0]["n"] == 0
    async with database.snapshot() as snapshot:
        assert (await snapshot.ask(COUNT))[0]["n"] == 1


async def test_nothing_can_be_written_within_a_snapshot(database: Database, clean: None) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with database.snapshot() as snapshot:
            await snapshot.ask(INSERT, KEY, NOW)
    assert (await database.ask(COUNT))[0]["n"] == 0


async def test_returning_commits_and_raising_rolls_back(database: Database, clean: None) -> None:
    statement = text("insert into replay (key, expires_at) values (:key, :at)")
    async with database.begin() as connection:
        await connection.execute(statement, {"key": KEY, "at": NOW})

    async def refused() -> None:
        async with database.begin() as connection:
            await connection.execute(statement, {"key": b"l" * 32, "at": NOW})
            raise Forbidden("no")

    with pytest.raises(Forbidden):
        await refused()
    assert [row["key"] for row in await database.ask("select key from replay")] == [KEY]


async def test_there_are_as_many_connections_as_were_given(postgres: EmbeddedPostgres) -> None:
    database = Database(postgres.url, connections=2)
    pids = await asyncio.gather(*(database.ask("select pg_backend_pid() as pid, pg_sleep(0.01)") for _ in range(12)))
    assert len({rows[0]["pid"] for rows in pids}) == 2
    await database.close()


async def test_one_who_waits_too_long_for_a_connection_is_told_so(one: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACQUIRE_SECONDS", 0.05)
    async with one.connection():
        with pytest.raises(Unavailable, match="no database connection is free"):
            await one.ask("select 1")
    assert await backend(one)


async def test_a_refusal_within_the_block_costs_no_connection(one: Database) -> None:
    async def refused() -> None:
        async with one.snapshot() as snapshot:
            await snapshot.ask("select 1")
            raise Forbidden("no")

    before = await backend(one)
    for _ in range(3):
        with pytest.raises(Forbidden):
            await refused()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await one.ask("select 1 / 0")
    with pytest.raises(asyncpg.DataError):
        await one.ask("select $1::int", 2**40)
    assert await backend(one) == before


async def test_a_cancelled_connection_is_not_handed_on(one: Database) -> None:
    before = await backend(one)
    task = asyncio.create_task(one.ask("select pg_sleep(1)"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await backend(one) != before


async def test_a_connection_left_within_a_transaction_is_not_handed_on(one: Database, clean: None) -> None:
    before = await backend(one)
    async with one.connection() as connection:
        await connection.execute("begin")
        await connection.execute(INSERT, KEY, NOW)
    assert await backend(one) != before
    assert (await one.ask(COUNT))[0]["n"] == 0


async def test_a_connection_that_the_server_closed_is_replaced(one: Database, database: Database) -> None:
    before = await backend(one)
    await database.ask("select pg_terminate_backend($1)", before)
    await asyncio.sleep(0.05)
    assert await backend(one) != before


async def cut(database: Database, statement: str) -> None:
    """Ends the connection on which that statement runs, once it does."""
    ended: Sequence[Any] = ()
    while not ended:
        await asyncio.sleep(0.05)
        ended = await database.ask(
            "select pg_terminate_backend(pid) from pg_stat_activity where query = $1 and state = 'active'", statement
        )


async def test_a_question_whose_connection_breaks_is_asked_once_more(one: Database, database: Database) -> None:
    statement = "select pg_sleep(0.5), 'cut once'"
    task = asyncio.create_task(one.ask(statement))
    await cut(database, statement)
    assert [row[1] for row in await task] == ["cut once"]


async def test_a_question_whose_connection_breaks_twice_is_unavailable(one: Database, database: Database) -> None:
    statement = "select pg_sleep(5), 'cut twice'"
    task = asyncio.create_task(one.ask(statement))
    await cut(database, statement)
    await cut(database, statement)
    with pytest.raises(Unavailable):
        await task
    assert await backend(one)


async def test_a_server_that_is_not_there_is_unavailable_at_once(tmp_path: Path) -> None:
    database = Database(f"postgresql://sijil:secret@/sijil?host={tmp_path}", connections=1)
    began = monotonic()
    with pytest.raises(Unavailable) as refusal:
        await database.ask("select 1")
    assert monotonic() - began < 1
    assert "secret" not in refusal.value.message
    await database.close()


async def test_a_server_that_takes_no_more_connections_is_unavailable(postgres: EmbeddedPostgres, database: Database) -> None:
    await database.ask("create role guest login password 'guest' connection limit 1")
    guest = Database(postgres.url.replace(f"sijil:{postgres.dsn['password']}@", "guest:guest@"), connections=2)
    try:
        async with guest.connection():
            with pytest.raises(Unavailable):
                await guest.ask("select 1")
    finally:
        await guest.close()
        await database.ask("drop role guest")


async def test_a_closed_database_answers_nothing(postgres: EmbeddedPostgres) -> None:
    database = Database(postgres.url, connections=1)
    await database.ask("select 1")
    await database.close()
    with pytest.raises(Unavailable, match="closed"):
        await database.ask("select 1")
