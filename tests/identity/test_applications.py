"""The form of an applicant: its normal form, and everything that is wrong with it at once."""

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.canonical import content_hash, plain_json
from core.dates import PartialDate
from core.errors import Conflict, Faulty
from identity import enrolment_states as states
from identity.applications import (
    MEMBERS,
    Form,
    checked,
    document,
    evidence_needed,
    examined,
    form_of,
    hash_of,
    in_future,
    relative_fault,
)
from identity.enrolment_states import Obstacle, State, Step
from tests.access.enrolled import NOW
from tests.identity.applicants import ADULT, FOREIGNER, GUARDED, MINOR, form

TODAY = date(2026, 12, 1)


def faults(given_form: Form, *, complete: bool = True) -> list[tuple[str, str]]:
    return [(str(fault.path[0]), fault.code) for fault in examined(given_form, TODAY, complete=complete)[1]]


@pytest.mark.parametrize("sound", [ADULT, MINOR, FOREIGNER, GUARDED], ids=["adult", "minor", "foreigner", "guarded"])
def test_a_sound_form_is_its_own_normal_form(sound: Form) -> None:
    assert checked(sound, TODAY, complete=True) == sound


ALONE: list[tuple[str, Any, str]] = [
    ("given_name_ar", "Yassine", "WRONG_SCRIPT"),
    ("given_name_latin", "ياسين", "WRONG_SCRIPT"),
    ("family_name_latin", "El العلوي", "MIXED_SCRIPTS"),
    ("family_name_latin", "Аlaoui", "FOREIGN_LETTERS"),  # its first letter is Cyrillic
    ("family_name_latin", "Αlaoui", "FOREIGN_LETTERS"),  # and here Greek
    ("family_name_latin", "E" * 10_000, "TOO_LONG"),
    ("family_name_latin", "Alaoui3", "NOT_A_NAME"),
    ("family_name_latin", "<b>Alaoui", "NOT_A_NAME"),
    ("family_name_latin", "---", "NOT_A_NAME"),
    ("family_name_latin", "Alaoui\u202e", "UNREADABLE"),
    ("father_name", "Driss\x00", "UNREADABLE"),
    ("mother_name", "Khadija خديجة", "MIXED_SCRIPTS"),
    ("birth_date", "1991-02-30", "NOT_A_DATE"),
    ("birth_date", "1991-13", "NOT_A_DATE"),
    ("birth_date", "02/04/1991", "NOT_A_DATE"),
    ("birth_date", "1899-12-31", "TOO_EARLY"),
    ("birth_place", "99.999", "NOT_A_CODE"),
    ("sex", "X", "NOT_A_CODE"),
    ("marital_status", "ALONE", "NOT_A_CODE"),
    ("nationality", "Atlantis", "NOT_A_CODE"),
    ("cnie", "123", "NOT_A_NUMBER"),
    ("telephone", "12", "NOT_A_NUMBER"),
    ("email", "nobody", "NOT_A_NUMBER"),
    ("address", "x" * 201, "TOO_LONG"),
    ("guardian", "2013023800", "NOT_A_NUMBER"),
    ("mother", "not a number", "NOT_A_NUMBER"),
    ("basis", "HEARSAY", "NOT_A_CODE"),
]


@pytest.mark.parametrize(("name", "value", "code"), ALONE)
def test_what_cannot_be_is_refused_in_a_draft_too_each_with_its_code(name: str, value: Any, code: str) -> None:
    assert faults(form(**{name: value}), complete=False) == [(name, code)]


@pytest.mark.parametrize("birth", ["2027", "2027-01", "2026-12-02", "2200"])
def test_nobody_is_born_in_the_future(birth: str) -> None:
    assert ("birth_date", "IN_FUTURE") in faults(replace(ADULT, birth_date=birth))


@pytest.mark.parametrize("birth", ["2026", "2026-12", "2026-12-01", "1900", "1959", "1959-07"])
def test_births_known_by_year_only_and_of_today_are_taken(birth: str) -> None:
    minor = replace(MINOR, birth_date=birth) if birth.startswith("20") else replace(ADULT, birth_date=birth)
    assert faults(minor) == []


def test_all_faults_are_told_at_once_in_the_order_of_the_form() -> None:
    broken = Form(given_name_ar="Yassine", birth_date="2030", cnie="B1", nationality="SEN", telephone="1")
    assert faults(broken) == [
        ("given_name_ar", "WRONG_SCRIPT"),
        ("family_name_ar", "MISSING"),
        ("birth_date", "IN_FUTURE"),
        ("sex", "MISSING"),
        ("cnie", "NOT_FOR_FOREIGNERS"),
        ("residence", "MISSING"),
        ("telephone", "NOT_A_NUMBER"),
        ("guardian", "GUARDIAN_NEEDED"),
        ("basis", "MISSING"),
    ]
    with pytest.raises(Faulty) as refused:
        checked(broken, TODAY, complete=True)
    assert refused.value.under("form").faults[0].path == ("form", "given_name_ar")


def test_an_empty_draft_is_taken_and_an_empty_form_is_not() -> None:
    assert faults(Form(), complete=False) == []
    assert [name for name, code in faults(Form()) if code == "MISSING"] == [
        *("given_name_ar", "family_name_ar", "birth_date", "sex", "nationality", "residence", "basis")
    ]


def test_cards_belong_to_moroccans_and_permits_to_others() -> None:
    assert faults(replace(FOREIGNER, cnie="BK1")) == [("cnie", "NOT_FOR_FOREIGNERS")]
    assert faults(form(residence_permit="M123456A")) == [("residence_permit", "NOT_FOR_MOROCCANS")]
    assert faults(replace(FOREIGNER, residence_permit=None)) == [("residence_permit", "MISSING")]
    assert faults(replace(FOREIGNER, residence_permit=None, basis="TESTIMONY")) == []


def test_guardians_are_of_minors_and_of_adults_under_guardianship_only() -> None:
    assert faults(replace(MINOR, guardian=None)) == [("guardian", "GUARDIAN_NEEDED")]
    assert faults(replace(GUARDED, guardian=None)) == [("guardian", "GUARDIAN_NEEDED")]
    assert faults(form(guardian="2516116556")) == [("guardian", "GUARDIAN_NOT_NEEDED")]


def test_who_is_of_age_today_needs_no_guardian() -> None:
    eighteen = replace(ADULT, birth_date="2008-12-01")
    assert faults(eighteen) == []
    assert faults(replace(eighteen, birth_date="2008-12-02")) == [("guardian", "GUARDIAN_NEEDED")]


def test_an_adult_without_any_contact_is_fine() -> None:
    assert faults(form(telephone=None, email=None, address=None)) == []


def test_what_is_typed_in_other_ways_has_one_normal_form() -> None:
    typed = form(
        given_name_latin="  Yassine ",
        family_name_latin="El\u00a0Alaoui",
        given_name_ar="\ufef3\ufe8e\ufeb3\ufef4\ufee6",  # as it is joined in print
        cnie="bk 123-456",
        telephone="06 61 02 03 04",
        email="Yassine@Example.org",
        nationality="Maroc",
        address="",
    )
    assert checked(typed, TODAY, complete=True) == form(address=None)


@given(st.builds(Form, **{name: st.none() | st.text(max_size=30) for name in MEMBERS if name != "guarded"}), st.booleans())
def test_whatever_is_typed_gets_faults_with_paths_or_a_form_that_stays_as_it_is(typed: Form, complete: bool) -> None:
    normal, found = examined(typed, TODAY, complete=complete)
    assert all(fault.path[0] in MEMBERS for fault in found)
    assert len({fault.path for fault in found}) == len(found)
    if not found:
        assert examined(normal, TODAY, complete=complete) == (normal, [])


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from([1, 2, 3]))
def test_a_date_is_in_the_future_if_all_days_it_may_stand_for_are(day: date, precision: int) -> None:
    parts = (day.year, day.month, day.day)[:precision]
    first = date(*(*parts, 1, 1)[:3])
    assert in_future(PartialDate(*parts), TODAY) == (first > TODAY)


# --- relatives


RELATIVES: list[tuple[Any, str | None, Form, str | None]] = [
    ("guardian", "1980", MINOR, None),
    ("guardian", None, MINOR, "NOT_REGISTERED"),
    ("guardian", "2010", MINOR, "TOO_YOUNG"),  # a minor
    ("guardian", "1999", GUARDED, "TOO_YOUNG"),  # younger than the ward
    ("guardian", "1991-04-02", GUARDED, "TOO_YOUNG"),
    ("mother", "1970", ADULT, None),
    ("mother", "2016", MINOR, "TOO_YOUNG"),
    ("father", "1992", ADULT, "TOO_YOUNG"),
]


@pytest.mark.parametrize(("kinship", "birth", "of", "code"), RELATIVES)
def test_a_relative_is_registered_and_older_and_a_guardian_of_age(
    kinship: Any, birth: str | None, of: Form, code: str | None
) -> None:
    found = relative_fault(kinship, None if birth is None else PartialDate.parse(birth), of, TODAY)
    assert (found and found.code) == code
    assert found is None or found.path == (kinship,)


EVIDENCE: list[tuple[Form, list[set[str]]]] = [
    (ADULT, [{"CNIE"}]),
    (form(cnie=None), [{"BIRTH_RECORD", "CNIE"}]),
    (FOREIGNER, [{"RESIDENCE_PERMIT"}]),
    (MINOR, [{"BIRTH_RECORD", "CNIE"}, {"BIRTH_RECORD", "GUARDIANSHIP", "JUDGEMENT"}]),
    (GUARDED, [{"CNIE"}, {"GUARDIANSHIP", "JUDGEMENT"}]),
    (form(basis="TESTIMONY"), []),
    (replace(GUARDED, basis="TESTIMONY"), [{"GUARDIANSHIP", "JUDGEMENT"}]),
    (replace(MINOR, basis="TESTIMONY"), [{"BIRTH_RECORD", "GUARDIANSHIP", "JUDGEMENT"}]),
]


@pytest.mark.parametrize(("of", "needed"), EVIDENCE)
def test_the_evidence_that_is_needed_follows_from_the_form(of: Form, needed: list[set[str]]) -> None:
    assert list(map(set, evidence_needed(of, TODAY))) == needed


# --- the document


def test_the_document_reads_back_and_equal_forms_have_other_hashes() -> None:
    one, other = document(ADULT), document(ADULT)
    assert form_of(json(one)) == ADULT
    assert hash_of(one) != hash_of(other)
    assert hash_of(one) == content_hash({"v": 1, "salt": one["salt"], "form": asdict(ADULT)})
    assert len(one["salt"]) == 22


@given(st.sampled_from(MEMBERS))
def test_each_member_is_in_the_hash(name: str) -> None:
    salt = b"s" * 16
    other: dict[str, Any] = {name: not ADULT.guarded if name == "guarded" else "other"}
    changed = replace(ADULT, **other)
    assert hash_of(document(changed, salt)) != hash_of(document(ADULT, salt))


def json(found: dict[str, Any]) -> str:

    return plain_json(found).decode()


# --- the states


class Requests(RuleBasedStateMachine):
    """One request, at which every step is tried at every instant."""

    def __init__(self) -> None:
        super().__init__()
        self.stored, self.now, self.expires = State.DRAFT, NOW, NOW + states.DRAFT_LIFETIME
        self.path = [State.DRAFT]

    @property
    def state(self) -> State:
        return states.state_at(self.stored, self.expires, self.now)

    @rule(step=st.sampled_from(list(Step)))
    def take(self, step: Step) -> None:
        before = self.state
        if step is Step.LAPSE and before is State.DRAFT:
            return  # nothing lapses before its time: the sweep looks at the date
        with suppress(Conflict):
            self.stored = states.after(before, step)
        if self.state is not self.path[-1]:
            self.path.append(self.state)

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        before = self.state
        self.now += timedelta(days=days)
        if before is not State.DRAFT:
            assert self.state is before
        elif self.state is not before:
            assert self.now >= self.expires
            self.path.append(self.state)

    @precondition(lambda self: self.state in (State.ACCEPTED, State.REJECTED))
    @rule(step=st.sampled_from(list(Step)))
    def nothing_follows_an_end(self, step: Step) -> None:
        with pytest.raises(Conflict):
            states.after(self.state, step)

    @invariant()
    def is_on_a_way_that_exists(self) -> None:
        order = [State.DRAFT, State.SUBMITTED, State.IN_REVIEW]
        assert [state for state in self.path if state in order] == order[: len([s for s in self.path if s in order])]
        assert State.ACCEPTED not in self.path or self.path == [*order, State.ACCEPTED]
        assert sum(state in (State.ACCEPTED, State.REJECTED) for state in self.path) <= 1


TestRequests = Requests.TestCase


STANDING = states.Standing([frozenset({"CNIE"})], ["CNIE"], False, 0, True, [])
OBSTACLES = [
    ({}, []),
    ({"evidence": []}, [Obstacle.EVIDENCE_MISSING]),
    ({"evidence": ["PHOTO"]}, [Obstacle.EVIDENCE_MISSING]),
    ({"by_testimony": True, "testimonies": 1}, [Obstacle.TESTIMONY_MISSING]),
    ({"by_testimony": True, "testimonies": 2}, []),
    ({"open_there": False}, [Obstacle.NOT_OPEN]),
    ({"cases": ["DIFFERENT"]}, []),
    ({"cases": ["DIFFERENT", "OPEN"]}, [Obstacle.CASE_OPEN]),
    ({"cases": ["SAME", "OPEN"]}, [Obstacle.CASE_OPEN, Obstacle.FOUND_TWICE]),
]


@pytest.mark.parametrize(("changes", "found"), OBSTACLES)
def test_all_that_keeps_a_request_from_being_accepted_is_named(changes: dict[str, Any], found: list[Obstacle]) -> None:
    assert states.obstacles(replace(STANDING, **changes)) == found
