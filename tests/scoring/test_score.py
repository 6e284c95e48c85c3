"""A score is the exact sum of its contributions, agrees with a second evaluation, and never hides what it does not know."""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.facts import FACT_KINDS, Kinship, Milieu
from scoring.formula import packaged, packaged_document
from scoring.score import Contribution, Provisional, Why, amount_e12, decimal_of, score
from scoring.variables import FactRef, HouseholdInputs
from tests.scoring.second_evaluator import random_household, second_score
from tests.scoring.worked_households import example_a, example_b, household, member

DAY = date(2025, 3, 1)
FORMULA = packaged("ise-2022")


def test_the_worked_urban_household_scores_to_the_last_digit() -> None:
    found = score(FORMULA, example_a(), DAY)
    assert (found.text, found.value_e12, found.complete) == ("9.3299744", 9_329_974_400_000, True)
    assert decimal_of(found.value_e12) == Decimal("9.3299744")
    assert decimal_of(found.value_e12) - Decimal("9.3264284") == Decimal("0.003546")


def test_the_worked_rural_household_scores_to_the_last_digit() -> None:
    found = score(FORMULA, example_b(), DAY)
    assert (found.text, found.value_e12, found.complete) == ("9.08793", 9_087_930_000_000, True)


def test_the_constant_and_the_region_are_contributions() -> None:
    found = score(FORMULA, example_a(), DAY)
    assert found.contributions[:2] == (
        Contribution("constant", 1, 1, 982_500_000, 9_825_000_000_000, (FactRef("household.milieu", None),)),
        Contribution("region", 1, 1, 22_000_000, 220_000_000_000, (FactRef("household.residence", None),)),
    )
    assert len(found.contributions) == 2 + 35
    assert len(score(FORMULA, example_b(), DAY).contributions) == 2 + 28


def test_it_agrees_with_the_second_evaluator_on_thousands_of_households() -> None:
    rng = random.Random(1972)
    document = packaged_document("ise-2022")
    complete = 0
    for _ in range(2500):
        inputs = random_household(rng)
        found = score(FORMULA, inputs, DAY)
        assert Fraction(found.value_e12, 10**12) == second_score(document, inputs)
        assert found.value_e12 == sum(contribution.amount_e12 for contribution in found.contributions)
        assert found.missing == ()
        assert found.complete is not (inputs.milieu is Milieu.RURAL and inputs.facts["household.cars"] > 0)
        complete += found.complete
    assert 0 < complete < 2500


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6), st.integers(1, 10**7))
def test_an_amount_is_rounded_once_half_away_from_zero(weight: int, numerator: int, denominator: int) -> None:
    exact = Fraction(weight * numerator * 10_000, denominator)
    amount = amount_e12(weight, numerator, denominator)
    assert abs(amount - exact) <= Fraction(1, 2)
    if abs(amount - exact) == Fraction(1, 2):
        assert abs(amount) > abs(exact)
    assert amount_e12(-weight, numerator, denominator) == amount_e12(weight, -numerator, denominator) == -amount


def test_a_half_goes_away_from_zero() -> None:
    assert [amount_e12(w, n, 20_000) for w, n in ((1, 1), (-1, 1), (1, -1), (-1, -1), (3, 1), (-3, 1))] == [
        1,
        -1,
        -1,
        1,
        2,
        -2,
    ]
    assert amount_e12(1, 1, 30_000) == amount_e12(-1, 1, 30_000) == 0


@pytest.mark.parametrize(
    ("milieu", "size", "effect"),
    [(Milieu.URBAN, 5, "0.072"), (Milieu.RURAL, 5, "0.206"), (Milieu.RURAL, 1, "1.03")],
)
def test_a_hundred_dirhams_of_telephone_weigh_as_people_complain(milieu: Milieu, size: int, effect: str) -> None:
    members = (member(Kinship.HEAD, 40), *(member(Kinship.CHILD, 5) for _ in range(size - 1)))
    before, after = (
        score(FORMULA, household(milieu, 1, members, {"telephone": month}), DAY).value_e12 for month in (5000, 15_000)
    )
    assert decimal_of(after - before).quantize(Decimal(effect)) == Decimal(effect)


def test_a_rural_car_makes_the_score_provisional_and_adds_nothing() -> None:
    inputs = example_b()
    without = score(FORMULA, inputs, DAY)
    found = score(FORMULA, replace(inputs, facts={**inputs.facts, "household.cars": 2}), DAY)
    cars = (FactRef("household.cars", None),)
    assert found.value_e12 == without.value_e12
    assert found.complete is False
    assert found.missing == ()
    assert found.provisional == (Provisional(Why.UNKNOWN_WEIGHT, "owns_car", cars),)
    assert Contribution("owns_car", 1, 1, None, 0, cars) in found.contributions
    assert without.complete is True
    assert Contribution("owns_car", 0, 1, None, 0, cars) in without.contributions


def test_a_car_that_may_or_may_not_be_there_is_missing() -> None:
    inputs = example_b()
    facts = {name: known for name, known in inputs.facts.items() if name != "household.cars"}
    found = score(FORMULA, replace(inputs, facts=facts), DAY)
    assert (found.complete, found.missing) == (False, ("household.cars",))
    assert found.provisional == (Provisional(Why.MISSING_FACT, "owns_car", (FactRef("household.cars", None),)),)


def test_an_urban_car_has_its_weight() -> None:
    inputs = example_a()
    found = score(FORMULA, replace(inputs, facts={**inputs.facts, "household.cars": 1}), DAY)
    assert (found.complete, found.text) == (True, "9.5559744")


def read_facts(inputs: HouseholdInputs) -> set[FactRef]:
    """The declared facts that the contributions say they came from."""
    named = {source for contribution in score(FORMULA, inputs, DAY).contributions for source in contribution.sources}
    return {fact for fact in named if fact.attribute in inputs.facts or fact.attribute.startswith("member.")}


def without_fact(inputs: HouseholdInputs, fact: FactRef) -> HouseholdInputs:
    if fact.member is None:
        return replace(inputs, facts={name: v for name, v in inputs.facts.items() if name != fact.attribute})
    members = list(inputs.members)
    facts = {name: v for name, v in members[fact.member].facts.items() if name != fact.attribute}
    members[fact.member] = replace(members[fact.member], facts=facts)
    return replace(inputs, members=tuple(members))


@given(st.integers(0, 10**9))
def test_a_score_without_one_of_its_facts_is_never_complete_and_names_it(seed: int) -> None:
    rng = random.Random(seed)
    inputs = random_household(rng)
    fact = rng.choice(sorted(read_facts(inputs), key=str))
    found = score(FORMULA, without_fact(inputs, fact), DAY)
    assert found.complete is False
    assert found.missing == (fact.attribute,)
    lacking = [reason.variable for reason in found.provisional if reason.why is Why.MISSING_FACT]
    assert lacking
    assert not {contribution.variable for contribution in found.contributions} & set(lacking)
    assert found.value_e12 == sum(contribution.amount_e12 for contribution in found.contributions)


@given(st.integers(0, 10**9))
def test_a_fact_that_no_contribution_names_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    inputs = random_household(rng)
    read = read_facts(inputs)
    declared = {FactRef(name, None) for name in inputs.facts}
    declared |= {FactRef(name, i) for i, each in enumerate(inputs.members) for name in each.facts}
    stripped = inputs
    for fact in declared - read:
        stripped = without_fact(stripped, fact)
    assert score(FORMULA, stripped, DAY) == score(FORMULA, inputs, DAY)


def test_a_household_of_which_nothing_is_known_is_not_poor_but_unknown() -> None:
    inputs = replace(example_a(), facts={}, members=(replace(example_a().members[0], facts={}),))
    found = score(FORMULA, inputs, DAY)
    assert found.complete is False
    unread = {"household.dwelling", "household.non_agricultural_land", "household.irrigated_land", "household.cows"}
    assert set(found.missing) == FACT_KINDS.keys() - unread - {"member.schooling", "member.literate"}
    assert len(found.missing) == len(set(found.missing))
    assert {contribution.variable for contribution in found.contributions} == {
        "constant",
        "region",
        "single_or_childless_couple",
        "size",
        "size_sq",
        "head_age",
        "head_age_sq",
        "n_6_14_private",
        "n_6_14_public",
    }
