"""How often a sign-in may be tried: at an account by an address, at all accounts by an address, at an account by all strangers.

A try is counted before it is judged, in one statement for each count, so that many at once count as many; what was right is
given back. Known devices (`devices.py`) are counted apart: a stranger, from however many addresses, uses up what strangers may
try, and never what somebody's own devices may. Neither address nor account is stored, but a keyed hash of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.keys import KeyRing

NETWORK_BITS = 64  # of an IPv6 address: one subscriber has all that begin alike
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Waits:
    """So many tries are free; after each further one there is a wait, which doubles from the first to the longest.

    The count is forgotten when nothing was tried for `memory_seconds` after a wait was over.
    """

    kind: str
    free: int
    first_seconds: int
    longest_seconds: int
    memory_seconds: int

    @property
    def schedule(self) -> tuple[int, ...]:
        """The wait in seconds after the first try, the second, and so on; the last stands for all that follow."""
        waits = [0] * (self.free - 1)
        wait = self.first_seconds
        while wait < self.longest_seconds:
            waits.append(wait)
            wait *= 2
        return (*waits, self.longest_seconds)

    def wait_after(self, tries: int) -> int:
        """The wait in seconds after that many tries, one or more."""
        schedule = self.schedule
        return schedule[min(tries, len(schedule)) - 1]


@dataclass(frozen=True, slots=True)
class Budget:
    """So many tries within a window, which begins with the first of them."""

    kind: str
    limit: int
    window_seconds: int


# An address that is at one account again and again, and a known device; a second factor is asked for after the right password.
PAIR = Waits("PAIR", free=5, first_seconds=30, longest_seconds=900, memory_seconds=900)
DEVICE = Waits("DEVICE", free=5, first_seconds=30, longest_seconds=900, memory_seconds=900)
SECOND_FACTOR = Waits("SECOND_FACTOR", free=5, first_seconds=30, longest_seconds=900, memory_seconds=24 * 3600)
# Far more than a person needs: an office or a telephone network may share an address. NIST SP 800-63B-4, 3.2.2: at most 100.
ADDRESS = Budget("ADDRESS", limit=100, window_seconds=900)
ACCOUNT = Budget("ACCOUNT", limit=100, window_seconds=3600)


@dataclass(frozen=True, slots=True)
class Charge:
    """One count that a try adds to. `key` is a keyed hash (16 bytes) of what is counted."""

    rule: Waits | Budget
    key: bytes

    @classmethod
    def of(cls, keys: KeyRing, rule: Waits | Budget, *whose: str) -> "Charge":
        return cls(rule, keys.index("THROTTLE", "\0".join((rule.kind, *whose))))


def charges_of_sign_in(keys: KeyRing, subject: UUID, *, address: str, device: str | None) -> tuple[Charge, ...]:
    """What a try with a password adds to. `subject` is the account or the id that stands for a stranger (`KeyRing.stranger`).

    `address` is as the connection gave it; `device` what `known_device` said.
    """
    if device is not None:
        return (Charge.of(keys, DEVICE, str(subject), device),)
    network = network_of(address)
    return (
        Charge.of(keys, PAIR, str(subject), network),
        Charge.of(keys, ADDRESS, network),
        Charge.of(keys, ACCOUNT, str(subject)),
    )


def charges_of_second_factor(keys: KeyRing, account: UUID) -> tuple[Charge, ...]:
    """What a try with a code by time or a recovery code adds to, from wherever: who gets there knows the password."""
    return (Charge.of(keys, SECOND_FACTOR, str(account)),)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the network that an IPv6 address lies in; all that is neither is one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    rest = 128 - NETWORK_BITS
    return f"{IPv6Address(int(parsed) >> rest << rest)}/{NETWORK_BITS}"


async def spend(connection: AsyncConnection, charges: Sequence[Charge], *, now: datetime) -> int:
    """0: the try is counted and may be made. More: the seconds until it may be, and nothing is counted.

    To be committed before the try is judged: until then others at the same account or address wait, and a try whose
    transaction is rolled back was free.
    """
    async with connection.begin_nested() as part:
        for charge in _in_order(charges):
            wait = await _count(connection, charge, now)
            if wait:
                await part.rollback()
                return wait
    return 0


async def give_back(connection: AsyncConnection, charges: Sequence[Charge], *, now: datetime) -> None:
    """After a try that was right: waits begin anew, and budgets have what this one took, but not what others took of them."""
    for charge in _in_order(charges):
        statement = _BEGIN_ANEW if isinstance(charge.rule, Waits) else _TAKE_ONE_OFF
        await connection.execute(statement, {"key": charge.key, "kind": charge.rule.kind, "now": now})


async def is_spent(connection: AsyncConnection, charge: Charge, *, now: datetime) -> bool:
    """Whether a budget has nothing left. Nothing is counted, and nobody waits for it."""
    assert isinstance(charge.rule, Budget)
    values = {"key": charge.key, "kind": charge.rule.kind, "limit": charge.rule.limit, "now": now}
    return bool(await connection.scalar(_IS_SPENT, values))


def _in_order(charges: Sequence[Charge]) -> list[Charge]:
    """One order for all, so that no two transactions wait for each other crosswise."""
    return sorted(charges, key=lambda charge: (charge.rule.kind, charge.key))


async def _count(connection: AsyncConnection, charge: Charge, now: datetime) -> int:
    rule = charge.rule
    values: dict[str, Any] = {"key": charge.key, "kind": rule.kind, "now": now}
    if isinstance(rule, Waits):
        memory = timedelta(seconds=rule.memory_seconds)
        first = now + timedelta(seconds=rule.wait_after(1)) + memory
        values |= {"first": first, "waits": list(rule.schedule), "memory": memory}
        row = (await connection.execute(_COUNT_WAITS, values)).one()
        free_at = row.window_end and row.window_end - memory
    else:
        values |= {"first": now + timedelta(seconds=rule.window_seconds), "limit": rule.limit}
        row = (await connection.execute(_COUNT_BUDGET, values)).one()
        free_at = row.window_end
    if row.counted:
        return 0
    # The row is as it was before the statement; what others did to it in that instant is told the next time.
    return max(ceil((free_at - now).total_seconds()), 1) if free_at else 1


def _counting(next_end: str, is_free: str) -> str:
    """One statement: counts a try where it is free to be made, and says whether it did and where the row stood."""
    return f"""
with counted as (
    insert into throttle as t (key, kind, window_end, used) values (:key, :kind, :first, 1)
    on conflict (key, kind) do update set
        used = case when t.window_end <= :now then 1 else t.used + 1 end,
        window_end = case when t.window_end <= :now then excluded.window_end else {next_end} end
    where t.window_end <= :now or {is_free}
    returning used
)
select exists (select from counted) as counted,
       (select window_end from throttle where key = :key and kind = :kind) as window_end"""


_MEMORY = "cast(:memory as interval)"
_WAIT = "(cast(:waits as int[]))[least({}, cardinality(cast(:waits as int[])))]"
_NEXT_END = f"cast(:now as timestamptz) + {_MEMORY} + make_interval(secs => {_WAIT.format('t.used + 1')})"
_COUNT_WAITS = text(
    # `window_end` is the end of the memory: the wait ended as long before it as the memory is long.
    _counting(
        f"greatest(t.window_end, {_NEXT_END})",
        f"{_WAIT.format('t.used')} = 0 or t.window_end - {_MEMORY} <= :now",
    )
)
_COUNT_BUDGET = text(_counting("t.window_end", "t.used < :limit"))
_BEGIN_ANEW = text("delete from throttle where key = :key and kind = :kind")
_TAKE_ONE_OFF = text("update throttle set used = used - 1 where key = :key and kind = :kind and used > 0 and :now < window_end")
_IS_SPENT = text("select used >= :limit from throttle where key = :key and kind = :kind and :now < window_end")
