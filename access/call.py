"""Who calls, what they may do, and the lock that every door carries.

A door is a function that a face outside may call: its first arguments are the `Reading` (or a transaction) and the `Call`.
It carries `@allow(...)` or `@open_to_all`; a test fails on one without, and lists all of them in `tests/locks.txt`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from access.rights import Scope
from access.territory import lineage
from core.errors import Forbidden, Unauthenticated

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D")


class ActorKind(StrEnum):
    NOBODY = "NOBODY"
    AGENCY = "AGENCY"  # a machine, by the agency's key
    OFFICER = "OFFICER"  # a person of an agency
    STAFF = "STAFF"  # a person of the registry
    CITIZEN = "CITIZEN"
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
    """Who calls.

    An agency is known by its id and by the key that its token was asked for with; an officer or a member of staff by the
    account. A citizen is `holder`; `person` is whose affairs are seen to: the holder, or a ward of the holder's. Whoever signed
    in has a `session` (its hash); `assistant` is the account of who sits beside a citizen. `territories` says where a scope
    holds, for those that do not hold in the whole country. `purposes`: the only ones of the agency's that an officer may name.
    """

    kind: ActorKind
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    agency: UUID | None = None
    kid: str | None = None
    name: str = ""
    account: UUID | None = None
    holder: UUID | None = None
    person: UUID | None = None
    session: bytes | None = field(default=None, repr=False)
    assistant: UUID | None = None
    office: UUID | None = None
    operator: UUID | None = None
    territories: Mapping[Scope, frozenset[str]] = field(default_factory=dict)
    purposes: frozenset[Purpose] | None = None

    @property
    def id(self) -> UUID | None:
        """The one id that stands for whoever calls: what is remembered of a caller is kept under it."""
        return self.account or self.holder or self.agency

    def reaches(self, scope: Scope, divisions: Collection[str] | None) -> bool:
        """Whether the scope holds in all of these divisions; None: in the whole country."""
        if scope not in self.scopes:
            return False
        territory = self.territories.get(scope)
        if territory is None:
            return True
        return divisions is not None and all(territory & lineage(division) for division in divisions)

    def confined(self, scope: Scope) -> list[str] | None:
        """For a statement: where a scope holds that the caller has; None: in the whole country."""
        territory = self.territories.get(scope)
        return None if territory is None else sorted(territory)


NOBODY = Actor(ActorKind.NOBODY)


def system(name: str, *scopes: Scope) -> Actor:
    """A job or a command on the machine itself, under a name of its own, with just the scopes it needs."""
    return Actor(ActorKind.SYSTEM, frozenset(scopes), name=name)


@dataclass(frozen=True, slots=True)
class Call:
    """Made once per request at the edge. `now` (aware, UTC) is the only clock; `purpose` is None where none is needed.

    `address` is where the reader of a page is: None for whoever asks in another way. It is for counting tries, nothing else.
    """

    actor: Actor
    now: datetime
    request_id: UUID
    purpose: Purpose | None = None
    address: str | None = field(default=None, repr=False)


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


def refuse_unless_everywhere(call: Call, scope: Scope) -> None:
    """Raises Forbidden for whom the right holds in a part of the country only."""
    if not call.actor.reaches(scope, None):
        raise Forbidden("this is for who may do it in the whole country")


def open_to_all(door: Door[D, P, R]) -> Door[D, P, R]:
    """A door without a lock, said so on purpose."""
    door.lock = "open to all"  # type: ignore[attr-defined]
    return door


def lock_of(door: Callable[..., Any]) -> str | None:
    lock = getattr(door, "lock", None)
    return None if lock is None else str(lock)
