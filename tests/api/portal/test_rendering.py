import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, TemplateNotFound, UndefinedError

from access.catalogue import Lang
from api.portal.rendering import PAGES, Rendering
from api.portal.statics import OURS, STATIC, VENDOR, VENDORED, Statics


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "said.html").write_text(
        "{{ _('Sijil') }}|{{ text }}|{{ ngettext('one', '%(num)d', 3) }}|{{ '2026-01-05' | day }}|{{ lang }} {{ dir }}"
    )
    (tmp_path / "greeted.html").write_text("{{ _('Hello %(name)s', name=text) }}")
    (tmp_path / "long.html").write_text("{{ text | breakable }}")
    (tmp_path / "said.graphql").write_text("query Page { me }")
    return tmp_path


@pytest.fixture
def rendering(folder: Path) -> Rendering:
    return Rendering(Statics(), [folder])


def test_a_template_speaks_the_readers_language(rendering: Rendering) -> None:
    context = {"text": "x"}
    assert rendering.render("said.html", Lang.AR, context) == "سجل|x|3|5 يناير 2026|ar rtl"
    assert rendering.render("said.html", Lang.FR, context) == "Sijil|x|3|5 janvier 2026|fr ltr"


@pytest.mark.parametrize("template", ["said.html", "greeted.html", "long.html"])
def test_whatever_is_shown_is_escaped(rendering: Rendering, template: str) -> None:
    html = rendering.render(template, Lang.EN, {"text": "<script>'\""})
    assert "<script" not in html.replace("<wbr>", "")
    assert "&lt;" in html


def test_a_long_number_may_be_broken_and_stays_what_it_is(rendering: Rendering) -> None:
    assert rendering.render("long.html", Lang.EN, {"text": "123456789"}) == "1234<wbr>5678<wbr>9"


def test_a_name_that_is_not_there_is_a_fault(rendering: Rendering) -> None:
    with pytest.raises(UndefinedError):
        rendering.render("said.html", Lang.EN, {})


def test_a_template_is_compiled_once_for_all_languages_and_again_once_it_is_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str | None] = []
    generate = Environment._generate

    def noted(self: Environment, source: Any, name: str | None, filename: str | None, **options: Any) -> str:
        compiled.append(name)
        return generate(self, source, name, filename, **options)

    monkeypatch.setattr(Environment, "_generate", noted)
    for text in ("{{ 12345 | number }} {{ '2026-01-05' | day }}", "{{ 0.5 | percent }} {{ '2026-01-05T09:00:00Z' | moment }}"):
        (folder / "figures.html").write_text(text)
        told = [Rendering(Statics(), [folder]).render("figures.html", lang, {}) for lang in (*Lang, *Lang)]
        assert told[:3] == told[3:]
        assert len({*told}) == 3
    assert compiled == ["figures.html"] * 2


def test_a_template_that_is_not_there_is_found_out_at_the_start(rendering: Rendering) -> None:
    rendering.compile("said.html")
    with pytest.raises(TemplateNotFound):
        rendering.compile("../said.html")
    with pytest.raises(TemplateNotFound):
        rendering.compile("unsaid.html")


def test_a_document_stands_beside_its_template(rendering: Rendering) -> None:
    assert rendering.document("said") == "query Page { me }"
    assert rendering.document("greeted") is None


def test_templates_hold_no_script_no_style_and_nothing_unescaped() -> None:
    templates = sorted(PAGES.rglob("*.html"))
    assert len(templates) >= 5
    for path in templates:
        text = path.read_text("utf-8")
        for forbidden in ("|safe", "| safe", " style=", "<style", " onclick=", " hx-on", "javascript:", "autoescape"):
            assert forbidden not in text, (path.name, forbidden)
        assert text.count("<script") == text.count("<script src="), path.name


def test_the_style_sheet_knows_neither_left_nor_right() -> None:
    assert re.findall(r"[\w-]*\b(?:left|right)\b[\w-]*", (STATIC / "sijil.css").read_text()) == []


def test_the_address_of_the_files_is_their_content(tmp_path: Path) -> None:
    one, other = Statics(), Statics(tmp_path)
    assert one.address("sijil.css") == Statics().address("sijil.css")
    (tmp_path / VENDORED[0]).write_text("a")
    changed = Statics(tmp_path)
    assert len({one.address("sijil.css"), other.address("sijil.css"), changed.address("sijil.css")}) == 3 - (
        not VENDOR.is_dir()
    )
    assert (changed.has(VENDORED[0]), other.has(VENDORED[0]), other.has(OURS[0])) == (True, False, True)
