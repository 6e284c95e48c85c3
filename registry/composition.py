"""What becomes of a household when its head, or somebody else, is no longer there. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from core.dates import PartialDate
from core.errors import Conflict
from identity.applications import ADULT
from registry.facts import Kinship

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


@dataclass(frozen=True, slots=True)
class Member:
    person: UUID
    kinship: Kinship
    birth: PartialDate


def is_adult(birth: PartialDate, on: date) -> bool:
    return birth.age_on(on) >= ADULT


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
