"""Everything that pages say is said in Arabic and in French, once, with all the plurals of the language."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from jinja2.ext import babel_extract

from access.catalogue import Lang
from api.portal.languages import LOCALE, PLURALS, catalogues

API = Path(__file__).parents[3] / "api"
PAGES = API / "portal" / "pages"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^>]+>")
Key = tuple[Any, str | None]


def marked(root: Path = API, pages: Path = PAGES) -> dict[Key, str]:
    """Each text marked for translation in the templates and modules, with its context, and where it is."""
    found: dict[Key, str] = {}
    for path in sorted([*root.rglob("*.py"), *pages.rglob("*.html")]):
        method: Any = babel_extract if path.suffix == ".html" else "python"
        options = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do"} if path.suffix == ".html" else {}
        for line, text, _, context in extract_from_file(method, path, options=options):
            found.setdefault((text, context), f"{path.name}:{line}")
    return found


def faults(lang: Lang, folder: Path, texts: dict[Key, str]) -> Iterator[str]:
    """What is wrong with the catalogues of a language that is to say all those texts."""
    said: dict[Key, Message] = {}
    for path, catalogue in catalogues(lang, folder):
        yield from _form(path, catalogue, lang)
        for message in catalogue:
            if not message.id:
                continue
            key = (message.id, message.context)
            if key in said and said[key].string != message.string:
                yield f"{path.name}: said in two ways: {message.id}"
            said.setdefault(key, message)
            yield from _message(path, message, catalogue, texts)
    if lang is not Lang.EN:
        yield from (f"{place}: not said in {lang}: {key[0]}" for key, place in texts.items() if key not in said)


def _form(path: Path, catalogue: Catalog, lang: Lang) -> Iterator[str]:
    if catalogue.plural_forms.rstrip(";") != PLURALS[lang].rstrip(";"):
        yield f"{path.name}: Plural-Forms are to be {PLURALS[lang]}"


def _message(path: Path, message: Message, catalogue: Catalog, texts: dict[Key, str]) -> Iterator[str]:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    if message.fuzzy:
        yield f"{path.name}: not certain: {message.id}"
    if not all(strings):
        yield f"{path.name}: not translated: {message.id}"
    if isinstance(message.id, (tuple, list)) and len(strings) != catalogue.num_plurals:
        yield f"{path.name}: of another number of forms: {message.id}"
    if (message.id, message.context) not in texts:
        yield f"{path.name}: nobody says it: {message.id}"
    source = message.id if isinstance(message.id, str) else message.id[1]
    wanted = set(PLACEHOLDER.findall(source))
    for string in strings:
        # One, two and none may be said without the figure.
        missing = set(PLACEHOLDER.findall(string)) ^ wanted
        if missing - ({"%(num)d"} if not isinstance(message.id, str) else set()):
            yield f"{path.name}: other placeholders: {message.id}"


@pytest.mark.parametrize("lang", list(Lang))
def test_every_text_is_said_in_every_language(lang: Lang) -> None:
    texts = marked()
    assert len(texts) > 40
    assert list(faults(lang, LOCALE, texts)) == []


HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({}, "page.html:1: not said in FR: Yes"),
        ({"a": 'msgid "Yes"\nmsgstr ""\n'}, "a.po: not translated: Yes"),
        ({"a": '#, fuzzy\nmsgid "Yes"\nmsgstr "Oui"\n'}, "a.po: not certain: Yes"),
        ({"a": 'msgid "Yes"\nmsgstr "Oui"\n', "b": 'msgid "Yes"\nmsgstr "Si"\n'}, "b.po: said in two ways: Yes"),
        ({"a": 'msgid "Yes"\nmsgstr "Oui %(name)s"\n'}, "a.po: other placeholders: Yes"),
        ({"a": 'msgid "Yes"\nmsgstr "Oui"\n\nmsgid "No"\nmsgstr "Non"\n'}, "a.po: nobody says it: No"),
    ],
)
def test_a_text_that_is_not_said_would_be_noticed(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    (tmp_path / "page.html").write_text("{{ _('Yes') }}")
    (tmp_path / "fr").mkdir()
    for name, text in files.items():
        (tmp_path / "fr" / f"{name}.po").write_text(HEADER + text)
    assert list(faults(Lang.FR, tmp_path, marked(tmp_path, tmp_path))) == [fault]


def test_texts_in_modules_and_blocks_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('X = N_("In a module.")')
    (tmp_path / "b.html").write_text("{% trans n=3 %}One\n  thing{% pluralize %}{{ n }} things{% endtrans %}")
    assert list(marked(tmp_path, tmp_path)) == [("In a module.", None), (("One thing", "%(n)s things"), None)]
