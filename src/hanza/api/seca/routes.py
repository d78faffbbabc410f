"""The standard's routes, made from the table of kinds; each kind's own rules are named here."""

from collections.abc import Iterator

from hanza.api.calls import Handler
from hanza.api.route import BY_ROLE, KNOWN, PUBLIC, Route
from hanza.api.seca import (
    activity,
    authorization,
    catalogue,
    images,
    instances,
    networks,
    reading,
    storage,
    workspaces,
    writing,
)
from hanza.model import kinds
from hanza.model.kinds import INSIDE, Kind

_GONE = writing.delete_at_once
RULES: dict[str, tuple[str, writing.PutRule, writing.DeleteRule]] = {
    kinds.ROLE.name: ("ro", authorization.put_role, _GONE),
    kinds.ROLE_ASSIGNMENT.name: ("ra", authorization.put_assignment, _GONE),
    kinds.WORKSPACE.name: ("wo", workspaces.put_workspace, writing.delete_parent),
    kinds.IMAGE.name: ("im", writing.put_at_once, _GONE),
    kinds.BLOCK_STORAGE.name: ("vo", storage.put_storage, storage.delete_storage),
    kinds.INSTANCE.name: ("in", instances.put_instance, instances.delete_instance),
    kinds.NETWORK.name: ("ne", networks.put_network, writing.delete_parent),
    kinds.SUBNET.name: ("su", networks.put_subnet, _GONE),
    kinds.ROUTING_TABLE.name: ("rt", networks.put_plain, _GONE),
    kinds.INTERNET_GATEWAY.name: ("ig", networks.put_plain, _GONE),
    kinds.NIC.name: ("ni", networks.put_nic, _GONE),
    kinds.PUBLIC_IP.name: ("ip", networks.put_public_ip, _GONE),
    kinds.SECURITY_GROUP.name: ("sg", networks.put_group, _GONE),
    kinds.SECURITY_GROUP_RULE.name: ("sr", networks.put_rule, _GONE),
}
"""By kind: what its ids begin with, and what a PUT and a DELETE mean for it."""


def path_template(kind: Kind) -> str:
    """Where the collection is; the item is one word further."""
    region = "/r/{region}" if kind.is_regional else ""
    below = f"{region}/providers/{kind.provider}/{kind.version}"
    return f"{below}{INSIDE[kind.scope]}/{kind.collection}"


def routes() -> Iterator[Route]:
    yield Route("GET", catalogue.WELLKNOWN_PATH, catalogue.get_wellknown, PUBLIC)
    for kind in kinds.KINDS:
        list_all, get = _readers(kind)
        path = path_template(kind)
        if kind.is_log:
            yield Route("GET", path, activity.list_log_of, BY_ROLE)
            continue
        permission, is_shared = _reads(kind), kind == kinds.IMAGE
        is_common = is_shared or not kind.is_writable
        for there, read in ((path, list_all), (path + "/{name}", get)):
            yield Route("GET", there, read, permission, is_shared=is_shared, is_common=is_common)
        if kind.is_writable:
            yield from _writers(kind, path + "/{name}")


def _reads(kind: Kind) -> str:
    """Regions are in no tenant; who has any token sees them."""
    return KNOWN if kind.scope == "global" else BY_ROLE


def _readers(kind: Kind) -> tuple[Handler, Handler]:
    if kind == kinds.REGION:
        return catalogue.list_all_regions, catalogue.get_region
    if kind == kinds.IMAGE:
        return images.list_all_images, images.get_image
    if kind == kinds.WORKSPACE:
        return workspaces.list_all_workspaces, workspaces.get_workspace
    if not kind.is_writable:
        return catalogue.sku_lister(kind), catalogue.sku_getter(kind)
    return reading.lister(kind), reading.getter(kind)


def _writers(kind: Kind, path: str) -> Iterator[Route]:
    prefix, put, delete = RULES[kind.name]
    yield Route("PUT", path, writing.putter(kind, prefix, put), BY_ROLE)
    yield Route("DELETE", path, writing.deleter(kind, delete), BY_ROLE)
    for action in kind.actions:
        handler = instances.power_action(action)
        yield Route("POST", f"{path}/{action}", handler, BY_ROLE)
