"""What guests write, told on: for each reader a connection of its own to the plane that asked.

Promises: a reader who is slow is waited for and loses nothing that the site still has, since what
is told is read from where the site keeps it; it touches neither the link nor a pass; at most
`READERS_MAX` at a time.  Who may read is the plane's to decide.
"""

import threading
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection

from hanza.agent.address import Address
from hanza.agent.console import Dial
from hanza.agent.link import Errand
from hanza.drivers.spi import Driver
from hanza.kit.log import Log
from hanza.model.errors import Busy, HanzaError, NotRunning, Unavailable
from hanza.model.guest import Guest, Mark
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import mark_from_wire
from hanza.wire.console_v1 import (
    AGENT_PATH,
    FRAME_BYTES_MAX,
    LOG_HEAD_BYTES,
    End,
    ticket_to_header,
)

READERS_MAX = 16
LOOK_EVERY_S = 0.5
_log = Log("hanza.agent.logs")


class Logs:
    def __init__(
        self,
        driver: Driver,
        dial: Dial,
        say: Callable[[v1.ConsoleRefused], None],
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._driver = driver
        self._dial = dial
        self._say = say
        self._look_every_s = look_every_s
        self._lock = threading.Lock()
        self._running = 0
        self._over = threading.Event()

    def open(self, address: Address, wanted: v1.LogWanted) -> None:
        """Somebody at this plane wants to read; never waits, and never raises."""
        with self._lock:
            is_full = self._running >= READERS_MAX or self._over.is_set()
            self._running += not is_full
        if is_full:
            self._refuse(wanted, Busy("the site tells as many logs as it can"))
            return
        args = (address, wanted)
        threading.Thread(target=self._run, args=args, name="log", daemon=True).start()

    def close(self) -> None:
        """End all of them, and let no other begin."""
        self._over.set()

    def _run(self, address: Address, wanted: v1.LogWanted) -> None:
        try:
            self._serve(address, wanted)
        except ConnectionClosed:
            return  # who read has gone
        except HanzaError as error:
            self._refuse(wanted, error)
        except (OSError, WebSocketException) as error:
            _log.warning("log.failed", owner=wanted.mark.owner, kind=type(error).__name__)
            self._refuse(wanted, Unavailable("the site cannot reach the plane once more"))
        finally:
            with self._lock:
                self._running -= 1

    def _serve(self, address: Address, wanted: v1.LogWanted) -> None:
        guest = self._guest(mark_from_wire(wanted.mark))
        if guest is None:
            raise NotRunning("the guest is not there now")
        start, said = self._driver.serial_after(guest.native, wanted.after, FRAME_BYTES_MAX)
        headers = {"authorization": ticket_to_header(wanted.ticket)}
        with self._dial(address, Errand(AGENT_PATH, FRAME_BYTES_MAX, headers)) as connection:
            connection.send(start.to_bytes(LOG_HEAD_BYTES))
            end = self._tell(connection, guest.mark, start, said)
            connection.close(end)

    def _tell(self, connection: ClientConnection, mark: Mark, at: int, said: bytes) -> End:
        """Until the guest is gone or begins anew; raises when whoever reads has gone."""
        while not self._over.is_set():
            if said:
                connection.send(said)  # waits for whoever reads, and nothing is kept meanwhile
                at += len(said)
            else:
                self._await_more(connection)
            guest = self._guest(mark)
            if guest is None or (guest.serial_bytes or 0) < at:
                return End.ended
            start, said = self._driver.serial_after(guest.native, at, FRAME_BYTES_MAX)
            if start != at:  # more was written than is kept: the next connection's head says so
                return End.ended
        return End.lost

    def _await_more(self, connection: ClientConnection) -> None:
        """Raises `ConnectionClosed` when whoever read has gone; readers say nothing."""
        try:
            connection.recv(timeout=self._look_every_s)
        except TimeoutError:
            return
        raise WebSocketException("a reader does not speak")

    def _guest(self, mark: Mark) -> Guest | None:
        return next((one for one in self._driver.survey().guests if one.mark == mark), None)

    def _refuse(self, wanted: v1.LogWanted, error: HanzaError) -> None:
        self._say(v1.ConsoleRefused(wanted.ticket, error.code, str(error)[:1024]))
