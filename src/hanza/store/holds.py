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
from hanza.store.prepared import Prepared
from hanza.store.schema import held_ports, holds, hosts, instances
from hanza.store.tx import Tx

_HOLD_OF = Prepared(sa.select(holds).where(holds.c.instance_id == sa.bindparam("instance")))


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
    if tx.scalar(sa.select(holds.c.instance_id).where(holds.c.instance_id == instance)):
        return False
    if _are_taken(tx, host, ports):
        return False
    agent = take_room(tx, host, size)
    if agent is None:
        return False
    _take_ports(tx, instance, host, ports)
    next_run = (
        sa.update(instances)
        .where(instances.c.id == instance)
        .values(runs=instances.c.runs + 1)
        .returning(instances.c.runs)
    )
    tx.execute(
        sa.insert(holds).values(
            instance_id=instance,
            run_epoch=tx.execute(next_run).scalar_one(),
            host_id=host,
            agent_id=agent,
            cpus=size.cpus,
            memory_mib=size.memory_mib,
            disk_mib=size.disk_mib,
            taken_at=now,
        )
    )
    return True


def _are_taken(tx: Tx, host: HostId, ports: Sequence[int]) -> bool:
    taken = sa.select(held_ports.c.port).where(
        held_ports.c.host_id == host, held_ports.c.port.in_(ports)
    )
    return bool(ports) and tx.scalar(taken.limit(1)) is not None


def _take_ports(tx: Tx, instance: InstanceId, host: HostId, ports: Sequence[int]) -> None:
    """Whoever takes a port has written the host's row before, so two never get here at once."""
    if ports:
        rows = [{"host_id": host, "port": one, "instance_id": instance} for one in ports]
        tx.execute(sa.insert(held_ports), rows)


def take_room(tx: Tx, host: HostId, size: Capacity) -> AgentId | None:
    """The guarded update: the host's agent, or None when the room is not there any more."""
    taken = (
        sa.update(hosts)
        .where(
            hosts.c.id == host,
            hosts.c.is_offered,
            hosts.c.cpus - hosts.c.held_cpus >= size.cpus,
            hosts.c.memory_mib - hosts.c.held_memory_mib >= size.memory_mib,
            hosts.c.disk_mib - hosts.c.held_disk_mib >= size.disk_mib,
        )
        .values(
            held_cpus=hosts.c.held_cpus + size.cpus,
            held_memory_mib=hosts.c.held_memory_mib + size.memory_mib,
            held_disk_mib=hosts.c.held_disk_mib + size.disk_mib,
        )
        .returning(hosts.c.agent_id)
    )
    row = tx.execute(taken).one_or_none()
    return None if row is None else AgentId(row.agent_id)


def give_room(tx: Tx, host: HostId, size: Capacity) -> None:
    tx.execute(
        sa.update(hosts)
        .where(hosts.c.id == host)
        .values(
            held_cpus=hosts.c.held_cpus - size.cpus,
            held_memory_mib=hosts.c.held_memory_mib - size.memory_mib,
            held_disk_mib=hosts.c.held_disk_mib - size.disk_mib,
        )
    )


def end_hold(tx: Tx, mark: Mark) -> None:
    """Turn a hold into a tombstone.  Its room stays taken until the site says that it is gone."""
    tx.execute(sa.update(holds).where(*_is(mark)).values(is_ending=True))


def release_hold(tx: Tx, mark: Mark) -> bool:
    """Give the room and the ports back, once; False when it was given back before."""
    row = tx.execute(sa.delete(holds).where(*_is(mark)).returning(holds)).one_or_none()
    if row is None:
        return False
    tx.execute(sa.delete(held_ports).where(held_ports.c.instance_id == mark.owner))
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


def _is(mark: Mark) -> tuple[sa.ColumnElement[bool], ...]:
    return holds.c.instance_id == mark.owner, holds.c.run_epoch == mark.run_epoch
