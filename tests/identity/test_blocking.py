from dataclasses import replace
from uuid import UUID

import pytest

from core.dates import PartialDate
from identity.blocking import HASH_BYTES, Comparable, blocking_hashes

AMINE = Comparable(
    PartialDate.parse("1980-03-14"),
    given_ar="محمد أمين",
    given_latin="Mohamed Amine",
    family_ar="العمراني",
    family_latin="El Amrani",
    sex="M",
    cnie="BK123456",
    telephone="+212730000001",
    father="Ahmed El Amrani",
    mother="فاطمة بناني",
)


def shared(keys, one, other):
    return blocking_hashes(keys, one) & blocking_hashes(keys, other)


def test_keys_are_eight_bytes_and_the_same_each_time(keys):
    made = blocking_hashes(keys, AMINE)
    assert {len(key) for key in made} == {HASH_BYTES}
    assert made == blocking_hashes(keys, AMINE)
    assert 10 < len(made) < 20


@pytest.mark.parametrize(
    "change",
    [
        {"given_ar": None, "family_ar": None, "given_latin": "Mohammed Amin", "family_latin": "Elamrani"},
        {"given_latin": None, "family_latin": None},
        {"given_ar": None, "family_ar": None, "given_latin": "Amrani", "family_latin": "Mohammed Amine"},
        {"given_ar": "أمين", "given_latin": "Amine"},
        {"given_ar": "محمد", "given_latin": "Mohammed"},
        {"given_ar": "خالد", "given_latin": "Khalid"},
        {"family_ar": "بناني", "family_latin": "Bennani"},
        {"birth": PartialDate.parse("1980-05-14")},
        {"birth": PartialDate.parse("1980-03-21")},
        {"birth": PartialDate.parse("1980")},
        {"birth": PartialDate.parse("1981-03-14")},
    ],
)
def test_one_mistake_leaves_a_shared_key_even_without_numbers_and_parents(keys, change):
    bare = replace(AMINE, cnie=None, telephone=None, father=None, mother=None)
    assert shared(keys, bare, replace(bare, **change))


def test_day_and_month_may_be_swapped(keys):
    one = replace(AMINE, birth=PartialDate.parse("1980-03-04"), cnie=None, telephone=None, father=None, mother=None)
    swapped = replace(one, birth=PartialDate.parse("1980-04-03"))
    assert blocking_hashes(keys, one) == blocking_hashes(keys, swapped)


@pytest.mark.parametrize("kept", [{"cnie"}, {"telephone"}, {"father", "mother"}])
def test_one_number_or_the_parents_are_enough(keys, kept):
    lost = {name: None for name in ("cnie", "telephone", "father", "mother") if name not in kept}
    other = replace(AMINE, given_ar="سعيد", given_latin="Said", family_ar="لحلو", family_latin="Lahlou", **lost)
    assert shared(keys, AMINE, other)


def test_a_guardian_and_the_year_are_enough(keys):
    guardian = frozenset({UUID(int=7)})
    one = Comparable(PartialDate.parse("2020-01-02"), given_latin="Adam", family_latin="Tazi", guardians=guardian)
    other = Comparable(PartialDate.parse("2020-11-30"), given_latin="Rim", family_latin="Berrada", guardians=guardian)
    assert len(shared(keys, one, other)) == 1


def test_strangers_share_nothing(keys):
    other = Comparable(
        PartialDate.parse("1980-03-14"),
        given_latin="Khalid",
        family_latin="Bennani",
        cnie="BK123457",
        telephone="+212730000002",
        father="Omar Bennani",
        mother="Zineb Tazi",
    )
    assert not shared(keys, AMINE, other)
    assert blocking_hashes(keys, Comparable(PartialDate(1980))) == frozenset()
