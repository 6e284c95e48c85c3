"""A process that runs an embedded PostgreSQL until a line or the end of its input comes, for tests that kill it.

`python embedded_parent.py '{"folder": ..., "bin_folder": ...}'` prints one line of JSON when the server
is ready, or the refusal.
"""

import json
import sys
from pathlib import Path

from core.embedded import EmbeddedPostgres
from core.embedded_account import RunAs
from core.errors import Unavailable


def main(folder: str, bin_folder: str, run_as: str | None = None, account_base: str = "/nonexistent") -> None:
    server = EmbeddedPostgres(
        Path(folder),
        bin_folder=Path(bin_folder),
        run_as=RunAs(run_as) if run_as else None,
        account_base=Path(account_base),
    )
    try:
        server.start()
    except Unavailable as refusal:
        print(json.dumps({"refusal": refusal.message}), flush=True)
        return
    print(json.dumps({"postmaster": server.pid, "url": server.url}), flush=True)
    sys.stdin.readline()
    server.stop()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
