"""How the process goes, in figures: an overseer asks for them and sees nothing else; the command tells the same."""

from datetime import timedelta
from typing import Any

from access.rights import Role
from core.dates import civil_date
from tests.api.people import Browser, People
from tests.api.serving import Instance, codes

FIGURES = """query($since: Date!, $until: Date!, $by: IndicatorGrouping!) { indicators(since: $since, until: $until, by: $by) {
  name group key told part whole ratio median thirdQuartile ninthDecile division { code nameFr } } }"""


def asked(served: Instance, who: Browser, by: str = "COUNTRY", days: int = 90) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.data(FIGURES, _period(served, by, days))["indicators"]
    return found


def _period(served: Instance, by: str, days: int) -> dict[str, Any]:
    today = civil_date(served.now())
    return {"since": str(today - timedelta(days=days)), "until": str(today + timedelta(days=1)), "by": by}


def test_an_overseer_sees_figures_and_nothing_else(served: Instance) -> None:
    overseer = People(served).staff(Role.OVERSEER).caller()
    coverage = [cell for cell in asked(served, overseer) if cell["name"] == "COVERAGE"]
    assert {cell["key"] for cell in coverage} == {"RURAL", "URBAN"}
    members = served.count("membership", "valid_to is null")
    assert sum(cell["part"] for cell in coverage) == members
    for query in ('{ searchPersons(by: {idcs: "2516116556"}) { edges { id } } }', "{ agencies { edges { node { code } } } }"):
        assert codes(overseer.ask(query))[0][0] in ("FORBIDDEN", "INVALID")


def test_by_place_what_is_told_adds_up_to_no_more_than_the_country(served: Instance) -> None:
    overseer = People(served).staff(Role.OVERSEER).caller()
    country = {(cell["name"], cell["key"]): cell["part"] for cell in asked(served, overseer)}
    for by in ("REGION", "PROVINCE", "COMMUNE"):
        cells = asked(served, overseer, by)
        assert any(cell["told"] for cell in cells)
        for cell in cells:
            assert cell["told"] or {cell[name] for name in ("part", "whole", "ratio", "median")} == {None}
            assert not cell["told"] or cell["part"] >= 10
        for (name, key), part in country.items():
            shown = sum(cell["part"] or 0 for cell in cells if (cell["name"], cell["key"]) == (name, key))
            assert part is None or shown <= part


def test_others_are_refused_and_a_period_that_is_none_too(served: Instance) -> None:
    people = People(served)
    agent = people.staff(Role.CENTRE_AGENT).caller()
    assert codes(agent.ask(FIGURES, _period(served, "COUNTRY", 1))) == [("FORBIDDEN", ("indicators",))]
    overseer = people.staff(Role.OVERSEER).caller()
    assert codes(overseer.ask(FIGURES, _period(served, "COUNTRY", 4000)))[0][0] == "INVALID"
