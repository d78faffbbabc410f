"""The search for the best hosts of several demands: exact, and bounded.

The best is the largest sum of points, less a fine for each replica that a soft spread misses or
that would rather stand beside a component of its app; of equals the first in the order of each
member's own preference.  Depth first in that order, so the first of equals is found first, and
these are left out because they cannot be it:

- what cannot have more points than the best so far, even if all that is to come went well;
- of members that ask for the same, every order but the one of their preference;
- of hosts at one site that are alike, that nobody has taken yet and nobody is bound to, all but
  the first.

It is exact as long as it ends within `STEPS_MAX` steps; after that the best found so far stands,
and whoever asked is told.  Hosts tried count as steps, and for more the more is chosen already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, SiteId
from hanza.plan.placement.beside import components_of, is_apart
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.score import FULL, Option
from hanza.plan.placement.spread import Group, shortfall
from hanza.plan.placement.terms import Tally

STEPS_MAX = 20_000
SOFT_FINE = FULL // 4


_Like: TypeAlias = tuple[SiteId, Capacity, int, frozenset[int]]
"""Equal for hosts of one site that have the same room left, of as much memory, and the same ports:
so they have the same points for everybody."""


@dataclass(frozen=True, slots=True)
class Member:
    """A demand with the hosts that may run it, best first; there is at least one."""

    demand: Demand
    options: Sequence[Option]

    @property
    def asks(self) -> object:
        """Equal for members that ask for the same."""
        return self.demand.asks, self.demand.home


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What is known of the members after one: its twin before it, its twins to come, and the
    points that all others to come may have at most."""

    twin: int | None
    twins: int
    others: int


class Search:
    """One search.  `best` is the result once `run` has returned."""

    def __init__(
        self,
        members: Sequence[Member],
        groups: dict[str, Group],
        free: dict[HostId, Capacity],
    ) -> None:
        self.best: tuple[Option, ...] | None = None
        self.steps = 0
        self._members = members
        self._ahead = _ahead_of(members)
        self._groups = groups
        self._free = free
        self._best_total = 0
        self._chosen: list[Option] = []
        self._indexes: list[int] = []
        self._stands: dict[str | None, list[Candidate]] = {name: [] for name in groups}
        self._ports: dict[HostId, set[int]] = {host: set() for host in free}
        self._taken = {one.host for group in groups.values() for one in group.settled}
        for member in members:
            bound = (one.host for one in member.demand.pin.volumes)
            self._taken |= {host for host in (*bound, member.demand.home) if host is not None}
            beside = (one.stands for one in member.demand.companions)
            self._taken |= {stand.host for stands in beside for stand in stands}
        self._besides = {
            is_hard: [
                (number, beside)
                for number, one in enumerate(members)
                for beside in components_of(one.demand, is_hard=is_hard)
            ]
            for is_hard in (True, False)
        }
        self._tally = Tally(
            option.candidate.ground for member in members for option in member.options
        )

    @property
    def is_exact(self) -> bool:
        return self.steps < STEPS_MAX

    def run(self) -> None:
        self._descend(0, 0)

    def _descend(self, index: int, points: int) -> None:
        """Try every host for the member at `index` that may still lead to something better.

        What comes to the end is better than the best so far, or it had been left out.
        """
        if index == len(self._members):
            self.best, self._best_total = tuple(self._chosen), points - self._fines()
            return
        member, ahead = self._members[index], self._ahead[index]
        first = 0 if ahead.twin is None else self._indexes[ahead.twin]
        tried: set[_Like] = set()
        for number in range(first, len(member.options)):
            option = member.options[number]
            hoped = points + option.total * (1 + ahead.twins) + ahead.others
            if not self.is_exact or (self.best is not None and hoped <= self._best_total):
                return
            if not self._is_new(option.candidate, member.demand, tried):
                continue
            self.steps += 1 + index // 4
            self._take(member, option, number)
            if self._is_promising(member.demand.component, hoped):
                self._descend(index + 1, points + option.total)
            self._give_back(member, option)

    def _is_new(
        self,
        candidate: Candidate,
        demand: Demand,
        tried: set[_Like],
    ) -> bool:
        """It has the room and the ports, and nobody like it was tried here."""
        free = self._free[candidate.host]
        if not free.holds(demand.room) or self._ports[candidate.host] & set(demand.ports):
            return False
        if self._tally.is_over(candidate.ground, demand):
            return False
        memory = candidate.capacity.memory_mib
        alike = (candidate.ground.site, free, memory, frozenset(candidate.ports))
        if candidate.host in self._taken or candidate.free != free:
            return True
        is_first = alike not in tried
        tried.add(alike)
        return is_first

    def _take(self, member: Member, option: Option, number: int) -> None:
        self._free[option.candidate.host] -= member.demand.room
        self._tally.add(option.candidate.ground, member.demand)
        self._ports[option.candidate.host].update(member.demand.ports)
        self._chosen.append(option)
        self._indexes.append(number)
        self._stands.setdefault(member.demand.component, []).append(option.candidate)

    def _give_back(self, member: Member, option: Option) -> None:
        self._free[option.candidate.host] += member.demand.room
        self._tally.remove(option.candidate.ground, member.demand)
        self._ports[option.candidate.host].difference_update(member.demand.ports)
        self._chosen.pop()
        self._indexes.pop()
        self._stands[member.demand.component].pop()

    def _is_promising(self, component: str | None, hoped: int) -> bool:
        """Nothing hard is broken, and the fines leave a chance to win."""
        if component is not None:
            group, stands = self._groups[component], self._stands[component]
            hard = (spread for spread in group.spreads if spread.is_hard)
            if any(shortfall(spread, group, stands) for spread in hard):
                return False
        if self._apart(is_hard=True):
            return False
        return self.best is None or hoped - self._fines() > self._best_total

    def _fines(self) -> int:
        short = sum(
            shortfall(spread, group, self._stands[name])
            for name, group in self._groups.items()
            for spread in group.spreads
            if not spread.is_hard
        )
        return SOFT_FINE * (short + self._apart(is_hard=False))

    def _apart(self, *, is_hard: bool) -> int:
        """How many of those chosen stand apart from a component that has all its places."""
        found = 0
        for number, beside in self._besides[is_hard]:
            if number >= len(self._chosen):
                break
            group, chosen = self._groups[beside.name], self._stands[beside.name]
            others = [*group.settled, *chosen]
            to_come = group.to_come - len(chosen)
            found += is_apart(beside, self._chosen[number].candidate, others, to_come)
        return found


def _ahead_of(members: Sequence[Member]) -> list[_Ahead]:
    latest: dict[object, int] = {}
    counts: dict[object, int] = {}
    for one in members:
        counts[one.asks] = counts.get(one.asks, 0) + 1
    to_come = sum(one.options[0].total for one in members)
    found = []
    for index, one in enumerate(members):
        best = one.options[0].total
        counts[one.asks] -= 1
        to_come -= best
        twins = counts[one.asks]
        found.append(_Ahead(latest.get(one.asks), twins, to_come - twins * best))
        latest[one.asks] = index
    return found
