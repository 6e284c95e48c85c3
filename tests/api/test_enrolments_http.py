"""Enrolment over real HTTP, and pre-registration as pages ask for it: the whole way, four callers, and a biometric matcher."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest

from access.rights import Duty, Role
from core.ids import uuid7
from identity.imports import LoadedPerson
from tests.api.citizens import CASABLANCA, ERRORS, RABAT, Town
from tests.api.people import Browser, user_errors
from tests.api.serving import Agency, Instance, codes

NOTHING = "00000000-0000-0000-0000-000000000007"
_STATE = "id number state reason own basis channel testimonies obstacles openCases evidenceNeeded evidence formHash"
_PERSON = "idcs name { given { ar latin } family { latin } } birthDate cnie telephone residence { code }"
_FORM = f"form {{ guardian guarded mother father person {{ {_PERSON} }} }}"
REQUEST = f"{{ enrolment {{ {_STATE} {_FORM} }} {ERRORS} }}"
PLAIN = f"{{ enrolment {{ {_STATE} }} {ERRORS} }}"


def mutation(name: str, input_: str, payload: str = PLAIN) -> str:
    return f"mutation($input: {input_}!) {{ {name}(input: $input) {payload} }}"


BEGIN = mutation("beginEnrolment", "BeginEnrolmentInput", REQUEST)
REGISTER = mutation("registerPerson", "BeginEnrolmentInput")
AMEND = mutation("amendEnrolment", "AmendEnrolmentInput")
SUBMIT = mutation("submitEnrolment", "EnrolmentInput")
REVIEW = mutation("reviewEnrolment", "EnrolmentInput")
ACCEPT = mutation("acceptEnrolment", "EnrolmentInput", REQUEST)
REJECT = mutation("rejectEnrolment", "RejectEnrolmentInput")
ASK = mutation("askForTestimony", "AskForTestimonyInput", f"{{ challenge expiresAt {ERRORS} }}")
GIVE = mutation("giveTestimony", "GiveTestimonyInput")
_OPENING = f"{{ opening {{ division {{ code }} opensOn closesOn open }} {ERRORS} }}"
OPEN = mutation("openEnrolment", "OpenEnrolmentInput", _OPENING)
CLOSE = mutation("closeEnrolment", "OpenEnrolmentInput", _OPENING)
HIT = mutation("reportBiometricHit", "ReportBiometricHitInput", f"{{ case {ERRORS} }}")
PRE_REGISTER = mutation("preRegister", "PreRegisterInput", f"{{ code enrolment {{ {_STATE} }} {ERRORS} }}")
RESUME = mutation("resumePreRegistration", "ReceiptInput", REQUEST)
AMEND_OWN = mutation("amendPreRegistration", "AmendPreRegistrationInput", REQUEST)
ONE = f"query($id: ID, $receipt: String) {{ enrolment(id: $id, receipt: $receipt) {{ {_STATE} {_FORM} }} }}"
LIST = f"""query($state: EnrolmentState, $first: Int, $after: String) {{
  enrolments(state: $state, first: $first, after: $after) {{
    edges {{ node {{ {_STATE} {_FORM} }} cursor }}
    pageInfo {{ hasNextPage endCursor }} }} }}"""
OWN = (
    f"query($receipt: String!, $code: String!) {{ enrolmentByReceipt(receipt: $receipt, code: $code) {{ {_STATE} {_FORM} }} }}"
)
OPENINGS = "{ openings { division { code } open } }"
_numbers = count(1)


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture(scope="module")
def matcher(served: Instance) -> Agency:
    return served.enrol(duties=[Duty.BIOMETRIC_MATCHING])


def form(**changes: Any) -> dict[str, Any]:
    """Somebody else each time."""
    number = next(_numbers)
    letters = "abcdefghijklmnopqrstuvwxyz"
    name = "".join(letters[int(digit)] for digit in f"{number:04d}")
    its = {
        "givenNameLatin": f"Zoul{name}",
        "familyNameLatin": f"Ouh{name[::-1]}mi",
        "birthDate": f"19{50 + number % 40}-0{number % 9 + 1}-11",
        "sex": "F",
        "nationality": "Maroc",
        "cnie": f"wz {number:06d}",
        "residence": CASABLANCA,
        "telephone": f"06 99 {number // 10000:02d} {number // 100 % 100:02d} {number % 100:02d}",
        "basis": "DOCUMENTS",
    }
    return its | changes


def begun(agent: Browser, **changes: Any) -> dict[str, Any]:
    payload = agent.change(BEGIN, form=form(**changes), lang="FR")
    assert payload["userErrors"] == [], payload
    made: dict[str, Any] = payload["enrolment"]
    return made


def step(browser: Browser, document: str, request: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    payload = browser.change(document, enrolment=request["id"], **more)
    assert payload["userErrors"] == [], payload
    made: dict[str, Any] = payload["enrolment"]
    return made


def with_evidence(town: Town, request: Mapping[str, Any], kind: str = "CNIE") -> None:
    now = town.instance.now()
    town.instance.sql(
        """insert into evidence (person_id, evidence_id, kind, media_type, size, digest, added_at)
           values ($1, $2, $3, 'image/png', 1, 'd', $4)""",
        request["id"],
        uuid7(now),
        kind,
        now,
    )


def reviewed(town: Town, agent: Browser, decider: Browser, **changes: Any) -> dict[str, Any]:
    request = begun(agent, **changes)
    step(agent, SUBMIT, request)
    with_evidence(town, request)
    return step(decider, REVIEW, request)


# --- the whole way


def test_somebody_is_enrolled_by_two_people_and_has_a_number_then(town: Town) -> None:
    agent, decider = town.agent().caller(), town.supervisor().caller()
    request = begun(agent)
    assert (request["state"], request["channel"], request["own"]) == ("DRAFT", "CENTRE", True)
    assert re.fullmatch(r"\d{4}-\d{4}-\d{4}", request["number"])
    its = request["form"]["person"]
    assert its["cnie"].startswith("WZ")
    assert its["telephone"].startswith("+212699")
    assert (its["idcs"], its["residence"]) == (None, {"code": CASABLANCA})
    submitted = step(agent, SUBMIT, request)
    assert (submitted["state"], submitted["evidenceNeeded"], submitted["obstacles"]) == (
        "SUBMITTED",
        [["CNIE"]],
        ["EVIDENCE_MISSING"],
    )
    assert len(submitted["formHash"]) == 64
    step(decider, REVIEW, request)
    refused = decider.change(ACCEPT, enrolment=request["id"])
    assert user_errors(refused) == [("EVIDENCE_MISSING", ("enrolment",))]
    with_evidence(town, request)
    accepted = step(decider, ACCEPT, request)
    assert (accepted["state"], accepted["own"], accepted["obstacles"]) == ("ACCEPTED", False, [])
    idcs = accepted["form"]["person"]["idcs"]
    assert str(town.instance.person_id(idcs)) == request["id"]
    assert idcs in town.told(request_id(request), "ENROLMENT_ACCEPTED")[0][1]
    # The holder signs in with it.
    challenge = town.begin(idcs)["challenge"]
    assert town.finish(challenge, town.code(request_id(request)))["userErrors"] == []


def test_all_faults_are_told_at_once_with_codes_and_paths_and_nothing_is_written(town: Town) -> None:
    agent = town.agent().caller()
    before = town.instance.count("enrolment"), town.instance.count("identifier")
    payload = agent.change(
        REGISTER,
        form={
            "givenNameAr": "Yassine",
            "familyNameLatin": "E" * 10_000,
            "birthDate": "2031-02-30",
            "nationality": "SEN",
            "cnie": "BK1",
            "residence": CASABLANCA,
        },
        lang="AR",
    )
    assert payload["enrolment"] is None
    assert user_errors(payload) == [
        ("WRONG_SCRIPT", ("form", "givenNameAr")),
        ("TOO_LONG", ("form", "familyNameLatin")),
        ("NOT_A_DATE", ("form", "birthDate")),
        ("NOT_FOR_FOREIGNERS", ("form", "cnie")),
    ]
    assert "Yassine" not in json.dumps(payload)
    assert (town.instance.count("enrolment"), town.instance.count("identifier")) == before


def test_register_person_does_both_or_nothing_and_once_for_its_key(town: Town) -> None:
    agent = town.agent().caller()
    before = town.instance.count("enrolment")
    incomplete = agent.change(REGISTER, form=form(sex=None), lang="FR")
    assert user_errors(incomplete) == [("MISSING", ("form", "sex"))]
    assert town.instance.count("enrolment") == before
    its = form()
    made = [agent.change(REGISTER, form=its, lang="FR", requestKey="once") for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["enrolment"]["state"] == "SUBMITTED"
    assert town.instance.count("enrolment") == before + 1


def test_a_draft_is_amended_found_by_its_receipt_and_refused_for_a_reason(town: Town) -> None:
    agent, decider = town.agent().caller(), town.supervisor().caller()
    request = begun(agent, givenNameLatin="Amal")
    payload = agent.change(AMEND, enrolment=request["id"], form=form(givenNameLatin="Ahlam"))
    assert payload["userErrors"] == []
    found = agent.data(ONE, {"receipt": request["number"]})["enrolment"]
    assert found["form"]["person"]["name"]["given"]["latin"] == "Ahlam"
    step(agent, SUBMIT, request)
    refused = step(decider, REJECT, request, reason="NOT_RESIDENT")
    assert (refused["state"], refused["reason"]) == ("REJECTED", "NOT_RESIDENT")
    assert user_errors(decider.change(ACCEPT, enrolment=request["id"])) == [("CONFLICT", ("enrolment",))]


def test_whoever_may_be_on_record_already_stays_in_review(town: Town) -> None:
    agent, decider = town.agent().caller(), town.supervisor().caller()
    known = form()
    first = begun(agent, **known)
    step(agent, SUBMIT, first)
    with_evidence(town, first)
    step(decider, REVIEW, first)
    second = begun(agent, **known | {"telephone": None})
    step(agent, SUBMIT, second)
    with_evidence(town, second)
    step(decider, REVIEW, second)
    step(decider, ACCEPT, first)
    blocked = decider.change(ACCEPT, enrolment=second["id"])
    assert user_errors(blocked) == [("CASE_OPEN", ("enrolment",))]
    assert (blocked["enrolment"]["state"], blocked["enrolment"]["openCases"]) == ("IN_REVIEW", 1)
    assert town.instance.count("duplicate_case", "person_id = $1", request_id(second)) == 1
    assert user_errors(decider.change(ACCEPT, enrolment=second["id"])) == [("CASE_OPEN", ("enrolment",))]
    assert first["id"] not in json.dumps(blocked)


def test_lists_hold_what_lies_where_one_works_and_tell_nothing_of_people(town: Town) -> None:
    agent, elsewhere, decider = town.agent().caller(), town.agent(RABAT).caller(), town.supervisor().caller()
    request = begun(agent)
    step(agent, SUBMIT, request)

    def shown(browser: Browser) -> dict[str, Any]:
        found: dict[str, Any] = {}
        after = None
        while True:
            page = browser.data(LIST, {"state": "SUBMITTED", "first": 100, "after": after})["enrolments"]
            found |= {edge["node"]["id"]: edge["node"] for edge in page["edges"]}
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    assert shown(decider)[request["id"]]["form"] is None
    assert request["id"] in shown(agent)
    assert request["id"] not in shown(elsewhere)
    for given in ({"id": request["id"]}, {"receipt": request["number"]}):
        assert [code for code, _ in codes(elsewhere.ask(ONE, given))] == ["NOT_FOUND"]


def test_what_an_agent_sees_is_what_is_asked_for_and_entered(town: Town) -> None:
    agent = town.agent().caller()
    request = begun(agent)
    before = town.instance.count("ledger_entry")
    assert agent.data("query($id: ID) { enrolment(id: $id) { state } }", {"id": request["id"]})["enrolment"]["state"] == "DRAFT"
    assert town.instance.count("ledger_entry") == before
    agent.data("query($id: ID) { enrolment(id: $id) { form { person { cnie } } } }", {"id": request["id"]})
    (row,) = town.instance.sql(
        "select leaf, sealed, entry_id from ledger_entry where subject_id = $1 order by recorded_at desc limit 1",
        request_id(request),
    )
    (its,) = town.instance.sql("select data_key from enrolment where person_id = $1", request_id(request))
    key = town.instance.keys.masters.unwrap(request_id(request), its["data_key"])
    assert orjson.loads(key.open("ledger.details", row["entry_id"], row["sealed"]))["uses"] == {"person.cnie": "RELEASE"}
    assert orjson.loads(row["leaf"])["field"] == "enrolment"


# --- testimonies


def test_two_witnesses_give_their_codes_at_the_centre(town: Town) -> None:
    agent, decider = town.agent().caller(), town.supervisor().caller()
    request = begun(agent, basis="TESTIMONY", cnie=None)
    step(agent, SUBMIT, request)
    step(decider, REVIEW, request)
    for _ in range(2):
        witness = town.person()
        asked = agent.change(ASK, enrolment=request["id"], idcs=witness.idcs.text)
        assert asked["userErrors"] == []
        wrong = agent.change(GIVE, challenge=asked["challenge"], code="000000")
        assert user_errors(wrong) == [("INVALID", ("code",))]
        given = agent.change(GIVE, challenge=asked["challenge"], code=town.code(witness.person_id, "TESTIMONY_CODE"))
        assert given["userErrors"] == [], given
    assert step(decider, ACCEPT, request)["testimonies"] == 2
    unknown = agent.change(ASK, enrolment=begun(agent, basis="TESTIMONY", cnie=None)["id"], idcs="2516116556")
    assert unknown["userErrors"] == []
    assert unknown["challenge"] is not None


# --- openings


def test_an_administrator_says_where_people_are_enrolled(town: Town) -> None:
    administrator = town.people.staff(Role.ADMINISTRATOR).caller()
    made = administrator.change(OPEN, division="08", on="2026-01-01")
    assert made == {
        "opening": {"division": {"code": "08"}, "opensOn": "2026-01-01", "closesOn": None, "open": True},
        "userErrors": [],
    }
    closed = administrator.change(CLOSE, division="08")
    assert closed["opening"]["open"] is False
    assert {"division": {"code": "08"}, "open": False} in administrator.data(OPENINGS)["openings"]
    assert user_errors(administrator.change(OPEN, division="13")) == [("INVALID", ("division",))]
    administrator.change(OPEN, division="08", on="2026-01-01")
    local = town.people.staff(Role.ADMINISTRATOR, division=RABAT).caller()
    assert [code for code, _ in codes(local.ask(OPEN, {"input": {"division": CASABLANCA}}))] == ["FORBIDDEN"]


# --- the matcher


def test_a_hit_stops_an_acceptance_until_it_is_decided_and_is_one_case_however_often_it_comes(
    town: Town, matcher: Agency, fund: Agency
) -> None:
    agent, decider = town.agent().caller(), town.supervisor().caller()
    known: LoadedPerson = town.person()
    request = reviewed(town, agent, decider)
    hit = {"receipt": request["number"], "candidate": {"idcs": known.idcs.text}, "score": "0.9731"}
    machine = matcher.caller()
    told = [
        machine.ask(HIT, {"input": hit | {"requestKey": key}}).json()["data"]["reportBiometricHit"] for key in ("a", "a", "b")
    ]
    assert told[0] == told[1] == told[2]
    assert told[0]["userErrors"] == []
    (case,) = town.instance.sql("select * from duplicate_case where person_id = $1", request_id(request))
    assert (case["origin"], case["state"], case["reported_by"]) == ("BIOMETRIC", "OPEN", matcher.agency_id)
    assert json.loads(case["fields"]) == {"score": "0.9731"}
    assert (str(case["case_id"]), case["other_id"]) == (told[0]["case"], known.person_id)
    assert user_errors(decider.change(ACCEPT, enrolment=request["id"])) == [("CASE_OPEN", ("enrolment",))]
    town.instance.sql(
        "update duplicate_case set state = 'DIFFERENT', decided_at = $2 where person_id = $1",
        request_id(request),
        town.instance.now(),
    )
    assert machine.ask(HIT, {"input": hit}).json()["data"]["reportBiometricHit"]["case"] == told[0]["case"]
    step(decider, ACCEPT, request)
    # One answer to an unknown receipt and to an unknown candidate.
    refusals = set()
    for changes in ({"receipt": begun(agent)["number"], "candidate": {"idcs": "2516116556"}}, {"receipt": "1000-0000-0008"}):
        answer = machine.ask(HIT, {"input": hit | changes}).json()["data"]["reportBiometricHit"]
        refusals.add(tuple(path for _, path in user_errors(answer)))
    assert refusals == {(("receipt",),)}
    # Others have no such right, nor can they ask for its scope.
    assert [code for code, _ in codes(fund.caller().ask(HIT, {"input": hit}))] == ["FORBIDDEN"]
    assert town.instance.count("duplicate_case", "origin = 'BIOMETRIC'") == 1


def test_a_duty_that_is_taken_counts_at_once(town: Town, matcher: Agency) -> None:
    machine = matcher.caller()
    request = begun(town.agent().caller())
    hit = {"receipt": request["number"], "candidate": {"idcs": town.person().idcs.text}, "score": "1.5"}
    assert user_errors(machine.ask(HIT, {"input": hit}).json()["data"]["reportBiometricHit"]) == [("INVALID", ("score",))]
    town.instance.sql("update agency set duties = '{}' where agency_id = $1", matcher.agency_id)
    try:
        assert [code for code, _ in codes(machine.ask(HIT, {"input": hit | {"score": "1"}}))] == ["FORBIDDEN"]
    finally:
        town.instance.sql("update agency set duties = '{BIOMETRIC_MATCHING}' where agency_id = $1", matcher.agency_id)


# --- pre-registration, as pages ask for it


def test_somebody_without_an_account_begins_comes_back_and_is_taken_up_at_a_centre(town: Town) -> None:
    door, here = town.door, {"address": "198.51.100.40"}
    made = door.payload(PRE_REGISTER, {"form": form(givenNameLatin="Salma"), "lang": "FR"}, **here)
    assert made["userErrors"] == []
    receipt = {"receipt": made["enrolment"]["number"], "code": made["code"]}
    assert (made["enrolment"]["state"], made["enrolment"]["channel"]) == ("DRAFT", "ONLINE")
    shown = door.ask(OWN, **here, **receipt)["data"]["enrolmentByReceipt"]
    assert shown["form"]["person"]["name"]["given"]["latin"] == "Salma"
    assert door.payload(RESUME, receipt, **here)["enrolment"]["state"] == "DRAFT"
    amended = door.payload(AMEND_OWN, receipt | {"form": form(givenNameLatin="Selma")}, **here)
    assert amended["enrolment"]["form"]["person"]["name"]["given"]["latin"] == "Selma"
    wrong = receipt | {"code": "AAAA-AAAA-AAAA"}
    for document, given in ((RESUME, wrong), (AMEND_OWN, wrong | {"form": form()})):
        payload = door.payload(document, given, **here)
        assert user_errors(payload) == [("INVALID", ("code",))]
        assert payload["enrolment"] is None
    refused = door.ask(OWN, **here, **wrong)
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["INVALID"]
    agent = town.agent().caller()
    found = agent.data(ONE, {"receipt": receipt["receipt"]})["enrolment"]
    assert (found["id"], found["form"]["person"]["name"]["given"]["latin"]) == (made["enrolment"]["id"], "Selma")
    step(agent, SUBMIT, found)
    assert user_errors(door.payload(AMEND_OWN, receipt | {"form": form()}, **here)) == [("CONFLICT", ("enrolment",))]
    assert door.ask(OWN, **here, **receipt)["data"]["enrolmentByReceipt"]["state"] == "SUBMITTED"
    rows = town.instance.sql("select secret_hash, number from enrolment where person_id = $1", request_id(found))
    assert made["code"].encode() not in bytes(rows[0]["secret_hash"])


# --- who lacks the right


ALL = {
    "beginEnrolment": (BEGIN, {"form": {}, "lang": "FR"}),
    "registerPerson": (REGISTER, {"form": {}, "lang": "FR"}),
    "amendEnrolment": (AMEND, {"enrolment": NOTHING, "form": {}}),
    "submitEnrolment": (SUBMIT, {"enrolment": NOTHING}),
    "reviewEnrolment": (REVIEW, {"enrolment": NOTHING}),
    "acceptEnrolment": (ACCEPT, {"enrolment": NOTHING}),
    "rejectEnrolment": (REJECT, {"enrolment": NOTHING, "reason": "DATA_WRONG"}),
    "askForTestimony": (ASK, {"enrolment": NOTHING, "idcs": "2516116556"}),
    "giveTestimony": (GIVE, {"challenge": NOTHING, "code": "000000"}),
    "openEnrolment": (OPEN, {"division": CASABLANCA}),
    "closeEnrolment": (CLOSE, {"division": CASABLANCA}),
    "reportBiometricHit": (HIT, {"receipt": "x", "candidate": {"idcs": "2516116556"}, "score": "1"}),
    "preRegister": (PRE_REGISTER, {"form": {}, "lang": "FR"}),
    "resumePreRegistration": (RESUME, {"receipt": "x", "code": "x"}),
    "amendPreRegistration": (AMEND_OWN, {"receipt": "x", "code": "x", "form": {}}),
}
RIGHT = {
    Role.CENTRE_AGENT: {
        "beginEnrolment",
        "registerPerson",
        "amendEnrolment",
        "submitEnrolment",
        "askForTestimony",
        "giveTestimony",
    },
    Role.ADJUDICATOR: {"reviewEnrolment", "acceptEnrolment", "rejectEnrolment"},
    Role.ADMINISTRATOR: {"openEnrolment", "closeEnrolment"},
    Role.AUDITOR: set[str](),
}


@pytest.mark.parametrize("name", ALL)
def test_nobody_and_who_lacks_the_right_change_nothing(town: Town, fund: Agency, name: str) -> None:
    document, given = ALL[name]
    citizen = town.citizen(town.person())
    before = {table: town.instance.count(table) for table in ("enrolment", "identifier", "opening", "testimony", "message")}
    assert citizen.ask(document, {"input": given}, cookie=None).status_code == 401
    others = [town.people.staff(role).caller() for role, right in RIGHT.items() if name not in right]
    for caller in (citizen, *others):
        assert [code for code, _ in codes(caller.ask(document, {"input": given}))] == ["FORBIDDEN"]
    assert [code for code, _ in codes(fund.caller().ask(document, {"input": given}))] == ["FORBIDDEN"]
    assert {table: town.instance.count(table) for table in before} == before


@pytest.mark.parametrize(
    ("document", "variables"),
    [(ONE, {"id": NOTHING}), (LIST, {}), (OWN, {"receipt": "x", "code": "x"})],
    ids=["enrolment", "enrolments", "enrolmentByReceipt"],
)
def test_requests_are_shown_to_nobody_who_has_no_part_in_them(
    town: Town, fund: Agency, document: str, variables: Mapping[str, Any]
) -> None:
    citizen = town.citizen(town.person())
    assert citizen.ask(document, variables, cookie=None).status_code == 401
    for caller in (citizen, town.people.staff(Role.AUDITOR).caller(), town.people.staff(Role.ADMINISTRATOR).caller()):
        assert [code for code, _ in codes(caller.ask(document, variables))] == ["FORBIDDEN"]
    assert [code for code, _ in codes(fund.caller().ask(document, variables))] == ["FORBIDDEN"]


def request_id(request: Mapping[str, Any]) -> UUID:
    return UUID(request["id"])
