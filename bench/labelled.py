"""Enrolments of which it is known who is who: invented people, some of them a second time with what goes wrong in life.

Who is enrolled a second time comes with one to three mistakes, or with what was not known or not told the first time; others
are new, and among them are those who are hard to tell from somebody: twins, sons named like their fathers, namesakes of one
year, and those who live with people that are registered already. The same seed makes the same set.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from random import Random

from api.demo import names
from api.demo.people import InventedPerson, invent
from core.dates import PartialDate
from identity.blocking import Comparable

TODAY = date(2026, 11, 25)
TWIN, SON, NAMESAKE, HOUSEHOLD, AGAIN = "twin", "son of one name", "namesake of one year", "new", "again"
# Of a hundred new people (one birth in eighty is of twins).
_SHARES = ((TWIN, 1.3), (SON, 1.0), (NAMESAKE, 3.0))
_HELD_BACK = 0.2  # of all invented people, who come as newcomers to households that are registered
_ENTRIES = {
    entry.arabic: entry
    for entries in (names.MALE_EVER, names.MALE_OLD, names.MALE_YOUNG, names.FEMALE_EVER, names.FEMALE_OLD, names.FEMALE_YOUNG)
    for entry in entries
}
_FAMILIES = {entry.arabic: entry for entry in names.FAMILY}
_OF_SEX = {
    "M": (*names.MALE_EVER, *names.MALE_YOUNG),
    "F": (*names.FEMALE_EVER, *names.FEMALE_YOUNG),
}
_LETTERS = "abcdefghijklmnoprstuwyz"
_ARABIC_LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`same`: the place in the population of the person it is; None: nobody's. `near`: whom it is easily taken for."""

    record: Comparable
    kind: str
    same: int | None = None
    near: int | None = None
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labelled:
    population: tuple[Comparable, ...]
    again: tuple[Enrolment, ...]
    new: tuple[Enrolment, ...]


def labelled(persons: int, *, again: int, new: int, seed: int) -> Labelled:
    """A population of about so many, and so many enrolments of each kind."""
    rng = Random(f"labelled {seed}")
    invented = invent(persons, seed=seed, today=TODAY)
    everybody = [member.person for household in invented for member in household.members]
    held = {person.key for person in everybody if rng.random() < _HELD_BACK}
    population = [record_of(person) for person in everybody if person.key not in held]
    newcomers = [record_of(person) for person in everybody if person.key in held]
    rng.shuffle(newcomers)
    once_more = rng.sample(range(len(population)), again)
    return Labelled(
        tuple(population),
        tuple(corrupted(rng, population[place], place) for place in once_more),
        tuple(_new(rng, population, newcomers, new)),
    )


def record_of(person: InventedPerson) -> Comparable:
    return Comparable(
        birth=person.birth_date,
        given_ar=person.given_ar,
        given_latin=person.given_latin,
        family_ar=person.family_ar,
        family_latin=person.family_latin,
        sex=person.sex,
        cnie=person.cnie,
        permit=person.residence_permit,
        telephone=person.telephone,
        father=person.father_name,
        mother=person.mother_name,
        birth_place=person.birth_place,
        residence=person.residence,
    )


def _new(rng: Random, population: Sequence[Comparable], newcomers: Sequence[Comparable], count: int) -> Iterator[Enrolment]:
    made: list[Enrolment] = []
    for kind, share in _SHARES:
        for _ in range(round(count * share / 100)):
            place = rng.randrange(len(population))
            while kind == SON and (population[place].sex != "M" or population[place].birth.year > TODAY.year - 30):
                place = rng.randrange(len(population))
            made.append(Enrolment(_as_told(rng, _MAKERS[kind](rng, population[place])), kind, near=place))
    rest = count - len(made)
    if rest > len(newcomers):
        raise ValueError("there are not that many newcomers: invent more persons")
    return chain(made, (Enrolment(_as_told(rng, record), HOUSEHOLD) for record in newcomers[:rest]))


def _as_told(rng: Random, record: Comparable) -> Comparable:
    """Not everybody who is new has all papers along, either."""
    if rng.random() < 0.15:
        record = replace(record, cnie=None, permit=None)
    if rng.random() < 0.15:
        record = replace(record, telephone=None)
    chance = rng.random()
    if chance < 0.05:
        return replace(record, father=None, mother=None)
    return replace(record, mother=None) if chance < 0.12 else record


def _twin(rng: Random, other: Comparable) -> Comparable:
    sex = rng.choice("MF")
    own = {other.given_latin}
    given = rng.choice([entry for entry in _OF_SEX[sex] if not own & set(entry.latin) and entry.arabic != other.given_ar])
    return replace(
        other,
        sex=sex,
        given_ar=given.arabic,
        given_latin=given.latin[0],
        cnie=_card(rng, other.cnie),
        permit=_card(rng, other.permit),
    )


def _son(rng: Random, father: Comparable) -> Comparable:
    year = min(father.birth.year + rng.randint(20, 45), TODAY.year - 1)
    mother, family = rng.choice(_OF_SEX["F"]), rng.choice(names.FAMILY)
    return replace(
        father,
        birth=PartialDate(year, rng.randint(1, 12), rng.randint(1, 28)),
        cnie=_card(rng, father.cnie),
        permit=_card(rng, father.permit),
        father=f"{father.given_ar} {father.family_ar}",
        mother=f"{mother.arabic} {family.arabic}",
    )


def _namesake(rng: Random, other: Comparable) -> Comparable:
    father, mother, family = rng.choice(_OF_SEX["M"]), rng.choice(_OF_SEX["F"]), rng.choice(names.FAMILY)
    month = rng.randint(1, 12)
    return replace(
        other,
        birth=PartialDate(other.birth.year, month, rng.randint(1, 28)),
        cnie=_card(rng, other.cnie),
        permit=_card(rng, other.permit),
        telephone=None if other.telephone is None else f"+2127{rng.randrange(10**8):08d}",
        father=f"{father.arabic} {other.family_ar}",
        mother=f"{mother.arabic} {family.arabic}",
        residence=other.residence if rng.random() < 0.3 else "06.141",
    )


_MAKERS: Mapping[str, Callable[[Random, Comparable], Comparable]] = {TWIN: _twin, SON: _son, NAMESAKE: _namesake}


def _card(rng: Random, of: str | None) -> str | None:
    return None if of is None else f"Q{rng.choice('ABCDEF')}{rng.randrange(10**6):06d}"


def corrupted(rng: Random, record: Comparable, place: int) -> Enrolment:
    """Who has the card along is found by its number; most who come a second time have not."""
    for change in (_without_numbers, _moved, _parents_otherwise):
        record = change(rng, record)
    count = rng.choices((1, 2, 3), (55, 33, 12))[0]
    mistakes: list[str] = []
    for name in rng.sample(list(_MISTAKES), k=len(_MISTAKES)):
        if len(mistakes) == count:
            break
        if name in _OF_BIRTH and _OF_BIRTH & set(mistakes):
            continue  # a date is wrong in one way
        changed = _MISTAKES[name](rng, record)
        if changed != record:
            mistakes.append(name)
            record = changed
    return Enrolment(record, AGAIN, same=place, near=place, mistakes=tuple(mistakes))


def _without_numbers(rng: Random, record: Comparable) -> Comparable:
    if rng.random() < 0.75:
        record = replace(record, cnie=None, permit=None)
    elif record.cnie is not None and rng.random() < 0.2:
        record = replace(record, cnie=_digit(rng, record.cnie))
    chance = rng.random()
    if chance < 0.3:
        return replace(record, telephone=None)
    return replace(record, telephone=f"+2127{rng.randrange(10**8):08d}") if chance < 0.55 else record


def _moved(rng: Random, record: Comparable) -> Comparable:
    if rng.random() < 0.1:
        record = replace(record, birth_place=None)
    return replace(record, residence="04.421") if rng.random() < 0.25 else record


def _parents_otherwise(rng: Random, record: Comparable) -> Comparable:
    chance = rng.random()
    if chance < 0.08:
        return replace(record, father=None, mother=None)
    if chance < 0.2:
        return replace(record, mother=None)
    if chance < 0.5:
        return replace(record, father=_spelled(rng, record.father), mother=_spelled(rng, record.mother))
    if chance < 0.58:
        return replace(record, mother=None if record.mother is None else record.mother.split()[0])
    return record


def _spelled(rng: Random, whole: str | None) -> str | None:
    """A parent's name in the other script, or in another spelling."""
    if whole is None:
        return None
    for given in _ENTRIES.values():
        for spelling in (given.arabic, *given.latin):
            if whole.startswith(f"{spelling} "):
                rest = whole[len(spelling) + 1 :]
                for family in _FAMILIES.values():
                    if rest in (family.arabic, *family.latin):
                        if rng.random() < 0.5:
                            return f"{given.arabic} {family.arabic}"
                        return f"{rng.choice(given.latin)} {rng.choice(family.latin)}"
    return whole


def _transliterated(rng: Random, record: Comparable) -> Comparable:
    """Only Latin names, spelled in another way than they were."""
    given, family = _ENTRIES.get(record.given_ar or ""), _FAMILIES.get(record.family_ar or "")
    if given is None or family is None:
        return record
    return replace(
        record, given_ar=None, family_ar=None, given_latin=rng.choice(given.latin), family_latin=rng.choice(family.latin)
    )


def _one_script(rng: Random, record: Comparable) -> Comparable:
    if record.given_ar is None or record.given_latin is None:
        return record
    if rng.random() < 0.5:
        return replace(record, given_latin=None, family_latin=None)
    return replace(record, given_ar=None, family_ar=None)


def _names_swapped(_: Random, record: Comparable) -> Comparable:
    return replace(
        record,
        given_ar=record.family_ar,
        family_ar=record.given_ar,
        given_latin=record.family_latin,
        family_latin=record.given_latin,
    )


def _word_dropped(rng: Random, record: Comparable) -> Comparable:
    words = [None if text is None else text.split() for text in (record.given_ar, record.given_latin)]
    if any(its is not None and (len(its) != 2 or its[0] not in ("محمد", "Mohamed", "Mohammed")) for its in words):
        return record
    which = rng.randrange(2)
    arabic, latin = (None if its is None else its[which] for its in words)
    return replace(record, given_ar=arabic, given_latin=latin)


def _given_typo(rng: Random, record: Comparable) -> Comparable:
    return replace(record, given_ar=_typo(rng, record.given_ar), given_latin=_typo(rng, record.given_latin))


def _family_typo(rng: Random, record: Comparable) -> Comparable:
    return replace(record, family_ar=_typo(rng, record.family_ar), family_latin=_typo(rng, record.family_latin))


def _wrong_day(rng: Random, record: Comparable) -> Comparable:
    birth = record.birth
    return record if birth.day is None else replace(record, birth=PartialDate(birth.year, birth.month, rng.randint(1, 28)))


def _wrong_month(rng: Random, record: Comparable) -> Comparable:
    birth = record.birth
    if birth.day is None:
        return record
    return replace(record, birth=PartialDate(birth.year, rng.randint(1, 12), min(birth.day, 28)))


def _day_and_month(_: Random, record: Comparable) -> Comparable:
    birth = record.birth
    if birth.day is None or birth.day > 12:
        return record
    return replace(record, birth=PartialDate(birth.year, birth.day, birth.month))


def _wrong_year(rng: Random, record: Comparable) -> Comparable:
    birth = record.birth
    if birth.day is None or (birth.month, birth.day) == (2, 29):
        return record
    return replace(record, birth=PartialDate(birth.year + rng.choice((-1, 1)), birth.month, birth.day))


def _year_only(_: Random, record: Comparable) -> Comparable:
    return replace(record, birth=PartialDate(record.birth.year))


_MISTAKES: Mapping[str, Callable[[Random, Comparable], Comparable]] = {
    "another spelling": _transliterated,
    "one script": _one_script,
    "names swapped": _names_swapped,
    "a word dropped": _word_dropped,
    "typo in the given name": _given_typo,
    "typo in the family name": _family_typo,
    "wrong day": _wrong_day,
    "wrong month": _wrong_month,
    "day and month swapped": _day_and_month,
    "wrong year": _wrong_year,
    "year only": _year_only,
}
_OF_BIRTH = frozenset({"wrong day", "wrong month", "day and month swapped", "wrong year", "year only"})


def _typo(rng: Random, text: str | None) -> str | None:
    """One letter changed, left out, doubled or swapped with the next."""
    if text is None or len(text) < 4:
        return text
    place = rng.randrange(1, len(text) - 1)
    letter = text[place]
    kind = rng.randrange(4)
    if kind == 0:
        return text[:place] + rng.choice(_LETTERS if letter.isascii() else _ARABIC_LETTERS) + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[:place] + letter + text[place:]
    return text[:place] + text[place + 1] + letter + text[place + 2 :]


def _digit(rng: Random, card: str) -> str:
    place = len(card) - 1 - rng.randrange(4)
    return card[:place] + rng.choice("0123456789") + card[place + 1 :]
