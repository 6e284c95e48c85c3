"""One table: what each code of `core/errors.py` is outside: an HTTP status, and an exit status of the command line."""

from collections.abc import Mapping
from typing import Any

import structlog
from graphql import GraphQLError

from core.errors import Code, Internal, SijilError

LOG = structlog.get_logger("sijil")

#                        HTTP  exit
TABLE: Mapping[Code, tuple[int, int]] = {
    Code.UNAUTHENTICATED: (401, 10),
    Code.FORBIDDEN: (403, 11),
    Code.WITHHELD: (403, 12),
    Code.NOT_FOUND: (404, 13),
    Code.INVALID: (400, 14),
    Code.CONFLICT: (409, 15),
    Code.TOO_COSTLY: (400, 16),
    Code.RATE_LIMITED: (429, 17),
    Code.BUDGET_SPENT: (429, 18),
    Code.STALE: (503, 19),
    Code.UNAVAILABLE: (503, 20),
    Code.INTERNAL: (500, 70),
}


def http_status(code: Code) -> int:
    return TABLE[code][0]


def exit_status(code: Code) -> int:
    return TABLE[code][1]


def extensions(refusal: SijilError) -> dict[str, Any]:
    found: dict[str, Any] = {"code": refusal.code}
    if refusal.path:
        found["path"] = list(refusal.path)
    if refusal.retry_after is not None:
        found["retryAfter"] = refusal.retry_after
    return found


def cause_of(error: GraphQLError) -> Exception | None:
    """What was raised in a resolver; None for an error of the library itself."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def told(error: GraphQLError) -> dict[str, Any]:
    """A GraphQL error as it goes out: message, path of the field, code, path of the input. Never a value, never a trace.

    An error of the library itself (a document or variables that do not fit the schema) is INVALID; its text may quote what
    was sent, so of that only the place in the document is told.
    """
    cause = cause_of(error)
    answer: dict[str, Any]
    if isinstance(cause, SijilError):
        answer = {"message": cause.message, "extensions": extensions(cause)}
    elif cause is None:
        answer = {"message": document_fault(error), "extensions": {"code": Code.INVALID}}
    else:
        LOG.error("fault", kind=type(cause).__name__, where=_where(cause))
        answer = {"message": "a fault of ours; it was noted", "extensions": {"code": Code.INTERNAL}}
    if error.locations:
        answer["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        answer["path"] = error.path
    return answer


def document_fault(error: GraphQLError) -> str:
    """What the library says of a document, where that holds names of the schema only; else a sentence of ours."""
    text = error.message
    if text.startswith("Variable "):
        return "a variable does not have the type that the document declares"
    if text.startswith("Syntax Error"):
        return "the document is not GraphQL"
    # Values in the document stand in its literals: rules that quote them are not passed on.
    if "cannot represent" in text or "Expected value" in text or "must be" in text or "does not exist in" in text:
        return "a value in the document does not have the type of its argument"
    return text.partition(" Did you mean ")[0]


def as_refusal(fault: BaseException) -> SijilError:
    """The refusal itself, or Internal (noted, without its text) for a fault of ours."""
    if isinstance(fault, SijilError):
        return fault
    LOG.error("fault", kind=type(fault).__name__, where=_where(fault))
    return Internal("a fault of ours; it was noted")


def _where(fault: BaseException) -> str:
    """The last lines of our own that a fault came through: places only, since its text may hold people's values."""
    places = []
    trace = fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-2:]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return " > ".join(places[-4:])
