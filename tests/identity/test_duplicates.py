from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.duplicates import LEAST_RECALL, MOST_LOAD, NOBODY, measure
from bench.labelled import SON, TWIN, labelled
from core.dates import PartialDate
from core.errors import Invalid
from identity.agreements import Agreement, births, names
from identity.blocking import Comparable
from identity.candidates import check
from identity.duplicates import Compared, Field, Outcome, compare, may_be, own_weighs, parse_rules, rules
from identity.names import Name
from tests.access.enrolled import NOW
from tests.identity.registered import Register, machine, new_person

AMINE = Comparable(
    PartialDate.parse("1980-03-14"),
    given_ar="أمين",
    given_latin="Amine",
    family_ar="العمراني",
    family_latin="El Amrani",
    sex="M",
    cnie="BK123456",
    telephone="+212730000001",
    father="Ahmed El Amrani",
    mother="فاطمة بناني",
    birth_place="06.141",
    residence="06.141",
)
PEOPLE = [
    AMINE,
    replace(AMINE, given_ar=None, family_ar=None, given_latin="Amin", family_latin="Elamrani", cnie=None),
    replace(AMINE, given_ar="هشام", given_latin="Hicham", cnie="BK654321"),
    replace(AMINE, birth=PartialDate.parse("2008-01-02"), cnie=None, father="Amine El Amrani", mother="Zineb Tazi"),
    Comparable(PartialDate(1959), given_latin="Mbarek", family_latin="Aït Hammou"),
    Comparable(PartialDate(1980), given_ar="العمراني", family_ar="أمين"),
]


def outcome(one, other):
    return compare(Compared(one), Compared(other), rules()).outcome


@given(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
def test_it_is_of_no_matter_which_of_two_comes_first(one, other):
    assert compare(Compared(one), Compared(other), rules()) == compare(Compared(other), Compared(one), rules())


MIXED = st.builds(
    Comparable, **{each.name: st.sampled_from([getattr(one, each.name) for one in PEOPLE]) for each in fields(Comparable)}
)


@given(st.sampled_from(PEOPLE) | MIXED, st.sampled_from(PEOPLE) | MIXED)
def test_whoever_is_left_out_before_all_is_compared_is_clear(one, other):
    own = Comparable(other.birth, sex=other.sex, cnie=other.cnie, permit=other.permit)
    kept = may_be(one, own, rules()), may_be(one, other, rules()), own_weighs(Compared(one), Compared(other), rules())
    if not all(kept):
        assert outcome(one, other) is Outcome.CLEAR


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("El Amrani", "Elamrani", Agreement.EXACT),
        ("El Amrani", "Amrani", Agreement.ALIKE),
        ("العمراني", "Amrani", Agreement.ALIKE),
        ("Mohamed Amine", "Amine", Agreement.PART),
        ("Mohamed Amine", "Mohamed Reda", Agreement.DIFFERENT),
        ("Khadija", "Khadja", Agreement.CLOSE),
        ("Samir", "Samira", Agreement.DIFFERENT),
        ("Hicham", "Said", Agreement.DIFFERENT),
    ],
)
def test_how_names_compare(one, other, expected):
    assert names(Name.of(one), Name.of(other)) is expected
    assert names(Name.of(other), Name.of(one)) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1980-03-14", "1980-03-14", Agreement.EXACT),
        ("1980-03-04", "1980-04-03", Agreement.SWAPPED),
        ("1980-03-14", "1980-03-21", Agreement.ONE_PART),
        ("1980-03-14", "1980-05-14", Agreement.ONE_PART),
        ("1980-03-14", "1980-05-21", Agreement.YEAR),
        ("1980-03-14", "1980", Agreement.PARTIAL),
        ("1980-03-14", "1980-04", Agreement.YEAR),
        ("1980-03-14", "1981-03-14", Agreement.OTHER_YEAR),
        ("1980-03-14", "1982-03-14", Agreement.DIFFERENT),
        ("1980", "1981", Agreement.DIFFERENT),
    ],
)
def test_how_births_compare(one, other, expected):
    assert births(PartialDate.parse(one), PartialDate.parse(other)) is expected


def test_the_same_card_and_names_are_the_same_whatever_else_differs():
    moved = replace(AMINE, birth=PartialDate(1990), telephone=None, father=None, mother=None, given_latin="Amin", given_ar=None)
    assert outcome(AMINE, moved) is Outcome.SAME


def test_the_same_card_with_other_names_is_looked_at():
    other = Comparable(PartialDate(1950), given_latin="Khalid", family_latin="Tazi", cnie=AMINE.cnie)
    assert outcome(AMINE, other) is Outcome.REVIEW


def test_all_of_a_record_without_a_card_is_the_same():
    bare = replace(AMINE, cnie=None)
    assert outcome(bare, bare) is Outcome.SAME
    assert outcome(bare, replace(bare, given_latin="Amin", given_ar=None)) is Outcome.SAME
    assert outcome(bare, replace(bare, telephone="+212730000009")) is Outcome.REVIEW


def test_twins_are_clear_whatever_they_share():
    twin = replace(AMINE, given_ar="هشام", given_latin="Hicham", cnie=None)
    assert outcome(AMINE, twin) is Outcome.CLEAR
    assert outcome(AMINE, replace(twin, cnie="BK999999")) is Outcome.CLEAR


def test_a_twin_of_nearly_the_same_name_is_looked_at_and_no_more():
    twin = replace(AMINE, given_ar="أمينة", given_latin="Yamine", cnie=None)
    assert outcome(AMINE, twin) is not Outcome.SAME


def test_father_and_son_of_one_name_are_clear():
    son = replace(AMINE, birth=PartialDate.parse("2008-01-02"), cnie=None, father="Amine El Amrani", mother="Zineb Tazi")
    assert outcome(AMINE, son) is Outcome.CLEAR


def test_namesakes_of_one_year_with_other_parents_are_clear():
    other = replace(
        AMINE, birth=PartialDate.parse("1980-11-02"), cnie=None, telephone=None, father="Omar El Amrani", mother="Zineb Tazi"
    )
    assert outcome(AMINE, other) is Outcome.CLEAR


def test_a_finding_names_fields_and_no_value():
    finding = compare(Compared(AMINE), Compared(AMINE), rules())
    assert set(finding.document) == {field.value for field in Field}
    assert set(finding.document.values()) <= {agreement.value for agreement in Agreement}
    assert "Amine" not in repr(Compared(AMINE).record)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"review": -1}, ("review",)),
        ({"more": 1}, ("more",)),
        ({"wide": 1}, ("wide",)),
        ({"weights": {}}, ("weights", "given_name")),
    ],
)
def test_rules_that_are_not_understood_are_refused(change, path):
    document = {
        "version": 1,
        "weights": {field.value: {each.value: n for each, n in its.items()} for field, its in rules().weights.items()},
        "review": 1,
        "own": 1,
        "narrow": 64,
        "wide": 512,
        "candidates": 24,
        "undo_days": 1,
    }
    parse_rules(document)
    with pytest.raises(Invalid) as refusal:
        parse_rules(document | change)
    assert refusal.value.path == path


def test_the_rules_find_who_comes_again_and_spare_who_is_new(keys):
    """The bench in small: the same measure, on fewer people."""
    quality = measure(keys, labelled(8_000, again=800, new=1_500, seed=41), rules())
    assert quality.recall >= LEAST_RECALL
    assert quality.review_load <= MOST_LOAD
    assert quality.taken_for_same.total() == 0
    assert quality.new[TWIN] >= 15
    assert quality.new[SON] >= 10


# --- in the database


@pytest.fixture
async def register(database, keys, clean):
    return await Register(database, keys).set_up()


def again(**changes):
    person = new_person(father_name="Omar Bennani", mother_name="Zineb Tazi", **changes)
    return person, Comparable(
        person.birth_date,
        person.given_name_ar,
        person.given_name_latin,
        person.family_name_ar,
        person.family_name_latin,
        person.sex,
        person.cnie,
        None,
        person.telephone,
        person.father_name,
        person.mother_name,
        None,
        person.residence,
    )


async def candidates(register, record, *, person=NOBODY, by=None):
    return await register.transact(
        lambda connection: check(connection, register.keys, machine(), person, record, root_field="submitEnrolment", by=by)
    )


async def entries(register):
    return [row["subject_id"] for row in await register.database.ask("select subject_id from ledger_entry")]


async def test_only_who_may_be_the_same_is_entered(register):
    person, record = again()
    twin, _ = again(given_name_ar="ليلى", given_name_latin="Leila", telephone=person.telephone)
    known, other = await register.load(person, replace(twin, key=1))
    stranger = Comparable(PartialDate(1950), given_latin="Hammou", family_latin="Izem")
    (found,) = await candidates(register, replace(record, birth=PartialDate(1984)))
    assert (found.person_id, found.finding.outcome) == (known.person_id, Outcome.REVIEW)
    assert await candidates(register, stranger) == []
    assert await candidates(register, record, person=known.person_id) == []
    assert await entries(register) == [known.person_id]
    assert other.person_id not in await entries(register)


async def test_a_tombstone_leads_to_the_record_that_it_was_merged_into(register):
    person, record = again()
    known, survivor = await register.load(person, new_person(1, given_name_latin="Hajar", given_name_ar="هاجر"))
    await register.database.ask(
        """insert into person_alias (person_id, alias_id, survivor_id, status_before, moved, merged_at, merged_by, undo_until)
           values ($1, $1, $2, 'ACTIVE', '{}', $3::timestamptz, $1, $3::timestamptz + interval '1 day')""",
        known.person_id,
        survivor.person_id,
        NOW,
    )
    assert [each.person_id for each in await candidates(register, record)] == [survivor.person_id]


async def test_a_key_that_a_crowd_shares_counts_for_nothing_alone(register):
    by = replace(rules(), narrow=2, wide=4)
    crowd = [replace(again(given_name_latin=name)[0], key=n, given_name_ar=None) for n, name in enumerate(("Aa", "Bb", "Cc"))]
    telephone = "+212730099998"
    await register.load(*(replace(each, telephone=telephone, birth_date=PartialDate(1960 + each.key)) for each in crowd))
    alone = Comparable(PartialDate(2000), given_latin="Xavier", family_latin="Zola", telephone=telephone)
    assert await candidates(register, alone, by=by) == []
