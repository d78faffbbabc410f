"""The launcher with real processes: agents that are a few lines, since it knows nothing of them."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.agent import launcher
from hanza.agent.slots import Slots
from hanza.boot.packing import pack
from hanza.kit.platform_tag import platform_tag
from kit.archives import a_release
from kit.waiting import until

ALIVE = """
import os, sys, threading
from pathlib import Path
state = Path(sys.argv[sys.argv.index("--state") + 1])
with (state / "began").open("a") as file:
    file.write(f"{os.environ['HANZA_SLOT']} {os.getpid()}\\n")
"""
FOR_EVER = """
while True:
    threading.Event().wait(0.02)
    if (state / "end").exists():
        (state / "end").unlink()
        sys.exit(0)
"""
GOOD = """
trial = os.environ["HANZA_SLOT_TRIAL"]
(state / "slots/good.json").write_text(f'{{"digest": "{trial}"}}')
"""
CRASHES = "raise SystemExit(3)\n"


def an_agent(words: str, version: str) -> dict[str, bytes]:
    info = f"Metadata-Version: 2.1\nName: hanza\nVersion: {version}\n"
    return {
        "hanza/__init__.py": b"",
        "hanza/boot/__init__.py": b"",
        "hanza/boot/main.py": words.encode(),
        f"hanza-{version}.dist-info/METADATA": info.encode(),
    }


class Site:
    """A machine with an agent of 0.1.0 installed."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.slots = Slots(self.state)
        self.installed = folder / "installed"
        self.install("0.1.0")
        self.process: subprocess.Popen[bytes] | None = None

    def install(self, version: str) -> None:
        for old in self.installed.glob("*.dist-info/METADATA"):
            old.unlink()
        for name, content in an_agent(ALIVE + FOR_EVER, version).items():
            (self.installed / name).parent.mkdir(parents=True, exist_ok=True)
            (self.installed / name).write_bytes(content)

    def launch(self, back_within_s: float = 60) -> "Site":
        self.process = subprocess.Popen(
            [sys.executable, launcher.__file__, str(self.state), str(back_within_s), "0"],
            env={**os.environ, "PYTHONPATH": str(self.installed)},
        )
        return self

    def stage(self, words: str, version: str = "0.2.0", tag: str = "") -> str:
        """As an agent does it that has laid what was wanted; its digest."""
        tag = tag or platform_tag()
        archive = self.state / "archive"
        archive.write_bytes(pack(an_agent(words, version), version, tag))
        release = a_release(archive.read_bytes(), version, tag=tag)
        self.slots.stage(self.slots.lay(archive, self.slot, lambda _: None), release, 1)
        return release.digest

    def began(self, number: int) -> list[str]:
        """The slots of which agents were started, once there are so many."""
        until(lambda: len(self._starts()) >= number, f"{number} agents have begun")
        return [line.split()[0] for line in self._starts()]

    def _starts(self) -> list[str]:
        file = self.state / "began"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def slot(self) -> str:
        return str(self.record().get("current", launcher.INSTALLED))

    @property
    def agent(self) -> int:
        return int(self._starts()[-1].split()[1])

    def record(self) -> dict[str, Any]:
        file = self.slots.folder / launcher.RECORD
        found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def end_agent(self) -> None:
        (self.state / "end").touch()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(10)

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(10)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    yield found
    if found.process is not None:
        found.kill()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_what_is_installed_runs_and_ends_with_its_exit_code(site: Site) -> None:
    site.launch()
    assert site.began(1) == ["0"]
    site.end_agent()
    assert site.wait() == 0


def test_told_to_stop_it_ends_its_agent_first(site: Site) -> None:
    site.launch().began(1)
    site.stop()
    assert not is_alive(site.agent)


def test_what_keeps_its_link_stays_and_the_next_goes_beside_it(site: Site) -> None:
    site.launch().began(1)
    site.stage(ALIVE + GOOD + FOR_EVER)
    site.end_agent()
    assert site.began(2) == ["0", "a"]
    until(lambda: site.slot == "a", "it is current")
    site.stage(ALIVE + GOOD + FOR_EVER, "0.3.0")
    site.end_agent()
    until(lambda: site.slot == "b", "the next one is current")
    site.kill()
    assert site.launch().began(4)[-1] == "b", "and after a power cut it is"
    site.install("0.4.0")
    site.kill()
    assert site.launch().began(5)[-1] == "0", "a newer one that was installed outdoes it"
    assert site.slot == "0"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (CRASHES, "it ended with the exit code 3 while it was tried"),
        ("this is no Python", "it ended with the exit code 1 while it was tried"),
        (ALIVE + FOR_EVER, "its link was not kept within 0.6 s"),
    ],
)
def test_what_does_not_work_is_left_for_what_did(site: Site, words: str, why: str) -> None:
    site.launch(back_within_s=0.6).began(1)
    digest = site.stage(words)
    site.end_agent()
    until(lambda: bool(site.record().get("returned")), "it is given up")
    returned = site.slots.returned()
    assert returned is not None
    assert (returned.digest, returned.version, returned.why) == (digest, "0.2.0", why)
    assert (returned.number, returned.attempt) == (1, 1)
    until(lambda: site._starts()[-1].startswith("0 ") and len(site._starts()) > 1, "back again")
    assert site.slot == "0"
    assert is_alive(site.agent)


def test_a_launcher_that_is_killed_takes_its_agent_along_and_begins_the_trial_again(
    site: Site,
) -> None:
    site.launch().began(1)
    site.stage(ALIVE + FOR_EVER)
    site.end_agent()
    for starts in (2, 3):
        assert site.began(starts)[-1] == "a"
        agent = site.agent
        site.kill()
        until(lambda pid=agent: not is_alive(pid), "no agent outlives it")  # type: ignore[misc]
        site.launch()
    assert site.began(4)[-1] == "0", "cut twice, it is not tried a third time"
    assert "cut 2 times" in site.record()["returned"]["why"]


def test_a_stop_by_somebody_is_no_fault_of_what_is_tried(site: Site) -> None:
    site.launch().began(1)
    site.stage(ALIVE + FOR_EVER)
    site.end_agent()
    for starts in (2, 3, 4, 5):
        assert site.began(starts)[-1] == "a"
        site.stop()
        site.launch()
    assert "returned" not in site.record()


def test_on_a_full_disk_nothing_is_tried_and_what_was_good_runs(site: Site) -> None:
    full = site.slots.folder / "launcher.json.new"
    site.stage(ALIVE + FOR_EVER)
    full.mkdir()
    assert site.launch().began(1) == ["0"]
    site.end_agent()
    assert site.wait() == 0, "nor is it begun over and over"
    full.rmdir()
    assert site.launch().began(2) == ["0", "a"]
    site.kill()
    full.mkdir()
    assert site.launch().began(3) == ["0", "a", "0"]


def test_what_is_good_on_a_full_disk_is_kept_once_there_is_room(site: Site) -> None:
    full = site.slots.folder / "launcher.json.new"
    site.stage(ALIVE + "(state / 'slots/launcher.json.new').mkdir()" + GOOD + FOR_EVER)
    assert site.launch(back_within_s=0.5).began(1) == ["a"]
    agent = site.agent
    threading.Event().wait(0.8)
    assert site.slot == "0"
    full.rmdir()
    until(lambda: site.slot == "a", "it is kept")
    assert is_alive(agent)
    assert site.began(1) == ["a"]


def test_what_was_given_up_is_not_tried_again_where_its_staging_was_left(site: Site) -> None:
    """Killed between noting the trial and taking the staging away."""
    site.stage(CRASHES)
    staged = site.slots.folder / launcher.STAGED
    trial = {**json.loads(staged.read_text()), "tries": 1}
    record = {"form": 1, "current": "0", "trial": trial}
    (site.slots.folder / launcher.RECORD).write_text(json.dumps(record))
    assert site.launch().began(1) == ["0"]
    assert site.record()["returned"]["number"] == 1
    assert not staged.exists()


TRIAL = {"slot": "a", "digest": "d", "tries": 1}


@pytest.mark.parametrize(
    "damaged",
    [
        {"form": 1},
        {"current": "../x"},
        {"current": "a", "installed": 3},
        {"current": "0", "trial": {**TRIAL, "slot": "/"}},
        {"current": "0", "trial": {"slot": "a", "tries": 1}},
        {"current": "0", "trial": {**TRIAL, "tries": "1"}},
        {"current": "0", "returned": {"number": "x"}},
    ],
)
def test_a_damaged_record_leads_to_what_is_installed(site: Site, damaged: dict[str, Any]) -> None:
    (site.slots.folder / launcher.RECORD).write_text(json.dumps(damaged))
    assert site.launch().began(1) == ["0"]
    assert site.record() == {"form": 1, "current": "0"}


@pytest.mark.parametrize("name", ["launcher.json", "staged.json", "good.json"])
def test_a_damaged_word_leads_to_what_is_installed(site: Site, name: str) -> None:
    (site.slots.folder / name).write_text('{"cur')
    assert site.launch().began(1) == ["0"]


def test_what_this_python_cannot_load_gives_way(site: Site) -> None:
    """The machine's own Python was replaced under a slot."""
    site.stage(ALIVE + GOOD + FOR_EVER, tag="cpython-27")
    record = {"form": 1, "current": "a", "installed": "0.1.0"}
    (site.slots.folder / launcher.STAGED).unlink()
    (site.slots.folder / launcher.RECORD).write_text(json.dumps(record))
    assert site.launch().began(1) == ["0"]


def test_two_never_run_at_once(site: Site) -> None:
    first = site.launch()
    assert first.began(1) == ["0"]
    before, agent = site.process, site.agent
    site.launch()
    os.kill(agent, signal.SIGKILL)
    assert before is not None
    assert before.wait(10) == 128 + signal.SIGKILL
    assert site.began(2) == ["0", "0"]
