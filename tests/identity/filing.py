"""Files of people for tests: their rows, and a desk that takes them in and has them worked on. Everybody here is invented."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from access.call import Call
from access.catalogue import Lang
from access.rights import Scope
from core import jobs
from core.jobs import Handler, Job, Kind, State
from core.keys import KeyRing
from core.storage import FolderStorage
from core.workers import Workers
from identity import person_files
from identity.file_jobs import IMPORTING, TAKING, result_of
from identity.file_rows import Told
from identity.importing import importing
from identity.person_files import FileView
from tests.access.enrolled import NOW
from tests.identity.registered import Register, machine

GIVEN = ("Amina", "Karim", "Salma", "Youssef", "Hafsa", "Driss", "Zineb", "Omar", "Loubna", "Nabil", "Ghita", "Tarik")
FAMILY = ("Bennani", "Chraibi", "Sqalli", "Tazi", "Berrada", "Fassi", "Guessous", "Kettani", "Lahlou", "Mernissi", "Raji")
HEADER = (
    *("given_name_latin", "family_name_latin", "birth_date", "sex", "nationality", "residence", "cnie", "telephone"),
    *("father_name", "mother_name", "guardian"),
)


def person_row(number: int, **changes: str) -> dict[str, str]:
    """Somebody who is like nobody else here."""
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
    row = {
        "given_name_latin": given,
        "family_name_latin": family,
        "birth_date": f"{1950 + number * 7 % 50}-{1 + number * 5 % 12:02d}-{1 + number * 11 % 28:02d}",
        "sex": "F" if number % 2 else "M",
        "nationality": "MAR",
        "residence": "06.141",
        "cnie": f"QX{100000 + number}",
        "telephone": f"07{30000000 + number}",
        "father_name": f"{GIVEN[number * 5 % len(GIVEN)]} {family}",
        "mother_name": f"{GIVEN[number * 7 % len(GIVEN)]} {FAMILY[number * 3 % len(FAMILY)]}",
        "guardian": "",
    }
    return row | changes


def csv_file(rows: Iterable[Mapping[str, str]], header: Sequence[str] = HEADER) -> bytes:
    lines = [",".join(header), *(",".join(row.get(name, "") for name in header) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


@dataclass
class Desk:
    """Takes files in by one call and has them worked on here."""

    register: Register
    storage: FolderStorage
    keys: KeyRing
    call: Call = field(default_factory=lambda: machine(Scope.IMPORT_RUN))
    more: dict[Kind, Handler] = field(default_factory=dict)

    @classmethod
    async def open(cls, register: Register, folder: Path, **options: Any) -> "Desk":
        async with register.driver() as connection:
            for number in range(1, 13):
                await connection.execute(
                    "insert into opening (division, opens_on, decided_at) values ($1, '2026-01-01', $2) on conflict do nothing",
                    f"{number:02d}",
                    NOW,
                )
        return cls(register, FolderStorage(folder), register.keys, **options)

    async def send(self, content: bytes, *, encoding: str = "utf-8", lang: Lang = Lang.EN, call: Call | None = None) -> UUID:
        return await self.register.transact(
            lambda c: person_files.import_persons(
                c, call or self.call, self.keys, self.storage, content=content, encoding=encoding, lang=lang
            )
        )

    async def start(self, file: UUID, *, call: Call | None = None) -> None:
        await self.register.transact(lambda c: person_files.start_file(c, call or self.call, file=file))

    async def work(self, file: UUID, *, batch: int = 20) -> FileView:
        """Works until the job of the file has ended."""
        handlers: dict[Kind, Handler] = {IMPORTING: importing(self.storage, self.keys, batch=batch)} | self.more
        workers = Workers(
            self.register.database,
            handlers,
            clock=lambda: datetime.now(UTC),
            lease_seconds=2,
            poll_seconds=0.1,
            mend_seconds=0.3,
        )
        workers.start()
        try:
            await self.ended(file)
        finally:
            await workers.stop()
        return await self.view(file)

    async def ended(self, file: UUID, seconds: float = 60) -> Job:
        end = monotonic() + seconds
        while True:
            (row,) = await self.register.database.ask("select job_id from person_file where file_id = $1", file)
            job = await jobs.find(self.register.database, row["job_id"])
            assert job is not None
            if job.state in (State.DONE, State.CANCELLED, State.HELD):
                return job
            assert monotonic() < end, job
            await asyncio.sleep(0.02)

    async def imported(self, content: bytes, **options: Any) -> list[Told]:
        """What became of each row."""
        file = await self.send(content, **options)
        await self.start(file)
        view = await self.work(file)
        assert view.state == "DONE", view
        return await self.told(file)

    async def view(self, file: UUID, call: Call | None = None) -> FileView:
        return person_files.view_of(await person_files.shown(self.register.database, file), call or self.call)

    async def told(self, file: UUID) -> list[Told]:
        return list(await result_of(self.register.database, self.storage, self.keys, file))


__all__ = ["TAKING", "Desk", "csv_file", "person_row"]
