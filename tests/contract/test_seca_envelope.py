"""The standard's envelope over HTTP: what every kind of resource has in common."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanza.api.routes import BASE
from kit.apis import OPERATOR
from kit.standard import Asker, a_storage, askers, ref

PROBLEM = {"type", "title", "status", "detail", "instance", "sources"}


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Asker, Asker]]:
    with askers(tmp_path, {"berlin": "DE", "zagreb": "HR"}) as found:
        yield found


@pytest.fixture
def ana(both: tuple[Asker, Asker]) -> Asker:
    return both[0]


def states(document: dict[str, Any]) -> list[str]:
    return [one["state"] for one in document["status"]["conditions"]]


def names(answer: Any) -> list[str]:
    return [one["metadata"]["name"] for one in answer.json()["items"]]


def test_a_client_finds_every_provider_by_its_region(ana: Asker) -> None:
    regions = ana.get("/providers/seca.region/v1/regions").json()
    assert regions["metadata"] == {
        "provider": "seca.region/v1",
        "resource": "regions",
        "verb": "GET",
    }
    assert [one["metadata"]["name"] for one in regions["items"]] == ["eu", "de", "hr"]
    region = ana.get("/providers/seca.region/v1/regions/de").json()
    assert region in regions["items"]
    assert region["metadata"]["ref"] == "seca.region/v1/regions/de"
    assert region["spec"]["availableZones"] == ["any", "berlin"]
    urls = {one["name"]: one["url"] for one in region["spec"]["providers"]}
    assert urls["seca.compute"] == "https://plane.test:7443/r/de/providers/seca.compute"
    assert {"seca.workspace", "seca.storage", "seca.network", "hanza.federation"} < urls.keys()
    assert "seca.authorization" not in urls
    assert ana.get("/providers/seca.region/v1/regions/fr").status_code == 404


def test_regions_come_in_pages(ana: Asker) -> None:
    path, found, token = "/providers/seca.region/v1/regions?limit=1", [], ""
    while True:
        page = ana.get(path + token).json()
        found += [one["metadata"]["name"] for one in page["items"]]
        if "skipToken" not in page["metadata"]:
            break
        token = "&skipToken=" + page["metadata"]["skipToken"]
    assert found == ["eu", "de", "hr"]
    assert ana.get("/providers/seca.region/v1/regions?labels=a=b").json()["items"] == []


def test_skus_are_under_each_tenants_own_path(both: tuple[Asker, Asker]) -> None:
    for one in both:
        path = one.base("compute") + "/skus"
        (tier,) = one.get(path + "?labels=Tier=D2XS").json()["items"]
        ref_of_it = f"seca.compute/v1/tenants/{one.tenant}/skus/hanza.xs"
        assert tier["metadata"]["ref"] == ref_of_it
        assert tier["spec"] == {"vCPU": 1, "ram": 1}
        assert one.get(path + "/hanza.xs").json() == tier
        assert one.get(path + "/hanza.none").status_code == 404
        large = one.get(path + "?labels=vCPU>=4").json()["items"]
        assert all(sku["spec"]["vCPU"] >= 4 for sku in large)
        first = one.get(path + "?limit=1").json()
        rest = one.get(path + "?skipToken=" + first["metadata"]["skipToken"]).json()
        assert len(first["items"]) + len(rest["items"]) == 5
        assert len(one.get(one.base("storage") + "/skus").json()["items"]) == 1
        (plain,) = one.get(one.base("network") + "/skus?labels=guaranteed=no").json()["items"]
        assert plain["metadata"]["ref"].startswith(f"seca.network/v1/tenants/{one.tenant}/skus/")
        assert plain["metadata"]["kind"] == "network-sku"
        assert plain["spec"].keys() == {"bandwidth", "packets"}


def test_a_workspace_is_active_at_once_and_every_change_is_two_entries(ana: Asker) -> None:
    path = ana.workspaces + "/shop"
    words = {"labels": {"env": "test"}, "annotations": {"why": "ü"}, "extensions": {"x": "y"}}
    made = ana.put(path, {"free": [1, {"a": None}]}, **words)
    assert made.status_code == 201
    document = made.json()
    assert document | words == document
    assert document["spec"] == {"free": [1, {"a": None}]}
    assert states(document) == ["active", "creating", "pending"]
    assert document["metadata"] == {
        "name": "shop",
        "provider": "seca.workspace/v1",
        "resource": "workspaces/shop",
        "verb": "PUT",
        "apiVersion": "v1",
        "kind": "workspace",
        "ref": "seca.workspace/v1/tenants/acme/workspaces/shop",
        "tenant": "acme",
        "region": "de",
        "resourceVersion": 1,
        "createdAt": "2026-01-01T00:00:00Z",
        "lastModifiedAt": "2026-01-01T00:00:00Z",
    }
    got = ana.get(path).json()
    assert got["metadata"]["verb"] == "GET"
    assert got["status"] == document["status"]
    again = ana.ask("PUT", path, got)
    assert (again.status_code, len(states(again.json()))) == (200, 5)
    assert states(again.json())[:2] == ["active", "updating"]
    assert again.json()["metadata"]["resourceVersion"] == 2


def test_what_was_not_said_is_not_added(ana: Asker) -> None:
    document = ana.put(ana.workspaces + "/shop", {}).json()
    assert set(document) == {"metadata", "spec", "status"}
    empty = ana.put(ana.workspaces + "/shop", {}, labels={}).json()
    assert empty["labels"] == {}
    assert "annotations" not in ana.put(ana.workspaces + "/shop", {}, annotations=None).json()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x" * 129, {}),
        ("Shop", {}),
        ("shop", {"labels": {"a": "b" * 64}}),
        ("shop", {"labels": {"a": 1}}),
        ("shop", {"annotations": {"a": "b" * 1025}}),
        ("shop", {"extensions": {"hanza.policy/typo": "x"}}),
        ("shop", {"metadata": {"region": "hr"}}),
        ("shop", {"spec": []}),
        ("shop", []),
    ],
)
def test_what_breaks_the_envelope_is_refused_with_412(ana: Asker, name: str, body: Any) -> None:
    answer = ana.ask("PUT", f"{ana.workspaces}/{name}", body)
    assert answer.status_code == 412
    assert answer.json().keys() >= PROBLEM
    assert names(ana.get(ana.workspaces)) == []


def test_status_and_metadata_may_be_sent_back(ana: Asker) -> None:
    body = {"spec": {}, "metadata": {"region": "de", "verb": "GET"}, "status": None}
    assert ana.ask("PUT", ana.workspaces + "/shop", body).status_code == 201


def test_only_the_version_that_was_seen_is_changed_or_deleted(ana: Asker) -> None:
    path = ana.workspaces + "/shop"
    assert ana.ask("PUT", path, {}, if_unmodified_since="1").status_code == 412
    ana.add_workspace()
    assert ana.ask("PUT", path, {}, if_unmodified_since="1").status_code == 200
    for method, body in (("PUT", {}), ("DELETE", None)):
        late = ana.ask(method, path, body, if_unmodified_since="1")
        assert (late.status_code, late.json()["code"]) == (412, "outdated")
        assert ana.ask(method, path, body, if_unmodified_since="soon").status_code == 412
    assert ana.ask("DELETE", path, if_unmodified_since="2").status_code == 202
    assert ana.get(path).status_code == 404
    assert ana.ask("DELETE", path).status_code == 404


def test_names_are_unique_over_all_regions_of_a_tenant_and_of_no_other(
    both: tuple[Asker, Asker],
) -> None:
    ana, bob = both
    ana.add_workspace()
    bob.add_workspace()
    elsewhere = replace(ana, region="hr")
    answer = elsewhere.put(elsewhere.workspaces + "/shop", {})
    assert (answer.status_code, answer.json()["code"]) == (412, "conflict")
    assert elsewhere.get(elsewhere.workspaces + "/shop").status_code == 404
    assert names(elsewhere.get(elsewhere.workspaces)) == []
    assert bob.ask("DELETE", ana.workspaces + "/shop").status_code == 404
    assert ana.get(ana.workspaces + "/shop").status_code == 200


def test_a_region_without_sites_is_none(ana: Asker) -> None:
    nowhere = replace(ana, region="fr")
    assert nowhere.put(nowhere.workspaces + "/shop", {}).status_code == 404
    assert nowhere.get(nowhere.workspaces).status_code == 404
    assert nowhere.get(nowhere.base("compute") + "/skus").status_code == 404


def test_labels_choose_and_pages_end(ana: Asker) -> None:
    for number in range(5):
        labels = {"n": str(number), "odd": str(number % 2)}
        ana.put(f"{ana.workspaces}/w{number}", {}, labels=labels)
    assert names(ana.get(ana.workspaces + "?labels=odd=1")) == ["w1", "w3"]
    assert names(ana.get(ana.workspaces + "?labels=n>=2,odd!=1&limit=1")) == ["w2"]
    found, token = [], ""
    while True:
        page = ana.get(f"{ana.workspaces}?limit=2{token}")
        found += names(page)
        if "skipToken" not in page.json()["metadata"]:
            break
        token = "&skipToken=" + page.json()["metadata"]["skipToken"]
    assert found == ["w0", "w1", "w2", "w3", "w4"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=10001", "limit=x", "limit=%D9%A3", "skipToken=!", "labels=a"]
)
def test_a_question_that_makes_no_sense_is_told_so(ana: Asker, query: str) -> None:
    answer = ana.get(f"{ana.workspaces}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_query")


def test_a_block_storage_is_active_before_it_is_anywhere(ana: Asker) -> None:
    ana.add_workspace()
    ana.add_storage()
    document = ana.get(ana.storages() + "/boot").json()
    assert states(document) == ["active", "creating", "pending"]
    assert document["metadata"]["workspace"] == "shop"
    assert document["metadata"]["ref"].endswith("workspaces/shop/block-storages/boot")
    assert document["spec"] == a_storage()


@pytest.mark.parametrize(
    "change",
    [
        {"sizeGB": 0},
        {"sizeGB": 1_000_001},
        {"skuRef": ref("skus/none")},
        {"skuRef": ref("seca.compute/v1/tenants/acme/skus/hanza.local")},
        {"sourceImageRef": ref("images/none")},
        {"sourceImageRef": ref("tenants/rival/images/theirs")},
        {"sourceImageRef": ref("tenants/public/images/..")},
        {"sourceImageRef": ref("tenants/public/images/none")},
        {"surprise": 1},
    ],
)
def test_a_block_storage_that_cannot_be_is_refused(ana: Asker, change: dict[str, Any]) -> None:
    ana.add_workspace()
    assert ana.put(ana.storages() + "/boot", a_storage() | change).status_code == 412
    assert ana.put(ana.storages("none") + "/boot", a_storage()).status_code == 412


def test_a_block_storage_grows_and_keeps_what_it_is_made_of(ana: Asker) -> None:
    ana.add_workspace()
    ana.add_storage()
    path = ana.storages() + "/boot"
    larger = ana.put(path, a_storage() | {"sizeGB": 3})
    assert (larger.status_code, len(states(larger.json()))) == (200, 5)
    for change in ({"sizeGB": 2}, {"sizeGB": 3, "sourceImageRef": ref("tenants/seca/images/x")}):
        assert ana.put(path, a_storage() | change).status_code == 412


def test_references_are_held_as_the_tenant_has_chosen(both: tuple[Asker, Asker]) -> None:
    ana, bob = both
    spec = {
        "blockStorageRef": ref("workspaces/shop/block-storages/later"),
        "cpuArchitecture": "amd64",
    }
    assert ana.put(ana.images + "/mine", spec).status_code == 412
    wish = {"spec": {"references": "deferred"}}
    ana.client.put(f"{BASE}/tenants/rival", json=wish, headers=OPERATOR)
    nowhere = bob.put(bob.images + "/mine", spec)
    assert (nowhere.status_code, nowhere.json()["detail"]) == (412, "there is no workspace 'shop'")
    bob.add_workspace()
    assert bob.put(bob.images + "/mine", spec).status_code == 201
    ana.add_workspace()
    ana.add_storage("later")
    assert ana.put(ana.images + "/mine", spec).status_code == 201
    assert ana.put(ana.images + "/odd", spec | {"cpuArchitecture": "x86_64"}).status_code == 412
    theirs = spec | {"blockStorageRef": ref("tenants/acme/workspaces/shop/block-storages/later")}
    assert bob.put(bob.images + "/theirs", theirs).status_code == 412


def test_a_workspace_is_kept_by_what_is_worth_something(ana: Asker) -> None:
    ana.add_workspace()
    ana.add_storage()
    refused = ana.ask("DELETE", ana.workspaces + "/shop")
    assert (refused.status_code, refused.json()["code"]) == (412, "in_use")
    assert ana.ask("DELETE", ana.storages() + "/boot").status_code == 202
    assert ana.ask("DELETE", ana.workspaces + "/shop").status_code == 202
    assert ana.get(ana.workspaces + "/shop").status_code == 404


def test_a_member_that_is_null_is_not_kept(ana: Asker) -> None:
    ana.add_workspace()
    path = f"{ana.base('network')}/workspaces/shop/internet-gateways/gate"
    answer = ana.put(path, {"egressOnly": None})
    assert (answer.status_code, answer.json()["spec"]) == (201, {})
    assert ana.get(path).json()["spec"] == {}
