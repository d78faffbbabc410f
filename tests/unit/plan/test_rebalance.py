"""Plans of moves, case by case: what each is for, what holds it back, and what it tells."""

from dataclasses import replace
from typing import Any

from hanza.model.capacity import NOTHING, Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.policy import Beside, Goals, Near, Policy, Spread
from hanza.model.quota import Limits
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.candidate import Stand as Place
from hanza.plan.placement.demand import Above, Bounds
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.placement.rebalance import plan_moves
from hanza.plan.placement.rebalance_moves import Aim, Budget, Moves, residents_of
from hanza.plan.placement.score import FULL
from kit.grounds import LJUBLJANA, SMALL, WHOLE, a_candidate, a_ground, a_member, prices_of

CHEAPEST = Policy(goals=Goals(price=1))
JUST_BETTER, ANY_GAIN = Aim(), Budget(gain_min=1)
H1, H2 = HostId("h1"), HostId("h2")


def hosts_at(*prices: int | None, **changed: Any) -> list[Candidate]:
    """One host for each price of a cpu, h1 at s1 and so on, all in DE unless changed."""
    return [
        a_candidate(
            f"h{n}",
            a_ground(f"s{n}", prices=None if one is None else prices_of(one), **changed),
        )
        for n, one in enumerate(prices, start=1)
    ]


def planned(
    standing: list[tuple[Wanted, HostId]],
    hosts: list[Candidate],
    aim: Aim = JUST_BETTER,
    budget: Budget = ANY_GAIN,
    **bounds: Any,
) -> Moves:
    bound = Bounds(**bounds)
    return plan_moves(residents_of(standing, bound), hosts, bound.above, aim, budget)


def told(plan: Moves) -> list[tuple[str, str, str]]:
    return [(one.resident.name, one.target.host, one.purpose) for one in plan.moves]


def kept(plan: Moves) -> list[tuple[str, str]]:
    return [(one.resident.name, one.why.text) for one in plan.kept]


def test_a_cheaper_place_is_worth_a_move() -> None:
    plan = planned([(a_member("web", CHEAPEST), H1)], hosts_at(4000, 1000))
    assert told(plan) == [("web", "h2", "gain")]
    (move,) = plan.moves
    assert move.gain.points == FULL - FULL // 4
    assert move.gain.price == 3000 * 730 == plan.gain.price
    assert (move.disk_mib, move.downtime, move.resident.mobility) == (1024, "cold", "ask")
    assert move.frees_origin
    assert not plan.kept
    assert not plan.has_more


def test_room_is_counted_without_its_own_so_no_move_is_worth_its_way_back() -> None:
    """h1 is as empty as h2 once it is gone; of two there one goes, and nothing comes back."""
    taken, roomiest = WHOLE - SMALL, Policy(goals=Goals(room=1))
    h1, h2 = hosts_at(None, None)
    alone = planned([(a_member("a", roomiest), H1)], [replace(h1, free=taken), h2])
    assert not alone.moves
    both = [(a_member(name, roomiest), H1) for name in ("a", "b")]
    plan = planned(both, [replace(h1, free=taken - SMALL), h2])
    assert told(plan) == [("a", "h2", "gain")]
    assert plan.gain.points == FULL // 4


def test_who_has_no_goal_gains_nothing() -> None:
    assert not planned([(a_member("web"), H1)], hosts_at(4000, 1000)).moves


def test_goals_that_are_given_count_instead_of_its_own() -> None:
    aim = Aim(goals=Goals(price=1))
    assert told(planned([(a_member("web"), H1)], hosts_at(4000, 1000), aim)) == [
        ("web", "h2", "gain")
    ]


def test_a_gain_below_the_least_is_left() -> None:
    little = Budget(gain_min=FULL // 2)
    member = (a_member("web", CHEAPEST), H1)
    assert not planned([member], hosts_at(1500, 1000), budget=little).moves
    assert planned([member], hosts_at(2001, 1000), budget=little).moves


def test_what_is_not_known_is_no_gain_of_price_or_carbon() -> None:
    near = Policy(near=(Near(LJUBLJANA),))
    hosts = hosts_at(None, None)
    hosts[1] = replace(hosts[1], ground=replace(hosts[1].ground, latitude=46.0, longitude=14.5))
    (move,) = planned([(a_member("web", near), H1)], hosts).moves
    assert (move.gain.price, move.gain.carbon) == (None, None)
    assert move.gain.ms is not None
    assert move.gain.ms > 5


def test_carbon_is_told_where_it_is_known() -> None:
    hosts = [
        a_candidate(f"h{n}", a_ground(f"s{n}", carbon=carbon))
        for n, carbon in ((1, 300.0), (2, 20.0))
    ]
    plan = planned([(a_member("web", Policy(goals=Goals(carbon=1))), H1)], hosts)
    assert plan.gain.carbon == 280
    assert plan.gain.ms is None


def test_a_host_is_emptied_whatever_it_costs() -> None:
    standing = [(a_member("a", CHEAPEST), H1), (a_member("b", CHEAPEST), H1)]
    plan = planned(standing, hosts_at(1000, 4000), Aim(frozenset({H1}), betters=False))
    assert told(plan) == [("a", "h2", "drain"), ("b", "h2", "drain")]
    assert [one.frees_origin for one in plan.moves] == [False, True]
    assert plan.moves[0].why == "h1 at s1 is to be empty"
    assert plan.gain.price == -2 * 3000 * 730


def test_nothing_goes_to_what_is_to_be_empty() -> None:
    plan = planned([(a_member("web", CHEAPEST), H1)], hosts_at(4000, 1000), Aim(frozenset({H2})))
    assert not plan.moves


def test_who_has_the_fewest_hosts_to_go_to_goes_first() -> None:
    picky = Policy(providers_denied=frozenset({"p3"}))
    hosts = [
        a_candidate("h1"),
        a_candidate("h2", a_ground("s2"), free=SMALL),
        a_candidate("h3", a_ground("s3", provider="p3")),
    ]
    standing = [(a_member("a"), H1), (a_member("b", picky), H1)]
    plan = planned(standing, hosts, Aim(frozenset({H1})))
    assert told(plan) == [("b", "h2", "drain"), ("a", "h3", "drain")]


def test_what_residents_against_a_rule_is_moved_first() -> None:
    german = Policy(countries=frozenset({"DE"}))
    hosts = [a_candidate("h1", a_ground("s1", country="NL")), a_candidate("h2", a_ground("s2"))]
    above: Above = {("t", "w"): (("workspace w", german),)}
    plan = planned([(a_member("web"), H1)], hosts, above=above)
    assert told(plan) == [("web", "h2", "violation")]
    assert "the policy of workspace w" in plan.moves[0].why


def test_a_volume_keeps_it_where_its_bytes_are() -> None:
    member = a_member("db", CHEAPEST)
    pins = {member.id: Pin(volumes=(Bound("data", H1),))}
    aim = Aim(frozenset({H1}))
    plan = planned([(member, H1)], hosts_at(4000, 1000), aim, pins=pins)
    assert not plan.moves
    assert kept(plan) == [("db", "it never moves: its volume data is there")]
    assert plan.kept[0].host.host == H1


def test_what_may_never_move_is_left_where_it_is() -> None:
    aim = Aim(frozenset({H1}))
    fixed = a_member("web", replace(CHEAPEST, moves="never"))
    assert kept(planned([(fixed, H1)], hosts_at(4, 1), aim)) == [
        ("web", "it never moves: its policy says so")
    ]
    loose = a_member("web", replace(CHEAPEST, moves="free"))
    (move,) = planned([(loose, H1)], hosts_at(4, 1), aim).moves
    assert move.resident.mobility == "free"


def test_no_level_lets_move_what_a_level_above_does_not() -> None:
    above: Above = {("t", "w"): (("workspace w", Policy(moves="never")),)}
    loose = a_member("web", replace(CHEAPEST, moves="free"))
    plan = planned([(loose, H1)], hosts_at(4, 1), Aim(frozenset({H1})), above=above)
    assert kept(plan) == [("web", "it never moves: its policy says so")]


def test_nothing_is_fetched_from_a_host_that_is_silent() -> None:
    hosts = hosts_at(4000, 1000)
    hosts[0] = replace(hosts[0], is_heard=False)
    plan = planned([(a_member("web", CHEAPEST), H1)], hosts, Aim(frozenset({H1})))
    assert kept(plan) == [("web", "its host has not been heard of lately")]
    assert not planned([(a_member("web", CHEAPEST), H1)], hosts).moves


def test_who_can_go_nowhere_is_named() -> None:
    german = Policy(countries=frozenset({"DE"}))
    hosts = [a_candidate("h1"), a_candidate("h2", a_ground("s2", country="NL"))]
    plan = planned([(a_member("web", german), H1)], hosts, Aim(frozenset({H1})))
    assert kept(plan) == [("web", "no other host may run it")]
    full = [a_candidate("h1"), a_candidate("h2", a_ground("s2"), free=NOTHING)]
    plan = planned([(a_member("web"), H1)], full, Aim(frozenset({H1})))
    assert kept(plan)[0][1].startswith("no other host that may run it has room")


def test_one_makes_way_where_there_is_no_room() -> None:
    """The large one may only go to h2, where a small one is that may go to h3."""
    large = a_member("large", size=Capacity(4, 4096, 4096))
    hosts = [
        a_candidate("h1", free=NOTHING),
        a_candidate("h2", a_ground("s2"), free=Capacity(3, 3072, 3072)),
        a_candidate("h3", a_ground("s3"), free=SMALL),
    ]
    standing = [(large, H1), (a_member("small"), H2)]
    plan = planned(standing, hosts, Aim(frozenset({H1})))
    assert told(plan) == [("small", "h3", "way"), ("large", "h2", "drain")]
    assert plan.moves[0].why == "it makes way for large"
    short = planned(standing, hosts, Aim(frozenset({H1})), Budget(moves_max=1))
    assert not short.moves
    assert kept(short) == [("large", "the budget of 1 moves is used up")]
    assert short.has_more


def test_a_port_that_is_taken_there_holds_it_back() -> None:
    member = a_member("web", CHEAPEST)
    hosts = hosts_at(4000, 1000)
    hosts[1] = replace(hosts[1], ports={443: InstanceId("in_other")})
    stands = [
        replace(one, demand=replace(one.demand, ports=(443,)))
        for one in residents_of([(member, H1)], Bounds())
    ]
    assert not plan_moves(stands, hosts, {}, Aim(), Budget()).moves


def test_a_hard_spread_is_mended_by_whoever_can_go() -> None:
    apart = Policy(spreads=(Spread("host", distinct_min=2),))
    members = [a_member("web-1", apart), a_member("web-2", apart)]
    hosts = [a_candidate("h1"), a_candidate("h2", a_ground("s2"))]
    standing = [(one, H1) for one in members]
    assert told(planned(standing, hosts)) == [("web-2", "h2", "violation")]
    pins = {members[1].id: Pin(volumes=(Bound("data", H1),))}
    plan = planned(standing, hosts, pins=pins)
    assert told(plan) == [("web-1", "h2", "violation")]
    assert not plan.kept


def test_no_gain_brings_replicas_together_that_have_to_be_apart() -> None:
    apart = replace(CHEAPEST, spreads=(Spread("host", distinct_min=2),))
    standing = [(a_member("web-1", apart), H1), (a_member("web-2", apart), H2)]
    assert not planned(standing, hosts_at(4000, 1000)).moves


def test_a_soft_spread_counts_against_a_gain() -> None:
    soft = Spread("host", distinct_min=2, is_hard=False)
    near = replace(CHEAPEST, spreads=(soft,))
    for price, moves in ((1200, 0), (4000, 1)):
        standing = [(a_member("web-1", near), H1), (a_member("web-2", near), H2)]
        plan = planned(standing, hosts_at(price, 1000))
        assert len(plan.moves) == moves


def test_disk_is_a_budget_too() -> None:
    plan = planned(
        [(a_member(name, CHEAPEST), H1) for name in ("a", "b")],
        hosts_at(4000, 1000),
        budget=Budget(disk_mib_max=1500, gain_min=1),
    )
    assert told(plan) == [("a", "h2", "gain")]
    assert plan.has_more
    assert plan.disk_mib == 1024


def test_moves_are_a_budget() -> None:
    plan = planned(
        [(a_member(name, CHEAPEST), H1) for name in ("a", "b")],
        hosts_at(4000, 1000),
        budget=Budget(moves_max=1, gain_min=1),
    )
    assert told(plan) == [("a", "h2", "gain")]
    assert plan.has_more


def test_what_is_at_a_host_that_nobody_knows_is_not_looked_at() -> None:
    assert planned([(a_member("web", CHEAPEST), HostId("h9"))], hosts_at(4, 1)) == Moves(
        (), (), False
    )


def test_a_provider_is_never_asked_for_more_than_it_takes() -> None:
    """Two would gain there, and it takes one more of this tenant."""
    hosts = hosts_at(4000, 1000)
    terms = Terms(each=Limits(instances=1))
    hosts[1] = replace(hosts[1], ground=replace(hosts[1].ground, provider="p2", terms=terms))
    plan = planned([(a_member(name, CHEAPEST), H1) for name in ("a", "b")], hosts)
    assert told(plan) == [("a", "h2", "gain")]


def test_a_provider_that_takes_no_more_is_no_reason_to_leave_it() -> None:
    hosts = hosts_at(1000, 4000)
    terms = Terms(each=Limits(instances=0), denied=frozenset({"t"}))
    hosts[0] = replace(hosts[0], ground=replace(hosts[0].ground, terms=terms))
    assert not planned([(a_member("web", CHEAPEST), H1)], hosts).moves


def test_who_others_stand_beside_leaves_them_for_no_gain() -> None:
    beside = Policy(besides=(Beside("site", "instance", "db"),))
    hosts = hosts_at(4000, 1000)
    standing = [(a_member("db", CHEAPEST), H1), (a_member("web", beside, component="front"), H1)]
    ground = hosts[0].ground
    place = Place(H1, ground.site, ground.name, ground.provider, ground.country)
    stands = {("t", "w", "instance", "db"): (place,)}
    assert not planned(standing, hosts, stands=stands).moves
    assert told(planned(standing[:1], hosts)) == [("db", "h2", "gain")]
