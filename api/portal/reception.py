"""Who looks at a page, and what it asks: pages ask the same schema as everybody else, under the reader's own rights."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, cast

from starlette.requests import Request

from access.call import NOBODY, Actor, ActorKind
from api.edge import ASSISTED, SESSION
from api.endpoint import Endpoint
from api.portal.page import Viewer

# Where an agent is at work beside a citizen, both are signed in: these pages are the agent's, all others the citizen's.
OF_WORK = ("/admin", "/agency")


class Reception:
    """`proxies`: the addresses of reverse proxies of ours, whose word is taken for where a reader is."""

    def __init__(self, endpoint: Endpoint, proxies: frozenset[str]) -> None:
        self._endpoint = endpoint
        self._proxies = proxies

    async def who(self, request: Request) -> Viewer:
        service = self._endpoint.service
        path = request.url.path
        at_work = any(path == place or path.startswith(f"{place}/") for place in OF_WORK)
        found = None if at_work else await service.signed_in(request, ASSISTED)
        found = found or await service.signed_in(request, SESSION)
        if found is None:
            return Viewer(ActorKind.NOBODY, NOBODY)
        actor = found.actor
        return Viewer(
            actor.kind,
            actor,
            name=actor.name,
            csrf_secret=found.csrf_secret,
            session=found.row["session_hash"],
            assisted=actor.assistant is not None,
        )

    async def ask(
        self, request: Request, actor: object, document_text: str, operation_name: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        who = cast("Actor", actor)
        return await self._endpoint.ask(who, self.address(request), document_text, dict(variables), operation_name)

    def address(self, request: Request) -> str:
        """Where the reader is: the last address on the way that is not a proxy of ours."""
        way = [] if request.client is None else [request.client.host]
        way += [part.strip() for part in reversed(",".join(request.headers.getlist("x-forwarded-for")).split(","))]
        for address in way:
            if address not in self._proxies:
                return address if _is_address(address) else way[0]
        return way[0]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
