"""An address that is far away: what is sent to it comes back to this machine, later.

A TUN device whose other end is this process: each packet has its two addresses exchanged (which
keeps every checksum) and is written back after a delay.  So a connection to the far address
reaches a listener on the near one, and both ways take their time.  Needs root, and no module of
the kernel's traffic control.
"""

import contextlib
import fcntl
import heapq
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DEVICE, NEAR, FAR = "hz-faraway", "10.199.77.1", "10.199.77.2"
PACKET_BYTES_MAX = 65535


class Mirror:
    """Gives every packet back, `delay_s` after it came."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        request = struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI)
        fcntl.ioctl(self._file, TUNSETIFF, request)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faraway")
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._file)

    def _run(self) -> None:
        waiting: list[tuple[float, int, bytes]] = []
        count = 0
        while not self._stop.is_set():
            next_in = max(waiting[0][0] - time.monotonic(), 0.0) if waiting else 0.1
            readable, _, _ = select.select([self._file], [], [], min(next_in, 0.1))
            if readable:
                packet = os.read(self._file, PACKET_BYTES_MAX)
                if packet[0] >> 4 == 4:
                    count += 1
                    due = time.monotonic() + self._delay_s
                    heapq.heappush(waiting, (due, count, _turned(packet)))
            while waiting and waiting[0][0] <= time.monotonic():
                os.write(self._file, heapq.heappop(waiting)[2])


def _turned(packet: bytes) -> bytes:
    return packet[:12] + packet[16:20] + packet[12:16] + packet[20:]


@contextlib.contextmanager
def far_away(round_trip_s: float) -> Iterator[tuple[str, str]]:
    """The address to listen on, and the one by which it is that far away."""
    mirror = Mirror(round_trip_s / 2)
    try:
        for words in (
            ("link", "set", DEVICE, "addrgenmode", "none"),
            ("address", "add", NEAR, "peer", FAR, "dev", DEVICE),
            ("link", "set", DEVICE, "up"),
        ):
            subprocess.run(["ip", *words], check=True, timeout=10)
        yield NEAR, FAR
    finally:
        mirror.close()
