"""`sijil indicators`: how the process goes, in figures of which none tells of anybody."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer
from rich.table import Table

from access.rights import Scope
from api.commands.telling import AsJson, settings, telling
from api.running import own_call, with_database
from core.database import Database
from core.dates import civil_date
from scoring.indicator_rules import Grouping
from scoring.indicators import IndicatorView, counted

DAYS = 90
DAY = ["%Y-%m-%d"]


def indicators(
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="The first day; 90 days ago.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="The day after the last one; tomorrow.")] = None,
    by: Annotated[Grouping, typer.Option(help="What figures are told apart by.", case_sensitive=False)] = Grouping.COUNTRY,
    json: AsJson = False,
) -> None:
    """Tell how the process goes: shares, days, stocks and coverage. Cells of fewer than ten are left out."""
    with telling(json) as tell:

        async def work(database: Database) -> Sequence[IndicatorView]:
            call = own_call("cli", Scope.INDICATOR_READ)
            today = civil_date(call.now)
            first = since.date() if since else today - timedelta(days=DAYS)
            last = until.date() if until else today + timedelta(days=1)
            async with database.snapshot() as snapshot:
                return await counted(snapshot, call, since=first, until=last, by=by)

        found = with_database(settings(), work)
        tell.say({"indicators": [_document(view) for view in found]}, _table(found))


def _document(view: IndicatorView) -> dict[str, object]:
    members = {name: value for name, value in asdict(view).items() if name != "division"}
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in members.items()}


def _table(found: Sequence[IndicatorView]) -> Table:
    table = Table("Indicator", "Where", "Of what", "Part", "Whole", "Ratio", "Median", "P75", "P90")
    for view in found:
        numbers = (view.part, view.whole, view.ratio, view.median, view.third_quartile, view.ninth_decile)
        shown = ["" if number is None else str(number) for number in numbers] if view.told else ["under 10", *[""] * 5]
        table.add_row(view.name, view.division.name_fr if view.division else view.group, view.key, *shown)
    return table
