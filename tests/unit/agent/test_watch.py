"""What guests said: read when it changed, shown without harm."""

from datetime import timedelta

import pytest

from hanza.agent.watch import TAILS_BYTES_MAX, Watch, readable
from hanza.drivers.fake import FakeDriver
from hanza.model.errors import Unavailable
from hanza.model.guest import Guest
from hanza.model.ids import NativeId
from hanza.plan.boot import PATIENCE
from kit.agent_worlds import SECOND, START, US, World, a_guest

ONE = NativeId("n-1")


class Port(FakeDriver):
    """A serial port that says what it is told to, and counts who asks."""

    def __init__(self) -> None:
        super().__init__(World().site, US)
        self.says = b"hello"
        self.limits: list[int] = []
        self.is_dead = False

    def serial_tail(self, native: NativeId, limit_bytes: int) -> bytes:  # noqa: ARG002
        self.limits.append(limit_bytes)
        if self.is_dead:
            raise Unavailable("no port")
        return self.says


@pytest.fixture
def port() -> Port:
    return Port()


def tail(watch: Watch, guest: Guest, after: timedelta = timedelta(0)) -> tuple[str, str]:
    heard = watch.listen([guest], (), START + after)[guest.native]
    return heard.boot, heard.serial_tail


def test_the_port_is_read_only_when_the_guest_has_written(port: Port) -> None:
    watch = Watch(port)
    for _ in range(3):
        assert tail(watch, a_guest(serial_bytes=5)) == ("seen", "hello")
    assert len(port.limits) == 1
    port.says = b"hello you"
    assert tail(watch, a_guest(serial_bytes=9)) == ("seen", "hello you")


def test_a_port_that_cannot_be_read_is_asked_again_at_the_next_look(port: Port) -> None:
    watch = Watch(port)
    tail(watch, a_guest(serial_bytes=5))
    port.is_dead = True
    assert tail(watch, a_guest(serial_bytes=9)) == ("seen", "hello")
    port.is_dead = False
    port.says = b"again"
    assert tail(watch, a_guest(serial_bytes=9)) == ("seen", "again")


def test_a_silent_guest_is_not_asked(port: Port) -> None:
    assert tail(Watch(port), a_guest(serial_bytes=0)) == ("pending", "")
    assert tail(Watch(port), a_guest(serial_bytes=None)) == ("unknown", "")
    assert port.limits == []


def test_patience_begins_when_the_power_on_was_first_seen(port: Port) -> None:
    watch = Watch(port)
    assert tail(watch, a_guest()) == ("pending", "")
    assert tail(watch, a_guest(), PATIENCE) == ("silent", "")


def test_power_off_begins_patience_anew(port: Port) -> None:
    watch = Watch(port)
    tail(watch, a_guest())
    assert tail(watch, a_guest(power="off"), PATIENCE) == ("unknown", "")
    assert tail(watch, a_guest(), PATIENCE + SECOND) == ("pending", "")


def test_a_restart_between_two_looks_shows_by_a_shorter_output(port: Port) -> None:
    watch = Watch(port)
    tail(watch, a_guest(serial_bytes=5))
    assert tail(watch, a_guest(serial_bytes=0), PATIENCE) == ("pending", "")


def test_a_guest_that_is_gone_is_forgotten(port: Port) -> None:
    watch = Watch(port)
    tail(watch, a_guest())
    watch.listen([], (), START)
    assert tail(watch, a_guest(), PATIENCE) == ("pending", "")


def test_all_tails_together_fit_into_one_report(port: Port) -> None:
    guests = [a_guest(native=f"n-{n}", serial_bytes=5) for n in range(10_000)]
    Watch(port).listen(guests, (), START)
    assert sum(port.limits) <= TAILS_BYTES_MAX
    port.limits.clear()
    Watch(port).listen(guests[:1], (), START)
    assert port.limits == [4096]


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (b"plain\n\ttext", "plain\n\ttext"),
        (b"\x1b[2Jcleared\x07\r\n", "[2Jcleared\n"),
        ("č".encode()[1:] + b"ut", "\ufffdut"),
        (b"\xc2\x9b31m", "31m"),
        (b"\x00", ""),
    ],
)
def test_output_is_shown_without_harm(output: bytes, shown: str) -> None:
    assert readable(output) == shown
