"""One server process of the service, for tests: `serving_child.py KEY_FILE DATABASE_URL ISSUER SECONDS`, socket at fd 3.

SECONDS shift its clock. It ends when its standard input does, so that it never outlives the tests.
"""

import os
import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from api.app import build
from core import keys
from core.config import Settings


def main(key_file: str, database_url: str, issuer: str, seconds: str) -> None:
    shift = timedelta(seconds=int(seconds))
    app = build(
        Settings(connections=4, storage=Path(key_file).with_name("files")),
        keys.load(Path(key_file)),
        database_url=database_url,
        issuer=issuer,
        clock=lambda: datetime.now(UTC) + shift,
    )
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on"))

    def watch() -> None:
        while os.read(0, 1):
            pass
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    server.run(sockets=[socket.socket(fileno=3)])


main(*sys.argv[1:])
