import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import parse

from access.call import Call, system
from access.instance import create_instance
from access.rights import Scope
from access.stand_in import parts, stand_in
from api import cost, schema
from api.app import build
from api.explorer import OURS, STATIC, VENDORED, Question
from core.config import Settings
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.errors import Forbidden, Unauthenticated
from core.ids import uuid7
from core.keys import KeyRing, create
from tests.access.enrolled import NOW, Enrol

ISSUER = "http://localhost:8000"
QUESTIONS = sorted((STATIC / "questions").glob("*.graphql"))
PERSONA = {
    "name": "match",
    "expect": "Every claim matches.",
    "idcs": "2013023805",
    "household_code": None,
    "attributes": {
        "person.given_name": "Karim",
        "person.family_name": "Bennani",
        "person.birth_date": "1984-03-09",
        "person.cnie": "ZZ1",
    },
}
Open = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(scope="module")
def demo_keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return create(tmp_path_factory.mktemp("keys") / "keys.json", mark="demo", at=NOW)


@pytest.fixture
def vendored(tmp_path: Path) -> Path:
    folder = tmp_path / "vendor"
    folder.mkdir()
    for name in VENDORED:
        (folder / name).write_text(f"/* {name} */")
    return folder


@pytest.fixture
def opened(
    postgres: EmbeddedPostgres, database: Database, clean: None, demo_keys: KeyRing, vendored: Path, tmp_path: Path
) -> Open:
    """A running instance, a demonstration's unless other keys are given, and a browser before it."""

    @asynccontextmanager
    async def run(keys: KeyRing = demo_keys, base: str = ISSUER) -> AsyncIterator[httpx.AsyncClient]:
        call = Call(system("test", Scope.REGISTER_LOAD), NOW, uuid7(NOW))
        async with database.begin() as connection:
            await create_instance(connection, call, keys, mark=keys.mark, issuer=ISSUER)
        settings = Settings.read(home=tmp_path, connections=2)
        app = build(settings, keys, database_url=postgres.url, issuer=ISSUER, clock=lambda: NOW, vendored=vendored)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as client,
        ):
            yield client

    return run


async def ask(client: httpx.AsyncClient, agency: str, **headers: str) -> Any:
    answer = await client.post(
        "/explorer/graphql", json={"query": "{ me { code } }"}, headers={"x-demo-agency": agency} | headers
    )
    told = answer.json()
    assert told.pop("extensions").keys() == {"requestId"}
    return told


def refused(told: Any) -> str:
    assert "data" not in told
    (error,) = told["errors"]
    return str(error["extensions"]["code"])


async def test_the_page_runs_only_what_is_served_beside_it(opened: Open) -> None:
    async with opened() as client:
        page = await client.get("/explorer")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page.text, re.DOTALL)
    assert len(scripts) == 4
    assert all('src="/explorer/static/' in attributes and not text for attributes, text in scripts)
    assert not re.search(r"\son\w+=|<style|javascript:|\$", page.text)


async def test_every_file_of_the_page_is_served_for_good_with_its_type(opened: Open) -> None:
    async with opened() as client:
        links = re.findall(r'(?:src|href)="(/[^"]+)"', (await client.get("/explorer")).text)
        assert {link.rpartition("/")[2] for link in links} == {*OURS, *VENDORED}
        for link in links:
            file = await client.get(link)
            assert file.status_code == 200
            kind = "text/css" if link.endswith(".css") else "text/javascript"
            assert file.headers["content-type"] == f"{kind}; charset=utf-8"
            assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert file.headers["x-content-type-options"] == "nosniff"


async def test_no_other_file_and_no_other_version_is_served(opened: Open) -> None:
    async with opened() as client:
        version = re.findall(r"/explorer/static/(\w+)/explorer\.js", (await client.get("/explorer")).text)[0]
        for path in ("other/explorer.js", f"{version}/explorer.html", f"{version}/..%2F..%2Fapp.py", f"{version}/"):
            assert (await client.get(f"/explorer/static/{path}")).status_code == 404


@pytest.mark.parametrize("file", [path for path in STATIC.iterdir() if path.is_file()], ids=lambda path: path.name)
def test_our_own_files_name_no_address_elsewhere(file: Path) -> None:
    assert not re.search(r"\w+://|[\"'(]//\w", file.read_text("utf-8"))


async def test_without_the_npm_packages_the_page_says_what_is_missing(opened: Open, vendored: Path) -> None:
    (vendored / "graphiql.min.js").unlink()
    async with opened() as client:
        page = await client.get("/explorer")
    assert page.status_code == 200
    assert "The explorer is not installed" in page.text
    assert "tools/setup" in page.text
    assert "<script" not in page.text


async def test_samples_tell_agencies_personas_and_questions_but_no_key(opened: Open, enrol: Enrol, tmp_path: Path) -> None:
    await enrol("FUND")
    await enrol("GRANTS")
    demo = {"agencies": [{"code": "FUND", "private_key_pem": "SECRET"}], "personas": [PERSONA], "subjects": []}
    (tmp_path / "demo.json").write_text(json.dumps(demo))
    async with opened() as client:
        answer = await client.get("/explorer/samples.json")
    samples = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert samples["agencies"] == [{"code": "FUND", "name": "A"}, {"code": "GRANTS", "name": "A"}]
    assert samples["people"] == [
        {
            "name": "match",
            "expect": "Every claim matches.",
            "household": False,
            "variables": {"idcs": "2013023805", "givenName": "Karim", "familyName": "Bennani", "birthDate": "1984-03-09"},
        }
    ]
    assert len(samples["questions"]) == len(QUESTIONS)
    assert "SECRET" not in answer.text


async def test_samples_are_told_where_there_is_no_demo_file_yet(opened: Open) -> None:
    async with opened() as client:
        assert (await client.get("/explorer/samples.json")).json()["people"] == []


async def test_a_question_is_answered_as_the_chosen_agency(opened: Open, enrol: Enrol) -> None:
    await enrol("FUND")
    await enrol("GRANTS")
    async with opened() as client:
        assert await ask(client, "FUND") == {"data": {"me": {"code": "FUND"}}}
        assert await ask(client, "GRANTS") == {"data": {"me": {"code": "GRANTS"}}}


async def test_nobody_is_answered_as_an_agency_that_may_not_ask(opened: Open, enrol: Enrol, database: Database) -> None:
    member = await enrol("FUND")
    async with opened() as client:
        assert refused(await ask(client, "OTHER")) == "UNAUTHENTICATED"
        assert refused(await ask(client, "")) == "UNAUTHENTICATED"
        await database.ask("update agency_key set revoked_at = $1 where agency_id = $2", NOW, member.agency_id)
        assert refused(await ask(client, "FUND")) == "UNAUTHENTICATED"


async def test_a_page_of_another_site_cannot_ask(opened: Open, enrol: Enrol) -> None:
    await enrol("FUND")
    async with opened() as client:
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "http://localhost:9000"},
            {"origin": "https://example.org"},
            {"origin": "null"},
        ):
            assert refused(await ask(client, "FUND", **headers)) == "FORBIDDEN"
        ours = {"sec-fetch-site": "same-origin", "origin": ISSUER}
        assert await ask(client, "FUND", **ours) == {"data": {"me": {"code": "FUND"}}}
        form = await client.post(
            "/explorer/graphql", content="{}", headers={"x-demo-agency": "FUND", "content-type": "text/plain"}
        )
        assert refused({"errors": form.json()["errors"]}) == "INVALID"


async def test_another_host_name_that_leads_here_is_refused(opened: Open, enrol: Enrol) -> None:
    await enrol("FUND")
    async with opened(base="http://rebound.example.org:8000") as client:
        assert refused(await ask(client, "FUND")) == "FORBIDDEN"
        samples = await client.get("/explorer/samples.json")
    assert samples.status_code == 403
    assert samples.json().keys() == {"message", "code"}


async def test_only_a_demonstration_has_an_explorer(opened: Open, enrol: Enrol, keys: KeyRing, database: Database) -> None:
    await enrol("FUND")
    async with opened(keys=keys) as client:
        assert (await client.get("/explorer")).status_code == 404
        assert (await client.post("/explorer/graphql", json={"query": "{ me { code } }"})).status_code == 404
    with pytest.raises(Forbidden):
        await stand_in(database, keys, NOW, "FUND")
    with pytest.raises(Forbidden):
        await parts(database, keys, NOW)


async def test_who_is_stood_in_for_has_a_key_in_force_at_that_instant(
    enrol: Enrol, demo_keys: KeyRing, database: Database
) -> None:
    member = await enrol("FUND")
    actor = await stand_in(database, demo_keys, NOW, "FUND")
    assert actor == member.actor
    for later in (NOW + timedelta(days=61), NOW - timedelta(days=61)):
        assert await parts(database, demo_keys, later) == []
        with pytest.raises(Unauthenticated):
            await stand_in(database, demo_keys, later, "FUND")
    await database.ask("update agency set suspended_at = $1", NOW)
    assert await parts(database, demo_keys, NOW) == []


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_ready_question_fits_the_schema_and_its_cost_is_bearable(path: Path) -> None:
    question = Question.read(path)
    assert question.title
    assert isinstance(schema.Documents(schema.build()).prepare(question.document, None, introspection=False), schema.Prepared)
    assert set(question.variables) <= {"idcs", "givenName", "familyName", "birthDate"}
    assert cost.check(parse(question.document), None).name is not None
