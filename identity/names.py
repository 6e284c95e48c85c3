"""The folded form of names: one for every way in which a name is typed in one script.

Folded are letter case, Latin diacritics, Arabic vowel signs and tatweel, the seats of hamza and alef, teh marbuta and heh,
alef maksura and yeh, Persian letters, digits, apostrophes. Hyphens and other signs separate. Particles (El, Ben, Bent, Ait,
Ould, Abd el, eddine, allah) are joined to the word they belong to, so that joined and split spellings agree. Titles are
dropped where they are whole words and a name remains. How a name sounds in the other script is in `identity/sounds.py`.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from unicodedata import normalize

from core.texts import LATIN_DIGITS
from identity.sounds import Sound, sound_of


class Script(StrEnum):
    ARABIC = "ARABIC"
    LATIN = "LATIN"
    MIXED = "MIXED"
    NONE = "NONE"


@dataclass(frozen=True)
class Name:
    """A name made ready for comparison: its words as they are spelled, folded and heard, in the same order."""

    spelled: tuple[str, ...] = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Name":
        return _name_of(text)

    @cached_property
    def sounds(self) -> tuple[Sound, ...]:
        return tuple(map(sound_of, self.spelled))


@lru_cache(maxsize=4_096)  # names recur, and one is asked for several times when it is taken in
def _name_of(text: str) -> Name:
    words = _words(_plain(text))
    while (joined := _joined(words)) != words:
        words = joined
    return Name(tuple(word[0] for word in words), tuple(word[1] for word in words))


def folded(text: str) -> tuple[str, ...]:
    """The words of a name in folded form, in their order; none where the text holds no letter or digit."""
    return Name.of(text).tokens


@lru_cache(maxsize=16_384)
def sound_key(text: str) -> tuple[str, ...]:
    """A coarse key for each word, sorted: names that sound alike share it in either script, sharing it proves nothing.

    For looking for candidates; whether two words are alike says `identity.sounds.alike`.
    """
    return tuple(sorted(sound.skeleton for sound in Name.of(text).sounds))


def unified(text: str) -> str:
    """Any text with its letters and digits folded and its words one blank apart; no particle is joined, no title dropped."""
    return " ".join(_WORD.findall(_plain(text).translate(_SAME_LETTER)))


def script_of(text: str) -> Script:
    """The script that a text's letters are of."""
    arabic, latin = _ARABIC.search(text), _LATIN.search(text)
    if arabic:
        return Script.MIXED if latin else Script.ARABIC
    return Script.LATIN if latin else Script.NONE


def is_foreign(text: str) -> bool:
    """Whether some letter is neither Arabic nor Latin."""
    return bool(_FOREIGN.search(text))


Word = tuple[str, str]  # spelled, folded

_WORD = re.compile(r"[^\W_]+")
# Not the ligatures that stand for whole phrases.
_ARABIC_RANGES = (
    "\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5\u06ee-\u06ef\u06fa-\u06fc\u0750-\u077f\ufb50-\ufdf9\ufe70-\ufefc"
)
_LATIN_RANGES = (
    "A-Za-zªº\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u02b9-\u02bf\u1e00-\u1eff\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a"
)
_ARABIC = re.compile(f"[{_ARABIC_RANGES}]")
_LATIN = re.compile(f"[{_LATIN_RANGES}]")
_FOREIGN = re.compile(rf"[^\W\d_\u0640{_ARABIC_RANGES}{_LATIN_RANGES}]")

_APOSTROPHES = "'`\u2018\u2019\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02be\u02bf"
_JOINERS = "\u00ad\u0640\u200b\u200c\u200d\u2060\ufeff"  # soft hyphen, tatweel, zero-width signs
_MARKS = [*range(0x0300, 0x0370), *range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06EE)]
_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t"}
_PERSIAN = {
    "ک": "ك",
    "ڪ": "ك",
    "گ": "ك",
    "ڭ": "ك",
    "ݣ": "ك",
    "ی": "ي",
    "ے": "ي",
    "ھ": "ه",
    "ہ": "ه",
    "ە": "ه",
    "ۃ": "ة",
    "ٱ": "ا",
}


def _without_marks(letter: str) -> str:
    return "".join(part for part in normalize("NFD", letter) if not 0x0300 <= ord(part) < 0x0370)


# What never tells two names apart.
_PLAIN: dict[int, str | None] = {
    **{code: _without_marks(chr(code)) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)) if chr(code).isalpha()},
    **{ord(letter): other for letter, other in (_LETTERS | _PERSIAN).items()},
    **dict.fromkeys(map(ord, _APOSTROPHES + _JOINERS)),
    **dict.fromkeys(_MARKS),
    **LATIN_DIGITS,
}
# What tells how a word sounds, but is often left out or mistaken.
_SAME_LETTER = str.maketrans("أإآىةؤئ", "ااايهوي", "ء")


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    return normalize("NFKC", text.replace("\u00b4", "'")).casefold().translate(_PLAIN)


_TITLES = frozenset({
    "mr", "mrs", "ms", "mme", "mlle", "dr", "pr", "prof", "docteur", "haj", "hajj", "hadj", "hajja", "hadja", "elhaj", "elhajj",
    "elhadj", "elhajja", "elhadja", "الحاج", "الحاجه", "السيد", "السيده", "الدكتور", "الدكتوره", "الاستاذ", "الاستاذه",
})  # fmt: skip
# Folded particle -> the one form under which it is joined to the next word.
_BEFORE = {
    particle: forms.split()[0]
    for forms in (
        "el al", "ben bin ibn ibnou", "bent bint", "ould", "oulad ouled awlad", "ait ayt aith", "abd",
        "abdel abdal abdul abdoul", "abder abdur", "abdes abdus",
        "bou", "abou abu", "oum om umm", "bel", "ou",
        "ال", "بن ابن", "بنت", "ولد", "اولاد", "ايت", "عبد", "بو", "ابو ابي", "ام", "بل", "او",
    )
    for particle in forms.split()
}  # fmt: skip
# An article that took on the sound of the letter after it: joined where that letter follows.
_ASSIMILATED = {
    first + rest: rest
    for first in "ea"
    for rest in ("d", "n", "r", "s", "t", "z", "ch", "sh", "dd", "nn", "rr", "ss", "tt", "zz")
}
_AFTER = {
    **dict.fromkeys(
        ["eddine", "eddin", "edine", "ddine", "dine", "din", "eldine", "eldin", "aldin", "aldine", "addine", "uddin"], "eddine"
    ),
    **dict.fromkeys(["allah", "ellah", "ullah"], "allah"),
    "الدين": "الدين",
    "الله": "الله",
}
_ABD = re.compile(r"abd(?:a|u|ou)(?=l\w{3}|([dnrstz])\1|ch|sh)")
_ZAHRA = re.compile(r"(fatim(?:a|e|atou)?)?(?:[ea]?z|[ea]l)?(z[ao]hra[aeh]?)")
_ZAHRA_AR = re.compile(r"(فاطم[ةه])(الزهر\w{1,2})")


def _words(plain: str) -> list[Word]:
    spelled = _WORD.findall(plain)
    if plain.isascii():
        return [(word, word) for word in spelled]
    return [(word, token) for word in spelled if (token := word.translate(_SAME_LETTER))]


def _joined(words: list[Word]) -> list[Word]:
    with_particles: list[Word] = []
    before = ""
    for number, (spelled, token) in enumerate(words):
        following = words[number + 1][1] if number + 1 < len(words) else ""
        if following and token in _BEFORE:
            before += _BEFORE[token]
        elif following and token in _ASSIMILATED and following.startswith(_ASSIMILATED[token]):
            before += token
        else:
            with_particles.extend(_parted(before + spelled, before + token))
            before = ""
    if len(with_particles) == 1:
        return with_particles
    named = [word for word in with_particles if word[1] not in _TITLES] or with_particles
    whole: list[Word] = []
    for spelled, token in named:
        if whole and token in _AFTER:
            whole[-1] = (whole[-1][0] + _AFTER[token], whole[-1][1] + _AFTER[token])
        else:
            whole.append((spelled, token))
    return whole


def _parted(spelled: str, token: str) -> list[Word]:
    """A joined word in its usual form; Fatima Zahra, of all double names, is as often written in one word as in two."""
    if token.startswith("abd"):
        joined = _ABD.sub("abde", token, count=1)
        return [(joined, joined)]
    if found := _ZAHRA.fullmatch(token):
        return [(word, word) for word in ("fatima" if found[1] else "", found[2]) if word]
    if (found := _ZAHRA_AR.fullmatch(token)) and (as_spelled := _ZAHRA_AR.fullmatch(spelled)):
        return list(zip(as_spelled.groups(), found.groups(), strict=True))
    return [(spelled, token)]
