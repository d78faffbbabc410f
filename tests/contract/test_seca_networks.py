"""The kinds of networks over HTTP: what they are refused for, what keeps what, what is shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from hanza.api.routes import BASE
from kit.apis import OPERATOR
from kit.standard import Asker, an_instance, askers, ref
from kit.standard_kinds import (
    IMAGE,
    INTERNET_GATEWAY,
    NETWORK,
    NIC,
    PUBLIC_IP,
    ROUTING_TABLE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SUBNET,
    WORKSPACE,
    Case,
    a_network,
    a_nic,
    a_rule,
    a_subnet,
    a_table,
    furnish,
)

SITES = {"berlin": "DE", "zagreb": "HR"}
ROUTE = a_table()["routes"][0]
RULES = (
    {"direction": "sideways"},
    {"direction": None},
    {"version": "IPv5"},
    {"protocol": "sctp"},
    {"ports": {}},
    {"ports": {"from": 0}},
    {"ports": {"from": 65536}},
    {"ports": {"to": 0}},
    {"ports": {"to": 65536}},
    {"ports": {"from": 443, "to": 80}},
    {"ports": {"list": [0]}},
    {"ports": {"list": [65536]}},
    {"ports": {"list": [80] * 101}},
    {"icmp": {"type": 9, "code": 0}},
    {"icmp": {"type": 0, "code": 6}},
    {"icmp": {"type": 0}},
    {"annotations": {"why": "w" * 1025}},
    {"annotations": {"why": 1}},
    {"sourceRef": [ref("security-groups/none")]},
    {"sourceRef": [ref("surprises/none")]},
    {"sourceRef": [ref("10.0.0.0/33")]},
    {"sourceRef": [ref("security-groups/shop")] * 33},
)
REFUSED: list[tuple[Case, dict[str, Any]]] = [
    *((NETWORK, a_network(one)) for one in ("0.0.0/0", "10.0.0.0/33", "x" * 19, "10.0.0.0", "")),
    *(
        (NETWORK, a_network() | {"cidr": {"ipv6": one}})
        for one in ("::/", "x" * 44, "fd00::/129", "10.0.0.0/16", "fe80::%eth0/64")
    ),
    *(
        (NETWORK, a_network(additionalCidrs=[one]))
        for one in (
            {},
            {"ipv4": "1.1.1/8"},
            {"ipv4": "1" * 19},
            {"ipv6": ":/8"},
            {"ipv6": "f" * 44},
        )
    ),
    (NETWORK, a_network(additionalCidrs=[{"ipv4": "10.2.0.0/16"}] * 33)),
    *(
        (IMAGE, {**IMAGE.good, name: "other"})
        for name in ("boot", "cpuArchitecture", "initializer")
    ),
    (IMAGE, {**IMAGE.good, "blockStorageRef": ref("workspaces/none/block-storages/boot")}),
    (IMAGE, {**IMAGE.good, "blockStorageRef": ref("workspaces/shop/block-storages/none")}),
    (NETWORK, a_network("0.0.0.0/0")),
    (NETWORK, a_network() | {"cidr": {}}),
    (NETWORK, a_network() | {"skuRef": ref("skus/none")}),
    (NETWORK, a_network() | {"skuRef": ref("seca.compute/v1/tenants/acme/skus/hanza.xs")}),
    (SUBNET, a_subnet("10.2.0.0/24")),
    (SUBNET, a_subnet("10.0.0.0/8")),
    (SUBNET, a_subnet() | {"cidr": {"ipv6": "fd00::/64"}}),
    (SUBNET, a_subnet(zone="")),
    (SUBNET, a_subnet(zone="zagreb")),
    (SUBNET, a_subnet(zone="z" * 33)),
    (SUBNET, a_subnet(routeTableRef=ref("route-tables/none"))),
    (SUBNET, a_subnet(routeTableRef=ref("networks/none/route-tables/main"))),
    (SUBNET, a_subnet(skuRef=ref("skus/none"))),
    (ROUTING_TABLE, {"routes": []}),
    (ROUTING_TABLE, {"routes": [ROUTE] * 1001}),
    *(
        (ROUTING_TABLE, {"routes": [ROUTE | {"destinationCidrBlock": one}]})
        for one in ("", "0" * 44, "everywhere", "10.0.0.1")
    ),
    (ROUTING_TABLE, a_table("internet-gateways/none")),
    (ROUTING_TABLE, a_table("gate")),
    (ROUTING_TABLE, a_table("skus/hanza.best-effort")),
    (ROUTING_TABLE, a_table("seca.compute/v1/tenants/rival/workspaces/shop/instances/web")),
    (INTERNET_GATEWAY, {"egressOnly": "no"}),
    *((NIC, a_nic(one)) for one in ("1" * 40, "", "10.1.0.0/24", "10.1.1", "somewhere")),
    (NIC, a_nic() | {"addresses": []}),
    (NIC, a_nic() | {"addresses": ["::"] * 33}),
    (NIC, a_nic(subnetRef=ref("networks/net/subnets/none"))),
    (NIC, a_nic(subnetRef=ref("networks/none/subnets/front"))),
    (NIC, a_nic(subnetRef=ref("subnets/front"))),
    (NIC, a_nic(publicIpRefs=[ref("public-ips/none")])),
    (NIC, a_nic(publicIpRefs=[ref("public-ips/door")] * 17)),
    (NIC, a_nic(securityGroupRefs=[ref("security-groups/none")])),
    (NIC, a_nic(securityGroupRefs=[ref("security-groups/shop")] * 17)),
    (PUBLIC_IP, {"version": "IPv5"}),
    (PUBLIC_IP, {"version": "IPv4", "address": "1" * 40}),
    (PUBLIC_IP, {"version": "IPv4", "address": "fd00::1"}),
    (PUBLIC_IP, {"address": "203.0.113.7"}),
    (SECURITY_GROUP, {"ruleRefs": [ref("security-group-rules/none")]}),
    (SECURITY_GROUP, {"ruleRefs": [ref("security-group-rules/web")] * 501}),
    (SECURITY_GROUP, {"rules": [a_rule()] * 501}),
    *((SECURITY_GROUP, {"rules": [a_rule(), a_rule(**change)]}) for change in RULES),
    *((SECURITY_GROUP_RULE, a_rule(**change)) for change in RULES),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """What is only refused here leaves nothing behind."""
    with askers(tmp_path_factory.mktemp("api"), SITES) as (asker, _):
        furnish(asker)
        yield asker


@pytest.fixture
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asker, Asker]]:
    with askers(tmp_path_factory.mktemp("api"), SITES) as found:
        furnish(found[0])
        yield found


@pytest.fixture
def ana(both: tuple[Asker, Asker]) -> Asker:
    return both[0]


def status(ana: Asker, case: Case, name: str) -> dict[str, Any]:
    found: dict[str, Any] = ana.get(case.path(ana, name)).json()["status"]
    return found


def names(ana: Asker, case: Case) -> list[str]:
    return [one["metadata"]["name"] for one in ana.get(case.collection(ana)).json()["items"]]


@pytest.mark.parametrize(
    ("case", "spec"), REFUSED, ids=lambda one: one.kind.name if isinstance(one, Case) else None
)
def test_what_cannot_be_is_refused(home: Asker, case: Case, spec: dict[str, Any]) -> None:
    answer = home.put(case.path(home, "wrong"), spec)
    assert answer.status_code == 412, answer.text
    assert home.get(case.path(home, "wrong")).status_code == 404


@pytest.mark.parametrize("at", [{"workspace": "none"}, {"network": "none"}])
@pytest.mark.parametrize("case", [NETWORK, SUBNET, ROUTING_TABLE, NIC], ids=lambda c: c.kind.name)
def test_nothing_is_in_what_is_not_there(home: Asker, case: Case, at: dict[str, str]) -> None:
    if "network" in at and case.kind.scope != "network":
        at = {"workspace": "No Name"}
    path = case.path(home, "one", **at)
    assert home.put(path, case.good).status_code == 412
    assert home.get(path).status_code == 404
    assert home.get(case.collection(home, **at)).json()["items"] == []


def test_names_are_of_their_network(ana: Asker) -> None:
    assert ana.put(NETWORK.path(ana, "other"), a_network("10.2.0.0/16")).status_code == 201
    assert ana.put(ROUTING_TABLE.path(ana, "main", network="other"), a_table()).status_code == 201
    assert len(ana.get(ROUTING_TABLE.collection(ana, network="other")).json()["items"]) == 1
    full = "seca.network/v1/tenants/acme/workspaces/shop/networks/other/route-tables/main"
    for table in (ref("route-tables/main"), ref(full), ref("networks/net/route-tables/main")):
        spec = a_subnet("10.2.1.0/24", routeTableRef=table)
        answer = ana.put(SUBNET.path(ana, "inner", network="other"), spec)
        assert answer.json()["spec"] == spec
        assert answer.json()["metadata"]["network"] == "other"


def test_ranges_that_are_asked_for_are_given_whoever_has_them(ana: Asker) -> None:
    for name in ("one", "two"):
        assert ana.put(NETWORK.path(ana, name), a_network("10.1.0.0/16")).status_code == 201
        assert ana.put(SUBNET.path(ana, name), a_subnet("10.1.0.0/24")).status_code == 201
        address = {"version": "IPv4", "address": "203.0.113.7"}
        assert ana.put(PUBLIC_IP.path(ana, name), address).status_code == 201
        card = a_nic("10.1.1.5", publicIpRefs=[ref("public-ips/one")])
        assert ana.put(NIC.path(ana, name), card).status_code == 201


def test_who_asks_for_any_range_is_given_one_that_nobody_has_and_keeps_it(ana: Asker) -> None:
    wish = {"ipv4": "0.0.0.0/16", "ipv6": "::/56"}
    found = []
    for name in ("one", "two"):
        answer = ana.put(NETWORK.path(ana, name), a_network() | {"cidr": wish})
        assert answer.json()["spec"]["cidr"] == wish
        found.append(answer.json()["status"]["cidr"])
        again = ana.put(NETWORK.path(ana, name), a_network() | {"cidr": wish})
        assert again.json()["status"]["cidr"] == found[-1]
    assert [one["ipv4"] for one in found] == ["10.0.0.0/16", "10.2.0.0/16"]
    assert found[0]["ipv6"] != found[1]["ipv6"]
    assert ana.put(ROUTING_TABLE.path(ana, "main", network="one"), a_table()).status_code == 201
    for name, given in (("a", "10.0.0.0/20"), ("b", "10.0.16.0/20")):
        spec = a_subnet("0.0.0.0/20")
        answer = ana.put(SUBNET.path(ana, name, network="one"), spec)
        assert (answer.status_code, answer.json()["spec"]) == (201, spec)
        assert answer.json()["status"]["cidr"] == {"ipv4": given}
    for size, code in ((17, "no_room"), (8, "invalid")):
        spec = a_subnet(f"0.0.0.0/{size}")
        full = ana.put(SUBNET.path(ana, "c", network="one"), spec)
        if size == 17:
            assert full.json()["status"]["cidr"] == {"ipv4": "10.0.128.0/17"}
            assert ana.put(SUBNET.path(ana, "d", network="one"), spec).json()["code"] == code
        else:
            assert (full.status_code, full.json()["code"]) == (412, code)


def test_a_network_does_not_leave_its_subnets(ana: Asker) -> None:
    path = NETWORK.path(ana, "net")
    answer = ana.put(path, a_network("10.7.0.0/16"))
    assert (answer.status_code, answer.json()["code"]) == (412, "conflict")
    more = a_network("10.7.0.0/16", additionalCidrs=[{"ipv4": "10.1.0.0/24"}])
    changed = ana.put(path, more)
    assert (changed.status_code, changed.json()["status"]["state"]) == (200, "active")
    assert status(ana, NETWORK, "net")["additionalCidrs"] == [{"ipv4": "10.1.0.0/24"}]


def test_only_what_is_so_is_shown(ana: Asker) -> None:
    assert status(ana, SUBNET, "front")["routeTableRef"] == ref("route-tables/main")
    assert "ipAddress" not in status(ana, PUBLIC_IP, "door")
    assert "no address" in status(ana, PUBLIC_IP, "door")["conditions"][0]["message"]
    ana.put(PUBLIC_IP.path(ana, "own"), {"version": "IPv6", "address": "2001:db8::7"})
    assert status(ana, PUBLIC_IP, "own")["ipAddress"] == "2001:db8::7"
    more = {"addresses": ["0.0.0.0", "10.1.0.9"], "publicIpRefs": [ref("public-ips/own")]}
    ana.put(NIC.path(ana, "card"), a_nic() | more)
    shown = status(ana, NIC, "card")
    assert shown["addresses"] == ["10.1.0.9"]
    assert shown["publicIpRefs"] == more["publicIpRefs"]
    assert "macAddress" not in shown
    assert "hosts do not carry" in shown["conditions"][0]["message"]


def test_what_the_standard_calls_fixed_and_its_tests_change_is_changed(ana: Asker) -> None:
    assert ana.put(SUBNET.path(ana, "front"), a_subnet(zone="berlin")).status_code == 200
    for address in ("203.0.113.7", "203.0.113.8"):
        spec = {"version": "IPv4", "address": address}
        assert ana.put(PUBLIC_IP.path(ana, "door"), spec).json()["spec"] == spec
    sku = a_nic(skuRef=ref("skus/hanza.best-effort"))
    assert ana.put(NIC.path(ana, "card"), sku).status_code == 412


def test_references_follow_the_tenants_policy(both: tuple[Asker, Asker]) -> None:
    ana, bob = both
    later = a_nic(publicIpRefs=[ref("public-ips/later")])
    assert ana.put(NIC.path(ana, "one"), later).status_code == 412
    furnish(bob)
    wish = {"spec": {"references": "deferred"}}
    bob.client.put(f"{BASE}/tenants/rival", json=wish, headers=OPERATOR)
    assert bob.put(NIC.path(bob, "one"), later).status_code == 201
    never = a_nic(publicIpRefs=[ref("tenants/acme/workspaces/shop/public-ips/door")])
    assert bob.put(NIC.path(bob, "one"), never).status_code == 412
    for case, spec in (
        (NIC, a_nic(subnetRef=ref("networks/net/subnets/later"))),
        (ROUTING_TABLE, a_table("internet-gateways/later")),
        (SECURITY_GROUP, {"ruleRefs": [ref("security-group-rules/later")]}),
    ):
        assert bob.put(case.path(bob, "one"), spec).status_code == (412)


def test_an_instance_may_name_cards_that_come_later_and_says_that_they_do_nothing(
    ana: Asker,
) -> None:
    cards = {"primaryNicRef": ref("nics/later"), "securityGroupRef": ref("security-groups/shop")}
    ana.add_instance(**cards)
    for wrong in (
        {"primaryNicRef": ref("seca.storage/v1/tenants/acme/workspaces/shop/nics/card")},
        {"securityGroupRef": ref("tenants/rival/workspaces/shop/security-groups/shop")},
        {"additionalNicRefs": [ref("nics/card")] * 17},
    ):
        answer = ana.put(f"{ana.instances()}/other", an_instance() | wrong)
        assert answer.status_code == 412, answer.text


def test_a_network_is_kept_by_its_route_tables_and_takes_its_subnets_along(ana: Asker) -> None:
    path = NETWORK.path(ana, "net")
    refused = ana.ask("DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (412, "in_use")
    assert ana.get(SUBNET.path(ana, "front")).status_code == 200
    for case, name in ((INTERNET_GATEWAY, "gate"), (ROUTING_TABLE, "main")):
        assert ana.ask("DELETE", case.path(ana, name)).status_code == 202
    assert ana.ask("DELETE", SECURITY_GROUP_RULE.path(ana, "web")).status_code == 202
    assert ana.ask("DELETE", path).status_code == 202
    assert ana.get(path).status_code == 404
    assert ana.get(SUBNET.path(ana, "front")).status_code == 404
    assert names(ana, SUBNET) == []
    assert names(ana, NIC) == ["card"]
    assert ana.put(NETWORK.path(ana, "net"), a_network()).status_code == 201
    assert names(ana, SUBNET) == []


def test_a_workspace_takes_along_what_is_worth_nothing_without_it(ana: Asker) -> None:
    ana.add_instance()
    path = WORKSPACE.path(ana, "shop")
    assert ana.get(path).json()["status"]["resourceCount"] == 10
    assert ana.ask("DELETE", path).json()["code"] == "in_use"
    assert len(names(ana, NETWORK)) == 1
    assert ana.ask("DELETE", f"{ana.instances()}/web").status_code == 202
    assert ana.ask("DELETE", f"{ana.storages()}/boot").status_code == 202
    assert ana.get(path).json()["status"]["resourceCount"] == 8
    assert ana.ask("DELETE", path).status_code == 202
    assert ana.get(path).json()["status"]["state"] == "deleting"
    for case in (NETWORK, SUBNET, ROUTING_TABLE, NIC, PUBLIC_IP, SECURITY_GROUP):
        assert names(ana, case) == []
    assert ana.put(NETWORK.path(ana, "net"), a_network()).status_code == 412
    ana.league.run_until(lambda: ana.get(path).status_code == 404)
    ana.add_workspace()
    assert ana.get(path).json()["status"]["resourceCount"] == 0
