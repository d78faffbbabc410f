"""Groups placed in numbers: by the rules, no worse than in turn, and within what is proven.

Small ones are placed here in that way, so that the plain way can say what is best.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.policy import Policy
from hanza.plan.placement.beside import components_of, is_apart
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import Placed, place_group
from hanza.plan.placement.fleet import Fleet
from hanza.plan.placement.fleet.host import microseconds
from hanza.plan.placement.fleet.large import Large, place_large
from hanza.plan.placement.fleet.layout import NONE
from hanza.plan.placement.fleet.prove import prove_placed
from hanza.plan.placement.fleet.sequence import place_in_turn
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.placement.spread import Group, shortfall
from hanza.plan.placement.terms import Tally
from kit.columns import World, hosts, ports, worlds
from kit.grounds import a_demand, companions, goals, lax_policies, pins, some_countries, terms

sizes = st.builds(Capacity, st.integers(1, 3), st.sampled_from([256, 1024, 2048]), st.just(64))
plain_policies = st.builds(Policy, countries=st.none() | some_countries, goals=goals)


@st.composite
def teams(draw: st.DrawFn) -> list[Demand]:
    """Of up to three kinds; mostly such that room and points tell everything."""
    is_counted = draw(st.sampled_from([True, True, False]))
    kinds = [
        a_demand(
            draw(plain_policies if is_counted else lax_policies),
            size=draw(sizes),
            component=name,
            ports=() if is_counted else draw(ports),
            companions=draw(companions),
            tenant="acme",
        )
        for name in ("web", "db", "queue")[: draw(st.integers(1, 3))]
    ]
    found = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=6))
    there = {one.component for one in found}
    for at, one in enumerate(found):
        # A component that is not of the group is known as a companion.
        besides = tuple(it for it in one.policy.besides if it.name in there)
        found[at] = replace(one, policy=replace(one.policy, besides=besides))
    if draw(st.integers(0, 3)) == 0:
        found[0] = replace(found[0], home=draw(hosts), pin=draw(pins))
    return found


@given(st.data(), worlds(), teams())
@settings(max_examples=150, deadline=None)
def test_a_group_in_numbers_is_by_the_rules_and_within_what_is_proven(
    data: st.DataObject, world: World, team: list[Demand]
) -> None:
    if data.draw(st.integers(0, 3), "terms") == 0:
        own = {name: data.draw(terms, name) for name in ("p1", "p2", "p3")}
        for ground in list(world.grounds.values()):
            world.put_ground(replace(ground, terms=own[ground.provider]))
    before = world.candidates()
    best = place_group(team, before)
    answers = [answer_of(fleet, world, team) for fleet in world.fleets]
    for fleet in world.fleets:
        left = [(one.host, one.free, one.ports) for one in fleet.candidates(world.now)]
        assert left == [(one.host, one.free, one.ports) for one in before], "it is left as it was"
    names = [
        rows and [large.decider.inventory.hosts[row] for row in rows] for large, rows in answers
    ]
    assert all(one == names[0] for one in names), "plain and compiled are the same"
    for large, rows in answers:
        if rows is None:
            continue
        assert isinstance(best, Placed), "the plain way finds a place as well"
        at = [one.candidate for one in large.options(np.array(rows))]
        keeps_the_rules(team, at)
        known = large.decider.inventory.rows
        optimum = np.array([known[one.candidate.host] for one in best.options])
        proof, ideal = (prove_placed(large, np.array(one), ()) for one in (rows, optimum))
        assert proof.most >= ideal.points
        if not any(one.home for one in team):
            # Where somebody may stay at home that counts more than any points.
            assert ideal.points >= proof.points


def answer_of(fleet: Fleet, world: World, team: list[Demand]) -> tuple[Large, list[int] | None]:
    """What is never refused, nor worse, than what the turns alone would have."""
    large = Large(fleet._decider, team, microseconds(world.now))
    if large.lost is not None:
        assert find_lacks(compile_rules(large.lost), world.candidates())
        return large, None
    fitting = [len(large.fitting[kind].rows) for kind in large.kinds]
    turns = place_in_turn(fleet._decider, team, (), large.now, fitting, mends=False)
    rows = place_large(large, ())
    if turns is not None and NONE not in turns:
        assert rows is not None
        assert large.points(rows).sum() >= large.points(np.array(turns)).sum()
    return large, None if rows is None else rows.tolist()


def keeps_the_rules(team: Sequence[Demand], at: Sequence[Candidate]) -> None:
    free = {one.host: one.free for one in at}
    taken = {one.host: Counter(one.ports.keys()) for one in at}
    tally = Tally(one.ground for one in at)
    for demand, one in zip(team, at, strict=True):
        assert not find_lacks(compile_rules(demand), [one])[one.host]
        free[one.host] -= demand.room
        taken[one.host].update(demand.ports)
        assert not tally.is_over(one.ground, demand)
        tally.add(one.ground, demand)
    assert all(Capacity(*map(abs, (r.cpus, r.memory_mib, r.disk_mib))) == r for r in free.values())
    assert all(count == 1 for one in taken.values() for count in one.values())
    for demand, one in zip(team, at, strict=True):
        mine = [
            it for it, other in zip(at, team, strict=True) if other.component == demand.component
        ]
        group = Group((), len(mine), demand.policy.spreads)
        assert not any(shortfall(it, group, mine) for it in group.spreads if it.is_hard)
        for beside in components_of(demand, is_hard=True):
            there = [it for it, who in zip(at, team, strict=True) if who.component == beside.name]
            assert not is_apart(beside, one, there, 0)
