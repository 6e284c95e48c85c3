"""How a page is served: who looks, what is asked, and what is shown. One `Engine` serves all pages.

    GET     other audience -> its sign-in; else the query `Page`, and the template
    POST    not sent by a page of ours -> 403; session gone -> sign-in, which carries what was typed; `action` -> mutation;
            what can be mended -> the page again (422) with what was typed; else on to the next page (303)

Nothing that was typed is lost: where a POST fails, the error page leads back to the form as it was filled in.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import errors
from api.portal import addresses, answers, security
from api.portal.forms import REFILL, Form, TooLarge, Unreadable, keep, kept, read_form
from api.portal.languages import COOKIE, N_, Tongue, chosen
from api.portal.page import (
    Action,
    Again,
    Asks,
    Audience,
    Done,
    Doorkeeper,
    Navigation,
    Page,
    PageRequest,
    Places,
    Show,
    UserError,
    Viewer,
)
from api.portal.rendering import Rendering
from core.errors import Code, Forbidden, Invalid, NotFound, SijilError
from core.ids import uuid7
from core.keys import KeyRing

LOG = structlog.get_logger("sijil")
QUERY: Final = "Page"
NOBODY: Final = "NOBODY"
MAX_QUERY_CHARACTERS = 4_000
TOO_OLD: Final = N_("This page was open for too long. Check what you typed, then send it again.")


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine is made of; built once, where the application is."""

    asks: Asks
    doorkeeper: Doorkeeper
    rendering: Rendering
    keys: KeyRing
    issuer: str
    clock: Callable[[], datetime]
    places: Places
    navigation: Navigation


@dataclass(slots=True)
class Showing:
    """What one showing of a page leaves behind: whether it has a form, and with which secret its form is signed."""

    parts: Parts
    request: PageRequest
    new_visit: str = ""
    has_form: bool = False

    def token(self) -> str:
        self.has_form = True
        secret = self.request.viewer.csrf_secret or security.visit_of(self.request.request)
        if not secret:
            secret = self.new_visit = self.new_visit or security.new_visit()
        return security.csrf_token(self.parts.keys, secret)

    def request_key(self) -> str:
        return str(uuid7(self.request.now))


class Engine:
    def __init__(self, parts: Parts, pages: Sequence[Page]) -> None:
        self._parts = parts
        self._pages = {page.path: page for page in pages}
        self._operations = {page.name: _operations(page, parts.rendering) for page in pages}
        for page in pages:
            if page.answer is None:
                parts.rendering.compile(f"{page.name}.html")
        if len(self._pages) < len(pages):
            raise ValueError("two pages have the same path")
        for address in parts.places.sign_in.values():
            if address in self._pages and self._pages[address].audience is not Audience.ANYONE:
                raise ValueError(f"who is to sign in at {address} cannot be signed in already")

    # ---------------------------------------------------------------------------------------------- requests

    async def get(self, page: Page, request: Request) -> Response:
        asked = self._nobody(request)
        try:
            asked = replace(asked, viewer=await self._parts.doorkeeper.who(request))
            if not asked.viewer.may_see(page.audience):
                return self._to_sign_in(page, asked)
            if len(request.url.query) > MAX_QUERY_CHARACTERS:
                raise Invalid("the address is too long")
            return await self._show(page, asked)
        except Exception as fault:  # every fault is answered with a page
            refusal = errors.as_refusal(fault)
            if refusal.code is Code.UNAUTHENTICATED and page.audience is not Audience.ANYONE:
                return self._to_sign_in(page, asked)
            return self.refuse(asked, refusal)

    async def post(self, page: Page, request: Request) -> Response:
        asked = self._nobody(request)
        try:
            if not security.is_ours(request, self._parts.issuer):
                raise Forbidden("a form of another site")
            asked = replace(asked, form=await read_form(request, upload_bytes=page.upload_bytes))
        except (TooLarge, Unreadable) as fault:
            return self.error(asked, 413 if isinstance(fault, TooLarge) else 400)
        except Exception as fault:  # whatever it is
            return self.refuse(asked, errors.as_refusal(fault))
        back = keep(asked.form.without(page.secrets), addresses.of(asked.request))
        try:
            asked = replace(asked, viewer=await self._parts.doorkeeper.who(request))
            if asked.form["action"] == REFILL:
                back = asked.form["kept"]
            if not asked.viewer.may_see(page.audience):
                return await self._sign_in_first(page, asked, back)
            return await self._act(page, asked)
        except Exception as fault:  # as above
            refusal = errors.as_refusal(fault)
            if refusal.code is Code.UNAUTHENTICATED and page.audience is not Audience.ANYONE:
                return await self._sign_in_first(page, replace(asked, viewer=self._nobody(request).viewer), back)
            return self.refuse(asked, refusal, back)
        finally:
            for upload in asked.form.uploads.values():
                await upload.close()

    def error(
        self, asked: PageRequest, status: int, *, request_id: str = "", back: str = "", retry_after: int | None = None
    ) -> Response:
        """The error page of that status. `back`: a kept form, to which the page leads back."""
        request_id = request_id or str(uuid7(asked.now))
        LOG.info("page refused", request=request_id, status=status)
        place = kept(back)
        context = {
            "status": status,
            "request_id": request_id,
            "back": back,
            "back_to": place[0] if place else "",
            "retry_after": retry_after,
        }
        response = self._render("error.html", asked, context, status, addresses.of(asked.request))
        if retry_after is not None:
            response.headers["retry-after"] = str(retry_after)
        return response

    def refuse(self, asked: PageRequest, refusal: SijilError, back: str = "") -> Response:
        status = errors.http_status(refusal.code)
        status = 403 if status == 401 else status  # there is no challenge to answer: one signs in on a page
        return self.error(asked, status, back=back, retry_after=refusal.retry_after)

    async def lost(self, request: Request, status: int) -> Response:
        """The error page for what goes wrong before a page is found, with the navigation of who is signed in."""
        asked = self._nobody(request)
        with suppress(Exception):  # it is about another fault, and is told without a name
            asked = replace(asked, viewer=await self._parts.doorkeeper.who(request))
        return self.error(asked, status)

    # ---------------------------------------------------------------------------------------------- showing

    async def _show(
        self,
        page: Page,
        asked: PageRequest,
        *,
        user_errors: Sequence[UserError] = (),
        step: str = "",
        status: int = 200,
        address: str = "",
        notice: str = "",
    ) -> Response:
        answer: Mapping[str, Any] = {}
        if QUERY in self._operations[page.name]:
            answer = await self._ask(page, QUERY, asked, page.variables(asked))
        data = answer.get("data") or {}
        if page.needs and answers.found(data, page.needs) is None:
            raise NotFound("no such page")
        if page.answer is not None:
            return security.guard(page.answer(asked, data), personal=True, secure=self._secure)
        context = {
            "data": data,
            "withheld": answers.withheld(answer),
            "user_errors": user_errors,
            "step": step,
            "notice": notice,
            **(page.more(asked, data) if page.more else {}),
        }
        shown = replace(asked, form=asked.form.without(page.secrets))
        return self._render(f"{page.name}.html", shown, context, status, address or addresses.of(asked.request))

    def _render(self, template: str, asked: PageRequest, context: Mapping[str, Any], status: int, here: str) -> Response:
        showing = Showing(self._parts, asked)
        html = self._parts.rendering.render(
            template,
            asked.tongue.lang,
            {
                "user_errors": (),
                "step": "",
                "notice": "",
                "data": {},
                "withheld": frozenset(),
                **context,
                "viewer": asked.viewer,
                "params": asked.params,
                "query": asked.query,
                "now": asked.now,
                "values": asked.form,
                "here": here,
                "this_page": lambda **changes: addresses.changed(here, changes),
                "csrf": showing.token,
                "request_key": showing.request_key,
                "places": self._parts.places,
                "navigation": self._parts.navigation(asked.viewer),
            },
        )
        response = Response(html, status, media_type="text/html")
        if showing.new_visit:
            security.set_cookie(response, security.VISIT, showing.new_visit)
        public = asked.viewer.kind == NOBODY and status == 200 and asked.request.method in ("GET", "HEAD")
        return security.guard(response, personal=showing.has_form or not public, secure=self._secure)

    # ---------------------------------------------------------------------------------------------- acting

    async def _act(self, page: Page, asked: PageRequest) -> Response:
        form = asked.form
        if form["action"] == REFILL:
            filled = kept(form["kept"])
            if filled is None or filled[0] != addresses.of(asked.request):
                raise Invalid("not a kept form")
            return await self._show(page, replace(asked, form=filled[1].without(page.secrets)))
        secret = asked.viewer.csrf_secret or security.visit_of(asked.request)
        if not security.csrf_holds(self._parts.keys, secret, form["csrf"]):
            return await self._show(page, asked, user_errors=[UserError(TOO_OLD, code="STALE")], status=422)
        action = page.actions.get(form["action"])
        if action is None:
            raise Invalid("no such action", path=("action",))
        fields = action.fields(asked) if callable(action.fields) else action.fields
        answer: Mapping[str, Any] = {}
        variables: Mapping[str, Any] | None = None
        try:
            variables = action.variables(asked)
            if action.operation is not None:
                answer = await self._ask(page, action.operation, asked, variables)
        except (Invalid, NotFound) as refusal:
            if isinstance(refusal, NotFound) and ".".join(map(str, refusal.path)) not in fields:
                raise  # what is not there is nothing that a field names
            if variables is not None and not refusal.path:
                raise  # nobody filled that in: what was sent is no form of the page's
            return await self._show(page, asked, user_errors=answers.refused(refusal, action, fields), status=422)
        told = answers.user_errors(answer.get("data") or {}, action, fields)
        if told:
            return await self._show(page, asked, user_errors=told, status=422)
        return await self._done(page, asked, action, answer)

    async def _done(self, page: Page, asked: PageRequest, action: Action, answer: Mapping[str, Any]) -> Response:
        """What comes after an action that did what it was to do."""
        data = answer.get("data") or {}
        outcome = addresses.filled(action.then, asked.params) if isinstance(action.then, str) else action.then(asked, data)
        if isinstance(outcome, Show):
            context = {"data": data, "withheld": answers.withheld(answer), **outcome.more}
            return self._render(f"{outcome.template}.html", asked, context, 200, addresses.of(asked.request))
        return await self._go_on(page, asked, outcome, enters=action.enters)

    async def _go_on(self, page: Page, asked: PageRequest, outcome: str | Done | Again | Response, *, enters: bool) -> Response:
        if isinstance(outcome, Response):
            return security.guard(outcome, personal=True, secure=self._secure)
        if isinstance(outcome, Again):
            form = Form([*asked.form.pairs(), *outcome.typed], asked.form.uploads)
            return await self._show(page, replace(asked, form=form), step=outcome.step)
        done = Done(outcome) if isinstance(outcome, str) else outcome
        response: Response
        filled = kept(asked.form["kept"]) if enters else None
        if filled is not None:
            context = {"kept": asked.form["kept"], "resume_at": filled[0]}
            response = self._render("resume.html", replace(asked, form=Form()), context, 200, addresses.of(asked.request))
        else:
            goal = addresses.local(asked.form["next"]) if enters else None
            response = security.guard(
                RedirectResponse(goal or done.location, status_code=303), personal=True, secure=self._secure
            )
        for name, value in done.cookies.items():
            if value is None:
                security.forget_cookie(response, name)
            else:
                security.set_cookie(response, name, value, max_age_seconds=done.seconds.get(name))
        return response

    async def _ask(self, page: Page, operation: str, asked: PageRequest, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to one operation. Raises the refusal that it has, where that is not of single values."""
        text = self._operations[page.name][operation]
        answer = await self._parts.asks.ask(asked.request, asked.viewer.actor, text, operation, variables)
        answers.check(answer)
        return answer

    # ---------------------------------------------------------------------------------------------- signing in

    def _to_sign_in(self, page: Page, asked: PageRequest) -> Response:
        address = f"{self._parts.places.sign_in[page.audience]}?{urlencode({'next': addresses.of(asked.request)})}"
        return security.guard(RedirectResponse(address, status_code=303), personal=True, secure=self._secure)

    async def _sign_in_first(self, page: Page, asked: PageRequest, back: str) -> Response:
        """The sign-in page, which carries on what was typed: its forms hold it in a hidden field."""
        address = self._parts.places.sign_in[page.audience]
        door = self._pages.get(address)
        if door is None or not kept(back):
            return self._to_sign_in(page, asked)
        form = Form([("next", addresses.of(asked.request)), ("kept", back)])
        before = replace(asked, form=form, query={}, params={})
        return await self._show(door, before, status=403, address=address, notice="session-ended")

    # ---------------------------------------------------------------------------------------------- parts

    def _nobody(self, request: Request) -> PageRequest:
        tongue = self.tongue(request)
        query = dict(list(request.query_params.items())[:50])
        params = {name: str(value) for name, value in request.path_params.items()}
        viewer = Viewer(NOBODY, None)
        return PageRequest(request, viewer, tongue, self._parts.clock(), params, query)

    def tongue(self, request: Request) -> Tongue:
        lang = chosen(request.cookies.get(COOKIE), request.headers.get("accept-language"))
        return self._parts.rendering.tongues[lang]

    @property
    def _secure(self) -> bool:
        return self._parts.issuer.startswith("https:")


def _operations(page: Page, rendering: Rendering) -> Mapping[str, str]:
    """The operations of the page's document. Raises ValueError where they are not those that the page means."""
    text = rendering.document(page.name)
    held = answers.operations(text) if text is not None else {}
    meant = {action.operation for action in page.actions.values() if action.operation is not None}
    if held.keys() - {QUERY} != meant:
        raise ValueError(f"{page.name}.graphql holds {sorted(held)}; the page means {sorted(meant)}, and {QUERY}")
    return held
