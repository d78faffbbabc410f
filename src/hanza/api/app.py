"""The ASGI application: the route table, one middleware's worth of care, and the agents' link."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as HttpRoute

from hanza.api.calls import Answer, Call, Plane
from hanza.api.events import MEDIA_TYPE, Feed, after_of, wants_stream
from hanza.api.identity import PUBLIC, Authenticator
from hanza.api.link import Hub
from hanza.api.route import Route
from hanza.api.routes import ROUTES
from hanza.model.errors import Invalid, NotFound, Refusal
from hanza.wire.problems import Problem, problem_of, refused_status, unexpected_problem

log = logging.getLogger("hanza.api")
BODY_BYTES_MAX = 2**20


def build_app(
    plane: Plane,
    authenticator: Authenticator,
    hub: Hub,
    more: Sequence[Route] = (),
    pages: Sequence[BaseRoute] = (),
) -> Starlette:
    """Everything that one plane serves; `more` routes beside its API, and open `pages`."""
    feed = Feed(plane)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = [
            asyncio.create_task(hub.run(), name="link-hub"),
            asyncio.create_task(feed.run(), name="event-feed"),
        ]
        yield
        for one in running:
            one.cancel()

    routes: list[BaseRoute] = [
        HttpRoute(route.path, _endpoint(route, plane, authenticator, feed), methods=[route.method])
        for route in (*ROUTES, *more)
    ]
    routes += [WebSocketRoute("/agent/v1/link", hub.serve), *pages]
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _http_refusal}
    )


def _endpoint(
    route: Route, plane: Plane, authenticator: Authenticator, feed: Feed
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            if route.permission != PUBLIC:
                principal = authenticator.authenticate(request.headers.get("authorization"))
                principal.require(route.permission)
                if "tenant" in request.path_params:
                    principal.require_tenant(request.path_params["tenant"])
            _check_text(request)
            body = await _body(request)
            query, headers = dict(request.query_params), dict(request.headers)
            call = Call(plane, request.path_params, query, body, headers)
            if route.may_stream and wants_stream(headers.get("accept", "")):
                return _stream(feed, call)
            return _render(await asyncio.to_thread(route.handler, call))
        except Refusal as refusal:
            return _problem(problem_of(refusal, request.url.path))
        except HTTPException:
            raise
        except Exception:  # one of the three broad excepts: a request never takes the plane down
            incident = plane.ids.new("ic")
            log.exception("request.failed incident=%s path=%s", incident, request.url.path)
            return _problem(unexpected_problem(request.url.path, incident))

    return endpoint


def _check_text(request: Request) -> None:
    """No name of anything has a NUL in it, and not every database takes one."""
    if any("\0" in value for value in request.path_params.values()):
        refusal = Invalid if request.method == "PUT" else NotFound
        raise refusal("there is nothing of such a name")


async def _body(request: Request) -> bytes:
    """The body, unless it is larger than any request of ours can be."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise HTTPException(413, f"a request has {BODY_BYTES_MAX} bytes at most")
        chunks.append(chunk)
    return b"".join(chunks)


def _render(answer: Answer) -> Response:
    if answer.document is None:
        return Response(status_code=answer.status)
    if isinstance(answer.document, bytes):
        return Response(answer.document, answer.status, media_type=answer.media_type)
    body = msgspec.json.encode(answer.document)
    return Response(body, answer.status, media_type="application/json")


def _stream(feed: Feed, call: Call) -> Response:
    stream = feed.listen(after_of(call))
    return StreamingResponse(stream, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})


def _problem(problem: Problem) -> Response:
    body = msgspec.json.encode(problem)
    headers = {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "5"}}.get(problem.status)
    return Response(body, problem.status, headers, media_type="application/problem+json")


async def _http_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for this class alone"
    kind = {404: "resource-not-found", 405: "invalid-request"}.get(
        error.status_code, "invalid-request"
    )
    problem = refused_status(error.status_code, kind, error.detail, request.url.path)
    response = _problem(problem)
    response.headers.update(error.headers or {})
    return response
