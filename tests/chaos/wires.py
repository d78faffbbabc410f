"""The wires between the plane and its sites, with weather on them.

Each wire is two TUN devices, one here and one in the site's namespace, and this process carries
every packet from one to the other: late, seldom, one way only, or not at all.  So it needs no
traffic control of the kernel's.  A site reaches the plane's address and nothing else.
"""

import contextlib
import fcntl
import heapq
import itertools
import os
import select
import struct
import threading
import time
from dataclasses import dataclass
from random import Random  # noqa: TID251 -- seeded: the weather can be had again

from hanza.boot.lab.names import Site
from hanza.boot.lab.process import run

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PACKET_BYTES_MAX = 65535
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Weather:
    """What becomes of a packet on its way in one direction."""

    loss: float = 0.0
    """The part that is lost; 1 is a cut wire."""
    delay_s: float = 0.0
    jitter_s: float = 0.0
    """Up to so much more: packets may overtake each other."""


FAIR = Weather()
CUT = Weather(loss=1.0)


def open_tun(name: str) -> int:
    """A TUN device of this name, for as long as the descriptor is open."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI)
    fcntl.ioctl(device, TUNSETIFF, request)
    return device


class Wires:
    """All wires of a lab; a thread of its own carries what is on them."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._other: dict[int, int] = {}
        self._weather: dict[int, Weather] = {}
        self._ends: dict[str, tuple[int, int]] = {}
        self._count = itertools.count()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="wires", daemon=True)
        self.carried = 0

    def make(self, site: Site) -> None:
        """The site's namespace with its wire in it.  Before `start`."""
        inside = f"{site.place.prefix}i{site.number}"
        run(["ip", "netns", "add", site.namespace])
        near, far = open_tun(site.wire), open_tun(inside)
        self._ends[site.name] = (near, far)
        self._other |= {near: far, far: near}
        self._weather |= {near: FAIR, far: FAIR}
        plane, own = f"{site.place.plane}/32", f"{site.address}/32"
        run(["ip", "link", "set", inside, "netns", site.namespace])
        for words, device, pair in (
            (["ip"], site.wire, (plane, own)),
            (["ip", "-n", site.namespace], inside, (own, plane)),
        ):
            run([*words, "link", "set", device, "addrgenmode", "none"])
            run([*words, "address", "add", pair[0], "peer", pair[1], "dev", device])
            run([*words, "link", "set", device, "up"])
        run(["ip", "-n", site.namespace, "link", "set", "lo", "up"])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Carry nothing any more, before the namespaces go."""
        self._stop.set()
        self._thread.join()

    def set(self, site: str, to_site: Weather, to_plane: Weather) -> None:
        near, far = self._ends[site]
        self._weather[near], self._weather[far] = to_site, to_plane

    def close(self) -> None:
        for end in self._other:
            os.close(end)

    def _carry(self) -> None:
        late: list[tuple[float, int, int, bytes]] = []
        while not self._stop.is_set():
            pause = max(late[0][0] - time.monotonic(), 0.0) if late else LOOK_S
            ready, _, _ = select.select(list(self._other), [], [], min(pause, LOOK_S))
            for end in ready:
                self._take(end, late)
            while late and late[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(late)
                with contextlib.suppress(OSError):  # its reader is not up yet, or has gone
                    os.write(end, packet)

    def _take(self, end: int, late: list[tuple[float, int, int, bytes]]) -> None:
        with contextlib.suppress(BlockingIOError):
            packet = os.read(end, PACKET_BYTES_MAX)
            weather = self._weather[end]
            if weather.loss and self._chance.random() < weather.loss:
                return
            self.carried += 1
            due = time.monotonic() + weather.delay_s + weather.jitter_s * self._chance.random()
            heapq.heappush(late, (due, next(self._count), self._other[end], packet))
