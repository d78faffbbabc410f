"""`hanza console` as a person has it: a process in a terminal of its own."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kit.waiting import until

SECONDS_MAX = 30


class Terminal:
    """A pseudo-terminal, and the one process that has it."""

    def __init__(self, command: list[str], environ: Mapping[str, str]) -> None:
        self._ours, self.theirs = pty.openpty()
        self.before = termios.tcgetattr(self.theirs)
        self.shown = b""
        self.process = subprocess.Popen(
            command,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            env={**os.environ, **environ},
            start_new_session=True,
        )

    def settings(self) -> list[Any]:
        return termios.tcgetattr(self.theirs)

    def is_raw(self) -> bool:
        return not self.settings()[3] & termios.ICANON

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def look(self, within_s: float = 0.1) -> bytes:
        """All that was ever shown, after waiting a little for more."""
        while select.select([self._ours], [], [], within_s)[0]:
            self.shown += os.read(self._ours, 65536)
        return self.shown

    def await_shown(self, words: bytes) -> None:
        until(lambda: words in self.look(), f"{words!r} is shown", SECONDS_MAX)

    def wait(self) -> int:
        """The exit code; what is shown meanwhile is read, so that nobody waits for it."""
        give_up_at = time.monotonic() + SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < give_up_at:
            self.look()
        self.look()
        return self.process.wait(0.1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self._ours)
        os.close(self.theirs)


@contextlib.contextmanager
def a_terminal(command: list[str], environ: Mapping[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(command, environ)
    try:
        yield terminal
    finally:
        terminal.close()
