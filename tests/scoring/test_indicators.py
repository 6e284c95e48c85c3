"""The figures of the process over real tables: ratios of sums, percentiles of days, coverage, and what is left out."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from access.call import Call, system
from access.rights import Scope
from core.database import Database
from core.dates import civil_date
from core.errors import Conflict, Forbidden, Invalid
from core.ids import uuid7
from core.keys import KeyRing
from identity.divisions import built_in
from identity.imports import load_divisions
from scoring.indicator_rules import Grouping, IndicatorName
from scoring.indicators import IndicatorView, counted
from scoring.population import Figure, load_figures, parse_figures
from tests.access.enrolled import NOW

TODAY = civil_date(NOW)
DAY = timedelta(days=1)
CALL = Call(system("tests", Scope.INDICATOR_READ, Scope.REGISTER_LOAD), NOW, uuid7(NOW))
CASABLANCA, RABAT = "06.141", "04.421"
HEADER = "division,milieu,year,persons,households"


class Tables:
    """Writes rows as the rooms do, and counts them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def set_up(self) -> "Tables":
        async with self.database.connection() as raw, raw.transaction():
            await load_divisions(raw, CALL, built_in())
        return self

    async def homes(self, division: str, number: int, members: int = 2) -> list[UUID]:
        homes = [uuid7(NOW) for _ in range(number)]
        await self.database.ask(
            """insert into household
                      (household_id, data_key, code, declarant_id, milieu, region, division, registered_at)
               select id, '', '', id, 'URBAN', 6, $2, $3 from unnest($1::uuid[]) id""",
            *(homes, division, NOW - DAY),
        )
        await self.database.ask(
            """insert into membership (household_id, membership_id, person_id, kinship, valid_from)
               select id, gen_random_uuid(), gen_random_uuid(), case n when 1 then 'HEAD' else 'CHILD' end, $3
                 from unnest($1::uuid[]) id, generate_series(1, $2::int) n""",
            *(homes, members, NOW - DAY),
        )
        return homes

    async def case(self, home: UUID, division: str, state: str, *, kind: str = "COMPLAINT", days: float | None = None) -> None:
        decided = None if days is None else NOW - DAY
        await self.database.ask(
            """insert into household_case
                      (household_id, case_id, number, kind, state, division, submitted_at, due_at, decided_at)
               values ($1, $2, 'N', $3, $4, $5, $6, $7, $8)""",
            *(home, uuid7(NOW), kind, state, division, (decided or NOW) - timedelta(days=days or 3), NOW - DAY, decided),
        )

    async def found(
        self,
        *names: IndicatorName,
        by: Grouping = Grouping.COUNTRY,
        since: date = TODAY - 30 * DAY,
        until: date = TODAY + DAY,
    ) -> list[IndicatorView]:
        async with self.database.snapshot() as snapshot:
            views = await counted(snapshot, CALL, by=by, since=since, until=until)
        return [view for view in views if view.name in names or not names]


@pytest.fixture
async def tables(database: Database, clean: None) -> Tables:
    return await Tables(database).set_up()


async def test_nothing_is_told_of_nobody(tables: Tables) -> None:
    found = await tables.found()
    assert {view.name for view in found if view.told} == set()
    assert {(view.part, view.whole, view.ratio, view.median) for view in found} <= {(None, None, None, None)}


async def test_coverage_is_members_through_people_by_milieu_and_place(tables: Tables) -> None:
    await tables.homes(CASABLANCA, 20)
    await tables.homes(RABAT, 30)
    figures = [f"{CASABLANCA},urban,2024,400,100", f"{RABAT},urban,2024,100,30", f"{RABAT},urban,2014,9,9"]
    async with tables.database.connection() as raw:
        await load_figures(raw, CALL, list(parse_figures([HEADER, *figures])))
    (country,) = await tables.found(IndicatorName.COVERAGE)
    assert (country.group, country.key, country.part, country.whole, country.ratio) == (
        "",
        "URBAN",
        100,
        500,
        Decimal("0.2000"),
    )
    places = await tables.found(IndicatorName.COVERAGE, by=Grouping.PROVINCE)
    assert [(view.group, view.part, view.whole, view.ratio) for view in places] == [
        (RABAT, 60, 100, Decimal("0.6000")),
        (CASABLANCA, 40, 400, Decimal("0.1000")),
    ]
    assert all(view.division is not None and view.division.code == view.group for view in places)


async def test_a_small_place_is_left_out_and_does_not_follow_from_the_rest(tables: Tables) -> None:
    for division, number in ((CASABLANCA, 3), ("06.117", 8), ("06.181", 20), (RABAT, 40)):
        await tables.homes(division, number)
    found = await tables.found(IndicatorName.COVERAGE, by=Grouping.PROVINCE)
    assert [(view.group, view.told, view.part) for view in found] == [
        (RABAT, True, 80),
        ("06.117", False, None),
        (CASABLANCA, False, None),
        ("06.181", True, 40),
    ]


async def test_a_share_accepted_is_one_sum_through_another_and_days_are_percentiles_of_all(tables: Tables) -> None:
    (home,) = await tables.homes(CASABLANCA, 1)
    for days in range(1, 21):
        await tables.case(home, CASABLANCA, "ACCEPTED" if days <= 9 else "PARTIALLY_ACCEPTED", days=days)
    for days in range(21, 41):
        await tables.case(home, RABAT, "REJECTED", days=days)
    await tables.case(home, RABAT, "WITHDRAWN", days=400)
    (share,) = await tables.found(IndicatorName.APPEALS_ACCEPTED)
    assert (share.key, share.part, share.whole, share.ratio) == ("COMPLAINT", 20, 40, Decimal("0.5000"))
    (taken,) = await tables.found(IndicatorName.CASE_DAYS)
    assert (taken.part, taken.median, taken.third_quartile, taken.ninth_decile) == (
        40,
        Decimal("20.5"),
        Decimal("30.2"),
        Decimal("36.1"),
    )
    assert await tables.found(IndicatorName.CASE_DAYS, since=TODAY - 90 * DAY, until=TODAY - 30 * DAY) == []


async def test_stocks_are_those_of_now_and_their_overdue_share(tables: Tables) -> None:
    (home,) = await tables.homes(CASABLANCA, 1)
    for number in range(24):
        await tables.case(home, CASABLANCA, ("SUBMITTED", "IN_REVIEW", "WAITING")[number % 3])
    (stock,) = await tables.found(IndicatorName.OPEN_CASES)
    assert (stock.key, stock.part, stock.whole, stock.ratio) == ("COMPLAINT", 24, None, None)
    (late,) = await tables.found(IndicatorName.OVERDUE_CASES)
    assert (late.told, late.part) == (False, None), "none is in time, and to say so would tell of the rest"


async def test_households_without_a_score_for_a_year_are_counted(tables: Tables) -> None:
    homes = await tables.homes(CASABLANCA, 40)
    await tables.database.ask("insert into formula (hash, code, version, document) values ($1, 'F', 1, '{}')", b"h" * 32)
    for index, home in enumerate(homes[:25]):
        at = NOW - (10 if index < 15 else 400) * DAY
        await tables.database.ask(
            """insert into score (household_id, score_id, formula_hash, inputs_hash, milieu, region, value, complete, missing,
                                  cause, calculated_at, effective_from, numerators, denominators, amounts)
               values ($1, $2, $3, $3, 'URBAN', 6, 9, true, '{}', 'UPDATE', $4, $4, '{1}', '{1}', '{1}')""",
            *(home, uuid7(at), b"h" * 32, at),
        )
    (view,) = await tables.found(IndicatorName.NOT_RESCORED)
    assert (view.part, view.whole, view.ratio) == (25, 40, Decimal("0.6250"))


async def test_who_reaches_a_household_in_time_is_counted_once_the_time_is_over(tables: Tables, keys: KeyRing) -> None:
    async def person(enrolled: datetime, joined: datetime | None) -> None:
        its = uuid7(NOW)
        _, wrapped = keys.masters.new_data_key(its)
        await tables.database.ask(
            """insert into person (person_id, data_key, status, status_since, enrolled_at, idcs, birth_date, sex, nationality)
               values ($1, $2, 'ACTIVE', $3, $3, '', '', '', '')""",
            *(its, wrapped, enrolled),
        )
        if joined is not None:
            await tables.database.ask(
                "insert into person_household (person_id, membership_id, household_id, valid_from) values ($1, $1, $1, $2)",
                *(its, joined),
            )

    for number in range(30):
        enrolled = NOW - 60 * DAY
        await person(enrolled, {0: enrolled + 10 * DAY, 1: enrolled + 40 * DAY, 2: None}[number % 3])
    await person(NOW - DAY, None)  # too new to be counted
    since = TODAY - 100 * DAY
    (within,) = await tables.found(IndicatorName.REACHED_30_DAYS, since=since)
    assert (within.part, within.whole, within.ratio) == (10, 30, Decimal("0.3333"))
    (later,) = await tables.found(IndicatorName.REACHED_90_DAYS, since=since)
    assert later.told is False


async def test_only_who_may_sees_figures_and_a_period_has_to_be_one(tables: Tables) -> None:
    async with tables.database.snapshot() as snapshot:
        with pytest.raises(Forbidden):
            await counted(snapshot, Call(system("x"), NOW, uuid7(NOW)), since=TODAY, until=TODAY + DAY, by=Grouping.COUNTRY)
        with pytest.raises(Invalid):
            await counted(snapshot, CALL, since=TODAY, until=TODAY, by=Grouping.COUNTRY)


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ([], (1,)),
        (["division,milieu"], (1,)),
        ([HEADER, "06.141,urban,2024,1"], (2,)),
        ([HEADER, "06.141,town,2024,1,1"], (2, "milieu")),
        ([HEADER, "06.141,urban,2024,-1,1"], (2, "persons")),
        ([HEADER, "06.141,urban,1066,1,1"], (2, "year")),
        ([HEADER, "06.141,urban,2024,1,1e9"], (2, "households")),
        ([HEADER, ",urban,2024,1,1"], (2, "division")),
        ([HEADER, "06.141,urban,2024,1,1", "06.141,urban,2024,2,2"], (3,)),
        ([HEADER, '06.141,"urban,2024,1,1'], (2,)),
    ],
)
def test_a_fault_of_a_file_of_figures_is_told_by_row_and_column(rows: list[str], path: tuple[Any, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        list(parse_figures(rows))
    assert refused.value.path == path


async def test_figures_of_an_unknown_place_are_refused(tables: Tables) -> None:
    (figure,) = parse_figures([HEADER, "99.999,urban,2024,1,1"])
    assert figure == Figure("99.999", figure.milieu, 2024, 1, 1)
    async with tables.database.connection() as raw:
        with pytest.raises(Conflict):
            await load_figures(raw, CALL, [figure])
