"""How names sound: whether a Latin spelling is a reading of an Arabic one, and whether two Latin spellings are read alike.

Arabic writes consonants and long vowels; Latin writes every vowel, in French or English spelling, but not which are long. So a
word is taken apart into consonants and the slots around them. Two words of different scripts are alike if their consonants
agree one by one (ش is ch or sh, ق is k, q, c or g ...) and each Latin slot is one of the readings that the Arabic slot admits:
a long i or u must be heard, a long a must be an a, and a short i or u is admitted only where Arabic words have one that Latin
spellings keep (around the first consonant, after a long a, in participles with mu-). The article may be absent from either
side. What Latin cannot tell apart (كامل and كميل are both Kamil) matches either; a name that only usage tells apart from
another one (عمر is Omar, عمار Ammar) stands in `_READ_AS` with its vowels written out.
"""

import re
from collections.abc import Iterator
from functools import cache, cached_property

Vowels = tuple[str, ...]
Readings = tuple[frozenset[str], ...]
LatinForm = tuple[str, Vowels]
"""Consonants, and the vowels before, between and after them: one slot more than consonants."""
ArabicForm = tuple[str, Readings]
"""The same, with all that may be read in each slot."""


class LatinSound:
    """One Latin word. `key` is shared by spellings of the same sound, `skeleton` by all words that may be alike."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._heard = _heard(word)
        self.skeleton = _REPEATED.sub(r"\1", self._heard.translate(_COARSE))

    @cached_property
    def key(self) -> str:
        return _latin_key(self._heard)

    @cached_property
    def forms(self) -> tuple[LatinForm, ...]:
        """The ways to take it apart, the likeliest first."""
        return tuple(_latin_forms(self._word, self._heard))


class ArabicSound:
    """One Arabic word; `skeleton` as in `LatinSound`."""

    def __init__(self, word: str) -> None:
        self.word = word
        consonants = f"{word[:-1]}ت" if word.endswith("اة") else word
        self.skeleton = _REPEATED.sub(r"\1", consonants.translate(_COARSE_ARABIC))

    @cached_property
    def forms(self) -> tuple[ArabicForm, ...]:
        """The ways to take it apart: with and without its article, as a participle ..."""
        return tuple(_arabic_forms(self.word))


Sound = LatinSound | ArabicSound


def sound_of(word: str) -> Sound:
    """The sound of one word as `identity.names` spells it: no vowel signs, lower case, particles joined."""
    return ArabicSound(word) if word[0] > "\u0600" else LatinSound(word)


def alike(one: Sound, other: Sound) -> bool:
    """Whether both words can be the same name by their sound. Symmetric; within one script also transitive."""
    if one.skeleton != other.skeleton:
        return False
    if isinstance(one, LatinSound):
        return one.key == other.key if isinstance(other, LatinSound) else _may_be(other, one)
    return _may_be(one, other) if isinstance(other, LatinSound) else one.word == other.word


def _may_be(written: ArabicSound, heard: LatinSound) -> bool:
    return any(_reads(form, spelling) for spelling in heard.forms for form in written.forms)


def _reads(written: ArabicForm, heard: LatinForm) -> bool:
    consonants, slots = written
    return (
        len(consonants) == len(heard[0])
        and all(latin in _CONSONANTS.get(arabic, arabic) for arabic, latin in zip(consonants, heard[0], strict=True))
        and all(vowels in readings for readings, vowels in zip(slots, heard[1], strict=True))
    )


# Latin: consonants are lower-case letters but C (ch, sh), X (kh) and G (gh, rh); vowels are a, e, i, u.
_LETTERS = {
    "ee": "i", "oo": "u", "ou": "u", "o": "u", "w": "u", "y": "i", "kh": "X", "gh": "G", "rh": "G", "ch": "C", "sh": "C",
    "th": "t", "dh": "d", "ph": "f", "dj": "j", "qu": "k", "gu": "g", "q": "k", "ck": "k", "c": "k", "x": "ks", "ae": "ai",
}  # fmt: skip
# rh is a French gh at the start of a word and after a consonant; ae is ai within a word.
_SPELLED = re.compile(
    r"ee|oo|ou|[kgcs]h|(?:^|(?<=[^aeiouyw]))rh|th|dh|ph|dj|qu(?=[ei])|gu(?=[ei])|ck|ae(?=[^aeiouyw])|[coqwxy]"
)
_SOFT_C = re.compile(r"c(?=[eiy])")
_SILENT_E = re.compile(r"(?<=..)(?<!e)e$")
_REPEATED = re.compile(r"(.)\1+")
_TWO_LETTERS = re.compile(r"(?:t|(?<=.)[ksd])h(?=[aeiouyw])")
_NOT_VOWELS = re.compile(r"[^aeiu]")
_VOWELS = str.maketrans("", "", "aeiu")
_COARSE = str.maketrans("pXGgzCtv", "bkkkdssf", "lhaeiu")


def _heard(word: str) -> str:
    return _REPEATED.sub(r"\1", _SPELLED.sub(_letter, _SILENT_E.sub("", _SOFT_C.sub("s", word))))


def _latin_forms(word: str, heard: str) -> Iterator[LatinForm]:
    spellings = [heard]
    if _TWO_LETTERS.search(word):
        # Fathi, Ishak: the h is a letter of its own.
        spellings.append(_heard(_TWO_LETTERS.sub(_parted, word)).replace("'", ""))
    spellings += [spelling[:-1] for spelling in spellings if spelling[-2:] in _SILENT_H]
    for spelling in spellings:
        yield spelling.translate(_VOWELS), tuple(_NOT_VOWELS.split(spelling))


_SILENT_H = ("ah", "eh")


def _letter(found: re.Match[str]) -> str:
    return _LETTERS[found[0]]


def _parted(found: re.Match[str]) -> str:
    return f"{found[0][0]}'h"


def _latin_key(heard: str) -> str:
    """Short a and e are left out within a word; a second u after a u too (Youssef, Yusuf)."""
    key = _AGAIN_U.sub(r"\1", _SHORT_A.sub("", _REPEATED.sub(r"\1", heard.replace("e", "a"))))
    return _ARTICLE.sub("a", key)


_SHORT_A = re.compile(r"(?<=[^aiu])a(?=[^aiu])")
_ARTICLE = re.compile(r"^al(?=[dnrstzC]\w{3})")  # Elrachidi, Errachidi
_AGAIN_U = re.compile(r"(u[^aiu]+)u(?=[^aiu])")
# Arabic: what each consonant may be in Latin, the usual one first.
_CONSONANTS: dict[str, str] = {
    "ب": "bp", "پ": "pb", "ت": "t", "ط": "t", "ث": "ts", "ج": "j", "چ": "C", "ح": "h", "ه": "h", "خ": "X", "د": "d", "ض": "d",
    "ذ": "dz", "ظ": "dz", "ر": "r", "ز": "z", "س": "s", "ص": "s", "ش": "C", "غ": "Gg", "ف": "fv", "ڤ": "vf", "ق": "kg",
    "ك": "kg", "ل": "l", "م": "m", "ن": "n",
    **{str(digit): str(digit) for digit in range(10)},
}  # fmt: skip
_COARSE_ARABIC = {ord(letter): latin[0].translate(_COARSE) for letter, latin in _CONSONANTS.items()} | dict.fromkeys(
    map(ord, "ااآىةويعءأإؤئ"), ""
)
_SUN_LETTERS = "تثدذرزسشصضطظلن"

# Stems that usage reads in one way where the rules below would admit the reading of another name, with their vowel signs:
# َ is a, e or silent, ُ is u, ِ is e (for an i would be سليم, سمير ...).
_READ_AS = {
    "محمد": "مُحمد", "عمر": "عُمر", "عمار": "عَمار", "منى": "مُنى", "هدى": "هُدى", "ندى": "نَدى", "سعاد": "سُعاد", "صفية": "صَفية",
    "هاجر": "هاجَر", "سالم": "سالِم", "سامر": "سامِر", "راشد": "راشِد", "حامد": "حامِد", "إيناس": "إينَس", "ايناس": "إينَس",
    "ايمن": "أيمن", "ايمان": "إيمان", "طه": "طاها", "عباس": "عبَس",
}  # fmt: skip
_PREFIX = re.compile(r"(?:(عبد|بنت|بن|بل|بو|ولد|[أا]ولاد|[أآا]يت)(?=...))?(ال)?(..+)|.")
# Weak letters: A long a, I and U long or consonant, ' a stop within a word; first of a stem: o (ا), a (أ), i (إ), c (ع);
# f, u and k are vowel signs.
_WEAK = {
    "ا": "A", "آ": "A", "ى": "A", "ة": "A", "و": "U", "ي": "I", "ع": "'", "ء": "'", "أ": "'", "إ": "'", "ؤ": "'", "ئ": "'",
    "َ": "f", "ُ": "u", "ِ": "k",
}  # fmt: skip
_FIRST_WEAK = _WEAK | {"ا": "o", "أ": "a", "إ": "i", "ع": "c"}
_LONGEST_SLOT = 4  # weak letters in a row; more are no name


def _arabic_forms(word: str) -> Iterator[ArabicForm]:
    if word.endswith("الدين") and len(word) > 5:
        word = f"{word[:-5]}دين"
    elif word.endswith("الله") and len(word) > 4:
        word = f"{word[:-4]}له"
    prefix, article, stem = _split(word)
    starts = [prefix]
    if prefix and _sound(prefix[-1]) == _sound(stem[0]):
        starts.append(prefix[:-1])  # Ben Nasser, Bennasser
    if article:
        takes_sound = stem[0] in _SUN_LETTERS
        if prefix == "عبد" and not takes_sound:
            starts.clear()
        starts.append(f"{prefix}ل")
        if not prefix:
            starts.append("ا" if takes_sound else "ال")
            starts.append("ال")
    for start in dict.fromkeys(starts):
        yield from _stem_forms(start, stem)


def _sound(letter: str) -> str:
    """What a consonant usually is in Latin."""
    return _CONSONANTS.get(letter, letter)[0]


def _split(word: str) -> tuple[str, str, str]:
    found = _PREFIX.fullmatch(word)
    return (found[1] or "", found[2] or "", found[3]) if found and found[3] else ("", "", word)


def _stem_forms(prefix: str, stem: str) -> list[ArabicForm]:
    stem = _READ_AS.get(stem, stem)
    if stem.endswith("اة"):
        stem = f"{stem[:-1]}ت"
    elif stem.endswith("اء"):
        stem = stem[:-1]
    forms = _forms(*_taken_apart(prefix, stem))
    if stem.endswith("ه") and len(stem) > 2:
        forms += _forms(*_taken_apart(prefix, f"{stem[:-1]}ة"))
    return forms


def _taken_apart(prefix: str, stem: str) -> tuple[str, list[str], int]:
    """Consonants, the weak letters of each slot, and the number of the slot that the stem begins with."""
    consonants: list[str] = []
    slots = [""]
    start = 0
    for number, letter in enumerate(prefix + stem):
        if number == len(prefix):
            start = len(slots) - 1
        weak = (_FIRST_WEAK if number in (0, len(prefix)) else _WEAK).get(letter)
        if weak:
            slots[-1] += weak
        else:
            consonants.append(letter)
            slots.append("")
    return "".join(consonants), slots, start


def _forms(consonants: str, codes: list[str], start: int) -> list[ArabicForm]:
    slots = tuple(_slot(consonants, codes, number, start) for number in range(len(codes)))
    forms = [(consonants, slots)]
    after = start + 1
    if len(codes) > start + 3:
        if codes[start] in ("o", "i") and not codes[after]:
            # Brahim, Driss: the first vowel is not heard.
            forms.append((consonants, (*slots[:start], _NOTHING, _NOTHING, *slots[after + 1 :])))
        if not codes[start] and consonants[start] == "م" and codes[after] in ("", "'"):
            # Participles with mu-: Mohcine, Mounaim.
            later = [
                slot | _SHORT_I if code in ("", "'") else slot
                for code, slot in zip(codes[after + 1 : -1], slots[after + 1 : -1], strict=True)
            ]
            forms.append((consonants, (*slots[:after], _MU, *later, slots[-1])))
    return forms


_NOTHING = frozenset({""})
_MU = frozenset({"u", "ua", "ue", "ui"})
_SHORT_I = frozenset({"i", "ai", "ei"})
_SHORT = frozenset({"", "a", "e"})


def _slot(consonants: str, codes: list[str], number: int, start: int) -> frozenset[str]:
    """What may be heard in one slot."""
    code, last = codes[number], number == len(codes) - 1
    first = number == start + 1 and not codes[start]
    if code:
        readings = _weak_readings(code, first, last) if len(code) <= _LONGEST_SLOT else _NOTHING - _NOTHING
        if number == start and code in ("o", "a") and any(codes[start + 1 : -1]):
            readings |= {"u"}  # Oumaima, Oussama
        if not number and start == 1:
            readings |= _NOTHING  # the article's own alef
        return readings
    if last:
        return _NOTHING
    if not number:
        return _SHORT if consonants[0] == "ل" and not codes[1] and len(codes) > 3 else _NOTHING  # لمين: El Lamine
    before = codes[number - 1]
    if before == "cA" or (number == start + 2 and before == "A" and not codes[start]):
        # Khalid, Malik: not Malak, which is ملاك. Only after an h (Tahar) is an a heard as often.
        return frozenset({"", "e", "i"} | ({"a"} if consonants[number - 1] in "حه" else set()))
    short = set(_SHORT)
    if first or "A" in before or (codes[start] in ("o", "i") and "A" in codes[number + 1] and number + 2 < len(codes)):
        short.add("i")
    if first or before[-1:] == "U":
        short.add("u")
    return frozenset(short)


@cache  # by patterns of at most four weak letters, never by names
def _weak_readings(code: str, first: bool, last: bool) -> frozenset[str]:
    readings = {""}
    for number, letter in enumerate(code):
        before, after = code[:number][-1:], code[number + 1 :][:1]
        readings = {head + tail for head in readings for tail in _letter_readings(letter, before, after, first, last)}
    readings = {_REPEATED.sub(r"\1", reading) for reading in readings}
    if "'I" in code and not last:
        readings.discard("i")  # the stop is heard as a vowel of its own: Said, not Sid
    return frozenset(readings)


def _letter_readings(letter: str, before: str, after: str, first: bool, last: bool) -> set[str]:
    if letter in _STEM_INITIAL:
        return {""} if after in _SIGNS else _STEM_INITIAL[letter][after if after in ("A", "I", "U") else ""]
    if letter in _SIGNS:
        return _SIGNS[letter]
    if letter == "A":
        return {"a"}
    if letter == "'":
        return _stop_readings(before, after, first, last)
    heads = {""} if before else {"", "a", "e"} | ({"u"} if first else set())
    if last or after or before in _STEM_INITIAL:
        tails = {""}
    else:
        tails = {"", "a", "e"} if before or first else {"", "a", "e", "i", "u"}
    # Zaid and Tayeb, not Ziad: right after the first consonant a vowel follows only where one stands before.
    return {head + letter.lower() + tail for head in heads for tail in tails if head or not (first and tail)}


def _stop_readings(before: str, after: str, first: bool, last: bool) -> set[str]:
    if before == "A":
        return {""} if after or last else {"", "e", "i"}
    if before:
        return {"", "i"} if after == "A" else {""} if after or last else {"", "a", "e"}
    if after:
        return {"", "a", "e"} | ({"i", "u", "ua", "ue"} if first else set())
    return {"", "a"} if last else {"a", "e"}


_SIGNS = {"f": {"", "a", "e"}, "u": {"u"}, "k": {"e"}}
# What is heard of the first letter of a stem, by the weak letter after it.
_STEM_INITIAL = {
    "o": {"A": {""}, "I": {"", "a", "e"}, "U": {"", "a"}, "": {"a", "e", "i"}},
    "a": {"A": {""}, "I": {"a", "e"}, "U": {"", "a"}, "": {"a", "e"}},
    "i": {"A": {"i"}, "I": {""}, "U": {"i"}, "": {"i", "e"}},
    "c": {"A": {""}, "I": {"", "a", "e"}, "U": {"", "a", "e"}, "": {"a", "e", "i", "u", "ai", "ei"}},
}
