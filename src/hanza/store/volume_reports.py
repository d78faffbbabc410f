"""What the agents said of volumes, taken over with the report that says it.

As with guests, a word counts only when it is of the stay that is in the books with its own agent.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.kit.text import harmless
from hanza.model.ids import AgentId, NativeId, VolumeId
from hanza.model.problem import Problem
from hanza.model.report import Report
from hanza.model.volume import OrphanVolume, SeenVolume, Stay
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Among, Prepared
from hanza.store.schema import orphan_volumes, seen_volumes, volumes
from hanza.store.tx import Tx
from hanza.store.work import hint

_PLACED = Among(
    sa.select(volumes.c.id, volumes.c.stays, volumes.c.is_made, volumes.c.agent_id), volumes.c.id
)
_MADE = Prepared(
    sa.update(volumes).where(volumes.c.id == sa.bindparam("b_id")).values(is_made=True)
)
_FORGET_ALL = Prepared(
    sa.delete(seen_volumes).where(seen_volumes.c.agent_id == sa.bindparam("agent"))
)
_ORPHANS = Prepared(
    sa.select(orphan_volumes).where(orphan_volumes.c.agent_id == sa.bindparam("agent"))
)
_SEEN_OF = Prepared(
    sa.select(seen_volumes).where(seen_volumes.c.volume_id == sa.bindparam("volume"))
)


def put_seen_volumes(tx: Tx, agent: AgentId, report: Report, now: datetime) -> None:
    mine = seen_volumes.c.agent_id == agent
    named = [one.stay.volume for one in report.volumes]
    if report.is_whole and not named:
        _FORGET_ALL.run(tx, {"agent": agent})
    elif report.is_whole:
        tx.execute(sa.delete(seen_volumes).where(mine, seen_volumes.c.volume_id.not_in(named)))
    placed = {row.id: row for row in _PLACED.among(tx, named) if row.agent_id == agent}
    for one in report.volumes:
        row = placed.get(one.stay.volume)
        if row is None or row.stays != one.stay.number:
            continue
        if one.presence == "unknown":
            continue  # nobody can look just now; what was last seen stands
        if one.presence == "present" and not row.is_made:
            _MADE.run(tx, {"b_id": one.stay.volume})
            hint(tx, "publish", agent, now)
        keys = {"volume_id": one.stay.volume, "agent_id": agent, "seen_at": now}
        upsert(tx, seen_volumes, ("volume_id",), keys | _seen_to_columns(one))
        hint(tx, "settle", one.stay.volume, now)
    for stay in report.gone_volumes:
        stay_of = (seen_volumes.c.volume_id == stay.volume, seen_volumes.c.stay == stay.number)
        tx.execute(sa.delete(seen_volumes).where(mine, *stay_of))


def find_seen_volume(tx: Tx, volume: VolumeId) -> SeenVolume | None:
    row = _SEEN_OF.first(tx, {"volume": volume})
    if row is None:
        return None
    code = row.problem_code
    problem = None if code is None else Problem(code, row.problem_text, row.problem_since)
    stay = Stay(VolumeId(row.volume_id), row.stay)
    return SeenVolume(stay, row.role, row.presence, row.size_mib, problem)


def put_orphan_volumes(
    tx: Tx, agent: AgentId, found: Collection[OrphanVolume], now: datetime
) -> None:
    mine = orphan_volumes.c.agent_id == agent
    since = {row.native: row.since for row in _ORPHANS.all(tx, {"agent": agent})}
    if not since and not found:
        return
    tx.execute(sa.delete(orphan_volumes).where(mine))
    fresh = []
    for one in {one.native: one for one in found}.values():
        row = {"agent_id": agent, "native": one.native, "volume_id": one.volume}
        more = {"host": one.host, "size_mib": one.size_mib, "since": since.get(one.native, now)}
        tx.execute(sa.insert(orphan_volumes).values(**row, **more))
        if one.native not in since:
            fresh.append(one.volume)
    if fresh:
        text = f"{len(fresh)} marked volumes that nobody ordered, the first is {fresh[0]}"
        append_event(tx, now, "orphan.found", agent, text)


def list_orphan_volumes(tx: Tx) -> list[tuple[AgentId, OrphanVolume, datetime]]:
    order = (orphan_volumes.c.agent_id, orphan_volumes.c.native)
    return [
        (
            AgentId(row.agent_id),
            OrphanVolume(NativeId(row.native), VolumeId(row.volume_id), row.host, row.size_mib),
            row.since,
        )
        for row in tx.execute(sa.select(orphan_volumes).order_by(*order))
    ]


def _seen_to_columns(one: SeenVolume) -> dict[str, Any]:
    problem = one.problem
    return {
        "stay": one.stay.number,
        "role": one.role,
        "presence": one.presence,
        "size_mib": one.size_mib,
        "problem_code": harmless(problem.code) if problem else None,
        "problem_text": harmless(problem.text) if problem else None,
        "problem_since": problem.since if problem else None,
    }
