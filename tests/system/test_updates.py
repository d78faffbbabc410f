"""A release goes to a site as it would: given to a plane, rolled out, tried, kept or given up.

Processes, with the fake engine.  The releases have nothing in them but their version and a way to
the code that is tested here, or what keeps them from working.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hanza
from hanza.wire.release_v1 import signed_to_json
from kit import waiting
from kit.archives import an_archive, signed
from kit.processes import LocalLeague, Process, a_local_league
from kit.processes import hanza as command_of

SOURCE = Path(hanza.__file__).parent
WORKS = f"__path__ = [{str(SOURCE)!r}]\n"
CRASHES = "raise SystemExit('this release is broken')\n"
NEVER_LINKS = "import threading\nthreading.Event().wait()\n"
SITE, QUICK = "zagreb", ("--soak", "1s", "--back-within", "60s", "--yes")


def a_package(words: str, version: str) -> dict[str, bytes]:
    info = f"hanza-{version}.dist-info"
    drivers = "[hanza.drivers]\nfake = hanza.drivers.fake:open_driver\n"
    return {
        "hanza/__init__.py": words.encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: hanza\nVersion: {version}\n".encode(),
        f"{info}/entry_points.txt": drivers.encode(),
    }


def until(condition: Callable[[], bool], what: str) -> None:
    waiting.until(condition, what, 30)


class Site:
    """A league whose one site can be updated."""

    def __init__(self, league: LocalLeague) -> None:
        self.league = league
        self.state = league.folder / SITE
        key = signed(b"x").key.hex()
        league.ask("rollout", "key", "add", key)
        league.add_site(SITE, "HR")
        league.agents[SITE].kill()
        self.launch()
        league.ask("provider", "updates", SITE, "--consent", "always")
        until(lambda: self.local() is not None, "the agent answers")
        assert (self.local() or {})["keys"] == [key], "it pinned the key when it joined"
        league.ask("local", "updates", "--consent", "always", "--state", str(self.state))

    def launch(self) -> None:
        words = ("--state", str(self.state), "--back-within", "6", "--keep-for", "0.3")
        command = command_of("agent", "launch", *words)
        league = self.league
        log = league.folder / f"{SITE}.log"
        league.agents[SITE] = Process(command, log, is_forked=league.is_forked)

    def roll_out(self, words: str, version: str) -> None:
        archive = self.league.folder / f"{version}.zip"
        archive.write_bytes(an_archive(version, a_package(words, version)))
        said = signed_to_json(signed(archive.read_bytes(), version))
        archive.with_name(f"{archive.name}.signed").write_bytes(said)
        self.league.ask("rollout", "add", str(archive))
        self.league.ask("rollout", "start", version, "--ring", "all", *QUICK)

    def local(self) -> dict[str, Any] | None:
        done = self.league.run("local", "updates", "--state", str(self.state), "-o", "json")
        return None if done.returncode else dict(json.loads(done.stdout))

    def record(self) -> dict[str, Any]:
        file = self.state / "slots/launcher.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def status(self) -> tuple[str, str, str]:
        """The rollout's state, its one agent's condition, and the release that it says it runs."""
        shown = self.league.ask("rollout", "status")
        (agent,) = shown["agents"]
        return shown["state"], agent["condition"], agent["release"]

    def guests(self) -> bytes:
        """What is at the engine, byte by byte."""
        return (self.league.folder / f"{SITE}.engine").read_bytes()

    def log(self) -> str:
        return (self.league.folder / f"{SITE}.log").read_text()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_local_league(tmp_path) as league:
        yield Site(league)


def test_releases_come_and_what_does_not_work_goes_again(site: Site) -> None:
    league = site.league
    league.add_image("tiny")
    app = league.folder / "app.yaml"
    app.write_text("name: shop\ninstances:\n  web: {image: tiny, country: HR, size: micro}\n")
    site.roll_out(WORKS, "0.2.0")
    until(lambda: site.record().get("current") == "a", "0.2.0 runs in its slot")
    until(lambda: site.status()[1:] == ("good", "0.2.0"), "and has said so")
    for version, words, why in (
        ("0.3.0", CRASHES, "ended with the exit code 1"),
        ("0.4.0", NEVER_LINKS, "its link was not kept within 6 s"),
    ):
        site.roll_out(words, version)
        until(lambda version=version: version == _returned(site), f"{version} is given up")  # type: ignore[misc]
        assert why in site.record()["returned"]["why"]
        until(lambda: site.status() == ("halted", "failed", "0.2.0"), "the rollout is halted")
    assert site.record()["current"] == "a"
    kinds = [one["kind"] for one in league.ask("events")]
    assert kinds.count("update.returned") == 2
    assert kinds.count("rollout.halted") == 2
    assert "update.good" in kinds


def test_a_machine_that_loses_power_in_the_middle_has_an_agent_afterwards(site: Site) -> None:
    site.roll_out(NEVER_LINKS, "0.2.0")
    until(lambda: site.record().get("trial") is not None, "it is tried")
    site.league.agents[SITE].kill()
    site.launch()
    until(lambda: _returned(site) == "0.2.0", "it is tried again, and given up")
    until(lambda: site.status()[1:] == ("failed", "0.1.0"), "what was there before runs")
    assert site.record()["current"] == "0"


def _returned(site: Site) -> str:
    return str((site.record().get("returned") or {}).get("version"))
