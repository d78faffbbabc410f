"""For each kind that is done as soon as it is written down: where it is, and a spec of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hanza.model import kinds
from hanza.model.kinds import Kind
from kit.standard import Asker, ref


@dataclass(frozen=True)
class Case:
    """One kind, with a spec that is good and another one that it can be changed to."""

    kind: Kind
    good: Mapping[str, Any]
    other: Mapping[str, Any]

    def collection(self, asker: Asker, workspace: str = "shop", network: str = "net") -> str:
        kind = self.kind
        region = f"/r/{asker.region}" if kind.is_regional else ""
        inside = {
            "workspace": f"/workspaces/{workspace}",
            "network": f"/workspaces/{workspace}/networks/{network}",
        }.get(kind.scope, "")
        below = f"{region}/providers/{kind.provider}/v1/tenants/{asker.tenant}"
        return f"{below}{inside}/{kind.collection}"

    def path(self, asker: Asker, name: str, **at: str) -> str:
        return f"{self.collection(asker, **at)}/{name}"


def a_role(verb: str = "GET", provider: str = "seca.compute/v1") -> dict[str, Any]:
    return {"permissions": [{"provider": provider, "resources": ["*"], "verb": [verb]}]}


def an_assignment(role: str = "seca.workspace-viewer", sub: str = "ana") -> dict[str, Any]:
    scope = {"tenants": ["acme"], "regions": ["de"], "workspaces": ["later"]}
    return {"roles": [role], "subs": [sub], "scopes": [scope]}


def a_network(cidr: str = "10.1.0.0/16", **more: Any) -> dict[str, Any]:
    return {"cidr": {"ipv4": cidr}, "skuRef": ref("skus/hanza.best-effort"), **more}


def a_subnet(cidr: str = "10.1.1.0/24", **more: Any) -> dict[str, Any]:
    table = ref("route-tables/main")
    return {"cidr": {"ipv4": cidr}, "routeTableRef": table, "zone": "any", **more}


def a_table(target: str = "internet-gateways/gate") -> dict[str, Any]:
    return {"routes": [{"destinationCidrBlock": "0.0.0.0/0", "targetRef": ref(target)}]}


def a_nic(address: str = "10.1.1.5", **more: Any) -> dict[str, Any]:
    return {"addresses": [address], "subnetRef": ref("networks/net/subnets/front"), **more}


def a_rule(**more: Any) -> dict[str, Any]:
    rule = {"direction": "ingress", "protocol": "tcp", "ports": {"from": 80, "to": 443}, **more}
    return {name: value for name, value in rule.items() if value is not None}


ROLE = Case(kinds.ROLE, a_role(), a_role("post.start"))
ROLE_ASSIGNMENT = Case(kinds.ROLE_ASSIGNMENT, an_assignment(), an_assignment(sub="*"))
WORKSPACE = Case(kinds.WORKSPACE, {"free": [1, {"a": None}]}, {})
NETWORK = Case(
    kinds.NETWORK,
    a_network("10.9.0.0/16"),
    a_network("10.9.0.0/16", additionalCidrs=[{"ipv6": "fd00::/48"}]),
)
SUBNET = Case(kinds.SUBNET, a_subnet(), a_subnet(zone="berlin"))
ROUTING_TABLE = Case(
    kinds.ROUTING_TABLE,
    a_table(),
    a_table("seca.compute/v1/tenants/acme/workspaces/shop/instances/later"),
)
INTERNET_GATEWAY = Case(kinds.INTERNET_GATEWAY, {}, {"egressOnly": True})
NIC = Case(kinds.NIC, a_nic(), a_nic("::", publicIpRefs=[ref("public-ips/door")]))
PUBLIC_IP = Case(
    kinds.PUBLIC_IP, {"version": "IPv4", "address": "203.0.113.7"}, {"version": "IPv6"}
)
SECURITY_GROUP = Case(
    kinds.SECURITY_GROUP,
    {"rules": [a_rule(), a_rule(protocol="icmp", ports=None, icmp={"type": 8, "code": 0})]},
    {"ruleRefs": [ref("security-group-rules/web")]},
)
SECURITY_GROUP_RULE = Case(
    kinds.SECURITY_GROUP_RULE,
    a_rule(annotations={"why": "the shop"}, sourceRef=[ref("10.0.0.0/8"), ref("203.0.113.7")]),
    a_rule(direction="egress", version="IPv6", ports={"list": [22, 80]}),
)
IMAGE = Case(
    kinds.IMAGE,
    {
        "blockStorageRef": ref("workspaces/shop/block-storages/boot"),
        "cpuArchitecture": "amd64",
        "boot": "UEFI",
        "initializer": "cloudinit-22",
    },
    {"blockStorageRef": ref("workspaces/shop/block-storages/boot"), "cpuArchitecture": "arm64"},
)
CASES = (
    ROLE,
    ROLE_ASSIGNMENT,
    WORKSPACE,
    IMAGE,
    NETWORK,
    SUBNET,
    ROUTING_TABLE,
    INTERNET_GATEWAY,
    NIC,
    PUBLIC_IP,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
)


def furnish(asker: Asker) -> None:
    """What the cases refer to: a workspace, and in it a disk and one of each kind of network."""
    asker.add_workspace()
    asker.add_storage()
    for case, name, spec in (
        (NETWORK, "net", a_network()),
        (INTERNET_GATEWAY, "gate", {}),
        (ROUTING_TABLE, "main", a_table()),
        (SUBNET, "front", a_subnet("10.1.0.0/24")),
        (PUBLIC_IP, "door", {"version": "IPv4"}),
        (SECURITY_GROUP_RULE, "web", a_rule()),
        (SECURITY_GROUP, "shop", {"ruleRefs": [ref("security-group-rules/web")]}),
        (NIC, "card", a_nic()),
    ):
        answer = asker.put(case.path(asker, name), spec)
        assert answer.status_code == 201, answer.text
