"""Why there, why not elsewhere, and what would help: the answer as data, for one demand.

Every host that was looked at is either among those that may run it or among the losers with all
that it lacks.  Nothing here decides: it tells what `choose` saw.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.ids import HostId, SiteId
from hanza.model.price import MicroEuro
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.beside import components_of, lacks_among, says_of
from hanza.plan.placement.candidate import Candidate, Demand, Ground, Neighbour
from hanza.plan.placement.choose import Looked, Unplaced, look
from hanza.plan.placement.relax import (
    Relaxation,
    group_relaxations,
    relaxations_of,
    try_change,
)
from hanza.plan.placement.relax_together import nearest_of, relaxations_together
from hanza.plan.placement.rules import Lack
from hanza.plan.placement.score import Option, trips_of
from hanza.plan.pricing import price_per_month

BEST_SHOWN = 5
NAMED_MAX = 200


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many hosts one rule refuses, and which; `says` completes "so many hosts are …".

    `named` has the first `NAMED_MAX` of them as site/host.
    """

    rule: str
    key: str
    says: str
    hosts: tuple[HostId, ...]
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteLook:
    """A site some of whose hosts may not run it: how many, and how many by each rule, as a place
    in the explanation's refusals and a number."""

    ground: Ground
    refused: int
    by_rule: tuple[tuple[int, int], ...]


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
    looks: Sequence[SiteLook] = ()
    """Every site that has lost a host, by name."""

    def refuses(self, host: HostId) -> bool:
        """Whether it is one of the losers."""
        return any(host in one.hosts for one in self.refusals)

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
    if not relaxations and not looked.options:
        relaxations = relaxations_together(
            demand,
            nearest_of(candidates, lambda one: len(looked.lacks[one.host])),
            lambda rule, *change: try_change(rule, change, candidates, neighbours),
        )
    ordered = sorted(candidates, key=lambda one: one.host)
    lost = [one for one in ordered if lacks[one.host]]
    refusals = _counts(looked, lacks, {one.host: one for one in lost})
    return Explanation(
        looked_at=len(candidates),
        may=len(options),
        refusals=refusals,
        best=tuple(runner_of(demand, one) for one in options[:BEST_SHOWN]),
        losers=tuple(Loser(one, lacks[one.host]) for one in lost),
        relaxations=relaxations,
        looks=_looks(lost, refusals),
    )


def _looks(lost: Sequence[Candidate], refusals: Sequence[RuleCount]) -> tuple[SiteLook, ...]:
    grounds = {one.host: one.ground for one in lost}
    refused = Counter(one.site for one in grounds.values())
    by_rule: dict[SiteId, list[tuple[int, int]]] = {site: [] for site in refused}
    for at, rule in enumerate(refusals):
        for site, hosts in Counter(grounds[host].site for host in rule.hosts).items():
            by_rule[site].append((at, hosts))
    known = {one.site: one for one in grounds.values()}.values()
    return tuple(
        SiteLook(one, refused[one.site], tuple(by_rule[one.site]))
        for one in sorted(known, key=lambda one: (one.name, one.site))
    )


def sentence_of(unplaced: Unplaced, demands: Sequence[Demand]) -> str:
    """Why nothing of a group was placed."""
    looked = unplaced.looked
    stuck = None if looked is None else (looked.demand.name, _sentence(looked))
    return words_of_refusal(stuck, demands, is_exact=unplaced.is_exact)


def words_of_refusal(
    stuck: tuple[str, str] | None, demands: Sequence[Demand], *, is_exact: bool
) -> str:
    """`stuck` is the name of the first that no host may run, and why; None when each has one."""
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
        if not is_exact:
            why = "as far as was searched"
        names = ", ".join(one.name for one in demands)
        return f"each alone has a host, but not all together {why}: {names}"
    name, said = stuck
    return said if len(demands) == 1 else f"all are placed as one, and {name} waits: {said}"


def _sentence(looked: Looked) -> str:
    counts = _counts(looked, looked.lacks, {})
    return Explanation(len(looked.lacks), 0, counts, (), (), ()).sentence


def _crowded(looked: Looked, neighbours: Sequence[Neighbour]) -> dict[HostId, tuple[Lack, ...]]:
    """What hosts lack because of where the app's other replicas stand already."""
    found = {
        one.candidate.host: lacks_among(looked.demand, one.candidate, neighbours)
        for one in looked.options
    }
    return {host: lacks for host, lacks in found.items() if lacks}


def _counts(
    looked: Looked, lacks: dict[HostId, tuple[Lack, ...]], known: dict[HostId, Candidate]
) -> tuple[RuleCount, ...]:
    """Named are those that are known."""
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
        RuleCount(*name, words, tuple(hosts[name]), _names(hosts[name], known))
        for name, words in says.items()
        if name in hosts
    )


def _names(hosts: Sequence[HostId], known: dict[HostId, Candidate]) -> tuple[str, ...]:
    named = (known[host] for host in hosts[:NAMED_MAX] if host in known)
    return tuple(f"{one.ground.name}/{one.name}" for one in named)


def runner_of(demand: Demand, option: Option) -> Runner:
    ground = option.candidate.ground
    price = price_per_month(ground.prices, demand.size)
    return Runner(option, price, trips_of(demand.policy, ground))
