"""Where time comes from.

Promises: every instant handed out is an aware UTC `datetime`, and the manual clock moves
only when told to.  Nothing else in Hanza reads a clock: deciding code gets `now` as an
argument, looping code gets a `Clock`.  It is not a timer: nothing here waits.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 -- this is the door


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
