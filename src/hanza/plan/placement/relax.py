"""What would help: for each single rule the smallest change that lets at least one host pass.

Only hosts that lack one thing are looked at; for several see `relax_together`.  Every
relaxation carries the demand as it would then be, and it was tried before it is named.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from hanza.model.capacity import Capacity
from hanza.model.policy import Beside, Near, Over, Policy, Reach, Seal, Spread
from hanza.model.price import MicroEuro
from hanza.plan.placement.beside import components_of, lacks_among
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import Looked, Placed, look, place_group
from hanza.plan.placement.claims import attribute_key, reach_key, seal_of, trips_of_reach
from hanza.plan.placement.relax_claims import lesser_of
from hanza.plan.placement.rules import words_of_size
from hanza.plan.pricing import price_per_month, words_of_price


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One change, in words and as the demands it leads to, and what it opens."""

    rule: str
    text: str
    demands: tuple[Demand, ...]
    hosts: int
    sites: int
    price: MicroEuro | None
    """The cheapest that it opens, for a month."""
    opens: tuple[str, ...] = ()
    """The sites by name, where they are known for it alone."""


Change = tuple[str, Demand]


def relaxations_of(
    looked: Looked, candidates: Sequence[Candidate], neighbours: Sequence[Neighbour] = ()
) -> tuple[Relaxation, ...]:
    """By rule, in the order of the rules; of several values the one that opens most first."""
    misses: dict[tuple[str, str], list[Candidate]] = {}
    for one in candidates:
        lacks = looked.lacks[one.host]
        if len(lacks) == 1:
            misses.setdefault((lacks[0].rule, lacks[0].key), []).append(one)
    found = []
    for rule, key in looked.compiled.says:
        near = misses.get((rule, key), [])
        changes = changes_of(looked.demand, rule, key, near)
        tried = (try_change(rule, change, near, neighbours) for change in changes)
        opened = [one for one in tried if one.hosts]
        found += sorted(opened, key=lambda one: (-one.hosts, one.text))
    return tuple(found)


def group_relaxations(
    demands: Sequence[Demand], candidates: Sequence[Candidate], neighbours: Sequence[Neighbour]
) -> tuple[Relaxation, ...]:
    """As `steps_that_place`, by all candidates."""
    return steps_that_place(demands, lambda asked: place_group(asked, candidates, neighbours))


def steps_that_place(
    demands: Sequence[Demand], place: Callable[[Sequence[Demand]], object]
) -> tuple[Relaxation, ...]:
    """For each thing that holds among a group the smallest step that places all of it.

    These are its hard spreads, and the components that are to stand beside another.  `place` is
    asked for a `Placed`.
    """
    found = []
    for rule, steps in _steps_of(demands):
        for text, relaxed in steps:
            answer = place(relaxed)
            if isinstance(answer, Placed):
                hosts = {one.candidate.host for one in answer.options}
                sites = {one.candidate.ground.site for one in answer.options}
                found.append(Relaxation(rule, text, relaxed, len(hosts), len(sites), None))
                break
    return tuple(found)


def _steps_of(
    demands: Sequence[Demand],
) -> Iterable[tuple[str, Iterable[tuple[str, tuple[Demand, ...]]]]]:
    """By rule: every weaker form of each thing, the smallest step first."""
    hard = (spread for one in demands for spread in one.policy.spreads if spread.is_hard)
    for spread in dict.fromkeys(hard):
        yield (
            "spread",
            (
                (text, tuple(_with_spread(one, spread, weaker) for one in demands))
                for text, weaker in _weaker(spread, len(demands))
            ),
        )
    besides = (beside for one in demands for beside in components_of(one, is_hard=True))
    for beside in dict.fromkeys(besides):
        yield (
            "with",
            (
                (text, tuple(_with_beside(one, beside, weaker) for one in demands))
                for text, weaker in _farther_apart(beside)
            ),
        )


def try_change(
    rule: str, change: Change, near: Sequence[Candidate], neighbours: Sequence[Neighbour]
) -> Relaxation:
    """What it opens of these."""
    text, demand = change
    options = [
        one.candidate
        for one in look(demand, near).options
        if not lacks_among(demand, one.candidate, neighbours)
    ]
    grounds = {one.ground.site: one.ground for one in options}
    prices = (price_per_month(ground.prices, demand.size) for ground in grounds.values())
    cheapest = min((price for price in prices if price is not None), default=None)
    names = tuple(sorted(ground.name for ground in grounds.values()))
    return Relaxation(rule, text, (demand,), len(options), len(grounds), cheapest, names)


def changes_of(demand: Demand, rule: str, key: str, near: Sequence[Candidate]) -> Iterable[Change]:
    """What could be asked instead, for hosts that lack this one thing."""
    if not near:
        return []
    known: dict[str, Callable[[Demand, str, Sequence[Candidate]], Iterable[Change]]] = {
        "zone": _any_zone,
        "residency": _other_countries,
        "region": _other_regions,
        "provider": _other_providers,
        "class": _other_classes,
        "attribute": _lesser_claims,
        "seal": _lower_seal,
        "near": _farther,
        "reach": _shorter_reach,
        "price": _dearer,
        "carbon": _dirtier,
        "with": _apart,
        "ports": _other_ports,
        "capacity": _smaller,
    }
    return known[rule](demand, key, near) if rule in known else []


def _any_zone(demand: Demand, _: str, __: Sequence[Candidate]) -> Iterable[Change]:
    yield "allow any zone", replace(demand, pin=replace(demand.pin, site=None))


def _other_countries(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    policy = demand.policy
    for country in sorted({one.ground.country for one in near}):
        allowed = None if policy.countries is None else policy.countries | {country}
        denied = policy.countries_denied - {country}
        relaxed = replace(policy, countries=allowed, countries_denied=denied)
        yield f"allow {country}", replace(demand, policy=relaxed)


def _other_regions(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    regions = demand.policy.regions or frozenset()
    for region in sorted({one.ground.country.lower() for one in near}):
        yield f"allow region {region}", _with(demand, regions=regions | {region})


def _other_providers(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    policy = demand.policy
    for provider in sorted({one.ground.provider for one in near}):
        allowed = None if policy.providers is None else policy.providers | {provider}
        denied = policy.providers_denied - {provider}
        relaxed = replace(policy, providers=allowed, providers_denied=denied)
        yield f"allow provider {provider}", replace(demand, policy=relaxed)


def _other_classes(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    classes = demand.policy.classes or frozenset()
    found = {one.ground.site_class for one in near}
    for name in sorted(name for name in found if name is not None):
        yield f"allow class {name}", _with(demand, classes=classes | {name})
    if None in found:
        yield "allow any class", _with(demand, classes=None)


def _lesser_claims(demand: Demand, key: str, near: Sequence[Candidate]) -> Iterable[Change]:
    asked = next(one for one in demand.policy.requirements if attribute_key(one) == key)
    rest = tuple(one for one in demand.policy.requirements if attribute_key(one) != key)
    for text, lesser in lesser_of(asked, [one.ground for one in near]):
        kept = rest if lesser is None else (*rest, lesser)
        yield text, _with(demand, requirements=kept)


def _farther(demand: Demand, key: str, near: Sequence[Candidate]) -> Iterable[Change]:
    (limit,) = (one for one in demand.policy.near if one.point.name == key)
    assert limit.rtt_ms_max is not None, "only a limit refuses"
    trips = (one.ground.trip_to(limit.point) for one in near)
    needed = math.ceil(min(trip.worst_ms for trip in trips))
    points = tuple(Near(one.point, needed) if one is limit else one for one in demand.policy.near)
    yield f"+{needed - limit.rtt_ms_max} ms to {key}", _with(demand, near=points)


def _lower_seal(demand: Demand, key: str, near: Sequence[Candidate]) -> Iterable[Change]:
    (asked,) = (one for one in demand.policy.seals if one.objective == key)
    name = asked.objective.replace("_", "-").upper() or "SEAL"
    levels = [seal_of(one.ground, asked) for one in near]
    best = max((level for level in levels if level is not None), default=None)
    rest = tuple(one for one in demand.policy.seals if one is not asked)
    if best is not None:
        lower = (*rest, Seal(key, best))
        yield f"level {best} of {name} instead of {asked.level}", _with(demand, seals=lower)
    if None in levels:
        yield f"do not ask for a level of {name}", _with(demand, seals=rest)


def _shorter_reach(demand: Demand, key: str, near: Sequence[Candidate]) -> Iterable[Change]:
    """By time, and by how many of the points: the smallest step of each."""
    (asked,) = (one for one in demand.policy.reaches if reach_key(one) == key)
    trips = [trips_of_reach(one.ground, asked) for one in near]
    count = len(asked.points)
    needed = math.ceil(min(one[asked.wanted - 1] for one in trips))
    longer = Reach(asked.points, needed, asked.percent)
    text = f"+{needed - asked.rtt_ms_max} ms to {asked.wanted} of {count} points"
    yield text, _with_reach(demand, asked, longer)
    most = max(sum(trip <= asked.rtt_ms_max for trip in one) for one in trips)
    if most:
        fewer = Reach(asked.points, asked.rtt_ms_max, 100 * most // count)
        text = f"{most} of {count} points within {asked.rtt_ms_max} ms instead of {asked.wanted}"
        yield text, _with_reach(demand, asked, fewer)


def _apart(demand: Demand, key: str, _: Sequence[Candidate]) -> Iterable[Change]:
    return [
        (text, _with_beside(demand, asked, weaker))
        for asked in demand.policy.besides
        if asked.key == key
        for text, weaker in _farther_apart(asked)
    ]


def _dearer(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    prices = {price_per_month(one.ground.prices, demand.size) for one in near}
    needed = min((price for price in prices if price is not None), default=None)
    if needed is not None and demand.policy.price_max is not None:
        more = words_of_price(needed - demand.policy.price_max)
        yield f"+{more}", _with(demand, price_max=needed)
    if None in prices:
        yield "do not cap the price", _with(demand, price_max=None)


def _dirtier(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    carbon = {one.ground.carbon for one in near}
    needed = min((value for value in carbon if value is not None), default=None)
    if needed is not None:
        yield f"up to {math.ceil(needed)} gCO2/kWh", _with(demand, carbon_max=math.ceil(needed))
    if None in carbon:
        yield "do not cap carbon", _with(demand, carbon_max=None)


def _smaller(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    """The size that gives up the least, by the sum of its shares of what was asked."""
    asked = demand.size
    sizes = [
        Capacity(
            min(asked.cpus, one.free.cpus),
            min(asked.memory_mib, one.free.memory_mib),
            min(asked.disk_mib, one.free.disk_mib),
        )
        for one in near
    ]
    real = [size for size in sizes if min(size.cpus, size.memory_mib, size.disk_mib) >= 1]
    if real:
        best = max(real, key=lambda size: (_share(size, asked), words_of_size(size)))
        yield f"{words_of_size(best)} instead", replace(demand, size=best)


def _other_ports(demand: Demand, _: str, near: Sequence[Candidate]) -> Iterable[Change]:
    """Without those that are taken; what is published instead is the tenant's to say."""
    for taken in sorted({tuple(p for p in demand.ports if p in one.ports) for one in near}):
        kept = tuple(port for port in demand.ports if port not in taken)
        words = ", ".join(str(port) for port in taken)
        yield f"publish another port than {words}", replace(demand, ports=kept)


def _share(size: Capacity, asked: Capacity) -> float:
    return (
        size.cpus / asked.cpus + size.memory_mib / asked.memory_mib + size.disk_mib / asked.disk_mib
    )


def _weaker(spread: Spread, members: int) -> Iterable[tuple[str, Spread]]:
    """Every weaker form, the smallest step first; the last asks for nothing."""
    if spread.share_max is not None:
        for count in range(1, members + 1):
            share = math.ceil(100 * count / members)
            if share > spread.share_max:
                text = f"up to {share} % in one {spread.over}"
                yield text, replace(spread, share_max=share)
    if spread.distinct_min is not None:
        for distinct in range(min(spread.distinct_min, members) - 1, 0, -1):
            text = f"{distinct} different by {spread.over} instead of {spread.distinct_min}"
            yield text, replace(spread, distinct_min=distinct)
    yield f"spread over {spread.over} only as far as it can be had", replace(spread, is_hard=False)


def _with_spread(demand: Demand, old: Spread, new: Spread) -> Demand:
    spreads = tuple(new if one == old else one for one in demand.policy.spreads)
    return _with(demand, spreads=spreads)


WIDER: dict[Over, tuple[Over, ...]] = {
    "host": ("site", "provider", "country"),
    "site": ("provider", "country"),
    "provider": (),
    "country": (),
}


def _farther_apart(beside: Beside) -> Iterable[tuple[str, Beside]]:
    """Every weaker form; the last only prefers it."""
    for over in WIDER[beside.over]:
        yield f"at the {over} of {beside.words} is enough", replace(beside, over=over)
    yield f"beside {beside.words} only if that can be had", replace(beside, is_hard=False)


def _with_beside(demand: Demand, old: Beside, new: Beside) -> Demand:
    besides = tuple(new if one == old else one for one in demand.policy.besides)
    companions = tuple(
        replace(one, beside=new) if one.beside == old else one for one in demand.companions
    )
    return replace(_with(demand, besides=besides), companions=companions)


def _with_reach(demand: Demand, old: Reach, new: Reach) -> Demand:
    return _with(demand, reaches=tuple(new if one == old else one for one in demand.policy.reaches))


def _with(demand: Demand, **changed: object) -> Demand:
    policy: Policy = replace(demand.policy, **changed)  # type: ignore[arg-type]
    return replace(demand, policy=policy)
