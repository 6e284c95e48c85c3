"""Bad input of every kind: each gets its stable code and the path of what is wrong, leaves nothing half written, and no value
that was sent comes back in the refusal or stands in a log."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.cost import MAX_BYTES
from tests.api.serving import ELIGIBILITY, GRAPHQL, VERIFY, Agency, Caller, Instance

CANARY = "Zyxvannique"
CANARY_DATE = "1897-06-31"
CANARY_NUMBER = "7654321890"
ILL_FORMED_NUMBERS = [
    "",
    "201302380",
    "20130238051",
    " 2013023805",
    "2013023805\n",
    "2013 023805",
    "+201302380",
    "٢٠١٣٠٢٣٨٠٥",
    "201302380²",
    "1013023805",
    "0013023805",
    "2013023800",
    "2516116557",
    "2001320013",
    "8888888888",
    "2001661002",
    "2727272727",
    "2013023805\x00",
    "\u202e2013023805",
    "9" * 10_000,
    CANARY_NUMBER,
]


@pytest.fixture(autouse=True)
def nothing_is_left(served: Instance) -> Iterator[None]:
    """No entry, nothing counted, and no canary in what the server printed."""
    printed = served.log.stat().st_size
    before = settled(served)
    yield
    assert settled(served) == before
    new = served.log.read_bytes()[printed:]
    for canary in (CANARY, CANARY_DATE, CANARY_NUMBER):
        assert canary.encode() not in new


def settled(served: Instance) -> tuple[int, int]:
    return served.count("ledger_entry"), served.sql("select coalesce(sum(used), 0) as n from counter where kind = 'FAILURES'")[
        0
    ]["n"]


def told(answer: httpx.Response, code: str, path: list[Any] | None = None, status: int | None = None) -> None:
    """Exactly one error, of that code, with that path of the input; no value that was sent."""
    body = answer.json()
    assert [error["extensions"]["code"] for error in body["errors"]] == [code], answer.text
    assert body["extensions"]["requestId"]
    if path is not None:
        assert body["errors"][0]["extensions"].get("path", []) == path, answer.text
    if status is not None:
        assert answer.status_code == status, answer.text
    for value in (CANARY, CANARY_DATE, CANARY_NUMBER, "Traceback", "asyncpg", ".py"):
        assert value not in answer.text


def row(served: Instance, **claims: str) -> dict[str, Any]:
    return {
        "subject": {"idcs": served.subject(0)["idcs"]},
        "claims": [{"attribute": f"person.{name}", "value": value} for name, value in claims.items()],
    }


def ask(caller: Caller, *rows: dict[str, Any], purpose: str = "IDENTITY_PROOFING") -> httpx.Response:
    return caller.ask(VERIFY, {"r": list(rows), "p": purpose})


# --- subjects


@pytest.mark.parametrize("number", ILL_FORMED_NUMBERS, ids=range(len(ILL_FORMED_NUMBERS)))
def test_an_ill_formed_number_is_refused_wherever_it_is_asked_about(served: Instance, cnss: Caller, number: str) -> None:
    subject = {"idcs": number}
    told(ask(cnss, {**row(served, given_name="Ali"), "subject": subject}), "INVALID", ["requests", 0, "subject", "idcs"])
    told(
        cnss.ask(ELIGIBILITY, {"r": [{"subject": subject, "programme": "ASD"}], "p": "ELIGIBILITY"}),
        "INVALID",
        ["requests", 0, "subject", "idcs"],
    )
    for field in ("person", "household"):
        document = f"query($s: SubjectInput!) {{ {field}(subject: $s, purpose: ELIGIBILITY) {{ token }} }}"
        answer = cnss.ask(document, {"s": subject})
        told(answer, "INVALID", ["subject", "idcs"])
        assert answer.json()["data"] == {field: None}
        assert number == "" or number not in answer.text


@pytest.mark.parametrize(
    "token", ["x", "p1.", "p1." + "A" * 21, "p1." + "A" * 23, "p0." + "A" * 22, "p2." + "A" * 22, "q1." + "A" * 22, CANARY]
)
def test_an_ill_formed_token_is_refused(served: Instance, cnss: Caller, token: str) -> None:
    told(
        ask(cnss, {**row(served, given_name="Ali"), "subject": {"token": token}}),
        "INVALID",
        ["requests", 0, "subject", "token"],
    )


@pytest.mark.parametrize("code", ["", "20130238001", "2013023805", "2013023805x", "٢٠١٣٠٢٣٨٠٥١", CANARY])
def test_an_ill_formed_household_code_is_refused(cnss: Caller, code: str) -> None:
    document = "query($c: String) { household(code: $c, purpose: ELIGIBILITY) { token } }"
    told(cnss.ask(document, {"c": code}), "INVALID", ["code"])


@pytest.mark.parametrize(
    "subject",
    [
        {},
        {"idcs": None},
        {"idcs": "2516116556", "token": "p1." + "A" * 22},
        {"nickname": CANARY},
        {"idcs": 2516116556},
        CANARY,
        [],
        None,
    ],
)
def test_a_subject_is_named_in_exactly_one_way(served: Instance, cnss: Caller, subject: Any) -> None:
    answer = ask(cnss, {**row(served, given_name="Ali"), "subject": subject})
    assert answer.status_code == 400
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INVALID"}
    assert CANARY not in answer.text


def test_a_household_is_named_in_exactly_one_way(cnss: Caller) -> None:
    document = "query($c: String, $s: SubjectInput) { household(code: $c, subject: $s, purpose: ELIGIBILITY) { token } }"
    told(cnss.ask(document), "INVALID", ["subject"])
    told(cnss.ask(document, {"c": "25161165560", "s": {"idcs": "2516116556"}}), "INVALID", ["subject"])


# --- claims and conditions


def test_an_unknown_attribute_is_refused_just_like_a_forbidden_one(served: Instance, cnss: Caller, office: Caller) -> None:
    answers = []
    for caller, attribute in (
        (cnss, "person.shoe_size"),
        (cnss, "person.address"),
        (cnss, "score.value"),
        (cnss, CANARY),
        (office, "person.cnie"),
        (office, "person.nope"),
    ):
        claims = [{"attribute": "person.given_name", "value": "Ali"}, {"attribute": attribute, "value": "AB123"}]
        answer = ask(caller, {"subject": {"idcs": served.subject(0)["idcs"]}, "claims": claims})
        told(answer, "FORBIDDEN", ["requests", 0, "claims", 1, "attribute"])
        answers.append([{**error, "locations": None} for error in answer.json()["errors"]])
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("attribute", ["person.sex", "person.birth_place", CANARY])
def test_a_condition_is_refused_where_it_is_not_granted(served: Instance, cnss: Caller, office: Caller, attribute: str) -> None:
    for caller, asked in ((cnss, attribute), (office, "person.birth_date")):
        condition = {"attribute": asked, "operator": "LE", "value": "1990-01-01"}
        answer = ask(caller, {**row(served, given_name="Ali"), "predicates": [condition]})
        told(answer, "FORBIDDEN", ["requests", 0, "predicates", 0, "attribute"])


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        *(("birth_date", text) for text in (CANARY_DATE, "1959-02-29", "1959-13-01", "59", "14/07/1959", "1849", CANARY)),
        *(("given_name", text) for text in ("", "   ", "1234", "\u202eAli", "A\x00li", "A\u2028li", "Иван")),
        *(("given_name", text) for text in ("a" * 10_000, CANARY + "\x07")),
        *(("sex", text) for text in ("X", CANARY)),
        *(("cnie", text) for text in ("123", "ABC123456789", CANARY)),
        *(("telephone", text) for text in ("12", "0412345678", CANARY)),
        *(("nationality", text) for text in ("Atlantis", CANARY)),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_one_is_refused_where_it_stands(
    served: Instance, cnss: Caller, attribute: str, value: str
) -> None:
    claims = {"family_name": "Alaoui"} | {attribute: value}
    answer = ask(cnss, row(served, given_name="Ali"), row(served, **claims))
    told(answer, "INVALID", ["requests", 1, "claims", list(claims).index(attribute), "value"])
    assert len(value) < 4 or value not in answer.text


@pytest.mark.parametrize("text", ["\x00", "\u202e", "x" * 101, "\u2066" + CANARY])
def test_a_reference_is_plain_and_short(served: Instance, cnss: Caller, text: str) -> None:
    told(ask(cnss, {**row(served, given_name="Ali"), "reference": text}), "INVALID", ["requests", 0, "reference"])


@pytest.mark.parametrize("consent", ["", "x", CANARY, "0190f1c0-0000-7000-8000-00000000000"])
def test_an_ill_formed_consent_id_is_refused_where_it_stands(served: Instance, cnss: Caller, consent: str) -> None:
    told(ask(cnss, {**row(served, given_name="Ali"), "consent": consent}), "INVALID", ["requests", 0, "consent"])
    asked = {"subject": {"idcs": served.subject(0)["idcs"]}, "programme": "ASD", "consent": consent}
    told(cnss.ask(ELIGIBILITY, {"r": [asked], "p": "ELIGIBILITY"}), "INVALID", ["requests", 0, "consent"])
    for field in ("person", "household"):
        document = (
            f'query($c: ID) {{ {field}(subject: {{idcs: "2516116556"}}, purpose: ELIGIBILITY, consent: $c) {{ token }} }}'
        )
        told(cnss.ask(document, {"c": consent}), "INVALID", ["consent"])


# --- batches, programmes, purposes


def test_a_thousand_and_one_requests_are_too_many(served: Instance, cnss: Caller) -> None:
    told(ask(cnss, *[row(served, given_name="Ali")] * 1001), "INVALID", ["requests"])
    asked = {"subject": {"idcs": served.subject(0)["idcs"]}, "programme": "ASD"}
    told(cnss.ask(ELIGIBILITY, {"r": [asked] * 1001, "p": "ELIGIBILITY"}), "INVALID", ["requests"])
    told(cnss.ask(ELIGIBILITY, {"r": [], "p": "ELIGIBILITY"}), "INVALID", ["requests"])


def test_an_unknown_programme_voids_the_batch_where_it_stands(served: Instance, cnss: Caller) -> None:
    asked = [{"subject": {"idcs": served.subject(0)["idcs"]}, "programme": code} for code in ("ASD", CANARY)]
    told(cnss.ask(ELIGIBILITY, {"r": asked, "p": "ELIGIBILITY"}), "INVALID", ["requests", 1, "programme"])


def test_a_purpose_that_was_not_agreed_is_forbidden(served: Instance, cnss: Caller, office: Caller) -> None:
    told(ask(cnss, row(served, given_name="Ali"), purpose="PAYMENT"), "FORBIDDEN", ["purpose"])
    told(ask(office, row(served, given_name="Ali"), purpose="ELIGIBILITY"), "FORBIDDEN", ["purpose"])
    for field in ("person", "household"):
        document = f'{{ {field}(subject: {{idcs: "2516116556"}}, purpose: AUDIT) {{ token }} }}'
        told(cnss.ask(document), "FORBIDDEN", ["purpose"])
    told(ask(cnss, row(served, given_name="Ali"), purpose=CANARY), "INVALID", status=400)


# --- whole requests


@pytest.mark.parametrize(
    "variables",
    [
        {"r": CANARY, "p": "IDENTITY_PROOFING"},
        {"r": [{"subject": {"idcs": CANARY_NUMBER}, "claims": CANARY}], "p": "IDENTITY_PROOFING"},
        {"r": [{"subject": {"idcs": CANARY_NUMBER}, "claims": [{"attribute": CANARY}]}], "p": "IDENTITY_PROOFING"},
        {"r": [{"subject": {"idcs": CANARY_NUMBER}, CANARY: CANARY}], "p": "IDENTITY_PROOFING"},
        {"r": [{"claims": []}], "p": "IDENTITY_PROOFING"},
        {"r": None, "p": "IDENTITY_PROOFING"},
        {"r": [None], "p": "IDENTITY_PROOFING"},
        {"r": []},
        {"p": "IDENTITY_PROOFING"},
        {"r": [], "p": 7},
        {},
    ],
)  # fmt: skip
def test_variables_of_another_type_are_refused_without_being_quoted(cnss: Caller, variables: dict[str, Any]) -> None:
    answer = cnss.ask(VERIFY, variables)
    assert answer.status_code == 400
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INVALID"}
    for value in (CANARY, CANARY_NUMBER):
        assert value not in answer.text


@pytest.mark.parametrize(
    "document",
    [
        f"{{ person(subject: {{idcs: {CANARY_NUMBER}}}, purpose: ELIGIBILITY) {{ sex }} }}",
        f'{{ person(subject: {{nickname: "{CANARY}"}}, purpose: ELIGIBILITY) {{ sex }} }}',
        f'{{ person(subject: "{CANARY}", purpose: ELIGIBILITY) {{ sex }} }}',
        f'{{ person(subject: {{idcs: "2516116556"}}, purpose: "{CANARY}") {{ sex }} }}',
        f'{{ programmes(on: "{CANARY_DATE}") {{ code }} }}',
        f'{{ household(code: {CANARY_NUMBER}, purpose: ELIGIBILITY) {{ score(asOf: "{CANARY}") {{ value }} }} }}',
        '{ household(code: "25161165560", purpose: ELIGIBILITY) { score(asOf: "2026-01-01") { value } } }',
        f'{{ me {{ code }} }} "{CANARY}',
        f'{{ me {{ code }} }} """{CANARY}""" {{',
        "{ me { code nothing } }",
        "{ me }",
        "{ me { code { x } } }",
        "query($v: Nothing) { me { code } }",
        "query($v: String) { me { code } }",
        "{ me { ...A } }",
        "{ me { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }",
        "{ me { code @nothing } }",
        "fragment A on Viewer { code }",
        "{ }",
        "",
        "type Query { me: String }",
    ],
)
def test_a_document_that_does_not_fit_is_refused_without_its_literals(cnss: Caller, document: str) -> None:
    answer = cnss.ask(document)
    assert answer.status_code == 400, answer.text
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INVALID"}
    for value in (CANARY, CANARY_DATE, CANARY_NUMBER, "Did you mean"):
        assert value not in answer.text


def test_a_subject_named_twice_in_the_document_itself_is_refused_too(cnss: Caller) -> None:
    two = f'{{ person(subject: {{idcs: "2516116556", token: "{CANARY}"}}, purpose: ELIGIBILITY) {{ sex }} }}'
    told(cnss.ask(two), "INVALID", status=400)


def test_operations_are_told_apart_by_name(cnss: Caller) -> None:
    two = "query A { me { code } } query B { me { kind } }"
    assert cnss.ask(two, operationName="B").json()["data"] == {"me": {"kind": "AGENCY"}}
    told(cnss.ask(two), "INVALID", ["operationName"], 400)
    told(cnss.ask(two, operationName=CANARY), "INVALID", ["operationName"], 400)
    told(cnss.ask("query A { me { code } } query A { me { kind } }", operationName="A"), "INVALID", status=400)
    told(cnss.ask("subscription { me { code } }"), "INVALID", status=400)
    told(cnss.ask("mutation { me { code } }"), "INVALID", status=400)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", []),
        (b"{", []),
        (b'{"query": "{ me { code } }"', []),
        (b'{"query": "\\ud800"}', []),
        (b'{"query": "{ me { code } }", "variables": {"x": "\\udc00"}}', []),
        (b"\xff\xfe", []),
        (b"[]", []),
        (b'[{"query": "{ me { code } }"}]', []),
        (b'"{ me { code } }"', []),
        (b"null", []),
        (b"NaN", []),
        (b"{}", ["query"]),
        (b'{"query": null}', ["query"]),
        (b'{"query": 7}', ["query"]),
        (b'{"query": ["{ me { code } }"]}', ["query"]),
        (b'{"query": "{ me { code } }", "variables": []}', ["variables"]),
        (b'{"query": "{ me { code } }", "variables": "x"}', ["variables"]),
        (b'{"query": "{ me { code } }", "operationName": 7}', ["operationName"]),
        (b'{"query": "{ me { code } }", "extensions": 7}', ["extensions"]),
        (b"[" * 100_000, []),
        (b'{"query": "{ me { code } }", "variables": {"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}", []),
    ],
)
def test_a_body_that_is_no_question_is_refused(cnss: Caller, body: bytes, path: list[str]) -> None:
    told(cnss.post(body), "INVALID", path, 400)


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/graphql", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_only_json_is_taken(cnss: Caller, content_type: str | None) -> None:
    told(cnss.post(b'{"query": "{ me { code } }"}', content_type=content_type), "INVALID", [], 400)


def test_too_large_a_document_or_body_is_too_costly(cnss: Caller) -> None:
    told(cnss.ask("{ me { code } } #" + CANARY * 2000), "TOO_COSTLY", ["query"], 400)
    told(cnss.ask("{ me { code } } #" + "ع" * (MAX_BYTES // 2)), "TOO_COSTLY", ["query"], 400)
    told(cnss.ask("{ me { code } }", {"x": CANARY * 300_000}), "TOO_COSTLY", [], 400)
    told(cnss.ask("{ me { " + "code " * 1000 + "} }"), "TOO_COSTLY", ["query"], 400)


def test_a_question_is_posted(cnss: Caller) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
        answer = cnss.http.request(method, "/graphql", headers=cnss.headers(), params={"query": "{ me { code } }"})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


# --- authority that has ended


@pytest.fixture
def lapsed(served: Instance) -> Caller:
    """An agency whose agreement has run out: published long ago, since none can be published that has ended."""
    agency = served.enrol(purposes=["IDENTITY_PROOFING", "ELIGIBILITY"])
    served.sql("update agreement set valid_to = $2 where agency_id = $1", agency.agency_id, served.now())
    return agency.caller()


def test_an_agreement_that_ended_grants_nothing(served: Instance, lapsed: Caller) -> None:
    told(ask(lapsed, row(served, given_name="Ali")), "FORBIDDEN", [])
    asked = {"subject": {"idcs": served.subject(0)["idcs"]}, "programme": "ASD"}
    told(lapsed.ask(ELIGIBILITY, {"r": [asked], "p": "ELIGIBILITY"}), "FORBIDDEN", [])
    assert lapsed.data("{ me { agreement { version } purposes } }") == {"me": {"agreement": None, "purposes": []}}
    granted = lapsed.data("{ catalogue { granted } }")["catalogue"]
    assert all(attribute == {"granted": []} for attribute in granted)


def test_who_has_no_agreement_is_told_so_about_everybody_alike(served: Instance) -> None:
    caller = served.enrol(agreement=False).caller()
    texts = set()
    for idcs in (served.subject(0)["idcs"], "2516116556"):
        answer = ask(caller, {**row(served, given_name="Ali"), "subject": {"idcs": idcs}})
        told(answer, "FORBIDDEN", [])
        texts.add(json.dumps(answer.json()["errors"]))
    assert len(texts) == 1


def test_a_suspended_agreement_grants_nothing(served: Instance) -> None:
    agency = served.enrol(
        attributes={"person.given_name": {"uses": ["MATCH"]}}, mandates={"IDENTITY_PROOFING": ["person.given_name"]}
    )
    served.sql("update agreement set suspended_at = $2 where agency_id = $1", agency.agency_id, served.now())
    told(ask(agency.caller(), row(served, given_name="Ali")), "FORBIDDEN", [])


def test_a_fault_of_ours_is_told_as_one_and_nothing_of_it(
    served: Instance, fund: Agency, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError(f"a fault that holds {CANARY}")

    monkeypatch.setattr("identity.people.open_person", fails)
    with served.serve_here() as base:
        caller = fund.caller(base=base)
        answer = caller.ask(
            "query($i: String!) { person(subject: {idcs: $i}, purpose: ELIGIBILITY) { sex } }",
            {"i": served.subject(0)["idcs"]},
        )
    told(answer, "INTERNAL", [], 500)
    assert answer.headers["content-type"].startswith(GRAPHQL)
    printed = capfd.readouterr()
    assert "ValueError" in printed.out + printed.err  # it was noted
    assert CANARY not in printed.out + printed.err
    assert served.subject(0)["idcs"] not in printed.out + printed.err
