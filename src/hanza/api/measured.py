"""Around every request: its id, its line in the log, and its place in the numbers.

The id is ours, never the caller's, and is on each line that is logged for the request and in the
answer's `x-request-id`.  Neither log nor numbers have the path that was asked, since tenants'
names are in it: they have the route's.  Streams are answered when they begin.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanza.api.calls import Plane
from hanza.kit.log import Log, bound
from hanza.kit.metrics import Counting, Timing

log = Log("hanza.api")
HEADER = b"x-request-id"
NO_ROUTE = "none"
METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"})
QUIET = frozenset({"GET", "HEAD", "OPTIONS"})
"""Who only looks, and gets what was looked for, is counted and not logged."""


class Measured:
    """ASGI middleware of one plane."""

    def __init__(self, app: ASGIApp, plane: Plane, templates: Mapping[Any, str]) -> None:
        """`templates` are the routes' paths by their endpoints."""
        self._app = app
        self._ids = plane.ids
        self._templates = templates
        self._requests = plane.store.metrics.counter(
            "hanza_http_requests", "Answers by route and status.", "method", "route", "status"
        )
        self._seconds = plane.store.metrics.histogram(
            "hanza_http_request_seconds", "Until the answer began.", "method", "route"
        )

        self._series: dict[tuple[str, str, int], tuple[Counting, Timing]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, began = self._ids.new("rq"), time.perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (HEADER, request.encode())]
                self._note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        with bound(request=request):
            await self._app(scope, receive, send_measured)

    def _series_of(self, method: str, route: str, status: int) -> tuple[Counting, Timing]:
        """There are as many as there are routes and statuses, and looking one up is not free."""
        key = (method, route, status)
        found = self._series.get(key)
        if found is None:
            requests = self._requests.labels(method, route, str(status))
            found = self._series[key] = (requests, self._seconds.labels(method, route))
        return found

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = self._templates.get(scope.get("endpoint"), NO_ROUTE)
        requests, took = self._series_of(method, route, status)
        requests.inc()
        took.observe(seconds)
        if method not in QUIET or status >= 400:
            ms = round(seconds * 1000, 1)
            log.info("request.answered", method=method, route=route, status=status, ms=ms)
