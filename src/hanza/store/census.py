"""What the store holds, counted for whoever watches: never who or what, only how many.

Read when somebody asks and not kept, so it costs what it costs then: one pass over the schedule,
the instances and the agents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

import sqlalchemy as sa

from hanza.model.ids import AgentId
from hanza.model.instance import State
from hanza.model.manifest import Version
from hanza.store.schema import agents, instances, manifests, metadata, work
from hanza.store.tx import Tx
from hanza.store.work import KINDS

HEARD_WITHIN: tuple[tuple[str, timedelta], ...] = (
    ("35s", timedelta(seconds=35)),
    ("5m", timedelta(minutes=5)),
    ("1h", timedelta(hours=1)),
    ("1d", timedelta(days=1)),
)
"""Ages by name; the first is how long an agent may be silent and still be offered work."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One kind of work: all that is scheduled, what of it is due, for how long the oldest is."""

    scheduled: int
    due: int
    oldest_due_for: timedelta


@dataclass(frozen=True, slots=True)
class Census:
    queues: Mapping[str, Queue]
    instances: Mapping[str, int]
    """By what is shown of them, none as well as many."""
    agents: Mapping[str, int]
    """By the age of their last word: one of `HEARD_WITHIN`, `longer` or `never`."""
    contested: int


def take_census(tx: Tx, now: datetime) -> Census:
    shown = sa.select(instances.c.shown_state, sa.func.count()).group_by(instances.c.shown_state)
    contested = sa.select(sa.func.count()).where(agents.c.is_contested)
    return Census(
        queues=_queues(tx, now),
        instances=dict.fromkeys(get_args(State), 0) | {row[0]: row[1] for row in tx.execute(shown)},
        agents=_agents(tx, now),
        contested=tx.scalar(contested) or 0,
    )


def count_rows(tx: Tx) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
    }


def manifest_lags(
    tx: Tx, held: Mapping[AgentId, Version | None], now: datetime
) -> dict[AgentId, timedelta]:
    """For each of these agents that does not hold the newest manifest: since when it could have.

    Counted from the oldest manifest that is kept and newer than what it holds.
    """
    query = sa.select(
        manifests.c.agent_id, manifests.c.epoch, manifests.c.number, manifests.c.published_at
    ).where(manifests.c.agent_id.in_(list(held)))
    lags: dict[AgentId, timedelta] = {}
    for row in tx.execute(query):
        agent = AgentId(row.agent_id)
        has = held[agent]
        if has is None or Version(row.epoch, row.number) > has:
            lags[agent] = max(lags.get(agent, timedelta(0)), now - row.published_at)
    return lags


def _queues(tx: Tx, now: datetime) -> dict[str, Queue]:
    is_due = work.c.due_at <= now
    query = sa.select(
        work.c.kind,
        sa.func.count().label("scheduled"),
        sa.func.sum(sa.case((is_due, 1), else_=0)).label("due"),
        sa.func.min(work.c.due_at).label("oldest"),
    ).group_by(work.c.kind)
    queues: dict[str, Queue] = {kind: Queue(0, 0, timedelta(0)) for kind in KINDS}
    for row in tx.execute(query):
        if row.kind in queues:
            age = max(now - row.oldest, timedelta(0))
            queues[row.kind] = Queue(row.scheduled, int(row.due), age)
    return queues


def _agents(tx: Tx, now: datetime) -> dict[str, int]:
    found = dict.fromkeys([*(name for name, _ in HEARD_WITHIN), "longer", "never"], 0)
    for heard_at in tx.scalars(sa.select(agents.c.heard_at)):
        found[_age_of(heard_at, now)] += 1
    return found


def _age_of(heard_at: datetime | None, now: datetime) -> str:
    if heard_at is None:
        return "never"
    return next((name for name, age in HEARD_WITHIN if now - heard_at <= age), "longer")
