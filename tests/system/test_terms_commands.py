"""What a provider does by the commands that its page tells, at a plane with a fake site."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.processes import LocalLeague, a_local_league, hanza


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path_factory.mktemp("league")) as found:
        found.add_site("berlin", "DE")
        yield found


def test_terms_are_set_shown_and_cleared(league: LocalLeague) -> None:
    (provider,) = {one["name"] for one in league.ask("provider", "list")}
    terms = ("provider", "terms")
    assert league.run(*terms, "show", provider).stdout.startswith(f"# {provider} has no terms\n")
    (made,) = league.ask(*terms, "set", provider, "--each", "instances=4", "--total", "cpus=9")
    assert (made["spec"]["each"]["instances"], made["spec"]["total"]["cpus"]) == (4, 9)
    said = league.run(*terms, "set", provider, "--each", "instances=unlimited", "--deny", "acme")
    assert said.stdout.splitlines()[0] == f"# the terms of {provider}"
    assert "# nothing new is taken of tenant acme" in said.stdout
    (shown,) = league.ask(*terms, "show", provider)
    assert shown["spec"]["each"]["instances"] is None
    assert shown["spec"]["total"]["cpus"] == 9, "what is not named stays"
    (now,) = league.ask(*terms, "set", provider, "--accept", "acme")
    assert now["spec"]["deny"]["tenants"] == []
    for wrong in ("instances", "instances=x", "disks=4", "cpus=-1"):
        refused = league.run(*terms, "set", provider, "--each", wrong)
        assert (refused.returncode, "is not WHAT=N" in refused.stderr) == (1, True)
    assert "say what to change" in league.run(*terms, "set", provider).stderr
    (cleared,) = league.ask(*terms, "clear", provider, "--yes")
    assert cleared["metadata"]["generation"] == 0


def test_who_acts_for_a_provider_needs_nothing_but_the_context_that_was_handed_over(
    league: LocalLeague, tmp_path: Path
) -> None:
    (provider,) = {one["name"] for one in league.ask("provider", "list")}
    league.ask("provider", "user", "add", provider, "zofia", "--role", "admin")
    handed = tmp_path / "elsewhere" / "zofia.json"
    said = league.run("token", "zofia", "--provider", provider, "--context-file", str(handed))
    content = json.loads(handed.read_text())
    assert handed.stat().st_mode & 0o777 == 0o600
    assert content["root"] == (league.state / "root.pem").read_text()
    assert (content["ca"], content["token"] in said.stdout) == ("", False)

    def as_her(*words: str) -> str:
        command = hanza("--context", str(handed), *words)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "berlin (" in as_her("site", "show", "berlin")
    assert "doctor: score" in as_her("site", "show", "berlin")
    assert as_her("site", "drain-plan", "berlin").startswith("berlin: 0 run there")
    assert "is the federation's" in as_her("site", "adopt", "berlin")


def test_a_context_is_handed_over_whole_or_not_at_all(league: LocalLeague, tmp_path: Path) -> None:
    file = str(tmp_path / "zofia.json")
    for wrong in (
        ("--plane", "https://plane.example"),
        ("--context-file", file, "--plane", "http://plane.example"),
        ("--context-file", file, "--file", file),
    ):
        assert "[invalid]" in league.run("token", "zofia", "--provider", "x", *wrong).stderr
    assert not Path(file).exists()
    league.ask("tenant", "add", "acme")
    there = ("--context-file", file, "--plane", "https://plane.example:7443/")
    league.ask("token", "ana", "--tenant", "acme", *there)
    content = json.loads(Path(file).read_text())
    assert (content["url"], content["tenant"]) == ("https://plane.example:7443", "acme")
    assert "provider" not in content
