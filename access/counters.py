"""What is used up within a window of time, and what may be used once only. Both are settled with the answer they belong to.

SPENT    `jti`s: a settlement whose `jti` was seen before is refused
COUNTED  failed questions (about a subject, by an agency), cost points, and answers that rest on a consent; a settlement that
         would pass a limit is refused, so that its answer is computed again and finds the budget spent
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

import asyncpg

from core.database import Database, Row
from core.errors import BadProof, Conflict, SijilError, Unauthenticated
from core.settlement import Kind

POINTS_WINDOW_SECONDS = 60
FAILURES_WINDOW_SECONDS = 3600
KEPT = timedelta(minutes=5)  # past its end: clocks of several servers differ
MAX_FORGOTTEN = 50_000
# Each table, and when a row of it is of no more use.
FORGOTTEN = (
    ("replay", "expires_at"),
    ("counter", "window_end"),
    ("throttle", "window_end"),
    ("one_time_code", "expires_at"),
    ("session", "expires_at"),
    ("done", "expires_at"),
)


class Counted(StrEnum):
    FAILURES = "FAILURES"
    POINTS = "POINTS"
    CONSENT = "CONSENT"


CounterKey = tuple[UUID, UUID, Counted, datetime]


def window_end(now: datetime, seconds: int) -> datetime:
    """The end of the window that `now` lies in: windows follow each other from the epoch."""
    passed = int(now.timestamp())
    return datetime.fromtimestamp(passed - passed % seconds + seconds, UTC)


def replay_key(thumbprint: str, jti: str) -> bytes:
    return sha256(f"{thumbprint}\0{jti}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Once:
    """Something that may be used once until it expires. `what`: how a refusal names it, "proof" or "assertion"."""

    key: bytes
    expires_at: datetime
    what: Literal["proof", "assertion"] = "proof"


@dataclass(frozen=True, slots=True)
class Count:
    """`amount` more of a kind in the window that ends at `window_end`; `limit` None: counted, not refused."""

    owner: UUID
    agency: UUID
    kind: Counted
    window_end: datetime
    amount: int
    limit: int | None

    @property
    def row(self) -> CounterKey:
        return self.owner, self.agency, self.kind, self.window_end


class Replays(Kind):
    async def apply(
        self, connection: "asyncpg.Connection[Row]", effects: Sequence[tuple[int, Once]]
    ) -> Mapping[int, SijilError]:
        first: dict[bytes, tuple[int, Once]] = {}
        refused: dict[int, SijilError] = {}
        for number, once in effects:
            if first.setdefault(once.key, (number, once))[0] != number:
                refused[number] = _used(once)
        expiries = {once.key: once.expires_at for _, once in effects}
        keys = sorted(expiries)
        fresh = {
            row["key"]
            for row in await connection.fetch(
                """insert into replay (key, expires_at) select * from unnest($1::bytea[], $2::timestamptz[])
                on conflict do nothing returning key""",
                keys,
                [expiries[key] for key in keys],
            )
        }
        for key, (number, once) in first.items():
            if key not in fresh:
                refused[number] = _used(once)
        return refused


def _used(once: Once) -> SijilError:
    refusal = BadProof if once.what == "proof" else Unauthenticated
    return refusal(f"this {once.what} was used before")


class Counts(Kind):
    async def apply(
        self, connection: "asyncpg.Connection[Row]", effects: Sequence[tuple[int, Count]]
    ) -> Mapping[int, SijilError]:
        totals: dict[CounterKey, int] = defaultdict(int)
        for _, count in effects:
            totals[count.row] += count.amount
        used = await self._add(connection, totals)
        refused: dict[int, SijilError] = {}
        # Over a limit: later settlements of the group give way until it holds again, and take nothing of their own with them.
        back: dict[CounterKey, int] = defaultdict(int)
        for number, count in reversed(effects):
            if number not in refused and count.limit is not None and used[count.row] > count.limit:
                refused[number] = Conflict("a budget was spent meanwhile")
                for other, its in effects:
                    if other == number:
                        used[its.row] -= its.amount
                        back[its.row] += its.amount
        if back:
            keys = sorted(back)
            await connection.execute(
                f"update counter c set used = c.used - given.used from {_GIVEN} where {_SAME_ROW}",
                *_columns(keys),
                [back[key] for key in keys],
            )
        return refused

    @staticmethod
    async def _add(connection: "asyncpg.Connection[Row]", amounts: Mapping[CounterKey, int]) -> dict[CounterKey, int]:
        """One statement; keys in order, so that two processes never wait for each other crosswise."""
        keys = sorted(amounts)
        rows = await connection.fetch(
            f"""insert into counter as c (owner_id, agency_id, kind, window_end, used) select * from {_GIVEN}
            on conflict (owner_id, agency_id, kind, window_end) do update set used = c.used + excluded.used
            returning owner_id, agency_id, kind, window_end, used""",
            *_columns(keys),
            [amounts[key] for key in keys],
        )
        return {(r["owner_id"], r["agency_id"], Counted(r["kind"]), r["window_end"]): r["used"] for r in rows}


_GIVEN = """unnest($1::uuid[], $2::uuid[], $3::varchar[], $4::timestamptz[], $5::int[])
            as given (owner_id, agency_id, kind, window_end, used)"""
_SAME_ROW = """(c.owner_id, c.agency_id, c.kind, c.window_end)
            = (given.owner_id, given.agency_id, given.kind, given.window_end)"""


def _columns(keys: Sequence[CounterKey]) -> list[list[Any]]:
    return [[key[part] for key in keys] for part in range(4)]


async def forget_past(database: Database, now: datetime) -> None:
    """Deletes what can no longer be used again and counters of windows that have ended; a bounded number of rows each."""
    async with database.connection() as connection:
        for table, end in FORGOTTEN:
            await connection.execute(
                f"delete from {table} where ctid = any(array(select ctid from {table} where {end} < $1 limit $2))",
                now - KEPT,
                MAX_FORGOTTEN,
            )


SPENT = Replays()
COUNTED = Counts()
