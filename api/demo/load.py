"""Setting up the demonstration: agencies, formula and programmes, the personas, and an invented population.

All of it is one transaction: a demonstration is there as a whole, or not at all. The population streams through in batches, so
that memory does not grow with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, Purpose
from access.decision import Status
from access.imports import NewConsent, load_consents
from access.instance import refresh_statistics
from api.app import wire
from api.demo.agencies import PROFILES, YEAR, DemoAgency, enrol
from api.demo.people import InventedHousehold, InventedMember, InventedPerson, invent
from api.demo.personas import Persona, personas
from api.running import furnish
from core.database import Database, Row
from core.dates import civil_date
from core.events import Events
from core.keys import KeyRing
from identity.divisions import Division, built_in
from identity.imports import (
    LoadedPerson,
    NewLock,
    NewPerson,
    load_divisions,
    load_persons,
    refuse_unless_empty,
)
from identity.numbers import Idcs, issue
from identity.openings import open_enrolment
from registry.imports import LoadedHousehold, NewHousehold, NewMember, load_households

BATCH = 2_000  # persons, and the rest of the last household
SUBJECTS = 200
# A holder's lock at its strictest: it stops every purpose, whatever the law says.
LOCK = NewLock(frozenset(Purpose), mandated_too=True)

# Personas have the same numbers in every demonstration, so these cannot hang on an instance's key.
_PUBLIC_KEY = bytes(32)
_FIRST_RELATIVE = 1_000
_MOST_RELATIVES = 100


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody to ask about: `attributes` are the true values, as one would declare them, by their catalogue names."""

    idcs: str
    household_code: str | None
    attributes: dict[str, str]

    @property
    def document(self) -> dict[str, Any]:
        return {"idcs": self.idcs, "household_code": self.household_code, "attributes": self.attributes}


@dataclass(frozen=True, slots=True)
class Played:
    """A persona that was loaded."""

    persona: Persona
    subject: Subject

    @property
    def document(self) -> dict[str, Any]:
        return {"name": self.persona.name, "expect": self.persona.expect, **self.subject.document}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was set up; `persons` and `households` without the personas.

    `document` is what whoever plays with it needs to know. It holds the agencies' private keys.
    """

    agencies: tuple[DemoAgency, ...]
    personas: tuple[Played, ...]
    subjects: tuple[Subject, ...]
    persons: int
    households: int

    @property
    def document(self) -> dict[str, Any]:
        return {
            "agencies": [agency.document for agency in self.agencies],
            "personas": [played.document for played in self.personas],
            "subjects": [subject.document for subject in self.subjects],
        }


@dataclass(frozen=True, slots=True)
class _Register:
    """Where people are written: the open transaction and all that writing needs."""

    connection: "asyncpg.Connection[Row]"
    call: Call
    keys: KeyRing
    events: Events
    reserved: frozenset[str]
    agencies: tuple[DemoAgency, ...]

    async def load(
        self, people: Sequence[NewPerson], households: Sequence[InventedHousehold]
    ) -> tuple[dict[int, LoadedPerson], list[LoadedHousehold]]:
        """Persons by their keys, and the households in their order, with their scores."""
        loaded = await load_persons(self.connection, self.call, self.keys, people, reserved=self.reserved)
        known = {person.key: its for person, its in zip(people, loaded, strict=True)}
        new = [_new_household(household, known) for household in households]
        return known, await load_households(self.connection, self.call, self.keys, self.events, new)

    async def consent(self, people: Iterable[LoadedPerson]) -> None:
        """They consent, for a year, to all that each agency asks consent for."""
        consents = [
            NewConsent(
                person=person.person_id,
                agency=agency.agency_id,
                purpose=agency.profile.consented,
                attributes=frozenset(agency.profile.attributes),
                valid_to=self.call.now + YEAR,
            )
            for person in people
            for agency in self.agencies
        ]
        await load_consents(self.connection, self.call, consents)


async def load(
    database: Database,
    keys: KeyRing,
    call: Call,
    *,
    persons: int,
    seed: int,
    communes: Sequence[Division],
    progress: Callable[[int, int], None],
) -> Loaded:
    """Sets up the demonstration in a database that is an instance already, with that many persons besides the personas.

    `progress` is told persons done and persons in all. SUBJECTS of the population are named to ask about; they, and the
    personas who do, consent to what the agencies ask consent for. People are enrolled in all regions. Raises Conflict where
    people are registered already.
    """
    today = civil_date(call.now)
    cast = personas(today)
    numbers = persona_numbers(cast)
    async with database.begin() as transaction:
        await refuse_unless_empty(transaction, call)
        agencies = await enrol(transaction, call)
        connection = await _driver(transaction)
        formula = await furnish(connection, call, keys)
        await load_divisions(connection, call, communes)
        for region in sorted({division.region for division in built_in()}):
            await open_enrolment(transaction, call, division=f"{region:02d}", on=today)
        reserved = frozenset(number.text for number in numbers.values())
        register = _Register(connection, call, keys, wire(formula), reserved, agencies)
        played = await _play(register, cast, numbers)
        subjects: list[Subject] = []
        done = households = 0
        progress(done, persons)
        for batch in _batches(invent(persons, seed=seed, today=today, communes=communes)):
            people = [new_person(member.person) for household in batch for member in household.members]
            known, homes = await register.load(people, batch)
            picked = list(_picked(batch, homes, every=max(1, persons // SUBJECTS)))[: SUBJECTS - len(subjects)]
            for member, home in picked:
                person = member.person
                latin = len(subjects) % 2 == 0
                subjects.append(Subject(known[person.key].idcs.text, home.code.text, declared(person, latin=latin)))
            await register.consent(known[member.person.key] for member, _ in picked)
            done += len(people)
            households += len(batch)
            progress(done, persons)
    async with database.connection() as connection:
        await refresh_statistics(connection, call)
    return Loaded(agencies, played, tuple(subjects), done, households)


def persona_numbers(cast: Sequence[Persona]) -> dict[int, Idcs]:
    """The IDCS of each persona and of those who live with one, by their keys: the same in every demonstration."""
    counters: dict[int, int] = {}
    for persona in cast:
        members = () if persona.household is None else persona.household.members
        for place, member in enumerate(members):
            counters[member.person.key] = _FIRST_RELATIVE + _MOST_RELATIVES * persona.index + place
        counters[persona.person.key] = persona.index
    return {key: issue(_PUBLIC_KEY, counter, 1)[0][0] for key, counter in counters.items()}


def declared(person: InventedPerson, *, latin: bool) -> dict[str, str]:
    """What somebody who knows the person would claim, of what some agency may ask; names in one script."""
    values = {
        "person.given_name": person.given_latin if latin else person.given_ar,
        "person.family_name": person.family_latin if latin else person.family_ar,
        "person.birth_date": str(person.birth_date),
        "person.sex": person.sex,
        "person.cnie": person.cnie,
        "person.telephone": person.telephone,
        "person.nationality": person.nationality,
        "person.marital_status": person.marital_status,
    }
    asked = {name for profile in PROFILES for name in profile.matched}
    return {name: value for name, value in values.items() if value is not None and name in asked}


def new_person(
    person: InventedPerson, *, idcs: Idcs | None = None, status: Status = Status.ACTIVE, locked: NewLock | None = None
) -> NewPerson:
    return NewPerson(
        key=person.key,
        given_name_ar=person.given_ar,
        given_name_latin=person.given_latin,
        family_name_ar=person.family_ar,
        family_name_latin=person.family_latin,
        birth_date=person.birth_date,
        sex=person.sex,
        nationality=person.nationality,
        marital_status=person.marital_status,
        father_name=person.father_name,
        mother_name=person.mother_name,
        birth_place=person.birth_place,
        residence=person.residence,
        address=person.address,
        cnie=person.cnie,
        residence_permit=person.residence_permit,
        telephone=person.telephone,
        email=person.email,
        mother=person.mother_key,
        father=person.father_key,
        guardian=person.guardian_key,
        status=status,
        locked=locked,
        idcs=idcs,
    )


async def _play(register: _Register, cast: Sequence[Persona], numbers: Mapping[int, Idcs]) -> tuple[Played, ...]:
    people = []
    for persona in cast:
        members = () if persona.household is None else persona.household.members
        locked = LOCK if persona.locked else None
        status = Status(persona.status)
        people.append(new_person(persona.person, idcs=numbers[persona.person.key], status=status, locked=locked))
        others = [member.person for member in members if member.person != persona.person]
        people += [new_person(other, idcs=numbers[other.key]) for other in others]
    at_home = [persona for persona in cast if persona.household is not None]
    known, homes = await register.load(people, [persona.household for persona in at_home if persona.household])
    codes = {persona.index: home.code.text for persona, home in zip(at_home, homes, strict=True)}
    await register.consent(known[persona.person.key] for persona in cast if persona.consent)
    return tuple(
        Played(
            persona,
            Subject(numbers[persona.person.key].text, codes.get(persona.index), declared(persona.person, latin=True)),
        )
        for persona in cast
    )


def _batches(households: Iterable[InventedHousehold]) -> Iterator[list[InventedHousehold]]:
    batch: list[InventedHousehold] = []
    persons = 0
    for household in households:
        batch.append(household)
        persons += len(household.members)
        if persons >= BATCH:
            yield batch
            batch, persons = [], 0
    if batch:
        yield batch


def _picked(
    households: Sequence[InventedHousehold], homes: Sequence[LoadedHousehold], *, every: int
) -> Iterator[tuple[InventedMember, LoadedHousehold]]:
    for household, home in zip(households, homes, strict=True):
        for member in household.members:
            if member.person.key % every == 0:
                yield member, home


def _new_household(household: InventedHousehold, known: Mapping[int, LoadedPerson]) -> NewHousehold:
    head, declarant = household.members[0], household.members[household.declarant_index]
    return NewHousehold(
        head_idcs=known[head.person.key].idcs,
        declarant=known[declarant.person.key].person_id,
        milieu=household.milieu,
        region=household.region,
        division=head.person.residence,
        members=tuple(
            NewMember(known[member.person.key].person_id, member.kinship, member.person.birth_date, member.facts)
            for member in household.members
        ),
        facts=household.facts,
    )


async def _driver(transaction: AsyncConnection) -> "asyncpg.Connection[Row]":
    """The driver's own connection, which COPY needs: what it does is within the same transaction."""
    connection = (await transaction.get_raw_connection()).driver_connection
    assert isinstance(connection, asyncpg.Connection)
    assert connection.is_in_transaction()
    return connection
