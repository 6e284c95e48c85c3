"""A process of workers, for tests that kill it: `working_child.py DATABASE_URL LEASE_SECONDS`. It ends when its input does.

Its one kind of job, "steps", writes a row of `step` for each step, in one transaction with its checkpoint, and one of `begun`
(outside of any) before it, so that a test can see what was tried and what was done. It begins a step every `pause` seconds.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime

import uvloop

from core.database import Database
from core.jobs import Kind, Work
from core.workers import Workers

STEPS = 8


async def steps(work: Work) -> None:
    """From the checkpoint on; who does a step is written with it."""
    for step in range(work.progress or 0, STEPS):
        await work.database.ask("insert into begun (step, worker) values ($1, $2)", step, os.getpid())
        async with work.database.connection() as connection, connection.transaction():
            await connection.execute("insert into step (step, worker) values ($1, $2)", step, os.getpid())
            await asyncio.sleep(work.parameters["pause"])
            await work.checkpoint(step + 1, step + 1, STEPS, transaction=connection)


KIND = Kind("steps")


async def main(url: str, lease_seconds: str) -> None:
    database = Database(url, connections=4)
    workers = Workers(
        database,
        {KIND: steps},
        clock=lambda: datetime.now(UTC),
        lease_seconds=float(lease_seconds),
        poll_seconds=0.2,
        mend_seconds=0.5,
    )
    workers.start()
    print(json.dumps({"pid": os.getpid()}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await workers.stop()
    await database.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))  # as the service runs
