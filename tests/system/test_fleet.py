"""A chain joins: one spreadsheet, one file a store, real processes; and is taken back."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.drivers.contract.patience import until
from kit.fleets import JOINED_WITHIN_S, PROVIDER, STORES, a_program, join_fleet, offered, run_file
from kit.processes import LocalLeague, a_local_league

REFUSED = 1
FIRST, TWENTY = 6, 20
SLOW_MACHINE = 2
"""The bound is for a machine that does nothing else."""


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        yield found


def invite(league: LocalLeague, file: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    folder = ("--folder", str(league.folder / "invitations"), "--driver", "fake")
    return league.run("provider", "invite", "--sites", str(file), *folder, *more)


def a_chain(league: LocalLeague, *stores: str) -> Path:
    league.ask("provider", "add", PROVIDER, "--title", "Zito d.d.")
    file = league.folder / "stores.csv"
    file.write_text("name,city\n" + "".join(f"{store},Ljubljana\n" for store in stores))
    return file


def test_a_chain_joins_within_its_time_and_once(league: LocalLeague) -> None:
    """The first of the twenty; all of them are joined and timed by `make bench-join`."""
    file = league.folder / "first.csv"
    lines = STORES.read_text().splitlines()[: 1 + FIRST]
    file.write_text("\n".join(lines) + "\n")
    stores, seconds = join_fleet(league, file)
    assert stores == FIRST
    assert seconds <= JOINED_WITHIN_S * SLOW_MACHINE * FIRST / TWENTY
    names = sorted(line.partition(",")[0] for line in lines[1:])
    assert sorted(offered(league)) == names
    assert [one["name"] for one in league.ask("site", "list")] == names
    again = invite(league, file)
    assert again.returncode == 0, again.stderr
    assert f"{FIRST} of {FIRST}: has joined" in again.stdout
    assert len(league.ask("invite", "list", "--all")) == FIRST
    assert league.ask("invite", "list") == []


def test_a_rehearsal_writes_nothing_and_an_invitation_is_taken_back(league: LocalLeague) -> None:
    file = a_chain(league, "a", "b")
    rehearsed = invite(league, file, "--dry-run")
    assert "2 would get a token; nothing was changed" in rehearsed.stdout, rehearsed.stderr
    assert league.ask("site", "list") == []
    folder = league.folder / "invitations"
    assert not folder.exists()
    assert "2 may join" in invite(league, file).stdout
    assert sorted(path.name for path in folder.iterdir()) == ["a.sh", "b.sh"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    first = (folder / "a.sh").read_text()
    assert "2 of 2: was invited before; --renew" in invite(league, file).stdout
    assert (folder / "a.sh").read_text() == first
    assert "2 may join" in invite(league, file, "--renew").stdout
    assert (folder / "a.sh").read_text() != first
    run_file(league, folder / "a.sh", "a", a_program(league.folder))
    back = league.ask("provider", "uninvite", "--sites", str(file), "--yes")
    assert {one["site"]: one["outcome"] for one in back} == {"a": "joined", "b": "removed"}
    with pytest.raises(AssertionError, match="token"):
        run_file(league, folder / "b.sh", "b", a_program(league.folder))


def test_what_cannot_be_written_is_not_given(league: LocalLeague) -> None:
    """A folder in the place of the second file: nobody gets a token, and none is left open."""
    file = a_chain(league, "a", "b")
    (league.folder / "invitations" / "b.sh").mkdir(parents=True, mode=0o700)
    (league.folder / "invitations").chmod(0o700)
    done = invite(league, file)
    assert done.returncode == REFUSED
    assert "all the new tokens were revoked" in done.stderr
    assert {one["state"] for one in league.ask("invite", "list", "--all")} == {"revoked"}
    assert [path.name for path in (league.folder / "invitations").iterdir()] == ["b.sh"]


def test_what_is_refused_is_told_by_its_line_and_nothing_is_done(league: LocalLeague) -> None:
    file = a_chain(league, "a", "b", "=cmd")
    done = invite(league, file)
    assert done.returncode == REFUSED
    assert "line 4, column 1 (name): it begins as a formula does" in done.stderr
    place = ("--city", "Zagreb", "--latitude", "45.8", "--longitude", "16.0")
    league.ask("site", "add", "b", "--provider", PROVIDER, "--country", "HR", *place)
    file.write_text("name,city\na,Ljubljana\n\nb,Ljubljana\n")
    done = invite(league, file)
    assert done.returncode == REFUSED
    assert f"where: {file} line 4" in done.stderr
    assert [one["name"] for one in league.ask("site", "list")] == ["b"]
    assert league.ask("invite", "list", "--all") == []


def test_an_engine_that_does_not_work_costs_no_token(league: LocalLeague) -> None:
    invite(league, a_chain(league, "a"))
    file, program = league.folder / "invitations" / "a.sh", a_program(league.folder)
    token = file.read_text().split("<<'TOKEN'\n")[1].split("\n")[0]
    state = ("--state", str(league.folder / "a"))
    libvirt = ("--driver", "libvirt", "--option", "uri=qemu+unix:///system?socket=/nowhere")
    folders = [f"--option={key}={league.folder}/{key}" for key in ("images", "pool", "serial")]
    for wrong in (
        ("--driver", "none"),
        ("--driver", "fake", "--option", "colour=red"),
        ("--driver", "fake", "--option", "state=/nowhere/engine"),
        (*libvirt, *folders),
    ):
        done = league.run("agent", "join", token, *state, *wrong)
        assert done.returncode == REFUSED, done.stdout
        assert "error: " in done.stderr
        (open_token,) = league.ask("invite", "list")
        assert open_token["site"] == "a"
    assert "the token was not used" in done.stderr
    run_file(league, file, "a", program)


def test_a_revoked_agent_is_out_and_says_why(league: LocalLeague) -> None:
    league.add_site("zagreb", "HR")
    until(lambda: offered(league) == ["zagreb"], "the host is offered", 30)
    (agent,) = league.ask("agents", "list")
    assert league.run("agents", "revoke", agent["id"]).returncode == REFUSED
    assert league.ask("agents", "revoke", agent["id"], "--yes")["instances"] == 0
    assert offered(league) == []
    log = league.folder / "zagreb.log"
    until(lambda: "agent.revoked" in log.read_text(), "the agent is told why", 30)
    assert league.agents["zagreb"].is_alive
    league.agents["zagreb"].kill()
    league.start_agent("zagreb")
    until(lambda: log.read_text().count("agent.revoked") >= 3, "it is refused again", 30)
    assert offered(league) == []
    (found,) = league.ask("agents", "list")
    assert (found["revoked"], found["hosts"]) == (True, 0)
