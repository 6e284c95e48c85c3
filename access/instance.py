"""What this database is: made once, and checked by whoever serves from it, so that two instances are never mixed.

A key file, a database and an issuer belong together; the mark ("demo", or "" for a real one) stands in the first two.
"""

from dataclasses import dataclass

import asyncpg
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from access.call import Call, allow
from access.models import Instance
from access.rights import Scope
from core.database import Reader, Row
from core.errors import Conflict, Unavailable
from core.keys import DEMO, KeyRing

ANALYZE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Identity:
    """`mark`: "demo" or ""; `issuer`: the public address; `fingerprint`: of the only keys that open it."""

    mark: str
    issuer: str
    fingerprint: str


async def identify(reader: Reader) -> Identity | None:
    """What the database says that it is; None of one that was not set up."""
    (row,) = await reader.ask("select to_regclass('instance') is not null as there")
    rows = await reader.ask("select mark, issuer, key_fingerprint from instance") if row["there"] else ()
    return Identity(*rows[0]) if rows else None


@allow(Scope.REGISTER_LOAD)
async def create_instance(connection: AsyncConnection, _call: Call, keys: KeyRing, *, mark: str, issuer: str) -> None:
    """Says once what this database is; the same again changes nothing. Raises Conflict where it is another one already."""
    if keys.mark != mark:
        raise Conflict(_other_mark("key file", keys.mark))
    made = {"single": True, "mark": mark, "issuer": issuer, "key_fingerprint": keys.fingerprint, "numbers_issued": 0}
    await connection.execute(insert(Instance).values(made).on_conflict_do_nothing())
    found = (await connection.execute(select(Instance.mark, Instance.issuer, Instance.key_fingerprint))).one()
    fault = _fault(Identity(*found), keys, mark=mark, issuer=issuer)
    if fault:
        raise Conflict(fault)


async def check_instance(reader: Reader, keys: KeyRing, *, mark: str, issuer: str) -> None:
    """Raises Unavailable, saying what does not fit, unless key file, mark and issuer are those of this database."""
    found = await identify(reader)
    if found is None:
        raise Unavailable("this database was not set up yet: it does not say which instance it belongs to")
    fault = _fault(found, keys, mark=mark, issuer=issuer)
    if fault:
        raise Unavailable(fault)


@allow(Scope.REGISTER_LOAD)
async def move_demonstration(connection: AsyncConnection, _call: Call, *, issuer: str) -> None:
    """A demonstration goes by the port that it is served at; a real instance keeps its issuer."""
    await connection.execute(update(Instance).where(Instance.mark == DEMO).values(issuer=issuer))


@allow(Scope.REGISTER_LOAD)
async def refresh_statistics(connection: "asyncpg.Connection[Row]", _call: Call) -> None:
    """Lets the planner know what was loaded. To be called after the load was committed."""
    await connection.execute("analyze", timeout=ANALYZE_SECONDS)


def _fault(its: Identity, keys: KeyRing, *, mark: str, issuer: str) -> str | None:
    if its.mark != mark:
        return _other_mark("database", its.mark)
    if keys.mark != mark:
        return _other_mark("key file", keys.mark)
    if its.fingerprint != keys.fingerprint:
        return "the key file belongs to another database: nothing in this one would open"
    if its.issuer != issuer:
        return f"the database belongs to the service at {its.issuer}, not to {issuer}"
    return None


def _other_mark(what: str, mark: str) -> str:
    return f"the {what} is a demonstration's" if mark == DEMO else f"the {what} carries another mark"
