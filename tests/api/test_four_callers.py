"""Every root field, asked by four callers: nobody, one without the right to ask, one without the right to the answer, and the
right one. Whoever is refused leaves nothing behind but the refusal's own record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type

from api import schema
from tests.api.serving import ELIGIBILITY, VERIFY, Agency, Caller, Instance, codes, request_of

FIELDS = list(schema.build().query_type.fields)  # type: ignore[union-attr]


@dataclass(frozen=True)
class Case:
    """How a field is asked, and what becomes of who has no right to that answer: codes, and what it leaves.

    `wrong_is_ended`: nobody lacks the right to this but who may ask nothing any more.
    """

    document: str
    variables: Callable[[Instance], Mapping[str, Any]] = lambda _: {}
    scope: str = "self:read"
    wrong: tuple[str, ...] = ("UNAUTHENTICATED",)
    entries: int = 0
    failures: int = 0  # counted: of the subject and of the agency
    wrong_is_ended: bool = False


def idcs(served: Instance) -> dict[str, Any]:
    return {"i": served.persona("match")["idcs"]}


CASES = {
    "me": Case("{ me { code } }", wrong_is_ended=True),
    "catalogue": Case("{ catalogue { name granted } }", wrong_is_ended=True),
    "myAgency": Case("{ myAgency { code } }", wrong_is_ended=True),
    "programmes": Case("{ programmes { code } }", wrong_is_ended=True),
    "openings": Case("{ openings { open } }", wrong_is_ended=True),
    "verify": Case(
        VERIFY,
        lambda served: {"r": [request_of(served.persona("match"), "given_name", "cnie")], "p": "IDENTITY_PROOFING"},
        "verification:run",
        wrong=("FORBIDDEN",),
    ),
    "person": Case(
        "query($i: String!) { person(subject: {idcs: $i}, purpose: SERVICE_DELIVERY) { sex } }",
        idcs,
        "person:read",
        wrong=("WITHHELD",),
        entries=1,
    ),
    "household": Case(
        "query($i: String!) { household(subject: {idcs: $i}, purpose: SERVICE_DELIVERY) { milieu } }",
        lambda served: {"i": served.subject(0)["idcs"]},
        "household:read",
        wrong=("WITHHELD",),
        entries=1,
        failures=2,
    ),
    "eligibility": Case(
        ELIGIBILITY,
        lambda served: {
            "r": [{"subject": {"idcs": served.persona("just-below-asd")["idcs"]}, "programme": "ASD"}],
            "p": "SERVICE_DELIVERY",
        },
        "eligibility:read",
        wrong=("WITHHELD",) * 4,
        entries=1,
        failures=2,
    ),
}


# Those of people who sign in: what each of them is told stands in `test_leaks_of_sessions.py`.
OF_PEOPLE = sorted(set(FIELDS) - set(CASES))


def of_people(name: str) -> str:
    """A document that asks such a field, about something that is not there."""
    found = schema.build().query_type.fields[name]  # type: ignore[union-attr]
    given = {"ID!": f'"{UUID(int=7)}"', "String!": '"x"', "RequestConsentInput!": CONSENT, "Purpose!": "CASE_REVIEW"}
    given |= {"Date!": '"2026-01-01"', "IndicatorGrouping!": "COUNTRY"}
    given["PersonSearch!"] = '{idcs: "2516116556", purpose: CASE_REVIEW}'
    given |= {"TemplateForm!": "CSV", "Lang!": "FR"}
    needed = [f"{argument}: {given[str(its.type)]}" for argument, its in found.args.items() if str(its.type).endswith("!")]
    below = "{ __typename }" if isinstance(get_named_type(found.type), GraphQLObjectType) else ""
    return f"{{ {name}{'(' + ', '.join(needed) + ')' if needed else ''} {below} }}"


CONSENT = '{subject: {idcs: "2516116556"}, purpose: PAYMENT, attributes: ["person.sex"], method: LINK}'


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_what_is_for_people_who_sign_in_is_told_to_nobody_and_to_no_machine(served: Instance, fund: Agency, name: str) -> None:
    before = left(served)
    document = of_people(name)
    caller = fund.caller(scope="self:read")
    refused(
        caller.post(
            caller.http.build_request("POST", "/graphql", json={"query": document}).content, authorization=None, dpop=None
        ),
        401,
        "UNAUTHENTICATED",
    )
    refused(caller.ask(document), 200, "FORBIDDEN")
    assert left(served) == before


def asked(served: Instance, caller: Caller, case: Case) -> httpx.Response:
    return caller.ask(case.document, case.variables(served))


def left(served: Instance) -> tuple[int, int, int]:
    """Entries, failures counted, and the rows of all tables of the register."""
    failures = served.sql("select coalesce(sum(used), 0) as n from counter where kind = 'FAILURES'")[0]["n"]
    return served.count("ledger_entry"), failures, sum(map(served.count, ("person", "household", "fact", "score", "consent")))


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert [found for found, _ in codes(answer)] == [code]
    assert answer.json().get("data") is None or set(answer.json()["data"].values()) == {None}


@pytest.mark.parametrize("name", CASES)
def test_nobody_is_answered_nothing(served: Instance, cnss: Caller, name: str) -> None:
    before = left(served)
    body = cnss.http.build_request(
        "POST", "/graphql", json={"query": CASES[name].document, "variables": CASES[name].variables(served)}
    ).content
    refused(cnss.post(body, authorization=None, dpop=None), 401, "UNAUTHENTICATED")
    assert left(served) == before


@pytest.mark.parametrize("name", CASES)
def test_a_token_without_the_right_to_ask_is_forbidden(served: Instance, fund: Agency, name: str) -> None:
    before = left(served)
    rights = {"self:read", "person:read", "household:read", "eligibility:read", "verification:run"}
    caller = fund.caller(scope=" ".join(sorted(rights - {CASES[name].scope})))
    refused(asked(served, caller, CASES[name]), 200, "FORBIDDEN")
    assert left(served) == before


@pytest.mark.parametrize("name", CASES)
def test_who_has_no_right_to_this_answer_gets_none(served: Instance, grants: Agency, name: str) -> None:
    case = CASES[name]
    agency = grants
    if case.wrong_is_ended:
        agency = served.enrol()
    caller = agency.caller()
    assert caller.token
    if case.wrong_is_ended:
        agency.suspend()
    entries, failures, rest = left(served)
    answer = asked(served, caller, case)
    assert tuple(code for code, _ in codes(answer)) == case.wrong, answer.text
    entries_after, failures_after, rest_after = left(served)
    assert (entries_after - entries, failures_after - failures, rest_after) == (case.entries, case.failures, rest)


@pytest.mark.parametrize("name", CASES)
def test_the_right_caller_is_answered(served: Instance, fund: Agency, name: str) -> None:
    before = left(served)
    case = CASES[name]
    answer = asked(served, fund.caller(scope=case.scope), case)
    assert codes(answer) == [], answer.text
    assert answer.json()["data"][name]
    assert left(served)[0] - before[0] == (0 if case.scope == "self:read" else 1)
