import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId
from hanza.plan.placement.choose import (
    RULES,
    Candidate,
    Chosen,
    Demand,
    Nowhere,
    choose,
    refusals_of,
)

SMALL, WHOLE, NONE = Capacity(1, 100, 10), Capacity(4, 400, 40), Capacity(0, 0, 0)


def a_candidate(
    host: str = "h1",
    *,
    country: str = "DE",
    free: Capacity = WHOLE,
    is_offered: bool = True,
    is_heard: bool = True,
    is_refusing: bool = False,
) -> Candidate:
    return Candidate(
        HostId(host),
        AgentId("ag_1"),
        country,
        Capacity(4, 400, 40),
        free,
        is_offered,
        is_heard,
        is_refusing,
    )


def test_the_country_is_law() -> None:
    answer = choose(Demand("FR", SMALL), [a_candidate(country="DE")])
    assert answer == Nowhere(1, (("country", 1),))


@pytest.mark.parametrize(
    ("candidate", "rule"),
    [
        (a_candidate(is_offered=False), "offered"),
        (a_candidate(is_heard=False), "heard"),
        (a_candidate(is_refusing=True), "not_refused"),
        (a_candidate(free=Capacity(0, 400, 40)), "capacity"),
        (a_candidate(free=Capacity(4, 99, 40)), "capacity"),
        (a_candidate(free=Capacity(4, 400, 9)), "capacity"),
    ],
)
def test_each_rule_refuses_alone(candidate: Candidate, rule: str) -> None:
    assert refusals_of(Demand("DE", SMALL), candidate) == (rule,)


def test_emptier_hosts_go_first_and_ties_are_broken_by_id() -> None:
    full, empty = a_candidate("h1", free=Capacity(4, 200, 40)), a_candidate("h2")
    assert choose(Demand("DE", SMALL), [full, empty]) == Chosen(HostId("h2"), AgentId("ag_1"))
    twin = a_candidate("h3")
    assert choose(Demand("DE", SMALL), [twin, empty]) == Chosen(HostId("h2"), AgentId("ag_1"))


def test_a_host_without_memory_of_its_own_is_no_division_by_zero() -> None:
    none = Candidate(
        HostId("h1"), AgentId("ag_1"), "DE", *[Capacity(0, 0, 0)] * 2, True, True, False
    )
    demand = Demand("DE", Capacity(0, 0, 0))
    assert choose(demand, [none]) == Chosen(HostId("h1"), AgentId("ag_1"))


def test_the_sentence_says_every_rule_with_its_number() -> None:
    demand = Demand("DE", SMALL)
    worst = a_candidate(
        country="FR", free=Capacity(0, 0, 0), is_offered=False, is_heard=False, is_refusing=True
    )
    answer = choose(demand, [worst, a_candidate(country="FR")])
    assert isinstance(answer, Nowhere)
    assert answer.sentence(demand) == (
        "none of 2 hosts may run it: 2 not in DE, 1 not offered, 1 not heard of lately, "
        "1 said they are full, 1 without 1 cpu, 100 MiB memory and 10 MiB disk free"
    )
    assert Nowhere(0, ()).sentence(demand) == "no site has joined yet"


candidates = st.lists(
    st.builds(
        a_candidate,
        host=st.sampled_from([f"h{n}" for n in range(6)]),
        country=st.sampled_from(["DE", "FR"]),
        free=st.builds(Capacity, st.integers(-1, 4), st.integers(-10, 400), st.integers(-10, 40)),
        is_offered=st.booleans(),
        is_heard=st.booleans(),
        is_refusing=st.booleans(),
    ),
    unique_by=lambda c: c.host,
    max_size=6,
)


@given(candidates, st.sampled_from(["DE", "FR"]))
def test_same_input_same_plan_whatever_the_order(found: list[Candidate], country: str) -> None:
    demand = Demand(country, SMALL)
    answers = {
        str(choose(demand, order)) for order in itertools.islice(itertools.permutations(found), 24)
    }
    assert len(answers) == 1


@given(candidates, st.sampled_from(["DE", "FR"]))
def test_it_is_exact_against_a_plain_reference(found: list[Candidate], country: str) -> None:
    """The reference: look at all, keep who may, take the emptiest, first by id."""
    demand = Demand(country, SMALL)
    may = [
        c
        for c in found
        if c.country == country
        and c.is_offered
        and c.is_heard
        and not c.is_refusing
        and c.free.cpus >= 1
        and c.free.memory_mib >= 100
        and c.free.disk_mib >= 10
    ]
    answer = choose(demand, found)
    if not may:
        assert isinstance(answer, Nowhere)
        refused_by = {rule for rule, _ in answer.refusals}
        assert refused_by <= set(RULES)
        assert all(count <= len(found) for _, count in answer.refusals)
        return
    emptiest = max(c.free.memory_mib for c in may)
    assert answer == Chosen(
        min(c.host for c in may if c.free.memory_mib == emptiest), AgentId("ag_1")
    )
