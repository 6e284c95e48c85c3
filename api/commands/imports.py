"""`sijil import`: taking in files."""

from pathlib import Path
from typing import Annotated

import typer

from access.rights import Scope
from api.commands.telling import AsJson, settings, telling, text_of
from api.running import own_call, with_database
from core.database import Database
from identity.divisions import built_in, parse_csv
from identity.imports import load_divisions
from scoring.population import load_figures, parse_figures

app = typer.Typer(no_args_is_help=True, help="Take in files, each whole or not at all.")
BATCH = 500


@app.callback()
def imports() -> None:
    """Take in files, each whole or not at all."""


@app.command()
def divisions(
    file: Annotated[Path, typer.Argument(help="CSV: code,level,parent,name_fr,name_ar,milieu; parents before their children.")],
    json: AsJson = False,
) -> None:
    """Add regions, provinces, communes and centres. Those with a known code get these names; none is removed."""
    with telling(json) as tell, tell.progress("Divisions") as progress:
        found = list(parse_csv(text_of(file).splitlines()))

        async def work(database: Database) -> None:
            call = own_call("cli", Scope.REGISTER_LOAD)
            async with database.connection() as raw, raw.transaction():
                await load_divisions(raw, call, built_in())
                for start in range(0, len(found), BATCH):
                    await load_divisions(raw, call, found[start : start + BATCH])
                    progress(min(start + BATCH, len(found)), len(found))

        with_database(settings(), work)
        tell.say({"divisions": len(found)}, f"{len(found):,} divisions are in the register.")


@app.command()
def population(
    file: Annotated[Path, typer.Argument(help="CSV: division,milieu,year,persons,households; of a census or an estimate.")],
    json: AsJson = False,
) -> None:
    """Take in how many people live where: coverage is measured by it. Known figures of the same year become these."""
    with telling(json) as tell:
        found = list(parse_figures(text_of(file).splitlines()))

        async def work(database: Database) -> None:
            call = own_call("cli", Scope.REGISTER_LOAD)
            async with database.connection() as raw, raw.transaction():
                await load_figures(raw, call, found)

        with_database(settings(), work)
        tell.say({"figures": len(found)}, f"{len(found):,} figures are in the register.")
