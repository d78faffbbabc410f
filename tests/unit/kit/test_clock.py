"""A clock for waiting: it follows what is set forward, and never goes back."""

from datetime import UTC, datetime, timedelta

from hanza.kit.clock import ManualClock, SteadyClock, SystemClock

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_it_goes_on_as_time_really_passes_whatever_is_done_to_the_wall_clock() -> None:
    wall, passed = ManualClock(START), [100.0]
    steady = SteadyClock(wall, lambda: passed[0])
    assert steady.now() == START
    wall.set(START - 1000 * HOUR)
    passed[0] += 5
    assert steady.now() == START + timedelta(seconds=5), "set back, it is not followed"
    wall.set(START + HOUR)
    assert steady.now() == START + HOUR, "set forward, it is"
    wall.set(START)
    passed[0] += 1
    assert steady.now() == START + HOUR + timedelta(seconds=1)


def test_it_says_what_the_machine_says_where_nothing_is_wrong() -> None:
    system = SystemClock()
    before = system.now()
    assert before <= SteadyClock(system).now() <= system.now() + timedelta(seconds=1)
