"""An instance of its own for attacks, so that spent budgets and spoiled records trouble no other test."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from core.embedded import EmbeddedPostgres
from tests.api.conftest import being_served
from tests.api.serving import Backstage, Instance


@pytest.fixture(scope="session")
def attacked(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("attacked")
    with closing(Backstage()) as backstage, being_served(backstage, postgres, folder, "attacked") as instance:
        yield instance
