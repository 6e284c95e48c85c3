"""One PostgreSQL, reached two ways: raw prepared statements for what is asked often, SQLAlchemy for everything else.

`Database.ask` is one statement, and so one snapshot; `Database.snapshot` is one for several, and read only. `begin` opens a
transaction that commits where its block ends and rolls back where it raises. Each table declares what it would be distributed
by, see `Spread`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import asyncpg
from sqlalchemy import MetaData, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from core.errors import Unavailable

ACQUIRE_SECONDS = 5.0
STATEMENT_SECONDS = 30.0
NAME = "sijil"
_UNREACHABLE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,  # what a connection that the server ended while it was idle sometimes raises
)

# Two transactions waited for each other, or one overtook what the other had read.
_CROSSED = frozenset({asyncpg.DeadlockDetectedError.sqlstate, asyncpg.SerializationError.sqlstate})


class _ConnectionLost(Unavailable):
    """The connection broke: what was asked of it may or may not have happened."""


class Spread(StrEnum):
    """What a table would be distributed by, were the database spread over several machines.

    PERSON and HOUSEHOLD: by `person_id` and `household_id`; VALUE: by the column that `__spread_by__` names; REFERENCE: a small
    table, whole on each machine; LOCAL: on one machine only.
    """

    PERSON = "person_id"
    HOUSEHOLD = "household_id"
    VALUE = "value"
    REFERENCE = "reference"
    LOCAL = "local"


class Base(DeclarativeBase):
    __spread__: ClassVar[Spread]
    __spread_by__: ClassVar[str]
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Row = asyncpg.Record


class Reader(Protocol):
    """Something that answers statements out of one snapshot."""

    async def ask(self, sql: str, *values: Any) -> Sequence[Row]: ...


class Snapshot:
    """Answers statements on one connection: out of the transaction that is open there."""

    def __init__(self, connection: "asyncpg.Connection[Row]") -> None:
        self._connection = connection

    async def ask(self, sql: str, *values: Any) -> Sequence[Row]:
        return await self._connection.fetch(sql, *values)


async def raw(connection: AsyncConnection) -> "asyncpg.Connection[Row]":
    """The driver's own connection, within the same transaction."""
    driver: asyncpg.Connection[Row] = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    if not driver.is_in_transaction():  # SQLAlchemy begins with its own first statement, and the driver knows of none before it
        await connection.exec_driver_sql("select 1")
    return driver


class Database:
    """A bounded number of connections, handed out last in first out.

    One whose statement was cancelled, or that was left within a transaction, is closed and never handed on.
    """

    def __init__(self, url: str, *, connections: int, name: str = NAME) -> None:
        """`name`: by which the server lists its connections."""
        self._name = name
        self._url = make_url(url).set(drivername="postgresql")
        self._idle: asyncio.LifoQueue[asyncpg.Connection[Row] | None] = asyncio.LifoQueue()
        for _ in range(connections):
            self._idle.put_nowait(None)
        self._open: set[asyncpg.Connection[Row]] = set()
        self._closed = False
        # One large answer at a time: side by side on one thread, all of them would be too old before any is done.
        self.large = asyncio.Semaphore(1)
        self.engine: AsyncEngine = create_async_engine(
            self._url.set(drivername="postgresql+asyncpg"),
            pool_size=5,
            pool_pre_ping=True,
            connect_args={"server_settings": {"timezone": "UTC", "application_name": name}},
        )

    async def ask(self, sql: str, *values: Any) -> Sequence[Row]:
        """The rows of one statement, which is a snapshot of its own."""
        try:
            async with self.connection() as connection:
                return await connection.fetch(sql, *values)
        except _ConnectionLost:  # it may have died while it was idle; what only reads may be asked again
            async with self.connection() as connection:
                return await connection.fetch(sql, *values)

    async def ping(self) -> None:
        """Raises what asking anything would raise, if the database does not answer."""
        await self.ask("select 1")

    async def version(self) -> tuple[int, str]:
        """Of the server: its major number, and all that it says of its version."""
        async with self.connection() as connection:
            return connection.get_server_version().major, connection.get_settings().server_version

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Several statements that see the same instant."""
        async with self.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield Snapshot(connection)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction through SQLAlchemy: returning commits, raising rolls back. Raises Unavailable without a database."""
        try:
            async with self.engine.begin() as connection:
                yield connection
        except (*_UNREACHABLE, InterfaceError, OperationalError) as fault:
            raise Unavailable("the database cannot be reached") from fault
        except DBAPIError as fault:
            if getattr(fault.orig, "sqlstate", None) in _CROSSED:
                raise Unavailable("somebody did the same at once: try again") from fault
            raise

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["asyncpg.Connection[Row]"]:
        """A raw connection of the queue. Raises Unavailable where none can be had."""
        if self._closed:
            raise Unavailable("the database is closed")
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                connection = await self._idle.get()
        except TimeoutError:
            raise Unavailable("no database connection is free") from None
        clean = False
        try:
            if connection is None or connection.is_closed():
                if connection is not None:
                    self._open.discard(connection)
                connection = None
                connection = await self._connect()
            yield connection
            clean = not connection.is_in_transaction()
        except _UNREACHABLE as fault:
            self._drop_idle()
            raise _ConnectionLost("the database cannot be reached") from fault
        except Exception:  # a refusal within the block, say: what was begun has been rolled back
            clean = connection is not None and not connection.is_in_transaction()
            raise
        finally:
            if connection is not None and not clean:
                self._open.discard(connection)
                connection.terminate()
                connection = None
            self._idle.put_nowait(connection)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator["asyncpg.Connection[Row]"]:
        """A raw connection beside the bounded number, for who keeps it: to listen, say. Raises Unavailable."""
        try:
            connection = await self._connect()
        except _UNREACHABLE as fault:
            raise Unavailable("the database cannot be reached") from fault
        try:
            yield connection
        finally:
            self._open.discard(connection)
            connection.terminate()

    def _drop_idle(self) -> None:
        """Where one connection broke the others most likely did, too: all are made anew when they are next needed."""
        idle = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        for connection in idle:
            if connection is not None:
                self._open.discard(connection)
                connection.terminate()
            self._idle.put_nowait(None)

    async def _connect(self) -> "asyncpg.Connection[Row]":
        try:
            connection = await asyncpg.connect(
                dsn=self._url.render_as_string(hide_password=False),
                timeout=ACQUIRE_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                # Planning the subjects' statement anew takes seven times as long as running it.
                server_settings={
                    "timezone": "UTC",
                    "application_name": self._name,
                    "plan_cache_mode": "force_generic_plan",
                    # All that is asked here are look-ups by key, however many at a time: no table is gone over as a whole,
                    # not even one that had no rows yet when the statement was planned.
                    "enable_hashjoin": "off",
                    "enable_mergejoin": "off",
                    "enable_seqscan": "off",
                },
            )
        except TimeoutError:
            raise Unavailable("the database cannot be reached") from None
        self._open.add(connection)
        return connection

    async def close(self) -> None:
        self._closed = True
        await self.engine.dispose()
        for connection in list(self._open):
            connection.terminate()
        self._open.clear()
