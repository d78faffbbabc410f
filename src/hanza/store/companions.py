"""Several agents at one site: the silence of one is told as that, and not as the site's."""

from collections.abc import Collection

import sqlalchemy as sa

from hanza.model.ids import AgentId, SiteId
from hanza.store.schema import agents, hosts, sites, work
from hanza.store.tx import Tx


def called(tx: Tx, ids: Collection[AgentId]) -> dict[AgentId, str]:
    """What to call each of these: its site where it is the only agent there, else itself."""
    query = sa.select(agents.c.id, agents.c.site_id, sites.c.name.label("site_name"))
    query = query.join(sites, sites.c.id == agents.c.site_id).where(agents.c.id.in_(list(ids)))
    rows = list(tx.execute(query))
    counts = _counts(tx, {SiteId(row.site_id) for row in rows})
    return {
        AgentId(row.id): row.site_name
        if counts.get(row.site_id, 1) < 2
        else _one_of_several(tx, AgentId(row.id), row.site_name)
        for row in rows
    }


def others_of(tx: Tx, agent: AgentId) -> str:
    """How many of the other agents at its site are heard, in words; nothing where there are none.

    Who is listened for is in the schedule.
    """
    mine = sa.select(agents.c.site_id).where(agents.c.id == agent).scalar_subquery()
    is_heard = sa.exists().where(work.c.kind == "listen", work.c.ref == agents.c.id)
    query = sa.select(is_heard).where(
        agents.c.site_id == mine, agents.c.id != agent, agents.c.revoked_at.is_(None)
    )
    heard = list(tx.scalars(query))
    if not heard:
        return ""
    return f"; {sum(map(bool, heard))} of the {len(heard)} other agents there are heard"


def _counts(tx: Tx, ids: Collection[SiteId]) -> dict[str, int]:
    query = (
        sa.select(agents.c.site_id, sa.func.count().label("agents"))
        .where(agents.c.site_id.in_(list(ids)), agents.c.revoked_at.is_(None))
        .group_by(agents.c.site_id)
    )
    return {row.site_id: row.agents for row in tx.execute(query)}


def _one_of_several(tx: Tx, agent: AgentId, site: str) -> str:
    query = sa.select(hosts.c.name).where(hosts.c.agent_id == agent, hosts.c.is_offered)
    names = ", ".join(tx.scalars(query.order_by(hosts.c.name).limit(5)))
    return f"an agent of {site} ({names or 'without hosts'})"
