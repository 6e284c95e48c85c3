"""Files of people, packs and agencies' files over real HTTP: who may, and that the others change nothing."""

import time
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Any

import orjson
import pytest

from access.rights import Role
from core.ids import uuid7
from identity import packs
from tests.access.enrolled import Key
from tests.api.people import Browser, People
from tests.api.serving import Agency, Instance, codes
from tests.identity.filing import csv_file, person_row

FILE = "file { id kind state rows counts { outcome rows } trial hasResult mine }"
ERRORS = "userErrors { code path message }"


def mutation(name: str, selected: str = FILE) -> str:
    kind = {
        "importPersons": "ImportPersonsInput",
        "checkPersonFile": "CheckPersonFileInput",
        "takePack": "TakePackInput",
        "addTeamDevice": "AddTeamDeviceInput",
        "revokeTeamDevice": "RevokeTeamDeviceInput",
        "linkFile": "LinkFileInput",
    }.get(name, "PersonFileInput")
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ {selected} {ERRORS} }} }}"


def base64(content: bytes) -> str:
    return b64encode(content).decode()


def told(browser: Browser, name: str, selected: str = FILE, /, **given: Any) -> dict[str, Any]:
    payload: dict[str, Any] = browser.change(mutation(name, selected), **given)
    return payload


@pytest.fixture(scope="module")
def people(served: Instance) -> People:
    served.sql(
        "insert into opening (division, opens_on, decided_at) select code, '2020-01-01', now() from division"
        " where level = 'REGION' on conflict do nothing"
    )
    return People(served)


@pytest.fixture(scope="module")
def supervisor(people: People) -> Browser:
    return people.staff(Role.SUPERVISOR).caller()


def ended(browser: Browser, file: str, query: str = "personFile") -> dict[str, Any]:
    """The file, once nothing is done with it any more."""
    for _ in range(300):
        its: dict[str, Any] = browser.data(f"query($i: ID!) {{ {query}(id: $i) {{ {FILE[7:-2]} }} }}", {"i": file})[query]
        if its["state"] not in ("WAITING", "RUNNING"):
            return its
        time.sleep(0.1)
    raise AssertionError(its)


def test_a_file_is_sent_tried_started_and_its_result_taken(served: Instance, supervisor: Browser) -> None:
    content = base64(csv_file([person_row(300), person_row(301, sex="?")]))
    sent = told(supervisor, "importPersons", content=content, lang="FR", requestKey="a-file")
    assert sent["userErrors"] == []
    file = sent["file"]["id"]
    assert (sent["file"]["state"], sent["file"]["rows"], sent["file"]["hasResult"]) == ("CHECKED", 2, False)
    assert told(supervisor, "importPersons", content=content, lang="FR", requestKey="a-file")["file"]["id"] == file
    before = served.count("person")
    assert told(supervisor, "checkPersonFile", file=file, first=1)["userErrors"] == []
    tried = ended(supervisor, file)
    assert (tried["state"], tried["trial"], tried["counts"]) == ("CHECKED", True, [{"outcome": "ENROLLED", "rows": 1}])
    assert served.count("person") == before
    assert told(supervisor, "startPersonFile", file=file)["userErrors"] == []
    done = ended(supervisor, file)
    assert done["counts"] == [{"outcome": "ENROLLED", "rows": 1}, {"outcome": "REFUSED", "rows": 1}]
    assert served.count("person") == before + 1
    taken = told(supervisor, "takePersonFileResult", f"{FILE} content", file=file)
    lines = b64decode(taken["content"]).decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["Ligne", "2", "3"]
    assert "NOT_A_CODE" in lines[2]
    assert [each["id"] for each in supervisor.data("{ personFiles { id } }")["personFiles"]] == [file]
    again = told(supervisor, "startPersonFile", file=file)
    assert [each["code"] for each in again["userErrors"]] == ["CONFLICT"]


def test_what_is_wrong_with_a_file_is_told_by_its_place(supervisor: Browser, served: Instance) -> None:
    files = served.count("person_file")
    refused = told(supervisor, "importPersons", content=base64(b"sex,cnie,residence,hue\nF,A1,06,x\n"))
    assert [(each["code"], each["path"]) for each in refused["userErrors"]][:2] == [
        ("UNKNOWN_COLUMN", ["columns", "hue"]),
        ("MISSING_COLUMN", ["columns", "given_name_ar"]),
    ]
    for content, code in (("?", "INVALID"), (base64(b"\xff\xfe"), "ENCODING"), (base64(b""), "EMPTY")):
        assert told(supervisor, "importPersons", content=content)["userErrors"][0]["code"] == code
    assert served.count("person_file") == files


def test_the_template_is_handed_out(supervisor: Browser) -> None:
    text = supervisor.data("{ importTemplate(form: CSV, lang: AR) }")["importTemplate"]
    assert "الجنس" in b64decode(text).decode("utf-8-sig")


def test_anothers_file_is_not_there(people: People, supervisor: Browser, served: Instance) -> None:
    file = told(supervisor, "importPersons", content=base64(csv_file([person_row(302)])))["file"]["id"]
    other = people.staff(Role.SUPERVISOR, division="06").caller()
    for name in ("checkPersonFile", "startPersonFile", "cancelPersonFile", "takePersonFileResult"):
        assert [each["code"] for each in told(other, name, file=file)["userErrors"]] == ["NOT_FOUND"], name
    assert codes(other.ask("query($i: ID!) { personFile(id: $i) { id } }", {"i": file}))[0][0] == "NOT_FOUND"
    for role in (Role.CENTRE_AGENT, Role.PUBLISHER, Role.AUDITOR):
        for field in ("personFiles { id }", "teamDevices { kid }", "importTemplate(form: CSV, lang: FR)"):
            assert [code for code, _ in codes(people.staff(role).caller().ask(f"{{ {field} }}"))] == ["FORBIDDEN"]
    assert served.sql("select state from person_file where file_id = $1", file)[0]["state"] == "CHECKED"


def test_a_device_is_registered_its_pack_taken_and_refused_once_it_is_revoked(
    people: People, served: Instance, supervisor: Browser
) -> None:
    key, now = Key.new(), served.now()
    ends = (now + timedelta(days=100)).isoformat()
    given = {"name": "Unité 7", "alg": "EdDSA", "jwk": orjson.dumps(dict(key.jwk)).decode(), "validUntil": ends}
    elsewhere = people.staff(Role.SUPERVISOR, division="06").caller()
    assert codes(elsewhere.ask(mutation("addTeamDevice", "kid"), {"input": given}))[0][0] == "FORBIDDEN"
    administrator = people.staff(Role.ADMINISTRATOR).caller()
    kid = told(administrator, "addTeamDevice", "kid", **given)["kid"]
    assert kid == key.kid
    row = {name: value for name, value in person_row(303).items() if value} | {"basis": "DOCUMENTS"}
    request = {"id": str(uuid7(now)), "at": now.isoformat(), "form": row}
    payload = {"pack": str(uuid7(now)), "signed_at": now.isoformat(), "requests": [request]}
    pack = base64(packs.signed({"alg": "EdDSA", "kid": kid}, payload, key.private))
    sent = told(supervisor, "takePack", content=pack)
    assert sent["userErrors"] == []
    assert ended(supervisor, sent["file"]["id"])["counts"] == [{"outcome": "SUBMITTED", "rows": 1}]
    assert served.sql("select state from enrolment where person_id = $1", request["id"])[0]["state"] == "SUBMITTED"
    assert told(administrator, "revokeTeamDevice", "kid", kid=kid)["userErrors"] == []
    again = told(administrator, "takePack", content=pack)
    assert [each["code"] for each in again["userErrors"]] == ["REVOKED_DEVICE"]
    (device,) = [each for each in administrator.data("{ teamDevices { kid revokedAt } }")["teamDevices"] if each["kid"] == kid]
    assert device["revokedAt"] is not None


def test_an_agencys_file_is_proposed_by_one_and_linked_once_another_agrees(people: People, served: Instance) -> None:
    names = ("person.given_name", "person.family_name", "person.birth_date", "person.cnie")
    agency: Agency = served.enrol(
        mandates={"ELIGIBILITY": names}, attributes={name: {"uses": ["LINK"]} for name in names}, purposes=["ELIGIBILITY"]
    )
    content = base64(b"reference,cnie,given_name,family_name,birth_date\nr1,ZZ999999,Amina,Bennani,1984\n")
    proposer, approver = people.staff(Role.PUBLISHER), people.staff(Role.PUBLISHER)
    browser = proposer.caller()
    selected = "proposal { id hash }"
    sent = told(browser, "linkFile", selected, agency=agency.code, purpose="ELIGIBILITY", content=content)
    assert sent["userErrors"] == []
    proposal = sent["proposal"]
    assert served.sql("select state from person_file where agency_id = $1", agency.agency_id)[0]["state"] == "CHECKED"
    answer = approver.caller().change(
        f"mutation($input: ApproveInput!) {{ approve(input: $input) {{ {ERRORS} }} }}",
        proposal=proposal["id"],
        hash=proposal["hash"],
        code=approver.code(),
    )
    assert answer["userErrors"] == []
    for _ in range(300):
        (row,) = served.sql("select file_id, state from person_file where agency_id = $1", agency.agency_id)
        if row["state"] == "DONE":
            break
        time.sleep(0.1)
    file = str(row["file_id"])
    administrator = people.officer(agency, role=Role.AGENCY_ADMINISTRATOR).caller()
    assert [each["id"] for each in administrator.data("{ ownLinkFiles { id } }")["ownLinkFiles"]] == [file]
    other = people.officer(served.enrol(), role=Role.AGENCY_ADMINISTRATOR).caller()
    assert [each["code"] for each in told(other, "takeLinkResult", file=file)["userErrors"]] == ["NOT_FOUND"]
    assert codes(browser.ask(mutation("takeLinkResult"), {"input": {"file": file}}))[0][0] == "FORBIDDEN"
    assert [each["code"] for each in told(browser, "cancelLinkFile", file=file)["userErrors"]] == ["CONFLICT"]
    taken = told(administrator, "takeLinkResult", f"{FILE} content", file=file)
    assert b64decode(taken["content"]).decode("utf-8-sig").splitlines()[1].split(",")[:2] == ["2", "r1"]
    assert file in [each["id"] for each in browser.data("{ linkFiles { id } }")["linkFiles"]]
