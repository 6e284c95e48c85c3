"""What PostgreSQL does by itself: pgbench, on the database that is measured.

A look-up of one person by primary key, and the verification as plain SQL: that look-up and a row like a ledger entry, in one
transaction. Prepared statements, PEOPLE different people (pgbench takes as many scripts), no Python.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from core.database import Database
from core.embedded import EmbeddedPostgres, find_binaries
from core.errors import Unavailable

CLIENTS, THREADS = 16, 2
PEOPLE = 100
LEAF_BYTES, SEALED_BYTES = 900, 500  # as those of a verification of three claims, about
_LOOKUP = (
    "select status, data_key, given_name_latin, family_name_latin, birth_date, residence from person where person_id = '{0}';"
)
_ENTRY = f"""insert into bench_entry (subject_id, entry_id, recorded_at, agency_id, leaf, sealed, format)
 values ('{{0}}', gen_random_uuid(), now(), '{{0}}', decode(repeat('5a', {LEAF_BYTES}), 'hex'),
 decode(repeat('5a', {SEALED_BYTES}), 'hex'), 1);"""
_SCRIPTS: Mapping[str, str] = {
    "lookup": _LOOKUP + "\n",
    "verify": "begin;\n" + _LOOKUP + "\n" + _ENTRY.replace("\n", "") + "\ncommit;\n",
}
_RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


def find() -> Path | None:
    """The program: beside the server's own programs, in the path, or of the system's newest PostgreSQL. None for none."""
    try:
        found = find_binaries() / "pgbench"
        if found.is_file():
            return found
    except Unavailable:
        pass
    if in_path := shutil.which("pgbench"):
        return Path(in_path)
    return max(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), default=None)


async def make_table(url: str) -> None:
    """A table like the ledger's, so that the ledger stays as the service wrote it."""
    database = Database(url, connections=1)
    await database.ask("create table if not exists bench_entry (like ledger_entry including all)")
    await database.close()


def run(program: Path, server: EmbeddedPostgres, script: str, people: Sequence[UUID], seconds: float) -> float:
    """Transactions per second of "lookup" or "verify"."""
    connection = server.connection
    address = {"PGHOST": connection.host, "PGPORT": str(connection.port), "PGUSER": connection.user}
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, person in enumerate(people[:PEOPLE]):
            file = Path(folder, f"{number}.sql")
            file.write_text(_SCRIPTS[script].format(person))
            files += ["-f", str(file)]
        command = [str(program), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS)]
        command += ["-T", str(max(1, round(seconds))), *files, connection.database]
        environment = {**os.environ, **address, "PGPASSWORD": connection.password}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found = _RATE.search(done.stdout)
    if found is None:
        raise RuntimeError("pgbench told no rate")
    return float(found[1])
