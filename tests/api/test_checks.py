import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from access import receipts
from access.consent_receipts import sign_receipt
from core import keys
from tests.access.consenting import GRANT, NOTICE, chain, request
from tests.api.commanding import sijil, told

ISSUER = "https://sijil.example.org"
AT = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)


def test_the_schema_is_written_and_a_change_that_breaks_clients_is_named(tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    told("schema", "--to", str(file))
    assert told("schema", "--check", "--to", str(file))["ok"] is True
    written = file.read_text()
    assert sijil("schema", "--to", "-").stdout == written
    file.write_text(written.replace("type Query {", "type Query {\n  gone: Int\n", 1))
    found = told("schema", "--check", "--to", str(file), status=1)
    assert found["ok"] is False
    assert [change.partition(":")[0] for change in found["breaking"]] == ["FIELD_REMOVED"]
    file.write_text(written + "\n")
    assert told("schema", "--check", "--to", str(file), status=1)["breaking"] == []


@pytest.fixture
def receipt(tmp_path: Path) -> tuple[str, str]:
    """A receipt, and the file of the published keys."""
    ring = keys.create(tmp_path / "signing" / "keys.json", mark="", at=AT)
    agency = UUID(int=7)
    rows = [
        {"agency": str(agency), "as_of": AT.isoformat(timespec="microseconds"), "confirmed": each} for each in (True, False)
    ]
    signed = receipts.sign(rows, agency=agency, issuer=ISSUER, at=AT, key=ring.signer)
    (tmp_path / "jwks.json").write_text(json.dumps(ring.jwks()))
    return signed.receipt(0), str(tmp_path / "jwks.json")


def test_a_good_receipt_shows_what_it_proves(receipt: tuple[str, str]) -> None:
    text, jwks = receipt
    answer = told("verify-receipt", text, "--jwks", jwks)
    assert (answer["valid"], answer["row"]["confirmed"]) == (True, True)
    piped = sijil("verify-receipt", "-", "--jwks", jwks, "--json", input=text + "\n")
    assert json.loads(piped.stdout) == answer


def test_a_tampered_receipt_or_other_keys_prove_nothing(receipt: tuple[str, str], tmp_path: Path) -> None:
    text, jwks = receipt
    parts = text.split("~")
    swapped = "~".join((parts[0], parts[1], "1", *parts[3:]))
    another = keys.create(tmp_path / "other" / "keys.json", mark="", at=AT)
    (tmp_path / "other.json").write_text(json.dumps(another.jwks()))
    for wrong, published in ((swapped, jwks), (text[:-1], jwks), ("", jwks), (text, str(tmp_path / "other.json"))):
        assert told("verify-receipt", wrong, "--jwks", published, status=14)["error"]["code"] == "INVALID"


def test_a_receipt_of_a_consent_shows_what_was_agreed_to(tmp_path: Path) -> None:
    ring = keys.create(tmp_path / "signing" / "keys.json", mark="", at=AT)
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(ring.jwks()))
    granted = chain(request(), [GRANT])[-1]
    text = sign_receipt(granted, NOTICE, issuer=ISSUER, key=ring.signer)
    answer = told("verify-receipt", text, "--jwks", str(jwks))
    assert answer["valid"] is True
    assert answer["consent"]["record"] == granted.document
    assert answer["consent"]["record"]["pii_granted"] == sorted(GRANT.granted)
    assert "row" not in answer
    header, payload, signature = text.split(".")
    for wrong in (f"{header}.{payload[:-2]}AA.{signature}", f"{header}.{payload}", text + "~", text + "A"):
        assert told("verify-receipt", wrong, "--jwks", str(jwks), status=14)["error"]["code"] == "INVALID"
