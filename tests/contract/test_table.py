"""The table of routes answers as Starlette's router would, and leaves it whatever it lacks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as HttpRoute
from starlette.testclient import TestClient

from hanza.api.routes import ROUTES
from hanza.api.table import Endpoint, Entry, Table
from hanza.model.errors import Bug

PATHS = (
    ("GET", "/things/{thing}"),
    ("GET", "/things/special"),
    ("PUT", "/things/{thing}"),
    ("PUT", "/things/{name}"),
    ("GET", "/things/{thing}/parts"),
    ("POST", "/{kind}/special/parts"),
    ("GET", "/{kind}/{thing}/{part}"),
    ("GET", "/"),
)
WORDS = st.sampled_from(
    ["things", "special", "parts", "a", "", "a%2Fb", "a\n", "ä", "{thing}", ".."]
)


def an_endpoint(name: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return JSONResponse({"route": name, "names": request.path_params})

    return endpoint


def some_entries() -> list[Entry]:
    return [
        Entry(method, path, an_endpoint(f"{number} {method} {path}"))
        for number, (method, path) in enumerate(PATHS)
    ]


def starlette_of(entries: list[Entry]) -> Starlette:
    return Starlette(
        routes=[HttpRoute(one.path, one.endpoint, methods=[one.method]) for one in entries]
    )


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    await Response(status_code=418)(scope, receive, send)


ENTRIES = some_entries()
TABLE = Table(ENTRIES, otherwise=nothing)
ROUTER = TestClient(starlette_of(ENTRIES), follow_redirects=False)
BOTH = TestClient(Table(ENTRIES, otherwise=starlette_of(ENTRIES)), follow_redirects=False)
ALONE = TestClient(TABLE, follow_redirects=False)


@given(st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]), st.lists(WORDS, max_size=4))
def test_it_answers_as_the_router_would(method: str, words: list[str]) -> None:
    url = "http://testserver/" + "/".join(words).replace("\n", "%0A").replace("{", "%7B")
    expected, found = ROUTER.request(method, url), BOTH.request(method, url)
    assert (found.status_code, found.content) == (expected.status_code, expected.content)
    assert found.headers.get("allow") == expected.headers.get("allow")
    assert found.headers.get("location") == expected.headers.get("location")
    alone = ALONE.request(method, url)
    assert alone.status_code == 418 or alone.content == expected.content


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things/one", 200),
        ("GET", "/things/a%2Fb", 200),
        ("GET", "/things/", 418),
        ("GET", "/things/one/", 418),
        ("DELETE", "/things/one", 418),
        ("GET", "/things//parts", 418),
    ],
)
def test_it_takes_whole_segments_and_never_empty_ones(method: str, path: str, status: int) -> None:
    assert ALONE.request(method, path).status_code == status


def test_the_first_of_the_table_wins_whatever_is_more_exact() -> None:
    assert ALONE.get("/things/special").json()["route"] == "0 GET /things/{thing}"


@pytest.mark.parametrize("path", ["/a-{name}", "/{name}-b", "/{name:path}", "/{}", "/a}"])
def test_a_path_that_it_cannot_hold_is_refused(path: str) -> None:
    with pytest.raises(Bug):
        Table([Entry("GET", path, an_endpoint("x"))], otherwise=nothing)


def test_every_route_of_the_api_is_found_with_its_names() -> None:
    entries = [Entry(one.method, one.path, an_endpoint(one.path)) for one in ROUTES]
    table = Table(entries, otherwise=nothing)
    for route in ROUTES:
        found = table.find(route.method, route.path.replace("{", "").replace("}", ""))
        assert found is not None
        entry, names = found
        assert entry.path == route.path
        assert all(name == value for name, value in names.items())
        assert len(names) == route.path.count("{")
