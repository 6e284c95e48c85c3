"""Who calls, what they may do, and the lock that every door carries.

A door is a function that a face outside may call: its first arguments are the `Reading` (or a transaction) and the `Call`.
It carries `@allow(...)` or `@open_to_all`; a test fails on one without, and lists all of them in `tests/locks.txt`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from core.errors import Forbidden, Unauthenticated

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D")


class Scope(StrEnum):
    """The whole vocabulary of rights to call a door. What may be seen behind it is decided by agreement, see decision.py."""

    VERIFICATION_RUN = "verification:run"
    PERSON_READ = "person:read"
    HOUSEHOLD_READ = "household:read"
    ELIGIBILITY_READ = "eligibility:read"
    SCHEMA_READ = "schema:read"  # introspection
    SELF_READ = "self:read"  # who asks, the catalogue, the programmes
    REGISTER_LOAD = "register:load"
    AGENCY_MANAGE = "agency:manage"


AGENCY_SCOPES = frozenset(
    {
        Scope.VERIFICATION_RUN,
        Scope.PERSON_READ,
        Scope.HOUSEHOLD_READ,
        Scope.ELIGIBILITY_READ,
        Scope.SCHEMA_READ,
        Scope.SELF_READ,
    }
)


class ActorKind(StrEnum):
    NOBODY = "NOBODY"
    AGENCY = "AGENCY"
    SYSTEM = "SYSTEM"


class Purpose(StrEnum):
    IDENTITY_PROOFING = "IDENTITY_PROOFING"
    ELIGIBILITY = "ELIGIBILITY"
    ENROLMENT = "ENROLMENT"
    PAYMENT = "PAYMENT"
    SERVICE_DELIVERY = "SERVICE_DELIVERY"
    CASE_REVIEW = "CASE_REVIEW"
    STATISTICS = "STATISTICS"
    AUDIT = "AUDIT"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls. An agency is known by its id and by the key that its token was asked for with."""

    kind: ActorKind
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    agency: UUID | None = None
    kid: str | None = None
    name: str = ""


NOBODY = Actor(ActorKind.NOBODY)


def system(name: str, *scopes: Scope) -> Actor:
    """A job or a command on the machine itself, under a name of its own, with just the scopes it needs."""
    return Actor(ActorKind.SYSTEM, frozenset(scopes), name=name)


@dataclass(frozen=True, slots=True)
class Call:
    """Made once per request at the edge. `now` (aware, UTC) is the only clock; `purpose` is None where none is needed."""

    actor: Actor
    now: datetime
    request_id: UUID
    purpose: Purpose | None = None


Door = Callable[Concatenate[D, Call, P], R]


def allow(scope: Scope) -> Callable[[Door[D, P, R]], Door[D, P, R]]:
    """The lock of a door: Unauthenticated for nobody, Forbidden without the scope, before the door's first line."""

    def locked(door: Door[D, P, R]) -> Door[D, P, R]:
        @wraps(door)
        def guarded(db: D, call: Call, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if call.actor.kind is ActorKind.NOBODY:
                raise Unauthenticated("this needs a token")
            if scope not in call.actor.scopes:
                raise Forbidden(f"this needs the right {scope}")
            return door(db, call, *args, **kwargs)

        guarded.lock = scope  # type: ignore[attr-defined]
        return guarded

    return locked


def open_to_all(door: Door[D, P, R]) -> Door[D, P, R]:
    """A door without a lock, said so on purpose."""
    door.lock = "open to all"  # type: ignore[attr-defined]
    return door


def lock_of(door: Callable[..., Any]) -> str | None:
    lock = getattr(door, "lock", None)
    return None if lock is None else str(lock)
