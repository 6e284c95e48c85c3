"""`sijil import persons`, its template, and `sijil pack`, as somebody types them."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.embedded import EmbeddedPostgres
from tests.api.commanding import ask, sijil, told
from tests.identity.filing import csv_file, person_row


@pytest.fixture
def url(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A real instance without people, in a database of its own, where everybody may be enrolled."""
    name = f"importing_{os.getpid()}_{tmp_path.name}"
    ask(postgres.url, f'create database "{name}"')
    url = postgres.url.replace("@/sijil?", f"@/{name}?")
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("SIJIL_ISSUER", raising=False)
    assert sijil("keys", "init").exit_code == 0
    assert sijil("init", "--issuer", "https://sijil.example").exit_code == 0
    ask(
        url,
        "insert into opening (division, opens_on, decided_at)"
        " select code, '2026-01-01', now() from division where level = 'REGION'",
    )
    return url


def rows_of(path: Path) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def test_a_file_is_tried_enrolled_and_enrols_nobody_twice(url: str, tmp_path: Path) -> None:
    file, result = tmp_path / "people.csv", tmp_path / "result.csv"
    file.write_bytes(csv_file([person_row(1), person_row(2, birth_date="1980-02-31"), person_row(3)]))
    trial = told("import", "persons", str(file), "--check", "--to", str(result))
    assert (trial["trial"], trial["counts"]) == (True, {"ENROLLED": 2, "REFUSED": 1})
    assert ask(url, "select count(*) as n from person where status <> 'DECOY'")[0]["n"] == 0
    done = told("import", "persons", str(file), "--to", str(result), "--lang", "FR")
    assert (done["state"], done["rows"], done["counts"]) == ("DONE", 3, {"ENROLLED": 2, "REFUSED": 1})
    first, second, third = rows_of(result)
    assert (first["Ligne"], first["Résultat"], len(first["Numéro"])) == ("2", "Inscrit.", 10)
    assert (second["Colonne"], second["Code"], second["Explication"]) == (
        "Date de naissance",
        "NOT_A_DATE",
        "Ce n'est pas une date.",
    )
    assert third["Numéro"] not in ("", first["Numéro"])
    assert result.stat().st_mode & 0o077 == 0
    again = told("import", "persons", str(file))
    assert again["file"] == done["file"]
    assert ask(url, "select count(*) as n from person where status <> 'DECOY'")[0]["n"] == 2


def test_an_older_programs_file_is_taken_with_its_encoding(url: str, tmp_path: Path) -> None:
    header = ("given_name_ar", "family_name_ar", "birth_date", "sex", "nationality", "residence")
    row = {"given_name_ar": "أمينة", "family_name_ar": "بناني", "birth_date": "09/03/1984", "sex": "أنثى"}
    text = csv_file([row | {"nationality": "المغرب", "residence": "06.141"}], header).decode()
    file = tmp_path / "old.csv"
    file.write_bytes(text.encode("cp1256"))
    refused = told("import", "persons", str(file), status=sijil("import", "persons", str(file)).exit_code)
    assert "cp1256" in refused["error"]["message"]
    done = told("import", "persons", str(file), "--encoding", "windows-1256")
    assert done["counts"] == {"ENROLLED": 1}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_template_is_taken_and_its_example_is_not_enrolled(url: str, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"template.{ending}"
    assert sijil("import", "template", "--to", str(file), "--lang", "AR").exit_code == 0
    result = tmp_path / "result.csv"
    assert told("import", "persons", str(file), "--to", str(result), "--lang", "EN")["counts"] == {"REFUSED": 1}
    assert rows_of(result)[0]["Code"] == "EXAMPLE"
    assert sijil("import", "template", "--to", str(tmp_path / "x.txt")).exit_code != 0


def test_a_pack_is_signed_taken_and_taken_again_and_no_more_once_its_device_is_revoked(url: str, tmp_path: Path) -> None:
    private, jwk, pack = tmp_path / "device.pem", tmp_path / "device.json", tmp_path / "pack"
    made = told("pack", "key", "--to", str(private))
    assert private.stat().st_mode & 0o077 == 0
    jwk.write_text(json.dumps(made["jwk"]))
    kid = told("pack", "add-device", str(jwk), "--name", "Unité 7", "--division", "06")["kid"]
    assert kid == made["kid"]
    form = {name: value for name, value in person_row(1).items() if value} | {"basis": "TESTIMONY"}
    at = ask(url, "select now() - interval '1 minute' as at")[0]["at"].isoformat()
    (tmp_path / "requests.jsonl").write_text(json.dumps({"at": at, "form": form}) + "\n")
    assert told("pack", "sign", str(tmp_path / "requests.jsonl"), "--key", str(private), "--to", str(pack))["requests"] == 1
    assert told("pack", "take", str(pack))["counts"] == {"SUBMITTED": 1}
    # Signed again it is another pack of the same request.
    told("pack", "sign", str(tmp_path / "requests.jsonl"), "--key", str(private), "--to", str(pack))
    assert told("pack", "take", str(pack))["counts"] == {"THERE_ALREADY": 1}
    told("pack", "revoke-device", kid)
    refused = sijil("pack", "take", str(pack), "--json")
    assert refused.exit_code != 0
    assert "revoked" in refused.stdout
    assert ask(url, "select count(*) as n from enrolment")[0]["n"] == 1


def test_an_agencys_file_is_linked_at_the_machine_until_two_people_can_agree_to_it(url: str, tmp_path: Path) -> None:
    file, result = tmp_path / "old.csv", tmp_path / "linked.csv"
    file.write_text("reference,cnie,given_name,family_name,birth_date\nr1,QX100001,Karim,Bennani,1957\n")
    command = ("link", str(file), "--agency", "CNSS", "--purpose", "ELIGIBILITY", "--to", str(result))
    assert told(*command, status=sijil(*command).exit_code)["error"]["code"] == "NOT_FOUND"
    assert not result.exists()
    assert ask(url, "select count(*) as n from person_file")[0]["n"] == 0
