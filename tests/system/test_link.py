"""The agent's link over a real wire: TLS on loopback against a small real peer."""

import gc
import socket
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from hanza.agent.address import Address
from hanza.agent.link import CEILING, Link, WebSocketDial
from hanza.kit.clock import SystemClock
from hanza.model.report import Seen
from hanza.wire import agent_v1 as v1
from hanza.wire.agent_words import manifest_to_wire
from kit.agent_peer import Authority, Counter, Peer, a_peer, an_authority
from kit.agent_worlds import START, Memory, a_manifest, a_mark, a_session, a_view, an_entry
from kit.waiting import until

pytestmark = pytest.mark.enable_socket
RESETS = 200
"""So many that some come before TLS has begun."""
LINK_HEADERS_BYTES = 40
"""IPv4 and TCP without options, for each packet; timestamps would add 12, IPv6 another 20."""


class SwiftClock:
    """The real clock, twelve times as fast, so that one tick of the link is a beat and more."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._start = self._clock.now()

    def now(self) -> datetime:
        return START + (self._clock.now() - self._start) * 12


@dataclass
class Line:
    """One agent's link, run by hand or for a while."""

    link: Link
    keeper: Memory
    points: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        def run() -> None:
            while not self._stop.is_set():
                self.link.run_once()

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.link.close()
        if self._thread is not None:
            self._thread.join()


Lay = Callable[..., Line]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return an_authority(tmp_path_factory.mktemp("federation"))


@pytest.fixture
def peer(authority: Authority) -> Iterator[Peer]:
    with a_peer(authority) as peer:
        yield peer


@pytest.fixture
def lay(authority: Authority) -> Iterator[Lay]:
    """Makes links to ports on loopback, and ends them all."""
    with ExitStack() as stack:

        def lay(*ports: int, root: Path | None = authority.root, host: str = "127.0.0.1") -> Line:
            keeper, points = Memory(), list[str]()
            addresses = tuple(Address(host, port, "", root is not None) for port in ports)
            session = a_session(keeper)
            link = Link(
                lambda: addresses,
                session,
                SwiftClock(),
                WebSocketDial(root),
                points.append,
                lambda size: b"\xff" * size,
            )
            line = Line(link, keeper, points)
            stack.callback(line.stop)
            return line

        yield lay


def test_a_manifest_comes_down_and_a_report_goes_up(lay: Lay, peer: Peer) -> None:
    line = lay(peer.port)
    hints = []
    line.link.on_message = lambda: hints.append(1)
    line.start()
    until(lambda: peer.hellos == 1, "the agent says hello")
    manifest = a_manifest([an_entry()])
    peer.send(manifest_to_wire(manifest))
    until(lambda: bool(peer.of(v1.Holding)), "the agent holds the manifest")
    assert line.keeper.manifest == manifest
    assert hints
    line.link.offer(a_view([Seen(a_mark(), "run", "present")]))
    until(lambda: peer.reports_taken == 1, "the report arrives")
    words = ("hello", "holding", "report")
    assert [p for p in line.points if "heartbeat" not in p] == [
        f"link.{word}.{when}" for word in words for when in ("before", "after")
    ]


def test_after_a_cut_it_dials_again_and_reports_the_whole(lay: Lay, peer: Peer) -> None:
    line = lay(peer.port)
    line.link.offer(a_view([Seen(a_mark(), "run", "present")]))
    line.start()
    until(lambda: peer.reports_taken == 1, "the first report arrives")
    peer.cut()
    until(lambda: peer.reports_taken == 2, "the next report arrives")
    reports = [report for report in peer.of(v1.ReportUp) if isinstance(report, v1.ReportUp)]
    assert [(r.number, r.is_whole) for r in reports] == [(1, True), (2, True)]


def test_a_plane_that_falls_silent_is_left_and_dialled_anew(lay: Lay, peer: Peer) -> None:
    line = lay(peer.port)
    line.start()
    until(lambda: peer.hellos == 1, "the agent says hello")
    peer.is_mute = True
    until(lambda: peer.hellos == 2, "the agent comes again")


def test_a_live_plane_is_kept(lay: Lay, peer: Peer) -> None:
    lay(peer.port).start()
    until(lambda: len(peer.of(v1.Heartbeat)) >= 4, "four heartbeats")
    assert peer.hellos == 1


def test_a_plane_of_another_federation_hears_nothing(lay: Lay, peer: Peer, tmp_path: Path) -> None:
    other = an_authority(tmp_path / "other")
    line = lay(peer.port, root=other.root)
    assert line.link.run_once() == timedelta(seconds=1)
    assert peer.heard == []


def test_a_certificate_for_another_address_is_not_enough(lay: Lay, tmp_path: Path) -> None:
    other = an_authority(tmp_path / "other", name="192.0.2.1")
    with a_peer(other) as peer:
        lay(peer.port, root=other.root).link.run_once()
        assert peer.heard == []


def test_without_tls_it_speaks_on_loopback_where_that_was_allowed(lay: Lay) -> None:
    with a_peer(None) as peer:
        lay(peer.port, root=None).start()
        until(lambda: peer.hellos == 1, "the agent says hello")


def test_every_plane_is_tried_before_the_pause_grows(lay: Lay, peer: Peer) -> None:
    peer.refusal = v1.Refused("unauthenticated", "who are you?")
    line = lay(peer.port, peer.port)
    pauses = [line.link.run_once().total_seconds() for _ in range(6)]
    assert pauses == [0, 1, 1, 2, 2, 4]
    assert peer.hellos == 6


def test_the_pause_has_a_ceiling(lay: Lay) -> None:
    line = lay(1)
    for _ in range(10):
        pause = line.link.run_once()
    assert pause == CEILING


@pytest.mark.parametrize("greeting", ["hello", ""])
def test_a_text_frame_ends_the_connection(lay: Lay, peer: Peer, greeting: str) -> None:
    peer.greeting = greeting
    lay(peer.port).link.run_once()
    assert peer.hellos == 0


def test_a_frame_that_does_not_decode_ends_the_connection(lay: Lay, peer: Peer) -> None:
    line = lay(peer.port)
    line.start()
    until(lambda: peer.hellos == 1, "the agent says hello")
    peer.connections[-1].send(b"\xc1")
    until(lambda: peer.hellos == 2, "the agent comes again")


def test_a_closed_link_stays_closed(lay: Lay, peer: Peer) -> None:
    line = lay(peer.port)
    line.link.close()
    line.link.run_once()
    assert peer.hellos == 0


def test_a_heartbeat_and_its_answer_are_small_on_the_wire(lay: Lay, peer: Peer) -> None:
    """One packet up, one down, one to acknowledge it: at most 200 bytes for all three."""
    counter = Counter(peer.port)
    try:
        lay(counter.port).start()
        until(lambda: len(peer.of(v1.Heartbeat)) == 1, "the first heartbeat")
        samples: list[int] = []

        def is_quiet() -> bool:
            samples.append(counter.down)
            return len(samples) > 6 and len(set(samples[-6:])) == 1

        until(is_quiet, "the first answer has passed")
        before = counter.up, counter.down
        until(lambda: len(peer.of(v1.Heartbeat)) == 2, "the second heartbeat")
        until(lambda: counter.down > before[1], "its answer")
        up, down = counter.up - before[0], counter.down - before[1]
    finally:
        counter.close()
    total = up + down + 3 * LINK_HEADERS_BYTES
    print(f"heartbeat: {up} bytes up, {down} down with TLS records, {total} with TCP/IP headers")
    assert up + LINK_HEADERS_BYTES <= 200
    assert total <= 200


def test_a_plane_that_takes_the_call_and_says_nothing_does_not_hold_the_agent(
    authority: Authority,
) -> None:
    """Also within TLS, where the library's own timeout does not reach."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = Address("127.0.0.1", mute.getsockname()[1], "", True)
        dial = WebSocketDial(authority.root, deadline_s=0.5)
        began = time.monotonic()
        with pytest.raises((OSError, WebSocketException)):
            dial(address)
    assert time.monotonic() - began < 5


def test_a_plane_that_resets_the_call_leaves_no_wire_open(authority: Authority) -> None:
    """Between connecting and TLS, as one does that has just stopped to listen."""
    with socket.create_server(("127.0.0.1", 0)) as rude:
        address = Address("127.0.0.1", rude.getsockname()[1], "", True)

        def reset() -> None:
            for _ in range(RESETS):
                wire, _ = rude.accept()
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                wire.close()

        resetting = threading.Thread(target=reset)
        resetting.start()
        dial = WebSocketDial(authority.root)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            for _ in range(RESETS):
                with pytest.raises((OSError, WebSocketException)):
                    dial(address)
            gc.collect()
        resetting.join()
    assert [str(one.message) for one in caught] == []
