"""What a guest said and the plane has not taken yet: bounded, and never in the guest's way.

Promises: putting never waits, so that a slow line never holds up a guest; of what is too much
the oldest goes, and whoever takes is told how much that was.
"""

import threading


class Backlog:
    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._changed = threading.Condition()
        self._kept = bytearray()
        self._lost = 0
        self._is_ended = False

    def put(self, said: bytes) -> None:
        with self._changed:
            self._kept += said
            over = len(self._kept) - self._limit
            if over > 0:
                del self._kept[:over]
                self._lost += over
            self._changed.notify()

    def end(self) -> None:
        """Nothing more comes; what is kept is still to be taken."""
        with self._changed:
            self._is_ended = True
            self._changed.notify()

    def take(self, limit_bytes: int) -> bytes | None:
        """What was said first; waits for it.  None when all was taken and nothing more comes."""
        with self._changed:
            while not self._kept and not self._is_ended:
                self._changed.wait()
            if not self._kept:
                return None
            notice = b""
            if self._lost:
                notice = b"\r\n[hanza: the line is slow; %d bytes are left out]\r\n" % self._lost
                self._lost = 0
            size = max(limit_bytes - len(notice), 1)
            taken = bytes(self._kept[:size])
            del self._kept[:size]
            return notice + taken
