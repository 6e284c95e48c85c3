"""What a database says of itself."""

import pytest
from sqlalchemy import text

from access.call import Call, system
from access.instance import Identity, create_instance, identify, move_demonstration
from access.rights import Scope
from core import keys as keyring
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Forbidden
from core.ids import uuid7
from core.keys import KeyRing
from tests.access.enrolled import NOW

FIRST, SECOND = "http://localhost:8001", "http://localhost:8002"
LOADER = Call(system("test", Scope.REGISTER_LOAD), NOW, uuid7(NOW))


@pytest.fixture
def ring(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return keyring.create(tmp_path_factory.mktemp("ring") / "keys.json", mark=request.param, at=NOW)


async def move(database: Database, call: Call, issuer: str) -> None:
    async with database.begin() as connection:
        await move_demonstration(connection, call, issuer=issuer)


@pytest.mark.parametrize("ring", ["demo"], indirect=True)
async def test_a_database_says_nothing_without_a_row_or_without_the_table(
    database: Database, clean: None, ring: KeyRing, postgres: EmbeddedPostgres
) -> None:
    assert await identify(database) is None
    async with database.begin() as connection:
        await create_instance(connection, LOADER, ring, mark=ring.mark, issuer=FIRST)
    one = Database(postgres.url, connections=1)
    assert await identify(one) is not None
    await one.ask("set search_path to nowhere")
    assert await identify(one) is None
    await one.close()


@pytest.mark.parametrize(("ring", "moves"), [("demo", True), ("", False), ("test", False)], indirect=["ring"])
async def test_only_a_demonstration_moves(database: Database, clean: None, ring: KeyRing, moves: bool) -> None:
    async with database.begin() as connection:
        await create_instance(connection, LOADER, ring, mark=ring.mark, issuer=FIRST)
    assert await identify(database) == Identity(ring.mark, FIRST, ring.fingerprint)
    await move(database, LOADER, SECOND)
    assert await identify(database) == Identity(ring.mark, SECOND if moves else FIRST, ring.fingerprint)


@pytest.mark.parametrize("ring", ["demo"], indirect=True)
async def test_who_may_not_load_moves_nothing(database: Database, clean: None, ring: KeyRing) -> None:
    async with database.begin() as connection:
        await create_instance(connection, LOADER, ring, mark=ring.mark, issuer=FIRST)
    with pytest.raises(Forbidden):
        await move(database, Call(system("test", Scope.AGENCY_MANAGE), NOW, uuid7(NOW)), SECOND)
    async with database.begin() as connection:
        assert await connection.scalar(text("select issuer from instance")) == FIRST
