"""What a household may declare: each kind of fact, of whom it is, and which whole numbers it may take.

Every fact is stored as one whole number, so that scoring can be set-based SQL: a flag is 0 or 1, money is centimes of a
dirham a month, a code is the number of its member in the enumeration. The catalogue (`access/catalogue.py`) has a row for
each attribute named here; `text_of` shows a number to people.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from core.errors import Invalid


class Kinship(StrEnum):
    """Kinship to the head of the household."""

    HEAD = "HEAD"
    SPOUSE = "SPOUSE"
    CHILD = "CHILD"
    PARENT = "PARENT"
    SPOUSE_PARENT = "SPOUSE_PARENT"
    SIBLING = "SIBLING"
    GRANDCHILD = "GRANDCHILD"
    OTHER = "OTHER"


class Milieu(StrEnum):
    URBAN = "URBAN"
    RURAL = "RURAL"


class Source(StrEnum):
    """Who said so."""

    DECLARED = "DECLARED"
    WATER_POWER = "WATER_POWER"
    TELECOM = "TELECOM"
    LAND = "LAND"
    VEHICLES = "VEHICLES"
    PAYROLL = "PAYROLL"
    HEALTH_COVER = "HEALTH_COVER"
    SCHOOLS = "SCHOOLS"
    CIVIL_STATUS = "CIVIL_STATUS"
    OFFICER = "OFFICER"


class Dwelling(IntEnum):
    VILLA = 1
    FLAT = 2
    TRADITIONAL_HOUSE = 3
    MODERN_HOUSE = 4
    RURAL_STONE = 5  # dry stone, or stone with mud
    RURAL_EARTH = 6
    ROOM = 7
    SHACK = 8
    OTHER = 9


class Schooling(IntEnum):
    """The school a member attends now."""

    NONE = 0
    PUBLIC = 1
    PRIVATE = 2


class Education(IntEnum):
    """The highest level reached."""

    NONE = 0
    BASIC = 1
    SECONDARY = 2
    HIGHER = 3


class Diploma(IntEnum):
    NONE = 0
    GENERAL = 1
    TECHNICAL = 2
    HIGHER = 3


class Activity(IntEnum):
    GAINFUL = 1
    UNEMPLOYED = 2
    STUDENT = 3
    HOMEMAKER = 4
    RETIRED = 5
    RENTIER = 6
    UNABLE = 7
    OTHER = 8


class Occupation(IntEnum):
    NONE = 0
    SENIOR_EXECUTIVE = 1
    MIDDLE_EXECUTIVE = 2
    CLERK = 3
    TRADE = 4
    FARMER = 5
    CRAFTSMAN = 6
    MACHINE_OPERATOR = 7
    LABOURER = 8
    OTHER = 9


class Employment(IntEnum):
    NONE = 0
    EMPLOYER = 1
    SELF_EMPLOYED = 2
    EMPLOYEE = 3
    FAMILY_HELP = 4


class HealthCover(IntEnum):
    NONE = 0
    AMO_TADAMON = 1  # RAMED before December 2022; not an "other" cover
    OTHER = 2


class Unit(StrEnum):
    FLAG = "FLAG"
    COUNT = "COUNT"
    MONEY = "MONEY"  # centimes of a dirham, a month
    CODE = "CODE"


@dataclass(frozen=True, slots=True)
class FactKind:
    """One thing that may be known of a household, or of each of its members."""

    attribute: str
    unit: Unit
    low: int
    high: int
    codes: type[IntEnum] | None = None

    @property
    def of_member(self) -> bool:
        return self.attribute.startswith("member.")


def _flag(attribute: str) -> FactKind:
    return FactKind(attribute, Unit.FLAG, 0, 1)


def _count(attribute: str, high: int, low: int = 0) -> FactKind:
    return FactKind(attribute, Unit.COUNT, low, high)


def _money(attribute: str) -> FactKind:
    return FactKind(attribute, Unit.MONEY, 0, 10_000_000)


def _code(attribute: str, codes: type[IntEnum]) -> FactKind:
    return FactKind(attribute, Unit.CODE, min(codes), max(codes), codes)


MAX_MEMBERS = 60

FACT_KINDS: dict[str, FactKind] = {
    kind.attribute: kind
    for kind in (
        _code("household.dwelling", Dwelling),
        _count("household.rooms", 50, low=1),
        _count("household.family_nuclei", 20, low=1),
        _flag("household.bath"),
        _flag("household.own_electricity_meter"),
        _flag("household.computer"),
        _flag("household.satellite"),
        _flag("household.landline"),
        _flag("household.loan"),
        _flag("household.second_home"),
        _flag("household.garage"),
        _flag("household.professional_premises"),
        _flag("household.non_agricultural_land"),
        _flag("household.irrigated_land"),
        _count("household.mobiles", 60),
        _count("household.cars", 50),
        _count("household.motorcycles", 50),
        _count("household.cows", 10_000),
        _count("household.butane_large_bottles", 200),  # a month
        _count("household.butane_small_bottles", 200),  # a month
        _money("household.water_bill_1"),
        _money("household.water_bill_2"),
        _money("household.water_bill_3"),
        _money("household.electricity_bill_1"),
        _money("household.electricity_bill_2"),
        _money("household.electricity_bill_3"),
        _money("household.telephone"),
        _money("household.internet"),
        _code("member.schooling", Schooling),
        _code("member.education", Education),
        _code("member.diploma", Diploma),
        _flag("member.literate"),
        _code("member.activity", Activity),
        _code("member.occupation", Occupation),
        _code("member.employment", Employment),
        _code("member.health_cover", HealthCover),
    )
}

HOUSEHOLD_FACTS = tuple(name for name, kind in FACT_KINDS.items() if not kind.of_member)
MEMBER_FACTS = tuple(name for name, kind in FACT_KINDS.items() if kind.of_member)


def text_of(attribute: str, value: int) -> str:
    """A stored number as it is shown: "true", "3", "250.00" (MAD a month) or a code's name."""
    kind = FACT_KINDS[attribute]
    if kind.unit is Unit.FLAG:
        return "true" if value else "false"
    if kind.unit is Unit.MONEY:
        return f"{value // 100}.{value % 100:02d}"
    return kind.codes(value).name if kind.codes else str(value)


def checked(attribute: str, value: int) -> int:
    """The number itself if this kind of fact may take it; Invalid otherwise."""
    kind = FACT_KINDS.get(attribute)
    if kind is None:
        raise Invalid("no such fact")
    if not kind.low <= value <= kind.high or (kind.codes and value not in set(kind.codes)):
        raise Invalid("out of the range of this fact", path=(attribute,))
    return value
