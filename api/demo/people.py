"""Invented people in invented households, as many as are asked for, to try the registers with.

The same seed gives the same people, on any machine. Households come one by one and nothing is kept of those before but a few
counters, so that millions can be made in little memory. Names, cards, telephones and facts are combinations; nobody is meant.
Telephones are in +212 73, 74 and 79, of which no mobile operator had any when this was written; e-mail is at example.org.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate
from random import Random  # noqa: TID251 (seeded by who asks: a demonstration must be repeatable)
from unicodedata import normalize

from api.demo import names
from api.demo.circumstances import Resident, household_facts, member_facts, wealth
from api.demo.names import Name
from api.demo.places import CARD_LETTERS, Place, Territory, address
from api.demo.shapes import MARRIED, Role, Shape, compose
from core.dates import PartialDate
from core.errors import Invalid
from identity.divisions import Division
from registry.facts import Kinship, Milieu

ADULT = 18


@dataclass(frozen=True, slots=True)
class InventedPerson:
    """`key` runs from 0 over a whole invention. Parents and guardian are keys of people of the same household.

    Whose parents live elsewhere has invented ones, the same as brothers and sisters of the household.
    """

    key: int
    given_ar: str
    given_latin: str
    family_ar: str
    family_latin: str
    birth_date: PartialDate
    birth_place: str | None  # a province; None for those born abroad
    sex: str  # "M" or "F"
    marital_status: str  # SINGLE, MARRIED, DIVORCED or WIDOWED
    nationality: str  # ISO 3166-1 alpha-3
    cnie: str | None
    residence_permit: str | None
    residence: str  # a commune if some were given, else a province
    address: str
    telephone: str | None  # E.164
    email: str | None
    mother_key: int | None = None
    father_key: int | None = None
    guardian_key: int | None = None  # of every minor, an adult
    father_name: str | None = None  # as the birth record has it, in either script
    mother_name: str | None = None


@dataclass(frozen=True, slots=True)
class InventedMember:
    """A person's place in a household, and all `member.*` facts."""

    person: InventedPerson
    kinship: Kinship
    facts: dict[str, int]


@dataclass(frozen=True, slots=True)
class InventedHousehold:
    """The head is the first member; the declarant, an adult, may be another. `facts` are all `household.*` ones."""

    key: int
    milieu: Milieu
    region: int
    province: str
    declarant_index: int
    members: tuple[InventedMember, ...]
    facts: dict[str, int]


def invent(persons: int, *, seed: int, today: date, communes: Sequence[Division] = ()) -> Iterator[InventedHousehold]:
    """Households of exactly so many persons in all, none born after `today`.

    With communes, people reside in those; else in a province. Raises Invalid if persons is below 0, if nobody can live in
    the communes given, or when cards or telephones run out (beyond some 40 million persons).
    """
    if persons < 0:
        raise Invalid("at least 0 persons", path=("persons",))
    return _Inventor(seed, today, communes).households(persons)


class _Weighted:
    """Names by falling frequency: the first of each list are the commonest."""

    def __init__(self, *parts: tuple[tuple[Name, ...], float]) -> None:
        self._names = tuple(name for part, _ in parts for name in part)
        weights: list[float] = []
        for part, weight in parts:
            shares = [1.0 / (rank + 6) for rank in range(len(part))]
            weights += [weight * share / sum(shares) for share in shares]
        self._cumulative = tuple(accumulate(weights))

    def draw(self, rng: Random) -> Name:
        return self._names[bisect(self._cumulative, rng.random() * self._cumulative[-1])]


def _by_generation(old: tuple[Name, ...], ever: tuple[Name, ...], young: tuple[Name, ...]) -> tuple[_Weighted, ...]:
    return (
        _Weighted((old, 0.6), (ever, 0.4)),
        _Weighted((old, 0.12), (ever, 0.76), (young, 0.12)),
        _Weighted((ever, 0.4), (young, 0.6)),
    )


_GIVEN = {
    "M": _by_generation(names.MALE_OLD, names.MALE_EVER, names.MALE_YOUNG),
    "F": _by_generation(names.FEMALE_OLD, names.FEMALE_EVER, names.FEMALE_YOUNG),
}
_FAMILY = _Weighted((names.FAMILY, 1.0))
_FOREIGN_GIVEN = {
    "M": {pool: _Weighted((entries, 1.0)) for pool, entries in names.FOREIGN_MALE.items()},
    "F": {pool: _Weighted((entries, 1.0)) for pool, entries in names.FOREIGN_FEMALE.items()},
}
_FOREIGN_FAMILY = {pool: _Weighted((entries, 1.0)) for pool, entries in names.FOREIGN_FAMILY.items()}
_COUNTRIES = (
    ("SEN", "west"), ("CIV", "west"), ("MLI", "west"), ("GIN", "west"), ("SYR", "levant"), ("FRA", "europe"), ("ESP", "europe"),
)  # fmt: skip

_MIDDLE, _YOUNG = 1968, 1995  # years of birth from which the next generation's names are given
_IN_ARABIC = 0.6  # of all birth records
_OLDER = 30  # years, a parent who is not there
_BETWEEN_GENERATIONS = 20  # years at most between brothers and sisters of whom no parent is there

# Chances that only the year of a birth is known, in the countryside; a third of that in towns.
_YEAR_ONLY = (0.0, 0.013, 0.05, 0.14, 0.38)
_YEAR_ONLY_FROM = (3, 18, 40, 58)  # ages at which each next chance begins
_YEAR_MONTH = 0.35  # for each one of whom only the year is known


@dataclass(slots=True)
class _Numbers:
    """Numbers nobody else has: a counter is spread over the whole range by a step that shares no factor with its size."""

    offset: int
    cards: dict[str, int] = field(default_factory=dict)
    telephones: int = 0
    permits: int = 0

    def card(self, province: str) -> str:
        letters = CARD_LETTERS[province]
        count = self.cards.get(province, 0)
        self.cards[province] = count + 1
        number, which = divmod(count, len(letters))
        if number >= 990_000:
            raise Invalid("no national card numbers are left", path=("persons",))
        start = self.offset + int(province.replace(".", "")) * 7_001
        return f"{letters[which]}{10_000 + (number * 607_423 + start) % 990_000}"

    def telephone(self) -> str:
        count = self.telephones
        self.telephones += 1
        if count >= 29_900_000:
            raise Invalid("no telephone numbers are left", path=("persons",))
        # The first 100,000 of +212 73 are left to people who are written down by hand.
        block, number = divmod(100_000 + (count * 17_320_507 + self.offset) % 29_900_000, 10_000_000)
        return f"+2127{'349'[block]}{number:07d}"

    def permit(self) -> str:
        number, letter = divmod(self.permits * 7_919 + self.offset, 23)
        self.permits += 1
        return f"M{number % 1_000_000:06d}{'ABCDEFGHJKLMNPRSTUVWXYZ'[letter]}"


class _Inventor:
    def __init__(self, seed: int, today: date, communes: Sequence[Division]) -> None:
        self._rng = Random(seed)  # noqa: S311 (people are invented, not secrets)
        self._today = today
        self._territory = Territory(communes)
        self._numbers = _Numbers(self._rng.randrange(20_000_000))
        self._elsewhere = Random(f"parents of {seed}")  # noqa: S311 (as above)
        self._people = 0

    def households(self, persons: int) -> Iterator[InventedHousehold]:
        key = 0
        while self._people < persons:
            yield self._household(key, persons - self._people)
            key += 1

    def _household(self, key: int, at_most: int) -> InventedHousehold:
        rng = self._rng
        place = self._territory.draw(rng)
        urban = place.milieu is Milieu.URBAN
        shape = compose(rng, urban=urban)
        while len(shape.roles) > at_most:
            shape = compose(rng, urban=urban)
        country, pool = ("MAR", "")
        if rng.random() < (0.013 if urban else 0.001):
            country, pool = _COUNTRIES[int(rng.random() * len(_COUNTRIES))]
        means = wealth(rng, place.province.region)
        members = self._members(shape, place, means, country, pool)
        facts = household_facts(rng, len(members), shape.nuclei, means, urban=urban)
        adults = [number for number, role in enumerate(shape.roles) if role.age > ADULT]
        declarant = 0 if rng.random() < 0.85 else adults[int(rng.random() * len(adults))]
        return InventedHousehold(key, place.milieu, place.province.region, place.province.code, declarant, members, facts)

    def _members(self, shape: Shape, place: Place, means: float, country: str, pool: str) -> tuple[InventedMember, ...]:
        rng = self._rng
        urban = place.milieu is Milieu.URBAN
        national = not pool
        births = [self._birth(role.age, urban=urban) for role in shape.roles]
        residents = [
            Resident(role.kinship, role.sex, age, role.marital_status == MARRIED)
            for role, (_, age) in zip(shape.roles, births, strict=True)
        ]
        facts = member_facts(rng, residents, means, urban=urban, nationals=national)
        residence = place.residences[int(rng.random() * len(place.residences))]
        home = address(rng, place, residence)
        families: dict[int, tuple[str, str]] = {}
        given_before: list[str] = []
        first = self._people
        self._people += len(shape.roles)
        members = []
        for number, (role, (born, age), own) in enumerate(zip(shape.roles, births, facts, strict=True)):
            family = families.get(role.line)
            if family is None:
                name = (_FOREIGN_FAMILY[pool] if pool else _FAMILY).draw(rng)
                family = families[role.line] = (name.arabic, _spelling(rng, name))
            given = self._given(role.sex, born.year, pool)
            for _ in range(5):
                if given[0] not in given_before:
                    break
                given = self._given(role.sex, born.year, pool)
            given_before.append(given[0])
            key = first + number
            person = InventedPerson(
                key=key,
                given_ar=given[0],
                given_latin=given[1],
                family_ar=family[0],
                family_latin=family[1],
                birth_date=born,
                birth_place=self._birth_place(place, age, national=national),
                sex=role.sex,
                marital_status=role.marital_status,
                nationality=country,
                cnie=self._card(place, role, age, urban=urban) if national else None,
                residence_permit=None if national or age < ADULT else self._numbers.permit(),
                residence=residence.code,
                address=home,
                telephone=self._telephone(age, urban=urban),
                email=self._email(key, given[1], family[1], age, means, urban=urban),
                mother_key=None if role.mother is None else first + role.mother,
                father_key=None if role.father is None else first + role.father,
                guardian_key=None if age >= ADULT else first + _guardian(role),
            )
            members.append(InventedMember(person, role.kinship, own))
        return self._with_parents(shape, members, pool)

    def _with_parents(self, shape: Shape, members: Sequence[InventedMember], pool: str) -> tuple[InventedMember, ...]:
        """Who lives with a parent has that parent's name in the birth record, others a name of somebody who lives elsewhere."""
        arabic = self._elsewhere.random() < _IN_ARABIC
        absent: list[tuple[int, str, int, str]] = []
        found = []
        for role, member in zip(shape.roles, members, strict=True):
            names = [
                self._absent(role, member.person, sex, pool, absent, arabic=arabic)
                if place is None
                else _whole(members[place].person, arabic=arabic)
                for sex, place in (("M", role.father), ("F", role.mother))
            ]
            person = replace(member.person, father_name=names[0], mother_name=names[1])
            found.append(replace(member, person=person))
        return tuple(found)

    def _absent(
        self,
        role: Role,
        person: InventedPerson,
        sex: str,
        pool: str,
        absent: list[tuple[int, str, int, str]],
        *,
        arabic: bool,
    ) -> str:
        """The name of a parent who lives elsewhere; `absent` holds those of the household so far."""
        born = person.birth_date.year
        for line, its, year, known in absent:
            if (line, its) == (role.line, sex) and abs(year - born) < _BETWEEN_GENERATIONS:
                return known
        rng = self._elsewhere
        given = self._name(rng, sex, born - _OLDER, pool)
        family = (_FOREIGN_FAMILY[pool] if pool else _FAMILY).draw(rng)
        if sex == "M":
            family = Name(person.family_ar, (person.family_latin,))
        made = f"{given.arabic} {family.arabic}" if arabic else f"{given.latin[0]} {family.latin[0]}"
        absent.append((role.line, sex, born, made))
        return made

    def _birth(self, age: int, *, urban: bool) -> tuple[PartialDate, int]:
        """A date of birth and the age that follows from it today, which may be a year off where the date is partial."""
        rng = self._rng
        born = date.fromordinal(self._today.toordinal() - int(age * 365.2425) - 1 - int(rng.random() * 363))
        if age == 0 and rng.random() < 0.003:
            born = self._today
        chance = _YEAR_ONLY[bisect(_YEAR_ONLY_FROM, age)] / (3 if urban else 1)
        drawn = rng.random()
        if drawn >= chance * (1 + _YEAR_MONTH):
            return PartialDate(born.year, born.month, born.day), age
        partial = PartialDate(born.year) if drawn < chance else PartialDate(born.year, born.month)
        return partial, partial.age_on(self._today)

    def _given(self, sex: str, born: int, pool: str) -> tuple[str, str]:
        """Arabic and Latin."""
        rng = self._rng
        name = self._name(rng, sex, born, pool)
        if pool:
            return name.arabic, name.latin[0]
        latin = _spelling(rng, name)
        if sex == "M" and born >= _MIDDLE and " " not in latin and latin[:2] != "Mo" and rng.random() < 0.04:
            return f"محمد {name.arabic}", f"Mohamed {latin}"
        return name.arabic, latin

    def _name(self, rng: Random, sex: str, born: int, pool: str) -> Name:
        if pool:
            return _FOREIGN_GIVEN[sex][pool].draw(rng)
        return _GIVEN[sex][0 if born < _MIDDLE else 1 if born < _YOUNG else 2].draw(rng)

    def _birth_place(self, place: Place, age: int, *, national: bool) -> str | None:
        if not national and age >= 10:
            return None
        if age < 10 or self._rng.random() < 0.82:
            return place.province.code
        return self._territory.draw(self._rng).province.code

    def _card(self, place: Place, role: Role, age: int, *, urban: bool) -> str | None:
        if age < 16:
            return None
        chance = 0.35 if age < ADULT else 0.98 if urban else 0.82 if age >= 60 and role.sex == "F" else 0.95
        return self._numbers.card(place.province.code) if self._rng.random() < chance else None

    def _telephone(self, age: int, *, urban: bool) -> str | None:
        chance = 0.0 if age < 14 else 0.5 if age < ADULT else 0.75 if age >= 65 else 0.95
        return self._numbers.telephone() if self._rng.random() < chance * (1.0 if urban else 0.92) else None

    def _email(self, key: int, given: str, family: str, age: int, means: float, *, urban: bool) -> str | None:
        chance = 0.0 if age < ADULT or age >= 70 else (0.32 if urban else 0.09) + 0.1 * means
        if self._rng.random() >= chance:
            return None
        plain = normalize("NFKD", f"{given}.{family}").encode("ascii", "ignore").decode().lower()
        return f"{plain.replace(' ', '').replace(chr(39), '')}{key}@example.org"


def _spelling(rng: Random, name: Name) -> str:
    latin = name.latin
    if len(latin) == 1 or rng.random() < 0.7:
        return latin[0]
    return latin[1 + int(rng.random() * (len(latin) - 1))]


def _whole(person: InventedPerson, *, arabic: bool) -> str:
    return f"{person.given_ar} {person.family_ar}" if arabic else f"{person.given_latin} {person.family_latin}"


def _guardian(role: Role) -> int:
    """Father, else mother, else the head."""
    if role.father is not None:
        return role.father
    return role.mother if role.mother is not None else 0
