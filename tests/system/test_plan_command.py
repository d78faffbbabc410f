"""`hanza plan`, `apply` and `explain` on a real plane over TLS, as a person would type them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, a_local_league

APP = """\
apiVersion: hanza.app/v1
name: shop
workspace: demo
policy: {residency: [EU], require: [{provider: control_by_third_country, is: none}]}
components:
  - {name: web, image: tiny, memory: 96Mi, disk: 64Mi, replicas: 2, near: [Zagreb]}
  - {name: db, image: tiny, memory: 96Mi, disk: 64Mi, policy: {residency: [DE]}}
"""
REFUSED = 1
PRICES = ("--price-cpu-hour", "0.01", "--price-gib-hour", "0.002")
OURS = ("--attribute", "control_by_third_country=none")


@pytest.fixture
def league(tmp_path: Path) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path) as found:
        (tmp_path / "app.yaml").write_text(APP)
        found.add_image("tiny")
        for name, country in (("zagreb", "HR"), ("frankfurt", "DE")):
            found.add_site(name, country)
            title = ("--title", name.title())
            found.ask("provider", "add", name, *title, *PRICES, *OURS)
        until(lambda: len(found.ask("host", "list")) == 2, "both report their hosts", 30)
        yield found


def test_what_was_planned_is_applied_and_explained(league: LocalLeague) -> None:
    app = str(league.folder / "app.yaml")
    (quote,) = league.ask("plan", app)
    planned = {one["name"]: one["placement"]["site"] for one in quote["items"]}
    assert planned["db"] == "frankfurt"
    assert set(planned) == {"web-1", "web-2", "db"}
    said = league.run("plan", app)
    assert said.returncode == 0, said.stderr
    assert "3 to create, 0 to change, 0 as they are · 22.31 €/month" in said.stdout
    assert "nothing leaves DE, HR" in said.stdout
    assert "nearest of 2 that may" in said.stdout
    assert league.ask("status") == [], "a plan changes nothing"
    applied = league.run("apply", app).stdout
    assert applied.endswith("Follow with: hanza status --watch -w demo\n")
    assert "db     DE   created" in applied
    assert league.run("apply", app, "--wait", "--timeout", "30").returncode == 0
    assert {one["name"]: one["site"] for one in league.ask("status")} == planned
    assert {one["change"] for one in league.ask("apply", app)} == {"unchanged"}
    assert {one["change"] for one in league.ask("plan", app)[0]["items"]} == {"none"}
    db = league.run("explain", "db").stdout
    assert "db is placed at frankfurt (frankfurt, Frankfurt, DE)" in db
    assert "not elsewhere  1 of 2 hosts: 1 not in DE" in db
    assert "they lack      zagreb is in HR" in db
    assert "allow HR" not in db, "it would be no better there"
    app_by_name = league.run("explain", "shop").stdout
    assert all(f"{name} is placed at" in app_by_name for name in ("web-1", "web-2", "db"))
    again = league.run("plan", app).stdout
    assert again.endswith("Nothing to do: it is as the file says.\n")
    assert "Apply with" not in again
    typo = league.run("explain", "shpo").stderr
    assert "error: there is no instance shpo, and no component or app of that name" in typo
    assert "would help: perhaps shop; hanza status lists them" in typo
    assert "nothing runs in workspace dmo; perhaps demo" in league.run("status", "-w", "dmo").stdout
    nobody = league.run("status", "--tenant", "nope")
    assert (nobody.returncode, nobody.stdout) == (REFUSED, "")
    assert "error: there is no tenant nope  [not_found]" in nobody.stderr
    assert "would help: the tenants are default" in nobody.stderr
    table = league.run("status").stdout.splitlines()
    assert table[0].split()[:3] == ["name", "law", "site"]
    assert "workspace" not in table[0]
    assert "serial" not in table[0]
    assert "serial" in league.run("status", "--wide").stdout.splitlines()[0]
    assert {one["law"] for one in league.ask("status")} == {"DE", "EU"}
    web = league.run("explain", "web").stdout
    assert "web-1 is placed at" in web
    assert "web-2 is placed at" in web
    assert "score" in web
    assert league.ask("explain", "web-1")[0]["placement"]["site"] == planned["web-1"]
    assert league.run("explain", "nothing").returncode == REFUSED


def test_a_refused_plan_says_why_and_what_would_help(league: LocalLeague) -> None:
    french = league.folder / "french.yaml"
    french.write_text(APP.replace("policy: {residency: [DE]}", "policy: {residency: [FR]}"))
    done = league.run("plan", str(french))
    assert done.returncode == REFUSED
    assert "db waits: none of 2 hosts may run it: 2 not in FR  [no_room]" in done.stderr
    assert (
        "would help: db: allow DE: site frankfurt (1 host, from 7.44 €/month); db: allow HR"
        in done.stderr
    )
    assert league.run("apply", str(french)).returncode == 0
    until(lambda: "not in FR" in league.run("explain", "db").stdout, "it says why nowhere", 30)
    wrong = league.folder / "wrong.yaml"
    wrong.write_text(APP.replace("near: [Zagreb]", "near: [Zagrep]"))
    done = league.run("plan", str(wrong))
    assert done.returncode == REFUSED
    assert "wrong.yaml:6:76" in done.stderr
    assert "would help: perhaps Zagreb, HR" in done.stderr


def test_members_say_what_they_ask_and_what_is_known_of_them(league: LocalLeague) -> None:
    provider = league.ask("provider", "list")[0]
    assert provider["prices"] == {"cpuHour": 10_000, "gibHour": 2_000, "diskGibHour": 0}
    twice = ("--attribute", "certifications=iso_27001", "--attribute", "certifications=bsi_c5")
    changed = league.ask("provider", "add", "zagreb", "--title", "Z", *twice)
    assert changed["attributes"] == {"certifications": ["iso_27001", "bsi_c5"]}
    place = ("--city", "Zagreb", "--latitude", "45.8", "--longitude", "16")
    whose = ("--provider", "zagreb", "--country", "HR")
    site = league.ask("site", "add", "zagreb", *whose, *place, "--class", "store")
    assert site["class"] == "store"
    wrong = league.run("provider", "add", "zagreb", "--title", "Z", "--attribute", "iso")
    assert (wrong.returncode, "KEY=VALUE" in wrong.stderr) == (REFUSED, True)
