"""Citizens over real HTTP and as pages ask: four callers for each mutation, what `me` tells, and what a session is good for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from access.rights import Role
from api.edge import ASSISTED, SESSION
from identity.imports import LoadedPerson
from tests.api import citizens
from tests.api.citizens import (
    ACT_FOR,
    ANSWER_REPORT,
    ANSWER_WITNESS,
    ASK,
    BEGIN,
    BEGIN_ASSISTED,
    CASABLANCA,
    CHANGE,
    FINISH,
    OPEN_ASSISTED,
    RABAT,
    REPORT,
    STOP,
    Town,
)
from tests.api.people import Browser, user_errors
from tests.api.serving import Agency, Caller, Instance, codes

TABLES = (
    "one_time_code",
    "message",
    "session",
    "telephone_change",
    "telephone_witness",
    "access_report",
    "done",
    "ledger_entry",
)
STRANGER = "2516116556"
NEW = "+212612345678"


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


def rows(town: Town) -> dict[str, int]:
    return {table: town.instance.count(table) for table in TABLES}


def grown(town: Town, before: Mapping[str, int]) -> set[str]:
    """The tables that have more rows now. Some have fewer: what is past is forgotten meanwhile."""
    return {table for table, here in rows(town).items() if here > before[table]}


# --- four callers for each mutation: nobody, one without the right, the right kind but not theirs, the right one


@dataclass(frozen=True)
class Scene:
    """Who asks for what: `wrong` is of the right kind, but it is not theirs; `right` is who may."""

    document: str
    given: Mapping[str, Any]
    without: Browser
    wrong: Browser
    right: Browser
    refusals: list[tuple[str, tuple[str, ...]]]


def acting(town: Town) -> Scene:
    guardian, ward = town.guardian_and_ward()
    return Scene(
        ACT_FOR,
        {"ward": str(ward.person_id)},
        town.agent().caller(),
        town.citizen(town.person()),
        town.citizen(guardian),
        [("INVALID", ("ward",))],
    )


def changing(town: Town) -> Scene:
    given = {"idcs": town.person().idcs.text, "telephone": NEW}
    return Scene(
        CHANGE,
        given,
        town.people.staff(Role.AUDITOR).caller(),
        town.agent(RABAT).caller(),
        town.agent().caller(),
        [("INVALID", ("idcs",))],
    )


def begun(town: Town, person: LoadedPerson) -> str:
    made = town.agent().caller().change(CHANGE, idcs=person.idcs.text, telephone=NEW)
    return str(made["telephoneChange"]["id"])


def stopping(town: Town) -> Scene:
    amina = town.person()
    return Scene(
        STOP,
        {"change": begun(town, amina)},
        town.people.staff(Role.AUDITOR).caller(),
        town.citizen(town.person()),
        town.citizen(amina),
        [("INVALID", ("change",))],
    )


def stopping_there(town: Town) -> Scene:
    amina = town.person()
    begun(town, amina)
    return Scene(
        STOP,
        {"idcs": amina.idcs.text},
        town.people.staff(Role.AUDITOR).caller(),
        town.agent(RABAT).caller(),
        town.agent().caller(),
        [("INVALID", ("idcs",))],
    )


def vouching(town: Town) -> Scene:
    amina, one, other = town.person(), town.person(), town.person()
    request = asked(town, amina, one, other)
    return Scene(
        ANSWER_WITNESS,
        {"request": request, "confirmed": True},
        town.agent().caller(),
        town.citizen(amina),
        town.citizen(one),
        [("INVALID", ("request",))],
    )


def asked(town: Town, applicant: LoadedPerson, one: LoadedPerson, other: LoadedPerson, telephone: str = NEW) -> str:
    """Asks the two to vouch for the applicant: the id of the request."""
    given = {
        "idcs": applicant.idcs.text,
        "name": "Amina Bennani",
        "telephone": telephone,
        "witnesses": [one.idcs.text, other.idcs.text],
    }
    assert town.door.payload(ASK, given, address=address()) == {"done": True, "userErrors": []}
    (row,) = town.instance.sql(
        "select change_id from telephone_witness where person_id = $1 order by change_id desc limit 1", one.person_id
    )
    return str(row["change_id"])


def address() -> str:
    number = uuid4().int
    return f"198.{number % 100 + 1}.{number // 100 % 250}.{number // 25_000 % 250}"


def looked_at(town: Town) -> tuple[LoadedPerson, str]:
    """Somebody whom an agency was told of, and the entry."""
    amina = town.person()
    agency = town.instance.enrol(
        purposes=["ELIGIBILITY"],
        attributes={"person.given_name": {"uses": ["RELEASE", "MATCH"]}, "person.sex": {"uses": ["MATCH"]}},
        mandates={"ELIGIBILITY": ["person.given_name", "person.sex"]},
    )
    document = "query($i: String!) { person(subject: {idcs: $i}, purpose: ELIGIBILITY) { name { given { latin } } } }"
    assert agency.caller().data(document, {"i": amina.idcs.text})["person"]["name"]["given"] == {"latin": "Amina"}
    return amina, town.entry(amina.person_id)


def reporting(town: Town) -> Scene:
    amina, entry = looked_at(town)
    return Scene(
        REPORT,
        {"entry": entry, "text": "This was not me."},
        town.agent().caller(),
        town.citizen(town.person()),
        town.citizen(amina),
        [("INVALID", ("entry",))],
    )


def answering(town: Town) -> Scene:
    amina, entry = looked_at(town)
    made = town.citizen(amina).change(REPORT, entry=entry, text="This was not me.")
    return Scene(
        ANSWER_REPORT,
        {"report": made["accessReport"]["id"], "text": "It was a mistake."},
        town.agent().caller(),
        town.supervisor(RABAT).caller(),
        town.supervisor().caller(),
        [("NOT_FOUND", ("report",))],
    )


def opening(town: Town) -> Scene:
    amina, agent = town.person(), town.agent()
    browser = agent.caller()
    challenge = browser.change(BEGIN_ASSISTED, idcs=amina.idcs.text, form="CONSENTS")["challenge"]
    return Scene(
        OPEN_ASSISTED,
        {"challenge": challenge, "code": town.code(amina.person_id, "ASSIST_CODE")},
        town.citizen(amina),
        town.agent().caller(),
        browser,
        [("INVALID", ("code",))],
    )


SCENES: dict[str, Callable[[Town], Scene]] = {
    "actFor": acting,
    "changeTelephone": changing,
    "stopTelephoneChange": stopping,
    "stopTelephoneChange at a centre": stopping_there,
    "answerAsWitness": vouching,
    "reportAccess": reporting,
    "answerAccessReport": answering,
    "openAssistedSession": opening,
}


@pytest.mark.parametrize("name", SCENES)
def test_four_callers(town: Town, name: str) -> None:
    scene = SCENES[name](town)
    before = rows(town)
    nobody = scene.right.ask(scene.document, {"input": scene.given}, cookie=None)
    assert (nobody.status_code, [code for code, _ in codes(nobody)]) == (401, ["UNAUTHENTICATED"])
    without = scene.without.ask(scene.document, {"input": scene.given})
    assert [code for code, _ in codes(without)] == ["FORBIDDEN"], without.text
    assert grown(town, before) == set()
    wrong = scene.wrong.change(scene.document, **scene.given)
    assert user_errors(wrong) == scene.refusals
    assert grown(town, before) <= {"ledger_entry"}, "but for the look that was taken"
    right = scene.right.change(scene.document, **scene.given)
    assert right["userErrors"] == [], right
    assert [value for part, value in right.items() if part != "userErrors" and value]


DOORS_OF_NOBODY: dict[str, tuple[str, Callable[[Town], Mapping[str, Any]]]] = {
    "beginSignIn": (BEGIN, lambda town: {"idcs": town.person().idcs.text, "lang": "FR"}),
    "finishSignIn": (FINISH, lambda _: {"challenge": str(uuid4()), "code": "123456"}),
    "askForTelephoneChange": (
        ASK,
        lambda town: {
            "idcs": town.person().idcs.text,
            "name": "Amina Bennani",
            "telephone": NEW,
            "witnesses": [town.person().idcs.text, town.person().idcs.text],
        },
    ),
}


@pytest.mark.parametrize("name", DOORS_OF_NOBODY)
def test_what_is_for_nobody_on_a_page_is_for_nobody_else(town: Town, cnss: Caller, name: str) -> None:
    document, make = DOORS_OF_NOBODY[name]
    given = make(town)
    citizen, agent = town.citizen(town.person()), town.agent().caller()
    before = rows(town)
    nobody = citizen.ask(document, {"input": given}, cookie=None)
    assert (nobody.status_code, [code for code, _ in codes(nobody)]) == (401, ["UNAUTHENTICATED"])
    for caller in (citizen, agent, cnss):
        answer = caller.ask(document, {"input": given})
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"], answer.text
    assert grown(town, before) == set()


def test_an_assisted_session_is_begun_where_the_agent_works_and_nobody_elsewhere_is_told(town: Town) -> None:
    amina = town.person()
    given = {"idcs": amina.idcs.text, "form": "CONSENTS"}
    agent = town.agent().caller()
    nobody = agent.ask(BEGIN_ASSISTED, {"input": given}, cookie=None)
    assert (nobody.status_code, town.told(amina.person_id, "ASSIST_CODE")) == (401, [])
    for without in (town.citizen(amina), town.people.staff(Role.PUBLISHER).caller()):
        assert [code for code, _ in codes(without.ask(BEGIN_ASSISTED, {"input": given}))] == ["FORBIDDEN"]
    there = town.agent(RABAT).caller().change(BEGIN_ASSISTED, **given)
    unknown = agent.change(BEGIN_ASSISTED, **given | {"idcs": STRANGER})
    assert town.told(amina.person_id, "ASSIST_CODE") == []
    here = agent.change(BEGIN_ASSISTED, **given)
    assert len(town.told(amina.person_id, "ASSIST_CODE")) == 1
    assert [set(each) for each in (there, unknown, here)] == [{"challenge", "expiresAt", "userErrors"}] * 3
    assert [each["userErrors"] for each in (there, unknown, here)] == [[]] * 3


# --- signing in


def test_a_citizen_signs_in_and_sees_who_they_are(town: Town) -> None:
    amina = town.person()
    browser = town.signed_in(amina)
    told = browser.data("{ me { kind displayName ward assisted rights person { idcs telephone residence { code } } } }")["me"]
    assert told == {
        "kind": "CITIZEN",
        "displayName": "أمينة بناني",
        "ward": None,
        "assisted": False,
        "rights": [
            "access:report",
            "consent:answer",
            "consent:read",
            "self:manage",
            "self:read",
            "telephone:witness",
            "ward:act",
        ],
        "person": {
            "idcs": amina.idcs.text,
            "telephone": told["person"]["telephone"],
            "residence": {"code": CASABLANCA},
        },
    }
    assert told["person"]["telephone"].startswith("+21273990")


def test_the_display_name_follows_the_language_that_was_chosen(town: Town) -> None:
    amina = town.person()
    challenge = town.begin(amina.idcs.text)["challenge"]
    made = town.finish(challenge, town.code(amina.person_id), lang="FR")
    assert Browser(town.instance, made["token"]).data("{ me { displayName } }") == {"me": {"displayName": "Amina Bennani"}}


def test_a_known_and_an_unknown_number_are_answered_alike(town: Town) -> None:
    known, unknown = town.begin(town.person().idcs.text, address=address()), town.begin(STRANGER, address=address())
    assert known.keys() == unknown.keys()
    assert known["userErrors"] == unknown["userErrors"] == []
    assert [UUID(each["challenge"]).version for each in (known, unknown)] == [7, 7]


def test_what_is_no_number_is_told_so(town: Town) -> None:
    told = town.begin("12345")
    assert (told["challenge"], user_errors(told)) == (None, [("INVALID", ("idcs",))])
    told = town.finish("nonsense", "123456")
    assert (told["token"], user_errors(told)) == (None, [("INVALID", ("challenge",))])


def test_a_device_is_known_again_by_its_cookie(town: Town) -> None:
    amina = town.person()
    challenge = town.begin(amina.idcs.text)["challenge"]
    device = town.finish(challenge, town.code(amina.person_id))["device"]
    told = len(town.told(amina.person_id, "NEW_SIGN_IN"))
    town.signed_in(amina, device=device)
    assert len(town.told(amina.person_id, "NEW_SIGN_IN")) == told == 2


def test_signing_out_ends_the_session_on_the_spot(town: Town) -> None:
    browser = town.signed_in(town.person())
    document = "mutation($input: SignOutInput!) { signOut(input: $input) { done userErrors { code } } }"
    assert browser.change(document) == {"done": True, "userErrors": []}
    assert browser.ask("{ me { kind } }").status_code == 401


# --- what `me` tells


def test_me_opens_what_is_asked_for_and_records_it_as_one_look(town: Town) -> None:
    amina = town.person()
    browser = town.citizen(amina)
    answer = browser.ask("{ me { displayName person { sex name { given { ar } } } } }")
    (entry,) = town.instance.entries(answer.json()["extensions"]["requestId"])
    assert entry.subject_id == amina.person_id
    assert (entry.leaf["actor"], entry.leaf["field"], entry.leaf["on_behalf"], entry.leaf["agency"]) == (
        "CITIZEN",
        "me",
        "SELF",
        None,
    )
    assert entry.details["uses"] == dict.fromkeys(("person.sex", "person.given_name", "person.family_name"), "RELEASE")
    assert entry.details["ground"] == "SELF"
    answer = browser.ask("{ me { kind rights } }")
    assert town.instance.entries(answer.json()["extensions"]["requestId"]) == []


def test_there_is_no_agencys_token_of_oneself(town: Town) -> None:
    answer = town.citizen(town.person()).ask("{ me { person { token sex } } }")
    assert answer.json()["data"]["me"]["person"] == {"token": None, "sex": "F"}
    assert codes(answer) == [("WITHHELD", ("me", "person", "token"))]


def test_a_guardian_acts_for_a_ward_and_is_told_of_the_ward(town: Town) -> None:
    guardian, ward = town.guardian_and_ward()
    browser = town.citizen(guardian)
    document = "{ me { ward wards { id validTo person { name { given { latin } } } } person { name { given { latin } } } } }"
    told = browser.data(document)["me"]
    assert told == {
        "ward": None,
        "wards": [{"id": str(ward.person_id), "validTo": None, "person": {"name": {"given": {"latin": "Sami"}}}}],
        "person": {"name": {"given": {"latin": "Amina"}}},
    }
    assert browser.change(ACT_FOR, ward=str(ward.person_id)) == {"ward": str(ward.person_id), "userErrors": []}
    answer = browser.ask(document)
    told = answer.json()["data"]["me"]
    assert (told["ward"], told["person"]["name"]["given"]["latin"]) == (str(ward.person_id), "Sami")
    entries = {entry.subject_id: entry for entry in town.instance.entries(answer.json()["extensions"]["requestId"])}
    assert {entry.details["ground"] for entry in entries.values()} == {"WARD"}
    town.instance.sql("update relative set valid_to = $1 where relative_id = $2", town.instance.now(), guardian.person_id)
    assert browser.data(document)["me"] == {
        "ward": None,
        "wards": [],
        "person": {"name": {"given": {"latin": "Amina"}}},
    }


def test_all_that_is_a_citizens_is_told_in_one_document_and_to_nobody_else(town: Town, cnss: Caller) -> None:
    amina, entry = looked_at(town)
    document = """{ me { kind telephoneChanges { id } witnessRequests { id } accessReports { number } accesses(first: 5) {
        edges { cursor node { id agency { fr } purpose outcome basis { ground article agreementVersion }
          attributes { name labels { fr } uses refused failed } } } pageInfo { hasNextPage } } wards { id } } }"""
    told = town.citizen(amina).data(document)["me"]
    assert (told["telephoneChanges"], told["witnessRequests"], told["accessReports"], told["wards"]) == ([], [], [], [])
    (edge,) = told["accesses"]["edges"]
    node = edge["node"]
    assert node["id"] == entry
    assert node["basis"] == {"ground": "MANDATE", "article": "Invented law 1, article 1", "agreementVersion": 1}
    assert node["attributes"] == [
        {"name": "person.given_name", "labels": {"fr": "Prénom"}, "uses": ["RELEASE"], "refused": [], "failed": False}
    ]
    for caller in (cnss, town.agent().caller()):
        answer = caller.ask("{ me { kind telephoneChanges { id } witnessRequests { id } accesses { edges { cursor } } } }")
        assert {code for code, _ in codes(answer)} == {"FORBIDDEN"}
        assert answer.json()["data"]["me"]["accesses"] is None


def test_a_failed_verification_shows_the_person_alone_what_failed(town: Town) -> None:
    amina = town.person()
    agency: Agency = town.instance.enrol(
        purposes=["ELIGIBILITY"],
        attributes={name: {"uses": ["MATCH"]} for name in ("person.given_name", "person.birth_date")},
        mandates={"ELIGIBILITY": ["person.given_name", "person.birth_date"]},
    )
    claims = [
        {"attribute": "person.given_name", "value": "Amina"},
        {"attribute": "person.birth_date", "value": "1990-01-01"},
    ]
    (answer,) = agency.caller().verify([{"subject": {"idcs": amina.idcs.text}, "claims": claims}], "ELIGIBILITY")
    assert (answer["confirmed"], answer["claims"]) == (False, None)
    told = town.citizen(amina).data("{ me { accesses { edges { node { outcome attributes { name failed } } } } } }")
    (edge,) = told["me"]["accesses"]["edges"]
    assert edge["node"]["outcome"] == "FAILED"
    assert {used["name"]: used["failed"] for used in edge["node"]["attributes"]} == {
        "person.given_name": False,
        "person.birth_date": True,
    }


# --- beside somebody


def test_an_assisted_session_opens_its_form_and_names_both(town: Town) -> None:
    amina, entry = looked_at(town)
    agent = town.agent()
    browser = town.beside(amina, agent.caller(), "ACCESSES")
    answer = browser.ask("{ me { assisted displayName person { telephone } accesses { edges { node { id } } } } }")
    told = answer.json()["data"]["me"]
    assert (told["assisted"], told["displayName"], told["person"]["telephone"]) == (True, "أمينة بناني", None)
    assert codes(answer) == [("WITHHELD", ("me", "person", "telephone"))]
    assert entry in [edge["node"]["id"] for edge in told["accesses"]["edges"]]
    for found in town.instance.entries(answer.json()["extensions"]["requestId"]):
        assert found.leaf["officer"] == str(agent.account)
    made = browser.change(REPORT, entry=entry, text="This was not me.")
    number = made["accessReport"]["number"]
    assert any(number in text for _, text in town.told(amina.person_id, "ASSISTED"))
    refused = browser.ask(citizens.ANSWER_WITNESS, {"input": {"request": str(uuid4()), "confirmed": True}})
    assert [code for code, _ in codes(refused)] == ["FORBIDDEN"]


def test_the_form_of_consents_does_not_show_who_looked(town: Town) -> None:
    amina, _ = looked_at(town)
    browser = town.beside(amina, town.agent().caller(), "CONSENTS")
    answer = browser.ask("{ me { accesses { edges { cursor } } } }")
    assert codes(answer) == [("FORBIDDEN", ("me", "accesses"))]


def test_it_ends_with_the_agents_session(town: Town) -> None:
    agent = town.agent()
    at_work = agent.caller()
    browser = town.beside(town.person(), at_work)
    assert browser.data("{ me { assisted } }") == {"me": {"assisted": True}}
    document = "mutation($input: SignOutInput!) { signOut(input: $input) { done userErrors { code } } }"
    at_work.change(document)
    assert browser.ask("{ me { assisted } }").status_code == 401
    other = town.beside(town.person(), agent.caller())
    agent.disable()
    assert other.ask("{ me { assisted } }").status_code == 401


def test_its_cookie_is_another_than_the_agents_own() -> None:
    assert SESSION != ASSISTED


# --- a changed telephone


def test_a_change_is_shown_masked_and_stopped_by_its_owner(town: Town) -> None:
    amina = town.person()
    change = begun(town, amina)
    browser = town.citizen(amina)
    document = "{ me { telephoneChanges { id state method telephone } } }"
    assert browser.data(document)["me"]["telephoneChanges"] == [
        {"id": change, "state": "WAITING", "method": "CENTRE", "telephone": "••••••78"}
    ]
    stopped = browser.change(STOP, change=change)
    assert stopped["telephoneChange"]["state"] == "STOPPED"
    assert town.agent().caller().change(CHANGE, idcs=amina.idcs.text, telephone=NEW)["telephoneChange"]["telephone"] is None


@pytest.mark.parametrize("given", [{}, {"change": str(uuid4()), "idcs": STRANGER}])
def test_a_change_is_stopped_by_its_id_or_by_the_person(town: Town, given: Mapping[str, str]) -> None:
    told = town.citizen(town.person()).change(STOP, **given)
    assert user_errors(told) == [("INVALID", ("change",))]
    told = town.agent().caller().change(STOP, **given)
    assert user_errors(told) == [("INVALID", ("idcs",))]


def test_two_witnesses_vouch_on_their_pages(town: Town) -> None:
    amina, one, other = town.person(), town.person(), town.person()
    request = asked(town, amina, one, other)
    for witness in (one, other):
        browser = town.citizen(witness)
        (told,) = browser.data("{ me { witnessRequests { id name telephone confirmed } } }")["me"]["witnessRequests"]
        assert told == {"id": request, "name": "Amina Bennani", "telephone": NEW, "confirmed": None}
        assert browser.change(ANSWER_WITNESS, request=request, confirmed=True)["request"] == {
            "id": request,
            "confirmed": True,
        }
    (change,) = town.citizen(amina).data("{ me { telephoneChanges { state method } } }")["me"]["telephoneChanges"]
    assert change == {"state": "WAITING", "method": "WITNESSES"}
    assert len(town.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN")) == 2


def test_the_same_request_again_does_nothing_again(town: Town) -> None:
    amina, agent = town.person(), town.agent().caller()
    given = {"idcs": amina.idcs.text, "telephone": NEW, "requestKey": "once"}
    first, second = (agent.change(CHANGE, **given) for _ in range(2))
    assert first == second
    assert len(town.told(amina.person_id, "TELEPHONE_CHANGE_BEGUN")) == 2
    assert town.instance.count("telephone_change", "person_id = $1", amina.person_id) == 1


# --- reports


REPORTS = "query($w: Boolean) { accessReports(waiting: $w) { edges { node { id number text agency { fr } } } } }"


def test_reports_are_listed_in_the_territory_and_answered_once(town: Town) -> None:
    amina, entry = looked_at(town)
    made = town.citizen(amina).change(REPORT, entry=entry, text="This was not me.")["accessReport"]
    here, there = town.supervisor().caller(), town.supervisor(RABAT).caller()
    found = [edge["node"] for edge in here.data(REPORTS, {"w": True})["accessReports"]["edges"]]
    (mine,) = [node for node in found if node["id"] == made["id"]]
    assert (mine["number"], mine["text"]) == (made["number"], "This was not me.")
    assert made["id"] not in [edge["node"]["id"] for edge in there.data(REPORTS)["accessReports"]["edges"]]
    answered = here.change(ANSWER_REPORT, report=made["id"], text="It was a mistake.")
    assert answered["accessReport"]["answer"] == "It was a mistake."
    assert user_errors(here.change(ANSWER_REPORT, report=made["id"], text="Again.")) == [("CONFLICT", ("report",))]
    (own,) = town.citizen(amina).data("{ me { accessReports { number answer } } }")["me"]["accessReports"]
    assert own == {"number": made["number"], "answer": "It was a mistake."}


ONE = "query($i: ID!) { accessReport(id: $i) { text } }"


@pytest.mark.parametrize("document", [REPORTS, ONE])
def test_four_callers_of_reports(town: Town, document: str) -> None:
    amina, entry = looked_at(town)
    report = town.citizen(amina).change(REPORT, entry=entry, text="Canary words.")["accessReport"]["id"]
    variables = {"i": report} if "ID" in document else {}
    right = town.supervisor().caller()
    nobody = right.ask(document, variables, cookie=None)
    assert (nobody.status_code, "Canary" in nobody.text) == (401, False)
    for without in (town.agent().caller(), town.citizen(amina)):
        answer = without.ask(document, variables)
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    wrong = town.supervisor(RABAT).caller().ask(document, variables)
    assert "Canary" not in wrong.text
    assert "Canary" in right.ask(document, variables).text


def test_a_report_without_its_words_is_no_look(town: Town) -> None:
    looked_at(town)
    answer = town.supervisor().caller().ask("{ accessReports { edges { node { number } } } }")
    assert town.instance.entries(answer.json()["extensions"]["requestId"]) == []
