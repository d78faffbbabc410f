"""What waits for a slow line: bounded, in order, and honest about what it lost."""

import threading

from hanza.agent.backlog import Backlog


def test_what_is_put_is_taken_in_order_and_then_it_ends() -> None:
    backlog = Backlog(100)
    backlog.put(b"abc")
    backlog.put(b"def")
    backlog.end()
    assert backlog.take(4) == b"abcd"
    assert backlog.take(4) == b"ef"
    assert backlog.take(4) is None
    assert backlog.take(4) is None


def test_of_too_much_the_oldest_goes_and_it_is_said_how_much() -> None:
    backlog = Backlog(10)
    for _ in range(1000):
        backlog.put(b"0123456789")
    backlog.put(b"abc")
    taken = backlog.take(1000)
    assert taken is not None
    assert taken.startswith(b"\r\n[hanza: the line is slow; 9993 bytes are left out]\r\n")
    assert taken.endswith(b"3456789abc")
    backlog.put(b"x")
    assert backlog.take(10) == b"x"


def test_no_frame_is_longer_than_asked_with_the_notice_neither() -> None:
    backlog = Backlog(1000)
    backlog.put(b"x" * 3000)
    assert len(backlog.take(100) or b"") == 100
    assert len(backlog.take(100) or b"") == 100


def test_who_takes_waits_and_who_puts_does_not() -> None:
    backlog, taken = Backlog(10), []
    thread = threading.Thread(target=lambda: taken.append(backlog.take(10)))
    thread.start()
    backlog.put(b"x" * 1_000_000)
    thread.join(10)
    assert taken[0] is not None
