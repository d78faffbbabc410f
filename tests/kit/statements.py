"""Kills a process at its n-th statement, on either database.

There it says so on a pipe, gives others the time to be at work, and then dies by SIGKILL.  On
SQLite that is a callback of the database's own before it runs a statement.  On PostgreSQL it is
done from outside, by who stands between the two and passes on what is said: nothing of the victim
knows of it.
"""

import os
import select
import signal
import socket
import sqlite3
import struct
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

STILL_S = 0.015
"""Longer than what others need for some statements of theirs."""
SOCKET = ".s.PGSQL.5432"
_PEER = struct.Struct("3i")
_LENGTH = struct.Struct("!I")
_ASKS = frozenset(b"QE")
"""Messages that run something: a text, or what was prepared."""


@dataclass(frozen=True, slots=True)
class Order:
    """At which statement it is to die, counted from 1; zero only counts."""

    at: int
    says: int
    """The end of a pipe to write to on standing still."""
    still_s: float = STILL_S

    def stand_still(self) -> None:
        os.write(self.says, b"!")
        select.select([], [], [], self.still_s)


class Counting:
    """Of every connection to SQLite that this process opens from now on."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.passed = 0
        sa.event.listen(sa.Engine, "connect", self._on_connect)

    def _on_connect(self, connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(self._on_statement)

    def _on_statement(self, _: str) -> None:
        self.passed += 1
        if self.passed == self._order.at:
            self._order.stand_still()
            os.kill(os.getpid(), signal.SIGKILL)


class Between:
    """Stands between a process and PostgreSQL until the process has gone."""

    def __init__(self, folder: Path, server: Path, order: Order) -> None:
        """`folder` is where the process finds the server; the server is at `server`."""
        self._server, self._order = server, order
        self._door = socket.socket(socket.AF_UNIX)
        path = folder / SOCKET
        path.unlink(missing_ok=True)
        self._door.bind(str(path))
        self._door.listen()
        self.passed = 0
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._asking: dict[socket.socket, _Frames] = {}

    def serve(self, leave: int) -> int:
        """Pass on until `leave` can be read; how many statements there were."""
        while True:
            ready, _, _ = select.select([self._door, leave, *self._pairs], [], [])
            for one in ready:
                if one is self._door:
                    self._welcome()
                elif one == leave:
                    return self.passed
                elif one in self._pairs:
                    self._pass_on(one)

    def close(self) -> None:
        self._door.close()

    def _welcome(self) -> None:
        near, _ = self._door.accept()
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self._server / SOCKET))
        self._pairs |= {near: far, far: near}
        self._asking[near] = _Frames()

    def _pass_on(self, one: socket.socket) -> None:
        other = self._pairs[one]
        try:
            said = one.recv(65536)
            if said and one in self._asking and self._meets(one, said):
                return
            if said:
                other.sendall(said)
                return
        except OSError:
            pass  # either has gone: so has what they had to say
        for side in (one, other):
            del self._pairs[side]
            side.close()

    def _meets(self, near: socket.socket, said: bytes) -> bool:
        """Whether the process was killed over what it just said, which nobody then hears."""
        for _ in range(self._asking[near].asks_in(said)):
            self.passed += 1
            if self.passed == self._order.at:
                self._order.stand_still()
                peer = near.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
                os.kill(_PEER.unpack(peer)[0], signal.SIGKILL)
                return True
        return False


class _Frames:
    """The messages of one connection, however they are cut; the first one has no letter."""

    def __init__(self) -> None:
        self._rest = b""
        self._has_begun = False

    def asks_in(self, said: bytes) -> int:
        self._rest += said
        found = 0
        while True:
            letter = 1 if self._has_begun else 0
            if len(self._rest) < letter + _LENGTH.size:
                return found
            (length,) = _LENGTH.unpack_from(self._rest, letter)
            if len(self._rest) < letter + length:
                return found
            found += self._has_begun and self._rest[0] in _ASKS
            self._rest = self._rest[letter + length :]
            self._has_begun = True
