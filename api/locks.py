"""GraphQL of the holder's own lock."""

from typing import Any

import strawberry
from strawberry.types import Info

from access.call import Purpose
from api.access import instant
from api.changing import Changing, Outcome, UserError, change
from api.context import opened, plain
from api.scalars import DateTime
from identity import locks as doors

DONE: Outcome = {"done": True}


@strawberry.type(
    description="A purpose that you locked: questions for it are answered as if nobody had your number. Under a legal mandate "
    "PAYMENT and ELIGIBILITY stay open unless `mandatedToo`."
)
class IdentityLock:
    purpose: Purpose
    mandated_too: bool
    since: DateTime = strawberry.field(description="In the future, where it locks again by itself.")
    until: DateTime | None = strawberry.field(description="Null: until you open it.")


@strawberry.input(description="Lock these purposes from the next question on. Within its time this wish alone counts.")
class LockIdentityInput:
    purposes: list[Purpose]
    mandated_too: bool = strawberry.field(
        default=False, description="Also PAYMENT and ELIGIBILITY under a legal mandate: aid may stop."
    )
    minutes: int | None = strawberry.field(default=None, description="Null: until you open it.")
    request_key: str | None = None


@strawberry.input(description="Open these purposes from the next question on.")
class UnlockIdentityInput:
    purposes: list[Purpose] | None = strawberry.field(default=None, description="Null: all.")
    minutes: int | None = strawberry.field(default=None, description="After which it locks again by itself. Null: for good.")
    request_key: str | None = None


@strawberry.type(description="All your locks, as they stand now.")
class LocksPayload:
    locks: list[IdentityLock] | None
    user_errors: list[UserError]


async def lock_identity(info: Info[Any, Any], input: LockIdentityInput) -> LocksPayload:  # noqa: A002 the schema's name
    given = plain(input)

    async def work(at: Changing) -> Outcome:
        await doors.lock_identity(
            at.connection,
            at.call,
            at.keys,
            purposes=[Purpose(each) for each in given["purposes"]],
            mandated_too=given.get("mandatedToo") or False,
            minutes=given.get("minutes"),
        )
        return DONE

    return await _payload(info, *await change(info, input, work))


async def unlock_identity(info: Info[Any, Any], input: UnlockIdentityInput) -> LocksPayload:  # noqa: A002 as above
    given = plain(input)
    purposes = given.get("purposes")

    async def work(at: Changing) -> Outcome:
        await doors.unlock_identity(
            at.connection,
            at.call,
            at.keys,
            purposes=None if purposes is None else [Purpose(each) for each in purposes],
            minutes=given.get("minutes"),
        )
        return DONE

    return await _payload(info, *await change(info, input, work))


async def locks(info: Info[Any, Any]) -> list[IdentityLock]:
    reading, call, _ = opened(info)
    return [
        IdentityLock(purpose=its.purpose, mandated_too=its.mandated_too, since=DateTime(its.since), until=instant(its.until))
        for its in await doors.locks(reading, call)
    ]


async def _payload(info: Info[Any, Any], done: Outcome | None, errors: list[UserError]) -> LocksPayload:
    return LocksPayload(locks=None if done is None else await locks(info), user_errors=errors)
