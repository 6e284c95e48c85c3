"""An instance of its own for attacks, so that spent budgets and spoiled records trouble no other test."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest

from core.embedded import EmbeddedPostgres
from core.keys import create
from tests.api.conftest import new_database, set_up
from tests.api.serving import Backstage, Instance, listening, shift_to_early_in_an_hour


@pytest.fixture(scope="session")
def attacked(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """It serves as a real instance does."""
    backstage = Backstage()
    folder = tmp_path_factory.mktemp("attacked")
    shift = shift_to_early_in_an_hour()
    url = backstage.run(new_database(postgres.url, "attacked"))
    with ExitStack() as stack:
        stack.callback(backstage.close)
        listener = stack.enter_context(listening())
        issuer = f"http://localhost:{listener.getsockname()[1]}"
        key_file = folder / "keys.json"
        keys = create(key_file, mark="", at=datetime.now(UTC) + shift)
        instance = Instance(backstage, url, key_file, keys, issuer, shift, folder / "log")
        backstage.run(set_up(instance))
        stack.enter_context(instance.serve(listener))
        assert httpx.get(f"{issuer}/health/ready", timeout=60).json() == {"ready": True}
        yield instance
        backstage.run(instance.database.close())
