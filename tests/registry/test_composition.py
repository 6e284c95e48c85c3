"""Who may live together as a household, and who follows a head."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dates import PartialDate
from core.errors import Conflict
from registry.composition import Member, headed_by, is_adult, next_head, without
from registry.facts import Kinship

ON = date(2026, 3, 14)
K = Kinship


def member(number: int, kinship: Kinship, birth: str = "1980") -> Member:
    return Member(UUID(int=number), kinship, PartialDate.parse(birth))


FAMILY = [
    member(1, K.HEAD, "1960-05-02"),
    member(2, K.SPOUSE, "1965"),
    member(3, K.CHILD, "1990-01-01"),
    member(4, K.CHILD, "1988-07-09"),
    member(5, K.GRANDCHILD, "2015"),
    member(6, K.PARENT, "1938"),
]


def test_a_spouse_follows_a_head_then_the_oldest_grown_child_then_the_oldest_adult() -> None:
    def follows(*members: Member) -> int | None:
        head = next_head(members, ON)
        return None if head is None else head.person.int

    assert follows(*FAMILY) == 2
    assert follows(*FAMILY[2:]) == 4
    assert follows(*FAMILY[4:]) == 6
    assert follows(FAMILY[4]) is None
    assert follows(FAMILY[0]) is None, "the head does not follow the head"
    assert follows() is None


def test_what_members_are_to_the_head_follows_from_what_the_new_head_was() -> None:
    everybody = {UUID(int=n): kinship for n, kinship in enumerate(K)}
    by_name = {kinship: UUID(int=n) for n, kinship in enumerate(K)}

    def to(kinship: Kinship) -> list[Kinship]:
        return list(headed_by(everybody, by_name[kinship]).values())

    assert to(K.HEAD) == list(K)
    assert to(K.SPOUSE) == [K.SPOUSE, K.HEAD, K.CHILD, K.SPOUSE_PARENT, K.PARENT, K.OTHER, K.GRANDCHILD, K.OTHER]
    assert to(K.CHILD) == [K.PARENT, K.OTHER, K.HEAD, K.OTHER, K.OTHER, K.OTHER, K.OTHER, K.OTHER]
    assert to(K.PARENT) == [K.CHILD, K.OTHER, K.GRANDCHILD, K.HEAD, K.OTHER, K.CHILD, K.OTHER, K.OTHER]
    assert to(K.SIBLING) == [K.SIBLING, K.OTHER, K.OTHER, K.PARENT, K.OTHER, K.HEAD, K.OTHER, K.OTHER]


def test_who_remains_has_the_same_head_or_the_next_one() -> None:
    def left(*leaving: int) -> dict[int, Kinship]:
        return {person.int: kinship for person, kinship in without(FAMILY, [UUID(int=n) for n in leaving], ON).items()}

    assert left(2, 3) == {1: K.HEAD, 4: K.CHILD, 5: K.GRANDCHILD, 6: K.PARENT}
    assert left(1) == {2: K.HEAD, 3: K.CHILD, 4: K.CHILD, 5: K.GRANDCHILD, 6: K.SPOUSE_PARENT}
    assert left(1, 2) == {4: K.HEAD, 3: K.SIBLING, 5: K.OTHER, 6: K.OTHER}
    assert left(1, 2, 3, 4, 6) == {5: K.GRANDCHILD}, "children alone have no head"
    assert left(1, 2, 3, 4, 5, 6) == {}
    with pytest.raises(Conflict):
        left(7)


births = st.integers(1930, 2026).map(PartialDate)
households = st.lists(st.tuples(st.sampled_from([kinship for kinship in K if kinship is not K.HEAD]), births), max_size=12).map(
    lambda others: [member(1, K.HEAD, "1970"), *(Member(UUID(int=n + 2), *each) for n, each in enumerate(others))]
)


@given(households, st.data())
def test_whoever_leaves_one_head_remains_wherever_an_adult_does(members: list[Member], data: st.DataObject) -> None:
    leaving = data.draw(st.sets(st.sampled_from([each.person for each in members])))
    left = without(members, leaving, ON)
    assert set(left) == {each.person for each in members} - leaving
    heads = [person for person, kinship in left.items() if kinship is K.HEAD]
    grown = any(is_adult(each.birth, ON) for each in members if each.person in left)
    assert len(heads) == (1 if grown else 0)
    assert all(is_adult(each.birth, ON) for each in members if each.person in heads)
