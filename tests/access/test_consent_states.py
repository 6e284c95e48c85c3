"""The states of a consent: every cell of the table, and what time and use make of each."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.consent_states import (
    DERIVED,
    MAX_USES,
    NEVER,
    STORED,
    TRANSITIONS,
    Event,
    Frequency,
    State,
    Window,
    after,
    state_at,
    window_ends,
)
from core.errors import Conflict, Invalid
from tests.access.consenting import DAY, SECOND
from tests.access.enrolled import NOW

# One line for each state before an act ("-": no record yet), one column for each event; "." is refused.
TABLE = """
              REQUESTED  IMPORTED  GRANTED  DECLINED  WITHDRAWN  PAUSED  RESUMED  SUPERSEDED  INVALIDATED
-             REQUESTED  GRANTED   .        .         .          .       .        .           .
REQUESTED     .          .         GRANTED  DECLINED  .          .       .        .           .
GRANTED       .          .         .        .         WITHDRAWN  PAUSED  .        SUPERSEDED  INVALIDATED
DECLINED      .          .         .        .         .          .       .        .           .
PAUSED        .          .         .        .         WITHDRAWN  .       GRANTED  SUPERSEDED  INVALIDATED
WITHDRAWN     .          .         .        .         .          .       .        .           .
SUPERSEDED    .          .         .        .         .          .       .        .           .
INVALIDATED   .          .         .        .         .          .       .        .           .
LAPSED        .          .         .        .         .          .       .        .           .
EXPIRED       .          .         .        .         .          .       .        .           .
EXHAUSTED     .          .         .        .         .          .       .        .           .
"""


def cells() -> list[tuple[State | None, Event, State | None]]:
    events, *rows = (line.split() for line in TABLE.strip().splitlines())
    return [
        (None if state == "-" else State(state), Event(event), None if cell == "." else State(cell))
        for state, *row in rows
        for event, cell in zip(events, row, strict=True)
    ]


def test_the_table_has_every_state_and_every_event() -> None:
    assert {(state, event) for state, event, _ in cells()} == set(product([None, *State], Event))


@pytest.mark.parametrize(("state", "event", "leads_to"), cells())
def test_each_act_leads_where_the_table_says_or_is_refused_with_the_state(
    state: State | None, event: Event, leads_to: State | None
) -> None:
    if leads_to is not None:
        assert after(state, event) is leads_to
        return
    with pytest.raises(Conflict) as refusal:
        after(state, event)
    assert refusal.value.message == ("there is no such consent yet" if state is None else f"the consent is {state}")


def test_acts_time_and_use_together_make_these_transitions_and_no_others() -> None:
    words = {
        "REQUESTED": "GRANTED DECLINED LAPSED",
        "GRANTED": "PAUSED WITHDRAWN EXPIRED EXHAUSTED SUPERSEDED INVALIDATED",
        "PAUSED": "GRANTED WITHDRAWN EXPIRED SUPERSEDED INVALIDATED",
    }
    assert {state: set(TRANSITIONS[state]) for state in State} == {
        state: set(map(State, words.get(state, "").split())) for state in State
    }


def test_what_follows_from_dates_and_counts_is_stored_nowhere() -> None:
    assert {State.LAPSED, State.EXPIRED, State.EXHAUSTED} == DERIVED
    assert set(State) == STORED | DERIVED
    assert not STORED & DERIVED


MOMENTS = (-DAY, -SECOND, -timedelta(microseconds=1), timedelta(0), timedelta(microseconds=1), DAY)


@pytest.mark.parametrize("stored", sorted(STORED))
def test_the_state_at_an_instant_follows_from_dates_and_uses(stored: State) -> None:
    for answer_in, ends_in, spent in product(MOMENTS, MOMENTS, (False, True)):
        lapsed, expired = answer_in <= timedelta(0), ends_in <= timedelta(0)
        # Word by word: the first line that fits says the state.
        expected = next(
            state
            for fits, state in (
                (stored == "REQUESTED" and lapsed, "LAPSED"),
                (stored == "GRANTED" and spent, "EXHAUSTED"),
                (stored == "GRANTED" and expired, "EXPIRED"),
                (stored == "PAUSED" and expired, "EXPIRED"),
                (True, stored),
            )
            if fits
        )
        assert state_at(stored, NOW + answer_in, NOW + ends_in, spent, NOW) == expected


def test_a_request_that_says_no_time_for_its_answer_is_not_open_for_ever() -> None:
    assert state_at(State.REQUESTED, None, NOW + DAY, False, NOW) is State.LAPSED


def test_a_derived_state_stays_what_it_is_however_much_time_passes() -> None:
    for stored, spent in product(STORED, (False, True)):
        for first, then in product(MOMENTS, MOMENTS):
            earlier = state_at(stored, NOW, NOW + SECOND, spent, NOW + min(first, then))
            later = state_at(stored, NOW, NOW + SECOND, spent, NOW + max(first, then))
            assert earlier not in DERIVED or later is earlier


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 2**52).map(lambda microseconds: EPOCH + timedelta(microseconds=microseconds))
LENGTHS = {Window.HOUR: 3600, Window.DAY: 24 * 3600, Window.WEEK: 7 * 24 * 3600, Window.MONTH: 30 * 24 * 3600}


@given(INSTANTS, st.sampled_from(sorted(LENGTHS)))
def test_windows_follow_each_other_from_the_epoch(instant: datetime, window: Window) -> None:
    end, length = window.end(instant), timedelta(seconds=LENGTHS[window])
    assert end - length <= instant < end
    assert (end - EPOCH) % length == timedelta(0)
    assert window.end(end) == end + length
    assert window.end(end - timedelta(microseconds=1)) == end


def test_in_all_is_one_window_that_is_never_over() -> None:
    assert Window.IN_ALL.end(NOW) == NEVER == datetime(9999, 12, 31, tzinfo=UTC)


def test_the_ends_of_all_windows_come_in_their_order() -> None:
    at = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
    assert window_ends(at) == [
        datetime(2026, 3, 14, 11, tzinfo=UTC),
        datetime(2026, 3, 15, tzinfo=UTC),
        datetime(2026, 3, 19, tzinfo=UTC),
        datetime(2026, 4, 7, tzinfo=UTC),
        NEVER,
    ]
    assert [*Window] == ["HOUR", "DAY", "WEEK", "MONTH", "IN_ALL"]


def test_a_limit_is_spent_with_its_last_use_and_not_before() -> None:
    assert [Frequency(2, Window.DAY).spent(used) for used in range(4)] == [False, False, True, True]


@pytest.mark.parametrize("uses", [0, -1, MAX_USES + 1])
def test_a_limit_of_nothing_or_of_more_than_a_million_is_refused(uses: int) -> None:
    with pytest.raises(Invalid) as refusal:
        Frequency(uses, Window.DAY)
    assert refusal.value.path == ("uses",)
