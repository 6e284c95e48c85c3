import os
import re
import subprocess
import sys
import tracemalloc
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.demo import names
from api.demo.people import InventedHousehold, invent
from api.demo.places import CARD_LETTERS
from core.dates import PartialDate, Precision
from core.errors import Invalid
from identity.divisions import Division, Level, built_in, region_of
from registry.facts import (
    HOUSEHOLD_FACTS,
    MAX_MEMBERS,
    MEMBER_FACTS,
    Activity,
    Employment,
    Kinship,
    Milieu,
    Occupation,
    Schooling,
    checked,
)

TODAY = date(2026, 11, 23)
ROOT = Path(__file__).parents[2]
ARABIC = re.compile(r"[\u0621-\u064a]+(?: [\u0621-\u064a]+)*")
LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:[ '-][A-Za-zÀ-ÖØ-öø-ÿ]+)*")
COMMUNES = (
    Division("06.141.01.01", Level.ARRONDISSEMENT, "06.141", "Premier", "الأول", "URBAN"),
    Division("06.461.03.05", Level.COMMUNE, "06.461", "Deuxième", "الثانية", "RURAL"),
    Division("06.461.03.07", Level.COMMUNE, "06.461", "Troisième", "الثالثة", "RURAL"),
)


@pytest.fixture(scope="module")
def households() -> list[InventedHousehold]:
    return list(invent(20_000, seed=1, today=TODAY))


@pytest.fixture(scope="module")
def people(households):
    return [member.person for household in households for member in household.members]


def ages(household: InventedHousehold) -> list[int]:
    return [member.person.birth_date.age_on(TODAY) for member in household.members]


def share(flags) -> float:
    flags = list(flags)
    return sum(flags) / len(flags)


# What is promised of any invention


def test_the_same_seed_invents_the_same_people():
    assert list(invent(500, seed=9, today=TODAY)) == list(invent(500, seed=9, today=TODAY))
    assert next(invent(500, seed=9, today=TODAY)) != next(invent(500, seed=10, today=TODAY))


def test_the_order_of_hashes_changes_nobody():
    script = (
        "import hashlib; from datetime import date; from api.demo.people import invent;"
        "print(hashlib.sha256(repr(list(invent(300, seed=5, today=date(2026, 11, 23)))).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    assert len(seen.pop().strip()) == 64


@settings(max_examples=25, deadline=None)
@given(
    persons=st.integers(0, 60),
    seed=st.integers(0, 2**32),
    today=st.dates(date(2020, 1, 1), date(2060, 12, 31)),
    communes=st.sampled_from([(), COMMUNES]),
)
def test_as_many_people_as_asked_for_are_invented_on_any_day(persons, seed, today, communes):
    made = list(invent(persons, seed=seed, today=today, communes=communes))
    people = [member.person for household in made for member in household.members]
    assert [person.key for person in people] == list(range(persons))
    assert [household.key for household in made] == list(range(len(made)))
    for person in people:
        assert person.birth_date == PartialDate.parse(str(person.birth_date))
        assert person.birth_date.for_ages() <= today
    for household in made:
        assert household.members[0].kinship is Kinship.HEAD
        assert household.members[household.declarant_index].person.birth_date.age_on(today) >= 18


def test_the_first_household_comes_at_once_and_nothing_piles_up():
    endless = invent(2_000_000, seed=2, today=TODAY)
    tracemalloc.start()
    try:
        next(endless)
        before = tracemalloc.get_traced_memory()[0]
        for _ in islice(endless, 1_000):
            pass
        assert tracemalloc.get_traced_memory()[0] - before < 50_000
    finally:
        tracemalloc.stop()


def test_fewer_than_nobody_is_refused():
    with pytest.raises(Invalid) as refusal:
        invent(-1, seed=1, today=TODAY)
    assert refusal.value.path == ("persons",)


# Where they live


def test_regions_have_their_part_of_the_people(households):
    people = Counter()
    for household in households:
        people[household.region] += len(household.members)
    expected = {1: 11, 2: 7, 3: 12.5, 4: 13.5, 5: 7, 6: 20, 7: 13.3, 8: 4.7, 9: 8, 10: 1.2, 11: 1.1, 12: 0.45}
    assert people.keys() == expected.keys()
    assert {region: 100 * count / 20_000 for region, count in people.items()} == pytest.approx(expected, abs=1.5)


def test_towns_hold_most_people_in_smaller_households(households):
    sizes = {milieu: [len(h.members) for h in households if h.milieu is milieu] for milieu in Milieu}
    assert sum(sizes[Milieu.URBAN]) / 20_000 == pytest.approx(0.63, abs=0.02)
    assert sum(sizes[Milieu.URBAN]) / len(sizes[Milieu.URBAN]) == pytest.approx(3.8, abs=0.15)
    assert sum(sizes[Milieu.RURAL]) / len(sizes[Milieu.RURAL]) == pytest.approx(4.6, abs=0.2)
    assert len(households) == pytest.approx(5_000, abs=150)
    assert max(len(household.members) for household in households) <= MAX_MEMBERS


def test_without_communes_people_reside_in_provinces(households):
    provinces = {division.code for division in built_in() if division.level is Level.PROVINCE}
    for household in households:
        assert household.province in provinces
        assert household.region == region_of(household.province)
        assert {member.person.residence for member in household.members} == {household.province}
        assert {member.person.birth_place for member in household.members} <= provinces | {None}
        assert len({member.person.address for member in household.members}) == 1


def test_with_communes_people_reside_in_one_of_the_household_s_milieu():
    residences = {"06.141": {"06.141.01.01"}, "06.461": {"06.461.03.05", "06.461.03.07"}}
    seen = set()
    for household in invent(800, seed=3, today=TODAY, communes=COMMUNES):
        assert household.milieu is (Milieu.URBAN if household.province == "06.141" else Milieu.RURAL)
        (residence,) = {member.person.residence for member in household.members}
        assert residence in residences[household.province]
        seen.add(residence)
    assert seen == {commune.code for commune in COMMUNES}


@pytest.mark.parametrize(
    ("communes", "path"),
    [
        ([built_in()[0]], ("communes",)),
        ([Division("06.999.01.01", Level.COMMUNE, "06.999", "Nulle part", "مكان", "URBAN")], ("communes", 0)),
        ([Division("06.141.01.01", Level.COMMUNE, "06.141", "Champs", "حقول", "RURAL")], ("communes",)),
    ],
)
def test_communes_where_nobody_can_live_are_refused(communes, path):
    with pytest.raises(Invalid) as refusal:
        invent(10, seed=1, today=TODAY, communes=communes)
    assert refusal.value.path == path


# Who they are


def test_ages_make_a_plausible_pyramid(households):
    everybody = [age for household in households for age in ages(household)]
    assert share(age < 15 for age in everybody) == pytest.approx(0.255, abs=0.02)
    assert share(age >= 60 for age in everybody) == pytest.approx(0.125, abs=0.02)
    assert min(everybody) == 0
    assert 90 <= max(everybody) <= 100


def test_about_half_are_women_and_almost_all_moroccan(people):
    assert share(person.sex == "F" for person in people) == pytest.approx(0.51, abs=0.02)
    assert {person.sex for person in people} == {"F", "M"}
    assert share(person.nationality == "MAR" for person in people) == pytest.approx(0.99, abs=0.006)


def test_some_births_are_known_by_year_mostly_old_ones(people):
    precision = Counter(person.birth_date.precision for person in people)
    assert precision[Precision.YEAR] / 20_000 == pytest.approx(0.06, abs=0.01)
    assert precision[Precision.MONTH] / 20_000 == pytest.approx(0.02, abs=0.006)
    partial = [person.birth_date.age_on(TODAY) for person in people if person.birth_date.month is None]
    assert share(age >= 40 for age in partial) > 0.65


def test_parents_are_at_least_fifteen_years_older_and_of_their_sex(households):
    parents = 0
    for household in households:
        members = {member.person.key: member.person for member in household.members}
        for person in members.values():
            for key, sex in ((person.father_key, "M"), (person.mother_key, "F")):
                if key is not None:
                    parents += 1
                    assert members[key].sex == sex
                    assert members[key].birth_date.age_on(TODAY) - person.birth_date.age_on(TODAY) >= 15
    assert parents > 12_000


def test_children_bear_their_father_s_family_name_and_wives_their_own(households):
    own = 0
    for household in households:
        members = {member.person.key: member.person for member in household.members}
        for member in household.members:
            person = member.person
            if person.father_key is not None:
                father = members[person.father_key]
                assert (person.family_ar, person.family_latin) == (father.family_ar, father.family_latin)
            if member.kinship is Kinship.SPOUSE:
                own += person.family_ar != household.members[0].person.family_ar
    assert own / sum(member.kinship is Kinship.SPOUSE for h in households for member in h.members) > 0.97


def test_heads_are_adults_and_spouses_of_opposite_sex(households):
    kinds = Counter()
    for household in households:
        kinship = [member.kinship for member in household.members]
        kinds.update(kinship)
        assert kinship[0] is Kinship.HEAD
        assert kinship.count(Kinship.HEAD) == 1
        assert kinship.count(Kinship.SPOUSE) <= 1
        assert ages(household)[0] >= 18
        assert ages(household)[household.declarant_index] >= 18
        for member in household.members:
            if member.kinship is Kinship.SPOUSE:
                assert {member.person.sex, household.members[0].person.sex} == {"F", "M"}
                assert member.person.marital_status == household.members[0].person.marital_status == "MARRIED"
    assert kinds.keys() == set(Kinship)


def test_minors_are_unmarried_and_have_an_adult_guardian(households):
    for household in households:
        by_key = dict(zip((member.person.key for member in household.members), ages(household), strict=True))
        for member, age in zip(household.members, ages(household), strict=True):
            person = member.person
            assert person.marital_status in {"SINGLE", "MARRIED", "DIVORCED", "WIDOWED"}
            if age < 18:
                assert person.marital_status == "SINGLE"
                assert by_key[person.guardian_key] >= 18
            else:
                assert person.guardian_key is None


def test_cards_are_unique_and_of_moroccans_from_sixteen(people):
    cards = [person.cnie for person in people if person.cnie]
    assert len(set(cards)) == len(cards)
    assert all(re.fullmatch(r"[A-Z]{1,2}\d{5,6}", card) for card in cards)
    assert {len(re.sub(r"[A-Z]", "", card)) for card in cards} == {5, 6}
    for person in people:
        age = person.birth_date.age_on(TODAY)
        assert person.cnie is None or (age >= 16 and person.nationality == "MAR")
        assert (person.residence_permit is not None) == (age >= 18 and person.nationality != "MAR")
    adults = [p for p in people if p.nationality == "MAR" and p.birth_date.age_on(TODAY) >= 18]
    assert share(person.cnie is not None for person in adults) > 0.93
    permits = [person.residence_permit for person in people if person.residence_permit]
    assert len(permits) == len(set(permits)) > 20


def test_no_two_provinces_share_the_letters_of_their_cards():
    letters = [one for several in CARD_LETTERS.values() for one in several]
    assert len(letters) == len(set(letters))
    assert "ZZ" not in letters
    assert CARD_LETTERS.keys() == {division.code for division in built_in() if division.level is Level.PROVINCE}


def test_telephones_are_unique_and_belong_to_nobody(people):
    telephones = [person.telephone for person in people if person.telephone]
    assert len(telephones) == len(set(telephones)) > 10_000
    assert all(re.fullmatch(r"\+2127[349]\d{7}", telephone) for telephone in telephones)
    assert all(p.telephone is None or p.birth_date.age_on(TODAY) >= 14 for p in people)


def test_mail_goes_to_a_domain_reserved_for_examples(people):
    addresses = [person.email for person in people if person.email]
    assert len(addresses) == len(set(addresses)) > 1_000
    assert all(re.fullmatch(r"[a-z0-9.-]+@example\.org", address) for address in addresses)


def test_names_are_in_their_script(people):
    for person in people:
        assert ARABIC.fullmatch(person.given_ar)
        assert ARABIC.fullmatch(person.family_ar)
        assert LATIN.fullmatch(person.given_latin)
        assert LATIN.fullmatch(person.family_latin)


def test_the_lists_of_names_are_long_and_without_repetition():
    male = names.MALE_EVER + names.MALE_OLD + names.MALE_YOUNG
    female = names.FEMALE_EVER + names.FEMALE_OLD + names.FEMALE_YOUNG
    for entries, least in ((male, 120), (female, 120), (names.FAMILY, 250)):
        assert len(entries) >= least
        assert len({name.arabic for name in entries}) == len(entries)
        assert len({name.latin[0] for name in entries}) == len(entries)
        for name in entries:
            assert ARABIC.fullmatch(name.arabic)
            assert 1 <= len(name.latin) <= 3
            assert len(set(name.latin)) == len(name.latin)
            assert all(LATIN.fullmatch(spelling) for spelling in name.latin)


def test_names_vary_in_spelling_compounds_and_particles(people):
    assert {"Mohammed", "Mohamed"} <= {person.given_latin for person in people}
    assert {"Fatima Zahra", "Mohamed Amine"} <= {person.given_latin for person in people}
    particles = Counter(person.family_latin.split()[0] for person in people if " " in person.family_latin)
    assert {"El", "Ben", "Aït", "Ouled"} <= particles.keys()
    assert len({(person.given_ar, person.family_ar) for person in people}) > 12_000


# What they declare


def test_every_fact_is_there_and_in_its_range(households):
    for household in households:
        assert household.facts.keys() == set(HOUSEHOLD_FACTS)
        for facts in (household.facts, *(member.facts for member in household.members)):
            assert all(type(value) is int and checked(name, value) == value for name, value in facts.items())
        assert all(member.facts.keys() == set(MEMBER_FACTS) for member in household.members)


def test_schooling_work_and_age_agree(households):
    for household in households:
        for member, age in zip(household.members, ages(household), strict=True):
            facts = member.facts
            at_school = facts["member.schooling"] != Schooling.NONE
            works = facts["member.activity"] == Activity.GAINFUL
            assert not at_school or 4 <= age <= 25
            assert at_school == (facts["member.activity"] == Activity.STUDENT)
            assert works == (facts["member.occupation"] != Occupation.NONE)
            assert works == (facts["member.employment"] != Employment.NONE)
            assert not works or age >= 15
            assert facts["member.activity"] != Activity.RETIRED or age >= 60
            assert age >= 15 or facts["member.diploma"] == 0


def test_most_children_of_school_age_go_to_school(households):
    for milieu, least in ((Milieu.URBAN, 0.95), (Milieu.RURAL, 0.88)):
        pupils = [
            member.facts["member.schooling"] != Schooling.NONE
            for household in households
            if household.milieu is milieu
            for member, age in zip(household.members, ages(household), strict=True)
            if 6 <= age <= 14
        ]
        assert share(pupils) > least


def test_the_countryside_is_poorer_and_some_there_have_a_car(households):
    def mean(attribute: str, milieu: Milieu) -> float:
        return share(household.facts[attribute] for household in households if household.milieu is milieu)

    for attribute in ("household.bath", "household.computer", "household.telephone", "household.internet"):
        assert mean(attribute, Milieu.RURAL) < mean(attribute, Milieu.URBAN)
    assert 0.08 <= share(h.facts["household.cars"] > 0 for h in households if h.milieu is Milieu.RURAL) <= 0.12


def test_one_wealth_drives_school_car_and_telephone(households):
    towns = [household for household in households if household.milieu is Milieu.URBAN]
    with_car = [household for household in towns if household.facts["household.cars"]]
    without = [household for household in towns if not household.facts["household.cars"]]

    def mean(several, value) -> float:
        return share(value(household) for household in several)

    for value in (
        lambda household: household.facts["household.telephone"],
        lambda household: household.members[0].facts["member.education"],
        lambda household: household.facts["household.computer"],
    ):
        assert mean(with_car, value) > 1.5 * mean(without, value)
