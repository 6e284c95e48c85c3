"""What answers leave behind is durable before they leave: together where it can be, and each with its own outcome."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeAlias

import asyncpg
import pytest

from core import settlement as module
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Conflict, Internal, SijilError, Stale, Unavailable
from core.settlement import Kind, Settlement, Settler
from tests.access.enrolled import NOW

Group = Sequence[tuple[int, bytes]]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(eq=False)
class Kept(Kind):
    """Writes each effect (32 bytes) as a row; `gate` holds it back."""

    gate: asyncio.Event | None = None
    groups: list[int] = field(default_factory=list)

    async def apply(self, connection: Connection, effects: Group) -> Mapping[int, SijilError]:
        self.groups.append(len(effects))
        if self.gate:
            await self.gate.wait()
        await connection.executemany("insert into replay (key, expires_at) values ($1, $2)", [(key, NOW) for _, key in effects])
        return {}


class Refusing(Kind):
    """Refuses the settlements whose effect says so, and writes nothing."""

    async def apply(self, connection: Connection, effects: Sequence[tuple[int, bool]]) -> Mapping[int, SijilError]:
        return {number: Conflict("refused") for number, refused in effects if refused}


KEPT, REFUSING = Kept(), Refusing()


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def kept(number: int, kind: Kind = KEPT) -> Settlement:
    settlement = Settlement()
    settlement.add(kind, key(number))
    return settlement


async def rows(database: Database) -> list[int]:
    return [int.from_bytes(row["key"], "big") for row in await database.ask("select key from replay order by key")]


async def outcomes(settler: Settler, settlements: Sequence[Settlement]) -> list[Any]:
    return await asyncio.gather(*map(settler.settle, settlements), return_exceptions=True)


@pytest.fixture
async def settler(database: Database, clean: None) -> AsyncIterator[Settler]:
    settler = Settler(database, (REFUSING, KEPT), queue=1000)
    settler.start()
    yield settler
    await settler.stop()


async def test_answers_in_flight_are_settled_in_few_transactions(settler: Settler, database: Database) -> None:
    assert await outcomes(settler, [kept(n) for n in range(300)]) == [None] * 300
    assert await rows(database) == list(range(300))
    (row,) = await database.ask("select count(distinct xmin::text) as transactions from replay")
    assert row["transactions"] <= 3


async def test_a_settlement_is_there_for_everybody_when_settle_returns(settler: Settler, database: Database) -> None:
    for number in range(20):
        await settler.settle(kept(number))
        assert await rows(database) == list(range(number + 1))


async def test_a_group_is_bounded(settler: Settler, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GROUP_EFFECTS", 10)
    big = Settlement()
    for number in range(100, 125):
        big.add(KEPT, key(number))
    KEPT.groups.clear()
    assert await outcomes(settler, [*(kept(n) for n in range(25)), big, kept(25)]) == [None] * 27
    assert KEPT.groups == [10, 10, 5, 25, 1]
    assert len(await rows(database)) == 51


async def test_a_refused_settlement_is_refused_alone_and_its_later_effects_are_left_out(
    settler: Settler, database: Database
) -> None:
    settlements = [kept(n) for n in range(40)]
    for number, settlement in enumerate(settlements):
        settlement.add(REFUSING, number % 4 == 3)
    told = await outcomes(settler, settlements)
    assert [isinstance(outcome, Conflict) for outcome in told] == [n % 4 == 3 for n in range(40)]
    assert [outcome for outcome in told if not isinstance(outcome, Conflict)] == [None] * 30
    assert await rows(database) == [n for n in range(40) if n % 4 != 3]


@pytest.mark.parametrize("fault", [b"short", "text", None], ids=["a constraint refuses it", "another type", "no value"])
async def test_a_settlement_that_cannot_be_written_fails_alone(settler: Settler, database: Database, fault: Any) -> None:
    broken = Settlement()
    broken.add(KEPT, key(99))
    broken.add(KEPT, fault)
    told = await outcomes(settler, [kept(0), broken, kept(1), kept(2)])
    assert told[:1] + told[2:] == [None] * 3
    assert isinstance(told[1], asyncpg.PostgresError)
    assert await rows(database) == [0, 1, 2]  # and nothing of the broken one
    await settler.settle(kept(3))


async def test_an_answer_that_rests_on_an_old_snapshot_is_stale_and_leaves_nothing(
    settler: Settler, database: Database
) -> None:
    fresh, old = kept(1), kept(2)
    fresh.reads()
    old.read_at = asyncio.get_running_loop().time() - module.MAX_AGE_SECONDS - 0.001
    told = await outcomes(settler, [old, fresh])
    assert isinstance(told[0], Stale)
    assert told[1] is None
    assert await rows(database) == [1]


async def test_the_age_of_an_answer_is_that_of_its_oldest_snapshot() -> None:
    settlement = Settlement()
    settlement.reads()
    first = settlement.read_at
    await asyncio.sleep(0.01)
    settlement.reads()
    assert settlement.read_at == first is not None


async def test_an_answer_grows_old_while_it_waits(database: Database, clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_AGE_SECONDS", 0.1)
    gate = asyncio.Event()
    slow = Kept(gate)
    settler = Settler(database, [slow], queue=10)
    settler.start()
    first = asyncio.create_task(settler.settle(kept(1, slow)))
    await asyncio.sleep(0.02)
    waiting = kept(2, slow)
    waiting.reads()
    second = asyncio.create_task(settler.settle(waiting))
    await asyncio.sleep(0.15)
    gate.set()
    await first
    with pytest.raises(Stale):
        await second
    assert await rows(database) == [1]
    await settler.stop()


async def test_the_queue_is_bounded(database: Database, clean: None) -> None:
    gate = asyncio.Event()
    slow = Kept(gate)
    settler = Settler(database, [slow], queue=3)
    settler.start()
    tasks = [asyncio.create_task(settler.settle(kept(0, slow)))]
    await asyncio.sleep(0.02)  # it is being written
    tasks += [asyncio.create_task(settler.settle(kept(n, slow))) for n in range(1, 4)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await settler.settle(kept(4, slow))
    gate.set()
    await asyncio.gather(*tasks)
    assert await rows(database) == [0, 1, 2, 3]
    await settler.settle(kept(5, slow))  # there is room again
    await settler.stop()


async def test_stopping_settles_what_waits_and_takes_nothing_more(database: Database, clean: None) -> None:
    gate = asyncio.Event()
    slow = Kept(gate)
    settler = Settler(database, [slow], queue=100)
    settler.start()
    tasks = [asyncio.create_task(settler.settle(kept(0, slow)))]
    await asyncio.sleep(0.02)
    tasks += [asyncio.create_task(settler.settle(kept(n, slow))) for n in range(1, 10)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(settler.stop())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await settler.settle(kept(10, slow))
    gate.set()
    await stopping
    assert await asyncio.gather(*tasks) == [None] * 10
    assert await rows(database) == list(range(10))


async def test_stopping_an_idle_settler_ends(database: Database) -> None:
    settler = Settler(database, [KEPT], queue=1)
    settler.start()
    await asyncio.sleep(0)
    began = monotonic()
    await settler.stop()
    assert monotonic() - began < 1


async def test_what_cannot_be_settled_before_the_end_is_not_settled(
    database: Database, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_SECONDS", 0.1)
    never = Kept(asyncio.Event())
    settler = Settler(database, [never], queue=10)
    settler.start()
    tasks = [asyncio.create_task(settler.settle(kept(0, never)))]
    await asyncio.sleep(0.02)
    tasks.append(asyncio.create_task(settler.settle(kept(1, never))))
    await asyncio.sleep(0)
    await settler.stop()
    assert [type(outcome) for outcome in await asyncio.gather(*tasks, return_exceptions=True)] == [Unavailable] * 2
    assert await rows(database) == []


async def test_nothing_is_settled_before_the_start(database: Database, clean: None) -> None:
    with pytest.raises(Unavailable):
        await Settler(database, [KEPT], queue=1).settle(kept(1))
    assert await rows(database) == []


async def test_an_answer_that_leaves_nothing_behind_needs_no_settling(database: Database) -> None:
    await Settler(database, [KEPT], queue=1).settle(Settlement())


async def test_an_effect_that_nobody_writes_is_not_passed_over(settler: Settler, database: Database) -> None:
    settlement = kept(1)
    settlement.add(Kept(), key(2))
    with pytest.raises(Internal):
        await settler.settle(settlement)
    assert await rows(database) == []


async def test_an_answer_that_nobody_waits_for_any_more_leaves_nothing(database: Database, clean: None) -> None:
    gate = asyncio.Event()
    slow = Kept(gate)
    settler = Settler(database, [slow], queue=10)
    settler.start()
    first = asyncio.create_task(settler.settle(kept(0, slow)))
    await asyncio.sleep(0.02)
    gone, stays = (asyncio.create_task(settler.settle(kept(n, slow))) for n in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, stays)
    assert await rows(database) == [0, 2]
    await settler.stop()


async def test_a_settlement_that_waits_for_a_lock_is_given_up(
    settler: Settler, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_SECONDS", 0.2)
    async with database.connection() as other, other.transaction():
        await other.execute("lock table replay in exclusive mode")
        with pytest.raises(Unavailable):
            await settler.settle(kept(1))
    assert await rows(database) == []
    monkeypatch.undo()
    await settler.settle(kept(2))
    assert await rows(database) == [2]


def start_again(server: EmbeddedPostgres) -> None:
    deadline = monotonic() + 10
    while server.alive and monotonic() < deadline:
        sleep(0.01)
    server.start()


async def test_when_the_database_is_killed_what_was_settled_stays_and_the_rest_is_unavailable(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "instance", settings={"shared_buffers": "64MB"})
    server.start()
    database = Database(server.url, connections=2)
    await database.ask("create table replay (key bytea primary key, expires_at timestamptz not null)")
    settler = Settler(database, [KEPT], queue=1000)
    settler.start()
    durable: list[int] = []
    busy = asyncio.Event()

    async def settle_until_it_fails(first: int) -> float:
        for number in range(first, first + 100_000):
            try:
                await settler.settle(kept(number))
            except Unavailable:
                return monotonic()
            durable.append(number)
            if len(durable) > 100:
                busy.set()
        raise AssertionError

    writers = [asyncio.create_task(settle_until_it_fails(n * 100_000)) for n in range(8)]
    await asyncio.wait_for(busy.wait(), 20)
    killed = monotonic()
    os.kill(server.pid, signal.SIGKILL)
    assert max(await asyncio.gather(*writers)) - killed < 2
    with pytest.raises(Unavailable):
        await settler.settle(kept(1_000_000))
    await asyncio.to_thread(start_again, server)
    there = set(await rows(database))
    assert set(durable) <= there
    assert len(there - set(durable)) <= 8  # committed, but nobody was told: nobody was answered either
    await settler.settle(kept(1_000_001))  # the settler has found its way back
    await settler.stop()
    await database.close()
    server.stop()
