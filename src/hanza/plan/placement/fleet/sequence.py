"""A large group, one member after another, each at its best host: all of them, or none.

Not exact: who comes first takes what a later one may have needed more.  So bound ones come first,
because nobody else can make room for them, then those that others want to be beside, then those
that fewest hosts may run, and of these the largest.  Shares are of the whole group, and a number of
different places is enforced as soon as those to come could not make it up.  Who would rather be
beside something is put there wherever that can be had.  Where one finds no place, another that has
one goes elsewhere for it, if that helps; `large` does more for those whose rules numbers can tell.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from hanza.model.capacity import Capacity
from hanza.model.quota import NONE as NOTHING
from hanza.model.quota import Amounts
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.host import Standing, instant
from hanza.plan.placement.fleet.layout import NONE
from hanza.plan.placement.fleet.together import Turn, best_beside, is_met, waits_of, wishes_of

TRIES_MAX = 512
"""How many that have a place are sent elsewhere on trial, for all of a group that find none."""


def place_in_turn(
    decider: Decider,
    demands: Sequence[Demand],
    neighbours: Sequence[Standing],
    now: int,
    fitting: Sequence[int],
    *,
    mends: bool = True,
) -> list[int] | None:
    """The row of each demand, in their order, or None when not all have one; `fitting` counts the
    hosts that may run each.  Unless it `mends`, `NONE` is the row of those that find no place.  The
    fleet is left as it was."""
    turn = _Turn(decider, demands, neighbours, now)
    waits = waits_of(demands)
    order = sorted(range(len(demands)), key=lambda at: _turn_of(demands[at], fitting[at], waits))
    try:
        is_placed = all(turn.place(at) or not mends or turn.mend(at) for at in order)
        is_placed = is_placed and turn.is_together()
    finally:
        turn.give_back()
    return [turn.rows.get(at, NONE) for at in range(len(demands))] if is_placed else None


def _turn_of(
    demand: Demand, fitting: int, waits: Mapping[str | None, int]
) -> tuple[bool, int, int, int, int]:
    size = demand.size
    return not is_bound(demand), waits[demand.component], fitting, -size.memory_mib, -size.cpus


def is_bound(demand: Demand) -> bool:
    """Whether it has a host that is not like the others to it: its home, or its volumes'."""
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
        self.rows: dict[int, int] = {}
        self._tries = TRIES_MAX

    def place(self, at: int) -> bool:
        """Take the best host for this one; no, when there is none."""
        demand = self._demands[at]
        self._to_come[demand.component] -= 1
        row = self._bound(demand) if is_bound(demand) else self._free(demand)
        if row == NONE:
            self._to_come[demand.component] += 1
            return False
        self._put(at, row)
        return True

    def mend(self, at: int) -> bool:
        """Find a place for this one, by another that goes elsewhere for it; of those that ask the
        same at one host only the first is tried."""
        tried: set[tuple[int, int, Capacity]] = set()
        for other, row in list(self.rows.items()):
            mate = self._demands[other]
            # Who asks the same has most often the same policy, and the same object of it.
            alike = (row, id(mate.policy), mate.size)
            if is_bound(mate) or alike in tried or not self._tries:
                continue
            tried.add(alike)
            self._tries -= 1
            self._leave(other)
            if self.place(at):
                if self.place(other):
                    return True
                self._leave(at)
            self._to_come[mate.component] -= 1
            self._put(other, row)
        return False

    def _put(self, at: int, row: int) -> None:
        demand, inventory = self._demands[at], self._decider.inventory
        self.rows[at] = row
        self._standing[demand.component].append(row)
        inventory.take(inventory.hosts[row], demand.room, dict.fromkeys(demand.ports))
        self._count(row, demand, demand.cost)

    def _leave(self, at: int) -> None:
        demand, row = self._demands[at], self.rows.pop(at)
        self._to_come[demand.component] += 1
        self._standing[demand.component].remove(row)
        self._give(row, demand)

    def _give(self, row: int, demand: Demand) -> None:
        inventory = self._decider.inventory
        inventory.give(inventory.hosts[row], demand.room, demand.ports)
        self._count(row, demand, NOTHING - demand.cost)

    def _count(self, row: int, demand: Demand, amounts: Amounts) -> None:
        inventory = self._decider.inventory
        inventory.count(inventory.hosts[row], demand.tenant, amounts)

    def give_back(self) -> None:
        for at, row in self.rows.items():
            self._give(row, self._demands[at])

    def is_together(self) -> bool:
        """Whether all are beside whom they have to be beside: those may have come later."""
        return all(
            is_met(self._decider.inventory, row, wish)
            for at, row in self.rows.items()
            for wish in wishes_of(self._decider.inventory, self._demands[at], self._standing)
            if wish.is_hard
        )

    def _free(self, demand: Demand) -> int:
        ask = self._decider.inventory.asks.of(demand)
        standing = self._standing[demand.component] if demand.component is not None else []
        wishes = wishes_of(self._decider.inventory, demand, self._standing)
        hard = [one for one in wishes if one.is_hard]
        for asked in (wishes, hard) if len(hard) < len(wishes) else (hard,):
            turn = Turn(demand, standing, self._now, self._to_come[demand.component])
            found = best_beside(self._decider, ask, turn, asked)
            if found != NONE:
                return found
        return NONE

    def _bound(self, demand: Demand) -> int:
        inventory = self._decider.inventory
        standing = self._standing[demand.component] if demand.component is not None else []
        chosen = self._decider.choose(
            demand, [inventory.hosts[row] for row in standing], instant(self._now)
        )
        if chosen is None:
            return NONE
        hosts = {demand.home, *(one.host for one in demand.pin.volumes)}
        if not isinstance(chosen, str) or chosen not in hosts:
            return self._free(demand)
        return inventory.rows[chosen]
