"""Blocking keys: coarse keyed hashes that two records share which may be of one person.

Comparing each newcomer with everybody is out of the question; comparing with those who share a key is not. Each key leaves
something out, so that what was mistaken in one of them is of no matter in another:

    NAMES     a word of each name, the year of birth: whatever day or month is wrong or unknown, or word is left out
    ONE       a word of either name and the whole date of birth: whatever happened to the other name
    DAY       a word of each name, the day and the month: whatever year is wrong
    NUMBER    the national card, or the residence permit
    CALL      the telephone, by itself and with a word of the family name
    PARENTS   both parents; each of them, a word of the given name, the year of birth
    GUARDIAN  a legal representative and the year of birth

Names go in by their sound (`identity.names.sound_key`), so that both scripts and all transliterations of a name agree, and
without their place, so that given and family name may have been swapped; so may day and month. A shared key proves nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from uuid import UUID

from core.dates import PartialDate
from core.keys import KeyRing
from identity.names import sound_key

SCHEME = 1
"""The way keys are made: another one makes other hashes, and the register has to be indexed anew."""
HASH_BYTES = 8
_MAX_WORDS = 4  # of a name in one script that make keys
_BOTH = 2

# What is compared -> the sealed part that holds it.
PARTS: Mapping[str, str] = {
    "given_ar": "person.given_name:ar",
    "given_latin": "person.given_name:latin",
    "family_ar": "person.family_name:ar",
    "family_latin": "person.family_name:latin",
    "sex": "person.sex",
    "cnie": "person.cnie",
    "permit": "person.residence_permit",
    "telephone": "person.telephone",
    "father": "person.father_name",
    "mother": "person.mother_name",
    "birth_place": "person.birth_place",
    "residence": "person.residence",
}


@dataclass(frozen=True, slots=True)
class Comparable:
    """What two records are compared by. Numbers are in their normal form; names as they are written, in each script.

    `father`, `mother`: whole names in either script, as the birth record has them. `guardians`: ids of the registered people
    who represent this one.
    """

    birth: PartialDate
    given_ar: str | None = field(default=None, repr=False)
    given_latin: str | None = field(default=None, repr=False)
    family_ar: str | None = field(default=None, repr=False)
    family_latin: str | None = field(default=None, repr=False)
    sex: str | None = None
    cnie: str | None = field(default=None, repr=False)
    permit: str | None = field(default=None, repr=False)
    telephone: str | None = field(default=None, repr=False)
    father: str | None = field(default=None, repr=False)
    mother: str | None = field(default=None, repr=False)
    birth_place: str | None = None
    residence: str | None = None
    guardians: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, values: Mapping[str, str | None], guardians: Collection[UUID] = ()) -> "Comparable":
        """Somebody's, from the text of the sealed parts of a record, by their names ("person.given_name:ar")."""
        parts = {name: values[part] for name, part in PARTS.items()}
        return cls(PartialDate.parse(values["person.birth_date"] or ""), guardians=frozenset(guardians), **parts)


def blocking_hashes(keys: KeyRing, record: Comparable) -> frozenset[bytes]:
    """The keys of a record, each of 8 bytes, under the newest index key."""
    return frozenset(keys.index(f"BLOCK{SCHEME}", text)[:HASH_BYTES] for text in _keys(record))


def _keys(record: Comparable) -> Iterator[str]:
    year = f"{record.birth.year:04d}"
    givens = _words(record.given_ar, record.given_latin)
    families = _words(record.family_ar, record.family_latin)
    yield from _of_names(givens, families, year, _day(record.birth))
    yield from (_key("NUMBER", number) for number in (record.cnie, record.permit) if number is not None)
    if record.telephone is not None:
        yield _key("CALL", record.telephone)
        yield from (_key("CALL", record.telephone, family) for family in families)
    parents = ["".join(sound_key(parent)) for parent in (record.father, record.mother) if parent is not None]
    if len(parents) == _BOTH:
        yield _key("PARENTS", *parents)
    yield from (_key("PARENTS", "", parent, given, year) for parent in parents for given in givens)
    yield from (_key("GUARDIAN", str(guardian), year) for guardian in record.guardians)


def _of_names(givens: set[str], families: set[str], year: str, day: str | None) -> Iterator[str]:
    for pair in {tuple(sorted(pair)) for pair in product(givens, families)}:
        yield _key("NAMES", *pair, year)
        if day is not None:
            yield _key("DAY", *pair, day)
    if day is not None:
        yield from (_key("ONE", name, year, day) for name in givens | families)


def _words(arabic: str | None, latin: str | None) -> set[str]:
    """The words of a name by their sound: the same where both scripts agree."""
    return {sound for text in (arabic, latin) if text is not None for sound in sound_key(text)[:_MAX_WORDS]}


def _day(birth: PartialDate) -> str | None:
    """Day and month, the same whichever of them was written first."""
    if birth.month is None or birth.day is None:
        return None
    first, second = sorted((birth.month, birth.day))
    return f"{first:02d}-{second:02d}"


def _key(kind: str, *parts: str) -> str:
    return "\0".join((kind, *parts))
