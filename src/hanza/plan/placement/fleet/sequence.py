"""A large group, one member after another, each at its best host: all of them, or none.

Not exact: who comes first takes what a later one may have needed more.  So bound ones come first,
because nobody else can make room for them, then those that others want to be beside, then those
that fewest hosts may run, and of these the largest.  Shares are of the whole group, and a number of
different places is enforced as soon as those to come could not make it up.  Who would rather be
beside something is put there wherever that can be had.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from hanza.model.quota import NONE as NOTHING
from hanza.model.quota import Amounts
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.fitting import find_fitting, option_at
from hanza.plan.placement.fleet.host import Standing, instant
from hanza.plan.placement.fleet.together import Turn, best_beside, is_met, waits_of, wishes_of
from hanza.plan.placement.score import Option


def place_in_turn(
    decider: Decider, demands: Sequence[Demand], neighbours: Sequence[Standing], now: int
) -> tuple[Option, ...] | Demand | None:
    """An option for each demand, in their order; or the first that no host may run, if any.  The
    fleet is left as it was."""
    turn = _Turn(decider, demands, neighbours, now)
    asked = {one.asks: one for one in reversed(demands)}
    fitting = {asks: len(find_fitting(decider, one, now).rows) for asks, one in asked.items()}
    if not all(fitting.values()):
        return next(one for one in demands if not fitting[one.asks])
    waits = waits_of(demands)
    order = sorted(range(len(demands)), key=lambda at: _turn_of(demands[at], fitting, waits))
    try:
        is_placed = all(turn.place(at) for at in order) and turn.is_together()
    finally:
        turn.give_back()
    return turn.options() if is_placed else None


def _turn_of(
    demand: Demand, fitting: Mapping[object, int], waits: Mapping[str | None, int]
) -> tuple[bool, int, int, int, int]:
    size = demand.size
    wait = waits[demand.component]
    return not _is_bound(demand), wait, fitting[demand.asks], -size.memory_mib, -size.cpus


def _is_bound(demand: Demand) -> bool:
    return demand.home is not None or bool(demand.pin.volumes)


class _Turn:
    """What was chosen so far; room and ports are taken while it goes on."""

    def __init__(
        self,
        decider: Decider,
        demands: Sequence[Demand],
        neighbours: Sequence[Standing],
        now: int,
    ) -> None:
        self._decider, self._demands, self._now = decider, demands, now
        rows = decider.inventory.rows
        self._to_come = Counter(one.component for one in demands)
        self._standing: dict[str | None, list[int]] = {one: [] for one in self._to_come}
        self._standing |= {
            beside.name: []
            for one in demands
            for beside in one.policy.besides
            if beside.kind == "component" and beside.name not in self._standing
        }
        for one in neighbours:
            if one.component in self._standing and one.host in rows:
                self._standing[one.component].append(rows[one.host])
        self._options: dict[int, Option] = {}
        self._taken: list[tuple[int, Demand]] = []

    def place(self, at: int) -> bool:
        """Take the best host for this one; no, when there is none."""
        demand = self._demands[at]
        self._to_come[demand.component] -= 1
        option = self._bound(demand) if _is_bound(demand) else self._free(demand)
        if option is None:
            return False
        row = self._decider.inventory.rows[option.candidate.host]
        self._options[at] = option
        self._taken.append((row, demand))
        self._standing[demand.component].append(row)
        inventory = self._decider.inventory
        inventory.take(inventory.hosts[row], demand.room, dict.fromkeys(demand.ports))
        self._count(row, demand, demand.cost)
        return True

    def _count(self, row: int, demand: Demand, amounts: Amounts) -> None:
        inventory = self._decider.inventory
        inventory.count(inventory.hosts[row], demand.tenant, amounts)

    def give_back(self) -> None:
        inventory = self._decider.inventory
        for row, demand in self._taken:
            inventory.give(inventory.hosts[row], demand.room, demand.ports)
            self._count(row, demand, NOTHING - demand.cost)

    def options(self) -> tuple[Option, ...]:
        """With candidates as they were before."""
        inventory = self._decider.inventory
        found = (self._options[at] for at in range(len(self._demands)))
        return tuple(
            Option(
                inventory.candidate_at(inventory.rows[one.candidate.host], self._now),
                one.total,
                one.terms,
            )
            for one in found
        )

    def is_together(self) -> bool:
        """Whether all are beside whom they have to be beside: those may have come later."""
        return all(
            is_met(self._decider.inventory, row, wish)
            for row, demand in self._taken
            for wish in wishes_of(self._decider.inventory, demand, self._standing)
            if wish.is_hard
        )

    def _free(self, demand: Demand) -> Option | None:
        ask = self._decider.inventory.asks.of(demand)
        standing = self._standing[demand.component] if demand.component is not None else []
        wishes = wishes_of(self._decider.inventory, demand, self._standing)
        hard = [one for one in wishes if one.is_hard]
        for asked in (wishes, hard) if len(hard) < len(wishes) else (hard,):
            turn = Turn(demand, standing, self._now, self._to_come[demand.component])
            found = best_beside(self._decider, ask, turn, asked)
            if found is not None:
                return found
        return None

    def _bound(self, demand: Demand) -> Option | None:
        inventory = self._decider.inventory
        standing = self._standing[demand.component] if demand.component is not None else []
        chosen = self._decider.choose(
            demand, [inventory.hosts[row] for row in standing], instant(self._now)
        )
        if chosen is None:
            return None
        hosts = {demand.home, *(one.host for one in demand.pin.volumes)}
        if not isinstance(chosen, str) or chosen not in hosts:
            return self._free(demand)
        fitting = find_fitting(self._decider, demand, self._now)
        at = int(np.flatnonzero(fitting.rows == inventory.rows[chosen])[0])
        return option_at(fitting, at, inventory.candidate_at(inventory.rows[chosen], self._now))
