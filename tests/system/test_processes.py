"""A real plane and real agents over TLS on loopback, driven by the command line alone.

Here all are started as a shell would, none forked, but where only words are refused.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league

APP = """\
apiVersion: hanza.app/v1
workspace: demo
components:
  - {name: kava, country: HR, image: tiny, memory: 96Mi, disk: 64Mi}
  - {name: db, country: DE, image: tiny, memory: 96Mi, disk: 64Mi}
"""
REFUSED, MISUSED, UNREACHABLE, TIMED_OUT = 1, 2, 3, 4
PLANE_MIB_MAX, AGENT_MIB_MAX = 250, 100


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path, is_forked=False) as found:
        (tmp_path / "app.yaml").write_text(APP)
        found.add_image("tiny")
        yield found


@pytest.fixture
def forked(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        (tmp_path / "app.yaml").write_text(APP)
        found.add_image("tiny")
        yield found


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLeague]:
    """For whoever changes nothing in it."""
    with a_local_league(tmp_path_factory.mktemp("unchanged")) as found:
        yield found


def test_an_app_is_applied_shown_and_ended(league: LocalLeague) -> None:
    league.add_site("zagreb", "HR")
    league.add_site("frankfurt", "DE")
    app = str(league.folder / "app.yaml")
    done = league.run("apply", app, "--wait", "--timeout", "30")
    assert done.returncode == 0, done.stderr
    assert "kava at zagreb" in done.stdout
    assert {one["change"] for one in league.ask("apply", app)} == {"unchanged"}
    found = {one["name"]: one for one in league.ask("status")}
    assert (found["kava"]["site"], found["kava"]["state"]) == ("zagreb", "active")
    assert (found["db"]["site"], found["db"]["boot"]) == ("frankfurt", "seen")
    assert "kava is up" in league.run("logs", "kava").stdout
    assert "kava" in league.run("status").stdout
    assert {one["site"] for one in league.ask("host", "list")} == {"zagreb", "frankfurt"}
    assert "2 sites in 2 countries: DE, HR" in league.run().stdout
    league.ask("destroy", "--yes", "db")
    assert [one["name"] for one in league.ask("status")] == ["kava"]
    assert {one["kind"] for one in league.ask("events")} >= {"instance.ended", "agent.joined"}
    assert league.ask("orphans") == []


def test_plane_and_agent_are_killed_and_what_runs_runs_on(league: LocalLeague) -> None:
    league.add_site("zagreb", "HR")
    league.add_site("frankfurt", "DE")
    app = str(league.folder / "app.yaml")
    assert league.run("apply", app, "--wait", "--timeout", "30").returncode == 0
    before = {one["id"]: one["host"] for one in league.ask("status")}
    league.plane.kill()
    assert league.run("status").returncode == UNREACHABLE
    league.agents["zagreb"].kill()
    league.restart_plane()
    league.start_agent("zagreb")
    league.ask("destroy", "--yes", "--timeout", "60", "kava")
    (left,) = league.ask("status")
    assert before[left["id"]] == left["host"]
    assert left["state"] == "active"


def test_at_rest_both_are_small_and_told_to_stop_both_stop(league: LocalLeague) -> None:
    league.add_site("zagreb", "HR")
    until(lambda: bool(league.ask("host", "list")), "the site is heard", 20)
    plane, agent = league.plane.resident_mib, league.agents["zagreb"].resident_mib
    print(f"resident at rest: plane {plane:.0f} MiB, agent {agent:.0f} MiB")
    assert plane <= PLANE_MIB_MAX
    assert agent <= AGENT_MIB_MAX
    assert league.agents["zagreb"].stop() == 0
    assert league.plane.stop() == 0


def test_errors_say_what_where_and_what_would_help(unchanged: LocalLeague) -> None:
    bad = unchanged.folder / "bad.yaml"
    bad.write_text(APP.replace("country: DE", "country: Germany"))
    done = unchanged.run("apply", str(bad))
    assert done.returncode == REFUSED
    assert f"{bad}:5:" in done.stderr
    assert "[invalid]" in done.stderr
    assert "Traceback" not in done.stderr
    assert unchanged.ask("status") == []
    assert unchanged.run("apply", "/nowhere.yaml").returncode == MISUSED
    done = unchanged.run("logs", "nobody")
    assert (done.returncode, "[not_found]" in done.stderr) == (REFUSED, True)
    done = unchanged.run("destroy", "--yes", "nobody")
    assert done.returncode == REFUSED
    nowhere = unchanged.run("--context", "/nowhere.json", "status")
    assert (nowhere.returncode, "hanza up" in nowhere.stderr) == (REFUSED, True)


def test_who_waits_in_vain_is_told_why(forked: LocalLeague) -> None:
    forked.add_site("frankfurt", "DE")
    until(lambda: bool(forked.ask("host", "list")), "the agent reports its host", 30)
    done = forked.run("apply", str(forked.folder / "app.yaml"), "--wait", "--timeout", "2")
    assert done.returncode == TIMED_OUT
    assert "kava did not come up" in done.stderr
    assert "not in HR" in forked.run("status").stdout


def test_a_second_plane_from_the_same_folder_is_refused(unchanged: LocalLeague) -> None:
    done = unchanged.run("up", "--state", str(unchanged.state), "--listen", "127.0.0.1:1")
    assert done.returncode == REFUSED
    assert "another plane" in done.stderr


def test_plain_http_leaves_the_machine_never(unchanged: LocalLeague) -> None:
    elsewhere = str(unchanged.folder / "other")
    done = unchanged.run(
        "up", "--state", elsewhere, "--listen", "192.0.2.1:7999", "--insecure-http"
    )
    assert done.returncode == REFUSED
    assert "loopback" in done.stderr


def test_an_address_that_nobody_could_dial_is_refused(unchanged: LocalLeague) -> None:
    elsewhere = str(unchanged.folder / "other")
    for address in ("0.0.0.0:7999", "[::]:7999", "localhost:7999", "127.0.0.1:0", "127.0.0.1"):
        done = unchanged.run("up", "--state", elsewhere, "--listen", address)
        assert (done.returncode, "[invalid]" in done.stderr) == (REFUSED, True), address


def test_nobody_else_reads_what_tenants_said_in_a_folder_made_for_all(tmp_path: Path) -> None:
    (tmp_path / "plane").mkdir()
    (tmp_path / "plane").chmod(0o755)
    with a_local_league(tmp_path, is_forked=False) as league:
        for name in ("hanza.db", "hanza.db-wal"):
            assert (league.state / name).stat().st_mode & 0o077 == 0, name
