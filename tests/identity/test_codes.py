import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.catalogue import Lang
from core.errors import Invalid
from identity.codes import MARITAL_STATUS, NATIONALITY, NORMAL_FORMS, SEX, MaritalStatus, Sex, code_of, normal_form


@pytest.mark.parametrize("text", ["M", "m", "Male", "MALE", "Masculin", "Homme", "homme ", "ذكر", "ذَكَر"])
def test_a_man_is_known_by_code_and_label(text):
    assert code_of(SEX, text) == Sex.M


@pytest.mark.parametrize("text", ["F", "f", "Female", "Féminin", "FEMININ", "Femme", "أنثى", "انثى", "أنثي"])
def test_a_woman_is_known_by_code_and_label(text):
    assert code_of(SEX, text) == Sex.F


@pytest.mark.parametrize("text", ["", " ", "X", "MF", "Mal", "Other", "1", "ذ"])
def test_what_is_no_label_has_no_code(text):
    assert code_of(SEX, text) is None


@pytest.mark.parametrize("table", [SEX, MARITAL_STATUS, NATIONALITY])
def test_every_code_has_a_label_in_each_language_that_leads_back_to_it(table):
    for code, labels in table.labels.items():
        assert set(labels) == set(Lang)
        assert {code_of(table, word) for word in (code, code.lower(), *labels.values())} == {code}


def test_marital_labels_are_known_in_both_genders():
    assert code_of(MARITAL_STATUS, "Mariée") == code_of(MARITAL_STATUS, "متزوجة") == MaritalStatus.MARRIED
    assert code_of(MARITAL_STATUS, "veuve") == code_of(MARITAL_STATUS, "أرملة") == MaritalStatus.WIDOWED


def test_any_three_capitals_are_taken_for_a_country():
    assert code_of(NATIONALITY, "MAR") == code_of(NATIONALITY, "Maroc") == code_of(NATIONALITY, "mar") == "MAR"
    assert code_of(NATIONALITY, "NOR") == "NOR"
    assert code_of(NATIONALITY, "nor") is None
    assert code_of(NATIONALITY, "NORW") is None


@pytest.mark.parametrize(
    ("attribute", "text", "form"),
    [
        ("person.cnie", " ab 12-34.56 ", "AB123456"),
        ("person.cnie", "a١٢٣", "A123"),
        ("person.residence_permit", "m 123456 a", "M123456A"),
        ("person.telephone", "0612345678", "+212612345678"),
        ("person.telephone", "06 12 34 56 78", "+212612345678"),
        ("person.telephone", "+212 (0)6-12.34.56.78", "+212612345678"),
        ("person.telephone", "00212612345678", "+212612345678"),
        ("person.telephone", "٠٦١٢٣٤٥٦٧٨", "+212612345678"),
        ("person.telephone", "+33 6 12 34 56 78", "+33612345678"),
        ("person.email", " A.Amrani+x@Example.ORG ", "a.amrani+x@example.org"),
    ],
)
def test_a_value_has_one_normal_form(attribute, text, form):
    assert normal_form(attribute, text) == form
    assert normal_form(attribute, form) == form


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("person.cnie", ""), ("person.cnie", "123456"), ("person.cnie", "ABC123"), ("person.cnie", "AB12345678"),
        ("person.cnie", "ß12"), ("person.cnie", "AB123456A"), ("person.cnie", "ÀB123"),
        ("person.residence_permit", "M12"), ("person.residence_permit", "M123456AB"),
        ("person.telephone", "612345678"), ("person.telephone", "061234567"), ("person.telephone", "06123456789"),
        ("person.telephone", "+212112345678"), ("person.telephone", "+2126123456789"), ("person.telephone", "+1"),
        ("person.telephone", "0112345678"), ("person.telephone", "06a2345678"), ("person.telephone", "+"),
        ("person.email", "a"), ("person.email", "a@b"), ("person.email", "a@b..org"), ("person.email", ".a@b.org"),
        ("person.email", "a@-b.org"), ("person.email", "a b@c.org"), ("person.email", "a@b@c.org"), ("person.email", "é@b.org"),
        ("person.email", f"{'a' * 65}@b.org"), ("person.email", f"a@{'b' * 64}.org"), ("person.email", f"a@{'b.' * 130}org"),
        ("person.email", "a@\u212aelvin.org"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_without_its_value(attribute, text):
    with pytest.raises(Invalid) as caught:
        normal_form(attribute, text)
    assert caught.value.path == ()
    assert len(text) < 3 or text not in caught.value.message


@given(st.sampled_from(sorted(NORMAL_FORMS)), st.one_of(st.text(max_size=300), st.from_regex(r"\A[\w@.+ -]{1,40}\Z")))
def test_a_normal_form_is_its_own_normal_form(attribute, text):
    try:
        form = normal_form(attribute, text)
    except Invalid:
        return
    assert normal_form(attribute, form) == form
