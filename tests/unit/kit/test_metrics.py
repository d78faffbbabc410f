"""Numbers: counted as they happen or looked up when asked, under names that are made once."""

import socket
import urllib.request

import pytest

from hanza.kit.metrics import Metrics, Reading, one, total
from hanza.kit.pulse import Pulse


def test_what_is_counted_is_on_the_page() -> None:
    metrics = Metrics()
    metrics.counter("doors_opened", "Doors.", "side").labels("left").inc(2)
    metrics.histogram("walk_seconds", "Walks.", buckets=(1.0,)).observe(0.5)
    page = metrics.page().decode()
    assert 'doors_opened_total{side="left"} 2.0' in page
    assert 'walk_seconds_bucket{le="1.0"} 1.0' in page
    assert "process_resident_memory_bytes" in page
    assert "_created" not in page


def test_asking_twice_for_a_metric_gives_the_same_one() -> None:
    metrics = Metrics()
    assert metrics.counter("a", "A.") is metrics.counter("a", "A.")
    assert metrics.histogram("b", "B.") is metrics.histogram("b", "B.")


def test_what_is_looked_up_is_looked_up_when_asked() -> None:
    metrics, looks = Metrics(), []

    def look() -> list[Reading]:
        looks.append(1)
        many = Reading("rooms", "Rooms.", ("floor",), {("1",): 3, ("2",): 4})
        return [one("looks", "Looks.", len(looks)), total("steps", "Steps.", 7), many]

    metrics.look(look)
    assert not looks
    metrics.page()
    page = metrics.page().decode()
    assert "looks 2.0" in page
    assert "steps_total 7.0" in page
    assert 'rooms{floor="2"} 4.0' in page


def test_the_page_is_served_as_long_as_the_block_runs() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(OSError, match="in use"), Metrics().served("127.0.0.1", port):
            pass
    with (
        Metrics().served("127.0.0.1", port),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer,
    ):
        assert b"process_cpu_seconds_total" in answer.read()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_pulse_says_since_when_nothing_was_felt() -> None:
    pulse = Pulse()
    first = pulse.silent_for_s()
    assert pulse.silent_for_s() >= first >= 0
    pulse.beat()
    assert pulse.silent_for_s() < 60
