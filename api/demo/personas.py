"""The people of the demonstration: each shows one thing, and says which.

They are written down, not drawn: the same ones whatever the seed. Their keys start at FIRST_KEY, their cards at ZZ and their
telephones at +212 73 0000, where `invent` gives none. Where an age matters (a minor, a score) the year of birth is counted back
from today, so that ages, and with them scores, are the same on the day the demonstration is set up, whichever it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from api.demo.people import ADULT, InventedHousehold, InventedMember, InventedPerson
from core.dates import PartialDate
from identity.divisions import region_of
from registry.facts import (
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

FIRST_KEY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Persona:
    """`index` is fixed for good; `person` is the one at stake, a member of `household` if there is one."""

    index: int
    name: str
    person: InventedPerson
    household: InventedHousehold | None
    expect: str
    status: Literal["ACTIVE", "SUSPENDED", "DECEASED"] = "ACTIVE"
    locked: bool = False
    consent: bool = True


@dataclass(frozen=True, slots=True)
class _Civil:
    """Names, each given and family; `born` may leave the year to an age: (age, month, day)."""

    arabic: tuple[str, str]
    latin: tuple[str, str]
    sex: str
    born: PartialDate | tuple[int, int, int]
    marital_status: str = "SINGLE"


@dataclass(frozen=True, slots=True)
class _Place:
    """A member's place in a household; parents are positions in it."""

    civil: _Civil
    kinship: Kinship
    facts: Mapping[str, int]
    father: int | None = None
    mother: int | None = None


def personas(today: date) -> tuple[Persona, ...]:
    """All of them, in the order of their indexes."""
    cast = _Cast(today)
    return (*_on_their_own(cast), *_at_home(cast))


def _on_their_own(cast: "_Cast") -> tuple[Persona, ...]:
    karim = _Civil(("كريم", "بناني"), ("Karim", "Bennani"), "M", PartialDate(1984, 3, 9), "MARRIED")
    fatima_zahra = _Civil(
        ("فاطمة الزهراء", "الإدريسي"), ("Fatima-Zahra", "El Idrissi"), "F", PartialDate(1979, 11, 2), "MARRIED"
    )
    mbarek = _Civil(("امبارك", "أيت حمو"), ("Mbarek", "Aït Hammou"), "M", PartialDate(1951), "WIDOWED")
    bouchaib = _Civil(("بوشعيب", "الدكالي"), ("Bouchaib", "Doukkali"), "M", PartialDate(1942, 6, 20), "MARRIED")
    nawal = _Civil(("نوال", "الزروالي"), ("Nawal", "Zerouali"), "F", PartialDate(1991, 1, 30))
    hicham = _Civil(("هشام", "لحلو"), ("Hicham", "Lahlou"), "M", PartialDate(1988, 8, 17))
    sanae = _Civil(("سناء", "التازي"), ("Sanae", "Tazi"), "F", PartialDate(1995, 4, 25))
    return (
        Persona(0, "match", cast.person(karim, "06.141"), None, "Every claim that is as registered matches."),
        Persona(
            1,
            "many-spellings",
            cast.person(fatima_zahra, "03.231"),
            None,
            "Title, compound name and particle: Mme Fatima Zohra Idrissi and فاطمة الزهراء الادريسي are ways to write this "
            "name, Fatima El Idrissi is another name.",
        ),
        Persona(
            2,
            "year-only",
            cast.person(mbarek, "08.577"),
            None,
            "The birth is known by its year alone: a claim matches at that precision, and the answer says so.",
        ),
        Persona(
            3,
            "deceased",
            cast.person(bouchaib, "06.181"),
            None,
            "Dead: a negative, told apart only if the agreement says so; the number goes to nobody else.",
            status="DECEASED",
        ),
        Persona(
            4,
            "suspended",
            cast.person(nawal, "05.091"),
            None,
            "Suspended: a negative like an unknown number's, told apart only if the agreement says so.",
            status="SUSPENDED",
        ),
        Persona(
            5,
            "locked",
            cast.person(hicham, "04.421"),
            None,
            "Locked by the holder for every purpose: a negative like an unknown number's.",
            locked=True,
        ),
        Persona(
            6,
            "no-consent",
            cast.person(sanae, "07.351"),
            None,
            "Without consent: a negative where the agreement rests on consent, an answer under a legal mandate.",
            consent=False,
        ),
    )


def _at_home(cast: "_Cast") -> tuple[Persona, ...]:
    hayat = _Civil(("حياة", "الغربي"), ("Hayat", "Gharbi"), "F", (38, 2, 14), "DIVORCED")
    ayoub = _Civil(("أيوب", "الشاوي"), ("Ayoub", "Chaoui"), "M", (12, 5, 17))
    mother_and_son = cast.household(
        7,
        Milieu.URBAN,
        "04.281",
        (_Place(hayat, Kinship.HEAD, _LABOURER), _Place(ayoub, Kinship.CHILD, _PUPIL, mother=0)),
        {},
    )
    above_amo = cast.household(8, Milieu.URBAN, "06.141", _AMRANI, {"household.telephone": 60_00})
    below_amo = cast.household(9, Milieu.URBAN, "06.141", _SAIDI, {"household.telephone": 50_00})
    above_asd = cast.household(10, Milieu.RURAL, "01.151", _JEBLI, {"household.telephone": 87_00})
    below_asd = cast.household(11, Milieu.RURAL, "01.151", _BAKKALI, {"household.telephone": 85_00})
    motorist = cast.household(12, Milieu.RURAL, "07.211", _HAHI, {"household.cars": 1})
    guardian = cast.household(13, Milieu.URBAN, "06.141", _ALAMI, {})
    return (
        Persona(
            7,
            "minor",
            mother_and_son.members[1].person,
            mother_and_son,
            "A boy of 12 whose mother is his guardian: consent is hers to give.",
        ),
        Persona(
            8,
            "just-above-amo-tadamon",
            above_amo.members[0].person,
            above_amo,
            "Score 9.3299744, above 9.3264284: direct social aid, but no AMO-Tadamon.",
        ),
        Persona(
            9,
            "just-below-amo-tadamon",
            below_amo.members[0].person,
            below_amo,
            "Score 9.3227264, under 9.3264284: AMO-Tadamon and direct social aid, for ten dirhams less of telephone.",
        ),
        Persona(
            10,
            "just-above-asd",
            above_asd.members[0].person,
            above_asd,
            "Score 9.74515, above 9.743001: no programme.",
        ),
        Persona(
            11,
            "just-below-asd",
            below_asd.members[0].person,
            below_asd,
            "Score 9.73999, under 9.743001: direct social aid, for two dirhams less of telephone.",
        ),
        Persona(
            12,
            "incomplete-score",
            motorist.members[0].person,
            motorist,
            "A car in the countryside has no published weight: the score is provisional and decides nothing.",
        ),
        Persona(
            13,
            "guardian",
            guardian.members[0].person,
            guardian,
            "Signs in for herself, and sees to the affairs of her two wards, of 15 and 9.",
        ),
    )


class _Cast:
    """Numbers persons in the order they are made."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._made = 0

    def person(
        self,
        civil: _Civil,
        province: str,
        milieu: Milieu = Milieu.URBAN,
        *,
        father: int | None = None,
        mother: int | None = None,
        parents: tuple[str | None, str | None] = (None, None),
    ) -> InventedPerson:
        number = self._made
        self._made += 1
        born = civil.born if isinstance(civil.born, PartialDate) else _born(self._today, *civil.born)
        adult = born.age_on(self._today) >= ADULT
        return InventedPerson(
            key=FIRST_KEY + number,
            given_ar=civil.arabic[0],
            given_latin=civil.latin[0],
            family_ar=civil.arabic[1],
            family_latin=civil.latin[1],
            birth_date=born,
            birth_place=province,
            sex=civil.sex,
            marital_status=civil.marital_status,
            nationality="MAR",
            cnie=f"ZZ{100_000 + number}" if adult else None,
            residence_permit=None,
            residence=province,
            address="1, Rue de l'Exemple" if milieu is Milieu.URBAN else "Douar Exemple",
            telephone=f"+21273{number:07d}" if adult else None,
            email=f"persona{number}@example.org" if adult else None,
            mother_key=mother,
            father_key=father,
            guardian_key=None if adult else mother if father is None else father,
            father_name=parents[0],
            mother_name=parents[1],
        )

    def household(
        self, index: int, milieu: Milieu, province: str, places: Sequence[_Place], facts: Mapping[str, int]
    ) -> InventedHousehold:
        """The head declares; `facts` are those that differ from a plain home's."""
        first = FIRST_KEY + self._made
        members = []
        for place in places:
            father, mother = (None if at is None else first + at for at in (place.father, place.mother))
            names = [None if at is None else " ".join(places[at].civil.arabic) for at in (place.father, place.mother)]
            person = self.person(place.civil, province, milieu, father=father, mother=mother, parents=(names[0], names[1]))
            members.append(InventedMember(person, place.kinship, dict(place.facts)))
        home = _HOMES[milieu] | dict(facts)
        return InventedHousehold(FIRST_KEY + index, milieu, region_of(province), province, 0, tuple(members), home)


def _born(today: date, age: int, month: int, day: int) -> PartialDate:
    """The birth on such a day of somebody who is of that age today."""
    return PartialDate(today.year - age - ((today.month, today.day) < (month, day)), month, day)


def _facts(
    education: Education,
    activity: Activity,
    occupation: Occupation = Occupation.NONE,
    employment: Employment = Employment.NONE,
    schooling: Schooling = Schooling.NONE,
) -> dict[str, int]:
    """Nobody here has a diploma or a health cover; who has been to school can read."""
    return {
        "member.schooling": int(schooling),
        "member.education": int(education),
        "member.diploma": int(Diploma.NONE),
        "member.literate": int(education > Education.NONE),
        "member.activity": int(activity),
        "member.occupation": int(occupation),
        "member.employment": int(employment),
        "member.health_cover": int(HealthCover.NONE),
    }


_INFANT = _facts(Education.NONE, Activity.OTHER)
_PUPIL = _facts(Education.BASIC, Activity.STUDENT, schooling=Schooling.PUBLIC)
_HOMEMAKER = _facts(Education.NONE, Activity.HOMEMAKER)
_LABOURER = _facts(Education.BASIC, Activity.GAINFUL, Occupation.LABOURER, Employment.EMPLOYEE)
_CRAFTSMAN = _facts(Education.BASIC, Activity.GAINFUL, Occupation.CRAFTSMAN, Employment.SELF_EMPLOYED)

_PLAIN_HOME: dict[str, int] = {
    "household.rooms": 2,
    "household.family_nuclei": 1,
    "household.own_electricity_meter": 1,
    "household.computer": 0,
    "household.satellite": 0,
    "household.landline": 0,
    "household.loan": 0,
    "household.second_home": 0,
    "household.garage": 0,
    "household.professional_premises": 0,
    "household.non_agricultural_land": 0,
    "household.irrigated_land": 0,
    "household.mobiles": 2,
    "household.cars": 0,
    "household.motorcycles": 0,
    "household.cows": 0,
    "household.butane_large_bottles": 1,
    "household.butane_small_bottles": 0,
    "household.water_bill_1": 80_00,
    "household.water_bill_2": 80_00,
    "household.water_bill_3": 80_00,
    "household.electricity_bill_1": 170_00,
    "household.electricity_bill_2": 170_00,
    "household.electricity_bill_3": 170_00,
    "household.telephone": 60_00,
    "household.internet": 0,
}
_HOMES: dict[Milieu, dict[str, int]] = {
    Milieu.URBAN: _PLAIN_HOME | {"household.dwelling": int(Dwelling.MODERN_HOUSE), "household.bath": 1},
    Milieu.RURAL: _PLAIN_HOME
    | {
        "household.dwelling": int(Dwelling.RURAL_STONE),
        "household.bath": 0,
        "household.irrigated_land": 1,
        "household.motorcycles": 1,
        "household.water_bill_1": 40_00,
        "household.water_bill_2": 35_00,
        "household.water_bill_3": 45_00,
        "household.electricity_bill_1": 110_00,
        "household.electricity_bill_2": 100_00,
        "household.electricity_bill_3": 120_00,
    },
}


def _couple_and_children(
    head: _Civil, spouse: _Civil, *children: tuple[_Civil, dict[str, int]], work: dict[str, int]
) -> tuple[_Place, ...]:
    return (
        _Place(head, Kinship.HEAD, work),
        _Place(spouse, Kinship.SPOUSE, _HOMEMAKER),
        *(_Place(child, Kinship.CHILD, facts, father=0, mother=1) for child, facts in children),
    )


# Both urban families have a head of 42, two pupils of 6 to 14 and an infant; both rural ones a head of 44 and two pupils.
_AMRANI = _couple_and_children(
    _Civil(("عبد الرحيم", "العمراني"), ("Abderrahim", "El Amrani"), "M", (42, 3, 3), "MARRIED"),
    _Civil(("سعاد", "الحداد"), ("Souad", "El Haddad"), "F", (37, 4, 12), "MARRIED"),
    (_Civil(("ريان", "العمراني"), ("Rayan", "El Amrani"), "M", (11, 2, 8)), _PUPIL),
    (_Civil(("هبة", "العمراني"), ("Hiba", "El Amrani"), "F", (8, 6, 21)), _PUPIL),
    (_Civil(("آدم", "العمراني"), ("Adam", "El Amrani"), "M", (3, 1, 5)), _INFANT),
    work=_LABOURER,
)
_SAIDI = _couple_and_children(
    _Civil(("رشيد", "السعيدي"), ("Rachid", "Saidi"), "M", (42, 5, 9), "MARRIED"),
    _Civil(("مليكة", "النجار"), ("Malika", "Najjar"), "F", (39, 7, 1), "MARRIED"),
    (_Civil(("مروة", "السعيدي"), ("Marwa", "Saidi"), "F", (12, 2, 27)), _PUPIL),
    (_Civil(("بلال", "السعيدي"), ("Bilal", "Saidi"), "M", (9, 3, 30)), _PUPIL),
    (_Civil(("لينا", "السعيدي"), ("Lina", "Saidi"), "F", (2, 6, 6)), _INFANT),
    work=_LABOURER,
)
_JEBLI = _couple_and_children(
    _Civil(("عبد السلام", "الجبلي"), ("Abdeslam", "Jebli"), "M", (44, 4, 4), "MARRIED"),
    _Civil(("رحمة", "الريفي"), ("Rahma", "Rifi"), "F", (40, 2, 19), "MARRIED"),
    (_Civil(("يونس", "الجبلي"), ("Younes", "Jebli"), "M", (12, 5, 23)), _PUPIL),
    (_Civil(("سلمى", "الجبلي"), ("Salma", "Jebli"), "F", (9, 3, 11)), _PUPIL),
    work=_CRAFTSMAN,
)
_BAKKALI = _couple_and_children(
    _Civil(("محمد", "البقالي"), ("Mohamed", "Bakkali"), "M", (44, 6, 2), "MARRIED"),
    _Civil(("السعدية", "الصالحي"), ("Saadia", "Salhi"), "F", (41, 1, 28), "MARRIED"),
    (_Civil(("إيمان", "البقالي"), ("Imane", "Bakkali"), "F", (13, 4, 18)), _PUPIL),
    (_Civil(("حمزة", "البقالي"), ("Hamza", "Bakkali"), "M", (8, 2, 2)), _PUPIL),
    work=_CRAFTSMAN,
)
_HAHI = _couple_and_children(
    _Civil(("لحسن", "أيت لحسن"), ("Lahcen", "Aït Lahcen"), "M", (51, 3, 16), "MARRIED"),
    _Civil(("فاضمة", "أوشن"), ("Fadma", "Ouchen"), "F", (46, 5, 5), "MARRIED"),
    (_Civil(("عمر", "أيت لحسن"), ("Omar", "Aït Lahcen"), "M", (13, 1, 22)), _PUPIL),
    work=_CRAFTSMAN,
)
_ALAMI = (
    _Place(_Civil(("زينب", "العلمي"), ("Zineb", "Alami"), "F", (43, 3, 30), "WIDOWED"), Kinship.HEAD, _LABOURER),
    _Place(_Civil(("ليلى", "البركاني"), ("Leila", "Berkani"), "F", (15, 5, 2)), Kinship.CHILD, _PUPIL, mother=0),
    _Place(_Civil(("سامي", "البركاني"), ("Sami", "Berkani"), "M", (9, 4, 9)), Kinship.CHILD, _PUPIL, mother=0),
)
