"""Consoles at the agent: for each a connection of its own to the plane that asked for it.

Promises: hearing that one is wanted never waits; a console touches neither the link nor a pass,
so that no guest, however chatty, delays a heartbeat or a manifest; one line per guest, at most
`CONSOLES_MAX` at a time, each with bounded memory.  Who may have a console is the plane's to
decide, and who it is is not told to sites.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Protocol

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from hanza.agent.address import Address
from hanza.agent.backlog import Backlog
from hanza.agent.link import Errand
from hanza.drivers.spi import Console, Driver
from hanza.kit.log import Log
from hanza.kit.points import Point, pass_by
from hanza.model.errors import Busy, HanzaError, InUse, NotRunning
from hanza.model.guest import Mark
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import mark_from_wire
from hanza.wire.console_v1 import AGENT_PATH, FRAME_BYTES_MAX, End, ticket_to_header

CONSOLES_MAX = 16
READ_S = 5.0
WRITE_S = 0.5
LOOK_AGAIN_S = 0.05
GONE_WITHIN_S = 5.0
"""How long a console that is taken over may take to let go of the guest."""
_log = Log("hanza.agent.console")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one console."""

    keep_bytes: int = 256 * 1024
    """What is kept for a slow plane; of more the oldest goes."""
    deaf_after_s: float = 20.0
    """How long a guest may take nothing of what is typed."""


LIMITS = Limits()


class Dial(Protocol):
    """How a connection is made: `link.WebSocketDial`, or a stand-in that needs no network."""

    def __call__(self, address: Address, errand: Errand) -> ClientConnection: ...


class Consoles:
    def __init__(
        self,
        driver: Driver,
        dial: Dial,
        say: Callable[[v1.ConsoleRefused], None],
        point: Point = pass_by,
        limits: Limits = LIMITS,
    ) -> None:
        self._limits = limits
        self._driver = driver
        self._dial = dial
        self._say = say
        self._point = point
        self._lock = threading.Lock()
        self._lines: dict[Mark, _Line] = {}
        self._running = 0
        self._is_closed = False

    def open(self, address: Address, wanted: v1.ConsoleWanted) -> None:
        """Somebody at this plane wants one; never waits, and never raises."""
        try:
            mark = mark_from_wire(wanted.mark)
            line, before = self._begin(mark, takes_over=wanted.takes_over)
        except HanzaError as error:
            self._refuse(wanted, error.code, str(error))
            return
        args = (line, before, address, wanted)
        threading.Thread(target=self._run, args=args, name="console", daemon=True).start()

    def close(self) -> None:
        """End all of them, and let no other begin."""
        with self._lock:
            self._is_closed = True
            lines = list(self._lines.values())
        for line in lines:
            line.end(End.lost)

    def _begin(self, mark: Mark, *, takes_over: bool) -> "tuple[_Line, _Line | None]":
        with self._lock:
            before = self._lines.get(mark)
            if before is not None and not takes_over:
                raise InUse("somebody else has this console open")
            # Who takes over comes before the other has quite gone, so one more may be running.
            most = CONSOLES_MAX if before is None else CONSOLES_MAX + 1
            if self._is_closed or self._running >= most:
                raise Busy(f"the site has {self._running} consoles open, and takes no more now")
            line = _Line(mark, self._limits)
            self._lines[mark] = line
            self._running += 1
            return line, before

    def _run(
        self, line: "_Line", before: "_Line | None", address: Address, wanted: v1.ConsoleWanted
    ) -> None:
        try:
            if before is not None:
                before.end(End.taken)
                before.gone.wait(GONE_WITHIN_S)
            self._serve(line, address, wanted)
        except HanzaError as error:
            self._refuse(wanted, error.code, str(error))
        except (OSError, WebSocketException) as error:
            _log.warning("console.failed", owner=line.mark.owner, kind=type(error).__name__)
            self._refuse(wanted, "not_here", "the site cannot reach the plane once more")
        finally:
            line.gone.set()
            with self._lock:
                self._running -= 1
                if self._lines.get(line.mark) is line:
                    del self._lines[line.mark]

    def _serve(self, line: "_Line", address: Address, wanted: v1.ConsoleWanted) -> None:
        with closing(self._opened(line.mark)) as console:
            headers = {"authorization": ticket_to_header(wanted.ticket)}
            with self._dial(address, Errand(AGENT_PATH, FRAME_BYTES_MAX, headers)) as connection:
                owner, run = line.mark.owner, line.mark.run_epoch
                _log.info("console.opened", owner=owner, run=run)
                # What ends it from here on is told by the end of the connection.
                with suppress(OSError, WebSocketException):
                    line.converse(console, connection)
                _log.info("console.closed", owner=owner, run=run, end=line.how.name)

    def _opened(self, mark: Mark) -> Console:
        """Raises a `Refusal`, or a `DriverError` that another attempt may not meet."""
        self._point("driver.open_console.before")
        survey = self._driver.survey()
        guest = next((one for one in survey.guests if one.mark == mark), None)
        if guest is None or guest.power == "off":
            raise NotRunning("the guest does not run now")
        console = self._driver.open_console(guest.native)
        self._point("driver.open_console.after")
        return console

    def _refuse(self, wanted: v1.ConsoleWanted, code: str, text: str) -> None:
        self._say(v1.ConsoleRefused(wanted.ticket, code, text[:1024]))


class _Line:
    """One console: bytes from the guest by way of a backlog, bytes to it as it takes them."""

    def __init__(self, mark: Mark, limits: Limits) -> None:
        self.mark = mark
        self._limits = limits
        self.gone = threading.Event()
        """The guest's port was let go of."""
        self.how = End.left
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._console: Console | None = None

    def end(self, how: End) -> None:
        """From any thread; the first one says how."""
        with self._lock:
            if not self._over.is_set():
                self.how = how
                self._over.set()
            console = self._console
        if console is not None:
            console.close()

    def converse(self, console: Console, connection: ClientConnection) -> None:
        with self._lock:
            self._console = console
            is_over = self._over.is_set()
        if is_over:
            connection.close(self.how)
            return
        backlog = Backlog(self._limits.keep_bytes)
        threads = [
            threading.Thread(target=self._listen, args=(console, backlog), daemon=True),
            threading.Thread(target=self._tell, args=(backlog, connection), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            self._type_all(console, connection)
        finally:
            self.end(End.left)
            for thread in threads:
                thread.join()

    def _listen(self, console: Console, backlog: Backlog) -> None:
        """Until the guest's port says nothing more; never waits for the plane."""
        try:
            while (said := console.read(FRAME_BYTES_MAX, READ_S)) is not None:
                if said:
                    backlog.put(said)
        finally:
            self.end(End.ended)
            backlog.end()

    def _tell(self, backlog: Backlog, connection: ClientConnection) -> None:
        try:
            while (said := backlog.take(FRAME_BYTES_MAX)) is not None:
                connection.send(said)
        except (OSError, WebSocketException):
            self.end(End.lost)
        finally:
            connection.close(self.how)

    def _type_all(self, console: Console, connection: ClientConnection) -> None:
        for frame in connection:
            if isinstance(frame, str):
                self.end(End.unruly)
                return
            if not self._is_typed(console, frame):
                self.end(End.deaf)
                return

    def _is_typed(self, console: Console, left: bytes) -> bool:
        """False for a guest that takes nothing for long; true also when there is none any more."""
        give_up_at = time.monotonic() + self._limits.deaf_after_s
        while left and not self._over.is_set():
            taken = console.write(left, WRITE_S)
            left = left[taken:]
            if taken:
                give_up_at = time.monotonic() + self._limits.deaf_after_s
            elif time.monotonic() >= give_up_at:
                return False
            else:
                self._over.wait(LOOK_AGAIN_S)
        return True
