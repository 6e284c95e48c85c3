"""Virtual numbers, locks, erasure and keys over real HTTP: four callers, agencies that ask by a number, two processes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from access.rights import Role
from core.ids import random_bytes
from identity.imports import LoadedPerson
from identity.virtual_numbers import VirtualNumber
from tests.api.citizens import BEGIN, CASABLANCA, ERRORS, RABAT, Town
from tests.api.people import Browser, Person, user_errors
from tests.api.serving import VERIFY, Agency, Caller, Instance, codes, listening

_NUMBER = "id kind number state validFrom validTo uses lastUsedAt revokedAt"
ISSUE = f"mutation($input: IssueVirtualIdInput!) {{ issueVirtualId(input: $input) {{ virtualId {{ {_NUMBER} }} {ERRORS} }} }}"
REVOKE = (
    f"mutation($input: RevokeVirtualIdInput!) {{ revokeVirtualId(input: $input) {{ virtualId {{ {_NUMBER} }} {ERRORS} }} }}"
)
NUMBERS = f"{{ me {{ virtualIds {{ {_NUMBER} }} }} }}"
_LOCKS = "locks { purpose mandatedToo since until }"
LOCK = f"mutation($input: LockIdentityInput!) {{ lockIdentity(input: $input) {{ {_LOCKS} {ERRORS} }} }}"
UNLOCK = f"mutation($input: UnlockIdentityInput!) {{ unlockIdentity(input: $input) {{ {_LOCKS} {ERRORS} }} }}"
LOCKS = f"{{ me {{ {_LOCKS} }} }}"
ERASE = f"mutation($input: ErasePersonInput!) {{ erasePerson(input: $input) {{ proposal {{ id hash change }} {ERRORS} }} }}"
REWRAP = f"mutation($input: RewrapKeysInput!) {{ rewrapKeys(input: $input) {{ proposal {{ id hash change }} {ERRORS} }} }}"
APPROVE = f"mutation($input: ApproveInput!) {{ approve(input: $input) {{ proposal {{ state outcome }} {ERRORS} }} }}"
MASTER_KEYS = "{ masterKeys { version newest } }"
PERSON = "query($s: SubjectInput!) { person(subject: $s, purpose: SERVICE_DELIVERY) { name { given { latin } } } }"
HOUSEHOLD = "query($s: SubjectInput!) { household(subject: $s, purpose: SERVICE_DELIVERY) { milieu } }"
ELIGIBLE = """query($s: SubjectInput!) { eligibility(requests: [{subject: $s, programme: "ASD"}], purpose: SERVICE_DELIVERY) {
  answers { eligible reason } } }"""


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bank(served: Instance) -> Agency:
    """An agency that may compare and be told a name, under a mandate."""
    uses = {"person.given_name": {"uses": ["MATCH", "RELEASE"]}, "person.birth_date": {"uses": ["MATCH"]}}
    return served.enrol(
        purposes=["SERVICE_DELIVERY", "IDENTITY_PROOFING"],
        attributes=uses,
        mandates={purpose: list(uses) for purpose in ("SERVICE_DELIVERY", "IDENTITY_PROOFING")},
    )


def issued(browser: Browser, kind: str = "PERMANENT", **more: Any) -> dict[str, Any]:
    payload = browser.change(ISSUE, kind=kind, **more)
    assert payload["userErrors"] == [], payload
    made: dict[str, Any] = payload["virtualId"]
    return made


def row(number: str, name: str = "Amina") -> dict[str, Any]:
    return {"subject": {"virtualId": number}, "claims": [{"attribute": "person.given_name", "value": name}]}


# --- four callers


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (ISSUE, {"kind": "PERMANENT"}),
        (REVOKE, {"id": "00000000-0000-0000-0000-000000000007"}),
        (LOCK, {"purposes": ["PAYMENT"]}),
        (UNLOCK, {}),
        (ERASE, {"person": "00000000-0000-0000-0000-000000000007", "reason": "JUDGEMENT"}),
        (REWRAP, {}),
    ],
    ids=["issueVirtualId", "revokeVirtualId", "lockIdentity", "unlockIdentity", "erasePerson", "rewrapKeys"],
)
def test_nobody_and_who_lacks_the_right_change_nothing(
    town: Town, bank: Agency, document: str, given: Mapping[str, Any]
) -> None:
    tables = ("virtual_id", "identity_lock", "proposal", "job", "identifier")
    before = {table: town.instance.count(table) for table in tables}
    citizen = town.citizen(town.person())
    others = [town.people.staff(Role.AUDITOR).caller(), town.people.officer(bank).caller()]
    others += [citizen] if document in (ERASE, REWRAP) else [town.people.staff(Role.ADJUDICATOR).caller()]
    assert citizen.ask(document, {"input": given}, cookie=None).status_code == 401
    for other in others:
        assert [code for code, _ in codes(other.ask(document, {"input": given}))] == ["FORBIDDEN"]
    answer = bank.caller().ask(document, {"input": given})
    assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    added = {table: town.instance.count(table) - count for table, count in before.items()}
    assert {table for table, count in added.items() if count} <= {"identifier"}  # of who was registered just now


def test_a_holder_has_their_own_numbers_and_nobody_elses(town: Town) -> None:
    mine, other = (town.citizen(town.person()) for _ in range(2))
    made = issued(mine, "TIMED", minutes=60)
    assert re.fullmatch(r"[1-9]\d{15}", made["number"])
    assert (made["kind"], made["state"], made["uses"], made["lastUsedAt"]) == ("TIMED", "OPEN", 0, None)
    assert other.data(NUMBERS)["me"]["virtualIds"] == []
    assert user_errors(other.change(REVOKE, id=made["id"])) == [("INVALID", ("id",))]
    assert mine.data(NUMBERS)["me"]["virtualIds"] == [made]
    revoked = mine.change(REVOKE, id=made["id"])
    assert (revoked["virtualId"]["state"], revoked["userErrors"]) == ("REVOKED", [])
    assert user_errors(mine.change(REVOKE, id=made["id"])) == [("INVALID", ("id",))]


def test_nobody_but_a_citizen_has_numbers_or_locks_to_be_shown(town: Town, bank: Agency) -> None:
    agent = town.agent().caller()
    beside = town.beside(town.person(), agent)
    for document in (NUMBERS, LOCKS):
        for caller in (agent, beside, bank.caller()):
            answer = caller.ask(document)
            assert [code for code, _ in codes(answer)] == ["FORBIDDEN"], answer.text
    assert [code for code, _ in codes(beside.ask(ISSUE, {"input": {"kind": "PERMANENT"}}))] == ["FORBIDDEN"]


def test_a_guardian_issues_for_the_ward(town: Town, bank: Agency) -> None:
    guardian, ward = town.guardian_and_ward()
    browser = town.citizen(guardian)
    browser.change("mutation($input: ActForInput!) { actFor(input: $input) { ward } }", ward=str(ward.person_id))
    made = issued(browser)
    assert town.instance.count("virtual_id", "person_id = $1", ward.person_id) == 1
    assert bank.caller().verify([row(made["number"], "Sami")])[0]["confirmed"] is True


def test_the_same_request_twice_issues_one(town: Town) -> None:
    browser = town.citizen(town.person())
    first, second = (issued(browser, "SINGLE_USE", requestKey="once") for _ in range(2))
    assert first == second
    assert len(browser.data(NUMBERS)["me"]["virtualIds"]) == 1


def test_what_a_kind_does_not_take_is_told_beside_its_field(town: Town) -> None:
    browser = town.citizen(town.person())
    for kind, minutes in (("TIMED", None), ("TIMED", 0), ("PERMANENT", 5), ("SINGLE_USE", 1441), ("TIMED", 525_601)):
        given = {"kind": kind} | ({} if minutes is None else {"minutes": minutes})
        assert user_errors(browser.change(ISSUE, **given)) == [("INVALID", ("minutes",))]
    assert browser.data(NUMBERS)["me"]["virtualIds"] == []


def test_no_number_lets_anybody_sign_in(town: Town) -> None:
    made = issued(town.citizen(town.person()))
    payload = town.door.payload(BEGIN, {"idcs": made["number"], "lang": "FR"})
    assert user_errors(payload) == [("INVALID", ("idcs",))]


# --- as a subject


def test_every_question_takes_a_number_in_the_place_of_the_idcs(served: Instance, fund: Agency) -> None:
    town = Town.of(served)
    told = served.persona("just-below-asd")
    browser = town.people.citizen(served.person_id(told["idcs"]))
    number, caller = issued(browser)["number"], fund.caller()
    for document in (PERSON, HOUSEHOLD, ELIGIBLE):
        answers = [caller.ask(document, {"s": how}).json() for how in ({"idcs": told["idcs"]}, {"virtualId": number})]
        assert answers[0]["data"] == answers[1]["data"]
        assert answers[0].get("errors") == answers[1].get("errors")
    assert caller.data(HOUSEHOLD, {"s": {"virtualId": number}})["household"] is not None
    (its,) = browser.data(NUMBERS)["me"]["virtualIds"]
    assert its["uses"] == 4
    assert its["lastUsedAt"] is not None
    town.close()


def test_how_a_request_for_consent_names_its_subject_is_checked_alike(fund: Agency) -> None:
    document = "mutation($input: RequestConsentInput!) { requestConsent(input: $input) { userErrors { code path message } } }"
    given = {"subject": {"virtualId": "12"}, "purpose": "SERVICE_DELIVERY", "attributes": [], "method": "NOTICE"}
    payload = fund.caller().data(document, {"input": given | {"validDays": 5}})["requestConsent"]
    assert user_errors(payload) == [("INVALID", ("subject", "virtualId"))]


@pytest.mark.parametrize("number", ["1234567890123456", "12", "", "٤" * 16, "0" * 16])
def test_an_ill_formed_number_is_refused_with_its_path(bank: Agency, number: str) -> None:
    answer = bank.caller().ask(VERIFY, {"r": [row(number)], "p": "SERVICE_DELIVERY"})
    assert codes(answer) == [("INVALID", ("verify",))] or answer.json()["errors"][0]["extensions"]["path"] == [
        "requests",
        0,
        "subject",
        "virtualId",
    ]
    assert len(number) < 8 or number not in answer.text  # an id of the answer may hold fewer digits


def test_two_names_of_one_subject_are_refused(bank: Agency) -> None:
    subject = {"virtualId": VirtualNumber.drawn(random_bytes).text, "idcs": "2516116556"}
    answer = bank.caller().ask(PERSON, {"s": subject})
    assert answer.status_code in (200, 400)
    assert "errors" in answer.json()


def blank(answer: Any) -> Any:
    """The bytes of an answer without what is new each time."""
    body = answer.json()
    body["extensions"] = None
    for each in (body.get("data") or {}).get("verify", {}).get("answers", ()) if body.get("data") else ():
        for name in ("asOf", "receipt"):
            each[name] = len(each[name])
    if body.get("data") and body["data"].get("verify"):
        body["data"]["verify"]["receipt"] = len(body["data"]["verify"]["receipt"])
    return orjson.dumps(body)


def test_a_number_that_does_not_count_any_more_is_answered_as_a_strangers(town: Town, bank: Agency) -> None:
    browser, caller = town.citizen(town.person()), bank.caller()
    spent, revoked = issued(browser, "SINGLE_USE"), issued(browser, "TIMED", minutes=9)
    over = issued(browser, "TIMED", minutes=9)
    assert caller.verify([row(spent["number"])])[0]["confirmed"] is True
    browser.change(REVOKE, id=revoked["id"])
    town.instance.sql(
        "update virtual_id set valid_from = $2::timestamptz - interval '1 hour', valid_to = $2 where virtual_id = $1",
        over["id"],
        town.instance.now(),
    )
    stranger = VirtualNumber.drawn(random_bytes).text
    for document, variables in (
        (VERIFY, lambda number: {"r": [row(number)], "p": "SERVICE_DELIVERY"}),
        (PERSON, lambda number: {"s": {"virtualId": number}}),
        (HOUSEHOLD, lambda number: {"s": {"virtualId": number}}),
    ):
        expected = blank(caller.ask(document, variables(stranger)))
        for its in (spent, revoked, over):
            assert blank(caller.ask(document, variables(its["number"]))) == expected
    uses = {its["id"]: its["uses"] for its in browser.data(NUMBERS)["me"]["virtualIds"]}
    assert uses == {spent["id"]: 1, revoked["id"]: 0, over["id"]: 0}


def test_twenty_questions_at_once_on_two_processes_spend_a_number_once(town: Town, bank: Agency) -> None:
    person = town.person()
    browser = town.citizen(person)
    made, lasting = issued(browser, "SINGLE_USE"), issued(browser)
    entries = town.instance.count("ledger_entry", "subject_id = $1 and actor = 'AGENCY'", person.person_id)
    with listening() as listener, town.instance.serve(listener) as base:
        callers = [bank.caller(base=each) for each in (None, base)]
        for caller in callers:
            assert caller.token

        def ask(n: int) -> tuple[bool, bool]:
            first, second = callers[n % 2].verify([row(made["number"]), row(lasting["number"])])
            return first["confirmed"], second["confirmed"]

        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(ask, range(20)))
    assert Counter(answers) == {(True, True): 1, (False, True): 19}
    uses = {its["kind"]: its["uses"] for its in browser.data(NUMBERS)["me"]["virtualIds"]}
    assert uses == {"SINGLE_USE": 1, "PERMANENT": 20}
    now = town.instance.count("ledger_entry", "subject_id = $1 and actor = 'AGENCY'", person.person_id)
    assert now - entries == 21, "each answer that left stands in the ledger, and no discarded one does"


def test_a_batch_that_names_a_number_for_one_use_twice_has_one_answer(town: Town, bank: Agency) -> None:
    browser = town.citizen(town.person())
    number = issued(browser, "SINGLE_USE")["number"]
    assert [its["confirmed"] for its in bank.caller().verify([row(number), row(number)])] == [True, False]
    aliased = f"{{ a: {PERSON_FIELD % number} b: {PERSON_FIELD % number} }}"
    again = issued(browser, "SINGLE_USE")["number"]
    answer = bank.caller().ask(aliased.replace(number, again)).json()
    assert (answer["data"]["a"] is None, answer["data"]["b"] is None) == (False, True)


PERSON_FIELD = 'person(subject: {virtualId: "%s"}, purpose: SERVICE_DELIVERY) { name { given { latin } } }'


def test_an_answer_without_data_spends_nothing(town: Town, bank: Agency) -> None:
    browser = town.citizen(town.person())
    number = issued(browser, "SINGLE_USE")["number"]
    wrong = row(number) | {"claims": [{"attribute": "person.cnie", "value": "AB123456"}]}
    assert codes(bank.caller().ask(VERIFY, {"r": [row(number), wrong], "p": "SERVICE_DELIVERY"}))
    assert browser.data(NUMBERS)["me"]["virtualIds"][0]["uses"] == 0
    assert bank.caller().verify([row(number)])[0]["confirmed"] is True


# --- locks


def test_a_lock_stops_the_next_question_on_every_process(town: Town, bank: Agency) -> None:
    person = town.person()
    browser, subject = town.citizen(person), {"subject": {"idcs": person.idcs.text}, "claims": row("")["claims"]}
    with listening() as listener, town.instance.serve(listener) as base:
        callers = [bank.caller(base=each) for each in (None, base)]
        assert [caller.verify([subject])[0]["confirmed"] for caller in callers] == [True] * 2
        locked = browser.change(LOCK, purposes=["IDENTITY_PROOFING"], minutes=30)
        assert [(its["purpose"], its["mandatedToo"]) for its in locked["locks"]] == [("IDENTITY_PROOFING", False)]
        assert [caller.verify([subject])[0]["confirmed"] for caller in callers] == [False] * 2
        opened = browser.change(UNLOCK, purposes=["IDENTITY_PROOFING"], minutes=5)
        assert [its["purpose"] for its in opened["locks"]] == ["IDENTITY_PROOFING"], "it will be locked again"
        assert [caller.verify([subject])[0]["confirmed"] for caller in callers] == [True] * 2
    assert browser.change(UNLOCK)["locks"] == []
    assert browser.data(LOCKS)["me"]["locks"] == []
    assert len(town.told(person.person_id, "IDENTITY_LOCKED")) == 2


def test_anothers_locks_are_nobody_elses_to_open(town: Town) -> None:
    person = town.person()
    mine, other = town.citizen(person), town.citizen(town.person())
    mine.change(LOCK, purposes=["PAYMENT", "ELIGIBILITY"], mandatedToo=True)
    assert other.change(UNLOCK)["locks"] == []
    assert {(its["purpose"], its["mandatedToo"]) for its in mine.data(LOCKS)["me"]["locks"]} == {
        ("PAYMENT", True),
        ("ELIGIBILITY", True),
    }
    for given, path in (({"purposes": []}, "purposes"), ({"purposes": ["PAYMENT"], "minutes": 0}, "minutes")):
        assert user_errors(mine.change(LOCK, **given)) == [("INVALID", (path,))]


# --- erasure and keys, by two people


def approved(proposal: Mapping[str, Any], second: Person) -> dict[str, Any]:
    payload = second.caller().change(APPROVE, proposal=proposal["id"], hash=proposal["hash"], code=second.fresh_code())
    assert payload["userErrors"] == [], payload
    told: dict[str, Any] = payload["proposal"]
    return told


def erasable(town: Town) -> tuple[LoadedPerson, Browser]:
    person = town.person()
    return person, town.signed_in(person)


def test_two_people_erase_somebody_and_then_nobody_is_there(town: Town, bank: Agency) -> None:
    person, browser = erasable(town)
    number = issued(browser)["number"]
    first, second = (town.people.staff(Role.ADJUDICATOR, division=CASABLANCA) for _ in range(2))
    caller, subject = bank.caller(), {"subject": {"idcs": person.idcs.text}, "claims": row("")["claims"]}
    assert caller.verify([subject])[0]["confirmed"] is True
    payload = first.caller().change(ERASE, person=str(person.person_id), reason="JUDGEMENT", reference="12/2026")
    assert payload["userErrors"] == []
    assert "Amina" not in payload["proposal"]["change"]
    assert person.idcs.text not in payload["proposal"]["change"]
    assert caller.verify([subject])[0]["confirmed"] is True, "one person alone erases nobody"
    assert approved(payload["proposal"], second)["state"] == "APPROVED"
    assert [its["confirmed"] for its in caller.verify([subject, row(number)])] == [False, False]
    assert browser.ask("{ me { kind } }").status_code == 401
    payload = first.caller().change(ERASE, person=str(person.person_id), reason="JUDGEMENT")
    assert user_errors(payload) == [("CONFLICT", ("person",))]


def test_somebody_elsewhere_is_nobody(town: Town) -> None:
    person = town.person(residence=RABAT)
    regional = town.people.staff(Role.ADJUDICATOR, division=CASABLANCA).caller()
    for its in (str(person.person_id), "00000000-0000-0000-0000-000000000007"):
        assert user_errors(regional.change(ERASE, person=its, reason="JUDGEMENT")) == [("NOT_FOUND", ("person",))]


def test_keys_are_wrapped_anew_only_where_there_is_a_newer_one(town: Town) -> None:
    administrator = town.people.staff(Role.ADMINISTRATOR).caller()
    assert administrator.data(MASTER_KEYS)["masterKeys"] == [{"version": 1, "newest": True}]
    assert user_errors(administrator.change(REWRAP)) == [("CONFLICT", ("version",))]
    for other in (town.people.staff(Role.PUBLISHER).caller(), town.citizen(town.person())):
        assert [code for code, _ in codes(other.ask(MASTER_KEYS))] == ["FORBIDDEN"]
    assert other.ask(MASTER_KEYS, cookie=None).status_code == 401


def test_the_token_of_an_older_key_still_names_the_person(town: Town, bank: Agency) -> None:
    """The instance has one version; what a second one does is in the tests of keys. A token is taken by its own agency."""
    person = town.person()
    caller: Caller = bank.caller()
    (answer,) = caller.verify([{"subject": {"idcs": person.idcs.text}, "claims": row("")["claims"]}])
    assert answer["token"].startswith("p1.")
    (again,) = caller.verify([{"subject": {"token": answer["token"]}, "claims": row("")["claims"]}])
    assert (again["confirmed"], again["token"]) == (True, answer["token"])
