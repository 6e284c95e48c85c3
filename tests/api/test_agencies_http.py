"""Agencies over real HTTP: what is dangerous only becomes a proposal, what stops something counts at once on every process."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from access.rights import Role
from tests.access.consenting import notice_document
from tests.access.enrolled import Key, agreement_document, mandate_document
from tests.api.people import Browser, People, Person, user_errors
from tests.api.serving import YEAR, Agency, Instance, codes, listening

REGION, ELSEWHERE = "04", "05"
AGENCY = """id code name { ar fr en } enrolledAt suspendedAt suspendedBy agreement { version }
  keys { kid alg jwk validFrom validTo revokedAt revokedBy inForce expiresSoon }
  agreements { version hash document territory purposes validFrom validTo suspendedAt suspendedBy inForce }
  mandates { id purpose article hash document validFrom validTo revokedAt revokedBy inForce }
  notices { purpose version hash document validFrom publishedAt inForce }"""
PROPOSAL = "id kind hash change state proposedBy mine mayDecide differences { path kind was becomes }"
# All that a proposal or a stop may write.
TABLES = ("proposal", "agency", "agency_key", "agreement", "mandate", "consent_notice", "done")


@pytest.fixture(scope="session")
def people(served: Instance) -> People:
    return People(served)


@pytest.fixture(scope="session")
def publisher(people: People) -> Person:
    return people.staff(Role.PUBLISHER)


@pytest.fixture(scope="session")
def colleague(people: People) -> Person:
    return people.staff(Role.PUBLISHER)


@pytest.fixture(scope="session")
def elsewhere(people: People) -> Person:
    return people.staff(Role.PUBLISHER, division=ELSEWHERE)


@pytest.fixture
def agency(served: Instance) -> Agency:
    """With an agreement for one region, a mandate, and a notice in its first version."""
    return served.enrol(mandates={"ELIGIBILITY": ["person.given_name", "person.birth_date"]}, territory=[REGION])


def mutation(name: str, kind: str, shown: str) -> str:
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {shown} userErrors {{ code path message }} }} }}"


def dates(served: Instance, **changes: Any) -> dict[str, Any]:
    now = served.now()
    return {"valid_from": now.isoformat(), "valid_to": (now + YEAR).isoformat()} | changes


def of_agency(served: Instance, agency: Agency) -> dict[str, Any]:
    return {"agency": str(agency.agency_id)}


def new_key(served: Instance, agency: Agency) -> dict[str, Any]:
    until = (served.now() + timedelta(days=90)).isoformat()
    return of_agency(served, agency) | {"jwk": json.dumps(Key.new("ES256").jwk), "validTo": until}


def mandate_of(served: Instance, agency: Agency) -> dict[str, Any]:
    (row,) = served.sql("select mandate_id from mandate where agency_id = $1", agency.agency_id)
    return {"mandate": str(row["mandate_id"])}


def document(make: Callable[..., dict[str, Any]], **changes: Any) -> Callable[[Instance, Agency], dict[str, Any]]:
    def given(served: Instance, agency: Agency) -> dict[str, Any]:
        return {"document": json.dumps(make(served, agency) | changes)}

    return given


def suspend(served: Instance, agency: Agency) -> None:
    agency.suspend()


def suspend_agreement(served: Instance, agency: Agency) -> None:
    served.sql("update agreement set suspended_at = $2 where agency_id = $1", agency.agency_id, served.now())


@dataclass(frozen=True)
class Case:
    """A mutation: its input, what has to be so before, and (where it makes a proposal) the kind of it."""

    type: str
    given: Callable[[Instance, Agency], Mapping[str, Any]]
    proposes: str | None = None
    ready: Callable[[Instance, Agency], None] = field(default=lambda served, agency: None)

    def text(self, name: str) -> str:
        shown = f"agency {{ {AGENCY} }}" if self.proposes is None else f"proposal {{ {PROPOSAL} }}"
        return mutation(name, self.type, shown)


CASES = {
    "enrolAgency": Case(
        "EnrolAgencyInput",
        lambda served, agency: {"code": f"NEW_{agency.code}", "names": {"ar": "هيئة", "fr": "Organisme", "en": "Body"}},
        "AGENCY_ENROLLED",
    ),
    "addAgencyKey": Case("AddAgencyKeyInput", new_key, "AGENCY_KEY_ADDED"),
    "publishAgreement": Case(
        "PublishInput",
        document(lambda served, agency: agreement_document(agency.code, version=2, territory=[REGION], **dates(served))),
        "AGREEMENT_PUBLISHED",
    ),
    "publishMandate": Case(
        "PublishInput",
        document(lambda served, agency: mandate_document(agency.code, purpose="PAYMENT", **dates(served))),
        "MANDATE_PUBLISHED",
    ),
    "publishConsentNotice": Case(
        "PublishInput",
        document(lambda served, agency: notice_document(agency=agency.code, version=1, valid_from=served.now().isoformat())),
        "NOTICE_PUBLISHED",
    ),
    "resumeAgency": Case("AgencyInput", of_agency, "AGENCY_RESUMED", suspend),
    "resumeAgreement": Case(
        "AgreementInput",
        lambda served, agency: of_agency(served, agency) | {"version": 1},
        "AGREEMENT_RESUMED",
        suspend_agreement,
    ),
    "suspendAgency": Case("AgencyInput", of_agency),
    "revokeAgencyKey": Case("AgencyKeyInput", lambda served, agency: of_agency(served, agency) | {"kid": agency.kid}),
    "suspendAgreement": Case("AgreementInput", lambda served, agency: of_agency(served, agency) | {"version": 1}),
    "revokeMandate": Case("MandateInput", mandate_of),
}
PROPOSING = [name for name, case in CASES.items() if case.proposes]


def left(served: Instance) -> list[Any]:
    """All rows that any of it may write."""
    rows = [served.sql(f"select * from {table} order by {table}::text") for table in TABLES]
    return [*rows, served.sql("select message_id from message order by message_id")]  # the rest of it changes once it is sent


# --- four callers


def asked(served: Instance, browser: Browser, agency: Agency, name: str, **changes: str | None) -> httpx.Response:
    case = CASES[name]
    return browser.ask(case.text(name), {"input": case.given(served, agency)}, **changes)


@pytest.mark.parametrize("name", CASES)
def test_nobody_changes_anything(served: Instance, publisher: Person, agency: Agency, name: str) -> None:
    CASES[name].ready(served, agency)
    browser = publisher.caller()
    before = left(served)
    for changes, status in (
        ({"cookie": None}, 401),
        ({"cookie": "__Host-session=" + "A" * 43}, 401),
        ({"x_csrf_token": None}, 403),
        ({"x_csrf_token": publisher.caller().csrf}, 403),
    ):
        answer = asked(served, browser, agency, name, **changes)
        assert answer.status_code == status, answer.text
        assert answer.json().get("data") is None
    assert left(served) == before


@pytest.mark.parametrize("name", CASES)
def test_who_lacks_the_right_is_forbidden(
    served: Instance, people: People, elsewhere: Person, agency: Agency, name: str
) -> None:
    callers = [
        people.staff(Role.ADMINISTRATOR).caller(),
        people.staff(Role.AUDITOR).caller(),
        people.officer(agency, role=Role.AGENCY_ADMINISTRATOR).caller(),
        elsewhere.caller(),  # the right kind, in another part of the country
    ]
    CASES[name].ready(served, agency)
    before = left(served)
    for browser in callers:
        answer = asked(served, browser, agency, name)
        told = [code for code, _ in codes(answer)]
        assert told == ["FORBIDDEN"] or (told == ["UNAUTHENTICATED"] and name == "resumeAgency"), answer.text
        assert answer.json().get("data") is None
    if name not in ("resumeAgency", "resumeAgreement"):  # where the machine can ask at all
        answer = agency.caller().ask(CASES[name].text(name), {"input": CASES[name].given(served, agency)})
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    assert left(served) == before


@pytest.mark.parametrize("name", PROPOSING)
def test_what_is_dangerous_is_proposed_and_nothing_is_done_yet(
    served: Instance, publisher: Person, agency: Agency, name: str
) -> None:
    case = CASES[name]
    case.ready(served, agency)
    before = left(served)[1:6]
    payload = publisher.caller().change(case.text(name), **case.given(served, agency))
    assert payload["userErrors"] == []
    proposal = payload["proposal"]
    assert (proposal["kind"], proposal["state"], proposal["mine"], proposal["mayDecide"], proposal["proposedBy"]) == (
        case.proposes,
        "OPEN",
        True,
        False,
        publisher.name,
    )
    assert left(served)[1:6] == before
    assert served.count("proposal", "proposal_id = $1 and decision is null", proposal["id"]) == 1


@pytest.mark.parametrize("name", PROPOSING)
def test_with_a_second_person_it_is_done(
    served: Instance, publisher: Person, colleague: Person, agency: Agency, name: str
) -> None:
    case = CASES[name]
    case.ready(served, agency)
    browser = publisher.caller()
    proposal = browser.change(case.text(name), **case.given(served, agency))["proposal"]
    before = left(served)[1:6]
    approve = mutation("approve", "ApproveInput", "proposal { state decidedBy outcome }")
    given = {"proposal": proposal["id"], "hash": proposal["hash"], "code": colleague.fresh_code()}
    payload = colleague.caller().change(approve, **given)
    assert payload["userErrors"] == []
    assert (payload["proposal"]["state"], payload["proposal"]["decidedBy"]) == ("APPROVED", colleague.name)
    assert left(served)[1:6] != before


@pytest.mark.parametrize("name", [name for name in CASES if name not in PROPOSING])
def test_what_stops_something_is_done_at_once_by_one_who_is_named_to_other_staff(
    served: Instance, people: People, publisher: Person, colleague: Person, agency: Agency, name: str
) -> None:
    case, officer = CASES[name], people.officer(agency).caller()
    payload = publisher.caller().change(case.text(name), **case.given(served, agency))
    assert payload["userErrors"] == []
    its = payload["agency"]
    stopped = {
        "suspendAgency": its["suspendedAt"],
        "revokeAgencyKey": its["keys"][0]["revokedAt"],
        "suspendAgreement": its["agreements"][0]["suspendedAt"],
        "revokeMandate": its["mandates"][0]["revokedAt"],
    }
    assert [each for each, at in stopped.items() if at is not None] == [name]
    query = f"query($id: ID!) {{ agency(id: $id) {{ {AGENCY} }} }}"
    for_staff = colleague.caller().data(query, {"id": str(agency.agency_id)})["agency"]
    assert for_staff == its
    by = {
        "suspendAgency": its["suspendedBy"],
        "revokeAgencyKey": its["keys"][0]["revokedBy"],
        "suspendAgreement": its["agreements"][0]["suspendedBy"],
        "revokeMandate": its["mandates"][0]["revokedBy"],
    }
    assert by == dict.fromkeys(by) | {name: publisher.name}
    if name != "suspendAgency":  # where its people can ask at all
        told = officer.data(f"{{ myAgency {{ {AGENCY} }} }}")["myAgency"]
        assert publisher.name not in json.dumps(told, ensure_ascii=False)
    assert served.count("proposal", "change::text like $1", f"%{agency.code}%") == 0


@pytest.mark.parametrize("name", [name for name in CASES if name not in PROPOSING])
def test_what_is_not_there_is_not_found(served: Instance, publisher: Person, agency: Agency, name: str) -> None:
    case, nobody = CASES[name], "01234567-0123-7123-8123-0123456789ab"
    before = left(served)
    for wrong, code in ((nobody, "NOT_FOUND"), ("not-an-id", "INVALID")):
        given = {key: wrong if key in ("agency", "mandate") else value for key, value in case.given(served, agency).items()}
        payload = publisher.caller().change(case.text(name), **given)
        assert [found for found, _ in user_errors(payload)] == [code]
        assert payload["agency"] is None
    assert left(served) == before


# --- documents as they are sent


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ("document",)),
        ("[]", ("document",)),
        ("{", ("document",)),
        ('{"version": 1, "version": 2}', ("document", "version")),
        ('{"version": 1.0}', ("document",)),
        ('{"version": NaN}', ("document",)),
        ('{"\\ud800": 1, "\\ud800": 2}', ("document", "?")),
        ('{"agency": "\\ud800"}', ("document", "version")),
        ("[" * 5_000, ("document",)),
    ],
)
def test_what_is_not_exactly_one_document_is_refused(
    served: Instance, publisher: Person, text: str, path: tuple[str, ...]
) -> None:
    before = left(served)
    browser = publisher.caller()
    for name in ("publishAgreement", "publishMandate", "publishConsentNotice"):
        payload = browser.change(CASES[name].text(name), document=text)
        ((code, found),) = user_errors(payload)
        assert code == "INVALID"
        assert found[: len(path)] == path or (text.startswith('{"agency"') and found[0] == "document")
        assert payload["proposal"] is None
    assert left(served) == before


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"attributes": {"person.shoe": {"uses": ["MATCH"]}}}, ["document", "attributes", "person.shoe"]),
        ({"territory": ["MA"]}, ["document", "territory", "0"]),
        ({"version": 7}, ["document", "version"]),
        ({"agency": "NOBODY"}, ["document", "agency"]),
        ({"x" * 500: 1}, ["document", "x" * 100]),
        ({"valid_to": "2020-01-01T00:00:00Z"}, ["document", "valid_to"]),
    ],
)
def test_what_is_to_be_mended_is_told_with_the_path_into_the_document(
    served: Instance, publisher: Person, agency: Agency, changes: dict[str, Any], path: list[str]
) -> None:
    sound = agreement_document(agency.code, version=2, territory=[REGION], **dates(served))
    payload = publisher.caller().change(
        CASES["publishAgreement"].text("publishAgreement"), document=json.dumps(sound | changes)
    )
    assert [error["path"] for error in payload["userErrors"]] == [path]
    assert served.count("proposal", "change::text like $1", f"%{agency.code}%") == 0


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"jwk": "{"}, ("jwk",)),
        ({"jwk": "{}"}, ("jwk",)),
        ({"jwk": json.dumps({**Key.new().jwk, "d": "AA"})}, ("jwk", "d")),
        ({"jwk": json.dumps({**Key.new().jwk, "kid": 7})}, ("kid",)),
        ({"kid": "x" * 129}, ("kid",)),
        ({"validTo": "2020-01-01T00:00:00Z"}, ("validTo",)),
        ({"validFrom": "2099-01-01T00:00:00Z"}, ("validTo",)),
        ({"agency": "x"}, ("agency",)),
    ],
)
def test_a_key_that_cannot_be_kept_is_told_with_its_path(
    served: Instance, publisher: Person, agency: Agency, changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    payload = publisher.caller().change(CASES["addAgencyKey"].text("addAgencyKey"), **(new_key(served, agency) | changes))
    assert [found for _, found in user_errors(payload)] == [path]


def test_a_repeat_under_one_key_proposes_once(served: Instance, publisher: Person, agency: Agency) -> None:
    browser, name = publisher.caller(), "publishMandate"
    given = dict(CASES[name].given(served, agency)) | {"requestKey": f"key of {agency.code}"}
    first = browser.change(CASES[name].text(name), **given)
    again = browser.change(CASES[name].text(name), **given)
    assert first == again
    assert served.count("proposal", "change::text like $1", f"%{agency.code}%") == 1


# --- reading


def test_an_agency_is_shown_to_who_manages_it_and_to_itself(
    served: Instance, people: People, publisher: Person, agency: Agency
) -> None:
    query = f"query($id: ID!) {{ agency(id: $id) {{ {AGENCY} }} }}"
    shown = publisher.caller().data(query, {"id": str(agency.agency_id)})["agency"]
    assert (shown["code"], shown["agreement"], shown["suspendedAt"]) == (agency.code, {"version": 1}, None)
    assert [key["kid"] for key in shown["keys"]] == [agency.kid]
    officer = people.officer(agency, people.office(agency)).caller()
    assert officer.data(f"{{ myAgency {{ {AGENCY} }} }}")["myAgency"] == shown
    assert agency.caller().data("{ myAgency { code } }") == {"myAgency": {"code": agency.code}}
    for query_, variables in ((query, {"id": str(agency.agency_id)}), ("{ agencies { edges { node { code } } } }", {})):
        answer = officer.ask(query_, variables)
        assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    answer = publisher.caller().ask("{ myAgency { code } }")
    assert [code for code, _ in codes(answer)] == ["FORBIDDEN"]
    answer = publisher.caller().ask(query, {"id": "01234567-0123-7123-8123-0123456789ab"})
    assert [code for code, _ in codes(answer)] == ["NOT_FOUND"]


def test_all_agencies_are_listed_by_pages(served: Instance, publisher: Person, agency: Agency) -> None:
    browser, found, after = publisher.caller(), [], None
    query = """query($a: String) { agencies(first: 2, after: $a) { edges { node { code } cursor }
      pageInfo { hasNextPage endCursor } } }"""
    while True:
        page = browser.data(query, {"a": after})["agencies"]
        found += [edge["node"]["code"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [row["code"] for row in served.sql('select code from agency order by code collate "default"')]
    assert agency.code in found
    for wrong in ("x", after[:-2] + "AA"):
        answer = browser.ask(query, {"a": wrong})
        assert [code for code, _ in codes(answer)] == ["INVALID"]


# --- from the next request on, with two processes


@pytest.mark.parametrize("name", ["suspendAgency", "revokeAgencyKey", "suspendAgreement"])
def test_what_is_stopped_on_one_process_counts_on_the_other_from_the_next_request_on(
    served: Instance, people: People, publisher: Person, agency: Agency, name: str
) -> None:
    question = "{ me { agreement { version } } }"
    with listening() as listener, served.serve(listener) as other:
        here, there = agency.caller(), agency.caller(base=other)
        officer = people.officer(agency).caller(base=other)
        for caller in (here, there):
            assert caller.data(question) == {"me": {"agreement": {"version": 1}}}
        assert officer.data("{ myAgency { code } }") == {"myAgency": {"code": agency.code}}
        publisher.caller().change(CASES[name].text(name), **CASES[name].given(served, agency))
        for caller in (there, here):
            answer = caller.ask(question)
            if name == "suspendAgreement":
                assert answer.json()["data"] == {"me": {"agreement": None}}
            else:
                assert answer.status_code == 401, answer.text
        assert officer.ask("{ myAgency { code } }").status_code == (401 if name == "suspendAgency" else 200)
