"""The history of a record: what was recorded at an instant is what is left once all later changes are undone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Internal
from identity.revisions import Cause, Revision, Source, provenance, undone

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARTS = ("person.given_name:ar", "person.given_name:latin", "person.residence", "person.status")
values = st.none() | st.sampled_from(["a", "b", "c"])
steps = st.lists(st.dictionaries(st.sampled_from(PARTS), values, min_size=1), max_size=12)
records = st.fixed_dictionaries(dict.fromkeys(PARTS, values))

Record = dict[str, str | None]


def history(first: Record, changes: list[Record]) -> tuple[list[Record], list[Revision]]:
    """The record after each change, an hour apart, and the revisions, the newest first."""
    record, records = dict(first), [dict(first)]
    revisions = [Revision(UUID(int=0), Cause.ENROLMENT, Source.CENTRE, BEGIN)]
    for number, becomes in enumerate(changes, 1):
        change = {part: (record[part], value) for part, value in becomes.items()}
        record |= becomes
        records.append(dict(record))
        revisions.append(Revision(UUID(int=number), Cause.UPDATE, Source.HOLDER, BEGIN + number * HOUR, change=change))
    return records, revisions[::-1]


@given(records, steps)
def test_undoing_gives_the_record_of_every_instant(first: Record, changes: list[Record]) -> None:
    recorded, revisions = history(first, changes)
    now = recorded[-1]
    for number, record in enumerate(recorded):
        at = BEGIN + number * HOUR
        assert undone(now, revisions, at) == record
        assert undone(now, revisions, at + HOUR / 2) == record
    assert undone(now, revisions, BEGIN - HOUR) is None


@given(records, steps)
def test_each_attribute_comes_from_the_newest_revision_that_touched_it(first: Record, changes: list[Record]) -> None:
    _, revisions = history(first, changes)
    asked = ["person.given_name", "person.residence", "person.birth_date"]
    found = provenance(asked, revisions)
    assert set(found) == set(asked)
    for attribute, its in found.items():
        last = max((n for n, change in enumerate(changes, 1) if any(p.startswith(attribute) for p in change)), default=0)
        assert its.recorded_at == BEGIN + last * HOUR
        assert its.source is (Source.HOLDER if last else Source.CENTRE)


def test_a_history_that_is_not_this_records_is_no_history() -> None:
    revision = Revision(UUID(int=1), Cause.UPDATE, Source.HOLDER, BEGIN, change={"person.residence": ("a", "b")})
    with pytest.raises(Internal):
        undone({"person.residence": "c"}, [revision], BEGIN - HOUR)


def test_only_the_parts_that_are_asked_for_are_undone_into_being() -> None:
    revision = Revision(UUID(int=1), Cause.TELEPHONE, Source.CENTRE, BEGIN, change={"person.telephone": ("a", "b")})
    assert undone({"person.residence": "c"}, [revision], BEGIN - HOUR) == {"person.residence": "c", "person.telephone": "a"}
    assert revision.attributes == ["person.telephone"]
