"""The terminal of whoever uses a console: every key goes to the guest but one.

Promises: however the block ends, the terminal is as it was, what the guest turned on in it is
off again, and what it made the terminal say unasked is thrown away instead of reaching a shell.
Only a kill that no program survives leaves it as it is; `reset` helps then.  It does not make a
guest's output harmless: a console that did would be none.
"""

import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ESCAPE = b"\x1d"
ESCAPE_NAME = "Ctrl-]"
_CALM = (
    b"\x1b[!p"  # soft reset: colours, cursor, keypad, margins
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l"  # no words of the mouse
    b"\x1b[?2004l"  # no brackets around what is pasted
    b"\r\n"
)
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raw_terminal(keyboard: int, screen: int) -> Iterator[bool]:
    """Whether the keyboard is a terminal; it is raw in the block, and signals end it in order."""
    if not os.isatty(keyboard):
        yield False
        return
    before = termios.tcgetattr(keyboard)
    handlers = {number: signal.signal(number, _end) for number in _ENDINGS}
    try:
        tty.setraw(keyboard)
        yield True
    finally:
        if os.isatty(screen):
            os.write(screen, _CALM)
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
