"""The chain of a consent's revisions: whatever is altered, left out, put in or made anew, it shows."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.consent_acts import Act, apply
from access.consent_records import ConsentRecord, Method
from access.consent_revisions import MAX_PAUSED_REVISION, Revision, begin, record_of, replay, revise, revision_of
from access.consent_states import Frequency, State, Window
from core.canonical import content_hash
from core.errors import Conflict, Invalid
from tests.access.consenting import (
    ACTS,
    ASKED,
    CITIZEN,
    DAY,
    DECLINE,
    GRANT,
    GUARDIAN,
    INVALIDATE,
    NOTICE,
    PAUSE,
    RESUME,
    SECOND,
    SUPERSEDE,
    TWO,
    UNTIL,
    WITHDRAW,
    answer,
    brought,
    chain,
    request,
)
from tests.access.enrolled import NOW

FULL = request(reference="Ref_1.a-b", frequency=Frequency(3, Window.WEEK), method=Method.LINK)
LONG = chain(FULL, [GRANT, PAUSE, RESUME, WITHDRAW])
ENDINGS: list[list[Act]] = [
    [],
    [DECLINE],
    [GRANT],
    [GRANT, PAUSE],
    [GRANT, WITHDRAW],
    [GRANT, SUPERSEDE],
    [GRANT, INVALIDATE],
    [GRANT, PAUSE, RESUME, PAUSE, WITHDRAW],
]


def head(revisions: Sequence[Revision]) -> bytes:
    return revisions[-1].hash


def broken_at(revisions: Sequence[Revision], newest: bytes | None = None) -> int:
    """Where the chain is refused."""
    with pytest.raises(Invalid) as refusal:
        replay(revisions, head(revisions) if newest is None else newest)
    (place,) = refusal.value.path
    assert refusal.value.message in ("the chain is broken", "the chain does not end where it should")
    assert isinstance(place, int)
    return place


def rehashed(document: dict[str, Any], previous: Revision | None = None) -> Revision:
    """A revision of any document, with the hash that it should have: what somebody could write who writes to the database."""
    if previous is not None:
        document = {**document, "revision": previous.number + 1, "previous": previous.hash.hex()}
    at = datetime.fromisoformat(document["event"]["time"])
    before = document["previous"]
    return Revision(
        document["revision"], None if before is None else bytes.fromhex(before), content_hash(document), document, at
    )


@pytest.mark.parametrize("acts", ENDINGS)
@pytest.mark.parametrize("first", [FULL, brought(reference="r")])
def test_a_chain_plays_back_the_record(first: ConsentRecord, acts: list[Act]) -> None:
    if first.method is Method.IMPORTED:
        acts = [act for act in acts if act not in (GRANT, DECLINE)]
    record, at = first, NOW
    for act in acts:
        at += SECOND
        record = apply(record, act, at, used=0)
    revisions = chain(first, acts)
    replay(revisions, head(revisions))
    assert replay(revisions, head(revisions)) == record
    assert record_of(revisions[-1]) == record
    assert [revision_of(json.loads(json.dumps(revision.document))) for revision in revisions] == revisions


def test_a_document_says_in_the_terms_of_the_standard_what_was_agreed_to() -> None:
    assert LONG[1].document == {
        "schema_version": "sijil-consent-1",
        "record_id": str(UUID(int=3)),
        "pii_principal_id": str(UUID(int=1)),
        "revision": 2,
        "previous": LONG[0].hash.hex(),
        "pii_controller": {"id": str(UUID(int=2)), "code": "FUND"},
        "purpose": "SERVICE_DELIVERY",
        "lawful_basis": "CONSENT",
        "pii_requested": ["household.size", "person.birth_date", "person.given_name"],
        "pii_granted": ["household.size", "person.given_name"],
        "privacy_notice": {"version": 3, "hash": NOTICE.hash.hex(), "language": "ar"},
        "collection_method": "LINK",
        "answer_by": "2026-03-14T10:40:00.000000+00:00",
        "valid_from": "2026-03-14T10:30:01.000000+00:00",
        "valid_to": "2026-06-12T10:30:00.000000+00:00",
        "frequency": {"uses": 3, "window": "WEEK"},
        "retention_days": 180,
        "jurisdiction": "MA",
        "controller_reference": "Ref_1.a-b",
        "superseded_by": None,
        "invalidated_for": None,
        "event": {"type": "GRANTED", "state": "GRANTED", "time": "2026-03-14T10:30:01.000000+00:00"},
        "evidence": {
            "by": "CITIZEN",
            "request": str(UUID(int=5)),
            "session": "73" * 32,
            "holder": None,
            "account": None,
            "assistant": None,
            "office": None,
        },
    }


def test_each_hash_is_over_the_canonical_document_which_holds_the_number_and_the_hash_before() -> None:
    before: bytes | None = None
    for number, revision in enumerate(LONG, 1):
        assert revision.hash == content_hash(revision.document)
        assert (revision.number, revision.previous_hash) == (number, before)
        assert revision.document["previous"] == (None if before is None else before.hex())
        before = revision.hash


def test_evidence_of_every_kind_survives_the_way_through_a_document() -> None:
    beside: dict[str, Any] = {"assistant": UUID(int=11), "office": UUID(int=12)}
    for evidence in (CITIZEN, GUARDIAN, replace(CITIZEN, **beside), replace(GUARDIAN, **beside)):
        record, revision = revise(begin(FULL, NOW), answer(*TWO, evidence=evidence), NOW, used=0)
        assert record.evidence == evidence
        assert record_of(revision) == record


def test_instants_of_other_zones_are_written_as_the_one_instant_they_are() -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    moved = request(valid_to=UNTIL.astimezone(there), now=NOW.astimezone(there))
    assert begin(moved, NOW.astimezone(there)) == begin(request(), NOW)


# Clocks, limits and uses


def test_a_clock_that_is_behind_neither_stops_a_withdrawal_nor_breaks_the_chain() -> None:
    granted = chain(FULL, [GRANT])
    record, revision = revise(granted[-1], WITHDRAW, NOW - 9 * SECOND, used=0)
    assert (record.stored, revision.at) == (State.WITHDRAWN, granted[-1].at)
    assert replay([*granted, revision], revision.hash) == record


def test_a_consent_is_not_paused_again_for_ever_but_can_always_be_ended() -> None:
    revision = begin(request(), NOW)
    acts: list[Act] = [GRANT]
    for _ in range(MAX_PAUSED_REVISION // 2):
        acts += [PAUSE, RESUME]
    for act in acts[: MAX_PAUSED_REVISION - 1]:
        _, revision = revise(revision, act, NOW, used=0)
    assert revision.number == MAX_PAUSED_REVISION
    assert record_of(revision).stored is State.GRANTED
    with pytest.raises(Conflict):
        revise(revision, PAUSE, NOW, used=0)
    record, _ = revise(revision, WITHDRAW, NOW, used=0)
    assert record.stored is State.WITHDRAWN


def test_an_act_that_is_refused_makes_no_revision() -> None:
    spent = chain(request(frequency=Frequency(1, Window.IN_ALL)), [GRANT])
    with pytest.raises(Conflict, match="the consent is EXHAUSTED"):
        revise(spent[-1], WITHDRAW, NOW + SECOND, used=1)
    with pytest.raises(Conflict, match="the consent is EXPIRED"):
        revise(spent[-1], WITHDRAW, UNTIL, used=0)
    with pytest.raises(Conflict, match="the consent is LAPSED"):
        revise(spent[0], GRANT, NOW + 30 * DAY, used=0)
    with pytest.raises(Invalid):
        revise(spent[0], answer("score.band"), NOW, used=0)


# What was altered


def leaves(part: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    if isinstance(part, dict | list) and part:
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from leaves(value, *path, key)
    yield path


def changed(document: Any, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    document = deepcopy(document)
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return dict(document)


OTHERS: list[Any] = [None, True, False, 0, 1, 2, 1.0, -1, "", "x", "CITIZEN", "GRANTED", [], {}, ["person.cnie"], "00" * 32]


@pytest.mark.parametrize("place", range(len(LONG)))
def test_whatever_part_of_a_document_is_altered_the_chain_is_broken_there(place: int) -> None:
    document = LONG[place].document
    for path in leaves(document):
        if not path:
            continue
        for value in OTHERS:
            altered = changed(document, path, value)
            if json.dumps(altered, sort_keys=True) == json.dumps(document, sort_keys=True):
                continue
            revisions = [*LONG]
            revisions[place] = replace(LONG[place], document=altered)
            assert broken_at(revisions, head(LONG)) == place


def test_true_is_not_one_and_one_is_not_a_fraction() -> None:
    """To Python they are equal; in the document's bytes they are not."""
    for value in (True, 1.0):
        document = {**LONG[0].document, "revision": value}
        assert document == LONG[0].document
        assert broken_at([replace(LONG[0], document=document)]) == 0


@pytest.mark.parametrize("place", range(len(LONG)))
def test_whatever_single_character_of_a_document_is_altered_the_chain_is_broken_there(place: int) -> None:
    rng = random.Random(place)
    text = json.dumps(LONG[place].document)
    read = 0
    for at, character in enumerate(text):
        other = rng.choice([letter for letter in 'aAfzZ019.-_:"\\ T+' if letter != character])
        try:
            document = json.loads(text[:at] + other + text[at + 1 :])
        except ValueError:
            continue
        if document == LONG[place].document:  # a space between two members
            continue
        read += 1
        revisions = [*LONG]
        revisions[place] = replace(LONG[place], document=document)
        assert broken_at(revisions, head(LONG)) == place
        with pytest.raises(Invalid):
            record_of(revisions[place])
    assert read > 700


@pytest.mark.parametrize(
    "change",
    [
        {"number": 3},
        {"number": 0},
        {"previous_hash": None},
        {"previous_hash": b"\0" * 32},
        {"hash": b"\0" * 32},
        {"hash": b""},
        {"at": NOW},
        {"at": NOW + DAY},
    ],
)
def test_a_column_that_does_not_say_what_its_document_says_breaks_the_chain(change: dict[str, Any]) -> None:
    assert broken_at([LONG[0], replace(LONG[1], **change), *LONG[2:]], head(LONG)) == 1


@given(st.randoms(use_true_random=False))
def test_whatever_is_left_out_doubled_put_elsewhere_or_put_in_breaks_the_chain(rng: random.Random) -> None:
    stranger = chain(replace(FULL, consent_id=UUID(int=77)), [GRANT, PAUSE, RESUME, WITHDRAW])
    revisions = [*LONG]
    at = rng.randrange(len(revisions))
    match rng.choice(["leave out", "double", "swap", "put in", "put in its place"]):
        case "leave out":
            del revisions[at]
        case "double":
            revisions.insert(at, revisions[at])
        case "swap":
            other = rng.choice([place for place in range(len(revisions)) if place != at])
            revisions[at], revisions[other] = revisions[other], revisions[at]
        case "put in":
            revisions.insert(at, rng.choice(stranger))
        case "put in its place":
            revisions[at] = stranger[at]
    assert 0 <= broken_at(revisions, head(LONG)) <= len(LONG)


def test_the_first_broken_link_is_the_one_that_is_named() -> None:
    first, second, third, fourth, fifth = LONG
    assert broken_at([first, third, fourth, fifth]) == 1
    assert broken_at([second, third, fourth, fifth]) == 0
    assert broken_at([first, second, fourth, third, fifth]) == 2
    assert broken_at([first, second, second, third, fourth, fifth]) == 2
    assert broken_at([], head(LONG)) == 0


def test_a_chain_that_was_cut_at_its_end_is_refused_for_its_head() -> None:
    """Each shorter chain is sound by itself: a withdrawal could be left out if the newest hash were not kept elsewhere."""
    for length in range(1, len(LONG)):
        replay(LONG[:length], head(LONG[:length]))
        assert broken_at(LONG[:length], head(LONG)) == length


def test_of_two_histories_that_part_only_the_one_with_the_head_is_believed() -> None:
    granted = chain(FULL, [GRANT])
    withdrawn = [*granted, revise(granted[-1], WITHDRAW, NOW + DAY, used=0)[1]]
    paused = [*granted, revise(granted[-1], PAUSE, NOW + DAY, used=0)[1]]
    replay(withdrawn, head(withdrawn))
    assert broken_at(paused, head(withdrawn)) == len(paused)
    assert broken_at([*withdrawn, paused[-1]]) == len(withdrawn)


# What was made anew, with all hashes as they should be


def made_anew(change: Callable[[list[dict[str, Any]]], None], acts: Sequence[Act] = (GRANT, PAUSE, RESUME)) -> list[Revision]:
    documents = [deepcopy(dict(revision.document)) for revision in chain(FULL, acts)]
    change(documents)
    revisions: list[Revision] = []
    for document in documents:
        last = revisions[-1] if revisions else None
        revisions.append(rehashed(document if last else {**document, "revision": 1, "previous": None}, last))
    return revisions


def granting(documents: list[dict[str, Any]], *, since: int, **members: Any) -> None:
    for document in documents[since:]:
        document.update(members)


def test_a_chain_made_anew_without_a_change_is_the_same_chain() -> None:
    assert made_anew(lambda documents: None) == chain(FULL, [GRANT, PAUSE, RESUME])


WIDER = sorted([*ASKED, "person.cnie"])
BY_REGISTRY = {**LONG[1].document["evidence"], "by": "REGISTRY", "session": None}
BY_FUND = {**LONG[1].document["evidence"], "by": "AGENCY", "session": None}


@pytest.mark.parametrize(
    ("place", "change"),
    [
        # more is granted than was asked for
        (1, lambda d: granting(d, since=1, pii_granted=WIDER)),
        # ... or was asked for later on
        (1, lambda d: granting(d, since=1, pii_granted=WIDER, pii_requested=WIDER)),
        (2, lambda d: granting(d, since=2, pii_granted=WIDER, pii_requested=WIDER)),
        # more is granted after the answer, though it was asked for
        (2, lambda d: granting(d, since=2, pii_granted=sorted(ASKED))),
        # another purpose, recipient, person, end, limit or data life
        (1, lambda d: granting(d, since=1, purpose="PAYMENT")),
        (2, lambda d: granting(d, since=2, pii_controller={"id": str(UUID(int=99)), "code": "OTHER"})),
        (2, lambda d: granting(d, since=2, pii_principal_id=str(UUID(int=99)))),
        (3, lambda d: granting(d, since=3, valid_to="2027-01-01T00:00:00.000000+00:00")),
        (1, lambda d: granting(d, since=1, frequency=None)),
        (1, lambda d: granting(d, since=1, retention_days=181)),
        (1, lambda d: granting(d, since=1, privacy_notice={"version": 3, "hash": "ab" * 32, "language": "ar"})),
        (1, lambda d: granting(d, since=1, answer_by="2026-03-15T00:00:00.000000+00:00")),
        # it counts from before its answer
        (1, lambda d: granting(d, since=1, valid_from="2026-03-14T10:30:00.000000+00:00")),
        # the agency itself asks and grants
        (1, lambda d: granting(d, since=1, evidence=BY_FUND)),
        # the answer came too late
        (1, lambda d: d[1].update(event={**d[1]["event"], "time": "2026-03-14T10:40:00.000000+00:00"})),
        # time runs backwards
        (2, lambda d: d[2].update(event={**d[2]["event"], "time": "2026-03-14T10:30:00.500000+00:00"})),
        # what is said to have happened is not what the record shows
        (3, lambda d: d[3].update(event={**d[3]["event"], "type": "PAUSED"})),
        (3, lambda d: d[3].update(event={**d[3]["event"], "type": "GRANTED"})),
        (3, lambda d: d[3].update(event={**d[3]["event"], "state": "PAUSED"})),
        # it begins with an answer
        (0, lambda d: d.pop(0)),
        (0, lambda d: d[0].update(event={**d[0]["event"], "type": "IMPORTED"})),
        (0, lambda d: d[0].update(evidence=LONG[1].document["evidence"])),
        (0, lambda d: [d[1].update(event={**d[1]["event"], "type": "IMPORTED"}, evidence=BY_REGISTRY), d.pop(0)]),
        # an act is left out, or comes twice
        (1, lambda d: d.pop(1)),
        (2, lambda d: d.pop(2)),
        (3, lambda d: d.insert(2, d[2])),
    ],
)
def test_hashes_made_anew_do_not_make_an_illegal_step_a_legal_one(
    place: int, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    assert broken_at(made_anew(change)) == place


@pytest.mark.parametrize("ending", [WITHDRAW, SUPERSEDE, INVALIDATE])
@pytest.mark.parametrize("act", list(ACTS))
def test_nothing_follows_the_end_even_with_sound_hashes(ending: Act, act: str) -> None:
    ended = chain(FULL, [GRANT, ending])
    with pytest.raises(Conflict):
        revise(ended[-1], ACTS[act], NOW + DAY, used=0)
    reborn = deepcopy(dict(ended[1].document))
    reborn["event"] = {"type": ACTS[act].event.value, "state": "GRANTED", "time": "2026-03-15T10:30:00.000000+00:00"}
    assert broken_at([*ended, rehashed(reborn, ended[-1])]) == 3


def test_a_document_that_is_no_revision_is_refused() -> None:
    good = dict(LONG[1].document)
    for document in (
        {},
        {**good, "more": None},
        {name: value for name, value in good.items() if name != "jurisdiction"},
        {**good, "previous": None},
        {**good, "revision": 1},
        {**good, "previous": "zz"},
        {**good, "pii_granted": ["person.given_name", "household.size"]},  # in another order
        {**good, "pii_granted": ["household.size", "household.size"]},
        {**good, "valid_to": "2026-06-12T11:30:00.000000+01:00"},
        {**good, "valid_to": "0001-01-01T00:00:00.000000+14:00"},
        {**good, "record_id": good["record_id"].replace("-", "")},
        {**good, "evidence": {**good["evidence"], "session": "73 " * 32}},
        {**good, "privacy_notice": {**good["privacy_notice"], "language": "AR"}},
        {**good, "privacy_notice": {**good["privacy_notice"], "language": "de"}},
        {**good, "lawful_basis": "CONTRACT"},
        {**good, "schema_version": "sijil-consent-2"},
        {**good, "frequency": {"uses": 3.0, "window": "WEEK"}},
        {**good, "jurisdiction": "\ud800"},
    ):
        with pytest.raises(Invalid):
            revision_of(document)
    assert revision_of(good) == LONG[1]


def test_a_first_revision_without_predecessor_is_the_only_one_without() -> None:
    """Number and predecessor belong together in what is read alone, too."""
    lone = rehashed({**LONG[1].document, "previous": None})
    assert lone.hash == sha256(json.dumps(lone.document, sort_keys=True, separators=(",", ":")).encode()).digest()
    with pytest.raises(Invalid):
        record_of(lone)


def test_what_the_chain_ends_in_is_what_counts() -> None:
    assert replay(LONG, head(LONG)).state(0, NOW + DAY) is State.WITHDRAWN
    assert replay(LONG[:-1], LONG[-2].hash).state(0, NOW + DAY) is State.GRANTED
