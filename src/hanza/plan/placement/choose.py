"""Choosing where things run: one at a time or several at once, all of them or none.

Pure and deterministic: the same demands and the same hosts give the same answer, whatever their
order.  A choice is optimistic: room is only taken by the guarded hold, which may say that someone
was faster.  `hanza plan` asks here as the engine does, so a plan is what the apply will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hanza.model.ids import HostId
from hanza.model.policy import Spread
from hanza.plan.placement.beside import components_of
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.rules import Compiled, Lack, compile_rules, find_lacks
from hanza.plan.placement.score import FULL, Option, rank
from hanza.plan.placement.search import Member, Search
from hanza.plan.placement.spread import Group
from hanza.plan.placement.terms import with_taken

MEMBERS_MAX = 256
"""More than that are not placed as one."""
HOME_POINTS = 8 * MEMBERS_MAX * FULL
"""What staying is worth: more than all that can be had by leaving."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One demand held against every host on its own."""

    demand: Demand
    compiled: Compiled
    lacks: dict[HostId, tuple[Lack, ...]]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A host for each demand, in their order.  Exact unless the search was cut short."""

    options: tuple[Option, ...]
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Nothing is placed.  `looked` is the first that no host may run; None when each alone has
    a host, but not all of them together."""

    looked: Looked | None
    is_exact: bool = True


def look(demand: Demand, candidates: Sequence[Candidate]) -> Looked:
    """Which hosts may run it, best first, and what the others lack."""
    compiled = compile_rules(demand)
    lacks = find_lacks(compiled, candidates)
    options = rank(demand, [one for one in candidates if not lacks[one.host]])
    return Looked(demand, compiled, lacks, options)


def place_group(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    neighbours: Sequence[Neighbour] = (),
) -> Placed | Unplaced:
    """The best hosts for all demands together; `neighbours` stand already."""
    looked = _look_at_all(demands, candidates)
    for one in looked:
        if not one.options:
            return Unplaced(one)
    search = Search(
        members=[Member(one.demand, home_first(one.demand, one.options)) for one in looked],
        groups=_groups(looked, neighbours),
        free={one.host: one.free for one in candidates},
    )
    search.run()
    if search.best is None:
        return Unplaced(None, search.is_exact)
    chosen = zip(looked, search.best, strict=True)
    return Placed(tuple(_as_looked(*one) for one in chosen), search.is_exact)


def home_first(demand: Demand, options: Sequence[Option]) -> tuple[Option, ...]:
    """The options; that of its home is worth more than any number of others."""
    home = demand.home
    return tuple(
        sorted(
            (
                replace(one, total=one.total + HOME_POINTS) if one.candidate.host == home else one
                for one in options
            ),
            key=lambda one: one.candidate.host != home,
        )
    )


def _as_looked(looked: Looked, chosen: Option) -> Option:
    return next(one for one in looked.options if one.candidate.host == chosen.candidate.host)


def _look_at_all(demands: Sequence[Demand], candidates: Sequence[Candidate]) -> list[Looked]:
    """Replicas ask for the same, so their hosts are looked at once."""
    seen: dict[object, Looked] = {}
    for one in demands:
        if one.asks not in seen:
            seen[one.asks] = look(one, candidates)
    return [replace(seen[one.asks], demand=one) for one in demands]


def choose(
    demand: Demand, candidates: Sequence[Candidate], neighbours: Sequence[Neighbour] = ()
) -> Option | Unplaced:
    """The best host for one demand."""
    answer = place_group([demand], candidates, neighbours)
    return answer if isinstance(answer, Unplaced) else answer.options[0]


def without_room(
    candidates: Sequence[Candidate], options: Sequence[Option], demands: Sequence[Demand]
) -> list[Candidate]:
    """The candidates as they are once these demands are held, in the same order."""
    taken = (
        (option.candidate.ground, demand.tenant, demand.cost)
        for option, demand in zip(options, demands, strict=True)
    )
    left = {one.host: one for one in with_taken(candidates, taken)}
    for option, demand in zip(options, demands, strict=True):
        one = left[option.candidate.host]
        ports = {**one.ports, **dict.fromkeys(demand.ports)}
        left[one.host] = replace(one, free=one.free - demand.room, ports=ports)
    return list(left.values())


def _groups(looked: Sequence[Looked], neighbours: Sequence[Neighbour]) -> dict[str, Group]:
    """By component; a demand without one stands for itself and spreads from nobody."""
    groups: dict[str, Group] = {}
    for name in {one.demand.component for one in looked if one.demand.component is not None}:
        members = [one for one in looked if one.demand.component == name]
        settled = tuple(one.candidate for one in neighbours if one.component == name)
        spreads = dict.fromkeys(
            _within_reach(spread, members, settled)
            for one in members
            for spread in one.demand.policy.spreads
        )
        groups[name] = Group(settled, len(members), tuple(spreads))
    for one in looked:
        for is_hard in (True, False):
            for beside in components_of(one.demand, is_hard=is_hard):
                stands = tuple(it.candidate for it in neighbours if it.component == beside.name)
                groups.setdefault(beside.name, Group(stands, 0, ()))
    return groups


def _within_reach(
    spread: Spread, members: Sequence[Looked], settled: tuple[Candidate, ...]
) -> Spread:
    """A soft spread never asks for more different ones than there are."""
    if spread.is_hard or (spread.distinct_min is None and spread.share_max is not None):
        return spread
    there = {one.stands_in(spread.over) for one in settled}
    there |= {o.candidate.stands_in(spread.over) for one in members for o in one.options}
    asked = spread.distinct_min
    return replace(spread, distinct_min=len(there) if asked is None else min(asked, len(there)))
