"""What a plane and the front before it say to each other: words on a line of their own.

    plane                                   front
    warm     its code is read           →
                                        ←   go       the one before it is gone: begin
    ready    it will accept now         →
                                        ←   yours    I have ceased to accept
    drains   it accepts nothing more    →            accepts again itself

Promises: never do both accept; who loses the other sees the end of the line.  A plane whose front
is gone ends, so that the next front finds the addresses free.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

VARIABLE = "HANZA_FRONT"
"""Numbers of open files in a plane's environment: its line to the front, then the listeners."""
WARM, READY, DRAINS = "warm", "ready", "drains"
GO, YOURS = "go", "yours"


class FrontGone(Exception):
    """The front is gone, so there is nobody to serve for."""


@dataclass(frozen=True, slots=True)
class Handover:
    """The plane's end.  Not for two threads."""

    line: socket.socket
    listeners: tuple[socket.socket, ...]
    """In the order of the settings: those for everybody, then those for this machine's browsers."""

    def await_go(self) -> None:
        """Say that this process could begin, and wait until it may.  Raises `FrontGone`."""
        self._ask(WARM, GO)

    def take(self) -> None:
        """Returns when nobody else accepts.  Raises `FrontGone`."""
        self._ask(READY, YOURS)

    def give_back(self) -> None:
        """Nothing more is accepted here."""
        self._say(DRAINS)

    def is_over(self) -> bool:
        """Whether the front is gone; to be asked when the line can be read."""
        try:
            return self.line.recv(64, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _ask(self, word: str, answer: str) -> None:
        self._say(word)
        heard = b""
        while not heard.endswith(b"\n"):
            piece = self.line.recv(64)
            if not piece:
                raise FrontGone
            heard += piece
        if heard.decode() != f"{answer}\n":
            raise FrontGone

    def _say(self, word: str) -> None:
        try:
            self.line.sendall(f"{word}\n".encode())
        except OSError as error:
            raise FrontGone from error


def handed_over(environ: Mapping[str, str], forget: Callable[[str], object]) -> Handover | None:
    """What a front has left to this process, once: no child of it shall take it for its own."""
    numbers = environ.get(VARIABLE)
    if not numbers:
        return None
    forget(VARIABLE)
    line, *listeners = (int(number) for number in numbers.split(","))
    for number in (line, *listeners):
        os.set_inheritable(number, False)
    return Handover(
        socket.socket(fileno=line), tuple(socket.socket(fileno=number) for number in listeners)
    )
