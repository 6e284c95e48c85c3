"""Telling who a person is, as far as it is granted to who asks."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from access.call import Call, Purpose, allow
from access.decision import Standing, decide
from access.disclosure import Disclosure, SealedRecord, Withheld
from access.reading import Reading
from access.rights import Scope
from core.database import Reader
from core.errors import BudgetSpent
from core.errors import Withheld as WithheldError
from core.keys import KeyRing
from identity import store
from identity.numbers import TokenKind, pairwise_token

T = TypeVar("T")


@dataclass(slots=True)
class ScriptedText:
    ar: str | None
    latin: str | None


@dataclass(slots=True)
class Name:
    given: "ScriptedText | Withheld | None" = None
    family: "ScriptedText | Withheld | None" = None


@dataclass(slots=True)
class DivisionView:
    code: str
    level: str
    name_fr: str
    name_ar: str
    milieu: str | None


@dataclass(slots=True)
class PersonView:
    """A person as told to one asker: each member is its value, None (there is none, or it was not asked for) or Withheld."""

    idcs: str | Withheld | None = None
    token: str | Withheld | None = None
    status: str | Withheld | None = None
    name: Name | None = None
    birth_date: str | Withheld | None = None
    birth_place: Any = None
    father_name: str | Withheld | None = None
    mother_name: str | Withheld | None = None
    sex: str | Withheld | None = None
    marital_status: str | Withheld | None = None
    nationality: str | Withheld | None = None
    cnie: str | Withheld | None = None
    residence_permit: str | Withheld | None = None
    residence: Any = None
    address: str | Withheld | None = None
    telephone: str | Withheld | None = None
    email: str | Withheld | None = None


_PLAIN = (
    "idcs",
    "birth_date",
    "father_name",
    "mother_name",
    "sex",
    "marital_status",
    "nationality",
    "cnie",
    "residence_permit",
    "address",
    "telephone",
    "email",
)
_PLACES = ("birth_place", "residence")


@allow(Scope.PERSON_READ)
async def person(
    reading: Reading,
    call: Call,
    *,
    purpose: Purpose,
    idcs: str | None = None,
    token: str | None = None,
    virtual_id: str | None = None,
    consent: UUID | None = None,
    wanted: Collection[str],
) -> PersonView:
    """What is granted of the wanted attributes of one person.

    Raises Withheld for every "no" alike: unknown, hidden, locked, not consented, out of territory.
    """
    assert call.actor.agency is not None
    reading.charge(1)
    key = store.key_of(reading.keys, call.actor.agency, idcs=idcs, token=token, virtual_id=virtual_id)
    row, (subject,) = await store.subjects(reading, call, purpose, [(key, consent)], wanted)
    standing = await reading.standing(row, call, purpose)
    if reading.over_budget(subject.entry_owner, subject.failures, call.now):
        raise BudgetSpent("too many failed questions within an hour")
    disclosure = disclose(reading, call, standing, subject, "person")
    if not disclosure.reveals("person."):
        reading.fail(subject.entry_owner)
        raise WithheldError("not granted to you here")
    view = open_person(disclosure, subject, wanted, reading.keys, standing.agency)
    # Divisions are names for codes: they may come from a later instant than the one statement that decided.
    await name_places(reading, [view])
    return view


def disclose(reading: Reading, call: Call, standing: Standing, subject: store.Subject, root_field: str) -> Disclosure:
    """The decision for a subject, and the disclosure that it opens."""
    decision = decide(standing, subject.state(standing), call.now)
    return reading.disclose(decision, subject.record, call, subject=subject.entry_owner, root_field=root_field)


def open_person(
    disclosure: Disclosure, subject: store.Subject, wanted: Collection[str], keys: KeyRing, agency: UUID
) -> PersonView:
    """Opens just the wanted attributes. Places are codes yet: `name_places` puts the divisions there."""
    view = PersonView()
    for member in (*_PLAIN, *_PLACES):
        attribute = f"person.{member}"
        if attribute in wanted:
            setattr(view, member, disclosure.reveal(attribute, _one(attribute)))
    view.name = Name(*(_scripted(disclosure, attribute, wanted) for attribute in ("person.given_name", "person.family_name")))
    if "person.status" in wanted:
        view.status = disclosure.reveal("person.status", lambda _: subject.status.value)
    if "person.token" in wanted and subject.person_id is not None:
        person_id = subject.person_id
        view.token = disclosure.reveal(
            "person.token", lambda _: pairwise_token(TokenKind.PERSON, person_id, agency, keys.tokens)
        )
    return view


async def name_places(reader: Reader, views: Collection[PersonView]) -> None:
    """Puts divisions where `open_person` left their codes: one statement for any number of people."""
    places = [(view, member) for view in views for member in _PLACES if isinstance(getattr(view, member), str)]
    rows = await store.divisions(reader, (getattr(view, member) for view, member in places))
    for view, member in places:
        setattr(view, member, division_view(rows.get(getattr(view, member))))


def division_view(row: Any) -> DivisionView | None:
    if row is None:
        return None
    return DivisionView(row["code"], row["level"], row["name_fr"], row["name_ar"], row["milieu"])


def _one(part: str) -> Callable[[SealedRecord], str | None]:
    return lambda record: record.open(part)


def _scripted(disclosure: Disclosure, attribute: str, wanted: Collection[str]) -> ScriptedText | Withheld | None:
    if attribute not in wanted:
        return None
    found = disclosure.reveal(attribute, lambda record: [record.open(f"{attribute}:ar"), record.open(f"{attribute}:latin")])
    return found if isinstance(found, Withheld) else ScriptedText(*found)
