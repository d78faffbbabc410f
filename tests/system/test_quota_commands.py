"""Quotas by the commands that their page tells, at a plane with a fake site."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league

FILE = """\
apiVersion: hanza.app/v1
name: shop
workspace: demo
components:
  - name: web
    image: tiny
    memory: 96Mi
    disk: 64Mi
    country: DE
    replicas: 2
"""


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        found.add_site("berlin", "DE")
        until(lambda: len(found.ask("host", "list")) == 1, "it reports", 30)
        found.add_image("tiny")
        (tmp_path / "shop.yaml").write_text(FILE)
        yield found


def test_a_quota_is_set_shown_met_and_cleared(league: LocalLeague) -> None:
    file, inside = str(league.folder / "shop.yaml"), ("--workspace", "demo")
    assert league.run("quota", "show").stdout.startswith("# tenant default has no quota\n")
    (made,) = league.ask("quota", "set", *inside, "--instances", "1", "--memory-mib", "500")
    assert (made["spec"]["instances"], made["spec"]["memoryMiB"]) == (1, 500)
    for command in ("plan", "apply"):
        refused = league.run(command, file)
        assert (refused.returncode, "[quota.exceeded]" in refused.stderr) == (1, True)
        assert "workspace demo of tenant default is 1 instances (0 used, 2 more" in refused.stderr
        assert "would help: end or shrink something" in refused.stderr
    (changed,) = league.ask("quota", "set", *inside, "--instances", "2")
    assert changed["spec"]["memoryMiB"] == 500, "what is not named stays"
    league.ask("apply", file, "--wait", "--timeout", "60")
    shown = league.run("quota", "show", *inside).stdout.splitlines()
    assert shown[0] == "# the quota of workspace demo of tenant default"
    rows = {words[0]: words[1:] for words in map(str.split, shown[2:])}
    assert rows["instances"] == ["2", "2", "0"]
    assert rows["memoryMiB"] == ["192", "500", "308"]
    assert rows["cpus"][1:] == ["-", "-"]
    lowered = league.run("quota", "set", *inside, "--instances", "1", "--unlimited", "memoryMiB")
    assert "# over-full: more instances are used than may be" in lowered.stdout
    (whole,) = league.ask("quota", "show")
    assert (whole["status"]["used"]["instances"], whole["spec"]["instances"]) == (2, None)
    (cleared,) = league.ask("quota", "clear", "--yes", *inside)
    assert (cleared["metadata"]["generation"], cleared["status"]["overfull"]) == (0, [])
    kinds = [one["kind"] for one in league.ask("events") if one["kind"].startswith("quota.")]
    assert kinds == ["quota.set", "quota.set", "quota.set", "quota.cleared"]


def test_what_cannot_be_meant_is_refused(league: LocalLeague) -> None:
    for words, code in (
        (("set",), "[invalid]"),
        (("set", "--cpus", "1", "--unlimited", "cpus"), "[invalid]"),
        (("clear", "--yes"), "[not_found]"),
    ):
        done = league.run("quota", *words)
        assert (done.returncode, code in done.stderr) == (1, True), done.stderr
    assert league.run("quota", "set", "--unlimited", "cpu").returncode == 2
    assert league.run("quota", "set", "--cpus", "-1").returncode == 2
