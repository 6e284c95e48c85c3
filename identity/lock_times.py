"""When a holder's locks stop what. Pure.

The locks of one purpose are spans of time that never overlap; a span is `mandated` where it also stops what a legal mandate
would open. What is wished now is laid over them: within its time it alone counts, and after it all is as it was before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Span:
    """Locked from `start` until `end` (None: for good)."""

    start: datetime
    end: datetime | None
    mandated: bool = False

    def holds(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def locked(spans: Iterable[Span], wish: Span) -> list[Span]:
    """The spans of a purpose once that is locked."""
    return _merged([*_without(ordered(spans), wish.start, wish.end), wish])


def unlocked(spans: Iterable[Span], start: datetime, end: datetime | None) -> list[Span]:
    """The spans of a purpose once it is open within that time."""
    return _merged(_without(ordered(spans), start, end))


def ordered(spans: Iterable[Span]) -> list[Span]:
    """The same locks in spans that do not overlap: where two did, the stronger counts."""
    given = list(spans)
    edges = sorted({edge for span in given for edge in (span.start, span.end) if edge is not None})
    pieces = [(start, end) for start, end in pairwise([*edges, None]) if start is not None]
    found = []
    for start, end in pieces:
        holding = [span for span in given if span.holds(start)]
        if holding:
            found.append(Span(start, end, any(span.mandated for span in holding)))
    return _merged(found)


def _without(spans: Sequence[Span], start: datetime, end: datetime | None) -> list[Span]:
    left = []
    for span in spans:
        if span.start < start:
            left.append(Span(span.start, start if span.end is None else min(span.end, start), span.mandated))
        if end is not None and (span.end is None or end < span.end):
            left.append(Span(max(span.start, end), span.end, span.mandated))
    return left


def _merged(spans: Iterable[Span]) -> list[Span]:
    """In their order, those that follow each other without a gap and are alike as one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        last = merged[-1] if merged else None
        if last is not None and last.end == span.start and last.mandated == span.mandated:
            merged[-1] = Span(last.start, span.end, span.mandated)
        else:
            merged.append(span)
    return merged
