"""`hanza rebalance plan` on a real plane, as a person would type it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league

APP = """\
apiVersion: hanza.app/v1
name: shop
workspace: demo
policy: {residency: [EU], goals: cheapest}
components:
  - {name: web, image: tiny, memory: 96Mi, disk: 64Mi}
  - {name: db, image: tiny, memory: 96Mi, disk: 64Mi, volumes: [{name: data, size: 64Mi}]}
"""


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        (tmp_path / "app.yaml").write_text(APP)
        found.add_image("tiny")
        for name, country, price in (("zagreb", "HR", "0.02"), ("frankfurt", "DE", "0.01")):
            found.add_site(name, country)
            found.ask("provider", "add", name, "--title", name, "--price-cpu-hour", price)
        until(lambda: len(found.ask("host", "list")) == 2, "both report their hosts", 30)
        found.ask("apply", str(tmp_path / "app.yaml"), "--wait", "--timeout", "60")
        yield found


def test_a_site_that_is_to_be_emptied_is_planned_and_left_as_it_is(league: LocalLeague) -> None:
    before = {one["name"]: one["site"] for one in league.ask("status")}
    assert before == {"web": "frankfurt", "db": "frankfurt"}
    assert league.run("rebalance", "plan").stdout == (
        "nothing to move\nNothing was moved: this is a plan only: Hanza carries out no moves yet.\n"
    )
    (plan,) = league.ask("rebalance", "plan", "-w", "demo", "--drain", "frankfurt")
    (move,) = plan["items"]
    assert (move["name"], move["target"]["site"], move["purpose"]) == ("web", "zagreb", "drain")
    (kept,) = plan["kept"]
    assert (kept["name"], kept["why"]) == ("db", "it never moves: its volume db/data is there")
    said = league.run("rebalance", "plan", "--drain-provider", "frankfurt")
    assert said.returncode == 0, said.stderr
    assert "7.30 €/month more" in said.stdout
    assert "stays: demo/db at frankfurt/" in said.stdout
    host = move["origin"]["host"]
    (same,) = league.ask("rebalance", "plan", "--drain", f"frankfurt/{host}", "--moves", "0")
    assert (same["items"], same["hasMore"]) == ([], True)
    refused = league.run("rebalance", "plan", "--drain", "nowhere")
    assert (refused.returncode, "[invalid]" in refused.stderr) == (1, True)
    assert "those that are known: frankfurt, zagreb" in refused.stderr
    counted = league.run("site", "drain-plan", "frankfurt").stdout.splitlines()
    assert counted[0] == "frankfurt: 2 run there, 1 of them cannot go"
    assert "stay   1: their policy says so, or volumes keep them where their bytes are" in counted
    (told,) = league.ask("site", "drain-plan", "zagreb")
    assert (told["instances"], told["applied"]) == (0, False)
    assert {one["name"]: one["site"] for one in league.ask("status")} == before
