"""Which agents answer others and where, and what sites measured to each other.

What a site says of another is believed as far as light allows, for `GOOD_FOR`: it is what
predictions are made from, and never the word that a hard limit is held against, since the one at
the other end is a member too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.model.ids import AgentId, SiteId
from hanza.model.policy import Point
from hanza.model.probe import Trip
from hanza.plan.coordinates import Pair
from hanza.plan.mesh import Member, node_of_probe, node_of_site
from hanza.plan.nearness import least_ms
from hanza.store import probes
from hanza.store.agents import HEARD_WITHIN
from hanza.store.database import upsert_many
from hanza.store.schema import agents, answerers, meetings, rtts, sites
from hanza.store.tx import Tx

GOOD_FOR = timedelta(days=7)
PREDICTED_FROM = 32
"""So many of a site's meetings, the newest: what predictions cost grows with the sites alone."""


@dataclass(frozen=True, slots=True)
class Answering:
    """An agent that answers others, where, and what its answers are sealed with."""

    member: Member
    host: str
    port: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Met:
    """What one site measured to another, by name."""

    site: str
    other: str
    ms: float
    at: datetime
    is_good: bool


def note_answering(
    tx: Tx, agent: AgentId, address: tuple[str, int], key: bytes, now: datetime
) -> bytes:
    """Remember where an agent answers; the key that holds: `key`, or that of the same address."""
    host, port = address
    query = sa.select(answerers).where(answerers.c.agent_id == agent)
    known = tx.execute(query).one_or_none()
    if known is not None and (known.host, known.port) == address:
        key = known.key
    row = {"agent_id": agent, "host": host, "port": port, "key": key, "at": now}
    upsert_many(tx, answerers, ("agent_id",), [row])
    return key


def list_answering(tx: Tx, now: datetime) -> tuple[Answering, ...]:
    """Those that are heard and believed, by their ids."""
    query = (
        sa.select(answerers, agents.c.site_id)
        .join(agents, agents.c.id == answerers.c.agent_id)
        .where(
            agents.c.heard_at > now - HEARD_WITHIN,
            agents.c.revoked_at.is_(None),
            sa.not_(agents.c.is_contested),
        )
        .order_by(answerers.c.agent_id)
    )
    return tuple(
        Answering(Member(AgentId(row.agent_id), SiteId(row.site_id)), row.host, row.port, row.key)
        for row in tx.execute(query)
    )


def site_of(tx: Tx, agent: AgentId) -> SiteId:
    return SiteId(tx.execute(sa.select(agents.c.site_id).where(agents.c.id == agent)).scalar_one())


def record_meetings(
    tx: Tx, agent: AgentId, trips: Sequence[Trip], now: datetime
) -> dict[str, tuple[float, float]]:
    """Keep what an agent measured to others; by their site, what cannot be and what light needs."""
    where = _places_of(tx, [agent, *(AgentId(one.probe) for one in trips)])
    here, at = where[agent]
    rows, refused = {}, {}
    for one in trips:
        there, point = where.get(AgentId(one.probe), (here, at))
        if there == here:
            continue  # unknown by now, or of the same site
        least = least_ms(at.latitude, at.longitude, point)
        if one.ms < least:
            refused[point.name] = (one.ms, least)
        else:
            rows[there] = {"site_id": here, "other_id": there, "ms": one.ms, "at": now}
    upsert_many(
        tx,
        meetings,
        ("site_id", "other_id"),
        [row | {"agent_id": agent} for row in rows.values()],
    )
    return refused


def _places_of(tx: Tx, whom: Sequence[AgentId]) -> dict[AgentId, tuple[SiteId, Point]]:
    query = (
        sa.select(agents.c.id, agents.c.site_id, sites.c.name, sites.c.latitude, sites.c.longitude)
        .join(sites, sites.c.id == agents.c.site_id)
        .where(agents.c.id.in_(list(whom)))
    )
    return {
        AgentId(row.id): (SiteId(row.site_id), Point(row.name, row.latitude, row.longitude))
        for row in tx.execute(query)
    }


def list_meetings(tx: Tx, now: datetime) -> list[Met]:
    """Everything that sites measured to each other, by their names; also what is too old."""
    one, other = sites.alias("one"), sites.alias("other")
    query = (
        sa.select(meetings, one.c.name.label("name"), other.c.name.label("other_name"))
        .join(one, one.c.id == meetings.c.site_id)
        .join(other, other.c.id == meetings.c.other_id)
        .order_by(one.c.name, other.c.name)
    )
    return [
        Met(row.name, row.other_name, row.ms, row.at, row.at > now - GOOD_FOR)
        for row in tx.execute(query)
    ]


def all_measured(tx: Tx, now: datetime) -> tuple[Mapping[str, Point], Mapping[Pair, float]]:
    """Whatever is known of round trips: the places of sites and probes, and pairs of them.

    By `node_of_site` and `node_of_probe`.
    """
    query = sa.select(sites.c.id, sites.c.name, sites.c.latitude, sites.c.longitude)
    rows = list(tx.execute(query))
    names = {row.id: node_of_site(row.name) for row in rows}
    places = {names[row.id]: Point(names[row.id], row.latitude, row.longitude) for row in rows} | {
        node_of_probe(one.target.probe): one.at for one in probes.list_probes(tx)
    }
    found: dict[Pair, float] = {}
    order = sa.func.row_number().over(
        partition_by=meetings.c.site_id, order_by=(meetings.c.at.desc(), meetings.c.other_id)
    )
    met = sa.select(meetings, order.label("nth")).where(meetings.c.at > now - GOOD_FOR).subquery()
    for row in tx.execute(sa.select(met).where(met.c.nth <= PREDICTED_FROM)):
        found[names[row.site_id], names[row.other_id]] = row.ms
    for row in tx.execute(sa.select(rtts).where(rtts.c.at > now - probes.GOOD_FOR)):
        found[names[row.site_id], node_of_probe(row.point)] = row.ms
    return places, found
