"""One server process: the service as `sijil serve` runs it, or the floor under the same HTTP server with the same settings.

It reads one JSON line from standard input (`Served`), writes its port to standard output once it answers, and ends in order
when standard input ends: so it never outlives whoever started it.
"""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import IO

import orjson
import uvicorn

from api import running
from api.edge import utc_now
from bench.raw_asgi import Raw
from core import keys, log
from core.config import Settings

START_SECONDS = 30
STOP_SECONDS = 30
COLLECT_AFTER = (1_000, 10, 10)
SERVICE, FLOOR = "sijil", "raw ASGI"


@dataclass(frozen=True, slots=True)
class Served:
    """What to serve (SERVICE or FLOOR) of the instance whose keys are in `home`."""

    kind: str
    home: str
    url: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Running:
    kind: str
    port: int
    pid: int

    @property
    def memory_mb(self) -> float:
        """What it holds in memory now (resident set), in units of 10^6 bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise RuntimeError("the server has ended")


@contextmanager
def serving(served: Served, log_file: IO[bytes]) -> Iterator[Running]:
    """A server in a process of its own, for as long as the block. Raises RuntimeError where it does not start."""
    command = [sys.executable, "-m", "bench.server"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(orjson.dumps(asdict(served)) + b"\n")
        process.stdin.flush()
        told = process.stdout.readline()
        if not told:
            log_file.seek(0)
            raise RuntimeError(f"the server ({served.kind}) did not start: {log_file.read()[-500:].decode(errors='replace')}")
        yield Running(served.kind, int(told), process.pid)
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main() -> None:
    served = Served(**orjson.loads(sys.stdin.buffer.readline()))
    Thread(target=_end_with_input, daemon=True).start()
    settings = Settings.read(home=Path(served.home))
    log.configure(settings.log_level)
    at = running.bind("127.0.0.1", 0)

    def ready() -> None:
        print(at.getsockname()[1], flush=True)

    with running.stopping_in_order():
        if served.kind == SERVICE:
            running.serve(settings, served.url, served.issuer, at, ready=ready)
            return
        gc.freeze()  # the floor is to lose no time to the collector either
        gc.set_threshold(*COLLECT_AFTER)
        raw = Raw(settings, keys.load(settings.key_file), url=served.url, issuer=served.issuer, clock=utc_now)
        config = uvicorn.Config(
            raw,
            loop="uvloop",
            http=running.PatientProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=running.MAX_CONNECTIONS,
            timeout_keep_alive=running.IDLE_SECONDS,
        )
        running.Announcing(config, ready).run([at])


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
