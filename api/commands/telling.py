"""How every command speaks: for people, or as one JSON document with `--json`; refusals as one line and an exit status."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import orjson
import typer
from pydantic import ValidationError
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from api import errors
from api.running import NOT_SET_UP
from core import log
from core.config import Settings
from core.errors import Invalid, SijilError, Unavailable

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, one document a line.")]
MAX_FILE_BYTES = 16 * 1024 * 1024


class Teller:
    """Where a command says what it did: `say` to standard output, everything else to standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.out = Console()
        self.aside = Console(stderr=True)

    def say(self, document: Mapping[str, Any] | list[Any], *lines: RenderableType) -> None:
        """The outcome, as a document or as lines for people."""
        if self.as_json:
            typer.echo(orjson.dumps(document).decode())
        for line in () if self.as_json else lines:
            self.out.print(line)

    def note(self, line: RenderableType) -> None:
        """Something worth knowing on the way."""
        if not self.as_json:
            self.aside.print(line)

    @contextmanager
    def progress(self, label: str, *, of_bytes: bool = False) -> Iterator[Callable[[int, int | None], None]]:
        """A bar on standard error; it is told what is done, and how much there is (None: nobody knows)."""
        count = DownloadColumn() if of_bytes else MofNCompleteColumn()
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), count, TimeElapsedColumn()
        bar = Progress(*columns, console=self.aside, disable=self.as_json)
        task = bar.add_task(label, total=None)

        def told(done: int, total: int | None) -> None:
            bar.start()  # only now: where there is nothing to do, there is nothing to show
            bar.update(task, completed=done, total=total)

        try:
            yield told
        finally:
            if bar.live.is_started:
                bar.stop()


@contextmanager
def telling(as_json: bool, *, level: str = "ERROR") -> Iterator[Teller]:
    """The frame of a command: turns a refusal into its line and exit status; of a fault of ours it tells no details."""
    log.configure(level)
    teller = Teller(as_json)
    try:
        yield teller
    except (typer.Exit, typer.Abort):
        raise
    except Exception as fault:
        refusal = _refusal(fault)
        if as_json:
            told = {"code": refusal.code, "message": refusal.message, "path": list(refusal.path)}
            typer.echo(orjson.dumps({"error": told}).decode())
        else:
            where = "".join(f" ({part})" for part in [" > ".join(map(str, refusal.path))] if part)
            typer.echo(f"{refusal.code}: {refusal.message}{where}", err=True)
        raise typer.Exit(errors.exit_status(refusal.code)) from None


def settings(**given: object) -> Settings:
    """Those of the environment. Raises Invalid with the name of a wrong one."""
    try:
        return Settings.read(**given)
    except ValidationError as fault:
        # Its text would show the value, and that may be a password.
        raise Invalid("a setting of the environment cannot be used", path=[str(p) for p in fault.errors()[0]["loc"]]) from None


def text_of(path: Path) -> str:
    """The text of a file of a bounded size. Raises Invalid where there is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise Invalid(f"a file has at most {MAX_FILE_BYTES} bytes", path=(str(path),))
        return raw.decode("utf-8-sig")
    except OSError as fault:
        raise Invalid(f"the file cannot be read: {(fault.strerror or 'no').lower()}", path=(str(path),)) from None
    except UnicodeDecodeError:
        raise Invalid("the file is not UTF-8", path=(str(path),)) from None


def object_of(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises Invalid where there is none."""
    try:
        document = orjson.loads(text_of(path))
    except orjson.JSONDecodeError:
        raise Invalid("the file is not JSON", path=(str(path),)) from None
    if not isinstance(document, dict):
        raise Invalid("the file is to be one JSON object", path=(str(path),))
    return document


def _refusal(fault: Exception) -> SijilError:
    if isinstance(fault, OSError):
        return Unavailable(f"the machine refuses: {(fault.strerror or type(fault).__name__).lower()}")
    if isinstance(fault, asyncpg.UndefinedTableError) or _is_undefined_table(fault):
        return Unavailable(NOT_SET_UP)
    if isinstance(fault, asyncpg.InvalidAuthorizationSpecificationError | asyncpg.InvalidCatalogNameError):
        return Unavailable("the database does not let us in")
    if isinstance(fault, InterfaceError | OperationalError):
        return Unavailable("the database cannot be reached")
    return errors.as_refusal(fault)


def _is_undefined_table(fault: Exception) -> bool:
    return isinstance(fault, DBAPIError) and getattr(fault.orig, "sqlstate", None) == asyncpg.UndefinedTableError.sqlstate
