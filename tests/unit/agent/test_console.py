"""The agent's consoles against planes and guests of every kind, without a network."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedOK

from hanza.agent.address import Address, address_of
from hanza.agent.console import CONSOLES_MAX, LIMITS, Consoles, Limits
from hanza.agent.link import Errand
from hanza.drivers.fake import FakeDriver, Fault
from hanza.drivers.fake.console import ECHO_BYTES_MAX
from hanza.model.ids import NativeId
from hanza.wire import agent_v1 as v1
from hanza.wire.console_v1 import AGENT_PATH, FRAME_BYTES_MAX, End, ticket_to_header
from kit.agent_worlds import World, a_mark
from kit.waiting import until

PLANE = address_of("http://localhost:1", may_be_plain=True)


class Wire:
    """The plane's end of one console, in the place of a WebSocket."""

    def __init__(self) -> None:
        self.heard = b""
        self.largest = 0
        self.how: int | None = None
        self.typed: queue.SimpleQueue[bytes | str | None] = queue.SimpleQueue()
        self.may_send = threading.Event()
        self.may_send.set()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close(End.lost)

    def __iter__(self) -> Iterator[bytes | str]:
        while (frame := self.typed.get()) is not None:
            yield frame

    def send(self, frame: bytes) -> None:
        self.may_send.wait()
        if self.how is not None:
            raise ConnectionClosedOK(None, None)
        self.heard += frame
        self.largest = max(self.largest, len(frame))

    def close(self, code: int = 1000) -> None:
        if self.how is None:
            self.how = code
        self.may_send.set()
        self.typed.put(None)


class Scene:
    """A site with guests that run, and whoever dials from it."""

    def __init__(self, guests: int = 1, limits: Limits = LIMITS) -> None:
        self.world = World(cpus=64)
        self.driver = self.world.driver
        self.natives = [self.world.add(a_mark(f"in_{n}")) for n in range(guests)]
        for native in self.natives:
            self.world.touch(native, "on")
        self.wires: list[Wire] = []
        self.errands: list[Errand] = []
        self.refusals: list[v1.ConsoleRefused] = []
        self.may_dial = threading.Event()
        self.may_dial.set()
        self.consoles = Consoles(self.driver, self._dial, self.refusals.append, limits=limits)

    def _dial(self, address: Address, errand: Errand) -> Any:
        assert address == PLANE
        self.may_dial.wait()
        self.errands.append(errand)
        self.wires.append(Wire())
        return self.wires[-1]

    def want(self, owner: str = "in_0", *, run: int = 1, takes_over: bool = False) -> None:
        ticket = bytes([len(self.refusals)]) * 32
        self.consoles.open(PLANE, v1.ConsoleWanted(ticket, v1.MarkW(owner, run), takes_over))

    def open(self, owner: str = "in_0", *, takes_over: bool = False) -> Wire:
        before = len(self.wires)
        self.want(owner, takes_over=takes_over)
        until(lambda: len(self.wires) > before, f"the agent comes; {self.refusals}")
        return self.wires[-1]

    def codes(self) -> list[str]:
        return [one.code for one in list(self.refusals)]

    def close(self) -> None:
        self.may_dial.set()
        for wire in self.wires:
            wire.close()
        self.consoles.close()
        until(lambda: self.consoles._running == 0, "every console is gone")


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene(guests=CONSOLES_MAX + 2)
    yield scene
    scene.close()


def test_it_comes_with_the_ticket_and_bytes_go_both_ways(scene: Scene) -> None:
    wire = scene.open()
    (errand,) = scene.errands
    assert (errand.path, errand.frame_bytes_max) == (AGENT_PATH, FRAME_BYTES_MAX)
    assert errand.headers == {"authorization": ticket_to_header(bytes(32))}
    assert bytes(32).hex() not in repr(errand)
    wire.typed.put(b"hello\r")
    until(lambda: wire.heard == b"hello\r\n", "it is echoed")
    wire.close()
    until(lambda: scene.consoles._running == 0, "the console is gone")
    assert scene.codes() == []


@pytest.mark.parametrize(
    ("owner", "run"), [("in_nobody", 1), ("in_0", 2), ("in_\x1b[0m", 1)], ids=repr
)
def test_a_run_that_is_not_there_has_no_console(scene: Scene, owner: str, run: int) -> None:
    scene.want(owner, run=run)
    until(lambda: len(scene.codes()) == 1, "it is refused")
    assert scene.codes()[0] == ("invalid" if "\x1b" in owner else "not_running")


def test_a_guest_that_is_off_has_no_console(scene: Scene) -> None:
    scene.world.touch(scene.natives[0], "off")
    scene.want()
    until(lambda: scene.codes() == ["not_running"], "it is refused")


@pytest.mark.parametrize("call", ["survey", "open_console"])
def test_an_engine_that_fails_is_told_of_and_nothing_is_left_open(scene: Scene, call: str) -> None:
    scene.world.site.order(Fault(call, kind="lost"))
    scene.want()
    until(lambda: scene.codes() == ["driver.unavailable"], "it is refused")
    scene.open()


def test_a_plane_that_cannot_be_reached_once_more_is_told_so_on_the_link() -> None:
    scene = Scene()

    def nobody_there(address: Address, errand: Errand) -> Any:
        raise ConnectionRefusedError(address.host, errand.path)

    scene.consoles._dial = nobody_there
    scene.want()
    until(lambda: scene.codes() == ["not_here"], "it is refused")
    scene.close()


def test_one_line_per_guest_and_whoever_takes_over_gets_it(scene: Scene) -> None:
    first = scene.open()
    scene.want()
    until(lambda: scene.codes() == ["in_use"], "the second is refused")
    second = scene.open(takes_over=True)
    until(lambda: first.how == End.taken, "the first is told why it ends")
    first.close()
    second.typed.put(b"mine\r")
    until(lambda: second.heard == b"mine\r\n", "the second has the line")
    assert first.heard == b""


def test_a_plane_that_wants_more_than_there_may_be_is_refused_at_once(scene: Scene) -> None:
    scene.may_dial.clear()
    threads = threading.active_count()
    for n in range(CONSOLES_MAX):
        scene.want(f"in_{n}")
    for _ in range(100):
        scene.want(f"in_{CONSOLES_MAX}")
        scene.want("in_0", takes_over=True)
    assert scene.codes().count("busy") == 199
    assert threading.active_count() <= threads + CONSOLES_MAX + 1


def test_it_ends_with_the_guest_after_its_last_words(scene: Scene) -> None:
    wire = scene.open()
    wire.typed.put(b"last words")
    until(lambda: wire.heard == b"last words", "it is echoed")
    scene.world.touch(scene.natives[0], "off")
    until(lambda: wire.how == End.ended, "the plane is told")


def test_a_slow_plane_holds_up_no_guest_and_fills_no_memory() -> None:
    scene = Scene(limits=Limits(keep_bytes=1024))
    wire = scene.open()
    wire.may_send.clear()
    typed = b"x" * FRAME_BYTES_MAX
    for _ in range(4):
        wire.typed.put(typed)

    def echoed() -> int:
        with scene.world.site.look() as site:
            return len(site.state.guests[scene.natives[0]].echoed)

    until(lambda: echoed() == 4 * FRAME_BYTES_MAX, "the guest goes on")
    until(lambda: wire.typed.empty(), "and takes what is typed")
    wire.typed.put(b"the end")
    until(lambda: echoed() == 4 * FRAME_BYTES_MAX + 7, "the guest goes on")
    threading.Event().wait(0.2)
    wire.may_send.set()
    until(lambda: wire.heard.endswith(b"the end"), "the newest is told")
    assert b"bytes are left out" in wire.heard
    assert wire.largest <= FRAME_BYTES_MAX
    assert len(wire.heard) < 3 * FRAME_BYTES_MAX
    scene.close()


def test_a_guest_that_does_not_read_is_given_up() -> None:
    scene = Scene(limits=Limits(deaf_after_s=0.2))
    wire = scene.open()
    for _ in range(ECHO_BYTES_MAX // FRAME_BYTES_MAX + 1):
        wire.typed.put(b"x" * FRAME_BYTES_MAX)
    until(lambda: wire.how == End.deaf, "the plane is told")
    scene.close()


def test_a_frame_of_text_ends_it(scene: Scene) -> None:
    wire = scene.open()
    wire.typed.put("hello")
    until(lambda: wire.how == End.unruly, "the plane is told")


def test_told_to_stop_it_ends_them_all_and_opens_no_more(scene: Scene) -> None:
    wire = scene.open()
    scene.consoles.close()
    until(lambda: wire.how == End.lost, "the plane is told")
    scene.want("in_1")
    assert scene.codes() == ["busy"]


class Mad(FakeDriver):
    """Breaks the contract."""

    def open_console(self, native: NativeId) -> Any:
        raise ZeroDivisionError(native)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_driver_that_breaks_its_contract_leaves_no_place_taken() -> None:
    scene = Scene()
    scene.consoles._driver = Mad(scene.world.site, scene.driver._federation)
    scene.want()
    until(lambda: "console" not in {one.name for one in threading.enumerate()}, "it is over")
    assert scene.consoles._running == 0
