"""The queue of changes: what was asked for a site that is not heard, and waits until it is.

It is accepted like any other change and holds up no other site.  Nothing is published to a silent
agent (`engine.publish`), so what waits here cannot have been told to the site in any way, and may
be taken back as if it had never been asked for, whichever API asked.  The first change that waits
keeps the words of before, and which volumes are to end with it; the next manifest that is cut for
the agent ends the waiting.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound, NotPending
from hanza.model.ids import AgentId, InstanceId, VolumeId
from hanza.model.instance import Address, Wanted
from hanza.model.resource import Resource
from hanza.plan.volumes import name_of_disk
from hanza.store.agents import is_heard_of
from hanza.store.as_before import resource_as_before
from hanza.store.holds import Hold, get_hold
from hanza.store.instances import find_instance, wanted_from_row, wish_to_row
from hanza.store.pending_volumes import keep_volume, take_back_volume, unmake_volume
from hanza.store.prepared import Prepared, changing
from hanza.store.schema import agents, holds, instances
from hanza.store.tx import Tx
from hanza.store.volumes import find_by_name, find_volume

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
_RESTARTING, _SPEC, _VOLUMES = "is_restarting", "resource", "ended_volumes"
"""And whether it was to go off and on, what the standard's document said, what is to end too."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was wanted of it, what is now, where it stands; the standard's document if it has one,
    and the volumes that go back with it."""

    wanted: Wanted
    then: Wanted
    hold: Hold
    resource: Resource | None
    volumes: tuple[VolumeId, ...]


def is_silent(tx: Tx, agent: AgentId, now: datetime) -> bool:
    """Whether it was heard once, and is not now."""
    row = _HEARD.first(tx, {"agent": agent})
    return row is not None and row.heard_at is not None and not is_heard_of(row.heard_at, now)


def note_pending(
    tx: Tx,
    known: Wanted,
    hold: Hold | None,
    now: datetime,
    spec: Mapping[str, object] | None = None,
) -> None:
    """Keep the words of before, if its site cannot be told now: to be called before a change.

    `spec` is what the standard's document says, for what was asked for there.
    """
    if hold is not None and is_silent(tx, hold.agent, now):
        before = {
            **wish_to_row(known),
            _ENDING: hold.is_ending,
            _RESTARTING: known.is_restarting,
            _SPEC: spec,
        }
        _KEEP.run(tx, {"b_id": known.id, "before": before, "pending_since": now})


def note_ending_volumes(tx: Tx, instance: InstanceId, ids: Iterable[VolumeId]) -> None:
    """Remember that these are to end with it, where what was asked for it waits."""
    mine = instances.c.id == instance
    before = tx.scalar(sa.select(instances.c.before).where(mine))
    if before is not None:
        more = before | {_VOLUMES: [*before.get(_VOLUMES, ()), *ids]}
        tx.execute(sa.update(instances).where(mine).values(before=more))


def note_told(tx: Tx, agent: AgentId) -> None:
    """A manifest was cut for it: from here on the site may know."""
    _TOLD.run(tx, {"agent": agent})


def take_back(tx: Tx, address: Address, now: datetime) -> TakenBack:
    """Make it what it was before, and its volumes too.

    Raises `NotFound`, `NotPending` where nothing waits, `Told` where one of its volumes has grown
    already, and `Conflict` where what it had or was in has gone since.
    """
    wanted = find_instance(tx, address)
    if wanted is None:
        raise NotFound(f"there is no instance {address.name!r} in {address.workspace!r}")
    row = tx.execute(sa.select(instances).where(instances.c.id == wanted.id)).one()
    hold = get_hold(tx, wanted.id)
    if row.before is None or hold is None:
        raise NotPending(
            f"nothing that was asked for {address.name} waits for its site",
            hint="what a site may know already is undone by asking for what is wanted instead",
        )
    before: dict[str, Any] = dict(row.before)
    since: datetime = row.pending_since
    was_ending, spec = before.pop(_ENDING), before.pop(_SPEC, None)
    kept = tuple(VolumeId(one) for one in before.pop(_VOLUMES, ()))
    before["restarts"] = row.restarts_done + before.pop(_RESTARTING, False)
    as_before: Any = SimpleNamespace(**{**row._mapping, **before})
    then = replace(wanted_from_row(as_before), is_ended=False)
    if row.boot_volume is not None:
        then = replace(then, spec=replace(then.spec, disk_mib=row.disk_mib))
        before["disk_mib"] = row.disk_mib  # its own volume's size, which has a note of its own
    changed = [*_keep_volumes(tx, kept, now), *_disks_as_before(tx, (wanted, then), since, now)]
    _refuse_lost_volumes(tx, then)
    values = {**before, "is_ended": False, "before": sa.null(), "pending_since": None}
    this = sa.update(instances).where(instances.c.id == wanted.id)
    tx.execute(this.values(**values, home=None, generation=instances.c.generation + 1))
    ending = sa.update(holds).where(holds.c.instance_id == wanted.id)
    # Who confirmed an end that nobody was told confirmed none of those to come.
    confirmed = {} if was_ending else {"is_confirmed": False}
    tx.execute(ending.values(is_ending=was_ending, **confirmed))
    resource = resource_as_before(tx, wanted.id, spec, now)
    return TakenBack(wanted, then, hold, resource, tuple(changed))


def _refuse_lost_volumes(tx: Tx, then: Wanted) -> None:
    """What it had may have been ended, or given to another, while it did not want it."""
    for volume in then.volumes:
        found = find_volume(tx, volume)
        is_there = found is not None and not found.wanted.is_ended and not found.is_leaving
        if found is None or not is_there or found.instance not in (None, then.id):
            name = found.wanted.name if found is not None else volume
            raise Conflict(
                f"the volume {name} that {then.address.name} had is another's by now, or is to end",
                hint="what waits there is taken back first",
            )


def _keep_volumes(tx: Tx, kept: Iterable[VolumeId], now: datetime) -> Iterator[VolumeId]:
    for volume in kept:
        record = find_volume(tx, volume)
        if record is not None:
            keep_volume(tx, record, now)
            yield volume


def _disks_as_before(
    tx: Tx, wishes: tuple[Wanted, Wanted], since: datetime, now: datetime
) -> Iterator[VolumeId]:
    """Those of its own that grew are as large as they were; those that were made since go."""
    wanted, then = wishes
    sizes, address = {disk.name: disk.size_mib for disk in then.disks}, wanted.address
    for disk in wanted.disks:
        name = name_of_disk(address.name, disk.name)
        record = find_by_name(tx, address.tenant, address.workspace, name)
        if record is None:
            continue
        if disk.name not in sizes:
            is_free = record.instance in (None, wanted.id)
            if record.wanted.created_at >= since and is_free and not record.is_made:
                unmake_volume(tx, record)
                yield record.wanted.id
        elif record.wanted.size_mib > sizes[disk.name]:
            take_back_volume(tx, record, now, least_mib=sizes[disk.name])
            yield record.wanted.id
