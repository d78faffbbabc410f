"""Volumes of apps and instances of our own API: they outlive them, and end by order only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from hanza.store.hosts import list_hosts
from kit.apis import OPERATOR, an_api
from kit.laws import check_laws
from kit.leagues import League

INSIDE = BASE + "/tenants/acme/workspaces/shop"
DATA = {"name": "data", "sizeMiB": 64}


class Shop:
    """An app of one component in two replicas, each with a volume."""

    def __init__(self, client: TestClient, league: League) -> None:
        self.client, self.league = client, league

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        return self.client.request(method, INSIDE + path, json=document, headers=OPERATOR)

    def spec(self, *volumes: Any, **more: Any) -> dict[str, Any]:
        spec = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
        return spec | {"component": "db", "volumes": list(volumes)} | more

    def put(self, *volumes: Any, names: tuple[str, ...] = ("db-1", "db-2"), **more: Any) -> Any:
        instances = {name: self.spec(*volumes, **more) for name in names}
        return self.ask("PUT", "/apps/shop", {"instances": instances})

    def says(self, *volumes: Any, names: tuple[str, ...] = ("db-1", "db-2")) -> dict[str, str]:
        instances = {name: self.spec(*volumes) for name in names}
        answer = self.ask("POST", "/quotes", {"instances": instances, "app": "shop"}).json()
        return {one["name"]: f"{one['change']}: {one['says']}" for one in answer["items"]}

    def volumes(self) -> dict[str, Any]:
        listed = self.ask("GET", "/volumes").json()["items"]
        return {one["metadata"]["name"]: one["status"] for one in listed}

    def run(self, *names: str) -> None:
        wanted = [("berlin", name, "on") for name in names]
        self.league.run_until(lambda: self.league.guests() == wanted)
        self.league.run_until(lambda: self._are_attached(set(names)))

    def _are_attached(self, names: set[str]) -> bool:
        shown = self.volumes().values()
        return {one["instance"] for one in shown} - {None} == names and all(
            one["state"] == "active" for one in shown
        )

    def mark(self) -> None:
        with self.league.agents["berlin"].site.open() as inside:
            for row in inside.state.volumes.values():
                row.content = row.owner.encode()

    def held_mib(self) -> int:
        return sum(host.held.disk_mib for host, _ in self.league.store.read(list_hosts))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with an_api(tmp_path) as (client, league):
        league.add_site("berlin", "DE")
        yield Shop(client, league)
        check_laws(league)


def test_each_replica_has_its_own_and_a_changed_component_keeps_them(shop: Shop) -> None:
    assert shop.put(DATA).status_code == 200
    shop.run("db-1", "db-2")
    shop.mark()
    before = shop.league.agents["berlin"].own_volumes()
    assert {row.size_mib for row in before} == {64}
    assert shop.held_mib() == 4 * 64
    assert shop.volumes()["db-1/data"]["device"].startswith("/dev/disk/by-id/virtio-")
    answer = shop.put(DATA, memoryMiB=256).json()
    assert {one["change"] for one in answer["items"]} == {"replace"}
    shop.league.run_until(lambda: {g.spec.memory_mib for g in guests(shop)} == {256})
    shop.run("db-1", "db-2")
    after = shop.league.agents["berlin"].own_volumes()
    assert [(row.owner, row.content) for row in after] == [
        (row.owner, row.owner.encode()) for row in before
    ]


def guests(shop: Shop) -> list[Any]:
    return shop.league.agents["berlin"].own_guests()


def test_a_replica_that_ends_leaves_its_volume_and_comes_back_to_it(shop: Shop) -> None:
    shop.put(DATA)
    shop.run("db-1", "db-2")
    shop.mark()
    said = shop.says(DATA, names=("db-1",))
    assert said["db-2"] == "end: no longer in the file; its volumes stay: data"
    shop.put(DATA, names=("db-1",))
    shop.run("db-1")
    kept = shop.volumes()["db-2/data"]
    assert (kept["site"], kept["instance"], kept["state"]) == ("berlin", None, "active")
    assert shop.held_mib() == 3 * 64
    shop.put(DATA)
    shop.run("db-1", "db-2")
    assert all(row.content for row in shop.league.agents["berlin"].own_volumes())


def test_volumes_come_grow_and_go_where_it_runs_and_the_plan_says_so(shop: Shop) -> None:
    shop.put(DATA, names=("db-1",))
    shop.run("db-1")
    shop.mark()
    grown, log = DATA | {"sizeMiB": 96}, {"name": "log", "sizeMiB": 8}
    said = shop.says(grown, log, names=("db-1",))["db-1"]
    assert said == "change: volume log 8 MiB; volume data 64 MiB → 96 MiB"
    assert shop.put(grown, log, names=("db-1",)).status_code == 200
    shop.league.run_until(lambda: sizes(shop) == {"db-1/data": 96, "db-1/log": 8})
    assert shop.says(grown, names=("db-1",))["db-1"] == "change: without volume log, which stays"
    assert shop.put(grown, names=("db-1",)).status_code == 200
    shop.league.run_until(lambda: shop.volumes()["db-1/log"]["instance"] is None)
    assert sizes(shop) == {"db-1/data": 96, "db-1/log": 8}
    small = shop.put(DATA, names=("db-1",))
    assert (small.status_code, small.json()["code"]) == (412, "conflict")
    first, *_ = shop.league.agents["berlin"].own_volumes()
    assert first.content


def sizes(shop: Shop) -> dict[str, int]:
    return {name: one["sizeMiB"] for name, one in shop.volumes().items()}


def test_volumes_end_with_the_app_only_when_that_is_asked_for(shop: Shop) -> None:
    shop.put(DATA)
    shop.run("db-1", "db-2")
    assert shop.ask("DELETE", "/apps/shop").status_code == 202
    shop.league.run_until(lambda: shop.league.shown() == {})
    assert set(shop.volumes()) == {"db-1/data", "db-2/data"}
    assert shop.held_mib() == 2 * 64
    assert shop.ask("DELETE", "/apps/shop?volumes=maybe").status_code == 400
    assert shop.ask("DELETE", "/apps/shop?volumes=true").status_code == 202
    shop.league.run_until(lambda: shop.volumes() == {})
    assert (shop.held_mib(), shop.league.agents["berlin"].own_volumes()) == (0, [])
    assert shop.ask("DELETE", "/apps/shop?volumes=true").status_code == 404


def test_volumes_of_what_runs_end_with_it_at_once(shop: Shop) -> None:
    shop.put(DATA)
    shop.run("db-1", "db-2")
    assert shop.ask("DELETE", "/instances/db-1?volumes=true").status_code == 202
    again = shop.put(DATA)
    assert again.status_code == 412
    shop.league.run_until(lambda: set(shop.volumes()) == {"db-2/data"})
    assert shop.ask("DELETE", "/apps/shop?volumes=true").status_code == 202
    shop.league.run_until(lambda: shop.volumes() == {} and shop.league.shown() == {})
    assert shop.held_mib() == 0


def test_one_volume_ends_by_itself_once_nobody_wants_it(shop: Shop) -> None:
    shop.put(DATA)
    shop.run("db-1", "db-2")
    refused = shop.ask("DELETE", "/volumes/db-1/data")
    assert (refused.status_code, refused.json()["code"]) == (412, "in_use")
    shop.put(DATA, names=("db-2",))
    shop.run("db-2")
    for status in (202, 202):
        assert shop.ask("DELETE", "/volumes/db-1/data").status_code == status
    shop.league.run_until(lambda: set(shop.volumes()) == {"db-2/data"})
    assert shop.ask("DELETE", "/volumes/db-1/data").status_code == 404
    assert shop.put(DATA).status_code == 200
    shop.run("db-1", "db-2")
    assert len(shop.volumes()) == 2


def test_a_kept_volume_binds_its_replica_to_where_it_is(shop: Shop) -> None:
    shop.put(DATA, names=("db-1",))
    shop.run("db-1")
    shop.put(DATA, names=("db-2",))
    shop.run("db-2")
    shop.league.add_site("dresden", "DE")
    shop.league.step()
    shop.league.agents["berlin"].link.is_cut = True
    for _ in range(40):
        shop.league.step()
    assert "not heard of lately" in reason(shop, shop.put(DATA, names=("db-1", "db-2")))


def reason(shop: Shop, answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    shop.league.step()
    found = shop.ask("GET", "/instances/db-1").json()["status"]
    assert found["placement"] is None
    return str(found["reason"])


def test_a_volume_of_another_is_not_there(shop: Shop) -> None:
    shop.put(DATA)
    other = BASE + "/tenants/rival/workspaces/shop/volumes"
    assert shop.client.get(other, headers=OPERATOR).json() == {"items": []}
    assert shop.client.delete(other + "/db-1/data", headers=OPERATOR).status_code == 404
