"""What the fake engine lacks: a process for each guest that is on, which says that it lives.

    python -m chaos.guests STATE OBSERVER BOOT

Stands for a site's hypervisor.  It follows the engine's file: a guest that is put on gets a
process, one that is put off or goes loses it, one whose process died is off.  At its start all of
ours are off, as after a power cut.  Each guest tells the observer, past every network, which
instance and run it is.  All of them end with this process.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hanza.drivers.fake import FakeSite
from hanza.drivers.fake.state import GuestRow
from hanza.model.ids import NativeId

LOOK_S = 0.05
BEAT_S = 0.2
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    powered_at: datetime | None


class Hypervisor:
    def __init__(self, state: Path, observer: Path, boot: str) -> None:
        self._site = FakeSite(path=state)
        self._observer, self._boot = str(observer), boot
        self._name = state.parent.name
        self._running: dict[NativeId, Running] = {}
        with self._site.open() as site:
            for row in site.state.guests.values():
                site.set_power(row, "off")
                if row.federation is None:  # its owner has it come up by itself
                    site.set_power(row, "on")

    def run(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_S):
            self._bury()
            self._follow()

    def _bury(self) -> None:
        """Whose process died is off."""
        dead = {n for n, one in self._running.items() if os.waitpid(one.pid, os.WNOHANG)[0]}
        if not dead:
            return
        with self._site.open() as site:
            for native in dead:
                running = self._running.pop(native)
                row = site.state.guests.get(native)
                if row is not None and row.powered_at == running.powered_at:
                    site.set_power(row, "off")

    def _follow(self) -> None:
        with self._site.look() as site:
            on = {row.native: row for row in site.state.guests.values() if row.power == "on"}
        for native, running in list(self._running.items()):
            row = on.get(native)
            if row is None or row.powered_at != running.powered_at:
                self._end(native)
        for native in on.keys() - self._running.keys():
            self._running[native] = Running(self._fork(on[native]), on[native].powered_at)

    def _end(self, native: NativeId) -> None:
        pid = self._running.pop(native).pid
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def _fork(self, row: GuestRow) -> int:
        pid = os.fork()
        if pid == 0:
            try:
                self._live(row)
            finally:
                os._exit(1)
        return pid

    def _live(self, row: GuestRow) -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        words = {
            "instance": row.owner,
            "run": row.run_epoch,
            "site": self._name,
            "is_ours": row.federation is not None,
            "pid": os.getpid(),
            "boot": self._boot,
        }
        said, pause = json.dumps(words).encode(), threading.Event()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            while True:
                with contextlib.suppress(OSError):  # nobody listens yet, or any more
                    line.sendto(said, self._observer)
                pause.wait(BEAT_S)


if __name__ == "__main__":
    Hypervisor(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]).run()
