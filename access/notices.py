"""What people are told: each a class of this closed list, with its parameters.

What it says, in three languages, stands in the modules `notice_texts….py`; how it is sent, in `wording.py`. A notice never
names what a stranger who reads it over a shoulder should not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from access.notice_parameters import CHECKS
from access.notice_texts import NoticeName
from core.errors import Invalid


class Channel(StrEnum):
    SMS = "SMS"
    EMAIL = "EMAIL"


@dataclass(frozen=True)
class Notice:
    """One thing to be told. `minutes_useful`: how long it is of use, if not for good."""

    name: ClassVar[NoticeName]

    def __post_init__(self) -> None:
        """Raises Invalid where a parameter is not what it must be."""
        for member in fields(self):
            try:
                CHECKS[member.name](getattr(self, member.name))
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
    """The holder, or a guardian, locked an identity, for some questions or all of them."""

    name = NoticeName.IDENTITY_LOCKED


@dataclass(frozen=True)
class IdentityUnlocked(Notice):
    name = NoticeName.IDENTITY_UNLOCKED


@dataclass(frozen=True)
class VirtualIdIssued(Notice):
    """Somebody who has guardians has a new virtual number: to all of them who did not take it themselves."""

    name = NoticeName.VIRTUAL_ID_ISSUED


@dataclass(frozen=True)
class VirtualIdRevoked(Notice):
    """Such a number leads to nobody any more."""

    name = NoticeName.VIRTUAL_ID_REVOKED


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
class Registered(Notice):
    """Somebody, or whom they represent, is registered by a file, without a request of their own."""

    name = NoticeName.REGISTERED
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
        Registered,
        RecordsMerged,
        MergeUndone,
        TestimonyCode,
        TestimonyGiven,
        IdentityLocked,
        IdentityUnlocked,
        VirtualIdIssued,
        VirtualIdRevoked,
        PersonSuspended,
        PersonRestored,
        PersonClosed,
        ChangeRequestReceived,
        ChangeRequestAccepted,
        ChangeRequestRejected,
        ChangeRequestWithdrawn,
    )
}
