"""Holds on the room of a host: the one thing that makes optimistic placement safe.

The room is kept on the host's own row and taken by a guarded update, so a decision made on an
old snapshot can be late but never wrong, and no transaction sums over the holds of others.  An
instance has at most one hold, so it is never placed twice.  The ports that it publishes are taken
with it: a port of a host leads to one guest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.model.capacity import Capacity
from hanza.model.guest import Mark
from hanza.model.ids import AgentId, HostId, InstanceId
from hanza.store.changes import note_change
from hanza.store.prepared import Prepared, inserting
from hanza.store.schema import held_ports, holds, hosts, instances
from hanza.store.tx import Tx

_ROOM = ("cpus", "memory_mib", "disk_mib")
_SIZES = {name: sa.bindparam(name, type_=sa.BigInteger) for name in _ROOM}
_HELD = {name: hosts.c[f"held_{name}"] for name in _ROOM}
_THIS_HOST = hosts.c.id == sa.bindparam("b_id")
_HOLD_OF = Prepared(sa.select(holds).where(holds.c.instance_id == sa.bindparam("instance")))
_TAKE_ROOM = Prepared(
    sa.update(hosts)
    .where(
        _THIS_HOST,
        hosts.c.is_offered,
        sa.not_(hosts.c.is_withheld),
        # What does not grow is allowed even on an over-full host.
        *(sa.or_(_SIZES[name] <= 0, hosts.c[name] - _HELD[name] >= _SIZES[name]) for name in _ROOM),
    )
    .values({_HELD[name]: _HELD[name] + _SIZES[name] for name in _ROOM})
    .returning(hosts.c.agent_id)
)
_GIVE_ROOM = Prepared(
    sa.update(hosts)
    .where(_THIS_HOST)
    .values({_HELD[name]: _HELD[name] - _SIZES[name] for name in _ROOM})
)
_NEXT_RUN = Prepared(
    sa.update(instances)
    .where(instances.c.id == sa.bindparam("b_id"))
    .values(runs=instances.c.runs + 1)
    .returning(instances.c.runs)
)
_INSERT = Prepared(
    inserting(
        holds, "instance_id", "run_epoch", "host_id", "agent_id", *_ROOM, "taken_at", "is_ending"
    )
)
_THIS_HOLD = (
    holds.c.instance_id == sa.bindparam("b_id"),
    holds.c.run_epoch == sa.bindparam("b_run"),
)
_END = Prepared(sa.update(holds).where(*_THIS_HOLD).values(is_ending=True))
_RELEASE = Prepared(sa.delete(holds).where(*_THIS_HOLD).returning(holds))
_GIVE_PORTS = Prepared(
    sa.delete(held_ports).where(held_ports.c.instance_id == sa.bindparam("b_id"))
)


@dataclass(frozen=True, slots=True)
class Hold:
    """Room taken at one host for one run of an instance; `is_ending` makes it a tombstone."""

    mark: Mark
    host: HostId
    agent: AgentId
    size: Capacity
    is_ending: bool


def take_hold(
    tx: Tx,
    instance: InstanceId,
    host: HostId,
    size: Capacity,
    now: datetime,
    ports: Sequence[int] = (),
) -> bool:
    """Take room and ports on one host if they are still there; False when someone was faster.

    The run epoch grows with every hold, so no two runs of an instance bear the same mark.
    """
    if _HOLD_OF.first(tx, {"instance": instance}) is not None or _are_taken(tx, host, ports):
        return False
    agent = take_room(tx, host, size)
    if agent is None:
        return False
    _take_ports(tx, instance, host, ports)
    run = _NEXT_RUN.first(tx, {"b_id": instance})
    assert run is not None, "whoever gets a hold is there"
    values = {
        "instance_id": instance,
        "run_epoch": run.runs,
        "host_id": host,
        "agent_id": agent,
        "taken_at": now,
        "is_ending": False,
    }
    _INSERT.run(tx, values | _sized(size))
    return True


def _are_taken(tx: Tx, host: HostId, ports: Sequence[int]) -> bool:
    if not ports:
        return False
    taken = sa.select(held_ports.c.port).where(
        held_ports.c.host_id == host, held_ports.c.port.in_(ports)
    )
    return tx.scalar(taken.limit(1)) is not None


def _take_ports(tx: Tx, instance: InstanceId, host: HostId, ports: Sequence[int]) -> None:
    """Whoever takes a port has written the host's row before, so two never get here at once."""
    if ports:
        rows = [{"host_id": host, "port": one, "instance_id": instance} for one in ports]
        tx.execute(sa.insert(held_ports), rows)


def take_room(tx: Tx, host: HostId, size: Capacity) -> AgentId | None:
    """The guarded update: the host's agent, or None when the room is not there any more."""
    row = _TAKE_ROOM.first(tx, {"b_id": host, **_sized(size)})
    if row is None:
        return None
    note_change(tx, "host", host)
    return AgentId(row.agent_id)


def give_room(tx: Tx, host: HostId, size: Capacity) -> None:
    _GIVE_ROOM.run(tx, {"b_id": host, **_sized(size)})
    note_change(tx, "host", host)


def _sized(size: Capacity) -> dict[str, int]:
    return {"cpus": size.cpus, "memory_mib": size.memory_mib, "disk_mib": size.disk_mib}


def end_hold(tx: Tx, mark: Mark) -> None:
    """Turn a hold into a tombstone.  Its room stays taken until the site says that it is gone."""
    _END.run(tx, _named(mark))


def release_hold(tx: Tx, mark: Mark) -> bool:
    """Give the room and the ports back, once; False when it was given back before."""
    row = _RELEASE.first(tx, _named(mark))
    if row is None:
        return False
    _GIVE_PORTS.run(tx, {"b_id": mark.owner})
    give_room(tx, HostId(row.host_id), Capacity(row.cpus, row.memory_mib, row.disk_mib))
    return True


def get_hold(tx: Tx, instance: InstanceId) -> Hold | None:
    row = _HOLD_OF.first(tx, {"instance": instance})
    return None if row is None else _hold_from_row(row)


def _hold_from_row(row: sa.Row[tuple[object, ...]]) -> Hold:
    return Hold(
        mark=Mark(InstanceId(row.instance_id), row.run_epoch),
        host=HostId(row.host_id),
        agent=AgentId(row.agent_id),
        size=Capacity(row.cpus, row.memory_mib, row.disk_mib),
        is_ending=row.is_ending,
    )


def _named(mark: Mark) -> dict[str, str | int]:
    return {"b_id": mark.owner, "b_run": mark.run_epoch}
