"""How good a host is for a demand: a sum of terms, each from nothing to its goal's weight.

A term is the best value among the hosts that may run it, divided by this host's: twice the price
is half the points, whatever the amounts.  What is unknown earns nothing.  Only room is the host's
and no matter of its site: its term is the free share of the host's memory as it is before anything
is placed, whoever else may run it.  Points are whole millionths, each term rounded to the nearest
and from halfway to the even one, so that sums and ties are exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hanza.model.capacity import Capacity
from hanza.model.ids import SiteId
from hanza.model.policy import PRESETS, Goals, Policy
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.beside import is_beside, wished_for
from hanza.plan.placement.candidate import Candidate, Demand, Ground
from hanza.plan.pricing import price_per_month

FULL = 1_000_000
TOGETHER = FULL // 4
"""What it is worth to stand beside what one would rather be beside."""


@dataclass(frozen=True, slots=True)
class Option:
    """A host that may run it, and what speaks for it; `terms` by goal, in millionths."""

    candidate: Candidate
    total: int
    terms: tuple[tuple[str, int], ...]


def rank(demand: Demand, fitting: Sequence[Candidate]) -> tuple[Option, ...]:
    """Best first: points, then the larger free share of memory, then the host's id."""
    measures = measures_of(demand)
    grounds = {one.ground.site: one.ground for one in fitting}
    terms: dict[SiteId, list[tuple[str, int]]] = {site: [] for site in grounds}
    room = goals_of(demand.policy).room
    whole = room + sum(weight for _, weight, _ in measures)
    for goal, weight, measure in measures:
        values = {site: measure(ground) for site, ground in grounds.items()}
        best = min((value for value in values.values() if value is not None), default=0.0)
        for site, value in values.items():
            terms[site].append((goal, round(FULL * weight * _ratio(best, value) / whole)))
    options = (
        _option(
            one, (*terms[one.ground.site], *room_term(one, room, whole), *_together(demand, one))
        )
        for one in fitting
    )
    return tuple(sorted(options, key=_order))


def _option(candidate: Candidate, terms: tuple[tuple[str, int], ...]) -> Option:
    return Option(candidate, sum(points for _, points in terms), terms)


def room_term(candidate: Candidate, weight: int, whole: int) -> tuple[tuple[str, int], ...]:
    """That of room, where it has a weight; `whole` are all weights together."""
    if not weight:
        return ()
    return (("room", room_points(candidate.free, candidate.capacity, weight, whole)),)


def room_points(free: Capacity, capacity: Capacity, weight: int, whole: int) -> int:
    """What a host's free share of memory is worth; more than all of it counts as all."""
    share = max(free.memory_mib, 0) / max(capacity.memory_mib, 1)
    return round(FULL * weight * min(share, 1.0) / whole)


def _together(demand: Demand, candidate: Candidate) -> tuple[tuple[str, int], ...]:
    """A term of its own beside the goals, where it would rather stand beside something."""
    wished = wished_for(demand.companions)
    if not wished:
        return ()
    return (("with", TOGETHER * sum(is_beside(one, candidate) for one in wished)),)


def trips_of(policy: Policy, ground: Ground) -> tuple[tuple[str, RoundTrip], ...]:
    """The round trip to each point that the policy names."""
    return tuple((one.point.name, ground.trip_to(one.point)) for one in policy.near)


def goals_of(policy: Policy) -> Goals:
    """Who names points and no goal wants to be near them; who names neither wants room.

    That is left to the order of equals, which is by room, and is no goal with points of its own:
    those would be held against soft spreads.
    """
    if policy.goals is not None:
        return policy.goals
    return PRESETS["nearest"] if policy.near else Goals()


def measures_of(demand: Demand) -> list[tuple[str, int, Callable[[Ground], float | None]]]:
    """Every goal of a site that has a weight and can be measured; the smaller value is the better
    one."""
    policy, goals = demand.policy, goals_of(demand.policy)

    def nearness(ground: Ground) -> float:
        trips = [trip.ms for _, trip in trips_of(policy, ground)]
        return sum(trips) / len(trips)

    def price(ground: Ground) -> float | None:
        return price_per_month(ground.prices, demand.size)

    def carbon(ground: Ground) -> float | None:
        return ground.carbon

    measures: list[tuple[str, int, Callable[[Ground], float | None]]] = [
        ("nearness", goals.nearness if policy.near else 0, nearness),
        ("price", goals.price, price),
        ("carbon", goals.carbon, carbon),
    ]
    return [one for one in measures if one[1]]


def _ratio(best: float, value: float | None) -> float:
    if value is None:
        return 0.0
    return 1.0 if value == best else best / value


def _order(option: Option) -> tuple[int, float, str]:
    one = option.candidate
    free_share = one.free.memory_mib / max(one.capacity.memory_mib, 1)
    return (-option.total, -free_share, one.host)
