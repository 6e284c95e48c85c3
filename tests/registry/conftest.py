"""A register with nobody in it yet, and households to be put into it."""

import pytest

from core.database import Database
from core.keys import KeyRing
from tests.identity.registered import Register
from tests.registry.homes import Homes


@pytest.fixture
async def homes(database: Database, keys: KeyRing, clean: None) -> Homes:
    return Homes(await Register(database, keys).set_up())
