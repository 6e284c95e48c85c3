"""Over HTTP a citizen is shown who looked at the household, and what was read in their own name; nobody else is."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from access.rights import Role
from tests.api.citizens import ERRORS, Town
from tests.api.people import Browser
from tests.api.serving import Caller, Instance, codes

PERSONA = "just-below-amo-tadamon"
HOUSEHOLD = "query($c: String!) { household(code: $c, purpose: ELIGIBILITY) { size score { value } } }"
LOOKS = """query($own: Boolean!) { me { accesses(first: 100, includeOwn: $own) { edges { node {
  id requestId household own field officer outcome onBehalf basis { ground } attributes { name } } } } } }"""
CONSENTS = "{ me { consents { edges { node { id } } } } }"
REPORT = f"mutation($input: ReportAccessInput!) {{ reportAccess(input: $input) {{ accessReport {{ entry }} {ERRORS} }} }}"


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture
def members(served: Instance) -> dict[str, UUID]:
    rows = served.sql(
        """select m.person_id, m.kinship from membership m join person_household h using (household_id)
            where h.person_id = $1 and m.kinship in ('HEAD', 'SPOUSE')""",
        served.person_id(served.persona(PERSONA)["idcs"]),
    )
    return {row["kinship"]: row["person_id"] for row in rows}


def request_id(answer: httpx.Response) -> str:
    told: str = answer.json()["extensions"]["requestId"]
    return told


def shown(browser: Browser, *, own: bool = False) -> list[dict[str, Any]]:
    return [edge["node"] for edge in browser.data(LOOKS, {"own": own})["me"]["accesses"]["edges"]]


def test_every_member_finds_the_look_at_the_household_and_may_report_it(
    town: Town, cnss: Caller, members: dict[str, UUID]
) -> None:
    asked = cnss.ask(HOUSEHOLD, {"c": town.instance.persona(PERSONA)["household_code"]})
    for person in members.values():
        browser = town.people.citizen(person)
        (look,) = [each for each in shown(browser) if each["requestId"] == request_id(asked)]
        assert (look["household"], look["own"], look["field"], look["outcome"]) == (True, False, "household", "ANSWERED")
        assert {used["name"] for used in look["attributes"]} == {"household.size", "score.value"}
        made = browser.change(REPORT, entry=look["id"], text="Why?")
        assert made == {"accessReport": {"entry": look["id"]}, "userErrors": []}


def test_nobody_but_members_is_shown_it(town: Town, cnss: Caller, members: dict[str, UUID]) -> None:
    cnss.ask(HOUSEHOLD, {"c": town.instance.persona(PERSONA)["household_code"]})
    entry = shown(town.people.citizen(members["HEAD"]))[0]["id"]
    stranger = town.citizen(town.person())
    assert shown(stranger) == []
    assert codes(stranger.ask(f'{{ me {{ access(id: "{entry}") {{ id }} }} }}')) == [("NOT_FOUND", ("me", "access"))]
    refused = stranger.change(REPORT, entry=entry, text="Why?")
    assert [error["path"] for error in refused["userErrors"]] == [["entry"]]
    for caller in (cnss, town.people.staff(Role.AUDITOR).caller()):
        assert codes(caller.ask(LOOKS, {"own": True})) == [("FORBIDDEN", ("me", "accesses"))]
    body = {"query": LOOKS, "variables": {"own": True}}
    assert httpx.post(f"{town.instance.issuer}/graphql", json=body).status_code == 401


def test_reading_consents_with_somebody_beside_is_in_the_list_with_the_assistants_number(town: Town) -> None:
    amina = town.person()
    beside = town.people.assisted(amina.person_id, town.agent(), "CONSENTS")
    asked = beside.ask(CONSENTS)
    (look,) = [each for each in shown(town.citizen(amina)) if each["requestId"] == request_id(asked)]
    assert (look["field"], look["outcome"], look["attributes"]) == ("consents", "ANSWERED", [])
    assert (look["own"], look["onBehalf"], look["basis"]["ground"], look["household"]) == (True, "SELF", "SELF", False)
    assert look["officer"] is not None


def test_the_entry_of_a_reading_is_there_when_the_answer_arrives(town: Town) -> None:
    amina = town.person()
    browser = town.citizen(amina)
    before = town.instance.count("ledger_entry", "subject_id = $1", amina.person_id)
    browser.data(CONSENTS)
    browser.data("{ me { witnessRequests { id } } }")
    assert town.instance.count("ledger_entry", "subject_id = $1", amina.person_id) == before + 2
    assert shown(browser) == []
    assert {each["field"] for each in shown(browser, own=True)} == {"consents", "witnessRequests", "accesses"}
