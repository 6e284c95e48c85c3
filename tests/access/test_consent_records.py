"""Records of consent and what may be done to them, cell by cell."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from access.call import Purpose
from access.catalogue import CATALOGUE, Lang
from access.consent_acts import OPEN_FOR, Act, Supersede, apply
from access.consent_notices import LONGEST, parse_notice
from access.consent_records import By, ConsentRecord, Method, NoticeRef, Reason
from access.consent_states import Frequency, State, Window
from core.errors import Conflict, Invalid
from tests.access.consenting import (
    ACTS,
    AGENCY,
    ASKED,
    BY_AGENCY,
    CITIZEN,
    CONSENT,
    DAY,
    DECLINE,
    GRANT,
    GUARDIAN,
    INVALIDATE,
    LEADS,
    NOTICE,
    OTHER_CONSENT,
    PAUSE,
    PERSON,
    REGISTRY,
    SECOND,
    SUBJECT_MATTER,
    SUPERSEDE,
    TWO,
    UNTIL,
    WITHDRAW,
    answer,
    brought,
    notice_document,
    request,
)
from tests.access.enrolled import NOW


def done(record: ConsentRecord, *acts: Act) -> ConsentRecord:
    for act in acts:
        record = apply(record, act, NOW, used=0)
    return record


TWICE = request(frequency=Frequency(2, Window.IN_ALL))
# A record in each state: how it got there, at which instant, with how many uses.
IN_STATE: dict[State, tuple[ConsentRecord, datetime, int]] = {
    State.REQUESTED: (TWICE, NOW, 0),
    State.GRANTED: (done(TWICE, GRANT), NOW, 1),
    State.DECLINED: (done(TWICE, DECLINE), NOW, 0),
    State.PAUSED: (done(TWICE, GRANT, PAUSE), NOW, 1),
    State.WITHDRAWN: (done(TWICE, GRANT, WITHDRAW), NOW, 1),
    State.SUPERSEDED: (done(TWICE, GRANT, SUPERSEDE), NOW, 1),
    State.INVALIDATED: (done(TWICE, GRANT, INVALIDATE), NOW, 1),
    State.LAPSED: (TWICE, NOW + 30 * DAY, 0),
    State.EXPIRED: (done(TWICE, GRANT), UNTIL, 1),
    State.EXHAUSTED: (done(TWICE, GRANT), NOW, 2),
}


@pytest.mark.parametrize(("state", "word"), list(product(State, ACTS)))
def test_each_act_in_each_state_does_what_it_should_or_is_refused_with_the_state(state: State, word: str) -> None:
    record, now, used = IN_STATE[state]
    assert record.state(used, now) is state
    if (state, word) in LEADS:
        after = apply(record, ACTS[word], now, used=used)
        assert after.stored is LEADS[state, word]
        assert after.evidence is ACTS[word].evidence
        return
    with pytest.raises(Conflict) as refusal:
        apply(record, ACTS[word], now, used=used)
    assert refusal.value.message == f"the consent is {state}"


@pytest.mark.parametrize(("state", "word"), sorted(LEADS))
def test_no_act_changes_what_a_consent_is_about(state: State, word: str) -> None:
    record, now, used = IN_STATE[state]
    after = apply(record, ACTS[word], now, used=used)
    assert {name: getattr(after, name) for name in SUBJECT_MATTER} == {name: getattr(record, name) for name in SUBJECT_MATTER}
    changing = {"granted", "notice", "method", "stored", "valid_from", "evidence", "superseded_by", "reason"}
    assert {field_.name for field_ in fields(ConsentRecord)} == changing | set(SUBJECT_MATTER)
    if word != "grant":
        assert (after.granted, after.valid_from, after.method) == (record.granted, record.valid_from, record.method)


@pytest.mark.parametrize("granted", [ASKED, TWO, frozenset({"household.size"})])
def test_an_answer_grants_the_whole_or_a_part(granted: frozenset[str]) -> None:
    record = done(request(), answer(*granted))
    assert (record.stored, record.granted, record.requested) == (State.GRANTED, granted, ASKED)
    assert record.notice == NoticeRef(3, NOTICE.hash, Lang.AR)


def test_an_answer_to_none_of_it_declines() -> None:
    record = done(request(), answer())
    assert (record.stored, record.granted, record.valid_from) == (State.DECLINED, frozenset(), NOW)


@pytest.mark.parametrize("extra", ["score.band", "person.cnie", "person.shoe_size", ""])
def test_nothing_is_granted_that_was_not_asked_for(extra: str) -> None:
    """Not even what the notice names, nor beside what was asked for."""
    for granted in ({extra}, {extra, *ASKED}):
        with pytest.raises(Invalid) as refusal:
            done(request(), answer(*granted))
        assert refusal.value.path == ("granted",)


def test_a_consent_counts_from_its_answer_on_or_from_its_beginning_if_that_is_later() -> None:
    assert apply(request(), GRANT, NOW + DAY, used=0).valid_from == NOW + DAY
    later = apply(request(valid_from=NOW + 9 * DAY), GRANT, NOW + DAY, used=0)
    assert later.valid_from == NOW + 9 * DAY


def test_a_consent_ends_before_its_last_instant() -> None:
    record = done(request(), GRANT)
    states = [record.state(0, at) for at in (NOW, UNTIL - SECOND, UNTIL)]
    assert states == [State.GRANTED, State.GRANTED, State.EXPIRED]


@pytest.mark.parametrize("window", list(Window))
def test_only_a_consent_that_is_spent_for_good_is_exhausted(window: Window) -> None:
    record = done(request(frequency=Frequency(2, window)), GRANT)
    spent = State.EXHAUSTED if window is Window.IN_ALL else State.GRANTED
    assert [record.state(used, NOW) for used in range(4)] == [State.GRANTED, State.GRANTED, spent, spent]


# Who may do it

MAY = {
    "grant": {By.CITIZEN, By.GUARDIAN},
    "decline": {By.CITIZEN, By.GUARDIAN},
    "withdraw": {By.CITIZEN, By.GUARDIAN},
    "pause": {By.CITIZEN, By.GUARDIAN},
    "resume": {By.CITIZEN, By.GUARDIAN},
    "supersede": {By.CITIZEN, By.GUARDIAN, By.REGISTRY},
    "invalidate": {By.REGISTRY},
}
WHO = {By.CITIZEN: CITIZEN, By.GUARDIAN: GUARDIAN, By.AGENCY: BY_AGENCY, By.REGISTRY: REGISTRY}


@pytest.mark.parametrize(("state", "word", "by"), [(*cell, by) for cell, by in product(sorted(LEADS), By)])
def test_an_act_is_done_by_those_whose_it_is_and_by_nobody_else(state: State, word: str, by: By) -> None:
    record, now, used = IN_STATE[state]
    act = replace(ACTS[word], evidence=WHO[by])
    if by in MAY[word]:
        assert apply(record, act, now, used=used).evidence is WHO[by]
        return
    with pytest.raises(Invalid) as refusal:
        apply(record, act, now, used=used)
    assert refusal.value.path == ("evidence", "by")


def test_agencies_alone_ask_and_the_registry_alone_imports() -> None:
    for by, evidence in WHO.items():
        if by is not By.AGENCY:
            with pytest.raises(Invalid) as refusal:
                request(evidence=evidence)
            assert refusal.value.path == ("evidence", "by")
        if by is not By.REGISTRY:
            with pytest.raises(Invalid) as refusal:
                brought(evidence=evidence)
            assert refusal.value.path == ("evidence", "by")


def test_an_answer_with_somebody_beside_the_person_is_an_assisted_one_and_names_both() -> None:
    assisted = replace(CITIZEN, assistant=UUID(int=11), office=UUID(int=12))
    record = done(request(method=Method.LINK), answer("household.size", evidence=assisted))
    assert record.method is Method.ASSISTED
    assert record.evidence == assisted
    # Somebody who helps later does not change how it was collected.
    assert done(request(), GRANT, replace(WITHDRAW, evidence=assisted)).method is Method.NOTICE


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"session": None}, "session"),
        ({"session": b"s" * 31}, "session"),
        ({"holder": PERSON}, "holder"),
        ({"account": PERSON}, "account"),
        ({"by": By.GUARDIAN}, "holder"),
        ({"by": By.AGENCY}, "session"),
        ({"by": By.REGISTRY}, "session"),
        ({"by": By.AGENCY, "session": None, "assistant": PERSON}, "assistant"),
        ({"by": By.REGISTRY, "session": None, "holder": PERSON}, "holder"),
    ],
)
def test_evidence_that_does_not_say_who_acted_is_refused(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(CITIZEN, **changes)
    assert refusal.value.path == (path,)


# How a record comes to be


def test_a_request_says_what_its_notice_says() -> None:
    assert request(reference="A-1", frequency=Frequency(3, Window.WEEK)) == ConsentRecord(
        consent_id=CONSENT,
        person_id=PERSON,
        agency=AGENCY,
        agency_code="FUND",
        purpose=Purpose.SERVICE_DELIVERY,
        requested=ASKED,
        granted=frozenset(),
        notice=NoticeRef(3, NOTICE.hash, None),
        method=Method.NOTICE,
        stored=State.REQUESTED,
        answer_by=NOW + 30 * DAY,
        valid_from=NOW,
        valid_to=UNTIL,
        frequency=Frequency(3, Window.WEEK),
        data_life_days=180,
        reference="A-1",
        evidence=BY_AGENCY,
        superseded_by=None,
        reason=None,
        jurisdiction="MA",
    )


@pytest.mark.parametrize(
    ("method", "open_for"),
    [(Method.LINK, timedelta(minutes=10)), (Method.NOTICE, 30 * DAY), (Method.ASSISTED, DAY)],
)
def test_a_request_waits_for_its_answer_as_long_as_its_method_allows(method: Method, open_for: timedelta) -> None:
    record = request(method=method)
    assert record.answer_by == NOW + open_for
    assert record.state(0, NOW + open_for - SECOND) is State.REQUESTED
    assert record.state(0, NOW + open_for) is State.LAPSED
    assert request(method=method, answer_by=NOW + SECOND).answer_by == NOW + SECOND
    for wrong in (NOW, NOW + open_for + SECOND):
        with pytest.raises(Invalid) as refusal:
            request(method=method, answer_by=wrong)
        assert refusal.value.path == ("answer_by",)
    assert set(OPEN_FOR) == set(Method) - {Method.IMPORTED}


def test_a_request_is_not_open_for_longer_than_the_consent_would_hold() -> None:
    assert request(valid_to=NOW + DAY).answer_by == NOW + DAY


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"attributes": frozenset()}, "requested"),
        ({"attributes": ASKED | {"person.cnie"}}, "attributes"),
        ({"attributes": frozenset({"person.shoe_size"})}, "attributes"),
        ({"valid_to": NOW}, "valid_to"),
        ({"valid_to": NOW - DAY}, "valid_to"),
        ({"valid_to": NOW + 365 * DAY + SECOND}, "valid_to"),
        ({"valid_from": NOW - SECOND}, "valid_from"),
        ({"valid_from": UNTIL}, "valid_to"),
        ({"method": Method.IMPORTED}, "method"),
        ({"reference": ""}, "reference"),
        ({"reference": "a b"}, "reference"),
        ({"reference": "a\n"}, "reference"),
        ({"reference": "é"}, "reference"),
        ({"reference": "a" * 65}, "reference"),
        ({"notice": parse_notice(notice_document(valid_from="2026-03-14T10:30:00.000001+00:00"))}, "notice"),
    ],
)
def test_a_request_beyond_its_notice_or_out_of_form_is_refused(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        request(**changes)
    assert refusal.value.path == (path,)


def test_what_was_given_elsewhere_is_granted_whole_and_can_be_withdrawn() -> None:
    record = brought()
    assert (record.stored, record.granted, record.answer_by, record.notice) == (State.GRANTED, ASKED, None, None)
    assert record.state(0, NOW) is State.GRANTED
    assert done(record, WITHDRAW).state(0, NOW) is State.WITHDRAWN
    with pytest.raises(Invalid) as refusal:
        brought(attributes=frozenset({"person.shoe_size"}))
    assert refusal.value.path == ("attributes",)


@pytest.mark.parametrize("life", [LONGEST + SECOND, timedelta(0), -DAY])
def test_no_consent_is_without_end_or_longer_than_two_years(life: timedelta) -> None:
    assert brought(valid_to=NOW + LONGEST).valid_to == NOW + timedelta(days=731)
    with pytest.raises(Invalid) as refusal:
        brought(valid_to=NOW + life)
    assert refusal.value.path == ("valid_to",)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"granted": frozenset()}, ("granted",)),
        ({"granted": ASKED | {"score.band"}}, ("granted",)),
        ({"requested": frozenset()}, ("requested",)),
        ({"requested": TWO | {"DROP TABLE"}}, ("requested",)),
        ({"stored": State.REQUESTED}, ("granted",)),
        ({"stored": State.REQUESTED, "granted": frozenset()}, ("notice", "language")),
        ({"stored": State.EXPIRED}, ("stored",)),
        ({"stored": State.LAPSED}, ("stored",)),
        ({"stored": State.EXHAUSTED}, ("stored",)),
        ({"stored": State.SUPERSEDED}, ("superseded_by",)),
        ({"superseded_by": OTHER_CONSENT}, ("superseded_by",)),
        ({"stored": State.INVALIDATED}, ("reason",)),
        ({"reason": Reason.BY_ORDER}, ("reason",)),
        ({"notice": None}, ("notice",)),
        ({"notice": NoticeRef(3, NOTICE.hash, None)}, ("notice", "language")),
        ({"notice": NoticeRef(3, b"short", Lang.AR)}, ("notice",)),
        ({"notice": NoticeRef(0, NOTICE.hash, Lang.AR)}, ("notice",)),
        ({"answer_by": None}, ("answer_by",)),
        ({"answer_by": UNTIL + SECOND}, ("answer_by",)),
        ({"method": Method.IMPORTED}, ("answer_by",)),
        ({"valid_to": NOW.replace(tzinfo=None)}, ("valid_to",)),
        ({"valid_to": NOW}, ("valid_to",)),
        ({"agency_code": "fund"}, ("agency_code",)),
        ({"agency_code": "FUND\n"}, ("agency_code",)),
        ({"data_life_days": 0}, ("data_life_days",)),
        ({"data_life_days": 3661}, ("data_life_days",)),
        ({"jurisdiction": "FR"}, ("jurisdiction",)),
    ],
)
def test_a_record_cannot_be_made_wrong(changes: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(done(request(), GRANT), **changes)
    assert refusal.value.path == path
    assert not any(str(value) in refusal.value.message for value in changes.values() if isinstance(value, str) and value)


@pytest.mark.parametrize("stored", [State.REQUESTED, State.DECLINED])
def test_what_was_given_elsewhere_was_not_asked_for_here(stored: State) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(brought(), stored=stored, granted=frozenset())
    assert refusal.value.path == ("stored",)


def test_a_consent_does_not_supersede_itself() -> None:
    with pytest.raises(Invalid) as refusal:
        done(request(), GRANT, Supersede(CONSENT, CITIZEN))
    assert refusal.value.path == ("by",)


def test_every_attribute_there_is_can_be_asked_for() -> None:
    notice = parse_notice(notice_document(attributes=sorted(CATALOGUE)))
    assert request(notice=notice, attributes=frozenset(CATALOGUE)).requested == frozenset(CATALOGUE)
