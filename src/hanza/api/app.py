"""The ASGI application: the route table, one middleware's worth of care, and the agents' link."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route as HttpRoute
from starlette.routing import WebSocketRoute

from hanza.api.calls import Answer, Call, Plane
from hanza.api.identity import PUBLIC, Authenticator
from hanza.api.link import Hub
from hanza.api.routes import ROUTES, Route
from hanza.api.stream import STREAMS_MAX, chunks_of
from hanza.model.errors import Refusal
from hanza.wire.problems import Problem, problem_of, refused_status, unexpected_problem

log = logging.getLogger("hanza.api")
BODY_BYTES_MAX = 2**20


def build_app(plane: Plane, authenticator: Authenticator, hub: Hub) -> Starlette:
    """Everything that one plane serves."""

    # Threads of their own, so that slow uploads hold up no other request.
    streaming = ThreadPoolExecutor(STREAMS_MAX, "upload")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(hub.run(), name="link-hub")
        yield
        ticking.cancel()
        streaming.shutdown(wait=False, cancel_futures=True)

    def endpoint(route: Route) -> Callable[[Request], Awaitable[Response]]:
        return _endpoint(route, plane, authenticator, streaming if route.streams else None)

    routes: list[HttpRoute | WebSocketRoute] = [
        HttpRoute(route.path, endpoint(route), methods=[route.method]) for route in ROUTES
    ]
    routes.append(WebSocketRoute("/agent/v1/link", hub.serve))
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _http_refusal}
    )


def _endpoint(
    route: Route,
    plane: Plane,
    authenticator: Authenticator,
    streaming: ThreadPoolExecutor | None,
) -> Callable[[Request], Awaitable[Response]]:
    """`streaming` are the threads of a route whose body is handed on as it comes."""

    async def answer(request: Request) -> Answer:
        loop = asyncio.get_running_loop()
        call = Call(
            plane,
            request.path_params,
            dict(request.query_params),
            b"" if streaming else await _body(request),
            chunks_of(request, loop) if streaming else (),
            request.headers,
        )
        if streaming is None:
            return await asyncio.to_thread(route.handler, call)
        return await loop.run_in_executor(streaming, route.handler, call)

    async def endpoint(request: Request) -> Response:
        try:
            if route.permission != PUBLIC:
                principal = authenticator.authenticate(request.headers.get("authorization"))
                principal.require(route.permission)
            return _render(await answer(request))
        except Refusal as refusal:
            return _problem(problem_of(refusal, request.url.path))
        except HTTPException:
            raise
        except Exception:  # one of the three broad excepts: a request never takes the plane down
            incident = plane.ids.new("ic")
            log.exception("request.failed incident=%s path=%s", incident, request.url.path)
            return _problem(unexpected_problem(request.url.path, incident))

    return endpoint


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
    if isinstance(answer.document, Path):
        return FileResponse(answer.document, answer.status, media_type="application/octet-stream")
    if isinstance(answer.document, bytes):
        return Response(answer.document, answer.status, media_type="application/x-pem-file")
    body = msgspec.json.encode(answer.document)
    return Response(body, answer.status, media_type="application/json")


def _problem(problem: Problem) -> Response:
    body = msgspec.json.encode(problem)
    return Response(body, problem.status, media_type="application/problem+json")


async def _http_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for this class alone"
    kind = {404: "resource-not-found", 405: "invalid-request"}.get(
        error.status_code, "invalid-request"
    )
    problem = refused_status(error.status_code, kind, error.detail, request.url.path)
    response = _problem(problem)
    response.headers.update(error.headers or {})
    return response
