"""Dangerous changes in words: every kind of act has its words, every part is told, and nothing is left out."""

from typing import Any

import pytest

from access.approval import Acts
from access.catalogue import Lang
from access.differences import DifferenceKind, differences, shown
from access.rights import Scope
from api.app import acts
from api.portal import changes
from api.portal.languages import tongues
from api.portal.words import Names, names
from core.keys import KeyRing
from tests.access.enrolled import agreement_document, mandate_document

TONGUES = tongues()
ENGLISH = names(TONGUES[Lang.EN])


@pytest.fixture
def known(keys: KeyRing) -> Acts:
    return acts(keys, "https://sijil.test")


def told(before: dict[str, Any] | None, change: dict[str, Any]) -> list[dict[str, Any]]:
    """The differences as GraphQL tells them."""
    return [
        {
            "path": list(each.path),
            "was": None if each.kind is DifferenceKind.ADDED else shown(each.was),
            "becomes": None if each.kind is DifferenceKind.REMOVED else shown(each.becomes),
        }
        for each in differences(before, change)
    ]


def rows(
    kind: str, before: dict[str, Any] | None, change: dict[str, Any], known: Names = ENGLISH
) -> list[tuple[str, str, str]]:
    return changes.rows(kind, told(before, change), known)


def test_every_act_there_is_has_a_title(known: Acts) -> None:
    assert {act.kind for act in known.within(Scope)} == set(changes.TITLES)


@pytest.mark.parametrize("lang", list(Lang))
def test_every_part_of_every_document_is_named(lang: Lang) -> None:
    texts = {code: {"title": "a", "body": "b", "why": "c"} for code in ("ar", "fr", "en")}
    notice = {"agency": "A", "purpose": "AUDIT", "version": 1, "texts": texts, "attributes": ["person.sex"]}
    notice |= {"data_life_days": 1, "longest_days": 2, "valid_from": "2026-01-01T00:00:00+00:00"}
    key = {"agency": "A", "kid": "k", "alg": "EdDSA", "jwk": {"kty": "OKP", "x": "AA"}}
    key |= {"valid_from": "2026-01-01T00:00:00+00:00", "valid_to": "2027-01-01T00:00:00+00:00"}
    mandate = mandate_document("A", disclosure="DELAYED", disclosure_days=3)
    role = {"account": "x", "role": "PUBLISHER", "division": "04", "valid_to": None}
    documents = {"AGREEMENT_PUBLISHED": agreement_document("A"), "MANDATE_PUBLISHED": mandate, "NOTICE_PUBLISHED": notice}
    changed = {kind: {"document": document} for kind, document in documents.items()}
    changed |= {"AGENCY_KEY_ADDED": key, "ROLE_GRANTED": role}
    changed |= {"AGENCY_ENROLLED": {"code": "A", "names": {"ar": "a", "fr": "b", "en": "c"}}}
    for kind, change in changed.items():
        for label, was, becomes in rows(kind, None, change, names(TONGUES[lang])):
            assert (kind, label, "." in label or "_" in label) == (kind, label, False)
            assert (was, becomes != "") == ("", True)


def test_what_an_agreement_alters_is_said_attribute_by_attribute() -> None:
    before, after = agreement_document("A"), agreement_document("A", version=2, territory=["04"], tells_status=True)
    after["attributes"] = {"person.given_name": {"uses": ["MATCH"], "level": "EXACT"}, "person.sex": {"uses": ["RELEASE"]}}
    assert rows("AGREEMENT_PUBLISHED", {"document": before}, {"document": after}) == [
        ("Version", "1", "2"),
        ("Territory", "The whole country", "Rabat-Salé-Kénitra"),
        ("Is told the status of a record", "No", "Yes"),
        (
            "Given name",
            "also with one letter off and the value is told",
            "exactly, or with another spelling of the same sound",
        ),
        ("Date of birth", "a declared value is compared and the agency is told how this one compared", ""),
        ("Sex", "", "the value is told"),
    ]


def test_a_role_is_said_with_those_that_stay() -> None:
    before = {"roles": ["AUDITOR", "PUBLISHER 04 until 2027-01-01T00:00:00+01:00"]}
    change = {"account": "x", "role": "SUPERVISOR", "division": "04.421", "valid_to": None}
    assert changes.roles_before(told(before, change), ENGLISH) == [
        "Auditor, The whole country",
        "Publisher, Rabat-Salé-Kénitra, 31 December 2026",
    ]
    assert rows("ROLE_GRANTED", before, change) == [
        ("Role", "", "Supervisor"),
        ("Where", "", "Rabat"),
        ("Valid until", "", "Until it is taken back"),
    ]
    assert changes.roles_before(told({"roles": []}, change), ENGLISH) == []


def test_what_is_not_known_is_shown_by_its_own_name() -> None:
    assert rows("NEW_ACT", {"weights": {"a": 1}}, {"weights": {"a": 2, "b": "x"}, "flag": False}) == [
        ("flag", "", "false"),
        ("weights.a", "1", "2"),
        ("weights.b", "", "x"),
    ]
    assert changes.title("NEW_ACT", ENGLISH) == "NEW_ACT"
    document = {"document": {"attributes": {"person.new": {"uses": ["SELL"]}}, "purposes": ["FUN"], "territory": ["99.999"]}}
    assert rows("AGREEMENT_PUBLISHED", None, document) == [
        ("Purposes", "", "FUN"),
        ("Territory", "", "99.999"),
        ("person.new", "", "SELL"),
    ]
