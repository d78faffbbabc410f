"""What runs though a policy would not have it there: whose words it breaks, and how."""

from hypothesis import given
from hypothesis import strategies as st

from hanza.model.ids import HostId
from hanza.model.policy import Policy, Spread
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Bounds, demand_of
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.placement.spread import misplaced
from hanza.plan.placement.violations import find_violations
from hanza.plan.policy import Contradiction, Level, levels_above, tighten
from kit.grounds import a_candidate, a_ground, a_member, leagues_of_hosts, policies

NL = a_ground("s2", country="NL", provider="p2")
HOSTS = [a_candidate("h1"), a_candidate("h2", NL), a_candidate("h3", NL)]
PLACE = ("t", "w")
GERMAN = Policy(countries=frozenset({"DE"}))


def above(*levels: Level) -> dict[tuple[str, str], tuple[Level, ...]]:
    return {PLACE: levels}


def test_levels_above_are_the_tenants_and_the_workspaces() -> None:
    kept = {"": GERMAN, "w": Policy(price_max=1)}
    assert levels_above("t", "w", kept) == (
        ("tenant t", GERMAN),
        ("workspace w", Policy(price_max=1)),
    )
    assert levels_above("t", "other", kept) == (("tenant t", GERMAN),)
    assert levels_above("t", "w", {}) == ()


def test_whose_words_are_broken_and_how_is_told() -> None:
    web = a_member("web", Policy(providers_denied=frozenset({"p2"})))
    found = find_violations([(web, HOSTS[1])], above(("tenant t", GERMAN)))
    assert [one.sentence for one in found] == [
        "web at s2 violates the policy of tenant t: it is in NL",
        "web at s2 violates its own policy: it is of p2, which is denied",
    ]
    assert find_violations([(web, HOSTS[0])], above(("tenant t", GERMAN))) == ()
    assert find_violations([(web, HOSTS[0])], {}) == ()


def test_several_are_told_by_name_and_then_by_level() -> None:
    standing = [(a_member(name, GERMAN), HOSTS[1]) for name in ("b", "a")]
    found = find_violations(standing, above(("tenant t", GERMAN)))
    assert [(one.address.name, one.level) for one in found] == [
        ("a", "a"),
        ("a", "tenant t"),
        ("b", "b"),
        ("b", "tenant t"),
    ]


def test_replicas_that_stand_too_close_are_named_as_far_as_they_would_have_to_go() -> None:
    apart = Policy(spreads=(Spread("site", 2), Spread("provider", 2, is_hard=False)))
    web = [(a_member(f"web-{n}", apart), HOSTS[n % 2 + 1]) for n in (1, 2)]
    found = find_violations(web, {})
    assert [(one.address.name, one.rule, one.level) for one in found] == [
        ("web-2", "spread", "web-2")
    ]
    own = find_violations(web, above(("workspace w", apart)))
    assert {one.level for one in own} == {"web-2", "workspace w"}
    alone = [(a_member(name, apart, component=None), HOSTS[1]) for name in ("a", "b")]
    assert find_violations(alone, {}) == ()


def test_who_has_to_go_for_a_spread_is_the_last_of_a_crowd() -> None:
    stands = [(f"n{n}", HOSTS[1]) for n in range(4)]
    assert misplaced(Spread("site", 2), stands) == ("n3",)
    assert misplaced(Spread("site", 2), stands, to_come=1) == ()
    assert misplaced(Spread("site", 5), stands) == ("n1", "n2", "n3")
    assert misplaced(Spread("site", share_max=50), stands) == ("n2", "n3")
    assert misplaced(Spread("site", 2, 50), [*stands[:1], ("z", HOSTS[0])]) == ()
    assert misplaced(Spread("host", 2, 50), [*stands, ("z", HOSTS[0])]) == ("n2", "n3")


@given(policies, policies, leagues_of_hosts())
def test_a_place_violates_what_placing_there_now_would_refuse_by_law(
    upper: Policy, own: Policy, hosts: list[Candidate]
) -> None:
    try:
        tighten(upper, own)
    except Contradiction:
        return
    own = Policy(**{name: getattr(own, name) for name in Policy.__slots__ if name != "spreads"})
    member = a_member("web", own, component=None)
    bounds = Bounds(above=above(("tenant t", upper)))
    lacks = find_lacks(compile_rules(demand_of(member, bounds)), hosts)
    for one in hosts:
        law = {lack.rule for lack in lacks[one.host]} - NO_LAW
        found = {each.rule for each in find_violations([(member, one)], bounds.above)}
        assert found == law


NO_LAW = {"offered", "heard", "not_refused", "capacity"}


def test_levels_that_came_to_contradict_each_other_are_told_as_a_rule_that_none_meets() -> None:
    web = a_member("web", Policy(countries=frozenset({"FR"})))
    demand = demand_of(web, Bounds(above=above(("tenant t", GERMAN))))
    assert demand.conflict is not None
    lacks = find_lacks(compile_rules(demand), HOSTS)
    assert {one[0].rule for one in lacks.values()} == {"policy"}
    assert "tenant t says allow DE" in lacks[HostId("h1")][0].text
    assert "web says allow FR" in lacks[HostId("h1")][0].text


@given(st.integers(1, 6), st.integers(1, 6), leagues_of_hosts())
def test_once_those_named_are_gone_the_spread_holds(
    distinct: int, count: int, hosts: list[Candidate]
) -> None:
    stands = [(f"n{n}", hosts[n % len(hosts)]) for n in range(count)] if hosts else []
    gone = misplaced(Spread("site", distinct), stands)
    places = {one.ground.site for name, one in stands if name not in gone}
    assert places == {one.ground.site for _, one in stands}, "nobody goes who stands alone"
    assert len(gone) <= max(0, distinct - len(places))
