"""The queue of changes: a site that is not heard holds up nobody, and does not know what waits."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.api import apps, instances, volumes
from hanza.api.calls import Call
from hanza.cli.render import pending_of
from hanza.model.errors import Conflict
from kit.leagues import League, a_league
from kit.standard import Asker, an_instance, askers, ref

SILENCE = timedelta(seconds=40)
INSIDE = {"tenant": "acme", "workspace": "shop"}
NAMES = ("zagreb", "split")


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    """Two sites with a guest each, and the first has fallen silent."""
    with a_league(tmp_path) as league:
        for name, country in zip(NAMES, ("HR", "SI"), strict=True):
            league.add_site(name, country)
            league.put(f"at-{name}", country)
        league.run_until(lambda: all(one[0] == "active" for one in league.shown().values()))
        cut(league)
        yield league


def cut(league: League) -> None:
    league.agents["zagreb"].link.is_cut = True
    league.clock.advance(SILENCE)
    for _ in range(2):  # the other one is heard again
        league.step()


def pending(league: League) -> dict[str, bool]:
    found = league.call(instances.list_instances, **INSIDE).document["items"]
    return {one.metadata.name: one.status.pending_since is not None for one in found}


def withdraw(league: League, name: str) -> None:
    league.call(instances.withdraw_instance, **INSIDE, instance=name)


def come_back(league: League) -> None:
    league.agents["zagreb"].link.is_cut = False
    for _ in range(3):
        league.step()


def test_what_waits_for_one_site_holds_up_no_other_and_is_shown(league: League) -> None:
    league.put("at-zagreb", "HR", power="off")
    league.put("at-split", "SI", power="off")
    for _ in range(3):
        league.step()
    assert pending(league) == {"at-zagreb": True, "at-split": False}
    assert [guest[2] for guest in league.guests()] == ["off", "on"]
    come_back(league)
    assert pending(league) == {"at-zagreb": False, "at-split": False}
    assert [guest[2] for guest in league.guests()] == ["off", "off"]


def test_a_change_that_waits_is_taken_back_as_if_it_had_never_been(league: League) -> None:
    version = league.agents["zagreb"].journal.manifest
    league.put("at-zagreb", "HR", power="off")
    league.step()
    withdraw(league, "at-zagreb")
    assert pending(league) == {"at-zagreb": False, "at-split": False}
    come_back(league)
    assert league.agents["zagreb"].journal.manifest == version, "nothing was ever said of it"


def test_an_end_that_waits_is_taken_back_and_the_guest_is_the_same(league: League) -> None:
    before = league.agents["zagreb"].own_guests()
    league.delete("at-zagreb")
    for _ in range(3):
        league.step()
    assert league.shown()["at-zagreb"][0] == "deleting"
    withdraw(league, "at-zagreb")
    come_back(league)
    assert league.agents["zagreb"].own_guests() == before
    assert league.shown()["at-zagreb"][0] == "active"


def test_of_several_changes_all_are_taken_back(league: League) -> None:
    league.put("at-zagreb", "HR", power="off")
    league.step()
    league.delete("at-zagreb")
    league.step()
    withdraw(league, "at-zagreb")
    come_back(league)
    assert league.shown()["at-zagreb"][:2] == ("active", "on")


def test_volumes_that_were_to_end_with_it_are_kept(league: League) -> None:
    league.agents["zagreb"].link.is_cut = False
    spec = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64, "country": "HR"}
    disks = {"volumes": [{"name": "data", "sizeMiB": 16}]}
    put = json.dumps({"spec": spec | disks}).encode()
    league.call(instances.put_instance, put, **INSIDE, instance="db")
    league.run_until(lambda: league.shown()["db"][0] == "active")
    before = league.agents["zagreb"].own_volumes()
    assert before
    cut(league)
    league.delete("db")
    league.step()
    path = INSIDE | {"instance": "db"}
    instances.delete_instance(Call(league.plane, path, {"volumes": "true"}, b""))
    for _ in range(3):
        league.step()
    assert volume_states(league) == ["deleting"]
    withdraw(league, "db")
    come_back(league)
    assert league.agents["zagreb"].own_volumes() == before
    assert volume_states(league) == ["active"]


def volume_states(league: League) -> list[str]:
    found = league.call(volumes.list_volumes, **INSIDE).document["items"]
    return [one.status.state for one in found]


def test_what_is_to_run_anew_goes_on_as_it_did(league: League) -> None:
    before = league.agents["zagreb"].own_guests()
    spec = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
    put = {"instances": {"shop-1": {**spec, "country": "HR"}}}
    league.agents["zagreb"].link.is_cut = False
    league.call(apps.put_app, json.dumps(put).encode(), **INSIDE, app="shop")
    league.run_until(lambda: league.shown()["shop-1"][0] == "active")
    before = league.agents["zagreb"].own_guests()
    cut(league)
    put["instances"]["shop-1"]["hostname"] = "other"
    league.call(apps.put_app, json.dumps(put).encode(), **INSIDE, app="shop")
    league.step()
    assert pending(league)["shop-1"]
    withdraw(league, "shop-1")
    come_back(league)
    assert league.agents["zagreb"].own_guests() == before


def test_what_a_site_may_know_is_not_taken_back(league: League) -> None:
    league.put("at-split", "SI", power="off")
    with pytest.raises(Conflict, match="nothing that was asked for at-split waits"):
        withdraw(league, "at-split")


def test_who_asks_is_told_how_many_have_it() -> None:
    rows = [
        {"workspace": "shop", "name": f"kava-{n}", "site": f"site-{n}", "pendingSince": None}
        for n in range(8)
    ]
    assert pending_of(rows) == []
    rows[3]["pendingSince"] = "2026-01-01T00:00:00Z"
    (told,) = pending_of(rows)
    assert told == (
        "7 of 8 have what was asked; the rest waits for site-3, and is taken back by:"
        " hanza withdraw -w shop kava-3"
    )


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Asker]:
    """Of the standard's API: an instance that runs at a site that has fallen silent since."""
    with askers(tmp_path, {"zagreb": "DE"}) as (ana, _):
        ana.add_workspace()
        for name in ("boot", "data"):
            ana.add_storage(name)
        ana.add_instance()
        assert ana.ask("POST", f"{web_of(ana)}/start").status_code == 202
        ana.league.run_until(lambda: ana.get(web_of(ana)).json()["status"]["state"] == "active")
        cut_alone(ana.league)
        yield ana


def cut_alone(league: League) -> None:
    league.agents["zagreb"].link.is_cut = True
    league.clock.advance(SILENCE)
    league.step()


def web_of(ana: Asker) -> str:
    return f"{ana.instances()}/web"


DATA = {"dataVolumes": [{"deviceRef": ref("block-storages/data")}]}


@pytest.mark.parametrize("asked", ["stop", "restart", "delete", "put", "all"])
def test_what_the_standard_was_asked_for_is_taken_back_too(ana: Asker, asked: str) -> None:
    agent, before = ana.league.agents["zagreb"], ana.get(web_of(ana)).json()
    manifest, guests, disks = agent.journal.manifest, agent.own_guests(), agent.own_volumes()
    for one in ("put", "stop", "delete") if asked == "all" else (asked,):
        ask_for(ana, one)
        ana.league.step()
    assert pending(ana.league) == {"web": True}
    withdraw(ana.league, "web")
    assert pending(ana.league) == {"web": False}
    come_back(ana.league)
    ana.league.run_until(lambda: ana.get(web_of(ana)).json()["status"]["state"] == "active")
    after = ana.get(web_of(ana)).json()
    assert after["spec"] == before["spec"]
    assert after["status"]["powerState"] == "on"
    assert "deletedAt" not in after["metadata"]
    assert (agent.own_guests(), agent.own_volumes()) == (guests, disks)
    if asked not in ("put", "all"):  # a volume that had its place there gives that back
        assert agent.journal.manifest == manifest, "nothing was ever said of it"


def ask_for(ana: Asker, verb: str) -> None:
    if verb == "put":
        assert ana.put(web_of(ana), an_instance() | DATA).status_code == 200
    elif verb == "delete":
        assert ana.ask("DELETE", web_of(ana)).status_code == 202
    else:
        assert ana.ask("POST", f"{web_of(ana)}/{verb}").status_code == 202


def test_what_lost_its_disk_or_its_workspace_meanwhile_is_not_taken_back(ana: Asker) -> None:
    ask_for(ana, "delete")
    assert ana.ask("DELETE", f"{ana.storages()}/boot").status_code == 202
    with pytest.raises(Conflict, match="the volume boot that web had"):
        withdraw(ana.league, "web")
    assert ana.ask("DELETE", f"{ana.storages()}/data").status_code == 202
    assert ana.ask("DELETE", f"{ana.workspaces}/shop").status_code == 202
    with pytest.raises(Conflict):
        withdraw(ana.league, "web")
    assert ana.get(web_of(ana)).json()["status"]["state"] == "deleting"
