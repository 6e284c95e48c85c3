"""What may be seen, and why: pure, over rows that were read in the answer's own snapshot.

    standing   what an agency may do at all for a purpose: its agreement in force, and the legal mandate if there is one
    decide     the same for one subject: consent where there is no mandate, the holder's lock, the subject's state, territory
    decide_self, decide_upkeep   what people see of their own record, and what the registry's own work on it needs

All answer per attribute with the uses that are allowed; what is not in the answer is denied.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from access.agreements import Agreement, Disclosed, Mandate, Term
from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from core.errors import Forbidden

NOTHING: Mapping[str, frozenset[Use]] = MappingProxyType({})
# Under a mandate a holder's lock stops these only where the holder chose so.
OPEN_UNDER_MANDATE = frozenset({Purpose.PAYMENT, Purpose.ELIGIBILITY})
# A token is an agency's own name for a person: there is none for the person.
_OF_ONESELF = MappingProxyType(
    {name: frozenset({Use.RELEASE}) for name in CATALOGUE if name.startswith("person.") and name != "person.token"}
)
_OF_THE_HOUSEHOLD = MappingProxyType(
    {
        name: frozenset({Use.RELEASE})
        for name in CATALOGUE
        if name.startswith(("household.", "member.", "score.", "eligibility.")) and not name.endswith(".token")
    }
)
_BESIDE_SOMEBODY = MappingProxyType({name: _OF_ONESELF[name] for name in ("person.given_name", "person.family_name")})


class Status(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DECEASED = "DECEASED"
    CANCELLED = "CANCELLED"
    DECOY = "DECOY"


class Ground(StrEnum):
    """On what an answer rests, or why there is none."""

    MANDATE = "MANDATE"
    CONSENT = "CONSENT"
    SELF = "SELF"  # one's own record
    WARD = "WARD"  # of somebody whose guardian looks
    UPKEEP = "UPKEEP"  # the registry's own work on the record: whom a centre serves, who answers for a telephone
    NO_CONSENT = "NO_CONSENT"
    UNKNOWN = "UNKNOWN"
    LOCKED = "LOCKED"
    NOT_ACTIVE = "NOT_ACTIVE"
    OUT_OF_TERRITORY = "OUT_OF_TERRITORY"
    WITHHELD = "WITHHELD"  # said in the place of one of these to whom it does not concern; no decision has it


@dataclass(frozen=True, slots=True)
class ConsentGrant:
    """A consent that was given and not taken back. `uses`: how often it may serve in the window that ends at `window_end`."""

    consent_id: UUID
    attributes: frozenset[str]
    valid_from: datetime
    valid_to: datetime
    uses: int | None = None
    used: int = 0
    window_end: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.valid_from <= now < self.valid_to and (self.uses is None or self.used < self.uses)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an agency may do for one purpose, whoever is asked about."""

    agency: UUID
    purpose: Purpose
    agreement: Agreement
    mandate: Mandate | None
    # Per attribute: under the mandate where there is one; else what consent may open at most.
    terms: Mapping[str, Term]

    def may(self, attribute: str, use: Use) -> bool:
        term = self.terms.get(attribute)
        return term is not None and use in term.uses

    def nothing(self, ground: Ground) -> "Decision":
        """On a subject of whom nothing may be told. That somebody asked stays hidden as long as an answer would."""
        return Decision(NOTHING, ground, None, self.agreement.hash, hidden_for=_hidden_for(self.mandate))


@dataclass(frozen=True, slots=True)
class SubjectState:
    """What a decision needs to know of a subject.

    `locked`: the purposes that the holder's locks stop, of those `locked_mandated` also where a mandate rules.
    `divisions`: commune, province and region of residence; None where they were not read.
    """

    status: Status
    locked: frozenset[Purpose] = frozenset()
    locked_mandated: frozenset[Purpose] = frozenset()
    consent: ConsentGrant | None = None
    divisions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Per attribute the uses allowed here; `ground` and `basis` say on what, for the ledger and the answer.

    `consent`: the one that it rests on. `hidden_for`: how long the entry is kept from its subject; None: for good.
    """

    uses: Mapping[str, frozenset[Use]]
    ground: Ground
    basis: str | None
    agreement: bytes
    consent: ConsentGrant | None = None
    hidden_for: timedelta | None = timedelta(0)

    def allows(self, attribute: str, use: Use) -> bool:
        return use in self.uses.get(attribute, ())


def standing(
    agency: UUID, purpose: Purpose, agreement: Agreement | None, mandates: Collection[Mandate], now: datetime
) -> Standing:
    """Raises Forbidden where there is no agreement in force, or it does not name the purpose."""
    if agreement is None or not agreement.valid_from <= now < agreement.valid_to:
        raise Forbidden("there is no agreement in force")
    if purpose not in agreement.purposes:
        raise Forbidden("the agreement does not name this purpose", path=("purpose",))
    valid = [m for m in mandates if m.purpose is purpose and m.valid_from <= now < m.valid_to]
    mandate = max(valid, key=lambda m: (m.valid_from, m.hash), default=None)
    terms = agreement.attributes
    if mandate is not None:
        terms = {name: term for name, term in terms.items() if name in mandate.attributes}
    return Standing(agency, purpose, agreement, mandate, terms)


def decide(standing: Standing, subject: SubjectState, now: datetime) -> Decision:
    """The uses of each attribute for this subject. Total: whatever does not hold leads to no uses at all."""
    ground, mandate = _obstacle(standing, subject, now), standing.mandate
    if ground is not None:
        return standing.nothing(ground)
    if mandate is not None:
        uses = {name: term.uses for name, term in standing.terms.items()}
        hidden_for = _hidden_for(mandate)
        return Decision(uses, Ground.MANDATE, mandate.hash.hex(), standing.agreement.hash, hidden_for=hidden_for)
    consent = subject.consent
    assert consent is not None
    uses = {name: term.uses for name, term in standing.terms.items() if name in consent.attributes}
    return Decision(uses, Ground.CONSENT, str(consent.consent_id), standing.agreement.hash, consent)


def decide_self(ground: Ground, *, assisted: bool = False) -> Decision:
    """Of one's own record, or a ward's (SELF or WARD): all that is known of a person is released, and nothing else.

    While somebody sits beside: the names only, for whoever is beside learns what is told.
    """
    return Decision(_BESIDE_SOMEBODY if assisted else _OF_ONESELF, ground, None, b"")


def decide_own_household() -> Decision:
    """Of the household that one belongs to, for who is of age: all that is known of it, its scores and what they open."""
    return Decision(_OF_THE_HOUSEHOLD, Ground.SELF, None, b"")


def decide_upkeep(*attributes: str) -> Decision:
    """For the registry's own work: these attributes are compared, and none is told."""
    return Decision(dict.fromkeys(attributes, frozenset({Use.MATCH})), Ground.UPKEEP, None, b"")


def decide_form(*attributes: str) -> Decision:
    """For what somebody declared, to whoever takes the form down or decides on it: just these are told."""
    return Decision(dict.fromkeys(attributes, frozenset({Use.RELEASE})), Ground.UPKEEP, None, b"")


def _hidden_for(mandate: Mandate | None) -> timedelta | None:
    if mandate is None or mandate.disclosure is Disclosed.IMMEDIATE:
        return timedelta(0)
    return None if mandate.disclosure_days is None else timedelta(days=mandate.disclosure_days)


def _obstacle(standing: Standing, subject: SubjectState, now: datetime) -> Ground | None:
    if subject.status is Status.DECOY:
        return Ground.UNKNOWN
    open_anyway = standing.mandate is not None and standing.purpose in OPEN_UNDER_MANDATE - subject.locked_mandated
    if standing.purpose in subject.locked and not open_anyway:
        return Ground.LOCKED
    territory = standing.agreement.territory
    if territory is not None and (subject.divisions is None or not territory & subject.divisions):
        return Ground.OUT_OF_TERRITORY
    if subject.status is not Status.ACTIVE:  # after what hides the state, too
        return Ground.NOT_ACTIVE
    if standing.mandate is None and (subject.consent is None or not subject.consent.holds(now)):
        return Ground.NO_CONSENT
    return None
