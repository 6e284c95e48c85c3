import json
import os
import subprocess
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from access.call import Call, system
from access.rights import Role, Scope
from api.commands import diagnosis
from api.demo.load import Loaded, load
from core import keys
from core.database import Database
from core.embedded import EmbeddedPostgres, find_binaries
from core.ids import uuid7
from tests.access.consenting import notice_document
from tests.access.enrolled import Key, agreement_document, mandate_document
from tests.api.commanding import NEWEST, ask, on, sijil, told
from tests.api.people import put_account

ISSUER = "https://sijil.example.org"
AT = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def databases(postgres: EmbeddedPostgres) -> tuple[str, str]:
    names = f"cli_{os.getpid()}_first", f"cli_{os.getpid()}_second"
    for name in names:
        ask(postgres.url, f'create database "{name}"')
    first, second = (postgres.url.replace("@/sijil?", f"@/{name}?") for name in names)
    return first, second


@pytest.fixture
def url(databases: tuple[str, str]) -> str:
    """An empty database."""
    return emptied(databases[0])


@pytest.fixture
def other(databases: tuple[str, str]) -> str:
    """Another empty one."""
    return emptied(databases[1])


def new_key(alg: str = "EdDSA") -> Key:
    """One whose name is not taken for an option of a command."""
    return next(key for key in iter(lambda: Key.new(alg), None) if not key.kid.startswith("-"))


def emptied(url: str) -> str:
    ask(url, "drop schema public cascade")
    ask(url, "create schema public authorization pg_database_owner")
    return url


@pytest.fixture
def home(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without anything, and an empty database."""
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("SIJIL_ISSUER", raising=False)
    return tmp_path / "home"


@pytest.fixture
def instance(home: Path) -> Path:
    """A real instance without people."""
    assert sijil("keys", "init").exit_code == 0
    assert sijil("init", "--issuer", ISSUER).exit_code == 0
    return home


@pytest.fixture
def populated(instance: Path, url: str) -> tuple[Path, Loaded]:
    async def work(database: Database) -> Loaded:
        call = Call(
            system("tests", Scope.REGISTER_LOAD, Scope.AGENCY_MANAGE, Scope.AGREEMENT_PUBLISH, Scope.ENROLMENT_OPEN),
            AT,
            uuid7(AT),
        )
        ring = keys.load(instance / "keys.json")
        return await load(database, ring, call, persons=40, seed=1, communes=(), progress=lambda done, of: None)

    return instance, on(url, work)


# --- how a refusal is told


def test_a_refusal_is_one_line_on_standard_error_and_an_exit_status_of_its_own(home: Path) -> None:
    result = sijil("keys", "show")
    assert result.exit_code == 20
    assert result.stdout == ""
    assert result.stderr == f"UNAVAILABLE: there is no key file at {home / 'keys.json'}; `sijil keys init` makes one\n"


def test_with_json_a_refusal_is_a_document_with_its_code_and_path(instance: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "agreement.json"
    document = agreement_document(UUID(int=1), attributes={"person.shoe": {"uses": ["MATCH"]}}) | {"agency": "FUND"}
    wrong.write_text(json.dumps(document))
    answer = told("agency", "agreement", "publish", str(wrong), status=14)
    assert answer == {
        "error": {"code": "INVALID", "message": "no such attribute", "path": ["attributes", "person.shoe"]},
    }


def test_a_database_that_is_not_there_is_unavailable(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://sijil:geheim@127.0.0.1:1/sijil")
    for command in (("agency", "list"), ("db", "check"), ("db", "migrate")):
        result = sijil(*command)
        assert result.exit_code == 20, command
        assert "geheim" not in result.output


def test_a_database_that_was_not_set_up_says_what_to_do(home: Path) -> None:
    for command in (("agency", "list"), ("db", "dump", "--to", "-")):
        result = sijil(*command)
        assert result.exit_code == 20, command
        assert result.stderr == "UNAVAILABLE: this database was not set up yet: `sijil init` does it\n"


def test_a_wrong_setting_is_named_and_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_PORT", "eighty")
    result = sijil("db", "check")
    assert result.exit_code == 14
    assert "port" in result.stderr
    assert "eighty" not in result.output


def test_nothing_is_made_by_looking_where_there_is_no_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for command in (("agency", "list"), ("db", "check"), ("db", "dump", "--to", "-")):
        assert sijil(*command).exit_code == 20
    assert not (tmp_path / "nothing").exists()


# --- keys and the instance


def test_keys_are_made_once_and_never_again(home: Path) -> None:
    made = told("keys", "init")
    first = (home / "keys.json").read_bytes()
    assert (home / "keys.json").stat().st_mode & 0o777 == 0o600
    assert told("keys", "init", status=15)["error"]["code"] == "CONFLICT"
    assert (home / "keys.json").read_bytes() == first
    assert told("keys", "show")["fingerprint"] == made["fingerprint"]


def test_keys_are_not_made_beside_data_that_others_sealed(instance: Path) -> None:
    (instance / "keys.json").rename(instance / "keys.away")
    assert told("keys", "init", status=15)["error"]["code"] == "CONFLICT"
    assert not (instance / "keys.json").exists()


def test_keys_are_shown_without_what_is_secret(home: Path) -> None:
    told("keys", "init")
    document = json.loads((home / "keys.json").read_text())
    secrets = [secret for family in document.values() if isinstance(family, dict) for secret in family.values()]
    secrets += [row["key"] for row in document["signing"]]
    shown = sijil("keys", "show").output + sijil("keys", "show", "--json").output
    assert len(secrets) == 6
    for secret in secrets:
        assert secret not in shown
        assert b64decode(secret).hex() not in shown


def test_an_instance_is_set_up_once_and_keeps_its_issuer(instance: Path, url: str) -> None:
    assert told("init", "--issuer", ISSUER)["issuer"] == ISSUER
    assert told("init", "--issuer", "https://other.example.org", status=15)["error"]["code"] == "CONFLICT"
    assert [row["issuer"] for row in ask(url, "select issuer from instance")] == [ISSUER]
    assert ask(url, "select count(*) from person")[0][0] == 1  # who stands in for strangers


@pytest.mark.parametrize(
    "issuer", ["http://sijil.example.org", "http://localhost:8000", "https://sijil.example.org/x", "sijil"]
)
def test_a_real_instance_has_a_bare_https_address(home: Path, issuer: str) -> None:
    told("keys", "init")
    assert told("init", "--issuer", issuer, status=14)["error"]["path"] == ["issuer"]


# --- serve refuses a mixture


def test_nothing_is_served_under_keys_of_another_instance(instance: Path) -> None:
    (instance / "keys.json").unlink()
    keys.create(instance / "keys.json", mark="", at=AT)
    error = told("serve", "--port", "18999", status=20)["error"]
    assert error["message"] == "the key file belongs to another database: nothing in this one would open"


def test_nothing_is_served_with_the_keys_of_a_demonstration_from_a_real_database(instance: Path) -> None:
    (instance / "keys.json").unlink()
    keys.create(instance / "keys.json", mark="demo", at=AT)
    assert "mark" in told("serve", "--port", "18999", status=20)["error"]["message"]


def test_nothing_is_served_under_another_issuer(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_ISSUER", "https://other.example.org")
    assert "not to https://other.example.org" in told("serve", "--port", "18999", status=20)["error"]["message"]


def test_nothing_is_served_from_a_database_at_an_older_revision(instance: Path, url: str) -> None:
    ask(url, "update alembic_version set version_num = '0000'")
    assert "sijil db migrate" in told("serve", "--port", "18999", status=20)["error"]["message"]


def test_a_demonstration_is_not_made_of_a_real_instance(instance: Path) -> None:
    assert told("demo", "--port", "18999", status=15)["error"]["code"] == "CONFLICT"
    assert told("demo", "--port", "18999", "--fresh", status=15)["error"]["code"] == "CONFLICT"


# --- the database by hand


def test_a_database_is_migrated_and_found_to_be_as_the_code_expects(home: Path, url: str) -> None:
    assert told("db", "check", status=1)["ok"] is False
    assert told("db", "migrate")["from"] is None
    assert told("db", "check") == {"ok": True, "revision": NEWEST, "newest": NEWEST, "differences": []}
    ask(url, "alter table division drop column milieu")
    found = told("db", "check", status=1)
    assert found["ok"] is False
    assert any("milieu" in difference for difference in found["differences"])


def counts(url: str) -> dict[str, int]:
    tables = [row[0] for row in ask(url, "select tablename from pg_tables where schemaname = 'public' order by 1")]
    return {table: ask(url, f'select count(*) from "{table}"')[0][0] for table in tables}


def test_stored_scores_are_made_again_and_an_altered_one_is_a_failure(populated: tuple[Path, Loaded], url: str) -> None:
    _, loaded = populated
    assert told("score", "replay", "--sample", "50") == {"scores": counts(url)["score"], "different": []}
    code = loaded.document["subjects"][0]["household_code"]
    assert told("score", "replay", "--household", code, "--as-of", "2027-01-01T00:00:00Z") == {"scores": 1, "different": []}
    assert told("score", "replay", "--household", code, "--as-of", "2020-01-01T00:00:00Z", status=14)["error"]["path"] == [
        "household"
    ]
    assert told("score", "replay", status=14)["error"]["code"] == "INVALID"
    ask(url, "update score set value = value + 1")
    answer = told("score", "replay", "--sample", "2", status=1)
    assert [its["in"] for its in answer["different"]] == [["value"], ["value"]]


def test_a_dump_is_restored_with_every_row_and_its_values_open(
    populated: tuple[Path, Loaded], url: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, loaded = populated
    file, before = tmp_path / "dump.sql", counts(url)
    assert before["person"] > 40
    assert told("db", "dump", "--to", str(file))["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("DATABASE_URL", other)
    assert told("db", "restore", str(file))["revision"] == NEWEST
    assert counts(other) == before
    ring = keys.load(home / "keys.json")
    numbers = {
        ring.masters.unwrap(row["person_id"], row["data_key"]).open("person.idcs", row["person_id"], row["idcs"])
        for row in ask(other, "select person_id, data_key, idcs from person")
    }
    assert {subject.idcs for subject in loaded.subjects} <= numbers
    assert told("db", "check")["ok"] is True
    assert told("db", "restore", str(file), status=15)["error"]["code"] == "CONFLICT"
    assert counts(other) == before


def test_a_dump_goes_to_standard_output_and_loads_with_psql_alone(instance: Path, url: str, other: str, tmp_path: Path) -> None:
    result = sijil("db", "dump", "--to", "-")
    assert result.exit_code == 0
    psql = [str(find_binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", other]
    subprocess.run(psql, input=result.stdout, text=True, check=True, capture_output=True, timeout=60)
    assert counts(other) == counts(url)


def test_a_migrated_but_empty_database_takes_a_dump(
    instance: Path, url: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("db", "dump", "--to", str(tmp_path / "dump.sql"))
    monkeypatch.setenv("DATABASE_URL", other)
    told("db", "migrate")
    told("db", "restore", str(tmp_path / "dump.sql"))
    assert counts(other) == counts(url)


def test_of_a_damaged_dump_nothing_is_loaded(
    instance: Path, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dump.sql"
    told("db", "dump", "--to", str(file))
    whole = file.read_text()
    file.write_text(whole[: whole.index("COPY public.division")] + "insert into division values ('Bennani');\n")
    monkeypatch.setenv("DATABASE_URL", other)
    result = sijil("db", "restore", str(file))
    assert result.exit_code == 20
    assert "Bennani" not in result.output
    assert counts(other) == {}


def test_what_is_no_dump_or_was_made_under_other_keys_is_refused(instance: Path, tmp_path: Path, url: str) -> None:
    (tmp_path / "other.sql").write_text("select 1;\n")
    assert told("db", "restore", str(tmp_path / "other.sql"), status=14)["error"]["code"] == "INVALID"
    told("db", "dump", "--to", str(tmp_path / "dump.sql"))
    (instance / "keys.json").unlink()
    keys.create(instance / "keys.json", mark="", at=AT)
    error = told("db", "restore", str(tmp_path / "dump.sql"), status=15)["error"]
    assert "other keys" in error["message"]


# --- agencies


def enrol(code: str = "FUND") -> str:
    names = ("--name-ar", "صندوق", "--name-fr", "Fonds", "--name-en", "Fund")
    return str(told("agency", "enrol", code, *names)["agency"])


def listed() -> dict[str, Any]:
    return {row["code"]: row for row in told("agency", "list")["agencies"]}


def test_an_agency_gets_keys_an_agreement_and_a_mandate_and_is_listed_with_them(instance: Path, tmp_path: Path) -> None:
    agency = enrol()
    first, second = new_key("EdDSA"), new_key("ES256")
    (tmp_path / "key.jwk").write_text(json.dumps(first.jwk))
    pem = second.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    assert told("agency", "key", "add", "FUND", "--jwk", str(tmp_path / "key.jwk"))["kid"] == first.kid
    added = told("agency", "key", "add", "FUND", "--pem", str(tmp_path / "key.pem"), "--kid", "second")
    assert (added["kid"], added["alg"]) == ("second", "ES256")
    now = datetime.now(UTC)
    dates = {"valid_from": (now - timedelta(days=1)).isoformat(), "valid_to": (now + timedelta(days=300)).isoformat()}
    (tmp_path / "agreement.json").write_text(json.dumps(agreement_document(UUID(agency)) | {"agency": "FUND"} | dates))
    (tmp_path / "mandate.json").write_text(json.dumps(mandate_document(UUID(agency)) | {"agency": "FUND"} | dates))
    assert len(told("agency", "agreement", "publish", str(tmp_path / "agreement.json"))["hash"]) == 64
    assert len(told("agency", "mandate", "publish", str(tmp_path / "mandate.json"))["hash"]) == 64
    assert told("agency", "mandate", "publish", str(tmp_path / "mandate.json"), status=15)["error"]["code"] == "CONFLICT"
    row = listed()["FUND"]
    assert (row["agency_id"], row["agreement"], row["mandates"]) == (agency, 1, 1)
    assert set(row["keys"]) == {first.kid, "second"}
    told("agency", "key", "revoke", "FUND", "second")
    told("agency", "suspend", "FUND")
    row = listed()["FUND"]
    assert row["keys"] == [first.kid]
    assert row["suspended_at"] is not None


def test_a_private_key_is_never_registered(instance: Path, tmp_path: Path, url: str) -> None:
    enrol()
    key = new_key("EdDSA")
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "key.jwk").write_text(json.dumps({**key.jwk, "d": "AAAA"}))
    assert told("agency", "key", "add", "FUND", "--pem", str(tmp_path / "key.pem"), status=14)
    assert told("agency", "key", "add", "FUND", "--jwk", str(tmp_path / "key.jwk"), status=14)
    assert ask(url, "select count(*) from agency_key")[0][0] == 0


def test_once_two_people_can_do_it_the_machine_does_no_more_than_stop(instance: Path, url: str, tmp_path: Path) -> None:
    enrol()
    key = new_key()
    (tmp_path / "key.jwk").write_text(json.dumps(key.jwk))
    dates = {"valid_from": datetime.now(UTC).isoformat(), "valid_to": (datetime.now(UTC) + timedelta(days=300)).isoformat()}
    documents = {
        "agreement": agreement_document("FUND", **dates),
        "mandate": mandate_document("FUND", **dates),
        "notice": notice_document(version=1),
    }
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document))
    told("agency", "key", "add", "FUND", "--jwk", str(tmp_path / "key.jwk"))
    assert len(told("agency", "notice", "publish", str(tmp_path / "notice"))["hash"]) == 64

    async def two_publishers(database: Database) -> None:
        ring = keys.load(instance / "keys.json")
        async with database.begin() as connection:
            for _ in range(2):
                await put_account(connection, ring, datetime.now(UTC), Role.PUBLISHER)

    on(url, two_publishers)
    names = ("--name-ar", "هيئة", "--name-fr", "Organisme", "--name-en", "Body")
    for command in (
        ("enrol", "OTHER", *names),
        ("key", "add", "FUND", "--jwk", str(tmp_path / "key.jwk"), "--kid", "another"),
        *((name, "publish", str(tmp_path / name)) for name in ("agreement", "mandate")),
    ):
        error = told("agency", *command, status=15)["error"]
        assert error == {"code": "CONFLICT", "message": "two people do this now: propose it on the pages", "path": []}
    row = listed()["FUND"]
    assert (len(listed()), row["agreement"], row["mandates"], row["keys"]) == (1, None, 0, [key.kid])
    told("agency", "key", "revoke", "FUND", key.kid)
    told("agency", "suspend", "FUND")
    assert listed()["FUND"]["suspended_at"] is not None


def test_what_is_wrong_with_an_agency_or_a_key_is_named(instance: Path, tmp_path: Path) -> None:
    enrol()
    (tmp_path / "not.json").write_text("{")
    names = ("--name-ar", "ص", "--name-fr", "F", "--name-en", "F")
    assert told("agency", "enrol", "FUND", *names, status=15)["error"]["path"] == ["code"]
    assert told("agency", "enrol", "fund", *names, status=14)["error"]["path"] == ["code"]
    assert told("agency", "suspend", "NOBODY", status=13)["error"]["path"] == ["code"]
    assert told("agency", "key", "add", "FUND", status=14)["error"]["code"] == "INVALID"
    assert told("agency", "key", "add", "FUND", "--jwk", str(tmp_path / "not.json"), status=14)
    assert told("agency", "key", "revoke", "FUND", "nothing", status=13)["error"]["path"] == ["kid"]


def test_divisions_are_taken_whole_or_not_at_all(instance: Path, tmp_path: Path, url: str) -> None:
    head = "code,level,parent,name_fr,name_ar,milieu\n01,region,,Un,واحد,\n01.151,province,01,Deux,اثنان,\n"
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(head + "01.151.01.01,commune,01.151,Trois,ثلاثة,urban\n")
    bad.write_text(head + "01.151.01.03,commune,01.151,Quatre,أربعة,urban\n01.151.01.05,commune,01.999,Cinq,خمسة,rural\n")
    before = ask(url, "select count(*) from division")[0][0]
    assert told("import", "divisions", str(bad), status=14)["error"]["path"] == [5, "parent"]
    assert ask(url, "select count(*) from division")[0][0] == before
    assert told("import", "divisions", str(good))["divisions"] == 3
    assert ask(url, "select count(*) from division")[0][0] == before + 1


# --- the doctor


def findings(status: int = 0) -> dict[str, Any]:
    return {row["what"]: row for row in told("doctor", status=status)["checks"]}


def test_the_doctor_finds_a_sound_instance_sound(populated: tuple[Path, Loaded], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_PORT", "18998")
    monkeypatch.setattr(diagnosis, "FREE_BYTES", 1)
    assert all(row["ok"] for row in findings().values())


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    populated: tuple[Path, Loaded], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = populated
    monkeypatch.setenv("SIJIL_PORT", "18998")
    (home / "keys.json").chmod(0o644)
    ask(url, "delete from person_household where membership_id = (select min(membership_id::text)::uuid from person_household)")
    ask(url, "delete from person where status = 'DECOY'")
    found = findings(status=1)
    assert {what for what, row in found.items() if not row["ok"]} == {"key file", "stand-in for strangers", "memberships"}
    assert found["memberships"]["found"] == "1 stand on one side only"
    assert found["stand-in for strangers"]["remedy"] == "`sijil init`"
    told_to_people = sijil("doctor")
    assert told_to_people.exit_code == 1
    assert "not ok" in told_to_people.stdout


def test_the_doctor_looks_at_what_is_not_set_up_yet(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_PORT", "18998")
    found = findings(status=1)
    assert not found["key file"]["ok"]
    assert not found["tables"]["ok"]
    monkeypatch.delenv("DATABASE_URL")
    assert findings(status=1)["database"]["found"] == "there is none"
    assert not home.exists()
