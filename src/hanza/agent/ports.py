"""Ports that guests publish, reached by way of the plane: a connection of its own for each.

Promises: only a port that the manifest says this very run publishes is ever dialled, at the
address where its host publishes them, so that no plane can have the agent dial anything else;
hearing that one is wanted never waits; at most `PORTS_MAX` at a time, and what one side does not
take is not read from the other, so that none fills any memory.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection

from hanza.agent.address import Address
from hanza.agent.console import Dial
from hanza.agent.link import Errand
from hanza.drivers.spi import Driver
from hanza.kit.log import Log
from hanza.model.errors import Busy, HanzaError, NotOffered, NotRunning, Unavailable
from hanza.model.guest import Mark
from hanza.model.manifest import Manifest
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import mark_from_wire
from hanza.wire.console_v1 import AGENT_PATH, FRAME_BYTES_MAX, End, ticket_to_header

PORTS_MAX = 128
CONNECT_WITHIN_S = 5.0
_log = Log("hanza.agent.ports")


class Ports:
    def __init__(
        self,
        driver: Driver,
        dial: Dial,
        say: Callable[[v1.ConsoleRefused], None],
        manifest: Callable[[], Manifest | None],
    ) -> None:
        self._driver = driver
        self._dial = dial
        self._say = say
        self._manifest = manifest
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._running = 0
        self._is_closed = False

    def open(self, address: Address, wanted: v1.PortWanted) -> None:
        """Somebody at this plane wants one; never waits, and never raises."""
        with self._lock:
            is_busy = self._is_closed or self._running >= PORTS_MAX
            self._running += not is_busy
        if is_busy:
            self._refuse(
                wanted, Busy(f"the site has {PORTS_MAX} ports open, and opens no more now")
            )
            return
        args = (address, wanted)
        threading.Thread(target=self._run, args=args, name="port", daemon=True).start()

    def close(self) -> None:
        """End all of them, and let no other begin."""
        with self._lock:
            self._is_closed = True
            for wire in self._open:
                _shut(wire, socket.SHUT_RDWR)

    def _run(self, address: Address, wanted: v1.PortWanted) -> None:
        try:
            self._serve(address, wanted)
        except HanzaError as error:
            self._refuse(wanted, error)
        except (OSError, WebSocketException) as error:
            _log.warning("port.failed", owner=wanted.mark.owner, kind=type(error).__name__)
            self._refuse(wanted, Unavailable("the site cannot reach the plane once more"))
        finally:
            with self._lock:
                self._running -= 1

    def _serve(self, address: Address, wanted: v1.PortWanted) -> None:
        mark = mark_from_wire(wanted.mark)
        with self._connected(mark, wanted.port) as wire:
            headers = {"authorization": ticket_to_header(wanted.ticket)}
            with self._dial(address, Errand(AGENT_PATH, FRAME_BYTES_MAX, headers)) as connection:
                with self._lock:
                    self._open.add(wire)
                try:
                    _join(wire, connection)
                finally:
                    with self._lock:
                        self._open.discard(wire)

    def _connected(self, mark: Mark, port: int) -> socket.socket:
        """Raises a `Refusal`, or a `DriverError` that another attempt may not meet."""
        published = self._published(mark, port)
        survey = self._driver.survey()
        guest = next((one for one in survey.guests if one.mark == mark), None)
        if guest is None or guest.power == "off":
            raise NotRunning("the guest does not run now")
        address = next((one.address for one in survey.hosts if one.name == guest.host), "")
        if not address:
            raise NotOffered("the site publishes no ports")
        try:
            wire = socket.create_connection((address, published), CONNECT_WITHIN_S)
        except OSError as error:
            raise NotRunning(f"nothing answers at port {port} of the guest") from error
        wire.settimeout(None)
        return wire

    def _published(self, mark: Mark, port: int) -> int:
        manifest = self._manifest()
        entries = () if manifest is None else manifest.entries
        for entry in entries:
            for one in entry.spec.ports if entry.mark == mark else ():
                if one.to == port:
                    return one.port
        raise NotOffered(f"the guest publishes no port {port}")

    def _refuse(self, wanted: v1.PortWanted, error: HanzaError) -> None:
        self._say(v1.ConsoleRefused(wanted.ticket, error.code, str(error)[:1024]))


def _join(wire: socket.socket, connection: ClientConnection) -> None:
    """Until both sides have said all, or either is gone.  An empty frame ends one direction."""
    up = threading.Thread(target=_pass_up, args=(wire, connection), daemon=True)
    up.start()
    try:
        for frame in connection:
            if isinstance(frame, str):
                return
            if frame:
                wire.sendall(frame)
            else:
                _shut(wire, socket.SHUT_WR)
    except (OSError, ConnectionClosed):
        pass
    finally:
        _shut(wire, socket.SHUT_RDWR)
        connection.close(End.ended)
        up.join()


def _pass_up(wire: socket.socket, connection: ClientConnection) -> None:
    """What the guest says; when it says no more, whoever listens is told, and may go on."""
    try:
        while said := wire.recv(FRAME_BYTES_MAX):
            connection.send(said)
        connection.send(b"")
    except (OSError, WebSocketException):
        connection.close(End.lost)


def _shut(wire: socket.socket, how: int) -> None:
    with suppress(OSError):
        wire.shutdown(how)
