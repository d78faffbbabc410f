from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import PRESETS, Near, Policy, Spread
from hanza.plan.placement.candidate import Candidate, Neighbour
from hanza.plan.placement.choose import Placed, place_group
from hanza.plan.placement.demand import UNBOUND, Bounds, demand_of, law_of, team_of
from hanza.plan.placement.fleet import Standing
from hanza.plan.placement.quote import ended_line
from kit.grounds import (
    LJUBLJANA,
    SMALL,
    WHOLE,
    a_candidate,
    a_ground,
    a_member,
    lax_policies,
    leagues_of_hosts,
    prices_of,
)
from kit.plainly import quote_and_hosts, quote_team

NL = a_ground("s2", country="NL", prices=prices_of(1000))


def test_a_demand_has_the_country_as_residency_and_the_component() -> None:
    demand = demand_of(a_member("a", country="DE"), UNBOUND)
    assert demand.policy == Policy(countries=frozenset({"DE"}))
    assert (demand.name, demand.size, demand.component) == ("a", SMALL, "web")


def test_a_team_is_the_unplaced_by_name_beside_those_that_stand() -> None:
    members = [
        (a_member("c"), None),
        (a_member("a"), None),
        (a_member("b"), HostId("h1")),
        (a_member("d", component=None), HostId("h1")),
        (a_member("e"), HostId("h-gone")),
    ]
    team = team_of(members, UNBOUND)
    assert [one.name for one in team.demands] == ["a", "c"]
    assert [one.id for one in team.unplaced] == ["in_a", "in_c"]
    assert team.standing == (Standing("web", HostId("h1")), Standing("web", HostId("h-gone")))


def test_a_quote_tells_where_each_would_go_at_what_price_beside_the_others() -> None:
    hosts = [a_candidate("h1"), a_candidate("h2", NL)]
    policy = Policy(spreads=(Spread("site", 2),))
    members = [(a_member(n, policy), None) for n in ("web-2", "web-1")]
    quote, after = quote_and_hosts(members, hosts, UNBOUND)
    assert quote.refusal is None
    first, second = quote.lines
    assert first.at is not None
    assert second.at is not None
    assert (first.wanted.address.name, first.at.host, first.price) == ("web-1", "h1", None)
    assert (second.wanted.address.name, second.at.host, second.price) == ("web-2", "h2", 730_000)
    assert [one.lacks[0].rule for one in second.explanation.losers] == ["spread"]
    assert [one.free.cpus for one in after] == [3, 3]


def test_what_is_placed_is_explained_as_if_its_own_room_were_free() -> None:
    hosts = [a_candidate("h1", free=WHOLE - WHOLE), a_candidate("h2", NL)]
    members = [
        (a_member("db", component=None, size=WHOLE), HostId("h1")),
        (a_member("gone"), HostId("h-gone")),
    ]
    quote, after = quote_and_hosts(members, hosts, UNBOUND)
    (line,) = quote.lines
    assert line.at == hosts[0]
    assert line.explanation.may == 2
    assert after == hosts


def test_a_refused_quote_says_who_waits_and_what_would_help() -> None:
    french = Policy(countries=frozenset({"FR"}))
    members = [(a_member("web"), None), (a_member("db", french, component="db"), None)]
    quote = quote_team(members, [a_candidate()], UNBOUND)
    assert quote.refusal == (
        "all are placed as one, and db waits: none of 1 hosts may run it: 1 not in FR"
    )
    db, web = quote.lines
    assert (db.at, web.at, web.price) == (None, None, None)
    assert [one.text for one in db.explanation.relaxations] == ["db: allow DE"]
    assert quote.relaxations == db.explanation.relaxations


def test_what_is_refused_together_is_helped_together() -> None:
    policy = Policy(spreads=(Spread("site", 2),))
    quote = quote_team([(a_member(n, policy), None) for n in ("a", "b")], [a_candidate()], UNBOUND)
    assert quote.refusal is not None
    assert [one.text for one in quote.relaxations] == ["1 different by site instead of 2"]


@given(leagues_of_hosts(), lax_policies, st.integers(1, 3), st.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_a_quote_is_what_placing_does(
    hosts: list[Candidate], policy: Policy, unplaced: int, placed: int
) -> None:
    members = [(a_member(f"n{n}", policy), None) for n in range(unplaced)]
    members += [(a_member(f"p{n}", policy), one.host) for n, one in enumerate(hosts[:placed])]
    quote = quote_team(members, hosts, UNBOUND)
    team = team_of(members, UNBOUND)
    known = {one.host: one for one in hosts}
    beside = [Neighbour(one.component, known[one.host]) for one in team.standing]
    answer = place_group(team.demands, hosts, beside)
    quoted = [line.at for line in quote.lines if line.wanted.address.name.startswith("n")]
    if isinstance(answer, Placed):
        assert quoted == [one.candidate for one in answer.options]
    else:
        assert quoted == [None] * unplaced
        assert quote.refusal


def test_why_there_is_said_in_the_words_of_the_goals() -> None:
    hosts = [a_candidate("h1", a_ground("s1", prices=prices_of(2000))), a_candidate("h2", NL)]
    cheap, best = Policy(goals=PRESETS["cheapest"]), Policy(goals=PRESETS["balanced"])
    stay = HostId("h1")

    def because(policy: Policy, *, host: HostId | None) -> str:
        (line,) = quote_team([(a_member("a", policy), host)], hosts, UNBOUND).lines
        return line.because

    assert because(cheap, host=None) == "cheapest of 2 that may"
    assert because(best, host=None) == "best of 2 that may"
    assert because(Policy(), host=None) == "emptiest of 2 that may"
    roomy = Policy(goals=PRESETS["roomiest"])
    assert because(roomy, host=None) == "emptiest of 2 that may"
    assert because(cheap, host=stay) == "one of 2 that may; by itself it would be better at s2"
    dutch = Policy(countries=frozenset({"NL"}))
    assert because(dutch, host=stay) == (
        "it stands there and may not any more; 1 other host may, s2 best"
    )
    french = Policy(countries=frozenset({"FR"}))
    assert because(french, host=stay) == "it stands there; today no host may run it"
    assert because(french, host=None) == "none of 2 hosts may run it: 2 not in FR"
    (line,) = quote_team(
        [(a_member("a", Policy(near=(Near(LJUBLJANA),))), stay)], hosts, UNBOUND
    ).lines
    assert [name for name, _ in line.trips] == [LJUBLJANA.name]
    (waiting,) = quote_team([(a_member("a", french), None)], hosts, UNBOUND).lines
    assert waiting.trips == ()


def test_what_begins_anew_is_placed_when_it_has_left_at_home_if_it_may_be() -> None:
    tight = [a_candidate("h1", free=WHOLE - WHOLE), a_candidate("h2", NL, free=SMALL)]
    larger = Capacity(2, 2048, 1024)
    members = [
        (a_member("web-1", size=larger), HostId("h1")),
        (a_member("web-2"), HostId("h1")),
        (a_member("web-3"), None),
    ]
    leaving = {members[0][0].id: WHOLE - SMALL}
    quote, after = quote_and_hosts(members, tight, UNBOUND, leaving)
    assert quote.refusal is None
    at = {line.wanted.address.name: line.at and line.at.host for line in quote.lines}
    assert at == {"web-1": "h1", "web-2": "h1", "web-3": "h2"}
    assert [one.free for one in after] == [
        WHOLE - SMALL - larger,
        SMALL - SMALL,
    ]


def test_what_has_no_place_to_begin_anew_refuses_the_quote() -> None:
    members = [(a_member("db", size=WHOLE + SMALL), HostId("h1"))]
    quote = quote_team(members, [a_candidate("h1", free=WHOLE - SMALL)], UNBOUND, {"in_db": SMALL})  # type: ignore[dict-item]
    assert quote.refusal is not None
    assert quote.lines[0].at is None
    assert [one.rule for one in quote.relaxations] == ["capacity"]
    waits = [(a_member("web", Policy(countries=frozenset({"FR"}))), None), *members]
    both = quote_team(waits, [a_candidate("h1")], UNBOUND, {"in_db": SMALL})  # type: ignore[dict-item]
    assert both.refusal == "none of 1 hosts may run it: 1 not in FR"
    assert [line.at and line.at.host for line in both.lines] == ["h1", None]


def test_what_ends_is_told_without_a_price() -> None:
    line = ended_line(a_member("a"), a_candidate("h2", NL))
    assert (line.price, line.explanation.looked_at) == (None, 0)


def test_levels_above_bound_where_it_goes() -> None:
    above = {("t", "w"): (("tenant t", Policy(countries=frozenset({"NL"}))),)}
    hosts = [a_candidate("h1"), a_candidate("h2", NL)]
    (line,) = quote_team([(a_member("a"), None)], hosts, Bounds(above=above)).lines
    assert line.at == hosts[1]
    contradicting = Policy(countries=frozenset({"DE"}))
    quote = quote_team([(a_member("a", contradicting), None)], hosts, Bounds(above=above))
    assert "tenant t says allow NL; a says allow DE" in (quote.refusal or "")
    assert quote.relaxations == ()


def test_who_ran_somewhere_goes_home() -> None:
    hosts = [a_candidate("h1"), a_candidate("h2", NL)]
    cheap = a_member("a", Policy(goals=PRESETS["cheapest"]))
    home = Bounds(homes={cheap.id: HostId("h1")})
    assert quote_team([(cheap, None)], hosts, home).lines[0].at == hosts[0]


def test_for_what_stands_only_what_would_be_better_or_lawful_is_named() -> None:
    grounds = [
        a_ground(f"s{n}", country=country, prices=prices_of(price))
        for n, (country, price) in enumerate((("DE", 2000), ("ES", 1000), ("FR", 3000)))
    ]
    hosts = [a_candidate(f"h{n}", ground) for n, ground in enumerate(grounds)]
    cheap = Policy(countries=frozenset({"DE"}), goals=PRESETS["cheapest"])

    def helps(policy: Policy, *others: Candidate) -> list[str]:
        members = [(a_member("a", policy), HostId("h0"))]
        (line,) = quote_team(members, [*hosts, *others], UNBOUND).lines
        return [one.text for one in line.explanation.relaxations]

    assert helps(cheap) == ["allow ES"]
    assert helps(Policy(countries=frozenset({"DE"}))) == []
    assert helps(Policy(countries=frozenset({"ES"}))) == ["allow DE"]
    apart = Policy(countries=frozenset({"DE"}), spreads=(Spread("site", 2),))
    assert helps(apart) == []


def test_the_law_is_told_in_words_under_every_level() -> None:
    def law(policy: Policy, *above: Policy) -> str:
        return law_of(a_member("a", policy), [("above", one) for one in above])

    assert law(Policy(countries=frozenset({"DE", "SI"}))) == "DE, SI"
    assert law(Policy(), Policy(countries_denied=frozenset({"HU"}))) == "any but HU"
    assert law(Policy()) == "any"
    german = Policy(countries=frozenset({"DE"}))
    assert law(german, Policy(countries=frozenset({"FR"}))) == "none"
    assert law(german, Policy(regions=frozenset({"de", "fr"}))) == "DE"
