"""Finding out who is on record, where or in what state, without the right to be told."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from access.reading import Reading
from tests.api.serving import Agency, Instance, codes

STRANGER = "2516116556"
PERSON_ONLY = {"person.given_name": {"uses": ["MATCH", "RELEASE"]}, "person.birth_date": {"uses": ["MATCH"]}}


@pytest.fixture(scope="module")
def person_only(attacked: Instance) -> Agency:
    """An agency that may be told a given name, and nothing of households."""
    return attacked.enrol(
        purposes=["IDENTITY_PROOFING"], attributes=PERSON_ONLY, mandates={"IDENTITY_PROOFING": list(PERSON_ONLY)}
    )


@pytest.mark.parametrize("how", ["code", "subject"])
def test_who_may_be_told_nothing_of_households_cannot_tell_that_there_is_one(
    attacked: Instance, person_only: Agency, how: str
) -> None:
    """Neither that a code exists, nor that a person belongs to a household."""
    caller = person_only.caller()
    document = """query($c: String, $s: SubjectInput) {
      household(code: $c, subject: $s, purpose: IDENTITY_PROOFING) { __typename size } }"""
    persona = attacked.persona("just-below-asd")
    known = {"c": persona["household_code"]} if how == "code" else {"s": {"idcs": persona["idcs"]}}
    unknown = {"c": STRANGER + "0"} if how == "code" else {"s": {"idcs": STRANGER}}
    answers = [caller.ask(document, asked) for asked in (known, unknown)]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert codes(answers[0]) == codes(answers[1])


@pytest.mark.parametrize("name", ["deceased", "suspended"])
def test_the_state_of_somebody_outside_the_territory_is_not_told(attacked: Instance, name: str) -> None:
    persona = attacked.persona(name)
    everywhere = {f"{region:02d}" for region in range(1, 13)}
    residence = _residence(attacked, persona["idcs"])
    elsewhere = sorted(everywhere - {residence[:2]})[0]
    agency = attacked.enrol(
        purposes=["IDENTITY_PROOFING"],
        attributes=PERSON_ONLY,
        mandates={"IDENTITY_PROOFING": list(PERSON_ONLY)},
        tells_status=True,
        territory=[elsewhere],
    )
    rows = [
        {"subject": {"idcs": idcs}, "claims": [{"attribute": "person.given_name", "value": _given(persona)}]}
        for idcs in (persona["idcs"], STRANGER)
    ]
    inside, outside = (answer["refused"] for answer in agency.caller().verify(rows))
    assert inside == outside, "a subject who lives outside the territory answers as unknown"


def test_a_locked_record_does_not_tell_its_state(attacked: Instance) -> None:
    """The holder of a suspended record locked it: the lock hides the state as everything else."""
    persona = attacked.persona("suspended")
    person_id = attacked.person_id(persona["idcs"])
    agency = attacked.enrol(
        purposes=["IDENTITY_PROOFING"],
        attributes=PERSON_ONLY,
        mandates={"IDENTITY_PROOFING": list(PERSON_ONLY)},
        tells_status=True,
    )
    row = {"subject": {"idcs": persona["idcs"]}, "claims": [{"attribute": "person.given_name", "value": _given(persona)}]}
    attacked.sql(
        """insert into identity_lock (person_id, lock_id, purposes, mandated_too, valid_from)
           values ($1, gen_random_uuid(), array['IDENTITY_PROOFING'], true, $2)""",
        person_id,
        attacked.now(),
    )
    try:
        (answer,) = agency.caller().verify([row])
    finally:
        attacked.sql("delete from identity_lock where person_id = $1", person_id)
    assert answer["refused"] is None


QUESTIONS = {
    "person": "query($s: SubjectInput!) { person(subject: $s, purpose: SERVICE_DELIVERY) { sex } }",
    "household": "query($s: SubjectInput!) { household(subject: $s, purpose: SERVICE_DELIVERY) { size } }",
    "verify": """query($s: SubjectInput!) { verify(purpose: SERVICE_DELIVERY, requests: [{subject: $s,
      claims: [{attribute: "person.given_name", value: "Zzyzx"}]}]) { receipt } }""",
    "eligibility": """query($s: SubjectInput!) { eligibility(purpose: SERVICE_DELIVERY,
      requests: [{subject: $s, programme: "ASD"}]) { answers { eligible } } }""",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_same_work_is_done_for_a_stranger_as_for_a_no(
    attacked: Instance, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Statements are told apart by the time they take: a stranger must need as many, of the same kind."""
    asked: list[str] = []
    real = Reading.ask

    async def counted(self: Reading, sql: str, *values: Any) -> Sequence[Any]:
        asked.append(sql)
        return await real(self, sql, *values)

    agency = attacked.enrol(
        purposes=["SERVICE_DELIVERY"],
        attributes=PERSON_ONLY
        | {n: {"uses": ["RELEASE"]} for n in ("household.size", "eligibility.result")}
        | {"person.sex": {"uses": ["RELEASE"]}},
    )
    statements = defaultdict(list)
    at_home = attacked.persona("just-below-asd")["idcs"]
    alone = attacked.persona("match")["idcs"]
    with attacked.serve_here() as base:
        caller = agency.caller(base=base)
        caller.ask(QUESTIONS[name], {"s": {"idcs": STRANGER}})  # documents are known by now
        monkeypatch.setattr(Reading, "ask", counted)
        for who, idcs in (("stranger", STRANGER), ("alone", alone), ("at home", at_home)):
            asked.clear()
            caller.ask(QUESTIONS[name], {"s": {"idcs": idcs}})
            statements[who] = list(asked)
    assert statements["stranger"] == statements["alone"] == statements["at home"]


def _given(persona: dict[str, Any]) -> str:
    return str(persona["attributes"]["person.given_name"])


def _residence(attacked: Instance, idcs: str) -> str:
    (row,) = attacked.sql("select person_id, data_key, residence from person where person_id = $1", attacked.person_id(idcs))
    return attacked.keys.masters.unwrap(row["person_id"], row["data_key"]).open(
        "person.residence", row["person_id"], row["residence"]
    )


def test_a_token_without_the_right_to_eligibility_does_not_read_it_by_way_of_the_household(attacked: Instance) -> None:
    caller = attacked.demo_agency("CNSS_DEMO").caller(scope="household:read")
    code = attacked.persona("just-below-asd")["household_code"]
    answer = caller.ask(
        'query($c: String!) { household(code: $c, purpose: ELIGIBILITY) { eligibility(programme: "ASD") { eligible } } }',
        {"c": code},
    )
    assert '"eligible":true' not in answer.text
