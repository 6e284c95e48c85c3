"""Forms and documents: what a form offers is the document that it came from, days are Morocco's, and what is wrong is named."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.agreements import parse_agreement, parse_mandate
from access.call import Purpose
from access.catalogue import CATALOGUE, LANGS
from access.consent_notices import parse_notice
from api.portal import drafts
from api.portal.forms import Form
from core.errors import Invalid

NOW = datetime(2026, 5, 10, 23, 30, tzinfo=UTC)  # the eleventh in Morocco
PURPOSES = [purpose.value for purpose in Purpose]
DAY = {"valid_from": "2026-05-11", "valid_to": "2027-05-10"}

_uses = {name: st.sets(st.sampled_from(sorted(CATALOGUE[name].uses)), min_size=1) for name in CATALOGUE}


@st.composite
def agreements(draw: st.DrawFn) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(sorted(CATALOGUE)), min_size=1, max_size=8)):
        term: dict[str, Any] = {"uses": sorted(draw(_uses[name]))}
        if "MATCH" in term["uses"]:
            term |= draw(st.sampled_from([{}, {"level": "CLOSE"}, {"verdict": True}, {"level": "CLOSE", "verdict": True}]))
        attributes[name] = term
    divisions = st.sets(st.sampled_from(["04", "12", "04.421", "06.141", "06.141.01.05"]), min_size=1)
    figures = st.integers(1, 2**31 - 1)
    return {
        "agency": "FUND",
        "version": draw(figures),
        "purposes": sorted(draw(st.sets(st.sampled_from(PURPOSES), min_size=1))),
        "attributes": attributes,
        "points_per_minute": draw(figures),
        "failures_per_hour": {"subject": draw(figures), "agency": draw(figures)},
        "tells_status": draw(st.booleans()),
        "territory": draw(st.none() | divisions.map(sorted)),
        "valid_from": "2026-05-10T23:00:00+00:00",
        "valid_to": draw(st.sampled_from(["2026-12-31T23:00:00+00:00", "2027-03-01T00:00:00+00:00"])),
    }


def typed(draft: Mapping[str, Any], **fields: Any) -> Form:
    """The form that a page makes of a draft, as it is sent."""
    pairs: list[tuple[str, str]] = []
    for name, value in {**draft, **fields}.items():
        if name == "attributes" and isinstance(value, Mapping):
            for attribute, term in value.items():
                pairs += [(f"uses-{attribute}", use) for use in term["uses"]]
                pairs += [(f"level-{attribute}", term.get("level", "EXACT"))]
                pairs += [(f"verdict-{attribute}", "on")] if term.get("verdict") else []
        elif name == "texts":
            pairs += [(f"{part}-{lang}", text) for lang, parts in value.items() for part, text in parts.items()]
        elif isinstance(value, list | tuple):
            pairs += [(name, str(each)) for each in value]
        else:
            pairs.append((name, str(value)))
    return Form(pairs)


@given(agreements())
def test_an_agreement_is_the_same_after_it_was_a_form(document: dict[str, Any]) -> None:
    draft = drafts.of_agreement(document, NOW)
    assert draft["valid_from"] == "2026-05-11"
    made = drafts.agreement(typed(draft, agency="FUND", version=document["version"]), PURPOSES)
    assert made == document
    parse_agreement(made)


def test_a_first_agreement_is_offered_with_limits_and_nothing_granted() -> None:
    draft = drafts.of_agreement(None, NOW)
    assert (draft["attributes"], draft["purposes"], draft["where"]) == ({}, (), "everywhere")
    assert (draft["valid_from"], draft["valid_to"]) == ("2026-05-11", "2027-05-10")
    granted = {"attributes": {"person.sex": {"uses": ["RELEASE"]}}, "purposes": ["AUDIT"]}
    assert parse_agreement(drafts.agreement(typed(draft | granted, agency="NEW", version=1), PURPOSES)).version == 1


def test_days_begin_and_end_as_they_do_in_morocco() -> None:
    form = Form({"valid_from": "2026-03-01", "valid_to": "2026-07-31"}.items())  # in Ramadan there, and after it
    assert drafts.begins(form).isoformat() == "2026-03-01T00:00:00+00:00"
    assert drafts.ends(form).isoformat() == "2026-07-31T23:00:00+00:00"
    assert drafts.ends(Form([("valid_to", "٢٠٢٦-٠٧-٣١")])).isoformat() == "2026-07-31T23:00:00+00:00"


@pytest.mark.parametrize("day", ["", "31/12/2026", "2026-02-30", "tomorrow", "9999-12-31"])
def test_what_is_no_last_day_is_refused(day: str) -> None:
    with pytest.raises(Invalid) as refused:
        drafts.ends(Form([("valid_to", day)]))
    assert refused.value.path == ("valid_to",)


@pytest.mark.parametrize(("figure", "whole"), [("6 000", 6000), ("٩٠٠٠", 9000), ("1.000", 1000), ("07", 7)])
def test_figures_are_taken_as_people_write_them(figure: str, whole: int) -> None:
    assert drafts.figure(Form([("n", figure)]), "n") == whole


@pytest.mark.parametrize("figure", ["", "0", "-1", "1e3", "many", "12345678901", "½"])
def test_what_is_no_figure_is_refused(figure: str) -> None:
    with pytest.raises(Invalid) as refused:
        drafts.figure(Form([("n", figure)]), "n")
    assert refused.value.path == ("n",)


SOUND: dict[str, Any] = {
    **drafts.of_agreement(None, NOW),
    "agency": "A",
    "version": 1,
    "purposes": ["AUDIT"],
    "attributes": {"person.sex": {"uses": ["RELEASE"]}},
}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"purposes": []}, "purposes"),
        ({"purposes": ["FUN"]}, "purposes"),
        ({"attributes": {}}, "attributes"),
        ({"points_per_minute": "x"}, "points_per_minute"),
        ({"failures_subject": ""}, "failures_subject"),
        ({"failures_agency": "0"}, "failures_agency"),
        ({"where": "within"}, "where"),
        ({"where": "within", "divisions": "04.421 Rabat"}, "divisions"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_to": ""}, "valid_to"),
    ],
)
def test_what_is_wrong_with_an_agreement_is_said_beside_its_field(fields: dict[str, Any], field: str) -> None:
    assert drafts.agreement(typed(SOUND), PURPOSES)["purposes"] == ["AUDIT"]
    with pytest.raises(Invalid) as refused:
        drafts.agreement(typed(SOUND, **fields), PURPOSES)
    assert refused.value.path == (field,)


def test_no_use_is_granted_that_the_catalogue_does_not_have() -> None:
    form = typed(SOUND, attributes={"person.sex": {"uses": ["RELEASE", "LINK", "SELL"]}, "person.new": {"uses": ["RELEASE"]}})
    assert drafts.agreement(form, PURPOSES)["attributes"] == {"person.sex": {"uses": ["RELEASE"]}}


def test_a_mandate_has_a_delay_only_where_it_is_shown_later() -> None:
    fields = {
        "agency": "A",
        "purpose": "AUDIT",
        "article": " Law 1 ",
        "attributes": ["person.sex"],
        "disclosure_days": "30",
        **DAY,
    }
    at_once = drafts.mandate(typed({}, **fields, disclosure="IMMEDIATE"), PURPOSES)
    later = drafts.mandate(typed({}, **fields, disclosure="DELAYED"), PURPOSES)
    assert ("disclosure_days" in at_once, later["disclosure_days"]) == (False, 30)
    assert (at_once["article"], later["attributes"]) == ("Law 1", ["person.sex"])
    parse_mandate(at_once)
    parse_mandate(later)
    for wrong, field in (({"purpose": ""}, "purpose"), ({"article": " "}, "article"), ({"attributes": ["x"]}, "attributes")):
        with pytest.raises(Invalid) as refused:
            drafts.mandate(typed({}, **{**fields, "disclosure": "IMMEDIATE", **wrong}), PURPOSES)
        assert refused.value.path == (field,)


def test_a_notice_is_the_same_after_it_was_a_form() -> None:
    texts = {lang: {"title": f"t {lang}", "body": "one\ntwo", "why": "w"} for lang in LANGS}
    document = {"agency": "FUND", "purpose": "AUDIT", "version": 3, "texts": texts, "attributes": ["person.sex"]}
    document |= {"data_life_days": 10, "longest_days": 20, "valid_from": "2026-05-10T23:00:00+00:00"}
    made = drafts.notice(typed(drafts.of_notice(document, NOW), agency="FUND", **{"next-AUDIT": 3}), PURPOSES)
    assert made == document
    parse_notice(made)
    first = drafts.notice(typed(drafts.of_notice(document, NOW), agency="A", purpose="PAYMENT", **{"next-AUDIT": 3}), PURPOSES)
    assert first["version"] == 1
    with pytest.raises(Invalid) as refused:
        drafts.notice(typed(drafts.of_notice(document, NOW), **{"agency": "A", "why-fr": " "}), PURPOSES)
    assert refused.value.path == ("why-fr",)
