"""The promise, seen from outside: claims are confirmed or not, and a "no" tells nothing but no."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from access.receipts import verify as verify_receipt
from core.errors import Invalid
from identity.numbers import HouseholdCode
from tests.api.serving import VERIFY, Agency, Caller, Instance, claims, codes, request_of

NAMES_AND_BIRTH = ("given_name", "family_name", "birth_date")
STRANGERS = ("2516116556", "2013023805")
MANDATED = ("person.given_name", "person.family_name", "person.birth_date", "person.sex")


@pytest.fixture(scope="module")
def jwks(cnss: Caller) -> dict[str, Any]:
    found: dict[str, Any] = cnss.http.get("/.well-known/jwks.json").json()
    return found


def one(caller: Caller, row: dict[str, Any], purpose: str = "IDENTITY_PROOFING") -> dict[str, Any]:
    (answer,) = caller.verify([row], purpose)
    return answer


def verdicts(answer: dict[str, Any]) -> dict[str, str]:
    return {claim["attribute"].removeprefix("person."): claim["verdict"] for claim in answer["claims"]}


# --- what is true is confirmed


def test_true_claims_are_confirmed_with_a_token_and_a_receipt_that_anybody_can_check(
    served: Instance, cnss: Caller, jwks: dict[str, Any]
) -> None:
    subject = served.subject(0)
    answer = one(cnss, {**request_of(subject), "reference": "file 7"})
    assert answer["confirmed"] is True
    assert answer["reference"] == "file 7"
    assert answer["refused"] is None
    row = verify_receipt(answer["receipt"], jwks)
    assert (row["confirmed"], row["reference"], row["token"]) == (True, "file 7", answer["token"])
    assert (row["agency"], row["purpose"], row["type"]) == (
        str(cnss.agency.agency_id),
        "IDENTITY_PROOFING",
        "verification",
    )
    assert datetime.fromisoformat(row["as_of"]) == datetime.fromisoformat(answer["asOf"])
    assert subject["idcs"] not in json.dumps(row)


def test_a_receipt_with_any_part_altered_does_not_verify(served: Instance, cnss: Caller, jwks: dict[str, Any]) -> None:
    receipt = one(cnss, request_of(served.subject(0)))["receipt"]
    jws, row, index, size, path = receipt.split("~")
    swapped = row[:40] + ("A" if row[40] != "A" else "B") + row[41:]
    for altered in (
        "~".join((jws, swapped, index, size, path)),
        "~".join((jws[:-8] + "AAAAAAAA", row, index, size, path)),
        "~".join((jws, row, "1", size, path)),
        "~".join((jws, row, index, "2", path)),
        "~".join((jws, row, index, size, "A" * 43)),
        jws,
    ):
        with pytest.raises(Invalid):
            verify_receipt(altered, jwks)
    with pytest.raises(Invalid):
        verify_receipt(receipt, {"keys": []})


def test_every_subject_of_the_demonstration_is_confirmed_by_what_it_would_declare(served: Instance, cnss: Caller) -> None:
    """Half of them declare their names in Latin letters, half in Arabic ones."""
    subjects = served.document["subjects"]
    arabic = sum(any("\u0600" <= letter <= "\u06ff" for letter in s["attributes"]["person.given_name"]) for s in subjects)
    assert len(subjects) - 1 > arabic > 1
    answers = cnss.verify([request_of(subject) for subject in subjects])
    assert [answer["confirmed"] for answer in answers] == [True] * len(subjects)
    assert len({answer["token"] for answer in answers}) == len(subjects)


@pytest.mark.parametrize("wrong", [{"family_name": "Zorglub"}, {"given_name": "Zorglub"}, {"birth_date": "1901-02-03"}])
def test_one_false_claim_among_true_ones_is_enough_for_a_no(served: Instance, cnss: Caller, wrong: dict[str, str]) -> None:
    answer = one(cnss, request_of(served.persona("match"), *NAMES_AND_BIRTH, **wrong))
    assert (answer["confirmed"], answer["token"], answer["refused"]) == (False, None, None)


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ("Fatima-Zahra", "El Idrissi"),
        ("FATIMA ZOHRA", "el-idrissi"),
        ("Mme Fatima Zahra", "El Idrissi"),
        ("فاطمة الزهراء", "الادريسي"),
        ("فَاطِمَة الزهـراء", "الإدريسي"),
        ("Fatima-Zahra", "الإدريسي"),
    ],
)
def test_a_name_is_recognised_in_its_spellings_and_scripts(served: Instance, cnss: Caller, given: str, family: str) -> None:
    persona = served.persona("many-spellings")
    assert one(cnss, request_of(persona, *NAMES_AND_BIRTH, given_name=given, family_name=family))["confirmed"] is True


@pytest.mark.parametrize(("given", "family"), [("Fatima Zohra", "Idrissi"), ("فاطمة الزهراء", "الادريسي")])
def test_the_persona_of_many_spellings_is_recognised_as_it_says_itself(
    served: Instance, cnss: Caller, given: str, family: str
) -> None:
    persona = served.persona("many-spellings")
    assert given in persona["expect"]
    assert one(cnss, request_of(persona, *NAMES_AND_BIRTH, given_name=given, family_name=family))["confirmed"] is True


@pytest.mark.parametrize(
    ("given", "family"), [("Fatima", "El Idrissi"), ("Lalla Fatima-Zahra", "El Idrissi"), ("Fatima-Zahra", "Idris")]
)
def test_another_name_is_not_recognised(served: Instance, cnss: Caller, given: str, family: str) -> None:
    persona = served.persona("many-spellings")
    assert one(cnss, request_of(persona, *NAMES_AND_BIRTH, given_name=given, family_name=family))["confirmed"] is False


@pytest.mark.parametrize(("birth", "confirmed"), [("1951", True), ("1951-05-05", True), ("1952", False), ("1950-12-31", False)])
def test_a_birth_known_by_its_year_matches_at_that_precision(
    served: Instance, cnss: Caller, birth: str, confirmed: bool
) -> None:
    row = request_of(served.persona("year-only"), *NAMES_AND_BIRTH, birth_date=birth)
    assert one(cnss, row)["confirmed"] is confirmed


# --- what is told of whom


def test_single_verdicts_are_told_only_where_the_agreement_says_so(served: Instance, cnss: Caller, office: Caller) -> None:
    subject = served.persona("match")
    told = one(cnss, request_of(subject, *NAMES_AND_BIRTH, "sex"))
    assert verdicts(told) == {
        "given_name": "MATCH",
        "family_name": "MATCH",
        "birth_date": "MATCH",
        "sex": "WITHHELD",
    }
    assert one(office, request_of(subject, *NAMES_AND_BIRTH))["claims"] is None


def test_until_the_identifying_claims_match_every_verdict_is_a_mismatch(served: Instance, cnss: Caller) -> None:
    subject = served.persona("match")
    true = {"given_name": "MATCH", "family_name": "MATCH", "birth_date": "MATCH"}
    no = dict.fromkeys(true, "MISMATCH")
    for wrong in ({"given_name": "Zorglub"}, {"family_name": "Zorglub"}, {"birth_date": "1901-02-03"}):
        assert verdicts(one(cnss, request_of(subject, *NAMES_AND_BIRTH, **wrong))) == no
    assert verdicts(one(cnss, request_of(subject, *NAMES_AND_BIRTH))) == true


def test_a_wrong_sex_does_not_hide_that_the_rest_matched(served: Instance, cnss: Caller) -> None:
    answer = one(cnss, request_of(served.persona("match"), *NAMES_AND_BIRTH, "sex", sex="F"))
    assert answer["confirmed"] is False
    assert verdicts(answer) == {
        "given_name": "MATCH",
        "family_name": "MATCH",
        "birth_date": "MATCH",
        "sex": "WITHHELD",
    }


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("LE", "1984-03-09", True),
        ("LT", "1984-03-09", False),
        ("GE", "1984-03-10", False),
        ("EQ", "1984-03-09", True),
        ("NE", "1984-03-09", False),
        ("AGE_AT_LEAST", "18", True),
        ("AGE_AT_LEAST", "99", False),
    ],
)
def test_a_condition_on_a_birth_is_answered_beside_a_claim_that_identifies(
    served: Instance, cnss: Caller, operator: str, value: str, holds: bool
) -> None:
    row = request_of(served.persona("match"), "given_name", "family_name")
    row["predicates"] = [{"attribute": "person.birth_date", "operator": operator, "value": value}]
    assert one(cnss, row)["confirmed"] is holds


def test_a_boy_of_twelve_is_confirmed_but_is_not_of_age(served: Instance, cnss: Caller) -> None:
    row = request_of(served.persona("minor"), *NAMES_AND_BIRTH)
    assert one(cnss, row)["confirmed"] is True
    row["predicates"] = [{"attribute": "person.birth_date", "operator": "AGE_AT_LEAST", "value": "12"}]
    assert one(cnss, row)["confirmed"] is True
    row["predicates"][0]["value"] = "13"
    assert one(cnss, row)["confirmed"] is False


@pytest.mark.parametrize("persona", ["deceased", "suspended"])
def test_death_and_suspension_are_told_by_agreement_and_to_who_knew_everything_asked(
    served: Instance, cnss: Caller, office: Caller, persona: str
) -> None:
    row = request_of(served.persona(persona), *NAMES_AND_BIRTH)
    wrong = request_of(served.persona(persona), *NAMES_AND_BIRTH, given_name="Zorglub")
    told = one(cnss, row)
    assert (told["confirmed"], told["token"], told["refused"]) == (False, None, {"code": persona.upper(), "retryAt": None})
    assert set(verdicts(told).values()) == {"MISMATCH"}
    assert one(cnss, wrong)["refused"] is None
    assert one(cnss, row, "SERVICE_DELIVERY")["refused"] is None
    assert (one(office, row)["confirmed"], one(office, row)["refused"]) == (False, None)


def test_a_holders_lock_is_a_no(served: Instance, cnss: Caller, office: Caller) -> None:
    row = request_of(served.persona("locked"), *NAMES_AND_BIRTH)
    for caller in (cnss, office):
        answer = one(caller, row)
        assert (answer["confirmed"], answer["token"], answer["refused"]) == (False, None, None)


def test_without_consent_a_question_that_rests_on_consent_is_a_no(served: Instance, cnss: Caller) -> None:
    row = request_of(served.persona("no-consent"), *NAMES_AND_BIRTH)
    assert one(cnss, row, "SERVICE_DELIVERY")["confirmed"] is False
    assert one(cnss, row, "IDENTITY_PROOFING")["confirmed"] is True
    assert one(cnss, request_of(served.persona("match"), *NAMES_AND_BIRTH), "SERVICE_DELIVERY")["confirmed"] is True


def test_a_consent_that_is_named_must_be_one_of_this_person_to_this_agency(
    served: Instance, cnss: Caller, grants: Agency
) -> None:
    person = served.person_id(served.persona("match")["idcs"])
    own, others = (
        str(
            served.sql("select consent_id from consent where person_id = $1 and agency_id = $2", person, agency.agency_id)[0][
                "consent_id"
            ]
        )
        for agency in (cnss.agency, grants)
    )
    row = request_of(served.persona("match"), *NAMES_AND_BIRTH)
    assert one(cnss, {**row, "consent": own}, "SERVICE_DELIVERY")["confirmed"] is True
    assert one(cnss, {**row, "consent": others}, "SERVICE_DELIVERY")["confirmed"] is False


def test_a_withdrawn_consent_counts_no_more_from_the_next_question_on(served: Instance, cnss: Caller) -> None:
    subject = served.subject(20)
    row = request_of(subject, "given_name", "family_name")
    person = served.person_id(subject["idcs"])
    assert one(cnss, row, "SERVICE_DELIVERY")["confirmed"] is True
    served.sql("update consent set state = 'WITHDRAWN' where person_id = $1", person)
    assert one(cnss, row, "SERVICE_DELIVERY")["confirmed"] is False
    served.sql("update consent set state = 'GRANTED' where person_id = $1", person)
    assert one(cnss, row, "SERVICE_DELIVERY")["confirmed"] is True


def test_who_lives_outside_the_territory_of_an_agreement_is_unknown(served: Instance) -> None:
    subject = served.persona("match")  # lives in 06.141
    attributes = {name: {"uses": ["MATCH"]} for name in MANDATED}
    mandates = {"IDENTITY_PROOFING": MANDATED}
    for territory, confirmed in (["06.141"], True), (["06"], True), (["05"], False), (["06.181"], False):
        caller = served.enrol(attributes=attributes, mandates=mandates, territory=territory).caller()
        assert one(caller, request_of(subject, *NAMES_AND_BIRTH))["confirmed"] is confirmed


# --- a no is a no


def test_every_kind_of_no_is_the_same_answer_in_members_length_and_bytes(
    served: Instance, cnss: Caller, jwks: dict[str, Any]
) -> None:
    match = served.persona("match")
    rows = {
        "mismatched": request_of(match, *NAMES_AND_BIRTH, given_name="Zorglub"),
        "unknown": {**request_of(match, *NAMES_AND_BIRTH), "subject": {"idcs": STRANGERS[0]}},
        "locked": request_of(served.persona("locked"), *NAMES_AND_BIRTH),
        "not consented": request_of(served.persona("no-consent"), *NAMES_AND_BIRTH),
        "suspended": request_of(served.persona("suspended"), *NAMES_AND_BIRTH),
        "deceased": request_of(served.persona("deceased"), *NAMES_AND_BIRTH),
        "a stranger's token": {**request_of(match, *NAMES_AND_BIRTH), "subject": {"token": "p1." + "A" * 22}},
    }
    seen = {}
    for kind, row in rows.items():
        before = served.count("ledger_entry")
        answer = cnss.ask(VERIFY, {"r": [row], "p": "SERVICE_DELIVERY"})
        assert served.count("ledger_entry") == before + 1
        (entry,) = served.entries(answer.json()["extensions"]["requestId"])
        assert entry.agency_id == cnss.agency.agency_id
        seen[kind] = (len(answer.content), blanked(answer, jwks), set(entry.details["uses"]), len(entry.leaf))
    for kind, its in seen.items():
        assert its == seen["mismatched"], kind


def blanked(answer: httpx.Response, jwks: dict[str, Any]) -> dict[str, Any]:
    """The answer without what may differ: request id, instant, entry id, and the hash of the question."""
    body: dict[str, Any] = answer.json()
    assert list(body) == ["data", "extensions"]
    body["extensions"]["requestId"] = ""
    batch = body["data"]["verify"]
    batch["receipt"] = len(batch["receipt"])
    for row in batch["answers"]:
        signed = dict(verify_receipt(row["receipt"], jwks))
        row["asOf"], row["receipt"] = "", signed | {"entry": "", "as_of": "", "question": ""}
    return body


def test_the_question_alone_never_shows_that_somebody_exists(served: Instance, cnss: Caller) -> None:
    for subject in ({"idcs": served.persona("match")["idcs"]}, {"idcs": STRANGERS[0]}):
        for value in ("M", "F"):
            row = {"subject": subject, "claims": [{"attribute": "person.sex", "value": value}]}
            before = served.count("ledger_entry")
            answer = cnss.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"})
            assert codes(answer) == [("INVALID", ("verify",))]
            assert answer.json()["errors"][0]["extensions"]["path"] == ["requests", 0, "claims"]
            assert served.count("ledger_entry") == before


# --- tokens in the place of numbers


def test_a_pairwise_token_stands_for_its_person_at_its_agency_alone(served: Instance, cnss: Caller, office: Caller) -> None:
    subject = served.persona("match")
    row = request_of(subject, *NAMES_AND_BIRTH)
    mine, theirs = (one(caller, row)["token"] for caller in (cnss, office))
    assert mine != theirs
    for caller, own, other in ((cnss, mine, theirs), (office, theirs, mine)):
        assert one(caller, {**row, "subject": {"token": own}})["token"] == own
        stranger = one(caller, {**row, "subject": {"token": other}})
        assert (stranger["confirmed"], stranger["token"], stranger["refused"]) == (False, None, None)


def test_a_person_is_one_in_ledger_and_budget_however_asked_and_a_stranger_keeps_an_id(served: Instance, cnss: Caller) -> None:
    subject = served.persona("match")
    row = request_of(subject, *NAMES_AND_BIRTH)
    token = one(cnss, row)["token"]
    kept = []
    for named in ({"idcs": subject["idcs"]}, {"token": token}, {"idcs": STRANGERS[1]}, {"idcs": STRANGERS[1]}):
        answer = cnss.ask(VERIFY, {"r": [{**row, "subject": named}], "p": "IDENTITY_PROOFING"})
        (entry,) = served.entries(answer.json()["extensions"]["requestId"])
        kept.append(entry.subject_id)
    person = served.person_id(subject["idcs"])
    stranger = served.keys.stranger("IDCS", STRANGERS[1])
    assert kept == [person, person, stranger, stranger]


def test_a_household_token_names_no_person(served: Instance, cnss: Caller) -> None:
    code = served.subject(0)["household_code"]
    found = cnss.data("query($c: String!) { household(code: $c, purpose: ELIGIBILITY) { token } }", {"c": code})
    row = {**request_of(served.subject(0), "given_name"), "subject": {"token": found["household"]["token"]}}
    answer = cnss.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"})
    assert codes(answer) == [("INVALID", ("verify",))]
    assert answer.json()["errors"][0]["extensions"]["path"] == ["requests", 0, "subject", "token"]
    assert HouseholdCode.parse(code).text not in answer.text


# --- budgets


@pytest.fixture
def small(served: Instance) -> Caller:
    """An agency that may fail three times an hour about one subject, five times in all."""
    return served.enrol(
        attributes={name: {"uses": ["MATCH"]} for name in MANDATED},
        mandates={"IDENTITY_PROOFING": MANDATED},
        failures_per_hour={"subject": 3, "agency": 5},
    ).caller()


def refusals(answers: list[dict[str, Any]]) -> list[str | None]:
    return [answer["refused"] and answer["refused"]["code"] for answer in answers]


def next_hour(served: Instance) -> str:
    end = served.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return end.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_failures_within_one_batch_count_against_the_budget(served: Instance, small: Caller) -> None:
    subject = served.persona("match")
    wrong, right = (request_of(subject, *NAMES_AND_BIRTH, **change) for change in ({"given_name": "Zorglub"}, {}))
    answers = small.verify([wrong, right, wrong, wrong, right, wrong])
    assert [answer["confirmed"] for answer in answers] == [False, True, False, False, False, False]
    assert refusals(answers) == [None, None, None, None, "BUDGET_SPENT", "BUDGET_SPENT"]
    assert answers[4]["refused"]["retryAt"] == next_hour(served)
    # A true claim about that subject is refused too now; another subject is not.
    assert refusals(small.verify([right])) == ["BUDGET_SPENT"]
    other = served.subject(0)
    assert [a["confirmed"] for a in small.verify([request_of(other, "given_name", "family_name")])] == [True]
    counted = served.sql(
        "select owner_id, used from counter where kind = 'FAILURES' and agency_id = $1", small.agency.agency_id
    )
    assert {row["owner_id"]: row["used"] for row in counted} == {
        served.person_id(subject["idcs"]): 3,
        small.agency.agency_id: 3,
    }


def test_an_agency_that_failed_too_often_is_refused_about_everybody(served: Instance, small: Caller) -> None:
    wrong = [request_of(served.subject(n), "given_name", "family_name", given_name="Zorglub") for n in range(7)]
    assert refusals(small.verify(wrong)) == [None] * 5 + ["BUDGET_SPENT"] * 2
    right = request_of(served.persona("match"), *NAMES_AND_BIRTH)
    assert refusals(small.verify([right])) == ["BUDGET_SPENT"]
    unknown = {**right, "subject": {"idcs": STRANGERS[0]}}
    assert refusals(small.verify([unknown])) == ["BUDGET_SPENT"]


def test_strangers_have_budgets_of_their_own_like_everybody(served: Instance, small: Caller) -> None:
    unknown = {**request_of(served.persona("match"), *NAMES_AND_BIRTH), "subject": {"idcs": STRANGERS[0]}}
    assert refusals(small.verify([unknown] * 5)) == [None] * 3 + ["BUDGET_SPENT"] * 2


def test_a_refused_row_leaves_an_entry_and_says_nothing_of_the_subject(served: Instance, small: Caller) -> None:
    wrong = request_of(served.persona("match"), *NAMES_AND_BIRTH, given_name="Zorglub")
    small.verify([wrong] * 3)
    answer = small.ask(VERIFY, {"r": [wrong], "p": "IDENTITY_PROOFING"})
    (entry,) = served.entries(answer.json()["extensions"]["requestId"])
    assert entry.subject_id == served.person_id(served.persona("match")["idcs"])
    assert entry.details["uses"] == {}


def test_questions_at_the_same_time_do_not_get_past_a_budget(served: Instance, small: Caller) -> None:
    wrong = request_of(served.persona("match"), *NAMES_AND_BIRTH, given_name="Zorglub")
    callers = [small.agency.caller() for _ in range(8)]
    for caller in callers:
        assert caller.token
    with ThreadPoolExecutor(8) as pool:
        answers = [answer for answers in pool.map(lambda caller: caller.verify([wrong]), callers) for answer in answers]
    assert sorted(refusals(answers), key=str) == ["BUDGET_SPENT"] * 5 + [None] * 3
    used = served.sql(
        "select max(used) as used from counter where agency_id = $1 and kind = 'FAILURES'", small.agency.agency_id
    )
    assert used[0]["used"] == 3


# --- batches


def test_a_batch_of_a_thousand_is_answered_in_order_under_one_signature(
    served: Instance, cnss: Caller, jwks: dict[str, Any]
) -> None:
    rows = []
    for number in range(1000):
        subject = served.subject(number % 50)
        change = {"family_name": "Zorglub"} if number % 3 == 0 else {}
        rows.append({**request_of(subject, "given_name", "family_name", **change), "reference": f"row {number}"})
    before = served.count("ledger_entry")
    answers = cnss.verify(rows)
    assert served.count("ledger_entry") == before + 1000
    assert [answer["reference"] for answer in answers] == [f"row {number}" for number in range(1000)]
    assert [answer["confirmed"] for answer in answers] == [number % 3 != 0 for number in range(1000)]
    assert len({answer["receipt"].split("~")[0] for answer in answers}) == 1
    for number in (0, 1, 511, 512, 999):
        assert verify_receipt(answers[number]["receipt"], jwks)["reference"] == f"row {number}"
    other_row = answers[1]["receipt"].split("~")[1]
    jws, _, *rest = answers[0]["receipt"].split("~")
    with pytest.raises(Invalid):
        verify_receipt("~".join((jws, other_row, *rest)), jwks)


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_one_to_a_thousand_rows(served: Instance, cnss: Caller, size: int) -> None:
    before = settled(served)
    answer = cnss.ask(VERIFY, {"r": [request_of(served.subject(0), "given_name")] * size, "p": "IDENTITY_PROOFING"})
    assert codes(answer) == [("INVALID", ("verify",))]
    assert answer.json()["errors"][0]["extensions"]["path"] == ["requests"]
    assert answer.json()["data"] is None
    assert settled(served) == before


ILL_FORMED = [
    ({"subject": {"idcs": "2013023800"}}, ["subject", "idcs"]),
    ({"subject": {"token": "p1.short"}}, ["subject", "token"]),
    ({"subject": {"token": "p9." + "A" * 22}}, ["subject", "token"]),
    ({"subject": {"idcs": ""}}, ["subject", "idcs"]),
    ({"claims": []}, ["claims"]),
    ({"claims": None}, ["claims"]),
    ({"claims": [{"attribute": "person.birth_date", "value": "1959"}]}, ["claims"]),
    ({"claims": claims({"person.given_name": "Ali"}) * 2}, ["claims"]),
    ({"claims": claims({"person.given_name": "Ali"}) * 21}, ["claims"]),
    ({"claims": claims({"person.given_name": "Ali", "person.birth_date": "1959-02-30"})}, ["claims", 1, "value"]),
    ({"claims": claims({"person.given_name": "   "})}, ["claims", 0, "value"]),
    (
        {"predicates": [{"attribute": "person.birth_date", "operator": "LT", "value": "1999"}]},
        ["predicates", 0, "value"],
    ),
    (
        {"predicates": [{"attribute": "person.birth_date", "operator": "AGE_AT_LEAST", "value": "-1"}]},
        ["predicates", 0, "value"],
    ),
    ({"reference": "x" * 101}, ["reference"]),
    ({"consent": "not an id"}, ["consent"]),
]


@pytest.mark.parametrize(("change", "path"), ILL_FORMED)
def test_an_ill_formed_row_voids_the_whole_batch_and_says_where(
    served: Instance, cnss: Caller, change: dict[str, Any], path: list[Any]
) -> None:
    before = settled(served)
    sound = request_of(served.subject(0), "given_name", "family_name")
    rows = [sound, request_of(served.subject(1), "given_name", given_name="Zorglub"), {**sound, **change}, sound]
    answer = cnss.ask(VERIFY, {"r": rows, "p": "IDENTITY_PROOFING"})
    assert answer.json()["data"] is None
    assert codes(answer) == [("INVALID", ("verify",))]
    assert answer.json()["errors"][0]["extensions"]["path"] == ["requests", 2, *path]
    assert settled(served) == before


def settled(served: Instance) -> tuple[int, int]:
    """Entries, and all that was ever counted."""
    counted = served.sql("select coalesce(sum(used), 0) as used from counter")[0]["used"]
    return served.count("ledger_entry"), counted


def test_a_batch_of_a_thousand_asks_the_database_as_often_as_a_single_question(
    served: Instance, fund: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    connect = asyncpg.connect

    async def connected(*args: Any, **kwargs: Any) -> Any:
        connection = await connect(*args, **kwargs)
        connection.add_query_logger(lambda query: statements.append(query.query))
        return connection

    monkeypatch.setattr("core.database.asyncpg.connect", connected)
    with served.serve_here() as base:
        caller = fund.caller(base=base)
        subject = served.subject(0)
        wrong, right = (request_of(subject, "given_name", "family_name", **c) for c in ({"given_name": "Zorglub"}, {}))
        caller.verify([wrong, right])  # documents are fetched once, connections are made
        counts = {}
        for size in (1, 1000):
            statements.clear()
            answers = caller.verify([wrong if number % 2 == 0 else right for number in range(size)])
            assert len(answers) == size
            counts[size] = [statement for statement in statements if not _is_the_drivers(statement)]
    assert len(counts[1]) == len(counts[1000]) == 4  # people with authority; then replay, counters and ledger, at once
    assert [statement[:30] for statement in counts[1]] == [statement[:30] for statement in counts[1000]]


def _is_the_drivers(statement: str) -> bool:
    """Whether it is none of ours: a transaction's frame, or what the driver learns of types on each connection's first use."""
    return statement.startswith(("BEGIN", "COMMIT")) or "typeinfo_tree" in statement or "current_setting('jit')" in statement


def test_one_request_asks_about_a_thousand_subjects_at_most_in_all_its_fields(served: Instance, cnss: Caller) -> None:
    rows = [request_of(served.subject(number % 20), "given_name", "family_name") for number in range(501)]
    field = "verify(requests: $r, purpose: IDENTITY_PROOFING) { receipt }"
    before = served.count("ledger_entry")
    answer = cnss.ask(f"query ($r: [VerificationRequest!]!) {{ a: {field} b: {field} }}", {"r": rows}).json()
    assert (answer["data"], [error["extensions"]["code"] for error in answer["errors"]]) == (None, ["TOO_COSTLY"])
    assert served.count("ledger_entry") == before
