"""What a fake site was ordered, and when: one JSON line for each order, for whoever measures.

Promises: the instant is the one at which the order arrived, before anything was done about it,
and a line is whole once it can be read.  It is no journal: nothing is ever read back from it.
"""

import threading
from datetime import datetime
from pathlib import Path

import msgspec

from hanza.model.ids import InstanceId


class Order(msgspec.Struct, frozen=True):
    """One line of the book."""

    at: datetime
    call: str
    """The name of the driver's method; of `set_power` with the power after a dot."""
    owner: InstanceId | None
    """None when the order names a guest that is not there."""


class OrderBook:
    """Any number of threads may note; one line is one write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def note(self, order: Order) -> None:
        with self._lock, self._path.open("ab") as book:
            book.write(msgspec.json.encode(order) + b"\n")


def orders_in(path: Path) -> list[Order]:
    """Every order noted so far; none when nothing was ordered yet."""
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")[0]
    return [msgspec.json.decode(line, type=Order) for line in whole.splitlines()]
