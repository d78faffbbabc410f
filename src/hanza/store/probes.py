"""Probes, and what sites measured to them: with when and by which agent, good for a while.

An agent may say what it likes, so what light could not do is not kept, and what was said before
goes with it; all else is believed until it is too old, and then the guess with its margin counts
again.  The instant is the plane's, that of hearing it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.model.errors import Invalid, NotFound
from hanza.model.ids import AgentId, SiteId
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target, Trip
from hanza.plan.nearness import least_ms
from hanza.store.changes import note_change
from hanza.store.database import upsert_many
from hanza.store.prepared import Prepared
from hanza.store.schema import agents, probes, rtts, sites
from hanza.store.tx import Tx
from hanza.store.work import hint_waiting
from hanza.wire.agent_v1 import PROBES_MAX

GOOD_FOR = timedelta(minutes=20)
"""Four rounds of an agent's: see `agent.measure`."""
SAME_MS = 1.0
"""A change by less wakes nobody who waits for a place."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of one round trip, as operators are told it."""

    site: str
    probe: str
    ms: float
    at: datetime
    agent: AgentId | None
    is_good: bool
    """Not too old: it goes before every guess."""


def put_probe(tx: Tx, probe: Probe, now: datetime) -> bool:
    """Add a probe, or change the one that has its name; whether it is new.

    What was measured to another address or for another place is forgotten.
    """
    name = probe.target.probe
    known = {one.target.probe: one for one in list_probes(tx)}
    if name not in known and len(known) >= PROBES_MAX:
        raise Invalid(f"there are {PROBES_MAX} probes, and more are not measured to", field="name")
    if known.get(name) == probe:
        return False
    tx.execute(sa.delete(rtts).where(rtts.c.point == name))
    row = {
        "name": name,
        "host": probe.target.host,
        "port": probe.target.port,
        "place": probe.at.name,
        "latitude": probe.at.latitude,
        "longitude": probe.at.longitude,
        "created_at": now,
    }
    upsert_many(tx, probes, ("name",), [row])
    note_change(tx, "grounds")
    return name not in known


def list_probes(tx: Tx) -> tuple[Probe, ...]:
    """By name."""
    return tuple(_probe_from_row(row) for row in _BY_NAME.all(tx, {}))


_BY_NAME = Prepared(sa.select(probes).order_by(probes.c.name))


def remove_probe(tx: Tx, name: str) -> None:
    """With all that was measured to it.  Raises `NotFound`."""
    tx.execute(sa.delete(rtts).where(rtts.c.point == name))
    if not tx.execute(sa.delete(probes).where(probes.c.name == name)).rowcount:
        raise NotFound(f"there is no probe {name!r}", field="name")
    note_change(tx, "grounds")


def record_trips(
    tx: Tx, agent: AgentId, trips: Sequence[Trip], now: datetime
) -> dict[str, tuple[float, float]]:
    """Keep what an agent measured; by probe, what it said that cannot be and what light needs."""
    site = tx.execute(
        sa.select(sites.c.id, sites.c.latitude, sites.c.longitude)
        .join(agents, agents.c.site_id == sites.c.id)
        .where(agents.c.id == agent)
    ).one()
    known = {one.target.probe: one.at for one in list_probes(tx)}
    said = {one.probe: one.ms for one in trips if one.probe in known}
    least = {name: least_ms(site.latitude, site.longitude, known[name]) for name in said}
    refused = {name: (ms, least[name]) for name, ms in said.items() if ms < least[name]}
    of_site = rtts.c.site_id == site.id
    tx.execute(sa.delete(rtts).where(of_site, rtts.c.point.in_(list(refused))))
    good = {name: ms for name, ms in said.items() if name not in refused}
    before = dict(fresh_trips(tx, now, [SiteId(site.id)]).get(SiteId(site.id), {}))
    rows = [
        {"site_id": site.id, "point": name, "ms": ms, "at": now, "agent_id": agent}
        for name, ms in good.items()
    ]
    upsert_many(tx, rtts, ("site_id", "point"), rows)
    note_change(tx, "site", site.id)
    if any(abs(before.get(known[name], -SAME_MS) - ms) >= SAME_MS for name, ms in good.items()):
        hint_waiting(tx, "place", now)
    return refused


def fresh_trips(
    tx: Tx, now: datetime, only: Collection[SiteId] | None = None
) -> Mapping[SiteId, Mapping[Point, float]]:
    """Everything that was measured lately enough, by site and place; from these sites only."""
    query = sa.select(rtts.c.site_id, rtts.c.ms, probes).join(probes, probes.c.name == rtts.c.point)
    found: dict[SiteId, dict[Point, float]] = {}
    if only is not None:
        query = query.where(rtts.c.site_id.in_(list(only)))
    for row in tx.execute(query.where(rtts.c.at > now - GOOD_FOR)):
        trips, at = found.setdefault(SiteId(row.site_id), {}), _probe_from_row(row).at
        trips[at] = min(row.ms, trips.get(at, row.ms))
    return found


def list_trips(tx: Tx, now: datetime) -> list[Measured]:
    """Everything that was measured, by site and probe; also what is too old."""
    query = (
        sa.select(rtts, sites.c.name.label("site_name"))
        .join(sites, sites.c.id == rtts.c.site_id)
        .join(probes, probes.c.name == rtts.c.point)
        .order_by(sites.c.name, rtts.c.point)
    )
    return [
        Measured(row.site_name, row.point, row.ms, row.at, row.agent_id, row.at > now - GOOD_FOR)
        for row in tx.execute(query)
    ]


def _probe_from_row(row: sa.Row[tuple[object, ...]]) -> Probe:
    target = Target(row.name, row.host, row.port)
    return Probe(target, Point(row.place, row.latitude, row.longitude))
