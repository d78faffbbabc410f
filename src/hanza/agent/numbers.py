"""What the agent counts of itself, and says to a plane that asked: whole once, then what changed.

Promises: nothing is said to a plane that has not asked, nor more often than it asked for and once
in `EVERY_LEAST`; asked again it says all of it at once.  To count a call is two looks at a clock.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from hanza.kit.points import Point
from hanza.model.numbers import Numbers, changed
from hanza.model.report import View
from hanza.wire import agent_v1 as v1

EVERY_LEAST = timedelta(seconds=60)
MIB = 2**20


class Counted:
    """What is counted as it happens; any thread may count."""

    def __init__(self, point: Point, now_s: Callable[[], float] = time.monotonic) -> None:
        """`point` is passed on to: the calls of the engine are known by their points."""
        self._pass_on = point
        self._now_s = now_s
        self._lock = threading.Lock()
        self._began: dict[int, float] = {}
        """When the call that a thread has open began."""
        self._started = now_s()
        self._unsettled: float | None = None
        self.calls, self.failures, self.seconds = 0, 0, 0.0
        self.dials = self.sent = self.received = 0

    def point(self, name: str) -> None:
        """As any point, and the clock of the engine's calls; one without an end has failed."""
        if name.startswith("driver."):
            with self._lock:
                self._time(threading.get_ident(), is_end=name.endswith(".after"))
        self._pass_on(name)

    def _time(self, thread: int, *, is_end: bool) -> None:
        now, began = self._now_s(), self._began.pop(thread, None)
        if is_end and began is not None:
            self.seconds += now - began
            return
        self.failures += began is not None
        self.calls += 1
        self._began[thread] = now

    def settled(self, *, is_settled: bool) -> None:
        """After each pass."""
        if is_settled:
            self._unsettled = None
        elif self._unsettled is None:
            self._unsettled = self._now_s()

    def numbers(self) -> dict[str, float]:
        now = self._now_s()
        unsettled = 0.0 if self._unsettled is None else now - self._unsettled
        with self._lock:
            return {
                "driver_calls": self.calls,
                "driver_failures": self.failures,
                "driver_seconds": round(self.seconds, 3),
                "dials": self.dials,
                "sent_bytes": self.sent,
                "received_bytes": self.received,
                "unsettled_seconds": round(unsettled, 1),
                "uptime_seconds": round(now - self._started),
            }


def of_view(view: View | None) -> dict[str, float]:
    """Guests by their state; nothing before the first pass."""
    if view is None:
        return {}
    wanted = [one for one in view.seen if one.role == "run"]
    present = [one for one in view.seen if one.presence == "present"]
    problems = [one.problem for one in view.seen] + [one.problem for one in view.volumes]
    return {
        "guests_on": sum(one.power == "on" for one in present),
        "guests_off": sum(one.power != "on" for one in present),
        "guests_absent": sum(one.presence == "absent" for one in wanted),
        "guests_unknown": sum(one.presence == "unknown" for one in view.seen),
        "problems": sum(one is not None for one in problems),
    }


def of_machine(folder: Path) -> dict[str, float]:
    """The disk in whole MiB: what is said anew shall be news."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "disk_free_bytes": shutil.disk_usage(folder).free // MIB * MIB,
        "resident_bytes": pages * os.sysconf("SC_PAGE_SIZE") // MIB * MIB,
    }


class NumbersTold:
    """What one connection was told.  Not for two threads: whoever has several holds a lock."""

    def __init__(self, look: Callable[[], Numbers]) -> None:
        self._look = look
        self.open()

    def open(self) -> None:
        """Forget what only the last connection knew."""
        self._every: timedelta | None = None
        self._told: Numbers = {}
        self._told_at: datetime | None = None

    def hear(self, message: v1.NumbersWanted) -> list[v1.Up]:
        self._every = max(timedelta(seconds=message.every_s), EVERY_LEAST)
        self._told, self._told_at = dict(self._look()), None
        return [v1.NumbersUp(dict(self._told))]

    def due(self, now: datetime) -> list[v1.Up]:
        """What has changed, when it is time; called about once a second."""
        if self._every is None:
            return []
        if self._told_at is None:
            self._told_at = now
        if now - self._told_at < self._every:
            return []
        numbers, self._told_at = self._look(), now
        news, self._told = changed(self._told, numbers), dict(numbers)
        return [v1.NumbersUp(news)] if news else []
