"""A plane's wall clock that was hours ahead and is put right: nothing waits for those hours."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.engine.loop import Engine
from hanza.kit.ids import Ids
from hanza.store.roles import take_role
from kit.laws import check_laws
from kit.leagues import League, a_league

AHEAD = timedelta(hours=2)


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as league:
        league.add_site("zagreb", "HR")
        league.run_until(lambda: bool(league.agents["zagreb"].journal.identity), 3)
        league.put("a", "HR")
        league.run_until(lambda: is_on(league, "a"))
        yield league
        check_laws(league)


def is_on(league: League, name: str) -> bool:
    return league.shown()[name][:2] == ("active", "on")


@pytest.mark.parametrize("is_another", [False, True], ids=["the same engine", "one started since"])
def test_what_was_asked_while_it_was_ahead_is_done_when_it_is_right(
    league: League, *, is_another: bool
) -> None:
    right = league.clock.now()
    league.clock.set(right + AHEAD)
    league.step()
    league.put("b", "HR")
    league.store.write(take_role, "placer", "one that is gone", league.clock.now())
    league.clock.set(right)
    if is_another:
        league.engine = Engine(league.store, league.clock, Ids(league.clock))
    league.run_until(lambda: is_on(league, "b"), 10)


def test_who_was_heard_while_it_was_ahead_is_silent_as_soon_as_any(league: League) -> None:
    right = league.clock.now()
    league.clock.set(right + AHEAD)
    league.step()
    league.clock.set(right)
    league.agents["zagreb"].link.is_cut = True
    league.step()
    league.clock.advance(timedelta(minutes=2))
    league.put("b", "HR")
    for _ in range(3):
        league.step()
    assert league.shown()["b"][0] == "pending", "nobody is placed with who is silent"


def test_clocks_that_differ_a_little_make_nobody_look_at_everything(league: League) -> None:
    asked = league.engine._inventory._kept
    league.clock.set(league.clock.now() - timedelta(seconds=2))
    league.engine.run_round()
    assert league.engine._inventory._kept is asked
