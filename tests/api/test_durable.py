"""Where an answer cannot be recorded there is no answer, and that is said soon."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access.instance import create_instance
from api.demo.load import load
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import create
from core.settlement import Settler
from migrations.run import migrate
from tests.api.serving import VERIFY, Agency, Backstage, Caller, Instance, codes, listening, request_of

SOON_SECONDS = 3.0


def unavailable(caller: Caller, document: str, **variables: object) -> None:
    began = time.monotonic()
    answer = caller.ask(document, variables)
    assert time.monotonic() - began < SOON_SECONDS
    assert answer.status_code == 503, answer.text
    assert codes(answer) == [("UNAVAILABLE", ())]
    assert "data" not in answer.json()


def test_without_a_writer_there_is_no_answer(served: Instance, fund: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Settler] = []
    start = Settler.start

    def start_and_tell(self: Settler) -> None:
        started.append(self)
        start(self)

    monkeypatch.setattr(Settler, "start", start_and_tell)
    row = request_of(served.subject(0), "given_name")
    with served.serve_here() as base:
        caller = fund.caller(base=base)
        assert caller.verify([row])[0]["confirmed"] is True

        async def stop() -> None:
            await started[0].stop()

        before = served.count("ledger_entry")
        served.backstage.run(stop())
        unavailable(caller, VERIFY, r=[row], p="IDENTITY_PROOFING")
        unavailable(caller, "{ me { code } }")
        assert caller.ask_token().status_code == 503
        assert caller.ask_token().json()["error"] == "temporarily_unavailable"
        assert served.count("ledger_entry") == before


@pytest.fixture
def mortal(backstage: Backstage, tmp_path: Path) -> Iterator[tuple[Instance, EmbeddedPostgres]]:
    """A served instance whose database server is its own."""
    with EmbeddedPostgres(tmp_path / "postgres", settings={"shared_buffers": "32MB"}) as server, listening() as listener:
        issuer = f"http://localhost:{listener.getsockname()[1]}"
        keys = create(tmp_path / "keys.json", mark="", at=datetime.now(UTC))
        instance = Instance(backstage, server.url, tmp_path / "keys.json", keys, issuer, timedelta(), tmp_path / "log")
        backstage.run(_set_up(instance.database, instance))
        with instance.serve(listener):
            yield instance, server
        backstage.run(instance.database.close())


async def _set_up(database: Database, instance: Instance) -> None:
    call = instance.call()
    await migrate(database.engine)
    async with database.begin() as connection:
        await create_instance(connection, call, instance.keys, mark="", issuer=instance.issuer)
    loaded = await load(database, instance.keys, call, persons=5, seed=1, communes=(), progress=lambda done, of: None)
    instance.document |= loaded.document


def test_without_its_database_there_is_no_answer_and_with_it_again_there_is(
    mortal: tuple[Instance, EmbeddedPostgres],
) -> None:
    instance, server = mortal
    caller = instance.demo_agency("CNSS_DEMO").caller()
    row = request_of(instance.persona("match"), "given_name")
    assert caller.verify([row])[0]["confirmed"] is True
    entries = instance.count("ledger_entry")
    os.kill(server.pid, signal.SIGKILL)
    while server.alive:
        time.sleep(0.05)
    for _ in range(3):
        unavailable(caller, VERIFY, r=[row], p="IDENTITY_PROOFING")
    unavailable(caller, "{ me { code } }")
    refused = caller.ask_token()
    assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
    assert caller.http.get("/health/live").status_code == 200
    ready = caller.http.get("/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    server.start()
    assert caller.verify([row])[0]["confirmed"] is True
    assert caller.http.get("/health/ready").json() == {"ready": True}
    assert instance.count("ledger_entry") == entries + 1
    assert row["subject"]["idcs"].encode() not in instance.log.read_bytes()


def test_a_connection_that_the_database_ended_is_not_the_end_of_the_service(served: Instance, cnss: Caller) -> None:
    row = request_of(served.subject(0), "given_name")
    for _ in range(30):
        served.sql(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()"""
        )
        answer = cnss.ask(VERIFY, {"r": [row], "p": "IDENTITY_PROOFING"})
        assert answer.status_code in (200, 503), answer.text
    assert cnss.verify([row])[0]["confirmed"] is True
