"""Requests that go against what is there: what they name does not exist, or is in use."""

from collections.abc import Callable

from hanza_conformance.exchange import Exchange
from hanza_conformance.kinds import BY_NAME, Kind
from hanza_conformance.refusals.shape import (
    NOWHERE,
    Refusal,
    elsewhere,
    misplaced,
    referring,
    setting,
    spoiled,
)
from hanza_conformance.steps import Side
from hanza_conformance.world import World

ROLE, ADDRESS, VOLUME = "unknown role", "unknown public address", "unknown block storage"
"""The three requests whose refusal other scenarios forbid."""


def conflict_refusals() -> dict[str, tuple[str, tuple[Refusal, ...]]]:
    """By scenario: the kind, and what has to be refused of it."""
    return {f"{BY_NAME[kind].title}Error": (kind, rows) for kind, rows in _rows().items()}


def _strict(pair: str) -> Side:
    return Side(pair, "strict")


def _no_workspace(kind: str) -> Refusal:
    return misplaced("non-existent-workspace", kind, workspace=f"{NOWHERE}-workspace")


def _no_network(kind: str) -> Refusal:
    return misplaced("non-existent-network", kind, network=f"{NOWHERE}-network")


def _sku(kind: str, name: str) -> Refusal:
    def missing(world: World) -> str:
        return f"{_kind(kind).provider}/v1/tenants/{world.tenant}/skus/{NOWHERE}"

    return spoiled(name, kind, referring("spec.skuRef", missing))


def _missing(kind: str) -> Callable[[World], str]:
    """The reference of one that was never made, beside those that are."""
    return lambda world: world.urn(kind, f"{NOWHERE}-{world.place(kind).name}")


def _kind(name: str) -> Kind:
    return BY_NAME[name]


def _volume_of_no_workspace(world: World) -> str:
    return f"seca.storage/v1/tenants/{world.tenant}/workspaces/{NOWHERE}/block-storages/boot"


def _role_and_workspace(world: World, body: dict[str, object]) -> dict[str, object]:
    """An unknown workspace alone has to be accepted; so the role is unknown as well."""
    changed = setting("spec.scopes[0].workspaces", [f"{NOWHERE}-workspace"])(world, body)
    return setting("spec.roles", [f"{NOWHERE}-role"])(world, changed)


def _started(world: World) -> list[Exchange]:
    """Started for the first time it has to be accepted, at once afterwards no more."""
    place = world.place("instance")
    world.act(place, "start")
    refused = world.act(place, "start")
    world.act(place, "stop")
    return [refused]


def _acting(action: str) -> Callable[[World], list[Exchange]]:
    return lambda world: [world.act(world.place("instance"), action)]


def _deleting(kind: str, *, needs: str) -> Callable[[World], list[Exchange]]:
    def ask(world: World) -> list[Exchange]:
        world.ensure(needs)
        return [world.delete(world.place(kind))]

    return ask


def _rows() -> dict[str, tuple[Refusal, ...]]:
    return {**_authorization(), **_machines(), **_networks(), **_cards(), **_groups()}


def _authorization() -> dict[str, tuple[Refusal, ...]]:
    return {
        "role-assignment": (
            spoiled(
                "non-existent-role",
                "role-assignment",
                setting("spec.roles", [f"{NOWHERE}-role"]),
                side=_strict(ROLE),
            ),
            spoiled(
                "non-existent-tenant-in-scope",
                "role-assignment",
                setting("spec.scopes[0].tenants", [f"{NOWHERE}-tenant"]),
            ),
            spoiled(
                "non-existent-region-in-scope",
                "role-assignment",
                setting("spec.scopes[0].regions", [f"{NOWHERE}-region"]),
            ),
            spoiled(
                "non-existent-workspace-in-scope",
                "role-assignment",
                _role_and_workspace,
                side=_strict(ROLE),
            ),
            spoiled(
                "non-existent-sub", "role-assignment", setting("spec.subs", [f"{NOWHERE}-sub"])
            ),
        ),
        "role": (
            spoiled(
                "non-existent-provider",
                "role",
                setting("spec.permissions[0].provider", f"seca.{NOWHERE}/v1"),
            ),
            spoiled("permissions-empty", "role", setting("spec.permissions", [])),
            spoiled("verb-not-allowed", "role", setting("spec.permissions[0].verb", ["CONNECT"])),
        ),
        "workspace": (
            elsewhere("workspace", "non-existent-region"),
            Refusal("delete-with-active-instance", _deleting("workspace", needs="instance")),
        ),
    }


def _machines() -> dict[str, tuple[Refusal, ...]]:
    return {
        "instance": (
            _sku("instance", "non-existent-sku"),
            _no_workspace("instance"),
            spoiled(
                "non-existent-boot-volume",
                "instance",
                referring("spec.bootVolume.deviceRef", _missing("block-storage")),
            ),
            spoiled("invalid-zone", "instance", setting("spec.zone", f"{NOWHERE}-zone")),
            Refusal("start-when-on", _started),
            Refusal("stop-when-off", _acting("stop")),
            Refusal("restart-when-off", _acting("restart")),
        ),
        "block-storage": (
            elsewhere("block-storage"),
            _sku("block-storage", "invalid-sku"),
            _no_workspace("block-storage"),
        ),
        "image": (
            elsewhere("image"),
            spoiled("invalid-cpuArchitecture", "image", setting("spec.cpuArchitecture", "x86_64")),
            spoiled(
                "block-storage-in-a-different-region",
                "image",
                referring("spec.blockStorageRef", _missing("block-storage")),
                side=_strict(VOLUME),
            ),
            spoiled(
                "non-existent-workspace-in-blockStorageRef",
                "image",
                referring("spec.blockStorageRef", _volume_of_no_workspace),
            ),
        ),
    }


def _networks() -> dict[str, tuple[Refusal, ...]]:
    outside = {"ipv4": "192.0.2.0/24"}
    return {
        "internet-gateway": (elsewhere("internet-gateway"), _no_workspace("internet-gateway")),
        "network": (
            elsewhere("network"),
            _sku("network", "invalid-sku"),
            _no_workspace("network"),
            Refusal("delete-with-active-route-table", _deleting("network", needs="routing-table")),
        ),
        "routing-table": (
            elsewhere("routing-table"),
            _no_workspace("routing-table"),
            _no_network("routing-table"),
            spoiled(
                "non-existent-targetRef",
                "routing-table",
                referring("spec.routes[0].targetRef", _missing("internet-gateway")),
            ),
        ),
        "subnet": (
            elsewhere("subnet"),
            spoiled("invalid-zone", "subnet", setting("spec.zone", f"{NOWHERE}-zone")),
            _no_workspace("subnet"),
            _no_network("subnet"),
            spoiled(
                "non-existent-routeTableRef",
                "subnet",
                referring("spec.routeTableRef", _missing("routing-table")),
            ),
            spoiled("cidr-outside-network", "subnet", setting("spec.cidr", outside)),
        ),
    }


def _cards() -> dict[str, tuple[Refusal, ...]]:
    def unknown_address(world: World, body: dict[str, object]) -> dict[str, object]:
        missing = _missing("public-ip")(world)
        return setting("spec.publicIpRefs", [{"resource": missing}])(world, body)

    return {
        "nic": (
            elsewhere("nic"),
            _no_workspace("nic"),
            spoiled(
                "non-existent-subnetRef", "nic", referring("spec.subnetRef", _missing("subnet"))
            ),
            spoiled("non-existent-publicIpRef", "nic", unknown_address, side=_strict(ADDRESS)),
        ),
        "public-ip": (
            elsewhere("public-ip"),
            _no_workspace("public-ip"),
            spoiled("invalid-version", "public-ip", setting("spec.version", "IPv5")),
        ),
    }


def _groups() -> dict[str, tuple[Refusal, ...]]:
    def unknown_rule(world: World, _: dict[str, object]) -> dict[str, object]:
        return {"spec": {"ruleRefs": [{"resource": _missing("security-group-rule")(world)}]}}

    return {
        "security-group": (
            elsewhere("security-group"),
            _no_workspace("security-group"),
            spoiled("non-existent-ruleRef", "security-group", unknown_rule),
        ),
        "security-group-rule": (
            elsewhere("security-group-rule"),
            _no_workspace("security-group-rule"),
        ),
    }
