"""`sijil keys`: new versions, wrapping anew and retiring a version, with a database beside the key file."""

import asyncio
import json
import os
from pathlib import Path
from uuid import UUID

import pytest

from access.rights import Role
from api.edge import utc_now
from core import keys
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from core.rewrapping import REWRAPPING, name_of, rewrapping, wrapped_in
from core.workers import Workers
from migrations.metadata import METADATA
from tests.api.commanding import ask, on, sijil, told
from tests.api.people import put_account
from tests.core.test_jobs import clock

ISSUER = "https://sijil.example"
TABLES = wrapped_in(METADATA)


@pytest.fixture
def url(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A real instance without people, in a database of its own."""
    name = f"keys_{os.getpid()}_{tmp_path.name}"
    ask(postgres.url, f'create database "{name}"')
    url = postgres.url.replace("@/sijil?", f"@/{name}?")
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("SIJIL_ISSUER", raising=False)
    assert sijil("keys", "init").exit_code == 0
    assert sijil("init", "--issuer", ISSUER).exit_code == 0
    return url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keys.json"


def listed() -> dict[tuple[str, int], int | None]:
    return {(row["family"], row["version"]): row["wraps"] for row in told("keys", "list")["versions"]}


def done(url: str, ring: KeyRing, job: str) -> None:
    """A serving process does the job."""

    async def work(database: Database) -> None:
        workers = Workers(database, {REWRAPPING: rewrapping(ring, TABLES)}, clock=clock, poll_seconds=0.05)
        workers.start()
        while (await database.ask("select state from job where job_id = $1", UUID(job)))[0]["state"] != "DONE":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await workers.stop()

    on(url, work)


def test_the_master_key_is_rotated_in_four_steps(url: str, file: Path) -> None:
    assert listed() == {("master", 1): 1, ("token", 1): None}
    assert told("keys", "rotate", "master") == {"family": "master", "version": 2}
    assert file.stat().st_mode & 0o777 == 0o600
    assert listed() == {("master", 1): 1, ("master", 2): 0, ("token", 1): None}
    refused = told("keys", "retire", "master", "1", status=15)["error"]
    assert (refused["code"], refused["path"]) == ("CONFLICT", ["version"])
    assert keys.load(file).masters.versions == [1, 2]
    made = told("keys", "rewrap")
    assert made["version"] == 2
    done(url, keys.load(file), made["job"])
    assert listed() == {("master", 1): 0, ("master", 2): 1, ("token", 1): None}
    assert told("keys", "retire", "master", "1") == {"family": "master", "retired": 1}
    assert listed() == {("master", 2): 1, ("token", 1): None}
    assert told("keys", "retire", "master", "2", status=15)["error"]["code"] == "CONFLICT"
    assert told("keys", "retire", "master", "1", status=13)["error"]["code"] == "NOT_FOUND"


def test_nothing_is_retired_while_a_process_serves_that_has_not_the_newest_key(url: str, file: Path) -> None:
    before = keys.load(file)
    told("keys", "rotate", "master")
    done(url, keys.load(file), told("keys", "rewrap")["job"])

    async def beside(_: Database) -> None:
        """A server of before the rotation is there, and then one of after it."""
        for ring, status in ((before, 15), (keys.load(file), 0)):
            serving = Database(url, connections=1, name=name_of(ring))
            await serving.ping()
            async with serving.begin() as connection:
                await connection.exec_driver_sql("select 1")
            await asyncio.to_thread(told, "keys", "retire", "master", "1", status=status)
            await serving.close()

    on(url, beside)
    assert keys.load(file).masters.versions == [2]


def test_once_two_people_may_they_propose_it(url: str, file: Path) -> None:
    told("keys", "rotate", "master")
    ring = keys.load(file)

    async def work(database: Database) -> None:
        now = utc_now()
        async with database.begin() as connection:
            for _ in range(2):
                await put_account(connection, ring, now, Role.ADMINISTRATOR)

    on(url, work)
    assert told("keys", "rewrap", status=15)["error"]["code"] == "CONFLICT"
    assert ask(url, "select * from job") == []


def test_there_is_nothing_to_wrap_anew_under_one_key(url: str) -> None:
    assert told("keys", "rewrap", status=15)["error"]["code"] == "CONFLICT"


def test_the_token_key_is_rotated_and_never_retired(url: str, file: Path) -> None:
    assert told("keys", "rotate", "token") == {"family": "token", "version": 2}
    assert told("keys", "retire", "token", "1", status=14)["error"]["path"] == ["family"]
    assert sorted(keys.load(file).tokens) == [1, 2]


def test_versions_are_listed_without_a_database_and_without_what_is_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "alone"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    told("keys", "init")
    told("keys", "rotate", "master")
    document = json.loads((tmp_path / "alone" / "keys.json").read_text())
    shown = sijil("keys", "list").output + sijil("keys", "list", "--json").output + sijil("keys", "show", "--json").output
    for family in ("master", "token"):
        for secret in document[family].values():
            assert secret not in shown
    assert [row["added"] is not None for row in told("keys", "list")["versions"]] == [True] * 3


def test_a_version_that_the_file_has_lost_is_named(url: str, file: Path) -> None:
    told("keys", "rotate", "master")
    document = json.loads(file.read_text())
    del document["master"]["1"]
    file.write_text(json.dumps(document))
    assert told("keys", "list")["lost"] == [1]
