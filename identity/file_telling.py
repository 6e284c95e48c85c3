"""Telling the people of a file their number: as those enrolled at a centre are told theirs, in a job after the file's own.

Who is reached by a telephone or an e-mail of theirs is told; else a guardian. Those of whom the file made a request are told
when it is decided (`acceptance.py`).
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from access import notices
from access.call import Call, allow, system
from access.catalogue import Lang
from access.rights import Scope
from core.errors import NotFound
from core.ids import uuid7
from core.jobs import Cancelled, Handler, Kind, Work, enqueue, find
from core.keys import KeyRing
from core.storage import Storage
from identity.file_jobs import result_of
from identity.file_rows import Outcome
from identity.holders import holders, tell_holder
from identity.numbers import Idcs
from identity.telling import concerned

TELLING: Final = Kind("tell-enrolled", run_seconds=24 * 3600, at_once=1)
BATCH: Final = 100
_ENROLLED: Final = """
select settings->>'lang' as lang, (counts->>'ENROLLED')::int as enrolled from person_file
 where file_id = $1 and kind = 'PERSONS' and not coalesce((settings->>'dry')::boolean, false)"""


def followed(handler: Handler) -> Handler:
    """The handler of a job that enrols the people of a file; once it has ended, or was cancelled, who is enrolled is told."""

    async def work(its: Work) -> None:
        try:
            await handler(its)
        except Cancelled:
            await _put_down(its)
            raise
        await _put_down(its)

    return work


async def _put_down(its: Work) -> None:
    """Once for each job, however often it is resumed."""
    file, job = its.parameters["file"], uuid5(its.job_id, TELLING.name)
    rows = await its.database.ask(_ENROLLED, UUID(file))
    if not rows or not rows[0]["enrolled"] or await find(its.database, job) is not None:
        return
    async with its.database.begin() as connection:
        await enqueue(connection, TELLING, {"file": file}, job_id=job, at=its.now)


def telling(storage: Storage, keys: KeyRing, *, batch: int = BATCH) -> Handler:
    """The handler of `TELLING`. Its parameters: {file}; `progress`: {after}. Of an erased file nobody is told any more."""

    async def work(its: Work) -> None:
        file, after = UUID(its.parameters["file"]), (its.progress or {"after": 0})["after"]
        with suppress(NotFound):
            lines = await result_of(its.database, storage, keys, file)
            (row,) = await its.database.ask(_ENROLLED, file)
            enrolled = (
                (line.row, line.number)
                for line in lines
                if line.outcome is Outcome.ENROLLED and line.number is not None and line.row > after
            )
            while some := list(islice(enrolled, batch)):
                call = Call(system(TELLING.name, Scope.IMPORT_RUN), its.now, uuid7(its.now))
                async with its.database.begin() as connection:
                    numbers = [number for _, number in some]
                    await tell_enrolled(connection, call, keys, numbers=numbers, lang=Lang(row["lang"]))
                    progress, done = {"after": some[-1][0]}, its.done + len(some)
                    await its.checkpoint(progress, done, row["enrolled"], transaction=connection)

    return work


@allow(Scope.IMPORT_RUN)
async def tell_enrolled(connection: AsyncConnection, call: Call, keys: KeyRing, *, numbers: Sequence[str], lang: Lang) -> None:
    """Tells each who has one of these numbers what it is, or in their place who represents them."""
    found, _ = await holders(
        connection, keys, [Idcs.parse(number) for number in numbers], call.now, reachable=[False] * len(numbers)
    )
    for holder, number in zip(found, numbers, strict=True):
        if holder.person_id is None:
            continue
        told = [holder, *(() if holder.ways() else (await concerned(connection, keys, call, holder.person_id))[1:])]
        reached = next((each for each in told if each.ways()), None)
        if reached is not None:
            await tell_holder(connection, keys, call, reached, notices.Registered(number), lang=lang)
