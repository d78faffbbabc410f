"""What stands at a site: what its provider may know of it, and no more.

That is the id, the tenant's name, the size, since when, and what was agreed.  No name that a
tenant gave, no policy, no address and nothing of what runs inside.
"""

from collections.abc import Collection

import sqlalchemy as sa

from hanza.model.capacity import Capacity
from hanza.model.ids import SiteId
from hanza.model.standing import Occupant
from hanza.store.schema import holds, hosts, instances, sites, volumes
from hanza.store.tx import Tx


def list_guests(tx: Tx, of: Collection[SiteId]) -> list[Occupant]:
    """Instances by site and id, then volumes."""
    return [*_runs(tx, of), *_disks(tx, of)]


def count_guests(tx: Tx, of: Collection[SiteId]) -> dict[SiteId, int]:
    """How many instances and volumes stand at each of these sites."""
    found: dict[SiteId, int] = {}
    for table in (holds, volumes):
        query = (
            sa.select(hosts.c.site_id, sa.func.count().label("n"))
            .select_from(table.join(hosts, hosts.c.id == table.c.host_id))
            .where(hosts.c.site_id.in_(list(of)))
            .group_by(hosts.c.site_id)
        )
        for row in tx.execute(query):
            found[SiteId(row.site_id)] = found.get(SiteId(row.site_id), 0) + row.n
    return found


def tenants_at_site(tx: Tx, site: SiteId) -> list[str]:
    """Whoever has something there, by name."""
    runs = (
        sa.select(instances.c.tenant)
        .join(holds, holds.c.instance_id == instances.c.id)
        .join(hosts, hosts.c.id == holds.c.host_id)
        .where(hosts.c.site_id == site)
    )
    disks = (
        sa.select(volumes.c.tenant)
        .join(hosts, hosts.c.id == volumes.c.host_id)
        .where(hosts.c.site_id == site)
    )
    return sorted(set(tx.scalars(runs)) | set(tx.scalars(disks)))


def _runs(tx: Tx, of: Collection[SiteId]) -> list[Occupant]:
    query = (
        sa.select(
            holds,
            instances.c.tenant,
            hosts.c.name.label("host"),
            sites.c.name.label("site"),
        )
        .join(instances, instances.c.id == holds.c.instance_id)
        .join(hosts, hosts.c.id == holds.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .where(hosts.c.site_id.in_(list(of)))
        .order_by(sites.c.name, holds.c.instance_id)
    )
    return [
        Occupant(
            "instance",
            row.instance_id,
            row.tenant,
            row.site,
            row.host,
            Capacity(row.cpus, row.memory_mib, row.disk_mib),
            row.taken_at,
            row.is_ending,
        )
        for row in tx.execute(query)
    ]


def _disks(tx: Tx, of: Collection[SiteId]) -> list[Occupant]:
    query = (
        sa.select(volumes, hosts.c.name.label("host"), sites.c.name.label("site"))
        .join(hosts, hosts.c.id == volumes.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .where(hosts.c.site_id.in_(list(of)))
        .order_by(sites.c.name, volumes.c.id)
    )
    return [
        Occupant(
            "volume",
            row.id,
            row.tenant,
            row.site,
            row.host,
            Capacity(0, 0, row.held_mib),
            None,
            row.is_leaving,
        )
        for row in tx.execute(query)
    ]
