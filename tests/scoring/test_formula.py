"""The formula that the project carries holds the published figures, and a faulty formula is refused where it is faulty."""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from access.catalogue import CATALOGUE, Lang
from core.errors import Invalid
from registry.facts import FACT_KINDS, Milieu
from scoring.formula import Formula, Term, packaged, packaged_document
from tests.scoring.second_evaluator import MEANINGS

URBAN = """
single_or_childless_couple 0.103 | multi_nucleus 0.035 | max2_per_room 0.0475 | has_bath 0.096 | own_elec_meter 0.0466
head_higher_edu 0.0806 | head_senior_exec 0.0782 | head_middle_exec 0.11 | head_employer 0.182 | head_retired_rentier 0.0605
has_computer 0.138 | has_satellite 0.0873 | has_landline 0.0532 | non_ramed_health_cover 0.151 | has_loan 0.135
second_home 0.173 | garage 0.117 | professional_premises 0.111 | size -0.177 | size_sq 0.00533 | head_age -0.0104
head_age_sq 0.0000771 | n_6_14_private 0.105 | n_6_14_public -0.0319 | share15_no_diploma -0.0557
share15_technical_diploma 0.12 | share15_gainful_activity 0.139 | share15_machine_operator 0.307 | share_senior_exec 0.18
n_mobiles 0.0516 | n_cars 0.226 | n_motorcycles 0.0598 | butane_year_pc 0.000422 | water_elec_year_pc 0.00011
phone_internet_year_pc 0.000302
"""
RURAL = """
single_or_childless_couple 0.13 | good_dwelling_type 0.127 | max2_per_room 0.129 | max3_per_room 0.108 | head_basic_edu 0.0569
head_senior_exec 0.154 | head_machine_operator 0.196 | head_craftsman 0.125 | head_farmer 0.0722 | head_employer 0.19
owns_car null | owns_motorcycle 0.0635 | non_ramed_health_cover 0.193 | second_home 0.334 | non_agri_land 0.233
irrigated_land 0.126 | size -0.138 | size_sq 0.00469 | n_19_29 0.0523 | n_30_59 0.0337 | n_60_plus 0.0781
share15_literate 0.128 | share15_higher_diploma 0.344 | share15_trade 0.301 | n_cows 0.0257 | butane_year_pc 0.000755
water_elec_year_pc 0.000145 | phone_internet_year_pc 0.00086
"""
URBAN_REGIONS = (10_700, 19_600, 12_300, 5_550, 0, 22_000, 19_400, 0, 0, 28_500, 28_500, 28_500)
RURAL_REGIONS = (42_000, 23_000, 29_600, 30_200, 35_100, 46_400, 37_700, 0, 22_100, 31_800, 31_800, 31_800)


def listed(table: str) -> list[Term]:
    pairs = [pair.split() for pair in table.strip().replace("\n", " | ").split(" | ")]
    return [Term(name, None if weight == "null" else round(float(weight) * 10**8)) for name, weight in pairs]


@pytest.mark.parametrize(
    ("milieu", "table", "terms", "constant", "regions"),
    [
        (Milieu.URBAN, URBAN, 35, 982_500_000, URBAN_REGIONS),
        (Milieu.RURAL, RURAL, 28, 869_500_000, RURAL_REGIONS),
    ],
)
def test_the_packaged_formula_holds_every_published_figure(
    milieu: Milieu, table: str, terms: int, constant: int, regions: tuple[int, ...]
) -> None:
    formula = packaged("ise-2022").milieux[milieu]
    assert len(formula.terms) == terms
    assert list(formula.terms) == listed(table)
    assert formula.constant_e8 == constant
    assert formula.regions_e8 == {region: weight * 1000 for region, weight in enumerate(regions, start=1)}


def test_the_only_weight_that_nobody_knows_is_the_rural_car() -> None:
    formula = packaged("ise-2022")
    unknown = [(m, term.variable) for m in Milieu for term in formula.terms(m) if term.weight_e8 is None]
    assert unknown == [(Milieu.RURAL, "owns_car")]


def test_figures_that_no_source_gives_are_not_set() -> None:
    assert packaged("ise-2022").valid_from is None


def test_every_variable_has_words_in_three_languages_and_a_family() -> None:
    formula = packaged("ise-2022")
    for name in (*formula.variables, "constant", "region"):
        assert set(formula.labels(name)) == set(Lang)
        assert formula.family(name) in formula.families
    for lang in Lang:
        words = [variable.labels[lang] for variable in formula.variables.values()]
        assert len(set(words)) == len(words)
    assert set(formula.variables) == set(MEANINGS)


def test_every_fact_has_a_row_in_the_catalogue() -> None:
    assert FACT_KINDS.keys() <= CATALOGUE.keys()


def test_a_formula_is_known_by_the_hash_of_its_content() -> None:
    document = packaged_document("ise-2022")
    assert Formula.parse(document) == packaged("ise-2022")
    assert hash(Formula.parse(document)) == hash(packaged("ise-2022"))
    changed: Any = copy.deepcopy(document)
    changed["milieux"]["URBAN"]["terms"][0]["weight"] = "0.104"
    assert Formula.parse(changed) != packaged("ise-2022")
    assert len(Formula.parse(changed).hash) == 32


def test_an_unknown_code_of_formula_is_refused() -> None:
    with pytest.raises(Invalid):
        packaged_document("../documents/ise-2022")


def test_a_price_holds_from_its_day_on() -> None:
    document: Any = copy.deepcopy(packaged_document("ise-2022"))
    document["prices"]["butane_large"] += [
        {"from": "2024-05-20", "centimes": 5000},
        {"from": "2025-01-01", "centimes": 6000},
    ]
    formula = Formula.parse(document)
    days = (date.min, date(2024, 5, 19), date(2024, 5, 20), date(2024, 12, 31), date(2025, 1, 1), date.max)
    assert [formula.price("butane_large", day) for day in days] == [4000, 4000, 5000, 5000, 6000, 6000]
    assert formula.price("butane_small", date.max) == 2000


Path = tuple[str | int, ...]
BATH: Path = ("variables", "has_bath", "definition")
PUPILS: Path = ("variables", "n_6_14_public", "definition")
TERMS: Path = ("milieux", "URBAN", "terms")


def put(*path: str | int, value: object) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = value

    return change


def definition(value: object, *fault: str | int) -> tuple[Callable[[Any], None], Path]:
    return put(*BATH, value=value), (*BATH, *fault)


def without(*path: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return change


AGED = {"age": {"from": 15}}
FAULTS: dict[str, tuple[Callable[[Any], None], Path]] = {
    "an unknown fact": definition({"fact": "household.pool"}, "fact"),
    "a fact of a member where one of the household is meant": definition({"fact": "member.literate"}, "fact"),
    "a code as a number": definition({"fact": "household.dwelling"}, "fact"),
    "money as a number": definition({"fact": "household.telephone"}, "fact"),
    "an unknown form": definition({"log": "size"}, "log"),
    "an unknown atom": definition("sise"),
    "two forms": definition({"fact": "household.bath", "square": "size"}),
    "no form": definition({}),
    "a number for a form": definition(1),
    "null for a form": definition(None),
    "a list for a form": definition(["size"]),
    "a square of a square": definition({"square": {"square": "size"}}, "square"),
    "an unknown code": definition({"flag": {"fact": "household.dwelling", "in": ["CASTLE"]}}, "flag", "in", 0),
    "a number for a code": definition({"flag": {"fact": "household.dwelling", "in": [1]}}, "flag", "in", 0),
    "a flag that is neither 0 nor 1": definition({"flag": {"fact": "household.bath", "in": [0, 2]}}, "flag", "in", 1),
    "true for a flag": definition({"flag": {"fact": "household.bath", "in": [True]}}, "flag", "in", 0),
    "a code twice": definition({"flag": {"fact": "household.bath", "in": [1, 1]}}, "flag", "in", 1),
    "an empty list of codes": definition({"flag": {"fact": "household.bath", "in": []}}, "flag", "in"),
    "a condition without codes": definition({"flag": {"fact": "household.bath"}}, "flag", "in"),
    "an unknown key": definition({"flag": {"fact": "household.bath", "in": [1], "or": []}}, "flag", "or"),
    "a count without a bound": definition({"flag": {"fact": "household.cars"}}, "flag"),
    "a bound that no count reaches": definition({"flag": {"fact": "household.cars", "from": 51}}, "flag", "from"),
    "bounds the wrong way round": definition({"flag": {"fact": "household.cars", "from": 3, "to": 2}}, "flag"),
    "an age of a household": definition({"flag": AGED}, "flag"),
    "members on no condition": definition({"count": []}, "count"),
    "conditions that are no list": definition({"any": AGED}, "any"),
    "an empty condition": definition({"share": [{}]}, "share", 0),
    "an age without a bound": definition({"head": [{"age": {}}]}, "head", 0, "age"),
    "an age beyond any": definition({"head": [{"age": {"to": 131}}]}, "head", 0, "age", "to"),
    "an age as a fraction": definition({"head": [{"age": {"to": 1.5}}]}, "head", 0, "age", "to"),
    "an age and a fact in one condition": definition({"count": [AGED | {"fact": "member.literate"}]}, "count", 0, "fact"),
    "two conditions on one thing": definition({"count": [AGED, {"age": {"to": 20}}]}, "count", 1),
    "an unknown kinship": definition({"only": {"kinship": ["COUSIN"], "up_to": 1}}, "only", "kinship", 0),
    "a kinship twice": definition({"only": {"kinship": ["HEAD", "HEAD"], "up_to": 1}}, "only", "kinship"),
    "nobody at all": definition({"only": {"kinship": ["HEAD"], "up_to": 0}}, "only", "up_to"),
    "a divisor that may be zero": definition({"persons_per": {"fact": "household.cars", "up_to": 2}}, "persons_per", "fact"),
    "no bound of crowding": definition({"persons_per": {"fact": "household.rooms"}}, "persons_per"),
    "no crowding between the bounds": definition(
        {"persons_per": {"fact": "household.rooms", "above": 2, "up_to": 2}}, "persons_per"
    ),
    "an unknown price": definition(
        {"per_head_year": [{"price": "coal", "times": "household.cows"}]}, "per_head_year", 0, "price"
    ),
    "a price times money": definition(
        {"per_head_year": [{"price": "butane_small", "times": "household.telephone"}]}, "per_head_year", 0, "times"
    ),
    "a mean of what is no money": definition({"per_head_year": [{"mean": ["household.cows"]}]}, "per_head_year", 0, "mean", 0),
    "a bill twice": definition({"per_head_year": [{"mean": ["household.telephone"] * 2}]}, "per_head_year", 0, "mean"),
    "an unknown amount": definition({"per_head_year": [{"sum": []}]}, "per_head_year", 0),
    "no amount": definition({"per_head_year": []}, "per_head_year"),
    "a fact of the household in a condition on members": (
        put(*PUPILS, "count", 1, "fact", value="household.bath"),
        (*PUPILS, "count", 1, "fact"),
    ),
    "a term of an undefined variable": (put(*TERMS, 3, "variable", value="has_bat"), (*TERMS, 3, "variable")),
    "a second term of a variable": (put(*TERMS, 1, "variable", value="size"), (*TERMS, 18, "variable")),
    "a weight as a binary fraction": (put(*TERMS, 0, "weight", value=0.103), (*TERMS, 0, "weight")),
    "a weight as a whole number": (put(*TERMS, 0, "weight", value=1), (*TERMS, 0, "weight")),
    "a weight that is no number": (put(*TERMS, 0, "weight", value="NaN"), (*TERMS, 0, "weight")),
    "a weight in scientific notation": (put(*TERMS, 0, "weight", value="1e-3"), (*TERMS, 0, "weight")),
    "a weight of nine decimals": (put(*TERMS, 0, "weight", value="0.123456789"), (*TERMS, 0, "weight")),
    "a weight in Arabic digits": (put(*TERMS, 0, "weight", value="٠.١"), (*TERMS, 0, "weight")),
    "a term without a weight": (without(*TERMS, 0, "weight"), (*TERMS, 0, "weight")),
    "a weight beyond 64 bits": (put(*TERMS, 33, "weight", value="0.009"), (*TERMS, 33)),
    "a sum beyond 64 bits": (put("milieux", "URBAN", "constant", value="922337203"), (*TERMS, 0)),
    "a region without a constant": (without("milieux", "RURAL", "regions", "8"), ("milieux", "RURAL", "regions", "8")),
    "a thirteenth region": (
        put("milieux", "RURAL", "regions", "13", value="0"),
        ("milieux", "RURAL", "regions", "13"),
    ),
    "no milieu": (without("milieux", "RURAL"), ("milieux", "RURAL")),
    "a third milieu": (put("milieux", "SEA", value={}), ("milieux", "SEA")),
    "no terms": (put(*TERMS, value=[]), TERMS),
    "a variable of a reserved name": (put("variables", "region", value={}), ("variables", "region")),
    "a variable without Arabic": (
        without("variables", "size", "labels", "ar"),
        ("variables", "size", "labels", "ar"),
    ),
    "a blank label": (put("variables", "size", "labels", "fr", value=" "), ("variables", "size", "labels", "fr")),
    "an unknown family": (put("variables", "size", "family", value="luck"), ("variables", "size", "family")),
    "a variable that no term uses": (without(*TERMS, 1), ("variables", "multi_nucleus")),
    "a family that no variable uses": (
        put("families", "luck", value={"ar": "حظ", "fr": "Chance", "en": "Luck"}),
        ("families", "luck"),
    ),
    "a price that nothing uses": (
        put("prices", "coal", value=[{"from": None, "centimes": 1}]),
        ("prices", "coal"),
    ),
    "a price with a beginning": (
        put("prices", "butane_large", 0, "from", value="2022-01-01"),
        ("prices", "butane_large", 0, "from"),
    ),
    "prices out of order": (
        put(
            "prices",
            "butane_large",
            value=[{"from": day, "centimes": 4000} for day in (None, "2024-01-01", "2024-01-01")],
        ),
        ("prices", "butane_large", 2, "from"),
    ),
    "a negative price": (
        put("prices", "butane_large", 0, "centimes", value=-1),
        ("prices", "butane_large", 0, "centimes"),
    ),
    "a day that is none": (put("valid_from", value="2022-02-30"), ("valid_from",)),
    "a version that is true": (put("version", value=True), ("version",)),
    "an unknown field": (put("comment", value="x"), ("comment",)),
    "a missing field": (without("unit"), ("unit",)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_formula_is_refused_at_its_fault(fault: str) -> None:
    change, path = FAULTS[fault]
    document = copy.deepcopy(packaged_document("ise-2022"))
    change(document)
    with pytest.raises(Invalid) as refusal:
        Formula.parse(document)
    assert refusal.value.path == path


@pytest.mark.parametrize("document", [None, [], "ise-2022", {}])
def test_what_is_no_formula_is_refused(document: object) -> None:
    with pytest.raises(Invalid):
        Formula.parse(document)
