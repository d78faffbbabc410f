"""Rings of a rollout: who is asked, when the next ring begins, and when all of it stops."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanza.model.ids import AgentId
from hanza.plan.rollout import (
    Ask,
    Done,
    Halt,
    Rules,
    Step,
    Updating,
    Wait,
    Willing,
    condition_of,
    next_step,
    obstacle_of,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LONG_AGO, MINUTE = NOW - timedelta(days=1), timedelta(minutes=1)
OLD, NEW = "0.1.0", "0.2.0"
RULES = Rules(at_once=2)


def an_agent(name: str, ring: int = 0, **more: object) -> Updating:
    said = Updating(AgentId(name), ring, OLD, True, LONG_AGO)
    return replace(said, **more)  # type: ignore[arg-type]


def good(name: str, ring: int = 0, since: datetime = LONG_AGO) -> Updating:
    return an_agent(name, ring, release=NEW, linked_since=since, asked_at=LONG_AGO)


def under_way(name: str, asked: datetime = NOW - MINUTE, **more: object) -> Updating:
    return an_agent(name, asked_at=asked, is_linked=False, **more)


def step(*agents: Updating, rules: Rules = RULES) -> Step:
    return next_step(NEW, agents, rules, NOW)


def test_the_first_ring_is_asked_a_few_at_once() -> None:
    agents = [an_agent(name) for name in "cba"]
    assert step(*agents) == Ask((AgentId("a"), AgentId("b")))
    assert step(under_way("a"), an_agent("b"), an_agent("c")) == Ask((AgentId("b"),))
    both = (under_way("a"), under_way("b", NOW - 2 * MINUTE))
    assert step(*both, an_agent("c")) == Wait(NOW - 2 * MINUTE + RULES.back_within)


def test_the_next_ring_begins_when_the_one_before_has_soaked() -> None:
    fresh = NOW - MINUTE
    assert step(good("a", since=fresh), an_agent("b", 1)) == Wait(fresh + RULES.soak)
    assert step(good("a"), an_agent("b", 1)) == Ask((AgentId("b"),))
    assert step(good("a"), good("b", 1)) == Done()
    assert step() == Done()


def test_a_ring_whose_updated_agent_is_away_is_not_through() -> None:
    away = replace(good("a"), is_linked=False)
    assert step(away, an_agent("b", 1)) == Wait(None)
    assert step(replace(good("a"), linked_since=None), an_agent("b", 1)) == Wait(None)


@pytest.mark.parametrize(
    ("lacks", "words"),
    [
        ({}, ""),
        ({"consent": "asked"}, "its provider has not said yes to 0.2.0"),
        ({"consent": "asked", "has_word": True}, ""),
        ({"consent": "never", "has_word": True}, "its provider takes no updates"),
        ({"own_consent": "asked"}, "waits for a yes to 0.2.0"),
        ({"own_consent": "asked", "has_own_word": True}, ""),
        ({"own_consent": "never", "has_own_word": True}, "the agent takes none"),
        ({"is_for_its_platform": False}, "its platform"),
        ({"has_key": False}, "not pinned"),
        ({"can_return": False}, "no launcher"),
    ],
)
def test_nobody_is_asked_whose_people_do_not_consent_or_who_could_not(
    lacks: dict[str, object], words: str
) -> None:
    able = Willing("always", False, "always", False, True, True, True)
    obstacle = obstacle_of(replace(able, **lacks), NEW)  # type: ignore[arg-type]
    assert words in obstacle
    assert bool(words) == bool(obstacle)
    one = an_agent("a", obstacle=obstacle)
    assert step(one) == (Done() if words else Ask((one.agent,)))


def test_who_was_away_before_holds_up_nobody() -> None:
    away = an_agent("a", is_linked=False)
    assert step(away, an_agent("b", 1)) == Ask((AgentId("b"),))


def test_who_gave_it_up_or_does_not_come_back_has_failed() -> None:
    back = an_agent("a", asked_at=NOW - 2 * MINUTE, linked_since=NOW - MINUTE, has_given_up=True)
    gone = under_way("b", NOW - RULES.back_within)
    assert step(back, an_agent("c")) == Halt(0, (back.agent,))
    assert step(gone, an_agent("c", 1)) == Halt(0, (gone.agent,))
    still = an_agent("d", asked_at=NOW - 2 * MINUTE, linked_since=NOW - MINUTE)
    assert condition_of(NEW, still, RULES, NOW) == "under_way", "its line was cut meanwhile"


def test_of_a_large_ring_a_few_may_fail() -> None:
    ring = [good(f"g{n:02}") for n in range(99)]
    failed = under_way("x", NOW - RULES.back_within)
    assert step(*ring, failed, an_agent("y", 1)) == Ask((AgentId("y"),))
    more = [under_way(f"x{n}", NOW - RULES.back_within) for n in range(3)]
    assert isinstance(step(*ring, *more, an_agent("y", 1)), Halt)


moments = st.sampled_from([None, LONG_AGO, NOW - MINUTE, NOW])
updating = st.builds(
    Updating,
    st.text("abcdef", min_size=3, max_size=3).map(AgentId),
    st.integers(0, 2),
    st.sampled_from([OLD, NEW]),
    st.booleans(),
    moments,
    st.sampled_from(["", "no"]),
    moments,
    st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(updating, max_size=12, unique_by=lambda one: one.agent))
def test_what_is_asked_may_be_asked_and_only_in_one_ring(agents: list[Updating]) -> None:
    found = step(*agents)
    known = {one.agent: one for one in agents}
    if isinstance(found, Ask):
        chosen = [known[agent] for agent in found.agents]
        assert all(condition_of(NEW, one, RULES, NOW) == "untried" for one in chosen)
        assert len({one.ring for one in chosen}) == 1
        assert 1 <= len(chosen) <= RULES.at_once
        before = [one for one in agents if one.ring < chosen[0].ring]
        assert {condition_of(NEW, one, RULES, NOW) for one in before} <= {"good", "none", "failed"}
    failed = [one for one in agents if condition_of(NEW, one, RULES, NOW) == "failed"]
    assert isinstance(found, Halt) == bool(failed), "of small rings none may fail"
