"""The table of kinds: for each its place in the API, what it needs, a valid document, an update.

Every scenario is built from it; a kind is told nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from hanza_conformance.world import World

Scope: TypeAlias = Literal["tenant", "workspace", "network"]
Spec: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource."""

    name: str
    title: str
    """As scenarios are called."""
    provider: str
    collection: str
    scope: Scope
    needs: tuple[str, ...]
    """What has to be there for `spec` to be valid, beside what its path names."""
    spec: "Callable[[World], Spec]"
    update: "Callable[[World, Spec], Spec]"
    """A change that has to be accepted; what the cloud offers only once stays."""
    is_regional: bool = True
    is_active_in_update: bool = True
    """Whether the answer to an update says `active` at once."""


def _workspace(_: "World") -> Spec:
    return {}


def _same(_: "World", spec: Spec) -> Spec:
    return spec


def _role(_: "World") -> Spec:
    permission = {"provider": "seca.compute/v1", "resources": ["instances/*"], "verb": ["GET"]}
    return {"permissions": [permission]}


def _role_update(_: "World", spec: Spec) -> Spec:
    return {"permissions": [spec["permissions"][0] | {"verb": ["GET", "PUT"]}]}


def _assignment(world: "World") -> Spec:
    target = world.cloud.target
    return {
        "subs": [world.cloud.users[0]],
        "roles": [world.place("role").name],
        "scopes": [{"tenants": [target.tenant], "regions": [target.region]}],
    }


def _assignment_update(world: "World", spec: Spec) -> Spec:
    return spec | {"subs": [world.cloud.users[-1]], "scopes": [{"tenants": [world.tenant]}]}


def _block_storage(world: "World") -> Spec:
    return {"sizeGB": 20, "skuRef": ref(world.cloud.skus("seca.storage")[0])}


def _image(world: "World") -> Spec:
    return {"blockStorageRef": world.ref("block-storage"), "cpuArchitecture": "amd64"}


def _instance(world: "World") -> Spec:
    return {
        "skuRef": ref(world.cloud.skus("seca.compute", "Tier=D2XS")[0]),
        "zone": world.cloud.zones[0],
        "bootVolume": {"deviceRef": world.ref("block-storage")},
    }


def _other_zone(world: "World", spec: Spec) -> Spec:
    return spec | {"zone": world.cloud.zones[-1]}


def _network(world: "World") -> Spec:
    cidr = {"ipv4": str(world.cloud.target.cidr)}
    return {"cidr": cidr, "skuRef": ref(world.cloud.skus("seca.network")[0])}


def _network_update(world: "World", spec: Spec) -> Spec:
    return spec | {"skuRef": ref(world.cloud.skus("seca.network")[-1])}


def _route_table(world: "World") -> Spec:
    target = world.ref("internet-gateway")
    return {"routes": [{"destinationCidrBlock": "0.0.0.0/0", "targetRef": target}]}


def _route_table_update(world: "World", spec: Spec) -> Spec:
    """To an instance that nobody has made yet."""
    target = ref(world.urn("instance", "not-made-yet"))
    return {"routes": [spec["routes"][0] | {"targetRef": target}]}


def _subnet(world: "World") -> Spec:
    return {
        "cidr": {"ipv4": world.cloud.subnet_cidr(1)},
        "routeTableRef": world.ref("routing-table"),
        "zone": world.cloud.zones[0],
    }


def _nic(world: "World") -> Spec:
    return {"addresses": [world.host(1)], "subnetRef": world.ref("subnet")}


def _nic_update(world: "World", spec: Spec) -> Spec:
    return spec | {"addresses": [world.host(2)]}


def _public_ip(world: "World") -> Spec:
    return {"version": "IPv4", "address": world.cloud.public_address(1)}


def _public_ip_update(world: "World", spec: Spec) -> Spec:
    return spec | {"address": world.cloud.public_address(2)}


def a_rule() -> Spec:
    return {
        "direction": "ingress",
        "version": "IPv4",
        "protocol": "tcp",
        "ports": {"from": 8000, "to": 8080},
    }


def _rule_update(_: "World", spec: Spec) -> Spec:
    return spec | {"direction": "egress"}


def _group_update(_: "World", spec: Spec) -> Spec:
    return {"rules": [spec["rules"][0] | {"direction": "egress"}]}


def ref(resource: str) -> Spec:
    """A reference as clients send it: an object with a full URN in it."""
    return {"resource": resource}


AUTHORIZATION, WORKSPACE = "seca.authorization", "seca.workspace"
STORAGE, COMPUTE, NETWORK = "seca.storage", "seca.compute", "seca.network"

KINDS = (
    Kind("role", "Role", AUTHORIZATION, "roles", "tenant", (), _role, _role_update, False, False),
    Kind(
        "role-assignment",
        "RoleAssignment",
        AUTHORIZATION,
        "role-assignments",
        "tenant",
        ("role",),
        _assignment,
        _assignment_update,
        False,
        False,
    ),
    Kind("workspace", "Workspace", WORKSPACE, "workspaces", "tenant", (), _workspace, _same),
    Kind(
        "block-storage",
        "BlockStorage",
        STORAGE,
        "block-storages",
        "workspace",
        (),
        _block_storage,
        lambda _, spec: spec | {"sizeGB": 30},
        is_active_in_update=False,
    ),
    Kind(
        "image",
        "Image",
        STORAGE,
        "images",
        "tenant",
        ("workspace", "block-storage"),
        _image,
        lambda _, spec: spec | {"cpuArchitecture": "arm64"},
        is_active_in_update=False,
    ),
    Kind(
        "instance",
        "Instance",
        COMPUTE,
        "instances",
        "workspace",
        ("block-storage",),
        _instance,
        _other_zone,
        is_active_in_update=False,
    ),
    Kind("network", "Network", NETWORK, "networks", "workspace", (), _network, _network_update),
    Kind(
        "internet-gateway",
        "InternetGateway",
        NETWORK,
        "internet-gateways",
        "workspace",
        (),
        lambda _: {"egressOnly": False},
        lambda _, spec: spec | {"egressOnly": True},
    ),
    Kind(
        "routing-table",
        "RouteTable",
        NETWORK,
        "route-tables",
        "network",
        ("internet-gateway",),
        _route_table,
        _route_table_update,
    ),
    Kind(
        "subnet", "Subnet", NETWORK, "subnets", "network", ("routing-table",), _subnet, _other_zone
    ),
    Kind("nic", "Nic", NETWORK, "nics", "workspace", ("network", "subnet"), _nic, _nic_update),
    Kind(
        "public-ip",
        "PublicIp",
        NETWORK,
        "public-ips",
        "workspace",
        (),
        _public_ip,
        _public_ip_update,
    ),
    Kind(
        "security-group",
        "SecurityGroup",
        NETWORK,
        "security-groups",
        "workspace",
        (),
        lambda _: {"rules": [a_rule()]},
        _group_update,
    ),
    Kind(
        "security-group-rule",
        "SecurityGroupRule",
        NETWORK,
        "security-group-rules",
        "workspace",
        (),
        lambda _: a_rule(),
        _rule_update,
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
SKUS = {COMPUTE: "instance-sku", STORAGE: "storage-sku", NETWORK: "network-sku"}
