"""What an answer leaves behind, made durable before the answer leaves.

A `Settlement` gathers the effects of one answer: an effect has a kind (`Ledger`, `Replay`, ...), defined by a room. One
`Settler` per process applies those of all answers in flight in one transaction, kind by kind in a fixed order; a kind may
refuse single settlements, whose later effects are then left out. Each answer gets its own outcome.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import asyncpg

from core.database import Database, Row
from core.errors import Internal, SijilError, Stale, Unavailable

MAX_AGE_SECONDS = 1.0
MAX_GROUP_EFFECTS = 5_000
COMMIT_SECONDS = 5.0


class Kind(Protocol):
    """One sort of effect. `apply` writes those of a group of settlements in a fixed number of statements.

    `effects` holds (number of the settlement, effect); the answer names the settlements refused, each with its refusal.
    What it wrote for a refused one must be harmless or taken back.
    """

    async def apply(
        self, connection: "asyncpg.Connection[Row]", effects: Sequence[tuple[int, Any]]
    ) -> Mapping[int, SijilError]: ...


class Settlement:
    """The effects of one answer, and the instant (monotonic seconds) of the oldest snapshot it rests on."""

    __slots__ = ("effects", "read_at")

    def __init__(self) -> None:
        self.effects: dict[Kind, list[Any]] = {}
        self.read_at: float | None = None

    def add(self, kind: Kind, effect: Any) -> None:
        self.effects.setdefault(kind, []).append(effect)

    def keep_only(self, kind: Kind) -> None:
        self.effects = {kind: self.effects[kind]} if kind in self.effects else {}

    def reads(self) -> None:
        """To be called before each snapshot is taken."""
        if self.read_at is None:
            self.read_at = asyncio.get_running_loop().time()

    def __len__(self) -> int:
        return sum(map(len, self.effects.values()))


class Settler:
    """Applies settlements, grouped. `kinds` in the order in which they are applied; all effects must be of these kinds."""

    def __init__(self, database: Database, kinds: Sequence[Kind], *, queue: int) -> None:
        self._database = database
        self._kinds = tuple(kinds)
        self._limit = queue
        self._waiting: list[tuple[Settlement, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._writer = asyncio.create_task(self._write(), name="settler")

    async def stop(self) -> None:
        """Settles what waits, then ends."""
        self._stopping = True
        self._wake.set()
        if self._writer:
            await asyncio.wait({self._writer}, timeout=COMMIT_SECONDS)
            self._writer.cancel()
        self._fail(self._waiting, Unavailable("the service is stopping"))

    async def settle(self, settlement: Settlement) -> None:
        """Returns once the effects are durable. Raises a kind's refusal, Stale (compute the answer again) or Unavailable."""
        if not settlement.effects:
            return
        if not settlement.effects.keys() <= set(self._kinds):
            raise Internal("an effect is of a kind that nobody writes")
        if self._stopping or self._writer is None or self._writer.done() or len(self._waiting) >= self._limit:
            raise Unavailable("answers cannot be recorded now")
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((settlement, outcome))
        self._wake.set()
        await outcome

    async def _write(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._settle_group(self._take())

    def _take(self) -> list[tuple[Settlement, asyncio.Future[None]]]:
        """The next group: the longest waiting ones, up to a bounded number of effects, without those too old to be answered."""
        size, count = 0, 0
        oldest = asyncio.get_running_loop().time() - MAX_AGE_SECONDS
        group = []
        for settlement, outcome in self._waiting:
            size += len(settlement)
            if count and size > MAX_GROUP_EFFECTS:
                break
            count += 1
            if outcome.cancelled():
                continue
            if settlement.read_at is not None and settlement.read_at < oldest:
                outcome.set_exception(Stale("the answer was too old to be sent"))
                continue
            group.append((settlement, outcome))
        del self._waiting[:count]
        return group

    async def _settle_group(self, group: list[tuple[Settlement, asyncio.Future[None]]]) -> None:
        if not group:
            return
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                refused = await self._apply([settlement for settlement, _ in group])
        except asyncio.CancelledError:
            self._fail(group, Unavailable("the service is stopping"))
            raise
        except (Unavailable, TimeoutError):
            self._fail(group, Unavailable("answers cannot be recorded now"))
        except Exception as fault:
            if len(group) == 1:
                self._fail(group, fault)
            else:  # one of them cannot be written: it alone must fail
                for one in group:
                    await self._settle_group([one])
        else:
            for number, (_, outcome) in enumerate(group):
                if outcome.done():
                    continue
                if number in refused:
                    outcome.set_exception(refused[number])
                else:
                    outcome.set_result(None)

    @staticmethod
    def _fail(group: list[tuple[Settlement, asyncio.Future[None]]], fault: Exception) -> None:
        for _, outcome in group:
            if not outcome.done():
                outcome.set_exception(fault)

    async def _apply(self, settlements: Sequence[Settlement]) -> Mapping[int, SijilError]:
        refused: dict[int, SijilError] = {}
        async with self._database.connection() as connection, connection.transaction():
            for kind in self._kinds:
                effects = [
                    (number, effect)
                    for number, settlement in enumerate(settlements)
                    if number not in refused
                    for effect in settlement.effects.get(kind, ())
                ]
                if effects:
                    refused.update(await kind.apply(connection, effects))
        return refused
