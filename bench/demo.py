"""How long a demonstration takes from its start until it says that it is ready."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from api import running

MAX_SECONDS = 600
STOP_SECONDS = 30


def command() -> Path | None:
    """The installed command `sijil`, if there is one beside this Python."""
    found = Path(sys.executable).with_name("sijil")
    return found if found.is_file() else None


def seconds_until_ready(program: Path, persons: int) -> float:
    """Of `sijil demo` in a fresh home. Raises RuntimeError, with its last words, where it ends or never gets ready."""
    with tempfile.TemporaryDirectory(prefix="sijil-bench-") as home, tempfile.TemporaryFile() as said:
        with running.bind("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        arguments = [str(program), "demo", "--no-tour", "--persons", str(persons), "--port", str(port)]
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        began = time.monotonic()
        process = subprocess.Popen(
            arguments,
            env={**environment, "SIJIL_HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            while time.monotonic() < began + MAX_SECONDS:
                if _ready(port):
                    return time.monotonic() - began
                if process.poll() is not None:
                    break
                time.sleep(0.1)
            said.seek(0)
            raise RuntimeError(f"the demonstration did not get ready: {said.read()[-500:].decode(errors='replace')}")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
