"""Whether two records may be of one person: field by field, by weights that a document states, no I/O.

After Fellegi and Sunter: for each field both records know, how it compares has a weight (the logarithm to base 2 of how much
likelier this is for one person than for two, in thousandths), and the weights are added up. Family name, parents, telephone,
residence and guardians are what brothers and sisters share. So what is a person's own (given name, birth, sex, numbers) has to
weigh enough by itself: twins are not one person, however much they share, and neither are father and son of one name.

SAME takes more than weight: the same card and names, or that all that is known agrees. It proposes; two people decide.
"""

import importlib.resources
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache, cached_property, lru_cache

from rapidfuzz.distance import OSA

from core.canonical import content_hash
from core.dates import PartialDate, Precision
from core.documents import Node, read_json
from identity.blocking import Comparable
from identity.names import Name
from identity.sounds import ArabicSound, Sound, alike, sound_of

MAX_WEIGHT = 100_000


class Outcome(StrEnum):
    CLEAR = "CLEAR"
    REVIEW = "REVIEW"
    SAME = "SAME"


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


class Field(StrEnum):
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    CNIE = "cnie"
    PERMIT = "permit"
    TELEPHONE = "telephone"
    FATHER = "father"
    MOTHER = "mother"
    BIRTH_PLACE = "birth_place"
    RESIDENCE = "residence"
    GUARDIANS = "guardians"


OWN = frozenset({Field.GIVEN_NAME, Field.BIRTH_DATE, Field.SEX, Field.CNIE, Field.PERMIT})
"""What brothers and sisters do not share."""


@dataclass(frozen=True)
class Rules:
    """The document. Weights in thousandths of a bit; `hash` names it.

    `review`: the least weight of a REVIEW; `own`: the least that a person's own fields must weigh. `narrow`: how many people
    may share a blocking key that counts by itself; up to `wide`, it counts where another is shared, too; beyond, not at all.
    `candidates`: the most who are compared with one. `undo`: how long a merge may be undone.
    """

    weights: Mapping[Field, Mapping[Agreement, int]]
    review: int
    own: int
    narrow: int
    wide: int
    candidates: int
    undo: timedelta
    hash: bytes

    @cached_property
    def best(self) -> Mapping[Field, int]:
        """The most that a field can weigh; nothing at least, for it may not be known."""
        return {field: max(0, *weights.values()) for field, weights in self.weights.items()}

    @cached_property
    def best_of_shared_names(self) -> int:
        return sum(self.best[field] for field in (Field.FAMILY_NAME, Field.FATHER, Field.MOTHER))


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of comparing two records: `fields` says how each field compared, and never a value."""

    outcome: Outcome
    weight: int
    fields: Mapping[Field, Agreement]

    @property
    def document(self) -> dict[str, str]:
        return {field.value: agreement.value for field, agreement in self.fields.items()}


def parse_rules(document: object) -> Rules:
    """Raises Invalid, with the path of the faulty part."""
    numbers = ("review", "own", "narrow", "wide", "candidates", "undo_days")
    parts = Node(document).record(("version", "weights", *numbers))
    parts["version"].integer(1, 1_000_000)
    weights: dict[Field, Mapping[Agreement, int]] = {}
    for name, node in parts["weights"].record(Field).items():
        agreements = {agreement: part.integer(-MAX_WEIGHT, MAX_WEIGHT) for agreement, part in node.entries().items()}
        expected = {each.value for each in _AGREEMENTS[Field(name)]}
        if agreements.keys() != expected:
            node.refuse("expected a weight for each way in which this field can compare")
        weights[Field(name)] = {Agreement(agreement): weight for agreement, weight in agreements.items()}
    narrow = parts["narrow"].integer(1, 10_000)
    return Rules(
        weights,
        parts["review"].integer(0, MAX_WEIGHT),
        parts["own"].integer(0, MAX_WEIGHT),
        narrow,
        parts["wide"].integer(narrow, 100_000),
        parts["candidates"].integer(1, 200),
        timedelta(days=parts["undo_days"].integer(1, 3_650)),
        content_hash(document),
    )


@cache
def rules() -> Rules:
    """The rules that come with the code."""
    text = importlib.resources.files("identity").joinpath("documents/duplicates.json").read_bytes()
    return parse_rules(read_json(text))


Judges = Mapping[Field, Callable[[Comparable, Comparable], Agreement]]
Scripts = tuple[Name | None, Name | None]
"""A name in Arabic and in Latin letters."""


class Compared:
    """A record made ready to be compared, once for many."""

    def __init__(self, record: Comparable) -> None:
        self.record = record

    @cached_property
    def given(self) -> Scripts:
        return _name(self.record.given_ar), _name(self.record.given_latin)

    @cached_property
    def family(self) -> Scripts:
        return _name(self.record.family_ar), _name(self.record.family_latin)

    @cached_property
    def father(self) -> Name | None:
        return _name(self.record.father)

    @cached_property
    def mother(self) -> Name | None:
        return _name(self.record.mother)


def compare(one: Compared, other: Compared, by: Rules) -> Finding:
    """How two records compare. Symmetric."""
    fields = _agreements(one, other)
    known = {field: agreement for field, agreement in fields.items() if agreement is not Agreement.UNKNOWN}
    weights = {field: by.weights[field][agreement] for field, agreement in known.items()}
    weight = sum(weights.values())
    own = sum(weight for field, weight in weights.items() if field in OWN)
    if _is_hard(known):
        outcome = Outcome.SAME
    elif Agreement.EXACT in (known.get(Field.CNIE), known.get(Field.PERMIT)) or (weight >= by.review and own >= by.own):
        outcome = Outcome.REVIEW
    else:
        outcome = Outcome.CLEAR
    return Finding(outcome, max(-MAX_WEIGHT, min(weight, MAX_WEIGHT)), fields)


def may_be(one: Comparable, other: Comparable, by: Rules) -> bool:
    """Whether anything but CLEAR can come of it, whatever their names are: quick, for most of those who share a key.

    Of what one of them does not know it takes the best, but of what is a person's own: so a record of which no more than that
    was opened yet will do.
    """
    own = _one_by_one(one, other, by, _OWN_BUT_NAMES, unknown=False)
    if own is None:
        return True
    own += by.best[Field.GIVEN_NAME]
    if own < by.own:
        return False
    shared = _one_by_one(one, other, by, _SHARED_BUT_NAMES, unknown=True)
    return shared is None or own + shared + by.best_of_shared_names >= by.review


def own_weighs(one: Compared, other: Compared, by: Rules) -> bool:
    """Whether what is their own weighs enough, given names and all: without it nothing but CLEAR can come of it."""
    weight = _one_by_one(one.record, other.record, by, _OWN_BUT_NAMES, unknown=False)
    if weight is None:
        return True
    given = _scripts(one.given, other.given)
    if given is Agreement.DIFFERENT and _scripts(one.given, other.family) in _NAMED:
        given = Agreement.SWAPPED
    return weight + (0 if given is Agreement.UNKNOWN else by.weights[Field.GIVEN_NAME][given]) >= by.own


def _one_by_one(one: Comparable, other: Comparable, by: Rules, fields: Judges, *, unknown: bool) -> int | None:
    """The weight of these fields; `unknown`: with the best of those that are not known. None: a card is the same."""
    weight = 0
    for field, compared in fields.items():
        agreement = compared(one, other)
        if agreement is Agreement.UNKNOWN:
            weight += by.best[field] if unknown else 0
        elif agreement is Agreement.EXACT and field in _CARDS:
            return None
        else:
            weight += by.weights[field][agreement]
    return weight


_LIKE = frozenset({Agreement.EXACT, Agreement.ALIKE})
_NAMED = _LIKE | {Agreement.CLOSE, Agreement.PART, Agreement.SWAPPED}
_EQUAL_LEAST = 8  # fields of which all must agree where no number does


def _is_hard(known: Mapping[Field, Agreement]) -> bool:
    """Evidence that needs no weighing: the same card and names, or that all of a whole record agrees."""
    names = (known.get(Field.GIVEN_NAME), known.get(Field.FAMILY_NAME))
    if Agreement.EXACT in (known.get(Field.CNIE), known.get(Field.PERMIT)):
        return all(name in _NAMED for name in names)
    whole = {Field.GIVEN_NAME, Field.FAMILY_NAME, Field.BIRTH_DATE, Field.SEX, Field.FATHER, Field.MOTHER} <= known.keys()
    return whole and len(known) >= _EQUAL_LEAST and all(agreement in _LIKE for agreement in known.values())


def _agreements(one: Compared, other: Compared) -> dict[Field, Agreement]:
    mine, its = one.record, other.record
    given, family = _scripts(one.given, other.given), _scripts(one.family, other.family)
    if {given, family} == {Agreement.DIFFERENT}:
        crossed = (_scripts(one.given, other.family), _scripts(one.family, other.given))
        if all(agreement in _NAMED for agreement in crossed):
            given = family = Agreement.SWAPPED
    return {
        Field.GIVEN_NAME: given,
        Field.FAMILY_NAME: family,
        **{field: compared(mine, its) for field, compared in _OWN_BUT_NAMES.items()},
        Field.FATHER: _one_name(one.father, other.father),
        Field.MOTHER: _one_name(one.mother, other.mother),
        **{field: compared(mine, its) for field, compared in _SHARED_BUT_NAMES.items()},
    }


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


def _name(text: str | None) -> Name | None:
    name = None if text is None else Name.of(text)
    return name if name and name.tokens else None


_BEST = (Agreement.EXACT, Agreement.ALIKE, Agreement.CLOSE, Agreement.PART, Agreement.DIFFERENT)


def _scripts(one: Scripts, other: Scripts) -> Agreement:
    """How names compare in the scripts in which they do best: in the same one or, where that does not agree, across."""
    found = [names(mine, its) for mine, its in zip(one, other, strict=True) if mine and its]
    if _LIKE.isdisjoint(found):
        found += [names(mine, its) for mine, its in zip(one, reversed(other), strict=True) if mine and its]
    return min(found, key=_BEST.index, default=Agreement.UNKNOWN)


def _one_name(one: Name | None, other: Name | None) -> Agreement:
    return Agreement.UNKNOWN if one is None or other is None else names(one, other)


def _equal(one: str | None, other: str | None) -> Agreement:
    if one is None or other is None:
        return Agreement.UNKNOWN
    return Agreement.EXACT if one == other else Agreement.DIFFERENT


def _numbers(one: str | None, other: str | None) -> Agreement:
    agreement = _equal(one, other)
    if agreement is Agreement.DIFFERENT and one and other and OSA.distance(one, other, score_cutoff=1) <= 1:
        return Agreement.CLOSE
    return agreement


def _places(one: str | None, other: str | None) -> Agreement:
    """Residences: the same commune, or where one is known by its province alone, the same province."""
    agreement = _equal(one, other)
    if agreement is Agreement.DIFFERENT and one and other and one[:_PROVINCE] == other[:_PROVINCE]:
        return Agreement.NEAR
    return agreement


def _guardians(one: Comparable, other: Comparable) -> Agreement:
    if not one.guardians or not other.guardians:
        return Agreement.UNKNOWN
    return Agreement.EXACT if one.guardians & other.guardians else Agreement.DIFFERENT


_CARDS = frozenset({Field.CNIE, Field.PERMIT})
_OWN_BUT_NAMES: Judges = {
    Field.BIRTH_DATE: lambda one, other: births(one.birth, other.birth),
    Field.SEX: lambda one, other: _equal(one.sex, other.sex),
    Field.CNIE: lambda one, other: _numbers(one.cnie, other.cnie),
    Field.PERMIT: lambda one, other: _numbers(one.permit, other.permit),
}
_SHARED_BUT_NAMES: Judges = {
    Field.TELEPHONE: lambda one, other: _equal(one.telephone, other.telephone),
    Field.BIRTH_PLACE: lambda one, other: _equal(one.birth_place, other.birth_place),
    Field.RESIDENCE: lambda one, other: _places(one.residence, other.residence),
    Field.GUARDIANS: _guardians,
}
_PROVINCE = len("00.000")
_OF_NAMES = (Agreement.EXACT, Agreement.ALIKE, Agreement.CLOSE, Agreement.PART, Agreement.DIFFERENT)
_OF_NUMBERS = (Agreement.EXACT, Agreement.CLOSE, Agreement.DIFFERENT)
_OF_CODES = (Agreement.EXACT, Agreement.DIFFERENT)
_AGREEMENTS: Mapping[Field, tuple[Agreement, ...]] = {
    Field.GIVEN_NAME: (*_OF_NAMES, Agreement.SWAPPED),
    Field.FAMILY_NAME: (*_OF_NAMES, Agreement.SWAPPED),
    Field.BIRTH_DATE: (
        *(Agreement.EXACT, Agreement.SWAPPED, Agreement.ONE_PART, Agreement.PARTIAL),
        *(Agreement.OTHER_YEAR, Agreement.YEAR, Agreement.DIFFERENT),
    ),
    Field.SEX: _OF_CODES,
    Field.CNIE: _OF_NUMBERS,
    Field.PERMIT: _OF_NUMBERS,
    Field.TELEPHONE: _OF_CODES,
    Field.FATHER: _OF_NAMES,
    Field.MOTHER: _OF_NAMES,
    Field.BIRTH_PLACE: _OF_CODES,
    Field.RESIDENCE: (Agreement.EXACT, Agreement.NEAR, Agreement.DIFFERENT),
    Field.GUARDIANS: _OF_CODES,
}
