"""Arabic, French, English: which of them a reader gets, their words, and how each writes dates and numbers.

The words are gettext catalogues, `locale/{ar,fr,en}/*.po`, several a language, merged when the process begins; the source
strings are plain English, so `en/` holds only what English says otherwise. Days are civil days in Morocco.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from access.catalogue import Lang
from core.dates import CIVIL_ZONE, PartialDate, Precision

LOCALE: Final = Path(__file__).parent / "locale"
COOKIE: Final = "lang"
DEFAULT: Final = Lang.AR
# What each language calls itself, in the order they are offered.
OWN_NAMES: Final[Mapping[Lang, str]] = {Lang.AR: "العربية", Lang.FR: "Français", Lang.EN: "English"}
PLURALS: Final[Mapping[Lang, str]] = {
    # zero, one, two, few (3-10), many (11-99), other (100, 101, 102, 200, ...)
    Lang.AR: "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    Lang.FR: "nplurals=2; plural=(n > 1);",
    Lang.EN: "nplurals=2; plural=(n != 1);",
}
_LOCALES: Final = {Lang.AR: "ar_MA", Lang.FR: "fr_MA", Lang.EN: "en_GB"}
_MAX_ACCEPT_CHARACTERS = 1_000
_MAX_ACCEPT_PARTS = 20
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def N_(text: str) -> str:  # the name that extractors of messages look for
    """Marks a text for translation where it is written; it is translated where it is shown."""
    return text


def code(lang: Lang) -> str:
    """As in `<html lang>`, in addresses and in the cookie."""
    return lang.value.lower()


def named(text: str | None) -> Lang | None:
    """The language with that code; None for anything else."""
    return next((lang for lang in Lang if code(lang) == text), None)


def chosen(cookie: str | None, accept_language: str | None) -> Lang:
    """What the reader once chose, else what the browser asks for, else Arabic."""
    return named(cookie) or _accepted(accept_language or "") or DEFAULT


def _accepted(header: str) -> Lang | None:
    """The best of `Accept-Language` (RFC 9110, 12.5.4); of equal weights the first. No more than a browser sends is read."""
    best, most = None, 0.0
    for part in header[:_MAX_ACCEPT_CHARACTERS].split(",")[:_MAX_ACCEPT_PARTS]:
        tag, _, rest = part.strip().partition(";")
        weight = _WEIGHT.fullmatch(rest.strip()) if rest else None
        if rest and weight is None:
            continue
        value = float(weight[1]) if weight else 1.0
        lang = named(tag.partition("-")[0].strip().lower())
        if lang is not None and value > most:
            best, most = lang, value
    return best


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language as pages speak it. Dates and numbers are taken as GraphQL gives them: as text, or as what they are."""

    lang: Lang
    words: GNUTranslations
    locale: Locale

    @property
    def code(self) -> str:
        return code(self.lang)

    @property
    def dir(self) -> str:
        return "rtl" if self.lang is Lang.AR else "ltr"

    def say(self, text: str) -> str:
        """A text that was marked with `N_`, in this language; itself where there is no translation."""
        return self.words.gettext(text) if text else ""

    def day(self, value: str | date | datetime) -> str:
        """A civil date, written out: "5 janvier 2026"; as much of it as is known. Of an instant: the day in Morocco."""
        if isinstance(value, str) and "T" not in value:
            return self._partial(PartialDate.parse(value))
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(instant, datetime):
            instant = instant.astimezone(CIVIL_ZONE).date()
        return format_date(instant, "long", self.locale)

    def moment(self, value: str | datetime) -> str:
        """An instant to the minute, as clocks in Morocco show it."""
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        pattern = {Lang.AR: "d MMMM y، HH:mm", Lang.FR: "d MMMM y 'à' HH:mm", Lang.EN: "d MMMM y, HH:mm"}[self.lang]
        return format_datetime(instant, pattern, CIVIL_ZONE, self.locale)

    def number(self, value: str | int | Decimal) -> str:
        return format_decimal(Decimal(value), locale=self.locale)

    def percent(self, value: str | int | Decimal) -> str:
        """Of a share: 0.25 is a quarter."""
        return format_percent(Decimal(value), locale=self.locale)

    def listed(self, parts: Iterable[str]) -> str:
        """ "a, b and c" """
        return format_list([str(part) for part in parts], locale=self.locale)

    def _partial(self, value: PartialDate) -> str:
        if value.precision is Precision.YEAR:
            return str(value.year)
        if value.precision is Precision.MONTH:
            return format_date(date(value.year, value.month or 1, 1), "MMMM y", self.locale)
        return format_date(date(value.year, value.month or 1, value.day or 1), "long", self.locale)


def tongues(folder: Path = LOCALE) -> Mapping[Lang, Tongue]:
    """All languages, with the words of all their catalogues."""
    return {lang: Tongue(lang, _words(lang, folder), Locale.parse(_LOCALES[lang])) for lang in Lang}


def catalogues(lang: Lang, folder: Path = LOCALE) -> list[tuple[Path, Catalog]]:
    """Each catalogue of a language, in the order of their names."""
    return [
        (path, read_po(BytesIO(path.read_bytes()), locale=code(lang), abort_invalid=True))
        for path in sorted((folder / code(lang)).glob("*.po"))
    ]


def _words(lang: Lang, folder: Path) -> GNUTranslations:
    """The first catalogue that has a text decides; tests see to it that no two say it differently."""
    header = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {PLURALS[lang]}\\n"\n'
    merged = read_po(BytesIO(header.encode()), locale=code(lang))
    for _, catalogue in catalogues(lang, folder):
        for message in catalogue:
            if message.id and not message.fuzzy and merged.get(message.id, message.context) is None:
                merged.add(message.id, message.string, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)
