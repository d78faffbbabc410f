"""Showing: the standard's documents of an instance and its volume follow what is so.

Called in the transaction that settles the instance, so that state, conditions and status change
at one moment.  Instances that were not asked for through the standard have nothing to show here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hanza.model.instance import Shown, Wanted
from hanza.model.report import Seen
from hanza.model.resource import Resource
from hanza.plan.seca.conditions import History, advanced
from hanza.plan.seca.demand import not_yet
from hanza.plan.seca.outlook import PATIENCE, At, outlook_of
from hanza.store.instances import get_overview
from hanza.store.resources import find_by_id, remove_resource, set_history, update_resource
from hanza.store.tx import Tx
from hanza.store.volumes import find_volume_place, forget_volume

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
    if wanted.boot_volume is not None:
        show_volume(tx, wanted.boot_volume)
    deadline = resource.modified_at + PATIENCE
    return deadline if outlook.state != "active" and now < deadline else None


def forget_shown(tx: Tx, wanted: Wanted) -> None:
    """The instance is gone."""
    resource = find_by_id(tx, wanted.id)
    if resource is not None:
        remove_resource(tx, resource)
    if wanted.boot_volume is not None:
        show_volume(tx, wanted.boot_volume)


def show_volume(tx: Tx, volume: str) -> None:
    """Where the volume is and who has it; it goes, when it only waited for its instance."""
    resource = find_by_id(tx, volume)
    if resource is None:
        return
    place = find_volume_place(tx, volume)
    if resource.deleted_at is not None and (place is None or place.instance is None):
        forget_volume(tx, volume)
        remove_resource(tx, resource)
        return
    status: dict[str, object] = {"sizeGB": resource.status["sizeGB"]}
    if place is not None:
        at = At(place.site, place.city, place.country, place.provider)
        status["placement"] = _placement(at)
        if place.instance is not None:
            status["attachedTo"] = {"resource": f"instances/{place.instance}"}
    set_history(tx, resource, History(resource.conditions, resource.owed), status)


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
