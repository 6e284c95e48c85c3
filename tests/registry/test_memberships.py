"""Who belongs to which household: written both ways at once, one household per person and one head at a time, raced or not."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from core.database import Database, Snapshot
from core.errors import Conflict, Invalid, NotFound, SijilError
from registry import store
from registry.facts import Kinship
from registry.imports import agreement_of_memberships
from registry.memberships import compose, join
from tests.access.enrolled import NOW
from tests.registry.homes import LATER, MOMENT, Homes, at

K = Kinship


async def agree(homes: Homes) -> bool:
    return await agreement_of_memberships(homes.register.database) == 0


async def test_a_household_is_composed_anew_and_its_earlier_days_stay_as_they_were(homes: Homes) -> None:
    head, spouse, child, newborn = await homes.people("1970", "1975", "2001", "2026-03-01")
    home = (await homes.home((head, K.HEAD), (spouse, K.SPOUSE), (child, K.CHILD))).household_id
    before = await homes.register.database.ask("select * from membership where person_id = $1", head.person_id)
    to_be = {head.person_id: K.HEAD, spouse.person_id: K.SPOUSE, newborn.person_id: K.CHILD}
    since = await homes.write(lambda c: compose(c, homes.register.keys, at(), {home: to_be}))
    assert since == LATER
    assert await homes.members(home, LATER) == to_be
    assert await homes.members(home, LATER - MOMENT) == {
        head.person_id: K.HEAD,
        spouse.person_id: K.SPOUSE,
        child.person_id: K.CHILD,
    }
    assert await agree(homes)
    assert await homes.register.database.ask("select * from membership where person_id = $1", head.person_id) == before
    assert await store.of_persons(homes.register.database, [child.person_id], LATER) == {}


async def test_a_change_recorded_late_counts_a_moment_after_the_newest_before_it(homes: Homes) -> None:
    head, spouse = await homes.people("1970", "1975")
    home = (await homes.home((head, K.HEAD), (spouse, K.OTHER))).household_id
    early = at(NOW - timedelta(hours=1))
    to_be = {head.person_id: K.HEAD, spouse.person_id: K.SPOUSE}
    assert await homes.write(lambda c: compose(c, homes.register.keys, early, {home: to_be})) == NOW + MOMENT
    assert await homes.members(home) == to_be
    assert await agree(homes)


async def test_a_new_head_gives_the_household_a_code_and_the_old_one_leads_to_it_still(homes: Homes) -> None:
    head, spouse = await homes.people("1970", "1975")
    loaded = await homes.home((head, K.HEAD), (spouse, K.SPOUSE))
    home, keys = loaded.household_id, homes.register.keys
    await homes.write(lambda c: compose(c, keys, at(), {home: {spouse.person_id: K.HEAD, head.person_id: K.SPOUSE}}))
    assert await homes.code(home) == f"{spouse.idcs.text}0"
    for code in (loaded.code.text, f"{spouse.idcs.text}0"):
        found = await store.by_code(homes.register.database, keys.index("HOUSEHOLD_CODE", code), keys.index_version, LATER)
        assert found is not None
        assert (found["household_id"], found["head_id"]) == (home, spouse.person_id)
    ((leaf, _),) = await homes.register.entries(spouse.person_id)
    assert leaf["field"] == "householdCode"
    # The first one is head again: the code that it had then is not given twice.
    later = at(LATER + timedelta(days=1))
    await homes.write(lambda c: compose(c, keys, later, {home: {head.person_id: K.HEAD, spouse.person_id: K.SPOUSE}}))
    assert await homes.code(home) == f"{head.idcs.text}1"


async def test_whoever_goes_from_one_household_to_another_does_so_in_one_moment(homes: Homes) -> None:
    father, daughter, groom = await homes.people("1970", "2001", "1999")
    first = (await homes.home((father, K.HEAD), (daughter, K.CHILD))).household_id
    second = (await homes.home((groom, K.HEAD))).household_id
    to_be = {first: {father.person_id: K.HEAD}, second: {groom.person_id: K.HEAD, daughter.person_id: K.SPOUSE}}
    await homes.write(lambda c: compose(c, homes.register.keys, at(), to_be))
    assert await store.of_persons(homes.register.database, [daughter.person_id], LATER - MOMENT) == {daughter.person_id: first}
    assert await store.of_persons(homes.register.database, [daughter.person_id], LATER) == {daughter.person_id: second}
    assert await homes.code(second) == f"{groom.idcs.text}0", "the same head keeps the code"
    assert await agree(homes)


async def test_a_household_that_nobody_is_left_in_is_withdrawn(homes: Homes) -> None:
    (head,) = await homes.people("1970")
    home = (await homes.home((head, K.HEAD))).household_id
    await homes.write(lambda c: compose(c, homes.register.keys, at(), {home: {}}))
    (row,) = await homes.register.database.ask("select withdrawn_at from household")
    assert row["withdrawn_at"] == LATER
    assert await store.by_id(homes.register.database, home, LATER) is None
    with pytest.raises(NotFound):
        await homes.write(lambda c: compose(c, homes.register.keys, at(), {home: {head.person_id: K.HEAD}}))


async def test_what_cannot_stand_leaves_nothing_behind(homes: Homes) -> None:
    head, other, elsewhere = await homes.people("1970", "1975", "1980")
    home = (await homes.home((head, K.HEAD), (other, K.OTHER))).household_id
    await homes.home((elsewhere, K.HEAD))
    rows = await homes.register.database.ask("select * from membership order by membership_id")
    for members, refusal, message in (
        ({head.person_id: K.HEAD, other.person_id: K.HEAD}, Conflict, "one head"),
        ({head.person_id: K.HEAD, elsewhere.person_id: K.OTHER}, Conflict, "belongs to a household"),
        ({head.person_id: K.HEAD, uuid4(): K.OTHER}, Invalid, "not registered"),
    ):
        with pytest.raises(refusal, match=message) as refused:
            await homes.write(lambda c, members=members: compose(c, homes.register.keys, at(), {home: members}))  # type: ignore[misc]
        assert refused.value.path == ("members",)
    assert await homes.register.database.ask("select * from membership order by membership_id") == rows
    assert await agree(homes)


# --- races


async def raced(homes: Homes, *wanted: dict[UUID, dict[UUID, Kinship]]) -> list[object]:
    works = [homes.write(lambda c, its=its: compose(c, homes.register.keys, at(), its)) for its in wanted]  # type: ignore[misc]
    return await asyncio.gather(*works, return_exceptions=True)


async def test_of_two_households_that_take_one_person_at_once_one_does(homes: Homes) -> None:
    first, second, wanted = await homes.people("1970", "1975", "1990")
    one, two = [await homes.home((head, K.HEAD)) for head in (first, second)]
    for _ in range(5):
        results = await raced(
            homes,
            {one.household_id: {first.person_id: K.HEAD, wanted.person_id: K.OTHER}},
            {two.household_id: {second.person_id: K.HEAD, wanted.person_id: K.OTHER}},
        )
        assert sorted(type(result).__name__ for result in results) == ["Conflict", "datetime"]
        assert await homes.register.count("membership", "person_id = $1 and valid_to is null", wanted.person_id) == 1
        assert await agree(homes)
        its = {one.household_id: {first.person_id: K.HEAD}, two.household_id: {second.person_id: K.HEAD}}
        await homes.write(lambda c, its=its: compose(c, homes.register.keys, at(), its))  # type: ignore[misc]


async def test_two_heads_that_are_made_at_once_leave_one(homes: Homes) -> None:
    head, spouse, child = await homes.people("1970", "1975", "1999")
    home = (await homes.home((head, K.HEAD), (spouse, K.OTHER), (child, K.OTHER))).household_id
    others = [
        {home: {person.person_id: K.HEAD, **{p.person_id: K.OTHER for p in (head, spouse, child) if p is not person}}}
        for person in (spouse, child)
    ]
    results = await raced(homes, *others)
    assert not [result for result in results if isinstance(result, BaseException)], "one after the other"
    assert list((await homes.members(home, LATER + timedelta(days=1))).values()).count("HEAD") == 1
    assert await agree(homes)


async def test_even_past_the_locks_the_database_lets_nobody_be_head_beside_another(database: Database, homes: Homes) -> None:
    head, spouse, child = await homes.people("1970", "1975", "1999")
    home = (await homes.home((head, K.HEAD))).household_id

    async def put(person: UUID, kinship: Kinship) -> None:
        await homes.write(lambda c: join(c, [(home, person, kinship)], LATER))

    results = await asyncio.gather(
        put(spouse.person_id, K.HEAD), put(child.person_id, K.CHILD), put(child.person_id, K.OTHER), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, SijilError)]
    assert len(refused) == 2
    assert {type(each) for each in refused} == {Conflict}
    async with database.connection() as connection:
        assert (await store.members(Snapshot(connection), home, LATER))[0]["person_id"] == head.person_id
    assert await agree(homes)
