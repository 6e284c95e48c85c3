"""What the register's codes are called to staff, and what a record, or a change of one, says in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from access.catalogue import Lang
from api.portal.countries import countries
from api.portal.languages import N_, Tongue
from api.portal.words import PERSON_STATUSES, Names, names

STATUS_TAGS: Final[Mapping[str, str]] = {"ACTIVE": "good", "SUSPENDED": "warn", "DECEASED": "plain", "CANCELLED": "bad"}
STEPS: Final[Mapping[str, str]] = {
    "SUSPEND": N_("Suspend the record"),
    "RESTORE": N_("End the suspension"),
    "DECLARE_DECEASED": N_("Declare the death"),
    "CANCEL": N_("Close the record for good"),
    "UNDO_DEATH": N_("Take back a declared death"),
}
STEP_HINTS: Final[Mapping[str, str]] = {
    "SUSPEND": N_("The identifier proves nothing until the suspension ends."),
    "RESTORE": N_("The identifier counts again at once."),
    "DECLARE_DECEASED": N_("The person is signed out everywhere, and the identifier is answered for nobody."),
    "CANCEL": N_("Nobody can open it again."),
    "UNDO_DEATH": N_("For a death that was declared by mistake: the person is there again."),
}
STATUS_REASONS: Final[Mapping[str, str]] = {
    "FRAUD_SUSPECTED": N_("Suspicion of fraud"),
    "IDENTITY_DISPUTED": N_("It is disputed who the person is"),
    "DUPLICATE_SUSPECTED": N_("The person may be on record twice"),
    "ON_REQUEST": N_("The person asked for it"),
    "JUDGEMENT": N_("A court decided so"),
    "RESOLVED": N_("What was in doubt is cleared up"),
    "MISTAKE": N_("It was a mistake"),
    "DEATH_RECORD": N_("A record of death"),
    "UNLAWFUL_ENROLMENT": N_("The person should never have been enrolled"),
    "LEFT_COUNTRY": N_("The person has left the country"),
    "RETENTION_OVER": N_("The time for which data are kept is over"),
    "ERASED": N_("The person was erased"),
    "MERGED": N_("It was one person's second record"),
}
CAUSES: Final[Mapping[str, str]] = {
    "ENROLMENT": N_("Enrolled"),
    "CORRECTION": N_("Corrected"),
    "UPDATE": N_("Brought up to date"),
    "STATUS": N_("The status changed"),
    "MERGE": N_("Another record was merged into this one"),
    "UNMERGE": N_("A merge was taken back"),
    "TELEPHONE": N_("The telephone changed"),
}
SOURCES: Final[Mapping[str, str]] = {
    "HOLDER": N_("The person"),
    "CENTRE": N_("A centre"),
    "FILE": N_("A file"),
    "PACK": N_("A mobile team"),
    "PARTNER": N_("A partner"),
    "REGISTRY": N_("The registry"),
}
KINDS: Final[Mapping[str, str]] = {"CORRECTION": N_("Correction"), "UPDATE": N_("Update")}
KIND_HINTS: Final[Mapping[str, str]] = {
    "CORRECTION": N_("It was recorded wrongly."),
    "UPDATE": N_("It was right, and is otherwise now."),
}
ORIGINS: Final[Mapping[str, str]] = {
    "HOLDER": N_("The person"),
    "GUARDIAN": N_("A guardian"),
    "CENTRE": N_("A centre"),
}
REQUEST_STATES: Final[Mapping[str, str]] = {
    "SUBMITTED": N_("Waits for a decision"),
    "IN_REVIEW": N_("Being looked at"),
    "ACCEPTED": N_("Accepted"),
    "REJECTED": N_("Not accepted"),
    "WITHDRAWN": N_("Taken back"),
}
REQUEST_TAGS: Final[Mapping[str, str]] = {"SUBMITTED": "info", "IN_REVIEW": "info", "ACCEPTED": "good", "REJECTED": "bad"}
OPEN_STATES: Final = frozenset({"SUBMITTED", "IN_REVIEW"})
REFUSALS: Final[Mapping[str, str]] = {
    "EVIDENCE_MISSING": N_("A paper is missing"),
    "EVIDENCE_DOUBTFUL": N_("A paper cannot be relied on"),
    "NOT_FOUNDED": N_("What the record says is right"),
    "OTHER_WAY": N_("A court or the civil registry has to decide first"),
}
EVIDENCE_KINDS: Final[Mapping[str, str]] = {
    "CNIE": N_("Identity card"),
    "RESIDENCE_PERMIT": N_("Residence permit"),
    "PASSPORT": N_("Passport"),
    "BIRTH_RECORD": N_("Record of birth"),
    "GUARDIANSHIP": N_("Proof of guardianship"),
    "DEATH_RECORD": N_("Record of death"),
    "MARRIAGE_RECORD": N_("Record of marriage"),
    "JUDGEMENT": N_("Judgement"),
    "PROOF_OF_ADDRESS": N_("Proof of address"),
    "PHOTO": N_("Photograph"),
    "OTHER": N_("Another paper"),
}
SEXES: Final[Mapping[str, str]] = {"F": N_("Female"), "M": N_("Male")}
MARITAL_STATUSES: Final[Mapping[str, str]] = {
    "SINGLE": N_("Single"),
    "MARRIED": N_("Married"),
    "DIVORCED": N_("Divorced"),
    "WIDOWED": N_("Widowed"),
}
IN_ARABIC, IN_LATIN = N_("%(name)s, in Arabic"), N_("%(name)s, in Latin letters")
UNTIL, REASON = N_("Until"), N_("Reason")
# The members of the schema's Person, by what they tell, in the order in which people read them.
_MEMBERS: Final[Mapping[str, str]] = {
    "person.idcs": "idcs",
    "person.birth_date": "birthDate",
    "person.birth_place": "birthPlace",
    "person.sex": "sex",
    "person.father_name": "fatherName",
    "person.mother_name": "motherName",
    "person.marital_status": "maritalStatus",
    "person.nationality": "nationality",
    "person.cnie": "cnie",
    "person.residence_permit": "residencePermit",
    "person.residence": "residence",
    "person.address": "address",
    "person.telephone": "telephone",
    "person.email": "email",
    "person.status": "status",
}
_NAMES: Final = {"person.given_name": "given", "person.family_name": "family"}
CODES: Final = frozenset({"person.idcs", "person.cnie", "person.residence_permit", "person.telephone", "person.email"})
Record = Mapping[str, Any]  # a Person, as the schema gives it


@dataclass(frozen=True, slots=True)
class RegisterWords:
    """All of it in one language."""

    tongue: Tongue
    names: Names
    statuses: Mapping[str, str]
    steps: Mapping[str, str]
    step_hints: Mapping[str, str]
    reasons: Mapping[str, str]
    causes: Mapping[str, str]
    sources: Mapping[str, str]
    kinds: Mapping[str, str]
    origins: Mapping[str, str]
    states: Mapping[str, str]
    refusals: Mapping[str, str]
    evidence: Mapping[str, str]
    sexes: Mapping[str, str]
    marital_statuses: Mapping[str, str]
    countries: Mapping[str, str]

    def called(self, person: Record | None) -> str:
        """The name in the reader's script, else in the other one."""
        name = (person or {}).get("name") or {}
        first, second = ("ar", "latin") if self.tongue.lang is Lang.AR else ("latin", "ar")
        parts = [(name.get(part) or {}).get(first) or (name.get(part) or {}).get(second) for part in ("given", "family")]
        return " ".join(part for part in parts if part)

    def called_otherwise(self, person: Record | None) -> str:
        """The name in the script that the reader reads less; "" where `called` had to say it already."""
        name = (person or {}).get("name") or {}
        script = "latin" if self.tongue.lang is Lang.AR else "ar"
        text = " ".join(found for part in ("given", "family") if (found := (name.get(part) or {}).get(script)))
        return "" if text == self.called(person) else text

    def place(self, division: Mapping[str, Any] | None) -> str:
        if division is None:
            return ""
        return str(division["nameAr" if self.tongue.lang is Lang.AR else "nameFr"])

    def value(self, person: Record, attribute: str) -> str:
        """One attribute, of one script (but for names); "" where there is none."""
        found = person.get(_MEMBERS[attribute])
        if found is None:
            return ""
        if attribute == "person.birth_date":
            return self.tongue.day(found)
        if attribute in ("person.birth_place", "person.residence"):
            return self.place(found)
        codes: Mapping[str, Mapping[str, str]] = {
            "person.sex": self.sexes,
            "person.marital_status": self.marital_statuses,
            "person.nationality": self.countries,
            "person.status": self.statuses,
        }
        return codes.get(attribute, {}).get(found, str(found))

    def lines(self, person: Record) -> list[tuple[str, list[str]]]:
        """What a record says of each attribute but the status: names in both scripts, the reader's own first."""
        order = 1 if self.tongue.lang is Lang.AR else -1
        found = [(each, [text for _, text in self._scripts(person, each)[::order] if text]) for each in _NAMES]
        rest = [(each, self.value(person, each)) for each in _MEMBERS if each != "person.status"]
        return [*found, *((each, [value] if value else []) for each, value in rest)]

    def changed(self, attributes: Sequence[str], was: Record | None, becomes: Record | None) -> list[tuple[str, str, str]]:
        """Label, what was and what becomes, of each of these attributes; "" for nothing."""
        before, after, found = was or {}, becomes or {}, []
        for attribute in (*_NAMES, *_MEMBERS):
            if attribute not in attributes:
                continue
            if attribute in _NAMES:
                both = zip(self._scripts(before, attribute), self._scripts(after, attribute), strict=True)
                found += [(label, old, new) for (label, old), (_, new) in both if old or new]
            else:
                found.append((self.names.attributes[attribute], self.value(before, attribute), self.value(after, attribute)))
        return found

    def _scripts(self, person: Record, attribute: str) -> list[tuple[str, str]]:
        texts = (person.get("name") or {}).get(_NAMES[attribute]) or {}
        label = self.names.attributes[attribute]
        both = ((IN_ARABIC, "ar"), (IN_LATIN, "latin"))
        return [(self.tongue.say(text) % {"name": label}, texts.get(script) or "") for text, script in both]

    def options(self, codes: Sequence[str], said: Mapping[str, str]) -> list[tuple[str, str]]:
        return [(code, said[code]) for code in codes]


def words(tongue: Tongue) -> RegisterWords:
    def said(marked: Mapping[str, str]) -> Mapping[str, str]:
        return {code: tongue.say(text) for code, text in marked.items()}

    known = names(tongue)
    return RegisterWords(
        tongue,
        known,
        statuses=said(PERSON_STATUSES),
        steps=said(STEPS),
        step_hints=said(STEP_HINTS),
        reasons=said(STATUS_REASONS),
        causes=said(CAUSES),
        sources=said(SOURCES),
        kinds=said(KINDS),
        origins=said(ORIGINS),
        states=said(REQUEST_STATES),
        refusals=said(REFUSALS),
        evidence=said(EVIDENCE_KINDS),
        sexes=said(SEXES),
        marital_statuses=said(MARITAL_STATUSES),
        countries=countries(tongue),
    )
