"""A fleet on trial: what is taken of it and given back is put back when the trial is over.

As `field.Field` says.  What it told may be read after that: it is as it was when it was told.
"""

from collections.abc import Callable, Sequence
from copy import copy

import numpy as np

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.quota import NONE, Amounts
from hanza.plan.placement.candidate import Candidate, Demand, Ground, Neighbour
from hanza.plan.placement.choose import Placed
from hanza.plan.placement.explain import Explanation, words_of_refusal
from hanza.plan.placement.fleet import group
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.explain import Explainer
from hanza.plan.placement.fleet.fitting import find_fitting
from hanza.plan.placement.fleet.group import Stuck
from hanza.plan.placement.fleet.host import Standing, instant
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.large import Large
from hanza.plan.placement.fleet.prove import prove_placed
from hanza.plan.placement.fleet.refusals import crowds_of
from hanza.plan.placement.proof import Proof
from hanza.plan.placement.terms import amounts_of, grounds_with


class Trial:
    """Of the hosts as they were when it began; nobody else may change them meanwhile."""

    def __init__(self, decider: Decider, now: int) -> None:
        self._decider, self._now = decider, now
        self._undo: list[Callable[[], None]] = []
        self._base: Inventory | None = None
        self._touched: set[int] = set()
        self._said: dict[object, Explanation] = {}

    def candidate(self, host: HostId) -> Candidate | None:
        row = self._inventory.rows.get(host)
        return None if row is None else self._inventory.candidate_at(row, self._now)

    def place(self, demands: Sequence[Demand], standing: Sequence[Standing]) -> Placed | Stuck:
        return group.place(self._decider, demands, standing, instant(self._now))

    def proof(
        self, demands: Sequence[Demand], standing: Sequence[Standing], placed: Placed
    ) -> Proof | None:
        if placed.is_exact:
            return None
        rows = [self._inventory.rows[one.candidate.host] for one in placed.options]
        large = Large(self._decider, demands, self._now)
        return prove_placed(large, np.array(rows, np.int64), standing)

    def refusal(self, demands: Sequence[Demand], stuck: Stuck) -> str:
        one, said = stuck.demand, None
        if one is not None:
            said = one.name, Explainer(self._decider, one, (), self._now).sentence()
        return words_of_refusal(said, demands, is_exact=stuck.is_exact)

    def explain(self, demand: Demand, standing: Sequence[Standing]) -> Explanation:
        asked = (demand, tuple(standing))
        if asked not in self._said:
            beside = self._neighbours(standing)
            explainer = Explainer(self._decider, demand, beside, self._now, self._frozen)
            self._said[asked] = explainer.explanation()
        return self._said[asked]

    def may(self, demand: Demand, host: HostId) -> bool:
        fitting = find_fitting(self._decider, demand, self._now, is_ordered=False)
        return self._inventory.rows[host] in fitting.rows

    def points(
        self, demand: Demand, standing: Sequence[Standing], host: HostId
    ) -> tuple[int | None, int]:
        fitting = find_fitting(self._decider, demand, self._now, is_ordered=False)
        free = np.ones(len(fitting.rows), np.bool_)
        for crowd in crowds_of(self._decider, demand, self._neighbours(standing), fitting.rows):
            free &= ~crowd.mask
        at = np.flatnonzero(free & (fitting.rows == self._inventory.rows[host]))
        most = int(fitting.totals[free].max(initial=0))
        return (int(fitting.totals[at[0]]) if len(at) else None), most

    def take(self, host: HostId, demand: Demand) -> None:
        ports = dict.fromkeys(demand.ports)
        self._changed(host, lambda: self._inventory.take(host, demand.room, ports))
        self._count(host, demand.tenant, demand.cost)

    def leave(self, host: HostId, instance: InstanceId, tenant: str, room: Capacity) -> None:
        known = self._inventory.ports_at(self._inventory.rows[host])
        ports = [port for port, whose in known.items() if whose == instance]
        self._changed(host, lambda: self._inventory.give(host, room, ports))
        self._count(host, tenant, NONE - amounts_of(room))

    def mark(self) -> int:
        return len(self._undo)

    def undo(self, mark: int = 0) -> None:
        self._said.clear()
        while len(self._undo) > mark:
            self._undo.pop()()

    @property
    def _inventory(self) -> Inventory:
        return self._decider.inventory

    def _changed(self, host: HostId, change: Callable[[], None]) -> None:
        inventory, row = self._inventory, self._inventory.rows[host]
        free = inventory.candidate_at(row, self._now).free
        ports = inventory.ports_at(row)

        def put_back() -> None:
            more = free - inventory.candidate_at(row, self._now).free
            inventory.columns.add_room(row, more.cpus, more.memory_mib, more.disk_mib)
            inventory.set_ports(row, ports)
            self._touched.add(row)

        self._undo.append(put_back)
        self._touched.add(row)
        self._said.clear()
        change()

    def _count(self, host: HostId, tenant: str, amounts: Amounts) -> None:
        inventory, row = self._inventory, self._inventory.rows[host]
        ground = inventory.asks.grounds[inventory.columns.site_of(row)]
        if ground.terms is None:
            return
        known = {one.site: one for one in inventory.asks.grounds}
        changed = grounds_with(known.values(), [(ground, tenant, amounts)])
        self._undo.append(lambda: self._put([known[one.site] for one in changed]))
        self._put(changed)

    def _put(self, grounds: Sequence[Ground]) -> None:
        for one in grounds:
            self._inventory.put_ground(one)

    def _neighbours(self, standing: Sequence[Standing]) -> list[Neighbour]:
        known = ((one.component, self.candidate(one.host)) for one in standing)
        return [Neighbour(name, one) for name, one in known if one is not None]

    def _frozen(self) -> Inventory:
        """One copy for the whole trial, and the few hosts that are another now."""
        if self._base is None:
            self._base, self._touched = self._inventory.frozen(), set()
        found = _Seen.of(self._base)
        found.asks = copy(found.asks)
        found.asks.grounds = self._inventory.asks.grounds.copy()
        at = self._inventory.candidate_at
        found.known = {row: at(row, self._now) for row in self._touched}
        return found


class _Seen(Inventory):
    """A frozen one with hosts that were seen later."""

    known: dict[int, Candidate]

    @classmethod
    def of(cls, frozen: Inventory) -> "_Seen":
        found = cls.__new__(cls)
        found.__dict__.update(frozen.__dict__)
        return found

    def candidate_at(self, row: int, now: int) -> Candidate:
        return self.known[row] if row in self.known else super().candidate_at(row, now)
