"""The ASGI application: the route table, one middleware's worth of care, and the agents' link."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as HttpRoute
from starlette.types import ASGIApp

from hanza.api.calls import Answer, AsyncHandler, Call, Plane, ThreadHandler
from hanza.api.console import Consoles, Doors
from hanza.api.events import MEDIA_TYPE, Feed, after_of, wants_stream
from hanza.api.gate import Caller, Gate
from hanza.api.identity import Principal
from hanza.api.link import Hub
from hanza.api.measured import Measured
from hanza.api.meeting import refit_for_ever
from hanza.api.problems import Unexpected, fault_response, http_refusal, refusal_response
from hanza.api.relay import Limits
from hanza.api.route import PUBLIC, Route
from hanza.api.routes import CONSOLE, LOG, PORT, ROUTES
from hanza.api.stream import STREAMS_MAX, chunks_of
from hanza.api.table import Endpoint, Entry, Table
from hanza.api.watching import Answering, Watched, Watching
from hanza.kit.pulse import Pulse
from hanza.model.errors import Bug, Invalid, NotFound, Refusal, TooSlow, Unauthenticated
from hanza.wire.agent_v1 import LINK_PATH
from hanza.wire.console_v1 import AGENT_PATH
from hanza.wire.json_depth import check_depth

BODY_BYTES_MAX = 2**20
CONSOLE_LIMITS = Limits()
BODY_HEADERS = frozenset({"content-length", "transfer-encoding"})
"""Without either of them a request has no body."""
KEPT_BY_NOBODY = {"cache-control": "no-store"}
"""Answers are whoever asked's, and some are tokens."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a plane serves beside its API: more routes as good as its own, and open pages."""

    routes: Sequence[Route] = ()
    pages: Sequence[BaseRoute] = ()


NOTHING_BESIDE = Beside()


def build_app(
    plane: Plane,
    gate: Gate,
    hub: Hub,
    limits: Limits = CONSOLE_LIMITS,
    pulse: Pulse | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> ASGIApp:
    """Everything that one plane serves.

    `limits` are its consoles', `pulse` is its engine's, None where none runs.
    """
    feed = Feed(plane)
    consoles = Consoles(plane, gate, Doors(CONSOLE, PORT, LOG), hub, limits)
    # Threads of their own, so that slow uploads hold up no other request.
    streaming = ThreadPoolExecutor(STREAMS_MAX, "upload")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = [
            asyncio.create_task(hub.run(), name="link-hub"),
            asyncio.create_task(feed.run(), name="event-feed"),
            asyncio.create_task(refit_for_ever(plane.meeting, plane.clock), name="meeting"),
        ]
        yield
        for one in running:
            one.cancel()
        streaming.shutdown(wait=False, cancel_futures=True)

    served = _Served(plane, gate, feed, streaming)
    entries = _entries(served, beside.routes, Watching(plane, hub, feed, pulse))
    routes = [HttpRoute(one.path, one.endpoint, methods=[one.method]) for one in entries]
    whole = Starlette(
        routes=[*routes, *_socket_routes(hub, consoles), *beside.pages],
        lifespan=lifespan,
        exception_handlers={HTTPException: http_refusal, Exception: Unexpected(plane)},
    )
    whole.router.redirect_slashes = False  # a path with a slash more is another path
    templates = {one.endpoint: one.path for one in entries}
    return Measured(Table(entries, otherwise=whole), plane, templates)


@dataclass(frozen=True, slots=True)
class _Served:
    """What every request is answered with."""

    plane: Plane
    gate: Gate
    feed: Feed
    streaming: ThreadPoolExecutor
    """The threads of routes whose body is handed on as it comes."""


def _socket_routes(hub: Hub, consoles: Consoles) -> list[WebSocketRoute]:
    return [
        WebSocketRoute(LINK_PATH, hub.serve),
        WebSocketRoute(AGENT_PATH, consoles.serve_agent),
        WebSocketRoute(CONSOLE.path, consoles.serve),
        WebSocketRoute(PORT.path, consoles.serve_port),
        WebSocketRoute(LOG.path, consoles.serve_log),
    ]


def _entries(served: _Served, more: Sequence[Route], watching: Watching) -> list[Entry]:
    entries = [
        Entry(route.method, route.path, _endpoint(route, served)) for route in (*ROUTES, *more)
    ]
    for watched, answer in watching.answers().items():
        entries.append(Entry("GET", watched.path, _guarded(watched, answer, served.gate)))
    return entries


def _guarded(watched: Watched, answer: Answering, gate: Gate) -> Answering:
    route = Route("GET", watched.path, _unreached, watched.permission)

    async def endpoint(request: Request) -> Response:
        try:
            if route.permission != PUBLIC:
                await gate.admit(route, {}, _caller(request))
            return await answer(request)
        except Refusal as refusal:
            return refusal_response(refusal, request.url.path)

    return endpoint


def _endpoint(route: Route, served: _Served) -> Endpoint:
    answer_of = _run_by(route, served)

    async def endpoint(request: Request) -> Response:
        try:
            who = await served.gate.admit(route, request.path_params, _caller(request))
            _check_text(request)
            call = await _call(request, route, served, who)
            if route.may_stream and wants_stream(call.headers.get("accept", "")):
                return _stream(served, route, call)
            answer = await answer_of(call)
            served.gate.note_done(route)
            return _render(answer)
        except Refusal as refusal:
            return refusal_response(
                _charged(refusal, route, request, served.gate), request.url.path
            )
        except HTTPException as error:
            return await http_refusal(request, error)
        except Exception as error:  # noqa: BLE001 -- a request never takes the plane down
            return fault_response(served.plane, error, request.url.path, route.path)

    return endpoint


def _run_by(route: Route, served: _Served) -> AsyncHandler:
    """A handler that waits for nothing but the loop runs on it, any other one in a thread."""
    if inspect.iscoroutinefunction(route.handler):
        return route.handler
    handler = cast(ThreadHandler, route.handler)
    threads = served.streaming if route.streams else None

    async def answer_of(call: Call) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads, handler, call)

    return answer_of


def _unreached(_: Call) -> Answer:
    raise Bug("watchers are answered without a handler")


def _caller(request: HTTPConnection) -> Caller:
    address = "" if request.client is None else request.client.host
    return Caller(request.headers.get("authorization"), address)


def _address_of(request: HTTPConnection) -> tuple[str, int] | None:
    return None if request.client is None else (request.client.host, request.client.port)


def _charged(refusal: Refusal, route: Route, request: Request, gate: Gate) -> Refusal:
    """Who proves in another way than by a token who they are, and fails, has tried once more."""
    if route.permission == PUBLIC and isinstance(refusal, Unauthenticated):
        try:
            gate.note_failure(_caller(request))
        except Refusal as limited:
            return limited
    return refusal


async def _call(request: Request, route: Route, served: _Served, who: Principal | None) -> Call:
    plane, patience_s = served.plane, served.gate.limits.body_within_s
    query = dict(request.query_params) if request.scope["query_string"] else {}
    headers, caller = _headers_of(request), _address_of(request)
    if route.streams:
        chunks = chunks_of(request, asyncio.get_running_loop())
        return Call(plane, request.path_params, query, b"", headers, who, chunks, caller)
    if BODY_HEADERS.isdisjoint(headers):
        return Call(plane, request.path_params, query, b"", headers, who, caller=caller)
    try:
        async with asyncio.timeout(patience_s):
            body = await _body(request)
    except TimeoutError as error:
        text = f"the body did not come within {patience_s:.0f} s"
        raise TooSlow(text, field="body") from error
    check_depth(body)
    return Call(plane, request.path_params, query, body, headers, who, caller=caller)


def _headers_of(request: Request) -> dict[str, str]:
    """By name in lower case; of one that was sent twice, the first."""
    said: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        said.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return said


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
    if isinstance(answer.document, Path):
        return FileResponse(answer.document, answer.status, media_type="application/octet-stream")
    if isinstance(answer.document, bytes):
        return Response(answer.document, answer.status, KEPT_BY_NOBODY, answer.media_type)
    body = msgspec.json.encode(answer.document)
    return Response(body, answer.status, KEPT_BY_NOBODY, "application/json")


def _stream(served: _Served, route: Route, call: Call) -> Response:
    stream = served.feed.listen(after_of(call), call.path.get("tenant"))
    guarded = _while_allowed(stream, served.gate, route, call)
    return StreamingResponse(guarded, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})


async def _while_allowed(
    stream: AsyncGenerator[Any, None], gate: Gate, route: Route, call: Call
) -> AsyncIterator[Any]:
    """Each part of a stream is for who may have it now, not for who might once."""
    assert call.who is not None, "no stream is public"
    async with contextlib.aclosing(stream):
        async for part in stream:
            try:
                await gate.authorise(call.who, route, call.path)
            except Refusal:
                return
            yield part
