"""`sijil init`, `sijil serve` and `sijil demo`: setting an instance up, and serving it."""

import asyncio
import sys
import time
from collections.abc import Mapping
from threading import Thread
from typing import Annotated, Any

import structlog
import typer
from rich.table import Table

from api.commands.telling import AsJson, Teller, settings, telling
from api.demo import run, tour
from api.running import bind, issuer_of, opened, reach, serve, set_up, stopping_in_order, with_database
from core import keys, log
from core.config import Settings
from core.errors import Invalid

LOG = structlog.get_logger("sijil")
MAX_WORKERS = 64
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Default: SIJIL_PORT, else 8000.")]
demo_app = typer.Typer(help="A demonstration: invented people, agencies, and a tour.")


def init(
    issuer: Annotated[str | None, typer.Option(help="The public https address; default: SIJIL_ISSUER.")] = None,
    json: AsJson = False,
) -> None:
    """Set up the instance that `sijil keys init` made the keys of: its tables, and what nothing can be served without."""
    with telling(json) as tell:
        chosen = settings(issuer=issuer)
        if chosen.issuer is None:
            raise Invalid("an instance needs its public address: --issuer or SIJIL_ISSUER", path=("issuer",))
        address, ring = chosen.issuer, keys.load(chosen.key_file)
        with_database(chosen, lambda database: set_up(database, ring, issuer=address), make=True)
        tell.say({"issuer": address, "fingerprint": ring.fingerprint}, f"The instance of {address} is set up.")


def serve_(
    host: Annotated[str | None, typer.Option(help="The address to listen at; default: SIJIL_HOST, else 127.0.0.1.")] = None,
    port: Port = None,
    workers: Annotated[int, typer.Option(min=1, max=MAX_WORKERS, help="Processes that answer.")] = 1,
    json: AsJson = False,
) -> None:
    """Serve the instance in SIJIL_HOME until SIGTERM or Ctrl-C, then end in order."""
    with telling(json, level="INFO") as tell, stopping_in_order():
        chosen = settings(host=host, port=port)
        log.configure(chosen.log_level)
        ring = keys.load(chosen.key_file)
        with bind(chosen.host, chosen.port) as at, reach(chosen) as url:

            async def issuer() -> str:
                async with opened(url) as database:
                    return await issuer_of(chosen, database, ring)

            address = asyncio.run(issuer())

            def ready() -> None:
                LOG.info("serving", host=chosen.host, port=chosen.port, workers=workers)
                tell.say(
                    {"serving": f"http://{chosen.host}:{chosen.port}", "issuer": address, "workers": workers},
                    f"Serving {address} at {chosen.host}, port {chosen.port}. Ctrl-C ends it.",
                )
                sys.stdout.flush()

            serve(chosen, url, address, at, workers=workers, ready=ready)


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    persons: Annotated[int, typer.Option(min=1, max=run.MAX_PERSONS, help="Invented people.")] = run.PERSONS,
    port: Port = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed invents other people.")] = run.SEED,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what was loaded, and load anew.")] = False,
    show_tour: Annotated[bool, typer.Option("--tour/--no-tour", help="Take the tour once as soon as it is ready.")] = True,
    json: AsJson = False,
) -> None:
    """Set up a demonstration in SIJIL_HOME (var/demo) and serve it at 127.0.0.1 until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    began = time.monotonic()
    with telling(json) as tell, stopping_in_order():
        chosen = settings(port=port, host=run.HOST)
        wish = run.Wish(persons, seed, chosen.port, fresh)
        with bind(chosen.host, chosen.port) as at:
            tell.note(f"Setting up in {chosen.home} …")
            with reach(chosen, make=True) as url:
                with tell.progress("Loading people") as progress:
                    known = run.prepare(chosen, url, wish, note=tell.note, progress=progress)

                def ready() -> None:
                    seconds = round(time.monotonic() - began, 1)
                    _welcome(tell, chosen, known, seconds)
                    if show_tour:
                        Thread(target=_tour_once, args=(tell, known), daemon=True, name="tour").start()

                log.configure(chosen.log_level if tell.as_json else "WARNING")
                serve(chosen, url, wish.issuer, at, ready=ready)


@demo_app.command(name="tour")
def tour_(json: AsJson = False) -> None:
    """Walk through what an agency can ask of the running demonstration; exit 0 only if all comes out as expected."""
    with telling(json) as tell:
        if not _walk(tell, run.read_demo(settings())):
            raise typer.Exit(1)


def _walk(tell: Teller, known: Mapping[str, Any]) -> bool:
    """Takes the tour and shows it. Whether every step came out as expected."""
    steps = []
    for step in tour.walk(known):
        steps.append(step)
        if not tell.as_json:
            tour.show(step, len(steps), tell.out)
    ok = bool(steps) and all(step.ok for step in steps)
    tell.say(
        {"ok": ok, "steps": [step.document for step in steps]},
        "[green]The tour came out as expected.[/]" if ok else "[bold red]THE TOUR DID NOT COME OUT AS EXPECTED.[/]",
    )
    return ok


def _tour_once(tell: Teller, known: Mapping[str, Any]) -> None:
    if not _walk(tell, known):
        tell.aside.print("[bold red]THE TOUR FAILED: this demonstration is not what it should be. It goes on serving.[/]")
    tell.note(f"Serving at {known['base_url']}; Ctrl-C ends it. The tour again, from elsewhere: sijil demo tour")
    sys.stdout.flush()


def _welcome(tell: Teller, chosen: Settings, known: Mapping[str, Any], seconds: float) -> None:
    base = known["base_url"]
    table = Table("persona", "IDCS", "household", "what to expect")
    for persona in known["personas"]:
        table.add_row(persona["name"], persona["idcs"], persona["household_code"] or "", persona["expect"])
    tell.say(
        {"ready": True, "base_url": base, "persons": known["persons"], "seconds": seconds, "demo": str(run.demo_file(chosen))},
        f"[bold]Ready after {seconds} s at {base}[/], with {known['persons']:,} invented people.",
        table,
        "To try:",
        f"  {base}/explorer",
        f"  curl {base}/health/ready",
        f"  curl {base}/.well-known/jwks.json",
        f"  curl {base}/.well-known/oauth-authorization-server",
        "  sijil demo tour",
        f"Agencies' keys, staff and people to ask about: {run.demo_file(chosen)}\n",
    )
    sys.stdout.flush()
