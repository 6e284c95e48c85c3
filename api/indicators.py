"""GraphQL of how the process goes: figures, of nobody."""

from typing import Any, cast

import strawberry
from strawberry.types import Info

from api.context import opened
from api.identity import Division
from api.scalars import Date, Decimal
from scoring import indicators as doors
from scoring.indicator_rules import Grouping, IndicatorName

strawberry.enum(
    IndicatorName,
    name="IndicatorName",
    description="What is counted. A ratio is `part` of `whole`; of durations `part` is how many there are.",
)
strawberry.enum(Grouping, name="IndicatorGrouping", description="What figures are told apart by.")


@strawberry.type(
    description="One figure of one group. Not `told`: it would tell of fewer than ten, and has no number. Durations in days."
)
class Indicator:
    name: IndicatorName
    group: str = strawberry.field(description="The code of the division; empty: the whole country, or no place is known.")
    division: Division | None
    key: str = strawberry.field(description="Of which kind, source, field or milieu; empty: of all.")
    told: bool
    part: int | None
    whole: int | None
    ratio: Decimal | None
    median: Decimal | None
    third_quartile: Decimal | None
    ninth_decile: Decimal | None


async def indicators(info: Info[Any, Any], since: Date, until: Date, by: Grouping = Grouping.COUNTRY) -> list[Indicator]:
    reading, call, _ = opened(info)
    return cast("list[Indicator]", await doors.indicators(reading, call, since=since, until=until, by=by))
