"""Teams beyond what can be searched are placed one after another, and told once for each ask."""

from dataclasses import replace

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Policy
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, place_group
from hanza.plan.placement.demand import UNBOUND
from hanza.plan.placement.fleet import Stuck
from hanza.plan.placement.quote import EXPLAINED_ALONE
from hanza.plan.placement.quote import quote_team as quote_on
from kit.grounds import NOW, SMALL, a_candidate, a_demand, a_ground, a_member
from kit.plainly import fleet_of, quote_team

MANY = MEMBERS_MAX + 1
ROOM = Capacity(200 * SMALL.cpus, 200 * SMALL.memory_mib, 200 * SMALL.disk_mib)
GERMAN = Policy(countries=frozenset({"DE"}))
HOSTS = [
    replace(a_candidate(name, ground), capacity=ROOM, free=ROOM)
    for name, ground in (("h1", a_ground("s1")), ("h2", a_ground("s2", country="NL")))
]


def place_team(team: list[Demand], hosts: list[Candidate]) -> Placed | Stuck:
    with fleet_of(hosts).trial(NOW) as trial:
        return trial.place(team, ())


def test_a_few_are_searched_and_many_follow_one_another() -> None:
    few = [a_demand(GERMAN, name="a")]
    assert place_team(few, HOSTS) == place_group(few, HOSTS)
    many = [a_demand(Policy(), name=f"w{n:03}", size=SMALL) for n in range(MANY)]
    placed = place_team(many, HOSTS)
    assert isinstance(placed, Placed)
    assert not placed.is_exact
    assert {one.candidate.host for one in placed.options} == {"h1", "h2"}
    assert all(one.candidate in HOSTS for one in placed.options)


def test_many_are_placed_all_or_none() -> None:
    many = [a_demand(GERMAN, name=f"w{n:03}", size=SMALL) for n in range(MANY)]
    answer = place_team(many, HOSTS)
    assert answer == Stuck(None, is_exact=False)
    with fleet_of(HOSTS).trial(NOW) as trial:
        assert "as far as was searched" in trial.refusal(many, Stuck(None, is_exact=False))
    nowhere = [*many[1:], a_demand(Policy(countries=frozenset({"FR"})), name="x")]
    stuck = place_team(nowhere, HOSTS)
    assert isinstance(stuck, Stuck)
    assert stuck.demand is not None
    assert stuck.demand.name == "x"


def test_who_is_not_heard_or_refuses_takes_none_of_them() -> None:
    silent, full = (
        replace(one, **{flag: is_so})
        for one, flag, is_so in ((HOSTS[0], "is_heard", False), (HOSTS[1], "is_refusing", True))
    )
    known = fleet_of([silent, full])
    assert len(known) == 2
    many = [a_demand(Policy(), name=f"w{n:03}", size=SMALL) for n in range(MANY)]
    assert isinstance(place_team(many, [silent, full]), Stuck)


def test_a_large_team_is_told_once_for_each_thing_that_is_asked() -> None:
    members = [(a_member(f"w{n:03}"), None) for n in range(EXPLAINED_ALONE + 1)]
    with fleet_of(HOSTS).trial(NOW) as trial:
        quote = quote_on(members, trial, UNBOUND)
    assert len(quote.lines) == len(members)
    assert len({id(one.explanation) for one in quote.lines}) == 1


def test_of_one_member_is_told_what_would_be_told_beside_the_others() -> None:
    members = [(a_member("a"), None), (a_member("b"), None), (a_member("c"), HostId("h1"))]
    whole = {one.wanted.id: one for one in quote_team(members, HOSTS, UNBOUND).lines}
    for wanted, _ in members:
        alone = quote_team(members, HOSTS, UNBOUND, only={wanted.id})
        assert alone.lines == (whole[wanted.id],)
    nowhere = [(a_member(name, country="FR"), None) for name in ("a", "b")]
    refused = quote_team(nowhere, HOSTS, UNBOUND, only={nowhere[0][0].id})
    assert [one.at for one in refused.lines] == [None]
    crowd = [(a_member(f"w{n:03}", country="FR"), None) for n in range(MANY)]
    assert quote_team(crowd, HOSTS, UNBOUND, only={crowd[0][0].id}).relaxations == ()
