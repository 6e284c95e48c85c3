"""`sijil keys`: the key file of an instance. What is secret in it is never shown.

A new version is in the file at once, and in a process once that is started anew. The master key is rotated in four steps:
`rotate master`; all servers started anew; `rewrap` (or, once two people may, their proposal), done by a job; `retire master N`.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from access import key_rotation
from access.approval import Acts, set_up
from access.instance import identify
from access.rights import Scope
from api.commands.telling import AsJson, settings, telling
from api.edge import utc_now
from api.running import made, own_call, with_database
from core import keys, rewrapping
from core.database import Database
from core.errors import Conflict, Invalid
from core.keys import Family, KeyRing
from migrations.metadata import METADATA

app = typer.Typer(no_args_is_help=True, help="The key file of the instance.")


@app.command()
def init(json: AsJson = False) -> None:
    """Make the key file of a new instance: once, and never over existing keys or data."""
    with telling(json) as tell:
        chosen = settings()
        if chosen.key_file.exists():
            raise Conflict("there is a key file already; keys are never made anew over existing ones")
        if made(chosen) and with_database(chosen, identify) is not None:
            raise Conflict("the database has data under other keys: nothing in it would open with new ones")
        ring = keys.create(chosen.key_file, mark="", at=utc_now())
        document = {"key_file": str(chosen.key_file), **_shown(ring)}
        tell.say(
            document,
            f"Made {chosen.key_file}. Keep a copy of it where the database is not: without it nothing opens again.",
            f"Fingerprint {ring.fingerprint}, signing key {ring.signer.kid}.",
        )


@app.command()
def show(json: AsJson = False) -> None:
    """Show names, versions and dates of the keys; never the keys."""
    with telling(json) as tell:
        ring = keys.load(settings().key_file)
        document = _shown(ring)
        table = Table("family", "versions")
        for family, versions in document["families"].items():
            table.add_row(family, ", ".join(map(str, versions)))
        signing = Table("signing key", "valid from")
        for key in ring.signing:
            signing.add_row(key.kid, key.valid_from)
        tell.say(document, f"Fingerprint {ring.fingerprint}, mark {ring.mark or 'none'}.", table, signing)


@app.command()
def rotate(
    family: Annotated[Family, typer.Argument(help="Which key: master wraps data keys, token makes agencies' tokens.")],
    json: AsJson = False,
) -> None:
    """Add a version to the key file, and keep the older ones. Servers take it up when they are started anew."""
    with telling(json) as tell:
        path = settings().key_file
        number = keys.add_version(path, family, at=utc_now())
        hint = (
            "Keep a copy of the file. Start all servers anew; then have all data keys wrapped by it: `sijil keys rewrap`."
            if family is Family.MASTER
            else "Keep a copy of the file, and start all servers anew: tokens of older versions go on to be read."
        )
        tell.say({"family": family.value, "version": number}, f"The {family} key has version {number} now.", hint)


@app.command(name="list")
def list_(json: AsJson = False) -> None:
    """List versions and their dates, and how many data keys each version of the master key wraps. Every row is read for it."""
    with telling(json) as tell:
        chosen = settings()
        found = keys.versions(chosen.key_file)
        wrapping = _wrapping() if made(chosen) else {}
        rows = [
            {
                "family": each.family.value,
                "version": each.number,
                "added": None if each.added_at is None else each.added_at.isoformat(),
                "wraps": None if each.family is not Family.MASTER else sum(wrapping.get(each.number, {}).values()),
            }
            for each in found
        ]
        lost = sorted(wrapping.keys() - {each.number for each in found if each.family is Family.MASTER})
        table = Table("family", "version", "added", "data keys")
        for row in rows:
            table.add_row(*("" if part is None else str(part) for part in row.values()))
        hint = [f"Data keys are wrapped by versions that the file has not: {', '.join(map(str, lost))}."] if lost else []
        tell.say({"versions": rows, "lost": lost}, table, *hint)


@app.command()
def rewrap(json: AsJson = False) -> None:
    """Have all data keys wrapped by the newest master key, by a job of a serving process. Once two people may, they do."""
    with telling(json) as tell:
        chosen = settings()
        ring = keys.load(chosen.key_file)

        async def work(connection: AsyncConnection) -> Mapping[str, Any]:
            act = Acts(key_rotation.acts(ring)).named(key_rotation.KEYS_REWRAPPED)
            return await set_up(connection, own_call("cli", Scope.KEY_ROTATE), act, change=key_rotation.rewrapped(ring))

        async def run(database: Database) -> Mapping[str, Any]:
            async with database.begin() as connection:
                return await work(connection)

        done = with_database(chosen, run)
        tell.say(
            {"job": done["job"], "version": ring.masters.newest},
            f"Put down as job {done['job']}: a serving process does it, and the jobs show how far it has come.",
        )


@app.command()
def retire(
    family: Annotated[Family, typer.Argument(help="master; tokens are read for ever.")],
    version: Annotated[int, typer.Argument(help="The version to take out of the key file, for good.")],
    json: AsJson = False,
) -> None:
    """Take a version of the master key out of the key file: refused while anything is wrapped by it. Backups of before it was
    replaced open no more, and so nobody who was erased is in them."""
    with telling(json) as tell:
        if family is not Family.MASTER:
            raise Invalid("agencies keep their tokens: no version of that key is retired", path=("family",))
        chosen = settings()
        ring = keys.load(chosen.key_file)

        async def run(database: Database) -> None:
            await rewrapping.refuse_older_processes(database, ring.masters.newest)
            await rewrapping.refuse_use(database, rewrapping.wrapped_in(METADATA), version)
            keys.retire(chosen.key_file, family, version)

        with_database(chosen, run)
        tell.say({"family": family.value, "retired": version}, f"Version {version} of the master key is gone from the file.")


def _wrapping() -> Mapping[int, Mapping[str, int]]:
    async def run(database: Database) -> Mapping[int, Mapping[str, int]]:
        if await identify(database) is None:
            return {}
        return await rewrapping.counted(database, rewrapping.wrapped_in(METADATA))

    return with_database(settings(), run)


def _shown(ring: KeyRing) -> dict[str, Any]:
    return {
        "mark": ring.mark,
        "fingerprint": ring.fingerprint,
        "families": {
            "master": ring.masters.versions,
            "index": sorted(ring.indexes),
            "token": sorted(ring.tokens),
            "number": [1],
            "commitment": [1],
        },
        "signing": [{"kid": key.kid, "valid_from": key.valid_from} for key in ring.signing],
    }
