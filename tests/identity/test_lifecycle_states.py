"""The life of a record: every way through it, and nothing that leads elsewhere."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from access.decision import Status
from core.dates import PartialDate, civil_date
from core.errors import Conflict, Invalid
from identity.lifecycle_states import (
    MAX_SUSPENSION,
    REASONS,
    Standing,
    StatusChange,
    StatusReason,
    StatusStep,
    after,
    begins,
    refuse_unless_shown,
    refuse_unless_sound,
    standing_at,
    steps_from,
)

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
TODAY = civil_date(NOW)
DAY = timedelta(days=1)
ARROWS = {
    ("ACTIVE", "SUSPEND"): "SUSPENDED",
    ("SUSPENDED", "RESTORE"): "ACTIVE",
    ("ACTIVE", "DECLARE_DECEASED"): "DECEASED",
    ("SUSPENDED", "DECLARE_DECEASED"): "DECEASED",
    ("ACTIVE", "CANCEL"): "CANCELLED",
    ("SUSPENDED", "CANCEL"): "CANCELLED",
    ("DECEASED", "CANCEL"): "CANCELLED",
    ("DECEASED", "UNDO_DEATH"): "ACTIVE",
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", StatusStep)
def test_a_step_leads_where_it_is_drawn_to_and_nowhere_else(status: Status, step: StatusStep) -> None:
    wanted = ARROWS.get((status.value, step.value))
    assert (step in steps_from(status)) == (wanted is not None)
    if wanted is not None:
        assert after(status, step) == wanted
        return
    with pytest.raises(Conflict) as refused:
        after(status, step)
    assert refused.value.path == ("step",)


class Life(RuleBasedStateMachine):
    """A record of which anybody proposes anything at any time: it goes along the arrows alone, and none leaves CANCELLED."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.stored: tuple[Status, datetime, datetime | None] = (Status.ACTIVE, NOW - 400 * DAY, None)
        self.before = Status.ACTIVE
        self.path = [Status.ACTIVE]

    def standing(self) -> Standing:
        status, since, until = self.stored
        return standing_at(status, since, until, self.now)

    @rule(days=st.integers(0, 400))
    def time_passes(self, days: int) -> None:
        was = self.standing()
        self.now += days * DAY
        becomes = self.standing()
        if was.status is not becomes.status:
            assert (was.status, becomes.status) == (Status.SUSPENDED, Status.ACTIVE)
            assert was.until is not None
            assert was.until <= self.now
            assert becomes.since == was.until
            self.path.append(becomes.status)

    @rule(
        step=st.sampled_from(StatusStep),
        reason=st.sampled_from(StatusReason),
        days=st.integers(-500, 3),
        until=st.none() | st.integers(-2, 400),
    )
    def somebody_proposes(self, step: StatusStep, reason: StatusReason, days: int, until: int | None) -> None:
        today = civil_date(self.now)
        change = StatusChange(step, reason, today + days * DAY, None if until is None else today + until * DAY)
        was = self.standing()
        try:
            becomes = refuse_unless_sound(change, was, self.now, PartialDate(2020))
        except (Conflict, Invalid):
            return
        assert ARROWS[was.status.value, step.value] == becomes
        assert reason in REASONS[step]
        assert date(2020, 1, 1) <= change.effective_on <= today
        assert step is StatusStep.DECLARE_DECEASED or change.effective_on >= civil_date(was.since)
        assert change.until is None or (step is StatusStep.SUSPEND and today < change.until <= today + MAX_SUSPENSION)
        self.stored = (becomes, self.now, None if change.until is None else begins(change.until))
        self.path.append(becomes)

    @precondition(lambda self: len(self.path) > 1)
    @invariant()
    def it_went_along_an_arrow(self) -> None:
        assert (self.path[-2].value, self.path[-1].value) in {(was, becomes) for (was, _), becomes in ARROWS.items()}

    @invariant()
    def whoever_was_cancelled_is_so_for_good(self) -> None:
        assert Status.CANCELLED not in self.path[:-1]
        assert Status.DECOY not in self.path


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_suspension_is_over_at_the_instant_of_its_end() -> None:
    until = begins(TODAY + DAY)
    assert standing_at("SUSPENDED", NOW, until, until - timedelta(microseconds=1)) == Standing(Status.SUSPENDED, NOW, until)
    assert standing_at("SUSPENDED", NOW, until, until) == Standing(Status.ACTIVE, until)
    assert standing_at("SUSPENDED", NOW, None, NOW + 9999 * DAY) == Standing(Status.SUSPENDED, NOW)
    assert begins(date(2026, 7, 1)) == datetime(2026, 6, 30, 23, tzinfo=UTC)


DEATH = StatusChange(StatusStep.DECLARE_DECEASED, StatusReason.DEATH_RECORD, TODAY, None)


@pytest.mark.parametrize(
    ("birth", "day", "path"),
    [
        ("1959", date(1959, 1, 1), None),
        ("1959", date(1958, 12, 31), "effectiveOn"),
        ("1959-07", date(1959, 6, 30), "effectiveOn"),
        ("1959-07-14", date(1959, 7, 14), None),
        ("1959-07-14", date(1959, 7, 13), "effectiveOn"),
        ("1959", TODAY, None),
        ("1959", TODAY + DAY, "effectiveOn"),
    ],
)
def test_a_death_is_neither_before_the_birth_nor_to_come(birth: str, day: date, path: str | None) -> None:
    change = StatusChange(StatusStep.DECLARE_DECEASED, StatusReason.DEATH_RECORD, day, None)
    standing = Standing(Status.ACTIVE, NOW - DAY)
    if path is None:
        assert refuse_unless_sound(change, standing, NOW, PartialDate.parse(birth)) is Status.DECEASED
        return
    with pytest.raises(Invalid) as refused:
        refuse_unless_sound(change, standing, NOW, PartialDate.parse(birth))
    assert refused.value.path == (path,)


@pytest.mark.parametrize(
    ("step", "reason", "kinds", "holds"),
    [
        ("DECLARE_DECEASED", "DEATH_RECORD", ["DEATH_RECORD"], True),
        ("DECLARE_DECEASED", "DEATH_RECORD", ["JUDGEMENT"], False),
        ("DECLARE_DECEASED", "JUDGEMENT", ["JUDGEMENT", "OTHER"], True),
        ("SUSPEND", "FRAUD_SUSPECTED", ["OTHER"], True),
        ("SUSPEND", "JUDGEMENT", ["OTHER"], False),
        ("RESTORE", "RESOLVED", [], False),
        ("UNDO_DEATH", "MISTAKE", ["BIRTH_RECORD"], True),
    ],
)
def test_a_step_is_shown_by_evidence_of_its_kind(step: str, reason: str, kinds: list[str], holds: bool) -> None:
    change = StatusChange(StatusStep(step), StatusReason(reason), TODAY, None)
    if holds:
        refuse_unless_shown(change, kinds)
        return
    with pytest.raises(Invalid) as refused:
        refuse_unless_shown(change, kinds)
    assert refused.value.path == ("evidence",)


@given(st.sampled_from(StatusStep))
def test_every_step_has_reasons(step: StatusStep) -> None:
    assert REASONS[step]
