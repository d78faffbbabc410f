"""What one idle site puts on its wire: a real agent in a network namespace, counted by the kernel.

The counters are those of the wire's end at the plane, so Ethernet, IP, TCP and TLS are all in;
what was there before the agent had settled is not.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hanza.boot.lab.process import run
from hanza.drivers.contract.patience import until
from kit.processes import LocalLeague, Process, hanza

SETTLE_S = 20.0
PATIENCE_S = 60


@contextmanager
def _a_wire() -> Iterator[tuple[str, str, str]]:
    """A namespace, the wire's end at the plane, and the plane's address."""
    number = os.getpid() % 250
    space, wire, plane, own = (
        f"hzb-{number}",
        f"hzb{number}p",
        f"198.18.{number}.1",
        f"198.18.{number}.2",
    )
    run(["ip", "netns", "add", space])
    try:
        run(["ip", "link", "add", wire, "type", "veth", "peer", "inside", "netns", space])
        for where, name, address in ((["ip"], wire, plane), (["ip", "-n", space], "inside", own)):
            run([*where, "link", "set", name, "addrgenmode", "none"])
            run([*where, "address", "add", f"{address}/24", "dev", name])
            run([*where, "link", "set", name, "up"])
        yield space, wire, plane
    finally:
        run(["ip", "netns", "delete", space])


def bytes_of_an_idle_site(seconds: float) -> tuple[float, int, int]:
    """Seconds measured, and the frames and bytes in them, both ways."""
    with tempfile.TemporaryDirectory(prefix="hanza-bench-") as name, _a_wire() as found:
        space, wire, plane = found
        folder = Path(name)
        league = _OnTheWire(folder, plane)
        try:
            league.wait_for_plane()
            agent = _joined(league, space)
            try:
                until(lambda: _is_offered(league), "the site is offered", PATIENCE_S)
                time.sleep(SETTLE_S)
                frames, carried, began = *_counted(wire), time.monotonic()
                time.sleep(seconds)
                after, total = _counted(wire)
                assert agent.is_alive, agent.log.read_text()
                assert _is_offered(league), "the site was there to the end"
                return time.monotonic() - began, after - frames, total - carried
            finally:
                agent.kill()
        finally:
            league.close()


class _OnTheWire(LocalLeague):
    def __init__(self, folder: Path, address: str) -> None:
        self._address = address
        super().__init__(folder)
        self.flags = ()

    def _start_plane(self) -> Process:
        listen = [f"127.0.0.1:{self.port}", f"{self._address}:{self.port}"]
        words = [word for one in listen for word in ("--listen", one)]
        return Process(hanza("up", "--state", str(self.state), *words), self.folder / "plane.log")


def _joined(league: LocalLeague, space: str) -> Process:
    league.ask("provider", "add", "shop", "--title", "Shop")
    place = ("--city", "Zagreb", "--latitude", "45.8", "--longitude", "15.9")
    league.ask("site", "add", "shop", "--provider", "shop", "--country", "HR", *place)
    token = league.ask("site", "invite", "shop")["token"]
    folder, inside = str(league.folder / "shop"), ["ip", "netns", "exec", space]
    words = ("--driver", "fake", "--option", f"state={league.folder / 'shop.engine'}")
    joining = [*inside, *hanza("agent", "join", token, "--state", folder, *words)]
    subprocess.run(joining, check=True, capture_output=True, timeout=PATIENCE_S)
    running = [*inside, *hanza("agent", "run", "--state", folder)]
    return Process(running, league.folder / "shop.log")


def _is_offered(league: LocalLeague) -> bool:
    return all(one["offered"] for one in league.ask("host", "list") or [{"offered": False}])


def _counted(wire: str) -> tuple[int, int]:
    folder = Path(f"/sys/class/net/{wire}/statistics")
    counts = {name: int((folder / name).read_text()) for name in _NAMES}
    frames = counts["rx_packets"] + counts["tx_packets"]
    return frames, counts["rx_bytes"] + counts["tx_bytes"]


_NAMES = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes")
