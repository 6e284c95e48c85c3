"""The page engine, as those who write pages and those who wire them see it.

PAGES = (Page("/consents/{consent}", "citizen/consent", Audience.CITIZEN, variables=..., actions={"withdraw": Action(...)}),)
portal = Portal(PAGES, asks, doorkeeper, keys=keys, issuer=issuer, clock=clock)
Starlette(routes=[*others, *portal.routes()], exception_handlers=portal.exception_handlers())
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api import errors
from api.portal import addresses, languages, security
from api.portal.engine import Engine, Parts
from api.portal.forms import Form, keep, kept
from api.portal.languages import N_, Tongue
from api.portal.page import (
    Action,
    Again,
    Asks,
    Audience,
    Data,
    Done,
    Doorkeeper,
    Link,
    Navigation,
    Outcome,
    Page,
    PageRequest,
    Places,
    Show,
    UserError,
    Viewer,
)
from api.portal.rendering import Rendering
from api.portal.statics import Statics
from core.keys import KeyRing

__all__ = [
    "N_",
    "Action",
    "Again",
    "Asks",
    "Audience",
    "Data",
    "Done",
    "Doorkeeper",
    "Form",
    "Link",
    "Navigation",
    "Outcome",
    "Page",
    "PageRequest",
    "Places",
    "Portal",
    "Show",
    "Tongue",
    "UserError",
    "Viewer",
    "keep",
    "kept",
]

WELCOME = Page(path="/", name="welcome", audience=Audience.ANYONE)
YEAR_SECONDS = 365 * 24 * 3600
Handlers = Mapping[Any, Callable[[Request, Exception], Any]]


class Portal:
    """`navigation`: the entries for who looks; `vendored` and `folders`: where else vendored files and templates are."""

    def __init__(
        self,
        pages: Sequence[Page],
        asks: Asks,
        doorkeeper: Doorkeeper,
        *,
        keys: KeyRing,
        issuer: str,
        clock: Callable[[], datetime],
        places: Places | None = None,
        navigation: Navigation = lambda _: (),
        vendored: Path | None = None,
        folders: Sequence[Path] = (),
    ) -> None:
        self._statics = Statics(vendored)
        self._pages = (WELCOME, *pages)
        self._secure = issuer.startswith("https:")
        rendering = Rendering(self._statics, folders)
        parts = Parts(asks, doorkeeper, rendering, keys, issuer, clock, places or Places(), navigation)
        self._engine = Engine(parts, self._pages)
        for template in ("layout.html", "parts.html", "error.html", "resume.html"):
            rendering.compile(template)

    def routes(self) -> list[BaseRoute]:
        """Every page, the files, the language switch. In the order of `pages`: the first path that fits is taken."""
        found: list[BaseRoute] = [*self._statics.routes(), Route("/language/{lang}", self._switch)]
        found += [
            Route(page.path, partial(self._serve, page), methods=["GET", "POST"] if page.actions else ["GET"])
            for page in self._pages
        ]
        return found

    def exception_handlers(self) -> Handlers:
        """For Starlette: what goes wrong outside of a page. Browsers get a page; others, as before, a word."""
        return {HTTPException: self._lost, Exception: self._fault}

    async def _serve(self, page: Page, request: Request) -> Response:
        return await (self._engine.post if request.method == "POST" else self._engine.get)(page, request)

    async def _switch(self, request: Request) -> Response:
        """The language from here on, and back to the page that the reader is on."""
        lang = languages.named(request.path_params["lang"])
        if lang is None:
            raise HTTPException(404)
        goal = addresses.local(request.query_params.get("next")) or "/"
        response = RedirectResponse(goal, status_code=303)
        response.set_cookie(
            languages.COOKIE,
            languages.code(lang),
            max_age=YEAR_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return security.guard(response, personal=True, secure=self._secure)

    async def _lost(self, request: Request, fault: Exception) -> Response:
        status = fault.status_code if isinstance(fault, HTTPException) else 500
        headers = fault.headers if isinstance(fault, HTTPException) else None
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(fault.detail if isinstance(fault, HTTPException) else "", status, headers)
        response = await self._engine.lost(request, status)
        response.headers.update(headers or {})
        return response

    async def _fault(self, request: Request, fault: Exception) -> Response:
        errors.as_refusal(fault)  # notes it, without its text
        return await self._lost(request, HTTPException(500))
