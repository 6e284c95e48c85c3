"""What an error tells is an answer too: it needs an entry, and it must not differ where nothing may be told."""

import socket
import time
from typing import Any

import pytest

from tests.api.serving import Caller, Instance, codes

STRANGER = "2516116556"
VOIDED = """query($s: SubjectInput!) {
  a: person(subject: $s, purpose: ELIGIBILITY) { address }
  b: verify(requests: [], purpose: ELIGIBILITY) { receipt } }"""


@pytest.fixture(scope="module")
def fund(attacked: Instance) -> Caller:
    return attacked.demo_agency("CNSS_DEMO").caller()


def test_a_voided_request_tells_nothing_that_was_not_recorded(attacked: Instance, fund: Caller) -> None:
    """`data` is null, but the errors of the other fields still go out: they show who is on record, free and untraced."""

    def told(idcs: str) -> tuple[Any, int]:
        before = attacked.count("ledger_entry")
        answer = fund.ask(VOIDED, {"s": {"idcs": idcs}})
        return codes(answer), attacked.count("ledger_entry") - before

    known, unknown = told(attacked.persona("match")["idcs"]), told(STRANGER)
    assert known[0] == unknown[0] or (known[1], unknown[1]) == (1, 1)


def test_members_cannot_be_counted_in_the_errors_of_a_voided_request(attacked: Instance, fund: Caller) -> None:
    code = attacked.persona("just-below-amo-tadamon")["household_code"]
    document = """query($c: String) { a: household(code: $c, purpose: ELIGIBILITY) { members { person { address } } }
      b: verify(requests: [], purpose: ELIGIBILITY) { receipt } }"""
    before = attacked.count("ledger_entry")
    answer = fund.ask(document, {"c": code})
    members = [path for _, path in codes(answer) if "members" in path]
    assert not members or attacked.count("ledger_entry") > before


def test_a_client_that_goes_away_is_no_fault_of_ours(attacked: Instance, fund: Caller) -> None:
    """Else whoever hangs up fills the log with faults and the metrics with INTERNAL."""
    before = attacked.log.read_bytes().count(b"ClientDisconnect")
    headers = "".join(f"{name}: {value}\r\n" for name, value in fund.headers().items())
    port = int(attacked.issuer.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"POST /graphql HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: 100\r\n\r\n{{".encode())
        time.sleep(0.1)  # until it is being read
    for _ in range(3):  # and until the end of it was noticed
        fund.ask("{ __typename }")
    assert attacked.log.read_bytes().count(b"ClientDisconnect") == before
