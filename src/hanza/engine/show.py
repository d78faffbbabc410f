"""Showing: the standard's documents of an instance and its volume follow what is so.

Each is called in the transaction that settles the one that it shows, so that state, conditions and
status change at one moment; whoever changes what is shown of a volume has it settled.  Instances
that were not asked for through the standard have nothing to show here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hanza.model.ids import VolumeId
from hanza.model.instance import Shown, Wanted
from hanza.model.problem import Problem
from hanza.model.report import Seen
from hanza.model.resource import Resource
from hanza.model.skus import MIB_PER_GB
from hanza.model.volume import SeenVolume
from hanza.plan.seca.conditions import History, advanced
from hanza.plan.seca.demand import not_yet
from hanza.plan.seca.outlook import PATIENCE, At, outlook_of, volume_outlook
from hanza.plan.volumes import serial_of
from hanza.store.instances import get_overview
from hanza.store.resources import find_by_id, remove_resource, set_history, update_resource
from hanza.store.tx import Tx
from hanza.store.volume_reports import find_seen_volume
from hanza.store.volumes import Record, VolumePlace, find_volume, find_volume_place

ZULU = "%Y-%m-%dT%H:%M:%S.%fZ"


def show_instance(
    tx: Tx, wanted: Wanted, shown: Shown, seen: Seen | None, now: datetime
) -> datetime | None:
    """Bring the resource up to date; when to look again, if it is not at rest by then."""
    resource = find_by_id(tx, wanted.id)
    if resource is None:
        return None
    if wanted.is_ended and resource.deleted_at is None:
        resource = update_resource(tx, replace(resource, deleted_at=now))
    place = get_overview(tx, wanted.address).place
    at = None
    if place is not None:
        at = At(place.site, place.city, place.country, place.provider, place.trouble)
    outlook = outlook_of(wanted, shown, seen, at, now - resource.modified_at)
    history = advanced(History(resource.conditions, resource.owed), outlook, now)
    set_history(tx, resource, history, _status(resource, wanted, shown, at, now))
    deadline = resource.modified_at + PATIENCE
    return deadline if outlook.state != "active" and now < deadline else None


def forget_shown(tx: Tx, wanted: Wanted) -> None:
    """The instance is gone."""
    resource = find_by_id(tx, wanted.id)
    if resource is not None:
        remove_resource(tx, resource)


def show_volume(tx: Tx, volume: VolumeId, now: datetime, problem: Problem | None = None) -> None:
    """Where the volume is, who has it, and how it stands; `problem` is what the plane knows."""
    resource, record = find_by_id(tx, volume), find_volume(tx, volume)
    if resource is None or record is None:
        return
    seen = None if record.stay is None else find_seen_volume(tx, volume)
    word = seen if seen is not None and seen.stay == record.stay else None
    place = None if record.host is None else find_volume_place(tx, volume)
    at = None if place is None else At(place.site, place.city, place.country, place.provider)
    outlook = volume_outlook(record.wanted, at, word, problem, is_made=record.is_made)
    history = advanced(History(resource.conditions, resource.owed), outlook, now)
    set_history(tx, resource, history, _volume_status(record, place, word))


def forget_shown_volume(tx: Tx, volume: VolumeId) -> None:
    """Nothing of it is left."""
    resource = find_by_id(tx, volume)
    if resource is not None:
        remove_resource(tx, resource)


def _volume_status(
    record: Record, place: VolumePlace | None, seen: SeenVolume | None
) -> dict[str, object]:
    """`sizeGB` is what it has where it is, or will have once it is somewhere."""
    has_mib = record.wanted.size_mib if seen is None else seen.size_mib
    status: dict[str, object] = {"sizeGB": (has_mib or record.wanted.size_mib) // MIB_PER_GB}
    if place is not None:
        at = At(place.site, place.city, place.country, place.provider)
        status["placement"] = _placement(at)
        if place.instance is not None:
            status["attachedTo"] = {"resource": f"instances/{place.instance}"}
            status["device"] = f"/dev/disk/by-id/virtio-{serial_of(record.wanted.id)}"
    return status


def _status(
    resource: Resource, wanted: Wanted, shown: Shown, at: At | None, now: datetime
) -> Mapping[str, object]:
    power = shown.power or "off"
    is_same = resource.status.get("powerState") == power
    since = resource.status.get("powerStateSince") if is_same else now.strftime(ZULU)
    ignored = not_yet(resource, wanted)
    return {
        "powerState": power,
        **({"powerStateSince": since} if since else {}),
        **({"placement": _placement(at)} if at else {}),
        **({"notYet": ignored} if ignored else {}),
    }


def _placement(at: At) -> dict[str, str]:
    return {"site": at.site, "city": at.city, "country": at.country, "provider": at.provider}
