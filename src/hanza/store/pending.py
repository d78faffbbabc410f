"""The queue of changes: what was asked for a site that is not heard, and waits until it is.

It is accepted like any other change and holds up no other site.  Nothing is published to a silent
agent (`engine.publish`), so what waits here cannot have been told to the site in any way, and may
be taken back as if it had never been asked for.  The first change that waits keeps the words of
before; the next manifest that is cut for the agent ends the waiting.
"""

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound
from hanza.model.ids import AgentId
from hanza.model.instance import Address, Wanted
from hanza.store.agents import is_heard_of
from hanza.store.holds import Hold, get_hold
from hanza.store.instances import find_instance, wanted_from_row, wish_to_row
from hanza.store.prepared import Prepared, changing
from hanza.store.schema import agents, holds, instances
from hanza.store.tx import Tx

_HEARD = Prepared(sa.select(agents.c.heard_at).where(agents.c.id == sa.bindparam("agent")))
_KEEP = Prepared(
    changing(instances, "before", "pending_since").where(
        instances.c.id == sa.bindparam("b_id"), instances.c.pending_since.is_(None)
    )
)
_TOLD = Prepared(
    sa.update(instances)
    .where(
        instances.c.pending_since.is_not(None),
        instances.c.id.in_(
            sa.select(holds.c.instance_id).where(holds.c.agent_id == sa.bindparam("agent"))
        ),
    )
    .values(before=sa.null(), pending_since=None)
)
_ENDING = "is_ending"
"""Beside the words of before: whether the run was to end already."""


def is_silent(tx: Tx, agent: AgentId, now: datetime) -> bool:
    """Whether it was heard once, and is not now."""
    row = _HEARD.first(tx, {"agent": agent})
    return row is not None and row.heard_at is not None and not is_heard_of(row.heard_at, now)


def note_pending(tx: Tx, known: Wanted, hold: Hold | None, now: datetime) -> None:
    """Keep the words of before, if its site cannot be told now: to be called before a change."""
    if hold is not None and is_silent(tx, hold.agent, now):
        before = {**wish_to_row(known), _ENDING: hold.is_ending}
        _KEEP.run(tx, {"b_id": known.id, "before": before, "pending_since": now})


def note_told(tx: Tx, agent: AgentId) -> None:
    """A manifest was cut for it: from here on the site may know."""
    _TOLD.run(tx, {"agent": agent})


def take_back(tx: Tx, address: Address) -> tuple[Wanted, Wanted, Hold]:
    """Make it what it was before; returns what was wanted, what is now, and where it stands.

    Raises `NotFound`, and `Conflict` where nothing waits, or where its volumes changed with it.
    """
    now_wanted = find_instance(tx, address)
    if now_wanted is None:
        raise NotFound(f"there is no instance {address.name!r} in {address.workspace!r}")
    row = tx.execute(sa.select(instances).where(instances.c.id == now_wanted.id)).one()
    hold = get_hold(tx, now_wanted.id)
    if row.before is None or hold is None:
        raise Conflict(
            f"nothing that was asked for {address.name} waits for its site",
            hint="what a site may know already is undone by asking for what is wanted instead",
        )
    before: dict[str, Any] = dict(row.before)
    was_ending = before.pop(_ENDING)
    if before["disks"] != row.disks:
        raise Conflict(f"the volumes of {address.name} were changed too; ask for them as they were")
    as_before: Any = SimpleNamespace(**{**row._mapping, **before})
    then = replace(wanted_from_row(as_before), is_ended=False)
    values = {**before, "is_ended": False, "before": sa.null(), "pending_since": None}
    this = sa.update(instances).where(instances.c.id == now_wanted.id)
    tx.execute(this.values(**values, home=None, generation=instances.c.generation + 1))
    ending = sa.update(holds).where(holds.c.instance_id == now_wanted.id)
    tx.execute(ending.values(is_ending=was_ending))
    return now_wanted, then, hold
