"""What agents tell of their sites besides guests' states: diaries, checkups, strangers.

Promises: each line of a diary becomes one event, once and in its order, whichever plane takes it;
a tenant is told of a line only when its instance is placed with the agent that says it; an agent's
words are made harmless before they are kept.  It believes nothing beyond that: a line says what an
agent says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from hanza.kit.text import one_line
from hanza.model.capacity import Capacity
from hanza.model.checkup import Checkup, Finding
from hanza.model.guest import Stranger
from hanza.model.ids import AgentId, NativeId
from hanza.model.local import DiaryLine
from hanza.store.database import upsert
from hanza.store.events import Whose, append_event
from hanza.store.schema import agents, holds, instances, sites
from hanza.store.site_tables import checkups, diaries, strangers
from hanza.store.tx import Tx

KINDS = frozenset(
    {"agent.began", "diary.gap", "engine.back", "engine.lost", "guest.back", "guest.gone"}
    | {"guest.off", "guest.on", "link.back", "link.lost", "local.adoption"}
    | {"local.started", "local.stopped", "update.good", "update.returned", "update.staged"}
    | {"update.key_revoked", "disk.full", "disk.back"}
)
WORDS_MAX = 300


@dataclass(frozen=True, slots=True)
class StrangerAt:
    """A guest that is not ours, where it was found, and since when it is known."""

    agent: AgentId
    site: str
    stranger: Stranger
    since: datetime


def diary_number(tx: Tx, agent: AgentId) -> int:
    """The last line of the agent's diary that was taken; 0 before the first."""
    return tx.scalar(sa.select(diaries.c.number).where(diaries.c.agent_id == agent)) or 0


def record_diary(tx: Tx, agent: AgentId, lines: Sequence[DiaryLine], now: datetime) -> int:
    """Make events of the lines that are new; returns the number of the last one that is taken."""
    known = diary_number(tx, agent)
    fresh = sorted((one for one in lines if one.number > known), key=lambda one: one.number)
    if not fresh:
        return known
    whose = _owners(tx, agent, {one.happening.subject for one in fresh})
    for one in fresh:
        said = one.happening
        kind = said.kind if said.kind in KINDS else "diary.told"
        text = f"{said.at:%Y-%m-%d %H:%M:%S} UTC at its site: {one_line(said.text)[:WORDS_MAX]}"
        owner = whose.get(said.subject)
        append_event(tx, now, kind, said.subject if owner else agent, text, owner)
    upsert(tx, diaries, ("agent_id",), {"agent_id": agent, "number": fresh[-1].number})
    return fresh[-1].number


def _owners(tx: Tx, agent: AgentId, subjects: Iterable[str]) -> dict[str, Whose]:
    query = (
        sa.select(instances.c.id, instances.c.tenant, instances.c.workspace)
        .join(holds, holds.c.instance_id == instances.c.id)
        .where(holds.c.agent_id == agent, instances.c.id.in_(list(subjects)))
    )
    return {row.id: Whose(row.tenant, row.workspace) for row in tx.execute(query)}


def record_checkup(tx: Tx, agent: AgentId, checkup: Checkup) -> None:
    findings = [
        {name: one_line(word)[:WORDS_MAX] for name, word in msgspec.to_builtins(one).items()}
        for one in checkup.findings
    ]
    row = {"agent_id": agent, "at": checkup.at, "score": checkup.score, "findings": findings}
    upsert(tx, checkups, ("agent_id",), row)


def list_checkups(tx: Tx, site: str) -> dict[AgentId, Checkup]:
    """Of the agents of one site, by its name."""
    query = (
        sa.select(checkups)
        .join(agents, agents.c.id == checkups.c.agent_id)
        .join(sites, sites.c.id == agents.c.site_id)
        .where(sites.c.name == site)
    )
    return {
        AgentId(row.agent_id): Checkup(
            row.at, row.score, msgspec.convert(row.findings, tuple[Finding, ...])
        )
        for row in tx.execute(query)
    }


def record_strangers(tx: Tx, agent: AgentId, found: Iterable[Stranger], now: datetime) -> None:
    """Replace what was known of the guests there that are not ours."""
    mine = strangers.c.agent_id == agent
    since = {row.native: row.since for row in tx.execute(sa.select(strangers).where(mine))}
    tx.execute(sa.delete(strangers).where(mine))
    rows = [
        _row_of(agent, one, since.get(one.native, now))
        for one in {one.native: one for one in found}.values()
    ]
    if rows:
        tx.execute(sa.insert(strangers), rows)


def list_strangers(tx: Tx, site: str) -> list[StrangerAt]:
    query = (
        sa.select(strangers, sites.c.name.label("site_name"))
        .join(agents, agents.c.id == strangers.c.agent_id)
        .join(sites, sites.c.id == agents.c.site_id)
        .where(sites.c.name == site, agents.c.revoked_at.is_(None))
        .order_by(strangers.c.host, strangers.c.name, strangers.c.native)
    )
    return [
        StrangerAt(AgentId(row.agent_id), row.site_name, _stranger_of(row), row.since)
        for row in tx.execute(query)
    ]


def _row_of(agent: AgentId, one: Stranger, since: datetime) -> dict[str, Any]:
    return {
        "agent_id": agent,
        "native": one.native,
        "name": one_line(one.name)[:WORDS_MAX],
        "host": one.host,
        "cpus": one.size.cpus,
        "memory_mib": one.size.memory_mib,
        "disk_mib": one.size.disk_mib,
        "power": one.power,
        "since": since,
    }


def _stranger_of(row: sa.Row[tuple[object, ...]]) -> Stranger:
    size = Capacity(row.cpus, row.memory_mib, row.disk_mib)
    return Stranger(NativeId(row.native), row.name, row.host, size, row.power)
