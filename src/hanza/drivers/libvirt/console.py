"""Consoles: the emulator's own socket for a guest's serial port, spoken to directly.

Not libvirt's console stream: that shares libvirt's connection, whose client keeps whatever a
guest says and nobody has read yet, without any bound, and whose daemon stops reading us while a
guest does not read what was typed.  A socket of the guest's own has neither fault, and the
emulator writes the log whether or not anybody is connected.

Promises: one line per guest and driver; a line ends with the guest's process; no thread waits
for another's read.  The emulator serves one connection at a time, so while the site's owner has
the port open (`virsh console`), a line here is mute until they leave.
"""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hanza.drivers.libvirt.connection import told_of_file
from hanza.model.errors import Rejected, Unsupported
from hanza.model.ids import NativeId


class Lines:
    """Which guests have a line now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[NativeId] = set()

    def open(self, native: NativeId, path: Path | None) -> "SocketConsole":
        """Raises `Rejected` while there is another, `Unavailable` when nobody answers there."""
        if path is None:
            raise Unsupported("this engine's guests have no consoles")
        with self._lock:
            if native in self._open:
                raise Rejected("the guest's console is open already")
            self._open.add(native)
        try:
            return SocketConsole(_connected(path), lambda: self._drop(native))
        except OSError as error:
            self._drop(native)
            raise told_of_file(error) from error

    def _drop(self, native: NativeId) -> None:
        with self._lock:
            self._open.discard(native)


def _connected(path: Path) -> socket.socket:
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Never waits: an emulator that is stopped, or whose waiting room is full, is unavailable.
        wire.setblocking(False)
        wire.connect(str(path))
    except OSError:
        wire.close()
        raise
    return wire


class SocketConsole:
    def __init__(self, wire: socket.socket, hung_up: Callable[[], None]) -> None:
        """Has the wire, which does not block, for itself."""
        self._wire = wire
        self._hung_up = hung_up
        self._lock = threading.Lock()
        self._users = 0
        self._is_closed = False

    def read(self, limit_bytes: int, within_s: float) -> bytes | None:
        with self._using() as wire:
            if wire is None:
                return None
            select.select([wire], [], [], within_s)
            try:
                return wire.recv(limit_bytes) or None
            except BlockingIOError:
                return b""
            except OSError:
                return None

    def write(self, data: bytes, within_s: float) -> int:
        with self._using() as wire:
            if wire is None or not data:
                return 0
            select.select([], [wire], [], within_s)
            try:
                return wire.send(data)
            except OSError:
                # Full, which is no end, or gone, which the next read tells.
                return 0

    def close(self) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            with suppress(OSError):
                # Wakes whoever waits on the wire; the number itself stays theirs until they go.
                self._wire.shutdown(socket.SHUT_RDWR)
            self._close_if_unused()
        self._hung_up()

    @contextmanager
    def _using(self) -> Iterator[socket.socket | None]:
        """The wire, which is not closed under whoever uses it; None once it was hung up."""
        with self._lock:
            is_usable = not self._is_closed
            self._users += is_usable
        try:
            yield self._wire if is_usable else None
        finally:
            with self._lock:
                self._users -= is_usable
                self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._is_closed and not self._users:
            self._wire.close()
