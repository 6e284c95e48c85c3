"""What a change alters, part by part: the differences between two JSON documents, for people to read. Pure.

A list of texts counts as a set: its order says nothing, and each text is there or not. Other lists are compared by place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeGuard

from core.canonical import canonical


class DifferenceKind(StrEnum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Member:
    """The step from a list of texts to one of them."""

    text: str


Step = str | int | Member
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that is no more as it was. `was` and `becomes`: text, a number, true, false, null, or an empty list or object.

    `was` is None of what is added, and `becomes` of what is removed.
    """

    steps: Steps
    kind: DifferenceKind
    was: Any
    becomes: Any

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to the part; a place in a list as its number, from 0. Not of a text within a list of texts."""
        return tuple(str(step) for step in self.steps if not isinstance(step, Member))


def differences(before: Mapping[str, Any] | None, change: Mapping[str, Any]) -> tuple[Difference, ...]:
    """All that `change` has otherwise than `before` (None: there was nothing), by their paths."""
    old, new = {} if before is None else dict(_leaves(before)), dict(_leaves(change))
    found = []
    for steps in sorted(old.keys() | new.keys(), key=_order):
        if steps not in old:
            found.append(Difference(steps, DifferenceKind.ADDED, None, new[steps]))
        elif steps not in new:
            found.append(Difference(steps, DifferenceKind.REMOVED, old[steps], None))
        elif canonical(old[steps]) != canonical(new[steps]):  # 1 and true are equal to Python
            found.append(Difference(steps, DifferenceKind.CHANGED, old[steps], new[steps]))
    return tuple(found)


def applied(before: Mapping[str, Any] | None, found: Collection[Difference]) -> Any:
    """The document that comes of it; its lists of texts are in order, each text once. None where nothing is left at all."""
    leaves = {} if before is None else dict(_leaves(before))
    for difference in found:
        if difference.kind is DifferenceKind.REMOVED:
            del leaves[difference.steps]
        else:
            leaves[difference.steps] = difference.becomes
    return _document(leaves) if leaves else None


def shown(value: Any) -> str:
    """A value of a difference as text: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else canonical(value).decode()


def _leaves(part: Any, steps: Steps = ()) -> list[tuple[Steps, Any]]:
    """The parts of a document that have no parts, and the steps that lead to each."""
    if _is_texts(part):
        return [((*steps, Member(text)), text) for text in part]
    if isinstance(part, Mapping) and part:
        return [leaf for name, inner in part.items() for leaf in _leaves(inner, (*steps, name))]
    if isinstance(part, list | tuple) and part:
        return [leaf for place, inner in enumerate(part) for leaf in _leaves(inner, (*steps, place))]
    return [(steps, part)]


def _is_texts(part: Any) -> TypeGuard[Collection[str]]:
    return isinstance(part, list | tuple) and bool(part) and all(isinstance(item, str) for item in part)


def _order(steps: Steps) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (0, step, "") if isinstance(step, int) else (1, 0, step) if isinstance(step, str) else (2, 0, step.text)
        for step in steps
    )


def _document(leaves: Mapping[Steps, Any]) -> Any:
    if () in leaves:
        return leaves[()]
    below: dict[Step, dict[Steps, Any]] = {}
    for steps, value in leaves.items():
        below.setdefault(steps[0], {})[steps[1:]] = value
    first = next(iter(below))
    if isinstance(first, Member):
        return sorted(step.text for step in below if isinstance(step, Member))
    if isinstance(first, int):
        return [_document(below[place]) for place in sorted(step for step in below if isinstance(step, int))]
    return {step: _document(inner) for step, inner in below.items()}
