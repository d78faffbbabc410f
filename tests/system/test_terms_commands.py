"""Providers' terms by the commands that the page tells, at a plane with a fake site."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.processes import LocalLeague, a_local_league


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
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
