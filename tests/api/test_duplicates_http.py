"""Records that may be of one person, over real HTTP: who sees which cases, who decides, and how two records become one."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from access.rights import Role
from core.ids import uuid7
from identity.imports import LoadedPerson
from tests.api.citizens import CASABLANCA, ERRORS, RABAT, Town
from tests.api.people import Browser, Person, user_errors
from tests.api.serving import Agency, Instance, codes

SIDES = """sides { id registered receipt person { idcs status name { given { ar latin } family { latin } } birthDate telephone
  residence { code } } }"""
CASE = f"id origin outcome weight score fields {{ field agreement }} division {{ code }} state reason own mergeable {SIDES}"
QUEUE = "{ duplicates(first: 100) { edges { node { id state outcome sides { id } own } } pageInfo { hasNextPage } } }"
ONE = f"query($id: ID!) {{ duplicate(id: $id) {{ {CASE} }} }}"
_DECIDED = f"{{ duplicate {{ id state reason }} {ERRORS} }}"
DECIDE = f"mutation($input: DecideDuplicateInput!) {{ decideDuplicate(input: $input) {_DECIDED} }}"
MERGE = f"mutation($input: MergePersonsInput!) {{ mergePersons(input: $input) {{ proposal {{ id hash change }} {ERRORS} }} }}"
UNDO = f"mutation($input: UndoMergeInput!) {{ undoMerge(input: $input) {{ proposal {{ id hash change }} {ERRORS} }} }}"
APPROVE = f"mutation($input: ApproveInput!) {{ approve(input: $input) {{ proposal {{ state outcome }} {ERRORS} }} }}"
SOMEBODY = str(UUID(int=7))


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bank(served: Instance) -> Agency:
    return served.enrol()


def adjudicator(town: Town, division: str | None = CASABLANCA) -> Person:
    return town.people.staff(Role.ADJUDICATOR, division=division)


def case(town: Town, later: LoadedPerson, other: LoadedPerson, division: str | None = CASABLANCA) -> str:
    made = uuid7(town.instance.now())
    town.instance.sql(
        """insert into duplicate_case (person_id, case_id, other_id, origin, outcome, weight, fields, division, found_at, state)
           values ($1, $2, $3, 'COMPARISON', 'REVIEW', 14000, $6, $4, $5, 'OPEN')""",
        later.person_id,
        made,
        other.person_id,
        division,
        town.instance.now(),
        '{"given_name": "ALIKE", "birth_date": "EXACT"}',
    )
    return str(made)


def waiting(browser: Browser) -> list[str]:
    return [edge["node"]["id"] for edge in browser.data(QUEUE)["duplicates"]["edges"]]


def approved(town: Town, payload: Mapping[str, Any], by: Person) -> dict[str, Any]:
    assert payload["userErrors"] == [], payload
    proposal = payload["proposal"]
    made = by.caller().change(APPROVE, proposal=proposal["id"], hash=proposal["hash"], code=by.code())
    assert made["userErrors"] == [], made
    told: dict[str, Any] = made["proposal"]
    return told


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (DECIDE, {"duplicate": SOMEBODY, "decision": "DIFFERENT", "reason": "TWINS"}),
        (MERGE, {"survivor": SOMEBODY, "retired": str(UUID(int=8))}),
        (UNDO, {"retired": SOMEBODY}),
    ],
    ids=["decideDuplicate", "mergePersons", "undoMerge"],
)
def test_nobody_and_who_lacks_the_right_change_nothing(
    town: Town, bank: Agency, document: str, given: Mapping[str, Any]
) -> None:
    citizen = town.citizen(town.person())
    before = {table: town.instance.count(table) for table in ("proposal", "person_alias", "duplicate_case")}
    assert citizen.ask(document, {"input": given}, cookie=None).status_code == 401
    for other in (citizen, town.people.staff(Role.AUDITOR).caller(), town.agent().caller(), town.people.officer(bank).caller()):
        assert [code for code, _ in codes(other.ask(document, {"input": given}))] == ["FORBIDDEN"]
    assert [code for code, _ in codes(bank.caller().ask(document, {"input": given}))] == ["FORBIDDEN"]
    assert {table: town.instance.count(table) for table in before} == before


def test_the_queue_is_of_ones_own_territory_and_tells_nothing_of_people(town: Town) -> None:
    here = case(town, town.person(), town.person())
    there = case(town, town.person(residence=RABAT), town.person(), RABAT)
    nowhere = case(town, town.person(residence=None), town.person(), None)
    regional, all_over = adjudicator(town).caller(), adjudicator(town, None).caller()
    assert (here in waiting(regional), there in waiting(regional), nowhere in waiting(regional)) == (True, False, False)
    assert [each for each in waiting(all_over) if each in (here, there, nowhere)] == [here, there, nowhere]
    for other in (there, nowhere, SOMEBODY):
        assert [code for code, _ in codes(regional.ask(ONE, {"id": other}))] == ["NOT_FOUND"]
    (node,) = [edge["node"] for edge in regional.data(QUEUE)["duplicates"]["edges"] if edge["node"]["id"] == here]
    assert (node["sides"], node["own"]) == ([], False)
    for other_role in (town.people.staff(Role.AUDITOR).caller(), town.citizen(town.person())):
        assert [code for code, _ in codes(other_role.ask(QUEUE))] == ["FORBIDDEN"]


def test_one_case_shows_both_and_both_see_that_somebody_looked(town: Town) -> None:
    later, other = town.person(given_name_latin="Amine"), town.person()
    its = case(town, later, other)
    found = adjudicator(town).caller().data(ONE, {"id": its})["duplicate"]
    assert [side["id"] for side in found["sides"]] == [str(later.person_id), str(other.person_id)]
    assert [side["person"]["name"]["given"]["latin"] for side in found["sides"]] == ["Amine", "Amina"]
    assert [side["person"]["idcs"] for side in found["sides"]] == [later.idcs.text, other.idcs.text]
    assert {"field": "GIVEN_NAME", "agreement": "ALIKE"} in found["fields"]
    assert (found["mergeable"], found["own"], found["weight"]) == (True, False, 14000)
    for person in (later, other):
        where = "subject_id = $1 and convert_from(leaf, 'UTF8')::jsonb ->> 'field' = 'duplicate'"
        assert town.instance.count("ledger_entry", where, person.person_id) == 1


def test_two_people_are_said_to_be_two_once(town: Town) -> None:
    its = case(town, town.person(), town.person())
    caller = adjudicator(town).caller()
    made = caller.change(DECIDE, duplicate=its, decision="DIFFERENT", reason="TWINS")
    assert (made["duplicate"]["state"], made["duplicate"]["reason"], made["userErrors"]) == ("DIFFERENT", "TWINS", [])
    assert its not in waiting(caller)
    again = caller.change(DECIDE, duplicate=its, decision="DIFFERENT", reason="TWINS")
    assert user_errors(again) == [("CONFLICT", ("case",))]


def test_what_cannot_be_decided_so_is_told(town: Town) -> None:
    its, there = case(town, town.person(), town.person()), case(town, town.person(), town.person(), RABAT)
    caller = adjudicator(town).caller()
    same = caller.change(DECIDE, duplicate=its, decision="SAME", reason="PAPERS")
    assert user_errors(same) == [("CONFLICT", ("case",))], "both are registered: they are merged"
    twins = caller.change(DECIDE, duplicate=its, decision="SAME", reason="TWINS")
    assert user_errors(twins) == [("CONFLICT", ("reason",))]
    merged = caller.change(DECIDE, duplicate=its, decision="DIFFERENT", reason="MERGED")
    assert user_errors(merged) == [("CONFLICT", ("reason",))]
    elsewhere = caller.change(DECIDE, duplicate=there, decision="DIFFERENT", reason="TWINS")
    assert user_errors(elsewhere) == [("NOT_FOUND", ("case",))]
    assert town.instance.count("duplicate_case", "case_id = $1 and state = 'OPEN'", UUID(its)) == 1


def test_whoever_enrolled_one_of_both_does_not_decide(town: Town) -> None:
    later, other = town.person(), town.person()
    its, who = case(town, later, other), adjudicator(town)
    town.instance.sql("update person_revision set recorded_by = $1 where person_id = $2", who.account, other.person_id)
    caller = who.caller()
    assert caller.data(ONE, {"id": its})["duplicate"]["own"] is True
    answer = caller.ask(DECIDE, {"input": {"duplicate": its, "decision": "DIFFERENT", "reason": "TWINS"}})
    assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    assert town.instance.count("duplicate_case", "case_id = $1 and state = 'OPEN'", UUID(its)) == 1


def test_two_records_become_one_by_two_people_and_two_again(town: Town) -> None:
    later, other = town.person(given_name_latin="Amine"), town.person()
    its = case(town, later, other)
    first, second = adjudicator(town), adjudicator(town)
    given = {"survivor": str(other.person_id), "retired": str(later.person_id), "case": its}
    payload = first.caller().change(MERGE, **given)
    assert payload["userErrors"] == []
    assert later.idcs.text not in payload["proposal"]["change"]
    assert town.instance.count("person_alias", "person_id = $1", later.person_id) == 0, "one person alone merges nobody"
    assert approved(town, payload, second)["state"] == "APPROVED"
    assert town.instance.count("person_alias", "person_id = $1 and undone_at is null", later.person_id) == 1
    assert town.instance.count("duplicate_case", "case_id = $1 and state = 'SAME'", UUID(its)) == 1
    assert town.told(other.person_id, "RECORDS_MERGED")
    begun = town.begin(later.idcs.text)
    assert begun["userErrors"] == []
    finished = town.finish(begun["challenge"], town.code(other.person_id))
    assert finished["userErrors"] == [], "the old number signs in to the record that stays"
    third = adjudicator(town)
    undone = approved(town, first.caller().change(UNDO, retired=str(later.person_id)), third)
    assert undone["state"] == "APPROVED"
    assert town.instance.count("person_alias", "person_id = $1 and undone_at is null", later.person_id) == 0
    assert user_errors(first.caller().change(UNDO, retired=str(later.person_id))) == [("NOT_FOUND", ("retired",))]


def test_who_resides_elsewhere_is_nobody_to_be_merged(town: Town) -> None:
    here, there = town.person(), town.person(residence=RABAT)
    caller = adjudicator(town).caller()
    for survivor, retired in ((here, there), (there, here)):
        payload = caller.change(MERGE, survivor=str(survivor.person_id), retired=str(retired.person_id))
        assert user_errors(payload) == [("NOT_FOUND", ("person",))]
    same = caller.change(MERGE, survivor=str(here.person_id), retired=str(here.person_id))
    assert user_errors(same) == [("INVALID", ("retired",))]
