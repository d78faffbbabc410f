"""The one outbound connection of an agent: a WebSocket to whichever plane answers.

Promises: TLS 1.3 that trusts the federation's root and nothing else (not the machine's own
authorities), and a name that must fit; frames are binary; a plane that falls silent is left and
dialled anew, for ever, with growing pauses.  What is said and what it means is `session`'s.
"""

import os
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from hanza.agent.address import Address
from hanza.agent.numbers import Counted, NumbersTold
from hanza.agent.peers import Meeting
from hanza.agent.session import Session
from hanza.agent.wires import OPEN_TIMEOUT_S, ProxyOf, connected, no_proxy
from hanza.kit.backoff import delay_after
from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.kit.points import Point, pass_by
from hanza.model.errors import HanzaError, Invalid, Unauthenticated
from hanza.model.numbers import Numbers
from hanza.model.probe import Target, Trip
from hanza.model.report import View
from hanza.wire import agent_v1

CEILING = timedelta(seconds=8)
"""After a plane's restart the last of its agents is back within this and the time of a greeting."""
DIAL_DEADLINE_S = 15.0
CLOSE_TIMEOUT_S = 2.0
PING_EVERY_S = 60.0
"""Heartbeats are the agent's own; this keeps idle middleboxes from forgetting us between them."""
TICK_S = 1.0
_log = Log("hanza.agent.link")
_WORDS: dict[type[agent_v1.Up], str] = {
    agent_v1.Hello: "hello",
    agent_v1.Holding: "holding",
    agent_v1.NeedWhole: "need_whole",
    agent_v1.ReportUp: "report",
    agent_v1.Heartbeat: "heartbeat",
    agent_v1.ConsoleRefused: "console_refused",
    agent_v1.Measured: "measured",
    agent_v1.Answering: "answering",
    agent_v1.Met: "met",
    agent_v1.Diary: "diary",
    agent_v1.Checkup: "checkup",
    agent_v1.Strangers: "strangers",
    agent_v1.NumbersUp: "numbers",
    agent_v1.Running: "running",
}
Outbox = queue.SimpleQueue[agent_v1.Up | None]
"""What is still to be sent on one connection; None ends its sender."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a WebSocket is opened for."""

    path: str
    frame_bytes_max: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


LINK = Errand(agent_v1.LINK_PATH, agent_v1.FRAME_BYTES_MAX)


def pause_after(failures: int, chance: float) -> timedelta:
    """How long to wait with the next call: growing, and spread by `chance` from 0 to 1.

    A plane that restarts loses all of its agents in one moment, and they shall not come back in
    one.
    """
    return delay_after(failures, ceiling=CEILING) * (0.5 + 0.5 * chance)


ASKED_S_MAX = 30


def asked_pause(error: Exception, chance: float) -> timedelta | None:
    """How long a plane that starts wants to be left alone; None for whatever else went wrong.

    Spread to twice of it, so that all who were told the same do not come back in one moment.
    """
    if not isinstance(error, InvalidStatus) or error.response.status_code != 503:
        return None
    seconds = error.response.headers.get_all("retry-after")
    if len(seconds) != 1 or not (seconds[0].isascii() and seconds[0].isdigit()):
        return None
    asked = min(int(seconds[0][:4]), ASKED_S_MAX)
    return timedelta(seconds=asked) * (1 + chance)


class Dial(Protocol):
    """How a connection is made: `WebSocketDial`, or a stand-in that needs no network."""

    def __call__(self, address: Address) -> ClientConnection: ...


def trust_only(root_pem: str) -> ssl.SSLContext:
    """TLS 1.3 with the federation's root as its only authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=root_pem)
    return context


class WebSocketDial:
    def __init__(
        self,
        root: Path | None,
        deadline_s: float = DIAL_DEADLINE_S,
        proxy: ProxyOf = no_proxy,
    ) -> None:
        """`root` is the federation's root certificate; None for plain HTTP on loopback."""
        self._deadline_s = deadline_s
        self._proxy = proxy
        self._context = None if root is None else trust_only(root.read_text())

    def __call__(self, address: Address, errand: Errand = LINK) -> ClientConnection:
        """Raises `OSError` or what websockets raises; never takes longer than its deadline.

        The library's own timeout does not end a read that waits within TLS, so the deadline is
        kept from outside: it shuts the socket under whoever still waits on it.
        """
        with ExitStack() as undo:
            proxy = self._proxy(address)
            wire = undo.enter_context(connected(address, self._context, proxy))
            connection = self._call(address, wire, errand)
            undo.pop_all()
        return connection

    def _call(self, address: Address, wire: socket.socket, errand: Errand) -> ClientConnection:
        wire.settimeout(None)
        # A handle of its own, below TLS: it can be shut whatever TLS is doing.
        with socket.fromfd(wire.fileno(), wire.family, wire.type) as handle:
            deadline = threading.Timer(self._deadline_s, _cut, (handle,))
            deadline.daemon = True
            deadline.start()
            try:
                return _shake_hands(address, wire, errand)
            finally:
                deadline.cancel()


def _shake_hands(address: Address, wire: socket.socket, errand: Errand) -> ClientConnection:
    if isinstance(wire, ssl.SSLSocket):
        wire.do_handshake()
    return connect(
        # To the library the wire is plain: its TLS is laid already.
        address.url_of(errand.path).replace("wss://", "ws://", 1),
        sock=wire,
        compression=None,
        max_size=errand.frame_bytes_max,
        additional_headers=dict(errand.headers),
        open_timeout=OPEN_TIMEOUT_S,
        close_timeout=CLOSE_TIMEOUT_S,
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_EVERY_S / 2,
        user_agent_header=None,
        proxy=None,
    )


def _cut(wire: socket.socket) -> None:
    with suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)


class Link:
    """Shared by two threads: one calls `run_once` for ever, the other `offer`."""

    def __init__(
        self,
        addresses: Callable[[], tuple[Address, ...]],
        session: Session,
        clock: Clock,
        dial: Dial,
        point: Point = pass_by,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`addresses` are asked for before each call: they change with the directory.

        `chance` gives bytes by which pauses are spread.
        """
        self._addresses = addresses
        self._chance = chance
        self._session = session
        self._clock = clock
        self._dial = dial
        self._point = point
        self._lock = threading.Lock()
        self._outbox: Outbox | None = None
        self._connection: ClientConnection | None = None
        self._failures = self._asked = 0
        self._next_address = 0
        self._is_closed = False
        self.counted = Counted(point)
        """What goes by way of it."""
        self.on_message: Callable[[], None] = lambda: None
        """Called after each message of the plane: a hint that the manifest may be another."""
        self.on_console: Callable[[Address, agent_v1.ConsoleWanted], None] = lambda *_: None
        """Called when the plane at an address wants a console; must not wait."""
        self.on_port: Callable[[Address, agent_v1.PortWanted], None] = lambda *_: None
        """Called when the plane at an address wants a guest's port; must not wait."""
        self.on_log: Callable[[Address, agent_v1.LogWanted], None] = lambda *_: None
        """Called when the plane at an address wants what a guest writes; must not wait."""

    def offer(self, view: View) -> None:
        """Never waits for the network."""
        with self._lock:
            ups = self._session.offer(view)
            if self._outbox is not None:
                _post(self._outbox, ups)

    def say(self, message: agent_v1.Up) -> None:
        """Beside what the session says; lost when there is no connection.  Never waits."""
        with self._lock:
            if self._outbox is not None:
                self._outbox.put(message)

    def tell_numbers(self, look: Callable[[], Numbers]) -> None:
        """What planes that ask are told of the agent; to be said before it runs."""
        self._session.numbers = NumbersTold(look)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What the plane wants measured; nothing while none is there."""
        with self._lock:
            return self._session.targets

    def offer_trips(self, trips: tuple[Trip, ...]) -> None:
        """Never waits for the network."""
        with self._lock:
            ups = self._session.offer_trips(trips)
            if self._outbox is not None:
                _post(self._outbox, ups)

    @property
    def meeting(self) -> Meeting:
        """Whom the plane wants asked; nobody while none is there."""
        with self._lock:
            return self._session.meeting

    def offer_meetings(self, number: int, trips: tuple[Trip, ...]) -> None:
        """Never waits for the network."""
        with self._lock:
            ups = self._session.offer_meetings(number, trips)
            if self._outbox is not None:
                _post(self._outbox, ups)

    def run_once(self) -> timedelta:
        """Hold one connection from dialling to its end; how long to wait before the next."""
        addresses = self._addresses()
        address = addresses[self._next_address % len(addresses)]
        self.counted.dials += 1
        share, asked = int.from_bytes(self._chance(2)) / 0xFFFF, None
        try:
            with self._dial(address) as connection:
                self._converse(connection, address)
        except (OSError, WebSocketException, HanzaError) as error:
            asked = asked_pause(error, share)
            _log.warning(
                "link.failed", url=address.link_url(), kind=type(error).__name__, text=str(error)
            )
        self._next_address = (self._next_address + 1) % len(addresses)
        if asked is not None:
            # A plane that starts is no failure; another that is there is tried at once.
            self._asked += 1
            return timedelta(0) if self._asked % len(addresses) else asked
        # Every plane is tried once before the pause grows.
        self._failures += 1
        return pause_after(self._failures // len(addresses), share)

    @property
    def is_linked(self) -> bool:
        """Whether a plane has welcomed this agent and is still there."""
        with self._lock:
            return self._outbox is not None and self._session.is_welcome

    def close(self) -> None:
        """End the connection, and let no other begin."""
        with self._lock:
            self._is_closed = True
            connection = self._connection
        if connection is not None:
            connection.close()

    # -- one connection -----------------------------------------------------------------------

    def _converse(self, connection: ClientConnection, address: Address) -> None:
        outbox: Outbox = queue.SimpleQueue()
        with self._lock:
            if self._is_closed:
                return
            self._session.open()
            self._outbox, self._connection = outbox, connection
        sender = threading.Thread(
            target=self._send_until_told, args=(connection, outbox), name="link-sender", daemon=True
        )
        sender.start()
        try:
            for frame in connection:
                self._hear(frame, outbox, address)
        finally:
            with self._lock:
                self._outbox, self._connection = None, None
            outbox.put(None)
            connection.close()
            sender.join()
            _log.info("link.closed", url=address.link_url())

    def _hear(self, frame: str | bytes, outbox: Outbox, address: Address) -> None:
        if isinstance(frame, str):
            raise Invalid("a text frame; ours are binary", field="frame")
        self.counted.received += len(frame)
        message = agent_v1.decode_down(frame)
        with self._lock:
            was_welcome = self._session.is_welcome
            _post(outbox, self._session.receive(message))
            refused, is_welcome = self._session.refused, self._session.is_welcome
        if refused is not None:
            raise Unauthenticated(f"the plane refused: {refused.text} ({refused.code})")
        if isinstance(message, agent_v1.ReportTaken):
            # Only now, since a plane may also welcome an agent and then refuse it.
            self._failures = 0
        if is_welcome and not was_welcome:
            _log.info("link.opened", url=address.link_url())
        if isinstance(message, agent_v1.ConsoleWanted):
            self.on_console(address, message)
        if isinstance(message, agent_v1.LogWanted):
            self.on_log(address, message)
        if isinstance(message, agent_v1.PortWanted):
            self.on_port(address, message)
        self.on_message()

    def _send_until_told(self, connection: ClientConnection, outbox: Outbox) -> None:
        """A thread of its own, so that neither hearing nor converging ever waits for sending."""
        try:
            while self._send_next(connection, outbox):
                pass
        except (OSError, WebSocketException) as error:
            _log.warning("link.cut", kind=type(error).__name__)
        finally:
            # The hearing thread ends with the connection, whichever of the two found it dead.
            connection.close()

    def _send_next(self, connection: ClientConnection, outbox: Outbox) -> bool:
        """Whether there may be more."""
        try:
            message = outbox.get(timeout=TICK_S)
        except queue.Empty:
            pass
        else:
            if message is None:
                return False
            self._send(connection, message)
        now = self._clock.now()
        with self._lock:
            _post(outbox, self._session.beat(now))
            is_lost = self._session.is_lost(now)
        if is_lost:
            _log.warning("link.silent", beats=agent_v1.HEARTBEAT_EVERY_S)
        return not is_lost

    def _send(self, connection: ClientConnection, message: agent_v1.Up) -> None:
        word = _WORDS[type(message)]
        self._point(f"link.{word}.before")
        frame = agent_v1.encode(message)
        connection.send(frame)
        self.counted.sent += len(frame)
        self._point(f"link.{word}.after")


def _post(outbox: Outbox, messages: list[agent_v1.Up]) -> None:
    for message in messages:
        outbox.put(message)
