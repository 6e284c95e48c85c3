"""The demonstration and `sijil serve` as processes of their own, reached over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess

from api import running
from api.demo.client import AgencyClient
from api.running import check_issuer
from core.errors import Invalid, Unauthenticated
from tests.api.commanding import NEWEST

ROOT = Path(__file__).resolve().parents[2]
PERSONS = 300
STEPS = 7
START_SECONDS = 60
CATALOGUE = "{ catalogue { name } }"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A command that is running; `lines` are the documents it has printed."""

    process: "subprocess.Popen[str]"
    lines: list[dict[str, Any]] = field(default_factory=list)

    def next(self) -> dict[str, Any]:
        """Its next document."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it has ended with {self.process.wait()}"
        self.lines.append(json.loads(line))
        return self.lines[-1]

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status after that signal."""
        self.process.send_signal(sign)
        status = self.process.wait(START_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@contextmanager
def sijil(home: Path, *arguments: str) -> Iterator[Running]:
    """The command in a process of its own, which ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"SIJIL_HOME": str(home)},
    )
    running_ = Running(process)
    try:
        yield running_
    finally:
        if process.poll() is None:
            running_.end()


def once(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and answer of a command that ends by itself."""
    with sijil(home, *arguments) as command:
        answer = command.next()
        return command.process.wait(START_SECONDS), answer


def demo(home: Path, port: int, *more: str) -> Any:
    return sijil(home, "demo", "--persons", str(PERSONS), "--port", str(port), *more)


@dataclass
class Demonstration:
    home: Path
    port: int
    document: dict[str, Any]

    def client(self, port: int | None = None) -> AgencyClient:
        """The first agency, asking at that port."""
        base_url = f"http://127.0.0.1:{port or self.port}"
        return AgencyClient(base_url, self.document["agencies"][0], issuer=self.document["issuer"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demonstration that was set up, toured, and then killed."""
    home, port = tmp_path_factory.mktemp("demo") / "demo", free_port()
    with demo(home, port) as first:
        ready, toured = first.next(), first.next()
        assert ready["ready"] is True
        assert [(step["step"], step["ok"]) for step in toured["steps"] if not step["ok"]] == []
        assert len(toured["steps"]) == STEPS
        first.end(signal.SIGKILL)
    return home


@pytest.fixture(scope="module")
def running_demo(home: Path) -> Iterator[Demonstration]:
    """The same, started again."""
    before = {name: (home / name).read_bytes() for name in ("keys.json", "demo.json")}
    port = json.loads(before["demo.json"])["base_url"].rpartition(":")[2]
    with demo(home, int(port), "--no-tour") as again:
        ready = again.next()
        assert ready["seconds"] < 5
        assert {name: (home / name).read_bytes() for name in before} == before
        yield Demonstration(home, int(port), json.loads(before["demo.json"]))
        assert again.end() == 0


# --- the demonstration


def test_a_demonstration_has_everything_one_needs_to_play_with_it(home: Path) -> None:
    document = json.loads((home / "demo.json").read_text())
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "demo.json").stat().st_mode & 0o777 == (home / "keys.json").stat().st_mode & 0o777 == 0o600
    assert document["base_url"] == document["issuer"]
    assert document["persons"] == PERSONS
    assert {agency["code"] for agency in document["agencies"]} == {"CNSS_DEMO", "GRANTS_DEMO"}
    assert len(document["administrators"]) == 2
    assert len({administrator["password"] for administrator in document["administrators"]}) == 2
    assert len(document["citizens"]) == 10
    assert all(citizen["telephone"].startswith("+212") for citizen in document["citizens"])
    assert len(document["personas"]) == 14
    assert len(document["subjects"]) >= 150


def test_after_it_was_killed_it_serves_the_same_people_under_the_same_keys(running_demo: Demonstration) -> None:
    status, toured = once(running_demo.home, "demo", "tour")
    assert (status, toured["ok"], len(toured["steps"])) == (0, True, STEPS)


def test_the_tour_fails_where_an_answer_is_not_as_expected(running_demo: Demonstration, tmp_path: Path) -> None:
    document = json.loads(json.dumps(running_demo.document))
    match = next(persona for persona in document["personas"] if persona["name"] == "match")
    match["attributes"]["person.given_name"] = "Inconnu"
    (tmp_path / "demo.json").write_text(json.dumps(document))
    status, toured = once(tmp_path, "demo", "tour")
    assert status == 1
    assert [step["ok"] for step in toured["steps"]] == [True, False, True, True, True, True, True]


def test_a_demonstration_that_does_not_run_cannot_be_toured(tmp_path: Path) -> None:
    status, answer = once(tmp_path, "demo", "tour")
    assert (status, answer["error"]["code"]) == (20, "UNAVAILABLE")


def test_a_port_that_is_taken_is_refused_at_once(running_demo: Demonstration) -> None:
    status, answer = once(running_demo.home, "serve", "--port", str(running_demo.port))
    assert (status, answer["error"]["code"]) == (20, "UNAVAILABLE")
    assert str(running_demo.port) in answer["error"]["message"]


def test_commands_work_beside_a_running_server(running_demo: Demonstration) -> None:
    status, answer = once(running_demo.home, "agency", "list")
    assert status == 0
    assert {row["code"]: row["agency_id"] for row in answer["agencies"]} == {
        agency["code"]: agency["client_id"] for agency in running_demo.document["agencies"]
    }


def test_a_receipt_is_checked_with_the_keys_at_their_address(running_demo: Demonstration) -> None:
    jwks = f"http://127.0.0.1:{running_demo.port}/.well-known/jwks.json"
    document = "query ($r: [EligibilityRequest!]!) { eligibility(requests: $r, purpose: ELIGIBILITY) { answers { receipt } } }"
    idcs = running_demo.document["subjects"][0]["idcs"]
    with running_demo.client() as client:
        body = client.query(document, {"r": [{"subject": {"idcs": idcs}, "programme": "ASD"}]})
    receipt = body["data"]["eligibility"]["answers"][0]["receipt"]
    status, answer = once(running_demo.home, "verify-receipt", receipt, "--jwks", jwks)
    assert (status, answer["valid"]) == (0, True)


# --- several servers of one instance


def test_what_was_used_at_one_server_is_refused_at_another(running_demo: Demonstration) -> None:
    port = free_port()
    with sijil(running_demo.home, "serve", "--port", str(port)) as second:
        assert second.next()["issuer"] == running_demo.document["issuer"]
        with running_demo.client() as here, running_demo.client(port) as there:
            headers = here.fresh_headers()
            assert here.send(CATALOGUE, headers=headers).status_code == 200
            refused = there.send(CATALOGUE, headers=headers)
            assert refused.status_code == 401
            assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assertion = there.prover.assertion(datetime.now(UTC))
            assert there.ask_token(assertion).status_code == 200
            assert here.ask_token(assertion).status_code == 401
        assert second.end() == 0


def test_several_workers_share_a_port_and_none_outlives_a_killed_parent(running_demo: Demonstration) -> None:
    port = free_port()
    with sijil(running_demo.home, "serve", "--port", str(port), "--workers", "2") as served:
        assert served.next()["workers"] == 2
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
        workers = children(served.process.pid)
        assert len(workers) >= 2
        served.end(signal.SIGKILL)
        assert gone(workers)


def test_several_workers_end_in_order_with_their_parent(running_demo: Demonstration) -> None:
    port = free_port()
    with sijil(running_demo.home, "serve", "--port", str(port), "--workers", "2") as served:
        served.next()
        workers = children(served.process.pid)
        assert served.end() == 0
        assert gone(workers)


def test_workers_that_begin_late_are_told_of_all_the_same_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False, True, False, True, True])
    waited: list[float] = []
    told: list[bool] = []

    class Worker:
        def wait_until_ready(self, seconds: float, _: threading.Event) -> bool:
            waited.append(seconds)
            return next(answers)

    for name in ("__init__", "init_processes", "keep_subprocess_alive"):
        monkeypatch.setattr(Multiprocess, name, lambda *_: None)
    supervisor = running._Supervisor(uvicorn.Config("nothing"), [], lambda: told.append(True))
    supervisor.processes = [Worker(), Worker()]  # type: ignore[list-item]
    supervisor.should_exit = threading.Event()
    supervisor.init_processes()
    supervisor.keep_subprocess_alive()
    assert told == []
    for _ in range(3):
        supervisor.keep_subprocess_alive()
    assert told == [True]
    assert waited == [running.START_SECONDS] * 2 + [running.LOOK_SECONDS] * 4


def children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def gone(processes: list[int]) -> bool:
    """Whether all of them end within some seconds."""
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{process}/exe").exists() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(Path(f"/proc/{process}/exe").exists() for process in processes)


def test_an_answer_in_flight_goes_out_before_a_server_ends(running_demo: Demonstration) -> None:
    port = free_port()
    with sijil(running_demo.home, "serve", "--port", str(port)) as served:
        served.next()
        body = json.dumps({"query": CATALOGUE}).encode()
        with running_demo.client(port) as client, socket.create_connection(("127.0.0.1", port)) as wire:
            headers = {**client.fresh_headers(), "host": "localhost", "content-length": str(len(body))}
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            wire.sendall(f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + body[:10])
            # A second request, answered, shows that the first has been taken up.
            httpx.get(f"http://127.0.0.1:{port}/health/live").raise_for_status()
            served.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}/health/live")
            wire.sendall(body[10:])
            wire.settimeout(20)
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"person.birth_date" in answer
        assert served.process.wait(START_SECONDS) == 0


# --- the client


def test_a_client_keeps_its_token_and_each_request_has_a_proof_of_its_own(running_demo: Demonstration) -> None:
    with running_demo.client() as client:
        assert client.token() == client.token()
        first, second = client.fresh_headers(), client.fresh_headers()
        assert first["authorization"] == second["authorization"]
        assert first["dpop"] != second["dpop"]
        assert "errors" not in client.query(CATALOGUE)


def test_a_client_without_a_registered_key_gets_no_token(running_demo: Demonstration) -> None:
    first, second = running_demo.document["agencies"]
    with (
        AgencyClient(running_demo.document["base_url"], {**first, "kid": second["kid"]}) as client,
        pytest.raises(Unauthenticated),
    ):
        client.query(CATALOGUE)


def test_a_client_asks_many_questions_at_once(running_demo: Demonstration) -> None:
    with running_demo.client() as client, ThreadPoolExecutor(10) as threads:
        client.token()
        answers = list(threads.map(client.query, [CATALOGUE] * 20))
    assert len(answers) == 20
    assert all("errors" not in answer for answer in answers)


def test_a_refusal_of_the_whole_request_is_raised_as_what_it_is(running_demo: Demonstration) -> None:
    with running_demo.client() as client, pytest.raises(Invalid):
        client.query("{ nothing }")


# --- what changes at a start


def test_another_port_makes_another_issuer_and_what_is_lost_or_half_made_is_made_anew(tmp_path: Path) -> None:
    home, first, second = tmp_path / "demo", free_port(), free_port()
    with sijil(home, "demo", "--persons", "5", "--port", str(first), "--no-tour") as command:
        command.next()
        command.end()
    before = json.loads((home / "demo.json").read_text())
    with sijil(home, "demo", "--persons", "9", "--port", str(second)) as command:
        assert command.next()["persons"] == 5
        assert command.next()["ok"] is True
        command.end()
    moved = json.loads((home / "demo.json").read_text())
    assert moved == {**before, "base_url": f"http://localhost:{second}", "issuer": f"http://localhost:{second}"}
    (home / "demo.json").unlink()
    with sijil(home, "demo", "--persons", "9", "--port", str(second)) as command:
        assert command.next()["error"]["code"] == "CONFLICT"
        assert command.process.wait(START_SECONDS) == 15
    with sijil(home, "demo", "--persons", "9", "--port", str(second), "--fresh") as command:
        assert command.next()["persons"] == 9
        assert command.next()["ok"] is True
        command.end()
    (home / "loading").touch()
    with sijil(home, "demo", "--persons", "7", "--port", str(second), "--no-tour") as command:
        assert command.next()["persons"] == 7
        assert not (home / "loading").exists()


def test_the_database_is_run_by_hand_and_reached_beside_it(tmp_path: Path) -> None:
    with sijil(tmp_path / "home", "db", "up") as command:
        reached = command.next()
        assert Path(reached["host"], f".s.PGSQL.{reached['port']}").is_socket()
        assert once(tmp_path / "home", "db", "migrate")[1]["to"] == NEWEST
        status, answer = once(tmp_path / "home", "db", "up")
        assert (status, answer["error"]["code"]) == (20, "UNAVAILABLE")
        assert command.end() == 0
    assert once(tmp_path / "home", "db", "check")[1]["ok"] is True


@pytest.mark.parametrize(
    ("issuer", "mark"),
    [
        ("https://sijil.example.org", ""),
        ("https://sijil.example.org:8443", ""),
        ("http://localhost:8000", "demo"),
    ],
)
def test_an_issuer_of_its_kind_is_taken(issuer: str, mark: str) -> None:
    check_issuer(issuer, mark)


@pytest.mark.parametrize(
    ("issuer", "mark"),
    [
        ("https://sijil.example.org", "demo"),
        ("http://sijil.example.org", "demo"),
        ("https://localhost:8000", "demo"),
        ("http://localhost:8000", ""),
        ("https://sijil.example.org/", ""),
        ("https://sijil.example.org?x", ""),
        ("https://me@sijil.example.org", ""),
        ("", ""),
        ("sijil.example.org", ""),
    ],
)
def test_an_issuer_of_the_other_kind_is_refused(issuer: str, mark: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_issuer(issuer, mark)
    assert refusal.value.path == ("issuer",)


def test_a_database_that_was_killed_is_there_again_without_anybodys_help(home: Path) -> None:
    port = free_port()
    with demo(home, port, "--no-tour") as running:
        assert running.next()["ready"] is True
        (postmaster,) = (int(line) for line in (home / "postgresql/data/postmaster.pid").read_text().splitlines()[:1])
        os.kill(postmaster, signal.SIGKILL)
        health = f"http://127.0.0.1:{port}/health/ready"
        until = time.monotonic() + START_SECONDS
        while (answer := httpx.get(health, timeout=START_SECONDS)).status_code != 200:
            assert time.monotonic() < until, answer.text
            time.sleep(0.2)
        assert (home / "postgresql/data/postmaster.pid").read_text().splitlines()[0] != str(postmaster)
