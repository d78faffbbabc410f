"""Agents that hold endings back, and the word of a person who wants them all the same.

What an agent holds back it reports of each guest; that it does, and since when, is noted once.
"""

from datetime import datetime

import sqlalchemy as sa

from hanza.model.ids import AgentId, SiteId
from hanza.model.report import Report
from hanza.plan.brake import BRAKED
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.schema import agents, holds, providers, seen, sites
from hanza.store.tx import Tx
from hanza.store.work import hint

_SINCE = Prepared(sa.select(agents.c.braked_since).where(agents.c.id == sa.bindparam("agent")))


def note_brake(tx: Tx, agent: AgentId, report: Report, now: datetime) -> None:
    """Tell once that an agent holds endings back, and once that it does no more."""
    is_said = any(one.problem is not None and one.problem.code == BRAKED for one in report.seen)
    since = _SINCE.first(tx, {"agent": agent})
    was_said = since is not None and since.braked_since is not None
    if is_said == was_said:
        return
    held = _count_held(tx, agent)
    if not is_said and held:
        return  # this report was only of others
    tx.execute(
        sa.update(agents).where(agents.c.id == agent).values(braked_since=now if is_said else None)
    )
    row = tx.execute(_named(agent)).one()
    if is_said:
        text = f"{row.name} holds back {held} endings: hanza site confirm {row.name}"
        append_event(tx, now, "agent.braked", agent, text)
    else:
        append_event(tx, now, "agent.unbraked", agent, f"{row.name} holds nothing back any more")


def list_held(tx: Tx, site: SiteId) -> dict[AgentId, int]:
    """How many endings the agents of a site hold back; only those that do."""
    query = sa.select(agents.c.id).where(
        agents.c.site_id == site, agents.c.braked_since.is_not(None)
    )
    found = {AgentId(one): _count_held(tx, AgentId(one)) for one in tx.scalars(query).all()}
    return {agent: held for agent, held in found.items() if held}


def confirm_endings(tx: Tx, site: SiteId, by: str, now: datetime) -> int:
    """Have everything end that the site's agents hold back now; how many.  Later ones are not
    meant."""
    confirmed = 0
    for agent in list_held(tx, site):
        mine = (holds.c.agent_id == agent, holds.c.is_ending, sa.not_(holds.c.is_confirmed))
        confirmed += tx.execute(sa.update(holds).where(*mine).values(is_confirmed=True)).rowcount
        hint(tx, "publish", agent, now)
    if confirmed:
        row = tx.execute(_site(site)).one()
        text = f"{confirmed} endings at {row.name} were confirmed, by {by}"
        append_event(tx, now, "site.endings_confirmed", row.name, text, provider=row.provider)
    return confirmed


def _count_held(tx: Tx, agent: AgentId) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(seen.join(holds, holds.c.instance_id == seen.c.instance_id))
        .where(
            seen.c.agent_id == agent,
            seen.c.problem_code == BRAKED,
            holds.c.is_ending,
            sa.not_(holds.c.is_confirmed),
        )
    )
    return int(tx.scalar(query) or 0)


def _named(agent: AgentId) -> "sa.Select[tuple[str]]":
    query = sa.select(sites.c.name).join(agents, agents.c.site_id == sites.c.id)
    return query.where(agents.c.id == agent)


def _site(site: SiteId) -> "sa.Select[tuple[str, str]]":
    query = sa.select(sites.c.name, providers.c.name.label("provider"))
    return query.join(providers, providers.c.id == sites.c.provider_id).where(sites.c.id == site)
