import pytest
from hypothesis import assume, given

from hanza.model.errors import Invalid
from hanza.model.policy import Goals, Near, Point, Policy, Requirement, Spread
from hanza.plan.countries import SETS, countries_of, words_of_countries
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.policy import Contradiction, countries_left, effective, policy_of, tighten
from kit.grounds import AMSTERDAM, LJUBLJANA, a_candidate, a_demand, a_ground, policies

EU = SETS["EU"].members


def only(*countries: str) -> Policy:
    return Policy(countries=frozenset(countries))


def test_sets_of_countries_are_the_unions_of_today() -> None:
    assert len(EU) == 27
    assert SETS["EEA"].members - EU == {"IS", "LI", "NO"}
    assert all(one.source.startswith("https://") and one.since for one in SETS.values())
    assert countries_of(["EU", "CH"], "residency.allow") == EU | {"CH"}


@pytest.mark.parametrize("word", ["de", "Germany", "E", "", "D1", "ÄÖ", "EFTA"])
def test_a_word_that_is_no_country_is_named(word: str) -> None:
    with pytest.raises(Invalid) as refusal:
        countries_of(["DE", word], "residency.allow")
    assert refusal.value.field == "residency.allow[1]"


def test_countries_are_said_in_the_shortest_words() -> None:
    assert words_of_countries(EU) == "EU"
    assert words_of_countries(SETS["EEA"].members | {"CH"}) == "EEA, CH"
    assert words_of_countries(frozenset({"NL", "DE"})) == "DE, NL"
    assert words_of_countries(frozenset()) == ""


def test_a_lower_level_only_ever_tightens() -> None:
    parent = Policy(
        countries=frozenset({"DE", "NL"}),
        countries_denied=frozenset({"HU"}),
        providers_denied=frozenset({"x"}),
        classes=frozenset({"store"}),
        goals=Goals(price=1),
        price_max=10,
    )
    child = Policy(
        countries=frozenset({"DE", "FR"}),
        regions=frozenset({"de"}),
        providers=frozenset({"y"}),
        goals=Goals(carbon=1),
        price_max=20,
        carbon_max=5,
    )
    both = tighten(parent, child)
    assert both == Policy(
        countries=frozenset({"DE"}),
        countries_denied=frozenset({"HU"}),
        regions=frozenset({"de"}),
        providers=frozenset({"y"}),
        providers_denied=frozenset({"x"}),
        classes=frozenset({"store"}),
        goals=Goals(carbon=1),
        price_max=10,
        carbon_max=5,
    )
    assert tighten(parent, Policy()) == parent
    assert countries_left(both) == {"DE"}
    assert countries_left(Policy()) is None


def test_requirements_narrow_grow_or_stand_side_by_side() -> None:
    def need(how: str, *values: str) -> Requirement:
        return Requirement("provider", "certs", how, frozenset(values))  # type: ignore[arg-type]

    def policy(*needed: Requirement) -> Policy:
        return Policy(requirements=needed)

    assert tighten(policy(need("is", "a", "b")), policy(need("is", "b"))) == policy(need("is", "b"))
    assert tighten(policy(need("all", "a")), policy(need("all", "b"))) == policy(
        need("all", "a", "b")
    )
    either = tighten(policy(need("any", "a", "b")), policy(need("any", "c"), need("any", "c")))
    assert set(either.requirements) == {need("any", "a", "b"), need("any", "c")}


def test_of_two_limits_to_a_point_and_two_spreads_the_stricter_holds() -> None:
    parent = Policy(
        near=(Near(LJUBLJANA, 30), Near(AMSTERDAM)), spreads=(Spread("site", 2), Spread("host", 2))
    )
    child = Policy(
        near=(Near(LJUBLJANA, 20), Near(AMSTERDAM, 50)),
        spreads=(Spread("site", 3, 50), Spread("site", None, 70), Spread("site", is_hard=False)),
    )
    both = tighten(parent, child)
    assert both.near == (Near(LJUBLJANA, 20), Near(AMSTERDAM, 50))
    assert both.spreads == (
        Spread("host", 2),
        Spread("site", is_hard=False),
        Spread("site", 3, 50),
    )


@pytest.mark.parametrize(
    ("upper", "lower", "text"),
    [
        (only("DE"), only("FR"), "residency: {}: workspace says allow DE; web says allow FR"),
        (
            only("DE"),
            Policy(countries_denied=frozenset({"DE"})),
            "residency: {}: workspace says allow DE; web says deny DE",
        ),
        (
            only("DE"),
            Policy(regions=frozenset({"fr"})),
            "region: {}: workspace says allow DE; web says regions fr",
        ),
        (
            Policy(providers=frozenset({"a"})),
            Policy(providers_denied=frozenset({"a"})),
            "provider: {}: workspace says allow a; web says deny a",
        ),
        (
            Policy(classes=frozenset({"store"})),
            Policy(classes=frozenset({"mall"})),
            "class: {}: workspace says of class store; web says of class mall",
        ),
        (
            Policy(requirements=(Requirement("site", "tier", "is", frozenset({"3"})),)),
            Policy(requirements=(Requirement("site", "tier", "is", frozenset({"4"})),)),
            "attribute: {}: workspace says site.tier is 3; web says site.tier is 4",
        ),
    ],
)
def test_a_contradiction_names_the_rule_and_who_says_what(
    upper: Policy, lower: Policy, text: str
) -> None:
    with pytest.raises(Contradiction) as refusal:
        effective([("tenant", Policy()), ("workspace", upper), ("web", lower)])
    assert refusal.value.code == "policy.contradiction"
    assert refusal.value.text == text.format("nothing is left of what the policy allows")


def test_the_country_is_short_for_a_residency() -> None:
    assert policy_of("DE", None) == only("DE")
    assert policy_of(None, only("NL")) == only("NL")
    assert policy_of(None, None) == Policy()
    with pytest.raises(Contradiction):
        policy_of("DE", only("NL"))


@given(policies, policies)
def test_whatever_a_level_refuses_is_refused_by_all_of_them_together(
    upper: Policy, lower: Policy
) -> None:
    grounds = [
        a_ground(country + provider, country=country, provider=provider, site_class=kind)
        for country in ("DE", "NL")
        for provider in ("p1", "p2")
        for kind in ("store", None)
    ]
    hosts = [a_candidate(f"h{n}", ground) for n, ground in enumerate(grounds)]
    try:
        both = tighten(upper, lower)
    except Contradiction:
        assume(False)
    refused = find_lacks(compile_rules(a_demand(both)), hosts)
    for level in (upper, lower):
        alone = find_lacks(compile_rules(a_demand(level)), hosts)
        assert all(refused[host] for host, lacks in alone.items() if lacks)


@given(policies)
def test_saying_the_same_twice_is_saying_it_once(policy: Policy) -> None:
    try:
        once = effective([("once", policy)])
    except Contradiction:
        return
    assert tighten(once, once) == once


def test_one_name_for_two_places_is_a_contradiction() -> None:
    other = Point(LJUBLJANA.name, 0.0, 0.0)
    with pytest.raises(Contradiction, match=r"parent says Ljubljana, SI at 46.05 14.51"):
        tighten(Policy(near=(Near(LJUBLJANA),)), Policy(near=(Near(other),)))
