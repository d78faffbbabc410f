"""How far replicas of one component stand apart, and how much of what was asked is missing.

`shortfall` never overstates what a full placement will lack: it grows as replicas are placed and
is exact for the last one.  So the search may give up a branch as soon as a hard one is short.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.policy import Spread
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour


@dataclass(frozen=True, slots=True)
class Group:
    """One component: those of it that are placed, and how many are to come."""

    settled: tuple[Candidate, ...]
    to_come: int
    spreads: tuple[Spread, ...]


def shortfall(spread: Spread, group: Group, chosen: Sequence[Candidate]) -> int:
    """How many replicas, at least, will stand where the spread does not want them.

    What the settled ones lack already is not held against the new.
    """
    settled = [one.stands_in(spread.over) for one in group.settled]
    stands = [*settled, *(one.stands_in(spread.over) for one in chosen)]
    missing = 0
    if spread.distinct_min is not None or spread.share_max is None:
        most = len(set(settled)) + group.to_come
        wanted = most if spread.distinct_min is None else min(spread.distinct_min, most)
        missing += max(0, wanted - len(set(stands)) - (group.to_come - len(chosen)))
    if spread.share_max is not None:
        limit = max(1, (len(settled) + group.to_come) * spread.share_max // 100)
        missing += sum(
            max(0, count - max(limit, settled.count(value)))
            for value, count in Counter(stands).items()
        )
    return missing


def misplaced(
    spread: Spread, stands: Sequence[tuple[str, Candidate]], to_come: int = 0
) -> tuple[str, ...]:
    """Who of those that stand would have to go for the spread to hold, by name.

    Of several at one place the last do; those to come may stand wherever they help most.
    """
    places = [(name, one.stands_in(spread.over)) for name, one in sorted(stands, key=_by_name)]
    counts = Counter(place for _, place in places)
    total = len(places) + to_come
    limit = total if spread.share_max is None else max(1, total * spread.share_max // 100)
    missing = (spread.distinct_min or 0) - len(counts) - to_come
    found = []
    for name, place in reversed(places):
        is_short = missing > 0 and counts[place] > 1
        if counts[place] > limit or is_short:
            found.append(name)
            counts[place] -= 1
            missing -= 1
    return tuple(sorted(found))


def _by_name(stands: tuple[str, Candidate]) -> str:
    return stands[0]


def broken_by(
    demand: Demand, candidate: Candidate, neighbours: Sequence[Neighbour]
) -> tuple[Spread, ...]:
    """The hard spreads of its component that one more replica at this host would break."""
    if demand.component is None:
        return ()
    settled = tuple(one.candidate for one in neighbours if one.component == demand.component)
    group = Group(settled, 1, demand.policy.spreads)
    return tuple(one for one in group.spreads if one.is_hard and shortfall(one, group, [candidate]))
