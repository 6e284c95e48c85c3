"""The states of a consent: where acts lead, and what time and use make of it. Pure.

    (nothing)  -> REQUESTED | GRANTED (given elsewhere and imported)
    REQUESTED  -> GRANTED | DECLINED | LAPSED
    GRANTED    -> PAUSED | WITHDRAWN | SUPERSEDED | INVALIDATED | EXPIRED | EXHAUSTED
    PAUSED     -> GRANTED | WITHDRAWN | SUPERSEDED | INVALIDATED | EXPIRED

What is stored is only what somebody did. LAPSED, EXPIRED and EXHAUSTED follow from dates and counts at the instant that is
asked about, so no job has to run for them and none of them can go stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from access.counters import window_end
from core.errors import Conflict, Invalid

MAX_USES = 1_000_000
NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # a counter of this window is never over, hence never forgotten


class State(StrEnum):
    REQUESTED = "REQUESTED"
    GRANTED = "GRANTED"
    DECLINED = "DECLINED"
    PAUSED = "PAUSED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    INVALIDATED = "INVALIDATED"
    LAPSED = "LAPSED"  # asked for and not answered in time
    EXPIRED = "EXPIRED"
    EXHAUSTED = "EXHAUSTED"  # all uses there will ever be are spent


class Event(StrEnum):
    """What somebody does to a consent; each becomes a revision."""

    REQUESTED = "REQUESTED"
    IMPORTED = "IMPORTED"
    GRANTED = "GRANTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    SUPERSEDED = "SUPERSEDED"
    INVALIDATED = "INVALIDATED"


_ENDS = {
    Event.WITHDRAWN: State.WITHDRAWN,
    Event.SUPERSEDED: State.SUPERSEDED,
    Event.INVALIDATED: State.INVALIDATED,
}
# None: before there is a record. A state that is not here is final.
_ACTS: Mapping[State | None, Mapping[Event, State]] = {
    None: {Event.REQUESTED: State.REQUESTED, Event.IMPORTED: State.GRANTED},
    State.REQUESTED: {Event.GRANTED: State.GRANTED, Event.DECLINED: State.DECLINED},
    State.GRANTED: {Event.PAUSED: State.PAUSED, **_ENDS},
    State.PAUSED: {Event.RESUMED: State.GRANTED, **_ENDS},
}
_TIME_AND_USE: Mapping[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.LAPSED}),
    State.GRANTED: frozenset({State.EXPIRED, State.EXHAUSTED}),
    State.PAUSED: frozenset({State.EXPIRED}),
}
DERIVED = frozenset({State.LAPSED, State.EXPIRED, State.EXHAUSTED})
STORED = frozenset(State) - DERIVED
TRANSITIONS: Mapping[State, frozenset[State]] = {
    state: frozenset(_ACTS.get(state, {}).values()) | _TIME_AND_USE.get(state, frozenset()) for state in State
}


def after(state: State | None, event: Event) -> State:
    """The state that an event leads to. Raises Conflict, which says the state, where the event cannot happen in it."""
    try:
        return _ACTS.get(state, {})[event]
    except KeyError:
        raise Conflict("there is no such consent yet" if state is None else f"the consent is {state}") from None


def state_at(stored: State, answer_by: datetime | None, valid_to: datetime, spent: bool, now: datetime) -> State:
    """The state at an instant. `spent`: all uses there will ever be are spent (never so for a limit per hour, day ...).

    A use that was settled after a pause shows once the consent is resumed; what is EXHAUSTED does not become EXPIRED.
    """
    if stored is State.REQUESTED:
        return State.LAPSED if answer_by is None or answer_by <= now else State.REQUESTED
    if stored is State.GRANTED and spent:
        return State.EXHAUSTED
    if stored in (State.GRANTED, State.PAUSED) and valid_to <= now:
        return State.EXPIRED
    return stored


class Window(StrEnum):
    """The time within which uses are counted. Windows follow each other from the epoch; a MONTH is 30 days."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    IN_ALL = "IN_ALL"

    def end(self, now: datetime) -> datetime:
        """The end of the window that `now` lies in; of IN_ALL, which has none, `NEVER`."""
        return NEVER if self is Window.IN_ALL else window_end(now, _SECONDS[self])


_SECONDS = {Window.HOUR: 3600, Window.DAY: 86_400, Window.WEEK: 7 * 86_400, Window.MONTH: 30 * 86_400}


def window_ends(now: datetime) -> list[datetime]:
    """The ends of all windows, in the order of `Window`: what a statement needs to find the counter of any consent."""
    return [window.end(now) for window in Window]


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often a consent may be used within a window."""

    uses: int
    window: Window

    def __post_init__(self) -> None:
        if not 1 <= self.uses <= MAX_USES:
            raise Invalid(f"expected 1 to {MAX_USES}", path=("uses",))

    def spent(self, used: int) -> bool:
        """Whether no use is left in the window in which `used` were counted."""
        return used >= self.uses
