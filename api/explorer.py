"""The explorer of a demo instance: GraphiQL, served from here alone, that asks as one of the demonstration's agencies.

    GET  /explorer                            the page
    GET  /explorer/samples.json               agencies, personas and ready questions (api/static/questions) to begin with
    POST /explorer/graphql                    a question as the agency whose code stands in `x-demo-agency`
    GET  /explorer/static/{version}/{name}    its files; the version is their hash, so they are kept for good

Whoever reaches the page asks without a key, so it is for demo instances: `access/stand_in.py` refuses in any other. A page of
another site cannot ask. GraphiQL and React come from npm at set-up; without them the page says what is missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from access.call import Actor
from access.catalogue import Lang
from access.counters import Once
from access.stand_in import parts, stand_in
from api import errors
from api.endpoint import Endpoint
from core.errors import Forbidden, SijilError

STATIC = Path(__file__).parent / "static"
VENDORED = ("react.production.min.js", "react-dom.production.min.js", "graphiql.min.js", "graphiql.min.css")
OURS = ("explorer.js", "explorer.css")
MEDIA = {".js": "text/javascript", ".css": "text/css"}
GUARDED = {
    # GraphiQL's style sheet carries its fonts and icons in itself. Its dialogs add a <style> that keeps the page behind them
    # from scrolling; that is refused, and nothing is lost: this page does not scroll.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self' data:; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def routes(endpoint: Endpoint, vendored: Path | None, home: Path) -> list[BaseRoute]:
    """`vendored`: where the npm packages' files are, if not where set-up puts them; `home`: the folder of `demo.json`."""
    explorer = Explorer(endpoint, vendored or STATIC / "vendor", home)
    return [
        Route("/explorer", explorer.page),
        Route("/explorer/samples.json", explorer.samples),
        Route("/explorer/graphql", explorer.ask, methods=["POST"]),
        Route("/explorer/static/{version}/{name}", explorer.file),
    ]


@dataclass(frozen=True, slots=True)
class Question:
    """A ready question: a document whose first line, a comment, is its title."""

    title: str
    document: str
    variables: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Question":
        title, _, document = path.read_text("utf-8").partition("\n")
        return cls(title.removeprefix("#").strip(), document.strip() + "\n", tuple(re.findall(r"\$(\w+):", document)))


class Explorer:
    def __init__(self, endpoint: Endpoint, vendored: Path, home: Path) -> None:
        self._endpoint = endpoint
        self._service = endpoint.service
        self._home = home
        places = [STATIC / name for name in OURS] + [vendored / name for name in VENDORED]
        self._files = {place.name: place.read_bytes() for place in places if place.is_file()}
        self._version = sha256(b"".join(self._files.values())).hexdigest()[:16]
        self._questions = [Question.read(path) for path in sorted((STATIC / "questions").glob("*.graphql"))]

    async def page(self, _: Request) -> Response:
        complete = all(name in self._files for name in VENDORED)
        template = Template((STATIC / ("explorer.html" if complete else "incomplete.html")).read_text("utf-8"))
        html = template.substitute(static=f"/explorer/static/{self._version}")
        return Response(html, headers={**GUARDED, "cache-control": "no-cache"}, media_type="text/html")

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self._files.get(name)
        if content is None or request.path_params["version"] != self._version:
            return Response(status_code=404)
        headers = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
        return Response(content, headers=headers, media_type=MEDIA[Path(name).suffix])

    async def samples(self, request: Request) -> Response:
        """Of `demo.json` only what the page shows: the agencies' private keys stand there too."""
        try:
            self._refuse_other_hosts(request)
            agencies = await parts(self._service.database, self._service.keys, self._service.clock())
            people = _people(self._home / "demo.json")
        except Exception as fault:  # every fault is answered in the same form
            refusal = errors.as_refusal(fault)
            return JSONResponse({"message": refusal.message, **errors.extensions(refusal)}, errors.http_status(refusal.code))
        samples = {
            "agencies": [{"code": agency.code, "name": agency.names[Lang.EN]} for agency in agencies],
            "people": people,
            "questions": [
                {"title": question.title, "document": question.document, "variables": question.variables}
                for question in self._questions
            ],
        }
        return Response(orjson.dumps(samples), headers={"cache-control": "no-store"}, media_type="application/json")

    async def ask(self, request: Request) -> Response:
        """Answers as `POST /graphql` does, but for who asks."""
        who = await self._who(request)

        def admit(_: datetime) -> tuple[Actor, Once | None]:
            if isinstance(who, SijilError):
                raise who
            return who, None

        return await self._endpoint.serve(request, admit)

    async def _who(self, request: Request) -> Actor | SijilError:
        """A fault is handed on, so that it is answered in the same form as any other."""
        try:
            self._refuse_other_hosts(request)
            _refuse_other_sites(request)
            code = request.headers.get("x-demo-agency", "")
            return await stand_in(self._service.database, self._service.keys, self._service.clock(), code)
        except Exception as fault:  # whatever it is
            return errors.as_refusal(fault)

    def _refuse_other_hosts(self, request: Request) -> None:
        """A name of somebody else's that was made to lead here would make their page one of ours."""
        if request.url.hostname not in LOOPBACK | {urlsplit(self._service.issuer).hostname}:
            raise Forbidden("the explorer is not served under this host name")


def _refuse_other_sites(request: Request) -> None:
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.url.netloc
    if foreign or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Forbidden("only the explorer's own page asks here")


def _people(file: Path) -> list[dict[str, Any]]:
    """The personas, each with the values of the variables that ready questions may have; none where the file is not there."""
    try:
        personas = orjson.loads(file.read_bytes())["personas"]
    except FileNotFoundError:
        return []
    return [
        {
            "name": persona["name"],
            "expect": persona["expect"],
            "household": persona["household_code"] is not None,
            "variables": _variables(persona["idcs"], persona["attributes"]),
        }
        for persona in personas
    ]


def _variables(idcs: str, attributes: Mapping[str, str]) -> dict[str, str]:
    return {
        "idcs": idcs,
        "givenName": attributes["person.given_name"],
        "familyName": attributes["person.family_name"],
        "birthDate": attributes["person.birth_date"],
    }
