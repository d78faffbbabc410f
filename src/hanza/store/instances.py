"""Instances: what tenants want, what placement waits for, and what is shown.

`put`, `end` and `forget` are the life of the wanted row; the `shown_*` columns are written by
the settling pass alone.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import NotFound
from hanza.model.guest import GuestSpec, Port
from hanza.model.ids import HostId, InstanceId, VolumeId
from hanza.model.image import BundleId
from hanza.model.instance import Address, Shown, Wanted
from hanza.model.quota import NONE, Scope
from hanza.model.report import Problem
from hanza.model.volume import Disk
from hanza.plan.quota import instance_cost
from hanza.store.prepared import Among, Prepared, changing, inserting
from hanza.store.quotas import count
from hanza.store.remade import LARGE, Latest
from hanza.store.schema import agents, holds, hosts, instances, providers, seen, sites
from hanza.store.tx import Tx
from hanza.wire.policy_v1 import policy_from_json, policy_to_json

_LOOKED: Latest[Wanted] = Latest(kept=2_000)
_BY_IDS = Among(sa.select(instances), instances.c.id)
_IS = instances.c.id == sa.bindparam("b_id")
_SHOWN = Prepared(
    sa.select(
        instances.c.shown_state,
        instances.c.shown_power,
        instances.c.shown_boot,
        instances.c.shown_code,
    ).where(_IS)
)
_SET_SHOWN = Prepared(
    changing(
        instances, "shown_state", "shown_power", "shown_boot", "shown_code", "shown_reason"
    ).where(_IS)
)
_SET_WAITING = Prepared(
    changing(instances, "waiting_code", "waiting_text", "waiting_since").where(_IS)
)
_WISH = (
    *("country", "image", "cpus", "memory_mib", "disk_mib", "power", "policy", "app", "component"),
    *("zone", "boot_volume", "data_volumes", "disks", "bundle_id", "hostname", "ssh_keys"),
    *("user_data", "ports"),
)
"""The columns that a wish may change."""
_INSERT = Prepared(
    inserting(instances, "id", "tenant", "workspace", "name", "generation", "created_at", *_WISH)
)
_CHANGE_WISH = Prepared(
    changing(instances, *_WISH)
    .values(generation=instances.c.generation + 1)
    .where(_IS, instances.c.generation == sa.bindparam("b_generation"))
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance is placed, in names."""

    site: str
    city: str
    country: str
    provider: str
    host: str
    accelerator: str
    heard_at: datetime | None
    trouble: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the API tells of one instance."""

    wanted: Wanted
    shown: Shown
    place: Place | None
    serial_tail: str
    seen_at: datetime | None
    pending_since: datetime | None = None
    """Since when something that was asked for waits for its site, see `store.pending`."""


def insert_instance(tx: Tx, wanted: Wanted) -> None:
    row = {"id": wanted.id, "generation": wanted.generation, "created_at": wanted.created_at}
    _INSERT.run(tx, {**row, **_names(wanted.address), **wish_to_row(wanted)})


def update_instance(tx: Tx, known: Wanted, wanted: Wanted) -> None:
    """Write what is wanted now over what was known, if nobody else did so in between."""
    of = {"b_id": known.id, "b_generation": known.generation}
    _CHANGE_WISH.run(tx, {**of, **wish_to_row(wanted)})


def ask_restart(tx: Tx, instance: InstanceId) -> None:
    """Once more off and on; it is off for its site until the site has said so."""
    tx.execute(
        sa.update(instances)
        .where(instances.c.id == instance)
        .values(restarts=instances.c.restarts + 1, generation=instances.c.generation + 1)
    )


def finish_restart(tx: Tx, instance: InstanceId) -> None:
    """The site has said that it went off."""
    tx.execute(
        sa.update(instances)
        .where(instances.c.id == instance)
        .values(restarts_done=instances.c.restarts)
    )


def wish_to_row(wanted: Wanted) -> dict[str, object]:
    """The columns that a wish may change.  No country is an empty one: the column is older."""
    return {
        "country": wanted.country or "",
        "image": wanted.spec.image,
        "cpus": wanted.spec.cpus,
        "memory_mib": wanted.spec.memory_mib,
        "disk_mib": wanted.spec.disk_mib,
        "power": wanted.power,
        "policy": policy_to_json(wanted.policy),
        "app": wanted.app,
        "component": wanted.component,
        "zone": wanted.zone,
        "boot_volume": wanted.boot_volume,
        "data_volumes": ",".join(wanted.data_volumes),
        "disks": ",".join(f"{disk.name}:{disk.size_mib}" for disk in wanted.disks),
        "bundle_id": wanted.bundle,
        "hostname": wanted.spec.hostname,
        "ssh_keys": "\n".join(wanted.spec.ssh_keys),
        "user_data": wanted.spec.user_data,
        "ports": ",".join(f"{one.port}:{one.to}" for one in wanted.spec.ports),
    }


def end_instance(tx: Tx, instance: InstanceId) -> None:
    """The tenant asked for its end.  The row stays until the site says that it is gone."""
    tx.execute(
        sa.update(instances)
        .where(instances.c.id == instance)
        .values(is_ended=True, shown_state="deleting", generation=instances.c.generation + 1)
    )


def forget_instance(tx: Tx, instance: InstanceId) -> None:
    """Nothing of it is anywhere any more; it counts until now."""
    gone = sa.delete(instances).where(instances.c.id == instance).returning(instances)
    row = tx.execute(gone).one_or_none()
    if row is not None:
        count(tx, Scope(row.tenant, row.workspace), NONE - instance_cost(wanted_from_row(row)))


def find_instance(tx: Tx, address: Address) -> Wanted | None:
    row = _WISH_AT.first(tx, _names(address))
    return None if row is None else wanted_from_row(row)


def get_instances(
    tx: Tx, ids: Sequence[InstanceId]
) -> dict[InstanceId, tuple[Wanted, Problem | None]]:
    """Wanted rows with what placement waits for."""
    rows = _BY_IDS.among(tx, ids)
    return {InstanceId(row.id): (_wanted(row), _waiting_from_row(row)) for row in rows}


def _wanted(row: Any) -> Wanted:
    """Who has just looked looks again before he records."""
    is_kept = len(row.user_data) <= LARGE
    return _LOOKED.of(row.id, tuple(row), lambda: wanted_from_row(row), is_kept=is_kept)


def list_members(tx: Tx, wanted: Wanted) -> list[tuple[Wanted, HostId | None]]:
    """The instances of its app that are to go on, by name, each with the host that it holds.

    Without an app it stands for itself.
    """
    if wanted.app is not None:
        return list_app(tx, wanted.address.tenant, wanted.address.workspace, wanted.app)
    return _list_held(tx, instances.c.id == wanted.id)


def list_app(tx: Tx, tenant: str, workspace: str, app: str) -> list[tuple[Wanted, HostId | None]]:
    """As `list_members`, by the name of the app; nothing where there is no such app."""
    return _list_held(
        tx,
        instances.c.tenant == tenant,
        instances.c.workspace == workspace,
        instances.c.app == app,
    )


def _list_held(tx: Tx, *which: sa.ColumnElement[bool]) -> list[tuple[Wanted, HostId | None]]:
    query = (
        sa.select(instances, holds.c.host_id)
        .outerjoin(holds, holds.c.instance_id == instances.c.id)
        .where(*which, sa.not_(instances.c.is_ended))
        .order_by(instances.c.name)
    )
    return [
        (wanted_from_row(row), None if row.host_id is None else HostId(row.host_id))
        for row in tx.execute(query)
    ]


def count_members(tx: Tx, address: Address, app: str) -> int:
    """How many instances an app has, with those that end."""
    query = sa.select(sa.func.count()).where(
        instances.c.tenant == address.tenant,
        instances.c.workspace == address.workspace,
        instances.c.app == app,
    )
    return int(tx.execute(query).scalar_one())


def begin_anew(tx: Tx, instance: InstanceId, home: HostId) -> None:
    """Its run ends, to be followed by another: at home, if that may be."""
    shown = {"shown_state": "creating", "shown_power": None, "shown_boot": "unknown"}
    values = {"home": home, **shown}
    tx.execute(sa.update(instances).where(instances.c.id == instance).values(**values))


def forget_home(tx: Tx, instance: InstanceId) -> None:
    """It has a place again."""
    tx.execute(sa.update(instances).where(instances.c.id == instance).values(home=None))


def set_waiting(tx: Tx, instance: InstanceId, problem: Problem | None) -> None:
    """Why no host could be found; None once one was."""
    columns = {
        "waiting_code": problem.code if problem else None,
        "waiting_text": problem.text if problem else None,
        "waiting_since": problem.since if problem else None,
    }
    _SET_WAITING.run(tx, {"b_id": instance, **columns})


def set_shown(tx: Tx, instance: InstanceId, shown: Shown) -> bool:
    """Whether that tells anything but the words of a reason anew."""
    before = _SHOWN.all(tx, {"b_id": instance})
    columns = {
        "shown_state": shown.state,
        "shown_power": shown.power,
        "shown_boot": shown.boot,
        "shown_code": shown.reason_code,
        "shown_reason": shown.reason,
    }
    _SET_SHOWN.run(tx, {"b_id": instance, **columns})
    return before != [(shown.state, shown.power, shown.boot, shown.reason_code)]


def get_overview(tx: Tx, address: Address) -> Overview:
    row = _overview_at().first(tx, _names(address))
    if row is None:
        raise NotFound(f"there is no instance {address.name!r} in {address.workspace!r}")
    return _overview_from_row(row)


def list_overviews(tx: Tx, tenant: str, workspace: str | None = None) -> list[Overview]:
    """The instances of one workspace, or of all workspaces of a tenant, by name."""
    query = _overviews().where(instances.c.tenant == tenant)
    if workspace is not None:
        query = query.where(instances.c.workspace == workspace)
    rows = tx.execute(query.order_by(instances.c.workspace, instances.c.name))
    return [_overview_from_row(row) for row in rows]


def _overviews() -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(
            instances,
            sites.c.name.label("site"),
            sites.c.city,
            sites.c.country.label("site_country"),
            providers.c.name.label("provider"),
            hosts.c.name.label("host"),
            hosts.c.accelerator,
            hosts.c.address.label("site_address"),
            agents.c.heard_at,
            agents.c.trouble_text,
            seen.c.serial_tail,
            seen.c.seen_at,
        )
        .outerjoin(holds, holds.c.instance_id == instances.c.id)
        .outerjoin(hosts, hosts.c.id == holds.c.host_id)
        .outerjoin(agents, agents.c.id == holds.c.agent_id)
        .outerjoin(sites, sites.c.id == hosts.c.site_id)
        .outerjoin(providers, providers.c.id == sites.c.provider_id)
        .outerjoin(seen, seen.c.instance_id == instances.c.id)
    )


def _overview_from_row(row: sa.Row[tuple[object, ...]]) -> Overview:
    place = None
    if row.site is not None:
        place = Place(
            row.site,
            row.city,
            row.site_country,
            row.provider,
            row.host,
            row.accelerator,
            row.heard_at,
            row.trouble_text,
            row.site_address,
        )
    return Overview(
        wanted=wanted_from_row(row),
        shown=Shown(
            row.shown_state, row.shown_power, row.shown_boot, row.shown_reason, row.shown_code
        ),
        place=place,
        serial_tail=row.serial_tail or "",
        seen_at=row.seen_at,
        pending_since=row.pending_since,
    )


def wanted_from_row(row: sa.Row[tuple[object, ...]]) -> Wanted:
    return Wanted(
        id=InstanceId(row.id),
        address=Address(row.tenant, row.workspace, row.name),
        country=row.country or None,
        spec=spec_from_row(row, row.image),
        power=row.power,
        generation=row.generation,
        created_at=row.created_at,
        is_ended=row.is_ended,
        policy=policy_from_json(row.policy),
        app=row.app,
        component=row.component,
        zone=row.zone,
        boot_volume=None if row.boot_volume is None else VolumeId(row.boot_volume),
        data_volumes=data_volumes_from_row(row),
        disks=_disks_from_row(row),
        is_restarting=row.restarts > row.restarts_done,
        bundle=None if row.bundle_id is None else BundleId(row.bundle_id),
    )


def _disks_from_row(row: Any) -> tuple[Disk, ...]:
    words = (word.split(":") for word in row.disks.split(",") if word)
    return tuple(Disk(name, int(size_mib)) for name, size_mib in words)


def data_volumes_from_row(row: Any) -> tuple[VolumeId, ...]:
    return tuple(VolumeId(word) for word in row.data_volumes.split(",") if word)


def spec_from_row(row: Any, image: str) -> GuestSpec:
    """`image` is the name that the tenant used, or the bundle that the site needs."""
    return GuestSpec(
        row.name,
        image,
        row.cpus,
        row.memory_mib,
        row.disk_mib,
        row.hostname,
        tuple(row.ssh_keys.splitlines()),
        row.user_data,
        tuple(Port(*map(int, word.split(":"))) for word in row.ports.split(",") if word),
        None if row.boot_volume is None else VolumeId(row.boot_volume),
    )


def _waiting_from_row(row: sa.Row[tuple[object, ...]]) -> Problem | None:
    if row.waiting_code is None:
        return None
    return Problem(row.waiting_code, row.waiting_text, row.waiting_since)


def _names(address: Address) -> dict[str, str]:
    return {"tenant": address.tenant, "workspace": address.workspace, "name": address.name}


_AT = (
    instances.c.tenant == sa.bindparam("tenant"),
    instances.c.workspace == sa.bindparam("workspace"),
    instances.c.name == sa.bindparam("name"),
)
_WISH_AT = Prepared(sa.select(instances).where(*_AT))


@functools.cache
def _overview_at() -> Prepared:
    return Prepared(_overviews().where(*_AT))
