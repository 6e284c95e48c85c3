"""Evidence over real HTTP: four callers, files that lie, and downloads that no browser opens."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from access.rights import Role
from api.edge import SESSION
from api.endpoint import MAX_BODY_BYTES
from api.portal.files import SANDBOX
from core.errors import Code
from identity.imports import LoadedPerson
from tests.api.citizens import CASABLANCA, ERRORS, Town
from tests.api.people import Browser, user_errors
from tests.api.serving import Agency, Instance, codes
from tests.identity.files import jpeg, pdf, png

ADD = (
    f"mutation($input: AddEvidenceInput!) {{ addEvidence(input: $input) "
    f"{{ evidence {{ id person kind mediaType size byHolder content }} {ERRORS} }} }}"
)
LIST = "query($p: ID!) { evidenceOf(person: $p) { id kind content } }"
ONE = "query($p: ID!, $i: ID!) { evidence(person: $p, id: $i) { id content } }"
OWN = "{ me { evidence { id kind byHolder content } } }"
OWN_ONE = "query($i: ID!) { me { evidenceFile(id: $i) { content } } }"
PDF = pdf()


def text(content: bytes) -> str:
    return b64encode(content).decode()


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture
def amina(town: Town) -> LoadedPerson:
    return town.person()


def added(browser: Browser, content: bytes = PDF, kind: str = "CNIE", **more: Any) -> dict[str, Any]:
    payload = browser.change(ADD, kind=kind, content=text(content), **more)
    assert payload["userErrors"] == [], payload
    found: dict[str, Any] = payload["evidence"]
    return found


def kept(town: Town) -> tuple[int, int]:
    return town.instance.count("evidence"), sum(1 for path in town.instance.files.rglob("*") if path.is_file())


def test_a_holder_gives_a_file_and_gets_it_back(town: Town, amina: LoadedPerson) -> None:
    browser = town.citizen(amina)
    its = added(browser, kind="BIRTH_RECORD", mediaType="application/pdf", requestKey="one")
    assert its == {
        "id": its["id"],
        "person": str(amina.person_id),
        "kind": "BIRTH_RECORD",
        "mediaType": "application/pdf",
        "size": len(PDF),
        "byHolder": True,
        "content": None,
    }
    before = kept(town)
    assert added(browser, kind="BIRTH_RECORD", mediaType="application/pdf", requestKey="one")["id"] == its["id"]
    assert kept(town) == before
    assert browser.data(OWN)["me"]["evidence"] == [{"id": its["id"], "kind": "BIRTH_RECORD", "byHolder": True, "content": None}]
    assert b64decode(browser.data(OWN_ONE, {"i": its["id"]})["me"]["evidenceFile"]["content"]) == PDF


def test_four_callers(town: Town, fund: Agency, amina: LoadedPerson) -> None:
    person = str(amina.person_id)
    its = added(town.citizen(amina))
    before = kept(town)
    stranger, elsewhere = town.citizen(town.person()), town.agent("04.421").caller()
    overseer, agent = town.people.staff(Role.OVERSEER).caller(), town.agent(CASABLANCA).caller()
    given = {"input": {"person": person, "kind": "OTHER", "content": text(png())}}
    for document, variables in ((LIST, {"p": person}), (ONE, {"p": person, "i": its["id"]}), (ADD, given)):
        nobody = httpx.post(f"{town.instance.issuer}/graphql", json={"query": document, "variables": variables})
        assert (nobody.status_code, [code for code, _ in codes(nobody)]) == (401, ["UNAUTHENTICATED"])
        for caller in (overseer, fund.caller()):
            assert [code for code, _ in codes(caller.ask(document, variables))] == ["FORBIDDEN"]
        for other in (stranger, elsewhere):
            answer = other.ask(document, variables)
            if document == ADD:
                assert user_errors(answer.json()["data"]["addEvidence"]) == [("NOT_FOUND", ("person",))]
            else:
                assert [code for code, _ in codes(answer)] == ["NOT_FOUND"]
            assert its["id"] not in answer.text or document == ONE
    assert [code for code, _ in codes(stranger.ask(OWN_ONE, {"i": its["id"]}))] == ["NOT_FOUND"]
    assert stranger.data(OWN)["me"]["evidence"] == []
    assert kept(town) == before
    assert [file["id"] for file in agent.data(LIST, {"p": person})["evidenceOf"]] == [its["id"]]
    assert b64decode(agent.data(ONE, {"p": person, "i": its["id"]})["evidence"]["content"]) == PDF
    assert added(agent, jpeg(), "OTHER", person=person)["byHolder"] is False


def test_every_look_of_staff_is_shown_to_the_person(town: Town, amina: LoadedPerson) -> None:
    its = added(town.citizen(amina))
    answer = town.agent().caller().ask(ONE, {"p": str(amina.person_id), "i": its["id"]})
    (entry,) = town.instance.entries(answer.json()["extensions"]["requestId"])
    assert (entry.subject_id, entry.leaf["field"], entry.leaf["actor"]) == (amina.person_id, "evidence", "STAFF")
    looks = town.citizen(amina).data("{ me { accesses(first: 5) { edges { node { field actor } } } } }")
    assert {"field": "evidence", "actor": "STAFF"} in [edge["node"] for edge in looks["me"]["accesses"]["edges"]]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"content": "<html>"}, "content"),
        ({"content": text(b"<html></html>")}, "content"),
        ({"content": text(PDF), "mediaType": "image/png"}, "content"),
        ({"content": text(png() + b"PK\5\6")}, "content"),
        ({"content": ""}, "content"),
        ({"content": text(PDF), "request": str(UUID(int=7))}, "request"),
        ({"content": text(PDF), "person": "x"}, "person"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_path_and_leaves_nothing(
    town: Town, amina: LoadedPerson, given: dict[str, Any], path: str
) -> None:
    before = kept(town)
    payload = town.citizen(amina).change(ADD, kind="OTHER", **given)
    assert payload["evidence"] is None
    assert [(code in ("INVALID", "NOT_FOUND"), where) for code, where in user_errors(payload)] == [(True, (path,))]
    assert kept(town) == before


def test_a_request_that_is_too_large_is_refused_by_the_endpoint(town: Town, amina: LoadedPerson) -> None:
    answer = town.citizen(amina).ask(ADD, {"input": {"kind": "OTHER", "content": "A" * MAX_BODY_BYTES}})
    assert [code for code, _ in codes(answer)] == [Code.TOO_COSTLY]


def download(browser: Browser, path: str) -> httpx.Response:
    return browser.http.get(path, headers={"cookie": f"{SESSION}={browser.token}"}, follow_redirects=False)


def test_a_download_is_to_be_stored_and_opens_nothing(town: Town, amina: LoadedPerson) -> None:
    browser = town.citizen(amina)
    its = added(browser, jpeg(), "PHOTO")
    path = f"/me/evidence/{its['id']}"
    for answer in (download(browser, path), download(town.agent().caller(), f"/admin/evidence/{amina.person_id}/{its['id']}")):
        assert (answer.status_code, answer.content) == (200, jpeg())
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-disposition"] == f'attachment; filename="photo-{its["id"][-8:]}.jpg"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == SANDBOX
        assert answer.headers["cache-control"] == "no-store"
    assert download(town.citizen(town.person()), path).status_code == 404
    elsewhere = town.agent("04.421").caller()
    assert download(elsewhere, f"/admin/evidence/{amina.person_id}/{its['id']}").status_code == 404
    nobody = httpx.get(town.instance.issuer + path, follow_redirects=False)
    assert (nobody.status_code, nobody.content) == (303, b"")
