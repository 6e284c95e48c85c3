"""Rows in the binary form of COPY: made wherever there is time, in another process too, and sent as they are.

A row is the number of its columns and then each value behind its length (`NULL`: there is none), as PostgreSQL documents it
under COPY, Binary Format. Values have to be of the very types of their columns.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from core.database import Row

NULL = b"\xff\xff\xff\xff"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def of_bytes(value: bytes | None) -> bytes:
    return NULL if value is None else len(value).to_bytes(4) + value


def of_text(value: str) -> bytes:
    return of_bytes(value.encode())


def of_uuid(value: UUID | None) -> bytes:
    return NULL if value is None else b"\0\0\0\x10" + value.bytes


def of_small(value: int) -> bytes:
    """A smallint."""
    return b"\0\0\0\2" + value.to_bytes(2, signed=True)


def of_instant(value: datetime) -> bytes:
    """A timestamptz."""
    return b"\0\0\0\x08" + ((value - _EPOCH) // _MICROSECOND).to_bytes(8, signed=True)


def row(*values: bytes, columns: int | None = None) -> bytes:
    """`columns`: how many it has, where these are only its first values."""
    return (len(values) if columns is None else columns).to_bytes(2) + b"".join(values)


async def copy_rows(connection: "asyncpg.Connection[Row]", table: str, columns: Collection[str], rows: Iterable[bytes]) -> None:
    """Writes the rows, each with these columns in this order."""

    async def sent() -> AsyncIterator[bytes]:
        yield b"".join((_HEADER, *rows, _END))

    await connection.copy_to_table(table, source=sent(), columns=list(columns), format="binary")
