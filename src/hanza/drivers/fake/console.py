"""A console of the fake: it echoes what is typed, and that is all a guest of the fake can say.

Promises: what is echoed is in the guest's serial output, so that a log and a console never tell
two stories; a port takes `ECHO_BYTES_MAX` in one run and is stuffed from then on, as that of a
guest is that does not read.
"""

import threading
import time

from hanza.drivers.fake.site import FakeSite, Site
from hanza.drivers.fake.state import GuestRow
from hanza.model.ids import NativeId

ECHO_BYTES_MAX = 256 * 1024
LOOK_EVERY_S = 0.02


class FakeConsole:
    def __init__(self, site: FakeSite, native: NativeId, now: Site) -> None:
        """For a guest that is on, as `now` shows it; its line was taken."""
        row = now.state.guests[native]
        self._site = site
        self._native = native
        self._run = row.powered_at
        self._at = len(now.serial_of(row))
        self._closed = threading.Event()

    def read(self, limit_bytes: int, within_s: float) -> bytes | None:
        until = time.monotonic() + within_s
        while True:
            with self._site.look() as site:
                row = self._row(site)
                if row is None:
                    return None
                said = site.serial_of(row)[self._at : self._at + limit_bytes]
                self._at += len(said)
            left = until - time.monotonic()
            if said or left <= 0:
                return said
            self._closed.wait(min(left, LOOK_EVERY_S))

    def write(self, data: bytes, within_s: float) -> int:
        until = time.monotonic() + within_s
        while not (taken := self._echo(data)) and data and not self._closed.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            self._closed.wait(min(left, LOOK_EVERY_S))
        return taken

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._site.drop_line(self._native)

    def _echo(self, data: bytes) -> int:
        with self._site.open() as site:
            row = self._row(site)
            if row is None:
                return 0
            taken = data[: max(ECHO_BYTES_MAX - len(row.echoed), 0)]
            # As a terminal's driver does it: the return key begins a new line.
            row.echoed += taken.replace(b"\r", b"\r\n")
            return len(taken)

    def _row(self, site: Site) -> GuestRow | None:
        """The guest in the run that the line was opened to; None once that is over."""
        row = site.state.guests.get(self._native)
        if self._closed.is_set() or row is None or row.powered_at != self._run:
            return None
        return row
