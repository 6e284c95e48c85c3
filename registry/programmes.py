"""Social programmes and who may have them by score: the rule `score <= threshold`, dated.

A household is eligible at or under the threshold (the comparison sign is published nowhere; `<=` is ours). A figure that no
source gives is not set: it stays null in the document, is named by `unset`, and no household is eligible or refused by it.
"""

import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from access.catalogue import Labels, Lang
from core.documents import Node, read_json
from core.fixed import decimal_of

SCORE_PLACES = 12


@dataclass(frozen=True, slots=True)
class Programme:
    """`threshold_e12`: whole number of 10^-12; in force from `since`, up to the day before `until` (None: no end)."""

    code: str
    labels: Labels
    formula: str
    threshold_e12: int | None
    since: date | None
    until: date | None

    @property
    def threshold(self) -> Decimal | None:
        return None if self.threshold_e12 is None else decimal_of(self.threshold_e12, SCORE_PLACES)

    @property
    def unset(self) -> tuple[str, ...]:
        """The figures that no source gives, by their names in the document."""
        figures = {"threshold": self.threshold_e12, "since": self.since}
        return tuple(name for name, figure in figures.items() if figure is None)

    def in_force(self, on: date) -> bool:
        return self.since is not None and self.since <= on and (self.until is None or on < self.until)


def eligible_under(programme: Programme, score_e12: int, complete: bool) -> bool | None:
    """Whether that score is at or under the threshold; None where it cannot be said."""
    if not complete or programme.threshold_e12 is None:
        return None
    return score_e12 <= programme.threshold_e12


def parse_programmes(document: object) -> tuple[Programme, ...]:
    """Raises Invalid, with the path of the faulty part; two versions of one programme never hold on the same day."""
    found: list[Programme] = []
    for item in Node(document).record(("programmes",))["programmes"].items():
        programme = _programme(item)
        if any(programme.code == other.code and _overlap(programme, other) for other in found):
            item.refuse("two versions of a programme hold on the same day")
        found.append(programme)
    return tuple(found)


@cache
def packaged_programmes() -> tuple[Programme, ...]:
    """The programmes that the project carries."""
    return parse_programmes(read_json((importlib.resources.files("registry") / "documents" / "programmes.json").read_bytes()))


def programmes_on(programmes: Sequence[Programme], on: date) -> tuple[Programme, ...]:
    return tuple(programme for programme in programmes if programme.in_force(on))


def labels_at(node: Node) -> Labels:
    """Words for people in each language, all of them, at that part of a document."""
    fields = node.record(tuple(lang.lower() for lang in Lang))
    return {lang: fields[lang.lower()].text() for lang in Lang}


def _programme(node: Node) -> Programme:
    fields = node.record(("code", "labels", "formula", "threshold", "since", "until"))
    since, until = (None if fields[name].value is None else fields[name].day() for name in ("since", "until"))
    if until and (since is None or until <= since):
        fields["until"].refuse("not after the first day")
    return Programme(
        code=fields["code"].text(64),
        labels=labels_at(fields["labels"]),
        formula=fields["formula"].text(64),
        threshold_e12=None if fields["threshold"].value is None else fields["threshold"].fixed(SCORE_PLACES),
        since=since,
        until=until,
    )


def _overlap(one: Programme, other: Programme) -> bool:
    begins = max(one.since or date.min, other.since or date.min)
    return all(programme.until is None or begins < programme.until for programme in (one, other))
