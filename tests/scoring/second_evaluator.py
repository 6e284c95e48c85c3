"""The formula evaluated a second time, from the meanings of its variables, as plain Python over a household.

It reads the weights of the document but none of its definitions, and shares no arithmetic with the rooms: fractions
throughout, and one rounding of each amount by the decimal library.
"""

import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from registry.facts import (
    FACT_KINDS,
    HOUSEHOLD_FACTS,
    MEMBER_FACTS,
    Activity,
    Diploma,
    Dwelling,
    Education,
    Employment,
    HealthCover,
    Kinship,
    Milieu,
    Occupation,
    Schooling,
)
from scoring.variables import HouseholdInputs, MemberInputs

EXACT = Context(prec=400, rounding=ROUND_HALF_UP)


def second_score(document: Any, household: HouseholdInputs) -> Fraction:
    """The score in exact arithmetic; a KeyError where a fact is missing. A rural car adds nothing."""
    weights = document["milieux"][household.milieu.value]
    total = Fraction(weights["constant"]) + Fraction(weights["regions"][str(household.region)])
    for term in weights["terms"]:
        value = MEANINGS[term["variable"]](household)
        if term["weight"] is not None:
            total += rounded(Fraction(term["weight"]) * value)
    return total


def rounded(amount: Fraction) -> Fraction:
    quotient = EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    return Fraction(quotient.quantize(Decimal("1e-12"), context=EXACT))


def of(household: HouseholdInputs, name: str) -> int:
    return household.facts[f"household.{name}"]


def people(household: HouseholdInputs) -> int:
    return len(household.members)


def the_head(household: HouseholdInputs) -> MemberInputs:
    return next(member for member in household.members if member.kinship == "HEAD")


def adults(household: HouseholdInputs) -> list[MemberInputs]:
    return [member for member in household.members if member.age > 14]


def pupils(household: HouseholdInputs, school: Schooling) -> int:
    return [m.facts["member.schooling"] for m in household.members if m.age in range(6, 15)].count(school)


def part(household: HouseholdInputs, name: str, code: int) -> Fraction:
    return Fraction([m.facts[f"member.{name}"] for m in adults(household)].count(code), people(household))


def head_is(name: str, *codes: int) -> Callable[[HouseholdInputs], int]:
    return lambda household: int(the_head(household).facts[f"member.{name}"] in codes)


def alone_or_two(household: HouseholdInputs) -> int:
    kinships = sorted(member.kinship.value for member in household.members)
    return int(kinships in (["HEAD"], ["HEAD", "SPOUSE"]))


def crowding(household: HouseholdInputs) -> Fraction:
    return Fraction(people(household), of(household, "rooms"))


def senior_executives(household: HouseholdInputs) -> Fraction:
    """Of any age: no child is ever one."""
    posts = [member.facts.get("member.occupation") for member in household.members]
    if any(post is None and member.age >= 15 for post, member in zip(posts, household.members, strict=True)):
        raise KeyError("member.occupation")
    return Fraction(posts.count(Occupation.SENIOR_EXECUTIVE), people(household))


def other_cover(household: HouseholdInputs) -> int:
    return int(HealthCover.OTHER in [member.facts["member.health_cover"] for member in household.members])


def aged(low: int, high: int) -> Callable[[HouseholdInputs], int]:
    return lambda household: sum(1 for member in household.members if member.age in range(low, high + 1))


def butane(household: HouseholdInputs) -> Fraction:
    month = 40 * of(household, "butane_large_bottles") + 20 * of(household, "butane_small_bottles")
    return Fraction(month * 12, people(household))


def water_and_power(household: HouseholdInputs) -> Fraction:
    bills = [of(household, f"{kind}_bill_{month}") for month in (1, 2, 3) for kind in ("water", "electricity")]
    return Fraction(sum(bills), 3) / 100 * 12 / people(household)


def phone(household: HouseholdInputs) -> Fraction:
    return Fraction(of(household, "telephone") + of(household, "internet"), 100) * 12 / people(household)


def good_dwelling(household: HouseholdInputs) -> int:
    good = (Dwelling.VILLA, Dwelling.FLAT, Dwelling.TRADITIONAL_HOUSE, Dwelling.RURAL_STONE)
    return int(of(household, "dwelling") in good)


MEANINGS: dict[str, Callable[[HouseholdInputs], int | Fraction]] = {
    "single_or_childless_couple": alone_or_two,
    "multi_nucleus": lambda h: int(of(h, "family_nuclei") > 1),
    "max2_per_room": lambda h: int(crowding(h) <= 2),
    "max3_per_room": lambda h: int(2 < crowding(h) <= 3),
    "good_dwelling_type": good_dwelling,
    "has_bath": lambda h: of(h, "bath"),
    "own_elec_meter": lambda h: of(h, "own_electricity_meter"),
    "head_basic_edu": head_is("education", Education.BASIC),
    "head_higher_edu": head_is("education", Education.HIGHER),
    "head_senior_exec": head_is("occupation", Occupation.SENIOR_EXECUTIVE),
    "head_middle_exec": head_is("occupation", Occupation.MIDDLE_EXECUTIVE),
    "head_machine_operator": head_is("occupation", Occupation.MACHINE_OPERATOR),
    "head_craftsman": head_is("occupation", Occupation.CRAFTSMAN),
    "head_farmer": head_is("occupation", Occupation.FARMER),
    "head_employer": head_is("employment", Employment.EMPLOYER),
    "head_retired_rentier": head_is("activity", Activity.RETIRED, Activity.RENTIER),
    "has_computer": lambda h: of(h, "computer"),
    "has_satellite": lambda h: of(h, "satellite"),
    "has_landline": lambda h: of(h, "landline"),
    "non_ramed_health_cover": other_cover,
    "has_loan": lambda h: of(h, "loan"),
    "second_home": lambda h: of(h, "second_home"),
    "garage": lambda h: of(h, "garage"),
    "professional_premises": lambda h: of(h, "professional_premises"),
    "non_agri_land": lambda h: of(h, "non_agricultural_land"),
    "irrigated_land": lambda h: of(h, "irrigated_land"),
    "size": people,
    "size_sq": lambda h: people(h) * people(h),
    "head_age": lambda h: the_head(h).age,
    "head_age_sq": lambda h: the_head(h).age ** 2,
    "n_6_14_private": lambda h: pupils(h, Schooling.PRIVATE),
    "n_6_14_public": lambda h: pupils(h, Schooling.PUBLIC),
    "n_19_29": aged(19, 29),
    "n_30_59": aged(30, 59),
    "n_60_plus": aged(60, 999),
    "share15_no_diploma": lambda h: part(h, "diploma", Diploma.NONE),
    "share15_technical_diploma": lambda h: part(h, "diploma", Diploma.TECHNICAL),
    "share15_higher_diploma": lambda h: part(h, "diploma", Diploma.HIGHER),
    "share15_literate": lambda h: part(h, "literate", 1),
    "share15_gainful_activity": lambda h: part(h, "activity", Activity.GAINFUL),
    "share15_machine_operator": lambda h: part(h, "occupation", Occupation.MACHINE_OPERATOR),
    "share15_trade": lambda h: part(h, "occupation", Occupation.TRADE),
    "share_senior_exec": senior_executives,
    "n_mobiles": lambda h: of(h, "mobiles"),
    "n_cars": lambda h: of(h, "cars"),
    "n_motorcycles": lambda h: of(h, "motorcycles"),
    "owns_car": lambda h: int(of(h, "cars") > 0),
    "owns_motorcycle": lambda h: int(of(h, "motorcycles") > 0),
    "n_cows": lambda h: of(h, "cows"),
    "butane_year_pc": butane,
    "water_elec_year_pc": water_and_power,
    "phone_internet_year_pc": phone,
}


def random_household(rng: random.Random) -> HouseholdInputs:
    """Any household whose facts are all known, small or large; children hold no occupation."""
    size = rng.choice((1, 1, 2, 2, 3, 4, 5, 5, 6, 7, 9, 12, 60))
    kinships = [Kinship.HEAD, *(rng.choice(list(Kinship)[1:]) for _ in range(size - 1))]
    rng.shuffle(kinships)
    return HouseholdInputs(
        milieu=rng.choice(list(Milieu)),
        region=rng.randint(1, 12),
        facts={name: _drawn(rng, name) for name in HOUSEHOLD_FACTS},
        members=tuple(_member(rng, kinship) for kinship in kinships),
    )


def _member(rng: random.Random, kinship: Kinship) -> MemberInputs:
    age = rng.choice((rng.randint(0, 130), rng.randint(0, 70), rng.choice((5, 6, 14, 15, 18, 19, 29, 30, 59, 60))))
    facts = {name: _drawn(rng, name) for name in MEMBER_FACTS}
    if age < 15:
        facts["member.occupation"] = Occupation.NONE.value
    return MemberInputs(kinship, age, facts)


def _drawn(rng: random.Random, name: str) -> int:
    kind = FACT_KINDS[name]
    return rng.choice((rng.randint(kind.low, kind.high), kind.low, min(kind.high, kind.low + rng.randint(0, 5))))
