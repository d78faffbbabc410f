"""Placement's machine code, made beside a plane that goes on placing meanwhile.

To compile takes ten seconds and 150 MiB.  Once the plane has as many hosts as machine code is worth
for, a child compiles and keeps it; until then the same functions run as Python, which decide the
same, slower.  From then on each function is read, in some milliseconds, by whoever needs it first:
a plane that places little has the memory of little.  Where code was kept before, the child is done
in a second.

Not a promise: a child that fails is told in the log, and decisions stay plain until the next start.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from hanza.kit.log import Log
from hanza.plan.placement import fleet
from hanza.plan.placement.fleet.exercise import exercise

log = Log("hanza.placement")
CACHE = "NUMBA_CACHE_DIR"
KEPT_IN = "machine-code"
"""In the state folder, where the source's own is not ours to write to."""
COMPILE = (sys.executable, "-m", "hanza.boot.compiling")
NICENESS = 10
TAIL_CHARACTERS = 500


def keep_code_in(state: Path, source: Path = Path(fleet.__file__).parent) -> None:
    """Say where machine code is kept, unless that is said already; before any is read."""
    if CACHE not in os.environ and not os.access(source, os.W_OK):
        os.environ[CACHE] = str(state / KEPT_IN)


class Compiling:
    """Whether machine code is there; who asks first has it made."""

    def __init__(self, command: Sequence[str] = COMPILE) -> None:
        """`command` compiles and keeps it, and exits with 0."""
        self._command = command
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._ready = threading.Event()

    def is_there(self) -> bool:
        """From any thread, as often as wanted; never waits."""
        if not self._ready.is_set() and self._thread is None:
            with self._door:
                if self._thread is None and not self._is_closed:
                    self._thread = threading.Thread(target=self._make, name="compiling")
                    self._thread.start()
        return self._ready.is_set()

    def close(self) -> None:
        """End a child that is still at it."""
        with self._door:
            self._is_closed = True
            if self._child is not None:
                self._child.kill()
        if self._thread is not None:
            self._thread.join()

    def _make(self) -> None:
        with self._door:
            if self._is_closed:
                return
            self._child = child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        _, said = child.communicate()
        if self._is_closed:
            return
        if child.returncode:
            tail = said.decode(errors="replace").strip()[-TAIL_CHARACTERS:]
            log.warning("placement.not_compiled", code=child.returncode, said=tail)
            return
        self._ready.set()
        log.info("placement.compiled")


if __name__ == "__main__":
    os.nice(NICENESS)
    exercise()
