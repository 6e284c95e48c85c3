"""What is done about somebody's record is told to the person and to each guardian but the one who does it."""

import pytest

from access.call import Call, Purpose
from core.database import Database
from core.keys import KeyRing
from identity import locks, virtual_ids
from identity.imports import LoadedPerson
from identity.virtual_ids import VirtualKind
from tests.access.enrolled import NOW
from tests.identity.asking import citizen
from tests.identity.registered import Register


@pytest.fixture
async def register(database: Database, keys: KeyRing) -> Register:
    return await Register(database, keys).set_up()


@pytest.fixture
async def family(register: Register) -> tuple[LoadedPerson, LoadedPerson, LoadedPerson]:
    """A ward, the guardian who acts, and the other one."""
    acting, ward = await register.guardian_and_ward()
    other = await register.person(given_name_latin="Rachid", sex="M")
    await register.database.ask(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, 'GUARDIAN', $2, $3)",
        ward.person_id,
        other.person_id,
        NOW,
    )
    return ward, acting, other


async def test_what_one_guardian_locks_or_opens_the_other_is_told(
    register: Register, family: tuple[LoadedPerson, LoadedPerson, LoadedPerson]
) -> None:
    ward, acting, other = family
    keys, call = register.keys, citizen(ward.person_id, holder=acting.person_id)
    await register.transact(
        lambda c: locks.lock_identity(c, call, keys, purposes=[Purpose.IDENTITY_PROOFING], mandated_too=False, minutes=None)
    )
    assert len(await register.told(other.person_id, "IDENTITY_LOCKED")) == 2
    await register.transact(lambda c: locks.unlock_identity(c, call, keys, purposes=None, minutes=None))
    assert len(await register.told(other.person_id, "IDENTITY_UNLOCKED")) == 2
    assert await register.told(acting.person_id) == []


async def test_of_a_wards_virtual_numbers_the_other_guardian_is_told(
    register: Register, family: tuple[LoadedPerson, LoadedPerson, LoadedPerson]
) -> None:
    ward, acting, other = family
    keys, call = register.keys, citizen(ward.person_id, holder=acting.person_id)
    made = await register.transact(
        lambda c: virtual_ids.issue_virtual_id(c, call, keys, kind=VirtualKind.PERMANENT, minutes=None)
    )
    assert len(await register.told(other.person_id, "VIRTUAL_ID_ISSUED")) == 2
    await register.transact(lambda c: virtual_ids.revoke_virtual_id(c, call, keys, virtual_id=made))
    assert len(await register.told(other.person_id, "VIRTUAL_ID_REVOKED")) == 2
    assert await register.told(acting.person_id) == []


async def test_of_ones_own_numbers_nobody_is_told_and_of_ones_own_lock_oneself(register: Register) -> None:
    person = await register.person()
    keys, call = register.keys, citizen(person.person_id)
    await _issue(register, call)
    assert await register.told(person.person_id) == []
    await register.transact(
        lambda c: locks.lock_identity(c, call, keys, purposes=[Purpose.PAYMENT], mandated_too=False, minutes=5)
    )
    told = await register.told(person.person_id)
    assert sorted(channel for channel, _, _ in told) == ["EMAIL", "SMS"]
    assert told == await register.told(person.person_id, "IDENTITY_LOCKED")


async def test_a_ward_who_takes_a_number_alone_has_guardians_who_know_of_it(
    register: Register, family: tuple[LoadedPerson, LoadedPerson, LoadedPerson]
) -> None:
    ward, acting, other = family
    await _issue(register, citizen(ward.person_id))
    for guardian in (acting, other):
        assert len(await register.told(guardian.person_id, "VIRTUAL_ID_ISSUED")) == 2


async def _issue(register: Register, call: Call) -> None:
    keys, kind = register.keys, VirtualKind.SINGLE_USE
    await register.transact(lambda c: virtual_ids.issue_virtual_id(c, call, keys, kind=kind, minutes=None))
