"""What moves of what stands would lead to: the books that a plan of moves is made on.

A copy of the world that moves are tried on, one after the other: who is where, what room and
which ports are left, and what each place is worth to whom.  A move is *legal* where placing would
be, now, beside everybody else: no rule of its policy or its pin, no port, no room, no terms of its
provider and no hard spread is against it, and nobody stands apart for it from what they are to
stand beside; its old room counts as taken until it has left.

What somebody would *rather* stand beside counts in points by where that was before the plan; room,
where it is a goal, as it is at that step, and of where somebody stands without its own: so a move
back would lose what the move has gained.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.policy import Goals
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.demand import Above
from hanza.plan.placement.rebalance_moves import Resident
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.placement.score import Option, goals_of, measures_of, rank, room_points
from hanza.plan.placement.search import SOFT_FINE
from hanza.plan.placement.spread import Group, broken_by, shortfall
from hanza.plan.placement.terms import Tally
from hanza.plan.placement.violations import find_violations

_STATE = frozenset({"offered", "heard", "not_refused", "capacity", "ports", "capped", "denied"})
"""Rules about what may come to a host at this moment: staying there is not against them."""
_PASSING = frozenset({"capacity", "ports", "capped"})
"""Those that change with every move, and so are looked at anew."""

_ONE = Capacity(1, 1, 1)


@dataclass(frozen=True, slots=True)
class _Reach:
    """The hosts that may run it but for room and ports, best first, and what each host that its
    rules allow is worth to it, in points; both without its room, which has this weight of all."""

    options: tuple[Option, ...]
    points: Mapping[HostId, int]
    room: int
    whole: int

    @property
    def room_most(self) -> int:
        """What an empty host has for that."""
        return room_points(_ONE, _ONE, self.room, self.whole) if self.room else 0


class Books:
    """Who is where; `move` writes, everything else reads."""

    def __init__(
        self,
        residents: Sequence[Resident],
        candidates: Sequence[Candidate],
        above: Above,
        emptied: frozenset[HostId],
        goals: Goals | None,
    ) -> None:
        """`residents` are at hosts among the candidates.  Nothing goes to `emptied`; `goals` count
        instead of everybody's own."""
        self.hosts = {one.host: one for one in candidates}
        self.at = {one.id: one.host for one in residents}
        self._residents = residents
        self._above = above
        self._emptied = emptied
        self._goals = goals
        self._free = {one.host: one.free for one in candidates}
        self._ports = {one.host: dict(one.ports) for one in candidates}
        self._tally = Tally(one.ground for one in candidates)
        self._has_company = any(one.demand.policy.besides for one in residents)
        self._reaches: dict[object, _Reach] = {}
        self._replicas: dict[object, list[Resident]] = {}
        for one in residents:
            if one.component is not None:
                self._replicas.setdefault(one.component, []).append(one)

    def candidate_of(self, resident: Resident) -> Candidate:
        """Where it is now."""
        return self.hosts[self.at[resident.id]]

    def those_at(self, host: HostId) -> Iterator[Resident]:
        return (one for one in self._residents if self.at[one.id] == host)

    def standing(self) -> list[tuple[Wanted, Candidate]]:
        """Everything, as `find_violations` wants it."""
        return [(one.wanted, self.candidate_of(one)) for one in self._residents]

    def move(self, resident: Resident, host: HostId) -> None:
        room, ports = resident.demand.room, resident.demand.ports
        left = self.at[resident.id]
        self._free[left] += room
        self._ports[left] = {
            port: whose for port, whose in self._ports[left].items() if whose != resident.id
        }
        self._tally.remove(self.hosts[left].ground, resident.demand)
        self._tally.add(self.hosts[host].ground, resident.demand)
        self._free[host] -= room
        self._ports[host] |= dict.fromkeys(ports, resident.id)
        self.at[resident.id] = host

    def reach(self, resident: Resident) -> Iterator[Candidate]:
        """The other hosts that may run it but for room, ports and spreads; best first."""
        here = self.at[resident.id]
        options = self._reach_of(resident.demand).options
        return (one.candidate for one in options if one.candidate.host != here)

    def best_target(
        self, resident: Resident, above: int | None = None
    ) -> tuple[int, HostId] | None:
        """The host that it may move to now and gains most, with the points of it, the first of
        equals; None where no legal move gains more than `above`."""
        reach = self._reach_of(resident.demand)
        here = self.at[resident.id]
        hoped = SOFT_FINE * self._fined_most(resident) - self._points(resident, here)
        hoped += reach.room_most
        best: tuple[int, HostId] | None = None
        for one in self.reach(resident):
            if above is not None and reach.points[one.host] + hoped <= above:
                break
            if self.may_move(resident, one):
                gain = self.gain(resident, one.host)
                if above is None or gain > above:
                    best, above = (gain, one.host), gain
        return best

    def may_move(self, resident: Resident, to: Candidate) -> bool:
        """Whether room, ports, what its provider takes, hard spreads and company let it, for a
        host of its reach."""
        demand, taken = resident.demand, self._ports[to.host]
        if not self._free[to.host].holds(demand.room) or any(p in taken for p in demand.ports):
            return False
        if self._tally.is_over(to.ground, demand):
            return False
        if broken_by(demand, to, self._neighbours(resident)):
            return False
        return not self._has_company or not self._parts(resident, to.host)

    def _parts(self, resident: Resident, host: HostId) -> bool:
        """Whether it would stand apart then from what it is to stand beside, which may have moved
        in this plan, or anybody else would who does not now."""
        here, before = self.at[resident.id], self._apart()
        self.at[resident.id] = host
        after = self._apart()
        self.at[resident.id] = here
        return any(one[0] == resident.id or one not in before for one in after)

    def _apart(self) -> set[tuple[InstanceId, str, str]]:
        found = find_violations(self.standing(), self._above)
        return {(one.instance, one.level, one.key) for one in found if one.rule == "with"}

    def gain(self, resident: Resident, to: HostId) -> int:
        """The points that it gains there; fines of soft spreads, its replicas' too, included.

        A host that its rules do not allow is worth nothing to it.
        """
        here = self.at[resident.id]
        points = self._points(resident, to) - self._points(resident, here)
        return points + self._fines(resident, here, to)

    def _points(self, resident: Resident, host: HostId) -> int:
        reach = self._reach_of(resident.demand)
        points = reach.points.get(host, 0)
        if not reach.room or host not in reach.points:
            return points
        free, capacity = self._free[host], self.hosts[host].capacity
        if self.at[resident.id] == host:
            free += resident.demand.room
        return points + room_points(free, capacity, reach.room, reach.whole)

    def _fines(self, resident: Resident, here: HostId, to: HostId) -> int:
        """How much less is fined once it has moved."""
        soft = [one for one in resident.demand.policy.spreads if not one.is_hard]
        if resident.component is None or not soft:
            return 0
        others = self._replicas_beside(resident)
        group = Group((), len(others) + 1, tuple(soft))
        before, after = [*others, self.hosts[here]], [*others, self.hosts[to]]
        missed = sum(shortfall(one, group, before) - shortfall(one, group, after) for one in soft)
        return SOFT_FINE * missed

    def _fined_most(self, resident: Resident) -> int:
        """No move changes the number of what soft spreads miss by more."""
        return sum(2 for one in resident.demand.policy.spreads if not one.is_hard)

    def _neighbours(self, resident: Resident) -> tuple[Neighbour, ...]:
        name = resident.demand.component or ""
        return tuple(Neighbour(name, one) for one in self._replicas_beside(resident))

    def _replicas_beside(self, resident: Resident) -> list[Candidate]:
        """Where the other replicas of its component are now."""
        replicas = self._replicas.get(resident.component, ())
        return [self.candidate_of(one) for one in replicas if one.id != resident.id]

    def _reach_of(self, demand: Demand) -> _Reach:
        """Replicas ask for the same, so their hosts are looked at once."""
        asks = demand.asks
        if asks not in self._reaches:
            self._reaches[asks] = self._look(demand)
        return self._reaches[asks]

    def _look(self, demand: Demand) -> _Reach:
        candidates = tuple(self.hosts.values())
        lacks = find_lacks(compile_rules(demand), candidates)
        names = {host: {lack.rule for lack in found} for host, found in lacks.items()}
        if self._goals is not None:
            demand = replace(demand, policy=replace(demand.policy, goals=self._goals))
        ranked = rank(demand, [one for one in candidates if names[one.host] <= _STATE])
        points = {one.candidate.host: one.total - dict(one.terms).get("room", 0) for one in ranked}
        open_ones = (
            one
            for one in ranked
            if names[one.candidate.host] <= _PASSING and one.candidate.host not in self._emptied
        )
        return _Reach(
            tuple(sorted(open_ones, key=lambda one: -points[one.candidate.host])),
            points,
            goals_of(demand.policy).room,
            sum(weight for _, weight, _ in measures_of(demand)) + goals_of(demand.policy).room,
        )
