"""Everything adds up: parts and families to the score, differences to the difference, under one formula or two."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Internal
from registry.facts import FACT_KINDS, Kinship, Milieu
from scoring.explanation import NEAR_E12, Stored, by_family, differences, is_near
from scoring.formula import Formula, packaged, packaged_document
from scoring.score import decimal_of, score
from scoring.score_rows import arrays
from scoring.variables import HouseholdInputs, MemberInputs
from tests.access.enrolled import NOW
from tests.scoring.worked_households import example_a

FORMULA = packaged("ise-2022")
TODAY = NOW.date()


def revised() -> Formula:
    """The same with other weights, without one of the terms, and known by another version."""
    document: Any = deepcopy(packaged_document("ise-2022"))
    document["version"] += 1
    urban = document["milieux"]["URBAN"]
    urban["constant"] = "9.5"
    urban["terms"][0]["weight"] = "0.125"
    return Formula.parse(document)


REVISED = revised()


def row(inputs: HouseholdInputs, formula: Formula) -> dict[str, Any]:
    made = score(formula, inputs, TODAY)
    numerators, denominators, amounts = arrays(formula, inputs.milieu, made)
    value = decimal_of(made.value_e12)
    return {
        "milieu": inputs.milieu,
        "region": inputs.region,
        "value": value,
        "numerators": numerators,
        "denominators": denominators,
        "amounts": amounts,
    }


def stored(inputs: HouseholdInputs, formula: Formula = FORMULA) -> Stored:
    return Stored.of(formula, row(inputs, formula))


def facts(*, of_member: bool) -> Any:
    """Some of them are known."""
    kinds = [kind for kind in FACT_KINDS.values() if kind.of_member is of_member]
    return st.fixed_dictionaries(
        {},
        optional={
            kind.attribute: st.sampled_from([int(code) for code in kind.codes])
            if kind.codes
            else st.integers(kind.low, kind.high)
            for kind in kinds
        },
    )


def members(kinship: Kinship) -> Any:
    return st.builds(MemberInputs, st.just(kinship), st.integers(0, 90), facts(of_member=True))


HOUSEHOLDS = st.builds(
    HouseholdInputs,
    st.sampled_from(Milieu),
    st.integers(1, 12),
    facts(of_member=False),
    st.tuples(members(Kinship.HEAD), members(Kinship.CHILD)),
)
FORMULAS = st.sampled_from([FORMULA, REVISED])


@given(HOUSEHOLDS, FORMULAS)
def test_parts_and_families_sum_to_the_score(inputs: HouseholdInputs, formula: Formula) -> None:
    its = stored(inputs, formula)
    assert sum(part.amount_e12 for part in its.parts) == its.value_e12 == score(formula, inputs, TODAY).value_e12
    families = by_family(its)
    assert sum(amount for _, amount in families) == its.value_e12
    assert len({family for family, _ in families}) == len(families)
    assert {family for family, _ in families} <= formula.families.keys()


@given(HOUSEHOLDS, HOUSEHOLDS, FORMULAS, FORMULAS)
def test_differences_sum_to_the_difference(one: HouseholdInputs, other: HouseholdInputs, old: Formula, new: Formula) -> None:
    before, after = stored(one, old), stored(other, new)
    found = differences(before, after)
    assert sum(each.amount_e12 for each in found) == after.value_e12 - before.value_e12
    assert len({each.variable for each in found}) == len(found)
    back = differences(after, before)
    assert {(each.variable, -each.amount_e12) for each in back} == {(each.variable, each.amount_e12) for each in found}
    assert differences(before, before) == []


def test_what_was_changed_is_what_differs_the_most_first() -> None:
    before = example_a()
    changed = {**before.facts, "household.telephone": 16_000, "household.computer": 1}
    after = HouseholdInputs(before.milieu, before.region, changed, before.members)
    found = differences(stored(before), stored(after))
    assert [each.amount_e12 for each in found] == sorted((each.amount_e12 for each in found), key=abs, reverse=True)
    assert {each.variable for each in found} == {
        variable
        for variable, its in FORMULA.variables.items()
        if "household.telephone" in str(its.definition) or "household.computer" in str(its.definition)
        if variable in {term.variable for term in FORMULA.terms(Milieu.URBAN)}
    }
    assert all(each.was is not None and each.becomes is not None for each in found)


def test_a_score_that_is_not_the_sum_of_its_parts_is_not_explained() -> None:
    its = row(example_a(), FORMULA)
    with pytest.raises(Internal):
        Stored.of(FORMULA, its | {"amounts": [*its["amounts"][:-1], its["amounts"][-1] + 1]})
    with pytest.raises(Internal):
        Stored.of(FORMULA, its | {"milieu": "RURAL"})


def test_near_is_so_little_that_a_monthly_bill_may_make_it() -> None:
    assert is_near(9_326_428_400_000, 9_326_428_400_000 + NEAR_E12)
    assert is_near(9_326_428_400_000, 9_326_428_400_000 - NEAR_E12)
    assert not is_near(9_326_428_400_000, 9_326_428_400_000 + NEAR_E12 + 1)
