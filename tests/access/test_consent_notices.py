"""Notices: understood to their last part, or refused with the path of the fault."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access.call import Purpose
from access.catalogue import CATALOGUE, Lang
from access.consent_notices import MAX_BODY, MAX_TITLE, MAX_WHY, NoticeText, parse_notice
from core.canonical import content_hash
from core.errors import Invalid
from tests.access.consenting import notice_document


def test_a_notice_is_read_whole_and_known_by_its_hash() -> None:
    document = notice_document()
    notice = parse_notice(document)
    assert (notice.agency, notice.purpose, notice.version) == ("FUND", Purpose.SERVICE_DELIVERY, 3)
    assert notice.texts.keys() == set(Lang)
    assert notice.texts[Lang.EN] == NoticeText("Your consent", "We ask for your data.", "To serve you.")
    assert notice.texts[Lang.AR].title == "طلب الموافقة"
    assert notice.attributes == set(document["attributes"])
    assert (notice.data_life_days, notice.longest) == (180, timedelta(days=365))
    assert notice.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert notice.hash == content_hash(document)
    assert notice.document == document


def texts(lang: str = "fr", **changes: Any) -> dict[str, Any]:
    languages = notice_document()["texts"]
    return {**languages, lang: {**languages[lang], **changes}}


def without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: part for key, part in document.items() if key != name}


@pytest.mark.parametrize("name", sorted(notice_document()))
def test_every_part_of_a_notice_is_needed(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_notice(without(notice_document(), name))
    assert refusal.value.path == (name,)


@pytest.mark.parametrize("lang", ["ar", "fr", "en"])
def test_all_three_languages_are_needed(lang: str) -> None:
    for document, path in (
        (notice_document(texts=without(notice_document()["texts"], lang)), ("texts", lang)),
        (notice_document(texts=texts(lang, title=" ")), ("texts", lang, "title")),
        (notice_document(texts=texts(lang, body="")), ("texts", lang, "body")),
        (notice_document(texts=texts(lang, why=None)), ("texts", lang, "why")),
        (notice_document(texts=texts(lang, more="x")), ("texts", lang, "more")),
    ):
        with pytest.raises(Invalid) as refusal:
            parse_notice(document)
        assert refusal.value.path == path


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"more": 1}, ("more",)),
        ({"agency": "A" * 33}, ("agency",)),
        ({"agency": "fund"}, ("agency",)),
        ({"purpose": "MARKETING"}, ("purpose",)),
        ({"version": 0}, ("version",)),
        ({"version": True}, ("version",)),
        ({"version": 1.5}, ("version",)),
        ({"version": 2**31}, ("version",)),
        ({"texts": {**texts(), "de": {"title": "T", "body": "B", "why": "W"}}}, ("texts", "de")),
        ({"texts": []}, ("texts",)),
        ({"attributes": []}, ("attributes",)),
        ({"attributes": ["person.shoe_size"]}, ("attributes", 0)),
        ({"attributes": ["person.sex", "person.sex"]}, ("attributes", 1)),
        ({"attributes": "person.sex"}, ("attributes",)),
        ({"attributes": {"person.sex": 1}}, ("attributes",)),
        ({"data_life_days": 0}, ("data_life_days",)),
        ({"data_life_days": 3661}, ("data_life_days",)),
        ({"longest_days": 0}, ("longest_days",)),
        ({"longest_days": 732}, ("longest_days",)),
        ({"valid_from": "2026-01-01T00:00:00"}, ("valid_from",)),
        ({"valid_from": "2026-01-32T00:00:00+00:00"}, ("valid_from",)),
        ({"valid_from": 0}, ("valid_from",)),
    ],
)
def test_a_notice_that_is_not_understood_is_refused_with_the_path(change: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_notice(notice_document(**change))
    assert refusal.value.path == path


@pytest.mark.parametrize(("part", "most"), [("title", MAX_TITLE), ("body", MAX_BODY), ("why", MAX_WHY)])
def test_texts_have_a_length_that_people_read(part: str, most: int) -> None:
    assert getattr(parse_notice(notice_document(texts=texts(**{part: "m" * most}))).texts[Lang.FR], part) == "m" * most
    with pytest.raises(Invalid) as refusal:
        parse_notice(notice_document(texts=texts(**{part: "m" * (most + 1)})))
    assert refusal.value.path == ("texts", "fr", part)


@pytest.mark.parametrize(
    "character", ["\0", "\r", "\t", "\x1b", "\x7f", "\x85", "\u202e", "\u202a", "\u2028", "\u2029", "\ud800"]
)
@pytest.mark.parametrize("part", ["title", "body", "why"])
def test_a_text_reads_as_it_is_written(part: str, character: str) -> None:
    """No control characters, and none that turn the order of the words around."""
    with pytest.raises(Invalid):
        parse_notice(notice_document(texts=texts(**{part: f"Vous{character}acceptez"})))


def test_a_body_has_lines_and_isolated_words_of_another_script() -> None:
    body = "السطر الأول\n\u2068RSU\u2069 السطر الثاني"
    assert parse_notice(notice_document(texts=texts("ar", body=body))).texts[Lang.AR].body == body


@pytest.mark.parametrize("part", ["title", "why"])
def test_a_title_and_a_reason_are_one_line(part: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_notice(notice_document(texts=texts(**{part: "Votre\naccord"})))
    assert refusal.value.path == ("texts", "fr", part)


def test_any_change_makes_another_notice() -> None:
    first = parse_notice(notice_document())
    for change in ({"version": 4}, {"longest_days": 364}, {"attributes": ["score.band"]}, {"texts": texts(why="Autre.")}):
        assert parse_notice(notice_document(**change)).hash != first.hash


def test_a_notice_may_name_every_attribute_there_is() -> None:
    assert parse_notice(notice_document(attributes=list(CATALOGUE))).attributes == CATALOGUE.keys()
