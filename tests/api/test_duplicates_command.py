"""`sijil duplicates index`: everybody who was there before gets blocking keys, once."""

import asyncio
import os
from pathlib import Path

import pytest

from access.rights import Scope
from api.running import own_call
from core import keys
from core.database import Database
from core.embedded import EmbeddedPostgres
from identity.divisions import built_in
from identity.imports import load_divisions, load_persons, make_decoy
from tests.api.commanding import ask, sijil, told
from tests.identity.registered import new_person


@pytest.fixture
def url(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An instance with three people, in a database of its own."""
    name = f"duplicates_{os.getpid()}_{tmp_path.name}"
    ask(postgres.url, f'create database "{name}"')
    url = postgres.url.replace("@/sijil?", f"@/{name}?")
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("SIJIL_ISSUER", raising=False)
    assert sijil("keys", "init").exit_code == 0
    assert sijil("init", "--issuer", "https://sijil.example").exit_code == 0

    async def load() -> None:
        ring, call = keys.load(tmp_path / "home" / "keys.json"), own_call("tests", Scope.REGISTER_LOAD)
        database = Database(url, connections=1)
        async with database.connection() as connection, connection.transaction():
            await load_divisions(connection, call, built_in())
            await make_decoy(connection, call, ring)
            await load_persons(connection, call, ring, [new_person(key) for key in range(3)])
        await database.close()

    asyncio.run(load())
    return url


def test_who_has_no_keys_gets_them_and_a_second_time_nobody_is_left(url: str) -> None:
    before = ask(url, "select hash, person_id, key_version from blocking_key order by 1, 2")
    assert told("duplicates", "index") == {"persons": 0}
    ask(url, "delete from blocking_key")
    assert told("duplicates", "index") == {"persons": 3}
    assert told("duplicates", "index") == {"persons": 0}
    assert told("duplicates", "index", "--anew") == {"persons": 3}
    assert ask(url, "select hash, person_id, key_version from blocking_key order by 1, 2") == before
