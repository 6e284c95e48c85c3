"""What is told upward of households."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ChangeCause(StrEnum):
    """What changed a household. The scores that follow from it bear the same name as their cause."""

    EVENT = "EVENT"


@dataclass(frozen=True, slots=True)
class HouseholdsChanged:
    """Told in the transaction in which members, residence or facts of these households became others.

    `effective_from`: since when it counts. `origin`: the life event that it came from.
    """

    households: tuple[UUID, ...]
    cause: ChangeCause
    effective_from: datetime
    origin: UUID | None = None
