"""Notices as they are sent: by e-mail, and in a form that one text message holds. Pure.

A text message tries its forms in turn: a long name is shortened at a word's end, and a link that has no room is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from babel import Locale

from access.catalogue import Lang
from access.notice_texts import Text
from access.notice_texts_accounts import OF_ACCOUNTS
from access.notice_texts_citizens import OF_CITIZENS
from access.notice_texts_control import OF_CONTROL
from access.notice_texts_record import OF_RECORD
from access.notice_texts_register import OF_REGISTER
from access.notices import Channel, Notice
from core.dates import CIVIL_ZONE
from core.errors import Internal
from core.gsm import fits_one, in_alphabet

LEGIBLE_NAME = 15  # a shorter one gives way to a form without the link: "The Agency…" says nothing
SHORTEST_NAME = 8
TEXTS = {**OF_CITIZENS, **OF_CONTROL, **OF_REGISTER, **OF_RECORD, **OF_ACCOUNTS}
_NAMES = ("agency", "centre")  # the parameters that may be shortened
_MINUTES: Mapping[Lang, Mapping[str, str]] = {
    Lang.AR: {
        "one": "دقيقة واحدة",
        "two": "دقيقتين",
        "few": "{} دقائق",
        "many": "{} دقيقة",
        "other": "{} دقيقة",
    },
    Lang.FR: {"one": "{} minute", "other": "{} minutes"},
    Lang.EN: {"one": "{} minute", "other": "{} minutes"},
}
_LOCALES = {lang: Locale.parse(lang.lower()) for lang in Lang}


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice as it is sent. A text message has no subject."""

    subject: str
    text: str


def wording(notice: Notice, lang: Lang, channel: Channel) -> Wording:
    """The notice as it is sent over that channel; by text message in one."""
    text, values = TEXTS[notice.name][lang], _values(notice, lang)
    if channel is Channel.EMAIL:
        return Wording(text.subject.format_map(values), text.body.format_map(values))
    return Wording("", _one_message(text, values, lang))


def _values(notice: Notice, lang: Lang) -> dict[str, str]:
    values = {member.name: getattr(notice, member.name) for member in fields(notice)}
    if isinstance(minutes := values.get("minutes"), int):
        forms = _MINUTES[lang]
        values["minutes"] = forms.get(_LOCALES[lang].plural_form(minutes), forms["other"]).format(minutes)
    if isinstance(instant := values.get("takes_effect"), datetime):
        values["takes_effect"] = instant.astimezone(CIVIL_ZONE).strftime("%d/%m/%Y %H:%M")
    return values


def _one_message(text: Text, values: Mapping[str, str], lang: Lang) -> str:
    for form in text.sms:
        legible = 1 if form is text.sms[-1] else LEGIBLE_NAME
        for tried in _with_shorter_names(form, values, legible):
            message = form.format_map(tried)
            message = message if lang is Lang.AR else in_alphabet(message)
            if fits_one(message):
                return message
    raise Internal("a notice has no form that one text message holds")


def _with_shorter_names(form: str, values: Mapping[str, str], legible: int) -> Iterator[Mapping[str, str]]:
    """The values, then with a name that loses word by word, down to that many characters."""
    yield values
    for name in _NAMES:
        if f"{{{name}}}" in form:
            for shorter in shortenings(values[name]):
                if len(shorter) >= legible:
                    yield {**values, name: shorter}


def shortenings(name: str) -> Iterator[str]:
    """The name without its last word, its last two and so on; in the end its first word, cut."""
    words = name.split()
    for count in range(len(words) - 1, 0, -1):
        yield " ".join(words[:count]).rstrip(",;:-–—(«\"'،") + "…"
    yield words[0][:SHORTEST_NAME] + "…"
