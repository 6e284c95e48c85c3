"""An agreement or a mandate is understood completely, or refused with the path of the part that is not."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.agreements import Disclosed, FailureBudget, Level, Term, parse_agreement, parse_mandate
from access.call import Purpose
from access.catalogue import CATALOGUE, Use
from core.canonical import content_hash
from core.errors import Invalid
from tests.access.enrolled import agreement_document, mandate_document

Change = Callable[[dict[str, Any]], Any]
AGREEMENT = agreement_document("FUND", territory=["MA-05"])
MANDATE = mandate_document("FUND")


def setting(*path: str | int, to: Any) -> Change:
    """Puts a value in the place of another."""

    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = to

    return change


def without(*path: str | int) -> Change:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return change


def changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    copy = deepcopy(document)
    change(copy)
    return copy


def test_an_agreement_says_what_its_document_says() -> None:
    agreement = parse_agreement(AGREEMENT)
    assert agreement.hash == content_hash(AGREEMENT)
    assert agreement.version == 1
    assert agreement.purposes == {Purpose.IDENTITY_PROOFING, Purpose.ELIGIBILITY}
    assert agreement.attributes == {
        "person.given_name": Term(frozenset({Use.MATCH, Use.RELEASE}), Level.CLOSE, verdict=False),
        "person.birth_date": Term(frozenset({Use.MATCH}), Level.EXACT, verdict=True),
    }
    assert agreement.points_per_minute == 6000
    assert agreement.failures == FailureBudget(5, 200)
    assert agreement.tells_status is False
    assert agreement.territory == frozenset({"MA-05"})
    assert (agreement.valid_from, agreement.valid_to) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    everywhere = parse_agreement(AGREEMENT | {"territory": None, "tells_status": True})
    assert everywhere == replace(agreement, territory=None, tells_status=True, hash=everywhere.hash)


def test_a_mandate_says_what_its_document_says() -> None:
    mandate = parse_mandate(MANDATE)
    assert mandate.hash == content_hash(MANDATE)
    assert (mandate.purpose, mandate.article) == (Purpose.ELIGIBILITY, "Invented law 1, article 1")
    assert mandate.attributes == {"person.given_name", "person.birth_date"}
    assert mandate.disclosure is Disclosed.IMMEDIATE
    assert (mandate.valid_from, mandate.valid_to) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


WRONG_DATES: list[tuple[Change, tuple[str, ...]]] = [
    (setting("valid_from", to="2026-01-01T00:00:00"), ("valid_from",)),
    (setting("valid_to", to="2026-06-01T00:00:00"), ("valid_to",)),
    (setting("valid_to", to="2026-06-01"), ("valid_to",)),
    (setting("valid_from", to="soon"), ("valid_from",)),
    (setting("valid_from", to=1767225600), ("valid_from",)),
    (setting("valid_to", to=None), ("valid_to",)),
    (setting("valid_to", to="2026-01-01T00:00:00+00:00"), ("valid_to",)),
    (setting("valid_to", to="2026-01-01T00:30:00+01:00"), ("valid_to",)),
    (setting("valid_to", to="2025-01-01T00:00:00+00:00"), ("valid_to",)),
    (setting("valid_to", to="2031-01-06T00:00:00+00:00"), ("valid_to",)),
    (setting("valid_to", to="9999-12-31T23:59:59+00:00"), ("valid_to",)),
    (without("valid_from"), ("valid_from",)),
    (without("valid_to"), ("valid_to",)),
]

NAME, BIRTH = "person.given_name", "person.birth_date"
NUMBERS = (("version",), ("points_per_minute",), ("failures_per_hour", "subject"), ("failures_per_hour", "agency"))

WRONG_AGREEMENTS: list[tuple[Change, tuple[str | int, ...]]] = [
    *WRONG_DATES,
    *((setting(*path, to=value), path) for path in NUMBERS for value in (0, -1, 1.0, "1", True, None, 2**31, [1])),
    *((without(part), (part,)) for part in AGREEMENT),
    *((without("failures_per_hour", part), ("failures_per_hour", part)) for part in ("subject", "agency")),
    (setting("failures_per_hour", to=5), ("failures_per_hour",)),
    (setting("failures_per_hour", "day", to=5), ("failures_per_hour", "day")),
    (setting("note", to=""), ("note",)),
    (setting("agency", to=None), ("agency",)),
    (setting("agency", to=""), ("agency",)),
    (setting("agency", to="A" * 33), ("agency",)),
    (setting("purposes", to=[]), ("purposes",)),
    (setting("purposes", to="AUDIT"), ("purposes",)),
    (setting("purposes", to={"AUDIT": True}), ("purposes",)),
    (setting("purposes", to=None), ("purposes",)),
    (setting("purposes", 1, to="EVERYTHING"), ("purposes", 1)),
    (setting("purposes", 0, to="audit"), ("purposes", 0)),
    (setting("purposes", 0, to=None), ("purposes", 0)),
    (setting("purposes", 0, to=["AUDIT"]), ("purposes", 0)),
    (setting("attributes", to={}), ("attributes",)),
    (setting("attributes", to=[NAME]), ("attributes",)),
    (setting("attributes", to="*"), ("attributes",)),
    (setting("attributes", to=None), ("attributes",)),
    (setting("attributes", "*", to={"uses": ["MATCH"]}), ("attributes", "*")),
    (setting("attributes", "person.shoe_size", to={"uses": ["MATCH"]}), ("attributes", "person.shoe_size")),
    (setting("attributes", "person.given_name:ar", to={"uses": ["MATCH"]}), ("attributes", "person.given_name:ar")),
    (setting("attributes", NAME, to=None), ("attributes", NAME)),
    (setting("attributes", NAME, to=["MATCH"]), ("attributes", NAME)),
    (without("attributes", NAME, "uses"), ("attributes", NAME, "uses")),
    (setting("attributes", NAME, "use", to=[]), ("attributes", NAME, "use")),
    (setting("attributes", NAME, "uses", to=[]), ("attributes", NAME, "uses")),
    (setting("attributes", NAME, "uses", to="MATCH"), ("attributes", NAME, "uses")),
    (setting("attributes", NAME, "uses", to=3), ("attributes", NAME, "uses")),
    (setting("attributes", NAME, "uses", 1, to="ALL"), ("attributes", NAME, "uses", 1)),
    (setting("attributes", NAME, "uses", to=["PREDICATE"]), ("attributes", NAME, "uses")),
    (setting("attributes", NAME, "uses", to=["MATCH", "MASK"]), ("attributes", NAME, "uses")),
    (setting("attributes", NAME, "level", to="LOOSE"), ("attributes", NAME, "level")),
    (setting("attributes", NAME, "level", to=None), ("attributes", NAME, "level")),
    (setting("attributes", BIRTH, "verdict", to="true"), ("attributes", BIRTH, "verdict")),
    (setting("attributes", BIRTH, "verdict", to=1), ("attributes", BIRTH, "verdict")),
    (setting("tells_status", to="false"), ("tells_status",)),
    (setting("tells_status", to=1), ("tells_status",)),
    (setting("tells_status", to=None), ("tells_status",)),
    (setting("territory", to="MA-05"), ("territory",)),
    (setting("territory", to=[]), ("territory",)),
    (setting("territory", to=False), ("territory",)),
    (setting("territory", 0, to=5), ("territory", 0)),
    (setting("territory", 0, to=["MA-05"]), ("territory", 0)),
    (setting("territory", 0, to=""), ("territory", 0)),
]

WRONG_MANDATES: list[tuple[Change, tuple[str | int, ...]]] = [
    *WRONG_DATES,
    *((without(part), (part,)) for part in MANDATE),
    (setting("note", to=""), ("note",)),
    (setting("agency", to=7), ("agency",)),
    (setting("purpose", to="EVERYTHING"), ("purpose",)),
    (setting("purpose", to=["AUDIT"]), ("purpose",)),
    (setting("article", to=None), ("article",)),
    (setting("article", to=" "), ("article",)),
    (setting("attributes", to=[]), ("attributes",)),
    (setting("attributes", to=NAME), ("attributes",)),
    (setting("attributes", to={NAME: {}}), ("attributes",)),
    (setting("attributes", 1, to="person.shoe_size"), ("attributes", 1)),
    (setting("attributes", 1, to="*"), ("attributes", 1)),
    (setting("attributes", 0, to=[NAME]), ("attributes", 0)),
    (setting("article", to="Article 1\u202e"), ("article",)),
    (setting("article", to="Article\x001"), ("article",)),
    (setting("disclosure", to="DELAYED"), ("disclosure_days",)),
    (setting("disclosure_days", to=30), ("disclosure_days",)),
    (setting("disclosure_days", to=None), ("disclosure_days",)),
    (setting("disclosure", to="NEVER"), ("disclosure",)),
    (setting("disclosure", to=None), ("disclosure",)),
]


@pytest.mark.parametrize("days", [1, 3650])
def test_what_is_disclosed_later_says_how_many_days_later(days: int) -> None:
    mandate = parse_mandate(MANDATE | {"disclosure": "DELAYED", "disclosure_days": days})
    assert (mandate.disclosure, mandate.disclosure_days) == (Disclosed.DELAYED, days)
    for disclosure in ("IMMEDIATE", "SEALED"):
        assert parse_mandate(MANDATE | {"disclosure": disclosure}).disclosure_days is None


@pytest.mark.parametrize("days", [0, -1, 3651, True, "30", 30.5, None])
def test_a_delay_is_a_number_of_days(days: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_mandate(MANDATE | {"disclosure": "DELAYED", "disclosure_days": days})
    assert refusal.value.path == ("disclosure_days",)


@pytest.mark.parametrize("number", range(len(WRONG_AGREEMENTS)))
def test_a_faulty_agreement_is_refused_where_it_is_faulty(number: int) -> None:
    change, path = WRONG_AGREEMENTS[number]
    with pytest.raises(Invalid) as refusal:
        parse_agreement(changed(AGREEMENT, change))
    assert refusal.value.path == path


@pytest.mark.parametrize("number", range(len(WRONG_MANDATES)))
def test_a_faulty_mandate_is_refused_where_it_is_faulty(number: int) -> None:
    change, path = WRONG_MANDATES[number]
    with pytest.raises(Invalid) as refusal:
        parse_mandate(changed(MANDATE, change))
    assert refusal.value.path == path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda part: st.lists(part, max_size=2) | st.dictionaries(st.text(max_size=4), part, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from([*AGREEMENT, *MANDATE]), JSON)
def test_whatever_stands_in_a_place_is_understood_or_refused_with_its_path(part: str, value: Any) -> None:
    for parse, document in ((parse_agreement, AGREEMENT), (parse_mandate, MANDATE)):
        path: tuple[str | int, ...] = (part,)
        try:
            parse(document | {part: value})
        except Invalid as refusal:
            path = refusal.path
        assert path[0] in (part, "valid_to")


def test_an_authority_holds_for_five_years_at_most() -> None:
    longest = AGREEMENT | {"valid_to": "2031-01-05T00:00:00+00:00"}
    assert parse_agreement(longest).valid_to == datetime(2031, 1, 5, tzinfo=UTC)
    with pytest.raises(Invalid):
        parse_agreement(longest | {"valid_to": "2031-01-05T00:00:01+00:00"})


@given(st.randoms(use_true_random=False))
def test_the_hash_of_a_document_does_not_hang_on_the_order_of_its_keys(rng: random.Random) -> None:
    def shuffled(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: shuffled(part[key]) for key in rng.sample(list(part), len(part))}
        return part

    assert parse_agreement(shuffled(AGREEMENT)).hash == parse_agreement(AGREEMENT).hash
    assert parse_mandate(shuffled(MANDATE)).hash == parse_mandate(MANDATE).hash


def test_every_change_of_a_document_changes_its_hash() -> None:
    documents = [
        AGREEMENT,
        changed(AGREEMENT, setting("version", to=2)),
        changed(AGREEMENT, setting("purposes", to=AGREEMENT["purposes"][::-1])),
        changed(AGREEMENT, setting("attributes", NAME, "uses", to=["MATCH"])),
        changed(AGREEMENT, setting("points_per_minute", to=6001)),
        changed(AGREEMENT, setting("valid_to", to="2027-01-01T01:00:00+01:00")),
    ]
    assert len({parse_agreement(document).hash for document in documents}) == len(documents)


def test_an_attribute_is_granted_no_use_that_the_catalogue_does_not_know_for_it() -> None:
    for name, attribute in CATALOGUE.items():
        for use in Use:
            document = AGREEMENT | {"attributes": {name: {"uses": [use]}}}
            if use in attribute.uses:
                assert parse_agreement(document).attributes[name].uses == {use}
            else:
                with pytest.raises(Invalid):
                    parse_agreement(document)
