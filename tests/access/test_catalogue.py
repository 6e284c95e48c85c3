"""Every attribute stands once in the catalogue, labelled in three languages."""

import ast
import re
from pathlib import Path

import pytest

from access import catalogue
from access.catalogue import CATALOGUE, Attribute, Lang, Sensitivity, Use
from identity.store import PARTS
from registry.facts import FACT_KINDS


def test_no_row_hides_another() -> None:
    source = ast.parse(Path(str(catalogue.__file__)).read_text())
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_row"]
    assert len(calls) == len(CATALOGUE) > 50


@pytest.mark.parametrize("attribute", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_a_row_is_complete(attribute: Attribute) -> None:
    assert CATALOGUE[attribute.name] is attribute
    assert re.fullmatch(r"(person|household|member|score|eligibility)\.[a-z][a-z0-9_]*", attribute.name)
    assert attribute.labels.keys() == set(Lang)
    assert re.search(r"[\u0621-\u064a]", attribute.labels[Lang.AR])
    for lang in (Lang.FR, Lang.EN):
        assert re.search(r"[A-Za-z]", attribute.labels[lang])
        assert not re.search(r"[\u0600-\u06ff]", attribute.labels[lang])
    assert all(label == label.strip() for label in attribute.labels.values())
    assert attribute.uses
    assert attribute.sensitivity in Sensitivity


@pytest.mark.parametrize("lang", Lang)
def test_no_two_attributes_carry_the_same_label(lang: Lang) -> None:
    labels = [attribute.labels[lang] for attribute in CATALOGUE.values()]
    assert sorted(labels) == sorted(set(labels))


def test_what_identifies_can_be_matched_and_is_a_persons() -> None:
    identifying = {name for name, attribute in CATALOGUE.items() if attribute.identifying}
    assert identifying
    assert all(Use.MATCH in CATALOGUE[name].uses and name.startswith("person.") for name in identifying)


def test_only_what_identifies_or_reaches_a_person_links_an_old_file() -> None:
    linking = {name for name, attribute in CATALOGUE.items() if Use.LINK in attribute.uses}
    assert all(name.startswith("person.") and Use.MATCH in CATALOGUE[name].uses for name in linking)


def test_all_that_is_stored_of_people_and_households_is_in_the_catalogue() -> None:
    assert PARTS.keys() | FACT_KINDS.keys() <= CATALOGUE.keys()
