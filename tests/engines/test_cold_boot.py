"""Power is lost and comes back, and no plane is there: what is to run runs again, by itself.

One test, with real guests, a real libvirtd and a real agent process, since nothing smaller shows
that what is on the disk is enough.  On the way: the doctor boots a guest, and a guest that its
provider had stopped stays off.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from hanza.agent.doctor import engine_findings
from hanza.agent.door import ask
from hanza.agent.journal import Identity, Journal
from hanza.agent.local import Request
from hanza.drivers.libvirt import open_driver
from hanza.model.guest import GuestSpec
from hanza.model.ids import SiteId
from hanza.model.manifest import Entry
from kit.agent_worlds import ME, PIN, US, a_manifest, a_mark
from kit.libvirtd import Libvirtd
from kit.waiting import until

SPEC = GuestSpec("web", "tiny", 1, 96, 64)
HOST = "host-1"
RUNS, STAYS_OFF, WANTED_OFF = "in_runs", "in_stopped", "in_off"
MANIFEST = a_manifest(
    [
        Entry(a_mark(RUNS), HOST, SPEC, "on"),
        Entry(a_mark(STAYS_OFF), HOST, SPEC, "on"),
        Entry(a_mark(WANTED_OFF), HOST, SPEC, "off"),
    ]
)
WITHIN_S = 90


class Machine:
    """One site's machine: its libvirtd and its agent, with a plug that can be pulled."""

    def __init__(self, libvirtd: Libvirtd, images: Path, folder: Path) -> None:
        self.libvirtd = libvirtd
        self.folder = folder
        self.options = {
            "uri": libvirtd.uri,
            "images": str(images),
            "pool": str(libvirtd.folder / "pool"),
            "serial": str(libvirtd.folder / "serial"),
            "accelerator": "tcg",
            "host": HOST,
            "offer_cpus": "8",
        }
        with closing(Journal(folder)) as journal:
            journal.key(lambda size: bytes(size))
            url = ("http://127.0.0.1:1",)
            identity = Identity(ME, US, SiteId("si_zg"), url, PIN, "libvirt", self.options)
            journal.keep_identity(replace(identity, may_be_plain=True), None)
            journal.hold(MANIFEST)
        self._undo = ExitStack()
        self.agent: subprocess.Popen[bytes] | None = None

    def start_agent(self) -> None:
        command = [sys.executable, "-m", "hanza.boot.main", "agent", "run", "--state", self.folder]
        self.agent = self._undo.enter_context(subprocess.Popen(command))
        self._undo.callback(self.agent.kill)

    def pull_the_plug(self) -> None:
        """Everything at once, and nothing is told before; what is kept in memory is gone."""
        assert self.agent is not None, "it runs"
        self.agent.kill()
        self.agent.wait()
        self.libvirtd.kill()
        for pid in self.libvirtd.emulators():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not self.libvirtd.emulators(), "no guest runs", 20)
        for name in ("run", "sock"):
            for left in (self.libvirtd.folder / name).rglob("*"):
                if not left.is_dir():
                    left.unlink()

    def power(self) -> dict[str, str]:
        with closing(open_driver(US, self.options)) as driver:
            return {one.mark.owner: one.power for one in driver.survey().guests}

    def boots(self) -> list[str]:
        """Which guests have said from their own userspace that they are up."""
        with closing(open_driver(US, self.options)) as driver:
            return [
                one.mark.owner
                for one in driver.survey().guests
                if b" is up" in driver.serial_tail(one.native, 4096)
            ]

    def close(self) -> None:
        self._undo.close()
        with closing(open_driver(US, self.options)) as driver:
            for one in driver.survey().guests:
                driver.destroy(one.native)


@pytest.fixture
def machine(libvirtd: Libvirtd, images: Path, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(libvirtd, images, tmp_path / "agent")
    try:
        yield machine
    finally:
        machine.close()


def test_after_a_cold_boot_offline_what_is_to_run_runs_again(machine: Machine) -> None:
    engine, boot = engine_findings(lambda fed: open_driver(fed, machine.options), machine.options)
    assert (engine.level, boot.check) == ("good", "boot"), engine
    assert boot.level in ("good", "fair"), boot
    assert not (Path(machine.options["pool"]) / "doctor").exists(), "nothing of it is left"
    machine.start_agent()
    until(lambda: set(machine.boots()) == {RUNS, STAYS_OFF}, "both are up", WITHIN_S)
    answer = ask(machine.folder, Request("stop", STAYS_OFF, "too hot"))
    assert answer.record is not None, answer
    until(lambda: machine.power().get(STAYS_OFF) == "off", "it is stopped", WITHIN_S)
    machine.pull_the_plug()
    machine.start_agent()
    machine.libvirtd.start()
    as_before = {RUNS: "on", STAYS_OFF: "off", WANTED_OFF: "off"}
    until(lambda: machine.power() == as_before, "it runs again", WITHIN_S)
    # What it said before was removed when it was powered on.
    until(lambda: RUNS in machine.boots(), "it is up again", WITHIN_S)
    assert machine.power() == as_before
    told = ask(machine.folder, Request("status")).record
    assert told is not None
    assert (told["linked"], told["engine"]) == (False, "well")
    by_id = {one["instance"]: one for one in told["guests"]}
    assert "too hot" in by_id[STAYS_OFF]["stopped"]
