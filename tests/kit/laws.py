"""The laws, as one function that any test of a whole league may call at any moment."""

import sqlalchemy as sa

from hanza.model.manifest import Version
from hanza.store import schema
from hanza.store.tx import Tx
from kit.leagues import League


def check_laws(league: League) -> None:
    """Never two; holds never exceed the inventory; a manifest never goes back."""
    owners = [row.owner for agent in league.agents.values() for row in agent.own_guests()]
    assert len(owners) == len(set(owners)), f"an instance runs twice: {sorted(owners)}"
    league.store.read(_holds_fit_the_inventory)
    published = league.store.read(_published)
    for agent in league.agents.values():
        held = agent.journal.manifest
        if held is not None:
            assert held.version <= published[agent.id], "an agent is ahead of what was published"


def _holds_fit_the_inventory(tx: Tx) -> None:
    holds, hosts = schema.holds, schema.hosts
    for dimension in ("cpus", "memory_mib", "disk_mib"):
        summed = sa.func.coalesce(sa.func.sum(holds.c[dimension]), 0)
        query = (
            sa.select(hosts.c.id, hosts.c[dimension], hosts.c[f"held_{dimension}"], summed)
            .outerjoin(holds, holds.c.host_id == hosts.c.id)
            .group_by(hosts.c.id, hosts.c[dimension], hosts.c[f"held_{dimension}"])
        )
        for host, has, held, total in tx.execute(query):
            assert held == total, f"{host} books {held} {dimension} for holds of {total}"
            assert held <= has, f"{host} has {has} {dimension} and {held} are held"


def _published(tx: Tx) -> dict[str, Version]:
    agents = schema.agents
    rows = tx.execute(sa.select(agents.c.id, agents.c.epoch, agents.c.manifest_no))
    return {row.id: Version(row.epoch, row.manifest_no) for row in rows}
