"""Guessing is slowed to a crawl, whoever does it from wherever, and no stranger locks anybody out of their own devices."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address
from itertools import accumulate
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.throttles import (
    ACCOUNT,
    ADDRESS,
    DEVICE,
    PAIR,
    SECOND_FACTOR,
    UNKNOWN,
    Budget,
    Charge,
    Waits,
    charges_of_second_factor,
    charges_of_sign_in,
    give_back,
    is_spent,
    network_of,
    spend,
)
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from tests.access.enrolled import NOW

SUBJECT, OTHER = UUID(int=1), UUID(int=2)
HERE, THERE = "192.0.2.7", "198.51.100.9"
RULES: list[Waits | Budget] = [PAIR, DEVICE, SECOND_FACTOR, ADDRESS, ACCOUNT]
EXAMPLE = Waits("EXAMPLE", free=3, first_seconds=10, longest_seconds=50, memory_seconds=100)
FEW = Budget("FEW", limit=3, window_seconds=100)
KEY = b"k" * 16


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def tried(database: Database, charges: Sequence[Charge], now: datetime = NOW) -> int:
    """What a try is told, in a transaction of its own."""
    async with database.begin() as connection:
        return await spend(connection, charges, now=now)


async def was_right(database: Database, charges: Sequence[Charge], now: datetime = NOW) -> None:
    async with database.begin() as connection:
        await give_back(connection, charges, now=now)


async def counted(database: Database) -> dict[str, int]:
    """By kind, over all keys."""
    rows = await database.ask("select kind, sum(used)::int as used from throttle group by kind")
    return {row["kind"]: row["used"] for row in rows}


# The schedule


def test_after_five_tries_the_wait_doubles_from_half_a_minute_to_a_quarter_of_an_hour() -> None:
    expected = [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    for rule in (PAIR, DEVICE, SECOND_FACTOR):
        assert [rule.wait_after(tries) for tries in range(1, 13)] == expected
        assert list(rule.schedule) == expected[:10]
        assert rule.wait_after(10**9) == 900
    assert PAIR.memory_seconds == DEVICE.memory_seconds == 15 * 60


def test_all_strangers_together_may_try_far_more_than_one_of_them() -> None:
    assert ACCOUNT.limit == ADDRESS.limit == 20 * PAIR.free


def test_every_kind_fits_its_column_and_is_its_own() -> None:
    assert len({rule.kind for rule in RULES}) == len(RULES)
    assert all(len(rule.kind) <= 24 for rule in RULES)


@given(st.integers(1, 20), st.integers(1, 100), st.integers(1, 5000))
def test_waits_never_become_shorter_and_reach_the_longest(free: int, first: int, longest: int) -> None:
    rule = Waits("ANY", free, first, longest, 60)
    waits = [rule.wait_after(tries) for tries in range(1, len(rule.schedule) + 3)]
    assert waits[: free - 1] == [0] * (free - 1)
    assert waits[-1] == longest
    assert waits == sorted(waits)
    assert all(later <= earlier * 2 for earlier, later in zip(waits[free - 1 :], waits[free:], strict=False))


# Whose count it is


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3:3:4:5:6", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", UNKNOWN),
        ("192.0.2", UNKNOWN),
        ("192.0.2.007", UNKNOWN),
        ("testclient", UNKNOWN),
        ("\0", UNKNOWN),
    ],
)
def test_an_address_counts_as_a_whole_or_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.ip_addresses(v=6).map(int), st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_network_count_as_one(address: int, other: int) -> None:
    network = address >> 64
    if network == 0:
        network = 1  # the mapped IPv4 addresses lie in the first
    texts = {network_of(str(IPv6Address(network << 64 | rest))) for rest in (address % 2**64, other)}
    assert len(texts) == 1


@given(st.text(max_size=50))
def test_whatever_is_said_to_be_an_address_counts_as_something(address: str) -> None:
    assert 0 < len(network_of(address)) <= 45


def test_a_stranger_is_counted_thrice_and_a_known_device_by_itself(keys: KeyRing) -> None:
    stranger = charges_of_sign_in(keys, SUBJECT, address=HERE, device=None)
    assert {charge.rule.kind for charge in stranger} == {"PAIR", "ADDRESS", "ACCOUNT"}
    known = charges_of_sign_in(keys, SUBJECT, address=HERE, device="d1")
    assert [charge.rule for charge in known] == [DEVICE]
    assert known == charges_of_sign_in(keys, SUBJECT, address=THERE, device="d1")
    assert {charge.key for charge in known}.isdisjoint(charge.key for charge in stranger)


def test_each_count_hangs_on_what_it_counts_and_on_nothing_else(keys: KeyRing) -> None:
    def keys_of(subject: UUID, address: str) -> dict[str, bytes]:
        return {charge.rule.kind: charge.key for charge in charges_of_sign_in(keys, subject, address=address, device=None)}

    one, elsewhere, another = keys_of(SUBJECT, HERE), keys_of(SUBJECT, THERE), keys_of(OTHER, HERE)
    assert {kind for kind in one if one[kind] == elsewhere[kind]} == {"ACCOUNT"}
    assert {kind for kind in one if one[kind] == another[kind]} == {"ADDRESS"}
    assert one == keys_of(SUBJECT, f"::ffff:{HERE}")
    assert charges_of_second_factor(keys, SUBJECT) != charges_of_second_factor(keys, OTHER)


# What is counted


@pytest.fixture
def table(clean: None, database: Database) -> Database:
    return database


async def test_neither_address_nor_account_is_stored(table: Database, keys: KeyRing) -> None:
    charges = charges_of_sign_in(keys, SUBJECT, address=HERE, device=None)
    assert await tried(table, charges) == 0
    rows = [dict(row) for row in await table.ask("select * from throttle order by kind")]
    assert [row["kind"] for row in rows] == ["ACCOUNT", "ADDRESS", "PAIR"]
    assert all(len(row["key"]) == 16 and row["used"] == 1 for row in rows)
    assert {row["key"] for row in rows} == {charge.key for charge in charges}
    assert HERE not in str(rows)
    assert str(SUBJECT) not in str(rows)
    assert [row["window_end"] for row in rows] == [after(3600), after(900), after(900)]


async def test_waits_are_as_the_schedule_says_and_a_refused_try_changes_nothing(table: Database) -> None:
    charges = (Charge(EXAMPLE, KEY),)
    now = 0.0
    for wait in (0, 0, 10, 20, 40, 50, 50):
        assert await tried(table, charges, after(now)) == 0
        if wait:
            before = await table.ask("select * from throttle")
            for later, left in ((0, wait), (0.5, wait), (wait - 1, 1), (wait - 0.001, 1)):
                assert await tried(table, charges, after(now + later)) == left
            assert await table.ask("select * from throttle") == before
        now += wait
    assert await counted(table) == {"EXAMPLE": 7}


async def test_a_person_who_waits_as_told_gets_through_each_time(table: Database, keys: KeyRing) -> None:
    charges = charges_of_sign_in(keys, SUBJECT, address=HERE, device=None)
    now, told = NOW, []
    for _ in range(20):
        if wait := await tried(table, charges, now):
            told.append(wait)
            now += timedelta(seconds=wait)
        else:
            told.append(0)
    assert told == [0] * 5 + [30, 0, 60, 0, 120, 0, 240, 0, 480, 0, 900, 0, 900, 0, 900]


async def test_what_was_tried_is_forgotten_when_nothing_was_for_long_enough(table: Database) -> None:
    charges = (Charge(EXAMPLE, KEY),)
    for _ in range(4):
        await tried(table, charges, after(0))
        await tried(table, charges, after(10))
    # Four tries: the last at 10 s, a wait to 30 s, and the memory to 130 s.
    assert await tried(table, charges, after(129.9)) == 0
    assert await counted(table) == {"EXAMPLE": 5}
    assert await tried(table, charges, after(129.9 + 39)) == 1
    assert await tried(table, charges, after(129.9 + 40 + 100)) == 0
    assert await counted(table) == {"EXAMPLE": 1}
    assert len(await table.ask("select 1 from throttle")) == 1


async def test_tries_that_come_slowly_still_add_up(table: Database) -> None:
    charges = (Charge(EXAMPLE, KEY),)
    for number in range(3):
        assert await tried(table, charges, after(99 * number)) == 0
    assert await tried(table, charges, after(198)) == 10


async def test_clocks_that_differ_refuse_nobody_before_there_is_a_wait(table: Database) -> None:
    charges = (Charge(EXAMPLE, KEY),)
    for seconds in (0.5, 0.3, 0.0):
        assert await tried(table, charges, after(seconds)) == 0
    assert await tried(table, charges, after(0)) > 0
    rows = await table.ask("select window_end from throttle")
    assert rows[0]["window_end"] >= after(100.5)


async def test_a_budget_is_for_a_window_that_begins_with_the_first_try(table: Database) -> None:
    charges = (Charge(FEW, KEY),)
    for seconds in (0, 50, 99):
        assert await tried(table, charges, after(seconds)) == 0
    assert await tried(table, charges, after(99)) == 1
    assert await tried(table, charges, after(99.5)) == 1
    assert await tried(table, charges, after(0)) == 100
    assert await counted(table) == {"FEW": 3}
    for _ in range(3):
        assert await tried(table, charges, after(100)) == 0
    assert await tried(table, charges, after(100)) == 100


async def test_where_one_count_refuses_no_other_is_charged(table: Database) -> None:
    open_, full = Charge(replace(FEW, kind="A"), KEY), Charge(replace(EXAMPLE, kind="B"), KEY)
    last = Charge(replace(FEW, kind="C"), KEY)
    for _ in range(3):
        assert await tried(table, (full,)) == 0
    for order in ((open_, full, last), (last, full, open_)):
        assert await tried(table, order) == 10
    assert await counted(table) == {"B": 3}


async def test_a_refusal_leaves_the_transaction_fit_for_use(table: Database) -> None:
    charges = (Charge(Budget("ONE", 1, 60), KEY), Charge(FEW, KEY))
    async with table.begin() as connection:
        assert await spend(connection, charges, now=NOW) == 0
        assert await spend(connection, charges, now=NOW) == 60
        await give_back(connection, charges[1:], now=NOW)
    assert await counted(table) == {"ONE": 1, "FEW": 0}


async def test_the_right_password_ends_the_waits_and_takes_back_its_own_try_only(table: Database, keys: KeyRing) -> None:
    mine = charges_of_sign_in(keys, SUBJECT, address=HERE, device=None)
    others = charges_of_sign_in(keys, OTHER, address=HERE, device=None)
    for _ in range(4):
        assert await tried(table, mine) == 0
        assert await tried(table, others) == 0
    await was_right(table, mine)
    assert await counted(table) == {"PAIR": 4, "ADDRESS": 7, "ACCOUNT": 7}
    for _ in range(5):
        assert await tried(table, mine) == 0
    assert await tried(table, mine) == 30


async def test_nothing_is_given_back_below_nothing_or_out_of_another_window(table: Database) -> None:
    charges = (Charge(FEW, KEY), Charge(EXAMPLE, KEY))
    await was_right(table, charges)
    assert await counted(table) == {}
    await tried(table, charges)
    for _ in range(3):
        await was_right(table, charges)
    assert await counted(table) == {"FEW": 0}
    await tried(table, charges)
    await was_right(table, charges, after(100))
    assert await counted(table) == {"FEW": 1}


async def test_strangers_everywhere_cannot_keep_somebody_from_signing_in_on_their_own_device(
    table: Database, keys: KeyRing
) -> None:
    async with table.begin() as connection:
        for number in range(ACCOUNT.limit):
            charges = charges_of_sign_in(keys, SUBJECT, address=f"2001:db8:0:{number:x}::1", device=None)
            assert await spend(connection, charges, now=NOW) == 0
    fresh = charges_of_sign_in(keys, SUBJECT, address=THERE, device=None)
    assert await tried(table, fresh) == 3600
    assert await tried(table, charges_of_sign_in(keys, OTHER, address=THERE, device=None)) == 0
    own = charges_of_sign_in(keys, SUBJECT, address=THERE, device="d1")
    for _ in range(5):
        assert await tried(table, own) == 0
    assert await tried(table, own) == 30
    assert await tried(table, charges_of_sign_in(keys, SUBJECT, address=THERE, device="d2")) == 0


async def test_one_address_cannot_go_through_all_accounts(table: Database, keys: KeyRing) -> None:
    async with table.begin() as connection:
        for number in range(ADDRESS.limit):
            charges = charges_of_sign_in(keys, UUID(int=number), address=HERE, device=None)
            assert await spend(connection, charges, now=NOW) == 0
    assert await tried(table, charges_of_sign_in(keys, SUBJECT, address=HERE, device=None)) == 900
    assert await tried(table, charges_of_sign_in(keys, SUBJECT, address=THERE, device=None)) == 0
    assert await tried(table, charges_of_sign_in(keys, SUBJECT, address=HERE, device="d1")) == 0


async def test_a_second_factor_is_guessed_four_times_an_hour_at_most(table: Database, keys: KeyRing) -> None:
    charges = charges_of_second_factor(keys, SUBJECT)
    through = 0
    async with table.begin() as connection:
        for minute in range(6 * 60):
            while await spend(connection, charges, now=after(minute * 60)) == 0:
                through += 1
    assert 6 * 4 <= through <= 6 * 4 + 10


# Many at once


@pytest.fixture
async def servers(postgres: EmbeddedPostgres, clean: None) -> AsyncIterator[list[Database]]:
    """Those of two server processes: nothing is shared but the database."""
    databases = [Database(postgres.url, connections=1) for _ in range(2)]
    yield databases
    for database in databases:
        await database.close()


@pytest.mark.parametrize(("charge", "allowed"), [(Charge(PAIR, KEY), 5), (Charge(FEW, KEY), 3), (Charge(DEVICE, KEY), 5)])
@pytest.mark.parametrize("jitter", [0.0, 0.2])
async def test_of_fifty_at_once_no_more_get_through_than_of_fifty_one_after_the_other(
    servers: list[Database], charge: Charge, allowed: int, jitter: float
) -> None:
    rng = random.Random(5)
    told = await asyncio.gather(*(tried(servers[number % 2], (charge,), after(rng.random() * jitter)) for number in range(50)))
    assert told.count(0) == allowed
    assert all(wait >= 1 for wait in told if wait)
    assert await counted(servers[0]) == {charge.rule.kind: allowed}


async def test_at_the_end_of_a_wait_one_of_fifty_gets_through(servers: list[Database]) -> None:
    charges = (Charge(EXAMPLE, KEY),)
    now = 0.0
    for _ in range(3):
        await tried(servers[0], charges, after(now))
    for wait in (10, 20, 40, 50):
        now += wait
        told = await asyncio.gather(*(tried(servers[number % 2], charges, after(now)) for number in range(50)))
        assert told.count(0) == 1


async def test_at_the_end_of_the_memory_the_count_begins_anew_once(servers: list[Database]) -> None:
    charges = (Charge(EXAMPLE, KEY),)
    for _ in range(3):
        await tried(servers[0], charges)
    told = await asyncio.gather(*(tried(servers[number % 2], charges, after(110)) for number in range(50)))
    assert told.count(0) == 3


async def test_fifty_attackers_of_several_accounts_from_several_addresses_pass_no_limit_and_never_block_each_other(
    servers: list[Database], keys: KeyRing
) -> None:
    """What got through is what was counted, for each account, address and pair."""
    rng = random.Random(3)
    few = [(rng.randrange(3), rng.randrange(3)) for _ in range(50)]
    rule, narrow, wide = Waits("P", 4, 30, 60, 60), Budget("N", 9, 60), Budget("W", 12, 60)

    def charges(account: int, address: int) -> list[Charge]:
        made = [
            Charge.of(keys, rule, str(account), str(address)),
            Charge.of(keys, narrow, str(account)),
            Charge.of(keys, wide, str(address)),
        ]
        rng.shuffle(made)
        return made

    told = await asyncio.gather(*(tried(servers[number % 2], charges(*pair)) for number, pair in enumerate(few)))
    passed = [pair for pair, wait in zip(few, told, strict=True) if wait == 0]
    assert 20 <= len(passed) <= 27
    rows = await servers[0].ask("select kind, key, used from throttle")
    used: dict[tuple[str, bytes], int] = {(row["kind"], row["key"]): row["used"] for row in rows if row["used"]}
    expected: dict[tuple[str, bytes], int] = {}
    for pair in passed:
        for charge in charges(*pair):
            name = (charge.rule.kind, charge.key)
            expected[name] = expected.get(name, 0) + 1
    assert used == expected
    limits = {"P": 4, "N": 9, "W": 12}
    assert all(count <= limits[kind] for (kind, _), count in used.items())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), min_size=1, max_size=25))
async def test_the_statement_does_what_the_schedule_says(database: Database, steps: list[tuple[int, bool]]) -> None:
    """Against a plain model of the rule: any tries, at any distance, some of them right."""
    await database.ask("truncate throttle")
    charges = (Charge(EXAMPLE, KEY),)
    tries, free_at = 0, 0
    clock = list(accumulate(gap for gap, _ in steps))
    async with database.begin() as connection:
        for now, (_, right) in zip(clock, steps, strict=True):
            if tries and now >= free_at + EXAMPLE.memory_seconds:
                tries = 0
            expected = max(free_at - now, 0) if tries else 0
            assert await spend(connection, charges, now=after(now)) == expected
            if not expected:
                tries += 1
                free_at = now + EXAMPLE.wait_after(tries)
                if right:
                    await give_back(connection, charges, now=after(now))
                    tries = 0


async def test_whether_a_budget_is_spent_is_told_without_counting(table: Database, keys: KeyRing) -> None:
    charge, other = Charge.of(keys, FEW, "one"), Charge.of(keys, FEW, "other")

    async def spent(which: Charge, now: datetime) -> bool:
        async with table.begin() as connection:
            return await is_spent(connection, which, now=now)

    for _ in range(FEW.limit):
        assert not await spent(charge, NOW)
        assert await tried(table, [charge]) == 0
    assert await spent(charge, NOW)
    assert await tried(table, [charge]) == FEW.window_seconds
    assert await counted(table) == {FEW.kind: FEW.limit}
    assert not await spent(other, NOW)
    assert await spent(charge, after(FEW.window_seconds - 1))
    assert not await spent(charge, after(FEW.window_seconds))
    await was_right(table, [charge])
    assert not await spent(charge, NOW)


async def test_what_has_passed_is_forgotten_by_one_statement(table: Database, keys: KeyRing) -> None:
    await tried(table, (Charge(FEW, KEY), Charge(EXAMPLE, KEY)))
    await tried(table, (Charge(ACCOUNT, KEY),))
    gone: Any = await table.ask("delete from throttle where window_end < $1 returning kind", after(200))
    assert {row["kind"] for row in gone} == {"FEW", "EXAMPLE"}
    assert await counted(table) == {"ACCOUNT": 1}
