"""A real front before the smallest of planes, seen from outside."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hanza
from hanza.boot.front.status import Status, status_of
from hanza.drivers.contract.patience import until
from kit.processes import Process, free_port

WAIT_S = 20


class Fronted:
    """One front, from outside."""

    def __init__(self, state: Path) -> None:
        state.mkdir(exist_ok=True)
        self.state, self.port = state, free_port()
        self.log = state / "front.log"
        self.python = state / "python"
        """Which it starts planes with; a test may take it away."""
        self.python.symlink_to(sys.executable)
        self.process = self._start()

    def _start(self) -> Process:
        words = ["-m", "kit.fronting", str(self.state), str(self.port)]
        # Beside a link to it, Python does not find what is installed in place.
        ours = str(Path(hanza.__file__).parents[1])
        path = os.pathsep.join([ours, *(one for one in sys.path if one)])
        return Process([str(self.python), *words], self.log, PYTHONPATH=path)

    def start_again(self) -> None:
        self.process = self._start()

    @property
    def status(self) -> Status:
        found: list[Status] = []

        def is_there() -> bool:
            status = status_of(self.state)
            found[:] = [] if status is None else [status]
            return bool(found)

        until(is_there, "the front is alive", WAIT_S)
        return found[0]

    def until_phase(self, phase: str, other_than: int | None = None) -> int:
        """The plane's process, once it is so far."""

        def is_so() -> bool:
            status = self.status
            return status.phase == phase and status.plane not in (None, other_than)

        until(is_so, f"a plane is {phase}", WAIT_S)
        return self.status.plane or 0


@contextlib.contextmanager
def a_front(state: Path, *faults: str) -> Iterator[Fronted]:
    state.mkdir(exist_ok=True)
    for fault in faults:
        (state / fault).touch()
    front = Fronted(state)
    try:
        yield front
    finally:
        front.process.kill()
