"""Real agents measure to real probes over TCP; what light could not do is refused."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league

PATIENCE_S = 30


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        found.add_site("zagreb", "HR")
        yield found


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def trips(league: LocalLeague) -> dict[str, Any]:
    return {one["probe"]: one for one in league.ask("probe", "measured")}


def test_a_probe_is_measured_and_a_lie_of_the_map_is_not_believed(
    league: LocalLeague, port: int
) -> None:
    """The site's place is 50, 10; an answer within a millisecond cannot come from Madrid."""
    league.agents["zagreb"].stop()
    league.start_agent("zagreb", "--measure", "any")
    league.ask("probe", "add", "here", f"127.0.0.1:{port}", "--at", "50,10")
    league.ask("probe", "add", "madrid", f"127.0.0.1:{port}", "--city", "Madrid")
    until(lambda: "here" in trips(league), "the round trip is known", PATIENCE_S)
    assert 0 < trips(league)["here"]["ms"] < 50
    assert trips(league)["here"]["counts"]

    def is_told() -> bool:
        return any(one["kind"] == "trip.refused" for one in league.ask("events"))

    until(is_told, "the lie is told", PATIENCE_S)
    assert "madrid" not in trips(league)
    league.ask("probe", "remove", "here")
    assert trips(league) == {}
    assert [one["name"] for one in league.ask("probe", "list")] == ["madrid"]


def test_inside_a_providers_network_nothing_is_dialled(league: LocalLeague, port: int) -> None:
    league.ask("probe", "add", "here", f"127.0.0.1:{port}", "--at", "50,10")
    log = league.folder / "zagreb.log"
    until(lambda: "probe.refused" in log.read_text(), "the agent refused to dial", PATIENCE_S)
    assert trips(league) == {}


def test_what_makes_no_sense_is_refused_in_words(league: LocalLeague) -> None:
    for wrong in (("x", "nowhere"), ("x", "h:1", "--at", "north"), ("x", "h:1"), ("x", "h:0")):
        done = league.run("probe", "add", *wrong)
        assert (done.returncode, "[invalid]" in done.stderr) == (1, True), wrong
