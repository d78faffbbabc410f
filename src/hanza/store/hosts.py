"""Hosts as their agents last described them, and as placement sees them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.kit.ids import Ids
from hanza.model.capacity import Capacity
from hanza.model.guest import HostFacts
from hanza.model.ids import AgentId, HostId, InstanceId, SiteId
from hanza.model.site import Country, Host
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.fleet import Host as Fact
from hanza.store.agents import is_heard_of
from hanza.store.changes import note_change
from hanza.store.database import upsert_many
from hanza.store.events import append_event
from hanza.store.grounds import list_grounds
from hanza.store.prepared import Prepared
from hanza.store.schema import agents, held_ports, hosts, site_standings, sites
from hanza.store.tx import Tx


def put_hosts(tx: Tx, agent: AgentId, facts: Sequence[HostFacts], ids: Ids, now: datetime) -> None:
    """Take over what an agent says of its hosts; those it no longer names are not offered."""
    known = _offered_by(tx, agent)
    offered = {one.name: (one.capacity, one.accelerator, one.address) for one in facts}
    if known == offered:
        return  # as after each new connection: a thousand agents come back in a moment
    site = tx.execute(sa.select(agents.c.site_id).where(agents.c.id == agent)).scalar_one()
    is_withheld = is_site_withheld(tx, site)
    tx.execute(sa.update(hosts).where(hosts.c.agent_id == agent).values(is_offered=False))
    rows = [
        {
            "id": ids.new("ho"),
            "agent_id": agent,
            "site_id": site,
            "name": host.name,
            "cpus": host.capacity.cpus,
            "memory_mib": host.capacity.memory_mib,
            "disk_mib": host.capacity.disk_mib,
            "accelerator": host.accelerator,
            "address": host.address,
            "is_offered": True,
            "is_withheld": is_withheld,
        }
        for host in facts
    ]
    upsert_many(tx, hosts, ("agent_id", "name"), rows)
    note_change(tx, "agent", agent)
    for name in sorted(
        name for name in known.keys() | offered if known.get(name) != offered.get(name)
    ):
        verb = "offered" if name in offered else "withdrawn"
        append_event(tx, now, f"host.{verb}", agent, f"the host {name} is {verb}")


def is_site_withheld(tx: Tx, site: str) -> bool:
    """Whether the site takes nothing new, as the offering pass has found."""
    query = sa.select(site_standings.c.reasons).where(site_standings.c.site_id == site)
    return bool(tx.scalar(query))


def _offered_by(tx: Tx, agent: AgentId) -> dict[str, tuple[Capacity, str, str]]:
    rows = _OFFERED.all(tx, {"agent": agent})
    return {row.name: (_capacity(row), row.accelerator, row.address) for row in rows}


_OFFERED = Prepared(
    sa.select(hosts).where(hosts.c.agent_id == sa.bindparam("agent"), hosts.c.is_offered)
)


def refuse_host(tx: Tx, host: HostId, until: datetime) -> None:
    """The engine said it is full, whatever the books say: nothing new there for a while."""
    note_change(tx, "host", host)
    tx.execute(sa.update(hosts).where(hosts.c.id == host).values(refuses_until=until))


def list_capacities(tx: Tx) -> list[Capacity]:
    """How large hosts are: each capacity that there is."""
    query = sa.select(hosts.c.cpus, hosts.c.memory_mib, hosts.c.disk_mib).distinct()
    return [_capacity(row) for row in tx.execute(query)]


def list_candidates(
    tx: Tx,
    now: datetime,
    carbon: Mapping[Country, float],
    only: Collection[HostId] | None = None,
) -> list[Candidate]:
    """Every host, or these, with what placement has to know; `carbon` in g/kWh by country."""
    query = (
        sa.select(hosts, agents.c.heard_at, agents.c.is_contested)
        .join(agents, agents.c.id == hosts.c.agent_id)
        .order_by(hosts.c.id)
    )
    if only is not None:
        query = query.where(hosts.c.id.in_(list(only)))
    rows = tx.execute(query).all()
    sites_of = None if only is None else {SiteId(row.site_id) for row in rows}
    grounds = {one.site: one for one in list_grounds(tx, now, carbon, sites_of)}
    ports = _held_ports(tx, only)
    return [
        Candidate(
            host=HostId(row.id),
            name=row.name,
            agent=AgentId(row.agent_id),
            ground=grounds[SiteId(row.site_id)],
            capacity=_capacity(row),
            free=_capacity(row) - _held(row),
            is_offered=row.is_offered and not row.is_withheld and not row.is_contested,
            is_heard=is_heard_of(row.heard_at, now),
            is_refusing=row.refuses_until is not None and row.refuses_until > now,
            ports=ports.get(row.id, {}),
        )
        for row in rows
    ]


def list_facts(
    tx: Tx, ids: Collection[HostId] | None = None, of: Collection[AgentId] = ()
) -> list[Fact]:
    """These hosts and all of these agents; without either, every host."""
    query = sa.select(hosts, agents.c.heard_at, agents.c.is_contested).join(
        agents, agents.c.id == hosts.c.agent_id
    )
    if ids is not None:
        query = query.where(sa.or_(hosts.c.id.in_(list(ids)), hosts.c.agent_id.in_(list(of))))
    rows = tx.execute(query).all()
    ports = _held_ports(tx, None if ids is None else [row.id for row in rows])
    return [_fact_from_row(row, ports.get(row.id, {})) for row in rows]


def _fact_from_row(row: sa.Row[tuple[object, ...]], ports: Mapping[int, InstanceId | None]) -> Fact:
    return Fact(
        host=HostId(row.id),
        name=row.name,
        agent=AgentId(row.agent_id),
        site=SiteId(row.site_id),
        capacity=_capacity(row),
        free=_capacity(row) - _held(row),
        is_offered=row.is_offered and not row.is_withheld and not row.is_contested,
        heard_at=row.heard_at,
        refuses_until=row.refuses_until,
        ports=ports,
    )


def _held_ports(
    tx: Tx, of: Collection[str] | None = None
) -> dict[str, dict[int, InstanceId | None]]:
    """By host: its published ports, and whose they are."""
    found: dict[str, dict[int, InstanceId | None]] = {}
    query = sa.select(held_ports)
    if of is not None:
        query = query.where(held_ports.c.host_id.in_(list(of)))
    for row in tx.execute(query):
        found.setdefault(row.host_id, {})[row.port] = InstanceId(row.instance_id)
    return found


def list_hosts(tx: Tx) -> list[tuple[Host, str]]:
    """Every host with its site's name."""
    query = (
        sa.select(hosts, sites.c.name.label("site_name"), agents.c.is_contested, agents.c.heard_at)
        .join(sites, sites.c.id == hosts.c.site_id)
        .join(agents, agents.c.id == hosts.c.agent_id)
        .order_by(sites.c.name, hosts.c.name)
    )
    return [(_host_from_row(row), row.site_name) for row in tx.execute(query)]


def _host_from_row(row: sa.Row[tuple[object, ...]]) -> Host:
    return Host(
        id=HostId(row.id),
        agent=AgentId(row.agent_id),
        site=SiteId(row.site_id),
        name=row.name,
        capacity=_capacity(row),
        held=_held(row),
        accelerator=row.accelerator,
        is_offered=row.is_offered and not row.is_withheld and not row.is_contested,
        heard_at=row.heard_at,
    )


def _capacity(row: Any) -> Capacity:
    return Capacity(row.cpus, row.memory_mib, row.disk_mib)


def _held(row: sa.Row[tuple[object, ...]]) -> Capacity:
    return Capacity(row.held_cpus, row.held_memory_mib, row.held_disk_mib)
