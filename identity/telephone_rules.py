"""What is decided of a change of a telephone, without I/O: how it stands, who can stop it, and which numbers there can be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.errors import Invalid
from identity.codes import normal_form

AFTER_STOP = timedelta(days=30)  # so long the word of the agent counts whose change was stopped
TELEPHONE = "person.telephone"
_MOBILE = re.compile(r"\+212[67]\d{8}", re.ASCII)


class ChangeState(StrEnum):
    ASKED = "ASKED"  # of the witnesses, who have not both confirmed
    WAITING = "WAITING"  # it will take effect, unless it is stopped
    APPLIED = "APPLIED"
    STOPPED = "STOPPED"
    LAPSED = "LAPSED"  # the witnesses did not confirm in time


class StoppedBy(StrEnum):
    HOLDER = "HOLDER"  # in a session: of the holder's, of a guardian's, or of whoever has the old telephone
    CENTRE = "CENTRE"


@dataclass(frozen=True, slots=True)
class Before:
    """What the rule needs to know of an earlier change of the same person. `agent`: who registered it, at a centre."""

    telephone: str = field(repr=False)
    agent: UUID | None
    stopped_by: StoppedBy | None
    stopped_at: datetime | None
    applied_at: datetime | None


def is_firm(before: Sequence[Before], telephone: str, agent: UUID, now: datetime) -> bool:
    """Whether a change to this number that this agent registers now can be stopped at a centre only. Pure.

    Another agent's, to the same number, was stopped in a session within thirty days, and since then none has taken effect, nor
    did the person come to a centre to stop one.
    """
    settled = [
        at for its in before for at in (its.applied_at, its.stopped_at if its.stopped_by is StoppedBy.CENTRE else None) if at
    ]
    return any(
        its.stopped_by is StoppedBy.HOLDER
        and its.telephone == telephone
        and its.agent not in (None, agent)
        and its.stopped_at is not None
        and now - AFTER_STOP < its.stopped_at
        and all(at < its.stopped_at for at in settled)
        for its in before
    )


def mobile(typed: str) -> str:
    """A Moroccan mobile number in E.164. Raises Invalid for any other: text messages have to reach it."""
    number = normal_form(TELEPHONE, typed)
    if not _MOBILE.fullmatch(number):
        raise Invalid("not a Moroccan mobile number")
    return number


def masked(telephone: str) -> str:
    """What is left to tell a number by, for who knows it."""
    return f"••••••{telephone[-2:]}"


def state_of(row: Any, now: datetime) -> ChangeState:
    """Of a row of `telephone_change`."""
    if row["applied_at"] is not None:
        return ChangeState.APPLIED
    if row["stopped_at"] is not None:
        return ChangeState.STOPPED
    if row["takes_effect_at"] is not None:
        return ChangeState.WAITING
    return ChangeState.LAPSED if row["expires_at"] <= now else ChangeState.ASKED
