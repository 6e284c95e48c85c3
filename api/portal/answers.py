"""What a page's document asks, and what its answer says: pure readings of GraphQL, for the engine."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import parse, print_ast, separate_operations

from api.portal.forms import MACHINERY
from api.portal.page import Action, Fields, UserError
from core.errors import (
    BudgetSpent,
    Code,
    Conflict,
    Faulty,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    RateLimited,
    SijilError,
    Stale,
    TooCostly,
    Unauthenticated,
    Unavailable,
    Withheld,
)

_KINDS: Final[Mapping[Code, type[SijilError]]] = {
    kind.code: kind
    for kind in (
        *(Unauthenticated, Forbidden, Withheld, NotFound, Invalid, Conflict),
        *(TooCostly, RateLimited, BudgetSpent, Stale, Unavailable, Internal),
    )
}


def operations(text: str) -> Mapping[str, str]:
    """Each operation of a document by its name, with just the fragments that it needs."""
    return {name: print_ast(document) for name, document in separate_operations(parse(text)).items()}


def check(answer: Mapping[str, Any]) -> None:
    """Raises the refusal that an answer has, unless it is of single values: what is withheld leaves the others there."""
    for error in answer.get("errors") or ():
        told = error.get("extensions") or {}
        code = Code(told.get("code", Code.INTERNAL))
        if code is not Code.WITHHELD or answer.get("data") is None:
            path = tuple(
                told.get("path") or ()
            )  # into what was asked, where a part of that is wrong: its message is for people
            message = error["message"] if path else "the page's document was refused"
            raise _KINDS[code](message, path=path, retry_after=told.get("retryAfter"))


def withheld(answer: Mapping[str, Any]) -> frozenset[str]:
    """The paths of what was withheld, as "me.person.telephone"."""
    return frozenset(".".join(str(part) for part in error.get("path") or ()) for error in answer.get("errors") or ())


def found(data: Any, path: str) -> Any:
    """The part of the data at that path, as "me.person"; None where there is none."""
    for part in path.split("."):
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def user_errors(data: Mapping[str, Any], action: Action, fields: Fields) -> list[UserError]:
    """What the payloads of a mutation ask to be mended."""
    return [
        user_error(error["message"], error.get("path") or (), action, fields, error.get("code") or "INVALID")
        for payload in data.values()
        if isinstance(payload, Mapping)
        for error in payload.get("userErrors") or ()
    ]


def refused(refusal: SijilError, action: Action, fields: Fields) -> list[UserError]:
    """All that is to be mended in a form that was refused before anything was asked, or in one part of what was."""
    if not isinstance(refusal, Faulty):
        return [user_error(refusal.message, refusal.path, action, fields)]
    return [user_error(fault.message, fault.path, action, fields, fault.code) for fault in refusal.faults]


def user_error(message: str, path: Sequence[str | int], action: Action, fields: Fields, code: str = "INVALID") -> UserError:
    """The error beside its form field: the action's word for the path (in `fields`), or the last name in it."""
    parts = list(path[1:] if path and path[0] == "input" else path)
    names = [part for part in parts if isinstance(part, str)]
    whole = ".".join(map(str, parts))
    field = fields.get(whole, names[-1] if names else "")
    if field in MACHINERY:
        field = ""  # of no field that anybody fills in
    return UserError(action.messages.get(code, message), field, code, whole)
