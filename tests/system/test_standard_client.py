"""A stock client of the standard runs a machine at a site, through HTTP alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.apis import bearer
from kit.leagues import SECOND
from kit.seca_client import ClientError, SecaClient
from kit.standard import Asker, askers


@pytest.fixture
def ana(tmp_path: Path, database_url: str) -> Iterator[Asker]:
    with askers(tmp_path, {"berlin": "DE", "zagreb": "HR"}, database_url) as (asker, _):
        yield asker


def client_of(asker: Asker, region: str) -> SecaClient:
    token = bearer(asker.league, "ana", asker.tenant)["authorization"].removeprefix("Bearer ")
    url = "https://plane.test:7443/providers/seca.region"
    return SecaClient(asker.client, token, url, asker.tenant, region, asker.league.step)


def is_active(status: Any) -> bool:
    return bool(status["state"] == "active")


def is_power(power: str) -> Any:
    return lambda status: status["powerState"] == power and is_active(status)


@pytest.mark.parametrize(
    ("region", "zone", "place"), [("hr", "any", "zagreb"), ("de", "berlin", "berlin")]
)
def test_a_stock_client_runs_a_guest_from_first_look_to_last(
    ana: Asker, region: str, zone: str, place: str
) -> None:
    client = client_of(ana, region)
    assert zone in client.discover()
    sku = client.sku("seca.compute", "Tier=D2XS")
    disk_sku = client.sku("seca.storage", "Tier=local")
    client.put_workspace("shop", labels={"env": "test"})
    image = {"resource": "tenants/public/images/tiny"}
    disk = {"sizeGB": 1, "skuRef": {"resource": disk_sku}, "sourceImageRef": image}
    client.put_block_storage("shop", "boot", disk)
    client.get_until("shop", "block-storages", "boot", is_active)
    spec = {
        "skuRef": {"resource": sku},
        "zone": zone,
        "bootVolume": {"deviceRef": {"resource": "block-storages/boot"}},
    }
    made = client.put_instance("shop", "web", spec, labels={"role": "web"})
    assert made["status"]["state"] == "pending"

    stopped = client.get_until("shop", "instances", "web", is_active)
    assert stopped["status"]["powerState"] == "off"
    assert ana.league.guests() == [(place, "web", "off")]
    client.power("shop", "web", "start")
    running = client.get_until("shop", "instances", "web", is_power("on"))
    assert ana.league.guests() == [(place, "web", "on")]
    assert running["spec"] == spec
    assert running["labels"] == {"role": "web"}
    assert running["status"]["placement"]["site"] == place
    assert place in running["status"]["conditions"][0]["message"]
    assert len(running["status"]["conditions"]) == 5
    attached = client.get("shop", "block-storages", "boot")["status"]
    assert attached["attachedTo"] == {"resource": "instances/web"}
    assert attached["placement"]["site"] == place

    client.power("shop", "web", "stop")
    client.get_until("shop", "instances", "web", is_power("off"))
    for collection, name in (("instances", "web"), ("block-storages", "boot"), ("", "shop")):
        client.delete("shop", collection, name)
    for collection, name in (("instances", "web"), ("block-storages", "boot"), ("", "shop")):
        client.watch_until_deleted("shop", collection, name)
    assert ana.league.guests() == []


def test_whoever_waits_in_vain_is_told_why_before_clients_give_up(ana: Asker) -> None:
    client = client_of(ana, "de")
    ana.add_workspace()
    ana.add_storage()
    ana.league.step()
    ana.league.agents["berlin"].link.is_cut = True
    ana.add_instance()
    client.discover()
    for _ in range(46):
        ana.league.step()
    newest = client.get("shop", "instances", "web")["status"]["conditions"][0]
    assert newest["state"] in ("pending", "creating")
    assert newest["message"]
    ana.league.agents["berlin"].link.is_cut = False
    client.get_until("shop", "instances", "web", is_active)


def test_the_second_instance_of_a_volume_waits_and_then_runs_where_the_first_did(
    ana: Asker,
) -> None:
    client = client_of(ana, "de")
    client.discover()
    ana.add_workspace()
    ana.add_storage()
    ana.add_instance("one")
    client.get_until("shop", "instances", "one", is_active)
    ana.add_instance("two")
    for _ in range(3):
        ana.league.step()
    status = client.get("shop", "instances", "two")["status"]
    assert status["state"] == "pending"
    assert "its volume boot is attached to one" in status["conditions"][0]["message"]
    client.delete("shop", "instances", "one")
    client.get_until("shop", "instances", "two", is_active)
    assert ana.league.guests() == [("berlin", "two", "off")]


def test_a_restart_is_off_and_on_again_and_two_entries(ana: Asker) -> None:
    client = client_of(ana, "de")
    client.discover()
    ana.add_workspace()
    ana.add_storage()
    ana.add_instance()
    client.power("shop", "web", "start")
    client.get_until("shop", "instances", "web", is_power("on"))
    client.power("shop", "web", "restart")
    powers = set()
    for _ in range(5):
        ana.league.step()
        powers |= {power for _, _, power in ana.league.guests()}
    assert powers == {"on", "off"}
    again = client.get_until("shop", "instances", "web", is_power("on"))
    assert [one["state"] for one in again["status"]["conditions"]] == [
        *("active", "updating") * 2,
        *("active", "creating", "pending"),
    ]


def test_what_is_wished_while_the_site_is_away_is_done_when_it_is_back(ana: Asker) -> None:
    client = client_of(ana, "de")
    client.discover()
    ana.add_workspace()
    ana.add_storage()
    ana.add_instance()
    client.get_until("shop", "instances", "web", is_active)
    link = ana.league.agents["berlin"].link
    link.is_cut = True
    client.power("shop", "web", "start")
    ana.put(f"{ana.instances()}/web", client.get("shop", "instances", "web")["spec"])
    for _ in range(47):
        ana.league.step()
    waiting = client.get("shop", "instances", "web")["status"]
    assert (waiting["state"], waiting["powerState"]) == ("updating", "off")
    assert "berlin has not said" in waiting["conditions"][0]["message"]
    link.is_cut = False
    done = client.get_until("shop", "instances", "web", is_power("on"))
    assert len(done["status"]["conditions"]) == 7


def test_another_tenants_client_finds_nothing(ana: Asker) -> None:
    ana.add_workspace()
    stranger = client_of(Asker(ana.client, ana.league, "rival"), "de")
    stranger.discover()
    stranger.tenant = "acme"
    ana.league.clock.advance(SECOND)
    with pytest.raises(ClientError) as refused:
        stranger.get("", "", "shop")
    assert refused.value.status == 404


@pytest.mark.parametrize("name", ["%00", "a%00b", "%F0%9F%90%99", "x" * 200, "%E2%80%AE"])
def test_a_name_that_no_database_likes_is_not_there(ana: Asker, name: str) -> None:
    ana.add_workspace()
    for path in (f"{ana.workspaces}/{name}", f"{ana.instances(name)}/web"):
        assert ana.get(path).status_code == 404, path
        assert ana.put(path, {}).status_code in (404, 412), path
        assert ana.ask("DELETE", path).status_code == 404, path
    theirs = ana.workspaces.replace("acme", name)
    assert ana.get(theirs).status_code == 404
    assert ana.get(f"{ana.workspaces}?skipToken=AGEA").status_code == 400
    image = {"resource": "images/a\0b"}
    disk = {"sizeGB": 1, "skuRef": {"resource": "hanza.local"}, "sourceImageRef": image}
    assert ana.put(f"{ana.storages()}/boot", disk).status_code == 412
    odd = ana.put(f"{ana.workspaces}/shop", {"a": "\0"}, labels={"a": "\0b"})
    assert (odd.status_code, odd.json()["labels"]) == (200, {"a": "\0b"})
    assert ana.get(f"{ana.workspaces}/shop").json()["spec"] == {"a": "\0"}
