"""Bringing an instance to life: reaching its database, saying what it is, and serving it until it is told to stop.

Served by one process or by several that share a socket; the embedded PostgreSQL belongs to the one that was started, and is
stopped last: no new requests, answers in flight go out, what they leave behind is settled, then the database ends.
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from access.call import Call, system
from access.instance import Identity, check_instance, create_instance, identify
from access.rights import Scope
from api import app
from api.edge import utc_now
from core import embedded, keys, log
from core.config import Settings
from core.database import Database, Row
from core.embedded_child import tie_to
from core.errors import Invalid, Unavailable
from core.ids import uuid7
from core.keys import DEMO, KeyRing
from identity.divisions import built_in
from identity.imports import load_divisions, make_decoy
from migrations.run import migrate, revisions
from registry.imports import publish_programmes
from scoring.formula import Formula
from scoring.imports import publish_formula

T = TypeVar("T")
FORMULA = "ise-2022"
NOT_SET_UP = "this database was not set up yet: `sijil init` does it"
MAX_CONNECTIONS = 1_000  # of clients, to one process; more are told to come back
MAX_HEAD_BYTES = 32 * 1024
ARRIVAL_SECONDS = 20.0  # within which a request must have come whole
IDLE_SECONDS = 30
DRAIN_SECONDS = 20
START_SECONDS = 120  # for a worker to begin, on a machine with a lot else to do; nobody asks meanwhile whether it lives
LOOK_SECONDS = 0.1
WATCH_SECONDS = 1.0


# --- the database of an instance


@contextmanager
def reach(settings: Settings, *, make: bool = False) -> Iterator[str]:
    """The address of the instance's database, which is there within the block.

    `DATABASE_URL` if it is given; else the embedded one: that which another process runs, or one started here. Raises
    Unavailable where none was ever made and `make` is false.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    folder = settings.data_folder
    found = embedded.running(folder)
    if found is not None:
        yield found.url
        return
    if not make and not made(settings):
        raise Unavailable(f"there is no database in {settings.home}: `sijil init` or `sijil demo` makes one")
    private(settings.home)
    with embedded.EmbeddedPostgres(folder) as server, _kept_alive(server):
        yield server.url


@contextmanager
def _kept_alive(server: embedded.EmbeddedPostgres) -> Iterator[None]:
    """Starts the server anew where it died (its address stays the same); answers are refused meanwhile."""
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(WATCH_SECONDS):
            if not server.alive:
                with suppress(Unavailable):  # the next time, perhaps
                    server.start()

    watcher = threading.Thread(target=watch, name="watch the database", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ending.set()
        watcher.join()


def made(settings: Settings) -> bool:
    """Whether the instance has a database; a given one is taken to be there."""
    folder = settings.data_folder
    return settings.database_url is not None or (folder / "data").exists() or (folder / "place").exists()


@asynccontextmanager
async def opened(url: str, *, connections: int = 2) -> AsyncIterator[Database]:
    database = Database(url, connections=connections)
    try:
        yield database
    finally:
        await database.close()


def with_database(settings: Settings, work: Callable[[Database], Awaitable[T]], *, make: bool = False) -> T:
    """What `work` makes of the instance's database."""

    async def run(url: str) -> T:
        async with opened(url) as database:
            return await work(database)

    with reach(settings, make=make) as url:
        return asyncio.run(run(url))


def own_call(name: str, *scopes: Scope) -> Call:
    """A call of this machine's own, now."""
    now = utc_now()
    return Call(system(name, *scopes), now, uuid7(now))


def private(folder: Path) -> None:
    """A folder for the owner alone, where there was none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


# --- what an instance is


async def identity_of(database: Database) -> Identity:
    """What the database says that it is. Raises Unavailable where it was not set up."""
    found = await identify(database)
    if found is None:
        raise Unavailable(NOT_SET_UP)
    return found


async def set_up(database: Database, ring: KeyRing, *, issuer: str) -> None:
    """Brings a database to the newest shape, says which instance it is, and furnishes it. The same again changes nothing.

    Raises Conflict where it is another instance already.
    """
    check_issuer(issuer, ring.mark)
    await migrate(database.engine)
    call = own_call("set-up", Scope.REGISTER_LOAD)
    async with database.begin() as connection:
        await create_instance(connection, call, ring, mark=ring.mark, issuer=issuer)
    async with database.connection() as raw, raw.transaction():
        await furnish(raw, call, ring)


async def furnish(connection: "asyncpg.Connection[Row]", call: Call, ring: KeyRing) -> Formula:
    """What every instance has from the beginning, and the formula that its households are scored under.

    That is: the row that stands in for strangers, divisions, programmes, formula. The same again changes nothing.
    """
    await make_decoy(connection, call, ring)
    await load_divisions(connection, call, built_in())
    await publish_programmes(connection, call)
    return await publish_formula(connection, call, FORMULA)


async def issuer_of(settings: Settings, database: Database, ring: KeyRing) -> str:
    """The public address to serve under. Raises Unavailable where key file, database and issuer do not belong together."""
    found = await identity_of(database)
    current, newest = await revisions(database.engine)
    if current != newest:
        raise Unavailable("the database is not at the newest revision: `sijil db migrate` brings it there")
    issuer = settings.issuer or found.issuer
    await check_instance(database, ring, mark=ring.mark, issuer=issuer)
    try:
        check_issuer(issuer, ring.mark)
    except Invalid as fault:
        raise Unavailable(fault.message) from None
    return issuer


def check_issuer(issuer: str, mark: str) -> None:
    """A demonstration is at http://localhost:PORT and nowhere else, a real instance at an https address. Raises Invalid."""
    parts = urlsplit(issuer)
    if parts.path or parts.query or parts.fragment or parts.username or not parts.hostname:
        raise Invalid("an issuer is a bare address, without a path", path=("issuer",))
    if mark == DEMO and (parts.scheme, parts.hostname) != ("http", "localhost"):
        raise Invalid("the issuer of a demonstration is http://localhost and a port", path=("issuer",))
    if mark != DEMO and parts.scheme != "https":
        raise Invalid("the issuer of a real instance is an https address", path=("issuer",))


# --- serving


@dataclass(frozen=True, slots=True)
class Application:
    """Makes the application, in the process that serves it. It travels to worker processes whole, so that no address of a
    database stands in their environment. `parent`: whose worker this is; it ends when that ends, however that happens."""

    settings: Settings
    database_url: SecretStr
    issuer: str
    parent: int | None = None

    def __call__(self) -> Starlette:
        if self.parent is not None:
            log.configure(self.settings.log_level)
            tie_to(self.parent, signal.SIGTERM)
        ring = keys.load(self.settings.key_file)
        return app.build(self.settings, ring, database_url=self.database_url.get_secret_value(), issuer=self.issuer)


def bind(host: str, port: int) -> socket.socket:
    """A socket of that address, not listening yet. Raises Unavailable where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError:
        raise Unavailable(f"{host} is not an address of this machine") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as fault:
        bound.close()
        raise Unavailable(f"cannot listen at {host}, port {port}: {(fault.strerror or 'no').lower()}") from None
    bound.set_inheritable(True)
    return bound


def serve(
    settings: Settings,
    database_url: str,
    issuer: str,
    at: socket.socket,
    *,
    workers: int = 1,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves until SIGTERM or SIGINT, and then in order to the end. `ready` is called once requests are answered.

    To be called from the main thread, within `stopping_in_order`.
    """
    application = Application(settings, SecretStr(database_url), issuer, os.getpid() if workers > 1 else None)
    config = uvicorn.Config(
        application,
        factory=True,
        loop="uvloop",
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        workers=workers,
    )
    if workers > 1:
        _Supervisor(config, [at], ready).run()
    else:
        Announcing(config, ready).run([at])


@contextmanager
def stopping_in_order() -> Iterator[None]:
    """Within this block SIGTERM and SIGINT unwind the stack, and so stop whatever was started, and end the process with 0."""

    def stop(_: int, __: FrameType | None) -> None:
        raise SystemExit(0)

    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


class Announcing(uvicorn.Server):
    """A server that says when it can be asked."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


class _Supervisor(Multiprocess):
    """Several processes that share a socket. It is said once that they can be asked, however late the last of them begins."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
        super().__init__(config, sockets)
        self._ready = ready
        self._told = False

    def init_processes(self) -> None:
        super().init_processes()
        self._tell_within(START_SECONDS)

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        if not self._told:
            self._tell_within(LOOK_SECONDS)

    def _tell_within(self, seconds: float) -> None:
        if all(process.wait_until_ready(seconds, self.should_exit) for process in self.processes):
            self._told = True
            self._ready()


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with limits that the server lacks: on the size of a request's head, and on the time until it is there whole."""

    _arrival: asyncio.TimerHandle | None = None
    _in_message = False
    _in_head = True
    _head_bytes = 0
    _messages = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect(True)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._expect(False)

    def data_received(self, data: bytes) -> None:
        before = self._messages
        super().data_received(data)
        if self._messages != before:
            self._head_bytes = 0
        elif self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")
        self._expect(self._in_message or self._messages == before)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_message = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_message, self._in_head = False, True
        self._messages += 1
        super().on_message_complete()

    def _expect(self, more: bool) -> None:
        """Gives the client a bounded time for what is to come; a drip of bytes does not prolong it."""
        if more and self._arrival is None:
            self._arrival = self.loop.call_later(ARRIVAL_SECONDS, self.transport.close)
        elif not more and self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
