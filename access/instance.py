"""What this database is: made once, and checked by whoever serves from it, so that two instances are never mixed.

A key file, a database and an issuer belong together; the mark ("demo", or "" for a real one) stands in the first two.
"""

import asyncpg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, Scope, allow
from access.models import Instance
from core.database import Reader, Row
from core.errors import Conflict, Unavailable
from core.keys import KeyRing

ANALYZE_SECONDS = 600.0


@allow(Scope.REGISTER_LOAD)
async def create_instance(connection: AsyncConnection, _call: Call, keys: KeyRing, *, mark: str, issuer: str) -> None:
    """Says once what this database is; the same again changes nothing. Raises Conflict where it is another one already."""
    if keys.mark != mark:
        raise Conflict(_other_mark("key file", keys.mark))
    made = {"single": True, "mark": mark, "issuer": issuer, "key_fingerprint": keys.fingerprint, "numbers_issued": 0}
    await connection.execute(insert(Instance).values(made).on_conflict_do_nothing())
    found = (await connection.execute(select(Instance.mark, Instance.issuer, Instance.key_fingerprint))).one()
    fault = _fault(found.mark, found.issuer, found.key_fingerprint, keys, mark=mark, issuer=issuer)
    if fault:
        raise Conflict(fault)


async def check_instance(reader: Reader, keys: KeyRing, *, mark: str, issuer: str) -> None:
    """Raises Unavailable, saying what does not fit, unless key file, mark and issuer are those of this database."""
    rows = await reader.ask("select mark, issuer, key_fingerprint from instance")
    if not rows:
        raise Unavailable("this database was not set up yet: it does not say which instance it belongs to")
    (row,) = rows
    fault = _fault(row["mark"], row["issuer"], row["key_fingerprint"], keys, mark=mark, issuer=issuer)
    if fault:
        raise Unavailable(fault)


@allow(Scope.REGISTER_LOAD)
async def refresh_statistics(connection: "asyncpg.Connection[Row]", _call: Call) -> None:
    """Lets the planner know what was loaded. To be called after the load was committed."""
    await connection.execute("analyze", timeout=ANALYZE_SECONDS)


def _fault(its_mark: str, its_issuer: str, fingerprint: str, keys: KeyRing, *, mark: str, issuer: str) -> str | None:
    if its_mark != mark:
        return _other_mark("database", its_mark)
    if keys.mark != mark:
        return _other_mark("key file", keys.mark)
    if fingerprint != keys.fingerprint:
        return "the key file belongs to another database: nothing in this one would open"
    if its_issuer != issuer:
        return f"the database belongs to the service at {its_issuer}, not to {issuer}"
    return None


def _other_mark(what: str, mark: str) -> str:
    return f"the {what} is a demonstration's" if mark == "demo" else f"the {what} carries another mark"
