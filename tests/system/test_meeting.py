"""Two agents as processes ask each other over UDP, because their plane told them whom."""

import socket
from pathlib import Path
from typing import Any

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league, free_port


def meetings(league: LocalLeague, *words: str) -> dict[tuple[str, str], Any]:
    found = league.ask("probe", "meetings", *words)
    return {(one["site"], one["other"]): one for one in found}


def a_port() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def test_two_sites_measure_each_other_and_a_third_that_answers_nobody_asks_them(
    tmp_path: Path,
) -> None:
    with a_local_league(tmp_path) as league:
        for name in ("zagreb", "split", "rijeka"):
            league.add_site(name, "HR")
            league.agents[name].stop()
            port = () if name == "rijeka" else ("--answer-port", str(free_port()))
            league.start_agent(name, "--measure", "any", *port)
        wanted = {
            ("split", "zagreb"),
            ("zagreb", "split"),
            ("rijeka", "split"),
            ("rijeka", "zagreb"),
        }
        until(lambda: set(meetings(league)) == wanted, "all have met", 90)
        one = meetings(league)["zagreb", "split"]
        assert 0 < one["measuredMs"] < 1000
        assert one["isGood"]
        others = meetings(league, "--site", "split")
        assert others["split", "rijeka"]["measuredMs"] is None
        told = league.run("probe", "meetings", "--site", "split").stdout
        assert "11 ± 21 ms" in told
        assert league.run("probe", "meetings", "--site", "nowhere").returncode == 1


def test_a_port_that_is_taken_and_one_for_nothing_are_refused(tmp_path: Path) -> None:
    with a_local_league(tmp_path) as league, a_port() as its:
        league.add_site("zagreb", "HR")
        league.agents["zagreb"].stop()
        its.bind(("0.0.0.0", 0))
        taken = str(its.getsockname()[1])
        for flags, words in (
            (("--measure", "none", "--answer-port", taken), "answers nobody"),
            (("--answer-port", taken), f"UDP port {taken} cannot be had"),
            (("--answer-port", "80"), "1024"),
        ):
            done = league.run("agent", "run", "--state", str(tmp_path / "zagreb"), *flags)
            assert done.returncode != 0
            assert words in done.stderr
