"""What happened at the site while no plane was there, kept until one has taken it.

Promises: lines are told in order, each once to each plane's store (its number says so); a start
of the agent tells the time before it as unknown; at most `LINES_KEPT` lines are kept, and what had
to go for it is told as a gap.  A disk that takes nothing keeps no guest waiting: lines are then
held in memory.  Any number of threads may use it.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from hanza.kit.log import Log
from hanza.model.local import DiaryLine, Happening
from hanza.plan.diary import began

DIARY, ALIVE = "diary", "alive"
LINES_KEPT = 1000
ALIVE_EVERY = timedelta(minutes=1)
_log = Log("hanza.agent.diary")


class Shelf(Protocol):
    """Where it is kept; `journal.Journal` on a real disk."""

    def save(self, name: str, content: bytes) -> None:
        """Raises `OSError` where it cannot be kept."""

    def load(self, name: str) -> bytes | None:
        """None when nothing is there, or nothing that can be trusted."""


class _Alive(msgspec.Struct):
    """The last sign of life, and of which boot of the machine it is."""

    at: datetime
    boot: str


class _Kept(msgspec.Struct):
    next: int
    lines: list[DiaryLine]


class Diary:
    def __init__(self, shelf: Shelf, now: datetime) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        content = shelf.load(DIARY)
        # A diary that was lost goes on above any number that it can have had.
        first = int(now.timestamp())
        kept = _Kept(first, []) if content is None else msgspec.msgpack.decode(content, type=_Kept)
        self._next, self._lines = kept.next, kept.lines
        self._alive_at: datetime | None = None
        self._boot = ""

    def begin(self, now: datetime, boot: str) -> None:
        """The agent starts, in this boot of its machine: what was before is told as unknown."""
        content = self._shelf.load(ALIVE)
        last = None if content is None else msgspec.msgpack.decode(content, type=_Alive)
        self._boot = boot
        is_new_boot = last is not None and last.boot != boot
        line = began(
            None if last is None else self._looked_until(last.at), now, is_new_boot=is_new_boot
        )
        if line is not None:
            self.note((line,))
        self.live(now)

    def _looked_until(self, sign: datetime) -> datetime:
        """Whoever wrote a line was alive; signs of life are written once a minute only."""
        return max([sign, *(one.happening.at for one in self._lines[-1:])])

    def live(self, now: datetime, *, is_last: bool = False) -> None:
        """A sign of life, written about once a minute, and when the agent ends."""
        before = self._alive_at
        if before is not None and not is_last and timedelta(0) <= now - before < ALIVE_EVERY:
            return
        self._alive_at = now
        with suppress(OSError):  # the gap is told as longer than it was, which is true as well
            self._shelf.save(ALIVE, msgspec.msgpack.encode(_Alive(now, self._boot)))

    def note(self, happenings: Sequence[Happening]) -> None:
        if not happenings:
            return
        with self._lock:
            for one in happenings:
                self._lines.append(DiaryLine(self._next, one))
                self._next += 1
            self._forget_the_oldest()
            self._keep()

    def waiting(self, limit: int) -> tuple[DiaryLine, ...]:
        """The oldest lines that no plane has taken."""
        with self._lock:
            return tuple(self._lines[:limit])

    def taken(self, number: int) -> None:
        """A plane has all up to this one.  One ahead of us knows of lines that we have lost."""
        with self._lock:
            if number >= self._next:
                ahead = number + 1 - (self._lines[0].number if self._lines else self._next)
                self._lines = [DiaryLine(one.number + ahead, one.happening) for one in self._lines]
                self._next += ahead
            left = [one for one in self._lines if one.number > number]
            if len(left) != len(self._lines):
                self._lines = left
                self._keep()

    def _forget_the_oldest(self) -> None:
        over = len(self._lines) - LINES_KEPT
        if over > 0:
            last = self._lines[over]
            text = "the diary was full: what happened before this is unknown"
            gap = Happening(last.happening.at, "diary.gap", "", text)
            self._lines[: over + 1] = [DiaryLine(last.number, gap)]

    def _keep(self) -> None:
        try:
            self._shelf.save(DIARY, msgspec.msgpack.encode(_Kept(self._next, self._lines)))
        except OSError as error:
            _log.warning("diary.unwritten", reason=str(error))
