"""What people are told, in three languages: by e-mail, and in a form that one text message holds.

A notice is one of a closed list, with its parameters; it never names what a stranger who reads it over a shoulder should not
know. A text message tries its forms in turn: a long name is shortened at a word's end, and a link that has no room is left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from babel import Locale

from access.catalogue import Lang
from access.notice_texts import NoticeName, Text
from access.notice_texts_accounts import OF_ACCOUNTS
from access.notice_texts_citizens import OF_CITIZENS
from access.notice_texts_record import OF_RECORD
from access.notice_texts_register import OF_REGISTER
from core.dates import CIVIL_ZONE
from core.errors import Internal, Invalid
from core.gsm import fits_one, in_alphabet
from core.texts import checked_text

MAX_NAME = 200
MAX_LINK = 300
MAX_NUMBER = 24
MAX_MINUTES = 60
LEGIBLE_NAME = 15  # a shorter one gives way to a form without the link: "The Agency…" says nothing
SHORTEST_NAME = 8
TEXTS = {**OF_CITIZENS, **OF_REGISTER, **OF_RECORD, **OF_ACCOUNTS}
_CODE = re.compile(r"\d{6}|\d{10}", re.ASCII)
_NUMBER = re.compile(rf"[A-Z0-9-]{{1,{MAX_NUMBER}}}", re.ASCII)
_IDCS = re.compile(r"[2-9]\d{9}", re.ASCII)
_LINK = re.compile(r"https?://[!-~]+", re.ASCII)
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


class Channel(StrEnum):
    SMS = "SMS"
    EMAIL = "EMAIL"


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice as it is sent. A text message has no subject."""

    subject: str
    text: str


@dataclass(frozen=True)
class Notice:
    """One thing to be told. `minutes_useful`: how long it is of use, if not for good."""

    name: ClassVar[NoticeName]

    def __post_init__(self) -> None:
        """Raises Invalid where a parameter is not what it must be."""
        for member in fields(self):
            try:
                _CHECKS[member.name](getattr(self, member.name))
            except Invalid as fault:
                raise fault.under(member.name) from None

    @property
    def minutes_useful(self) -> int | None:
        return None


@dataclass(frozen=True)
class OneTimeCode(Notice):
    """The six digits (or ten) that one signs in, or signs a form, with."""

    name = NoticeName.ONE_TIME_CODE
    code: str
    minutes: int

    @property
    def minutes_useful(self) -> int | None:
        return self.minutes


@dataclass(frozen=True)
class AssistCode(OneTimeCode):
    """The digits that a form is filled in with at a centre. `centre`: its name in the language of the notice."""

    name = NoticeName.ASSIST_CODE
    centre: str


@dataclass(frozen=True)
class NewSignIn(Notice):
    name = NoticeName.NEW_SIGN_IN


@dataclass(frozen=True)
class SignInTried(Notice):
    """Somebody tries codes with the person's number, again and again; codes are longer now."""

    name = NoticeName.SIGN_IN_TRIED


@dataclass(frozen=True)
class ConsentAsked(Notice):
    """`agency`: its name in the language of the notice; `link`: where it is answered."""

    name = NoticeName.CONSENT_ASKED
    agency: str
    link: str


@dataclass(frozen=True)
class ConsentGiven(Notice):
    name = NoticeName.CONSENT_GIVEN
    receipt: str


@dataclass(frozen=True)
class ConsentWithdrawn(Notice):
    name = NoticeName.CONSENT_WITHDRAWN


@dataclass(frozen=True)
class ConsentEnded(Notice):
    name = NoticeName.CONSENT_ENDED


@dataclass(frozen=True)
class TelephoneChangeBegun(Notice):
    """For the old number. `link`: where the change is stopped, by signing in."""

    name = NoticeName.TELEPHONE_CHANGE_BEGUN
    takes_effect: datetime
    link: str


@dataclass(frozen=True)
class TelephoneChangeFirm(Notice):
    """In the place of the one before, where only a centre can stop the change."""

    name = NoticeName.TELEPHONE_CHANGE_FIRM
    takes_effect: datetime


@dataclass(frozen=True)
class TelephoneChangeStopped(Notice):
    """For the old number and for the one that it was to be."""

    name = NoticeName.TELEPHONE_CHANGE_STOPPED


@dataclass(frozen=True)
class TelephoneChanged(Notice):
    name = NoticeName.TELEPHONE_CHANGED


@dataclass(frozen=True)
class WitnessAsked(Notice):
    """To somebody who may confirm another's new number; it does not say whose."""

    name = NoticeName.WITNESS_ASKED


@dataclass(frozen=True)
class Invitation(Notice):
    """To take up an account. The link is the key to it, so it goes by e-mail; a text message has it only where it has room."""

    name = NoticeName.INVITATION
    link: str


@dataclass(frozen=True)
class AccountDisabled(Notice):
    name = NoticeName.ACCOUNT_DISABLED


@dataclass(frozen=True)
class PasswordChanged(Notice):
    name = NoticeName.PASSWORD_CHANGED


@dataclass(frozen=True)
class RecoveryCodesRenewed(Notice):
    name = NoticeName.RECOVERY_CODES_RENEWED


@dataclass(frozen=True)
class SecondFactorSet(Notice):
    """The account was taken up, for the first time or after it was reset: it has a password and a second factor."""

    name = NoticeName.SECOND_FACTOR_SET


@dataclass(frozen=True)
class RoleGranted(Notice):
    name = NoticeName.ROLE_GRANTED


@dataclass(frozen=True)
class RoleTaken(Notice):
    name = NoticeName.ROLE_TAKEN


@dataclass(frozen=True)
class ProposalWaiting(Notice):
    """To those who may approve it."""

    name = NoticeName.PROPOSAL_WAITING


@dataclass(frozen=True)
class AccessReportReceived(Notice):
    name = NoticeName.ACCESS_REPORT_RECEIVED
    number: str


@dataclass(frozen=True)
class AccessReportAnswered(Notice):
    name = NoticeName.ACCESS_REPORT_ANSWERED
    number: str


@dataclass(frozen=True)
class Assisted(Notice):
    """A form was filled in for the person, at a centre. `centre`: its name in the language of the notice."""

    name = NoticeName.ASSISTED
    number: str
    centre: str


@dataclass(frozen=True)
class IdentityLocked(Notice):
    """The holder locked their identity, for some questions or all of them."""

    name = NoticeName.IDENTITY_LOCKED


@dataclass(frozen=True)
class IdentityUnlocked(Notice):
    name = NoticeName.IDENTITY_UNLOCKED


@dataclass(frozen=True)
class EnrolmentReceived(Notice):
    """Somebody's request to be enrolled is in. `number`: of the receipt."""

    name = NoticeName.ENROLMENT_RECEIVED
    number: str


@dataclass(frozen=True)
class EnrolmentAccepted(Notice):
    """Somebody, or whom they represent, is registered. `idcs`: the number that they have for life."""

    name = NoticeName.ENROLMENT_ACCEPTED
    number: str
    idcs: str


@dataclass(frozen=True)
class EnrolmentRejected(Notice):
    name = NoticeName.ENROLMENT_REJECTED
    number: str


@dataclass(frozen=True)
class TestimonyCode(OneTimeCode):
    """The digits by which somebody vouches, at a centre, for one who is to be enrolled. `centre`: its name in that language."""

    name = NoticeName.TESTIMONY_CODE
    centre: str


@dataclass(frozen=True)
class TestimonyGiven(Notice):
    """Somebody's testimony was taken down, at that centre."""

    name = NoticeName.TESTIMONY_GIVEN
    centre: str


@dataclass(frozen=True)
class PersonSuspended(Notice):
    """Of the record of the person, or of somebody whose guardian it is."""

    name = NoticeName.PERSON_SUSPENDED


@dataclass(frozen=True)
class PersonRestored(Notice):
    """A suspension is over, or a death that was recorded was none."""

    name = NoticeName.PERSON_RESTORED


@dataclass(frozen=True)
class PersonClosed(Notice):
    """A death was recorded, or the record was cancelled: whoever reads it can object, if it was wrong."""

    name = NoticeName.PERSON_CLOSED


@dataclass(frozen=True)
class ChangeRequestReceived(Notice):
    """Somebody asked to have the record changed. `number`: of the receipt."""

    name = NoticeName.CHANGE_REQUEST_RECEIVED
    number: str


@dataclass(frozen=True)
class ChangeRequestAccepted(Notice):
    name = NoticeName.CHANGE_REQUEST_ACCEPTED
    number: str


@dataclass(frozen=True)
class ChangeRequestRejected(Notice):
    name = NoticeName.CHANGE_REQUEST_REJECTED
    number: str


@dataclass(frozen=True)
class ChangeRequestWithdrawn(Notice):
    name = NoticeName.CHANGE_REQUEST_WITHDRAWN
    number: str


@dataclass(frozen=True)
class RecordsMerged(Notice):
    """Two records of one person are one from now on. `number`: the end of the IDCS that stays."""

    name = NoticeName.RECORDS_MERGED
    number: str


@dataclass(frozen=True)
class MergeUndone(Notice):
    """They are two again."""

    name = NoticeName.MERGE_UNDONE


NOTICES: Mapping[NoticeName, type[Notice]] = {
    notice.name: notice
    for notice in (
        OneTimeCode,
        AssistCode,
        NewSignIn,
        SignInTried,
        ConsentAsked,
        ConsentGiven,
        ConsentWithdrawn,
        ConsentEnded,
        TelephoneChangeBegun,
        TelephoneChangeFirm,
        TelephoneChangeStopped,
        TelephoneChanged,
        WitnessAsked,
        Invitation,
        AccountDisabled,
        PasswordChanged,
        RecoveryCodesRenewed,
        SecondFactorSet,
        RoleGranted,
        RoleTaken,
        ProposalWaiting,
        AccessReportReceived,
        AccessReportAnswered,
        Assisted,
        EnrolmentReceived,
        EnrolmentAccepted,
        EnrolmentRejected,
        RecordsMerged,
        MergeUndone,
        TestimonyCode,
        TestimonyGiven,
        IdentityLocked,
        IdentityUnlocked,
        PersonSuspended,
        PersonRestored,
        PersonClosed,
        ChangeRequestReceived,
        ChangeRequestAccepted,
        ChangeRequestRejected,
        ChangeRequestWithdrawn,
    )
}


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


def _check_code(code: str) -> None:
    if not _CODE.fullmatch(code):
        raise Invalid("not a code of six digits, or of ten")


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= MAX_MINUTES:
        raise Invalid(f"not 1 to {MAX_MINUTES} minutes")


def _check_name(name: str) -> None:
    checked_text(name, MAX_NAME)


def _check_link(link: str) -> None:
    if len(link) > MAX_LINK or not _LINK.fullmatch(link):
        raise Invalid("not a link")


def _check_number(number: str) -> None:
    if not _NUMBER.fullmatch(number):
        raise Invalid("not a number that is told")


def _check_idcs(number: str) -> None:
    if not _IDCS.fullmatch(number):
        raise Invalid("not the number of a person")


def _check_instant(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise Invalid("an instant without its zone")


_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "code": _check_code,
    "minutes": _check_minutes,
    "agency": _check_name,
    "centre": _check_name,
    "link": _check_link,
    "receipt": _check_number,
    "number": _check_number,
    "idcs": _check_idcs,
    "takes_effect": _check_instant,
}
