"""What `sijil demo` does: an instance of its own with agencies and invented people, served here, with a tour through it.

The folder of the demonstration holds keys, database, and `demo.json`: everything that whoever plays with it needs to know,
private keys and passwords of invented staff included. Nothing of it is ever to hold a real person.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from access.instance import identify, move_demonstration
from access.rights import Scope
from api.demo import accounts
from api.demo.load import Loaded, load
from api.edge import utc_now
from api.running import opened, own_call, private, set_up
from core import keys
from core.config import Settings
from core.database import Database
from core.errors import Conflict, Unavailable
from core.keys import DEMO, KeyRing
from migrations.run import empty, migrate

HOST = "127.0.0.1"
PERSONS = 20_000
MAX_PERSONS = 5_000_000
SEED = 2022
CITIZENS = 10


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a demonstration."""

    persons: int
    seed: int
    port: int
    fresh: bool

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"


def demo_file(settings: Settings) -> Path:
    return settings.home / "demo.json"


def read_demo(settings: Settings) -> dict[str, Any]:
    """What `demo.json` holds. Raises Unavailable where there is none."""
    try:
        document: dict[str, Any] = orjson.loads(demo_file(settings).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        raise Unavailable(f"there is no demonstration in {settings.home}: `sijil demo` sets one up") from None
    return document


def prepare(
    settings: Settings,
    url: str,
    wish: Wish,
    *,
    note: Callable[[str], None],
    progress: Callable[[int, int | None], None],
) -> dict[str, Any]:
    """Makes the demonstration ready to be served, loading it if it is not there; answers what `demo.json` holds.

    Raises Conflict where the keys or the database are another instance's, or one of them is gone.
    """
    return asyncio.run(_prepare(settings, url, wish, note, progress))


async def _prepare(
    settings: Settings, url: str, wish: Wish, note: Callable[[str], None], progress: Callable[[int, int | None], None]
) -> dict[str, Any]:
    async with opened(url) as database:
        found = await identify(database)
        if found is not None and found.mark != DEMO:
            raise Conflict("the database is a real instance's: a demonstration has its own")
        known = _known(settings)
        if found is not None and (wish.fresh or _half_made(settings).exists()):
            note("Starting anew: what was loaded before goes.")
            await empty(database.engine)
            found = known = None
        ring = _ring(settings, new=found is None)
        if found is not None and known is not None:
            if known["persons"] != wish.persons:
                stay = f"{known['persons']:,} persons are loaded already and stay"
                note(f"{stay}; `--fresh` loads {wish.persons:,} in their place.")
            await migrate(database.engine)
            async with database.begin() as connection:
                await move_demonstration(connection, own_call("demo", Scope.REGISTER_LOAD), issuer=wish.issuer)
            if "staff" not in known:  # it was loaded before anybody could sign in
                known |= await _people(database, ring, known["agencies"], wish)
            return _write(settings, {**known, "base_url": wish.issuer, "issuer": wish.issuer})
        if found is not None:
            raise Conflict(f"{demo_file(settings)} is gone, and the agencies' keys with it: `--fresh` starts anew")
        _half_made(settings).touch(mode=0o600)
        await set_up(database, ring, issuer=wish.issuer)
        loaded = await load(
            database,
            ring,
            own_call("demo", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN),
            persons=wish.persons,
            seed=wish.seed,
            communes=(),
            progress=progress,
        )
        told = _document(loaded, wish)
        told |= await _people(database, ring, told["agencies"], wish)
        document = _write(settings, told)
        _half_made(settings).unlink()
        return document


def _known(settings: Settings) -> dict[str, Any] | None:
    with suppress(Unavailable):
        return read_demo(settings)
    return None


def _half_made(settings: Settings) -> Path:
    """Stands while a demonstration is being loaded: one that was killed then is made anew."""
    return settings.home / "loading"


def _ring(settings: Settings, *, new: bool) -> KeyRing:
    """The demonstration's keys; made if there are none and nothing was sealed under any."""
    if not settings.key_file.exists():
        if not new:
            raise Conflict("the key file is gone, and nothing in the database opens without: `--fresh` starts anew")
        private(settings.home)
        return keys.create(settings.key_file, mark=DEMO, at=utc_now())
    ring = keys.load(settings.key_file)
    if ring.mark != DEMO:
        raise Conflict("the key file is a real instance's: a demonstration has its own")
    return ring


def _document(loaded: Loaded, wish: Wish) -> dict[str, Any]:
    document = loaded.document
    with_telephone = [subject for subject in document["subjects"] if "person.telephone" in subject["attributes"]]
    return {
        "base_url": wish.issuer,
        "issuer": wish.issuer,
        "persons": wish.persons,
        "seed": wish.seed,
        "agencies": document["agencies"],
        "citizens": [
            {"idcs": subject["idcs"], "telephone": subject["attributes"]["person.telephone"]}
            for subject in with_telephone[:CITIZENS]
        ],
        "personas": document["personas"],
        "subjects": document["subjects"],
    }


async def _people(database: Database, ring: KeyRing, agencies: Sequence[Mapping[str, Any]], wish: Wish) -> dict[str, Any]:
    """Who signs in, with passwords and second factors: the registry's staff and the agencies' people."""
    theirs = {agency["code"]: UUID(agency["client_id"]) for agency in agencies}
    call = own_call("demo", Scope.ACCOUNT_MANAGE, Scope.OFFICER_MANAGE)
    return accounts.document(await accounts.make(database, ring, call, theirs, issuer=wish.issuer))


def _write(settings: Settings, document: Mapping[str, Any]) -> dict[str, Any]:
    """Puts `demo.json` in its place, whole, for the owner alone."""
    path = demo_file(settings)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return dict(document)
