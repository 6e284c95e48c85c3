from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from identity.divisions import COLUMNS, MAX_DIVISIONS, Division, Level, built_in, parse_csv, region_of

HEADER = ",".join(COLUMNS)
GOOD = [
    HEADER,
    "06,region,,Casablanca-Settat,الدار البيضاء - سطات,",
    "06.141,province,06,Casablanca,الدار البيضاء,",
    "06.461,province,06,Settat,سطات,",
    "06.141.01.01,arrondissement,06.141,Premier,الأول,urban",
    "06.461.03.05,commune,06.461,Deuxième,الثانية,rural",
    "06.461.03.05.3,centre,06.461,Centre: Deuxième,الثانية,urban",
]


def refusal(lines: list[str]) -> Invalid:
    with pytest.raises(Invalid) as caught:
        list(parse_csv(lines))
    return caught.value


def test_twelve_regions_and_seventy_five_provinces_are_built_in():
    divisions = built_in()
    assert Counter(division.level for division in divisions) == {Level.REGION: 12, Level.PROVINCE: 75}
    assert [division.code for division in divisions[:12]] == [f"{region:02d}" for region in range(1, 13)]
    assert len({division.code for division in divisions}) == 87
    assert Counter(division.region for division in divisions if division.level is Level.PROVINCE) == {
        1: 8, 2: 8, 3: 9, 4: 7, 5: 5, 6: 9, 7: 8, 8: 5, 9: 6, 10: 4, 11: 4, 12: 2,
    }  # fmt: skip
    assert all(division.milieu is None for division in divisions)


def test_every_built_in_name_is_in_its_own_script():
    for division in built_in():
        assert all("\u0600" <= letter <= "\u06ff" for letter in division.name_ar if letter.isalpha())
        assert all(letter < "\u0250" for letter in division.name_fr if letter.isalpha())


def test_a_file_with_communes_is_read_in_its_order():
    divisions = list(parse_csv(GOOD))
    assert divisions[0] == Division("06", Level.REGION, None, "Casablanca-Settat", "الدار البيضاء - سطات")
    assert divisions[3] == Division("06.141.01.01", Level.ARRONDISSEMENT, "06.141", "Premier", "الأول", "URBAN")
    assert [division.milieu for division in divisions] == [None, None, None, "URBAN", "RURAL", "URBAN"]


def test_rows_are_given_as_they_are_read():
    first = next(parse_csv(iter([*GOOD[:2], "torn"])))
    assert first.code == "06"


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ("06.461.03.05,commune,06.999,Ailleurs,مكان,rural", (7, "parent")),
        ("06.461.03.05,commune,06,Ailleurs,مكان,rural", (7, "parent")),
        ("06.461.03.05,commune,06.141,Ailleurs,مكان,rural", (7, "parent")),
        ("06.461.03.05,commune,,Ailleurs,مكان,rural", (7, "parent")),
        ("07,region,06,Ailleurs,مكان,", (7, "parent")),
        ("06.141.01.01,commune,06.141,Encore,مكان,urban", (7, "code")),
        ("06.461.3.05,commune,06.461,Ailleurs,مكان,rural", (7, "code")),
        ("13,region,,Ailleurs,مكان,", (7, "code")),
        ("٠٧,region,,Ailleurs,مكان,", (7, "code")),
        ("06.461.03.05,hamlet,06.461,Ailleurs,مكان,rural", (7, "level")),
        ("06.461.03.05,Commune,06.461,Ailleurs,مكان,rural", (7, "level")),
        ("06.461.03.05,,06.461,Ailleurs,مكان,rural", (7, "level")),
        ("06.461.03.05,commune,06.461,,مكان,rural", (7, "name_fr")),
        ("06.461.03.05,commune,06.461,Ailleurs, مكان,rural", (7, "name_ar")),
        (f"06.461.03.05,commune,06.461,{'A' * 101},مكان,rural", (7, "name_fr")),
        ("06.461.03.05,commune,06.461,Ailleurs,مكان,", (7, "milieu")),
        ("06.461.03.05,commune,06.461,Ailleurs,مكان,URBAN", (7, "milieu")),
        ("06.181,province,06,Ailleurs,مكان,urban", (7, "milieu")),
        ("06.461.03.05,commune,06.461,Ailleurs,مكان", (7,)),
        ("06.461.03.05,commune,06.461,Ailleurs,مكان,rural,more", (7,)),
        ("", (7,)),
        ('06.461.03.05,commune,06.461,"Ailleurs', (7,)),
        ('06.461.03.05,commune,06.461,"Ail"leurs,مكان,rural', (7,)),
    ],
)
def test_a_bad_row_is_refused_where_it_is_bad(row, path):
    fault = refusal([*GOOD[:5], "08,region,,Drâa-Tafilalet,درعة - تافيلالت,", row])
    assert fault.path == path
    assert "Ailleurs" not in fault.message


@pytest.mark.parametrize("header", ["", "code,level,parent,name_fr,name_ar", HEADER.upper(), "\ufeff" + HEADER, GOOD[1]])
def test_a_wrong_header_is_refused(header):
    assert refusal([header, *GOOD[1:]]).path == (1,)


def test_an_empty_file_is_refused():
    assert refusal([]).path == (1,)


def test_a_child_before_its_parent_is_refused():
    assert refusal([HEADER, GOOD[2], GOOD[1]]).path == (2, "parent")


def test_a_file_without_end_is_refused():
    regions = [f"{region:02d},region,,R,ر," for region in range(1, 13)]
    provinces = [f"{r:02d}.{p:03d},province,{r:02d},P,ب," for r in range(1, 13) for p in range(1000)]
    communes = (f"01.000.{a:02d}.{b:02d},commune,01.000,C,ج,rural" for a in range(100) for b in range(100))
    assert refusal([HEADER, *regions, *provinces, *communes]).path == (MAX_DIVISIONS + 2,)


def test_the_region_is_read_off_any_code():
    assert [region_of(code) for code in ("06", "06.141", "12.066.01.01", "09.163.07.01.3")] == [6, 6, 12, 9]


@given(st.text(alphabet="0123456789.٠ x", max_size=15))
def test_a_region_is_one_to_twelve_or_the_code_is_refused(text):
    try:
        region = region_of(text)
    except Invalid:
        return
    assert 1 <= region <= 12
    assert text.startswith(f"{region:02d}")
    assert text.isascii()
    assert len(text) in (2, 6, 12, 14)
