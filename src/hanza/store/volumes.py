"""Where block storages are.  One without a row here has no bytes and may still go anywhere."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.plan.placement.pins import Pin
from hanza.store.database import upsert
from hanza.store.schema import hosts, instances, providers, sites, volume_places
from hanza.store.tx import Tx


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """The place of a volume, in names, and the instance that has it attached."""

    site: str
    city: str
    country: str
    provider: str
    instance: str | None


def pins_of(tx: Tx, wishes: Iterable[Wanted]) -> dict[InstanceId, Pin]:
    """What binds each of these to a place before placement chooses."""
    wishes = list(wishes)
    volumes = [wanted.boot_volume for wanted in wishes if wanted.boot_volume]
    query = (
        sa.select(volume_places, instances.c.name)
        .outerjoin(instances, instances.c.id == volume_places.c.instance_id)
        .where(volume_places.c.volume_id.in_(volumes))
    )
    places = {row.volume_id: row for row in tx.execute(query)}
    pins = {}
    for wanted in wishes:
        row = places.get(wanted.boot_volume)
        is_taken = row is not None and row.instance_id not in (None, wanted.id)
        host = None if row is None else HostId(row.host_id)
        taken_by = (row.name or row.instance_id) if row is not None and is_taken else None
        pins[wanted.id] = Pin(wanted.zone, host, taken_by)
    return pins


def put_volume(tx: Tx, volume: str, host: HostId, instance: InstanceId) -> None:
    """The volume is at this host now, attached to this instance."""
    row = {"volume_id": volume, "host_id": host, "instance_id": instance}
    upsert(tx, volume_places, ("volume_id",), row)


def detach_volume(tx: Tx, instance: InstanceId) -> None:
    """The instance is gone; its volume stays where it is."""
    mine = volume_places.c.instance_id == instance
    tx.execute(sa.update(volume_places).where(mine).values(instance_id=None))


def forget_volume(tx: Tx, volume: str) -> None:
    """Nothing of it is anywhere (any more)."""
    tx.execute(sa.delete(volume_places).where(volume_places.c.volume_id == volume))


def find_volume_place(tx: Tx, volume: str) -> VolumePlace | None:
    query = (
        sa.select(
            sites.c.name.label("site"),
            sites.c.city,
            sites.c.country,
            providers.c.name.label("provider"),
            instances.c.name.label("instance"),
        )
        .join(hosts, hosts.c.id == volume_places.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .join(providers, providers.c.id == sites.c.provider_id)
        .outerjoin(instances, instances.c.id == volume_places.c.instance_id)
        .where(volume_places.c.volume_id == volume)
    )
    row = tx.execute(query.select_from(volume_places)).one_or_none()
    if row is None:
        return None
    return VolumePlace(row.site, row.city, row.country, row.provider, row.instance)
