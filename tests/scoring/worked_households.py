"""The two worked examples, and complete households to change one fact of."""

from collections.abc import Mapping

from registry.facts import (
    FACT_KINDS,
    HOUSEHOLD_FACTS,
    MEMBER_FACTS,
    Activity,
    Diploma,
    Dwelling,
    Kinship,
    Milieu,
    Occupation,
    Schooling,
)
from scoring.variables import HouseholdInputs, MemberInputs

NOTHING = {name: FACT_KINDS[name].low for name in HOUSEHOLD_FACTS} | {
    "household.dwelling": Dwelling.OTHER.value,
    "household.rooms": 1,
}
NOBODY = {name: FACT_KINDS[name].low for name in MEMBER_FACTS} | {
    "member.diploma": Diploma.GENERAL.value,
    "member.activity": Activity.OTHER.value,
}


def household(
    milieu: Milieu, region: int, members: tuple[MemberInputs, ...], facts: Mapping[str, int] | None = None
) -> HouseholdInputs:
    """A household that owns nothing but what is named."""
    named = {f"household.{name}": int(value) for name, value in (facts or {}).items()}
    return HouseholdInputs(milieu, region, NOTHING | named, members)


def member(kinship: Kinship, age: int, **facts: int) -> MemberInputs:
    """Someone with a general diploma and no activity, but for what is named."""
    return MemberInputs(kinship, age, NOBODY | {f"member.{name}": int(value) for name, value in facts.items()})


def example_a() -> HouseholdInputs:
    members = (
        member(Kinship.HEAD, 42, diploma=Diploma.NONE, activity=Activity.GAINFUL, occupation=Occupation.LABOURER, literate=1),
        member(Kinship.SPOUSE, 39, diploma=Diploma.NONE, activity=Activity.HOMEMAKER),
        member(Kinship.CHILD, 12, schooling=Schooling.PUBLIC),
        member(Kinship.CHILD, 9, schooling=Schooling.PUBLIC),
        member(Kinship.CHILD, 3),
    )
    bills = {"water_bill_1": 7000, "water_bill_2": 8000, "water_bill_3": 9000}
    bills |= {"electricity_bill_1": 16000, "electricity_bill_2": 17000, "electricity_bill_3": 18000}
    facts = {"rooms": 2, "bath": 1, "own_electricity_meter": 1, "mobiles": 2, "butane_large_bottles": 1, "telephone": 6000}
    return household(Milieu.URBAN, 6, members, facts | bills)


def example_b() -> HouseholdInputs:
    members = (
        member(Kinship.HEAD, 50, literate=1, occupation=Occupation.FARMER),
        member(Kinship.SPOUSE, 41),
        member(Kinship.CHILD, 16, literate=1),
        member(Kinship.CHILD, 11, schooling=Schooling.PUBLIC),
        member(Kinship.CHILD, 2),
    )
    bills = {"water_bill_1": 3000, "water_bill_2": 3000, "water_bill_3": 3000}
    bills |= {"electricity_bill_1": 11000, "electricity_bill_2": 12000, "electricity_bill_3": 13000}
    facts = {"dwelling": Dwelling.RURAL_STONE, "butane_small_bottles": 2, "telephone": 3000, "internet": 2000}
    return household(Milieu.RURAL, 1, members, facts | bills)
