"""Values are exact, name the facts they came from, and are missing rather than zero where a fact is not known."""

import copy
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import content_hash
from core.dates import PartialDate
from core.errors import Invalid
from registry.facts import Dwelling, Employment, HealthCover, Kinship, Milieu, Occupation, Schooling
from scoring.definitions import has_head_age
from scoring.formula import Formula, packaged, packaged_document
from scoring.variables import (
    FactRef,
    HouseholdInputs,
    Known,
    MemberInputs,
    Missing,
    Value,
    ages_change_on,
    evaluate,
    inputs_hash,
)
from tests.scoring.second_evaluator import MEANINGS, random_household
from tests.scoring.worked_households import example_a, example_b, household, member

DAY = date(2025, 3, 1)
FORMULA = packaged("ise-2022")


def value(inputs: HouseholdInputs, variable: str) -> Value:
    return evaluate(FORMULA, inputs, DAY)[variable]


def number(inputs: HouseholdInputs, variable: str) -> tuple[int, int]:
    found = value(inputs, variable)
    assert isinstance(found, Known)
    return found.numerator, found.denominator


def alone(milieu: Milieu, age: int = 40, **facts: int) -> HouseholdInputs:
    return household(milieu, 5, (member(Kinship.HEAD, age, **facts),))


def with_child(milieu: Milieu, age: int, **facts: int) -> HouseholdInputs:
    return household(milieu, 5, (member(Kinship.HEAD, 70), member(Kinship.CHILD, age, **facts)))


@pytest.mark.parametrize(
    ("milieu", "variable", "facts", "counted_at"),
    [
        (Milieu.URBAN, "n_6_14_public", {"schooling": Schooling.PUBLIC}, range(6, 15)),
        (Milieu.URBAN, "n_6_14_private", {"schooling": Schooling.PRIVATE}, range(6, 15)),
        (Milieu.URBAN, "share15_gainful_activity", {"activity": 1}, range(15, 131)),
        (Milieu.URBAN, "share15_no_diploma", {"diploma": 0}, range(15, 131)),
        (Milieu.RURAL, "share15_literate", {"literate": 1}, range(15, 131)),
        (Milieu.RURAL, "n_19_29", {}, range(19, 30)),
        (Milieu.RURAL, "n_30_59", {}, range(30, 60)),
    ],
)
def test_a_member_counts_from_the_first_to_the_last_age(
    milieu: Milieu, variable: str, facts: dict[str, int], counted_at: range
) -> None:
    for age in (0, 5, 6, 14, 15, 18, 19, 29, 30, 59, 60, 130):
        assert number(with_child(milieu, age, **facts), variable)[0] == int(age in counted_at)


def test_sixty_is_the_first_age_of_the_old() -> None:
    assert [number(with_child(Milieu.RURAL, age), "n_60_plus")[0] for age in (59, 60, 130)] == [1, 2, 2]


def test_persons_per_room_are_compared_exactly() -> None:
    def flags(size: int, rooms: int) -> tuple[int, int]:
        members = (member(Kinship.HEAD, 40), *(member(Kinship.CHILD, 5) for _ in range(size - 1)))
        inputs = household(Milieu.RURAL, 5, members, {"rooms": rooms})
        return number(inputs, "max2_per_room")[0], number(inputs, "max3_per_room")[0]

    assert flags(4, 2) == (1, 0)
    assert flags(5, 2) == (0, 1)
    assert flags(6, 2) == (0, 1)
    assert flags(7, 2) == (0, 0)
    assert flags(1, 50) == (1, 0)


def test_one_person_and_a_couple_are_told_from_a_parent_and_a_child() -> None:
    head = member(Kinship.HEAD, 40)
    expected = {(): 1, (Kinship.SPOUSE,): 1, (Kinship.CHILD,): 0, (Kinship.SPOUSE, Kinship.CHILD): 0}
    expected[(Kinship.SPOUSE, Kinship.SPOUSE)] = 0
    for others, flag in expected.items():
        inputs = household(Milieu.URBAN, 5, (head, *(member(kinship, 35) for kinship in others)))
        assert number(inputs, "single_or_childless_couple") == (flag, 1)


def test_flags_of_the_head_look_at_the_head_alone() -> None:
    spouse = member(Kinship.SPOUSE, 40, employment=Employment.EMPLOYER, occupation=Occupation.SENIOR_EXECUTIVE)
    head = member(Kinship.HEAD, 40)
    assert number(household(Milieu.URBAN, 5, (spouse, head)), "head_employer") == (0, 1)
    found = value(household(Milieu.URBAN, 5, (head, replace(spouse, kinship=Kinship.CHILD))), "share_senior_exec")
    assert isinstance(found, Known)
    assert found[:2] == (1, 2)
    employer = replace(spouse, kinship=Kinship.HEAD)
    assert value(household(Milieu.URBAN, 5, (replace(head, kinship=Kinship.SPOUSE), employer)), "head_employer") == Known(
        1, 1, (FactRef("member.employment", 1),)
    )


def test_amo_tadamon_is_no_other_cover() -> None:
    assert number(alone(Milieu.URBAN, health_cover=HealthCover.AMO_TADAMON), "non_ramed_health_cover") == (0, 1)
    assert number(with_child(Milieu.URBAN, 3, health_cover=HealthCover.OTHER), "non_ramed_health_cover") == (1, 1)


@pytest.mark.parametrize("dwelling", Dwelling)
def test_only_the_named_dwellings_are_good(dwelling: Dwelling) -> None:
    inputs = household(Milieu.RURAL, 5, (member(Kinship.HEAD, 40),), {"dwelling": dwelling})
    good = dwelling.name in {"VILLA", "FLAT", "TRADITIONAL_HOUSE", "RURAL_STONE"}
    assert number(inputs, "good_dwelling_type") == (int(good), 1)


def test_spending_is_a_year_per_head_in_dirhams() -> None:
    assert number(example_a(), "water_elec_year_pc") == (75_000 * 12, 300 * 5)
    assert number(example_a(), "phone_internet_year_pc") == (6000 * 12, 100 * 5)
    assert number(example_b(), "butane_year_pc") == (4000 * 12, 100 * 5)


def test_butane_is_counted_at_the_price_of_the_day() -> None:
    document: Any = copy.deepcopy(packaged_document("ise-2022"))
    document["prices"]["butane_large"].append({"from": "2025-03-01", "centimes": 5000})
    formula = Formula.parse(document)
    days = (date(2025, 2, 28), date(2025, 3, 1))
    found = [evaluate(formula, example_a(), day)["butane_year_pc"] for day in days]
    assert [known[:2] for known in found] == [(48_000, 500), (60_000, 500)]


def test_a_value_names_the_facts_it_came_from() -> None:
    pupils = value(example_a(), "n_6_14_public")
    births = tuple(FactRef("person.birth_date", index) for index in range(5))
    assert pupils == Known(2, 1, (*births, FactRef("member.schooling", 2), FactRef("member.schooling", 3)))
    rooms = value(example_a(), "max2_per_room")
    assert rooms == Known(0, 1, (FactRef("household.size", None), FactRef("household.rooms", None)))
    assert value(example_a(), "head_age_sq") == Known(42 * 42, 1, (FactRef("person.birth_date", 0),))


def test_a_value_without_its_fact_is_missing_and_names_it() -> None:
    inputs = example_a()
    facts = {name: known for name, known in inputs.facts.items() if "water_bill" not in name}
    assert value(replace(inputs, facts=facts), "water_elec_year_pc") == Missing(
        tuple(FactRef(f"household.water_bill_{month}", None) for month in (1, 2, 3))
    )
    for variable, fact in (("has_bath", "bath"), ("max2_per_room", "rooms"), ("multi_nucleus", "family_nuclei")):
        facts = {name: known for name, known in inputs.facts.items() if name != f"household.{fact}"}
        assert value(replace(inputs, facts=facts), variable) == Missing((FactRef(f"household.{fact}", None),))


def test_a_cover_that_is_not_known_is_missing_even_beside_one_that_is() -> None:
    covered = member(Kinship.HEAD, 40, health_cover=HealthCover.OTHER)
    inputs = household(Milieu.URBAN, 5, (covered, MemberInputs(Kinship.CHILD, 2, {})))
    assert value(inputs, "non_ramed_health_cover") == Missing((FactRef("member.health_cover", 1),))


def test_a_child_of_three_needs_a_cover_and_nothing_else() -> None:
    toddler = MemberInputs(Kinship.CHILD, 3, {"member.health_cover": 0})
    for milieu in Milieu:
        inputs = household(milieu, 5, (member(Kinship.HEAD, 40), toddler))
        assert not [found for found in evaluate(FORMULA, inputs, DAY).values() if isinstance(found, Missing)]


def test_a_member_needs_what_the_age_asks_for() -> None:
    expected = {
        5: {"member.health_cover"},
        6: {"member.health_cover", "member.schooling"},
        14: {"member.health_cover", "member.schooling"},
        15: {"member.health_cover", "member.diploma", "member.activity", "member.occupation"},
    }
    for age, attributes in expected.items():
        inputs = household(Milieu.URBAN, 5, (member(Kinship.HEAD, 40), MemberInputs(Kinship.CHILD, age, {})))
        missing = [found for found in evaluate(FORMULA, inputs, DAY).values() if isinstance(found, Missing)]
        assert {fact for found in missing for fact in found.facts} == {FactRef(name, 1) for name in attributes}


def test_every_variable_agrees_with_its_meaning_told_a_second_way() -> None:
    rng = random.Random(20220101)
    for _ in range(300):
        inputs = random_household(rng)
        for variable, found in evaluate(FORMULA, inputs, DAY).items():
            assert isinstance(found, Known)
            assert found.denominator > 0
            assert MEANINGS[variable](inputs) * found.denominator == found.numerator, variable


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"region": 0}, ("region",)),
        ({"region": 13}, ("region",)),
        ({"members": ()}, ("members",)),
        ({"members": (member(Kinship.CHILD, 20),)}, ("members",)),
        ({"members": (member(Kinship.HEAD, 20),) * 2}, ("members",)),
        ({"members": (member(Kinship.HEAD, 20), *(member(Kinship.OTHER, 20),) * 60)}, ("members",)),
        ({"facts": {"household.pool": 1}}, ("facts", "household.pool")),
        ({"facts": {"member.literate": 1}}, ("facts", "member.literate")),
        ({"facts": {"household.bath": 2}}, ("facts", "household.bath")),
        ({"facts": {"household.bath": True}}, ("facts", "household.bath")),
        ({"facts": {"household.rooms": 0}}, ("facts", "household.rooms")),
        ({"facts": {"household.dwelling": 10}}, ("facts", "household.dwelling")),
        ({"facts": {"household.telephone": -1}}, ("facts", "household.telephone")),
    ],
)
def test_impossible_households_are_refused(change: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(example_a(), **change)
    assert refusal.value.path == path


@pytest.mark.parametrize("age", [-1, 131, True])
def test_impossible_ages_are_refused(age: int) -> None:
    with pytest.raises(Invalid):
        MemberInputs(Kinship.HEAD, age, {})


def test_the_hash_of_inputs_changes_with_each_of_them() -> None:
    inputs = example_a()
    older = (replace(inputs.members[0], age=43), *inputs.members[1:])
    variants = [
        inputs,
        replace(inputs, region=7),
        replace(inputs, milieu=Milieu.RURAL),
        replace(inputs, members=older),
        replace(inputs, members=inputs.members[:-1]),
        replace(inputs, facts={**inputs.facts, "household.cars": 1}),
        replace(inputs, facts={}),
    ]
    assert len({inputs_hash(variant) for variant in variants}) == len(variants)
    reordered = dict(reversed(list(inputs.facts.items())))
    assert inputs_hash(replace(inputs, facts=reordered)) == inputs_hash(example_a())


def test_the_hash_of_inputs_is_that_of_their_canonical_document() -> None:
    for seed in range(200):
        inputs = random_household(random.Random(seed))
        members = [{"kinship": each.kinship.value, "age": each.age, "facts": each.facts} for each in inputs.members]
        document = {"milieu": inputs.milieu.value, "region": inputs.region, "facts": inputs.facts, "members": members}
        assert inputs_hash(inputs) == content_hash(document)


DATES = st.dates(date(1900, 1, 1), date(2024, 12, 31))
PARTIAL = st.builds(
    lambda day, known: PartialDate(day.year, day.month if known else None, day.day if known > 1 else None),
    DATES,
    st.integers(0, 2),
)


@given(PARTIAL, st.lists(PARTIAL, max_size=3), st.dates(date(2025, 1, 1), date(2030, 1, 1)), st.sampled_from(Milieu))
def test_nothing_that_hangs_on_ages_changes_before_the_day_foretold(
    head: PartialDate, others: list[PartialDate], on: date, milieu: Milieu
) -> None:
    born = [head, *others]
    change = ages_change_on(FORMULA, born, on, milieu)
    last = (change or on + timedelta(days=36_500)) - timedelta(days=1)
    assert last >= on

    def classes(day: date) -> list[object]:
        bounds = {Milieu.URBAN: (6, 15), Milieu.RURAL: (15, 19, 30, 60)}[milieu]
        exact = [head.age_on(day)] if milieu is Milieu.URBAN else []
        return [*exact, *(sum(each.age_on(day) >= bound for bound in bounds) for each in born)]

    assert classes(last) == classes(on)
    if change and change - on < timedelta(days=36_000) and max(each.age_on(change) for each in born) < 130:
        assert classes(change) != classes(on)


def test_the_day_foretold_is_the_nearest_birthday_that_matters() -> None:
    head, child = PartialDate.parse("1980-06-15"), PartialDate.parse("2010-09")
    assert ages_change_on(FORMULA, [head, child], date(2025, 3, 1)) == date(2025, 6, 15)
    assert ages_change_on(FORMULA, [head, child], date(2025, 6, 15)) == date(2025, 9, 1)
    assert ages_change_on(FORMULA, [head, child], date(2025, 9, 1)) == date(2026, 6, 15)
    assert ages_change_on(FORMULA, [head, child], date(2025, 3, 1), Milieu.RURAL) == date(2025, 9, 1)
    leap = PartialDate.parse("2008-02-29")
    assert ages_change_on(FORMULA, [leap], date(2024, 2, 29)) == date(2025, 3, 1)
    assert ages_change_on(FORMULA, [leap], date(2027, 12, 31)) == date(2028, 2, 29)
    assert ages_change_on(FORMULA, [PartialDate.parse("1930")], date(2100, 1, 1), Milieu.RURAL) is None


def test_only_urban_scores_hang_on_each_birthday_of_the_head() -> None:
    hanging = {
        milieu: [t.variable for t in FORMULA.terms(milieu) if has_head_age(FORMULA.variables[t.variable].definition)]
        for milieu in Milieu
    }
    assert hanging == {Milieu.URBAN: ["head_age", "head_age_sq"], Milieu.RURAL: []}
