"""What an invented household declares: schooling and work of its members, dwelling, bills and goods.

One number per household drives it all, its *wealth*: normally distributed around a mean of its region. Whoever has more of it
is more often educated, insured and in a better occupation, and pays higher bills; so the parts of a score go together as they
do in life, and scores spread in a smooth bell around the thresholds.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from random import Random  # noqa: TID251 (seeded by who asks: a demonstration must be repeatable)

from registry.facts import (
    Activity,
    Diploma,
    Dwelling,
    Education,
    Employment,
    HealthCover,
    Kinship,
    Occupation,
    Schooling,
)

_PLANS = (99_00, 200_00, 249_00, 300_00, 400_00)  # of internet access, centimes a month
_REGIONAL_WEALTH = {
    1: -0.45, 2: -0.55, 3: -0.55, 4: -0.3, 5: -0.65, 6: -0.3, 7: -0.55, 8: -0.65, 9: -0.45, 10: -0.45, 11: -0.35, 12: -0.3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resident:
    """What the facts of a member hang on; `age` in completed years as ages are counted."""

    kinship: Kinship
    sex: str
    age: int
    married: bool


class _Codes:
    """Draws a code; weights in percent."""

    def __init__(self, **percent: float) -> None:
        self.names = tuple(percent)
        self.cumulative = tuple(accumulate(percent.values()))

    def draw(self, rng: Random) -> str:
        return self.names[bisect(self.cumulative, rng.random() * self.cumulative[-1])]


# By education from none to higher.
_URBAN_WORK = (
    _Codes(TRADE=20, CRAFTSMAN=25, LABOURER=45, MACHINE_OPERATOR=5, OTHER=5),
    _Codes(CLERK=6, TRADE=22, CRAFTSMAN=24, MACHINE_OPERATOR=14, LABOURER=29, OTHER=5),
    _Codes(MIDDLE_EXECUTIVE=11, CLERK=26, TRADE=23, CRAFTSMAN=14, MACHINE_OPERATOR=15, LABOURER=11),
    _Codes(SENIOR_EXECUTIVE=23, MIDDLE_EXECUTIVE=44, CLERK=20, TRADE=9, OTHER=4),
)
_RURAL_WORK = (
    _Codes(FARMER=46, LABOURER=40, TRADE=5, CRAFTSMAN=5, OTHER=4),
    _Codes(FARMER=37, LABOURER=30, TRADE=11, CRAFTSMAN=12, MACHINE_OPERATOR=7, CLERK=3),
    _Codes(FARMER=24, TRADE=20, CLERK=16, CRAFTSMAN=15, MACHINE_OPERATOR=14, LABOURER=11),
    _Codes(SENIOR_EXECUTIVE=10, MIDDLE_EXECUTIVE=40, CLERK=20, TRADE=15, FARMER=15),
)
_SALARIED = _Codes(EMPLOYEE=93, SELF_EMPLOYED=5, EMPLOYER=2)
_HANDS = _Codes(EMPLOYEE=88, SELF_EMPLOYED=12)
_STATUS = {
    "SENIOR_EXECUTIVE": _Codes(EMPLOYEE=84, EMPLOYER=16),
    "MIDDLE_EXECUTIVE": _SALARIED,
    "CLERK": _SALARIED,
    "TRADE": _Codes(SELF_EMPLOYED=64, EMPLOYEE=27, EMPLOYER=9),
    "FARMER": _Codes(SELF_EMPLOYED=92, EMPLOYER=8),
    "CRAFTSMAN": _Codes(SELF_EMPLOYED=50, EMPLOYEE=44, EMPLOYER=6),
    "MACHINE_OPERATOR": _HANDS,
    "LABOURER": _HANDS,
    "OTHER": _HANDS,
}
_INSURED_OCCUPATIONS = {"SENIOR_EXECUTIVE": 0.97, "MIDDLE_EXECUTIVE": 0.95, "CLERK": 0.85, "MACHINE_OPERATOR": 0.5}

_URBAN_POOR_HOMES = _Codes(MODERN_HOUSE=62, TRADITIONAL_HOUSE=12, ROOM=12, SHACK=10, FLAT=4)
_URBAN_HOMES = _Codes(MODERN_HOUSE=62, FLAT=28, TRADITIONAL_HOUSE=9, ROOM=1)
_URBAN_RICH_HOMES = _Codes(FLAT=56, VILLA=16, MODERN_HOUSE=26, TRADITIONAL_HOUSE=2)
_RURAL_POOR_HOMES = _Codes(RURAL_EARTH=52, RURAL_STONE=20, TRADITIONAL_HOUSE=12, ROOM=6, SHACK=6, OTHER=4)
_RURAL_HOMES = _Codes(RURAL_EARTH=28, RURAL_STONE=30, TRADITIONAL_HOUSE=20, MODERN_HOUSE=22)
_RURAL_RICH_HOMES = _Codes(MODERN_HOUSE=45, TRADITIONAL_HOUSE=25, RURAL_STONE=18, VILLA=8, RURAL_EARTH=4)


def wealth(rng: Random, region: int) -> float:
    return rng.gauss(_REGIONAL_WEALTH[region], 1.25)


def member_facts(
    rng: Random, residents: Sequence[Resident], wealth: float, *, urban: bool, nationals: bool = True
) -> list[dict[str, int]]:
    """All `member.*` facts of each resident, in their order. Foreigners are never in the State's free cover."""
    facts = [_working_life(rng, resident, wealth, urban=urban) for resident in residents]
    insured = [_insures(rng, one) for one in facts]
    family_insured = any(own for own, resident in zip(insured, residents, strict=True) if _provides(resident))
    free = nationals and rng.random() < _chance(0.9 - 1.3 * wealth)
    uninsured = int(HealthCover.AMO_TADAMON if free else HealthCover.NONE)
    for one, own, resident in zip(facts, insured, residents, strict=True):
        covered = own or (family_insured and (_provides(resident) or (resident.kinship == "CHILD" and resident.age < 21)))
        one["member.health_cover"] = int(HealthCover.OTHER) if covered else uninsured
    return facts


def household_facts(rng: Random, members: int, nuclei: int, wealth: float, *, urban: bool) -> dict[str, int]:
    """All `household.*` facts; money in centimes a month."""
    facts = _urban_dwelling(rng, members, wealth) if urban else _rural_dwelling(rng, members, wealth)
    facts["household.family_nuclei"] = nuclei
    facts |= _bills(rng, members, wealth, urban=urban, own_meter=facts["household.own_electricity_meter"] == 1)
    return facts


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + exp(-logit))


def _provides(resident: Resident) -> bool:
    return resident.kinship in ("HEAD", "SPOUSE")


def _insures(rng: Random, facts: dict[str, int]) -> bool:
    if facts["member.activity"] == Activity.RETIRED:
        return True
    if facts["member.employment"] != Employment.EMPLOYEE:
        return False
    return rng.random() < _INSURED_OCCUPATIONS.get(Occupation(facts["member.occupation"]).name, 0.12)


def _working_life(rng: Random, resident: Resident, wealth: float, *, urban: bool) -> dict[str, int]:
    """The facts of one member but the health cover, which hangs on the whole family."""
    age = resident.age
    schooling = _schooling(rng, resident, wealth, urban=urban)
    occupation = "NONE"
    employment = "NONE"
    diploma = Diploma.NONE
    if age < 15:
        education = Education.BASIC if schooling and age >= 6 else Education.NONE
        literate = education > 0 and age >= 8
        activity = Activity.STUDENT if schooling else Activity.OTHER
    else:
        education = _education(rng, resident, wealth, bool(schooling), urban=urban)
        literate = education > 0 or rng.random() < (0.25 if urban else 0.15)
        diploma = _diploma(rng, education)
        if schooling:
            activity = Activity.STUDENT
        elif age < 62:
            activity = _activity(rng, resident, education, urban=urban)
        else:
            activity = _late_activity(rng, resident, education, wealth, urban=urban)
        if activity is Activity.GAINFUL:
            occupation = (_URBAN_WORK if urban else _RURAL_WORK)[education].draw(rng)
            employment = _STATUS[occupation].draw(rng)
            if occupation == "FARMER" and resident.kinship != "HEAD" and rng.random() < 0.7:
                employment = "FAMILY_HELP"
    return {
        "member.schooling": schooling,
        "member.education": int(education),
        "member.diploma": int(diploma),
        "member.literate": int(literate),
        "member.activity": int(activity),
        "member.occupation": int(Occupation[occupation]),
        "member.employment": int(Employment[employment]),
        "member.health_cover": int(HealthCover.NONE),
    }


def _schooling(rng: Random, resident: Resident, wealth: float, *, urban: bool) -> int:
    age = resident.age
    if not 4 <= age <= 25 or resident.married:
        return int(Schooling.NONE)
    if age < 6:
        attends = 0.65 if urban else 0.4
    elif age < 12:
        attends = 0.985 if urban else 0.96
    elif age < 15:
        attends = 0.95 if urban else 0.84
    elif age < 18:
        attends = _chance((1.5 if urban else 0.1) + 0.5 * wealth)
    else:
        attends = _chance((1.9 if urban else 0.9) - 0.35 * (age - 16) + 0.7 * wealth)
    if rng.random() >= attends:
        return int(Schooling.NONE)
    private = _chance(-2.2 + 1.2 * wealth) if urban else 0.015
    return int(Schooling.PRIVATE if rng.random() < private else Schooling.PUBLIC)


def _education(rng: Random, resident: Resident, wealth: float, at_school: bool, *, urban: bool) -> Education:
    """Of those aged 15 and more."""
    age = resident.age
    if at_school:
        return Education.HIGHER if age >= 20 else Education.SECONDARY if age >= 16 else Education.BASIC
    level = 0.75 * wealth + rng.gauss(0.0, 0.75) + (0.45 if urban else -0.45) + (36 - age) * 0.024
    if resident.sex == "F":
        level -= 0.55 if age >= 40 else 0.1 if urban else 0.3
    if level < -0.75:
        return Education.NONE
    if level < 0.75 or age < 17:
        return Education.BASIC
    return Education.SECONDARY if level < 1.55 or age < 21 else Education.HIGHER


def _diploma(rng: Random, education: Education) -> Diploma:
    chance = rng.random()
    if education is Education.HIGHER:
        return Diploma.HIGHER if chance < 0.82 else Diploma.GENERAL
    if education is Education.SECONDARY:
        return Diploma.GENERAL if chance < 0.5 else Diploma.TECHNICAL if chance < 0.74 else Diploma.NONE
    if education is Education.BASIC:
        return Diploma.GENERAL if chance < 0.36 else Diploma.TECHNICAL if chance < 0.43 else Diploma.NONE
    return Diploma.NONE


def _late_activity(rng: Random, resident: Resident, education: Education, wealth: float, *, urban: bool) -> Activity:
    """Of those aged 62 and more."""
    woman = resident.sex == "F"
    pension = _chance((-0.6 if urban else -2.2) + 0.7 * education + 0.8 * wealth - (1.6 if woman else 0.0))
    if rng.random() < pension:
        return Activity.RETIRED
    chance = rng.random()
    if chance < 0.05:
        return Activity.RENTIER
    if woman:
        return Activity.HOMEMAKER if resident.age < 78 and chance < 0.75 else Activity.UNABLE
    works = max(0.0, 0.75 - 0.05 * (resident.age - 62)) + (0.0 if urban else 0.2)
    return Activity.GAINFUL if chance < works else Activity.UNABLE


def _activity(rng: Random, resident: Resident, education: Education, *, urban: bool) -> Activity:
    """Of those aged 15 to 61 who go to no school."""
    age = resident.age
    chance = rng.random()
    if resident.sex == "M":
        works = 0.55 if age < 20 else 0.74 if age < 27 else 0.9
        if resident.kinship == "HEAD":
            works = 0.93
        return Activity.GAINFUL if chance < works else Activity.UNEMPLOYED if chance < 0.97 else Activity.UNABLE
    works = (0.12, 0.17, 0.26, 0.55)[education] + (0.0 if urban else 0.02) + (0.25 if resident.kinship == "HEAD" else 0.0)
    if chance < works:
        return Activity.GAINFUL
    return Activity.UNEMPLOYED if not resident.married and chance < works + 0.22 else Activity.HOMEMAKER


def _urban_dwelling(rng: Random, members: int, wealth: float) -> dict[str, int]:
    random = rng.random
    homes = _URBAN_POOR_HOMES if wealth < -0.7 else _URBAN_HOMES if wealth < 0.9 else _URBAN_RICH_HOMES
    return {
        "household.dwelling": int(Dwelling[homes.draw(rng)]),
        "household.rooms": max(1, round(1.7 + 0.17 * members + 0.65 * wealth + rng.gauss(0.0, 0.7))),
        "household.family_nuclei": 1,
        "household.bath": int(random() < _chance(0.4 + 1.6 * wealth)),
        "household.own_electricity_meter": int(random() < _chance(2.3 + 1.1 * wealth)),
        "household.computer": int(random() < _chance(-1.0 + 1.5 * wealth)),
        "household.satellite": int(random() < _chance(1.4 + 1.2 * wealth)),
        "household.landline": int(random() < _chance(-1.8 + 1.3 * wealth)),
        "household.loan": int(random() < _chance(-1.9 + 0.8 * wealth)),
        "household.second_home": int(random() < _chance(-4.4 + 1.4 * wealth)),
        "household.garage": int(random() < _chance(-3.0 + 1.3 * wealth)),
        "household.professional_premises": int(random() < _chance(-3.2 + 0.9 * wealth)),
        "household.non_agricultural_land": int(random() < _chance(-3.3 + 0.9 * wealth)),
        "household.irrigated_land": int(random() < 0.01),
        "household.mobiles": max(0, min(members + 2, round(0.35 + 0.44 * members + 0.7 * wealth + rng.gauss(0.0, 0.7)))),
        "household.cars": int(random() < _chance(-1.4 + 1.5 * wealth)) + int(random() < _chance(-5.2 + 1.7 * wealth)),
        "household.motorcycles": int(random() < 0.13),
        "household.cows": 0,
    }


def _rural_dwelling(rng: Random, members: int, wealth: float) -> dict[str, int]:
    random = rng.random
    homes = _RURAL_POOR_HOMES if wealth < -0.4 else _RURAL_HOMES if wealth < 1.1 else _RURAL_RICH_HOMES
    land = random() < _chance(-1.6 + 0.9 * wealth)
    return {
        "household.dwelling": int(Dwelling[homes.draw(rng)]),
        "household.rooms": max(1, round(1.4 + 0.22 * members + 0.5 * wealth + rng.gauss(0.0, 0.7))),
        "household.family_nuclei": 1,
        "household.bath": int(random() < _chance(-1.0 + 1.2 * wealth)),
        "household.own_electricity_meter": int(random() < _chance(2.0 + 0.8 * wealth)),
        "household.computer": int(random() < _chance(-3.2 + 1.2 * wealth)),
        "household.satellite": int(random() < _chance(1.3 + 0.8 * wealth)),
        "household.landline": int(random() < 0.02),
        "household.loan": int(random() < _chance(-3.0 + 0.7 * wealth)),
        "household.second_home": int(random() < _chance(-4.6 + 1.2 * wealth)),
        "household.garage": int(random() < _chance(-3.6 + 1.1 * wealth)),
        "household.professional_premises": int(random() < _chance(-3.8 + 0.9 * wealth)),
        "household.non_agricultural_land": int(random() < _chance(-3.0 + 1.0 * wealth)),
        "household.irrigated_land": int(land),
        "household.mobiles": max(0, min(members + 1, round(0.4 + 0.42 * members + 0.4 * wealth + rng.gauss(0.0, 0.7)))),
        "household.cars": int(random() < _chance(-2.3 + 1.2 * wealth)),
        "household.motorcycles": int(random() < _chance(-1.4 + 0.4 * wealth)),
        "household.cows": int(random() * (5.0 + 2.5 * max(0.0, wealth))) if random() < (0.6 if land else 0.3) else 0,
    }


def _bills(rng: Random, members: int, wealth: float, *, urban: bool, own_meter: bool) -> dict[str, int]:
    """Water and power grow with the household's size, less than in proportion; telephone and internet with its wealth."""
    random = rng.random
    crowd = (members / 4) ** 0.65
    power = exp((4.85 if urban else 4.4) + 0.5 * wealth + rng.gauss(0.0, 0.25)) * crowd * (1.0 if own_meter else 0.7)
    on_mains = urban or random() < _chance(-0.2 + 0.4 * wealth)
    water = exp((4.15 if urban else 3.6) + 0.3 * wealth + rng.gauss(0.0, 0.25)) * crowd if on_mains else 0.0
    telephone = exp((4.0 if urban else 3.6) + 0.62 * wealth + rng.gauss(0.0, 0.4)) * (members / 4) ** 0.85
    online = random() < _chance((-0.8 if urban else -3.2) + 1.4 * wealth - (1.0 if members < 2 else 0.0))
    bottles = (0.0 if urban else 0.1) + (0.26 if urban else 0.22) * members + 0.3 * wealth + rng.gauss(0.0, 0.4)
    return {
        "household.butane_large_bottles": max(0, min(200, round(bottles))),
        "household.butane_small_bottles": int(random() * (1.7 if urban else 2.4)),
        "household.water_bill_1": int(water * (85 + 30 * random())),
        "household.water_bill_2": int(water * (85 + 30 * random())),
        "household.water_bill_3": int(water * (85 + 30 * random())),
        "household.electricity_bill_1": int(power * (85 + 30 * random())),
        "household.electricity_bill_2": int(power * (85 + 30 * random())),
        "household.electricity_bill_3": int(power * (85 + 30 * random())),
        "household.telephone": min((250_00 if urban else 90_00) * members, int(telephone * 10) * 10) if random() > 0.02 else 0,
        "household.internet": _PLANS[min(4 if urban else 1, max(0, int(2 + wealth)))] if online else 0,
    }
