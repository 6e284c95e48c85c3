"""How one field of two records compares: names by their words, dates as far as they are known, numbers. Pure."""

import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from core.dates import PartialDate, Precision
from identity.blocking import Comparable
from identity.names import Name
from identity.sounds import ArabicSound, Sound, alike, sound_of


class Agreement(StrEnum):
    """How one field of two records compares. UNKNOWN: one of them does not know it."""

    EXACT = "EXACT"
    ALIKE = "ALIKE"  # names: they sound alike, in whichever script
    CLOSE = "CLOSE"  # a slip of the pen
    PART = "PART"  # names: all words of one are among the other's
    SWAPPED = "SWAPPED"  # given and family name, or day and month
    ONE_PART = "ONE_PART"  # births: the day or the month differs
    PARTIAL = "PARTIAL"  # births: as far as both are known
    OTHER_YEAR = "OTHER_YEAR"  # births: the same day and month of the year before or after
    YEAR = "YEAR"  # births: nothing but the year agrees
    NEAR = "NEAR"  # residences: in one province
    DIFFERENT = "DIFFERENT"
    UNKNOWN = "UNKNOWN"


LIKE = frozenset({Agreement.EXACT, Agreement.ALIKE})
OF_NAMES = (Agreement.EXACT, Agreement.ALIKE, Agreement.CLOSE, Agreement.PART, Agreement.DIFFERENT)
"""How names compare by themselves, the best first."""
_PROVINCE = len("00.000")
Scripts = tuple[Name | None, Name | None]
"""A name in Arabic and in Latin letters."""


def births(one: PartialDate, other: PartialDate) -> Agreement:
    """How two dates of birth compare, each as far as it is known."""
    days = {one.precision, other.precision} == {Precision.DAY}
    if one.year != other.year:
        near = days and abs(one.year - other.year) == 1 and (one.month, one.day) == (other.month, other.day)
        return Agreement.OTHER_YEAR if near else Agreement.DIFFERENT
    if not days:
        months = one.month is not None and other.month is not None
        return Agreement.YEAR if months and one.month != other.month else Agreement.PARTIAL
    if one == other:
        return Agreement.EXACT
    if (one.month, one.day) == (other.day, other.month):
        return Agreement.SWAPPED
    return Agreement.ONE_PART if one.month == other.month or one.day == other.day else Agreement.YEAR


@lru_cache(maxsize=32_768)  # the same two names meet again and again
def names(one: Name, other: Name) -> Agreement:
    """How two names compare, word by word; the order of words is of no matter."""
    if one.tokens == other.tokens or sorted(one.tokens) == sorted(other.tokens):
        return Agreement.EXACT
    short, long = sorted((_spoken(one), _spoken(other)), key=len)
    as_many = len(short) == len(long)
    if _all_among(short, long, _sounds_like) and (not as_many or _all_among(long, short, _sounds_like)):
        return Agreement.ALIKE if as_many else Agreement.PART
    if as_many and _all_among(short, long, _is_close) and _all_among(long, short, _is_close):
        return Agreement.CLOSE
    return Agreement.DIFFERENT


Word = tuple[str, Sound]
_MAX_WORDS = 8
_MAX_LETTERS = 50
_ARTICLE = re.compile(r"^(?:(?:[ea]l|[ea](?=([dnrstz])\1)|l(?=[aeiou]))(?=\w{4})|ال(?=\w{3}))")
_LAST_VOWELS = ("a", "ا", "ه", "ي")
# A slip of the pen changes a letter of a word, two where it is long, or not so long and has the same consonants; between two
# scripts it is seen in the consonants alone.
_SHORT, _SOUNDING, _LONG, _CONSONANTS = 3, 6, 8, 3


def _spoken(name: Name) -> list[Word]:
    return [pair for pair in zip(name.tokens, name.sounds, strict=True) if len(pair[0]) <= _MAX_LETTERS][:_MAX_WORDS]


def _all_among(words: list[Word], others: list[Word], judge: Callable[[Word, Word], bool]) -> bool:
    return bool(words) and all(any(judge(word, other) for other in others) for word in words)


def _is_close(one: Word, other: Word) -> bool:
    return _sounds_like(one, other) or _slipped(one, other)


def _sounds_like(one: Word, other: Word) -> bool:
    """Whether both are one word, with or without the article."""
    if one[0] == other[0]:
        return True
    if one[1].skeleton != other[1].skeleton:
        return False
    if alike(one[1], other[1]):
        return True
    if isinstance(one[1], ArabicSound) is not isinstance(other[1], ArabicSound):
        return False
    return any(alike(sound_of(mine), sound_of(its)) for mine in _forms(one[0]) for its in _forms(other[0]))


def _forms(word: str) -> tuple[str, ...]:
    """A word as it is, and without what may be an article."""
    bare = _ARTICLE.sub("", word, count=1)
    return (word, bare) if bare != word else (word,)


def _slipped(one: Word, other: Word) -> bool:
    if isinstance(one[1], ArabicSound) is not isinstance(other[1], ArabicSound):
        skeletons = one[1].skeleton, other[1].skeleton
        return min(map(len, skeletons)) >= _CONSONANTS and OSA.distance(*skeletons, score_cutoff=1) <= 1
    short, long = sorted((one[0], other[0]), key=len)
    if len(long) == len(short) + 1 and long.startswith(short) and long.endswith(_LAST_VOWELS):
        return False  # Samir, Samira
    edits = 2 if len(short) >= (_SOUNDING if one[1].skeleton == other[1].skeleton else _LONG) else 1
    return len(short) >= _SHORT and OSA.distance(short, long, score_cutoff=edits) <= edits


def name_of(text: str | None) -> Name | None:
    name = None if text is None else Name.of(text)
    return name if name and name.tokens else None


def scripts(one: Scripts, other: Scripts) -> Agreement:
    """How names compare in the scripts in which they do best: in the same one or, where that does not agree, across."""
    found = [names(mine, its) for mine, its in zip(one, other, strict=True) if mine and its]
    if LIKE.isdisjoint(found):
        found += [names(mine, its) for mine, its in zip(one, reversed(other), strict=True) if mine and its]
    return min(found, key=OF_NAMES.index, default=Agreement.UNKNOWN)


def one_name(one: Name | None, other: Name | None) -> Agreement:
    return Agreement.UNKNOWN if one is None or other is None else names(one, other)


def equal(one: str | None, other: str | None) -> Agreement:
    if one is None or other is None:
        return Agreement.UNKNOWN
    return Agreement.EXACT if one == other else Agreement.DIFFERENT


def numbers(one: str | None, other: str | None) -> Agreement:
    agreement = equal(one, other)
    if agreement is Agreement.DIFFERENT and one and other and OSA.distance(one, other, score_cutoff=1) <= 1:
        return Agreement.CLOSE
    return agreement


def places(one: str | None, other: str | None) -> Agreement:
    """Residences: the same commune, or where one is known by its province alone, the same province."""
    agreement = equal(one, other)
    if agreement is Agreement.DIFFERENT and one and other and one[:_PROVINCE] == other[:_PROVINCE]:
        return Agreement.NEAR
    return agreement


def guardians(one: Comparable, other: Comparable) -> Agreement:
    if not one.guardians or not other.guardians:
        return Agreement.UNKNOWN
    return Agreement.EXACT if one.guardians & other.guardians else Agreement.DIFFERENT
