"""Volumes: what tenants want of them, where they are, and the room that their bytes hold.

A volume without a host has no bytes and may still go anywhere.  Its room is taken on the host's
own row by the same guarded update as a guest's, when it is first attached, and given back only
when its site has said that its bytes are gone: also while no instance has it attached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, InstanceId, VolumeId
from hanza.model.image import BundleId
from hanza.model.instance import Wanted
from hanza.model.quota import NONE, Scope
from hanza.model.volume import Before, Stay, VolumeWanted
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.quota import volume_cost
from hanza.plan.volumes import name_of_disk
from hanza.store.as_before import before_from_json
from hanza.store.holds import give_room, take_room
from hanza.store.prepared import Among, Prepared, changing, inserting
from hanza.store.quotas import count
from hanza.store.schema import hosts, instances, providers, seen_volumes, sites, volumes
from hanza.store.terms import Take, give_terms, has_terms, take_terms
from hanza.store.tx import Tx, attempt


@dataclass(frozen=True, slots=True)
class Record:
    """A volume and how it stands in the books.  `stay`, `host` and `agent` are None together."""

    wanted: VolumeWanted
    stay: Stay | None
    host: HostId | None
    agent: AgentId | None
    held_mib: int
    is_leaving: bool
    is_made: bool
    """Its site has said that its bytes are there."""
    instance: InstanceId | None
    """Who has it attached."""
    before: Before | None = None
    """How it stood before what its site may not know of, see `store.pending_volumes`."""


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """The place of a volume, in names, and the instance that has it attached."""

    site: str
    city: str
    country: str
    provider: str
    instance: str | None


def insert_volume(tx: Tx, wanted: VolumeWanted) -> None:
    row = {
        "id": wanted.id,
        "tenant": wanted.tenant,
        "workspace": wanted.workspace,
        "name": wanted.name,
        "size_mib": wanted.size_mib,
        "image": wanted.image,
        "app": wanted.app,
        "bundle_id": wanted.bundle,
        "created_at": wanted.created_at,
    }
    _INSERT.run(tx, row)


def resize_volume(tx: Tx, volume: VolumeId, size_mib: int) -> None:
    """What is wanted from now on, also as the disk of whoever boots from it.

    Room for it is taken when its turn comes.
    """
    tx.execute(sa.update(volumes).where(volumes.c.id == volume).values(size_mib=size_mib))
    boots = sa.update(instances).where(instances.c.boot_volume == volume)
    tx.execute(boots.values(disk_mib=size_mib))


def end_volume(tx: Tx, volume: VolumeId) -> None:
    """Its end was asked for.  The row stays until its site says that its bytes are gone."""
    tx.execute(sa.update(volumes).where(volumes.c.id == volume).values(is_ended=True))


def set_content(tx: Tx, volume: VolumeId, image: str, bundle: BundleId | None) -> None:
    """What its first bytes will be; only while it has none."""
    _SET_CONTENT.run(tx, {"b_id": volume, "image": image, "bundle_id": bundle})


def forget_volume(tx: Tx, volume: VolumeId) -> None:
    """Nothing of it is anywhere (any more); it counts until now."""
    gone = sa.delete(volumes).where(volumes.c.id == volume).returning(volumes)
    row = tx.execute(gone).one_or_none()
    if row is not None:
        count(tx, Scope(row.tenant, row.workspace), NONE - volume_cost(row.size_mib))


_IT = volumes.c.id == sa.bindparam("b_id")
_INSERT = Prepared(
    inserting(
        volumes,
        "id",
        "tenant",
        "workspace",
        "name",
        "size_mib",
        "image",
        "app",
        "bundle_id",
        "created_at",
    )
)
_SET_CONTENT = Prepared(
    changing(volumes, "image", "bundle_id").where(_IT, volumes.c.host_id.is_(None))
)
_ATTACH = Prepared(changing(volumes, "instance_id").where(_IT))
_BEGIN_STAY = Prepared(
    changing(volumes, "instance_id", "host_id", "agent_id", "held_mib")
    .values(stays=volumes.c.stays + 1)
    .where(_IT)
)
_DETACH = Prepared(changing(volumes, "is_leaving").values(instance_id=None).where(_IT))
_IS_USED = Prepared(
    sa.select(
        sa.exists()
        .where(instances.c.boot_volume == sa.bindparam("id", type_=sa.Text))
        .label("boots"),
        sa.exists()
        .where(
            instances.c.tenant == sa.bindparam("tenant", type_=sa.Text),
            instances.c.workspace == sa.bindparam("name", type_=sa.Text),
            instances.c.data_volumes != "",
            instances.c.data_volumes.contains(sa.bindparam("id", type_=sa.Text)),
        )
        .label("has"),
    )
)
_OF_INSTANCE = Prepared(
    sa.select(volumes)
    .where(volumes.c.instance_id == sa.bindparam("instance"))
    .order_by(volumes.c.name)
)
_BY_ID = Prepared(sa.select(volumes).where(volumes.c.id == sa.bindparam("id")))


def find_volume(tx: Tx, volume: VolumeId) -> Record | None:
    row = _BY_ID.first(tx, {"id": volume})
    return None if row is None else _record_from_row(row)


def list_volumes(tx: Tx, *which: sa.ColumnElement[bool]) -> list[Record]:
    rows = tx.execute(sa.select(volumes).where(*which).order_by(volumes.c.name))
    return [_record_from_row(row) for row in rows]


def volumes_of(tx: Tx, instance: InstanceId) -> list[Record]:
    """Those that it has attached."""
    return [_record_from_row(row) for row in _OF_INSTANCE.all(tx, {"instance": instance})]


def find_by_name(tx: Tx, tenant: str, workspace: str, name: str) -> Record | None:
    found = list_volumes(tx, *_inside(tenant, workspace), volumes.c.name == name)
    return found[0] if found else None


def list_inside(tx: Tx, tenant: str, workspace: str | None) -> list[Record]:
    """Of one workspace, or of all workspaces of a tenant."""
    if workspace is not None:
        return list_volumes(tx, *_inside(tenant, workspace))
    return list_volumes(tx, volumes.c.tenant == tenant)


def list_of_app(tx: Tx, tenant: str, workspace: str, app: str) -> list[Record]:
    """Everything that was made for it, also what no instance has attached."""
    return list_volumes(tx, *_inside(tenant, workspace), volumes.c.app == app)


def _inside(tenant: str, workspace: str) -> tuple[sa.ColumnElement[bool], ...]:
    return volumes.c.tenant == tenant, volumes.c.workspace == workspace


_HELD = sa.select(volumes, instances.c.name.label("holder")).outerjoin(
    instances, instances.c.id == volumes.c.instance_id
)
_HELD_BY_ID = Among(_HELD, volumes.c.id)
_HELD_BY_NAME = Among(_HELD, volumes.c.name)


def pins_of(tx: Tx, wishes: Iterable[Wanted]) -> dict[InstanceId, Pin]:
    """What binds each of these to a place before placement chooses.

    Its own disks are found by their names, so that a wish can be asked about that is not written.
    """
    wishes = list(wishes)
    ids = {volume for wanted in wishes for volume in wanted.volumes}
    names = {name for wanted in wishes for name in _names_of(wanted)}
    rows = [*_HELD_BY_ID.among(tx, ids), *_HELD_BY_NAME.among(tx, names)]
    by_id = {row.id: row for row in rows}
    by_name = {(row.tenant, row.workspace, row.name): row for row in rows}
    return {wanted.id: _pin(wanted, by_id, by_name) for wanted in wishes}


def _names_of(wanted: Wanted) -> list[str]:
    return [name_of_disk(wanted.address.name, disk.name) for disk in wanted.disks]


def _pin(
    wanted: Wanted, by_id: Mapping[str, Any], by_name: Mapping[tuple[str, str, str], Any]
) -> Pin:
    address, new_mib = wanted.address, 0
    found: dict[str, Any] = {}
    if wanted.disks:
        for disk, name in zip(wanted.disks, _names_of(wanted), strict=True):
            row = by_name.get((address.tenant, address.workspace, name))
            if row is None:
                new_mib += disk.size_mib
            else:
                found[row.id] = row
    else:
        found = {one: by_id[one] for one in wanted.volumes if one in by_id}
    rows = list(found.values())
    bounds = tuple(
        Bound(
            row.name,
            None if row.host_id is None else HostId(row.host_id),
            row.holder if row.instance_id not in (None, wanted.id) else None,
            is_leaving=row.is_leaving or row.is_ended,
        )
        for row in rows
    )
    return Pin(
        wanted.zone,
        # What is nowhere binds to nothing; so replicas with new volumes ask for the same.
        tuple(one for one in bounds if one.host or one.taken_by or one.is_leaving),
        new_mib=new_mib + sum(row.size_mib for row in rows if row.host_id is None),
        held_mib=sum(row.held_mib for row in rows),
    )


def take_volume(tx: Tx, volume: VolumeId, instance: InstanceId, host: HostId) -> bool:
    """Attach it to an instance at this host, with room for its bytes; False when it cannot be."""
    record = find_volume(tx, volume)
    if record is None or record.is_leaving or record.wanted.is_ended:
        return False
    if record.instance not in (None, instance) or record.host not in (None, host):
        return False
    if record.host is not None:
        _ATTACH.run(tx, {"b_id": volume, "instance_id": instance})
        return True
    agent = _take(tx, record.wanted, host, record.wanted.size_mib)
    if agent is None:
        return False
    place = {"host_id": host, "agent_id": agent, "held_mib": record.wanted.size_mib}
    _BEGIN_STAY.run(tx, {"b_id": volume, "instance_id": instance, **place})
    return True


def _take(tx: Tx, wanted: VolumeWanted, host: HostId, size_mib: int) -> AgentId | None:
    """Room at the host, if its provider takes it too; else nothing of either."""
    if not has_terms(tx):
        return take_room(tx, host, _disk(size_mib))

    def both() -> AgentId | None:
        agent = take_room(tx, host, _disk(size_mib))
        is_taken = agent is not None and take_terms(tx, [_takes(wanted, host, size_mib)])
        return agent if is_taken else None

    return attempt(tx, both)


def _takes(wanted: VolumeWanted, host: HostId, size_mib: int) -> Take:
    return Take(host, wanted.tenant, volume_cost(size_mib))


def hold_growth(tx: Tx, record: Record) -> bool:
    """Take the room that it is to grow by; False when its host has not got it."""
    if record.host is None or record.held_mib >= record.wanted.size_mib:
        return True
    more = record.wanted.size_mib - record.held_mib
    if _take(tx, record.wanted, record.host, more) is None:
        return False
    mine = volumes.c.id == record.wanted.id
    tx.execute(sa.update(volumes).where(mine).values(held_mib=record.wanted.size_mib))
    return True


def detach_volume(tx: Tx, record: Record) -> None:
    """Nobody has it attached any more; it stays where it is.

    One whose bytes never came to be there may go elsewhere, once its site agrees.
    """
    is_leaving = record.is_leaving or not record.is_made
    _DETACH.run(tx, {"b_id": record.wanted.id, "is_leaving": is_leaving})


def leave_host(tx: Tx, volume: VolumeId) -> None:
    """Have its site end its bytes: the one way to a tombstone."""
    tx.execute(sa.update(volumes).where(volumes.c.id == volume).values(is_leaving=True))


def vacate_host(tx: Tx, record: Record) -> None:
    """Its site has said that its bytes are gone: give their room back, once."""
    mine = (volumes.c.id == record.wanted.id, volumes.c.is_leaving)
    nowhere = {"host_id": None, "agent_id": None, "held_mib": 0}
    flags = {"is_leaving": False, "is_made": False}
    given = tx.execute(sa.update(volumes).where(*mine).values(**nowhere, **flags)).rowcount
    if given and record.host is not None:
        give_room(tx, record.host, _disk(record.held_mib))
        give_terms(tx, _takes(record.wanted, record.host, record.held_mib))
    tx.execute(sa.delete(seen_volumes).where(seen_volumes.c.volume_id == record.wanted.id))


def is_used(tx: Tx, wanted: VolumeWanted) -> bool:
    """Whether any instance names it."""
    row = _IS_USED.first(tx, {"id": wanted.id, "tenant": wanted.tenant, "name": wanted.workspace})
    return row is not None and bool(row.boots or row.has)


def users_of(tx: Tx, wanted: VolumeWanted) -> list[tuple[InstanceId, str, bool]]:
    """Every instance that names it: its id, its name, and whether it was asked to end."""
    query = sa.select(
        instances.c.id,
        instances.c.name,
        instances.c.is_ended,
        instances.c.boot_volume,
        instances.c.data_volumes,
    ).where(instances.c.tenant == wanted.tenant, instances.c.workspace == wanted.workspace)
    return [
        (InstanceId(row.id), row.name, row.is_ended)
        for row in tx.execute(query.order_by(instances.c.name))
        if wanted.id in (row.boot_volume, *row.data_volumes.split(","))
    ]


_PLACE = Prepared(
    sa.select(
        sites.c.name.label("site"),
        sites.c.city,
        sites.c.country,
        providers.c.name.label("provider"),
        instances.c.name.label("instance"),
    )
    .select_from(volumes)
    .join(hosts, hosts.c.id == volumes.c.host_id)
    .join(sites, sites.c.id == hosts.c.site_id)
    .join(providers, providers.c.id == sites.c.provider_id)
    .outerjoin(instances, instances.c.id == volumes.c.instance_id)
    .where(volumes.c.id == sa.bindparam("id"))
)


def find_volume_place(tx: Tx, volume: VolumeId) -> VolumePlace | None:
    row = _PLACE.first(tx, {"id": volume})
    if row is None:
        return None
    return VolumePlace(row.site, row.city, row.country, row.provider, row.instance)


def _disk(size_mib: int) -> Capacity:
    return Capacity(0, 0, size_mib)


def _record_from_row(row: sa.Row[tuple[Any, ...]]) -> Record:
    volume = VolumeId(row.id)
    return Record(
        VolumeWanted(
            volume,
            row.tenant,
            row.workspace,
            row.name,
            row.size_mib,
            row.created_at,
            None if row.bundle_id is None else BundleId(row.bundle_id),
            row.is_ended,
            row.image,
            row.app,
        ),
        None if row.host_id is None else Stay(volume, row.stays),
        None if row.host_id is None else HostId(row.host_id),
        None if row.agent_id is None else AgentId(row.agent_id),
        row.held_mib,
        row.is_leaving,
        row.is_made,
        None if row.instance_id is None else InstanceId(row.instance_id),
        before_from_json(row.before),
    )
