"""Who may live together as a household, and what becomes of it when its head is no longer there. Pure.

Only what is sure is refused: a birth date may be known by its year alone, and a child of the head may be the spouse's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from core.dates import PartialDate
from core.errors import Conflict, Fault, Faulty
from registry.facts import MAX_MEMBERS, Kinship

ADULT: Final = 18
_GROWN: Final = frozenset({Kinship.HEAD, Kinship.SPOUSE})
_YOUNGER: Final = frozenset({Kinship.CHILD, Kinship.GRANDCHILD})
_H, _S, _C, _P = Kinship.HEAD, Kinship.SPOUSE, Kinship.CHILD, Kinship.PARENT
_SP, _B, _G, _O = Kinship.SPOUSE_PARENT, Kinship.SIBLING, Kinship.GRANDCHILD, Kinship.OTHER
# What a member is to the new head, by what the new head was to the old one, and what the member was. What does not follow
# for sure is OTHER, until the household says what it is.
_TO_NEW: Final[Mapping[Kinship, Mapping[Kinship, Kinship]]] = {
    _S: {_H: _S, _C: _C, _G: _G, _P: _SP, _SP: _P},
    _C: {_H: _P, _C: _B},
    _P: {_H: _C, _B: _C, _C: _G},
    _SP: {_S: _C},
    _B: {_H: _B, _B: _B, _P: _P},
}


class CompositionFault(StrEnum):
    """What may be wrong with the members of a household."""

    NO_HEAD = "NO_HEAD"
    TWO_HEADS = "TWO_HEADS"
    TWICE = "TWICE"
    TOO_MANY = "TOO_MANY"
    NOT_ADULT = "NOT_ADULT"
    NOT_BORN = "NOT_BORN"
    IMPLAUSIBLE = "IMPLAUSIBLE"


@dataclass(frozen=True, slots=True)
class Member:
    person: UUID
    kinship: Kinship
    birth: PartialDate


def is_adult(birth: PartialDate, on: date) -> bool:
    return birth.age_on(on) >= ADULT


def faults(members: Sequence[Member], on: date) -> list[Fault]:
    """All that is wrong with these members on that day; paths lead to ("members", position, ...)."""
    found = []
    heads = [at for at, member in enumerate(members) if member.kinship is Kinship.HEAD]
    if len(members) > MAX_MEMBERS:
        found.append(Fault(CompositionFault.TOO_MANY, ("members",), f"a household has at most {MAX_MEMBERS} members"))
    if not heads:
        found.append(Fault(CompositionFault.NO_HEAD, ("members",), "a household has a head"))
    for at in heads[1:]:
        found.append(Fault(CompositionFault.TWO_HEADS, _kinship(at), "a household has one head"))
    head = members[heads[0]] if heads else None
    seen: set[UUID] = set()
    for at, member in enumerate(members):
        if member.person in seen:
            found.append(Fault(CompositionFault.TWICE, ("members", at), "this person is named twice"))
        seen.add(member.person)
        if member.birth.year > on.year or (member.birth.for_ages() > on and member.birth.month is not None):
            found.append(Fault(CompositionFault.NOT_BORN, ("members", at), "this person is not born yet"))
        elif member.kinship in _GROWN and not is_adult(member.birth, on):
            found.append(Fault(CompositionFault.NOT_ADULT, _kinship(at), f"a head or a spouse is {ADULT} or older"))
        if head is not None and not _plausible(member, head):
            found.append(Fault(CompositionFault.IMPLAUSIBLE, _kinship(at), "their ages do not allow this kinship to the head"))
    return found


def check(members: Sequence[Member], on: date) -> None:
    """Raises Faulty, with all that is wrong."""
    found = faults(members, on)
    if found:
        raise Faulty(found)


def _plausible(member: Member, head: Member) -> bool:
    if member.kinship in _YOUNGER:
        return member.birth.year >= head.birth.year
    return member.kinship is not Kinship.PARENT or member.birth.year <= head.birth.year


def _kinship(at: int) -> tuple[str | int, ...]:
    return "members", at, "kinship"


def next_head(members: Collection[Member], on: date) -> Member | None:
    """Who follows a head who is no longer among them: a spouse, else the oldest adult child, else the oldest adult.

    None where none of them is of age: that is for an officer to settle.
    """
    grown = [member for member in members if member.kinship is not Kinship.HEAD and is_adult(member.birth, on)]
    order = {Kinship.SPOUSE: 0, Kinship.CHILD: 1}
    return min(grown, key=lambda each: (order.get(each.kinship, 2), each.birth.for_ages(), each.person), default=None)


def headed_by(members: Mapping[UUID, Kinship], head: UUID) -> dict[UUID, Kinship]:
    """The same members with another head: what each is to the new one."""
    was = members[head]
    if was is Kinship.HEAD:
        return dict(members)
    to_new = _TO_NEW.get(was, {})
    return {
        person: Kinship.HEAD if person == head else to_new.get(kinship, Kinship.OTHER) for person, kinship in members.items()
    }


def without(members: Sequence[Member], leaving: Collection[UUID], on: date) -> dict[UUID, Kinship]:
    """Who remains when some are no longer there, and what each is to the head: the same one, or who follows.

    Nobody, where nobody remains; without a head, where none of those who remain is of age. Raises Conflict where somebody who
    leaves is no member.
    """
    if not set(leaving) <= {member.person for member in members}:
        raise Conflict("this person is not a member", path=("members",))
    staying = [member for member in members if member.person not in leaving]
    kinships = {member.person: member.kinship for member in staying}
    if Kinship.HEAD in kinships.values():
        return kinships
    head = next_head(staying, on)
    return kinships if head is None else headed_by(kinships, head.person)
