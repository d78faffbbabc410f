"""Which names are in use: what a name that was said is held against, to tell a likely slip.

Reads whole tables, so it is for snapshots only and never a part of what writes.
"""

from collections.abc import Collection

import sqlalchemy as sa

from hanza.model.policy import Over
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
