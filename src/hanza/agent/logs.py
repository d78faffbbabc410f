"""What guests write, told on: for each reader a connection of its own to the plane that asked.

Promises: a reader who is slow is waited for and loses nothing that the site still has, since what
is told is read from where the site keeps it; it touches neither the link nor a pass; at most
`READERS_MAX` at a time, and `OF_A_GUEST_MAX` of one guest; all of them together look at the engine
once in `LOOK_EVERY_S`, however much is written.  Who may read is the plane's to decide.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from math import inf

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

READERS_MAX, OF_A_GUEST_MAX = 32, 4
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
        self._running: Counter[str] = Counter()
        """Readers, by the instance."""
        self._looking = threading.Lock()
        self._looked_at = -inf
        self._seen: dict[Mark, Guest] = {}
        self._over = threading.Event()

    def open(self, address: Address, wanted: v1.LogWanted) -> None:
        """Somebody at this plane wants to read; never waits, and never raises."""
        owner = wanted.mark.owner
        with self._lock:
            is_full = self._running.total() >= READERS_MAX or self._over.is_set()
            is_crowded = self._running[owner] >= OF_A_GUEST_MAX
            if not is_full and not is_crowded:
                self._running[owner] += 1
        if is_full or is_crowded:
            what = "logs" if is_full else "times this guest's log"
            self._refuse(wanted, Busy(f"the site tells as many {what} as it may"))
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
                self._running -= Counter([wanted.mark.owner])

    def _serve(self, address: Address, wanted: v1.LogWanted) -> None:
        mark = mark_from_wire(wanted.mark)
        guest = self._look(mark, 0)[0]
        if guest is None:
            raise NotRunning("the guest is not there now")
        start, said = self._driver.serial_after(guest.native, wanted.after, FRAME_BYTES_MAX)
        headers = {"authorization": ticket_to_header(wanted.ticket)}
        with self._dial(address, Errand(AGENT_PATH, FRAME_BYTES_MAX, headers)) as connection:
            connection.send(start.to_bytes(LOG_HEAD_BYTES))
            end = self._tell(connection, guest, start, said)
            connection.close(end)

    def _tell(self, connection: ClientConnection, guest: Guest, at: int, said: bytes) -> End:
        """Until the guest is gone or begins anew; raises when whoever reads has gone."""
        read_at = time.monotonic()
        while not self._over.is_set():
            if said:
                connection.send(said)  # waits for whoever reads, and nothing is kept meanwhile
                at += len(said)
            else:
                self._await_more(connection)
            seen, looked_at = self._look(guest.mark, self._look_every_s)
            # What was seen before the last bytes were read knows nothing of them.
            if looked_at > read_at and (seen is None or (seen.serial_bytes or 0) < at):
                return End.ended
            read_at = time.monotonic()
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

    def _look(self, mark: Mark, age_max_s: float) -> tuple[Guest | None, float]:
        """The guest as it was seen, no longer ago than that; and when."""
        with self._looking:
            now = time.monotonic()
            if now - self._looked_at >= age_max_s:
                self._seen = {one.mark: one for one in self._driver.survey().guests}
                self._looked_at = now
            return self._seen.get(mark), self._looked_at

    def _refuse(self, wanted: v1.LogWanted, error: HanzaError) -> None:
        self._say(v1.ConsoleRefused(wanted.ticket, error.code, str(error)[:1024]))
