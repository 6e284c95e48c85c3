"""`sijil db`: the database of the instance, by hand."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from access.instance import refresh_statistics
from access.rights import Scope
from api.commands import dumps
from api.commands.telling import AsJson, settings, telling
from api.edge import utc_now
from api.running import opened, own_call, private, reach, stopping_in_order, with_database
from core import keys
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Conflict, Invalid, Unavailable
from migrations.run import differences, migrate, refuse_rows, revisions

app = typer.Typer(no_args_is_help=True, help="The database of the instance, by hand.")
LOOK_SECONDS = 0.2


@app.command()
def up(json: AsJson = False) -> None:
    """Run the embedded database until Ctrl-C, and say how to reach it."""
    with telling(json) as tell, stopping_in_order():
        chosen = settings()
        if chosen.database_url is not None:
            raise Conflict("DATABASE_URL names a database that is run elsewhere")
        private(chosen.home)
        with EmbeddedPostgres(chosen.data_folder) as server:
            password = chosen.data_folder / "password"
            reached = server.connection
            document = {
                "host": reached.host,
                "port": reached.port,
                "user": reached.user,
                "database": reached.database,
                "password_file": str(password),
            }
            psql = f"psql -h {reached.host} -p {reached.port} -U {reached.user} {reached.database}"
            tell.say(document, "The database is up; Ctrl-C ends it.", f"  PGPASSWORD=$(cat {password}) {psql}")
            sys.stdout.flush()
            while server.alive:
                time.sleep(LOOK_SECONDS)
            raise Unavailable(f"the database has ended by itself; its log is {server.log}")


@app.command(name="migrate")
def migrate_(json: AsJson = False) -> None:
    """Bring the database to the newest revision."""

    async def work(database: Database) -> tuple[str | None, str | None]:
        before, _ = await revisions(database.engine)
        await migrate(database.engine)
        return before, (await revisions(database.engine))[0]

    with telling(json) as tell:
        before, now = with_database(settings(), work, make=True)
        tell.say({"from": before, "to": now}, f"The database is at revision {now}{' as before' if before == now else ''}.")


@app.command()
def check(json: AsJson = False) -> None:
    """Say whether the database has just the tables that the code expects; exit 1 if it has not."""

    async def work(database: Database) -> tuple[str | None, str | None, list[str]]:
        current, newest = await revisions(database.engine)
        return current, newest, await differences(database.engine)

    with telling(json) as tell:
        current, newest, found = with_database(settings(), work)
        document = {"ok": not found and current == newest, "revision": current, "newest": newest, "differences": found}
        tell.say(
            document,
            f"Revision {current or 'none'}; the newest is {newest}.",
            *(found or ["Tables, columns, indexes and constraints are as the code expects."]),
        )
        if not document["ok"]:
            raise typer.Exit(1)


@app.command()
def dump(
    to: Annotated[Path, typer.Option("--to", help="The file to write; - is standard output.")],
    json: AsJson = False,
) -> None:
    """Write the whole database as plain SQL, from one snapshot. Without the key file nobody can read people's values in it."""
    with telling(json) as tell, reach(settings()) as url:

        async def work() -> tuple[dumps.Header, int]:
            async with opened(url) as database:
                major, _ = await database.version()
                return await dumps.header_of(database, utc_now().isoformat()), major

        header, major = asyncio.run(work())
        with _sink(to) as sink, tell.progress("Dumping", of_bytes=True) as progress:
            dumps.dump(url, major, header, sink, progress)
        if str(to) != "-":
            size = to.stat().st_size
            tell.say({"file": str(to), "bytes": size, "revision": header.revision}, f"Wrote {to}: {size:,} bytes.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file made by `sijil db dump`.")],
    json: AsJson = False,
) -> None:
    """Load a dump into an empty database, all of it or nothing."""
    with telling(json) as tell:
        chosen = settings()
        try:
            source = file.open("rb")
        except OSError as fault:
            raise Invalid(f"the file cannot be read: {(fault.strerror or 'no').lower()}", path=(str(file),)) from None
        with source, reach(chosen, make=True) as url:
            header = dumps.Header.read(source)
            if chosen.key_file.exists() and keys.load(chosen.key_file).fingerprint != header.fingerprint:
                raise Conflict("the dump was made under other keys than those of this instance: nothing in it would open")
            major = asyncio.run(_empty(url))
            size = source.seek(0, os.SEEK_END)
            source.seek(0)
            with tell.progress("Restoring", of_bytes=True) as progress:
                dumps.restore(url, major, source, size, progress)
            current, newest = asyncio.run(_finish(url))
        document = {"file": str(file), "revision": current, "newest": newest, "mark": header.mark, "made": header.at}
        hint = [] if current == newest else [f"The newest revision is {newest}: `sijil db migrate` brings the database there."]
        if not chosen.key_file.exists():
            hint.append(
                f"Put the key file with fingerprint {header.fingerprint} to {chosen.key_file}: nothing opens without it."
            )
        tell.say(document, f"Restored what was dumped at {header.at}, at revision {current}.", *hint)


async def _empty(url: str) -> int:
    """The major version of a server with an empty database. Raises Conflict where there is a row."""
    async with opened(url) as database:
        await refuse_rows(database.engine)
        major, _ = await database.version()
        return major


async def _finish(url: str) -> tuple[str | None, str | None]:
    async with opened(url) as database:
        async with database.connection() as raw:
            await refresh_statistics(raw, own_call("restore", Scope.REGISTER_LOAD))
        return await revisions(database.engine)


@contextmanager
def _sink(to: Path) -> Iterator[IO[bytes]]:
    """Standard output, or a file for the owner alone that has its name only once it is whole."""
    if str(to) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
