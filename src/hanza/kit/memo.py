"""Remembering what was made of objects that never change, by which object it is.

To look a nested value up by what is in it costs a good part of what making it anew would; to ask
whether it is the very object of last time costs nothing.  What is remembered keeps its object
alive, so another one is never taken for it.  Not for what may change.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """What `make` makes of an object.  When `kept` are remembered, all are forgotten."""

    def __init__(
        self, make: Callable[[K], V], kept: int, is_kept: Callable[[V], bool] = lambda _: True
    ) -> None:
        """`is_kept` tells which results are worth it: what others may make large is not."""
        self._make = make
        self._kept = kept
        self._is_kept = is_kept
        self._known: dict[int, tuple[K, V]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, item: K) -> V:
        known = self._known.get(id(item))
        if known is not None and known[0] is item:
            return known[1]
        made = self._make(item)
        if self._is_kept(made):
            if len(self._known) >= self._kept:
                self._known.clear()
            self._known[id(item)] = (item, made)
        return made
