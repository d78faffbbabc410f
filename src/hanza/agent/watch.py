"""What is remembered of guests between two looks: since when they run, what they last said.

It lives in memory and may be lost without harm: a guest is then heard anew, and given its full
patience again.  It only reads from the driver, and decides nothing: see `plan.boot`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hanza.drivers.spi import Driver
from hanza.kit.points import Point, pass_by
from hanza.kit.text import harmless
from hanza.model.errors import DriverError
from hanza.model.guest import Boot, Guest, HostFacts
from hanza.model.ids import NativeId
from hanza.plan.boot import PATIENCE, boot_of, patience_for
from hanza.wire.agent_v1 import FRAME_BYTES_MAX, SERIAL_TAIL_BYTES

TAILS_BYTES_MAX = FRAME_BYTES_MAX // 8
"""All tails together; a whole report has to fit into one frame, and a byte may become three."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of one guest's boot, and the end of its serial output."""

    boot: Boot
    serial_tail: str


@dataclass(frozen=True, slots=True)
class _Memory:
    on_since: datetime | None
    serial_bytes: int | None
    tail: str


_NEW = _Memory(None, None, "")


class Watch:
    def __init__(self, driver: Driver, point: Point = pass_by) -> None:
        self._driver = driver
        self._point = point
        self._memories: dict[NativeId, _Memory] = {}

    def listen(
        self, guests: Collection[Guest], hosts: Iterable[HostFacts], now: datetime
    ) -> Mapping[NativeId, Heard]:
        """Hear every guest; the port of one is read only when it has written since."""
        limit = min(SERIAL_TAIL_BYTES, TAILS_BYTES_MAX // max(len(guests), 1))
        patience = {host.name: patience_for(host.accelerator) for host in hosts}
        memories = self._memories
        self._memories = {}
        heard = {}
        for guest in guests:
            memory = self._hear(guest, memories.get(guest.native, _NEW), limit, now)
            self._memories[guest.native] = memory
            boot = boot_of(guest, memory.on_since, patience.get(guest.host, PATIENCE), now)
            heard[guest.native] = Heard(boot, memory.tail)
        return heard

    def _hear(self, guest: Guest, before: _Memory, limit: int, now: datetime) -> _Memory:
        has_restarted = (guest.serial_bytes or 0) < (before.serial_bytes or 0)
        on_since = None if guest.power == "off" else before.on_since
        if guest.power == "on" and (on_since is None or has_restarted):
            on_since = now
        if guest.serial_bytes == before.serial_bytes:
            return _Memory(on_since, before.serial_bytes, before.tail)
        if not guest.serial_bytes:
            return _Memory(on_since, guest.serial_bytes, "")
        try:
            self._point("driver.serial_tail.before")
            tail = readable(self._driver.serial_tail(guest.native, limit))
            self._point("driver.serial_tail.after")
        except DriverError:
            # Remembered as unread, so that the next look asks again.
            return _Memory(on_since, before.serial_bytes, before.tail)
        return _Memory(on_since, guest.serial_bytes, tail)


def readable(output: bytes) -> str:
    """A guest's bytes as text that can be shown: nothing in it moves a cursor or rings a bell."""
    return harmless(output.decode("utf-8", "replace"))
