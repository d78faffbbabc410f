"""The law of quotas, over a store as it stands: counts are true, parts sum up, nothing hides."""

from collections import defaultdict

import sqlalchemy as sa

from hanza.model.kinds import BY_NAME
from hanza.model.quota import DIMENSIONS, NONE, UNLIMITED, Amounts, Limits, Scope
from hanza.plan.quota import Shard, instance_cost, overfull, resource_cost, used_of, volume_cost
from hanza.store import schema
from hanza.store.instances import wanted_from_row
from hanza.store.resources import resource_from_row
from hanza.store.tx import Tx


def check_quotas(tx: Tx) -> None:
    """What is counted for each tenant and workspace is what is there, and its shards agree."""
    there, shards, limits = what_is_there(tx), _shards(tx), _limits(tx)
    for scope in there.keys() | shards.keys() | limits.keys():
        counted = used_of(shards[scope])
        assert counted == there[scope], f"{scope.words}: {counted} counted, {there[scope]} there"
        check_parts(shards[scope], limits.get(scope, UNLIMITED))


def check_parts(shards: list[Shard], limits: Limits) -> None:
    """Parts sum up to the limits, and none is used beyond unless it is the only one."""
    for one in DIMENSIONS:
        parts = [shard.part.of(one) for shard in shards]
        limit = limits.of(one)
        if limit is None:
            assert set(parts) <= {None}, f"a part of {one} without a limit: {parts}"
        else:
            assert None not in parts, f"no part of {one} of a limit: {parts}"
            assert sum(part or 0 for part in parts) == limit, f"{one} is {limit}, dealt as {parts}"
    if len(shards) > 1:
        assert not any(overfull(shard.used, shard.part) for shard in shards)


def what_is_there(tx: Tx) -> dict[Scope, Amounts]:
    """Summed up from the things themselves."""
    found: dict[Scope, Amounts] = defaultdict(lambda: NONE)
    for tenant, workspace, cost in _costs(tx):
        for scope in Scope(tenant, workspace).both:
            found[scope] += cost
    return found


def _costs(tx: Tx) -> list[tuple[str, str, Amounts]]:
    costs = [
        (row.tenant, row.workspace, instance_cost(wanted_from_row(row)))
        for row in tx.execute(sa.select(schema.instances))
    ]
    costs += [
        (row.tenant, row.workspace, volume_cost(row.size_mib))
        for row in tx.execute(sa.select(schema.volumes))
    ]
    for row in tx.execute(sa.select(schema.resources)):
        resource = resource_from_row(row)
        assert resource.path.kind is BY_NAME[row.kind]
        costs.append((row.tenant, row.workspace, resource_cost(row.kind, resource.words.spec)))
    return costs


def _shards(tx: Tx) -> dict[Scope, list[Shard]]:
    found: dict[Scope, list[Shard]] = defaultdict(list)
    for row in tx.execute(sa.select(schema.quota_shards)):
        values = row._mapping
        used = Amounts(*(values[f"used_{one}"] for one in DIMENSIONS))
        part = Limits(*(values[f"part_{one}"] for one in DIMENSIONS))
        found[Scope(row.tenant, row.workspace)].append(Shard(row.shard, used, part))
    return found


def _limits(tx: Tx) -> dict[Scope, Limits]:
    rows = tx.execute(sa.select(schema.quotas))
    return {
        Scope(row.tenant, row.workspace): Limits(*(row._mapping[one] for one in DIMENSIONS))
        for row in rows
    }
