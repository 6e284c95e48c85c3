"""One served instance for all tests of the API: a demonstration of 400 persons, in a database and a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from access.instance import create_instance
from api.demo.load import load
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import create
from migrations.run import migrate
from tests.api.serving import Agency, Backstage, Caller, Instance, listening, shift_to_early_in_an_hour

PERSONS = 400


@pytest.fixture(scope="session")
def backstage() -> Iterator[Backstage]:
    made = Backstage()
    yield made
    made.close()


@pytest.fixture(scope="session")
def served(backstage: Backstage, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with being_served(backstage, postgres, tmp_path_factory.mktemp("served"), "served") as instance:
        yield instance


@contextmanager
def being_served(backstage: Backstage, postgres: EmbeddedPostgres, folder: Path, name: str) -> Iterator[Instance]:
    """An instance in a database of that name. Not a demonstration's by its mark: it serves as a real instance does."""
    shift = shift_to_early_in_an_hour()
    url = backstage.run(new_database(postgres.url, name))
    with listening() as listener:
        issuer = f"http://localhost:{listener.getsockname()[1]}"
        key_file = folder / "keys.json"
        keys = create(key_file, mark="", at=datetime.now(UTC) + shift)
        instance = Instance(backstage, url, key_file, keys, issuer, shift, folder / "log")
        backstage.run(set_up(instance))
        with instance.serve(listener):
            assert httpx.get(f"{issuer}/health/ready", timeout=60).json() == {"ready": True}
            yield instance
            backstage.run(instance.database.close())


async def new_database(url: str, name: str) -> str:
    """The address of a new, empty database on the same server."""
    database = Database(url, connections=1)
    await database.ask(f'create database "{name}"')
    await database.close()
    return url.replace("@/sijil?", f"@/{name}?")


async def set_up(instance: Instance) -> None:
    database, call = instance.database, instance.call()
    await migrate(database.engine)
    async with database.begin() as connection:
        await create_instance(connection, call, instance.keys, mark="", issuer=instance.issuer)
    loaded = await load(database, instance.keys, call, persons=PERSONS, seed=1, communes=(), progress=lambda done, of: None)
    instance.document |= loaded.document


@pytest.fixture(scope="session")
def fund(served: Instance) -> Agency:
    """The agency of the demonstration that may see most, and is told the status of a record."""
    return served.demo_agency("CNSS_DEMO")


@pytest.fixture(scope="session")
def grants(served: Instance) -> Agency:
    """The agency of the demonstration that may see little."""
    return served.demo_agency("GRANTS_DEMO")


@pytest.fixture(scope="module")  # a token lives for minutes, a run of all tests longer
def cnss(fund: Agency) -> Caller:
    return fund.caller()


@pytest.fixture(scope="module")  # a token lives for minutes, a run of all tests longer
def office(grants: Agency) -> Caller:
    return grants.caller()
