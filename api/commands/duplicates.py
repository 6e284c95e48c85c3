"""`sijil duplicates`: what finding records of one person rests on."""

from typing import Annotated
from uuid import UUID

import typer

from access.rights import Scope
from api.commands.telling import AsJson, settings, telling
from api.running import own_call, with_database
from core import keys
from core.database import Database, Snapshot
from identity.indexing import index_persons, left_to_index

app = typer.Typer(no_args_is_help=True, help="What finding records of one person rests on.")


@app.callback()
def duplicates() -> None:
    """What finding records of one person rests on."""


@app.command()
def index(
    anew: Annotated[bool, typer.Option("--anew", help="Everybody, also who has blocking keys.")] = False,
    json: AsJson = False,
) -> None:
    """Make the blocking keys of everybody who has none. Stopped at any time, it goes on where it was."""
    with telling(json) as tell, tell.progress("Persons") as progress:
        chosen = settings()
        ring = keys.load(chosen.key_file)

        async def work(database: Database) -> int:
            call = own_call("cli", Scope.REGISTER_LOAD)
            async with database.connection() as raw:
                left = await left_to_index(Snapshot(raw), call, ring, anew=anew)
            done, after = 0, None
            while True:
                async with database.connection() as raw, raw.transaction():
                    after_: UUID | None = after
                    after, count = await index_persons(raw, call, ring, after=after_, anew=anew)
                if not count:
                    return done
                done += count
                progress(done, max(left, done))

        done = with_database(chosen, work)
        tell.say({"persons": done}, f"{done:,} people have blocking keys now.")
