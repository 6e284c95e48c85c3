"""A household: found in each way, told as far as it is granted, with the score as it is stored."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.serving import Agency, Caller, Instance, codes

HOUSEHOLD = "query($c: String, $s: SubjectInput) { household(code: $c, subject: $s, purpose: ELIGIBILITY) { %s } }"
STRANGER = "2516116556"


def of(caller: Caller, selection: str, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = caller.data(HOUSEHOLD % selection, how)["household"]
    return found


def stored(served: Instance, idcs: str) -> Any:
    (row,) = served.sql(
        "select s.* from score s join person_household p using (household_id) where p.person_id = $1",
        served.person_id(idcs),
    )
    return row


def test_a_household_is_the_same_by_code_by_member_by_tokens(served: Instance, cnss: Caller) -> None:
    persona = served.persona("just-below-amo-tadamon")
    selection = "token size milieu residence { code nameFr nameAr } members { kinship token sex } score { value }"
    by_code = of(cnss, selection, c=persona["household_code"])
    assert (by_code["size"], by_code["milieu"], by_code["residence"]["code"]) == (5, "URBAN", "06.141")
    assert by_code["score"] == {"value": "9.3227264"}
    assert [member["kinship"] for member in by_code["members"]] == ["HEAD", "SPOUSE", "CHILD", "CHILD", "CHILD"]
    assert [member["sex"] for member in by_code["members"]] == ["M", "F", "F", "M", "F"]
    assert of(cnss, selection, s={"idcs": persona["idcs"]}) == by_code
    assert of(cnss, selection, s={"token": by_code["token"]}) == by_code
    for member in by_code["members"]:
        assert of(cnss, selection, s={"token": member["token"]}) == by_code


def test_the_pairwise_token_of_a_household_means_nothing_elsewhere(served: Instance, cnss: Caller) -> None:
    persona = served.persona("just-below-asd")
    token = of(cnss, "token", c=persona["household_code"])["token"]
    other = served.enrol(
        purposes=["ELIGIBILITY"],
        attributes={"household.size": {"uses": ["RELEASE"]}, "household.token": {"uses": ["RELEASE"]}},
        mandates={"ELIGIBILITY": ["household.size", "household.token"]},
    ).caller()
    assert of(other, "size", c=persona["household_code"]) == {"size": 4}
    assert of(other, "token", c=persona["household_code"])["token"] != token
    assert codes(other.ask(HOUSEHOLD % "size", {"s": {"token": token}})) == [("WITHHELD", ("household",))]


@pytest.mark.parametrize(
    "how",
    [
        {"c": STRANGER + "0"},
        {"s": {"idcs": STRANGER}},
        {"s": {"token": "h1." + "A" * 22}},
        {"s": {"token": "p1." + "A" * 22}},
        {"persona": "match"},
        {"persona": "locked"},
        {"persona": "suspended"},
    ],
)
def test_every_no_about_a_household_is_one_answer(served: Instance, cnss: Caller, how: dict[str, Any]) -> None:
    """Nobody's, of somebody who has none, and of somebody who may not be told of."""
    if "persona" in how:
        how = {"s": {"idcs": served.persona(how["persona"])["idcs"]}}
    before = served.count("ledger_entry")
    answer = cnss.ask(HOUSEHOLD % "size members { kinship }", how)
    assert answer.json()["data"] == {"household": None}
    assert codes(answer) == [("WITHHELD", ("household",))]
    assert answer.json()["errors"][0]["message"] == "not granted to you here"
    assert served.count("ledger_entry") == before + 1


def test_the_score_is_the_stored_one_and_its_contributions_sum_exactly_to_it(served: Instance, cnss: Caller) -> None:
    selection = """score { value complete missing cause calculatedAt formula { code version hash }
      contributions { variable value weight amount label(lang: AR) } }"""
    seen = set()
    for number in range(0, 60, 3):
        subject = served.subject(number)
        score = of(cnss, selection, c=subject["household_code"])["score"]
        row = stored(served, subject["idcs"])
        assert Decimal(score["value"]) == row["value"]
        assert (score["complete"], score["missing"], score["cause"]) == (row["complete"], row["missing"], "REGISTRATION")
        assert score["formula"]["hash"] == row["formula_hash"].hex()
        assert sum(Decimal(part["amount"]) for part in score["contributions"]) == row["value"]
        assert len({part["variable"] for part in score["contributions"]}) == len(score["contributions"])
        assert all(part["label"] for part in score["contributions"])
        seen.add(score["value"])
    assert len(seen) > 10


def test_a_contribution_is_its_weight_times_its_value(served: Instance, cnss: Caller) -> None:
    selection = "score { contributions { variable value weight amount } }"
    parts = of(cnss, selection, c=served.persona("just-above-asd")["household_code"])["score"]["contributions"]
    weighted = [part for part in parts if part["weight"] is not None]
    assert len(weighted) > 10
    for part in weighted:
        exact = Decimal(part["weight"]) * Decimal(part["value"])
        assert abs(exact - Decimal(part["amount"])) < Decimal("1e-11"), part["variable"]


def test_an_incomplete_score_says_what_is_missing_and_decides_nothing(served: Instance, cnss: Caller) -> None:
    persona = served.persona("incomplete-score")
    found = of(
        cnss,
        'score { value complete missing } eligibility(programme: "ASD") { eligible reason distance }',
        c=persona["household_code"],
    )
    assert found["score"]["complete"] is False
    assert found["score"]["missing"] == ["household.cars"]
    assert found["eligibility"] == {"eligible": None, "reason": "SCORE_INCOMPLETE", "distance": None}


@pytest.mark.parametrize(
    ("name", "amo", "asd"),
    [
        ("just-above-amo-tadamon", False, True),
        ("just-below-amo-tadamon", True, True),
        ("just-above-asd", False, False),
        ("just-below-asd", False, True),
    ],
)
def test_programmes_are_asked_about_under_aliases(served: Instance, cnss: Caller, name: str, amo: bool, asd: bool) -> None:
    selection = 'amo: eligibility(programme: "AMO_TADAMON") { eligible } asd: eligibility(programme: "ASD") { eligible }'
    found = of(cnss, selection, c=served.persona(name)["household_code"])
    assert found == {"amo": {"eligible": amo}, "asd": {"eligible": asd}}


def test_an_unknown_programme_is_invalid_and_says_so(served: Instance, cnss: Caller) -> None:
    answer = cnss.ask(
        HOUSEHOLD % 'eligibility(programme: "NOPE") { eligible }', {"c": served.persona("just-below-asd")["household_code"]}
    )
    assert codes(answer) == [("INVALID", ("household",))]
    assert answer.json()["errors"][0]["extensions"]["path"] == ["programme"]


def test_a_score_is_told_as_of_an_instant(served: Instance, cnss: Caller) -> None:
    code = served.persona("just-below-asd")["household_code"]
    selection = """before: score(asOf: "2001-01-01T00:00:00Z") { value }
      now: score { value } later: score(asOf: "2199-01-01T00:00:00+01:00") { value }
      then: score(asOf: $at) { value }"""
    document = HOUSEHOLD.replace("$c: String,", "$c: String, $at: DateTime!,") % selection
    at = stored(served, served.persona("just-below-asd")["idcs"])["calculated_at"].isoformat()
    found = cnss.data(document, {"c": code, "at": at})["household"]
    assert found == {"before": None, "now": {"value": "9.73999"}, "later": {"value": "9.73999"}, "then": {"value": "9.73999"}}


def test_the_same_field_with_too_many_different_arguments_is_too_costly(served: Instance, cnss: Caller) -> None:
    code = served.persona("just-below-asd")["household_code"]
    selection = " ".join(f's{year}: score(asOf: "20{year}-01-01T00:00:00Z") {{ value }}' for year in range(10, 21))
    answer = cnss.ask(HOUSEHOLD % selection, {"c": code})
    assert codes(answer) == [("TOO_COSTLY", ("household",))]
    assert codes(cnss.ask(HOUSEHOLD % selection.replace("s10:", "s11:"), {"c": code})) != []


def test_the_history_of_scores_comes_by_pages_whose_cursors_are_the_callers_own(
    served: Instance, cnss: Caller, fund: Agency
) -> None:
    subject = served.subject(9)
    row = stored(served, subject["idcs"])
    columns = ", ".join(name for name in row.keys() if name not in ("score_id", "calculated_at", "effective_from"))  # noqa: SIM118 a Record
    served.sql(
        f"""insert into score (score_id, calculated_at, effective_from, {columns})
            select gen_random_uuid(), at, at, {columns}
              from score, generate_series(1, 4) n, lateral (select calculated_at - make_interval(days => n)) before (at)
             where score_id = $1""",
        row["score_id"],
    )
    page = "scores(first: 2, after: %s) { edges { node { calculatedAt } cursor } pageInfo { hasNextPage endCursor } }"
    after, instants = "null", []
    for _ in range(3):
        found = of(cnss, page % after, c=subject["household_code"])["scores"]
        instants += [edge["node"]["calculatedAt"] for edge in found["edges"]]
        after = f'"{found["pageInfo"]["endCursor"]}"'
    assert found["pageInfo"]["hasNextPage"] is False
    assert len(instants) == 5
    assert instants == sorted(instants, reverse=True)
    elsewhere = served.subject(12)["household_code"]
    for code, cursor in ((subject["household_code"], '"x"'), (elsewhere, after)):
        answer = cnss.ask(HOUSEHOLD % (page % cursor), {"c": code})
        assert codes(answer) == [("INVALID", ("household",))]
        assert answer.json()["errors"][0]["extensions"]["path"] == ["after"]
    for first in (0, 101):
        answer = cnss.ask(HOUSEHOLD % f"scores(first: {first}) {{ edges {{ cursor }} }}", {"c": elsewhere})
        assert codes(answer) == [("INVALID", ("household",))]


def test_facts_are_told_only_with_their_own_attributes(served: Instance, cnss: Caller) -> None:
    code = served.persona("just-below-asd")["household_code"]
    assert codes(cnss.ask(HOUSEHOLD % "facts { attribute value }", {"c": code})) == [("WITHHELD", ("household", "facts"))]
    some = ["household.facts", "household.rooms", "household.telephone", "member.schooling"]
    caller = served.enrol(
        purposes=["ELIGIBILITY"],
        attributes={name: {"uses": ["RELEASE"]} for name in some},
        mandates={"ELIGIBILITY": some},
    ).caller()
    facts = of(caller, "facts { attribute value source dispute }", c=code)["facts"]
    assert sorted({fact["attribute"] for fact in facts}) == sorted(some[1:])
    assert {fact["attribute"]: fact["value"] for fact in facts if fact["attribute"] != "member.schooling"} == {
        "household.rooms": "2",
        "household.telephone": "85.00",
    }
    assert sorted(fact["value"] for fact in facts if fact["attribute"] == "member.schooling") == [
        "NONE",
        "NONE",
        "PUBLIC",
        "PUBLIC",
    ]
    assert {(fact["source"], fact["dispute"]) for fact in facts} == {("DECLARED", "NONE")}


def test_what_is_not_granted_of_members_is_withheld_member_by_member(served: Instance, cnss: Caller) -> None:
    persona = served.persona("minor")
    answer = cnss.ask(HOUSEHOLD % "members { person { sex birthDate } }", {"c": persona["household_code"]})
    members = answer.json()["data"]["household"]["members"]
    assert [member["person"] for member in members] == [{"sex": "F", "birthDate": None}, {"sex": "M", "birthDate": None}]
    assert codes(answer) == [("WITHHELD", ("household", "members", n, "person", "birthDate")) for n in range(2)]
