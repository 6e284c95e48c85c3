from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from inspect import isfunction
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from access.call import Call, Purpose, lock_of, system
from access.decision import Status
from access.instance import create_instance
from access.rights import Scope
from core.database import Database
from core.dates import PartialDate, civil_date
from core.errors import Conflict, Forbidden, Invalid, SijilError, TooCostly, Unavailable
from core.events import Events
from core.ids import uuid7
from core.keys import KeyRing
from identity import imports as identity_imports
from identity.divisions import built_in
from identity.imports import NewLock, NewPerson, load_divisions, load_persons, take_numbers
from identity.numbers import Idcs, issue
from registry import imports as registry_imports
from registry.facts import FACT_KINDS, HOUSEHOLD_FACTS, MEMBER_FACTS, Kinship, Milieu
from registry.imports import (
    HouseholdsRegistered,
    NewHousehold,
    NewMember,
    agreement_of_memberships,
    load_households,
    publish_programmes,
)
from registry.programmes import packaged_programmes
from scoring import imports as scoring_imports
from scoring.imports import publish_formula, score_households, scoring_under
from scoring.score import score
from scoring.score_inputs import HouseholdToScore, MemberToScore
from scoring.score_rows import arrays, unsettled
from scoring.variables import inputs_hash

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, UTC)
TODAY = civil_date(NOW)
LOADER = Call(system("load", Scope.REGISTER_LOAD), NOW, uuid7(NOW))
TABLES = ("person", "identifier", "relative", "household", "membership", "person_household", "fact", "score")

NO_EVENTS = Events()

MOTHER = NewPerson(
    key=0,
    given_name_ar="نزهة",
    given_name_latin="Nezha",
    family_name_ar="المثال",
    family_name_latin="El Mithal",
    birth_date=PartialDate(1980, 5, 1),
    sex="F",
    nationality="MAR",
    marital_status="WIDOWED",
    residence="06.141",
    cnie="BX 54321",
)
CHILD = replace(
    MOTHER,
    key=1,
    birth_date=PartialDate(2012),
    marital_status=None,
    cnie="zy 12345",
    telephone="06 12-34-56-78",
    email="A@Example.org",
    mother=0,
    guardian=0,
)


@dataclass(frozen=True)
class Register:
    database: Database
    keys: KeyRing


@pytest.fixture
async def register(database: Database, keys: KeyRing, clean: None) -> Register:
    """An instance with its divisions, and nobody in it."""
    async with database.begin() as connection:
        await create_instance(connection, LOADER, keys, mark=keys.mark, issuer="https://register.example")
    async with database.connection() as raw:
        await load_divisions(raw, LOADER, built_in())
    return Register(database, keys)


class _Undo(Exception):
    pass


@asynccontextmanager
async def undone(register: Register) -> AsyncIterator[Any]:
    """A raw connection, in a transaction that leaves nothing."""
    async with register.database.connection() as connection:
        try:
            async with connection.transaction():
                yield connection
                raise _Undo
        except _Undo:
            pass


async def nothing_is_left(register: Register) -> bool:
    return not any([await register.database.ask(f"select 1 from {table}") for table in TABLES])


@pytest.mark.parametrize("module", [identity_imports, registry_imports, scoring_imports])
async def test_every_door_refuses_who_lacks_the_right(module: ModuleType):
    doors = [door for door in vars(module).values() if isfunction(door) and lock_of(door)]
    assert doors
    for door in doors:
        with pytest.raises(Forbidden):
            await door(None, Call(system("other", Scope.PERSON_READ), NOW, uuid7(NOW)))


# --- persons


async def test_a_person_is_kept_sealed_in_normal_form_and_found_by_it(register):
    async with undone(register) as connection:
        mother, child = await load_persons(connection, LOADER, register.keys, [MOTHER, CHILD])
        row = await connection.fetchrow("select * from person where person_id = $1", child.person_id)
        key = register.keys.masters.unwrap(child.person_id, row["data_key"])
        opened = {
            name: key.open(f"person.{name}", child.person_id, row[name]) for name in ("idcs", "cnie", "telephone", "email")
        }
        assert opened == {
            "idcs": child.idcs.text,
            "cnie": "ZY12345",
            "telephone": "+212612345678",
            "email": "a@example.org",
        }
        assert row["marital_status"] is row["residence_permit"] is None
        assert (row["status"], row["status_since"], row["enrolled_at"]) == ("ACTIVE", NOW, NOW)
        rows = await connection.fetch("select kind, hash, key_version from identifier where owner_id = $1", child.person_id)
        assert {tuple(found) for found in rows} == {
            (name.upper(), register.keys.index(name.upper(), text), 1) for name, text in opened.items()
        }
        bonds = await connection.fetch("select person_id, kind, relative_id, valid_from, valid_to from relative order by kind")
        assert [tuple(bond) for bond in bonds] == [
            (child.person_id, kind, mother.person_id, NOW, None) for kind in ("GUARDIAN", "MOTHER")
        ]


async def test_a_state_a_lock_and_a_number_may_be_brought_along(register):
    number = Idcs.parse("2516116556")
    locked = NewLock(frozenset({Purpose.PAYMENT, Purpose.AUDIT}), mandated_too=False)
    brought = replace(MOTHER, status=Status.SUSPENDED, locked=locked, idcs=number)
    async with undone(register) as connection:
        before = await connection.fetchval("select numbers_issued from instance")
        (person,) = await load_persons(connection, LOADER, register.keys, [brought])
        assert person.idcs == number
        assert await connection.fetchval("select numbers_issued from instance") == before
        assert await connection.fetchval("select status from person") == "SUSPENDED"
        row = await connection.fetchrow("select * from identity_lock")
        assert (row["person_id"], row["purposes"], row["mandated_too"]) == (person.person_id, ["AUDIT", "PAYMENT"], False)


async def test_a_reserved_number_is_skipped_for_good(register):
    async with undone(register) as connection:
        counter = await connection.fetchval("select numbers_issued from instance")
        (first, second, third), _ = issue(register.keys.number, counter, 3)
        reserved = frozenset({first.text})
        assert await take_numbers(connection, register.keys, 1, reserved) == [second]
        assert await take_numbers(connection, register.keys, 1, reserved) == [third]


async def test_no_number_is_issued_where_the_instance_is_not_known(register):
    async with undone(register) as connection:
        await connection.execute("delete from instance")
        with pytest.raises(Unavailable):
            await take_numbers(connection, register.keys, 1)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"sex": "X"}, (1, "sex")),
        ({"marital_status": "ENGAGED"}, (1, "marital_status")),
        ({"status": Status.DECOY}, (1, "status")),
        ({"cnie": "12345"}, (1, "cnie")),
        ({"telephone": "12"}, (1, "telephone")),
        ({"residence": "99.999"}, (1, "residence")),
        ({"mother": 1}, (1, "mother")),
        ({"father": 7}, (1, "father")),
        ({"key": 0}, ()),
    ],
)
async def test_a_faulty_person_is_refused_with_the_path_of_the_fault(register, change, path):
    async with undone(register) as connection:
        with pytest.raises(Invalid) as refusal:
            await load_persons(connection, LOADER, register.keys, [MOTHER, replace(CHILD, **change)])
        assert refusal.value.path == path
        assert await connection.fetchval("select count(*) from person") == 0


@pytest.mark.parametrize("change", [{"cnie": "bx54321"}, {"idcs": Idcs.parse("2516116560")}])
async def test_what_is_somebody_elses_already_is_a_conflict(register, change):
    async with undone(register) as connection:
        await load_persons(connection, LOADER, register.keys, [replace(MOTHER, idcs=Idcs.parse("2516116560"))])
        with pytest.raises(Conflict) as refusal:
            await load_persons(connection, LOADER, register.keys, [replace(MOTHER, **{"cnie": None, **change})])
        assert str(refusal.value) == "somebody has one of these numbers already"
    assert await nothing_is_left(register)


# --- households and scores


async def a_household(register: Register, connection: Any) -> NewHousehold:
    mother, child = await load_persons(connection, LOADER, register.keys, [MOTHER, CHILD])
    facts = {name: FACT_KINDS[name].low for name in MEMBER_FACTS}
    return NewHousehold(
        head_idcs=mother.idcs,
        declarant=mother.person_id,
        milieu=Milieu.RURAL,
        region=6,
        division="06.461",
        members=(
            NewMember(mother.person_id, Kinship.HEAD, MOTHER.birth_date, facts),
            NewMember(child.person_id, Kinship.CHILD, CHILD.birth_date, facts),
        ),
        facts={name: FACT_KINDS[name].low for name in HOUSEHOLD_FACTS},
    )


async def test_a_household_is_kept_with_its_code_members_and_facts(register):
    async with undone(register) as connection:
        household = await a_household(register, connection)
        (home,) = await load_households(connection, LOADER, register.keys, NO_EVENTS, [replace(household, order=3)])
        assert home.code.text == f"{household.head_idcs.text}3"
        row = await connection.fetchrow("select * from household")
        key = register.keys.masters.unwrap(home.household_id, row["data_key"])
        assert key.open("household.code", home.household_id, row["code"]) == home.code.text
        assert (row["milieu"], row["region"], row["division"], row["registered_at"]) == ("RURAL", 6, "06.461", NOW)
        owner = await connection.fetchval("select owner_id from identifier where kind = 'HOUSEHOLD_CODE'")
        assert owner == home.household_id
        by_household = await connection.fetch("select membership_id, household_id, person_id, valid_from from membership")
        by_person = await connection.fetch("select membership_id, household_id, person_id, valid_from from person_household")
        assert set(map(tuple, by_household)) == set(map(tuple, by_person))
        facts = await connection.fetch("select person_id, attribute, value from fact")
        assert sorted(map(tuple, facts), key=str) == sorted(
            [(None, *fact) for fact in household.facts.items()]
            + [(member.person_id, *fact) for member in household.members for fact in member.facts.items()],
            key=str,
        )


async def test_memberships_agree_by_household_and_by_person_and_a_difference_is_counted(register):
    async with undone(register) as connection:

        class Within:
            ask = connection.fetch

        assert await agreement_of_memberships(Within()) == 0
        household = await a_household(register, connection)
        await load_households(connection, LOADER, register.keys, NO_EVENTS, [household])
        assert await agreement_of_memberships(Within()) == 0
        await connection.execute("update membership set valid_to = valid_from + interval '1 day' where kinship = 'HEAD'")
        assert await agreement_of_memberships(Within()) == 1
        await connection.execute("delete from person_household where person_id = $1", household.members[1].person_id)
        assert await agreement_of_memberships(Within()) == 2
        await connection.execute("delete from membership")
        assert await agreement_of_memberships(Within()) == 1


Change = Callable[[NewHousehold], NewHousehold]


@pytest.mark.parametrize(
    ("change", "error", "path"),
    [
        (lambda h: replace(h, members=h.members[1:]), Invalid, (0, "members")),
        (lambda h: replace(h, members=(h.members[0], *h.members)), Invalid, (0, "members")),
        (lambda h: replace(h, members=(h.members[0], *h.members[1:] * 60)), Invalid, (0, "members")),
        (lambda h: replace(h, facts={"household.rooms": 0}), Invalid, (0, "facts", "household.rooms")),
        (lambda h: replace(h, facts={"household.bath": True}), Invalid, (0, "facts", "household.bath")),
        (lambda h: replace(h, facts={"member.literate": 1}), Invalid, (0, "facts", "member.literate")),
        (
            lambda h: replace(h, members=(replace(h.members[0], facts={"member.education": 9}), h.members[1])),
            Invalid,
            (0, "members", 0, "facts", "member.education"),
        ),
        (lambda h: replace(h, order=10), Invalid, (0,)),
        (lambda h: replace(h, division="06.999"), Invalid, ()),
        (lambda h: replace(h, members=(*h.members, replace(h.members[1], person_id=UUID(int=1)))), Invalid, ()),
        (lambda h: replace(h, members=(*h.members, h.members[1])), Conflict, ()),
    ],
)
async def test_a_faulty_household_is_refused_with_the_path_of_the_fault(
    register, change: Change, error: type[SijilError], path: tuple[str | int, ...]
):
    async with undone(register) as connection:
        household = change(await a_household(register, connection))
        with pytest.raises(error) as refusal:
            await load_households(connection, LOADER, register.keys, NO_EVENTS, [household])
        assert refusal.value.path == path
    assert await nothing_is_left(register)


async def test_a_member_of_one_household_is_taken_into_no_other(register):
    async with undone(register) as connection:
        household = await a_household(register, connection)
        await load_households(connection, LOADER, register.keys, NO_EVENTS, [household])
        with pytest.raises(Conflict):
            await load_households(connection, LOADER, register.keys, NO_EVENTS, [replace(household, order=1)])


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"household.cars": 1}, ["household.cars"]),
        ({"household.telephone": None, "household.cars": 1}, ["household.telephone", "household.cars"]),
    ],
)
async def test_a_score_is_stored_with_its_parts_and_what_keeps_it_from_being_whole(register, changes, missing):
    async with undone(register) as connection:
        household = await a_household(register, connection)
        (home,) = await load_households(connection, LOADER, register.keys, NO_EVENTS, [household])
        facts = {name: value for name, value in {**household.facts, **changes}.items() if value is not None}
        births = (MOTHER.birth_date, CHILD.birth_date)
        members = tuple(
            MemberToScore(each.kinship, birth, each.facts) for each, birth in zip(household.members, births, strict=True)
        )
        # The head need not come first.
        to_score = HouseholdToScore(home.household_id, household.milieu, household.region, facts, members[::-1])
        formula = await publish_formula(connection, LOADER, "ise-2022")
        (scored,) = await score_households(connection, LOADER, formula, [to_score])
        inputs = to_score.inputs(TODAY)
        assert scored == score(formula, inputs, TODAY)
        assert unsettled(scored) == missing
        row = await connection.fetchrow("select * from score")
        assert (row["complete"], row["missing"], row["cause"]) == (not missing, missing, "REGISTRATION")
        assert (row["formula_hash"], row["inputs_hash"], row["calculated_at"]) == (formula.hash, inputs_hash(inputs), NOW)
        assert int(row["value"].scaleb(12)) == scored.value_e12 == sum(row["amounts"])
        parts = (row["numerators"], row["denominators"], row["amounts"])
        assert parts == arrays(formula, Milieu.RURAL, scored)
        assert len(row["amounts"]) == 2 + len(formula.terms(Milieu.RURAL))
        unknown = [place for place, denominator in enumerate(row["denominators"]) if denominator == 0]
        assert len(unknown) == ("household.telephone" in missing)
        assert all(row["numerators"][place] == row["amounts"][place] == 0 for place in unknown)
        # The child turns 15; in the countryside the head's own age counts for nothing.
        assert row["ages_change_on"].isoformat() == "2027-07-01"


async def test_a_formula_and_programmes_are_published_once(register):
    async with undone(register) as connection:
        for _ in range(2):
            await publish_formula(connection, LOADER, "ise-2022")
            await publish_programmes(connection, LOADER)
        assert await connection.fetchval("select count(*) from formula") == 1
        rows = await connection.fetch("select code, version, threshold from programme order by code")
        assert [tuple(row) for row in rows] == sorted((each.code, 1, each.threshold) for each in packaged_programmes())
        await connection.execute("update formula set hash = sha256('another')")
        with pytest.raises(Conflict):
            await publish_formula(connection, LOADER, "ise-2022")


@pytest.mark.parametrize(
    ("door", "given", "limit"),
    [
        (load_persons, [None], identity_imports.MAX_BATCH),
        (load_households, [None, NO_EVENTS], registry_imports.MAX_BATCH),
        (score_households, [None], scoring_imports.MAX_BATCH),
    ],
)
async def test_too_large_a_batch_is_refused(door: Any, given: list[Any], limit: int):
    with pytest.raises(TooCostly):
        await door(None, LOADER, *given, [None] * (limit + 1))


async def test_a_household_is_scored_in_the_transaction_that_registers_it(register):
    async with undone(register) as connection:
        household = await a_household(register, connection)
        formula = await publish_formula(connection, LOADER, "ise-2022")
        events = Events()
        events.on(HouseholdsRegistered, scoring_under(formula))
        (home,) = await load_households(connection, LOADER, register.keys, events, [household])
        scores = await connection.fetch("select cause, calculated_at from score where household_id = $1", home.household_id)
        assert [tuple(row) for row in scores] == [("REGISTRATION", NOW)]
