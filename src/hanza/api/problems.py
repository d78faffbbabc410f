"""A refusal as an HTTP answer, the same for whatever was asked."""

from dataclasses import dataclass

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from hanza.api.calls import Plane
from hanza.kit.log import Log
from hanza.model.errors import RateLimited, Refusal
from hanza.wire.problems import Problem, problem_of, refused_status, unexpected_problem

log = Log("hanza.api")
AGAIN = {"retry-after": "5"}


def refusal_response(refusal: Refusal, instance: str) -> Response:
    """`instance` is the path that was asked."""
    response = problem_response(problem_of(refusal, instance))
    if isinstance(refusal, RateLimited):
        response.headers["retry-after"] = str(refusal.retry_after_s)
    return response


def problem_response(problem: Problem) -> Response:
    body = msgspec.json.encode(problem)
    headers = {
        401: {"www-authenticate": "Bearer"},
        408: {"connection": "close"},
        429: AGAIN,
        503: AGAIN,
    }.get(problem.status)
    return Response(body, problem.status, headers, media_type="application/problem+json")


def fault_response(plane: Plane, error: Exception, instance: str, route: str) -> Response:
    """Whatever went wrong is in the log, under the number that the answer tells."""
    incident = plane.ids.new("ic")
    log.error("request.failed", error, incident=incident, route=route)
    return problem_response(unexpected_problem(instance, incident))


@dataclass(frozen=True, slots=True)
class Unexpected:
    """Answers for what failed beside any handler: in a page, or before one was reached."""

    plane: Plane

    async def __call__(self, request: Request, error: Exception) -> Response:
        return fault_response(self.plane, error, request.url.path, "none")


async def http_refusal(request: Request, error: Exception) -> Response:
    """No such path, no such method, a body that is too large."""
    assert isinstance(error, HTTPException), "registered for this class alone"
    detail, headers = error.detail, dict(error.headers or {})
    if error.status_code == 404:
        detail = "there is no such path"
    if error.status_code == 405:
        allowed = ", ".join(methods_of(request))
        detail, headers = (
            f"{request.method} cannot be asked here: {allowed} can",
            {"allow": allowed},
        )
    problem = refused_status(error.status_code, detail, request.url.path)
    response = problem_response(problem)
    response.headers.update(headers)
    return response


def methods_of(request: Request) -> list[str]:
    """All that the path can be asked with; several routes may share it."""
    found: set[str] = set()
    for route in request.app.router.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] != Match.NONE:
            found |= route.methods or set()
    return sorted(found)
