"""The smallest plane that a front can stand before: it tells who it is, and nothing else.

    python -m kit.tiny_plane STATE PORT     behind the front that has started it

What it finds in its state folder is what goes wrong: `broken`, it ends before it could begin;
`refuses`, it ends when it may begin; `slow`, it does not take over as long as the file is there.
"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path

from hanza.boot.front.handover import FrontGone, Handover, handed_over

BROKEN, REFUSES = 7, 3


def main() -> int:
    front = handed_over(os.environ, os.environ.pop)
    assert front is not None, "a front has started it"
    return run(front, Path(sys.argv[1]))


def run(front: Handover, state: Path) -> int:
    if (state / "broken").exists():
        return BROKEN
    with contextlib.suppress(FrontGone):
        return serve(front, state)
    return 0


def serve(front: Handover, state: Path) -> int:
    told, teller = socket.socketpair()
    teller.setblocking(False)
    signal.set_wakeup_fd(teller.fileno())
    front.await_go()
    signal.signal(signal.SIGTERM, lambda *_: None)
    if (state / "refuses").exists():
        return REFUSES
    while (state / "slow").exists():
        threading.Event().wait(0.01)
    front.take()
    (listener,) = front.listeners
    listener.setblocking(False)
    with selectors.DefaultSelector() as selector:
        for one in (told, front.line, listener):
            selector.register(one, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if listener in ready:
                _answer(listener)
            if told in ready or (front.line in ready and front.is_over()):
                front.give_back()
                return 0


def _answer(listener: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        caller, _ = listener.accept()
        with caller:
            caller.setblocking(True)
            while not caller.recv(4096).endswith(b"\r\n\r\n"):
                pass
            who = str(os.getpid()).encode()
            head = f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len(who)}\r\n\r\n"
            caller.sendall(head.encode() + who)


if __name__ == "__main__":
    sys.exit(main())
