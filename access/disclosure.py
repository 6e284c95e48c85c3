"""The only way to a person's data: a `Disclosure` opens what its decision allows, and notes every use it was put to.

A disclosure is made for one subject and one root field of a question. What it noted becomes one ledger entry, so that
authorization, data minimisation and the record of who looked are one mechanism.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from access.call import Purpose
from access.catalogue import Use
from access.decision import Decision, Ground
from core.sealed import DataKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Withheld:
    """In the place of a value that is not granted. It says nothing about whether there is one."""

    attribute: str


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """One owner's sealed values, as they are stored: the wrapped key was opened, the values were not."""

    owner: UUID
    key: DataKey
    values: Mapping[str, bytes | None]  # by catalogue attribute; a part of one after a colon (person.given_name:ar)

    def open(self, part: str) -> str | None:
        sealed = self.values[part]
        return None if sealed is None else self.key.open(part, self.owner, sealed)


class Disclosure:
    """Opens values for one subject within one decision. `subject` is the id the entry is kept under."""

    __slots__ = ("_record", "decision", "entry_id", "failed", "field", "notes", "outcome", "purpose", "revealed", "subject")

    def __init__(
        self,
        decision: Decision,
        record: SealedRecord,
        *,
        subject: UUID,
        entry_id: UUID,
        field: str,
        purpose: Purpose | None = None,
    ) -> None:
        self.decision = decision
        self._record = record
        self.subject = subject
        self.entry_id = entry_id
        self.field = field
        self.purpose = purpose
        self.notes: dict[str, str] = {}  # attribute -> its uses here, in their order: "MATCH, PREDICATE REFUSED"
        self.revealed: dict[str, list[Any]] = {}
        self.outcome: Any = None
        self.failed: list[str] = []  # attributes of which a claim did not hold: for the subject's own eyes

    @property
    def key(self) -> DataKey:
        """The key under which the salt of this disclosure's entry is sealed."""
        return self._record.key

    @property
    def known(self) -> bool:
        return self.decision.ground is not Ground.UNKNOWN

    def reveal(self, attribute: str, read: Callable[[SealedRecord], T]) -> T | Withheld:
        """The value, where RELEASE of the attribute is granted; `read` takes it from the record (None: there is none)."""
        if not self.decision.allows(attribute, Use.RELEASE):
            return Withheld(attribute)
        value = read(self._record)
        self._note(attribute, Use.RELEASE)
        self.revealed.setdefault(attribute, []).append(value)
        return value

    def reveals(self, *kinds: str) -> bool:
        """Whether RELEASE of any attribute of these kinds is granted: without it, not even that there is one is told."""
        return any(Use.RELEASE in uses and name.startswith(kinds) for name, uses in self.decision.uses.items())

    def may_reveal(self, attribute: str) -> bool:
        """Whether RELEASE is granted, for values that do not lie in the sealed record (a household's plain inputs)."""
        return self.decision.allows(attribute, Use.RELEASE)

    def compare(self, attribute: str, use: Use, judge: Callable[[SealedRecord], T]) -> tuple[bool, T]:
        """Whether the use is granted here, and what `judge` says.

        The judge works in either case: that an attribute is not granted for this subject must not show in the time taken.
        """
        granted = self.decision.allows(attribute, use)
        self._note(attribute, f"{use}" if granted else f"{use} REFUSED")
        return granted, judge(self._record)

    def _note(self, attribute: str, use: str) -> None:
        noted = self.notes.get(attribute)
        if noted is None:
            self.notes[attribute] = use
        elif use not in noted.split(", "):
            self.notes[attribute] = f"{noted}, {use}"
