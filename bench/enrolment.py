"""Enrolling the people of a file, against plain COPY of the same finished rows: `python -m bench.enrolment --persons 20000`.

The file is imported as anybody would: looked through, then worked on by the job, with duplicates looked for, every value sealed
and every batch a transaction. The floor is what is in the tables then, copied into the same tables of another database on the
same server, with their constraints and indexes, by one COPY for each.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from sqlalchemy import make_url

from access.call import Call, system
from access.catalogue import Lang
from access.instance import create_instance
from access.rights import Scope
from api.app import COLLECT_AFTER
from api.demo.people import InventedPerson, invent
from bench.instance import SEED, make_tables
from core import jobs
from core import keys as key_files
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.ids import uuid7
from core.jobs import State
from core.keys import KeyRing
from core.storage import FolderStorage
from core.workers import Workers
from identity.applications import ADULT
from identity.divisions import built_in
from identity.file_jobs import IMPORTING
from identity.file_reading import written
from identity.importing import importing
from identity.imports import load_divisions, make_decoy
from identity.person_files import import_persons, start_file

PERSONS = 200_000
TARGET = 4.0
TABLES = ("person", "identifier", "blocking_key", "person_revision", "relative", "enrolment", "duplicate_case", "ledger_entry")
COLUMNS = (
    *("given_name_ar", "given_name_latin", "family_name_ar", "family_name_latin", "father_name", "mother_name"),
    *("birth_date", "birth_place", "sex", "marital_status", "nationality", "cnie", "residence_permit", "residence"),
    *("address", "telephone", "email"),
)
POLL_SECONDS = 0.1
LONGEST_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds, of as many persons."""

    persons: int
    enrolled: float
    copied: float

    @property
    def ratio(self) -> float:
        return self.enrolled / self.copied


def compare(url: str, ring: KeyRing, home: Path, persons: int, progress: Callable[[int, int], None]) -> Compared:
    """Measures both on that server, each in a database of its own."""
    return asyncio.run(_compare(url, ring, home, persons, progress))


async def _compare(url: str, ring: KeyRing, home: Path, persons: int, progress: Callable[[int, int], None]) -> Compared:
    # As the process that serves does, in which the job runs.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    now = datetime.now(UTC)
    content = written([COLUMNS, *_rows(persons, now)])
    first, second = [await _made(url, ring, name, now) for name in ("enrolled", "copied")]
    try:
        await first.ask("checkpoint")
        enrolled = await _enrol(first, ring, home, content, progress)
        files = home / "rows"
        files.mkdir()
        for table in TABLES:
            async with first.apart() as connection:
                await connection.copy_from_table(table, output=files / table, format="binary", timeout=LONGEST_SECONDS)
        for table in ("person",):  # the one who stands in for strangers is there already
            await second.ask(f"delete from {table}")
        await second.ask("checkpoint")
        began = time.monotonic()
        async with second.apart() as connection, connection.transaction():
            for table in TABLES:
                await connection.copy_to_table(table, source=files / table, format="binary", timeout=LONGEST_SECONDS)
        copied = time.monotonic() - began
        counts = [(await each.ask("select count(*) as n from person"))[0]["n"] for each in (first, second)]
        if counts[0] != counts[1] or counts[0] < persons // 2:
            raise RuntimeError("not the same people are in both databases")
        return Compared(persons, enrolled, copied)
    finally:
        await first.close()
        await second.close()


async def _made(url: str, ring: KeyRing, name: str, now: datetime) -> Database:
    """A database with all tables and nobody in it, in which everybody may be enrolled."""
    server = Database(url, connections=1)
    await server.ask(f'create database "{name}"')
    await server.close()
    own = make_url(url).set(database=name).render_as_string(hide_password=False)
    await make_tables(own)
    database = Database(own, connections=4)
    call = Call(system("bench", Scope.REGISTER_LOAD), now, uuid7(now))
    async with database.begin() as connection:
        await create_instance(connection, call, ring, mark=ring.mark, issuer="http://localhost:8000")
    async with database.connection() as raw, raw.transaction():
        await make_decoy(raw, call, ring)
        await load_divisions(raw, call, built_in())
        await raw.execute(
            "insert into opening (division, opens_on, decided_at)"
            " select code, '2020-01-01', $1 from division where level = 'REGION'",
            now,
        )
    return database


async def _enrol(database: Database, ring: KeyRing, home: Path, content: bytes, progress: Callable[[int, int], None]) -> float:
    """The seconds until the last row of the file was dealt with."""
    now, storage = datetime.now(UTC), FolderStorage(home / "files")
    call = Call(system("bench", Scope.IMPORT_RUN), now, uuid7(now))
    workers = Workers(
        database,
        {IMPORTING: importing(storage, ring, key_file=home / "keys.json")},
        clock=lambda: datetime.now(UTC),
        poll_seconds=0.2,
    )
    workers.start()
    try:
        began = time.monotonic()
        async with database.begin() as connection:
            file = await import_persons(connection, call, ring, storage, content=content, encoding="utf-8", lang=Lang.FR)
            await start_file(connection, call, file=file)
        while True:
            ((_, job),) = [tuple(row) for row in await database.ask("select file_id, job_id from person_file")]
            found = await jobs.find(database, job)
            assert found is not None
            progress(found.done, found.total or 0)
            if found.state is State.DONE:
                return time.monotonic() - began
            if found.state is State.HELD:
                raise RuntimeError(f"the import failed: {found.error}")
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await workers.stop()


def _rows(persons: int, now: datetime) -> Iterator[list[str]]:
    """Invented adults: minors need a guardian who is registered before."""
    left = persons
    for household in invent(2 * persons, seed=SEED, today=now.date()):
        for member in household.members:
            its = member.person
            if left and its.birth_date.age_on(now.date()) >= ADULT:
                left -= 1
                yield _cells(its)
        if not left:
            return


def _cells(its: InventedPerson) -> list[str]:
    values = (
        *(its.given_ar, its.given_latin, its.family_ar, its.family_latin, its.father_name, its.mother_name),
        *(str(its.birth_date), its.birth_place, its.sex, its.marital_status, its.nationality, its.cnie),
        *(its.residence_permit, its.residence, its.address, its.telephone, its.email),
    )
    return [value or "" for value in values]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.enrolment", description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS, help="how many are enrolled (default %(default)s)")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="sijil-bench-") as folder, EmbeddedPostgres(Path(folder) / "postgresql") as server:
        home = Path(folder)
        ring = key_files.create(home / "keys.json", mark="demo", at=datetime.now(UTC))
        seen = compare(server.url, ring, home, options.persons, lambda _done, _total: None)
    console.print(
        f"{seen.persons:,} persons: enrolled in {seen.enrolled:.1f} s, copied in {seen.copied:.1f} s: "
        f"{seen.ratio:.2f} times as long (at most {TARGET:g})."
    )


if __name__ == "__main__":
    main()
