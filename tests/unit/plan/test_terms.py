"""Providers' own terms: as rules, among the members of a choice, and from one to the next."""

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.policy import Goals, Policy
from hanza.model.quota import NONE, Amounts, Limits
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import Placed, place_group, without_room
from hanza.plan.placement.demand import UNBOUND
from hanza.plan.placement.explain import explain
from hanza.plan.placement.terms import ALL, amounts_of, refusals_of, with_taken
from kit.grounds import SMALL, a_candidate, a_demand, a_ground, a_member, prices_of
from kit.plainly import quote_team

CHEAP = Policy(goals=Goals(price=1))
COST = Amounts(1, 1, 1024, 1024)


def hosts_with(terms: Terms | None, **taken: Amounts) -> list[Candidate]:
    """Two at the cheap provider that has these terms, one at another."""
    known = {ALL if name == "all" else name: amounts for name, amounts in taken.items()}
    grounds = [
        a_ground("s1", provider="p1", prices=prices_of(1), terms=terms, taken=known),
        a_ground("s2", provider="p1", prices=prices_of(1), terms=terms, taken=known),
        a_ground("s3", provider="p3", prices=prices_of(100)),
    ]
    return [a_candidate(f"h{n}", one) for n, one in enumerate(grounds)]


def a_team(count: int) -> list[Demand]:
    return [a_demand(CHEAP, name=f"web-{n}", component="web", tenant="acme") for n in range(count)]


def sites_of(answer: object) -> list[str]:
    assert isinstance(answer, Placed)
    return sorted(one.candidate.ground.site for one in answer.options)


def test_who_is_denied_is_told_and_goes_elsewhere() -> None:
    hosts = hosts_with(Terms(denied=frozenset({"acme"})))
    found = explain(a_demand(tenant="acme"), hosts)
    assert (found.may, found.refusals[0].rule) == (1, "denied")
    assert found.refusals[0].says == "of a provider that takes nothing of you"
    assert found.losers[0].lacks[0].text == "is of p1, which takes nothing of acme"
    assert explain(a_demand(tenant="rival"), hosts).may == 3
    assert explain(a_demand(tenant="acme"), hosts[:2]).relaxations == (), (
        "it is the provider's word"
    )


def test_who_has_all_that_a_provider_takes_is_told_the_numbers() -> None:
    terms = Terms(Limits(instances=4, memory_mib=4096), Limits(cpus=9))
    hosts = hosts_with(terms, acme=Amounts(4, 1, 3500), all=Amounts(9, 9, 9000))
    found = explain(a_demand(tenant="acme"), hosts)
    assert (found.may, found.refusals[0].rule) == (1, "capped")
    assert found.losers[0].lacks[0].text == (
        "is of p1, which takes no more than 4 instances of acme (4 there)"
    )
    assert refusals_of(hosts[0].ground, "acme", COST) == [
        "no more than 4 instances of acme (4 there)",
        "no more than 4096 MiB of memory of acme (3500 there)",
        "no more than 9 cpus in all",
    ]
    assert refusals_of(hosts[0].ground, "rival", COST) == ["no more than 9 cpus in all"]
    assert refusals_of(hosts[2].ground, "acme", COST) == []


def test_members_of_one_choice_count_together() -> None:
    hosts = hosts_with(Terms(Limits(instances=2)), acme=Amounts(1), all=Amounts(1))
    assert sites_of(place_group(a_team(3), hosts)) == ["s1", "s3", "s3"]
    total = hosts_with(Terms(total=Limits(memory_mib=2048)), other=Amounts(1, 1, 1024))
    assert sites_of(place_group(a_team(3), total)) == ["s1", "s1", "s3"]
    assert not isinstance(place_group(a_team(3), hosts[:2]), Placed)


def test_what_one_choice_takes_the_next_one_sees() -> None:
    hosts = hosts_with(Terms(Limits(instances=1)))
    first = place_group(a_team(1), hosts)
    assert isinstance(first, Placed)
    after = without_room(hosts, first.options, a_team(1))
    assert after[0].ground.taken == {"acme": COST, ALL: COST}
    assert after[1].ground.taken == after[0].ground.taken
    assert sites_of(place_group(a_team(1), after)) == ["s3"]
    twin = replace(after[0], host=HostId("h9"))
    assert [one.ground for one in with_taken([*after, twin], ())] == [
        *(one.ground for one in after),
        twin.ground,
    ]
    more = with_taken([*after, twin], [(after[0].ground, "acme", COST)])
    assert more[0].ground is more[3].ground
    back = with_taken(after, [(after[0].ground, "acme", NONE - COST)])
    assert back[0].ground.taken == {"acme": NONE, ALL: NONE}
    assert with_taken(hosts, [(hosts[2].ground, "acme", COST)]) == hosts


def test_what_stands_is_explained_as_if_its_own_room_were_not_taken() -> None:
    hosts = hosts_with(Terms(Limits(instances=1)), t=amounts_of(SMALL), all=amounts_of(SMALL))
    member = a_member("web-1", CHEAP)
    (line,) = quote_team([(member, hosts[0].host)], hosts, UNBOUND).lines
    assert line.explanation.may == 3
    anew = quote_team([(member, hosts[0].host)], hosts, UNBOUND, {member.id: SMALL})
    assert anew.refusal is None
    assert anew.lines[0].at is not None
    assert anew.lines[0].at.host == hosts[0].host


caps = st.builds(
    Limits, instances=st.none() | st.integers(0, 3), cpus=st.none() | st.integers(0, 4)
)


@given(caps, caps, st.integers(0, 2), st.lists(st.integers(1, 2), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_choice_never_takes_more_and_refuses_only_what_no_choice_could_have(
    each: Limits, total: Limits, there: int, cpus: list[int]
) -> None:
    taken = Amounts(there, there)
    hosts = hosts_with(Terms(each, total), acme=taken, all=taken)
    hosts[2] = replace(hosts[2], free=Capacity(1, 9999, 9999))
    team = [
        a_demand(CHEAP, name=f"w{n}", size=Capacity(count, 64, 64), component="w", tenant="acme")
        for n, count in enumerate(cpus)
    ]
    answer = place_group(team, hosts)
    possible = [
        choice
        for choice in itertools.product(hosts, repeat=len(team))
        if is_allowed(choice, team, each, total, taken)
    ]
    assert isinstance(answer, Placed) == bool(possible)
    if isinstance(answer, Placed):
        chosen = tuple(one.candidate for one in answer.options)
        assert is_allowed(chosen, team, each, total, taken)


def is_allowed(
    choice: tuple[Candidate, ...], team: list[Demand], each: Limits, total: Limits, taken: Amounts
) -> bool:
    for host in choice:
        room = sum(
            demand.size.cpus
            for one, demand in zip(choice, team, strict=True)
            if one.host == host.host
        )
        if room > host.free.cpus:
            return False
    mine = [d for one, d in zip(choice, team, strict=True) if one.ground.provider == "p1"]
    if not mine:
        return True
    count, cpus = taken.instances + len(mine), taken.cpus + sum(one.size.cpus for one in mine)
    return all(
        (limits.instances is None or count <= limits.instances)
        and (limits.cpus is None or cpus <= limits.cpus)
        for limits in (each, total)
    )
