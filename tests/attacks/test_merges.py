"""Attacks on merging records and on what is shown of doubles."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from access.rights import Role
from core.errors import Conflict, Invalid
from core.ids import uuid7
from identity import duplicate_cases, virtual_ids
from identity.duplicate_cases import CaseReason, CaseView
from identity.register_models import DuplicateCase
from identity.virtual_ids import VirtualKind, VirtualState
from registry.models import PersonHousehold
from tests.access.enrolled import NOW
from tests.identity.asking import citizen
from tests.identity.registered import CASABLANCA, MINUTE, RABAT, Register, new_person, staff_call
from tests.identity.test_changes import Office
from tests.identity.test_merging import Court, home, pair, rows

ROLE = "ADJUDICATOR"


@pytest.fixture
async def register(database: Any, keys: Any, clean: None) -> Register:
    return await Register(database, keys).set_up()


@pytest.fixture
async def court(register: Register) -> Court:
    return Court(register, await register.staff(Role.ADJUDICATOR), await register.staff(Role.ADJUDICATOR))


@pytest.fixture
async def office(register: Register) -> Office:
    roles = (Role.SUPERVISOR, Role.SUPERVISOR, Role.CENTRE_AGENT)
    return Office(register, *[await register.staff(role) for role in roles])


async def put_case(register: Register, person: UUID, other: UUID, now: Any = NOW, **more: Any) -> UUID:
    case = uuid7(now)
    row = {
        "person_id": person,
        "case_id": case,
        "other_id": other,
        "origin": "COMPARISON",
        "outcome": "REVIEW",
        "division": CASABLANCA,
        "found_at": now,
        "state": "OPEN",
    }
    await register.transact(lambda c: c.execute(insert(DuplicateCase).values(row | more)))
    return case


async def test_two_who_were_found_to_be_two_people_are_not_merged_by_naming_no_case(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    case = await put_case(register, retired.person_id, survivor.person_id)
    call = staff_call(await register.staff(Role.ADJUDICATOR), ROLE)
    await register.transact(lambda c: duplicate_cases.decide_duplicate(c, call, case=case, same=False, reason=CaseReason.TWINS))
    for named in (None, case):
        with pytest.raises(Conflict):
            await court.merge(survivor, retired, named)
        with pytest.raises(Conflict):
            await court.merge(retired, survivor, named)
    newer = await put_case(register, survivor.person_id, retired.person_id, NOW + MINUTE, origin="BIOMETRIC")
    await court.merge(survivor, retired, newer)  # somebody found anew that they may be one


async def test_a_merge_leaves_no_case_of_the_two_open(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    await put_case(register, retired.person_id, survivor.person_id)
    await put_case(register, survivor.person_id, retired.person_id, origin="BIOMETRIC")
    await court.merge(survivor, retired)
    assert await register.count("duplicate_case", "state = 'SAME' and reason = 'MERGED'") == 2


@pytest.mark.parametrize("dead", [0, 1])
async def test_a_death_is_not_undone_nor_made_by_a_merge(register: Register, court: Court, dead: int) -> None:
    both = await pair(register)
    await register.database.ask("update person set status = 'DECEASED' where person_id = $1", both[dead].person_id)
    with pytest.raises(Conflict):
        await court.merge(*both)


@pytest.mark.parametrize("kind", ["FATHER", "GUARDIAN"])
async def test_father_and_son_do_not_become_one(register: Register, court: Court, kind: str) -> None:
    father, son = await pair(register)
    await register.database.ask(
        "insert into relative (person_id, kind, relative_id, valid_from) values ($1, $2, $3, $4)",
        *(son.person_id, kind, father.person_id, NOW),
    )
    for both in ((father, son), (son, father)):
        with pytest.raises(Conflict):
            await court.merge(*both)


async def test_the_card_of_the_retired_record_can_be_the_right_one(register: Register, court: Court, office: Office) -> None:
    """The record that stays takes it over; an undoing does not make two people of one card then."""
    survivor, retired = await pair(register, cnie="CD654321")
    await court.merge(survivor, retired)
    request = await office.ask(survivor.person_id, cnie="CD654321")
    await office.evidence(survivor.person_id, request)
    await office.decide(request, now=NOW + MINUTE)
    assert (await office.values(survivor.person_id))["person.cnie"] == "CD654321"
    with pytest.raises(Conflict):
        await court.undo(retired)
    assert await register.count("identifier", "kind = 'CNIE' and owner_id = $1", survivor.person_id) == 1


async def test_a_card_that_a_third_has_since_is_in_the_way_of_an_undoing_and_it_is_said(
    register: Register, court: Court, office: Office
) -> None:
    """The record that stayed took the card over and gave it up; undoing the merge failed on a constraint."""
    survivor, retired = await pair(register, cnie="CD654321")
    await court.merge(survivor, retired)
    for place, number in enumerate(("CD654321", "AB123456")):
        request = await office.ask(survivor.person_id, cnie=number)
        await office.evidence(survivor.person_id, request)
        await office.decide(request, now=NOW + (place + 1) * MINUTE)
    third = await register.person(cnie="CD654321")
    with pytest.raises(Conflict) as refused:
        await court.undo(retired)
    assert refused.value.path == ("alias",)
    owners = await register.database.ask(
        "select owner_id from identifier where hash = $1", register.keys.index("CNIE", "CD654321")
    )
    assert [row["owner_id"] for row in owners] == [third.person_id]
    assert await register.count("person_alias", "undone_at is null") == 1


@pytest.mark.parametrize("before", ["ACTIVE", "SUSPENDED", "DECEASED"])
@pytest.mark.parametrize("since", ["SUSPENDED", "DECEASED", "ACTIVE"])
async def test_an_undoing_gives_back_the_status_that_was_and_leaves_the_others_alone(
    register: Register, court: Court, before: str, since: str
) -> None:
    both = await pair(register)
    its = [person.person_id for person in (both if before == "DECEASED" else both[1:])]
    await register.database.ask("update person set status = $1 where person_id = any($2)", before, its)
    await court.merge(*both)
    await register.database.ask("update person set status = $1 where person_id = $2", since, both[0].person_id)
    await court.undo(both[1])
    statuses = await register.database.ask(
        "select person_id, status from person where person_id = any($1)", [person.person_id for person in both]
    )
    assert {row["person_id"]: row["status"] for row in statuses} == {both[0].person_id: since, both[1].person_id: before}


async def test_a_past_place_in_a_household_is_in_the_way_of_no_undoing(register: Register, court: Court) -> None:
    """Both were members of one household, one after the other, with facts of their own."""
    survivor, retired = await pair(register)
    await home(register, retired)
    await register.database.ask(
        """insert into fact (household_id, fact_id, person_id, attribute, value, source, dispute, valid_from, recorded_from)
           values ($1, $2, $2, 'member.literate', 0, 'DECLARED', 'NONE', $3, $3)""",
        *(retired.person_id, survivor.person_id, NOW),
    )
    before = await rows(register)
    await court.merge(survivor, retired)
    await court.undo(retired)
    assert await rows(register) == before


async def test_members_of_two_households_at_one_time_in_the_past_are_not_merged(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    await home(register, retired)
    past = {
        "household_id": survivor.person_id,
        "membership_id": survivor.person_id,
        "person_id": survivor.person_id,
        "valid_from": NOW - MINUTE,
        "valid_to": NOW + MINUTE / 60,
    }
    await register.transact(lambda c: c.execute(insert(PersonHousehold).values(past)))
    before = await rows(register)
    court.now += MINUTE
    with pytest.raises(Conflict):
        await court.merge(survivor, retired)
    assert await rows(register) == before


async def test_what_was_decided_shows_nobody_any_more(register: Register) -> None:
    """Who decided once about somebody who lives elsewhere has no window on their record from then on."""
    here, there = await register.load(new_person(0), new_person(1, residence=RABAT))
    case = await put_case(register, here.person_id, there.person_id)
    call = staff_call(await register.staff(Role.ADJUDICATOR), f"{ROLE} {CASABLANCA}")

    async def shown() -> CaseView:
        return await register.read(
            lambda r: duplicate_cases.duplicate(r, call, case=case, wanted=["person.telephone", "person.address"]), call
        )

    assert all(side.person is not None for side in (await shown()).sides)
    looks = len(await register.entries(there.person_id))
    await register.transact(
        lambda c: duplicate_cases.decide_duplicate(c, call, case=case, same=False, reason=CaseReason.NAMESAKES)
    )
    view = await shown()
    assert [side.person for side in view.sides] == [None, None]
    assert len(await register.entries(there.person_id)) == looks


async def test_the_person_sees_and_revokes_numbers_of_a_record_that_was_merged(register: Register, court: Court) -> None:
    survivor, retired = await pair(register)
    (stranger,) = await register.load(new_person(5))
    theirs, mine = citizen(retired.person_id), citizen(survivor.person_id)
    await register.transact(
        lambda c: virtual_ids.issue_virtual_id(c, theirs, register.keys, kind=VirtualKind.PERMANENT, minutes=None)
    )
    (number,) = await register.read(lambda r: virtual_ids.virtual_ids(r, theirs), theirs)
    assert await register.read(lambda r: virtual_ids.virtual_ids(r, mine), mine) == []
    await court.merge(survivor, retired)
    (seen,) = await register.read(lambda r: virtual_ids.virtual_ids(r, mine), mine)
    assert (seen.number, seen.state) == (number.number, VirtualState.OPEN)
    with pytest.raises(Invalid):
        await register.transact(
            lambda c: virtual_ids.revoke_virtual_id(c, citizen(stranger.person_id), register.keys, virtual_id=number.virtual_id)
        )
    await register.transact(lambda c: virtual_ids.revoke_virtual_id(c, mine, register.keys, virtual_id=number.virtual_id))
    (seen,) = await register.read(lambda r: virtual_ids.virtual_ids(r, mine), mine)
    assert seen.state is VirtualState.REVOKED
    await court.undo(retired)
    assert await register.read(lambda r: virtual_ids.virtual_ids(r, mine), mine) == []
