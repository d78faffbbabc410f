"""Where stands what others want to be beside: an instance's hold, the bytes of a volume.

Asked for only where a policy names something, so that placing costs nothing more elsewhere.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from hanza.model.ids import HostId, SiteId
from hanza.model.instance import Wanted
from hanza.plan.placement.candidate import Stand
from hanza.plan.placement.demand import Above, Named, named_by
from hanza.store.schema import holds, hosts, instances, providers, sites, volumes
from hanza.store.tx import Tx


def stands_of(tx: Tx, wishes: Sequence[Wanted], above: Above) -> dict[Named, tuple[Stand, ...]]:
    """For every instance and volume that these name, and each component that an app has not.

    A component that there is, also among what is only asked about, is placed along with whoever
    names it, and so is not here.
    """
    named = {
        name
        for wanted in wishes
        for name in named_by(
            wanted, above.get((wanted.address.tenant, wanted.address.workspace), ())
        )
    }
    found: dict[Named, tuple[Stand, ...]] = {}
    if not named:
        return found
    asked = {
        (one.address.tenant, one.address.workspace, f"{one.app}/{one.component}") for one in wishes
    }
    for one in named:
        tenant, workspace, kind, name = one
        if kind != "component":
            query = _instance(tenant, workspace, name)
            if kind == "volume":
                query = _volume(tenant, workspace, name)
            found[one] = _stands(tx.execute(query))
        elif (tenant, workspace, name) not in asked and not _has_component(tx, one):
            found[one] = ()
    return found


def _has_component(tx: Tx, one: Named) -> bool:
    tenant, workspace, _, name = one
    app, _, component = name.partition("/")
    query = sa.select(instances.c.id).where(
        instances.c.tenant == tenant,
        instances.c.workspace == workspace,
        instances.c.app == app,
        instances.c.component == component,
        sa.not_(instances.c.is_ended),
    )
    return tx.scalar(query.limit(1)) is not None


def _instance(tenant: str, workspace: str, name: str) -> "sa.Select[Any]":
    return (
        _PLACE.join(holds, holds.c.host_id == hosts.c.id)
        .join(instances, instances.c.id == holds.c.instance_id)
        .where(
            instances.c.tenant == tenant,
            instances.c.workspace == workspace,
            instances.c.name == name,
            sa.not_(instances.c.is_ended),
            sa.not_(holds.c.is_ending),
        )
    )


def _volume(tenant: str, workspace: str, name: str) -> "sa.Select[Any]":
    return _PLACE.join(volumes, volumes.c.host_id == hosts.c.id).where(
        volumes.c.tenant == tenant,
        volumes.c.workspace == workspace,
        volumes.c.name == name,
        sa.not_(volumes.c.is_ended),
        sa.not_(volumes.c.is_leaving),
    )


def _stands(rows: "Iterable[sa.Row[Any]]") -> tuple[Stand, ...]:
    return tuple(
        Stand(HostId(row.id), SiteId(row.site_id), row.site_name, row.provider, row.country)
        for row in rows
    )


_PLACE = (
    sa.select(
        hosts.c.id,
        hosts.c.site_id,
        sites.c.name.label("site_name"),
        sites.c.country,
        providers.c.name.label("provider"),
    )
    .join(sites, sites.c.id == hosts.c.site_id)
    .join(providers, providers.c.id == sites.c.provider_id)
)
