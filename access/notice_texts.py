"""What the words of a notice are; the modules `notice_texts_….py` have them, by what they are of.

Of text messages there are several forms, the fullest first; the last one always fits.

French and English messages keep to the alphabet of GSM 03.38 (no ê, ç or ’): one sign outside it would halve what fits.
"""

from dataclasses import dataclass
from enum import StrEnum

from access.catalogue import Lang


class NoticeName(StrEnum):
    """Everything that people are told of: a closed list."""

    ONE_TIME_CODE = "ONE_TIME_CODE"
    ASSIST_CODE = "ASSIST_CODE"
    NEW_SIGN_IN = "NEW_SIGN_IN"
    SIGN_IN_TRIED = "SIGN_IN_TRIED"
    CONSENT_ASKED = "CONSENT_ASKED"
    CONSENT_GIVEN = "CONSENT_GIVEN"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_ENDED = "CONSENT_ENDED"
    TELEPHONE_CHANGE_BEGUN = "TELEPHONE_CHANGE_BEGUN"
    TELEPHONE_CHANGE_FIRM = "TELEPHONE_CHANGE_FIRM"
    TELEPHONE_CHANGE_STOPPED = "TELEPHONE_CHANGE_STOPPED"
    TELEPHONE_CHANGED = "TELEPHONE_CHANGED"
    WITNESS_ASKED = "WITNESS_ASKED"
    INVITATION = "INVITATION"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 a name
    RECOVERY_CODES_RENEWED = "RECOVERY_CODES_RENEWED"
    SECOND_FACTOR_SET = "SECOND_FACTOR_SET"
    ROLE_GRANTED = "ROLE_GRANTED"
    ROLE_TAKEN = "ROLE_TAKEN"
    PROPOSAL_WAITING = "PROPOSAL_WAITING"
    ACCESS_REPORT_RECEIVED = "ACCESS_REPORT_RECEIVED"
    ACCESS_REPORT_ANSWERED = "ACCESS_REPORT_ANSWERED"
    ASSISTED = "ASSISTED"
    ENROLMENT_RECEIVED = "ENROLMENT_RECEIVED"
    ENROLMENT_ACCEPTED = "ENROLMENT_ACCEPTED"
    ENROLMENT_REJECTED = "ENROLMENT_REJECTED"
    REGISTERED = "REGISTERED"
    RECORDS_MERGED = "RECORDS_MERGED"
    MERGE_UNDONE = "MERGE_UNDONE"
    TESTIMONY_CODE = "TESTIMONY_CODE"
    TESTIMONY_GIVEN = "TESTIMONY_GIVEN"
    IDENTITY_LOCKED = "IDENTITY_LOCKED"
    IDENTITY_UNLOCKED = "IDENTITY_UNLOCKED"
    VIRTUAL_ID_ISSUED = "VIRTUAL_ID_ISSUED"
    VIRTUAL_ID_REVOKED = "VIRTUAL_ID_REVOKED"
    PERSON_SUSPENDED = "PERSON_SUSPENDED"
    PERSON_RESTORED = "PERSON_RESTORED"
    PERSON_CLOSED = "PERSON_CLOSED"
    CHANGE_REQUEST_RECEIVED = "CHANGE_REQUEST_RECEIVED"
    CHANGE_REQUEST_ACCEPTED = "CHANGE_REQUEST_ACCEPTED"
    CHANGE_REQUEST_REJECTED = "CHANGE_REQUEST_REJECTED"
    CHANGE_REQUEST_WITHDRAWN = "CHANGE_REQUEST_WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in one language. `sms`: its forms as a text message, tried in this order."""

    subject: str
    body: str
    sms: tuple[str, ...]


_FOOT = {
    Lang.AR: "\n\nهذه رسالة آلية من سجل. لن يطلب منك أحد رمزا أو كلمة سر، لا بالهاتف ولا بالرسائل.\n",
    Lang.FR: (
        "\n\nCeci est un message automatique de Sijil. Personne ne vous demandera jamais un code ou un mot de passe, "
        "ni par téléphone ni par message.\n"
    ),
    Lang.EN: (
        "\n\nThis is an automatic message from Sijil. Nobody will ever ask you for a code or a password, "
        "neither by telephone nor by message.\n"
    ),
}


def said(lang: Lang, subject: str, body: str, *sms: str) -> Text:
    """With what stands at the foot of every e-mail."""
    return Text(subject, body + _FOOT[lang], sms)
