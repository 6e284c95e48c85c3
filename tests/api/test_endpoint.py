"""The manners of the endpoint: media types, statuses, ids, errors, introspection, and what is published beside it."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.errors import Code
from tests.api.serving import GRAPHQL, VERIFY, Agency, Caller, Instance, codes, request_of

ME = b'{"query": "{ me { code } }"}'
NOTHING = b'{"query": "{ me { nothing } }"}'
SCHEMA = "{ __schema { queryType { name } } }"


# --- media types and statuses


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_an_answer_comes_in_the_media_type_that_is_accepted(cnss: Caller, accept: str, media: str) -> None:
    answer = cnss.post(ME, accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"


def test_who_accepts_neither_media_type_is_told_so(cnss: Caller) -> None:
    assert cnss.post(ME, accept="text/html").status_code == 406


def test_a_document_at_fault_is_a_400_only_in_the_media_type_that_has_it(cnss: Caller) -> None:
    assert cnss.post(NOTHING, accept=GRAPHQL).status_code == 400
    assert cnss.post(NOTHING, accept="application/json").status_code == 200
    assert cnss.post(NOTHING, accept="application/json").json()["errors"]


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
def test_a_refusal_of_the_whole_request_has_its_status_in_both_media_types(cnss: Caller, accept: str) -> None:
    assert cnss.post(ME, accept=accept, authorization=None).status_code == 401
    assert cnss.post(b"{}", accept=accept).status_code == 400


def test_every_answer_carries_a_request_id_of_its_own(served: Instance, cnss: Caller) -> None:
    row = [request_of(served.subject(0), "given_name")]
    answers = [
        cnss.post(ME),
        cnss.post(ME),
        cnss.post(NOTHING),
        cnss.post(b"{}"),
        cnss.post(b""),
        cnss.post(ME, authorization=None),
        cnss.ask(VERIFY, {"r": row, "p": "AUDIT"}),
        cnss.ask(VERIFY, {"r": row, "p": "IDENTITY_PROOFING"}),
        cnss.ask("{ me { " + "code " * 1000 + "} }"),
    ]
    ids = [UUID(answer.json()["extensions"]["requestId"]) for answer in answers]
    assert len(set(ids)) == len(answers)
    assert {its.version for its in ids} == {7}
    for answer in answers:
        for error in answer.json().get("errors", ()):
            assert Code(error["extensions"]["code"])
            assert error["message"]


def test_no_answer_suggests_a_name(cnss: Caller) -> None:
    for document in (
        "{ mee { code } }",
        "{ me { cod } }",
        "{ person(subjct: 1, purpose: ELIGIBILITY) { sex } }",
        "{ programmes(onn: 1) { code } }",
        '{ person(subject: {idc: "1"}, purpose: ELIGIBILITY) { sex } }',
        '{ person(subject: {idcs: "1"}, purpose: ELIGIBILTY) { sex } }',
        "{ me { ...F } } fragment F on Viewr { code }",
        "query($p: Purpos) { me { code } }",
        "{ me { code @includ(if: true) } }",
        "{ me }",
    ):
        answer = cnss.ask(document)
        assert answer.status_code == 400
        assert "Did you mean" not in answer.text
        assert {code for code, _ in codes(answer)} == {"INVALID"}


# --- introspection


def test_introspection_is_a_right_of_its_own(fund: Agency, cnss: Caller) -> None:
    assert cnss.data(SCHEMA) == {"__schema": {"queryType": {"name": "Query"}}}
    without = fund.caller(scope="self:read")
    for document in (
        SCHEMA,
        '{ __type(name: "Person") { name } }',
        '{ me { code } __type(name: "Person") { fields { name } } }',
    ):
        answer = without.ask(document)
        assert answer.status_code == 400
        assert {code for code, _ in codes(answer)} == {"INVALID"}
    assert without.data("{ __typename me { __typename } }") == {"__typename": "Query", "me": {"__typename": "Viewer"}}


# --- rates


def test_too_many_questions_within_a_minute_are_put_off_with_the_time_to_wait(served: Instance) -> None:
    names = ["person.given_name"]
    agency = served.enrol(
        attributes={"person.given_name": {"uses": ["MATCH"]}},
        mandates={"IDENTITY_PROOFING": names},
        points_per_minute=5,
    )
    instant = (served.now() + timedelta(minutes=1)).replace(second=30, microsecond=0)  # after the agency was enrolled
    row = request_of(served.subject(0), "given_name")
    with served.serve_here(lambda: instant) as base:
        caller = agency.caller(base=base)
        caller.seconds = lambda: int(instant.timestamp())  # type: ignore[method-assign]
        assert len(caller.verify([row] * 3)) == 3
        assert caller.ask(VERIFY, {"r": [row] * 3, "p": "IDENTITY_PROOFING"}).status_code == 429  # one more than is left
        assert len(caller.verify([row] * 2)) == 2
        before = served.count("ledger_entry")
        for document, variables in ((VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"}), ("{ me { code } }", {})):
            answer = caller.ask(document, variables)
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == "31"
            assert answer.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 31}
        assert served.count("ledger_entry") == before
        instant = instant.replace(minute=instant.minute + 1, second=0)
        assert len(caller.verify([row])) == 1


# --- beside it


def test_life_and_readiness_are_told_apart(served: Instance, cnss: Caller) -> None:
    assert cnss.http.get("/health/live").json() == {"live": True}
    assert cnss.http.get("/health/ready").json() == {"ready": True}


def test_the_published_keys_are_public_and_are_those_that_sign(served: Instance, cnss: Caller) -> None:
    answer = cnss.http.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert key["kid"] == served.keys.signer.kid
    header, _ = cnss.verify([request_of(served.subject(0), "given_name")])[0]["receipt"].split(".", 1)
    assert orjson.loads(_decoded(header))["kid"] == key["kid"]


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_the_metadata_name_where_to_go_and_how_to_prove_oneself(served: Instance, cnss: Caller) -> None:
    told: dict[str, Any] = cnss.http.get("/.well-known/oauth-authorization-server").json()
    assert told["issuer"] == served.issuer
    assert told["token_endpoint"] == f"{served.issuer}/oauth/token"
    assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert told["grant_types_supported"] == ["client_credentials"]
    assert httpx.get(told["jwks_uri"], timeout=30).json() == cnss.http.get("/.well-known/jwks.json").json()


def test_metrics_count_answers_and_refusals_and_hold_nothing_of_anybody(served: Instance, cnss: Caller) -> None:
    def counted() -> dict[tuple[str, ...], float]:
        text = cnss.http.get("/metrics").text
        assert served.subject(0)["idcs"] not in text
        assert str(cnss.agency.agency_id) not in text
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    before = counted()
    cnss.post(ME)
    cnss.post(ME, authorization=None)
    after = counted()
    assert after["sijil_answers_total", "graphql", "200"] - before["sijil_answers_total", "graphql", "200"] == 1
    assert after["sijil_refusals_total", "UNAUTHENTICATED"] - before.get(("sijil_refusals_total", "UNAUTHENTICATED"), 0) == 1


def test_there_is_no_explorer_but_in_a_demonstration(cnss: Caller) -> None:
    for path in ("/explorer", "/docs", "/graphiql", "/static/explorer.js"):
        assert cnss.http.get(path).status_code == 404
