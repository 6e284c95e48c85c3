"""The floor that the service is measured against does the service's job, and results have the form that they promise."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from access import receipts
from api import app
from bench import report
from bench.instance import Asked, Population, populate
from bench.jobs import HOUSEHOLD, PERSON, VERIFY, household_job, person_job, verify_job, verify_request
from bench.load_generator import Prover
from bench.raw_asgi import Raw
from bench.report import HERE, Line, Result, Setting
from bench.run import NAMES
from core.config import Settings
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing
from identity.numbers import issue
from tests.access.enrolled import NOW
from tests.conftest import empty

ISSUER = "http://localhost:8000"
NOBODY = issue(b"another key" * 2 + b"of 32 byte", 0, 1)[0][0].text  # well-formed


@dataclass(frozen=True)
class Both:
    """The service and the floor over one population, at one fixed instant."""

    service: httpx.AsyncClient
    floor: httpx.AsyncClient
    population: Population
    token: str
    now: datetime

    async def ask(self, client: httpx.AsyncClient, path: str, body: dict[str, Any], proof: str | None = None) -> httpx.Response:
        proof = proof or self.proof(path)
        return await client.post(path, json=body, headers={"authorization": f"DPoP {self.token}", "dpop": proof})

    def proof(self, path: str) -> str:
        return Prover(self.population.asker.key, self.token, ISSUER + path).proof(self.now.timestamp())

    async def verify(self, *requests: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the service and the floor say."""
        body = {"requests": list(requests), "purpose": "IDENTITY_PROOFING"}
        mine = await self.ask(self.service, "/graphql", {"query": VERIFY, "variables": {"requests": list(requests)}})
        raw = await self.ask(self.floor, "/verify", body)
        assert (mine.status_code, raw.status_code) == (200, 200), raw.text
        return mine.json()["data"]["verify"], raw.json()["data"]["verify"]


@pytest.fixture(scope="module")
async def population(database: Database, keys: KeyRing) -> Population:
    """Put there once: the tests of this module write down nothing but what answers leave behind."""
    await empty(database)
    return await populate(database, keys, persons=60, issuer=ISSUER, now=NOW, sample=5)


@pytest.fixture
async def both(
    postgres: EmbeddedPostgres, database: Database, population: Population, keys: KeyRing, now: datetime
) -> AsyncIterator[Both]:
    await database.ask("truncate counter, ledger_entry, replay")
    settings = Settings(connections=2, jobs=False)
    service = app.build(settings, keys, database_url=postgres.url, issuer=ISSUER, clock=lambda: now)
    floor = Raw(settings, keys, url=postgres.url, issuer=ISSUER, clock=lambda: now)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(service.router.lifespan_context(service))
        await stack.enter_async_context(floor.running())
        applications: tuple[Any, Any] = service, floor
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(transport=httpx.ASGITransport(each), base_url=ISSUER))
            for each in applications
        ]
        yield Both(clients[0], clients[1], population, population.asker.token(keys, ISSUER, now), now)


def claims_of(asked: Asked, what: str) -> dict[str, Any]:
    given, family, born = asked.values
    values = {
        "true": asked.values,
        "swapped": (family, given, born),
        "another name": ("Zorglub", family, born),
        "another day": (given, family, "1931-01-01"),
        "nobody": asked.values,
    }[what]
    request = verify_request(asked, values=values)
    return request | {"subject": {"idcs": NOBODY}} if what == "nobody" else request


@pytest.mark.parametrize("what", ["true", "swapped", "another name", "another day", "nobody"])
async def test_the_floor_answers_claims_as_the_service_does(both: Both, keys: KeyRing, what: str) -> None:
    mine, raw = await both.verify(claims_of(both.population.asked[0], what))
    signed = [receipts.verify(said["answers"][0].pop("receipt"), keys.jwks()) for said in (mine, raw)]
    assert mine["answers"] == raw["answers"]
    assert mine["answers"][0]["confirmed"] is (what == "true")
    rows = [{name: value for name, value in row.items() if name != "entry"} for row in signed]
    assert rows[0] == rows[1]


async def test_a_batch_is_answered_row_by_row_in_the_same_order(both: Both) -> None:
    people = both.population.asked
    mine, raw = await both.verify(
        *(claims_of(each, what) for each, what in zip(people, ["true", "another name"] * 2, strict=False))
    )
    assert [answer["confirmed"] for answer in raw["answers"]] == [True, False, True, False]
    for answer in (*mine["answers"], *raw["answers"]):
        del answer["receipt"]
    assert mine["answers"] == raw["answers"]


async def test_both_leave_the_same_behind(both: Both, database: Database) -> None:
    counted = "select owner_id, kind, used from counter order by owner_id, kind"
    mine, raw = await both.verify(claims_of(both.population.asked[0], "another name"))
    assert not mine["answers"][0]["confirmed"]
    assert not raw["answers"][0]["confirmed"]
    assert [row["used"] for row in await database.ask(counted)] == [2, 2, 2]  # failures by subject, by agency; points
    leaves = [json.loads(row["leaf"]) for row in await database.ask("select leaf from ledger_entry")]
    own = {"id", "request", "subject", "basis", "uses", "answer"}  # ids, and commitments under a salt of their own
    told = [{name: value for name, value in leaf.items() if name not in own} for leaf in leaves]
    assert len(told) == 2
    assert told[0] == told[1]
    assert (await database.ask("select count(*) as replays from replay"))[0]["replays"] == 2


async def test_the_floor_takes_a_proof_only_once(both: Both) -> None:
    body = {"requests": [claims_of(both.population.asked[0], "true")], "purpose": "IDENTITY_PROOFING"}
    proof = both.proof("/verify")
    first = await both.ask(both.floor, "/verify", body, proof)
    second = await both.ask(both.floor, "/verify", body, proof)
    assert first.status_code == 200
    assert second.status_code == 400
    assert second.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_floor_tells_of_a_person_and_a_household_what_the_service_tells(both: Both) -> None:
    asked = both.population.asked[0]
    for path, document, variables in (
        ("/person", PERSON, {"idcs": asked.idcs}),
        ("/household", HOUSEHOLD, {"code": asked.household_code}),
    ):
        mine = await both.ask(both.service, "/graphql", {"query": document, "variables": variables})
        raw = await both.ask(both.floor, path, variables | {"purpose": "SERVICE_DELIVERY"})
        assert "errors" not in mine.json()
        assert raw.json()["data"] == mine.json()["data"]


async def test_right_answers_hold_the_mark_that_the_load_generator_looks_for(both: Both) -> None:
    people = both.population.asked[:2]
    for job in (
        verify_job(people, graphql=False, size=2, clients=1),
        verify_job(people, graphql=True, size=2, clients=1),
        person_job(people, graphql=True, clients=1),
        person_job(people, graphql=False, clients=1),
        household_job(people, graphql=True, clients=1),
        household_job(people, graphql=False, clients=1),
    ):
        client = both.service if job.path == "/graphql" else both.floor
        answer = await both.ask(client, job.path, json.loads(job.bodies[0]))
        assert answer.text.count(job.mark) == job.subjects
        assert '"errors"' not in answer.text


SETTING = Setting(datetime(2026, 3, 14, tzinfo=UTC), "0" * 40, "PostgreSQL 18", persons=200, rounds=3, seconds=1)


def test_a_ratio_is_the_median_of_the_rounds_and_decides() -> None:
    line = Line("verify_single_vs_asgi", "", "subjects/s", [100, 300, 200], [200, 400, 800], target=0.5)
    assert line.result("c") == Result("verify_single_vs_asgi", 200.0, "subjects/s", 400.0, 0.5, 0.5, True, "c")


@pytest.mark.parametrize(("seen", "ok"), [([150.0], True), ([200.0], True), ([201.0], False), ([], None)])
def test_a_ceiling_is_kept_or_passed_and_nothing_seen_is_neither(seen: list[float], ok: bool | None) -> None:
    assert Line("serving_rss_mb", "", "MB", seen, target=200, at_most=True).result("c").ok is ok


def test_wrong_answers_leave_no_figure_and_do_not_meet_a_target() -> None:
    told = Line("lookup_vs_asgi", "", "requests/s", (), target=0.6, faults=["3 wrong answers"]).result("c")
    assert (told.value, told.ratio, told.ok) == (None, None, False)


def test_what_is_written_has_the_promised_form(tmp_path: Path) -> None:
    lines = [
        Line("verify_single_vs_asgi", "One subject.", "subjects/s", [100, 300], [200, 400], target=0.3),
        Line("pgbench_lookup", "One person.", "transactions/s", (), note="There is no pgbench here."),
    ]
    report.write(lines, SETTING, tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    assert written[0] == {
        "name": "verify_single_vs_asgi",
        "value": 200.0,
        "unit": "subjects/s",
        "reference": 300.0,
        "ratio": 0.625,
        "target": 0.3,
        "ok": True,
        "commit": "0" * 40,
    }
    assert (written[1]["value"], written[1]["ok"]) == (None, None)
    page = (tmp_path / "RESULTS.md").read_text()
    assert (
        "| verify_single_vs_asgi | 200 subjects/s | 100 - 300 | 300 | 200 - 400 | 0.625 | 0.5 - 0.75 | >= 0.3 | yes |" in page
    )
    assert "There is no pgbench here." in page


@pytest.mark.skipif(not (HERE / "results.json").exists(), reason="nothing was measured here yet")
def test_the_results_that_are_here_are_of_one_run_and_all_of_it() -> None:
    written = json.loads((HERE / "results.json").read_text())
    assert [list(each) for each in written] == [[field.name for field in fields(Result)]] * len(written)
    assert [each["name"] for each in written] == list(NAMES)
    assert len({each["commit"] for each in written}) == 1
