"""One decision: what is asked, brought to the columns, and the host that they name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from hanza.model.ids import HostId
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import Placed, place_group
from hanza.plan.placement.fleet import kernels
from hanza.plan.placement.fleet.asks import Ask
from hanza.plan.placement.fleet.host import microseconds
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.layout import (
    FOUND,
    IS_TIED,
    NONE,
    SITE_COLUMNS,
    SPREAD_COLUMNS,
    Needs,
)
from hanza.plan.placement.spread import Group, shortfall

NO_PORTS = np.zeros(0, np.int32)
NO_ROWS = np.zeros(0, np.int64)
NO_SPREADS = np.zeros((0, SPREAD_COLUMNS), np.int64)


@dataclass(frozen=True, slots=True)
class Unclear:
    """Columns cannot tell: of the best two the ids start alike, or soft spreads overlap."""


UNCLEAR = Unclear()


class Decider:
    """Decides on an inventory, plain or compiled."""

    def __init__(
        self, inventory: Inventory, may_compile: Callable[[], bool] = lambda: True
    ) -> None:
        """`may_compile` is asked for what is only there as machine code, whatever the size."""
        self.inventory = inventory
        self._may_compile = may_compile
        self._decide: Callable[..., int] = kernels.decide.plain
        self.list_fitting: Callable[..., int] = kernels.list_fitting.plain
        self.count_points: Callable[..., None] = kernels.count_points.plain
        self._found = np.zeros(FOUND, np.int64)
        self._counts = np.zeros(SITE_COLUMNS + 1, np.int64)

    def compile(self) -> None:
        self.inventory.columns.compile()
        self._decide = kernels.decide.fast
        self.list_fitting, self.count_points = kernels.list_fitting.fast, kernels.count_points.fast

    @property
    def may_solve(self) -> bool:
        """Whether `batch` and `bound` can be used, which plain would take many times as long."""
        return self.inventory.columns.is_compiled or self._may_compile()

    def choose(
        self, demand: Demand, standing: Sequence[HostId], now: datetime
    ) -> HostId | Unclear | None:
        """`standing` are the hosts of its component's replicas."""
        inventory = self.inventory
        ask = inventory.asks.of(demand)
        if demand.pin.volumes or demand.home is not None:
            bound = self._bound(demand, standing, now)
            if bound is not UNCLEAR:
                return bound
        rows = [inventory.rows[one] for one in standing if one in inventory.rows]
        if rows and not ask.is_simple:
            return UNCLEAR
        row = self.decide(ask, demand, rows, microseconds(now))
        if row == NONE:
            return None
        return UNCLEAR if self._found[IS_TIED] else inventory.hosts[row]

    def decide(self, ask: Ask, demand: Demand, rows: list[int], now: int, to_come: int = 0) -> int:
        """The row of the best host, or `NONE`, next to replicas on `rows`."""
        if not self.inventory.rows:
            return NONE
        needs = self.needs(demand, now, to_come, len(set(rows)))
        standing = np.array(rows, np.int64) if rows else NO_ROWS
        asks, columns = self.inventory.asks, self.inventory.columns
        return self._decide(
            columns.world,
            (ask.allowed, ask.totals),
            (asks.values, ask.measures, ask.weights, ask.best),
            (
                ask.spreads if rows else NO_SPREADS,
                standing,
                self._counts,
                columns.marks.tables[0],
            ),
            needs,
            self._found,
        )

    def needs(self, demand: Demand, now: int, to_come: int = 0, on_hosts: int = 0) -> Needs:
        size, since = demand.size, now - self.inventory.heard_within
        disk = size.disk_mib - demand.pin.held_mib
        need = np.array([size.cpus, size.memory_mib, disk, since, now, to_come, on_hosts])
        return need, np.array(demand.ports, np.int32) if demand.ports else NO_PORTS

    def _bound(
        self, demand: Demand, standing: Sequence[HostId], now: datetime
    ) -> HostId | Unclear | None:
        """Where its volumes are, or its home if it may stay there; `UNCLEAR` when it is free."""
        hosts = [one.host for one in demand.pin.volumes if one.host is not None]
        if not hosts and any(one.taken_by or one.is_leaving for one in demand.pin.volumes):
            return None
        if not hosts and demand.home is None:
            return UNCLEAR
        host = hosts[0] if hosts else demand.home
        assert host is not None, "one of the two is there"
        if host in self.inventory and self.may_stand(demand, host, standing, microseconds(now)):
            return host
        return None if hosts else UNCLEAR

    def may_stand(
        self,
        demand: Demand,
        host: HostId,
        standing: Sequence[HostId],
        now: int,
        to_come: int = 0,
    ) -> bool:
        """Whether this host may run it next to these replicas, with so many to come after it,
        whatever company it wants."""
        rows, at = self.inventory.rows, self.inventory.candidate_at
        one, spreads = at(rows[host], now), demand.policy.spreads
        settled = tuple(at(rows[other], now) for other in standing if other in rows)
        group = Group(settled, 1 + to_come, spreads if demand.component is not None else ())
        if any(it.is_hard and shortfall(it, group, [one]) for it in group.spreads):
            return False
        besides = tuple(it for it in demand.policy.besides if it.kind != "component")
        alone = replace(demand, policy=replace(demand.policy, besides=besides, spreads=()))
        return isinstance(place_group([alone], [one]), Placed)
