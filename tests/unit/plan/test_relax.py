"""The words of each relaxation; that they place what they say is held by a property."""

from dataclasses import replace
from typing import Any

import pytest

from hanza.model.capacity import Capacity
from hanza.model.policy import Near, Policy, Requirement, Spread
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.demand import UNBOUND
from hanza.plan.placement.explain import explain
from hanza.plan.placement.relax import group_relaxations
from kit.grounds import (
    LJUBLJANA,
    SMALL,
    WHOLE,
    a_candidate,
    a_demand,
    a_ground,
    a_member,
    prices_of,
)
from kit.plainly import quote_team


def texts(policy: Policy, *hosts: Candidate, size: Capacity = SMALL) -> list[str]:
    return [one.text for one in explain(a_demand(policy, size=size), hosts).relaxations]


def at(site: str, **changed: Any) -> Candidate:
    return a_candidate(f"h-{site}", a_ground(site, **changed))


@pytest.mark.parametrize(
    ("policy", "ground", "text"),
    [
        (Policy(countries=frozenset({"FR"})), {}, "allow DE"),
        (Policy(countries_denied=frozenset({"DE"})), {}, "allow DE"),
        (Policy(regions=frozenset({"fr"})), {}, "allow region de"),
        (Policy(providers=frozenset({"p2"})), {}, "allow provider p1"),
        (Policy(providers_denied=frozenset({"p1"})), {}, "allow provider p1"),
        (Policy(classes=frozenset({"mall"})), {"site_class": "store"}, "allow class store"),
        (Policy(classes=frozenset({"mall"})), {}, "allow any class"),
        (Policy(near=(Near(LJUBLJANA, 20),)), {"rtts": {LJUBLJANA: 23.2}}, "+4 ms to {}"),
        (Policy(price_max=500_000), {"prices": prices_of(1000)}, "+0.23 €/month"),
        (Policy(carbon_max=50), {"carbon": 99.2}, "up to 100 gCO2/kWh"),
        (
            Policy(requirements=(Requirement("site", "tier", "is", frozenset({"3"})),)),
            {},
            "do not ask for site.tier",
        ),
    ],
)
def test_the_smallest_step_of_each_rule(policy: Policy, ground: Any, text: str) -> None:
    assert texts(policy, at("s1", **ground)) == [text.format(LJUBLJANA.name)]


def certified(site: str, *certificates: str) -> Candidate:
    return at(site, provider_attributes={"certifications": certificates})


def test_of_several_certificates_only_those_are_given_up_that_are_lacking() -> None:
    asked = Requirement("provider", "certifications", "all", frozenset({"bsi_c5", "iso_27001"}))
    policy = Policy(requirements=(asked,))
    hosts = [certified("s1", "iso_27001"), certified("s2", "iso_27001"), certified("s3", "bsi_c5")]
    found = explain(a_demand(policy), [*hosts, at("s4")]).relaxations
    assert [(one.text, one.sites) for one in found] == [
        ("without certificate bsi_c5 and iso_27001", 4),
        ("without certificate bsi_c5", 2),
        ("without certificate iso_27001", 1),
    ]
    (left,) = found[1].demands[0].policy.requirements
    assert left.values == {"iso_27001"}


@pytest.mark.parametrize(
    ("how", "has", "text"),
    [
        ("any", ("memory",), "let site.sku_families be memory too"),
        ("is", ("general", "memory"), "let site.sku_families be memory too"),
        ("is", ("unknown",), "do not ask for site.sku_families"),
        ("any", (), "do not ask for site.sku_families"),
        ("all", ("memory",), "without general of site.sku_families"),
    ],
)
def test_another_value_is_let_pass_where_one_is_known(how: Any, has: Any, text: str) -> None:
    asked = Requirement("site", "sku_families", how, frozenset({"general"}))
    policy = Policy(requirements=(asked,))
    assert texts(policy, at("s1", site_attributes={"sku_families": has})) == [text]


def test_the_value_that_opens_most_comes_first_with_hosts_sites_and_price() -> None:
    dear, cheap = prices_of(2000), prices_of(1000)
    hosts = [
        at("s1", country="FR"),
        at("s2", country="NL", prices=dear),
        at("s3", country="NL", prices=cheap),
    ]
    found = explain(a_demand(Policy(countries=frozenset({"DE"}))), hosts).relaxations
    assert [(one.text, one.hosts, one.sites, one.price) for one in found] == [
        ("allow NL", 2, 2, 730_000),
        ("allow FR", 1, 1, None),
    ]


def test_a_smaller_size_gives_up_the_least_and_never_a_whole_dimension() -> None:
    big = Capacity(4, 8192, 1024)
    hosts = [
        a_candidate("h1", free=Capacity(4, 6144, 1024)),
        a_candidate("h2", free=Capacity(4, 4096, 1024)),
        a_candidate("h3", free=Capacity(0, 8192, 1024)),
    ]
    assert texts(Policy(), *hosts, size=big) == ["4 cpu, 6144 MiB memory and 1024 MiB disk instead"]
    assert texts(Policy(), hosts[2], size=big) == []


def test_what_no_wish_can_mend_is_not_offered() -> None:
    assert texts(Policy(), a_candidate(is_heard=False)) == []
    assert texts(Policy(), a_candidate(is_heard=False, is_offered=False)) == []


def test_where_a_price_or_a_grid_is_not_known_only_no_cap_helps() -> None:
    assert texts(Policy(price_max=1), at("s1")) == ["do not cap the price"]
    assert texts(Policy(carbon_max=1), at("s1")) == ["do not cap carbon"]
    known = at("s2", prices=prices_of(1000))
    assert texts(Policy(price_max=500_000), at("s1"), known) == [
        "do not cap the price",
        "+0.23 €/month",
    ], "what opens more comes first"
    two = Policy(countries=frozenset({"FR"}), carbon_max=1)
    assert texts(two, at("s1")) == ["allow DE and do not cap carbon"]


def test_where_no_single_change_helps_several_are_named_that_do_together() -> None:
    policy = Policy(countries=frozenset({"FR"}), near=(Near(LJUBLJANA, 20),), price_max=500_000)
    far = at("s1", rtts={LJUBLJANA: 23.2}, prices=prices_of(1000))
    worse = at("s2", rtts={LJUBLJANA: 23.2}, prices=prices_of(1000), carbon=None)
    cheap = at("s3", country="NL", rtts={LJUBLJANA: 43.2}, prices=prices_of(100))
    quote = quote_team([(a_member("web", policy), None)], [far, worse, cheap], UNBOUND)
    (found,) = quote.relaxations
    assert (found.text, found.rule, found.sites) == (
        "web: allow NL and +24 ms to Ljubljana, SI",
        "residency",
        1,
    )
    assert texts(policy, far) == ["allow DE and +4 ms to Ljubljana, SI and +0.23 €/month"]
    assert len(texts(policy, far, worse)) == 1, "what is the same for both is told once"
    alone = quote_team([(a_member("web", policy), None)], [far], UNBOUND)
    assert len(alone.relaxations) == 1
    four = replace(policy, providers=frozenset({"p9"}))
    assert texts(four, far) == [], "that is another wish"


def test_other_limits_and_requirements_are_kept() -> None:
    other = Near(a_point := LJUBLJANA.__class__("Graz, AT", 47.07, 15.44), 90)
    policy = Policy(
        near=(Near(LJUBLJANA, 20), other),
        requirements=(Requirement("site", "tier", "is", frozenset({"3"})),),
    )
    ground = {
        "rtts": {LJUBLJANA: 23.2, a_point: 80.0},
        "site_attributes": {"tier": ("3",)},
    }
    (found,) = explain(a_demand(policy), [at("s1", **ground)]).relaxations
    assert found.demands[0].policy.near == (Near(LJUBLJANA, 24), other)
    assert found.demands[0].policy.requirements == policy.requirements


def a_team(count: int, *spreads: Spread, size: Capacity = SMALL) -> list[Demand]:
    policy = Policy(spreads=spreads)
    return [a_demand(policy, name=f"web-{n}", component="web", size=size) for n in range(count)]


def test_a_spread_is_relaxed_by_the_smallest_step_that_places_all() -> None:
    hosts = [at("s1"), at("s2")]
    distinct = group_relaxations(a_team(4, Spread("site", 4)), hosts, [])
    assert [one.text for one in distinct] == ["2 different by site instead of 4"]
    share = group_relaxations(a_team(4, Spread("site", None, 25)), hosts, [])
    assert [one.text for one in share] == ["up to 50 % in one site"]
    both = group_relaxations(a_team(3, Spread("site", 3), Spread("host", 3)), hosts, [])
    assert both == (), "one change would not be enough"
    soft = group_relaxations(a_team(3, Spread("site", 3, is_hard=False)), hosts, [])
    assert soft == ()


def test_no_change_is_named_that_the_neighbours_forbid() -> None:
    here = at("s1", country="NL")
    (one,) = a_team(1, Spread("site", 2))
    policy = Policy(countries=frozenset({"DE"}), spreads=one.policy.spreads)
    demand = a_demand(policy, component="web")
    assert explain(demand, [here], [Neighbour("web", here)]).relaxations == ()
    full = a_team(2, Spread("site", 2), size=WHOLE)
    assert group_relaxations(full, [here], []) == (), "there is no room at all"
