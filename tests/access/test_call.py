"""The lock is on the door: who is nobody, and who lacks the right, is turned away before anything happens behind it."""

from uuid import UUID

import pytest

from access.call import NOBODY, Actor, ActorKind, Call, allow, lock_of, open_to_all, system
from access.rights import AGENCY_SCOPES, Scope
from core.errors import Forbidden, Unauthenticated
from tests.access.enrolled import NOW


def call(*scopes: Scope, kind: ActorKind = ActorKind.AGENCY) -> Call:
    return Call(Actor(kind, frozenset(scopes)), NOW, UUID(int=1))


class Room:
    """Remembers who came in."""

    def __init__(self) -> None:
        self.visitors: list[object] = []


@allow(Scope.PERSON_READ)
def look(room: Room, call: Call, what: str, *, twice: bool = False) -> str:
    """What is there."""
    room.visitors.append(call.actor)
    return what * (2 if twice else 1)


@allow(Scope.PERSON_READ)
async def look_later(room: Room, call: Call) -> str:
    room.visitors.append(call.actor)
    return "seen"


@open_to_all
def knock(room: Room, call: Call) -> str:
    return "who is there?"


def test_who_has_the_right_comes_in_with_all_that_was_brought() -> None:
    room = Room()
    assert look(room, call(Scope.PERSON_READ), "a") == "a"
    assert look(room, call(*Scope), "a", twice=True) == "aa"
    assert look(room, call(Scope.PERSON_READ, kind=ActorKind.SYSTEM), what="b") == "b"
    assert len(room.visitors) == 3


async def test_a_door_that_is_waited_for_is_locked_before_anybody_waits() -> None:
    room = Room()
    assert await look_later(room, call(Scope.PERSON_READ)) == "seen"
    with pytest.raises(Forbidden):
        _ = look_later(room, call())
    assert len(room.visitors) == 1


@pytest.mark.parametrize(
    "scopes", [[], *([scope] for scope in Scope if scope is not Scope.PERSON_READ), set(Scope) - {Scope.PERSON_READ}]
)
def test_who_lacks_the_right_does_not_come_in(scopes: list[Scope]) -> None:
    room = Room()
    for kind in (ActorKind.AGENCY, ActorKind.SYSTEM):
        with pytest.raises(Forbidden, match="person:read"):
            look(room, call(*scopes, kind=kind), "a")
    assert room.visitors == []


def test_nobody_is_asked_who_it_is_whatever_rights_it_claims() -> None:
    room = Room()
    for nobody in (Call(NOBODY, NOW, UUID(int=1)), call(*Scope, kind=ActorKind.NOBODY)):
        with pytest.raises(Unauthenticated):
            look(room, nobody, "a")
    assert room.visitors == []


def test_the_call_cannot_be_slipped_past_the_lock_by_name() -> None:
    room = Room()
    with pytest.raises(TypeError):
        look(room=room, call=call(*Scope), what="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        look(room, call(Scope.PERSON_READ), "a", call=call(*Scope))  # type: ignore[call-arg]
    assert room.visitors == []


def test_an_open_door_is_open_and_says_so() -> None:
    assert knock(Room(), Call(NOBODY, NOW, UUID(int=1))) == "who is there?"
    assert lock_of(knock) == "open to all"


def test_a_lock_can_be_read_and_a_door_keeps_its_name() -> None:
    assert (lock_of(look), lock_of(look_later), lock_of(call)) == ("person:read", "person:read", None)
    assert (look.__name__, look.__doc__) == ("look", "What is there.")


def test_an_agency_can_never_be_given_the_rights_of_the_registry() -> None:
    assert not {Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE} & AGENCY_SCOPES


def test_a_system_actor_has_the_scopes_it_was_given_and_no_others() -> None:
    assert system("import", Scope.REGISTER_LOAD) == Actor(ActorKind.SYSTEM, frozenset({Scope.REGISTER_LOAD}), name="import")
    assert system("nothing").scopes == frozenset()
    assert NOBODY.scopes == frozenset()
