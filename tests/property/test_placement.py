"""Placement is exact against a plain reference, and what it says would help really helps."""

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.policy import Policy
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import Placed, Unplaced, choose, look, place_group
from hanza.plan.placement.demand import UNBOUND
from hanza.plan.placement.explain import explain, sentence_of
from hanza.plan.placement.pins import Pin
from hanza.plan.placement.relax import group_relaxations
from hanza.plan.placement.rules import RULES
from hanza.plan.placement.score import Option
from hanza.plan.placement.search import SOFT_FINE
from hanza.plan.policy import Contradiction, tighten
from kit.grounds import (
    a_candidate,
    a_demand,
    a_ground,
    a_member,
    companions,
    lax_policies,
    leagues_of_hosts,
    pins,
    policies,
)
from kit.plainly import quote_team

sizes = st.builds(Capacity, st.integers(1, 3), st.sampled_from([256, 1024, 2048]), st.just(64))


@st.composite
def teams(draw: st.DrawFn) -> list[Demand]:
    """Up to three replicas of one component, perhaps one of another, some of them pinned."""
    policy, other = draw(lax_policies), draw(lax_policies)
    size = draw(sizes)
    web = [
        a_demand(
            policy,
            name=f"web-{n}",
            size=size,
            component="web",
            pin=draw(pins),
            companions=draw(companions),
        )
        for n in range(draw(st.integers(1, 3)))
    ]
    db = [a_demand(other, name="db", size=draw(sizes), component="db")]
    return web + db[: draw(st.integers(0, 1))]


def reference_look(demand: Demand, hosts: list[Candidate]) -> list[Option]:
    return list(look(demand, hosts).options)


def fits(demands: list[Demand], choice: tuple[Option, ...]) -> bool:
    free = {one.candidate.host: one.candidate.free for one in choice}
    for demand, option in zip(demands, choice, strict=True):
        free[option.candidate.host] -= demand.room
    return all(min(room.cpus, room.memory_mib, room.disk_mib) >= 0 for room in free.values())


def misses(demands: list[Demand], choice: tuple[Option, ...], hosts: list[Candidate]) -> int | None:
    """How much of what is soft among them is missed; None when something hard is broken."""
    missed = 0
    for component in {one.component for one in demands}:
        mine = [
            (demand, option.candidate)
            for demand, option in zip(demands, choice, strict=True)
            if demand.component == component
        ]
        for spread in mine[0][0].policy.spreads:
            stands = [one.stands_in(spread.over) for _, one in mine]
            reach = {
                option.candidate.stands_in(spread.over)
                for demand, _ in mine
                for option in reference_look(demand, hosts)
            }
            short = 0
            if spread.distinct_min is not None or spread.share_max is None:
                wanted = min(spread.distinct_min or 99, len(mine))
                wanted = (
                    wanted if spread.is_hard and spread.distinct_min else min(wanted, len(reach))
                )
                short += max(0, wanted - len(set(stands)))
            if spread.share_max is not None:
                limit = max(1, len(mine) * spread.share_max // 100)
                short += sum(max(0, stands.count(one) - limit) for one in set(stands))
            if short and spread.is_hard:
                return None
            missed += short
    for demand, option in zip(demands, choice, strict=True):
        for beside in demand.policy.besides:
            there = {
                other.candidate.stands_in(beside.over)
                for one, other in zip(demands, choice, strict=True)
                if one.component == beside.name
            }
            if option.candidate.stands_in(beside.over) not in there:
                if beside.is_hard:
                    return None
                missed += 1
    return missed


def best_by_looking_at_all(
    demands: list[Demand], hosts: list[Candidate]
) -> tuple[Option, ...] | None:
    """Every combination in the order of preference; the first with the most points."""
    best, best_points = None, 0
    for choice in itertools.product(*(reference_look(one, hosts) for one in demands)):
        missed = misses(demands, choice, hosts) if fits(demands, choice) else None
        if missed is None:
            continue
        points = sum(one.total for one in choice) - SOFT_FINE * missed
        if best is None or points > best_points:
            best, best_points = choice, points
    return best


@given(teams(), leagues_of_hosts())
@settings(max_examples=300, deadline=None)
def test_a_group_is_placed_as_a_plain_reference_would(
    team: list[Demand], hosts: list[Candidate]
) -> None:
    answer = place_group(team, hosts)
    expected = best_by_looking_at_all(team, hosts)
    if expected is None:
        assert isinstance(answer, Unplaced)
    else:
        assert answer == Placed(expected)


@given(policies, pins, leagues_of_hosts())
@settings(max_examples=200, deadline=None)
def test_one_is_placed_at_the_first_of_those_that_no_rule_refuses(
    policy: Policy, pin: Pin, hosts: list[Candidate]
) -> None:
    demand = a_demand(policy, pin=pin)
    answer, explained = choose(demand, hosts), explain(demand, hosts)
    assert explained.may + len(explained.losers) == explained.looked_at == len(hosts)
    assert {one.rule for one in explained.refusals} <= set(RULES)
    if isinstance(answer, Unplaced):
        assert explained.may == 0
        assert all(loser.lacks for loser in explained.losers)
    else:
        assert explained.best[0].option == answer


@given(teams(), leagues_of_hosts(hosts_max=4))
@settings(max_examples=60, deadline=None)
def test_same_input_same_plan_whatever_the_order(
    team: list[Demand], hosts: list[Candidate]
) -> None:
    answers = set()
    for order in itertools.islice(itertools.permutations(hosts), 6):
        answer = place_group(team, order)
        is_placed = isinstance(answer, Placed)
        answers.add(str(answer.options) if is_placed else sentence_of(answer, team))
    assert len(answers) == 1


@given(policies, pins, sizes, leagues_of_hosts())
@settings(max_examples=300, deadline=None)
def test_a_relaxation_that_is_named_really_places_it(
    policy: Policy, pin: Pin, size: Capacity, hosts: list[Candidate]
) -> None:
    explained = explain(a_demand(policy, size=size, pin=pin), hosts)
    for one in explained.relaxations:
        (relaxed,) = one.demands
        after = explain(relaxed, hosts)
        assert after.may > explained.may, one.text
        assert isinstance(choose(relaxed, hosts), Option)
        assert one.hosts >= 1 <= one.sites


@given(teams(), leagues_of_hosts(), st.integers(0, 2))
@settings(max_examples=150, deadline=None)
def test_a_spread_that_is_relaxed_as_named_places_all(
    team: list[Demand], hosts: list[Candidate], settled: int
) -> None:
    beside = [Neighbour("web", one) for one in hosts[:settled]]
    for one in group_relaxations(team, hosts, beside):
        assert isinstance(place_group(one.demands, hosts, beside), Placed)


def test_a_large_group_is_placed_at_once() -> None:
    hosts = [a_candidate(f"h{n:02}", a_ground(f"s{n % 8}")) for n in range(24)]
    team = [a_demand(name=f"w-{n}", component="w") for n in range(64)]
    assert isinstance(place_group(team, hosts), Placed)


def is_possible(policy: Policy) -> bool:
    """Whether it would be admitted."""
    try:
        return tighten(Policy(), policy) == tighten(policy, Policy())
    except Contradiction:
        return False


@given(
    st.lists(policies.filter(is_possible), min_size=1, max_size=3),
    sizes,
    leagues_of_hosts(),
    st.integers(0, 2),
)
@settings(max_examples=300, deadline=None)
def test_a_relaxation_of_an_app_that_is_named_really_places_all_of_it(
    own: list[Policy], size: Capacity, hosts: list[Candidate], settled: int
) -> None:
    """Applied as a tenant would: the members are asked for again, with the policies it names."""
    members = [(a_member(f"m{n}", policy, size=size), None) for n, policy in enumerate(own)]
    standing = [(a_member(f"s{n}"), one.host) for n, one in enumerate(hosts[:settled])]
    quote = quote_team([*members, *standing], hosts, UNBOUND)
    for one in quote.relaxations:
        assert quote.refusal is not None
        again = [
            (a_member(demand.name, demand.policy, size=demand.size), None) for demand in one.demands
        ]
        mended = quote_team([*again, *standing], hosts, UNBOUND)
        assert mended.refusal is None, one.text
        assert None not in [line.at for line in mended.lines]


@given(teams(), leagues_of_hosts(), st.lists(st.integers(0, 4), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None)
def test_as_many_stay_at_home_as_can(
    team: list[Demand], hosts: list[Candidate], homes: list[int]
) -> None:
    """By looking at every combination: nobody leaves who could stay."""
    team = [
        replace(one, home=hosts[at].host if at < len(hosts) else None)
        for one, at in zip(team, homes, strict=False)
    ]
    answer = place_group(team, hosts)
    best = -1
    for choice in itertools.product(*(reference_look(one, hosts) for one in team)):
        if fits(team, choice) and misses(team, choice, hosts) is not None:
            best = max(best, at_home(team, choice))
    assert isinstance(answer, Placed) == (best >= 0)
    if isinstance(answer, Placed):
        assert at_home(team, answer.options) == best


def at_home(demands: list[Demand], choice: tuple[Option, ...]) -> int:
    return sum(
        one.home == option.candidate.host for one, option in zip(demands, choice, strict=True)
    )
