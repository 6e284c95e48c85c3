"""A worker that wraps data keys anew, slowly, and is killed at it: `rewrapping_child.py DATABASE_URL KEY_FILE`."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from core import rewrapping
from core.database import Database
from core.jobs import Work
from core.keys import load
from core.rewrapping import REWRAPPING, wrapped_in
from core.workers import Workers
from migrations.metadata import METADATA


def slowed() -> None:
    """Small steps, and a pause after each: in this process alone, not in one that only imports the module."""
    checkpoint = Work.checkpoint

    async def slowly(self: Work, progress: Any, done: int, total: int | None = None, **more: Any) -> None:
        await checkpoint(self, progress, done, total, **more)
        if UUID(progress[1]).int:
            await asyncio.sleep(0.05)

    rewrapping.BATCH = 2
    Work.checkpoint = slowly  # type: ignore[method-assign]


async def main(url: str, path: str) -> None:
    database = Database(url, connections=3)
    handler = rewrapping.rewrapping(load(Path(path)), wrapped_in(METADATA))
    workers = Workers(database, {REWRAPPING: handler}, clock=lambda: datetime.now(UTC), poll_seconds=0.05, mend_seconds=0.2)
    workers.start()
    await asyncio.sleep(60)


if __name__ == "__main__":
    slowed()
    asyncio.run(main(*sys.argv[1:]))
