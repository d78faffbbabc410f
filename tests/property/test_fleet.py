"""Columns decide as the plain way does, on candidates made from the same facts, to the last tie.

`kit.columns.World` keeps the facts as plain data; `test_placement.py` holds the plain way itself
against one that looks at every combination.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Near, Policy
from hanza.model.quota import NONE, Limits
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import (
    MEMBERS_MAX,
    Placed,
    Unplaced,
    choose,
    place_group,
    without_room,
)
from hanza.plan.placement.explain import explain
from hanza.plan.placement.fleet import Standing
from hanza.plan.placement.pins import FREE
from hanza.plan.placement.score import Option
from kit.columns import IS_PLAIN, World, a_fleet, a_host, change, hosts, ports, worlds
from kit.grounds import (
    LJUBLJANA,
    NOW,
    a_demand,
    a_ground,
    besides,
    companions,
    goals,
    lax_policies,
    pins,
    policies,
    spreads,
    terms,
)

SHARE = 2 if IS_PLAIN else 1
"""Of the examples: all of them are decided both ways where machine code is."""
sizes = st.builds(Capacity, st.integers(1, 3), st.sampled_from([256, 1024, 2048]), st.just(64))
LARGE, TINY = Capacity(4096, 4096, 4096), Capacity(1, 1, 1)
homes = st.none() | hosts.map(HostId)
spreading = st.builds(
    Policy,
    spreads=st.lists(spreads, min_size=1, max_size=3).map(tuple),
    near=st.sampled_from([(), (Near(LJUBLJANA),)]),
    goals=goals,
)
"""Demands nothing but to stand apart, so that this alone decides."""


@st.composite
def standings(draw: st.DrawFn, world: World) -> list[Standing]:
    """Up to five replicas, mostly of the component that is placed and at hosts that are there."""
    known = st.sampled_from([*sorted(world.hosts) * 4, "h-gone"])
    component = st.sampled_from(["web", "web", "web", "db"])
    found = st.builds(Standing, component, known.map(HostId))
    return draw(st.lists(found, max_size=5))


@st.composite
def simple_demands(draw: st.DrawFn) -> Demand:
    """What columns decide by themselves."""
    return a_demand(
        draw(spreading), size=draw(sizes), component="web", ports=draw(st.just(()) | ports)
    )


@st.composite
def demands(draw: st.DrawFn, policies: st.SearchStrategy[Policy] = lax_policies) -> Demand:
    return a_demand(
        draw(policies),
        size=draw(sizes),
        component=draw(st.sampled_from(["web", "web", None])),
        pin=draw(st.sampled_from([FREE, FREE]) | pins),
        home=draw(st.none() | homes),
        ports=draw(st.just(()) | ports),
        companions=draw(st.just(()) | companions),
        tenant=draw(st.sampled_from(["acme", "rival"])),
        tenant_country=draw(st.sampled_from([None, "HU", "DE", "DE"])),
    )


def decide_alike(world: World, demand: Demand, standing: list[Standing]) -> None:
    expected = choose(demand, world.candidates(), world.neighbours(standing))
    host = expected.candidate.host if isinstance(expected, Option) else None
    for fleet in world.fleets:
        assert list(fleet.candidates(world.now)) == world.candidates()
        assert fleet.choose(demand, standing, world.now) == host


@given(st.data(), worlds(), simple_demands() | demands(lax_policies | policies))
@settings(max_examples=500 // SHARE)
def test_one_goes_where_the_plain_way_puts_it_whatever_has_changed(
    data: st.DataObject, world: World, demand: Demand
) -> None:
    standing = data.draw(standings(world))
    decide_alike(world, demand, standing)
    for _ in range(data.draw(st.integers(0, 4))):
        data.draw(change(world))
        decide_alike(world, demand, standing)


@given(st.data(), worlds(), st.lists(simple_demands() | demands(), min_size=2, max_size=4))
@settings(max_examples=400 // SHARE)
def test_a_group_goes_where_the_plain_way_puts_it(
    data: st.DataObject, world: World, team: list[Demand]
) -> None:
    standing = data.draw(standings(world))
    if data.draw(st.booleans(), "replicas"):
        team = [replace(team[0], home=one.home) for one in team]
    place_alike(world, team, standing)


def place_alike(world: World, team: list[Demand], standing: list[Standing]) -> None:
    expected = place_group(team, world.candidates(), world.neighbours(standing))
    for fleet in world.fleets:
        answer = fleet.place_group(team, standing, world.now)
        if isinstance(expected, Placed):
            assert answer == expected
        else:
            stuck = expected.looked and expected.looked.demand
            assert isinstance(expected, Unplaced)
            assert not isinstance(answer, Placed)
            assert (answer.demand, answer.is_exact) == (stuck, expected.is_exact)
        assert list(fleet.candidates(world.now)) == world.candidates()


@st.composite
def in_company(draw: st.DrawFn) -> list[Demand]:
    """Members of two components that want to be beside each other, or beside what stands."""
    asked = st.builds(
        Policy,
        besides=st.lists(besides, min_size=1, max_size=2).map(tuple),
        spreads=st.lists(spreads, max_size=1).map(tuple),
        goals=goals,
    )
    kinds = {
        name: a_demand(
            draw(asked),
            size=draw(sizes),
            component=name,
            companions=draw(companions),
            tenant="acme",
            ports=draw(st.just(()) | st.just((22,))),
        )
        for name in ("web", "db")
    }
    names = draw(st.lists(st.sampled_from(["web", "db"]), min_size=1, max_size=3))
    homes = [draw(st.none() | st.none() | hosts.map(HostId)) for _ in names]
    return [
        replace(kinds[name], home=home, pin=draw(st.sampled_from([FREE] * 4) | pins))
        for name, home in zip(names, homes, strict=True)
    ]


@given(st.data(), worlds(), in_company())
@settings(max_examples=400 // SHARE)
def test_company_and_terms_in_a_group_are_kept_as_the_plain_way_keeps_them(
    data: st.DataObject, world: World, team: list[Demand]
) -> None:
    if data.draw(st.booleans(), "terms"):
        own = {name: data.draw(terms, name) for name in ("p1", "p2", "p3")}
        for ground in list(world.grounds.values()):
            world.put_ground(replace(ground, terms=own[ground.provider]))
    standing = data.draw(standings(world))
    place_alike(world, team, standing)
    explain_alike(world, team[0], standing)


@given(worlds(), st.data(), st.lists(demands(), min_size=1, max_size=3))
@settings(max_examples=300 // SHARE)
def test_what_providers_take_is_counted_as_the_plain_way_counts_it(
    world: World, data: st.DataObject, asked: list[Demand]
) -> None:
    """One after another: what the first takes of its provider, the next one finds taken."""
    own = {name: data.draw(terms, name) for name in ("p1", "p2", "p3")}
    for ground in list(world.grounds.values()):
        world.put_ground(replace(ground, terms=own[ground.provider]))
    candidates = world.candidates()
    for demand in asked:
        expected = choose(demand, candidates)
        host = expected.candidate.host if isinstance(expected, Option) else None
        for fleet in world.fleets:
            assert fleet.choose(demand, [], world.now) == host
            assert fleet.providers_with_terms == {
                one.provider for one in world.grounds.values() if one.terms is not None
            }
        if isinstance(expected, Option):
            candidates = without_room(candidates, [expected], [demand])
            for fleet in world.fleets:
                fleet.take(expected.candidate.host, demand.room, demand.ports)
                fleet.count(expected.candidate.host, demand.tenant, demand.cost)
                assert list(fleet.candidates(world.now)) == candidates


def test_what_a_large_group_takes_is_counted_and_given_back() -> None:
    count = MEMBERS_MAX + 1
    own = Terms(Limits(instances=count - 1))
    for limit, is_placed in ((count - 1, False), (count, True)):
        fleet = a_fleet(a_host(capacity=LARGE, free=LARGE), compiled=False)
        fleet.put_ground(a_ground(terms=replace(own, each=Limits(instances=limit))))
        team = [a_demand(name=f"w-{n}", size=TINY, tenant="acme") for n in range(count)]
        assert isinstance(fleet.place_group(team, [], NOW), Placed) == is_placed
        taken = next(iter(fleet.candidates(NOW))).ground.taken
        assert set(taken.values()) <= {NONE}, "it is left as it was"


@given(st.data(), worlds(), simple_demands() | demands(policies | lax_policies))
@settings(max_examples=500 // SHARE)
def test_columns_explain_what_the_plain_way_explains(
    data: st.DataObject, world: World, demand: Demand
) -> None:
    standing = data.draw(standings(world))
    # What it is to stand beside is known by its policy.
    besides = {one.key: one for one in demand.policy.besides}
    besides |= {one.beside.key: one.beside for one in demand.companions}
    demand = replace(demand, policy=replace(demand.policy, besides=tuple(besides.values())))
    explain_alike(world, demand, standing, lambda: data.draw(change(world)))


def explain_alike(
    world: World,
    demand: Demand,
    standing: list[Standing],
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    expected = explain(demand, world.candidates(), world.neighbours(standing))
    found = [fleet.explain(demand, standing, world.now) for fleet in world.fleets]
    meanwhile()
    for one in found:
        assert replace(one, losers=tuple(one.losers), looks=tuple(one.looks)) == expected
