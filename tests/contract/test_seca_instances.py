"""Instances over the standard's API: what is refused, what is protected, what power means."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanza.api.routes import BASE
from hanza.drivers.fake.faults import Fault
from hanza.store.images import get_image, put_image, remove_image
from kit.apis import OPERATOR
from kit.images import a_qcow2, an_image
from kit.standard import Asker, an_instance, askers, ref


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Asker]:
    with askers(tmp_path, {"berlin": "DE", "zagreb": "HR"}) as (asker, _):
        asker.add_workspace()
        asker.add_storage()
        yield asker


def states(document: dict[str, Any]) -> list[str]:
    return [one["state"] for one in document["status"]["conditions"]]


@pytest.mark.parametrize(
    "change",
    [
        {"skuRef": ref("skus/none")},
        {"zone": ""},
        {"zone": "zagreb"},
        {"zone": "z" * 33},
        {"bootVolume": {"deviceRef": ref("block-storages/none")}},
        {"bootVolume": {"deviceRef": ref("tenants/rival/workspaces/shop/block-storages/boot")}},
        {"bootVolume": {"deviceRef": ref("workspaces/other/block-storages/there")}},
        {"bootVolume": None},
        {"sshKeys": ["k"] * 33},
        {"userData": "u" * 65537},
        {"surprise": 1},
    ],
)
def test_an_instance_that_cannot_be_is_refused_and_nothing_is_written(
    ana: Asker, change: dict[str, Any]
) -> None:
    ana.add_workspace("other")
    there = f"{ana.storages('other')}/there"
    assert ana.put(there, {"sizeGB": 1, "skuRef": ref("hanza.local")}).status_code == 201
    path = f"{ana.instances()}/web"
    assert ana.put(path, an_instance() | change).status_code == 412
    assert ana.put(f"{ana.instances('none')}/web", an_instance()).status_code == 412
    assert ana.get(path).status_code == 404
    listed = ana.client.get(BASE + "/tenants/acme/instances", headers=OPERATOR)
    assert listed.json() == {"items": []}


@pytest.mark.parametrize("countries", ["HR", "DE,xx", "", "DE HR"])
def test_countries_that_leave_none_are_named_and_refused(ana: Asker, countries: str) -> None:
    words = {"extensions": {"hanza.policy/countries": countries}}
    answer = ana.put(f"{ana.instances()}/web", an_instance(), **words)
    assert answer.status_code == 412
    assert answer.json()["sources"] == [{"pointer": "/extensions", "parameter": ""}]


def test_power_goes_by_what_was_wished_last(ana: Asker) -> None:
    ana.add_instance()
    path = f"{ana.instances()}/web"
    for action, status in (
        ("stop", 412),
        ("restart", 412),
        ("start", 202),
        ("start", 412),
        ("restart", 202),
        ("stop", 202),
        ("stop", 412),
        ("restart", 412),
    ):
        answer = ana.ask("POST", f"{path}/{action}")
        assert answer.status_code == status, action
    assert ana.ask("POST", f"{ana.instances()}/none/start").status_code == 404
    late = ana.ask("POST", path + "/start", if_unmodified_since="1")
    assert (late.status_code, late.json()["code"]) == (412, "outdated")


def test_a_change_that_changes_nothing_is_two_entries_and_no_new_state(ana: Asker) -> None:
    ana.add_instance()
    path = f"{ana.instances()}/web"
    ana.league.run_until(lambda: ana.get(path).json()["status"]["state"] == "active")
    before = ana.get(path).json()
    changed = ana.ask("PUT", path, before | {"labels": {"a": "b"}})
    assert (changed.status_code, states(changed.json())[:2]) == (200, ["active", "updating"])
    assert len(states(changed.json())) == 5
    after = ana.get(path).json()
    assert after["status"] == changed.json()["status"]
    assert after["status"]["conditions"][0]["message"] == states_message(before)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"] + 1
    moved = ana.put(path, an_instance() | {"zone": "berlin"})
    assert (moved.status_code, moved.json()["spec"]["zone"]) == (200, "berlin")
    for change in (
        {"skuRef": ref("skus/hanza.s")},
        {"bootVolume": {"deviceRef": ref("block-storages/boot"), "type": "ide"}},
        {"zone": "zagreb"},
    ):
        assert ana.put(path, an_instance() | change).status_code == 412


def states_message(document: dict[str, Any]) -> Any:
    return document["status"]["conditions"][0]["message"]


def test_what_is_wanted_is_not_taken_from_under_it(ana: Asker) -> None:
    ana.add_instance()
    for path in (f"{ana.storages()}/boot", f"{ana.workspaces}/shop"):
        answer = ana.ask("DELETE", path)
        assert (answer.status_code, answer.json()["code"]) == (412, "in_use")


def test_what_is_ending_is_ending_whatever_comes(ana: Asker) -> None:
    ana.add_instance()
    path = f"{ana.instances()}/web"
    ana.league.run_until(lambda: ana.get(path).json()["status"]["state"] == "active")
    for _ in range(2):
        assert ana.ask("DELETE", path).status_code == 202
    document = ana.get(path).json()
    assert document["status"]["state"] == "deleting"
    assert document["metadata"]["deletedAt"]
    assert ana.put(path, an_instance()).status_code == 412
    assert ana.ask("POST", path + "/start").status_code == 412
    names = {
        view: len(ana.get(ana.instances(), accept=f"application/json{view}").json()["items"])
        for view in ("", "; deleted=true", "; deleted=only")
    }
    assert names == {"": 0, "; deleted=true": 1, "; deleted=only": 1}
    assert ana.ask("DELETE", f"{ana.storages()}/boot").status_code == 202
    assert ana.get(f"{ana.storages()}/boot").json()["status"]["state"] == "deleting"
    ana.league.run_until(lambda: ana.get(path).status_code == 404)
    ana.league.run_until(lambda: ana.get(f"{ana.storages()}/boot").status_code == 404)


def test_an_image_of_an_unused_disk_is_that_disks_image(ana: Asker) -> None:
    mine = {
        "blockStorageRef": ref("workspaces/shop/block-storages/boot"),
        "cpuArchitecture": "arm64",
    }
    assert ana.put(ana.images + "/mine", mine).status_code == 201
    ana.add_storage("copy", sourceImageRef=ref("images/mine"))
    ana.add_instance("copied", bootVolume={"deviceRef": ref("block-storages/copy")})
    ana.add_instance("web")
    ana.league.run_until(lambda: len(ana.league.guests()) == 2)
    images = {row.spec.image for row in ana.league.agents["berlin"].own_guests()}
    tiny = ana.league.store.read(get_image, "tiny")
    assert images == {tiny.bundle.id}
    ana.add_storage("late", sourceImageRef=ref("images/mine"))
    late = an_instance("late")
    assert ana.put(f"{ana.instances()}/late", late).status_code == 412


def test_a_disk_of_no_image_is_blank(ana: Asker) -> None:
    ana.put(f"{ana.storages()}/empty", {"sizeGB": 2, "skuRef": ref("hanza.local")})
    ana.add_instance("empty", bootVolume={"deviceRef": ref("block-storages/empty")})
    ana.league.run_until(lambda: bool(ana.league.guests()))
    (guest,) = ana.league.agents["berlin"].own_guests()
    assert (guest.spec.image, guest.spec.disk_mib) == ("blank", 2048)
    (disk,) = ana.volumes("berlin")
    assert (disk.image, disk.size_mib, disk.attached_to) == ("blank", 2048, guest.native)


KEY = "ssh-ed25519 AAAA ana@zagreb"


def test_what_has_no_effect_yet_is_said(ana: Asker) -> None:
    ana.add_instance("web", securityGroupRef=ref("security-groups/none"))
    ana.league.step()
    status = ana.get(f"{ana.instances()}/web").json()["status"]
    assert status["notYet"] == ["securityGroupRef"]


def test_keys_user_data_and_its_name_reach_the_guest_until_it_is_there(ana: Asker) -> None:
    told, path = {"userData": "#cloud-config", "sshKeys": [KEY]}, f"{ana.instances()}/web.one"
    ana.add_instance("web.one", userData="#cloud-config")
    assert ana.put(path, an_instance() | told).status_code == 200
    ana.league.run_until(lambda: ana.get(path).json()["status"]["state"] == "active")
    (guest,) = ana.league.agents["berlin"].own_guests()
    spec = guest.spec
    assert (spec.hostname, spec.ssh_keys, spec.user_data) == ("web-one", (KEY,), "#cloud-config")
    shown = ana.get(path).json()
    assert "notYet" not in shown["status"]
    assert {name: shown["spec"][name] for name in told} == told
    assert ana.put(path, an_instance() | told | {"userData": "late"}).status_code == 200
    ana.league.step()
    assert ana.get(path).json()["status"]["notYet"] == ["userData"]
    assert ana.league.agents["berlin"].own_guests()[0].spec == spec


def test_what_no_guest_can_be_told_and_no_disk_can_hold_is_refused(ana: Asker) -> None:
    for said, where in (
        ({"sshKeys": ["mine"]}, "/spec/sshKeys"),
        ({"userData": "s3cret\0"}, "/spec/userData"),
        ({"userData": "\u017e" * 65536}, "/spec/userData"),
    ):
        refused = ana.put(f"{ana.instances()}/web", an_instance() | said)
        assert (refused.status_code, refused.json()["code"]) == (412, "invalid")
        assert refused.json()["sources"][0]["pointer"] == where
        assert "s3cret" not in refused.text
    plane = ana.league.plane
    disk = a_qcow2(size_mib=2000)
    ana.league.store.write(put_image, replace(an_image("wide", plane.blobs, disk), disk_mib=2000))
    ana.add_storage("wide", sourceImageRef=ref("tenants/public/images/wide"))
    boots = an_instance("wide")
    refused = ana.put(f"{ana.instances()}/web", boots)
    assert (refused.status_code, refused.json()["code"]) == (412, "invalid")
    assert refused.json()["sources"][0]["pointer"] == "/spec/bootVolume/deviceRef"
    assert ana.get(f"{ana.instances()}/web").status_code == 404


def test_an_image_that_is_gone_by_then_is_refused_and_nothing_is_written(ana: Asker) -> None:
    put = ana.league.store.write(put_image, an_image("old", ana.league.plane.blobs, a_qcow2(3)))
    ana.add_storage("old", sourceImageRef=ref("tenants/public/images/old"))
    ana.league.store.write(remove_image, put.name)
    refused = ana.put(f"{ana.instances()}/web", an_instance("old"))
    assert (refused.status_code, refused.json()["code"]) == (412, "image.unknown")
    assert refused.json()["sources"][0]["pointer"] == "/spec/bootVolume/deviceRef"
    assert ana.get(f"{ana.instances()}/web").status_code == 404


def test_an_instance_of_the_federations_own_api_is_not_taken_over(ana: Asker) -> None:
    ana.league.put("web", "DE")
    assert ana.put(f"{ana.instances()}/web", an_instance()).status_code == 412


def test_what_the_federations_own_api_ends_is_ended_here_too(ana: Asker) -> None:
    ana.add_instance()
    path = f"{ana.instances()}/web"
    ana.league.run_until(lambda: ana.get(path).json()["status"]["state"] == "active")
    ana.league.delete("web")
    ana.league.run_until(lambda: ana.get(path).status_code == 404)


def test_an_image_that_no_site_takes_is_an_error_with_its_reason(ana: Asker) -> None:
    ana.add_storage("odd")
    site = ana.league.agents["berlin"].site
    site.order(Fault("create", nth=1, kind="rejected"))
    ana.add_instance("odd", bootVolume={"deviceRef": ref("block-storages/odd")})
    path = f"{ana.instances()}/odd"
    ana.league.run_until(lambda: ana.get(path).json()["status"]["state"] == "error")
    newest = ana.get(path).json()["status"]["conditions"][0]
    assert newest["reason"] == "DriverRejected"
    assert newest["message"]


def test_until_it_has_a_place_its_zone_may_change_and_then_it_stays(ana: Asker) -> None:
    anywhere = Asker(ana.client, ana.league, "acme", "eu")
    anywhere.put(f"{anywhere.workspaces}/wide", {})
    disk = {"sizeGB": 1, "skuRef": ref("hanza.local")}
    anywhere.put(f"{anywhere.storages('wide')}/boot", disk)
    path = f"{anywhere.instances('wide')}/web"
    assert anywhere.put(path, an_instance() | {"zone": "berlin"}).status_code == 201
    assert anywhere.put(path, an_instance() | {"zone": "zagreb"}).status_code == 200
    ana.league.run_until(lambda: anywhere.get(path).json()["status"]["state"] == "active")
    assert ana.league.guests() == [("zagreb", "web", "off")]
    assert len(states(anywhere.get(path).json())) == 5
    there = {"extensions": {"hanza.policy/countries": "HR"}}
    assert anywhere.put(path, an_instance(), **there).status_code == 412
    assert anywhere.put(path, an_instance() | {"zone": "berlin"}).status_code == 200
    ana.league.step()
    assert ana.league.guests() == [("zagreb", "web", "off")]


def test_an_image_that_is_made_from_itself_boots_nothing(ana: Asker) -> None:
    made_from = {"blockStorageRef": ref("workspaces/shop/block-storages/egg")}
    ana.put(f"{ana.storages()}/egg", {"sizeGB": 1, "skuRef": ref("hanza.local")})
    assert ana.put(ana.images + "/hen", made_from | {"cpuArchitecture": "amd64"}).status_code == 201
    assert ana.ask("DELETE", f"{ana.storages()}/egg").status_code == 202
    ana.add_storage("egg", sourceImageRef=ref("images/hen"))
    boots = an_instance() | {"bootVolume": {"deviceRef": ref("block-storages/egg")}}
    assert ana.put(f"{ana.instances()}/web", boots).status_code == 412


def test_why_it_is_in_its_zone_is_told_like_any_other_rule(ana: Asker) -> None:
    ana.add_instance(zone="berlin")
    shown = f"{ana.instances()}/web"
    ana.league.run_until(lambda: ana.get(shown).json()["status"]["state"] == "active")
    path = BASE + "/tenants/acme/workspaces/shop/instances/web"
    found = ana.get(path + "/placement").json()
    said = {one["rule"]: one["says"] for one in found["explanation"]["refusals"]}
    assert said["zone"] == "not at berlin, the zone it asks for"


def test_what_was_asked_for_here_keeps_its_words_elsewhere(ana: Asker) -> None:
    path = BASE + "/tenants/acme/workspaces/shop/instances/web"
    assert ana.put(f"{ana.instances()}/web", an_instance()).status_code == 201
    spec = ana.get(path).json()["spec"]
    for change, status in (({}, 200), ({"power": "on"}, 200), ({"cpus": spec["cpus"] + 1}, 412)):
        assert ana.put(path, spec | change).status_code == status
