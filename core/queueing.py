"""The queue that moves jobs: pgqueuer's tables, reached under names of our own choosing and not of the environment's.

A row of it is a *ticket*: good for one run of one job, and spent with it. What a job is, how far it has come and whether it is
held stands in our table `job`, which names the one ticket that counts. So whatever becomes of a ticket, no job is lost with it,
and none is run by two workers: a ticket that the job does not name moves nothing.
"""

from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings, Durability
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Row, raw
from core.errors import Internal

# All of them are said: what is left out would be looked for in the environment.
SETTINGS = DBSettings.model_validate(
    {
        "prefix": "",
        "db_schema": None,
        "channel": "ch_pgqueuer",
        "function": "fn_pgqueuer_changed",
        "statistics_table": "pgqueuer_statistics",
        "queue_status_type": "pgqueuer_status",
        "queue_table": "pgqueuer",
        "queue_table_log": "pgqueuer_log",
        "trigger": "tg_pgqueuer_changed",
        "schedules_table": "pgqueuer_schedules",
        "durability": Durability.durable,
        "widen_id": True,
    }
)
Transaction: TypeAlias = "AsyncConnection | asyncpg.Connection[Row]"


def queries(connection: "asyncpg.Connection[Row]") -> Queries:
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


async def within(transaction: Transaction) -> "asyncpg.Connection[Row]":
    """The driver's connection of a transaction, of either kind. Raises Internal outside of one."""
    connection = await raw(transaction) if isinstance(transaction, AsyncConnection) else transaction
    if not connection.is_in_transaction():
        raise Internal("a job is put down within the transaction that it belongs to")
    return connection


async def issue(connection: "asyncpg.Connection[Row]", kind: str, job: UUID, *, after: timedelta, priority: int) -> int:
    """A new ticket for the job, good from then on; workers hear of it when the transaction commits."""
    (ticket,) = await queries(connection).enqueue(kind, job.bytes, priority, max(after, timedelta()))
    return ticket


async def void(connection: "asyncpg.Connection[Row]", ticket: int | None) -> None:
    """Takes a ticket back that nobody has picked yet; one that was picked finds that its job names it no longer."""
    await connection.execute("delete from pgqueuer where id = $1 and status = 'queued'", ticket)
