"""A value comes out where its release is granted and nowhere else, and every use is noted."""

from typing import Any
from uuid import UUID

import pytest

from access.catalogue import Use
from access.decision import NOTHING, Decision, Ground
from access.disclosure import Disclosure, SealedRecord, Withheld
from core.errors import Internal
from core.keys import KeyRing

SUBJECT, ENTRY = UUID(int=1), UUID(int=2)
NAME, BIRTH, SEX = "person.given_name", "person.birth_date", "person.sex"
USES = {NAME: frozenset({Use.RELEASE, Use.MATCH}), BIRTH: frozenset({Use.MATCH}), SEX: frozenset({Use.MASK, Use.PREDICATE})}


class Opener:
    """Counts what is read out of a record."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, part: str) -> Any:
        def read(record: SealedRecord) -> str | None:
            self.opened.append(part)
            return record.open(part)

        return read


@pytest.fixture
def record(keys: KeyRing) -> SealedRecord:
    key, _ = keys.masters.new_data_key(SUBJECT)
    values = {NAME: "Zineb", BIRTH: "1990-05-17", SEX: "FEMALE"}
    return SealedRecord(SUBJECT, key, {part: key.seal(part, SUBJECT, value) for part, value in values.items()} | {"x": None})


def disclosing(record: SealedRecord, uses: Any = USES, ground: Ground = Ground.MANDATE) -> Disclosure:
    return Disclosure(Decision(uses, ground, "basis", b"a" * 32), record, subject=SUBJECT, entry_id=ENTRY, field="person")


def test_a_granted_value_is_opened_noted_and_kept_for_the_answers_hash(record: SealedRecord) -> None:
    opener, disclosure = Opener(), disclosing(record)
    assert disclosure.reveal(NAME, opener(NAME)) == "Zineb"
    assert disclosure.notes == {NAME: "RELEASE"}
    assert disclosure.revealed == {NAME: ["Zineb"]}
    assert opener.opened == [NAME]


@pytest.mark.parametrize("attribute", [BIRTH, SEX, "person.cnie", "person", ""])
def test_a_value_that_is_not_granted_is_not_even_opened(record: SealedRecord, attribute: str) -> None:
    """To match, to mask or to answer a condition is not to release."""
    opener, disclosure = Opener(), disclosing(record)
    assert disclosure.reveal(attribute, opener(NAME)) == Withheld(attribute)
    assert not disclosure.may_reveal(attribute)
    assert (opener.opened, disclosure.notes, disclosure.revealed) == ([], {}, {})


def test_an_absent_value_is_not_a_withheld_one(record: SealedRecord) -> None:
    disclosure = disclosing(record, {"x": frozenset({Use.RELEASE})})
    assert disclosure.reveal("x", lambda sealed: sealed.open("x")) is None
    assert disclosure.notes == {"x": "RELEASE"}


@pytest.mark.parametrize(
    ("attribute", "use", "granted", "note"),
    [
        (NAME, Use.MATCH, True, "MATCH"),
        (BIRTH, Use.MATCH, True, "MATCH"),
        (BIRTH, Use.PREDICATE, False, "PREDICATE REFUSED"),
        (SEX, Use.PREDICATE, True, "PREDICATE"),
        (SEX, Use.MATCH, False, "MATCH REFUSED"),
    ],
)
def test_a_comparison_does_the_same_work_whether_it_is_granted_or_not(
    record: SealedRecord, attribute: str, use: Use, granted: bool, note: str
) -> None:
    opener, disclosure = Opener(), disclosing(record)
    assert disclosure.compare(attribute, use, opener(attribute)) == (granted, record.open(attribute))
    assert opener.opened == [attribute]
    assert disclosure.notes == {attribute: note}
    assert disclosure.revealed == {}


def test_each_use_of_an_attribute_is_noted_and_none_hides_another(record: SealedRecord) -> None:
    disclosure = disclosing(record)
    disclosure.compare(NAME, Use.MATCH, lambda _: True)
    disclosure.reveal(NAME, lambda _: "Zineb")
    disclosure.compare(NAME, Use.PREDICATE, lambda _: True)
    disclosure.compare(NAME, Use.MATCH, lambda _: True)
    disclosure.compare(BIRTH, Use.PREDICATE, lambda _: True)
    assert disclosure.notes == {NAME: "MATCH, RELEASE, PREDICATE REFUSED", BIRTH: "PREDICATE REFUSED"}


def test_every_value_that_was_told_is_kept_for_the_answers_hash(record: SealedRecord) -> None:
    disclosure = disclosing(record)
    for value in ("a", "b", "a"):
        disclosure.reveal(NAME, lambda _, value=value: value)  # type: ignore[misc]
    assert disclosure.revealed == {NAME: ["a", "b", "a"]}


@pytest.mark.parametrize("ground", [g for g in Ground if g not in (Ground.MANDATE, Ground.CONSENT)])
def test_a_decision_of_nothing_opens_nothing(record: SealedRecord, ground: Ground) -> None:
    opener, disclosure = Opener(), disclosing(record, NOTHING, ground)
    for part in (NAME, BIRTH, SEX):
        assert disclosure.reveal(part, opener(part)) == Withheld(part)
        assert disclosure.compare(part, Use.MATCH, lambda _: True) == (False, True)
    assert opener.opened == []
    assert disclosure.known is (ground is not Ground.UNKNOWN)


def test_a_record_opens_its_own_values_only(record: SealedRecord, keys: KeyRing) -> None:
    stranger, _ = keys.masters.new_data_key(UUID(int=3))
    with pytest.raises(Internal):
        SealedRecord(UUID(int=3), stranger, record.values).open(NAME)
    with pytest.raises(Internal):
        SealedRecord(SUBJECT, record.key, {NAME: record.values[BIRTH]}).open(NAME)


def test_neither_a_record_nor_a_withheld_value_prints_what_it_keeps(record: SealedRecord) -> None:
    assert "Zineb" not in repr(record) + repr(disclosing(record)) + repr(Withheld(NAME))
