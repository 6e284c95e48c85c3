"""Whoever is asked about finds it in the ledger before the answer is out, with what for, on what ground, and what was used."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from datetime import datetime
from uuid import UUID

import httpx
import pytest

from tests.api.serving import ELIGIBILITY, VERIFY, Agency, Caller, Entry, Instance, codes, request_of

STRANGER = "2516116556"
PERSON = "query($i: String!, $p: Purpose!) { person(subject: {idcs: $i}, purpose: $p) { %s } }"
HOUSEHOLD = "query($c: String!, $p: Purpose!) { household(code: $c, purpose: $p) { %s } }"


def entries(served: Instance, answer: httpx.Response) -> list[Entry]:
    return served.entries(answer.json()["extensions"]["requestId"])


def test_each_answer_is_in_the_ledger_when_it_arrives(served: Instance, cnss: Caller) -> None:
    for number in range(20):
        before = served.count("ledger_entry")
        cnss.verify([request_of(served.subject(number), "given_name")] * (number % 3 + 1))
        assert served.count("ledger_entry") == before + number % 3 + 1


def test_no_answer_leaves_while_the_ledger_cannot_be_written(served: Instance, cnss: Caller) -> None:
    document, variables = VERIFY, {"r": [request_of(served.subject(0), "given_name")], "p": "IDENTITY_PROOFING"}
    assert cnss.token
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(cnss.ask(document, variables)))

    async def while_locked() -> None:
        async with served.database.connection() as connection, connection.transaction():
            await connection.execute("lock table ledger_entry in access exclusive mode")
            asking.start()
            await asyncio.sleep(0.5)
            assert answers == []

    served.backstage.run(while_locked())
    asking.join(15)
    assert answers[0].status_code == 200
    assert len(entries(served, answers[0])) == 1


def test_a_verification_leaves_purpose_ground_uses_and_who_asked_with_which_key(
    served: Instance, cnss: Caller, fund: Agency
) -> None:
    subject = served.persona("match")
    row = request_of(subject, "given_name", "family_name")
    row["predicates"] = [{"attribute": "person.birth_date", "operator": "AGE_AT_LEAST", "value": "18"}]
    answer = cnss.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"})
    (entry,) = entries(served, answer)
    assert entry.subject_id == served.person_id(subject["idcs"])
    assert entry.agency_id == fund.agency_id
    assert entry.leaf["agency"] == str(fund.agency_id)
    assert entry.leaf["key"] == fund.kid
    assert entry.leaf["field"] == "verify"
    assert entry.leaf["purpose"] == "IDENTITY_PROOFING"
    assert datetime.fromisoformat(entry.leaf["at"]) == datetime.fromisoformat(
        answer.json()["data"]["verify"]["answers"][0]["asOf"]
    )
    assert entry.details["ground"] == "MANDATE"
    assert entry.details["uses"] == {
        "person.given_name": "MATCH",
        "person.family_name": "MATCH",
        "person.birth_date": "PREDICATE",
    }


def test_an_attribute_that_is_both_claimed_and_tested_is_noted_with_both_uses(served: Instance, cnss: Caller) -> None:
    row = request_of(served.persona("match"), "given_name", "birth_date")
    row["predicates"] = [{"attribute": "person.birth_date", "operator": "AGE_AT_LEAST", "value": "18"}]
    (entry,) = entries(served, cnss.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"}))
    noted = str(entry.details["uses"]["person.birth_date"])
    assert "MATCH" in noted
    assert "PREDICATE" in noted


@pytest.mark.parametrize(
    ("persona", "purpose", "ground"),
    [
        ("match", "SERVICE_DELIVERY", "CONSENT"),
        ("no-consent", "SERVICE_DELIVERY", "NO_CONSENT"),
        ("locked", "IDENTITY_PROOFING", "LOCKED"),
        ("suspended", "IDENTITY_PROOFING", "NOT_ACTIVE"),
        ("deceased", "IDENTITY_PROOFING", "NOT_ACTIVE"),
    ],
)
def test_the_subject_alone_finds_why_the_answer_was_what_it_was(
    served: Instance, cnss: Caller, persona: str, purpose: str, ground: str
) -> None:
    subject = served.persona(persona)
    (entry,) = entries(served, cnss.ask(VERIFY, {"r": [request_of(subject, "given_name")], "p": purpose}))
    assert entry.subject_id == served.person_id(subject["idcs"])
    assert entry.details["ground"] == ground
    assert ground not in str(entry.leaf)
    assert set(entry.details["uses"]) == {"person.given_name"}
    assert ("REFUSED" in entry.details["uses"]["person.given_name"]) is (ground != "CONSENT")


def test_a_leaf_holds_nothing_of_anybody(served: Instance, cnss: Caller) -> None:
    subject = served.persona("match")
    answer = cnss.ask(VERIFY, {"r": [request_of(subject)], "p": "IDENTITY_PROOFING"})
    (entry,) = entries(served, answer)
    for value in (subject["idcs"], str(entry.subject_id), *subject["attributes"].values(), "MATCH"):
        assert len(value) < 3 or value not in str(dict(entry.leaf))


def test_what_was_asked_about_strangers_is_kept_under_an_id_of_the_number_asked(served: Instance, cnss: Caller) -> None:
    expected = served.keys.stranger("IDCS", STRANGER)
    row = {**request_of(served.persona("match"), "given_name"), "subject": {"idcs": STRANGER}}
    questions = [
        cnss.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"}),
        cnss.ask(PERSON % "sex", {"i": STRANGER, "p": "ELIGIBILITY"}),
        cnss.ask(ELIGIBILITY, {"r": [{"subject": {"idcs": STRANGER}, "programme": "ASD"}], "p": "ELIGIBILITY"}),
    ]
    for answer in questions:
        (entry,) = entries(served, answer)
        assert entry.subject_id == expected
        assert entry.details["ground"] == "UNKNOWN"
    unknown = cnss.ask(HOUSEHOLD % "size", {"c": STRANGER + "0", "p": "ELIGIBILITY"})
    (entry,) = entries(served, unknown)
    assert entry.subject_id == served.keys.stranger("HOUSEHOLD_CODE", STRANGER + "0")


def test_only_what_was_told_is_noted_as_told(served: Instance, cnss: Caller) -> None:
    subject = served.persona("match")
    answer = cnss.ask(PERSON % "sex birthDate address token", {"i": subject["idcs"], "p": "ELIGIBILITY"})
    (entry,) = entries(served, answer)
    assert entry.leaf["field"] == "person"
    assert entry.leaf["purpose"] == "ELIGIBILITY"
    assert entry.details["uses"] == {"person.sex": "RELEASE", "person.token": "RELEASE"}


def test_a_skipped_field_is_neither_told_nor_noted(served: Instance, cnss: Caller) -> None:
    subject = served.persona("match")
    document = (
        "query($i: String!, $p: Purpose!, $no: Boolean!) { person(subject: {idcs: $i}, purpose: $p) {"
        " sex @include(if: $no) token ...F @skip(if: true) } } fragment F on Person { sex }"
    )
    answer = cnss.ask(document, {"i": subject["idcs"], "p": "ELIGIBILITY", "no": False})
    (entry,) = entries(served, answer)
    assert list(answer.json()["data"]["person"]) == ["token"]
    assert entry.details["uses"] == {"person.token": "RELEASE"}


def test_each_person_that_is_read_within_a_household_has_an_entry_of_their_own(served: Instance, cnss: Caller) -> None:
    persona = served.persona("just-below-amo-tadamon")
    household: UUID = served.sql(
        "select household_id from person_household where person_id = $1", served.person_id(persona["idcs"])
    )[0]["household_id"]
    members = {row["person_id"] for row in served.sql("select person_id from membership where household_id = $1", household)}
    assert len(members) == 5
    variables = {"c": persona["household_code"], "p": "ELIGIBILITY"}
    plain = entries(served, cnss.ask(HOUSEHOLD % "size milieu members { kinship }", variables))
    assert {entry.subject_id for entry in plain} == {household}
    nested = entries(served, cnss.ask(HOUSEHOLD % "members { kinship person { sex } }", variables))
    assert sorted(entry.subject_id for entry in nested) == sorted([household, *members])
    for entry in nested:
        assert entry.leaf["field"] == "household"
        told = {"household.members"} if entry.subject_id == household else {"person.sex"}
        assert set(entry.details["uses"]) == told
    head = entries(served, cnss.ask(HOUSEHOLD % "head { sex }", variables))
    assert {entry.subject_id for entry in head} == {household, served.person_id(persona["idcs"])}


def test_root_fields_leave_an_entry_each(served: Instance, cnss: Caller) -> None:
    ids = [served.persona(name)["idcs"] for name in ("match", "no-consent")]
    document = "{ " + " ".join(
        f'a{n}: person(subject: {{idcs: "{idcs}"}}, purpose: ELIGIBILITY) {{ sex }}' for n, idcs in enumerate(ids + ids)
    )
    found = entries(served, cnss.ask(document + " }"))
    assert sorted(entry.subject_id for entry in found) == sorted(2 * [served.person_id(idcs) for idcs in ids])
    assert len({entry.entry_id for entry in found}) == 4


def test_where_one_field_voids_the_whole_nothing_of_the_others_is_told_or_noted(served: Instance, cnss: Caller) -> None:
    document = """query($i: String!, $r: [VerificationRequest!]!) {
      person(subject: {idcs: $i}, purpose: ELIGIBILITY) { sex }
      verify(requests: $r, purpose: IDENTITY_PROOFING) { receipt } }"""
    subject = served.persona("match")
    before = served.count("ledger_entry")
    answer = cnss.ask(document, {"i": subject["idcs"], "r": []})
    assert answer.json()["data"] is None
    assert codes(answer) == [("INVALID", ("verify",))]
    assert served.count("ledger_entry") == before


def test_who_asks_who_it_is_or_what_there_is_leaves_no_entry(served: Instance, cnss: Caller) -> None:
    before = served.count("ledger_entry")
    cnss.data("{ me { code } catalogue { name } programmes { code } }")
    assert served.count("ledger_entry") == before


def test_the_commitments_of_a_leaf_open_with_the_salt_that_only_the_subject_has(served: Instance, cnss: Caller) -> None:
    subject = served.persona("match")
    (entry,) = entries(served, cnss.ask(PERSON % "sex", {"i": subject["idcs"], "p": "ELIGIBILITY"}))
    salt = base64.urlsafe_b64decode(entry.details["salt"] + "=")

    def committed(kind: str, value: bytes) -> str:
        digest = hmac.new(salt, kind.encode() + b"\0" + value, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    told = hashlib.sha256(json.dumps({"person.sex": ["M"]}, separators=(",", ":")).encode()).digest()
    uses = json.dumps({"person.sex": "RELEASE"}, separators=(",", ":")).encode()
    assert entry.leaf["subject"] == committed("subject", entry.subject_id.bytes)
    assert entry.leaf["uses"] == committed("uses", uses)
    assert entry.leaf["answer"] == committed("answer", told)
