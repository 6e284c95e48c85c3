"""Telling what is known of a household, as far as it is granted to who asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from access.call import Call, Purpose, allow
from access.decision import Ground, Standing, decide
from access.disclosure import Disclosure, SealedRecord, Withheld
from access.reading import Reading
from access.rights import Scope
from core.database import Row
from core.errors import BudgetSpent, Invalid
from core.errors import Withheld as WithheldError
from identity import people
from identity import store as identity_store
from identity.numbers import HouseholdCode, TokenKind, pairwise_token, resolve_token
from identity.people import DivisionView, PersonView
from registry import store
from registry.facts import FACT_KINDS, text_of

NO_WISH: frozenset[str] = frozenset()
_FACTS = frozenset({"household.facts"})
Views = dict[UUID, PersonView]
Disclosures = dict[UUID, Disclosure]
HOUSEHOLD_TOKEN = "h"  # noqa: S105 the letter that a household's token begins with


@dataclass(frozen=True, slots=True)
class Wish:
    """What a question asks for: attributes of the household, and those of the people it reaches in each role."""

    household: frozenset[str]
    members: frozenset[str] = NO_WISH
    head: frozenset[str] = NO_WISH
    declarant: frozenset[str] = NO_WISH


@dataclass(slots=True)
class FactView:
    attribute: str
    member: PersonView | None
    value: str
    source: str
    evidence: str | None
    dispute: str
    valid_from: datetime
    recorded_at: datetime


@dataclass(slots=True)
class MembershipView:
    person: PersonView
    token: str | Withheld | None
    kinship: str
    sex: str | Withheld | None
    valid_from: datetime
    valid_to: datetime | None


@dataclass(slots=True)
class HouseholdView:
    """A household as told to one asker: each member is its value, None (there is none, or it was not asked for) or Withheld."""

    code: str | Withheld | None = None
    token: str | Withheld | None = None
    size: int | Withheld | None = None
    members: list[MembershipView] | Withheld | None = None
    head: PersonView | Withheld | None = None
    declarant: PersonView | Withheld | None = None
    residence: DivisionView | Withheld | None = None
    milieu: str | Withheld | None = None
    facts: list[FactView] | Withheld | None = None
    # Filled by the room above: scores by the instant asked for, pages of them by (first, after), eligibilities by programme.
    scores: dict[datetime | None, Any] = field(default_factory=dict)
    score_pages: dict[tuple[int | None, str | None], Any] = field(default_factory=dict)
    eligibilities: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Opened:
    """A household that was found and decided upon: what the room above needs to go on in the same snapshot."""

    household_id: UUID
    disclosure: Disclosure
    standing: Standing
    row: Row
    view: HouseholdView = field(default_factory=HouseholdView)


@allow(Scope.HOUSEHOLD_READ)
async def household(
    reading: Reading,
    call: Call,
    *,
    purpose: Purpose,
    code: str | None = None,
    idcs: str | None = None,
    token: str | None = None,
    virtual_id: str | None = None,
    consent: UUID | None = None,
    wish: Wish,
) -> Opened:
    """One household, found by its code, by the agency's token of it, or by a member. To be called within a snapshot.

    Raises Withheld for every "no" alike. Who decides is the member asked about; where none was named, the head.
    """
    assert call.actor.agency is not None
    reading.charge(1)
    found, key = await _locate(reading, call, code, idcs, token, virtual_id)
    row, (subject,) = await identity_store.subjects(reading, call, purpose, [(key, consent)], ())
    standing = await reading.standing(row, call, purpose)
    if reading.over_budget(subject.entry_owner, subject.failures, call.now):
        raise BudgetSpent("too many failed questions within an hour")
    if code is None and found is None:
        person = subject.person_id or identity_store.DECOY
        found = (await store.of_persons(reading, [person], call.now)).get(person)
    # Nobody's household is looked for, too: a stranger must not be told apart by the statements it takes.
    home = await store.household(reading, found or identity_store.DECOY)
    if found is None or home is None:
        unknown = standing.nothing(Ground.UNKNOWN)
        disclosure = reading.disclose(unknown, subject.record, call, subject=subject.entry_owner, root_field="household")
    else:
        kept = home["code"] or None  # it went with the head, where that person was erased
        record = SealedRecord(found, reading.keys.masters.unwrap(found, home["data_key"]), {"household.code": kept})
        decision = decide(standing, subject.state(standing), call.now)
        disclosure = reading.disclose(decision, record, call, subject=found, root_field="household")
    if found is None or home is None or not disclosure.reveals("household.", "score.", "eligibility."):
        reading.fail(subject.entry_owner)
        raise WithheldError("not granted to you here")
    opened = Opened(found, disclosure, standing, home)
    await _tell(reading, call, opened, wish)
    return opened


async def _locate(
    reading: Reading, call: Call, code: str | None, idcs: str | None, token: str | None, virtual_id: str | None
) -> tuple[UUID | None, identity_store.SubjectKey]:
    """The household where it was named itself (None: nobody knows it, or a person was named), and the subject to decide on."""
    keys, agency = reading.keys, call.actor.agency
    assert agency is not None
    if [code, idcs, token, virtual_id].count(None) != 3:
        raise Invalid("a household is named in exactly one way", path=("subject",))
    if code is not None:
        try:
            text = HouseholdCode.parse(code).text
        except Invalid as fault:
            raise fault.under("code") from None
        row = await store.by_code(reading, keys.index("HOUSEHOLD_CODE", text), keys.index_version, call.now)
        stranger = keys.stranger("HOUSEHOLD_CODE", text)
    elif token is not None and token.startswith(HOUSEHOLD_TOKEN):
        try:
            _, household_id = resolve_token(token, agency, keys.tokens)
        except Invalid as fault:
            raise fault.under("subject", "token") from None
        row = await store.by_id(reading, household_id, call.now)
        stranger = keys.stranger("HOUSEHOLD", str(household_id))
    else:
        try:
            return None, identity_store.key_of(keys, agency, idcs=idcs, token=token, virtual_id=virtual_id)
        except Invalid as fault:
            raise fault.under("subject") from None
    if row is None:
        return None, identity_store.SubjectKey(None, None, stranger)
    return row["household_id"], identity_store.SubjectKey(None, row["head_id"], stranger)


async def _tell(reading: Reading, call: Call, opened: Opened, wish: Wish) -> None:
    disclosure, view, row = opened.disclosure, opened.view, opened.row

    def reveal(attribute: str, value: Any) -> Any:
        return disclosure.reveal(attribute, lambda _: value) if attribute in wish.household else None

    if "household.code" in wish.household:
        view.code = disclosure.reveal("household.code", lambda record: record.open("household.code"))
    if "household.token" in wish.household:
        token = pairwise_token(TokenKind.HOUSEHOLD, opened.household_id, opened.standing.agency, reading.keys.tokens)
        view.token = reveal("household.token", token)
    view.milieu = reveal("household.milieu", row["milieu"])
    residence = reveal("household.residence", row["division"])
    if isinstance(residence, str):
        residence = people.division_view((await identity_store.divisions(reading, [residence])).get(residence))
    view.residence = residence
    persons, disclosures = await _tell_members(reading, call, opened, wish)
    if "household.facts" in wish.household:
        view.facts = await _tell_facts(reading, call, opened, persons, disclosures)


async def _tell_members(reading: Reading, call: Call, opened: Opened, wish: Wish) -> tuple[Views, Disclosures]:
    """Members, head and declarant, each person opened under a decision of its own and only as far as its roles ask.

    Gives the people who are told, and the disclosure of each whose facts or attributes may be.
    """
    view, disclosure = opened.view, opened.disclosure
    facts = "household.facts" in wish.household and disclosure.may_reveal("household.facts")
    if not facts and not {"household.members", "household.size"} & wish.household:
        return {}, {}
    rows = await store.members(reading, opened.household_id, call.now)
    size = len(rows)
    if "household.size" in wish.household:
        view.size = disclosure.reveal("household.size", lambda _: size)
    told: Any = None
    if "household.members" in wish.household:
        told = disclosure.reveal("household.members", lambda _: [row["kinship"] for row in rows])
        if isinstance(told, Withheld):
            view.members = view.head = view.declarant = told
    shown = isinstance(told, list)
    declarant = opened.row["declarant_id"]
    wanted = {
        row["person_id"]: (_of_role(row, wish, declarant) if shown else NO_WISH) | (_FACTS if facts else NO_WISH)
        for row in rows
    }
    persons, disclosures = await _open_people(reading, call, opened.standing, wanted)
    if not shown:
        return {}, disclosures
    view.members = [
        MembershipView(
            person=persons[row["person_id"]],
            token=persons[row["person_id"]].token,
            kinship=row["kinship"],
            sex=persons[row["person_id"]].sex,
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
        )
        for row in rows
    ]
    view.head = next((member.person for member in view.members if member.kinship == "HEAD"), None)
    view.declarant = persons.get(declarant)
    return persons, disclosures


def _of_role(row: Row, wish: Wish, declarant: UUID) -> frozenset[str]:
    head = wish.head if row["kinship"] == "HEAD" else NO_WISH
    return wish.members | head | (wish.declarant if row["person_id"] == declarant else NO_WISH)


async def _open_people(
    reading: Reading, call: Call, standing: Standing, wanted: Mapping[UUID, frozenset[str]]
) -> tuple[Views, Disclosures]:
    views = {person: PersonView() for person in wanted}
    disclosures: Disclosures = {}
    asked = [person for person, attributes in wanted.items() if attributes]
    if not asked:
        return views, disclosures
    keys = [(identity_store.SubjectKey(None, person, person), None) for person in asked]
    _, subjects = await identity_store.subjects(reading, call, standing.purpose, keys, NO_WISH.union(*wanted.values()))
    for person, subject in zip(asked, subjects, strict=True):
        disclosures[person] = people.disclose(reading, call, standing, subject, "household")
        views[person] = people.open_person(disclosures[person], subject, wanted[person], reading.keys, standing.agency)
    await people.name_places(reading, views.values())
    return views, disclosures


async def _tell_facts(
    reading: Reading, call: Call, opened: Opened, persons: Views, disclosures: Disclosures
) -> list[FactView] | Withheld:
    """The facts whose own attributes are granted too: a member's under the decision on that member."""
    disclosure = opened.disclosure
    allowed = disclosure.reveal("household.facts", lambda _: [name for name in FACT_KINDS if disclosure.may_reveal(name)])
    if isinstance(allowed, Withheld):
        return allowed
    told = []
    for row in await store.facts(reading, opened.household_id, allowed, call.now):
        value = text_of(row["attribute"], row["value"])
        of_whom = disclosure if row["person_id"] is None else disclosures.get(row["person_id"])
        if of_whom is None or isinstance(of_whom.reveal(row["attribute"], partial(_same, value)), Withheld):
            continue
        told.append(
            FactView(
                attribute=row["attribute"],
                member=persons.get(row["person_id"]),
                value=value,
                source=row["source"],
                evidence=None if row["evidence"] is None else str(row["evidence"]),
                dispute=row["dispute"],
                valid_from=row["valid_from"],
                recorded_at=row["recorded_from"],
            )
        )
    return told


def _same(value: str, _: SealedRecord) -> str:
    return value
