"""A worker that imports, and kills itself at a point: `importing_child.py DATABASE_URL KEYS STORAGE POINT COUNT BATCH`.

It dies (SIGKILL) when that point is reached for the COUNT-th time; where it is never reached it ends when its input does.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.database import Database
from core.jobs import Work
from core.keys import load
from core.storage import FolderStorage
from core.workers import Workers
from identity import enrolling_many, file_jobs
from identity.file_jobs import IMPORTING
from identity.importing import importing


def dying(function: Any, count: int, *, after: bool) -> Any:
    seen = 0

    async def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == count and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = await function(*arguments, **named)
        if seen == count and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return wrapped


# point -> where the function is, its name, and whether death comes after it
POINTS: dict[str, tuple[Any, str, bool]] = {
    "opened": (file_jobs, "_opened", True),
    "copy": (enrolling_many, "copy_rows", True),
    "requests": (enrolling_many, "place_requests", True),
    "noted": (file_jobs, "_note", True),
    "checkpoint": (Work, "checkpoint", True),
    "next batch": (file_jobs, "_next", True),
    "result stored": (FolderStorage, "put", True),
    "finished": (file_jobs, "_finish", True),
}


async def main(url: str, keys: str, storage: str, point: str, count: str, batch: str) -> None:
    place, name, after = POINTS[point]
    setattr(place, name, dying(getattr(place, name), int(count), after=after))
    ring, database = load(Path(keys)), Database(url, connections=4)
    workers = Workers(
        database,
        {IMPORTING: importing(FolderStorage(Path(storage)), ring, batch=int(batch))},
        clock=lambda: datetime.now(UTC),
        lease_seconds=2,
        poll_seconds=0.1,
        mend_seconds=0.3,
    )
    workers.start()
    await asyncio.to_thread(sys.stdin.readline)
    await workers.stop()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
