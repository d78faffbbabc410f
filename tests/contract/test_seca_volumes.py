"""Block storages that instances have attached: placed with them, kept, grown, ended for good."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanza.api.routes import BASE
from hanza.drivers.fake.faults import Fault
from hanza.model.capacity import Capacity
from hanza.model.ids import VolumeId
from hanza.store.hosts import list_hosts
from hanza.store.images import get_image, put_image, remove_image
from kit.apis import OPERATOR
from kit.images import a_qcow2, an_image
from kit.laws import check_laws
from kit.leagues import SIZE
from kit.standard import Asker, an_instance, askers, ref

SITE = "berlin"


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Asker]:
    with askers(tmp_path, {SITE: "DE", "dresden": "DE", "zagreb": "HR"}) as (asker, _):
        asker.add_workspace()
        asker.add_storage()
        yield asker
        check_laws(asker.league)


def add_data(ana: Asker, name: str = "data", size_gb: int = 1) -> None:
    spec = {"sizeGB": size_gb, "skuRef": ref("skus/hanza.local")}
    assert ana.put(f"{ana.storages()}/{name}", spec).status_code == 201


def with_data(*names: str, **spec: Any) -> dict[str, Any]:
    return {"dataVolumes": [{"deviceRef": ref(f"block-storages/{name}")} for name in names], **spec}


def status(ana: Asker, path: str) -> Any:
    return ana.get(path).json()["status"]


def storage(ana: Asker, name: str = "boot") -> Any:
    return status(ana, f"{ana.storages()}/{name}")


def is_active(ana: Asker, name: str = "web") -> bool:
    return bool(status(ana, f"{ana.instances()}/{name}")["state"] == "active")


def states(shown: Any) -> list[str]:
    return [one["state"] for one in shown["conditions"]]


def held_mib(ana: Asker) -> int:
    return sum(host.held.disk_mib for host, _ in ana.league.store.read(list_hosts))


def attached(ana: Asker, site: str = SITE) -> dict[str, bool]:
    """By size in GB, so that they can be told apart."""
    return {f"{row.size_mib // 1024}G": row.attached_to is not None for row in ana.volumes(site)}


def start(ana: Asker, name: str = "web", **spec: Any) -> None:
    ana.add_instance(name, zone=SITE, **spec)
    ana.league.run_until(lambda: is_active(ana, name))
    assert ana.ask("POST", f"{ana.instances()}/{name}/start").status_code == 202
    ana.league.run_until(lambda: (SITE, name, "on") in ana.league.guests())


def end(ana: Asker, name: str = "web") -> None:
    path = f"{ana.instances()}/{name}"
    assert ana.ask("DELETE", path).status_code == 202
    ana.league.run_until(lambda: ana.get(path).status_code == 404)


def test_a_storage_has_no_bytes_until_it_is_attached_and_then_holds_its_room(ana: Asker) -> None:
    add_data(ana, size_gb=2)
    ana.league.step()
    assert (held_mib(ana), ana.volumes(SITE)) == (0, [])
    assert states(storage(ana)) == ["active", "creating", "pending"]
    start(ana, **with_data("data"))
    assert attached(ana) == {"1G": True, "2G": True}
    assert held_mib(ana) == 3 * 1024
    for name in ("boot", "data"):
        shown = storage(ana, name)
        assert shown["attachedTo"] == {"resource": "instances/web"}
        assert shown["placement"]["site"] == SITE
        assert states(shown) == ["active", "creating", "pending"]
        assert shown["device"].startswith("/dev/disk/by-id/virtio-")
    assert "notYet" not in status(ana, f"{ana.instances()}/web")


def test_the_next_instance_runs_where_the_bytes_are_and_finds_them(ana: Asker) -> None:
    start(ana)
    (disk,) = ana.volumes(SITE)
    ana.write_volume(SITE, disk.native, b"what the tenant wrote")
    end(ana)
    ana.league.step()
    (kept,) = ana.volumes(SITE)
    assert (kept.content, kept.attached_to) == (b"what the tenant wrote", None)
    assert held_mib(ana) == 1024
    shown = storage(ana)
    assert "attachedTo" not in shown
    assert shown["placement"]["site"] == SITE
    ana.add_instance("again")
    ana.league.run_until(lambda: is_active(ana, "again"))
    assert [(site, name) for site, name, _ in ana.league.guests()] == [(SITE, "again")]
    (found,) = ana.volumes(SITE)
    assert (found.native, found.content) == (disk.native, b"what the tenant wrote")
    assert found.attached_to is not None
    assert held_mib(ana) == 1024


def test_volumes_at_two_sites_bring_nothing_together(ana: Asker) -> None:
    add_data(ana)
    ana.add_storage("other")
    start(ana, **with_data("data"))
    end(ana)
    ana.add_instance("there", zone="dresden", bootVolume=boots("other"))
    ana.league.run_until(lambda: is_active(ana, "there"))
    end(ana, "there")
    ana.add_instance("web", **with_data("data"), bootVolume=boots("other"))
    ana.league.run_until(lambda: bool(message(ana).startswith("none of 3 hosts")))
    assert "without its volume other, data" in message(ana)
    assert ana.league.guests() == []


def boots(name: str) -> dict[str, Any]:
    return {"deviceRef": ref(f"block-storages/{name}")}


def message(ana: Asker, name: str = "web") -> str:
    newest = status(ana, f"{ana.instances()}/{name}")["conditions"][0]
    return str(newest.get("message", ""))


def test_two_never_have_one_volume_and_the_second_waits_for_the_first(ana: Asker) -> None:
    add_data(ana)
    ana.add_storage("second")
    start(ana, **with_data("data"))
    ana.add_instance("late", **with_data("data"), bootVolume=boots("second"))
    ana.league.run_until(lambda: "attached to web" in message(ana, "late"))
    assert len(ana.league.guests()) == 1
    end(ana)
    ana.league.run_until(lambda: is_active(ana, "late"))
    assert storage(ana, "data")["attachedTo"] == {"resource": "instances/late"}


def test_what_is_attached_is_not_deleted_and_what_is_deleted_is_gone_first(ana: Asker) -> None:
    add_data(ana)
    start(ana, **with_data("data"))
    for name in ("boot", "data"):
        refused = ana.ask("DELETE", f"{ana.storages()}/{name}")
        assert (refused.status_code, refused.json()["code"]) == (412, "in_use")
        assert "web" in refused.json()["detail"]
    end(ana)
    site = ana.league.agents[SITE]
    site.link.is_cut = True
    assert ana.ask("DELETE", f"{ana.storages()}/data").status_code == 202
    for _ in range(3):
        ana.league.step()
    shown = storage(ana, "data")
    assert shown["state"] == "deleting"
    assert SITE in shown["conditions"][0]["message"]
    assert (len(ana.volumes(SITE)), held_mib(ana)) == (2, 2 * 1024)
    site.link.is_cut = False
    ana.league.run_until(lambda: ana.get(f"{ana.storages()}/data").status_code == 404)
    (boot,) = ana.volumes(SITE)
    assert boot.image == ana.league.store.read(get_image, "tiny").bundle.id
    assert held_mib(ana) == 1024


def test_a_workspace_goes_when_the_last_bytes_in_it_have(ana: Asker) -> None:
    start(ana)
    assert ana.ask("DELETE", f"{ana.instances()}/web").status_code == 202
    assert ana.ask("DELETE", f"{ana.storages()}/boot").status_code == 202
    assert ana.ask("DELETE", f"{ana.workspaces}/shop").status_code == 202
    ana.league.run_until(lambda: ana.get(f"{ana.workspaces}/shop").status_code == 404)
    assert (ana.volumes(SITE), held_mib(ana)) == ([], 0)


def test_a_volume_may_come_later_and_leaves_while_its_guest_is_off(ana: Asker) -> None:
    add_data(ana, size_gb=2)
    start(ana)
    path = f"{ana.instances()}/web"
    more = an_instance() | {"zone": SITE}
    assert ana.put(path, more | with_data("data")).status_code == 200
    ana.league.run_until(lambda: attached(ana) == {"1G": True, "2G": True})
    ana.league.step()
    assert storage(ana, "data")["attachedTo"] == {"resource": "instances/web"}
    assert ana.put(path, more).status_code == 200
    ana.league.run_until(lambda: "lets go of a volume" in message(ana))
    assert attached(ana) == {"1G": True, "2G": True}
    assert ana.ask("POST", f"{path}/stop").status_code == 202
    ana.league.run_until(lambda: attached(ana) == {"1G": True, "2G": False})
    assert ana.ask("DELETE", f"{ana.storages()}/data").status_code == 202
    ana.league.run_until(lambda: ana.get(f"{ana.storages()}/data").status_code == 404)


def test_a_volume_that_a_neighbour_has_is_waited_for(ana: Asker) -> None:
    add_data(ana)
    ana.add_storage("other")
    start(ana, **with_data("data"))
    start(ana, "late", bootVolume=boots("other"))
    path = f"{ana.instances()}/late"
    more = an_instance("other") | {"zone": SITE}
    assert ana.put(path, more | with_data("data")).status_code == 200
    ana.league.run_until(lambda: "attached to another instance" in message(ana, "late"))
    assert storage(ana, "data")["attachedTo"] == {"resource": "instances/web"}
    end(ana)
    taken = {"resource": "instances/late"}
    ana.league.run_until(lambda: storage(ana, "data").get("attachedTo") == taken, steps=120)
    assert attached(ana)["1G"]


def test_a_volume_that_cannot_come_is_told_and_disturbs_nothing(ana: Asker) -> None:
    add_data(ana, "far")
    ana.add_storage("other")
    ana.add_instance("there", **with_data("far", zone="dresden"), bootVolume=boots("other"))
    ana.league.run_until(lambda: is_active(ana, "there"))
    start(ana)
    path, more = f"{ana.instances()}/web", an_instance() | {"zone": SITE}
    assert ana.put(path, more | with_data("far")).status_code == 200
    ana.league.run_until(lambda: "attached to another instance" in message(ana))
    end(ana, "there")
    ana.league.run_until(lambda: "at another host" in message(ana))
    add_data(ana, "wide", size_gb=SIZE.disk_mib)
    assert ana.put(path, more | with_data("wide")).status_code == 200
    ana.league.run_until(lambda: "no room for its volume" in message(ana))
    assert (SITE, "web", "on") in ana.league.guests()
    assert status(ana, path)["powerState"] == "on"


@pytest.mark.parametrize(
    "names", [["boot"], ["data", "data"], ["none"], [f"d{n}" for n in range(17)]]
)
def test_volumes_that_cannot_be_are_refused(ana: Asker, names: list[str]) -> None:
    for name in {"data", *(f"d{n}" for n in range(17))}:
        add_data(ana, name)
    refused = ana.put(f"{ana.instances()}/web", an_instance() | with_data(*names))
    assert refused.status_code == 412
    assert refused.json()["sources"][0]["pointer"].startswith("/spec/dataVolumes")
    assert ana.get(f"{ana.instances()}/web").status_code == 404


def test_a_volume_grows_where_it_is_and_says_when_it_has(ana: Asker) -> None:
    start(ana)
    path = f"{ana.storages()}/boot"
    before = ana.get(path).json()["spec"]
    site = ana.league.agents[SITE].site
    site.order(Fault("grow_volume", kind="exhausted"))
    assert ana.put(path, before | {"sizeGB": 2}).status_code == 200
    ana.league.run_until(lambda: "Exhausted" in str(storage(ana)["conditions"][0]))
    assert states(storage(ana))[0] == "updating"
    assert storage(ana)["sizeGB"] == 1
    ana.league.run_until(lambda: storage(ana)["state"] == "active")
    assert storage(ana)["sizeGB"] == 2
    assert states(storage(ana)) == ["active", "updating", "active", "creating", "pending"]
    assert (held_mib(ana), attached(ana)) == (2 * 1024, {"2G": True})
    assert ana.put(path, before | {"sizeGB": 1}).status_code == 412
    assert ana.put(path, before | {"sizeGB": 2}, labels={"a": "b"}).status_code == 200
    assert states(storage(ana))[:3] == ["active", "updating", "active"]


def test_growth_beyond_the_room_of_its_host_waits_and_says_so(ana: Asker) -> None:
    start(ana)
    path = f"{ana.storages()}/boot"
    before = ana.get(path).json()["spec"]
    assert ana.put(path, before | {"sizeGB": 100}).status_code == 200
    ana.league.run_until(lambda: "no room" in str(storage(ana)["conditions"][0]))
    shown = storage(ana)
    assert (shown["state"], shown["sizeGB"]) == ("updating", 1)
    assert held_mib(ana) == 1024
    with ana.league.agents[SITE].site.open() as inside:
        facts = inside.state.hosts["host-1"]
        inside.state.hosts["host-1"] = replace(facts, capacity=Capacity(8, 4096, 200 * 1024))
    ana.league.run_until(lambda: storage(ana)["state"] == "active", steps=120)
    assert held_mib(ana) == 100 * 1024


def test_a_site_without_room_for_the_bytes_gives_the_instance_back(ana: Asker) -> None:
    site = ana.league.agents[SITE].site
    for _ in range(3):
        site.order(Fault("create_volume", kind="exhausted"))
    ana.add_instance("web", zone=SITE)
    ana.league.run_until(lambda: "full" in message(ana))
    assert not is_active(ana)
    site.forget_faults()
    ana.league.run_until(lambda: held_mib(ana) == 0)
    assert "placement" not in storage(ana)
    ana.league.run_until(lambda: is_active(ana), steps=420)
    assert held_mib(ana) == 1024
    assert len(ana.volumes(SITE)) == 1


def test_bytes_that_are_lost_are_told_and_never_replaced(ana: Asker) -> None:
    start(ana)
    end(ana)
    with ana.league.agents[SITE].site.open() as inside:
        for native in list(inside.state.volumes):
            inside.remove_volume(native)
    ana.league.run_until(lambda: storage(ana)["state"] == "error")
    assert storage(ana)["conditions"][0]["reason"] == "VolumeLost"
    ana.add_instance("again")
    ana.league.run_until(lambda: status(ana, f"{ana.instances()}/again")["state"] == "error")
    assert ana.volumes(SITE) == []
    end(ana, "again")
    assert ana.ask("DELETE", f"{ana.storages()}/boot").status_code == 202
    ana.league.run_until(lambda: ana.get(f"{ana.storages()}/boot").status_code == 404)
    assert held_mib(ana) == 0


def test_what_a_volume_begins_with_is_what_its_image_meant_and_is_kept_for_it(ana: Asker) -> None:
    store, blobs = ana.league.store, ana.league.plane.blobs
    old = an_image("base", blobs, a_qcow2(3))
    store.write(put_image, old)
    ana.add_storage("base", sourceImageRef=ref("tenants/public/images/base"))
    start(ana, bootVolume=boots("base"))
    end(ana)
    with pytest.raises(Exception, match="volumes begin with") as refused:
        store.write(remove_image, "base")
    assert getattr(refused.value, "code", None) == "in_use"
    store.write(put_image, replace(old, id=type(old.id)("im_two"), name="two"))
    store.write(remove_image, "base")
    start(ana, "again", bootVolume=boots("base"))
    (disk,) = ana.volumes(SITE)
    (guest,) = ana.league.agents[SITE].own_guests()
    assert disk.image == guest.spec.image == old.bundle.id


def test_an_orphan_is_left_and_told(ana: Asker) -> None:
    agent = ana.league.agents[SITE]
    with agent.site.open() as inside:
        inside.add_volume(agent.federation, VolumeId("vo_stray"), "host-1", 8)
    start(ana)
    end(ana)
    assert "vo_stray" in {row.owner for row in ana.volumes(SITE)}
    answer = ana.client.get(f"{BASE}/orphan-volumes", headers=OPERATOR)
    (found,) = answer.json()["items"]
    assert (found["volume"], found["host"], found["sizeMiB"]) == ("vo_stray", "host-1", 8)
