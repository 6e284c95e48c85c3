"""Paging by key: a page goes on after the last row that was shown, not after a number of rows.

A cursor holds the sort key of that row, under a keyed hash that ties it to one list of one caller: a cursor that was made up,
altered or taken from another list is refused.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.canonical import bytes64, text64
from core.errors import Invalid

T = TypeVar("T")
DEFAULT_FIRST = 20
MAX_FIRST = 100
MAX_CURSOR = 512  # characters
_TAG = 16


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads the cursors of one list: `scope` names the list and whom it is shown to."""

    key: bytes
    scope: str

    def write(self, *parts: str) -> str:
        """The cursor of a row with this sort key (texts without NUL)."""
        raw = "\0".join(parts).encode()
        return text64(self._tag(raw) + raw)

    def read(self, text: str) -> tuple[str, ...]:
        """Raises Invalid, with the path `after`, for anything that was not written for this list."""
        try:
            if len(text) > MAX_CURSOR:
                raise ValueError
            both = bytes64(text)
            tag, raw = both[:_TAG], both[_TAG:]
            if not hmac.compare_digest(tag, self._tag(raw)):
                raise ValueError
            return tuple(raw.decode().split("\0"))
        except ValueError:
            raise Invalid("not a cursor of this list", path=("after",)) from None

    def _tag(self, raw: bytes) -> bytes:
        return hmac.digest(self.key, f"cursor\0{self.scope}\0".encode() + raw, "sha256")[:_TAG]


@dataclass(frozen=True, slots=True)
class Edge(Generic[T]):
    node: T
    cursor: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    edges: Sequence[Edge[T]]
    page_info: PageInfo


def size(first: int | None) -> int:
    """How many rows a page has. Raises Invalid, with the path `first`, outside 1 to MAX_FIRST."""
    if first is None:
        return DEFAULT_FIRST
    if not 1 <= first <= MAX_FIRST:
        raise Invalid(f"a page has 1 to {MAX_FIRST} rows", path=("first",))
    return first


def page(rows: Sequence[T], first: int, cursors: Cursors, key: Callable[[T], tuple[str, ...]]) -> Page[T]:
    """The page made of up to `first` of the rows; one row more than that tells that there is a next page."""
    edges = [Edge(row, cursors.write(*key(row))) for row in rows[:first]]
    return Page(edges, PageInfo(len(rows) > first, edges[-1].cursor if edges else None))
