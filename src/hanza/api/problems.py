"""A refusal as an HTTP answer, the same for whatever was asked."""

import msgspec
from starlette.responses import Response

from hanza.model.errors import RateLimited, Refusal
from hanza.wire.problems import Problem, problem_of

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
