"""Instances of the standard: what a PUT, a DELETE and a power action mean for the wanted row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hanza.api.calls import Answer, AsyncHandler, Call
from hanza.api.counting import count_wishes
from hanza.api.instances import refuse_contradiction
from hanza.api.seca.boot import content_of, volumes_of
from hanza.api.seca.reading import not_there, path_of
from hanza.api.seca.writing import VERSION_HEADER, Change
from hanza.model import kinds
from hanza.model.errors import Conflict
from hanza.model.ids import InstanceId, VolumeId
from hanza.model.instance import Wanted
from hanza.model.kinds import Action
from hanza.model.resource import Path, Resource
from hanza.model.skus import find_sku
from hanza.plan.seca.conditions import History, Outlook, advanced, changed
from hanza.plan.seca.demand import Parts, country_of, told, wanted_of, zone_of
from hanza.plan.seca.envelope import check_version, urn_of
from hanza.plan.seca.power import power_after
from hanza.plan.seca.references import target_of
from hanza.store import instances
from hanza.store.events import Whose, append_event
from hanza.store.holds import get_hold
from hanza.store.pending import note_pending
from hanza.store.resources import find_resource, update_resource, workspace_of
from hanza.store.tx import Tx
from hanza.store.work import hint


def put_instance(tx: Tx, change: Change) -> Resource:
    """Write the wish of a new one; a known one keeps its size and disk, and where it runs.

    What it is to be told counts until it has a place; `status.notYet` says what came too late.
    """
    if change.known is None:
        return _create(tx, change)
    wanted = get_wanted(tx, change.resource)
    hold = get_hold(tx, wanted.id)
    demand = replace(
        wanted,
        zone=zone_of(change.resource, change.region),
        country=country_of(change.resource, _workspace(tx, change.resource), change.region),
        spec=told(wanted.spec, change.resource),
        data_volumes=_data_volumes_of(tx, change.resource),
    )
    if demand != wanted:
        refuse_contradiction(tx, demand)
        count_wishes(tx, [(wanted, demand)])
    if hold is None:
        instances.update_instance(tx, wanted, demand)
        hint(tx, "place", wanted.id, change.now)
    elif demand.country != wanted.country:
        raise Conflict("it runs already, under the law it was asked for", field="extensions")
    elif demand.data_volumes != wanted.data_volumes:
        plugged = replace(wanted, data_volumes=demand.data_volumes)
        note_pending(tx, wanted, hold, change.now, change.known.words.spec)
        instances.update_instance(tx, wanted, plugged)
        hint(tx, "publish", hold.agent, change.now)
    hint(tx, "settle", wanted.id, change.now)
    history = change.history
    if change.known.state == "active":
        # Nothing of it changes at its site, so it is done with.
        message = change.known.conditions[0].message
        history = advanced(history, Outlook("active", None, message), change.now)
    return change.done(history, dict(change.known.status))


def delete_instance(tx: Tx, known: Resource, now: datetime) -> bool:
    """It is gone when its site says so."""
    wanted = get_wanted(tx, known)
    note_pending(tx, wanted, get_hold(tx, wanted.id), now, known.words.spec)
    instances.end_instance(tx, InstanceId(known.id))
    hint(tx, "settle", known.id, now)
    return False


def power_action(action: Action) -> AsyncHandler:
    async def act(call: Call) -> Answer:
        path, version = path_of(call, kinds.INSTANCE), call.headers.get(VERSION_HEADER)
        now = call.plane.clock.now()
        await call.plane.store.write_soon(write_power, path, action, version, now)
        call.plane.wake()
        return Answer(202)

    return act


def write_power(tx: Tx, path: Path, action: Action, version: str | None, now: datetime) -> None:
    known = find_resource(tx, path)
    if known is None or known.path.region != path.region:
        raise not_there(path)
    check_version(version, known.version)
    wanted = get_wanted(tx, known)
    power = power_after(action, wanted)
    hold = get_hold(tx, wanted.id)
    note_pending(tx, wanted, hold, now, known.words.spec)
    if action == "restart":
        instances.ask_restart(tx, wanted.id)
    else:
        instances.update_instance(tx, wanted, replace(wanted, power=power))
    history = changed(History(known.conditions, known.owed), now)
    update_resource(
        tx,
        replace(
            known,
            version=known.version + 1,
            modified_at=now,
            conditions=history.log,
            owed=history.owed,
        ),
    )
    text = f"{path.name} is to {action}"
    whose = Whose(path.tenant, path.workspace, urn_of(path))
    append_event(tx, now, f"instance.{action}_asked", known.id, text, whose)
    if hold is not None:
        hint(tx, "publish", hold.agent, now)
    hint(tx, "settle", wanted.id, now)


def get_wanted(tx: Tx, resource: Resource) -> Wanted:
    wanted, _ = instances.get_instances(tx, [InstanceId(resource.id)])[InstanceId(resource.id)]
    return wanted


def _create(tx: Tx, change: Change) -> Resource:
    resource, now = change.resource, change.now
    spec = resource.words.spec
    reference = spec["skuRef"]
    assert isinstance(reference, dict), "the shape was checked"
    target = target_of(reference, kinds.INSTANCE_SKU.name, resource.path, "spec.skuRef")
    sku = find_sku(kinds.INSTANCE_SKU, target.name)
    assert sku is not None, "the reference was checked"
    (volume, field), *others = volumes_of(tx, resource)
    disk_gb = volume.words.spec["sizeGB"]
    assert isinstance(disk_gb, int), "the shape was checked"
    image, bundle = content_of(tx, volume, field)
    data = _given(tx, others)
    parts = Parts(sku, image, bundle, VolumeId(volume.id), disk_gb, data)
    wanted = wanted_of(resource, _workspace(tx, resource), change.region, parts, now)
    if instances.find_instance(tx, wanted.address) is not None:
        raise Conflict(f"{wanted.address.name!r} was made by the federation's own API")
    refuse_contradiction(tx, wanted)
    count_wishes(tx, [(None, wanted)])
    instances.insert_instance(tx, wanted)
    hint(tx, "place", wanted.id, now)
    return change.done(change.history, {"powerState": "off"})


def _data_volumes_of(tx: Tx, resource: Resource) -> tuple[VolumeId, ...]:
    """Those besides the one that it boots from, in order, with what their first bytes are."""
    _, *others = volumes_of(tx, resource)
    return _given(tx, others)


def _given(tx: Tx, data: Sequence[tuple[Resource, str]]) -> tuple[VolumeId, ...]:
    for storage, field in data:
        content_of(tx, storage, field)
    return tuple(VolumeId(storage.id) for storage, _ in data)


def _workspace(tx: Tx, instance: Resource) -> Resource:
    found = find_resource(tx, workspace_of(instance.path))
    assert found is not None, "the workspace was checked"
    return found
