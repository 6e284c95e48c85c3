"""Questions that a form asks, since what they are about may stand in no address; and parts of a page in another language."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from access.catalogue import Lang
from api.portal.framework import Action, Audience, Page, PageRequest, Portal, Show
from api.portal.rendering import Rendering
from api.portal.statics import Statics
from core.keys import KeyRing
from tests.api.portal.test_framework import hidden
from tests.portal.sample import ISSUER, NOW, Register

TEMPLATES = {
    "find.html": """{% extends "layout.html" %}{% import "parts.html" as parts with context %}
{% block title %}Find{% endblock %}{% block main %}<h1>Find</h1>
{% call parts.form("find") %}{{ parts.field("who", "Who") }}{{ parts.submit("Find") }}{% endcall %}{% endblock %}""",
    "found.html": """{% extends "layout.html" %}{% block title %}Found{% endblock %}{% block main %}<h1>{{ word }}</h1>
<p>{{ values["who"] }}: {{ data.person.name }}, {{ "withheld" if "person.telephone" in withheld else "told" }}</p>
{% endblock %}""",
    "find.graphql": "query Find($who: String!) { person(who: $who) { name telephone } }",
    "spoken.html": """{% import "parts.html" as parts with context %}<p>{{ _("Change") }}: {{ its }}</p>""",
}


class Directory(Register):
    """Knows who "anna" is, and answers as the schema does."""

    answer: Mapping[str, Any]

    async def ask(self, request: Any, actor: object, document_text: str, operation_name: str, variables: Any) -> Any:
        self.asked.append(f"{operation_name} {variables['who']}")
        return self.answer


def refusal(code: str, message: str, path: list[str] | None = None) -> dict[str, Any]:
    return {"data": None, "errors": [{"message": message, "extensions": {"code": code, "path": path or []}}]}


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def fields(asked: PageRequest) -> Mapping[str, str]:
    """Where what is wrong stands depends on what was typed, as with claims in a list."""
    return {f"subject.{asked.form['who']}": "who"}


@pytest.fixture
async def client(directory: Directory, folder: Path, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    find = Action(
        lambda asked, _: Show("found", {"word": "Here"}), "Find", lambda asked: {"who": asked.form["who"]}, fields=fields
    )
    page = Page("/find", "find", Audience.ANYONE, actions={"find": find})
    portal = Portal((page,), directory, directory, keys=keys, issuer=ISSUER, clock=lambda: NOW, folders=(folder,))
    transport = httpx.ASGITransport(Starlette(routes=portal.routes()))
    headers = {"origin": ISSUER, "accept": "text/html", "accept-language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER, headers=headers) as opened:
        yield opened


async def find(client: httpx.AsyncClient, who: str) -> httpx.Response:
    page = await client.get("/find")
    return await client.post("/find", data={**hidden(page), "who": who})


async def test_an_answer_is_shown_once_with_what_is_withheld(client: httpx.AsyncClient, directory: Directory) -> None:
    withheld = {"message": "not granted", "path": ["person", "telephone"], "extensions": {"code": "WITHHELD"}}
    directory.answer = {"data": {"person": {"name": "Anna", "telephone": None}}, "errors": [withheld]}
    answer = await find(client, "anna")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "<h1>Here</h1>" in answer.text
    assert "<p>anna: Anna, withheld</p>" in answer.text
    assert directory.asked == ["Find anna"]


async def test_what_is_wrong_with_a_question_is_said_beside_the_field(client: httpx.AsyncClient, directory: Directory) -> None:
    directory.answer = refusal("INVALID", "nobody is called that", ["subject", "x"])
    answer = await find(client, "x")
    assert answer.status_code == 422
    assert '<a href="#who">nobody is called that</a>' in answer.text
    assert 'name="who" type="text" value="x"' in answer.text


@pytest.mark.parametrize(("code", "path", "status"), [
    ("INVALID", [], 400),  # a document or variables that no form of ours sends
    ("FORBIDDEN", ["subject", "x"], 403),
    ("RATE_LIMITED", [], 429),
])  # fmt: skip
async def test_what_nobody_can_mend_in_the_form_is_an_error_page(
    client: httpx.AsyncClient, directory: Directory, code: str, path: list[str], status: int
) -> None:
    directory.answer = refusal(code, "the message", path)
    answer = await find(client, "x")
    assert answer.status_code == status
    assert "the message" not in answer.text


async def test_what_is_wrong_with_the_machinery_of_a_form_is_of_no_field(
    client: httpx.AsyncClient, directory: Directory
) -> None:
    directory.answer = refusal("INVALID", "this key stood for another request", ["input", "requestKey"])
    answer = await find(client, "x")
    assert answer.status_code == 422
    assert "<li>" in answer.text
    assert "#requestKey" not in answer.text


def test_a_part_of_a_page_is_rendered_in_another_language_and_escaped_there(folder: Path) -> None:
    rendering = Rendering(Statics(), (folder,))
    (folder / "whole.html").write_text('{{ _("Change") }} {{ in_language("ar", "spoken.html", its="<b>") }}')
    assert rendering.render("whole.html", Lang.FR, {}) == "Modifier <p>تعديل: &lt;b&gt;</p>"
