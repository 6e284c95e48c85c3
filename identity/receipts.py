"""The numbers of receipts: what somebody holds who has asked to be enrolled, or for a change of a record.

Twelve digits, the last one checked, drawn at random: a number tells neither who asked nor when, and one that is mistyped is
seen to be. Nobody else ever has the same: its keyed hash is kept like those of all numbers, for whoever is, or is to be, the
person.
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call
from core.database import Reader
from core.errors import Invalid, Unavailable
from core.ids import random_bytes
from core.keys import KeyRing
from core.texts import typed_digits
from identity.models import Identifier
from identity.numbers import verhoeff_digit, verhoeff_valid

KIND = "RECEIPT"
DIGITS = 12
MAX_TYPED = 40  # characters
_GROUP = 4
_DRAWS = 10
_RANGE = 10 ** (DIGITS - 1)


async def new_number(connection: AsyncConnection, keys: KeyRing, owner: UUID, _call: Call) -> str:
    """A number that nobody had before, in its normal form: of a request of that person, or of who is to be that person."""
    for _ in range(_DRAWS):
        number = drawn()
        row = {"hash": keys.index(KIND, number), "kind": KIND, "key_version": keys.index_version, "owner_id": owner}
        done = await connection.execute(insert(Identifier).values(row).on_conflict_do_nothing())
        if done.rowcount:
            return number
    raise Unavailable("no number of a receipt is free")


async def owner_of(reader: Reader, keys: KeyRing, number: str) -> UUID | None:
    """Whose request has that number (in its normal form)."""
    sql = "select owner_id from identifier where hash = $1 and kind = $2 and key_version = $3"
    rows = await reader.ask(sql, keys.index(KIND, number), KIND, keys.index_version)
    return rows[0]["owner_id"] if rows else None


def drawn(source: Callable[[int], bytes] = random_bytes) -> str:
    """Twelve digits, all as likely as each other but for the last, which follows from the others. Pure, but for the source."""
    body = f"{int.from_bytes(source(16), 'big') % _RANGE:0{DIGITS - 1}d}"  # of 128 bits: even to one part in 2^91
    return body + verhoeff_digit(body)


def normal_number(typed: str, *path: str) -> str:
    """The twelve digits that somebody typed, in whatever script and groups. Raises Invalid, with that path."""
    number = typed_digits(typed) if len(typed) <= MAX_TYPED else ""
    if len(number) != DIGITS or not verhoeff_valid(number):
        raise Invalid("not the number of a receipt: twelve digits, as they stand on it", path=path or ("receipt",))
    return number


def shown_number(number: str) -> str:
    """A number as people read it: in groups of four, which stay together wherever a line ends."""
    return "-".join(number[at : at + _GROUP] for at in range(0, DIGITS, _GROUP))
