"""Columns decide as the plain way does, on candidates made from the same facts, to the last tie.

`kit.fleets.World` keeps the facts as plain data; `test_placement.py` holds the plain way itself
against one that looks at every combination.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Policy
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import Placed, Unplaced, choose, place_group
from hanza.plan.placement.fleet import Standing
from hanza.plan.placement.pins import FREE
from hanza.plan.placement.score import Option
from kit.fleets import World, change, hosts, ports, worlds
from kit.grounds import a_demand, lax_policies, pins, policies

sizes = st.builds(Capacity, st.integers(1, 3), st.sampled_from([256, 1024, 2048]), st.just(64))
homes = st.none() | hosts.map(HostId)
standings = st.lists(
    st.builds(Standing, st.sampled_from(["web", "db"]), hosts.map(HostId)), max_size=4
)


@st.composite
def demands(draw: st.DrawFn, policies: st.SearchStrategy[Policy] = lax_policies) -> Demand:
    return a_demand(
        draw(policies),
        size=draw(sizes),
        component=draw(st.sampled_from(["web", "web", None])),
        pin=draw(st.just(FREE) | pins),
        home=draw(homes),
        ports=draw(st.just(()) | ports),
    )


def decide_alike(world: World, demand: Demand, standing: list[Standing]) -> None:
    expected = choose(demand, world.candidates(), world.neighbours(standing))
    host = expected.candidate.host if isinstance(expected, Option) else None
    for fleet in world.fleets:
        assert list(fleet.candidates(world.now)) == world.candidates()
        assert fleet.choose(demand, standing, world.now) == host


@given(st.data(), worlds(), demands(lax_policies | policies), standings)
@settings(max_examples=400, deadline=None)
def test_one_goes_where_the_plain_way_puts_it_whatever_has_changed(
    data: st.DataObject, world: World, demand: Demand, standing: list[Standing]
) -> None:
    decide_alike(world, demand, standing)
    for _ in range(data.draw(st.integers(0, 6))):
        data.draw(change(world))
        decide_alike(world, demand, standing)


@given(st.data(), worlds(), st.lists(demands(), min_size=2, max_size=4), standings)
@settings(max_examples=400, deadline=None)
def test_a_group_goes_where_the_plain_way_puts_it(
    data: st.DataObject, world: World, team: list[Demand], standing: list[Standing]
) -> None:
    if data.draw(st.booleans(), "replicas"):
        team = [replace(team[0], home=one.home) for one in team]
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
