"""A proof counts once and a budget holds, however many answers are settled at once, and wherever."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.counters import COUNTED, SPENT, Count, Counted, Once, replay_key, window_end
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import BadProof, Conflict, Unauthenticated
from core.ids import uuid7
from core.settlement import Settlement, Settler
from tests.access.enrolled import NOW, Enrol, Member

END = window_end(NOW, 3600)


@pytest.fixture
async def agency(enrol: Enrol) -> Member:
    return await enrol.agency("FUND")


@pytest.fixture
async def settlers(postgres: EmbeddedPostgres, clean: None) -> AsyncIterator[list[Settler]]:
    """Those of two server processes: nothing is shared but the database."""
    databases = [Database(postgres.url, connections=2) for _ in range(2)]
    settlers = [Settler(database, (SPENT, COUNTED), queue=1000) for database in databases]
    for settler in settlers:
        settler.start()
    yield settlers
    for settler, database in zip(settlers, databases, strict=True):
        await settler.stop()
        await database.close()


def spending(*jtis: str) -> Settlement:
    settlement = Settlement()
    for jti in jtis:
        settlement.add(SPENT, Once(replay_key("key", jti), NOW + timedelta(seconds=70)))
    return settlement


async def outcomes(settler: Settler, settlements: Sequence[Settlement]) -> list[Any]:
    return await asyncio.gather(*map(settler.settle, settlements), return_exceptions=True)


async def spent(database: Database) -> int:
    return int((await database.ask("select count(*) as n from replay"))[0]["n"])


# What may be used once


async def test_a_replayed_proof_is_refused_alone_and_the_others_of_its_group_pass(
    settlers: list[Settler], database: Database
) -> None:
    settler = settlers[0]
    await settler.settle(spending("seen"))
    told = await outcomes(settler, [spending("a"), spending("seen"), spending("b"), spending("c")])
    assert isinstance(told[1], Unauthenticated)
    assert told[:1] + told[2:] == [None] * 3
    assert await spent(database) == 4


async def test_of_the_same_proof_within_one_group_the_first_passes(settlers: list[Settler], database: Database) -> None:
    told = await outcomes(settlers[0], [spending("a"), spending("b"), spending("a"), spending("a", "c")])
    assert told[:2] == [None] * 2
    assert [type(outcome) for outcome in told[2:]] == [BadProof] * 2


async def test_a_settlement_with_one_used_proof_among_its_proofs_is_refused(settlers: list[Settler]) -> None:
    await settlers[0].settle(spending("assertion"))
    for settler in settlers:
        with pytest.raises(Unauthenticated):
            await settler.settle(spending("fresh proof", "assertion"))


async def test_the_same_jti_under_another_key_is_another_proof(settlers: list[Settler]) -> None:
    await settlers[0].settle(spending("a"))
    other = Settlement()
    other.add(SPENT, Once(replay_key("another key", "a"), NOW))
    await settlers[0].settle(other)


async def test_a_proof_sent_to_two_servers_at_once_passes_at_one(settlers: list[Settler], database: Database) -> None:
    rng = random.Random(7)
    for _ in range(5):
        await database.ask("truncate replay")
        jtis = [f"j{n}" for n in range(100)]
        orders = [rng.sample(jtis, len(jtis)) for _ in settlers]
        told = await asyncio.gather(
            *(outcomes(settler, [spending(jti) for jti in order]) for settler, order in zip(settlers, orders, strict=True))
        )
        passed = [dict(zip(order, outcome, strict=True)) for order, outcome in zip(orders, told, strict=True)]
        for jti in jtis:
            assert sorted(type(passed[n][jti]).__name__ for n in range(2)) == ["BadProof", "NoneType"]
        assert await spent(database) == 100


async def test_a_proof_is_still_known_after_a_restart(settlers: list[Settler], database: Database) -> None:
    await settlers[0].settle(spending("a"))
    fresh = Settler(database, (SPENT,), queue=10)
    fresh.start()
    with pytest.raises(Unauthenticated):
        await fresh.settle(spending("a"))
    await fresh.stop()


# What is used up


def counting(member: Member, *counts: tuple[UUID, int, int | None]) -> Settlement:
    settlement = Settlement()
    for owner, amount, limit in counts:
        settlement.add(COUNTED, Count(owner, member.agency_id, Counted.FAILURES, END, amount, limit))
    return settlement


async def used(database: Database) -> dict[UUID, int]:
    return {row["owner_id"]: row["used"] for row in await database.ask("select owner_id, used from counter")}


async def test_a_budget_may_be_spent_to_its_limit_and_not_beyond(
    agency: Member, settlers: list[Settler], database: Database
) -> None:
    subject = uuid7(NOW)
    await settlers[0].settle(counting(agency, (subject, 3, 5)))
    await settlers[0].settle(counting(agency, (subject, 2, 5)))
    with pytest.raises(Conflict):
        await settlers[0].settle(counting(agency, (subject, 1, 5)))
    assert await used(database) == {subject: 5}
    await settlers[1].settle(counting(agency, (subject, 1, 6)))
    assert await used(database) == {subject: 6}


async def test_a_refused_settlement_gives_back_all_that_it_took(
    agency: Member, settlers: list[Settler], database: Database
) -> None:
    free, full, also = (uuid7(NOW) for _ in range(3))
    await settlers[0].settle(counting(agency, (full, 5, 5)))
    told = await outcomes(
        settlers[0],
        [
            counting(agency, (free, 2, 100), (also, 1, None)),
            counting(agency, (free, 40, 100), (full, 1, 5), (also, 7, None), (free, 3, 100)),
            counting(agency, (free, 4, 100)),
        ],
    )
    assert [type(outcome) for outcome in told] == [type(None), Conflict, type(None)]
    assert await used(database) == {free: 6, full: 5, also: 1}


async def test_of_a_group_that_would_pass_a_limit_the_earlier_ones_pass(
    agency: Member, settlers: list[Settler], database: Database
) -> None:
    subject = uuid7(NOW)
    told = await outcomes(settlers[0], [counting(agency, (subject, 2, 5)) for _ in range(4)])
    assert [type(outcome) for outcome in told] == [type(None), type(None), Conflict, Conflict]
    assert await used(database) == {subject: 4}


async def test_what_has_no_limit_is_counted_and_never_refused(
    agency: Member, settlers: list[Settler], database: Database
) -> None:
    assert await outcomes(settlers[0], [counting(agency, (agency.agency_id, 50, None)) for _ in range(100)]) == [None] * 100
    assert await used(database) == {agency.agency_id: 5000}


async def test_counters_of_other_owners_agencies_kinds_and_windows_are_others(
    enrol: Enrol, agency: Member, settlers: list[Settler], database: Database
) -> None:
    other = await enrol.agency("OTHER")
    subject = uuid7(NOW)
    for count in (
        Count(subject, agency.agency_id, Counted.FAILURES, END, 1, 1),
        Count(uuid7(NOW), agency.agency_id, Counted.FAILURES, END, 1, 1),
        Count(subject, other.agency_id, Counted.FAILURES, END, 1, 1),
        Count(subject, agency.agency_id, Counted.POINTS, END, 1, 1),
        Count(subject, agency.agency_id, Counted.FAILURES, END + timedelta(hours=1), 1, 1),
    ):
        settlement = Settlement()
        settlement.add(COUNTED, count)
        await settlers[0].settle(settlement)
    assert [row["used"] for row in await database.ask("select used from counter")] == [1] * 5


async def test_no_budget_is_passed_under_two_hundred_settlements_at_once_on_two_servers(
    agency: Member, settlers: list[Settler], database: Database
) -> None:
    """Each takes of an agency's budget and of two subjects', in any order. What passed is what was counted, to the unit."""
    rng = random.Random(11)
    subjects = [uuid7(NOW) for _ in range(6)]
    limits = {agency.agency_id: 40, **dict.fromkeys(subjects, 60)}
    taken = []
    for _ in range(200):
        owners = rng.sample([*subjects, agency.agency_id], 3)
        taken.append([(owner, rng.randint(1, 4), limits[owner]) for owner in owners])
    highest: dict[UUID, int] = defaultdict(int)
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            for owner, amount in (await used(database)).items():
                highest[owner] = max(highest[owner], amount)

    watcher = asyncio.create_task(watch())
    halves = await asyncio.gather(
        *(outcomes(settler, [counting(agency, *counts) for counts in taken[n::2]]) for n, settler in enumerate(settlers))
    )
    done.set()
    await watcher
    told = [halves[n % 2][n // 2] for n in range(200)]
    assert {type(outcome) for outcome in told} == {type(None), Conflict}
    passed: dict[UUID, int] = defaultdict(int)
    for outcome, counts in zip(told, taken, strict=True):
        if outcome is None:
            for owner, amount, _ in counts:
                passed[owner] += amount
    counted = await used(database)
    assert {owner: amount for owner, amount in counted.items() if amount} == dict(passed)
    for owner, limit in limits.items():
        assert counted[owner] <= limit
        assert highest[owner] <= limit
    assert sum(counted.values()) > sum(limits.values()) / 2  # nor is a crowd refused as a whole


# Windows


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), st.sampled_from([60, 3600]))  # noqa: DTZ001
def test_windows_follow_each_other_without_gap_or_overlap(now: datetime, seconds: int) -> None:
    end = window_end(now, seconds)
    length = timedelta(seconds=seconds)
    assert end - length <= now < end
    assert window_end(end, seconds) == end + length
    assert window_end(end - timedelta(microseconds=1), seconds) == end
    assert int(end.timestamp()) % seconds == 0
    assert end.tzinfo is UTC
