"""The one place that builds things: from settings and keys to an ASGI application."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from access import accounts, agencies, instance, key_rotation, publishing
from access.admission import Admissions
from access.approval import Acts
from access.authority import Documents
from access.call import Call
from access.counters import COUNTED, SPENT, forget_past
from access.ledger import LEDGER
from access.outbox import SENDING
from access.passwords import Passwords
from access.sending import Sender, carriers
from api import explorer, metrics, oauth, schema
from api.edge import Service, utc_now
from api.endpoint import Endpoint
from api.portal import site
from api.portal.framework import Portal
from api.portal.reception import Reception
from api.portal.statics import VENDOR
from core.config import Settings
from core.database import Database
from core.errors import SijilError
from core.events import Events
from core.keys import DEMO, KeyRing
from core.rewrapping import REWRAPPING, name_of, rewrapping, wrapped_in
from core.settlement import Settler
from core.storage import PARTS, FolderStorage
from core.workers import Workers
from identity import erasure, lifecycle, merging
from identity.attestation_paper import Papers
from identity.changes import PersonChanged
from identity.contacts import APPLYING, applying
from identity.enrolment_store import forget_lapsed
from identity.evidence import Cabinet, erase_evidence, sweep
from identity.file_jobs import IMPORTING, LINKING, TAKING, erase_files
from identity.file_telling import TELLING, followed, telling
from identity.importing import importing
from identity.owners import OWNERS
from identity.packs import taking
from identity.store import DECOY
from identity.virtual_uses import CLAIMED, USED
from migrations.metadata import METADATA
from migrations.run import revisions
from registry.erasing import forget_codes
from registry.events import HouseholdsChanged
from registry.imports import HouseholdsRegistered
from registry.life_events import following_deaths
from registry.merging import come_back, follow
from scoring.formula import Formula
from scoring.imports import scoring_under
from scoring.rescoring import AGES, put_down_ages, rescoring_ages, rescoring_changed, rescoring_households
from verification import linking

COLLECT_AFTER = (1_000, 10, 10)
FORGET_SECONDS = 60.0
EFFECTS = (SPENT, CLAIMED, COUNTED, USED, LEDGER)  # of answers, in the order in which they are written


def wire(formula: Formula) -> Events:
    """Who above hears of what happens below."""
    events = Events()
    events.on(HouseholdsRegistered, scoring_under(formula))
    return events


def of_records(keys: KeyRing) -> Events:
    """Who keeps more of a person, and follows when a record changes: two become one, say."""
    events = Events()
    events.on(merging.PersonsMerged, follow)
    events.on(merging.MergeTakenBack, come_back)
    events.on(PersonChanged, rescoring_changed(keys))
    events.on(lifecycle.PersonStatusChanged, following_deaths(keys, events))
    events.on(HouseholdsChanged, rescoring_households(keys))
    return events


def acts(keys: KeyRing, issuer: str) -> Acts:
    """All dangerous acts there are: each is proposed by one person and approved by another."""
    return Acts(
        (
            *agencies.ACTS,
            *publishing.ACTS,
            *accounts.acts(keys, issuer),
            *key_rotation.acts(keys),
            *linking.acts(keys),
            *erasure.acts(keys, _forget_evidence, forget_codes),
            *merging.acts(keys, of_records(keys)),
            *lifecycle.acts(keys, of_records(keys)),
        )
    )


def build(
    settings: Settings,
    keys: KeyRing,
    *,
    database_url: str,
    issuer: str,
    clock: Callable[[], datetime] = utc_now,
    vendored: Path | None = None,
) -> Starlette:
    """The application for one instance. Demo instances (marked in their keys) also serve the explorer."""
    database = Database(database_url, connections=settings.connections, name=name_of(keys))
    settler = Settler(database, EFFECTS, queue=settings.settlement_queue)
    service = Service(
        database=database,
        keys=keys,
        documents=Documents(),
        settler=settler,
        admissions=Admissions(keys, issuer),
        passwords=Passwords(),
        acts=acts(keys, issuer),
        cabinet=Cabinet(FolderStorage(settings.storage_folder), settings.evidence_bytes),
        papers=Papers((vendored or VENDOR) / "fonts"),
        events=of_records(keys),
        issuer=issuer,
        clock=clock,
        token_lifetime_seconds=settings.token_lifetime_seconds,
    )
    demo = keys.mark == DEMO
    graphql = Endpoint(service, schema.build(), open_introspection=demo)
    reception = Reception(graphql, settings.proxies)
    portal = Portal(
        site.PAGES,
        reception,
        reception,
        keys=keys,
        issuer=issuer,
        clock=clock,
        navigation=partial(site.navigation, demo=demo),
        vendored=vendored,
    )

    sender = Sender(keys, OWNERS, carriers(settings, demo=demo), nobodies=frozenset({DECOY}), keep=demo)
    handlers = {
        SENDING: sender.send,
        APPLYING: applying(keys),
        lifecycle.ENDING: lifecycle.ending(keys, of_records(keys)),
        REWRAPPING: rewrapping(keys, wrapped_in(METADATA)),
        IMPORTING: followed(importing(service.cabinet.storage, keys, key_file=settings.key_file)),
        TELLING: telling(service.cabinet.storage, keys),
        TAKING: taking(service.cabinet.storage, keys),
        AGES: rescoring_ages(keys),
        LINKING: linking.linking(service.cabinet.storage, keys),
    }
    workers = Workers(database, handlers, clock=clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await instance.check_instance(database, keys, mark=keys.mark, issuer=issuer)
        settler.start()
        forgetting = asyncio.create_task(_each_minute(database, service.cabinet, clock, jobs=settings.jobs), name="each minute")
        if settings.jobs:
            workers.start()
            await put_down_ages(database, clock())
        # What was made up to now stays for good, and answers leave few cycles: the collector need not go over all of it often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        try:
            yield
        finally:
            forgetting.cancel()
            await workers.stop()
            await sender.close()
            await settler.stop()
            service.passwords.close()
            service.papers.close()
            await database.close()

    async def ready(_: Request) -> Response:
        try:
            current, newest = await revisions(database.engine)
            if current != newest:
                return JSONResponse({"ready": False, "why": "the database is not migrated"}, 503)
            await database.ping()
        except (SijilError, OSError, asyncpg.PostgresError):
            return JSONResponse({"ready": False, "why": "the database cannot be reached"}, 503)
        return JSONResponse({"ready": True})

    routes: list[BaseRoute] = [
        Route("/graphql", graphql.post, methods=["POST"]),
        Route(oauth.TOKEN_PATH, partial(oauth.token, service=service), methods=["POST"]),
        Route("/.well-known/jwks.json", partial(oauth.jwks, service=service)),
        Route("/.well-known/oauth-authorization-server", partial(oauth.metadata, service=service)),
        Route("/health/live", lambda _: JSONResponse({"live": True})),
        Route("/health/ready", ready),
        Route("/metrics", _metrics),
    ]
    if demo:
        routes += explorer.routes(graphql, vendored, settings.home)
    routes += portal.routes()
    built = Starlette(routes=routes, lifespan=lifespan, exception_handlers=portal.exception_handlers())
    built.router.redirect_slashes = False  # an address is right or it is not; none is made from what a client sent
    return built


async def _each_minute(database: Database, cabinet: Cabinet, clock: Callable[[], datetime], *, jobs: bool) -> None:
    """Every minute: puts down the work of a new day; forgets what was kept against replay and in budgets and is of no more use
    and, in a part of the storage after the other (all of it within some hours), files that no row names."""
    for part in cycle(range(PARTS)):
        await asyncio.sleep(FORGET_SECONDS)
        with suppress(SijilError, asyncpg.PostgresError):  # the next time will do
            await forget_past(database, clock())
            await forget_lapsed(database, clock())
        with suppress(SijilError, asyncpg.PostgresError):
            if jobs:  # who does none puts none down
                await put_down_ages(database, clock())
        with suppress(SijilError, asyncpg.PostgresError):
            await erase_files(database, cabinet.storage, clock())
        with suppress(SijilError, asyncpg.PostgresError):
            await sweep(cabinet.storage, database, clock(), part)


async def _forget_evidence(connection: AsyncConnection, _: Call, person: UUID) -> None:
    await erase_evidence(connection, person)


def _metrics(_: Request) -> Response:
    body, media = metrics.exposition()
    return Response(body, media_type=media)
