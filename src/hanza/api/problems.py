"""A refusal as an HTTP answer, the same for whatever was asked."""

import msgspec
from starlette.responses import Response

from hanza.wire.problems import Problem

AGAIN = {"retry-after": "5"}


def problem_response(problem: Problem) -> Response:
    body = msgspec.json.encode(problem)
    headers = {401: {"www-authenticate": "Bearer"}, 429: AGAIN, 503: AGAIN}.get(problem.status)
    return Response(body, problem.status, headers, media_type="application/problem+json")
