"""A record's life over real HTTP: its status, what is asked to be changed, its history, and staff who search first."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from access.rights import Role
from core.dates import PartialDate, civil_date
from core.ids import uuid7
from identity.imports import LoadedPerson
from identity.relations import REFUSED_NUMBER
from tests.api.citizens import Town
from tests.api.people import Browser, People, Person, user_errors
from tests.api.serving import Instance, codes

ERRORS = "userErrors { code path message }"
REQUEST = """id number person kind origin state hash attributes was { address cnie residence { code } }
  becomes { address cnie residence { code } name { given { ar latin } } } words answer reason overdue mine mayDecide
  mayWithdraw dueAt"""
STATUS = f"""mutation($input: ChangePersonStatusInput!) {{
  changePersonStatus(input: $input) {{ proposal {{ id hash change }} {ERRORS} }} }}"""
APPROVE = f"mutation($input: ApproveInput!) {{ approve(input: $input) {{ proposal {{ state }} {ERRORS} }} }}"
ASK = f"""mutation($input: AskForCorrectionInput!) {{
  askForCorrection(input: $input) {{ changeRequest {{ {REQUEST} }} {ERRORS} }} }}"""
CORRECT = (
    f"mutation($input: CorrectPersonInput!) {{ correctPerson(input: $input) {{ changeRequest {{ {REQUEST} }} {ERRORS} }} }}"
)
WITHDRAW = f"""mutation($input: ChangeRequestInput!) {{
  withdrawChangeRequest(input: $input) {{ changeRequest {{ {REQUEST} }} {ERRORS} }} }}"""
TAKE_UP = f"""mutation($input: ChangeRequestInput!) {{
  takeUpChangeRequest(input: $input) {{ changeRequest {{ {REQUEST} }} {ERRORS} }} }}"""
DECIDE = f"""mutation($input: DecideChangeRequestInput!) {{
  decideChangeRequest(input: $input) {{ changeRequest {{ {REQUEST} }} {ERRORS} }} }}"""
MINE = f"{{ me {{ changeRequests {{ {REQUEST} }} }} }}"
QUEUE = (
    f"query($state: ChangeRequestState) {{ changeRequests(state: $state, first: 100) {{ edges {{ node {{ {REQUEST} }} }} }} }}"
)
ONE = f"query($id: ID!) {{ changeRequest(id: $id) {{ {REQUEST} }} }}"
HISTORY = """edges { node { id cause source recordedAt effectiveOn attributes reason recordedBy
  was { status address } becomes { status address } } } pageInfo { hasNextPage }"""
OWN = f"""query($at: DateTime!) {{ me {{ person {{ address status }} personAsOf(at: $at) {{ address status }}
  history {{ {HISTORY} }} provenance {{ attribute cause source recordedAt }} }} }}"""
SEARCH = """query($by: PersonSearch!) { searchPersons(by: $by) {
  edges { id node { idcs name { given { ar latin } } birthDate } } pageInfo { hasNextPage } } }"""
RECORD = f"""query($id: ID!, $at: DateTime) {{ personRecord(id: $id, purpose: CASE_REVIEW, at: $at) {{
  id enrolledAt status statusSince statusUntil statusReason steps person {{ idcs cnie address token }}
  history {{ {HISTORY} }} provenance {{ attribute cause }} changeRequests {{ {REQUEST} }} }} }}"""


@pytest.fixture(scope="module")
def people(served: Instance) -> People:
    return People(served)


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    its = Town.of(served)
    yield its
    its.close()


@pytest.fixture
def amina(town: Town) -> LoadedPerson:
    """Somebody of her own: those whom the demonstration names stay as it says."""
    return town.person(birth_date=PartialDate(1931, 2, 7))


@pytest.fixture
def person(amina: LoadedPerson) -> UUID:
    return amina.person_id


@pytest.fixture
def me(people: People, person: UUID) -> Browser:
    return people.citizen(person)


@pytest.fixture
def supervisor(people: People) -> Person:
    return people.staff(Role.SUPERVISOR)


def evidence(served: Instance, person: UUID, kind: str = "JUDGEMENT") -> str:
    found = uuid7(served.now())
    served.sql(
        """insert into evidence (person_id, evidence_id, kind, media_type, size, digest, added_at)
           values ($1, $2, $3, 'application/pdf', 1, 'd', $4)""",
        *(person, found, kind, served.now()),
    )
    return str(found)


def ask(me: Browser, address: str, **more: Any) -> dict[str, Any]:
    payload = me.change(ASK, **{"kind": "UPDATE", "changes": {"address": address}} | more)
    assert user_errors(payload) == []
    made: dict[str, Any] = payload["changeRequest"]
    return made


def decide(who: Person, request: dict[str, Any], *, accept: bool = True, **more: Any) -> dict[str, Any]:
    given = {"request": request["id"], "hash": request["hash"], "code": who.fresh_code(), "accept": accept}
    return who.caller().change(DECIDE, **given | more)


def test_a_person_asks_somebody_decides_and_the_record_and_its_history_say_so(
    served: Instance, me: Browser, person: UUID, supervisor: Person
) -> None:
    before = me.data("{ me { person { address } } }")["me"]["person"]["address"]
    request = ask(me, "7, Rue des Essais", words="I moved.")
    assert (request["state"], request["attributes"], request["words"]) == ("SUBMITTED", ["person.address"], "I moved.")
    assert (request["was"]["address"], request["becomes"]["address"]) == (before, "7, Rue des Essais")
    assert (request["mine"], request["mayDecide"], request["mayWithdraw"]) == (True, False, True)
    at = served.now().isoformat()

    shown = supervisor.caller().data(ONE, {"id": request["id"]})["changeRequest"]
    assert (shown["hash"], shown["mayDecide"], shown["becomes"]["address"]) == (request["hash"], True, "7, Rue des Essais")
    queue = supervisor.caller().data(QUEUE)["changeRequests"]["edges"]
    assert request["id"] in [edge["node"]["id"] for edge in queue]
    taken = supervisor.caller().change(TAKE_UP, request=request["id"])
    assert taken["changeRequest"]["state"] == "IN_REVIEW"
    payload = decide(supervisor, request, words="Welcome there.")
    assert user_errors(payload) == []
    assert (payload["changeRequest"]["state"], payload["changeRequest"]["answer"]) == ("ACCEPTED", "Welcome there.")

    own = me.data(OWN, {"at": at})["me"]
    assert (own["person"]["address"], own["personAsOf"]["address"]) == ("7, Rue des Essais", before)
    first, *_, enrolled = [edge["node"] for edge in own["history"]["edges"]]
    assert (first["cause"], first["source"], first["recordedBy"]) == ("UPDATE", "HOLDER", None)
    assert (first["was"]["address"], first["becomes"]["address"], first["becomes"]["status"]) == (
        before,
        "7, Rue des Essais",
        None,
    )
    assert (enrolled["cause"], enrolled["was"]) == ("ENROLMENT", None)
    by = {its["attribute"]: its["cause"] for its in own["provenance"]}
    assert (by["person.address"], by["person.sex"]) == ("UPDATE", "ENROLMENT")
    record = supervisor.caller().data(RECORD, {"id": str(person)})["personRecord"]
    assert record["history"]["edges"][0]["node"]["recordedBy"] == supervisor.name
    assert record["changeRequests"][0]["state"] == "ACCEPTED"


def test_faults_lead_to_the_parts_of_the_input_and_nothing_is_written(served: Instance, me: Browser) -> None:
    changes = {"birthDate": "1999-02-30", "familyNameLatin": "Веnnani", "cnie": "?"}
    before = served.count("change_request"), served.count("message"), served.count("identifier")
    payload = me.change(ASK, kind="CORRECTION", changes=changes)
    assert sorted(user_errors(payload)) == [
        ("FOREIGN_LETTERS", ("changes", "familyNameLatin")),
        ("NOT_A_DATE", ("changes", "birthDate")),
        ("NOT_A_NUMBER", ("changes", "cnie")),
    ]
    assert (served.count("change_request"), served.count("message"), served.count("identifier")) == before
    payload = me.change(ASK, kind="UPDATE", changes={"address": "1, Rue X"}, effectiveOn="2999-01-01")
    assert user_errors(payload) == [("INVALID", ("effectiveOn",))]


def test_who_asked_or_does_not_reach_there_or_is_somebody_else_decides_nothing(
    served: Instance, people: People, me: Browser, person: UUID, supervisor: Person
) -> None:
    request = supervisor.caller().change(CORRECT, person=str(person), kind="UPDATE", changes={"address": "8, Rue des Essais"})[
        "changeRequest"
    ]
    assert (request["origin"], request["mine"], request["mayDecide"]) == ("CENTRE", True, False)
    given = {"request": request["id"], "hash": request["hash"], "code": supervisor.fresh_code(), "accept": True}
    assert codes(supervisor.caller().ask(DECIDE, {"input": given})) == [("FORBIDDEN", ("decideChangeRequest",))]
    (row,) = served.sql("select division from change_request where request_id = $1", UUID(request["id"]))
    elsewhere = "05" if row["division"][:2] != "05" else "06"
    far = people.staff(Role.SUPERVISOR, division=elsewhere)
    assert user_errors(decide(far, request)) == [("NOT_FOUND", ("request",))]
    assert user_errors(far.caller().change(TAKE_UP, request=request["id"])) == [("NOT_FOUND", ("request",))]
    assert far.caller().ask(ONE, {"id": request["id"]}).json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert request["id"] not in far.caller().ask(QUEUE).text
    payload = far.caller().change(CORRECT, person=str(person), kind="UPDATE", changes={"address": "9, Rue X"})
    assert user_errors(payload) == [("NOT_FOUND", ("person",))]
    agent = people.staff(Role.CENTRE_AGENT)
    assert [code for code, _ in codes(agent.caller().ask(DECIDE, {"input": given}))] == ["FORBIDDEN"]
    other = people.citizen(served.person_id(served.subject(30)["idcs"]))
    assert user_errors(other.change(WITHDRAW, request=request["id"])) == [("NOT_FOUND", ("request",))]
    assert user_errors(agent.caller().change(WITHDRAW, request=request["id"])) == [("NOT_FOUND", ("request",))]
    assert [each["id"] for each in me.data(MINE)["me"]["changeRequests"]] == [request["id"]]
    withdrawn = me.change(WITHDRAW, request=request["id"])
    assert withdrawn["changeRequest"]["state"] == "WITHDRAWN"
    assert user_errors(decide(people.staff(Role.SUPERVISOR), request)) == [("CONFLICT", ("request",))]


def test_that_a_card_is_somebodys_is_told_an_agent_a_few_times(town: Town, people: People, person: UUID) -> None:
    """The count stays, though what it counts is refused."""
    agent, number = people.staff(Role.CENTRE_AGENT), "TK77123"
    town.person(cnie=number)
    given = {"person": str(person), "kind": "CORRECTION", "changes": {"cnie": number}}
    for _ in range(REFUSED_NUMBER.limit):
        assert user_errors(agent.caller().change(CORRECT, **given)) == [("CONFLICT", ("changes", "cnie"))]
    assert [code for code, _ in codes(agent.caller().ask(CORRECT, {"input": given}))] == ["RATE_LIMITED"]
    assert user_errors(agent.caller().change(CORRECT, **given | {"changes": {"cnie": "TK77124"}})) == []


def test_a_wrong_code_or_hash_decides_nothing(people: People, me: Browser, supervisor: Person) -> None:
    request = ask(me, "10, Rue des Essais")
    assert user_errors(decide(supervisor, request, code="000000")) == [("INVALID", ("code",))]
    assert user_errors(decide(supervisor, request, hash="00" * 32)) == [("CONFLICT", ("hash",))]
    assert user_errors(decide(supervisor, request, reason="NOT_FOUNDED")) == [("INVALID", ("reason",))]
    assert user_errors(decide(supervisor, request, accept=False)) == [("INVALID", ("reason",))]
    refused = decide(people.staff(Role.SUPERVISOR), request, accept=False, reason="NOT_FOUNDED", words="Not so.")
    assert (refused["changeRequest"]["state"], refused["changeRequest"]["reason"]) == ("REJECTED", "NOT_FOUNDED")


def test_a_status_takes_two_people_and_counts_at_once(
    served: Instance, people: People, amina: LoadedPerson, person: UUID, supervisor: Person
) -> None:
    today, second = civil_date(served.now()), people.staff(Role.SUPERVISOR)
    given = {
        "person": str(person),
        "step": "SUSPEND",
        "reason": "JUDGEMENT",
        "effectiveOn": today.isoformat(),
        "until": (today + timedelta(days=10)).isoformat(),
        "evidence": [evidence(served, person)],
    }
    agent = people.staff(Role.CENTRE_AGENT)
    assert [code for code, _ in codes(agent.caller().ask(STATUS, {"input": given}))] == ["FORBIDDEN"]
    (row,) = served.sql("select count(*) as n from proposal where kind = 'PERSON_STATUS'")
    assert row["n"] == 0
    payload = supervisor.caller().change(STATUS, **given | {"effectiveOn": (today + timedelta(days=1)).isoformat()})
    assert user_errors(payload) == [("INVALID", ("effectiveOn",))]
    payload = supervisor.caller().change(STATUS, **given)
    assert user_errors(payload) == []
    proposal = payload["proposal"]
    assert amina.idcs.text not in proposal["change"]
    approval = {"proposal": proposal["id"], "hash": proposal["hash"]}
    own = supervisor.caller().ask(APPROVE, {"input": approval | {"code": supervisor.fresh_code()}})
    assert [code for code, _ in codes(own)] == ["FORBIDDEN"]
    record = supervisor.caller().data(RECORD, {"id": str(person)})["personRecord"]
    assert (record["status"], record["steps"]) == ("ACTIVE", ["SUSPEND", "DECLARE_DECEASED", "CANCEL"])
    done = second.caller().change(APPROVE, **approval | {"code": second.fresh_code()})
    assert done["proposal"]["state"] == "APPROVED"

    record = supervisor.caller().data(RECORD, {"id": str(person)})["personRecord"]
    assert (record["status"], record["statusReason"]) == ("SUSPENDED", "JUDGEMENT")
    assert record["statusUntil"] is not None
    assert "RESTORE" in record["steps"]
    node = record["history"]["edges"][0]["node"]
    assert (node["cause"], node["reason"], node["attributes"]) == ("STATUS", "JUDGEMENT", ["person.status"])
    assert (node["was"]["status"], node["becomes"]["status"]) == ("ACTIVE", "SUSPENDED")
    me = people.citizen(person)
    assert me.data("{ me { person { status } } }")["me"]["person"]["status"] == "SUSPENDED"


def test_staff_search_first_where_they_may_look_and_the_person_sees_it(
    served: Instance, people: People, amina: LoadedPerson, person: UUID
) -> None:
    agent = people.staff(Role.CENTRE_AGENT)
    by = {"idcs": amina.idcs.text, "purpose": "CASE_REVIEW"}
    (edge,) = agent.caller().data(SEARCH, {"by": by})["searchPersons"]["edges"]
    assert edge["id"] == str(person)
    assert edge["node"]["idcs"] == amina.idcs.text
    name, birth = edge["node"]["name"]["given"], edge["node"]["birthDate"]
    assert name["ar"] or name["latin"]
    record = agent.caller().data(RECORD, {"id": str(person)})
    assert record["personRecord"]["person"]["idcs"] == amina.idcs.text
    assert record["personRecord"]["person"]["token"] is None
    by_name = {"name": " ".join(filter(None, (name["latin"] or name["ar"],))), "birthDate": birth, "purpose": "CASE_REVIEW"}
    found = agent.caller().data(SEARCH, {"by": by_name})["searchPersons"]["edges"]
    assert str(person) in [edge["id"] for edge in found]
    far = people.staff(Role.CENTRE_AGENT, division=_elsewhere(served, people, person))
    assert far.caller().data(SEARCH, {"by": by})["searchPersons"]["edges"] == []
    answer = far.caller().ask(RECORD, {"id": str(person)})
    assert codes(answer) == [("NOT_FOUND", ("personRecord",))]
    for who in (people.staff(Role.AUDITOR).caller(), people.citizen(person)):
        assert [code for code, _ in codes(who.ask(SEARCH, {"by": by}))] == ["FORBIDDEN"]
        assert [code for code, _ in codes(who.ask(RECORD, {"id": str(person)}))] == ["FORBIDDEN"]
    looks = people.citizen(person).data("{ me { accesses(first: 50) { edges { node { field purpose } } } } }")["me"]["accesses"]
    fields = [edge["node"] for edge in looks["edges"]]
    assert {"field": "searchPersons", "purpose": "CASE_REVIEW"} in fields
    assert {"field": "personRecord", "purpose": "CASE_REVIEW"} in fields
    assert {"field": "history", "purpose": "CASE_REVIEW"} in fields


def _elsewhere(served: Instance, people: People, person: UUID) -> str:
    home = people.citizen(person).data("{ me { person { residence { code } } } }")["me"]["person"]["residence"]["code"]
    return "05" if home[:2] != "05" else "06"
