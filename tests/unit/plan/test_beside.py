"""Standing beside another: what stands already, what is placed along with it, and what neither."""

from dataclasses import replace

import pytest

from hanza.model.errors import Invalid
from hanza.model.ids import HostId, SiteId
from hanza.model.policy import Beside, Goals, Policy, Spread
from hanza.model.volume import Disk
from hanza.plan.admission import refuse_strangers
from hanza.plan.placement.candidate import Candidate, Companion, Neighbour, Stand
from hanza.plan.placement.choose import Placed, Unplaced, choose, place_group
from hanza.plan.placement.demand import Bounds, demand_of, named_by
from hanza.plan.placement.explain import explain, sentence_of
from hanza.plan.placement.relax import group_relaxations
from hanza.plan.placement.score import TOGETHER, Option
from hanza.plan.placement.violations import find_violations
from hanza.plan.policy import tighten
from kit.grounds import a_candidate, a_demand, a_ground, a_member, prices_of
from kit.plainly import team_relaxations

GROUNDS = [
    a_ground("s1", provider="p1", country="DE", prices=prices_of(10_000)),
    a_ground("s2", provider="p1", country="NL", prices=prices_of(20_000)),
    a_ground("s3", provider="p3", country="NL", prices=prices_of(30_000)),
]
HOSTS = [a_candidate(f"h{n}{m}", one) for n, one in enumerate(GROUNDS) for m in "ab"]
CHEAP = Policy(goals=Goals(price=1))


def stand_at(candidate: Candidate) -> Stand:
    ground = candidate.ground
    return Stand(candidate.host, ground.site, ground.name, ground.provider, ground.country)


def beside(over: str, name: str = "db", kind: str = "instance", **changed: bool) -> Beside:
    return Beside(over, kind, name, **changed)  # type: ignore[arg-type]


def demand_beside(one: Beside, *stands: Stand):  # type: ignore[no-untyped-def]
    policy = replace(CHEAP, besides=(one,))
    return a_demand(policy, companions=(Companion(one, stands),))


@pytest.mark.parametrize(
    ("over", "may"), [("host", 1), ("site", 2), ("provider", 4), ("country", 4)]
)
def test_only_where_the_other_stands(over: str, may: int) -> None:
    demand = demand_beside(beside(over), stand_at(HOSTS[3]))
    found = explain(demand, HOSTS)
    assert found.may == may
    at = choose(demand, HOSTS)
    assert isinstance(at, Option)
    assert at.candidate.stands_in(over) == HOSTS[3].stands_in(over)  # type: ignore[arg-type]
    (count,) = found.refusals
    assert (count.rule, count.says) == ("with", f"not at the {over} of db")
    assert found.losers[0].lacks[0].text == f"is not at the {over} of db, which is at s2"


def test_what_has_no_place_keeps_whoever_waits_for_it_and_says_so() -> None:
    found = explain(demand_beside(beside("host", "data", "volume")), HOSTS)
    assert found.sentence == (
        "none of 6 hosts may run it: 6 of no use while volume data, which it is to stand beside,"
        " has no place"
    )
    assert [one.text for one in found.relaxations] == ["beside volume data only if that can be had"]


def test_who_would_rather_stand_beside_does_so_unless_much_speaks_against_it() -> None:
    soft = beside("site", is_hard=False)
    near = choose(demand_beside(soft, stand_at(HOSTS[3])), HOSTS)
    assert isinstance(near, Option)
    assert near.candidate.ground.site == "s1", "half the price is worth more"
    roomy = replace(demand_beside(soft, stand_at(HOSTS[3])), policy=Policy(besides=(soft,)))
    there = choose(roomy, HOSTS)
    assert isinstance(there, Option)
    assert (there.candidate.ground.site, there.terms) == ("s2", (("with", TOGETHER),))
    nowhere = choose(replace(roomy, companions=(Companion(soft),)), HOSTS)
    assert isinstance(nowhere, Option)
    assert nowhere.terms == ()


def test_the_smallest_step_that_would_help_is_named() -> None:
    full = [replace(one, is_offered=False) if one.host == "h1a" else one for one in HOSTS]
    found = explain(demand_beside(beside("host"), stand_at(HOSTS[2])), full)
    assert found.may == 0
    assert [(one.text, one.hosts) for one in found.relaxations] == [
        ("beside db only if that can be had", 5),
        ("at the country of db is enough", 3),
        ("at the provider of db is enough", 3),
        ("at the site of db is enough", 1),
    ]


def team(policy: Policy, other: Policy = CHEAP):  # type: ignore[no-untyped-def]
    web = [a_demand(policy, name=f"web-{n}", component="web") for n in range(2)]
    return [a_demand(other, name="db", component="db"), *web]


def test_a_component_is_placed_along_with_the_one_it_stands_beside() -> None:
    alone = replace(CHEAP, providers=frozenset({"p3"}))
    answer = place_group(
        team(replace(CHEAP, besides=(beside("site", "db", "component"),)), alone), HOSTS
    )
    assert isinstance(answer, Placed)
    assert [one.candidate.ground.site for one in answer.options] == ["s3"] * 3
    soft = replace(CHEAP, besides=(beside("site", "db", "component", is_hard=False),))
    answer = place_group(team(soft, alone), HOSTS)
    assert isinstance(answer, Placed)
    assert [one.candidate.ground.site for one in answer.options] == ["s3", "s1", "s1"]


def test_a_team_that_cannot_stand_together_is_told_what_would_help() -> None:
    policy = Policy(countries=frozenset({"DE"}), besides=(beside("site", "db", "component"),))
    demands = team(policy, Policy(providers=frozenset({"p3"})))
    answer = place_group(demands, HOSTS)
    assert isinstance(answer, Unplaced)
    assert "the spread and the company they ask for" in sentence_of(answer, demands)
    found = team_relaxations(demands, HOSTS)
    assert [(one.rule, one.text) for one in found] == [
        ("with", "beside component db only if that can be had"),
        ("provider", "db: allow provider p1"),
        ("residency", "web: allow NL"),
    ]
    helped = found[0]
    assert all(isinstance(place_group(one.demands, HOSTS), Placed) for one in found)
    assert group_relaxations(demands, HOSTS, [])[0].text == helped.text


def test_who_comes_later_stands_beside_those_that_stand_already() -> None:
    policy = replace(CHEAP, besides=(beside("site", "db", "component"),))
    demand = a_demand(policy, component="web")
    there = [Neighbour("db", HOSTS[5]), Neighbour("db", HOSTS[2])]
    found = explain(demand, HOSTS, there)
    assert found.may == 4
    assert {(one.rule, one.says) for one in found.refusals} == {
        ("with", "not at the site of component db")
    }
    chosen = choose(demand, HOSTS, there)
    assert isinstance(chosen, Option)
    assert chosen.candidate.ground.site == "s2"
    gone = choose(demand, HOSTS[:2], there)
    assert isinstance(gone, Unplaced)
    assert sentence_of(gone, [demand]) == (
        "every host that may run it stands where its spread allows no more replicas,"
        " or not beside what it is to stand beside"
    )
    assert explain(demand, HOSTS).may == 6, "of what is still to come nothing is known"
    itself = a_demand(
        replace(CHEAP, besides=(beside("site", "web", "component"),)), component="web"
    )
    assert explain(itself, HOSTS, [Neighbour("web", HOSTS[5])]).may == 6


def test_what_a_wish_names_is_looked_up_by_its_workspace() -> None:
    named = Policy(
        besides=(
            beside("site"),
            beside("host", "d", "volume"),
            beside("site", "db", "component"),
            beside("site", "gone", "component"),
            beside("site", "web-1"),
        )
    )
    wanted = a_member("web-1", named)
    stand = stand_at(HOSTS[0])
    stands = {
        ("t", "w", "instance", "db"): (stand,),
        ("t", "w", "volume", "d"): (),
        ("t", "w", "component", "shop/gone"): (),
    }
    demand = demand_of(wanted, Bounds(stands=stands))
    assert [(one.beside.words, len(one.stands)) for one in demand.companions] == [
        ("volume d", 0),
        ("component gone", 0),
        ("db", 1),
    ]
    assert demand.tenant == "t"
    above = (("tenant t", Policy(besides=(beside("site", "x"),))), ("workspace w", Policy()))
    assert set(named_by(wanted, above)) == set(stands) | {
        ("t", "w", "component", "shop/db"),
        ("t", "w", "instance", "web-1"),
        ("t", "w", "instance", "x"),
    }
    assert named_by(replace(wanted, policy=None), ()) == ()


def test_what_one_level_prefers_and_another_demands_is_demanded() -> None:
    soft, hard = beside("site", is_hard=False), beside("site")
    for one, other in ((soft, hard), (hard, soft)):
        assert tighten(Policy(besides=(one,)), Policy(besides=(other,))).besides == (hard,)
    both = tighten(Policy(besides=(hard,)), Policy(besides=(beside("host"),)))
    assert both.besides == (beside("host"), hard)


def test_what_stands_apart_since_a_rule_moved_is_named() -> None:
    db = (replace(a_member("db-1"), component="db", disks=(Disk("data", 8),)), HOSTS[0])
    web = (a_member("web-1", Policy(besides=(beside("site", "db", "component"),))), HOSTS[2])
    above = {("t", "w"): (("tenant t", Policy(besides=(beside("host", "db-1/data", "volume"),))),)}
    found = find_violations([db, web], above)
    assert [one.sentence for one in found] == [
        "web-1 at s2 violates the policy of tenant t: it is not at the host of volume db-1/data",
        "web-1 at s2 violates its own policy: it is not at the site of component db",
    ]
    assert find_violations([web], {}) == (), "what stands nowhere is beside nobody"
    alone = (replace(web[0], app=None, component=None), web[1])
    assert find_violations([alone], {}) == ()


def test_a_component_that_is_not_there_is_refused() -> None:
    policy = Policy(besides=(beside("site", "dbs", "component"), beside("site")))
    with pytest.raises(Invalid) as refusal:
        refuse_strangers(policy, "policy.with", {"db"})
    assert refusal.value.text == "there is no component dbs to stand beside"
    refuse_strangers(policy, "policy.with", {"dbs"})
    refuse_strangers(policy, "policy.with", None)
    refuse_strangers(None, "policy.with", ())


def test_nobody_is_bound_to_a_host_of_which_only_likes_were_tried() -> None:
    """Two hosts are alike, but one wants to stand at a certain one: the other goes elsewhere."""
    room = replace(HOSTS[0].free, cpus=1)
    hosts = [replace(one, free=room, capacity=room) for one in HOSTS[:2]]
    first = a_demand(name="a")
    soft = beside("host", is_hard=False)
    second = a_demand(
        Policy(besides=(soft,)),
        name="b",
        companions=(Companion(soft, (Stand(HostId("h0a"), SiteId("s1"), "s1", "p1", "DE"),)),),
    )
    answer = place_group([first, second], hosts)
    assert isinstance(answer, Placed)
    assert [one.candidate.host for one in answer.options] == ["h0b", "h0a"]


def test_a_spread_and_company_hold_together() -> None:
    policy = replace(
        CHEAP, besides=(beside("provider", "db", "component"),), spreads=(Spread("site", 2),)
    )
    answer = place_group(team(policy), HOSTS)
    assert isinstance(answer, Placed)
    assert [one.candidate.ground.site for one in answer.options] == ["s1", "s1", "s2"]
