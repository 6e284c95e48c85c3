"""A register with nobody in it yet."""

import pytest

from core.database import Database
from core.keys import KeyRing
from tests.identity.registered import Register


@pytest.fixture
async def register(database: Database, keys: KeyRing, clean: None) -> Register:
    return await Register(database, keys).set_up()
