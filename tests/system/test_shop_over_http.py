"""The shop again, over plain HTTP: its machines by a stock client of the standard, its policy kept.

Nothing of Hanza's own command line is used: what the client's kit does not know is plain HTTP.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.wire.app_v1 import app_from_yaml
from kit.apis import OPERATOR, an_api, bearer
from kit.laws import check_laws
from kit.leagues import League
from kit.markets import a_market
from kit.seca_client import ClientError, SecaClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop" / "app.yaml"
PLACES = {"web-1": "ljubljana", "web-2": "amsterdam", "db": "frankfurt"}
COUNTRIES = "hanza.policy/countries"
INSIDE = BASE + "/tenants/acme/workspaces/demo"
POLICY = {"residency": ["DE", "NL", "SI"], "providers": {"deny": ["jadranka"]}}


@pytest.fixture
def market(tmp_path: Path, database_url: str) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path, url=database_url) as (client, league):
        a_market(league)
        league.add_site("jadranka", "DE")
        league.step()
        assert client.put(BASE + "/tenants/acme", headers=OPERATOR).status_code == 201
        yield client, league


def ask(market: tuple[TestClient, League], method: str, path: str, document: Any = None) -> Any:
    client, league = market
    by = bearer(league, "ana", "acme")
    return client.request(method, INSIDE + path, json=document, headers=by)


def client_of(market: tuple[TestClient, League]) -> SecaClient:
    client, league = market
    token = bearer(league, "ana", "acme")["authorization"].removeprefix("Bearer ")
    url = "https://plane.test:7443/providers/seca.region"
    found = SecaClient(client, token, url, "acme", "eu", league.step)
    found.discover()
    return found


def make(client: SecaClient, name: str, zone: str = "any", **words: Any) -> None:
    image = {"resource": "tenants/public/images/tiny"}
    disk_sku = {"resource": client.sku("seca.storage", "Tier=local")}
    disk = {"sizeGB": 1, "skuRef": disk_sku, "sourceImageRef": image}
    client.put_block_storage("demo", name, disk)
    sku = {"resource": client.sku("seca.compute", "Tier=D2XS")}
    boot = {"deviceRef": {"resource": f"block-storages/{name}"}}
    client.put_instance("demo", name, {"skuRef": sku, "zone": zone, "bootVolume": boot}, **words)
    client.power("demo", name, "start")


def is_on(status: Any) -> bool:
    return bool(status["state"] == "active" and status["powerState"] == "on")


def test_a_stock_client_has_the_shop_and_its_policy_from_first_to_last(
    market: tuple[TestClient, League],
) -> None:
    league = market[1]
    client = client_of(market)
    client.put_workspace("demo")
    assert ask(market, "PUT", "/policy", {"spec": POLICY}).status_code == 201
    for name in ("web-1", "web-2"):
        make(client, name, PLACES[name])
    make(client, "db", extensions={COUNTRIES: "DE"})
    for name, site in PLACES.items():
        status = client.get_until("demo", "instances", name, is_on)["status"]
        assert status["placement"]["site"] == site
    why = ask(market, "GET", "/instances/db/placement").json()
    counts = {one["rule"]: one["hosts"] for one in why["explanation"]["refusals"]}
    assert counts == {"residency": 2, "provider": 1, "volume": 3}, "its disk is where it runs"

    changed = ask(market, "PUT", "/policy", {"spec": {**POLICY, "residency": ["DE", "SI"]}})
    (told,) = changed.json()["status"]["violations"]
    assert (told["name"], told["site"], told["rule"]) == ("web-2", "amsterdam", "residency")
    with pytest.raises(ClientError) as refused:
        make(client, "web-3", extensions={COUNTRIES: "NL"})
    assert refused.value.status == 412
    assert "workspace demo says allow DE, SI" in str(refused.value)
    client.power("demo", "web-2", "stop")
    client.get_until("demo", "instances", "web-2", lambda it: it["powerState"] == "off")
    assert sorted(league.guests()) == [
        ("amsterdam", "web-2", "off"),
        ("frankfurt", "db", "on"),
        ("ljubljana", "web-1", "on"),
    ]

    for name in PLACES:
        client.delete("demo", "instances", name)
        client.delete("demo", "block-storages", name)
    client.delete("demo", "block-storages", "web-3")
    client.delete("demo", "", "demo")
    for name in PLACES:
        client.watch_until_deleted("demo", "instances", name)
    client.watch_until_deleted("demo", "", "demo")
    league.step()
    assert ask(market, "GET", "/violations").json() == {"items": []}
    assert league.guests() == []
    check_laws(league)


def test_the_file_itself_is_planned_applied_changed_and_ended_by_plain_requests(
    market: tuple[TestClient, League],
) -> None:
    league = market[1]
    app = app_from_yaml(EXAMPLE.read_bytes(), "app.yaml")
    wanted = {"instances": {one.name: one.spec for one in app.components}}
    plan = ask(market, "POST", "/quotes", {"app": "shop", **wanted}).json()
    assert {one["name"]: one["placement"]["site"] for one in plan["items"]} == PLACES
    assert ask(market, "GET", "/instances").json() == {"items": []}
    assert ask(market, "PUT", "/apps/shop", wanted).status_code == 200
    league.run_until(lambda: len(league.guests()) == 3)
    assert {name: site for site, name, _ in league.guests()} == PLACES
    wanted["instances"]["db"]["memoryMiB"] = 256
    changes = ask(market, "PUT", "/apps/shop", wanted).json()["items"]
    assert {one["name"]: one["change"] for one in changes} == {
        "web-1": "none",
        "web-2": "none",
        "db": "replace",
    }
    league.run_until(lambda: ("frankfurt", "db", "on") not in league.guests())
    league.run_until(lambda: ("frankfurt", "db", "on") in league.guests())
    assert ask(market, "DELETE", "/apps/shop").status_code == 202
    league.run_until(lambda: not league.guests())
    check_laws(league)
