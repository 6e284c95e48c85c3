"""What tests share: one PostgreSQL for a whole run (and for each of its workers), keys, an instant, agencies that may ask."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest

from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing, create
from migrations.metadata import METADATA, QUEUE
from migrations.run import migrate
from tests.access.enrolled import NOW, Enrol

# Their files take the longest: on several cores the last of all is to be a short one.
FIRST = ("tests/portal/", "tests/api/test_running.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.fixture
def now() -> datetime:
    """A fixed instant, within the dates of everything made here."""
    return NOW


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return create(tmp_path_factory.mktemp("keys") / "keys.json", mark="test", at=NOW)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server with all tables and no rows."""
    folder = tmp_path_factory.mktemp("postgres")

    async def prepare(url: str) -> None:
        database = Database(url, connections=1)
        await migrate(database.engine)
        await database.close()

    # What is lost with the power may be lost here; commits still wait for their place in the log.
    with EmbeddedPostgres(folder / "instance", settings={"shared_buffers": "64MB", "fsync": "off"}) as server:
        # In a loop of its own: the fixture serves tests with and without one.
        loop = asyncio.new_event_loop()
        loop.run_until_complete(prepare(server.url))
        loop.close()
        yield server
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    database = Database(postgres.url, connections=8)
    yield database
    await database.close()


# Few tables have rows by then, and to truncate all of them takes a hundred times as long. Foreign keys are not heeded.
_EMPTY = f"""do $$ declare its text; filled bool; begin
  perform set_config('session_replication_role', 'replica', true);
  foreach its in array array[{", ".join(f"'{table}'" for table in sorted({*METADATA.tables, *QUEUE}))}] loop
    execute 'select exists (select from ' || its || ')' into filled;
    if filled then execute 'delete from ' || its; end if;
  end loop;
end $$"""


async def empty(database: Database) -> None:
    """Nothing is in any table."""
    await database.ask(_EMPTY)


@pytest.fixture
async def clean(database: Database) -> None:
    """Every table is empty when the test begins. For all tests that write, or that count rows."""
    await empty(database)


@pytest.fixture
def enrol(database: Database, clean: None) -> Enrol:
    """Puts an agency, its key, its agreement and its mandates in force into the (emptied) database."""
    return Enrol(database)
