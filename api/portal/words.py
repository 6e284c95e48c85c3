"""What codes of the schema are called on pages, whatever the audience, and what people read of attributes, divisions and dates.

    say(words.PURPOSES[code])                                 in a template
    more=lambda asked, _: {"names": names(asked.tongue)}      and in a template, all of it in the reader's language:
    names.purposes["PAYMENT"], names.attributes["person.sex"], names.division("04"), names.last_day(grant["validTo"])

The kinds of tags (`parts.tag`) that go with states stand beside them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from access.catalogue import CATALOGUE, Lang
from api.portal.languages import N_, Tongue
from core.dates import CIVIL_ZONE
from identity.divisions import Level, built_in

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
LEVELS: Final[Mapping[str, str]] = {
    "EXACT": N_("exactly, or with another spelling of the same sound"),
    "CLOSE": N_("also with one letter off"),
}
DISCLOSURES: Final[Mapping[str, str]] = {
    "IMMEDIATE": N_("At once"),
    "DELAYED": N_("After some days"),
    "SEALED": N_("Never, while the law forbids it"),
}
ROLES: Final[Mapping[str, str]] = {
    "CENTRE_AGENT": N_("Agent of a centre"),
    "SUPERVISOR": N_("Supervisor"),
    "ADJUDICATOR": N_("Adjudicator"),
    "PUBLISHER": N_("Publisher"),
    "AUDITOR": N_("Auditor"),
    "OVERSEER": N_("Overseer"),
    "ADMINISTRATOR": N_("Administrator"),
    "AGENCY_ADMINISTRATOR": N_("Administrator of an agency"),
    "OFFICER": N_("Officer of an agency"),
}
DUTIES: Final[Mapping[str, str]] = {
    "CENTRE_AGENT": N_("Sits beside citizens, and changes telephones at a centre."),
    "SUPERVISOR": N_("As an agent, and answers what citizens report."),
    "ADJUDICATOR": N_("Answers what citizens report."),
    "PUBLISHER": N_("Enrols agencies, and publishes what they may ask for. Approves what other publishers propose."),
    "AUDITOR": N_("Reads who looked at what, and what citizens report."),
    "OVERSEER": N_("Sees figures only."),
    "ADMINISTRATOR": N_("Invites people and gives roles. Approves what other administrators propose."),
}
GROUPS: Final[Mapping[str, str]] = {
    "person": N_("The person"),
    "household": N_("The household"),
    "member": N_("Members of the household"),
    "score": N_("The index"),
    "eligibility": N_("Eligibility"),
}
EVERYWHERE: Final = N_("The whole country")
_REGION: Final = N_("Region: %(name)s")


@dataclass(frozen=True, slots=True)
class Names:
    """All of it in one language. A name that is not known stands for itself."""

    tongue: Tongue
    purposes: Mapping[str, str]
    uses: Mapping[str, str]
    levels: Mapping[str, str]
    disclosures: Mapping[str, str]
    roles: Mapping[str, str]
    duties: Mapping[str, str]
    languages: Mapping[str, str]
    groups: Mapping[str, str]
    attributes: Mapping[str, str]

    def division(self, code: str | None) -> str:
        """Its name; of a commune the code alone, since communes come from a file."""
        if code is None:
            return self.tongue.say(EVERYWHERE)
        return _NAMES[self.tongue.lang].get(code, code)

    def territory(self, divisions: Iterable[str] | None) -> str:
        if divisions is None:
            return self.tongue.say(EVERYWHERE)
        return self.tongue.listed(self.division(code) for code in divisions)

    @property
    def regions(self) -> list[tuple[str, str]]:
        """Code and name of each region, for a choice."""
        return [(code, name) for code, name in _NAMES[self.tongue.lang].items() if len(code) == len("01")]

    @property
    def divisions(self) -> list[tuple[str, str]]:
        """Code and name of each region, and after it those of its provinces, for a choice."""
        names, region = _NAMES[self.tongue.lang], self.tongue.say(_REGION)
        return [(code, names[code] if "." in code else region % {"name": names[code]}) for code in sorted(names)]

    def first_day(self, instant: str | datetime) -> str:
        """When something begins: a day, where it is the beginning of one."""
        at = _local(instant)
        return self.tongue.day(at) if at.time() == time() else self.tongue.moment(at)

    def last_day(self, instant: str | datetime) -> str:
        """Until when something holds: the last day, where it holds to the end of one."""
        at = _local(instant)
        return self.tongue.day(at - timedelta(days=1)) if at.time() == time() else self.tongue.moment(at)


def names(tongue: Tongue) -> Names:
    def said(marked: Mapping[str, str]) -> Mapping[str, str]:
        return {name: tongue.say(text) for name, text in marked.items()}

    return Names(
        tongue,
        purposes=said(PURPOSES),
        uses=said(USES),
        levels=said(LEVELS),
        disclosures=said(DISCLOSURES),
        roles=said(ROLES),
        duties=said(DUTIES),
        languages=said(LANGUAGES),
        groups=said(GROUPS),
        attributes={name: attribute.labels[tongue.lang] for name, attribute in CATALOGUE.items()},
    )


def _local(instant: str | datetime) -> datetime:
    at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return at.astimezone(CIVIL_ZONE)


def _names() -> Mapping[Lang, Mapping[str, str]]:
    known = [division for division in built_in() if division.level in (Level.REGION, Level.PROVINCE)]
    in_arabic, in_french = ({d.code: d.name_ar for d in known}, {d.code: d.name_fr for d in known})
    return {Lang.AR: in_arabic, Lang.FR: in_french, Lang.EN: in_french}


_NAMES: Final = _names()
