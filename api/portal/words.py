"""What codes of the schema are called on pages, whatever the audience: `say(words.PURPOSES[code])` in a template.

The kinds of tags (`parts.tag`) that go with states stand beside them.
"""

from collections.abc import Mapping
from typing import Final

from api.portal.languages import N_

PURPOSES: Final[Mapping[str, str]] = {
    "IDENTITY_PROOFING": N_("Proof of identity"),
    "ELIGIBILITY": N_("Eligibility for a benefit"),
    "ENROLMENT": N_("Enrolment in a programme"),
    "PAYMENT": N_("Payment of a benefit"),
    "SERVICE_DELIVERY": N_("Delivery of a service"),
    "CASE_REVIEW": N_("Review of a case"),
    "STATISTICS": N_("Statistics"),
    "AUDIT": N_("Audit"),
}
USES: Final[Mapping[str, str]] = {
    "RELEASE": N_("the value is told"),
    "MASK": N_("a part of the value is told"),
    "MATCH": N_("a declared value is compared"),
    "PREDICATE": N_("a condition is answered with yes or no"),
    "LINK": N_("it may help to find somebody in an old file"),
}
PERSON_STATUSES: Final[Mapping[str, str]] = {
    "ACTIVE": N_("In force"),
    "SUSPENDED": N_("Suspended"),
    "DECEASED": N_("Deceased"),
    "CANCELLED": N_("No longer valid"),
}
CONSENT_STATES: Final[Mapping[str, str]] = {
    "REQUESTED": N_("Waiting for an answer"),
    "GRANTED": N_("Given"),
    "DECLINED": N_("Declined"),
    "PAUSED": N_("Paused"),
    "WITHDRAWN": N_("Withdrawn"),
    "SUPERSEDED": N_("Replaced by a newer one"),
    "INVALIDATED": N_("Void"),
    "LAPSED": N_("Not answered in time"),
    "EXPIRED": N_("Over"),
    "EXHAUSTED": N_("Used up"),
}
CONSENT_TAGS: Final[Mapping[str, str]] = {
    "REQUESTED": "info",
    "GRANTED": "good",
    "DECLINED": "bad",
    "PAUSED": "warn",
    "WITHDRAWN": "bad",
    "INVALIDATED": "bad",
}
WINDOWS: Final[Mapping[str, str]] = {
    "HOUR": N_("in an hour"),
    "DAY": N_("in a day"),
    "WEEK": N_("in a week"),
    "MONTH": N_("in 30 days"),
    "IN_ALL": N_("in all"),
}
OFFICE_KINDS: Final[Mapping[str, str]] = {
    "BRANCH": N_("Branch"),
    "MOBILE": N_("Mobile unit"),
    "PAY_POINT": N_("Pay point"),
}
VERDICTS: Final[Mapping[str, str]] = {
    "MATCH": N_("Agrees"),
    "CLOSE": N_("Nearly the same"),
    "MISMATCH": N_("Does not agree"),
    "WITHHELD": N_("Not told"),
}
VERDICT_TAGS: Final[Mapping[str, str]] = {"MATCH": "good", "CLOSE": "warn", "MISMATCH": "bad", "WITHHELD": "plain"}
LANGUAGES: Final[Mapping[str, str]] = {"AR": N_("Arabic"), "FR": N_("French"), "EN": N_("English")}
