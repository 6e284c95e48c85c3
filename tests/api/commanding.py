"""The command line, called in this process: what it says, and its exit status."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic.script import ScriptDirectory
from typer.testing import CliRunner, Result

from api.cli import app
from core.database import Database
from migrations import run
from tests.core.logged import logging_apart

T = TypeVar("T")
NEWEST = ScriptDirectory(str(Path(run.__file__).parent)).get_current_head()  # the revision that databases are brought to


def sijil(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 its name in the runner
    with logging_apart():  # a command says of itself hardly anything, which is not to be so for all tests that follow
        return CliRunner().invoke(app, list(arguments), input=input)


def told(*arguments: str, status: int = 0) -> Any:
    """What the command answers with --json."""
    result = sijil(*arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def on(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(url, connections=2)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def ask(url: str, sql: str, *values: object) -> list[Any]:
    return list(on(url, lambda database: database.ask(sql, *values)))
