"""Every door has its lock, and the list of doors and locks (`locks.txt`) changes only on purpose.

A door is a public function of a room that takes the database and the call. Not of its `store`, which other rooms use; nor one
that asks for a `Standing`, which nobody has but who was let in. After a change that is meant, the list is written anew with
`SIJIL_UPDATE=1`.
"""

import inspect
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import pytest

from access.call import NOBODY, Actor, ActorKind, Call, allow, lock_of
from access.decision import Standing
from access.rights import Scope
from core.errors import Forbidden, Unauthenticated
from core.ids import uuid7

ROOMS = ("access", "identity", "registry", "scoring", "verification")
FIRST = {"reading", "_reading", "db", "database", "connection"}
SECOND = {"call", "_call"}
LIST = Path(__file__).with_name("locks.txt")


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        package = import_module(room)
        yield package
        for found in walk_packages(package.__path__, f"{room}."):
            yield import_module(found.name)


def functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions that are defined in the module, with their full names."""
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield f"{module.__name__}.{name}", value


def is_like_a_door(function: Callable[..., Any]) -> bool:
    first, second, *_ = [*inspect.signature(function).parameters, "", ""]
    return first in FIRST and second in SECOND


def is_door(function: Callable[..., Any]) -> bool:
    asks_for = [parameter.annotation for parameter in inspect.signature(function).parameters.values()]
    return is_like_a_door(function) and Standing not in asks_for


def doors() -> dict[str, str | None]:
    """Each door and its lock; also what carries a lock without looking like a door."""
    return {
        name: lock_of(function)
        for module in modules()
        if not module.__name__.endswith(".store")
        for name, function in functions(module)
        if is_door(function) or lock_of(function) is not None
    }


def test_every_door_has_a_lock() -> None:
    assert [name for name, lock in doors().items() if lock is None] == []


def test_whatever_has_a_lock_is_a_door_and_its_lock_is_one_of_the_vocabulary() -> None:
    known = {*Scope, "open to all"}
    for module in modules():
        for name, function in functions(module):
            lock = lock_of(function)
            assert lock is None or (lock in known and is_like_a_door(function)), name


def test_the_list_of_locks_is_as_it_was_reviewed() -> None:
    written = "".join(f"{name} {lock}\n" for name, lock in sorted(doors().items()))
    if os.environ.get("SIJIL_UPDATE") == "1":
        LIST.write_text(written)
    assert LIST.read_text() == written


def test_a_door_without_a_lock_would_be_noticed() -> None:
    room = ModuleType("room")

    async def left_open(reading: Any, call: Call, what: str) -> str:
        return what

    def inner(what: str) -> str:
        return what

    def within(reading: Any, call: Call, standing: Standing) -> None: ...

    @allow(Scope.PERSON_READ)
    def locked(reading: Any, call: Call) -> None: ...

    for function in (left_open, inner, within, locked):
        function.__module__ = "room"
        setattr(room, function.__name__, function)
    found = {name: lock_of(function) for name, function in functions(room) if is_door(function)}
    assert found == {"room.left_open": None, "room.locked": "person:read"}


@pytest.mark.parametrize("name", [line.split()[0] for line in LIST.read_text().splitlines() if "open to all" not in line])
def test_nobody_and_whoever_lacks_the_right_are_refused_before_the_first_line(name: str) -> None:
    module, _, function = name.rpartition(".")
    door = getattr(import_module(module), function)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    others = frozenset(Scope) - {Scope(str(lock_of(door)))}
    for actor, refusal in (
        (NOBODY, Unauthenticated),
        (Actor(ActorKind.SYSTEM, others, name="another"), Forbidden),
        (Actor(ActorKind.AGENCY, others, agency=uuid7(now), kid="k"), Forbidden),
    ):
        with pytest.raises(refusal):
            door(None, Call(actor, now, uuid7(now)))
