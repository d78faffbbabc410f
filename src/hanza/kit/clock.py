"""Where time comes from.

Promises: every instant handed out is an aware UTC `datetime`, and the manual clock moves
only when told to.  Nothing else in Hanza reads a clock: deciding code gets `now` as an
argument, looping code gets a `Clock`.  It is not a timer: nothing here waits.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 -- this is the door


class SteadyClock:
    """Another clock, but that it never goes back: for whoever waits until an instant.

    A machine without a battery begins in another year, and is set right later.  A clock that is
    set forward is followed; one that is set back is not, and time goes on as it really passes, by
    a clock that runs through a suspend as well.
    """

    def __init__(
        self, clock: Clock, passed_s: Callable[[], float] = lambda: clock_gettime(CLOCK_BOOTTIME)
    ) -> None:
        self._clock = clock
        self._passed_s = passed_s
        self._anchor = clock.now() - timedelta(seconds=passed_s())
        self._turn = Lock()

    def now(self) -> datetime:
        with self._turn:
            passed = timedelta(seconds=self._passed_s())
            self._anchor = max(self._anchor, self._clock.now() - passed)
            return self._anchor + passed


class ManualClock:
    """A clock for tests and whole simulated worlds: it stands still until moved."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        if by < timedelta(0):
            raise ValueError("a clock is never moved back by advance(); use set()")
        self._now += by
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now
