"""Ids are UUIDs of version 7: they sort by the instant they were made at, and cannot be guessed."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from core.ids import made_before, random_bytes, uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=365 * 2000)).map(lambda passed: EPOCH + passed)


@given(INSTANTS)
def test_an_id_is_of_version_7_and_holds_its_millisecond(at: datetime) -> None:
    made = uuid7(at)
    assert (made.version, made.variant) == (7, RFC_4122)
    exact = (at - EPOCH) // timedelta(milliseconds=1)
    assert abs((made.int >> 80) - exact) <= 1


def test_the_millisecond_stands_where_rfc_9562_has_it() -> None:
    assert str(uuid7(datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC))).startswith("017f22e2-79b0-7")


@given(INSTANTS, st.timedeltas(timedelta(milliseconds=2), timedelta(days=300)))
def test_a_later_id_sorts_after_an_earlier_one(at: datetime, after: timedelta) -> None:
    early, late = uuid7(at), uuid7(at + after)
    assert early < late
    assert str(early) < str(late)
    assert early.bytes < late.bytes


def test_the_zone_of_the_instant_does_not_matter() -> None:
    at = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
    assert uuid7(at).int >> 80 == uuid7(at.astimezone(timezone(timedelta(hours=1)))).int >> 80


def test_ids_of_one_instant_differ_in_74_random_bits() -> None:
    at = datetime(2026, 3, 14, tzinfo=UTC)
    made = [uuid7(at).int for _ in range(5000)]
    assert len(set(made)) == 5000
    ever_one = ever_zero = 0
    for number in made:
        ever_one |= number
        ever_zero |= ~number
    assert (ever_one & ever_zero & (1 << 128) - 1).bit_count() == 74


def test_random_bytes_are_as_many_as_asked_for() -> None:
    assert [len(random_bytes(n)) for n in (0, 1, 32)] == [0, 1, 32]
    assert random_bytes(32) != random_bytes(32)
    assert UUID(bytes=random_bytes(16)) != UUID(int=0)


def test_an_id_tells_whether_it_was_made_before() -> None:
    at = datetime(2026, 3, 14, 10, 30, 0, 500, tzinfo=UTC)
    name = uuid7(at)
    assert [made_before(name, at + timedelta(milliseconds=by)) for by in (-1, 0, 1)] == [False, False, True]
    assert not made_before(UUID(int=1), at)
    assert not made_before(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"), at)
