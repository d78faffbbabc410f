"""What answers while no plane does: 503 to everybody, on the plane's own sockets.

Promises: every request of HTTP gets 503 `plane.starting` with Retry-After, a WebSocket's too, by
TLS where the plane has a certificate; `/healthz` stays 200, for whoever started the front need not
start it again, and `/readyz` says why not.  A caller has `CALLER_S` in all, and no more than
`CALLERS_MAX` are in at once; the others wait outside and are not refused.  Where there is no
certificate yet, nobody is let in.  One thread; it never waits but in the selector.
"""

import json
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

HEAD_BYTES_MAX = 32 * 1024
CALLER_S = 5.0
LINGER_S = 1.0
CALLERS_MAX = 128
DETAIL = "the plane starts, and answers in a moment"
HINT = "ask again after the seconds of Retry-After"


@dataclass(frozen=True, slots=True)
class Door:
    """A listening socket, and whether TLS is spoken there."""

    listener: socket.socket
    is_tls: bool


def answer_to(head: bytes, retry_after_s: int) -> bytes:
    """The whole answer to the head of a request; what is no HTTP gets one too."""
    method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    status, kind, body = "503 Service Unavailable", "application/problem+json", _problem(path)
    if path == "/healthz":
        status, kind, body = "200 OK", "application/json", {"status": "ok"}
    elif path == "/readyz":
        kind, body = "application/json", {"status": "unready", "reasons": [DETAIL]}
    text = json.dumps(body, separators=(",", ":")).encode()
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(text)}"]
    lines += [] if path == "/healthz" else [f"retry-after: {retry_after_s}"]
    whole = "\r\n".join([*lines, "connection: close", "", ""]).encode()
    return whole if method == "HEAD" else whole + text


def _problem(path: str) -> dict[str, object]:
    """As `wire.problems` would say it, which is too much to be read here; a test compares."""
    return {
        "type": "http://secapi.cloud/errors/service-unavailable",
        "title": "service unavailable",
        "status": 503,
        "detail": DETAIL,
        "instance": path,
        "sources": [],
        "code": "plane.starting",
        "hint": HINT,
    }


class Porch:
    """Open while no plane serves."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        doors: Sequence[Door],
        tls: Callable[[], ssl.SSLContext | None],
        retry_after_s: Callable[[], int],
    ) -> None:
        """`tls` is asked each time the porch opens: certificates are made anew."""
        self._selector = selector
        self._doors = doors
        self._tls = tls
        self._retry_after_s = retry_after_s
        self._context: ssl.SSLContext | None = None
        self._callers: dict[socket.socket, _Caller] = {}
        self._watched: set[socket.socket] = set()
        self._is_open = False
        self.answered = 0

    def open(self) -> None:
        if not self._is_open:
            self._is_open, self._context = True, self._tls()
            self._watch()

    def close(self) -> None:
        """Nobody else is let in; who is in gets an answer."""
        self._is_open = False
        self._watch()

    @property
    def is_busy(self) -> bool:
        return bool(self._callers)

    def visit(self, ready: socket.socket) -> None:
        """A socket of the porch's can be read or written."""
        caller = self._callers.get(ready)
        if caller is not None:
            self._go_on(caller)
        else:
            self._let_in(ready)

    def sweep(self) -> None:
        """Send away who takes too long."""
        now = time.monotonic()
        for caller in [one for one in self._callers.values() if now >= one.until]:
            self._send_away(caller)

    # -- inside -------------------------------------------------------------------------------

    def _watch(self) -> None:
        has_room = self._is_open and len(self._callers) < CALLERS_MAX
        for door in self._doors:
            is_wanted = has_room and (self._context is not None or not door.is_tls)
            if is_wanted and door.listener not in self._watched:
                self._selector.register(door.listener, selectors.EVENT_READ, self)
                self._watched.add(door.listener)
            elif not is_wanted and door.listener in self._watched:
                self._selector.unregister(door.listener)
                self._watched.remove(door.listener)

    def _let_in(self, listener: socket.socket) -> None:
        if listener not in self._watched:
            return  # closed since the selector looked
        try:
            wire, _ = listener.accept()
        except OSError:
            return  # gone again
        wire.setblocking(False)
        door = next(one for one in self._doors if one.listener is listener)
        if door.is_tls and self._context is not None:
            try:
                wire.getpeername()
                wire = self._context.wrap_socket(wire, True, do_handshake_on_connect=False)
            except (OSError, ValueError):  # reset while it waited outside
                wire.close()
                return
        caller = _Caller(wire, self._retry_after_s)
        self._callers[wire] = caller
        self._selector.register(wire, selectors.EVENT_READ, self)
        self._watch()

    def _go_on(self, caller: "_Caller") -> None:
        try:
            events = caller.go_on()
        except (OSError, ValueError):  # `ssl` says some ends of a wire by ValueError
            events = 0
        if events:
            self._selector.modify(caller.wire, events, self)
        else:
            self._send_away(caller)

    def _send_away(self, caller: "_Caller") -> None:
        self.answered += caller.is_answered
        del self._callers[caller.wire]
        self._selector.unregister(caller.wire)
        caller.wire.close()
        self._watch()


class _Caller:
    """One connection: hello by TLS, head, answer, and a moment for the answer to arrive."""

    def __init__(self, wire: socket.socket, retry_after_s: Callable[[], int]) -> None:
        self.wire = wire
        self.until = time.monotonic() + CALLER_S
        self.is_answered = False
        self._retry_after_s = retry_after_s
        self._is_greeted = not isinstance(wire, ssl.SSLSocket)
        self._head = b""
        self._answer = b""

    def go_on(self) -> int:
        """What to wait for; 0 when it is over.  Raises `OSError`."""
        try:
            return self._step()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        except BlockingIOError:
            return selectors.EVENT_WRITE if self._answer else selectors.EVENT_READ

    def _step(self) -> int:
        if self.is_answered:
            return self._linger()
        if not self._is_greeted and isinstance(self.wire, ssl.SSLSocket):
            self.wire.do_handshake()
            self._is_greeted = True
        while not self._answer:
            piece = self.wire.recv(4096)
            if not piece:
                return 0
            self._head += piece
            if b"\r\n\r\n" in self._head or len(self._head) > HEAD_BYTES_MAX:
                self._answer = answer_to(self._head, self._retry_after_s())
        while self._answer:
            self._answer = self._answer[self.wire.send(self._answer) :]
        self._bid_farewell()
        return self._linger()

    def _bid_farewell(self) -> None:
        """To close with unread bytes would reset the wire under the answer."""
        if isinstance(self.wire, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.wire.unwrap()
        self.wire.shutdown(socket.SHUT_WR)
        self.is_answered, self.until = True, time.monotonic() + LINGER_S

    def _linger(self) -> int:
        """One piece at a time: who never ceases to send shall not keep the others waiting."""
        return selectors.EVENT_READ if self.wire.recv(65536) else 0
