"""A site that falls silent is told once, at the time it is so; and once when it is heard again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hanza.api import instances, members
from hanza.engine.loop import Engine
from hanza.kit.ids import Ids
from hanza.store.absence import tell_absence
from hanza.store.agents import HEARD_WITHIN
from hanza.store.events import list_last_events
from kit.leagues import League, a_league
from kit.markets import describe_member, plain

SECONDS = int(HEARD_WITHIN.total_seconds())


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with a_league(tmp_path) as found:
        yield found


def told(league: League, *kinds: str) -> list[str]:
    events = league.store.read(list_last_events, 1000)
    return [one.text for one in events if one.kind in kinds]


def is_heard(league: League) -> dict[str, bool]:
    items = plain(league.call(members.list_agents).document)["items"]
    return {one["spec"]["site"]: one["status"]["isHeard"] for one in items}


def live(league: League, seconds: int) -> None:
    for _ in range(seconds):
        league.step()


def test_silence_is_told_once_and_so_is_its_end(league: League) -> None:
    cut, other = league.add_site("zagreb", "HR"), league.add_site("frankfurt", "DE")
    live(league, 5)
    assert told(league, "agent.heard") == ["zagreb is heard", "frankfurt is heard"]
    cut.link.is_cut = True
    live(league, SECONDS - 2)
    assert told(league, "agent.silent") == []
    assert is_heard(league) == {"zagreb": True, "frankfurt": True}
    live(league, 3 * SECONDS)
    (text,) = told(league, "agent.silent")
    assert text.startswith("zagreb is silent: nothing was heard since 00:00:04 UTC"), text
    hosts = plain(league.call(members.list_hosts).document)["items"]
    assert {one["spec"]["site"]: one["status"]["isHeard"] for one in hosts} == is_heard(league)
    assert is_heard(league) == {"zagreb": False, "frankfurt": True}
    cut.link.is_cut = False
    live(league, 2)
    back = told(league, "agent.heard")[2:]
    assert back == ["zagreb is heard again; the last word was of 00:00:04 UTC"]
    assert is_heard(league) == {"zagreb": True, "frankfurt": True}
    assert not other.link.is_cut


def test_what_is_shown_anew_is_told_and_what_stays_is_not(league: League) -> None:
    league.add_site("zagreb", "HR")
    live(league, 2)
    league.put("kava", "HR")
    league.run_until(lambda: league.shown()["kava"][1] == "on")
    live(league, 40)
    seen = told(league, "instance.seen")
    assert seen[-1] == "kava is active, its power is on, and has booted"
    assert len(seen) == len(set(seen)), "each once"
    league.put("pivo", "SI")
    live(league, 70)
    path = {"tenant": "acme", "workspace": "shop", "instance": "pivo"}
    assert plain(league.call(instances.get_instance, **path).document)["status"]["reason"]
    assert (
        sum(text.startswith("pivo is pending: none of 1") for text in told(league, "instance.seen"))
        == 1
    )


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda league: describe_member(league, "frankfurt", latitude=50.2), "site.changed"),
        (lambda league: describe_member(league, "frankfurt", cpu=11_000), "provider.changed"),
    ],
)
def test_members_are_told_when_they_change_and_only_then(
    league: League, change: Callable[[League], Any], kind: str
) -> None:
    league.add_site("frankfurt", "DE")
    describe_member(league, "frankfurt")
    assert len(told(league, "provider.added")) == len(told(league, "site.added")) == 1
    before = told(league, kind)
    change(league)
    change(league)
    assert told(league, kind) == [*before, before[-1]]


def test_hosts_are_told_when_they_are_offered(league: League) -> None:
    league.add_site("frankfurt", "DE", hosts=2)
    live(league, 20)
    assert told(league, "host.offered") == [
        "the host host-1 is offered",
        "the host host-2 is offered",
    ]


def begin_anew(league: League, away_s: int) -> None:
    """The plane is gone for a while, and is started again: a new engine, over the same store."""
    league.clock.advance(timedelta(seconds=away_s))
    league.store.write(tell_absence, "fe_test", league.clock.now())
    league.engine = Engine(league.store, league.clock, Ids(league.clock))


def test_a_planes_own_absence_is_blamed_on_no_site(league: League) -> None:
    for name in ("zagreb", "frankfurt", "madrid"):
        league.add_site(name, "HR")
    live(league, 5)
    before = told(league, "agent.heard", "agent.silent")
    for agent in league.agents.values():
        agent.link.is_cut = True
    begin_anew(league, 25)
    live(league, 20)  # agents come back by their own back-off, some of them late
    for agent in league.agents.values():
        agent.link.is_cut = False
    live(league, 3 * SECONDS)
    assert told(league, "agent.heard", "agent.silent") == before
    assert told(league, "plane.back") == [
        "a plane is there again; none heard anybody from 00:00:04 UTC to 00:00:30 UTC"
    ]
    assert is_heard(league) == {"zagreb": True, "frankfurt": True, "madrid": True}


def test_who_does_not_come_back_with_the_plane_is_told_once_it_has_listened(
    league: League,
) -> None:
    gone, _ = league.add_site("zagreb", "HR"), league.add_site("frankfurt", "DE")
    live(league, 5)
    gone.link.is_cut = True
    begin_anew(league, 25)
    live(league, SECONDS - 1)
    assert told(league, "agent.silent") == []
    live(league, 2)
    (text,) = told(league, "agent.silent")
    assert text.startswith("zagreb is silent: nothing was heard since 00:00:04 UTC")


def test_a_plane_that_has_just_begun_leaves_the_judging_to_those_that_listen(
    league: League,
) -> None:
    """Two planes on one store: the older one judges in time, whatever the other does."""
    cut = league.add_site("zagreb", "HR")
    live(league, 5)
    cut.link.is_cut = True
    for _ in range(SECONDS + 2):
        young = Engine(league.store, league.clock, Ids(league.clock))  # as if it began each second
        while young.run_round():
            pass
        league.step()
    assert len(told(league, "agent.silent")) == 1


@pytest.mark.parametrize("away_s", [0, 10])
def test_a_short_absence_and_one_with_nobody_to_hear_are_not_told(
    league: League, away_s: int
) -> None:
    begin_anew(league, 3600)
    league.add_site("zagreb", "HR")
    live(league, 5)
    begin_anew(league, away_s)
    assert told(league, "plane.back") == []
    league.agents["zagreb"].link.is_cut = True
    live(league, 3 * SECONDS)
    begin_anew(league, 3600)
    assert told(league, "plane.back") == [], "who was silent before tells nothing of the plane"
