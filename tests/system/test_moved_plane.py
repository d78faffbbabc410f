"""A plane moves to another address; its agents find it by the directory that the root signed."""

from pathlib import Path

from kit.processes import a_local_league, free_port
from kit.waiting import until


def test_agents_follow_a_plane_that_moves(tmp_path: Path) -> None:
    with a_local_league(tmp_path) as league:
        league.add_site("zagreb", "HR")
        before, league.port = league.port, free_port()
        urls = [f"https://127.0.0.1:{port}" for port in (league.port, before)]
        assert league.ask("directory", "set", *urls) == {"number": 1, "urls": urls}
        until(lambda: (tmp_path / "zagreb" / "directory").exists(), "it is kept at the site")
        league.plane.stop()
        (league.state / "context.json").unlink()
        league.restart_plane()
        until(lambda: "link.opened" in said(league.agents["zagreb"].log, league.port), "found")


def said(log: Path, port: int) -> str:
    """What the agent said of the plane at a port."""
    return "\n".join(line for line in log.read_text().splitlines() if f":{port}/" in line)
