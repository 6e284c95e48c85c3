"""All measurements, in one run on one machine: `make bench`.

The service and the floor stand side by side on one database; in each round every window is measured once, one after the other,
so that what is compared was seen within the same minute. Without `--only` the figures go to `results.json` and `RESULTS.md`.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import demo, duplicates, enrolment, jobs, pgbench, report
from bench.instance import Population, make_tables, populate
from bench.jobs import Job
from bench.load_generator import Order, Outcome
from bench.report import Line
from bench.server import FLOOR, SERVICE, Running, Served, serving
from core import keys as key_files
from core.database import Database
from core.embedded import EmbeddedPostgres
from core.keys import KeyRing

ISSUER = "http://localhost:8000"
WARM_UP_SECONDS = 1.0
CLIENTS = 16
# A batch takes the server a while and an answer over a second old is made again: as many in flight as it can answer in time.
BATCH_CLIENTS = {100: 4, 1000: 1}
GENERATOR_SECONDS = 300
TABLE_WIDTH = 160  # where there is no terminal
DEMO_PERSONS = 20_000

SINGLE, BATCH_100, BATCH_1000, PERSON, HOUSEHOLD = "single", "batch of 100", "batch of 1000", "person", "household"
Window = tuple[str, str]  # which server, which job


@dataclass(frozen=True, slots=True)
class Comparison:
    name: str
    value: Window
    reference: Window
    unit: str
    target: float
    what: str


COMPARISONS = (
    Comparison(
        "verify_single_vs_asgi",
        (SERVICE, SINGLE),
        (FLOOR, SINGLE),
        "subjects/s",
        0.30,
        f"Verification of one subject (3 true claims), {CLIENTS} clients, durable / the same by hand-written ASGI.",
    ),
    Comparison(
        "verify_batch100_vs_single",
        (SERVICE, BATCH_100),
        (SERVICE, SINGLE),
        "subjects/s",
        5,
        f"Subjects in batches of 100 ({BATCH_CLIENTS[100]} clients) / in single calls.",
    ),
    Comparison(
        "verify_batch1000_vs_single",
        (SERVICE, BATCH_1000),
        (SERVICE, SINGLE),
        "subjects/s",
        5,
        f"Subjects in batches of 1000 ({BATCH_CLIENTS[1000]} client) / in single calls.",
    ),
    Comparison(
        "verify_batch100_vs_asgi",
        (SERVICE, BATCH_100),
        (FLOOR, BATCH_100),
        "subjects/s",
        0.5,
        f"Batches of 100, {BATCH_CLIENTS[100]} clients / the same by hand-written ASGI.",
    ),
    Comparison(
        "lookup_vs_asgi",
        (SERVICE, PERSON),
        (FLOOR, PERSON),
        "requests/s",
        0.60,
        f"Eight values of a person, by consent, {CLIENTS} clients, durable / the same by hand-written ASGI.",
    ),
    Comparison(
        "score_vs_asgi",
        (SERVICE, HOUSEHOLD),
        (FLOOR, HOUSEHOLD),
        "requests/s",
        0.60,
        f"A household's milieu, residence and score, {CLIENTS} clients, durable / the same by hand-written ASGI.",
    ),
)
PGBENCH = {
    "pgbench_lookup": ("lookup", "One person by primary key."),
    "pgbench_verify": ("verify", "That look-up and an insert like a ledger entry, in one transaction each."),
}
MEMORY, DEMO, ENROL, DUPLICATES = "serving_rss_mb", "demo_ready_s", "enrol_per_s", "duplicates_p95_ms"
ENROL_VS_COPY = "enrol_vs_copy"
NAMES = (*(comparison.name for comparison in COMPARISONS), *PGBENCH, MEMORY, DEMO, ENROL)
ALONE = (DUPLICATES, ENROL_VS_COPY)  # they take many minutes: each is measured by itself, with `--only`
EACH = (*NAMES, *ALONE)
REGISTERED = 1_000_000  # whom newcomers are compared with
P95 = 0.95


@dataclass(slots=True)
class Measured:
    """What was seen, round by round."""

    rates: dict[Window, list[float]] = field(default_factory=dict)
    waits: dict[Window, list[tuple[float, float]]] = field(default_factory=dict)  # median and 95th percentile, ms
    pgbench: dict[str, list[float]] = field(default_factory=dict)
    faults: dict[Window, str] = field(default_factory=dict)  # windows with wrong answers, or hardly any
    memory_mb: float = 0


def main() -> None:
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    at, commit = datetime.now(UTC), report.commit()
    wanted = [options.only] if options.only else list(NAMES)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sijil-bench-")))
        steps = stack.enter_context(_progress(console))
        postgres = stack.enter_context(EmbeddedPostgres(home / "postgresql"))
        ring = key_files.create(home / "keys.json", mark="demo", at=at)
        population, version = _prepare(postgres.url, ring, options.persons, steps)
        setting = report.Setting(at, commit, f"PostgreSQL {version}", options.persons, options.rounds, options.seconds)
        measured = Measured()
        _measure(stack, measured, wanted, options, steps, postgres, home, ring, population)
        stack.pop_all().close()  # the demonstration is to have the machine to itself
        demonstration = [_demo(console)] if DEMO in wanted else []
        found = [_duplicates(console, options.registered)] if DUPLICATES in wanted else []
        found += [_enrolment(console, options.enrolled)] if ENROL_VS_COPY in wanted else []
    lines = [line for line in (*_lines(measured, population), *demonstration, *found) if line.name in wanted]
    lines.sort(key=lambda line: EACH.index(line.name))
    for text in setting.lines:
        console.print(text, highlight=False)
    console.print(report.table(lines))
    for fault in measured.faults.values():
        console.print(f"[red]{escape(fault)}[/]", highlight=False)
    for (server, job), waits in measured.waits.items():
        middle, late = (sorted(part)[len(part) // 2] for part in zip(*waits, strict=True))
        console.print(
            f"  {server}, {job}: an answer after {middle:.1f} ms (median), {late:.1f} ms (95 of 100)", highlight=False
        )
    if options.only is None:
        report.write(lines, setting)
        console.print(f"Written to {' and '.join(report.FILES)}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the service against its floor.")
    parser.add_argument("--seconds", type=float, default=5, help="of each measured window (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each window is measured (default %(default)s)")
    parser.add_argument("--persons", type=int, default=20_000, help="how large the population is (default %(default)s)")
    parser.add_argument(
        "--registered", type=int, default=REGISTERED, help="whom newcomers are compared with (default %(default)s)"
    )
    parser.add_argument("--enrolled", type=int, default=enrolment.PERSONS, help="how many a file enrols (default %(default)s)")
    parser.add_argument("--only", choices=EACH, metavar="NAME", help=f"measure one line, write no files: {', '.join(EACH)}")
    options = parser.parse_args()
    if options.seconds < 1 or options.rounds < 1 or options.persons < 200:
        parser.error("at least one second, one round and 200 persons")
    return options


def _prepare(url: str, ring: KeyRing, persons: int, steps: Progress) -> tuple[Population, str]:
    task = steps.add_task("Loading the population", total=persons)

    async def prepare() -> tuple[Population, str]:
        await make_tables(url)
        await pgbench.make_table(url)
        database = Database(url, connections=2)
        population = await populate(
            database,
            ring,
            persons=persons,
            issuer=ISSUER,
            now=datetime.now(UTC),
            progress=lambda done, _: steps.update(task, completed=done),
        )
        (row,) = await database.ask("show server_version")
        await database.close()
        return population, row["server_version"]

    return asyncio.run(prepare())


def _measure(
    stack: ExitStack,
    measured: Measured,
    wanted: Sequence[str],
    options: argparse.Namespace,
    steps: Progress,
    postgres: EmbeddedPostgres,
    home: Path,
    ring: KeyRing,
    population: Population,
) -> None:
    windows = _windows(wanted)
    known = _jobs(population)
    log_file = stack.enter_context((home / "servers.log").open("w+b"))
    servers: Mapping[str, Running] = {
        kind: stack.enter_context(serving(Served(kind, str(home), postgres.url, ISSUER), log_file))
        for kind in dict.fromkeys(server for server, _ in windows)
    }
    scripts = {name: script for name, (script, _) in PGBENCH.items() if name in wanted}
    program = pgbench.find()
    task = steps.add_task("Measuring", total=options.rounds * (len(windows) + (len(scripts) if program else 0)))
    for _ in range(options.rounds):
        for window in windows:
            kind, job = window
            steps.update(task, description=f"Measuring {kind}, {job}", advance=1)
            outcome = _window(servers[kind], known[window], population, ring, options.seconds)
            if outcome.wrong or not outcome.per_second:
                measured.faults[window] = f"{kind}, {job}: {outcome.wrong} wrong answers; {outcome.sample}"
                continue
            measured.rates.setdefault(window, []).append(outcome.per_second * known[window].subjects)
            measured.waits.setdefault(window, []).append((outcome.median_ms, outcome.p95_ms))
            if kind == SERVICE:
                measured.memory_mb = max(measured.memory_mb, servers[kind].memory_mb)
        for name, script in scripts.items() if program else ():
            steps.update(task, description=f"Measuring {name}")
            people = [each.person_id for each in population.asked]
            assert program is not None
            measured.pgbench.setdefault(name, []).append(pgbench.run(program, postgres, script, people, options.seconds))
            steps.advance(task)


def _windows(wanted: Sequence[str]) -> list[Window]:
    """What has to be measured for the lines that are wanted, each once."""
    windows = [window for line in COMPARISONS if line.name in wanted for window in (line.value, line.reference)]
    if MEMORY in wanted:
        windows += [(SERVICE, SINGLE), (SERVICE, BATCH_1000)]
    return list(dict.fromkeys(windows))


def _jobs(population: Population) -> dict[Window, Job]:
    people = population.asked
    known: dict[Window, Job] = {}
    for kind in (SERVICE, FLOOR):
        graphql = kind == SERVICE
        known[kind, SINGLE] = jobs.verify_job(people, graphql=graphql, size=1, clients=CLIENTS)
        for name, size in ((BATCH_100, 100), (BATCH_1000, 1000)):
            known[kind, name] = jobs.verify_job(people, graphql=graphql, size=size, clients=BATCH_CLIENTS[size])
        known[kind, PERSON] = jobs.person_job(people, graphql=graphql, clients=CLIENTS)
        known[kind, HOUSEHOLD] = jobs.household_job(people, graphql=graphql, clients=CLIENTS)
    return known


def _window(server: Running, job: Job, population: Population, ring: KeyRing, seconds: float) -> Outcome:
    order = Order(
        port=server.port,
        path=job.path,
        issuer=ISSUER,
        token=population.asker.token(ring, ISSUER, datetime.now(UTC)),
        key_pem=population.asker.key_pem,
        bodies=[body.decode() for body in job.bodies],
        mark=job.mark,
        marks=job.subjects,
        clients=job.clients,
        warm_up_seconds=WARM_UP_SECONDS,
        seconds=seconds,
    )
    command = [sys.executable, "-m", "bench.load_generator"]
    done = subprocess.run(
        command, input=orjson.dumps(asdict(order)), stdout=subprocess.PIPE, check=True, timeout=GENERATOR_SECONDS
    )
    return Outcome(**orjson.loads(done.stdout))


def _demo(console: Console) -> Line:
    what = f"From the start of `sijil demo` with {DEMO_PERSONS:,} persons until /health/ready says so."
    line = Line(DEMO, what, "s", (), target=60, at_most=True)
    program = demo.command()
    if program is None:
        return replace(line, note="The command `sijil` is not installed here.")
    try:
        with console.status("Waiting for a demonstration to get ready"):
            return replace(line, values=[demo.seconds_until_ready(program, DEMO_PERSONS)])
    except RuntimeError as fault:
        return replace(line, faults=[str(fault)])


def _duplicates(console: Console, persons: int) -> Line:
    """In a database of its own, which takes a while to be filled."""

    async def measure(url: str, ring: KeyRing, told: Progress) -> list[float]:
        task = told.add_task("Registering whom newcomers are compared with", total=persons)
        await make_tables(url)
        database = Database(url, connections=2)
        try:
            return await duplicates.seconds_each(
                database,
                ring,
                persons=persons,
                issuer=ISSUER,
                now=datetime.now(UTC),
                progress=lambda done, _: told.update(task, completed=done),
            )
        finally:
            await database.close()

    with tempfile.TemporaryDirectory(prefix="sijil-bench-") as home, _progress(console) as told:
        ring = key_files.create(Path(home) / "keys.json", mark="bench", at=datetime.now(UTC))
        with EmbeddedPostgres(Path(home) / "postgresql") as postgres:
            seconds = sorted(asyncio.run(measure(postgres.url, ring, told)))
    what = f"Candidates of one newcomer, found and compared, with {persons:,} people registered: 95 of 100 take no longer."
    return Line(DUPLICATES, what, "ms", [seconds[int(len(seconds) * P95)] * 1000], target=5, at_most=True)


def _enrolment(console: Console, persons: int) -> Line:
    with tempfile.TemporaryDirectory(prefix="sijil-bench-") as home, _progress(console) as told:
        task = told.add_task("Enrolling a file", total=persons)
        ring = key_files.create(Path(home) / "keys.json", mark="bench", at=datetime.now(UTC))
        with EmbeddedPostgres(Path(home) / "postgresql") as postgres:
            seen = enrolment.compare(postgres.url, ring, Path(home), persons, lambda done, _: told.update(task, completed=done))
    what = f"{persons:,} persons enrolled from a file, each compared with all before / the same finished rows by COPY."
    return Line(ENROL_VS_COPY, what, "s", [seen.enrolled], [seen.copied], enrolment.TARGET, at_most=True)


def _lines(measured: Measured, population: Population) -> list[Line]:
    lines = []
    for line in COMPARISONS:
        faults = [measured.faults[window] for window in (line.value, line.reference) if window in measured.faults]
        values, references = ((), ()) if faults else (measured.rates.get(w, ()) for w in (line.value, line.reference))
        lines.append(Line(line.name, line.what, line.unit, values, references, line.target, faults=faults))
    for name, (_, what) in PGBENCH.items():
        missing = "" if measured.pgbench.get(name) else "There is no pgbench here."
        told = f"{what} pgbench, {pgbench.CLIENTS} clients, prepared statements, same database."
        lines.append(Line(name, told, "transactions/s", measured.pgbench.get(name, ()), note=missing))
    held = "The most memory the serving process was seen to hold (resident) after a window."
    lines.append(Line(MEMORY, held, "MB", [measured.memory_mb] if measured.memory_mb else (), target=200, at_most=True))
    what = "Persons loaded in bulk, with their households, consents and scores."
    lines.append(Line(ENROL, what, "persons/s", [population.enrolled_per_second]))
    return lines


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console)


if __name__ == "__main__":
    main()
