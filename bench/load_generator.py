"""The client, a process of its own: keep-alive connections that ask, wait for the whole answer, look at it, and ask again.

Each request carries an access token and a DPoP proof of its own, signed before the window it is used in. It reads one JSON
document from standard input (`Order`), and writes one to standard output (`Outcome`).
"""

import asyncio
import json
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import cycle
from typing import cast
from uuid import uuid4

import orjson
import uvloop
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

FIRST_PROOFS = 2_000  # of the warm-up, which also shows how many the window will need
SPARE = 1.5
SETTLING_SECONDS = 0.2  # after the signing, before anything counts
ECDSA_SHA256 = ECDSA(SHA256())


@dataclass(frozen=True, slots=True)
class Order:
    port: int
    path: str
    issuer: str  # proofs are for the public address of the path
    token: str
    key_pem: str
    bodies: Sequence[str]
    mark: str
    marks: int  # how often a right answer holds the mark
    clients: int
    warm_up_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the window only. `wrong`: answers that were not right, in the warm-up too; `sample`: the first of them, cut short."""

    requests: int
    per_second: float
    median_ms: float
    p95_ms: float
    wrong: int
    sample: str


class Prover:
    """Makes DPoP proofs (RFC 9449, ES256) for one request target and one access token."""

    def __init__(self, key: EllipticCurvePrivateKey, token: str, url: str) -> None:
        self._key = key
        numbers = key.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": _text64(numbers.x.to_bytes(32)), "y": _text64(numbers.y.to_bytes(32))}
        self._header = _text64(orjson.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}))
        self._same = {"htm": "POST", "htu": url, "ath": _text64(sha256(token.encode()).digest())}

    def proof(self, at: float) -> str:
        """A fresh one, issued at that instant (seconds since the epoch)."""
        payload = _text64(orjson.dumps({**self._same, "jti": uuid4().hex, "iat": int(at)}))
        signed = f"{self._header}.{payload}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ECDSA_SHA256))
        return f"{signed}.{_text64(r.to_bytes(32) + s.to_bytes(32))}"


class _Phase:
    """One run of all connections until the deadline, or until there is no proof left."""

    def __init__(self, heads: Sequence[bytes], bodies: Iterator[tuple[bytes, bytes]], deadline: float) -> None:
        self.heads, self.bodies, self.deadline = iter(heads), bodies, deadline
        self.answered: list[tuple[float, float]] = []  # when, and after how many seconds
        self.busy = 0
        self.ended = asyncio.Event()


class _Client(asyncio.Protocol):
    """One connection. HTTP/1.1 as far as these servers speak it: every answer has a content-length."""

    def __init__(self, mark: bytes, marks: int) -> None:
        self._mark, self._marks = mark, marks
        self._phase: _Phase | None = None
        self._received = bytearray()
        self._whole = 0
        self._asked = 0.0
        self.wrong = 0
        self.sample = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own does not inherit from it

    def run(self, phase: _Phase) -> None:
        self._phase = phase
        phase.busy += 1
        self._ask(phase)

    def _ask(self, phase: _Phase) -> None:
        head = None if time.monotonic() >= phase.deadline else next(phase.heads, None)
        if head is None:
            self._end(phase)
            return
        length, body = next(phase.bodies)
        self._asked = time.monotonic()
        self._transport.writelines((head, length, body))

    def _end(self, phase: _Phase) -> None:
        self._phase = None
        phase.busy -= 1
        if not phase.busy:
            phase.ended.set()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._whole:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(received[:end]).lower()
            start = head.index(b"content-length:") + 15
            stop = head.find(b"\r\n", start)
            self._whole = end + 4 + int(head[start : stop if stop > 0 else end])
        if len(received) < self._whole:
            return
        now = time.monotonic()
        right = received.startswith(b"HTTP/1.1 200") and received.count(self._mark) == self._marks
        if not right or b'"errors"' in received:
            self.wrong += 1
            self.sample = self.sample or bytes(received[:600]).decode(errors="replace")
        received.clear()
        self._whole = 0
        phase = self._phase
        assert phase is not None
        phase.answered.append((now, now - self._asked))
        self._ask(phase)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._phase is not None:
            self.wrong += 1
            self.sample = self.sample or f"the connection was lost: {exc}"
            self._end(self._phase)


async def generate(order: Order) -> Outcome:
    key = load_pem_private_key(order.key_pem.encode(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    prover = Prover(key, order.token, order.issuer + order.path)
    start = (
        f"POST {order.path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
        f"Authorization: DPoP {order.token}\r\nDPoP: "
    ).encode()
    bodies = cycle([(b"\r\nContent-Length: %d\r\n\r\n" % len(body), body) for body in map(str.encode, order.bodies)])
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(order.clients):
        _, client = await loop.create_connection(lambda: _Client(order.mark.encode(), order.marks), "127.0.0.1", order.port)
        clients.append(client)

    async def phase(proofs: int, seconds: float) -> _Phase:
        heads = [start + prover.proof(time.time()).encode() for _ in range(proofs)]
        run = _Phase(heads, bodies, time.monotonic() + seconds)
        for client in clients:
            client.run(run)
        await run.ended.wait()
        return run

    warm_up = await phase(FIRST_PROOFS, order.warm_up_seconds)
    times = [when for when, _ in warm_up.answered]
    per_second = len(times) / max(times[-1] - times[0], 0.1) if times else 1
    seconds = SETTLING_SECONDS + order.seconds
    window = await phase(int(per_second * seconds * SPARE) + 4 * order.clients, seconds)
    return _outcome(window, clients)


def _outcome(window: _Phase, clients: Sequence[_Client]) -> Outcome:
    """Time runs from the first answer after the settling to the last before the deadline."""
    wrong = sum(client.wrong for client in clients)
    sample = next((client.sample for client in clients if client.sample), "")
    times = [when for when, _ in window.answered]
    counted = [(when, waited) for when, waited in window.answered if times[0] + SETTLING_SECONDS <= when <= window.deadline]
    if len(counted) < 2:
        return Outcome(len(counted), 0.0, 0.0, 0.0, wrong, sample or "hardly any answer came within the window")
    waits = sorted(waited for _, waited in counted)
    return Outcome(
        requests=len(counted),
        per_second=(len(counted) - 1) / (counted[-1][0] - counted[0][0]),
        median_ms=1000 * waits[len(waits) // 2],
        p95_ms=1000 * waits[len(waits) * 95 // 100],
        wrong=wrong,
        sample=sample,
    )


def _text64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    json.dump(asdict(uvloop.run(generate(Order(**orjson.loads(sys.stdin.buffer.read()))))), sys.stdout)
