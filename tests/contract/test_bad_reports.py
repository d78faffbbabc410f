"""An agent that says what cannot be: nothing is taken, it is told, and a good word clears it."""

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hanza.api import members
from hanza.api.session import Session as PlaneSession
from hanza.model.errors import BadReport, Invalid, Refusal
from hanza.model.report import Incarnation
from hanza.plan.report import HOST_CPUS_MAX, HOST_DISK_MIB_MAX, HOST_MEMORY_MIB_MAX
from hanza.store.agents import GOOD_FOR, HEARD_WITHIN, believed_starts, note_heard
from hanza.store.events import list_last_events
from hanza.store.hosts import list_candidates
from hanza.wire import agent_v1 as v1
from hanza.wire.credentials import sign_link
from kit.leagues import PIN, League, SiteAgent, a_league
from kit.markets import plain

GOOD = v1.HostW("host-1", 8, 4096, 8192, "kvm")
START = Incarnation(99, "n99")


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with a_league(tmp_path) as found:
        yield found


def a_silent_site(league: League) -> SiteAgent:
    agent = league.add_site("zagreb", "HR")
    agent.link.is_cut = True
    return agent


def greeted(league: League, agent: SiteAgent, start: Incarnation = START) -> PlaneSession:
    """A connection of the agent on which it has said who it is."""
    plane = PlaneSession(league.plane)
    challenge = plane.open()
    key = agent.journal.key(lambda _: b"")
    claims = v1.encode(
        v1.Claims(v1.PROTOCOL, agent.id, start.starts, start.nonce, "fake", None, None)
    )
    hello = v1.Hello(claims, sign_link(key, challenge.nonce, PIN, claims))
    plane.hear(v1.encode(hello), league.clock.now())
    return plane


def a_report(number: int, *hosts: v1.HostW) -> v1.ReportUp:
    return v1.ReportUp(number, v1.VersionW(0, 0), True, [], [], [], list(hosts), None)


def say(league: League, plane: PlaneSession, message: Any) -> None:
    plane.hear(msgspec.msgpack.encode(message), league.clock.now())


def offered(league: League) -> list[tuple[str, int, int, int]]:
    found = league.store.read(list_candidates, league.clock.now(), {})
    return [
        (one.name, one.capacity.cpus, one.capacity.memory_mib, one.capacity.disk_mib)
        for one in found
        if one.is_offered and one.is_heard
    ]


def told(league: League, *kinds: str) -> list[str]:
    events = league.store.read(list_last_events, 1000)
    return [one.text for one in events if one.kind in kinds]


def shown(league: League) -> dict[str, Any]:
    (agent,) = plain(league.call(members.list_agents).document)["items"]
    status: dict[str, Any] = agent["status"]
    return status


BEFORE = [("host-1", 8, 4096, 8192)]


def raw(**changed: Any) -> list[Any]:
    """A report as msgpack would have it, with a host that says something else."""
    host = {"name": "host-2", "cpus": 4, "memory": 1024, "disk": 1024} | changed
    said = [host["name"], host["cpus"], host["memory"], host["disk"], "kvm", ""]
    return ["report", 2, [0, 0], True, [], [], [], [said], None]


@pytest.mark.parametrize(
    "message",
    [
        raw(cpus=-1),
        raw(cpus=math.nan),
        raw(memory=math.inf),
        raw(disk=-math.inf),
        raw(disk=1.5),
        raw(cpus=2**64 - 1),
        raw(cpus="4"),
        raw(cpus=HOST_CPUS_MAX + 1),
        raw(memory=HOST_MEMORY_MIB_MAX + 1),
        raw(disk=HOST_DISK_MIB_MAX + 1),
        raw(name=""),
        raw(name="a\x1bb"),
        ["measured", [["lju-1", math.nan]]],
        ["measured", [["lju-1", -4.0]]],
        {"not": "an array"},
    ],
)
def test_what_cannot_be_is_refused_as_a_whole_and_the_last_good_word_stays(
    league: League, message: Any
) -> None:
    agent = a_silent_site(league)
    say(league, greeted(league, agent), a_report(1, GOOD))
    assert offered(league) == BEFORE
    plane = greeted(league, agent)
    with pytest.raises(Invalid):
        say(league, plane, message)
    assert offered(league) == BEFORE
    assert shown(league)["refusedSince"] is not None
    for _ in range(3):
        with pytest.raises(Invalid):
            say(league, greeted(league, agent), message)
    assert len(told(league, "report.refused")) == 1, "told once"
    say(league, greeted(league, agent), a_report(3, replace_host(cpus=2)))
    assert offered(league) == [("host-1", 2, 4096, 8192)]
    assert (shown(league)["refusedSince"], shown(league)["refused"]) == (None, None)
    assert told(league, "report.accepted") == ["its reports are good again"]


def replace_host(**changed: Any) -> v1.HostW:
    return msgspec.structs.replace(GOOD, **changed)


def test_the_refusal_has_a_code_and_says_which_number(league: League) -> None:
    agent = a_silent_site(league)
    plane = greeted(league, agent)
    with pytest.raises(BadReport) as refusal:
        say(league, plane, a_report(1, replace_host(cpus=10**9)))
    assert refusal.value.code == "report.refused"
    assert "'host-1' is said to have 1000000000 cpus; from 0 to 65536 is believed" in str(
        refusal.value
    )
    assert shown(league)["refused"] == refusal.value.text
    with pytest.raises(BadReport, match="2 hosts are called 'host-1'"):
        say(league, greeted(league, agent), a_report(1, GOOD, GOOD))
    assert "2 hosts are called" in shown(league)["refused"], "the last of them is shown"


def test_a_good_report_that_is_too_old_is_not_offered_however_often_its_agent_comes(
    league: League,
) -> None:
    agent = a_silent_site(league)
    say(league, greeted(league, agent), a_report(1, GOOD))
    nonsense, until = raw(cpus=-1), GOOD_FOR + 2 * HEARD_WITHIN
    started = league.clock.now()
    while league.clock.now() - started < until:
        with pytest.raises(Invalid):
            say(league, greeted(league, agent), nonsense)
        league.store.write(note_heard, [agent.id], league.clock.now())
        if league.clock.now() - started < GOOD_FOR:
            assert offered(league) == BEFORE
        while league.engine.run_round():
            pass
        league.clock.advance(timedelta(seconds=15))
    assert offered(league) == []
    (silent,) = told(league, "agent.silent")
    assert silent.startswith("zagreb is silent: nothing that can be believed was heard since")
    say(league, greeted(league, agent), a_report(2, GOOD))
    assert offered(league) == BEFORE
    back = told(league, "agent.heard")[-1]
    assert back.startswith("zagreb is heard again; the last word was of 00:")


def test_nobody_is_marked_by_what_another_says(league: League) -> None:
    agent = a_silent_site(league)
    old = greeted(league, agent, Incarnation(5, "old"))
    greeted(league, agent, Incarnation(6, "new"))
    with pytest.raises(Refusal):
        say(league, old, raw(cpus=-1))
    with pytest.raises(Refusal):
        say(league, PlaneSession(league.plane), raw(cpus=-1))
    assert told(league, "report.refused") == []


odd_numbers = (
    st.floats()
    | st.integers(-(2**62), 2**62)
    | st.sampled_from([math.nan, math.inf, -math.inf, -1, 2**53, 2**53 + 1, 2**63, "8", None, True])
)


@st.composite
def reports(draw: st.DrawFn) -> list[Any]:
    """A report in which any number may be anything."""
    number = st.integers(0, 2**20) | odd_numbers
    hosts = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["host-1", "host-2", "", "\x00"]), number, number, number
            ).map(lambda one: [*one, "kvm", ""]),
            max_size=3,
        )
    )
    volumes = draw(
        st.lists(
            st.tuples(st.just(["vo_1", 1]), st.just("keep"), st.just("present"), number).map(
                lambda one: [*one, None]
            ),
            max_size=1,
        )
    )
    whole = ["report", draw(st.just(7) | odd_numbers), [0, 0], True, [], [], [], hosts, None]
    return [*whole, volumes]


@given(reports())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_number_stands_where_either_all_is_taken_or_nothing(
    league: League, message: list[Any]
) -> None:
    agent = league.agents.get("zagreb") or a_silent_site(league)
    start = Incarnation(int(shown_starts(league)) + 1, "n")
    say(league, greeted(league, agent, start), a_report(1, GOOD))
    assert offered(league) == BEFORE
    try:
        say(league, greeted(league, agent, start), message)
    except Refusal:
        assert offered(league) == BEFORE
        return
    for name, cpus, memory, disk in offered(league):
        assert name
        assert 0 <= cpus <= HOST_CPUS_MAX
        assert 0 <= memory <= HOST_MEMORY_MIB_MAX
        assert 0 <= disk <= HOST_DISK_MIB_MAX
    assert sorted(offered(league)) == sorted((one[0], *one[1:4]) for one in message[7])
    assert shown(league)["refusedSince"] is None


def shown_starts(league: League) -> int:
    """The newest start that is known of the one agent."""
    agent = league.agents["zagreb"].id
    return league.store.read(believed_starts, [agent])[agent].starts
