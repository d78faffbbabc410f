"""Groups beyond what is searched, beside something, and bettered in numbers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, SiteId
from hanza.model.policy import Beside, Goals, Over, Policy, Spread
from hanza.plan.placement.candidate import Companion, Demand, Stand
from hanza.plan.placement.choose import MEMBERS_MAX, Placed
from hanza.plan.placement.fleet import Fleet, Standing
from hanza.plan.placement.fleet.host import microseconds
from hanza.plan.placement.fleet.large import Large, place_large
from hanza.plan.placement.fleet.prove import prove_placed
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.placement.proof import Proof
from hanza.plan.placement.score import FULL
from hanza.plan.placement.search import SOFT_FINE
from kit.columns import HEARD_WITHIN, a_fleet, a_host
from kit.grounds import NOW, WHOLE, a_demand, a_ground, prices_of

MANY = MEMBERS_MAX + 4
TINY = Capacity(1, 1, 1)


def a_large_team(web: Policy, db: Policy, **more: Any) -> list[Demand]:
    asked = {"web": a_demand(web, size=TINY, component="web", **more)}
    asked["db"] = a_demand(db, size=TINY, component="db")
    return [replace(asked["db" if n < 2 else "web"], name=f"n{n}") for n in range(MANY)]


def beside(over: Over, name: str = "db", *, is_hard: bool = True) -> Policy:
    return Policy(besides=(Beside(over, "component", name, is_hard),))


def sites_of(fleet: Fleet, team: list[Demand], standing: Sequence[Standing] = ()) -> list[str]:
    answer = fleet.place_group(team, standing, NOW)
    return [one.candidate.host for one in answer.options] if isinstance(answer, Placed) else []


def test_large_groups_keep_their_company_or_are_not_placed() -> None:
    """Two databases, which may be at one site only, and hundreds beside them."""
    room = Capacity(400, 400, 400)
    at = [a_host(f"h{n}", f"s{n // 2}", capacity=room, free=room) for n in range(4)]
    fleet = a_fleet(*at, compiled=False)
    here = Policy(providers=frozenset({"p2"}))
    fleet.put_ground(a_ground("s1", provider="p2"))
    for policy in (beside("site"), beside("host")):
        found = sites_of(fleet, a_large_team(policy, here))
        assert len(found) == MANY
        assert set(found) == {"h2", "h3"}, "who is stood beside is placed first"
    assert not sites_of(
        fleet, a_large_team(beside("host"), replace(beside("host"), providers=frozenset({"p9"})))
    )
    circle = a_large_team(beside("site"), beside("site", "web"))
    assert len({name[1] in "01" for name in sites_of(fleet, circle)}) == 1
    assert next(iter(fleet.candidates(NOW))).free == room, "it is left as it was"


def test_large_groups_are_beside_what_they_would_rather_be_where_it_has_room() -> None:
    room = Capacity(100, 100, 100)
    much = Capacity(500, 500, 500)
    wide = [a_host(f"h{n}", f"s{n}", capacity=much, free=much) for n in range(2)]
    fleet = a_fleet(*wide, a_host("h2", "s2", capacity=room, free=room), compiled=False)
    stand = Stand(HostId("h2"), SiteId("s2"), "s2", "p1", "DE")
    for over, kind in (("host", "instance"), ("site", "volume")):
        soft = Companion(Beside(over, kind, "x", is_hard=False), (stand,))
        found = sites_of(fleet, a_large_team(Policy(), Policy(), companions=(soft,)))
        assert found.count("h2") == 100
        hard = Companion(Beside("host", kind, "x"), (stand,))
        assert not sites_of(fleet, a_large_team(Policy(), Policy(), companions=(hard,)))
    standing = [Standing("db", HostId("h1"))]
    assert (
        set(sites_of(fleet, a_large_team(beside("site"), beside("site", "db")), standing)) != set()
    )
    apart = replace(beside("site", is_hard=False), spreads=(Spread("site", share_max=60),))
    assert len(set(sites_of(fleet, a_large_team(apart, Policy())))) > 1


def test_who_is_at_home_in_a_large_group_and_may_not_stay_goes_beside_its_company() -> None:
    room = Capacity(400, 400, 400)
    fleet = a_fleet(
        *(a_host(f"h{n}", f"s{n}", capacity=room, free=room) for n in range(2)), compiled=False
    )
    there = Policy(providers=frozenset({"p2"}))
    fleet.put_ground(a_ground("s1", provider="p2"))
    asked = replace(beside("site"), providers=frozenset({"p2"}))
    found = sites_of(fleet, a_large_team(asked, there, home=HostId("h0")))
    assert set(found) == {"h1"}


def test_a_host_that_is_shared_with_two_has_to_be_that_of_both_and_to_take_it() -> None:
    room = Capacity(400, 400, 400)
    fleet = a_fleet(
        *(
            a_host(f"h{n}", capacity=room, free=room, ports={80: None} if n else {})
            for n in range(3)
        ),
        compiled=False,
    )
    stands = [Stand(HostId(one), SiteId("s1"), "s1", "p1", "DE") for one in ("h0", "h1", "h2")]
    beside_x = Companion(Beside("host", "instance", "x"), tuple(stands[1:]))
    beside_y = Companion(Beside("host", "instance", "y"), tuple(stands[:2]))
    both = a_large_team(Policy(), Policy(), companions=(beside_x, beside_y))
    assert set(sites_of(fleet, both)[2:]) == {"h1"}
    apart = Policy(spreads=(Spread("host", share_max=60),))
    shared = a_large_team(apart, Policy(), companions=(beside_x,))[2:]
    assert sites_of(fleet, [*shared, *shared[:2]]).count("h1") <= 156 == MANY * 60 // 100
    assert not sites_of(fleet, a_large_team(apart, Policy(), companions=(beside_x, beside_y)))
    published = a_large_team(Policy(), Policy(), companions=(beside_x, beside_y), ports=(80,))
    with_port = [*both[:-1], published[-1]]
    assert not sites_of(fleet, with_port), "the port is taken at the only one"


COUNTRIES = ("DE", "NL", "SI", "FR")


def by_country(*prices: int, **changed: Any) -> Fleet:
    """A host in each country, h0 at s0 in DE and so on."""
    fleet = Fleet(HEARD_WITHIN, compiled=False)
    for n, (country, price) in enumerate(zip(COUNTRIES, prices, strict=False)):
        fleet.put_ground(a_ground(f"s{n}", country=country, prices=prices_of(price)))
        fleet.put(a_host(f"h{n}", f"s{n}", **changed))
    return fleet


def within(countries: str, goals: Goals | None = None, **changed: Any) -> Demand:
    policy = Policy(countries=frozenset(countries.split()), goals=goals)
    return a_demand(policy, size=changed.pop("size", TINY), **changed)


def placed(fleet: Fleet, team: list[Demand]) -> tuple[list[str] | None, Proof | None]:
    """As if it were a large one."""
    large = Large(fleet._decider, team, microseconds(NOW))
    rows = place_large(large, ())
    if rows is None:
        return None, None
    return [one.candidate.host for one in large.options(rows)], prove_placed(large, rows, ())


def test_who_has_a_place_makes_way_for_who_finds_none() -> None:
    """One port leads to one guest, so each needs a host of its own."""
    team = [within(one, ports=(80,)) for one in ("DE NL", "DE SI", "SI", "FR")]
    assert placed(by_country(1, 1, 1, 1), team)[0] == ["h1", "h0", "h2", "h3"]
    stuck = [within(one, ports=(80,)) for one in ("DE SI", "DE SI", "SI", "FR")]
    fleet = by_country(1, 1, 1, 1)
    assert placed(fleet, stuck)[0] is None
    assert {one.free for one in fleet.candidates(NOW)} == {WHOLE}, "it is left as it was"


def test_a_group_is_cheapest_together_and_nobody_leaves_home() -> None:
    """The first to come would have the only cheap place, which is worth more to the other."""
    one = {"capacity": TINY, "free": TINY}
    cheapest = Goals(price=1)
    team = [within("DE NL", cheapest, name="a"), within("DE SI", cheapest, name="b")]
    found, proof = placed(by_country(10, 11, 100, **one), team)
    assert found == ["h1", "h0"]
    assert proof is not None
    assert (proof.members, proof.sentence) == (2, "optimal")
    at_home = [replace(team[0], home=HostId("h0")), team[1]]
    found, proof = placed(by_country(10, 11, 100, **one), at_home)
    assert found == ["h0", "h2"]
    assert proof is not None
    assert proof.hundredths == 4239, "1.1 of the 1.909 points that can be had"


def test_what_numbers_cannot_sum_is_placed_in_turn_and_proven_by_each_alone() -> None:
    """Two disks of an exbibyte; the cheap host has room for one."""
    huge = Capacity(1, 1, 2**40)
    fleet = by_country(10, 20, capacity=huge, free=huge)
    team = [within("DE NL", Goals(price=1), size=huge, name=name) for name in ("a", "b")]
    found, proof = placed(fleet, team)
    assert sorted(found or ()) == ["h0", "h1"]
    assert proof == Proof(2, FULL + FULL // 2, 2 * FULL)
    assert placed(fleet, [team[0], *team])[0] is None
    lone = replace(huge, disk_mib=2**40 - 1)
    stuck = [*team, within("DE NL", size=Capacity(0, 0, 1), name="c")]
    assert placed(by_country(10, 20, 30, capacity=huge, free=lone), stuck)[0] is None


def test_while_no_machine_code_is_there_the_turns_are_all() -> None:
    is_there = False
    one = {"capacity": TINY, "free": TINY}
    known, fleet = by_country(10, 11, 100, **one), Fleet(HEARD_WITHIN, may_compile=lambda: is_there)
    for candidate in known.candidates(NOW):
        fleet.put_ground(candidate.ground)
        fleet.put(a_host(candidate.host, candidate.ground.site, **one))
    cheapest = Goals(price=1)
    team = [within("DE NL", cheapest, name="a"), within("DE SI", cheapest, name="b")]
    found, proof = placed(fleet, team)
    assert found == ["h0", "h2"]
    assert proof is not None
    assert proof.most == 2 * FULL
    is_there = True
    assert placed(fleet, team)[0] == ["h1", "h0"]


def test_a_proof_takes_all_sites_that_it_does_not_name_for_one_without_end() -> None:
    team = [within("DE NL SI", Goals(price=1), name=name) for name in ("a", "b", "c")]
    fleet = by_country(10, 20, 40, capacity=TINY, free=TINY)
    large = Large(fleet._decider, team, microseconds(NOW))
    rows = place_large(large, ())
    assert rows is not None
    points = FULL + FULL // 2 + FULL // 4
    assert prove_placed(large, rows, ()) == Proof(3, points, points)
    less = prove_placed(large, rows, (), pairs_max=1)
    assert 2 * FULL <= less.most < 2.001 * FULL


def test_what_soft_rules_miss_is_taken_off_and_a_bound_that_says_nothing_says_so() -> None:
    fleet = by_country(10, 20, 40)
    apart = Policy(
        goals=Goals(price=1),
        spreads=(
            Spread("country", is_hard=False),
            Spread("site", distinct_min=2, share_max=50, is_hard=False),
            Spread("host", share_max=40, is_hard=False),
            Spread("host", distinct_min=2),
        ),
        besides=(Beside("site", "component", "db", is_hard=False),),
    )
    team = [a_demand(apart, size=TINY, component="web", name=f"n{n}") for n in range(4)]
    large = Large(fleet._decider, [*team, a_demand(size=TINY)], microseconds(NOW))
    at = fleet._inventory.rows
    standing = [Standing("web", HostId("h9")), Standing("db", HostId("h0"))]
    rows = np.array([at[HostId(one)] for one in ("h0", "h0", "h0", "h1", "h0")])
    # One country is missing; three of four are at one site, where half may be, and at one host,
    # where one may be; one is not beside its database.
    missed = 1 + 1 + 2 + 1
    proof = prove_placed(large, rows, standing)
    assert proof.points == 3 * FULL + FULL // 2 - missed * SOFT_FINE
    assert proof.most == 4 * FULL
    assert proof.sentence == "within 43.75 % of optimal"
    assert Proof(2, 0, FULL).sentence == "not proven to be near the best"
    assert Proof(2, 0, FULL).hundredths is None


def test_two_whose_volumes_are_at_one_host_cannot_both_have_its_port() -> None:
    there = Pin(volumes=(Bound("data", HostId("h0")),))
    team = [within("DE", ports=(80,), pin=there, name=name) for name in ("a", "b")]
    fleet = by_country(1, 1)
    assert placed(fleet, team[:1])[0] == ["h0"]
    assert placed(fleet, team)[0] is None
