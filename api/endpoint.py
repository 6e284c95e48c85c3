"""POST /graphql: one operation per request, refused or answered with a request id."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
import structlog
from graphql import ExecutionResult, GraphQLSchema, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from access.call import Actor, ActorKind, Call
from access.counters import Once
from access.reading import Reading
from access.rights import Scope
from api import errors, metrics, schema
from api.context import Context
from api.cost import MAX_BYTES
from api.edge import SESSION, Service
from api.portal.security import csrf_holds
from core.errors import Code, Forbidden, Invalid, SijilError, TooCostly, Unauthenticated

LOG = structlog.get_logger("sijil")
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
# A document, and the variables of a batch of a thousand.
MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_ITEMS = 2_000  # of any list in the variables
MAX_PARTS = 60_000  # of all variables together
# Refusals that void the whole request, whichever field met them.
OF_THE_REQUEST = frozenset(
    (Code.UNAUTHENTICATED, Code.RATE_LIMITED, Code.CONFLICT, Code.STALE, Code.UNAVAILABLE, Code.INTERNAL)
)


class Endpoint:
    def __init__(self, service: Service, built: GraphQLSchema, *, open_introspection: bool) -> None:
        self._service = service
        self._schema = built
        self._documents = schema.Documents(built)
        self._open_introspection = open_introspection

    @property
    def service(self) -> Service:
        """The parts that answers are made with, for routes that ask in another way than `post`."""
        return self._service

    async def post(self, request: Request) -> Response:
        """Who asks is told by an access token and its DPoP proof, or by a session's cookie and the token of its forms."""
        if "authorization" in request.headers or SESSION not in request.cookies:
            return await self.serve(request, lambda now: self._service.admit(request, now))
        signed_in = await self._signed_in(request)

        def admit(_: datetime) -> tuple[Actor, Once | None]:
            if isinstance(signed_in, SijilError):
                raise signed_in
            return signed_in, None

        return await self.serve(request, admit)

    async def _signed_in(self, request: Request) -> Actor | SijilError:
        """Whose session it is. A fault is handed on, so that it is answered in the same form as any other."""
        try:
            found = await self._service.signed_in(request)
            if found is None or found.half:
                raise Unauthenticated("the session is over")
            if not csrf_holds(self._service.keys, found.csrf_secret, request.headers.get("x-csrf-token", "")):
                raise Forbidden("this needs the token of the session's forms")
            return found.actor
        except Exception as fault:  # whatever it is
            return errors.as_refusal(fault)

    async def ask(
        self, actor: Actor, address: str, text: str, variables: dict[str, Any] | None, operation_name: str | None
    ) -> dict[str, Any]:
        """What the same question by HTTP would be answered, for pages: in process, under the rights of who looks at them.

        Nobody may ask, too, here: for whoever signs in. `address`: where the reader is.
        """
        call = self._service.call(actor, address)
        try:
            _, answer = await self._answer(call, None, text, variables, operation_name)
        except Exception as fault:  # every fault is answered in the same form
            refusal = errors.as_refusal(fault)
            metrics.REFUSALS.labels(refusal.code).inc()
            answer = _refused(refusal)
        answer["extensions"] = {"requestId": str(call.request_id)}
        return answer

    async def serve(self, request: Request, admit: Callable[[datetime], tuple[Actor, Once | None]]) -> Response:
        """Answers one request; `admit` says who asks, and what must not be used again."""
        call = self._service.call()
        media = _accepted(request)
        if media is None:
            return Response(status_code=406)
        try:
            actor, once = admit(call.now)
            call = Call(actor, call.now, call.request_id)
            question = await _question(request)
            status, answer = await self._answer(call, once, *question)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as fault:  # every fault is answered in the same form
            refusal = errors.as_refusal(fault)
            metrics.REFUSALS.labels(refusal.code).inc()
            return self._send(call, errors.http_status(refusal.code), _refused(refusal), media, refusal)
        return self._send(call, status if media == GRAPHQL else 200, answer, media, None)

    async def _answer(
        self, call: Call, once: Once | None, text: str, variables: dict[str, Any] | None, operation_name: str | None
    ) -> tuple[int, dict[str, Any]]:
        introspection = self._open_introspection or Scope.SCHEMA_READ in call.actor.scopes
        prepared = self._documents.prepare(text, operation_name, introspection=introspection)
        if isinstance(prepared, list):
            return 400, {"errors": [errors.told(error) for error in prepared]}

        async def compute(reading: Reading) -> tuple[int, dict[str, Any]]:
            service = self._service
            parts = service.issuer, service.passwords, service.acts, service.cabinet, service.papers, service.events
            context = Context(call, reading, *parts)
            result = await schema.run(self._schema, prepared, variables, context)
            if result.data is None:
                reading.forget()
            return _told(result)

        changes = prepared.operation.operation is OperationType.MUTATION
        return await (self._service.change if changes else self._service.answer)(call, once, compute)

    def _send(self, call: Call, status: int, answer: dict[str, Any], media: str, refusal: SijilError | None) -> Response:
        answer["extensions"] = {"requestId": str(call.request_id)}
        headers = {}
        if refusal is not None and refusal.retry_after is not None:
            headers["retry-after"] = str(refusal.retry_after)
        if isinstance(refusal, Unauthenticated):
            headers["www-authenticate"] = 'DPoP algs="ES256 EdDSA"'
        seconds = (self._service.clock() - call.now).total_seconds()
        metrics.observe("graphql", status, seconds)
        if call.actor.kind is not ActorKind.NOBODY:
            LOG.info("answered", request=str(call.request_id), agency=str(call.actor.agency), status=status)
        return Response(orjson.dumps(answer), status, headers, media_type=media + "; charset=utf-8")


def _told(result: ExecutionResult) -> tuple[int, dict[str, Any]]:
    """Status and body of an executed operation. Raises where the fault is not of one field but of the whole request."""
    if not result.errors:
        return 200, {"data": result.data}
    for error in result.errors:
        cause = errors.cause_of(error)
        if cause is not None and (not isinstance(cause, SijilError) or cause.code in OF_THE_REQUEST):
            raise cause
    if result.data is None:
        # Nothing is recorded of an answer without data: only what voided it is told, not what other fields met.
        told = [errors.told(error) for error in result.errors if error.path is None] or [errors.told(result.errors[-1])]
        if result.errors[-1].path is None:
            return 400, {"errors": told}  # the operation never began: its variables do not fit
        return 200, {"errors": told, "data": None}
    return 200, {"errors": [errors.told(error) for error in result.errors], "data": result.data}


def _refused(refusal: SijilError) -> dict[str, Any]:
    return {"errors": [{"message": refusal.message, "extensions": errors.extensions(refusal)}]}


def _accepted(request: Request) -> str | None:
    """The media type to answer in; None where the client takes neither of the two."""
    accept = request.headers.get("accept", "*/*")
    if GRAPHQL in accept:
        return GRAPHQL
    return JSON if any(part in accept for part in (JSON, "*/*", "application/*")) else None


async def _question(request: Request) -> tuple[str, dict[str, Any] | None, str | None]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Invalid("the body is to be application/json")
    try:
        body = orjson.loads(await _body(request))
    except orjson.JSONDecodeError:
        raise Invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Invalid("the body is to be one JSON object")
    text, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(text, str):
        raise Invalid("a document is needed", path=("query",))
    if len(text) > MAX_BYTES:
        raise TooCostly(f"a document has at most {MAX_BYTES} bytes", path=("query",))
    if variables is not None and not isinstance(variables, dict):
        raise Invalid("variables are an object", path=("variables",))
    if name is not None and not (isinstance(name, str) and len(name) <= schema.MAX_NAME):
        raise Invalid(f"the name of an operation is text of at most {schema.MAX_NAME} characters", path=("operationName",))
    _check_size(variables)
    if body.get("extensions") is not None and not isinstance(body["extensions"], dict):
        raise Invalid("extensions are an object", path=("extensions",))
    return text, variables, name


def _check_size(value: Any) -> None:
    """Variables are coerced part by part at some microseconds each: too many are refused before any is."""
    parts, left = 0, [value]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            if len(value) > MAX_ITEMS:
                raise Invalid(f"a list has at most {MAX_ITEMS} items", path=("variables",))
            left.extend(value)
        parts += 1
        if parts > MAX_PARTS:
            raise TooCostly(f"variables have at most {MAX_PARTS} parts", path=("variables",))


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooCostly(f"a request has at most {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
