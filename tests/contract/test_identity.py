"""Who may call what: two tenants, every route, and whoever forges, lacks or is not concerned."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.identity import MEMBER, PUBLIC, Principal
from hanza.api.route import Route
from hanza.api.routes import BASE, ROUTES
from hanza.wire.tokens import Bearer, Issuer, keys_from_json, keys_from_seed, keys_to_json
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import START, League

CLOSED = [route for route in ROUTES if route.permission != PUBLIC]
OF_TENANTS = [route for route in CLOSED if "{tenant}" in route.path]
OF_MEMBERS = [route for route in OF_TENANTS if route.permission in MEMBER]
OF_THE_OPERATOR = [route for route in CLOSED if route.permission not in MEMBER]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An issuer of others: it knows one token, whose bearer may do nothing."""

    token: str = "from-elsewhere"

    def principal_of(self, token: str) -> Principal | None:
        known = Principal("guest", frozenset(), frozenset({"acme"}))
        return known if token == self.token else None


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path, Elsewhere()) as (client, league):
        for name in ("acme", "rival"):
            assert ask(client, "PUT", f"{BASE}/tenants/{name}").status_code == 201
        yield client, league


def ask(
    client: TestClient, method: str, path: str, document: Any = None, by: Any = OPERATOR
) -> Any:
    return client.request(method, path, json=document, headers=by)


def filled(route: Route, tenant: str = "acme") -> str:
    for name in (
        "provider",
        "site",
        "workspace",
        "network",
        "instance",
        "app",
        "name",
        "region",
        "agent",
        "probe",
    ):
        route = Route(
            route.method, route.path.replace(f"{{{name}}}", "x"), route.handler, route.permission
        )
    return route.path.replace("{tenant}", tenant)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_who_has_no_permission_is_forbidden_every_closed_route(
    api: tuple[TestClient, League], route: Route
) -> None:
    by = {"authorization": "Bearer from-elsewhere"}
    answer = ask(api[0], route.method, filled(route), by=by)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("route", OF_THE_OPERATOR, ids=named)
def test_a_tenant_is_forbidden_what_is_the_operators(
    api: tuple[TestClient, League], route: Route
) -> None:
    client, league = api
    answer = ask(client, route.method, filled(route), by=bearer(league, "ana", "acme"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("route", OF_MEMBERS, ids=named)
def test_another_tenant_is_not_there_at_all(api: tuple[TestClient, League], route: Route) -> None:
    client, league = api
    by = bearer(league, "ana", "acme")
    theirs = ask(client, route.method, filled(route, "rival"), by=by)
    nobodys = ask(client, route.method, filled(route, "nobody"), by=by)
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert theirs.text.replace("rival", "nobody") == nobodys.text


@pytest.mark.parametrize("route", CLOSED, ids=named)
def test_a_token_that_is_too_old_or_forged_opens_nothing(
    api: tuple[TestClient, League], route: Route
) -> None:
    client, league = api
    issuer, now = league.plane.issuer, league.clock.now()
    forger = Issuer(issuer.name, keys_from_seed(bytes(31) + b"1"))
    stranger = Issuer("fe_other", keys_from_seed(bytes(32)))
    good = Bearer("ana", ("acme",), now + timedelta(hours=1))
    old = Bearer("ana", ("acme",), now)
    tokens = [issuer.issue(old, now), forger.issue(good, now), stranger.issue(good, now)]
    head, body, signature = issuer.issue(good, now).split(".")
    tokens += [f"{head}.{body}.", f"{head}..{signature}", f"{body}.{head}.{signature}", "a.b.c"]
    for token in tokens:
        by = {"authorization": f"Bearer {token}"}
        answer = ask(client, route.method, filled(route), by=by)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_two_tenants_share_nothing_but_the_plane(api: tuple[TestClient, League]) -> None:
    client, league = api
    ana, bob = bearer(league, "ana", "acme"), bearer(league, "bob", "rival")
    spec = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
    path = BASE + "/tenants/acme/workspaces/shop/instances/web"
    assert ask(client, "PUT", path, {"spec": spec}, ana).status_code == 201
    assert ask(client, "GET", path, by=ana).status_code == 200
    for method in ("GET", "DELETE"):
        assert ask(client, method, path, by=bob).status_code == 404
    assert ask(client, "GET", BASE + "/tenants/rival/instances", by=bob).json() == {"items": []}
    both = bearer(league, "eve", "acme", "rival")
    assert ask(client, "GET", path, by=both).status_code == 200


def test_a_token_that_was_issued_over_the_api_is_good_until_it_is_too_old(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    spec = {"subject": "ana", "tenants": ["acme"], "validForSeconds": 60}
    issued = ask(client, "POST", BASE + "/tokens", {"spec": spec})
    assert issued.status_code == 201
    by = {"authorization": f"Bearer {issued.json()['token']}"}
    assert ask(client, "GET", BASE + "/tenants/acme", by=by).status_code == 200
    league.clock.advance(timedelta(seconds=60))
    assert ask(client, "GET", BASE + "/tenants/acme", by=by).status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"subject": ""}, 412),
        ({"subject": "x" * 129}, 412),
        ({"subject": "a\nb"}, 412),
        ({"tenants": []}, 412),
        ({"tenants": ["nobody"]}, 404),
        ({"validForSeconds": 0}, 412),
        ({"validForSeconds": 10**12}, 412),
        ({"surprise": 1}, 412),
    ],
)
def test_a_token_that_cannot_be_is_not_issued(
    api: tuple[TestClient, League], change: dict[str, Any], status: int
) -> None:
    spec = {"subject": "ana", "tenants": ["acme"], "validForSeconds": 60} | change
    assert ask(api[0], "POST", BASE + "/tokens", {"spec": spec}).status_code == status


def test_adding_a_tenant_twice_is_adding_it_once(api: tuple[TestClient, League]) -> None:
    client, _ = api
    again = ask(client, "PUT", BASE + "/tenants/acme")
    assert (again.status_code, again.json()["spec"]) == (200, {"references": "strict"})
    wish = {"spec": {"references": "deferred"}}
    assert ask(client, "PUT", BASE + "/tenants/acme", wish).json()["spec"] == wish["spec"]
    kept = ask(client, "PUT", BASE + "/tenants/acme").json()["spec"]
    assert kept == wish["spec"], "what is not said is not changed"
    names = [
        one["metadata"]["name"] for one in ask(client, "GET", BASE + "/tenants").json()["items"]
    ]
    assert names == ["acme", "rival"]


@pytest.mark.parametrize("name", ["public", "seca", "Acme", "a_b", "x" * 64])
def test_nobody_can_be_called_what_all_share(api: tuple[TestClient, League], name: str) -> None:
    assert ask(api[0], "PUT", f"{BASE}/tenants/{name}").status_code == 412


def test_a_key_of_before_still_verifies_once_another_signs() -> None:
    before, after = keys_from_seed(bytes(32)), keys_from_seed(bytes(31) + b"1")
    now = START
    token = Issuer("fe", before).issue(Bearer("ana", ("acme",), now + timedelta(1)), now)
    after.keys.append(before.keys[0])
    rotated = Issuer("fe", keys_from_json(keys_to_json(after)))
    assert rotated.read(token, now).subject == "ana"
    fresh = rotated.issue(Bearer("bob", ("acme",), now + timedelta(1)), now)
    assert rotated.read(fresh, now).subject == "bob"
