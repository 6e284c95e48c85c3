"""`sijil keys`: the key file of an instance. What is secret in it is never shown."""

from typing import Any

import typer
from rich.table import Table

from access.instance import identify
from api.commands.telling import AsJson, settings, telling
from api.edge import utc_now
from api.running import made, with_database
from core import keys
from core.errors import Conflict
from core.keys import KeyRing

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


def _shown(ring: KeyRing) -> dict[str, Any]:
    return {
        "mark": ring.mark,
        "fingerprint": ring.fingerprint,
        "families": {"index": sorted(ring.indexes), "token": sorted(ring.tokens), "number": [1], "commitment": [1]},
        "signing": [{"kid": key.kid, "valid_from": key.valid_from} for key in ring.signing],
    }
