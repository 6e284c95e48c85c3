"""Guessing: no way of asking gets more tries, or leaves fewer traces, than another."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tests.api.serving import VERIFY, Agency, Instance, claims

NAMES = ["person.given_name", "person.family_name", "person.birth_date"]
GUESSES = """query($a: [VerificationRequest!]!, $b: [VerificationRequest!]!) {
  a: verify(requests: $a, purpose: IDENTITY_PROOFING) { answers { confirmed refused { code } } }
  b: verify(requests: $b, purpose: IDENTITY_PROOFING) { answers { confirmed refused { code } } } }"""


def guesser(attacked: Instance, *, subject: int = 5, agency: int = 1000, points: int = 6000) -> Agency:
    return attacked.enrol(
        purposes=["IDENTITY_PROOFING"],
        attributes={
            "person.given_name": {"uses": ["MATCH"]},
            "person.family_name": {"uses": ["MATCH"]},
            "person.birth_date": {"uses": ["MATCH", "PREDICATE"], "verdict": True},
        },
        mandates={"IDENTITY_PROOFING": NAMES},
        failures_per_hour={"subject": subject, "agency": agency},
        points_per_minute=points,
    )


def row(idcs: str, **values: str) -> dict[str, Any]:
    return {"subject": {"idcs": idcs}, "claims": [{"attribute": f"person.{name}", "value": v} for name, v in values.items()]}


def test_the_fields_of_one_request_share_the_budget_and_leave_their_traces(attacked: Instance) -> None:
    """A first field that fails up to the limit must not make a second field's guess free and unrecorded."""
    caller = guesser(attacked, subject=3).caller()
    idcs = attacked.subject(30)["idcs"]
    wrong = [row(idcs, family_name="Zzyzx")] * 3
    before = attacked.count("ledger_entry")
    answer = caller.ask(GUESSES, {"a": wrong, "b": [row(idcs, birth_date="1903-02-01")]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["b"]["answers"] == [{"confirmed": False, "refused": {"code": "BUDGET_SPENT"}}]
    assert attacked.count("ledger_entry") == before + 4
    used = attacked.sql(
        "select used from counter where owner_id = $1 and agency_id = $2", attacked.person_id(idcs), caller.agency.agency_id
    )
    assert [each["used"] for each in used] == [3]


def test_a_row_of_many_conditions_does_not_find_a_birth_date_within_the_budget(attacked: Instance) -> None:
    """Who knows the name splits the calendar twentyfold with each row: four rows find the day."""
    subject = attacked.subject(31)
    caller = guesser(attacked).caller()
    first, last = date(1920, 1, 1), date(2026, 1, 1)
    for _ in range(5):
        steps = _steps(first, last)
        question = {
            "subject": {"idcs": subject["idcs"]},
            "claims": claims(subject["attributes"], "person.given_name", "person.family_name"),
            "predicates": [{"attribute": "person.birth_date", "operator": "LE", "value": day.isoformat()} for day in steps],
        }
        answer = caller.ask(VERIFY, {"r": [question], "p": "IDENTITY_PROOFING"}).json()
        if answer["data"] is None:
            break  # so many conditions are refused
        (answer,) = answer["data"]["verify"]["answers"]
        verdicts = [each["verdict"] for each in (answer["claims"] or [])[2:]]
        if not {"MATCH", "MISMATCH"} & set(verdicts):
            break
        past = [day for day, verdict in zip(steps, verdicts, strict=True) if verdict == "MATCH"]
        before = [day for day, verdict in zip(steps, verdicts, strict=True) if verdict == "MISMATCH"]
        first, last = max([first, *(day + timedelta(1) for day in before)]), min([last, *past])
        if first == last:
            break
    assert (last - first).days > 365


def _steps(first: date, last: date) -> Sequence[date]:
    days = (last - first).days
    return sorted({first + timedelta(days * n // 20) for n in range(20)})


def test_a_batch_costs_what_its_rows_would_cost_one_by_one(attacked: Instance) -> None:
    caller = guesser(attacked, subject=1000, points=20).caller()
    rows = [row(attacked.subject(n)["idcs"], given_name="Zzyzx") for n in range(100)]
    answer = caller.ask(GUESSES, {"a": rows, "b": rows})
    assert answer.status_code == 429, "two hundred rows were answered where twenty a minute are agreed"


def test_a_birth_known_by_its_year_alone_identifies_nobody(attacked: Instance) -> None:
    """Else eighty guesses of any day of a year find out that somebody is on record, the year, and the agency's token."""
    persona = attacked.persona("year-only")
    year = persona["attributes"]["person.birth_date"]
    caller = guesser(attacked, subject=50).caller()
    (alone,) = caller.verify([row(persona["idcs"], birth_date=f"{year}-12-25")])
    given = persona["attributes"]["person.given_name"]
    (with_a_name,) = caller.verify([row(persona["idcs"], birth_date=f"{year}-12-25", given_name=given)])
    assert with_a_name["confirmed"] is True
    assert (alone["confirmed"], alone["token"]) == (False, None)
