"""Single rules, scores, spreads and words; `tests/property/test_placement.py` has the laws."""

from typing import Any

import pytest

from hanza.model.capacity import Capacity
from hanza.model.policy import PRESETS, Goals, Near, Policy, Requirement, Spread
from hanza.model.price import Prices
from hanza.plan.placement import search
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import Placed, Unplaced, choose, look, place_group, without_room
from hanza.plan.placement.explain import explain, sentence_of
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.placement.score import FULL, Option, goals_of
from hanza.plan.placement.spread import Group, broken_by, shortfall
from kit.grounds import (
    AMSTERDAM,
    LJUBLJANA,
    SMALL,
    WHOLE,
    a_candidate,
    a_demand,
    a_ground,
    prices_of,
)


def lacks_of(policy: Policy, ground: Any = None, **changed: Any) -> list[tuple[str, str]]:
    host = a_candidate(ground=ground, **changed)
    lacks = find_lacks(compile_rules(a_demand(policy)), [host])
    return [(one.rule, one.text) for one in lacks[host.host]]


def required(how: Any, *values: str, subject: Any = "provider") -> Policy:
    return Policy(requirements=(Requirement(subject, "certs", how, frozenset(values)),))


@pytest.mark.parametrize(
    ("policy", "lack"),
    [
        (Policy(countries=frozenset({"FR"})), ("residency", "is in DE")),
        (Policy(countries_denied=frozenset({"DE"})), ("residency", "is in DE")),
        (Policy(regions=frozenset({"fr"})), ("region", "is in region de")),
        (
            Policy(providers=frozenset({"p2"})),
            ("provider", "is of p1, which is not among the allowed"),
        ),
        (Policy(providers_denied=frozenset({"p1"})), ("provider", "is of p1, which is denied")),
        (Policy(classes=frozenset({"store"})), ("class", "is of class unknown")),
        (required("is", "iso"), ("attribute", "provider.certs is unknown")),
        (Policy(near=(Near(LJUBLJANA, 9),)), ("near", None)),
        (Policy(price_max=0), ("price", "has no prices")),
        (Policy(carbon_max=100), ("carbon", "has an unknown grid")),
    ],
)
def test_each_rule_refuses_alone(policy: Policy, lack: tuple[str, str | None]) -> None:
    ((rule, text),) = lacks_of(policy)
    assert rule == lack[0]
    assert lack[1] in (None, text)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"is_offered": False}, "offered"),
        ({"is_heard": False}, "heard"),
        ({"is_refusing": True}, "not_refused"),
        ({"free": Capacity(0, 4096, 4096)}, "capacity"),
        ({"free": Capacity(4, 1023, 4096)}, "capacity"),
        ({"free": Capacity(4, 4096, 1023)}, "capacity"),
    ],
)
def test_the_state_of_a_host_refuses_too(changed: dict[str, Any], rule: str) -> None:
    assert [one for one, _ in lacks_of(Policy(), **changed)] == [rule]


@pytest.mark.parametrize(
    "policy",
    [
        Policy(countries=frozenset({"DE"})),
        Policy(countries_denied=frozenset({"FR"})),
        Policy(regions=frozenset({"de"})),
        Policy(providers=frozenset({"p1"})),
        Policy(providers_denied=frozenset({"p2"})),
        Policy(classes=frozenset({"store"})),
        Policy(near=(Near(LJUBLJANA, 4), Near(AMSTERDAM))),
        Policy(price_max=730_000, carbon_max=100),
    ],
)
def test_who_has_what_is_asked_is_not_refused(policy: Policy) -> None:
    ground = a_ground(
        site_class="store", prices=prices_of(1000), carbon=100.0, rtts={LJUBLJANA: 4.0}
    )
    assert lacks_of(policy, ground) == []


@pytest.mark.parametrize(
    ("how", "asked", "known", "is_met"),
    [
        ("is", ["none"], ("none",), True),
        ("is", ["none"], ("none", "other"), False),
        ("is", ["none"], ("unknown",), False),
        ("is", ["none"], ("none", "unknown"), True),
        ("any", ["a", "b"], ("b", "c"), True),
        ("any", ["a"], ("c",), False),
        ("all", ["a", "b"], ("c", "b", "a"), True),
        ("all", ["a", "b"], ("b",), False),
        ("any", ["unknown"], ("unknown",), False),
    ],
)
def test_attributes_are_met_by_what_is_known_alone(
    how: str, asked: list[str], known: tuple[str, ...], is_met: bool
) -> None:
    ground = a_ground(provider_attributes={"certs": known})
    assert (lacks_of(required(how, *asked), ground) == []) is is_met
    at_site = a_ground(site_attributes={"certs": known})
    assert (lacks_of(required(how, *asked, subject="site"), at_site) == []) is is_met


def test_caps_are_told_with_the_numbers() -> None:
    ground = a_ground(prices=prices_of(2000), carbon=101.0)
    assert lacks_of(Policy(price_max=1_000_000, carbon_max=100), ground) == [
        ("price", "costs 1.46 €/month"),
        ("carbon", "has 101 gCO2/kWh"),
    ]


def test_every_rule_that_refuses_is_told_and_not_only_the_first() -> None:
    policy = Policy(countries=frozenset({"FR"}), providers_denied=frozenset({"p1"}))
    found = lacks_of(policy, is_heard=False, free=Capacity(0, 0, 0))
    assert [rule for rule, _ in found] == ["residency", "provider", "heard", "capacity"]


def chosen(demand: Demand, *hosts: Candidate) -> str:
    option = choose(demand, hosts)
    assert isinstance(option, Option)
    return option.candidate.host


def test_without_goals_emptier_hosts_go_first_and_ties_are_broken_by_id() -> None:
    full, empty = a_candidate("h1", free=Capacity(4, 2048, 4096)), a_candidate("h2")
    assert chosen(a_demand(), full, empty) == "h2"
    assert chosen(a_demand(), a_candidate("h3"), empty) == "h2"


def test_a_host_without_memory_of_its_own_is_no_division_by_zero() -> None:
    nothing = Capacity(0, 0, 0)
    host = a_candidate(capacity=nothing, free=nothing)
    assert chosen(a_demand(size=nothing), host) == "h1"


def test_points_alone_make_the_nearest_win_and_presets_weigh() -> None:
    near = a_candidate("near", a_ground("a", rtts={LJUBLJANA: 5.0}, prices=prices_of(900)))
    cheap = a_candidate("cheap", a_ground("b", rtts={LJUBLJANA: 12.0}, prices=prices_of(500)))
    clean = a_candidate("clean", a_ground("c", carbon=10.0))
    dirty = a_candidate("dirty", a_ground("d", carbon=400.0))
    points = (Near(LJUBLJANA),)
    assert chosen(a_demand(Policy(near=points)), near, cheap) == "near"
    cheapest = Policy(near=points, goals=PRESETS["cheapest"])
    assert chosen(a_demand(cheapest), near, cheap) == "cheap"
    assert chosen(a_demand(Policy(goals=Goals(carbon=1))), clean, dirty, near) == "clean"
    assert goals_of(Policy()) == Goals()
    balanced = choose(a_demand(Policy(near=points, goals=PRESETS["balanced"])), [near, cheap])
    assert isinstance(balanced, Option)
    assert balanced.candidate.host == "near"
    assert dict(balanced.terms)["nearness"] == 2 * FULL // 5
    assert balanced.total == sum(points for _, points in balanced.terms)


def test_room_is_the_host_s_own_and_weighed_against_what_is_its_site_s() -> None:
    cheap, dear = a_ground("a", prices=prices_of(500)), a_ground("b", prices=prices_of(1000))
    fuller = a_candidate("fuller", cheap, free=Capacity(4, 1024, 4096))
    full = a_candidate("full", cheap, free=Capacity(4, 0, 4096))
    empty, twice = a_candidate("empty", dear), a_candidate("twice", dear, free=WHOLE + WHOLE)

    def terms(goals: Goals) -> list[tuple[str, dict[str, int]]]:
        found = look(
            a_demand(Policy(goals=goals), size=Capacity(1, 0, 0)), [empty, fuller, full, twice]
        )
        return [(one.candidate.host, dict(one.terms)) for one in found.options]

    assert terms(Goals(price=1, room=1)) == [
        ("twice", {"price": FULL // 4, "room": FULL // 2}),
        ("empty", {"price": FULL // 4, "room": FULL // 2}),
        ("fuller", {"price": FULL // 2, "room": FULL // 8}),
        ("full", {"price": FULL // 2, "room": 0}),
    ]
    assert terms(Goals(price=2, room=1))[0] == ("fuller", {"price": 666_667, "room": 83_333})
    assert [host for host, _ in terms(PRESETS["roomiest"])] == ["twice", "empty", "fuller", "full"]


def test_a_goal_that_cannot_be_measured_is_left_out() -> None:
    nearest = Policy(goals=PRESETS["nearest"])
    option = choose(a_demand(nearest), [a_candidate()])
    assert isinstance(option, Option)
    assert option.terms == ()


def members(count: int, *spreads: Spread, size: Capacity = SMALL) -> list[Demand]:
    policy = Policy(spreads=spreads)
    return [a_demand(policy, name=f"web-{n}", component="web", size=size) for n in range(count)]


def four_hosts() -> list[Candidate]:
    """Two sites of one provider in one country, and a third elsewhere; h1 and h2 share one."""
    first, second = a_ground("s1"), a_ground("s2")
    third = a_ground("s3", provider="p2", country="NL")
    grounds = {"h1": first, "h2": first, "h3": second, "h4": third}
    return [a_candidate(host, ground) for host, ground in grounds.items()]


def hosts_of(answer: Placed | Unplaced) -> list[str]:
    assert isinstance(answer, Placed)
    return [one.candidate.host for one in answer.options]


@pytest.mark.parametrize(
    ("spread", "hosts"),
    [
        (Spread("host", 2), ["h1", "h2"]),
        (Spread("site", 2), ["h1", "h3"]),
        (Spread("provider", 2), ["h1", "h4"]),
        (Spread("country", None, 50), ["h1", "h4"]),
        (Spread("country", is_hard=False), ["h1", "h4"]),
        (Spread("site", None, 50, is_hard=False), ["h1", "h3"]),
        (Spread("site", 1), ["h1", "h1"]),
    ],
)
def test_replicas_stand_apart_as_the_spread_says(spread: Spread, hosts: list[str]) -> None:
    assert hosts_of(place_group(members(2, spread), four_hosts())) == hosts


def test_a_soft_spread_goes_as_far_as_there_is_and_no_further() -> None:
    answer = place_group(members(3, Spread("provider", is_hard=False)), four_hosts())
    assert hosts_of(answer) == ["h1", "h1", "h4"]
    asked = place_group(members(3, Spread("provider", 3, is_hard=False)), four_hosts())
    assert hosts_of(asked) == ["h1", "h1", "h4"]


def test_room_is_counted_among_the_members() -> None:
    assert hosts_of(place_group(members(2, size=WHOLE), four_hosts()[:2])) == ["h1", "h2"]
    answer = place_group(members(2, size=WHOLE), four_hosts()[:1])
    assert answer == Unplaced(None)
    text = sentence_of(answer, members(2))
    assert text == (
        "each alone has a host, but not all together with the room and the spread they ask for:"
        " web-0, web-1"
    )
    (alone,) = members(1)
    assert sentence_of(Unplaced(None), [alone]).endswith("its spread allows no more replicas")
    assert "as far as was searched" in sentence_of(Unplaced(None, is_exact=False), members(2))


def test_the_search_says_when_it_was_cut_short() -> None:
    """Nine at 512 different hosts, where each host of the best site is worth a little more."""
    hosts = [a_candidate(f"h{n:03}", a_ground(f"s{n % 2}")) for n in range(search.STEPS_MAX // 40)]
    answer = place_group(members(9, Spread("site", 3)), hosts)
    assert answer == Unplaced(None, is_exact=False)


def test_replicas_that_stand_already_count() -> None:
    hosts = four_hosts()
    beside = [Neighbour("web", hosts[0]), Neighbour("db", hosts[3])]
    (one,) = members(1, Spread("provider", 2))
    assert hosts_of(place_group([one], hosts, beside)) == ["h4"]
    assert [spread.over for spread in broken_by(one, hosts[2], beside)] == ["provider"]
    assert broken_by(one, hosts[3], beside) == ()
    assert broken_by(a_demand(one.policy), hosts[2], beside) == (), "it is nobody's replica"


def test_what_stands_wrong_already_is_not_held_against_the_new() -> None:
    one, other = four_hosts()[0], four_hosts()[1]
    group = Group((one, other), 1, ())
    assert shortfall(Spread("site", 3), group, [four_hosts()[3]]) == 0
    assert shortfall(Spread("site", None, 30), group, [four_hosts()[3]]) == 0
    assert shortfall(Spread("site", None, 30), group, [one]) == 1


def test_room_that_is_taken_is_gone() -> None:
    host = a_candidate()
    option = choose(a_demand(), [host])
    assert isinstance(option, Option)
    demands = [a_demand(), a_demand()]
    left = without_room([host, a_candidate("h2")], [option, option], demands)
    assert [one.free.cpus for one in left] == [2, 4]


def test_the_sentence_says_every_rule_with_its_number() -> None:
    policy = Policy(
        countries=frozenset({"DE"}),
        regions=frozenset({"de"}),
        providers_denied=frozenset({"p2"}),
        classes=frozenset({"store", "mall"}),
        requirements=(Requirement("provider", "certs", "all", frozenset({"a", "b"})),),
        near=(Near(LJUBLJANA, 9),),
        price_max=1_000_000,
        carbon_max=100,
    )
    worst = a_candidate(
        "h1",
        a_ground(country="FR", provider="p2"),
        free=Capacity(0, 0, 0),
        is_offered=False,
        is_heard=False,
        is_refusing=True,
    )
    demand = a_demand(policy)
    explained = explain(demand, [worst, a_candidate("h2", a_ground("s2", country="FR"))])
    assert explained.sentence == (
        "none of 2 hosts may run it: 2 not in DE, 2 not in region de, 1 of a provider that may"
        " not, 2 not of class mall or store, 2 without provider.certs a and b, 2 not within 9 ms"
        " of Ljubljana, SI, 2 over 1.00 €/month, 2 over 100 gCO2/kWh, 1 not offered, 1 not heard"
        " of lately, 1 said to be full by their engine, 1 without 1 cpu, 1024 MiB memory and"
        " 1024 MiB disk free"
    )
    unplaced = choose(demand, [worst])
    assert isinstance(unplaced, Unplaced)
    assert sentence_of(unplaced, [demand]).startswith("none of 1 hosts may run it: 1 not in DE")
    assert sentence_of(unplaced, [demand, demand]).startswith(
        "all are placed as one, and web waits: none of 1"
    )
    denied = a_demand(Policy(countries_denied=frozenset({"DE"})))
    assert explain(denied, [a_candidate()]).sentence.endswith(": 1 in DE")
    assert explain(demand, []).sentence == "no site has joined yet"


def test_an_explanation_has_the_best_with_their_terms_and_the_losers_with_what_they_lack() -> None:
    ground = a_ground(prices=Prices(1000, 0, 0), rtts={LJUBLJANA: 7.0})
    hosts = [a_candidate(f"h{n}", ground) for n in range(7)]
    hosts.append(a_candidate("h9", ground, is_heard=False))
    explained = explain(a_demand(Policy(near=(Near(LJUBLJANA),))), hosts)
    assert (explained.looked_at, explained.may, len(explained.best)) == (8, 7, 5)
    first = explained.best[0]
    assert (first.option.candidate.host, first.option.terms) == ("h0", (("nearness", FULL),))
    assert (first.price, first.trips[0][1].ms) == (730_000, 7.0)
    (loser,) = explained.losers
    assert [(one.rule, one.text) for one in loser.lacks] == [
        ("heard", "has not been heard of lately")
    ]
    assert explained.sentence == "7 of 8 hosts may run it"
    (count,) = explained.refusals
    assert (count.rule, count.hosts) == ("heard", ("h9",))


def test_where_replicas_stand_is_a_reason_too() -> None:
    hosts = four_hosts()[:2]
    (one,) = members(1, Spread("site", 2))
    explained = explain(one, hosts, [Neighbour("web", hosts[0])])
    assert explained.sentence == (
        "none of 2 hosts may run it: 2 where the site has replicas already"
    )
    texts = [relaxation.text for relaxation in explained.relaxations]
    assert texts == ["spread over site only as far as it can be had"]
    partly = explain(one, four_hosts(), [Neighbour("web", hosts[0])])
    assert (partly.may, len(partly.losers), partly.relaxations) == (2, 2, ())
