"""The frame of every mutation: one transaction, done once, and what the caller can mend told as `userErrors`.

A mutation takes one `input` (with an optional `requestKey`, that makes a repeat harmless) and gives the changed object with
`userErrors`. Refusals and faults are errors of GraphQL.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.types import Info

from access.approval import Acts
from access.call import Call, Purpose
from access.passwords import Passwords
from access.reading import Reading
from access.repeats import once
from api.context import Context, opened, plain
from core.database import Snapshot, raw
from core.errors import Conflict, Faulty, Invalid, NotFound, SijilError
from core.keys import KeyRing

MAX_STEP = 100  # characters
Outcome = Mapping[str, Any]


@strawberry.type(description="What the caller can mend: a stable code, the path of the part of the input, and a sentence.")
class UserError:
    code: str
    path: list[str]
    message: str


@dataclass(frozen=True, slots=True)
class Changing:
    """What a mutation is done with. Statements of `reading` are asked in the same transaction as `connection`'s."""

    connection: AsyncConnection
    reading: Reading
    call: Call
    keys: KeyRing
    issuer: str
    passwords: Passwords
    acts: Acts


T = TypeVar("T")
Work = Callable[[Changing], Awaitable[T]]


async def change(
    info: Info[Any, Any],
    given: object,
    work: Work[Outcome],
    *,
    first: Work[None] | None = None,
    between: Callable[[], Awaitable[None]] | None = None,
    purpose: Purpose | None = None,
) -> tuple[Outcome | None, list[UserError]]:
    """What `work` gives (plain JSON, by which the changed object is found again), once it is durable; or what is to be mended.

    `given`: the whole input as it came. `first`: what has to stay even where the work is refused, such as that it was tried.
    `between`: what takes long and needs no transaction, such as checking a password; it is done after `first`.
    """
    members = plain(given)
    _, call, _ = opened(info, purpose)
    try:
        if first is not None:
            async with _begun(info, call) as at:
                await first(at)
        if between is not None:
            await between()
        async with _begun(info, call) as at:
            if call.actor.agency is not None:
                await at.reading.admit(call)
            key = members.get("requestKey")
            if key is None or call.actor.id is None:
                return await work(at), []
            sent = {"field": info.field_name} | {name: part for name, part in members.items() if name != "requestKey"}
            done = once(at.connection, at.keys, lambda: work(at), actor=call.actor.id, key=key, given=sent, now=call.now)
            return await done, []
    except (Invalid, Conflict, NotFound) as refusal:
        return None, all_told(refusal)


async def durable(info: Info[Any, Any], work: Work[None]) -> None:
    """For a question: what has to be counted before it is answered, and stays whatever the answer is."""
    _, call, _ = opened(info)
    async with _begun(info, call) as at:
        await work(at)


@asynccontextmanager
async def _begun(info: Info[Any, Any], call: Call) -> AsyncIterator[Changing]:
    context: Context = info.context
    reading = context.reading
    async with reading.database.begin() as connection:
        driver = await raw(connection)
        with reading.within(Snapshot(driver)):
            yield Changing(connection, reading, call, reading.keys, context.issuer, context.passwords, context.acts)
            await reading.record(driver, call)


def all_told(refusal: SijilError) -> list[UserError]:
    """Each thing that is to be mended."""
    if not isinstance(refusal, Faulty):
        return [told(refusal)]
    return [UserError(code=its.code, path=[_step(part) for part in its.path], message=its.message) for its in refusal.faults]


def told(refusal: SijilError) -> UserError:
    return UserError(code=refusal.code, path=[_step(part) for part in refusal.path], message=refusal.message)


def _step(part: str | int) -> str:
    """One step of a path. It may be a name in a document that somebody sent: of any length, and no Unicode."""
    return str(part)[:MAX_STEP].encode("utf-8", "replace").decode()


def id_of(text: str, *path: str) -> UUID:
    """The id in an argument. Raises Invalid with its path where it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("not an id", path=path) from None
