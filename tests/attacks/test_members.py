"""A member's own facts are the member's: a lock closes them, and who was told of them stands in the member's own ledger."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.serving import Agency, Caller, Instance

FACTS = "query($s: SubjectInput!) { household(subject: $s, purpose: CASE_REVIEW) { facts { attribute value } } }"
GRANTED = ["household.facts", "household.members", "member.health_cover"]


@pytest.fixture(scope="module")
def curious(attacked: Instance) -> Agency:
    return attacked.enrol(
        purposes=["CASE_REVIEW"],
        attributes={name: {"uses": ["RELEASE"]} for name in GRANTED},
        mandates={"CASE_REVIEW": GRANTED},
    )


@pytest.fixture
def couple(attacked: Instance) -> Iterator[tuple[str, Any]]:
    """The IDCS of a head, and the person id of another member, who has a lock."""
    idcs = attacked.persona("just-below-amo-tadamon")["idcs"]
    (row,) = attacked.sql(
        """select m.person_id from membership m join person_household h using (household_id)
            where h.person_id = $1 and m.kinship = 'SPOUSE'""",
        attacked.person_id(idcs),
    )
    spouse = row["person_id"]
    attacked.sql(
        """insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from)
           values ($1, gen_random_uuid(), array['CASE_REVIEW'], true, $2)""",
        spouse,
        attacked.now(),
    )
    yield idcs, spouse
    attacked.sql("delete from identity_lock where person_id = $1", spouse)


def test_a_members_lock_closes_that_members_facts(attacked: Instance, curious: Agency, couple: tuple[str, Any]) -> None:
    told, _ = facts_told(curious.caller(), couple[0])
    assert 0 < told < members(attacked, couple[0]), "the locked spouse's health cover was told"


def test_whose_facts_were_told_has_an_entry(attacked: Instance, curious: Agency, couple: tuple[str, Any]) -> None:
    """Now only the household has one: the spouse cannot see that the health cover was read."""
    told, request = facts_told(curious.caller(), couple[0])
    people = {
        entry.subject_id for entry in attacked.entries(request) if attacked.count("person", "person_id = $1", entry.subject_id)
    }
    assert len(people) >= told


def facts_told(caller: Caller, idcs: str) -> tuple[int, str]:
    body = caller.ask(FACTS, {"s": {"idcs": idcs}}).json()
    found = [fact for fact in body["data"]["household"]["facts"] if fact["attribute"] == "member.health_cover"]
    return len(found), body["extensions"]["requestId"]


def members(attacked: Instance, idcs: str) -> int:
    return attacked.count(
        "fact f join person_household h using (household_id)",
        "h.person_id = $1 and f.attribute = 'member.health_cover'",
        attacked.person_id(idcs),
    )
