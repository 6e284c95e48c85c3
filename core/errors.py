"""Everything that can be refused, by name. Faces outside map a code to their own status (`api/errors.py`); rooms only raise.

    SijilError
    ├── Unauthenticated   who asks is not proven
    │   └── BadProof      by the proof that a key is theirs
    ├── Forbidden         who asks may not do this at all
    ├── Withheld          this value is not granted to who asks, here
    ├── NotFound          no such thing (of people it is said to the registry's staff alone)
    ├── Invalid           the input cannot be taken as it is; `path` says which part
    │   └── Faulty        for several reasons, all of which it has
    ├── Conflict          the thing changed meanwhile, or is there already
    ├── TooCostly         the question is larger than is allowed
    ├── RateLimited       too many questions; `retry_after` seconds
    ├── BudgetSpent       too many failed questions about this subject
    ├── Stale             the answer was too old to be sent
    ├── Unavailable       a part that an answer needs does not work now
    └── Internal          a fault of ours

Messages and paths never hold a person's value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

Path = tuple[str | int, ...]


class Code(StrEnum):
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    WITHHELD = "WITHHELD"
    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    TOO_COSTLY = "TOO_COSTLY"
    RATE_LIMITED = "RATE_LIMITED"
    BUDGET_SPENT = "BUDGET_SPENT"
    STALE = "STALE"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class SijilError(Exception):
    """A refusal with a stable code. `path` leads to the part of the input that is at fault, outermost first."""

    code: Code = Code.INTERNAL

    def __init__(self, message: str, *, path: Sequence[str | int] = (), retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path: Path = tuple(path)
        self.retry_after = retry_after

    def under(self, *prefix: str | int) -> "SijilError":
        """The same refusal, seen from further outside."""
        return type(self)(self.message, path=(*prefix, *self.path), retry_after=self.retry_after)


class Unauthenticated(SijilError):
    code = Code.UNAUTHENTICATED


class BadProof(Unauthenticated):
    """Of the same code: only the token endpoint has a name of its own for it (RFC 9449, 5)."""


class Forbidden(SijilError):
    code = Code.FORBIDDEN


class Withheld(SijilError):
    code = Code.WITHHELD


class NotFound(SijilError):
    code = Code.NOT_FOUND


class Invalid(SijilError):
    code = Code.INVALID


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input of many parts: a code of its own, the path of the part, and a sentence."""

    code: str
    path: Path
    message: str


class Faulty(Invalid):
    """Several parts of an input are at fault: all of them are said at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].message, path=faults[0].path)
        self.faults = tuple(faults)

    def under(self, *prefix: str | int) -> "Faulty":
        return self.renamed(lambda path: (*prefix, *path))

    def renamed(self, name: Callable[[Path], Path]) -> "Faulty":
        """The same, with other paths."""
        return Faulty([replace(fault, path=name(fault.path)) for fault in self.faults])


class Conflict(SijilError):
    code = Code.CONFLICT


class TooCostly(SijilError):
    code = Code.TOO_COSTLY


class RateLimited(SijilError):
    code = Code.RATE_LIMITED


class BudgetSpent(SijilError):
    code = Code.BUDGET_SPENT


class Stale(SijilError):
    code = Code.STALE


class Unavailable(SijilError):
    code = Code.UNAVAILABLE


class Internal(SijilError):
    code = Code.INTERNAL
