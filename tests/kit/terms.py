"""The law of providers' terms, over a store as it stands: what is counted is what is held there."""

from collections import defaultdict

import sqlalchemy as sa

from hanza.model.quota import NONE, Amounts
from hanza.plan.quota import Shard, used_of
from hanza.store import schema
from hanza.store.shards import shard_from_row
from hanza.store.terms import terms_by_provider
from hanza.store.tx import Tx
from kit.quotas import check_parts


def check_terms(tx: Tx) -> None:
    """For each provider with terms, and each tenant there; nobody else is counted."""
    terms = terms_by_provider(tx)
    there = _what_is_held(tx)
    shards: dict[tuple[str, str], list[Shard]] = defaultdict(list)
    for row in tx.execute(sa.select(schema.provider_shards)):
        shards[row.provider_id, row.tenant].append(shard_from_row(row))
    assert {provider for provider, _ in shards} <= terms.keys()
    for provider, (own, _) in terms.items():
        tenants = {tenant for owner, tenant in (*there, *shards) if owner == provider}
        for tenant in tenants:
            counted = used_of(shards[provider, tenant])
            held = there.get((provider, tenant), NONE)
            assert counted == held, f"{provider}/{tenant}: {counted} counted, {held} held"
            if shards[provider, tenant]:
                check_parts(shards[provider, tenant], own.each if tenant else own.total)


def _what_is_held(tx: Tx) -> dict[tuple[str, str], Amounts]:
    """By provider and tenant, and by provider and the empty name."""
    found: dict[tuple[str, str], Amounts] = defaultdict(lambda: NONE)
    holds, volumes, hosts, sites = schema.holds, schema.volumes, schema.hosts, schema.sites
    instances = schema.instances
    runs = (
        sa.select(holds, sites.c.provider_id, instances.c.tenant)
        .join(instances, instances.c.id == holds.c.instance_id)
        .join(hosts, hosts.c.id == holds.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
    )
    disks = (
        sa.select(volumes, sites.c.provider_id)
        .join(hosts, hosts.c.id == volumes.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
    )
    costs = [
        (row.provider_id, row.tenant, Amounts(1, row.cpus, row.memory_mib, row.disk_mib))
        for row in tx.execute(runs)
    ]
    costs += [
        (row.provider_id, row.tenant, Amounts(storage_mib=row.held_mib))
        for row in tx.execute(disks)
    ]
    for provider, tenant, cost in costs:
        for whose in (tenant, ""):
            found[provider, whose] += cost
    return found
