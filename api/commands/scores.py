"""`sijil score`: whether stored scores are what the register and the formulas make of them."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from access.rights import Scope
from api.commands.telling import AsJson, settings, telling
from api.running import own_call, with_database
from core import keys
from core.database import Database
from core.errors import Invalid
from identity.numbers import HouseholdCode
from scoring.replay import MAX_BATCH, Replayed, in_force, replayed, sampled

app = typer.Typer(no_args_is_help=True, help="Scores, as they are stored.")
MAX_SHOWN = 20


@app.callback()
def scores() -> None:
    """Scores, as they are stored."""


@app.command()
def replay(
    household: Annotated[str, typer.Option(help="The code of a household (eleven digits).")] = "",
    as_of: Annotated[str, typer.Option(help="Its scores in force at that instant (ISO 8601 with a zone); now.")] = "",
    sample: Annotated[int, typer.Option(help="So many stored scores by chance, instead.")] = 0,
    json: AsJson = False,
) -> None:
    """Make stored scores again from what was known then. The exit status is 1 if any comes out otherwise."""
    with telling(json) as tell, tell.progress("Scores") as progress:
        if bool(household) is bool(sample):
            raise Invalid("say either which household or how many by chance", path=("household",))
        chosen = settings()
        ring, code = keys.load(chosen.key_file), HouseholdCode.parse(household) if household else None

        async def work(database: Database) -> list[Replayed]:
            call = own_call("cli", Scope.REGISTER_LOAD)
            async with database.snapshot() as snapshot:
                if code is None:
                    wanted = await sampled(snapshot, call, number=sample)
                else:
                    wanted = await in_force(snapshot, call, ring, code=code, as_of=_instant(as_of) if as_of else call.now)
                done: list[Replayed] = []
                for start in range(0, len(wanted), MAX_BATCH):
                    done += await replayed(snapshot, call, ring, wanted[start : start + MAX_BATCH])
                    progress(len(done), len(wanted))
                return done

        found = with_database(chosen, work)
        wrong = [its for its in found if its.differences]
        document = {
            "scores": len(found),
            "different": [{"score": str(its.score_id), "in": list(its.differences)} for its in wrong],
        }
        lines = [f"  {its.score_id} of {its.calculated_at:%Y-%m-%d}: {', '.join(its.differences)}" for its in wrong[:MAX_SHOWN]]
        tell.say(document, f"{len(found):,} scores made again; {len(wrong):,} came out otherwise.", *lines)
        if wrong:
            raise typer.Exit(1)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("not an instant", path=("as-of",)) from None
    if instant.tzinfo is None:
        raise Invalid("an instant has a zone", path=("as-of",))
    return instant.astimezone(UTC)
