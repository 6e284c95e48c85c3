"""Data keys are wrapped anew while all goes on: none is forgotten, none that others write is overwritten, whoever dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Uuid

from core import jobs, rewrapping
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Conflict, Internal
from core.jobs import State
from core.keys import Family, KeyRing, add_version, create, load, retire
from core.rewrapping import REWRAPPING, Wrapped, counted, refuse_use, wrapped_in
from core.sealed import version_of
from core.workers import Workers
from identity.store import DECOY
from migrations.metadata import METADATA
from tests.access.enrolled import NOW
from tests.core import rewrapping_child
from tests.core.test_jobs import clock, put, reached, until
from tests.identity.registered import Register, new_person

TABLES = wrapped_in(METADATA)
CHILD = Path(rewrapping_child.__file__)
PEOPLE = 40


def test_all_tables_with_data_keys_are_known_and_each_by_its_owner() -> None:
    """A new table with a column `data_key` is found by itself; wherever else a wrapped key were kept, it would be forgotten."""
    assert [Wrapped("account", "account_id"), Wrapped("household", "household_id"), Wrapped("person", "person_id")] == [
        its for its in TABLES if its.table in ("account", "household", "person")
    ]
    holding = {table.name for table in METADATA.sorted_tables if "data_key" in table.columns}
    assert {its.table for its in TABLES} == holding >= {"enrolment", "person_file"}
    suspects = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and ("wrapped" in column.name or column.name.endswith("data_key"))
    }
    assert suspects == {f"{table}.data_key" for table in holding}


def test_a_table_whose_rows_have_no_owner_of_their_own_is_refused() -> None:
    metadata = MetaData()
    columns = Column("a", Uuid, primary_key=True), Column("b", Integer, primary_key=True), Column("data_key", LargeBinary)
    Table("odd", metadata, *columns)
    with pytest.raises(Internal):
        wrapped_in(metadata)


# --- the key file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def first(path: Path) -> KeyRing:
    """One master key."""
    return create(path, mark="test", at=NOW)


def rotated(path: Path) -> KeyRing:
    add_version(path, Family.MASTER, at=NOW)
    return load(path)


async def keys_of(database: Database, tables: Sequence[Wrapped] = TABLES) -> dict[UUID, bytes]:
    found = {}
    for its in tables:
        for row in await database.ask(f"select {its.owner} as owner, data_key from {its.table}"):
            found[row["owner"]] = row["data_key"]
    return found


@pytest.fixture
async def register(database: Database, first: KeyRing, clean: None) -> Register:
    """People under the first master key, and a member of staff."""
    made = await Register(database, first).set_up()
    await made.load(*(new_person(n) for n in range(PEOPLE)))
    await made.staff()
    return made


@asynccontextmanager
async def working(database: Database, keys: KeyRing) -> AsyncIterator[None]:
    workers = Workers(
        database, {REWRAPPING: rewrapping.rewrapping(keys, TABLES)}, clock=clock, poll_seconds=0.05, mend_seconds=0.2
    )
    workers.start()
    try:
        yield
    finally:
        await workers.stop()


async def job_of(database: Database, keys: KeyRing) -> UUID:
    return await put(database, REWRAPPING, {"version": keys.masters.newest})


async def test_every_data_key_is_wrapped_by_the_newest_and_opens_what_it_opened(
    register: Register, path: Path, first: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 7)
    before = await keys_of(register.database)
    assert len(before) == PEOPLE + 2  # the decoy, and an account
    (row,) = await register.database.ask("select person_id, given_name_latin from person where status = 'ACTIVE' limit 1")
    ring = rotated(path)
    async with working(register.database, ring):
        job = await until(register.database, await job_of(register.database, ring), State.DONE)
    after = await keys_of(register.database)
    assert {version_of(key) for key in before.values()} == {1}
    assert {version_of(key) for key in after.values()} == {2}
    assert (job.done, job.total) == (PEOPLE + 2, PEOPLE + 2)
    assert await counted(register.database, TABLES) == {2: {"account": 1, "person": PEOPLE + 1}}
    key = ring.masters.unwrap(row["person_id"], after[row["person_id"]])
    assert key.open("person.given_name:latin", row["person_id"], row["given_name_latin"]) == "Amina"
    with pytest.raises(Internal):
        first.masters.unwrap(DECOY, after[DECOY])


class Stale:
    """A connection that reads first what was there before."""

    def __init__(self, connection: Any, rows: Sequence[Any]) -> None:
        self.connection, self.rows = connection, [rows]

    async def fetch(self, sql: str, *values: Any) -> Any:
        return self.rows.pop() if self.rows else await self.connection.fetch(sql, *values)


async def test_what_others_write_meanwhile_is_never_overwritten(register: Register, path: Path, first: KeyRing) -> None:
    """After a batch was read, one key is erased, one replaced by an older process, one by a newer one."""
    ring, its = rotated(path), Wrapped("person", "person_id")
    rows = await register.database.ask(
        "select person_id as owner, data_key from person where status = 'ACTIVE' order by person_id limit 4"
    )
    erased, older, newer, untouched = (row["owner"] for row in rows)
    fresh = {older: first.masters.new_data_key(older)[1], newer: ring.masters.new_data_key(newer)[1]}
    await register.database.ask("update person set data_key = null, status = 'CANCELLED' where person_id = $1", erased)
    for person, key in fresh.items():
        await register.database.ask("update person set data_key = $2 where person_id = $1", person, key)
    async with register.driver() as connection:
        await rewrapping._rewrap(Stale(connection, rows), ring, its, rewrapping.FIRST)  # type: ignore[arg-type]
    after = await keys_of(register.database, [its])
    assert after[erased] is None
    assert after[newer] == fresh[newer]
    for person, was in ((older, fresh[older]), (untouched, rows[3]["data_key"])):
        assert version_of(after[person]) == 2
        sealed = first.masters.unwrap(person, was).seal("a", person, "b")
        assert ring.masters.unwrap(person, after[person]).open("a", person, sealed) == "b"


async def test_people_who_are_registered_meanwhile_are_there_afterwards(register: Register, path: Path) -> None:
    ring = rotated(path)
    newer = Register(register.database, ring)
    job = await job_of(register.database, ring)

    async def registering() -> None:
        for n in range(10):
            await (newer if n % 2 else register).load(new_person(n))

    async with working(register.database, ring):
        await asyncio.gather(until(register.database, job, State.DONE), registering())
        await until(register.database, await job_of(register.database, ring), State.DONE)
    assert (await counted(register.database, TABLES)).keys() == {2}
    for owner, key in (await keys_of(register.database)).items():
        ring.masters.unwrap(owner, key)


async def test_a_worker_that_is_killed_loses_nothing_and_another_goes_on(
    register: Register, path: Path, postgres: EmbeddedPostgres
) -> None:
    ring = rotated(path)
    job = await job_of(register.database, ring)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CHILD),
        postgres.url,
        str(path),
        env={**os.environ, "PYTHONPATH": str(CHILD.parents[2])},
    )
    await reached(register.database, job, lambda its: its.done)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    half = await keys_of(register.database)
    found = await jobs.find(register.database, job)
    assert found is not None
    assert {version_of(key) for key in half.values()} == {1, 2}, "it died on the way"
    for owner, key in half.items():
        ring.masters.unwrap(owner, key)
    begun = found.done
    async with working(register.database, ring):
        await register.database.ask("update pgqueuer set heartbeat = now() - interval '1 hour' where status = 'picked'")
        ended = await until(register.database, job, State.DONE)
    assert ended.done == PEOPLE + 2 > begun > 0
    assert (await counted(register.database, TABLES)).keys() == {2}


async def test_a_process_without_the_new_key_leaves_it_to_others(register: Register, path: Path, first: KeyRing) -> None:
    ring = rotated(path)
    job = await job_of(register.database, ring)
    async with working(register.database, first):
        await reached(register.database, job, lambda its: its.failures)
    assert (await counted(register.database, TABLES)).keys() == {1}
    async with working(register.database, ring):
        await until(register.database, job, State.DONE)
    assert (await counted(register.database, TABLES)).keys() == {2}


async def test_a_version_is_in_use_until_the_last_row_is_wrapped_anew(register: Register, path: Path) -> None:
    with pytest.raises(Conflict):
        await refuse_use(register.database, TABLES, 1)
    ring = rotated(path)
    async with working(register.database, ring):
        await until(register.database, await job_of(register.database, ring), State.DONE)
    await refuse_use(register.database, TABLES, 1)
    (row,) = await register.database.ask("select person_id from person where status = 'ACTIVE' limit 1")
    old = register.keys.masters.new_data_key(row["person_id"])[1]
    await register.database.ask("update person set data_key = $2 where person_id = $1", row["person_id"], old)
    with pytest.raises(Conflict):
        await refuse_use(register.database, TABLES, 1)
    retire(path, Family.MASTER, 1)
    with pytest.raises(Internal):
        load(path).masters.unwrap(row["person_id"], old)
