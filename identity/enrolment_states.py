"""The states of a request to be enrolled, and what leads from one to the next. Pure.

    DRAFT ──submit──> SUBMITTED ──review──> IN_REVIEW ──accept──> ACCEPTED
      │ lapse (after thirty days)   └───────reject──────┴───────> REJECTED
      └─────────────────────────────────────────────────────────────^

What lapses is derived from its date; a sweep writes it down later. Every request is in exactly one state at any instant.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.errors import Conflict

DRAFT_LIFETIME = timedelta(days=30)
DECIDED_WITHIN = timedelta(days=1)
ERASED_AFTER = timedelta(days=90)  # what was refused: time enough to ask why
TESTIMONIES = 2


class State(StrEnum):
    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


class Step(StrEnum):
    AMEND = "AMEND"
    SUBMIT = "SUBMIT"
    REVIEW = "REVIEW"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    LAPSE = "LAPSE"


class Reason(StrEnum):
    """Why a request was refused: a fixed list, which says nothing of anybody else."""

    LAPSED = "LAPSED"  # a draft that was not submitted in time
    DUPLICATE = "DUPLICATE"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    EVIDENCE_DOUBTFUL = "EVIDENCE_DOUBTFUL"
    DATA_WRONG = "DATA_WRONG"
    GUARDIAN_NOT_PROVEN = "GUARDIAN_NOT_PROVEN"
    NOT_RESIDENT = "NOT_RESIDENT"
    WITHDRAWN = "WITHDRAWN"


DECIDERS_REASONS: Final = frozenset(Reason) - {Reason.LAPSED}
_NEXT: Final = {
    (State.DRAFT, Step.AMEND): State.DRAFT,
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.DRAFT, Step.LAPSE): State.REJECTED,
    (State.SUBMITTED, Step.REVIEW): State.IN_REVIEW,
    (State.SUBMITTED, Step.REJECT): State.REJECTED,
    (State.IN_REVIEW, Step.ACCEPT): State.ACCEPTED,
    (State.IN_REVIEW, Step.REJECT): State.REJECTED,
}
_REFUSALS: Final = {
    Step.AMEND: "only a draft can be amended",
    Step.SUBMIT: "only a draft can be submitted",
    Step.REVIEW: "this does not wait to be reviewed",
    Step.ACCEPT: "this is not in review",
    Step.REJECT: "this does not wait for a decision",
    Step.LAPSE: "only a draft lapses",
}


def after(state: State, step: Step) -> State:
    """The state that the step leads to. Raises Conflict where it cannot be taken."""
    following = _NEXT.get((state, step))
    if following is None:
        raise Conflict(_REFUSALS[step])
    return following


def state_at(stored: str, expires_at: datetime, now: datetime) -> State:
    """The state of a request at that instant, whatever was written down by then."""
    state = State(stored)
    return State.REJECTED if state is State.DRAFT and expires_at <= now else state


class Obstacle(StrEnum):
    """What keeps a request from being accepted."""

    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    TESTIMONY_MISSING = "TESTIMONY_MISSING"
    NOT_OPEN = "NOT_OPEN"  # nobody is enrolled there today
    CASE_OPEN = "CASE_OPEN"  # somebody has to decide whether the applicant is on record already
    FOUND_TWICE = "FOUND_TWICE"  # it was decided that they are


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a request. `cases`: the states of all its cases of doubles."""

    evidence_needed: Collection[frozenset[str]]
    evidence: Collection[str]
    by_testimony: bool
    testimonies: int
    open_there: bool
    cases: Collection[str]


def obstacles(standing: Standing) -> list[Obstacle]:
    """All that keeps it from being accepted; nothing does where this is empty."""
    there = set(standing.evidence)
    found = {
        Obstacle.EVIDENCE_MISSING: not all(kinds & there for kinds in standing.evidence_needed),
        Obstacle.TESTIMONY_MISSING: standing.by_testimony and standing.testimonies < TESTIMONIES,
        Obstacle.NOT_OPEN: not standing.open_there,
        Obstacle.CASE_OPEN: "OPEN" in standing.cases,
        Obstacle.FOUND_TWICE: "SAME" in standing.cases,
    }
    return [obstacle for obstacle, holds in found.items() if holds]
