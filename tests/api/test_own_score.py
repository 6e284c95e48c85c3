"""A member of age sees the household's score over HTTP, what it is made of and what made it another one; nobody else does."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from access.call import Call, system
from access.rights import Role, Scope
from core.database import Row, raw
from core.dates import PartialDate
from core.ids import uuid7
from scoring.rescoring import rescore
from scoring.score_rows import Cause, Occasion
from tests.api.citizens import Town
from tests.api.people import Browser
from tests.api.serving import Instance

SCORES = """{ me { scores { value complete missing cause calculatedAt effectiveFrom formula { code }
  families { name label(lang: FR) amount } contributions { variable label(lang: AR) amount value }
  programmes { programme { code threshold } eligible distance near }
  change { since difference parts { name label was becomes amount }
           facts { attribute label kinship was becomes source validFrom } } } } }"""


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture
def home(served: Instance) -> dict[str, Any]:
    """A household near a threshold: its id, and its head."""
    return home_of(served, served.persona("just-below-asd"))


@pytest.fixture
def another(served: Instance) -> dict[str, Any]:
    """One that may be changed: nobody else asks about it."""
    return home_of(served, served.subject(180))


def home_of(served: Instance, subject: Mapping[str, Any]) -> dict[str, Any]:
    (row,) = served.sql(
        """select m.household_id, m.person_id as head from membership m
            where m.kinship = 'HEAD' and m.household_id = (
                  select household_id from person_household where person_id = $1 and valid_to is null)""",
        served.person_id(subject["idcs"]),
    )
    return dict(row)


def scores(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.data(SCORES)["me"]["scores"]
    return found


def stored(served: Instance, home: UUID) -> Row:
    return served.sql("select * from score where household_id = $1 order by calculated_at desc limit 1", home)[0]


def test_a_member_of_age_sees_what_the_score_is_made_of_and_how_far_thresholds_are(town: Town, home: dict[str, Any]) -> None:
    (its,) = scores(town.people.citizen(home["head"]))
    row = stored(town.instance, home["household_id"])
    assert Decimal(its["value"]) == row["value"]
    assert (its["complete"], its["missing"], its["cause"], its["formula"]["code"]) == (True, [], "REGISTRATION", "ise-2022")
    for parts in ("families", "contributions"):
        assert sum(Decimal(part["amount"]) for part in its[parts]) == row["value"]
        assert all(part["label"] for part in its[parts])
    assert len(its["families"]) < len(its["contributions"]) == sum(below != 0 for below in row["denominators"])
    told = {each["programme"]["code"]: each for each in its["programmes"]}
    asd = told["ASD"]
    assert Decimal(asd["distance"]) == row["value"] - Decimal(asd["programme"]["threshold"])
    assert (asd["eligible"], asd["near"]) == (True, True)
    assert its["change"] is None


def test_the_look_is_recorded_and_the_other_members_find_it(town: Town, home: dict[str, Any]) -> None:
    answer = town.people.citizen(home["head"]).ask(SCORES)
    (entry,) = town.instance.entries(answer.json()["extensions"]["requestId"])
    assert entry.subject_id == home["household_id"]
    assert entry.agency_id is None


def test_what_made_it_another_one_adds_up_and_says_which_facts_and_who_said_so(town: Town, another: dict[str, Any]) -> None:
    served, at = town.instance, town.instance.now()
    before = stored(served, another["household_id"])
    change = (another["household_id"], "household.telephone")
    (was,) = served.sql("select value from fact where household_id = $1 and attribute = $2", *change)
    served.sql("update fact set recorded_to = $3 where household_id = $1 and attribute = $2", *change, at)
    served.sql(
        """insert into fact (household_id, fact_id, attribute, value, source, dispute, valid_from, recorded_from)
           values ($1, $3, $2, $4, 'TELECOM', 'NONE', $5, $5)""",
        *(*change, uuid7(at), was["value"] + 10_000, at),
    )

    async def anew(connection: Any) -> int:
        call = Call(system("tests", Scope.SCORE_MAKE), at, uuid7(at))
        return await rescore(await raw(connection), call, served.keys, [another["household_id"]], Occasion(Cause.FEED, at, at))

    assert served.transact(anew) == 1
    (its,) = scores(town.people.citizen(another["head"]))
    assert (its["cause"], Decimal(its["value"])) == ("FEED", stored(served, another["household_id"])["value"])
    difference = Decimal(its["change"]["difference"])
    assert difference == Decimal(its["value"]) - before["value"] > 0
    assert sum(Decimal(part["amount"]) for part in its["change"]["parts"]) == difference
    (fact,) = its["change"]["facts"]
    assert (fact["attribute"], fact["source"], fact["kinship"]) == ("household.telephone", "TELECOM", None)
    assert Decimal(fact["becomes"]) - Decimal(fact["was"]) == 100
    assert fact["label"] == "Telephone spending a month"


def test_nobody_else_is_shown_any(town: Town, home: dict[str, Any]) -> None:
    alone = town.person()
    assert scores(town.people.citizen(alone.person_id)) == []
    guardian, ward = town.guardian_and_ward()
    assert scores(town.people.citizen(ward.person_id)) == [], "a child, and of no household"
    agent = town.people.staff(Role.CENTRE_AGENT)
    assert town.people.assisted(home["head"], agent, "CONSENTS").ask(SCORES).json()["data"]["me"]["scores"] == []
    assert "FORBIDDEN" in agent.caller().ask(SCORES).text, "this is for citizens"
    assert guardian.person_id != ward.person_id
    served = town.instance
    key = served.sql("select data_key, birth_date from person where person_id = $1", home["head"])[0]
    its = served.keys.masters.unwrap(home["head"], key["data_key"])
    young = PartialDate.parse(str((served.now() - timedelta(days=17 * 365)).date()))
    sealed = its.seal("person.birth_date", home["head"], str(young))
    served.sql("update person set birth_date = $2 where person_id = $1", home["head"], sealed)
    assert scores(town.people.citizen(home["head"])) == [], "a head who is not of age"
    served.sql("update person set birth_date = $2 where person_id = $1", home["head"], key["birth_date"])
