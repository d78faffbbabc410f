"""A port of a host leads to one guest: who asks for a taken one goes elsewhere, and is told why."""

from dataclasses import replace
from typing import Any

from hanza.model.capacity import Capacity
from hanza.model.guest import Port
from hanza.model.ids import InstanceId
from hanza.model.policy import Near, Policy
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.choose import Placed, Unplaced, place_group, without_room
from hanza.plan.placement.demand import UNBOUND
from hanza.plan.placement.explain import explain, sentence_of
from kit.grounds import AMSTERDAM, LJUBLJANA, SMALL, a_candidate, a_demand, a_ground, a_member
from kit.plainly import quote_team, team_relaxations

OURS = InstanceId("in_ours")


def a_host(name: str, *ports: int, site: str | None = None, **changed: Any) -> Candidate:
    ground = a_ground(site or f"s-{name}")
    return a_candidate(name, ground, ports=dict.fromkeys(ports, OURS), **changed)


def publishing(name: str, *ports: int) -> Any:
    one = a_member(name)
    spec = replace(one.spec, ports=tuple(Port(port, 80) for port in ports))
    return replace(one, spec=spec)


def hosts_of(answer: Placed | Unplaced) -> list[str]:
    assert isinstance(answer, Placed)
    return [one.candidate.host for one in answer.options]


def test_a_taken_port_refuses_its_host_and_says_which() -> None:
    demand = a_demand(ports=(8080, 8443))
    told = explain(demand, [a_host("h1", 8443, 22), a_host("h2", 22)])
    assert [one.option.candidate.host for one in told.best] == ["h2"]
    (loser,) = told.losers
    assert [(one.rule, one.text) for one in loser.lacks] == [
        ("ports", "has port 8443 taken by another guest")
    ]
    assert "where port 8080, 8443 is taken by another guest" in [one.says for one in told.refusals]


def test_the_change_that_would_help_names_the_port_and_was_tried() -> None:
    hosts = [a_host("h1", 8080), a_host("h2", 8080, 8443), a_host("h3", 8443)]
    told = explain(a_demand(ports=(8080, 8443)), hosts).relaxations
    assert [(one.rule, one.text, one.hosts) for one in told] == [
        ("ports", "publish another port than 8080, 8443", 3),
        ("ports", "publish another port than 8080", 1),
        ("ports", "publish another port than 8443", 1),
    ]
    assert [one.demands[0].ports for one in told] == [(), (8443,), (8080,)]


def test_a_team_does_not_meet_at_one_port() -> None:
    both = [a_demand(name="a", ports=(8080,)), a_demand(name="b", ports=(8080,))]
    near = [a_host("h1", site="s"), a_host("h2", site="s")]
    assert sorted(hosts_of(place_group(both, near))) == ["h1", "h2"]
    stuck = place_group(both, near[:1])
    assert isinstance(stuck, Unplaced)
    assert sentence_of(stuck, both) == (
        "each alone has a host, but not all together"
        " with the room, the ports and the spread they ask for: a, b"
    )
    other = replace(both[1], ports=(8081,))
    assert hosts_of(place_group([both[0], other], near[:1])) == ["h1", "h1"]


def test_hosts_that_differ_by_their_ports_are_not_taken_for_alike() -> None:
    small = Capacity(1, 1024, 1024)
    hosts = [a_host("h1", site="s", free=small), a_host("h2", 8080, site="s", free=small)]
    plain, publisher = a_demand(name="a"), a_demand(name="b", ports=(8080,))
    assert hosts_of(place_group([plain, publisher], hosts)) == ["h2", "h1"]


def test_what_is_planned_takes_its_ports_along() -> None:
    (one,) = [a_host("h1")]
    demand = a_demand(ports=(8080,))
    answer = place_group([demand], [one])
    assert isinstance(answer, Placed)
    (after,) = without_room([one], answer.options, [demand])
    assert dict(after.ports) == {8080: None}
    assert isinstance(place_group([demand], [after]), Unplaced)


def test_a_member_that_stands_is_not_in_its_own_way_nor_in_that_of_its_next_run() -> None:
    standing = publishing("a", 8080)
    host = replace(a_host("h1"), ports={8080: standing.id})
    (line,) = quote_team([(standing, host.host)], [host], UNBOUND).lines
    assert line.explanation.may == 1
    anew = quote_team([(standing, host.host)], [host], UNBOUND, {standing.id: SMALL})
    assert (anew.refusal, anew.lines[0].at is not None) == (None, True)


def test_a_team_is_told_the_port_that_would_help_it() -> None:
    both = [a_demand(name="a", ports=(8080,)), a_demand(name="b")]
    told = team_relaxations(both, [a_host("h1", 8080)])
    assert [one.text for one in told] == ["a: publish another port than 8080"]
    assert [one.ports for one in told[0].demands] == [(), ()]


def test_what_helps_several_of_a_component_is_said_once() -> None:
    near = [Policy(near=(Near(point),)) for point in (LJUBLJANA, AMSTERDAM)]
    web = [a_demand(one, component="web", ports=(8080,)) for one in near]
    (told,) = team_relaxations(web, [a_host("h1", 8080), a_host("h2", 8080)])
    assert told.text == "web: publish another port than 8080"
