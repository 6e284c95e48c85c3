"""The life of a record: its states, what leads from one to the next, and what each step has to be shown with. Pure.

    ACTIVE ──suspend──> SUSPENDED ──restore, or by itself at its end──> ACTIVE
    ACTIVE, SUSPENDED ──declare deceased──> DECEASED ──undo death──> ACTIVE
    ACTIVE, SUSPENDED, DECEASED ──cancel──> CANCELLED, for good

Nothing else leads anywhere. A suspension that is over is so by its date; no step is needed, and none is written.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from access.decision import Status
from core.dates import CIVIL_ZONE, PartialDate, civil_date
from core.errors import Conflict, Invalid

MAX_SUSPENSION: Final = timedelta(days=366)  # one that is to last longer has no end, and is looked at again
MAX_EVIDENCE: Final = 20


class StatusStep(StrEnum):
    SUSPEND = "SUSPEND"
    RESTORE = "RESTORE"
    DECLARE_DECEASED = "DECLARE_DECEASED"
    CANCEL = "CANCEL"
    UNDO_DEATH = "UNDO_DEATH"


class StatusReason(StrEnum):
    """Why a status is what it is: a fixed list, which says nothing of anybody else."""

    FRAUD_SUSPECTED = "FRAUD_SUSPECTED"
    IDENTITY_DISPUTED = "IDENTITY_DISPUTED"
    DUPLICATE_SUSPECTED = "DUPLICATE_SUSPECTED"
    ON_REQUEST = "ON_REQUEST"
    JUDGEMENT = "JUDGEMENT"
    RESOLVED = "RESOLVED"
    MISTAKE = "MISTAKE"
    DEATH_RECORD = "DEATH_RECORD"
    UNLAWFUL_ENROLMENT = "UNLAWFUL_ENROLMENT"
    LEFT_COUNTRY = "LEFT_COUNTRY"


_R = StatusReason
REASONS: Final[Mapping[StatusStep, frozenset[StatusReason]]] = {
    StatusStep.SUSPEND: frozenset(
        {_R.FRAUD_SUSPECTED, _R.IDENTITY_DISPUTED, _R.DUPLICATE_SUSPECTED, _R.ON_REQUEST, _R.JUDGEMENT}
    ),
    StatusStep.RESTORE: frozenset({_R.RESOLVED, _R.MISTAKE, _R.ON_REQUEST, _R.JUDGEMENT}),
    StatusStep.DECLARE_DECEASED: frozenset({_R.DEATH_RECORD, _R.JUDGEMENT}),
    StatusStep.CANCEL: frozenset({_R.UNLAWFUL_ENROLMENT, _R.LEFT_COUNTRY, _R.JUDGEMENT}),
    StatusStep.UNDO_DEATH: frozenset({_R.MISTAKE, _R.JUDGEMENT}),
}
_NEXT: Final[Mapping[tuple[Status, StatusStep], Status]] = {
    (Status.ACTIVE, StatusStep.SUSPEND): Status.SUSPENDED,
    (Status.SUSPENDED, StatusStep.RESTORE): Status.ACTIVE,
    (Status.ACTIVE, StatusStep.DECLARE_DECEASED): Status.DECEASED,
    (Status.SUSPENDED, StatusStep.DECLARE_DECEASED): Status.DECEASED,
    (Status.ACTIVE, StatusStep.CANCEL): Status.CANCELLED,
    (Status.SUSPENDED, StatusStep.CANCEL): Status.CANCELLED,
    (Status.DECEASED, StatusStep.CANCEL): Status.CANCELLED,
    (Status.DECEASED, StatusStep.UNDO_DEATH): Status.ACTIVE,
}
_SAID: Final = {
    StatusStep.SUSPEND: "only an active record can be suspended",
    StatusStep.RESTORE: "this record is not suspended",
    StatusStep.DECLARE_DECEASED: "this record is neither active nor suspended",
    StatusStep.CANCEL: "this record was cancelled already",
    StatusStep.UNDO_DEATH: "no death was recorded here",
}
# Of the kinds of evidence, one of these has to be there, for a step and for a reason; for others any will do.
_OF_STEP: Final[Mapping[StatusStep, frozenset[str]]] = {
    StatusStep.DECLARE_DECEASED: frozenset({"DEATH_RECORD", "JUDGEMENT"}),
}
_OF_REASON: Final[Mapping[StatusReason, frozenset[str]]] = {
    _R.JUDGEMENT: frozenset({"JUDGEMENT"}),
    _R.DEATH_RECORD: frozenset({"DEATH_RECORD"}),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The status that counts at an instant, and since when it does. `until`: the end of a suspension that is not over."""

    status: Status
    since: datetime
    until: datetime | None = None


def standing_at(status: str, since: datetime, until: datetime | None, now: datetime) -> Standing:
    """What counts at that instant, of what is stored."""
    stored = Status(status)
    if stored is Status.SUSPENDED and until is not None and until <= now:
        return Standing(Status.ACTIVE, until)
    return Standing(stored, since, until if stored is Status.SUSPENDED else None)


def after(status: Status, step: StatusStep) -> Status:
    """The status that the step leads to. Raises Conflict where it cannot be taken."""
    following = _NEXT.get((status, step))
    if following is None:
        raise Conflict(_SAID[step], path=("step",))
    return following


def steps_from(status: Status) -> list[StatusStep]:
    """Those that can be taken, in the order of the list."""
    return [step for step in StatusStep if (status, step) in _NEXT]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One step, as it is proposed. `until`: the day from which a suspension counts no more."""

    step: StatusStep
    reason: StatusReason
    effective_on: date
    until: date | None


def refuse_unless_sound(change: StatusChange, standing: Standing, now: datetime, birth: PartialDate | None) -> Status:
    """The status that the change leads to.

    `birth`: where it is known here. Raises Conflict for a step that cannot be taken, Invalid (with the path of the member) for
    a reason of another step, a day to come, a day before the birth, a day before what it changes (but for a death, which may
    have been long ago), and an end that is none.
    """
    becomes = after(standing.status, change.step)
    if change.reason not in REASONS[change.step]:
        raise Invalid("this is no reason for this step", path=("reason",))
    today = civil_date(now)
    if change.effective_on > today:
        raise Invalid("a status counts from a day that has come", path=("effectiveOn",))
    if birth is not None and change.effective_on < first_day(birth):
        raise Invalid("this is before the person was born", path=("effectiveOn",))
    if change.step is not StatusStep.DECLARE_DECEASED and change.effective_on < civil_date(standing.since):
        raise Invalid("this is before the status that it changes", path=("effectiveOn",))
    if change.until is not None:
        if change.step is not StatusStep.SUSPEND:
            raise Invalid("only a suspension has an end", path=("until",))
        if not today < change.until <= today + MAX_SUSPENSION:
            raise Invalid(f"a suspension ends on a day to come, within {MAX_SUSPENSION.days} days", path=("until",))
    return becomes


def first_day(birth: PartialDate) -> date:
    """The first of the days that a date may stand for."""
    return date(birth.year, birth.month or 1, birth.day or 1)


def begins(day: date) -> datetime:
    """The instant at which that day begins in Morocco."""
    return datetime.combine(day, time.min, CIVIL_ZONE).astimezone(UTC)


def refuse_unless_shown(change: StatusChange, kinds: Collection[str]) -> None:
    """`kinds`: of the evidence that is there. Raises Invalid, with the path `evidence`, where it does not show the reason."""
    if not kinds:
        raise Invalid("a change of the status is shown by evidence", path=("evidence",))
    for needed in (_OF_STEP.get(change.step), _OF_REASON.get(change.reason)):
        if needed is not None and not needed & set(kinds):
            raise Invalid(f"this needs evidence of this kind: {', '.join(sorted(needed))}", path=("evidence",))
