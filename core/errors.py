"""Everything that can be refused, by name. Faces outside map a code to their own status (`api/errors.py`); rooms only raise.

    SijilError
    ├── Unauthenticated   who asks is not proven
    │   └── BadProof      by the proof that a key is theirs
    ├── Forbidden         who asks may not do this at all
    ├── Withheld          this value is not granted to who asks, here
    ├── NotFound          no such thing (never said of people)
    ├── Invalid           the input cannot be taken as it is; `path` says which part
    ├── Conflict          the thing changed meanwhile, or is there already
    ├── TooCostly         the question is larger than is allowed
    ├── RateLimited       too many questions; `retry_after` seconds
    ├── BudgetSpent       too many failed questions about this subject
    ├── Stale             the answer was too old to be sent
    ├── Unavailable       a part that an answer needs does not work now
    └── Internal          a fault of ours

Messages and paths never hold a person's value.
"""

from collections.abc import Sequence
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
