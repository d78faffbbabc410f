"""What is there: names that what was said is held against, and what the federation has of each.

Reads whole tables, so it is for snapshots only and never a part of what writes.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from hanza.model.policy import Over, Point, Policy
from hanza.plan.beyond import There, is_met, overs_of
from hanza.store.schema import hosts, instances, policies, providers, resources, sites, volumes
from hanza.store.tx import Tx


def provider_names(tx: Tx) -> set[str]:
    return set(tx.scalars(sa.select(providers.c.name)))


_OVER = {
    "host": hosts.c.id,
    "site": sites.c.id,
    "provider": sites.c.provider_id,
    "country": sites.c.country,
}


def count_places(tx: Tx, overs: Collection[Over]) -> dict[Over, int]:
    """How many different ones of each the federation has to spread over."""
    return {
        over: tx.scalar(sa.select(sa.func.count(_OVER[over].distinct()))) or 0 for over in overs
    }


NEAREST = 16


def look_there(tx: Tx, policies: Sequence[Policy]) -> There:
    """What of the federation these policies are held against, and no more.

    Of the sites a few that are near enough, or else all of them.
    """
    counts = count_places(tx, overs_of(policies))
    limits = {one for policy in policies for one in policy.near if one.rtt_ms_max is not None}
    reaches = [one for policy in policies for one in policy.reaches]
    sites = [near for one in limits for near in _sites_near(tx, one.point)]
    if reaches or not all(any(is_met(one, site) for site in sites) for one in limits):
        sites = _points(tx, sa.select(*_AT).where(_STAYS))
    return There(counts, sites)


_AT = (sites.c.name, sites.c.latitude, sites.c.longitude)
_STAYS = sites.c.left_at.is_(None)


def _sites_near(tx: Tx, point: Point) -> list[Point]:
    """Those that are likely the nearest, as on a flat map."""
    north, east = sites.c.latitude - point.latitude, sites.c.longitude - point.longitude
    return _points(
        tx, sa.select(*_AT).where(_STAYS).order_by(north * north + east * east).limit(NEAREST)
    )


def _points(tx: Tx, query: sa.Select[tuple[str, float, float]]) -> list[Point]:
    return [Point(row.name, row.latitude, row.longitude) for row in tx.execute(query)]


def used_workspaces(tx: Tx, tenant: str) -> set[str]:
    """Those of its workspaces that something is in, and those that were made as a resource."""
    inside = (
        sa.select(table.c.workspace).where(table.c.tenant == tenant)
        for table in (instances, volumes, resources)
    )
    made = sa.select(resources.c.name).where(
        resources.c.tenant == tenant, resources.c.kind == "workspace"
    )
    return set(tx.scalars(sa.union(*inside, made))) - {""}


def bounded_workspaces(tx: Tx, tenant: str) -> set[str]:
    """Those of its workspaces that a policy is kept for."""
    query = sa.select(policies.c.workspace).where(policies.c.tenant == tenant)
    return set(tx.scalars(query)) - {""}
