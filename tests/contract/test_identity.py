"""Tenants, users and tokens over the API, and the keys that sign.  Every route: test_access."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.model.errors import Unauthenticated
from hanza.wire.tokens import Bearer, Issuer, keys_from_json, keys_from_seed, keys_to_json
from kit.apis import OPERATOR, an_api, bearer
from kit.leagues import START, League


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as (client, league):
        for name in ("acme", "rival"):
            assert ask(client, "PUT", f"{BASE}/tenants/{name}").status_code == 201
        yield client, league


def ask(
    client: TestClient, method: str, path: str, document: Any = None, by: Any = OPERATOR
) -> Any:
    return client.request(method, path, json=document, headers=by)


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
        ({"subject": "corp:ana"}, 412),
        ({"subject": "operator"}, 412),
        ({"subject": "*"}, 412),
        ({"roles": ["no-such"]}, 412),
        ({"tenants": []}, 412),
        ({"tenants": ["nobody"]}, 404),
        ({"validForSeconds": 0}, 412),
        ({"validForSeconds": 10**12}, 412),
        ({"validForSeconds": 10**18}, 412),
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
    first = {"references": "strict", "country": None}
    assert (again.status_code, again.json()["spec"]) == (200, first)
    said = {"spec": {"references": "deferred", "country": "DE"}}
    assert ask(client, "PUT", BASE + "/tenants/acme", said).json()["spec"] == said["spec"]
    for less in ({}, {"spec": {}}, {"spec": {"references": "deferred"}}):
        kept = ask(client, "PUT", BASE + "/tenants/acme", less or None).json()["spec"]
        assert kept == said["spec"], "what is not said is not changed"
    names = [
        one["metadata"]["name"] for one in ask(client, "GET", BASE + "/tenants").json()["items"]
    ]
    assert names == ["acme", "rival"]


@pytest.mark.parametrize("name", ["public", "seca", "Acme", "a_b", "x" * 64])
def test_nobody_can_be_called_what_all_share(api: tuple[TestClient, League], name: str) -> None:
    assert ask(api[0], "PUT", f"{BASE}/tenants/{name}").status_code == 412


def test_our_own_key_speaks_for_nobody_elses_people() -> None:
    keys, now = keys_from_seed(bytes(32)), START
    issuer = Issuer("fe", keys)
    for subject in ("corp:ana", "operator"):
        claims = {"iss": "fe", "sub": subject, "exp": int(now.timestamp()) + 60, "tenants": ["a"]}
        token = jwt.encode({"alg": "Ed25519", "kid": issuer.kid}, claims, keys, ["Ed25519"])
        with pytest.raises(Unauthenticated):
            issuer.read(token, now)


def test_a_key_of_before_still_verifies_once_another_signs() -> None:
    before, after = keys_from_seed(bytes(32)), keys_from_seed(bytes(31) + b"1")
    now = START
    token = Issuer("fe", before).issue(Bearer("ana", ("acme",), now + timedelta(1)), now)
    after.keys.append(before.keys[0])
    rotated = Issuer("fe", keys_from_json(keys_to_json(after)))
    assert rotated.read(token, now).subject == "ana"
    fresh = rotated.issue(Bearer("bob", ("acme",), now + timedelta(1)), now)
    assert rotated.read(fresh, now).subject == "bob"
