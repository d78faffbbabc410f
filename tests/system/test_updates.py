"""A release goes to a site as it would: given to a plane, rolled out, tried, kept or given up.

Processes, with the fake engine.  The releases have nothing in them but their version and a way to
the code that is tested here, or what keeps them from working.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hanza
from hanza.agent.door import ask
from hanza.agent.local import Request
from hanza.cli.client import Client, read_context
from hanza.model.errors import Unavailable
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

    def __init__(self, league: LocalLeague, client: Client) -> None:
        self.league, self.client = league, client
        self.state = league.folder / SITE
        key = signed(b"x").key.hex()
        self.client.put(f"/release-keys/{key}", {})
        league.add_site(SITE, "HR")
        league.agents[SITE].kill()
        self.launch()
        self.client.put(f"/providers/{SITE}/updates", {"spec": {"consent": "always"}})
        until(
            lambda: (self.state / "local.sock").exists() and self.updates() is not None, "it runs"
        )
        assert (self.updates() or {})["keys"] == [key], "it pinned the key when it joined"
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

    def updates(self) -> dict[str, Any] | None:
        """What its people see; nothing while no agent runs."""
        try:
            return ask(self.state, Request("updates")).record
        except Unavailable:
            return None

    def record(self) -> dict[str, Any]:
        file = self.state / "slots/launcher.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def returned(self) -> str:
        return str((self.record().get("returned") or {}).get("version"))

    def status(self) -> tuple[str, str, str]:
        """The rollout's state, its one agent's condition, and the release that it says it runs."""
        (shown,) = self.client.items("/rollouts")
        (agent,) = shown["agents"]
        return shown["state"], agent["condition"], agent["release"]


def test_releases_come_and_what_does_not_work_goes_again(tmp_path: Path) -> None:
    """Also where the machine loses its power in the middle of a trial."""
    with (
        a_local_league(tmp_path) as league,
        Client(read_context(league.state / "context.json")) as client,
    ):
        site = Site(league, client)
        site.roll_out(WORKS, "0.2.0")
        until(lambda: site.record().get("current") == "a", "0.2.0 runs in its slot")
        until(lambda: site.status()[1:] == ("good", "0.2.0"), "and has said so")
        site.roll_out(CRASHES, "0.3.0")
        until(lambda: site.returned() == "0.3.0", "what crashes is given up")
        until(lambda: site.status() == ("halted", "failed", "0.2.0"), "the rollout is halted")
        site.roll_out(NEVER_LINKS, "0.4.0")
        until(lambda: site.record().get("trial") is not None, "it is tried")
        league.agents[SITE].kill()
        site.launch()
        until(lambda: site.returned() == "0.4.0", "it is tried again, and given up")
        assert "its link was not kept within 6 s" in site.record()["returned"]["why"]
        until(lambda: site.status() == ("halted", "failed", "0.2.0"), "what was good runs")
        assert site.record()["current"] == "a"
        kinds = Counter(one["kind"] for one in site.client.items("/events"))
        assert (kinds["update.good"], kinds["update.returned"], kinds["rollout.halted"]) == (
            1,
            2,
            2,
        )
