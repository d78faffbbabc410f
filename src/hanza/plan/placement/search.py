"""The search for the best hosts of several demands: exact, and bounded.

The best is the largest sum of points, less a fine for each replica that a soft spread misses; of
equals the first in the order of each member's own preference.  It is exact as long as it ends
within `STEPS_MAX` steps, which five replicas on six hosts always do; after that the best found so
far stands, and whoever asked is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.score import FULL, Option
from hanza.plan.placement.spread import Group, shortfall

STEPS_MAX = 20_000
SOFT_FINE = FULL // 4


@dataclass(frozen=True, slots=True)
class Member:
    """A demand with the hosts that may run it, best first; there is at least one."""

    demand: Demand
    options: Sequence[Option]


@dataclass(slots=True)
class Search:
    """Depth first, each member's best host first, branches that cannot win left out."""

    members: list[Member]
    groups: dict[str, Group]
    free: dict[HostId, Capacity]
    chosen: list[Option] = field(default_factory=list)
    best: tuple[Option, ...] | None = None
    best_total: int = 0
    steps: int = 0

    def descend(self, index: int, points: int) -> None:
        """Try every host for the member at `index` that may still lead to something better.

        What comes to the end is better than the best so far, or it had been left out.
        """
        if index == len(self.members):
            self.best, self.best_total = tuple(self.chosen), points - self._fines()
            return
        size = self.members[index].demand.size
        to_come = sum(one.options[0].total for one in self.members[index + 1 :])
        for option in self.members[index].options:
            if self.steps >= STEPS_MAX:
                return
            self.steps += 1
            hoped = points + option.total + to_come
            if self.best is not None and hoped <= self.best_total:
                return
            host = option.candidate.host
            if not self.free[host].holds(size):
                continue
            self._take(option, size)
            if self._is_promising(index, hoped):
                self.descend(index + 1, points + option.total)
            self._give_back(option, size)

    def _take(self, option: Option, size: Capacity) -> None:
        self.free[option.candidate.host] -= size
        self.chosen.append(option)

    def _give_back(self, option: Option, size: Capacity) -> None:
        self.free[option.candidate.host] += size
        self.chosen.pop()

    def _is_promising(self, index: int, hoped: int) -> bool:
        """No hard spread is broken, and the fines leave a chance to win."""
        component = self.members[index].demand.component
        if component is not None:
            group, chosen = self.groups[component], self._chosen_of(component)
            hard = (spread for spread in group.spreads if spread.is_hard)
            if any(shortfall(spread, group, chosen) for spread in hard):
                return False
        return self.best is None or hoped - self._fines() > self.best_total

    def _fines(self) -> int:
        return sum(
            SOFT_FINE * shortfall(spread, group, self._chosen_of(name))
            for name, group in self.groups.items()
            for spread in group.spreads
            if not spread.is_hard
        )

    def _chosen_of(self, component: str) -> list[Candidate]:
        pairs = zip(self.members, self.chosen, strict=False)
        return [option.candidate for one, option in pairs if one.demand.component == component]
