"""What would help a whole team, and that those who stand stay where they are if they may."""

import pytest

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import PRESETS, Near, Policy, Spread
from hanza.plan.placement.candidate import Neighbour
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, place_group
from kit.grounds import LJUBLJANA, SMALL, WHOLE, a_candidate, a_demand, a_ground, prices_of
from kit.plainly import team_relaxations

NL = a_ground("s2", country="NL", provider="p2", prices=prices_of(1000))
HOSTS = [a_candidate("h1"), a_candidate("h2", NL)]
FRENCH, POLISH = (Policy(countries=frozenset({one})) for one in ("FR", "PL"))


def texts(*demands: object, **more: object) -> list[str]:
    return [one.text for one in team_relaxations(demands, HOSTS, **more)]  # type: ignore[arg-type]


def test_one_that_is_stuck_is_helped_and_the_team_with_it() -> None:
    db, web = a_demand(FRENCH, name="db", component="db"), a_demand(name="web", component="web")
    (german, dutch) = team_relaxations([web, db], HOSTS)
    assert (german.text, dutch.text) == ("db: allow DE", "db: allow NL")
    assert (dutch.hosts, dutch.sites, dutch.price) == (1, 1, 730_000)
    assert dutch.demands[0] == web
    assert dutch.demands[1].policy.countries == {"FR", "NL"}
    assert texts(db) == ["db: allow DE", "db: allow NL"]


def test_replicas_that_ask_for_the_same_are_helped_in_the_same_way() -> None:
    web = [a_demand(FRENCH, name=f"web-{n}", component="web") for n in range(2)]
    found = team_relaxations(web, HOSTS)
    assert [one.text for one in found] == ["web: allow DE", "web: allow NL"]
    assert all(one.demands[0].policy == one.demands[1].policy for one in found)


def test_several_that_are_stuck_are_helped_together() -> None:
    db, web = a_demand(FRENCH, name="db"), a_demand(POLISH, name="web")
    found = team_relaxations([db, web], HOSTS)
    assert found[0].text == "db: allow DE and web: allow DE"
    assert len(found) == 4
    assert (found[1].hosts, found[1].sites, found[1].price) == (2, 2, None)


def test_what_would_help_one_but_not_all_is_not_named() -> None:
    small = [a_candidate("h1", free=SMALL)]
    db, web = a_demand(name="db"), a_demand(FRENCH, name="web")
    assert team_relaxations([db, web], small) == ()
    never = a_demand(FRENCH, name="db", conflict="levels contradict each other")
    assert texts(never) == []


def test_a_spread_that_its_neighbours_leave_no_place_for_is_relaxed() -> None:
    apart = Policy(countries=frozenset({"DE"}), spreads=(Spread("site", 2),))
    web = a_demand(apart, name="web-2", component="web")
    beside = [Neighbour("web", HOSTS[0])]
    assert texts(web, neighbours=beside) == [
        "web: allow NL",
        "web: spread over site only as far as it can be had",
    ]
    both = [a_demand(apart, name=f"web-{n}", component="web") for n in range(2)]
    assert texts(*both) == ["1 different by site instead of 2", "web: allow NL"]


def test_where_each_has_a_host_and_not_all_together_more_hosts_may_help() -> None:
    german = Policy(countries=frozenset({"DE"}))
    two, four = (
        [a_demand(german, name=f"w{n}", size=WHOLE, component="web") for n in range(count)]
        for count in (2, 4)
    )
    (wider,) = team_relaxations(two, HOSTS)
    assert (wider.text, wider.hosts, wider.sites) == ("web: allow NL", 1, 1)
    assert all(one.policy.countries == {"DE", "NL"} for one in wider.demands)
    assert texts(*four) == ["1 replica of web instead of 4"], "two hosts are no four"


@pytest.mark.parametrize("count", [4, 3])
def test_where_there_is_no_room_for_all_it_is_told_for_how_many_there_is(count: int) -> None:
    web = [a_demand(name=f"w{n}", size=WHOLE, component="web") for n in range(count)]
    db = a_demand(FRENCH, name="db", component="db")
    (found,) = team_relaxations(web, HOSTS)
    assert (found.text, found.hosts, found.sites) == (f"2 replicas of web instead of {count}", 2, 2)
    assert found.demands == tuple(web[:2])
    beside = a_demand(name="a", size=WHOLE, component="db")
    (fewer,) = team_relaxations([beside, *web], HOSTS)
    assert fewer.text == f"1 replica of web instead of {count}"
    assert texts(*web, db) == [], "two things are in the way, and one change is all that is named"


def test_of_many_that_are_refused_it_is_told_too_what_would_help() -> None:
    many = MEMBERS_MAX + 4
    rooms = [a_candidate(f"h{n}", free=Capacity(100, 10**6, 10**6)) for n in range(2)]
    crowd = [a_demand(name=f"w{n:03}", size=SMALL, component="web") for n in range(many)]
    (found,) = team_relaxations(crowd, rooms)
    assert found.text == f"{len(found.demands)} replicas of web instead of {many}"
    french = [a_demand(FRENCH, name=f"f{n:03}", component="web") for n in range(many)]
    wide = [a_candidate("h1", free=Capacity(1000, 10**6, 10**6))]
    assert [one.text for one in team_relaxations(french, wide)] == ["web: allow DE"]


def placed(*demands: object) -> list[str]:
    answer = place_group(demands, HOSTS)  # type: ignore[arg-type]
    assert isinstance(answer, Placed)
    return [one.candidate.host for one in answer.options]


def test_who_has_a_home_stays_there_whatever_is_better() -> None:
    cheap = Policy(goals=PRESETS["cheapest"])
    assert placed(a_demand(cheap)) == ["h2"]
    assert placed(a_demand(cheap, home=HostId("h1"))) == ["h1"]
    near = Policy(near=(Near(LJUBLJANA),))
    two = [a_demand(near, name=f"n{n}", home=HostId("h2"), component="web") for n in range(2)]
    assert placed(*two) == ["h2", "h2"]


def test_who_may_not_stay_at_home_goes_and_the_others_stay() -> None:
    dutch = Policy(countries=frozenset({"NL"}))
    assert placed(a_demand(dutch, home=HostId("h1"))) == ["h2"]
    assert placed(a_demand(home=HostId("h-gone")))
    large = [a_demand(name=f"n{n}", size=WHOLE, home=HostId("h1")) for n in range(2)]
    assert sorted(placed(*large)) == ["h1", "h2"]
    apart = Policy(spreads=(Spread("site", 2),))
    crowd = [a_demand(apart, name=f"n{n}", home=HostId("h1"), component="w") for n in range(2)]
    assert sorted(placed(*crowd)) == ["h1", "h2"]


def test_a_home_is_not_taken_for_one_like_its_neighbour() -> None:
    twins = [a_candidate("h1"), a_candidate("h2"), a_candidate("h3")]
    bound = a_demand(name="b", size=WHOLE, home=HostId("h1"))
    for demands in ([a_demand(size=WHOLE), bound], [bound, a_demand(size=WHOLE)]):
        answer = place_group(demands, twins)
        assert isinstance(answer, Placed)
        at = {
            one.name: option.candidate.host
            for one, option in zip(demands, answer.options, strict=True)
        }
        assert at["b"] == "h1"
    assert answer.options[0].total == 0, "what staying is worth is nobody's points"
