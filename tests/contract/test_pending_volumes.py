"""The queue of changes, of volumes: what a silent site cannot know of is taken back, and what it
has been told is not."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hanza.api.routes import BASE
from hanza.drivers.fake.state import VolumeRow
from hanza.model.ids import AgentId
from hanza.store.agents import manifest_versions, note_heard
from hanza.store.hosts import list_hosts
from hanza.store.manifests import NothingNew, find_manifest, publish_manifest
from hanza.store.tx import Store
from kit.apis import OPERATOR
from kit.laws import check_laws
from kit.leagues import League
from kit.standard import Asker, an_instance, askers, ref

SITE = "zagreb"
SHOP = "/tenants/acme/workspaces/shop"
GB = 1024
SILENCE = timedelta(seconds=40)


def at_a_silent_site(folder: Path, url: str | None = None) -> Iterator[Asker]:
    """`web` has `boot` and `data`, nobody has `spare`, and their site has fallen silent since."""
    with askers(folder, {SITE: "DE"}, url) as (ana, _):
        ana.add_workspace()
        for name in ("boot", "data"):
            ana.add_storage(name)
        data = [{"deviceRef": ref("block-storages/data")}]
        ana.add_instance(dataVolumes=data)
        ana.league.run_until(lambda: record(ana, "data")["state"] == "active")
        terms = {"spec": {"each": {"storageMiB": 100 * GB}}}
        ana.client.put(f"{BASE}/providers/{SITE}/terms", json=terms, headers=OPERATOR)
        assert ana.put(f"{ana.instances()}/web", an_instance()).status_code == 200
        ana.league.run_until(lambda: record(ana, "data")["instance"] is None)
        ana.league.run_until(lambda: state(ana, "data") == "active")
        ana.league.agents[SITE].link.is_cut = True
        ana.league.clock.advance(SILENCE)
        ana.league.step()
        yield ana
        check_laws(ana.league)


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Asker]:
    yield from at_a_silent_site(tmp_path)


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> Iterator[Asker]:
    """On both databases."""
    yield from at_a_silent_site(tmp_path, database_url)


def record(ana: Asker, name: str) -> Any:
    listed = ana.client.get(f"{BASE}{SHOP}/volumes", headers=OPERATOR).json()["items"]
    (found,) = [one for one in listed if one["metadata"]["name"] == name]
    return found["status"] | found["spec"]


def waiting(ana: Asker) -> list[str]:
    listed = ana.client.get(f"{BASE}{SHOP}/volumes?waiting=true", headers=OPERATOR).json()
    return [one["metadata"]["name"] for one in listed["items"]]


def state(ana: Asker, name: str) -> Any:
    return storage(ana, name)["status"]["state"]


def storage(ana: Asker, name: str) -> Any:
    return ana.get(f"{ana.storages()}/{name}").json()


def grow(ana: Asker, name: str, size_gb: int = 2) -> None:
    spec = storage(ana, name)["spec"] | {"sizeGB": size_gb}
    assert ana.put(f"{ana.storages()}/{name}", spec).status_code == 200


def delete(ana: Asker, name: str) -> None:
    assert ana.ask("DELETE", f"{ana.storages()}/{name}").status_code == 202


def live(ana: Asker, steps: int = 3) -> None:
    for _ in range(steps):
        ana.league.step()
        check_laws(ana.league)


def withdraw(ana: Asker, name: str, query: str = "") -> Any:
    path = f"{BASE}{SHOP}/volumes/{name}/withdrawal{query}"
    return ana.client.post(path, headers=OPERATOR)


def held_mib(ana: Asker) -> int:
    return sum(host.held.disk_mib for host, _ in ana.league.store.read(list_hosts))


def come_back(league: League) -> None:
    league.agents[SITE].link.is_cut = False
    for _ in range(4):
        league.step()


def disks(ana: Asker) -> list[VolumeRow]:
    return ana.volumes(SITE)


def test_growth_that_waits_is_taken_back_and_all_it_took_is_given_back_once(either: Asker) -> None:
    manifest, there = either.league.agents[SITE].journal.manifest, disks(either)
    held, words = held_mib(either), storage(either, "data")["spec"]
    grow(either, "data")
    live(either)
    assert waiting(either) == ["data"]
    assert (held_mib(either) - held, record(either, "data")["sizeMiB"]) == (GB, 2 * GB)
    rehearsed = withdraw(either, "data", "?dryRun=true").json()
    assert (rehearsed["spec"]["sizeMiB"], rehearsed["status"]["pendingSince"]) == (GB, None)
    assert waiting(either) == ["data"], "a rehearsal keeps nothing"
    assert withdraw(either, "data").json()["spec"] == {"sizeMiB": GB}
    assert (held_mib(either), waiting(either)) == (held, [])
    again = withdraw(either, "data")
    assert (again.status_code, again.json()["code"]) == (412, "pending.nothing")
    live(either)
    assert (state(either, "data"), storage(either, "data")["spec"]) == ("active", words)
    come_back(either.league)
    assert disks(either) == there
    assert either.league.agents[SITE].journal.manifest == manifest, "nothing was ever said of it"


def test_an_end_that_waits_is_taken_back_with_all_that_is_on_it(ana: Asker) -> None:
    there, held = disks(ana), held_mib(ana)
    grow(ana, "data")
    delete(ana, "data")
    live(ana)
    assert (state(ana, "data"), waiting(ana)) == ("deleting", ["data"])
    assert withdraw(ana, "data").status_code == 200
    live(ana)
    after = storage(ana, "data")
    assert (after["status"]["state"], after["spec"]["sizeGB"]) == ("active", 1)
    assert "deletedAt" not in after["metadata"]
    assert held_mib(ana) == held
    come_back(ana.league)
    assert disks(ana) == there


def test_what_the_site_has_done_it_keeps_and_that_is_said(ana: Asker) -> None:
    grow(ana, "data")
    live(ana)
    come_back(ana.league)
    ana.league.run_until(lambda: state(ana, "data") == "active")
    assert waiting(ana) == []
    refused = withdraw(ana, "data").json()
    assert refused["code"] == "pending.told"
    assert f"has grown it to {2 * GB} MiB already" in refused["detail"]
    assert {one.size_mib for one in disks(ana)} == {GB, 2 * GB}
    delete(ana, "data")
    ana.league.run_until(lambda: len(disks(ana)) == 1)
    assert withdraw(ana, "data").status_code in (404, 412)


def test_what_was_said_and_not_answered_is_not_taken_back(ana: Asker) -> None:
    """Its line breaks between the manifest and the answer."""
    grow(ana, "data")
    delete(ana, "data")
    live(ana)
    agent = ana.league.agents[SITE].id
    ana.league.store.write(note_heard, agent, ana.league.clock.now())
    ana.league.store.write(publish_manifest, agent, ana.league.clock.now())
    ana.league.clock.advance(SILENCE)
    for _ in range(2):
        refused = withdraw(ana, "data").json()
        assert refused["code"] == "pending.told"
        assert "may have done so" in refused["detail"]
    assert waiting(ana) == []
    live(ana)


def test_of_who_tells_and_who_takes_back_at_once_one_is_first(either: Asker) -> None:
    """Another plane cuts the manifest in the same moment."""
    league, other = either.league, Store(either.league.store.url)
    agent, now = league.agents[SITE].id, league.clock.now()
    volume = record_id(either, "data")
    try:
        for _ in range(4):
            grow(either, "data")
            live(either, 1)
            start = threading.Barrier(2, timeout=30)
            publisher = threading.Thread(target=publish, args=(start, other, agent, now))
            publisher.start()
            start.wait()
            is_back = withdraw(either, "data").status_code == 200
            publisher.join()
            said = said_mib(league, agent, volume)
            assert said == record(either, "data")["sizeMiB"] == (GB if is_back else 2 * GB)
            check_laws(league)
            if not is_back:
                break
    finally:
        other.close()


def publish(start: threading.Barrier, store: Store, agent: AgentId, now: datetime) -> None:
    start.wait()
    with contextlib.suppress(NothingNew):
        store.write(publish_manifest, agent, now)


def record_id(ana: Asker, name: str) -> str:
    listed = ana.client.get(f"{BASE}{SHOP}/volumes", headers=OPERATOR).json()["items"]
    return str(next(one["metadata"]["id"] for one in listed if one["metadata"]["name"] == name))


def said_mib(league: League, agent: AgentId, volume: str) -> int:
    """The size that the newest manifest says."""
    _, digest = league.store.read(manifest_versions, [agent])[agent]
    manifest = league.store.read(find_manifest, agent, digest)
    assert manifest is not None
    return next(one.size_mib for one in manifest.volumes if one.stay.volume == volume)


def test_what_waits_with_its_workspace_stays_so(ana: Asker) -> None:
    for path in (f"{ana.instances()}/web", f"{ana.storages()}/data", f"{ana.storages()}/boot"):
        assert ana.ask("DELETE", path).status_code == 202
    assert ana.ask("DELETE", f"{ana.workspaces}/shop").status_code == 202
    refused = withdraw(ana, "data").json()
    assert (refused["code"], refused["detail"]) == ("conflict", "the workspace shop is to end too")
    assert state(ana, "data") == "deleting"


def test_an_instance_comes_back_after_its_disk_did(ana: Asker) -> None:
    there = disks(ana)
    for path in (f"{ana.instances()}/web", f"{ana.storages()}/boot"):
        assert ana.ask("DELETE", path).status_code == 202
    live(ana)
    assert waiting(ana) == ["boot"]
    assert withdraw(ana, "boot").status_code == 200
    back = ana.client.post(f"{BASE}{SHOP}/instances/web/withdrawal", headers=OPERATOR)
    assert back.status_code == 200
    come_back(ana.league)
    assert disks(ana) == there
    assert (state(ana, "boot"), waiting(ana)) == ("active", [])


DISK = {"name": "data", "sizeMiB": 16}
WORDS = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}


@pytest.fixture
def db(ana: Asker) -> Asker:
    """An instance of our own API with a disk, at the site that is silent again."""
    agent = ana.league.agents[SITE]
    agent.link.is_cut = False
    put(ana, DISK)
    ana.league.run_until(lambda: len(disks(ana)) == 3)
    ana.league.run_until(lambda: record(ana, "db/data")["state"] == "active")
    agent.link.is_cut = True
    ana.league.clock.advance(SILENCE)
    live(ana, 1)
    return ana


def put(ana: Asker, *its: Any, **more: Any) -> None:
    path = f"{BASE}{SHOP}/instances/db"
    spec = {"spec": WORDS | {"volumes": its} | more}
    assert ana.client.put(path, json=spec, headers=OPERATOR).status_code in (200, 201)


def its_disks(ana: Asker) -> Any:
    path = f"{BASE}{SHOP}/instances/db"
    return ana.client.get(path, headers=OPERATOR).json()["spec"]["volumes"]


def test_an_instance_takes_its_disks_back_along(db: Asker) -> None:
    there, held = disks(db), held_mib(db)
    put(db, DISK | {"sizeMiB": 48}, {"name": "log", "sizeMiB": 8}, power="off")
    live(db)
    assert (held_mib(db) - held, waiting(db)) == (40, ["db/data"])
    path = f"{BASE}{SHOP}/instances/db/withdrawal"
    dry = db.client.post(path + "?dryRun=true", headers=OPERATOR).json()
    assert (dry["spec"]["volumes"], dry["spec"]["power"]) == ([DISK], "on")
    assert len(its_disks(db)) == 2, "a rehearsal keeps nothing"
    assert db.client.post(path, headers=OPERATOR).status_code == 200
    assert (held_mib(db), waiting(db), its_disks(db)) == (held, [], [DISK])
    live(db)
    come_back(db.league)
    assert disks(db) == there


def test_a_disk_alone_is_taken_back_and_its_instance_asks_for_no_more(db: Asker) -> None:
    held = held_mib(db)
    put(db, DISK | {"sizeMiB": 48})
    live(db)
    assert withdraw(db, "db/data").json()["spec"] == {"sizeMiB": 16}
    assert (held_mib(db), its_disks(db)) == (held, [DISK])
    again = db.client.post(f"{BASE}{SHOP}/instances/db/withdrawal", headers=OPERATOR)
    assert again.status_code == 200, "the instance waits as well, for what it is now"
    live(db)


def test_growth_that_its_host_has_no_room_for_is_taken_back_at_any_time(ana: Asker) -> None:
    come_back(ana.league)
    grow(ana, "data", 90)
    live(ana)
    assert storage(ana, "data")["status"]["conditions"][0]["reason"] == "NoRoom"
    refused = [withdraw(ana, *one).json()["code"] for one in (("data", "?dryRun=so"), ("none",))]
    assert refused == ["bad_query", "not_found"]
    assert withdraw(ana, "data").json()["spec"] == {"sizeMiB": GB}
    live(ana)
    assert state(ana, "data") == "active"
