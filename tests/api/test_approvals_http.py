"""Approvals over real HTTP: four callers, wrong codes that stay counted, and two people (and processes) at once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import httpx
import orjson
import pytest

from access.rights import Role
from access.throttles import SECOND_FACTOR
from tests.access.enrolled import agreement_document
from tests.api.people import Browser, People, Person, user_errors
from tests.api.serving import YEAR, Agency, Instance, codes, listening

REGION, ELSEWHERE = "04", "05"
PROPOSAL = """id kind hash change territory proposedBy proposedAt expiresAt state decidedBy decidedAt reason outcome
  mine mayDecide differences { path kind was becomes }"""
APPROVE = f"""mutation($input: ApproveInput!) {{ approve(input: $input) {{ proposal {{ {PROPOSAL} }}
  userErrors {{ code path message }} }} }}"""
REJECT = f"""mutation($input: RejectInput!) {{ reject(input: $input) {{ proposal {{ {PROPOSAL} }}
  userErrors {{ code path message }} }} }}"""
ENROL = "mutation($input: EnrolAgencyInput!) { enrolAgency(input: $input) { proposal { id hash } userErrors { code path } } }"
PUBLISH = (
    "mutation($input: PublishInput!) { publishAgreement(input: $input) { proposal { id hash } userErrors { code path } } }"
)
ONE = f"query($id: ID!) {{ approval(id: $id) {{ {PROPOSAL} }} }}"
_numbers = count(1)


@pytest.fixture(scope="session")
def people(served: Instance) -> People:
    return People(served)


@pytest.fixture
def first(people: People) -> Person:
    return people.staff(Role.PUBLISHER)


@pytest.fixture
def second(people: People) -> Person:
    return people.staff(Role.PUBLISHER)


@pytest.fixture
def proposed(first: Person) -> dict[str, Any]:
    """An agency that somebody wants to enrol."""
    names = {"ar": "هيئة", "fr": "Organisme", "en": "Body"}
    payload = first.caller().change(ENROL, code=f"PROPOSED_{next(_numbers)}", names=names)
    assert payload["userErrors"] == []
    proposal: dict[str, Any] = payload["proposal"]
    return proposal


def approval_of(proposed: Mapping[str, Any], code: str) -> dict[str, Any]:
    return {"proposal": proposed["id"], "hash": proposed["hash"], "code": code}


def rejection_of(proposed: Mapping[str, Any]) -> dict[str, Any]:
    return {"proposal": proposed["id"], "reason": "Not like this"}


def wrong_code(person: Person) -> str:
    right = {person.code(steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


def is_open(served: Instance, proposed: Mapping[str, Any]) -> bool:
    """Nothing was decided, and nothing was done."""
    (row,) = served.sql("select decision, change from proposal where proposal_id = $1", proposed["id"])
    code = orjson.loads(row["change"])["code"]
    return row["decision"] is None and served.count("agency", "code = $1", code) == 0


# --- four callers


@pytest.mark.parametrize(("document", "name"), [(APPROVE, "approve"), (REJECT, "reject")])
def test_nobody_decides(served: Instance, second: Person, proposed: dict[str, Any], document: str, name: str) -> None:
    given = approval_of(proposed, second.code()) if name == "approve" else rejection_of(proposed)
    browser = second.caller()
    for changes, status in (
        ({"cookie": None}, 401),
        ({"cookie": "__Host-session=" + "A" * 43}, 401),
        ({"x_csrf_token": ""}, 403),
        ({"x_csrf_token": second.caller().csrf}, 403),
    ):
        answer = browser.ask(document, {"input": given}, **changes)
        assert answer.status_code == status, answer.text
    ended = second.caller()
    served.sql("update session set ended_at = now() where session_hash = $1", ended.session_hash)
    assert ended.ask(document, {"input": given}).status_code == 401
    assert is_open(served, proposed)


@pytest.mark.parametrize("name", ["approve", "reject"])
def test_who_lacks_the_right_or_has_it_elsewhere_decides_nothing(
    served: Instance, people: People, fund: Agency, proposed: dict[str, Any], name: str
) -> None:
    document = APPROVE if name == "approve" else REJECT
    for person, told in (
        (people.staff(Role.AUDITOR), "FORBIDDEN"),
        (people.staff(Role.CENTRE_AGENT), "FORBIDDEN"),
        (people.officer(fund, role=Role.AGENCY_ADMINISTRATOR), "FORBIDDEN"),
        (people.staff(Role.ADMINISTRATOR), "NOT_FOUND"),  # decides other things
        (people.staff(Role.PUBLISHER, division=ELSEWHERE), "FORBIDDEN"),
    ):
        given = approval_of(proposed, person.code()) if name == "approve" else rejection_of(proposed)
        answer = person.caller().ask(document, {"input": given})
        payload = answer.json()["data"] and answer.json()["data"][name]
        found = [code for code, _ in codes(answer)] or [code for code, _ in user_errors(payload)]
        assert found == [told], answer.text
        assert payload is None or payload["proposal"] is None
    assert is_open(served, proposed)


def test_a_machine_decides_nothing(served: Instance, fund: Agency, second: Person, proposed: dict[str, Any]) -> None:
    for document, given in ((APPROVE, approval_of(proposed, second.code())), (REJECT, rejection_of(proposed))):
        answer = fund.caller().ask(document, {"input": given})
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    assert is_open(served, proposed)


def test_the_same_person_does_not_approve_from_another_session(
    served: Instance, first: Person, second: Person, proposed: dict[str, Any]
) -> None:
    for code in (first.code(), second.code()):
        answer = first.caller().ask(APPROVE, {"input": approval_of(proposed, code)})
        assert [found for found, _ in codes(answer)] == ["FORBIDDEN"]
    assert is_open(served, proposed)


def test_a_second_person_approves(served: Instance, first: Person, second: Person, proposed: dict[str, Any]) -> None:
    payload = second.caller().change(APPROVE, **approval_of(proposed, second.code()))
    assert payload["userErrors"] == []
    told = payload["proposal"]
    assert (told["state"], told["proposedBy"], told["decidedBy"], told["mine"], told["mayDecide"]) == (
        "APPROVED",
        first.name,
        second.name,
        False,
        False,
    )
    code = orjson.loads(told["change"])["code"]
    (row,) = served.sql("select agency_id from agency where code = $1", code)
    assert orjson.loads(told["outcome"]) == {"agency": str(row["agency_id"])}


def test_a_second_person_refuses_and_the_first_takes_back(
    served: Instance, first: Person, second: Person, proposed: dict[str, Any]
) -> None:
    payload = second.caller().change(REJECT, **rejection_of(proposed))
    assert (payload["proposal"]["state"], payload["proposal"]["reason"]) == ("REJECTED", "Not like this")
    again = first.caller().change(REJECT, **rejection_of(proposed))
    assert user_errors(again) == [("CONFLICT", ("proposal",))]
    names = dict.fromkeys(("ar", "fr", "en"), "Body")
    mine = first.caller().change(ENROL, code=f"MINE_{next(_numbers)}", names=names)["proposal"]
    assert first.caller().change(REJECT, **rejection_of(mine))["proposal"]["state"] == "TAKEN_BACK"
    late = second.caller().change(APPROVE, **approval_of(mine, second.code()))
    assert user_errors(late) == [("CONFLICT", ("proposal",))]
    assert late["proposal"] is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hash": "0" * 64}, ("CONFLICT", ("hash",))),
        ({"hash": ""}, ("CONFLICT", ("hash",))),
        ({"proposal": "01234567-0123-7123-8123-0123456789ab"}, ("NOT_FOUND", ("proposal",))),
        ({"proposal": "x"}, ("INVALID", ("proposal",))),
        ({"code": ""}, ("INVALID", ("code",))),
        ({"code": "x" * 10_000}, ("INVALID", ("code",))),
    ],
)
def test_what_is_to_be_mended_is_told_and_nothing_is_done(
    served: Instance, second: Person, proposed: dict[str, Any], changes: dict[str, str], told: tuple[str, tuple[str, ...]]
) -> None:
    payload = second.caller().change(APPROVE, **approval_of(proposed, second.code()) | changes)
    assert user_errors(payload) == [told]
    assert payload["proposal"] is None
    assert is_open(served, proposed)


# --- codes


def test_wrong_codes_stay_counted_and_in_the_end_the_right_one_has_to_wait(
    served: Instance, first: Person, second: Person, people: People, proposed: dict[str, Any]
) -> None:
    browser = second.caller()
    for _ in range(SECOND_FACTOR.free):
        assert user_errors(browser.change(APPROVE, **approval_of(proposed, wrong_code(second)))) == [("INVALID", ("code",))]
    for code in (wrong_code(second), second.code()):
        answer = browser.ask(APPROVE, {"input": approval_of(proposed, code)})
        assert (answer.status_code, [found for found, _ in codes(answer)]) == (429, ["RATE_LIMITED"])
        assert int(answer.headers["retry-after"]) > 0
    answer = second.caller().ask(APPROVE, {"input": approval_of(proposed, second.code())})
    assert answer.status_code == 429  # not by another session either
    assert is_open(served, proposed)
    third = people.staff(Role.PUBLISHER)
    assert third.caller().change(APPROVE, **approval_of(proposed, third.code()))["userErrors"] == []


def test_a_right_code_forgets_the_wrong_ones_before_it(second: Person, first: Person) -> None:
    names = dict.fromkeys(("ar", "fr", "en"), "Body")
    for _ in range(2):
        proposal = first.caller().change(ENROL, code=f"AGAIN_{next(_numbers)}", names=names)["proposal"]
        for _ in range(SECOND_FACTOR.free - 1):
            payload = second.caller().change(APPROVE, **approval_of(proposal, wrong_code(second)))
            assert user_errors(payload) == [("INVALID", ("code",))]
        assert second.caller().change(APPROVE, **approval_of(proposal, second.fresh_code()))["userErrors"] == []


def test_a_code_serves_once(served: Instance, first: Person, second: Person, proposed: dict[str, Any]) -> None:
    names = dict.fromkeys(("ar", "fr", "en"), "Body")
    other = first.caller().change(ENROL, code=f"OTHER_{next(_numbers)}", names=names)["proposal"]
    code = second.code()
    assert second.caller().change(APPROVE, **approval_of(other, code))["userErrors"] == []
    assert user_errors(second.caller().change(APPROVE, **approval_of(proposed, code))) == [("INVALID", ("code",))]
    assert is_open(served, proposed)


# --- at once, and again


def test_of_two_approvals_at_once_on_two_processes_one_counts(
    served: Instance, people: People, second: Person, proposed: dict[str, Any]
) -> None:
    third = people.staff(Role.PUBLISHER)
    with listening() as listener, served.serve(listener) as other:
        callers = [(second, second.caller()), (third, third.caller(base=other)), (second, second.caller(base=other))]

        def approve(pair: tuple[Person, Browser]) -> httpx.Response:
            return pair[1].ask(APPROVE, {"input": approval_of(proposed, pair[0].code())})

        with ThreadPoolExecutor(len(callers)) as pool:
            answers = list(pool.map(approve, callers))
    payloads = [answer.json()["data"]["approve"] for answer in answers]
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1, 1]
    assert {told for payload in payloads for told in user_errors(payload)} <= {
        ("CONFLICT", ("proposal",)),
        ("INVALID", ("code",)),
    }
    (row,) = served.sql("select change from proposal where proposal_id = $1", proposed["id"])
    assert served.count("agency", "code = $1", orjson.loads(row["change"])["code"]) == 1


def test_the_same_request_sent_again_is_answered_as_the_first(second: Person, proposed: dict[str, Any]) -> None:
    given = approval_of(proposed, second.code()) | {"requestKey": "double click"}
    browser = second.caller()
    one, two = browser.change(APPROVE, **given), browser.change(APPROVE, **given)
    assert one["userErrors"] == two["userErrors"] == []
    assert one == two
    other = browser.change(APPROVE, **given | {"hash": "0" * 64})
    assert user_errors(other) == [("CONFLICT", ("requestKey",))]


# --- what is shown


def test_a_change_is_shown_whole_and_as_what_it_alters(served: Instance, people: People, first: Person, second: Person) -> None:
    agency = served.enrol(territory=[REGION])
    now = served.now()
    dates = {"valid_from": now.isoformat(), "valid_to": (now + YEAR).isoformat()}
    (row,) = served.sql("select document from agreement where agency_id = $1", agency.agency_id)
    before = orjson.loads(row["document"])
    document = before | {"version": 2, "purposes": ["ELIGIBILITY", "PAYMENT"], "points_per_minute": 60}
    assert set(document) == set(agreement_document(agency.code, **dates))
    proposal = first.caller().change(PUBLISH, document=orjson.dumps(document).decode())["proposal"]
    regional = people.staff(Role.PUBLISHER, division=REGION)
    for person in (second, regional):
        shown = person.caller().data(ONE, {"id": proposal["id"]})["approval"]
        assert orjson.loads(shown["change"]) == {"document": document}
        assert (shown["state"], shown["mine"], shown["mayDecide"], shown["territory"]) == ("OPEN", False, True, [REGION])
        assert [(d["path"], d["kind"], d["was"], d["becomes"]) for d in shown["differences"]] == [
            (["document", "points_per_minute"], "CHANGED", str(before["points_per_minute"]), "60"),
            (["document", "purposes"], "REMOVED", "IDENTITY_PROOFING", None),
            (["document", "purposes"], "ADDED", None, "PAYMENT"),
            (["document", "version"], "CHANGED", "1", "2"),
        ]
    assert first.caller().data(ONE, {"id": proposal["id"]})["approval"]["mine"] is True
    for person in (people.staff(Role.PUBLISHER, division=ELSEWHERE), people.staff(Role.ADMINISTRATOR)):
        answer = person.caller().ask(ONE, {"id": proposal["id"]})
        assert [code for code, _ in codes(answer)] == ["NOT_FOUND"]
        assert answer.json()["data"] == {"approval": None}
        listed = person.caller().data("{ approvals(first: 100) { edges { node { id } } } }")["approvals"]["edges"]
        assert proposal["id"] not in [edge["node"]["id"] for edge in listed]
    answer = people.staff(Role.AUDITOR).caller().ask(ONE, {"id": proposal["id"]})
    assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]


def test_the_list_is_by_state_and_by_pages(first: Person, second: Person, proposed: dict[str, Any]) -> None:
    query = """query($s: ProposalState, $a: String) { approvals(first: 2, after: $a, state: $s) {
      edges { node { id state } cursor } pageInfo { hasNextPage endCursor } } }"""
    assert second.caller().change(REJECT, **rejection_of(proposed))["userErrors"] == []
    for state, there in (("REJECTED", True), ("OPEN", False), (None, True)):
        found, after = [], None
        while True:
            page = second.caller().data(query, {"s": state, "a": after})["approvals"]
            found += [edge["node"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert (proposed["id"] in [each["id"] for each in found]) == there
        assert state is None or {each["state"] for each in found} <= {state}
    answer = first.caller().ask(query, {"a": after})
    assert codes(answer) == [("INVALID", ("approvals",))]
