"""How the process goes, in figures: counted by sets over whole tables, told as far as nobody is told by them.

Durations are in days. What has a place is told by the division of the household or of the request; what has none, for the
whole country. The period runs over what was decided, found, received or enrolled within it; stocks are those of now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from access.call import Call, allow
from access.reading import Reading
from access.rights import Scope
from core.database import Reader, Row
from core.dates import CIVIL_ZONE, civil_date
from identity import store as identity_store
from identity.people import DivisionView, division_view
from scoring.indicator_rules import LEVELS, Count, Grouping, IndicatorName, checked_period, tellable

RATIO_PLACES, DAY_PLACES = Decimal("0.0001"), Decimal("0.1")
_DECIDED = "extract(epoch from decided_at - submitted_at) / 86400"
_PERIOD = "{0} >= $1 and {0} < $2"
# Each gives rows of (division, key, part, whole). $1 to $2: the period; $3: now.
_PERIOD_IS = "$1::timestamptz <= $2::timestamptz"  # where nothing else asks for it
_RATIOS = {
    IndicatorName.MISMATCHES: f"""
        select h.division, f.attribute as key, count(*) filter (where m.found) as part, count(*) as whole
          from (select distinct household_id, attribute from fact
                 where source not in ('DECLARED', 'OFFICER') and {_PERIOD.format("recorded_from")}) f
          join household h on h.household_id = f.household_id
         cross join lateral (select exists (
               select from mismatch m where m.household_id = f.household_id and m.attribute = f.attribute
                  and {_PERIOD.format("m.found_at")} and m.found_at <= $3) as found) m
         group by 1, 2""",
    IndicatorName.OPEN_CASES: f"""
        select coalesce(division, '') as division, kind as key, count(*) as part, null::bigint as whole from household_case
         where state in ('SUBMITTED', 'IN_REVIEW', 'WAITING') and submitted_at <= $3 and {_PERIOD_IS} group by 1, 2""",
    IndicatorName.OVERDUE_CASES: f"""
        select coalesce(division, '') as division, kind as key, count(*) filter (where due_at < $3) as part, count(*) as whole
          from household_case where state in ('SUBMITTED', 'IN_REVIEW', 'WAITING') and {_PERIOD_IS} group by 1, 2""",
    IndicatorName.APPEALS_ACCEPTED: f"""
        select coalesce(division, '') as division, kind as key,
               count(*) filter (where state <> 'REJECTED') as part, count(*) as whole
          from household_case
         where kind in ('DISPUTE', 'REVIEW', 'COMPLAINT') and state in ('ACCEPTED', 'PARTIALLY_ACCEPTED', 'REJECTED')
           and {_PERIOD.format("decided_at")} and decided_at <= $3 group by 1, 2""",
    IndicatorName.NOT_RESCORED: f"""
        select h.division, '' as key, count(*) filter (where not s.newer) as part, count(*) as whole
          from household h
         cross join lateral (select exists (
               select from score s
                where s.household_id = h.household_id and s.calculated_at > $3::timestamptz - interval '365 days') as newer) s
         where h.withdrawn_at is null and {_PERIOD_IS} group by 1""",
    IndicatorName.COVERAGE: f"""
        select h.division, h.milieu as key, count(*) as part, 0::bigint as whole
          from household h join membership m on m.household_id = h.household_id
         where h.withdrawn_at is null and m.valid_from <= $3 and (m.valid_to is null or $3 < m.valid_to) and {_PERIOD_IS}
         group by 1, 2
        union all
        select division, milieu, 0, persons from (
               select distinct on (division, milieu) * from population_figure order by division, milieu, year desc) p""",
}
_REACHED = f"""
        select '' as division, '' as key, count(*) filter (where r.reached) as part, count(*) as whole
          from person p
         cross join lateral (select exists (
               select from person_household h where h.person_id = p.person_id
                  and h.valid_from < p.enrolled_at + interval '{{0}} days') as reached) r
         where p.status not in ('DECOY', 'CANCELLED') and {_PERIOD.format("p.enrolled_at")}
           and p.enrolled_at <= $3::timestamptz - interval '{{0}} days'"""
_RATIOS[IndicatorName.REACHED_30_DAYS], _RATIOS[IndicatorName.REACHED_90_DAYS] = (_REACHED.format(n) for n in (30, 90))
# Each gives rows of (division, key, days), one for each case.
_DURATIONS = {
    IndicatorName.ENROLMENT_DAYS: f"""
        select coalesce(division, '') as division, '' as key, {_DECIDED} as days from enrolment
         where submitted_at is not null and {_PERIOD.format("decided_at")} and decided_at <= $3""",
    IndicatorName.REQUEST_DAYS: f"""
        select coalesce(division, '') as division, kind as key, {_DECIDED} as days from household_request
         where submitted_at is not null and state in ('PROCESSED', 'REJECTED')
           and {_PERIOD.format("decided_at")} and decided_at <= $3""",
    IndicatorName.CASE_DAYS: f"""
        select coalesce(division, '') as division, kind as key, {_DECIDED} as days from household_case
         where state <> 'WITHDRAWN' and {_PERIOD.format("decided_at")} and decided_at <= $3""",
    IndicatorName.FEED_DELAY_DAYS: f"""
        select '' as division, source as key, extract(epoch from recorded_from - reported_at) / 86400 as days from feed_item
         where {_PERIOD.format("recorded_from")} and recorded_from <= $3""",
}
_COUNTED = "select division, key, count(*) as part, null::bigint as whole from ({}) durations group by 1, 2"
_QUARTILES = """
select array_to_string((string_to_array(division, '.'))[1:$4], '.') as division, key,
       percentile_cont(array[0.5, 0.75, 0.9]) within group (order by days) as days
  from ({}) durations group by 1, 2"""
# Here, unlike elsewhere, whole tables are gone over.
_BY_SETS = (
    "select set_config(name, 'on', true) from unnest(array['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan']) its (name)"
)


@dataclass(slots=True)
class IndicatorView:
    """One figure of one group. All numbers are None where it is not told. `division` None: the country, or no place."""

    name: IndicatorName
    group: str
    key: str
    told: bool
    division: DivisionView | None = None
    part: int | None = None
    whole: int | None = None
    ratio: Decimal | None = None
    median: Decimal | None = None
    third_quartile: Decimal | None = None
    ninth_decile: Decimal | None = None


@allow(Scope.INDICATOR_READ)
async def indicators(
    reading: Reading, call: Call, *, since: date, until: date, by: Grouping = Grouping.COUNTRY
) -> list[IndicatorView]:
    """Every indicator over the civil days from `since` up to before `until`, by the divisions of that level, of one instant.

    At most three statements for each, however many divisions. Raises Invalid for a period that is none.
    """
    async with reading.snapshot():
        return await counted(reading, call, since=since, until=until, by=by)


@allow(Scope.INDICATOR_READ)
async def counted(reading: Reader, call: Call, *, since: date, until: date, by: Grouping) -> list[IndicatorView]:
    """The same, out of a snapshot of the caller's."""
    checked_period(since, until, civil_date(call.now))
    level, period = LEVELS[by], (_midnight(since), _midnight(until), call.now)
    found: list[IndicatorView] = []
    await reading.ask(_BY_SETS)
    for name in IndicatorName:
        if name in _RATIOS:
            found += _views(name, await reading.ask(_RATIOS[name], *period), level)
            continue
        views = _views(name, await reading.ask(_COUNTED.format(_DURATIONS[name]), *period), level)
        if any(view.told for view in views):
            _put_days(views, await reading.ask(_QUARTILES.format(_DURATIONS[name]), *period, level))
        found += views
    places = await identity_store.divisions(reading, sorted({view.group for view in found if view.group}))
    for view in found:
        view.division = division_view(places.get(view.group))
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CIVIL_ZONE)


def _views(name: IndicatorName, rows: Sequence[Row], level: int) -> list[IndicatorView]:
    public = name is IndicatorName.COVERAGE
    counts = [Count(row["division"], row["key"], row["part"], row["whole"], public=public) for row in rows]
    views = []
    for count, told in tellable(counts, level):
        view = IndicatorView(name, count.division, count.key, told)
        if told:
            view.part, view.whole = count.part, count.whole
            view.ratio = None if count.ratio is None else _rounded(count.ratio.numerator, count.ratio.denominator)
        views.append(view)
    return views


def _put_days(views: Sequence[IndicatorView], rows: Sequence[Row]) -> None:
    days = {(row["division"], row["key"]): row["days"] for row in rows}
    for view in views:
        if view.told:
            view.median, view.third_quartile, view.ninth_decile = (
                Decimal(str(value)).quantize(DAY_PLACES) for value in days[view.group, view.key]
            )


def _rounded(part: int, whole: int) -> Decimal:
    return (Decimal(part) / Decimal(whole)).quantize(RATIO_PLACES)
