"""What the agents said, written only when it is newer than what is known.

A report speaks only for what was placed with its own agent: a word about anybody else's instance
is dropped, whoever signs it, and its words are made harmless before they are kept.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.kit.ids import Ids
from hanza.kit.text import harmless
from hanza.model.guest import Mark
from hanza.model.ids import AgentId, InstanceId, NativeId
from hanza.model.report import Orphan, Problem, Report, Seen
from hanza.store.agents import clear_refused
from hanza.store.brakes import note_brake
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.hosts import put_hosts
from hanza.store.prepared import Among, Prepared, changing
from hanza.store.schema import agents, holds, orphans, seen
from hanza.store.tx import Tx
from hanza.store.volume_reports import put_orphan_volumes, put_seen_volumes
from hanza.store.work import hint, hint_waiting

_TROUBLE = ("trouble_code", "trouble_text", "trouble_since")
_HEARD_AT = sa.bindparam("heard_at", type_=agents.c.heard_at.type)
_TAKE_OVER = Prepared(
    changing(agents, "report_no", "trouble_code", "trouble_text", "trouble_since")
    .values(
        # Whose reports were refused may have been silent: that it is heard again is told first.
        heard_at=sa.case((agents.c.refused_since.is_(None), _HEARD_AT), else_=agents.c.heard_at)
    )
    .where(
        agents.c.id == sa.bindparam("b_agent"),
        agents.c.starts == sa.bindparam("b_starts"),
        agents.c.nonce == sa.bindparam("b_nonce"),
        agents.c.report_no < sa.bindparam("report_no"),
        agents.c.revoked_at.is_(None),
    )
)
_PRESENT = Among(
    sa.select(seen.c.instance_id, seen.c.run_epoch, seen.c.agent_id).where(
        seen.c.presence == "present"
    ),
    seen.c.instance_id,
)
_PLACED = Among(
    sa.select(holds.c.instance_id, holds.c.run_epoch, holds.c.agent_id), holds.c.instance_id
)
_FORGET_ALL = Prepared(sa.delete(seen).where(seen.c.agent_id == sa.bindparam("agent")))
_ORPHANS = Prepared(sa.select(orphans).where(orphans.c.agent_id == sa.bindparam("agent")))
_SEEN_OF = Prepared(sa.select(seen).where(seen.c.instance_id == sa.bindparam("instance")))


def record_report(tx: Tx, agent: AgentId, report: Report, ids: Ids, now: datetime) -> bool:
    """Take a report over; False when a newer one, or a newer start of the agent, was faster."""
    said = {
        "b_agent": agent,
        "b_starts": report.incarnation.starts,
        "b_nonce": report.incarnation.nonce,
        "report_no": report.number,
        "heard_at": now,
    }
    newer = _TAKE_OVER.run(tx, said | _problem_to_columns(report.trouble))
    if not newer:
        return False
    clear_refused(tx, agent, now)
    put_seen_volumes(tx, agent, report, now)
    _put_seen(tx, agent, report, now)
    note_brake(tx, agent, report, now)
    if report.orphans is not None:
        _put_orphans(tx, agent, report.orphans, now)
    if report.orphan_volumes is not None:
        put_orphan_volumes(tx, agent, report.orphan_volumes, now)
    if report.hosts is not None:
        put_hosts(tx, agent, report.hosts, ids, now)
        hint_waiting(tx, "place", now)
    return True


def find_seen(tx: Tx, instance: InstanceId) -> Seen | None:
    row = _SEEN_OF.first(tx, {"instance": instance})
    return None if row is None else seen_from_row(row)


def forget_seen(tx: Tx, instance: InstanceId) -> None:
    tx.execute(sa.delete(seen).where(seen.c.instance_id == instance))


def list_orphans(tx: Tx) -> list[tuple[AgentId, Orphan, datetime]]:
    rows = tx.execute(sa.select(orphans).order_by(orphans.c.agent_id, orphans.c.native))
    return [(AgentId(row.agent_id), _orphan_from_row(row), row.since) for row in rows]


def _put_seen(tx: Tx, agent: AgentId, report: Report, now: datetime) -> None:
    mine = seen.c.agent_id == agent
    owners = [one.mark.owner for one in report.seen]
    if report.is_whole and owners:
        tx.execute(sa.delete(seen).where(mine, seen.c.instance_id.not_in(owners)))
    elif report.is_whole:
        _FORGET_ALL.run(tx, {"agent": agent})
    placed = _placed_runs(tx, agent, owners)
    present = _present_runs(tx, agent, owners)
    for one in report.seen:
        owner, run = one.mark.owner, one.mark.run_epoch
        if placed.get(owner) != run:
            continue
        if (one.role, one.presence) == ("run", "unknown") and present.get(owner) == run:
            continue  # nobody can look just now; what was last seen stands
        row = {"instance_id": owner, "agent_id": agent, "seen_at": now}
        upsert(tx, seen, ("instance_id",), row | _seen_to_columns(one))
        hint(tx, "settle", owner, now)
    for mark in report.gone:
        run_of = (seen.c.instance_id == mark.owner, seen.c.run_epoch == mark.run_epoch)
        tx.execute(sa.delete(seen).where(mine, *run_of))


def _present_runs(tx: Tx, agent: AgentId, ids: Collection[InstanceId]) -> dict[str, int]:
    rows = _PRESENT.among(tx, ids)
    return {row.instance_id: row.run_epoch for row in rows if row.agent_id == agent}


def _placed_runs(tx: Tx, agent: AgentId, ids: Collection[InstanceId]) -> dict[str, int]:
    rows = _PLACED.among(tx, ids)
    return {row.instance_id: row.run_epoch for row in rows if row.agent_id == agent}


def _put_orphans(tx: Tx, agent: AgentId, found: Collection[Orphan], now: datetime) -> None:
    since = {row.native: row.since for row in _ORPHANS.all(tx, {"agent": agent})}
    if not since and not found:
        return
    tx.execute(sa.delete(orphans).where(orphans.c.agent_id == agent))
    rows = [
        {
            "agent_id": agent,
            "native": one.native,
            "owner": one.mark.owner,
            "run_epoch": one.mark.run_epoch,
            "host": one.host,
            "power": one.power,
            "since": since.get(one.native, now),
        }
        for one in {one.native: one for one in found}.values()
    ]
    if rows:
        tx.execute(sa.insert(orphans), rows)
    fresh = [row["owner"] for row in rows if row["native"] not in since]
    if fresh:
        text = f"{len(fresh)} marked guests that nobody ordered, the first of {fresh[0]}"
        append_event(tx, now, "orphan.found", agent, text)


def _orphan_from_row(row: sa.Row[tuple[object, ...]]) -> Orphan:
    mark = Mark(InstanceId(row.owner), row.run_epoch)
    return Orphan(NativeId(row.native), mark, row.host, row.power)


def _seen_to_columns(one: Seen) -> dict[str, Any]:
    problem = _problem_to_columns(one.problem)
    return {
        "run_epoch": one.mark.run_epoch,
        "role": one.role,
        "presence": one.presence,
        "native": one.native,
        "power": one.power,
        "boot": one.boot,
        "serial_tail": harmless(one.serial_tail),
        **{name.replace("trouble", "problem"): value for name, value in problem.items()},
    }


def seen_from_row(row: sa.Row[tuple[object, ...]]) -> Seen:
    code = row.problem_code
    return Seen(
        mark=Mark(InstanceId(row.instance_id), row.run_epoch),
        role=row.role,
        presence=row.presence,
        native=None if row.native is None else NativeId(row.native),
        power=row.power,
        boot=row.boot,
        serial_tail=row.serial_tail,
        problem=None if code is None else Problem(code, row.problem_text, row.problem_since),
    )


def _problem_to_columns(problem: Problem | None) -> dict[str, Any]:
    return {
        "trouble_code": harmless(problem.code) if problem else None,
        "trouble_text": harmless(problem.text) if problem else None,
        "trouble_since": problem.since if problem else None,
    }
