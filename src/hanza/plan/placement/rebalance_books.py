"""What moves of what stands would lead to: the books that a plan of moves is made on.

A copy of the world that moves are tried on, one after the other: who is where, what room and
which ports are left, and what each place is worth to whom.  A move is *legal* where placing would
be, now, beside everybody else: no rule of its policy or its pin, no port, no room and no hard
spread is against it; its old room counts as taken until it has left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hanza.model.ids import HostId
from hanza.model.instance import Wanted
from hanza.model.policy import Goals
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.rebalance_moves import Stand
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.placement.score import Option, rank
from hanza.plan.placement.search import SOFT_FINE
from hanza.plan.placement.spread import Group, broken_by, shortfall

_STATE = frozenset({"offered", "heard", "not_refused", "capacity", "ports"})
"""Rules about how a host is at this moment: staying there is not against them."""
_PASSING = frozenset({"capacity", "ports"})
"""Those that change with every move, and so are looked at anew."""


@dataclass(frozen=True, slots=True)
class _Reach:
    """The hosts that may run it but for room and ports, best first, and what each host that its
    rules allow is worth to it, in points."""

    options: tuple[Option, ...]
    points: Mapping[HostId, int]


class Books:
    """Who is where; `move` writes, everything else reads."""

    def __init__(
        self,
        stands: Sequence[Stand],
        candidates: Sequence[Candidate],
        emptied: frozenset[HostId] = frozenset(),
        goals: Goals | None = None,
    ) -> None:
        """`stands` are at hosts among the candidates.  Nothing goes to `emptied`; `goals` count
        instead of everybody's own."""
        self.hosts = {one.host: one for one in candidates}
        self.at = {one.id: one.host for one in stands}
        self._stands = stands
        self._emptied = emptied
        self._goals = goals
        self._free = {one.host: one.free for one in candidates}
        self._ports = {one.host: dict(one.ports) for one in candidates}
        self._reaches: dict[object, _Reach] = {}
        self._replicas: dict[object, list[Stand]] = {}
        for one in stands:
            if one.component is not None:
                self._replicas.setdefault(one.component, []).append(one)

    def candidate_of(self, stand: Stand) -> Candidate:
        """Where it is now."""
        return self.hosts[self.at[stand.id]]

    def those_at(self, host: HostId) -> Iterator[Stand]:
        return (one for one in self._stands if self.at[one.id] == host)

    def standing(self) -> list[tuple[Wanted, Candidate]]:
        """Everything, as `find_violations` wants it."""
        return [(one.wanted, self.candidate_of(one)) for one in self._stands]

    def move(self, stand: Stand, host: HostId) -> None:
        room, ports = stand.demand.room, stand.demand.ports
        left = self.at[stand.id]
        self._free[left] += room
        self._ports[left] = {
            port: whose for port, whose in self._ports[left].items() if whose != stand.id
        }
        self._free[host] -= room
        self._ports[host] |= dict.fromkeys(ports, stand.id)
        self.at[stand.id] = host

    def reach(self, stand: Stand) -> Iterator[Candidate]:
        """The other hosts that may run it but for room, ports and spreads; best first."""
        here = self.at[stand.id]
        options = self._reach_of(stand.demand).options
        return (one.candidate for one in options if one.candidate.host != here)

    def best_target(self, stand: Stand, above: int | None = None) -> tuple[int, HostId] | None:
        """The host that it may move to now and gains most, with the points of it, the first of
        equals; None where no legal move gains more than `above`."""
        reach = self._reach_of(stand.demand)
        here = self.at[stand.id]
        hoped = SOFT_FINE * self._fined_most(stand) - reach.points.get(here, 0)
        best: tuple[int, HostId] | None = None
        for one in self.reach(stand):
            if above is not None and reach.points[one.host] + hoped <= above:
                break
            if self.may_move(stand, one):
                gain = self.gain(stand, one.host)
                if above is None or gain > above:
                    best, above = (gain, one.host), gain
        return best

    def may_move(self, stand: Stand, to: Candidate) -> bool:
        """Whether room, ports and hard spreads let it, for a host of its reach."""
        demand, taken = stand.demand, self._ports[to.host]
        if not self._free[to.host].holds(demand.room) or any(p in taken for p in demand.ports):
            return False
        return not broken_by(demand, to, self._neighbours(stand))

    def gain(self, stand: Stand, to: HostId) -> int:
        """The points that it gains there; fines of soft spreads, its replicas' too, included.

        A host that its rules do not allow is worth nothing to it.
        """
        points = self._reach_of(stand.demand).points
        here = self.at[stand.id]
        return points.get(to, 0) - points.get(here, 0) + self._fines(stand, here, to)

    def _fines(self, stand: Stand, here: HostId, to: HostId) -> int:
        """How much less is fined once it has moved."""
        soft = [one for one in stand.demand.policy.spreads if not one.is_hard]
        if stand.component is None or not soft:
            return 0
        others = self._replicas_beside(stand)
        group = Group((), len(others) + 1, tuple(soft))
        before, after = [*others, self.hosts[here]], [*others, self.hosts[to]]
        missed = sum(shortfall(one, group, before) - shortfall(one, group, after) for one in soft)
        return SOFT_FINE * missed

    def _fined_most(self, stand: Stand) -> int:
        """No move changes the number of what soft spreads miss by more."""
        return sum(2 for one in stand.demand.policy.spreads if not one.is_hard)

    def _neighbours(self, stand: Stand) -> tuple[Neighbour, ...]:
        name = stand.demand.component or ""
        return tuple(Neighbour(name, one) for one in self._replicas_beside(stand))

    def _replicas_beside(self, stand: Stand) -> list[Candidate]:
        """Where the other replicas of its component are now."""
        replicas = self._replicas.get(stand.component, ())
        return [self.candidate_of(one) for one in replicas if one.id != stand.id]

    def _reach_of(self, demand: Demand) -> _Reach:
        """Replicas ask for the same, so their hosts are looked at once."""
        asks = demand.size, demand.policy, demand.pin, demand.conflict, demand.ports
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
        return _Reach(
            tuple(
                one
                for one in ranked
                if names[one.candidate.host] <= _PASSING and one.candidate.host not in self._emptied
            ),
            {one.candidate.host: one.total for one in ranked},
        )
