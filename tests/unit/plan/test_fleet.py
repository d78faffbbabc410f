"""Single traits of columns; `tests/property/test_fleet.py` has the law."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Goals, Policy, Spread
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, place_group
from hanza.plan.placement.explain import explain
from hanza.plan.placement.fleet import Fleet, Host, Standing, Stuck
from hanza.plan.placement.fleet.asks import Asks
from hanza.plan.placement.fleet.fleet import COMPILED_FROM
from hanza.plan.placement.fleet.group import GROUP_MAX
from hanza.plan.placement.fleet.host import instant, microseconds
from hanza.plan.placement.fleet.layout import BLOCK_ROWS
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.placement.search import STEPS_MAX
from kit.columns import HEARD_WITHIN, a_fleet, a_host
from kit.grounds import NOW, SMALL, a_demand, a_ground, prices_of

TINY = Capacity(1, 1, 1)
APART = Policy(spreads=(Spread("site", distinct_min=2), Spread("provider", share_max=50)))


def test_a_time_is_the_same_back_and_forth_and_is_aware() -> None:
    assert instant(microseconds(NOW)) == NOW
    with pytest.raises(TypeError):
        microseconds(datetime(2026, 1, 1))  # noqa: DTZ001 -- that is what is refused


def test_a_host_needs_a_known_site_and_a_name_without_nul() -> None:
    fleet = Fleet(HEARD_WITHIN)
    with pytest.raises(KeyError):
        fleet.put(a_host())
    fleet.put_ground(a_ground())
    with pytest.raises(ValueError, match="NUL"):
        fleet.put(a_host(name="a\0b"))
    assert len(fleet) == 0
    assert "h1" not in fleet
    fleet.put(a_host())
    assert "h1" in fleet
    with pytest.raises(KeyError):
        fleet.drop(HostId("h2"))


def test_a_fleet_is_compiled_when_it_is_large_enough_to_pay() -> None:
    hosts = [a_host(f"h{n:04}", f"s{n % 9}") for n in range(COMPILED_FROM)]
    fleet = a_fleet(*hosts[:-1])
    assert not fleet.is_compiled
    before = fleet.choose(a_demand(), [], NOW)
    fleet.put(hosts[-1])
    assert fleet.is_compiled
    assert fleet.choose(a_demand(), [], NOW) == before
    assert not a_fleet(*hosts, compiled=False).is_compiled
    assert a_fleet(compiled=True).is_compiled


def test_a_large_fleet_decides_plainly_until_it_may_compile() -> None:
    """The same host, before and after."""
    hosts = [a_host(f"h{n:04}", f"s{n % 9}") for n in range(COMPILED_FROM)]
    answers = [False, False, True]
    fleet = Fleet(HEARD_WITHIN, may_compile=lambda: answers.pop(0))
    for site in sorted({one.site for one in hosts}):
        fleet.put_ground(a_ground(site))
    for one in hosts:
        fleet.put(one)
    assert not fleet.is_compiled
    fleet.put(hosts[0])
    assert not fleet.is_compiled
    before = fleet.choose(a_demand(), [], NOW)
    fleet.put(hosts[0])
    assert fleet.is_compiled
    fleet.put(hosts[0])
    assert answers == []
    assert fleet.choose(a_demand(), [], NOW) == before


def test_a_site_of_many_blocks_empties_and_fills_again() -> None:
    hosts = [a_host(f"h{n:03}") for n in range(3 * BLOCK_ROWS)]
    fleet = a_fleet(*hosts)
    for one in hosts[:-1]:
        assert fleet.choose(a_demand(), [], NOW) == one.host
        fleet.drop(one.host)
    assert fleet.choose(a_demand(), [], NOW) == hosts[-1].host
    fleet.drop(hosts[-1].host)
    assert fleet.choose(a_demand(), [], NOW) is None
    for one in hosts:
        fleet.put(one)
    assert [one.host for one in fleet.candidates(NOW)] == [one.host for one in hosts]
    for one in hosts[:BLOCK_ROWS]:
        fleet.take(one.host, one.capacity)
    assert fleet.choose(a_demand(), [], NOW) == hosts[BLOCK_ROWS].host
    for one in hosts[:BLOCK_ROWS]:
        fleet.give(one.host, one.capacity)
    fleet.put(replace(hosts[40], capacity=SMALL, free=SMALL))
    assert fleet.choose(a_demand(), [], NOW) == "h000"
    fleet.take(HostId("h000"), TINY)
    assert fleet.choose(a_demand(), [], NOW) == "h001"


def test_blocks_that_are_fuller_are_passed_over_where_room_counts() -> None:
    hosts = [a_host(f"h{n:03}") for n in range(3 * BLOCK_ROWS)]
    fleet = a_fleet(*hosts)
    roomy = a_demand(policy=Policy(goals=Goals(room=1)))
    for one in (*hosts[:BLOCK_ROWS], *hosts[2 * BLOCK_ROWS :]):
        fleet.take(one.host, TINY)
    assert fleet.choose(roomy, [], NOW) == hosts[BLOCK_ROWS].host


@pytest.mark.parametrize("length", [7, 15, 23, 40])
def test_of_equals_the_first_id_is_chosen_however_long_it_is(length: int) -> None:
    ids = [f"{'x' * length}{n}" for n in (3, 1, 2)]
    fleet = a_fleet(*(a_host(one, f"s{n}") for n, one in enumerate(ids)))
    assert fleet.choose(a_demand(), [], NOW) == ids[1]


def test_grounds_are_looked_at_again_when_they_change() -> None:
    """More sites than the first columns have room for, and more changes than are kept."""
    fleet = a_fleet(*(a_host(f"h{n:03}", f"s{n:03}") for n in range(40)))
    cheap = a_demand(Policy(goals=Goals(price=1)))
    for turn in range(12):
        for n in range(0, 40, 1 + turn % 2):
            cents = 100 + (n + 7 * turn) % 40
            fleet.put_ground(a_ground(f"s{n:03}", prices=prices_of(cents)))
        expected = explain(cheap, list(fleet.candidates(NOW))).best[0].option.candidate.host
        assert turn % 3 == 0 or fleet.choose(cheap, [], NOW) == expected


def test_what_was_asked_first_is_forgotten_when_there_is_too_much() -> None:
    asks = Asks(cells_max=4, asks_least=1)
    for n in range(2):
        asks.put(n, a_ground(f"s{n}", prices=prices_of(n), carbon=float(n)))
    by = [
        a_demand(Policy(goals=goals, price_max=cap))
        for cap in (1 << 40, 2 << 40, 3 << 40)
        for goals in (Goals(price=1), Goals(carbon=1), Goals(price=1, carbon=2), Goals())
    ]
    for turn in range(3):
        for demand in by:
            ask = asks.of(demand)
            assert sorted(ask.allowed.tolist()) == [0, 1]
            assert asks.values[ask.measures, 1].tolist() == [
                {"price": 730.0, "carbon": 1.0}[goal] for goal, _ in ask.goals
            ], turn


def test_many_measures_get_rows_of_their_own() -> None:
    asks = Asks()
    asks.put(0, a_ground(prices=prices_of(1)))
    for cpus in range(1, 12):
        size = Capacity(cpus, 1, 1)
        ask = asks.of(a_demand(Policy(goals=Goals(price=1)), size=size))
        assert asks.values[ask.measures, 0].tolist() == [730.0 * cpus]


def a_league(sites: int, per_site: int, **changed: object) -> Fleet:
    """Each site of a provider of its own."""
    fleet = Fleet(HEARD_WITHIN)
    for site in range(sites):
        fleet.put_ground(a_ground(f"s{site}", provider=f"p{site}"))
        for n in range(per_site):
            fleet.put(a_host(f"h{site}-{n:02}", f"s{site}", **changed))
    return fleet


def test_a_group_that_is_too_large_to_search_is_placed_one_after_another() -> None:
    fleet = a_league(4, 16, capacity=Capacity(8, 8, 8), free=Capacity(8, 8, 8))
    before = list(fleet.candidates(NOW))
    team = [a_demand(APART, size=TINY, component="w", ports=(80,) * (n < 9)) for n in range(400)]
    homely = replace(team[0], home=HostId("h3-07"), name="homely")
    gone = replace(team[0], home=HostId("h9-99"), name="gone")
    bound = replace(team[0], pin=Pin(volumes=(Bound("data", HostId("h1-02")),)))
    team = [*team, homely, bound, gone]
    there = [Standing("w", HostId("h0-00")), Standing("x", HostId("h1-00"))]
    answer = fleet.place_group(team, there, NOW)
    assert isinstance(answer, Placed)
    assert not answer.is_exact
    hosts = [one.candidate.host for one in answer.options]
    assert hosts[-3:-1] == ["h3-07", "h1-02"]
    assert max(hosts.count(one) for one in hosts) <= 8
    providers = [one.candidate.ground.provider for one in answer.options]
    assert max(providers.count(one) for one in providers) <= (len(team) + 1) // 2
    assert list(fleet.candidates(NOW)) == before, "the fleet is as it was"
    lost = replace(bound, pin=Pin(volumes=(Bound("data", HostId("h9-99")),)))
    assert fleet.place_group([*team, lost], [], NOW) == Stuck(lost, is_exact=False)
    assert fleet.place_group([*team, *team], [], NOW) == Stuck(None, is_exact=False)
    assert list(fleet.candidates(NOW)) == before


def test_soft_spreads_that_overlap_do_not_keep_a_large_group_waiting() -> None:
    soft = Spread("site", distinct_min=3, is_hard=False)
    policy = Policy(spreads=(soft, replace(soft, distinct_min=4)))
    fleet = a_league(4, 16)
    team = [a_demand(policy, size=TINY, component="w") for _ in range(MEMBERS_MAX)]
    team += [replace(team[0], home=HostId("h9-99"))]
    answer = fleet.place_group(team, [Standing("w", HostId("h0-00"))], NOW)
    assert isinstance(answer, Stuck), "64 hosts of 4 cpus have 256 places"
    assert isinstance(fleet.place_group(team[1:], [], NOW), Placed)


def test_what_the_search_has_not_found_in_time_is_tried_one_after_another() -> None:
    """Hosts of two sites, and replicas that want three: nothing is found, and not for certain."""
    fleet = Fleet(HEARD_WITHIN)
    for site in ("s0", "s1"):
        fleet.put_ground(a_ground(site))
    for n in range(STEPS_MAX // 40):
        free = Capacity(4, 4096, 2048 + n)
        fleet.put(a_host(f"h{n:03}", f"s{n % 2}", free=free))
    policy = Policy(spreads=(Spread("site", distinct_min=3),))
    team = [a_demand(replace(policy), component="w", name=f"w-{n}") for n in range(40)]
    beside = list(fleet.candidates(NOW))
    assert not place_group(team, beside).is_exact
    assert fleet.place_group(team, [], NOW) == Stuck(None, is_exact=False)


def test_more_than_can_be_placed_as_one_are_refused() -> None:
    with pytest.raises(ValueError, match="4096 are placed as one at most"):
        a_fleet(a_host()).place_group([a_demand()] * (GROUP_MAX + 1), [], NOW)


def test_losers_read_as_a_tuple_does_and_as_they_were() -> None:
    fleet = a_fleet(*(a_host(f"h{n}", ports={80: None}) for n in range(4)))
    losers = fleet.explain(a_demand(ports=(80,)), [], NOW).losers
    fleet.give(HostId("h1"), TINY, (80,))
    fleet.take(HostId("h2"), TINY, (81,))
    fleet.drop(HostId("h3"))
    assert [one.candidate.name for one in losers] == ["h0", "h1", "h2", "h3"]
    assert [one.candidate.ports for one in losers[1:3]] == [{80: None}] * 2
    assert losers[-1].lacks == losers[0].lacks
    with pytest.raises(IndexError):
        losers[4]


def test_an_agent_that_is_heard_before_its_host_is_known_was_heard() -> None:
    fleet = a_fleet()
    fleet.put_ground(a_ground())
    fleet.hear(["ag_h1"], NOW)
    fleet.put(a_host(heard_at=None))
    assert fleet.choose(a_demand(), [], NOW) == "h1"
    assert fleet.choose(a_demand(), [], NOW + HEARD_WITHIN) is None
    fleet.hear(["ag_h1"], NOW - timedelta(hours=1))
    assert fleet.candidate(HostId("h1"), NOW).is_heard
    assert isinstance(a_host(), Host)


def test_a_host_that_has_a_replica_is_passed_over_where_they_are_to_stand_apart() -> None:
    fleet = a_league(1, 2)
    demand = a_demand(Policy(spreads=(Spread("host", 2),)), component="web")
    first = fleet.choose(demand, [], NOW)
    assert first is not None
    second = fleet.choose(demand, [Standing("web", first)], NOW)
    assert second not in (None, first)


def test_who_waits_for_a_volume_that_is_nowhere_yet_goes_nowhere() -> None:
    fleet = a_league(1, 1)
    for pin in (Bound("data", None, taken_by="other"), Bound("data", None, is_leaving=True)):
        assert fleet.choose(a_demand(Policy(), pin=Pin(volumes=(pin,))), [], NOW) is None


def test_hosts_without_its_volume_are_counted_and_named() -> None:
    fleet = a_league(1, 2)
    home, other = sorted(one.host for one in fleet.candidates(NOW))
    for host, refused in ((home, (other,)), (HostId("gone"), (home, other))):
        demand = a_demand(Policy(), pin=Pin(volumes=(Bound("data", host),)))
        (count,) = fleet.explain(demand, [], NOW).refusals
        assert (count.rule, tuple(count.hosts)) == ("volume", refused)


def test_sites_without_hosts_have_no_place_for_anything() -> None:
    fleet = Fleet(HEARD_WITHIN)
    fleet.put_ground(a_ground())
    demand = a_demand(Policy())
    assert fleet.choose(demand, [], NOW) is None
    assert fleet.place_group([demand, demand], [], NOW) == Stuck(demand)
    many = [a_demand(Policy(), name=f"w{n}") for n in range(MEMBERS_MAX + 1)]
    assert isinstance(fleet.place_group(many, [], NOW), Stuck)
    said = fleet.explain(demand, [], NOW)
    assert (said.looked_at, said.may) == (0, 0)
