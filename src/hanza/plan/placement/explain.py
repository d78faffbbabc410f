"""Why there, why not elsewhere, and what would help: the answer as data, for one demand.

Every host that was looked at is either among those that may run it or among the losers with all
that it lacks.  Nothing here decides: it tells what `choose` saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.ids import HostId
from hanza.model.price import MicroEuro
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.beside import components_of, lacks_among, says_of
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import Looked, Unplaced, look
from hanza.plan.placement.relax import Relaxation, group_relaxations, relaxations_of
from hanza.plan.placement.rules import Lack
from hanza.plan.placement.score import Option, trips_of
from hanza.plan.pricing import price_per_month

BEST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many hosts one rule refuses, and which; `says` completes "so many hosts are …"."""

    rule: str
    key: str
    says: str
    hosts: tuple[HostId, ...]


@dataclass(frozen=True, slots=True)
class Runner:
    """One of the best, with what its points are made of."""

    option: Option
    price: MicroEuro | None
    trips: tuple[tuple[str, RoundTrip], ...]


@dataclass(frozen=True, slots=True)
class Loser:
    """A host that may not run it, with all that it lacks."""

    candidate: Candidate
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that can be said about where one demand may run."""

    looked_at: int
    may: int
    refusals: tuple[RuleCount, ...]
    best: tuple[Runner, ...]
    losers: Sequence[Loser]
    """By host id."""
    relaxations: tuple[Relaxation, ...]

    @property
    def sentence(self) -> str:
        """In one sentence, with the numbers."""
        if not self.looked_at:
            return "no site has joined yet"
        if self.may:
            return f"{self.may} of {self.looked_at} hosts may run it"
        parts = (f"{len(one.hosts)} {one.says}" for one in self.refusals)
        return f"none of {self.looked_at} hosts may run it: {', '.join(parts)}"


def explain(
    demand: Demand, candidates: Sequence[Candidate], neighbours: Sequence[Neighbour] = ()
) -> Explanation:
    """Tell what may run it and what may not; `neighbours` stand already."""
    looked = look(demand, candidates)
    crowded = _crowded(looked, neighbours)
    options = [one for one in looked.options if one.candidate.host not in crowded]
    lacks = looked.lacks | crowded
    relaxations = relaxations_of(looked, candidates, neighbours)
    if crowded and not options:
        relaxations += group_relaxations([demand], candidates, neighbours)
    ordered = sorted(candidates, key=lambda one: one.host)
    return Explanation(
        looked_at=len(candidates),
        may=len(options),
        refusals=_counts(looked, lacks),
        best=tuple(runner_of(demand, one) for one in options[:BEST_SHOWN]),
        losers=tuple(Loser(one, lacks[one.host]) for one in ordered if lacks[one.host]),
        relaxations=relaxations,
    )


def sentence_of(unplaced: Unplaced, demands: Sequence[Demand]) -> str:
    """Why nothing of a group was placed."""
    stuck = unplaced.looked
    if stuck is None and len(demands) == 1:
        crowd = "its spread allows no more replicas"
        if components_of(demands[0], is_hard=True):
            crowd += ", or not beside what it is to stand beside"
        return f"every host that may run it stands where {crowd}"
    if stuck is None:
        ports = ", the ports" if any(one.ports for one in demands) else ""
        why = f"with the room{ports} and the spread they ask for"
        if any(components_of(one, is_hard=True) for one in demands):
            why = f"with the room{ports}, the spread and the company they ask for"
        if not unplaced.is_exact:
            why = "as far as was searched"
        names = ", ".join(one.name for one in demands)
        return f"each alone has a host, but not all together {why}: {names}"
    said = _sentence(stuck)
    return (
        said
        if len(demands) == 1
        else f"all are placed as one, and {stuck.demand.name} waits: {said}"
    )


def _sentence(looked: Looked) -> str:
    counts = _counts(looked, looked.lacks)
    return Explanation(len(looked.lacks), 0, counts, (), (), ()).sentence


def _crowded(looked: Looked, neighbours: Sequence[Neighbour]) -> dict[HostId, tuple[Lack, ...]]:
    """What hosts lack because of where the app's other replicas stand already."""
    found = {
        one.candidate.host: lacks_among(looked.demand, one.candidate, neighbours)
        for one in looked.options
    }
    return {host: lacks for host, lacks in found.items() if lacks}


def _counts(looked: Looked, lacks: dict[HostId, tuple[Lack, ...]]) -> tuple[RuleCount, ...]:
    says = dict(looked.compiled.says)
    for spread in looked.demand.policy.spreads:
        says["spread", spread.over] = f"where the {spread.over} has replicas already"
    for beside in components_of(looked.demand, is_hard=True):
        says["with", beside.key] = says_of(beside)
    hosts: dict[tuple[str, str], list[HostId]] = {}
    for host in sorted(lacks):
        for lack in lacks[host]:
            hosts.setdefault((lack.rule, lack.key), []).append(host)
    return tuple(
        RuleCount(*name, words, tuple(hosts[name])) for name, words in says.items() if name in hosts
    )


def runner_of(demand: Demand, option: Option) -> Runner:
    ground = option.candidate.ground
    price = price_per_month(ground.prices, demand.size)
    return Runner(option, price, trips_of(demand.policy, ground))
