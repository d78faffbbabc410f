"""Which entries of a numbered table may be passed on: none is told while an older one may come.

Numbers are taken before transactions commit, so with several writers a lower one may appear after
a higher one.  A gap is waited for as long as a transaction may live, and then it was none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

GAP_FOR = timedelta(seconds=10)


class Numbered(Protocol):
    @property
    def serial(self) -> int: ...

    @property
    def at(self) -> datetime: ...


T = TypeVar("T", bound=Numbered)


def settled(entries: Sequence[T], after: int, now: datetime) -> list[T]:
    """The entries up to the first gap that may still be filled.  `entries` are by serial."""
    last, taken = after, []
    for entry in entries:
        if entry.serial > last + 1 and now - entry.at < GAP_FOR:
            break
        taken.append(entry)
        last = entry.serial
    return taken
