"""The limits of the wire: how long a request's head may be, and how long it may take to come."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import running
from core.errors import Unavailable


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits a short time only."""
    monkeypatch.setattr(running, "ARRIVAL_SECONDS", 0.5)

    async def echo(request: Request) -> Response:
        return Response(await request.body())

    config = uvicorn.Config(
        Starlette(routes=[Route("/", echo, methods=["POST"])]), http=running.PatientProtocol, log_config=None, ws="none"
    )
    server, at = uvicorn.Server(config), running.bind("127.0.0.1", 0)
    port = int(at.getsockname()[1])
    thread = threading.Thread(target=server.run, args=([at],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(10)


def answer_to(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """All that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        for part in parts:
            wire.sendall(part)
            time.sleep(pause)
        return b"".join(iter(lambda: wire.recv(65536), b""))


HEAD = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\n\r\n"


def test_a_request_that_comes_in_time_is_answered(patient: int) -> None:
    assert answer_to(patient, HEAD[:20], HEAD[20:], b"ab", b"cd", pause=0.05).endswith(b"\r\n\r\nabcd")


def test_a_request_that_does_not_come_whole_in_time_is_cut_off(patient: int) -> None:
    began = time.monotonic()
    assert answer_to(patient) == b""
    assert answer_to(patient, HEAD[:20]) == b""
    assert answer_to(patient, HEAD, b"ab") == b""
    assert time.monotonic() - began < 8


def test_a_drip_of_bytes_does_not_prolong_the_time(patient: int) -> None:
    drops = [bytes([byte]) for byte in HEAD * 10]
    began = time.monotonic()
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        answer_to(patient, *drops, pause=0.1)
    assert time.monotonic() - began < 5


def test_a_head_that_is_too_long_is_refused(patient: int) -> None:
    many = b"".join(b"x-%d: %s\r\n" % (number, b"y" * 1000) for number in range(40))
    assert answer_to(patient, HEAD[:-2] + many).startswith(b"HTTP/1.1 400 ")
    assert answer_to(patient, b"POST / HTTP/1.1\r\nx: " + b"y" * 40_000).startswith(b"HTTP/1.1 400 ")


def test_a_connection_serves_request_after_request(patient: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{patient}") as client:
        for number in range(3):
            assert client.post("/", content=b"z" * (number * 100_000)).content == b"z" * (number * 100_000)
            time.sleep(0.7)  # longer than a request may take, between two


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(Unavailable):
        running.bind("192.0.2.1", 8000)
