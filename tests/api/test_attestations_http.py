"""Attestations over real HTTP: four callers, the paper, the check page, and the command that checks one offline."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from access.catalogue import Lang
from access.rights import Role
from api.edge import SESSION
from api.portal.statics import VENDOR
from core import keys
from identity import attested
from identity.imports import LoadedPerson
from tests.api.citizens import ERRORS, Town
from tests.api.commanding import sijil, told
from tests.api.people import Browser, user_errors
from tests.api.serving import Agency, Instance, codes

_FIELDS = "{ id number lang attributes issuedAt expiresAt revokedAt state signed pdf }"
ISSUE = f"mutation($input: IssueAttestationInput!) {{ issueAttestation(input: $input) {{ attestation {_FIELDS} {ERRORS} }} }}"
REVOKE = (
    f"mutation($input: RevokeAttestationInput!) {{ revokeAttestation(input: $input) {{ attestation {{ state }} {ERRORS} }} }}"
)
LIST = "{ me { attestations { id number state signed pdf } } }"
ONE = "query($i: ID!) { me { attestation(id: $i) { number signed pdf } } }"
CHECK = "query($n: String!) { checkAttestation(number: $n) { valid } }"


@pytest.fixture(scope="module")
def town(served: Instance) -> Iterator[Town]:
    made = Town.of(served)
    yield made
    made.close()


@pytest.fixture
def amina(town: Town) -> LoadedPerson:
    return town.person()


def issued(browser: Browser, *attributes: str, **more: Any) -> dict[str, Any]:
    payload = browser.change(ISSUE, **{"attributes": attributes or ["NAME", "IDCS_MASKED"], "lang": "FR"} | more)
    assert payload["userErrors"] == [], payload
    found: dict[str, Any] = payload["attestation"]
    return found


def page(town: Town, path: str, lang: str = "fr") -> httpx.Response:
    return httpx.get(town.instance.issuer + path, headers={"accept-language": lang, "accept": "text/html"})


def test_a_holder_has_a_paper_made_that_anybody_can_check(town: Town, amina: LoadedPerson) -> None:
    browser = town.citizen(amina)
    its = issued(browser, requestKey="a", days=30)
    assert issued(browser, requestKey="a", days=30)["id"] == its["id"]
    assert (its["state"], its["lang"], its["attributes"]) == ("VALID", "FR", ["NAME", "IDCS_MASKED"])
    says = attested.verify_attestation(its["signed"], town.instance.keys.jwks())
    assert says["attributes"]["person.given_name"] == {"ar": "أمينة", "latin": "Amina"}
    assert says["iss"] == town.instance.issuer
    paper = b64decode(its["pdf"])
    assert paper.startswith(b"%PDF-")
    again = browser.data(ONE, {"i": its["id"]})["me"]["attestation"]
    assert b64decode(again["pdf"]) == paper
    (listed,) = browser.data(LIST)["me"]["attestations"]
    assert listed == {"id": its["id"], "number": its["number"], "state": "VALID", "signed": None, "pdf": None}

    part = attested.part_of(attested.digest_of(its["signed"]))
    for path in (f"/check/{its['number']}", f"/check/{its['number']}?s={part}"):
        assert "Cette attestation est valable" in page(town, path).text
    answers = [page(town, path) for path in (f"/check/{its['number']}?s=x", "/check/100000000000", "/check/x%00y", "/check/é")]
    for answer in answers:
        assert answer.status_code == 200
        assert "pas valable" in answer.text
    for answer in (*answers, page(town, f"/check/{its['number']}", "ar")):
        assert "Amina" not in answer.text
        assert amina.idcs.text not in answer.text

    payload = browser.change(REVOKE, attestation=its["id"])
    assert (payload["attestation"], payload["userErrors"]) == ({"state": "REVOKED"}, [])
    assert user_errors(browser.change(REVOKE, attestation=its["id"])) == [("CONFLICT", ("attestation",))]
    assert "pas valable" in page(town, f"/check/{its['number']}?s={part}").text


def test_four_callers(town: Town, fund: Agency, amina: LoadedPerson) -> None:
    its, stranger = issued(town.citizen(amina)), town.citizen(town.person())
    supervisor = town.people.staff(Role.SUPERVISOR).caller()
    before = town.instance.count("attestation")
    given: list[tuple[str, dict[str, Any]]] = [
        (ISSUE, {"input": {"attributes": ["SEX"], "lang": "FR"}}),
        (REVOKE, {"input": {"attestation": its["id"]}}),
        (CHECK, {"n": its["number"]}),
    ]
    for document, variables in given:
        nobody = httpx.post(f"{town.instance.issuer}/graphql", json={"query": document, "variables": variables})
        assert (nobody.status_code, [code for code, _ in codes(nobody)]) == (401, ["UNAUTHENTICATED"])
        for caller in (supervisor, fund.caller()):
            assert [code for code, _ in codes(caller.ask(document, variables))] == ["FORBIDDEN"]
    assert user_errors(stranger.change(REVOKE, attestation=its["id"])) == [("NOT_FOUND", ("attestation",))]
    assert [code for code, _ in codes(stranger.ask(ONE, {"i": its["id"]}))] == ["NOT_FOUND"]
    assert stranger.data(LIST)["me"]["attestations"] == []
    assert town.instance.count("attestation") == before
    assert "Cette attestation est valable" in page(town, f"/check/{its['number']}").text


def test_a_paper_is_downloaded_by_its_holder_alone(town: Town, amina: LoadedPerson) -> None:
    if not (VENDOR / "fonts").is_dir():
        pytest.skip("THE FONT OF ARABIC PAPERS IS NOT INSTALLED (make set-up, with the npm registry in reach)")
    browser = town.citizen(amina)
    its = issued(browser, "NAME", "RESIDENCE", lang="AR")
    for kind, media, name in (("paper", "application/pdf", "pdf"), ("signed", "application/jose", "jws")):
        path = f"/me/attestations/{its['id']}/{kind}"
        answer = browser.http.get(path, headers={"cookie": f"{SESSION}={browser.token}"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.headers["content-disposition"] == f'attachment; filename="attestation-{its["number"]}.{name}"'
        assert answer.content == (b64decode(its["pdf"]) if kind == "paper" else its["signed"].encode())
        other = town.citizen(town.person())
        assert other.http.get(path, headers={"cookie": f"{SESSION}={other.token}"}).status_code == 404


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"attributes": []}, "attributes"),
        ({"attributes": ["BIRTH_PLACE"]}, "attributes"),
        ({"days": 366}, "days"),
        ({"lang": "EN"}, "lang"),
    ],
)
def test_what_cannot_be_attested_is_told_with_its_path(
    town: Town, amina: LoadedPerson, given: dict[str, Any], path: str
) -> None:
    payload = town.citizen(amina).change(ISSUE, **{"attributes": ["SEX"], "lang": "FR"} | given)
    assert (payload["attestation"], user_errors(payload)) == (None, [("INVALID", (path,))])


# --- offline


@pytest.fixture
def signed(tmp_path: Path) -> tuple[str, str]:
    """An attestation, and the file of the published keys."""
    now = datetime.now(UTC).replace(microsecond=0)
    ring = keys.create(tmp_path / "signing" / "keys.json", mark="", at=now)
    (tmp_path / "jwks.json").write_text(json.dumps(ring.jwks()))
    its = attested.Attestation(
        "123456789012", "https://sijil.example.org", Lang.FR, {"person.sex": "F"}, now, now + timedelta(days=1)
    )
    return attested.sign(its, ring.signer), str(tmp_path / "jwks.json")


def test_the_command_checks_one_from_text_file_and_input(signed: tuple[str, str], tmp_path: Path) -> None:
    text, jwks = signed
    answer = told("verify-receipt", text, "--jwks", jwks)
    assert (answer["valid"], answer["expired"], answer["attestation"]["attributes"]) == (True, False, {"person.sex": "F"})
    (file := tmp_path / "attestation.jws").write_text(text + "\n")
    assert told("verify-receipt", str(file), "--jwks", jwks) == answer
    assert json.loads(sijil("verify-receipt", "-", "--jwks", jwks, "--json", input=text + "\n").stdout) == answer


def test_the_command_says_of_an_expired_one_that_it_is(tmp_path: Path) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ring = keys.create(tmp_path / "signing" / "keys.json", mark="", at=at)
    (tmp_path / "jwks.json").write_text(json.dumps(ring.jwks()))
    its = attested.Attestation("1", "https://sijil.example.org", Lang.AR, {"person.sex": "F"}, at, at + timedelta(days=1))
    answer = told("verify-receipt", attested.sign(its, ring.signer), "--jwks", str(tmp_path / "jwks.json"))
    assert (answer["valid"], answer["expired"]) == (True, True)


def test_a_tampered_one_proves_nothing(signed: tuple[str, str]) -> None:
    text, jwks = signed
    header, payload, signature = text.split(".")
    address = "https://sijil.example.org/check/123456789012?s=x"
    for wrong in (f"{header}.{payload[:-2]}AA.{signature}", f"{header}.{payload}", text + "A", address):
        assert told("verify-receipt", wrong, "--jwks", jwks, status=14)["error"]["code"] == "INVALID"
