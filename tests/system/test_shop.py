"""The shop from its file to its end, by the commands of the README, at sites with fake engines."""

import os
import pty
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, Process, a_local_league, hanza

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop" / "app.yaml"
REFUSED, TIMED_OUT, IN_ERROR, INTERRUPTED = 1, 4, 5, 130
MEMBERS = {
    "ljubljana": ("SI", "46.05", "14.51", "0.012"),
    "amsterdam": ("NL", "52.37", "4.89", "0.014"),
    "frankfurt": ("DE", "50.11", "8.68", "0.010"),
    "jadranka": ("DE", "50.12", "8.69", "0.001"),
}
WORKSPACES = ("demo", "dmo")
PATIENCE_S = 60


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLeague]:
    with a_local_league(tmp_path_factory.mktemp("shop")) as found:
        for name, (country, latitude, longitude, price) in MEMBERS.items():
            found.add_site(name, country)
            place = ("--latitude", latitude, "--longitude", longitude, "--city", name.title())
            found.ask("site", "add", name, "--provider", name, "--country", country, *place)
            prices = ("--price-cpu-hour", price, "--price-gib-hour", "0.002")
            found.ask("provider", "add", name, "--title", name.title(), *prices)
        until(lambda: len(found.ask("host", "list")) == len(MEMBERS), "all report", 30)
        found.add_image("tiny")
        yield found


@pytest.fixture
def league(members: LocalLeague) -> Iterator[LocalLeague]:
    """Nothing runs there and no policy is kept, before and afterwards."""
    (members.folder / "shop.yaml").write_bytes(EXAMPLE.read_bytes())
    yield members
    for workspace in {one["workspace"] for one in members.ask("status")}:
        members.ask("destroy", "--yes", "--workspace", workspace)
    for workspace in WORKSPACES:
        members.run("policy", "remove", "--yes", "--workspace", workspace)


def said(league: LocalLeague, *words: str, code: int = 0) -> str:
    done = league.run(*words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def sites(league: LocalLeague) -> dict[str, str]:
    return {one["name"]: one["site"] for one in league.ask("status")}


def changed(league: LocalLeague, file: str, old: str, new: str) -> None:
    path = league.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_shop_is_planned_applied_explained_changed_and_destroyed(league: LocalLeague) -> None:
    file = str(league.folder / "shop.yaml")
    plan = said(league, "plan", file)
    assert "3 to create, 0 to change, 0 as they are · " in plan
    assert "€/month · nothing leaves DE, NL, SI" in plan
    assert league.ask("status") == []
    said(league, "apply", file)
    followed = said(league, "status", "--watch", "--timeout", "50")
    assert "web-1 is active at ljubljana, on, has booted" in followed
    assert sites(league) == {"web-1": "ljubljana", "web-2": "amsterdam", "db": "frankfurt"}
    events = league.ask("events", "--after", "0")
    assert {one["change"] for one in league.ask("apply", file)} == {"unchanged"}
    assert league.ask("events", "--after", "0") == events, "a second apply sends nothing"
    why = said(league, "explain", "db")
    assert "db is placed at frankfurt (frankfurt, Frankfurt, DE)" in why
    assert "not elsewhere  3 of 4 hosts: 2 not in DE · 1 of a provider that may not" in why
    assert (
        "better with    allow provider jadranka: site jadranka (1 host, from 0.87 €/month)" in why
    )

    changed(league, "shop.yaml", "replicas: 2", "replicas: 3")
    changed(league, "shop.yaml", "over: site, min: 2", "over: site, min: 3")
    assert "1 to create, 2 to change, 1 as they are" in said(league, "plan", file)
    said(league, "apply", file, "--wait", "--timeout", "50")
    assert sites(league)["web-3"] == "frankfurt"

    changed(league, "shop.yaml", "replicas: 3", "replicas: 2")
    changed(league, "shop.yaml", "over: site, min: 3", "over: site, min: 2")
    changed(league, "shop.yaml", "    memory: 96Mi\n    disk: 64Mi\n    policy: {res", ANEW)
    plan = said(league, "plan", file)
    assert "0 to create, 2 to change, 1 to begin anew, 1 to end, 0 as they are" in plan
    assert "memory 96 MiB → 128 MiB; its disk begins anew; cheapest of 1 that may" in plan
    assert "no longer in the file" in plan
    done = {one["name"]: one["change"] for one in league.ask("apply", file)}
    assert done.items() >= {"web-1": "changed", "db": "begins anew", "web-3": "ending"}.items()
    said(league, "status", "--watch", "--timeout", "50")
    assert sites(league) == {"web-1": "ljubljana", "web-2": "amsterdam", "db": "frankfurt"}

    assert "there is no instance nothing" in said(league, "destroy", "-y", "nothing", code=REFUSED)
    assert "gone" in said(league, "destroy", "--yes", "shop")
    assert league.ask("status") == []


ANEW = "    memory: 128Mi\n    disk: 64Mi\n    policy: {res"


def test_a_relaxation_that_explain_names_really_places_it(league: LocalLeague) -> None:
    file = str(league.folder / "shop.yaml")
    changed(league, "shop.yaml", "residency: [DE], goals", "residency: [PL], goals")
    changed(league, "shop.yaml", "residency: [DE, NL, SI]", "residency: [EU]")
    refused = said(league, "plan", file, code=REFUSED)
    assert "db waits: none of 4 hosts may run it: 4 not in PL" in refused
    assert "would help: db: allow DE: site frankfurt (1 host, from" in refused
    assert league.run("apply", file).returncode == 0
    until(lambda: "4 not in PL" in said(league, "explain", "db"), "it says why nowhere", 30)
    assert "would help     db: allow NL: site amsterdam (1 host" in said(league, "explain", "db")
    changed(league, "shop.yaml", "residency: [PL], goals", "residency: [PL, NL], goals")
    assert "0 to create, 1 to change, 2 as they are" in said(league, "plan", file)
    said(league, "apply", file)
    said(league, "status", "--watch", "--timeout", "50")
    assert sites(league)["db"] == "amsterdam"


def test_a_kept_policy_is_set_shown_violated_and_removed(league: LocalLeague) -> None:
    file, policy = str(league.folder / "shop.yaml"), league.folder / "policy.yaml"
    said(league, "apply", file, "--wait", "--timeout", "50")
    policy.write_text("residency: [DE, SI]\n")
    here = ("--workspace", "demo")
    assert "no policy is kept" in said(league, "policy", "show", *here, code=REFUSED)
    dry = said(league, "policy", "set", str(policy), *here, "--dry-run")
    assert "the policy of workspace demo of tenant default would be at version 1" in dry
    assert "web-2" in dry
    assert dry.splitlines()[1].split() == ["workspace", "name", "site", "rule", "level", "text"]
    assert said(league, "policy", "violations") == "nothing violates a policy\n"
    assert "is at version 1" in said(league, "policy", "set", str(policy), *here)
    (told,) = league.ask("policy", "violations")
    assert (told["name"], told["site"], told["level"]) == ("web-2", "amsterdam", "workspace demo")
    until(lambda: league.ask("policy", "violations")[0]["since"] is not None, "it is noted", 20)
    kinds = {one["kind"] for one in league.ask("events")}
    assert {"policy.set", "violation.found"} <= kinds
    shown = said(league, "policy", "show", *here)
    assert "allow: [DE, SI]" in shown
    assert "# violation: web-2 at amsterdam violates the policy of workspace demo" in shown
    assert "violation      web-2 at amsterdam violates" in said(league, "explain", "web-2")
    plan = said(league, "plan", file)
    assert "violation: web-2 at amsterdam" in plan
    assert "in DE, NL, SI, 1 of it against the policy" in plan
    assert "nothing leaves" not in plan
    assert "it stands there and may not any more" in said(league, "explain", "web-2")
    assert sites(league)["web-2"] == "amsterdam", "named, and left as it is"
    late = said(league, "policy", "set", str(policy), *here, "--if-version", "7", code=REFUSED)
    assert "it is at version 1, not 7  [outdated]" in late
    policy.write_text("residency: [FR]\n")
    wrong = said(league, "policy", "set", str(policy), code=REFUSED)
    assert "default says allow FR; workspace demo says allow DE, SI" in wrong
    assert "[policy.contradiction]" in wrong
    policy.write_text("residency: [DE]\nnear: [Zagrep]\n")
    typo = said(league, "policy", "set", str(policy), code=REFUSED)
    assert "policy.yaml:2:8" in typo
    assert "no policy is kept for workspace demo" in said(
        league, "policy", "remove", "--yes", *here
    )
    assert said(league, "policy", "violations", *here) == "nothing violates a policy\n"


def test_what_is_most_likely_a_slip_is_told_and_not_refused(league: LocalLeague) -> None:
    file, policy = league.folder / "shop.yaml", league.folder / "policy.yaml"
    changed(league, "shop.yaml", "deny: [jadranka]", "deny: [jadrnka]")
    slip = "there is no provider jadrnka, so denying it keeps nobody out until it joins"
    perhaps = f"warning: {slip}; perhaps jadranka\n"
    for command in ("plan", "apply"):
        done = league.run(command, str(file))
        assert (done.returncode, done.stderr) == (0, perhaps)
    assert league.ask("plan", str(file))[0]["warnings"] == [f"{slip}; perhaps jadranka"]
    changed(league, "shop.yaml", "workspace: demo", "workspace: dmo")
    changed(league, "shop.yaml", "port: 8090", "port: 8091")
    changed(league, "shop.yaml", "deny: [jadrnka]", "deny: [jadranka]")
    second = league.run("plan", str(file))
    empty = "workspace dmo has nothing in it yet; perhaps demo"
    assert (second.returncode, second.stderr) == (0, f"warning: {empty}\n")
    policy.write_text("providers: {deny: [jadrnka]}\n")
    wrong = ("policy", "set", str(policy), "-w", "dmo")
    assert league.run(*wrong).stderr == f"{perhaps}warning: {empty}\n"
    (kept,) = league.ask(*wrong)
    assert kept["status"]["warnings"] == [f"{slip}; perhaps jadranka", empty]


def test_watching_ends_with_a_code_for_each_end(league: LocalLeague) -> None:
    assert "nothing runs here" in said(league, "status", "--watch")
    file = league.folder / "wide.yaml"
    file.write_text(
        EXAMPLE.read_text()
        .replace("residency: [DE], goals", "residency: [FR], goals")
        .replace("residency: [DE, NL, SI]", "residency: [EU]")
    )
    assert league.run("apply", str(file)).returncode == 0
    late = said(league, "status", "--watch", "--timeout", "3", code=TIMED_OUT)
    assert "has not settled" in late
    assert "db is pending: " in late
    interrupted = subprocess.Popen(
        hanza("status", "--watch"),
        stdout=subprocess.PIPE,
        env=os.environ | {"HANZA_CONTEXT": str(league.state / "context.json")},
    )
    assert interrupted.stdout is not None
    assert b"is pending" in interrupted.stdout.readline()
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(PATIENCE_S) == INTERRUPTED
    interrupted.stdout.close()
    following = Process(
        hanza("status", "--watch", "--timeout", "60", "--output", "json"),
        league.folder / "watch.log",
        HANZA_CONTEXT=str(league.state / "context.json"),
    )
    until(lambda: "web-1" in (league.folder / "watch.log").read_text(), "it listens", 30)
    league.plane.kill()
    league.restart_plane()
    said(league, "destroy", "--yes", "--no-wait", "shop")
    until(lambda: not following.is_alive, "all is gone, so it ends", 60)
    lines = (league.folder / "watch.log").read_text()
    assert '"state": "gone"' in lines


def test_what_never_will_be_ends_the_watch_with_a_code_of_its_own(tmp_path: Path) -> None:
    with a_local_league(tmp_path) as league:
        league.add_image("tiny")
        league.add_site("poznan", "PL", anyway=True, faults="create:1:rejected")
        watch_what_never_will_be(league)


def watch_what_never_will_be(league: LocalLeague) -> None:
    file = league.folder / "polish.yaml"
    file.write_text(
        EXAMPLE.read_text()
        .replace("[DE, NL, SI]", "[PL]")
        .replace("residency: [DE], goals", "goals")
        .replace("- {over: site, min: 2}\n        ", "")
        .replace("replicas: 2", "replicas: 1")
    )
    said(league, "apply", str(file))
    failed = said(league, "status", "--watch", "--timeout", "50", code=IN_ERROR)
    assert "[in_error]" in failed


def test_on_a_terminal_one_table_is_redrawn(league: LocalLeague) -> None:
    said(league, "apply", str(league.folder / "shop.yaml"))
    screen = on_a_terminal(league, "status", "--watch", "--timeout", "50")
    assert screen.count("\x1b[1A") >= 3, "the cursor goes up to draw again"
    assert "frankfurt" in screen
    assert "has booted" not in screen, "a table, and no lines"


def test_a_terminal_is_asked_before_a_run_begins_anew(league: LocalLeague) -> None:
    file = str(league.folder / "shop.yaml")
    changed(league, "shop.yaml", "replicas: 2", "replicas: 3")
    changed(league, "shop.yaml", "over: site, min: 2", "over: site, min: 3")
    said(league, "apply", file, "--wait", "--timeout", "50")
    changed(league, "shop.yaml", "replicas: 3", "replicas: 2")
    changed(league, "shop.yaml", "over: site, min: 3", "over: site, min: 2")
    asked = on_a_terminal(league, "apply", file, answer="n\n", code=1)
    assert "web-3 would end. Go on? [y/N]" in asked
    assert len(sites(league)) == 4
    assert "web-3" in on_a_terminal(league, "apply", file, answer="y\n")
    until(lambda: len(sites(league)) == 3, "it ends", 30)
    kept = said(league, "apply", file, "--keep")
    assert "ending" not in kept


def on_a_terminal(league: LocalLeague, *words: str, answer: str = "", code: int = 0) -> str:
    """What a terminal is shown; its person types `answer`."""
    ours, theirs = pty.openpty()
    environ: dict[str, Any] = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    child = subprocess.Popen(
        hanza(*words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ | {"HANZA_CONTEXT": str(league.state / "context.json")},
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    while select.select([ours], [], [], PATIENCE_S)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break  # the other end is closed
        if not part:
            break
        shown += part
    os.close(ours)
    assert child.wait(PATIENCE_S) == code, shown.decode()
    return shown.decode()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how_to_complete(tmp_path: Path, shell: str) -> None:
    environ = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        hanza("--show-completion", shell),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "_HANZA_COMPLETE" in done.stdout
    words = {
        "bash": {"COMP_WORDS": "hanza pol", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "hanza pol"},
        "fish": {"_TYPER_COMPLETE_ARGS": "hanza pol", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    completed = subprocess.run(
        hanza(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environ | words | {"_HANZA_COMPLETE": f"complete_{shell}"},
        check=False,
    )
    assert "policy" in completed.stdout, completed.stderr
    assert "provider" not in completed.stdout
