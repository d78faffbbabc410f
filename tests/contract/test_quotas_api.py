"""Quotas over the API: who sets them, what they refuse in each API, and what then happens."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hanza.api.counting import count_resource
from hanza.api.routes import BASE
from hanza.model import kinds
from hanza.model.errors import QuotaExceeded
from hanza.model.quota import NONE, Amounts, Limits, Scope
from hanza.model.resource import Path as ResourcePath
from hanza.model.resource import Resource, Words
from hanza.plan.seca.conditions import requested
from hanza.store import quotas, resources
from hanza.store.tx import Tx
from kit.apis import OPERATOR
from kit.laws import check_laws
from kit.standard import Asker, a_storage, askers

TENANT = BASE + "/tenants/acme"
SHOP = TENANT + "/workspaces/shop"
SPEC = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
NOTHING = {"instances": 0, "cpus": 0, "memoryMiB": 0, "storageMiB": 0, "addresses": 0}
WITHOUT = dict.fromkeys(NOTHING)


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Asker]:
    with askers(tmp_path, {"berlin": "DE"}) as (asker, _):
        yield asker
        check_laws(asker.league)


def limit(ana: Asker, where: str = SHOP, **limits: int) -> Any:
    return ana.client.put(where + "/quota", json={"spec": limits}, headers=OPERATOR)


def used(ana: Asker, where: str = SHOP) -> dict[str, int]:
    found: dict[str, int] = ana.get(where + "/quota").json()["status"]["used"]
    return found


def put(ana: Asker, name: str, **changed: Any) -> Any:
    return ana.put(f"{SHOP}/instances/{name}", SPEC | changed)


def put_app(ana: Asker, **members: Any) -> Any:
    return ana.ask("PUT", SHOP + "/apps/shop", {"instances": members})


def refused(answer: Any) -> str:
    document = answer.json()
    assert answer.status_code == 403, answer.text
    assert (document["code"], document["type"]) == (
        "quota.exceeded",
        "http://secapi.cloud/errors/forbidden",
    )
    assert "raise the quota" in document["hint"]
    return str(document["detail"])


def test_a_quota_is_set_shown_changed_and_cleared_and_each_is_told(ana: Asker) -> None:
    for where, workspace in ((TENANT, ""), (SHOP, "shop")):
        nothing = ana.get(where + "/quota").json()
        assert nothing == {
            "metadata": {
                "tenant": "acme",
                "workspace": workspace,
                "generation": 0,
                "changedAt": None,
            },
            "spec": WITHOUT,
            "status": {"used": NOTHING, "overfull": []},
        }
        assert ana.client.delete(where + "/quota", headers=OPERATOR).status_code == 404
        made = limit(ana, where, cpus=4)
        assert (made.status_code, made.json()["spec"]) == (201, WITHOUT | {"cpus": 4})
        again = limit(ana, where, cpus=4)
        assert (again.status_code, again.json()) == (200, made.json())
        changed = limit(ana, where, memoryMiB=1).json()
        assert changed["metadata"]["generation"] == 2
        assert changed["spec"] == WITHOUT | {"memoryMiB": 1}
        assert ana.get(where + "/quota").json() == changed
        assert ana.client.delete(where + "/quota", headers=OPERATOR).status_code == 202
        assert ana.get(where + "/quota").json() == nothing
    events = ana.get(TENANT + "/events").json()["items"]
    said = [one["kind"] for one in events if one["kind"].startswith("quota.")]
    assert said == ["quota.set", "quota.set", "quota.cleared"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"spec": {"cpus": -1}},
        {"spec": {"cpus": 10**12 + 1}},
        {"spec": {"cpus": 1.5}},
        {"spec": {"cpus": "4"}},
        {"spec": {"cpu": 4}},
        {"spec": {}, "status": {}},
        [],
    ],
)
def test_what_is_no_quota_is_refused_and_nothing_is_set(ana: Asker, body: Any) -> None:
    answer = ana.client.put(TENANT + "/quota", json=body, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")
    assert ana.get(TENANT + "/quota").json()["metadata"]["generation"] == 0
    for where in ("/tenants/Acme", "/tenants/acme/workspaces/-"):
        wrong = limit(ana, BASE + where, cpus=1)
        assert (wrong.status_code, wrong.json()["code"]) == (412, "invalid")


def test_a_tenants_quota_is_the_operators_and_a_workspaces_its_own(ana: Asker) -> None:
    for method in ("PUT", "DELETE"):
        answer = ana.ask(method, TENANT + "/quota", {"spec": {"cpus": 99}})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert ana.ask("PUT", SHOP + "/quota", {"spec": {"cpus": 1}}).status_code == 201
    assert ana.ask("GET", TENANT + "/quota").status_code == 200
    assert ana.ask("DELETE", SHOP + "/quota").status_code == 202


def test_an_instance_counts_from_when_it_is_accepted_until_it_is_gone(ana: Asker) -> None:
    limit(ana, instances=1, cpus=2)
    assert put(ana, "web").status_code == 201
    assert used(ana) == used(ana, TENANT) == NOTHING | SPEC_USED
    assert put(ana, "web").status_code == 200, "twice is once"
    text = refused(put(ana, "other"))
    assert text == (
        "the quota of workspace shop of tenant acme is 1 instances (1 used, 1 more asked for);"
        " nothing was changed"
    )
    assert "2 cpus (1 used, 2 more asked for)" in refused(put(ana, "web", cpus=3))
    ana.league.run_until(lambda: ana.league.guests() == [("berlin", "web", "on")])
    assert ana.ask("DELETE", SHOP + "/instances/web").status_code == 202
    assert used(ana)["instances"] == 1
    refused(put(ana, "other"))
    ana.league.run_until(lambda: ana.get(SHOP + "/instances/web").status_code == 404)
    assert used(ana) == used(ana, TENANT) == NOTHING
    assert put(ana, "other").status_code == 201


SPEC_USED = {"instances": 1, "cpus": 1, "memoryMiB": 128, "storageMiB": 64}


def test_volumes_count_until_they_are_gone_also_with_nobody(ana: Asker) -> None:
    limit(ana, storageMiB=64 + 100)
    assert put(ana, "db", volumes=[{"name": "data", "sizeMiB": 80}]).status_code == 201
    assert used(ana)["storageMiB"] == 144
    assert "37 more" in refused(put(ana, "db", volumes=[{"name": "data", "sizeMiB": 117}]))
    assert put(ana, "db", volumes=[{"name": "data", "sizeMiB": 100}]).status_code == 200
    assert used(ana)["storageMiB"] == 164
    ana.league.run_until(lambda: ana.league.guests() == [("berlin", "db", "on")])
    assert ana.ask("DELETE", SHOP + "/instances/db").status_code == 202
    ana.league.run_until(lambda: used(ana) == NOTHING | {"storageMiB": 100})
    again = [{"name": "data", "sizeMiB": 100}]
    assert put(ana, "db", volumes=again).status_code == 201, "what is kept is not counted twice"
    assert ana.ask("DELETE", SHOP + "/instances/db?volumes=true").status_code == 202
    ana.league.run_until(lambda: used(ana) == NOTHING)


def test_an_app_is_counted_as_one_all_or_nothing(ana: Asker) -> None:
    limit(ana, instances=3, cpus=4, memoryMiB=512)
    assert refused(put_app(ana, a=SPEC, b=SPEC, c=SPEC, d=SPEC)).startswith("the quota of work")
    assert used(ana) == NOTHING
    assert ana.get(SHOP + "/instances").json() == {"items": []}
    assert put_app(ana, a=SPEC, b=SPEC | {"cpus": 3}).status_code == 200
    # Each way one member takes more before the other takes less: only the sum counts.
    for one, other in ((3, 1), (1, 3)):
        answer = put_app(ana, a=SPEC | {"cpus": one}, b=SPEC | {"cpus": other})
        assert answer.status_code == 200, answer.text
        assert used(ana)["cpus"] == 4
    refused(put_app(ana, a=SPEC | {"cpus": 3}, b=SPEC | {"cpus": 3}))
    assert used(ana)["cpus"] == 4
    assert put_app(ana, a=SPEC, c=SPEC).status_code == 403, "what ends counts until it is gone"
    assert put_app(ana, a=SPEC | {"cpus": 1}).status_code == 200
    ana.league.run_until(lambda: used(ana)["instances"] == 1)
    check_laws(ana.league)
    assert put_app(ana, a=SPEC, c=SPEC).status_code == 200


def test_a_plan_says_what_a_quota_would_refuse_and_counts_nothing(ana: Asker) -> None:
    limit(ana, TENANT, instances=2, cpus=2)
    members = {name: SPEC for name in ("a", "b", "c")}
    for app in ({}, {"app": "shop"}):
        answer = ana.ask("POST", SHOP + "/quotes", {"instances": members} | app)
        assert refused(answer).startswith("the quota of tenant acme is 2 instances")
        fine = {"instances": {"a": SPEC, "b": SPEC}} | app
        assert ana.ask("POST", SHOP + "/quotes", fine).status_code == 200
    assert used(ana, TENANT) == NOTHING
    assert put_app(ana, a=SPEC | {"cpus": 2}).status_code == 200
    swapped = {"instances": {"a": SPEC, "b": SPEC}, "app": "shop"}
    assert ana.ask("POST", SHOP + "/quotes", swapped).status_code == 200
    assert put_app(ana, **swapped["instances"]).status_code == 200


def test_below_what_is_used_nothing_ends_and_less_is_allowed(ana: Asker) -> None:
    assert put_app(ana, a=SPEC, b=SPEC | {"cpus": 3}).status_code == 200
    lowered = limit(ana, cpus=2).json()
    assert lowered["status"] == {"used": used(ana), "overfull": ["cpus"]}
    ana.league.run_until(lambda: len(ana.league.guests()) == 2)
    refused(put_app(ana, a=SPEC, b=SPEC | {"cpus": 4}))
    assert put_app(ana, a=SPEC, b=SPEC | {"cpus": 2}).status_code == 200
    check_laws(ana.league)
    assert ana.get(SHOP + "/quota").json()["status"]["overfull"] == ["cpus"]
    assert put_app(ana, a=SPEC, b=SPEC | {"cpus": 1}).status_code == 200
    assert ana.get(SHOP + "/quota").json()["status"]["overfull"] == []


def test_the_standards_instances_and_storages_count_by_sku_and_size(ana: Asker) -> None:
    ana.add_workspace()
    limit(ana, TENANT, instances=1, cpus=1, memoryMiB=1024, storageMiB=3 * 1024)
    ana.add_storage()
    assert used(ana) == NOTHING | {"storageMiB": 1024}
    ana.add_instance()
    assert used(ana) == NOTHING | {
        "instances": 1,
        "cpus": 1,
        "memoryMiB": 1024,
        "storageMiB": 1024,
    }
    ana.add_storage("second")
    second = f"{ana.instances()}/second"
    spec = {"skuRef": {"resource": "skus/hanza.xs"}, "zone": "any"}
    boots = {"bootVolume": {"deviceRef": {"resource": "block-storages/second"}}}
    assert "1 instances (1 used" in refused(ana.put(second, spec | boots))
    assert ana.get(second).status_code == 404
    storage = f"{ana.storages()}/second"
    assert "3072 MiB of storage (2048 used, 2048" in refused(
        ana.put(storage, a_storage() | {"sizeGB": 3})
    )
    assert ana.get(storage).json()["spec"]["sizeGB"] == 1
    assert ana.put(storage, a_storage() | {"sizeGB": 2}).status_code == 200
    assert used(ana)["storageMiB"] == 3 * 1024
    check_laws(ana.league)
    assert ana.ask("DELETE", storage).status_code == 202
    assert used(ana)["storageMiB"] == 1024
    ana.league.run_until(lambda: len(ana.league.guests()) == 1)
    assert ana.ask("DELETE", f"{ana.instances()}/web").status_code == 202
    ana.league.run_until(lambda: ana.get(f"{ana.instances()}/web").status_code == 404)
    assert ana.ask("DELETE", f"{ana.storages()}/boot").status_code == 202
    ana.league.run_until(lambda: ana.get(f"{ana.storages()}/boot").status_code == 404)
    assert used(ana) == used(ana, TENANT) == NOTHING


def test_a_public_address_counts_by_the_name_of_its_kind(ana: Asker) -> None:
    kind = replace(kinds.BLOCK_STORAGE, name="public-ip")
    path = ResourcePath(kind, "de", "acme", "shop", "front")
    now, store = ana.league.clock.now(), ana.league.store
    words = Words({}, {}, {}, {"version": "IPv4", "address": "198.51.100.7"})
    resource = Resource("pi_1", path, words, 1, now, now, None, requested(now).log, 0, {})
    store.write(quotas.set_quota, Scope("acme"), Limits(addresses=1), now)

    def make(tx: Tx) -> None:
        count_resource(tx, path, None, words)
        resources.insert_resource(tx, resource)

    store.write(make)
    assert store.read(quotas.get_quota, Scope("acme")).used == Amounts(addresses=1)
    store.write(count_resource, path, resource, words)
    with pytest.raises(QuotaExceeded, match="1 public addresses"):
        store.write(count_resource, path, None, words)
    for _ in range(2):
        store.write(resources.remove_resource, resource)
        assert store.read(quotas.get_quota, Scope("acme")).used == NONE
