"""A whole database as plain SQL, and back: PostgreSQL's own programs do the work, our header says what it is.

The dump is one snapshot and loads with psql alone. It holds people's values sealed, so it is worth nothing without the key
file, whose fingerprint stands in the header.
"""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from sqlalchemy import make_url

from api.running import identity_of
from core.database import Database
from core.embedded import SYSTEM_FOLDER, find_binaries
from core.embedded_account import ENVIRONMENT
from core.errors import Invalid, Unavailable
from migrations.run import EMPTYING, revisions

FORMAT = "-- Sijil dump 1\n"
_CHUNK = 1 << 20
_MEMBER = re.compile(r"-- (revision|mark|fingerprint|issuer|at): (.*)\n")
_DUMP = ("--format=plain", "--no-owner", "--no-privileges", "--no-comments", "--encoding=UTF8", "--no-password")
# Of an error only its number: its text can quote a row.
_LOAD = ("-X", "-q", "--no-password", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate", "-v", "SHOW_CONTEXT=never")
_CLEAR = "; ".join(EMPTYING)


@dataclass(frozen=True, slots=True)
class Header:
    """What a dump says of itself in its first lines."""

    revision: str
    mark: str
    fingerprint: str
    issuer: str
    at: str

    def lines(self) -> str:
        members = [f"-- {name}: {getattr(self, name)}\n" for name in ("revision", "mark", "fingerprint", "issuer", "at")]
        return FORMAT + "".join(members)

    @classmethod
    def read(cls, file: BinaryIO) -> "Header":
        """Raises Invalid where the file is no dump of ours."""
        if file.readline(200) != FORMAT.encode():
            raise Invalid("the file is not a dump made by `sijil db dump`")
        found = [_MEMBER.fullmatch(file.readline(400).decode(errors="replace")) for _ in range(5)]
        members = {each[1]: each[2] for each in found if each}
        if len(members) != 5:
            raise Invalid("the header of the dump is damaged")
        return cls(**members)


async def header_of(database: Database, at: str) -> Header:
    """Raises Unavailable for a database that was not set up."""
    its = await identity_of(database)
    revision, _ = await revisions(database.engine)
    return Header(str(revision), its.mark, its.fingerprint, its.issuer, at)


def dump(url: str, major: int, header: Header, to: IO[bytes], progress: Callable[[int, int | None], None]) -> None:
    """Writes header and dump. Raises Unavailable where pg_dump fails."""
    to.write(header.lines().encode())
    done = 0
    with _run([_program("pg_dump", major), *_DUMP], url, read=True) as process:
        assert process.stdout is not None
        while part := process.stdout.read(_CHUNK):
            to.write(part)
            done += len(part)
            progress(done, None)


def restore(url: str, major: int, file: BinaryIO, size: int, progress: Callable[[int, int | None], None]) -> None:
    """Puts the dump in the place of an empty database, in one transaction. Raises Unavailable, and then nothing has changed."""
    done = 0
    with _run([_program("psql", major), *_LOAD, "--single-transaction", "-c", _CLEAR, "-f", "-"], url, read=False) as process:
        assert process.stdin is not None
        try:
            while part := file.read(_CHUNK):
                process.stdin.write(part)
                done += len(part)
                progress(done, size)
            process.stdin.close()
        except BrokenPipeError:
            return  # it has failed, and says why at its end


@contextmanager
def _run(command: list[str], url: str, *, read: bool) -> "Iterator[subprocess.Popen[bytes]]":
    """A PostgreSQL program that is ended with the block. Raises Unavailable with its last words where it fails."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            command,
            stdin=subprocess.DEVNULL if read else subprocess.PIPE,
            stdout=subprocess.PIPE if read else subprocess.DEVNULL,
            stderr=words,
            env={**ENVIRONMENT, **_connection(url)},
        )
        try:
            yield process
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() != 0:
            words.seek(0)
            last = (words.read().decode(errors="replace").strip().splitlines() or ["it does not say why"])[-1]
            raise Unavailable(f"{Path(command[0]).name} failed: {last[:300]}")


def _program(name: str, major: int) -> str:
    """The path of a PostgreSQL program that is not older than the server."""
    try:
        folders = [find_binaries()]
    except Unavailable:
        folders = []
    newest_first = sorted(SYSTEM_FOLDER.glob("[1-9]*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in (*folders, *newest_first):
        path = folder / name
        if path.is_file() and _major(path) >= major:
            return str(path)
    raise Unavailable(f"there is no {name} of PostgreSQL {major} or newer on this machine")


def _major(program: Path) -> int:
    command = [str(program), "--version"]
    printed = subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT).stdout  # noqa: S603 -- our own
    found = re.search(r"\) (\d+)", printed)
    return int(found[1]) if found else 0


def _connection(url: str) -> Mapping[str, str]:
    """The address as libpq takes it from the environment: a command line could be read by anybody."""
    parts = make_url(url)

    def asked(name: str) -> str | None:
        value = parts.query.get(name)
        return value if value is None or isinstance(value, str) else value[0]

    members = {
        "PGHOST": parts.host or asked("host"),
        "PGPORT": str(parts.port) if parts.port else asked("port"),
        "PGUSER": parts.username or asked("user"),
        "PGPASSWORD": parts.password or asked("password"),
        "PGDATABASE": parts.database,
        "PGSSLMODE": asked("sslmode") or asked("ssl"),
        "PGSSLROOTCERT": asked("sslrootcert"),
    }
    return {name: value for name, value in members.items() if value}
