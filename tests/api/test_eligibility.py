"""Who is eligible for what: the answers agree with the stored scores, are signed, and say when nothing can be said."""

from decimal import Decimal
from typing import Any

import pytest

from access.receipts import verify as verify_receipt
from tests.api.serving import ELIGIBILITY, Caller, Instance, codes

STRANGER = "2516116556"
AMO, ASD = "AMO_TADAMON", "ASD"


def ask(caller: Caller, *asked: tuple[str, str], purpose: str = "ELIGIBILITY") -> list[dict[str, Any]]:
    rows = [{"reference": f"row {n}", "subject": {"idcs": i}, "programme": p} for n, (i, p) in enumerate(asked)]
    answers: list[dict[str, Any]] = caller.data(ELIGIBILITY, {"r": rows, "p": purpose})["eligibility"]["answers"]
    return answers


def told(answer: dict[str, Any]) -> tuple[Any, ...]:
    return answer["eligible"], answer["reason"], answer["distance"]


UNDER, OVER = "AT_OR_UNDER_THRESHOLD", "OVER_THRESHOLD"
PERSONAS = {
    "just-above-amo-tadamon": ((False, OVER, "0.003546"), (True, UNDER, "-0.4130266")),
    "just-below-amo-tadamon": ((True, UNDER, "-0.003702"), (True, UNDER, "-0.4202746")),
    "just-above-asd": ((False, OVER, "0.4187216"), (False, OVER, "0.002149")),
    "just-below-asd": ((False, OVER, "0.4135616"), (True, UNDER, "-0.003011")),
    "incomplete-score": ((None, "SCORE_INCOMPLETE", None), (None, "SCORE_INCOMPLETE", None)),
    "match": ((None, "NO_SCORE", None), (None, "NO_SCORE", None)),
}


@pytest.mark.parametrize("name", PERSONAS)
def test_the_personas_are_eligible_as_they_say(served: Instance, cnss: Caller, name: str) -> None:
    idcs = served.persona(name)["idcs"]
    answers = ask(cnss, (idcs, AMO), (idcs, ASD))
    assert tuple(map(told, answers)) == PERSONAS[name]
    assert [answer["programme"]["code"] for answer in answers] == [AMO, ASD]


def test_every_answer_agrees_with_the_stored_score_and_threshold(served: Instance, cnss: Caller) -> None:
    subjects = [served.subject(number)["idcs"] for number in range(60)]
    stored = served.sql(
        """select p.person_id, s.value, s.complete from person_household p join score s using (household_id)
            where p.person_id = any($1::uuid[])""",
        [served.person_id(idcs) for idcs in subjects],
    )
    scores = {row["person_id"]: row for row in stored}
    seen = set()
    for idcs, answer in zip(subjects, ask(cnss, *((idcs, ASD) for idcs in subjects)), strict=True):
        score, threshold = scores[served.person_id(idcs)], Decimal(answer["programme"]["threshold"])
        eligible = score["value"] <= threshold if score["complete"] else None
        assert answer["eligible"] is eligible
        assert answer["distance"] is None or Decimal(answer["distance"]) == score["value"] - threshold
        assert (answer["distance"] is None) is not score["complete"]
        seen.add(eligible)
    assert seen >= {True, False}


def test_an_answer_is_signed_with_the_rule_and_the_formula_that_decided(served: Instance, cnss: Caller) -> None:
    idcs = served.persona("just-below-asd")["idcs"]
    answers = ask(cnss, (idcs, ASD))
    jwks = cnss.http.get("/.well-known/jwks.json").json()
    rows = [verify_receipt(answer["receipt"], jwks) for answer in answers]
    (rule,) = served.sql("select hash from programme where code = $1 and until is null", ASD)
    (formula,) = served.sql("select hash from formula")
    assert rows[0]["type"] == "eligibility"
    assert (rows[0]["eligible"], rows[0]["reason"]) == (True, UNDER)
    assert rows[0]["rule"] == rule["hash"].hex() == answers[0]["rule"]["hash"]
    assert rows[0]["formula"] == formula["hash"].hex()
    assert rows[0]["reference"] == "row 0"
    assert idcs not in str(rows[0])


def test_a_batch_answers_each_row_and_a_stranger_is_withheld_in_its_own_row_only(served: Instance, cnss: Caller) -> None:
    known = served.persona("just-below-asd")["idcs"]
    rows = [{"subject": {"idcs": idcs}, "programme": ASD} for idcs in (known, STRANGER, known)]
    answer = cnss.ask(ELIGIBILITY, {"r": rows, "p": "ELIGIBILITY"})
    data = answer.json()["data"]["eligibility"]["answers"]
    assert [row["eligible"] for row in data] == [True, None, True]
    assert {path[:3] for _, path in codes(answer)} == {("eligibility", "answers", 1)}
    assert {code for code, _ in codes(answer)} == {"WITHHELD"}
    jwks = cnss.http.get("/.well-known/jwks.json").json()
    assert verify_receipt(data[1]["receipt"], jwks)["told"] is False


@pytest.mark.parametrize(
    ("persona", "eligible"),
    [("locked", "WITHHELD"), ("suspended", "WITHHELD"), ("deceased", "WITHHELD"), ("no-consent", None)],
)
def test_who_is_locked_suspended_or_dead_is_withheld_like_a_stranger(
    served: Instance, cnss: Caller, persona: str, eligible: str | None
) -> None:
    rows = [{"subject": {"idcs": i}, "programme": ASD} for i in (served.persona(persona)["idcs"], STRANGER)]
    one, other = (cnss.ask(ELIGIBILITY, {"r": [row], "p": "ELIGIBILITY"}) for row in rows)
    if eligible is None:  # known, and of no household
        assert codes(one) == []
        assert one.json()["data"]["eligibility"]["answers"][0]["reason"] == "NO_SCORE"
    else:
        assert codes(one) == codes(other)
        assert len(one.content) == len(other.content)


def test_by_consent_only_what_was_consented_to_is_told(served: Instance, cnss: Caller) -> None:
    subject = served.subject(3)
    person = served.person_id(subject["idcs"])
    assert ask(cnss, (subject["idcs"], ASD), purpose="SERVICE_DELIVERY")[0]["reason"] in (UNDER, OVER, "SCORE_INCOMPLETE")
    served.sql("update consent set attributes = array_remove(attributes, 'eligibility.distance') where person_id = $1", person)
    row = {"subject": {"idcs": subject["idcs"]}, "programme": ASD}
    answer = cnss.ask(ELIGIBILITY, {"r": [row], "p": "SERVICE_DELIVERY"})
    assert codes(answer) == [("WITHHELD", ("eligibility", "answers", 0, "distance"))]
    assert answer.json()["data"]["eligibility"]["answers"][0]["eligible"] is not None


def test_a_person_can_be_named_by_the_agencys_own_token(served: Instance, cnss: Caller) -> None:
    idcs = served.persona("just-below-asd")["idcs"]
    document = "query($i: String!) { person(subject: {idcs: $i}, purpose: ELIGIBILITY) { token } }"
    token = cnss.data(document, {"i": idcs})["person"]["token"]
    rows = [{"subject": {"token": token}, "programme": ASD}]
    answers = cnss.data(ELIGIBILITY, {"r": rows, "p": "ELIGIBILITY"})["eligibility"]["answers"]
    assert told(answers[0]) == PERSONAS["just-below-asd"][1]


def test_a_thousand_are_answered_at_once(served: Instance, cnss: Caller) -> None:
    before = served.count("ledger_entry")
    subjects = [(served.subject(number % 50)["idcs"], (ASD, AMO)[number % 2]) for number in range(1000)]
    answers = ask(cnss, *subjects)
    assert served.count("ledger_entry") == before + 1000
    assert [answer["reference"] for answer in answers] == [f"row {number}" for number in range(1000)]
    assert [answer["programme"]["code"] for answer in answers] == [programme for _, programme in subjects]
    assert [told(answer) for answer in answers[:50]] == [told(answer) for answer in answers[50:100]]


def test_the_programmes_are_those_in_force_on_a_day(cnss: Caller) -> None:
    now = cnss.data("{ programmes { code threshold since until label(lang: FR) } }")["programmes"]
    assert {AMO, ASD} <= {programme["code"] for programme in now}
    assert all(programme["label"] and Decimal(programme["threshold"]) > 0 for programme in now)
    assert cnss.data('{ programmes(on: "1999-01-01") { code } }') == {"programmes": []}
