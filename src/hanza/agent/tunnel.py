"""TLS within TLS: a plain socket whose bytes go through a connection that speaks TLS already.

Promises: whoever has the socket treats it as any other, TLS of its own included, which `ssl` cannot
lay on a socket that it has laid already; what waits in between is one piece each way, so a slow
side slows the other; when either side is gone the other sees the end of it.  One thread each.
"""

import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

PIECE = 16 * 1024
T = TypeVar("T")


def through(outer: ssl.SSLSocket) -> socket.socket:
    """The near end; `outer` is the tunnel's from here on."""
    near, far = socket.socketpair()
    outer.setblocking(False)
    far.setblocking(False)
    threading.Thread(target=_carry, args=(outer, far), name="tunnel", daemon=True).start()
    return near


def _carry(outer: ssl.SSLSocket, far: socket.socket) -> None:
    with ExitStack() as at_the_end, selectors.DefaultSelector() as selector:
        at_the_end.callback(outer.close)
        at_the_end.callback(far.close)
        down, up = _Way(outer, far), _Way(far, outer)
        try:
            while True:
                if down.go_on() or up.go_on():
                    continue
                if down.is_over or up.is_over:
                    return
                for one in (outer, far):
                    _watch(selector, one, down.wants(one) | up.wants(one))
                selector.select()
        except OSError:
            return  # whoever has the other end sees that it is over


def _watch(selector: selectors.BaseSelector, one: socket.socket, events: int) -> None:
    """Of whom nothing is wanted is not looked at: what waits there would wake us for ever."""
    is_known = one in selector.get_map()
    if events and is_known:
        selector.modify(one, events)
    elif events:
        selector.register(one, events)
    elif is_known:
        selector.unregister(one)


class _Way:
    """From one socket to the other."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self._source, self._sink = source, sink
        self._piece = b""
        self._wants: dict[socket.socket, int] = {}
        self.is_over = False

    def wants(self, one: socket.socket) -> int:
        return self._wants.get(one, 0)

    def go_on(self) -> bool:
        """Whether anything was moved.  Raises `OSError`."""
        self._wants = {}
        if self._piece:
            sent = self._try(
                self._sink, selectors.EVENT_WRITE, lambda: self._sink.send(self._piece)
            )
            self._piece = self._piece[sent or 0 :]
            return bool(sent)
        found = self._try(self._source, selectors.EVENT_READ, lambda: self._source.recv(PIECE))
        if found is None:
            return False
        self.is_over = not found
        self._piece = found
        return bool(found)

    def _try(self, one: socket.socket, event: int, act: Callable[[], T]) -> T | None:
        try:
            return act()
        except ssl.SSLWantReadError:
            self._wants[one] = selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            self._wants[one] = selectors.EVENT_WRITE
        except BlockingIOError:
            self._wants[one] = event
        return None
