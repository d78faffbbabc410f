"""Who serves: starts planes behind the sockets, hands over to them, starts them again.

    python -m hanza.boot.front.front SPEC      SPEC: `Spec` as JSON, written by `begin`

Promises: a plane that dies, or cannot be started, is started again, the first time at once, then
with growing pauses;
SIGTERM and SIGINT end it all once the plane has drained; SIGHUP brings a new process to where it
could begin before the old one is told to drain, so a release that cannot even be read takes
nothing away; a plane that ends by itself before any has served ends the front, with its code.
What happens is in the log and, for `hanza plane`, in `front.json` of the state folder.  It knows
nothing of what planes do.
"""

import json
import os
import resource
import selectors
import signal
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hanza.boot.front.handover import DRAINS, GO, READY, VARIABLE, WARM, YOURS
from hanza.boot.front.porch import Door, Porch
from hanza.kit.backoff import delay_after
from hanza.kit.log import Log, log_to

STATUS, LOCK = "front.json", "front.lock"
CEILING = timedelta(seconds=30)
STEADY_S = 30.0
"""A plane that served for so long has not failed at starting."""
DRAIN_S, WARM_S = 30.0, 120.0
RETRY_AFTER_S, RETRY_AFTER_MAX_S = 2, 60
TICK_S = 0.25
ENDING = (signal.SIGTERM, signal.SIGINT)
log = Log("hanza.front")


@dataclass(frozen=True, slots=True)
class Spec:
    """What `begin` leaves to the front."""

    state: str
    command: tuple[str, ...]
    """What starts a plane."""
    listeners: tuple[int, ...]
    """Open files, in the order that planes know them in."""
    tls: tuple[bool, ...]
    lock: int
    first: tuple[int, int]
    """The plane that was begun already: its process, and the line to it."""
    form: str
    """How to log."""


class Child:
    """One plane's process."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.line = line
        self.phase = "loading"
        self.until: float | None = time.monotonic() + WARM_S
        """When it is killed, if it has not come further by then."""
        self.serving_since: float | None = None

    def say(self, word: str) -> None:
        try:
            self.line.send(f"{word}\n".encode())
        except OSError:
            log.warning("plane.deaf", pid=self.pid)  # its end is told by the kernel

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)


class Front:
    """Not for two threads."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._selector = selectors.DefaultSelector()
        for number in (*spec.listeners, spec.lock, spec.first[1]):
            os.set_inheritable(number, False)
        listeners = [socket.socket(fileno=number) for number in spec.listeners]
        for one in listeners:
            one.setblocking(False)
        doors = [Door(one, tls) for one, tls in zip(listeners, spec.tls, strict=True)]
        self._porch = Porch(self._selector, doors, self._tls, self._retry_after_s)
        self._current: Child | None = None
        self._next: Child | None = None
        self._start_at: float | None = None
        self._failures = self._starts = self._not_begun = 0
        self._has_served = self._is_ending = False
        self._code = 0
        self._woken, waker = socket.socketpair()
        self._woken.setblocking(False)
        waker.setblocking(False)
        self._waker = waker

    def run(self) -> int:
        """Until it is over; the exit code."""
        for number in (*ENDING, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, _note)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        pid, line = self._spec.first
        self._current = self._adopt(Child(pid, socket.socket(fileno=line)))
        self._porch.open()
        self._tell()
        self._bury()  # whoever died before anybody listened
        while not (self._is_ending and self._current is None and self._next is None):
            for key, _ in self._selector.select(self._patience_s()):
                self._hear(key)
            self._look_at_the_clock()
        log.info("front.stopped", code=self._code)
        return self._code

    # -- what happens -------------------------------------------------------------------------

    def _hear(self, key: selectors.SelectorKey) -> None:
        if isinstance(key.data, Porch) and isinstance(key.fileobj, socket.socket):
            key.data.visit(key.fileobj)
        elif isinstance(key.data, Child):
            self._listen_to(key.data)
        else:
            for number in self._woken.recv(64):
                self._obey(number)

    def _obey(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._bury()
        elif number == signal.SIGHUP:
            self._begin_anew()
        elif number in ENDING:
            log.info("front.ends", signal=signal.Signals(number).name)
            self._is_ending, self._start_at = True, None
            for child in self._children():
                child.signal(signal.SIGTERM)

    def _listen_to(self, child: Child) -> None:
        try:
            said = child.line.recv(256).decode()
        except OSError:
            said = ""
        if not said:
            self._unwatch(child)  # its end is told by the kernel
        for word in said.split():
            self._heed(child, word)

    def _heed(self, child: Child, word: str) -> None:
        if word == WARM:
            child.phase = "warm"
            if child is self._current:
                self._let_begin(child)
            elif self._current is not None:
                self._retire(self._current)
        elif word == READY:
            self._porch.close()
            child.phase, child.until = "serving", None
            child.serving_since = time.monotonic()
            self._has_served = True
            child.say(YOURS)
            log.info("plane.serves", pid=child.pid)
            self._tell()
        elif word == DRAINS:
            child.phase = "draining"
            self._porch.open()
            self._tell()

    def _bury(self) -> None:
        for child in self._children():
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._forget(child, os.waitstatus_to_exitcode(status))
        self._tell()

    def _forget(self, child: Child, code: int) -> None:
        self._unwatch(child)
        child.line.close()
        if child is self._next:
            self._next, self._not_begun = None, self._not_begun + 1
            log.error("plane.not_begun", pid=child.pid, code=code)
            return
        self._current = None
        self._porch.open()
        if self._is_ending:
            self._code = max(code, 0)
        elif self._next is not None:
            self._current, self._next = self._next, None
            if self._current.phase == "warm":
                self._let_begin(self._current)
        elif not self._has_served and code >= 0:
            self._is_ending, self._code = True, code  # it has said why
        else:
            self._come_again(child, code)

    def _come_again(self, child: Child, code: int) -> None:
        since = child.serving_since
        was_steady = since is not None and time.monotonic() - since >= STEADY_S
        self._failures = 0 if was_steady else self._failures + 1
        pause = self._pause_s()
        self._start_at = time.monotonic() + pause
        if child.phase == "draining" and code == 0:
            log.warning("plane.ended", pid=child.pid, again_in_s=pause)
        else:
            log.error("plane.crashed", pid=child.pid, code=code, again_in_s=pause)

    def _pause_s(self) -> float:
        """The first failure costs none."""
        return delay_after(self._failures - 1, ceiling=CEILING).total_seconds()

    # -- what is done -------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        if self._is_ending or self._next is not None:
            return
        if self._current is None:
            self._start_at = time.monotonic()
        else:
            self._next = self._start()
            if self._next is None:
                self._not_begun += 1
                self._tell()
            else:
                log.info("plane.restarting", pid=self._current.pid, next=self._next.pid)

    def _retire(self, child: Child) -> None:
        child.until = time.monotonic() + DRAIN_S
        child.signal(signal.SIGTERM)

    def _let_begin(self, child: Child) -> None:
        child.phase, child.until = "starting", None
        child.say(GO)
        self._tell()

    def _start(self) -> Child | None:
        """None where the machine gives no process, or Python is just being replaced."""
        try:
            child = self._spawn()
        except OSError as error:
            log.error("plane.not_started", why=str(error))
            return None
        self._starts += 1
        return self._adopt(child)

    def _spawn(self) -> Child:
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as undo:
            undo.callback(ours.close)
            numbers = (theirs.fileno(), *self._spec.listeners)
            for number in numbers:
                os.set_inheritable(number, True)
            environ = {**os.environ, VARIABLE: ",".join(map(str, numbers))}
            command = self._spec.command
            pid = os.posix_spawn(command[0], command, environ)
            undo.pop_all()
        return Child(pid, ours)

    def _adopt(self, child: Child) -> Child:
        child.line.setblocking(False)
        self._selector.register(child.line, selectors.EVENT_READ, child)
        return child

    def _unwatch(self, child: Child) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(child.line)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        self._porch.sweep()
        for child in self._children():
            if child.until is not None and now >= child.until:
                log.error("plane.killed", pid=child.pid, phase=child.phase)
                child.until = None
                child.signal(signal.SIGKILL)
        if self._start_at is not None and now >= self._start_at:
            self._start_at, self._current = None, self._start()
            if self._current is None:
                self._failures += 1
                self._start_at = now + self._pause_s()
            else:
                log.info("plane.started", pid=self._current.pid)
            self._tell()

    def _patience_s(self) -> float | None:
        if self._start_at is not None:
            return min(max(self._start_at - time.monotonic(), 0.0), TICK_S)
        is_timed = any(one.until is not None for one in self._children())
        return TICK_S if is_timed or self._porch.is_busy else None

    def _children(self) -> list[Child]:
        return [one for one in (self._current, self._next) if one is not None]

    # -- what is told -------------------------------------------------------------------------

    def _retry_after_s(self) -> int:
        left = 0.0 if self._start_at is None else self._start_at - time.monotonic()
        return min(RETRY_AFTER_S + max(round(left), 0), RETRY_AFTER_MAX_S)

    def _tls(self) -> ssl.SSLContext | None:
        """The plane's own certificate; None where there is none yet, or none that fits."""
        chain, key = (Path(self._spec.state, name) for name in ("server.pem", "server.key"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        try:
            context.load_cert_chain(chain, key)
        except OSError:  # which `ssl.SSLError` is
            return None
        return context

    def _tell(self) -> None:
        current = self._current
        told: dict[str, Any] = {
            "pid": os.getpid(),
            "plane": current.pid if current else None,
            "phase": current.phase if current else "waiting",
            "starts": self._starts,
            "answered": self._porch.answered,
            "not_begun": self._not_begun,
        }
        path = Path(self._spec.state, STATUS)
        try:
            path.with_suffix(".new").write_text(json.dumps(told))
            path.with_suffix(".new").replace(path)
        except OSError as error:  # such as a full disk: that ends nothing
            log.warning("front.untold", why=str(error))


def _note(number: int, frame: object) -> None:
    """The number is read from the wakeup file; Python wants a handler for that."""


def spec_to_text(spec: Spec) -> str:
    return json.dumps(asdict(spec))


def spec_from_text(text: str) -> Spec:
    read = json.loads(text)
    lists = {name: tuple(value) for name, value in read.items() if isinstance(value, list)}
    return Spec(**{**read, **lists})


def main(arguments: Sequence[str]) -> int:
    spec = spec_from_text(arguments[0])
    log_to(form="json" if spec.form == "json" else "text")
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return Front(spec).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
