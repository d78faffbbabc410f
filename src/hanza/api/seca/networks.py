"""Networks over the standard's API: what a PUT of each of their kinds means.

All of it is done as soon as it is written down: no host has a part in it yet.
"""

from collections.abc import Iterator
from dataclasses import replace

from hanza.api.seca.writing import Change
from hanza.model import kinds
from hanza.model.resource import Path, Resource
from hanza.plan.seca import network
from hanza.plan.seca.addresses import Range
from hanza.plan.seca.conditions import Outlook, advanced
from hanza.plan.seca.demand import zone_of
from hanza.store.resources import find_resource, list_all, network_of
from hanza.store.tx import Tx


def put_network(tx: Tx, change: Change) -> Resource:
    resource = change.resource
    taken = list(_ranges_of_others(tx, resource.path))
    status = network.network_status(resource.id, resource.words.spec, resource.status, taken)
    if change.known is not None:
        path = resource.path
        below = replace(path, kind=kinds.SUBNET, network=path.name, name="")
        subnets = list_all(tx, below)
        network.check_still_inside(status, {one.path.name: one.status for one in subnets})
    return _done(change, status)


def put_subnet(tx: Tx, change: Change) -> Resource:
    resource, path = change.resource, change.resource.path
    zone_of(resource, change.region)
    parent = find_resource(tx, network_of(path))
    assert parent is not None, "the network was checked"
    taken = list(_ranges_of_others(tx, path))
    spec = resource.words.spec
    return _done(change, network.subnet_status(spec, parent.status, resource.status, taken))


def put_nic(tx: Tx, change: Change) -> Resource:  # noqa: ARG001 -- a rule
    return _done(change, network.nic_status(change.resource.words.spec))


def put_public_ip(tx: Tx, change: Change) -> Resource:  # noqa: ARG001 -- a rule
    status = network.public_ip_status(change.resource.words.spec)
    return _done(change, status, network.NOT_CARRIED if status else network.NO_ADDRESS)


def put_group(tx: Tx, change: Change) -> Resource:  # noqa: ARG001 -- a rule
    network.check_group(change.resource.words.spec)
    return _done(change, {})


def put_rule(tx: Tx, change: Change) -> Resource:  # noqa: ARG001 -- a rule
    network.check_rule(change.resource.words.spec, "spec")
    return _done(change, {})


def put_plain(tx: Tx, change: Change) -> Resource:  # noqa: ARG001 -- a rule
    """For what its shape and references say all about."""
    return _done(change, {})


def _done(
    change: Change, status: dict[str, object], message: str = network.NOT_CARRIED
) -> Resource:
    history = advanced(change.history, Outlook("active", None, message), change.now)
    return change.done(history, status)


def _ranges_of_others(tx: Tx, path: Path) -> Iterator[Range]:
    """What those of its kind have that are where it is."""
    for one in list_all(tx, path):
        if one.path.name != path.name:
            yield from network.ranges_in(one.status)
